"""How likely a team is alike throughout, when teams differ as the others do: by two estimates of how they differ.

The one leaves only the team itself out (``clustered_chance``): precise, but copied teams among the others make copying
look ordinary, and many hide each other. The other leaves out all teams that are alike (``Clustered``).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import chdtri, expit, xlogy

from kinerja_analysis.stats import beta_binomial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RHO = np.concatenate([[0.0], np.geomspace(1e-3, 0.5, 16), [0.65, 0.8, 0.95]])
LEVEL = 0.80  #: of the range of correlations over which the largest chance counts


def no_commoner(others: np.ndarray, own: int) -> dict[int, float]:
    """Return the shares of the pattern ``own`` and of all that are no commoner, given the counts in the other teams.

    One that no other team has counts as if one member more had it.

    >>> no_commoner(np.array([3, 1, 0]), 2)
    {2: 0.2}
    """
    share = others / max(others.sum(), 1)
    share[own] = share[own] or 1 / (others.sum() + 1)
    return {int(v): float(share[v]) for v in np.flatnonzero((share > 0) & (share <= share[own]))}


def own_chance(others: np.ndarray, own: int, n: int) -> float:
    """Chance that ``n`` members get one pattern, no commoner than ``own``, when drawn independently as the others.

    A rare pattern throughout is less likely than a common one: "all above expectation" is no "all as expected".

    >>> own_chance(np.array([3, 1]), 0, 2)
    0.625
    """
    return min(sum(q**n for q in no_commoner(others, own).values()), 1.0)


def clustered_chance(pattern: Ints, team: Ints, one: int) -> float:
    """As ``own_chance``, when teams differ as the other teams do.

    Teams that really differ are alike inside more often than independent draws. For every pattern no commoner than
    that of team ``one`` the beta-binomial probability of n out of n, Π (m(1−ρ) + jρ) / (1−ρ + jρ) over j = 0…n−1, is
    added up; m and ρ are estimated without team ``one``, ρ of a pattern that no other team has as the largest.

    Examples
    --------
    The others are alike by design (ρ = 1), one team in 0 and one in 1: every team must be alike.

    >>> clustered_chance(np.array([0, 0, 0, 0, 1, 1]), np.repeat(np.arange(3), 2), 0)
    1.0
    """
    others = team != one
    shares = no_commoner(np.bincount(pattern[others], minlength=int(pattern.max()) + 1), int(pattern[~others][0]))
    code = pd.factorize(team[others])[0]
    size, n = np.bincount(code), int((~others).sum())
    known = {int(v): beta_binomial(np.bincount(code, weights=pattern[others] == v), size)
             for v in np.unique(pattern[others])}  # fmt: skip
    if any(fit.reason for fit in known.values()):
        return 1.0
    widest = max(fit.rho for fit in known.values())
    laws = [(known[v].mean, known[v].rho) if v in known else (q, widest) for v, q in shares.items()]
    return float(min(sum(_full(mean, rho, n)[-1] for mean, rho in laws), 1.0))


class Clustered:
    """Chances that a team is alike throughout, when teams differ as those do that are not alike.

    Teams that really differ are alike inside more often than independent draws. The number k of the n members with
    a pattern is beta-binomial (mean m, correlation ρ) given k < n: teams that are alike, copied ones among them, say
    nothing of the others, and what their absence takes away is put back by conditioning. The chance of a pattern is
    the largest Π (m(1−ρ) + jρ) / (1−ρ + jρ), j = 0…n−1, over the ρ inside the 80 % profile-likelihood range. A pattern
    that no such team has is taken as if one member more had it, with the largest ρ.

    Parameters
    ----------
    counts : ndarray of int, shape (teams, patterns)
        Members of each team with each pattern.

    Examples
    --------
    Two of three teams are alike; one team tells nothing of how teams differ:

    >>> Clustered(np.array([[4, 0], [4, 0], [2, 2]])).chance(4, [0])
    1.0
    """

    def __init__(self, counts: Ints) -> None:
        size = counts.sum(axis=1)
        mixed = counts.max(axis=1) < size
        self._counts, self._size = counts[mixed], size[mixed]
        self._known: dict[int, list[tuple[float, float]]] = {}

    def chance(self, n: int, patterns: Iterable[int]) -> float:
        """Return the chance that ``n`` members are alike in one of the patterns; 1 where it cannot be known."""
        if len(self._size) < 2:
            return 1.0
        return min(sum(max(_full(m, rho, n)[-1] for m, rho in self._range(v)) for v in patterns), 1.0)

    def _range(self, pattern: int) -> list[tuple[float, float]]:
        """Mean and correlation of a pattern, at all correlations that the data admit."""
        if pattern not in self._known:
            k = self._counts[:, pattern]
            self._known[pattern] = _admitted(k, self._size) if k.any() else self._unseen()
        return self._known[pattern]

    def _unseen(self) -> list[tuple[float, float]]:
        seen = np.flatnonzero(self._counts.any(axis=0))
        return [(1 / (self._size.sum() + 1), max(rho for v in seen for _, rho in self._range(int(v))))]


def _admitted(k: Ints, n: Ints) -> list[tuple[float, float]]:
    """Mean and ρ wherever the profile likelihood of ρ is not below that of the range."""
    steps = np.arange(int(n.max()))
    yes, no, all_ = (v.size - np.searchsorted(np.sort(v), steps, side="right") for v in (k, n - k, n))
    sizes, times = np.unique(n, return_counts=True)

    def loglik(logit: float, rho: float) -> float:
        mean, grow = float(expit(logit)), steps * rho
        value = xlogy(yes, mean * (1 - rho) + grow).sum() + xlogy(no, (1 - mean) * (1 - rho) + grow).sum()
        full = np.minimum(_full(mean, rho, int(sizes[-1]))[sizes - 1], 1 - 1e-12)
        return float(value - xlogy(all_, 1 - rho + grow).sum() - (times * np.log1p(-full)).sum())

    best = [minimize_scalar(lambda x, r=rho: -loglik(x, r), bounds=(-15, 15), method="bounded") for rho in RHO]
    least = min(b.fun for b in best) + float(chdtri(1, 1 - LEVEL)) / 2
    return [(float(expit(b.x)), float(rho)) for b, rho in zip(best, RHO, strict=True) if b.fun <= least]


def _full(mean: float, rho: float, most: int) -> Floats:
    """Chances that 1, 2, … ``most`` members all have a pattern."""
    j = np.arange(1, most)
    return np.cumprod(np.append(mean, (mean * (1 - rho) + j * rho) / (1 - rho + j * rho)))
