"""Agreement within groups on one target: the rwg family, average deviation, ICC(1) and ICC(2)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, fdtri

from kinerja_analysis.stats._arrays import codes, confidence, group_sum
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

NULLS = {
    "slight_skew": (0.05, 0.15, 0.20, 0.35, 0.25),
    "moderate_skew": (0.00, 0.10, 0.15, 0.40, 0.35),
    "heavy_skew": (0.00, 0.00, 0.10, 0.40, 0.50),
}
"""Shares of the answers 1 to 5 under random responding with leniency (James, Demaree & Wolf 1984)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinGroupAgreement:
    """Agreement inside groups; arrays by group code, (groups, items) where said so.

    `rwg` (groups, items) = 1 − s²/null variance, 0 where it would be negative (`n_negative` of them); `rwg_j` (groups)
    for the mean of the items; `r_star` the same mean without the Spearman–Brown step and with the largest possible
    variance as null (Lindell); `awg` (groups, items) takes the largest variance at the group's own mean (Brown &
    Hauenstein), NaN where the group is too small for it; `ad` (groups, items) is the mean absolute deviation from the
    mean, `ad_cut` = A/6 its usual limit. `critical` is the level-quantile of rwg_j of groups of that size that answer
    at random with the null's shares: only above it is agreement more than chance. `icc1` (mean group size),
    `icc1_n0` (unbiased group size, with limits unless no two members of a group differ) and `icc2` are of the means
    over items.
    """

    rwg: Floats
    rwg_j: Floats
    r_star: Floats
    awg: Floats
    ad: Floats
    ad_cut: float
    critical: Floats
    size: Ints
    n_negative: int
    null_variance: float
    icc1: float
    icc1_n0: float
    icc1_lower: float
    icc1_upper: float
    icc2: float
    F: float
    df: tuple[float, float]
    p: float
    n: int
    n_groups: int
    level: float
    method: str
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (group), value, se, lower, upper."""
        arrays = (block(q, getattr(self, q)) for q in ("rwg_j", "critical"))
        icc1 = block("icc1_n0", self.icc1_n0, lower=self.icc1_lower, upper=self.icc1_upper)
        return frame(*arrays, block("icc1", self.icc1), icc1, block("icc2", self.icc2), block("F", self.F))


def within_group_agreement(
    scores: ArrayLike, group: ArrayLike, null: str | float | ArrayLike = "uniform", *,
    scale: tuple[float, float] | None = None, level: float = 0.95, draws: int = 2000, seed: int = 0,
) -> WithinGroupAgreement:  # fmt: skip
    """How far the members of each group agree, against random answers of a stated shape.

    Parameters
    ----------
    scores : array_like, shape (n,) or (n, items)
        Answers, complete.
    group : array_like of int, shape (n,)
        Group codes.
    null : {"uniform", "slight_skew", "moderate_skew", "heavy_skew"}, float, or array_like
        Random answers: a shape (the skewed ones for five categories), a variance, or shares of the categories. Answers
        between the steps of the scale (means of items, say) need a variance.
        Performance ratings are lenient: a uniform null flatters them.
    scale : (lowest, highest), optional
        Ends of a scale with steps of 1. Default: the lowest and the highest answer, which is too narrow where an end
        is never used.
    level : float
        Of the limits of ICC(1) and of `critical`.
    draws, seed : int
        Simulated groups behind `critical`, for each group size.

    Returns
    -------
    WithinGroupAgreement
        `reason` is "", "empty" (no group of two), "constant" (the members' means over items are all equal: ICC NaN),
        "one_group" or "between_steps" (answers the null has no category for: rwg, rwg_j and `critical` NaN). A group of
        one has NaN throughout.

    Raises
    ------
    ValueError
        On NaN, unequal lengths, answers off the scale, an unknown or impossible null.

    References
    ----------
    James, Demaree & Wolf (1984); Lindell, Brandt & Whitney (1999); Brown & Hauenstein (2005); Burke & Dunlap (2002);
    Bliese (2000) for ICC(1) and ICC(2); Searle, Casella & McCulloch (1992) for the limits.

    Examples
    --------
    >>> fit = within_group_agreement([4, 4, 5, 1, 3, 5], [0, 0, 0, 1, 1, 1], scale=(1, 5))
    >>> fit.rwg_j.round(3).tolist(), fit.null_variance
    ([0.833, 0.0], 2.0)
    """
    confidence(level)
    x = np.asarray(scores, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[1] == 0 or not np.isfinite(x).all():
        raise ValueError("scores must be a vector or a table (n, items) without NaN or infinity")
    who = codes(group, "group", x.shape[0])
    low, high = scale if scale is not None else (float(x.min(initial=math.inf)), float(x.max(initial=-math.inf)))
    if x.size and (x.min() < low or x.max() > high):
        raise ValueError(f"scores reach from {x.min():g} to {x.max():g}, outside the scale {low:g} to {high:g}")
    size = np.bincount(who)
    if (size > 1).sum() == 0:
        return _nothing(size, x.shape[1], level)
    values, shares, variance = _null(null, low, high)
    between = shares.size > 0 and np.abs(x - low - np.rint(x - low)).max() > 1e-9
    variance = math.nan if between else variance
    mean, spread, ad = _moments(x, who, size)
    share = spread / variance if variance > 0 else np.full(spread.shape, math.nan)
    raw = 1 - share
    widest = (high - mean) * (mean - low)
    k = size[:, None].astype(float)
    least = k / (k - 1 + (k == 1))
    room = 1e-9 * (high - low)  # the borders are reached by whole answers, up to rounding
    inside = (mean * k + room >= low * (k - 1) + high) & (mean * k - room <= high * (k - 1) + low)
    awg = np.divide(2 * spread, least * widest, out=np.full(spread.shape, math.nan), where=inside & (widest > 0))
    largest = (high - low) ** 2 / 4
    return WithinGroupAgreement(
        rwg=np.where(np.isnan(raw), raw, np.maximum(raw, 0.0)), n_negative=int((raw < 0).sum()),
        rwg_j=_joined(share.mean(axis=1), x.shape[1]), awg=1 - awg, ad=ad, ad_cut=(high - low + 1) / 6,
        r_star=1 - spread.mean(axis=1) / largest if largest > 0 else np.full(size.size, math.nan),
        critical=_critical(size, x.shape[1], values, shares, variance, level, draws, seed), size=size,
        null_variance=variance, n=x.shape[0], n_groups=int((size > 0).sum()), level=level, method="rwg",
        **_intraclass(x.mean(axis=1), who, size, level, "between_steps" if between else ""),
    )  # fmt: skip


def _null(null: str | float | ArrayLike, low: float, high: float) -> tuple[Floats, Floats, float]:
    """Categories, their shares under random answers (empty for a bare variance), and the variance."""
    values = np.arange(low, high + 0.5)
    if isinstance(null, (int, float, np.number)):
        if not 0 < null <= (high - low) ** 2 / 4 + 1e-12:
            raise ValueError(f"a null variance must be positive, {(high - low) ** 2 / 4:g} at most, got {null!r}")
        return values, np.zeros(0), float(null)
    if isinstance(null, str):
        if null != "uniform" and null not in NULLS:
            raise ValueError(f"unknown null {null!r}; one of uniform, {', '.join(NULLS)}, a variance or shares")
        given = np.full(values.size, 1 / values.size) if null == "uniform" else np.array(NULLS[null])
    else:
        given = np.asarray(null, dtype=np.float64)
    sole = given.shape == values.shape and given.size > 1 and (given > 0).sum() == 1
    if given.shape != values.shape or not (given >= 0).all() or abs(given.sum() - 1) > 1e-9 or sole:
        raise ValueError(f"the null needs {values.size} shares that sum to 1, of each value of the scale, two positive")
    return values - low, given, float(given @ (values - given @ values) ** 2)


def _moments(x: Floats, who: Ints, size: Ints) -> tuple[Floats, Floats, Floats]:
    """Means, variances (n − 1; NaN for one member) and mean absolute deviations, (groups, items)."""
    found = []
    for column in x.T:
        mean = np.bincount(who, weights=column) / np.maximum(size, 1)
        away = column - mean[who]
        squares = np.bincount(who, weights=away**2) / np.where(size > 1, size - 1.0, np.nan)
        found.append((mean, squares, np.bincount(who, weights=np.abs(away)) / np.where(size > 0, size, np.nan)))
    mean, spread, ad = (np.array(part).T for part in zip(*found, strict=True))
    return mean, spread, ad


def _joined(share: Floats, items: int) -> Floats:
    """rwg of `items` items from the mean share of the null variance; 0 where it is at least 1."""
    agree = items * (1 - share)
    value = np.divide(agree, agree + share, out=np.zeros(share.size), where=share < 1)
    return np.where(np.isnan(share), math.nan, value)


def _critical(
    size: Ints, items: int, values: Floats, shares: Floats, variance: float, level: float, draws: int, seed: int
) -> Floats:
    """The level-quantile of rwg_j of groups that answer at random, by group size."""
    found = np.full(size.size, math.nan)
    if not shares.size or not variance > 0:
        return found
    for k in np.unique(size[size > 1]).tolist():
        rng = np.random.default_rng([seed, k])
        total = np.zeros(draws)
        for _ in range(items):
            count = rng.multinomial(k, shares, size=draws)
            total += (count @ values**2 - (count @ values) ** 2 / k) / (k - 1)
        found[size == k] = np.quantile(_joined(total / items / variance, items), level)
    return found


def _intraclass(y: Floats, who: Ints, size: Ints, level: float, otherwise: str) -> dict[str, Any]:
    """ICC(1), ICC(2) and the one-way F, with the limits of ICC(1) at the unbiased group size."""
    used = size > 0
    groups, n = int(used.sum()), y.size
    names = ("icc1", "icc1_n0", "icc1_lower", "icc1_upper", "icc2", "F", "p")
    if groups < 2 or not np.ptp(y):
        gone: dict[str, Any] = dict.fromkeys(names, math.nan)
        reason = "one_group" if groups < 2 else "constant"
        return {**gone, "df": (groups - 1.0, float(n - groups)), "reason": reason}
    y = y - y.mean()
    sums = group_sum(y, who, size.size)[used]
    between = float((sums**2 / size[used]).sum())
    df1, df2 = groups - 1.0, float(n - groups)
    msb, msw = between / df1, max(float(y @ y) - between, 0.0) / df2
    n0, plain = (n - float((size[used].astype(float) ** 2).sum()) / n) / df1, n / groups
    ratio, q = msb / msw if msw > 0 else math.inf, 0.5 + level / 2
    ends = [ratio / float(fdtri(df1, df2, q)), ratio * float(fdtri(df2, df1, q))]
    values = [(msb - msw) / (msb + (m - 1) * msw) for m in (plain, n0)]
    values += [(e - 1) / (e + n0 - 1) if math.isfinite(e) else math.nan for e in ends]
    values += [(msb - msw) / msb if msb > 0 else math.nan, ratio, float(fdtrc(df1, df2, ratio))]
    return {**dict(zip(names, values, strict=True)), "df": (df1, df2), "reason": otherwise}


def _nothing(size: Ints, items: int, level: float) -> WithinGroupAgreement:
    """The record without any group of two."""
    one, two = np.full(size.size, math.nan), np.full((size.size, items), math.nan)
    names = ("ad_cut", "null_variance", "icc1", "icc1_n0", "icc1_lower", "icc1_upper", "icc2", "F", "p")
    gone: dict[str, Any] = dict.fromkeys(names, math.nan)
    n, groups = int(size.sum()), int((size > 0).sum())
    return WithinGroupAgreement(
        rwg=two, rwg_j=one, r_star=one, awg=two, ad=two, critical=one, size=size, n_negative=0, **gone,
        df=(groups - 1.0, float(n - groups)), n=n, n_groups=groups, level=level, method="rwg", reason="empty",
    )  # fmt: skip
