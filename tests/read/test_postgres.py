"""A real PostgreSQL: types, exact numbers, a read-only session. Skipped where no server is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.base.config import DatabaseConfig
from kinerja_analysis.read import check, read

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
BIN = _PLACES[-1].parent if _PLACES else None
pytestmark = pytest.mark.skipif(BIN is None, reason="no PostgreSQL server installed (Debian: postgresql)")


def run(*command: str) -> None:
    """Run as a user who may own a server: root may not."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    assert BIN is not None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    run(str(BIN / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8",
        "--locale=C")  # fmt: skip
    run(str(BIN / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o",
        f"-c listen_addresses='' -k {folder}", "start")  # fmt: skip
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    run(str(BIN / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def filled(server: str, make: Any) -> str:
    from sqlalchemy import create_engine, text

    engine = create_engine(server)
    with engine.begin() as base:
        base.execute(text("drop table if exists nilai"))
        base.execute(
            text(
                "create table nilai (id serial, periode text, wilayah text, nip_dinilai char(18), nip_penilai bigint, "
                "peran_penilai text, unor text, dimensi text, nilai numeric(5,2), skala_min smallint, "
                "skala_maks double precision, waktu timestamptz)"
            )
        )
        for row in make.scores():
            base.execute(
                text("insert into nilai (periode, wilayah, nip_dinilai, nip_penilai, peran_penilai, unor, dimensi, "
                     "nilai, skala_min, skala_maks, waktu) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k)"),
                dict(zip("abcdefghijk", [*row[:3], int(row[3]), *row[4:7], float(row[7]), 0, 100.0, row[10] + "+00"],
                         strict=True)),
            )  # fmt: skip
    engine.dispose()
    return server


def test_types_of_a_real_server(filled: str, make: Any) -> None:
    header = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai",
              "skala_min", "skala_maks", "waktu")  # fmt: skip
    plain = read(make.text([header, *make.scores()]), config=make.config).ratings.drop(columns="row")
    source = DatabaseConfig(url=filled, query="select * from nilai order by id")
    got = read(source, config=make.config).ratings.drop(columns="row")
    assert got.equals(plain) and len(got) == 6


def test_a_writing_function_is_refused_by_the_server(filled: str, make: Any) -> None:
    from sqlalchemy import create_engine, text

    writes = "select nextval('nilai_id_seq')"
    report = check(DatabaseConfig(url=filled, query=writes), config=make.config)
    assert [(p.code, p.params["kind"]) for p in report.problems] == [("KA-E120", "ReadOnlySqlTransaction")]
    engine = create_engine(filled)
    with engine.connect() as base:
        assert base.execute(text("select last_value from nilai_id_seq")).scalar() == 6
    engine.dispose()


def test_the_row_of_a_wrong_value(filled: str, make: Any) -> None:
    query = "select *, case id % 6 when 3 then 'TETANGGA' else peran_penilai end as peran from nilai order by id"
    query = query.replace("*", "periode, wilayah, nip_dinilai, nip_penilai, dimensi, nilai, skala_min, skala_maks")
    report = check(DatabaseConfig(url=filled, query=query), config=make.config)
    assert [(p.code, p.cell, p.value) for p in report.problems] == [("KA-E202", "baris 3", "TETANGGA")]
