"""How much copying the tests on copied ratings find, and the chance of last year's ratings dealt out again."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaln, ndtr

from kinerja_analysis.detect.identical import Null, upper_tail, vectors
from kinerja_analysis.stats.patterns import _at_least

Floats = NDArray[np.float64]
POWER = 0.80
#: Vectors that the null is estimated from; more change nothing that is printed.
MOST_VECTORS = 4000


def at_least_of(chance: Floats, alpha: float, excess: float) -> int:
    """Fewest single-value teams that flag a region: ``excess`` of the teams more than expected, tail below ``alpha``.

    >>> at_least_of(np.full(10, 0.1), 0.01, 0.2), at_least_of(np.full(100, 0.1), 0.01, 0.2)
    (5, 30)
    """
    count = math.ceil(float(chance.sum()) + excess * chance.size - 1e-9)
    while count <= chance.size and not _at_least(chance, count) < alpha:
        count += 1
    return count


def share_found(chance: Floats, count: int) -> float:
    """Share of copied teams with which ``count`` or more teams are single 80 times of 100; NaN where none does.

    A copied team is single for certain, any other with its own chance; the number of them is taken as normal.

    >>> round(share_found(np.full(100, 0.1), 30), 3)
    0.261
    """
    if count > chance.size:
        return math.nan
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        p = middle + (1 - middle) * chance
        spread = max(math.sqrt(float((p * (1 - p)).sum())), 1e-9)
        low, high = (low, middle) if ndtr((p.sum() - count + 0.5) / spread) >= POWER else (middle, high)
    return high


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
    pairs, table = vectors(known, criteria)
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
