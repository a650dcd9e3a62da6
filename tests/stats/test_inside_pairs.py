"""Separated and ordered pairs: brute force, published anchors, jackknife by refitting, coverage."""

import itertools
import math

import numpy as np
import pytest

from kinerja_analysis.stats.inside_pairs import ordered_pairs, separated_pairs


def _brute(score, evidence, team):
    """Counts by looking at every pair."""
    counts = dict.fromkeys(("c", "d", "pairs", "apart", "apart_evidence"), 0)
    for i, j in itertools.combinations(range(len(score)), 2):
        if team[i] == team[j]:
            s, x = np.sign(score[i] - score[j]), np.sign(evidence[i] - evidence[j])
            counts["pairs"] += 1
            counts["c"] += int(s * x > 0)
            counts["d"] += int(s * x < 0)
            counts["apart"] += int(s != 0)
            counts["apart_evidence"] += int(x != 0)
    return counts


def _world(rng, teams, reliability_score, reliability_evidence=1.0, size=8):
    """Bivariate normal within teams, with team quality and leniency between them."""
    team = np.repeat(np.arange(teams), size)
    merit = rng.normal(size=team.size)

    def measure(reliability):
        noise = math.sqrt((1 - reliability) / reliability) * rng.normal(size=team.size)
        return merit + noise + rng.normal(size=teams)[team]

    return measure(reliability_score), measure(reliability_evidence), team


def test_separated_by_hand():
    # team 0: 1 1 2 → 2 of 3; team 1: 5 5 → 0 of 1. Without team 0: 0; without team 1: 2/3.
    d = separated_pairs([1, 1, 2, 5, 5, 9], [0, 0, 0, 1, 1, 2])
    assert (d.value, d.n_separated, d.n_pairs, d.n_teams, d.n) == (0.5, 2, 4, 2, 6)
    assert d.se == pytest.approx(math.sqrt(1 / 2 * 2 * (1 / 3) ** 2))
    assert (d.lower, d.upper) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((18, 65, 12, 4, 1), 0.53), ((11.3, 88.5, 0.2), 0.20)],
)
def test_separated_of_the_published_mixes(shares, expected):
    # inference.md 3.1: the guide's mix separates .53 of the pairs, a national mix .20 (rounded figures)
    score = np.repeat(np.arange(len(shares)), np.round(np.array(shares) * 100).astype(int))
    assert separated_pairs(score, np.zeros(score.size, dtype=int)).value == pytest.approx(expected, abs=0.005)


def test_separated_interval_covers():
    # share of top ratings per team ~ Beta(2, 8): true D = 2E[p(1 − p)] = 2·m(1 − m)(1 − ρ), ρ = 1/11
    mean, rho = 0.2, 1 / 11
    truth = 2 * mean * (1 - mean) * (1 - rho)
    missed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        team = np.repeat(np.arange(40), 8)
        d = separated_pairs(rng.random(320) < rng.beta(2, 8, 40)[team], team)
        missed += not d.lower <= truth <= d.upper
    assert 0.015 < missed / 300 < 0.10


@pytest.mark.parametrize(
    ("score", "team", "reason", "value"),
    [
        ([], [], "empty", math.nan),
        ([1, 2], [0, 1], "empty", math.nan),
        ([3, 3, 3, 3], [0, 0, 1, 1], "constant", 0.0),
        ([1, 2, 3], [0, 0, 0], "too_few_teams", 1.0),
    ],
)
def test_separated_reasons(score, team, reason, value):
    d = separated_pairs(np.array(score, dtype=float), np.array(team, dtype=int))
    assert d.reason == reason and math.isnan(d.se)
    assert d.value == value or (math.isnan(value) and math.isnan(d.value))


@pytest.mark.parametrize(("score", "value"), [([1, 2, 3], 1.0), ([1, 1, 2], 2 / 3)])
def test_teams_that_separate_the_same_share_have_no_limits(score, value):
    d = separated_pairs(np.tile(score, 6), np.repeat(np.arange(6), 3))
    assert d.value == pytest.approx(value) and d.reason == "no_spread"
    assert math.isnan(d.lower) and math.isnan(d.upper)


def test_counts_match_brute_force():
    rng = np.random.default_rng(1)
    team = rng.integers(0, 25, 150)
    score, evidence = rng.integers(0, 4, 150), rng.integers(0, 6, 150)
    fit, want = ordered_pairs(score, evidence, team), _brute(score, evidence, team)
    assert (fit.concordant, fit.discordant, fit.n_pairs) == (want["c"], want["d"], want["pairs"])
    assert fit.tied == want["pairs"] - want["c"] - want["d"]
    assert fit.tied_score == want["pairs"] - want["apart"]
    net = want["c"] - want["d"]
    assert fit.tau_a == pytest.approx(net / want["pairs"])
    assert fit.somers_d == pytest.approx(net / want["apart_evidence"])
    assert fit.accuracy == pytest.approx(want["c"] / (want["c"] + want["d"]))
    assert fit.separated == pytest.approx(separated_pairs(score, team).value)


def test_units_and_replicates_equal_refitting():
    rng = np.random.default_rng(2)
    score, evidence, team = _world(rng, 40, 0.5, 0.6)
    unit = team // 2 + 3
    fit = ordered_pairs(score, evidence, team, reliability=0.6, unit=unit)
    assert fit.units.tolist() == list(range(3, 23)) and fit.n_units == 20
    keep = [unit != u for u in fit.units]
    left = [ordered_pairs(score[k], evidence[k], team[k], reliability=0.6, unit=unit[k]) for k in keep]
    values = np.array([f.index for f in left])
    assert fit.replicates == pytest.approx(values, abs=1e-9)
    se = math.sqrt(19 / 20 * ((values - values.mean()) ** 2).sum())
    assert fit.index_se == pytest.approx(se, rel=1e-9)
    # t(19), .975 quantile 2.093024 (printed tables)
    assert fit.index_upper == pytest.approx(fit.index + 2.093024 * se, rel=1e-6)


@pytest.mark.parametrize(
    ("reliability", "anchor"), [(0.37, 42), (0.45, 47), (0.50, 50), (0.61, 57), (0.80, 70)]
)
def test_published_anchors(reliability, anchor):
    # inference.md 3.1: a single rating of that reliability against the truth, (2/π)·asin √reliability
    score, evidence, team = _world(np.random.default_rng(3), 6000, reliability)
    assert ordered_pairs(score, evidence, team).index == pytest.approx(anchor, abs=0.8)


@pytest.mark.parametrize("reliability", [0.4, 0.6, 0.9])
def test_index_is_free_of_the_evidence_reliability(reliability):
    score, evidence, team = _world(np.random.default_rng(4), 6000, 0.5, reliability)
    fit = ordered_pairs(score, evidence, team, reliability=reliability)
    assert fit.index == pytest.approx(50, abs=1.2)
    assert fit.tau_a < 0.5


def test_random_scores_get_nothing_and_reversed_ones_less():
    score, evidence, team = _world(np.random.default_rng(5), 500, 0.5, 0.6)
    rng = np.random.default_rng(6)
    assert abs(ordered_pairs(rng.normal(size=score.size), evidence, team, reliability=0.6).index) < 4
    fit = ordered_pairs(score, evidence, team, reliability=0.6)
    assert ordered_pairs(-score, evidence, team, reliability=0.6).index == pytest.approx(-fit.index)


def test_index_is_capped_by_the_separated_pairs():
    rng = np.random.default_rng(7)
    team = np.repeat(np.arange(50), 8)
    score = (rng.random(400) < 0.2).astype(float)
    fit = ordered_pairs(score, score + 0.001 * rng.normal(size=400), team, reliability=0.3)
    assert fit.capped and fit.index == pytest.approx(100 * fit.separated)


def test_leniency_between_teams_changes_nothing():
    score, evidence, team = _world(np.random.default_rng(8), 30, 0.5, 0.6)
    plain = ordered_pairs(score, evidence, team, reliability=0.6)
    lenient = ordered_pairs(score + 100 * (team % 3), evidence, team, reliability=0.6)
    assert lenient.index == pytest.approx(plain.index, abs=1e-9)


def test_index_interval_covers():
    # 200 simulated regions of 15 units (inference.md 3.4: .965)
    missed = 0
    for seed in range(300):
        fit = ordered_pairs(*_world(np.random.default_rng(seed), 15, 0.5, 0.6), reliability=0.6)
        missed += not fit.index_lower <= 50 <= fit.index_upper
    assert 0.015 < missed / 300 < 0.10


def test_index_interval_covers_near_its_cap():
    # True index 87: 40 units covered .80 when the jackknife saw the cap; 300 runs, three standard errors above .06
    missed = 0
    for seed in range(300):
        fit = ordered_pairs(*_world(np.random.default_rng(seed), 40, 0.98**2, 0.6), reliability=0.6)
        missed += not fit.index_lower <= 200 / math.pi * math.asin(0.98) <= fit.index_upper
        assert -100 <= fit.index_lower <= fit.index <= fit.index_upper <= 100
    assert missed / 300 < 0.10


def _twenty(score, evidence):
    team = np.repeat(np.arange(20), 3)
    return ordered_pairs(np.tile(score, 20), np.tile(evidence, 20), team)


def test_reasons():
    none = ordered_pairs([], [], np.array([], dtype=int))
    assert none.reason == "empty" and math.isnan(none.tau_a) and none.n_pairs == 0
    few = ordered_pairs([1, 2, 3], [1, 2, 3], [0, 0, 0])
    assert few.reason == "too_few_units" and few.tau_a == 1.0 and math.isnan(few.index)
    flat = _twenty([2, 2, 2], [1, 2, 3])
    assert flat.reason == "constant" and flat.index == 0.0 and flat.tau_a == 0.0 and math.isnan(flat.index_se)
    blind = _twenty([1, 2, 3], [5, 5, 5])
    assert blind.reason == "constant_evidence" and math.isnan(blind.index)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evidence": [1, 2, np.nan]}, "evidence holds NaN"),
        ({"team": [0, 0]}, "expected 3"),
        ({"reliability": 0.0}, "reliability"),
        ({"reliability": 1.2}, "reliability"),
        ({"unit": [0, 1, 1]}, "each team must lie in one unit"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"score": [1, 2, 3], "evidence": [1, 2, 3], "team": [0, 0, 0]}
    with pytest.raises(ValueError, match=message):
        ordered_pairs(**(good | change))


def test_frames():
    columns = ["quantity", "level", "value", "se", "lower", "upper"]
    assert list(separated_pairs([1, 2], [0, 0]).to_frame()) == columns
    frame = _twenty([1, 2, 3], [1, 3, 2]).to_frame()
    assert list(frame) == columns
    assert frame["quantity"].tolist() == ["index", "tau_a", "accuracy", "somers_d", "separated", "r"]
