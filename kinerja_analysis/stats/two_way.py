"""Severity of raters from a linear model on pair means, with standard errors clustered by ratee."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ._arrays import codes, vector
from ._graph import IntArray, PairGraph, pair_graph
from ._laplacian import RaterLaplacian
from ._record import Block, block, frame
from ._sandwich import Variance, cluster_variance

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class TwoWayEffects:
    """Severity by rater code. **Positive = more severe** (lower scores), in the unit of the scores.

    Attributes
    ----------
    n : int
        Distinct (ratee, rater) pairs.
    effects, effects_se, df : ndarray
        Severity relative to the unweighted mean of the rater's linked component, its ratee-cluster
        standard error and Satterthwaite degrees of freedom. *Unshrunken.*
    effects_se_model : ndarray
        Standard error under independent pair errors of one variance, with `df_residual`.
    n_ratees, n_shared : ndarray of int
        Ratees of the rater, and those that somebody else rates too.
    component : ndarray of int
        Linked component of the rater; -1 without ratings.
    within_ratee, within_ratee_se, within_ratee_df : ndarray
        Mean over the rater's shared ratees of (mean score by the others − own score), its standard error
        over ratees and n_shared − 1: severity against the very raters who rate the same employees. NaN
        without a shared ratee; the error also with one, or if all differences are equal.
    sd_residual, df_residual : float, int
        SD of a pair mean around ratee + rater, and its degrees of freedom.
    rater_reason : ndarray of str
        Why a rater has no `effects`: ``no_ratings``, ``alone_in_component``; or no standard error:
        ``saturated`` (no residual degrees of freedom), ``zero_residual`` (the model fits exactly). Else "".
    method, reason : str
        Reason "" | ``empty`` | ``not_identified`` (no rater is compared with another).
    """

    n: int
    effects: FloatArray
    effects_se: FloatArray
    df: FloatArray
    effects_se_model: FloatArray
    n_ratees: IntArray
    n_shared: IntArray
    component: IntArray
    within_ratee: FloatArray
    within_ratee_se: FloatArray
    within_ratee_df: FloatArray
    sd_residual: float
    df_residual: int
    rater_reason: NDArray[np.str_]
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Both estimands by rater with 95 % limits, and the residual SD."""
        return frame(
            _with_limits("severity", self.effects, self.effects_se, self.df),
            _with_limits("within_ratee", self.within_ratee, self.within_ratee_se, self.within_ratee_df),
            block("n_ratees", self.n_ratees),
            block("sd_residual", self.sd_residual),
        )


def _with_limits(name: str, value: FloatArray, se: FloatArray, df: FloatArray) -> Block:
    half = stdtrit(df, 0.975) * se
    return block(name, value, se=se, lower=value - half, upper=value + half)


def two_way_effects(
    y: ArrayLike, ratee: ArrayLike, rater: ArrayLike, *, component: ArrayLike | None = None
) -> TwoWayEffects:
    """Severity of every rater: y = ratee − severity + error on pair means, ratees fixed.

    **Sign: positive = more severe.** A rater who gives every ratee one point less has severity + 1.

    Parameters
    ----------
    y : array of float, shape (n,)
        Scores; several scores of one pair (criteria) are averaged first.
    ratee, rater : array of int, shape (n,)
        Codes from 0, separate numberings, without self ratings.
    component : array of int, shape (raters,), optional
        `LinkageRecord.component_rater`, only to number the components alike; it must be the partition that
        the pairs form.

    Returns
    -------
    TwoWayEffects

    Raises
    ------
    ValueError
        For malformed arrays or a `component` that is not the pairs' own.

    Notes
    -----
    Severities sum to zero inside each linked component: nothing is assumed about differences between
    components, and a constant added to all scores of one changes none of them. The standard error is the
    CR2 sandwich with ratees as clusters; directions without a residual of their own (a rater of a single
    ratee) take the pooled residual variance. Ratees are eliminated; components of up to 3,000 raters are
    solved exactly, larger ones by conjugate gradients with standard errors by random projection
    (relative error about 10 %).

    Examples
    --------
    Three raters of the same four employees, the second one point stricter than the others:

    >>> y = [5, 4, 5, 4, 3, 4, 3, 2, 3, 4, 3, 4]
    >>> found = two_way_effects(y, np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4))
    >>> found.effects.round(3).tolist()
    [-0.333, 0.667, -0.333]
    >>> found.within_ratee.round(3).tolist()
    [-0.5, 1.0, -0.5]
    """
    score = vector(y, "y")
    who, by = codes(ratee, "ratee", score.size), codes(rater, "rater", score.size)
    graph = pair_graph(who, by)
    if not score.size:
        return _empty()
    label = _labels(graph, component)
    mean = np.bincount(graph.row_pair, score) / np.bincount(graph.row_pair)
    laplacian = RaterLaplacian(graph)
    centred = _inside_ratee(graph, mean)
    effect = _solve(graph, laplacian, centred)
    residual = centred - _inside_ratee(graph, effect[graph.rater])
    nodes = int((graph.ratings_per_ratee > 0).sum() + (graph.ratees_per_rater > 0).sum())
    df_residual = graph.ratee.size - nodes + graph.n_components
    sigma2 = float(residual @ residual) / df_residual if df_residual else float("nan")
    pieces = cluster_variance(graph, laplacian, residual)
    se, df, se_model = _standard_errors(pieces, sigma2, df_residual)
    shared = np.bincount(graph.rater[graph.ratings_per_ratee[graph.ratee] > 1], minlength=graph.n_raters)
    scale = float(np.abs(centred).max(initial=0.0))
    without = "zero_residual" if df_residual else "saturated"
    reasons = _reasons(graph, laplacian, se > _NOTHING * scale, without)
    unknown = (reasons == "no_ratings") | (reasons == "alone_in_component")
    within, within_se = _within_ratee(graph, mean)
    within_se[~(within_se > _NOTHING * scale)] = np.nan
    return TwoWayEffects(
        n=int(graph.ratee.size),
        effects=np.where(unknown, np.nan, -effect),
        effects_se=np.where(reasons != "", np.nan, se),
        df=np.where(reasons != "", np.nan, df),
        effects_se_model=np.where(reasons != "", np.nan, se_model),
        n_ratees=graph.ratees_per_rater,
        n_shared=shared,
        component=label,
        within_ratee=within,
        within_ratee_se=within_se,
        within_ratee_df=np.where(shared > 1, shared - 1.0, np.nan),
        sd_residual=float(np.sqrt(sigma2)),
        df_residual=int(df_residual),
        rater_reason=reasons,
        method="linear fixed effects on pair means; CR2 by ratee, Satterthwaite"
        + ("; large components by random projection" if pieces.sketched else ""),
        reason="not_identified" if unknown.all() else "",
    )


def _labels(graph: PairGraph, component: ArrayLike | None) -> IntArray:
    """The caller's numbering of the components, checked, or our own."""
    own = graph.component_rater
    if component is None:
        return own
    label = np.asarray(component)
    if label.shape != own.shape or label.dtype.kind not in "iu":
        raise ValueError(f"component must hold {own.size} integers, one for each rater code")
    both = np.unique(np.column_stack([own, label])[own >= 0], axis=0)
    if not both.shape[0] == np.unique(both[:, 0]).size == np.unique(both[:, 1]).size:
        raise ValueError("component is not the partition that the pairs form")
    return label.astype(np.int64)


def _inside_ratee(graph: PairGraph, values: FloatArray) -> FloatArray:
    """Pair values minus the mean of their ratee."""
    mean = np.bincount(graph.ratee, values) / np.maximum(graph.ratings_per_ratee, 1)
    return values - mean[graph.ratee]


def _solve(graph: PairGraph, laplacian: RaterLaplacian, centred: FloatArray) -> FloatArray:
    """Additive rater effects, mean zero in each component."""
    load: FloatArray = np.bincount(graph.rater, weights=centred, minlength=graph.n_raters).astype(float)
    effect = np.zeros(graph.n_raters)
    for component, raters in enumerate(laplacian.raters):
        if raters.size > 1:
            effect[raters] = laplacian.solve(component, load[raters, None])[:, 0]
    return effect


def _standard_errors(
    pieces: Variance, sigma2: float, df_residual: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cluster SE, its degrees of freedom, and the SE under independent errors of one variance."""
    with_blind = pieces.blind > 1e-8 * np.maximum(pieces.leverage, 1e-300)
    pooled = np.where(with_blind, pieces.blind * sigma2, 0.0)
    expected = pieces.trace + np.where(with_blind, pieces.blind, 0.0)
    spread = pieces.trace2 + np.where(with_blind, pieces.blind, 0.0) ** 2 / max(df_residual, 1)
    df = np.divide(expected**2, spread, out=np.full(spread.size, np.nan), where=spread > 0)
    return np.sqrt(pieces.robust + pooled), df, np.sqrt(pieces.leverage * sigma2)


def _reasons(
    graph: PairGraph, laplacian: RaterLaplacian, has_error: NDArray[np.bool_], without: str
) -> NDArray[np.str_]:
    size = np.array([raters.size for raters in laplacian.raters])
    reason = np.full(graph.n_raters, "", dtype="<U18")
    reason[~has_error] = without
    rated = graph.component_rater >= 0
    reason[rated & (size[graph.component_rater] == 1)] = "alone_in_component"
    reason[~rated] = "no_ratings"
    return reason


def _within_ratee(graph: PairGraph, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean over shared ratees of (mean of the others − own), and its SE over ratees."""
    others = graph.ratings_per_ratee[graph.ratee] - 1
    shared = others > 0
    total = np.bincount(graph.ratee, mean)[graph.ratee]
    gap = (total[shared] - mean[shared]) / others[shared] - mean[shared]
    rater = graph.rater[shared]
    n = np.bincount(rater, minlength=graph.n_raters).astype(np.float64)
    known = np.where(n > 0, n, np.nan)
    average = np.bincount(rater, gap, minlength=graph.n_raters) / known
    squares = np.bincount(rater, (gap - average[rater]) ** 2, minlength=graph.n_raters)
    return average, np.sqrt(squares / (known * np.where(n > 1, n - 1.0, np.nan)))


def _empty() -> TwoWayEffects:
    none, counts = np.zeros(0), np.zeros(0, np.int64)
    return TwoWayEffects(
        n=0,
        effects=none,
        effects_se=none,
        df=none,
        effects_se_model=none,
        n_ratees=counts,
        n_shared=counts,
        component=counts,
        within_ratee=none,
        within_ratee_se=none,
        within_ratee_df=none,
        sd_residual=float("nan"),
        df_residual=0,
        rater_reason=np.zeros(0, dtype="<U18"),
        method="linear fixed effects on pair means; CR2 by ratee, Satterthwaite",
        reason="empty",
    )
