"""Raters beside the other raters of the same employees: own and leave-out scores of pairs, slope of their profiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.detect._grouped import grouped
from kinerja_analysis.detect.context import Context, gathered
from kinerja_analysis.detect.copied_peers import unoriginal
from kinerja_analysis.detect.identical import Ints, vectors

Floats = NDArray[np.float64]
SAME = 1e-3


@dataclass(frozen=True, slots=True)
class Profile:
    """One rater: slope of the criterion means on those of the other raters, its SE over ``n`` ratees.

    ``spread`` is the SD of the rater's criterion means, ``others`` that of the other raters', in points on 0-100;
    ``reliability`` the share of the variance of the others' criterion means that is not sampling of ratees.
    """

    rater: str
    n: int
    slope: float
    se: float
    spread: float
    others: float
    reliability: float
    rows: tuple[str, ...]


def profiles(pairs: pd.DataFrame, x: Floats, y: Floats, *, min_ratees: int) -> tuple[list[Profile], int]:
    """Return the profile of every rater with enough ratees, by rater, and how many raters had too few.

    Parameters
    ----------
    pairs, x, y
        From ``compared``.
    min_ratees : int

    Notes
    -----
    y_k: mean of the rater's scores on criterion k over the ratees, x_k: mean over the same ratees of the mean of
    their other raters, both less their mean over criteria; slope = Σ x_k y_k / Σ x_k², standard error by leaving out
    one ratee at a time (periods of a ratee are averaged). What lies between ratees and between raters cancels.
    """
    if pairs.empty:
        return [], 0
    frame = pd.DataFrame(np.hstack([centred(x), centred(y)]), index=pairs.index)
    frame = frame.assign(rater=pairs["rater"], ratee=pairs["ratee"])
    means = frame.groupby(["rater", "ratee"], sort=True).mean()
    code, names = pd.factorize(means.index.get_level_values("rater"))
    cited = gathered(pairs["row"], pd.factorize(pairs["rater"], sort=True)[0], len(names))
    found, few = [], 0
    parts = np.split(means.to_numpy(), np.cumsum(np.bincount(code))[:-1])
    for name, both, rows in zip(names, parts, cited, strict=True):
        if len(both) < min_ratees:
            few += 1
            continue
        found.append(profile(str(name), both[:, : y.shape[1]], both[:, y.shape[1] :], tuple(rows)))
    return found, few


def compared(ratings: pd.DataFrame, criteria: int, least: int) -> tuple[pd.DataFrame, Floats, Floats]:
    """Return the pairs whose ratee has ``least`` raters or more, the mean of the other raters, and the own scores.

    Both arrays have shape (pairs, criteria), on 0-100; self ratings and unknown raters are left out. Columns of the
    pairs: ``period rater ratee row source others`` (``others``: how many other raters).
    """
    pairs, table = vectors(scaled(ratings), criteria)
    if pairs.empty:
        return pairs.assign(others=0), np.zeros((0, 0)), np.zeros((0, 0))
    y = table.to_numpy(np.float64)
    occasion, _ = grouped(pairs, ["period", "ratee"])
    k = np.bincount(occasion)[occasion]
    total = np.stack([np.bincount(occasion, column)[occasion] for column in y.T], axis=1)
    use = k >= max(least, 2)
    others = k[use] - 1
    return pairs[use].assign(others=others), (total[use] - y[use]) / others[:, None], y[use]


def compared_of(ctx: Context, criteria: int, least: int) -> tuple[pd.DataFrame, Floats, Floats]:
    """Return what ``compared`` gives for a cell without copies, once."""

    def made() -> tuple[pd.DataFrame, Floats, Floats]:
        return compared(ctx.multisource[~unoriginal(ctx, ctx.multisource)], criteria, least)

    return ctx.memo(("compared", criteria, least), made)  # type: ignore[no-any-return]


def scaled(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings of known raters about others, scores on 0-100."""
    use = (ratings["source"] != "self") & ratings["rater"].notna() & (ratings["ratee"] != ratings["rater"])
    score, low, high = (ratings.loc[use, name] for name in ("score", "scale_min", "scale_max"))
    known = ratings.loc[use, ["period", "rater", "ratee", "criterion", "row", "source"]]
    return known.assign(score=100 * (score - low) / (high - low))


def centred(values: Floats) -> Floats:
    """Return scores less their mean over criteria."""
    return np.asarray(values - values.mean(axis=1, keepdims=True))


def profile(rater: str, x: Floats, y: Floats, rows: tuple[str, ...] = ()) -> Profile:
    """Return one rater's profile from the others' (``x``) and the own (``y``) scores, shape (ratees, criteria).

    Rows are centred over criteria.

    Examples
    --------
    The others tell three criteria apart by 10 points each, the rater by 5:

    >>> x = np.tile([-10.0, 0.0, 10.0], (8, 1))
    >>> p = profile("a", x, x / 2)
    >>> p.slope, p.se, round(p.others, 3), p.reliability
    (0.5, 0.0, 10.0, 1.0)
    """
    n, criteria = x.shape
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    square = float(mean_x @ mean_x)
    spread, others = (float(np.sqrt(m @ m / (criteria - 1))) for m in (mean_y, mean_x))
    if not square > 0:
        return Profile(rater, n, 0.0, 0.0, spread, others, 0.0, rows)
    left_x, left_y = (n * mean_x - x) / (n - 1), (n * mean_y - y) / (n - 1)
    slopes = (left_x * left_y).sum(axis=1) / np.maximum((left_x**2).sum(axis=1), 1e-12)
    deviation = slopes - slopes.mean()
    se = math.sqrt((n - 1) / n * float(deviation @ deviation))
    sampling = float(x.var(axis=0, ddof=1).sum()) / n
    return Profile(rater, n, float(mean_x @ mean_y) / square, se, spread, others, max(1 - sampling / square, 0.0), rows)


@dataclass(frozen=True, slots=True)
class Raters:
    """Raters with enough ratees: own scores ``y`` and means of the other raters ``x``, both (ratees, criteria), 0-100.

    ``others``: rounded mean number of other raters of a ratee; ``source``: most frequent one.
    """

    names: list[str]
    rows: list[tuple[str, ...]]
    x: list[Floats]
    y: list[Floats]
    others: Ints
    source: NDArray[Any]


def gather(pairs: pd.DataFrame, x: Floats, y: Floats, *, min_ratees: int) -> tuple[Raters, int, int]:
    """Return the raters with enough ratees; how many had too few, and how many whose ratees are alike to the others.

    Of several periods of a pair the latest counts. Raters are in order of their scores, not of their names.
    """
    if pairs.empty:
        return Raters([], [], [], [], np.zeros(0, np.int64), np.zeros(0, object)), 0, 0
    last = ~pairs.duplicated(["rater", "ratee"], keep="last").to_numpy()  # rows are in order of periods
    pairs, x, y = pairs[last], x[last], y[last]
    code, names = pd.factorize(pairs["rater"], sort=True)
    groups = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    enough = [g for g in groups if g.size >= min_ratees]
    used = [g for g in enough if x[g].mean(axis=1).std() > SAME]
    used.sort(key=lambda g: (g.size, round(float(y[g].mean()), 6), round(float(x[g].mean()), 6)))
    address, others = (pairs[c].to_numpy() for c in ("row", "others"))
    source, sources = pd.factorize(pairs["source"], sort=True)
    return Raters(
        [str(names[code[g[0]]]) for g in used], [tuple(address[g]) for g in used], [x[g] for g in used],
        [y[g] for g in used], np.array([round(others[g].mean()) for g in used], np.int64),
        np.array([str(sources[np.bincount(source[g]).argmax()]) for g in used], dtype=object),
    ), len(groups) - len(enough), len(enough) - len(used)  # fmt: skip
