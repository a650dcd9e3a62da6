"""Intraclass correlations: the six forms of Shrout & Fleiss, of complete tables and of tables with gaps."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, fdtri

from kinerja_analysis.stats._arrays import confidence
from kinerja_analysis.stats._record import block, frame
from kinerja_analysis.stats.generalizability import d_study, g_study

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


@dataclass(frozen=True, slots=True)
class IntraclassCorrelations:
    """The six forms of Shrout & Fleiss (1979), in the order of `FORMS`; F tests equal targets.

    `k` is the number of ratings behind the forms 1,k, 2,k and 3,k: the harmonic mean over targets.
    """

    form: tuple[str, ...]
    value: Floats
    F: Floats
    df1: Floats
    df2: Floats
    p: Floats
    lower: Floats
    upper: Floats
    level: float
    n: int
    n_raters: int
    k: float
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (form), value, se, lower, upper."""
        return frame(block("icc", self.value, level=self.form, lower=self.lower, upper=self.upper))


def icc(
    table: ArrayLike, *, method: str = "reml", level: float = 0.95, replicates: int = 4000, seed: int = 0
) -> IntraclassCorrelations:
    """Intraclass correlations of a targets × raters table.

    Parameters
    ----------
    table : array_like, shape (n, k)
        Ratings, NaN = not rated; n ≥ 2 targets, k ≥ 2 raters. Targets and raters without any rating do not count.
    method : {"reml", "anova"}
        For tables with gaps: restricted maximum likelihood, or Henderson's method I, which keeps negative variances.
        Complete tables always go by their mean squares.
    level : float
        Confidence level.
    replicates, seed : int
        Of the simulation behind the limits of a table with gaps.

    Returns
    -------
    IntraclassCorrelations
        Complete tables: mean squares and their exact or Satterthwaite limits (`method` "anova"); form 2,k has no lower
        limit (−∞) where that of 2,1 lies at −1/(k − 1) or below. Tables with gaps: variance components, single ratings
        and means of `k` (`method` "components_reml" or "components_anova"); limits by generalized pivots as in
        `g_study`, not above 0 where the value is below. `reason` is "", "constant" (the targets' means are all equal;
        numbers NaN), "no_spread" (complete tables: no error is seen; a form of value 1 has no limits),
        "negative_variance" (components below 0; a form whose error or whole variance is, is NaN) or
        "not_identified" (the gaps leave too little: e.g. no target with two ratings; or "reml" finds no error), or
        "unlinked" (parts share no rater or target: forms 2 and 3 take raters of all parts as one population).

    Raises
    ------
    ValueError
        On infinity, fewer than two rows or columns, or an unknown method.

    References
    ----------
    Shrout & Fleiss (1979); McGraw & Wong (1996, with their correction) for the interval of forms 2; Searle, Casella &
    McCulloch (1992), section 5.3, for gaps.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc(table).value.round(5).tolist()
    [0.16574, 0.28976, 0.71484, 0.4428, 0.62005, 0.90932]
    """
    confidence(level)
    x = np.asarray(table, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"table must have at least two targets and two raters, got shape {x.shape}")
    if np.isinf(x).any():
        raise ValueError("table holds infinity")
    if method not in ("anova", "reml"):
        raise ValueError('method must be "anova" or "reml"')
    rated = ~np.isnan(x)
    x = x[np.ix_(rated.any(axis=1), rated.any(axis=0))]
    if np.isnan(x).any() or min(x.shape) < 2:
        return _with_gaps(x, method, level, replicates, seed)
    n, k = x.shape
    msb, msw, msj, mse = _mean_squares(x)
    df1 = np.full(6, n - 1.0)
    df2 = np.array([n * (k - 1.0), (n - 1.0) * (k - 1), (n - 1.0) * (k - 1)] * 2)
    design = (level, n, k, float(k), "anova")
    if msb == 0:
        gone = np.full(6, math.nan)
        return IntraclassCorrelations(FORMS, gone, gone, df1, df2, gone, gone, gone, *design, "constant")
    absolute = (msb - mse) / (msb + (k - 1) * mse + k * (msj - mse) / n)
    single = [(msb - msw) / (msb + (k - 1) * msw), absolute, (msb - mse) / (msb + (k - 1) * mse)]
    below = msb + (msj - mse) / n
    mean = [(msb - msw) / msb, (msb - mse) / below if below > 0 else math.nan, (msb - mse) / msb]
    ratio = np.array([msb / m if m > 0 else math.inf for m in (msw, mse, mse)] * 2)
    ends = np.array([
        _limits(ratio[0], n - 1, df2[0], k, level),
        _limits_absolute(msb, msj, mse, n, k, level) if absolute < 1 else (math.nan, math.nan),
        _limits(ratio[2], n - 1, df2[2], k, level),
    ])  # fmt: skip
    with np.errstate(divide="ignore"):
        means = np.where(1 + (k - 1) * ends <= 0, -math.inf, k * ends / (1 + (k - 1) * ends))
    lower, upper = np.concatenate([ends, means]).T
    return IntraclassCorrelations(
        FORMS, np.array(single + mean), ratio, df1, df2, fdtrc(df1, df2, ratio), lower, upper, *design,
        "no_spread" if mse == 0 else "" if below > 0 else "negative_variance",
    )  # fmt: skip


def _with_gaps(x: Floats, method: str, level: float, replicates: int, seed: int) -> IntraclassCorrelations:
    """The six forms from variance components: raters nested in targets for 1, crossed for 2 and 3."""
    target, rater = np.nonzero(~np.isnan(x))
    y = x[target, rater]
    (n, n_raters), kind, gone = x.shape, f"components_{method}", np.full(6, math.nan)
    if not y.size:
        empty = (FORMS, gone, gone, gone, gone, gone, gone, gone)
        return IntraclassCorrelations(*empty, level, n, n_raters, math.nan, kind, "not_identified")
    k = float(1 / np.mean(1 / np.bincount(target)))
    shared: dict[str, Any] = {"method": method, "level": level, "replicates": replicates, "seed": seed}
    nested = g_study(y, {"t": target, "r": np.arange(y.size)}, "r:t", **shared)
    crossed = g_study(y, {"t": target, "r": rater}, "t x r", **shared)
    ratio, df1, df2 = _f_ratios(y, target, rater)
    unlinked = "unlinked" if df1[1] < df1[0] else ""
    reason = next((g.reason for g in (crossed, nested) if g.reason), unlinked)
    if reason in ("constant", "not_identified"):
        known = (FORMS, gone, gone, df1, df2, gone, gone, gone)
        return IntraclassCorrelations(*known, level, n, n_raters, k, kind, reason)
    noise = [nested.var["rt"], crossed.var["r"] + crossed.var["tr"], crossed.var["tr"]]
    signal = [nested.var["t"], crossed.var["t"], crossed.var["t"]]
    value = np.array([s / (s + e / m) if e >= 0 and s + e / m > 0 else math.nan
                      for m in (1, k) for s, e in zip(signal, noise, strict=True)])  # fmt: skip
    found = [(d_study(nested, {"r": m}), d_study(crossed, {"r": m})) for m in (1, k)]
    lower = [v for a, b in found for v in (a.phi_lower, b.phi_lower, b.e_rho2_lower)]
    upper = [v for a, b in found for v in (a.phi_upper, b.phi_upper, b.e_rho2_upper)]
    told = np.where(np.isnan(value), math.nan, [np.fmin(lower, value), upper])
    known = (FORMS, value, ratio, df1, df2, fdtrc(df1, df2, ratio), *told)
    return IntraclassCorrelations(*known, level, n, n_raters, k, kind, reason)


def _f_ratios(y: Floats, target: NDArray[np.intp], rater: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """F of equal targets with its degrees of freedom: one-way, and with raters' means allowed to differ."""
    count = np.bincount(target)
    design = np.zeros((y.size, int(rater.max(initial=-1)) + 1))
    design[np.arange(y.size), rater] = 1.0

    def inside(v: Floats) -> Floats:
        return v - (np.stack([np.bincount(target, c) for c in v.T]) / count).T[target]

    y = y - y.mean()
    within = inside(y[:, None])
    coefficient, _, rank, _ = np.linalg.lstsq(inside(design), within)
    error = float(((within - inside(design) @ coefficient) ** 2).sum())
    by_rater = float(y @ y) - float((np.bincount(rater, y) ** 2 / np.bincount(rater)).sum())
    df1, df2, df3 = count.size - 1.0, float(y.size - count.size), float(y.size - count.size - rank)
    lost = design.shape[1] - 1 - rank  # targets that only one part of an unlinked table can tell
    rest = np.array([float((within**2).sum()), error]) / np.maximum([df2, df3], 1.0)
    gain = np.array([float(y @ y) - float((within**2).sum()), by_rater - error]) / np.maximum([df1, df1 - lost], 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = gain / rest
    return tuple(np.array([a, b, b] * 2) for a, b in ((one, two), (df1, df1 - lost), (df2, df3)))  # type: ignore[return-value]


def _mean_squares(x: Floats) -> tuple[float, float, float, float]:
    """Mean squares of targets, within targets, of raters, and error; scores centred first."""
    n, k = x.shape
    noise = np.finfo(float).eps * float(np.abs(x).max())
    x = x - x.mean()
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    within = x - rows[:, None]
    error = within - columns
    msb, msj = k * (rows @ rows) / (n - 1), n * (columns @ columns) / (k - 1)
    tiny = max(1e-24 * float(np.abs(x).max()) ** 2, k * noise**2)
    msw, mse = (within**2).sum() / (n * (k - 1)), (error**2).sum() / ((n - 1) * (k - 1))
    msb, msw, msj, mse = (float(m) if m > tiny else 0.0 for m in (msb, msw, msj, mse))
    return msb, msw, msj, mse


def _limits(ratio: float, df1: float, df2: float, k: int, level: float) -> tuple[float, float]:
    """Interval of the single-rating form from its F ratio."""
    if math.isinf(ratio):
        return math.nan, math.nan
    q = 0.5 + level / 2
    low, high = ratio / float(fdtri(df1, df2, q)), ratio * float(fdtri(df2, df1, q))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _limits_absolute(msb: float, msj: float, mse: float, n: int, k: int, level: float) -> tuple[float, float]:
    """Interval of absolute agreement, single rating, with Satterthwaite's degrees of freedom."""
    rho = (msb - mse) / (msb + (k - 1) * mse + k * (msj - mse) / n)
    a, b = k * rho / (n * (1 - rho)), 1 + k * rho * (n - 1) / (n * (1 - rho))
    parts = (a * msj) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    v = (a * msj + b * mse) ** 2 / parts
    q, rest = 0.5 + level / 2, k * msj + (k * n - k - n) * mse
    low, high = float(fdtri(n - 1, v, q)), float(fdtri(v, n - 1, q))
    lower = n * (msb - low * mse) / (low * rest + n * msb)
    return lower, n * (high * msb - mse) / (rest + n * high * msb)
