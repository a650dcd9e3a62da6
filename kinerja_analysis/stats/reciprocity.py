"""Dyadic reciprocity: does a pair give back what it gets, beyond how both rate and how both are rated?"""

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from kinerja_analysis.stats._arrays import codes, confidence, vector
from kinerja_analysis.stats._dyads import Dyads, Known, estimated, rotated
from kinerja_analysis.stats._quadratic import chance_positive
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
EDGE = 0.9999
_EXACT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DyadicReciprocity:
    """Correlation of what the two directions of a pair have left after free effects of every ratee and every rater.

    `rho` by restricted maximum likelihood, `lower` and `upper` by inverting the exact test (all on −1 to 1); `p` tests
    ρ = 0 from both sides, `p_greater` against ρ ≤ 0, `p_beyond` against ρ ≤ `delta`. `detectable`: the smallest ρ that
    `p_beyond` ≤ `alpha` finds with chance `power`, NaN if none. `sd`: residual SD by source code. `n` pairs used,
    `n_dyads` of them twice there, `df` what the effects leave; `n_dropped` pairs of blocks too large to solve.
    """

    rho: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    p: float = math.nan
    p_greater: float = math.nan
    p_beyond: float = math.nan
    delta: float
    detectable: float = math.nan
    alpha: float
    power: float
    sd: Floats
    n: int
    n_dyads: int
    n_blocks: int
    n_dropped: int
    df: int
    level: float
    method: str
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        names = ("p", "p_greater", "p_beyond", "detectable")
        return frame(
            block("rho", self.rho, lower=self.lower, upper=self.upper),
            *(block(name, getattr(self, name)) for name in names),
            block("sd", self.sd),
        )


def dyadic_reciprocity(
    y: ArrayLike,
    ratee: ArrayLike,
    rater: ArrayLike,
    *,
    source: ArrayLike | None = None,
    between: tuple[int, int] = (0, 0),
    unit: ArrayLike | None = None,
    delta: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    level: float = 0.95,
) -> DyadicReciprocity:
    """Correlation of the two directions of mutual pairs, in any design.

    Parameters
    ----------
    y : array_like, shape (n,)
        One number per ordered pair.
    ratee, rater : array_like of int, shape (n,)
        Codes from 0; a code is the same person on both sides.
    source : array_like of int, shape (n,), optional
        Code of the source of each pair (superior, peer ...); each has its own residual variance.
    between : (int, int)
        The sources of the two directions of the pairs examined.
    unit : array_like of int, shape (persons,), optional
        Unit of each person by code, −1 unknown. Used only where persons linked by ratings have more than 300
        pairs: such blocks are cut into units, pairs across units are dropped, and every unit has its own effects.
    delta, alpha, power : float
        The practical difference, and what `detectable` is about.
    level : float
        Confidence level.

    Returns
    -------
    DyadicReciprocity
        `reason` is "", "no_mutual" (no pair is there in both directions), "too_large" (all of them in blocks that
        cannot be solved), "not_identified" (the effects leave nothing that depends on ρ) or "constant".

    Raises
    ------
    ValueError
        On NaN, a pair given twice, somebody rating themselves, unequal lengths, or `delta` outside [0, 1).

    Notes
    -----
    y_ij = ratee + rater + g_ij with fixed effects, so level, leniency, merit and their covariance cancel;
    Var g = σ²(I + ρP), P swaps the directions of mutual pairs. With A an orthonormal basis of what the effects leave,
    k and z the eigenvalues of A'PA and the rotated A'y: Var z = σ²(1 + ρk), independent. The test of ρ = r is the
    score test: T = Σ k z²/(1 + rk)² / Σ z²/(1 + rk), whose tail under normality is exact (Imhof). For complete round
    robins it is the F test of `social_relations`, limits included. Residuals of a pair are negatively tied
    by construction: shuffling them is no test.

    Several sources: variances, and the covariances of other mutual pairs by their sources, are first estimated by
    iterated MINQUE (REML), and y is whitened by them; the tests' normal quantiles are divided by how much estimating
    them widens the standard error of ρ (from the information matrix). The tests are then approximate.

    Examples
    --------
    >>> x = np.array([[0, 3, 1, 4], [4, 0, 2, 2], [2, 1, 0, 5], [3, 1, 6, 0.0]])
    >>> i, j = np.nonzero(~np.eye(4, dtype=bool))
    >>> fit = dyadic_reciprocity(x[i, j], j, i)
    >>> round(fit.rho, 3), fit.n_dyads, fit.df
    (0.898, 6, 5)
    """
    confidence(level)
    value = vector(y, "y")
    who, by = codes(ratee, "ratee", value.size), codes(rater, "rater", value.size)
    kind = np.zeros(value.size, np.intp) if source is None else codes(source, "source", value.size)
    if not 0 <= delta < 1:
        raise ValueError(f"delta must lie in [0, 1), got {delta}")
    data = Dyads(value, who, by, kind, between, unit)
    several = np.unique(data.kind).size > 1
    shared: dict[str, Any] = {
        "delta": delta, "alpha": alpha, "power": power, "n": data.y.size, "n_dyads": int(data.mutual.sum()) // 2,
        "n_blocks": data.size.size, "n_dropped": data.dropped, "level": level, "df": 0,
        "method": "restricted_likelihood_whitened" if several else "restricted_likelihood",
    }  # fmt: skip
    sd = np.full(int(kind.max(initial=0)) + 1, math.nan)
    if not shared["n_dyads"]:
        return DyadicReciprocity(sd=sd, **shared, reason="too_large" if data.dropped else "no_mutual")
    known = estimated(data) if several else Known(np.ones(sd.size), np.zeros(data.ends.size))
    if known.reason:
        return DyadicReciprocity(sd=sd, **shared, reason=known.reason)
    k, z = rotated(data, known)
    shared["df"] = k.size
    if k.size < 2 or np.ptp(k) < 1e-8:
        return DyadicReciprocity(sd=sd, **shared, reason="not_identified")
    if float(z @ z) <= 1e-18 * float(value @ value):
        return DyadicReciprocity(sd=sd, **shared, reason="constant")
    there = np.unique(data.kind)
    sd[there] = np.sqrt(known.variance[there])
    return _answer(_Spectrum(k, z * z, known.wider), sd, shared)


class _Spectrum:
    """What the likelihood of ρ needs: eigenvalues, squared scores; and the exact score test."""

    def __init__(self, k: Floats, squares: Floats, wider: float = 1.0) -> None:
        self.k, self.squares, self.wider = k, squares, wider
        self.p_above = cache(self._p_above)
        # equal ones together, many ones in narrow bins around their mean; no border lies on a simple fraction
        grid = 500 if k.size > _EXACT else 1e10
        _, place, count = np.unique(np.floor(k * grid + 0.637), return_inverse=True, return_counts=True)
        self.count = count.astype(np.float64)
        self.bins = np.bincount(place, weights=k) / self.count

    def ratio(self, rho: float) -> float:
        """T at ρ."""
        scaled = self.squares / (1 + rho * self.k)
        return float(scaled @ (self.k / (1 + rho * self.k))) / float(scaled.sum())

    def score(self, rho: float) -> float:
        """Slope of the restricted log likelihood, up to a factor."""
        return self.ratio(rho) - float((self.k / (1 + rho * self.k)).mean())

    def above(self, cut: float, at: float, true: float) -> float:
        """P(T at `at` > `cut`) when ρ is `true`."""
        a = self.bins / (1 + at * self.bins)
        return chance_positive((a - cut) * (1 + true * self.bins) / (1 + at * self.bins), self.count)

    def _p_above(self, rho: float) -> float:
        """p of the test against values up to ρ."""
        p = self.above(self.ratio(rho), rho, rho)
        return p if self.wider == 1 else float(ndtr(ndtri(p) / self.wider))

    def where(self, function: Any, start: float = -EDGE) -> float:
        """The ρ at which a rising function is 0; the end beyond which it lies otherwise."""
        from scipy.optimize import brentq

        function = cache(function)
        if function(start) >= 0:
            return -1.0 if start == -EDGE else start
        return 1.0 if function(EDGE) <= 0 else float(brentq(function, start, EDGE, xtol=1e-9))


def _answer(data: _Spectrum, sd: Floats, shared: dict[str, Any]) -> DyadicReciprocity:
    """Estimate, limits, tests, and what the design could find."""
    tail, delta, alpha = (1 - shared["level"]) / 2, shared["delta"], shared["alpha"]
    rho = data.where(lambda r: -data.score(r))
    lower, upper = (data.where(lambda r, t=t: data.p_above(r) - t) for t in (tail, 1 - tail))
    greater = data.p_above(0.0)
    p = min(1.0, 2 * min(greater, 1 - greater))
    if p > 1 - shared["level"]:  # nearly all scores equal: the tail need not rise with ρ all the way
        lower, upper = min(lower, 0.0), max(upper, 0.0)
    pooled = math.sqrt(float((data.squares / (1 + max(min(rho, EDGE), -EDGE) * data.k)).mean()))
    return DyadicReciprocity(
        rho=rho, lower=min(lower, rho), upper=max(upper, rho), p=p,
        p_greater=greater, p_beyond=data.p_above(delta), detectable=_detectable(data, delta, alpha, shared["power"]),
        sd=sd * pooled, **shared,
    )  # fmt: skip


def _detectable(data: _Spectrum, delta: float, alpha: float, power: float) -> float:
    """The smallest ρ whose test against ρ ≤ delta at alpha has this power."""
    from scipy.optimize import brentq

    if data.wider > 1:
        alpha, power = (float(ndtr(data.wider * ndtri(p))) for p in (alpha, power))
    a = data.bins / (1 + delta * data.bins)
    low, high = float(a.min()), float(a.max())
    if not data.above(low, delta, delta) > alpha > data.above(high, delta, delta):
        return math.nan  # a level beyond what the tail can be computed to
    cut = float(brentq(lambda c: data.above(c, delta, delta) - alpha, low, high, xtol=1e-10))
    found = data.where(lambda r: data.above(cut, delta, r) - power, delta)
    return math.nan if found >= EDGE else found
