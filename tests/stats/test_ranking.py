"""Rank intervals: cases that can be checked by hand, invariance, refusals, coverage."""

import numpy as np
import pytest

from kinerja_analysis.stats import crossed_effects, rank_intervals, shrink

METHODS = ("posterior", "pairwise")


def correlated(rng, k):
    """A covariance with unequal variances and correlations of either sign."""
    root = rng.normal(size=(k, k)) / np.sqrt(k)
    return root @ root.T + 0.3 * np.eye(k)


def test_two_effects_follow_the_normal_test():
    """With two effects the critical value is the two-sided normal quantile."""
    found = rank_intervals([2.0, 0.0], [0.6, 0.8], method="pairwise", draws=40_000)
    assert found.pair_distinguishable.tolist() == [[False, True], [True, False]]
    assert (found.rank.tolist(), found.lower.tolist(), found.upper.tolist()) == ([1, 2], [1, 2], [1, 2])
    near = rank_intervals([1.9, 0.0], [0.6, 0.8], method="pairwise", draws=40_000)
    assert near.critical_value == pytest.approx(1.96, abs=0.03)
    assert not near.pair_distinguishable.any()
    assert (near.lower.tolist(), near.upper.tolist()) == ([1, 1], [2, 2])


def test_critical_value_of_equal_errors_is_that_of_the_range():
    """Tukey's studentised range with infinite degrees of freedom: q(.95; 10) = 4.474, over √2."""
    found = rank_intervals(np.zeros(10), np.full(10, 0.2), method="pairwise", draws=40_000)
    assert found.critical_value == pytest.approx(4.474 / np.sqrt(2), abs=0.03)


def test_steps_leave_stated_pairs_out():
    """Two far groups of two: 4 of 12 ordered pairs are stated first, then a difference of 2.5 < 2.569 inside one."""
    found = rank_intervals([100.0, 102.5, 0.0, 0.5], np.full(4, 1 / np.sqrt(2)), method="pairwise", draws=40_000)
    noise = np.random.default_rng(0).normal(0, 1 / np.sqrt(2), (100_000, 4))
    open_pairs = [(0, 1), (2, 3), (3, 2), (2, 0), (2, 1), (3, 0), (3, 1)]
    largest = np.max([noise[:, i] - noise[:, j] for i, j in open_pairs], axis=0)
    assert found.critical_value == pytest.approx(np.quantile(largest, 0.95), abs=0.03) and found.critical_value < 2.5
    assert found.pair_distinguishable[0].tolist() == [False, True, True, True]
    assert not found.pair_distinguishable[2, 3]


@pytest.mark.parametrize("method", METHODS)
def test_well_separated_effects_have_exact_ranks(method):
    effect = np.array([5.0, 40.0, -30.0, 11.0, 80.0])
    found = rank_intervals(effect, np.full(5, 0.5), method=method)
    for part in (found.rank, found.lower, found.upper):
        assert part.tolist() == [4, 2, 5, 3, 1]
    assert (found.pair_distinguishable == ~np.eye(5, dtype=bool)).all()
    assert found.reason == ""


@pytest.mark.parametrize("method", METHODS)
def test_standard_errors_are_a_diagonal_covariance(method):
    rng = np.random.default_rng(1)
    effect, se = rng.normal(0, 1, 12), rng.uniform(0.3, 0.8, 12)
    one, other = rank_intervals(effect, se, method=method), rank_intervals(effect, cov=np.diag(se**2), method=method)
    assert one.to_frame().equals(other.to_frame())
    assert (one.pair_distinguishable == other.pair_distinguishable).all()


@pytest.mark.parametrize("method", METHODS)
def test_order_of_the_effects_does_not_matter(method):
    rng = np.random.default_rng(2)
    effect, cov = rng.normal(0, 1.5, 15), correlated(rng, 15)
    order = rng.permutation(15)
    one = rank_intervals(effect, cov=cov, method=method)
    other = rank_intervals(effect[order], cov=cov[np.ix_(order, order)], method=method)
    for name in ("rank", "lower", "upper"):
        assert (getattr(one, name)[order] == getattr(other, name)).all()
    assert (one.pair_distinguishable[np.ix_(order, order)] == other.pair_distinguishable).all()


@pytest.mark.parametrize("method", METHODS)
def test_shift_and_scale_do_not_matter_and_the_sign_turns_the_ranks(method):
    rng = np.random.default_rng(3)
    effect, se = rng.normal(0, 1, 9), rng.uniform(0.2, 0.5, 9)
    one = rank_intervals(effect, se, method=method)
    other = rank_intervals(100 + 8 * effect, 8 * se, method=method)
    np.testing.assert_allclose([other.rank, other.lower, other.upper], [one.rank, one.lower, one.upper], atol=0.01)
    turned = rank_intervals(-effect, se, method=method)
    np.testing.assert_allclose(10 - turned.rank, one.rank, atol=0.1)
    np.testing.assert_allclose(10 - turned.upper, one.lower, atol=1)


def test_between_variance_is_that_of_shrink():
    rng = np.random.default_rng(4)
    effect, se = rng.normal(0, 1, 20), rng.uniform(0.3, 0.9, 20)
    assert rank_intervals(effect, se).between_var == pytest.approx(shrink(effect, se).between_var, rel=1e-9)


def test_posterior_ranks_are_those_of_independent_draws():
    """Equal standard errors: the common mean cancels and ranks follow N(shrunken, (1 − B)·V + Morris' widening)."""
    rng = np.random.default_rng(5)
    effect, V = rng.normal(0, 1, 8), 0.36
    found = rank_intervals(effect, np.full(8, 0.6), draws=40_000)
    A = effect.var(ddof=1) - V
    B = 5 / 7 * V / (V + A)
    sd = np.sqrt((1 - B) * V + 2 / 5 * B**2 * (effect - effect.mean()) ** 2)
    drawn = (1 - B) * effect + sd * rng.normal(size=(40_000, 8))
    ranks = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    np.testing.assert_allclose(found.rank, ranks.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(found.lower, np.quantile(ranks, 0.025, axis=0), atol=1)


def test_a_shared_error_does_not_blur_the_ranks():
    effect = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    cov = 100.0 + 0.01 * np.eye(5)
    assert rank_intervals(effect, cov=cov).rank.tolist() == [5, 4, 3, 2, 1]
    assert rank_intervals(effect, cov=cov, method="pairwise").pair_distinguishable.sum() == 20
    assert rank_intervals(effect, cov=100.01 * np.eye(5)).reason == "no_variance"


def test_effects_that_sum_to_zero_have_a_singular_covariance():
    centre = np.eye(6) - 1 / 6
    effect = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    for method in METHODS:
        one = rank_intervals(effect, cov=0.25 * centre, method=method, draws=20_000)
        other = rank_intervals(effect, np.full(6, 0.5), method=method, draws=20_000)
        np.testing.assert_allclose(one.rank, other.rank, atol=0.05)
        assert (one.pair_distinguishable == other.pair_distinguishable).all()
    assert one.critical_value == pytest.approx(other.critical_value, abs=0.05)


def test_without_variance_there_is_one_group():
    """Rubin's eight schools: no between variance, so no ranks; the estimates still have confidence sets."""
    schools = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    found = rank_intervals(*schools)
    assert (found.reason, found.between_var) == ("no_variance", 0.0)
    assert np.isnan(found.rank).all() and (found.lower == 1).all() and (found.upper == 8).all()
    assert not found.pair_distinguishable.any()
    assert rank_intervals(*schools, method="pairwise").rank.tolist() == [1, 4, 8, 5, 7, 6, 2, 3]


def test_few_effects():
    few = rank_intervals([9.0, 0.0, 0.0], [0.1, 0.1, 0.1])
    assert few.reason == "too_few" and np.isnan(few.rank).all() and few.pair_distinguishable.sum() == 4
    tied = rank_intervals([9.0, 0.0, 0.0], [0.1, 0.1, 0.1], method="pairwise")
    assert tied.rank.tolist() == [1, 2.5, 2.5] and tied.upper.tolist() == [1, 3, 3] and tied.lower.tolist() == [1, 2, 2]
    one = rank_intervals([9.0], [0.1], method="pairwise")
    assert (one.rank[0], one.lower[0], one.upper[0]) == (1, 1, 1) and np.isnan(one.critical_value)
    for method in METHODS:
        empty = rank_intervals([], [], method=method)
        assert (empty.n, empty.reason, empty.pair_distinguishable.shape) == (0, "empty", (0, 0))
        assert len(empty.to_frame()) == 2


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "one of them"),
        ({"se": [1.0, 1.0], "cov": np.eye(2)}, "one of them"),
        ({"se": [1.0, 0.0]}, "positive"),
        ({"se": [1.0, np.nan]}, "NaN"),
        ({"se": [1.0]}, "expected 2"),
        ({"cov": np.eye(3)}, "2 × 2"),
        ({"cov": [[1.0, np.nan], [np.nan, 1.0]]}, "NaN"),
        ({"cov": [[1.0, 0.5], [0.2, 1.0]]}, "symmetric"),
        ({"cov": [[1.0, 2.0], [2.0, 1.0]]}, "semidefinite"),
        ({"cov": [[0.0, 0.0], [0.0, 1.0]]}, "positive"),
        ({"cov": [[1.0, 1.0], [1.0, 1.0]]}, "whole error"),
        ({"se": [1.0, 1.0], "method": "tiers"}, "method"),
        ({"se": [1.0, 1.0], "level": 1.0}, "level"),
    ],
)
def test_refusals(keywords, message):
    with pytest.raises(ValueError, match=message):
        rank_intervals([1.0, 2.0], **keywords)


def test_predictions_are_refused():
    rng = np.random.default_rng(7)
    a = np.repeat(np.arange(8), 5)
    fit = crossed_effects(rng.normal(size=8)[a] + rng.normal(size=40), {"a": a})
    with pytest.raises(ValueError, match="already shrunken"):
        rank_intervals(fit.effects["a"], fit.effects_se["a"])


@pytest.mark.parametrize("true_sd", [0.0, 1.0])
def test_confidence_sets_hold_all_ranks_at_once(true_sd):
    """A fast part of tests/calibration/rank_coverage.py: 200 data sets, nominal 95 %, binomial SE .015."""
    rng = np.random.default_rng(8)
    cov = correlated(rng, 10)
    root, held = np.linalg.cholesky(cov), []
    for seed in range(200):
        truth = true_sd * rng.normal(size=10)
        found = rank_intervals(
            truth + root @ rng.normal(size=10), cov=cov, method="pairwise", draws=1000, seed=seed
        )
        low, high = 1 + (truth[:, None] < truth).sum(axis=1), 10 - (truth[:, None] > truth).sum(axis=1)
        held.append(((found.lower <= low) & (found.upper >= high)).all())
    assert np.mean(held) >= 0.90
