"""Beta-binomial clustering: scipy's own distribution, limiting cases, size and coverage."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.clustering import beta_binomial


def _draw(rng, teams, rho, mean=0.113):
    n = rng.integers(4, 14, teams)
    p = rng.beta(mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho, teams) if rho else np.full(teams, mean)
    return rng.binomial(n, p), n


def _loglik(k, n, mean, rho):
    """From scipy's beta-binomial, without the binomial coefficients."""
    from scipy.special import gammaln
    from scipy.stats import betabinom

    odds = (1 - rho) / rho
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return float((betabinom.logpmf(k, n, mean * odds, (1 - mean) * odds) - choose).sum())


def test_maximum_and_limits_against_scipy():
    from scipy.optimize import minimize, minimize_scalar

    k, n = _draw(np.random.default_rng(1), 80, 0.1)
    fit = beta_binomial(k, n)
    best = minimize(
        lambda v: -_loglik(k, n, *v), [0.1, 0.1], bounds=[(0.01, 0.9), (1e-4, 0.9)], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11},
    )  # fmt: skip
    assert (fit.mean, fit.rho) == pytest.approx(tuple(best.x), abs=1e-5)
    assert fit.loglik == pytest.approx(-best.fun, abs=1e-8)

    def profile(rho):
        found = minimize_scalar(lambda m: -_loglik(k, n, m, rho), bounds=(0.01, 0.9), method="bounded")
        return -found.fun

    # ½·χ²(1) quantile .95 = 1.920729
    for end in (fit.lower, fit.upper):
        assert fit.loglik - profile(end) == pytest.approx(1.920729, abs=1e-4)


def test_no_clustering_is_the_binomial():
    # 4 teams, 2 of 4 each: less spread than chance, so rho = 0 and the log likelihood 16·log ½
    fit = beta_binomial([2, 2, 2, 2], [4, 4, 4, 4])
    assert (fit.rho, fit.lower, fit.lr, fit.p) == (0.0, 0.0, 0.0, 1.0)
    assert fit.loglik == pytest.approx(16 * math.log(0.5))
    assert 0 < fit.upper < 1


def test_perfect_clustering():
    # all or nothing: likelihood ½⁴ at rho = 1 against ½¹⁶ at rho = 0
    fit = beta_binomial([4, 4, 0, 0], [4, 4, 4, 4])
    assert fit.rho == pytest.approx(1.0, abs=1e-6) and fit.upper == 1.0
    assert fit.lr == pytest.approx(2 * 12 * math.log(2), abs=1e-6)
    # half of the χ²(1) tail: ½·erfc(√(LR/2))
    assert fit.p == pytest.approx(0.5 * math.erfc(math.sqrt(12 * math.log(2))), rel=1e-5)


def test_turning_the_outcome_over_changes_only_the_mean():
    k, n = _draw(np.random.default_rng(2), 100, 0.1)
    fit, other = beta_binomial(k, n), beta_binomial(n - k, n)
    assert (other.rho, other.upper) == pytest.approx((fit.rho, fit.upper), abs=1e-7)
    assert other.mean == pytest.approx(1 - fit.mean, abs=1e-9)


def test_teams_of_one_inform_the_mean_only():
    k, n = _draw(np.random.default_rng(3), 100, 0.1)
    fit = beta_binomial(np.append(k, [1, 0] * 5), np.append(n, [1] * 10))
    assert fit.n == 110 and abs(fit.rho - beta_binomial(k, n).rho) < 0.01


@pytest.mark.parametrize(("rho", "teams"), [(0.035, 200), (0.1, 60)])
def test_interval_covers(rho, teams):
    # 150 runs: 99.9 % band of misses around 5 % is 0 to .12
    fits = [beta_binomial(*_draw(np.random.default_rng(s), teams, rho)) for s in range(150)]
    assert np.mean([not f.lower <= rho <= f.upper for f in fits]) < 0.12
    # inference.md 2.3: 500 teams give an SD of .008 to .012, so 200 teams about .013 to .019
    if teams == 200:
        assert 0.012 < np.std([f.rho for f in fits]) < 0.022


def test_boundary_test_keeps_its_level():
    hits = [beta_binomial(*_draw(np.random.default_rng(s), 200, 0.0)).p < 0.05 for s in range(150)]
    assert np.mean(hits) < 0.12


@pytest.mark.parametrize(
    ("k", "n", "reason", "mean"),
    [([0, 0], [8, 8], "constant", 0.0), ([8, 8], [8, 8], "constant", 1.0), ([1, 0], [1, 1], "empty", 0.5)],
)
def test_reasons(k, n, reason, mean):
    fit = beta_binomial(k, n)
    assert fit.reason == reason and fit.mean == mean
    assert np.isnan([fit.rho, fit.lower, fit.upper, fit.p]).all()


def test_no_teams():
    assert beta_binomial([], []).reason == "empty"


@pytest.mark.parametrize(
    ("k", "n"), [([1.5], [2]), ([3], [2]), ([-1], [2]), ([0], [0]), ([1, 2], [2]), ([np.nan], [2])]
)
def test_malformed_input_is_refused(k, n):
    with pytest.raises(ValueError):
        beta_binomial(k, n)


def test_frame():
    assert beta_binomial([1, 3], [4, 4]).to_frame()["quantity"].tolist() == ["rho", "mean"]
