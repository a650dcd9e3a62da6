"""Unit and agency of rows that have no column for them."""

from __future__ import annotations

from typing import Any

import pytest

from kinerja_analysis.read import check, read

SHORT = ("nip", "jabatan", "hasil_kerja", "perilaku_kerja", "hasil_akhir", "nip_atasan")
PLACE = {"region": "98.01", "year": 2025}


def sheet(make: Any, first: int, *title: str, n: int = 3) -> list[list[Any]]:
    rows = [[make.nip(i), f"Staf {i}", "SESUAI EKSPEKTASI", "SESUAI EKSPEKTASI", "BAIK", make.nip(900, 2)]
            for i in range(first, first + n)]  # fmt: skip
    return [["Penilaian Tahunan Tahun 2025"], *([t] for t in title), list(SHORT), *rows]


def book(make: Any, *names: str, title: str = "", n: int = 3) -> Any:
    pages = {t: sheet(make, 10 * k, *([title.format(t)] if title else []), n=n) for k, t in enumerate(names, 1)}
    first, *more = pages
    return make.workbook(pages[first], sheet=first, more={t: pages[t] for t in more})


def told(problems: Any) -> list[tuple[str, str]]:
    return [(p.code, p.sheet) for p in problems if p.code in ("KA-N306", "KA-W515")]


def test_sheets_called_like_agencies_tell_the_agency(make: Any) -> None:
    tables = read(book(make, "Dinas Sosial", "Inspektorat", "Puskesmas A"), config=make.config, **PLACE)
    frame = tables.appraisals
    assert frame["opd"].fillna("").tolist() == ["Dinas Sosial"] * 3 + ["Inspektorat"] * 3 + [""] * 3
    assert frame["unit"].isna().tolist() == [True] * 6 + [False] * 3 and frame["unit"].iloc[-1] == "Puskesmas A"
    assert told(tables.problems) == [("KA-N306", s) for s in ("Dinas Sosial", "Inspektorat", "Puskesmas A")]
    assert 'atau folder: "Dinas Sosial"' in next(p.text("id") for p in tables.problems if p.code == "KA-N306")
    assert set(tables.employees.dropna(subset="opd")["opd"]) == {"Dinas Sosial", "Inspektorat"}


@pytest.mark.parametrize(
    "names",
    [("TW I", "TW II"), ("Januari", "Februari"), ("2024", "2025"), ("Sheet1", "Sheet2"), ("Rekap", "Dinas Sosial"),
     ("Disiplin", "Kerja Sama"), ("BKPSDM",), ("PNS", "PPPK"), ("Dinas", "Badan", "Kecamatan"), ("SD", "SMP")],
)  # fmt: skip
def test_other_names_of_sheets_are_no_agency(make: Any, names: tuple[str, ...]) -> None:
    report = check(book(make, *names, n=10), config=make.config, **PLACE)
    assert [code for code, _ in told(report.problems)] == ["KA-W515"] * len(names)


def test_a_title_that_says_it_comes_before_the_sheet(make: Any) -> None:
    place = book(make, "Dinas Sosial", "Dinas Pangan", title="Unit Kerja : UPT {}")
    frame = read(place, config=make.config, **PLACE).appraisals
    assert set(frame["unit"]) == {"UPT Dinas Sosial", "UPT Dinas Pangan"} and frame["opd"].isna().all()


def test_a_column_comes_before_title_and_sheet(make: Any) -> None:
    rows = [[r[0], *r[1:]] for r in sheet(make, 1, "Unit Kerja : Lain")]
    rows[2].append("unit_kerja")
    for row in rows[3:]:
        row.append("Seksi")
    tables = read(make.workbook(rows), config=make.config, **PLACE)
    assert set(tables.appraisals["unit"]) == {"Seksi"} and not told(tables.problems)


@pytest.mark.parametrize("titled", [True, False])
def test_blocks_under_the_name_of_their_unit(make: Any, titled: bool) -> None:
    """The unit of each row is told above it; where the first rows have none, the subheading stays an error."""
    above = ["UNIT KERJA : Dinas A"] if titled else []
    rows = [*sheet(make, 1, *above), [], ["UNIT KERJA : Dinas B"], *sheet(make, 11)[1:]]
    report = check(place := make.workbook(rows), config=make.config, **PLACE)
    if not titled:
        assert [p.code for p in report.problems if p.severity == "error"] == ["KA-E309"]
        assert "tulis dahulu nama unit" in report.summary("id")
        return
    tables = read(place, config=make.config, **PLACE)
    assert tables.appraisals["unit"].tolist() == ["Dinas A"] * 3 + ["Dinas B"] * 3
    assert [(p.code, p.cell, p.others) for p in tables.problems if p.code == "KA-N306"] == [("KA-N306", "A2", ("A8",))]
    aside = tables.accounting[tables.accounting["table"] == "ratings"].set_index("reason")["set_aside"].to_dict()
    assert aside == {"": 0, "blank": 1, "heading": 1, "header": 1}


def test_no_unit_anywhere_is_said_unless_the_list_of_employees_tells_it(make: Any) -> None:
    place = make.workbook(sheet(make, 1, n=10))
    assert told(check(place, config=make.config, **PLACE).problems) == [("KA-W515", "Data")]
    staff = make.text([("nip", "unit_kerja", "golongan"), *((make.nip(i), "Seksi", "III/a") for i in (1, 2, 3))])
    assert not told(check([place, staff], config=make.config, **PLACE).problems)
    few = make.workbook(sheet(make, 1, n=9), name="few.xlsx")
    assert not told(check(few, config=make.config, **PLACE).problems)


def lone(make: Any, name: str, first: int) -> Any:
    return make.workbook(sheet(make, first), sheet="Data", name=name)


def test_files_called_like_agencies_tell_the_agency(make: Any, tmp_path: Any) -> None:
    """One file per agency, as offices hand them in: a quarter's name, letter case and underlines do not matter."""
    names = {"penilaian_DINAS_SOSIAL_2025.xlsx": 1, "Dinas Sosial dan Desa - TW I.xlsx": 11,
             "Dinas Sosial Triwulan II.xlsx": 21, "Puskesmas Maritim 2025 (1).xlsx": 31, "semua.xlsx": 41}  # fmt: skip
    folder = tmp_path / "masuk"
    folder.mkdir()
    for name, first in names.items():
        lone(make, name, first).rename(folder / name)
    frame = read(folder, config=make.config, **PLACE).appraisals
    assert frame.groupby(frame["opd"].fillna(frame["unit"]).fillna("?")).size().to_dict() == {
        "Dinas Sosial": 6, "Dinas Sosial dan Desa": 3, "Puskesmas Maritim": 3, "?": 3}  # fmt: skip
    (folder / "a").mkdir()
    for name in list(names)[1:]:  # most of the files are called otherwise
        (folder / name).rename(folder / "a" / f"{names[name]}.xlsx")
    assert read(folder, config=make.config, **PLACE).appraisals["opd"].isna().all()


def test_folders_called_like_agencies_tell_the_agency(make: Any, tmp_path: Any) -> None:
    for k, name in enumerate(("Dinas Sosial", "BKPSDM"), 1):
        (tmp_path / "masuk" / name).mkdir(parents=True)
        lone(make, f"{k}.xlsx", 10 * k).rename(tmp_path / "masuk" / name / "januari_sd_maret.xlsx")
    tables = read(tmp_path / "masuk", config=make.config, **PLACE)
    assert tables.appraisals["opd"].tolist() == ["BKPSDM"] * 3 + ["Dinas Sosial"] * 3
    assert told(tables.problems) == [("KA-N306", "Data")] * 2


@pytest.mark.parametrize(
    "names",
    [("data_bkpsdm_guru.xlsx", "data_bkpsdm_nakes.xlsx"), ("januari_sd_maret.xlsx", "april_sd_juni.xlsx"),
     ("a.xlsx", "Dinas Sosial.xlsx"), ("ekinerja TW1.xlsx", "ekinerja TW2.xlsx")],
)  # fmt: skip
def test_other_names_of_files_are_no_agency(make: Any, names: tuple[str, ...]) -> None:
    places = [lone(make, name, 10 * k) for k, name in enumerate(names, 1)]
    assert read(places, config=make.config, **PLACE).appraisals[["unit", "opd"]].isna().all(axis=None)
