"""Pseudonyms of annexes and lists, and the file for the key holder in which each gets its number and name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import synchronised
from kinerja_analysis.base.store import MANIFEST, manifests, read_provenance
from kinerja_analysis.base.words import say
from kinerja_analysis.base.xlsx import neutral, text_book
from kinerja_analysis.show.names import PERSONS

_MARK = re.compile(r"\bP-[A-Z2-7]{4,13}\b|\bP[A-Z2-7]{13}\b")
Rows = list[list[str]]


def marks(text: str) -> list[str]:
    """Return the pseudonyms in a text, whole or in their short form, in order.

    >>> marks("Penilai P-7K2M dan P7K2M3ABCDEFGH; PNS")
    ['P-7K2M', 'P7K2M3ABCDEFGH']
    """
    return _MARK.findall(text)


def read_list(path: Path) -> dict[str, Rows]:
    """Return the rows of every sheet of a workbook, or of a text file. Raises ``UsageError`` when it is neither."""
    from kinerja_analysis.read.guard import inspect
    from kinerja_analysis.read.text import decode
    from kinerja_analysis.read.values import as_text

    if inspect(path).code:
        raise UsageError("identity.unreadable", file=path.name)
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        import python_calamine

        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return {n: [list(map(as_text, r)) for r in book.get_sheet_by_name(n).to_python()] for n in book.sheet_names}
    data, encoding, _ = decode(path.read_bytes())
    if not encoding:
        raise UsageError("identity.unreadable", file=path.name)
    text = data.decode()
    mark = ";" if ";" in text.partition("\n")[0] else ","
    return {path.stem[:31]: list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))}


def check_key(path: Path, key: str) -> set[str]:
    """Return the persons of the audit beside a file (none without one).

    Raises ``UsageError`` when it was made with another key.
    """
    folder = path.absolute().parent / "audit"
    theirs = read_provenance(folder / MANIFEST).get("key_id", key)
    if theirs != key:
        raise UsageError("identity.wrong_key", file=path.name, theirs=theirs or "–", mine=key)
    frames = [pd.read_parquet(f, columns=["subject_kind", "subject"]) for f in sorted(folder.glob("result_*.parquet"))]
    return {str(s) for f in frames for s in f.loc[f["subject_kind"].isin(PERSONS), "subject"]}


def check_target(path: Path) -> None:
    """Raise ``UsageError`` where a translation may not be written: over a file, among reports, in a shared folder."""
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError("identity.out_kind")
    if path.exists():
        raise UsageError("identity.exists", file=path.name)
    for folder in {*path.absolute().parents, *path.resolve().parents}:
        if folder.name.casefold() == "reports" or (folder / "audit" / MANIFEST).is_file() or manifests(folder):
            raise UsageError("identity.public_folder", file=path.name)
    if synchronised(path):
        raise UsageError("identity.synchronised", file=path.name)


def resolve(asked: Iterable[str], holders: pd.DataFrame, subjects: set[str]) -> pd.DataFrame:
    """Return ``number`` and ``name`` by pseudonym as it was asked for, found ones only.

    A short form stands for one of the audit's ``subjects`` where they are known; one that could be several persons
    is not found.

    >>> people = pd.DataFrame({"number": ["1"], "name": ["A"]}, index=["P7K2M3ABCDEFGH"])
    >>> resolve(["P-7K2M", "P-AAAA"], people, set()).index.tolist()
    ['P-7K2M']
    """
    whole, known = {}, sorted(set(holders.index) & subjects or set(holders.index))
    for mark in dict.fromkeys(asked):
        short = mark.replace("-", "")
        fits = [short] if short in holders.index else [p for p in known if p.startswith(short)]
        if len(fits) == 1:
            whole[mark] = fits[0]
    return holders.loc[list(whole.values())].set_axis(list(whole))


def translated(found: pd.DataFrame, sheets: dict[str, Rows], suffix: str, number: str, lang: str) -> bytes:
    """Return the translation as a workbook (the mapping, then each sheet with two more columns) or as csv."""
    labels = [say(f"identity.{n}", lang) for n in ("pseudonym", number, "name")]
    table = [labels, *([p, n, m] for p, n, m in found.itertuples(name=None))]
    if suffix.lower() == ".csv":
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([map(neutral, row) for row in table])
        return out.getvalue().encode("utf-8-sig")
    pages = {say("identity.sheet", lang): table}
    for name, rows in sheets.items():
        if any(m in found.index for row in rows for m in marks("\n".join(row))):
            pages[name if name not in pages else f"{name[:28]} 2"] = _with_persons(rows, found, labels[1:])
    return text_book(pages)


def _with_persons(rows: Rows, found: pd.DataFrame, labels: Sequence[str]) -> Rows:
    """Return the rows with numbers and names of the pseudonyms in each; the heading stands above the first."""
    width = max(map(len, rows))
    out: Rows = []
    for row in rows:
        who = [m for m in dict.fromkeys(marks("\n".join(row))) if m in found.index]
        more = ["; ".join(found.loc[who, c]) for c in ("number", "name")] if who else ["", ""]
        if who and out and not any(r[width] for r in out):
            out[-1][width:] = labels
        out.append([*row, *[""] * (width - len(row)), *more])
    return out
