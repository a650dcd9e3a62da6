"""Intraclass correlations of a complete table: the six forms of Shrout & Fleiss."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, fdtri

from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


@dataclass(frozen=True, slots=True)
class IntraclassCorrelations:
    """The six forms of Shrout & Fleiss (1979), in the order of `FORMS`; F tests equal targets."""

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
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (form), value, se, lower, upper."""
        return frame(block("icc", self.value, level=self.form, lower=self.lower, upper=self.upper))


def icc(table: ArrayLike, *, level: float = 0.95) -> IntraclassCorrelations:
    """Intraclass correlations of a complete targets × raters table.

    Parameters
    ----------
    table : array_like, shape (n, k)
        Ratings, n ≥ 2 targets, k ≥ 2 raters, no gaps.
    level : float
        Confidence level.

    Returns
    -------
    IntraclassCorrelations
        `reason` is "", "constant" (the targets' means are all equal; numbers NaN) or "negative_variance"
        (form 2,k is undefined and NaN).

    Raises
    ------
    ValueError
        On NaN, infinity or fewer than two rows or columns.

    References
    ----------
    Shrout & Fleiss (1979); McGraw & Wong (1996, with their correction) for the interval of forms 2.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc(table).value.round(5).tolist()
    [0.16574, 0.28976, 0.71484, 0.4428, 0.62005, 0.90932]
    """
    x = np.asarray(table, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"table must have at least two targets and two raters, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("table holds NaN or infinity; intraclass correlations need a complete table")
    n, k = x.shape
    msb, msw, msj, mse = _mean_squares(x)
    df1 = np.full(6, n - 1.0)
    df2 = np.array([n * (k - 1.0), (n - 1.0) * (k - 1), (n - 1.0) * (k - 1)] * 2)
    design = (level, n, k, "anova")
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
        _limits_absolute(msb, msj, mse, n, k, level) if absolute < 1 else (1.0, 1.0),
        _limits(ratio[2], n - 1, df2[2], k, level),
    ])  # fmt: skip
    lower, upper = np.concatenate([ends, k * ends / (1 + (k - 1) * ends)]).T
    return IntraclassCorrelations(
        FORMS, np.array(single + mean), ratio, df1, df2, fdtrc(df1, df2, ratio), lower, upper, *design,
        "" if below > 0 else "negative_variance",
    )  # fmt: skip


def _mean_squares(x: Floats) -> tuple[float, float, float, float]:
    """Mean squares of targets, within targets, of raters, and error; scores centred first."""
    n, k = x.shape
    x = x - x.mean()
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    within = x - rows[:, None]
    error = within - columns
    msb, msj = k * (rows @ rows) / (n - 1), n * (columns @ columns) / (k - 1)
    tiny = 1e-24 * max(1.0, float(np.abs(x).max()) ** 2)
    msw, mse = (within**2).sum() / (n * (k - 1)), (error**2).sum() / ((n - 1) * (k - 1))
    msb, msw, msj, mse = (float(m) if m > tiny else 0.0 for m in (msb, msw, msj, mse))
    return msb, msw, msj, mse


def _limits(ratio: float, df1: float, df2: float, k: int, level: float) -> tuple[float, float]:
    """Interval of the single-rating form from its F ratio."""
    if math.isinf(ratio):
        return 1.0, 1.0
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
