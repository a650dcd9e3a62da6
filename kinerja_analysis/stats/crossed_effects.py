"""Linear model with several crossed or nested random factors, by exact (restricted) maximum likelihood."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ._anova import anova_variances
from ._arrays import codes, confidence, vector
from ._mixed import DesignTooLarge
from ._mixed_checks import constant, disconnected, fixed_design, unusable
from ._mixed_search import (
    CEILING,
    EXHAUSTED,
    FLOOR,
    UNIDENTIFIED,
    Objective,
    Point,
    ProfileLost,
    delta_intervals,
    minimise,
    profile_intervals,
    seek,
)
from ._record import Predictions, block, frame, predictions
from ._sampling import SampledSystem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CrossedEffects", "DesignTooLarge", "crossed_effects"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_LEAST, _START, _MOST = 1e-3, 0.1, 1e3


@dataclass(frozen=True, slots=True)
class CrossedEffects:
    """A fitted crossed random-effects model.

    Attributes
    ----------
    n : int
        Observations.
    sd : dict of str to float
        Standard deviation of each random factor; 0 on the boundary.
    sd_residual : float
    sd_interval : dict of str to (lower, upper)
        Limits at `level`, the residual under ``"residual"``; empty if not asked for. `method` names the kind.
    fixed, fixed_se : ndarray, shape (p,)
        Coefficients of `X` (the intercept if `X` was None); empty when only `component` was given.
    component_mean, component_mean_se : ndarray
        The fixed mean of each component by code (NaN for codes without observations); empty without.
    effects : dict of str to ndarray
        Best linear unbiased predictions by code: marked, since `shrink` refuses them.
    effects_se : dict of str to ndarray
        SE of prediction: √(σ² × diagonal of the inverse mixed-model equations), fixed effects included.
    effects_sd : dict of str to ndarray
        Conditional SD with the coefficients of `X` taken as known (what lme4 prints as condVar).
    anova : dict of str to float
        Raw variances by the analysis of variance (Henderson's method I), the residual under ``"residual"``:
        negative where the data say so. Empty if more than means is fixed.
    loglik : float
        Log likelihood, restricted if `reml`.
    converged : bool
    method : str
    monte_carlo : dict of str to float
        Empty by the exact route. By the large one ``effects_se`` and ``sd``: the largest relative error that
        sampling puts on them, and ``loglik``: the standard error of the log likelihood.
    reason : str
        "" | ``singular`` (a standard deviation is 0) | ``disconnected`` (crossed factors fall into parts without
        a fixed mean each: effects of different parts rest on the parts being equally good) | ``empty`` |
        ``constant`` | ``no_residual`` | ``one_level`` | ``one_per_level`` | ``confounded`` | ``not_identified``
        | ``zero_residual``; after the last eight every estimate is NaN.
    """

    n: int
    sd: dict[str, float]
    sd_residual: float
    sd_interval: dict[str, tuple[float, float]]
    fixed: FloatArray
    fixed_se: FloatArray
    component_mean: FloatArray
    component_mean_se: FloatArray
    effects: dict[str, Predictions]
    effects_se: dict[str, FloatArray]
    effects_sd: dict[str, FloatArray]
    anova: dict[str, float]
    loglik: float
    converged: bool
    method: str
    monte_carlo: dict[str, float]
    reason: str

    @property
    def monte_carlo_error(self) -> float:
        """Largest relative sampling error of a standard error or SD; 0 by the exact route."""
        return max(self.monte_carlo.get("effects_se", 0.0), self.monte_carlo.get("sd", 0.0))

    def to_frame(self) -> "pd.DataFrame":
        """SDs with limits, fixed effects and component means with SE, predictions with SE."""
        names = [*self.sd, "residual"]
        limits = np.array([self.sd_interval.get(name, (np.nan, np.nan)) for name in names])
        sd = np.array([*self.sd.values(), self.sd_residual])
        return frame(
            block("sd", sd, level=names, lower=limits[:, 0], upper=limits[:, 1]),
            block("fixed", self.fixed, se=self.fixed_se),
            block("component_mean", self.component_mean, se=self.component_mean_se),
            *(block(f"effect:{name}", self.effects[name], se=self.effects_se[name]) for name in self.sd),
            block("anova", np.array(list(self.anova.values())), level=list(self.anova)),
            block("loglik", self.loglik),
        )


def crossed_effects(
    y: ArrayLike,
    groups: Mapping[str, ArrayLike],
    X: ArrayLike | None = None,
    *,
    component: ArrayLike | None = None,
    reml: bool = True,
    sd_interval: bool = True,
    level: float = 0.95,
    route: str = "auto",
) -> CrossedEffects:
    """Variances and effects of several crossed or nested random factors.

    Parameters
    ----------
    y : array of float, shape (n,)
        Response, one entry per rating or pair mean. In stats a rater's effect on scores is *not* turned
        into severity here: a positive effect raises the score.
    groups : mapping of name to array of int, shape (n,)
        Codes from 0 of each random factor. Nested factors carry their own codes.
    X : array of float, shape (n, p), optional
        The whole fixed design, with a column of ones if wanted. Default: an intercept, or nothing but the
        component means if `component` is given.
    component : array of int, shape (n,), optional
        Linked component of each row: one fixed mean each, so that no prior links what the design does not.
        `X` must then not contain a constant. Needs `reml`.
    reml : bool
        Restricted maximum likelihood (default) or maximum likelihood.
    sd_interval : bool
        Compute limits of the standard deviations: by profile likelihood where that is cheap, else by
        the delta method on the log scale.
    level : float
        Confidence level of these limits.
    route : str
        ``exact``, ``large`` (conjugate gradients and stochastic traces), or ``auto``: exact unless it would need
        more than 5·10⁹ operations a step. With a single factor always exact.

    Returns
    -------
    CrossedEffects

    Raises
    ------
    DesignTooLarge
        A ValueError: more than 8,000 linked levels beside the largest factor with ``route="exact"``, or too many
        levels of factors that reach over components.
    ValueError
        For malformed arrays, linearly dependent fixed columns, a level of the largest factor that lies in two
        components, or `component` without `reml`.

    Notes
    -----
    The profiled deviance of Bates et al. (2015), with the largest factor eliminated exactly and the others
    in dense blocks by linked component; Newton steps with the average information of Gilmour et al. (1995).
    The large route solves the same equations by conjugate gradients; only the diagonal of their inverse and
    the log determinant are sampled.

    Examples
    --------
    The dyestuff data of Davies & Goldsmith (1972): six batches, five yields each.

    >>> y = [1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560,
    ...      1445, 1440, 1595, 1465, 1545, 1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445]
    >>> fit = crossed_effects(y, {"batch": np.repeat(np.arange(6), 5)})
    >>> round(fit.sd["batch"] ** 2, 2), round(fit.sd_residual**2, 2), fit.fixed.round(2).tolist()
    (1764.05, 2451.25, [1527.5])
    """
    response = vector(y, "y")
    n = response.size
    confidence(level)
    if not groups:
        raise ValueError("groups must name at least one random factor")
    if route not in ("auto", "exact", "large"):
        raise ValueError('route must be "auto", "exact" or "large"')
    if component is not None and not reml:
        raise ValueError("fixed component means need reml=True")
    factors = {name: codes(values, name, n).astype(np.int64) for name, values in groups.items()}
    parts = None if component is None else codes(component, "component", n).astype(np.int64)
    design = fixed_design(X, n, parts is not None)
    reason = unusable(response, factors, parts, design)
    if reason:
        return _nothing(n, factors, design, parts, reason)
    data = _Data(response, factors, parts, design)
    system = SampledSystem(data.centred, list(factors.values()), design, data.index, route)
    fitted = _search(Objective(system, reml=reml), data, level if sd_interval else 0.0)
    if fitted.reason:
        return _nothing(n, factors, design, parts, fitted.reason)
    return _record(data, fitted, reml)


class _Data:
    """The centred response, where its mean goes back to, and what the analysis of variance says."""

    def __init__(
        self, y: FloatArray, factors: dict[str, IntArray], component: IntArray | None, design: FloatArray
    ) -> None:
        self.factors, self.design = factors, design
        self.present: IntArray | None = None
        self.index: IntArray | None = None
        mean = float(y.mean())
        if component is not None:
            self.present, self.index = np.unique(component, return_inverse=True)
            self.back: FloatArray | float = mean
            self.centred = y - mean
        else:
            self.back = constant(design, mean)
            self.centred = y - design @ self.back
        self.linked = not disconnected(list(factors.values()), self.index, design)

        raw = anova_variances(self.centred, list(factors.values()), self.index)
        only_means = design.shape[1] <= (self.index is None) and not np.ptp(design, axis=0).any()
        known = bool(np.isfinite(raw).all())
        names = [*factors, "residual"] if known and only_means else []
        self.anova = dict(zip(names, raw.tolist(), strict=False))
        known &= bool(raw[-1] > 0)
        self.start = np.clip(raw[:-1] / raw[-1], _LEAST, _MOST) if known else np.full(len(factors), _START)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The end of the search."""

    objective: Objective
    point: Point
    converged: bool
    limits: FloatArray | None
    kind: str
    monte_carlo: dict[str, float]
    reason: str = ""


def _search(objective: Objective, data: _Data, level: float) -> _Fitted:
    """Minimise the deviance; limits of the SDs at a level, none at 0."""
    system = objective.system
    point, converged = (minimise if system.exact else seek)(objective, data.start)
    _check_columns(system, point, data.design)
    reason = _degenerate(objective, point)
    limits, kind = None, "not computed"
    if level and not reason:
        limits, kind = _intervals(objective, point, float(ndtri(0.5 + level / 2)))
    if reason:
        return _Fitted(objective, point, converged, limits, kind, {}, reason)
    boundary = point.fit.gamma <= 10 * FLOOR
    final = objective.at(np.where(boundary, 0.0, point.fit.gamma)) if boundary.any() else point
    if system.exact:
        return _Fitted(objective, final, converged, limits, kind, {})
    refined = system.refine(final.fit, fixed=objective.reml)
    sd_error = _sd_error(objective, point, objective.point(refined.fit), ~boundary)
    errors = {"effects_se": refined.se_error + sd_error, "sd": sd_error, "loglik": 0.5 * refined.logdet_error}
    return _Fitted(objective, objective.point(refined.bounded), converged, limits, kind, errors)


def _sd_error(objective: Objective, point: Point, sharp: Point, free: NDArray[np.bool_]) -> float:
    """Four times the relative change of the SDs by a Newton step from a score with many probes."""
    if not free.any():
        return 0.0
    curvature = objective.curvature(point)[np.ix_(free, free)]
    step = np.linalg.lstsq(curvature, sharp.gradient[free], rcond=1e-13)[0]
    return float(2.0 * np.abs(step / point.fit.gamma[free]).max())


def _degenerate(objective: Objective, point: Point) -> str:
    if (point.trace < UNIDENTIFIED * objective.system.n).any():
        return "not_identified"
    exhausted = point.fit.rss <= EXHAUSTED * objective.total
    return "zero_residual" if exhausted or (point.fit.gamma >= CEILING).any() else ""


def _check_columns(system: SampledSystem, point: Point, design: FloatArray) -> None:
    """Refuse a fixed column that the other fixed columns (or the component means) explain."""
    if system.p:
        own = (design**2).sum(axis=0)
        if (1.0 / np.diag(point.fit.beta_cov) < 1e-10 * own).any():
            raise ValueError("the columns of X are linearly dependent")


def _intervals(objective: Objective, point: Point, z: float) -> tuple[FloatArray, str]:
    if objective.system.cheap:
        with suppress(ProfileLost):
            return profile_intervals(objective, point, z), "profile likelihood"
    return delta_intervals(objective, point, z), "delta method on the log scale"


def _record(data: _Data, fitted: _Fitted, reml: bool) -> CrossedEffects:
    system, point = fitted.objective.system, fitted.point
    fit, names = point.fit, list(data.factors)
    scale = np.sqrt(point.variance * fit.gamma)
    (full, means_var), (conditional, _) = (system.variances(fit, fixed=fixed) for fixed in (True, False))
    limits = np.zeros((0, 2)) if fitted.limits is None else fitted.limits
    size = 0 if data.present is None else int(data.present.max()) + 1
    means, means_se = np.full(size, np.nan), np.full(size, np.nan)
    if data.present is not None:
        means[data.present] = fit.mean + data.back
        means_se[data.present] = np.sqrt(point.variance * means_var)
    effects = zip(names, np.sqrt(fit.gamma), system.effects(fit), strict=True)
    how = "exact" if system.exact else "conjugate gradients in unit blocks, stochastic traces"
    reason = "" if data.linked else "disconnected"
    return CrossedEffects(
        n=system.n,
        sd={name: float(value) for name, value in zip(names, scale, strict=True)},
        sd_residual=float(np.sqrt(point.variance)),
        sd_interval={
            name: (float(low), float(high)) for name, (low, high) in zip([*names, "residual"], limits, strict=False)
        },
        fixed=fit.beta + (data.back if data.present is None else 0.0),
        fixed_se=np.sqrt(point.variance * np.diag(fit.beta_cov)),
        component_mean=means,
        component_mean_se=means_se,
        effects={name: predictions(root * u) for name, root, u in effects},
        effects_se={name: s * np.sqrt(v) for name, s, v in zip(names, scale, full, strict=True)},
        effects_sd={name: s * np.sqrt(v) for name, s, v in zip(names, scale, conditional, strict=True)},
        anova=data.anova,
        loglik=-0.5 * point.deviance,
        converged=fitted.converged,
        method=f"{'REML' if reml else 'ML'}, {how}; sd limits: {fitted.kind}",
        monte_carlo=fitted.monte_carlo,
        reason=reason or ("singular" if (fit.gamma == 0).any() else ""),
    )


def _nothing(
    n: int,
    factors: dict[str, IntArray],
    design: FloatArray,
    component: IntArray | None,
    reason: str,
) -> CrossedEffects:
    """A record without estimates."""

    def missing(size: int) -> FloatArray:
        return np.full(size, np.nan)

    levels = {name: int(values.max(initial=-1)) + 1 for name, values in factors.items()}
    parts = 0 if component is None else int(component.max(initial=-1)) + 1
    return CrossedEffects(
        n=n,
        sd=dict.fromkeys(factors, float("nan")),
        sd_residual=float("nan"),
        sd_interval={},
        fixed=missing(design.shape[1]),
        fixed_se=missing(design.shape[1]),
        component_mean=missing(parts),
        component_mean_se=missing(parts),
        effects={name: predictions(missing(size)) for name, size in levels.items()},
        effects_se={name: missing(size) for name, size in levels.items()},
        effects_sd={name: missing(size) for name, size in levels.items()},
        anova={},
        loglik=float("nan"),
        converged=False,
        method="none",
        monte_carlo={},
        reason=reason,
    )
