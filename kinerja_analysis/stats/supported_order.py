"""Order inside teams that evidence supports: the minimum over several comparators, and what prepares them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinerja_analysis.stats._arrays import codes, confidence, group_sum, nested, vector
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats._record import block, frame
from kinerja_analysis.stats.inside_pairs import OrderedPairs, ordered_pairs
from kinerja_analysis.stats.reliability import _ratios, _unit_table

if TYPE_CHECKING:
    import pandas as pd

LEAST_RELIABILITY = 0.1
"""Below it the correction for unreliable evidence stops growing (a factor of about 3)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedOrder:
    """The weakest support a score's order has: `index` = minimum over comparators of `OrderedPairs.index`.

    Negative values are kept. `weakest` is its comparator (−1: none); `by` holds all, whose constant evidence counts
    as 0. `rho` is the smallest disattenuated correlation, `n_capped` how many were above 1. `replicates` and
    `rho_replicates` have one entry per unit code: without that unit, free of caps, as the interval uses them.
    """

    index: float = math.nan
    index_se: float = math.nan
    index_lower: float = math.nan
    index_upper: float = math.nan
    rho: float = math.nan
    rho_lower: float = math.nan
    rho_upper: float = math.nan
    free: float = math.nan
    weakest: int = -1
    n_capped: int = 0
    by: tuple[OrderedPairs, ...]
    replicates: Floats
    rho_replicates: Floats
    level: float
    n: int
    n_units: int
    method: str = "delete_one_unit_jackknife"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        index = {"se": self.index_se, "lower": self.index_lower, "upper": self.index_upper}
        rho = block("rho", self.rho, lower=self.rho_lower, upper=self.rho_upper)
        return frame(block("index", self.index, **index), rho)


def supported_order(
    score: ArrayLike,
    evidence: Sequence[ArrayLike],
    team: ArrayLike,
    *,
    reliability: Sequence[float],
    reliability_left: Sequence[ArrayLike | None] | None = None,
    unit: ArrayLike | None = None,
    level: float = 0.95,
) -> SupportedOrder:
    """Whether a score orders the members of a team as every comparator does.

    Parameters
    ----------
    score : array_like, shape (n,)
        The examined score.
    evidence : sequence of array_like, each of shape (n,)
        One comparator each, higher is better; NaN where a member has none.
    team, unit : array_like of int, shape (n,)
        As in `ordered_pairs`.
    reliability, reliability_left : sequences
        Per comparator, as in `ordered_pairs`; what is estimated may lie outside: below `LEAST_RELIABILITY` that value
        is used, above 1 it is 1.
    level : float
        Confidence level, t(U − 1) over the units with pairs of any comparator.

    Returns
    -------
    SupportedOrder
        `reason` is "" or "empty" (no comparator with pairs), "too_few_units" (a comparator with < 15 units: no
        index), "constant" (the weakest has no order, of score or evidence: index 0 without interval).

    Raises
    ------
    ValueError
        As `ordered_pairs`, but for reliabilities.

    Notes
    -----
    The minimum and not the mean: an inflated comparator cannot raise it. A comparator that orders nobody counts as
    0 and is never left out. A unit without pairs of a comparator leaves that comparator as it is when deleted.

    Examples
    --------
    Fifteen teams of two: one comparator agrees everywhere, the other in ten of fifteen pairs, (10 − 5)/15 = 1/3:

    >>> team, score = np.arange(30) // 2, np.tile([0.0, 1.0], 15)
    >>> other = np.where(team < 10, score, 1 - score)
    >>> found = supported_order(score, [score, other], team, reliability=[1.0, 1.0])
    >>> found.weakest, round(found.index, 2)
    (1, 33.33)
    """
    confidence(level)
    s = vector(score, "score")
    group = codes(team, "team", s.size)
    place = group if unit is None else codes(unit, "unit", s.size)
    size = int(place.max(initial=-1)) + 1
    lefts = reliability_left or [None] * len(evidence)
    found = []
    for values, rel, left in zip(evidence, reliability, lefts, strict=True):
        x = np.asarray(values, dtype=np.float64)
        known = np.isfinite(x)
        bounded = None if left is None else np.maximum(np.asarray(left, np.float64), LEAST_RELIABILITY)
        found.append(ordered_pairs(s[known], x[known], group[known], reliability=min(max(rel, LEAST_RELIABILITY), 1.0),
                                   reliability_left=bounded, unit=place[known], level=level))  # fmt: skip
    return _weakest(tuple(found), size, s.size, level)


def _weakest(by: tuple[OrderedPairs, ...], size: int, n: int, level: float) -> SupportedOrder:
    """The minimum over comparators with its interval."""
    told = [f for f in by if f.reason != "empty"]
    units = np.unique(np.concatenate([f.units for f in told])) if told else np.zeros(0, np.intp)
    gone = np.full(size, math.nan)
    tail: dict[str, Any] = {"by": by, "level": level, "n": n, "n_units": units.size}
    if not told or any(f.reason == "too_few_units" for f in told):
        reason = "too_few_units" if told else "empty"
        return SupportedOrder(**tail, replicates=gone, rho_replicates=gone, reason=reason)
    index = [math.nan if f.reason == "empty" else f.index if math.isfinite(f.index) else 0.0 for f in by]
    worst = int(np.nanargmin(index))
    tail |= {"weakest": worst, "index": index[worst], "n_capped": sum(f.capped for f in told)}
    free, replicates = _lowest(told, size, "free")
    rho, rho_replicates = _lowest(told, size, "rho")
    tail |= {"rho": rho, "free": free, "replicates": replicates, "rho_replicates": rho_replicates}
    if by[worst].reason:
        return SupportedOrder(**tail, reason="constant")
    se, lower, upper = unit_jackknife(free, replicates[units], level=level)
    _, low, high = unit_jackknife(rho, rho_replicates[units], level=level)
    return SupportedOrder(
        **tail, index_se=se, index_lower=min(max(lower, -100.0), index[worst]),
        index_upper=max(min(upper, 100.0), index[worst]), rho_lower=low, rho_upper=high,
    )  # fmt: skip


def _lowest(told: list[OrderedPairs], size: int, name: str) -> tuple[float, Floats]:
    """The minimum of a quantity over comparators, and without each unit; 0 where a comparator orders nobody."""
    values, rows = [], []
    for f in told:
        value = getattr(f, name)
        row = np.full(size, value if math.isfinite(value) else 0.0)
        if not f.reason:
            row[f.units] = getattr(f, f"{name}_replicates")
        values.append(value if math.isfinite(value) else 0.0)
        rows.append(row)
    return min(values), np.min(rows, axis=0)


def reliability_of_means(
    score: ArrayLike, ratee: ArrayLike, rater: ArrayLike, team: ArrayLike, unit: ArrayLike
) -> tuple[float, Floats]:
    """Reliability of the ratees' means inside teams, from the covariances of distinct raters, and without each unit.

    Parameters
    ----------
    score : array_like, shape (m,)
        One row per ratee and rater.
    ratee, rater, team, unit : array_like of int, shape (m,)
        Codes; each ratee in one team, each team in one unit.

    Returns
    -------
    value : float
        As `source_reliability(...).means` with teams as units; NaN where nothing varies or nobody has two raters.
    left : ndarray, shape (units,)
        The same without the ratings of each unit, by unit code.

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes, a ratee in two teams, a team in two units.

    Examples
    --------
    As in `source_reliability`, each ratee's two ratings one point apart, ratees three points apart:

    >>> score = np.tile([1.0, 2.0, 4.0, 5.0], 6)
    >>> rows = np.arange(24)
    >>> value, left = reliability_of_means(score, rows // 2, rows, rows // 4, rows // 8)
    >>> round(value, 4), left.round(4).tolist()
    (0.9444, [0.9444, 0.9444, 0.9444])
    """
    x = vector(score, "score")
    who, by, group, place = (
        codes(v, name, x.size) for v, name in ((ratee, "ratee"), (rater, "rater"), (team, "team"), (unit, "unit"))
    )
    nested(who, group, ("ratee", "team"))
    nested(group, place, ("team", "unit"))
    _, who = np.unique(who, return_inverse=True)
    teams, table = _unit_table(x, who, by, group)
    home = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.intp)
    home[group] = place
    size = int(place.max(initial=-1)) + 1
    by_unit = np.column_stack([group_sum(column, home[teams], size) for column in table.T])
    total = by_unit.sum(axis=0)
    if not total[3] > 1e-12 * total[0]:
        return math.nan, np.full(size, math.nan)
    left = _ratios(total - by_unit)[1]
    value = float(_ratios(total)[1])
    return value, np.where(np.isfinite(left), left, value)


def without_groups(
    values: ArrayLike, groups: ArrayLike, team: ArrayLike, *, given: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Values without what groups differ by inside teams (least squares, teams fixed).

    Parameters
    ----------
    values : array_like, shape (n,)
        NaN where a member has none.
    groups : array_like, shape (n, k)
        Indicators of the groups (one of each attribute left out, or not).
    team : array_like of int, shape (n,)
    given : array_like, shape (n,), optional
        Only the difference that this does not explain is taken out; NaN where a member has none.

    Returns
    -------
    freed : ndarray, shape (n,)
    effect : ndarray, shape (k,)
        What was taken out per indicator; all 0 without members who tell.

    Examples
    --------
    In both teams the second group is two points higher:

    >>> freed, effect = without_groups([1.0, 3.0, 6.0, 8.0], [[0], [1], [0], [1]], [0, 0, 1, 1])
    >>> freed.round(9).tolist(), effect.round(9).tolist()
    ([1.0, 1.0, 6.0, 6.0], [2.0])
    """
    x = np.asarray(values, dtype=np.float64)
    design = np.asarray(groups, dtype=np.float64)
    design = design.reshape(x.size, -1) if x.size else design.reshape(0, design.shape[1] if design.ndim > 1 else 0)
    columns = design if given is None else np.column_stack([design, np.asarray(given, np.float64)])
    known = np.isfinite(x) & np.isfinite(columns).all(axis=1)
    if not known.any() or not design.shape[1]:
        return x.copy(), np.zeros(design.shape[1])
    _, code, size = np.unique(codes(team, "team", x.size)[known], return_inverse=True, return_counts=True)
    table = np.column_stack([columns[known], x[known]])
    means = np.column_stack([np.bincount(code, weights=column) / size for column in table.T])
    inside = table - means[code]
    effect = np.asarray(np.linalg.lstsq(inside[:, :-1], inside[:, -1], rcond=1e-9)[0], np.float64)[: design.shape[1]]
    return np.asarray(x - design @ effect), effect
