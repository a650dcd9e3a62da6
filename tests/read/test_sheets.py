"""From blocks to tables: empty rows, numbering rows, attributes of employees."""

from typing import Any

import pandas as pd

from kinerja_analysis.read import check, read

STAFF = ("tahun", "wilayah", "nip", "unor", "golongan", "jenis_kelamin", "asal", "nama_ibu", "kontak", "hobi")


def staff(make: Any, n: int = 8) -> list[list[Any]]:
    return [
        ["2025", "98.01", make.nip(i, 2 - i % 2), "Unit", "III/a", "L" if i % 2 else "P",
         "pesisir" if i % 2 else "dataran", f"Ibu {i}", f"a{i}@b.id", f"hobi {i}"]
        for i in range(1, n + 1)
    ]  # fmt: skip


def test_blank_rows_and_a_row_of_column_numbers_are_counted_not_read(make: Any) -> None:
    rows = [[str(k + 1) for k in range(16)], *make.people(3), [], ["-"] * 16, *make.people(5)[3:]]
    tables = read(make.ekinerja(rows), config=make.config)
    assert len(tables.appraisals) == 5
    own = tables.accounting[tables.accounting["table"] == "appraisals"].set_index("reason")["rows"].to_dict()
    assert own == {"": 5, "blank": 2, "numbering": 1}


def test_a_total_row_is_named(make: Any) -> None:
    report = check(make.ekinerja([*make.people(), [None, "Jumlah", None, None, "6"]]), config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E309", "A14")]


def test_employee_attributes_are_kept_unless_personal(make: Any) -> None:
    tables = read(make.text([STAFF, *staff(make)]), config=make.config)
    frame = tables.employees
    assert frame["asal"].tolist() == ["pesisir", "dataran"] * 4
    assert frame["sex"].tolist() == ["male", "female"] * 4 and frame["grade"].unique().tolist() == ["III/a"]
    assert not {"nama_ibu", "kontak", "hobi"} & set(frame.columns)
    dropped = [("KA-N302", c) for c in ("nama_ibu", "kontak", "hobi")]
    assert sorted((p.code, p.column) for p in tables.problems) == sorted([("KA-N304", "asal"), *dropped])


def test_units_without_rating_are_set_aside(make: Any) -> None:
    rows = [("periode", "wilayah", "unor", "predikat_organisasi"), ("2025", "98.01", "A", "Istimewa"),
            ("2025", "98.01", "B", "-"), ("2025", "98.01", "C", "sangat baik")]  # fmt: skip
    tables = read(make.text(rows), config=make.config)
    assert tables.units[["unit", "org_rating"]].values.tolist() == [["A", "ISTIMEWA"], ["C", "ISTIMEWA"]]
    assert tables.accounting.set_index("reason")["set_aside"].to_dict() == {"": 0, "not_rated": 1}


def test_achievements_with_decimal_comma(make: Any) -> None:
    rows = [("periode", "wilayah", "nip", "indikator", "aspek", "target", "realisasi", "arah"),
            ("2025", "98.01", make.nip(1), "Layanan", "Kuantitas", "100", "87,5", "naik")]  # fmt: skip
    found = read(make.text(rows), config=make.config).achievements.iloc[0]
    assert (found["target"], found["realised"], found["direction"], found["aspect"]) == (
        100,
        87.5,
        "higher",
        "kuantitas",
    )


def test_reasons_are_taken_from_a_closed_list(make: Any) -> None:
    rows = [("tahun", "wilayah", "nip", "status_penilaian", "alasan"),
            ("2025", "98.01", make.nip(1), "dikecualikan", "Pensiun"),
            ("2025", "98.01", make.nip(2), "dikecualikan", "sakit berat, dirawat di rumah")]  # fmt: skip
    found = read(make.text(rows), config=make.config).appraisals
    assert found["status"].tolist() == ["excluded"] * 2 and found["reason"].tolist() == ["pensiun", "lainnya"]


def test_dtypes_follow_the_table(make: Any) -> None:
    tables = read(make.ekinerja(), config=make.config)
    assert str(tables.ratings["score"].dtype) == "float64" and str(tables.ratings["year"].dtype) == "int64"
    assert str(tables.appraisals["acting"].dtype) == "bool"
    assert str(tables.appraisals["rated_at"].dtype) == "datetime64[us]"
    assert isinstance(tables.ratings["region"].dtype, pd.StringDtype)


def test_a_remark_under_a_column_that_is_not_read_is_no_repeated_header(make: Any) -> None:
    """A signature in the column of row ids: named once, at the employee's cell of that row."""
    rows = [["1", *r] for r in make.people()]
    place = make.ekinerja([*rows, ["Mengetahui, Kepala Dinas"]], header=["id", *make.ekinerja_header])
    report = check(place, config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E309", "B14")]
    assert "header" not in set(report.accounting["reason"])


def test_a_nip_that_slipped_into_a_grouping_is_named_at_its_cell(make: Any) -> None:
    header = ("tahun", "wilayah", "nip", "golongan", "asal")
    rows = [["2025", "98.01", make.nip(i), "III/a", "pesisir" if i % 2 else "dataran"] for i in range(1, 9)]
    rows[3][4] = make.nip(4)
    report = check(make.workbook([header, *rows]), config=make.config)
    assert [(p.code, p.cell, p.value) for p in report.problems] == [("KA-E408", "E5", "")]


def test_numbers_of_rows_below_a_merged_heading_are_no_stray_cells(make: Any) -> None:
    head = ["Pegawai", *[None] * (len(make.ekinerja_header) - 1)]
    rows = [[i, *row] for i, row in enumerate(make.people(), 1)]
    for top, codes in (("No.", []), ("Kelas", ["KA-W304"])):
        place = make.workbook([*make.preamble(4), [top, *head], [None, *make.ekinerja_header], *rows])
        assert [p.code for p in check(place, config=make.config).problems] == codes


def test_a_table_without_the_column_acting_beside_one_that_has_it_holds_no_acting_posts(make: Any) -> None:
    """The column is optional: missing in one of several tables, beside an export or another table, it means no."""
    header = ("tahun", "wilayah", "nip", "status_penilaian", "predikat", "is_plt_plh")
    rows = [["2025", "98.01", make.nip(i), "sudah dinilai", "Baik", "1" if i == 12 else "0"] for i in range(11, 15)]
    without = make.text([header[:5], *(r[:5] for r in rows[2:])], name="b/tanpa.csv")
    for beside in (make.ekinerja(name="a/ekspor.xlsx"), make.text([header, *rows[:2]], name="c/dengan.csv")):
        tables = read([without, beside], config=make.config)
        acting = tables.appraisals["acting"]
        assert len(tables.appraisals) == len(read(beside, config=make.config).appraisals) + 2
        assert acting.dtype == bool and acting.sum() == (beside.name == "dengan.csv")
        assert not [p.file for p in tables.problems if p.code == "KA-W506" and p.file == "tanpa.csv"]
        assert tables.accounting["set_aside"].sum() == 0
    half = make.text([header, *(r if i % 2 else [*r[:5], ""] for i, r in enumerate(rows))], name="d/separuh.csv")
    assert read(half, config=make.config).appraisals["acting"].tolist() == [False, True, False, False]


def test_a_total_below_the_numbers_is_no_damaged_number(make: Any) -> None:
    """Its 64 stands below the NIPs, and in more than a third of the columns."""
    total = [64, "JUMLAH", *[64] * 14]
    report = check(make.ekinerja([*make.people(), total]), config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E309", "A14")]


def test_criteria_below_the_title_of_their_group_are_one_header(make: Any) -> None:
    head = ["No", "NIP Penilai", "NIP Dinilai", "Peran", "Nilai Perilaku", None, "Skala", None]
    below = [None, None, None, None, "Ramah", "Jujur", "skala_min", "skala_maks"]
    rows = [[i, make.nip(9, 2), make.nip(i), "Atasan", 2, 3, 1, 5] for i in (1, 2, 3)]
    tables = read(make.workbook([head, below, *rows]), region="98.01", year=2025, config=make.config)
    assert set(tables.ratings["criterion"]) == {"ramah", "jujur"} and len(tables.ratings) == 6


def test_the_second_row_of_a_header_is_not_to_be_deleted(make: Any) -> None:
    head = ["nip_penilai", "nip_dinilai", "peran_penilai", "skala_min", "skala_maks", "Nilai", None, None]
    rows = [[make.nip(9, 2), make.nip(i), "Atasan", 1, 5, 2, 3, 4] for i in (1, 2, 3)]
    place = make.workbook([head, [None] * 5 + ["Ramah", "Jujur", "Sigap"], *rows])
    guess = make.mapping(table="ratings", columns={"score": "Nilai"}, constants={"criterion": "nilai"})
    config = make.config.model_copy(update={"mapping": (guess,)})
    report = check(place, region="98.01", year=2025, config=config)
    told = next(p for p in report.problems if p.code == "KA-E316")
    assert told.cell == "G2" and "Jangan hapus" in told.text("id", "repair")
    assert "KA-E309" not in [p.code for p in report.problems]


def test_a_regent_has_no_number(make: Any) -> None:
    report = check(make.edited("pegawai_atasan_nip", 1, "BUPATI"), config=make.config)
    told = next(p for p in report.problems if p.code == "KA-E401")
    assert "Bupati" in told.text("id", "repair") and "empty" in told.text("en", "repair")
