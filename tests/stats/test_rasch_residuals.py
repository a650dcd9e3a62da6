"""What the main effects leave of scores, by cells of two facets."""

from __future__ import annotations

import numpy as np
import pytest

from kinerja_analysis.stats import cell_residuals, many_facet_rasch


def _fit(seed: int, score=lambda x: x, **given):
    rng = np.random.default_rng(seed)
    ratee, rater, item = (g.ravel() for g in np.indices((30, 6, 4)))
    eta = rng.normal(0, 1, 30)[ratee] - rng.normal(0, 0.5, 6)[rater] + rng.normal(0, 0.8, ratee.size)
    category = np.searchsorted([-1.5, -0.5, 0.5, 1.5], eta)
    facets = {"ratee": ratee, "rater": rater, "item": item}
    return many_facet_rasch(score(category), facets, **given), score(category), facets


def test_sums_of_ratees_and_raters_are_zero():
    fit, score, facets = _fit(1, correct_bias=False)
    left = cell_residuals(fit, "ratee", "rater")
    total = left.count * (left.observed - left.expected)
    assert np.abs(np.bincount(left.first, total)).max() < 1e-3  # the likelihood equations, tolerance of the fit
    assert np.abs(np.bincount(left.second, total)).max() < 1e-3
    key = facets["ratee"] * 6 + facets["rater"]
    observed = np.bincount(key, score) / np.bincount(key)
    assert left.observed == pytest.approx(observed[left.first * 6 + left.second])
    assert left.to_frame().columns.tolist() == ["ratee", "rater", "count", "observed", "expected", "slope"]


def test_slope_is_the_derivative_of_the_expected_score():
    fit, _, _ = _fit(2)
    left = cell_residuals(fit, "ratee", "rater")

    def expected(step: float) -> np.ndarray:
        eta = (fit.measure["ratee"][left.first] - fit.measure["rater"][left.second])[:, None]
        eta = eta - fit.measure["item"][None, :] + step
        log = np.cumsum(eta[..., None] - fit.thresholds, axis=-1)
        weight = np.exp(np.concatenate([np.zeros((*eta.shape, 1)), log], axis=-1))
        return ((weight @ np.arange(5.0)) / weight.sum(axis=-1)).mean(axis=1)

    assert left.expected == pytest.approx(expected(0.0), abs=1e-6)
    assert left.slope == pytest.approx((expected(1e-4) - expected(-1e-4)) / 2e-4, rel=1e-4)


def test_scores_count_in_points_where_categories_are_skipped():
    fit, score, _ = _fit(3, lambda x: np.array([0, 1, 2, 3, 9])[x])
    left = cell_residuals(fit, "rater", "item")
    assert set(score) == {0, 1, 2, 3, 9}  # numbers of categories end at 4
    assert left.observed.max() > 4
    assert left.count @ left.observed == pytest.approx(left.count @ left.expected, rel=0.02)


def test_wrong_facets_are_refused():
    fit, _, _ = _fit(4)
    for f, g in (("ratee", "ratee"), ("ratee", "nobody")):
        with pytest.raises(ValueError, match="two different facets"):
            cell_residuals(fit, f, g)
