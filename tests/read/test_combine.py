"""Transfers, repeated rows, several files, and the row accounting."""

import hashlib
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.tables import TABLES
from kinerja_analysis.pipeline import audit
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


@pytest.mark.parametrize(("header", "told"), [
    ("periode", ["I", "II"]), ("periode", [1, 2]), ("periode", ["Semester 1", "Semester 2"]),
    ("bulan", ["satu", "dua"]), ("Periode Penilaian", ["I", "II"]),
])  # fmt: skip
def test_rows_of_unread_periods_are_no_repeated_rows(make: Any, header: str, told: list[Any]) -> None:
    """Nor do they contradict each other: the period is the one problem."""
    rows = [[*r[:3], "", *r[4:], p] for p in told for r in make.people()]
    place = make.ekinerja(rows, header=[*make.ekinerja_header, header], lines=0)
    report = check(place, region="98.01", year=2025, config=make.config)
    assert {p.code for p in report.problems} == {"KA-E209"} and not report.accounting["merged"].any()
    assert "Triwulan" in report.problems[0].text("id", "repair")


@pytest.mark.parametrize("column", ["Triwulan", "TW", "Periode TW", "Triwulan Penilaian"])
def test_bare_numbers_below_a_header_of_quarters_are_quarters(make: Any, column: str) -> None:
    rows = [[*r[:3], "", *r[4:], p] for p in ("I", "II", "3") for r in make.people()]
    place = make.ekinerja(rows, header=[*make.ekinerja_header, column], lines=0)
    mapping = make.mapping(table="ekinerja", columns={"period": column})
    config = make.config.model_copy(update={"mapping": (mapping,)} if " " in column else {})
    tables = read(place, region="98.01", year=2025, config=config)
    assert set(tables.appraisals["period"]) == {"2025-Q1", "2025-Q2", "2025-Q3"}


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


def counted(accounting: pd.DataFrame, table: str) -> dict[str, int]:
    """Rows by reason of one table ("" kept), lines without rows left out."""
    own = accounting[(accounting["table"] == table) & (accounting["rows"] > 0)]
    return own.groupby("reason")["rows"].sum().to_dict()


def test_every_reason_of_an_export_is_counted_by_hand(make: Any) -> None:
    """Eleven body rows: numbers, three plain, acting, draft, no rating, no levels, no and own superior, a blank."""
    rows = make.people(9)
    rows[3][7] = "1"
    rows[4][11], rows[4][12] = "-", "-"
    rows[5][10], rows[5][11], rows[5][12] = "-", "-", "-"
    rows[6][10], rows[6][11] = "-", "-"
    rows[7][13] = "-"
    rows[8][13] = rows[8][0]
    numbering = [str(i + 1) for i in range(len(make.ekinerja_header))]
    report = check(make.ekinerja([numbering, *rows[:5], [], *rows[5:]]), config=make.config)
    assert report.ok and report.rows == 10
    assert counted(report.accounting, "appraisals") == {"": 9, "blank": 1, "numbering": 1}
    assert counted(report.accounting, "ratings") == {
        "": 5, "acting": 1, "not_rated": 2, "no_levels": 1, "blank": 1, "numbering": 1,
    }  # fmt: skip
    assert balanced(report.accounting)


def test_transfer_and_repeated_rows_are_merged(make: Any) -> None:
    rows = transferred(make)
    report = check(make.ekinerja([*rows, rows[1], rows[1]]), config=make.config)
    assert counted(report.accounting, "appraisals") == {"": 6, "transfer": 1, "duplicate": 2}
    assert counted(report.accounting, "ratings") == {"": 7, "duplicate": 2}


def test_lines_with_another_number_of_fields_are_counted(make: Any) -> None:
    rows = make.scores()
    place = make.text([make.long_header, rows[0], rows[1][:4], *rows[2:], [*rows[0], "x"]])
    report = check(place, config=make.config)
    assert [(p.code, p.cell, p.others) for p in report.problems] == [("KA-E114", "baris 3", ("baris 8",))]
    assert counted(report.accounting, "ratings") == {"": 5, "unreadable": 2} and report.rows == 7


def test_a_sheet_whose_header_is_damaged_is_unreadable_as_a_whole(make: Any) -> None:
    report = check(make.workbook([["nip_dinilai", *make.long_header[2:]], *[r[1:] for r in make.scores()],
                                  *make.scores()]), config=make.config)  # fmt: skip
    assert not report.ok and set(counted(report.accounting, "ratings")) <= {"", "unreadable"}
    assert report.accounting["rows"].sum() == 12


@pytest.mark.parametrize(("kind", "reason"), [("skp_list", "listed"), ("units", "not_rated"), ("wide", "not_rated")])
def test_other_layouts(make: Any, kind: str, reason: str) -> None:
    if kind == "skp_list":
        header = ("nip", "nama", "skp_status", "skp_unor", "periode_awal", "periode_akhir")
        make.workbook([["Laporan SKP Tahun 2025"], ["Instansi Pemerintah Kab. Contoh"], header,
                       [make.nip(1), "A", "draft", "U", "", ""], [make.nip(2), "B", "", "U", "", ""]])
        make.ekinerja(name="skp.xlsx")
    elif kind == "units":
        rows = [["2025", "98.01", "U1", "BAIK"], ["2025", "98.01", "U2", "-"], ["2025", "98.01", "U3", ""]]
        make.text([("periode", "wilayah", "unor", "predikat_organisasi"), *rows])
    else:
        rows = make.pairs()
        rows[0][7:], rows[1][7:] = ["-", "-"], ["", ""]
        make.workbook([make.wide_header, *rows])
    report = check(make.folder, config=make.config)
    own = report.accounting[report.accounting["reason"] == reason]
    assert own[["merged", "set_aside"]].sum().sum() == 2 and report.ok and balanced(report.accounting)


def test_lost_rows_are_an_internal_error(make: Any) -> None:
    """One row taken away from the tables, or one from the accounting: loud, with numbers and without a name."""
    from kinerja_analysis.base.errors import KinerjaError, RowsLost
    from kinerja_analysis.read import combine
    from kinerja_analysis.read.session import Session
    from kinerja_analysis.read.sources import gather

    session = Session(make.config)
    gather(session, make.ekinerja())
    frames = combine.combine(session)
    whole = combine.accounting(session, frames)
    combine.balance(session, whole, frames, True)
    fewer = {**frames, "appraisals": frames["appraisals"].iloc[1:]}
    with pytest.raises(RowsLost, match="file 1, sheet 1, appraisals: 6 body rows, 6 counted, 6 told, 5 delivered"):
        combine.balance(session, whole, fewer, True)
    short = whole.assign(rows=whole["rows"] - (whole["table"] == "ratings"))
    with pytest.raises(RowsLost, match="ratings: 6 body rows, 5 counted"):
        combine.balance(session, short, frames, True)
    silent = combine.accounting(session, fewer)
    with pytest.raises(RowsLost, match="without a problem"):
        combine.balance(session, silent, fewer, True)
    assert not issubclass(RowsLost, KinerjaError)


def damaged(make: Any, seed: int) -> tuple[Any, dict[str, int]]:
    """A file of a random layout with random damage, and the number of its body rows counted here, by table."""
    import numpy as np

    rng = np.random.default_rng(seed)
    kind = ("ekinerja", "long", "wide", "text")[seed % 4]
    rows = [list(r) for r in {"ekinerja": make.people(8), "wide": make.pairs()}.get(kind, make.scores())]
    junk = (None, "-", "", "x", "BAIK", "0", "2024", make.nip(3), "1", -5, "DIATAS EKSPEKTASI", 3.5)
    for _ in range(int(rng.integers(0, 9))):
        row = rows[int(rng.integers(len(rows)))]
        action = int(rng.integers(5))
        if action == 0:
            rows.append([*row])
        elif action == 1:
            rows.insert(int(rng.integers(1, len(rows))), [None] * len(row))
        elif action == 2 and kind == "text" and len(row) > 2:
            rows.append([*row[: int(rng.integers(2, len(row)))]])
        else:
            row[int(rng.integers(len(row)))] = junk[int(rng.integers(len(junk)))]
    name = f"f{seed}"
    if kind == "text":
        lines = [";".join("" if v is None else str(v) for v in r) for r in rows]
        place = make.raw("\n".join([";".join(make.long_header), *lines, ""]).encode(), f"{name}.csv")
        return place, {"ratings": len(lines)}
    while rows and all(v is None or str(v).strip() in ("", "-") for v in rows[-1]):
        rows.pop()
    if kind == "ekinerja":
        return make.ekinerja(rows, name=f"{name}.xlsx"), {"appraisals": len(rows), "ratings": len(rows)}
    header = make.wide_header if kind == "wide" else make.long_header
    return make.workbook([header, *rows], f"{name}.xlsx"), {"ratings": len(rows)}


@pytest.mark.parametrize("block", range(4))
def test_any_damaged_file_is_accounted_for_row_by_row(make: Any, block: int) -> None:
    """Every body row of 200 random files once per table: kept, merged or set aside; kept rows are in the tables."""
    reasons: set[str] = set()
    for seed in range(50 * block, 50 * (block + 1)):
        place, body = damaged(make, seed)
        report = check(place, config=make.config)
        assert balanced(report.accounting), seed
        found = report.accounting.groupby("table")["rows"].sum().to_dict()
        assert found == body, seed
        reasons |= set(report.accounting["reason"])
        if report.ok:
            tables = read(place, config=make.config)
            for name in body:
                kept = tables.accounting.loc[tables.accounting["table"] == name, "kept"].sum()
                assert getattr(tables, name)["row"].nunique() == kept, seed
    assert {"", "blank", "duplicate"} <= reasons


def test_rows_after_a_blank_row_keep_their_period(make: Any) -> None:
    """A blank line must not move periods to the next row, nor leave the last row without one."""
    rows = make.scores()
    for i, row in enumerate(rows):
        row[0] = f"2025-Q{1 + i % 4}"
    tables = read(make.workbook([make.long_header, *rows[:2], [], *rows[2:]]), config=make.config)
    assert tables.ratings["period"].tolist() == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025-Q1", "2025-Q2"]
    assert tables.ratings["row"].tolist() == [f"1:1:{n}" for n in (2, 3, 5, 6, 7, 8)]


def test_a_repeated_row_behind_a_blank_one_is_merged(make: Any) -> None:
    rows = make.people()
    tables = read(make.ekinerja([*rows, [], rows[0]]), config=make.config)
    assert len(tables.appraisals) == 6 and set(tables.appraisals["period"]) == {"2025"}
    assert counted(tables.accounting, "appraisals") == {"": 6, "blank": 1, "duplicate": 1}


def test_rows_that_no_audit_would_see_are_lost_rows(make: Any) -> None:
    from kinerja_analysis.base.errors import RowsLost
    from kinerja_analysis.read import combine
    from kinerja_analysis.read.session import Session
    from kinerja_analysis.read.sources import gather

    session = Session(make.config)
    gather(session, make.ekinerja())
    frames = combine.combine(session)
    whole = combine.accounting(session, frames)
    frames["appraisals"].loc[0, "period"] = None
    with pytest.raises(RowsLost, match="without year, period or region"):
        combine.balance(session, whole, frames, True)


def test_a_unit_in_other_letters_is_the_same_unit(make: Any) -> None:
    """The spelling of most rows is used for all tables, and each cell that had another one is noted."""
    rows = make.people()
    for row in rows:
        row[4] = "Bidang Aset"
    rows[0][4], rows[1][4], unit = "BIDANG ASET ", "Bidang  Aset", "Bidang Aset"
    make.ekinerja(rows, name="skp.xlsx")
    make.text([("periode", "wilayah", "unor", "predikat_organisasi"), ("2025", "98.01", unit.upper(), "Baik")])
    tables = read(make.folder, config=make.config)
    assert set(tables.appraisals["unit"]) == set(tables.ratings["unit"]) == {unit} == set(tables.units["unit"])
    assert {(p.code, p.cell) for p in tables.problems} >= {("KA-N509", "E8")}


DATES = ("periode_akhir_skp", "waktu_dinilai")
D, S = "DIATAS EKSPEKTASI", "SESUAI EKSPEKTASI"


@pytest.mark.parametrize(
    ("rows", "kept", "told"),
    [
        ([("2025-12-31", "2025-03-20"), ("2025-12-31", "2025-06-20"), ("2025-12-31", "2025-12-20")], 2, "N501"),
        ([("2025-03-31", "2025-12-20"), ("2025-06-30", "2025-12-20"), ("2025-12-31", "2025-12-20")], 2, "N501"),
        ([("2025-12-31", None), ("2025-06-30", None)], 0, "N501"),
        ([("2025-12-31", "2025-06-20"), ("2025-12-31", "2025-12-20"), ("2025-06-30", "2025-12-24")], 1, "N501"),
    ],
)
def test_several_skp_of_one_supervisor_leave_the_same_last_row_in_both_tables(
    make: Any, rows: list[tuple[str, str | None]], kept: int, told: str
) -> None:
    header, people = make.ekinerja_header, make.people()
    mine = []
    for k, dates in enumerate(rows):
        row = [*people[0]]
        for name, value in zip(DATES, dates, strict=True):
            row[header.index(name)] = value
        level = ((D, S), (S, D), (D, S))[k]  # all give BAIK: only the two ratings and the dates tell the rows apart
        row[header.index("hasil_kerja")], row[header.index("perilaku_kerja")] = level
        row[header.index("hasil_akhir")] = "BAIK"
        mine.append(row)
    tables = read(make.ekinerja([*mine, *people[1:]]), config=make.config)
    assert [(p.code, p.cell, p.count) for p in tables.problems] == [
        (f"KA-{told}", f"A{8 + (kept == 0)}", len(rows) - 1)
    ]
    row = f"1:1:{8 + kept}"
    me = tables.appraisals.loc[tables.appraisals["row"] == row, "person"].tolist()
    ratings = tables.ratings[tables.ratings["ratee"].isin(me)]
    assert len(me) == 1 and ratings["row"].tolist() == [row, row] and len(tables.ratings) == 12
    assert ratings["score"].tolist() == ([2.0, 3.0] if kept == 1 else [3.0, 2.0])
    assert balanced(tables.accounting)


@pytest.mark.parametrize("dates", [("2025-12-31", None), ("2025-12-31", "2025-12-20 08:00:00")])
def test_a_corrected_file_beside_the_old_one_is_refused(make: Any, dates: tuple[str, str | None]) -> None:
    """Two results of one post that no date tells apart: which one counts is not guessed; both cells are named."""
    header, people = make.ekinerja_header, make.people()
    for name, value in zip(DATES, dates, strict=True):
        people[0][header.index(name)] = value
    right = [[*p] for p in people]
    for name, value in (("hasil_kerja", D), ("perilaku_kerja", D), ("hasil_akhir", "SANGAT BAIK")):
        people[0][header.index(name)], right[0][header.index(name)] = S, value
    people[0][header.index("hasil_akhir")] = "BAIK"
    make.ekinerja(people, name="w2025.xlsx")
    make.ekinerja(right, name="w2025 (koreksi).xlsx")
    for order in (["w2025.xlsx", "w2025 (koreksi).xlsx"], ["w2025 (koreksi).xlsx", "w2025.xlsx"]):
        with pytest.raises(InputRefused) as refused:
            audit([make.folder / name for name in order], config=make.config)
        found = [p for p in refused.value.problems if p.code == "KA-E514"]
        assert {(p.file, p.cell, p.column, p.value) for p in found} == {
            ("w2025.xlsx", "M8", "hasil_akhir", "BAIK"), ("w2025 (koreksi).xlsx", "M8", "hasil_akhir", "SANGAT BAIK"),
        }  # fmt: skip
        assert {p.code for p in refused.value.problems} == {"KA-E514", "KA-W502"}


def test_two_results_of_one_post_before_a_later_one_decide_nothing(make: Any) -> None:
    header, people = make.ekinerja_header, make.people()
    rows = [[*people[0]] for _ in range(3)]
    for row, (until, level) in zip(rows, (("2025-06-30", D), ("2025-06-30", S), ("2025-12-31", D)), strict=True):
        row[header.index("periode_akhir_skp")], row[header.index("hasil_kerja")] = until, level
        row[header.index("hasil_akhir")] = "BAIK"
    tables = read(make.ekinerja([*rows, *people[1:]]), config=make.config)
    assert tables.appraisals["row"].tolist()[0] == "1:1:10" and len(tables.ratings) == 12
    rows[0][header.index("pegawai_atasan_nip")] = rows[1][header.index("pegawai_atasan_nip")] = make.nip(950)
    report = check(make.ekinerja([*rows, *people[1:]], name="lain.xlsx"), config=make.config)
    assert [(p.code, p.cell, p.others) for p in report.problems if p.severity == "error"] == [
        ("KA-E514", "K8", ("K9",))
    ]  # both stay as ratings of that earlier superior


def test_who_has_no_row_in_the_period_that_counts_is_counted_as_not_rated_there(make: Any) -> None:
    quarter = {"A1": "Laporan Penilaian SKP Periode Triwulan IV Tahun 2025", "A3": "Periode : Triwulan IV"}
    people = make.people()
    make.ekinerja(people[:3], name="a.xlsx")
    make.ekinerja(people[2:], name="b.xlsx", edit=quarter)
    tables = read(make.folder, config=make.config)
    found = tables.appraisals.set_index(["period", "status"])["reason"]
    assert found.index.value_counts().to_dict() == {
        ("2025", "rated"): 3, ("2025", "not_rated"): 3, ("2025-Q4", "rated"): 4,
    }  # fmt: skip
    assert set(found[("2025", "not_rated")]) == {"other_period"} and found.isna().sum() == 7
    blank = tables.appraisals[tables.appraisals["status"] == "not_rated"]
    assert blank[["predikat", "number", "rated_at"]].isna().all(axis=None)
    assert [(p.code, p.file, p.cell, p.count) for p in tables.problems] == [("KA-W511", "b.xlsx", "A9", 3)]
    assert "Dinas Contoh (3)" in tables.problems[0].text("id") and balanced(tables.accounting)
    assert len(tables.ratings) == 14
    found = audit(tables, config=make.config)
    assert "3 of 6 employees have a row in another period only, not in the one that counts." in found.summary("en")
    assert "kepada 3 pegawai yang belum punya predikat pada periode yang dihitung" in found.summary("id")
    counted = found.counts
    heads = counted["examined"][["n_persons", "n_rated", "n_not_rated", "n_other_period"]]
    assert heads.values.tolist() == [[6, 3, 3, 3]]
    assert counted["unrated"].groupby("reason")["n"].sum().to_dict() == {"other_period": 3, "rated": 3}
    rows = counted["accounting"].groupby(["file", "table", "reason"])[["kept", "set_aside"]].sum()
    assert rows.loc[(2, slice(None), "other_period"), :].values.tolist() == [[0, 4], [0, 4]]
    assert rows.loc[(slice(None), slice(None), ""), "kept"].tolist() == [3, 3, 0, 0]


def test_two_posts_and_an_own_supervisor_are_told_in_the_summary(make: Any) -> None:
    """Employee 1 has a post under each of two superiors, 2 names itself: six employees, five of them in a team."""
    people = make.people()
    second = [*people[0]]
    second[6], second[13] = "Jabatan lain", people[1][13]
    people[1][13] = people[1][0]
    told = audit(make.ekinerja([*people, second]), config=make.config).summary("en").split("\n")
    assert "1 of 6 employees rated is recorded as their own supervisor." in told[2]
    assert told[3].startswith("1 of 5 employees was rated by more than one supervisor in one period (two posts, or a")
    assert told[1].endswith("each predikat is given by one supervisor only.")


def test_an_exclusion_told_in_another_period_stays(make: Any) -> None:
    quarter = {"A1": "Laporan Penilaian SKP Periode Triwulan I Tahun 2025", "A3": "Periode : Triwulan I"}
    people = make.people()
    gone = [*people[5]]
    gone[10:13] = ["Pensiun", None, None]
    tables = read([make.ekinerja(people[:5]), make.ekinerja([gone], name="b.xlsx", edit=quarter)], config=make.config)
    assert tables.appraisals.loc[tables.appraisals["status"] == "excluded", ["period", "reason"]].values.tolist() == [
        ["2025-Q1", "pensiun"], ["2025", "pensiun"],
    ]  # fmt: skip
    assert not [p for p in tables.problems if p.code == "KA-W511"]


def test_a_unit_without_agency_takes_the_only_one_that_has_it(make: Any) -> None:
    header = ("periode", "wilayah", "unor", "predikat_organisasi")
    units = make.text([header, ["2025", "98.01", "Unit 1", "BAIK"]], name="unit.csv")
    tables = read([make.ekinerja(), units], config=make.config)
    assert tables.units["opd"].tolist() == ["Dinas Contoh"] and not tables.problems
