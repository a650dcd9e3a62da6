"""Kendall's W against Friedman's test and Spearman's correlations; size of the test, coverage of the limits."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, spearmanr

from kinerja_analysis.stats import kendall_w


def rated(n, m, seed, shared=1.0, step=None):
    rng = np.random.default_rng(seed)
    x = shared * rng.normal(size=(n, 1)) + rng.normal(size=(n, m))
    return x if step is None else np.round(x / step)


@pytest.mark.parametrize("step", [None, 1.0])
def test_chi_square_is_friedmans(step):
    x = rated(15, 4, 0, step=step)
    fit = kendall_w(x)
    chi2, p = friedmanchisquare(*x)  # subjects are its treatments, raters its blocks
    assert (fit.chi2, fit.p) == pytest.approx((chi2, p))


def test_without_ties_w_is_the_mean_rank_correlation():
    x = rated(12, 5, 1)
    fit = kendall_w(x)
    mean = np.mean([spearmanr(x[:, a], x[:, b]).statistic for a, b in combinations(range(5), 2)])
    assert fit.mean_rank_correlation == pytest.approx(mean)


def test_two_equal_and_two_opposite_raters():
    a = np.arange(6.0)
    assert kendall_w(np.column_stack([a, 2 * a + 1])).value == pytest.approx(1)
    assert kendall_w(np.column_stack([a, -a])).value == pytest.approx(0)


def test_limits_cover_the_value_of_the_population():
    truth = kendall_w(rated(20_000, 4, 5)).value
    fits = [kendall_w(rated(30, 4, seed)) for seed in range(200)]
    assert np.mean([f.lower <= truth <= f.upper for f in fits]) > 0.90  # 200 sets: 3 Monte-Carlo errors below .95
    none = [kendall_w(rated(30, 4, seed, shared=0.0)) for seed in range(200)]
    assert np.mean([f.p <= 0.05 for f in none]) < 0.10
    assert np.mean([f.p_f <= 0.05 for f in none]) == pytest.approx(0.05, abs=0.047)


def test_gaps_are_dropped_and_counted():
    x = rated(10, 3, 2)
    gappy = np.vstack([x, [[1, np.nan, 2]], [[np.nan] * 3]])
    fit = kendall_w(gappy)
    assert fit.value == kendall_w(x).value and (fit.n, fit.n_dropped) == (10, 2)


def test_what_cannot_be_told_is_said():
    assert kendall_w(np.full((6, 3), 4.0)).reason == "constant"
    assert kendall_w([[1.0, 2], [2, 1]]).reason == "too_few" and math.isnan(kendall_w([[1.0, 2], [2, 1]]).value)
    perfect = kendall_w(np.column_stack([np.arange(8.0)] * 2))
    assert perfect.reason == "no_interval" and perfect.value == pytest.approx(1) and not perfect.to_frame().empty
    for bad in ([1.0, 2], [[1.0], [2]], [[1.0, np.inf]]):
        with pytest.raises(ValueError):
            kendall_w(bad)
