"""Best guesses for columns nobody knows: by what stands in them and by words of their header.

A guess is never used by itself. It is offered as a mapping to be looked at, saved and passed with ``--config``.
"""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kinerja_analysis.base import labels
from kinerja_analysis.base.tables import plain
from kinerja_analysis.base.words import say
from kinerja_analysis.read import numbers, values
from kinerja_analysis.read.cells import Block, clean
from kinerja_analysis.read.layout import HEADER_ROWS, unused

_NIP = re.compile(r"\d{8}\s?\d{6}\s?\d\s?\d{3}")
_SHARE = 0.7
_SAMPLE = 200
#: The first that holds all figures: of 0 to 10 and 1 to 10 the one whose 0 somebody gave.
_SCALES = ((1, 4), (1, 5), (1, 6), (1, 7), (1, 10), (0, 10), (0, 100), (0, 120))
#: our column -> kinds of content, words of a header (a word that must not stand there with "!")
_COLUMNS: dict[str, tuple[str, str]] = {
    "supervisor": ("nip", "atasan penilai pimpinan pejabat assessor rater"),
    "person": ("nip", "nip pegawai dinilai ratee asn !atasan !penilai !pejabat"),
    "hasil_kerja": ("rating", "hasil kinerja !akhir"), "perilaku_kerja": ("rating", "perilaku sikap"),
    "org_rating": ("predikat", "organisasi unit opd"), "predikat": ("predikat", "predikat akhir kuadran nilai"),
    "source": ("source", "peran sebagai hubungan penilai"),
    "target": ("number", "target rencana"), "realised": ("number", "realisasi capaian"),
    "scale_min": ("number", "skala_min minimum terendah"), "scale_max": ("number", "skala_maks maksimum tertinggi"),
    "score": ("number", "nilai skor score poin"), "acting": ("flag", "plt plh pjb"),
    "indicator": ("text", "indikator iki iku"), "criterion": ("text", "dimensi kriteria aspek pernyataan pertanyaan"),
    "opd": ("text", "opd skpd dinas induk perangkat badan instansi satuan satker !sub"),
    "unit": ("text", "unit unor bidang bagian sekolah upt seksi organisasi"),
    "post": ("text", "jabatan"), "grade": ("text", "golongan gol golru pangkat ruang"),
    "employment": ("employment", "jenis status kepegawaian"), "sex": ("sex", "kelamin gender sex jk"),
    "region": ("text", "wilayah kabupaten kota daerah"), "year": ("year", "tahun"),
    "period": ("period year", "periode triwulan bulan"), "rated_at": ("time", "waktu tanggal tgl timestamp"),
}  # fmt: skip
_FREE = {"person", "supervisor", "hasil_kerja", "perilaku_kerja", "predikat", "source"}
_TABLES = {
    "ekinerja": {"person", "supervisor", "hasil_kerja", "perilaku_kerja", "predikat", "acting", "unit", "opd", "post",
                 "grade", "employment", "year", "period", "region", "rated_at"},
    "ratings": {"person", "supervisor", "source", "criterion", "score", "scale_min", "scale_max", "unit", "opd", "year",
                "period", "region", "rated_at"},
    "achievements": {"person", "indicator", "target", "realised", "year", "period", "region"},
    "units": {"unit", "opd", "org_rating", "year", "period", "region"},
    "employees": {"person", "supervisor", "unit", "opd", "grade", "employment", "sex", "year", "region"},
}  # fmt: skip
_ROLE = {"peran", "hubungan", "sebagai"}
#: Whom and by whom where no NIP tells it, by the header; how many answers a question may have.
_RATEE = re.compile(r"(?!.*(hubungan|peran|sebagai|unit|unor|jabatan|alasan|opd|dinas)).*(dinilai|ratee)")
_RATER = re.compile(r"(?!.*dinilai).*(e_?mail|surel|penilai|rater|assessor|responden)")
_ANSWERS, _LABEL = 11, 4  #: … and words of a header that is no question
_RATINGS = {"person": "ratee", "supervisor": "rater"}


@dataclass(frozen=True, slots=True)
class Guess:
    """What a table may be: our columns by the file's headers, constants to be looked at, headers left over.

    ``words`` are answers in words, whose numbers are to be declared; ``named``: people are told by name or address.
    """

    file: str
    sheet: str
    header_row: int
    table: str
    columns: Mapping[str, str]
    constants: Mapping[str, Any] = field(default_factory=dict)
    rest: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    named: bool = False


def content(cells: Sequence[Any]) -> str:
    """Return what most of some cells are: nip, rating, predikat, source, employment, sex, flag, year, period, time,
    number or text ("" for nothing).

    >>> content(["SESUAI EKSPEKTASI", "diatas"]), content([80.0, "95,5"]), content(["Dinas A"])
    ('rating', 'number', 'text')
    """
    found = [v for cell in cells[:_SAMPLE] if (v := clean(cell)) is not None]
    if not found:
        return ""
    texts = [values.as_text(v) for v in found]
    late = numbers.times(found).faults
    tests = {
        "nip": [bool(_NIP.fullmatch(t)) for t in texts],
        "rating": [labels.rating(t)[0] is not None for t in texts],
        "predikat": [labels.predikat(t)[0] is not None for t in texts],
        **{n: [c is not None for c in values.categories(texts, n).values] for n in ("source", "employment", "sex")},
        "year": [bool(re.fullmatch(r"20\d\d", t)) for t in texts],
        "flag": [t in ("0", "1") for t in texts] if len(set(texts)) == 2 else [],
        "number": [isinstance(v, (int, float)) or not f for v, f in zip(found, _faulty(texts), strict=True)],
        "period": [values.period(t) is not None for t in texts],
        "time": [i not in late for i in range(len(found))],
    }
    return next((kind for kind, hits in tests.items() if hits and sum(hits) >= _SHARE * len(found)), "text")


def _faulty(texts: Sequence[str]) -> list[bool]:
    import numpy as np

    faults = numbers.numbers(texts, np.ones(len(texts), int)).faults
    return [faults.get(i) == "E203" for i in range(len(texts))]


def match(headers: Mapping[int, str], kinds: Mapping[int, str], wanted: set[str]) -> dict[int, str]:
    """Return our column for positions whose content fits, the best header first; ``wanted`` limits the columns.

    >>> match({0: "NIP", 1: "NIP Pejabat Penilai"}, {0: "nip", 1: "nip"}, {"person", "supervisor"})
    {0: 'person', 1: 'supervisor'}
    """
    ranked = []
    for i, header in headers.items():
        words = set(plain(header).split("_")) | {plain(header)}
        for order, (name, (fits, told)) in enumerate(_COLUMNS.items()):
            signs = told.split()
            hits = len(words & set(signs)) + (0.5 if any(s in plain(header) for s in signs if s[0] != "!") else 0)
            hits -= 3 * (name == "supervisor" and "atasan_pejabat" in plain(header))  # one level above
            hits -= 2 * len(words & {s[1:] for s in signs if s[0] == "!"})
            if name in wanted and kinds[i] in fits.split() and (hits > 0 or (name in _FREE and hits > -1)):
                ranked.append((-hits, order, i, name))
    found: dict[int, str] = {}
    for _, _, i, name in sorted(ranked):
        if i not in found and name not in found.values():
            found[i] = name
    return dict(sorted(found.items()))


def of_rows(rows: Sequence[Sequence[Any]], file: str, sheet: str, top: int = 1) -> Guess | None:
    """Guess an unknown table from its first rows (``top`` is the file's number of the first), or None."""
    body = [[clean(v) for v in row] for row in rows]
    widths = [sum(v is not None for v in row) for row in body]
    at = next((i for i in range(min(HEADER_ROWS, len(body) - 1)) if _is_header(body, widths, i)), None)
    if at is None:
        return None
    headers = {j: values.as_text(v) for j, v in enumerate(body[at]) if v is not None}
    below = {j: [row[j] if j < len(row) else None for row in body[at + 1 :]] for j in headers}
    kinds = {j: content(cells) for j, cells in below.items()}
    return _best(headers, kinds, below, file, sheet, at + top)


def _is_header(body: Sequence[Sequence[Any]], widths: Sequence[int], i: int) -> bool:
    texts = [v for v in body[i] if isinstance(v, str)]
    return widths[i] >= 2 and len(texts) == widths[i] and widths[i] >= max(widths) / 2 and widths[i + 1] >= 2


def _best(
    headers: Mapping[int, str], kinds: Mapping[int, str], below: Mapping[int, Sequence[Any]], file: str, sheet: str,
    row: int,
) -> Guess | None:  # fmt: skip
    every = {i: h for i, h in headers.items() if not unused(h) or kinds[i] == "nip"}
    found = match(every, kinds, set(_COLUMNS))
    asked = _questions({i: h for i, h in every.items() if i not in found or len(h.split()) > _LABEL}, kinds, below)
    by_name = _by_name(every, kinds, set(found.values())) if asked or list(kinds.values()).count("number") > 1 else {}
    names = set(found.values()) | set(by_name.values())
    if {"hasil_kerja", "perilaku_kerja"} & names and "person" in names:
        table = "ekinerja"
    elif {"target", "realised"} <= names and "person" in names:
        table = "achievements"
    elif (asked or "number" in kinds.values()) and ({"person", "supervisor"} <= names or {"person", "source"} <= names):
        table = "ratings"
    elif "person" not in names and {"predikat", "org_rating"} & names and "text" in kinds.values():
        table = "units"
    elif "person" in names:
        table = "employees"
    else:
        return None
    asked = asked if table == "ratings" else set()
    found = match({i: h for i, h in every.items() if i not in asked}, kinds, _TABLES[table])
    constants: dict[str, Any] = {}
    scored: set[int] = set()
    words: tuple[str, ...] = ()
    if table == "ratings":
        found |= {i: n for i, n in by_name.items() if i not in found}
        scored = asked
        words = tuple(dict.fromkeys(t for i in sorted(asked) for t in _texts(below[i]) if not t[0].isdigit()))
        told_role = [i for i, h in every.items() if i not in found and _ROLE & set(plain(h).split("_"))]
        if "source" not in found.values() and told_role:
            found[told_role[0]] = "source"
        if sum(kinds[i] == "number" and found.get(i, "score") == "score" for i in every) > 1:
            found = {i: n for i, n in found.items() if n not in ("score", "criterion")}  # wide: a column per criterion
            scored = asked | {i for i in every if kinds[i] == "number"}
        constants = {"scale_min": 1, "scale_max": len(words)} if words and "scale_min" not in found.values() else {}
        constants |= _scheme(found, every, {**kinds, **dict.fromkeys(asked, "number")}, below)
    told = {(_RATINGS.get(n, n) if table == "ratings" else n): headers[i] for i, n in found.items()}
    rest = tuple(h for i, h in headers.items() if i not in found and i not in scored and not unused(h))
    return Guess(file, sheet, row, table, told, constants, rest, words, bool(by_name) and table == "ratings")


def _texts(cells: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(values.as_text(v) for cell in cells[:_SAMPLE] if (v := clean(cell)) is not None))


def _questions(
    headers: Mapping[int, str], kinds: Mapping[int, str], below: Mapping[int, Sequence[Any]]
) -> set[int]:
    """Return the columns of questions answered in words: two or more that share a few answers, most of them often."""
    told = {i: set(_texts(below[i])) for i in headers if kinds[i] in ("text", "predikat", "rating")}
    few = {i: t for i, t in told.items() if 1 < len(t) <= _ANSWERS and len(t) < sum(v is not None for v in below[i])}
    groups = [{j for j, u in few.items() if u & t and len(u | t) <= _ANSWERS} for t in few.values()]
    return max((g for g in groups if len(g) > 1), key=len, default=set())


def _by_name(headers: Mapping[int, str], kinds: Mapping[int, str], names: set[str]) -> dict[int, str]:
    """Return who is rated and who rates by the headers, of a form that asks for names or addresses."""
    found: dict[int, str] = {}
    for name, form in (("person", _RATEE), ("supervisor", _RATER)):
        at = next((i for i, h in headers.items() if kinds[i] == "text" and i not in found and form.match(plain(h))), -1)
        found |= {at: name} if at >= 0 and name not in names else {}
    return found


def _scheme(
    found: Mapping[int, str], headers: Mapping[int, str], kinds: Mapping[int, str], below: Mapping[int, Sequence[Any]]
) -> dict[str, Any]:
    """Return the constants of a 360 sheet that does not tell its scale, role or criterion."""
    names = set(found.values())
    scored = [i for i in headers if kinds[i] == "number" and (i not in found or found[i] == "score")]
    figures = [v for i in scored for v in map(_figure, below[i]) if v is not None]
    constants: dict[str, Any] = {}
    if figures and not {"scale_min", "scale_max"} & names:
        low, high = next(((a, b) for a, b in _SCALES if a <= min(figures) and max(figures) <= b), (0, 100))
        constants |= {"scale_min": low, "scale_max": high}
    if "source" not in names:
        constants["source"] = "supervisor"
    if "score" in names and "criterion" not in names:
        constants["criterion"] = "nilai"
    return constants


def _figure(value: Any) -> float | None:
    value = clean(value)
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(re.split(r"\s*[-–=:)]\s*\D", str(value))[0].replace(",", "."))
    except ValueError:
        return None


def of_table(block: Block, file: str) -> Guess | None:
    """Guess an unknown table that is in columns already."""
    shown = min(len(block), _SAMPLE)
    cells = [block.cells(j) for j in range(len(block.header))]
    rows = [[c.distinct[c.codes[i]] if c.codes[i] >= 0 else None for c in cells] for i in range(shown)]
    guess = of_rows([block.header, *rows], file, block.sheet_name)
    return replace(guess, header_row=0) if guess else None


def of_block(block: Block, names: Mapping[int, str], kind: str, missing: Sequence[str]) -> dict[int, str]:
    """Guess columns of a recognised table that are not there under a known name: position -> our column."""
    table = {"wide": "ratings"}.get(kind, kind)
    if table not in _TABLES:
        return {}
    have = {{"ratee": "person", "rater": "supervisor"}.get(n, n) for n in names.values()}
    places = set() if {"unit", "opd"} & have or table == "employees" else {"unit", "opd"}
    open_ = (_TABLES[table] - have) & (_FREE | set(missing) | {"score", "criterion"} | places)
    if table == "ratings" and kind == "wide":
        open_ -= {"score", "criterion"}
    if not open_:
        return {}
    headers = {i: h for i, h in enumerate(block.header) if h and i not in names and not unused(h)}
    kinds = {i: content(block.cells(i).distinct) for i in headers}
    found = match(headers, kinds, open_)
    return {i: (_RATINGS.get(n, n) if table == "ratings" else n) for i, n in found.items()}


def toml(guesses: Sequence[Guess], lang: str, given: str = "") -> str:
    """Return the guesses as a configuration: ``[[mapping]]`` entries with what to look at said in comments.

    They are added to a ``given`` one, unless they stand there.

    >>> text = toml([Guess("a.xlsx", "Sheet1", 3, "employees", {"person": "Nomor"}, {}, ("Hobi",))], "en")
    >>> import tomllib; tomllib.loads(text)["mapping"][0]["columns"]
    {'person': 'Nomor'}
    """
    if any(g.named for g in guesses) and "identifiers" not in given:
        given = f'identifiers = "other"  # {say("problems.mapping.names", lang)}\n\n{given}'
    parts = [given.rstrip(), "\n".join(f"# {line}" for line in say("problems.mapping.head", lang).split("\n"))]
    for guess in guesses:
        lines = ["[[mapping]]", f"file = {_quoted(glob.escape(guess.file))}"]
        lines += [f"sheet = {_quoted(glob.escape(guess.sheet))}"] if guess.sheet else []
        lines += [f"header_row = {guess.header_row}"] if guess.header_row else []
        lines += [f"table = {_quoted(guess.table)}"]
        lines += [f"columns.{ours} = {_quoted(theirs)}" for ours, theirs in guess.columns.items()]
        for name, value in guess.constants.items():
            shown = _quoted(value) if isinstance(value, str) else value
            lines.append(f"constants.{name} = {shown}  # {say('problems.mapping.look', lang)}")
        if guess.words:
            pairs = ", ".join(f'{_quoted(word)} = ""' for word in guess.words)
            lines.append(f"# values.score = {{ {pairs} }}  # {say('problems.mapping.words', lang)}")
        if guess.rest:
            lines.append(f"# {say('problems.mapping.rest', lang)}: {', '.join(_quoted(h) for h in guess.rest)}")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts[:1], *(p for p in parts[1:] if p not in given)]).lstrip() + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
