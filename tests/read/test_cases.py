"""Ratings of example cases: read wide and long, from files and frames; wrong cells named; nobody comes out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis import audit, check, read, template
from kinerja_analysis.base.config import AuditConfig, MappingConfig, RegionConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.read.template import suggest
from kinerja_analysis.simulate import simulate

BOSS, OTHER, ANI, BUDI = "190203042005012002", "190709102006011005", "190501012010211001", "190607082011212003"
REGIONS = {"98.01": RegionConfig(name="Kabupaten Contoh")}
CONFIG = AuditConfig(regions=REGIONS)


def wide(**changes: Any) -> pd.DataFrame:
    """Two superiors rate three cases on two criteria."""
    rows = [(f"Contoh {k}", who, 4 + k + shift, 5 + k + shift)
            for k in (1, 2, 3) for who, shift in ((BOSS, 0), (OTHER, 1))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["contoh_kasus", "nip_penilai", "Disiplin", "Kerja Sama"])
    return frame.assign(skala_min=1, skala_maks=10, periode="2025", wilayah="98.01", **changes)


def written(folder: Path, frame: pd.DataFrame, name: str = "contoh.csv") -> Path:
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def test_wide_and_long_are_the_same_cases(tmp_path: Path) -> None:
    long = wide().melt(
        ["contoh_kasus", "nip_penilai", "skala_min", "skala_maks", "periode", "wilayah"], var_name="dimensi",
        value_name="nilai",
    )  # fmt: skip
    a = read(written(tmp_path, wide()), config=CONFIG)
    b = read(written(tmp_path, long, "panjang.csv"), config=CONFIG)
    c = read({"cases": wide()}, config=CONFIG)
    keys = ["case", "rater", "criterion"]
    tables = [t.cases.drop(columns="row").sort_values(keys, ignore_index=True) for t in (a, b, c)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])
    assert len(a.cases) == 12 and a.cases["rater"].nunique() == 2 and BOSS not in a.cases.to_csv()
    assert a.cases["criterion"].unique().tolist() == ["disiplin", "kerja_sama"]
    assert a.accounting[["table", "rows", "kept"]].values.tolist() == [["cases", 6, 6]]
    assert a.cases["row"].tolist()[0] == "1:1:2"


def test_cases_are_nobody() -> None:
    found = read({"cases": wide()}, config=CONFIG)
    assert not len(found.ratings) and not len(found.employees) and not found.cells()


def test_empty_scores_are_set_aside_and_counted(tmp_path: Path) -> None:
    frame = wide()
    frame.loc[[1], ["Disiplin", "Kerja Sama"]] = None
    found = read(written(tmp_path, frame), config=CONFIG)
    assert len(found.cases) == 10
    aside = found.accounting[found.accounting["reason"] == "not_rated"]
    assert aside["set_aside"].tolist() == [1]


@pytest.mark.parametrize(
    ("row", "column", "value", "code", "cell"),
    [
        (0, "Disiplin", 11, "KA-E204", "C2"),
        (2, "nip_penilai", "1902", "KA-E401", "B4"),
        (3, "nip_penilai", None, "KA-E201", "B5"),
        (1, "contoh_kasus", None, "KA-E201", "A3"),
        (4, "Kerja Sama", "baik", "KA-E203", "D6"),
        (5, "skala_maks", 1, "KA-E212", "F7"),
        (1, "periode", "2025-13", "KA-E209", "G3"),
    ],
)
def test_a_wrong_cell_is_named(
    tmp_path: Path, row: int, column: str, value: object, code: str, cell: str
) -> None:
    frame = wide().astype(object)
    frame.loc[row, column] = value
    path = tmp_path / "contoh.xlsx"
    frame.to_excel(path, index=False)
    problems = [p for p in check(path, config=CONFIG).problems if p.severity == "error"]
    assert (code, cell) in [(p.code, p.cell) for p in problems], [(p.code, p.cell) for p in problems]


def test_repeated_rows_are_merged_and_contradictions_refused(tmp_path: Path) -> None:
    same = pd.concat([wide(), wide().iloc[[0]]])
    found = read(written(tmp_path, same), config=CONFIG)
    assert len(found.cases) == 12 and [p.code for p in found.problems] == ["KA-W502"]
    other = pd.concat([wide(), wide().iloc[[0]].assign(Disiplin=9)])
    with pytest.raises(InputRefused) as refused:
        read(written(tmp_path, other), config=CONFIG)
    assert [p.code for p in refused.value.problems if p.severity == "error"] == ["KA-E507"]


def test_a_case_that_is_a_person_is_refused(tmp_path: Path) -> None:
    frame = wide()
    frame.loc[0, "contoh_kasus"] = ANI
    problems = check(written(tmp_path, frame), config=CONFIG).problems
    assert "KA-E408" in [p.code for p in problems]


def test_other_titles_are_declared(tmp_path: Path) -> None:
    frame = wide().rename(columns={"contoh_kasus": "Vinyet", "nip_penilai": "Asesor"})
    mapping = MappingConfig(table="cases", columns={"case": "Vinyet", "rater": "Asesor"})
    config = AuditConfig(regions=REGIONS, mapping=[mapping])
    assert len(read(written(tmp_path, frame), config=config).cases) == 12


def test_a_360_sheet_stays_one() -> None:
    frame = wide().rename(columns={"contoh_kasus": "kasus"}).assign(nip_dinilai=ANI, peran_penilai="ATASAN")
    found = read(frame.drop_duplicates("nip_penilai"), config=CONFIG)
    assert len(found.ratings) and not len(found.cases)


def test_cases_follow_their_rater_to_the_region_below(tmp_path: Path) -> None:
    """One superior's team belongs to the region below, the other's to the city itself."""
    below = RegionConfig(name="Kecamatan Contoh", parent="98.71", units=("Unit 1",))
    config = AuditConfig(regions={"98.71": RegionConfig(name="Kota Contoh"), "98.71.02": below})
    teams = pd.concat([team(BOSS, 1001).assign(unor="Unit 1"), team(OTHER, 1101).assign(unor="Unit 2")])
    written(tmp_path, teams.assign(wilayah="98.71"), "nilai.csv")
    written(tmp_path, wide().assign(wilayah="98.71"))
    tables = read(tmp_path, config=config)
    home = tables.ratings.drop_duplicates("rater").set_index("rater")["region"]
    assert sorted(home) == ["98.71", "98.71.02"]
    assert (tables.cases["region"] == tables.cases["rater"].map(home)).all()


# --- asked for, collected, audited --------------------------------------------------------------------------------


def team(boss: str, first: int) -> pd.DataFrame:
    rows = [(f"19050101201021{first + i:04d}", boss, 5 + i % 4) for i in range(6)]
    frame = pd.DataFrame(rows, columns=["nip_dinilai", "nip_penilai", "Disiplin"])
    return frame.assign(peran_penilai="ATASAN", skala_min=1, skala_maks=10, periode="2025", wilayah="98.01")


def test_suggested_cases_are_the_same_for_everyone() -> None:
    data = pd.concat([team(BOSS, 1001), team(OTHER, 1101)])
    asked, before, after = suggest(data, 13, way="vignette", config=CONFIG)
    rows = asked["rows"]
    assert len(rows) == 12 and before is None and after is None
    assert rows.groupby("case")["rater"].apply(sorted).tolist() == [[BOSS, OTHER]] * 6
    assert asked["region"] == "98.01" and asked["period"] == "2025" and asked["scale"] == (1.0, 10.0)
    assert len(suggest(data, 1000, way="vignette", config=CONFIG)[0]["rows"]) == 40, "at most twenty cases"
    with pytest.raises(UsageError) as refused:
        suggest(data, 9, way="vignette", config=CONFIG)
    assert refused.value.key == "template.cases_few" and all("10" in refused.value.text(lang) for lang in LANGUAGES)
    with pytest.raises(UsageError):
        suggest(team(BOSS, 1001), 50, way="vignette", config=CONFIG)


@pytest.mark.parametrize("long", [False, True])
def test_the_template_comes_back_as_ratings_of_cases(tmp_path: Path, long: bool) -> None:
    data = pd.concat([team(BOSS, 1001), team(OTHER, 1101)])
    asked, *_ = suggest(data, 10, way="vignette", config=CONFIG)
    path = template(tmp_path / "kasus.xlsx", "kasus", long=long, config=CONFIG, **asked)
    assert check(path, config=CONFIG).problems == ()
    book = openpyxl.load_workbook(path)
    page = book["Contoh kasus"]
    header = [c.value for c in page[1]]
    column = header.index("nilai" if long else "Disiplin") + 1
    for i in range(10):
        page.cell(2 + i, column, 4 + i // 2 + (2 if i % 2 else 0))
    book.save(path)
    tables = read([path, written(tmp_path, data)], config=CONFIG)
    assert len(tables.cases) == 10 and len(tables.ratings) == 12
    found = audit(tables, config=CONFIG)["leniency"].frame
    mine = found[(found["measure"] == "case_leniency") & (found["subject_kind"] == "rater")]
    assert sorted(mine["value"].round(6)) == [pytest.approx(-200 / 9), pytest.approx(200 / 9)], "2 of 9 steps"


def test_rows_of_cases_need_their_sheet(tmp_path: Path) -> None:
    rows = pd.DataFrame({"case": ["Contoh 1"], "rater": [BOSS]})
    with pytest.raises(UsageError) as refused:
        template(tmp_path / "isian.xlsx", "360", rows=rows, region="98.01", period="2025", config=CONFIG)
    assert refused.value.key == "template.rows_need"


# --- what the files' writers do -------------------------------------------------------------------------------------


def rated(year: str = "2025") -> pd.DataFrame:
    """Two superiors rate an employee each."""
    rows = [(ANI, BOSS, 7, 8), (BUDI, OTHER, 6, 7)]
    frame = pd.DataFrame(rows, columns=["nip_dinilai", "nip_penilai", "Disiplin", "Kerja Sama"])
    return frame.assign(peran_penilai="ATASAN", skala_min=1, skala_maks=10, periode=year, wilayah="98.01")


def test_capitals_blanks_and_leading_zeros_make_no_other_case(tmp_path: Path) -> None:
    names = {"Contoh 1": " contoh  01", "Contoh 2": "CONTOH 2"}
    odd = wide().assign(contoh_kasus=lambda f: f["contoh_kasus"].where(f["nip_penilai"] == BOSS,
                                                                      f["contoh_kasus"].replace(names)))  # fmt: skip
    found = read(written(tmp_path, odd), config=CONFIG)
    assert found.cases.groupby("case")["rater"].nunique().tolist() == [2, 2, 2]
    assert [p.code for p in found.problems] == ["KA-N510", "KA-N510"] or [p.count for p in found.problems] == [2]


def test_a_remark_on_a_case_makes_no_cases_of_a_360_sheet(tmp_path: Path) -> None:
    sheet = rated().assign(**{"Contoh kasus": "pernah menolong warga"})
    found = read(written(tmp_path, sheet), config=CONFIG)
    assert len(found.ratings) == 4 and found.cases.empty


def test_cases_that_no_report_uses_are_a_warning(tmp_path: Path) -> None:
    written(tmp_path, rated("2024"), "nilai.csv")
    written(tmp_path, wide())
    (problem,) = [p for p in check(tmp_path, config=CONFIG).problems if p.severity == "warning"]
    assert (problem.code, problem.count) == ("KA-W507", 6)
    assert check(written(tmp_path / "..", wide(), "sendiri.csv"), config=CONFIG).problems == ()


def test_a_rater_of_cases_who_rates_nobody_is_a_note(tmp_path: Path) -> None:
    written(tmp_path, rated(), "nilai.csv")
    written(tmp_path, pd.concat([wide(), wide()[:1].assign(nip_penilai="190607082011212003")]))
    (problem,) = check(tmp_path, config=CONFIG).problems
    assert (problem.code, problem.count, problem.severity) == ("KA-N511", 1, "note")


def test_the_template_asks_the_supervisors_of_either_kind_of_data(tmp_path: Path) -> None:
    """One superior is in the 360 sheet only, one in the export only."""
    made = simulate(["76.02"], [2025], seed=1, size=60)
    made.write(tmp_path)
    every = read(tmp_path, config=made.config).ratings
    leaders = every.loc[every["source"] == "supervisor", "rater"].nunique()
    asked, _, _ = suggest([tmp_path], 6 * leaders, way="vignette", region="76.02", year=2025, config=made.config)
    assert asked["rows"]["rater"].nunique() == leaders


@pytest.mark.parametrize("long", [False, True])
def test_another_description_under_one_name_is_a_warning(tmp_path: Path, long: bool) -> None:
    sheet = wide(uraian_kasus="Selalu tepat waktu")
    sheet.loc[[1, 3], "uraian_kasus"] = ["Selalu  TEPAT waktu", "Sering terlambat"]
    if long:
        keys = ["contoh_kasus", "nip_penilai", "skala_min", "skala_maks", "periode", "wilayah", "uraian_kasus"]
        sheet = sheet.melt(keys, var_name="dimensi", value_name="nilai")
    (problem,) = check(written(tmp_path, sheet), config=CONFIG).problems
    assert (problem.code, problem.count, problem.severity) == ("KA-W508", 2 if long else 1, "warning")
