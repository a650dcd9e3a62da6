"""Effects of supervisors from their changes: hand-made least squares, its covariance, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest

from kinerja_analysis.stats import supervisor_effects

#: A ring of four supervisors, 0→1→2→3→0 in four units of six: changes +1, 0, −1 and 0.4 sum to 0.4, not 0.
RING = ([1.0, 0.0, -1.0, 0.4], [0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 2, 3], [1, 2, 3, 0], [6, 6, 6, 6])


def test_four_supervisors_by_hand() -> None:
    """Least squares spreads the 0.4 evenly: 0.9, −0.1, −1.1, 0.3, so effects 0, .9, .8, −.3 less their mean .35.

    Against the three others: 4/3 of it. Residuals 0.1 each, one degree of freedom: variance·6 = 6·4·0.01 = 0.24.
    L = 6·(ring of four): its pseudo-inverse has 5/16/6 on the diagonal.
    """
    fit = supervisor_effects(*RING)
    assert fit.value == pytest.approx(np.array([-0.35, 0.55, 0.45, -0.65]) * 4 / 3)
    assert (fit.variance, fit.df) == (pytest.approx(0.24), pytest.approx(1.0))
    assert fit.se == pytest.approx(4 / 3 * np.sqrt(0.24 * 5 / 16 / 6) * np.ones(4))
    assert fit.counterparts.tolist() == fit.changes.tolist() == [2, 2, 2, 2]
    assert fit.upper - fit.value == pytest.approx(12.7062 * fit.se, rel=1e-5)  # t(1) at .975


def test_unequal_weights_and_changes_in_one_unit_follow_the_matrix_formula() -> None:
    rng = np.random.default_rng(3)
    d, n = rng.normal(size=7), np.array([3.0, 4, 5, 6, 8, 9, 12])
    unit, period = np.array([0, 0, 1, 2, 3, 1, 4]), np.array([1, 3, 1, 1, 1, 2, 2])
    old, new = np.array([0, 1, 2, 0, 1, 3, 2]), np.array([1, 2, 3, 2, 3, 0, 0])
    kept = np.where(period == 1, 50.0, np.where(period == 2, 80.0, 40.0))
    fit = supervisor_effects(d, unit, period, old, new, n, kept=kept)
    b = np.zeros((7, 4))
    b[np.arange(7), new], b[np.arange(7), old] = 1, -1
    w, noise = np.diag(n), np.diag(1 / n)
    for e, f in ((0, 1), (2, 5)):  # unit 0: 0→1, then 1→2; unit 1: 2→3, then 3→0
        noise[e, f] = noise[f, e] = -0.5 / np.sqrt(n[e] * n[f])
    inverse = np.linalg.pinv(b.T @ w @ b)
    m = w - w @ b @ inverse @ b.T @ w
    scale = d @ m @ d / np.trace(m @ noise)
    same = np.equal.outer(period, period) / kept
    sandwich = inverse @ b.T @ w @ (noise * scale + same * scale) @ w @ b @ inverse
    assert fit.value == pytest.approx(4 / 3 * inverse @ b.T @ w @ d)
    assert fit.variance == pytest.approx(scale)
    assert fit.se == pytest.approx(4 / 3 * np.sqrt(np.diag(sandwich)))
    assert fit.df == pytest.approx(np.trace(m @ noise) ** 2 / np.trace(m @ noise @ m @ noise))


def test_separate_parts_have_separate_means_and_ordering_and_codes_do_not_matter() -> None:
    rng = np.random.default_rng(5)
    old = np.r_[rng.integers(0, 6, 20), 6 + rng.integers(0, 5, 20)]
    new = np.r_[(old[:20] + rng.integers(1, 6, 20)) % 6, 6 + (old[20:] - 6 + rng.integers(1, 5, 20)) % 5]
    data = rng.normal(size=40), rng.integers(0, 9, 40), rng.integers(0, 3, 40), old, new, rng.integers(3, 12, 40)
    fit = supervisor_effects(*data)
    assert fit.part_size.tolist() == [6] * 6 + [5] * 5 and len(set(fit.part.tolist())) == 2
    for part in (0, 1):
        assert fit.value[fit.part == fit.part[6 * part]].sum() == pytest.approx(0, abs=1e-12)
    order, name = rng.permutation(40), rng.permutation(11)
    mixed = [np.asarray(x)[order] for x in data]
    mixed[3], mixed[4] = name[mixed[3]], name[mixed[4]]
    again = supervisor_effects(*mixed)
    assert again.value[name] == pytest.approx(fit.value) and again.se[name] == pytest.approx(fit.se)


def test_units_that_kept_their_supervisor_give_a_floor() -> None:
    assert supervisor_effects(*RING, variance=1.0).variance == 1.0
    assert supervisor_effects(*RING, variance=0.1).variance == pytest.approx(0.24)


def test_refusals() -> None:
    assert supervisor_effects([], [], [], [], [], [], size=2).reason == "empty"
    tree = supervisor_effects([1.0, 2.0], [0, 1], [0, 0], [0, 1], [1, 2], [4, 4])
    assert tree.reason == "no_repeats" and np.isnan(tree.se).all()
    assert supervisor_effects([0.0] * 4, *RING[1:]).reason == "constant"
    with pytest.raises(ValueError, match="two different"):
        supervisor_effects([1.0], [0], [0], [1], [1], [4])
    with pytest.raises(ValueError, match="at least 1"):
        supervisor_effects([1.0], [0], [0], [0], [1], [0])


def test_intervals_hold_where_supervisors_meet_units_of_their_own_liking() -> None:
    """60 units over five years, two of five change each year; a supervisor likes units by chance (SD .3), noise .2."""
    held = told = 0
    for seed in range(60):
        g = np.random.default_rng(seed)
        lead, liking, effect = np.arange(60), g.normal(0, 0.3, (60, 60)), g.normal(0, 0.5, 60)
        events = []
        for period in range(4):
            moved = g.choice(60, 24, replace=False)
            after = lead.copy()
            after[moved] = lead[np.roll(moved, 1)]
            events += [(period, u, lead[u], after[u]) for u in moved]
            lead = after
        period, unit, old, new = np.array(events).T
        d = effect[new] - effect[old] + liking[unit, new] - liking[unit, old] + g.normal(0, 0.2, period.size)
        fit = supervisor_effects(d, unit, period, old, new, np.full(d.size, 8), size=60)
        big = np.flatnonzero(fit.part_size >= 10)
        mean = np.array([effect[(fit.part == fit.part[s]) & (np.arange(fit.part.size) != s)].mean() for s in big])
        truth = effect[big] - mean
        held += int(((fit.lower[big] <= truth) & (truth <= fit.upper[big])).sum())
        told += big.size
    assert 0.935 < held / told < 0.975, held / told
