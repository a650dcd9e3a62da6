"""Raters after the ratees are eliminated: the Laplacian that carries every severity contrast.

With y = ratee + rater + error on distinct pairs, eliminating the ratees leaves L·ψ = rhs with
L = diag(ratees per rater) − C'·diag(1/raters per ratee)·C, singular once per linked component. For two raters
of one component, Var(ψ_r − ψ_s) = σ²_pair · (e_r − e_s)'·L⁺·(e_r − e_s). With weights, C holds them and the counts
are their sums.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from ._gradients import NotConverged, conjugate_gradients
from ._graph import IntArray, PairGraph

FloatArray = NDArray[np.float64]
DENSE_LIMIT = 3000
_DENSE_CELLS = 200_000
_COLUMNS = 32


class _Split:
    """Codes sorted by component: members of each, and the position of every code among them."""

    def __init__(self, component: IntArray, n_components: int) -> None:
        order = np.argsort(component, kind="stable")
        bounds = np.searchsorted(component[order], np.arange(n_components + 1))
        self.members = [order[a:b] for a, b in pairwise(bounds)]
        self.position = np.zeros(component.size, np.int64)
        start = np.repeat(bounds[:-1], np.diff(bounds))
        self.position[order[bounds[0] :]] = np.arange(bounds[0], component.size) - start


class RaterLaplacian:
    """Solver for L⁺ of a pair graph: dense inside small components, in large ones conjugate gradients or, where these
    do not converge, sparse elimination.

    Attributes
    ----------
    raters, ratees : list of ndarray
        Codes of each component, ascending.
    pairs : list of ndarray
        Indices into the graph's pairs of each component.
    rater_position, ratee_position : ndarray
        Place of every code inside its component.
    """

    def __init__(self, graph: PairGraph, weight: FloatArray | None = None) -> None:
        self.graph = graph
        self.weight = np.ones(graph.ratee.size) if weight is None else weight
        by_rater = _Split(graph.component_rater, graph.n_components)
        by_ratee = _Split(graph.component_ratee, graph.n_components)
        self.raters, self.rater_position = by_rater.members, by_rater.position
        self.ratees, self.ratee_position = by_ratee.members, by_ratee.position
        self.pairs = _Split(graph.component_ratee[graph.ratee], graph.n_components).members
        self._parts: dict[int, Any] = {}
        self._inverses: dict[int, FloatArray] = {}

    def is_dense(self, component: int) -> bool:
        """Whether the component is small enough for an exact dense inverse."""
        return self.raters[component].size <= DENSE_LIMIT

    def incidence(self, component: int) -> Any:
        """Ratee × rater matrix of weights (ones) of one component: an array if small, else sparse and kept."""
        if component in self._parts:
            return self._parts[component]
        pairs = self.pairs[component]
        place = self.ratee_position[self.graph.ratee[pairs]], self.rater_position[self.graph.rater[pairs]]
        shape = self.ratees[component].size, self.raters[component].size
        if shape[0] * shape[1] <= _DENSE_CELLS:
            dense = np.zeros(shape)
            dense[place] = self.weight[pairs]
            return dense
        part = sparse.csr_array((self.weight[pairs], place), shape=shape)
        self._parts[component] = part
        return part

    def inverse(self, component: int) -> FloatArray:
        """L⁺ of one component, dense and kept: (L + 1/m)⁻¹ − 1/m with m raters."""
        if component not in self._inverses:
            self._inverses[component] = self._invert(component)
        return self._inverses[component]

    def _invert(self, component: int) -> FloatArray:
        part = self.incidence(component)
        size = part.shape[1]
        if size == 1:
            return np.zeros((1, 1))
        scaled = part * np.asarray(1.0 / part.sum(axis=1))[:, None]
        joint = part.T @ scaled
        matrix = 1.0 / size - (joint if isinstance(joint, np.ndarray) else joint.toarray())
        matrix[np.diag_indices(size)] += np.asarray(part.sum(axis=0)).ravel()
        factor, _ = linalg.lapack.dpotrf(matrix, lower=1)
        inverse, info = linalg.lapack.dpotri(factor, lower=1)
        if info:
            raise np.linalg.LinAlgError("rater Laplacian of a component could not be inverted")
        return np.tril(inverse) + np.tril(inverse, -1).T - 1.0 / size

    def solve(self, component: int, rhs: FloatArray, *, tolerance: float = 1e-10) -> FloatArray:
        """L⁺·rhs for one component; every column of `rhs` is centred first.

        Parameters
        ----------
        component : int
        rhs : ndarray, shape (m, k)
        tolerance : float
            Relative residual at which conjugate gradients stop; the other ways are exact.

        Returns
        -------
        ndarray, shape (m, k), columns with mean zero
        """
        centred = rhs - rhs.mean(axis=0)
        if self.is_dense(component):
            return self.inverse(component) @ centred
        part = self.incidence(component)
        try:
            return _iterate(part, centred, tolerance)
        except NotConverged:  # few links tie large parts: elimination then leaves few entries
            return _eliminate(part, centred)


def _iterate(part: Any, rhs: FloatArray, tolerance: float) -> FloatArray:
    """Conjugate gradients on L with the diagonal as preconditioner, some columns at a time."""
    degree = np.asarray(part.sum(axis=0)).ravel()[:, None]
    share = 1.0 / np.asarray(part.sum(axis=1)).ravel()[:, None]
    back = sparse.csr_array(part.T)

    def apply(values: FloatArray) -> FloatArray:
        return np.asarray(degree * values - back @ (share * (part @ values)))

    out = np.empty_like(rhs)
    for start in range(0, rhs.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        some = np.ascontiguousarray(rhs[:, columns])
        out[:, columns] = conjugate_gradients(apply, lambda values: values / degree, some, tolerance=tolerance).values
    return out - out.mean(axis=0)


def _eliminate(part: Any, rhs: FloatArray) -> FloatArray:
    """L⁺·rhs by sparse elimination of all raters but the first."""
    part = sparse.csr_array(part)
    joint = part.T @ sparse.diags_array(1.0 / part.sum(axis=1)) @ part
    matrix = sparse.csc_array(sparse.diags_array(part.sum(axis=0)) - joint)[1:, 1:]
    factors = sparse.linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
    out = np.concatenate([np.zeros((1, rhs.shape[1])), factors.solve(rhs[1:])])
    return out - out.mean(axis=0)
