"""One content, four forms: html, pdf, xlsx and json of a report have the same finding codes and the same numbers."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pypdf
import pytest

from kinerja_analysis.base.words import number, say
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.forms import numbers_in, shown
from kinerja_analysis.report.page import Page

CELLS = [(level, lang) for level in ("public", "internal") for lang in ("id", "en")]
REPORTS = ("objektivitas", "mutu-data")


class Reader(HTMLParser):
    """What a page says: its text outside style, script and drawings, its alternative texts, its codes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.codes: set[str] = set()
        self._mute = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs) -> None:
        told = dict(attrs)
        self.codes |= set((told.get("data-codes") or "").split())
        if tag in ("style", "script", "svg"):
            self._mute = tag
        if tag not in ("b", "span", "code", "small", "a"):
            self.said.append("\n")
        self.said.append(f"\n{told['alt']}\n" if told.get("alt") else "")

    def handle_endtag(self, tag: str) -> None:
        self._mute = "" if tag == self._mute else self._mute
        if tag not in ("b", "span", "code", "a"):
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.said.append(data)


def alternatives(node, found: list[str]) -> list[str]:
    """Alternative texts in a PDF's structure tree."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            alternatives(child, found)
    elif isinstance(node, dict):
        if "/Alt" in node:
            found.append(str(node["/Alt"]))
        if "/K" in node:
            alternatives(node["/K"], found)
    return found


def pdf_words(content: bytes) -> list[str]:
    """Text of a PDF without its running foot (page 3 / 8), and its alternative texts."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    foot = re.compile(r"(^[^\n]* · [^\n]*)?\d+ / \d+\s*\Z", re.M)  # a code may go on after it, on the next page
    pages = [foot.sub("", page.extract_text()) for page in reader.pages]
    return pages + alternatives(reader.trailer["/Root"]["/StructTreeRoot"], [])


def xlsx_words(book: openpyxl.Workbook, lang: str) -> list[str]:
    """The report's sheets as a reader sees them; sheets that hold more than the pages are told in the contents."""
    contents = book[say("workbook.contents", lang)]
    more = {row[0] for row in contents.iter_rows(min_row=3, values_only=True) if row[2] != say("workbook.page", lang)}
    told = []
    for sheet in book:
        if sheet.title in more or sheet.title == contents.title:
            continue
        for row in sheet.iter_rows():
            told += [printed(c, lang) for c in row if c.value is not None]
    return told


def printed(cell, lang: str) -> str:
    """A cell as Excel shows it with our number formats."""
    if isinstance(cell.value, str):
        return cell.value
    how = cell.number_format.split(";")[-1]
    if cell.number_format.startswith("[<0.001]") and cell.value < 0.001:
        return number(0.001, 3, lang)
    scale = 100 if how.endswith("%") else 1
    return number(scale * cell.value, len(how.rstrip("%").partition(".")[2]), lang)


@pytest.fixture(scope="module")
def folders(demo) -> dict[str, Path]:
    return {
        "public": next((demo.reports / "2025").glob("76.02-*")),
        "internal": next((demo.reports / "internal" / "2025").glob("76.02-*")),
    }


@pytest.mark.parametrize(("level", "lang"), CELLS)
def test_the_forms_of_a_report_show_the_same(level: str, lang: str, folders: dict[str, Path]) -> None:
    folder = folders[level]
    told = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["shown"][lang]
    codes: set[str] = set()
    numbers: set[float] = set()
    for report in REPORTS:
        (page,) = folder.glob(f"{report}_*_{lang}.html")
        html = Reader(page.read_text(encoding="utf-8"))
        assert html.codes == set(told[report]["codes"])
        known = set(told[report]["numbers"])
        assert numbers_in("".join(html.said).split("\n"), lang) == known
        said = pdf_words(page.with_suffix(".pdf").read_bytes())
        assert numbers_in(said, lang) == known
        assert {c for c in told[report]["codes"] if c in "".join(said)} == html.codes, "none is broken across lines"
        codes |= html.codes
        numbers |= known
    assert len(codes) > 20 and len(numbers) > 100
    (file,) = folder.glob(f"lampiran_*_{lang}.xlsx")
    book = openpyxl.load_workbook(file)
    rows = book[say("workbook.text", lang)].iter_rows(min_row=3, values_only=True)
    assert {code for row in rows for code in (row[2] or "").split()} == codes
    assert numbers_in(xlsx_words(book, lang), lang) == numbers


@pytest.mark.parametrize("level", ["public", "internal"])
def test_both_languages_show_the_same_numbers(level: str, folders: dict[str, Path]) -> None:
    told = json.loads((folders[level] / "metrics.json").read_text(encoding="utf-8"))["shown"]
    for report in REPORTS:
        assert told["id"][report] == told["en"][report]


def test_every_value_behind_a_block_is_printed_rounded(page: Page, public_page: Page) -> None:
    """A value v is printed as p when p is v, or 100 v, to p's last decimal; sizes are told without their sign."""
    for made in (page, public_page):
        told = shown(made.blocks, "id")["numbers"]
        assert len(told) > 50
        for value in b.numbers(made.blocks):
            assert any(close(v, p) for v in (value, 100 * value, -value) for p in told), value


def close(value: float, told: float) -> bool:
    decimals = len(f"{told:.9f}".rstrip("0").partition(".")[2])
    return abs(value - told) <= 0.5 * 10**-decimals + 1e-9


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("−1.234,5 poin; 95% dari 1.000 (rentang +2,0 sampai 3)", "id", {-1234.5, 95, 1000, 2, 3}),
        ("−1,234.5 points; 95% of 1,000 (range +2.0 to 3)", "en", {-1234.5, 95, 1000, 2, 3}),
        ("P-7K2M, A1, berkas1, c0de77b1c0de, 76.02", "id", set()),
        ("Kemendagri **76.02** · BPS **7604**; 76.02 of 100", "en", {7604, 76.02, 100}),
        ("Kemendagri\n76.02", "en", set()),
        ("SE 3/2023, 45:1:305, 0.1.0", "en", set()),
        ("figure .32, not 1.", "en", {0.32, 1}),
        ("10–20; 5-9", "id", {10, 20, 5, 9}),
    ],
)
def test_numbers_are_read_as_people_read_them(text: str, lang: str, expected: set[float]) -> None:
    assert numbers_in([text], lang) == expected
