"""The graph of ratees and raters: pairs, components, bridges, hinges, and what further facets leave open."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

IntArray = NDArray[np.int64]
_MOST_ENTRIES, _MOST_LEVELS = 300_000_000, 8_000
_RANK = 1e-11


@dataclass(frozen=True, slots=True)
class PairGraph:
    """The distinct (ratee, rater) pairs and the linked components they form.

    `first` is the input row each pair was first seen in, `row_pair` the pair of every input row.
    Components are numbered from 0 in the order of their smallest ratee; codes without a pair have -1.
    """

    ratee: IntArray
    rater: IntArray
    first: IntArray
    row_pair: IntArray
    n_ratees: int
    n_raters: int
    component_ratee: IntArray
    component_rater: IntArray
    n_components: int

    @property
    def ratings_per_ratee(self) -> IntArray:
        """How many raters each ratee has."""
        return np.bincount(self.ratee, minlength=self.n_ratees)

    @property
    def ratees_per_rater(self) -> IntArray:
        """How many ratees each rater has."""
        return np.bincount(self.rater, minlength=self.n_raters)


def pair_graph(
    ratee: NDArray[np.integer], rater: NDArray[np.integer], size: tuple[int, int] = (0, 0)
) -> PairGraph:
    """Distinct pairs and components of checked code vectors, for at least `size` ratees and raters.

    Examples
    --------
    >>> import numpy as np
    >>> pair_graph(np.array([0, 1, 1]), np.array([0, 1, 1])).n_components
    2
    """
    n_ratees = max(int(ratee.max(initial=-1)) + 1, size[0])
    n_raters = max(int(rater.max(initial=-1)) + 1, size[1])
    key = ratee.astype(np.int64) * max(n_raters, 1) + rater
    unique, first, row_pair = np.unique(key, return_index=True, return_inverse=True)
    pair_ratee, pair_rater = np.divmod(unique, max(n_raters, 1))
    nodes = n_ratees + n_raters
    edges = sparse.coo_array(
        (np.ones(unique.size, np.int8), (pair_ratee, n_ratees + pair_rater)), shape=(nodes, nodes)
    )
    _, label = csgraph.connected_components(edges, directed=False)
    used, code_first = np.unique(label[pair_ratee], return_index=True)
    number = np.full(nodes, -1, dtype=np.int64)
    number[used[np.argsort(code_first)]] = np.arange(used.size)
    component = number[label]
    return PairGraph(
        ratee=pair_ratee,
        rater=pair_rater,
        first=first.astype(np.int64),
        row_pair=row_pair.astype(np.int64),
        n_ratees=n_ratees,
        n_raters=n_raters,
        component_ratee=component[:n_ratees],
        component_rater=component[n_ratees:],
        n_components=int(used.size),
    )


@njit(cache=True)
def _cuts(indptr, indices, bridge_to, hinge):  # type: ignore[no-untyped-def]
    """Depth-first search without recursion (Tarjan 1974): mark bridges and articulation points.

    `bridge_to[v]` becomes the parent of v if the tree edge between them is a bridge.
    """
    n = indptr.size - 1
    seen = np.full(n, -1, np.int64)
    low = np.zeros(n, np.int64)
    parent = np.full(n, -1, np.int64)
    position = indptr[:-1].copy()
    stack = np.empty(n, np.int64)
    clock = 0
    for root in range(n):
        if seen[root] >= 0:
            continue
        depth, children = 1, 0
        stack[0] = root
        seen[root] = low[root] = clock
        clock += 1
        while depth:
            node = stack[depth - 1]
            if position[node] < indptr[node + 1]:
                other = indices[position[node]]
                position[node] += 1
                if seen[other] < 0:
                    parent[other] = node
                    seen[other] = low[other] = clock
                    clock += 1
                    stack[depth] = other
                    depth += 1
                elif other != parent[node] and seen[other] < low[node]:
                    low[node] = seen[other]
                continue
            depth -= 1
            above = parent[node]
            if above < 0:
                continue
            low[above] = min(low[above], low[node])
            if low[node] > seen[above]:
                bridge_to[node] = above
            if above == root:
                children += 1
            elif low[node] >= seen[above]:
                hinge[above] = True
        hinge[root] = children > 1


def _search(
    ratee: IntArray, rater: IntArray, n_ratees: int, n_raters: int
) -> tuple[IntArray, NDArray[np.bool_]]:
    nodes = n_ratees + n_raters
    ones = np.ones(2 * ratee.size, np.int8)
    ends = np.concatenate([ratee, rater + n_ratees]), np.concatenate([rater + n_ratees, ratee])
    adjacency = sparse.csr_array((ones, ends), shape=(nodes, nodes))
    bridge_to, hinge = np.full(nodes, -1, np.int64), np.zeros(nodes, np.bool_)
    _cuts(adjacency.indptr.astype(np.int64), adjacency.indices.astype(np.int64), bridge_to, hinge)
    return bridge_to, hinge


def bridges(graph: PairGraph) -> IntArray:
    """Pairs whose loss splits a component: rows (ratee, rater), sorted.

    Examples
    --------
    >>> import numpy as np
    >>> bridges(pair_graph(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 1]))).tolist()
    [[2, 1]]
    """
    bridge_to, _ = _search(graph.ratee, graph.rater, graph.n_ratees, graph.n_raters)
    child = np.flatnonzero(bridge_to >= 0)
    ends = np.column_stack([child, bridge_to[child]])
    ends.sort(axis=1)
    ends[:, 1] -= graph.n_ratees
    return ends[np.lexsort((ends[:, 1], ends[:, 0]))]


def hinge_raters(graph: PairGraph) -> IntArray:
    """Raters whose loss separates other raters from each other: the comparison hangs on them.

    Ratees with a single rater link nobody and are left out first, so that a supervisor is not called
    a hinge only because some employees have no other rater.

    Examples
    --------
    >>> import numpy as np
    >>> hinge_raters(pair_graph(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2]))).tolist()
    [1]
    """
    keep = graph.ratings_per_ratee[graph.ratee] > 1
    _, hinge = _search(graph.ratee[keep], graph.rater[keep], graph.n_ratees, graph.n_raters)
    return np.flatnonzero(hinge[graph.n_ratees :]).astype(np.int64)


def _forest(graph: PairGraph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Breadth-first order and parents (-1 at the roots) over all components at once."""
    nodes = graph.n_ratees + graph.n_raters
    roots = np.full(graph.n_components, nodes, dtype=np.int64)
    np.minimum.at(roots, graph.component_ratee[graph.ratee], graph.ratee)
    heads = np.concatenate([graph.ratee, np.full(roots.size, nodes)])
    tails = np.concatenate([graph.rater + graph.n_ratees, roots])
    tree = sparse.coo_array((np.ones(heads.size, np.int8), (heads, tails)), shape=(nodes + 1, nodes + 1))
    order, parent = csgraph.breadth_first_order(tree.tocsr(), nodes, directed=False)
    parent = parent.astype(np.int64)
    parent[(parent == nodes) | (parent < 0)] = -1
    return order[1:].astype(np.int64), parent


@njit(cache=True)
def _depths(order, parent):  # type: ignore[no-untyped-def]
    """Edges between each node and its root."""
    out = np.zeros(parent.size, np.int64)
    for node in order:
        if parent[node] >= 0:
            out[node] = out[parent[node]] + 1
    return out


@njit(cache=True)
def _paths(order, parent, edge, start, columns, signs):  # type: ignore[no-untyped-def]
    """Node values as linear functions of the further facets, along a spanning forest: child = −parent − edge."""
    for node in order:
        above = parent[node]
        if above < 0:
            continue
        place = start[node]
        for entry in range(start[above], start[above + 1]):
            columns[place], signs[place] = columns[entry], -signs[entry]
            place += 1
        for facet in range(edge.shape[1]):
            columns[place], signs[place] = edge[node, facet], -1
            place += 1


@njit(cache=True)
def _gram(heads, tails, levels, start, columns, signs, gram):  # type: ignore[no-untyped-def]
    """Sum over all ratings of the outer product of the condition that each puts on the further facets."""
    value = np.zeros(gram.shape[0], np.int64)
    seen = np.zeros(gram.shape[0], np.bool_)
    touched = np.empty(gram.shape[0], np.int64)
    for row in range(heads.size):
        count = 0
        for node in (heads[row], tails[row]):
            for entry in range(start[node], start[node + 1]):
                column = columns[entry]
                value[column] += signs[entry]
                if not seen[column]:
                    seen[column] = True
                    touched[count] = column
                    count += 1
        for facet in range(levels.shape[1]):
            column = levels[row, facet]
            value[column] += 1
            if not seen[column]:
                seen[column] = True
                touched[count] = column
                count += 1
        for a in range(count):
            left = touched[a]
            if value[left] != 0:
                for b in range(count):
                    gram[left, touched[b]] += value[left] * value[touched[b]]
        for a in range(count):
            value[touched[a]] = 0
            seen[touched[a]] = False


@njit(cache=True)
def _descend(order, parent, edge, basis, out):  # type: ignore[no-untyped-def]
    """Value at each node for each null vector."""
    for node in order:
        if parent[node] >= 0:
            out[node] = -out[parent[node]]
            for facet in range(edge.shape[1]):
                out[node] -= basis[edge[node, facet]]


def _kernel(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Null space of a positive semidefinite matrix by Cholesky factorisation with pivoting, one column a vector."""
    scale = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    upper, pivot, rank, _ = linalg.lapack.dpstrf(gram / scale[:, None] / scale, tol=_RANK, lower=0)
    size = gram.shape[0]
    out = np.zeros((size, size - rank))
    inside = linalg.solve_triangular(upper[:rank, :rank], upper[:rank, rank:]) if rank else np.zeros((0, size))
    out[pivot[:rank] - 1] = -inside / scale[pivot[:rank] - 1][:, None]
    out[pivot[rank:] - 1] = np.diag(1.0 / scale[pivot[rank:] - 1])
    return out / np.abs(out).max(axis=0, initial=0.0) if size > rank else out


def facet_null_space(
    graph: PairGraph, rows: tuple[IntArray, IntArray], columns: IntArray, n_columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Free directions of further facets, and what each of them does to ratees and raters.

    Every rating says α_ratee + ψ_rater + Σ δ_facet = 0 for a null vector. Along a spanning forest the
    node values are linear in δ; every other rating is one condition on δ.

    Parameters
    ----------
    graph : PairGraph
    rows : (ratee, rater) of every rating
    columns : ndarray of int, shape (n, number of further facets)
        Level of each further facet, numbered through all of them.
    n_columns : int
        Levels of all further facets together.

    Returns
    -------
    basis : ndarray, shape (n_columns, d)
        Basis of the free δ, the largest entry of each column 1.
    nodes : ndarray, shape (ratees + raters, d)
        Value at each node for each basis vector (the component's own shift apart).

    Raises
    ------
    ValueError
        Above 8,000 levels, or where paths through the graph are so long that they do not fit in memory.

    Examples
    --------
    >>> import numpy as np
    >>> ratee, rater, item = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), np.array([[0], [1], [0], [1]])
    >>> basis, _ = facet_null_space(pair_graph(ratee, rater), (ratee, rater), item, 2)
    >>> basis.shape
    (2, 1)
    """
    if n_columns > _MOST_LEVELS:
        raise ValueError(f"{n_columns} levels of further facets; at most {_MOST_LEVELS} can be examined")
    order, parent = _forest(graph)
    child = np.flatnonzero(parent >= 0)
    low, high = np.minimum(child, parent[child]), np.maximum(child, parent[child])
    wanted = low * max(graph.n_raters, 1) + high - graph.n_ratees
    pair = np.searchsorted(graph.ratee * max(graph.n_raters, 1) + graph.rater, wanted)
    edge = np.zeros((parent.size, columns.shape[1]), np.int64)
    edge[child] = columns[graph.first[pair]]
    length = _depths(order, parent) * columns.shape[1]
    start = np.concatenate([[0], np.cumsum(length)])
    heads, tails = rows[0], rows[1] + graph.n_ratees
    if start[-1] > _MOST_ENTRIES or (length[heads] + length[tails]).sum() > 10 * _MOST_ENTRIES:
        raise ValueError("the paths between ratees and raters are too long to examine further facets")
    path, signs = np.empty(start[-1], np.int32), np.empty(start[-1], np.int8)
    _paths(order, parent, edge, start, path, signs)
    gram = np.zeros((n_columns, n_columns))
    _gram(heads, tails, columns, start, path, signs, gram)
    basis = _kernel(gram)
    moves = np.zeros((parent.size, basis.shape[1]))
    _descend(order, parent, edge, basis, moves)
    return basis, moves
