"""Builds input files by hand, in the layouts that really arrive, and judges what the readers say of them.

A family is a file with ``CASES``: tuples (name, build, code, cells, words[, options]). ``cells`` and ``words`` are
worked out by hand from how the file is built, never taken from the reader. Every case goes through ``judge``.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import coordinate_to_tuple, get_column_letter

from kinerja_analysis.base.config import AuditConfig, MappingConfig, RegionConfig
from kinerja_analysis.base.errors import InputRefused, Problem
from kinerja_analysis.read import CheckReport, check, read

EKINERJA = ("nip", "nama", "tahun_skp", "periode_akhir_skp", "skp_unor", "skp_unor_induk", "skp_jabatan",
            "is_skp_plt_plh_pjb", "golru", "jenis_pegawai", "hasil_kerja", "perilaku_kerja", "hasil_akhir",
            "pegawai_atasan_nip", "pegawai_atasan_nama", "waktu_dinilai")  # fmt: skip
LONG = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai",
        "skala_min", "skala_maks", "waktu")  # fmt: skip
WIDE = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "skala_min", "skala_maks", "Disiplin",
        "Kerja Sama")  # fmt: skip
SESUAI, DIATAS, DIBAWAH = "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI", "DIBAWAH EKSPEKTASI"
TITLE = "Laporan Penilaian SKP Periode Tahunan Tahun 2025"
AGENCY = "Instansi Pemerintah Kab. Contoh"


def nip(serial: int, sex: int = 1) -> str:
    """A NIP that cannot exist (born 1905)."""
    return f"19050{1 + serial % 9}{10 + serial % 18}201003{sex}{serial:03d}"


class Make:
    """Writes files below a folder."""

    config = AuditConfig(regions={"98.01": RegionConfig(name="Kabupaten Contoh")})
    nip = staticmethod(nip)
    ekinerja_header = EKINERJA
    long_header = LONG
    wide_header = WIDE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def people(self, n: int = 6) -> list[list[Any]]:
        """e-Kinerja rows: half of them under each of two supervisors."""
        rows = []
        for i in range(1, n + 1):
            boss = nip(900 + i % 2, 2)
            level = DIATAS if i == 1 else SESUAI
            rows.append([
                nip(i), f"Pegawai {i}", "2025", "2025-12-31", f"Unit {i % 2}", "Dinas Contoh", f"Staf {i}", "0",
                "III/d",
                "pns", level, SESUAI, "BAIK", boss, f"Atasan {i % 2}", f"2025-12-30 10:{i:02d}:00",
            ])  # fmt: skip
        return rows

    def preamble(self, n: int = 6) -> list[list[str]]:
        """n lines above the header; the title and the agency are always among them when n ≥ 2."""
        lines = [TITLE, AGENCY, "Periode : Tahunan", "Unor Induk : ALL", "Unor : ALL",
                 "Data ditarik pada : 9/1/2026 09.15.00"]  # fmt: skip
        return [[t] for t in lines[:n]] + [[] for _ in range(max(0, n - len(lines)))]

    def workbook(
        self,
        rows: Sequence[Sequence[Any]],
        name: str = "penilaian.xlsx",
        *,
        sheet: str = "Data",
        start: str = "A1",
        edit: dict[str, Any] | None = None,
        more: dict[str, Sequence[Sequence[Any]]] | None = None,
        hidden: str = "",
    ) -> Path:
        """Write rows as a workbook from cell ``start`` on; ``edit`` overwrites cells; ``more`` are further sheets."""
        book = openpyxl.Workbook()
        top, left = coordinate_to_tuple(start)
        for title, content in {sheet: rows, **(more or {})}.items():
            page = book.active if title == sheet else book.create_sheet(title)
            page.title = title
            for i, row in enumerate(content):
                for j, value in enumerate(row):
                    if value is not None:
                        page.cell(top + i, left + j, value)
            if title == hidden:
                page.sheet_state = "hidden"
        for address, value in (edit or {}).items():
            book[sheet][address] = value
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        book.save(place)
        return place

    def ekinerja(self, rows: Sequence[Sequence[Any]] | None = None, *, lines: int = 6, header: Sequence[str] = EKINERJA,
                 **options: Any) -> Path:  # fmt: skip
        """Write an e-Kinerja workbook; without rows six people; the header stands in row ``lines`` + 1."""
        rows = self.people() if rows is None else rows
        return self.workbook([*self.preamble(lines), list(header), *rows], **options)

    def cell(self, column: str, person: int, lines: int = 6) -> str:
        """Address of a column's cell of the n-th person in the default e-Kinerja workbook."""
        return f"{get_column_letter(EKINERJA.index(column) + 1)}{lines + 1 + person}"

    def scores(self) -> list[list[Any]]:
        """Long 360 rows: two ratees, by supervisor, a peer and themselves, one criterion."""
        rows = []
        for ratee, value in ((1, "80"), (2, "90")):
            for rater, role in ((900, "ATASAN"), (3 - ratee, "REKAN"), (ratee, "DIRI")):
                who = nip(rater, 2) if rater == 900 else nip(rater)
                rows.append(["2025", "98.01", nip(ratee), who, role, "Unit 1", "Disiplin", value, "0", "100",
                             "2025-12-01 08:00:00"])  # fmt: skip
        return rows

    def pairs(self) -> list[list[Any]]:
        """Wide 360 rows: as ``scores`` with two criteria."""
        return [[*r[:5], 0, 100, float(r[7]), 70.0] for r in self.scores()]

    def text(self, rows: Sequence[Sequence[Any]], name: str = "nilai.csv", *, separator: str = ";",
             encoding: str = "utf-8", ending: str = "\n") -> Path:  # fmt: skip
        """Write rows as a text table."""
        body = "\n".join(separator.join(str(v) for v in row) for row in rows) + ending
        return self.raw(body.encode(encoding), name)

    def raw(self, data: bytes, name: str) -> Path:
        """Write bytes."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    def edited(self, column: str, person: int, value: Any) -> Path:
        """The default e-Kinerja workbook with one cell replaced."""
        return self.ekinerja(edit={self.cell(column, person): value})

    def renamed(self, old: str, new: str | None) -> Path:
        """The default e-Kinerja workbook with one header replaced, or one column left out."""
        keep = [i for i, h in enumerate(EKINERJA) if h != old or new is not None]
        header = [str(new) if EKINERJA[i] == old else EKINERJA[i] for i in keep]
        return self.ekinerja([[row[i] for i in keep] for row in self.people()], header=header)

    def long_rows(self, *changes: tuple[str, int, Any]) -> list[list[Any]]:
        """``scores`` with cells replaced: (column, row from 1, value)."""
        rows = self.scores()
        for column, row, value in changes:
            rows[row - 1][LONG.index(column)] = value
        return rows

    def long(self, *changes: tuple[str, int, Any], **options: Any) -> Path:
        """``long_rows`` as a text table; row n stands on line n + 1."""
        return self.text([LONG, *self.long_rows(*changes)], **options)

    def long_book(self, *changes: tuple[str, int, Any], **options: Any) -> Path:
        """``long_rows`` as a workbook; row n stands in row n + 1."""
        return self.workbook([LONG, *self.long_rows(*changes)], **options)

    def wide(self, edit: dict[str, Any] | None = None, **options: Any) -> Path:
        """``pairs`` as a workbook, header in row 1, cells replaced."""
        return self.workbook([WIDE, *self.pairs()], edit=edit, **options)

    def member(self, name: str, change: bytes | Callable[[bytes], bytes], source: Path | None = None) -> Path:
        """A workbook with one part replaced, changed or added."""
        source = source or self.ekinerja(name="asal.xlsx")
        with zipfile.ZipFile(source) as old:
            parts = {info.filename: old.read(info) for info in old.infolist()}
        source.unlink()
        parts[name] = change if isinstance(change, bytes) else change(parts[name])
        target = self.folder / "penilaian.xlsx"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for part, data in parts.items():
                new.writestr(part, data)
        return target

    def cached(self, cell: str, formula: str, value: str, kind: str = "str", source: Path | None = None) -> Path:
        """A workbook with a formula and its stored result, as Excel writes them."""
        new = f'<c r="{cell}" t="{kind}"><f>{formula}</f><v>{value}</v></c>'.encode()
        pattern = re.compile(rb'<c r="' + cell.encode() + rb'"[^>]*?(?:/>|>.*?</c>)')

        def change(part: bytes) -> bytes:
            part, n = pattern.subn(new, part)
            assert n == 1
            return part

        return self.member("xl/worksheets/sheet1.xml", change, source)

    @staticmethod
    def mapping(**values: Any) -> MappingConfig:
        """A declared mapping."""
        return MappingConfig(**values)

    @staticmethod
    def value(path: Path, sheet: str, address: str) -> Any:
        """The value another reader finds at an address."""
        book = openpyxl.load_workbook(path)
        return book[sheet][address].value


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A builder of input files."""
    return Make(tmp_path / "masukan")


# ---------------------------------------------------------------- cases and their judge

NAMES = re.compile(r"\d{15,}|Pegawai \d|Atasan \d|Siti|Budi|@", re.IGNORECASE)
PLACE = re.compile(r"\{[a-z_]+(:n)?\}")
MASKED = ("", "•••")
TITLES = ("KA-E501", "KA-E502", "KA-E503", "KA-E504", "KA-E506", "KA-W503")
HEADERS = ("KA-E301", "KA-E303", "KA-E314", "KA-E315", "KA-N301", "KA-N302", "KA-N305", "KA-W303", "KA-W308")


class Case(NamedTuple):
    """One damaged input and what must be said of it.

    ``cells`` are all addresses of the code; ``words`` "Indonesian|English" must stand in the repair (or the
    sentence); ``also`` lists other codes that may come with it (of any severity); ``nearest`` is the value proposed;
    ``seen`` what the cell holds where the report tells something derived from it; ``mixed`` that the cells of one
    problem hold different values, of which the report shows the first; ``config`` changes the
    configuration; ``holds`` looks at the tables where the input is accepted.
    """

    name: str
    build: Callable[[Make], Any]
    code: str
    cells: str | tuple[str, ...] = ""
    words: str = ""
    also: tuple[str, ...] = ()
    nearest: str = ""
    seen: str = ""
    mixed: bool = False
    file: str = ""
    sheet: str | None = None
    region: str | None = None
    year: int | None = None
    config: dict[str, Any] | None = None
    holds: Callable[[Any], bool] | None = None
    xfail: str = ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every case of a family's ``CASES`` to its test."""
    if "case" in metafunc.fixturenames:
        cases = [Case(*row[:5], **(row[5] if len(row) > 5 else {})) for row in metafunc.module.CASES]
        marks = [[pytest.mark.xfail(strict=True, reason=c.xfail)] if c.xfail else [] for c in cases]
        params = [pytest.param(c, id=c.name, marks=m) for c, m in zip(cases, marks, strict=True)]
        metafunc.parametrize("case", params)


@pytest.fixture
def judge(make: Make) -> Callable[[Case], None]:
    """The one runner of all cases."""

    def run(case: Case) -> None:
        source = case.build(make)
        config = make.config.model_copy(update=case.config or {})
        options = {"region": case.region, "year": case.year, "config": config}
        report = check(source, **options)
        _code_and_cells(report, case)
        _words(report, case)
        _addresses(source, report, case)
        for text in (report.summary("id"), report.summary("en"), _json(report, make)):
            assert not NAMES.search(text), NAMES.search(text)
        if report.ok:
            tables = read(source, **options)
            assert case.holds is None or case.holds(tables)
        else:
            with pytest.raises(InputRefused) as refused:
                read(source, **options)
            assert [p.code for p in refused.value.problems] == [p.code for p in report.problems]

    return run


def _code_and_cells(report: CheckReport, case: Case) -> None:
    told = [(p.code, p.cell, *p.others) for p in report.problems]
    assert report.ok == (not any(p.severity == "error" for p in report.problems))
    assert {p.code for p in report.problems} <= {*case.also, case.code}, told
    assert report.ok == (case.code[3:4] != "E"), told
    if not case.code:
        return
    found = [p for p in report.problems if p.code == case.code]
    cells = (case.cells,) if isinstance(case.cells, str) else case.cells
    assert found, told
    assert {c for p in found for c in (p.cell, *p.others)} == set(cells), told
    assert case.file in ("", found[0].file) and case.sheet in (None, found[0].sheet), found


def _words(report: CheckReport, case: Case) -> None:
    for p in report.problems:
        for lang in ("id", "en"):
            texts = p.text(lang), p.text(lang, "repair")
            assert all(len(t) > 10 and not PLACE.search(t) for t in texts) and p.code in report.summary(lang)
            assert all(c in report.summary(lang) for c in [p.cell] if " " not in c)
        assert p.text("id") != p.text("en") and p.text("id", "repair") != p.text("en", "repair")
    if not case.code:
        return
    own = [p for p in report.problems if p.code == case.code]
    assert case.words.count("|") == 1, "a case says which words of the repair the user needs, in both languages"
    for lang, word in zip(("id", "en"), case.words.split("|"), strict=True):
        assert word and any(word in p.text(lang, "repair") for p in own), [p.text(lang, "repair") for p in own]
        assert case.nearest in report.summary(lang)
    if case.nearest:
        assert case.nearest in [p.params.get("nearest") for p in own]


def _json(report: CheckReport, make: Make) -> str:
    frames = "".join(report.to_frame(lang).to_csv() for lang in ("id", "en"))
    make.folder.mkdir(exist_ok=True)
    place = report.save(make.folder.parent / "masalah.json")
    listed = json.loads(place.read_text(encoding="utf-8"))["problems"]
    assert [row["kode"] for row in listed] == [p.code for p in report.problems]
    return frames + json.dumps(listed, ensure_ascii=False) + report.mapping("id")


def _addresses(source: Any, report: CheckReport, case: Case) -> None:
    """Open the original with another reader: every address holds what the report says is there."""
    for p in report.problems:
        shown = p.column if p.code in HEADERS else p.value
        path = _file(source, p)
        if path is None or not p.cell or (not p.column and shown in MASKED):
            continue
        for cell in (p.cell, *p.others):
            texts, above = _held(path, p.sheet, cell)
            told = case.seen if case.seen and p.code == case.code else shown
            if case.mixed and cell != p.cell:
                assert all(t not in (None, "") for t in texts)
                continue
            inside = p.code in TITLES or path.suffix.startswith(".json") or told == case.seen
            assert told in MASKED or any(_same(told, t, inside) for t in texts), (p.code, cell, told, texts)
            if above and p.column and p.code != "KA-E302":
                assert any(_same(p.column, t, False) for t in above), (p.code, cell, p.column)


def _file(source: Any, problem: Problem) -> Path | None:
    places = source if isinstance(source, list) else [source]
    for place in (p for p in places if isinstance(p, Path)):
        path = place / problem.file if place.is_dir() else place
        if path.name == Path(problem.file).name and path.is_file():
            return path
    return None


def _same(told: str, held: Any, inside: bool) -> bool:
    """Whether a cell holds what is told: as text (``inside`` a longer one, as in a title), or as the same number."""
    held = held.isoformat().removesuffix("T00:00:00") if hasattr(held, "month") else held
    text, told = _folded(str(held)), _folded(told)
    if told == text or (inside and told in text):
        return True
    try:
        return float(told.replace(",", ".")) == float(text.replace(",", "."))
    except ValueError:
        return False


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[_\ufeff]|-(?=[a-z])", " ", text.casefold()).split())


def _held(path: Path, sheet: str, cell: str) -> tuple[list[Any], list[Any]]:
    """What stands at an address (a whole line in text files), and what stands above it in its column."""
    word, _, number = cell.partition(" ")
    if path.suffix in (".xlsx", ".xlsm"):
        page = openpyxl.load_workbook(path, data_only=True)[sheet]
        row, column = coordinate_to_tuple(cell)
        return [page.cell(row, column).value], [page.cell(i, column).value for i in range(1, row + 1)]
    if path.suffix in (".csv", ".txt", ".tsv"):
        return _line(path, int(number)), []
    if path.suffix == ".json" and word == "butir":
        record = list(_records(json.loads(path.read_text(encoding="utf-8-sig"))))[int(number) - 1]
        return [json.dumps(record, ensure_ascii=False)], []
    if path.suffix == ".parquet":
        return list(pd.read_parquet(path).iloc[int(number) - 1]), []
    if path.suffix == ".db":
        with sqlite3.connect(path) as base:
            return list(base.execute(f'select * from "{sheet}"').fetchall()[int(number) - 1]), []
    return [path.read_text(encoding="utf-8").split("\n")[int(number) - 1]], []


def _line(path: Path, number: int) -> list[Any]:
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    delimiter = max(";,\t|", key=text.count)
    reader, start = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 0
    for row in reader:
        if start < number <= reader.line_num:
            return row
        start = reader.line_num
    return []


def _records(body: Any) -> Iterator[dict[str, Any]]:
    if isinstance(body, list):
        for item in body:
            yield from _records(item)
    elif isinstance(body, dict):
        inner = [v for v in body.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        yield from _records(inner[0]) if inner else [body]
