"""Simulated ratings inside supervisors, for `inside_supervisors.py`. Latent scale: SD of true scores in a team."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

TOP, GUIDE = (0.887,), (0.17, 0.82)
QUALITY, SEVERITY = 0.5, 0.35
SIZE = 8


def normal(rng, *shape):
    return rng.normal(size=shape)


def ratings(rng, supervisors, own, cuts, *, periods=1, persistent=0.0, logistic=False, gap=0.0):
    """Ordered ratings, terms (group, own group), stratum and supervisor; `cuts` are shares below."""
    boss = np.repeat(np.arange(supervisors), SIZE)
    group, led = rng.random(boss.size) < 0.45, rng.random(supervisors) < 0.4
    x = np.column_stack([group, group == led[boss]]).astype(float)
    steady = persistent * normal(rng, boss.size) + (QUALITY * normal(rng, supervisors))[boss]
    rows = []
    for _ in range(periods):
        noise = rng.logistic(size=boss.size) if logistic else normal(rng, boss.size)
        severity = (SEVERITY * normal(rng, supervisors))[boss] if periods == 1 else 0.0
        rows.append(steady + severity + noise + x @ np.array([gap, own]))
    latent = np.concatenate(rows)
    y = np.digitize(latent, limits_of(cuts, own, gap, persistent, logistic))
    stratum = np.concatenate([boss + supervisors * t for t in range(periods)])
    return y, np.tile(x, (periods, 1)), stratum, np.tile(boss, periods)


@cache
def limits_of(cuts, *design):
    """Population limits of a design: the quantiles of one large sample."""
    own, gap, persistent, logistic = design
    rng, n = np.random.default_rng(0), 2_000_000
    noise = rng.logistic(size=n) if logistic else normal(rng, n)
    shared = np.sqrt(QUALITY**2 + SEVERITY**2 * (persistent == 0) + persistent**2) * normal(rng, n)
    group, led = rng.random(n) < 0.45, rng.random(n) < 0.4
    return tuple(np.quantile(noise + shared + own * (group == led) + gap * group, cuts))


def first_informative(y, x, stratum, keep):
    """The first strata in which the outcome and every term vary."""
    table = np.column_stack([y, x]).reshape(-1, SIZE, 3)
    use = np.flatnonzero(((table.max(axis=1) - table.min(axis=1)) > 0).all(axis=1))[:keep]
    rows = np.isin(stratum, use)
    return y[rows], x[rows], stratum[rows]


def sources(rng, units, rho, reliability=0.6, between=QUALITY):
    """A score that correlates `rho` with merit inside teams, evidence of that reliability, merit, team."""
    team = np.repeat(np.arange(units), SIZE)
    merit = normal(rng, team.size)
    level = between * normal(rng, units)[team]
    score = rho * merit + np.sqrt(1 - rho**2) * normal(rng, team.size) + level
    evidence = merit + np.sqrt(1 / reliability - 1) * normal(rng, team.size) + level
    return score, evidence, merit, team


def predikat(score):
    """The national mix: 11.3 % top, 88.5 %, 0.2 %; quality SD .3 between teams (with SD 1 inside: rho .032)."""
    return np.digitize(score, ndtri([0.002, 0.887]) * np.sqrt(1.09)).astype(float)


def peers(rng, units, raters=3):
    """Peers of the same unit rate each other: rows, merit; rater SD .35, pair SD .8."""
    by = np.argsort(rng.random((units, SIZE, SIZE)) + 9 * np.eye(SIZE), axis=2)[:, :, :raters]
    merit, severity = normal(rng, units, SIZE), SEVERITY * normal(rng, units, SIZE)
    score = merit[:, :, None] + 0.8 * normal(rng, *by.shape) + QUALITY * normal(rng, units, 1, 1)
    score = score + severity[np.arange(units)[:, None, None], by]
    unit = np.broadcast_to(np.arange(units)[:, None, None], by.shape)
    ratee = np.broadcast_to(np.arange(units * SIZE).reshape(units, SIZE, 1), by.shape)
    return [a.ravel() for a in (score, ratee, unit * SIZE + by, unit)], merit.ravel()


def rotation(rng, teams, sd, *, top=None, sizes=None, pair=0.0, swap=False):
    """Three years of stable teams, 15 % a year get another supervisor; rows employee x year after the first.

    Inside teams SD 1: lasting merit .78, one year .625; quality .3 between teams. `pair`: SD of what a supervisor sees
    in one employee. `swap`: supervisors exchange in pairs, else they are new.
    """
    n = np.full(teams, SIZE) if sizes is None else rng.integers(*sizes, teams)
    team = np.repeat(np.arange(teams), n)
    merit = 0.78 * normal(rng, team.size) + (0.3 * normal(rng, teams))[team]
    own, lenient = pair * normal(rng, team.size), sd * normal(rng, 3 * teams)
    boss, past, rows = np.arange(teams), None, []
    for year in range(3):
        old = boss
        if year:
            new = np.flatnonzero(rng.random(teams) < 0.15)
            new = new[: len(new) // 2 * 2] if swap else new
            boss = boss.copy()
            boss[new] = old[np.roll(new, len(new) // 2)] if swap else teams * year + new
            own = np.where(np.isin(team, new), pair * normal(rng, team.size), own)
        score = merit + 0.625 * normal(rng, team.size) + lenient[boss[team]] + own
        score = (score > top).astype(float) if top is not None else score
        if year:
            rows.append((score - past, np.arange(team.size), team, old[team], boss[team], np.full(team.size, year)))
        past = score
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def counts(rng, teams, rho, mean=0.113):
    """Top ratings per team of 8, beta-binomial."""
    chance = rng.beta(mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1), teams) if rho else np.full(teams, mean)
    return rng.binomial(SIZE, chance), np.full(teams, SIZE)


def latent_counts(rng, teams, quality, leniency):
    """Top ratings per team of 8 from a normal latent score; employee SD 1."""
    shared = quality * normal(rng, teams) + leniency * normal(rng, teams)
    limit = ndtri(0.887) * np.sqrt(1 + quality**2 + leniency**2)
    return (shared[:, None] + normal(rng, teams, SIZE) > limit).sum(axis=1), np.full(teams, SIZE)


def explained(cuts, total, leniency):
    """Variance of the mean rating over leniency, by quadrature; `cuts` on the latent scale, `total` its variance."""
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    rest = np.sqrt(total - leniency**2)
    mean = ndtr((leniency * node[:, None] - cuts) / rest).sum(axis=1)
    weight = weight / weight.sum()
    return float(weight @ mean**2 - (weight @ mean) ** 2)
