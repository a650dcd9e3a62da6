"""What a number of further ratings would tell about the leniency of raters who share no ratee today."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Way = Literal["superior", "vignette"]


@dataclass(frozen=True, slots=True)
class RatingPrices:
    """What each number of further ratings buys; arrays by the numbers asked for.

    Attributes
    ----------
    n : int
        Raters.
    n_added : ndarray of int
        Further ratings in all.
    per_rater : ndarray of int
        Employees of each rater rated again, or vignettes that each rater rates (0: fewer ratings than raters).
    contrast_se : ndarray of float
        Standard error of the difference between two raters, in the unit of ``sd_pair`` (infinite with 0 per rater).
    reliability : ndarray of float
        1 - SE^2 / (2 sd_rater^2) of such a difference, not below 0.
    spread_found : ndarray of float
        Smallest SD of leniency that is found with the wanted power (NaN: none, however large).
    n_needed : int
        Fewest ratings with a reliability of 0.5.
    """

    n: int
    n_added: NDArray[np.int64]
    per_rater: NDArray[np.int64]
    contrast_se: FloatArray
    reliability: FloatArray
    spread_found: FloatArray
    n_needed: int
    method: str
    reason: str

    def to_frame(self) -> pd.DataFrame:
        """One row per quantity and number of ratings."""
        return frame(
            block("per_rater", self.per_rater.astype(np.float64), level=self.n_added),
            block("contrast_se", self.contrast_se, level=self.n_added),
            block("reliability", self.reliability, level=self.n_added),
            block("spread_found", self.spread_found, level=self.n_added),
            block("n_needed", float(self.n_needed)),
        )


def rating_prices(
    n_raters: int,
    n_added: ArrayLike,
    *,
    way: Way,
    sd_pair: float = 0.7,
    sd_rater: float = 0.35,
    alpha: float = 0.05,
    power: float = 0.80,
) -> RatingPrices:
    """Return what further ratings would tell about raters of whom each has employees of his own.

    Parameters
    ----------
    n_raters : int
        Raters to compare, at least 2.
    n_added : int or sequence of int
        Further ratings in all, each at least 1; the same number for each rater, what is left over is not used.
    way : {"superior", "vignette"}
        The raters' own superior rates some employees of each of his raters, or all raters rate the same made-up cases.
    sd_pair, sd_rater : float
        Standard deviation of a pair mean around ratee + rater, and of leniency, in one unit.
    alpha, power : float
        One-sided level and power for the spread.

    Returns
    -------
    RatingPrices

    Raises
    ------
    ValueError
        For numbers out of range.

    Notes
    -----
    With m ratings per rater, a rater's deviation is known with variance v = 2 sd_pair^2 / m against the superior (both
    ratings err), sd_pair^2 / m on vignettes; a difference of two raters with 2 v. The variance of the deviations of S
    raters has the standard error r (sd^2 + v), r = sqrt(2 / (S - 1)); it is found above v (1 + z_alpha r), so with the
    wanted power from sd^2 + v = v (1 + z_alpha r) / (1 - z_power r) on. Source: inference.md section 5, idea 3.

    Examples
    --------
    Three hundred supervisors, three employees of each rated by the superior as well: no names.

    >>> found = rating_prices(300, 900, way="superior")
    >>> found.per_rater.tolist(), found.contrast_se.round(2).tolist(), found.spread_found.round(2).tolist()
    ([3], [0.81], [0.27])
    """
    added = np.atleast_1d(np.asarray(n_added, dtype=np.int64))
    if n_raters < 2 or added.ndim != 1 or not added.size or added.min() < 1 or way not in ("superior", "vignette"):
        raise ValueError("n_raters must be at least 2, n_added at least 1, way superior or vignette")
    if not (sd_pair > 0 and sd_rater > 0 and 0 < alpha < 1 and 0 < power < 1):
        raise ValueError("sd_pair and sd_rater must be positive, alpha and power between 0 and 1")
    both = 2.0 if way == "superior" else 1.0
    each = added // n_raters
    with np.errstate(divide="ignore"):
        variance = both * sd_pair**2 / each
    r = math.sqrt(2 / (n_raters - 1))
    rise, fall = 1 + float(ndtri(1 - alpha)) * r, 1 - float(ndtri(power)) * r
    spread = np.sqrt(variance * max(rise / fall - 1, 0.0)) if fall > 0 else np.full(added.size, np.nan)
    return RatingPrices(
        n=n_raters,
        n_added=added,
        per_rater=each,
        contrast_se=np.sqrt(2 * variance),
        reliability=np.maximum(1 - variance / sd_rater**2, 0.0),
        spread_found=np.where(each > 0, spread, np.nan),
        n_needed=n_raters * math.ceil(both * sd_pair**2 / (0.5 * sd_rater**2) - 1e-9),
        method=f"{way}: variances of balanced designs with known standard deviations",
        reason="" if each.max() else "fewer_than_raters",
    )
