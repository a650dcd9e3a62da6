"""Scales: upside down, missing, rare, or not the score's own."""

from __future__ import annotations

from typing import Any

ROW = "skala_min dan skala_maks|skala_min and skala_maks"
FIX = "Perbaiki nilai atau skala|Correct the score or the scale"
EVERY = tuple(f"baris {n}" for n in range(2, 8))


def thirty(column: int, value: str) -> Any:
    """Thirty long rows, one of them with another scale."""

    def build(m: Any) -> Any:
        rows = [["2025", "98.01", m.nip(i), m.nip(900, 2), "ATASAN", "U", "x", "8", "0", "100", ""]
                for i in range(1, 31)]  # fmt: skip
        rows[2][column] = value
        return m.text([m.long_header, *rows])

    return build


def turned(m: Any) -> Any:
    """Lowest and highest swapped in all rows."""
    return m.long(*((c, n, v) for n in range(1, 7) for c, v in (("skala_min", "100"), ("skala_maks", "0"))))


CASES: list[tuple[Any, ...]] = [
    ("above the scale", lambda m: m.long(("nilai", 4, "101")), "KA-E204", "baris 5", FIX),
    ("below the scale", lambda m: m.long(("nilai", 4, "-5")), "KA-E204", "baris 5", FIX),
    ("far above the scale", lambda m: m.long(("nilai", 4, "1000000")), "KA-E204", "baris 5", FIX),
    ("0 on a scale from 1", lambda m: m.long(("nilai", 2, "0"), ("skala_min", 2, "1")), "KA-E204", "baris 3", FIX),
    ("0 to 100 written on a scale of 10", lambda m: m.long(("skala_maks", 1, "10")), "KA-E204", "baris 2", FIX),
    ("wide score outside", lambda m: m.wide({"H4": 700}), "KA-E204", "H4", FIX),
    ("upside down", lambda m: m.long(("skala_maks", 3, "0")), "KA-E212", "baris 4", ROW),
    ("no width", lambda m: m.long(("skala_min", 3, "100")), "KA-E212", "baris 4", ROW),
    ("upside down everywhere", turned, "KA-E212", EVERY, ROW),
    ("wide, upside down", lambda m: m.wide({"G3": 0}), "KA-E212", "G3", ROW),
    ("lowest not told", lambda m: m.long(("skala_min", 3, "")), "KA-E201", "baris 4", "dari sumbernya|from its source"),
    ("highest in words", lambda m: m.long(("skala_maks", 3, "seratus")), "KA-E203", "baris 4",
     "angkanya saja|number only"),
    ("scale in one cell", lambda m: m.long(("skala_maks", 3, "0-100")), "KA-E203", "baris 4",
     "angkanya saja|number only"),
    ("formula without value", lambda m: m.wide({"G3": "=100"}), "KA-E109", "G3", "Tempel Khusus|Paste Special"),
    ("0 to 1000 in a file of 0 to 100", thirty(9, "1000"), "KA-W206", "baris 4", ROW),
    ("0 to 10 in a file of 0 to 100", thirty(9, "10"), "KA-W206", "baris 4", ROW),
    ("1 to 100 in a file of 0 to 100", thirty(8, "1"), "KA-W206", "baris 4", ROW),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
