"""Unit blocks of a sparse crossed design: groups of columns that share rows, inverted exactly.

The reduced equations of a large design are S = Λ·(B − C'·W·C)·Λ + P with W diagonal. Columns that are tied by
many shared rows (the raters of one unit) are gathered in blocks of bounded size; the block diagonal of S is
what conjugate gradients are preconditioned with, and what stochastic traces are compared with.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST = 64
_SWEEPS, _SETTLED = 20, 1000


@njit(cache=True)
def _propagate(cp, ci, tp, ti, weight, label, size, most):  # type: ignore[no-untyped-def]
    """One sweep of label propagation: each column joins the group it shares most rows with; moves made."""
    score = np.zeros(label.size)
    touched = np.empty(label.size, np.int64)
    moves = 0
    for column in range(label.size):
        count = 0
        for a in range(tp[column], tp[column + 1]):
            row = ti[a]
            for b in range(cp[row], cp[row + 1]):
                other = label[ci[b]]
                if ci[b] != column:
                    if score[other] == 0.0:
                        touched[count] = other
                        count += 1
                    score[other] += weight[row]
        own = label[column]
        best = own
        for t in range(count):
            if size[touched[t]] < most and score[touched[t]] > score[best] * (1.0 + 1e-12):
                best = touched[t]
        for t in range(count):
            score[touched[t]] = 0.0
        if best != own:
            label[column] = best
            size[own] -= 1
            size[best] += 1
            moves += 1
    return moves


@njit(cache=True)
def _assemble(cp, ci, cx, weight, block, start, offset, size, out):  # type: ignore[no-untyped-def]
    """out −= C'·W·C inside the blocks, lower triangles; columns ascend within a row of C."""
    for row in range(cp.size - 1):
        for a in range(cp[row], cp[row + 1]):
            own = block[ci[a]]
            place = offset[own] + (ci[a] - start[own]) * size[own] - start[own]
            factor = weight[row] * cx[a]
            for b in range(a, cp[row] - 1, -1):
                if block[ci[b]] != own:
                    break
                out[place + ci[b]] -= factor * cx[b]


@njit(cache=True)
def _add_crossed(bp, bi, bx, block, start, offset, size, out):  # type: ignore[no-untyped-def]
    """out += B inside the blocks, lower triangles."""
    for i in range(bp.size - 1):
        own = block[i]
        for a in range(bp[i], bp[i + 1]):
            j = bi[a]
            if j <= i and block[j] == own:
                out[offset[own] + (i - start[own]) * size[own] + j - start[own]] += bx[a]


@njit(cache=True)
def _factor(start, offset, size, scale, cells):  # type: ignore[no-untyped-def]
    """Scale by Λ, add the identity and replace each block by its Cholesky factor; log determinant."""
    logdet = 0.0
    for own in range(size.size):
        m = size[own]
        if m > MOST:
            continue
        A = cells[offset[own] : offset[own] + m * m].reshape(m, m)
        lam = scale[start[own] : start[own] + m]
        for i in range(m):
            for j in range(i + 1):
                A[i, j] *= lam[i] * lam[j]
            A[i, i] += 1.0
        for j in range(m):
            for k in range(j):
                A[j, j] -= A[j, k] * A[j, k]
            A[j, j] = np.sqrt(A[j, j])
            logdet += 2.0 * np.log(A[j, j])
            for i in range(j + 1, m):
                total = A[i, j]
                for k in range(j):
                    total -= A[i, k] * A[j, k]
                A[i, j] = total / A[j, j]
    return logdet


@njit(cache=True)
def _solve(start, offset, size, cells, values):  # type: ignore[no-untyped-def]
    """Values become L'⁻¹·L⁻¹·values, block by block, in place."""
    width = values.shape[1]
    for own in range(size.size):
        m, first = size[own], start[own]
        if m > MOST:
            continue
        A = cells[offset[own] : offset[own] + m * m].reshape(m, m)
        if width == 1:
            for i in range(m):
                total = values[first + i, 0]
                for j in range(i):
                    total -= A[i, j] * values[first + j, 0]
                values[first + i, 0] = total / A[i, i]
            for i in range(m - 1, -1, -1):
                values[first + i, 0] /= A[i, i]
                for j in range(i):
                    values[first + j, 0] -= A[i, j] * values[first + i, 0]
            continue
        for i in range(m):
            for j in range(i):
                for k in range(width):
                    values[first + i, k] -= A[i, j] * values[first + j, k]
            for k in range(width):
                values[first + i, k] /= A[i, i]
        for i in range(m - 1, -1, -1):
            for k in range(width):
                values[first + i, k] /= A[i, i]
            for j in range(i):
                for k in range(width):
                    values[first + j, k] -= A[i, j] * values[first + i, k]


@njit(cache=True)
def _times_lower(start, offset, size, cells, values):  # type: ignore[no-untyped-def]
    """Values become L·values, block by block, in place."""
    width = values.shape[1]
    for own in range(size.size):
        m, first = size[own], start[own]
        A = cells[offset[own] : offset[own] + m * m].reshape(m, m)
        for i in range(m - 1, -1, -1):
            for k in range(width):
                values[first + i, k] *= A[i, i]
            for j in range(i):
                for k in range(width):
                    values[first + i, k] += A[i, j] * values[first + j, k]


@njit(cache=True)
def _invert(start, offset, size, cells, out):  # type: ignore[no-untyped-def]
    """Lower triangles of the inverse blocks."""
    for own in range(size.size):
        m = size[own]
        if m > MOST:
            continue
        A = cells[offset[own] : offset[own] + m * m].reshape(m, m)
        R = out[offset[own] : offset[own] + m * m].reshape(m, m)
        half = np.zeros((m, m))
        for j in range(m):
            half[j, j] = 1.0 / A[j, j]
            for i in range(j + 1, m):
                total = 0.0
                for k in range(j, i):
                    total -= A[i, k] * half[k, j]
                half[i, j] = total / A[i, i]
        for i in range(m):
            for j in range(i + 1):
                total = 0.0
                for k in range(i, m):
                    total += half[k, i] * half[k, j]
                R[i, j] = total


@njit(cache=True)
def _quadratic(cp, ci, cx, scale, block, start, offset, size, inverse, out):  # type: ignore[no-untyped-def]
    """out[row] = c'·Λ·M⁻¹·Λ·c for every row of C, M the block diagonal; columns ascend within a row of C."""
    for row in range(cp.size - 1):
        total = 0.0
        for a in range(cp[row], cp[row + 1]):
            own = block[ci[a]]
            place = offset[own] + (ci[a] - start[own]) * size[own] - start[own]
            part = 0.5 * inverse[place + ci[a]] * cx[a] * scale[ci[a]]
            for b in range(a - 1, cp[row] - 1, -1):
                if block[ci[b]] != own:
                    break
                part += inverse[place + ci[b]] * cx[b] * scale[ci[b]]
            total += 2.0 * part * cx[a] * scale[ci[a]]
        out[row] = total


def unit_blocks(C: Any, most: int = MOST) -> IntArray:
    """Block of each column of C: columns that share rows, at most `most` in one.

    Parameters
    ----------
    C : sparse array, shape (rows, columns), no entry zero
    most : int
        Largest block.

    Returns
    -------
    ndarray of int, shape (columns,), numbered from 0

    Examples
    --------
    >>> from scipy import sparse
    >>> C = sparse.csr_array(np.kron(np.eye(2), np.ones((3, 2))))
    >>> unit_blocks(C).tolist()
    [0, 0, 1, 1]
    """
    back = C.T.tocsr()
    weight = 1.0 / np.maximum(np.diff(C.indptr), 1)
    label = np.arange(C.shape[1], dtype=np.int64)
    size = np.ones(label.size, np.int64)
    for _ in range(_SWEEPS):
        moves = _propagate(C.indptr, C.indices, back.indptr, back.indices, weight, label, size, most)
        if moves * _SETTLED <= label.size:
            break
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


class Blocks:
    """The block diagonal of S for columns that are already sorted by block.

    Blocks of up to `MOST` columns are factored by our own loops, larger ones by LAPACK.

    Parameters
    ----------
    C : csr array, shape (rows, columns)
    B : csr array, shape (columns, columns)
    block : ndarray of int, ascending
    """

    def __init__(self, C: Any, B: Any, block: IntArray) -> None:
        self.C, self.B, self.block = C, B, block
        self.size = np.bincount(block).astype(np.int64)
        self.start = (np.cumsum(self.size) - self.size).astype(np.int64)
        self.offset = (np.cumsum(self.size**2) - self.size**2).astype(np.int64)
        self.large: list[int] = np.flatnonzero(self.size > MOST).tolist()
        self.cells = np.zeros(int((self.size**2).sum()))
        self.logdet = 0.0
        self.weight: FloatArray | None = None
        self.scale: FloatArray | None = None

    def _matrix(self, own: int, cells: FloatArray) -> tuple[FloatArray, slice]:
        """One block as a matrix, and its columns."""
        m, area = int(self.size[own]), int(self.offset[own])
        return cells[area : area + m * m].reshape(m, m), slice(int(self.start[own]), int(self.start[own]) + m)

    def factor(self, weight: FloatArray, scale: FloatArray) -> None:
        """Assemble and factor the blocks at row weights W and column scales Λ, unless they are at these arrays."""
        if weight is self.weight and scale is self.scale:
            return
        self.cells[:] = 0.0
        layout = self.block, self.start, self.offset, self.size
        _assemble(self.C.indptr, self.C.indices, self.C.data, weight, *layout, self.cells)
        _add_crossed(self.B.indptr, self.B.indices, self.B.data, *layout, self.cells)
        self.logdet = float(_factor(*layout[1:], scale, self.cells))
        for own in self.large:
            matrix, part = self._matrix(own, self.cells)
            matrix *= scale[part, None]
            matrix *= scale[part]
            matrix[np.diag_indices_from(matrix)] += 1.0
            _, info = linalg.lapack.dpotrf(matrix.T, lower=0, clean=0, overwrite_a=1)  # in place
            if info:
                raise np.linalg.LinAlgError("a block of the equations is not positive definite")
            self.logdet += 2.0 * float(np.log(np.diag(matrix)).sum())
        self.weight, self.scale = weight, scale

    def solve(self, values: FloatArray) -> FloatArray:
        """M⁻¹·values."""
        out = np.array(values, order="C")
        _solve(self.start, self.offset, self.size, self.cells, out)
        for own in self.large:
            matrix, part = self._matrix(own, self.cells)
            out[part] = linalg.lapack.dpotrs(matrix.T, out[part], lower=0)[0]
        return out

    def times_lower(self, values: FloatArray) -> FloatArray:
        """L·values with M = L·L', for blocks of up to `MOST` columns."""
        out = values.copy()
        _times_lower(self.start, self.offset, self.size, self.cells, out)
        return out

    def inverse_parts(self) -> tuple[FloatArray, FloatArray]:
        """Diagonal of M⁻¹, and c'·Λ·M⁻¹·Λ·c for every row c of C."""
        inverse = np.zeros_like(self.cells)
        _invert(self.start, self.offset, self.size, self.cells, inverse)
        for own in self.large:
            matrix = self._matrix(own, inverse)[0]
            matrix[...] = self._matrix(own, self.cells)[0]
            linalg.lapack.dpotri(matrix.T, lower=0, overwrite_c=1)  # in place
        place = np.arange(self.block.size) - self.start[self.block]
        diagonal = inverse[self.offset[self.block] + place * (self.size[self.block] + 1)]
        rows = np.empty(self.C.shape[0])
        _quadratic(
            self.C.indptr, self.C.indices, self.C.data, self.scale, self.block, self.start, self.offset,
            self.size, inverse, rows,
        )  # fmt: skip
        return diagonal, rows
