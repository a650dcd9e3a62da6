"""Null space of an additive design with any number of facets: exact, in whole numbers modulo a prime.

A null vector gives every element of every facet a value such that the values of each row sum to zero. Two
elements of a facet are comparable if every null vector gives them the same value. Four steps: elements that
occur in the same company are equal and merged; a row that holds an element seen nowhere else decides that
element and is set aside; along a spanning forest of the two largest facets all values follow from those of the
remaining facets; each further row is one condition on these, and only rows that a random null vector violates
are eliminated, until none is.

Arithmetic modulo the prime 2³¹ − 1 knows no tolerance. A rank comes out too small only if the prime divides
every largest minor of the design, and different elements look equal with a chance near 2⁻⁶² (two random null
vectors).
"""

import numpy as np
from numba import njit
from scipy import sparse
from scipy.sparse import csgraph

from ._graph import IntArray, PairGraph, pair_graph

_PRIME = 2**31 - 1
_MOST_CELLS = 100_000_000
_WORTH_MERGING = 0.95


def null_space(rows: IntArray) -> tuple[int, list[IntArray]]:
    """Dimension of the null space of a design, and which elements of each facet are comparable.

    Parameters
    ----------
    rows : ndarray of int, shape (n, f)
        Element of each of the f ≥ 2 facets in every row, each facet numbered from 0 without gaps.

    Returns
    -------
    dimension : int
    classes : list of ndarray of int, one per facet
        Number of its class for every element; equal numbers inside a facet mean comparable.

    Raises
    ------
    ValueError
        If the facets apart from the two largest are tied by too many conditions (10,000 levels by as many).

    Examples
    --------
    Two pairs of ratees and raters; the third facet's level 1 occurs with the second pair only:

    >>> null_space(np.array([[0, 0, 0], [1, 0, 0], [2, 1, 1]]))[0]
    4
    """
    classes, core = _merge(rows)
    sizes = np.array([int(label.max()) + 1 for label in classes])
    start = np.concatenate([[0], np.cumsum(sizes)])
    core = core + start[:-1]
    order, pivot = _set_aside(core, int(start[-1]))
    rng = np.random.default_rng(0)
    value = rng.integers(0, _PRIME, (int(start[-1]), 2))
    left = np.delete(core, order, axis=0)
    rank = order.size + (_solve_core(left, value, rng) if left.size else 0)
    _decide(core, order, pivot, value)
    key = value[:, 0] * 2**31 + value[:, 1]
    found = [
        np.unique(key[a : a + n], return_inverse=True)[1][label]
        for a, n, label in zip(start[:-1], sizes, classes, strict=True)
    ]
    return int(start[-1]) - rank, found


def _number(key: IntArray) -> IntArray:
    """Equal keys by equal numbers from 0."""
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def _distinct(rows: IntArray) -> IntArray:
    """The distinct rows."""
    key = np.zeros(rows.shape[0], np.int64)
    for column in rows.T:
        key = _number(key * (column.max() + 1) + column)
    first = np.zeros(key.max() + 1, np.int64)
    first[key] = np.arange(key.size)
    return rows[first]


def _merge(rows: IntArray) -> tuple[list[IntArray], IntArray]:
    """Classes of elements that occur with the same others, and the distinct rows in terms of them.

    Repeated as long as it pays: merged elements of one facet make the company of others the same.
    """
    rows = _distinct(rows)
    facets = range(rows.shape[1])
    classes = [np.arange(rows[:, facet].max() + 1) for facet in facets]
    before, now = np.inf, sum(label.size for label in classes)
    while now < _WORTH_MERGING * before:
        for facet in np.argsort(rows.max(axis=0), kind="stable"):
            company = np.zeros(rows.shape[0], np.int64)
            for other in facets:
                if other != facet:
                    company = _number(company * (rows[:, other].max() + 1) + rows[:, other])
            graph = pair_graph(rows[:, facet], company)
            rows[:, facet] = graph.component_ratee[rows[:, facet]]
            classes[facet] = graph.component_ratee[classes[facet]]
            rows = _distinct(rows)
        before, now = now, int(rows.max(axis=0).sum()) + len(facets)
    return classes, rows


@njit(cache=True)
def _peel(rows, count, held, order, pivot):  # type: ignore[no-untyped-def]
    """Set aside rows with an element seen once; `held` is the sum of the rows an element is left in."""
    waiting = list(np.flatnonzero(count == 1))
    found = 0
    while waiting:
        element = waiting.pop()
        if count[element] != 1:
            continue
        order[found], pivot[found] = held[element], element
        for other in rows[held[element]]:
            count[other] -= 1
            held[other] -= order[found]
            if count[other] == 1:
                waiting.append(other)
        found += 1
    return found


def _set_aside(rows: IntArray, n_elements: int) -> tuple[IntArray, IntArray]:
    """Rows that decide one element each, in the order they are set aside, and these elements."""
    count = np.bincount(rows.ravel(), minlength=n_elements)
    held = np.zeros(n_elements, np.int64)
    np.add.at(held, rows, np.arange(rows.shape[0])[:, None])
    order, pivot = np.zeros((2, rows.shape[0]), np.int64)
    found = _peel(rows, count, held, order, pivot)
    return order[:found], pivot[:found]


@njit(cache=True)
def _decide(rows, order, pivot, value):  # type: ignore[no-untyped-def]
    """Values of the elements decided by the rows set aside, last row first."""
    for place in range(order.size - 1, -1, -1):
        element = pivot[place]
        value[element] = 0
        for other in rows[order[place]]:
            if other != element:
                value[element] -= value[other]
        value[element] %= _PRIME


def _solve_core(rows: IntArray, value: IntArray, rng: np.random.Generator) -> int:
    """Rank of `rows`; the `value` of their elements becomes two random null vectors."""
    levels = [np.unique(column) for column in rows.T]
    first, second, *further = np.argsort([-level.size for level in levels], kind="stable")
    ends = [np.searchsorted(levels[facet], rows[:, facet]) for facet in (first, second)]
    graph = pair_graph(ends[0], ends[1])
    nodes = np.column_stack([ends[0], ends[1] + graph.n_ratees])
    order, parent = _forest(graph)
    loose = np.concatenate([np.zeros(0, np.int64), *(levels[facet] for facet in further)])
    position = np.zeros(value.shape[0], np.int64)
    position[loose] = np.arange(loose.size)
    columns = position[rows[:, further]]
    edge = columns[_edge_rows(graph, parent)]
    at_node = value[np.concatenate([levels[first], levels[second]])]
    owner, system = np.full(loose.size, -1), np.zeros((0, loose.size), np.int32)
    at_loose, rank = value[loose], 0
    while True:
        _complete(owner, system, at_loose)
        _spread(order, parent, edge, at_loose, at_node)
        sums = at_node[nodes].sum(axis=1) + at_loose[columns].sum(axis=1)
        violated = np.flatnonzero((sums % _PRIME).any(axis=1))
        if not violated.size:
            break
        chosen = rng.permutation(violated)[: loose.size - rank]
        if (rank + chosen.size) * loose.size > _MOST_CELLS:
            raise ValueError(f"{loose.size} levels of the smaller facets are tied by too many conditions")
        system = np.concatenate([system[:rank], np.zeros((chosen.size, loose.size), np.int32)])
        rank = _eliminate(chosen, nodes, columns, parent, edge, owner, system, rank)
    value[loose], value[np.concatenate([levels[first], levels[second]])] = at_loose, at_node
    return rank + at_node.shape[0] - graph.n_components


def _forest(graph: PairGraph) -> tuple[IntArray, IntArray]:
    """Breadth-first order and parents (-1 at the roots) over all components at once."""
    nodes = graph.n_ratees + graph.n_raters
    _, roots = np.unique(graph.component_ratee, return_index=True)
    heads = np.concatenate([graph.ratee, np.full(roots.size, nodes)])
    tails = np.concatenate([graph.rater + graph.n_ratees, roots])
    tree = sparse.coo_array((np.ones(heads.size, np.int8), (heads, tails)), shape=(nodes + 1, nodes + 1))
    order, parent = csgraph.breadth_first_order(tree.tocsr(), nodes, directed=False)
    parent = parent[:nodes].astype(np.int64)
    return order[1:].astype(np.int64), np.where(parent == nodes, -1, parent)


def _edge_rows(graph: PairGraph, parent: IntArray) -> IntArray:
    """The row that ties each node to its parent."""
    child = np.flatnonzero(parent >= 0)
    low, high = np.minimum(child, parent[child]), np.maximum(child, parent[child])
    key = graph.ratee * graph.n_raters + graph.rater
    rows = np.zeros(parent.size, np.int64)
    rows[child] = graph.first[np.searchsorted(key, low * graph.n_raters + high - graph.n_ratees)]
    return rows


@njit(cache=True)
def _spread(order, parent, edge, at_loose, at_node):  # type: ignore[no-untyped-def]
    """Values at the nodes: each is minus its parent's and minus those of the further facets between them."""
    for node in order:
        above = parent[node]
        if above >= 0:
            at_node[node] = -at_node[above]
            for column in edge[node]:
                at_node[node] -= at_loose[column]
            at_node[node] %= _PRIME


@njit(cache=True)
def _complete(owner, system, values):  # type: ignore[no-untyped-def]
    """Values of the columns that lead a condition, from those that are free; last column first."""
    for column in range(owner.size - 1, -1, -1):
        if owner[column] >= 0:
            condition = system[owner[column]]
            for vector in range(values.shape[1]):
                total = np.int64(0)
                for later in range(column + 1, owner.size):
                    total = (total + condition[later] * values[later, vector]) % _PRIME
                values[column, vector] = -total % _PRIME


@njit(cache=True)
def _add(work, condition, factor):  # type: ignore[no-untyped-def]
    """work + factor·condition, folded to less than 2³³ (the prime is 2³¹ − 1)."""
    for place in range(work.size):
        total = work[place] + factor * np.int64(condition[place])
        work[place] = (total & _PRIME) + (total >> 31)


@njit(cache=True)
def _eliminate(chosen, nodes, columns, parent, edge, owner, system, rank):  # type: ignore[no-untyped-def]
    """Add the conditions of the `chosen` rows to the echelon form; returns its new rank."""
    for row in chosen:
        work = np.zeros(owner.size, np.int64)
        for end in nodes[row]:
            node, sign = end, -1
            while parent[node] >= 0:
                for column in edge[node]:
                    work[column] += sign
                node, sign = parent[node], -sign
        for column in columns[row]:
            work[column] += 1
        work %= _PRIME
        for column in range(owner.size):
            lead = work[column] % _PRIME
            if lead and owner[column] >= 0:
                _add(work[column:], system[owner[column], column:], _PRIME - lead)
            elif lead:
                inverse, square, power = 1, lead, _PRIME - 2
                while power:
                    if power & 1:
                        inverse = inverse * square % _PRIME
                    square, power = square * square % _PRIME, power >> 1
                for later in range(column, owner.size):
                    system[rank, later] = work[later] % _PRIME * inverse % _PRIME
                owner[column] = rank
                rank += 1
                break
    return rank
