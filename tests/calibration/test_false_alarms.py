"""How often detectors flag when there is nothing: a fast subset, on simulated regions whose truth is known.

``null`` regions have employees of different merit and nothing else: raters equally lenient, no group favoured, no
self-inflation, no copying. A detector that controls its errors at q = 0.10 over a region's family flags at most one
such region in ten. The bands are one-sided and shared out over the checks of a test (Bonferroni at 1 %): a correct
product fails each test with a chance of at most 1 %. The circular's guide (``distribution``) and the recorded
predikat (``matrix_check``) are arithmetic without an error rate; ``achievement_gap`` asks whether ratings follow
achievement, to which ``null`` gives no answer: these three are left out.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import ScoreTable, data_kind
from kinerja_analysis.detect import run_detector
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.simulate import Simulation, simulate

REGIONS, EMPLOYEES, YEAR = 20, 1000, 2025
CONTROLLED = ("group_gap", "affinity", "leniency", "straight_lining", "halo", "agreement", "self_other")
FDR = AuditConfig().fdr
#: Measure -> the value that is true in ``null``.
TRUE = {
    ("group_gap", "odds_ratio"): 1.0,
    ("group_gap", "gap"): 0.0,
    ("affinity", "own_group_gap"): 0.0,
    ("leniency", "within_ratee"): 0.0,
    ("leniency", "source_difference"): 0.0,
    ("self_other", "difference"): 0.0,
    ("self_other", "difference_by_source"): 0.0,
}
#: 95 % ranges may miss in 5 % and two points more (few clusters).
MISSES = 0.07


@cache
def region(scenario: str, seed: int, size: int) -> Simulation:
    """Simulate one region; the same seeds every time."""
    return simulate(None, [YEAR], scenario=scenario, size=size, seed=seed)


@cache
def cell(scenario: str, seed: int, size: int) -> Context:
    """Return the view that detectors have of a region."""
    world = region(scenario, seed, size)
    tables = world.tables
    ((code, year),) = tables.cells()
    design = design_of(tables, tables, code, year)
    return Context(tables, tables, ScoreTable(pd.DataFrame()), world.config, design, code, year)


@pytest.fixture(scope="module")
def null() -> dict[str, list[pd.DataFrame]]:
    """What each detector says of each region without any problem."""
    cells = [cell("null", 1000 + k, EMPLOYEES) for k in range(REGIONS)]
    return {name: [run_detector(name, ctx).frame for ctx in cells] for name in CONTROLLED}


def most(n: int, rate: float, checks: int) -> int:
    """The largest count that is no contradiction to ``rate``, one of ``checks`` that share a chance of 1 %."""
    return int(binom.ppf(1 - 0.01 / checks, n, rate))


def test_the_band_can_be_left() -> None:
    """7 of 20 would pass, half of the regions flagged would not (chance of being seen: 87 %)."""
    limit = most(REGIONS, FDR, len(CONTROLLED))
    assert limit == 7
    assert binom.sf(limit, REGIONS, 0.5) > 0.85


@pytest.mark.parametrize("name", CONTROLLED)
def test_regions_without_a_problem_are_rarely_flagged(name: str, null: dict[str, list[pd.DataFrame]]) -> None:
    answered = sum(bool(f["status"].isin(["FLAGGED", "CLEAR"]).any()) for f in null[name])
    flagged = sum(bool((f["status"] == "FLAGGED").any()) for f in null[name])
    assert answered == REGIONS, "no answer is no control of errors"
    assert flagged <= most(REGIONS, FDR, len(CONTROLLED)), f"{flagged} of {REGIONS} regions flagged"


@pytest.mark.parametrize(("name", "measure"), TRUE)
def test_ranges_hold_the_truth(name: str, measure: str, null: dict[str, list[pd.DataFrame]]) -> None:
    every = pd.concat(null[name])
    ranges = every[(every["measure"] == measure) & every["lower"].notna() & every["upper"].notna()]
    true = TRUE[name, measure]
    missed = int(((ranges["lower"] > true) | (ranges["upper"] < true)).sum())
    assert len(ranges) >= REGIONS
    assert missed <= most(len(ranges), MISSES, len(TRUE)), f"{missed} of {len(ranges)} ranges miss {true}"


def test_flagged_raters_differ_in_the_direction_told() -> None:
    """``clean`` regions have supervisors who differ (SD .35): the flags made point the right way."""
    right = []
    for k in range(REGIONS):
        frame = run_detector("leniency", cell("clean", 1000 + k, 500)).frame
        flagged = frame[(frame["subject_kind"] == "rater") & (frame["status"] == "FLAGGED")].set_index("subject")
        true = (
            region("clean", 1000 + k, 500).truth["raters"].drop_duplicates("rater").set_index("rater")["leniency_score"]
        )
        right += (np.sign(flagged["value"]) == np.sign(true.reindex(flagged.index))).tolist()
    wrong = len(right) - sum(right)
    assert right, "differences of this size are found now and then"
    assert wrong <= most(len(right), FDR, 1), f"{wrong} of {len(right)} flags point the wrong way"


@pytest.mark.slow
def test_flags_are_rare_where_raters_differ_but_nothing_else() -> None:
    """Lenient and strict supervisors are no favour, no copying and no halo."""
    names = ("affinity", "straight_lining", "halo")
    flagged = dict.fromkeys(names, 0)
    for k in range(REGIONS):
        for name in names:
            found = run_detector(name, cell("clean", 1000 + k, 500)).frame
            flagged[name] += bool((found["status"] == "FLAGGED").any())
    assert max(flagged.values()) <= most(REGIONS, FDR, len(names)), flagged


def test_copiers_do_not_make_others_look_like_copiers() -> None:
    """Three of 18 supervisors give everybody one vector on a scale of six steps; nobody else may be flagged."""
    tables = region("clean", 11, 700).tables
    ratings = tables.ratings
    scores = data_kind(ratings) == "multisource"
    mine = scores & (ratings["source"] == "supervisor")
    size = ratings[mine].groupby("rater")["ratee"].nunique().sort_index()
    copiers = size.sort_values(ascending=False, kind="stable").index[2:5]
    coarse = ratings["score"].where(~scores, 20 * (ratings["score"] / 20).round())
    ladder = pd.Series(60.0 + 20 * (pd.factorize(ratings["criterion"], sort=True)[0] % 3), ratings.index)
    copied = coarse.mask(mine & ratings["rater"].isin(copiers), ladder)
    made = replace(tables, ratings=ratings.assign(score=copied))
    base = cell("clean", 11, 700)
    ctx = Context(made, made, base.scores, base.config, base.design, base.region, base.year)
    found = run_detector("straight_lining", ctx).frame
    named = set(found.loc[found["measure"].eq("identical_vectors") & found["subject_kind"].eq("rater"), "subject"])
    assert set(copiers) <= named
    assert named == set(copiers)
