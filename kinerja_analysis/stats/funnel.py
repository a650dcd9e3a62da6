"""Funnel limits for many groups, widened where groups differ more than their errors explain."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from kinerja_analysis.stats._arrays import vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """`z` of each group against `centre`, over-dispersion `phi` (at least 1), and the limits of each group.

    `inner` and `outer` have shape (2, k): lower and upper limits at 1.96 and 3.09 widened standard errors.
    `reason`: "too_few" (below ten groups; everything else NaN).
    """

    n: int
    centre: float
    phi: float
    z: Floats
    inner: Floats
    outer: Floats
    method: str = "multiplicative over-dispersion, winsorised"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Centre and phi, then z with the inner limits of each group."""
        return frame(block("centre", self.centre), block("phi", self.phi),
                     block("z", self.z, lower=self.inner[0], upper=self.inner[1]))  # fmt: skip


def funnel(value: ArrayLike, se: ArrayLike, *, winsorise: float = 0.1, consistent: bool = False) -> Funnel:
    """Funnel limits with multiplicative over-dispersion (Spiegelhalter 2005).

    Parameters
    ----------
    value, se : array_like, shape (k,)
        Estimate and standard error (positive) per group.
    winsorise : float
        Share of the z-scores at each end put to the next one before φ = mean z² is taken, so that a few odd groups
        do not widen the limits for all.
    consistent : bool
        Divide φ by what winsorising leaves of the variance of normal z-scores (.68 of it at .1). As published it is not
        divided: where groups truly differ, the limits then leave out too many of them.

    Returns
    -------
    Funnel
        Centre: mean weighted by 1/SE². Limits: centre ± 1.96 and 3.09 · SE · √φ, φ not below 1.

    Raises
    ------
    ValueError
        Shapes, NaN, a standard error that is not positive, or a share outside [0, .5).

    Examples
    --------
    >>> found = funnel(np.r_[np.tile([-1.0, 1.0], 5), 9.0], np.full(11, 0.5))
    >>> round(found.phi, 2), bool(found.z[-1] > 3.09)
    (6.08, True)
    """
    y = vector(value, "value")
    error = vector(se, "se", y.size)
    if (error <= 0).any():
        raise ValueError("every standard error must be positive")
    if not 0 <= winsorise < 0.5:
        raise ValueError(f"winsorise must lie in [0, 0.5), got {winsorise!r}")
    k = y.size
    missing = np.full(k, math.nan)
    if k < 10:
        both = np.full((2, k), math.nan)
        return Funnel(n=k, centre=math.nan, phi=math.nan, z=missing, inner=both, outer=both, reason="too_few")
    weight = 1 / error**2
    centre = float((weight * y).sum() / weight.sum())
    z = (y - centre) / error
    cut = math.floor(winsorise * k)
    ordered = np.sort(z)
    phi = float((np.clip(z, ordered[cut], ordered[k - 1 - cut]) ** 2).mean())
    phi = max(phi / _left(winsorise) if consistent else phi, 1.0)
    wide = error * math.sqrt(phi)
    inner, outer = (np.vstack([centre - q * wide, centre + q * wide]) for q in (ndtri(0.975), ndtri(0.999)))
    return Funnel(n=k, centre=centre, phi=phi, z=z / math.sqrt(phi), inner=inner, outer=outer)


def _left(winsorise: float) -> float:
    """Variance of standard normal values of which this share at each end is put to the next one."""
    if winsorise == 0:
        return 1.0
    q = float(ndtri(1 - winsorise))
    return 2 * winsorise * q**2 + 1 - 2 * winsorise - 2 * q * math.exp(-(q**2) / 2) / math.sqrt(2 * math.pi)
