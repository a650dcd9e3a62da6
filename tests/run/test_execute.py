"""A run: one cell's failure leaves the others done, and the exit code says so."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.run import RunReport


def report(*status: str) -> RunReport:
    rows = [{"region": f"01.0{i}", "year": 2025, "status": s, "reason": ""} for i, s in enumerate(status)]
    return RunReport(pd.DataFrame(rows), ())


def test_exit_codes() -> None:
    assert report("done", "done").exit_code == 0
    assert report("done", "failed").exit_code == 5
    assert report("done", "partial").exit_code == 5


def test_frame_is_a_copy() -> None:
    done = report("done")
    frame = done.to_frame()
    frame.loc[0, "status"] = "failed"
    assert done.exit_code == 0
