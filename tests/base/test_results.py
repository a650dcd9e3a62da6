"""Findings and results: fixed columns, exact round trips, nothing that can be changed behind one's back."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import (
    FRAME_COLUMNS,
    Audit,
    Design,
    Estimate,
    Finding,
    Result,
    Status,
    merge,
)
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.base.tables import ScoreTable


def finding(region: str = "01.01", year: int = 2025, subject: str = "P1") -> Finding:
    return Finding(
        "x.y", Status.FLAGGED, "odds_ratio", "group", subject, "ekinerja",
        Estimate(1.5, 1.1, 2.0, 0.95, 120, "odds", "test"), 1.5, 0.01, 0.02, ("1:1:9", "1:1:12"),
        {"teams": 12, "name": "a"}, region, year,
    )  # fmt: skip


def audit(region: str = "01.01", year: int = 2025) -> Audit:
    design = pd.DataFrame({"region": [region], "year": [year], "kind": ["ekinerja"], "source": ["all"],
                           "verdict": ["not_identified"]})  # fmt: skip
    scores = pd.DataFrame({"region": [region], "year": [year], "person": ["P1"]})
    return Audit(
        cells=((region, year),), design=Design(design), scores=ScoreTable(scores),
        results={"a": Result.of("a", [finding(region, year)])},
        counts={"predikat": pd.DataFrame({"region": [region], "year": [year], "n": [3]})},
        config=AuditConfig(), provenance={"region_names": {region: f"Nama {region}"}},
    )  # fmt: skip


def test_frame_has_always_the_same_columns() -> None:
    for result in (Result.of("a", []), Result.of("a", [finding()])):
        assert list(result.to_frame().columns) == [*FRAME_COLUMNS, "region", "year"]
    assert Result.of("a", []).frame.dtypes["value"] == np.float64


def test_a_finding_comes_back_exactly() -> None:
    original = finding()
    assert next(Result.of("a", [original]).findings()) == original


def test_estimate_refuses_an_interval_without_its_value() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        Estimate(1.0, 2.0, 3.0)


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding().code = "other"  # type: ignore[misc]


def test_rows_of_a_subject() -> None:
    result = Result.of("a", [finding(subject="P1"), finding(subject="P2")])
    assert result.rows("P1") == ("1:1:9", "1:1:12")
    assert result.rows("P3") == ()


def test_select_merge_and_repeated_cells() -> None:
    both = merge([audit("01.01"), audit("01.02")])
    assert both.cells == (("01.01", 2025), ("01.02", 2025))
    one = both.select(region="01.02")
    assert one["a"].frame["region"].tolist() == ["01.02"]
    assert one.name("01.02") == "Nama 01.02"
    with pytest.raises(KeyError):
        both.select(region="09.09")
    with pytest.raises(ValueError):
        merge([audit(), audit()])


@pytest.mark.parametrize(("asked", "code"), [
    ("01.02", "01.02"), ("Kab. Dua", "01.02"), ("dua", "01.02"), ("Kota Dua", "Kota Dua"), ("Satu", "Satu"),
    ("Kota Satu", "01.71"),
])  # fmt: skip
def test_a_region_is_found_by_its_name_and_kind(asked: str, code: str) -> None:
    """A regency is not the city of that name; a name that two regions have is nobody's."""
    names = {"01.01": "Kabupaten Satu", "01.71": "Kota Satu", "01.02": "Kabupaten Dua"}
    three = merge([audit(c) for c in names])
    assert dataclasses.replace(three, provenance={**three.provenance, "region_names": names}).code(asked) == code


def test_verdict_of_one_cell_only() -> None:
    assert audit().design.verdict == "not_identified"
    with pytest.raises(ValueError, match="several"):
        _ = merge([audit("01.01"), audit("01.02")]).design.verdict


def test_saved_audit_comes_back_and_tampering_is_refused(tmp_path: Path) -> None:
    place = audit().save(tmp_path / "audit")
    again = load_audit(place)
    pd.testing.assert_frame_equal(again["a"].frame, audit()["a"].frame)
    assert next(again["a"].findings()) == finding()
    assert again.provenance == audit().provenance
    target = place / "result_a.parquet"
    target.write_bytes(target.read_bytes()[:-1] + b"x")
    with pytest.raises(UsageError):
        load_audit(place)


def test_the_audit_opened_last_stays_open_until_another_is_saved(tmp_path: Path) -> None:
    place = audit("01.01").save(tmp_path / "audit")
    assert load_audit(place) is load_audit(place)
    assert load_audit(audit("01.02").save(place)).cells == (("01.02", 2025),)


def test_what_a_result_keeps_to_look_up_does_not_travel() -> None:
    result, bare = (Result.of("a", [finding(), finding(subject="P2")]) for _ in range(2))
    assert [f.subject for f in result.findings(subject="P2", status="FLAGGED")] == ["P2"]
    assert pickle.dumps(result) == pickle.dumps(bare)
    with pytest.raises(KeyError):
        list(result.findings(nothing=1))


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    place = audit().save(tmp_path / "audit")
    manifest = place / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("01.01", "01.02"), encoding="utf-8")
    with pytest.raises(UsageError):
        load_audit(place)


def test_saving_twice_replaces_as_a_whole(tmp_path: Path) -> None:
    place = audit().save(tmp_path / "audit")
    (place / "left-over").write_text("x")
    audit().save(place)
    assert not (place / "left-over").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["audit"]
