"""What is refused before a parser sees it."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.read import guard
from kinerja_analysis.read.guard import inspect


def test_an_ordinary_workbook_passes_with_its_rectangle(make: Any) -> None:
    found = inspect(make.ekinerja(start="C4"))
    assert found.code == "" and found.warnings == ()
    scan = found.sheets["Data"]
    assert (scan.first_row, scan.first_column, scan.last_column) == (4, 3, 18)


def test_limits_by_ratio_and_size(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make.ekinerja()
    monkeypatch.setattr(guard, "MAX_ORDINARY", 1000)
    assert inspect(place).code == "E105"
    monkeypatch.setattr(guard, "MAX_ORDINARY", 2**30)
    monkeypatch.setattr(guard, "MAX_INSIDE", 1000)
    assert inspect(place).code == ""
    monkeypatch.setattr(guard, "ORDINARY_RATIO", 1)
    assert inspect(place).code == "E105"


def test_cell_limit_names_the_sheet(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_CELLS", 50)
    found = inspect(make.ekinerja())
    assert (found.code, found.sheet) == ("E106", "Data")


def test_macros_are_told_not_run(make: Any, tmp_path: Path) -> None:
    source = make.ekinerja()
    target = tmp_path / "a.xlsm"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/vbaProject.bin", b"x")
    assert inspect(target).warnings == ("W101",)


def test_a_part_that_is_encrypted(make: Any) -> None:
    place = make.ekinerja()
    data = bytearray(place.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    place.write_bytes(bytes(data))
    assert inspect(place).code == "E103"


def test_text_and_parquet(make: Any) -> None:
    assert inspect(make.raw(b"nip\n", "a.csv")).code == ""
    assert inspect(make.raw(b"nope", "a.parquet")).code == "E102"
    assert inspect(make.folder / "nix.csv").code == "E101"


def rewritten(place: Path, rename: dict[str, str], more: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(place) as book:
        parts = [(rename.get(n, n), book.read(n)) for n in book.namelist()]
    with zipfile.ZipFile(place, "w") as book:
        for name, data in [*parts, *(more or {}).items()]:
            book.writestr(name, data)
    return place


def test_a_sheet_is_scanned_whatever_the_case_of_its_name(make: Any) -> None:
    found = inspect(rewritten(make.ekinerja(), {"xl/worksheets/sheet1.xml": "xl/Worksheets/Sheet1.XML"}))
    assert found.code == "" and found.sheets["Data"].area > 0


def test_two_parts_of_one_name_are_refused(make: Any) -> None:
    assert inspect(rewritten(make.ekinerja(), {}, {"xl/worksheets/SHEET1.xml": b"<worksheet/>"})).code == "E102"


def test_a_missing_part_is_a_damaged_file(make: Any) -> None:
    assert inspect(rewritten(make.ekinerja(), {"xl/worksheets/sheet1.xml": "xl/worksheets/other.xml"})).code == "E102"
