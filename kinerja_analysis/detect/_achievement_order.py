"""Order inside teams against achievement: sums of one supervisor each, the region, and how far supervisors differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats.design import detectable

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
POOLED = 10
LEAST_FACTOR = 0.1
POWER = 0.80


@dataclass(frozen=True, slots=True)
class Sums:
    """One entry per team: members; pairs that score and evidence both separate; concordant minus discordant ones.

    ``chance`` is the variance of ``net`` when the score orders without regard to the evidence; ``own`` and ``base``
    are the parts of the pooled ratio of the actual variance to it, weighted by members (see ``factor``).
    """

    n: Floats
    pairs: Floats
    net: Floats
    chance: Floats
    own: Floats
    base: Floats

    def at(self, chosen: NDArray[np.bool_]) -> Sums:
        """Return the chosen teams."""
        return Sums(*(getattr(self, name)[chosen] for name in self.__slots__))


def pairs_inside(team: Ints) -> tuple[Ints, Ints]:
    """Return the positions of the two members of every pair of one team.

    >>> [p.tolist() for p in pairs_inside(np.array([0, 1, 0, 1]))]
    [[0, 1], [2, 3]]
    """
    order = np.argsort(team, kind="stable")
    sorted_team = team[order]
    end = np.searchsorted(sorted_team, sorted_team, side="right")
    i, lag = np.arange(team.size), 1
    first, second = [i[:0]], [i[:0]]
    while (i := i[i + lag < end[i]]).size:
        first.append(i)
        second.append(i + lag)
        lag += 1
    return order[np.concatenate(first)], order[np.concatenate(second)]


def team_sums(score: Floats, evidence: Floats, team: Ints) -> Sums:
    """Return the sums of each team.

    Parameters
    ----------
    score, evidence : ndarray of float, shape (n,)
        Higher is better in both; equal values do not separate a pair.
    team : ndarray of int, shape (n,)
        Codes 0..k-1, each used.

    Notes
    -----
    ``chance`` is Kendall's variance of S with ties in both rankings (Kendall & Gibbons 1990, chapter 4). Products of
    two pairs without a common member have mean θ² of the team whatever the spread of its members, so
    S² − pairs² x their mean product estimates the variance of S given θ without bias.

    Examples
    --------
    Scores 1 2 2 3 with evidence 10 20 30 40: five pairs are separated, all in order.

    >>> s = team_sums(np.array([1., 2, 2, 3]), np.array([10., 20, 30, 40]), np.zeros(4, int))
    >>> s.pairs.tolist(), s.net.tolist(), s.chance.round(3).tolist()
    ([5.0], [5.0], [7.667])
    """
    k = int(team.max(initial=-1)) + 1
    i, j = pairs_inside(team)
    kind = np.sign(score[i] - score[j]) * np.sign(evidence[i] - evidence[j])
    apart = (kind != 0).astype(np.float64)

    def members(values: Floats) -> Floats:
        own = np.bincount(i, values, minlength=team.size) + np.bincount(j, values, minlength=team.size)
        return np.asarray(np.bincount(team, own**2, minlength=k), np.float64)

    net, pairs = (np.bincount(team[i], v, minlength=k).astype(np.float64) for v in (kind, apart))
    products, number = net**2 - members(kind) + pairs, pairs**2 - members(apart) + pairs
    known = number > 0
    square = np.divide(pairs**2 * products, number, out=np.zeros(k), where=known)
    chance, n = _chance(score, evidence, team, k), np.bincount(team, minlength=k).astype(np.float64)
    own = np.divide(n * (net**2 - square), chance, out=np.zeros(k), where=known)
    return Sums(n, pairs, net, chance, own, np.where(known, n, 0.0))


def _chance(score: Floats, evidence: Floats, team: Ints, k: int) -> Floats:
    """Kendall's variance of S with ties, per team."""
    n = np.bincount(team, minlength=k).astype(np.float64)
    ties = []
    for values in (score, evidence):
        rank = np.unique(values, return_inverse=True)[1]
        cells, t = np.unique(team * (int(rank.max(initial=0)) + 1) + rank, return_counts=True)
        owner = cells // (int(rank.max(initial=0)) + 1)
        powers = (t * (t - 1) * (2 * t + 5), t * (t - 1) * (t - 2), t * (t - 1))
        ties.append([np.bincount(owner, p, minlength=k) for p in powers])
    (a, a3, a2), (b, b3, b2) = ties
    pairs, triples = np.maximum(n * (n - 1), 1), np.maximum(n * (n - 1) * (n - 2), 1)
    return (n * (n - 1) * (2 * n + 5) - a - b) / 18 + a3 * b3 / (9 * triples) + a2 * b2 / (2 * pairs)


def factor(teams: Sums) -> float:
    """Return the pooled ratio of the variance of S inside supervisors to its variance by chance.

    1 (too wide rather than too narrow) when fewer than ten teams tell; at least a tenth.
    """
    if (teams.base > 0).sum() < POOLED:
        return 1.0
    return max(float(teams.own.sum() / teams.base.sum()), LEAST_FACTOR)


@dataclass(frozen=True, slots=True)
class Regional:
    """Share of separated pairs in the order of the evidence, with its range; ``net`` = 2 x share - 1 and its SE."""

    share: float
    lower: float
    upper: float
    net: float
    se: float


def regional(teams: Sums, level: float) -> Regional:
    """Return the region's share, leaving out one supervisor at a time (every team with separated pairs).

    Examples
    --------
    >>> two = Sums(*(np.array(v, float) for v in ([3, 3, 3], [3, 3, 2], [3, 1, 2], [1, 1, 1], [0] * 3, [0] * 3)))
    >>> round(regional(two, 0.95).share, 3)
    0.875
    """
    total, net = teams.pairs.sum(), teams.net.sum()
    value = float(net / total)
    se, lower, upper = unit_jackknife(value, (net - teams.net) / (total - teams.pairs), level=level)
    share, low, high = (float(np.clip((1 + v) / 2, 0, 1)) for v in (value, lower, upper))
    return Regional(share, low, high, value, se)


@dataclass(frozen=True, slots=True)
class Findable:
    """What a design can find: ``share`` is the smallest order told from a coin flip with chance ``POWER``.

    ``chance``: that of a region whose supervisors all ignore the evidence to be found below ``limit``; ``factor``: how
    many times as many supervisors would raise it to ``POWER``.
    """

    share: float
    chance: float
    factor: float


def findable(teams: Sums, limit: float, reliability: float, level: float) -> Findable:
    """Return what is found in these teams, from the variance of S by chance (their ties and sizes), normal.

    A region is found below ``limit`` (a share) where the upper end of its range, freed of error in the evidence, is:
    near no order at all the net order grows by 1/sqrt(reliability), so the net order must end below
    (2·limit − 1)·sqrt(reliability).

    Examples
    --------
    A hundred teams of ten without ties, 45 pairs each and variance by chance 125 (10·9·25/18):

    >>> teams = Sums(*(np.full(100, float(v)) for v in (10, 45, 0, 125, 0, 0)))
    >>> found = findable(teams, 0.56, 0.5, 0.95)
    >>> round(found.share, 3), round(found.chance, 2), round(found.factor, 2)
    (0.535, 0.93, 0.67)
    """
    se = math.sqrt(float(teams.chance.sum())) / float(teams.pairs.sum())
    room, z = (2 * limit - 1) * math.sqrt(reliability), float(ndtri(0.5 + level / 2))
    smallest = float(detectable(np.array([se]), 0.0, 1 - level, POWER)[0])
    factor = (se * (z + float(ndtri(POWER))) / room) ** 2
    return Findable(min((1 + smallest) / 2, 1.0), float(ndtr(room / se - z)), factor)


def freed(net: float, r: float, reliability: float) -> float:
    """Return a net order as it would be with evidence measured without error.

    For bivariate normal values a net order is proportional to asin(correlation); the correlation inside teams
    ``r`` grows by 1/sqrt(reliability). At most 1 in size.

    >>> round(freed(1 / 3, 0.5, 0.5), 3)
    0.5
    """
    r = float(np.clip(r, -0.99, 0.99)) if math.isfinite(r) else 0.0
    free = float(np.clip(r / math.sqrt(reliability), -1, 1))
    grow = math.asin(free) / math.asin(r) if abs(r) > 1e-6 else 1 / math.sqrt(reliability)
    return float(np.clip(net * grow, -1, 1))


@dataclass(frozen=True, slots=True)
class TwoKinds:
    """How far supervisors differ: ``share`` of them that order without regard to the evidence, if the others follow.

    ``mean`` and ``variance`` (not cut at 0) are those of the supervisors' true net orders.
    """

    share: float
    lower: float
    upper: float
    mean: float
    variance: float


def two_kinds(teams: Sums, level: float) -> TwoKinds:
    """Return the share of supervisors without any order that gives the mean and variance of the net orders.

    With a share π at 0 and the others at δ the mean is (1 − π)δ and the variance π(1 − π)δ², so that
    π = variance/(variance + mean²). The variance is the weighted method of moments with the pooled variance inside
    supervisors (DerSimonian & Laird 1986), the range leaves out one supervisor at a time, t.
    """
    net, unit = teams.net / teams.pairs, teams.chance / teams.pairs**2
    inside = factor(teams) * unit
    pooled = (teams.base > 0).sum() >= POOLED
    weight = 1 / inside
    _, start = _moments(weight, net, unit, teams, pooled, leave=False)
    weight = 1 / (inside + max(float(start[0]), 0.0))
    mean, variance = (float(v[0]) for v in _moments(weight, net, unit, teams, pooled, leave=False))
    means, variances = _moments(weight, net, unit, teams, pooled, leave=True)
    share = variance / (variance + mean**2)
    replicates = variances / (variances + means**2)
    spread = replicates - replicates.mean()
    k = net.size
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * math.sqrt((k - 1) / k * float(spread @ spread))
    value, lower, upper = (float(np.clip(v, 0, 1)) for v in (share, share - half, share + half))
    return TwoKinds(value, lower, upper, mean, variance)


def _moments(
    w: Floats, net: Floats, unit: Floats, teams: Sums, pooled: bool, *, leave: bool
) -> tuple[Floats, Floats]:
    """Mean and between variance with fixed weights, of all teams or without each one of them."""
    columns = np.stack([w, w * net, w * net**2, w**2, w * unit, w**2 * unit, teams.own, teams.base])
    total = columns.sum(axis=1, keepdims=True)
    a, b, c, d, e, f, own, base = total - columns if leave else total
    ratio = np.maximum(own / base, LEAST_FACTOR) if pooled else np.ones_like(a)
    mean = b / a
    return mean, (c - b * mean - ratio * (e - f / a)) / (a - d / a)


def below(teams: Sums, region: Regional, ratio: float) -> tuple[Floats, Floats, Floats]:
    """Return each team's net order, its standard error by chance, and the p-value against part of the region's.

    One-sided, normal: is the team's true net order at least ``ratio`` x the region's? The variance is the one by
    chance, which holds near that limit; the smaller pooled one belongs to teams that follow as the region does and
    would flag small teams too often.
    """
    net, se = teams.net / teams.pairs, np.sqrt(teams.chance) / teams.pairs
    return net, se, ndtr((net - ratio * region.net) / np.hypot(se, ratio * region.se))
