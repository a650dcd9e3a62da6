"""The five input tables and the score table: columns, aliases, keys, constants.

An input column is one row in ``COLUMNS``; the data dictionary (``data/README.md``), the readers and the
checks are all made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kinerja_analysis.base.errors import Problem

SOURCES = ("supervisor", "self", "peer", "subordinate", "other")
RATING = ("DIBAWAH EKSPEKTASI", "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI")
PREDIKAT = ("SANGAT KURANG", "KURANG", "BUTUH PERBAIKAN", "BAIK", "SANGAT BAIK")
ORG_RATING = ("SANGAT KURANG", "KURANG", "BUTUH PERBAIKAN", "BAIK", "ISTIMEWA")
STATUS = ("rated", "not_rated", "no_skp", "excluded")
EKINERJA_CRITERIA = ("hasil_kerja", "perilaku_kerja")
KINDS = ("ekinerja", "multisource")

SOURCE_ALIASES = {
    "atasan": "supervisor", "pimpinan": "supervisor", "superior": "supervisor", "supervisor": "supervisor",
    "diri": "self", "diri sendiri": "self", "self": "self",
    "rekan": "peer", "rekan kerja": "peer", "sejawat": "peer", "peer": "peer",
    "bawahan": "subordinate", "subordinate": "subordinate",
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


def _columns() -> tuple[Column, ...]:
    place = {
        "year": ("integer", True, ("tahun", "tahun_skp", "tahun_penilaian")),
        "period": ("code", True, ("periode", "periode_penilaian")),
        "region": ("code", True, ("wilayah", "wilayah_kode", "kode_wilayah", "kode_kemendagri")),
    }
    unit = ("unit", "text", ("unor", "skp_unor", "unit_kerja", "nama_unor"))
    opd = ("opd", "text", ("skp_unor_induk", "perangkat_daerah", "unor_induk"))
    rows: list[Column] = []

    def add(table: str, name: str, kind: str, aliases: Iterable[str] = (), **flags: object) -> None:
        rows.append(Column(table, name, kind, aliases=tuple(aliases), **flags))  # type: ignore[arg-type]

    def head(table: str, key: tuple[str, ...]) -> None:
        for name, (kind, required, aliases) in place.items():
            if not (table == "employees" and name == "period"):
                add(table, name, kind, aliases, required=required, key=name in key)

    head("ratings", ("period", "region"))
    add("ratings", "ratee", "code", ("nip_dinilai", "nip", "pegawai_dinilai", "ratee_id", "employee_id"),
        required=True, key=True, personal=True)  # fmt: skip
    add("ratings", "rater", "code", ("nip_penilai", "rater_id", "pegawai_atasan_nip", "nip_atasan", "assessor_id"),
        key=True, personal=True)  # fmt: skip
    add("ratings", "source", "category", ("peran_penilai", "peran", "assessment_type"),
        required=True, key=True, categories=SOURCES)  # fmt: skip
    add("ratings", "criterion", "text", ("dimensi", "kriteria", "aspek_penilaian", "indicator_id"),
        required=True, key=True)  # fmt: skip
    add("ratings", unit[0], unit[1], unit[2])
    add("ratings", opd[0], opd[1], opd[2])
    add("ratings", "score", "number", ("nilai", "skor"), required=True)
    add("ratings", "scale_min", "number", ("skala_min", "skala_minimum"), required=True)
    add("ratings", "scale_max", "number", ("skala_maks", "skala_max", "skala_maksimum"), required=True)
    add("ratings", "rated_at", "time", ("waktu", "waktu_dinilai", "waktu_penilaian", "submitted_at"))

    head("appraisals", ("period", "region"))
    add("appraisals", "person", "code", ("nip", "nip_dinilai", "nip_baru", "nip_pegawai"), required=True, key=True,
        personal=True)  # fmt: skip
    add("appraisals", "post", "text", ("skp_jabatan", "jabatan"), key=True)
    add("appraisals", unit[0], unit[1], unit[2])
    add("appraisals", opd[0], opd[1], opd[2])
    add("appraisals", "supervisor", "code", ("nip_atasan", "pegawai_atasan_nip", "nip_nrp_penilai", "penilai_nip_nrp",
        "nip_penilai"), personal=True)  # fmt: skip
    add("appraisals", "status", "category", ("status_penilaian",), required=True, categories=STATUS)
    add("appraisals", "reason", "text", ("alasan", "keterangan"))
    add("appraisals", "predikat", "category", ("hasil_akhir", "predikat_kinerja", "kuadran_kinerja"),
        categories=PREDIKAT)  # fmt: skip
    add("appraisals", "number", "number", ("nilai_akhir", "nilai_prestasi_kerja", "nilai_prestasi"))
    add("appraisals", "acting", "flag", ("is_skp_plt_plh_pjb", "is_plt_plh"))
    add("appraisals", "rated_at", "time", ("waktu_dinilai",))

    head("employees", ("year", "region"))
    add("employees", "person", "code", ("nip", "nip_pegawai"), required=True, key=True, personal=True)
    add("employees", unit[0], unit[1], unit[2])
    add("employees", opd[0], opd[1], opd[2])
    add("employees", "position_type", "text", ("jenis_jabatan", "skp_jenis_jabatan"))
    add("employees", "grade", "text", ("golongan", "golru"))
    add("employees", "employment", "category", ("jenis_pegawai", "status_kepegawaian"),
        categories=("pns", "pppk", "pppk_paruh_waktu"))  # fmt: skip
    add("employees", "sex", "category", ("jenis_kelamin",), categories=("male", "female"))
    add("employees", "age_band", "text", ("kelompok_usia",))
    add("employees", "supervisor", "code", ("nip_atasan", "pegawai_atasan_nip"), personal=True)

    head("achievements", ("period", "region"))
    add("achievements", "person", "code", ("nip", "nip_pegawai"), required=True, key=True, personal=True)
    add("achievements", "indicator", "text", ("indikator",), required=True, key=True)
    add("achievements", "aspect", "category", ("aspek",), key=True,
        categories=("kuantitas", "kualitas", "waktu", "biaya"))  # fmt: skip
    add("achievements", "target", "number", (), required=True)
    add("achievements", "realised", "number", ("realisasi", "capaian"), required=True)
    add("achievements", "direction", "category", ("arah",), categories=("higher", "lower"))
    add("achievements", "weight", "number", ("bobot",))
    add("achievements", "measured_by", "category", ("diukur_oleh",), categories=("rater", "other"))

    head("units", ("period", "region"))
    add("units", unit[0], unit[1], (*unit[2], "skp_unor_id"), required=True, key=True)
    add("units", opd[0], opd[1], opd[2])
    add("units", "leader", "code", ("pimpinan", "nip_pimpinan"), personal=True)
    add("units", "org_rating", "category", ("predikat_organisasi", "predikat"), categories=ORG_RATING)
    return tuple(rows)


COLUMNS: tuple[Column, ...] = _columns()
TABLES = ("ratings", "appraisals", "employees", "achievements", "units")
DTYPES = {"text": "str", "code": "str", "category": "str", "number": "float64", "integer": "int64",
          "time": "datetime64[us]", "flag": "bool"}  # fmt: skip


ACCOUNTING = ["file", "sheet", "table", "rows", "kept", "merged", "set_aside", "reason"]


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

    >>> squashed("nipDinilai") == squashed("NIP Dinilai")
    True
    """
    return plain(name).replace("_", "")


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


def of_cell(frame: pd.DataFrame, region: str | None, year: int | None) -> pd.DataFrame:
    """Return the rows of one region and/or one year; a frame without such a column is not filtered by it."""
    for name, value in (("region", region), ("year", year)):
        if value is not None and name in frame:
            frame = frame[frame[name] == value]
    return frame.reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Tables:
    """The five tables, the problems found on the way in, and the row accounting.

    ``accounting`` has one row per file, sheet and table: ``file sheet table rows kept merged set_aside reason``;
    for every sheet the sum of kept, merged and set aside equals the rows read. ``synthetic`` is true when the
    data carry impossible NIPs (the demo), ``key_id`` names the key the identifiers were hashed with.
    """

    ratings: pd.DataFrame = field(default_factory=lambda: empty("ratings"))
    appraisals: pd.DataFrame = field(default_factory=lambda: empty("appraisals"))
    employees: pd.DataFrame = field(default_factory=lambda: empty("employees"))
    achievements: pd.DataFrame = field(default_factory=lambda: empty("achievements"))
    units: pd.DataFrame = field(default_factory=lambda: empty("units"))
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
        picked = {name: of_cell(getattr(self, name), region, year) for name in TABLES}
        if until is not None:
            picked = {name: f[f["year"] <= until].reset_index(drop=True) for name, f in picked.items()}
        return replace(self, **picked)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scores per [period, region, person]; see ``score.score`` for the columns."""

    frame: pd.DataFrame


def data_kind(ratings: pd.DataFrame) -> pd.Series:
    """Return ``ekinerja`` or ``multisource`` for each row of a rating table.

    e-Kinerja rows are the supervisor's hasil kerja and perilaku kerja on the three ordered levels.
    """
    official = (
        ratings["criterion"].isin(EKINERJA_CRITERIA)
        & (ratings["source"] == "supervisor")
        & (ratings["scale_min"] == 1)
        & (ratings["scale_max"] == 3)
    )
    return pd.Series(np.where(official, "ekinerja", "multisource"), index=ratings.index, dtype="str")


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
