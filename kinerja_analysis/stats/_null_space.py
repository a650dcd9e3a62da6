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
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ._graph import IntArray, pair_graph

_PRIME = 2**31 - 1
_MOST_CELLS = 100_000_000
_WORTH_MERGING, _ROUNDS = 0.95, 20


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
    left, rounds = _set_aside(core, int(start[-1]))
    rng = np.random.default_rng(0)
    value = rng.integers(0, _PRIME, (int(start[-1]), 2))
    rank = core.shape[0] - left.shape[0] + (_solve_core(left, value, rng) if left.size else 0)
    for aside, decided in reversed(rounds):
        value[decided] = 0
        value[decided] = -value[aside].sum(axis=1) % _PRIME
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


def _set_aside(rows: IntArray, n_elements: int) -> tuple[IntArray, list[tuple[IntArray, IntArray]]]:
    """Rows left over, and round by round the rows set aside with the elements they decide."""
    left, rounds = rows, []
    for _ in range(_ROUNDS):
        once = np.bincount(left.ravel(), minlength=n_elements)[left] == 1
        decides = once.any(axis=1)
        if not decides.any():
            break
        rounds.append((left[decides], left[decides, once[decides].argmax(axis=1)]))
        left = left[~decides]
    return left, rounds


def _solve_core(rows: IntArray, value: IntArray, rng: np.random.Generator) -> int:
    """Rank of `rows`; the `value` of their elements becomes two random null vectors."""
    by_size = np.argsort([-np.unique(column).size for column in rows.T], kind="stable")
    ends, further = rows[:, np.sort(by_size[:2])], rows[:, by_size[2:]]
    order, parent, tie = _forest(ends, value.shape[0])
    edge = further[tie]
    loose = np.unique(further)
    columns, edge_columns = np.searchsorted(loose, further), np.searchsorted(loose, edge)
    owner, system, rank = np.full(loose.size, -1), np.zeros((0, loose.size), np.int32), 0
    while True:
        value[loose] = _completed(value[loose], owner, system)
        _spread(order, parent, edge, value)
        violated = np.flatnonzero((value[rows].sum(axis=1) % _PRIME).any(axis=1))
        if not violated.size:
            return rank + int((parent >= 0).sum())
        chosen = rng.permutation(violated)[: loose.size - rank]
        if (rank + chosen.size) * loose.size > _MOST_CELLS:
            raise ValueError(f"{loose.size} levels of the smaller facets are tied by too many conditions")
        system = np.concatenate([system[:rank], np.zeros((chosen.size, loose.size), np.int32)])
        for row in chosen:
            condition = _reduced(ends[row], columns[row], parent, edge_columns, owner, system)
            lead = np.flatnonzero(condition)[:1]
            if lead.size:
                system[rank] = condition * pow(int(condition[lead[0]]), -1, _PRIME) % _PRIME
                owner[lead], rank = rank, rank + 1


def _forest(ends: IntArray, size: int) -> tuple[IntArray, IntArray, IntArray]:
    """Breadth-first order of all elements, each one's parent (-1 without), and a row that ties it to its parent."""
    pairs, row = np.unique(ends[:, 0] * size + ends[:, 1], return_index=True)
    heads, tails = np.divmod(pairs, size)
    label = pair_graph(heads, tails).component_ratee
    _, roots = np.unique(label[heads], return_index=True)
    heads, tails = np.append(heads, np.full(roots.size, size)), np.append(tails, heads[roots])
    tree = sparse.coo_array((np.ones(heads.size, np.int8), (heads, tails)), shape=(size + 1, size + 1))
    order, parent = csgraph.breadth_first_order(tree.tocsr(), size, directed=False)
    parent = np.where((parent == size) | (parent < 0), -1, parent)[:size].astype(np.int64)
    child, tie = np.flatnonzero(parent >= 0), np.zeros(size, np.int64)
    key = np.minimum(child, parent[child]) * size + np.maximum(child, parent[child])
    tie[child] = row[np.searchsorted(pairs, key)]
    return order[1:].astype(np.int64), parent, tie


@njit(cache=True)
def _spread(order, parent, edge, value):  # type: ignore[no-untyped-def]
    """Values along the forest: minus the parent's and minus those of the further facets in the row between."""
    for node in order:
        if parent[node] >= 0:
            value[node] = -value[parent[node]]
            for level in edge[node]:
                value[node] -= value[level]
            value[node] %= _PRIME


def _completed(values: IntArray, owner: IntArray, system: NDArray[np.int32]) -> IntArray:
    """Values of the columns that lead a condition, from those that are free; last column first."""
    for column in np.flatnonzero(owner >= 0)[::-1]:
        condition = system[owner[column], column + 1 :].astype(np.int64)[:, None]
        values[column] = -(condition * values[column + 1 :] % _PRIME).sum(axis=0) % _PRIME
    return values


@njit(cache=True)
def _add(work, condition, factor):  # type: ignore[no-untyped-def]
    """work + factor·condition, folded to less than 2³³ (the prime is 2³¹ − 1)."""
    for place in range(work.size):
        total = work[place] + factor * np.int64(condition[place])
        work[place] = (total & _PRIME) + (total >> 31)


@njit(cache=True)
def _reduced(ends, levels, parent, edge, owner, system):  # type: ignore[no-untyped-def]
    """The condition a row puts on the further facets, less its multiples of those known."""
    work = np.zeros(owner.size, np.int64)
    for end in ends:
        node, sign = end, -1
        while parent[node] >= 0:
            for column in edge[node]:
                work[column] += sign
            node, sign = parent[node], -sign
    for column in levels:
        work[column] += 1
    work %= _PRIME
    for column in range(owner.size):
        work[column] %= _PRIME
        if work[column] and owner[column] >= 0:
            _add(work[column:], system[owner[column], column:], _PRIME - work[column])
            work[column] = 0
    return work
