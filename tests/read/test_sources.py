"""Files, folders and what lies in them."""

from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.read import check, read
from kinerja_analysis.read.sources import as_sources, find_config


def test_folders_are_read_with_everything_below_in_a_fixed_order(make: Any) -> None:
    make.ekinerja(name="b/penilaian.xlsx")
    make.text([make.long_header, *make.scores()], name="a/nilai.csv")
    make.raw(b"x", "baca.md")
    make.raw(b"x", "kinerja.toml.bak")
    make.raw(b"x", ".sembunyi.csv")
    make.raw(b"x", ".git/a.csv")
    make.raw(b"x", "b/~$penilaian.xlsx")
    make.raw(b"x", "lama.xls")
    tables = read(make.folder, config=make.config)
    assert sorted({r.split(":")[0] for r in tables.ratings["row"]}) == ["1", "2"]
    assert tables.ratings["row"][0].startswith("1:") and tables.appraisals["row"][0].startswith("2:")
    assert {(p.code, p.file) for p in tables.problems} == {
        ("KA-N101", "kinerja.toml.bak"), ("KA-N102", "b/~$penilaian.xlsx"), ("KA-W102", "lama.xls")}  # fmt: skip


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
