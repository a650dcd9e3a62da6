"""Ratings prepared for the many-facet Rasch model: categories, extreme elements, rows in the order of the ratees.

The first facet (ratees) is eliminated or integrated out; the columns of the others are numbered through. Facets of
more than `SMALL` levels are *bulk* (their columns come first and stay sparse), the rest are *border* (dense).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ._arrays import codes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SMALL = 64
STEP_NAMES = ("criterion", "item", "trait", "kriteria", "dimensi")
RATER_NAMES = ("rater", "judge", "penilai", "supervisor")


@dataclass(frozen=True, slots=True)
class Scale:
    """Observed categories of each step group: labels by group, and their number less one."""

    labels: list[IntArray]

    @property
    def steps(self) -> IntArray:
        """Number of thresholds of each group."""
        return np.array([max(label.size - 1, 0) for label in self.labels], np.int64)


@dataclass(slots=True)
class Ratings:
    """Checked input: whole-number scores and codes by row, before anything is left out.

    `group` is the step group of every row (all 0 for one rating scale), `row` its place in the arrays given,
    `main` the number of the raters' facet: the ratings of one ratee by one of its levels are a pair.
    """

    names: list[str]
    score: IntArray
    codes: list[IntArray]
    sizes: list[int]
    weight: FloatArray
    group: IntArray
    n_groups: int
    step_facet: str
    n_missing: int
    fixed: list[FloatArray]
    row: IntArray
    main: int

    @property
    def n(self) -> int:
        """Ratings."""
        return int(self.score.size)


def ratings(
    score: ArrayLike,
    facets: Mapping[str, ArrayLike],
    model: str,
    weights: ArrayLike | None,
    anchors: Mapping[str, Any] | None,
    step_facet: str | None,
    rater_facet: str | None = None,
) -> Ratings:
    """Check the arguments and leave out ratings without score or weight.

    Raises
    ------
    ValueError
        If a score is infinite or not whole, codes are malformed, fewer than two facets are given, a weight is
        negative, an anchor names no facet or no level, or the step facet is unknown.
    """
    if len(facets) < 2:
        raise ValueError("facets must name at least two facets, the ratees first")
    if model not in ("RSM", "PCM"):
        raise ValueError('model must be "RSM" or "PCM"')
    values = np.asarray(score, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"score must be one-dimensional, got shape {values.shape}")
    names = list(facets)
    columns = [codes(facets[name], name, values.size) for name in names]
    sizes = [int(column.max(initial=-1)) + 1 for column in columns]
    weight = np.ones(values.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != values.shape or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights must be finite, not negative, and one for each score")
    known = ~np.isnan(values)
    keep = known & (weight > 0)
    if not keep.all():
        values, weight, columns = values[keep], weight[keep], [column[keep] for column in columns]
    whole = values.astype(np.int64, casting="unsafe") if np.isfinite(values).all() else np.zeros(0, np.int64)
    if whole.size != values.size or (whole != values).any():
        raise ValueError("score must hold whole numbers (categories); NaN marks a missing rating")
    step = _step_facet(names, step_facet) if model == "PCM" else ""
    group = columns[names.index(step)] if step else np.zeros(whole.size, np.int64)
    fixed = [np.full(size, np.nan) for size in sizes]
    for name, given in (anchors or {}).items():
        _anchor(fixed, names, name, given)
    return Ratings(
        names, whole, columns, sizes, weight, group, sizes[names.index(step)] if step else 1, step,
        int(known.size - known.sum()), fixed, np.flatnonzero(keep),
        names.index(_rater_facet(names, rater_facet)),
    )  # fmt: skip


def _step_facet(names: list[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in names:
            raise ValueError(f"step_facet {wanted!r} is not a facet")
        return wanted
    return next((name for name in STEP_NAMES if name in names[1:]), names[-1])


def _rater_facet(names: list[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in names[1:]:
            raise ValueError(f"rater_facet {wanted!r} is not a facet beside the ratees")
        return wanted
    named = next((name for name in RATER_NAMES if name in names[1:]), None)
    return named or next((name for name in names[1:] if name not in STEP_NAMES), names[1])


def _anchor(fixed: list[FloatArray], names: list[str], name: str, given: Any) -> None:
    if name not in names:
        raise ValueError(f"anchors name {name!r}, which is not a facet")
    target = fixed[names.index(name)]
    items = given.items() if isinstance(given, Mapping) else enumerate(np.asarray(given, dtype=np.float64))
    for level, value in items:
        if not 0 <= int(level) < target.size:
            raise ValueError(f"anchor of {name}: level {level} does not occur")
        target[int(level)] = float(value)


@dataclass(slots=True)
class Rows:
    """Calibrated ratings, ordered by ratee.

    Attributes
    ----------
    source : ndarray of int, shape (n,)
        Row of the checked input.
    start : ndarray of int, shape (ratees + 1,)
        Where the ratings of each ratee begin.
    bulk, border : ndarray of int32, shape (n, facets)
        Column of each bulk and each border facet.
    slot : ndarray of int32, shape (n, bulk facets)
        Place of the row's entry among the entries of the sparse ratee × bulk matrix (`pattern`).
    offset : dict of int to (bool, int)
        For each facet but the first: whether it is bulk, and its first column.
    """

    ratings: Ratings
    scale: Scale
    source: IntArray
    start: IntArray
    category: NDArray[np.int16]
    weight: FloatArray
    group: NDArray[np.int32]
    bulk: NDArray[np.int32]
    border: NDArray[np.int32]
    slot: NDArray[np.int32]
    pattern: tuple[IntArray, NDArray[np.int32]]
    n_bulk: int
    n_border: int
    offset: dict[int, tuple[bool, int]]
    extreme: list[NDArray[np.int8]] = field(default_factory=list)
    n_separated: int = 0

    @property
    def n(self) -> int:
        """Ratings in the calibration."""
        return int(self.category.size)

    @property
    def n_ratees(self) -> int:
        """Levels of the first facet."""
        return int(self.start.size - 1)

    def split(self, values: FloatArray) -> list[FloatArray]:
        """Values by column (bulk, then border) by facet, the first facet left out."""
        out = []
        for number in range(1, len(self.ratings.names)):
            wide, first = self.offset[number]
            begin = first if wide else self.n_bulk + first
            out.append(values[begin : begin + self.ratings.sizes[number]])
        return out


@njit(cache=True)
def _counting_order(key, size, before):  # type: ignore[no-untyped-def]
    """A stable order by `key` of the rows in the order `before`."""
    place = np.zeros(size + 1, np.int64)
    for value in key:
        place[value + 1] += 1
    for value in range(size):
        place[value + 1] += place[value]
    out = np.empty(key.size, np.int64)
    for row in before:
        out[place[key[row]]] = row
        place[key[row]] += 1
    return out


@njit(cache=True)
def _slots(start, columns, width, slot, indptr):  # type: ignore[no-untyped-def]
    """Entries of the ratee × bulk matrix: columns of each ratee, in order of appearance; their number."""
    seen = np.full(width, -1, np.int64)
    found = np.empty(columns.size, np.int32)
    count = 0
    for ratee in range(start.size - 1):
        first = count
        for row in range(start[ratee], start[ratee + 1]):
            for f in range(columns.shape[1]):
                column = columns[row, f]
                if seen[column] < first:
                    seen[column] = count
                    found[count] = column
                    count += 1
                slot[row, f] = seen[column]
        indptr[ratee + 1] = count
    return found[:count]


@njit(cache=True)
def _observed(score, group, low, seen):  # type: ignore[no-untyped-def]
    """Mark the scores that occur in each group."""
    for row in range(score.size):
        seen[group[row], score[row] - low] = True


@njit(cache=True)
def _numbered(score, group, low, place, out):  # type: ignore[no-untyped-def]
    for row in range(score.size):
        out[row] = place[group[row], score[row] - low]


def categories(data: Ratings, rows: NDArray[Any]) -> tuple[Scale, NDArray[np.int16]]:
    """Observed categories by group among `rows`, and each row's number in them."""
    score, group = (data.score, data.group) if rows.all() else (data.score[rows], data.group[rows])
    low = int(score.min(initial=0))
    span = int(score.max(initial=0)) - low + 1
    if span * data.n_groups > 50_000_000:
        raise ValueError("score spans too many categories for a rating scale")
    seen = np.zeros((data.n_groups, span), np.bool_)
    _observed(score, group, low, seen)
    out = np.empty(score.size, np.int16)
    _numbered(score, group, low, np.cumsum(seen, axis=1) - 1, out)
    return Scale([np.flatnonzero(row) + low for row in seen]), out


@njit(cache=True)
def _ends(code, group, category, steps, above, below):  # type: ignore[no-untyped-def]
    """Mark the levels that have a rating above the bottom, and those that have one below the top."""
    for row in range(code.size):
        above[code[row]] |= category[row] > 0
        below[code[row]] |= category[row] < steps[group[row]]


def extremes(
    data: Ratings, active: NDArray[np.bool_], extreme: list[NDArray[np.int8]], *, keep_ratees: bool
) -> tuple[Scale, NDArray[np.int16]]:
    """Leave out, until none is left, elements whose ratings all lie at one end: they have no finite estimate.

    `active` and `extreme` (1 at the top, −1 at the bottom) are changed in place; the categories of what is left are
    returned.
    """
    while True:
        scale, category = categories(data, active)
        whole = bool(active.all())
        group = data.group if whole else data.group[active]
        lost = np.zeros(data.n, np.bool_)
        for number, column in enumerate(data.codes):
            if number == 0 and keep_ratees:
                continue
            own, size = column if whole else column[active], data.sizes[number]
            above, below = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
            _ends(own, group, category, scale.steps, above, below)
            end = np.zeros(size, np.bool_)
            end[own] = True
            end &= np.isnan(data.fixed[number]) & ~(above & below)
            if end.any():
                extreme[number][end & ~above], extreme[number][end & above] = -1, 1
                lost |= end[column]
        lost &= active
        if not lost.any():
            return scale, category
        active &= ~lost


@njit(cache=True)
def _runs(ratee, main, category, top, order):  # type: ignore[no-untyped-def]
    """Pairs in the order of the rows: ratee, level of main, and whether a rating is above the bottom, below the top."""
    n = order.size
    who, level = np.empty(n, np.int64), np.empty(n, np.int64)
    above, below = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    run = -1
    for place in range(n):
        row = order[place]
        if run < 0 or who[run] != ratee[row] or level[run] != main[row]:
            run += 1
            who[run], level[run] = ratee[row], main[row]
        above[run] |= category[row] > 0
        below[run] |= category[row] < top[row]
    return who[: run + 1], level[: run + 1], above[: run + 1], below[: run + 1]


def separated(data: Ratings, where: IntArray, order: IntArray, main: int, scale: Scale, category: Any) -> Any:
    """Rows that alone tie two groups of ratees and raters, all at one end: the groups' contrast has no finite estimate.

    Arcs run from a ratee to a rater where a rating is below the top, back where one is above the bottom. A joint
    estimate exists where every part is strongly connected (Fischer 1981, Psychometrika 46:59).
    """
    ratee, level = data.codes[0][where], data.codes[main][where]
    n = data.sizes[0]
    who, other, above, below = _runs(ratee, level, category, scale.steps[data.group[where]], order)
    nodes = n + data.sizes[main]
    tail, head = np.concatenate([who[below], n + other[above]]), np.concatenate([n + other[below], who[above]])
    graph = sparse.csr_array((np.ones(tail.size, np.int8), (tail, head)), shape=(nodes, nodes))
    _, label = csgraph.connected_components(graph, connection="strong")
    return label[ratee] != label[n + level]


def arrange(data: Ratings, *, keep_ratees: bool) -> Rows:
    """The rows of the calibration in the order of ratees (and, within, of raters)."""
    extreme = [np.zeros(size, np.int8) for size in data.sizes]
    active = np.ones(data.n, np.bool_)
    main = data.main
    anchored = any(not np.isnan(values).all() for values in data.fixed)
    n_separated = 0
    while True:
        scale, category = extremes(data, active, extreme, keep_ratees=keep_ratees)
        where = np.flatnonzero(active)
        columns = [column[where] if where.size < data.n else column for column in data.codes]
        order = np.arange(where.size)
        for number in (main, 0):
            order = _counting_order(columns[number], data.sizes[number], order)
        if keep_ratees or anchored or not where.size:
            break
        apart = separated(data, where, order, main, scale, category)
        if not apart.any():
            break
        n_separated += int(apart.sum())
        active[where[apart]] = False
    offset: dict[int, tuple[bool, int]] = {}
    width = {True: 0, False: 0}
    parts: dict[bool, list[NDArray[np.int32]]] = {True: [], False: []}
    for number in range(1, len(data.names)):
        wide = data.sizes[number] > SMALL
        offset[number] = wide, width[wide]
        parts[wide].append((columns[number][order] + width[wide]).astype(np.int32))
        width[wide] += data.sizes[number]
    bulk, border = (
        np.ascontiguousarray(np.column_stack(parts[wide])) if parts[wide] else np.zeros((order.size, 0), np.int32)
        for wide in (True, False)
    )
    start = np.concatenate([[0], np.cumsum(np.bincount(columns[0], minlength=data.sizes[0]))]).astype(np.int64)
    slot, indptr = np.empty(bulk.shape, np.int32), np.zeros(start.size, np.int64)
    found = _slots(start, bulk, width[True], slot, indptr)
    return Rows(
        data, scale, where[order], start, category[order], data.weight[where][order],
        data.group[where][order].astype(np.int32), bulk, border, slot, (indptr, found), width[True], width[False],
        offset, extreme, n_separated,
    )  # fmt: skip
