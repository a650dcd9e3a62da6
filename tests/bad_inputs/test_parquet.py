"""Parquet files: types that lose digits, lists, dictionaries, decimals, times with a zone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def table(change: Any = None, *damage: tuple[str, int, Any]) -> Any:
    """The long 360 scores, all text, one column replaced by an Arrow array; row n is "baris n"."""

    def build(m: Any) -> Any:
        rows = m.long_rows(*damage)
        columns = {name: pa.array([row[i] for row in rows]) for i, name in enumerate(m.long_header)}
        columns |= change(columns) if change else {}
        m.folder.mkdir(parents=True, exist_ok=True)
        place = m.folder / "nilai.parquet"
        pq.write_table(pa.table(columns), place)
        return place

    return build


def typed(name: str, make: Any) -> Any:
    return table(lambda columns: {name: make(columns[name])})


def damaged(name: str, row: int, value: Any) -> Any:
    return table(None, (name, row, value))


def noise(m: Any) -> Any:
    place = table()(m)
    data = bytearray(place.read_bytes())
    data[100:160] = bytes(60)
    place.write_bytes(bytes(data))
    return place


ALL = tuple(f"baris {n}" for n in range(1, 7))
TEXT = "sebagai Teks|as Text"
NUMBER = "angkanya saja|number only"
CASES: list[tuple[Any, ...]] = [
    ("nip as floating point", typed("nip_dinilai", lambda c: pa.array([float(v) for v in c.to_pylist()])), "KA-E104",
     ALL, TEXT),
    ("region as floating point", typed("wilayah", lambda c: pa.array([98.01] * 6)), "KA-E210", ALL, TEXT),
    ("scores as lists", typed("nilai", lambda c: pa.array([[80, 90]] * 6)), "KA-E203", ALL, NUMBER,
     {"seen": "[80 90]"}),
    ("scores as records", typed("nilai", lambda c: pa.array([{"a": 80}] * 6)), "KA-E203", ALL, NUMBER),
    ("time as a duration", typed("waktu", lambda c: pa.array([dt.timedelta(days=1)] * 6)), "KA-E207", ALL,
     "30/12/2025 14:05|day first", {"seen": "1 days"}),
    ("unknown role", damaged("peran_penilai", 2, "TETANGGA"), "KA-E202", "baris 2", "label yang berlaku|valid label"),
    ("rater null", damaged("nip_penilai", 4, None), "KA-E516", "baris 4", "Isi NIP penilai|Fill in the rater"),
    ("score outside", damaged("nilai", 4, "101"), "KA-E204", "baris 4", "Perbaiki nilai|Correct the score"),
    ("cut off", lambda m: m.raw(table()(m).read_bytes()[:-20], "nilai.parquet"), "KA-E102", "", "unduh ulang|"
     "download it again"),
    ("noise in the middle", noise, "KA-E102", "", "unduh ulang|download it again"),
    ("a workbook under its name", lambda m: m.ekinerja().rename(m.folder / "nilai.parquet"), "KA-E102", "",
     "unduh ulang|download it again"),
    ("no known columns", lambda m: _only(m, {"a": pa.array([1])}), "KA-E304", "", "judul kolom|header row"),
    ("no score column", lambda m: _without(m, "nilai"), "KA-E302", "", "[[mapping]]|[[mapping]]"),
    ("unused list column is let be", table(lambda c: {"riwayat": pa.array([[1, 2]] * 6)}), "KA-N301", "",
     "Tidak perlu tindakan|Nothing to do"),
    ("nip as a whole number is exact", typed("nip_dinilai", lambda c: c.cast(pa.int64())), "", "", "",
     {"holds": lambda t: len(t.ratings) == 6}),
    ("nip as bytes is exact", typed("nip_dinilai", lambda c: c.cast(pa.binary())), "", "", "",
     {"holds": lambda t: len(t.ratings) == 6}),
    ("dictionary of texts", typed("peran_penilai", lambda c: c.dictionary_encode()), "", "", "",
     {"holds": lambda t: len(t.ratings) == 6}),
    ("decimals", typed("nilai", lambda c: pa.array([Decimal("80.50")] * 6)), "", "", "",
     {"holds": lambda t: set(t.ratings["score"]) == {80.5}}),
    ("time with a zone", typed("waktu", lambda c: pa.array([dt.datetime(2025, 12, 1, 8)] * 6,
     pa.timestamp("us", tz="UTC"))), "", "", "", {"holds": lambda t: t.ratings["rated_at"].dt.day.eq(1).all()}),
]  # fmt: skip


def _only(m: Any, columns: dict[str, Any]) -> Any:
    m.folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), m.folder / "nilai.parquet")
    return m.folder / "nilai.parquet"


def _without(m: Any, name: str) -> Any:
    place = table()(m)
    pq.write_table(pq.read_table(place).drop_columns([name]), place)
    return place


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
