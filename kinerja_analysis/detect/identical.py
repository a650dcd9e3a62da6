"""Identical vectors of one rater against honest raters of the same region, simulated.

The null: every score is a latent value cut at the region's own thresholds of its criterion; the latent value is the
rater's level, plus an effect of the pair that all its criteria share, plus a rest. The rater's level gives the
rater's own mean, so a rater at the ceiling is expected to repeat vectors; pair effect and rest are those that
reproduce the region's likeness of criteria inside pairs after cutting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.detect._grouped import Ints, grouped

Floats = NDArray[np.float64]

DRAWS, FIRST = 400, 40
EXTREME, REFITS = 1e-4, 1
#: Most score values used to find a rater's latent level.
MOST_LEVELS = 2000
SOURCES = ("supervisor", "peer", "subordinate", "other")


@dataclass(frozen=True, slots=True)
class Repeats:
    """One rater: ``largest`` of ``n`` ratees got the same vector; ``expected`` and ``most`` (95 %) under the null.

    ``p`` is 1 where the share is too small to be flagged anyway (nothing is simulated then).
    """

    rater: str
    source: str
    n: int
    n_criteria: int
    largest: int
    expected: float
    most: int
    p: float
    rows: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the rater's ratees with the most frequent vector."""
        return self.largest / self.n


def repeats(
    ratings: pd.DataFrame, generator: np.random.Generator, *, least: int, criteria: int, excess: float
) -> list[Repeats]:
    """Examine every rater with at least ``least`` ratees and ``criteria`` complete criteria, by source and period.

    Parameters
    ----------
    ratings : DataFrame
        Multi-source rows of one region (long format).
    generator : numpy Generator
    least, criteria : int
    excess : float
        Share that must be exceeded for a flag to be possible.

    Returns
    -------
    list of Repeats
        By source, period and rater; empty when nobody has enough ratees. A source that gives one score to all tells
        nothing and is left out.
    """
    found: list[Repeats] = []
    used = ["period", "rater", "ratee", "criterion", "row", "source", "score"]
    known = ratings.loc[ratings["rater"].notna() & (ratings["ratee"] != ratings["rater"]), used]
    for source in SOURCES:
        pairs, table = vectors(known[known["source"] == source], criteria)
        if len(table):
            found += _source(pairs, table, source, generator, least, excess)
    return found


def vectors(ratings: pd.DataFrame, criteria: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return who rated whom (``period rater ratee row source``) and the complete vectors, one column per criterion.

    Criteria that fewer than half of the pairs have are left out; no rows when fewer than ``criteria`` remain.
    """
    index = ["period", "rater", "ratee"]
    pair, _ = grouped(ratings, index)
    code, names = pd.factorize(ratings["criterion"], sort=True)
    order = np.lexsort((pd.factorize(ratings["row"], sort=True)[0], code, pair))
    order = order[np.r_[True, (np.diff(pair[order]) != 0) | (np.diff(code[order]) != 0)][: order.size]]
    pair, code = pair[order], code[order]
    heads = ratings[[*index, "row", "source"]].iloc[order[np.r_[True, np.diff(pair) != 0][: order.size]]]
    wide = np.full((len(heads), len(names)), np.nan)
    wide[pair, code] = ratings["score"].to_numpy()[order]
    usual = np.isfinite(wide).mean(axis=0) >= 0.5 if len(heads) else np.zeros(0, dtype=bool)
    if usual.sum() < criteria:
        return heads.iloc[:0], pd.DataFrame()
    complete = np.isfinite(wide[:, usual]).all(axis=1)
    return heads[complete].reset_index(drop=True), pd.DataFrame(wide[complete][:, usual])


def _source(
    pairs: pd.DataFrame, table: pd.DataFrame, source: str, generator: np.random.Generator, least: int, excess: float
) -> list[Repeats]:
    scores = table.to_numpy(dtype=float)
    if scores.min() == scores.max():
        return []
    owner = pairs.groupby(["period", "rater"], sort=True).ngroup().to_numpy()
    names, address = pairs["rater"].to_numpy(), pairs["row"].to_numpy()
    vector = table.groupby(list(table.columns), sort=True).ngroup().to_numpy()
    largest: dict[int, tuple[Ints, int, tuple[str, ...]]] = {}
    groups = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    for k in sorted(range(len(groups)), key=lambda k: min(address[groups[k]])):  # draws follow the rows, not the names
        own = groups[k]
        if own.size >= least:
            kinds, counts = np.unique(vector[own], return_counts=True)
            rows = tuple(str(a) for a in address[own[vector[own] == kinds[counts.argmax()]]])
            largest[k] = (own, int(counts.max()), rows)
    tested = {k: v for k, v in largest.items() if v[1] >= max(2.0, excess * v[0].size)}
    chance = _chance(scores, owner, {k: v[:2] for k, v in tested.items()}, generator)
    return [
        Repeats(str(names[own[0]]), source, own.size, scores.shape[1], most, *chance.get(k, (0.0, 0, 1.0)), rows)
        for k, (own, most, rows) in sorted(largest.items())
    ]


def _chance(
    scores: Floats, owner: Ints, tested: dict[int, tuple[Ints, int]], generator: np.random.Generator
) -> dict[int, tuple[float, int, float]]:
    """Return expected size, 95 % size and p of each rater tested (the vectors' positions, the largest group).

    The null is estimated again without the raters whose p is below ``EXTREME``, everyone tested anew, until the same
    ones are left out, at most ``REFITS`` times: raters who copy one vector would make honest ones look less alike.
    """
    keep = np.ones(owner.size, dtype=np.bool_)
    found: dict[int, tuple[Ints, float]] = {}
    for _ in range(1 + REFITS if tested else 0):
        null = Null.of(scores[keep], owner[keep], generator)
        for k, (own, largest) in tested.items():
            mean = float(scores[own].mean())
            drawn = null.largest(mean, own.size, generator, FIRST)
            if (drawn >= largest).sum() < FIRST / 10:
                drawn = np.r_[drawn, null.largest(mean, own.size, generator, DRAWS - FIRST)]
            found[k] = drawn, upper_tail(drawn, largest, own.size)
        usual = ~np.isin(owner, [k for k, (_, p) in found.items() if p < EXTREME])
        if (usual == keep).all() or usual.mean() < 0.5 or np.ptp(scores[usual]) == 0:
            break
        keep = usual
    return {k: (float(drawn.mean()), int(np.quantile(drawn, 0.95)), p) for k, (drawn, p) in found.items()}


def upper_tail(drawn: Ints, largest: int, n: int) -> float:
    """Probability of ``largest`` or more, from the draws, with a beta tail of their mean and variance beyond them.

    Examples
    --------
    >>> upper_tail(np.array([1, 2, 2, 3]), 2, 10)
    0.8
    """
    hits = int((drawn >= largest).sum())
    if hits >= 10 or drawn.size < 100:
        return (hits + 1) / (drawn.size + 1)
    from scipy.special import betainc

    share = (drawn - 1) / max(n - 1, 1)
    mean = (share.sum() + 0.5 / (n - 1)) / (share.size + 1)
    var = max(float(share.var()), mean / (n - 1) / 4)
    strength = mean * (1 - mean) / var - 1
    if strength <= 0:
        return (hits + 1) / (drawn.size + 1)
    cut = (largest - 1.5) / (n - 1)
    return float(1 - betainc(mean * strength, (1 - mean) * strength, cut))


def largest_group(key: Ints) -> Ints:
    """Return the size of the largest group of equal numbers in each row.

    >>> largest_group(np.array([[3, 1, 3, 3], [1, 2, 3, 4]])).tolist()
    [3, 1]
    """
    key = np.sort(key, axis=1)
    longest = np.ones(len(key), dtype=np.int64)
    for lag in range(1, key.shape[1]):
        again = (key[:, lag:] == key[:, :-lag]).any(axis=1)
        if not again.any():
            break
        longest[again] = lag + 1
    return longest


@dataclass(frozen=True, slots=True)
class Null:
    """Thresholds (criteria, levels − 1), score values, and standard deviations of pair effect and rest."""

    thresholds: Floats
    values: Floats
    pair: float
    rest: float

    @staticmethod
    def of(scores: Floats, rater: Ints, generator: np.random.Generator) -> Null:
        """Estimate the null from all vectors (n, criteria) of a source."""
        from scipy.special import ndtri

        values = np.unique(scores)
        below = np.stack([np.searchsorted(column, values[1:]) for column in np.sort(scores, axis=0).T]) / len(scores)
        thresholds = ndtri(np.clip(below, 1e-6, 1 - 1e-6))
        within, likeness = _components(scores, rater)
        level = float(np.sqrt(max(within, 1e-4)))
        rest = Null(thresholds, values, 0.0, level)
        share = rest._match(likeness, generator)
        return Null(thresholds, values, level * np.sqrt(share), level * np.sqrt(1 - share))

    def _cut(self, latent: Floats) -> Ints:
        """Return level codes of latent values (..., criteria)."""
        out = np.empty(latent.shape, dtype=np.int64)
        for j, limits in enumerate(self.thresholds):
            out[..., j] = np.searchsorted(limits, latent[..., j])
        return out

    def _match(self, likeness: float, generator: np.random.Generator) -> float:
        """Find the pair's share of the latent variance that shows the given likeness after cutting."""
        shape = (3000, self.thresholds.shape[0])
        common, own = generator.standard_normal((shape[0], 1)), generator.standard_normal(shape)
        low, high = 0.0, 1.0
        for _ in range(12):
            middle = (low + high) / 2
            latent = self.rest * (np.sqrt(middle) * common + np.sqrt(1 - middle) * own)
            shown = _components(self.values[self._cut(latent)], np.zeros(shape[0], dtype=np.int64))[1]
            low, high = (middle, high) if shown < likeness else (low, middle)
        return (low + high) / 2

    def level(self, mean: float) -> float:
        """Return the rater's latent level that gives a mean score."""
        from scipy.special import ndtr

        grid = np.linspace(-6, 6, 121)
        spread = max(float(np.hypot(self.pair, self.rest)), 1e-9)
        step = -(-self.values.size // MOST_LEVELS)
        values, thresholds = self.values[::step], self.thresholds[:, step - 1 :: step]
        below = ndtr((thresholds[:, :, None] - grid) / spread).mean(axis=0)
        expected = values[0] + (np.diff(values)[:, None] * (1 - below)).sum(axis=0)
        return float(np.interp(mean, expected, grid))

    def largest(self, mean: float, n: int, generator: np.random.Generator, draws: int = DRAWS) -> Ints:
        """Draw the size of the largest group of identical vectors among ``n`` ratees, ``draws`` times."""
        k = self.thresholds.shape[0]
        pair = self.pair * generator.standard_normal((draws, n, 1))
        codes = self._cut(self.level(mean) + pair + self.rest * generator.standard_normal((draws, n, k)))
        weights = generator.integers(1, 2**62, size=k, dtype=np.int64)
        return largest_group((codes * weights).sum(axis=2))


def _components(scores: Floats, rater: Ints) -> tuple[float, float]:
    """Return the share of variance inside raters, and the pair's share of that (likeness of criteria in a pair)."""
    k = scores.shape[1]
    centred = scores - scores.mean(axis=0)
    pair = centred.mean(axis=1)
    size = np.bincount(rater)
    inside = pair - (np.bincount(rater, weights=pair) / np.maximum(size, 1))[rater]
    own = centred - pair[:, None]
    free = max(len(pair) - int((size > 0).sum()), 1)
    rest = float((own**2).sum()) / max(len(pair) * (k - 1), 1)
    common = max(float((inside**2).sum()) / free - rest / k, 0.0)
    total = float((centred**2).mean())
    within = (common + rest) / total if total > 0 else 1.0
    return min(within, 1.0), common / (common + rest) if common + rest > 0 else 0.0
