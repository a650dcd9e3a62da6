"""What each situation of the data can tell: the matrix of questions and situations, cell by cell.

``identification.csv`` holds one line per claim of the matrix: question, situation, kind, and the finding that must (or
must not) be there. Kinds: I identified, W inside a supervisor, R for the region as a whole and nobody named, B bounds,
D description that flags nobody, N not, with its sentence. The situations are one simulated region with its parts
taken away; S5 has a share of peer ratings by colleagues of other units (a quarter: units of 30, which links them).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.tables import Tables, data_kind, empty
from kinerja_analysis.base.words import LANGUAGES, messages
from kinerja_analysis.compare import compare_regions
from kinerja_analysis.compare.levels import LEVELS
from kinerja_analysis.detect import detect, run_detector
from kinerja_analysis.detect.context import Context
from kinerja_analysis.score import score
from kinerja_analysis.simulate import designs, simulate

CLAIMS = list(csv.DictReader(Path(__file__).with_name("identification.csv").read_text(encoding="utf-8").splitlines()))
ANSWERED = (Status.FLAGGED, Status.CLEAR)
#: Counts of all there is, or of those flagged in a family whose errors are controlled.
COUNTS = ("full_count", "full_count_bounds", "minimal_effect_bh", "simulated_null")


@cache
def whole(size: int, years: tuple[int, ...]) -> Tables:
    """A region without planted problems in which a share of the supervisors change units each year."""
    return simulate(None, years, scenario="clean", size=size, seed=29).tables


def export(tables: Tables) -> Tables:
    """The plain export: no other ratings, targets or organisational ratings."""
    official = (data_kind(tables.ratings) == "ekinerja").to_numpy()
    return replace(
        tables, ratings=tables.ratings[official].reset_index(drop=True), achievements=empty("achievements"),
        units=empty("units"),
    )  # fmt: skip


def scores(tables: Tables) -> Tables:
    """The multi-source ratings alone."""
    many = (data_kind(tables.ratings) == "multisource").to_numpy()
    return replace(
        tables, ratings=tables.ratings[many].reset_index(drop=True), appraisals=empty("appraisals"),
        achievements=empty("achievements"), units=empty("units"),
    )  # fmt: skip


def crossing(tables: Tables, share: float) -> Tables:
    """A share of the peer ratings get the rater of another one of them, of any unit."""
    rng = np.random.default_rng(6)
    ratings = tables.ratings
    peer = ratings["source"] == "peer"
    pairs = ratings.loc[peer, ["ratee", "rater"]].drop_duplicates().sort_values(["ratee", "rater"])
    drawn = pairs[rng.random(len(pairs)) < share]
    drawn = drawn.assign(other=rng.permutation(drawn["rater"]))
    merged = ratings[["ratee", "rater"]].merge(drawn, on=["ratee", "rater"], how="left")["other"].to_numpy()
    rater = ratings["rater"].mask(peer & pd.notna(merged), pd.Series(merged, ratings.index))
    made = replace(tables, ratings=ratings.assign(rater=rater))
    twice = made.ratings.duplicated(["period", "ratee", "rater", "criterion"]) | (rater == ratings["ratee"]) & peer
    return replace(made, ratings=made.ratings[~twice].reset_index(drop=True))


SITUATIONS: dict[str, Callable[[], Tables]] = {
    "S1": lambda: export(whole(2500, (2025,))),
    "S2": lambda: export(simulate(["93.01"], (2024, 2025), seed=29, size=6000).tables),
    "S3": lambda: replace(export(whole(2500, (2025,))), achievements=whole(2500, (2025,)).achievements),
    "S4": lambda: scores(whole(1500, (2025,))),
    "S4_years": lambda: scores(whole(800, (2024, 2025))),
    "S5_02": lambda: crossing(scores(whole(1500, (2025,))), 0.02),
    "S5_10": lambda: crossing(scores(whole(1500, (2025,))), 0.10),
    "S5_25": lambda: Tables(ratings=designs("quarter_cross_unit", units=24, size=30, seed=3)),
    "S6": lambda: replace(export(whole(2500, (2025,))), units=whole(2500, (2025,)).units),
}


@cache
def findings(situation: str, detector: str, make_cell: Callable[[Tables], Context]) -> tuple[Finding, ...]:
    """What a detector says in a situation."""
    return tuple(run_detector(detector, context(situation, make_cell)).findings())


@cache
def context(situation: str, make_cell: Callable[[Tables], Context]) -> Context:
    """The cell of a situation, shared by all detectors."""
    return make_cell(SITUATIONS[situation]())


def bounded(f: Finding) -> bool:
    """Tell whether a value stands in a range, or is a count."""
    e = f.estimate
    assert e is not None
    return e.method in COUNTS or (math.isfinite(e.value) and e.lower <= e.value <= e.upper)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c['situation']}-{c['question']}-{c['kind']}-{c['measure']}")
def test_cell_of_the_matrix(claim: dict[str, str], lab: SimpleNamespace) -> None:
    every = findings(claim["situation"], claim["detector"], lab.cell)
    assert not [f for f in every if f.status is Status.ERROR]
    found = [f for f in every if (f.measure, f.scope) == (claim["measure"], claim["scope"])]
    codes = {f"{claim['detector']}.{c}" for c in claim["codes"].split("|") if c}
    told = [f for f in found if f.code in codes] if codes else found
    assert told, f"none of {sorted(codes)} among {sorted({f.code for f in every})}"
    answered = [f for f in found if f.status in ANSWERED]
    if claim["kind"] == "N":
        assert not answered
        assert any(f.subject_kind == "region" for f in told)
    elif claim["kind"] == "D":
        assert not [f for f in found if f.status is Status.FLAGGED]
    else:
        assert [f for f in told if f.status in ANSWERED]
        assert [f for f in answered if bounded(f)]
    if claim["kind"] in "RB":
        assert not [f for f in answered if f.subject_kind in ("rater", "team")]
    if claim["kind"] == "B":
        assert not [f for f in found if f.status is Status.FLAGGED]
    for f in told[:3]:
        assert len({f.sentence(lang) for lang in LANGUAGES}) == len(LANGUAGES)
        assert messages()[f.code]


def test_every_question_is_asked_in_every_situation(lab: SimpleNamespace) -> None:
    asked = {(c["question"], c["situation"].split("_")[0]) for c in CLAIMS}
    questions = {q for q, _ in asked}
    assert len(questions) == 13  # and two on regions: below
    assert {(q, s) for q in questions for s in ("S1", "S2", "S3", "S4", "S5", "S6")} == asked
    assert {c["detector"] for c in CLAIMS} == set(lab.EVERY)


def others(frame: pd.DataFrame) -> pd.DataFrame:
    """The same in another region, about other people."""
    people = [c for c in ("ratee", "rater", "person", "supervisor") if c in frame]
    return frame.assign(region="99.03", **{c: "b" + frame[c] for c in people})


@pytest.mark.parametrize("situation", ["S1", "S4", "S6"])
def test_regions_differ_inside_teams_only(situation: str) -> None:
    """Levels of two regions are nowhere compared; what lies inside teams is, with its range; no index without proof."""
    a = SITUATIONS[situation]()
    b = replace(a, **{t: others(getattr(a, t)) for t in ("ratings", "appraisals", "employees", "units")})
    both = replace(a, **{t: pd.concat([getattr(x, t) for x in (a, b)], ignore_index=True)
                         for t in ("ratings", "appraisals", "employees", "units")})  # fmt: skip
    config = AuditConfig(detectors=("distribution", "group_gap", "agreement"))
    made = detect(both, score(both, config), config)
    frame = compare_regions(made).to_frame()
    assert frame.iloc[0][["measure", "reason"]].tolist() == ["verdict", "not_linked"]
    levels = frame[frame["measure"].isin(LEVELS)]
    assert set(levels["measure"]) == set(LEVELS) and set(levels["reason"]) == {"not_linked"}
    assert levels["value"].isna().all()
    known = frame[frame["value"].notna()]
    assert len(known) and np.isfinite(known[["lower", "upper"]]).all(axis=None)
    assert made.index is None
