"""Marginal maximum likelihood of the many-facet Rasch model: ratees normal around a mean of their own linked part.

Adaptive Gauss–Hermite quadrature at each ratee's posterior mode (Liu & Pierce 1994, Biometrika 81:624); Newton steps
with the exact observed information (Louis 1982, JRSS B 44:226). The prior links nothing: every part has a free mean,
and the elements of the other facets sum to zero inside each part.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from ._rasch_freedom import Freedom
from ._rasch_joint import Joint, Point
from ._rasch_quadrature import marginal_pass, modes
from ._rasch_rows import Rows
from ._rasch_system import Equations, Ties

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_STEPS, _HALVINGS, _CLIP = 100, 25, 2.0
_MOST_CELLS = 100_000_000
_FLOOR = 1e-3
_VECTOR, _FEW, _CLOSE = 16, 15, 0.1


class TooManyRaters(ValueError):
    """Ratees with so many raters that the marginal information does not fit."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Means of the parts and the standard deviation of the ratees inside a part."""

    mean: FloatArray
    sd: float


@dataclass(slots=True)
class Look:
    """One evaluation: log likelihood, score by ratee and column, observed information in pieces, posterior moments."""

    loglik: float
    piece: FloatArray
    side: FloatArray
    corner: FloatArray
    score_bulk: FloatArray
    score_border: FloatArray
    mean: FloatArray
    variance: FloatArray


def _quadrature(nodes: int) -> tuple[FloatArray, FloatArray]:
    """Gauss–Hermite nodes and log weights, filled up with weights of nothing: loops run best over whole vectors."""
    node, weight = np.polynomial.hermite.hermgauss(nodes)
    keep = weight > 1e-290
    more = -int(keep.sum()) % _VECTOR
    log_weight = np.log(weight[keep]) + node[keep] ** 2
    return np.pad(node[keep], (0, more), mode="edge"), np.pad(log_weight, (0, more), constant_values=-1e300)


class Marginal(Joint):
    """The marginal likelihood of calibrated rows.

    Parameters
    ----------
    rows : Rows
    free : Freedom
    adjust : bool
        Whether `maximum` goes on to the bias-reduced estimate.
    means : bool
        A free prior mean for each linked part; otherwise one for all (which assumes parts of equal quality).
    nodes : int
        Quadrature nodes.
    """

    def __init__(self, rows: Rows, free: Freedom, *, adjust: bool, means: bool, nodes: int) -> None:
        super().__init__(rows, free, adjust=adjust)
        if not np.isnan(self.fixed_theta).all():
            raise ValueError("marginal maximum likelihood integrates the first facet out: it cannot be anchored")
        part = np.maximum(free.ratee_part, 0)
        self.part = part if means else np.zeros_like(part)
        self.n_means = int(self.part.max(initial=0)) + 1
        self.rules = {False: _quadrature(min(nodes, _FEW)), True: _quadrature(nodes)}
        self.mode = np.zeros(rows.n_ratees)
        self.ties = Ties(rows.pattern, rows.n_bulk + self.n_means)
        self._places()
        self._shifts(means)

    def _places(self) -> None:
        """Columns of each ratee's own entries: its bulk columns and the mean of its part."""
        rows = self.rows
        indptr, column = rows.pattern
        count = np.diff(indptr) + 1
        self.own_start = np.concatenate([[0], np.cumsum(count)])
        cells = int((count**2).sum())
        if cells > _MOST_CELLS:
            raise TooManyRaters(f"ratees share too many raters for marginal maximum likelihood ({cells} entries)")
        self.own = np.empty(int(self.own_start[-1]), np.int64)
        last = self.own_start[1:] - 1
        mask = np.ones(self.own.size, np.bool_)
        mask[last] = False
        self.own[mask], self.own[last] = column, rows.n_bulk + self.part
        self.piece_start = np.concatenate([[0], np.cumsum(count**2)])
        who = np.repeat(np.arange(rows.n_ratees), count**2)
        inside = np.arange(cells) - self.piece_start[who]
        width = count[who]
        start = self.own_start[who]
        self.piece_row, self.piece_column = self.own[start + inside // width], self.own[start + inside % width]

    def _shifts(self, means: bool) -> None:
        """The free shifts with the prior means they move, in the order of the unknowns."""
        rows, basis = self.rows, self.freedom.basis
        moved = np.zeros((self.n_means, basis.shape[1]))
        rated = np.flatnonzero(np.diff(rows.start) > 0)
        _, first = np.unique(self.freedom.ratee_part[rated], return_index=True)
        row = rows.start[rated[first]]
        by_part = np.zeros((row.size, basis.shape[1]))
        for table, begin in ((rows.bulk, 0), (rows.border, rows.n_bulk)):
            for f in range(table.shape[1]):
                by_part += basis[begin + table[row, f]].toarray()
        if means:
            moved = by_part
        elif basis.shape[1]:
            keep = linalg.null_space(by_part - by_part.mean(axis=0), rcond=1e-9)
            basis = sparse.csr_array(linalg.orth(basis @ keep) if keep.size else np.zeros((basis.shape[0], 0)))
            moved = by_part[:1] @ keep
        n = rows.n_bulk
        rest = sparse.csr_array((self.T.shape[1] + 1, basis.shape[1]))
        gap = sparse.csr_array((self.n_means, basis.shape[1]))
        self.basis = sparse.csr_array(sparse.vstack([basis[:n], gap, basis[n:], rest]))
        self.shift = sparse.csr_array(sparse.vstack([basis[:n], sparse.csr_array(moved), basis[n:], rest]))

    def look(self, at: Point, prior: Prior, *, fine: bool) -> Look:
        """Evaluate at a point with all or a few nodes; the modes start from those of the last evaluation."""
        rows = self.rows
        mean = prior.mean[self.part]
        mode, information = self.mode.copy(), np.empty(rows.n_ratees)
        values = rows.start, rows.category, rows.weight, rows.group, rows.bulk, rows.border
        model = at.bulk, at.border, at.tau, self.steps
        modes(*values, *model, mean, prior.sd**-2, False, mode, information)
        self.mode = mode
        wide = rows.n_border + self.steps.size * self.width + 1
        n = rows.n_bulk + self.n_means
        out = Look(
            0.0, np.zeros(int(self.piece_start[-1])), np.zeros((n, wide)), np.zeros((wide, wide)),
            np.zeros(self.own.size), np.zeros((rows.n_ratees, wide)), mean.copy(),
            np.full(rows.n_ratees, prior.sd**2),
        )  # fmt: skip
        out.loglik = float(
            marginal_pass(
                *values, rows.slot, rows.pattern[0], *model, mean, self.part, prior.sd, *self.rules[fine],
                mode, 1.0 / np.sqrt(information), rows.pattern[1], out.piece, self.piece_start, out.side,
                out.corner, out.score_bulk, out.score_border, out.mean, out.variance,
            )
        )  # fmt: skip
        return out

    def turn(self) -> FloatArray:
        """From border columns, thresholds and log sd to border columns, contrasts and log sd."""
        h = self.rows.n_border
        out = np.zeros((h + self.T.shape[0] + 1, h + self.T.shape[1] + 1))
        out[:h, :h], out[h:-1, h:-1], out[-1, -1] = np.eye(h), self.T, 1.0
        return out

    def scores(self, found: Look) -> tuple[Any, FloatArray]:
        """Score of each ratee: bulk columns and means (sparse), border columns, contrasts and log sd."""
        shape = self.rows.n_ratees, self.rows.n_bulk + self.n_means
        bulk = sparse.csr_array((found.score_bulk, self.own, self.own_start), shape=shape)
        return bulk, found.score_border @ self.turn()

    def information(self, found: Look) -> Equations:
        """Observed information of the unknowns."""
        n = self.rows.n_bulk + self.n_means
        bulk = sparse.coo_array((found.piece, (self.piece_row, self.piece_column)), shape=(n, n)).tocsr()
        corner = found.corner + np.tril(found.corner, -1).T
        turn = self.turn()
        h, b = self.rows.n_border, self.rows.n_bulk
        seen = np.concatenate([bulk.diagonal()[:b], np.diag(corner)[:h]]) > 0
        movable = np.isnan(self.fixed_columns) & seen
        free = np.concatenate(
            [movable[:b], np.ones(self.n_means, np.bool_), movable[b:], np.ones(self.T.shape[1] + 1, np.bool_)]
        )
        return Equations(
            bulk, found.side @ turn, turn.T @ corner @ turn, self.basis, free, self.ties, self.shift
        )

    def gradient(self, found: Look) -> FloatArray:
        """Score of the unknowns."""
        bulk, border = self.scores(found)
        return np.concatenate([np.asarray(bulk.sum(axis=0)).ravel(), border.sum(axis=0)])

    def stepped(self, at: Point, prior: Prior, step: FloatArray, share: float) -> tuple[Point, Prior]:
        """The point and prior a share of the step further."""
        b, h = self.rows.n_bulk, self.rows.n_border
        rest = step[b + self.n_means :]
        tau = at.tau + share * (self.T @ rest[h:-1]).reshape(at.tau.shape)
        point = Point(at.theta, at.bulk + share * step[:b], at.border + share * rest[:h], tau)
        sd = max(prior.sd * float(np.exp(share * rest[-1])), _FLOOR)
        return point, Prior(prior.mean + share * step[b : b + self.n_means], sd)

    def maximum(self, tolerance: float) -> tuple[Point, Prior, Look, Equations, bool]:
        """The maximum: every score within `tolerance`; a few nodes until steps are short."""
        at, fine = self.start(), False
        rated = np.diff(self.rows.start) > 0
        total, count = (np.bincount(self.part[rated], own, self.n_means) for own in (at.theta[rated], None))
        at, prior = self.centred(at, Prior(total / np.maximum(count, 1), 1.0))
        found = self.look(at, prior, fine=fine)
        for _ in range(_STEPS):
            gradient = self.gradient(found)
            system = self.information(found)
            gradient[~system.free] = 0.0
            largest = float(np.abs(gradient).max(initial=0.0))
            step = self._step(system, gradient, 1e-3 if largest > 1.0 else 1e-6)
            size = float(np.abs(step).max(initial=0.0))
            if fine and largest < tolerance and size < 1e-3:
                return self._reduced(at, prior, found, system, tolerance)
            least = found.loglik if fine or size > _CLOSE else -np.inf  # not to be compared between rules
            fine = fine or size <= _CLOSE
            step *= min(1.0, _CLIP / max(size, 1e-300))  # as a whole: clipped entry by entry it may lead downhill
            for halving in range(_HALVINGS):
                trial, trial_prior = self.stepped(at, prior, step, 0.5**halving)
                seen = self.look(trial, trial_prior, fine=fine)
                if seen.loglik >= least - 1e-10 * (1.0 + abs(found.loglik)):
                    break
            else:
                return *self._stopped(at, prior), largest < tolerance
            at, prior, found = trial, trial_prior, seen
        return *self._stopped(at, prior), False

    def _reduced(
        self, at: Point, prior: Prior, found: Look, system: Equations, tolerance: float
    ) -> tuple[Point, Prior, Look, Equations, bool]:
        """From the maximum on to the root of the score with `pull`, if wanted."""
        for _ in range(_STEPS if self.adjust else 0):
            gradient = self.gradient(found) + self.pull(at, found)
            gradient[~system.free] = 0.0
            step = self._step(system, gradient, 1e-6)
            size = float(np.abs(step).max(initial=0.0))
            if float(np.abs(gradient).max(initial=0.0)) < tolerance and size < 1e-3:
                break
            at, prior = self.stepped(at, prior, step, min(1.0, _CLIP / max(size, 1e-300)))
            found = self.look(at, prior, fine=True)
            system = self.information(found)
        else:
            return *self._stopped(at, prior), not self.adjust
        return *self.centred(at, prior), found, system, True

    def pull(self, at: Point, found: Look) -> FloatArray:
        """Gradient of half the sum of the log informations of the other facets' elements.

        The informations are those at the ratees' posterior means, which move with the prior's; its sd is left alone.
        """
        point = Point(found.mean, at.bulk, at.border, at.tau)
        plain, pulled = (self.evaluate(point, inform=False, adjust=adjust) for adjust in (False, True))
        means = np.bincount(self.part, pulled.g_theta - plain.g_theta, self.n_means)
        columns = pulled.g_columns - plain.g_columns
        b = self.rows.n_bulk
        tau = self.T.T @ (pulled.g_tau - plain.g_tau).ravel()
        return np.concatenate([columns[:b], means, columns[b:], tau, [0.0]])

    def pulls(self, v_theta: FloatArray, v_columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Reciprocal informations of the free elements; the ratees have a prior instead."""
        return np.zeros(v_theta.size), super().pulls(v_theta, v_columns)[1]

    def _stopped(self, at: Point, prior: Prior) -> tuple[Point, Prior, Look, Equations]:
        """The point where steps no longer lead upwards, seen with all nodes."""
        found = self.look(at, prior, fine=True)
        return *self.centred(at, prior), found, self.information(found)

    def centred(self, at: Point, prior: Prior) -> tuple[Point, Prior]:
        """The same point with the elements of every facet summing to zero in each part; the means take the rest."""
        tail = np.zeros(self.T.shape[1] + 1)
        values = np.concatenate([at.bulk, prior.mean, at.border, tail])
        return self.stepped(at, prior, -(self.shift @ (self.basis.T @ values)), 1.0)

    def _step(self, system: Equations, gradient: FloatArray, tolerance: float) -> FloatArray:
        """Newton step, or a damped one where the information is not positive definite."""
        own, inner = np.abs(system.bulk.diagonal()), np.abs(np.diag(system.corner))
        for ridge in (0.0, 0.1, 1.0, 10.0):
            damped = system
            if ridge:
                bulk = system.bulk + sparse.diags_array(ridge * own)
                damped = replace(system, bulk=bulk, corner=system.corner + np.diag(ridge * inner))
            try:
                step = damped.solve(gradient, tolerance)
            except np.linalg.LinAlgError:
                continue
            if step @ gradient >= 0:
                return step
        return gradient / (1.0 + np.abs(gradient).max())
