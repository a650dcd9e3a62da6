"""The graph of ratees and raters: pairs, components, bridges and hinges."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

IntArray = NDArray[np.int64]


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
