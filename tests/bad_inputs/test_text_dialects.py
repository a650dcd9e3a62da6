"""Text tables in every dialect: delimiters, quotes, encodings, line ends, lines of the wrong width."""

from __future__ import annotations

from typing import Any

QUOTES = "tanda kutip ganda|double quotes"
SOURCE = "Bandingkan baris terakhir|Compare the last line"
AS_UTF8 = "CSV UTF-8|CSV UTF-8"


def lines(change: Any, **options: Any) -> Any:
    """The default 360 text table, its lines (from 0, the header) changed."""

    def build(m: Any) -> Any:
        text = m.long().read_text(encoding="utf-8").split("\n")[:-1]
        return m.raw(options.get("ending", "\n").join([*change(text), ""]).encode("utf-8"), "nilai.csv")

    return build


def line(n: int, change: Any) -> Any:
    return lines(lambda text: [change(t) if i == n - 1 else t for i, t in enumerate(text)])


def units(*names: str) -> tuple[tuple[str, int, str], ...]:
    return tuple(("unor", i, name) for i, name in enumerate(names, 1))


def accepted(rows: int = 6) -> dict[str, Any]:
    return {"holds": lambda t: len(t.ratings) == rows and t.ratings["score"].sum() == 3 * 80 + 3 * 90}


def odd_utf16(m: Any) -> Any:
    place = m.long(encoding="utf-16")
    place.write_bytes(place.read_bytes()[:-1])
    return place


CASES: list[tuple[Any, ...]] = [
    ("a field too many", line(3, lambda t: t + ";lebih"), "KA-E114", "baris 3", QUOTES),
    ("a field too many on every row", lines(lambda text: [text[0], *(t + ";x" for t in text[1:])]), "KA-E114",
     tuple(f"baris {n}" for n in range(2, 8)), QUOTES),
    ("a field too few on every row", lines(lambda text: [text[0], *(t.rpartition(";")[0] for t in text[1:])]),
     "KA-E114", tuple(f"baris {n}" for n in range(2, 8)), QUOTES),
    ("delimiter inside unquoted text", lambda m: m.long(("unor", 3, "Seksi A; B")), "KA-E114", "baris 4", QUOTES),
    ("decimal comma in a file with commas", lambda m: m.long(("nilai", 2, "80,5"), separator=","), "KA-E114",
     "baris 3", QUOTES),
    ("one row with another delimiter", line(5, lambda t: t.replace(";", ",")), "KA-E114", "baris 5", QUOTES),
    ("last row cut off", lambda m: m.raw(m.long().read_bytes()[:-40], "nilai.csv"), "KA-E114", "baris 7", QUOTES,
     {"also": ("KA-W104",)}),
    ("no last line break", lambda m: m.long(ending=""), "KA-W104", "baris 7", SOURCE),
    ("open quote", lambda m: m.long(("unor", 3, '"Unit')), "KA-E117", "baris 4", "Tutup atau hapus tanda kutip|"
     "Close or remove the quote"),
    ("Windows-1252", lambda m: m.long(("unor", 4, "Café"), encoding="cp1252"), "KA-W103", "baris 5", AS_UTF8),
    ("NUL bytes", lambda m: m.long(("unor", 2, "U\x00nit")), "KA-E113", "baris 3", AS_UTF8),
    ("UTF-16 without its mark", lambda m: m.raw(m.long(encoding="utf-16").read_bytes()[2:], "nilai.csv"), "KA-E113",
     "baris 1", AS_UTF8),
    ("UTF-16 cut in the middle of a letter", odd_utf16, "KA-E113", "baris 1", AS_UTF8),
    ("no text", lambda m: m.raw(b"nip;hasil_kerja\n\x00\x01\x02", "x.csv"), "KA-E113", "baris 2", AS_UTF8),
    ("breaks in quotes above", lambda m: m.long(*units('"Unit\nSatu"', "Unit", '"A\n\nB"'), ("nilai", 5, "8o")),
     "KA-E203", "baris 9", "angkanya saja|number only"),
    ("breaks in quotes, Windows line ends", lambda m: m.raw(m.long(*units('"Unit\nSatu"'), ("nilai", 5, "8o"))
     .read_bytes().replace(b"\n", b"\r\n"), "nilai.csv"), "KA-E203", "baris 7", "angkanya saja|number only"),
    ("doubled quotes", lambda m: m.long(*units('"Unit ""A"""'), ("nilai", 5, "8o")), "KA-E203", "baris 6",
     "angkanya saja|number only"),
    ("title lines above", lines(lambda text: ["Penilaian 360", "Tahun 2025", "", *text[:4],
     text[4].replace(";90;", ";9o;"), *text[5:]]), "KA-E203", "baris 8", "angkanya saja|number only"),
    ("mixed line ends", lambda m: m.raw(m.long(("nilai", 5, "8o")).read_bytes().replace(b"\n", b"\r\n", 3),
     "nilai.csv"), "KA-E203", "baris 6", "angkanya saja|number only"),
    ("empty lines between", lines(lambda text: [*text[:3], "", "", *text[3:4], text[4].replace(";90;", ";9o;"),
     *text[5:]]), "KA-E203", "baris 7", "angkanya saja|number only"),
    ("line ends of old computers", lambda m: m.raw(m.long(("nilai", 5, "8o")).read_bytes().replace(b"\n", b"\r"),
     "nilai.csv"), "KA-E203", "baris 6", "angkanya saja|number only"),
    ("sep= line", lines(lambda text: ["sep=;", *text[:4], text[4].replace(";90;", ";9o;"), *text[5:]]), "KA-E203",
     "baris 6", "angkanya saja|number only"),
    ("tabs", lambda m: m.long(("nilai", 3, "8o"), separator="\t", name="nilai.tsv"), "KA-E203", "baris 4",
     "angkanya saja|number only"),
    ("bars", lambda m: m.long(("nilai", 3, "8o"), separator="|"), "KA-E203", "baris 4", "angkanya saja|number only"),
    ("UTF-16", lambda m: m.long(("nilai", 3, "8o"), encoding="utf-16"), "KA-E203", "baris 4",
     "angkanya saja|number only"),
    ("UTF-8 with its mark", lambda m: m.long(encoding="utf-8-sig"), "", "", "", accepted()),
    ("every field quoted", lambda m: m.text([[f'"{v}"' for v in row] for row in [m.long_header, *m.scores()]]), "",
     "", "", accepted()),
    ("inches", lambda m: m.long(("unor", 5, 'Pipa 5"')), "", "", "",
     {"holds": lambda t: 'Pipa 5"' in t.ratings["unit"].tolist() and len(t.ratings) == 6}),
    ("delimiter at the end of every line", lines(lambda text: [t + ";" for t in text]), "", "", "", accepted()),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
