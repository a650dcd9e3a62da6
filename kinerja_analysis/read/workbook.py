"""Workbooks (.xlsx, .xlsm): values and cell types by calamine, after the guard has looked at the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.read.cells import Block, Cells, clean, letters
from kinerja_analysis.read.guard import Verdict
from kinerja_analysis.read.guess import Guess, of_rows
from kinerja_analysis.read.headers import settle
from kinerja_analysis.read.layout import Layout
from kinerja_analysis.read.scan import Scan
from kinerja_analysis.read.values import as_text

_LOOKED_AT = 200


class Unreadable(Exception):
    """The reader could not make sense of the file."""


def blocks(
    path: Path, verdict: Verdict, number: int, config: AuditConfig
) -> Iterator[tuple[str, bool, Block | None, Layout | None, Guess | None]]:
    """Yield each sheet that holds anything: its name, whether hidden, and its table if one is recognised, else a guess.

    Raises ``Unreadable``.
    """
    import python_calamine

    try:
        named = path.suffix.lower() in (".xlsx", ".xlsm")  # else it is told by the content
        source = str(path) if named else io.BytesIO(path.read_bytes())
        book = python_calamine.CalamineWorkbook.from_object(source)
        metadata = book.sheets_metadata
    except Exception as error:
        raise Unreadable from error
    form = False
    for sheet, entry in enumerate(metadata, 1):
        if entry.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        hidden = entry.visible != python_calamine.SheetVisibleEnum.Visible
        rows, top, left = _rows(book, entry.name)
        explained = bool(rows) and is_explanation(rows[0][0])
        form |= explained
        if not rows or explained:
            continue
        scan, place = verdict.sheets.get(entry.name, Scan()), (number, sheet, entry.name)
        _, _, block, layout, guess = recognised(rows, path.name, place, config, scan, (top, left))
        if block is not None:
            block.form = form
        yield entry.name, hidden, block, layout, guess


def recognised(
    rows: list[list[Any]], file: str, place: tuple[int, int, str], config: AuditConfig, scan: Scan,
    corner: tuple[int, int] = (1, 0),
) -> tuple[str, bool, Block | None, Layout | None, Guess | None]:  # fmt: skip
    """Return a sheet's name, not hidden, its block and layout or else a guess; ``place``: file, sheet, its name."""
    (top, left), name = corner, place[2]
    first = rows[:_LOOKED_AT]
    found = settle(first, file, name, config.mapping, top)
    rows[:_LOOKED_AT] = first
    if found is None:
        return name, False, None, None, of_rows(rows[:_LOOKED_AT], file, name, top)
    block = _block(rows, top, left, found[0], scan)
    block.file, block.file_name, block.sheet, block.sheet_name = place[0], file, place[1], name
    return name, False, block, found[1], None


def is_explanation(corner: Any) -> bool:
    """Tell whether a sheet's first cell marks it as instructions, examples or lists of a template: no data.

    >>> is_explanation("NIP"), is_explanation(say("template.not_read", "id"))
    (False, True)
    """
    return isinstance(corner, str) and corner.strip() in {say("template.not_read", lang) for lang in LANGUAGES}


def _rows(book: Any, name: str) -> tuple[list[list[Any]], int, int]:
    try:
        sheet = book.get_sheet_by_name(name)
        if sheet.start is None:
            return [], 1, 0
        rows = sheet.to_python(skip_empty_area=True)
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise Unreadable from error
        raise
    while rows and all(clean(v) is None for v in rows[-1]):
        rows.pop()
    return rows, sheet.start[0] + 1, sheet.start[1]


def _block(rows: list[list[Any]], top: int, left: int, at: int, scan: Scan) -> Block:
    body = rows[at + 1 :]
    header = [as_text(v) if (v := clean(cell)) is not None else "" for cell in rows[at]]
    preamble = [
        (f"{letters(left + j)}{top + i}", as_text(value))
        for i, row in enumerate(rows[:at])
        for j, cell in enumerate(row)
        if (value := clean(cell)) is not None
    ]
    numbers = np.arange(top + at + 1, top + at + 1 + len(body))
    return Block(
        0, "", 0, "", header, top + at, numbers, lambda j: Cells.of([row[j] for row in body]), left=left,
        preamble=preamble, formulas=scan.formulas, errors=frozenset(scan.errors),
        percents=frozenset(scan.percents), hidden=scan.hidden, merged=frozenset(scan.merged),
    )  # fmt: skip
