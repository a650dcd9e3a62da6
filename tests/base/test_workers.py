"""Our worker processes leave joblib's shared executor to the user's session."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import psutil
import pytest

from kinerja_analysis.base.workers import workers


def test_joblib_still_works_beside_and_after_ours() -> None:
    with workers(2, 2) as executor:
        assert list(executor.map(abs, [-1, -2])) == [1, 2]
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(x) for x in (-1, -2)) == [1, 2]
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(x) for x in (-3, -4)) == [3, 4]


def test_never_more_processes_than_tasks() -> None:
    with workers(8, 1) as executor:
        assert executor._max_workers == 1


ROOT = Path(__file__).resolve().parents[2]
KILLED = """
import os, signal, time
from kinerja_analysis.base.workers import workers
executor = workers(2, 2)
pids = set()
while len(pids) < 2:
    pids |= set(executor.map(lambda _: time.sleep(0.2) or os.getpid(), range(4)))
print(*pids, flush=True)
{more}
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("more", ["", "executor.submit(time.sleep, 600); time.sleep(0.5)"])
def test_workers_end_with_a_process_that_is_killed(more: str) -> None:
    """Waiting for work they hold both ends of the pipe they read: nothing else would ever tell them."""
    done = subprocess.run([sys.executable, "-c", KILLED.format(more=more)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          timeout=60, check=False)  # returns when nobody holds its output any more
    assert done.returncode == -signal.SIGKILL
    ends = time.monotonic() + 10
    pids = [int(p) for p in done.stdout.split()]
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(pids) == 2 and not any(map(psutil.pid_exists, pids))
