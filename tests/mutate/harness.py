"""Change one cell of a valid file, read it, and see: the problem list names that cell, or the table holds the value.

``python tests/mutate/harness.py [N] [SEED]`` (``make mutate``) makes N mutations with a fresh seed and writes
``tests/mutate/mutate.csv``. What a cell should become is worked out here, not by the readers.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hmac
import io
import re
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils import get_column_letter

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.read import read
from kinerja_analysis.simulate import simulate

sys.path.insert(0, str(Path(__file__).parent))
from operators import EMPTY, OPERATORS, Cell, Raw

OPEN_KEY = b"kinerja-analysis: kunci demo terbuka, hanya untuk NIP yang mustahil"
ROWS = 24
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
#: rules that compare cells: they may name another cell of the same row
ACROSS = {"W202", "W204", "W205", "E507", "E508", "E509", "W502", "W504", "N501", "E502", "E506", "E204", "E212",
          "W206", "W402", "W403", "E403", "N509", "E514"}  # fmt: skip
#: header -> (table, our column, kind of value); an unlisted column is not taken in
COLUMNS: dict[str, list[tuple[str, str, str]]] = {
    "nip": [("appraisals", "person", "id"), ("employees", "person", "id"), ("achievements", "person", "id")],
    "tahun_skp": [("appraisals", "year", "year")], "tahun": [("employees", "year", "year")],
    "skp_unor": [("appraisals", "unit", "text")], "skp_unor_induk": [("appraisals", "opd", "text")],
    "skp_jabatan": [("appraisals", "post", "text")], "is_skp_plt_plh_pjb": [("appraisals", "acting", "flag")],
    "hasil_kerja": [("ratings", "hasil_kerja", "rating")], "perilaku_kerja": [("ratings", "perilaku_kerja", "rating")],
    "hasil_akhir": [("appraisals", "predikat", "predikat")],
    "pegawai_atasan_nip": [("appraisals", "supervisor", "id")], "waktu_dinilai": [("appraisals", "rated_at", "time")],
    "periode": [(t, "period", "period") for t in ("ratings", "achievements", "units")],
    "wilayah": [(t, "region", "region") for t in ("ratings", "employees", "achievements", "units")],
    "nip_dinilai": [("ratings", "ratee", "id")], "nip_penilai": [("ratings", "rater", "id")],
    "peran_penilai": [("ratings", "source", "source")], "dimensi": [("ratings", "criterion", "criterion")],
    "nilai": [("ratings", "score", "number")], "skala_min": [("ratings", "scale_min", "number")],
    "skala_maks": [("ratings", "scale_max", "number")], "waktu": [("ratings", "rated_at", "time")],
    "unor": [(t, "unit", "text") for t in ("ratings", "employees", "units")],
    "opd": [(t, "opd", "text") for t in ("ratings", "employees", "units")],
    "jenis_jabatan": [("employees", "position_type", "text")], "golongan": [("employees", "grade", "text")],
    "jenis_pegawai": [("employees", "employment", "employment")], "jenis_kelamin": [("employees", "sex", "sex")],
    "kelompok_usia": [("employees", "age_band", "text")], "nip_atasan": [("employees", "supervisor", "id")],
    "asal": [("employees", "asal", "text")], "indikator": [("achievements", "indicator", "text")],
    "aspek": [("achievements", "aspect", "fold")], "target": [("achievements", "target", "number")],
    "realisasi": [("achievements", "realised", "number")], "arah": [("achievements", "direction", "direction")],
    "bobot": [("achievements", "weight", "number")], "diukur_oleh": [("achievements", "measured_by", "measured")],
    "predikat_organisasi": [("units", "org_rating", "org")], "nip_pimpinan": [("units", "leader", "id")],
}  # fmt: skip
PATTERNS = (
    "mamuju/penilaian_skp_2025.xlsx", "kuranji/penilaian_skp_2025_tw2.xlsx", "salor/penilaian_360_2025.xlsx",
    "batanghari/penilaian_360_2025.xlsx", "mamuju/penilaian_360_2025.csv", "salor/pegawai_2025.csv",
    "salor/unit_2025.csv", "batanghari/capaian_2025.xlsx",
)  # fmt: skip
WORDS = {
    "rating": {"DIATASEKSPEKTASI": 3.0, "DIATAS": 3.0, "SESUAIEKSPEKTASI": 2.0, "SESUAI": 2.0, "DIBAWAHEKSPEKTASI": 1.0,
               "DIBAWAH": 1.0},
    "predikat": {"SANGATBAIK": "SANGAT BAIK", "SB": "SANGAT BAIK", "BAIK": "BAIK", "B": "BAIK", "KURANG": "KURANG",
                 "K": "KURANG", "BUTUHPERBAIKAN": "BUTUH PERBAIKAN", "BP": "BUTUH PERBAIKAN",
                 "CUKUP": "BUTUH PERBAIKAN", "SANGATKURANG": "SANGAT KURANG", "SK": "SANGAT KURANG",
                 "KURANGMISCONDUCT": "KURANG"},
    "org": {"ISTIMEWA": "ISTIMEWA", "SANGATBAIK": "ISTIMEWA", "BAIK": "BAIK", "B": "BAIK", "KURANG": "KURANG",
            "K": "KURANG", "BUTUHPERBAIKAN": "BUTUH PERBAIKAN", "BP": "BUTUH PERBAIKAN", "CUKUP": "BUTUH PERBAIKAN",
            "SANGATKURANG": "SANGAT KURANG", "SK": "SANGAT KURANG"},
    "source": {"ATASAN": "supervisor", "DIRI": "self", "DIRISENDIRI": "self", "REKAN": "peer", "REKANKERJA": "peer",
               "BAWAHAN": "subordinate", "LAINNYA": "other"},
    "employment": {"PNS": "pns", "CPNS": "pns", "PPPK": "pppk", "PPPKPARUHWAKTU": "pppk_paruh_waktu"},
    "sex": {"L": "male", "P": "female", "M": "male", "F": "female", "LK": "male", "PR": "female"},
    "direction": {"NAIK": "higher", "TURUN": "lower"},
    "measured": {"PENILAI": "rater", "ATASAN": "rater", "LAINNYA": "other", "LAIN": "other"},
}  # fmt: skip


@dataclass(slots=True)
class Book:
    """A small valid file: its lines above the header, header and rows, and what reading it gave."""

    name: str
    rows: list[list[Any]]
    header: int
    separator: str
    config: AuditConfig
    tables: Tables = field(default_factory=Tables)

    @property
    def is_text(self) -> bool:
        """Whether it is a text file."""
        return bool(self.separator)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation: ``named``, ``row`` (a rule across cells named its row), ``equal``, ``unused``,
    ``neither`` (the value is lost or changed in silence) or ``crash``."""

    file: str
    operator: str
    place: str
    column: str
    before: str
    after: str
    verdict: str
    codes: str


def books(seed: int, folder: Path) -> list[Book]:
    """Write a demo, keep a few rows of one file of each layout, and read each alone."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a demo this small has empty groups
        simulate(seed=seed, size=0.03).write(folder / "demo")
    config = AuditConfig.read(folder / "demo" / "kinerja.toml")
    found = []
    for pattern in PATTERNS:
        place = folder / "demo" / pattern
        rows, separator = _rows(place)
        names = [h for h in COLUMNS if h != "nip"] + ["nip"]
        header = next(i for i, row in enumerate(rows) if {"nip", "nip_dinilai", "nip_pimpinan"} & set(row) & set(names))
        book = Book(pattern.replace("/", "_"), rows[: header + 1 + ROWS], header, separator, config)
        write(book, book.rows, folder / book.name)
        book.tables = read(folder / book.name, config=config)
        found.append(book)
    return found


def _rows(place: Path) -> tuple[list[list[Any]], str]:
    if place.suffix == ".csv":
        text = place.read_text(encoding="utf-8")
        separator = ";" if ";" in text.split("\n", 1)[0] else ","
        return list(csv.reader(io.StringIO(text), delimiter=separator)), separator
    sheet = openpyxl.load_workbook(place).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)], ""


def write(book: Book, rows: list[list[Any]], place: Path) -> None:
    """Write rows as the book's kind of file."""
    if book.is_text:
        place.write_text("".join(_line(row, book.separator) for row in rows), encoding="utf-8", newline="")
        return
    out = openpyxl.Workbook()
    sheet = out.active
    for i, row in enumerate(rows, 1):
        for j, value in enumerate(row, 1):
            if value is not None:
                sheet.cell(i, j, value)
    out.save(place)


def _line(row: list[Any], separator: str) -> str:
    parts, glue = [], []
    for value in row:
        raw = isinstance(value, Raw)
        text = value.text if raw else "" if value is None else str(value)
        glue.append("" if raw and text == "\0" else separator)
        if not raw and re.search(rf'[\n\r"{re.escape(separator)}]', text):
            text = '"' + text.replace('"', '""') + '"'
        parts.append("" if text == "\0" else text)
    return "".join(p + g for p, g in zip(parts[:-1], glue[:-1], strict=True)) + parts[-1] + "\n"


def mutations(books_: list[Book], n: int, rng: Random) -> Iterator[tuple[Book, str, int, int, Any]]:
    """Yield a book, an operator's name, a place (row, column) and the new value."""
    names = sorted(OPERATORS)
    while n:
        book, name = rng.choice(books_), rng.choice(names)
        part = rng.random()
        low, high = book.header + 1, len(book.rows)
        if part < 0.06:
            low, high = book.header, book.header + 1
        elif part < 0.12 and book.header:
            low, high = 0, book.header
        i = rng.randrange(low, high)
        places = [j for j, v in enumerate(book.rows[i]) if v is not None or i > book.header]
        if not places:
            continue
        j = rng.choice(places)
        value = book.rows[i][j]
        column = [row[j] for row in book.rows[book.header + 1 :] if j < len(row)]
        new = OPERATORS[name](Cell(value, book.rows[i], column, book.is_text, book.separator), rng)
        if new is None or (new is not EMPTY and type(new) is type(value) and new == value):
            continue
        n -= 1
        yield book, name, i, j, None if new is EMPTY else new


def judge(book: Book, name: str, i: int, j: int, new: Any, folder: Path) -> Outcome:
    """Read the changed file and say what became of the cell."""
    rows = [list(row) for row in book.rows]
    rows[i][j] = new
    place = folder / book.name
    write(book, rows, place)
    before = rows[book.header][j] if i == book.header else book.rows[i][j]
    label = str(book.rows[book.header][j]) if j < len(book.rows[book.header]) else ""
    facts = (book.name, name, f"{get_column_letter(j + 1)}{i + 1}", label, repr(before)[:60],
             repr(new.text if isinstance(new, Raw) else new)[:60])  # fmt: skip
    try:
        tables = read(place, config=book.config)
        problems = tables.problems
    except InputRefused as refused:
        tables, problems = None, refused.problems
    except Exception as error:
        return Outcome(*facts, "crash", type(error).__name__)
    codes = " ".join(sorted({p.code[3:] for p in problems}))
    lines = _first_lines(rows, book.separator) if book.is_text else {}
    if _named(book, problems, i, j, label, lines):
        return Outcome(*facts, "named", codes)
    if i < book.header and {"E510", "E505"} & set(codes.split()):
        return Outcome(*facts, "row", codes)  # what the line told is told nowhere now, and that is said
    across = [p for p in problems if p.code[3:] in ACROSS and _in_row({p.cell, *p.others}, i, lines)]
    if across:
        return Outcome(*facts, "row", codes)
    if tables is None:
        return Outcome(*facts, "neither", codes)
    if i == book.header:
        verdict = _same_but(tables, book.tables) or _renamed(tables, book, label, new)
    elif i < book.header:
        verdict = _same_but(tables, book.tables)
    else:
        address = f"1:1:{lines.get(i, i + 1)}"
        verdict = _held(tables, book, rows, i, label, new, address)
    return Outcome(*facts, verdict or "neither", codes)


def _first_lines(rows: list[list[Any]], separator: str) -> dict[int, int]:
    """The line of a text file on which each row begins."""
    found, line = {}, 1
    for i, row in enumerate(rows):
        found[i] = line
        line += _line(row, separator).count("\n")
    return found


def _in_row(cells: set[str], i: int, lines: dict[int, int]) -> bool:
    wanted = str(lines.get(i, i + 1))
    return any(re.sub(r"^\D+", "", c) == wanted for c in cells)


def _named(book: Book, problems: Any, i: int, j: int, label: str, lines: dict[int, int]) -> bool:
    for p in problems:
        cells = {p.cell, *p.others}
        if not book.is_text and f"{get_column_letter(j + 1)}{i + 1}" in cells:
            return True
        if book.is_text and _in_row(cells, i, lines):
            same = p.column.strip() == label.strip() or i <= book.header
            if same or p.code[3:] in ("E114", "E117", "E113", "W103", "E115"):
                return True
        if book.is_text and p.code[3:] in ("E117", "E114") and any(
            int(re.sub(r"\D", "", c) or 0) >= lines[i] for c in cells
        ):
            return True
        if i <= book.header and p.code[3:] in ("E304", "E107"):
            return True
    return False


def _frames(tables: Tables) -> dict[str, pd.DataFrame]:
    return {n: getattr(tables, n).drop(columns="row") for n in TABLES}


def _same_but(tables: Tables, other: Tables) -> str:
    pairs = zip(_frames(tables).values(), _frames(other).values(), strict=True)
    return "unused" if all(a.equals(b) for a, b in pairs) else ""


def _renamed(tables: Tables, book: Book, label: str, new: Any) -> str:
    """A criterion or an attribute under its new name, everything else as it was."""
    fresh = "_".join(re.sub("[-_\xa0]", " ", str(new).translate(INVISIBLE)).lower().split())
    old = "_".join(label.replace("_", " ").lower().split())
    ratings = book.tables.ratings.assign(criterion=book.tables.ratings["criterion"].replace({old: fresh}))
    employees = book.tables.employees.rename(columns={old: fresh})
    same = tables.ratings.drop(columns="row").equals(ratings.drop(columns="row"))
    got = tables.employees
    return "equal" if same and (got.equals(book.tables.employees) or got.equals(employees)) else ""


def _held(tables: Tables, book: Book, rows: list[list[Any]], i: int, label: str, new: Any, address: str) -> str:
    """Tell whether the tables hold the new value at its row."""
    wanted = COLUMNS.get(label)
    held = False
    if wanted is None and label in _criteria(book):
        wanted = [("ratings", "_".join(label.lower().split()), "score")]
    for table, column, kind in wanted or []:
        frame, base = getattr(tables, table), getattr(book.tables, table)
        if not (base["row"] == address).any():
            continue
        mine = frame[frame["row"] == address]
        if kind in ("rating", "score"):
            mine = mine[mine["criterion"] == column]
            base = base[(base["row"] == address) & (base["criterion"] == column)]
            if base.empty and mine.empty:
                continue
            got = mine["score"].iloc[0] if len(mine) else None
        elif mine.empty:
            return "equal" if kind in ("number", "org") and _blank(new) else "neither"
        else:
            got = mine[column].iloc[0] if column in mine else None
        own = column == "rater" and mine["source"].iloc[0] == "self" and got == mine["ratee"].iloc[0]
        if not (_equal(kind, new, got, book, rows[i]) or (_blank(new) and own)):
            return "neither"
        held = True
    return "equal" if held else _same_but(tables, book.tables) or _blank_row(tables, book, label)


def _blank_row(tables: Tables, book: Book, label: str) -> str:
    """A value in a column read for its own sake only (a date that orders two SKP) may change the order, no more."""
    return "unused" if label in ("periode_akhir_skp", "golru", "jenis_pegawai", "skp_jenis_jabatan") else ""


def _criteria(book: Book) -> set[str]:
    known = set(book.tables.ratings["criterion"])
    return {h for h in map(str, book.rows[book.header]) if "_".join(h.lower().split()) in known}


def _blank(value: Any) -> bool:
    value = value.text.strip("\0") if isinstance(value, Raw) else value
    return value is None or str(value).translate(INVISIBLE).replace("\xa0", " ").strip() in ("", "-", "–", "—")


def _equal(kind: str, new: Any, got: Any, book: Book, row: list[Any]) -> bool:
    missing = got is None or got is pd.NA or got is pd.NaT or got != got
    if _blank(new):
        told_elsewhere = kind in ("year", "period", "region", "sex", "employment", "text")
        return bool(missing or got is False or (kind == "flag" and not got) or (told_elsewhere and kind != "text"))
    text = str(int(new)) if isinstance(new, float) and new.is_integer() else str(new)
    text = " ".join(text.translate(INVISIBLE).replace("\xa0", " ").split())
    if kind in WORDS:
        return bool(not missing and WORDS[kind].get(re.sub(r"[^A-Z]", "", text.upper())) == got)
    if kind == "id":
        digits = re.sub(r"[\s\"'’‘`=]", "", text)
        told = "P" + base64.b32encode(hmac.digest(OPEN_KEY, digits.encode(), "sha256")[:10]).decode()[:13]
        return bool(got == told)
    if kind in ("number", "score"):
        wanted = _number(new, text, book)
        return bool(not missing and wanted is not None and abs(wanted - got) <= 1e-14 * abs(got))  # 15 digits of Excel
    if kind == "flag":
        yes, no = ("1", "ya", "y", "true", "yes"), ("0", "tidak", "t", "n", "false", "no")
        return text.lower() in (yes if got else no)
    if kind == "time":
        return any(got == t for t in _times(new, text))
    if kind == "year":
        return bool(text == str(got))
    if kind == "period":
        return bool(got == text or (got == "2025" and re.fullmatch(r"(tahunan|tahun)? ?(2025)?", text.lower())))
    if kind == "region":
        declared = book.config.regions.get(str(got))
        return bool(got == text or not re.fullmatch(r"[\d.]+", text) or (declared and declared.bps == text))
    if kind in ("criterion", "fold"):
        return bool(got == "_".join(re.sub("[-_]", " ", text).lower().split()))
    return bool(got == (text.upper() if isinstance(new, bool) else text))  # Excel shows TRUE, FALSE


def _number(new: Any, text: str, book: Book) -> float | None:
    if isinstance(new, (int, float)) and not isinstance(new, bool):
        return float(new)
    if re.fullmatch(r"[+-]?\d+", text):
        return float(text)
    thousands = re.fullmatch(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", text)
    if thousands and {";": ",", ",": "."}.get(book.separator) != thousands.group(1):
        return None
    if re.fullmatch(r"[+-]?\d*,\d+", text):
        return float(text.replace(",", "."))
    return float(text) if re.fullmatch(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", text) else None


def _times(new: Any, text: str) -> list[pd.Timestamp]:
    if isinstance(new, (dt.datetime, dt.date)):
        return [pd.Timestamp(new)]
    text = text.rstrip(".")
    clock = r"(?:[ T](\d\d?)[:.](\d\d?)(?:[:.](\d\d?))?)?"
    found = re.fullmatch(r"(\d{4})[-/](\d\d?)[-/](\d\d?)" + clock, text)
    day_first = re.fullmatch(r"(\d\d?)[-/](\d\d?)[-/](\d{4})" + clock, text)
    try:
        if found:
            return [pd.Timestamp(*(int(g or 0) for g in found.groups()))]
        if day_first:
            d, m, y, *rest = (int(g or 0) for g in day_first.groups())
            return [pd.Timestamp(y, m, d, *rest)]
    except ValueError:
        pass
    return []


def _batch(arguments: tuple[int, int, int]) -> list[Outcome]:
    demo_seed, seed, n = arguments
    rng = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = books(demo_seed, folder)
        (folder / "now").mkdir()
        return [judge(*m, folder / "now") for m in mutations(found, n, rng)]


def run(n: int, seed: int, jobs: int = 2) -> list[Outcome]:
    """Make ``n`` mutations; the same seed gives the same ones."""
    rng = Random(seed)
    parts = [(rng.randrange(1, 10), rng.randrange(2**31), len(range(k, n, jobs * 4))) for k in range(jobs * 4)]
    parts = [p for p in parts if p[2]]
    if jobs == 1:
        return [o for p in parts for o in _batch(p)]
    with ProcessPoolExecutor(jobs) as pool:
        return [o for found in pool.map(_batch, parts) for o in found]


def main() -> int:
    """Print and write the table; 1 when a mutation was neither named nor held."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(2**31)
    found = run(n, seed)
    verdicts = ("named", "row", "equal", "unused", "neither", "crash")
    by = Counter((o.operator, o.verdict) for o in found)
    lines = [["operator", *verdicts]]
    lines += [[name, *(by[name, v] for v in verdicts)] for name in sorted(OPERATORS)]
    lines += [["all", *(sum(o.verdict == v for o in found) for v in verdicts)]]
    with (Path(__file__).parent / "mutate.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(f"# make mutate: {n} mutations, seed {seed}\n")
        csv.writer(out, lineterminator="\n").writerows(lines)
    print(f"{n} mutations, {len(OPERATORS)} operators, seed {seed}: " + ", ".join(
        f"{v} {sum(o.verdict == v for o in found)}" for v in verdicts))  # fmt: skip
    lost = [o for o in found if o.verdict in ("neither", "crash")]
    for o in lost[:60]:
        print(f"  {o.verdict}: {o.file} {o.place} {o.column}: {o.before} -> {o.after} ({o.operator}) [{o.codes}]")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
