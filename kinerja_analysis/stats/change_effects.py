"""Effects of single supervisors from changes of supervisor: least squares on the graph of changes."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse import csgraph
from scipy.special import stdtrit

from kinerja_analysis.stats._arrays import codes, confidence, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorEffects:
    """What each supervisor adds to the ratings, less the mean of the others of the same connected part.

    One entry per code: `value` with `se` and limits (NaN for a code without a change), `counterparts` different
    supervisors exchanged with, `changes` it took part in, `part` (−1 without a change) and `part_size`, supervisors in
    it. `variance` is that of a change times its employees, `df` its degrees of freedom; `n` counts changes.
    """

    value: Floats
    se: Floats
    lower: Floats
    upper: Floats
    counterparts: Ints
    changes: Ints
    part: Ints
    part_size: Ints
    variance: float = math.nan
    df: float = math.nan
    level: float
    n: int
    method: str = "least_squares_on_changes"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(
            block("supervisor", self.value, se=self.se, lower=self.lower, upper=self.upper),
            block("variance", self.variance),
        )


def supervisor_effects(
    change: ArrayLike,
    unit: ArrayLike,
    period: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    n: ArrayLike,
    *,
    kept: ArrayLike | None = None,
    variance: float = 0.0,
    level: float = 0.95,
    size: int = 0,
) -> SupervisorEffects:
    """Effects of supervisors from the changes of mean ratings when one follows another.

    Parameters
    ----------
    change : array_like, shape (m,)
        Mean change of the same employees, the usual shift of the period taken out; one row per change.
    unit, period, before, after : array_like of int, shape (m,)
        Codes of the unit, the period, and the supervisors before and after.
    n : array_like, shape (m,)
        Employees behind each change.
    kept : array_like, shape (m,), optional
        Employees behind the shift that was taken out; default: known without error.
    variance : float
        Least variance of a change times its employees (from units without a change).
    level : float
        Confidence level.
    size : int
        Number of codes; default: the largest plus one.

    Returns
    -------
    SupervisorEffects
        In units of `change`, positive = more lenient. `reason` is "", "empty", "no_repeats" (no change more than needed
        to link the supervisors: no variance) or "constant" (all changes are fitted exactly).

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes, n < 1, or a change from a supervisor to the same one.

    Notes
    -----
    change = effect(after) − effect(before) + noise, weights n; L = B'WB is singular once per connected part, so no
    contrast between parts exists. The noise belongs to the meeting of a supervisor with a unit, hence two changes that
    follow each other in one unit share half of it with opposite sign; the standard error is the sandwich with this
    covariance, its scale from the residuals (mean of their quadratic form), its degrees of freedom by moments
    (Satterthwaite). Units that keep their supervisor do not show what a new supervisor sees in the same employees:
    their variance is only the floor.

    Examples
    --------
    Everyone exchanges with everyone; supervisor 2 rates one higher:

    >>> old, new = np.array([0, 1, 2, 0, 1, 3]), np.array([1, 2, 3, 2, 3, 0])
    >>> true = np.array([0.0, 0.0, 1.0, 0.0])
    >>> noise = 0.1 * np.array([1, -1, 1, -1, 1, -1])
    >>> fit = supervisor_effects(true[new] - true[old] + noise, np.arange(6), np.ones(6, int), old, new, np.full(6, 8))
    >>> fit.value.round(2).tolist(), fit.counterparts.tolist(), round(fit.df, 6)
    ([-0.37, -0.3, 0.9, -0.23], [3, 3, 3, 3], 3.0)
    """
    confidence(level)
    d = vector(change, "change")
    w = vector(n, "n", d.size)
    if w.size and w.min() < 1:
        raise ValueError("n must be at least 1 in every row")
    where, when = codes(unit, "unit", d.size), codes(period, "period", d.size)
    old, new = codes(before, "before", d.size), codes(after, "after", d.size)
    if (old == new).any():
        raise ValueError("a change needs two different supervisors")
    size = max(size, int(max(old.max(initial=-1), new.max(initial=-1))) + 1)
    counts = _counts(old, new, size)
    out: dict[str, Any] = {"level": level, "n": d.size, **counts}
    nothing = np.full(size, np.nan)
    if d.size == 0:
        return SupervisorEffects(value=nothing, se=nothing, lower=nothing, upper=nothing, **out, reason="empty")
    used = np.flatnonzero(counts["changes"])
    place = np.zeros(size, np.intp)
    place[used] = np.arange(used.size)
    rows = np.arange(d.size)
    ends = sparse.csr_array(
        (np.r_[w, -w], (np.r_[place[new], place[old]], np.r_[rows, rows])), shape=(used.size, d.size)
    )  # B'W
    inverse = _pseudo_inverse(ends @ sparse.diags_array(1 / w) @ ends.T, counts["part"][used])
    effect = inverse @ (ends @ d)
    residual = d - (ends.T @ effect) / w
    found, df, shape = _spread(inverse, ends, _noise(where, when, old, new, w), w, float(residual @ (w * residual)))
    if kept is not None:
        shape += _shift(inverse, ends, when, vector(kept, "kept", d.size))
    other = counts["part_size"][used] / (counts["part_size"][used] - 1)
    value, se, half = nothing.copy(), nothing.copy(), nothing
    value[used] = other * effect
    spread = max(found, variance)
    reason = "no_repeats" if math.isnan(df) else "" if spread > 1e-20 else "constant"
    if not reason:
        se[used] = other * np.sqrt(spread * shape)
        half = float(stdtrit(df, 0.5 + level / 2)) * se
    return SupervisorEffects(
        value=value, se=se, lower=value - half, upper=value + half, variance=spread, df=df, **out, reason=reason
    )


def _shift(inverse: Floats, ends: Any, period: Ints, kept: Floats) -> Floats:
    """What the error of the shifts taken out adds to the diagonal of L⁺KL⁺: one draw per period, variance 1/kept."""
    _, at = np.unique(period, return_inverse=True)
    shifts = sparse.csr_array((1 / np.sqrt(kept), (np.arange(at.size), at)))
    return np.asarray(((inverse @ (ends @ shifts).toarray()) ** 2).sum(axis=1))


def _counts(old: Ints, new: Ints, size: int) -> dict[str, Ints]:
    """Changes, different counterparts and connected part of every code."""
    changes = np.bincount(np.r_[old, new], minlength=size)
    links = sparse.coo_array((np.ones(old.size), (old, new)), shape=(size, size))
    _, part = csgraph.connected_components(links, directed=False)
    both = sparse.csr_array(links + links.T)
    counterparts = np.diff(both.indptr)
    sizes = np.bincount(part, minlength=1)[part] if size else part
    return {
        "changes": changes, "counterparts": counterparts.astype(np.intp),
        "part": np.where(changes > 0, part, -1), "part_size": np.where(changes > 0, sizes, 0),
    }  # fmt: skip


def _pseudo_inverse(laplacian: Any, part: Ints) -> Floats:
    """L⁺ = (L + J)⁻¹ − J, with J = 1/m inside each part of m supervisors."""
    order = np.argsort(part, kind="stable")
    out = np.zeros(laplacian.shape)
    laplacian = sparse.csr_array(laplacian)
    for members in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        mean = 1.0 / members.size
        factor, _ = lapack.dpotrf(laplacian[members][:, members].toarray() + mean, lower=1)
        inverse, info = lapack.dpotri(factor, lower=1)
        if info:
            raise np.linalg.LinAlgError("the graph of changes could not be inverted")
        out[np.ix_(members, members)] = np.tril(inverse) + np.tril(inverse, -1).T - mean
    return out


def _noise(unit: Ints, period: Ints, old: Ints, new: Ints, w: Floats) -> Any:
    """Covariance of the noise of the changes, up to its scale.

    1/n on the diagonal. A change shares the meeting of its old supervisor with the unit with the last change that
    brought this supervisor: −½/√(n·n'), divided by the root of how many share it (units that split or merge).
    """
    arrivals: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for e in np.argsort(period, kind="stable").tolist():
        arrivals.setdefault((int(unit[e]), int(new[e])), []).append((int(period[e]), e))
    links = []
    for f in range(old.size):
        came = arrivals.get((int(unit[f]), int(old[f])), [])
        k = bisect_left(came, (int(period[f]), -1))
        if k:
            links += [(e, f) for p, e in came[:k] if p == came[k - 1][0]]
    first, second = np.array(links, dtype=np.intp).reshape(-1, 2).T
    share = np.bincount(first, minlength=old.size)[first] * np.bincount(second, minlength=old.size)[second]
    half = -0.5 / np.sqrt(w[first] * w[second] * share)
    linked = sparse.csr_array((half, (first, second)), shape=(old.size, old.size))
    return sparse.csr_array(sparse.diags_array(1 / w) + linked + linked.T)


def _spread(inverse: Floats, ends: Any, noise: Any, w: Floats, squares: float) -> tuple[float, float, Floats]:
    """Scale of the noise from the weighted residual sum of squares, its degrees of freedom, diag(L⁺KL⁺).

    K = B'WΣWB. E(r'Wr) = scale·tr(MΣ) with M = W − WBL⁺B'W; degrees of freedom tr(MΣ)²/tr(MΣMΣ).
    """
    meat = ends @ noise @ ends.T
    joint = np.asarray(meat @ inverse)
    shape = (inverse * joint).sum(axis=0)
    expected = w.size - float(np.trace(joint))
    mixed = noise @ sparse.diags_array(w)
    twice = ends @ noise @ sparse.diags_array(w) @ noise @ ends.T
    square = float((mixed * mixed.T).sum() - 2 * (twice * inverse).sum() + (joint * joint.T).sum())
    if expected < 1e-6 * w.size or square <= 0:
        return math.nan, math.nan, shape
    return squares / expected, expected**2 / square, shape
