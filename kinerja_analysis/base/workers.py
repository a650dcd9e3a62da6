"""Worker processes of our own: they share nothing with the user's session and end with the work."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from numbers import Integral
from typing import Any

from kinerja_analysis.base.errors import UsageError


def check_jobs(jobs: Any) -> None:
    """Raise ``UsageError`` for a number of processes that is none.

    >>> check_jobs(0)
    Traceback (most recent call last):
    kinerja_analysis.base.errors.UsageError: ...
    """
    if jobs is not None and (not isinstance(jobs, Integral) or isinstance(jobs, bool) or jobs < 1):
        raise UsageError("errors.jobs_wrong", value=str(jobs)[:20])


def _follow(parent: int, shielded: bool) -> None:
    """Let this process end when its parent does, whatever ended that and whatever this one waits for."""
    if shielded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        import psutil

        while (os.getppid() == parent) if os.name == "posix" else psutil.pid_exists(parent):
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def workers(jobs: int | None, tasks: int, *, shielded: bool = False) -> Any:
    """Return an executor with ``jobs`` processes (one per core by default, never more than there are tasks).

    Its processes end when this one does, also when it is killed while they wait for work or are half told of it.
    ``shielded``: an interrupt from the keyboard is this process's affair, not theirs.

    Use it as a context manager. It is not joblib's shared executor: taking that one over would break
    ``joblib.Parallel`` in the user's session.

    >>> with workers(2, 2) as executor:
    ...     sorted(executor.map(abs, [-2, -1]))
    [1, 2]
    """
    from joblib.externals.loky import ProcessPoolExecutor

    # a worker that has grown large is replaced and its tasks are done: nothing a user could do about it
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    width = max(1, min(jobs or os.cpu_count() or 1, tasks))
    return ProcessPoolExecutor(max_workers=width, initializer=_follow, initargs=(os.getpid(), shielded))
