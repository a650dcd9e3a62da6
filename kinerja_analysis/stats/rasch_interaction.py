"""Interaction (bias) of two facets of a fitted many-facet Rasch model: FACETS' Tables 13 and 14."""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from ._arrays import group_sum
from ._rasch_fit import EXTREME_SCORE, Chi2, chi2
from ._rasch_fitted import Fitted
from ._rasch_kernels import cell_pass
from .many_facet_rasch import ManyFacetRasch
from .rasch_residuals import cells_of
from .shrinkage import adjust

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_CLUSTERS, _TURNS = 5, 100


@dataclass(frozen=True, slots=True)
class Interaction:
    """Bias of every cell of two facets, in the order of (first, second) level. **Positive = higher scores** than the
    main effects explain.

    Attributes
    ----------
    first, second : ndarray of int
        Levels of the two facets.
    count, observed, expected : ndarray
        Ratings; observed and expected sum of category numbers (from 0), weighted.
    difference : ndarray
        (observed − expected)/Σ weights: score points a rating.
    bias, se, t, df, p : ndarray
        Logits added to η, with all main effects held; 1/√ΣwV; bias/se; count − 1; two-sided, as FACETS.
    se_cluster, p_cluster : ndarray
        Clustered by ratee, with ratees − 1 degrees of freedom; NaN with fewer than five ratees.
    p_adjusted : ndarray
        Benjamini–Hochberg over all cells, of `p_cluster` where there is one, else of `p`.
    infit, outfit : ndarray
        Of the cell's ratings with its bias.
    extreme : ndarray of bool
        All ratings at one end: the score was moved by .3.
    chi2 : Chi2
        Σ t² on as many degrees of freedom as cells (conservative): "no interaction at all".
    n : int
        Cells.
    method, reason : str
        Reason "" | ``empty``.
    """

    facets: tuple[str, str]
    first: IntArray
    second: IntArray
    count: FloatArray
    observed: FloatArray
    expected: FloatArray
    difference: FloatArray
    bias: FloatArray
    se: FloatArray
    t: FloatArray
    df: FloatArray
    p: FloatArray
    se_cluster: FloatArray
    p_cluster: FloatArray
    p_adjusted: FloatArray
    infit: FloatArray
    outfit: FloatArray
    extreme: NDArray[np.bool_]
    chi2: Chi2
    n: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """One row a cell: the columns of FACETS' Table 13 and the clustered and adjusted ones."""
        import pandas as pd

        names = [name for name in _COLUMNS if name not in ("first", "second")]
        table = {self.facets[0]: self.first, self.facets[1]: self.second}
        return pd.DataFrame(table | {name: getattr(self, name) for name in names})

    def contrasts(self) -> "pd.DataFrame":
        """Every two levels of the first facet on the same level of the second: FACETS' Table 14.

        Columns: level of the second facet, the two of the first, difference of bias, its SE, t, Welch degrees of
        freedom, p and p adjusted over all contrasts (Benjamini–Hochberg).
        """
        import pandas as pd

        one, two = self._pairs()
        variance = self.se[one] ** 2 + self.se[two] ** 2
        gap = self.bias[one] - self.bias[two]
        t = gap / np.sqrt(variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            df = variance**2 / (self.se[one] ** 4 / self.df[one] + self.se[two] ** 4 / self.df[two])
        p = _two_sided(t, df)
        name, other = self.facets
        return pd.DataFrame(
            {
                other: self.second[one], f"{name}_1": self.first[one], f"{name}_2": self.first[two], "contrast": gap,
                "se": np.sqrt(variance), "t": t, "df": df, "p": p, "p_adjusted": adjust(p),
            }
        )  # fmt: skip

    def _pairs(self) -> tuple[IntArray, IntArray]:
        order = np.lexsort((self.first, self.second))
        level = self.second[order]
        bounds = np.concatenate([[0], np.flatnonzero(level[1:] != level[:-1]) + 1, [level.size]])
        parts = [np.triu_indices(b - a, 1) for a, b in itertools.pairwise(bounds)]
        pairs = [(order[a + i], order[a + j]) for a, (i, j) in zip(bounds, parts, strict=False)]
        none = np.zeros(0, np.int64)
        return (
            np.concatenate([none, *(pair[0] for pair in pairs)]),
            np.concatenate([none, *(pair[1] for pair in pairs)]),
        )


_COLUMNS = (
    "first", "second", "count", "observed", "expected", "difference", "bias", "se", "t", "df", "p", "se_cluster",
    "p_cluster", "p_adjusted", "infit", "outfit", "extreme",
)  # fmt: skip


def facet_interaction(fit: ManyFacetRasch, f: str, g: str) -> Interaction:
    """Bias of each cell of two facets, all main effects held at their estimates.

    Parameters
    ----------
    fit : ManyFacetRasch
    f, g : str
        Names of two different facets.

    Returns
    -------
    Interaction
        One entry for each pair of levels with calibrated ratings.

    Raises
    ------
    ValueError
        For an unknown facet, the same facet twice, or a fit without estimates.

    Notes
    -----
    The bias of a cell solves Σw·(x − E(η + b)) = 0 (FACETS' bias analysis; Linacre 1989). Ratings of one ratee go
    together, so that `p` is too small wherever a cell holds several ratings of a pair: `p_cluster` is for inference.
    For cells of ratees with raters the pair effect *is* the bias.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> facet_interaction(fit, "rater", "item").n
    6
    """
    inside = fit.inside
    if inside is None:
        raise ValueError("the model has no estimates: " + fit.reason)
    return _cells(inside, (f, g), *cells_of(inside, f, g))


def _cells(fit: Fitted, facets: tuple[str, str], first: IntArray, second: IntArray, cell: IntArray) -> Interaction:
    rows = fit.rows
    size = first.size
    top = group_sum(rows.weight * fit.engine.steps[rows.group], cell, size)
    observed = group_sum(rows.weight * rows.category, cell, size)
    expected = group_sum(rows.weight * fit.expected, cell, size)
    count = np.bincount(cell, minlength=size).astype(np.float64)
    extreme = (observed <= 0) | (observed >= top)
    target = np.clip(observed, EXTREME_SCORE, top - EXTREME_SCORE)
    bias, sums = np.zeros(size), np.zeros((size, 5))
    for _ in range(_TURNS):
        sums = np.zeros((size, 5))
        cell_pass(
            rows.category, rows.weight, rows.group, cell, fit.eta, bias, fit.point.tau, fit.engine.steps, sums
        )
        step = np.clip((sums[:, 0] + target - observed) / np.maximum(sums[:, 1], 1e-12), -1.0, 1.0)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
        bias = bias + step
    se = 1.0 / np.sqrt(sums[:, 1])
    t, df = bias / se, count - 1.0
    p = _two_sided(t, df)
    se_cluster, ratees = _clustered(fit, cell, size, sums[:, 1])
    p_cluster = np.where(ratees >= _CLUSTERS, _two_sided(bias / se_cluster, ratees - 1.0), np.nan)
    se_cluster = np.where(ratees >= _CLUSTERS, se_cluster, np.nan)
    return Interaction(
        facets, first, second, count, observed, expected, (observed - expected) / sums[:, 4], bias, se, t, df, p,
        se_cluster, p_cluster, adjust(np.where(np.isnan(p_cluster), p, p_cluster)), sums[:, 2] / sums[:, 1],
        sums[:, 3] / sums[:, 4], extreme, chi2(float((t**2).sum()), size), size, "main effects held", "",
    )  # fmt: skip


def _clustered(fit: Fitted, cell: IntArray, size: int, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Errors from the sums of residuals by ratee inside each cell, and the number of ratees."""
    rows = fit.rows
    who = fit.codes(0)
    key, place = np.unique(cell * rows.n_ratees + who, return_inverse=True)
    wy = rows.weight * (rows.category - fit.expected)
    total = np.bincount(place, wy, key.size)
    own = key // rows.n_ratees
    ratees = np.bincount(own, minlength=size).astype(np.float64)
    mean = np.bincount(own, total, size) / ratees
    square = np.bincount(own, (total - mean[own]) ** 2, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(square * ratees / (ratees - 1.0)) / information, ratees


def _two_sided(t: FloatArray, df: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.where(df > 0, 2.0 * stdtr(np.maximum(df, 1.0), -np.abs(t)), np.nan)
