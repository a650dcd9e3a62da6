"""Text tables (.csv, .tsv, .txt): delimiter and encoding confirmed against the header, every line's fields counted.

The address of a record is the line on which it begins, counted as a text editor counts: a line ends with LF, CR LF or
CR, inside quotation marks too. Arrow reads the table; a table whose quotation marks do not stand in pairs around whole
fields, or that Arrow cuts otherwise, is read by Python's csv module.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read.cells import Block, Cells, clean
from kinerja_analysis.read.headers import settle
from kinerja_analysis.read.layout import Layout

SEPARATORS = (";", ",", "\t", "|")
_LOOKED_AT = 60
_BLOCK_BYTES, _MOST_BYTES = 1 << 22, (1 << 31) - 1
_WHITE = " \t\r\n"
_NOTHING = '"' + _WHITE  # with the delimiter: a line of these alone may be blank, however many fields it has
_LINE_END = re.compile(rb"\r\n?|\n")


@dataclass(slots=True)
class TextTable:
    """What a text file gave: its table if recognised, else its first rows; problems as (code, cells, params)."""

    block: Block | None = None
    layout: Layout | None = None
    problems: list[tuple[str, list[str], dict[str, Any]]] = field(default_factory=list)
    sample: list[list[str]] = field(default_factory=list)


#: columns on demand, the line each row begins on, and lines with another number of fields (with it)
_Records = tuple[Callable[[int], Cells], np.ndarray, list[tuple[int, int]]]


class _BrokenQuote(Exception):
    """A quotation mark is not closed, or closed in the middle of a field; the argument is the line."""


def decode(data: bytes) -> tuple[bytes, str, int]:
    """Return the file as UTF-8, the encoding found ("" when none fits) and the line of the first odd byte.

    >>> decode("nip;unor\\n1;Café\\n".encode("cp1252"))[1:]
    ('cp1252', 2)
    """
    found = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data, found = data.decode("utf-16").encode(), "utf-16"
        except UnicodeDecodeError:
            return data, "", 1
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in data:
        return data, "", _breaks(data, 0, data.index(b"\x00")) + 1
    if data.isascii():
        return data, found, 0
    try:
        data.decode()
        return data, found, 0
    except UnicodeDecodeError as error:
        line = _breaks(data, 0, error.start) + 1
    try:
        return data.decode("cp1252").encode(), "cp1252", line
    except UnicodeDecodeError:
        return data, "", line


def _breaks(data: bytes, start: int, end: int | None = None) -> int:
    """Return the number of line ends in a part."""
    end = len(data) if end is None else end
    return data.count(b"\n", start, end) + data.count(b"\r", start, end) - data.count(b"\r\n", start, end)


def read_text(path: Path, number: int, config: AuditConfig) -> TextTable:
    """Read a text file. What is wrong is returned, not raised; an unknown table gives no block."""
    data, encoding, line = decode(path.read_bytes())
    result = TextTable()
    if not encoding:
        result.problems.append(("E113", [f"baris {line}"], {}))
        return result
    found = _separator(data, path.name, config)
    if found is None:
        every = [_first(data[: 1 << 18].decode("utf-8", errors="ignore"), s)[0] for s in SEPARATORS]
        result.sample = max(every, key=lambda rows: min((len(r) for r in rows[-20:]), default=0))
        return result
    separator, rows, at, layout, begins = found
    if encoding == "cp1252":
        result.problems.append(("W103", [f"baris {line}"], {}))
    above = begins[at + 1] - 1
    start = next((m.end() for m in islice(_LINE_END.finditer(data), above - 1, above)), len(data))
    if start < len(data) and not data.endswith((b"\n", b"\r")):
        result.problems.append(("W104", [f"baris {_breaks(data, start) + above + 1}"], {}))
    try:
        column, lines, odd = _body(data, start, separator, len(rows[at]))
    except _BrokenQuote as error:
        result.problems.append(("E117", [f"baris {above + error.args[0]}"], {}))
        return result
    if odd:
        cells = [f"baris {above + n}" for n, _ in odd]
        result.problems.append(("E114", cells, {"expected": len(rows[at]), "found": odd[0][1]}))
    preamble = [
        (f"baris {n}", v) for n, row in zip(begins, rows[:at], strict=False) for c in row
        if (v := clean(c)) is not None
    ]  # fmt: skip
    result.layout = layout
    result.block = Block(
        number, path.name, 1, "", [clean(h) or "" for h in rows[at]], begins[at], above + lines, column,
        lines=True, separator=separator, preamble=preamble, refused=len(odd),
    )  # fmt: skip
    return result


def _separator(
    data: bytes, name: str, config: AuditConfig
) -> tuple[str, list[list[str]], int, Layout, list[int]] | None:
    """Return the delimiter under which a known header appears: it, the first rows, header index, layout, lines."""
    head = data[: 1 << 18].decode("utf-8", errors="ignore")
    best = None
    for separator in SEPARATORS:
        rows, begins = _first(head, separator)
        found = settle(rows, name, "", config.mapping)
        if found and (best is None or found[1].weight > best[3].weight):
            best = separator, rows, found[0], found[1], begins
    return best


def _first(head: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the first records, and the line each begins on (of one more than there are)."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    begins = [1]
    try:
        for row in islice(reader, _LOOKED_AT):
            rows.append(row)
            begins.append(reader.line_num + 1)
    except csv.Error:
        pass
    return rows, begins


def _body(data: bytes, start: int, separator: str, width: int) -> _Records:
    """Return the records after the header; lines count from 1 there. Raises ``_BrokenQuote``."""
    if not re.compile(rb"\S").search(data, start):
        return lambda j: Cells.of([]), np.array([], dtype=np.int64), []
    quoted = data.find(b'"', start) >= 0
    begins = _begins(data, start, separator) if quoted else None
    found = None if quoted and begins is None else _arrow(data, start, separator, width, begins)
    return found or _python(data, start, separator, width)


def _begins(data: bytes, start: int, separator: str) -> np.ndarray | None:
    """Return the line each record begins on; None where quotation marks do not enclose whole fields."""
    text, marks = np.frombuffer(data, dtype=np.uint8, offset=start), tuple(f"{separator}\r\n".encode())
    quotes, last = np.flatnonzero(text == ord('"')), len(text) - 1
    opening, closing = quotes[::2], quotes[1::2]
    if len(opening) > len(closing):
        return None
    twin = closing[:-1] + 1 == opening[1:]
    before = (opening == 0) | np.isin(text[opening - 1], marks)
    after = (closing == last) | np.isin(text[np.minimum(closing + 1, last)], marks)
    if not (before[0] and after[-1] and (before[1:] | twin).all() and (after[:-1] | twin).all()):
        return None
    returns = np.flatnonzero(text == ord("\r"))
    alone = returns[text[np.minimum(returns + 1, last)] != ord("\n")]
    ends = np.sort(np.append(np.flatnonzero(text == ord("\n")), alone))
    outside = np.flatnonzero(np.searchsorted(quotes, ends) % 2 == 0)
    return np.append(1, (outside[:-1] if data.endswith((b"\n", b"\r")) else outside) + 2)


def _arrow(data: bytes, start: int, separator: str, width: int, begins: np.ndarray | None) -> _Records | None:
    """Return the records as Arrow reads them (without ``begins``, one a line); None where it finds another number."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [f"f{i}" for i in range(width)]
    odd: list[tuple[int, int, str]] = []

    def skip(row: Any) -> str:
        odd.append((row.number - 1, row.actual_columns, row.text))
        return "skip"

    # a cell's own "\r\n" would lose its second half at the end of a block: then all is one
    size = _BLOCK_BYTES if begins is None else min(max(_BLOCK_BYTES, len(data) - start), _MOST_BYTES)
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(start)),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=size),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=begins is not None, invalid_row_handler=skip,
                ignore_empty_lines=False,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string()))
            ),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    if begins is None:
        begins = np.arange(1, table.num_rows + len(odd) + 1)
    if table.num_rows + len(odd) != len(begins) or not all(t.strip(_NOTHING + separator) for _, _, t in odd):
        return None
    whole = np.ones(len(begins), dtype=bool)
    whole[[n for n, _, _ in odd]] = False
    found = [(int(begins[n]), fields) for n, fields, _ in odd]
    return lambda j: Cells.of_arrow(table.column(j), encoded=True), begins[whole], found


def _python(data: bytes, start: int, separator: str, width: int) -> _Records:
    """Return the records as Python's csv module reads them. Raises ``_BrokenQuote``."""
    reader = csv.reader(io.StringIO(data[start:].decode(), newline=""), delimiter=separator, strict=True)
    rows, lines, odd, line = [], [], [], 1
    try:
        for row in reader:
            blank = not any(field.strip(_WHITE) for field in row)
            if len(row) == width or blank:
                rows.append([""] * width if blank else row)
                lines.append(line)
            else:
                odd.append((line, len(row)))
            line = reader.line_num + 1
    except csv.Error:
        raise _BrokenQuote(line) from None
    return lambda j: Cells.of([row[j] for row in rows]), np.array(lines, dtype=np.int64), odd
