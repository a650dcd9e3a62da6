"""How much copying the tests on copied ratings find, and the chance of last year's ratings dealt out again."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaln, ndtr, ndtri

from kinerja_analysis.detect.context import placed
from kinerja_analysis.detect.identical import Null, upper_tail, vectors

Floats = NDArray[np.float64]
POWER = 0.80
#: Vectors that the null is estimated from; more change nothing that is printed.
MOST_VECTORS = 4000


def share_found(pattern: NDArray[np.int64], team: NDArray[np.int64], alpha: float, excess: float) -> float:
    """Share of teams, all members given the most frequent pattern, that flags a region 80 times of 100; NaN if none.

    Copying moves the region's mix and so what chance gives: it is computed anew for shares of 0, .01 … 1. The number
    of single teams is taken as normal; whole teams must exceed the expected number by ``excess`` of all teams and by
    what has a tail of ``alpha``.

    >>> round(share_found(np.tile([0, 1], 240), np.repeat(np.arange(60), 8), 0.01, 0.2), 2)
    0.27
    """
    q = np.bincount(pattern) / pattern.size
    c = np.linspace(0, 1, 101)[:, None]
    mix = (1 - c) * q + c * (np.arange(q.size) == q.argmax())
    sizes, times = np.unique(np.bincount(team), return_counts=True)
    chance = (mix[None] ** sizes[:, None, None]).sum(axis=2).T  # share x size
    now = c + (1 - c) * chance[0]
    (expected, spread), (mean, sd) = (
        (p @ times, np.sqrt(np.maximum((p * (1 - p)) @ times, 1e-9))) for p in (chance, now)
    )
    teams = times.sum()
    count = np.ceil(np.maximum(expected + excess * teams - 1e-9, expected - ndtri(alpha) * spread + 0.5))
    found = (ndtr((mean - count + 0.5) / sd) >= POWER) & (count <= teams)
    return float(c[found, 0][0]) if found.any() else math.nan


def size_found(
    ratings: pd.DataFrame, n: int, generator: np.random.Generator, *, criteria: int, excess: float, alpha: float
) -> float:
    """Share of ``n`` ratees given one copied vector that flags a rater 80 times of 100; NaN where none does.

    ``alpha`` is the first threshold of the family. The rater is an ordinary one of the ratings' source; how many
    of the ratees get the copied vector is binomial, and chance repetitions of others add nothing.
    """
    known = ratings[ratings["rater"].notna() & (ratings["ratee"] != ratings["rater"])]
    if known["rater"].nunique() * n > MOST_VECTORS:  # whole raters, by the order of their rows: names do not matter
        first = known.groupby("rater")["row"].min().sort_values(kind="stable").index
        known = known[known["rater"].isin(first[:: -(-len(first) * n // MOST_VECTORS)])]
    lowest = known.groupby(placed(known))["score"].transform("min")  # a unit's level tells nothing
    pairs, table = vectors(known.assign(score=(known["score"] - lowest).round(6)), criteria)
    scores = table.to_numpy(np.float64)
    if not scores.size or np.ptp(scores) == 0:
        return math.nan
    order = np.lexsort(scores.T)
    null = Null.of(scores[order], pd.factorize(pairs["rater"])[0][order], generator)
    drawn = null.largest(float(scores.mean()), n, generator)
    count = math.ceil(excess * n + float(drawn.mean()) - 1e-9)
    while count <= n and not upper_tail(drawn, count, n) <= alpha:
        count += 1
    return float(betaincinv(count, n - count + 1, POWER)) if count <= n else math.nan


def dealt_again(now: NDArray[np.int64], last: NDArray[np.int64]) -> float:
    """Chance that this year's ratings of a team, dealt to its members at random, are everybody's of last year.

    Π over ratings of (members with it)! / n! where both years hold the same ratings, else 0.

    >>> round(dealt_again(np.array([4, 4, 8]), np.array([4, 8, 4])), 6), dealt_again(np.array([4, 4]), np.array([4, 8]))
    (0.333333, 0.0)
    """
    if not np.array_equal(np.sort(now), np.sort(last)):
        return 0.0
    counts = np.unique(now, return_counts=True)[1]
    return float(np.exp(gammaln(counts + 1).sum() - gammaln(now.size + 1)))
