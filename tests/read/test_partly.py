"""With errors in the input: which regions they touch, and that the others are read as if alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.read import read, read_others

CONFIG = AuditConfig(identifiers="pseudonymous")
HEAD = "periode;wilayah;unit;nip_dinilai;nip_penilai;peran_penilai;dimensi;nilai;skala_min;skala_maks"
A, B, C = "76.02", "15.04", "13.71"


def rows(region: str, year: int = 2025, n: int = 4, unit: str = "Seksi") -> list[str]:
    return [f"{year};{region};{unit};p{k}{region};s{region};ATASAN;Inovasi;{60 + k};0;100" for k in range(n)]


def write(place: Path, *lines: str, head: str = HEAD) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join([head, *lines]), encoding="utf-8")
    return place


def same(a: Tables, b: Tables) -> None:
    for name in TABLES:
        left, right = (getattr(t, name).drop(columns="row") for t in (a, b))
        pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


def broken(row: str) -> str:
    return row.replace(";6", ";?", 1) if ";6" in row else row.replace(";7", ";?", 1)


def test_a_cell_touches_the_region_of_its_row_from_its_year_on(tmp_path: Path) -> None:
    bad = rows(B, 2024)
    lines = [*rows(A), *rows(B, 2023), *bad[:1], broken(bad[1]), *bad[2:], *rows(B), *rows(A, 2024)]
    whole = write(tmp_path / "semua.csv", *lines)
    with pytest.raises(InputRefused) as refused:
        read(whole, config=CONFIG)
    assert refused.value.spared == 1
    tables, left = read_others(whole, config=CONFIG)
    assert left is not None and left.cells == ((B, 2024), (B, 2025)) and left.since == {B: 2024}
    assert [p.code for p in left.report.problems if p.severity == "error"] == ["KA-E203"]
    assert not [p for p in tables.problems if p.severity == "error"]
    same(tables, read(write(tmp_path / "lain" / "semua.csv", *rows(A), *rows(B, 2023), *rows(A, 2024)), config=CONFIG))
    counted = tables.accounting.groupby("reason")["rows"].sum().to_dict()
    assert counted == {"": 12, "left_out": 8}


def test_an_input_without_errors_is_read_as_ever(tmp_path: Path) -> None:
    whole = write(tmp_path / "semua.csv", *rows(A))
    tables, left = read_others(whole, config=CONFIG)
    assert left is None
    same(tables, read(whole, config=CONFIG))


@pytest.mark.parametrize(
    ("name", "since", "named"),
    [
        (f"{B}/rusak.xlsx", {B: 0}, {B}),  # the folder's name
        ("kab-batang-hari/rusak.xlsx", {B: 0}, {B}),
        ("rusak_Kabupaten_Batang Hari_2025.xlsx", {B: 0}, {B}),  # the file's
        ("satu/rusak.xlsx", {C: 0}, {C}),  # the other files of the folder
    ],
)
def test_a_file_that_cannot_be_read_touches_the_region_it_is_named_after(
    tmp_path: Path, name: str, since: dict[str, int], named: set[str]
) -> None:
    write(tmp_path / "a" / "nilai.csv", *rows(A))
    write(tmp_path / "satu" / "nilai.csv", *rows(C))
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"PK\x03\x04 not a workbook")
    tables, left = read_others(tmp_path, config=CONFIG)
    assert left is not None and (left.since, left.named) == (since, named)
    assert set(tables.ratings["region"]) == {A, C} - set(since)


def test_where_nothing_tells_whose_rows_are_missing_all_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "nilai.csv", *rows(A), *rows(B))
    (tmp_path / "rusak.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputRefused) as refused:
        read_others(tmp_path, config=CONFIG)
    assert refused.value.spared == 0
    (tmp_path / "rusak.xlsx").unlink()
    write(tmp_path / "nilai.csv", *rows(A), *rows("Negeri Antah"))  # the row could be anybody's
    with pytest.raises(InputRefused):
        read_others(tmp_path, config=CONFIG)
    (tmp_path / "nilai.csv").rename(tmp_path / "mamuju.csv")  # the file says whose
    write(tmp_path / "nilai.csv", *rows(B))
    tables, left = read_others(tmp_path, config=CONFIG)
    assert left is not None and set(left.since) == {A} and set(tables.ratings["region"]) == {B}
    assert tables.accounting.groupby("reason")["rows"].sum().to_dict() == {"": 4, "left_out": 8}
    (tmp_path / "mamuju.csv").unlink()
    write(tmp_path / "nilai.csv", *rows(A), *rows(B), head=HEAD.replace("wilayah", "lokasi"))
    with pytest.raises(InputRefused):
        read_others(tmp_path, config=CONFIG)


def test_an_error_in_every_region_refuses_all(tmp_path: Path) -> None:
    with pytest.raises(InputRefused):
        read_others(write(tmp_path / "a.csv", broken(rows(A)[0]), broken(rows(B)[0])), config=CONFIG)


def test_what_two_files_contradict_touches_both(tmp_path: Path) -> None:
    write(tmp_path / "satu.csv", *rows(A), *rows(C))
    write(tmp_path / "dua.csv", rows(A)[0].replace(";60;", ";90;"), *rows(B))
    tables, left = read_others(tmp_path, config=CONFIG)
    assert left is not None and set(left.since) == {A}
    assert set(tables.ratings["region"]) == {B, C}


def test_rows_of_declared_units_go_with_the_region_they_are_moved_from(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"regions": {"13.71.09": RegionConfig(name="Kuranji", units=("Kuranji",))}})
    place = write(tmp_path / "a.csv", *rows(A), *rows(C, unit="Kuranji"), broken(rows(C)[0]))
    tables, left = read_others(place, config=config)
    assert left is not None and left.since == {C: 2025, "13.71.09": 2025}
    assert left.cells == ((C, 2025), ("13.71.09", 2025)) and set(tables.ratings["region"]) == {A}


def test_lines_with_another_number_of_fields_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "satu.csv", *rows(A))
    write(tmp_path / B / "dua.csv", *rows(B), rows(B)[0] + ";1;2;3")
    tables, left = read_others(tmp_path, config=CONFIG)
    assert left is not None and set(left.since) == {B}
    assert tables.accounting.set_index("reason")["rows"].to_dict()["left_out"] == 5


def test_personal_data_stay_masked_in_what_is_left_out(tmp_path: Path) -> None:
    real = AuditConfig()  # the demo's key may not be used with real NIPs: no file is at fault
    lines = rows(A) + rows(B)
    place = write(tmp_path / "a.csv", *(x.replace("p", "19800101201501100").replace(A + ";s", ";") for x in lines))
    with pytest.raises(InputRefused) as refused:
        read_others(place, config=real)
    assert "198001012015" not in refused.value.told("en")
