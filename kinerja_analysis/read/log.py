"""Collects problems while reading: all of them, grouped, masked where a person could be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kinerja_analysis.base.errors import Problem, Severity
from kinerja_analysis.base.tables import COLUMNS, plain
from kinerja_analysis.read.cells import Block

_SEVERITY: dict[str, Severity] = {"E": "error", "W": "warning", "N": "note"}
_PERSONAL_NAME = re.compile(
    r"(^|_)(nama|name|nip|nik|npwp|nrp|e?_?mail|surel|telepon|telp|hp|handphone|alamat|tanggal_lahir|tgl_lahir|"
    r"tempat_lahir|rekening|gelar|foto|uuid|id|komentar|catatan|umpan_balik|password|sandi)(_|$)"
)
_PERSONAL_VALUE = re.compile(r"\d{8,}|@|\d{6,}[\s.-]+\d{6,}")
_IDENTITY = re.compile(r"\d{16,}|\d{8}[\s.-]*\d{6}[\s.-]*\d[\s.-]*\d{3}|\S@\S")
MASK = "•••"
_ALIASES = {alias for c in COLUMNS if c.personal for alias in (c.name, *c.aliases)}
_HARMLESS = {a for c in COLUMNS if not c.personal for a in (c.name, *c.aliases)}


def personal_header(label: object) -> bool:
    """Tell whether a column's name says that it identifies a person.

    >>> personal_header("Nama Pegawai"), personal_header("nip_atasan"), personal_header("golongan")
    (True, True, False)
    """
    name = plain(label)
    return name in _ALIASES or (name not in _HARMLESS and _PERSONAL_NAME.search(name) is not None)


def personal_value(value: object) -> bool:
    """Tell whether a text looks like an identity number or an address.

    >>> personal_value("190501012010011001"), personal_value("a@b.id"), personal_value("Dinas 12")
    (True, True, False)
    """
    return _PERSONAL_VALUE.search(str(value)) is not None


def identifying(value: object, persons: frozenset[str] = frozenset()) -> bool:
    """Tell whether a text is an identity number, an address, or one of the persons named beside it.

    Shorter numbers (a school's code of 8 digits) are none.

    >>> identifying("SMP 1 (10200123)"), identifying("19050101 201001 1 001"), identifying("Siti", frozenset(["siti"]))
    (False, True, True)
    """
    text = str(value)
    return _IDENTITY.search(text) is not None or text.casefold() in persons


class Log:
    """The problems of one reading, one per code, sheet and column, further cells in ``others``."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], dict[str, Any]] = {}
        self._words: dict[tuple[int, int], frozenset[str]] = {}

    def add(
        self,
        code: str,
        *,
        file: str = "",
        sheet: str = "",
        cells: Iterable[str] = (),
        column: str = "",
        value: str = "",
        number: tuple[int, int] = (0, 0),
        **params: Any,
    ) -> None:
        """Note a problem; ``number`` is (file, sheet) as counted, ``cells`` all cells concerned."""
        cells = list(cells)
        key = (code, *(number if number != (0, 0) else (file, sheet)), column)  # type: ignore[misc]
        entry = self._found.setdefault(
            key, {"file": file, "sheet": sheet, "column": column, "value": value, "params": params, "cells": []}
        )
        entry["cells"].extend(cells)

    def on(
        self, code: str, block: Block, cells: Iterable[str] = (), *, column: str = "", value: str = "", **params: Any
    ) -> None:
        """Note a problem of a block's sheet; ``value`` is shown as it is."""
        self.add(
            code, file=block.file_name, sheet=block.sheet_name, cells=[c for c in cells if c], column=column,
            value=value, number=(block.file, block.sheet), **params,
        )  # fmt: skip

    def at(
        self, code: str, block: Block, position: int, rows: Iterable[int], value: object = "", **params: Any
    ) -> None:
        """Note a problem at cells of one column of a block, its value masked where needed."""
        rows = list(rows)
        if not rows:
            return
        label = block.header[position] if position < len(block.header) else ""
        shown = "" if personal_header(label) else self.masked(block, value)
        if "nearest" in params and shown in ("", MASK):
            params["nearest"] = ""
        self.on(code, block, block.address(rows, position), column=label, value=shown, **params)

    def masked(self, block: Block, value: object) -> str:
        """Return the value as text, or "•••" when it looks like an identity or stands in a name column."""
        text = "" if value is None else str(value)
        if not text:
            return ""
        if personal_value(text) or len(text) > 120:
            return MASK
        return MASK if text.casefold() in self.persons(block) else text

    def persons(self, block: Block) -> frozenset[str]:
        """Return what stands in the personal columns of a block, folded."""
        key = (block.file, block.sheet)
        if key not in self._words:
            named = [i for i, label in enumerate(block.header) if personal_header(label)]
            words = "\0".join(str(v) for i in named for v in block.cells(i).distinct)
            self._words[key] = frozenset(words.casefold().split("\0")) - {""}
        return self._words[key]

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, errors first, in the order they were met."""
        found = []
        for (code, *_), e in self._found.items():
            cells = list(dict.fromkeys(e["cells"])) or [""]
            found.append(
                Problem(
                    f"KA-{code}", _SEVERITY[code[0]], e["file"], e["sheet"], cells[0], e["column"], e["value"],
                    tuple(cells[1:]), e["params"],
                )
            )  # fmt: skip
        rank = {"error": 0, "warning": 1, "note": 2}
        return tuple(sorted(found, key=lambda p: rank[p.severity]))

    @property
    def failed(self) -> bool:
        """Whether an error was noted."""
        return any(code.startswith("E") for code, *_ in self._found)
