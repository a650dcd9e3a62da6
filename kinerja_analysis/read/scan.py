"""A stream over a worksheet's XML before any reader opens it: used rectangle, formulas, error cells.

A reader builds the whole rectangle in memory; one cell at the far corner of a 5 KB file ends the process. The
ordinary writing of a cell (``<c r="A1" …>``) is found by pattern, 3 million cells a second; anything else goes
through an XML parser that refuses declarations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

import numpy as np

from kinerja_analysis.read.cells import letters

_CHUNK = 1 << 20
_LONGEST = len(b'<c r="XFD1048576"') + 1
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>/]*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(<v>[^<])?')
_ERROR = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})"[^>/]*? t="e"')
_STYLED = re.compile(rb'<c r="([A-Z]{1,3}\d{1,7})" s="(\d+)"(?: t="n")?>')
_HIDDEN = re.compile(rb'<row [^>]*?hidden="(?:1|true)"')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


class UnsafeXml(Exception):
    """The XML declares a document type or entities, is not well formed, or addresses a cell in no known way."""


@dataclass(slots=True)
class Scan:
    """What a worksheet holds: corners of the used rectangle (columns from 1), formulas, error cells, numbers shown as
    percent, merged ranges over several rows, and how many rows are hidden."""

    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    formulas: dict[str, bool] = field(default_factory=dict)
    errors: set[str] = field(default_factory=set)
    percents: set[str] = field(default_factory=set)
    hidden: int = 0
    merged: set[str] = field(default_factory=set)

    @property
    def area(self) -> int:
        """Cells of the used rectangle."""
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1) if self.last_row else 0

    def include(self, rows: Iterable[int], columns: Iterable[int]) -> None:
        """Widen the rectangle."""
        for row in rows:
            self.first_row = min(self.first_row or row, row)
            self.last_row = max(self.last_row, row)
        for column in columns:
            self.first_column = min(self.first_column or column, column)
            self.last_column = max(self.last_column, column)


def column_number(text: str) -> int:
    """Return the number of a column's letters, from 1.

    >>> column_number("A"), column_number("XFD")
    (1, 16384)
    """
    number = 0
    for letter in text:
        number = 26 * number + ord(letter) - 64
    return number


def scan(stream: IO[bytes], limit: int, percent: frozenset[int] = frozenset()) -> Scan:
    """Scan a worksheet (seekable). Raises ``UnsafeXml``.

    A rectangle above ``limit`` is looked at again without empty, merely formatted cells. ``percent`` holds the
    styles of cells that show a number as percent.
    """
    fast = _fast(stream, percent)
    if fast is not None and fast.area <= limit:
        return fast
    stream.seek(0)
    return _slow(stream, percent)


def _fast(stream: IO[bytes], percent: frozenset[int] = frozenset()) -> Scan | None:
    """Scan by pattern, or return None when the writing is unusual."""
    result, rest, first = Scan(), b"", True
    while True:
        chunk = stream.read(_CHUNK)
        data = rest + chunk
        if first and (b"\x00" in data[:64] or b"<sheetData" not in data):
            return None
        first = False
        cut = data.rfind(b"<c ") if chunk else len(data)
        if cut < 0:
            return None
        part, rest = data[:cut], data[cut:]
        text = np.frombuffer(part + bytes(_LONGEST), dtype=np.uint8)
        found = _addresses(text)
        if found is None:
            return None
        if len(found[0]):
            result.include(*((int(side.min()), int(side.max())) for side in found))
        if len(_find(text, b"<f")):
            result.formulas.update((m.group(1).decode(), m.group(2) is not None) for m in _FORMULA.finditer(part))
        if len(_find(text, b't="e"')):
            result.errors.update(m.decode() for m in _ERROR.findall(part))
        if percent:
            result.percents.update(m[0].decode() for m in _STYLED.findall(part) if int(m[1]) in percent)
        if len(_find(text, b"<mergeCell ")):
            result.merged.update(m.decode() for m in _MERGED.findall(part))
        if len(_find(text, b'hidden="')):
            result.hidden += len(_HIDDEN.findall(part))
        if not chunk:
            return result


def _find(text: np.ndarray, mark: bytes) -> np.ndarray:
    """Return where a mark of two or more characters stands in a text that ends with zeros."""
    found = np.flatnonzero((text[:-_LONGEST] == mark[0]) & (text[1 : 1 - _LONGEST] == mark[1]))
    for k, sign in enumerate(mark[2:], 2):
        found = found[text[found + k] == sign]
    return found


def _addresses(text: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the rows and columns of all cells; None where cells may stand that are not written ``<c r="A1"``."""
    starts, cells = _find(text, b"<c"), _find(text, b'<c r="')
    if np.isin(text[starts + 2], tuple(b">/\n\r\t")).any() or (text[starts + 2] == ord(" ")).sum() > len(cells):
        return None
    if len(_find(text, b"<!")) or len(_find(text, b":c ")):
        return None
    if len(_find(text, b' r="')) - len(cells) != len(_find(text, b"<row ")):
        return None
    place, columns, letter = cells + len(b'<c r="'), np.zeros(len(cells), np.int32), np.ones(len(cells), bool)
    for _ in range(3):
        sign = text[place] - np.uint8(ord("A"))
        letter &= sign < 26
        columns = np.where(letter, 26 * columns + sign + 1, columns)
        place += letter
    rows, digit = np.zeros(len(cells), np.int32), np.ones(len(cells), bool)
    for _ in range(7):
        sign = text[place] - np.uint8(ord("0"))
        digit &= sign < 10
        rows = np.where(digit, 10 * rows + sign, rows)
        place += digit
    if not ((text[place] == ord('"')) & (columns > 0) & (rows > 0)).all():
        return None
    return rows, columns


class _Handler:
    """Expat callbacks that follow cells, formulas and cached values, whatever prefix the writer uses."""

    def __init__(self, percent: frozenset[int]) -> None:
        self.result = Scan()
        self.percent = percent
        self.row = 0
        self.column = 0
        self.cell = ""
        self.cell_row = 0
        self.formula = False
        self.inside = ""

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = 0
            self.result.hidden += attributes.get("hidden") in ("1", "true")
        elif kind == "c":
            found = _REFERENCE.fullmatch(attributes["r"]) if "r" in attributes else None
            if "r" in attributes and found is None:
                raise UnsafeXml("address")
            self.column = column_number(found.group(1)) if found else self.column + 1
            row = int(found.group(2)) if found else self.row
            self.cell, self.cell_row = f"{letters(self.column - 1)}{row}", row
            self.formula = False
            if attributes.get("t") == "e":
                self.result.errors.add(self.cell)
            if attributes.get("t", "n") == "n" and int(attributes.get("s", 0)) in self.percent:
                self.result.percents.add(self.cell)
        elif kind == "mergeCell":
            self.result.merged.add(attributes.get("ref", ""))
        elif kind in ("v", "is", "f") and self.cell:
            self.result.include((self.cell_row,), (self.column,))
            if kind == "f":
                self.formula = True
                self.result.formulas[self.cell] = False
        self.inside = kind

    def text(self, data: str) -> None:
        if self.inside == "v" and self.formula and data.strip():
            self.result.formulas[self.cell] = True

    def end(self, name: str) -> None:
        self.inside = ""
        if name.rpartition(":")[2] == "c":
            self.cell = ""


def _refuse(*_: Any) -> None:
    raise UnsafeXml("declaration")


def _slow(stream: IO[bytes], percent: frozenset[int]) -> Scan:
    parser, handler = expat.ParserCreate(), _Handler(percent)
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.ParseFile(stream)
    except (expat.ExpatError, ValueError) as error:
        raise UnsafeXml(str(error)) from None
    return handler.result
