"""Each further planted problem does what it says, and nothing else: pairs of regions with the same random numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from kinerja_analysis.base.tables import data_kind
from kinerja_analysis.simulate import Simulation, simulate_plans
from kinerja_analysis.simulate.plan import Form, Planted
from kinerja_analysis.simulate.scenarios import GENERIC

FIELDS = ("gap", "gap_score", "copies", "drift", "mismatch")


@cache
def world(foreign: float = 0.0, lenient_units: int = 0, **planted: float) -> Simulation:
    form = replace(GENERIC.form or Form((), (0, 1), 1, 0, 1, "csv"), foreign=foreign)
    plan = replace(GENERIC, size=400, form=form, planted=Planted(lenient_units=lenient_units, **planted))
    return simulate_plans([plan], [2023, 2025], seed=7)


def scores(made: Simulation, kind: str, year: int = 2025):
    ratings = made.tables.ratings
    return ratings[(data_kind(ratings) == kind) & (ratings["year"] == year)].reset_index(drop=True)


@pytest.mark.parametrize("field", FIELDS)
def test_the_truth_names_what_was_planted(field: str) -> None:
    made = world(lenient_units=2, **{field: 0.25})
    named = made.truth["problems"].set_index(["measure", "year"])["value"]
    assert named[field, 2025] == 0.25
    assert field not in set(world().truth["problems"]["measure"])


def test_women_are_rated_lower_by_supervisors_alone() -> None:
    before, after = (scores(w, "multisource") for w in (world(), world(gap_score=1.0)))
    staff = world().tables.employees.drop_duplicates("person").set_index("person")["sex"]
    change = after["score"] - before["score"]
    women, above = before["ratee"].map(staff) == "female", before["source"] == "supervisor"
    assert (change[~above] == 0).all()
    # one SD is 6 points; some are cut at 100
    assert change[above & women].mean() - change[above & ~women].mean() == pytest.approx(-6, abs=0.5)
    official = [scores(w, "ekinerja") for w in (world(), world(gap=1.0))]
    higher = [f["score"][f["ratee"].map(staff) == "female"].mean() for f in official]
    assert higher[1] < higher[0]


def test_copiers_give_their_team_one_set_of_ratings() -> None:
    made = world(copies=0.3)
    raters = made.truth["raters"]
    copiers = set(raters.loc[raters["copies"] & (raters["year"] == 2025), "rater"])
    assert copiers
    for kind in ("ekinerja", "multisource"):
        rows = scores(made, kind)
        rows = rows[(rows["source"] == "supervisor") & rows["rater"].isin(copiers)]
        assert len(rows) and (rows.groupby(["rater", "criterion"])["score"].nunique() == 1).all()
    others = scores(made, "multisource")
    others = others[(others["source"] == "supervisor") & ~others["rater"].isin(copiers)]
    assert (others.groupby(["rater", "criterion"])["score"].nunique() > 1).mean() > 0.9


def test_drift_adds_with_every_year_after_the_first() -> None:
    """0.5 SD a year of 6 points: nothing in 2023, 6 points in 2025."""
    plain, made = world(lenient_units=2), world(lenient_units=2, drift=0.5)
    raters = made.truth["raters"]
    lenient = set(raters.loc[raters["lenient"], "rater"])
    for year, wanted in ((2023, 0.0), (2025, 6.0)):
        before, after = (scores(w, "multisource", year) for w in (plain, made))
        change = after["score"] - before["score"]
        mine = (before["source"] == "supervisor") & before["rater"].isin(lenient)
        assert mine.any() and change[mine].mean() == pytest.approx(wanted, abs=0.5)
        assert (change[~mine] == 0).all()


def test_mismatches_are_recorded_in_their_share() -> None:
    """A tenth of about 400 rated employees; only the recorded predikat changes."""
    before, after = world(), world(mismatch=0.1)
    assert np.array_equal(scores(before, "ekinerja")["score"], scores(after, "ekinerja")["score"])
    one, two = (w.tables.appraisals[w.tables.appraisals["year"] == 2025] for w in (before, after))
    changed = one["predikat"].reset_index(drop=True).fillna("") != two["predikat"].reset_index(drop=True).fillna("")
    assert 0.06 < changed.mean() < 0.14


def test_a_share_of_the_peers_comes_from_other_units() -> None:
    rows = scores(world(foreign=0.25), "multisource")
    home = rows[rows["source"] == "self"].drop_duplicates("ratee").set_index("ratee")["unit"]
    peers = rows[(rows["source"] == "peer") & rows["rater"].isin(home.index)].drop_duplicates(["ratee", "rater"])
    away = peers["rater"].map(home) != peers["unit"]
    assert 0.19 < away.mean() < 0.29
    assert (peers["rater"] != peers["ratee"]).all()
    inside = scores(world(), "multisource")
    inside = inside[(inside["source"] == "peer") & inside["rater"].isin(home.index)]
    assert (inside["rater"].map(home) == inside["unit"]).all()
