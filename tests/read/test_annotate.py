"""The annotated copy: the right cells are marked, the data are as they were, the copy is not counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kinerja_analysis.read import check, read
from kinerja_analysis.read.annotate import annotate


def test_every_faulty_cell_has_its_comment_and_nothing_else_changed(make: Any) -> None:
    edit = {make.cell("hasil_kerja", 3): "MEMUASKAN", make.cell("hasil_kerja", 5): "MEMUASKAN",
            make.cell("nip", 2): 190501012010011001, make.cell("waktu_dinilai", 4): "kemarin"}  # fmt: skip
    place = make.ekinerja(edit=edit, more={"Lain 'x'": [["catatan"], ["a"]]})
    report = check(place, config=make.config)
    copy = annotate(place, report, lang="id")
    assert copy is not None and copy.name == "penilaian_ditandai.xlsx"
    old, new = openpyxl.load_workbook(place), openpyxl.load_workbook(copy)
    assert new.sheetnames == ["Ringkasan masalah", *old.sheetnames]
    marked = set()
    for sheet in old.sheetnames:
        for row in old[sheet].iter_rows():
            for cell in row:
                twin = new[sheet][cell.coordinate]
                assert twin.value == cell.value and twin.data_type == cell.data_type
                if twin.comment:
                    marked.add((sheet, cell.coordinate, twin.comment.text.split("]")[0][1:]))
    assert marked == {("Data", "K10", "KA-E202"), ("Data", "K12", "KA-E202"), ("Data", "A9", "KA-E104"),
                      ("Data", "P11", "KA-E207")}  # fmt: skip
    summary = [[c.value for c in row] for row in new["Ringkasan masalah"].iter_rows(min_row=4)]
    assert [r[0] for r in summary] == [p.code for p in report.problems]
    links = [c.hyperlink.location for (c,) in new["Ringkasan masalah"]["E4:E7"] if c.hyperlink]
    assert "'Data'!K10" in links
    assert copy.stat().st_mode == place.stat().st_mode


def test_lines_of_a_text_file_with_breaks_in_quotes(make: Any) -> None:
    rows = make.scores()
    rows[0][5] = '"Unit\n""1"""'
    rows[2][7] = "95,5o"
    place = make.text([make.long_header, *rows])
    report = check(place, config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E203", "baris 5")]
    copy = annotate(place, report, lang="en")
    sheet = openpyxl.load_workbook(copy)["File content"]
    assert sheet["H5"].value == "95,5o" and "KA-E203" in sheet["H5"].comment.text
    assert sheet["F2"].value == 'Unit\n"1"'


def test_the_copy_is_skipped_in_a_folder_and_read_when_named(make: Any) -> None:
    place = make.ekinerja(edit={make.cell("hasil_kerja", 3): "MEMUASKAN"})
    copy = annotate(place, check(place, config=make.config))
    assert [(p.code, p.file) for p in check(make.folder, config=make.config).problems] == [
        ("KA-E202", "penilaian.xlsx"), ("KA-N104", "penilaian_ditandai.xlsx")]  # fmt: skip
    book = openpyxl.load_workbook(copy)
    book["Data"]["K10"] = "SESUAI EKSPEKTASI"
    book.save(copy)
    assert len(read(copy, config=make.config).ratings) == 12, "repaired in the copy itself"


def test_no_formula_comes_from_the_input(make: Any) -> None:
    place = make.ekinerja(edit={make.cell("hasil_kerja", 3): "+cmd|' /C calc'!A0"}, sheet="=1+1")
    report = check(place, config=make.config)
    book = openpyxl.load_workbook(annotate(place, report))
    assert all(c.data_type != "f" for row in book.worksheets[0].iter_rows() for c in row)


@pytest.mark.parametrize("build", [lambda m: m.raw(b"x", "a.xlsx"), lambda m: m.raw(b"{", "a.json"),
                                   lambda m: m.ekinerja(name="baik.xlsx")])  # fmt: skip
def test_nothing_to_mark(make: Any, build: Any) -> None:
    place: Path = build(make)
    assert annotate(place, check(place, config=make.config)) is None
    assert sorted(p.name for p in make.folder.iterdir()) == [place.name]


def test_a_copy_worked_on_is_marked_anew(make: Any) -> None:
    place = make.ekinerja(edit={make.cell("hasil_kerja", 3): "MEMUASKAN", make.cell("nip", 2): "123"})
    copy = annotate(place, check(place, config=make.config))
    book = openpyxl.load_workbook(copy)
    book["Data"]["A9"] = make.nip(2)
    book.save(copy)
    again = annotate(copy, check(copy, config=make.config))
    assert again == copy and sorted(p.name for p in make.folder.iterdir()) == ["penilaian.xlsx", copy.name]
    book = openpyxl.load_workbook(copy)
    assert book.sheetnames == ["Ringkasan masalah", "Data"]
    marked = {c.coordinate: c.comment.text for row in book["Data"].iter_rows() for c in row if c.comment}
    assert list(marked) == ["K10"] and marked["K10"].count("KA-E202") == 1
