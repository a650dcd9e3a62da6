"""Records of the old regime in a workbook: number, SKP, aspects, their scale by year."""

from __future__ import annotations

from typing import Any

from kinerja_analysis.read import check, read

HEADER = ("tahun", "wilayah", "nip", "nama", "unor", "nip_atasan", "nilai_skp", "Orientasi Pelayanan", "Disiplin",
          "nilai_perilaku", "nilai_prestasi_kerja")  # fmt: skip


def rows(make: Any, *years: int) -> list[list[Any]]:
    return [[str(y), "98.01", make.nip(i), "x", "U", make.nip(900, 2), 90 + i, 80, 85, 82.5, 88.1]
            for i, y in enumerate(years, 1)]  # fmt: skip


def test_numbers_and_aspects(make: Any) -> None:
    tables = read(make.workbook([HEADER, *rows(make, 2019, 2019)]), config=make.config)
    assert tables.appraisals["number"].tolist() == [88.1, 88.1]
    assert tables.appraisals["status"].tolist() == ["rated", "rated"]
    got = tables.ratings[tables.ratings["row"] == "1:1:3"].set_index("criterion")["score"].to_dict()
    assert got == {"hasil_kerja": 92.0, "perilaku_kerja": 82.5, "orientasi_pelayanan": 80.0, "disiplin": 85.0}
    assert set(tables.ratings["source"]) == {"supervisor"}
    total = tables.accounting.groupby("table")[["rows", "kept"]].sum()
    assert total.to_dict("index") == {t: {"rows": 2, "kept": 2} for t in ("appraisals", "ratings")}


def test_the_scale_of_the_year(make: Any) -> None:
    body = rows(make, 2020, 2021)
    body[0][6] = body[1][6] = 110
    report = check(make.workbook([HEADER, *body]), config=make.config)
    assert [(p.code, p.cell, p.others) for p in report.problems] == [("KA-E204", "G2", ())], "110 is possible from 2021"


def test_a_number_after_2021(make: Any) -> None:
    report = check(make.workbook([HEADER, *rows(make, 2021, 2022)]), config=make.config)
    assert report.ok and [(p.code, p.cell) for p in report.problems] == [("KA-W207", "A3")]
    told = {lang: report.problems[0].text(lang) for lang in ("id", "en")}
    assert "untuk tahun 2022 atau sesudahnya" in told["id"] and "for 2022 or a later year" in told["en"]


def test_not_rated_and_without_superior(make: Any) -> None:
    body = rows(make, 2020, 2020, 2020)
    body[0][10] = "-"
    body[1][5] = None
    place = make.workbook([HEADER, *body])
    assert [(p.code, p.cell) for p in check(place, config=make.config).problems] == [("KA-W204", "F3")]
    tables = read(place, config=make.config)
    assert tables.appraisals["status"].tolist() == ["not_rated", "rated", "rated"]
    aside = tables.accounting.query("table == 'ratings' and reason != ''").set_index("reason")["set_aside"]
    assert aside.to_dict() == {"not_rated": 1}
    assert tables.ratings.groupby("row")["rater"].nunique().tolist() == [0, 1], "counted, but nobody's"
