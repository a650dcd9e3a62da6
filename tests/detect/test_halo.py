"""Halo: slopes by hand, planted raters, raters with a profile of their own, refusals, what must not matter."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.tables import ScoreTable
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect import cells_of, contexts
from kinerja_analysis.detect.contract import Collector, threshold, thresholds
from kinerja_analysis.detect.halo import smallest_effect
from kinerja_analysis.detect.profiles import compared, profile, profiles
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

NAME = "halo"
LEAST = {"min_criteria": 3, "min_raters_per_ratee": 3, "min_ratees": 8}
SHAPE = np.array([-6.0, -3.0, 0.0, 2.0, 7.0])


def world(
    seed: int,
    slopes: list[float],
    *,
    size: int = 12,
    peers: int = 3,
    shape: np.ndarray = SHAPE,
    own: dict[int, np.ndarray] | None = None,
) -> pd.DataFrame:
    """One team per slope: the supervisor gives slope x the criteria's profile, three peers all of it; noise SD 3."""
    g = np.random.default_rng(seed)
    rows = []
    for t, slope in enumerate(slopes):
        for i in range(size):
            name, merit = f"T{t:02d}E{i:02d}", g.normal(55, 6)
            raters = [(f"S{t:02d}", "supervisor", (own or {}).get(t, slope * shape))]
            raters += [(f"T{t:02d}E{(i + k) % size:02d}", "peer", shape) for k in range(1, peers + 1)]
            raters.append((name, "self", 0 * shape))
            for rater, source, profile_ in raters:
                detail = profile_ + g.normal(0, 3, shape.size) * (slope > 0 or source != "supervisor")
                values = np.clip(merit + g.normal(0, 4) + detail, 0, 100)
                rows += [(name, rater, source, f"c{k}", float(v)) for k, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])


def test_slope_and_jackknife_by_hand() -> None:
    """Two ratees, two criteria: others (1, −1) and (3, −3), own (1, −1) and (1, −1).

    Means (2, −2) and (1, −1): slope 4/8. Without the first: (3·1 + 3·1)/(9 + 9) = 1/3, without the second 1: the SE
    is √(1/2 · 2 · (1/3)²) = 1/3.
    """
    found = profile("a", np.array([[1.0, -1], [3, -3]]), np.array([[1.0, -1], [1, -1]]))
    assert (found.slope, found.se) == pytest.approx((0.5, 1 / 3))
    assert (found.spread, found.others) == pytest.approx((np.sqrt(2), np.sqrt(8)))
    # variance over ratees 2 per criterion, sampling variance of the means 2·2/2 = 2, of 8
    assert found.reliability == pytest.approx(1 - 2 / 8)


def test_raters_of_a_ratee_are_counted_and_left_out(make_cell) -> None:
    rows = world(1, [1.0], size=8, peers=2)
    found, few = profiles(*compared(make_cell(pairs=rows).multisource, 3, 3), min_ratees=8)
    assert [p.rater for p in found] == ["S00"] and few == 8 and found[0].n == 8
    few_raters = make_cell(pairs=world(1, [1.0], size=8, peers=1)).multisource
    assert profiles(*compared(few_raters, 3, 3), min_ratees=8) == ([], 0)
    wide = rows.pivot(index=["ratee", "rater", "source"], columns="criterion", values="score")
    others = wide.xs("peer", level="source").groupby("ratee").mean().mean()
    own = wide.xs("supervisor", level="source").mean()
    x, y = others - others.mean(), own - own.mean()
    assert found[0].slope == pytest.approx(float(x @ y / (x @ x)))  # leave-out: self and the own score do not enter


def test_planted_halo_is_found_and_the_others_are_not(make_cell, run_detector) -> None:
    slopes = [0.0 if t < 6 else 1.0 for t in range(16)]
    result = run_detector(NAME, make_cell(pairs=world(2, slopes)))
    flagged = {f.subject for f in result.findings(subject_kind="rater", status="FLAGGED")}
    assert flagged == {f"S{t:02d}" for t in range(6)}
    verdict = result.first(subject_kind="region", scope="multisource")
    assert verdict.status is Status.FLAGGED and (verdict.params["flagged"], verdict.params["family"]) == (6, 16)
    one = result.first(subject="S00")
    assert one.estimate.upper < 0.5 and one.p_adjusted <= 0.10 and len(one.rows) == 12  # of 12 x 5 addresses
    assert one.params["others"] == pytest.approx(SHAPE.std(ddof=1), rel=0.3)


def test_clean_regions_stay_clean(make_cell, run_detector) -> None:
    for seed in range(3, 7):
        result = run_detector(NAME, make_cell(pairs=world(seed, [1.0] * 12, size=8)))
        assert not (result.frame["status"] == "FLAGGED").any()
        assert result.first(subject_kind="region", scope="multisource").params["typical"] == pytest.approx(1, abs=0.2)


def test_level_at_the_limit() -> None:
    """A true slope of .5 gives p < .05 in about 5 % of cases (500 draws: 3 to 8 %)."""
    g, hits = np.random.default_rng(9), 0
    for _ in range(500):
        x = SHAPE + g.normal(0, 2, (14, 5)) + g.normal(0, 1.5, (14, 5))
        y = 0.5 * SHAPE + g.normal(0, 3, (14, 5))
        p = profile("a", *(v - v.mean(axis=1, keepdims=True) for v in (x, y)))
        hits += stdtr(13, (p.slope - 0.5) / p.se) < 0.05
    assert 15 <= hits <= 42


def test_a_rater_with_another_profile_has_no_halo(make_cell, run_detector) -> None:
    result = run_detector(NAME, make_cell(pairs=world(4, [1.0] * 8, own={0: SHAPE[::-1]})))
    found = result.first(subject="S00")
    assert found.code == "halo.own_profile" and found.status is Status.CLEAR and found.p_adjusted <= 0.10
    assert found.params["spread"] > 0.5 * found.params["others"]
    assert result.first(subject_kind="region", scope="multisource").status is Status.CLEAR


def test_identical_scores_have_slope_zero_and_no_infinite_certainty(make_cell, run_detector) -> None:
    rows = world(5, [0.0] + [1.0] * 7)
    flat = rows["rater"] == "S00"
    rows.loc[flat, "score"] = 70.0
    found = run_detector(NAME, make_cell(pairs=rows)).first(subject="S00")
    assert found.code == "halo.flat" and found.estimate.value == 0.0
    assert found.estimate.upper > found.estimate.lower and found.params["spread"] == 0.0


def test_criteria_that_do_not_differ(make_cell, run_detector) -> None:
    result = run_detector(NAME, make_cell(pairs=world(6, [1.0] * 6, shape=np.zeros(5))))
    verdict = result.first(subject_kind="region", scope="multisource")
    assert verdict.code == "halo.no_spread" and verdict.status is Status.INSUFFICIENT


def test_refusals(make_cell, run_detector) -> None:
    few = run_detector(NAME, make_cell(pairs=world(1, [0.0] * 5, size=7)))
    assert few.first(scope="multisource").code == "halo.few_raters"
    two = run_detector(NAME, make_cell(pairs=world(1, [0.0] * 3, shape=SHAPE[:2])))
    assert two.first(scope="multisource").code == "halo.few_criteria"
    nothing = run_detector(NAME, make_cell())
    assert {f.status for f in nothing.findings()} == {Status.NOT_APPLICABLE}


def test_two_ratings_are_described_only(make_cell, run_detector) -> None:
    team = pd.DataFrame({"supervisor": "S", "ratee": list("abcd"), "hasil": [3, 2, 2, 1], "perilaku": [3, 2, 3, 2]})
    found = run_detector(NAME, make_cell(team)).first(scope="ekinerja")
    assert found.status is Status.NOT_APPLICABLE and found.params["share"] == 0.5
    assert "50%" in found.sentence("id") and "tidak dapat dibedakan" in found.sentence("id")


def test_what_must_not_matter(make_cell, run_detector, same) -> None:
    """Order of rows, level of a rater, level of a ratee."""
    rows = world(8, [0.0, 0.6, 1.0, 1.0])
    plain = run_detector(NAME, make_cell(pairs=rows))
    same(plain, run_detector(NAME, make_cell(pairs=rows, shuffle=3)))
    moved = rows.assign(score=rows["score"] + 10 * (rows["rater"] == "S02") - 5 * (rows["ratee"] == "T01E03"))
    other = run_detector(NAME, make_cell(pairs=moved))
    parts = [r.frame.loc[r.frame["measure"] == "profile_slope", ["subject", "value", "lower"]] for r in (plain, other)]
    pd.testing.assert_frame_equal(*parts)


def test_shares_of_the_region_by_hand(make_cell, run_detector) -> None:
    """Each of three raters gives c0 = e + p, c1 = e + p + 2, c2 = e + p + 4 to eight employees: no rest.

    Employees e = ±10, pair effects ±4, crossed with them: 100 to 16. The other two raters give e. Covariance with
    the others 800/7 less what p shares with them (nothing), variance of pair means 8·116/7: share 16/116.
    """
    rows = []
    for t in range(2):
        for i in range(8):
            e, p = 10 * (-1) ** i, 4 * (-1) ** (i // 2)
            for rater, extra in ((f"S{t}", p), (f"P{t}{i}a", 0), (f"P{t}{i}b", 0)):
                rows += [(f"T{t}E{i}", rater, "peer", f"c{k}", 50.0 + e + extra + 2 * k) for k in range(3)]
    pairs = pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])
    result = run_detector(NAME, make_cell(pairs=pairs))
    share, alike = (result.first(measure=m) for m in ("idiosyncratic", "likeness"))
    assert share.estimate.value == pytest.approx(16 / 116) and share.status is Status.CLEAR
    assert share.estimate.lower == pytest.approx(share.estimate.upper), "both raters are the same"
    assert alike.estimate.value == pytest.approx(1.0) and alike.params["criteria"] == pytest.approx(2.0)
    assert alike.params["employees"] == pytest.approx(np.sqrt(8 * 116 / 7))


@pytest.mark.parametrize("k", [3, 5])
def test_what_all_see_of_an_employee_by_criterion_is_no_share_of_the_pair(make_cell, run_detector, k) -> None:
    """Employees SD 10, by criterion SD 10, pair 7, rest 6: share 49 / (100 + 100 + 49 + 36), criteria means aside."""
    rng, rows = np.random.default_rng(k), []
    for t in range(30):
        merit = rng.normal(0, 10, (12, 1)) + rng.normal(0, 10, (12, k))
        for i in range(12):
            for r in range(4):
                seen = 50 + merit[i] + rng.normal(0, 7) + rng.normal(0, 6, k)
                rows += [(f"T{t}E{i}", f"T{t}R{r}", "peer", f"c{j}", float(v)) for j, v in enumerate(seen)]
    pairs = pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"]).assign(
        score=lambda f: f["score"].clip(0, 100)
    )
    found = run_detector(NAME, make_cell(pairs=pairs)).first(measure="idiosyncratic")
    assert found.estimate.value == pytest.approx(49 / 285, abs=0.04)
    assert found.estimate.lower < 49 / 285 < found.estimate.upper


def test_identical_rows_stand_beside_the_slope(make_cell, run_detector) -> None:
    rows = world(5, [0.0] + [1.0] * 7)
    rows.loc[(rows["rater"] == "S00") & (rows["ratee"] < "T00E09"), "score"] = 70.0
    found = run_detector(NAME, make_cell(pairs=rows)).first(subject="S00")
    assert found.code == "halo.flat" and found.params["same"] == 9 / 12 and "75%" in found.sentence("en")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3])
def test_demo(seed) -> None:
    """Half of the examined supervisors of 15.04 have halo and all are found; nobody else anywhere."""
    made = simulate(None, [2025], seed=seed, size=0.3)
    table, truth = score(made.tables, made.config), made.truth["raters"]
    for ctx in contexts(made.tables, table, made.config, cells_of(made.tables, made.config)):
        out = Collector(NAME, ctx.region, ctx.year)
        import_module(f"kinerja_analysis.detect.{NAME}").detect(ctx, out)
        found = list(out.result().findings(subject_kind="rater"))
        planted = set(truth.loc[truth["halo"] & (truth["region"] == ctx.region), "rater"])
        flagged = {f.subject for f in found if f.status is Status.FLAGGED}
        assert flagged == planted & {f.subject for f in found}
        assert bool(flagged) == (ctx.region == "15.04")


def test_messages_and_thresholds() -> None:
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    assert all(placeholders(v["id"]) == placeholders(v["en"]) and set(LANGUAGES) <= set(v) for v in own.values())
    for name in thresholds(NAME):
        limit = threshold(f"{NAME}.{name}")
        assert limit.unit and limit.source and limit.date


def team(patterns: list[list[tuple[int, int]]]) -> pd.DataFrame:
    """One supervisor per list of (hasil, perilaku)."""
    rows = [(f"S{t:03d}", f"R{t:03d}_{i:02d}", h, p) for t, own in enumerate(patterns) for i, (h, p) in enumerate(own)]
    return pd.DataFrame(rows, columns=["supervisor", "ratee", "hasil", "perilaku"])


TABLE = [(3, 3), (3, 3), (3, 2), (2, 3), (2, 2), (1, 2)]  # a d / n = 2 * 2 / 6, b c / n = 1 / 6: odds ratio 4
OTHER = [(3, 3), (3, 2), (2, 3), (2, 2)]  # 1/4 and 1/4


def test_odds_ratio_inside_supervisors_by_hand(make_cell, run_detector) -> None:
    result = run_detector(NAME, make_cell(team([TABLE, OTHER] * 10)))
    found = result.first(measure="association")
    assert found.estimate.value == pytest.approx((4 / 6 + 1 / 4) / (1 / 6 + 1 / 4)) and found.status is Status.CLEAR
    # delete-one-supervisor jackknife of the log, by its definition; t(19), .975 = 2.0930 (tables)
    same, cross = np.tile([4 / 6, 1 / 4], 10), np.tile([1 / 6, 1 / 4], 10)
    left = np.log((same.sum() - same) / (cross.sum() - cross))
    se = np.sqrt(19 / 20 * ((left - left.mean()) ** 2).sum())
    assert np.log(found.estimate.upper) == pytest.approx(np.log(2.2) + 2.0930241 * se, rel=1e-6)
    assert found.params["informative"] == 20
    assert result.first(measure="equal_ratings").status is Status.NOT_APPLICABLE  # what it cannot tell stays said
    assert not any(f.measure == "association_beyond" for f in result.findings())


def test_association_that_cannot_be_told(make_cell, run_detector) -> None:
    def first(groups: list[list[tuple[int, int]]]):
        return run_detector(NAME, make_cell(team(groups))).first(measure="association")

    few = first([TABLE] * 14)
    assert few.status is Status.INSUFFICIENT and few.params["informative"] == 14
    lenient = [[(3, 3)] * 6, [(2, 2)] * 6] * 10  # between supervisors only: severity and quality of teams
    assert first(lenient).status is Status.NOT_APPLICABLE
    assert first([[(3, 3), (2, 2)]] * 20).code.endswith("one_way")
    assert first([[(3, 3), (2, 2)]] * 20 + [OTHER]).code.endswith("one_way")


@pytest.mark.parametrize("halo", [False, True])
def test_conduct_beyond_achievement(make_cell, run_detector, halo: bool) -> None:
    """Both ratings follow achievement, or conduct repeats results."""
    g = np.random.default_rng(8)
    merit = g.normal(0, 1, 640)
    hasil, own = (1 + np.digitize(merit + g.normal(0, 0.7, 640), [-1.0, 0.8]) for _ in range(2))
    perilaku = np.where(halo & (g.random(640) < 0.6), hasil, own)
    rows = team([[(int(h), int(p)) for h, p in zip(hasil[k::80], perilaku[k::80], strict=True)] for k in range(80)])
    ctx = make_cell(rows)
    known = pd.DataFrame({"person": [f"R{i % 80:03d}_{i // 80:02d}" for i in range(640)], "achievement": merit})
    known = known.assign(region=ctx.region, year=ctx.year, period=str(ctx.year))
    ctx.scores = ScoreTable(known)
    found = run_detector(NAME, ctx).first(measure="association_beyond")
    assert (found.estimate.lower > 1.5) if halo else (found.estimate.lower < 1 < found.estimate.upper)
    ctx.scores = ScoreTable(known[:40])
    assert run_detector(NAME, ctx).first(measure="association_beyond").status is Status.INSUFFICIENT


def test_another_cause_of_the_same_pattern_is_named() -> None:
    """Overall impression, narrow use of the scale and copied rows look alike in these data."""
    text = messages()[f"{NAME}.flat"]
    assert "narrow use of the scale" in text["en"]
    assert "skala yang dipakai sempit" in text["id"].lower()


def test_smallest_slope_is_found_as_often_as_printed(make_cell, run_detector) -> None:
    """One rater of 20 has the printed slope; 80 of 100 is promised."""
    found = run_detector(NAME, make_cell(pairs=world(0, [1.0] * 20))).first(measure="smallest_effect")
    size = found.estimate.value
    assert found.code == "halo.smallest_effect" and 0 < size < 0.5 and found.params["ratees"] == 12
    hits = 0
    for seed in range(1, 16):
        result = run_detector(NAME, make_cell(pairs=world(seed, [size] + [1.0] * 19)))
        hits += any(f.subject == "S00" and f.p_adjusted <= 0.1 and f.code == "halo.flat"
                    for f in result.findings(subject_kind="rater"))  # fmt: skip
    assert 9 <= hits <= 14, hits


def test_too_few_ratees_to_find_any_halo(make_cell) -> None:
    """SE .3 at 8 ratees: even slope 0 lies (t(.975) + t(.8)) x .3 = .98 from where it must lie below .5."""
    out = Collector(NAME, "01.01", 2025)
    smallest_effect(make_cell(), out, np.array([0.3]), np.array([8.0]), 0.5)
    assert out.found[0].code == "halo.smallest_none"
    needed = int(out.found[0].estimate.value)
    out.found.clear()
    for n, code in ((needed - 1, "halo.smallest_none"), (needed, "halo.smallest_effect")):
        smallest_effect(make_cell(), out, np.array([0.3 * np.sqrt(8 / n)]), np.array([float(n)]), 0.5)
        assert out.found[-1].code == code
