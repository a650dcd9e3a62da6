"""Dyadic reciprocity: against round robins, a dense likelihood, and seeded draws of its own model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import qr
from scipy.special import chdtrc, fdtrc

from kinerja_analysis.stats import _dyads as module
from kinerja_analysis.stats import dyadic_reciprocity, social_relations
from kinerja_analysis.stats._quadratic import chance_positive

PEER, BOSS, STAFF = 2, 0, 1


def circle(teams, size=8, steps=(1, 4, 7)):
    """Ratee and rater: everybody rates those some steps further round the circle of the team."""
    first, place = np.divmod(np.arange(teams * size), size)
    rater = np.repeat(np.arange(teams * size), len(steps))
    ratee = (first[:, None] * size + (place[:, None] + np.array(steps)) % size).ravel()
    return ratee, rater


def pair_effects(rng, ratee, rater, rho):
    """Standard normal numbers, those of the two directions of a pair correlated (rho may differ by row)."""
    low, high = np.minimum(ratee, rater), np.maximum(ratee, rater)
    _, code = np.unique(low * (int(high.max()) + 1) + high, return_inverse=True)
    shared = rng.standard_normal(code.max() + 1)[code]
    return np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.standard_normal(ratee.size)


def draw(rng, ratee, rater, rho, sd=0.8):
    people = int(max(ratee.max(), rater.max())) + 1
    merit, lenient = rng.standard_normal(people), rng.standard_normal(people)
    return merit[ratee] + 0.35 * lenient[rater] + sd * pair_effects(rng, ratee, rater, rho)


def offices(teams, size=8, up=3):
    """A boss over each circle, who rates all and is rated by some: ratee, rater, source."""
    ratee, rater = circle(teams, size)
    staff, boss = np.arange(teams * size), teams * size + np.arange(teams * size) // size
    low = staff % size < up
    kinds = np.repeat([PEER, BOSS, STAFF], [ratee.size, staff.size, low.sum()])
    return (np.concatenate([ratee, staff, boss[low]]), np.concatenate([rater, boss, staff[low]]), kinds)


def small_offices(rng, teams, sizes, peers):
    """A boss over each team, who rates all and is rated by all; each is rated by so many peers."""
    rows = []
    for team in range(teams):
        size = int(rng.integers(*sizes))
        boss, staff = 100 * team, 100 * team + 1 + np.arange(size)
        for one in staff:
            rows += [(one, mate, PEER) for mate in rng.choice(staff[staff != one], peers, replace=False)]
            rows += [(one, boss, BOSS), (boss, one, STAFF)]
    ratee, rater, kind = np.array(rows).T
    people = np.unique(ratee)
    return np.searchsorted(people, ratee), np.searchsorted(people, rater), kind


def draw_offices(rng, design, among_peers, exchange, sd=(0.5, 1.0, 0.8)):
    ratee, rater, kind = design
    people = int(max(ratee.max(), rater.max())) + 1
    g = pair_effects(rng, ratee, rater, np.where(kind == PEER, among_peers, exchange))
    return rng.standard_normal(people)[ratee] + 0.35 * rng.standard_normal(people)[rater] + np.array(sd)[kind] * g


# --- the tail of quadratic forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b", "cut"), [(1, 1, 3.0), (3, 5, 0.4), (4, 2, 9.0), (60, 50, 1.3), (800, 900, 0.9)])
def test_a_difference_of_two_sums_of_squares_is_an_f_ratio(a, b, cut):
    """a-fold chi-square over b-fold chi-square above the cut; closed form of the F distribution."""
    weight = np.repeat([1 / a, -cut / b], [a, b])
    assert chance_positive(weight) == pytest.approx(fdtrc(a, b, cut), abs=1e-10)
    counted = chance_positive(np.array([1 / a, -cut / b]), np.array([a, b], float))
    assert counted == pytest.approx(fdtrc(a, b, cut), abs=1e-10)


def test_unequal_weights_by_conditioning():
    """P(X > Y) for X = 2·χ²₂ (exponential with mean 4), Y = χ²₁: E exp(−Y/4) = (1 + 2/4)^−½."""
    assert chance_positive(np.array([2.0, 2.0, -1.0])) == pytest.approx(1.5**-0.5, abs=1e-10)
    assert chance_positive(np.array([1.0, 2.0])) == pytest.approx(1.0, abs=1e-10)
    assert chance_positive(np.array([1.0, -1e-9])) == pytest.approx(1.0, abs=1e-4)
    assert np.isnan(chance_positive(np.zeros(3)))
    assert chdtrc(2, 0.0) == 1.0


# --- complete round robins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(4,), (6,), (4, 5, 7, 10)])
def test_round_robins_give_the_f_test_and_its_limits(sizes):
    rng = np.random.default_rng(len(sizes))
    matrices, parts, start = [], [], 0
    for n in sizes:
        g = rng.standard_normal((n, n))
        x = 2 * rng.standard_normal((n, 1)) + rng.standard_normal(n) + g + 0.4 * g.T
        rater, ratee = np.nonzero(~np.eye(n, dtype=bool))
        matrices.append(x)
        parts.append((x[rater, ratee], ratee + start, rater + start))
        start += n
    f = social_relations(matrices).reciprocity
    fit = dyadic_reciprocity(*(np.concatenate(v) for v in zip(*parts, strict=True)))
    assert fit.df == f["df1"] + f["df2"]
    assert fit.n_dyads == sum(n * (n - 1) // 2 for n in sizes) and fit.n_blocks == len(sizes)
    assert fit.p == pytest.approx(f["p"], abs=1e-9)
    assert fit.p_greater == pytest.approx(fdtrc(f["df1"], f["df2"], f["F"]), abs=1e-9)
    assert (fit.rho, fit.lower, fit.upper) == pytest.approx((f["value"], f["lower"], f["upper"]), abs=1e-6)


def test_the_minimal_effect_test_of_a_round_robin_by_hand():
    """At rho = .2 the two mean squares have ratio 1.2/0.8, so F/1.5 is F distributed."""
    rng = np.random.default_rng(8)
    g = rng.standard_normal((9, 9))
    rater, ratee = np.nonzero(~np.eye(9, dtype=bool))
    x = g + 0.5 * g.T
    f = social_relations(x).reciprocity
    fit = dyadic_reciprocity(x[rater, ratee], ratee, rater, delta=0.2)
    assert fit.p_beyond == pytest.approx(fdtrc(f["df1"], f["df2"], f["F"] / 1.5), abs=1e-9)


# --- other designs -----------------------------------------------------------------------------------------------


def dense(y, ratee, rater, rho):
    """Restricted log likelihood of rho, the scale profiled, from whole matrices."""
    people = int(max(ratee.max(), rater.max())) + 1
    x = np.hstack([np.eye(people)[ratee], np.eye(people)[rater]])
    q, r, _ = qr(x, mode="economic", pivoting=True)
    x = q[:, : (np.abs(np.diag(r)) > 1e-9).sum()]
    swap = (ratee[:, None] == rater) & (rater[:, None] == ratee)
    v = np.eye(y.size) + rho * swap
    w = np.linalg.inv(v)
    inner = x.T @ w @ x
    rest = y @ w @ y - y @ w @ x @ np.linalg.solve(inner, x.T @ w @ y)
    n = y.size - x.shape[1]
    return -(np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1] + n * np.log(rest)) / 2


def test_the_estimate_maximises_the_restricted_likelihood_of_a_ragged_design():
    rng = np.random.default_rng(1)
    ratee, rater = circle(4, 9, (1, 2, 5, 8))
    keep = rng.random(ratee.size) > 0.1
    ratee, rater = ratee[keep], rater[keep]
    y = draw(rng, ratee, rater, 0.5)
    fit = dyadic_reciprocity(y, ratee, rater)
    grid = fit.rho + np.array([-0.02, 0.0, 0.02])
    low, top, high = (dense(y, ratee, rater, r) for r in grid)
    assert low < top > high
    assert 0.02 * (high - low) / (2 * (2 * top - low - high)) == pytest.approx(0.0, abs=2e-3), "the parabola's top"


def test_persons_order_scale_and_direction_do_not_matter():
    rng = np.random.default_rng(2)
    ratee, rater = circle(6)
    y = draw(rng, ratee, rater, 0.4)
    fit = dyadic_reciprocity(y, ratee, rater, delta=0.1)
    numbers = fit.rho, fit.lower, fit.upper, fit.p, fit.p_beyond, fit.detectable
    shift, order, names = rng.normal(0, 9, (2, 48)), rng.permutation(y.size), rng.permutation(48)
    for other in (
        dyadic_reciprocity(y + shift[0][ratee] + shift[1][rater], ratee, rater, delta=0.1),
        dyadic_reciprocity(-7 * y, rater, ratee, delta=0.1),
        dyadic_reciprocity(y[order], names[ratee[order]], names[rater[order]], delta=0.1),
    ):
        again = other.rho, other.lower, other.upper, other.p, other.p_beyond, other.detectable
        assert again == pytest.approx(numbers, abs=1e-7)


def test_a_person_who_rates_nobody_back_adds_no_pair():
    ratee, rater = circle(3)
    y = draw(np.random.default_rng(3), ratee, rater, 0.4)
    more = dyadic_reciprocity(np.append(y, [3.0, -1.0]), np.append(ratee, [0, 1]), np.append(rater, [24, 24]))
    assert more.n_dyads == dyadic_reciprocity(y, ratee, rater).n_dyads == 36
    assert more.n == y.size + 2


# --- size, power, coverage (100 dyads of circles of three) --------------------------------------------------------


@pytest.mark.parametrize(("rho", "seed"), [(0.0, 1), (0.2, 2)])
def test_the_test_at_the_true_value_has_its_size(rho, seed):
    """p_beyond at delta = rho is uniform: 120 draws, the share below .25, .5 and .75 within 3.5 binomial SE."""
    rng = np.random.default_rng(seed)
    ratee, rater = circle(8)
    p = np.array([dyadic_reciprocity(draw(rng, ratee, rater, rho), ratee, rater, delta=rho).p_beyond
                  for _ in range(120)])  # fmt: skip
    for share in (0.05, 0.25, 0.5, 0.75):
        assert abs((p <= share).mean() - share) < 3.5 * np.sqrt(share * (1 - share) / 120)


def test_power_is_what_detectable_says_and_intervals_cover():
    rng = np.random.default_rng(4)
    ratee, rater = circle(8)
    goal = dyadic_reciprocity(draw(rng, ratee, rater, 0.0), ratee, rater, delta=0.2, alpha=0.1).detectable
    fits = [dyadic_reciprocity(draw(rng, ratee, rater, goal), ratee, rater, delta=0.2, alpha=0.1) for _ in range(100)]
    assert abs(np.mean([f.p_beyond <= 0.1 for f in fits]) - 0.8) < 3.5 * np.sqrt(0.16 / 100)
    assert np.mean([f.lower <= goal <= f.upper for f in fits]) > 0.95 - 3.5 * np.sqrt(0.0475 / 100)
    assert all(f.detectable == pytest.approx(goal, abs=1e-7) for f in fits), "of the design, not of the scores"


def test_limits_agree_with_the_test_where_nearly_all_scores_are_equal():
    """One score of 1 among 300 zeros: nothing is known of ρ, though its likelihood has its top at 1."""
    rng, (ratee, rater) = np.random.default_rng(21), circle(20, 5)
    one = np.zeros(ratee.size)
    one[3] = 1.0
    for y in [one, *(np.where(rng.random(ratee.size) < 0.01, 1.0, 0.0) for _ in range(40))]:
        fit = dyadic_reciprocity(y, ratee, rater)
        if not fit.reason and fit.p > 0.05:
            assert fit.lower <= 0 <= fit.upper and fit.lower < fit.upper


def test_ceilings_do_not_make_reciprocity():
    rng = np.random.default_rng(6)
    ratee, rater = circle(8)
    p = [dyadic_reciprocity(np.clip(np.round(4 + draw(rng, ratee, rater, 0.0)), 1, 5), ratee, rater).p_greater
         for _ in range(100)]  # fmt: skip
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3.5 * np.sqrt(0.0475 / 100)


# --- superiors and subordinates ----------------------------------------------------------------------------------


def test_several_sources_have_their_own_spread():
    design = offices(300)
    fit = dyadic_reciprocity(draw_offices(np.random.default_rng(5), design, 0.5, 0.4), *design[:2], source=design[2],
                             between=(BOSS, STAFF))  # fmt: skip
    assert fit.n_dyads == 900 and fit.method == "restricted_likelihood_whitened"
    assert fit.sd == pytest.approx([0.5, 1.0, 0.8], rel=0.06)
    assert fit.lower < 0.4 < fit.upper and fit.upper - fit.lower < 0.25


def test_reciprocity_of_peers_does_not_leak_into_the_exchange():
    rng, design = np.random.default_rng(7), offices(250)
    y = [draw_offices(rng, design, 0.8, 0.0) for _ in range(4)]
    right = [dyadic_reciprocity(v, *design[:2], source=design[2], between=(BOSS, STAFF)).rho for v in y]
    # with the peers under another code each way, their pairs are mutual between two sources that are not examined
    split = np.where((design[2] == PEER) & (design[0] > design[1]), 3, design[2])
    same = [dyadic_reciprocity(v, *design[:2], source=split, between=(BOSS, STAFF)).rho for v in y]
    assert abs(np.mean(right)) < 0.06 and abs(np.mean(same)) < 0.06


def test_the_exchange_does_not_leak_into_the_reciprocity_of_peers():
    """Without the exchange in the model the mean of these is .14."""
    rng, found = np.random.default_rng(8), []
    for _ in range(8):
        design = small_offices(rng, 60, (4, 9), 3)
        y = draw_offices(rng, design, 0.0, 0.7)
        found.append(dyadic_reciprocity(y, *design[:2], source=design[2], between=(PEER, PEER)).rho)
    assert abs(np.mean(found)) < 0.09


def test_small_designs_of_several_sources_are_answered_or_refused_not_broken():
    rng = np.random.default_rng(9)
    for _ in range(60):
        design = small_offices(rng, 6, (4, 7), 2)
        fit = dyadic_reciprocity(draw_offices(rng, design, 0.0, 0.0), *design[:2], source=design[2],
                                 between=(BOSS, STAFF))  # fmt: skip
        assert fit.reason or (fit.lower <= fit.rho <= fit.upper and not fit.detectable <= 0)


def test_without_other_raters_the_exchange_is_not_identified():
    ratee, rater, kind = offices(40)
    keep = kind != PEER
    y = draw_offices(np.random.default_rng(9), (ratee, rater, kind), 0.0, 0.5)
    fit = dyadic_reciprocity(y[keep], ratee[keep], rater[keep], source=kind[keep], between=(BOSS, STAFF))
    assert fit.reason == "not_identified" and np.isnan(fit.rho) and fit.n_dyads == 120


# --- large blocks ------------------------------------------------------------------------------------------------


def test_a_large_block_is_cut_into_units(monkeypatch):
    rng = np.random.default_rng(10)
    ratee, rater = circle(5)
    y = draw(rng, ratee, rater, 0.4)
    alone = dyadic_reciprocity(y, ratee, rater)
    far = np.array([[0, 8], [8, 16], [16, 24], [24, 32]])
    whole = np.append(y, rng.normal(size=4)), np.append(ratee, far[:, 0]), np.append(rater, far[:, 1])
    linked = dyadic_reciprocity(*whole, unit=np.arange(40) // 8)
    assert linked.n_blocks == 1 and linked.n_dropped == 0
    monkeypatch.setattr(module, "CUT", 30)
    cut = dyadic_reciprocity(*whole, unit=np.arange(40) // 8)
    assert (cut.n_blocks, cut.n_dropped, cut.n) == (5, 4, y.size)
    assert (cut.rho, cut.p, cut.upper) == pytest.approx((alone.rho, alone.p, alone.upper), abs=1e-9)
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    assert dyadic_reciprocity(*whole).reason == "too_large"
    assert dyadic_reciprocity(*whole).n_dropped == 124


def test_a_rater_of_no_unit_counts_in_the_unit_of_the_rated(monkeypatch):
    monkeypatch.setattr(module, "CUT", 30)
    ratee, rater = circle(2)
    y = draw(np.random.default_rng(11), ratee, rater, 0.4)
    both = np.append(y, [1.0, -1.0]), np.append(ratee, [0, 8]), np.append(rater, [16, 16])
    fit = dyadic_reciprocity(*both, unit=np.append(np.arange(16) // 8, -1))
    assert (fit.n_blocks, fit.n_dropped, fit.n) == (2, 0, 50)


# --- what cannot be answered, what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "ratee", "rater", "reason", "dyads"),
    [
        ([], [], [], "no_mutual", 0),
        ([1.0, 2.0, 4.0], [0, 1, 2], [1, 2, 0], "no_mutual", 0),
        ([1.0, 2.0], [0, 1], [1, 0], "not_identified", 1),
        (np.full(12, 3.0), *np.nonzero(~np.eye(4, dtype=bool)), "constant", 6),
        (np.repeat([1.0, 4.0, 2.0, 5.0], 3), *np.nonzero(~np.eye(4, dtype=bool)), "constant", 6),
    ],
)
def test_reasons(y, ratee, rater, reason, dyads):
    fit = dyadic_reciprocity(y, np.asarray(ratee, int), np.asarray(rater, int))
    assert (fit.reason, fit.n_dyads) == (reason, dyads)
    assert np.isnan([fit.rho, fit.lower, fit.upper, fit.p, fit.p_beyond, fit.detectable]).all()


def test_a_constant_exchange_and_perfect_pairs():
    ratee, rater, kind = offices(4)
    rng = np.random.default_rng(12)
    y = rng.standard_normal(36)[ratee] + rng.standard_normal(36)[rater]
    fit = dyadic_reciprocity(y, ratee, rater, source=kind, between=(BOSS, STAFF))
    assert fit.reason == "constant"
    g = rng.standard_normal((6, 6))
    rater, ratee = np.nonzero(~np.eye(6, dtype=bool))
    same = dyadic_reciprocity((g + g.T)[rater, ratee], ratee, rater)
    assert same.rho == same.upper == 1.0 and same.p < 1e-6


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0, 2.0], [0, 0], [1, 1]), {}, "given twice"),
        (([1.0, 2.0], [0, 1], [1, 1]), {}, "rates themselves"),
        (([1.0, np.nan], [0, 1], [1, 0]), {}, "NaN"),
        (([1.0, 2.0], [0, 1, 2], [1, 0]), {}, "entries"),
        (([1.0, 2.0], [0, 1], [1, 0]), {"delta": 1.0}, "delta"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        dyadic_reciprocity(*arguments, **options)


def test_to_frame():
    ratee, rater = circle(3)
    fit = dyadic_reciprocity(draw(np.random.default_rng(3), ratee, rater, 0.4), ratee, rater)
    table = fit.to_frame().set_index("quantity")
    assert table.loc["rho", ["value", "lower", "upper"]].tolist() == [fit.rho, fit.lower, fit.upper]
    assert table.index.tolist() == ["rho", "p", "p_greater", "p_beyond", "detectable", "sd"]
