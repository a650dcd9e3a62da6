"""Algebra of linear mixed models with crossed factors: one factor eliminated, the rest in dense blocks.

With scaled effects u = b/θ the penalised normal equations are

    [ θ0²·Z0'Z0 + I    θ0·Z0'Zr·Λ      ]
    [ ·                Λ·Zr'Zr·Λ + I   ]        (fixed means of components: no "+ I", θ = 1)

Z0 is the largest factor, so its block is diagonal. What is left falls into blocks by linked component.
Cross-products are computed once; a step costs one pass over the pairs and one Cholesky per block.
Formulas: Bates, Mächler, Bolker & Walker (2015), J. Stat. Soft. 67(1); derivatives: Gilmour, Thompson &
Cullis (1995), Biometrics 51:1440.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BLOCK_LIMIT = 8000
WORK_LIMIT, CELL_LIMIT = 5e9, 3e7
_PROFILE_BLOCK, _PROFILE_CELLS = 200, 20_000
_SMALL = 64


class DesignTooLarge(ValueError):
    """The exact route would need a dense block beyond the limit."""


@njit(cache=True)
def _subtract(indptr, indices, counts, weight, place, size, offset, out):  # type: ignore[no-untyped-def]
    """out −= C'·diag(weight)·C, lower triangles of the blocks."""
    for row in range(indptr.size - 1):
        w = weight[row]
        if w == 0.0:
            continue
        for i in range(indptr[row], indptr[row + 1]):
            a = indices[i]
            start = offset[a] + place[a] * size[a]
            wa = w * counts[i]
            for j in range(indptr[row], i + 1):
                out[start + place[indices[j]]] -= wa * counts[j]


@njit(cache=True)
def _quadratic(indptr, indices, counts, scale, place, size, offset, inverse, out):  # type: ignore[no-untyped-def]
    """out[row] = c'·Λ·T·Λ·c with T given by the lower triangles of the blocks."""
    for row in range(indptr.size - 1):
        total = 0.0
        for i in range(indptr[row], indptr[row + 1]):
            a = indices[i]
            start = offset[a] + place[a] * size[a]
            ca = counts[i] * scale[a]
            part = 0.0
            for j in range(indptr[row], i):
                part += inverse[start + place[indices[j]]] * counts[j] * scale[indices[j]]
            total += ca * (2.0 * part + inverse[start + place[a]] * ca)
        out[row] = total


@dataclass(frozen=True, slots=True)
class Fit:
    """One evaluation of the model at given variance ratios γ = σ²_k/σ²."""

    gamma: FloatArray
    logdet: float
    logdet_fixed: float
    rss: float
    beta: FloatArray
    beta_cov: FloatArray
    u0: FloatArray
    ur: FloatArray
    inverse: FloatArray
    reduced: FloatArray
    mean: FloatArray


class MixedSystem:
    """Cross-products of one response, its random factors and fixed design.

    Parameters
    ----------
    y : ndarray, shape (n,)
    factors : list of ndarray of int
        Codes of the random factors; the one with most levels is eliminated.
    X : ndarray, shape (n, p)
        Fixed design; may have no column when `component` is given.
    component : ndarray of int or None
        A fixed mean for each code, without gaps.
    at_any_cost : bool
        Only a block beyond `BLOCK_LIMIT` is refused, not the work beyond `WORK_LIMIT` operations a step.
    """

    def __init__(
        self,
        y: FloatArray,
        factors: list[IntArray],
        X: FloatArray,
        component: IntArray | None,
        *,
        at_any_cost: bool = True,
    ) -> None:
        self.at_any_cost = at_any_cost
        self.levels = np.array([int(codes.max()) + 1 for codes in factors])
        self.first = int(np.argmax(self.levels))
        self.factors = factors
        self.n, self.p = X.shape
        self.n_fixed = 0 if component is None else int(component.max()) + 1
        self.rest = [index for index in range(len(factors)) if index != self.first]
        starts = np.concatenate([[0], np.cumsum(self.levels[self.rest])]).astype(np.int64)
        self.slices = {k: slice(int(starts[i]), int(starts[i + 1])) for i, k in enumerate(self.rest)}
        self.n_random = int(starts[-1])
        self._columns = [codes + starts[i] for i, codes in enumerate(factors[k] for k in self.rest)]
        if component is not None:
            self._columns.append(component + self.n_random)
        self.width = self.n_random + self.n_fixed
        self.count0 = np.bincount(factors[self.first], minlength=self.levels[self.first]).astype(np.float64)
        shape = int(self.levels[self.first]), self.width
        self.C = sparse.csr_array(shape)
        for column in self._columns:
            self.C = self.C + sparse.csr_array((np.ones(self.n), (factors[self.first], column)), shape=shape)
        self.C.sort_indices()
        self.penalty = np.concatenate([np.ones(self.n_random), np.zeros(self.n_fixed)])
        self._lay_out_blocks()
        self.base = self._base()
        self.M = np.column_stack([X, y])
        self.M0, self.Mr, self.MM = *self.sums(self.M), self.M.T @ self.M

    def sums(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Z0'·values and Zr'·values (component sums last)."""
        first = level_sums(self.factors[self.first], values, int(self.levels[self.first]))
        rest = np.zeros((self.width, values.shape[1]))
        for column in self._columns:
            rest += level_sums(column, values, self.width)
        return first, rest

    def _lay_out_blocks(self) -> None:
        """Order the reduced columns so that blocks of equal size are contiguous."""
        edges = self.C.tocoo()
        n0, nodes = self.C.shape[0], sum(self.C.shape)
        joint = sparse.coo_array((edges.data, (edges.row, edges.col + n0)), shape=(nodes, nodes))
        _, label = csgraph.connected_components(joint, directed=False)
        _, label = np.unique(label[n0:], return_inverse=True)
        size = np.bincount(label)
        wide = size.astype(np.float64)
        costly = (wide**3).sum() > WORK_LIMIT or (wide**2).sum() > CELL_LIMIT
        if size.max(initial=0) > BLOCK_LIMIT or (costly and not self.at_any_cost):
            raise DesignTooLarge(
                f"{size.max()} linked levels beside the largest factor; the exact route ends at {BLOCK_LIMIT}"
            )
        rank = np.empty(size.size, np.int64)
        rank[np.argsort(size, kind="stable")] = np.arange(size.size)
        order = np.lexsort((np.arange(self.width), rank[label]))
        ordered = np.sort(size)
        begin = np.concatenate([[0], np.cumsum(ordered)]).astype(np.int64)
        area = np.concatenate([[0], np.cumsum(ordered**2)]).astype(np.int64)
        self.place = np.empty(self.width, np.int64)
        self.place[order] = np.arange(self.width) - np.repeat(begin[:-1], ordered)
        self.size = ordered[rank[label]].astype(np.int64) if self.width else np.zeros(0, np.int64)
        self.offset = area[rank[label]] if self.width else np.zeros(0, np.int64)
        self.cells = int(area[-1])
        self.stacks = []
        for m, count in zip(*np.unique(ordered, return_counts=True), strict=True):
            head = int(np.searchsorted(ordered, m))
            columns = order[begin[head] : begin[head] + m * count].reshape(count, m)
            self.stacks.append((columns, slice(int(area[head]), int(area[head] + count * m * m))))

    def _base(self) -> FloatArray:
        """Zr'Zr in block layout, lower triangles."""
        base = np.zeros(self.cells)
        for i, left in enumerate(self._columns):
            for right in self._columns[: i + 1]:
                low, high = np.minimum(left, right), np.maximum(left, right)
                pair, count = np.unique(high * self.width + low, return_counts=True)
                row, column = np.divmod(pair, self.width)
                base[self.offset[row] + self.place[row] * self.size[row] + self.place[column]] += count
        return base

    @property
    def cheap(self) -> bool:
        """Whether an evaluation costs so little that the likelihood can be profiled."""
        cells = max(self.C.nnz, self.n)
        return int(self.size.max(initial=0)) <= _PROFILE_BLOCK and cells <= _PROFILE_CELLS

    def scale(self, gamma: FloatArray) -> FloatArray:
        """Λ of the reduced columns: √γ of their factor, 1 for fixed means."""
        parts = [np.full(self.levels[k], np.sqrt(gamma[k])) for k in self.rest]
        return np.concatenate([*parts, np.ones(self.n_fixed)])

    def fit(self, gamma: FloatArray) -> Fit:
        """Solve the model at the variance ratios `gamma` (one per factor, in the order given)."""
        weight = gamma[self.first] / (1.0 + gamma[self.first] * self.count0)
        lam = self.scale(gamma)
        inverse, logdet = self._invert(weight, lam)
        m0, reduced, joint = self._reduce(self.M0, self.Mr, self.MM, weight, lam)
        solved = self.times(inverse, reduced)
        A = joint - reduced.T @ solved
        p = self.p
        factor = linalg.cho_factor(A[:p, :p], lower=True) if p else (np.zeros((0, 0)), True)
        beta = linalg.cho_solve(factor, A[:p, p]) if p else np.zeros(0)
        ur = solved[:, p] - solved[:, :p] @ beta
        left = m0[:, p] - m0[:, :p] @ beta - self.C @ (lam * ur)
        return Fit(
            gamma=gamma,
            logdet=float(logdet + np.log1p(gamma[self.first] * self.count0).sum()),
            logdet_fixed=float(2.0 * np.log(np.diag(factor[0])).sum()),
            rss=float(A[p, p] - A[p, :p] @ beta),
            beta=beta,
            beta_cov=linalg.cho_solve(factor, np.eye(p)) if p else np.zeros((0, 0)),
            u0=np.sqrt(gamma[self.first]) * left / (1.0 + gamma[self.first] * self.count0),
            ur=ur,
            inverse=inverse,
            reduced=solved[:, :p],
            mean=ur[self.n_random :],
        )

    def _reduce(
        self, m0: FloatArray, mr: FloatArray, mm: FloatArray, weight: FloatArray, lam: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Right-hand sides after the first factor is eliminated."""
        weighted = weight[:, None] * m0
        return m0, lam[:, None] * (mr - self.C.T @ weighted), mm - m0.T @ weighted

    def _invert(self, weight: FloatArray, lam: FloatArray) -> tuple[FloatArray, float]:
        """Inverse of the reduced blocks (lower triangles hold) and the log determinant."""
        blocks = self.base.copy()
        _subtract(
            self.C.indptr, self.C.indices, self.C.data, weight, self.place, self.size, self.offset, blocks
        )
        logdet = 0.0
        for columns, area in self.stacks:
            count, m = columns.shape
            stack = blocks[area].reshape(count, m, m)
            stack *= lam[columns][:, :, None]
            stack *= lam[columns][:, None, :]
            stack[:, np.arange(m), np.arange(m)] += self.penalty[columns]
            logdet += _invert_stack(stack)
        return blocks, logdet

    def times(self, inverse: FloatArray, values: FloatArray) -> FloatArray:
        """Blocks · values."""
        out = np.zeros_like(values)
        for columns, area in self.stacks:
            count, m = columns.shape
            stack = inverse[area].reshape(count, m, m)
            if m <= _SMALL:
                out[columns] = stack @ values[columns]
                continue
            for matrix, index in zip(stack, columns, strict=True):
                out[index] = linalg.blas.dsymm(1.0, matrix.T, values[index], lower=0)
        return out

    def block_diagonal(self, inverse: FloatArray) -> FloatArray:
        """Diagonal of the blocks by reduced column."""
        return inverse[self.offset + self.place * (self.size + 1)]

    def variances(self, fit: Fit, *, fixed: bool) -> tuple[list[FloatArray], FloatArray]:
        """Diagonal of the inverse equations for scaled effects u: by factor, and of the means.

        With `fixed` the uncertainty of the fixed design X is included.
        """
        gamma0, lam = fit.gamma[self.first], self.scale(fit.gamma)
        d = 1.0 + gamma0 * self.count0
        quadratic = np.zeros(self.count0.size)
        _quadratic(
            self.C.indptr, self.C.indices, self.C.data, lam, self.place, self.size, self.offset, fit.inverse,
            quadratic,
        )  # fmt: skip
        first = 1.0 / d + gamma0 * quadratic / d**2
        rest = self.block_diagonal(fit.inverse)
        if fixed and self.p:
            moved = self.M0[:, : self.p] - self.C @ (lam[:, None] * fit.reduced)
            moved *= (np.sqrt(gamma0) / d)[:, None]
            first = first + np.einsum("ij,jk,ik->i", moved, fit.beta_cov, moved)
            rest = rest + np.einsum("ij,jk,ik->i", fit.reduced, fit.beta_cov, fit.reduced)
        return self._by_factor(first, rest), rest[self.n_random :]

    def _by_factor(self, first: FloatArray, rest: FloatArray) -> list[FloatArray]:
        return [first if k == self.first else rest[self.slices[k]] for k in range(self.levels.size)]

    def effects(self, fit: Fit) -> list[FloatArray]:
        """u of every factor."""
        return self._by_factor(fit.u0, fit.ur)

    def working_information(self, fit: Fit) -> FloatArray:
        """f_k'·P·f_l with f_k = Z_k·Z_k'·P·y, σ² = 1: twice the average information without σ²."""
        root = np.sqrt(fit.gamma)
        F = np.column_stack(
            [(u / root[k])[codes] for k, (u, codes) in enumerate(zip(self.effects(fit), self.factors, strict=True))]
        )
        weight = fit.gamma[self.first] / (1.0 + fit.gamma[self.first] * self.count0)
        joined = np.column_stack([self.M[:, : self.p], F])
        _, reduced, joint = self._reduce(*self.sums(joined), joined.T @ joined, weight, self.scale(fit.gamma))
        A = joint - reduced.T @ self.times(fit.inverse, reduced)
        p = self.p
        return A[p:, p:] - A[p:, :p] @ fit.beta_cov @ A[:p, p:]


def level_sums(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sums of each column of `values` by code."""
    return np.column_stack(
        [np.bincount(codes, weights=values[:, j], minlength=size) for j in range(values.shape[1])]
    )


def _invert_stack(stack: FloatArray) -> float:
    """Invert a stack of positive definite matrices given by lower triangles, in place; log determinant."""
    m = stack.shape[1]
    if m > _SMALL:
        total = 0.0
        for matrix in stack:
            factor, info = linalg.lapack.dpotrf(matrix.T, lower=0)
            if info:
                raise np.linalg.LinAlgError("design columns are linearly dependent")
            total += 2.0 * float(np.log(np.diag(factor)).sum())
            matrix[...] = linalg.lapack.dpotri(factor, lower=0)[0].T
        return total
    lower = np.linalg.cholesky(stack)
    half = np.linalg.inv(lower)
    stack[...] = half.transpose(0, 2, 1) @ half
    return 2.0 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())
