"""What a many-facet Rasch design leaves free: the shifts of the facets' elements that change no rating's η.

Every severity model carries one fixed mean for each linked part: the shifts below are pinned by letting the elements
of every facet but the ratees' sum to zero inside each part, so that a contrast between parts rests on nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

from ._null_space import null_space
from ._rasch_rows import Rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_CLASSES = 2000


class TooManyParts(ValueError):
    """The design falls into more parts than can be told apart with several facets or anchors."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """Linked parts and free shifts.

    Attributes
    ----------
    part : list of ndarray of int
        By facet and level: elements with the same number are comparable; −1 without calibrated ratings.
    ratee_part : ndarray of int
        The same of the ratees, numbered without gaps.
    basis : csr array, shape (columns, shifts)
        Orthonormal shifts of the columns (bulk, then border) of the facets but the first.
    """

    part: list[IntArray]
    basis: Any

    @property
    def ratee_part(self) -> IntArray:
        return self.part[0]

    @property
    def n_parts(self) -> int:
        """Parts of ratees."""
        return int(self.part[0].max(initial=-1)) + 1


@njit(cache=True)
def _join(start, main, third, parent):  # type: ignore[no-untyped-def]
    """Unite levels of `third` that occur with the same ratee and level of `main`; rows are in that order."""
    for ratee in range(start.size - 1):
        for row in range(start[ratee] + 1, start[ratee + 1]):
            if main[row] == main[row - 1]:
                a, b = third[row], third[row - 1]
                while parent[a] != a:
                    parent[a] = parent[parent[a]]
                    a = parent[a]
                while parent[b] != b:
                    parent[b] = parent[parent[b]]
                    b = parent[b]
                parent[max(a, b)] = min(a, b)


def _column(rows: Rows, number: int) -> NDArray[np.int32]:
    """Codes of one facet in the calibration's order, from 0."""
    wide, first = rows.offset[number]
    table = rows.bulk if wide else rows.border
    place = sum(1 for other in range(1, number) if rows.offset[other][0] == wide)
    return table[:, place] - first


def _ratee(rows: Rows) -> IntArray:
    return np.repeat(np.arange(rows.n_ratees), np.diff(rows.start))


def _two_facets(rows: Rows, main: int, column: NDArray[np.int32]) -> tuple[IntArray, IntArray]:
    """Components of ratees and levels of `main`."""
    size, n = rows.ratings.sizes[main], rows.n_ratees
    if rows.offset[main][0] and rows.bulk.shape[1] == 1:
        indptr, found = rows.pattern
        ends = np.repeat(np.arange(n), np.diff(indptr)), found
    else:
        ends = np.divmod(np.unique(_ratee(rows) * size + column), size)
    one = np.ones(ends[0].size, np.int8)
    graph = sparse.csr_array((one, (ends[0], n + ends[1])), shape=(n + size, n + size))
    _, label = csgraph.connected_components(graph, directed=False)
    return label[: rows.n_ratees], label[rows.n_ratees :]


def freedom(rows: Rows) -> Freedom:
    """Linked parts and free shifts of calibrated ratings.

    Raises
    ------
    TooManyParts
        With four or more facets, anchors, or criteria that link nothing, in more than 2,000 parts.
    """
    data = rows.ratings
    used = [np.bincount(data.codes[f][rows.source], minlength=size) > 0 for f, size in enumerate(data.sizes)]
    main = data.main
    others = [f for f in range(1, len(data.names)) if f != main]
    column = _column(rows, main)
    simple = len(others) == 0
    if len(others) == 1:
        third = _column(rows, others[0])
        parent = np.arange(data.sizes[others[0]])
        _join(rows.start, column, third, parent)
        while (parent[parent] != parent).any():
            parent = parent[parent]
        simple = np.unique(parent[used[others[0]]]).size == 1
    if simple:
        labels: list[IntArray] = [np.zeros(size, np.int64) for size in data.sizes]
        labels[0], labels[main] = _two_facets(rows, main, column)
    else:
        labels = _general(rows, used)
    part = _numbered(labels, used, shared=[0, main] if simple else [])
    anchored = [~np.isnan(values) & seen for values, seen in zip(data.fixed, used, strict=True)]
    if simple and not any(flag.any() for flag in anchored):
        blocks = [_shifts(part[f], part[f].max(initial=-1) + 1) for f in range(1, len(data.names))]
        return Freedom(part, _stack(rows, blocks, joint=False))
    return Freedom(part, _contracted(rows, part, anchored))


def _general(rows: Rows, used: list[NDArray[np.bool_]]) -> list[IntArray]:
    columns = [_ratee(rows), *(_column(rows, f).astype(np.int64) for f in range(1, len(used)))]
    number = [np.cumsum(seen) - 1 for seen in used]
    table = np.column_stack([own[column] for own, column in zip(number, columns, strict=True)]).astype(np.int64)
    _, classes = null_space(table)
    return [found[np.maximum(place, 0)] for found, place in zip(classes, number, strict=True)]


def _numbered(labels: list[IntArray], used: list[NDArray[np.bool_]], shared: list[int]) -> list[IntArray]:
    """Labels from 0 without gaps, −1 where unused; facets in `shared` keep common numbers."""
    out = []
    common = np.unique(labels[0][used[0]]) if shared else np.zeros(0, np.int64)
    for f, (label, seen) in enumerate(zip(labels, used, strict=True)):
        values = common if f in shared else np.unique(label[seen])
        out.append(np.where(seen, np.searchsorted(values, label), -1).astype(np.int64))
    return out


def _shifts(part: IntArray, count: int) -> Any:
    """One unit vector for each part."""
    level = np.flatnonzero(part >= 0)
    size = np.bincount(part[level], minlength=count)
    return sparse.csr_array((1.0 / np.sqrt(size[part[level]]), (level, part[level])), shape=(part.size, count))


def _stack(rows: Rows, blocks: list[Any], *, joint: bool) -> Any:
    """Shifts of the facets below each other in the order of the columns."""
    order = sorted(range(1, len(blocks) + 1), key=lambda f: (not rows.offset[f][0], rows.offset[f][1]))
    parts = [blocks[f - 1] for f in order]
    return sparse.csr_array(sparse.vstack(parts) if joint else sparse.block_diag(parts, format="csr"))


def _contracted(rows: Rows, part: list[IntArray], anchored: list[NDArray[np.bool_]]) -> Any:
    """Shifts from the null space of the parts: constants on parts that cancel in every rating, 0 where anchored."""
    count = [int(label.max(initial=-1)) + 1 for label in part]
    if sum(count) > _MOST_CLASSES:
        raise TooManyParts(f"the design falls into {sum(count)} parts; at most {_MOST_CLASSES} can be handled")
    first = np.concatenate([[0], np.cumsum(count)])
    key: IntArray = part[0][_ratee(rows)]
    for f in range(1, len(part)):
        key = key * count[f] + part[f][_column(rows, f)]
    tuples = np.column_stack(np.unravel_index(np.unique(key), count))
    equations = np.zeros((tuples.shape[0], int(first[-1])))
    for f in range(len(part)):
        equations[np.arange(tuples.shape[0]), first[f] + tuples[:, f]] = 1.0 if f == 0 else -1.0
    held = [first[f] + np.unique(label[flag]) for f, (label, flag) in enumerate(zip(part, anchored, strict=True))]
    pins = np.eye(int(first[-1]))[np.concatenate(held)]
    null = linalg.null_space(np.vstack([equations, pins]), rcond=1e-9)
    blocks = [
        np.where(part[f][:, None] >= 0, null[first[f] + np.maximum(part[f], 0)], 0.0) for f in range(1, len(part))
    ]
    stacked = _stack(rows, [sparse.csr_array(item) for item in blocks], joint=True).toarray()
    return sparse.csr_array(linalg.orth(stacked, rcond=1e-9) if stacked.size else stacked)
