"""Identity numbers as spreadsheets and people spoil them; repairs are in Excel terms."""

from __future__ import annotations

import datetime as dt
from typing import Any

AS_TEXT = "sebagai teks|as text"
FORMAT = "Format kolom itu sebagai Teks|Format that column as Text"
SIASN = "Bandingkan dengan SIASN|Compare with SIASN"
ALL = tuple(f"A{row}" for row in range(8, 14))


def every(change: Any) -> Any:
    """All six employees' numbers changed."""
    return lambda m: m.ekinerja([[change(row[0]), *row[1:]] for row in m.people()])


CASES: list[tuple[Any, ...]] = [
    ("stored as number", lambda m: m.edited("nip", 2, 190501012010011001), "KA-E104", "A9", FORMAT),
    ("all stored as numbers", every(int), "KA-E104", ALL, FORMAT),
    ("supervisor stored as number", lambda m: m.edited("pegawai_atasan_nip", 3, 190501012010011001), "KA-E104", "N10",
     FORMAT),
    ("rater stored as number in a 360 sheet", lambda m: m.long_book(("nip_penilai", 2, 190501012010011001)),
     "KA-E104", "D3", FORMAT),
    ("a date", lambda m: m.edited("nip", 2, dt.datetime(1990, 1, 2)), "KA-E104", "A9", FORMAT),
    ("scientific notation", lambda m: m.edited("nip", 4, "1,90501E+17"), "KA-E406", "A11", "Format kolom sebagai Teks|"
     "Format the column as Text"),
    ("scientific notation in a text file", lambda m: m.long(("nip_dinilai", 5, "1.90501E+17")), "KA-E406", "baris 6",
     "sebagai Teks|as Text"),
    ("17 digits", lambda m: m.edited("nip", 1, "19050101201001100"), "KA-E401", "A8", AS_TEXT),
    ("19 digits", lambda m: m.edited("nip", 1, "1905010120100110011"), "KA-E401", "A8", AS_TEXT),
    ("letter l for the digit 1", lambda m: m.edited("nip", 1, "19050101201001l001"), "KA-E401", "A8", AS_TEXT),
    ("letter O for the digit 0", lambda m: m.edited("nip", 6, "19O501012010011001"), "KA-E401", "A13", AS_TEXT),
    *((f"repaired: {name}", every(change), "", "", "",
       {"holds": lambda t: (t.employees["sex"] == "male").sum() == 6 and t.ratings["ratee"].nunique() == 6})
      for name, change in (("dots", lambda n: f"{n[:8]}.{n[8:14]}.{n[14]}.{n[15:]}"), ("NIP.", lambda n: f"NIP. {n}"),
                           ("dashes", lambda n: f"{n[:8]}-{n[8:14]}-{n[14]}-{n[15:]}"))),
    ("dots and a digit less", lambda m: m.edited("nip", 2, "19050101.201001.1.01"), "KA-E401", "A9", AS_TEXT),
    ("17 digits and a decimal", lambda m: m.edited("nip", 2, "19050101201001100.1"), "KA-E401", "A9", AS_TEXT),
    ("with the word NIP and a digit less", lambda m: m.edited("nip", 2, "NIP. 19050101201001100"), "KA-E401", "A9",
     AS_TEXT),
    ("two in one cell", lambda m: m.edited("nip", 2, "190501012010011001 / 190501012010011002"), "KA-E401", "A9",
     AS_TEXT),
    ("with a decimal", lambda m: m.long(("nip_dinilai", 2, "190501012010011001.0")), "KA-E401", "baris 3", AS_TEXT),
    ("digits of another script", lambda m: m.edited("nip", 2, "١٩٠٥٠١٠١٢٠١٠٠١١٠٠١"), "KA-E401", "A9", AS_TEXT),
    ("a name", lambda m: m.edited("nip", 5, "Siti"), "KA-E401", "A12", AS_TEXT),
    ("true or false", lambda m: m.edited("nip", 5, True), "KA-E401", "A12", AS_TEXT),
    ("two damaged, one message", lambda m: m.ekinerja(edit={"A8": "123", "A11": "1905"}), "KA-E401", ("A8", "A11"),
     AS_TEXT),
    ("supervisor of 17 digits", lambda m: m.edited("pegawai_atasan_nip", 1, "19050101201001100"), "KA-E401", "N8",
     AS_TEXT),
    ("empty", lambda m: m.edited("nip", 6, None), "KA-E201", "A13", "Isi sel itu dari sumbernya|Fill the cell"),
    ("month 13", lambda m: m.edited("nip", 2, "190513012010011001"), "KA-E402", "A9", SIASN),
    ("30 February", lambda m: m.edited("nip", 2, "190502302010011001"), "KA-E402", "A9", SIASN),
    ("appointed in month 13", lambda m: m.edited("nip", 2, "190501012010131001"), "KA-E402", "A9", SIASN),
    ("serial 000, cut off by Excel", lambda m: m.edited("nip", 2, "190501012010011000"), "KA-E402", "A9", SIASN),
    ("all end in 000", every(lambda n: n[:15] + "000"), "KA-E402", ALL, SIASN),
    ("sex digit 3", lambda m: m.edited("nip", 2, "190501012010013001"), "KA-E402", "A9", SIASN),
    ("appointed in the future", lambda m: m.edited("nip", 2, "190501012099011001"), "KA-W401", "A9", SIASN),
    ("a formula", lambda m: m.edited("nip", 3, "=A8"), "KA-E109", "A10", "Tempel Khusus|Paste Special"),
    ("blanks and apostrophes are repaired",
     lambda m: m.ekinerja(edit={"A8": "'19050211 201003 1 001", "A9": "19050312\xa0201003 1 002"}), "", "", "",
     {"holds": lambda t: t.appraisals["person"].nunique() == 6 == len(t.appraisals)}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
