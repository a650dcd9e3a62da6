"""Numbers: letters, units, decimal marks and thousands marks, in text files and in workbooks."""

from __future__ import annotations

from typing import Any

ONLY = "angkanya saja|number only"
ONE_MARK = "satu tanda desimal|one decimal mark"


def score(value: str, row: int = 1) -> Any:
    return lambda m: m.long(("nilai", row, value))


def target(value: str, separator: str = ";") -> Any:
    header = ("periode", "wilayah", "nip", "indikator", "target", "realisasi")
    return lambda m: m.text([header, ["2025", "98.01", m.nip(1), "x", value, "5"]], separator=separator)


CASES: list[tuple[Any, ...]] = [
    ("a letter behind", score("95,5o"), "KA-E203", "baris 2", ONLY, {"nearest": "95,5"}),
    ("letter O for a zero", score("8O"), "KA-E203", "baris 2", ONLY),
    ("percent sign", score("80 %", 3), "KA-E203", "baris 4", ONLY, {"nearest": "80"}),
    ("a fraction", score("80/100", 2), "KA-E203", "baris 3", ONLY),
    ("a unit", score("80 poin", 2), "KA-E203", "baris 3", ONLY, {"nearest": "80"}),
    ("a word", score("delapan puluh"), "KA-E203", "baris 2", ONLY),
    ("a predikat", score("BAIK", 6), "KA-E203", "baris 7", ONLY),
    ("not a number, as programs write it", score("NaN"), "KA-E203", "baris 2", ONLY),
    ("infinite, as programs write it", score("inf"), "KA-E203", "baris 2", ONLY),
    ("an official label on a scale of 100", lambda m: m.long(("dimensi", 2, "hasil_kerja"), ("nilai", 2, "Sesuai")),
     "KA-E203", "baris 3", "menurut skala|on the scale"),
    ("an official label of another criterion", lambda m: m.long(("nilai", 2, "Sesuai")), "KA-E203", "baris 3", ONLY),
    ("two points", score("80..5"), "KA-E203", "baris 2", ONLY),
    ("two commas", score("80,5,5"), "KA-E203", "baris 2", ONLY),
    ("a blank inside", score("8 0"), "KA-E203", "baris 2", ONLY, {"nearest": "80"}),
    ("in brackets", score("(80)"), "KA-E203", "baris 2", ONLY, {"nearest": "80"}),
    ("with an apostrophe", score("'80"), "KA-E203", "baris 2", ONLY, {"nearest": "80"}),
    ("a range", score("80-85"), "KA-E203", "baris 2", ONLY),
    ("typographic minus", score("−5"), "KA-E203", "baris 2", ONLY),
    ("true in a workbook", lambda m: m.long_book(("nilai", 2, True)), "KA-E203", "H3", ONLY),
    ("wide score with a letter", lambda m: m.wide({"I3": "70 poin"}), "KA-E203", "I3", ONLY, {"nearest": "70"}),
    ("two letters in one column", lambda m: m.wide({"H2": "7O", "H6": "7O"}), "KA-E203", ("H2", "H6"), ONLY),
    ("one point among commas", lambda m: m.long(("nilai", 1, "80,5"), ("nilai", 2, "80.5"), ("nilai", 3, "80,5")),
     "KA-E205", "baris 3", ONE_MARK),
    ("one comma among points, wide", lambda m: m.wide({"H2": "80.5", "H3": "81.5", "H4": "82,5"}), "KA-E205", "H4",
     ONE_MARK),
    ("thousands mark in one cell", lambda m: m.long(("nilai", 1, "1.080,5"), ("nilai", 2, "80.5"),
     ("nilai", 3, "80.5")), "KA-E205", "baris 2", ONE_MARK),
    ("one or a thousand", target("1.000"), "KA-E206", "baris 2", "tanda ribuan|thousands marks"),
    ("one or a thousand, comma file", target('"1,000"', ","), "KA-E206", "baris 2", "tanda ribuan|thousands marks"),
    ("a target in words", target("seratus"), "KA-E203", "baris 2", ONLY),
    ("a target beyond all numbers", target("9.9e999"), "KA-E203", "baris 2", ONLY),
    ("a target with its currency", target("Rp 1.500.000"), "KA-E203", "baris 2", ONLY, {"nearest": "1.500.000"}),
    ("numbers as text are read", lambda m: m.wide({"H2": "81,5", "I2": "70"}), "", "", "",
     {"holds": lambda t: t.ratings["score"].max() == 90.0 and 81.5 in t.ratings["score"].tolist()}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
