"""The e-Kinerja export. Layout and rules: reference domain.md 7.1 and 7.5."""

from typing import Any

import pytest

from kinerja_analysis.base.tables import OF_ACTING, data_kind
from kinerja_analysis.base.words import messages
from kinerja_analysis.detect import detect
from kinerja_analysis.read import check, read
from kinerja_analysis.score import score
from kinerja_analysis.score.official import other_posts


def counts(tables: Any, table: str) -> dict[str, int]:
    own = tables.accounting[tables.accounting["table"] == table]
    return own.set_index("reason")["rows"].to_dict()


def test_two_ratings_and_one_appraisal_per_row(make: Any) -> None:
    tables = read(make.ekinerja(), config=make.config)
    first = tables.ratings[tables.ratings["row"] == "1:1:8"]
    assert dict(zip(first["criterion"], first["score"], strict=True)) == {"hasil_kerja": 3.0, "perilaku_kerja": 2.0}
    assert set(data_kind(tables.ratings)) == {"ekinerja"} and len(tables.ratings) == 12
    assert tables.appraisals["predikat"].tolist() == ["BAIK"] * 6 and set(tables.appraisals["status"]) == {"rated"}
    assert tables.synthetic and tables.region_names == {"98.01": "Kabupaten Contoh"}


@pytest.mark.parametrize("start", ["A1", "C1", "B5", "AA3"])
@pytest.mark.parametrize("lines", [0, 2, 7, 15])
def test_the_header_may_stand_anywhere(make: Any, start: str, lines: int) -> None:
    from openpyxl.utils.cell import coordinate_to_tuple

    place = make.ekinerja(lines=lines, start=start)
    tables = read(place, region="98.01", config=make.config)
    top = coordinate_to_tuple(start)[0]
    assert tables.appraisals["row"].tolist() == [f"1:1:{top + lines + 1 + i}" for i in range(6)]


def test_export_without_rater_columns(make: Any) -> None:
    drop = {"pegawai_atasan_nip", "pegawai_atasan_nama"}
    keep = [i for i, h in enumerate(make.ekinerja_header) if h not in drop]
    rows = [[r[i] for i in keep] for r in make.people()]
    tables = read(make.ekinerja(rows, header=[make.ekinerja_header[i] for i in keep]), config=make.config)
    assert len(tables.ratings) == 12 and tables.ratings["rater"].isna().all()
    assert tables.problems == () and counts(tables, "ratings") == {"": 6}


def test_ratings_without_a_supervisor_are_checked_and_are_nobodys(make: Any) -> None:
    rows = make.people()
    for row, boss in zip(rows[1:4], ("-", "", rows[3][0]), strict=True):
        row[12], row[13] = "SANGAT BAIK", boss
    tables = read(make.ekinerja(rows), config=make.config)
    assert [p.code for p in tables.problems] == ["KA-W204", "KA-W205"]
    alone = tables.ratings[tables.ratings["rater"].isna()]
    assert len(alone) == 6 and len(tables.ratings) == 12
    scores = score(tables, make.config)
    assert scores.frame["consistent"].value_counts().to_dict() == {"no": 3, "yes": 3}
    checked = detect(tables, scores, make.config)["matrix_check"].findings(scope="ekinerja")
    assert [(f.status, f.estimate.n) for f in checked] == [("FLAGGED", 6)]


def test_a_word_of_no_rating_beside_ratings_is_named_and_the_ratings_are_used(make: Any) -> None:
    rows = make.people()
    rows[0][12], rows[1][12], rows[2][12], rows[3][11] = "Pensiun", "Tidak membuat SKP", "Belum dinilai", "Mutasi"
    place = make.ekinerja(rows)
    report = check(place, config=make.config)
    assert report.ok
    assert {(p.code, p.cell, *p.others) for p in report.problems} == {
        ("KA-W208", "M8", "M9", "M10"), ("KA-W208", "L11")}  # fmt: skip
    word = next(p for p in report.problems if p.cell == "M8")
    assert '"Pensiun", "Tidak membuat SKP", "Belum dinilai"' in word.text("id") and "Yang dipakai" in word.text("id")
    tables = read(place, config=make.config)
    assert tables.appraisals["status"].tolist() == ["rated"] * 6
    assert counts(tables, "ratings") == {"": 5, "no_levels": 1}


def test_the_reason_is_known_by_the_words_it_begins_with(make: Any) -> None:
    rows = [[*r, None] for r in make.people()]
    said = ["Pensiun TMT 1 Maret 2025", "Mutasi ke Kab. Majene", "Hukuman disiplin berat", "Pensiunan", "Cuti"]
    for row, words in zip(rows, said, strict=False):
        row[10:13], row[16] = ("-", "-", "-"), words
    rows[1][12] = "Belum dinilai"
    place = make.ekinerja(rows, header=[*make.ekinerja_header, "keterangan"])
    tables = read(place, config=make.config)
    assert tables.appraisals["status"].tolist() == ["excluded"] * 3 + ["not_rated"] * 2 + ["rated"]
    assert tables.appraisals["reason"].fillna("").tolist() == ["pensiun", "mutasi", "hukdis", "", "", ""]


def test_not_rated_no_skp_excluded_and_draft(make: Any) -> None:
    rows = make.people()
    for i, words in enumerate([("-", "-", "-"), ("", None, ""), ("-", "-", "Tidak Membuat SKP"),
                               ("-", "-", "Pensiun"), ("SESUAI EKSPEKTASI", "-", "-")]):  # fmt: skip
        rows[i][10:13] = words
    tables = read(make.ekinerja(rows), config=make.config)
    assert tables.appraisals["status"].tolist() == [
        "not_rated",
        "not_rated",
        "no_skp",
        "excluded",
        "not_rated",
        "rated",
    ]
    assert tables.appraisals["reason"].fillna("").tolist() == ["", "", "", "pensiun", "draft", ""]
    assert counts(tables, "ratings") == {"": 1, "not_rated": 5}
    assert [(p.code, p.cell) for p in tables.problems] == [("KA-W202", "L12")]


def test_a_predikat_beside_one_rating_counts_and_the_row_is_not_said_to_be_unrated(make: Any) -> None:
    rows = make.people()
    rows[0][10:13] = ("SESUAI EKSPEKTASI", "-", "BAIK")
    tables = read(make.ekinerja(rows), config=make.config)
    assert tables.appraisals["status"].tolist() == ["rated"] * 6
    assert counts(tables, "ratings") == {"": 5, "no_levels": 1}
    assert [(p.code, p.cell) for p in tables.problems] == [("KA-W211", "L8")]


def test_a_status_column_says_why_there_is_no_rating(make: Any) -> None:
    told = ["dikecualikan", "belum dinilai", "tidak membuat SKP", "", "sudah dinilai", "dikecualikan"]
    rows = [[*r[:10], *(["-"] * 3 if i not in (3, 4) else r[10:13]), *r[13:], told[i], "Pensiun" if i == 5 else ""]
            for i, r in enumerate(make.people())]  # fmt: skip
    tables = read(make.ekinerja(rows, header=[*make.ekinerja_header, "status_penilaian", "alasan"]), config=make.config)
    assert tables.appraisals["status"].tolist() == ["excluded", "not_rated", "no_skp", "rated", "rated", "excluded"]
    assert tables.appraisals["reason"].fillna("").tolist() == ["lainnya", "", "", "", "", "pensiun"]
    assert tables.problems == ()


def test_acting_rows_stay_in_appraisals_and_out_of_ratings(make: Any) -> None:
    rows = make.people()
    rows.append([*rows[0][:6], "Plt Kepala", 1, *rows[0][8:]])
    tables = read(make.ekinerja(rows), config=make.config)
    assert tables.appraisals["acting"].tolist() == [False] * 6 + [True]
    assert len(tables.ratings) == 12 and counts(tables, "ratings") == {"": 6, "acting": 1}


def test_the_levels_of_acting_rows_stay_beside_their_predikat(make: Any) -> None:
    """An acting row recorded Sangat Baik for the two lowest levels: no rating of anybody, but not unchecked."""
    rows = make.people()
    rows.append([*rows[0][:6], "Plt Kepala", 1, *rows[0][8:10], "DIBAWAH EKSPEKTASI", "DIBAWAH EKSPEKTASI",
                 "SANGAT BAIK", *rows[0][13:]])  # fmt: skip
    rows.append([*rows[1][:6], "Plt Kepala", 1, *rows[1][8:10], "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI", "BAIK",
                 *rows[1][13:]])  # fmt: skip
    tables = read(make.ekinerja(rows), config=make.config)
    levels = tables.appraisals[[*OF_ACTING]]
    assert levels.iloc[:6].isna().all(axis=None) and levels.iloc[6:].to_numpy().tolist() == [[1.0, 1.0], [2.0, 3.0]]
    assert len(tables.ratings) == 12 and len(score(tables).frame) == 6
    checked = other_posts(tables.appraisals, tables.ratings).set_index("row").loc[["1:1:14", "1:1:15"]]
    assert checked["consistent"].tolist() == ["no", "yes"]
    assert checked["predikat_computed"].tolist() == ["SANGAT KURANG", "BAIK"]
    assert (score(tables).frame["consistent"] == "yes").all()  # by the same supervisor, each with the own levels
    assert not {*OF_ACTING} & {*read(make.ekinerja(name="tanpa.xlsx"), config=make.config).appraisals.columns}


def test_the_rows_that_data_integrity_takes_for_not_usable_are_named(make: Any) -> None:
    """Of 7 rows one is of an acting post, one not yet rated, one without supervisor: 4 are usable. The pages say so."""
    rows = make.people()
    rows.append([*rows[0][:6], "Plt Kepala", 1, *rows[0][8:]])
    rows[1][10:13] = ["-", "-", "-"]
    rows[2][13] = ""
    tables = read(make.ekinerja(rows), config=make.config)
    found = detect(tables, score(tables, make.config), make.config)["index"].first(measure="index_integrity")
    assert found.estimate.value == pytest.approx(4 / 7)
    words = {"id": ("jabatan Plt", "belum dinilai", "tanpa atasan"),
             "en": ("acting post", "not yet rated", "without a supervisor")}  # fmt: skip
    for lang, told in words.items():
        for key in ("report.index.panel.integrity_text", "index.gate"):
            assert all(word in messages()[key][lang] for word in told), (key, lang)


def test_predikat_without_levels_counts_as_rated_without_ratings(make: Any) -> None:
    tables = read(make.ekinerja(edit={"K9": "-", "L9": "-"}), config=make.config)
    assert tables.appraisals["status"].tolist() == ["rated"] * 6
    assert counts(tables, "ratings") == {"": 5, "no_levels": 1}


def test_label_variants(make: Any) -> None:
    edit = {"K8": "di atas ekspektasi", "L8": "Di Bawah Ekspektasi", "M8": "Kurang/Misconduct", "M9": "cukup"}
    tables = read(make.ekinerja(edit=edit), config=make.config)
    first = tables.ratings[tables.ratings["row"] == "1:1:8"].set_index("criterion")["score"]
    assert first.to_dict() == {"hasil_kerja": 3.0, "perilaku_kerja": 1.0}
    assert tables.appraisals["predikat"].tolist()[:2] == ["KURANG", "BUTUH PERBAIKAN"]


def test_employees_are_filled_from_the_export(make: Any) -> None:
    tables = read(make.ekinerja(edit={"J9": "PPPK Paruh Waktu"}), config=make.config)
    people = tables.employees.set_index("person").loc[tables.appraisals["person"]]
    assert people["employment"].tolist() == ["pns", "pppk_paruh_waktu", *["pns"] * 4]
    assert people["grade"].tolist() == ["III/d"] * 6 and people["opd"].tolist() == ["Dinas Contoh"] * 6
    assert people["sex"].tolist() == ["male"] * 6
    bosses = tables.employees[~tables.employees["person"].isin(people.index)]
    assert len(bosses) == 2 and bosses["sex"].tolist() == ["female"] * 2 and bosses["unit"].isna().all()


def test_an_unknown_label_never_becomes_a_value(make: Any) -> None:
    report = check(make.ekinerja(edit={"K9": "DI ATAS RATA-RATA"}), config=make.config)
    assert [p.code for p in report.problems] == ["KA-E202"] and not report.ok
    assert report.accounting.set_index(["table", "reason"])["rows"].to_dict()["ratings", "no_levels"] == 1
