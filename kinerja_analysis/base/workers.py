"""Worker processes of our own: they share nothing with the user's session and end with the work."""

from __future__ import annotations

import os
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


def workers(jobs: int | None, tasks: int) -> Any:
    """Return an executor with ``jobs`` processes (one per core by default, never more than there are tasks).

    Use it as a context manager. It is not joblib's shared executor: taking that one over would break
    ``joblib.Parallel`` in the user's session.

    >>> with workers(2, 2) as executor:
    ...     sorted(executor.map(abs, [-2, -1]))
    [1, 2]
    """
    from joblib.externals.loky import ProcessPoolExecutor

    # a worker that has grown large is replaced and its tasks are done: nothing a user could do about it
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    return ProcessPoolExecutor(max_workers=max(1, min(jobs or os.cpu_count() or 1, tasks)))
