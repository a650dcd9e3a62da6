"""Periods as titles, sheet names and further columns state them; the numbers of regulations are no years of data."""

from __future__ import annotations

import re
from numbers import Real

from kinerja_analysis.base.errors import WrongKind
from kinerja_analysis.base.tables import plain
from kinerja_analysis.read import numbers, values

_MONTH_NAMES = "|".join(sorted(numbers.MONTHS, key=len, reverse=True))
_ORDINALS = {w: n for n, words in enumerate(("i pertama kesatu satu", "ii kedua dua", "iii ketiga tiga",
                                             "iv keempat empat"), 1) for w in (*words.split(), str(n))}  # fmt: skip
_REGULATION = re.compile(
    r"\b(?:(?:permen|kepmen)\w*|perpres|perka|perban|perbup|perwal|perwako|pergub|perda|pp|uu|se|peraturan|keputusan|"
    r"undang-undang)(?:\s+(?!periode|triwulan|tw|kuartal|bulan|semester)[a-z-]+){0,6}?\s+(?:nomor|no\.?)?\s*\d+\s*(?:tahun\s*|/\s*)(?:19|20)\d\d\b|"
    r"\b(?:nomor|no\b\.?)\s*:?\s*[\w./-]*\d[\w./-]*?\s*(?:tahun\s*|/\s*)(?:19|20)\d\d\b", re.IGNORECASE,
)  # fmt: skip
_TO = r"\s*(?:s\.?\s?/?\s?d\.?|sampai(?:\s+dengan)?|hingga|-|–|—)\s*"
_QUARTER = re.compile(
    rf"\b(?:triwulan(?:an)?|tri\s+wulan|tw|kuartal|q)[\s.:-]*(?:ke[\s-]*)?({'|'.join(_ORDINALS)})\b"
    rf"(?:(?:{_TO}|\s*(?:,|/|&|dan)\s*)(?:triwulan|tw|q)?[\s.-]*({'|'.join(_ORDINALS)})\b)?[\s,/-]*(20\d\d\b)?")
_MONTH = re.compile(rf"\bbulan(?:an)?[\s:]+({_MONTH_NAMES})\b[\s,/-]*(20\d\d\b)?")
_SPAN = re.compile(
    rf"(?:\b\d\d?\s+)?\b({_MONTH_NAMES})\b(?:\s+(20\d\d))?{_TO}(?:\d\d?\s+)?({_MONTH_NAMES})\b(?:\s+(20\d\d))?")
_DATES = re.compile(
    rf"\b(\d\d?)[/.-](\d\d?)[/.-](20\d\d){_TO}(\d\d?)[/.-](\d\d?)[/.-](20\d\d)\b|"
    rf"\b(20\d\d)-(\d\d)-(\d\d){_TO}(20\d\d)-(\d\d)-(\d\d)\b")
_STATED = re.compile(r"\b(?:semester|caturwulan|triwulan(?:an)?|tri\s+wulan|kuartal|bulanan|tengah\s+tahun(?:an)?)\b")
_PERIOD = re.compile(r"\bperiode\b\s*(?:penilaian)?\s*:?\s*(.+)", re.IGNORECASE)
_LABEL = re.compile(r"\s*periode\s*(?:penilaian)?\s*:\s*(?!all\b|semua\b)\S")
_SPANS = {(1, 12): "", (1, 3): "Q1", (4, 6): "Q2", (7, 9): "Q3", (10, 12): "Q4",
          **{(m, m): f"{m:02d}" for m in range(1, 13)}}  # fmt: skip
Stated = tuple[int | None, str | None]


def as_year(argument: object) -> int | None:
    """Return the year an argument names; None stays None. Raises ``WrongKind`` for what is no whole number.

    >>> as_year("2025"), as_year(2025.0), as_year(None)
    (2025, 2025, None)
    """
    if argument is None:
        return None
    text = str(argument).strip()
    if isinstance(argument, str) and re.fullmatch(r"[0-9]{4}", text):
        return int(text)
    if isinstance(argument, Real) and not isinstance(argument, bool) and float(argument).is_integer():
        return int(float(argument))
    raise WrongKind("errors.year_not_whole", value=text[:60] or '""')


def without_regulations(text: str) -> str:
    """Return a text without the numbers and years of regulations and letters.

    >>> without_regulations("sesuai PermenPANRB Nomor 6 Tahun 2022, tahun 2025")
    'sesuai  , tahun 2025'
    """
    return _REGULATION.sub(" ", text)


def of_text(text: str) -> Stated | None:
    """Return the year and kind of period that a text states; kind None: one is stated that is not read.

    >>> of_text("Periode Tahunan Tahun 2025"), of_text("Laporan Triwulan Ketiga, Tahun 2025"), of_text("Unor : ALL")
    ((2025, ''), (None, 'Q3'), None)
    >>> of_text("Periode : 01/07/2025 - 31/07/2025"), of_text("Semester I 2025"), of_text("TW I s.d. IV 2025")
    ((2025, '07'), (None, None), (2025, None))
    """
    if (found := _PERIOD.search(text)) and (told := values.period(found.group(1))) is not None:
        return told
    folded = text.lower()
    if hit := _QUARTER.search(folded):
        one = hit[2] is None or _ORDINALS[hit[2]] == _ORDINALS[hit[1]]
        return _year(hit[3]), f"Q{_ORDINALS[hit[1]]}" if one else None
    if hit := _MONTH.search(folded):
        return _year(hit[2]), f"{numbers.MONTHS[hit[1]]:02d}"
    if hit := _SPAN.search(folded):
        span = _SPANS.get((numbers.MONTHS[hit[1]], numbers.MONTHS[hit[3]]))
        return _year(hit[4]), span if hit[2] in (None, hit[4]) else None
    if hit := _DATES.search(folded):
        return _dates([int(v) for v in hit.groups() if v])
    return (None, None) if _STATED.search(folded) or _LABEL.match(folded) else None


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _dates(parts: list[int]) -> Stated:
    first, last = (p if p[0] > 31 else p[::-1] for p in (parts[:3], parts[3:]))
    whole = first[0] == last[0] and first[2] == 1 and last[2] >= 28
    return first[0], _SPANS.get((first[1], last[1])) if whole else None


def of_cell(header: str, value: object) -> str | None:
    """Return the kind of period in a cell of a column "Triwulan" or "Bulan", None where it is none.

    >>> of_cell("Triwulan", "IV"), of_cell("Bulan", 7.0), of_cell("Bulan", "Maret"), of_cell("Semester", "I")
    ('Q4', '07', '03', None)
    """
    text = values.as_text(value)
    told = values.period(text) or values.period(f"{header} {text}") or of_text(f"{header} {text}")
    return told[1] or None if told else None


def of_kind(value: object) -> bool | None:
    """Tell whether a cell of SIASN's column "jenis" says annual, False for a shorter period, None for anything else.

    >>> of_kind("TAHUNAN"), of_kind("PERIODIK"), of_kind("pns")
    (True, False, None)
    """
    word = plain(value)
    return True if word in ("t", "tahunan") else False if word in ("p", "periodik", "triwulanan", "bulanan") else None
