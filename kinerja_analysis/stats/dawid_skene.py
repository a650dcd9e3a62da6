"""Latent classes behind several raters' categories (Dawid & Skene 1979): a descriptive check for nominal ratings."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit

from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Prior = tuple[float, float, float]
_TINY, _GROUPS = 1e-6, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DawidSkene:
    """Classes, their shares, and each rater's error matrix.

    `p` (classes) with `p_se`, `lower`, `upper` (95 %; items left out in up to 50 groups, log-odds scale); `error`
    (raters, true class, category given), rows sum to 1, NaN rows where a rater or a class has no rating; `posterior`
    (items, classes). `accuracy` is each rater's probability of the right category, over the classes' shares.
    """

    p: Floats
    p_se: Floats
    lower: Floats
    upper: Floats
    error: Floats
    accuracy: Floats
    posterior: Floats
    categories: Floats
    loglik: float
    iterations: int
    converged: bool
    n: int
    n_raters: int
    method: str = "em"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        names = [f"{c:g}" for c in self.categories]
        return frame(
            block("p", self.p, level=names, se=self.p_se, lower=self.lower, upper=self.upper),
            block("accuracy", self.accuracy),
            block("loglik", self.loglik),
        )


def dawid_skene(
    table: ArrayLike, *, rater: ArrayLike | None = None, prior: Prior = (0.0, 0.0, 0.0),
    tolerance: float = 1e-10, iterations: int = 5000,
) -> DawidSkene:  # fmt: skip
    """Most likely true classes, their shares and the raters' error matrices.

    Parameters
    ----------
    table : array_like, shape (items, columns)
        Categories as numbers, NaN = not rated.
    rater : array_like of int, shape (columns,), optional
        Who gave each column; a rater may own several (repeated ratings). Default: one rater a column.
    prior : (float, float, float)
        Ratings added before looking: to each class, to each right answer, to each wrong one. Default none (maximum
        likelihood); (3, 4.8, 3.2/(classes − 1)) comes near a Bayesian fit with Dirichlet priors of that weight.
    tolerance, iterations : float, int
        EM stops when the log likelihood changes by less than this, relatively, or after so many steps.

    Returns
    -------
    DawidSkene
        `reason` is "", "empty", "one_level" (one category only), "not_identified" (no item has three ratings: the data
        cannot tell the raters' errors from the classes; the numbers are those of the start's mode), "few_triples" (less
        than half of the rated items have three: what is known hangs on few of them) or "no_convergence". With
        "not_identified" and "few_triples" there are no limits: leaving items out does not show how far shares are off.

    Raises
    ------
    ValueError
        On infinity, a table that is not two-dimensional, a wrong number of raters, or a negative prior.

    References
    ----------
    Dawid & Skene (1979), Applied Statistics 28:20. EM from the vote shares; ratings count as nominal.

    Examples
    --------
    >>> fit = dawid_skene([[1, 1, 1], [1, 1, 2], [2, 2, 2], [2, 2, 2]])
    >>> fit.p.round(3).tolist(), fit.posterior.argmax(axis=1).tolist()
    ([0.5, 0.5], [0, 0, 1, 1])
    """
    x = np.asarray(table, dtype=np.float64)
    if x.ndim != 2 or np.isinf(x).any():
        raise ValueError(f"table must have shape (items, columns) without infinity, got {x.shape}")
    owner = np.arange(x.shape[1]) if rater is None else np.unique(np.asarray(rater), return_inverse=True)[1]
    if owner.shape != (x.shape[1],):
        raise ValueError(f"rater must name {x.shape[1]} columns, got {owner.size}")
    if min(prior) < 0:
        raise ValueError("prior counts must not be negative")
    categories = np.unique(x[~np.isnan(x)])
    item, column = np.nonzero(~np.isnan(x))
    level = np.searchsorted(categories, x[item, column])
    raters, k = int(owner.max(initial=-1)) + 1, categories.size
    each = np.bincount(item, minlength=x.shape[0])
    if k < 2:
        return _nothing(each, raters, categories, "one_level" if k else "empty")
    count = sparse.csr_array(
        (np.ones(item.size), (item, owner[column] * k + level)), shape=(x.shape[0], raters * k)
    )
    votes = np.bincount(item * k + level, minlength=x.shape[0] * k).reshape(-1, k)
    found = _em(count, votes / np.maximum(each, 1)[:, None], prior, tolerance, iterations)
    thin = "not_identified" if each.max() < 3 else "few_triples" if 2 * (each > 2).sum() < (each > 0).sum() else ""
    reason = thin or ("" if found["converged"] else "no_convergence")
    se, lower, upper = np.full((3, k), math.nan) if thin else _jackknife(count, found, prior, tolerance)
    p = found["p"]
    right = found["error"][:, np.arange(k), np.arange(k)]
    known = np.isfinite(right) & (p > 0)
    accuracy = np.where(known, right, 0.0) @ p / np.maximum(known @ p, _TINY)
    return DawidSkene(
        **found, p_se=se, lower=lower, upper=upper, accuracy=np.where(known.any(axis=1), accuracy, math.nan),
        categories=categories, n=int((each > 0).sum()), n_raters=raters, reason=reason,
    )  # fmt: skip


def _em(count: sparse.csr_array, weight: Floats, prior: Prior, tolerance: float, iterations: int) -> dict[str, Any]:
    """Expectation and maximisation from these posterior classes; count is items × (rater, category)."""
    k = weight.shape[1]
    raters, rated = count.shape[1] // k, count.sum(axis=1) > 0
    weight = np.where(rated[:, None], weight, 0.0)
    last, step, gain = -math.inf, 0, math.inf
    known = prior[2] + (prior[1] - prior[2]) * np.eye(k)
    while gain >= tolerance and step < max(iterations, 1):
        step += 1
        p = (weight.sum(axis=0) + prior[0]) / (rated.sum() + k * prior[0])
        error = (count.T @ weight).T.reshape(k, raters, k).transpose(1, 0, 2) + known
        total = error.sum(axis=2, keepdims=True)
        error = np.divide(error, total, out=np.full(error.shape, math.nan), where=total > 0)
        log = np.log(np.maximum(np.nan_to_num(error, nan=1.0), 1e-300))
        joint = count @ log.transpose(0, 2, 1).reshape(raters * k, k) + np.log(np.maximum(p, 1e-300))
        top = joint.max(axis=1, keepdims=True)
        each = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
        weight = np.where(rated[:, None], np.exp(joint - each[:, None]), 0.0)
        loglik = float(each[rated].sum())
        gain, last = abs(loglik - last) / max(1.0, abs(loglik)), loglik
    posterior = np.where(rated[:, None], weight, math.nan)
    return {
        "p": p, "error": error, "posterior": posterior, "loglik": loglik, "iterations": step,
        "converged": gain < tolerance,
    }  # fmt: skip


def _jackknife(count: sparse.csr_array, found: dict[str, Any], prior: Prior, tolerance: float) -> Floats:
    """SE, lower and upper limit of the shares, (3, classes): items left out in groups, log-odds scale.

    Every fit starts from the posterior classes of all items, so that classes keep their names.
    """
    rated = np.flatnonzero(count.sum(axis=1) > 0)
    groups = min(rated.size, _GROUPS)
    label = np.arange(rated.size) % groups
    left = []
    for g in range(groups if groups > 1 else 0):
        keep = rated[label != g]
        left.append(_em(count[keep], found["posterior"][keep], prior, max(tolerance, 1e-8), 500)["p"])
    p, replicates = found["p"], np.array(left)
    ends = np.full((3, p.size), math.nan)
    for c in np.flatnonzero((groups > 1) & (p > _TINY) & (p < 1 - _TINY) & (replicates > _TINY).all(axis=0)):
        with np.errstate(divide="ignore"):
            odds, rest = math.log(p[c] / (1 - p[c])), np.log(replicates[:, c] / (1 - replicates[:, c]))
        se, lower, upper = unit_jackknife(odds, rest)
        ends[:, c] = se * p[c] * (1 - p[c]), expit(lower), expit(upper)
    return ends


def _nothing(each: NDArray[np.intp], raters: int, categories: Floats, reason: str) -> DawidSkene:
    """One category, or nothing at all: no errors to tell."""
    k = categories.size
    one, gone = np.ones(k), np.full(k, math.nan)
    posterior = np.where(each > 0, 1.0, math.nan)[:, None] * one
    return DawidSkene(
        p=one, p_se=gone, lower=gone, upper=gone, error=np.full((raters, k, k), math.nan),
        accuracy=np.full(raters, math.nan), posterior=posterior, categories=categories, loglik=math.nan,
        iterations=0, converged=True, n=int((each > 0).sum()), n_raters=raters, reason=reason,
    )  # fmt: skip
