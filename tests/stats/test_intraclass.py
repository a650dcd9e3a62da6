"""Intraclass correlations: Shrout & Fleiss (1979), O6; limiting cases; an offset costs no digits."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from kinerja_analysis.stats import crossed_effects
from kinerja_analysis.stats.intraclass import FORMS, _with_gaps, icc

TABLE = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_shrout_fleiss_values():
    got = icc(TABLE).value  # O6
    assert got == pytest.approx([0.16574, 0.28976, 0.71484, 0.44280, 0.62005, 0.90932], abs=1e-5)
    assert got == pytest.approx([0.17, 0.29, 0.71, 0.44, 0.62, 0.91], abs=0.005)


def test_shrout_fleiss_tests():
    fit = icc(TABLE)
    assert fit.F[:3] == pytest.approx([1.79468, 11.02725, 11.02725], abs=1e-5)  # O6
    assert (fit.df1[0], fit.df2[0], fit.df1[1], fit.df2[1]) == (5, 18, 5, 15)
    assert fit.p[:2] == pytest.approx([0.16477, 0.00013], abs=1e-4)
    assert fit.form == FORMS and (fit.n, fit.n_raters, fit.reason) == (6, 4, "")


def test_shrout_fleiss_intervals():
    fit = icc(TABLE)
    printed = [[-0.13, 0.72], [0.02, 0.76], [0.34, 0.95], [-0.88, 0.91], [0.07, 0.93], [0.68, 0.99]]  # O6
    assert np.column_stack([fit.lower, fit.upper]) == pytest.approx(np.array(printed), abs=0.005)


def test_a_large_offset_costs_no_digits():
    assert icc(TABLE + 1e9).value == pytest.approx(icc(TABLE).value, abs=1e-9)


def test_severity_lowers_absolute_agreement_only():
    shifted = icc(TABLE + np.array([0, 3, 6, 9]))
    assert shifted.value[2] == pytest.approx(icc(TABLE).value[2])
    assert shifted.value[1] < icc(TABLE).value[1]


def test_perfect_agreement():
    fit = icc([[1, 1], [2, 2], [3, 3]])
    assert fit.value == pytest.approx(np.ones(6)) and fit.reason == "no_spread"
    assert np.isnan([fit.lower, fit.upper]).all()  # no error is seen: nothing tells how sure the 1 is
    assert np.isinf(fit.F).all() and fit.p == pytest.approx(np.zeros(6))


def test_perfect_but_for_severity():
    # targets 1, 2, 3 and a second rater one point higher: MSB 2, MSJ 1.5, MSE 0 → A,1 = 2/(2 + 2·1.5/3) = 2/3
    fit = icc([[1, 2], [2, 3], [3, 4]])
    assert fit.value[[1, 2]] == pytest.approx([2 / 3, 1])
    assert np.isnan([fit.lower[2], fit.upper[2]]).all() and fit.lower[1] < 2 / 3 < fit.upper[1]


def test_constant_and_undefined_tables():
    assert icc(np.full((5, 3), 4.0)).reason == "constant"
    equal = icc([[1, 3], [3, 1], [2, 2]])  # targets' means all 2
    assert equal.reason == "constant" and np.isnan(equal.value).all()
    odd = icc([[1, 9.1], [9, 1], [5, 5], [1, 9], [9, 1]])
    assert odd.reason == "negative_variance" and math.isnan(odd.value[4])


@pytest.mark.parametrize("table", [[1, 2], [[1], [2]], [[1, 2]], [[1, np.inf], [2, 3]]])
def test_malformed_input_is_refused(table):
    with pytest.raises(ValueError):
        icc(table)


def test_frame():
    assert icc(TABLE).to_frame()["level"].tolist() == list(FORMS)


def test_components_of_a_complete_table_give_the_six_forms():
    whole, parts = icc(TABLE), _with_gaps(TABLE, "anova", 0.95, 200, 0)
    for quantity in ("value", "F", "df1", "df2", "p"):
        assert getattr(parts, quantity) == pytest.approx(getattr(whole, quantity)), quantity
    assert parts.k == 4 and parts.method == "components_anova"


def test_gaps_give_the_restricted_likelihood_of_the_mixed_model():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 1)) + 0.4 * rng.normal(size=6) + rng.normal(size=(40, 6))
    x[rng.random(x.shape) < 0.4] = np.nan
    target, rater = np.nonzero(~np.isnan(x))
    fit = crossed_effects(x[target, rater], {"t": target, "r": rater})
    t, r, e = fit.sd["t"] ** 2, fit.sd["r"] ** 2, fit.sd_residual**2
    found = icc(x, replicates=50)
    assert found.value[[1, 2]] == pytest.approx([t / (t + r + e), t / (t + e)], rel=1e-6)
    assert found.value[4] == pytest.approx(t / (t + (r + e) / found.k), rel=1e-6)
    assert icc(x, method="anova", replicates=50).value[1] == pytest.approx(found.value[1], abs=0.05)


def test_limits_of_a_table_with_gaps_cover():
    rng, inside = np.random.default_rng(0), []
    for _ in range(150):
        x = rng.normal(size=(40, 1)) + 0.35 * rng.normal(size=5) + rng.normal(size=(40, 5))
        x[rng.random(x.shape) < 0.3] = np.nan
        fit = icc(x, replicates=400)
        truth = [1 / (1 + e / m) for m in (1, fit.k) for e in (1.1225, 1.1225, 1.0)]
        inside.append((fit.lower <= truth) & (fit.upper >= truth))
    assert (np.mean(inside, axis=0) > 0.88).all()  # 150 sets: 4 Monte-Carlo errors below .95


def test_adjusted_f_equals_the_linear_model():
    x = TABLE.copy()
    x[0, 1] = x[3, 3] = x[4, 0] = np.nan
    target, rater = np.nonzero(~np.isnan(x))
    frame = pd.DataFrame({"y": x[target, rater], "t": target, "r": rater})
    table = sm.stats.anova_lm(smf.ols("y ~ C(r) + C(t)", frame).fit(), typ=2)
    fit = icc(x)
    assert fit.F[1] == pytest.approx(table.loc["C(t)", "F"]) and fit.df2[1] == table.loc["Residual", "df"]
    one = sm.stats.anova_lm(smf.ols("y ~ C(t)", frame).fit())
    assert fit.F[0] == pytest.approx(one.loc["C(t)", "F"])


def test_tables_that_cannot_tell():
    gap = np.nan
    unlinked = [[1, 2, gap, gap], [3, 5, gap, gap], [gap, gap, 2, 2], [gap, gap, 4, 3.5]]
    assert icc(unlinked).reason in ("unlinked", "negative_variance") and icc(unlinked).df1[1] == 2
    nobody_twice = icc([[1, gap], [gap, 2], [3, gap]])
    assert nobody_twice.reason == "not_identified" and np.isnan(nobody_twice.value).all()
    assert icc([[4, 4, gap], [4, gap, 4]]).reason == "constant"
    empty_row = np.vstack([TABLE, np.full((1, 4), gap)])
    assert icc(empty_row).value == pytest.approx(icc(TABLE).value)


def test_targets_and_raters_without_ratings_leave_a_complete_table():
    table = np.random.default_rng(3).normal(size=(8, 3))
    wide = np.full((9, 4), np.nan)
    wide[:8, :3] = table
    fit, plain = icc(wide), icc(table)
    assert (fit.method, fit.n, fit.n_raters) == ("anova", 8, 3)
    np.testing.assert_array_equal(fit.value, plain.value)


def test_equal_targets_far_from_zero_are_constant_and_small_units_are_not():
    assert icc(np.tile([1e9 + 0.1, 1e9 + 0.2], (3, 1))).reason == "constant"
    table = np.random.default_rng(3).normal(size=(8, 3))
    np.testing.assert_allclose(icc(table * 1e-14).value, icc(table).value)
    with pytest.raises(ValueError, match="method"):
        icc(table, method="ml")
