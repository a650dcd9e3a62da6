"""Conditional logit: hand results, enumeration, statsmodels, invariance, separation, size and coverage."""

import itertools
import math

import numpy as np
import pytest

from kinerja_analysis.stats.inside import conditional_ordinal


def _matched_pairs(up: int, down: int):
    """Pairs with one chosen member; in `up` of them the exposed one, in `down` the other one."""
    y = np.tile([1, 0], up + down)
    x = np.concatenate([np.tile([1.0, 0.0], up), np.tile([0.0, 1.0], down)])
    return y, x, np.repeat(np.arange(up + down), 2)


def _world(rng, teams, size, beta, cuts, spread=0.5):
    """Proportional odds with a free level per team; exact model of the estimator."""
    team = np.repeat(np.arange(teams), size)
    x = np.column_stack([rng.integers(0, 2, team.size), rng.normal(size=team.size)])
    latent = x @ beta + spread * rng.normal(size=teams)[team] + rng.logistic(size=team.size)
    return np.digitize(latent, cuts), x, team


def test_matched_pairs_by_hand():
    # log(15/5); information 20·(.75·.25) = 3.75 and Σ score² = 15·.25² + 5·.75² = 3.75, times 20/19.
    fit = conditional_ordinal(*_matched_pairs(15, 5))
    assert fit.coef[0] == pytest.approx(math.log(3), abs=1e-9)
    assert fit.se_model[0] == pytest.approx(math.sqrt(1 / 15 + 1 / 5), abs=1e-9)
    assert fit.se[0] == pytest.approx(math.sqrt(20 / 19 / 3.75), abs=1e-9)
    # t(19), .975 quantile 2.093024 (printed tables)
    assert fit.upper[0] == pytest.approx(math.log(3) + 2.093024 * fit.se[0], abs=1e-6)
    assert (fit.n, fit.n_strata, fit.n_informative, fit.n_clusters) == (40, 20, 20, 20)
    assert (fit.method, fit.reason) == ("conditional_logit", "")


def test_mantel_haenszel_score_test_under_separation():
    # 20 pairs, all one way: score ½ each, so z = (20·½)/√(20·¼) = √20; the estimate itself is infinite.
    fit = conditional_ordinal(*_matched_pairs(20, 0))
    assert fit.reason == "separation" and fit.separated.tolist() == [1]
    assert np.isnan(fit.coef[0]) and np.isnan(fit.upper[0])
    assert fit.z[0] == pytest.approx(math.sqrt(20), abs=1e-9)
    assert fit.p[0] < 0.001


def test_likelihood_by_enumeration_of_subsets():
    rng = np.random.default_rng(3)
    sizes = (3, 5, 8, 7)
    team = np.repeat(np.arange(4), sizes)
    x = rng.normal(size=(team.size, 2))
    y = np.concatenate([rng.permutation(np.arange(n) < m) for n, m in zip(sizes, (1, 2, 5, 6), strict=True)])
    fit = conditional_ordinal(y, x, team, min_informative=2)
    total = 0.0
    for s, size in enumerate(sizes):
        eta, chosen = (x @ fit.coef)[team == s], y[team == s]
        subsets = itertools.combinations(range(size), int(chosen.sum()))
        total += eta[chosen].sum() - math.log(sum(math.exp(eta[list(c)].sum()) for c in subsets))
    assert fit.loglik == pytest.approx(total, abs=1e-10)


def test_agrees_with_statsmodels():
    # statsmodels' optimiser stops early, so its score at our estimate is checked as well.
    models = pytest.importorskip("statsmodels.discrete.conditional_models")
    y, x, team = _world(np.random.default_rng(7), 150, 8, np.array([0.5, -0.4]), [1.5])
    keep = np.isin(team, np.flatnonzero((np.bincount(team, y) > 0) & (np.bincount(team, y) < 8)))
    model = models.ConditionalLogit(y[keep], x[keep], groups=team[keep])
    fit = conditional_ordinal(y, x, team)
    assert np.abs(model.score(fit.coef)).max() < 1e-6
    theirs = model.fit(start_params=fit.coef, disp=0)
    assert fit.coef == pytest.approx(theirs.params, abs=1e-5)
    assert fit.se_model == pytest.approx(theirs.bse, abs=1e-5)
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-8)


def test_ordinal_maximises_the_sum_over_cuts():
    models = pytest.importorskip("statsmodels.discrete.conditional_models")
    y, x, team = _world(np.random.default_rng(5), 60, 6, np.array([0.6, 0.3]), [-1.0, 1.0])
    fit = conditional_ordinal(y, x, team)
    score = np.zeros(2)
    for cut in (1, 2):
        above = (y >= cut).astype(int)
        m = np.bincount(team, above)
        keep = np.isin(team, np.flatnonzero((m > 0) & (m < 6)))
        score += models.ConditionalLogit(above[keep], x[keep], groups=team[keep]).score(fit.coef)
    assert np.abs(score).max() < 1e-6
    assert fit.method == "amalgamated_conditional_logit"


def test_strata_of_several_hundred_members():
    # independent denominator: e_m by recursion on logs, for one column
    rng = np.random.default_rng(2)
    team = np.repeat([0, 1], 400)
    x = rng.normal(size=800)
    y = (x + 2 * rng.logistic(size=800) > np.where(team == 0, 0.0, 2.0)).astype(int)
    fit = conditional_ordinal(y, x, team, min_informative=2)
    total = 0.0
    for s in (0, 1):
        eta, m = fit.coef[0] * x[team == s], int(y[team == s].sum())
        logs = np.full(m + 1, -np.inf)
        logs[0] = 0.0
        for value in eta:
            logs[1:] = np.logaddexp(logs[1:], logs[:-1] + value)
        total += eta[y[team == s] == 1].sum() - logs[m]
    assert fit.loglik == pytest.approx(total, rel=1e-10)
    assert fit.reason == ""


def test_what_a_stratum_shares_cancels():
    y, x, team = _world(np.random.default_rng(1), 80, 6, np.array([0.5, 0.2]), [0.0])
    shifted = x + 5 * np.random.default_rng(8).normal(size=(80, 2))[team]
    plain, moved = conditional_ordinal(y, x, team), conditional_ordinal(y, shifted, team)
    assert moved.coef == pytest.approx(plain.coef, abs=1e-8)
    assert moved.se == pytest.approx(plain.se, abs=1e-8)


def test_order_of_rows_and_labels_of_strata_do_not_matter():
    y, x, team = _world(np.random.default_rng(4), 50, 5, np.array([0.5, 0.2]), [0.0, 1.0])
    order = np.random.default_rng(9).permutation(y.size)
    plain = conditional_ordinal(y, x, team)
    mixed = conditional_ordinal(10 * y[order] - 3, x[order], 7 * (49 - team[order]))
    assert mixed.coef == pytest.approx(plain.coef, abs=1e-8)
    assert mixed.se == pytest.approx(plain.se, abs=1e-8)


def test_turning_the_outcome_over_changes_the_sign_only():
    y, x, team = _world(np.random.default_rng(6), 60, 7, np.array([0.5, 0.2]), [-1.0, 1.0])
    up, down = conditional_ordinal(y, x, team), conditional_ordinal(-y, x, team)
    assert down.coef == pytest.approx(-up.coef, abs=1e-8)
    assert down.se == pytest.approx(up.se, abs=1e-8)


def test_clusters_larger_than_strata():
    # The same 20 pairs four times in one cluster each: as informative as once, up to nothing at all.
    y, x, stratum = _matched_pairs(15, 5)
    copies = np.arange(4)
    once = conditional_ordinal(y, x, stratum)
    strata = (stratum + 20 * copies[:, None]).ravel()
    fit = conditional_ordinal(np.tile(y, 4), np.tile(x, 4), strata, cluster=strata % 20)
    assert fit.n_clusters == 20 and fit.n_informative == 80
    assert fit.se == pytest.approx(once.se, abs=1e-9)
    with pytest.raises(ValueError, match="each stratum must lie in one cluster"):
        conditional_ordinal(y, x, stratum, cluster=np.arange(40))


def test_informative_counts_strata_where_both_vary():
    y = np.array([0, 1, 0, 1, 1, 1, 0, 1])
    x = np.column_stack([[0, 1, 1, 1, 0, 1, 1, 0], [0, 1, 1, 0, 0, 1, 1, 1]])
    fit = conditional_ordinal(y, x, np.repeat(np.arange(4), 2), min_informative=10)
    assert fit.reason == "too_few_informative"
    assert fit.n_informative == 3 and fit.informative.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("y", "x", "reason"),
    [
        (np.zeros(40), np.tile([0, 1], 20), "no_variation"),
        (np.repeat(np.arange(20) % 2, 2), np.tile([0, 1], 20), "no_variation"),
        (np.tile([0, 1], 20), np.repeat(np.arange(20), 2), "no_variation"),
    ],
)
def test_no_variation_is_said(y, x, reason):
    fit = conditional_ordinal(y, x, np.repeat(np.arange(20), 2))
    assert fit.reason == reason
    assert np.isnan([fit.coef[0], fit.se[0], fit.p[0], fit.lower[0]]).all()


def test_empty_input_has_a_reason():
    assert conditional_ordinal([], np.zeros((0, 2)), []).reason == "no_variation"


def test_collinear_inside_strata():
    y, x, team = _world(np.random.default_rng(1), 40, 6, np.array([0.5, 0.2]), [0.0])
    both = np.column_stack([x[:, 0], 2 * x[:, 0] + np.arange(40)[team]])
    assert conditional_ordinal(y, both, team).reason == "collinear"


def test_separation_along_one_of_two_columns():
    rng = np.random.default_rng(12)
    y, x, team = _world(rng, 60, 6, np.array([0.0, 0.5]), [1.0])
    x[:, 0] = y * rng.integers(0, 2, y.size)  # only members with y = 1 ever have it
    fit = conditional_ordinal(y, x, team)
    assert fit.reason == "separation" and fit.separated.tolist() == [1, 0]
    assert fit.z[0] > 4 and fit.p[0] < 0.001
    assert np.isnan(fit.z[1])  # its test would need the first column at its infinite estimate


def test_a_large_but_finite_effect_is_no_separation():
    # 399 : 1 discordant pairs
    fit = conditional_ordinal(*_matched_pairs(399, 1))
    assert fit.reason == "" and fit.coef[0] == pytest.approx(math.log(399), abs=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0, 1, np.nan, 1]}, "y holds NaN"),
        ({"X": [0, 1, 0]}, "X has shape"),
        ({"X": [0, 1, 0, np.inf]}, "X holds NaN"),
        ({"strata": [0, 0, -1, 1]}, "negative"),
        ({"strata": [0.0, 0.0, 1.0, 1.0]}, "integer"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"y": [0, 1, 0, 1], "X": [0, 1, 0, 1], "strata": [0, 0, 1, 1]}
    with pytest.raises(ValueError, match=message):
        conditional_ordinal(**(good | change))


def test_too_many_levels_are_refused():
    with pytest.raises(ValueError, match="levels"):
        conditional_ordinal(np.arange(60), np.arange(60), np.zeros(60, dtype=int))


def test_accepts_read_only_and_small_integers():
    y, x, stratum = _matched_pairs(15, 5)
    small = stratum.astype(np.int8)
    small.flags.writeable = False
    assert conditional_ordinal(y, x, small).coef[0] == pytest.approx(math.log(3), abs=1e-9)


def test_frame():
    y, x, team = _world(np.random.default_rng(1), 40, 6, np.array([0.5, 0.2]), [0.0])
    frame = conditional_ordinal(y, x, team).to_frame()
    assert list(frame) == ["quantity", "level", "value", "se", "lower", "upper"]
    assert frame["level"].tolist() == ["0", "1"]


@pytest.mark.parametrize(("teams", "cuts"), [(60, [1.9]), (60, [-2.5, 1.9])])
def test_size_and_coverage(teams, cuts):
    # 200 runs: 99.9 % band of a rate of 5 % is .01 to .11; coverage of the true slope alike.
    hits = np.zeros(2)
    beta = np.array([0.0, 0.4])
    for seed in range(200):
        y, x, team = _world(np.random.default_rng(seed), teams, 8, beta, cuts)
        fit = conditional_ordinal(y, x, team)
        hits += [fit.p[0] < 0.05, not fit.lower[1] <= 0.4 <= fit.upper[1]]
    assert (hits / 200 > 0.01).all() and (hits / 200 < 0.11).all()


def test_own_group_effect_is_found_through_any_leniency():
    # inference.md S1: own-group effect in a plain export, supervisors differing widely in level
    rng = np.random.default_rng(20)
    team = np.repeat(np.arange(560), 8)
    boss, group = rng.integers(0, 2, 560), rng.integers(0, 2, team.size)
    own = (boss[team] == group).astype(float)
    latent = 0.4 * own + rng.normal(size=560)[team] + rng.logistic(size=team.size)
    fit = conditional_ordinal(np.digitize(latent, [2.5]), np.column_stack([group, own]), team)
    assert fit.lower[1] > 0 and fit.lower[1] < 0.4 < fit.upper[1]
    assert fit.lower[0] < 0 < fit.upper[0]
