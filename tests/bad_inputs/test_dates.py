"""Dates and times: nothing is guessed, the message says how to write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

WRITE = "30/12/2025 14:05|day first"


def rated(value: Any, person: int = 4) -> Any:
    return lambda m: m.edited("waktu_dinilai", person, value)


CASES: list[tuple[Any, ...]] = [
    ("words", rated("kemarin sore"), "KA-E207", "P11", WRITE),
    ("31 February", rated("31/02/2025 10:00"), "KA-E207", "P11", WRITE),
    ("month 13", rated("2025-13-01"), "KA-E207", "P11", WRITE),
    ("hour 25", rated("2025-12-30 25:00:00"), "KA-E207", "P11", WRITE),
    ("month first", rated("12/31/2025"), "KA-E219", "P11", "hari/bulan/tahun, misalnya|day/month/year, for example"),
    ("month first beside what may be either", lambda m: m.ekinerja(edit={"P9": "1/13/2026 09:15", "P11": "01/02/2026"}),
     "KA-E219", ("P9", "P11"), "hari/bulan/tahun, misalnya|day/month/year, for example", {"mixed": True}),
    ("year of two digits", rated("30/12/25"), "KA-E207", "P11", WRITE),
    ("zeros of a database", rated("0000-00-00 00:00:00"), "KA-E207", "P11", WRITE),
    ("a century early", rated("30/12/1925 10:00"), "KA-E207", "P11", WRITE),
    ("a spreadsheet's date a century early", rated(dt.datetime(1905, 7, 17)), "KA-E207", "P11", WRITE),
    ("a number", rated(46021.5), "KA-E207", "P11", WRITE),
    ("a number as text", rated("46021"), "KA-E207", "P11", WRITE),
    ("a time without a date", rated(dt.time(10, 5)), "KA-E207", "P11", WRITE),
    ("month in words", lambda m: m.edited("periode_akhir_skp", 2, "31 Desember 2025"), "", "", ""),
    *((f"month in words: {text}", rated(text), "", "", "",
       {"holds": lambda t: t.appraisals["rated_at"].dt.strftime("%d %m %Y").tolist()[3] == "01 12 2025"})
      for text in ("1 Desember 2025", "1 Des 2025", "01-Des-2025", "Senin, 1 Desember 2025 10:30")),
    ("no month in words", rated("1 Desembar 2025"), "KA-E207", "P11", WRITE),
    ("31 February in words", rated("31 Februari 2025"), "KA-E207", "P11", WRITE),
    ("end of the period in words", lambda m: m.edited("periode_akhir_skp", 6, "akhir tahun"), "KA-E207", "D13", WRITE),
    ("in a text file", lambda m: m.long(("waktu", 3, "tgl 5")), "KA-E207", "baris 4", WRITE),
    ("a date where a year belongs", lambda m: m.edited("tahun_skp", 2, dt.datetime(2025, 1, 1)), "KA-E208", "C9",
     "empat angka|four digits"),
    ("a date where a score belongs", lambda m: m.long_book(("nilai", 2, dt.datetime(2025, 5, 8))), "KA-E203", "H3",
     "angkanya saja|number only"),
    ("a date where a criterion belongs", lambda m: m.long_book(("dimensi", 4, dt.datetime(2025, 4, 3))), "KA-E215",
     "G5", "sebagai Teks|as Text"),
    ("a date where a period belongs", lambda m: m.long_book(("periode", 4, dt.datetime(2025, 7, 1))), "KA-E209", "A5",
     "Triwulan I 2025|annual"),
    ("day first and ISO are both read", rated("10/8/2026 09.15.00", 1), "", "", "",
     {"holds": lambda t: str(t.appraisals["rated_at"].max()) == "2026-08-10 09:15:00"}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
