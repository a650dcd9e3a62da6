"""Crossed random effects on random designs: normal equations, the density itself, invariances, mixedlm.

Everything expected here comes from dense textbook formulas on whole matrices, or from the PyPI package mixedlm.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from kinerja_analysis.stats import crossed_effects


@dataclass(frozen=True)
class Case:
    """A random unbalanced design: response, factors, fixed design and kind of likelihood."""

    y: np.ndarray
    groups: dict[str, np.ndarray]
    X: np.ndarray | None
    reml: bool

    @property
    def design(self):
        return np.ones((self.y.size, 1)) if self.X is None else self.X

    def fit(self, **keywords):
        return crossed_effects(self.y, self.groups, self.X, reml=self.reml, sd_interval=False, **keywords)


def case(seed):
    """Two or three factors, crossed or nested, with and without X, REML and ML: sixteen kinds in turn.

    In every fifth seed the second factor has no variance, so that some fits end at zero.
    """
    rng = np.random.default_rng(seed)
    third, nested, with_x, reml = (bool(seed >> bit & 1) for bit in range(4))
    n = int(rng.integers(50, 140))
    a = rng.integers(0, rng.integers(8, 25), n)
    b = a * 3 + rng.integers(0, 3, n) if nested else rng.integers(0, rng.integers(5, 15), n)
    groups = {"a": a, "b": np.unique(b, return_inverse=True)[1]}
    if third:
        groups["c"] = rng.integers(0, 6, n)
    y = 50 + rng.normal(0, 0.8, n)
    for codes, sd in zip(groups.values(), (1.0, 0.6 * (seed % 5 > 0), 0.4), strict=False):
        y += rng.normal(0, sd, codes.max() + 1)[codes]
    X = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.4]) if with_x else None
    return Case(y, groups, X, reml)


def indicator(codes):
    return (codes[:, None] == np.arange(codes.max() + 1)).astype(float)


def normal_equations(case, fit):
    """Coefficients, effects and their standard errors from the whole system at the fitted variances.

    Effects are u·σ_k/σ, so that a factor at zero needs no infinite ratio (Bates et al. 2015, eq. 11–13).
    """
    blocks = [indicator(codes) * fit.sd[name] / fit.sd_residual for name, codes in case.groups.items()]
    scale = np.concatenate([np.full(case.design.shape[1], fit.sd_residual)] + [
        np.full(codes.max() + 1, fit.sd[name]) for name, codes in case.groups.items()
    ])  # fmt: skip
    W = np.hstack([case.design, *blocks])
    penalty = np.concatenate([np.zeros(case.design.shape[1]), np.ones(W.shape[1] - case.design.shape[1])])
    C = W.T @ W + np.diag(penalty)
    return np.linalg.solve(C, W.T @ case.y) * scale / fit.sd_residual, np.sqrt(np.diag(np.linalg.inv(C))) * scale


def density(case, variances):
    """Normal log density of y at these variances (residual last), fixed coefficients maximised or, if REML, out."""
    n, p = case.design.shape
    V = variances[-1] * np.eye(n)
    for codes, variance in zip(case.groups.values(), variances, strict=False):
        V += variance * (codes[:, None] == codes)
    information = case.design.T @ np.linalg.solve(V, case.design)
    beta = np.linalg.solve(information, case.design.T @ np.linalg.solve(V, case.y))
    left = case.y - case.design @ beta
    total = np.linalg.slogdet(V)[1] + left @ np.linalg.solve(V, left)
    if case.reml:
        return -0.5 * (total + np.linalg.slogdet(information)[1] + (n - p) * np.log(2 * np.pi))
    return -0.5 * (total + n * np.log(2 * np.pi))


def variances(fit):
    return np.array([*(sd**2 for sd in fit.sd.values()), fit.sd_residual**2])


@pytest.mark.parametrize("seed", range(50))
def test_effects_solve_the_normal_equations(seed):
    drawn = case(seed)
    fit = drawn.fit()
    assert fit.converged and fit.reason in ("", "singular")
    solution, error = normal_equations(drawn, fit)
    found = np.concatenate([fit.fixed, *fit.effects.values()])
    np.testing.assert_allclose(found, solution, rtol=1e-8, atol=1e-8 * np.abs(solution[fit.fixed.size :]).max())
    np.testing.assert_allclose(np.concatenate([fit.fixed_se, *fit.effects_se.values()]), error, rtol=1e-8)


@pytest.mark.parametrize("seed", range(50))
def test_the_criterion_is_the_density_at_its_maximum(seed):
    drawn = case(seed)
    fit = drawn.fit()
    best = variances(fit)
    assert density(drawn, best) == pytest.approx(fit.loglik, abs=1e-7)
    for k, variance in enumerate(best):
        step = 1e-3 * best[-1] if variance == 0 else 1e-4 * variance
        up, down = best.copy(), best.copy()
        up[k] += step
        down[k] -= step
        if variance == 0:
            assert density(drawn, up) < fit.loglik
        else:
            slope = variance * (density(drawn, up) - density(drawn, down)) / (2 * step)
            assert abs(slope) < 1e-5


def close(left, right, tolerance=1e-6):
    """Both fits are the same: variances, coefficients, effects and errors of each factor."""
    np.testing.assert_allclose(left.loglik, right.loglik, rtol=0, atol=1e-8 * abs(right.loglik))
    np.testing.assert_allclose(variances(left), variances(right), rtol=tolerance, atol=tolerance * right.sd_residual**2)
    for name in ("fixed", "fixed_se"):
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), rtol=tolerance, atol=tolerance)
    for name in right.effects:
        np.testing.assert_allclose(left.effects[name], right.effects[name], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(left.effects_se[name], right.effects_se[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("seed", range(16))
def test_the_order_of_rows_does_not_matter(seed):
    drawn = case(seed)
    order = np.random.default_rng(seed).permutation(drawn.y.size)
    groups = {name: codes[order] for name, codes in drawn.groups.items()}
    moved = Case(drawn.y[order], groups, None if drawn.X is None else drawn.X[order], drawn.reml)
    close(moved.fit(), drawn.fit())


@pytest.mark.parametrize("gaps", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_names_of_levels_do_not_matter(seed, gaps):
    """New codes, with `gaps` codes a level; a level without observations has the prior: effect 0, SE = SD."""
    drawn, rng = case(seed), np.random.default_rng(seed)
    new = {name: gaps * rng.permutation(codes.max() + 1) for name, codes in drawn.groups.items()}
    groups = {name: new[name][codes] for name, codes in drawn.groups.items()}
    fit, moved = drawn.fit(), Case(drawn.y, groups, drawn.X, drawn.reml).fit()
    np.testing.assert_allclose(variances(moved), variances(fit), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved.fixed_se, fit.fixed_se, rtol=1e-6)
    for name, codes in drawn.groups.items():
        seen = np.unique(codes)
        empty = np.setdiff1d(np.arange(groups[name].max() + 1), groups[name])
        np.testing.assert_allclose(moved.effects[name][new[name][seen]], fit.effects[name][seen], atol=1e-6)
        np.testing.assert_allclose(moved.effects_se[name][new[name][seen]], fit.effects_se[name][seen], atol=1e-6)
        assert empty.size >= (gaps - 1) * (seen.size - 1)
        assert (np.asarray(moved.effects[name])[empty] == 0).all()
        for error in (moved.effects_se[name], moved.effects_sd[name]):
            np.testing.assert_allclose(error[empty], moved.sd[name], rtol=1e-12)


@pytest.mark.parametrize("seed", range(16))
def test_level_and_unit_of_the_scores_do_not_matter(seed):
    drawn = case(seed)
    fit = drawn.fit()
    far = Case(1e6 + drawn.y, drawn.groups, drawn.X, drawn.reml).fit()
    np.testing.assert_allclose(far.fixed, fit.fixed + 1e6 * (np.arange(fit.fixed.size) == 0), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(variances(far), variances(fit), rtol=1e-6, atol=1e-9)
    wide = Case(20 * drawn.y, drawn.groups, drawn.X, drawn.reml).fit()
    np.testing.assert_allclose(variances(wide), 400 * variances(fit), rtol=1e-6, atol=1e-9)
    for name in drawn.groups:
        np.testing.assert_allclose(far.effects[name], fit.effects[name], atol=1e-6)
        np.testing.assert_allclose(wide.effects[name], 20 * fit.effects[name], atol=1e-5)
        np.testing.assert_allclose(wide.effects_se[name], 20 * fit.effects_se[name], atol=1e-5)
    df = drawn.y.size - (fit.fixed.size if drawn.reml else 0)
    assert wide.loglik == pytest.approx(fit.loglik - df * np.log(20), abs=1e-6)


def test_a_constant_added_to_one_component_moves_its_mean_only():
    """With component= nothing links what the design does not; without, the constant reaches the effects."""
    drawn = case(0)
    part = drawn.groups["a"] % 3
    apart = {name: codes * 3 + part for name, codes in drawn.groups.items()}
    shifted = drawn.y + 7.0 * (part == 1)
    fit, moved = (crossed_effects(y, apart, component=part, sd_interval=False) for y in (drawn.y, shifted))
    np.testing.assert_allclose(moved.component_mean, fit.component_mean + [0, 7, 0], atol=1e-7)
    np.testing.assert_allclose(variances(moved), variances(fit), rtol=1e-7)
    for name in apart:
        np.testing.assert_allclose(moved.effects[name], fit.effects[name], atol=1e-7)
    free = crossed_effects(shifted, apart, sd_interval=False)
    assert np.abs(free.effects["a"] - fit.effects["a"]).max() > 0.1


THREADS = """
import sys, numpy as np
from kinerja_analysis.stats import crossed_effects
rng = np.random.default_rng(3)
a, b = rng.integers(0, 300, 1500), rng.integers(0, 150, 1500)
y = rng.normal(0, 1, 300)[a] + rng.normal(0, 0.5, 150)[b] + rng.normal(0, 0.7, 1500)
fit = crossed_effects(y, {"a": a, "b": b}, sd_interval=False)
found = [fit.loglik, *fit.sd.values(), fit.sd_residual, *fit.fixed, *fit.fixed_se, *fit.effects["a"]]
print(*(float(value).hex() for value in [*found, *fit.effects_se["b"]]))
"""


def test_threads_do_not_matter():
    found = []
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
        )
        found.append([float.fromhex(value) for value in done.stdout.split()])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(32))
def test_no_worse_than_mixedlm(seed):
    """Ours may not end above it; where both ends are equally low, the variances are the same."""
    import mixedlm
    import pandas

    drawn = case(seed)
    columns = {} if drawn.X is None else {"x": drawn.X[:, 1], "z": drawn.X[:, 2]}
    data = pandas.DataFrame({"y": drawn.y, **columns, **{k: v.astype(str) for k, v in drawn.groups.items()}})
    model = " + ".join(["y ~ 1", *columns, *(f"(1|{name})" for name in drawn.groups)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = mixedlm.lmer(model, data, REML=drawn.reml)
    fit = drawn.fit()
    theirs = peer.REMLcrit() if drawn.reml else peer.deviance
    ours = -2 * fit.loglik
    assert ours <= theirs + 1e-6
    if theirs <= ours + 1e-6:
        expected = np.array([*(peer.VarCorr().groups[name].variance["(Intercept)"] for name in fit.sd), peer.sigma**2])
        np.testing.assert_allclose(variances(fit), expected, rtol=2e-3, atol=2e-4 * fit.sd_residual**2)
