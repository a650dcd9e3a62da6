"""Year, period and region of rows."""

from typing import Any

import pytest

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.read import check, read


@pytest.mark.parametrize(
    ("title", "line", "period"),
    [
        ("Laporan Penilaian SKP Periode Tahunan Tahun 2025", "Periode : Tahunan", "2025"),
        ("Laporan Penilaian SKP Periode Triwulan I Tahun 2025", "Periode : Triwulan I", "2025-Q1"),
        ("Laporan Penilaian SKP Periode Triwulan IV Tahun 2025", "Periode : Triwulan 4", "2025-Q4"),
        ("Laporan Penilaian SKP Periode Bulanan JULI Tahun 2025", "Periode : Bulanan 7", "2025-07"),
        ("Laporan Penilaian SKP Tahun 2025", "Periode : Bulanan 12", "2025-12"),
    ],
)
def test_periods_of_the_export(make: Any, title: str, line: str, period: str) -> None:
    place = make.ekinerja(edit={"A1": title, "A3": line})
    tables = read(place, config=make.config)
    assert set(tables.appraisals["period"]) == {period} and set(tables.ratings["year"]) == {2025}


def test_the_date_of_the_export_is_not_its_year(make: Any) -> None:
    place = make.ekinerja(edit={"A6": "Data ditarik pada : 9/1/2030 09.15.00"})
    assert set(read(place, config=make.config).appraisals["year"]) == {2025}


def test_arguments_fill_what_the_file_does_not_tell(make: Any) -> None:
    rows = [[r[0], *r[3:]] for r in make.people()]
    place = make.ekinerja(rows, lines=0, header=["nip", *make.ekinerja_header[3:]])
    assert {p.code for p in check(place, config=make.config).problems} == {"KA-E505", "KA-E510", "KA-W501"}
    tables = read(place, region="Kabupaten Contoh", year=2024, config=make.config)
    assert set(tables.appraisals["region"]) == {"98.01"} and set(tables.appraisals["period"]) == {"2024"}


def test_a_file_of_the_city_for_a_district_below(make: Any) -> None:
    below = AuditConfig(regions={
        "98.71": RegionConfig(name="Kota Contoh"),
        "98.71.02": RegionConfig(name="Kecamatan Contoh", parent="98.71", units=("Unit 1",)),
    })  # fmt: skip
    place = make.ekinerja(edit={"A2": "Instansi Pemerintah Kota Contoh"})
    for region in (None, "98.71.02"):
        tables = read(place, region=region, config=below)
        moved = tables.appraisals.groupby("unit")["region"].unique().map(list).to_dict()
        assert moved == {"Unit 0": ["98.71"], "Unit 1": ["98.71.02"]}
        assert set(tables.ratings.loc[tables.ratings["unit"] == "Unit 1", "region"]) == {"98.71.02"}


def test_an_undeclared_district_is_taken_from_the_argument(make: Any) -> None:
    config = AuditConfig(regions={"98.71": RegionConfig(name="Kota Contoh")})
    place = make.ekinerja(edit={"A2": "Instansi Pemerintah Kota Contoh"})
    assert set(read(place, region="98.71.02", config=config).appraisals["region"]) == {"98.71.02"}


def test_a_province_is_not_the_regency_within_it(make: Any) -> None:
    config = AuditConfig(
        regions={"98": RegionConfig(name="Provinsi Pantai"), "98.01": RegionConfig(name="Kabupaten Contoh")}
    )
    province = make.ekinerja(edit={"A2": "Instansi Pemerintah Provinsi Pantai"}, name="provinsi.xlsx")
    report = check(province, region="98.01", config=config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E501", "A2")]
    rows = [[make.nip(50 + i), *row[1:]] for i, row in enumerate(make.people())]
    make.ekinerja(rows, name="kabupaten.xlsx")
    for region in (None, "98.01"):
        counts = read(province.parent, region=region, config=config).appraisals["region"].value_counts()
        assert counts.to_dict() == {"98": 6, "98.01": 6}


def test_an_unknown_agency_with_an_argument_is_a_warning(make: Any) -> None:
    report = check(make.ekinerja(edit={"A2": "Instansi Badan Antah"}), region="98.01", config=make.config)
    assert report.ok and [(p.code, p.cell) for p in report.problems] == [("KA-W503", "A2")]


def test_region_by_name_in_rows_and_an_ambiguous_one(make: Any) -> None:
    rows = make.scores()
    for row in rows:
        row[1] = "Kabupaten Contoh"
    place = make.workbook([make.long_header, *rows])
    assert set(read(place, config=make.config).ratings["region"]) == {"98.01"}
    two = AuditConfig(
        regions={"98.01": RegionConfig(name="Kabupaten Contoh"), "98.71": RegionConfig(name="Kota Contoh")}
    )
    place = make.workbook([make.long_header, *rows], edit={"B3": "Contoh"})
    problem = check(place, config=two).problems[0]
    assert (problem.code, problem.cell) == ("KA-E504", "B3")
    assert problem.params["choices"] == "Kabupaten Contoh (98.01); Kota Contoh (98.71)"
