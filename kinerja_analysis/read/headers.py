"""Headers of two rows made one, and what a single header does not cover: a table above it, columns without a label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from kinerja_analysis.base.config import MappingConfig
from kinerja_analysis.base.tables import EKINERJA_CRITERIA, Column, columns, squashed
from kinerja_analysis.read.cells import Block, clean
from kinerja_analysis.read.layout import KNOWN_NAMES, Layout, locate, recognise, table_of
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.values import as_text

_NIP = re.compile(r"\d{8}[\s.-]?\d{6}[\s.-]?\d[\s.-]?\d{3}")
_FEW = 3
#: What may be told in other words beside, of a ratee's superior, in percent of the target, or as a remark.
_OTHERWISE = ("region", "rater", "realised", "reason")


def settle(
    rows: list[list[Any]], file_name: str, sheet_name: str, mappings: Sequence[MappingConfig] = (), top: int = 1
) -> tuple[int, Layout] | None:
    """Find the header as ``locate`` does; where it stands in two rows, they become one in place, the upper empty.

    >>> rows = [["NIP", "Hasil", None, "Atasan"], [None, "Hasil Kerja", "Perilaku Kerja", "NIP"]]
    >>> settle(rows, "a.xlsx", "S")[0], rows[1]
    (1, ['NIP', 'Hasil Kerja', 'Perilaku Kerja', 'NIP Atasan'])
    """
    found = locate(rows, file_name, sheet_name, mappings, top)
    if found is None or (found[1].mapping and found[1].mapping.columns):
        return found
    for upper in (found[0] - 1, found[0]):
        pair = rows[upper : upper + 2] if upper >= 0 else []
        if len(pair) == 2 and (upper < found[0] or _continued(*pair)) and (one := _joined(*pair)):
            rows[upper : upper + 2] = [[], one]
            return locate(rows, file_name, sheet_name, mappings, top)
    return found


def _continued(upper: Sequence[Any], lower: Sequence[Any]) -> bool:
    """Tell whether a row below a header belongs to it: known labels, none below a known label, but that of a group."""
    pairs = [(clean(u), clean(v)) for u, v in zip_longest(upper, lower)]
    group = [v is not None and u is None for u, v in (*pairs[1:], (1, None))]  # the next column is under this label too
    below = [(squashed(v), squashed(u), g) for (u, v), g in zip(pairs, group, strict=True) if v is not None]
    return any(v in KNOWN_NAMES for v, _, _ in below) and all(u not in KNOWN_NAMES or g for _, u, g in below)


def _joined(upper: Sequence[Any], lower: Sequence[Any]) -> list[Any]:
    """Return two header rows as one, or [] where the lower one is complete or the upper one no header.

    A label of the upper row counts where the lower has none; a lower one that occurs twice is told apart by what
    stands above it ("NIP" below "Atasan" is "NIP Atasan").
    """
    above, below = ([clean(v) for v in row] for row in (upper, lower))
    above += [None] * (len(below) - len(above))
    gaps = [j for j, v in enumerate(below) if v is None and isinstance(above[j], str)]
    known = any(squashed(above[j]) in KNOWN_NAMES for j in gaps)
    if not known or not all(isinstance(v, str) for v in (*above, *below) if v is not None) or _NIP.search(str(above)):
        return []
    labels = [squashed(v) for v in (*(above[j] for j in gaps), *(v for v in below if v is not None))]
    one, group = list(below), ""
    for j, label in enumerate(below):
        group = above[j] or group
        if label is None:
            one[j] = above[j]
        elif labels.count(squashed(label)) > 1 and group:
            one[j] = f"{label} {group}"
    return one


def above(session: Session, block: Block, layout: Layout) -> None:
    """Note tables above the header: a row that is a header itself, rows with an identity number in a table's width.

    Rows that tell who is rated, or by whom, are none.
    """
    rows: dict[str, list[tuple[str, str]]] = {}
    for cell, text in block.preamble:
        rows.setdefault(re.sub(r"^\D*", "", cell), []).append((cell, text))
    told = {str(row) for row, _, _ in layout.told.values()}
    wide = [row for number, row in rows.items() if len(row) > 1 and number not in told]
    heads = [i for i, row in enumerate(wide[:-1]) if recognise([t for _, t in row])]
    people = [i for i, row in enumerate(wide) if len(row) >= _FEW and any(_NIP.fullmatch(t) for _, t in row)]
    if heads or people:
        cells = [wide[i][0][0] for i in (heads or people)]
        session.log.on("E310", block, cells, first=block.header_address(0))


def twins(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> None:
    """Note each column left out because another with the same meaning is used, and where the two differ."""
    table = {c.name: c for c in columns(table_of(layout.kind))}
    for left, used in layout.twins(block.header).items():
        name = layout.names[used]
        column = table.get(name, Column("", name, "category" if name in EKINERJA_CRITERIA else "text"))
        here, there = (session.said(block, p, column)[rows] for p in (left, used))
        odd = rows[(here != there) & (here != "")]
        code = "N305" if name in _OTHERWISE or not len(odd) else "W308"
        if code == "W308" and (column.personal or (column.kind in ("category", "number") and name != "employment")):
            code = "E315"
        first = next(iter(block.address(odd[:1], left)), "")
        cells = [block.header_address(left), block.header_address(used)]
        session.log.on(code, block, cells, column=block.header[left], used=block.header[used], first=first, n=len(odd))


def unlabelled(session: Session, block: Block, position: int) -> bool:
    """Note a column without a label that is full of identity numbers; tell whether it is one."""
    cells = block.cells(position)
    held = cells.rows([i for i, v in enumerate(cells.distinct) if _NIP.fullmatch(as_text(v))])
    if len(held) <= 1 or len(held) <= len(block) / 2:
        return False
    session.log.on("E311", block, [block.header_address(position), *block.address(held, position)])
    return True
