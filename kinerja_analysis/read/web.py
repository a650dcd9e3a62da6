"""Web pages under the name of a workbook (as e-Kinerja and others export them): their tables, every cell as text."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read.cells import Block, letters
from kinerja_analysis.read.guard import MAX_CELLS, MAX_INSIDE
from kinerja_analysis.read.guess import Guess
from kinerja_analysis.read.layout import Layout
from kinerja_analysis.read.scan import Scan
from kinerja_analysis.read.text import decode
from kinerja_analysis.read.workbook import Unreadable, recognised

_SPAN = 1000


def is_page(path: Path) -> bool:
    """Tell whether a file begins as a web page does."""
    with path.open("rb") as stream:
        head = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return head.startswith(b"<") and any(mark in head for mark in (b"<html", b"<table", b"<!doctype html"))


def blocks(
    path: Path, number: int, config: AuditConfig
) -> Iterator[tuple[str, bool, Block | None, Layout | None, Guess | None]]:
    """Yield each table as ``workbook.blocks`` does its sheets. Raises ``Unreadable``."""
    for n, (rows, merged) in enumerate(tables(path), 1):
        yield recognised(rows, path.name, (number, n, sheet(n)), config, Scan(merged=merged))


def sheet(n: int) -> str:
    """Return what the n-th table of a page is called, as a sheet."""
    return f"HTML {n}"


def tables(path: Path) -> list[tuple[list[list[str]], set[str]]]:
    """Return the tables that hold anything, their rows equally long, with merged ranges. Raises ``Unreadable``."""
    if path.stat().st_size > MAX_INSIDE:
        raise Unreadable
    data, encoding, _ = decode(path.read_bytes())
    page = _Page()
    page.feed(data.decode() if encoding else "")
    page.close()
    found = [(rows, merged) for rows, merged in page.tables if any(any(row) for row in rows)]
    for rows, _ in found:
        width = max(map(len, rows))
        if width * len(rows) > MAX_CELLS:
            raise Unreadable
        rows[:] = [[*row, *[""] * (width - len(row))] for row in rows]
    if not found:
        raise Unreadable
    return found


class _Page(HTMLParser):
    """Collects the tables: rows of texts, merged ranges. Tables within tables are not read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[list[list[str]], set[str]]] = []
        self.depth = self.cells = 0
        self.text: list[str] | None = None
        self.below: dict[int, int] = {}  # column -> rows below that a cell above reaches into

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            if self.depth > 1:
                raise Unreadable
            self.tables.append(([], set()))
            self.below = {}
        elif self.depth and tag == "tr":
            self._row()
        elif self.depth and tag in ("td", "th"):
            self._cell({k: v or "" for k, v in attrs})
        elif tag in ("br", "p", "div") and self.text is not None:
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end()
        if tag == "table":
            self.depth = max(0, self.depth - 1)

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def _end(self) -> None:
        if self.text is not None:
            row = self.tables[-1][0][-1]
            row[self.place] = " ".join("".join(self.text).split())
            self.text = None

    def _row(self) -> None:
        self._end()
        self.tables[-1][0].append([])
        self._reached()

    def _reached(self) -> None:
        """Leave the cells empty that one above reaches into."""
        row = self.tables[-1][0][-1]
        while self.below.get(len(row), 0) > 0:
            self.below[len(row)] -= 1
            row.append("")

    def _cell(self, given: dict[str, str]) -> None:
        self._end()
        rows, merged = self.tables[-1]
        if not rows:
            self._row()
        wide, high = (max(1, int(n)) if (n := given.get(k, "1").strip()).isdecimal() else 1
                      for k in ("colspan", "rowspan"))  # fmt: skip
        self.place, self.cells = len(rows[-1]), self.cells + wide
        if max(wide, high) > _SPAN or self.cells > MAX_CELLS:
            raise Unreadable
        if wide * high > 1:
            corner = f"{letters(self.place + wide - 1)}{len(rows) + high - 1}"
            merged.add(f"{letters(self.place)}{len(rows)}:{corner}")
        for column in range(self.place, self.place + wide):
            self.below[column] = high - 1
        rows[-1] += [""] * wide
        self.text = []
        self._reached()
