"""An annotated copy of a checked file: a comment in every faulty cell, a summary sheet first.

The copy stands beside the input and holds the same data as it: it is for whoever may see the input.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kinerja_analysis.base.errors import Problem, cell_in_words
from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.read import web
from kinerja_analysis.read.report import CheckReport, sentence
from kinerja_analysis.read.sources import ANNOTATED
from kinerja_analysis.read.text import SEPARATORS, decode

MOST = 5_000
_AUTHOR = "kinerja"
_COLOURS = {"error": "FFF4B6B0", "warning": "FFFBE3A6", "note": "FFD9E8F6"}
_RANK = ("note", "warning", "error")
_TEXT = (".csv", ".tsv", ".txt")
_BOOKS = (".xls", ".xlsx", ".xlsm")


def annotate(path: str | Path, report: CheckReport, *, name: str = "", lang: str = "id") -> Path | None:
    """Write ``<name>_ditandai.xlsx`` beside a workbook or text file; return its path.

    Parameters
    ----------
    path : path
        The file that was checked (.xlsx, .xlsm, a web page called .xls, or text, which becomes a sheet of its lines).
    report : CheckReport
    name : str, optional
        The file's name in the report, where it was checked as part of a folder.
    lang : "id" or "en"

    Returns
    -------
    Path or None
        None where there is nothing to mark in this file, or where it is no table with cells.

    Raises
    ------
    OSError
        The copy cannot be written (it is open in Excel).
    """
    place = Path(path)
    mine = [p for p in report.problems if p.file == (name or place.name)]
    if not mine or place.suffix.lower() not in (*_BOOKS, *_TEXT):
        return None
    try:
        page = place.suffix.lower() in _BOOKS and web.is_page(place)
        own = _of_page if page else _of_workbook
        book, lines = _of_text(place, lang) if place.suffix.lower() in _TEXT else own(place)
    except Exception:  # a file that no reader opens has no cells to mark; the list says what is wrong with it
        return None
    left = _mark(book, mine, lines, lang)
    _summary(book, mine, lines, left, lang)
    target = place.with_name(f"{place.stem.removesuffix(ANNOTATED)}{ANNOTATED}.xlsx")
    data = io.BytesIO()
    book.save(data)
    write_atomic(target, data.getvalue(), mode=place.stat().st_mode & 0o777)
    return target


def _of_workbook(place: Path) -> tuple[Any, dict[int, list[str]] | None]:
    import openpyxl
    from openpyxl.styles import PatternFill

    book = openpyxl.load_workbook(place)
    if place.stem.endswith(ANNOTATED):  # a copy of ours that was worked on: its old marks go
        for sheet in [s for s in book if s.title in (say("problems.annotated.summary", lang) for lang in LANGUAGES)]:
            book.remove(sheet)
        for cell in (c for sheet in book for row in sheet.iter_rows() for c in row):
            if cell.comment and cell.comment.author == _AUTHOR:
                cell.comment, cell.fill = None, PatternFill()
    return book, None


def _of_page(place: Path) -> tuple[Any, None]:
    """Return a workbook with every table of a web page, its numbers as text: here they may be repaired."""
    from openpyxl import Workbook

    book = Workbook()
    for n, (rows, _) in enumerate(web.tables(place), 1):
        sheet = book.active if n == 1 else book.create_sheet()
        sheet.title = web.sheet(n)
        for i, j, value in ((i, j, v) for i, row in enumerate(rows, 1) for j, v in enumerate(row, 1) if v):
            cell = sheet.cell(i, j)
            cell.value, cell.data_type, cell.number_format = _legal(value), "s", "@"
    return book, None


def _of_text(place: Path, lang: str) -> tuple[Any, dict[int, list[str]]]:
    """Return a workbook with every line at the row of its number, and the lines."""
    from openpyxl import Workbook

    text = decode(place.read_bytes())[0].decode("utf-8", errors="replace")
    head = text[: 1 << 16]
    separator = max(SEPARATORS, key=head.count)
    book = Workbook()
    sheet = book.active
    sheet.title = say("problems.annotated.data", lang)
    lines: dict[int, list[str]] = {}
    reader, start = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    for row in reader:
        lines[start] = row
        for j, value in enumerate(row, 1):
            cell = sheet.cell(start, j)
            cell.value, cell.data_type = _legal(value), "s"
        start = reader.line_num + 1
    return book, lines


def _legal(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub("�", text)[:32_767]


def _mark(book: Any, problems: Sequence[Problem], lines: dict[int, list[str]] | None, lang: str) -> int:
    """Comment and colour the cells; return how many were left without a mark."""
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    told: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        for cell in (problem.cell, *problem.others):
            if where := _where(book, problem, cell, lines):
                told.setdefault(where, []).append(problem)
    for (sheet, address), found in list(told.items())[:MOST]:
        cell = book[sheet][address]
        if type(cell).__name__ == "MergedCell":
            ranges = (r for r in book[sheet].merged_cells.ranges if address in r)
            cell = book[sheet].cell(*next(ranges).top[0])
        worst = max((p.severity for p in found), key=_RANK.index)
        repair = say("problems.annotated.repair", lang)
        text = "\n\n".join(f"[{p.code}] {sentence(p, lang)}\n{repair}: {p.text(lang, 'repair')}" for p in found)
        old = f"{cell.comment.text}\n\n" if cell.comment else ""
        cell.comment = Comment(_legal(old + text), _AUTHOR, height=180, width=360)
        cell.fill = PatternFill("solid", fgColor=_COLOURS[worst])
    return max(0, len(told) - MOST)


def _where(book: Any, problem: Problem, cell: str, lines: dict[int, list[str]] | None) -> tuple[str, str] | None:
    """Return sheet and address of a problem's cell in the copy."""
    from openpyxl.utils import get_column_letter

    if lines is None:
        sheet = problem.sheet if problem.sheet in book.sheetnames else ""
        return (sheet, cell) if sheet and cell and " " not in cell else None
    if not cell.startswith("baris "):
        return None
    number = int(cell.removeprefix("baris "))
    header = next((row for row in lines.values() if problem.column and problem.column in map(str.strip, row)), [])
    at = [h.strip() for h in header].index(problem.column) + 1 if header else 1
    return book.worksheets[0].title, f"{get_column_letter(at)}{number}"


def _summary(book: Any, problems: Sequence[Problem], lines: dict[int, list[str]] | None, left: int, lang: str) -> None:
    """Put a sheet with every problem first, each with a link to its first cell."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.hyperlink import Hyperlink
    from openpyxl.worksheet.properties import PageSetupProperties

    title = say("problems.annotated.summary", lang)
    sheet = book.create_sheet(title if title not in book.sheetnames else f"{title} KA", 0)
    book.active = 0
    sheet.append([say("problems.annotated.head", lang, n=len(problems))])
    if left:
        sheet.append([say("problems.annotated.left", lang, n=left, most=MOST)])
    sheet.append([])
    sheet.append(say("problems.annotated.columns", lang).split(" | "))
    header = sheet.max_row
    for p in problems:
        where = _where(book, p, p.cell, lines)
        row = [p.code, say(f"problems.severity.{p.severity}", lang), p.file, p.sheet, cell_in_words(p.cell, lang),
               p.count, sentence(p, lang), p.text(lang, "repair")]  # fmt: skip
        sheet.append([None] * len(row))
        for j, value in enumerate(row, 1):
            cell = sheet.cell(sheet.max_row, j)
            cell.value = _legal(value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.fill = PatternFill("solid", fgColor=_COLOURS[p.severity])
        if where:
            quoted = where[0].replace("'", "''")
            link = sheet.cell(sheet.max_row, 5)
            link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{quoted}'!{where[1]}")
            link.font = Font(underline="single", color="FF1F4E79")
    sheet["A1"].font = Font(bold=True, size=13)
    for cell in sheet[header]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFGH", (11, 12, 24, 18, 14, 8, 70, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = f"A{header + 1}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
