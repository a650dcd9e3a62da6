"""Columns, aliases, kinds of data, and which period counts."""

from __future__ import annotations

import pandas as pd
import pytest

from kinerja_analysis.base import tables as t


def test_every_indonesian_alias_of_the_design_is_known() -> None:
    wanted = [
        "periode",
        "tahun",
        "wilayah",
        "unit",
        "unor",
        "skp_unor",
        "opd",
        "skp_unor_induk",
        "nip",
        "nip_dinilai",
        "nip_penilai",
        "nip_atasan",
        "peran_penilai",
        "dimensi",
        "nilai",
        "skala_min",
        "skala_maks",
        "waktu",
        "jenis_jabatan",
        "golongan",
        "jenis_pegawai",
        "jenis_kelamin",
        "kelompok_usia",
        "indikator",
        "aspek",
        "target",
        "realisasi",
        "arah",
        "bobot",
        "predikat_organisasi",
    ]
    known = {a for c in t.COLUMNS for a in (c.name, *c.aliases)}
    assert set(wanted) <= known


@pytest.mark.parametrize("name", ["NIP Dinilai", "nip_dinilai", " NIP  DINILAI ", "Nip-Dinilai", "nip\xa0dinilai"])
def test_headers_fold(name: str) -> None:
    assert t.canonical_header("ratings", [name]) == {0: "ratee"}


def test_own_name_wins_over_alias() -> None:
    assert t.canonical_header("ratings", ["nip", "ratee"]) == {1: "ratee"}


def test_conform_adds_missing_columns_and_refuses_without_required() -> None:
    frame = pd.DataFrame({"year": [2025], "period": ["2025"], "region": ["01.01"], "unit": ["A"], "extra": [1]})
    out = t.conform("units", frame)
    assert list(out.columns) == [*[c.name for c in t.columns("units")], "row", "extra"]
    assert out["org_rating"].isna().all()
    with pytest.raises(KeyError, match="unit"):
        t.conform("units", frame.drop(columns="unit"))


def test_data_kind() -> None:
    frame = pd.DataFrame(
        {
            "criterion": ["hasil_kerja", "hasil_kerja", "loyal", "perilaku_kerja"],
            "source": ["supervisor", "peer", "supervisor", "supervisor"],
            "scale_min": [1, 1, 1, 0],
            "scale_max": [3, 3, 3, 100],
        }
    )
    assert t.data_kind(frame).tolist() == ["ekinerja", "multisource", "multisource", "multisource"]


def test_annual_rows_win_and_kinds_are_never_mixed() -> None:
    frame = pd.DataFrame(
        {
            "year": [2024, 2024, 2025, 2025, 2025],
            "period": ["2024-Q4", "2024", "2025-Q1", "2025-Q2", "2025-Q2"],
            "region": "01.01",
        }
    )
    assert t.annual_or_latest(frame)["period"].tolist() == ["2024", "2025-Q2", "2025-Q2"]


def test_cells_and_select() -> None:
    ratings = t.empty("ratings")
    rows = pd.DataFrame({"year": [2024, 2025, 2025], "period": ["2024", "2025", "2025"], "region": ["b", "a", "b"]})
    tables = t.Tables(ratings=pd.concat([ratings, rows]))
    assert tables.cells() == [("a", 2025), ("b", 2024), ("b", 2025)]
    assert len(tables.select(region="b").ratings) == 2
    assert len(tables.select(region="b", until=2024).ratings) == 1
