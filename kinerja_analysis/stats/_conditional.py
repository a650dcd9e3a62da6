"""Exact conditional likelihood of choices inside strata, in batches of strata of similar size.

A *set* is one stratum at one cut: of its members, m are chosen. The probability of the chosen ones given m
has the denominator Σ exp(Σ xβ) over all subsets of m members. It is computed as a Poisson-binomial
probability: tilt every member's odds by a common factor so that m successes are expected, which leaves the
conditional distribution alone, and run the recursion over members. It cannot overflow, whatever the size.
First and second moments of Σx over the chosen ride along in the same recursion, so the score and the
information are exact too. A set with m > n/2 is turned over (x → −x, chosen ↔ not chosen), which is the same
likelihood and shortens the recursion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import expit

_CELLS_PER_BATCH = 2_000_000

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Batch:
    """Sets padded to a common length: S sets, L places, p columns."""

    x: Floats  # (p, L, S), signed; 0 in empty places
    member: NDArray[np.bool_]  # (L, S)
    chosen: NDArray[np.bool_]  # (L, S)
    n_chosen: Ints  # (S,)
    index: Ints  # (S,) number of the set


@dataclass(frozen=True, slots=True)
class Sets:
    """All informative sets; `stratum[i]` is the stratum of set i, `varies[s, k]` whether x_k varies there."""

    batches: tuple[Batch, ...]
    stratum: Ints
    varies: NDArray[np.bool_]

    def columns(self, keep: Ints) -> "Sets":
        """The same sets with some columns of x only."""
        kept = (Batch(b.x[keep], b.member, b.chosen, b.n_chosen, b.index) for b in self.batches)
        return Sets(tuple(kept), self.stratum, self.varies[:, keep])


def build_sets(y: Ints, x: Floats, strata: Ints, n_levels: int) -> Sets:
    """Informative sets: strata where some column of x varies, at each cut where y varies.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Ordered levels 0..n_levels−1; cut c chooses the members with y ≥ c.
    x : ndarray of float, shape (n, p)
    strata : ndarray of int, shape (n,)
        Codes 0..s−1, every code used.
    n_levels : int

    Examples
    --------
    >>> sets = build_sets(np.array([0, 1, 0, 0]), np.array([[0.0], [1], [0], [1]]), np.array([0, 0, 1, 1]), 2)
    >>> sets.stratum.tolist()
    [0]
    """
    order = np.argsort(strata, kind="stable")
    y, x = y[order], x[order]
    size = np.bincount(strata)
    start = np.concatenate(([0], np.cumsum(size)[:-1]))
    varies = np.maximum.reduceat(x, start) > np.minimum.reduceat(x, start)
    x = x - np.repeat(np.add.reduceat(x, start) / size[:, None], size, axis=0)
    x[:, :] = np.where(np.repeat(varies, size, axis=0), x, 0.0)
    above = np.stack([np.add.reduceat(y >= cut, start) for cut in range(1, n_levels)])
    informative = (above > 0) & (above < size) & varies.any(axis=1)
    cut, stratum = np.nonzero(informative)
    chosen = above[cut, stratum]
    flip = 2 * chosen > size[stratum]
    chosen = np.where(flip, size[stratum] - chosen, chosen)
    spans = _spans(size[stratum], chosen, x.shape[1])
    batches = tuple(_pad(y, x, start, size, cut + 1, stratum, flip, chosen, pick) for pick in spans)
    return Sets(batches, stratum, varies)


def _spans(size: Ints, chosen: Ints, n_columns: int) -> Iterator[Ints]:
    """Numbers of the sets of each batch: similar size and number chosen, bounded memory."""
    moments = 1 + n_columns + n_columns * (n_columns + 1) // 2
    key = np.ceil(np.log2(size)) * 64 + np.ceil(np.log2(chosen))
    order = np.lexsort((size, key))
    for block in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        if block.size == 0:
            continue
        cells = int(moments * (chosen[block].max() + 1) + n_columns * size[block].max())
        step = max(1, _CELLS_PER_BATCH // cells)
        yield from (block[i : i + step] for i in range(0, block.size, step))


def _pad(
    y: Ints, x: Floats, start: Ints, size: Ints, cut: Ints, stratum: Ints, flip: NDArray[np.bool_],
    chosen: Ints, pick: Ints,
) -> Batch:  # fmt: skip
    """The batch of the sets `pick`."""
    cut, stratum, flip = cut[pick], stratum[pick], flip[pick]
    place = np.arange(size[stratum].max())[:, None]
    member = place < size[stratum]
    row = np.where(member, start[stratum] + place, 0)
    padded = np.where(member, x[row].transpose(2, 0, 1), 0.0)
    taken = member & ((y[row] >= cut) ^ flip)
    return Batch(np.where(flip, -padded, padded), member, taken, chosen[pick], pick)


def evaluate(sets: Sets, beta: Floats) -> tuple[float, Floats, Floats]:
    """Conditional log likelihood, score per set (n_sets, p) and information (p, p) at `beta`."""
    total = 0.0
    score = np.zeros((sets.stratum.size, beta.size))
    information = np.zeros((beta.size, beta.size))
    for batch in sets.batches:
        odds = _tilted(batch, beta)
        mass, first, second = _moments(batch, odds)
        total += _log_likelihood(batch, odds, mass)
        if not np.isfinite(total):
            return -np.inf, score, information
        taken = np.einsum("pls,ls->ps", batch.x, batch.chosen)
        mean = first / mass
        score[batch.index] = (taken - mean).T
        upper = np.triu_indices(beta.size)
        cells = (second / mass).sum(axis=1)
        moment = np.zeros_like(information)
        moment[upper] = cells
        moment.T[upper] = cells
        information += moment - mean @ mean.T
    return total, score, information


def _tilted(batch: Batch, beta: Floats) -> Floats:
    """Log odds of each place, shifted so that about n_chosen successes are expected."""
    eta = np.einsum("p,pls->ls", beta, batch.x)
    size = batch.member.sum(axis=0)
    shift = np.log(batch.n_chosen / (size - batch.n_chosen))
    for _ in range(8):
        share = expit(eta + shift) * batch.member
        slope = np.maximum((share * (1 - share)).sum(axis=0), 1e-3)
        step = np.clip((batch.n_chosen - share.sum(axis=0)) / slope, -1.5, 1.5)
        shift = shift + step
        if np.abs(step).max() < 0.01:  # any shift gives the same likelihood; a good one only keeps it from underflow
            break
    return eta + shift


def _log_likelihood(batch: Batch, odds: Floats, mass: Floats) -> float:
    """Σ log p over the chosen + Σ log(1 − p) over the others − log P(exactly n_chosen)."""
    with np.errstate(divide="ignore"):
        denominator = np.log(mass).sum()
    signed = np.where(batch.chosen, odds, -odds)
    return float(-np.logaddexp(0.0, -signed)[batch.member].sum() - denominator)


def _moments(batch: Batch, odds: Floats) -> tuple[Floats, Floats, Floats]:
    """P(n_chosen), and E[Σx; n_chosen], E[(Σx)(Σx)'; n_chosen] (upper triangle), each per set."""
    share = np.ascontiguousarray(expit(odds).T)
    x = np.ascontiguousarray(batch.x.transpose(2, 1, 0))
    mass, first, second = _recursion(share, x, batch.member.sum(axis=0), batch.n_chosen)
    return mass, first.T, second.T


@njit(cache=True)
def _recursion(share, x, size, chosen):  # type: ignore[no-untyped-def]
    """The recursion over members of every set, in place from the largest number of successes down."""
    n_sets, _, p = x.shape
    most = chosen.max() + 1
    pairs = p * (p + 1) // 2
    total, once, twice = np.empty(n_sets), np.empty((n_sets, p)), np.empty((n_sets, pairs))
    mass, first, second = np.empty(most), np.empty((most, p)), np.empty((most, pairs))
    for s in range(n_sets):
        mass[:], first[:], second[:] = 0.0, 0.0, 0.0
        mass[0] = 1.0
        for i in range(size[s]):
            hit = share[s, i]
            miss = 1.0 - hit
            for k in range(min(i + 1, chosen[s]), 0, -1):
                j = 0
                for a in range(p):
                    for b in range(a, p):
                        cross = x[s, i, a] * (first[k - 1, b] + x[s, i, b] * mass[k - 1]) + x[s, i, b] * first[k - 1, a]
                        second[k, j] = miss * second[k, j] + hit * (second[k - 1, j] + cross)
                        j += 1
                for a in range(p):
                    first[k, a] = miss * first[k, a] + hit * (first[k - 1, a] + x[s, i, a] * mass[k - 1])
                mass[k] = miss * mass[k] + hit * mass[k - 1]
            mass[0] *= miss
        total[s] = mass[chosen[s]]
        once[s] = first[chosen[s]]
        twice[s] = second[chosen[s]]
    return total, once, twice


def separating_direction(sets: Sets, n_columns: int) -> Floats:
    """A direction along which the likelihood rises for ever, or zeros.

    The estimate is infinite exactly when some d ≠ 0 puts every chosen member at least as high as every
    member not chosen of its set, once strictly (Albert & Anderson 1984; Konis 2007, for strata). Solved as
    a linear programme with one free threshold per set, |d| ≤ 1.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack

    rows, sets_of, n_sets = [], [], sets.stratum.size
    for batch in sets.batches:
        sign = np.where(batch.chosen, 1.0, -1.0)
        place, column = np.nonzero(batch.member)
        rows.append(np.column_stack(((batch.x * sign)[:, place, column].T, -sign[place, column])))
        sets_of.append(batch.index[column])
    table, owner = np.concatenate(rows), np.concatenate(sets_of)
    threshold = csr_array((table[:, -1], (np.arange(owner.size), owner)), shape=(owner.size, n_sets))
    system = hstack([csr_array(table[:, :-1]), threshold], format="csr")
    bounds = [(-1.0, 1.0)] * n_columns + [(None, None)] * n_sets
    found = linprog(-system.sum(axis=0), A_ub=-system, b_ub=np.zeros(owner.size), bounds=bounds)
    if found.status != 0 or -found.fun < 1e-7:
        return np.zeros(n_columns)
    direction = np.asarray(found.x[:n_columns])
    return np.where(np.abs(direction) > 1e-7, direction, 0.0)
