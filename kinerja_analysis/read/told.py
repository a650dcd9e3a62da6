"""Who rated whom, on what scale, where no column says it but the lines above the table do: a form per person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kinerja_analysis.base.tables import SOURCE_ALIASES, canonical_header, plain
from kinerja_analysis.read.cells import clean
from kinerja_analysis.read.values import as_text

#: The number of the row, the place in it, and what is told there.
Told = tuple[int, int, Any]
PEOPLE = ("ratee", "rater", "source")
#: An address, or a number or code without blanks; what is wrong with it is said where people's numbers are checked.
_PERSON = re.compile(r"[\w.+-]+@[\w.-]+|(?=.*\d)[\w.,/+-]+|\d[\d .-]{14,}\d")
_ROLES = frozenset(map(plain, SOURCE_ALIASES))
_SCALES = ("skala", "skala_nilai", "skala_penilaian", "rentang_nilai", "scale")
_SPAN = re.compile(r"(\d+)\s*(?:-|–|s/?d|s\.d\.|sampai(?: dengan)?|to)\s*(\d+)", re.IGNORECASE)


def gather(found: dict[str, Told | None], cells: Sequence[Any], row: int) -> None:
    """Add to ``found`` what a row above a table tells: "NIP Penilai" | ":" | number, or "Peran: Atasan" in one cell.

    "Skala: 1-5" tells both ends of the scale. What is told twice, and differently, is not told: ``found`` then holds
    None for it.

    >>> found = {}
    >>> gather(found, ["NIP", ": A1", None, "Peran :", "Atasan"], 3)
    >>> found
    {'ratee': (3, 1, 'A1'), 'source': (3, 4, 'Atasan')}
    """
    texts = [as_text(v) if (v := clean(cell)) is not None else "" for cell in cells]
    for at, text in enumerate(texts):
        label, _, rest = text.partition(":")
        name = canonical_header("ratings", [label.strip()]).get(0, "")
        name = "scale" if plain(label) in _SCALES else name
        if name not in (*PEOPLE, "scale"):
            continue
        place = at if rest.strip() else next((k for k in range(at + 1, len(texts)) if texts[k].strip(": ")), -1)
        if place < 0:
            continue
        value = rest.strip() if place == at else texts[place].strip(": ")
        value = clean(cells[place]) if isinstance(cells[place], int | float) else value
        for part, told in _read(name, value).items():
            before = found.get(part, (row, place, told))
            same = before is not None and str(before[2]) == str(told)
            found[part] = (row, place, told) if same else None


def _read(name: str, value: Any) -> dict[str, Any]:
    """Return what a value tells of a column of ours (of a scale: of both its ends), {} where it does not fit."""
    if name == "scale":
        span = _SPAN.fullmatch(str(value))
        return {"scale_min": int(span[1]), "scale_max": int(span[2])} if span else {}
    fits = plain(str(value)) in _ROLES if name == "source" else _PERSON.fullmatch(str(value))
    return {name: value} if fits else {}
