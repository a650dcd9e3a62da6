"""The verdict comes before any number: four designs, four verdicts; prior knowledge links nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from kinerja_analysis import AuditConfig, audit
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.detect.design import FEWEST_CHANGES, describe, design_of, edges
from kinerja_analysis.simulate import designs

EXPECTED = {
    "inside_units": "inside_groups_only",
    "one_cross_unit": "connected_too_weak",
    "quarter_cross_unit": "linked",
    "supervisor_changes": "linked_by_changes",
}


def verdict(ratings: pd.DataFrame) -> str:
    tables = Tables(ratings=ratings)
    region, year = tables.cells()[-1]
    found = design_of(tables.select(region=region, year=year), tables.select(region=region, until=year), region, year)
    return found.verdict


@pytest.mark.parametrize(("kind", "wanted"), EXPECTED.items())
def test_four_designs_get_four_verdicts(kind: str, wanted: str) -> None:
    assert verdict(designs(kind)) == wanted


def test_the_verdict_is_in_the_audit_and_in_words() -> None:
    config = AuditConfig(identifiers="pseudonymous", detectors=("matrix_check",))
    result = audit(designs("inside_units", units=6, size=8), config=config)
    assert result.design.verdict == "inside_groups_only"
    assert result.design.summary("id") != result.design.summary("en")


def test_self_ratings_link_nothing() -> None:
    ratings = designs("inside_units", units=4, size=6)
    selves = ratings.drop_duplicates(["ratee", "criterion"])
    selves = selves.assign(rater=selves["ratee"], source="self")
    only_supervisor = ratings[ratings["source"] == "supervisor"]
    assert verdict(pd.concat([only_supervisor, selves])) == "not_identified"
    assert len(edges(selves)) == 0


def export(moves: int) -> pd.DataFrame:
    """Return two years of an export with 60 employees of 6 supervisors, of whom ``moves`` changed supervisor."""
    rows = []
    for year in (2024, 2025):
        for i in range(60):
            team = i % 6 if year == 2024 or i >= moves else (i + 1) % 6
            rows.append((year, f"E{i}", f"S{team}", f"U{team}"))
    frame = pd.DataFrame(rows, columns=["year", "ratee", "rater", "unit"])
    return frame.assign(period=frame["year"].astype("str"), source="supervisor")


@pytest.mark.parametrize(
    ("moves", "wanted"), [(0, "not_identified"), (FEWEST_CHANGES - 1, "not_identified"), (30, "linked_by_changes")]
)
def test_an_export_is_linked_only_by_enough_changes(moves: int, wanted: str) -> None:
    found = describe(edges(export(moves)), over_time=True)
    assert found["verdict"] == wanted
    assert found["changes"] == moves


def test_two_rows_of_one_transferred_person_are_a_change_and_no_second_source() -> None:
    frame = export(0)
    extra = frame[(frame["year"] == 2025) & frame["ratee"].isin([f"E{i}" for i in range(12)])]
    moved = extra.assign(rater="S9", unit="U9")
    found = describe(edges(pd.concat([frame, moved])), over_time=True)
    assert found["verdict"] == "linked_by_changes" and found["changes"] == 12


def test_two_posts_in_a_file_of_one_period_are_no_change() -> None:
    """Leniency needs two periods to study changes: the verdict must not promise what it cannot do."""
    frame = export(0)
    now = frame[frame["year"] == 2025]
    moved = now[now["ratee"].isin([f"E{i}" for i in range(30)])].assign(rater="S9", unit="U9")
    found = describe(edges(pd.concat([now, moved])), over_time=True)
    assert (found["verdict"], found["changes"], found["movers"]) == ("not_identified", 0, 0)


def test_nothing_to_look_at() -> None:
    assert describe(edges(export(0).iloc[:0]), over_time=True)["verdict"] == "not_identified"
