"""Round robins: exact effects, unbiased components, coverage of the limits, groups, gaps, two variables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinerja_analysis.stats import social_relations

NAMES = ("actor", "partner", "relationship", "actor_partner", "dyadic")
TRUE = np.array([0.3, 0.2, 0.6, 0.05, 0.1])


def draw(n, rng):
    effects = rng.multivariate_normal([0, 0], [[0.3, 0.05], [0.05, 0.2]], n)
    pair = np.zeros((n, n))
    upper = np.triu_indices(n, 1)
    both = rng.multivariate_normal([0, 0], [[0.6, 0.1], [0.1, 0.6]], upper[0].size)
    pair[upper], pair.T[upper] = both[:, 0], both[:, 1]
    return 3 + effects[:, [0]] + effects[:, 1] + pair


def values(fit):
    return np.array([getattr(fit, name) for name in NAMES])


def test_additive_ratings_give_their_effects_back():
    a, b = np.array([1.0, -1, 0, 2, -2, 0]), np.array([2.0, 0, -2, 1, -1, 0])
    fit = social_relations(5 + a[:, None] + b)
    assert fit.actor_effect == pytest.approx(a) and fit.partner_effect == pytest.approx(b)
    assert values(fit) == pytest.approx([a.var(ddof=1), b.var(ddof=1), 0, (a * b).sum() / 5, 0], abs=1e-12)
    assert fit.reliability_actor == pytest.approx(1)


def test_simulated_components_errors_and_coverage():
    rng = np.random.default_rng(1)
    fits = [social_relations(draw(20, rng)) for _ in range(400)]
    found = np.array([values(f) for f in fits])
    se = np.array([[f.se[k] for k in NAMES] for f in fits])
    assert found.mean(axis=0) == pytest.approx(TRUE, abs=4 * found.std(axis=0).max() / 20)
    assert se.mean(axis=0) == pytest.approx(found.std(axis=0), rel=0.12)
    inside = [[f.lower[k] <= t <= f.upper[k] for k, t in zip(NAMES, TRUE, strict=True)] for f in fits]
    assert (np.mean(inside, axis=0) > 0.92).all()  # 400 sets: 2.7 Monte-Carlo errors below .95


def test_the_test_of_no_perceiver_variance_keeps_its_level():
    rng = np.random.default_rng(2)
    for n in (6, 12):
        p = np.array([social_relations(rng.normal(size=(n, n))).p["actor"] for _ in range(800)])
        assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.024) and np.mean(p) == pytest.approx(0.5, abs=0.05)
    p = np.array([social_relations([rng.normal(size=(5, 5)) for _ in range(6)]).p["partner"] for _ in range(400)])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.033)


def test_reciprocity_is_tested_at_its_level_even_in_groups_of_four():
    rng = np.random.default_rng(12)
    found = [social_relations([rng.normal(size=(4, 4)) for _ in range(8)]).reciprocity for _ in range(400)]
    assert np.mean([f["p"] <= 0.05 for f in found]) == pytest.approx(0.05, abs=0.033)  # 3 Monte-Carlo errors
    assert np.mean([f["lower"] <= 0 <= f["upper"] for f in found]) == pytest.approx(0.95, abs=0.033)
    fits = [social_relations(draw(12, rng)) for _ in range(200)]
    inside = [f.reciprocity["lower"] <= 1 / 6 <= f.reciprocity["upper"] for f in fits]
    assert np.mean(inside) > 0.90
    one = fits[0]
    assert one.reciprocity["value"] == pytest.approx(one.standardised["dyadic"])
    assert (one.reciprocity["df1"], one.reciprocity["df2"]) == (54, 55)


def test_groups_are_pooled_with_weights():
    rng = np.random.default_rng(3)
    one, two = draw(6, rng), draw(9, rng)
    fit, a, b = social_relations([one, two]), social_relations(one), social_relations(two)
    assert values(fit) == pytest.approx((5 * values(a) + 8 * values(b)) / 13)
    assert fit.se["actor"] == pytest.approx(math.hypot(5 * a.se["actor"], 8 * b.se["actor"]) / 13)
    assert (fit.n, fit.n_groups, fit.actor_effect.size) == (15, 2, 15)
    stacked = np.stack([one, draw(6, rng)])
    several = social_relations([draw(6, rng) for _ in range(9)])
    each = [social_relations(draw(6, np.random.default_rng(s))) for s in range(3)]
    same_size = social_relations([draw(6, np.random.default_rng(s)) for s in range(3)])
    assert same_size.se_between["actor"] == pytest.approx(np.std([f.actor for f in each], ddof=1) / np.sqrt(3))
    assert 0.2 < several.se_between["relationship"] / several.se["relationship"] < 3 and a.se_between == {}
    assert social_relations(stacked).n_groups == 2


def test_persons_without_ratings_are_dropped_and_counted():
    x = draw(8, np.random.default_rng(4))
    gappy = x.copy()
    gappy[2, [0, 5]] = np.nan
    keep = np.delete(np.arange(8), 2)
    fit, whole = social_relations(gappy), social_relations(x[np.ix_(keep, keep)])
    assert values(fit) == pytest.approx(values(whole)) and fit.n_dropped == 1 and fit.n == 7
    assert math.isnan(fit.actor_effect[2]) and np.isfinite(np.delete(fit.actor_effect, 2)).all()


def test_two_variables():
    rng = np.random.default_rng(5)
    x = draw(15, rng)
    same = social_relations(x, x)
    assert same.cross["actor_actor"] == pytest.approx(same.actor)
    assert same.cross["interpersonal"] == pytest.approx(same.dyadic)
    assert same.cross["actor_partner"] == pytest.approx(same.cross["partner_actor"])
    assert same.cross["partner_actor"] == pytest.approx(same.actor_partner)
    other = social_relations(x, draw(15, rng))
    assert all(abs(other.cross[k]) < 4 * other.cross_se[k] for k in other.cross)
    assert other.second is not None and other.second.actor != other.actor
    mirrored = social_relations(x, x.T)  # who rates high in one is rated high in the other
    assert mirrored.cross["actor_partner"] == pytest.approx(mirrored.actor)
    assert mirrored.cross["interpersonal"] == pytest.approx(mirrored.relationship)


def test_a_negative_variance_is_kept_and_its_effects_are_not_shown():
    rng = np.random.default_rng(11)
    fit = next(f for f in (social_relations(rng.normal(size=(6, 6))) for _ in range(50)) if f.actor < 0)
    assert np.isnan(fit.actor_effect).all() and math.isnan(fit.reliability_actor)
    assert fit.standardised["actor"] == 0.0 and fit.lower["actor"] < 0 and fit.reason == "negative_variance"


def test_the_diagonal_does_not_count():
    x = draw(7, np.random.default_rng(6))
    y = x.copy()
    np.fill_diagonal(y, [np.nan, 99, -99, 0, 1, np.nan, 5])
    assert values(social_relations(x)) == pytest.approx(values(social_relations(y)))


def test_small_and_constant_round_robins():
    assert social_relations(np.arange(9.0).reshape(3, 3)).reason == "too_small"
    fit = social_relations(np.full((5, 5), 4.0))
    assert fit.reason == "constant" and fit.actor == 0.0 and math.isnan(fit.se["actor"])
    assert social_relations(np.full((6, 6), np.nan)).reason == "too_small"
    four = social_relations(draw(4, np.random.default_rng(7)))
    assert four.upper["actor"] == math.inf and not four.to_frame().empty


@pytest.mark.parametrize("bad", [np.zeros((3, 4)), np.zeros(4), np.full((5, 5), np.inf)])
def test_malformed_input_is_refused(bad):
    with pytest.raises(ValueError):
        social_relations(bad)
    with pytest.raises(ValueError):
        social_relations(np.eye(5), np.eye(6))


@pytest.mark.parametrize("nothing", [[], (), 5, [1.0, 2.0]])
def test_what_is_no_round_robin_is_refused(nothing):
    with pytest.raises(ValueError, match="square"):
        social_relations(nothing)


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1])
def test_equal_ratings_that_are_not_exact_in_binary_are_constant(value):
    assert social_relations(np.full((7, 7), value)).reason == "constant"


def test_limits_are_finite_from_ten_persons_on():
    rng = np.random.default_rng(1)
    assert math.isinf(social_relations(rng.normal(size=(9, 9))).upper["actor"])
    assert math.isfinite(social_relations(rng.normal(size=(10, 10))).upper["actor"])
