"""Crossed random effects on designs that carry little or nothing: a number is finite, or a reason says why not."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kinerja_analysis.stats import crossed_effects
from kinerja_analysis.stats._mixed_search import _log_limits

NO_ESTIMATE = {
    "empty", "constant", "no_residual", "one_level", "one_per_level", "confounded", "not_identified", "zero_residual",
}  # fmt: skip
TWO = {"a": [0, 0, 1, 1, 2, 2], "b": [0, 1, 0, 1, 0, 1]}


def numbers(fit):
    """Every float and array of a record by field; dicts are joined."""
    found = {}
    for field in fields(fit):
        value = getattr(fit, field.name)
        if isinstance(value, (str, bool)):
            continue
        parts = value.values() if isinstance(value, dict) else [value]
        found[field.name] = np.concatenate([np.ravel(np.asarray(part, float)) for part in parts] or [np.zeros(0)])
    return found


def check(fit):
    """No NaN without a reason; no estimate with one of the eight that exclude it."""
    found = numbers(fit)
    if fit.reason in NO_ESTIMATE:
        assert not fit.converged and np.isnan(fit.sd_residual) and np.isnan(fit.loglik)
        assert all(np.isnan(found[k]).all() for k in ("sd", "fixed", "fixed_se", "effects", "effects_se", "effects_sd"))
        return
    assert fit.reason in ("disconnected", "singular" if 0.0 in fit.sd.values() else "")
    assert [name for name, values in found.items() if not np.isfinite(values).all()] == []


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(
    ("y", "groups", "reason"),
    [
        ([], {"a": [], "b": []}, "empty"),
        ([3.0], {"a": [4], "b": [2]}, "no_residual"),
        ([7.0] * 6, TWO, "constant"),
        ([1.0, 2.0, 4.0, 3.0, 5.0, 9.0], {**TWO, "c": [5, 4, 3, 2, 1, 0]}, "one_per_level"),
        ([1.0, 2.0, 4.0, 3.0, 5.0, 9.0], {**TWO, "c": [9, 9, 4, 4, 0, 0]}, "confounded"),
        ([1.0, 2.0, 4.0, 3.0, 5.0, 9.0], {**TWO, "c": [3] * 6}, "one_level"),
        ([1.0, 1.0, 3.0, 3.0, 7.0, 7.0], {"a": TWO["a"]}, "zero_residual"),
    ],
)
def test_reasons(y, groups, reason, reml):
    fit = crossed_effects(y, groups, reml=reml)
    assert fit.reason == reason and fit.n == len(y)
    assert len(fit.to_frame()) > 0
    check(fit)


def test_a_disconnected_design_is_fitted_with_and_without_component_means():
    rng = np.random.default_rng(5)
    a, part = np.repeat(np.arange(12), 4), np.repeat([0, 1], 24)
    b = np.tile(np.arange(4), 12) + 4 * part
    y = rng.normal(0, 1, 12)[a] + rng.normal(0, 0.5, 8)[b] + rng.normal(0, 0.7, 48)
    joint = crossed_effects(y, {"a": a, "b": b}, sd_interval=False)
    apart = crossed_effects(y, {"a": a, "b": b}, component=part, sd_interval=False)
    for fit, reason in ((joint, "disconnected"), (apart, "")):
        assert fit.reason == reason and fit.converged
        check(fit)
    assert apart.component_mean.size == 2 and apart.fixed.size == 0


@st.composite
def small_designs(draw):
    n = draw(st.integers(2, 9))
    levels = st.lists(st.integers(0, 4), min_size=n, max_size=n)
    groups = {name: draw(levels) for name in "abc"[: draw(st.integers(1, 3))]}
    value = st.integers(0, 3).map(float) if draw(st.booleans()) else st.floats(-3, 3, width=16)
    return draw(st.lists(value, min_size=n, max_size=n)), groups, draw(st.booleans())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(small_designs())
@example(([0.0, 0.0, 1.0], {"a": [0, 0, 0]}, False))
def test_never_nan_without_a_reason(design):
    y, groups, reml = design
    with np.errstate(all="ignore"):
        check(crossed_effects(y, groups, reml=reml, sd_interval=False))


FAULTS = [
    pytest.param([0.0, 0.0, 1.0], {"a": [0, 0, 0]}, {"reml": False}, id="0/0 in delta_intervals, one level under ML"),
    pytest.param([0.0, 2.0], {"a": [0, 0]}, {"reml": False}, id="profile_intervals meets NaN, one level under ML"),
    pytest.param(
        [0.0, 0.0, 1.0, 0.0], {"a": [0, 2, 0, 2], "b": [1, 3, 3, 0]}, {"reml": False}, id="brentq without sign change"
    ),
    pytest.param([4.0, 4.0, 2.0, 0.0], {"a": [2, 2, 1, 0]}, {"component": [2, 2, 0, 0]}, id="overflow in the profile"),
    pytest.param(
        [1.0, 0.0, 0.0, 0.0], {"a": [0, 0, 0, 0], "b": [1, 0, 1, 1], "c": [1, 0, 2, 2]},
        {"reml": False, "sd_interval": False}, id="division by zero in _descend, one level under ML",
    ),
    pytest.param(
        [2.0, 0.0, 2.0, 0.0], {"a": [1, 3, 1, 4], "b": [0, 1, 1, 2]},
        {"component": [0, 0, 0, 1], "sd_interval": False}, id="least squares without convergence in minimise",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("y", "groups", "keywords"), FAULTS)
def test_no_accident(y, groups, keywords):
    """Valid arrays of two to six rows: no exception, no warning."""
    check(crossed_effects(y, groups, **keywords))


def test_profile_limits_of_ordinary_designs():
    """Two units, each six employees × four raters; draws in which the inner search of the profile once got lost."""
    a, part = np.repeat(np.arange(12), 4), np.repeat([0, 1], 24)
    b = np.tile(np.arange(4), 12) + 4 * part
    for seed in (5, 14, 95, 113, 180, 222):
        rng = np.random.default_rng(seed)
        y = rng.normal(0, 1, 12)[a] + rng.normal(0, 0.5, 8)[b] + rng.normal(0, 0.7, 48)
        check(crossed_effects(y, {"a": a, "b": b}))


@pytest.mark.parametrize(
    ("y", "groups", "loglik"),
    [
        # σ²_a = 0 and σ² = 2/3 solve y = 2, 3, 4 without groups: −3/2·(log(2π·2/3) + 1)
        ([4.0, 2.0, 3.0], {"a": [2, 1, 1]}, -1.5 * (np.log(4 * np.pi / 3) + 1)),
        # σ² → 0, σ²_a = σ²_b = 1/3: the covariance (2 1 0, 1 2 1, 0 1 2)/3 has determinant 4/27, the squares are 3
        ([2.0, 1.0, 0.0], {"a": [0, 0, 1], "b": [2, 0, 0]}, -0.5 * (3 * np.log(2 * np.pi) + np.log(4 / 27) + 3)),
    ],
)
def test_the_search_reaches_the_maximum(y, groups, loglik):
    fit = crossed_effects(y, groups, reml=False, sd_interval=False)
    assert fit.reason == "zero_residual" or (fit.converged and fit.loglik == pytest.approx(loglik, abs=1e-7))


def test_limits_of_what_is_not_known_at_all_are_numbers():
    lower, upper = _log_limits(2.0, 1e8, 1.96)
    assert lower < 1e-200 and 1e200 < upper < np.inf
