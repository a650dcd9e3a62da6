"""Hostile words in everything that is not a page: workbooks, lists, the terminal, names of files, tables of the lab.

The words that try to run in a page are those of ``tests/browser/test_hostile.py``, where a real browser shows them.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis.base.errors import Problem
from kinerja_analysis.base.results import Comparison
from kinerja_analysis.base.xlsx import neutral
from kinerja_analysis.cli.terminal import Terminal
from kinerja_analysis.cli.translation import translated
from kinerja_analysis.read import CheckReport, check
from kinerja_analysis.read.annotate import annotate
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import Page, PageSection
from kinerja_analysis.report.produce import Job
from kinerja_analysis.report.workbook import workbook_bytes
from kinerja_analysis.show.table import html_table

_place = Path(__file__).parents[1] / "browser" / "test_hostile.py"
_spec = importlib.util.spec_from_file_location("kinerja_hostile", _place)
assert _spec and _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
ESC = "\x1b"
#: Words that command a terminal: colours, clearing, titles, links, keys that come back, alone and in 8 bits.
COMMANDS = (f"{ESC}[31mred", f"{ESC}[2J{ESC}[H", f"{ESC}]0;title\x07", f"{ESC}]8;;http://x{ESC}\\y{ESC}]8;;{ESC}\\",
            f"{ESC}[6n", f"{ESC}c", f"{ESC}P$q{ESC}\\", "\x9b31m", "\x9d0;x\x9c", "a\x08\x08b", "good\rbad", "\x07",
            "\x7f", "a\u202eb")  # fmt: skip
MARKUP = ("[red]x[/red]", "[link=http://x]y[/link]", "[/]", "[bold", "[@click=app.quit]x[/]", ":warning:")
WORDS = (*_module.PAYLOADS, *COMMANDS, *MARKUP)
FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://x\",\"y\")", "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0",
    "-cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")", "=MSEXCEL|'\\..\\calc'!A",
    "=WEBSERVICE(\"http://x\")", "=IMPORTXML(\"http://x\",\"//a\")", "=IMAGE(\"http://x\")", "=INDIRECT(\"A1\")",
    "=RTD(\"x\",,\"y\")", "=CALL(\"a\",\"b\")", "=EXEC(\"calc\")", "{=1+1}".strip("{}"), "  =1+1", "\u00a0=1+1",
    "\t=1+1", "\r=1+1", "\n=1+1", "\t1", "\r1", "a\n=1+1", "a\r\n@x", "a;=1+1", "a,=1+1", "a\t+1+1", "a|-1+1",
    "\";=1+1;\"", "\",=1+1,\"", "＝1+1", "＋1", "－1", "＠x", "=\u202e1", "==1", "=-1", "-@x", "=A1\x00",
)  # fmt: skip
#: What a program would take for the start of a formula at the start of a field, whatever it separates fields by.
START = re.compile(r"[\s\u00a0]*[=+\-@＝＋－＠]|[\t\r]")


def cells(data: bytes | Path) -> Iterator[Any]:
    book = openpyxl.load_workbook(io.BytesIO(data) if isinstance(data, bytes) else data)
    for sheet in book.worksheets:
        yield from (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)


def checked() -> CheckReport:
    """A check whose every file, sheet, column and content is hostile."""
    words = (*WORDS, *FORMULAS)
    found = [Problem("KA-E202", "error", w, w, "A1", w, w, params={"nearest": w}) for w in words]
    return CheckReport(tuple(found), pd.DataFrame(), words, len(words))


def test_there_are_enough() -> None:
    assert len(set(_module.PAYLOADS)) >= 40 and len(set(FORMULAS)) >= 40


@pytest.mark.parametrize("text", FORMULAS)
def test_a_field_of_a_csv_begins_no_formula_whatever_the_program_separates_by(text: str) -> None:
    told = neutral(text)
    assert told.replace("'", "") == text.replace("'", ""), "nothing but an apostrophe is added"
    fields = [told, *re.split(r"[\r\n]+", told), *(f for s in ";,\t|" for f in told.split(s)[1:])]
    assert not [f for f in fields if f and START.match(f) and not (f != told and f[:1] in "\t\r")]


def test_ordinary_words_stay_as_they_are() -> None:
    for text in ("Dinas Sosial", "a - b", "2025-07", "x=1", "a, b; c", "", "user@example.org", "P-7K2M"):
        assert neutral(text) == text
    assert neutral(-1.5) == -1.5 and neutral(None) is None


def test_the_problem_list_holds_no_formula_and_all_words(tmp_path: Path) -> None:
    report = checked()
    written = list(cells(report.save(tmp_path / "masalah.xlsx")))
    assert {c.data_type for c in written} <= {"s", "n"}
    said = report.save(tmp_path / "masalah.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(said, newline=""), delimiter=";"))[1:]
    assert len(rows) == len(report.problems)
    assert not [f for row in rows for f in row if START.match(f)]


def test_the_translation_of_pseudonyms_holds_no_formula() -> None:
    found = pd.DataFrame({"number": list(FORMULAS), "name": list(FORMULAS)}, index=[f"P-{i}" for i in FORMULAS])
    assert {c.data_type for c in cells(translated(found, {"S": []}, ".xlsx", "number", "id"))} == {"s"}
    rows = csv.reader(io.StringIO(translated(found, {}, ".csv", "number", "id").decode("utf-8-sig"), newline=""),
                      delimiter=";")  # fmt: skip
    assert not [f for row in rows for f in row if START.match(f)]


def test_the_annex_holds_no_formula_and_every_word() -> None:
    words = (*WORDS, *FORMULAS)
    table = b.TableBlock(words[0], tuple(b.Column(w) for w in words[:3]), tuple((w, w, w) for w in words), words[2])
    blocks = (b.Section("a", words[1], words[1], (*(b.Text(w) for w in words), table)),)
    page = Page(words[4], "en", "public", "01.01", 2025, True, (PageSection("a", blocks),))
    written = list(cells(workbook_bytes(page, "en")))
    assert {c.data_type for c in written} <= {"s", "n"}
    for cell in written:
        assert not (isinstance(cell.value, str) and cell.value[:1] in "=+-@") or cell.quotePrefix
    bare = {re.sub(r"[\s\x00-\x1f*`]", "", str(c.value)) for c in written}
    lost = [w for w in words if re.sub(r"[\s\x00-\x1f*`]|_x000D_", "", w) not in bare]
    assert lost == ["\x07"], "all but one that is nothing without its control"


def test_the_marked_copy_of_a_text_file_holds_no_formula(make: Any) -> None:
    rows = make.scores()
    for row, text in zip(rows, (w for w in (*FORMULAS, *WORDS) if not set('";\r\n\0') & set(w)), strict=False):
        row[5] = text
    rows[0][7] = "=1+1"
    place = make.text([make.long_header, *rows])
    copy = annotate(place, check(place, config=make.config), lang="en")
    assert copy is not None
    assert {c.data_type for c in cells(copy)} <= {"s", "n"}


def test_the_terminal_obeys_no_word_and_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    term = Terminal("en")
    for word in WORDS:
        term.say("path_missing", name=word)
        term.error.print(word)
    term.console.print(checked().summary("en"))
    out, err = capsys.readouterr()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out + err)
    assert all(word in out and word in err for word in MARKUP)


@pytest.mark.parametrize("word", WORDS)
def test_a_name_makes_no_path_and_no_other_address(word: str, tmp_path: Path) -> None:
    job = Job("01.01", 2025, "public", ("id",), ("html",), word)
    assert re.fullmatch(r"[a-z0-9-]{1,40}|01\.01", job.slug)
    assert job.folder(tmp_path).resolve().parent == (tmp_path / "2025").resolve()


class Tags(HTMLParser):
    """The tags of a page and the attributes that could run or call."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_tables_of_the_lab_and_of_a_comparison_hold_text_only() -> None:
    frame = pd.DataFrame({w: list(WORDS) for w in WORDS[:4]})
    shown = [html_table(frame, lang, caption=WORDS[0]) for lang in ("id", "en")]
    shown += [checked()._repr_html_()]
    for page in shown:
        found = Tags(page)
        known = "div p table caption thead tbody tr th td br details summary"
        assert found.tags <= set(known.split())
        assert found.attributes <= {"class", "scope", "style", "lang", "border"}


def test_latex_of_a_comparison_has_no_command_of_a_name() -> None:
    from kinerja_analysis.show.comparison import tex

    for word in WORDS:
        told = tex(word)
        words = "textbackslash|textasciitilde|textasciicircum|textless|textgreater"
        bare = re.sub(rf"\\({words})\{{\}}|\\[&%_#${{}}]|\$-\$", "", told)
        assert not set(bare) & set("\\{}$&%#_^~"), (word, told)
    assert Comparison.to_latex.__doc__
