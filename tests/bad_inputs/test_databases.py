"""SQLite files and queries: damaged, refused, or with damaged rows; a database is only read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.base.config import DatabaseConfig
from kinerja_analysis.read import check

TOOL = "alat basis data|database tool"
SELECT = "satu perintah SELECT|one SELECT"
CHECK = "[databases]|[databases]"


def base(*changes: tuple[str, int, Any], table: str = "penilaian", kinds: str = "text") -> Any:
    """The 360 scores as a table of an SQLite file; row n of the table is row n of ``long_rows``."""

    def build(m: Any) -> Path:
        m.folder.mkdir(parents=True, exist_ok=True)
        place = m.folder / "data.db"
        with closing(sqlite3.connect(place)) as db, db:
            db.execute(f"create table {table} ({', '.join(f'{c} {kinds}' for c in m.long_header)})")
            marks = ", ".join("?" * len(m.long_header))
            db.executemany(f"insert into {table} values ({marks})", m.long_rows(*changes))
        return place

    return build


def query(statement: str, *changes: tuple[str, int, Any]) -> Any:
    return lambda m: DatabaseConfig(url=f"sqlite:///{base(*changes)(m)}", query=statement, name="simpeg")


def damaged(m: Any) -> Path:
    """The first page and its table of contents are sound, the rest is noise."""
    place = base()(m)
    data = place.read_bytes()
    place.write_bytes(data[:4096] + bytes(range(256)) * 16)
    return place


def other_tables(m: Any) -> Path:
    place = base(("nilai", 2, "8o"))(m)
    with closing(sqlite3.connect(place)) as db, db:
        db.execute("create table rekap (opd text, jumlah integer)")
        db.execute("insert into rekap values ('Dinas', 6)")
    return place


CASES: list[tuple[Any, ...]] = [
    ("unknown role", base(("peran_penilai", 2, "TETANGGA")), "KA-E202", "baris 2", "label yang berlaku|valid label",
     {"sheet": "penilaian"}),
    ("score with a letter", base(("nilai", 5, "9o")), "KA-E203", "baris 5", "angkanya saja|number only"),
    ("rater null", base(("nip_penilai", 2, None)), "KA-E516", "baris 2", "Isi NIP penilai|Fill in the rater"),
    ("numbers of people as floating point", base(kinds="real"), "KA-E104", tuple(f"baris {n}" for n in range(1, 7)),
     "sebagai Teks|as Text", {"also": ("KA-E210",)}),
    ("a second table that is no data", other_tables, "KA-E203", "baris 2", "angkanya saja|number only",
     {"also": ("KA-W301",), "sheet": "penilaian"}),
    ("no base at all", lambda m: m.raw(b"not a database, only text", "data.db"), "KA-E102", "", "unduh ulang|"
     "download it again"),
    ("damaged pages", damaged, "KA-E102", "", "unduh ulang|download it again"),
    ("cut off", lambda m: m.raw(base()(m).read_bytes()[:50], "data.db"), "KA-E102", "", "unduh ulang|"
     "download it again"),
    ("empty base", lambda m: m.raw(b"", "data.db"), "KA-E116", "", "simpan ulang|save the file again"),
    ("row of a query", query("select * from penilaian", ("nilai", 3, "8o")), "KA-E203", "baris 3",
     "angkanya saja|number only", {"file": "simpeg"}),
    ("a writing statement", query("delete from penilaian"), "KA-E121", "", SELECT, {"file": "simpeg"}),
    ("a writing statement behind a reading one", query("select 1; drop table penilaian"), "KA-E121", "", SELECT),
    ("a writing statement behind WITH", query("with x as (select 1) delete from penilaian"), "KA-E120", "", TOOL),
    ("no such table", query("select * from penilain"), "KA-E120", "", TOOL, {"file": "simpeg"}),
    ("no such column", query("select nipp from penilaian"), "KA-E120", "", TOOL),
    ("no statement at all", query("pilih semua"), "KA-E121", "", SELECT),
    ("query that tells nothing known", query("select 1 as a, 2 as b"), "KA-E304", "", "judul kolom|header row"),
    ("query that leaves the rater out", query("select periode, wilayah, nip_dinilai, peran_penilai, dimensi, nilai, "
     "skala_min, skala_maks from penilaian"), "KA-E302", "", "[[mapping]]|[[mapping]]"),
    ("base that is not there", lambda m: DatabaseConfig(url=f"sqlite:///{m.folder}/tidak/ada.db", query="select 1",
     name="simpeg"), "KA-E119", "", CHECK, {"file": "simpeg"}),
    ("kind of base that is not known", lambda m: DatabaseConfig(url="apa://a/b", query="select 1"), "KA-E119", "",
     CHECK),
    ("no address", lambda m: DatabaseConfig(url="", query="select 1"), "KA-E119", "", CHECK),
]  # fmt: skip


@pytest.mark.parametrize("statement", ["delete from penilaian", "select 1; delete from penilaian",
                                       "with x as (select 1) delete from penilaian"])  # fmt: skip
def test_nothing_is_written(make: Any, statement: str) -> None:
    place = base()(make)
    check(DatabaseConfig(url=f"sqlite:///{place}", query=statement), config=make.config)
    with closing(sqlite3.connect(place)) as db:
        assert db.execute("select count(*) from penilaian").fetchone() == (6,)


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
