"""Joint maximum likelihood of the many-facet Rasch model: Newton steps with all facets at once.

The joint likelihood is concave, so that Newton steps with halving reach its maximum from anywhere; the ratees are
eliminated from each step, and what remains is solved by `_rasch_system`. With the adjustment the likelihood is
multiplied by the square root of every element's information (Jeffreys' prior with a diagonal information; Firth
1993, Biometrika 80:27): its maximum has no bias of the order of one over the ratings of an element.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._rasch_freedom import Freedom
from ._rasch_kernels import joint_pass
from ._rasch_rows import Rows
from ._rasch_system import Equations, contrasts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_STEPS, _HALVINGS, _CLIP = 200, 30, 1.5
_NEAR, _STILL, _PATIENT = 0.1, 1e-3, 30
_LOOSE, _DEPTH, _DRIFT = 1e-3, 2, 15
_TINY, _BLIND = 1e-300, 1e-10


@dataclass(frozen=True, slots=True)
class Point:
    """Values: ratees, bulk and border columns of the other facets, thresholds by group (0 beyond the last)."""

    theta: FloatArray
    bulk: FloatArray
    border: FloatArray
    tau: FloatArray


@dataclass(slots=True)
class Pass:
    """Score and information at a point, as `joint_pass` leaves them."""

    loglik: float
    g_theta: FloatArray
    v_theta: FloatArray
    g_bulk: FloatArray
    v_bulk: FloatArray
    g_border: FloatArray
    v_border: FloatArray
    g_tau: FloatArray
    link: FloatArray
    near: FloatArray
    side: FloatArray
    corner: FloatArray
    spread: FloatArray


@dataclass(frozen=True, slots=True)
class Solver:
    """Equations of the columns; reciprocal information of the ratees; their links to bulk and border."""

    system: Equations
    weight: FloatArray
    link: Any
    near: FloatArray


_PARTS = tuple(Pass.__dataclass_fields__)[1:]


class Joint:
    """The joint likelihood of calibrated rows.

    Parameters
    ----------
    rows : Rows
    free : Freedom
    adjust : bool
        Whether to use the bias-reducing adjustment.
    """

    def __init__(self, rows: Rows, free: Freedom, *, adjust: bool) -> None:
        self.rows, self.freedom, self.adjust = rows, free, adjust
        self.steps = rows.scale.steps
        self.width = max(int(self.steps.max(initial=0)), 1)
        self.T = contrasts(self.steps, self.width)
        fixed = rows.ratings.fixed
        self.fixed_theta = fixed[0]
        columns = np.full(rows.n_bulk + rows.n_border, np.nan)
        for number, (wide, first) in rows.offset.items():
            begin = first if wide else rows.n_bulk + first
            columns[begin : begin + fixed[number].size] = fixed[number]
        self.fixed_columns = columns
        self.block: IntArray | None = None

    def start(self) -> Point:
        """Log odds of the category counts; logits of the ratees' mean scores; anchored values."""
        rows = self.rows
        tau = np.zeros((self.steps.size, self.width))
        for group, m in enumerate(self.steps):
            if m > 0:
                count = np.bincount(rows.category[rows.group == group], minlength=int(m) + 1) + 0.5
                own = -np.log(count[1:] / count[:-1])
                tau[group, :m] = own - own.mean()
        size = rows.n_ratees
        who = np.repeat(np.arange(size), np.diff(rows.start))
        got = np.bincount(who, rows.weight * rows.category, size) + 0.5
        most = np.bincount(who, rows.weight * self.steps[rows.group], size) + 1.0
        theta = np.where(np.diff(rows.start) > 0, np.log(got / (most - got)), 0.0)
        theta = np.where(np.isnan(self.fixed_theta), theta - theta.mean(), self.fixed_theta)
        columns = np.nan_to_num(self.fixed_columns)
        return Point(theta, columns[: rows.n_bulk], columns[rows.n_bulk :], tau)

    def evaluate(self, at: Point, before: Pass | None, *, inform: bool = True) -> Pass:
        """Score and, with `inform`, information; `before` gives the adjustment the elements' informations."""
        rows = self.rows
        wide = rows.n_border + self.steps.size * self.width
        many = int(inform)
        own = rows.n_ratees, rows.n_bulk, rows.n_border
        sizes: list[Any] = [size for size in own for _ in range(2)]
        sizes += [(self.steps.size, self.width), many * rows.pattern[1].size]
        sizes += [(many * rows.n_ratees, wide), (many * rows.n_bulk, wide), (wide, wide)]
        sizes += [many * rows.n if rows.bulk.shape[1] > 1 else 0]
        parts = zip(_PARTS, map(np.zeros, sizes), strict=True)
        out = Pass(0.0, **dict(parts))
        adjust = self.adjust and before is not None
        pulls = self.pulls(before or out)
        out.loglik = float(
            joint_pass(
                rows.start, rows.category, rows.weight, rows.group, rows.bulk, rows.border, rows.slot, at.theta,
                at.bulk, at.border, at.tau, self.steps, *pulls, adjust, inform, out.g_theta, out.v_theta,
                out.g_bulk, out.v_bulk, out.g_border, out.v_border, out.g_tau, out.link, out.near, out.side,
                out.corner, out.spread,
            )
        )  # fmt: skip
        h = rows.n_border
        marks = out.corner[h:, h:]
        out.corner[h:, h:] = marks + marks.T - np.diag(np.diag(marks))
        out.corner[h:, :h] = out.corner[:h, h:].T
        return out

    def pulls(self, found: Pass) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Reciprocal informations of the free elements."""
        rows = self.rows
        parts = []
        for value, fixed in (
            (found.v_theta, self.fixed_theta),
            (found.v_bulk, self.fixed_columns[: rows.n_bulk]),
            (found.v_border, self.fixed_columns[rows.n_bulk :]),
        ):
            use = np.isnan(fixed) & (value > 0)
            parts.append(np.where(use, 1.0 / np.where(use, value, 1.0), 0.0))
        return parts[0], parts[1], parts[2]

    def objective(self, found: Pass) -> float:
        """Log likelihood, with the adjustment if wanted."""
        if not self.adjust:
            return found.loglik
        return found.loglik - 0.5 * sum(float(np.log(part[part > 0]).sum()) for part in self.pulls(found))

    def equations(self, found: Pass) -> Solver:
        """Information at a point, with the ratees eliminated."""
        rows = self.rows
        movable = np.isnan(self.fixed_theta) & (found.v_theta > _BLIND)
        weight = np.where(movable, 1.0 / np.where(movable, found.v_theta, 1.0), 0.0)
        h = rows.n_border
        near = np.hstack([found.near[:, :h], found.near[:, h:] @ self.T])
        side = np.hstack([found.side[:, :h], found.side[:, h:] @ self.T])
        turn = np.zeros((found.corner.shape[0], near.shape[1]))
        turn[:h, :h], turn[h:, h:] = np.eye(h), self.T
        corner = turn.T @ found.corner @ turn
        indptr, column = rows.pattern
        link = sparse.csr_array((found.link, column, indptr), shape=(rows.n_ratees, rows.n_bulk))
        scaled = sparse.csr_array((found.link * np.repeat(weight, np.diff(indptr)), column, indptr), shape=link.shape)
        bulk = sparse.diags_array(found.v_bulk) - link.T @ scaled
        if rows.bulk.shape[1] > 1:
            bulk = bulk + self._crossed(found.spread)
        pulled = weight[:, None] * near
        pivot = np.concatenate([bulk.diagonal() / np.maximum(found.v_bulk, _TINY), found.v_border])
        used = pivot > _BLIND
        free = np.concatenate([np.isnan(self.fixed_columns) & used, np.ones(self.T.shape[1], np.bool_)])
        basis = sparse.csr_array(
            sparse.vstack([self.freedom.basis, sparse.csr_array((self.T.shape[1], self.freedom.basis.shape[1]))])
        )
        system = Equations(
            sparse.csr_array(bulk), side - link.T @ pulled, corner - near.T @ pulled, basis, free, self.block
        )
        if not system.dense:
            self.block = system.unit_blocks().block
        return Solver(system, weight, link, near)

    def _crossed(self, spread: FloatArray) -> Any:
        """Σ V of every two columns of different bulk facets."""
        rows = self.rows
        total = sparse.csr_array((rows.n_bulk, rows.n_bulk))
        for f in range(rows.bulk.shape[1]):
            for g in range(f):
                one = sparse.coo_array((spread, (rows.bulk[:, f], rows.bulk[:, g])), shape=total.shape).tocsr()
                total = total + one + one.T
        return total

    def direction(self, found: Pass, solver: Solver, tolerance: float) -> tuple[FloatArray, FloatArray]:
        """Newton step of the ratees and of the columns with thresholds (in contrasts)."""
        rhs = np.concatenate([found.g_bulk, found.g_border, self.T.T @ found.g_tau.ravel()])
        pulled = solver.weight * found.g_theta
        rhs += np.concatenate([solver.link.T @ pulled, solver.near.T @ pulled])
        step = solver.system.solve(rhs, tolerance)
        n = self.rows.n_bulk
        own = solver.link @ step[:n] + solver.near @ step[n:]
        return solver.weight * (found.g_theta + own), step

    def moved(self, at: Point, theta: FloatArray, step: FloatArray, share: float) -> Point:
        """The point a share of the step further."""
        n, h = self.rows.n_bulk, self.rows.n_border
        tau = at.tau + share * (self.T @ step[n + h :]).reshape(at.tau.shape)
        return Point(
            at.theta + share * theta, at.bulk + share * step[:n], at.border + share * step[n : n + h], tau
        )

    def residual(self, found: Pass) -> float:
        """Largest score residual of a free element or threshold, in raw score points."""
        rows = self.rows
        columns = np.concatenate([found.g_bulk, found.g_border])[np.isnan(self.fixed_columns)]
        parts = found.g_theta[np.isnan(self.fixed_theta)], columns, (self.T @ (self.T.T @ found.g_tau.ravel()))
        return max(float(np.abs(part).max(initial=0.0)) for part in parts) if rows.n else 0.0

    def maximise(self, tolerance: float) -> tuple[Point, Pass, bool]:
        """The maximum: every score residual within `tolerance` raw points and a last step below 1e-3 logits.

        Information is brought up to date while steps are long; after that steps with the last one are accelerated.
        """
        at = self.start()
        found = self.evaluate(at, None)
        solver, last, value = self.equations(found), np.inf, -np.inf
        history, drifting = Anderson(), 0
        for turn in range(_STEPS):
            residual = self.residual(found)
            drifting += residual < tolerance
            if drifting > _DRIFT:
                break
            if residual < tolerance and last < _STILL:
                return at, found if found.near.size else self.evaluate(at, found), True
            theta, step = self.direction(found, solver, _LOOSE)
            last = max(float(np.abs(theta).max(initial=0.0)), float(np.abs(step).max(initial=0.0)))
            stubborn = turn > _PATIENT
            inform = last > _NEAR or stubborn
            np.clip(theta, -_CLIP, _CLIP, out=theta)
            np.clip(step, -_CLIP, _CLIP, out=step)
            if not inform:
                theta, step = history.step(theta, step)
            for halving in range(_HALVINGS):
                trial = self.moved(at, theta, step, 0.5 ** (halving + stubborn))
                seen = self.evaluate(trial, found, inform=inform)
                gain = self.objective(seen)
                if gain >= value - 1e-9 * (1.0 + abs(value)) or (self.adjust and last < _CLIP):
                    break
            else:
                return at, self.evaluate(at, found), residual < tolerance
            at, found, value = trial, seen, gain
            if inform:
                solver = self.equations(found)
        return at, self.evaluate(at, found), False


class Anderson:
    """Acceleration of a fixed-point iteration (Anderson 1965): the combination of recent steps that is shortest."""

    def __init__(self) -> None:
        self.moves: list[FloatArray] = []
        self.changes: list[FloatArray] = []
        self.before: tuple[FloatArray, FloatArray] | None = None

    def step(self, theta: FloatArray, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The accelerated step for a plain one."""
        plain = np.concatenate([theta, rest])
        if self.before is not None:
            self.moves = [*self.moves, self.before[0]][-_DEPTH:]
            self.changes = [*self.changes, plain - self.before[1]][-_DEPTH:]
        out = plain
        if self.changes:
            past = np.column_stack(self.changes)
            share = np.linalg.lstsq(past.T @ past, past.T @ plain, rcond=1e-12)[0]
            out = plain - (past + np.column_stack(self.moves)) @ share
        self.before = out, plain
        return out[: theta.size], out[theta.size :]
