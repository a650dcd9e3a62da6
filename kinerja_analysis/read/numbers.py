"""Numbers and times as people write them: decimal comma or point, never guessed where both are possible."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

_WHOLE = re.compile(r"[+-]?\d+")
_COMMA = re.compile(r"[+-]?\d*,\d+")
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_GROUPED_ID = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+|[+-]?[1-9]\d{0,2}(\.\d{3}){2,}")
_GROUPED_EN = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+\.\d+|[+-]?[1-9]\d{0,2}(,\d{3}){2,}")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
MONTHS = {
    name: i
    for i, names in enumerate(
        ("januari january jan", "februari february feb", "maret march mar", "april apr", "mei may", "juni june jun",
         "juli july jul", "agustus august agu aug", "september sep", "oktober october okt oct",
         "november nov", "desember december des dec"), 1)
    for name in names.split()
}  # fmt: skip
_NAMED = re.compile(rf"(?:[a-z']+, *)?(\d\d?)[\s-]+({'|'.join(MONTHS)})[.\s-]+(\d{{4}}),?(.*)", re.IGNORECASE)
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(?:\d\d){1,2}\b")
_TIME_FORMATS = ("%d/%m/%Y %H.%M.%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H.%M", "%d/%m/%Y",
                 "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d")  # fmt: skip


class Outcome(NamedTuple):
    """What became of the distinct values: ``values``, the code of the fault by position, the nearest valid value."""

    values: Sequence[Any]
    faults: dict[int, str]
    hints: dict[int, str]


def _style(text: str) -> str:
    """Return how a text writes a number: whole, comma, point, or "" when it is none."""
    if _WHOLE.fullmatch(text):
        return "whole"
    if _GROUPED_ID.fullmatch(text) or _COMMA.fullmatch(text):
        return "comma"
    if _GROUPED_EN.fullmatch(text) or _POINT.fullmatch(text):
        return "point"
    return ""


def _number(text: str, style: str) -> float:
    if style == "comma":
        return float(text.replace(".", "").replace(",", "."))
    return float(text.replace(",", "")) if style == "point" else float(text)


def suggestion(text: str) -> str:
    """Return the number a broken text probably meant, or "".

    >>> suggestion("95,5o"), suggestion("baik")
    ('95,5', '')
    """
    rest = re.sub(r"[^0-9.,-]", "", text).strip(".,")
    return rest if rest and _style(rest) else ""


def numbers(distinct: Sequence[Any], counts: np.ndarray, separator: str = "") -> Outcome:
    """Read numbers; a decimal mark counts for the whole column.

    Parameters
    ----------
    distinct : sequence
        Distinct cells: floats (a spreadsheet's number) or texts.
    counts : int array
        How often each occurs; of two decimal marks the rarer one is the fault.
    separator : str
        Delimiter of a text file; ";" belongs to the decimal comma, "," to the point.

    Returns
    -------
    Outcome
        ``E203`` not a number, ``E205`` two decimal marks in one column, ``E206`` "1.000" that may be 1 or 1000,
        ``E218`` "1.000" beside "900,5": a thousands mark, as the column shows.

    Example
    -------
    >>> numbers(["95,5", "80", 70.0], np.ones(3, int)).values
    [95.5, 80.0, 70.0]
    """
    styles = ["" if not isinstance(v, str) else _style(v) for v in distinct]
    values: list[Any] = [None] * len(distinct)
    faults: dict[int, str] = {}
    hints: dict[int, str] = {}
    weight = {"comma": 0, "point": 0}
    for i, (value, style) in enumerate(zip(distinct, styles, strict=True)):
        if isinstance(value, (int, float)):
            values[i] = float(value)
        elif not style:
            faults[i] = "E203"
            hints[i] = suggestion(value) if isinstance(value, str) else ""
            continue
        else:
            values[i] = _number(value, style)
        if not math.isfinite(values[i]):
            faults[i] = "E203"
        elif style in weight:
            weight[style] += int(counts[i])
    if weight["comma"] and weight["point"]:
        if thousands := _thousands(distinct, styles):
            faults |= dict.fromkeys(thousands, "E218")
            hints |= {i: distinct[i].translate(dict.fromkeys(map(ord, ".,"))) for i in thousands}
            return Outcome([None if i in faults else v for i, v in enumerate(values)], faults, hints)
        rarer = "comma" if weight["comma"] < weight["point"] else "point"
        faults |= {i: "E205" for i, s in enumerate(styles) if s == rarer}
    else:
        faults |= _ambiguous(distinct, styles, separator)
    return Outcome([None if i in faults else v for i, v in enumerate(values)], faults, hints)


def _thousands(distinct: Sequence[Any], styles: list[str]) -> list[int]:
    """Return numbers with a thousands mark alone ("1.250"), where the other mark is the column's decimal one."""
    marked = {s: [i for i, own in enumerate(styles) if own == s] for s in ("comma", "point")}
    for mine, other in (("point", "comma"), ("comma", "point")):
        told = any(not _THOUSANDS.fullmatch(distinct[i]) for i in marked[other])
        if told and all(_THOUSANDS.fullmatch(distinct[i]) for i in marked[mine]):
            return marked[mine]
    return []


def _ambiguous(distinct: Sequence[Any], styles: list[str], separator: str) -> dict[int, str]:
    """Return faults where every decimal of a column could as well be a thousands mark."""
    marked = [i for i, s in enumerate(styles) if s in ("comma", "point")]
    if not marked or not all(_THOUSANDS.fullmatch(distinct[i]) for i in marked):
        return {}
    natural = {";": "comma", ",": "point"}.get(separator)
    return {i: "E206" for i in marked if styles[i] != natural}


def _months_first(distinct: Sequence[Any]) -> set[int]:
    """Return dates that are or may be written month/day/year, where the column has one that can be nothing else.

    A spreadsheet's own date belongs to them where day and month may have changed places as it was opened.
    """
    parts: dict[int, tuple[int, int]] = {}
    for i, v in enumerate(distinct):
        if isinstance(v, str) and (found := _SLASHED.match(v)):
            parts[i] = int(found[1]), int(found[2])
        elif isinstance(v, (dt.datetime, dt.date)):
            parts[i] = v.month, v.day
    if not any(isinstance(distinct[i], str) and a <= 12 < b <= 31 for i, (a, b) in parts.items()):
        return set()
    text = {i for i in parts if isinstance(distinct[i], str)}
    return {i for i, (a, b) in parts.items() if a <= 12 and a != b and (b <= 12 or (i in text and b <= 31))}


def times(distinct: Sequence[Any]) -> Outcome:
    """Read time stamps: spreadsheet dates, ISO 8601, or day, month, year as Indonesian programs write them.

    Example
    -------
    >>> [f"{t:%d/%m/%Y %H:%M}" for t in times(["10/8/2026 09.15.00", "1 Des 2025"]).values]
    ['10/08/2026 09:15', '01/12/2025 00:00']
    """
    others = {i: v for i, v in enumerate(distinct) if not isinstance(v, str)}
    fine = [i for i, v in others.items() if isinstance(v, (dt.datetime, dt.date)) and 1990 <= v.year <= 2100]
    faults = dict.fromkeys(others.keys() - fine, "E207")
    values = np.full(len(distinct), "NaT", dtype="datetime64[us]")
    for i in fine:
        values[i] = pd.Timestamp(others[i]).tz_localize(None).to_datetime64()
    series = pd.Series(distinct, dtype=object).drop(list(others)).astype("str")
    parsed = pd.to_datetime(series, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    if parsed.isna().any():
        iso = series.where(series.str.match(r"\d{4}-\d{2}-\d{2}") & parsed.isna())
        parsed = parsed.fillna(pd.to_datetime(iso, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None))
    if parsed.isna().any():
        series = series.str.replace(_NAMED, lambda m: f"{m[1]}/{MONTHS[m[2].lower()]}/{m[3]}{m[4]}", regex=True)
    for form in _TIME_FORMATS:
        left = parsed.isna()
        if not left.any():
            break
        parsed = parsed.where(~left, pd.to_datetime(series.where(left), format=form, errors="coerce"))
    months_first = _months_first(distinct)
    faults |= dict.fromkeys(months_first, "E219")
    years = parsed.dt.year
    odd = ~years.between(1990, 2100)
    faults |= {int(i): "E207" for i in parsed.index[odd] if int(i) not in months_first}
    values[parsed.index[~odd]] = parsed[~odd]
    values[list(months_first)] = np.datetime64("NaT")
    return Outcome(pd.DatetimeIndex(values), faults, {})
