"""The Excel annex: the page's sentences, every table with numbers as numbers, all findings, the row accounting.

Strings are stored as strings whatever they begin with, so nothing in a file can become a formula; time stamps are
fixed, so that the same audit gives the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinerja_analysis.base import xlsx
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.base.tables import PARTS
from kinerja_analysis.base.words import say
from kinerja_analysis.detect import INDEX
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import Page, region_page
from kinerja_analysis.report.render import HIDDEN, WITHHELD
from kinerja_analysis.report.sections import origin, steps
from kinerja_analysis.report.text import plain
from kinerja_analysis.report.view import View
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.sentence import known, title, unit
from kinerja_analysis.show.table import default_form, header

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_DOTS = re.compile(r"\{dots\d\} ")
WORDS = "kinerja"  #: the style of cells of words: they wrap
CODES = "codes"  #: the form of cells of finding codes: they stay on one line
WIDEST = 60
FONT: dict[str, Any] = {"name": "Calibri", "size": 11, "family": 2}
LINE = 15.0  #: height of a line in points
MOST_ROWS = 50


Frames = Sequence[tuple[str, str, pd.DataFrame]]


def workbook(page: Page | Audit, lang: str, path: str | Path, *, audit: Audit | None = None, more: Frames = ()) -> Path:
    """Write the annex of a page.

    Parameters
    ----------
    page : Page or Audit
        The page, or an audit of one cell from which the page is made.
    lang : str
        ``id`` or ``en``.
    path : path
        The xlsx file; written atomically.
    audit : Audit, optional
        With a ``Page``: adds the sheets of all findings and the full head counts.
    more : sequence of (name, what it holds, frame)
        Further sheets.

    Returns
    -------
    Path
    """
    source = page if isinstance(page, Audit) else audit
    content = region_page(page, lang, pictures=False) if isinstance(page, Audit) else page
    target = Path(path)
    write_atomic(target, workbook_bytes(content, lang, source, more))
    return target


def workbook_bytes(page: Page, lang: str, audit: Audit | None = None, more: Frames = ()) -> bytes:
    """Return the annex as bytes, the same for the same page."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, NamedStyle

    book = Workbook()
    book.remove(book.active)
    book.add_named_style(NamedStyle(WORDS, Font(**FONT), alignment=Alignment(wrap_text=True, vertical="top")))
    sheets = _sheets(page, lang, (*_frames(audit, lang), *more))
    _cover(book.create_sheet(say("workbook.cover", lang)), page, lang)
    contents = book.create_sheet(say("workbook.contents", lang))
    rows = [(name, about, say(f"workbook.{part}", lang)) for part, (name, about, _, _) in sheets]
    heads = _labels(("sheet", "about", "extent"), lang)
    _fill(contents, say("workbook.contents_about", lang), heads, rows, ("", "", ""))
    for _, (name, about, columns, lines) in sheets:
        labels = [c.label or header("row_head", lang) for c in columns]
        _fill(book.create_sheet(name), about, labels, lines, [c.form for c in columns])
    return xlsx.book_bytes(book, page.title)


Sheet = tuple[str, str, Sequence[b.Column], Sequence[tuple[b.Cell, ...]]]


def _labels(names: Iterable[str], lang: str) -> list[str]:
    return [header(name, lang) for name in names]


def _sheets(page: Page, lang: str, frames: Frames) -> list[tuple[str, Sheet]]:
    """Return all sheets after the contents, those of the ``page`` (its text, its tables) and what is ``more``."""
    forms = {"section": "", "text": "", "codes": CODES}
    words = [b.Column(text, form) for text, form in zip(_labels(forms, lang), forms.values(), strict=True)]
    found: list[Sheet] = [(say("workbook.text", lang), say("workbook.text_about", lang), words, page_text(page))]
    used: set[str] = {found[0][0]}
    for name, about, table in _tables(page):
        found.append((_sheet_name(name, used), plain(about), table.columns, table.rows))
    more = [(_sheet_name(name, used), about, *_framed(frame, lang)) for name, about, frame in frames]
    return [("page", sheet) for sheet in found] + [("more", sheet) for sheet in more]


def _tables(page: Page) -> list[tuple[str, str, b.TableBlock]]:
    """Return every table with its sheet's name and what it holds: the headings above it, its caption."""
    found = []
    for section in (block for block in page.blocks if isinstance(block, b.Section)):
        name, above = section.number or section.anchor, [""]
        if section.anchor.startswith("mutu-"):
            name = say("workbook.quality", page.lang, number=name)
        for block in b.walk(section.blocks):
            if isinstance(block, b.Heading):
                above = [*above[: 1 if block.level <= 3 else 2], block.text]
            elif isinstance(block, b.TableBlock):
                told = (*above, block.caption) if block.caption else (section.title, *above)
                found.append((block.name or name, " – ".join(filter(None, told)), block))
    return found


def _frames(audit: Audit | None, lang: str) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the sheets that hold more than the page: all findings, head counts by employment, accounting."""
    if audit is None:
        return []
    view = View(audit, lang)
    found = {"findings": all_findings(view), "review": review_rows(view)}
    heads, rows = view.count("headcount"), view.count("accounting")
    if len(heads) and view.internal:
        kinds = [naming.word(kind, lang) if kind else "" for kind in heads["employment"]]
        found["headcount"] = heads.drop(columns=["region", "year"]).assign(employment=kinds)
    if len(rows):
        table = [say(f"quality.table.{t}", lang) for t in rows["table"]]
        reasons = [origin.reason(view, r) if r else "" for r in rows["reason"]]
        found["accounting"] = rows.assign(table=table, reason=reasons)
        if not view.internal:  # all files together
            some = (rows[PARTS] != 0).any(axis=1)
            found["accounting"] = found["accounting"].loc[some].drop(columns=["file", "sheet"])
    about = {"headcount": say("report.headcount.full_caption", lang, year=str(view.year))}
    return [(say(f"workbook.{name}", lang), about.get(name) or say(f"workbook.{name}_about", lang), frame)
            for name, frame in found.items() if len(frame)]  # fmt: skip


def review_rows(view: View) -> pd.DataFrame:
    """Return the whole review list, one row per entry, with an empty column for the reply."""
    rows = []
    for row, found in steps.review_list(view):
        told = [view.sentence(f) for f in found]
        topic = steps.about(view, row, found).replace("\n", " · ")
        rows.append({
            "entry": view.say("review.entry", entry=int(row["entry"])), "subject": steps.who(view, found[0]),
            "topic": topic, "concerned": row["concerned"], "finding": " ".join(dict.fromkeys(told)),
            "question": steps.asking(view, row, found, "question").replace("\n", " "),
            "step": steps.asking(view, row, found, "step").replace("\n", " "),
            "data_rows": steps.addresses(view, found, MOST_ROWS), "reply": "",
        })  # fmt: skip
    return pd.DataFrame(rows)


def all_findings(view: View) -> pd.DataFrame:
    """Return every finding of the audit with its sentence, numbers as numbers."""
    rows = []
    for name in (*view.detectors, *([INDEX] if view.audit.index is not None else [])):
        for f in view.audit.results[name].findings():
            e = known(f)
            rows.append({
                "detector": title(name, view.lang), "subject": view.contrast(f) or view.place,
                "finding": view.sentence(f), "value": e.value, "lower": e.lower, "upper": e.upper,
                "unit": unit(e.unit, view.lang), "n": naming.employees(f), "threshold": f.threshold,
                "p_adjusted": f.p_adjusted, "status": naming.word(str(f.status), view.lang), "code": f.code,
            })  # fmt: skip
    return pd.DataFrame(rows).astype({"n": "Int64"} if rows else {})


def _framed(frame: pd.DataFrame, lang: str) -> tuple[list[b.Column], list[tuple[b.Cell, ...]]]:
    columns = [b.Column(header(c, lang), default_form(str(c), frame[c])) for c in frame.columns]
    cells = frame.astype(object).where(frame.notna(), None)
    return columns, [tuple(row) for row in cells.itertuples(index=False, name=None)]


def page_text(page: Page) -> list[tuple[str, str, str]]:
    """Return every sentence of the page in reading order: section, text, finding codes (once for a block)."""
    rows: list[tuple[str, str, str]] = []
    section = ""
    for block in b.walk(page.blocks):
        if isinstance(block, b.Masthead | b.Section | b.Part):
            section = block.title
        told = [plain(_DOTS.sub("", text)) for text in b.sentences(block) if text]
        rows += [(section, text, "" if i else " ".join(block.codes)) for i, text in enumerate(told)]
    return rows


def _cover(sheet: Worksheet, page: Page, lang: str) -> None:
    from openpyxl.styles import Font

    level = say(f"report.badge.{page.level}", lang)
    lines = [page.title, say("workbook.cover_about", lang), f"{say('report.masthead.level', lang)}: {level}"]
    if page.synthetic:
        lines.append(say("report.synthetic", lang))
    lines += [say("report.masthead.nature_text", lang), say("workbook.hidden_about", lang)]
    for i, text in enumerate(lines, start=1):
        sheet.cell(i, 1).style = WORDS
        _put(sheet, i, 1, text)
        sheet.row_dimensions[i].height = LINE * _lines(text)
    sheet.cell(1, 1).font = Font(**FONT | {"size": 18}, bold=True)
    sheet.row_dimensions[1].height = 2 * LINE
    sheet.column_dimensions["A"].width = 100
    _printed(sheet)


def _fill(
    sheet: Worksheet, about: str, labels: Sequence[str], rows: Iterable[Sequence[Any]], forms: Sequence[str]
) -> None:
    """Write a sheet: what it holds, the headings (frozen), the rows."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    _put(sheet, 1, 1, about)
    sheet.cell(1, 1).font = Font(**FONT, bold=True)
    widths = [len(text) for text in labels]
    for j, text in enumerate(labels, start=1):
        _put(sheet, 2, j, text).font = Font(**FONT, bold=True)
    for i, row in enumerate(rows, start=3):
        for j, (value, form) in enumerate(zip(row, forms, strict=True), start=1):
            if form == "":
                sheet.cell(i, j).style = WORDS  # dear where each cell has an alignment of its own
            cell = _put(sheet, i, j, value, form)
            widths[j - 1] = max(widths[j - 1], min(len(str(cell.value or "")), WIDEST))
        tall = max((_lines(str(v)) for v, form in zip(row, forms, strict=True) if form == ""), default=1)
        if tall > 1:  # programs that trust a file's heights would write one text over the next
            sheet.row_dimensions[i].height = LINE * tall
    for j, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(j)].width = min(width, WIDEST) + 3
    sheet.freeze_panes = "A3"
    _printed(sheet)
    sheet.print_title_rows = "1:2"


def _lines(text: str) -> int:
    """Return the lines a text takes in the widest column, words kept whole.

    >>> _lines("a"), _lines("a\\nb"), _lines("words " * 21)
    (1, 2, 3)
    """
    return sum(max(1, math.ceil(len(part) / WIDEST)) for part in text.split("\n"))


def _printed(sheet: Worksheet) -> None:
    """Let a sheet be printed on A4 across, all its columns on one page."""
    sheet.page_setup.paperSize, sheet.page_setup.orientation = sheet.PAPERSIZE_A4, "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight = True, 0
    sheet.print_area = sheet.dimensions  # a long line of codes does not make the page wider


def _put(sheet: Worksheet, row: int, column: int, value: Any, form: str = "") -> Any:
    """Put a value: numbers as numbers with their format, hidden counts and all text as strings, never a formula."""
    cell = sheet.cell(row, column)
    if isinstance(value, b.Printed):
        value, form = value.number, value.form
    if form == "n" and value in (HIDDEN, WITHHELD):
        value, form = "< 10" if value == HIDDEN else "…", ""
    missing = value is None or (isinstance(value, float) and not math.isfinite(value)) or value is pd.NA
    if missing:
        return cell
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return xlsx.put(cell, plain(text))
    cell.value = value
    cell.number_format = number_format(form, value)
    return cell


def number_format(form: str, value: float) -> str:
    """Return the number format with which Excel shows a value as the page does.

    >>> number_format("+1", 2.0), number_format("%1", 0.5), number_format("", 3.0)
    ('+#,##0.0;-#,##0.0;#,##0.0', '#,##0.0%', '#,##0')
    """
    if form == "year":
        return "0"
    if form == "p":
        return '[<0.001]"< 0.001";0.000'
    whole = form in ("%", "+") or (form in ("", "n") and float(value).is_integer())
    digits = 0 if whole else int(form.strip("n+%") or 2)
    shown = "#,##0" + "." * bool(digits) + "0" * digits
    return f"+{shown};-{shown};{shown}" if form.startswith("+") else shown + "%" * form.startswith("%")


def _sheet_name(name: str, used: set[str]) -> str:
    """Return a name Excel takes, not used before: the tables of section A1 are A1, A1b, A1c."""
    base = re.sub(r"[\[\]:*?/\\']", " ", name).strip()[:28] or "data"
    unique, k = base, 2
    while unique.lower() in {u.lower() for u in used}:
        unique, k = base + (chr(96 + k) if base[-1].isdecimal() and k < 27 else f" {k}"), k + 1
    used.add(unique)
    return unique
