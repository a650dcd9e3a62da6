"""Comparisons inside strata: the conditional (stratified ordinal) logit.

What all members of a stratum share, the severity of their supervisor and the quality of their team, cancels.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigvalsh
from scipy.special import stdtr, stdtrit

from kinerja_analysis.stats._arrays import codes, confidence, nested, vector
from kinerja_analysis.stats._conditional import Sets, build_sets, evaluate, separating_direction
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

_MAX_LEVELS = 50

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Evaluation = tuple[float, Floats, Floats]


@dataclass(frozen=True, slots=True)
class ConditionalOrdinal:
    """Log odds ratios inside strata; arrays have one entry per column of X.

    `se`, `z`, `p`, `lower`, `upper` use the sandwich clustered on `cluster`, with t(n_clusters − 1);
    `se_model` is the inverse information, right only for two levels and independent strata. `informative`
    counts, per coefficient, the strata in which both y and that column vary. `separated` is 0, or the sign
    of the infinity when the likelihood has no maximum; then `coef` is NaN and `z`, `p` come from the score
    test, which stays valid.
    """

    coef: Floats
    se: Floats
    se_model: Floats
    z: Floats
    p: Floats
    lower: Floats
    upper: Floats
    level: float
    informative: Ints
    separated: Ints
    n: int
    n_strata: int
    n_informative: int
    n_clusters: int
    loglik: float
    method: str
    reason: str

    @property
    def odds_ratio(self) -> Floats:
        """exp(coef)."""
        return np.exp(self.coef)

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (column of X), value, se, lower, upper."""
        return frame(block("coef", self.coef, se=self.se, lower=self.lower, upper=self.upper))


def conditional_ordinal(
    y: ArrayLike,
    X: ArrayLike,
    strata: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    min_informative: int = 10,
) -> ConditionalOrdinal:
    """Logit of an ordered outcome inside strata, e.g. supervisor × period.

    Two levels: exact conditional likelihood. K levels: the K − 1 conditional likelihoods of y ≥ cut are
    multiplied with one common slope (amalgamated conditional logit: a composite likelihood, whose standard
    errors come from the sandwich only).

    Parameters
    ----------
    y : array_like, shape (n,)
        Ordered outcome, 2 to 50 distinct finite values.
    X : array_like of float, shape (n, p) or (n,)
        Terms that vary inside strata. No intercept.
    strata : array_like of int, shape (n,)
        Codes of the strata.
    cluster : array_like of int, shape (n,), optional
        Codes of independent clusters, each stratum in one of them. Default: the strata.
    level : float
        Confidence level.
    min_informative : int
        Fewest informative clusters for an estimate. Below 30 the interval is approximate.

    Returns
    -------
    ConditionalOrdinal
        `reason` is "", "no_variation" (no stratum in which y and X vary), "too_few_informative",
        "collinear" (or a column that varies in no informative stratum: see `informative`), "separation" or
        "no_convergence".

    Raises
    ------
    ValueError
        On NaN, infinity, unequal lengths, negative codes, a stratum in two clusters, more than 50 levels.

    References
    ----------
    Breslow & Day (1980), chapter 7; Gail, Lubin & Rubinstein (1981) for the recursion; Mukherjee, Ahn,
    Liu, Rathouz & Sánchez (2008) for the amalgamation; Binder (1983) for the sandwich.

    Examples
    --------
    Matched pairs: the odds ratio is the ratio of discordant pairs, here 15 : 5.

    >>> y = np.tile([1, 0], 20)
    >>> x = np.concatenate([np.tile([1, 0], 15), np.tile([0, 1], 5)])
    >>> fit = conditional_ordinal(y, x, np.repeat(np.arange(20), 2))
    >>> fit.odds_ratio.round(6).tolist(), fit.n_informative
    ([3.0], 20)
    """
    confidence(level)
    outcome = vector(y, "y")
    x = _matrix(X, outcome.size)
    _, stratum = np.unique(codes(strata, "strata", outcome.size), return_inverse=True)
    group = stratum if cluster is None else codes(cluster, "cluster", outcome.size)
    nested(stratum, group, ("stratum", "cluster"))
    values, ranks = np.unique(outcome, return_inverse=True)
    if values.size > _MAX_LEVELS:
        raise ValueError(f"y has {values.size} levels, at most {_MAX_LEVELS} are meant; band it first")
    scale = np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), 1.0) if outcome.size else np.ones(x.shape[1])
    sets = build_sets(ranks, x / scale, stratum, values.size) if values.size > 1 else None
    design = _describe(sets, stratum, group, x.shape, values.size, level)
    if sets is None or not sets.batches:
        return _record(design, reason="no_variation")
    if design.n_clusters < min_informative:
        return _record(design, reason="too_few_informative")
    return _estimate(design, sets, scale)


def _matrix(values: ArrayLike, length: int) -> Floats:
    """X as a finite (n, p) matrix."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.shape[0] != length or x.shape[1] == 0:
        raise ValueError(f"X has shape {x.shape}, expected ({length}, p) with p ≥ 1")
    if not np.isfinite(x).all():
        raise ValueError("X holds NaN or infinity; leave such rows out first")
    return x


@dataclass(frozen=True, slots=True)
class _Design:
    """What is known before the fit; `cluster` numbers the cluster of each informative set 0..G−1."""

    p: int
    n: int
    n_strata: int
    level: float
    method: str
    informative: Ints
    n_informative: int
    n_clusters: int
    cluster: Ints


def _describe(
    sets: Sets | None, stratum: Ints, group: Ints, shape: tuple[int, ...], n_levels: int, level: float
) -> _Design:
    """Count the informative strata and clusters."""
    n, p = shape
    method = "conditional_logit" if n_levels <= 2 else "amalgamated_conditional_logit"
    n_strata, none = int(stratum.max(initial=-1)) + 1, np.zeros(0, dtype=np.intp)
    if sets is None:
        return _Design(p, n, n_strata, level, method, np.zeros(p, dtype=np.intp), 0, 0, none)
    owner = np.zeros(n_strata, dtype=np.intp)
    owner[stratum] = group
    useful = np.unique(sets.stratum)
    names, cluster = np.unique(owner[sets.stratum], return_inverse=True)
    informative = sets.varies[useful].sum(axis=0)
    return _Design(p, n, n_strata, level, method, informative, useful.size, names.size, cluster)


def _estimate(design: _Design, sets: Sets, scale: Floats) -> ConditionalOrdinal:
    """Maximise, check that the maximum exists, attach the sandwich."""
    start = evaluate(sets, np.zeros(design.p))
    size = np.sqrt(np.maximum(np.diag(start[2]), 1e-300))
    if eigvalsh(start[2] / np.outer(size, size))[0] < 1e-9:
        return _record(design, reason="collinear")
    beta, flat, converged = _maximise(sets, start)
    if flat or not converged:
        direction = separating_direction(sets, design.p)
        if direction.any():
            return _score_only(design, sets, np.sign(direction).astype(np.intp))
        if not converged:
            return _record(design, reason="no_convergence")
    loglik, score, information = evaluate(sets, beta)
    bread = np.linalg.inv(information)
    parts = np.zeros((design.n_clusters, design.p))
    np.add.at(parts, design.cluster, score)
    freedom = design.n_clusters - 1
    covariance = bread @ (parts.T @ parts) @ bread * (design.n_clusters / freedom)
    se = np.sqrt(np.diag(covariance))
    half = float(stdtrit(freedom, 0.5 + design.level / 2)) * se
    z = beta / se
    return _record(
        design, coef=beta / scale, se=se / scale, se_model=np.sqrt(np.diag(bread)) / scale, z=z,
        p=2 * stdtr(freedom, -np.abs(z)), lower=(beta - half) / scale, upper=(beta + half) / scale,
        loglik=loglik,
    )  # fmt: skip


def _score_only(design: _Design, sets: Sets, sign: Ints) -> ConditionalOrdinal:
    """Under separation: robust score test of each coefficient, the others at their constrained values."""
    z = np.array([_score_z(design, sets, k) for k in range(design.p)])
    p = 2 * stdtr(design.n_clusters - 1, -np.abs(z))
    return _record(design, z=z, p=p, separated=sign, reason="separation")


def _score_z(design: _Design, sets: Sets, k: int) -> float:
    """Cluster-robust score statistic of coefficient k = 0 (NaN when the constrained fit fails)."""
    others = np.delete(np.arange(design.p), k)
    beta, weight = np.zeros(design.p), np.zeros(design.p)
    weight[k] = 1.0
    if others.size:
        rest = sets.columns(others)
        beta[others], flat, converged = _maximise(rest, evaluate(rest, np.zeros(others.size)))
        if flat or not converged:
            return math.nan
    _, score, information = evaluate(sets, beta)
    if others.size:
        weight[others] = -np.linalg.solve(information[np.ix_(others, others)], information[others, k])
    part = np.bincount(design.cluster, weights=score @ weight)
    return float(part.sum() / math.sqrt(part @ part)) if part.any() else math.nan


def _record(
    design: _Design, *, reason: str = "", loglik: float = math.nan, **arrays: Any
) -> ConditionalOrdinal:
    """The record; quantities not given are NaN."""
    missing = np.full(design.p, math.nan)
    names = ("coef", "se", "se_model", "z", "p", "lower", "upper")
    numbers = {name: arrays.get(name, missing) for name in names}
    counts = ("level", "informative", "n", "n_strata", "n_informative", "n_clusters")
    known = {name: getattr(design, name) for name in counts}
    sign = arrays.get("separated", np.zeros(design.p, dtype=np.intp))
    return ConditionalOrdinal(
        **numbers, **known, separated=sign, loglik=loglik, method=design.method, reason=reason
    )


def _maximise(sets: Sets, start: Evaluation) -> tuple[Floats, bool, bool]:
    """Newton with step halving from 0 (``start``): beta, whether nearly flat there, whether converged.

    Under separation the score vanishes because the likelihood flattens; the curvature relative to that at 0
    tells this from a maximum.
    """
    beta = np.zeros(start[2].shape[0])
    value, score, information = start
    for _ in range(60):
        gradient = score.sum(axis=0)
        curvature = float(eigvalsh(information, start[2])[0])
        if curvature < 1e-10:
            return beta, True, False
        step = np.linalg.solve(information, gradient)
        if gradient @ step < 1e-12 * max(1.0, -value):
            return beta + step, curvature < 1e-5, True
        for _ in range(30):
            trial = evaluate(sets, beta + step)
            if trial[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta = beta + step
        value, score, information = trial
    return beta, True, False
