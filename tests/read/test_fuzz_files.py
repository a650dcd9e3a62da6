"""Damaged bytes and arbitrary content of workbooks, JSON and Parquet: a report each time, never an exception."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.read import CheckReport, check

CONFIG = AuditConfig(regions={"98.01": RegionConfig(name="Kabupaten Contoh")})
HEADER = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai", "skala_min",
          "skala_maks")  # fmt: skip
EKINERJA = ("nip", "tahun_skp", "skp_unor", "is_skp_plt_plh_pjb", "hasil_kerja", "perilaku_kerja", "hasil_akhir",
            "pegawai_atasan_nip", "waktu_dinilai")  # fmt: skip
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELL = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20), st.dates(dt.date(1901, 1, 1)), st.sampled_from(["SESUAI EKSPEKTASI", "BAIK", "2025", "98.01",
    "190501012010011001", "-", "ATASAN", "DIRI", "1.000", "95,5", "=1+1", "#N/A", "1e999", "٣", "\ud7ff"]),
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(
        st.sampled_from(["nip", "tahun", "hasilKinerja", "perilakuKerja", "kuadranKinerja", "hasilKinerjaNilai", "data",
                         "nipNrpPenilai", "statusPenilai", "nilaiSkp", "nilaiPrestasiKerja", "bulanMulaiPenilaian",
                         "bulanSelesaiPenilaian", "x"]), inner, max_size=8)),
    max_leaves=30,
)  # fmt: skip


def looked_at(place: Path) -> CheckReport:
    """Check a file; the report can be told in both languages and as a table."""
    report = check(place, region="98.01", year=2025, config=CONFIG)
    for lang in ("id", "en"):
        assert report.summary(lang)
        assert len(report.to_frame(lang)) == len(report.problems)
        report.mapping(lang)
    return report


def workbook(rows: list[Any]) -> bytes:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook()
    for i, row in enumerate(rows, 1):
        for j, value in enumerate(row, 1):
            if value is not None:
                clean = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
                book.active.cell(i, j, clean)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@FUZZ
@given(header=st.sampled_from([HEADER, EKINERJA]), rows=st.lists(st.lists(CELL, min_size=1, max_size=12), max_size=6))
def test_any_cells_below_a_known_header(tmp_path: Path, header: Any, rows: list[Any]) -> None:
    (tmp_path / "a.xlsx").write_bytes(workbook([header, *rows]))
    looked_at(tmp_path / "a.xlsx")


@FUZZ
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=8), max_size=8))
def test_any_cells_at_all(tmp_path: Path, rows: list[Any]) -> None:
    (tmp_path / "a.xlsx").write_bytes(workbook(rows))
    looked_at(tmp_path / "a.xlsx")


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """Valid files by kind."""
    row = ["2025", "98.01", "190501012010011001", "190502022010012002", "ATASAN", "U", "Disiplin", 80, 0, 100]
    parquet = io.BytesIO()
    pd.DataFrame([row], columns=list(HEADER)).to_parquet(parquet)
    body = json.dumps([dict(zip(HEADER, row, strict=True))]).encode()
    return {"xlsx": workbook([HEADER, row]), "parquet": parquet.getvalue(), "json": body}


@FUZZ
@given(kind=st.sampled_from(["xlsx", "parquet", "json"]), data=st.data())
def test_damaged_bytes(tmp_path: Path, whole: dict[str, bytes], kind: str, data: Any) -> None:
    body = bytearray(whole[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        action = data.draw(st.sampled_from(["set", "cut", "drop", "insert"]))
        if action == "set":
            body[at] = data.draw(st.integers(0, 255))
        elif action == "cut" and at > 1:
            del body[at:]
        elif action == "drop" and len(body) > 2:
            del body[at]
        else:
            body[at:at] = data.draw(st.binary(max_size=4))
    place = tmp_path / f"a.{kind}"
    place.write_bytes(bytes(body))
    looked_at(place)


@FUZZ
@given(data=st.data())
def test_damaged_parts_of_a_workbook(tmp_path: Path, whole: dict[str, bytes], data: Any) -> None:
    """The packing is sound, a part inside is not."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole["xlsx"])) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = data.draw(st.sampled_from(names))
        for name in names:
            body = bytearray(old.read(name))
            if name == chosen:
                at = data.draw(st.integers(0, len(body) - 1))
                body[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
            new.writestr(name, bytes(body))
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    looked_at(tmp_path / "a.xlsx")


@FUZZ
@given(body=JSON)
def test_any_json(tmp_path: Path, body: Any) -> None:
    (tmp_path / "a.json").write_text(json.dumps(body), encoding="utf-8")
    looked_at(tmp_path / "a.json")
