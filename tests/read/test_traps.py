"""Traps found by experiment with other readers: each is closed, with its value or its address as evidence."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.read import check, read

ROOT = Path(__file__).resolve().parents[2]
STAFF = ("tahun", "wilayah", "nip", "unor", "golongan")
GOALS = ("periode", "wilayah", "nip", "indikator", "target", "realisasi")


def errors(report: Any) -> list[tuple[str, str]]:
    return [(p.code, p.cell) for p in report.problems if p.severity == "error"]


def test_an_18_digit_number_of_a_workbook_is_refused_at_its_cell(make: Any) -> None:
    place = make.ekinerja(edit={make.cell("nip", 2): 190501012010011001})
    assert errors(check(place, config=make.config)) == [("KA-E104", "A9")]


def test_a_nip_beside_a_blank_one_keeps_its_digits_in_text(make: Any) -> None:
    rows = [["2025", "98.01", make.nip(1), "U", "III/a"], ["2025", "98.01", "", "U", "III/a"]]
    assert errors(check(make.text([STAFF, *rows]), config=make.config)) == [("KA-E201", "baris 3")]
    pseudonymous = make.config.model_copy(update={"identifiers": "pseudonymous"})
    told = read(make.text([STAFF, ["2025", "98.01", "007", "U", "01"]]), config=pseudonymous).employees
    assert told[["person", "grade"]].values.tolist() == [["007", "01"]]


@pytest.mark.parametrize("kind", ["text", "workbook"])
def test_a_region_code_keeps_its_last_zero(make: Any, kind: str) -> None:
    config = AuditConfig(regions={"98.10": {"name": "Kabupaten Lain"}})
    rows = [STAFF, ["2025", "98.10", make.nip(1), "U", "III/a"]]
    place = make.text(rows) if kind == "text" else make.workbook(rows)
    assert read(place, config=config).employees["region"].tolist() == ["98.10"]
    number = make.workbook([STAFF, ["2025", 98.10, make.nip(1), "U", "III/a"]], name="angka.xlsx")
    assert errors(check(number, config=config)) == [("KA-E210", "B2")]


def test_a_code_without_quotes_in_the_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kinerja.toml").write_text("[regions]\n76.10 = {name = 'x'}\n", encoding="utf-8")
    with pytest.raises(UsageError):
        AuditConfig.read(tmp_path / "kinerja.toml")


@pytest.mark.parametrize("name", ["NA", "None", "null", "n/a", "NaN", "nan"])
def test_words_that_other_readers_take_for_nothing_stay_names(make: Any, name: str) -> None:
    rows = [["2025", "98.01", make.nip(1), name, "III/a"], ["2025", "98.01", make.nip(2), "-", "III/a"]]
    assert read(make.text([STAFF, *rows]), config=make.config).employees["unit"].fillna("").tolist() == [name, ""]


def test_decimal_marks(make: Any) -> None:
    def goals(*values: str, separator: str = ";") -> Path:
        rows = [["2025", "98.01", make.nip(i), "x", v, "1"] for i, v in enumerate(values, 1)]
        return make.text([GOALS, *rows], separator=separator)

    table = read(goals("95,5", "80", "1.000,5"), config=make.config).achievements
    assert table["target"].tolist() == [95.5, 80.0, 1000.5]
    assert errors(check(goals("1.000", "2.500"), config=make.config)) == [("KA-E206", "baris 2")]
    assert errors(check(goals("95,5", "80,5", "1.5"), config=make.config)) == [("KA-E205", "baris 4")]
    table = read(goals("95.5", "80", separator=","), config=make.config).achievements
    assert table["target"].tolist() == [95.5, 80.0]


def test_semicolons_with_decimal_commas_are_not_one_column(make: Any) -> None:
    place = make.raw(b"nip;unor;golongan;tahun;wilayah\n" + f"{make.nip(1)};U;III/a;2025;98.01\n".encode(), "a.csv")
    assert read(place, config=make.config).employees["unit"].tolist() == ["U"]


def test_every_row_one_field_too_long_shifts_nothing(make: Any) -> None:
    rows = [[*r, "x"] for r in make.scores()]
    report = check(make.text([make.long_header, *rows]), config=make.config)
    assert errors(report) == [("KA-E114", "baris 2")] and len(report.problems[0].others) == 5


def test_a_row_too_short_and_a_last_row_cut_off(make: Any) -> None:
    whole = make.text([make.long_header, *make.scores()]).read_bytes()
    short = make.raw(whole.replace(b";0;100;2025-12-01 08:00:00\n", b";0;100\n", 1), "b.csv")
    assert errors(check(short, config=make.config)) == [("KA-E114", "baris 2")]
    cut = check(make.raw(whole[:-3], "c.csv"), config=make.config)
    assert ("KA-W104", "baris 7") in [(p.code, p.cell) for p in cut.problems]


def test_a_header_twice_is_no_second_column(make: Any) -> None:
    header = [*make.long_header[:-1], "nilai"]
    assert ("KA-E303", "baris 1") in errors(check(make.text([header, *make.scores()]), config=make.config))


def test_a_bomb_and_a_far_cell_do_not_reach_the_parser(make: Any, tmp_path: Path) -> None:
    """In a process with 4 GB of address space: the guard answers, nothing is aborted."""
    source = make.ekinerja()
    with zipfile.ZipFile(source) as old:
        parts = {n: old.read(n) for n in old.namelist()}
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    alone = sheet % b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    far = sheet % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    lying = sheet.replace(b"<sheetData>", b'<dimension ref="A1:B2"/><sheetData>') % (
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')  # fmt: skip
    bomb = sheet % (b'<row r="1"><c r="A1"><v>1</v></c></row>' + b" " * 300_000_000)
    for name, data in (("sendiri", alone), ("jauh", far), ("bohong", lying), ("bom", bomb)):
        with zipfile.ZipFile(tmp_path / f"{name}.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
            for part, content in parts.items():
                new.writestr(part, data if part == "xl/worksheets/sheet1.xml" else content)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))\n"
        "from kinerja_analysis.read import check\n"
        "for n in ('sendiri', 'jauh', 'bohong', 'bom'):\n"
        "    print([p.code for p in check(sys.argv[1] + f'/{n}.xlsx').problems])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["['KA-E304']", "['KA-E106']", "['KA-E106']", "['KA-E105']"], done.stderr


def test_entities_are_refused_wherever_they_stand(make: Any) -> None:
    source = make.ekinerja()
    parts = ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", "docProps/core.xml")
    for part in parts:
        data = io.BytesIO()
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                text = old.read(name)
                start = text.index(b"?>") + 2 if text.startswith(b"<?xml") else 0
                evil = text[:start] + b'<!DOCTYPE a [<!ENTITY b "c">]>' + text[start:]
                new.writestr(name, evil if name == part else text)
        place = make.raw(data.getvalue(), "entitas.xlsx")
        assert errors(check(place, config=make.config)) == [("KA-E102", "")], part


@pytest.mark.parametrize("column", ["nip", "hasil_kerja", "hasil_akhir", "skp_unor", "tahun_skp", "waktu_dinilai",
                                    "is_skp_plt_plh_pjb", "pegawai_atasan_nip", "jenis_pegawai"])  # fmt: skip
def test_a_formula_without_a_value_is_no_empty_cell(make: Any, column: str) -> None:
    cell = make.cell(column, 3)
    report = check(make.ekinerja(edit={cell: "=A1"}), config=make.config)
    assert ("KA-E109", cell) in errors(report)


def test_other_readers_touch_no_data_of_an_audit() -> None:
    """openpyxl loads a file only to write comments into its copy, pandas the asked pairs of a template as text."""
    found = set()
    for path in (ROOT / "kinerja_analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.func if isinstance(node, ast.Call) else None
            called = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
            if called in ("load_workbook", "read_excel", "read_csv"):
                found.add(f"{path.relative_to(ROOT / 'kinerja_analysis').as_posix()}:{called}")
    assert found == {"read/annotate.py:load_workbook", "read/template.py:read_csv", "read/text.py:read_csv"}


def test_read_only_arrays_of_pandas_do_not_stop_anything(make: Any) -> None:
    tables = read(make.ekinerja(), config=make.config)
    frame = tables.ratings.copy()
    frame["score"].to_numpy().flags.writeable = False
    again = read(frame.drop(columns="row"), config=make.config.model_copy(update={"identifiers": "pseudonymous"}))
    assert again.ratings["score"].tolist() == tables.ratings["score"].tolist()


def test_dates_of_1904_and_dates_made_of_text(make: Any) -> None:
    import datetime as dt

    place = make.ekinerja(edit={make.cell("waktu_dinilai", 1): dt.datetime(2025, 12, 30, 10, 1)})
    book = openpyxl.load_workbook(place)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active[make.cell("waktu_dinilai", 1)].value = dt.datetime(2025, 12, 30, 10, 1)
    book.save(place)
    got = read(place, config=make.config).appraisals["rated_at"].iloc[0]
    assert str(got) == "2025-12-30 10:01:00"
    wrong = make.ekinerja(edit={make.cell("skp_unor", 2): dt.datetime(2025, 4, 3)}, name="b.xlsx")
    assert errors(check(wrong, config=make.config)) == [("KA-E215", make.cell("skp_unor", 2))]
