"""Text cells to canonical values: labels, flags, years, periods, identifiers. Unknown never becomes a value."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kinerja_analysis.base import labels
from kinerja_analysis.base.tables import ORG_RATING, PREDIKAT, RATING, SOURCE_ALIASES, plain
from kinerja_analysis.read.numbers import MONTHS, Outcome

_ALIASES: dict[str, dict[str, str]] = {
    "source": {plain(k): v for k, v in SOURCE_ALIASES.items()},
    "sex": {
        "laki_laki": "male", "laki": "male", "pria": "male", "l": "male", "lk": "male", "m": "male", "male": "male",
        "perempuan": "female", "wanita": "female", "p": "female", "pr": "female", "f": "female", "female": "female",
    },
    "employment": {
        "pns": "pns", "cpns": "pns", "pppk": "pppk", "p3k": "pppk", "pppk_penuh_waktu": "pppk",
        "pppk_paruh_waktu": "pppk_paruh_waktu", "pppk_pw": "pppk_paruh_waktu", "p3k_paruh_waktu": "pppk_paruh_waktu",
    },
    "aspect": {
        "kuantitas": "kuantitas", "kualitas": "kualitas", "waktu": "waktu", "biaya": "biaya",
        "quantity": "kuantitas", "quality": "kualitas", "time": "waktu", "cost": "biaya",
    },
    "direction": {
        "naik": "higher", "higher": "higher", "tinggi": "higher", "maksimal": "higher", "maksimum": "higher",
        "makin_tinggi_makin_baik": "higher", "semakin_tinggi_semakin_baik": "higher", "positif": "higher",
        "turun": "lower", "lower": "lower", "rendah": "lower", "minimal": "lower", "minimum": "lower",
        "makin_rendah_makin_baik": "lower", "semakin_rendah_semakin_baik": "lower", "negatif": "lower",
    },
    "measured_by": {
        "penilai": "rater", "rater": "rater", "atasan": "rater",
        "lainnya": "other", "other": "other", "pihak_lain": "other", "sistem": "other", "survei": "other",
    },
    "status": {
        "dinilai": "rated", "rated": "rated", "sudah_dinilai": "rated", "selesai": "rated",
        "belum_dinilai": "not_rated", "not_rated": "not_rated",
        "tidak_membuat_skp": "no_skp", "no_skp": "no_skp", "belum_membuat_skp": "no_skp",
        "dikecualikan": "excluded", "excluded": "excluded", "pengecualian": "excluded",
    },
}  # fmt: skip
_LABELS: dict[str, tuple[Callable[..., labels.Reading], tuple[str, ...]]] = {
    "rating": (labels.rating, RATING),
    "predikat": (labels.predikat, PREDIKAT),
    "org_rating": (labels.org_rating, ORG_RATING),
}
_LABEL_CODES = {"unknown_label": "E202", "bare_integer": "E213", "code_out_of_range": "E202",
                "istimewa_for_employee": "W201", "legacy_label": "W203", "near_label": "W209"}  # fmt: skip
_SHOWN = {"supervisor": "ATASAN", "self": "DIRI", "peer": "REKAN", "subordinate": "BAWAHAN", "other": "LAINNYA"}
EXCLUSIONS = {
    "pensiun": "pensiun", "mutasi": "mutasi", "pindah": "mutasi", "hukdis": "hukdis", "hukuman_disiplin": "hukdis",
    "tugas_belajar": "tugas_belajar", "tubel": "tugas_belajar", "meninggal": "meninggal",
    "meninggal_dunia": "meninggal", "wafat": "meninggal", "cltn": "cltn", "cuti_di_luar_tanggungan_negara": "cltn",
}  # fmt: skip
_UNRATED = {
    **EXCLUSIONS, **dict.fromkeys(("tidak_membuat_skp", "belum_membuat_skp", "tidak_ada_skp", "no_skp"), "no_skp"),
    **dict.fromkeys(("belum_dinilai", "belum_ada_penilaian", "tidak_dinilai", "not_rated"), "not_rated"),
}  # fmt: skip
_NOT = {"tidak", "bukan", "belum", "kurang"}
_NOTHING = {"", "n/a", "na", "tms", "tidak_ada", "tdk_ada", "nihil", "kosong", "belum", "belum_ada", "none", "x", "?"}
_PERIOD_TEXT = re.compile(r"\s*[a-z0-9](?:[a-z0-9\s:/.()_–-]*[a-z0-9\s)])?")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_PARTED = re.compile(r"(?:nip\W*)?(\d{8})[.‐‑–—-]?(\d{6})[.‐‑–—-]?(\d)[.‐‑–—-]?(\d{3})", re.IGNORECASE)
_WRAPPED = re.compile(r"^=?[\"'’‘`]+|[\"'’‘`]+$")


def nearest(text: object, choices: Sequence[str], cutoff: float = 0.6) -> str:
    """Return the choice closest to a text, or "".

    >>> nearest("BIAK", ["BAIK", "KURANG"]), nearest("xyz", ["BAIK"])
    ('BAIK', '')
    """
    folded = {plain(c): c for c in reversed(choices)}
    hit = difflib.get_close_matches(plain(text), list(folded), 1, cutoff)
    return folded[hit[0]] if hit else ""


def spellings(name: str) -> dict[str, list[str]]:
    """Return the accepted spellings of a category column by canonical value (empty: the labels of the rules).

    >>> spellings("measured_by")["rater"]
    ['penilai', 'atasan']
    """
    found: dict[str, list[str]] = {}
    for word, value in _ALIASES.get(name, {}).items():
        found.setdefault(value, [])
        if word != value:
            found[value].append(word.replace("_", " "))
    return found


def valid(name: str) -> str:
    """Return what may be written in a category column (or ``rating``), eight at most.

    >>> valid("source"), valid("sex")
    ('ATASAN, DIRI, REKAN, BAWAHAN, LAINNYA', 'laki laki, perempuan')
    """
    if name in _LABELS or name == "source":
        return ", ".join(_LABELS[name][1] if name in _LABELS else _SHOWN.values())
    first = {value: word for word, value in reversed(_ALIASES[name].items())}
    return ", ".join([*first.values()][::-1][:8]).replace("_", " ")


def unrated(value: object) -> str:
    """Return what the words that a text begins with say of a missing rating: no_skp, not_rated, an exclusion, or "".

    >>> unrated("Pensiun TMT 1 Maret 2025"), unrated("Belum dinilai"), unrated("Pensiunan"), unrated("BAIK")
    ('pensiun', 'not_rated', '', '')
    """
    folded = f"{plain(value)}_"
    return next((told for word, told in _UNRATED.items() if folded.startswith(f"{word}_")), "")


def says_nothing(value: object) -> bool:
    """Tell whether a text says that there is no entry.

    >>> says_nothing("N/A"), says_nothing("TMS"), says_nothing("Tidak ada."), says_nothing("BAIK")
    (True, True, True, False)
    """
    return plain(value).strip("-–—._ ") in _NOTHING


def as_text(value: Any) -> str:
    """Return a cell as text; whole numbers without decimals, dates as ISO.

    >>> as_text(12.0), as_text("a")
    ('12', 'a')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value)


def texts(distinct: Sequence[Any]) -> Outcome:
    """Read texts; blanks and line breaks inside become one blank. A date is a fault: a spreadsheet made it of a text.

    >>> texts(["Unit  1", dt.datetime(2025, 4, 3)]).faults
    {1: 'E215'}
    """
    dates = {i: "E215" for i, v in enumerate(distinct) if isinstance(v, (dt.datetime, dt.date, dt.time))}
    return Outcome([None if i in dates else " ".join(as_text(v).split()) for i, v in enumerate(distinct)], dates, {})


def categories(
    distinct: Sequence[Any], name: str, own: Mapping[str, str] | None = None, codes: str = ""
) -> Outcome:
    """Read labels of a category column (or ``rating``); ``own`` is a declared translation, used first.

    ``codes`` is the declared direction of number codes; without one a bare number is a fault.

    Example
    -------
    >>> categories(["Rekan Kerja", "atsan"], "source")
    Outcome(values=['peer', None], faults={1: 'E202'}, hints={1: 'ATASAN'})
    """
    own = {plain(k): v for k, v in (own or {}).items()}
    values: list[Any] = []
    faults: dict[int, str] = {}
    hints: dict[int, str] = {}
    for i, raw in enumerate(distinct):
        raw = own.get(plain(as_text(raw)), raw)
        if name in _LABELS:
            read, choices = _LABELS[name]
            value, warning = read(raw, codes=codes or None)
            marks_only = value is None and not warning and as_text(raw).strip("-–—. ") != ""
            if warning == "bare_integer" and len(as_text(raw)) > 2:
                warning = "code_out_of_range"  # an identity number or year, no code
            fault = _LABEL_CODES[warning] if warning else "E202" if marks_only else ""
        else:
            table = _ALIASES[name]
            choices = tuple(_SHOWN) if name == "source" else tuple(table)
            value = table.get(plain(as_text(raw)))
            fault = "" if value is not None else "E202"
        values.append(value)
        if fault:
            faults[i] = fault
            near = (0.8 if len(plain(raw)) > 5 else 0.7) if name in _LABELS else 0.6  # no "Kurang Baik" = SANGAT BAIK
            hint = value or nearest(raw, [*choices, *_ALIASES.get(name, ())], near)
            if not value and not _NOT.isdisjoint({*plain(raw).split("_")} - {*plain(hint).split("_")}):
                hint = ""
            hints[i] = _SHOWN.get(_ALIASES.get(name, {}).get(plain(hint), ""), hint.replace("_", " "))
    return Outcome(values, faults, hints)


def flags(distinct: Sequence[Any]) -> Outcome:
    """Read 0/1, ya/tidak, true/false.

    >>> flags([1.0, "tidak", "?"]).values
    [True, False, None]
    """
    words = {"1": True, "true": True, "ya": True, "y": True, "yes": True, "plt": True, "plh": True, "pjb": True,
             "0": False, "false": False, "tidak": False, "t": False, "no": False, "n": False}  # fmt: skip
    values = [words.get(as_text(v).lower()) for v in distinct]
    return Outcome(values, {i: "E211" for i, v in enumerate(values) if v is None}, {})


def years(distinct: Sequence[Any]) -> Outcome:
    """Read years 2000 to 2100."""
    values: list[Any] = []
    for v in distinct:
        text = as_text(v)
        values.append(int(text) if re.fullmatch(r"20\d\d|2100", text) else None)
    return Outcome(values, {i: "E208" for i, v in enumerate(values) if v is None}, {})


def month(value: object) -> float | None:
    """Return the number of a month written as 1 to 12 or by name, or None.

    >>> month("Juli"), month(12.0), month("13")
    (7, 12.0, None)
    """
    text = as_text(value).lower()
    if text in MONTHS:
        return MONTHS[text]
    return float(text) if text.isdigit() and 1 <= int(text) <= 12 else None


def period(text: object) -> tuple[int | None, str] | None:
    """Read a period: (year if told, "" for annual, "Q1".."Q4" or "01".."12"); None when it is none.

    >>> period("Triwulan IV 2025"), period("2025-07"), period("Tahunan"), period("Bulanan JULI Tahun 2026")
    ((2025, 'Q4'), (2025, '07'), (None, ''), (2026, '07'))
    """
    folded = as_text(text).lower().replace("akhir", " ")
    if not _PERIOD_TEXT.fullmatch(folded) or folded.count("(") != folded.count(")") or re.search(r"\d[.:]\d", folded):
        return None
    years = {int(y) for y in _YEAR.findall(folded)}
    if len(years) > 1:
        return None
    year = next(iter(years), None)
    body = _YEAR.sub(" ", folded)
    rest = [w for w in re.split(r"[^a-z0-9]+", body) if w]
    rest = [w for w in rest if w not in ("tahun", "periode", "bulan", "bulanan", "tahunan", "year", "penilaian")]
    told = year is not None or "tahunan" in folded
    if not rest:
        return (year, "") if told else None
    named = [MONTHS[w] for w in rest if w in MONTHS]
    if len(named) > 1:
        spans = {(1, 12): "", (1, 3): "Q1", (4, 6): "Q2", (7, 9): "Q3", (10, 12): "Q4"}
        span = spans.get((named[0], named[-1]))
        return None if span is None else (year, span)
    quarter = re.fullmatch(r"(?:triwulan|tw|q|kuartal|triwulanan)_?(i{1,3}|iv|[1-4])", "_".join(rest))
    if quarter:
        return year, f"Q{_ROMAN.get(quarter.group(1)) or quarter.group(1)}"
    words = [w for w in rest if not w.isdigit()]
    months = {MONTHS[w] for w in words if w in MONTHS} | {int(w) for w in rest if w.isdigit()}
    told = year is not None or "bulan" in folded or bool(words)
    if told and len(months) == 1 and all(w in MONTHS for w in words) and 1 <= min(months) <= 12:
        return year, f"{min(months):02d}"
    return None


def identifiers(distinct: Sequence[Any], *, exact: bool = False) -> Outcome:
    """Read identifiers as text; a number is a fault because a spreadsheet keeps 15 digits only.

    Blanks, apostrophes and ``="…"`` are repaired, so are dots and dashes between the four parts of a NIP and the word
    "NIP" before it; scientific notation cannot be.

    Example
    -------
    >>> identifiers(["NIP. 19050101.201001 1-001", 1.9e17, "1,96E+17"])
    Outcome(values=['190501012010011001', None, None], faults={1: 'E104', 2: 'E406'}, hints={})
    """
    values: list[Any] = []
    faults: dict[int, str] = {}
    for i, v in enumerate(distinct):
        if (isinstance(v, str) and v.isdecimal()) or (isinstance(v, int) and exact):
            values.append(str(v))
            continue
        if not isinstance(v, str):
            values.append(None)
            faults[i] = "E104"
            continue
        text = " ".join(_WRAPPED.sub("", v).split())
        if _SCIENTIFIC.fullmatch(text):
            values.append(None)
            faults[i] = "E406"
            continue
        joined = text.replace(" ", "")
        parted = _PARTED.fullmatch(joined)
        values.append("".join(parted.groups()) if parted else joined if joined.isdigit() else text)
    return Outcome(values, faults, {})
