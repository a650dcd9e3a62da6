"""Chance-corrected agreement of raters, with gaps allowed, and weighted kappa of a two-rater table."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from kinerja_analysis.stats._arrays import confidence, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Weights = str | ArrayLike

_NOTHING = 1e-12
COEFFICIENTS = ("percent", "alpha", "AC", "fleiss", "conger", "brennan_prediger")


@dataclass(frozen=True, slots=True)
class AgreementCoefficients:
    """Agreement of raters, in the order of `COEFFICIENTS`; `AC` is AC1 (identity) or AC2 (other weights).

    `n` subjects with a rating (`n_paired` with two or more) enter; alpha uses the paired ones only.
    """

    name: tuple[str, ...]
    value: Floats
    se: Floats
    lower: Floats
    upper: Floats
    level: float
    categories: Floats
    n: int
    n_paired: int
    n_raters: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (coefficient), value, se, lower, upper."""
        ends = {"se": self.se, "lower": self.lower, "upper": self.upper}
        return frame(block("agreement", self.value, level=self.name, **ends))


@dataclass(frozen=True, slots=True)
class _Table:
    """Ratings as codes and counts, and the weights."""

    code: Ints  # (n, r), position in the scale, q = not rated
    count: Floats  # (n, q)
    total: Floats  # (n,) ratings per subject
    weight: Floats  # (q, q)


def agreement_coefficients(
    table: ArrayLike,
    weights: Weights = "identity",
    *,
    categories: ArrayLike | None = None,
    level: float = 0.95,
) -> AgreementCoefficients:
    """Percent agreement and five chance-corrected coefficients, with Gwet's linearised standard errors.

    Parameters
    ----------
    table : array_like, shape (n, raters)
        Numeric ratings, NaN = not rated. Rows without any rating are left out.
    weights : {"identity", "linear", "quadratic", "ordinal", "ratio"} or array_like (q, q)
        Credit for near agreement, 1 on the diagonal; rows and columns in the order of `categories` (without them,
        ascending). Linear, quadratic and ratio use the values of the categories. "ordinal": alpha uses Krippendorff's
        metric (counts of the values between), the others Gwet's ordinal weights.
    categories : array_like, optional
        All values of the scale. Default: the values that occur; AC and Brennan–Prediger depend on their
        number, so give the scale where a category may be unused.
    level : float
        Confidence level; t with (subjects − 1) degrees of freedom, limits cut at ±1. Approximate below 30 subjects:
        with 20 those of alpha, Fleiss and Conger hold in nine of ten cases (`make calibrate-agreement`); where nearly
        all agree it takes more. Subjects with a single rating widen all limits but alpha's, as in Gwet's formula,
        although they tell nothing of agreement: without their rows the limits are narrower.

    Returns
    -------
    AgreementCoefficients
        `reason` is "", "one_level" (one category used: coefficients that are 0/0 are NaN), "no_pairs" (nobody has
        two ratings; all NaN), "one_subject" (a coefficient rests on one: no error) or "no_spread" (subjects do not
        differ in agreement, e.g. all agree: where the standard error is 0 there are no limits).

    Raises
    ------
    ValueError
        On infinite ratings, values outside `categories`, malformed or unknown weights, a level outside (0, 1).

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability; Krippendorff (2011) for alpha.

    Examples
    --------
    >>> fit = agreement_coefficients([[1, 1], [2, 2], [3, 3], [1, 2], [3, np.nan]])
    >>> dict(zip(fit.name, fit.value.round(3).tolist()))["percent"]
    0.75
    """
    confidence(level)
    code, scale, order = _read(table, categories)
    (n, r), q = code.shape, scale.size
    place = np.arange(n)[:, None] * (q + 1) + code
    count = np.bincount(place.ravel(), minlength=n * (q + 1)).reshape(n, q + 1)[:, :q].astype(np.float64)
    counts = _Table(code, count, count @ np.ones(q), _weights(weights, scale, order))
    paired = counts.total >= 2
    design = (level, scale, n, int(paired.sum()), r, "gwet_linearisation")
    if not paired.any():
        gone = np.full(6, math.nan)
        return AgreementCoefficients(COEFFICIENTS, gone, gone, gone, gone, *design, "no_pairs")
    ordinal = isinstance(weights, str) and weights == "ordinal"
    percent, *others = _chance_corrected(counts, paired)
    value, se, size = np.array([percent, _alpha(counts, paired, ordinal), *others]).T
    half = stdtrit(np.maximum(size - 1, 1), 0.5 + level / 2) * se
    half = np.where(se > _NOTHING, half, math.nan)
    lower, upper = np.maximum(value - half, -1.0), np.minimum(value + half, 1.0)
    reason = "no_spread" if (se <= _NOTHING).any() else ""
    reason = "one_subject" if (np.isnan(se) & np.isfinite(value)).any() else reason
    reason = "one_level" if (count.sum(axis=0) > 0).sum() < 2 else reason
    return AgreementCoefficients(COEFFICIENTS, value, se, lower, upper, *design, reason)


def _read(table: ArrayLike, categories: ArrayLike | None) -> tuple[Ints, Floats, Ints]:
    """Codes of the rows with a rating, the sorted values of the scale, and their places in `categories`."""
    data = np.asarray(table, dtype=np.float64)
    if data.ndim != 2 or data.shape[1] < 2:
        raise ValueError(f"table must have shape (subjects, raters ≥ 2), got {data.shape}")
    if np.isinf(data).any():
        raise ValueError("table holds infinity")
    data = data[~np.isnan(data).all(axis=1)]
    used = np.unique(data[~np.isnan(data)])
    given = used if categories is None else vector(categories, "categories")
    scale, order = np.unique(given, return_index=True)
    if not np.isin(used, scale).all():
        raise ValueError("table holds values outside categories")
    return np.searchsorted(scale, data), scale, order  # NaN sorts behind all values


def _weights(weights: Weights, scale: Floats, order: Ints) -> Floats:
    """The q × q matrix of weights on the values of the scale."""
    q = scale.size
    if not isinstance(weights, str):
        matrix = np.asarray(weights, dtype=np.float64)
        if matrix.shape != (q, q) or not np.isfinite(matrix).all():
            raise ValueError(f"weights must be a finite {q} × {q} matrix, got shape {matrix.shape}")
        if (np.diag(matrix) != 1).any():
            raise ValueError(f"weights must be 1 on the diagonal, got {np.diag(matrix).tolist()}")
        return matrix[np.ix_(order, order)]
    apart = np.abs(np.subtract.outer(scale, scale))
    rank = np.abs(np.subtract.outer(np.arange(q), np.arange(q)))
    if weights == "ratio":
        sums = np.add.outer(scale, scale)
        apart = np.divide(apart, sums, out=np.zeros_like(apart), where=sums != 0)
    distance = {
        "identity": (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2,
        "ordinal": rank * (rank + 1) / 2.0, "ratio": apart**2,
    }.get(weights)  # fmt: skip
    if distance is None:
        known = "identity, linear, quadratic, ordinal, ratio or a matrix"
        raise ValueError(f"unknown weights {weights!r}; give {known}")
    return 1 - distance / distance.max() if distance.any() else np.ones((q, q))


def _chance_corrected(t: _Table, paired: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """(value, se, subjects) of percent, AC, fleiss, conger, brennan_prediger."""
    n, q = t.count.shape
    weight, total = t.weight, t.total
    weighty = n / paired.sum() * paired
    share = _agreeing(t.count, weight) / np.where(paired, total * (total - 1), 1.0) * weighty
    pi, mass = (1 / total) @ t.count / n, weight.sum()

    def inside(v: Floats) -> Floats:
        """Mean of v over each subject's ratings, from the mean of all subjects."""
        return t.count @ v / total - pi @ v

    conger, conger_slope = _conger(t)
    uneven = mass / (q * (q - 1)) if q > 1 else math.nan
    chances: list[tuple[float, Floats]] = [
        (0.0, np.zeros(n)),
        (uneven * float(pi @ (1 - pi)), uneven * inside(1 - 2 * pi)),
        (float(pi @ weight @ pi), inside((weight + weight.T) @ pi)),
        (conger, conger_slope),
        (mass / q**2, np.zeros(n)),
    ]
    return [_linearised(share, weighty, chance, slope) for chance, slope in chances]


def _linearised(share: Floats, weighty: Floats, chance: float, slope: Floats) -> tuple[float, float, int]:
    """(p_a − p_e)/(1 − p_e) with the standard error of Gwet's linear form; 0/0 is NaN."""
    n = share.size
    if not chance < 1 - 1e-12:
        return math.nan, math.nan, n
    value = (share.mean() - chance) / (1 - chance)
    form = (share - chance * weighty) / (1 - chance) - (1 - value) * slope / (1 - chance)
    return value, _se(form - value), n


def _se(deviation: Floats) -> float:
    """Standard error of a mean from deviations; NaN for one subject."""
    n = deviation.size
    return math.sqrt(float(deviation @ deviation) / (n * (n - 1))) if n > 1 else math.nan


def _agreeing(count: Floats, weight: Floats) -> Floats:
    """Weighted agreeing pairs of ratings of each subject."""
    return (count * (count @ weight - 1)) @ np.ones(count.shape[1])


def _conger(t: _Table) -> tuple[float, Floats]:
    """Chance agreement of two different raters' own distributions, and its slope in each subject."""
    n, q = t.count.shape
    votes = np.array([np.bincount(column, minlength=q + 1)[:q] for column in t.code.T])
    active = votes.sum(axis=1) > 0
    votes, size = votes[active], votes[active].sum(axis=1)
    r = size.size
    if r < 2:
        return math.nan, np.zeros(n)
    own = votes / size[:, None]
    others = own.sum(axis=0) - own
    around = (t.weight + t.weight.T) / 2
    pull = (others @ around) / (r * (r - 1))
    # of one rating; 0 in the last place, no rating
    gain = np.pad((pull - (own * pull).sum(axis=1)[:, None]) / size[:, None], ((0, 0), (0, 1)))
    slope = sum((g[column] for g, column in zip(gain, t.code.T[active], strict=True)), np.zeros(n))
    return float((own * pull).sum()), 2 * n * slope


def _alpha(t: _Table, paired: NDArray[np.bool_], ordinal: bool) -> tuple[float, float, int]:
    """Krippendorff's alpha over subjects with two or more ratings."""
    count, total = (t.count, t.total) if paired.all() else (t.count[paired], t.total[paired])
    n = total.size
    mean = total.mean()
    weight = _krippendorff_ordinal(count.sum(axis=0)) if ordinal else t.weight
    pi = count.sum(axis=0) / (n * mean)
    chance = float(pi @ weight @ pi)
    if not chance < 1 - 1e-12:
        return math.nan, math.nan, n
    each = _agreeing(count, weight) / (mean * (total - 1))
    agree = float(each.mean())
    corrected = agree + (1 - agree) / (n * mean)
    value, prime = (corrected - chance) / (1 - chance), (agree - chance) / (1 - chance)
    off = (total - mean) / mean
    pull = count @ ((weight + weight.T) @ pi) / (2 * mean) - chance * off - chance
    form = (each - corrected * off - chance) / (1 - chance) - 2 * (1 - prime) * pull / (1 - chance)
    return value, _se(form - prime), n


def _krippendorff_ordinal(count: Floats) -> Floats:
    """1 − δ²/max δ² with δ = ratings from one value up to the other, the two ends counted half."""
    middle = np.cumsum(count) - count / 2
    distance = np.subtract.outer(middle, middle) ** 2
    return 1 - distance / distance.max() if distance.any() else np.ones_like(distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedKappa:
    """Kappa of two raters; `se` for intervals, `se0` and `z` for the test of no agreement beyond chance."""

    value: float = math.nan
    se: float = math.nan
    se0: float = math.nan
    z: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    level: float
    n: float
    method: str = "cohen"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(block("kappa", self.value, se=self.se, lower=self.lower, upper=self.upper))


def weighted_kappa(table: ArrayLike, weights: Weights = "identity", *, level: float = 0.95) -> WeightedKappa:
    """Cohen's kappa of a square table of counts, weighted or not.

    Parameters
    ----------
    table : array_like, shape (q, q)
        Counts: row = first rater's category, column = second rater's.
    weights : {"identity", "linear", "quadratic", "ordinal", "ratio"} or array_like (q, q)
        Credit for near agreement, on the categories 1..q.
    level : float
        Confidence level.

    Returns
    -------
    WeightedKappa
        `reason` is "", "empty" (no counts), "one_level" (both raters use one category: 0/0), "constant_rater" (one
        of them does: 0 whatever the other says, no standard error) or "no_spread" (perfect agreement: no limits).

    Raises
    ------
    ValueError
        If the table is not square, or holds negative or non-finite counts.

    References
    ----------
    Fleiss, Cohen & Everitt (1969) for both standard errors.

    Examples
    --------
    >>> round(weighted_kappa([[0, 4, 1], [0, 8, 0], [0, 1, 5]], "linear").value, 4)
    0.4701
    """
    confidence(level)
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise ValueError(f"table must be square with at least two categories, got shape {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("table must hold finite, non-negative counts")
    weight = _weights(weights, np.arange(1.0, counts.shape[0] + 1), np.arange(counts.shape[0]))
    n = float(counts.sum())
    if n == 0:
        return WeightedKappa(level=level, n=n, reason="empty")
    share = counts / n
    row, column = share.sum(axis=1), share.sum(axis=0)
    agree, chance = float((weight * share).sum()), float(row @ weight @ column)
    if not chance < 1 - 1e-12:
        return WeightedKappa(level=level, n=n, reason="one_level")
    if min((row > 0).sum(), (column > 0).sum()) < 2:
        return WeightedKappa(value=0.0, level=level, n=n, reason="constant_rater")
    value = (agree - chance) / (1 - chance)
    margin = (weight @ column)[:, None] + row @ weight
    spread = (share * (weight - value - (margin - chance) * (1 - value)) ** 2).sum()
    spread0 = (np.outer(row, column) * (weight - margin) ** 2).sum() - chance**2
    se, se0 = (math.sqrt(max(float(v), 0.0) / n) / (1 - chance) for v in (spread, spread0))
    z = value / se0 if se0 > 0 else math.nan
    lower = upper = math.nan
    if se > _NOTHING:
        half = float(ndtri(0.5 + level / 2)) * se
        lower, upper = max(value - half, min(value, -1.0)), min(value + half, 1.0)
    reason = "" if se > _NOTHING else "no_spread"
    return WeightedKappa(value=value, se=se, se0=se0, z=z, lower=lower, upper=upper, level=level, n=n, reason=reason)
