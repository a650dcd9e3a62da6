"""The text above a header: year, period and agency, each with its cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kinerja_analysis.read import numbers
from kinerja_analysis.read import periods as periods_of
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.regions import related
from kinerja_analysis.read.session import Session

_MONTHS = "|".join(numbers.MONTHS)
_AND = r"\s*(?:/|-|–|—|,|&|dan|s\.?\s?/?\s?d\.?|sampai(?:\s+dengan)?|hingga)\s*(?:tahun\s*)?"
_YEAR = re.compile(
    rf"\b(?:tahun|thn|th|t\.?\s?a)\b\.?\s*(?:anggaran\s*)?:?\s*(20\d\d(?:{_AND}20\d\d\b|\s*/\s*\d\d\b)*)(?!\d)", re.I)
_BARE = re.compile(r"(?<!\d)20\d\d(?!\d)")
#: Days that say when a list was made; the last day of a year says which year it is about.
_DAY = re.compile(
    rf"\b(?!31[\s./-]+(?:12|des))\d\d?(?:[./-]\d\d?[./-]|\s+(?:{_MONTHS})\s+)20\d\d\b|"
    r"\b20\d\d-(?!12-31)\d\d-\d\d\b", re.I)  # fmt: skip
_TITLE = re.compile(r"\b(?:laporan|rekap\w*|penilaian|kinerja|skp|predikat|evaluasi|capaian|daftar|data|hasil)\b", re.I)
_MADE = re.compile(r"\b(?:di)?(?:tarik|cetak|unduh|ekspor)|\b(?:surat|nomor)\b", re.I)
_ADDRESS = re.compile(r"^\s*(?:alamat|jl\b|jalan|unor|unit|upt|sub)", re.I)
_MONTHLY = re.compile(rf"(?<!31 )\b(?:{_MONTHS})\s+20\d\d\b", re.I)
_KIND = r"(?:kab(?:upaten)?|kota|prov(?:insi)?|propinsi)\b"
#: Lines that tell the region, the surest first: the agency's, the government's, any that names a region.
_AGENCIES = (
    re.compile(r"^\s*(?:instansi|kab(?:upaten)?\.?\s*/\s*kota)\s*:?\s*(.+)", re.I),
    re.compile(rf"^\s*((?:(?:pemerintah(?:an)?\s+(?:daerah\s+)?)?{_KIND}|pem(?:da|kab|kot|prov)\b).*\w.*)", re.I),
    re.compile(rf"\b({_KIND}\.?\s+\w.*)", re.I),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the text above a header says, each with its cell: year, period ("" annual), agency, periods not read.

    ``years`` are the years of a title that tells several and not which one counts.
    """

    year: int | None = None
    year_cell: str = ""
    years: tuple[int, ...] = ()
    title: str = ""
    period: str | None = None
    period_cell: str = ""
    agency: str = ""
    agency_cell: str = ""
    unread: tuple[tuple[str, str], ...] = ()


def preamble(session: Session, block: Block, placed: bool) -> Told:
    """Read the text above the header; two different years, periods or regions there are a problem.

    ``placed``: a column or the command tells the region; then only a line that says whose the list is counts.
    """
    years: list[tuple[tuple[int, ...], str, str]] = []
    weak: list[tuple[tuple[int, ...], str, str]] = []
    periods: list[tuple[str, str]] = []
    unread: list[tuple[str, str]] = []
    damaged = sorted(c for c in block.errors if int(re.sub("[A-Z]", "", c)) < block.header_row)
    if damaged:
        session.log.on("E118", block, damaged)
    for cell, text in block.preamble:
        if _AGENCIES[0].match(text):
            continue
        bare = periods_of.without_regulations(text)
        stated = periods_of.of_text(bare)
        if told := _distinct(_YEAR.findall(bare)) or ((stated[0],) if stated and stated[0] else ()):
            years.append((told, cell, text))
        elif _TITLE.search(bare) and not _MADE.search(bare):
            rest = _DAY.sub(" ", bare)
            if told := _distinct(_BARE.findall(rest)):
                weak.append((told, cell, text))
                stated = stated or ((None, None) if _MONTHLY.search(rest) else None)
        if stated:
            unread += [(cell, text)] if stated[1] is None else []
            periods += [] if stated[1] is None else [(stated[1], cell)]
    year, year_cell, several, title = _year(session, block, years or weak)
    if len({p for p, _ in periods}) > 1:
        odd = next(c for v, c in periods if v != periods[0][0])
        session.log.on("E506", block, [odd], value=period_shown(periods[-1][0]), expected=period_shown(periods[0][0]))
    period, period_cell = periods[0] if periods else (None, "")
    return Told(year, year_cell, several, title, period, period_cell, *_agency(session, block, placed), tuple(unread))


def _distinct(told: list[str]) -> tuple[int, ...]:
    """Return the years in texts such as "2024/25", each once.

    >>> _distinct(["2024/25", "2025"])
    (2024, 2025)
    """
    return tuple(dict.fromkeys(2000 + int(y) % 100 for text in told for y in re.findall(r"\d+", text)))


def _year(
    session: Session, block: Block, told: list[tuple[tuple[int, ...], str, str]]
) -> tuple[int | None, str, tuple[int, ...], str]:
    """Return the one year told and its cell; where a title tells several and no line one of them: these, its text."""
    year, cell = next(((years[0], c) for years, c, _ in told if len(years) == 1), (None, ""))
    if odd := [(years[-1], c) for years, c, _ in told if year is not None and year not in years]:
        session.log.on("E502", block, [odd[0][1]], value=str(odd[-1][0]), expected=str(year))
    return (year, cell, (), "") if year is not None or not told else (None, told[0][1], *told[0][::2])


def _agency(session: Session, block: Block, placed: bool) -> tuple[str, str]:
    """Return what names the region and its cell; of a region and one within it the one within."""
    lines = []
    for cell, text in block.preamble:
        rank, told = next(((k, m[1]) for k, form in enumerate(_AGENCIES) if (m := form.search(text))), (3, ""))
        codes = [r.code for r in session.regions.prefix(told)]
        if rank == 0 or (not _ADDRESS.match(text) and rank < 3 and (not placed if rank == 2 or not codes else True)):
            lines.append((rank, codes, told, cell))
    lines = [f for f in lines if f[0] < 2] or [f for f in lines if f[1]]
    known = [f for f in lines if f[1]]
    best = max(known, key=lambda f: len(f[1][0]) * (len(f[1]) == 1)) if known else (lines or [(3, [], "", "")])[0]
    for _, codes, told, cell in known:
        if not any(related(a, b) or related(b, a) for a in codes for b in best[1]):
            session.log.on("E501", block, [cell], value=told, expected=session.regions.name(best[1][0]))
    return best[2], best[3]


def period_shown(period: object) -> str:
    """Return a kind of period as a reader sees it.

    >>> period_shown(""), period_shown("Q1")
    ('Tahunan', 'Q1')
    """
    return "Tahunan" if period == "" else str(period)
