"""Shrinkage of independent estimates, tests against a practical difference, and multiplicity."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

from ._arrays import vector
from ._record import Predictions, block, frame

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Adjustment = Literal["bh", "by", "holm", "bonferroni"]
_LEAST = 4
_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Empirical Bayes estimates.

    Attributes
    ----------
    n : int
        Number of estimates.
    value, se : ndarray
        Shrunken estimate and its posterior SD, widened for estimating the prior (Morris 1983).
    weight : ndarray
        Weight of the own estimate, 1 − B; the rest goes to `mean`.
    mean, between_var : float
        Estimated mean and variance of the true values.
    method, reason : str
        Reason ``too_few`` below four estimates: they are returned unshrunken, mean and variance NaN.
    """

    n: int
    value: FloatArray
    se: FloatArray
    weight: FloatArray
    mean: float
    between_var: float
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Shrunken values with 95 % limits, weights, mean and between variance."""
        half = _Z_95 * self.se
        return frame(
            block("value", self.value, se=self.se, lower=self.value - half, upper=self.value + half),
            block("weight", self.weight),
            block("mean", self.mean),
            block("between_var", self.between_var),
        )


def shrink(effect: ArrayLike, se: ArrayLike) -> Shrunken:
    """Shrink unshrunken estimates towards their mean by what their standard errors say.

    Parameters
    ----------
    effect, se : array of float, shape (k,)
        Estimates (not predictions of a random-effects model) and their standard errors.

    Returns
    -------
    Shrunken

    Raises
    ------
    ValueError
        If `effect` comes from `crossed_effects` (it is shrunken already), a standard error is not
        positive, or the arrays are malformed.

    Notes
    -----
    Morris (1983), J. Am. Stat. Assoc. 78:47, one common mean: the between variance A solves
    Σ(y − μ)²/(se² + A) = k − 1, at least 0; B = (k−3)/(k−1) · se²/(se² + A); with equal standard errors
    this is the James-Stein estimator towards the mean. A zero standard error (a team in which everyone has
    the same rating) would get all the weight, hence the refusal.

    Examples
    --------
    Efron & Morris (1977), batting averages of 18 players after 45 times at bat:

    >>> hits = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]) / 45
    >>> mean = hits.mean()
    >>> found = shrink(hits, np.full(18, np.sqrt(mean * (1 - mean) / 45)))
    >>> found.value.round(4)[[0, -1]].tolist(), round(float(found.weight[0]), 4)
    ([0.2939, 0.2422], 0.2117)
    """
    refuse_predictions(effect)
    y = vector(effect, "effect")
    V = vector(se, "se", y.size) ** 2
    if (np.asarray(se) <= 0).any():
        raise ValueError("every standard error must be positive; leave single-value teams out and count them")
    k = y.size
    method = "empirical Bayes, Morris (1983)"
    if k < _LEAST:
        nan = float("nan")
        return Shrunken(k, y.copy(), np.sqrt(V), np.ones(k), nan, nan, method, "too_few" if k else "empty")
    prior = normal_prior(y, V, np.ones(k))
    share = prior.W / prior.W.sum()
    variance = V * (1.0 - (1.0 - share) * prior.B) + prior.widened
    value = prior.mean + (1.0 - prior.B) * (y - prior.mean)
    return Shrunken(k, value, np.sqrt(variance), 1.0 - prior.B, prior.mean, prior.A, method, "")


def refuse_predictions(effect: ArrayLike) -> None:
    """Raise for effects that a model has shrunken already.

    Examples
    --------
    >>> refuse_predictions([0.1, 0.2])
    """
    if isinstance(effect, Predictions):
        raise ValueError("these effects are predictions and already shrunken; pass unshrunken estimates")


class NormalPrior(NamedTuple):
    """Between variance A, mean, weights 1/(V + A), shrinkage B, and what estimating A adds to posterior variances."""

    A: float
    mean: float
    W: FloatArray
    B: FloatArray
    widened: FloatArray


def normal_prior(y: FloatArray, V: FloatArray, x: FloatArray) -> NormalPrior:
    """Morris (1983) for independent y ~ N(θ, V), θ ~ N(mean·x, A): x is 1, or what a rotation made of it.

    Examples
    --------
    >>> normal_prior(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.full(5, 0.5), np.ones(5)).mean
    2.0
    """
    k, A = y.size, _between_variance(y, V, x)
    W = 1.0 / (V + A)
    mean = float(W * x @ y / (W @ x**2))
    B = (k - 3) / (k - 1) * V * W
    widened = 2.0 / (k - 3) * B**2 * (float(W @ V / W.sum()) + A) * W * (y - mean * x) ** 2
    return NormalPrior(A, mean, W, B, widened)


def _between_variance(y: FloatArray, V: FloatArray, x: FloatArray) -> float:
    """Root of Σ(y − μ_A·x)²/(V + A) = k − 1, which falls in A; 0 if there is none."""
    from scipy.optimize import brentq

    def excess(A: float) -> float:
        W = 1.0 / (V + A)
        return float(W @ (y - W * x @ y / (W @ x**2) * x) ** 2) - (y.size - 1)

    if excess(0.0) <= 0.0:
        return 0.0
    upper = float(((y - x @ y / (x @ x) * x) ** 2).sum())
    while excess(upper) > 0.0:
        upper *= 2.0
    return float(brentq(excess, 0.0, upper, xtol=1e-14 * upper, rtol=1e-12))


def minimal_effect_test(
    effect: ArrayLike, se: ArrayLike, delta: float, df: ArrayLike | None = None
) -> FloatArray:
    """p-values against the hypothesis |true effect| ≤ delta.

    Parameters
    ----------
    effect, se : array of float, shape (k,)
        *Unshrunken* estimates and standard errors; a NaN in either gives a NaN.
    delta : float
        Practical difference, not negative; 0 gives the ordinary two-sided test.
    df : float or array of float, optional
        Degrees of freedom of the standard errors; default normal.

    Returns
    -------
    ndarray, shape (k,)
        P(|T| ≥ |effect|) with the true effect at the boundary, the worst case of the hypothesis.

    Raises
    ------
    ValueError
        If shapes differ, a value is infinite, `effect` is shrunken, or se, df or delta are out of range.

    Examples
    --------
    >>> minimal_effect_test([1.96, 1.0], [1.0, 0.2], 0.0).round(3).tolist()
    [0.05, 0.0]
    >>> minimal_effect_test([0.25 + 1.645 * 0.1], [0.1], 0.25).round(3).tolist()
    [0.05]
    """
    refuse_predictions(effect)
    y, s = np.asarray(effect, dtype=np.float64), np.asarray(se, dtype=np.float64)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"effect and se must be vectors of one length, got {y.shape} and {s.shape}")
    if np.isinf(y).any() or np.isinf(s).any() or (s <= 0).any():
        raise ValueError("effect must be finite and se positive (NaN where there is no estimate)")
    if not (np.isfinite(delta) and delta >= 0):
        raise ValueError("delta must be finite and not negative")
    near, far = (np.abs(y) - delta) / s, (np.abs(y) + delta) / s
    if df is None:
        return ndtr(-near) + ndtr(-far)
    freedom = np.asarray(df, dtype=np.float64)
    if (freedom <= 0).any():
        raise ValueError("df must be positive")
    return stdtr(freedom, -near) + stdtr(freedom, -far)


def adjust(p: ArrayLike, method: Adjustment = "bh") -> FloatArray:
    """Adjusted p-values of one family.

    Parameters
    ----------
    p : array of float, shape (k,)
        NaN stands for a test that was not made: it stays NaN and does not count in the family.
    method : {"bh", "by", "holm", "bonferroni"}
        False discovery rate (Benjamini-Hochberg 1995; Benjamini-Yekutieli 2001 under any dependence) or
        family-wise error (Holm 1979; Bonferroni).

    Returns
    -------
    ndarray, shape (k,)

    Raises
    ------
    ValueError
        For a p-value outside [0, 1] or an unknown method.

    Examples
    --------
    >>> adjust([0.01, 0.04, float("nan"), 0.03]).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise ValueError("p must be a vector of values in [0, 1] (NaN where no test was made)")
    m = values.size - int(np.isnan(values).sum())
    if method == "bonferroni":
        return np.minimum(m * values, 1.0)
    order = np.argsort(values)[:m]  # NaN come last; equal values get equal results in any order
    ranked, rank, out = values[order], np.arange(1, m + 1), np.full(values.size, np.nan)
    if method in ("bh", "by"):
        factor = float(np.sum(1.0 / rank)) if method == "by" else 1.0
        out[order] = np.minimum.accumulate((factor * m / rank * ranked)[::-1])[::-1]
    elif method == "holm":
        out[order] = np.maximum.accumulate((m - rank + 1) * ranked)
    else:
        raise ValueError(f"unknown method {method!r}; one of bh, by, holm, bonferroni")
    return np.minimum(out, 1.0)


def bayes_fdr(prob_null: ArrayLike, q: float = 0.10) -> NDArray[np.bool_]:
    """The largest set whose mean posterior probability of being null is at most `q`.

    Parameters
    ----------
    prob_null : array of float, shape (k,)
        Posterior probability that the hypothesis is true; NaN is never taken.
    q : float
        Bayesian false discovery rate.

    Returns
    -------
    ndarray of bool, shape (k,)

    Raises
    ------
    ValueError
        For probabilities or `q` outside [0, 1].

    Examples
    --------
    >>> bayes_fdr([0.01, 0.6, 0.12, 0.15], 0.10).tolist()
    [True, False, True, True]
    """
    values = np.asarray(prob_null, dtype=np.float64)
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise ValueError("prob_null must be a vector of values in [0, 1] (NaN where there is none)")
    if not 0 <= q <= 1:
        raise ValueError("q must lie in [0, 1]")
    taken = np.zeros(values.size, dtype=bool)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    mean = np.cumsum(values[order]) / np.arange(1, order.size + 1)
    taken[order[: int(np.sum(mean <= q * (1 + 1e-12)))]] = True  # a sum of equal values may round upwards
    return taken
