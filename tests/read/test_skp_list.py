"""Laporan SKP: tells who is not yet rated from who has no SKP, and counts nobody twice."""

from __future__ import annotations

from typing import Any

from kinerja_analysis.read import check, read

HEADER = ("skp_id", "nip", "nama", "jabatan", "unit", "jenis_pegawai", "skp_status", "skp_model", "skp_unor",
          "skp_unor_atasan", "skp_unor_induk", "skp_jabatan", "skp_jenis_jabatan", "periode_awal", "periode_akhir",
          "is_plt_plh", "created_at")  # fmt: skip
TOP = [["Laporan SKP Tahun 2025"], ["Instansi Pemerintah Kab. Contoh"]]


def row(nip: str, status: str, until: str = "2025-12-31", acting: str = "0") -> list[str]:
    return ["a", nip, "x", "Staf", "lain", "pns", status, "kuantitatif", "Unit 1", "Unit 0", "Dinas Contoh", "Staf",
            "4", "2025-01-01", until, acting, "2025-01-20 08:00:00"]  # fmt: skip


def listed(make: Any, *rows: list[str], name: str = "laporan_skp.xlsx") -> Any:
    return make.workbook([*TOP, HEADER, *rows], name=name)


def test_alone_it_tells_who_is_not_rated_and_who_has_no_skp(make: Any) -> None:
    place = listed(make, row(make.nip(1), "persetujuan"), row(make.nip(2), "Draft"), row(make.nip(3), "pengajuan"),
                   row(make.nip(4), ""))  # fmt: skip
    assert [p.code for p in check(place, config=make.config).problems] == ["KA-N303"]
    got = read(place, config=make.config).appraisals
    assert got["status"].tolist() == ["not_rated", "not_rated", "not_rated", "no_skp"]
    assert got["reason"].fillna("").tolist() == ["", "skp_draft", "skp_submitted", ""]
    assert set(got["period"]) == {"2025"} and set(got["unit"]) == {"Unit 1"} and set(got["opd"]) == {"Dinas Contoh"}


def test_with_the_rating_export_it_adds_only_those_missing_there(make: Any) -> None:
    make.ekinerja(name="penilaian.xlsx")
    listed(make, row(make.nip(1), "persetujuan"), row(make.nip(50), "persetujuan"), row(make.nip(51), ""))
    tables = read(make.folder, config=make.config)
    assert len(tables.appraisals) == 6 + 2
    new = tables.appraisals[tables.appraisals["row"].str.startswith("1:")]
    assert new["status"].tolist() == ["not_rated", "no_skp"]
    lines = tables.accounting.query("file == 1")
    assert lines[["rows", "kept", "merged", "set_aside", "reason"]].values.tolist() == [
        [2, 2, 0, 0, ""], [1, 0, 1, 0, "listed"]]  # fmt: skip


def test_it_says_why_the_rating_export_has_no_rating(make: Any) -> None:
    rows = make.people()
    for i in range(5):
        rows[i][10:13] = "-", "-", "Pensiun" if i == 4 else "-"
    make.ekinerja(rows, name="penilaian.xlsx")
    words = ["Draft", "pengajuan", "", "persetujuan", "Draft", "Draft"]
    told = [row(make.nip(i), word) for i, word in enumerate(words, start=1)]
    listed(make, *told, row(make.nip(1), "pengajuan", acting="1"))
    got = read(make.folder, config=make.config).appraisals
    assert got["status"].tolist() == ["not_rated", "not_rated", "no_skp", "not_rated", "excluded", "rated"]
    assert got["reason"].fillna("").tolist() == ["skp_draft", "skp_submitted", "", "", "pensiun", ""]


def test_it_follows_the_period_that_counts(make: Any) -> None:
    edit = {"A1": "Laporan Penilaian SKP Periode Triwulan III Tahun 2025", "A3": "Periode : Triwulan III"}
    make.ekinerja(name="tw3.xlsx", edit=edit)
    listed(make, row(make.nip(50), "persetujuan"))
    got = read(make.folder, config=make.config).appraisals
    assert set(got["period"]) == {"2025-Q3"}, "an annual row would hide the quarter"


def test_two_skp_of_one_person_and_an_acting_one(make: Any) -> None:
    place = listed(make, row(make.nip(1), "draft", "2025-06-30"), row(make.nip(1), "persetujuan"),
                   row(make.nip(1), "persetujuan", acting="1"))  # fmt: skip
    tables = read(place, config=make.config)
    assert tables.appraisals[["status", "acting"]].values.tolist() == [["not_rated", False]]
    assert tables.appraisals["row"].tolist() == ["1:1:5"]
    reasons = tables.accounting[tables.accounting["reason"] != ""].set_index("reason")["rows"].to_dict()
    assert reasons == {"transfer": 1, "acting": 1}


def test_an_unknown_status_and_the_year_from_the_dates(make: Any) -> None:
    place = make.workbook([["wilayah: ", ""], HEADER, row(make.nip(1), "persetujuann"), row(make.nip(2), "draft")])
    report = check(place, region="98.01", config=make.config)
    assert [(p.code, p.cell, p.params["nearest"]) for p in report.problems if p.severity == "error"] == [
        ("KA-E202", "G3", "persetujuan")]  # fmt: skip
    place = make.workbook([HEADER, row(make.nip(2), "draft")], name="b.xlsx")
    assert read(place, region="98.01", config=make.config).appraisals["year"].tolist() == [2025]
