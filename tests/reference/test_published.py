"""Every published value of oracles.csv against ours; the page that shows them is the one that the command writes."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import calibrated
import published
import pytest
from published import BENCHMARK, Missing, Oracle, checks, compare_all, oracles

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("oracle", oracles(), ids=lambda o: f"{o.id} {o.quantity}")
def test_published_value(oracle: Oracle, record_property) -> None:
    try:
        checks()[oracle.id, oracle.quantity](oracle)
    except Missing as what:
        record_property("published_values", 0)
        there = (ROOT / str(what)).is_file() or find_spec(str(what).split()[-1]) is not None
        assert not there, f"skipped although it is there: {what}"
        pytest.skip(str(what))
    assert oracle.values or oracle.tolerance == BENCHMARK
    record_property("published_values", len(oracle.values))


def test_a_wrong_value_fails_and_is_named() -> None:
    oracle = next(o for o in oracles() if o.id == "O30")
    with pytest.raises(AssertionError, match=r"a2: 0\.2 where 0\.1"):
        oracle.compare([0.54, 0.2], labels=["a1", "a2"])


def test_a_missing_file_is_skipped_and_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    published.table.cache_clear()
    monkeypatch.setattr(published, "DATA", tmp_path)
    leave = {o.id for o in oracles()} - {"O14", "O30"}
    import checks_studies

    checks_studies.study.cache_clear()
    values, skipped, failed = compare_all(tuple(leave))
    published.table.cache_clear()
    assert len(skipped) == 3 and not failed  # the three rows of O14
    assert {v.id for v in values} == {"O30"}


def test_the_committed_page_is_todays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values, skipped, failed = compare_all()
    assert not failed and len(values) >= 140
    with published.PAGE.with_suffix(".csv").open(newline="", encoding="utf-8") as stream:
        told = list(csv.DictReader(stream))
    text = published.PAGE.read_text(encoding="utf-8")
    if not skipped:
        assert [(r["id"], r["quantity"], r["label"]) for r in told] == [(v.id, v.quantity, v.label) for v in values]
        assert f"{len(values)} values of" in text and f"{len(values)} within their tolerance, 0 outside, 0 rows" in text
        for row, value in zip(told, values, strict=True):  # ours is printed to a tenth of the tolerance or finer
            assert abs(float(row["ours"]) - value.ours) <= max(0.1 * value.tolerance, 1e-6 * abs(value.ours))
    for oracle in oracles():
        assert f"## {oracle.id} " in text or f"| {oracle.id} |" in text
    assert set(calibrated.lines()) <= set(text.splitlines()), "run make validation"
