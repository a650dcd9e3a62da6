"""Are the teams' mixes of predikat more alike than independent ratings would be? Pooled chi-square, exact null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinerja_analysis.stats._jackknife import unit_jackknife

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
DRAWS = 999


@dataclass(frozen=True, slots=True)
class Likeness:
    """Σχ² over teams relative to its expectation: ``ratio`` with its range, and what chance gives.

    ``p`` is the exact one-sided probability of a ratio this low or lower; ``chance_lower`` and ``chance_upper`` hold
    98 of 100 ratios of independent ratings, so that nothing above ``chance_lower`` could be told from chance.
    """

    ratio: float
    lower: float
    upper: float
    p: float
    chance_lower: float
    chance_upper: float


def likeness(counts: Ints, generator: np.random.Generator, level: float = 0.95) -> Likeness:
    """Compare teams with the region's mix.

    Parameters
    ----------
    counts : ndarray of int, shape (teams, predikat)
        Members by predikat; at least two teams, each with members, and two predikat that occur.
    generator : numpy Generator
        Draws the members of the teams anew from all members, the region's mix and the team sizes kept.
    level : float
        Level of the range (delete one team, t).

    Notes
    -----
    χ²_t = Σ_k (o_tk - n_t q_k)²/(n_t q_k) with the region's shares q. With the mix kept its expectation is
    (K - 1)(N - n_t)/(N - 1), so that the ratio is 1 for independent ratings whatever the sizes of teams.

    Examples
    --------
    Four teams of one A and one B each are exactly alike, two of them split are as far apart as can be.

    >>> likeness(np.array([[1, 1]] * 4), np.random.default_rng(0)).ratio
    0.0
    >>> round(likeness(np.array([[2, 0], [0, 2]] * 2), np.random.default_rng(0)).ratio, 6)
    2.333333
    """
    counts = counts[:, counts.sum(axis=0) > 0]
    counts = counts[np.lexsort(counts.T)]  # draws depend on the numbers only
    n, total = counts.sum(axis=1), counts.sum(axis=0)
    teams, kinds = counts.shape
    weight = n.sum() / (n[:, None] * total[None, :])
    own = (counts**2 * weight).sum(axis=1) - n
    expected = (kinds - 1) * (n.sum() - n) / (n.sum() - 1)
    ratio = float(own.sum() / expected.sum())
    left = (own.sum() - own) / (expected.sum() - expected)
    _, lower, upper = unit_jackknife(ratio, left, level=level)
    sorted_n = np.sort(n)
    team = np.repeat(np.arange(teams) * kinds, sorted_n)
    member = np.repeat(np.arange(kinds), total)
    weight = (n.sum() / (sorted_n[:, None] * total[None, :])).ravel()
    drawn = np.empty(DRAWS)
    for i in range(DRAWS):
        cells = np.bincount(team + generator.permutation(member), minlength=weight.size)
        drawn[i] = cells**2 @ weight
    drawn = (drawn - n.sum()) / expected.sum()
    p = (int((drawn <= ratio + 1e-9).sum()) + 1) / (DRAWS + 1)
    low, high = (float(v) for v in np.quantile(drawn, [0.01, 0.99]))
    return Likeness(max(ratio, 0.0), max(lower, 0.0), upper, p, max(low, 0.0), high)
