"""The smallest clustering by supervisor that the teams of a region can show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln, ndtri


def smallest_rho(size: ArrayLike, mean: float, limit: float, *, level: float = 0.95, power: float = 0.80) -> float:
    """Correlation inside teams whose lower limit lies above ``limit`` with the wanted power; NaN where none does.

    Parameters
    ----------
    size : array_like of int, shape (teams,)
    mean : float
        Share of members with the outcome, between 0 and 1.
    limit : float
        Correlation in (0, 1) that the lower profile-likelihood limit of level ``level`` must exceed.

    Notes
    -----
    The log likelihood ratio of rho to ``limit`` (mean kept) is a sum over teams: nearly normal, its expectation the
    divergence of the two beta-binomials (Self, Mauritsen & Ohara 1992) and its variance that of the teams' terms, which
    is larger than the theory of small differences has it. It must pass z²/2.

    Examples
    --------
    More teams show less:

    >>> [round(smallest_rho([8] * teams, 0.5, 0.05), 2) for teams in (20, 200, 2000)]
    [0.25, 0.11, 0.07]
    """
    n, times = np.unique(np.asarray(size, dtype=np.int64), return_counts=True)
    members = np.repeat(n, n + 1)
    yes = np.concatenate([np.arange(k + 1) for k in n])
    ways = gammaln(members + 1) - gammaln(yes + 1) - gammaln(members - yes + 1)

    def log_chance(rho: float) -> np.ndarray:
        a, b = mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho
        return np.asarray(ways + betaln(yes + a, members - yes + b) - betaln(a, b))

    at_limit = log_chance(limit)

    first = np.cumsum(n + 1) - (n + 1)

    def found(rho: float) -> bool:
        p = log_chance(rho)
        ratio, chance = p - at_limit, np.exp(p)
        mean_, square = (np.add.reduceat(chance * ratio**k, first) for k in (1, 2))
        spread = math.sqrt(max(float((times * (square - mean_**2)).sum()), 0.0))
        return float((times * mean_).sum()) - float(ndtri(0.5 + level / 2)) ** 2 / 2 >= float(ndtri(power)) * spread

    low, high = limit, 0.999
    if not found(high):
        return math.nan
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high
