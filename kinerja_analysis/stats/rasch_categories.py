"""How each category of a fitted many-facet Rasch model works: FACETS' Table 8."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rasch_fitted import Fitted
from ._rasch_kernels import category_shares
from .many_facet_rasch import ManyFacetRasch
from .rasch_tables import Table, inside_of, table

FloatArray = NDArray[np.float64]
_WIDE, _BISECTIONS = 40.0, 80


def category_statistics(fit: ManyFacetRasch) -> Table:
    """How each category works (Table 8), by step group.

    Columns: group, category (score), count, percent, cumulative, average_measure (mean η of the ratings in it) and
    its expected value, outfit (Σw·z²/Σw), threshold and threshold_se (Rasch–Andrich; NaN at the lowest), expected_at
    (η at which the expected score is the category, .25 from the ends), half_point (half a category below), thurstone
    (η at which this category or a higher one has probability .5), modal_from (η from which it is the most probable;
    −∞ at the lowest, NaN if never), peak (largest probability, percent).

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> category_statistics(fit)["category"].tolist()
    [0, 1, 2, 3]
    """
    inside = inside_of(fit)
    parts = [_group(fit, inside, int(g)) for g in np.flatnonzero(inside.engine.steps > 0)]
    return table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, fit.method)


def _group(fit: ManyFacetRasch, inside: Fitted, g: int) -> dict[str, NDArray[Any]]:
    rows, m = inside.rows, int(inside.engine.steps[g])
    own = np.flatnonzero(rows.group == g)
    k, w, eta = rows.category[own], rows.weight[own], inside.eta[own]
    P = category_shares(eta, inside.point.tau[g, :m]) * w[:, None]
    count = np.bincount(k, w, m + 1)
    V = np.maximum(inside.variance[own], 1e-300)
    z2 = w * (k - inside.expected[own]) ** 2 / V
    tau = inside.point.tau[g, :m]
    error = fit.thresholds_se[g] if isinstance(fit.thresholds_se, dict) else fit.thresholds_se
    category = inside.rows.scale.labels[g]
    shown = np.arange(m + 1.0)
    shown[0], shown[-1] = 0.25, m - 0.25
    grid = np.linspace(tau.min() - 6.0, tau.max() + 6.0, 2001)
    blank = np.array([np.nan])
    return {
        "group": np.full(m + 1, g), "category": category, "count": count, "percent": 100.0 * count / count.sum(),
        "cumulative": 100.0 * np.cumsum(count) / count.sum(), "average_measure": np.bincount(k, w * eta, m + 1) / count,
        "expected_measure": (P * eta[:, None]).sum(axis=0) / P.sum(axis=0), "outfit": np.bincount(k, z2, m + 1) / count,
        "threshold": np.concatenate([blank, tau]), "threshold_se": np.concatenate([blank, error]),
        "expected_at": _where(lambda eta: _mean(eta, tau), shown),
        "half_point": np.concatenate([blank, _where(lambda eta: _mean(eta, tau), np.arange(0.5, m))]),
        "thurstone": np.concatenate([blank, [_where(_tail(tau, j), np.array([0.5]))[0] for j in range(1, m + 1)]]),
        "modal_from": _modal(tau), "peak": 100.0 * category_shares(grid, tau).max(axis=0),
    }  # fmt: skip


def _mean(eta: FloatArray, tau: FloatArray) -> FloatArray:
    return np.asarray(category_shares(eta, tau) @ np.arange(tau.size + 1.0))


def _tail(tau: FloatArray, j: int) -> Any:
    return lambda eta: category_shares(eta, tau)[:, j:].sum(axis=1)


def _where(function: Any, target: FloatArray) -> FloatArray:
    """Where an increasing function reaches each target, by bisection."""
    low, high = np.full(target.size, -_WIDE), np.full(target.size, _WIDE)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = function(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _modal(tau: FloatArray) -> FloatArray:
    """η from which each category is the most probable; −∞ for the lowest, NaN for one that never is."""
    m = tau.size
    out = np.full(m + 1, -np.inf)
    total = np.concatenate([[0.0], np.cumsum(tau)])
    for k in range(m + 1):
        begin = max(((total[k] - total[j]) / (k - j) for j in range(k)), default=-np.inf)
        end = min(((total[j] - total[k]) / (j - k) for j in range(k + 1, m + 1)), default=np.inf)
        out[k] = begin if begin < end else np.nan
    return out
