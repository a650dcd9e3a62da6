"""Exact chances of repeated answers when answers are drawn independently: identical vectors and straight runs."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def pair_chance(n, least, count, total):  # type: ignore[no-untyped-def]
    """P(at least `least` identical pairs among n draws), kinds drawn with chances count/total (exact).

    Kinds take their number of draws one after the other, binomial in what is left; the last state absorbs. States that
    cannot reach it any more are dropped.

    Examples
    --------
    The birthday of 23 people:

    >>> round(pair_chance(23, 1, np.ones(365), 365.0), 4)
    0.5073
    """
    left = np.zeros((n + 1, least + 1))
    left[n, 0] = 1.0
    rest = total
    for kind in range(count.size):
        if count[kind] <= 0.0:
            continue
        q = min(count[kind] / rest, 1.0)
        rest -= count[kind]
        after = np.zeros((n + 1, least + 1))
        for r in range(n + 1):
            low = max(least - r * (r - 1) // 2, 0)
            first = r if q == 1.0 else 0  # the last kind takes all that is left
            chance = 1.0 if q == 1.0 else (1.0 - q) ** r
            for c in range(first if left[r, low:].any() else r + 1, r + 1):
                if c > first:
                    chance *= (r - c + 1) / c * q / (1.0 - q)
                gain = c * (c - 1) // 2
                for s in range(low, least + 1):
                    after[r - c, min(s + gain, least)] += chance * left[r, s]
        left = after
    return left[0, least]


def run_chance(shares: Floats) -> Floats:
    """P(longest run ≥ L) for L = 1…items, answers drawn independently with each item's shares (items, values).

    Examples
    --------
    Three tosses of a coin: eight strings, six with a run of two, two with a run of three.

    >>> run_chance(np.full((3, 2), 0.5)).tolist()
    [1.0, 0.75, 0.25]
    """
    items, values = shares.shape
    found = np.ones(items)
    for least in range(2, items + 1):
        run = np.zeros((values, least - 1))  # value of the last answer, length of its run less one
        run[:, 0] = shares[0]
        done = 0.0
        for share in shares[1:]:
            other = (run.sum() - run.sum(axis=1)) * share
            done += float(run[:, -1] @ share)
            run[:, 1:] = run[:, :-1] * share[:, None]
            run[:, 0] = other
        found[least - 1] = min(done, 1.0)
    return found


def vector_chances(
    ratees: NDArray[np.integer], same: Floats, owner: Ints, kind: Ints, own: Floats, total: Floats
) -> Floats:
    """By rater: P(at least as many identical pairs) when vectors are drawn from the other raters' vectors.

    Parameters
    ----------
    ratees : ndarray of int, shape (raters,)
    same : ndarray, shape (raters,)
        Ordered identical pairs.
    owner, kind, own : ndarray, shape (cells,)
        Rater, vector and how often; sorted by rater.
    total : ndarray, shape (kinds,)
        How often each vector occurs.

    Examples
    --------
    >>> two = np.array([2, 2])
    >>> cells = np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([2.0, 1.0, 1.0])
    >>> vector_chances(two, np.array([2.0, 0.0]), *cells, np.array([3.0, 1.0])).tolist()
    [0.5, 1.0]
    """
    found = np.full(ratees.size, math.nan)
    first = np.searchsorted(owner, np.arange(ratees.size + 1))
    everyone = total.sum()
    for rater in np.flatnonzero((ratees > 1) & (ratees < everyone)):
        pairs = int(same[rater]) // 2
        if pairs == 0:
            found[rater] = 1.0
            continue
        cells = slice(first[rater], first[rater + 1])
        others = total.copy()
        others[kind[cells]] -= own[cells]
        found[rater] = pair_chance(int(ratees[rater]), pairs, others, everyone - ratees[rater])
    return np.minimum(found, 1.0)
