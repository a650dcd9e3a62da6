"""The stream over a worksheet: the quick way and the careful way agree."""

import io
import re
import zipfile
from typing import Any

import pytest

from kinerja_analysis.read import check
from kinerja_analysis.read import scan as module
from kinerja_analysis.read.guard import inspect
from kinerja_analysis.read.scan import UnsafeXml, column_number, scan

HEAD = b'<?xml version="1.0"?><worksheet xmlns="x"><sheetData>'
BODY = (
    b'<row r="3"><c r="B3" t="inlineStr"><is><t>a</t></is></c><c r="C3"><v>1</v></c></row>'
    b'<row r="5"><c r="D5" t="e"><v>#N/A</v></c><c r="E5"><f>A1</f></c><c r="F5"><f>A1*2</f><v>4</v></c>'
    b'<c r="G5" t="str"><f t="shared" si="0"/><v>x</v></c></row>'
)
TAIL = b"</sheetData></worksheet>"


def prefixed(data: bytes) -> bytes:
    for tag in (b"worksheet", b"sheetData", b"row", b"c", b"f", b"v", b"is", b"t"):
        data = data.replace(b"<" + tag + b" ", b"<x:" + tag + b" ").replace(b"<" + tag + b">", b"<x:" + tag + b">")
        data = data.replace(b"</" + tag + b">", b"</x:" + tag + b">")
    return data.replace(b'xmlns="x"', b'xmlns:x="x"')


@pytest.mark.parametrize("data", [HEAD + BODY + TAIL, prefixed(HEAD + BODY + TAIL)], ids=["usual", "prefixed"])
def test_corners_formulas_and_errors(data: bytes) -> None:
    found = scan(io.BytesIO(data), 10**6)
    assert (found.first_row, found.last_row, found.first_column, found.last_column) == (3, 5, 2, 7)
    assert found.formulas == {"E5": False, "F5": True, "G5": True}
    assert found.errors == {"D5"} and found.area == 18


def test_cells_without_address_are_counted() -> None:
    data = HEAD + b"<row><c><v>1</v></c><c><v>2</v></c></row><row><c><f>A1</f></c></row>" + TAIL
    found = scan(io.BytesIO(data), 10**6)
    assert found.area == 4 and found.formulas == {"A2": False}


def test_only_formatted_cells_do_not_make_a_large_rectangle() -> None:
    styled = b"".join(b'<row r="%d"><c r="XFD%d" s="1"/></row>' % (i, i) for i in range(10, 2000))
    data = HEAD + b'<row r="1"><c r="A1"><v>1</v></c></row>' + styled + TAIL
    assert scan(io.BytesIO(data), 10**6).area == 1


@pytest.mark.parametrize("chunk", [90, 128, 200])
def test_cells_across_a_chunk_border(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    found = module._fast(io.BytesIO(HEAD + BODY + TAIL))
    assert found is not None and found.area == 18 and found.formulas == {"E5": False, "F5": True, "G5": True}


def test_declarations_are_refused() -> None:
    data = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]>' + HEAD[21:] + BODY + TAIL
    with pytest.raises(UnsafeXml):
        scan(io.BytesIO(data), 10**6)


def test_broken_xml_is_refused() -> None:
    with pytest.raises(UnsafeXml):
        scan(io.BytesIO(b"<worksheet><sheetData><row>"), 10**6)


def test_column_numbers() -> None:
    assert column_number("Z") == 26 and column_number("AA") == 27 and column_number("XFD") == 16384


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="A999999999999"><v>1</v></c>',
        b'<c r="AAAA1"><v>1</v></c>',
        b'<c r="a1"><v>1</v></c>',
        b'<c r="A1" r="XFD1048576"><v>1</v></c>',
    ],
)
def test_addresses_a_reader_may_take_otherwise_are_refused(cell: bytes) -> None:
    """Found by flipping bytes: a reader that believes such an address allocates terabytes and ends the process."""
    with pytest.raises(UnsafeXml):
        scan(io.BytesIO(HEAD + b'<row r="1">' + cell + b"</row>" + TAIL), 10**6)


@pytest.mark.parametrize(
    "cell",
    [
        b'<x:c xmlns:x="x" r="XFD1048576"><v>1</v></x:c>',
        b"<c\tr='XFD1048576'><v>1</v></c>",
        b'<c s="1" r="XFD1048576"><v>1</v></c>',
    ],
)
def test_unusual_writing_does_not_hide_a_far_cell(cell: bytes) -> None:
    data = HEAD + b'<row r="1"><c r="A1"><v>1</v></c>' + cell + b"</row>" + TAIL
    assert scan(io.BytesIO(data), 10**6).area == 1048576 * 16384


def test_percent_and_hidden_rows_are_seen_by_both_ways(make: Any) -> None:
    from openpyxl import load_workbook

    place = make.workbook([make.wide_header, *make.pairs()])
    book = load_workbook(place)
    book.active["H2"].number_format, book.active["H2"].value = "0%", 0.95
    book.active["I3"].number_format, book.active["I4"].number_format = '0.0 "%"', "0.00"
    book.active.row_dimensions[3].hidden = True
    book.save(place)
    verdict = inspect(place)
    assert verdict.sheets["Data"].percents == {"H2", "I3"} and verdict.sheets["Data"].hidden == 1
    with zipfile.ZipFile(place) as archive:
        data = archive.read("xl/worksheets/sheet1.xml")
    styles = frozenset(int(s) for s in re.findall(rb'<c r="(?:H2|I3)" s="(\d+)"', data))
    for text in (data, data.replace(b"<c r=", b"<c  r=")):
        found = scan(io.BytesIO(text), 10**6, styles)
        assert found.percents == {"H2", "I3"} and found.hidden == 1
    report = check(place, config=make.config)
    assert [(p.code, p.cell, p.others) for p in report.problems] == [
        ("KA-E214", "H2", ()), ("KA-E214", "I3", ()), ("KA-N103", "", ())]  # fmt: skip
