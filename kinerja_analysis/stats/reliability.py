"""Reliability of one source of ratings and agreement between two sources, inside units.

Everything is taken within units: what the members of a unit share is neither ratee nor error here.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from kinerja_analysis.stats._arrays import codes, confidence, group_sum, least_variance, nested, vector
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

MIN_UNITS = 5
"""Fewest units for a jackknife interval here; below 30 call it approximate."""

_NOTHING = 1e-12  # what is this near to 1 is 1, but for rounding

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReliability:
    """Reliability inside units: `single` of one rating, `means` of the ratee means of this very design.

    `of_mean(k)` is that of the mean of k ratings by different raters. `var_ratee` and `var_rating` are the
    variance of ratees within units and the total within-unit variance of one rating; a negative `single` is
    kept as it is. `units` and `replicates` (of `single`), `replicates_means` serve a joint jackknife.
    """

    single: float = math.nan
    single_se: float = math.nan
    single_lower: float = math.nan
    single_upper: float = math.nan
    means: float = math.nan
    means_se: float = math.nan
    means_lower: float = math.nan
    means_upper: float = math.nan
    var_ratee: float = math.nan
    var_rating: float = math.nan
    raters_per_ratee: float
    level: float
    n: int
    n_ratees: int
    n_units: int
    units: Ints
    replicates: Floats
    replicates_means: Floats
    method: str = "symmetric_sums"
    reason: str = ""

    def of_mean(self, k: float) -> float:
        """Spearman–Brown reliability of the mean of k ratings; NaN where it is not defined."""
        below = 1 + (k - 1) * self.single
        return k * self.single / below if below > 0 else math.nan

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(
            block("single", self.single, se=self.single_se, lower=self.single_lower, upper=self.single_upper),
            block("means", self.means, se=self.means_se, lower=self.means_lower, upper=self.means_upper),
            *(block(q, getattr(self, q)) for q in ("var_ratee", "var_rating", "raters_per_ratee")),
        )


def source_reliability(
    score: ArrayLike, ratee: ArrayLike, rater: ArrayLike, unit: ArrayLike, *, level: float = 0.95
) -> SourceReliability:
    """Reliability of one source of ratings (e.g. peers), from distinct raters of the same ratee.

    Parameters
    ----------
    score : array_like, shape (n,)
        One row per ratee and rater (the mean over criteria, say).
    ratee, rater, unit : array_like of int, shape (n,)
        Codes; each ratee in one unit. Raters may rate several ratees.
    level : float
        Confidence level, delete-one-unit jackknife with t(U − 1).

    Returns
    -------
    SourceReliability
        `reason` is "", "empty" (no unit with two ratees by different raters and a ratee with two raters),
        "constant" (no variance within units: reliability NaN), "too_few_units" (< 5), "no_spread" (two ratings of a
        ratee never differ: 1) or "one_unit" (without one nothing varies): no interval. Of means that are all alike
        the reliability is NaN.

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes, a ratee in two units, two rows of one ratee and rater.

    Notes
    -----
    Half squared differences of two ratings in one unit: same ratee, different raters, average the error
    variance; different ratees and raters, the total. Their difference is the covariance of distinct raters.
    Sharing a rater biases neither (symmetric sums, Koch 1967). Units weigh by ratees − 1. Where nearly
    all scores are the same the limits are too narrow, mostly at the upper end.

    Examples
    --------
    >>> score = np.tile([1.0, 2.0, 4.0, 5.0], 6)
    >>> fit = source_reliability(score, np.arange(24) // 2, np.arange(24), np.arange(24) // 4)
    >>> round(fit.single, 4), round(fit.of_mean(2), 4)
    (0.8947, 0.9444)
    """
    confidence(level)
    x = vector(score, "score")
    who = codes(ratee, "ratee", x.size)
    by = codes(rater, "rater", x.size)
    place = codes(unit, "unit", x.size)
    nested(who, place, ("ratee", "unit"))
    if np.unique(np.column_stack((who, by)), axis=0).shape[0] < x.size:
        raise ValueError("a ratee has two rows by one rater; average them first")
    _, who = np.unique(who, return_inverse=True)
    units, table = _unit_table(x, who, by, place)
    ratings = np.bincount(who)
    several = float(1 / np.mean(1 / ratings)) if x.size else math.nan
    return _from_table(table, units, several, level, x.size, ratings.size, least_variance(x))


def _unit_table(x: Floats, ratee: Ints, rater: Ints, unit: Ints) -> tuple[Ints, Floats]:
    """Units that tell, and weight, weight × (error variance, total variance, variance of means) of each."""
    size = int(unit.max(initial=-1)) + 1
    x = x - (np.bincount(unit, weights=x, minlength=size) / np.maximum(np.bincount(unit), 1))[unit]
    n_raters = int(rater.max(initial=-1)) + 1
    alike, alike_sum = _spread(x, ratee, unit, size)
    shared, shared_sum = _spread(x, unit * n_raters + rater, unit, size)
    every, every_sum = _spread(x, unit, unit, size)
    other, other_sum = every - alike - shared, every_sum - alike_sum - shared_sum
    home = np.zeros(int(ratee.max(initial=-1)) + 1, dtype=np.intp)
    home[ratee] = unit
    means = np.bincount(ratee, weights=x) / np.bincount(ratee)
    between, between_sum = _spread(means, home, home, size)
    units = np.flatnonzero((alike > 0) & (other > 0))
    weight = np.bincount(home, minlength=size)[units] - 1.0
    parts = ((alike, alike_sum), (other, other_sum), (between, between_sum))
    columns = [weight * total[units] / (2 * pairs[units]) for pairs, total in parts]
    return units, np.column_stack([weight, *columns])


def _spread(x: Floats, cell: Ints, unit: Ints, n_units: int) -> tuple[Floats, Floats]:
    """Pairs inside cells and their summed squared differences, added up by unit."""
    _, first, inverse = np.unique(cell, return_index=True, return_inverse=True)
    m = np.bincount(inverse)
    total = m * np.bincount(inverse, weights=x * x) - np.bincount(inverse, weights=x) ** 2
    where = unit[first]
    return group_sum(m * (m - 1) / 2.0, where, n_units), group_sum(total, where, n_units)


def _ratios(sums: Floats) -> tuple[Floats, Floats]:
    """Reliability of one rating and of the ratee means from summed rows of the unit table."""
    ratee = sums[..., 2] - sums[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratee / sums[..., 2], ratee / sums[..., 3]


def _from_table(
    table: Floats, units: Ints, several: float, level: float, n: int, n_ratees: int, floor: float
) -> SourceReliability:
    """The record from the table of units."""
    total = table.sum(axis=0)
    counts: dict[str, Any] = {
        "level": level,
        "n": n,
        "n_ratees": n_ratees,
        "raters_per_ratee": several,
        "n_units": units.size,
        "units": units,
    }
    if units.size == 0 or total[2] <= floor * total[0]:
        gone = np.full(units.size, math.nan)
        variance = 0.0 if units.size else math.nan
        return SourceReliability(
            **counts, var_ratee=variance, var_rating=variance, replicates=gone, replicates_means=gone,
            reason="constant" if units.size else "empty",
        )  # fmt: skip
    (single, means), (left, left_means) = _ratios(total), _ratios(total - table)
    if total[3] <= floor * total[0]:  # all means alike: they hold no order
        means, left_means = means * math.nan, left_means * math.nan
    numbers: dict[str, Any] = {"single": float(single), "means": float(means)}
    variances = (total[1:3] / total[0]).tolist()
    numbers |= {"var_ratee": variances[1] - variances[0], "var_rating": variances[1]}
    reason = _without_interval(units.size, bool(single >= 1 - _NOTHING), left)
    for name, replicates in (("single", left), ("means", left_means)):
        ends = [math.nan] * 3 if reason else unit_jackknife(numbers[name], replicates, level=level)
        numbers |= {f"{name}_{q}": v for q, v in zip(("se", "lower", "upper"), ends, strict=True)}
    return SourceReliability(**numbers, **counts, replicates=left, replicates_means=left_means, reason=reason)


def _without_interval(n_units: int, exact: bool, replicates: Floats) -> str:
    """Why an estimate gets no interval, or nothing."""
    if n_units < MIN_UNITS:
        return "too_few_units"
    if exact:
        return "no_spread"
    return "" if np.isfinite(replicates).all() else "one_unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCorrelation:
    """Correlation of two sources within units; interval by Fisher's z and the unit jackknife."""

    r: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    z: float = math.nan
    z_se: float = math.nan
    p: float = math.nan
    level: float
    n: int
    n_units: int
    units: Ints
    replicates: Floats
    method: str = "fisher_z_unit_jackknife"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(block("r", self.r, lower=self.lower, upper=self.upper), block("z", self.z, se=self.z_se))


def source_correlation(
    x: ArrayLike, y: ArrayLike, unit: ArrayLike, *, level: float = 0.95
) -> SourceCorrelation:
    """Correlation of two sources over the ratees of the same unit.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Each ratee's mean from the one and from the other source.
    unit : array_like of int, shape (n,)
        Unit codes; means of the unit are taken out.
    level : float
        Confidence level; t with (units − 1) degrees of freedom on the scale of Fisher's z.

    Returns
    -------
    SourceCorrelation
        `reason` is "", "empty" (no unit with two ratees), "constant" (one of them does not vary within
        units: r NaN), "too_few_units" (< 5), "no_spread" (r = ±1, with all units or without one) or "one_unit"
        (without one unit nothing varies): no interval. `z`, `z_se`, `p`: test of r = 0.

    Raises
    ------
    ValueError
        On NaN, unequal lengths or negative codes.

    Examples
    --------
    >>> fit = source_correlation([1, 2, 3, 11, 12, 13], [1, 3, 2, 5, 7, 6], [0, 0, 0, 1, 1, 1])
    >>> round(fit.r, 6), fit.reason
    (0.5, 'too_few_units')
    """
    confidence(level)
    a = vector(x, "x")
    b = vector(y, "y", a.size)
    place = codes(unit, "unit", a.size)
    count = np.maximum(np.bincount(place), 1)
    floor = a.size * np.array([least_variance(a), least_variance(b)])
    a, b = (v - (np.bincount(place, weights=v) / count)[place] for v in (a, b))
    table = np.column_stack([np.bincount(place, weights=v) for v in (a * b, a * a, b * b)])
    units = np.flatnonzero(np.bincount(place) > 1)
    table, total = table[units], table[units].sum(axis=0)
    tail: dict[str, Any] = {"level": level, "n": a.size, "n_units": units.size, "units": units}
    spread = math.sqrt(total[1] * total[2])
    if units.size == 0 or (total[1:] <= floor).any():
        reason = "constant" if units.size else "empty"
        left = np.full(units.size, math.nan)
        return SourceCorrelation(**tail, replicates=left, reason=reason)
    r = float(np.clip(total[0] / spread, -1, 1))
    rest = total - table
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.clip(rest[:, 0] / np.sqrt(rest[:, 1] * rest[:, 2]), -1, 1)
        z, z_left = (float(np.arctanh(r)), np.arctanh(left)) if abs(r) < 1 else (math.inf * r, left)
    reason = _without_interval(units.size, bool((np.abs(np.r_[r, left]) >= 1 - _NOTHING).any()), left)
    se, lower, upper = [math.nan] * 3 if reason else unit_jackknife(z, z_left, level=level)
    p = float(2 * stdtr(units.size - 1, -abs(z) / se)) if se > 0 else math.nan
    return SourceCorrelation(
        r=r, lower=math.tanh(lower), upper=math.tanh(upper), z=z, z_se=se, p=p, **tail, replicates=left,
        reason=reason,
    )  # fmt: skip
