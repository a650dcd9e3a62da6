"""Our worker processes leave joblib's shared executor to the user's session."""

from __future__ import annotations

import joblib

from kinerja_analysis.base.workers import workers


def test_joblib_still_works_beside_and_after_ours() -> None:
    with workers(2, 2) as executor:
        assert list(executor.map(abs, [-1, -2])) == [1, 2]
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(x) for x in (-1, -2)) == [1, 2]
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(x) for x in (-3, -4)) == [3, 4]


def test_never_more_processes_than_tasks() -> None:
    with workers(8, 1) as executor:
        assert executor._max_workers == 1
