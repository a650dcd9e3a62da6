"""Algebra of linear mixed models with crossed factors, eliminated one after the other.

With scaled effects u = b/θ the penalised normal equations are solved in this order: the largest factor, whose block
is diagonal; the columns of the other large factors (bulk), S = Λ·(Zb'Zb − C'·W·C)·Λ + I with C = Z0'Zb and
W = γ0/(1 + γ0·n0); component means; small factors and the fixed design. By the exact route S is inverted in dense
blocks, one for each linked component. Where these would be too large S is solved for by conjugate gradients,
preconditioned with unit blocks.
Formulas: Bates, Mächler, Bolker & Walker (2015), J. Stat. Soft. 67(1); derivatives: Gilmour, Thompson &
Cullis (1995), Biometrics 51:1440.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

from ._blocks import MOST, Blocks, unit_blocks
from ._gradients import conjugate_gradients

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BLOCK_LIMIT = 8000
WORK_LIMIT, CELL_LIMIT, DENSE_LIMIT = 5e9, 3e7, 2e8
SMALL = 64
CHUNK = 16
_EXACT = 1e-11
_PROFILE_BLOCK, _PROFILE_CELLS = 200, 20_000


class DesignTooLarge(ValueError):
    """The exact route would need a dense block beyond the limit, or the design fits neither route."""


@njit(cache=True)
def _gather(cp, ci, cx, scale, weight, values, out):  # type: ignore[no-untyped-def]
    """out = W·C·Λ·values."""
    width = values.shape[1]
    total = np.empty(width)
    for row in range(cp.size - 1):
        total[:] = 0.0
        for a in range(cp[row], cp[row + 1]):
            factor = cx[a] * scale[ci[a]]
            for k in range(width):
                total[k] += factor * values[ci[a], k]
        for k in range(width):
            out[row, k] = weight[row] * total[k]


@njit(cache=True)
def _scatter(tp, ti, tx, bp, bi, bx, scale, values, rows, out):  # type: ignore[no-untyped-def]
    """out = Λ·(B·Λ·values − C'·rows) + values."""
    width = values.shape[1]
    total = np.empty(width)
    for column in range(tp.size - 1):
        total[:] = 0.0
        for a in range(bp[column], bp[column + 1]):
            factor = bx[a] * scale[bi[a]]
            for k in range(width):
                total[k] += factor * values[bi[a], k]
        for a in range(tp[column], tp[column + 1]):
            for k in range(width):
                total[k] -= tx[a] * rows[ti[a], k]
        for k in range(width):
            out[column, k] = scale[column] * total[k] + values[column, k]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of n-vectors by level of the eliminated factor, by bulk column and by component."""

    first: FloatArray
    bulk: FloatArray
    means: FloatArray


@dataclass(frozen=True, slots=True)
class Diagonal:
    """Diagonal of S⁻¹, and c'·Λ·S⁻¹·Λ·c for every row c of C."""

    bulk: FloatArray
    rows: FloatArray


@dataclass(frozen=True, slots=True)
class Fit:
    """One evaluation at given variance ratios γ = σ²_k/σ²: the solution, and the solved columns behind it."""

    gamma: FloatArray
    logdet: float
    logdet_fixed: float
    rss: float
    beta: FloatArray
    beta_cov: FloatArray
    u_small: FloatArray
    u_bulk: FloatArray
    u_first: FloatArray
    mean: FloatArray
    weight: FloatArray
    scale: FloatArray
    solved: FloatArray
    packed: FloatArray
    mean_size: FloatArray
    mean_load: FloatArray
    inner: FloatArray
    size: FloatArray
    diagonal: Diagonal | None = None


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
    route : str
        ``exact``, ``large`` or ``auto``.

    Attributes
    ----------
    exact : bool
        Whether the blocks are whole components, so that nothing is iterated or sampled.
    """

    def __init__(
        self, y: FloatArray, factors: list[IntArray], X: FloatArray, component: IntArray | None, route: str = "auto"
    ) -> None:
        self.levels = np.array([int(codes.max()) + 1 for codes in factors])
        self.factors = factors
        self.n, self.p = X.shape
        self.n_fixed = 0 if component is None else int(component.max()) + 1
        self.component = np.zeros(self.n, np.int64) if component is None else component
        self.parts = max(self.n_fixed, 1)
        self._divide_factors()
        self._lay_out(route)
        self._place_components()
        self.M = np.column_stack([X, y])
        self.D, self.DD = self._dense_columns()
        self.blocks = Blocks(self.C, self.B, self.block)

    @property
    def cheap(self) -> bool:
        """Whether an evaluation costs so little that the likelihood can be profiled."""
        cells = max(self.C.nnz, self.n)
        largest = int(self.blocks.size.max(initial=0)) + self.n_small
        return self.exact and largest <= _PROFILE_BLOCK and cells <= _PROFILE_CELLS

    def _divide_factors(self) -> None:
        """Which factor is eliminated, which are bulk, which are small or reach over components."""
        order = np.argsort(-self.levels, kind="stable").tolist()
        self.first, rest = order[0], order[1:]
        inside = [k for k in rest if self._home(self.factors[k], int(self.levels[k])) is not None]
        self.bulk = [k for k in inside if self.levels[k] > SMALL] or inside[:1]
        self.small = [k for k in rest if k not in self.bulk]
        self.n_small = int(self.levels[self.small].sum())
        if self.n_small * int(self.levels[self.first]) > DENSE_LIMIT:
            raise DesignTooLarge(f"{self.n_small} levels of factors that reach over components are too many")

    def _home(self, codes: IntArray, size: int) -> IntArray | None:
        """Component of each code, or None if some code lies in two."""
        home = np.zeros(size, np.int64)
        home[codes] = self.component
        return home if (home[codes] == self.component).all() else None

    def _lay_out(self, route: str) -> None:
        """Bulk columns sorted by block, and their counts."""
        starts = np.concatenate([[0], np.cumsum(self.levels[self.bulk])]).astype(np.int64)
        width, rows = int(starts[-1]), int(self.levels[self.first])
        codes0 = self.factors[self.first]
        self.count0 = np.bincount(codes0, minlength=rows).astype(np.float64)
        raw = [self.factors[k] + start for k, start in zip(self.bulk, starts, strict=False)]
        label = self._blocks_of(counts(codes0, raw, (rows, width)), _crossings(raw, width), route)
        order = np.argsort(label, kind="stable")
        place = np.empty(width, np.int64)
        place[order] = np.arange(width)
        self.place = {k: place[a:b] for k, a, b in zip(self.bulk, starts, starts[1:], strict=False)}
        self.columns = [place[column] for column in raw]
        self.block = label[order]
        self.C = counts(codes0, self.columns, (rows, width))
        self.back = self.C.T.tocsr()
        self.B = _crossings(self.columns, width)

    @staticmethod
    def ties(C: Any, B: Any) -> Any:
        """Rows of columns that are close: those of C and, with several bulk factors, the short ones of B."""
        return sparse.vstack([C, B[np.diff(B.indptr) <= MOST]]).tocsr() if np.diff(B.indptr).max() > 1 else C

    def _blocks_of(self, C: Any, B: Any, route: str) -> IntArray:
        """Block of each bulk column: its linked component if that is affordable, else its unit."""
        rows, width = C.shape
        edges = C.tocoo()
        joint = sparse.coo_array((edges.data, (edges.row, edges.col + rows)), shape=(rows + width, rows + width))
        label = np.unique(csgraph.connected_components(joint, directed=False)[1][rows:], return_inverse=True)[1]
        size = np.bincount(label).astype(np.float64)
        costly = (size**3).sum() > WORK_LIMIT or (size**2).sum() > CELL_LIMIT
        self.exact = width == 0 or (route != "large" and not (costly and route == "auto"))
        if not self.exact:
            return unit_blocks(self.ties(C, B))
        if size.max(initial=0) > BLOCK_LIMIT:
            raise DesignTooLarge(
                f"{size.max():.0f} linked levels beside the largest factor; the exact route ends at {BLOCK_LIMIT}"
            )
        return label.astype(np.int64)

    def _place_components(self) -> None:
        """Component of each eliminated level and bulk column."""
        home = self._home(self.factors[self.first], self.count0.size)
        if home is None:
            raise ValueError("a level of the largest factor lies in two components")
        self.component0 = home
        self.component_bulk = np.zeros(self.block.size, np.int64)
        for column in self.columns:
            self.component_bulk[column] = self.component
        self.ones = self.sums(np.ones((self.n, 1))) if self.n_fixed else None

    def sums(self, values: FloatArray) -> Sums:
        """Sums of each column of `values` by eliminated level, bulk column and component."""
        bulk = np.zeros((self.block.size, values.shape[1]))
        for column in self.columns:
            bulk += level_sums(column, values, self.block.size)
        first = level_sums(self.factors[self.first], values, self.count0.size)
        return Sums(first, bulk, level_sums(self.component, values, self.parts))

    def _dense_columns(self) -> tuple[Sums, FloatArray]:
        """Small factors' indicators, X and y: their sums, and their products with each other."""
        starts = np.concatenate([[0], np.cumsum(self.levels[self.small])]).astype(np.int64)
        self.small_slice = {k: slice(int(a), int(b)) for k, a, b in zip(self.small, starts, starts[1:], strict=False)}
        raw = [self.factors[k] + start for k, start in zip(self.small, starts, strict=False)]
        data = self.sums(self.M)
        shape = self.n_small
        parts = [
            (self.factors[self.first], data.first, self.count0.size), (self.component, data.means, self.parts),
        ]  # fmt: skip
        first, means = (np.column_stack([_dense(c, raw, (size, shape)), part]) for c, part, size in parts)
        bulk = sum(
            (_dense(column, raw, (self.block.size, shape)) for column in self.columns),
            start=np.zeros((self.block.size, shape)),
        )
        corner = sum((_dense(column, raw, (shape, shape)) for column in raw), start=np.zeros((shape, shape)))
        beside = sum((level_sums(column, self.M, shape) for column in raw), start=np.zeros((shape, self.p + 1)))
        joint = np.block([[corner, beside], [beside.T, self.M.T @ self.M]])
        return Sums(first, np.column_stack([bulk, data.bulk]), means), joint

    def apply(self, values: FloatArray, weight: FloatArray, scale: FloatArray) -> FloatArray:
        """S·values."""
        rows = np.empty((self.count0.size, values.shape[1]))
        out = np.empty_like(values)
        C, back, B = self.C, self.back, self.B
        _gather(C.indptr, C.indices, C.data, scale, weight, values, rows)
        _scatter(
            back.indptr, back.indices, back.data, B.indptr, B.indices, B.data, scale, values, rows, out
        )
        return out

    def solve(self, weight: FloatArray, scale: FloatArray, rhs: FloatArray, tolerance: float) -> FloatArray:
        """S⁻¹·rhs; by conjugate gradients a few columns at a time."""
        self.blocks.factor(weight, scale)
        if self.exact:
            return self.blocks.solve(rhs)
        out = np.empty_like(rhs)
        for start in range(0, rhs.shape[1], CHUNK):
            part = slice(start, start + CHUNK)
            out[:, part] = conjugate_gradients(
                lambda v: self.apply(v, weight, scale), self.blocks.solve, np.ascontiguousarray(rhs[:, part]),
                tolerance=tolerance,
            ).values  # fmt: skip
        return out

    def reduced(self, sums: Sums, weight: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Right-hand sides of the bulk and of the means after the first factor is eliminated."""
        weighted = weight[:, None] * sums.first
        bulk = scale[:, None] * (sums.bulk - self.back @ weighted)
        if self.ones is None:
            return bulk, np.zeros((0, bulk.shape[1]))
        means = sums.means - level_sums(self.component0, self.ones.first * weighted, self.parts)
        return bulk, means

    def fit(self, gamma: FloatArray) -> Fit:
        """Solve the model at the variance ratios `gamma` (one per factor, in the order given)."""
        weight = gamma[self.first] / (1.0 + gamma[self.first] * self.count0)
        scale = np.empty(self.block.size)
        for k in self.bulk:
            scale[self.place[k]] = np.sqrt(gamma[k])
        self.blocks.factor(weight, scale)
        rhs, loads = self.reduced(self.D, weight, scale)
        solved = self.solve(weight, scale, rhs, _EXACT)
        A = self.DD - self.D.first.T @ (weight[:, None] * self.D.first) - rhs.T @ solved
        packed, mean_size, logdet = np.zeros(self.block.size), np.ones(0), 0.0
        if self.ones is not None:
            own, size = self.reduced(self.ones, weight, scale)
            packed = self.solve(weight, scale, own, _EXACT)[:, 0]
            mean_size = size[:, 0] - np.bincount(self.component_bulk, packed * own[:, 0], minlength=self.parts)
            loads = loads - level_sums(self.component_bulk, packed[:, None] * rhs, self.parts)
            A -= loads.T @ (loads / mean_size[:, None])
            logdet = float(np.log(mean_size).sum())
        return self._finish(gamma, weight, scale, A, solved, packed, mean_size, loads, logdet)

    def _finish(
        self, gamma: FloatArray, weight: FloatArray, scale: FloatArray, A: FloatArray, solved: FloatArray,
        packed: FloatArray, mean_size: FloatArray, loads: FloatArray, logdet: float,
    ) -> Fit:  # fmt: skip
        """Small factors and fixed design, and back to the bulk and the first factor."""
        h, p = self.n_small, self.p
        size = np.ones(h + p + 1)
        for k in self.small:
            size[self.small_slice[k]] = np.sqrt(gamma[k])
        A = A * size[:, None] * size
        A[np.arange(h), np.arange(h)] += 1.0
        inner, lower = A[: h + p, : h + p], np.zeros((0, 0))
        if h + p:
            lower = linalg.cholesky(inner, lower=True)
        logs = 2.0 * np.log(np.diag(lower))
        inverse = linalg.cho_solve((lower, True), np.eye(h + p)) if h + p else np.zeros((0, 0))
        coefficient = inverse @ A[: h + p, -1]
        move = size * np.append(-coefficient, 1.0)
        mean = (loads @ move) / mean_size if self.ones is not None else np.zeros(0)
        u_bulk = solved @ move
        left = self.D.first @ move
        if self.ones is not None:
            u_bulk = u_bulk - packed * mean[self.component_bulk]
            left = left - self.ones.first[:, 0] * mean[self.component0]
        left = left - self.C @ (scale * u_bulk)
        gamma0 = gamma[self.first]
        return Fit(
            gamma=gamma,
            logdet=float(np.log1p(gamma0 * self.count0).sum() + logs[:h].sum() + logdet + self.blocks.logdet),
            logdet_fixed=float(logs[h:].sum()),
            rss=float(A[-1, -1] - A[-1, : h + p] @ coefficient),
            beta=coefficient[h:],
            beta_cov=inverse[h:, h:],
            u_small=coefficient[:h],
            u_bulk=u_bulk,
            u_first=np.sqrt(gamma0) * left / (1.0 + gamma0 * self.count0),
            mean=mean,
            weight=weight,
            scale=scale,
            solved=solved[:, : h + p] * size[: h + p],
            packed=packed,
            mean_size=mean_size,
            mean_load=loads[:, : h + p] * size[: h + p] / mean_size[:, None],
            inner=inner,
            size=size[: h + p],
        )

    def effects(self, fit: Fit) -> list[FloatArray]:
        """u of every factor."""
        parts = {**{k: fit.u_small[part] for k, part in self.small_slice.items()}, self.first: fit.u_first}
        parts |= {k: fit.u_bulk[place] for k, place in self.place.items()}
        return [parts[k] for k in range(self.levels.size)]


def level_sums(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sums of each column of `values` by code."""
    out = np.empty((size, values.shape[1]))
    for j in range(values.shape[1]):
        out[:, j] = np.bincount(codes, weights=values[:, j], minlength=size)
    return out


def counts(rows: IntArray, columns: list[IntArray], shape: tuple[int, int]) -> Any:
    """How often each row code meets each column, a sparse array."""
    out = sparse.csr_array(shape)
    for column in columns:
        out = out + sparse.csr_array((np.ones(rows.size), (rows, column)), shape=shape)
    out.sort_indices()
    return out


def _crossings(columns: list[IntArray], width: int) -> Any:
    """How often each column meets each other one and itself."""
    out = sparse.csr_array((width, width))
    for left in columns:
        out = out + counts(left, columns, (width, width))
    out.sort_indices()
    return out


def _dense(rows: IntArray, columns: list[IntArray], shape: tuple[int, int]) -> FloatArray:
    """How often each row code meets each column, an array."""
    return np.asarray(counts(rows, columns, shape).toarray())
