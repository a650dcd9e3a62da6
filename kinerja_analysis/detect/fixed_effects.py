"""Linear contrasts after removing whole effects of raters (and ratees), with errors clustered by rater."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """One coefficient per column; NaN with a ``reason`` ("collinear", "too_few_clusters") where there are none."""

    coef: Floats
    se: Floats
    lower: Floats
    upper: Floats
    p: Floats
    n: int
    n_clusters: int
    reason: str = ""
    method: str = "fixed_effects_cluster"


def residual(values: Floats, groups: Sequence[Ints], weight: Floats | None = None) -> Floats:
    """Return what is left of ``values`` after (weighted) least squares on the indicators of all ``groups``.

    Parameters
    ----------
    values : ndarray, shape (n,)
    groups : sequence of ndarray of int, shape (n,)
        Codes 0..k-1, every code used.
    weight : ndarray, shape (n,), optional
        Positive.

    Examples
    --------
    >>> residual(np.array([1.0, 3, 10, 20]), [np.array([0, 0, 1, 1])]).tolist()
    [-1.0, 1.0, -5.0, 5.0]
    """
    first, w = groups[0], np.ones(values.size) if weight is None else weight
    if len(groups) == 1:
        mean = np.bincount(first, weights=w * values) / np.bincount(first, weights=w)
        return values - mean[first]
    from scipy.sparse import csr_array, hstack
    from scipy.sparse.linalg import lsmr

    rows, root = np.arange(values.size), np.sqrt(w)
    blocks = []
    for group in groups:
        scale = 1 / np.sqrt(np.bincount(group, weights=w))
        blocks.append(csr_array((root * scale[group], (rows, group)), shape=(values.size, scale.size)))
    system = hstack(blocks, format="csr")
    found = lsmr(system, root * values, atol=1e-9, btol=1e-9, maxiter=5000)
    return np.asarray(values - (system @ found[0]) / root)


def fixed_effects(
    y: Floats, x: Floats, groups: Sequence[Ints], cluster: Ints, *, level: float = 0.95, weight: Floats | None = None
) -> LinearFit:
    """Regress ``y`` on the columns of ``x`` with a free effect for every code of every group.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    groups : sequence of ndarray of int, shape (n,)
        Codes of the effects removed; the first may be nested in ``cluster``.
    cluster : ndarray of int, shape (n,)
        Codes of independent clusters.
    level : float
    weight : ndarray, shape (n,), optional
        Positive.

    Returns
    -------
    LinearFit
        Sandwich of the cluster sums of scores, times G/(G−1) · (n−1)/(n−k) with k counting the columns and the
        effects of all groups but those nested in the clusters; t(G−1), where G counts the clusters in which x
        still varies.

    Examples
    --------
    Within each rater the second ratee gets 2, 4, 3 and 3 more: the mean difference is 3.

    >>> y = np.array([0.0, 2, 5, 9, 1, 4, 7, 10])
    >>> rater = np.repeat(np.arange(4), 2)
    >>> fit = fixed_effects(y, np.tile([[0.0], [1.0]], (4, 1)), [rater], rater)
    >>> round(float(fit.coef[0]), 6), fit.n_clusters
    (3.0, 4)
    """
    from scipy.special import stdtr, stdtrit

    n, p = x.shape
    w = np.ones(n) if weight is None else weight
    missing = np.full(p, math.nan)
    left = np.column_stack([residual(column, groups, weight) for column in x.T])
    size = np.sqrt((left**2).sum(axis=0))
    scale = np.maximum(np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=0)), 1e-300)
    if n == 0 or (size / scale < 1e-6).any() or np.linalg.matrix_rank(left / size) < p:
        return LinearFit(missing, missing, missing, missing, missing, n, 0, "collinear")
    carrying = np.unique(cluster[(np.abs(left / size) > 1e-9).any(axis=1)])
    if carrying.size < 2:
        return LinearFit(missing, missing, missing, missing, missing, n, carrying.size, "too_few_clusters")
    heavy = left * w[:, None]
    bread = np.linalg.inv(left.T @ heavy)
    rest = residual(y, groups, weight)
    coef = bread @ (heavy.T @ rest)
    error = rest - left @ coef
    score = np.zeros((int(cluster.max()) + 1, p))
    np.add.at(score, cluster, heavy * error[:, None])
    used = p + sum(int(g.max()) for g in groups if not _nested(g, cluster))
    factor = carrying.size / (carrying.size - 1) * (n - 1) / max(n - used - 1, 1)
    se = np.sqrt(np.diag(bread @ score.T @ score @ bread) * factor)
    t = float(stdtrit(carrying.size - 1, 0.5 + level / 2))
    z = np.divide(coef, se, out=np.full(p, math.inf), where=se > 0)
    tail = 2 * stdtr(carrying.size - 1, -np.abs(z))
    return LinearFit(coef, se, coef - t * se, coef + t * se, tail, n, carrying.size)


def _nested(inner: Ints, outer: Ints) -> bool:
    """Tell whether every inner code lies in one outer code."""
    low = np.full(int(inner.max()) + 1, np.iinfo(np.intp).max)
    high = np.full(int(inner.max()) + 1, -1)
    np.minimum.at(low, inner, outer)
    np.maximum.at(high, inner, outer)
    return bool((low[high >= 0] == high[high >= 0]).all())
