"""Long and wide 360 sheets."""

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, MappingConfig
from kinerja_analysis.read import check, read


@pytest.mark.parametrize("form", ["xlsx", "csv;", "csv,", "csv\t", "utf-8-sig", "utf-16"])
def test_long_sheets_in_every_form_give_the_same_table(make: Any, form: str) -> None:
    rows = make.scores()
    rows[0][7] = "80.5" if form == "csv," else "80,5"
    table = [make.long_header, *rows]
    if form == "xlsx":
        rows[0][7] = 80.5
        place = make.workbook(table)
    elif form.startswith("csv"):
        place = make.text(table, separator=form[3:])
    else:
        place = make.text(table, encoding=form, separator="\t" if form == "utf-16" else ";")
    found = read(place, config=make.config).ratings
    assert found["source"].tolist() == ["supervisor", "peer", "self"] * 2
    assert found["score"].tolist() == [80.5, 80, 80, 90, 90, 90]
    assert set(found["criterion"]) == {"disiplin"} and set(found["scale_max"]) == {100.0}
    assert (found["ratee"] == found["rater"]).tolist() == [False, False, True] * 2


def test_wide_sheet_is_one_row_per_criterion(make: Any) -> None:
    place = make.workbook([make.wide_header, *make.pairs()], edit={"I2": None, "H3": 55.5})
    tables = read(place, config=make.config)
    found = tables.ratings
    assert found["criterion"].value_counts().to_dict() == {"disiplin": 6, "kerja_sama": 5}
    assert found.loc[found["row"] == "1:1:3", ["criterion", "score"]].values.tolist() == [
        ["disiplin", 55.5], ["kerja_sama", 70.0]]  # fmt: skip
    assert tables.accounting[["rows", "kept"]].values.tolist() == [[6, 6]]


@pytest.mark.parametrize("form", ["xlsx", "csv", "frame", "best_first"])
def test_official_labels_of_a_long_sheet_are_levels_from_1_to_3(make: Any, form: str) -> None:
    """As in the wide form: words of hasil kerja and perilaku kerja on 1 to 3, in any case, numbers beside them.

    A word has no direction: declared codes turn numbers only.
    """
    words = ["DI BAWAH EKSPEKTASI", "sesuai ekspektasi", "Diatas Ekspektasi", 1, "", "SESUAI"]
    rows = [[*r[:6], c, w, 1, 3, r[10]] for r, w, c in
            zip(make.scores(), words, ["Hasil Kerja", "perilaku_kerja"] * 3, strict=True)]  # fmt: skip
    table, config = [make.long_header, *rows], make.config
    if form == "frame":
        place: Any = pd.DataFrame(rows, columns=make.long_header)
    else:
        place = make.text(table) if form == "csv" else make.workbook(table)
    if form == "best_first":
        names = {"period": "periode", "ratee": "nip_dinilai", "rater": "nip_penilai", "source": "peran_penilai",
                 "criterion": "dimensi", "score": "nilai", "scale_min": "skala_min", "scale_max": "skala_maks",
                 "region": "wilayah"}  # fmt: skip
        mapping = MappingConfig(table="ratings", columns=names, codes="best_first")
        config = config.model_copy(update={"mapping": (mapping,)})
    tables = read(place, config=config)
    assert tables.ratings["score"].tolist() == [1, 2, 3, 3 if form == "best_first" else 1, 2]
    assert set(tables.ratings["criterion"]) == {"hasil_kerja", "perilaku_kerja"} and not tables.problems
    assert tables.accounting.set_index("reason")["rows"].to_dict() == {"": 5, "not_rated": 1}


def test_wide_text_columns_are_no_criteria(make: Any) -> None:
    rows = [[*r, f"catatan {i}", i + 1] for i, r in enumerate(make.pairs())]
    tables = read(make.workbook([[*make.wide_header, "alasan", "no"], *rows]), config=make.config)
    assert set(tables.ratings["criterion"]) == {"disiplin", "kerja_sama"}
    assert [(p.code, p.column) for p in tables.problems] == [("KA-N301", "alasan")]


BEST_FIRST = ["1 - Sangat Baik", "2 - Baik", "3 (Cukup)", "4 - Kurang", "4 - kurang", 2]
WORST_FIRST = ["4 - Sangat Baik", "3 - Baik", "2 (Cukup)", "1 - Kurang", "1 - kurang", 3]


@pytest.mark.parametrize(
    ("held", "codes", "refused"),
    [
        (BEST_FIRST, "", True), (WORST_FIRST, "", False), (BEST_FIRST, "best_first", False),
        (WORST_FIRST, "best_first", True),
        (["1. Di atas Ekspektasi", "2. Sesuai", "3. Di Bawah Ekspektasi"] * 2, "", True),
        (["3 - Setuju", "2 - Tidak tahu", "1 - Kadang"] * 2, "", False),
        (["1 - Baik", "2 - Kurang Baik", 1] * 2, "", True),
        (["1 - Kurang", "2 - Cukup Baik", "3 - Baik"] * 2, "", False),
    ],
)  # fmt: skip
def test_words_that_contradict_the_order_of_their_numbers(
    make: Any, held: list[Any], codes: Any, refused: bool
) -> None:
    """They are refused, not read upside down, unless 1 is declared to be the best; then the scores are turned."""
    mapping = MappingConfig(table="ratings", columns={"ratee": "nip_dinilai"}, codes=codes)
    config = make.config.model_copy(update={"mapping": (mapping,)} if codes else {})
    place = scored(make, "Inovasi", *held)
    found = check(place, config=config).problems
    assert [(p.code, p.column) for p in found] == ([("KA-E217", "Inovasi")] if refused else [])
    if refused:
        assert found[0].cell == "J2" and str(held[0]) in found[0].text("id") and "kinerja.toml" in found[0].text(
            "id", "repair")  # fmt: skip
    elif codes:
        scores = read(place, config=config).ratings
        assert scores.loc[scores["criterion"] == "inovasi", "score"].tolist() == [5, 4, 3, 2, 2, 4]


ASKED = ("Menjaga nama baik instansi [Loyal]", "Dapat diandalkan oleh tim", "Memberikan umpan balik kepada rekan",
         "Ramah kepada petugas lain", "Mudah dihubungi lewat HP", "3. Jumlah pekerjaan selesai")
FIELDS = ("Nama Pegawai", "Nama yang dinilai", "No HP yang dapat dihubungi", "Kode petugas entri", "Komentar",
          "Umpan balik untuk atasan", "Alamat rumah", "Catatan kinerja", "Pekerjaan istri", "Jumlah anak",
          "Jumlah tugas selesai", "Total nilai perilaku kerja", "Rata-rata kualitas kerja")


def scored(make: Any, label: str, *values: Any) -> Any:
    """The wide sheet on a scale of 1 to 5 with a further column."""
    rows = [[*r[:5], 1, 5, 4, 3, v] for r, v in zip(make.pairs(), values, strict=True)]
    return make.workbook([[*make.wide_header, label], *rows])


@pytest.mark.parametrize("label", [*ASKED, *FIELDS])
def test_a_question_with_a_word_of_a_personal_field_is_a_criterion(make: Any, label: str) -> None:
    """Scores below a header that is more than that word; the field itself is named, never read, whatever it holds."""
    tables = read(scored(make, label, 1, 2, 3, 4, 5, 5), config=make.config)
    assert tables.ratings["criterion"].nunique() == (3 if label in ASKED else 2)
    assert [(p.code, p.column) for p in tables.problems] == ([] if label in ASKED else [("KA-N301", label)])


@pytest.mark.parametrize(
    "held",
    [["081234567890"] * 6, ["Budi Contoh", "Siti Contoh"] * 3, [1, 2, 3, 4, "Budi Contoh", "Siti Contoh"],
     [8123456789] * 6, [1, 2, 3, 4, 5, 4000]],
)  # fmt: skip
def test_personal_content_is_not_read_below_a_question(make: Any, held: list[Any]) -> None:
    report = check(scored(make, "Nama petugas yang melayani dengan ramah", *held), config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-N301", "J1")]
    told = report.summary("id") + report.problems[0].text("id", "repair")
    assert "angka menurut skala" in told and not any(str(v) in told for v in held if v not in (1, 2, 3, 4, 5))


def test_a_slip_in_a_question_with_a_personal_word_is_named_not_shown(make: Any) -> None:
    rows = [[*r[:5], 1, 5, 4, 3, 5] for r in make.pairs() * 4]
    rows = [[*r[:2], r[2], f"19050101201001{2001 + i}", *r[4:]] for i, r in enumerate(rows)]
    rows[7][9] = "Budi Contoh"
    place = make.workbook([[*make.wide_header, "Menjaga nama baik instansi"], *rows])
    found = [p for p in check(place, config=make.config).problems if p.code == "KA-E203"]
    assert [(p.cell, p.value) for p in found] == [("J9", "•••")]


@pytest.mark.parametrize("turn", [True, False])
def test_a_criterion_that_runs_against_the_others_is_noted(make: Any, turn: bool) -> None:
    rows = []
    for i in range(60):
        score = 30.0 + i
        given = {"disiplin": score, "kerja sama": score + i % 3, "layanan": 120 - score if turn else score}
        rows += [["2025", "98.01", make.nip(1 + i), make.nip(99), "REKAN", *pair, 0, 100] for pair in given.items()]
    header = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "dimensi", "nilai", "skala_min",
              "skala_maks")  # fmt: skip
    report = check(make.text([header, *rows], name="nilai.csv"), config=make.config)
    noted = [p for p in report.problems if p.code == "KA-W514"]
    assert [p.column for p in noted] == ["layanan"] * turn
    assert not turn or "against the other criteria" in noted[0].text("en")


def test_empty_scores_are_not_rated(make: Any) -> None:
    rows = make.scores()
    rows[0][7] = rows[1][7] = "-"
    tables = read(make.text([make.long_header, *rows]), config=make.config)
    assert len(tables.ratings) == 4
    assert tables.accounting.set_index("reason")["rows"].to_dict() == {"": 4, "not_rated": 2}


def test_rater_of_a_self_rating_may_be_empty(make: Any) -> None:
    rows = make.scores()
    rows[2][3] = ""
    found = read(make.text([make.long_header, *rows]), config=make.config).ratings
    assert found.loc[2, "rater"] == found.loc[2, "ratee"]


def test_scale_is_judged_row_by_row(make: Any) -> None:
    rows = make.scores()
    rows[0][7:10] = ["4", "1", "5"]
    rows[3][7:10] = ["6", "1", "5"]
    report = check(make.text([make.long_header, *rows]), config=make.config)
    problem = report.problems[0]
    assert [(p.code, p.cell, p.others) for p in report.problems] == [("KA-E204", "baris 5", ())]
    assert (problem.value, problem.params["low"], problem.params["high"]) == ("6", 1.0, 5.0)
    assert "1 sampai 5" in problem.text("id")


def test_the_report_names_the_criteria_of_a_wide_sheet(make: Any) -> None:
    report = check(make.workbook([[*make.wide_header, "Usia"], *([*r, 40] for r in make.pairs())]), config=make.config)
    assert report.criteria == (("penilaian.xlsx", "Data", "Disiplin, Kerja Sama"),)
    told = "penilaian.xlsx, sheet \"Data\": columns read as scores, one criterion each: Disiplin, Kerja Sama."
    assert told in report.summary("en") and "Disiplin, Kerja Sama" in report.summary("id")


@pytest.mark.parametrize("tops", [("Pegawai yang Dinilai", "Pejabat Penilai"), ("Yang Dinilai", "Penilai")])
def test_people_below_merged_headings_are_found(tmp_path: Path, tops: tuple[str, str]) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["No", tops[0], None, tops[1], None, "Peran", "Disiplin", "Kerja Sama", "Skala Min", "Skala Maks"])
    page.append([None, "NIP", "Nama", "NIP", "Nama"])
    for place in ("A1:A2", "B1:C1", "D1:E1", *(f"{c}1:{c}2" for c in "FGHIJ")):
        page.merge_cells(place)
    for i in range(1, 5):
        page.append([i, f"p{i}", "Orang", "bos", "Atasan", "ATASAN", 3 + i % 2, 4, 1, 5])
    book.save(tmp_path / "lembar.xlsx")
    tables = read(tmp_path / "lembar.xlsx", region="76.02", year=2025, config=AuditConfig(identifiers="pseudonymous"))
    assert len(tables.ratings) == 8 and set(tables.ratings["criterion"]) == {"disiplin", "kerja_sama"}
    assert tables.ratings["ratee"].nunique() == 4 and tables.ratings["rater"].nunique() == 1


@pytest.mark.parametrize(
    ("header", "above", "below", "staff", "refused"),
    [
        ("assessment_type", "SUPERIOR", "SUBORDINATE", 3, False),
        ("assessment_type", "SUBORDINATE", "SUPERIOR", 3, True),
        ("peran_penilai", "ATASAN", "BAWAHAN", 3, False),
        ("peran_penilai", "BAWAHAN", "ATASAN", 3, True),
        ("assessment_type", "SUPERIOR", "SUBORDINATE", 1, True),  # nothing shows what the words mean there
        ("peran_penilai", "ATASAN", "BAWAHAN", 1, False),
    ],
)
def test_roles_named_the_other_way_round(
    make: Any, header: str, above: str, below: str, staff: int, refused: bool
) -> None:
    """``above``: the word where the one leader rated each of the staff, ``below``: where they rated him."""
    boss, head = make.nip(900, 2), ["tahun", "wilayah", "nip_dinilai", "nip_penilai", header, "skala_min", "skala_maks"]
    rows = [["2025", "98.01", *pair, 1, 5, 3 + i % 2, 4] for i in range(1, staff + 1)
            for pair in ((make.nip(i), boss, above), (boss, make.nip(i), below))]  # fmt: skip
    place = make.workbook([[*head, "Disiplin", "Kerja Sama"], *rows])
    report = check(place, config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == ([("KA-E515", "E2")] if refused else [])
    told = {above: "supervisor", below: "subordinate"}
    mapping = MappingConfig(table="ratings", columns={"source": header}, values={"source": told})
    found = read(place, config=make.config.model_copy(update={"mapping": (mapping,)})).ratings
    assert set(found.loc[found["rater"] == found["rater"].mode()[0], "source"]) == {"supervisor"} or staff == 1
    assert (found["source"] == "supervisor").sum() == 2 * staff
