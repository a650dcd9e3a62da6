"""The page about how the methods were tried says what calibration.csv holds, and is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import save_audit
from kinerja_analysis.detect import REGISTRY
from kinerja_analysis.detect.calibration import measured
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.index_page import together
from kinerja_analysis.report.page import validation_page
from kinerja_analysis.report.sections.validation import limit
from kinerja_analysis.report.validasi import validation_pages


@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_detector_has_its_row_with_the_measured_figures(lang: str) -> None:
    (table,) = [x for x in b.walk(validation_page("1.2", "public", lang).blocks) if isinstance(x, b.TableBlock)]
    assert len(table.rows) == len(REGISTRY)
    for name, row in zip(REGISTRY, table.rows, strict=True):
        told = {k: int(v) for k, v in measured()[name].items() if k not in ("detector", "hash")}
        assert row[1:3] == (told["answers"], told["flagged"]) and row[4] == told["planted"]
        assert told["flagged"] / told["answers"] < row[3] < 0.05
        assert row[5] == pytest.approx(told["found"] / told["planted"])


def test_a_detector_that_changed_since_is_said_to_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    module = importlib.import_module("kinerja_analysis.report.sections.validation")
    monkeypatch.setattr(module, "fresh", lambda name: name != "halo")
    monkeypatch.setattr(module, "measured", lambda: {k: v for k, v in measured().items() if k != "drift"})
    (table,) = [x for x in b.walk(validation_page("1.2", "public", "en").blocks) if isinstance(x, b.TableBlock)]
    state = dict(zip(REGISTRY, (row[-1] for row in table.rows), strict=True))
    assert state.pop("halo") == "changed" and state.pop("drift") == "not yet" and set(state.values()) == {"as tried"}


def test_the_limit_is_that_of_clopper_and_pearson() -> None:
    assert limit(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))  # the rule of three, exactly
    assert limit(9, 9) == 1.0


def test_it_is_made_once_for_each_level_that_has_reports(tmp_path: Path, audit: Audit) -> None:
    assert validation_pages(tmp_path, ("id",)) == []
    save_audit(release(audit), tmp_path / "2025" / "01.02-x" / "audit")
    first = validation_pages(tmp_path, ("id",))
    assert {p.suffix for p in first} == {".html", ".ipynb", ".pdf", ".xlsx"} and not (tmp_path / "internal").exists()
    assert validation_pages(tmp_path, ("id",)) == []
    (joint,) = together(tmp_path)
    assert (tmp_path / joint["hrefs"]["id"]).is_file() and joint["year"] == 0
    next(p for p in first if p.suffix == ".pdf").unlink()
    assert len(validation_pages(tmp_path, ("id",))) == 4
    shutil.rmtree(tmp_path / "validasi")
    assert len(validation_pages(tmp_path, ("id", "en"))) == 8
