"""The six input tables and the score table: columns, aliases, keys, constants.

An input column is one row of ``columns.csv`` (here ``COLUMNS``); the data dictionary (``data/README.md``), the
readers and the checks are all made from it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files

import numpy as np
import pandas as pd

from kinerja_analysis.base.errors import Problem
from kinerja_analysis.base.shown import Shown

SOURCES = ("supervisor", "self", "peer", "subordinate", "other")
RATING = ("DIBAWAH EKSPEKTASI", "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI")
PREDIKAT = ("SANGAT KURANG", "KURANG", "BUTUH PERBAIKAN", "BAIK", "SANGAT BAIK")
ORG_RATING = ("SANGAT KURANG", "KURANG", "BUTUH PERBAIKAN", "BAIK", "ISTIMEWA")
ELSEWHERE = "other_period"  #: why those are not rated who have no row in the period that counts
STATUS = ("rated", "not_rated", "no_skp", "excluded")
EKINERJA_CRITERIA = ("hasil_kerja", "perilaku_kerja")
#: The same two (1 to 3) of acting rows, further columns of the appraisals: no ratings, the predikat is held to them.
OF_ACTING = ("acting_hasil_kerja", "acting_perilaku_kerja")
BERAKHLAK = ("Berorientasi Pelayanan", "Akuntabel", "Kompeten", "Harmonis", "Loyal", "Adaptif", "Kolaboratif")
KINDS = ("ekinerja", "multisource")
CATEGORIES: dict[str, tuple[str, ...]] = {
    "source": SOURCES, "status": STATUS, "predikat": PREDIKAT, "org_rating": ORG_RATING,
    "employment": ("pns", "pppk", "pppk_paruh_waktu"), "sex": ("male", "female"),
    "aspect": ("kuantitas", "kualitas", "waktu", "biaya"), "direction": ("higher", "lower"),
    "measured_by": ("rater", "other"),
}  # fmt: skip

SOURCE_ALIASES = {
    "atasan": "supervisor", "pimpinan": "supervisor", "superior": "supervisor", "supervisor": "supervisor",
    "atasan langsung": "supervisor", "diri": "self", "diri sendiri": "self", "penilaian diri": "self", "self": "self",
    "rekan": "peer", "rekan kerja": "peer", "sejawat": "peer", "peer": "peer", "rekan sejawat": "peer",
    "rekan setingkat": "peer", "rekan kerja setingkat": "peer",
    "bawahan": "subordinate", "bawahan langsung": "subordinate", "subordinate": "subordinate",
    "lainnya": "other", "lain": "other", "pihak lain": "other", "other": "other",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One input column.

    ``kind`` is ``text``, ``code`` (text that must never become a number), ``number``, ``integer``, ``time``,
    ``flag`` or ``category``; ``personal`` columns are hashed or dropped in ``read/identity``.
    """

    table: str
    name: str
    kind: str
    required: bool = False
    key: bool = False
    aliases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    personal: bool = False


_MARKS = re.compile(r"[.*]")
_ABBREVIATED = re.compile(r"(.+?)_?\((\w+)\)")


def _columns() -> Iterator[Column]:
    """Read ``columns.csv`` beside this module; flags and aliases are separated by spaces."""
    text = files("kinerja_analysis").joinpath("base", "columns.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        flags = dict.fromkeys(row["flags"].split(), True)
        aliases, choices = tuple(row["aliases"].split()), CATEGORIES.get(row["name"], ())
        yield Column(row["table"], row["name"], row["kind"], aliases=aliases, categories=choices, **flags)


COLUMNS: tuple[Column, ...] = tuple(_columns())
TABLES = ("ratings", "appraisals", "employees", "achievements", "units", "cases")
DTYPES = {"text": "str", "code": "str", "category": "str", "number": "float64", "integer": "int64",
          "time": "datetime64[us]", "flag": "bool"}  # fmt: skip


PARTS = ["rows", "kept", "merged", "set_aside"]
ACCOUNTING = ["file", "sheet", "table", *PARTS, "reason"]


def columns(table: str) -> tuple[Column, ...]:
    """Return the columns of one table, in order.

    >>> [c.name for c in columns("units")][:4]
    ['year', 'period', 'region', 'unit']
    """
    return tuple(c for c in COLUMNS if c.table == table)


def key(table: str) -> list[str]:
    """Return the key columns of a table.

    >>> key("employees")
    ['year', 'region', 'person']
    """
    return [c.name for c in columns(table) if c.key]


def plain(name: object) -> str:
    """Fold a header to lower snake case, as aliases are compared.

    >>> plain(" NIP  Dinilai ")
    'nip_dinilai'
    """
    return "_".join(str(name).replace("\xa0", " ").replace("-", " ").replace("_", " ").strip().lower().split())


def squashed(name: object) -> str:
    """Fold a header further, so that names written together are the same: ``hasilKerja`` and ``hasil_kerja``.

    Dots, asterisks and its own abbreviation in brackets do not count: ``N.I.P.``, ``Perilaku Kerja (PK) *``.

    >>> squashed("nipDinilai") == squashed("NIP Dinilai"), squashed("Hasil Kerja (HK)*"), squashed("Skala (min)")
    (True, 'hasilkerja', 'skala(min)')
    """
    text = plain(_MARKS.sub("", str(name)))
    own = _ABBREVIATED.fullmatch(text)
    if own and own[2] == "".join(word[:1] for word in own[1].split("_")):
        text = own[1]
    return text.replace("_", "")


def canonical_header(table: str, header: Iterable[object]) -> dict[int, str]:
    """Map positions of a header to canonical column names of ``table``.

    The column's own name wins over an alias, and earlier aliases over later ones.

    >>> canonical_header("units", ["Unor", "Predikat Organisasi", "x"])
    {0: 'unit', 1: 'org_rating'}
    """
    return with_aliases(header, {}, {c.name: (c.name, *c.aliases) for c in columns(table)})


def with_aliases(
    header: Iterable[object], found: Mapping[int, str], aliases: Mapping[str, Iterable[str]]
) -> dict[int, str]:
    """Return ``found`` with each name put to the first of its aliases that stands at a place not taken yet."""
    folded, out = [squashed(h) for h in header], dict(found)
    for name, known in aliases.items():
        for alias in map(squashed, known):
            if alias in folded and folded.index(alias) not in out:
                out[folded.index(alias)] = name
                break
    return dict(sorted(out.items()))


def empty(table: str) -> pd.DataFrame:
    """Return an empty frame with the table's columns and dtypes (and ``row``)."""
    data = {c.name: pd.Series(dtype=DTYPES[c.kind]) for c in columns(table)}
    return pd.DataFrame({**data, "row": pd.Series(dtype="str")})


def conform(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with exactly the table's columns first, right dtypes, extra columns kept behind.

    Missing optional columns are added as missing. Raises ``KeyError`` naming required columns not there.
    """
    missing = [c.name for c in columns(table) if c.required and c.name not in frame.columns]
    if missing:
        raise KeyError(f"{table}: {', '.join(missing)}")
    out: dict[str, pd.Series] = {}
    for c in columns(table):
        if c.name in frame.columns:
            out[c.name] = frame[c.name].astype(DTYPES[c.kind])  # type: ignore[call-overload]
        else:
            blank: object = False if c.kind == "flag" else (np.nan if c.kind == "number" else None)
            out[c.name] = pd.Series(blank, index=frame.index, dtype=DTYPES[c.kind])
    rest = [n for n in frame.columns if n not in out and n != "row"]
    address = frame["row"].astype("str") if "row" in frame.columns else pd.Series("", index=frame.index, dtype="str")
    result = pd.DataFrame({**out, "row": address, **{n: frame[n] for n in rest}})
    return result.reset_index(drop=True)


def of_cell(frame: pd.DataFrame, region: str | None, year: int | None, until: int | None = None) -> pd.DataFrame:
    """Return the rows of one region, one year, the years until one; a column that is not there does not filter."""
    keep = np.ones(len(frame), dtype=bool)
    for name, value in (("region", region), ("year", year)):
        if value is not None and name in frame:
            keep &= (frame[name] == value).to_numpy(bool)
    if until is not None:
        keep &= (frame["year"] <= until).to_numpy(bool)
    return kept(frame, keep).reset_index(drop=True)


def kept(frame: pd.DataFrame, keep: np.ndarray) -> pd.DataFrame:
    """Return the rows to keep, without a copy where they lie together.

    >>> kept(pd.DataFrame({"a": [1, 2, 3]}), np.array([False, True, True]))["a"].tolist()
    [2, 3]
    """
    rows = np.flatnonzero(keep)
    together = rows.size > 0 and rows[-1] - rows[0] == rows.size - 1
    return frame.iloc[rows[0] : rows[-1] + 1] if together else frame[keep]


@dataclass(frozen=True, slots=True, repr=False)
class Tables(Shown):
    """The six tables, the problems found on the way in, and the row accounting.

    ``cases`` holds ratings of made-up example cases, which are nobody: no employee is counted from them.

    ``accounting`` has one row per file, sheet and table: ``file sheet table rows kept merged set_aside reason``;
    for every sheet the sum of kept, merged and set aside equals the rows read. ``synthetic`` is true when the
    data carry impossible NIPs (the demo), ``key_id`` names the key the identifiers were hashed with.
    """

    ratings: pd.DataFrame = field(default_factory=lambda: empty("ratings"))
    appraisals: pd.DataFrame = field(default_factory=lambda: empty("appraisals"))
    employees: pd.DataFrame = field(default_factory=lambda: empty("employees"))
    achievements: pd.DataFrame = field(default_factory=lambda: empty("achievements"))
    units: pd.DataFrame = field(default_factory=lambda: empty("units"))
    cases: pd.DataFrame = field(default_factory=lambda: empty("cases"))
    problems: tuple[Problem, ...] = ()
    accounting: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ACCOUNTING))
    region_names: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False
    key_id: str = ""

    def cells(self) -> list[tuple[str, int]]:
        """Return the (region, year) cells that hold ratings or appraisals, sorted."""
        pairs = pd.concat([self.ratings[["region", "year"]], self.appraisals[["region", "year"]]])
        pairs = pairs.drop_duplicates().sort_values(["region", "year"])
        return [(str(r), int(y)) for r, y in pairs.itertuples(index=False)]

    def select(self, *, region: str | None = None, year: int | None = None, until: int | None = None) -> Tables:
        """Return the rows of one region and of one year (or of all years up to ``until``)."""
        picked = {name: of_cell(getattr(self, name), region, year, until) for name in TABLES}
        return replace(self, **picked)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores per [period, region, person]; see ``score.score`` for the columns."""

    frame: pd.DataFrame


def counted_once(accounting: pd.DataFrame) -> pd.DataFrame:
    """Add up ``PARTS`` over all sheets, of each region and year where they are told.

    A row that feeds two tables counts once, as kept where both keep it.

    >>> two = [(1, 1, "appraisals", 9, 9, 0, 0, ""), (1, 1, "ratings", 8, 8, 0, 0, "")]
    >>> lines = [*two, (1, 1, "ratings", 1, 0, 0, 1, "acting")]
    >>> counted_once(pd.DataFrame(lines, columns=ACCOUNTING)).values.tolist()
    [[9, 8, 0, 1]]
    """
    if accounting.empty:
        return accounting
    place = [k for k in ("region", "year") if k in accounting]
    tables = accounting.groupby([*place, "file", "sheet", "table"])[PARTS].sum().groupby([*place, "file", "sheet"])
    each = tables.max().assign(kept=tables["kept"].min()).reset_index()
    return each.groupby(place)[PARTS].sum().reset_index() if place else each[PARTS].sum().to_frame().T


def official(ratings: pd.DataFrame) -> np.ndarray:
    """Tell which rows of a rating table are e-Kinerja rows, shape (rows,).

    They are the supervisor's hasil kerja and perilaku kerja on the three ordered levels.
    """
    found = ((ratings["scale_min"] == 1) & (ratings["scale_max"] == 3)).to_numpy(dtype=bool, na_value=False, copy=True)
    part = ratings[found]
    found[found] = part["criterion"].isin(EKINERJA_CRITERIA) & (part["source"] == "supervisor")
    return found


def data_kind(ratings: pd.DataFrame) -> pd.Series:
    """Return ``ekinerja`` or ``multisource`` for each row of a rating table."""
    kinds = np.where(official(ratings), "ekinerja", "multisource")
    return pd.Series(kinds, index=ratings.index, dtype="str")


def annual_or_latest(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the annual rows of a year if there are any, else only its latest period (kinds are never mixed).

    >>> f = pd.DataFrame({"year": [2025, 2025], "period": ["2025-Q1", "2025-Q4"], "region": "01.01"})
    >>> annual_or_latest(f)["period"].tolist()
    ['2025-Q4']
    """
    if frame.empty:
        return frame
    annual = frame["period"] == frame["year"].astype("str")
    group = [frame["region"], frame["year"]]
    has_annual = annual.groupby(group).transform("max")
    latest = frame["period"].groupby(group).transform("max")
    return frame[annual | (~has_annual & (frame["period"] == latest))]
