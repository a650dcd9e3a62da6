"""Ranks of estimates with intervals, and which pairs of them can be told apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from ._arrays import confidence, vector
from ._record import block, frame
from .shrinkage import normal_prior, refuse_predictions

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
_LEAST = 4
_FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class RankIntervals:
    """Ranks by effect, 1 = largest.

    Attributes
    ----------
    n : int
        Number of effects.
    rank, lower, upper : ndarray
        Rank and its limits. Method posterior: mean and quantiles over draws of the true effects. Method pairwise: rank
        of the estimates (ties share their mean rank) and confidence sets that hold all true ranks at once.
    pair_distinguishable : ndarray of bool, shape (k, k)
        Whether two effects differ, all statements correct at once with probability `level`; by pairwise differences
        whatever the method. *Not transitive*: no tiers can be made of it.
    critical_value : float
        What |difference|/SE has to exceed; NaN below two effects.
    between_var : float
        Variance of the true effects (method posterior; else NaN).
    method, reason : str
        Reason "" | ``empty``, and with method posterior ``too_few`` (below four effects), ``no_variance`` (no variance
        of the true effects is estimated: one group); then ranks are NaN and the limits 1 and k.
    """

    n: int
    rank: FloatArray
    lower: FloatArray
    upper: FloatArray
    pair_distinguishable: NDArray[np.bool_]
    critical_value: float
    between_var: float
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Ranks with limits, from how many others each effect can be told apart, critical value, between variance."""
        return frame(
            block("rank", self.rank, lower=self.lower, upper=self.upper),
            block("n_distinguishable", self.pair_distinguishable.sum(axis=1)),
            block("critical_value", self.critical_value),
            block("between_var", self.between_var),
        )


def rank_intervals(
    effect: ArrayLike,
    se: ArrayLike | None = None,
    cov: ArrayLike | None = None,
    *,
    method: Literal["posterior", "pairwise"] = "posterior",
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> RankIntervals:
    """Rank unshrunken estimates, and say which of them differ.

    Parameters
    ----------
    effect : array of float, shape (k,)
        Estimates (not predictions of a random-effects model).
    se : array of float, shape (k,), optional
        Their standard errors if the estimates are independent.
    cov : array of float, shape (k, k), optional
        Else their error covariance (linked raters share errors); it may be singular, as that of effects that sum to 0.
    method : {"posterior", "pairwise"}
        Posterior ranks are narrower and hold on average over the effects; only pairwise sets hold for all at once.
    level : float
        Level of the limits and of the simultaneous statements on pairs.
    draws, seed : int
        Simulated errors, and draws of the true effects.

    Returns
    -------
    RankIntervals

    Raises
    ------
    ValueError
        If not exactly one of `se` and `cov` is given, a standard error (of an effect or of a difference) is not
        positive, `cov` is not a symmetric positive semidefinite k × k matrix, `effect` is shrunken already, or the
        arrays hold NaN.

    Notes
    -----
    Pairs: Mogstad, Romano, Shaikh & Wilhelm (2024), Rev. Econ. Stud. 91:476. "i above j" is stated if the difference
    exceeds c·SE, c the quantile of the largest such ratio over all ordered pairs when errors are drawn from N(0, cov);
    pairs stated are left out and c taken again until nothing is added (Romano & Wolf 2005). The set of ranks of i runs
    from 1 + those stated above it to k − those stated below it.

    Posterior: normal prior with one mean and the between variance of `shrink`, applied in the principal axes of `cov`,
    where errors are independent; draws carry the uncertainty of the common mean.

    Examples
    --------
    >>> found = rank_intervals([3.0, 0.0, 2.9, -4.0], se=[0.1, 0.1, 0.1, 0.1], method="pairwise")
    >>> found.rank.tolist(), found.lower.tolist(), found.upper.tolist()
    ([1.0, 3.0, 2.0, 4.0], [1.0, 3.0, 1.0, 4.0], [2.0, 3.0, 2.0, 4.0])
    >>> bool(found.pair_distinguishable[0, 2])
    False
    """
    refuse_predictions(effect)
    y = vector(effect, "effect")
    covariance = _covariance(se, cov, y.size)
    confidence(level)
    if method not in ("posterior", "pairwise") or draws < 100:
        raise ValueError("method must be posterior or pairwise, draws at least 100")
    k, order, nan = y.size, np.argsort(-y, kind="stable"), float("nan")
    if not k:
        return RankIntervals(0, y, y.copy(), y.copy(), np.zeros((0, 0), bool), nan, nan, method, "empty")
    y, covariance = y[order], covariance[np.ix_(order, order)]
    root, axes = np.linalg.eigh(covariance)
    if root[0] < -_FLOOR * root[-1]:
        raise ValueError("cov is not positive semidefinite")
    root = np.maximum(root, _FLOOR * root[-1])
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((draws, k))
    above, critical = _stated_above(y, covariance, noise * np.sqrt(root) @ axes.T, level)
    rank, lower, upper, between, reason = np.full(k, nan), np.ones(k), np.full(k, float(k)), nan, ""
    if method == "pairwise":
        larger = (y[:, None] < y).sum(axis=1)
        rank = larger + (1.0 + (y[:, None] == y).sum(axis=1)) / 2.0
        lower, upper = 1.0 + above.sum(axis=0), k - 1.0 * above.sum(axis=1)
    elif k < _LEAST:
        reason = "too_few"
    else:
        x = axes.sum(axis=0)
        prior = normal_prior(axes.T @ y, root, x)
        between, reason = prior.A, "" if prior.A > 0 else "no_variance"
    if between > 0:
        centre = prior.mean * x + (1.0 - prior.B) * (axes.T @ y - prior.mean * x)
        mean_error = rng.standard_normal((draws, 1)) / np.sqrt(prior.W @ x**2)
        own = np.sqrt((1.0 - prior.B) * root + prior.widened)
        true = (centre + rng.standard_normal((draws, k)) * own + prior.B * x * mean_error) @ axes.T
        drawn = 1.0 + np.argsort(np.argsort(-true, axis=1), axis=1)
        tail = (1.0 - level) / 2.0
        rank = drawn.mean(axis=0)
        lower, upper = np.quantile(drawn, [tail, 1.0 - tail], axis=0, method="inverted_cdf")
    back = np.argsort(order)
    pairs = (above | above.T)[np.ix_(back, back)]
    return RankIntervals(k, rank[back], lower[back], upper[back], pairs, critical, between, method, reason)


def _covariance(se: ArrayLike | None, cov: ArrayLike | None, k: int) -> FloatArray:
    """The checked error covariance."""
    if (se is None) == (cov is None):
        raise ValueError("give se or cov, one of them")
    if se is not None:
        errors = vector(se, "se", k)
        if (errors <= 0).any():
            raise ValueError("every standard error must be positive")
        return np.diag(errors**2)
    found = np.asarray(cov, dtype=np.float64)
    if found.shape != (k, k) or not np.isfinite(found).all():
        raise ValueError(f"cov must be a {k} × {k} matrix without NaN or infinity, got shape {found.shape}")
    if (np.diag(found) <= 0).any() or not np.allclose(found, found.T, rtol=0.0, atol=1e-9 * np.abs(found).max()):
        raise ValueError("cov must be symmetric with positive variances")
    return (found + found.T) / 2.0


def _stated_above(
    y: FloatArray, covariance: FloatArray, noise: FloatArray, level: float
) -> tuple[NDArray[np.bool_], float]:
    """Which i are stated to lie above which j, and the critical value of the last step."""
    k, variance = y.size, np.diag(covariance)
    square = variance[:, None] + variance - 2.0 * covariance + variance.max() * np.eye(k)
    if (square <= _FLOOR * variance.max()).any():
        raise ValueError("two effects share their whole error: their difference has no standard error")
    scale = (1.0 - np.eye(k)) / np.sqrt(square)
    ratio = (y[:, None] - y) * scale
    above, critical = np.zeros((k, k), bool), float("nan")
    while k > 1:
        largest = _largest(np.ascontiguousarray(noise), np.where(above, 0.0, scale))
        critical = float(np.quantile(largest, level, method="higher"))
        stated = ratio > critical
        if (stated == above).all():
            break
        above = stated
    return above, critical


@njit(cache=True)
def _largest(noise, scale):  # type: ignore[no-untyped-def]
    """By draw: the largest scaled difference over ordered pairs."""
    out = np.zeros(noise.shape[0])
    for d in range(noise.shape[0]):
        best = 0.0
        for i in range(scale.shape[0]):
            own = noise[d, i]
            for j in range(scale.shape[0]):
                best = max(best, (own - noise[d, j]) * scale[i, j])
        out[d] = best
    return out
