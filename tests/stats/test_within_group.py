"""The rwg family by hand, nulls, the simulated critical value, and ICC(1) against the intraclass correlation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinerja_analysis.stats import icc, within_group_agreement
from kinerja_analysis.stats.within_group import NULLS

X = np.array([4.0, 4, 5, 1, 3, 5, 2, 2, 2])
G = np.repeat([0, 1, 2], 3)


def test_one_item_by_hand():
    fit = within_group_agreement(X, G, scale=(1, 5))
    # variances 1/3, 4, 0 against (25 − 1)/12 = 2
    assert fit.null_variance == 2.0
    assert fit.rwg[:, 0] == pytest.approx([1 - 1 / 6, 0, 1]) and fit.n_negative == 1
    assert fit.rwg_j == pytest.approx([1 - 1 / 6, 0, 1])
    assert fit.ad[:, 0] == pytest.approx([4 / 9, 4 / 3, 0]) and fit.ad_cut == pytest.approx(5 / 6)
    assert fit.r_star == pytest.approx([1 - 1 / 12, 0, 1])  # largest variance (5 − 1)²/4 = 4


def test_awg_takes_the_largest_variance_at_the_mean():
    fit = within_group_agreement([1.0, 5, 1, 5, 4, 4, 4, 3], np.repeat([0, 1], 4), scale=(1, 5))
    # group 0 is split between the ends: s² = 16/3, largest (6·3 − 9 − 5)·4/3 = 16/3 → 1 − 2 = −1
    assert fit.awg[0, 0] == pytest.approx(-1)
    # group 1: s² = .25, mean 3.75: (6·3.75 − 3.75² − 5)·4/3 = 4.583 → 1 − .5/4.583
    assert fit.awg[1, 0] == pytest.approx(1 - 0.5 / ((6 * 3.75 - 3.75**2 - 5) * 4 / 3))


def test_several_items_follow_spearman_and_brown():
    two = within_group_agreement(np.column_stack([X, X]), G, scale=(1, 5))
    one = within_group_agreement(X, G, scale=(1, 5))
    r = one.rwg[0, 0]
    assert two.rwg_j[0] == pytest.approx(2 * r / (1 + r)) and two.rwg_j[1] == 0.0


@pytest.mark.parametrize(("null", "variance"), [("uniform", 2.0), ("slight_skew", 1.34), ("moderate_skew", 0.90)])
def test_nulls(null, variance):
    fit = within_group_agreement(X, G, null, scale=(1, 5))
    assert fit.null_variance == pytest.approx(variance, abs=1e-9)
    assert within_group_agreement(X, G, variance, scale=(1, 5)).rwg == pytest.approx(fit.rwg)
    if null != "uniform":
        assert within_group_agreement(X, G, NULLS[null], scale=(1, 5)).critical == pytest.approx(fit.critical)


def test_random_groups_exceed_the_critical_value_as_often_as_stated():
    rng = np.random.default_rng(0)
    shares = np.array(NULLS["slight_skew"])
    x = rng.choice(np.arange(1, 6), p=shares, size=(8000, 3)).astype(float)
    fit = within_group_agreement(x, np.arange(8000) // 8, "slight_skew", scale=(1, 5))
    assert np.mean(fit.rwg_j > fit.critical) == pytest.approx(0.05, abs=0.025)
    few = within_group_agreement(x, np.arange(8000) // 4, "slight_skew", scale=(1, 5))
    assert np.mean(few.rwg_j > 0.70) > 0.08  # the usual cut is not five per cent


def test_balanced_icc1_is_the_intraclass_correlation():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(30, 1)) + rng.normal(size=(30, 6))
    fit, forms = within_group_agreement(table.ravel(), np.repeat(np.arange(30), 6)), icc(table)
    assert fit.icc1 == pytest.approx(fit.icc1_n0) == pytest.approx(forms.value[0])
    assert fit.icc2 == pytest.approx(forms.value[3]) and forms.F[0] == pytest.approx(fit.F)
    assert [fit.icc1_lower, fit.icc1_upper] == pytest.approx([forms.lower[0], forms.upper[0]])


def test_unequal_groups_use_the_unbiased_size():
    rng = np.random.default_rng(2)
    sizes = rng.integers(2, 15, 400)
    group = np.repeat(np.arange(400), sizes)
    inside = []
    for _ in range(60):
        x = rng.normal(size=400)[group] * 0.5 + rng.normal(size=group.size)
        fit = within_group_agreement(x, group)
        inside.append(fit.icc1_lower <= 0.2 <= fit.icc1_upper)
    assert np.mean(inside) > 0.85 and fit.icc1_n0 == pytest.approx(0.2, abs=0.1)


def test_what_cannot_be_told_is_said():
    alone = within_group_agreement([1.0, 2, 3], [0, 1, 2])
    assert alone.reason == "empty" and math.isnan(alone.icc1) and not alone.to_frame().empty
    same = within_group_agreement(np.full(6, 4.0), np.repeat([0, 1], 3), scale=(1, 5))
    assert same.reason == "constant" and math.isnan(same.icc1) and same.rwg_j == pytest.approx([1, 1])
    assert np.isnan(within_group_agreement(np.full(6, 4.0), np.repeat([0, 1], 3)).rwg).all()  # a scale of one value
    assert within_group_agreement(X, np.zeros(9, int), scale=(1, 5)).reason == "one_group"
    single = within_group_agreement(np.append(X, 3.0), np.append(G, 3), scale=(1, 5))
    assert math.isnan(single.rwg_j[3]) and math.isnan(single.critical[3])


@pytest.mark.parametrize(
    "call",
    [
        lambda: within_group_agreement(X, G, scale=(1, 4)),
        lambda: within_group_agreement(X, G, "skew", scale=(1, 5)),
        lambda: within_group_agreement(X, G, "heavy_skew", scale=(1, 7)),
        lambda: within_group_agreement(X, G, [0.5, 0.5], scale=(1, 5)),
        lambda: within_group_agreement(X, G, -1.0, scale=(1, 5)),
        lambda: within_group_agreement(X, G[:-1]),
        lambda: within_group_agreement([math.nan, 1.0], [0, 0]),
    ],
)
def test_malformed_input_is_refused(call):
    with pytest.raises(ValueError):
        call()


def test_far_from_zero_nothing_changes():
    rng = np.random.default_rng(4)
    scores, group = rng.integers(1, 6, (40, 3)), np.repeat(np.arange(8), 5)
    near = within_group_agreement(scores, group, scale=(1, 5), draws=200)
    far = within_group_agreement(scores + 1e9, group, scale=(1e9 + 1, 1e9 + 5), draws=200)
    for name in ("rwg", "rwg_j", "awg", "critical", "null_variance"):
        np.testing.assert_allclose(getattr(far, name), getattr(near, name), atol=1e-6)


def test_numbers_of_numpy_are_variances_and_one_sure_answer_is_no_null():
    scores, group = [1, 2, 1, 1], [0, 0, 1, 1]
    assert within_group_agreement(scores, group, np.int64(2), scale=(1, 5)).null_variance == 2.0
    with pytest.raises(ValueError, match="two positive"):
        within_group_agreement(scores, group, [1.0, 0.0])
    with pytest.raises(ValueError, match="scores"):
        within_group_agreement(np.zeros((4, 0)), group)
