"""straight_lining: chances by hand, batches, and identical vectors against honest raters of the same form."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, ndtri
from scipy.stats import betabinom, chi2

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect._straight_lining_teams import RHO, Clustered, clustered_chance, own_chance
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.detect.copied import share_found
from kinerja_analysis.detect.counts import budget
from kinerja_analysis.detect.identical import Null, upper_tail
from kinerja_analysis.stats import single_value_chance

NAME = "straight_lining"
SB, B, K = (3, 3), (2, 2), (1, 1)
YEAR = 2025


def teams(groups: list[list[tuple[int, int]]]) -> pd.DataFrame:
    rows = [
        {"supervisor": f"S{t:03d}", "ratee": f"R{t:03d}_{i:02d}", "hasil": h, "perilaku": p}
        for t, group in enumerate(groups)
        for i, (h, p) in enumerate(group)
    ]
    return pd.DataFrame(rows)


def test_expected_number_of_single_value_teams(make_cell, run_detector):
    # Three teams of 5: all B, all B, and 3 B + 2 SB. Others of team 1: 8 B, 2 SB -> .8^5 + .2^5; of team 3: 1.
    result = run_detector(NAME, make_cell(teams([[B] * 5, [B] * 5, [B] * 3 + [SB] * 2, [B] * 4])))
    found = result.first(measure="single_value", subject_kind="region")
    assert found.estimate.value == found.params["observed"] == 2 and found.params["n_teams"] == 3
    assert found.params["expected"] == pytest.approx(2 * (0.8**5 + 0.2**5) + 1)
    assert found.status is Status.CLEAR


def test_a_big_uniform_team_among_mixed_ones(make_cell, run_detector):
    rng = np.random.default_rng(1)
    mixed = [[(SB, B)[int(x)] for x in rng.random(8) < 0.7] for _ in range(60)]
    result = run_detector(NAME, make_cell(teams([*mixed, [B] * 60, [B] * 8])))
    flagged = [f.subject for f in result.findings(subject_kind="rater", measure="single_value")]
    assert flagged == ["S060"] and result.first(subject_kind="rater").p_adjusted < 0.01
    assert len(result.first(subject_kind="rater").rows) == 50  # of 60


def test_all_teams_count_in_the_budget_of_false_flags(make_cell, run_detector):
    rng = np.random.default_rng(1)
    mixed = [[(SB, B)[int(x)] for x in rng.random(8) < 0.7] for _ in range(60)]
    ctx = make_cell(teams([*mixed, [B] * 60, [B] * 8]))
    row = budget(ctx, {NAME: run_detector(NAME, ctx)}).iloc[0]
    assert (row["family"], row["flagged"]) == (62, 1)


def test_uniform_teams_are_ordinary_where_teams_differ(make_cell, run_detector):
    # Whole teams of one value everywhere: independent draws would flag them, clustered ones do not.
    result = run_detector(NAME, make_cell(teams([[B] * 12, [SB] * 12] * 20)))
    assert not list(result.findings(subject_kind="rater"))
    region = result.first(measure="single_value", subject_kind="region")
    assert region.status is Status.FLAGGED and region.code.endswith("single_many")


def test_clustered_chance_by_hand():
    # Others: twenty teams of 2 with one of each value, so rho is on its boundary 0 and the chance is 2 x .5^3.
    pattern, team = np.array([0, 1] * 20 + [0, 0, 0]), np.repeat(np.arange(21), [2] * 20 + [3])
    assert clustered_chance(pattern, team, 20) == pytest.approx(2 * 0.5**3)


def test_teams_that_tell_nothing_make_nobody_unlikely():
    """Of a team of 2, one of each is all that "not alike" leaves: all means would do; so with one team."""
    counts = np.vstack([np.ones((200, 2), int), [[3, 0], [0, 3]]])
    assert Clustered(counts).chance(3, [0]) > 0.9
    assert Clustered(counts[199:]).chance(3, [0]) == 1.0


def reference_range(counts: np.ndarray, own: int) -> list[tuple[float, float, float]]:
    """Log likelihood of the number with a pattern given that not all have it, by scipy's beta-binomial, on a grid."""
    n = counts.sum(axis=1)
    k, n = counts[counts.max(axis=1) < n, own], n[counts.max(axis=1) < n]
    out = []
    for rho in RHO[1:]:
        def loss(x, rho=rho):
            a, b = (q * (1 - rho) / rho for q in (expit(x), expit(-x)))
            return -(betabinom.logpmf(k, n, a, b) - np.log1p(-betabinom.pmf(n, n, a, b))).sum()
        best = minimize_scalar(loss, bounds=(-8, 8), method="bounded")
        out.append((-best.fun, float(expit(best.x)), float(rho)))
    return out


def test_the_chance_of_a_team_conditions_on_teams_not_alike():
    g = np.random.default_rng(5)
    k = g.binomial(12, g.beta(4, 4, 40))
    counts = np.column_stack([k, 12 - k])
    grid = reference_range(counts, 0)
    top = max(height for height, _, _ in grid)
    expected = max(betabinom.pmf(12, 12, m * (1 - r) / r, (1 - m) * (1 - r) / r)
                   for height, m, r in grid if height > top - chi2.isf(0.20, 1) / 2)  # fmt: skip
    assert Clustered(counts).chance(12, [0]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("copied", [1, 5, 9, 20, 40])
def test_many_copied_teams_do_not_hide_each_other(make_cell, run_detector, copied):
    """Sixty teams of 25, half of each mixed: however many are all Baik, each of them is named and no other."""
    rng = np.random.default_rng(7)
    mixed = [[(B, SB, K)[x] for x in rng.choice(3, 25, p=[0.45, 0.4, 0.15])] for _ in range(60 - copied)]
    result = run_detector(NAME, make_cell(teams([[B] * 25] * copied + mixed)))
    named = [f.subject for f in result.findings(subject_kind="rater", measure="single_value")]
    assert named == [f"S{i:03d}" for i in range(copied)]


def test_a_rare_rating_throughout_is_no_common_one(make_cell, run_detector):
    """Fourteen times SB where one in six gets it: .17^14. Fourteen times B, usual there, stays unremarked."""
    rng = np.random.default_rng(2)
    mixed = [[(B, SB)[int(x)] for x in rng.random(9) < 0.17] for _ in range(60)]
    result = run_detector(NAME, make_cell(teams([*mixed, [SB] * 14, [B] * 14])))
    named = list(result.findings(subject_kind="rater", measure="single_value"))
    assert [f.subject for f in named] == ["S060"] and named[0].p_adjusted < 1e-6


def test_shares_no_commoner_by_hand():
    # Others: 8 x 0, 2 x 1. A team of 1s is judged by 1 alone, a team of 0s by both, one of 2s by 2 as if seen once.
    chances = [own_chance(np.array([8, 2, 0]), v, 3) for v in (0, 1, 2)]
    assert chances == pytest.approx([0.8**3 + 0.2**3, 0.2**3, (1 / 11) ** 3])
    others, team = np.repeat([0, 1], [8, 2]), np.repeat(np.arange(6), [2, 2, 2, 2, 2, 3])
    assert clustered_chance(np.r_[others, [2] * 3], team, 5) > 0
    counts = np.array([[2, 0, 0], [2, 0, 0], [1, 1, 0], [1, 1, 0], [2, 0, 0], [0, 0, 3]])
    assert 0 < Clustered(counts).chance(3, [2]) < 1


def test_everyone_the_same_is_not_calculable(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams([[B] * 6] * 10))).first(measure="single_value")
    assert found.status is Status.NOT_APPLICABLE and "variasi nol" in found.sentence("id")


def test_small_teams_only(make_cell, run_detector):
    result = run_detector(NAME, make_cell(teams([[B] * 4] * 10)))
    assert result.first(measure="single_value").status is Status.INSUFFICIENT


def test_nearly_all_baik_is_counts_and_chance(make_cell, run_detector):
    rng = np.random.default_rng(4)
    groups = [[(SB, B)[int(x)] for x in rng.random(8) < 0.99] for _ in range(200)]
    result = run_detector(NAME, make_cell(teams(groups)))
    found = result.first(measure="single_value", subject_kind="region")
    assert found.status is Status.CLEAR and not list(result.findings(subject_kind="rater"))
    assert found.params["expected_lower"] <= found.params["observed"] <= found.params["expected_upper"]


def stamped(groups: list[list[str]]) -> pd.DataFrame:
    frame = teams([[B] * len(g) for g in groups[:-1]] + [[SB] + [B] * (len(groups[-1]) - 1)])
    return frame.assign(rated_at=pd.to_datetime([t for g in groups for t in g]))


def test_same_minute_batches(make_cell, run_detector):
    one = ["2026-01-05 10:00:03"] * 4 + ["2026-01-05 10:00:59"]
    two = [f"2026-01-05 10:0{i}:00" for i in range(5)]
    mixed = ["2026-01-06 09:30:00"] * 5
    found = run_detector(NAME, make_cell(stamped([one, two, one[:4], mixed]))).first(measure="same_minute")
    assert found.status is Status.CLEAR and found.estimate.value == 2 and found.params["n_teams"] == 3
    assert found.params["n_identical"] == 1 and found.estimate.unit == "batches"
    gap = stamped([one, two, mixed]).assign(rated_at=lambda f: f["rated_at"].where(f["ratee"] != "R002_01"))
    assert run_detector(NAME, make_cell(gap)).first(measure="same_minute").params["n_teams"] == 2
    none = run_detector(NAME, make_cell(stamped([two, two]))).first(measure="same_minute")
    assert none.code.endswith("minute_none") and none.estimate.value == 0


@pytest.mark.parametrize("stamp", [None, "2026-01-05"])
def test_without_time_of_day(make_cell, run_detector, stamp):
    frame = teams([[B] * 6, [SB] * 6]).assign(rated_at=pd.to_datetime(stamp))
    found = run_detector(NAME, make_cell(frame)).first(measure="same_minute")
    assert found.status is Status.NOT_APPLICABLE


def honest(
    rng: np.random.Generator, raters: int, n: int, k: int, level: float, step: float = 20.0, rest: float = 0.7
) -> pd.DataFrame:
    """Raters with pair effects as large as everything else, on a coarse form with a ceiling."""
    rows = []
    for r in range(raters):
        severity = rng.normal(0, 0.5)
        common = rng.normal(0, 1, (n, 1))
        latent = level + severity + common + rng.normal(0, rest, (n, k))
        score = np.clip(np.round(latent), 0, 5) * step
        for i in range(n):
            rows += [(f"R{r:03d}_{i:02d}", f"S{r:03d}", "supervisor", f"c{j}", score[i, j]) for j in range(k)]
    return pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])


def copied(frame: pd.DataFrame, rater: str, keep: int) -> pd.DataFrame:
    """Give all but ``keep`` ratees of one rater the vector of the first."""
    out = frame.copy()
    own = out["rater"] == rater
    ratees = sorted(out.loc[own, "ratee"].unique())
    first = out[own & (out["ratee"] == ratees[0])].set_index("criterion")["score"]
    hit = own & out["ratee"].isin(ratees[: len(ratees) - keep])
    out.loc[hit, "score"] = out.loc[hit, "criterion"].map(first)
    return out


@pytest.mark.parametrize("level", [2.5, 4.3])
def test_copied_vectors_are_found_and_honest_raters_are_not(make_cell, run_detector, level):
    rng = np.random.default_rng(12)
    frame = honest(rng, 40, 12, 5, level)
    clean = run_detector(NAME, make_cell(pairs=frame))
    assert clean.first(measure="identical_vectors", subject_kind="region").status is Status.CLEAR
    result = run_detector(NAME, make_cell(pairs=copied(frame, "S007", 2)))
    assert [f.subject for f in result.findings(measure="identical_vectors", subject_kind="rater")] == ["S007"]
    found = result.first(subject_kind="rater")
    assert found.params["k"] >= 10 and found.estimate.value >= 10 / 12
    assert found.params["expected"] < 6 and len(set(found.rows)) >= 10


def ladders(frame: pd.DataFrame, share: float, top: float, step: float) -> tuple[pd.DataFrame, set[str]]:
    """Let a share of the raters give everybody the same rising vector."""
    names = sorted(frame["rater"].unique())
    who = set(names[: round(share * len(names))])
    ladder = top - 2 * step + step * (pd.factorize(frame["criterion"], sort=True)[0] % 3)
    return frame.assign(score=frame["score"].mask(frame["rater"].isin(who), pd.Series(ladder, frame.index))), who


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15, 0.3])
@pytest.mark.parametrize(("level", "step"), [(3.5, 20.0), (4.0, 25.0)])
def test_copiers_are_named_and_nobody_else(make_cell, run_detector, share, level, step):
    # 0-100 in six steps, or in five; more than 40 % of the scores in the top two. At nominal .01 (and a needed excess)
    # 5 regions of 20 honest raters each name nobody.
    top, tops = 100.0, []
    for seed in range(5):
        frame = honest(np.random.default_rng([31, seed]), 20, 14, 6, level, step, rest=0.4)
        frame["score"] = frame["score"].clip(upper=top)
        tops.append((frame["score"] >= top - step).mean())
        made, who = ladders(frame, share, top, step)
        result = run_detector(NAME, make_cell(pairs=made))
        assert {f.subject for f in result.findings(measure="identical_vectors", subject_kind="rater")} == who
    assert np.mean(tops) > 0.4


@pytest.mark.slow
def test_honest_raters_near_the_ceiling_are_rarely_flagged(make_cell, run_detector):
    # 8 regions x 40 honest raters of 15 ratees: a flag needs .01 after adjustment; at most one region with a flag.
    rng = np.random.default_rng(21)
    regions = 0
    for i in range(8):
        frame = honest(rng, 40, 15, 3, (3.0, 4.5)[i % 2])
        result = run_detector(NAME, make_cell(pairs=frame))
        regions += result.first(measure="identical_vectors", subject_kind="region").status is Status.FLAGGED
    assert regions <= 1


def test_a_rater_who_gives_everyone_the_top_is_at_the_ceiling(make_cell, run_detector):
    rng = np.random.default_rng(9)
    frame = honest(rng, 40, 12, 4, 4.5)
    frame.loc[frame["rater"] == "S003", "score"] = 100.0
    result = run_detector(NAME, make_cell(pairs=frame))
    assert not list(result.findings(measure="identical_vectors", subject_kind="rater"))


def test_few_ratees_or_criteria(make_cell, run_detector):
    rng = np.random.default_rng(2)
    for frame in (honest(rng, 10, 7, 5, 3.0), honest(rng, 10, 12, 2, 3.0)):
        found = run_detector(NAME, make_cell(pairs=frame)).first(measure="identical_vectors")
        assert found.status is Status.INSUFFICIENT


def test_null_reproduces_a_known_distribution():
    # One criterion of two equally likely levels and no pair effect: the larger of Binomial(4, .5) and its rest.
    null = Null(np.array([[0.0]]), np.array([0.0, 1.0]), 0.0, 1.0)
    drawn = null.largest(0.5, 4, np.random.default_rng(0), draws=20_000)
    share = np.bincount(drawn, minlength=5)[2:] / drawn.size
    assert share == pytest.approx([6 / 16, 8 / 16, 2 / 16], abs=0.012)  # 3.4 standard errors


@pytest.mark.parametrize("share", [0.2, 0.67])
def test_null_recovers_the_pair_effect_after_cutting(share):
    # 3,000 vectors of 5 criteria in 5 levels with a ceiling; the pair's share of the variance inside raters is known.
    rng = np.random.default_rng(8)
    rater = np.repeat(np.arange(200), 15)
    common, rest = rng.normal(0, np.sqrt(share), (3000, 1)), rng.normal(0, np.sqrt(1 - share), (3000, 5))
    scores = np.clip(np.round(3.8 + rng.normal(0, 0.4, 200)[rater, None] + common + rest), 1, 5)
    null = Null.of(scores, rater, rng)
    assert null.pair**2 / (null.pair**2 + null.rest**2) == pytest.approx(share, abs=0.06)


def test_null_level_gives_the_raters_mean():
    null = Null(np.array([[-0.5, 0.8], [0.0, 1.0]]), np.array([1.0, 2.0, 3.0]), 0.6, 0.5)
    from math import erf, sqrt

    def mean(m: float) -> float:
        s = np.hypot(0.6, 0.5) * sqrt(2)
        return 1 + np.mean([2 - sum(0.5 * (1 + erf((t - m) / s)) for t in limits) for limits in null.thresholds])

    assert null.level(mean(0.37)) == pytest.approx(0.37, abs=0.01)


def test_scores_with_many_digits_take_little_memory():
    """18,000 different scores: thresholds are shares below each, the level gives the mean, nothing is quadratic."""
    g = np.random.default_rng(3)
    scores = 60 + 10 * g.standard_normal((6000, 1)) + 5 * g.standard_normal((6000, 3))
    tracemalloc.start()
    null = Null.of(scores, np.arange(6000) // 10, g)
    level = null.level(65.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25e6
    share = (scores[:, 1] < null.values[9000]).mean()
    assert null.thresholds.shape == (3, 17999) and null.thresholds[1, 8999] == pytest.approx(ndtri(share))
    drawn = level + np.hypot(null.pair, null.rest) * g.standard_normal((20000, 3))
    assert null.values[null._cut(drawn)].mean() == pytest.approx(65.0, abs=0.3)


def test_tail_is_monotone_and_never_zero():
    drawn = np.random.default_rng(3).integers(1, 4, 400)
    tails = [upper_tail(drawn, k, 12) for k in range(1, 13)]
    assert np.diff(tails).max() <= 0 and tails[0] == 1.0 and tails[-1] < 1e-4
    assert upper_tail(np.ones(400, dtype=int), 10, 12) < 1e-4  # nothing ever repeated in the draws


def test_nothing_to_examine(make_cell, run_detector):
    assert set(run_detector(NAME, make_cell()).frame["status"]) == {"NOT_APPLICABLE"}


def test_row_order_does_not_matter(make_cell, run_detector, same):
    rng = np.random.default_rng(6)
    team = teams([[(SB, B)[int(x)] for x in rng.random(8) < 0.7] for _ in range(30)] + [[B] * 50])
    frame = copied(honest(rng, 20, 12, 4, 3.0), "S004", 1)
    same(run_detector(NAME, make_cell(team, pairs=frame)), run_detector(NAME, make_cell(team, pairs=frame, shuffle=2)))


def test_messages_and_thresholds():
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    for text in own.values():
        assert placeholders(text["id"]) == placeholders(text["en"]) and set(text) == set(LANGUAGES)
    for key in thresholds(NAME):
        limit = threshold(f"{NAME}.{key}")
        assert limit.source and limit.unit and isinstance(limit.date, dt.date)


def test_another_cause_of_the_same_pattern_is_named():
    """Overall impression, narrow use of the scale and copied rows look alike in these data."""
    text = messages()[f"{NAME}.vectors_rater"]
    assert "narrow use of the scale" in text["en"]
    assert "skala yang dipakai sempit" in text["id"].lower()


def last_year(make_cell, now: pd.DataFrame, before: pd.DataFrame):
    """A cell whose history holds both years."""
    first, second = make_cell(before.assign(period=str(YEAR - 1))), make_cell(now)
    parts = [first.tables.ratings.assign(year=YEAR - 1), second.tables.ratings]
    heads = [first.tables.appraisals.assign(year=YEAR - 1), second.tables.appraisals]
    history = Tables(ratings=pd.concat(parts, ignore_index=True), appraisals=pd.concat(heads, ignore_index=True))
    return replace(second, history=history, _memo={})


def mixed(seed: int, n_teams: int = 60, size: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return teams([[(SB, B)[int(x)] for x in rng.random(size) < 0.7] for _ in range(n_teams)])


def test_last_years_ratings_copied_are_counted_beside_chance(make_cell, run_detector):
    now, before = mixed(1), mixed(2)
    copied_teams = before["supervisor"] < "S005"
    before.loc[copied_teams, ["hasil", "perilaku"]] = now.loc[copied_teams, ["hasil", "perilaku"]]
    found = run_detector(NAME, last_year(make_cell, now, before)).first(measure="copied_year")
    varied = now.groupby("supervisor")["hasil"].nunique() > 1
    copies = int(varied[varied.index < "S005"].sum())
    assert found.code.endswith("copied_year") and found.status is Status.CLEAR
    assert copies <= found.estimate.value <= copies + 3 and found.params["n_teams"] == varied.sum()
    clean = run_detector(NAME, last_year(make_cell, now, mixed(2))).first(measure="copied_year")
    assert clean.estimate.value < found.estimate.value and 0 < clean.params["expected"] < 3
    none = run_detector(NAME, last_year(make_cell, teams([[B, B, B, B, SB]]), teams([[SB, B, B, B, B]])))
    assert none.first(measure="copied_year").code.endswith("copied_none")
    alike = run_detector(NAME, last_year(make_cell, teams([[B] * 5]), teams([[B] * 5])))
    assert alike.first(measure="copied_year").status is Status.INSUFFICIENT
    assert run_detector(NAME, make_cell(now)).first(measure="copied_year").status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("mix", [(0.5, 0.5), (0.7, 0.2, 0.1)])
def test_copied_teams_of_the_printed_share_are_found(mix: tuple[float, ...]) -> None:
    """Sixty teams of eight; by the region's own rule, 80 of 100 is promised."""
    team = np.repeat(np.arange(60), 8)
    usual = np.repeat(np.arange(len(mix)), np.round(np.array(mix) * team.size).astype(int))
    share, rng, hits = share_found(usual, team, 0.01, 0.2), np.random.default_rng(1), 0
    for _ in range(100):
        pattern = np.where((rng.random(60) < share)[team], 0, rng.choice(len(mix), team.size, p=mix))
        fit = single_value_chance(pattern, team)
        hits += fit.p < 0.01 and (fit.observed - fit.expected) / fit.n_teams >= 0.2
    assert 0.2 < share < 0.6 and 70 <= hits <= 97, (share, hits)


def test_copied_teams_hide_where_nearly_all_are_alike(make_cell, run_detector):
    rng = np.random.default_rng(4)
    groups = [[(SB, B)[int(x)] for x in rng.random(8) < 0.99] for _ in range(200)]
    found = run_detector(NAME, make_cell(teams(groups))).first(measure="smallest_effect", scope="ekinerja")
    assert found.code.endswith("smallest_teams_none") and found.estimate.value > 0.8


def test_copied_vectors_of_the_printed_share_are_found(make_cell, run_detector):
    clean = honest(np.random.default_rng(3), 24, 15, 5, 2.5)
    found = run_detector(NAME, make_cell(pairs=clean)).first(measure="smallest_effect", scope="multisource")
    share, hits = found.estimate.value, 0
    assert found.params["ratees"] == 15 and 0.2 < share < 0.7
    for seed in range(1, 13):
        rng = np.random.default_rng(seed)
        frame = copied(honest(rng, 24, 15, 5, 2.5), "S007", 15 - int(rng.binomial(15, share)))
        hits += any(f.subject == "S007" for f in run_detector(NAME, make_cell(pairs=frame)).findings(
            subject_kind="rater", measure="identical_vectors"))  # fmt: skip
    assert 7 <= hits <= 12, (share, hits)


def test_copied_vectors_hide_where_all_are_alike(make_cell, run_detector):
    frame = honest(np.random.default_rng(3), 24, 12, 3, 7.0)
    found = run_detector(NAME, make_cell(pairs=frame)).first(measure="smallest_effect", scope="multisource")
    assert found.code.endswith("smallest_vectors_none")
