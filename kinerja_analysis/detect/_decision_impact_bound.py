"""Ordered ratings as cut normal numbers: the share of results that change when a team's effect is taken off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from kinerja_analysis.detect._achievement_beyond import within_slope
from kinerja_analysis.detect._team_share import team_share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DRAWS, TERMS, MOST = 100_000, 200, 0.99


@dataclass(frozen=True)
class Ratings:
    """Ordered ratings of employees: ``codes`` (employees, ratings), 0 up, and ``outcome``, the result by codes.

    The same latent normal number (SD 1) as usual: a rating is the number of cuts below it, and the cuts give each
    level its observed share.
    """

    codes: Ints
    outcome: Ints

    @property
    def cuts(self) -> list[Floats]:
        """Cuts of each rating, one fewer than its levels; infinite where a level is not used."""
        levels = self.outcome.shape
        shares = [np.bincount(c, minlength=k).cumsum()[:-1] / c.size for c, k in zip(self.codes.T, levels, strict=True)]
        return [ndtri(s) for s in shares]

    def latent(self, a: int, b: int, covariance: float) -> float:
        """Return the correlation of two latent numbers whose ratings ``a`` and ``b`` have this covariance."""
        return latent_correlation(covariance, self.cuts[a], self.cuts[b])


def latent_correlation(covariance: float, cuts: Floats, others: Floats) -> float:
    """Return the correlation of two standard normal numbers from the covariance of the counts of cuts below them.

    Cov = sum over k of rho^k a_k b_k, with a_k = sum over cuts c of phi(c) He_(k-1)(c) / sqrt(k!) (Mehler's formula).
    Held to +-.99.

    Cuts at 0: the covariance is arcsin(rho) / (2 pi) (Sheppard 1899), for rho = 1/2 it is 1/12.

    >>> round(latent_correlation(1 / 12, np.array([0.0]), np.array([0.0])), 4)
    0.5
    """
    terms = _hermite(cuts) * _hermite(others)
    powers = np.arange(1, TERMS + 1)

    def gap(rho: float) -> float:
        return float(terms @ rho**powers) - covariance

    if gap(MOST) <= 0 or gap(-MOST) >= 0:
        return MOST if gap(MOST) <= 0 else -MOST
    return float(brentq(gap, -MOST, MOST, xtol=1e-10))


def _hermite(cuts: Floats) -> Floats:
    c = cuts[np.isfinite(cuts)]
    before, now = np.zeros(c.size), np.exp(-(c**2) / 2) / np.sqrt(2 * np.pi)
    out = np.empty(TERMS)
    for k in range(1, TERMS + 1):
        out[k - 1] = now.sum() / np.sqrt(k)
        before, now = now, (c * now - np.sqrt(k - 1) * before) / np.sqrt(k)
    return out


def team_covariance(ratings: Ratings, team: Ints, level: float) -> tuple[Floats, Floats, Floats] | None:
    """Return the latent covariance of team effects: estimate, lower and upper limit, shape (ratings, ratings).

    Diagonal from the share of variance between teams (analysis of variance, jackknife over teams) carried to the
    latent scale; the correlation of two ratings' team effects from the variance between teams of their sum, kept at
    the limits. None where no rating varies.
    """
    codes = ratings.codes.astype(np.float64)
    if not np.ptp(codes, axis=0).any():
        return None
    limits, shared = between_teams(codes, team, level)
    estimate, lower, upper = (latent_covariance(ratings, v, limits[0], shared) for v in limits)
    return estimate, lower, upper


def between_teams(values: Floats, team: Ints, level: float) -> tuple[Floats, float]:
    """Variances between teams of each column: estimate, lower and upper limit, shape (3, columns); their covariance."""

    def variance(v: Floats) -> list[float]:
        share = team_share(v, team, level)
        return [s * float(v.var()) for s in (share.value, share.lower, share.upper)]

    varies = np.ptp(values, axis=0) > 0
    limits = np.array([variance(v) if some else [0.0] * 3 for v, some in zip(values.T, varies, strict=True)]).T
    shared = (variance(values.sum(axis=1))[0] - float(limits[0].sum())) / 2 if varies.sum() == 2 else 0.0
    return limits, shared


def latent_covariance(ratings: Ratings, variances: Floats, estimate: Floats, shared: float) -> Floats:
    """Carry variances between teams to the latent scale, with the correlation that ``estimate`` and ``shared`` give."""

    def latent(v: Floats) -> Floats:
        return np.array([max(ratings.latent(j, j, x), 0.0) if x > 0 else 0.0 for j, x in enumerate(v.tolist())])

    own = latent(variances)
    out = np.diag(own)
    if own.size == 2 and own.all():
        size = float(np.sqrt(latent(estimate).prod()))
        r = float(np.clip(ratings.latent(0, 1, shared) / size, -1, 1)) if size > 0 else 1.0
        out[0, 1] = out[1, 0] = r * np.sqrt(own.prod())
    return out


def given_achievement(
    ratings: Ratings, evidence: Floats, team: Ints, reliability: Floats, level: float
) -> list[Floats] | None:
    """Return the latent covariance of what teams' ratings lie above or below what achievement predicts.

    With slope b inside teams, the rating less (b / reliability) x achievement varies between teams by what achievement
    does not predict: error of achievement in one employee averages out as chance inside a team does.

    Parameters
    ----------
    ratings : Ratings
    evidence : array of float, shape (n,)
        Achievement of the same employees.
    team : array of int, shape (n,)
        Codes from 0, each used.
    reliability : array of float, ascending
    level : float

    Returns
    -------
    list of array or None
        At the middle reliability, the lowest and the highest estimate, and the lowest lower and highest upper limit;
        the limits hold the error of the slope too. None where achievement or a rating does not vary inside teams.

    Examples
    --------
    Two of four teams lie 1/4 below the prediction: variance 1/64, latent sin(2 pi / 64).

    >>> half = Ratings(np.tile([0, 1], 4)[:, None], np.array([0, 1]))
    >>> achieved = np.array([0, 2, 0, 2, 0.5, 2.5, 0.5, 2.5])
    >>> found = given_achievement(half, achieved, np.repeat(np.arange(4), 2), np.array([0.5, 1.0]), 0.95)
    >>> round(float(found[2][0, 0]), 3)
    0.098
    """
    codes = ratings.codes.astype(np.float64)
    varies = np.ptp(codes, axis=0) > 0
    found = [_raw_slope(c, evidence, team, level) if some else (0.0, 0.0)
             for c, some in zip(codes.T, varies, strict=True)]  # fmt: skip
    if not varies.any() or None in found:
        return None
    slope, half = np.array(found, np.float64).T
    made = []
    for rho in reliability:
        limits, shared = between_teams(codes - np.outer(evidence, slope / rho), team, level)
        less, more = (between_teams(codes - np.outer(evidence, (slope + s * half) / rho), team, level)[0][0]
                      for s in (-1, 1))  # fmt: skip
        limits[1:] = limits[0] + np.array([[-1], [1]]) * np.hypot(limits[1:] - limits[0], (more - less) / 2)
        made.append((np.maximum(limits, 0), shared))
    by = np.array([limits.sum(axis=1) for limits, _ in made])
    low, high = by.argmin(axis=0).tolist(), by.argmax(axis=0).tolist()
    chosen = [(len(made) // 2, 0), (low[0], 0), (high[0], 0), (low[1], 1), (high[2], 2)]
    return [latent_covariance(ratings, made[i][0][which], made[i][0][0], made[i][1]) for i, which in chosen]


def _raw_slope(code: Floats, evidence: Floats, team: Ints, level: float) -> tuple[float, float] | None:
    """Slope inside teams in levels per unit of achievement, and half the width of its interval."""
    slope, n = within_slope(code, evidence, team), np.bincount(team)
    if slope is None:
        return None
    own, its = (float(np.std(v - (np.bincount(team, v) / n)[team])) for v in (code, evidence))
    return own / its * slope.value, own / its * slope.se * float(stdtrit(slope.df, 0.5 + level / 2))


def changed_share(ratings: Ratings, team: Floats, rng: np.random.Generator) -> float:
    """Expected share of employees whose result changes when their team's effect is taken off.

    Parameters
    ----------
    ratings : Ratings
    team : array of float, shape (ratings, ratings)
        Latent covariance of team effects; the variance of a rating is 1, the rest is the employee's own.
    rng : Generator
        A fresh one with the same seed makes two calls comparable.

    Returns
    -------
    float
        Sum over combinations of ratings of observed share x probability of another result given it, from 100,000
        draws. A combination that no draw meets counts as changed.

    Examples
    --------
    One rating cut at 0, all of it team effect (up to .99): half of all change sign when it is taken off.

    >>> half = Ratings(np.array([[0], [1]]), np.array([0, 1]))
    >>> round(changed_share(half, np.array([[0.99]]), np.random.default_rng(1)), 1)
    0.5
    """
    if not np.diag(team).any():
        return 0.0
    whole = np.eye(len(team))
    if len(team) == 2:
        both = float(np.cov(ratings.codes.T, bias=True)[0, 1])
        whole[0, 1] = whole[1, 0] = ratings.latent(0, 1, both)
    z = rng.standard_normal((2, DRAWS, len(team)))
    effect, own = z[0] @ _root(team).T, z[1] @ _root(whole - team).T
    cells = [np.column_stack([np.searchsorted(c, x) for c, x in zip(ratings.cuts, latent.T, strict=True)])
             for latent in (effect + own, own)]  # fmt: skip
    levels = ratings.outcome.shape
    before, after, seen = (np.ravel_multi_index(tuple(c.T), levels) for c in (*cells, ratings.codes))
    result = ratings.outcome.ravel()
    moved = (result[before] != result[after]).astype(np.float64)
    drawn = np.bincount(before, minlength=result.size)
    chance = np.divide(np.bincount(before, moved, result.size), drawn, out=np.ones(result.size), where=drawn > 0)
    return float(chance[seen].mean())


def _root(matrix: Floats) -> Floats:
    """Square root of a symmetric matrix, negative eigenvalues set to 0."""
    value, vector = np.linalg.eigh(matrix)
    return np.asarray(vector * np.sqrt(np.maximum(value, 0)))
