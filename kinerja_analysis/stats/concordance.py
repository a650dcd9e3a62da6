"""Kendall's coefficient of concordance: do raters rank the same subjects alike?"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc

from kinerja_analysis.stats._arrays import confidence
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_GROUPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KendallW:
    """Concordance of raters, corrected for ties, with two tests of no agreement.

    `chi2`, `df`, `p`: the usual chi-square, which rejects too rarely with few raters; `F`, `p_f`: Kendall's F.

    `mean_rank_correlation` is (mW − 1)/(m − 1): without ties the mean of Spearman's ρ over pairs of raters. The
    limits leave out one subject at a time, above 200 subjects a 200th part in turn (jackknife of its Fisher's z), and
    take raters as given.
    """

    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    mean_rank_correlation: float = math.nan
    chi2: float = math.nan
    df: float = math.nan
    p: float = math.nan
    F: float = math.nan
    p_f: float = math.nan
    level: float
    n: int
    n_raters: int
    n_dropped: int
    method: str = "tie_corrected"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        rho = block("mean_rank_correlation", self.mean_rank_correlation)
        return frame(block("W", self.value, lower=self.lower, upper=self.upper), rho, block("chi2", self.chi2))


def kendall_w(table: ArrayLike, *, level: float = 0.95) -> KendallW:
    """Kendall's W of subjects × raters.

    Parameters
    ----------
    table : array_like, shape (n, raters)
        Ratings; subjects with a gap are dropped and counted.
    level : float
        Confidence level.

    Returns
    -------
    KendallW
        `reason` is "", "too_few" (fewer than three complete subjects, all numbers NaN), "constant" (every rater gives
        one value) or "no_interval" (fewer than five subjects, or agreement that is perfect or undefined with a
        subject left out).

    Raises
    ------
    ValueError
        On infinity or fewer than two raters.

    References
    ----------
    Kendall & Gibbons (1990), chapter 6; Legendre (2005) for the sizes of the two tests.

    Examples
    --------
    >>> fit = kendall_w([[1, 2, 1], [2, 1, 2], [3, 3, 4], [4, 4, 3]])
    >>> round(fit.value, 4), fit.df
    (0.8222, 3.0)
    """
    confidence(level)
    x = np.asarray(table, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        raise ValueError(f"table must have shape (subjects, raters ≥ 2), got {x.shape}")
    if np.isinf(x).any():
        raise ValueError("table holds infinity")
    complete = ~np.isnan(x).any(axis=1)
    x = x[complete]
    n, m = x.shape
    shared: dict[str, Any] = {"level": level, "n": n, "n_raters": m, "n_dropped": int((~complete).sum())}
    if n < 3:
        return KendallW(**shared, reason="too_few")
    value = _concordance(x)
    if math.isnan(value):
        return KendallW(**shared, reason="constant")
    chi2, df = m * (n - 1) * value, n - 1.0
    ratio = (m - 1) * value / (1 - value) if value < 1 - 1e-12 else math.inf
    df1 = n - 1 - 2 / m
    rho = (m * value - 1) / (m - 1)
    _, lower, upper = _limits(x, rho, level)
    limits = [(1 + (m - 1) * math.tanh(end)) / m for end in (lower, upper)]
    return KendallW(
        value=value, lower=max(limits[0], 0.0), upper=min(limits[1], 1.0), mean_rank_correlation=rho, chi2=chi2, df=df,
        p=float(chdtrc(df, chi2)), F=ratio, p_f=float(fdtrc(df1, (m - 1) * df1, ratio)), **shared,
        reason="" if math.isfinite(lower) else "no_interval",
    )  # fmt: skip


def _limits(x: Floats, rho: float, level: float) -> tuple[float, float, float]:
    """Jackknife of Fisher's z of the mean rank correlation."""
    n, m = x.shape
    group = np.arange(n) % min(n, _GROUPS)
    left = np.array([(m * _concordance(x[group != g]) - 1) / (m - 1) for g in range(group.max() + 1)])
    if n < 5 or abs(rho) >= 1 - 1e-12 or (np.abs(left) >= 1 - 1e-12).any():
        return math.nan, math.nan, math.nan
    return unit_jackknife(float(np.arctanh(rho)), np.arctanh(left), level=level)


def _concordance(x: Floats) -> float:
    """W with the correction for ties; NaN where nobody tells subjects apart."""
    from scipy.stats import rankdata

    n, m = x.shape
    ranks = rankdata(x, axis=0)
    total = ranks.sum(axis=1)
    ties = sum(float((c**3 - c).sum()) for column in ranks.T for c in [np.unique(column, return_counts=True)[1]])
    below = m * m * (n**3 - n) - m * ties
    return float(12 * ((total - total.mean()) ** 2).sum() / below) if below > 0 else math.nan
