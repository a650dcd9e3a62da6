"""Levels of ratings: no number without a link, no performance in what raters owe, reasons that say most."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis import audit, compare_regions, compare_years
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import merge
from kinerja_analysis.base.tables import Tables, conform
from kinerja_analysis.compare.levels import LEVELS
from kinerja_analysis.detect import detect
from kinerja_analysis.detect.between import COLUMNS, between
from kinerja_analysis.score import score

A, B = "01.01", "01.02"
TWO = [(A, 2025), (B, 2025)]
CONFIG = AuditConfig(identifiers="pseudonymous", detectors=("distribution",))


def linked(joint: str = "j", **values: tuple[float, float]) -> pd.DataFrame:
    """Rows of ``detect.between`` for two regions, value and error by part."""
    rows = [{"region": r, "year": 2025, "other": "", "kind": "", "part": ""} for r in (A, B)]
    for part in ("level", "raters", "performance", "composition", "level_adjusted", "performance_adjusted"):
        value, se = values.get(part, (math.nan, math.nan))
        rows.append({"region": A, "year": 2025, "other": B, "kind": "multisource", "part": part, "value": value,
                     "se": se, "df": math.inf, "n": 30, "n_other": 40, "n_links": 9,
                     "reason": "" if part in values else "no_strata"})  # fmt: skip
    frame = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).assign(joint=joint)
    return frame.fillna({"reason": ""})


def of_kind(frame: pd.DataFrame, kind: str = "multisource") -> pd.DataFrame:
    return frame[frame["measure"].isin(LEVELS) & (frame["scope"] == kind)].set_index(["measure", "adjusted"])


def test_linked_parts_by_hand(make_audit) -> None:
    """One pair: each part at 95 %."""
    parts = linked(level=(6.0, 0.5), raters=(5.0, 1.0), performance=(1.0, 1.0))
    frame = compare_regions(make_audit([], TWO, joint="j", between=parts)).to_frame()
    assert frame.iloc[0][["measure", "reason", "status"]].tolist() == ["verdict", "linked", "CLEAR"]
    found = of_kind(frame)
    severity, performance = found.loc[("severity", False)], found.loc[("performance", False)]
    assert (severity["value"], severity["unit"], severity["n_a"], severity["n_b"]) == (5.0, "points", 30, 40)
    assert severity["upper"] - severity["value"] == pytest.approx(1.959964, rel=1e-5)
    assert (severity["status"], performance["status"]) == ("FLAGGED", "CLEAR")
    assert found.loc[("composition", False), "reason"] == "no_strata"


def test_audits_made_apart_are_not_linked(make_audit) -> None:
    one, two = make_audit([], [(A, 2025)]), make_audit([], [(B, 2025)])
    frame = compare_regions([one, two]).to_frame()
    assert frame.iloc[0]["reason"] == "audited_apart"
    assert (of_kind(frame)["reason"] == "audited_apart").all() and of_kind(frame)["value"].isna().all()


def test_a_link_of_another_joint_audit_does_not_count(make_audit) -> None:
    old = linked(joint="old", level=(6.0, 0.5), raters=(5.0, 1.0), performance=(1.0, 1.0))
    new = old.assign(joint=["new", "new", *["old"] * 6])
    frame = compare_regions(make_audit([], TWO, between=new)).to_frame()
    assert of_kind(frame)["value"].isna().all() and frame.iloc[0]["reason"] == "not_linked"


def test_without_any_frame_of_links_nothing_is_linked(make_audit) -> None:
    made = make_audit([], TWO)
    bare = replace(made, counts={"examined": made.counts["examined"]})
    assert compare_regions(bare).to_frame().iloc[0]["reason"] == "audited_apart"


def rated(seed: int, shift: float, shared: int, regions: tuple[str, str] = (A, B)) -> pd.DataFrame:
    """Two regions of 24 equally good employees with two local raters each; the second one's raters are stricter."""
    rng = np.random.default_rng(seed)
    rows = []
    for k, region in enumerate(regions):
        merit = rng.standard_normal(24)
        for i in range(24):
            local = [(f"{region}-L{(i // 8) * 2 + j}", -shift * k) for j in (0, 1)]
            both = [(f"S{s}", 0.0) for s in range(shared)]
            rows += [(region, f"{region}-{i}", rater, 50 + 8 * (merit[i] + lenient + 0.3 * rng.standard_normal()))
                     for rater, lenient in local + both]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["region", "ratee", "rater", "score"])
    form = {"criterion": "hasil", "scale_min": 0, "scale_max": 100}
    return frame.assign(year=2025, period="2025", source="peer", unit="u", **form)


def test_severity_only_and_no_shared_rater() -> None:
    frame = compare_regions(audit(rated(1, 0.5, 0), config=CONFIG)).to_frame()
    found = of_kind(frame)
    assert found["value"].isna().all() and (found["reason"] == "not_linked").all()
    assert ("performance", False) in found.index and frame.iloc[0]["reason"] == "not_linked"


def test_severity_only_with_shared_raters() -> None:
    found = of_kind(compare_regions(audit(rated(2, 0.5, 6), config=CONFIG)).to_frame())
    severity, performance = found.loc[("severity", False)], found.loc[("performance", False)]
    assert severity["lower"] < 4.0 < severity["upper"] and severity["status"] == "FLAGGED"
    assert performance["status"] == "CLEAR"
    assert found.loc[("level", False), "value"] == pytest.approx(severity["value"] + performance["value"])


def test_names_and_the_order_of_regions_change_signs_only() -> None:
    here = rated(3, 0.5, 6)
    turned = here.assign(region=here["region"].map({A: "01.09", B: "01.03"}))
    one, two = (of_kind(compare_regions(audit(f, config=CONFIG)).to_frame()) for f in (here, turned))
    assert two.loc[("severity", False), "value"] == pytest.approx(-one.loc[("severity", False), "value"])
    shuffled = here.sample(frac=1, random_state=1)
    again = of_kind(compare_regions(audit(shuffled, config=CONFIG)).to_frame())
    pd.testing.assert_series_equal(again["value"], one["value"])


def test_what_is_stored_of_links_names_nobody() -> None:
    """It is fit to publish as it is: no person, and nothing that rests on few (below)."""
    made = audit(rated(4, 0.5, 6), config=CONFIG)
    text = made.counts["between"].to_csv()
    assert not any(name in text for name in {*rated(4, 0.5, 6)["rater"], *rated(4, 0.5, 6)["ratee"]})


@pytest.mark.parametrize(("shared", "reason"), [(1, "few_links"), (2, "few_links")])
def test_few_shared_raters_give_no_number_and_no_count(shared: int, reason: str) -> None:
    made = audit(rated(5, 0.5, shared), config=CONFIG)
    assert compare_regions(made).to_frame().iloc[0]["reason"] == reason
    stored = made.counts["between"].query("other != ''")
    assert stored["value"].isna().all() and (stored[["n", "n_other", "n_links"]] == 0).all(axis=None)


def test_another_form_is_not_linked() -> None:
    frame = rated(6, 0.5, 6)
    frame.loc[frame["region"] == B, "criterion"] = "disiplin"
    assert compare_regions(audit(frame, config=CONFIG)).to_frame().iloc[0]["reason"] == "form_differs"


def test_regions_of_one_audit_stay_together_when_taken_apart() -> None:
    made = audit(rated(7, 0.5, 6), config=CONFIG)
    apart = merge([made.select(region=B), made.select(region=A)])
    pd.testing.assert_frame_equal(compare_regions(apart).to_frame(), compare_regions(made).to_frame())


def test_a_constant_added_to_one_region_is_never_performance_without_a_link() -> None:
    frame = rated(8, 0.0, 0)
    frame.loc[frame["region"] == A, "score"] += 7.0
    assert of_kind(compare_regions(audit(frame, config=CONFIG)).to_frame())["value"].isna().all()


def test_years_of_a_region_are_never_split() -> None:
    frame = rated(9, 0.5, 6)
    later = frame.assign(year=2026, period="2026", score=frame["score"] + 3.0)
    made = audit(pd.concat([frame, later], ignore_index=True), config=CONFIG)
    found = compare_years(made).to_frame()
    levels = found[found["measure"].isin(LEVELS)]
    assert levels["value"].isna().all() and set(levels["reason"]) == {"common_drift"}


def test_no_region_shares_anyone_and_nothing_is_computed(make_cell_tables) -> None:
    rows = between(make_cell_tables, AuditConfig(), [(A, 2025), (B, 2025)], "j")
    assert rows["other"].tolist() == ["", ""] and rows["joint"].nunique() == 1


def test_cells_of_the_same_data_done_apart_are_not_called_unlinked() -> None:
    """Nobody looked for shared raters: the reason is not that there are none."""
    tables = Tables(ratings=conform("ratings", rated(11, 0.5, 6).assign(row="1:1:1", opd="o")))
    config, scores = AuditConfig(detectors=("distribution",)), score(tables, AuditConfig())
    apart = [detect(tables, scores, config, cells=[(r, 2025)]) for r in (A, B)]
    assert compare_regions(apart).to_frame().iloc[0]["reason"] == "audited_apart"


@pytest.fixture
def make_cell_tables():
    frame = rated(10, 0.0, 0)
    return Tables(ratings=conform("ratings", frame.assign(row="1:1:1", opd="o")))
