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
    Self, Mauritsen & Ohara (1992): the signed root of the likelihood ratio is normal about the root of twice its
    expectation, Σ over teams of the divergence of the beta-binomial with rho from that with ``limit`` (mean kept).

    Examples
    --------
    More teams show less:

    >>> [round(smallest_rho([8] * teams, 0.5, 0.05), 2) for teams in (20, 200, 2000)]
    [0.23, 0.1, 0.07]
    """
    n, times = np.unique(np.asarray(size, dtype=np.int64), return_counts=True)
    members, weight = np.repeat(n, n + 1), np.repeat(times, n + 1)
    yes = np.concatenate([np.arange(k + 1) for k in n])
    ways = gammaln(members + 1) - gammaln(yes + 1) - gammaln(members - yes + 1)

    def log_chance(rho: float) -> np.ndarray:
        a, b = mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho
        return np.asarray(ways + betaln(yes + a, members - yes + b) - betaln(a, b))

    at_limit = log_chance(limit)

    def shift(rho: float) -> float:
        p = log_chance(rho)
        return math.sqrt(max(2 * float((weight * np.exp(p) * (p - at_limit)).sum()), 0.0))

    wanted = float(ndtri(0.5 + level / 2) + ndtri(power))
    low, high = limit, 0.999
    if shift(high) < wanted:
        return math.nan
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if shift(middle) < wanted else (low, middle)
    return high
