"""Transfers, repeated rows, several files, and the row accounting."""

import hashlib
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.tables import TABLES
from kinerja_analysis.read import check, read


def balanced(accounting: pd.DataFrame) -> bool:
    return bool((accounting["rows"] == accounting[["kept", "merged", "set_aside"]].sum(axis=1)).all())


def transferred(make: Any, *, dated: bool = True) -> list[list[Any]]:
    rows = make.people()
    old = [*rows[0]]
    old[3], old[4], old[10], old[13] = "2025-06-30", "Unit Lama", "DIBAWAH EKSPEKTASI", make.nip(950)
    if not dated:
        old[3], old[15] = rows[0][3], rows[0][15]
    return [*rows, old]


def test_transfer_latest_for_heads_all_for_ratings(make: Any) -> None:
    tables = read(make.ekinerja(transferred(make)), config=make.config)
    assert len(tables.appraisals) == 6 and "Unit Lama" not in set(tables.appraisals["unit"])
    assert len(tables.ratings) == 14 and "Unit Lama" in set(tables.ratings["unit"])
    own = tables.accounting[tables.accounting["table"] == "appraisals"]
    assert own[["reason", "kept", "merged"]].values.tolist() == [["", 6, 0], ["transfer", 0, 1]]
    assert [(p.code, p.cell) for p in tables.problems] == [("KA-N501", "A14")] and balanced(tables.accounting)


def test_transfer_without_dates_is_a_warning(make: Any) -> None:
    tables = read(make.ekinerja(transferred(make, dated=False)), config=make.config)
    assert [(p.code, p.cell) for p in tables.problems] == [("KA-W504", "A8")]
    assert "Unit Lama" in set(tables.appraisals["unit"])


def test_the_same_file_twice_counts_once(make: Any) -> None:
    make.ekinerja(name="a.xlsx")
    make.ekinerja(name="b.xlsx")
    tables = read(make.folder, config=make.config)
    assert len(tables.appraisals) == 6 and len(tables.ratings) == 12
    assert [(p.code, p.file, p.count) for p in tables.problems] == [("KA-W502", "b.xlsx", 6)]
    assert tables.accounting.groupby(["file", "table"])["merged"].sum().tolist() == [0, 0, 6, 6]
    assert balanced(tables.accounting)


def test_quarters_and_years_stand_side_by_side(make: Any) -> None:
    make.ekinerja(name="tw1.xlsx", edit={"A1": "Laporan Penilaian SKP Periode Triwulan I Tahun 2025",
                                         "A3": "Periode : Triwulan I"})  # fmt: skip
    make.ekinerja(name="tw2.xlsx", edit={"A1": "Laporan Penilaian SKP Periode Triwulan II Tahun 2025",
                                         "A3": "Periode : Triwulan II"})  # fmt: skip
    found = read(make.folder, config=make.config).appraisals
    assert found["period"].value_counts().to_dict() == {"2025-Q1": 6, "2025-Q2": 6}


def test_export_and_360_rows_of_one_supervisor_do_not_clash(make: Any) -> None:
    make.ekinerja(name="skp.xlsx")
    rows = [
        ["2025", "98.01", p[0], p[13], "ATASAN", "Unit", "hasil_kerja", "80", "0", "100", ""] for p in make.people()
    ]
    make.text([make.long_header, *rows])
    tables = read(make.folder, config=make.config)
    assert len(tables.ratings) == 18 and tables.problems == ()


def test_two_sheets_of_one_workbook(make: Any) -> None:
    place = make.workbook(
        [make.long_header, *make.scores()[:3]], more={"Kedua": [make.long_header, *make.scores()[3:]]}
    )
    tables = read(place, config=make.config)
    assert tables.ratings["row"].tolist() == ["1:1:2", "1:1:3", "1:1:4", "1:2:2", "1:2:3", "1:2:4"]
    assert tables.accounting[["file", "sheet", "rows"]].values.tolist() == [[1, 1, 3], [1, 2, 3]]


@pytest.mark.parametrize("damage", [{}, {"A9": None}, {"K9": "?"}, {"N9": "-"}, {"K10": "-", "L10": "-", "M10": "-"}])
def test_read_equals_kept_plus_merged_plus_set_aside(make: Any, damage: dict[str, Any]) -> None:
    rows = transferred(make)
    rows.append([*rows[0][:6], "Plt", 1, *rows[0][8:]])
    report = check(make.ekinerja([*rows, [], rows[1]], edit=damage), config=make.config)
    assert balanced(report.accounting)
    per_table = report.accounting.groupby("table")["rows"].sum()
    assert per_table.to_dict() == {"appraisals": 10, "ratings": 10} and report.rows == 9


def test_kept_rows_are_the_rows_in_the_tables(make: Any) -> None:
    tables = read(make.ekinerja(transferred(make)), config=make.config)
    for name in ("ratings", "appraisals"):
        kept = tables.accounting.loc[tables.accounting["table"] == name, "kept"].sum()
        assert getattr(tables, name)["row"].nunique() == kept


def fingerprint(tables: Any) -> dict[str, str]:
    return {n: hashlib.sha256(getattr(tables, n).to_csv().encode()).hexdigest() for n in TABLES}


@pytest.mark.parametrize(
    ("cell", "value", "table"),
    [("K9", "DIBAWAH EKSPEKTASI", "ratings"), ("M9", "KURANG", "appraisals"), ("E9", "Unit Baru", "ratings"),
     ("P9", "2025-11-01 08:00:00", "ratings"), ("I9", "IV/a", "employees"), ("H9", "1", "appraisals")],
)  # fmt: skip
def test_a_changed_cell_changes_its_table(make: Any, cell: str, value: str, table: str) -> None:
    before = fingerprint(read(make.ekinerja(), config=make.config))
    after = fingerprint(read(make.ekinerja(edit={cell: value}), config=make.config))
    assert before[table] != after[table]


def test_achievements_follow_people_to_the_region_below(make: Any) -> None:
    from kinerja_analysis.base.config import AuditConfig, RegionConfig

    config = AuditConfig(regions={
        "98.71": RegionConfig(name="Kota Contoh"),
        "98.71.02": RegionConfig(name="Kecamatan Contoh", parent="98.71", units=("Unit 1",)),
    })  # fmt: skip
    make.ekinerja(edit={"A2": "Instansi Pemerintah Kota Contoh"})
    make.text([("periode", "wilayah", "nip", "indikator", "target", "realisasi"),
               ("2025", "98.71", make.nip(1), "x", "10", "9"),
               ("2025", "98.71", make.nip(2), "x", "10", "9")])  # fmt: skip
    assert read(make.folder, config=config).achievements["region"].tolist() == ["98.71.02", "98.71"]
