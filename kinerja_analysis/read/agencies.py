"""Unit and agency of rows that have no column for them: told above them, or by the names of sheets, files, folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import columns, squashed
from kinerja_analysis.read.cells import Block, fold
from kinerja_analysis.read.layout import KNOWN_NAMES, Layout, table_of
from kinerja_analysis.read.session import Session

PLACES = ("unit", "opd")
_WORDS = {
    "opd": r"unor\s+induk|perangkat\s+daerah|opd|skpd|satuan\s+kerja", "unit": r"unit\s+(?:kerja|organisasi)|unor",
}  # fmt: skip
_TOLD = {
    name: re.compile(rf"^\s*(?:nama\s+)?(?:{words})\s*:[:\s]*(?!(?:all|semua)\s*$)(\S.*)", re.IGNORECASE)
    for name, words in _WORDS.items()
}
#: Names of sheets that are an agency's or, below it, a unit's; "Dinas" or "SD" alone is a kind of them.
_AGENCY = re.compile(
    r"((dinas|badan|kecamatan|kec|sekretariat|rumah sakit|satuan polisi|kantor)[\s.]+(?!dan\b)\w|(din(kes|sos|dik)|"
    r"dis(dik|kes|hub|pora|kominfo|perindag|perkim|nak|dag|par|pertan|tan|kan|but|buk|pus|duk)\w*|bappe\w+|bapenda|"
    r"bk(d|psdm|pp|ad)|bp(bd|kad|kd)|kesbang\w*|dp\w{2,}|set(da|wan)|inspektorat|rsud|satpol)\b)", re.IGNORECASE)
_BELOW = re.compile(
    r"(kelurahan|kel|puskesmas|pkm|bagian|bidang|uptd?|sd|sdn|smp|smpn|tk|sekolah)[\s.]+(?!dan\b)\w", re.IGNORECASE)
_IN_PATH = re.compile(rf"(?<![^\W_]){_AGENCY.pattern}", re.IGNORECASE)
#: What follows an agency in the name of a file: a period, what is in it, which version.
_REST = re.compile(
    r"[\s.,()\[\]-]+(\d|triw|semester|rekap|e?-?kinerja|e?nilai|penilaian|predikat|((tw|trw|smt)\s?[\divx]*|tahun|thn|per|periode|bulan|"
    r"jan(uari)?|feb(ruari)?|mar(et)?|apr(il)?|mei|jun[ei]?|jul[iy]?|agu(stus)?|ags|sep(tember)?|okt(ober)?|nov(ember)?|"
    r"des(ember)?|skp|data|final|fix|rev|revisi|copy|salinan|umpan)\b).*", re.IGNORECASE)
_SENDER = re.compile(r"bk(d|psdm|pp)\b.+", re.IGNORECASE)  # who collects, and what is in the file
_EXCEL = 31  #: letters a sheet's name may have
_RATED = ("ekinerja", "legacy", "ratings", "wide", "appraisals")
_WHOSE = {"ratings": "ratee", "appraisals": "person", "employees": "person"}


def named(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return "unit" or "opd" and the name that a row of cells tells with its label.

    >>> named(["UNIT KERJA", ": Dinas A"]), named(["Perangkat Daerah : Badan B"]), named(["Unor : ALL"])
    (('unit', 'Dinas A'), ('opd', 'Badan B'), None)
    """
    pairs = [f"{a} {b}" for a, b in pairwise(cells) if a.endswith(":") or b.startswith(":")]
    for text in (*cells, *pairs):
        for name, form in _TOLD.items():
            if found := form.match(text):
                return name, " ".join(found[1].split())
    return None


def above(block: Block) -> dict[str, tuple[str, str]]:
    """Return what is told above the header: "unit" or "opd" -> the first name and its cell."""
    found: dict[str, tuple[str, str]] = {}
    for _, row in groupby(block.preamble, lambda entry: re.sub(r"^\D*", "", entry[0])):
        cells = list(row)
        texts = [text for _, text in cells]
        alone = [" : ".join(texts)] if len(texts) == 2 and squashed(texts[1]) not in KNOWN_NAMES else []
        if told := named(texts) or named(alone):
            found.setdefault(told[0], (told[1], cells[0][0]))
    return found


def untold(layout: Layout) -> bool:
    """Tell whether a layout has no column (and no constant) for unit and agency but could."""
    have = {*layout.names.values(), *(layout.mapping.constants if layout.mapping else ())}
    return have.isdisjoint(PLACES) and table_of(layout.kind) in _WHOSE


def between(block: Block, layout: Layout, rows: np.ndarray, stray: np.ndarray) -> list[int]:
    """Return the rows among ``stray`` that tell the unit of those below ("UNIT KERJA : Dinas A"), noted in ``parts``.

    None where a column tells it, or where the rows above the first such row would have no unit.
    """
    if not untold(layout):
        return []
    columns_ = [block.cells(i) for i in range(len(block.header))]
    for row in stray.tolist():
        cells = [str(c.distinct[c.codes[row]]) for c in columns_ if c.codes[row] >= 0]
        if told := named(cells):
            block.parts[row] = told
    rest = rows[~np.isin(rows, stray)]
    if block.parts and len(rest) and min(block.parts) > rest[0] and not above(block):
        block.parts.clear()
    return list(block.parts)


def by_sheets(tables: Sequence[tuple[Block, Layout]]) -> None:
    """Put down the agency that each sheet's name tells, where several sheets of one kind have no column for it.

    Most of them must be called like agencies or units; the names of the others ("Rekap", "TW I") are left.
    """
    open_ = [block for block, layout in tables if untold(layout)]
    like = [b for b in open_ if _AGENCY.match(b.sheet_name.strip()) or _BELOW.match(b.sheet_name.strip())]
    if len(like) < 2 or len(like) <= len(open_) / 2:
        return
    for block in like:
        name = block.sheet_name.strip()
        whole = (t for _, t in block.preamble if len(name) >= _EXCEL - 1 and fold(t).startswith(fold(name)))
        block.agency = ("unit" if _BELOW.match(name) else "opd", next(whole, name))


def by_files(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the agency (or unit) that each file's name tells, or else the folder it lies in.

    Most of the files must be called like agencies or units, and not all like the same one.

    >>> found = by_files(["penilaian_dinas_sosial_TW1_2025.xlsx", "Puskesmas A - 2025.xlsx", "rekap.xlsx"])
    >>> list(found.values()), by_files(["BKD 1.csv", "BKD 2.csv"])
    ([('opd', 'dinas sosial'), ('unit', 'Puskesmas A')], {})
    >>> by_files(["Dinas A/x.csv", "Dinas B/x.csv"])["Dinas B/x.csv"]
    ('opd', 'Dinas B')
    """
    for up in range(max((name.count("/") for name in names), default=0) + 1):
        parts = {n: n.rpartition(".")[0].split("/")[-1 - up] for n in names if n.count("/") >= up}
        told = {n: found for n, part in parts.items() if (found := _in_name(part)) is not None}
        spelled: dict[str, tuple[str, str]] = {}
        for found in told.values():
            spelled.setdefault(fold(found[1]), found)
        if len(spelled) > 1 and len(told) > len(names) / 2:
            return {n: spelled[fold(found[1])] for n, found in told.items()}
    return {}


def _in_name(part: str) -> tuple[str, str] | None:
    text = " ".join(part.replace("_", " ").split())
    below = _BELOW.match(text)
    if (found := below or _IN_PATH.search(text)) is None:
        return None
    name = _REST.sub("", text[found.start() :]).rstrip(" -.,(")
    return None if _SENDER.match(name) else ("unit" if below else "opd", name)


def fill(session: Session, block: Block, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with unit and agency of rows that tell none; what a column could have told is noted."""
    title, known = above(block), {c.name for c in columns(table)}
    if "opd" in title and "opd" in known:
        opd = pd.Series(title["opd"][0], index=frame.index, dtype="str")
        bare = not {*PLACES} & {*frame}
        frame = frame.assign(opd=frame["opd"].fillna(opd) if "opd" in frame else opd)
        if not bare:
            return frame
    elif not known.issuperset(PLACES) or {*PLACES} & {*frame} or table == "units":
        return frame
    starts, agency = sorted(block.parts), block.agency if block.agency[1] else session.agencies.get(block.file_name)
    at = np.searchsorted(starts, frame.index.to_numpy())
    found: dict[str, pd.Series] = {}
    for name in PLACES:
        own = [block.parts[row] for row in starts]
        told = [title.get(name, ("", ""))[0], *(value if n == name else "" for n, value in own)]
        told = [agency[1] if name == agency[0] else ""] if agency and not any(told) and not title else told
        if any(told):
            found[name] = pd.Series(np.array(told, dtype=object)[at if len(told) > 1 else at * 0], index=frame.index)
    if found:
        names = list(dict.fromkeys(v for s in found.values() for v in s if v))
        cells = [*(c for _, c in title.values()), *block.address(starts, 0)]
        shown = '", "'.join(session.log.masked(block, v) for v in names[:12]) + (", …" if len(names) > 12 else "")
        session.log.on("N306", block, cells, names=shown, n=len(frame))
    return frame.assign(**{name: s.replace("", None).astype("str") for name, s in found.items()})


def nowhere(session: Session, tables: dict[str, pd.DataFrame]) -> None:
    """Warn of each sheet of ratings none of whose people has a unit or agency anywhere.

    Fewer people than a printed number needs are no matter: no table of theirs by unit could be printed.
    """
    frames = [tables[t][[p, *PLACES, "_b"]].set_axis(["person", *PLACES, "_b"], axis=1) for t, p in _WHOSE.items()]
    told = pd.concat([*frames, *(f.reindex(columns=["person", *PLACES]) for f in session.told)])
    known = told.loc[told["unit"].notna() | told["opd"].notna(), "person"].unique()
    every = pd.concat(frames).dropna(subset="person")
    rated = [number for number, layout in enumerate(session.layouts) if layout.kind in _RATED]
    bare = every[every["_b"].isin(rated) & ~every["_b"].isin(every.loc[every["person"].isin(known), "_b"])]
    if bare["person"].nunique() >= session.config.disclosure["persons"]:
        for number in bare["_b"].unique():
            session.log.on("W515", session.blocks[int(number)])
