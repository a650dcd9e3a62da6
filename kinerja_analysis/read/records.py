"""JSON as web services give it (SIASN ``rw-skp22``, ``rw-skp``): a list of records, alone or inside an envelope.

A record is a row, its number from 1 the address ("butir 3"). Keys that differ in letter case only are one column;
objects inside a record become columns ("pegawai_nip"). Nothing is converted: whole numbers stay exact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import squashed
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.layout import Layout, locate
from kinerja_analysis.read.text import decode

WORD = "butir"
_NIP = re.compile(r"(?<!\d)\d{18}(?!\d)")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:|"(?:[^"\\]|\\.)*"|[{}]')
_DEEP = 3


class BadJson(Exception):
    """The text is no JSON, or JSON in which something is told twice; ``cell`` where it was seen ("": untold)."""

    def __init__(self, code: str, line: int = 0, key: str = "", record: int = 0) -> None:
        super().__init__(code)
        self.code, self.key = code, key
        self.cell = f"baris {line}" if line else f"{WORD} {record}" if record else ""


def of_json(path: Path, number: int, config: AuditConfig) -> tuple[Block, Layout | None]:
    """Read a JSON file, or one JSON record a line. Raises ``BadJson``."""
    data, encoding, line = decode(path.read_bytes())
    if not encoding:
        raise BadJson("E113", line)
    records = list(_records(_parsed(data.decode())))
    header: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for n, record in enumerate(records, 1):
        row: dict[str, Any] = {}
        for key, value in _flat(record):
            name = squashed(key)
            if name in row:
                raise BadJson("E307", key=key, record=n)
            header.setdefault(name, key)
            row[name] = value if not isinstance(value, str) else value.encode(errors="replace").decode()
        rows.append(row)
    _nip_of_name(path, header, rows)
    names = list(header)
    block = Block(
        number, path.name, 1, "", list(header.values()), 0, np.arange(1, len(rows) + 1),
        lambda j: Cells.of([row.get(names[j]) for row in rows]), lines=True, exact=True, separator=",", word=WORD,
    )  # fmt: skip
    found = locate([block.header], path.name, "", config.mapping) if names else None
    return block, found[1] if found else None


def _nip_of_name(path: Path, header: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Take the NIP from the file's name (``rw-skp22/{nip}`` saved as it comes) where no record has one."""
    found = _NIP.findall(path.stem)
    if "nip" not in header and len(set(found)) == 1 and {"pnsdinilaiid", "nilaiskp"} & set(header):
        header["nip"] = "nip"
        for row in rows:
            row["nip"] = found[0]


def _parsed(text: str) -> Any:
    def constant(word: str) -> NoReturn:
        bare = _TEXT.sub('""', text)
        raise BadJson("E122", bare[: bare.find(word)].count("\n") + 1)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [k for k, _ in items]
        if len(set(keys)) < len(keys):
            key = next(k for k in keys if keys.count(k) > 1)
            raise BadJson("E307", _line_of_second(text, key), key)
        return dict(items)

    def load(part: str) -> Any:
        return json.loads(part, parse_constant=constant, object_pairs_hook=pairs)

    try:
        return load(text)
    except json.JSONDecodeError as error:
        lines = [(n, part) for n, part in enumerate(text.split("\n"), 1) if part.strip()]
        if error.msg != "Extra data" or len(lines) < 2:
            raise BadJson("E122", error.lineno) from None
    except (RecursionError, ValueError):  # too deep, or a number too long to be one
        raise BadJson("E122") from None
    found = []
    for n, part in lines:
        try:
            found.append(load(part))
        except (RecursionError, ValueError):
            raise BadJson("E122", n) from None
    return found


def _line_of_second(text: str, key: str) -> int:
    """Return the line on which a key stands for the second time in one object, or 0."""
    seen: list[bool] = []
    for found in _TOKEN.finditer(text):
        if found[0] == "{":
            seen.append(False)
        elif found[0] == "}":
            seen.pop()
        elif found[1] == key and seen:
            if seen[-1]:
                return text.count("\n", 0, found.start()) + 1
            seen[-1] = True
    return 0


def _records(body: Any, around: Mapping[str, Any] | None = None, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the records of a body; scalars of the envelope and NIPs used as keys go with each of them."""
    around = around or {}
    if isinstance(body, list):
        for item in body:
            if isinstance(item, dict) and depth < _DEEP and any(_listed(v) for v in item.values()):
                yield from _records(item, around, depth + 1)
            elif isinstance(item, dict):
                yield {**around, **item}
            else:
                raise BadJson("E122")
    elif isinstance(body, dict):
        if body and all(_NIP.fullmatch(k) for k in body):
            for nip, inner in body.items():
                yield from _records(inner if isinstance(inner, list) else [inner], {**around, "nip": nip}, depth + 1)
            return
        lists = [k for k, v in body.items() if _listed(v)]
        if not lists:
            yield {**around, **body}
            return
        scalars = {k: v for k, v in body.items() if not isinstance(v, (list, dict))}
        for key in lists:
            yield from _records(body[key], {**around, **scalars}, depth + 1)
    else:
        raise BadJson("E122")


def _listed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _flat(record: Mapping[str, Any], head: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            if depth < _DEEP:
                yield from _flat(value, f"{head}{key}_", depth + 1)
        elif not isinstance(value, list):
            yield head + key, value
