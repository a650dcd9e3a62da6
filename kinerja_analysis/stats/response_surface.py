"""Polynomial regression of an outcome on two ratings, and the shape of its surface."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from kinerja_analysis.stats._arrays import codes, confidence, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
TERMS = ("intercept", "x", "y", "x2", "xy", "y2")
LINES = ("a1", "a2", "a3", "a4", "a5")
AXES = ("x0", "y0", "p10", "p11", "p20", "p21")
_TO_LINES = np.array([
    [0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [0, 1, -1, 0, 0, 0], [0, 0, 0, 1, -1, 1], [0, 0, 0, 1, 0, -1],
], dtype=np.float64)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSurface:
    """z = b0 + b1·x + b2·y + b3·x² + b4·xy + b5·y², with its shape.

    `a1`, `a2`: slope and curvature along x = y; `a3`, `a4`: along x = −y; `a5` = b3 − b5. (`x0`, `y0`) is the
    stationary point, y = `p10` + `p11`·x the first principal axis, `p20`, `p21` the second. `b_se`, `a_se`,
    `axes_se` (order of `AXES`) come from the robust covariance, the last by the delta method; `lower` and `upper` have
    limits by name: of b and a with t(df), of the axes by bootstrap percentiles where asked for. `p` tests each a = 0.
    """

    b: Floats
    b_se: Floats
    a1: float
    a2: float
    a3: float
    a4: float
    a5: float
    a_se: Floats
    p: Floats
    x0: float
    y0: float
    p10: float
    p11: float
    p20: float
    p21: float
    axes_se: Floats
    lower: dict[str, float]
    upper: dict[str, float]
    r_squared: float
    centre: float
    df: float
    level: float
    n: int
    method: str
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        names = [*TERMS, *LINES, *AXES]
        values = [*self.b, *(getattr(self, name) for name in (*LINES, *AXES))]
        low, high = (np.array([ends[name] for name in names]) for ends in (self.lower, self.upper))
        se = np.concatenate([self.b_se, self.a_se, self.axes_se])
        return frame(block("surface", values, level=names, se=se, lower=low, upper=high))


def response_surface(
    x: ArrayLike, y: ArrayLike, z: ArrayLike, *, centre: float = 0.0, cluster: ArrayLike | None = None,
    replicates: int = 0, seed: int = 0, level: float = 0.95,
) -> ResponseSurface:  # fmt: skip
    """Does an outcome follow two ratings, their agreement, or their difference?

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Two ratings on one scale, e.g. self and supervisor.
    z : array_like, shape (n,)
        A *third* variable: next year's result, achievement. Not a difference of x and y.
    centre : float
        Taken from both x and y: the same constant, e.g. the middle of the scale.
    cluster : array_like of int, shape (n,), optional
        Units. With them the covariance is clustered (CR3, the jackknife over units) with t(units − 1); without, HC3
        with t(n − 6).
    replicates, seed : int
        Bootstrap (of rows, or of whole units) for the limits of the stationary point and the axes.
    level : float
        Confidence level.

    Returns
    -------
    ResponseSurface
        `reason` is "", "too_few" (fewer than seven rows, or two units), "collinear" (x and y hold too few different
        values for six coefficients; all NaN) or "no_stationary_point" (4·b3·b5 = b4²; point and axes NaN). Where only
        b4 = 0, the axes are parallel to x and y: p10 to p21 are NaN.

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes.

    References
    ----------
    Edwards & Parry (1993); Shanock et al. (2010); Humberg, Nestler & Back (2019); MacKinnon & White (1985) for HC3;
    Bell & McCaffrey (2002) for CR3.

    Examples
    --------
    >>> grid = np.arange(-2.0, 3.0)
    >>> x, y = np.repeat(grid, 5), np.tile(grid, 5)
    >>> fit = response_surface(x, y, 1 - 0.5 * (x - y) ** 2 + 0.2 * (x + y))
    >>> [round(float(v), 6) + 0.0 for v in (fit.a1, fit.a2, fit.a3, fit.a4)]
    [0.4, 0.0, 0.0, -2.0]
    """
    confidence(level)
    one = vector(x, "x") - centre
    two, out = vector(y, "y", one.size) - centre, vector(z, "z", one.size)
    group = None if cluster is None else np.unique(codes(cluster, "cluster", one.size), return_inverse=True)[1]
    design = np.column_stack([np.ones(one.size), one, two, one**2, one * two, two**2])
    kind = "hc3" if group is None else "cr3"
    freedom = one.size - 6.0 if group is None else float(group.max(initial=-1))
    tail: dict[str, Any] = {"centre": float(centre), "level": level, "n": one.size, "df": freedom}
    scale = np.maximum(np.abs(design).max(axis=0, initial=0.0), 1e-300)
    few = one.size < 7 or freedom < 1
    if few or np.linalg.cond(design / scale) > 1e10:
        return _nothing(kind, "too_few" if few else "collinear", tail)
    b, covariance, r_squared = _fit(design, out, group)
    b = np.where(np.abs(b) * scale > 1e-13 * np.abs(out).max(), b, 0.0)  # rounding is no curvature
    se, step = np.sqrt(np.diag(covariance)), _TO_LINES @ covariance @ _TO_LINES.T
    a, a_se = _TO_LINES @ b, np.sqrt(np.diag(step))
    axes, slope = _axes(b), _slopes(_axes, b)
    axes_se = np.sqrt(np.einsum("ij,jk,ik->i", slope, covariance, slope))
    ends = _limits(b, se, a, a_se, _bootstrap(design, out, group, replicates, seed, level), freedom, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(freedom, -np.abs(a / a_se))
    method = f"ols_{kind}" + ("_bootstrap" if replicates else "")
    reason = "" if np.isfinite(axes[:2]).all() else "no_stationary_point"
    shape = dict(zip((*LINES, *AXES), (*a.tolist(), *axes.tolist()), strict=True))
    return ResponseSurface(
        b=b, b_se=se, a_se=a_se, p=p, axes_se=axes_se, lower=ends[0], upper=ends[1], r_squared=r_squared, method=method,
        reason=reason, **shape, **tail,
    )  # fmt: skip


def _fit(design: Floats, z: Floats, group: NDArray[np.intp] | None) -> tuple[Floats, Floats, float]:
    """Least squares, the robust covariance, and R²."""
    q, r = np.linalg.qr(design)
    back = np.linalg.inv(r)
    b = back @ (q.T @ z)
    residual = z - design @ b
    total = float(((z - z.mean()) ** 2).sum())
    if group is None:
        free = np.maximum(1 - (q**2).sum(axis=1), 1e-12)
        score, factor = q * (residual / free)[:, None], 1.0
    else:
        parts = [np.flatnonzero(group == g) for g in range(group.max() + 1)]
        left = [np.linalg.lstsq(np.eye(p.size) - q[p] @ q[p].T, residual[p])[0] for p in parts]
        score = np.array([q[p].T @ e for p, e in zip(parts, left, strict=True)])
        factor = (len(parts) - 1) / len(parts)
    covariance = back @ (score.T @ score) @ back.T * factor
    return b, covariance, 1 - float(residual @ residual) / total if total > 0 else math.nan


def _axes(b: Floats) -> Floats:
    """Stationary point and principal axes; NaN where there are none."""
    _, b1, b2, b3, b4, b5 = b.tolist()
    below = 4 * b3 * b5 - b4**2
    if abs(below) <= 1e-12 * max(b3 * b3, b4 * b4, b5 * b5, 1e-300):
        return np.full(6, math.nan)
    x0, y0 = (b2 * b4 - 2 * b1 * b5) / below, (b1 * b4 - 2 * b2 * b3) / below
    if b4 == 0:
        return np.array([x0, y0, *[math.nan] * 4])
    root = math.hypot(b3 - b5, b4)
    p11, p21 = (b5 - b3 + root) / b4, (b5 - b3 - root) / b4
    return np.array([x0, y0, y0 - p11 * x0, p11, y0 - p21 * x0, p21])


def _slopes(f: Callable[[Floats], Floats], b: Floats) -> Floats:
    """Central differences of f in each coefficient, (outputs, coefficients)."""
    columns = []
    for k in range(b.size):
        step = np.zeros(b.size)
        step[k] = 1e-5 * max(abs(float(b[k])), float(np.abs(b[3:]).max()), 1e-12)
        columns.append((f(b + step) - f(b - step)) / (2 * step[k]))
    return np.array(columns).T


def _bootstrap(
    design: Floats, z: Floats, group: NDArray[np.intp] | None, replicates: int, seed: int, level: float
) -> Floats:
    """Percentile limits of stationary point and axes, (2, 6); NaN without replicates."""
    if not replicates:
        return np.full((2, 6), math.nan)
    rng, found = np.random.default_rng(seed), []
    label = np.arange(z.size) if group is None else group
    order = np.argsort(label, kind="stable")
    start = np.searchsorted(label[order], np.arange(label.max() + 2))
    members = [order[a:b] for a, b in pairwise(start)]
    for _ in range(replicates):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        b, *_ = np.linalg.lstsq(design[rows], z[rows])
        found.append(_axes(b))
    tail, good = [0.5 - level / 2, 0.5 + level / 2], [v[np.isfinite(v)] for v in np.array(found).T]
    return np.array([np.quantile(v, tail) if v.size else [math.nan] * 2 for v in good]).T


def _limits(
    b: Floats, se: Floats, a: Floats, a_se: Floats, axes: Floats, freedom: float, level: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Lower and upper limits by name."""
    half, value = float(stdtrit(freedom, 0.5 + level / 2)) * np.concatenate([se, a_se]), np.concatenate([b, a])
    names = (*TERMS, *LINES, *AXES)
    ends = [np.concatenate([value + sign * half, axes[k]]) for k, sign in enumerate((-1, 1))]
    low, high = (dict(zip(names, end.tolist(), strict=True)) for end in ends)
    return low, high


def _nothing(kind: str, reason: str, tail: dict[str, Any]) -> ResponseSurface:
    """The record without an estimate."""
    gone: dict[str, Any] = dict.fromkeys((*LINES, *AXES), math.nan)
    ends = dict.fromkeys((*TERMS, *LINES, *AXES), math.nan)
    five, six = np.full(5, math.nan), np.full(6, math.nan)
    return ResponseSurface(
        b=six, b_se=six, a_se=five, p=five, axes_se=six, lower=ends, upper=ends, r_squared=math.nan,
        method=f"ols_{kind}", reason=reason, **gone, **tail,
    )  # fmt: skip
