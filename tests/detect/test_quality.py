"""Counts about the data themselves, each counted here by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.errors import Problem
from kinerja_analysis.base.tables import ACCOUNTING
from kinerja_analysis.detect.counts import accounting
from kinerja_analysis.detect.quality import quality


def frames(ctx: Any) -> dict[str, pd.DataFrame]:
    """The quality frames of a cell without files."""
    return quality(ctx, pd.DataFrame(columns=ACCOUNTING), set())


def measured(ctx: Any) -> dict[str, tuple[int, ...]]:
    """Measure -> k, n, raters, largest."""
    return {m: tuple(rest) for m, *rest in frames(ctx)["checks"].itertuples(index=False)}


def team(n: int, boss: str = "B", **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"supervisor": boss, "ratee": [f"{boss}{i}" for i in range(n)], "hasil": 2, "perilaku": 2,
                         **columns})  # fmt: skip


def test_who_is_not_rated_by_place_and_reason(make_cell: Any) -> None:
    rows = team(4, unit=["u", "u", "v", "v"], opd=["o", "o", "o", "p"],
                status=["rated", "not_rated", "excluded", "rated"])  # fmt: skip
    ctx = make_cell(rows)
    ctx.tables.appraisals["reason"] = [None, "draft", "pensiun", None]
    found = frames(ctx)["unrated"]
    assert found.values.tolist() == [
        ["o", "u", "draft", 1], ["o", "u", "rated", 1], ["o", "v", "pensiun", 1], ["p", "v", "rated", 1],
    ]  # fmt: skip
    assert measured(ctx)["not_rated"] == (2, 4, 0, 0)


def test_sources_per_unit_and_units_with_none(make_cell: Any) -> None:
    """u: B0, B1 (B0 by two peers and itself); v: B2, by the export only."""
    rows = team(3, unit=["u", "u", "v"])
    pairs = pd.DataFrame([("B0", "x", "peer"), ("B0", "y", "peer"), ("B0", "B0", "self")],
                         columns=["ratee", "rater", "source"]).assign(criterion="c", score=80.0)  # fmt: skip
    found = frames(make_cell(rows, pairs=pairs))
    by = found["coverage"].set_index(["unit", "source"])[["n", "rated", "pairs"]]
    assert by.loc[("u", "peer")].tolist() == [2, 1, 2] and by.loc[("u", "self")].tolist() == [2, 1, 1]
    assert by.loc[("u", "ekinerja")].tolist() == [2, 2, 2] and by.loc[("v", "peer")].tolist() == [1, 0, 0]
    whole = found["sources"].set_index("source")[["n", "rated", "pairs", "units", "none"]]
    assert whole.loc["peer"].tolist() == [3, 1, 2, 2, 1] and whole.loc["ekinerja"].tolist() == [3, 3, 3, 2, 0]
    assert whole.loc["subordinate"].tolist() == [3, 0, 0, 2, 2]
    assert list(whole.index) == ["ekinerja", "supervisor", "self", "peer", "subordinate"]


def test_people_counts(make_cell: Any) -> None:
    """B0..B3 in the export (B3 not rated), B0 and Z in the 360 part; staff: B0, B3 and N, of N nothing is known."""
    rows = team(4, status=["rated", "rated", "rated", "not_rated"], predikat=["BAIK", "BAIK", "KURANG", None])
    pairs = pd.DataFrame({"ratee": ["B0", "Z"], "rater": "q", "source": "peer", "criterion": "c", "score": 50.0})
    staff = pd.DataFrame({"person": ["B0", "B3", "N"], "sex": ["male", "female", None],
                          "age_band": ["<=30", None, None], "employment": ["pns", "pns", None],
                          "row": ["3:1:2", "3:1:3", "3:1:4"]})  # fmt: skip
    ctx = make_cell(rows, pairs=pairs, employees=staff)
    ctx.tables.appraisals.loc[ctx.tables.appraisals["person"] == "B1", "supervisor"] = None
    found = measured(ctx)
    assert found["both"] == (1, 5, 0, 0) and found["no_second"] == (3, 5, 0, 0)
    assert found["never_rated"] == (2, 3, 0, 0) and found["no_supervisor"] == (1, 3, 0, 0)
    assert found["unknown_sex"] == (1, 3, 0, 0) and found["unknown_age_band"] == (2, 3, 0, 0)
    assert found["unknown_employment"] == (1, 3, 0, 0) and found["no_achievements"] == (5, 5, 0, 0)
    assert found["contradiction"] == (1, 3, 0, 0)


def test_who_is_in_no_team_and_who_is_in_two(make_cell: Any) -> None:
    """B0 names itself; B1 has a second post under C, of which head counts know the last row; D0 an acting one under C.

    E0 is rated by two in two quarters: one in each.
    """
    rows = pd.concat([team(4), team(1, "D")], ignore_index=True)
    rows.loc[rows["ratee"] == "B0", "supervisor"] = "B0"
    second = team(2, "C", acting=[False, True]).assign(ratee=["B1", "D0"])
    ctx = make_cell(pd.concat([rows.assign(acting=False), second], ignore_index=True))
    found = measured(ctx)
    assert found["own_supervisor"] == (1, 5, 0, 0)
    assert found["several_supervisors"] == (1, 5, 0, 0)
    quarters = pd.concat([team(1, "E").assign(period="2025-Q1"), team(1, "E").assign(supervisor="F", period="2025-Q2")])
    assert measured(make_cell(quarters))["several_supervisors"] == (0, 1, 0, 0)


def test_people_whose_achievement_cannot_be_computed_are_counted(make_cell: Any) -> None:
    """B0 has one target of 0 of two, B1 one of 0 and one below, B2 a good one, B3 none at all."""
    done = pd.DataFrame([("B0", "a", 0.0), ("B0", "b", 10.0), ("B1", "a", 0.0), ("B1", "b", -1.0), ("B2", "a", 10.0)],
                        columns=["person", "indicator", "target"]).assign(realised=2.0)  # fmt: skip
    found = measured(make_cell(team(4), achievements=done))
    assert found["uncomputed"] == (2, 3, 0, 0) and found["no_achievements"] == (1, 4, 0, 0)


def test_wide_spans(make_cell: Any) -> None:
    rows = pd.concat([team(101), team(100, "C"), team(3, "D")])
    found = frames(make_cell(rows))
    assert measured(make_cell(rows))["wide_span"] == (101, 204, 1, 101)
    assert found["entries"].values.tolist() == [["wide_span", "B", 101]]


def test_many_ratings_in_one_minute(make_cell: Any) -> None:
    """B rates 6 within 10:07, C 4 within 10:07 and 1 a minute later, D has no times."""
    at = pd.Timestamp("2025-12-30 10:07:00")
    near = [at + pd.Timedelta(seconds=9 * i) for i in range(6)]
    rows = pd.concat([team(6, rated_at=near), team(5, "C", rated_at=[*near[:4], at + pd.Timedelta(minutes=1)]),
                      team(7, "D", rated_at=pd.NaT)], ignore_index=True)  # fmt: skip
    ctx = make_cell(rows)
    assert measured(ctx)["batch_ekinerja"] == (6, 11, 1, 6)
    assert measured(ctx)["batch_multisource"] == (0, 0, 0, 0)
    assert frames(ctx)["entries"].values.tolist() == [["batch_ekinerja", "B", 6]]


def test_dates_without_a_time_tell_nothing(make_cell: Any) -> None:
    ctx = make_cell(team(9, rated_at=pd.Timestamp("2025-12-30")))
    assert measured(ctx)["batch_ekinerja"] == (0, 0, 0, 0)


def test_thresholds_can_be_changed(make_cell: Any) -> None:
    from kinerja_analysis.base.config import AuditConfig
    from kinerja_analysis.base.errors import UsageError
    from kinerja_analysis.detect import detectors

    config = AuditConfig(thresholds={"quality.span": 2})
    assert measured(make_cell(team(3), config=config))["wide_span"] == (3, 3, 1, 3)
    assert detectors(config)
    with pytest.raises(UsageError):
        detectors(AuditConfig(thresholds={"quality.nothing": 2}))


def test_filled_columns(make_cell: Any) -> None:
    rows = team(4, unit=["u", None, "", "v"])
    found = frames(make_cell(rows))["completeness"].set_index(["table", "column"])
    assert found.loc[("appraisals", "unit")].tolist() == [4, 2] and found.loc[("ratings", "ratee")].tolist() == [8, 8]
    assert found.loc[("appraisals", "number")].tolist() == [4, 0]
    assert found.loc[("achievements", "")].tolist() == [0, 0] and found.loc[("units", "")].tolist() == [0, 0]
    assert ("appraisals", "year") not in found.index and ("appraisals", "acting") not in found.index


def test_empty_marks_of_a_form_are_counted(make_cell: Any) -> None:
    """Two peers on a, b and c, one mark left out; the supervisor has one criterion, none is missing there."""
    marks = [("B0", "x", "peer", c) for c in "abc"] + [("B0", "y", "peer", c) for c in "ab"]
    pairs = pd.DataFrame([*marks, ("B0", "s", "supervisor", "a")],
                         columns=["ratee", "rater", "source", "criterion"]).assign(score=80.0)  # fmt: skip
    found = frames(make_cell(pairs=pairs))["completeness"].set_index(["table", "column"])
    assert found.loc[("ratings", "criteria")].tolist() == [7, 6]


def test_a_cell_without_rows_has_every_frame(make_cell: Any) -> None:
    found = frames(make_cell())
    assert all((found["checks"][c] == 0).all() for c in ("k", "n", "raters", "largest"))
    assert len(found["checks"]) == 16 and len(found["completeness"]) == 5
    assert all(found[name].empty for name in ("rows", "unrated", "coverage", "sources", "entries", "problems"))
    assert not any(f.dtypes.eq(np.dtype(object)).any() for n, f in found.items() if len(f))


def test_problems_and_rows_of_the_cells_own_files(make_cell: Any) -> None:
    """File 1 holds the cell's rows, file 2 another cell's, no row of file 3 was kept: it belongs to everyone."""
    ctx = make_cell(team(2))
    lines = [(1, 1, "appraisals", 2, 2, 0, 0, ""), (2, 1, "appraisals", 9, 9, 0, 0, ""),
             (3, 1, "skp_list", 5, 0, 0, 5, "skp_list"), (1, 1, "appraisals", 1, 0, 0, 1, "blank")]  # fmt: skip
    told = [Problem("KA-W204", "warning", cell="N9", others=("N10", "N11"), number=1),
            Problem("KA-W204", "warning", cell="N9", number=2), Problem("KA-N101", "note", file="x.docx"),
            Problem("KA-W302", "warning", number=3)]  # fmt: skip
    tables = replace(ctx.tables, accounting=pd.DataFrame(lines, columns=ACCOUNTING), problems=tuple(told))
    ctx = replace(ctx, tables=tables)
    own, files = accounting(ctx)
    assert files == {1, 3} and own["rows"].tolist() == [2, 5, 1]
    found = quality(ctx, own, files)
    assert found["problems"].values.tolist() == [["KA-N101", 1], ["KA-W204", 3], ["KA-W302", 1]]
    assert found["rows"].values.tolist() == [["appraisals", 3, 2, 0, 1], ["skp_list", 5, 0, 0, 5]]
