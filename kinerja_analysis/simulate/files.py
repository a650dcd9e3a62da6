"""Writes the files of a simulation in the layouts in which real data arrive.

e-Kinerja "Laporan Penilaian SKP" workbooks (preamble in rows 1 to 7, column names in row 8, "-" where not rated), 360
sheets (long and wide, xlsx and csv, one of them as an Indonesian Excel writes it: semicolons and decimal commas),
achievement, employee and unit tables, and ``kinerja.toml``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import RATING
from kinerja_analysis.base.workers import workers
from kinerja_analysis.simulate.ratings import deadline
from kinerja_analysis.simulate.sheets import Sheet, columns_of

EKINERJA_COLUMNS = (
    "id", "jenis", "nip", "nama", "tahun_skp", "periode_id", "skp_id", "skp_penilaian_id", "periode_awal_skp",
    "periode_akhir_skp", "skp_unor_id", "skp_unor", "skp_unor_induk_id", "skp_unor_induk", "skp_jabatan",
    "skp_jenis_jabatan", "is_skp_plt_plh_pjb", "golru", "jenis_pegawai", "hasil_kerja", "perilaku_kerja",
    "hasil_akhir", "pegawai_atasan_id", "pegawai_atasan_nip", "pegawai_atasan_nama", "pegawai_atasan_jabatan",
    "pegawai_atasan_golru", "pegawai_atasan_unor_id", "pegawai_atasan_unor", "pegawai_penilai_id", "waktu_dinilai",
    "created_at",
)  # fmt: skip
_QUARTERS = ("", "I", "II", "III", "IV")
_POSITION_CODE = {"struktural": "1", "fungsional": "2", "pelaksana": "4"}
_SOURCE = {"supervisor": "ATASAN", "self": "DIRI", "peer": "REKAN", "subordinate": "BAWAHAN"}
_SEX = {"male": "L", "female": "P"}
_DIRECTION = {"higher": "naik", "lower": "turun"}
_MEASURED_BY = {"rater": "penilai", "other": "lainnya"}
_BLANK = "-"
_NO_SKP = "Tidak Membuat SKP"
_STAMP = dt.datetime(2026, 3, 2, 9, 0, 0)

MANY = 20  #: from this many files on, processes pay

def write(sheets: Sequence[Sheet], config: AuditConfig, folder: str | Path) -> list[Path]:
    """Write all sheets and ``kinerja.toml`` below ``folder``; return their paths, the configuration first.

    The same sheets give the same bytes in text files and the same cell values in workbooks.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    settings = root / "kinerja.toml"
    settings.write_text(_toml(config), encoding="utf-8", newline="\n")
    places = [root / sheet.path for sheet in sheets]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    if len(places) < MANY:
        for sheet, place in zip(sheets, places, strict=True):
            _write(sheet, place)
    else:
        with workers(None, len(places)) as executor:
            list(executor.map(_write, sheets, places))
    return [settings, *places]


def _write(sheet: Sheet, place: Path) -> None:
    frame = columns_of(sheet, "nip")
    if sheet.table == "ekinerja":
        _workbook(place, _ekinerja(sheet, frame))
    elif place.suffix == ".xlsx":
        shown = _shown(sheet, frame)
        _workbook(place, [list(shown.columns), *shown.itertuples(index=False, name=None)])
    else:
        _text(place, _shown(sheet, frame), semicolon=_semicolon(sheet))


def _workbook(place: Path, rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.creator = "kinerja_analysis simulate"
    book.properties.created = book.properties.modified = _STAMP
    page = book.create_sheet("Sheet1")
    for row in rows:
        page.append(row)
    book.save(place)


def _text(place: Path, frame: pd.DataFrame, *, semicolon: bool) -> None:
    mark = {"sep": ";", "decimal": ","} if semicolon else {"sep": ",", "decimal": "."}
    frame.to_csv(place, index=False, encoding="utf-8", lineterminator="\n", **mark)  # type: ignore[arg-type]


def _semicolon(sheet: Sheet) -> bool:
    form = sheet.world.plan.form
    return sheet.table != "multisource" or form is None or form.layout == "csv_semicolon"


def _shown(sheet: Sheet, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a table as its file names them."""
    if sheet.table == "employees":
        return _employees(frame)
    head = pd.DataFrame({"periode": frame["period"], "wilayah": frame["region"]})
    if sheet.table == "multisource":
        return _multisource(sheet, head, frame)
    if sheet.table == "achievements":
        body = {
            "nip": frame["person"], "indikator": frame["indicator"], "aspek": frame["aspect"],
            "target": frame["target"], "realisasi": frame["realised"], "arah": frame["direction"].map(_DIRECTION),
            "bobot": frame["weight"], "diukur_oleh": frame["measured_by"].map(_MEASURED_BY),
        }  # fmt: skip
        return head.assign(**body)
    body = {
        "unor": frame["unit"], "opd": frame["opd"], "nip_pimpinan": frame["leader"],
        "predikat_organisasi": frame["org_rating"],
    }  # fmt: skip
    return head.assign(**body)


def _employees(frame: pd.DataFrame) -> pd.DataFrame:
    body = {
        "tahun": frame["year"], "wilayah": frame["region"], "nip": frame["person"], "unor": frame["unit"],
        "opd": frame["opd"], "jenis_jabatan": frame["position_type"], "golongan": frame["grade"],
        "jenis_pegawai": frame["employment"], "jenis_kelamin": frame["sex"].map(_SEX),
        "kelompok_usia": frame["age_band"], "nip_atasan": frame["supervisor"], "asal": frame["asal"],
    }  # fmt: skip
    return pd.DataFrame(body)


def _multisource(sheet: Sheet, head: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    form = sheet.world.plan.form
    criteria = list(form.criteria) if form else []
    body = head.assign(
        nip_dinilai=frame["ratee"],
        nip_penilai=frame["rater"],
        peran_penilai=frame["source"].map(_SOURCE),
        unor=frame["unit"],
        opd=frame["opd"],
        skala_min=frame["scale_min"].astype("int64"),
        skala_maks=frame["scale_max"].astype("int64"),
        waktu=_moment(frame["rated_at"]),
    )
    whole = form is not None and form.step == int(form.step)
    scores = frame[criteria].astype("int64" if whole else "float64")
    if form is not None and form.layout == "xlsx_wide":
        return pd.concat([body, scores], axis=1)
    long = body.loc[body.index.repeat(len(criteria))].reset_index(drop=True)
    long.insert(7, "dimensi", np.tile(np.array(criteria, dtype=object), len(body)))
    long.insert(8, "nilai", scores.to_numpy().ravel())
    return long


def _moment(times: pd.Series) -> pd.Series:
    return times.dt.strftime("%Y-%m-%d %H:%M:%S")


def _ekinerja(sheet: Sheet, frame: pd.DataFrame) -> list[Sequence[Any]]:
    table = _ekinerja_table(sheet, frame)
    changed = sheet.faults[sheet.faults["column"] != ""]
    for column, part in changed.groupby("column"):
        values = table[str(column)].to_numpy(dtype=object).copy()
        values[part["position"].to_numpy(np.int64)] = part["text"].to_numpy()
        table[str(column)] = values
    again = sheet.faults.loc[sheet.faults["column"] == "", "position"].to_numpy(np.int64)
    rows = [*table.itertuples(index=False, name=None), *table.iloc[again].itertuples(index=False, name=None)]
    return [*_preamble(sheet), list(EKINERJA_COLUMNS), *rows]


def _preamble(sheet: Sheet) -> list[list[str]]:
    year, quarter = sheet.year, _QUARTERS[sheet.quarter]
    kind = f"Triwulan {quarter}" if quarter else "Tahunan"
    drawn = deadline(year, sheet.quarter) + dt.timedelta(days=9)
    lines = [
        f"Laporan Penilaian SKP Periode {kind} Tahun {year}",
        f"Instansi {sheet.world.plan.instansi}",
        f"Periode : {kind}",
        "Unor Induk : ALL",
        "Unor : ALL",
        f"Data ditarik pada : {drawn.day}/{drawn.month}/{drawn.year} 09.15.00",
    ]
    rows = [[line] for line in lines]
    return rows + [[] for _ in range(sheet.header_row - 1 - len(rows))]


def _ekinerja_table(sheet: Sheet, frame: pd.DataFrame) -> pd.DataFrame:
    who = _who(sheet, frame["supervisor"])
    rated, has_skp = frame["status"] == "rated", frame["status"] != "no_skp"
    label = np.array([_BLANK, *RATING], dtype=object)
    key = frame["person"] + "|" + frame["period"] + "|" + frame["post"] + "|" + frame["unit"]
    skp = _codes(key, "skp").where(has_skp, _BLANK)
    person = _codes(frame["person"], "pegawai")
    moment = _moment(frame["rated_at"]).where(rated, _BLANK)
    body = {
        "id": person, "jenis": "P" if sheet.quarter else "T", "nip": frame["person"],
        "nama": _who(sheet, frame["person"])["name"], "tahun_skp": str(sheet.year),
        "periode_id": _codes(frame["period"], "periode"), "skp_id": skp,
        "skp_penilaian_id": _codes(key, "penilaian").where(rated, _BLANK),
        "periode_awal_skp": pd.to_datetime(frame["start"]).dt.strftime("%Y-%m-%d").where(has_skp, _BLANK),
        "periode_akhir_skp": pd.to_datetime(frame["end"]).dt.strftime("%Y-%m-%d").where(has_skp, _BLANK),
        "skp_unor_id": _codes(frame["unit"], "unor"), "skp_unor": frame["unit"],
        "skp_unor_induk_id": _codes(frame["opd"], "unor"), "skp_unor_induk": frame["opd"],
        "skp_jabatan": frame["post"], "skp_jenis_jabatan": frame["position"].map(_POSITION_CODE),
        "is_skp_plt_plh_pjb": frame["acting"].astype("int64").astype("str"), "golru": frame["grade"],
        "jenis_pegawai": frame["employment"], "hasil_kerja": label[frame["hasil"]],
        "perilaku_kerja": label[frame["perilaku"]],
        "hasil_akhir": frame["predikat"].where(frame["predikat"] != "", _BLANK).where(has_skp, _NO_SKP),
        "pegawai_atasan_id": _codes(frame["supervisor"], "pegawai"), "pegawai_atasan_nip": frame["supervisor"],
        "pegawai_atasan_nama": who["name"], "pegawai_atasan_jabatan": who["post"],
        "pegawai_atasan_golru": who["grade"], "pegawai_atasan_unor_id": _codes(who["unit"], "unor"),
        "pegawai_atasan_unor": who["unit"], "pegawai_penilai_id": _codes(frame["supervisor"], "pegawai"),
        "waktu_dinilai": moment, "created_at": f"{deadline(sheet.year, sheet.quarter).isoformat()} 23:00:00",
    }  # fmt: skip
    return pd.DataFrame(body)[list(EKINERJA_COLUMNS)]


def _who(sheet: Sheet, nip: pd.Series) -> pd.DataFrame:
    """Return name, grade, post and unit of persons by NIP, aligned to ``nip``."""
    world = sheet.world
    seat = np.empty(len(world.persons), np.int64)
    seat[world.seating[sheet.year]] = np.arange(len(world.persons))
    post = np.append(world.places.seats["post"].to_numpy(), world.plan.head)
    unit = world.places.units["name"].to_numpy()[world.places.seats["unit"]]
    known = pd.DataFrame(
        {
            "name": world.persons["name"].to_numpy(),
            "grade": world.persons["grade"].to_numpy(),
            "post": post[seat],
            "unit": np.append(unit, world.plan.instansi)[seat],
        },
        index=world.persons["nip"],
    )
    return known.loc[nip].set_axis(nip.index)


def _codes(values: pd.Series, salt: str) -> pd.Series:
    """Return a stable code in the form of a UUID per distinct value."""
    position, distinct = pd.factorize(values)
    codes = []
    for value in distinct:
        digest = hashlib.sha256(f"{salt}|{value}".encode()).hexdigest()
        codes.append(f"00000000-0000-4000-8000-{digest[:12]}")
    return pd.Series(np.array(codes, dtype=object)[position], index=values.index)


def _toml(config: AuditConfig) -> str:
    """Return the configuration of the regions as TOML, codes in quotes."""
    lines = [
        "# Contoh sintetis: semua pegawai dan angka buatan.",
        "# A synthetic example: all people and figures are made up.",
        f"years = [{', '.join(map(str, config.years))}]",
        f"seed = {config.seed}",
    ]
    for code, region in config.regions.items():
        lines += ["", f'[regions."{code}"]']
        for name, value in region.model_dump().items():
            if isinstance(value, tuple) and value:
                lines += [f"{name} = [", *(f'  "{v}",' for v in value), "]"]
            elif value:
                lines.append(f'{name} = "{value}"')
    return "\n".join(lines) + "\n"
