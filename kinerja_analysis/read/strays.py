"""Rows in a table that are no data as they stand: repeated headers, column numbers, totals, signatures, moved rows.

Each is named once, as what it is, instead of by everything that its cells are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from kinerja_analysis.base.tables import columns, squashed
from kinerja_analysis.read.agencies import between
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.layout import Layout
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.values import as_text

_PEOPLE = frozenset(c.name for t in ("ratings", "appraisals", "units") for c in columns(t) if c.personal)
_EMPLOYEE = ("person", "ratee")
_BETWEEN = re.compile(r"[\s.'’‘`\"-]+")
_SUM = re.compile(r"(grand\s+|sub\s*)?(jumlah|jml|total|rata\s*-?\s*rata|rerata)\b", re.IGNORECASE)
_DAMAGED = re.compile(r"\d{8}")


def sift(session: Session, number: int, table: str, rows: np.ndarray) -> np.ndarray:
    """Return the rows that may be read as data; the others are set aside, what must be repaired is noted.

    E308: a row whose cells stand one column beside their place (an identity number next to its column);
    E309: a row without identity number and at most a third filled; E313: an identity number alone, below a gap.
    """
    block, layout = session.blocks[number], session.layouts[number]
    heads = _heads(block, layout, rows)
    session.set_aside(number, table, heads, "header")
    rows = _without(rows, heads)
    after = np.searchsorted(rows, [-1, *heads])
    counting = [r for r in dict.fromkeys(rows[after[after < len(rows)]].tolist()) if _counts_columns(block, r)]
    session.set_aside(number, table, np.array(counting, dtype=np.int64), "numbering")
    rows = _without(rows, counting)
    for code, found in (("E308", _moved), ("E309", _sparse), ("E313", _lonely)):
        at, stray = found(session, block, layout, rows)
        if code == "E309":
            block.headings = frozenset(stray.tolist())
            heads = np.array(between(block, layout, rows, stray), dtype=np.int64)
            session.set_aside(number, table, heads, "heading")
            rows, at, stray = _without(rows, heads), at[~np.isin(stray, heads)], _without(stray, heads)
        twofold = code == "E309" and 0 in stray and _second_head(block, 0)
        for position in np.unique(at):
            session.log.at(code, block, int(position), stray[(at == position) & ~((stray == 0) & twofold)])
        if twofold:
            session.log.on("E316", block, block.address([0], next(i for i, h in enumerate(block.header) if not h)))
        session.set_aside(number, table, stray, "outside")
        rows = _without(rows, stray)
    return rows


def _without(rows: np.ndarray, gone: Any) -> np.ndarray:
    return rows[~np.isin(rows, gone)] if len(gone) else rows


def _heads(block: Block, layout: Layout, rows: np.ndarray) -> np.ndarray:
    """Return rows that repeat the header in every cell they fill."""
    labels = [(i, squashed(block.header[i])) for i in layout.names]
    told = np.zeros(len(block), dtype=bool)
    for i, label in labels:
        cells = block.cells(i)
        same = [k for k, v in enumerate(cells.distinct) if isinstance(v, str) and v[0].isalpha() and _is(v, label)]
        rows = rows[np.isin(cells.codes[rows], [-1, *same])] if same else rows[cells.codes[rows] < 0]
        told[rows[cells.codes[rows] >= 0]] = True
        if not len(rows):
            break
    return rows[told[rows]]


def _is(value: str, label: str) -> bool:
    return len(value) < 3 * len(label) and squashed(value) == label


def _counts_columns(block: Block, row: int) -> bool:
    count = 0
    for i in range(len(block.header)):
        cells = block.cells(i)
        if cells.codes[row] < 0:
            continue
        count += 1
        if as_text(cells.distinct[cells.codes[row]]).strip("()") != str(count):
            return False
    return count > 1


def _numbered(block: Block, position: int, rows: np.ndarray) -> np.ndarray:
    """Return for each row whether a cell holds an identity number of 18 digits."""
    cells = block.cells(position)
    return np.array([_is_number(v) for v in cells.distinct] + [False])[cells.codes[rows]]


def _is_number(value: Any) -> bool:
    if not isinstance(value, str) or len(value) < 18:
        return False
    text = value if len(value) == 18 else _BETWEEN.sub("", value)
    return len(text) == 18 and text.isdigit()


def _runs(positions: list[int]) -> Iterator[list[int]]:
    """Yield neighbouring positions together."""
    run: list[int] = []
    for p in positions:
        if run and p != run[-1] + 1:
            yield run
            run = []
        run.append(p)
    if run:
        yield run


def _moved(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return moved rows and the column in each where an identity number is missed that stands beside it."""
    place = np.full(len(rows), -1)
    if session.config.identifiers == "nip":
        for run in _runs(sorted(i for i, name in layout.names.items() if name in _PEOPLE)):
            good = np.array([_numbered(block, p, rows) for p in run])
            if good.all():
                continue
            whole = good.all(axis=0)
            for beside in {run[0] - 1, run[-1] + 1} & set(range(len(block.header))):
                held = _numbered(block, beside, rows)
                if whole.any() and held[whole].mean() < 0.5:
                    missed = np.array(run)[np.argmin(good, axis=0)]
                    place = np.where((place < 0) & held & ~whole, missed, place)
    return place[place >= 0], rows[place >= 0]


def _sparse(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows without any identity and with few cells filled, and the column of the employee."""
    who = next((i for i, name in layout.names.items() if name in _EMPLOYEE), -1)
    if who < 0:
        return rows[:0], rows[:0]
    for p in (i for i, name in layout.names.items() if name in _PEOPLE):
        cells = block.cells(p)
        known = [session.config.identifiers != "nip" or (len(v) == 18 and v.isdigit())
                 or (_DAMAGED.search(v) is not None and not v[0].isalpha()) for v in map(as_text, cells.distinct)]
        rows = rows[~np.array([*known, False])[cells.codes[rows]]]
    if len(rows):
        labelled = [i for i, label in enumerate(block.header) if label]
        filled = sum((block.cells(i).codes[rows] >= 0).astype(int) for i in labelled)
        rows = rows[(filled <= max(1, len(labelled) // 3)) | [_is_sum(block, labelled, row) for row in rows]]
    return np.full(len(rows), who), rows


def _is_sum(block: Block, labelled: list[int], row: int) -> bool:
    """Tell whether the first text of a row says that it is a total."""
    found = (c.distinct[c.codes[row]] for c in map(block.cells, labelled) if c.codes[row] >= 0)
    return _SUM.match(next((v for v in found if isinstance(v, str)), "")) is not None


def _second_head(block: Block, row: int) -> bool:
    """Tell whether the first body row names columns that have no label: the header stands in two rows."""
    cells = [(i, c.distinct[c.codes[row]]) for i in range(len(block.header)) if (c := block.cells(i)).codes[row] >= 0]
    named = [i for i, v in cells if not block.header[i]]
    return row == 0 and bool(named) and all(isinstance(v, str) and not re.search(r"\d", v) for _, v in cells)


def _lonely(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows below a gap with an identity number and nothing else, as below a signature, and its column."""
    labelled = [i for i, label in enumerate(block.header) if label]
    alone = rows[1:][np.diff(rows) > 1] if len(labelled) > 3 else rows[:0]
    filled = np.array([block.cells(i).codes[alone] >= 0 for i in labelled]).reshape(len(labelled), len(alone))
    alone = alone[filled.sum(axis=0) == 1]
    place = np.full(len(alone), -1)
    for p in (i for i, name in layout.names.items() if name in _PEOPLE):
        place[_numbered(block, p, alone)] = p
    return place[place >= 0], alone[place >= 0]
