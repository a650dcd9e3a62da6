"""Leniency: hand-computed tables, planted raters, what must not matter, and what must be refused."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable, Tables, conform
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.detect._leniency_changes import changes, groups, steps
from kinerja_analysis.detect._leniency_export import bounds, tipping
from kinerja_analysis.detect._leniency_pairs import prior_variance, rater_variance, within_ratee
from kinerja_analysis.detect._role_spreads import role_spreads
from kinerja_analysis.detect._running import running
from kinerja_analysis.detect._team_share import between_share
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, thresholds
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.fits import components
from kinerja_analysis.detect.leniency import detect

REGION = "99.01"


def table(rows: list[tuple], *, scale: tuple[float, float] = (0.0, 100.0), period: str = "2025") -> pd.DataFrame:
    """A rating table from (ratee, rater, source, unit, score); one criterion."""
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "unit", "score"])
    head = {"year": int(period[:4]), "period": period, "region": REGION, "criterion": "c"}
    ends = {"scale_min": scale[0], "scale_max": scale[1], "row": [f"1:1:{i}" for i in range(len(frame))]}
    return conform("ratings", frame.assign(**head, **ends, opd="Dinas " + frame["unit"]))


def context(ratings: pd.DataFrame, appraisals: pd.DataFrame | None = None, **config: object) -> Context:
    tables = Tables(ratings=ratings) if appraisals is None else Tables(ratings=ratings, appraisals=appraisals)
    year = int(ratings["year"].max()) if len(ratings) else 2025
    now, history = tables.select(region=REGION, year=year), tables.select(region=REGION, until=year)
    design = design_of(now, history, REGION, year)
    return Context(now, history, ScoreTable(pd.DataFrame()), AuditConfig(**config), design, REGION, year)


def run(ratings: pd.DataFrame, appraisals: pd.DataFrame | None = None, **config: object) -> list[Finding]:
    ctx = context(ratings, appraisals, **config)
    out = Collector("leniency", ctx.region, ctx.year)
    detect(ctx, out)
    return out.found


def pick(found: list[Finding], **where: str) -> list[Finding]:
    return [f for f in found if all(getattr(f, k) == v for k, v in where.items())]


def units(
    seed: int,
    *,
    n_units: int = 30,
    sizes: tuple[int, int] = (6, 13),
    planted: dict[int, float] | None = None,
    cross: float = 0.0,
) -> pd.DataFrame:
    """Units of 6 to 12 with one supervisor and three peers each; leniency of peers SD 3, pair SD 6, employees SD 8.

    ``planted`` adds points to a unit's supervisor; supervisors are otherwise alike. ``cross`` of the peers come from
    other units.
    """
    g = np.random.default_rng(seed)
    size = g.integers(*sizes, n_units)
    names = [[f"U{u:02d}E{i:02d}" for i in range(size[u])] for u in range(n_units)]
    lenient = {name: g.normal(0, 3) for team in names for name in team}
    rows = []
    for u, team in enumerate(names):
        for name in team:
            truth = 60 + g.normal(0, 8)
            own = truth + (planted or {}).get(u, 0.0) + g.normal(0, 6)
            rows.append((name, f"S{u:02d}", "supervisor", f"U{u:02d}", own))
            mates = [m for m in team if m != name]
            for mate in g.choice(mates, 3, replace=False):
                if g.random() < cross:
                    other = names[(u + g.integers(1, n_units)) % n_units]
                    mate = other[g.integers(len(other))]
                rows.append((name, str(mate), "peer", f"U{u:02d}", truth + lenient[str(mate)] + g.normal(0, 6)))
            rows.append((name, name, "self", f"U{u:02d}", truth + 5 + g.normal(0, 6)))
    frame = table(rows).drop_duplicates(["ratee", "rater", "source"])
    return frame.reset_index(drop=True)


def five() -> list[tuple]:
    """One supervisor, five employees, two strangers each: differences 10, 5, 10, 5, 5."""
    rows = []
    for i, (own, others) in enumerate([(80, (75, 65)), (70, (65, 65)), (75, (60, 70)), (65, (60, 60)), (60, (50, 60))]):
        rows.append((f"E{i}", "S", "supervisor", "U", float(own)))
        rows += [(f"E{i}", f"P{i}{j}", "peer", "U", float(score)) for j, score in enumerate(others)]
        rows.append((f"E{i}", f"E{i}", "self", "U", 100.0))
    return rows


# --- known values ----------------------------------------------------------------------------------------------


def test_value_interval_and_p_value_by_hand() -> None:
    rater = pick(run(table(five())), measure="within_ratee", subject_kind="rater")[0]
    assert rater.estimate is not None
    assert rater.estimate.value == pytest.approx(7.0)  # mean of 10, 5, 10, 5, 5
    half = 2.7764451 * math.sqrt(7.5 / 5)  # t(4) at 97.5 %, variance 7.5
    assert (rater.estimate.lower, rater.estimate.upper) == pytest.approx((7 - half, 7 + half), abs=1e-6)
    sd = math.sqrt(250 / 4)  # supervisor's scores 80 70 75 65 60
    assert rater.params["sd"] == pytest.approx(sd)
    assert rater.threshold == pytest.approx(0.25 * sd)
    se = math.sqrt(1.5)
    p = reference.t.sf((7 - 0.25 * sd) / se, 4) + reference.t.sf((7 + 0.25 * sd) / se, 4)
    assert rater.p_value == pytest.approx(p, rel=1e-9)
    assert rater.status is Status.FLAGGED and rater.code == "leniency.lenient"


def test_scale_is_rescaled_to_hundred() -> None:
    small = [(a, b, c, d, e / 20) for a, b, c, d, e in five()]
    rater = pick(run(table(small, scale=(0.0, 5.0))), measure="within_ratee", subject_kind="rater")[0]
    assert rater.estimate is not None and rater.estimate.value == pytest.approx(7.0)


def test_self_ratings_never_count() -> None:
    changed = [(a, b, c, d, 0.0 if c == "self" else e) for a, b, c, d, e in five()]
    first, second = (pick(run(table(r)), subject_kind="rater")[0].estimate for r in (five(), changed))
    assert first == second


def test_constant_added_to_one_rater_moves_that_rater_by_it() -> None:
    ratings = units(1)
    shifted = ratings.assign(score=ratings["score"] + 7.0 * (ratings["rater"] == "S04"))
    before, after = (
        {f.subject: f.estimate.value for f in pick(run(r), measure="within_ratee", subject_kind="rater") if f.estimate}
        for r in (ratings, shifted)
    )
    for name, value in before.items():
        assert after[name] - value == pytest.approx(7.0 if name == "S04" else 0.0, abs=1e-9)


def test_rater_variance_of_round_robin() -> None:
    """Two raters with scores 55 and 45 on everybody: variance of (55, 45) with n - 1 is 50."""
    columns = {"ratee": list("aabb"), "rater": ["r", "s"] * 2, "score": [55.0, 45, 65, 55]}
    frame = pd.DataFrame({"period": "2025", **columns})
    assert rater_variance(frame) == pytest.approx(50.0)
    assert math.isnan(rater_variance(frame.iloc[:2]))


def test_rater_variance_is_unbiased() -> None:
    """Variance 9 in a sparse nested design with employees of SD 8 and pair errors of SD 6; Monte Carlo, 3.5 SE."""
    found = []
    for seed in range(40):
        rows = units(seed, n_units=15)
        found.append(rater_variance(rows[rows["source"] == "peer"]))
    assert np.mean(found) == pytest.approx(9.0, abs=3.5 * np.std(found) / math.sqrt(40))


def test_prior_variance_recovers_its_inputs() -> None:
    """Smyth (2004): s² ~ s0² F(d, d0). With d0 = 10, s0² = 4 and 4,000 raters the moments come back."""
    g = np.random.default_rng(3)
    d = np.full(4000, 7.0)
    s2 = 4.0 * reference.f.rvs(7, 10, size=4000, random_state=g)
    d0, s0 = prior_variance(s2, d)
    assert d0 == pytest.approx(10, rel=0.15)
    assert s0 == pytest.approx(4, rel=0.05)


def test_between_share_by_hand() -> None:
    """Teams (1, 1) and (3, 5): mean squares 9 and 1, so (9 - 1) / (9 + 1)."""
    assert float(between_share(np.array([2.0, 4, 8, 10, 34, 36]))) == pytest.approx(0.8)


def test_components_are_numbered_by_size() -> None:
    names, number = components(pd.DataFrame({"ratee": list("abbc"), "rater": ["r", "s", "t", "t"]}))
    assert dict(zip(names, number.tolist(), strict=True)) == {"r": 1, "s": 0, "t": 0}


# --- planted and honest ------------------------------------------------------------------------------------------


def test_planted_raters_are_found_and_named() -> None:
    found = run(units(5, planted={3: 16.0, 8: -16.0}))
    flagged = {f.subject: f.code for f in pick(found, subject_kind="rater") if f.status is Status.FLAGGED}
    assert flagged == {"S03": "leniency.lenient", "S08": "leniency.strict"}
    region = pick(found, measure="within_ratee", subject_kind="region", scope="multisource")[0]
    assert region.status is Status.FLAGGED and region.code == "leniency.inside_groups"
    assert (region.params["flagged"], region.params["family"]) == (2, 30)
    lenient = pick(found, subject="S03")[0]
    assert 0 < lenient.params["shrunken"] < lenient.estimate.value and lenient.params["posterior"] > 0.9


def test_honest_regions_stay_clean() -> None:
    flags = 0
    for seed in range(8):
        found = within_ratee(context(units(seed)).pairs, delta_sd=0.25, min_ratees=5)
        flags += int((found.judged["p_adjusted"] <= 0.10).sum())
    assert flags == 0  # 240 raters without a difference; the minimal-effect rule flags far below 10 %


def test_what_all_supervisors_share_names_nobody() -> None:
    everyone = {u: 12.0 for u in range(30)}
    found = run(units(2, planted=everyone))
    assert not [f for f in pick(found, subject_kind="rater") if f.status is Status.FLAGGED]
    average = pick(found, measure="source_difference")[0]
    assert average.estimate is not None and average.estimate.lower > 9


def test_spread_holds_the_planted_one_and_no_more() -> None:
    g = np.random.default_rng(0)
    planted = {u: float(v) for u, v in enumerate(g.normal(0, 6, 60))}
    truth = np.std(list(planted.values()), ddof=1)
    spread = pick(run(units(4, n_units=60, planted=planted)), measure="spread")[0]
    assert spread.estimate is not None
    assert spread.params["points"] == pytest.approx(truth, rel=0.25)
    none = pick(run(units(4, n_units=60)), measure="spread")[0]
    assert none.estimate is not None and none.estimate.lower < 0.05 and none.params["points"] < 2.5


# --- what must not matter ----------------------------------------------------------------------------------------


def answers(found: list[Finding]) -> dict[tuple[str, str, str], tuple[str, float]]:
    return {
        (f.measure, f.subject, f.scope): (f.code, round(f.estimate.value, 8) if f.estimate else math.inf) for f in found
    }


def test_constant_added_to_one_component_changes_nothing() -> None:
    ratings = units(5, planted={3: 16.0})
    shifted = ratings.assign(score=ratings["score"] + 25.0 * (ratings["unit"] == "U05"))
    a, b = ([f for f in run(r) if f.measure != "fair_average"] for r in (shifted, ratings))
    assert answers(a) == answers(b)


def test_fair_averages_stand_beside_and_flag_nobody() -> None:
    """A second model on the same rows: the planted raters lie 16 points above and below those linked with them."""
    found = run(units(5, planted={3: 16.0, 8: -16.0}))
    fair = pick(found, measure="fair_average", subject_kind="rater")
    judged = [f for f in pick(found, measure="within_ratee", subject_kind="rater") if f.estimate is not None]
    assert {f.subject for f in fair} == {f.subject for f in judged}
    assert {f.status for f in fair} == {Status.CLEAR}
    apart = {f.subject: f.params["apart"] for f in fair}
    assert max(apart, key=apart.__getitem__) == "S03" and min(apart, key=apart.__getitem__) == "S08"
    assert all((f.params["logit"] > 0) == (f.params["apart"] > 0) for f in fair if f.subject in ("S03", "S08"))
    region = pick(found, measure="fair_average", subject_kind="region")[0]
    assert region.code == "leniency.fair_flagged" and region.estimate is not None
    assert (region.estimate.value, region.params["flagged"]) == (2, 2)


def test_row_order_and_names_do_not_matter() -> None:
    ratings = units(5, planted={3: 16.0})
    mixed = ratings.sample(frac=1, random_state=1).reset_index(drop=True)
    assert answers(run(mixed)) == answers(run(ratings))
    renamed = ratings.assign(**{c: "Z" + ratings[c].str[::-1] for c in ("ratee", "rater")})
    back = {(m, "Z" + s[::-1] if s != REGION else s, k): v for (m, s, k), v in answers(run(ratings)).items()}
    assert answers(run(renamed)) == back


def test_input_is_not_changed_and_rows_belong_to_the_rater() -> None:
    ratings = units(5, planted={3: 16.0})
    copy = ratings.copy(deep=True)
    found = run(ratings)
    pd.testing.assert_frame_equal(ratings, copy)
    owner = ratings.set_index("row")["rater"]
    for f in pick(found, subject_kind="rater"):
        assert f.rows and set(owner[list(f.rows)]) == {f.subject}


# --- design verdicts ---------------------------------------------------------------------------------------------


def test_one_bridge_is_too_weak_and_many_are_linked() -> None:
    ratings = units(6, planted={3: 16.0})
    bridge = ratings[ratings["source"] == "peer"].iloc[[0]].assign(rater="U20E00", row="1:1:99999")
    weak = run(pd.concat([ratings, bridge], ignore_index=True))
    region = pick(weak, measure="within_ratee", subject_kind="region", scope="multisource")[0]
    assert region.code == "leniency.too_weak" and region.params["h"] > 5
    assert "±" in region.sentence("id")
    linked = run(units(6, n_units=8, sizes=(25, 31), cross=0.8))
    region = pick(linked, measure="within_ratee", subject_kind="region", scope="multisource")[0]
    assert region.code == "leniency.linked"
    spread = pick(linked, measure="spread_linked")[0]
    assert spread.estimate is not None and spread.params["points"] == pytest.approx(3.0, abs=1.0)
    told = pick(weak, measure="spread_linked")[0].estimate  # the spread is what weak links do tell
    assert told is not None and told.lower < told.value < told.upper
    assert not pick(run(ratings), measure="spread_linked")


def test_smallest_effect_is_told_and_shrinks_with_more_employees() -> None:
    few = pick(run(units(7, n_units=10)), measure="smallest_effect")[0]
    assert few.estimate is not None and few.status is Status.CLEAR
    assert few.params["best"] <= few.estimate.value and few.params["family"] == 10
    assert few.estimate.value > few.params["sd"] * 0.25


# --- refusals ----------------------------------------------------------------------------------------------------


def test_empty_input_is_not_applicable() -> None:
    found = run(table([]))
    assert {(f.scope, f.status) for f in found} == {
        ("ekinerja", Status.NOT_APPLICABLE), ("multisource", Status.NOT_APPLICABLE)
    }  # fmt: skip


def test_one_rater_per_employee_is_not_identified() -> None:
    rows = [r for r in five() if r[2] in ("supervisor", "self")]
    found = [f for f in run(table(rows)) if f.scope == "multisource"]
    assert [(f.code, f.status) for f in found] == [("leniency.one_rater", Status.NOT_APPLICABLE)]


def test_too_few_employees_are_insufficient_never_clear() -> None:
    found = [f for f in run(table([r for r in five() if r[0] != "E4"])) if f.scope == "multisource"]
    assert {f.status for f in found} == {Status.INSUFFICIENT}
    assert pick(found, subject="S")[0].params["have"] == 4


def test_constant_scores_say_no_variation() -> None:
    found = run(table([(a, b, c, d, 70.0) for a, b, c, d, _ in five()]))
    assert [f.code for f in found if f.scope == "multisource"] == ["leniency.no_variation"]


def test_without_supervisors_every_rater_is_examined() -> None:
    ratings = units(9)
    found = run(ratings[ratings["source"] != "supervisor"].reset_index(drop=True))
    assert pick(found, measure="within_ratee", subject_kind="rater")
    assert not pick(found, measure="source_difference")


# --- the export --------------------------------------------------------------------------------------------------


def export(teams: dict[tuple[str, str, str], list[int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and appraisals from (period, unit, supervisor) -> levels of the employees 0, 1, …"""
    ratings, appraisals = [], []
    for (period, unit, supervisor), levels in teams.items():
        for i, level in enumerate(levels):
            head = {"year": int(period[:4]), "period": period, "region": REGION, "unit": unit, "opd": "Dinas"}
            row = f"1:1:{len(appraisals)}"
            person = f"{unit}E{i}"
            appraisals.append({**head, "person": person, "supervisor": supervisor, "status": "rated",
                               "predikat": PREDIKAT[level], "row": row})  # fmt: skip
            for criterion in ("hasil_kerja", "perilaku_kerja"):
                ratings.append({**head, "ratee": person, "rater": supervisor, "source": "supervisor", "score": 2.0,
                                "criterion": criterion, "scale_min": 1.0, "scale_max": 3.0, "row": row})  # fmt: skip
    return conform("ratings", pd.DataFrame(ratings)), conform("appraisals", pd.DataFrame(appraisals))


def rotation() -> dict[tuple[str, str, str], list[int]]:
    """24 units of three; in 12 the supervisor changes, six means go up by one level, six down."""
    teams = {}
    for u in range(24):
        low, high = [2, 3, 3], [3, 4, 4]
        start, end = (low, high) if u < 6 else (high, low) if u < 12 else (low, low)
        teams["2024", f"U{u:02d}", f"S{u:02d}"] = start
        teams["2025", f"U{u:02d}", f"S{u:02d}" if u >= 12 else f"T{u:02d}"] = end
    return teams


def test_one_year_export_gives_bounds_only() -> None:
    levels = [[3, 3, 3, 4], [3, 3, 2, 3], [4, 4, 3, 4], [3, 3, 3, 3], [3, 4, 3, 3], [2, 3, 3, 3]]
    found = run(*export({("2025", f"U{u}", f"S{u}"): v for u, v in enumerate(levels)}))
    plain = pick(found, measure="within_ratee", scope="ekinerja")[0]
    assert plain.code == "leniency.not_identified"
    assert plain.sentence("id").endswith("setiap predikat diberikan oleh satu atasan saja.")
    assert plain.sentence("en").endswith("each predikat is given by one supervisor only.")
    bound = pick(found, measure="bounds")[0]
    frame = pd.DataFrame([(u, x) for u, v in enumerate(levels) for x in v], columns=["u", "x"])
    groups = [g["x"].to_numpy() for _, g in frame.groupby("u")]
    f = reference.f_oneway(*groups).statistic
    assert bound.estimate is not None
    assert bound.estimate.value == pytest.approx((f - 1) / (f - 1 + 4))  # balanced: ICC(1)
    assert bound.estimate.lower <= bound.estimate.value <= bound.estimate.upper
    assert pick(found, measure="supervisor_change")[0].status is Status.NOT_APPLICABLE
    assert not pick(found, subject_kind="rater")


def test_upper_bound_holds_with_thirty_teams_that_differ_in_leniency_only() -> None:
    """The truth is then the whole share between teams. 300 runs; a jackknife of the share itself missed .10."""
    latent, missed, truth = 0.35, 0, 0.0432  # of a 0/1 rating with 11.3 % at 1: (Φ₂(t, t; r) − m²)/(m(1 − m))
    limit = float(reference.norm.ppf(0.887)) * np.sqrt(1 + latent**2)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        level = (rng.normal(size=(30, 8)) + latent * rng.normal(size=(30, 1)) > limit).astype(float)
        rows = {"level": level.ravel(), "supervisor": np.repeat(np.arange(30), 8), "period": "2025"}
        said: list[float] = []
        out = SimpleNamespace(add=lambda *_, estimate, said=said, **__: said.append(estimate.upper))
        ctx = SimpleNamespace(teams=pd.DataFrame(rows), config=SimpleNamespace(level=0.95))
        bounds(ctx, out)  # type: ignore[arg-type]
        missed += said[0] < truth
    assert missed / 300 < 0.08


def told(k: np.ndarray, n: int) -> dict[str, Finding]:
    """What is said of the place of teams with k of n at the top, by supervisor."""
    levels = {("2025", f"U{i}", f"S{i:04d}"): [4] * int(v) + [3] * int(n - v) for i, v in enumerate(k)}
    out = Collector("leniency", REGION, 2025)
    tipping(context(*export(levels)), out)
    return {f.subject: f for f in out.found}


def test_place_of_a_team_is_that_of_its_posterior() -> None:
    """Shares uniform (a = b = 1 in the limit): a team with 20 of 20 lies at 1 − median of Beta(21, 1) from the top."""
    k = np.repeat(np.arange(21), 20)  # exactly the beta-binomial with a = b = 1: all 21 counts equally often
    best = told(k, 20)["S0419"]
    assert best.code == "leniency.tipping_best" and best.status is Status.CLEAR and best.estimate is not None
    e = best.estimate
    for value, q in ((e.value, 0.5), (e.upper, 0.025), (e.lower, 0.975)):
        assert value == pytest.approx(1 - q ** (1 / 21), abs=0.004)


def test_range_of_the_place_holds_the_true_one() -> None:
    """400 teams of 20 with true shares Beta(1, 7): of those told, 95 % of the ranges hold the team's true place."""
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(4):
        share = rng.beta(1, 7, 400)
        for name, f in told(rng.binomial(20, share), 20).items():
            if name.startswith("S"):
                place = reference.beta.sf(share[int(name[1:])], 1, 7)
                place = place if f.code == "leniency.tipping_best" else 1 - place
                assert f.estimate is not None
                hits.append(f.estimate.lower <= place <= f.estimate.upper)
    assert len(hits) > 40
    assert np.mean(hits) > 0.95 - 3 * math.sqrt(0.95 * 0.05 / len(hits))


def test_places_need_teams_that_differ() -> None:
    assert told(np.full(30, 2), 20)[REGION].code == "leniency.tipping_none"


def test_everyone_baik_is_zero_variation() -> None:
    found = run(*export({("2025", f"U{u}", f"S{u}"): [3, 3, 3] for u in range(6)}))
    assert pick(found, measure="bounds")[0].code == "leniency.bounds_constant"


def test_changes_of_supervisor_give_the_spread_and_name_nobody() -> None:
    found = run(*export(rotation()))
    spread = pick(found, measure="supervisor_change")[0]
    assert spread.estimate is not None and spread.params["n_changed"] == 12
    assert spread.params["steps"] == pytest.approx(math.sqrt(0.5))  # E[d²] = 1 where changed, 0 where not; 2σ² = 1
    inside = math.sqrt((2 / 3) / 2)  # levels (2, 3, 3): sum of squares 2/3 on 2 degrees of freedom
    assert spread.estimate.value == pytest.approx(math.sqrt(0.5) / inside)
    assert not pick(found, subject_kind="rater")


@pytest.mark.parametrize("code", ["change_spread", "move_spread"])
def test_a_spread_from_changes_begins_with_what_it_rests_on(code: str) -> None:
    """Where those who did badly get another supervisor, the spread is none of leniency: the if comes first."""
    told = messages()[f"leniency.{code}"]
    start = {"change_spread": ("Jika pergantian atasan tidak mengikuti", "If changes of supervisor do not follow"),
             "move_spread": ("Jika perpindahan tidak mengikuti", "If moves do not follow changes")}  # fmt: skip
    assert told["id"].startswith(start[code][0]) and told["en"].startswith(start[code][1])
    assert "Anggapan" not in told["id"] and "Assumption" not in told["en"]


def test_only_employees_who_stay_count() -> None:
    """A newcomer with a top rating in the changed unit must not look like leniency of the new supervisor."""
    ratings, appraisals = export({("2024", "U", "S"): [3, 3, 3], ("2025", "U", "T"): [3, 3, 3, 4]})
    ctx = context(ratings, appraisals)
    teams = Context(ctx.history, ctx.history, ctx.scores, ctx.config, ctx.design, REGION, 2025).teams
    found = groups(steps(teams))
    assert found[["before", "after", "mean", "size"]].to_numpy().tolist() == [["S", "T", 0.0, 3]]


def test_few_changes_are_insufficient() -> None:
    teams = {k: v for k, v in rotation().items() if k[1] >= "U06"}
    found = run(*export(teams))
    change = pick(found, measure="supervisor_change")[0]
    assert change.status is Status.INSUFFICIENT and change.params["n_changed"] == 6


def test_single_movers_are_compared_one_by_one() -> None:
    """All who changed moved alone, all teams that stayed have three; what is seen in one person stays in.

    36 who stay: six move by 1, mean 1/6, mean square about it 5/35. Twelve who change: six by 1: 13/36 about 1/6, of
    which 1/7/36 is the error of that mean. 2σ² = 13/36 − 1/7 − 1/252 = 54/252.
    """
    teams = {}
    for u in range(24):
        teams["2024", f"U{u:02d}", f"S{u:02d}"] = [3] if u < 12 else [2, 3, 3]
        after = [4 if u % 2 else 3] if u < 12 else [3, 3, 3] if u % 2 else [2, 3, 3]
        teams["2025", f"U{u:02d}", f"T{u:02d}" if u < 12 else f"S{u:02d}"] = after
    found = run(*export(teams))
    change = pick(found, measure="supervisor_change")[0]
    assert change.status is Status.CLEAR and change.code.startswith("leniency.move_")
    assert change.params["n_changed"] == 12 and change.params["steps"] == pytest.approx(math.sqrt(54 / 252 / 2))


@pytest.mark.parametrize(("dip", "code"), [(0, "check_even"), (1, "check_differs")])
def test_the_period_before_a_change_is_checked(dip: int, code: str) -> None:
    """Forty units of four over three years, half with another supervisor in the last; those may dip a year before."""
    g, teams = np.random.default_rng(4), {}
    for u in range(40):
        for year in range(3):
            levels = g.integers(2, 5, 4) - dip * (u < 20 and year == 1)
            teams[str(2023 + year), f"U{u:02d}", f"{'T' if u < 20 and year == 2 else 'S'}{u:02d}"] = levels.tolist()
    change = pick(run(*export(teams)), measure="change_check")[0]
    assert (change.code, change.status) == (f"leniency.{code}", Status.CLEAR)
    assert change.estimate.lower < change.estimate.value < change.estimate.upper and change.params["n_check"] == 20
    spread = pick(run(*export(teams)), measure="supervisor_change")[0]
    unsafe = ("leniency.change_unsafe", Status.INSUFFICIENT)
    assert ((spread.code, spread.status) == unsafe) == bool(dip), "no leniency from changes that follow performance"


def test_a_unit_with_another_name_is_the_same_unit() -> None:
    plain = pick(run(*export(rotation())), measure="supervisor_change")[0]
    ratings, appraisals = export(rotation())
    for frame in (ratings, appraisals):
        frame["unit"] = frame["unit"] + np.where(frame["period"] == "2025", " baru", "")
    named = pick(run(ratings, appraisals), measure="supervisor_change")[0]
    assert (named.code, named.estimate) == (plain.code, plain.estimate) and named.params["n_changed"] == 12
    ratings, appraisals = export(rotation())
    for frame in (ratings, appraisals):  # half of each team goes to a unit that was there before: no new name
        half = (frame["period"] == "2025") & frame["row"].str[-1].isin(list("02468"))
        frame["unit"] = frame["unit"].mask(half, "U00")
    assert pick(run(ratings, appraisals), measure="supervisor_change")[0].params["n_changed"] < 12


def test_an_annual_export_beside_quarters_takes_nothing_away() -> None:
    quarters = {(f"{2025}-Q{1 + (period == '2025')}", *rest): v for (period, *rest), v in rotation().items()}
    alone = pick(run(*export(quarters)), measure="supervisor_change")[0]
    annual = {("2025", unit, name): v for (period, unit, name), v in rotation().items() if period == "2025"}
    both = pick(run(*export(quarters | annual)), measure="supervisor_change")[0]
    assert alone.params["n_changed"] == 12 and (both.code, both.estimate) == (alone.code, alone.estimate)
    years = {(str(int(period) - 1), *rest): v for (period, *rest), v in rotation().items()}
    told = pick(run(*export(years | quarters)), measure="supervisor_change")[0]
    assert told.params["n_changed"] == 12, "two years are there: annual ratings, as before"


def test_two_periods_have_none_before_a_change() -> None:
    change = pick(run(*export(rotation())), measure="change_check")[0]
    assert change.code == "leniency.check_few" and change.params["n_check"] == 0


def test_running_numbers_of_periods() -> None:
    assert running(pd.Series(["2024", "2025"])).tolist() == [2024, 2025]
    assert running(pd.Series(["2024-12", "2025-01"])).diff().iloc[1] == 1


def test_changes_without_history_have_a_reason() -> None:
    ratings, appraisals = export({("2025", "U", "S"): [3, 3, 4]})
    fit, sd = changes(context(ratings, appraisals).teams, min_changes=10, level=0.95)
    assert fit.reason == "empty" and sd == pytest.approx(math.sqrt((2 / 3) / 2))


# --- single supervisors from changes -------------------------------------------------------------------------------


def rotations(seed: int, *, planted: int = 0, n_units: int = 80, share: float = 0.4, periods: int = 5) -> dict:
    """Units of 5 to 11 employees; each year a share of the supervisors moves on to the next of the units drawn.

    Employees SD 0.7 (in units of 0.45 levels), units SD 0.4, a supervisor's view of an employee SD 0.5, a year's noise
    SD 0.5. ``planted`` supervisors (the first of those who exchange most) rate one predikat level higher.
    """
    g = np.random.default_rng(seed)
    size, leads = g.integers(5, 12, n_units), [np.arange(n_units)]
    for _ in range(1, periods):
        moved, lead = g.choice(n_units, round(share * n_units), replace=False), leads[-1].copy()
        lead[moved] = leads[-1][np.roll(moved, 1)]
        leads.append(lead)
    quality = [g.normal(0, 0.4) + g.normal(0, 0.7, k) for k in size]
    moves = sum(np.bincount(np.r_[a[a != b], b[a != b]], minlength=n_units) for a, b in pairwise(leads))
    lenient = np.isin(np.arange(n_units), np.argsort(-moves, kind="stable")[:planted])
    view = {(u, s): g.normal(0, 0.5, size[u]) for u in range(n_units) for s in range(n_units)}
    teams = {}
    for year, lead in enumerate(leads):
        for u, s in enumerate(lead):
            level = 2.7 + 0.45 * (quality[u] + view[u, s] + g.normal(0, 0.5, size[u])) + lenient[s]
            name = f"{'L' if lenient[s] else 'S'}{s:02d}"
            teams[str(2021 + year), f"U{u:02d}", name] = np.clip(np.round(level), 0, 4).astype(int).tolist()
    return teams


def changers(found: list[Finding]) -> tuple[Finding, list[Finding]]:
    """The region's sentence on single supervisors, and those about supervisors."""
    some = pick(found, measure="change_rater")
    return pick(some, subject_kind="region")[0], pick(some, subject_kind="rater")


def test_supervisors_who_are_alike_are_not_named() -> None:
    for seed in range(4):
        region, each = changers(run(*export(rotations(seed))))
        assert (region.code, region.status) == ("leniency.changer", Status.CLEAR)
        assert {f.code for f in each} == {"leniency.changer_not_shown", "leniency.changer_less"}
        assert region.params["family"] == len([f for f in each if f.estimate is not None])


def test_lenient_supervisors_are_named_and_their_successors_are_not() -> None:
    for seed in range(4):
        region, each = changers(run(*export(rotations(seed, planted=3))))
        flagged = [f for f in each if f.status is Status.FLAGGED]
        assert {f.subject for f in flagged} == {f.subject for f in each if f.subject.startswith("L")}
        assert {f.code for f in flagged} == {"leniency.changer_lenient"} and region.params["flagged"] == 3
        for f in flagged:
            assert f.estimate is not None and f.estimate.lower < f.estimate.value < f.estimate.upper
            assert f.params["changes"] >= f.params["counterparts"] >= 3 and f.rows


def test_strict_supervisors_are_named_too() -> None:
    teams = {k: [4 - x for x in v] for k, v in rotations(1, planted=3).items()}
    _, each = changers(run(*export(teams)))
    assert {f.code for f in each if f.status is Status.FLAGGED} == {"leniency.changer_strict"}


def test_names_and_row_order_do_not_matter_to_changers() -> None:
    ratings, appraisals = export(rotations(2, planted=3))
    _, each = changers(run(ratings, appraisals))
    other = dict(zip(sorted(set(ratings["rater"])), np.random.default_rng(1).permutation(500), strict=False))
    other = {a: f"X{b:03d}" for a, b in other.items()}
    mixed = appraisals.assign(supervisor=appraisals["supervisor"].map(other)).sample(frac=1, random_state=1)
    renamed = ratings.assign(rater=ratings["rater"].map(other)).sample(frac=1, random_state=2)
    _, again = changers(run(conform("ratings", renamed), conform("appraisals", mixed)))
    values = {f.subject: (f.code, f.estimate and round(f.estimate.lower, 9), f.rows) for f in again}
    assert {other[f.subject]: (f.code, f.estimate and round(f.estimate.lower, 9), f.rows) for f in each} == values


def test_one_change_each_names_nobody_and_says_what_is_needed() -> None:
    region, each = changers(run(*export(rotation())))
    assert (region.code, region.status) == ("leniency.changer_few", Status.INSUFFICIENT) and not each
    assert region.params["most"] == 2 and region.params["minimum"] == 3


def test_without_spare_comparisons_the_precision_is_not_known() -> None:
    """Twelve supervisors linked as a tree: one of them follows eleven others, once each."""
    teams = {}
    for u in range(24):
        for year in ("2024", "2025"):
            name = "T" if u < 11 and year == "2025" else f"S{u:02d}"
            teams[year, f"U{u:02d}", name] = [2, 3, 3] if (u + int(year)) % 3 else [3, 3, 4]
    region, each = changers(run(*export(teams)))
    assert (region.code, region.status) == ("leniency.changer_noise", Status.INSUFFICIENT) and not each
    assert region.params["freedom"] == 0


def test_names_are_withheld_where_changes_follow_performance() -> None:
    teams = rotations(0, planted=3)
    leads = {(year, unit): name for year, unit, name in teams}
    for (year, unit, name), levels in teams.items():
        if leads.get((str(int(year) + 1), unit), name) != name:  # the year before a change is a bad one
            teams[year, unit, name] = [max(x - 1, 0) for x in levels]
    found = run(*export(teams))
    assert pick(found, measure="change_check")[0].code == "leniency.check_differs"
    region, each = changers(found)
    assert (region.code, region.status) == ("leniency.changer_unsafe", Status.INSUFFICIENT) and not each


# --- words and form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [k for k in messages() if k.startswith("leniency.")])
def test_messages_have_equal_placeholders(key: str) -> None:
    entry = messages()[key]
    assert placeholders(entry["id"]) == placeholders(entry["en"])


def test_every_sentence_can_be_said_and_no_number_is_naked() -> None:
    ratings, appraisals = export(rotation())
    several = units(5, planted={3: 16.0})
    known = (run(pd.concat([ratings, several], ignore_index=True), appraisals), run(table(five())))
    for found in (*known, run(*export(rotations(0, planted=3)))):
        for f in found:
            for lang in ("id", "en"):
                text = f.sentence(lang)
                assert text and "{" not in text and not re.search(r"\bnan\b", text.lower())
            if f.estimate is not None:
                assert f.estimate.n > 0 and f.estimate.unit and f.estimate.method and math.isfinite(f.estimate.value)
            if f.status in (Status.INSUFFICIENT, Status.NOT_APPLICABLE):
                assert f.estimate is None
            json.loads(json.dumps(dict(f.params), allow_nan=False))


def test_thresholds_have_source_and_date_and_can_be_changed() -> None:
    assert thresholds("leniency") == ["delta", "min_ratees", "min_cases", "min_changes", "min_left_out", "tipping",
                                      "widest", "min_counterparts", "min_part"]  # fmt: skip
    strict = pick(run(table(five()), thresholds={"leniency.delta": 2.0}), subject_kind="rater")[0]
    assert strict.status is Status.CLEAR and strict.threshold == pytest.approx(2 * math.sqrt(62.5))


def test_within_ratee_with_nothing_to_compare() -> None:
    pairs = context(table([r for r in five() if r[2] == "supervisor"])).pairs
    found = within_ratee(pairs, delta_sd=0.25, min_ratees=5)
    assert found.raters.empty and found.judged.empty


@pytest.mark.parametrize("code", ["smallest_effect", "smallest_case"])
def test_the_best_compared_rater_is_not_said_to_have_most_employees(code: str) -> None:
    """Two raters of as many employees differ in what can be found of them: others rate theirs more or less often."""
    text = messages()[f"leniency.{code}"]
    assert "paling banyak" not in text["id"] and "most" not in text["en"].replace("most precisely", "")


def test_levels_of_two_forms_are_not_compared() -> None:
    ratings = units(5, planted={3: 16.0})
    top = ratings["source"] == "supervisor"
    five = ratings.assign(score=(ratings["score"] / 20).where(~top, ratings["score"]), scale_max=100.0)
    mixed = five.assign(scale_max=five["scale_max"].where(top, 5.0))
    found = run(mixed)
    told = pick(found, measure="source_difference")[0]
    assert told.code == "leniency.scales_differ" and "0–100" in told.sentence("id") and "0–5" in told.sentence("id")
    assert pick(run(ratings), measure="source_difference")[0].code == "leniency.average"
    assert {f.subject for f in pick(found, subject_kind="rater") if f.status.name == "FLAGGED"} == {"S03"}


def test_peers_who_copy_the_supervisor_are_no_other_raters() -> None:
    """Half of the peers of one lenient supervisor repeat his scores: among them he would look half as lenient."""
    g = np.random.default_rng(8)
    plain = units(8, planted={3: 16.0})
    both = pd.concat([plain.assign(criterion=c, score=(plain["score"] + g.normal(0, 3, len(plain))).round())
                      for c in ("a", "b", "c")], ignore_index=True)  # fmt: skip
    both["row"] = [f"1:1:{i}" for i in range(len(both))]
    top = both[both["source"] == "supervisor"].set_index(["ratee", "criterion"])["score"]
    mine = (both["unit"] == "U03") & (both["source"] == "peer")
    raters = both.loc[mine, "rater"].drop_duplicates().sort_values()
    mine &= both["rater"].isin(raters[: len(raters) // 2])
    same = top.reindex(pd.MultiIndex.from_frame(both[["ratee", "criterion"]])).to_numpy()
    copied = both.assign(score=both["score"].where(~mine, same))
    one = {"subject_kind": "rater", "subject": "S03", "measure": "within_ratee"}
    honest, told = pick(run(both), **one)[0], pick(run(copied), **one)[0]
    assert honest.status is Status.FLAGGED and told.status is Status.FLAGGED
    assert told.estimate is not None and told.estimate.lower < 16 < told.estimate.upper


@pytest.mark.parametrize("sd", [0.0, 8.0])
def test_supervisors_and_other_raters_have_a_spread_each(sd: float) -> None:
    """Peers' leniency SD 3 in all of them, supervisors' 0 or 8: neither number moves the other."""
    held = 0
    for seed in range(5):
        g = np.random.default_rng(50 + seed)
        own = context(units(seed, n_units=24, planted={u: g.normal(0, sd) for u in range(24)}))
        found = role_spreads(own)
        held += found["rater"][1] <= 3 <= found["rater"][2]
        held += found["supervisor"][1] <= sd <= found["supervisor"][2]
        assert abs(found["supervisor"][0] - sd) < 3
    assert held >= 8
    assert role_spreads(context(units(1, n_units=6))) == {}, "fewer than eight supervisors"
