"""Latent classes: recovery of what was planted, order and labels, gaps, coverage, and what cannot be told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinerja_analysis.stats import dawid_skene

P = np.array([0.5, 0.3, 0.2])
GOOD, POOR = 0.85 * np.eye(3) + 0.05, 0.4 * np.eye(3) + 0.2


def draw(n, seed, raters=(GOOD, GOOD, POOR, GOOD), gaps=0.0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, p=P, size=n)
    columns = [(error.cumsum(axis=1)[truth] < rng.random((n, 1))).sum(axis=1) for error in raters]
    x = 1.0 + np.column_stack(columns)
    x[rng.random(x.shape) < gaps] = np.nan
    return x, truth


def test_planted_errors_and_classes_come_back():
    x, truth = draw(4000, 0)
    fit = dawid_skene(x)
    assert fit.converged and fit.reason == ""
    assert fit.p == pytest.approx(P, abs=0.03)
    assert fit.error[0] == pytest.approx(GOOD, abs=0.04) and fit.error[2] == pytest.approx(POOR, abs=0.05)
    assert fit.accuracy == pytest.approx([0.9, 0.9, 0.6, 0.9], abs=0.03)
    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.95
    assert fit.error.sum(axis=2) == pytest.approx(np.ones((4, 3))) and fit.posterior.sum(axis=1) == pytest.approx(1)


def test_better_than_the_majority_where_one_rater_is_good_and_others_are_not():
    x, truth = draw(3000, 1, raters=(GOOD, POOR, POOR, POOR))
    votes = np.stack([(x == c).sum(axis=1) for c in (1, 2, 3)], axis=1).argmax(axis=1)
    assert np.mean(dawid_skene(x).posterior.argmax(axis=1) == truth) > np.mean(votes == truth) + 0.02


def test_order_and_gaps_and_the_same_rater_twice():
    x, _ = draw(300, 2, gaps=0.3)
    fit = dawid_skene(x)
    turned = dawid_skene(x[::-1, ::-1])
    assert turned.p == pytest.approx(fit.p, abs=1e-6) and turned.error[::-1] == pytest.approx(fit.error, abs=1e-4)
    assert turned.loglik == pytest.approx(fit.loglik)
    alone = dawid_skene(np.column_stack([x, np.full(300, np.nan)]))
    assert np.isnan(alone.error[4]).all() and math.isnan(alone.accuracy[4])
    joined = dawid_skene(np.column_stack([x, x[:, 0]]), rater=[0, 1, 2, 3, 0])
    assert joined.error.shape == (4, 3, 3) and joined.n_raters == 4


def test_items_without_a_rating_do_not_count():
    x, _ = draw(200, 3)
    fit, more = dawid_skene(x), dawid_skene(np.vstack([x, np.full((5, 4), np.nan)]))
    assert more.p == pytest.approx(fit.p) and more.n == 200 and np.isnan(more.posterior[200:]).all()


def test_a_prior_keeps_error_rates_off_the_edge():
    x, _ = draw(40, 5)
    plain, held = dawid_skene(x), dawid_skene(x, prior=(3, 4.8, 1.6))
    assert plain.error.min() < 1e-6 < 0.01 < held.error.min() and held.converged
    assert held.error.sum(axis=2) == pytest.approx(np.ones((4, 3)))
    many = draw(4000, 0)[0]
    assert dawid_skene(many, prior=(3, 4.8, 1.6)).p == pytest.approx(dawid_skene(many).p, abs=0.005)


@pytest.mark.slow
def test_limits_of_the_shares_cover():
    fits = [dawid_skene(draw(200, seed)[0], tolerance=1e-8) for seed in range(60)]
    inside = [(f.lower <= P) & (f.upper >= P) for f in fits]
    assert np.mean(inside) > 0.90  # 180 correlated intervals


def test_what_cannot_be_told_is_said():
    assert dawid_skene([[1.0, 1], [1, 1]]).reason == "one_level"
    assert dawid_skene([[np.nan, np.nan]]).reason == "empty"
    two = dawid_skene([[1.0, 1], [2, 2], [1, 2], [2, 2]])
    assert two.reason == "not_identified" and not two.to_frame().empty
    assert dawid_skene(draw(200, 4)[0], iterations=2).reason == "no_convergence"
    with pytest.raises(ValueError):
        dawid_skene([[1.0, 2]], prior=(-1, 0, 0))
    for bad, rater in (([1.0, 2], None), ([[1.0, np.inf]], None), ([[1.0, 2]], [0])):
        with pytest.raises(ValueError):
            dawid_skene(bad, rater=rater)


@pytest.mark.filterwarnings("error")
def test_one_item_or_no_step_still_answers():
    fit = dawid_skene([[1, 2, 1]])
    assert np.isfinite(fit.p).all() and np.isnan(fit.p_se).all()
    assert dawid_skene([[1, 1, 2], [2, 2, 2], [1, 1, 1]], iterations=0).reason == "no_convergence"
