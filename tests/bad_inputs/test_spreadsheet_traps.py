"""What a spreadsheet shows and what it holds: formulas, error cells, dates, formats, other ways to write a cell."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.utils.datetime import CALENDAR_MAC_1904

PASTE = "Tempel Khusus|Paste Special"
SHEET = "xl/worksheets/sheet1.xml"


def saved(change: Any, **options: Any) -> Any:
    """The default export, changed as a workbook."""

    def build(m: Any) -> Any:
        book = openpyxl.load_workbook(place := m.ekinerja(**options))
        change(book)
        book.save(place)
        return place

    return build


def error(cell: str, text: str) -> Any:
    def change(book: Any) -> None:
        book["Data"][cell].value, book["Data"][cell].data_type = text, "e"

    return saved(change)


def mac_dates(m: Any) -> Any:
    rows = m.people()
    rows[1][15] = dt.datetime(2025, 12, 30, 9, 15)
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in [*m.preamble(), m.ekinerja_header, *rows]:
        book.active.append(row)
    m.folder.mkdir(parents=True)
    book.save(place := m.folder / "penilaian.xlsx")
    return place


def chart_sheet(book: Any) -> None:
    chart = BarChart()
    chart.add_data(Reference(book["Data"], min_col=1, min_row=8, max_row=13))
    book.create_chartsheet("Grafik").add_chart(chart)


def percent(m: Any) -> Any:
    book = openpyxl.load_workbook(place := m.wide({"H3": 0.8}))
    book["Data"]["H3"].number_format = "0%"
    book.save(place)
    return place


def shared(part: bytes) -> bytes:
    """One formula for two cells, without results, as Excel shares them."""
    two = (b'<c r="K9"><f t="shared" ref="K9:K10" si="0">"BAIK"</f></c>', b'<c r="K10"><f t="shared" si="0"/></c>')
    for cell, new in zip((b"K9", b"K10"), two, strict=True):
        part, n = re.subn(rb'<c r="' + cell + rb'"[^>]*>.*?</c>', new, part)
        assert n == 1
    return part


def inline(part: bytes) -> bytes:
    """A misspelt predikat written into the cell itself, in two runs."""
    new = b'<c r="M9" t="inlineStr"><is><r><t>BAI</t></r><r><t>KK</t></r></is></c>'
    part, n = re.subn(rb'<c r="M9"[^>]*>.*?</c>', new, part)
    assert n == 1
    return part


CASES: list[tuple[Any, ...]] = [
    ("score by formula without value", lambda m: m.wide({"H4": "=1+1"}), "KA-E109", "H4", PASTE),
    ("unit by formula without value", lambda m: m.edited("skp_unor", 2, '="Unit "&1'), "KA-E109", "E9", PASTE),
    ("level by formula with value", lambda m: m.cached("K9", "A1", "SESUAI EKSPEKTASI"), "KA-E110", "K9", PASTE),
    ("predikat by formula with value", lambda m: m.cached("M9", "A1", "BAIK"), "KA-W210", "M9",
     "tercatat di e-Kinerja|recorded in e-Kinerja"),
    ("nip by formula with value", lambda m: m.cached("A8", "A9", m.nip(1)), "KA-E110", "A8", PASTE),
    ("score by formula with value", lambda m: m.cached("H4", "40*2", "80", "n", m.wide(name="asal.xlsx")), "KA-E110",
     "H4", PASTE),
    ("one formula shared by two cells", lambda m: m.member(SHEET, shared), "KA-E109", ("K9", "K10"), PASTE),
    ("formula that ends in an error", lambda m: m.cached("M9", "1/0", "#DIV/0!", "e"), "KA-E118", "M9",
     "kosongkan sel itu|clear the cell"),
    ("error in a score", lambda m: m.wide({"H4": "#REF!"}), "KA-E118", "H4", "Ganti dengan nilai|Replace it"),
    ("error in the supervisor", error("N9", "#VALUE!"), "KA-E118", "N9", "Ganti dengan nilai|Replace it"),
    ("error in the title", error("A3", "#NAME?"), "KA-E118", "A3", "Ganti dengan nilai|Replace it"),
    ("error in a required number", lambda m: m.edited("nip", 2, "#N/A"), "KA-E118", "A9", "Ganti dengan nilai|"
     "Replace it"),
    ("true in a level", lambda m: m.edited("perilaku_kerja", 2, False), "KA-E202", "L9", "label yang berlaku|"
     "valid label"),
    ("text in runs inside the cell", lambda m: m.member(SHEET, inline), "KA-E202", "M9", "label yang berlaku|"
     "valid label", {"nearest": "BAIK"}),
    ("percent", percent, "KA-E214", "H3", "format sel menjadi Angka|format to Number"),
    ("protected sheet", saved(lambda b: b["Data"].protection.enable(), edit={"M9": "BAIKK"}), "KA-E202", "M9",
     "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("filtered rows", saved(lambda b: b["Data"].auto_filter.__setattr__("ref", "A7:P13"), edit={"M9": "BAIKK"}),
     "KA-E202", "M9", "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("a sheet that is a chart", saved(chart_sheet, edit={"M9": "BAIKK"}), "KA-E202", "M9", "label yang berlaku|"
     "valid label", {"nearest": "BAIK"}),
    ("a very hidden sheet with a table", saved(lambda b: b["Lagi"].__setattr__("sheet_state", "veryHidden"),
     more={"Lagi": [["nip", "golongan", "tahun"], ["190501012010011001", "III/a", "2025"]]}), "KA-W105", "",
     "hapus dari buku kerja|delete it", {"sheet": "Lagi", "region": "98.01"}),
    ("dates counted from 1904", mac_dates, "", "", "",
     {"holds": lambda t: "2025-12-30 09:15:00" in t.appraisals["rated_at"].astype(str).tolist()}),
    ("unit by formula with value is read", lambda m: m.cached("E8", "A1", "Unit 9"), "", "", "",
     {"holds": lambda t: t.appraisals["unit"].tolist()[0] == "Unit 9"}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
