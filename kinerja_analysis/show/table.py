"""Tables as HTML: one function that escapes, marks headings, and writes numbers in the reader's language."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Result
from kinerja_analysis.base.words import has, say
from kinerja_analysis.base.words import show as form
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

_P_COLUMNS = ("p_value", "p_adjusted")
MOST = 200


def escape(text: object) -> str:
    """Return text that cannot become markup, quotes included.

    >>> escape('<b>"a"</b>')
    '&lt;b&gt;&quot;a&quot;&lt;/b&gt;'
    """
    return html.escape(str(text), quote=True)


def header(column: object, lang: str) -> str:
    """Return a column's heading: the word for its code, or the code.

    >>> header("p_adjusted", "en"), header("x1", "en")
    ('adjusted p', 'x1')
    """
    key = f"show.column.{str(column).lower().replace(' ', '_')}"
    return say(key, lang) if has(key) else str(column)


def default_form(column: str, values: pd.Series) -> str:
    """Return the number format of a column: ``p``, ``n``, ``2`` or text."""
    if column in _P_COLUMNS:
        return "p"
    if column == "year":
        return "year"
    if pd.api.types.is_bool_dtype(values):
        return ""
    if pd.api.types.is_integer_dtype(values):
        return "n"
    return "2" if pd.api.types.is_float_dtype(values) else ""


def cell(value: Any, how: str, lang: str) -> str:
    """Return one cell as text, in the reader's language.

    >>> cell(1234.5, "1", "id"), cell(None, "1", "id"), cell(2025, "year", "id")
    ('1.234,5', '–', '2025')
    """
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "–"
    if how == "year":
        return str(int(value))
    if isinstance(value, bool):
        return say("show.yes" if value else "show.no", lang)
    return form(value, how, lang)


def html_table(
    frame: pd.DataFrame, lang: str, *, caption: str = "", formats: Mapping[str, str] | None = None, most: int = MOST,
    total: int = 0,
) -> str:  # fmt: skip
    """Return a frame as an accessible, escaped HTML table.

    Parameters
    ----------
    frame : DataFrame
        The first column becomes the row's heading.
    lang : str
    caption : str
        Text above the table.
    formats : mapping, optional
        Column to number format as in ``base.words``; by default by the column's type.
    most : int
        Rows shown; what was left out is said below.
    total : int
        Rows there are, where the frame holds the first of them only.

    Examples
    --------
    >>> html_table(pd.DataFrame({"n": [1200]}), "id")[:20]
    '<table class="data">'
    """
    how = {str(c): default_form(str(c), frame[c]) for c in frame.columns} | dict(formats or {})
    right = {c for c in how if how[c] not in ("", "text")}
    head = "".join(f'<th scope="col"{_align(str(c) in right)}>{escape(header(c, lang))}</th>' for c in frame.columns)
    rows = []
    for record in frame.head(most).itertuples(index=False, name=None):
        cells = [escape(cell(v, how[str(c)], lang)) for c, v in zip(frame.columns, record, strict=True)]
        first = f'<th scope="row">{cells[0]}</th>' if cells else ""
        rest = "".join(
            f"<td{_align(str(c) in right)}>{text}</td>" for c, text in zip(frame.columns[1:], cells[1:], strict=True)
        )
        rows.append(f"<tr>{first}{rest}</tr>")
    left = max(len(frame), total) - most
    more = f"<p>{escape(say('show.more_rows', lang, n=left))}</p>" if left > 0 else ""
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="data">{title}<thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>{more}'


def _align(right: bool) -> str:
    return ' style="text-align:right"' if right else ""


def findings_frame(result: Result, lang: str, most: int | None = None) -> pd.DataFrame:
    """Return a result's (first) findings as a reader sees them: subject, sentence, value, range, n, p, status."""
    people = result.frame.loc[result.frame["subject_kind"].isin(naming.PERSONS), "subject"]
    short = naming.short_names(people)
    rows = []
    for f in Result(result.detector, result.frame.head(len(result) if most is None else most)).findings():
        rows.append({
            "subject": naming.subject(f, lang, short), "finding": words.sentence(f, lang, short),
            "value": words.bare(f, lang), "range": words.interval(f, lang) or "–", "n": naming.employees(f),
            "p_adjusted": f.p_adjusted, "status": naming.word(str(f.status), lang),
        })  # fmt: skip
    names = ["subject", "finding", "value", "range", "n", "p_adjusted", "status"]
    return pd.DataFrame(rows, columns=names).astype({"n": "Int64"})
