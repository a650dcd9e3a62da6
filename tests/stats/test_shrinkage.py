"""Shrinkage, minimal-effect tests and multiplicity against published figures."""

import numpy as np
import pytest

from kinerja_analysis.stats import adjust, bayes_fdr, crossed_effects, minimal_effect_test, shrink

BH1995 = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
BH1995 += [0.6528, 0.7590, 1.0]
BASEBALL = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]) / 45


def test_baseball():
    """oracles.csv O36 (Efron & Morris): c = .21165, first .2939, last .2422, mean .26543."""
    mean = BASEBALL.mean()
    found = shrink(BASEBALL, np.full(18, np.sqrt(mean * (1 - mean) / 45)))
    np.testing.assert_allclose(found.weight, 0.21165, atol=1e-5)
    np.testing.assert_allclose(found.value[[0, -1]], [0.2939, 0.2422], atol=5e-5)
    assert found.mean == pytest.approx(0.26543, abs=1e-5)


def test_between_variance_of_the_bcg_trials():
    """metafor::rma(method = "PM") on dat.bcg, log risk ratios: tau² = 0.3181."""
    treated = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27])
    n_treated = treated + [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886]
    control = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29])
    n_control = control + [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825]
    effect = np.log(treated / n_treated) - np.log(control / n_control)
    se = np.sqrt(1 / treated - 1 / n_treated + 1 / control - 1 / n_control)
    assert shrink(effect, se).between_var == pytest.approx(0.3181, abs=5e-5)


def test_eight_schools_show_no_between_variance():
    """Rubin (1981): Q = 4.7 < 7, so the estimate is zero and the mean the pooled 7.69."""
    found = shrink([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    assert found.between_var == 0.0
    assert found.mean == pytest.approx(7.686, abs=1e-3)
    np.testing.assert_allclose(found.weight, 1 - 5 / 7)


def test_intervals_cover_on_average_over_the_prior():
    """inference.md row 5: coverage of EB intervals is an average over raters."""
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(200):
        truth, se = rng.normal(0, 0.3, 30), rng.uniform(0.2, 0.6, 30)
        found = shrink(truth + rng.normal(0, se), se)
        hits.append(np.abs(found.value - truth) <= 1.96 * found.se)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)


def test_too_few_estimates_are_left_alone():
    found = shrink([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert found.reason == "too_few" and found.value.tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(found.between_var)


def test_zero_errors_and_predictions_are_refused():
    with pytest.raises(ValueError, match="positive"):
        shrink([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 1.0, 1.0])
    fit = crossed_effects([1.0, 2.0, 2.0, 4.0, 3.0, 5.0], {"rater": [0, 0, 1, 1, 2, 2]}, sd_interval=False)
    with pytest.raises(ValueError, match="already shrunken"):
        shrink(fit.effects["rater"][:2], [1.0, 1.0])
    with pytest.raises(ValueError, match="already shrunken"):
        minimal_effect_test(fit.effects["rater"], [1.0, 1.0, 1.0], 0.1)


def test_minimal_effect_test_keeps_its_size_at_the_boundary():
    rng = np.random.default_rng(3)
    for truth in (0.25, -0.25):
        p = minimal_effect_test(rng.normal(truth, 0.3, 200_000), np.full(200_000, 0.3), 0.25)
        assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.002)
    inside = minimal_effect_test(rng.normal(0.0, 0.3, 200_000), np.full(200_000, 0.3), 0.25)
    assert np.mean(inside <= 0.05) < 0.02


def test_minimal_effect_test_uses_the_degrees_of_freedom():
    """t(7): 2.365 is the two-sided 5 % point; NaN passes through."""
    p = minimal_effect_test([2.365, np.nan, 2.365], [1.0, 1.0, np.nan], 0.0, df=7)
    assert p[0] == pytest.approx(0.05, abs=1e-4) and np.isnan(p[1:]).all()


def test_rejections_of_benjamini_and_hochberg():
    """oracles.csv O35: at .05 BH 4, Holm 3, Bonferroni 3, BY 3."""
    counts = {name: int((adjust(BH1995, name) <= 0.05).sum()) for name in ("bh", "holm", "bonferroni", "by")}
    assert counts == {"bh": 4, "holm": 3, "bonferroni": 3, "by": 3}


@pytest.mark.parametrize(("ours", "theirs"), [("bh", "fdr_bh"), ("by", "fdr_by"), ("holm", "holm")])
def test_adjusted_values_agree_with_statsmodels(ours, theirs):
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(4).uniform(0, 1, 40) ** 3
    np.testing.assert_allclose(adjust(p, ours), multipletests(p, method=theirs)[1], rtol=1e-12)
    with_gap = np.insert(p, 5, np.nan)
    np.testing.assert_allclose(np.delete(adjust(with_gap, ours), 5), adjust(p, ours))
    assert np.isnan(adjust(with_gap, ours)[5])


def test_bayes_fdr_takes_the_largest_set():
    rng = np.random.default_rng(5)
    prob = rng.uniform(0, 1, 60) ** 2
    taken = bayes_fdr(np.append(prob, np.nan), 0.1)
    assert not taken[-1] and prob[taken[:-1]].mean() <= 0.1
    worst_out = np.sort(prob[~taken[:-1]])[0]
    assert np.append(prob[taken[:-1]], worst_out).mean() > 0.1


def test_malformed_values_are_refused():
    for call in (
        lambda: adjust([0.5, 1.2]),
        lambda: adjust([0.5], "fisher"),
        lambda: bayes_fdr([-0.1]),
        lambda: bayes_fdr([0.1], 2.0),
        lambda: minimal_effect_test([1.0], [0.0], 0.1),
        lambda: minimal_effect_test([1.0], [1.0], -0.1),
        lambda: minimal_effect_test([1.0], [1.0], 0.1, df=0),
        lambda: shrink([1.0, np.nan], [1.0, 1.0]),
    ):
        with pytest.raises(ValueError):
            call()


def test_frames():
    found = shrink(BASEBALL, np.full(18, 0.06)).to_frame()
    assert list(found) == ["quantity", "level", "value", "se", "lower", "upper"]
    assert (found.query("quantity == 'value'").level == [str(i) for i in range(18)]).all()
