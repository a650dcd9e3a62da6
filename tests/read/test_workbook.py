"""Workbooks: real addresses, hidden sheets, line breaks, and what another reader finds at the address."""

from typing import Any

import pytest

from kinerja_analysis.read import check, read


@pytest.mark.parametrize("start", ["A1", "D6", "Z2"])
@pytest.mark.parametrize("lines", [1, 6, 12])
def test_a_reported_address_holds_the_reported_value(make: Any, start: str, lines: int) -> None:
    rows = make.people()
    rows[3][12] = "BAIKK"
    rows[4][12] = "BAIKK"
    place = make.ekinerja(rows, lines=lines, start=start)
    problem = next(p for p in check(place, region="98.01", config=make.config).problems if p.code == "KA-E202")
    for cell in (problem.cell, *problem.others):
        assert make.value(place, "Data", cell) == "BAIKK" == problem.value
    assert problem.count == 2 and problem.params["nearest"] == "BAIK"


def test_hidden_sheets_are_read_with_a_warning_and_drop_down_lists_ignored(make: Any) -> None:
    more = {"daftar": [["BAIK"], ["KURANG"]]}
    place = make.workbook([*make.preamble(), make.ekinerja_header, *make.people()], more=more, hidden="daftar")
    assert check(place, config=make.config).problems == ()
    more = {"Lagi": [make.long_header, *make.scores()]}
    place = make.workbook([*make.preamble(), make.ekinerja_header, *make.people()], more=more, hidden="Lagi")
    assert [(p.code, p.sheet) for p in check(place, config=make.config).problems] == [("KA-W105", "Lagi")]


def test_an_unknown_visible_sheet_is_told(make: Any) -> None:
    more = {"Rekap": [["Dinas", "Jumlah"], ["A", 3]]}
    place = make.workbook([*make.preamble(), make.ekinerja_header, *make.people()], more=more)
    assert [(p.code, p.sheet) for p in check(place, config=make.config).problems] == [("KA-W301", "Rekap")]


def test_line_breaks_and_odd_blanks_in_cells(make: Any) -> None:
    place = make.ekinerja(
        edit={"E8": "Unit\nSatu", "A8": "\u200b1905 0211 2010 03 1 001\xa0", "K9": " sesuai  ekspektasi "}
    )
    tables = read(place, config=make.config)
    assert tables.appraisals["unit"][0] == "Unit Satu" and len(tables.ratings) == 12


def test_formulas_with_values_are_allowed_where_they_do_no_harm(make: Any, tmp_path: Any) -> None:
    """A unit name by formula is read from its cached value; without one it is an error at its cell."""
    place = make.ekinerja(edit={"E8": '="Unit "&1'})
    assert [(p.code, p.cell) for p in check(place, config=make.config).problems] == [("KA-E109", "E8")]
    cached(place, "E8", "Unit 9")
    assert read(place, config=make.config).appraisals["unit"][0] == "Unit 9"
    place = make.ekinerja(edit={"A8": "=1"})
    cached(place, "A8", make.nip(1))
    assert [(p.code, p.cell) for p in check(place, config=make.config).problems] == [("KA-E110", "A8")]


def cached(place: Any, cell: str, value: str) -> None:
    """Give a formula its cached text, as Excel stores it."""
    import re
    import zipfile

    with zipfile.ZipFile(place) as book:
        parts = {n: book.read(n) for n in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    pattern = re.compile(rb'<c r="' + cell.encode() + rb'"[^>]*><f>([^<]*)</f><v ?/?>(</v>)?</c>')
    new = b'<c r="' + cell.encode() + b'" t="str"><f>\\1</f><v>' + value.encode() + b"</v></c>"
    parts[name], n = pattern.subn(new, parts[name])
    assert n == 1
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as book:
        for part, data in parts.items():
            book.writestr(part, data)


def test_empty_workbook(make: Any) -> None:
    assert [p.code for p in check(make.workbook([]), config=make.config).problems] == ["KA-E304"]
