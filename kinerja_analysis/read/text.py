"""Text tables (.csv, .tsv, .txt): delimiter and encoding confirmed against the header, every line's fields counted."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read.cells import Block, Cells, clean
from kinerja_analysis.read.layout import Layout, locate

SEPARATORS = (";", ",", "\t", "|")
_LOOKED_AT = 60
_BLOCK_BYTES = 1 << 24


@dataclass(slots=True)
class TextTable:
    """What a text file gave: its table if recognised, else its first rows; problems as (code, cells, params)."""

    block: Block | None = None
    layout: Layout | None = None
    problems: list[tuple[str, list[str], dict[str, Any]]] = field(default_factory=list)
    sample: list[list[str]] = field(default_factory=list)


def decode(data: bytes) -> tuple[bytes, str, int]:
    """Return the file as UTF-8, the encoding found ("" when none fits) and the line of the first odd byte.

    >>> decode("nip;unor\\n1;Café\\n".encode("cp1252"))[1:]
    ('cp1252', 2)
    """
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode(), encoding, 0
            except UnicodeDecodeError:
                return data, "", 1
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    if b"\x00" in data:
        return data, "", data[: data.index(b"\x00")].count(b"\n") + 1
    try:
        data.decode("utf-8")
        return data, "utf-8", 0
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    try:
        return data.decode("cp1252").encode(), "cp1252", line
    except UnicodeDecodeError:
        return data, "", line


def read_text(path: Path, number: int, config: AuditConfig) -> TextTable:
    """Read a text file. What is wrong is returned, not raised; an unknown table gives no block."""
    data, encoding, line = decode(path.read_bytes())
    result = TextTable()
    if not encoding:
        result.problems.append(("E113", [f"baris {line}"], {}))
        return result
    found = _separator(data, path.name, config)
    if found is None:
        every = [_records(data[: 1 << 18].decode("utf-8", errors="ignore"), s)[0] for s in SEPARATORS]
        result.sample = max(every, key=lambda rows: min((len(r) for r in rows[-20:]), default=0))
        return result
    separator, rows, at, layout, lines = found
    if encoding == "cp1252":
        result.problems.append(("W103", [f"baris {line}"], {}))
    start = _offset(data, lines)
    body = data[start:]
    if body and not body.endswith((b"\n", b"\r")):
        last = data.count(b"\n") + 1
        result.problems.append(("W104", [f"baris {last}"], {}))
    width = len(rows[at])
    if body.count(b'"') % 2:
        result.problems.append(("E117", [f"baris {lines + _odd_quotes(body)}"], {}))
        return result
    columns, numbers, bad = _body(body, separator, width, lines)
    if bad:
        cells = [f"baris {n}" for n, _ in bad]
        result.problems.append(("E114", cells, {"expected": width, "found": bad[0][1]}))
    preamble = [(f"baris {i + 1}", v) for i, row in enumerate(rows[:at]) for c in row if (v := clean(c)) is not None]
    result.layout = layout
    result.block = Block(
        number, path.name, 1, "", [clean(h) or "" for h in rows[at]], lines, numbers,
        lambda j: Cells.of_arrow(columns[j]), lines=True, separator=separator, preamble=preamble,
        refused=len(bad),
    )  # fmt: skip
    return result


def _separator(
    data: bytes, name: str, config: AuditConfig
) -> tuple[str, list[list[str]], int, Layout, int] | None:
    """Return the delimiter under which a known header appears: it, the first rows, header index, layout, lines."""
    head = data[: 1 << 18].decode("utf-8", errors="ignore")
    best = None
    for separator in SEPARATORS:
        rows, ends = _records(head, separator)
        found = locate(rows, name, "", config.mapping)
        if found and (best is None or found[1].weight > best[3].weight):
            best = separator, rows, found[0], found[1], ends[found[0]]
    return best


def _records(head: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the first records and the line each of them ends on."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
            if len(rows) >= _LOOKED_AT:
                break
    except csv.Error:
        pass
    return rows, ends


def _offset(data: bytes, lines: int) -> int:
    place = 0
    for _ in range(lines):
        place = data.find(b"\n", place) + 1
        if place == 0:
            return len(data)
    return place


def _odd_quotes(body: bytes) -> int:
    """Return the number (from 1) of the first line with an odd number of quotation marks."""
    return next((i for i, line in enumerate(body.split(b"\n"), 1) if line.count(b'"') % 2), 1)


def _body(
    body: bytes, separator: str, width: int, above: int
) -> tuple[Sequence[Any], np.ndarray, list[tuple[int, int]]]:
    """Return columns of texts, the line of each row, and the lines with another number of fields (with it)."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [f"f{i}" for i in range(width)]
    if not body.strip():
        return [pa.chunked_array([pa.array([], pa.string())])] * width, np.array([], dtype=np.int64), []
    odd: list[tuple[int, int, str]] = []

    def skip(row: Any) -> str:
        odd.append((row.number, row.actual_columns, row.text))
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(body),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, newlines_in_values=b'"' in body, invalid_row_handler=skip, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    whole = np.ones(table.num_rows + len(odd) + 1, dtype=bool)
    whole[[0, *(n for n, _, _ in odd)]] = False
    physical = np.flatnonzero(whole)
    extra = _line_breaks(table) if b'"' in body else np.zeros(table.num_rows, dtype=np.int64)
    inside = np.zeros(table.num_rows + len(odd) + 1, dtype=np.int64)
    inside[physical] = extra
    for n, _, text in odd:
        inside[n] = text.count("\n")
    shift = np.concatenate([[0], np.cumsum(inside)[:-1]])
    lines = above + np.arange(len(inside)) + shift
    return table.columns, lines[physical], [(int(lines[n]), found) for n, found, _ in odd]


def _line_breaks(table: Any) -> np.ndarray:
    import pyarrow.compute as pc

    total = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        total += pc.count_substring(column, "\n").to_numpy()
    return total
