"""Clustering of a yes/no outcome by team: the beta-binomial intraclass correlation."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtrc, chdtri, xlogy

from kinerja_analysis.stats._arrays import confidence, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaBinomial:
    """Correlation `rho` of two members of one team; `mean` is the share of the outcome.

    The interval is the profile-likelihood interval, inside [0, 1]; `p` tests rho = 0 with the mixture
    ½χ²(0) + ½χ²(1) of a parameter on its boundary; `lr` is the likelihood ratio statistic.
    """

    rho: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    mean: float
    lr: float = math.nan
    p: float = math.nan
    loglik: float = math.nan
    level: float
    n: int
    n_members: int
    method: str = "beta_binomial_profile"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        rho = block("rho", self.rho, lower=self.lower, upper=self.upper)
        return frame(rho, block("mean", self.mean))


class _Counts:
    """The log likelihood from three tables of counts: teams with more than j yes, no, members."""

    def __init__(self, k: Floats, n: Floats) -> None:
        steps = np.arange(int(n.max()))
        self.step = steps[1:]
        more = [v.size - np.searchsorted(np.sort(v), steps, side="right") for v in (k, n - k, n)]
        self.yes, self.no, self.all = (m.astype(np.float64) for m in more)
        self.mixed = float(self.yes[0] + self.no[0] - self.all[0])

    def loglik(self, mean: float, rho: float) -> float:
        """Σ log P(k | n), without the binomial coefficients; defined at rho = 0 and at rho = 1."""
        grow = self.step * rho
        value = xlogy(self.yes[0], mean) + xlogy(self.no[0], 1 - mean) + xlogy(self.mixed, 1 - rho)
        value += xlogy(self.yes[1:], mean * (1 - rho) + grow).sum()
        value += xlogy(self.no[1:], (1 - mean) * (1 - rho) + grow).sum()
        return float(value - xlogy(self.all[1:], 1 - rho + grow).sum())

    def slope(self, mean: float, rho: float) -> float:
        """Derivative in `mean`; the likelihood is concave in it."""
        grow, rest = self.step * rho, 1 - rho
        value = self.yes[0] / mean - self.no[0] / (1 - mean)
        if rest == 0:
            return float(value)
        value += rest * (self.yes[1:] / (mean * rest + grow)).sum()
        return float(value - rest * (self.no[1:] / ((1 - mean) * rest + grow)).sum())

    def profile(self, rho: float) -> tuple[float, float]:
        """The highest log likelihood at `rho`, and the mean that gives it."""
        mean = brentq(self.slope, 1e-12, 1 - 1e-12, args=(rho,), xtol=1e-14)
        return self.loglik(mean, rho), mean


def beta_binomial(k: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> BetaBinomial:
    """How alike the members of a team are in a yes/no outcome, e.g. the top rating.

    Parameters
    ----------
    k, n : array_like of whole numbers, shape (teams,)
        Members with the outcome, and members, of each team; n ≥ 1. Teams of one inform the mean only.
    level : float
        Confidence level.

    Returns
    -------
    BetaBinomial
        `reason` is "", "empty" (no team of two or more) or "constant" (nobody or everybody has the outcome);
        then the numbers are NaN, except the mean where it exists.

    Raises
    ------
    ValueError
        On NaN, unequal lengths, fractions, n < 1 or k outside 0..n.

    Notes
    -----
    k | n is beta-binomial with parameters mean·(1 − rho)/rho and (1 − mean)·(1 − rho)/rho (Skellam 1948), in
    the product form that contains the binomial. The estimate is at least 0: fewer differences than chance
    give 0. Boundary test: Self & Liang (1987).

    Examples
    --------
    Teams all alike, two of each kind:

    >>> fit = beta_binomial([4, 4, 0, 0], [4, 4, 4, 4])
    >>> round(fit.rho, 6), round(fit.mean, 6), fit.p < 0.001
    (1.0, 0.5, True)
    """
    confidence(level)
    size = vector(n, "n")
    yes = vector(k, "k", size.size)
    if (size != np.round(size)).any() or (yes != np.round(yes)).any():
        raise ValueError("k and n must be whole numbers")
    if (size < 1).any() or (yes < 0).any() or (yes > size).any():
        raise ValueError("every team needs n ≥ 1 and 0 ≤ k ≤ n")
    members, total = int(size.sum()), float(yes.sum())
    design: dict[str, Any] = {"level": level, "n": size.size, "n_members": members}
    if size.max(initial=0) < 2 or total in (0, members):
        reason = "empty" if size.max(initial=0) < 2 else "constant"
        return BetaBinomial(mean=total / members if members else math.nan, **design, reason=reason)
    return BetaBinomial(**_fit(_Counts(yes, size), level), **design)


def _fit(counts: _Counts, level: float) -> dict[str, Any]:
    """rho, its limits, mean, likelihood ratio, p, log likelihood."""
    grid = np.concatenate(([0.0], np.geomspace(1e-4, 0.5, 12), [0.7, 0.9, 1.0]))
    heights = [counts.profile(r)[0] for r in grid]
    best = int(np.argmax(heights))
    rho = float(grid[best])
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(
        lambda r: -counts.profile(r)[0], bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    if -found.fun > heights[best]:
        rho = float(found.x)
    top, mean = counts.profile(rho)
    drop = float(chdtri(1, 1 - level)) / 2

    def excess(r: float) -> float:
        return counts.profile(r)[0] - (top - drop)

    lower = 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, rho))
    upper = 1.0 if excess(1.0) >= 0 else float(brentq(excess, rho, 1 - 1e-12))
    ratio = max(2 * (top - heights[0]), 0.0)
    p = 0.5 * float(chdtrc(1, ratio)) if ratio > 0 else 1.0
    return {"rho": rho, "lower": lower, "upper": upper, "mean": mean, "lr": ratio, "p": p, "loglik": top}
