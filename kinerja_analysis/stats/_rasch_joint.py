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
from ._rasch_kernels import SAFE, category_shares
from ._rasch_pass import information_pass, joint_pass
from ._rasch_rows import Rows
from ._rasch_system import Equations, Ties, contrasts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_STEPS, _HALVINGS, _CLIP = 200, 30, 1.5
_NEAR, _STILL, _PATIENT = 0.5, 1e-3, 30
_LOOSE, _DEPTH, _DRIFT = 1e-2, 2, 15
_GRID = np.linspace(-8.0, 8.0, 241)
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
    """Score and information at a point; `pulls` are the reciprocal informations of the free elements."""

    loglik: float
    g_theta: FloatArray
    v_theta: FloatArray
    g_columns: FloatArray
    v_columns: FloatArray
    g_tau: FloatArray
    link: FloatArray
    near: FloatArray
    side: FloatArray
    corner: FloatArray
    spread: FloatArray
    pulls: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True)
class Solver:
    """Equations of the columns; reciprocal information of the ratees; their links to bulk and border."""

    system: Equations
    weight: FloatArray
    link: Any
    near: FloatArray


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
        self.ties = Ties(rows.pattern, rows.n_bulk)
        tables = (rows.bulk, 0), (rows.border, rows.n_bulk)
        self.columns = tuple(column + np.int32(begin) for table, begin in tables for column in table.T)
        self.observed = self._observed()

    def start(self) -> Point:
        """Elements' mean scores put through the expected score curve, its thresholds brought up to date once.

        The rough thresholds are the mean η of two categories' ratings less the log odds of their counts.
        """
        rows, n = self.rows, self.fixed_columns.size
        who = np.repeat(np.arange(rows.n_ratees), np.diff(rows.start))
        most = rows.weight * self.steps[rows.group]
        share = (self.observed[0] + 0.5) / (np.bincount(who, most, rows.n_ratees) + 1.0)
        times = sum(np.bincount(column, minlength=n) for column in self.columns)
        tops = sum(np.bincount(column, most, n) for column in self.columns)
        shares = (self.observed[1] + 0.5) / (tops + 1.0)
        eta = np.log(share / (1.0 - share))[who]
        for turn in range(2):
            tau, curve = self._rough(eta)
            theta = np.interp(share, curve, _GRID)
            own = theta[who]
            mean = sum(np.bincount(column, own, n) for column in self.columns) / np.maximum(times, 1)
            psi = np.where(times > 0, mean - np.interp(shares, curve, _GRID), 0.0)
            psi = np.where(np.isnan(self.fixed_columns), psi, self.fixed_columns)
            eta = eta if turn else own - sum(psi[column] for column in self.columns)
        theta = np.where(np.isnan(self.fixed_theta), theta, self.fixed_theta)
        return Point(theta, psi[: rows.n_bulk], psi[rows.n_bulk :], tau)

    def _rough(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rough thresholds, and the mean share of the highest score expected at the points of the grid."""
        rows, size = self.rows, self.width + 1
        cell = rows.group * size + rows.category
        count = np.bincount(cell, minlength=self.steps.size * size).reshape(-1, size) + 0.5
        total = np.bincount(cell, eta, count.size).reshape(count.shape)
        tau, curve = np.zeros((self.steps.size, self.width)), np.zeros(_GRID.size)
        for group in np.flatnonzero(self.steps > 0):
            m = self.steps[group]
            seen, level = count[group, : m + 1], total[group, : m + 1]
            own = (level[1:] + level[:-1]) / (seen[1:] + seen[:-1]) - np.log(seen[1:] / seen[:-1])
            tau[group, :m] = own - own.mean()
            curve += seen.sum() * (category_shares(_GRID, tau[group, :m]) @ np.arange(m + 1.0)) / m
        return tau, curve / curve[-1]

    def _observed(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Σ w·x by ratee and by column of the other facets; Σ w·[x ≥ k] by group and threshold."""
        rows = self.rows
        got, n = rows.weight * rows.category, self.fixed_columns.size
        own = np.bincount(np.repeat(np.arange(rows.n_ratees), np.diff(rows.start)), got, rows.n_ratees)
        other = np.sum([np.bincount(column, got, n) for column in self.columns], axis=0)
        size = self.width + 1
        count = np.bincount(rows.group * size + rows.category, rows.weight, self.steps.size * size)
        above = np.cumsum(count.reshape(-1, size)[:, ::-1], axis=1)[:, -2::-1]
        return own.astype(np.float64), other, above.astype(np.float64)

    def evaluate(self, at: Point, *, inform: bool = True, adjust: bool | None = None) -> Pass:
        """Score, adjusted if wanted, and elements' informations; with `inform` all cross-products of information."""
        rows, wide, many = self.rows, self.rows.n_border + self.steps.size * self.width, int(inform)
        psi = np.concatenate([at.bulk, at.border])
        far = float(np.abs(at.theta).max(initial=0.0)) + len(self.columns) * float(np.abs(psi).max(initial=0.0))
        careful = far * self.width + float(np.abs(at.tau).sum(axis=1).max()) > SAFE
        factors = np.exp(np.clip(at.theta, -SAFE, SAFE)), np.exp(np.clip(-psi, -SAFE, SAFE))
        steps = np.where(np.arange(self.width) < self.steps[:, None], np.exp(-np.clip(at.tau, -SAFE, SAFE)), 0.0)
        given = (
            rows.start, self.columns, rows.weight, rows.group, at.theta, psi, factors, at.tau, steps, self.steps,
            careful,
        )  # fmt: skip
        v_theta, v_columns = np.zeros(at.theta.size), np.zeros(psi.size)
        information_pass(*given, v_theta, v_columns)
        adjust = self.adjust if adjust is None else adjust
        pulls = self.pulls(v_theta, v_columns) if adjust else (np.zeros(v_theta.size), np.zeros(v_columns.size))
        own, other, z = np.zeros(at.theta.size), np.zeros(psi.size), np.zeros((self.steps.size, self.width + 1))
        link, spread = np.zeros(many * rows.pattern[1].size), np.zeros(many * rows.n if rows.bulk.shape[1] > 1 else 0)
        near, side = np.zeros((many * rows.n_ratees, wide)), np.zeros((many * rows.n_bulk, wide))
        corner = np.zeros((wide, wide))
        loglik = joint_pass(
            *given, rows.category, pulls, own, other, z, inform, rows.bulk, rows.border, rows.slot, link, near, side,
            corner, spread,
        )  # fmt: skip
        h = rows.n_border
        marks = corner[h:, h:]
        corner[h:, h:] = marks + marks.T - np.diag(np.diag(marks))
        corner[h:, :h] = corner[:h, h:].T
        tau = np.cumsum(z[:, :0:-1], axis=1)[:, ::-1]
        return Pass(
            loglik, self.observed[0] - own, v_theta, other - self.observed[1], v_columns, tau - self.observed[2], link,
            near, side, corner, spread, pulls,
        )  # fmt: skip

    def pulls(self, v_theta: FloatArray, v_columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Reciprocal informations of the free elements."""
        out = []
        for value, fixed in ((v_theta, self.fixed_theta), (v_columns, self.fixed_columns)):
            use = np.isnan(fixed) & (value > 0)
            out.append(np.where(use, 1.0 / np.where(use, value, 1.0), 0.0))
        return out[0], out[1]

    def objective(self, found: Pass) -> float:
        """Log likelihood, with the adjustment if wanted."""
        if not self.adjust:
            return found.loglik
        return found.loglik - 0.5 * sum(float(np.log(part[part > 0]).sum()) for part in found.pulls)

    def equations(self, found: Pass) -> Solver:
        """Information at a point, with the ratees eliminated."""
        rows = self.rows
        movable = np.isnan(self.fixed_theta) & (found.v_theta > _BLIND)
        weight = np.where(movable, 1.0 / np.where(movable, found.v_theta, 1.0), 0.0)
        h, n, own = rows.n_border, rows.n_bulk, found.v_columns
        near = np.hstack([found.near[:, :h], found.near[:, h:] @ self.T])
        side = np.hstack([found.side[:, :h], found.side[:, h:] @ self.T])
        turn = np.zeros((found.corner.shape[0], near.shape[1]))
        turn[:h, :h], turn[h:, h:] = np.eye(h), self.T
        corner = turn.T @ found.corner @ turn
        indptr, column = rows.pattern
        link = sparse.csr_array((found.link, column, indptr), shape=(rows.n_ratees, rows.n_bulk))
        scaled = sparse.csr_array((found.link * np.repeat(weight, np.diff(indptr)), column, indptr), shape=link.shape)
        bulk = sparse.csr_array(link.T @ scaled)
        bulk.data *= -1.0
        bulk.setdiag(bulk.diagonal() + own[:n])
        if rows.bulk.shape[1] > 1:
            bulk = bulk + self._crossed(found.spread)
        pulled = weight[:, None] * near
        pivot = np.concatenate([bulk.diagonal() / np.maximum(own[:n], _TINY), own[n:]])
        used = pivot > _BLIND
        free = np.concatenate([np.isnan(self.fixed_columns) & used, np.ones(self.T.shape[1], np.bool_)])
        basis = sparse.csr_array(
            sparse.vstack([self.freedom.basis, sparse.csr_array((self.T.shape[1], self.freedom.basis.shape[1]))])
        )
        system = Equations(
            bulk, side - link.T @ pulled, corner - near.T @ pulled, basis, free, self.ties
        )
        return Solver(system, weight, link, near)

    def diagonal(self, found: Pass) -> FloatArray:
        """Informations of ratees and columns, and of the thresholds' contrasts."""
        h = self.rows.n_border
        inner = np.einsum("ij,ij->j", self.T, found.corner[h:, h:] @ self.T)
        return np.concatenate([found.v_theta, found.v_columns, inner])

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
        rhs = np.concatenate([found.g_columns, self.T.T @ found.g_tau.ravel()])
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
        columns = found.g_columns[np.isnan(self.fixed_columns)]
        parts = found.g_theta[np.isnan(self.fixed_theta)], columns, (self.T @ (self.T.T @ found.g_tau.ravel()))
        return max(float(np.abs(part).max(initial=0.0)) for part in parts) if rows.n else 0.0

    def maximise(self, tolerance: float) -> tuple[Point, Pass, bool]:
        """The maximum: every score residual within `tolerance` raw points and a last step below 1e-3 logits.

        Information is brought up to date while steps are long; after that steps with the last one are accelerated.
        """
        at = self.start()
        found = self.evaluate(at)
        solver, weight, last, value = self.equations(found), self.diagonal(found), np.inf, -np.inf
        history, drifting = Anderson(), 0
        for turn in range(_STEPS):
            residual = self.residual(found)
            drifting += residual < tolerance
            if drifting > _DRIFT:
                break
            if residual < tolerance and last < _STILL:
                return at, found if found.near.size else self.evaluate(at), True
            theta, step = self.direction(found, solver, _LOOSE * float(np.clip(last, 0.03, 3.0)))
            last = max(float(np.abs(theta).max(initial=0.0)), float(np.abs(step).max(initial=0.0)))
            stubborn = turn > _PATIENT
            inform = last > _NEAR or stubborn
            np.clip(theta, -_CLIP, _CLIP, out=theta)
            np.clip(step, -_CLIP, _CLIP, out=step)
            if not inform:
                theta, step = history.step(theta, step, weight)
            for halving in range(_HALVINGS):
                trial = self.moved(at, theta, step, 0.5 ** (halving + stubborn))
                seen = self.evaluate(trial, inform=inform)
                gain = self.objective(seen)
                if gain >= value - 1e-9 * (1.0 + abs(value)) or (self.adjust and last < _CLIP):
                    break
            else:
                return at, self.evaluate(at), residual < tolerance
            at, found, value = trial, seen, gain
            if inform:
                solver, weight = self.equations(found), self.diagonal(found)
        return at, self.evaluate(at), False


class Anderson:
    """Acceleration of a fixed-point iteration (Anderson 1965): the combination of recent steps that is shortest."""

    def __init__(self) -> None:
        self.moves: list[FloatArray] = []
        self.changes: list[FloatArray] = []
        self.before: tuple[FloatArray, FloatArray] | None = None

    def step(self, theta: FloatArray, rest: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The accelerated step for a plain one."""
        plain = np.concatenate([theta, rest])
        if self.before is not None:
            self.moves = [*self.moves, self.before[0]][-_DEPTH:]
            self.changes = [*self.changes, plain - self.before[1]][-_DEPTH:]
        out = plain
        if self.changes:
            past = np.column_stack(self.changes)
            heavy = past * weight[:, None]
            share = np.linalg.lstsq(heavy.T @ past, heavy.T @ plain, rcond=1e-12)[0]
            out = plain - (past + np.column_stack(self.moves)) @ share
        self.before = out, plain
        return out[: theta.size], out[theta.size :]
