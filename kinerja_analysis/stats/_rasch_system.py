"""Linear equations of the many-facet Rasch model after the ratees are eliminated.

Unknowns are the columns of the other facets (bulk: sparse; border: dense) and the thresholds in a basis of contrasts
(Σ τ = 0 in each step group). Dense Cholesky where these are few, else conjugate gradients preconditioned with unit
blocks of the bulk and the border's own block.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from ._blocks import Blocks, unit_blocks
from ._gradients import conjugate_gradients

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DENSE_LIMIT = 3000
_QUICK, _ROUGH = 500, 1e-4
_RIDGE = 1e-7


def contrasts(steps: IntArray, width: int) -> FloatArray:
    """Orthonormal basis of thresholds that sum to zero in each group, shape (groups·width, Σ(steps − 1)).

    Examples
    --------
    >>> contrasts(np.array([2, 1]), 2).round(3).tolist()
    [[-0.707], [0.707], [0.0], [0.0]]
    """
    parts = []
    for group, m in enumerate(steps):
        if m > 1:
            own = np.zeros((steps.size * width, m - 1))
            own[group * width : group * width + m] = _helmert(int(m))
            parts.append(own)
    return np.hstack(parts) if parts else np.zeros((steps.size * width, 0))


def _helmert(m: int) -> FloatArray:
    out = np.zeros((m, m - 1))
    for j in range(1, m):
        out[:j, j - 1], out[j, j - 1] = -1.0, j
        out[:, j - 1] /= np.sqrt(j * (j + 1.0))
    return out


class Ties:
    """Which bulk columns meet in a ratee, and the unit blocks that follow from it.

    Parameters
    ----------
    pattern : (indptr, indices)
        Columns of each ratee.
    n : int
        Columns; those that no ratee has (the means of the parts) are blocks of their own.
    """

    def __init__(self, pattern: tuple[Any, Any], n: int) -> None:
        ones = np.ones(pattern[1].size, np.int8)
        self.table = sparse.csr_array((ones, pattern[1], pattern[0]), shape=(pattern[0].size - 1, n))

    @cached_property
    def block(self) -> IntArray:
        """Unit block of each column."""
        return unit_blocks(self.table)


@dataclass(slots=True)
class Equations:
    """Information of the unknowns: bulk (sparse), side (bulk × border), corner (border × border), free shifts.

    `free` marks unknowns that may move; anchored ones keep zero rows and columns. `basis` pins the shifts that the
    information does not see; `shift` are these shifts themselves where they differ (with prior means among the
    unknowns), so that basis'·shift = 1. `ties` says which bulk columns meet.
    """

    bulk: Any
    side: FloatArray
    corner: FloatArray
    basis: Any
    free: NDArray[np.bool_]
    ties: Ties
    shift: Any = None
    _factor: Any = field(default=None, init=False)
    _blocks: Any = field(default=None, init=False)

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return int(self.free.size)

    @property
    def dense(self) -> bool:
        """Whether the equations are factored densely."""
        return self.size <= DENSE_LIMIT

    def matrix(self) -> FloatArray:
        """All equations as one array, anchored rows as those of the identity and the free shifts added."""
        n = self.bulk.shape[0]
        out = np.empty((self.size, self.size))
        out[:n, :n] = self.bulk.toarray()
        out[:n, n:], out[n:, :n], out[n:, n:] = self.side, self.side.T, self.corner
        out[~self.free] = 0.0
        out[:, ~self.free] = 0.0
        scale = np.abs(np.diag(out)).mean() if out.size else 1.0
        out[~self.free, ~self.free] = scale or 1.0
        shifts = self.basis.toarray()
        return out + (scale or 1.0) * (shifts @ shifts.T)

    def solve(self, rhs: FloatArray, tolerance: float = 1e-10) -> FloatArray:
        """The solution without part in `basis`, columns of `rhs` at once."""
        wide = rhs[:, None] if rhs.ndim == 1 else rhs
        wide = np.where(self.free[:, None], wide, 0.0)
        if self.dense and (self.size < _QUICK or tolerance < _ROUGH):
            found = linalg.cho_solve((self.factor(), True), wide, check_finite=False)
        else:
            shift = self.basis if self.shift is None else self.shift
            found = self._iterate(wide - self.basis @ (shift.T @ wide), tolerance)
        found = self.project(found)
        return found[:, 0] if rhs.ndim == 1 else found

    def factor(self) -> FloatArray:
        """Lower Cholesky factor; where the information is singular (no finite maximum) with a ridge."""
        if self._factor is None:
            matrix = self.matrix()
            own = np.diag(matrix).copy()
            floor = max(float(np.abs(own).max(initial=0.0)), 1e-300)
            for ridge in (0.0, 1e-10, 1e-7, 1e-4, 1e-1, 10.0):
                matrix[np.diag_indices_from(matrix)] = own + ridge * floor
                value, info = linalg.lapack.dpotrf(matrix, lower=1)
                if not info:
                    self._factor = value
                    break
            else:
                raise np.linalg.LinAlgError("the information is not positive semidefinite")
        return self._factor  # type: ignore[no-any-return]

    def inverse(self) -> FloatArray:
        """Covariance of the unknowns under basis'·unknowns = 0; dense equations only."""
        value, _ = linalg.lapack.dpotri(self.factor(), lower=1)  # zeros above the diagonal, as in the factor
        own = np.diag(value).copy()
        value = value + value.T
        value[np.diag_indices_from(value)] = own
        value[~self.free] = 0.0
        value[:, ~self.free] = 0.0
        return self.project(self.project(value).T)

    def project(self, values: FloatArray) -> FloatArray:
        """Values shifted so that they have no part in `basis`."""
        shift = self.basis if self.shift is None else self.shift
        return np.asarray(values - shift @ (self.basis.T @ values))

    def _iterate(self, rhs: FloatArray, tolerance: float) -> FloatArray:
        """Conjugate gradients with the bulk columns in the order of their blocks."""
        blocks, n = self.unit_blocks(), self.bulk.shape[0]
        order = np.concatenate([blocks.order, np.arange(n, self.size)])
        side, basis, fixed = self.side[blocks.order], self.basis[order], ~self.free[order]
        value, vector = np.linalg.eigh(self.corner)
        keep = value > 1e-9 * max(float(value.max(initial=0.0)), 1e-300)
        corner = (vector[:, keep] / value[keep]) @ vector[:, keep].T

        def apply(values: FloatArray) -> FloatArray:
            out = np.empty_like(values)
            out[:n] = blocks.apply(values[:n]) + side @ values[n:]
            out[n:] = side.T @ values[:n] + self.corner @ values[n:]
            out[fixed] = 0.0
            return out

        def precondition(values: FloatArray) -> FloatArray:
            found = np.empty_like(values)
            found[:n], found[n:] = blocks.solve(values[:n]), corner @ values[n:]
            return found - basis @ (basis.T @ found) if self.shift is None else found

        out = np.empty_like(rhs)
        out[order] = conjugate_gradients(apply, precondition, rhs[order], tolerance=tolerance).values
        return out

    def unit_blocks(self) -> "BulkBlocks":
        """The preconditioner of the bulk columns; anchored ones are cut off from the others."""
        if self._blocks is None:
            free = self.free[: self.bulk.shape[0]]
            mask = sparse.diags_array(free.astype(np.float64))
            self._blocks = BulkBlocks(self.bulk if free.all() else mask @ self.bulk @ mask, self.ties.block)
        return self._blocks  # type: ignore[no-any-return]


class BulkBlocks:
    """A sparse positive semidefinite matrix in the order of its unit blocks, which are factored with a small ridge."""

    def __init__(self, matrix: Any, block: IntArray) -> None:
        self.order = np.argsort(block, kind="stable")
        self.block = block[self.order]
        own = matrix.diagonal()[self.order]
        self.diagonal = own[:, None]
        self.beside = sparse.csr_array(matrix[self.order][:, self.order])
        self.beside.setdiag(0.0)
        self.scale = (1.0 / np.sqrt(np.where(own > 0, own, 1.0) * (1.0 + _RIDGE)))[:, None]
        none = sparse.csr_array((0, self.order.size))
        self.blocks = Blocks(none, self.beside, self.block)
        self.blocks.factor(np.zeros(0), self.scale[:, 0].copy())

    def apply(self, values: FloatArray) -> FloatArray:
        """The matrix times values."""
        return np.asarray(self.diagonal * values + self.beside @ values)

    def solve(self, values: FloatArray) -> FloatArray:
        """M⁻¹·values, M the blocks."""
        return self.scale * self.blocks.solve(self.scale * values)

    def inverse_diagonal(self) -> FloatArray:
        """Diagonal of M⁻¹."""
        return np.asarray(self.scale[:, 0] ** 2 * self.blocks.inverse_parts()[0])
