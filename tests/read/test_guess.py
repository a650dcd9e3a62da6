"""Tables with headers nobody knows: the guess offered is a configuration that reads them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read import check, read

SESUAI, DIATAS = "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI"


def offered(report: Any, config: AuditConfig) -> AuditConfig:
    """The configuration a user gets who copies the guesses beside their own."""
    return AuditConfig(**{**config.model_dump(), **tomllib.loads(report.mapping("id"))})


def export(make: Any) -> Any:
    head = ["Nomor", "NIP ASN", "Nama Lengkap", "Bidang/Bagian", "Penilaian Hasil", "Penilaian Perilaku",
            "Predikat Akhir", "NIP Pejabat Penilai"]  # fmt: skip
    rows = [[i, make.nip(i), f"Pegawai {i}", f"Bidang {i % 2}", DIATAS if i == 1 else SESUAI, SESUAI, "BAIK",
             make.nip(900, 2)] for i in range(1, 7)]  # fmt: skip
    return make.workbook([["Rekap penilaian"], [], head, *rows], start="C2")


def test_an_export_with_other_headers(make: Any) -> None:
    place = export(make)
    report = check(place, region="98.01", year=2025, config=make.config)
    assert [p.code for p in report.problems if p.severity == "error"]
    again = check(place, region="98.01", year=2025, config=offered(report, make.config))
    assert again.ok, again.summary("en")
    tables = read(place, region="98.01", year=2025, config=offered(report, make.config))
    assert len(tables.ratings) == 12 and tables.ratings["rater"].nunique() == 1
    assert tables.ratings["row"].iloc[0] == "1:1:5" and set(tables.ratings["unit"]) == {"Bidang 0", "Bidang 1"}
    assert tables.appraisals["predikat"].tolist() == ["BAIK"] * 6


def test_a_local_wide_sheet(make: Any) -> None:
    head = ["Tanggal", "NIP yang dinilai", "NIP penilai", "Sebagai", "Disiplin", "Kerja sama", "Inovasi"]
    rows = [["2025-11-01", make.nip(1), make.nip(900, 2), "Atasan", 8, 9, 7],
            ["2025-11-01", make.nip(1), make.nip(2), "Rekan", 7, 8.5, 10],
            ["2025-11-02", make.nip(2), make.nip(1), "Rekan", 6, 9, 8]]  # fmt: skip
    place = make.workbook([head, *rows])
    report = check(place, region="98.01", year=2025, config=make.config)
    tables = read(place, region="98.01", year=2025, config=offered(report, make.config))
    assert len(tables.ratings) == 9 and set(tables.ratings["criterion"]) == {"disiplin", "kerja_sama", "inovasi"}
    assert set(zip(tables.ratings["scale_min"], tables.ratings["scale_max"], strict=True)) == {(1.0, 10.0)}
    assert "tebakan, periksa" in report.mapping("id")


def test_a_wide_sheet_without_its_scale(make: Any) -> None:
    head = ["NIP Dinilai", "NIP Penilai", "Peran Penilai", "Disiplin", "Inovasi"]
    place = make.workbook([head, [make.nip(1), make.nip(900, 2), "Atasan Langsung", 4, 5], [
        make.nip(1), make.nip(2), "Rekan Sejawat", 3, 1]])  # fmt: skip
    report = check(place, region="98.01", year=2025, config=make.config)
    assert [(p.code, p.column) for p in report.problems] == [("KA-E302", "skala_min"), ("KA-E302", "skala_maks")]
    assert "tidak dipakai" not in report.mapping("id")
    tables = read(place, region="98.01", year=2025, config=offered(report, make.config))
    assert tables.ratings["score"].tolist() == [4, 3, 5, 1] and set(tables.ratings["scale_max"]) == {5.0}


def test_a_rater_column_under_another_name_is_not_lost_silently(make: Any) -> None:
    header = ["nip_pejabat" if h == "pegawai_atasan_nip" else h for h in make.ekinerja_header]
    place = make.ekinerja(header=header)
    report = check(place, config=make.config)
    assert [(p.code, p.cell, p.params["meant"]) for p in report.problems] == [("KA-W303", "N7", "nip_atasan")]
    assert read(place, config=make.config).ratings["rater"].isna().all()
    assert read(place, config=offered(report, make.config)).ratings["rater"].nunique() == 2


@pytest.mark.parametrize("header", ["hasil", "Kinerja (hasil)", "rating 1"])
def test_a_missing_rating_column_is_pointed_at(make: Any, header: str) -> None:
    header_row = [header if h == "hasil_kerja" else h for h in make.ekinerja_header]
    report = check(make.ekinerja(header=header_row), config=make.config)
    errors = [(p.code, p.cell) for p in report.problems if p.severity == "error"]
    assert errors in ([("KA-E302", "K7")], [("KA-E301", "K7")])
    assert read(make.ekinerja(header=header_row), config=offered(report, make.config)).ratings["score"].max() == 3


def test_units_and_achievements(make: Any) -> None:
    units = make.text([("Nama Bidang", "Predikat Organisasi 2025"), ("Bidang A", "Istimewa"), ("Bidang B", "Baik")],
                      name="organisasi.csv")  # fmt: skip
    report = check(units, region="98.01", year=2025, config=make.config)
    got = read(units, region="98.01", year=2025, config=offered(report, make.config)).units
    assert got[["unit", "org_rating"]].values.tolist() == [["Bidang A", "ISTIMEWA"], ["Bidang B", "BAIK"]]
    goals = make.text([("NIP ASN", "Nama IKI", "Rencana target", "Capaian akhir"), (make.nip(1), "x", "10", "9"),
                       (make.nip(2), "y", "20", "25")], name="kinerja.csv")  # fmt: skip
    report = check(goals, region="98.01", year=2025, config=make.config)
    got = read(goals, region="98.01", year=2025, config=offered(report, make.config)).achievements
    assert got[["target", "realised"]].values.tolist() == [[10.0, 9.0], [20.0, 25.0]]


def test_nothing_is_guessed_from_nothing(make: Any) -> None:
    report = check(make.workbook([["a", "b"], [1, 2]]), config=make.config)
    assert report.mapping("id") == "" and not report.ok


def test_headers_and_names_cannot_break_the_file(make: Any) -> None:
    head = ['NIP "ASN"\\', "Golongan [x]\n2", "=cmd|'/c'!A1"]
    place = make.workbook([head, [make.nip(1), "III/a", 1], [make.nip(2), "III/b", 1]], name="a [1].xlsx", sheet="x'y")
    report = check(place, region="98.01", year=2025, config=make.config)
    mapping = tomllib.loads(report.mapping("en"))["mapping"]
    assert mapping[0]["columns"]["person"] == 'NIP "ASN"\\'
    assert check(place, region="98.01", year=2025, config=offered(report, make.config)).ok


def test_a_role_told_in_other_words_is_a_column_no_constant(make: Any) -> None:
    head = ["NIP penilai", "Hubungan dengan yang dinilai", "NIP yang dinilai", "Disiplin", "Inovasi"]
    rows = [[make.nip(900, 2), "Atasan langsung", make.nip(1), 4, 5], [make.nip(2), "Kolega", make.nip(1), 3, 5]]
    offer = tomllib.loads(check(make.workbook([head, *rows]), config=make.config).mapping("en"))["mapping"][0]
    assert offer["columns"]["source"] == head[1] and "source" not in offer["constants"]


def test_the_one_above_the_superior_is_not_taken_for_the_superior(make: Any) -> None:
    above = ["NIP Atasan Pejabat Penilai", *make.ekinerja_header]
    header = ["NIP Pejabat Penilai Kinerja" if h == "pegawai_atasan_nip" else h for h in above]
    report = check(make.ekinerja([[make.nip(950), *r] for r in make.people()], header=header), config=make.config)
    assert tomllib.loads(report.mapping("en"))["mapping"][0]["columns"] == {"supervisor": "NIP Pejabat Penilai Kinerja"}


@pytest.mark.parametrize("header", ["Instansi", "Nama Dinas", "Satker Induk"])
def test_an_agency_under_another_name_is_pointed_at(make: Any, header: str) -> None:
    keep = [i for i, h in enumerate(make.ekinerja_header) if h != "skp_unor"]
    head = [header if h == "skp_unor_induk" else h for h in make.ekinerja_header]
    rows = [[row[i] for i in keep] for row in make.people()]
    place = make.ekinerja(rows, header=[head[i] for i in keep])
    report = check(place, config=make.config)
    assert ("KA-W303", "skp_unor_induk") in [(p.code, p.params.get("meant")) for p in report.problems]
    assert set(read(place, config=offered(report, make.config)).ratings["opd"]) == {"Dinas Contoh"}


def test_an_agency_is_guessed_beside_the_unit_below_it(make: Any) -> None:
    head = ["Nomor", "NIP ASN", "Sub Unit", "Instansi Kerja", "Penilaian Hasil", "Penilaian Perilaku"]
    rows = [[i, make.nip(i), f"Seksi {i}", "Dinas A", SESUAI, SESUAI] for i in range(1, 7)]
    text = check(make.workbook([head, *rows]), region="98.01", year=2025, config=make.config).mapping("id")
    assert 'columns.opd = "Instansi Kerja"' in text and 'columns.unit = "Sub Unit"' in text


ANSWERS = ("Kurang", "Cukup", "Baik", "Sangat Baik")


def form(make: Any, who: tuple[str, ...], answers: tuple[str, ...] = ANSWERS) -> Any:
    """Responses of a form: two ratees, each by the superior and three peers, three questions answered in words."""
    head = ["Timestamp", *who, "Unit Kerja", "Hubungan dengan yang dinilai", "1. Melayani masyarakat dengan ramah",
            "2. Setia kepada instansi pemerintah [Loyal]", "3. Terbuka bekerja sama dengan siapa pun"]  # fmt: skip
    rows = []
    for ratee, rater in ((1, 9), (1, 2), (1, 3), (1, 4), (2, 9), (2, 1), (2, 3), (2, 4)):
        cells = {"NIP Penilai": make.nip(rater, 2 if rater == 9 else 1), "NIP yang dinilai": make.nip(ratee),
                 "Email Address": f"p{rater}@contoh.id", "Nama yang dinilai": f"Pegawai {ratee}"}  # fmt: skip
        given = [answers[(ratee + rater + k) % len(answers)] for k in range(3)]
        rows.append([f"{rater}/12/2025 08.00.00", *(cells[w] for w in who), f"Seksi {ratee}",
                     "Atasan" if rater == 9 else "Rekan", *given])  # fmt: skip
    return make.workbook([head, *rows], sheet="Form Responses 1")


@pytest.mark.parametrize(
    ("who", "rater", "ratee"),
    [(("NIP Penilai", "NIP yang dinilai", "Nama yang dinilai"), "NIP Penilai", "NIP yang dinilai"),
     (("Email Address", "Nama yang dinilai"), "Email Address", "Nama yang dinilai"),
     (("Email Address", "NIP yang dinilai"), "Email Address", "NIP yang dinilai")],
)  # fmt: skip
def test_a_form_answered_in_words_is_guessed_as_ratings(
    make: Any, tmp_path: Any, who: tuple[str, ...], rater: str, ratee: str
) -> None:
    place, key = form(make, who), tmp_path / "kunci"
    key.write_text("k" * 64)
    text = check(place, region="98.01", year=2025, config=make.config).mapping("id")
    guess = tomllib.loads(text)["mapping"][0]
    assert guess["table"] == "ratings" and (guess["columns"]["rater"], guess["columns"]["ratee"]) == (rater, ratee)
    assert guess["columns"]["unit"] == "Unit Kerja" and "opd" not in guess["columns"]
    assert ('identifiers = "other"' in text) == ("Email Address" in who)
    for k, word in enumerate(ANSWERS, 1):
        text = text.replace(f'"{word}" = ""', f'"{word}" = {k}')
    config = AuditConfig(**{**make.config.model_dump(), **tomllib.loads(text.replace("# values", "values")),
                            "key_file": str(key)})  # fmt: skip
    tables = read(place, region="98.01", year=2025, config=config)
    assert len(tables.ratings) == 24 and tables.ratings["score"].iloc[0] == (1 + 9) % 4 + 1
    assert set(tables.ratings["scale_max"]) == {4.0} and set(tables.ratings["source"]) == {"supervisor", "peer"}


def test_a_form_with_numbers_before_the_words_tells_its_scale(make: Any) -> None:
    place = form(make, ("NIP Penilai", "NIP yang dinilai"), tuple(f"{k} - {w}" for k, w in enumerate(ANSWERS, 1)))
    report = check(place, region="98.01", year=2025, config=make.config)
    assert "values.score" not in report.mapping("id")
    tables = read(place, region="98.01", year=2025, config=offered(report, make.config))
    assert tables.ratings["score"].max() == 4 and set(tables.ratings["scale_max"]) == {4.0}


@pytest.mark.parametrize("numbers", ['{ "Baik" = 3, "Cukup" = 2 }', '{ "Baik" = "3", "Cukup" = "2" }'])
def test_values_alone_are_enough_where_the_columns_are_known(make: Any, numbers: str) -> None:
    """The three lines that KA-E203 tells to write, with and without quotation marks."""
    place = make.wide({"H2": "Baik", "H3": "Cukup", "H4": "Baik"})
    told = [p for p in check(place, config=make.config).problems if p.severity == "error"]
    assert [p.code for p in told] == ["KA-E203"] and "values.score = { " in told[0].text("id", "repair")
    lines = f'[[mapping]]\ntable = "ratings"\nvalues.score = {numbers}\n'
    config = AuditConfig(**{**make.config.model_dump(), **tomllib.loads(lines)})
    scores = read(place, config=config).ratings
    assert scores.loc[scores["criterion"] == "disiplin", "score"].tolist()[:3] == [3, 2, 3]
