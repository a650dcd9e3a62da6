"""The workbook of the input template: instructions, data sheets with their rules, examples, hidden lists."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from kinerja_analysis.base.words import has, say
from kinerja_analysis.base.xlsx import book_bytes, put
from kinerja_analysis.read.cells import letters
from kinerja_analysis.read.layout import recognise
from kinerja_analysis.show.theme import BLUE, BLUE_BAR, GROUND, INK, MUTED, OCHRE_BAR, PAPER

TEXT_ROWS, LAST_ROW = 500, 1_048_576
SPEC: dict[str, Any] = tomllib.loads(files(__package__).joinpath("template.toml").read_text(encoding="utf-8"))
_IDS = {"nip": "nip", "pseudonymous": "pseudonym", "other": "text"}


class Field(NamedTuple):
    """One column: header, whether every row must have it, the rule and number format of its cells, drop-down."""

    header: str
    required: bool
    rule: str
    format: str
    choices: tuple[Any, ...]
    example: Sequence[Any]


class Sheet(NamedTuple):
    """One data sheet: kind, name, what a row is, columns, scale of the scores."""

    kind: str
    title: str
    about: str
    fields: list[Field]
    scale: dict[str, float]


def sheet(kind: str, criteria: Sequence[str], scale: tuple[float, float], long: bool, ids: str, lang: str,
          **only: str | None) -> Sheet:  # fmt: skip
    """Return the empty data sheet of a kind; ``only`` names columns (by header) with a single choice.

    >>> [f.header for f in sheet("unit", (), (1, 10), False, "nip", "id").fields if f.required]
    ['periode', 'wilayah', 'unit_kerja', 'predikat_organisasi']
    """
    single = {"skala_min": (scale[0],), "skala_maks": (scale[1],), "dimensi": tuple(criteria)}
    lists: dict[str, tuple[Any, ...]] = single | {name: (value,) for name, value in only.items() if value}
    told = SPEC["sheets"][kind].replace("*", "dimensi! nilai" if long else "*").split()
    known = [(w.rstrip("!"), w.endswith("!"), SPEC["columns"].get(w.rstrip("!"))) for w in told]
    made: list[Field] = []
    for name, required, own in [c for k in known for c in ([k] if k[2] else [(n, False, {}) for n in criteria])]:
        rule = own.get("rule", "pick" if "choices" in own else "score")
        scores = [round(scale[0] + (scale[1] - scale[0]) * (0.7 + 0.1 * ((len(made) + i) % 3))) for i in range(3)]
        choices = lists.get(name, ()) if own else ()
        example = (choices * 3)[:3] or own.get("example", scores)
        if rule == "nip" and ids == "pseudonymous":
            example = [f"SAMARAN-{t[14:]}" for t in example]
        choices = choices or tuple(own.get("choices", ()))
        rule = "pick" if choices else _IDS[ids] if rule == "nip" else rule
        number = "General" if choices and not isinstance(choices[0], str) else SPEC["rules"][rule].get("format", "@")
        made.append(Field(name, required, rule, number, choices, example))
    low, high = scale
    about = say(f"template.about.{kind if kind != '360' else 'long' if long else 'wide'}", lang, low=low, high=high)
    return Sheet(kind, say(f"template.sheet.{kind}", lang), about, made, {"low": low, "high": high})


def book(
    sheets: Sequence[Sheet], rows: Sequence[dict[str, Any]], lang: str, personal: str, target: str = "360"
) -> bytes:
    """Return the template; ``rows`` (by header) go into the sheet of kind ``target``.

    ``personal`` is a sentence of the first sheet.
    """
    from openpyxl import Workbook

    out = Workbook()
    lists = list(dict.fromkeys(f.choices for s in sheets for f in s.fields if f.choices))
    _guide(out.active, sheets, lang, personal)
    for content in sheets:
        page = out.create_sheet(content.title)
        own = [[row.get(f.header) for f in content.fields] for row in rows if content.kind == target]
        _table(page, 1, content, own, len(own) + TEXT_ROWS)
        for j, f in enumerate(content.fields):
            if f.rule != "text":
                page.add_data_validation(_rule(f, content, letters(j), lang, lists))
        page.freeze_panes, page.sheet_properties.tabColor = "A2", BLUE[1:]
    for content in sheets:
        page = out.create_sheet(say("template.example_of", lang, sheet=content.title))
        _table(page, 4, content, [*zip(*(f.example for f in content.fields), strict=True)])
        _dress(page["A2"], say("template.example_about", lang, sheet=content.title), wrap=False, bold=True)
        _mark(page, lang)
    hidden = out.create_sheet(say("template.lists", lang))
    hidden.sheet_state = "hidden"
    for j, choices in enumerate(lists, 1):
        for i, value in enumerate(choices, 2):
            put(hidden.cell(i, j), value)
    _mark(hidden, lang)
    return book_bytes(out, say("template.title", lang))


def _dress(cell: Any, text: str, fill: str = PAPER, colour: str = INK, *, wrap: bool = True, **font: Any) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    put(cell, text).alignment = Alignment(wrap_text=wrap, vertical="center")
    cell.fill, cell.font = PatternFill("solid", fgColor=fill[1:]), Font(name="Calibri", color=colour[1:], **font)


def _mark(page: Any, lang: str) -> None:
    """Mark a sheet as no data (``workbook.is_explanation``) and keep entries out of it."""
    _dress(page["A1"], say("template.not_read", lang), colour=MUTED, wrap=False, italic=True)
    page.protection.sheet = True


def _head(page: Any, row: int, labels: Sequence[str], dark: Sequence[bool]) -> None:
    """Write a header row, dark where required; print landscape on one width."""
    for j, (label, strong) in enumerate(zip(labels, dark, strict=True), 1):
        _dress(page.cell(row, j), label, *((BLUE, PAPER) if strong else (BLUE_BAR, INK)), bold=True)
    page.row_dimensions[row].height, page.print_title_rows = 32, f"{row}:{row}"
    page.page_setup.orientation, page.page_setup.fitToHeight, page.page_setup.paperSize = "landscape", 0, 9
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _table(page: Any, row: int, content: Sheet, rows: Sequence[Sequence[Any]], last: int = 3) -> None:
    """Write header and rows from ``row`` on; all ``last`` rows get their format, filled or not."""
    _head(page, row, [f.header for f in content.fields], [f.required for f in content.fields])
    for j, f in enumerate(content.fields):
        width = max(map(len, map(str, (f.header + "--", *f.example, *f.choices))))
        page.column_dimensions[letters(j)].width = min(max(width, 11), 34) + 2
        page.column_dimensions[letters(j)].number_format = f.format
        for i in range(len(rows) if f.format == "General" else last):
            cell = page.cell(row + 1 + i, j + 1)
            put(cell, rows[i][j] if i < len(rows) else None).number_format = f.format


def _rule(f: Field, content: Sheet, letter: str, lang: str, lists: list[tuple[Any, ...]]) -> Any:
    """Return what a column accepts as a rule of the spreadsheet; its error names the repair."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = SPEC["rules"][f.rule]
    one, two = (rule[n].format(c=f"{letter}2", **content.scale) if n in rule else None for n in ("one", "two"))
    if f.choices:
        column = letters(lists.index(f.choices))
        one = f"'{say('template.lists', lang)}'!${column}$2:${column}${len(f.choices) + 1}"
    return DataValidation(
        rule["type"], one, two, operator="between", allow_blank=True, showErrorMessage=True, errorStyle="stop",
        errorTitle=say("template.error_title", lang), error=say(f"template.error.{f.rule}", lang, **content.scale),
        sqref=f"{letter}2:{letter}{LAST_ROW}",
    )  # fmt: skip


def _guide(page: Any, sheets: Sequence[Sheet], lang: str, personal: str) -> None:
    """Write the instructions: personal data first, how to fill in, the sheets, one line per column."""
    page.title, row = say("template.guide", lang), 2
    kinds = "\n".join(f"{s.title}: {s.about}" for s in sheets)
    for key, size, fill, colour in (
        ("title", 18, BLUE, PAPER), (f"personal.{personal}", 12, OCHRE_BAR, INK), ("steps", 13, PAPER, BLUE),
        ("step", 11, PAPER, INK), ("sheets", 13, PAPER, BLUE), ("", 11, PAPER, INK), ("columns", 13, PAPER, BLUE),
    ):  # fmt: skip
        for text in (say(f"template.{key}", lang) if key else kinds).split("\n"):
            page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)
            _dress(page.cell(row, 1), text, fill, colour, size=size, bold=size > 11)
            page.row_dimensions[row].height = (2 if size < 13 else 18) + 16 * (1 + len(text) // 150)
            row += 1
    names = ("sheet", "column", "required", "meaning", "accepted", "example")
    _head(page, row, [say(f"template.head.{n}", lang) for n in names], [True] * len(names))
    for content in sheets:
        layout = recognise([f.header for f in content.fields])
        for j, f in enumerate(content.fields):
            name, row = layout.names.get(j, "") if layout else "", row + 1
            own = f"template.meaning.{f.header if name or f.rule != 'score' else 'criterion'}"
            meaning = say(own if has(own) else f"columns.column.{name}", lang, header=f.header)
            choices = ", ".join(map(str, f.choices))
            accepted = say(f"template.accept.{f.rule}", lang, choices=choices, **content.scale)
            must = say("template.required" if f.required else "template.optional", lang)
            for k, text in enumerate((content.title, f.header, must, meaning, accepted, str(f.example[0])), 1):
                _dress(page.cell(row, k), text, GROUND if row % 2 else PAPER, bold=k == 2)
            page.row_dimensions[row].height = 3 + 15 * max(1 + len(meaning) // 52, 1 + len(accepted) // 42)
    for letter, width in zip("ABCDEF", (20, 24, 14, 48, 40, 26), strict=True):
        page.column_dimensions[letter].width = width
    page.sheet_view.showGridLines = False
    _mark(page, lang)
