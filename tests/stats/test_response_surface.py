"""Polynomial regression and its surface: exact surfaces, robust errors against statsmodels, coverage, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from kinerja_analysis.stats import response_surface
from kinerja_analysis.stats.response_surface import AXES, LINES

B = np.array([5, -0.23, 0.77, -0.07, 0.27, -0.10])


def surface(x, y, b=B):
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y]) @ b


def sample(n, seed, noise=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 0.4 * x + rng.normal(size=n)
    return x, y, surface(x, y) + noise * rng.normal(size=n) * (0.5 + np.abs(x))


def test_an_exact_surface_comes_back():
    x, y, _ = sample(50, 0)
    fit = response_surface(x, y, surface(x, y))
    assert fit.b == pytest.approx(B) and fit.r_squared == pytest.approx(1)
    assert [getattr(fit, a) for a in LINES] == pytest.approx([0.54, 0.10, -1.00, -0.44, 0.03])


def test_axes_are_the_eigenvectors_through_the_stationary_point():
    x, y, _ = sample(50, 0)
    fit = response_surface(x, y, surface(x, y))
    hessian = np.array([[2 * B[3], B[4]], [B[4], 2 * B[5]]])
    point = np.linalg.solve(hessian, -B[1:3])
    assert [fit.x0, fit.y0] == pytest.approx(point)
    value, vector = np.linalg.eigh(hessian)
    slopes = vector[1] / vector[0]
    assert fit.p11 == pytest.approx(slopes[np.argmax(value)]) and fit.p21 == pytest.approx(slopes[np.argmin(value)])
    assert fit.p10 == pytest.approx(fit.y0 - fit.p11 * fit.x0) and fit.p11 * fit.p21 == pytest.approx(-1)


def test_robust_errors_equal_statsmodels():
    x, y, z = sample(120, 1)
    design = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    model = sm.OLS(z, design)
    fit = response_surface(x, y, z)
    hc3 = model.fit(cov_type="HC3")
    assert fit.b == pytest.approx(hc3.params) and fit.b_se == pytest.approx(hc3.bse)
    signs = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [1, -1, 0, 0, 0], [0, 0, 1, -1, 1], [0, 0, 1, 0, -1]]
    lines = np.insert(np.array(signs), 0, 0, axis=1)
    assert fit.a_se == pytest.approx(np.sqrt(np.diag(lines @ hc3.cov_params() @ lines.T)))


def test_clustered_errors_equal_the_jackknife_over_units():
    x, y, z = sample(120, 1)
    unit = np.arange(120) // 8
    design = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    left = np.array([np.linalg.lstsq(design[unit != g], z[unit != g])[0] for g in range(15)])
    fit = response_surface(x, y, z, cluster=unit)
    expected = np.sqrt(14 / 15 * ((left - fit.b) ** 2).sum(axis=0))
    assert fit.b_se == pytest.approx(expected) and fit.method == "ols_cr3" and fit.df == 14


def test_the_delta_method_agrees_with_the_bootstrap():
    x, y, z = sample(2000, 2, noise=0.2)
    fit = response_surface(x, y, z, replicates=300)
    width = np.array([fit.upper[a] - fit.lower[a] for a in AXES]) / (2 * 1.96)
    assert fit.axes_se[[2, 3]] == pytest.approx(width[[2, 3]], rel=0.25)
    assert all(fit.lower[a] < getattr(fit, a) < fit.upper[a] for a in AXES)


def test_intervals_cover_under_unequal_variances():
    true = dict(zip(LINES, [0.54, 0.10, -1.00, -0.44, 0.03], strict=True))
    fits = [response_surface(*sample(150, seed)) for seed in range(300)]
    inside = [[f.lower[a] <= true[a] <= f.upper[a] for a in LINES] for f in fits]
    assert (np.mean(inside, axis=0) > 0.91).all()  # 300 sets: 3 Monte-Carlo errors below .95


def test_intervals_of_whole_units_cover_when_units_differ():
    inside = []
    for seed in range(200):
        x, y, z = sample(240, seed)
        unit = np.arange(240) // 8
        z = z + np.random.default_rng(seed + 1000).normal(size=30)[unit] * 1.5
        fit = response_surface(x, y, z, cluster=unit)
        inside.append(fit.lower["a3"] <= -1.0 <= fit.upper["a3"])
    assert np.mean(inside) > 0.9


def test_the_same_constant_moves_the_point_only():
    x, y, z = sample(100, 3)
    plain, moved = response_surface(x, y, z), response_surface(x, y, z, centre=2.0)
    assert [moved.x0 + 2, moved.y0 + 2] == pytest.approx([plain.x0, plain.y0])
    assert [moved.a2, moved.a4, moved.a5, moved.p11] == pytest.approx([plain.a2, plain.a4, plain.a5, plain.p11])


def test_what_cannot_be_told_is_said():
    x = np.tile([1.0, 2], 10)
    two = response_surface(x, np.repeat([1.0, 2], 10), np.arange(20.0))
    assert two.reason == "collinear" and np.isnan(two.b).all() and not two.to_frame().empty
    assert response_surface([1, 2, 3], [2, 1, 3], [1, 1, 2]).reason == "too_few"
    x, y, z = sample(40, 4)
    assert response_surface(x, y, z, cluster=np.zeros(40, int)).reason == "too_few"
    ridge = response_surface(x, y, (x - y) ** 2)
    assert ridge.reason == "no_stationary_point" and math.isnan(ridge.x0) and ridge.a4 == pytest.approx(4)
    with pytest.raises(ValueError):
        response_surface(x, y, z[:-1])
    with pytest.raises(ValueError):
        response_surface(x, y, np.full(40, np.nan))


@pytest.mark.parametrize("z", [lambda x, y: 0 * x, lambda x, y: 0 * x + 5.1, lambda x, y: 2 * x + 0.3 * y + 1])
@pytest.mark.filterwarnings("error")
def test_rounding_gives_no_stationary_point(z):
    x, y = np.random.default_rng(2).integers(1, 6, (2, 40)).astype(float)
    fit = response_surface(x, y, z(x, y), replicates=20)
    assert fit.reason == "no_stationary_point"
    assert math.isnan(fit.x0) and math.isnan(fit.p11)


def test_axes_parallel_to_both_ratings_are_not_a_number_but_the_point_is():
    x, y = (v.ravel() - 2.0 for v in np.indices((5, 5)))
    fit = response_surface(x, y, x**2 + 2 * y**2)
    assert (fit.reason, fit.x0, fit.y0) == ("", 0.0, 0.0)
    assert math.isnan(fit.p11)
