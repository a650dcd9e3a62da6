"""The large route of crossed effects: against the exact one, and within the errors it states."""

import numpy as np
import pytest
from scipy import sparse

from kinerja_analysis.stats import _mixed, _mixed_search, _sampling, crossed_effects, linkage
from kinerja_analysis.stats._anova import anova_variances
from kinerja_analysis.stats._blocks import Blocks, unit_blocks
from kinerja_analysis.stats._gradients import NotConverged, conjugate_gradients, log_quadratic
from kinerja_analysis.stats._mixed import counts
from kinerja_analysis.stats._probes import probes


def units(seed, count=40, share=0.1, sd_rater=0.35):
    """Teams of eight with a supervisor and three peers each; a share of ratings goes to other units' raters."""
    rng = np.random.default_rng(seed)
    person = np.arange(8 * count)
    ratee = np.tile(person, 4)
    peers = [person // 8 * 8 + (person + step) % 8 for step in (1, 2, 3)]
    rater = np.concatenate([person.size + person // 8, *peers])
    moved = rng.random(ratee.size) < share
    rater[moved] = rng.integers(0, person.size + count, moved.sum())
    y = rng.normal(0, 1, person.size)[ratee] + rng.normal(0, sd_rater, person.size + count)[rater]
    return y + rng.normal(0, 0.7, ratee.size), {"ratee": ratee, "rater": rater}


def crossed(seed):
    """A random unbalanced design with two to four factors, large and small, some with no variance at all."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(150, 700))
    groups = {f"f{k}": rng.integers(0, rng.integers(20, n // 4), n) for k in range(rng.integers(2, 4))}
    if seed % 5 == 0:
        groups["class"] = groups["f0"] // 3
    y = 10 + rng.normal(0, rng.choice([0.3, 1.0]), n)
    for codes in groups.values():
        y = y + rng.normal(0, rng.choice([0.0, 0.1, 0.3, 1.0, 3.0]), codes.max() + 1)[codes]
    X = np.column_stack([np.ones(n), rng.normal(size=n)]) if seed % 3 == 0 else None
    return y, groups, X


def both(y, groups, X=None, **options):
    return [crossed_effects(y, groups, X, sd_interval=False, route=route, **options) for route in ("exact", "large")]


def assert_within_stated_errors(exact, large):
    assert exact.converged and large.converged and exact.reason == large.reason
    assert exact.monte_carlo == {} and exact.monte_carlo_error == 0.0
    error = large.monte_carlo
    assert large.monte_carlo_error == max(error["effects_se"], error["sd"])
    for name, sd in exact.sd.items():
        assert large.sd[name] == pytest.approx(sd, rel=error["sd"] + 1e-6, abs=1e-12)
        tolerance = error["effects_se"] * np.maximum(exact.effects_se[name], 1e-12) + 1e-9
        assert (np.abs(large.effects_se[name] - exact.effects_se[name]) <= tolerance).all()
        spread = 1e-5 + 20 * error["sd"] * max(sd, exact.sd_residual)
        np.testing.assert_allclose(large.effects[name], exact.effects[name], atol=spread)
    assert large.sd_residual == pytest.approx(exact.sd_residual, rel=error["sd"] + 1e-6)
    assert large.loglik == pytest.approx(exact.loglik, abs=5 * error["loglik"] + 1e-3)
    np.testing.assert_allclose(large.fixed, exact.fixed, atol=1e-4 + 20 * error["sd"])


@pytest.mark.parametrize("seed", range(50))
def test_both_routes_agree_on_random_designs(seed):
    y, groups, X = crossed(seed)
    assert_within_stated_errors(*both(y, groups, X, reml=bool(seed % 2)))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
def test_both_routes_agree_where_units_are_linked(share):
    assert_within_stated_errors(*both(*units(3, count=90, share=share)))


def test_errors_of_a_design_too_large_for_the_exact_route():
    """32,000 pairs, 9,000 raters: SEs of 40 raters and ratees from columns of the full equations, by scipy."""
    y, groups = units(11, count=1000)
    fit = crossed_effects(y, groups)
    assert "conjugate gradients" in fit.method and fit.converged
    Z = [sparse.csr_array((np.ones(y.size), (np.arange(y.size), codes))) for codes in groups.values()]
    W = sparse.hstack([np.ones((y.size, 1)), *Z]).tocsr()
    ratio = [np.full(z.shape[1], (fit.sd_residual / fit.sd[name]) ** 2) for name, z in zip(groups, Z, strict=True)]
    equations = (W.T @ W + sparse.diags_array(np.concatenate([[0.0], *ratio]))).tocsr()
    jacobi = sparse.diags_array(1.0 / equations.diagonal())
    starts = {"ratee": 1, "rater": 1 + Z[0].shape[1]}
    rng = np.random.default_rng(0)
    for name, start in starts.items():
        for level in rng.choice(len(fit.effects_se[name]), 20, replace=False):
            unit = np.zeros(equations.shape[0])
            unit[start + level] = 1.0
            column, failed = sparse.linalg.cg(equations, unit, rtol=1e-12, maxiter=5000, M=jacobi)
            assert not failed
            truth = fit.sd_residual * np.sqrt(column[start + level])
            assert fit.effects_se[name][level] == pytest.approx(truth, rel=fit.monte_carlo["effects_se"])
            assert fit.effects_se[name][level] == pytest.approx(truth, rel=0.02)


def test_few_probes_are_admitted(monkeypatch):
    """With eight probes the errors are large, and so are the stated ones."""
    monkeypatch.setattr(_sampling, "_FINAL", 8)
    monkeypatch.setattr(_sampling, "_WANTED", 1.0)
    exact, large = both(*units(5, count=90, share=0.25, sd_rater=1.0))
    assert large.monte_carlo["effects_se"] > 0.03
    assert_within_stated_errors(exact, large)


def test_component_means_and_small_factors():
    y, groups = units(1, count=60, share=0.01)
    link = linkage(groups["ratee"], groups["rater"])
    component = link.component_ratee[groups["ratee"]]
    assert link.n_components > 5
    rng = np.random.default_rng(0)
    x = rng.normal(size=(y.size, 1))
    criterion = rng.integers(0, 7, y.size)
    y = y + np.arange(7)[criterion] / 3 + 0.5 * x[:, 0]
    exact, large = both(y, {**groups, "criterion": criterion}, x, component=component)
    assert_within_stated_errors(exact, large)
    np.testing.assert_allclose(large.component_mean, exact.component_mean, atol=1e-3)
    np.testing.assert_allclose(large.component_mean_se, exact.component_mean_se, rtol=1e-3)
    moved = crossed_effects(
        y + 5.0 * (component == 2), {**groups, "criterion": criterion}, x, component=component, route="large"
    )
    again = crossed_effects(y, {**groups, "criterion": criterion}, x, component=component, route="large")
    np.testing.assert_allclose(moved.effects["rater"], again.effects["rater"], atol=1e-6)


def test_a_level_in_two_components_is_refused():
    y, groups = units(1)
    for route in ("exact", "large"):
        with pytest.raises(ValueError, match="two components"):
            crossed_effects(y, groups, component=np.arange(y.size) % 2, route=route)


def test_a_design_that_would_fill_in_takes_the_large_route(monkeypatch):
    y, groups = units(2)
    assert "exact" in crossed_effects(y, groups, sd_interval=False).method
    monkeypatch.setattr(_mixed, "WORK_LIMIT", 1e4)
    fit = crossed_effects(y, groups)
    assert "conjugate gradients" in fit.method and "delta" in fit.method
    low, high = fit.sd_interval["rater"]
    assert 0 < low < fit.sd["rater"] < high


@pytest.mark.parametrize("sd_residual", [0.02, 0.05])
def test_limits_belong_to_the_estimate_and_not_to_the_last_trial(monkeypatch, sd_residual):
    """Above a ratio of 100 the search also tries far beyond its end; the limits are those without that trial."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 60, 600), rng.integers(0, 40, 600)
    y = rng.normal(0, 1, 60)[a] + rng.normal(0, 0.8, 40)[b] + rng.normal(0, sd_residual, 600)
    monkeypatch.setattr(_mixed, "_PROFILE_CELLS", 0)
    fit = crossed_effects(y, {"a": a, "b": b})
    assert (fit.sd["a"] / fit.sd_residual) ** 2 > 100 and "delta" in fit.method
    monkeypatch.setattr(_mixed_search, "_STEEP", np.inf)
    plain = crossed_effects(y, {"a": a, "b": b})
    for name, limits in plain.sd_interval.items():
        np.testing.assert_allclose(fit.sd_interval[name], limits, rtol=1e-9)


def test_the_same_call_gives_the_same_bits():
    y, groups = units(4)
    one, two = (crossed_effects(y, groups, route="large") for _ in range(2))
    assert one.sd == two.sd and one.loglik == two.loglik
    assert (one.effects_se["rater"] == two.effects_se["rater"]).all()


def test_crossed_parts_without_means_are_named():
    y, groups = units(1, count=20, share=0.0)
    assert crossed_effects(y, groups).reason == "disconnected"
    assert crossed_effects(y, groups, component=groups["ratee"] // 8).reason == ""
    assert crossed_effects(y, groups, np.eye(20)[groups["ratee"] // 8]).reason == ""
    assert crossed_effects(y, groups, component=groups["ratee"] // 16).reason == "disconnected"
    nested = {"unit": groups["ratee"] // 8, "ratee": groups["ratee"]}
    assert crossed_effects(y, nested).reason == ""


def test_anova_is_raw_and_equals_the_balanced_layout():
    rng = np.random.default_rng(0)
    a, b = np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    y = rng.normal(size=12)[a] + rng.normal(size=60)
    table = y.reshape(12, 5)
    ms_a, ms_b = 5 * table.mean(1).var(ddof=1), 12 * table.mean(0).var(ddof=1)
    left = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
    ms_e = (left**2).sum() / 44
    expected = [(ms_a - ms_e) / 5, (ms_b - ms_e) / 12, ms_e]
    np.testing.assert_allclose(anova_variances(y, [a, b], None), expected, atol=1e-12)
    fit = crossed_effects(y, {"a": a, "b": b})
    np.testing.assert_allclose(list(fit.anova.values()), expected, atol=1e-12)
    assert list(fit.anova) == ["a", "b", "residual"]
    assert crossed_effects(y, {"a": a, "b": b}, np.column_stack([np.ones(60), y])).anova == {}


def test_anova_is_unbiased_in_unbalanced_designs_with_component_means():
    """Mean over 400 draws within four standard errors of the truth."""
    draws = []
    y, groups = units(7, count=12, share=0.0)
    component = groups["ratee"] // 8
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = rng.normal(0, 1, 96)[groups["ratee"]] + rng.normal(0, 0.5, 108)[groups["rater"]] + 3.0 * component
        draws.append(anova_variances(y + rng.normal(0, 0.7, y.size), list(groups.values()), component))
    error = np.std(draws, axis=0) / 20
    assert (np.abs(np.mean(draws, axis=0) - [1.0, 0.25, 0.49]) < 4 * error).all()


def test_unit_blocks_find_the_units():
    _, groups = units(0, count=30, share=0.05)
    C = counts(groups["ratee"], [groups["rater"]], (240, 270))
    block = unit_blocks(C)
    home = np.concatenate([np.arange(240) // 8, np.arange(30)])
    pairs = np.unique(np.column_stack([home, block]), axis=0)
    assert len(pairs) < 45, "thirty units, few of them split"
    assert np.bincount(unit_blocks(C, most=4)).max() <= 4


def test_blocks_solve_and_invert():
    _, groups = units(0, count=6, share=0.2)
    C = counts(groups["ratee"], [groups["rater"]], (48, 54))
    B = counts(groups["rater"], [groups["rater"]], (54, 54))
    block = np.sort(np.arange(54) % 5)
    weight, scale = np.linspace(0.1, 0.2, 48), np.linspace(0.5, 1.5, 54)
    blocks = Blocks(C, B, block)
    blocks.factor(weight, scale)
    S = scale[:, None] * (B.toarray() - C.toarray().T @ (weight[:, None] * C.toarray())) * scale + np.eye(54)
    M = S * (block[:, None] == block)
    V = np.random.default_rng(0).normal(size=(54, 3))
    np.testing.assert_allclose(blocks.solve(V), np.linalg.solve(M, V), atol=1e-12)
    np.testing.assert_allclose(blocks.times_lower(V), np.linalg.cholesky(M) @ V, atol=1e-12)
    assert blocks.logdet == pytest.approx(np.linalg.slogdet(M)[1])
    diagonal, rows = blocks.inverse_parts()
    inverse = np.linalg.inv(M)
    np.testing.assert_allclose(diagonal, np.diag(inverse), atol=1e-12)
    load = C.toarray() * scale
    np.testing.assert_allclose(rows, np.einsum("ij,jk,ik->i", load, inverse, load), atol=1e-12)


def test_gradients_and_quadrature():
    rng = np.random.default_rng(1)
    A = rng.normal(size=(60, 60))
    S = A @ A.T / 60 + np.eye(60)
    M = np.diag(np.diag(S))
    rhs = rng.normal(size=(60, 5))
    solved = conjugate_gradients(S.dot, lambda v: v / np.diag(M)[:, None], rhs, tolerance=1e-12)
    np.testing.assert_allclose(solved.values, np.linalg.solve(S, rhs), atol=1e-9)
    half = np.sqrt(np.diag(M))
    w = rhs
    start = conjugate_gradients(S.dot, lambda v: v / np.diag(M)[:, None], half[:, None] * w, tolerance=1e-12)
    root, vectors = np.linalg.eigh(S / half[:, None] / half)
    expected = np.einsum("ik,i,ik->k", vectors.T @ w, np.log(root), vectors.T @ w)
    np.testing.assert_allclose(log_quadratic(start, (w**2).sum(axis=0)), expected, atol=1e-8)
    with pytest.raises(NotConverged):
        conjugate_gradients(lambda v: v * np.array([[1.0], [-1.0]]), lambda v: v, np.ones((2, 1)), tolerance=1e-12)


def test_close_columns_get_orthogonal_probes():
    _, groups = units(0, count=30, share=0.1)
    C = counts(groups["ratee"], [groups["rater"]], (240, 270))
    block = np.sort(np.arange(270) % 30)
    W = probes(C, np.zeros(270, int), block, 64, np.random.default_rng(0)).astype(float)
    assert set(np.unique(W)) == {-1.0, 1.0}
    close = (C.T @ C).toarray() > 0
    np.fill_diagonal(close, False)
    assert np.abs((W @ W.T)[close]).max() == 0
