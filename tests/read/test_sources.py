"""Files, folders and what lies in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read import check, read
from kinerja_analysis.read.sources import as_sources, files_of, find_config, own_folders
from kinerja_analysis.read.template import template


def test_folders_are_read_with_everything_below_in_a_fixed_order(make: Any) -> None:
    make.ekinerja(name="b/penilaian.xlsx")
    make.text([make.long_header, *make.scores()], name="a/nilai.csv")
    make.raw(b"x", "baca.md")
    make.raw(b"x", "kinerja.toml.bak")
    make.raw(b"x", ".sembunyi.csv")
    make.raw(b"x", ".git/a.csv")
    make.raw(b"x", "b/~$penilaian.xlsx")
    make.raw(b"x", "lama.xls")
    make.raw(b"x", "ekspor.zip")
    make.raw(b"x", "Thumbs.db")
    tables = read(make.folder, config=make.config)
    assert sorted({r.split(":")[0] for r in tables.ratings["row"]}) == ["1", "2"]
    assert tables.ratings["row"][0].startswith("1:") and tables.appraisals["row"][0].startswith("2:")
    assert {(p.code, p.file) for p in tables.problems} == {
        ("KA-N101", "kinerja.toml.bak"), ("KA-N101", "Thumbs.db"),
        ("KA-N102", "b/~$penilaian.xlsx"), ("KA-W102", "lama.xls"), ("KA-W106", "ekspor.zip")}  # fmt: skip


def test_configuration_lying_in_the_folder_is_used(make: Any) -> None:
    place = make.ekinerja()
    make.raw(b'[regions."98.01"]\nname = "Kabupaten Contoh"\n', "kinerja.toml")
    assert read(make.folder).cells() == [("98.01", 2025)] == read(place).cells()
    assert find_config([make.folder]).regions["98.01"].name == "Kabupaten Contoh"


def test_an_unknown_table_in_a_folder_is_a_warning_not_an_error(make: Any) -> None:
    make.ekinerja()
    make.text([("a", "b"), ("1", "2")], name="lain.csv")
    report = check(make.folder, config=make.config)
    assert report.ok and [(p.code, p.file) for p in report.problems] == [("KA-W301", "lain.csv")]


def test_several_paths_and_wrong_kinds(make: Any) -> None:
    one, two = make.ekinerja(), make.text([make.long_header, *make.scores()])
    assert len(read([one, str(two)], config=make.config).ratings) == 18
    with pytest.raises(TypeError):
        as_sources(3)


def test_a_file_that_may_not_be_opened(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make.ekinerja()
    original = Path.open

    def locked(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self == place:
            raise PermissionError
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", locked)
    assert [p.code for p in check(place, config=make.config).problems] == ["KA-E112"]


def test_a_problem_list_beside_the_input_is_no_data(make: Any) -> None:
    place = make.ekinerja(edit={"A9": "x"})
    check(place, config=make.config).save(make.folder / "masalah.xlsx")
    again = check(make.folder, config=make.config)
    assert [(p.code, p.file) for p in again.problems] == [("KA-E401", "penilaian.xlsx")]


HEADERS = "periode,wilayah,nip,hasil_kerja,perilaku_kerja,hasil_akhir,pegawai_atasan_nip\n"


def test_a_file_of_titles_only_is_said(tmp_path: Path) -> None:
    (tmp_path / "kosong.csv").write_text(HEADERS, encoding="utf-8")
    (tmp_path / "baris_kosong.csv").write_text(HEADERS + ",,,,,,\n" * 3, encoding="utf-8")
    found = check(tmp_path)
    assert [(p.code, p.file) for p in found.problems] == [("KA-W307", "baris_kosong.csv"), ("KA-W307", "kosong.csv")]
    assert check(pd.DataFrame(columns=HEADERS.strip().split(","))).problems[0].code == "KA-W307"


def test_an_empty_parquet_is_read_as_any_empty_file(tmp_path: Path) -> None:
    pd.DataFrame(columns=[*HEADERS.strip().split(","), "catatan"]).to_parquet(tmp_path / "kosong.parquet")
    assert [(p.code, p.file) for p in check(tmp_path).problems] == [("KA-W307", "kosong.parquet")]
    (tmp_path / "kosong.parquet").unlink()
    pd.DataFrame({"catatan": []}).astype(object).to_parquet(tmp_path / "lain.parquet")
    assert {p.code for p in check(tmp_path).problems} == {"KA-W301", "KA-E107"}


OWN = {"manifest.json": {"seal": "x", "cells": [], "level": "public"}, "run.json": {"seal": "x", "cells": []},
       "metrics.json": {"level": "public", "year": 2025, "files": []}, "index.json": {"reports": [], "joint": []},
       "tables.json": {"seal": "x", "cells": []},
       "log/1.jsonl": {"stage": "run", "status": "done", "seconds": 0}}  # fmt: skip


@pytest.mark.parametrize("record", OWN)
@pytest.mark.parametrize("above", ["", "internal/"])
def test_what_we_wrote_below_an_input_is_left_out_and_said(make: Any, record: str, above: str) -> None:
    make.ekinerja()
    before = [name for _, _, name in files_of(make.folder)]
    place = make.folder / "a" / "keluaran" / above / record
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(OWN[record]) + "\n{", encoding="utf-8") if record.startswith("log") else (
        place.write_text(json.dumps(OWN[record]), encoding="utf-8"))  # fmt: skip
    pd.DataFrame({"nip": ["1"], "nilai": [1]}).to_parquet(make.folder / "a" / "keluaran" / "scores.parquet")
    assert own_folders([make.folder]) == [make.folder / "a" / "keluaran"]
    assert [name for _, _, name in files_of(make.folder)] == before
    report = check(make.folder, config=make.config)
    assert report.ok and [(p.code, p.params["n"]) for p in report.problems] == [("KA-N105", 1)]


def test_a_folder_is_ours_by_its_record_and_not_by_its_name(make: Any) -> None:
    make.ekinerja(name="reports/internal/audit/penilaian.xlsx")
    make.raw(b'{"cells": []}', "reports/internal/audit/manifest.json")
    make.raw(b"[1]", "reports/metrics.json")
    assert own_folders(make.folder) == []
    assert check(make.folder, config=make.config).counts["rows"] > 0


def test_a_template_not_yet_filled_in_is_no_empty_export(tmp_path: Path) -> None:
    assert check(template(tmp_path / "isian.xlsx", ["360", "pegawai"])).problems == ()


@pytest.mark.parametrize("given", [None, 5, {"ratings": 5}, pd.Series([1]), np.eye(2), [[pd.DataFrame()]], {1}])
def test_what_is_no_source_is_a_type_error_with_its_name(given: object) -> None:
    with pytest.raises(TypeError, match="paths, frames or a mapping of frames expected, not"):
        check(given)


@pytest.mark.parametrize("year", ["x", 2025.5, True])
def test_a_year_is_a_whole_number(year: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        check(pd.DataFrame(), year=year)


def test_cells_that_hold_lists_are_values_to_repair() -> None:
    frame = pd.DataFrame({"nip_dinilai": ["a", "b"], "nip_penilai": "c", "peran_penilai": "ATASAN", "dimensi": "d",
                          "nilai": [[7], {"x": 1}], "skala_min": 1, "skala_maks": 10, "periode": "2025",
                          "wilayah": "01.01.01"})  # fmt: skip
    (problem,) = check(frame, config=AuditConfig(identifiers="pseudonymous")).problems
    assert problem.code == "KA-E203" and "[7]" in problem.value
