"""Linear model with several crossed or nested random factors, by exact (restricted) maximum likelihood."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import codes, vector
from ._mixed import DesignTooLarge, MixedSystem
from ._mixed_search import (
    CEILING,
    FLOOR,
    UNIDENTIFIED,
    Objective,
    Point,
    ProfileLost,
    delta_intervals,
    minimise,
    profile_intervals,
)
from ._record import Predictions, block, frame, predictions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CrossedEffects", "DesignTooLarge", "crossed_effects"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_PROFILE_BLOCK, _PROFILE_CELLS = 200, 20_000


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
        95 % limits, the residual under ``"residual"``; empty if not asked for. `method` names the kind.
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
    loglik : float
        Log likelihood, restricted if `reml`.
    converged : bool
    method : str
    monte_carlo_error : float
        0.0: nothing is sampled.
    reason : str
        "" | ``singular`` (a standard deviation is 0) | ``empty`` | ``constant`` | ``no_residual`` |
        ``one_per_level`` | ``confounded`` | ``not_identified`` | ``zero_residual``; after the last seven
        every estimate is NaN.
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
    loglik: float
    converged: bool
    method: str
    monte_carlo_error: float
    reason: str

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
        Compute 95 % limits of the standard deviations: by profile likelihood where that is cheap, else by
        the delta method on the log scale.

    Returns
    -------
    CrossedEffects

    Raises
    ------
    DesignTooLarge
        If more than 8,000 linked levels remain beside the largest factor (a ValueError).
    ValueError
        For malformed arrays, linearly dependent fixed columns, or `component` without `reml`.

    Notes
    -----
    The profiled deviance of Bates et al. (2015), with the largest factor eliminated exactly and the others
    in dense blocks by linked component; Newton steps with the average information of Gilmour et al. (1995).

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
    if not groups:
        raise ValueError("groups must name at least one random factor")
    if component is not None and not reml:
        raise ValueError("fixed component means need reml=True")
    factors = {name: codes(values, name, n).astype(np.int64) for name, values in groups.items()}
    parts = None if component is None else codes(component, "component", n)
    design = _fixed_design(X, n, parts is not None)
    reason = _unusable(response, factors, parts, design)
    if reason:
        return _nothing(n, factors, design, parts, reason)
    present, index = (None, None) if parts is None else np.unique(parts, return_inverse=True)
    mean = float(response.mean())
    shift = _constant(design, mean) if index is None else np.zeros(design.shape[1])
    centred = response - (mean if index is not None else design @ shift)
    system = MixedSystem(centred, list(factors.values()), design, index)
    objective = Objective(system, reml=reml)
    point, converged = minimise(objective)
    _check_columns(system, point)
    reason = _degenerate(system, point, centred)
    if reason:
        return _nothing(n, factors, design, parts, reason)
    limits, kind = _intervals(objective, point) if sd_interval else (None, "not computed")
    boundary = point.fit.gamma <= 10 * FLOOR
    if boundary.any():
        point = objective.at(np.where(boundary, 0.0, point.fit.gamma))
    method = f"{'REML' if reml else 'ML'}, exact; sd limits: {kind}"
    back = shift if index is None else mean
    return _record(objective, point, list(factors), limits, back, present, converged, method)


def _fixed_design(X: ArrayLike | None, n: int, has_component: bool) -> FloatArray:
    if X is None:
        return np.ones((n, 0 if has_component else 1))
    design = np.asarray(X, dtype=np.float64)
    if design.ndim != 2 or design.shape[0] != n:
        raise ValueError(f"X must have shape ({n}, p), got {design.shape}")
    if not np.isfinite(design).all():
        raise ValueError("X holds NaN or infinity; leave such rows out first")
    size = np.sqrt((design**2).sum(axis=0))
    if n and np.linalg.matrix_rank(design.T @ design / np.maximum(np.outer(size, size), 1e-300)) < size.size:
        raise ValueError("the columns of X are linearly dependent")
    return design


def _constant(design: FloatArray, value: float) -> FloatArray:
    """Coefficients of a constant `value` in the design; zeros if it holds no constant."""
    ones = np.linalg.lstsq(design.T @ design, design.sum(axis=0), rcond=None)[0]
    inside = np.allclose(design @ ones, 1.0, rtol=0, atol=1e-8)
    return value * ones if inside else np.zeros(design.shape[1])


def _unusable(
    y: FloatArray, factors: dict[str, IntArray], component: NDArray[np.intp] | None, design: FloatArray
) -> str:
    """Why no model can be fitted to these arrays, or ""."""
    if y.size == 0:
        return "empty"
    n_fixed = design.shape[1] + (0 if component is None else np.unique(component).size)
    if y.size <= n_fixed:
        return "no_residual"
    if float(np.ptp(y)) == 0.0:
        return "constant"
    sizes = {name: np.unique(values).size for name, values in factors.items()}
    if y.size in sizes.values():
        return "one_per_level"
    names = list(factors)
    for i, left in enumerate(names):
        for right in names[:i]:
            if sizes[left] != sizes[right]:
                continue
            joint = factors[left] * (int(factors[right].max()) + 1) + factors[right]
            if np.unique(joint).size == sizes[left]:
                return "confounded"
    return ""


def _degenerate(system: MixedSystem, point: Point, y: FloatArray) -> str:
    if (point.trace < UNIDENTIFIED * system.n).any():
        return "not_identified"
    if (point.fit.gamma >= CEILING).any() or point.variance <= 1e-12 * float(y @ y) / y.size:
        return "zero_residual"
    return ""


def _check_columns(system: MixedSystem, point: Point) -> None:
    """Refuse a fixed column that the other fixed columns (or the component means) explain."""
    if system.p:
        own = np.diag(system.MM)[: system.p]
        if (1.0 / np.diag(point.fit.beta_cov) < 1e-10 * own).any():
            raise ValueError("the columns of X are linearly dependent")


def _intervals(objective: Objective, point: Point) -> tuple[FloatArray, str]:
    system = objective.system
    cheap = int(system.size.max(initial=0)) <= _PROFILE_BLOCK and system.C.nnz <= _PROFILE_CELLS
    if cheap and system.n <= _PROFILE_CELLS:
        with suppress(ProfileLost):
            return profile_intervals(objective, point), "profile likelihood"
    return delta_intervals(objective, point), "delta method on the log scale"


def _record(
    objective: Objective,
    point: Point,
    names: list[str],
    limits: FloatArray | None,
    back: FloatArray | float,
    present: NDArray[np.intp] | None,
    converged: bool,
    method: str,
) -> CrossedEffects:
    system, fit = objective.system, point.fit
    scale = np.sqrt(point.variance * fit.gamma)
    full, conditional = system.variances(fit, fixed=True), system.variances(fit, fixed=False)

    def of(k: int, both: tuple[FloatArray, FloatArray]) -> FloatArray:
        return scale[k] * np.sqrt(both[0] if k == system.first else both[1][system.slices[k]])

    intervals = [] if limits is None else [(float(low), float(high)) for low, high in limits]
    size = 0 if present is None else int(present.max()) + 1
    means, means_se = np.full(size, np.nan), np.full(size, np.nan)
    if present is not None:
        means[present] = fit.ur[system.n_random :] + back
        means_se[present] = np.sqrt(point.variance * full[1][system.n_random :])
    root = np.sqrt(fit.gamma)
    return CrossedEffects(
        n=system.n,
        sd={name: float(scale[k]) for k, name in enumerate(names)},
        sd_residual=float(np.sqrt(point.variance)),
        sd_interval=dict(zip([*names, "residual"], intervals, strict=False)),
        fixed=fit.beta + (back if present is None else 0.0),
        fixed_se=np.sqrt(point.variance * np.diag(fit.beta_cov)),
        component_mean=means,
        component_mean_se=means_se,
        effects={name: predictions(root[k] * system.scaled_effects(fit, k)) for k, name in enumerate(names)},
        effects_se={name: of(k, full) for k, name in enumerate(names)},
        effects_sd={name: of(k, conditional) for k, name in enumerate(names)},
        loglik=-0.5 * point.deviance,
        converged=converged,
        method=method,
        monte_carlo_error=0.0,
        reason="singular" if (fit.gamma == 0).any() else "",
    )


def _nothing(
    n: int,
    factors: dict[str, IntArray],
    design: FloatArray,
    component: NDArray[np.intp] | None,
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
        loglik=float("nan"),
        converged=False,
        method="none",
        monte_carlo_error=0.0,
        reason=reason,
    )
