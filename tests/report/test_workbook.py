"""The Excel annex: nothing becomes a formula, numbers are numbers, the same content, the same bytes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import Page, PageSection
from kinerja_analysis.report.workbook import page_text, workbook, workbook_bytes

FORMULA = ('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0")


@pytest.fixture(scope="session")
def book(page: Page, audit: Audit) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(page, "id", audit)))


def test_cover_contents_text_tables_findings_and_accounting(book: openpyxl.Workbook) -> None:
    names = book.sheetnames
    assert names[:3] == ["Sampul", "Daftar isi", "Isi laporan"]
    assert {"Pegawai", "Semua temuan", "Pegawai per jenis", "Catatan baris"} <= set(names)
    listed = [row[0].value for row in book["Daftar isi"].iter_rows(min_row=3)]
    assert listed == names[2:]
    assert "DATA SINTETIS" in [c.value for c in book["Sampul"]["A"]]


def test_numbers_are_numbers_and_totals_agree(book: openpyxl.Workbook) -> None:
    rows = list(book["Pegawai"].iter_rows(min_row=3, values_only=True))
    assert rows[-1][0] == "Seluruhnya"
    for column in range(1, len(rows[0])):
        assert sum(r[column] for r in rows[:-1]) == rows[-1][column]


def test_the_same_content_as_the_page(page: Page, book: openpyxl.Workbook) -> None:
    rows = list(book["Isi laporan"].iter_rows(min_row=3, values_only=True))
    assert {code for r in rows for code in (r[2] or "").split()} == b.codes(page.blocks)
    assert [r[1] for r in rows] == [text for _, text, _ in page_text(page)]


def test_long_words_have_room_and_sheets_can_be_printed(book: openpyxl.Workbook) -> None:
    """Programs that trust a file's row heights wrote one text over the next; a sheet took several pages across."""
    tall = 0
    for sheet in book:
        for row in sheet.iter_rows(min_row=1 if sheet.title == "Sampul" else 3):
            words = [c for c in row if isinstance(c.value, str) and c.alignment.wrap_text]
            lines = max((-(-len(c.value) // 60) for c in words), default=1)
            height = sheet.row_dimensions[row[0].row].height or 15
            assert height >= 15 * lines, (sheet.title, row[0].row)
            tall += lines > 1
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_area.endswith(f"$A$1:${openpyxl.utils.get_column_letter(sheet.max_column)}${sheet.max_row}")
        assert {c.font.name for row in sheet.iter_rows() for c in row} == {"Calibri"}
    assert tall > 30


def test_all_findings_are_there_with_their_codes(book: openpyxl.Workbook, audit: Audit) -> None:
    rows = list(book["Semua temuan"].iter_rows(min_row=2, values_only=True))
    assert len(rows) - 1 == len(audit.to_frame())
    codes = {r[rows[0].index("Kode temuan")] for r in rows[1:]}
    assert codes == set(audit.to_frame()["code"])
    value = rows[0].index("Perkiraan")
    assert 11.4 in [r[value] for r in rows]


@pytest.mark.parametrize("text", FORMULA)
def test_nothing_becomes_a_formula(text: str, lab: SimpleNamespace, tmp_path: Path) -> None:
    audit = lab.build()
    audit.counts["headcount"]["opd"] = [text, "Dinas", text]
    place = workbook(audit, "id", tmp_path / "a.xlsx")
    for sheet in openpyxl.load_workbook(place):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                if cell.value == text:
                    assert cell.quotePrefix


def test_the_same_page_gives_the_same_bytes(page: Page, audit: Audit) -> None:
    assert workbook_bytes(page, "id", audit) == workbook_bytes(page, "id", audit)


def test_hidden_counts_are_words_and_control_characters_are_dropped(public_page: Page) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(public_page, "id")))
    cells = [c for row in book["Pegawai"].iter_rows(min_row=3, values_only=True) for c in row]
    assert "< 10" in cells and -1 not in cells


def test_an_audit_alone_gives_the_same_book_without_drawing(page: Page, audit: Audit, tmp_path: Path) -> None:
    place = workbook(audit, "id", tmp_path / "a.xlsx")
    assert place.read_bytes() == workbook_bytes(page, "id", audit)


def test_sheet_names_are_legal_and_unique(book: openpyxl.Workbook) -> None:
    assert len({n.lower() for n in book.sheetnames}) == len(book.sheetnames)
    assert all(len(n) <= 31 for n in book.sheetnames)


def test_sheets_of_the_data_page_say_so_and_no_two_hold_the_same(page: Page) -> None:
    bare = b.TableBlock("", (b.Column("a"),), (("x",),))
    made = replace(bare, caption="Isian")
    index = (b.Heading("Predikat"), bare, b.Heading("Poin", 4), bare, b.Heading("Nilai atasan"), bare, made, made)
    sections = (b.Section("mutu-checks", "5", "Isian", (made, made)), b.Section("indeks", "4", "Indeks", index))
    for lang, name in (("id", "Mutu"), ("en", "Quality")):
        whole = replace(page, lang=lang, sections=(PageSection("x", sections),))
        book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(whole, lang)))
        names = book.sheetnames
        assert {f"{name} 5", f"{name} 5b"} <= set(names) and not any(re.fullmatch(r"A?\d+ \d+", n) for n in names)
        told = [book[n]["A1"].value for n in names if re.fullmatch(r"4\w?", n)]
        assert told[:2] == ["Indeks – Predikat", "Indeks – Predikat – Poin"]
        assert told[2:] == ["Indeks – Nilai atasan", "Nilai atasan – Isian", "Nilai atasan – Isian"]
