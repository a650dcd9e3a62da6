"""What a public function must refuse or leave open: levels that are none, limits that cannot be, scales of any unit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinerja_analysis import stats

TEAM = np.repeat(np.arange(8), 5)
SCORE = np.random.default_rng(1).normal(size=40)
OTHER = SCORE + np.random.default_rng(2).normal(size=40)
WHO, BY = (a.ravel() for a in np.indices((8, 5)))
CALLS = {
    "agreement_coefficients": lambda **k: stats.agreement_coefficients([[1, 2], [2, 2], [1, 1]], **k),
    "weighted_kappa": lambda **k: stats.weighted_kappa([[5, 1], [2, 6]], **k),
    "kendall_w": lambda **k: stats.kendall_w([[1, 2], [2, 1], [3, 3]], **k),
    "icc": lambda **k: stats.icc([[1, 2], [2, 1], [3, 3]], **k),
    "self_other": lambda **k: stats.self_other(SCORE, OTHER, TEAM, **k),
    "source_reliability": lambda **k: stats.source_reliability(SCORE, WHO, BY, WHO // 2, **k),
    "source_correlation": lambda **k: stats.source_correlation(SCORE, OTHER, TEAM, **k),
    "separated_pairs": lambda **k: stats.separated_pairs(SCORE, TEAM, **k),
    "ordered_pairs": lambda **k: stats.ordered_pairs(SCORE, OTHER, TEAM, reliability=0.6, **k),
    "supported_order": lambda **k: stats.supported_order(SCORE, [OTHER], TEAM, reliability=[0.6], **k),
    "beta_binomial": lambda **k: stats.beta_binomial([1, 2, 3], [5, 5, 5], **k),
    "social_relations": lambda **k: stats.social_relations(np.arange(25.0).reshape(5, 5) % 7, **k),
    "within_group_agreement": lambda **k: stats.within_group_agreement([4, 4, 5, 1, 3, 5], [0, 0, 0, 1, 1, 1], **k),
    "response_surface": lambda **k: stats.response_surface(SCORE, OTHER, SCORE + OTHER, **k),
    "g_study": lambda **k: stats.g_study(SCORE, {"p": WHO, "i": BY}, "p x i", **k),
    "rank_intervals": lambda **k: stats.rank_intervals([1.0, 2, 3], [1.0, 1, 1], **k),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("level", [95, 0, 1, -0.9, math.nan])
def test_a_level_that_is_none_is_refused(name: str, level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        CALLS[name](level=level)


def test_limits_of_absolute_agreement_of_means_are_in_order() -> None:
    """Where 2,1 has its lower limit at -1/(k - 1) or below, 2,k has none (before: 14.5 to .98)."""
    fit = stats.icc([[1, 1], [3, 1], [3, 4], [3, 4]])
    assert fit.lower[1] < -1 and fit.lower[4] == -math.inf and fit.value[4] < fit.upper[4] < 1
    g = np.random.default_rng(0)
    for _ in range(200):
        fit = stats.icc(g.integers(1, 6, (g.integers(3, 8), g.integers(2, 5))).astype(float))
        known = np.isfinite(fit.value) & ~np.isnan(fit.lower)
        assert (fit.lower <= fit.value + 1e-9)[known].all() and (fit.value <= fit.upper + 1e-9)[known].all()


def test_forms_that_negative_components_leave_undefined_are_nan() -> None:
    nan = math.nan
    fit = stats.icc([[1, 4, nan], [4, 1, 4], [1, 4, 1], [4, nan, 1]], method="anova")
    assert fit.reason == "negative_variance" and math.isnan(fit.value[4])  # before 15.3
    known = np.isfinite(fit.value)
    assert (fit.lower <= fit.value)[known].all() and (fit.value <= fit.upper)[known].all()
    perfect = stats.icc([[1, 1, nan], [2, 2, 2], [3, 3, 3], [4, nan, 4]], method="anova")
    assert not (perfect.value > 1).any() and math.isnan(perfect.value[2])  # before 1.15


def test_limits_of_a_study_hang_neither_on_the_order_of_rows_nor_on_simulated_freedom() -> None:
    p, t, r = np.indices((8, 3, 4)).reshape(3, -1)
    g = np.random.default_rng(0)
    y = g.normal(size=8)[p] + g.normal(size=(3, 4))[t, r] + g.normal(size=p.size)
    studies = []
    for seed in range(3):
        o = np.random.default_rng(seed).permutation(p.size)
        studies.append(stats.g_study(y[o], {"p": p[o], "r": r[o], "t": t[o]}, "p x (r:t)"))
    assert studies[0].upper == studies[1].upper == studies[2].upper
    table = y[:45].reshape(15, 3)
    table[0, 1] = table[3, 2] = math.nan
    turned = stats.icc(table[::-1])
    assert turned.lower == pytest.approx(stats.icc(table).lower, abs=1e-12)


def test_relative_coefficient_of_a_balanced_study_has_feldts_limits() -> None:
    from scipy.stats import f

    p, i = np.indices((15, 4)).reshape(2, -1)
    y = np.random.default_rng(1).normal(size=15)[p] + np.random.default_rng(2).normal(size=60)
    fit = stats.d_study(stats.g_study(y, {"p": p, "i": i}, "p x i", replicates=40_000))
    ends = [1 - (1 - fit.e_rho2) * f.ppf(q, 14, 42) for q in (0.975, 0.025)]
    assert [fit.e_rho2_lower, fit.e_rho2_upper] == pytest.approx(ends, abs=0.01)


def test_dependability_at_a_cut_is_never_below_that_without_one() -> None:
    p, i = np.indices((5, 3)).reshape(2, -1)
    y = np.random.default_rng(0).normal(size=(5, 3)) + np.random.default_rng(9).normal(size=3)
    fit = stats.d_study(stats.g_study(y.ravel(), {"p": p, "i": i}, "p x i", replicates=200))
    assert fit.phi_at(fit.mean) == pytest.approx(fit.phi) and fit.phi_at(fit.mean + 3) > fit.phi


def test_ranks_do_not_hang_on_the_unit() -> None:
    one, large = (stats.rank_intervals(np.arange(4.0) * u, se=np.full(4, 0.5 * u)) for u in (1.0, 1e7))
    assert one.lower.tolist() == large.lower.tolist() and one.upper.tolist() == large.upper.tolist()


@pytest.mark.parametrize("unit", [1e-7, 1.0, 1e7])
def test_differences_and_reliabilities_do_not_hang_on_the_unit(unit: float) -> None:
    fit, plain = (stats.self_other(SCORE * u, OTHER * u, TEAM) for u in (unit, 1.0))
    assert fit.reason == "" and fit.r == pytest.approx(plain.r) and fit.d_z == pytest.approx(plain.d_z)
    assert stats.self_other(np.full(40, 3.0) * unit, OTHER * unit, TEAM).reason == "constant"
    found, known = (stats.source_reliability(OTHER * u, WHO, BY, WHO // 2) for u in (unit, 1.0))
    assert found.single == pytest.approx(known.single)
    assert stats.source_correlation(SCORE * unit, OTHER * unit, TEAM).r == pytest.approx(
        stats.source_correlation(SCORE, OTHER, TEAM).r
    )


def test_nobody_to_compare_needs_no_number_of_ratings() -> None:
    for ratee, rater in (([0, 1], [0, 0]), ([], [])):
        plan = stats.suggest_links(np.array(ratee, int), np.array(rater, int), 3, target_se=0.5)
        assert plan.n_needed is None and plan.reason in ("one_rater", "empty")


def test_a_set_at_the_very_limit_is_taken_whole() -> None:
    assert stats.bayes_fdr([0.1, 0.1, 0.1], 0.1).tolist() == [True] * 3


def test_weights_follow_the_order_of_the_categories() -> None:
    weight = np.array([[1, 0.9, 0], [0.9, 1, 0.2], [0, 0.2, 1]])
    table = [[1, 2], [2, 3], [3, 1], [1, 1]]
    one = stats.agreement_coefficients(table, weight, categories=[1, 2, 3])
    two = stats.agreement_coefficients(table, weight[::-1, ::-1], categories=[3, 2, 1])
    assert one.value == pytest.approx(two.value)
    for bad in ({"weights": 1 - np.eye(3), "categories": [1, 2, 3]}, {"categories": [1, 2, math.nan]}):
        with pytest.raises(ValueError):
            stats.agreement_coefficients(table, **bad)


def test_answers_at_the_border_are_the_same_from_both_ends() -> None:
    for k in range(3, 60):
        low = stats.within_group_agreement([1] * k + [5], [0] * (k + 1), scale=(1, 5)).awg
        high = stats.within_group_agreement([5] * k + [1], [0] * (k + 1), scale=(1, 5)).awg
        assert low == pytest.approx(high) and np.isfinite(low).all()


def test_a_null_that_cannot_be_is_refused() -> None:
    for null in (100.0, math.inf, [0.5, 0.5, 0, 0, math.nan]):
        with pytest.raises(ValueError, match="null"):
            stats.within_group_agreement([5, 1, 5, 1], [0] * 4, null, scale=(1, 5))
    fit = stats.within_group_agreement([1, 1.5, 2, 2.5, 3, 3], [0] * 6, scale=(1, 3))
    assert math.isnan(fit.rwg_j[0]) and fit.reason == "one_group"
    two = stats.within_group_agreement([1, 1.5, 2, 2.5, 3, 3], [0, 0, 0, 1, 1, 1], scale=(1, 3))
    assert math.isnan(two.rwg_j[0]) and two.reason == "between_steps" and math.isfinite(two.icc1)


def test_few_items_with_three_ratings_give_no_limits() -> None:
    g = np.random.default_rng(0)
    truth = (g.random(200) < 0.3).astype(int)
    table = np.where(g.random((200, 3)) < 0.8, truth[:, None], 1 - truth[:, None]) + 1.0
    for known, reason in ((0, "not_identified"), (1, "few_triples"), (99, "few_triples"), (100, "")):
        part = table.copy()
        part[known:, 2] = math.nan
        fit = stats.dawid_skene(part)
        assert fit.reason == reason and np.isnan(fit.lower).all() == bool(reason)
    alone = stats.dawid_skene([[1.0, 1], [math.nan, math.nan]])
    assert np.isnan(alone.posterior[1]).all() and alone.posterior[0].tolist() == [1.0]


def test_funnel_needs_a_share_that_leaves_something() -> None:
    for share in (-0.1, 0.5, 1.0):
        with pytest.raises(ValueError, match="winsorise"):
            stats.funnel(np.arange(12.0), np.ones(12), winsorise=share)
    assert stats.without_groups([], [], [])[0].size == 0
