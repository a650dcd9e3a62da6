"""Variance ratios of a mixed model: the deviance, its derivatives, its minimum, and likelihood intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._mixed import Fit
from ._sampling import SampledSystem

FloatArray = NDArray[np.float64]
FLOOR = 1e-10
CEILING = 1e6
UNIDENTIFIED = 1e-9
EXHAUSTED = 1e-12
_MAX_STEPS = 60
_PATIENCE, _STEEP = 15, 100.0
_DECREMENT, _DECREMENT_COSTLY = 1e-13, 1e-9
_SLOPE = 1e-3
_RESOLUTION = 1e-6
_ROUNDING = 1e-12
_CLOSE = 0.3
_FAR, _WIDE = 1e4, 20.0
_SCORE = 1e-6
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Point:
    """Deviance at given variance ratios, with what its derivatives are made of.

    `trace` is tr(Z'PZ) and `square` |Z'Py|² of each factor at σ² = 1; `df` the divisor of σ².
    """

    fit: Fit
    df: int
    logdet: float
    trace: FloatArray
    square: FloatArray

    @property
    def variance(self) -> float:
        """Residual variance that minimises the deviance here."""
        return self.fit.rss / self.df

    @property
    def deviance(self) -> float:
        """−2 log (restricted) likelihood, residual variance profiled out."""
        return self.logdet + self.df * (1.0 + float(np.log(2.0 * np.pi * self.variance)))

    @property
    def gradient(self) -> FloatArray:
        """Derivative of the deviance by the variance ratios."""
        return self.trace - self.square / self.variance


class Objective:
    """The deviance of a system, restricted or not."""

    def __init__(self, system: SampledSystem, *, reml: bool) -> None:
        self.system, self.reml = system, reml
        self.df = system.n - (system.p + system.n_fixed if reml else 0)
        self.observed = np.array([np.count_nonzero(np.bincount(codes)) for codes in system.factors])
        self.total = float(system.M[:, -1] @ system.M[:, -1])

    def hopeless(self, point: Point) -> bool:
        """Whether a factor is explained by the fixed effects, or nothing is left to be explained."""
        explained = bool((point.trace < UNIDENTIFIED * self.system.n).any())
        return explained or point.fit.rss <= EXHAUSTED * self.total

    def at(self, gamma: FloatArray) -> Point:
        """Evaluate at given variance ratios; at a ratio of 0 its derivative is missing (NaN)."""
        return self.point(self.system.fit(gamma))

    def point(self, fit: Fit) -> Point:
        """The point of a fit that the system has made."""
        gamma = fit.gamma
        sums = np.array([part.sum() for part in self.system.variances(fit, fixed=self.reml)[0]])
        squares = np.array([np.sum(u**2) for u in self.system.effects(fit)])
        return Point(
            fit=fit,
            df=self.df,
            logdet=fit.logdet + (fit.logdet_fixed if self.reml else 0.0),
            trace=_ratio(self.system.levels - sums, gamma),
            square=_ratio(squares, gamma),
        )

    def curvature(self, point: Point) -> FloatArray:
        """Average information about the variance ratios, residual variance profiled out, times two."""
        information = self.system.working_information(point.fit) / point.variance
        return information - np.outer(point.square, point.square) / (point.variance**2 * point.df)


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    return np.divide(top, bottom, out=np.full(bottom.size, np.nan), where=bottom > 0)


def minimise(objective: Objective, start: FloatArray) -> tuple[Point, bool]:
    """Variance ratios of least deviance, each at least `FLOOR`; whether the search converged.

    Far from the minimum each ratio moves by itself to where its derivative would vanish in a balanced
    one-way layout; near it by a Newton step with the average information. A step that does not lower the
    deviance is replaced by halved Newton steps. A factor that the fixed effects explain ends the search.
    """
    point = objective.at(np.clip(start, FLOOR, CEILING))
    for count in range(_MAX_STEPS):
        if objective.hopeless(point) or (point.fit.gamma >= CEILING).any():
            return point, False
        gamma, gradient = point.fit.gamma, point.gradient
        free, newton = _newton(objective, point)
        small = -float(gradient @ newton) < (_DECREMENT if objective.system.cheap else _DECREMENT_COSTLY)
        if small and (np.abs(gradient * gamma)[free] < _SLOPE).all():
            beyond = _leap(objective, point) if (gamma > _STEEP).any() else None
            if beyond is None:
                return point, True
            point = beyond
            continue
        better = _leap(objective, point) if count % _PATIENCE == _PATIENCE - 1 else None
        better = better or _descend(objective, point, newton, free, far=small)
        if better is None:
            return point, -float(gradient @ newton) < _RESOLUTION
        point = better
    return point, False


def _newton(objective: Objective, point: Point) -> tuple[NDArray[np.bool_], FloatArray]:
    """The ratios that may move, and the Newton step with the average information; 0 for the others."""
    free = (point.fit.gamma > FLOOR) | (point.gradient < 0)
    step = np.zeros_like(point.fit.gamma)
    if free.any():
        curvature = objective.curvature(point)[np.ix_(free, free)]
        step[free] = -np.linalg.lstsq(curvature, point.gradient[free], rcond=1e-13)[0]
    return free, step


def _leap(objective: Objective, point: Point) -> Point | None:
    """A search that takes this long is on its way to 0 or to a residual of 0: go there at once if it is lower."""
    gamma = np.where(point.gradient > 0, FLOOR, np.minimum(1e3 * point.fit.gamma, CEILING))
    trial = objective.at(gamma)
    return trial if trial.deviance < point.deviance else None


def _descend(
    objective: Objective, point: Point, newton: FloatArray, free: NDArray[np.bool_], *, far: bool
) -> Point | None:
    """The next point of lower deviance, or None if there is none along the Newton direction.

    `far` says that the curvature vanishes although the slope does not.
    """
    gamma = point.fit.gamma
    level = point.deviance
    slack = _ROUNDING * (abs(level) + objective.df)
    if far or (np.abs(newton) > _CLOSE * gamma).any():
        jump = np.where(free, _jump(objective, point), 0.0)
        trial = objective.at(np.clip(gamma + jump, FLOOR, CEILING))
        if trial.deviance < level:
            return trial
    for halving in range(30):
        step = gamma + newton * 0.5**halving
        trial = objective.at(np.clip(step, FLOOR, CEILING))
        if trial.deviance <= level + slack:
            return trial
    return None


def seek(objective: Objective, start: FloatArray) -> tuple[Point, bool]:
    """Variance ratios at which the score vanishes, without use of the deviance; whether it was found.

    For systems whose log determinant is not computed on the way. Far from the root each ratio moves as in
    `minimise`, or between two points where its derivative changed sign; near it by Newton steps with the average
    information, no more than a factor of four at once.
    """
    point, before = objective.at(np.clip(start, FLOOR, CEILING)), None
    for _ in range(_MAX_STEPS):
        if objective.hopeless(point) or (point.fit.gamma >= CEILING).any():
            return point, False
        gamma = point.fit.gamma
        free, step = _newton(objective, point)
        if abs(float(point.gradient @ step)) < _SCORE:
            return point, True
        if (np.abs(step) > _CLOSE * gamma).any():
            step = np.where(free, _jump(objective, point), 0.0)
            if before is not None:
                step = _between(before, point, step)
        low, high = np.where(gamma > _LEAST, 0.25 * gamma, FLOOR), np.maximum(4.0 * gamma, _LEAST)
        point, before = objective.at(np.clip(gamma + step, low, high)), point
    return point, False


def _jump(objective: Objective, point: Point) -> FloatArray:
    """To where each ratio's derivative would vanish in a balanced one-way layout."""
    ratio = point.square / (point.variance * point.trace)
    return np.asarray(objective.observed / point.trace * (ratio - 1.0))


def _between(before: Point, point: Point, step: FloatArray) -> FloatArray:
    """Where a derivative has changed its sign, the step to the root of its chord over the logarithm."""
    gamma, change = point.fit.gamma, before.gradient - point.gradient
    turned = before.gradient * point.gradient < 0
    share = np.divide(before.gradient, change, out=np.ones_like(gamma), where=turned)
    return np.where(turned, before.fit.gamma ** (1.0 - share) * gamma**share - gamma, step)


def delta_intervals(objective: Objective, point: Point, z: float) -> FloatArray:
    """Limits of all SDs (factors, residual), z standard errors on the log scale by the average information.

    A factor at zero gets the limits 0 and where the quadratic expansion of the deviance rises by z².
    """
    gamma, sigma2 = point.fit.gamma, point.variance
    free = np.flatnonzero(gamma > FLOOR)
    working = objective.system.working_information(point.fit) / sigma2
    information = np.empty((free.size + 1, free.size + 1))
    information[:-1, :-1] = working[np.ix_(free, free)]
    information[:-1, -1] = information[-1, :-1] = point.square[free] / sigma2
    information[-1, -1] = point.df
    covariance = 2.0 * np.linalg.pinv(information, hermitian=True)
    limits = np.empty((gamma.size + 1, 2))
    for position, k in enumerate(free):
        move = np.zeros(free.size + 1)
        move[position], move[-1] = 0.5 / gamma[k], 0.5
        limits[k] = _log_limits(np.sqrt(sigma2 * gamma[k]), float(move @ covariance @ move), z)
    limits[-1] = _log_limits(np.sqrt(sigma2), 0.25 * covariance[-1, -1], z)
    profiled = objective.curvature(point)
    for k in np.flatnonzero(gamma <= FLOOR):
        slope, bend = max(point.gradient[k], 0.0), max(profiled[k, k], 0.0)
        steepness = slope + np.sqrt(slope**2 + 2.0 * bend * z**2)
        limits[k] = 0.0, np.sqrt(sigma2 * 2.0 * z**2 / max(steepness, 1e-300))
    return limits


def _log_limits(value: float, variance: float, z: float) -> tuple[float, float]:
    half = min(z * np.sqrt(variance), 600.0)  # what is not known at all has no limit, but a number
    return value * np.exp(-half), value * np.exp(half)


class ProfileLost(ArithmeticError):
    """The profile could not be followed: at the estimate itself it lies above the level it should cross."""


def profile_intervals(objective: Objective, point: Point, z: float) -> FloatArray:
    """Profile likelihood limits of all SDs (factors, residual last).

    Each limit is where the deviance, minimised over everything else, exceeds its minimum by z², a quantile of χ²(1).
    """
    # near 0 the guess runs away
    start = np.minimum(delta_intervals(objective, point, z), 10 * np.sqrt(point.variance * (1 + point.fit.gamma.sum())))
    limits = np.empty_like(start)
    best = point.deviance
    for k in range(start.shape[0]):
        estimate = np.sqrt(point.variance * (point.fit.gamma[k] if k < start.shape[0] - 1 else 1.0))
        excess = _profile(objective, point, k, best + z**2)
        limits[k] = _limits(excess, float(estimate), start[k], residual=k == start.shape[0] - 1)
    return limits


def _limits(
    excess: Callable[[float], float], estimate: float, guess: FloatArray, *, residual: bool
) -> tuple[float, float]:
    start = max(estimate, 1e-6 * float(guess[1]))
    if excess(start) >= 0:
        raise ProfileLost
    above = first = max(float(guess[1]), 1.01 * estimate)
    while excess(above) < 0:
        above *= 1.5
        if above > _FAR * first:
            raise ProfileLost
    upper = _root(excess, start, above)
    least = 1e-5 * above
    if not residual and (estimate <= least or excess(least) < 0):
        return 0.0, upper
    below = min(max(float(guess[0]), 0.1 * estimate), 0.99 * estimate)
    while excess(below) < 0:
        if below <= least:
            raise ProfileLost
        below = max(0.5 * below, least)
    return _root(excess, below, estimate), upper


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    if excess(low) * excess(high) > 0:
        raise ProfileLost
    return float(brentq(excess, low, high, rtol=1e-7))


def _profile(objective: Objective, point: Point, k: int, level: float) -> Callable[[float], float]:
    """Deviance with the SD of factor `k` (or the residual) held, minimised over the rest, minus `level`."""
    from scipy.optimize import minimize

    size = point.fit.gamma.size
    others = [j for j in range(size) if j != k]
    scale = np.maximum(point.fit.gamma[others], 1e-3)
    held_residual = k == size
    first = [] if held_residual else [np.log(point.variance)]
    start = np.concatenate([first, point.fit.gamma[others] / scale])
    around = [] if held_residual else [(first[0] - _WIDE, first[0] + _WIDE)]
    bounds = around + [(FLOOR / unit, CEILING / unit) for unit in scale]

    def value(x: FloatArray, sd: float) -> tuple[float, FloatArray]:
        log_variance = 2.0 * np.log(sd) if held_residual else x[0]
        gamma = np.empty(size)
        gamma[others] = x[-len(others) :] * scale if others else []
        if not held_residual:
            gamma[k] = np.clip(sd**2 / np.exp(log_variance), FLOOR, CEILING)
        at = objective.at(gamma)
        variance = np.exp(log_variance)
        total = at.logdet + at.df * (np.log(2.0 * np.pi) + log_variance) + at.fit.rss / variance
        slope = at.trace - at.square / variance
        by_variance = at.df - at.fit.rss / variance - (0.0 if held_residual else slope[k] * gamma[k])
        return total, np.concatenate([[] if held_residual else [by_variance], slope[others] * scale])

    last = start

    def excess(sd: float) -> float:
        nonlocal last
        if not start.size:
            return value(start, sd)[0] - level
        options = {"ftol": 1e-14, "gtol": 1e-7, "maxiter": 200}
        found = min(
            (
                minimize(value, x, args=(sd,), jac=True, bounds=bounds, method="L-BFGS-B", options=options)
                for x in (last, start)
            ),
            key=lambda one: float(one.fun),
        )
        last = found.x
        return float(found.fun) - level

    return excess
