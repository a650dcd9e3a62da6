"""Crossed random effects: profile limits of lme4, component means, refusals, the frame.

Published estimates: tests/reference. Random designs: test_crossed_properties. Degenerate ones: test_crossed_degenerate.
"""

import numpy as np
import pytest

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


def test_dyestuff_profile_limits():
    """lme4 ?profile example (ML): .sig01 12.1985292–84.0630513, .sigma 38.2299848–67.6576964 (splines)."""
    fit = crossed_effects(DYESTUFF, {"batch": BATCH}, reml=False)
    assert "profile" in fit.method
    assert fit.converged and fit.reason == "" and fit.monte_carlo_error == 0.0
    np.testing.assert_allclose(fit.sd_interval["batch"], (12.1985292, 84.0630513), rtol=3e-4)
    np.testing.assert_allclose(fit.sd_interval["residual"], (38.2299848, 67.6576964), rtol=1e-4)


def test_a_singular_fit_says_so_and_has_an_upper_limit():
    """The dyestuff 2 data of Box & Tiao (1973), whose estimate of the variance of batches is negative."""
    fit = crossed_effects(DYESTUFF2, {"batch": BATCH}, reml=False)
    assert fit.sd["batch"] == 0.0 and fit.reason == "singular" and fit.converged
    assert fit.sd_interval["batch"][0] == 0.0 and fit.sd_interval["batch"][1] > 0
    assert (fit.effects["batch"] == 0).all()


def test_penicillin_profile_limits():
    """lme4 tests, fm2ML."""
    ml = crossed_effects(*penicillin(), reml=False)
    np.testing.assert_allclose(ml.sd_interval["plate"], (0.633565788, 1.182103984), rtol=1e-4)
    np.testing.assert_allclose(ml.sd_interval["sample"], (1.095782240, 3.556319380), rtol=1e-4)
    np.testing.assert_allclose(ml.sd_interval["residual"], np.exp([-0.721864513, -0.4629033]), rtol=1e-4)


def nested_units(rng, units=40, size=8):
    """Team of eight, a supervisor and three peers each, nobody rates outside his unit."""
    person = np.arange(units * size)
    peer = [(p, p // size * size + (p + step) % size) for p in person for step in (1, 2, 3)]
    ratee, rater = np.array([(p, person.size + p // size) for p in person] + peer).T
    quality = rng.normal(0, 0.5, units)
    y = (rng.normal(0, 1, person.size) + quality[person // size])[ratee] + rng.normal(0, 0.7, ratee.size)
    return y, ratee, rater, ratee // size, quality


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


@pytest.mark.parametrize("seed", [4, 21, 23, 54])
def test_profile_limits_of_twelve_scores_are_found_although_an_sd_is_near_zero(seed):
    p, i = (v.ravel() for v in np.indices((4, 3)))
    y = np.random.default_rng(seed).normal(size=12) + np.array([0.01, 1, 0.007, 0.003])[p]
    fit = crossed_effects(y, {"p": p, "i": i}, sd_interval=True)
    assert fit.method.endswith("profile likelihood")
    assert max(high for _, high in fit.sd_interval.values()) < 5 * np.ptp(y)
