"""Self and other ratings: the difference by hand, planted inflation, refusals, and what must not matter."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.tables import ScoreTable, Tables, conform
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.self_other import both_views, detect, single_sd, views
from kinerja_analysis.score import score

REGION = "99.01"


def table(rows: list[tuple]) -> pd.DataFrame:
    """A rating table from (ratee, rater, source, unit, opd, score); one criterion on 0-100."""
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "unit", "opd", "score"])
    head = {"year": 2025, "period": "2025", "region": REGION, "criterion": "c", "scale_min": 0.0, "scale_max": 100.0}
    return conform("ratings", frame.assign(**head, row=[f"1:1:{i}" for i in range(len(frame))]))


def context(ratings: pd.DataFrame, **config: object) -> Context:
    now = Tables(ratings=ratings)
    design = design_of(now, now, REGION, 2025)
    return Context(now, now, ScoreTable(pd.DataFrame()), AuditConfig(**config), design, REGION, 2025)


def run(ratings: pd.DataFrame, **config: object) -> list[Finding]:
    out = Collector("self_other", REGION, 2025)
    detect(context(ratings, **config), out)
    return out.found


def region(found: list[Finding]) -> Finding:
    hits = [f for f in found if f.measure == "difference" and f.subject_kind == "region" and f.scope == "multisource"]
    assert len(hits) == 1
    return hits[0]


def world(seed: int, shift: dict[str, float], *, n_units: int = 6, peers: int = 2) -> pd.DataFrame:
    """Agencies (name -> points added to self ratings) of units of eight; employees SD 6, pair SD 6."""
    g = np.random.default_rng(seed)
    rows = []
    for opd, plus in shift.items():
        for u in range(n_units):
            unit, level = f"{opd}{u}", 55 + g.normal(0, 15)
            for i in range(8):
                name, truth = f"{unit}E{i}", level + g.normal(0, 6)
                rows.append((name, name, "self", unit, opd, truth + plus + g.normal(0, 6)))
                rows.append((name, f"S{unit}", "supervisor", unit, opd, truth + g.normal(0, 6)))
                rows += [(name, f"{unit}E{(i + k) % 8}", "peer", unit, opd, truth + g.normal(0, 6))
                         for k in range(1, peers + 1)]  # fmt: skip
    return table(rows)


def by_hand() -> pd.DataFrame:
    """Five units of two; self 60 and 70, supervisor 50 and 62: differences 10 and 8 in every unit."""
    rows = []
    for u in range(5):
        for i, (own, other) in enumerate([(60.0, 50.0), (70.0, 62.0)]):
            name = f"U{u}E{i}"
            rows.append((name, name, "self", f"U{u}", "Dinas", own))
            rows.append((name, f"S{u}", "supervisor", f"U{u}", "Dinas", other))
    return table(rows)


def answers(found: list[Finding]) -> dict[tuple[str, str, str, str], tuple[str, float]]:
    return {
        (f.measure, f.subject_kind, f.subject, f.scope): (
            f.code, round(f.estimate.value, 8) if f.estimate else math.inf
        )
        for f in found
    }  # fmt: skip


def test_difference_and_yardstick_by_hand() -> None:
    found = region(run(by_hand()))
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(9.0)  # mean of 10 and 8
    assert (found.estimate.lower, found.estimate.upper) == pytest.approx((9.0, 9.0))  # every unit the same
    sd = math.sqrt((50 + 72) / 2)  # within units: self (60, 70) variance 50, supervisor (50, 62) variance 72
    assert found.params["d_av"] == pytest.approx(9 / sd)
    assert found.threshold == pytest.approx(0.5 * sd)
    assert found.status is Status.FLAGGED and found.code == "self_other.higher"


def test_sources_weigh_equally() -> None:
    """One supervisor at 50 and three peers at 70: the others stand at 60, not at 65."""
    rows = [("E", "E", "self", "U", "D", 80.0), ("E", "S", "supervisor", "U", "D", 50.0)]
    rows += [("E", f"P{i}", "peer", "U", "D", 70.0) for i in range(3)]
    people = both_views(*views(context(table(rows)).pairs))
    assert people["others"].tolist() == [60.0] and people["own"].tolist() == [80.0]
    assert people["reliability"].iloc[0] == pytest.approx((0.50 + 3 * 0.37 / (1 + 2 * 0.37)) / 2)


def test_yardstick_is_the_sd_of_one_rating() -> None:
    """More peers make their mean steadier, not the yardstick smaller: true SD √72 within units."""
    few, many = (single_sd(context(world(1, {"A": 0.0}, n_units=40, peers=p)).pairs) for p in (1, 4))
    assert few == pytest.approx(math.sqrt(72), rel=0.06) and many == pytest.approx(math.sqrt(72), rel=0.06)


def test_planted_inflation_is_found_in_its_agency() -> None:
    found = run(world(2, {"A": 0.0, "B": 14.0, "C": 0.0}, n_units=8))
    flagged = {f.subject: f.code for f in found if f.subject_kind == "unit" and f.status is Status.FLAGGED}
    assert flagged == {"B": "self_other.unit_higher"}
    down = run(world(2, {"A": -14.0, "B": 0.0}, n_units=8))
    codes = {f.code for f in down if f.status is Status.FLAGGED and f.subject_kind == "unit"}
    assert codes == {"self_other.unit_lower"}


def test_severity_of_supervisors_is_no_inflation_of_self_ratings() -> None:
    """In B the supervisors take 30 points off; self ratings and peers agree. The mean of both others would tell 15."""
    rows = world(5, {"A": 0.0, "B": 0.0, "C": 0.0}, n_units=8)
    strict = (rows["source"] == "supervisor") & (rows["opd"] == "B")
    found = run(rows.assign(score=rows["score"] - 30 * strict))
    mine = [f for f in found if f.subject == "B" and f.measure == "difference" and f.subject_kind == "unit"]
    assert len(mine) == 1 and mine[0].estimate.value > 12 and mine[0].estimate.lower > mine[0].threshold
    assert mine[0].status is Status.CLEAR and mine[0].p_adjusted > 0.1


def test_honest_regions_stay_clean() -> None:
    flags = [f for seed in range(6) for f in run(world(seed, dict.fromkeys("ABCD", 1.0))) if f.status is Status.FLAGGED]
    assert not flags


def test_supervisor_alone_stands_beside_the_published_figure() -> None:
    found = [f for f in run(world(3, {"A": 3.0, "B": 3.0})) if f.measure == "difference_by_source"]
    assert {f.subject: f.params["world"] for f in found} == {"supervisor": 0.32, "peer": None}
    assert all(f.estimate is not None and f.estimate.lower < 3 < f.estimate.upper for f in found)


def test_categories_stand_beside_what_precision_alone_gives() -> None:
    """Without a difference both sides are alike, and near the expected share when reliabilities are about .5."""
    found = next(f for f in run(world(4, {"A": 0.0}, n_units=60)) if f.measure == "categories")
    assert found.params["over"] == pytest.approx(found.params["under"], abs=0.08)
    assert found.params["over"] == pytest.approx(found.params["expected"], abs=0.08)
    assert found.params["over"] + found.params["same"] + found.params["under"] == pytest.approx(1)
    assert "deviation here is that of self ratings and of the means of the other raters" in found.sentence("en")
    assert "simpangan baku di sini dari nilai diri dan rata-rata nilai penilai lain" in found.sentence("id")


def test_what_must_not_matter() -> None:
    ratings = world(5, {"A": 0.0, "B": 9.0})
    base = answers(run(ratings))
    assert answers(run(ratings.sample(frac=1, random_state=3).reset_index(drop=True))) == base
    assert answers(run(ratings.assign(score=ratings["score"] + 20.0 * (ratings["unit"] == "A1")))) == base
    renamed = ratings.assign(**{c: "Z" + ratings[c].str[::-1] for c in ("ratee", "rater")})
    assert answers(run(renamed)) == base


def test_rows_belong_to_the_agency() -> None:
    ratings = world(6, {"A": 0.0, "B": 9.0})
    owner = ratings.set_index("row")
    for f in run(ratings):
        if f.subject_kind == "unit":
            cited = owner.loc[list(f.rows)]
            assert set(cited["opd"]) == {f.subject} and set(cited["source"]) == {"self"}


def test_refusals() -> None:
    assert {f.status for f in run(table([]))} == {Status.NOT_APPLICABLE}
    alone = world(7, {"A": 0.0})
    assert region(run(alone[alone["source"] != "self"].reset_index(drop=True))).code == "self_other.no_self"
    assert region(run(alone[alone["source"] == "self"].reset_index(drop=True))).code == "self_other.no_self"
    few = by_hand()
    assert region(run(few[few["unit"] < "U4"].reset_index(drop=True))).status is Status.INSUFFICIENT
    same = region(run(by_hand().assign(score=60.0)))
    assert same.code == "self_other.constant" and "variasi nol" in same.sentence("id")


def test_small_agencies_are_insufficient() -> None:
    ratings = world(8, {"A": 0.0, "B": 20.0})
    ratings = ratings[(ratings["opd"] == "A") | (ratings["unit"] == "B0")].reset_index(drop=True)
    small = next(f for f in run(ratings) if f.subject == "B")
    assert small.status is Status.INSUFFICIENT and small.params["have"] == 8


def test_export_goes_one_way_only() -> None:
    ratings = by_hand().assign(criterion="hasil_kerja", scale_min=1.0, scale_max=3.0, source="supervisor")
    found = [f for f in run(ratings) if f.scope == "ekinerja"]
    assert [(f.code, f.status) for f in found] == [("self_other.one_way", Status.NOT_APPLICABLE)]


@pytest.mark.parametrize("key", [k for k in messages() if k.startswith("self_other.")])
def test_messages_have_equal_placeholders(key: str) -> None:
    entry = messages()[key]
    assert placeholders(entry["id"]) == placeholders(entry["en"])


def test_every_sentence_can_be_said_and_no_number_is_naked() -> None:
    for ratings in (world(9, {"A": 0.0, "B": 14.0}), by_hand(), world(9, {"A": -20.0})):
        for f in run(ratings):
            for lang in ("id", "en"):
                text = f.sentence(lang)
                assert text and "{" not in text and "nan" not in text.lower()
            if f.estimate is not None:
                assert f.estimate.n > 0 and f.estimate.unit and f.estimate.method and math.isfinite(f.estimate.value)
            json.loads(json.dumps(dict(f.params), allow_nan=False))


def with_outcome(ratings, *, curvature: float, later: bool = False, people: int | None = None) -> Context:
    """The cell with an outcome that falls with the squared difference of self and others inside units."""
    base = context(ratings)
    both = both_views(*views(base.pairs)).head(people)
    d = both["own"] - both["others"]
    outcome = curvature * d**2 / 100 + both["own"] + both["others"]
    head = {"year": 2025, "region": REGION, "period": "2025"}
    if not later:
        frame = pd.DataFrame({**head, "indicator": "i", "target": 1e3, "person": both["ratee"], "row": "3:1:1"})
        known = conform("achievements", frame.assign(realised=500 + outcome.to_numpy()))
        return with_known(base, known)
    rows = [(n, "X" + u[:3], "supervisor", u, o, 50 + v / 8)
            for n, u, o, v in zip(both["ratee"], both["unit"], both["opd"], outcome, strict=True)]  # fmt: skip
    own = [(r[0], r[0], "self", *r[3:]) for r in rows]
    past = ratings.assign(year=2024, period="2024")
    now = table(rows + own)
    tables = Tables(ratings=pd.concat([past, now], ignore_index=True))
    return replace(base, tables=Tables(ratings=now), history=tables, _memo={})


def with_known(ctx: Context, known: pd.DataFrame) -> Context:
    """The cell with an achievement table."""
    tables = replace(ctx.tables, achievements=known)
    scores = score(Tables(achievements=known), ctx.config)
    return replace(ctx, tables=tables, history=tables, scores=scores, _memo={})


def surface_of(ctx: Context) -> Finding:
    out = Collector("self_other", REGION, 2025)
    detect(ctx, out)
    return next(f for f in out.found if f.measure == "surface")


@pytest.mark.parametrize("later", [False, True])
def test_surface_has_the_planted_curvature(later: bool) -> None:
    ratings = world(3, {"Dinas": 2.0}, n_units=16)
    found = surface_of(with_outcome(ratings, curvature=-20.0, later=later))
    assert found.code == f"self_other.surface_{'later' if later else 'achievement'}" and found.status is Status.CLEAR
    assert found.estimate is not None and found.estimate.n == 128 and found.estimate.upper < 0
    assert found.params["a1"] > 0 and found.params["a4"] == found.estimate.value
    assert found.sentence("id") and found.sentence("en")
    straight = surface_of(with_outcome(ratings, curvature=0.0, later=later))
    assert straight.estimate is not None and straight.estimate.value == pytest.approx(0.0, abs=1e-6)
    assert straight.params["a1"] > 0 and straight.params["a3"] == pytest.approx(0.0, abs=1e-6)


def test_surface_needs_a_separate_outcome() -> None:
    ratings = world(3, {"Dinas": 2.0}, n_units=16)
    assert surface_of(context(ratings)).code == "self_other.surface_none"
    few = surface_of(with_outcome(ratings, curvature=-20.0, people=99))
    assert few.code == "self_other.surface_few" and few.params["have"] == 99
    ctx = with_outcome(ratings, curvature=-20.0)
    flat = with_known(ctx, ctx.tables.achievements.assign(realised=900.0))
    assert surface_of(flat).code == "self_other.surface_flat"


def test_smallest_difference_is_found_as_often_as_printed() -> None:
    """Every employee adds the printed points; 80 of 100 is promised."""
    clean = run(world(0, {"A": 0.0, "B": 0.0}))
    points = next(f for f in clean if f.measure == "smallest_effect").params["points"]
    hits = sum(region(run(world(s, {"A": points, "B": points}))).status is Status.FLAGGED for s in range(1, 16))
    assert 9 <= hits <= 14, (points, hits)


def test_self_ratings_are_compared_with_ratings_on_their_own_scale_only() -> None:
    ratings = world(3, {"A": 0.0})
    top = ratings["source"] == "supervisor"
    mixed = ratings.assign(score=ratings["score"].where(~top, ratings["score"] / 20),
                           scale_max=ratings["scale_max"].where(~top, 5.0))  # fmt: skip
    peers = region(run(ratings[~top].reset_index(drop=True))).estimate
    assert region(run(mixed)).estimate == peers
    alone = mixed[mixed["source"] != "peer"].reset_index(drop=True)
    assert region(run(alone)).code == "self_other.scales_differ"


def test_the_surface_too_leaves_other_scales_out() -> None:
    ratings = world(3, {"Dinas": 2.0}, n_units=16)
    top = ratings["source"] == "supervisor"
    mixed = ratings.assign(score=ratings["score"].where(~top, ratings["score"] / 20),
                           scale_max=ratings["scale_max"].where(~top, 5.0))  # fmt: skip
    peers = with_outcome(ratings[~top].reset_index(drop=True), curvature=-20.0)
    both = with_known(context(mixed), peers.tables.achievements)
    assert surface_of(both).estimate == surface_of(peers).estimate
