"""A run: one cell's failure leaves the others done, and the exit code says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from kinerja_analysis import AuditConfig, run, simulate
from kinerja_analysis.base.errors import DisclosureRefused, ReportFailed
from kinerja_analysis.cli.terminal import Terminal, finish
from kinerja_analysis.report import tahunan
from kinerja_analysis.run import RunReport, order_of
from kinerja_analysis.run.jobs import Plan, read_state, write_state


def report(*status: str, key: str = "") -> RunReport:
    rows = [{"region": f"01.0{i}", "year": 2025, "status": s, "reason": ""} for i, s in enumerate(status)]
    failures = {(r["region"], 2025): (key, {}) for r in rows if key and r["status"] == "failed"}
    return RunReport(pd.DataFrame(rows), (), failures=failures)


def test_exit_codes() -> None:
    assert report("done", "done").exit_code == 0
    assert report("done", "failed").exit_code == 5
    assert report("done", "partial").exit_code == 5
    assert report("done", "failed", key="errors.disclosure_open").exit_code == 5
    assert report("failed", key="errors.disclosure_open").exit_code == 4


def test_limits_too_low_for_publication_stop_a_run_before_anything_is_read(tmp_path: Path) -> None:
    low = AuditConfig(disclosure={"persons": 5})
    with pytest.raises(DisclosureRefused):
        run(tmp_path, out=tmp_path / "out", config=low)
    assert order_of(tmp_path, tmp_path / "out", level="internal", config=low).levels == ("internal",)


def test_cells_of_earlier_runs_stay_known(tmp_path: Path) -> None:
    order = order_of(tmp_path, tmp_path / "out", config=AuditConfig(identifiers="pseudonymous"))
    a, b = ({"region": f"76.0{k}", "year": 2025, "data": "", "links": ""} for k in (1, 2))
    write_state(order, Plan((), {"cells": [a, b], "failed": []}), [])
    write_state(order, Plan((), {"cells": [b], "failed": []}), [])
    assert (read_state(order)["cells"], read_state(order)["others"]) == ([b], [a])


def test_the_end_of_a_run_tells_the_warnings_of_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n, said in ((0, False), (3, True)):
        finish(Terminal("id", False), replace(report("done"), warnings=n), str(tmp_path))
        shown = capsys.readouterr()
        assert ("3 peringatan di berkas masukan" in shown.out + shown.err) == said


def test_the_end_of_a_run_tells_what_was_not_read_and_what_since_leaves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(Terminal("en", False), replace(report("done"), unread=2), str(tmp_path))
    assert "2 files were not read" in capsys.readouterr().out
    nothing = replace(report("done"), frame=report("done").frame.iloc[:0], counts={"written": 0})
    finish(Terminal("en", False), nothing, str(tmp_path))
    assert "comes under --since" in (said := capsys.readouterr().out) and "up to date" not in said


def test_frame_is_a_copy() -> None:
    done = report("done")
    frame = done.to_frame()
    frame.loc[0, "status"] = "failed"
    assert done.exit_code == 0


@pytest.mark.slow
def test_a_summary_that_fails_leaves_the_reports_and_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(["13.71.09", "76.02"], [2025], size=200).write(tmp_path / "in")
    config = AuditConfig.read(tmp_path / "in" / "kinerja.toml").model_copy(update={"detectors": ("distribution",)})

    def fail(*args: object) -> list[Path]:
        raise ReportFailed("errors.notebook_failed", region="", year="2025", notebook="40.ipynb", cell=3, kind="X")

    def go() -> RunReport:
        return run(tmp_path / "in", out=tmp_path / "out", lang=("id",), level=("public",), config=config)

    monkeypatch.setattr(tahunan, "annual_pages", fail)
    done = go()
    assert done.exit_code == 5 and done.to_frame()["status"].tolist() == ["failed", "done", "done"]
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Kuranji" in page and "Mamuju" in page and "ringkasan" not in page
    monkeypatch.undo()
    again = go()
    assert again.exit_code == 0 and set(again.to_frame()["reason"]) == {"resumed"}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'href="2025/ringkasan/ringkasan_2025_id.html"' in page


def test_a_wrong_indicator_system_is_told_not_called_our_fault(tmp_path: Path) -> None:
    simulate(["76.02"], [2025], size=60).write(tmp_path / "in")
    (tmp_path / "sistem.toml").write_text('name = "Punya Kami"\n', encoding="utf-8")
    config = AuditConfig.read(tmp_path / "in" / "kinerja.toml")
    wrong = {"framework": str(tmp_path / "sistem.toml")}
    own = {code: r.model_copy(update=wrong) for code, r in config.regions.items()}
    done = run(tmp_path / "in", out=tmp_path / "out", config=config.model_copy(update={"regions": own}))
    assert done.exit_code == 5
    assert "criteria: belum diisi" in done.reason("76.02", 2025, "id")
    assert "criteria: is missing" in done.reason("76.02", 2025, "en") and "Punya Kami" in done.to_frame()["reason"][0]
