"""Many-facet Rasch model: ratees, raters, criteria and thresholds on one scale of logits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._rasch_fit import Chi2, alone, chi2, element_fit, extremes, fair_averages, homogeneity, spread, sums
from ._rasch_fitted import Errors, Fitted, calibrate, errors
from ._rasch_rows import Ratings, ratings
from ._record import Block, block, frame

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arrays = dict[str, FloatArray]
_Z = 1.959963984540054
NODES, _FAR = 31, 15.0


@dataclass(frozen=True, slots=True)
class ManyFacetRasch:
    """A fitted many-facet Rasch model. Dictionaries are by facet; arrays by level.

    The first facet (ratees) is positive = high, all others are **positive = severe or hard**. Inside every linked
    part (`part`) the elements of a facet but the first sum to zero; measures of different parts cannot be compared.

    Attributes
    ----------
    n, n_missing, n_extreme, n_separated : int
        Ratings in the calibration; without a score or weight; of extreme elements; and those that alone tie two
        groups, all at one end of the scale, so that the groups' contrast has no finite estimate.
    measure : dict of ndarray
        Logits; NaN without ratings, and where an element is the only one of its facet in its linked part (there the 0
        is the constraint, and nothing is known; its fair average has no error either). MML: Warm's weighted likelihood
        estimate of the ratees, not shrunken.
    se : dict of ndarray
        **For inference**: clustered by ratee (ratees themselves: pair variance pooled over raters). Intervals are
        measure ± 1.96·se.
    se_information : dict of ndarray
        Full joint (MML: marginal) information: too small where ratings of a pair go together.
    se_model : dict of ndarray
        1/√ΣwV, all other facets taken as known; for comparison with FACETS only.
    extreme, part : dict of ndarray of int
        1 where all ratings of an element lie at the top, −1 at the bottom (measured with the score moved by .3; left
        out of fit, separation and chi-square); linked part, −1 if not calibrated.
    infit, outfit, infit_z, outfit_z : dict of ndarray
        Mean squares and their exact (not truncated) standardised forms. Pair variance raises them for honest raters
        too: judge them by `fit_bounds`.
    thresholds, thresholds_se : ndarray, or dict of level to ndarray with partial credit
        Rasch–Andrich thresholds with sum zero, and their errors from the information.
    categories : ndarray of int, or dict
        Scores the categories stand for: observed ones, renumbered without gaps.
    fair_average, fair_average_se : dict of ndarray
        Expected score with all other facets at their mean. Regions and years are compared in these, not in logits.
    separation, strata, reliability : dict of float
        Of the sample of calibrated elements, with `se_model` as FACETS prints them; `facet_summary` has all forms.
        For raters 0 is ideal.
    chi2_fixed, chi2_random : dict of Chi2
        Homogeneity with `se_model`, FACETS' formulas.
    pair_variance, attenuation : float
        Variance of what a rater's ratings of one ratee have in common, on this fit's scale; and, to first order, the
        factor by which it shrinks every logit (`fit_bounds` simulates it). NaN with one rating per pair.
    variance, variance_se : float
        MML: variance of the ratees inside a part; NaN with JML.
    mean : ndarray
        MML: prior mean of each part; empty with JML.
    posterior_mean, posterior_sd : ndarray
        MML: of the ratees (shrunken); empty with JML.
    loglik : float
    converged : bool
    method : str
    reason : str
        "" | ``parts`` (several linked parts) | ``not_finite`` (some measures run off without limit, as where ratings
        of a criterion are ordered perfectly) | ``empty`` | ``constant`` (nothing is left to calibrate: no
        element has ratings that differ, or all that differ are ordered perfectly); after the last two every estimate is
        NaN.
    """

    n: int
    n_missing: int
    n_extreme: int
    n_separated: int
    measure: Arrays
    se: Arrays
    se_information: Arrays
    se_model: Arrays
    extreme: dict[str, NDArray[np.int8]]
    part: dict[str, IntArray]
    infit: Arrays
    outfit: Arrays
    infit_z: Arrays
    outfit_z: Arrays
    thresholds: FloatArray | dict[int, FloatArray]
    thresholds_se: FloatArray | dict[int, FloatArray]
    categories: IntArray | dict[int, IntArray]
    fair_average: Arrays
    fair_average_se: Arrays
    separation: dict[str, float]
    strata: dict[str, float]
    reliability: dict[str, float]
    chi2_fixed: dict[str, Chi2]
    chi2_random: dict[str, Chi2]
    pair_variance: float
    attenuation: float
    variance: float
    variance_se: float
    mean: FloatArray
    posterior_mean: FloatArray
    posterior_sd: FloatArray
    loglik: float
    converged: bool
    method: str
    reason: str
    inside: Fitted | None = field(default=None, repr=False, compare=False)

    def to_frame(self) -> "pd.DataFrame":
        """Measures, fair averages and thresholds with errors and 95 % limits, fit, separation and chi-square."""
        parts: list[Block] = []
        for name, value in self.measure.items():
            for quantity, mean, se in (
                (f"measure:{name}", value, self.se[name]),
                (f"fair_average:{name}", self.fair_average[name], self.fair_average_se[name]),
            ):
                parts.append(block(quantity, mean, se=se, lower=mean - _Z * se, upper=mean + _Z * se))
            for kind in ("se_information", "se_model", "infit", "outfit", "infit_z", "outfit_z"):
                parts.append(block(f"{kind}:{name}", getattr(self, kind)[name]))
            for kind in ("separation", "strata", "reliability"):
                parts.append(block(f"{kind}:{name}", getattr(self, kind)[name]))
            for kind in ("chi2_fixed", "chi2_random"):
                parts.append(block(f"{kind}:{name}", getattr(self, kind)[name].value))
        many = isinstance(self.thresholds, dict)
        tau = self.thresholds if isinstance(self.thresholds, dict) else {0: self.thresholds}
        errors_ = self.thresholds_se if isinstance(self.thresholds_se, dict) else {0: self.thresholds_se}
        for group, value in tau.items():
            se = errors_[group]
            title = f"threshold:{group}" if many else "threshold"
            level = np.arange(1, value.size + 1)
            parts.append(block(title, value, level=level, se=se, lower=value - _Z * se, upper=value + _Z * se))
        for name in ("pair_variance", "attenuation", "loglik"):
            parts.append(block(name, getattr(self, name)))
        parts.append(block("variance", self.variance, se=self.variance_se))
        return frame(*parts)


def many_facet_rasch(
    score: ArrayLike,
    facets: Mapping[str, ArrayLike],
    *,
    estimator: str = "JML",
    model: str = "RSM",
    weights: ArrayLike | None = None,
    anchors: Mapping[str, Any] | None = None,
    float_facet: str | None = None,
    component_means: bool = True,
    correct_bias: bool | None = None,
    step_facet: str | None = None,
    rater_facet: str | None = None,
    nodes: int = NODES,
    tolerance: float | None = None,
) -> ManyFacetRasch:
    """Measures of ratees, raters and criteria from ordered ratings.

    log P(x = k)/P(x = k−1) = η − τ_k, η = first facet − the others (Andrich 1978; Linacre 1989).

    Parameters
    ----------
    score : array of whole numbers, shape (n,)
        One entry per rating (ratee × rater × criterion); NaN or an absent row where a criterion is missing.
    facets : mapping of name to array of int, shape (n,)
        Codes from 0 of two or more facets, the ratees first. Self ratings link nothing: leave them out.
    estimator : str
        ``JML`` (joint) or ``MML`` (ratees normal inside each linked part, integrated out; preferred in a region).
    model : str
        ``RSM``: one rating scale; ``PCM``: thresholds of its own for every level of `step_facet`.
    weights : array of float, shape (n,), optional
        Case weights, not negative; 0 leaves a rating out.
    anchors : mapping of facet to {level: value} or to an array with NaN where free, optional
        Measures held fixed (not of the ratees with MML).
    float_facet : str, optional
        Facet whose mean is not set to zero; default the ratees. Another one takes over the ratees' mean.
    component_means : bool
        A free mean of the ratees for each linked part. False assumes that parts are equally good on average.
    correct_bias : bool, optional
        Divide out the bias that many parameters with few ratings each cause (see Notes); default with JML. JML without
        gives FACETS' estimates, run to convergence; MML without, the plain marginal maximum.
    step_facet : str, optional
        With PCM the facet with thresholds of its own; default the one called criterion, item, trait, kriteria or
        dimensi, else the last.
    rater_facet : str, optional
        The raters: a rater's ratings of one ratee are a pair, whose common part the errors allow for. Default the
        facet called rater, judge, penilai or supervisor, else the first one beside the ratees that is no criterion.
    nodes : int
        MML: quadrature nodes.
    tolerance : float, optional
        Largest score residual of an element, in raw points, at which the fit has converged: 1e-6, beyond a million
        ratings .009.

    Returns
    -------
    ManyFacetRasch

    Raises
    ------
    ValueError
        For malformed arrays, scores that are not whole numbers, unknown facets or anchors; as TooManyParts or
        TooManyRaters for designs beyond the limits stated there.

    Notes
    -----
    The bias correction maximises the joint likelihood times the square root of every element's information, after
    Firth (1993, Biometrika 80:27): unlike the factor (L − 1)/L it also holds for sparse raters and thresholds. With
    MML it is for the elements of the other facets, at the ratees' posterior means. MML uses adaptive quadrature and
    the exact observed information. The three standard errors are kept apart by name;
    see `docs/metode/rasch.md`.

    Examples
    --------
    Two raters, three criteria; the second rater is one point stricter:

    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> fit.converged, fit.measure["rater"].round(2).tolist()
    (True, [-0.56, 0.56])
    """
    if estimator not in ("JML", "MML"):
        raise ValueError('estimator must be "JML" or "MML"')
    data = ratings(score, facets, model, weights, anchors, step_facet, rater_facet)
    if float_facet is not None and float_facet not in data.names:
        raise ValueError(f"float_facet {float_facet!r} is not a facet")
    floating = data.names.index(float_facet) if float_facet else 0
    correct = estimator == "JML" if correct_bias is None else correct_bias
    fit = calibrate(
        data, estimator=estimator, adjust=correct, means=component_means, floating=floating, nodes=nodes,
        tolerance=tolerance,
    )  # fmt: skip
    how = _method(estimator, model, correct, component_means, nodes)
    if fit is None:
        return _nothing(data, model, how, "constant" if data.n else "empty")
    return _record(fit, errors(fit), how)


def _method(estimator: str, model: str, adjusted: bool, means: bool, nodes: int) -> str:
    kind = {"RSM": "rating scale", "PCM": "partial credit"}[model]
    way = "joint maximum likelihood"
    if estimator == "MML":
        way = f"marginal maximum likelihood, adaptive quadrature with {nodes} nodes"
    bias = "bias-reduced" if adjusted else "not corrected for bias"
    return f"{way}, {bias}; {kind}; " + ("a mean for each linked part" if means else "assumes_equal_units")


def _record(fit: Fitted, error: Errors, how: str) -> ManyFacetRasch:
    data = fit.rows.ratings
    names = data.names
    measure, extreme_se = extremes(fit)
    out: dict[str, Any] = {key: {} for key in _BY_FACET}
    found = sums(fit)
    for f, name in enumerate(names):
        flagged = fit.rows.extreme[f] != 0
        lone = alone(fit, f)
        known = np.isfinite(fit.measure[f])
        for key, values in (("se", error.cluster), ("se_information", error.information), ("se_model", error.model)):
            out[key][name] = np.where(lone, np.nan, np.where(flagged & ~known, extreme_se[f], values[f]))
        squares = element_fit(found[f])
        for key in ("infit", "outfit", "infit_z", "outfit_z"):
            out[key][name] = getattr(squares, key)
        fair, slope = fair_averages(fit, measure, f)
        out["measure"][name] = np.where(lone, np.nan, measure[f])
        out["extreme"][name] = np.where(known, 0, fit.rows.extreme[f]).astype(np.int8)
        out["part"][name] = fit.freedom.part[f]
        out["fair_average"][name], out["fair_average_se"][name] = fair, np.abs(slope) * out["se"][name]
        model_se = np.where(known & ~lone, error.model[f], np.nan)
        apart = spread(fit.measure[f], model_se)
        out["separation"][name], out["strata"][name] = apart.separation, apart.strata
        out["reliability"][name] = apart.reliability
        out["chi2_fixed"][name], out["chi2_random"][name] = homogeneity(fit.measure[f], model_se, fit.freedom.part[f])
    pooled = "; errors by unit blocks and probes, pair variance pooled" if error.pooled else ""
    return ManyFacetRasch(
        n=fit.rows.n,
        n_missing=data.n_missing,
        n_extreme=data.n - fit.rows.n - fit.rows.n_separated,
        n_separated=fit.rows.n_separated,
        **out,
        **_scale(fit, error),
        pair_variance=error.shared.variance,
        attenuation=error.shared.attenuation,
        variance=fit.sd**2,
        variance_se=2.0 * fit.sd**2 * error.log_sd,
        mean=np.zeros(0) if fit.means is None else fit.means,
        posterior_mean=np.zeros(0) if fit.posterior is None else fit.posterior[0],
        posterior_sd=np.zeros(0) if fit.posterior is None else np.sqrt(fit.posterior[1]),
        loglik=fit.loglik,
        converged=fit.converged and _reason(fit) != "not_finite",
        method=how + pooled,
        reason=_reason(fit),
        inside=fit,
    )


def _reason(fit: Fitted) -> str:
    largest = max(float(np.nanmax(np.abs(values), initial=0.0)) for values in fit.measure)
    if largest > _FAR and not any(np.isfinite(values).any() for values in fit.rows.ratings.fixed):
        return "not_finite"
    return "parts" if fit.freedom.n_parts > 1 else ""


_BY_FACET = (
    "measure", "se", "se_information", "se_model", "extreme", "part", "infit", "outfit", "infit_z", "outfit_z",
    "fair_average", "fair_average_se", "separation", "strata", "reliability", "chi2_fixed", "chi2_random",
)  # fmt: skip


def _scale(fit: Fitted, error: Errors) -> dict[str, Any]:
    """Thresholds with errors and the scores of the categories."""
    steps, tau = fit.engine.steps, fit.point.tau
    parts = {g: (tau[g, :m].copy(), error.tau[g, :m].copy()) for g, m in enumerate(steps.tolist())}
    categories = dict(enumerate(fit.rows.scale.labels))
    if not fit.rows.ratings.step_facet:
        return {"thresholds": parts[0][0], "thresholds_se": parts[0][1], "categories": categories[0]}
    return {
        "thresholds": {g: own for g, (own, _) in parts.items()},
        "thresholds_se": {g: own for g, (_, own) in parts.items()},
        "categories": categories,
    }


def _nothing(data: Ratings, model: str, how: str, reason: str) -> ManyFacetRasch:
    """A record without estimates."""
    nan = float("nan")
    missing = {name: np.full(size, nan) for name, size in zip(data.names, data.sizes, strict=True)}
    whole = {name: np.full(size, -1, np.int64) for name, size in zip(data.names, data.sizes, strict=True)}
    out: dict[str, Any] = {key: dict(missing) for key in _BY_FACET}
    out["extreme"] = {name: np.zeros(size, np.int8) for name, size in zip(data.names, data.sizes, strict=True)}
    out["part"] = whole
    for key in ("separation", "strata", "reliability"):
        out[key] = dict.fromkeys(data.names, nan)
    for key in ("chi2_fixed", "chi2_random"):
        out[key] = dict.fromkeys(data.names, chi2(nan, 0))
    empty: Any = {} if model == "PCM" else np.zeros(0)
    return ManyFacetRasch(
        n=0, n_missing=data.n_missing, n_extreme=data.n, n_separated=0, **out, thresholds=empty, thresholds_se=empty,
        categories={} if model == "PCM" else np.zeros(0, np.int64), pair_variance=nan, attenuation=nan, variance=nan,
        variance_se=nan, mean=np.zeros(0), posterior_mean=np.zeros(0), posterior_sd=np.zeros(0), loglik=nan,
        converged=False, method=how, reason=reason,
    )  # fmt: skip
