"""Fit statistics, extreme elements, fair averages and summaries of a fitted many-facet Rasch model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ._rasch_fitted import Fitted
from ._rasch_kernels import FIT_COLUMNS, category_shares, fit_pass

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
EXTREME_SCORE = 0.3
_TURNS, _LEAST = 200, 1e-12


@dataclass(frozen=True, slots=True)
class Chi2:
    """A chi-square statistic, its degrees of freedom and upper tail probability."""

    value: float
    df: int
    p: float


def chi2(value: float, df: int) -> Chi2:
    """With its tail probability.

    Examples
    --------
    >>> round(chi2(3.841459, 1).p, 4)
    0.05
    """
    tail = float(special.chdtrc(df, value)) if df > 0 and np.isfinite(value) else float("nan")
    return Chi2(float(value), int(df), tail)


def labels(fit: Fitted) -> FloatArray:
    """Score of each category by group (0 beyond the last)."""
    out = np.zeros((len(fit.rows.scale.labels), fit.engine.width + 1))
    for group, own in enumerate(fit.rows.scale.labels):
        out[group, : own.size] = own
    return out


def sums(fit: Fitted) -> list[dict[str, FloatArray]]:
    """Sums by element of every facet, by name (`FIT_COLUMNS`)."""
    facets = range(len(fit.measure))
    out = tuple(np.zeros((size, len(FIT_COLUMNS))) for size in fit.rows.ratings.sizes)
    fit_pass(
        fit.rows.category, fit.rows.weight, fit.rows.group, tuple(map(fit.codes, facets)),
        tuple(np.nan_to_num(fit.measure[f]) * (-1.0 if f else 1.0) for f in facets), fit.eta, fit.point.tau,
        fit.engine.steps, labels(fit), out,
    )  # fmt: skip
    for table in out:
        table[table[:, 0] == 0] = np.nan
    return [dict(zip(FIT_COLUMNS, table.T, strict=True)) for table in out]


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean-square fit and its standardised form."""

    infit: FloatArray
    outfit: FloatArray
    infit_z: FloatArray
    outfit_z: FloatArray


def mean_squares(
    weight: FloatArray, z2: FloatArray, y2: FloatArray, variance: FloatArray, kurtosis: FloatArray, spread: FloatArray
) -> MeanSquares:
    """Infit and outfit with exact Wilson–Hilferty standardisation (Wright & Masters 1982, chapter 5).

    A case weight stands for as many ratings: two rows with the same rating are one row of weight 2.

    Parameters
    ----------
    weight, z2, y2, variance, kurtosis, spread : ndarray
        Σw, Σwz², Σwy², ΣwV, ΣwK4/V² and Σw(K4 − V²) of each element.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        outfit, infit = z2 / weight, y2 / variance
        q_out = np.sqrt(np.maximum(kurtosis / weight**2 - 1.0 / weight, 0.0))
        q_in = np.sqrt(np.maximum(spread, 0.0)) / variance
        parts = [
            np.where(q > 0, (np.cbrt(value) - 1.0) * (3.0 / q) + q / 3.0, np.nan)
            for value, q in ((infit, q_in), (outfit, q_out))
        ]
    return MeanSquares(infit, outfit, parts[0], parts[1])


def element_fit(found: dict[str, FloatArray]) -> MeanSquares:
    """Mean squares from the sums of a facet."""
    names = ("weight", "z2", "y2", "variance", "kurtosis", "spread")
    return mean_squares(*(found[name] for name in names))


def curve(eta: FloatArray, tau: FloatArray, label: FloatArray, m: int) -> tuple[FloatArray, FloatArray]:
    """Expected score (by category label) and its slope in η, on one rating scale.

    Examples
    --------
    >>> curve(np.array([0.0]), np.array([0.0]), np.array([1.0, 2.0]), 1)
    (array([1.5]), array([0.25]))
    """
    share = category_shares(eta, tau[:m])
    k, value = np.arange(m + 1), label[: m + 1]
    mean = share @ value
    return mean, share @ (k * value) - mean * (share @ k)


def fair_averages(fit: Fitted, measure: list[FloatArray], number: int) -> tuple[FloatArray, FloatArray]:
    """Expected score of each element with all other facets at their mean, and its slope in the measure.

    With partial credit a criterion has its own thresholds; for other facets the mean over criteria is taken.
    """
    data = fit.rows.ratings
    centre = [float(np.nanmean(values)) if np.isfinite(values).any() else 0.0 for values in fit.measure]
    base = centre[0] - sum(centre[1:])
    sign = 1.0 if number == 0 else -1.0
    eta = base + sign * (measure[number] - centre[number])
    tau, label, steps = fit.point.tau, labels(fit), fit.engine.steps
    own_steps = bool(data.step_facet) and data.names[number] == data.step_facet
    value, slope = np.full(eta.size, np.nan), np.full(eta.size, np.nan)
    if own_steps:
        for level in np.flatnonzero(np.isfinite(eta) & (steps > 0)):
            one = curve(eta[level : level + 1], tau[level], label[level], int(steps[level]))
            value[level], slope[level] = float(one[0][0]), float(one[1][0])
        return value, slope
    known = np.isfinite(eta)
    parts = [curve(eta[known], tau[g], label[g], int(steps[g])) for g in np.flatnonzero(steps > 0)]
    value[known] = np.mean([part[0] for part in parts], axis=0)
    slope[known] = np.mean([part[1] for part in parts], axis=0)
    return value, slope


def extremes(fit: Fitted) -> tuple[list[FloatArray], list[FloatArray]]:
    """Measures and standard errors of elements whose ratings all lie at one end: the score moved by .3 inwards.

    The other facets stay at their calibrated measures; ratings of elements that are extreme themselves are used only
    where an element has no others.
    """
    data = fit.rows.ratings
    measure = [values.copy() for values in fit.measure]
    error = [np.full(values.size, np.nan) for values in measure]
    for _ in range(2):
        known = [np.isfinite(values) for values in measure]
        for number, flags in enumerate(fit.rows.extreme):
            wanted = (flags != 0) & ~known[number]
            if not wanted.any():
                continue
            use = wanted[data.codes[number]] & (fit.engine.steps[data.group] > 0)
            for other, column in enumerate(data.codes):
                if other != number:
                    use &= known[other][column]
            if use.any():
                _extreme(fit, number, np.flatnonzero(use), measure, error, [m.copy() for m in measure])
    return measure, error


def _extreme(
    fit: Fitted, number: int, row: IntArray, measure: list[FloatArray], error: list[FloatArray],
    others: list[FloatArray],
) -> None:  # fmt: skip
    """Newton steps for the extreme elements of one facet."""
    data = fit.rows.ratings
    level, group, w = data.codes[number][row], data.group[row], data.weight[row]
    base = np.zeros(row.size)
    for other, column in enumerate(data.codes):
        if other != number:
            base += others[other][column[row]] * (1.0 if other == 0 else -1.0)
    sign, size = (1.0 if number == 0 else -1.0), data.sizes[number]
    top = np.bincount(level, w * fit.engine.steps[group], size)
    present = np.unique(level)
    high = fit.rows.extreme[number][present] > 0
    target = np.where(high, top[present] - EXTREME_SCORE, EXTREME_SCORE)
    value = np.where(high, 3.0, -3.0) * sign
    tau, k = fit.point.tau[group], np.arange(fit.engine.width + 1)
    steps = fit.engine.steps[group]
    place = np.searchsorted(present, level)
    for _ in range(_TURNS):
        share = category_shares(base + sign * value[place], tau, steps)
        mean = share @ k
        information = np.maximum(np.bincount(place, w * (share @ k**2 - mean**2), present.size), _LEAST)
        step = np.clip(sign * (target - np.bincount(place, w * mean, present.size)) / information, -1.0, 1.0)
        value += step
        if np.abs(step).max() < 1e-10:
            break
    measure[number][present], error[number][present] = value, 1.0 / np.sqrt(information)


def alone(fit: Fitted, number: int) -> NDArray[np.bool_]:
    """Elements that are the only one of their facet in their linked part: the 0 they have is the constraint."""
    part, fixed = fit.freedom.part[number], fit.rows.ratings.fixed[number]
    known = np.isfinite(fit.measure[number]) & (part >= 0)
    if number == fit.floating or not known.any():
        return np.zeros(part.size, dtype=bool)
    only = np.bincount(part[known], minlength=int(part.max()) + 1)[np.maximum(part, 0)] == 1
    return np.asarray(known & only & np.isnan(fixed))


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the elements of a facet lie apart, beside their errors: RMSE, adjusted SD, separation, strata,
    reliability (of separation)."""

    mean: float
    sd: float
    rmse: float
    sd_adjusted: float
    separation: float
    strata: float
    reliability: float


def spread(measure: FloatArray, se: FloatArray, *, ddof: int = 1) -> Spread:
    """Separation of measures with errors; NaN for fewer than two.

    Examples
    --------
    >>> found = spread(np.array([-1.0, 0.0, 1.0]), np.array([0.6, 0.6, 0.6]))
    >>> round(found.separation, 3), round(found.reliability, 2)
    (1.333, 0.64)
    """
    use = np.isfinite(measure) & np.isfinite(se) & (se > 0)
    d, e = measure[use], se[use]
    if d.size < 2:
        return Spread(*([float("nan")] * 7))
    sd, rmse = float(d.std(ddof=ddof)), float(np.sqrt((e**2).mean()))
    adjusted = float(np.sqrt(max(0.0, sd**2 - rmse**2)))
    ratio = adjusted / rmse
    reliability = ratio**2 / (1.0 + ratio**2)
    return Spread(float(d.mean()), sd, rmse, adjusted, ratio, (4.0 * ratio + 1.0) / 3.0, reliability)


def homogeneity(measure: FloatArray, se: FloatArray, part: IntArray) -> tuple[Chi2, Chi2]:
    """Fixed ("all equal") and random ("a normal sample") chi-square, as FACETS computes them.

    Inside linked parts, each with its own mean: contrasts between parts are not known. The random one weighs with
    1/(SE² + S²), S² the sample variance of the measures.
    """
    use = np.isfinite(measure) & np.isfinite(se) & (se > 0)
    d, e, c = measure[use], se[use], part[use]
    if d.size < 2:
        return chi2(float("nan"), 0), chi2(float("nan"), 0)
    count = np.bincount(c)
    parts = int((count > 0).sum())

    def statistic(w: FloatArray) -> float:
        mean = np.bincount(c, w * d) / np.maximum(np.bincount(c, w), 1e-300)
        return float((w * (d - mean[c]) ** 2).sum())

    mean = np.bincount(c, d) / np.maximum(count, 1)
    inside = float(((d - mean[c]) ** 2).sum() / max(d.size - parts, 1))
    return chi2(statistic(1.0 / e**2), d.size - parts), chi2(statistic(1.0 / (e**2 + inside)), d.size - parts - 1)
