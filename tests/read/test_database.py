"""Databases: rows as they are, read only, nothing of an address or a row in a message."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.base.config import DatabaseConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.read import check, read

COLUMNS = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai",
           "skala_min", "skala_maks", "waktu")  # fmt: skip


def numbered(make: Any) -> list[list[Any]]:
    return [[*r[:7], float(r[7]), 0, 100, r[10]] for r in make.scores()]


@pytest.fixture
def sqlite(make: Any) -> Path:
    make.folder.mkdir(parents=True, exist_ok=True)
    place = make.folder / "nilai 1#.db"
    with sqlite3.connect(place) as base:
        kinds = ", ".join(f"{c} {'real' if c.startswith(('nilai', 'skala')) else 'text'}" for c in COLUMNS)
        base.execute(f"create table penilaian ({kinds})")
        base.executemany(f"insert into penilaian values ({','.join('?' * 11)})", numbered(make))
        base.execute('create table "lain-lain" (a text)')
    base.close()
    return place


def same(tables: Any, other: Any) -> bool:
    return tables.ratings.drop(columns="row").equals(other.ratings.drop(columns="row")) and len(tables.ratings) == 6


def test_a_query_gives_what_the_text_file_gives(make: Any, sqlite: Path) -> None:
    plain = read(make.text([COLUMNS, *make.scores()]), config=make.config)
    source = DatabaseConfig(url=f"sqlite:///{sqlite}", query="select * from penilaian;")
    config = make.config.model_copy(update={"databases": {"nilai": source}})
    assert same(read(source, config=config), plain)
    assert same(read("sql:nilai", config=config), plain)
    assert source.url not in repr(source)


def test_a_file_of_sqlite_is_read_table_by_table(make: Any, sqlite: Path) -> None:
    plain = read(make.text([COLUMNS, *make.scores()]), config=make.config)
    assert same(read(sqlite, config=make.config), plain)
    report = check(sqlite, config=make.config)
    assert [(p.code, p.sheet) for p in report.problems] == [("KA-W301", "lain-lain")]


def test_the_row_of_a_wrong_value(make: Any, sqlite: Path) -> None:
    with sqlite3.connect(sqlite) as base:
        base.execute("update penilaian set peran_penilai = 'TETANGGA' where rowid = 4")
    base.close()
    report = check(sqlite, config=make.config)
    assert ("KA-E202", "penilaian", "baris 4", "TETANGGA") in [
        (p.code, p.sheet, p.cell, p.value) for p in report.problems
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("delete from penilaian", "KA-E121"),
        ("select 1; drop table penilaian", "KA-E121"),
        ("with x as (select 1) select * from tidak_ada", "KA-E120"),
        ("", "KA-E121"),
    ],
)
def test_only_one_reading_statement(make: Any, sqlite: Path, query: str, code: str) -> None:
    source = DatabaseConfig(url=f"sqlite:///{sqlite}", query=query)
    assert [p.code for p in check(source, config=make.config).problems] == [code]
    with sqlite3.connect(sqlite) as base:
        assert base.execute("select count(*) from penilaian").fetchone() == (6,)
    base.close()


@pytest.mark.parametrize("url", ["sqlite:////tidak/ada/rahasia.db", "bukan alamat rahasia", "bahasa://rahasia@x/y", ""])
def test_an_address_that_leads_nowhere_is_not_shown(make: Any, url: str) -> None:
    report = check(DatabaseConfig(url=url, query="select 1"), config=make.config)
    assert [p.code for p in report.problems] == ["KA-E119"]
    assert "rahasia" not in report.summary("id") + report.summary("en") + str(report.to_frame().to_dict())


def test_an_address_in_the_environment(make: Any, sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NILAI_URL", f"sqlite:///{sqlite}")
    source = DatabaseConfig(url="env:NILAI_URL", query="select * from penilaian")
    assert len(read(source, config=make.config).ratings) == 6


def test_an_undeclared_name(make: Any) -> None:
    with pytest.raises(UsageError, match="lain"):
        read("sql:lain", config=make.config)


def test_a_damaged_file(make: Any) -> None:
    assert [p.code for p in check(make.raw(b"SQLite format 3\0" + b"x" * 50, "a.db"), config=make.config).problems] == [
        "KA-E102"]  # fmt: skip
