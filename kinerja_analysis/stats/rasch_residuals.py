"""Scores less what a fitted many-facet Rasch model expects of them, by cells of two facets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._rasch_fitted import Fitted
from ._rasch_kernels import category_shares
from .many_facet_rasch import ManyFacetRasch
from .rasch_tables import inside_of

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Residuals:
    """What is left of the scores in every cell of two facets, in the order of (first, second) level.

    Attributes
    ----------
    first, second : ndarray of int, shape (n,)
        Levels of the two facets.
    count : ndarray, shape (n,)
        Ratings: sum of their weights.
    observed, expected : ndarray, shape (n,)
        Mean score and its expectation.
    slope : ndarray, shape (n,)
        Score points by which a logit moves the expected mean: (observed − expected)/slope is the cell's bias in
        logits, to first order.
    n : int
        Cells.
    """

    facets: tuple[str, str]
    first: IntArray
    second: IntArray
    count: FloatArray
    observed: FloatArray
    expected: FloatArray
    slope: FloatArray
    n: int
    method: str = "main effects held"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """One row a cell: the two levels, then the other attributes."""
        import pandas as pd

        names = ("count", "observed", "expected", "slope")
        levels = {self.facets[0]: self.first, self.facets[1]: self.second}
        return pd.DataFrame(levels | {name: getattr(self, name) for name in names})


def cell_residuals(fit: ManyFacetRasch, f: str, g: str) -> Residuals:
    """What the main effects leave of the scores in every cell of two facets.

    The model knows the ends of the scale: a lenient rater adds little to a score that is near the top without him,
    which a linear model takes for an interaction. Cells whose ratings were not calibrated (elements with all ratings
    at one end) are absent: they tell nothing of an interaction.

    Parameters
    ----------
    fit : ManyFacetRasch
    f, g : str
        Names of two different facets.

    Raises
    ------
    ValueError
        For an unknown facet, the same facet twice, or a fit without estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> left = cell_residuals(many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item}), "ratee", "rater")
    >>> left.n, left.to_frame().columns[2:4].tolist()
    (10, ['count', 'observed'])
    """
    inside = inside_of(fit)
    first, second, cell = cells_of(inside, f, g)
    columns = (np.ones(inside.rows.n), *_points(inside))
    count, *sums = (np.bincount(cell, inside.rows.weight * c, first.size).astype(np.float64) for c in columns)
    observed, expected, slope = (total / count for total in sums)
    return Residuals((f, g), first, second, count, observed, expected, slope, first.size)


def cells_of(inside: Fitted, f: str, g: str) -> tuple[IntArray, IntArray, IntArray]:
    """Levels of every cell of two facets that has ratings, and the cell of every calibrated rating.

    Raises
    ------
    ValueError
        For an unknown facet, or the same facet twice.
    """
    names = inside.rows.ratings.names
    if f == g or f not in names or g not in names:
        raise ValueError(f"{f!r} and {g!r} must be two different facets among {names}")
    one, two = names.index(f), names.index(g)
    width = inside.rows.ratings.sizes[two]
    key, cell = np.unique(inside.codes(one) * width + inside.codes(two), return_inverse=True)
    first, second = np.divmod(key, width)
    return first, second, cell.astype(np.int64)


def _points(inside: Fitted) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Score of every rating, what is expected, and the points by which a logit moves that: Cov(points, category)."""
    rows = inside.rows
    score, expected, slope = np.zeros(rows.n), np.zeros(rows.n), np.zeros(rows.n)
    for group in np.flatnonzero(inside.engine.steps > 0):
        own = np.flatnonzero(rows.group == group)
        labels = rows.scale.labels[group].astype(np.float64)
        shares = category_shares(inside.eta[own], inside.point.tau[group, : labels.size - 1])
        score[own], expected[own] = labels[rows.category[own]], shares @ labels
        slope[own] = shares @ (labels * np.arange(labels.size)) - expected[own] * inside.expected[own]
    return score, expected, slope
