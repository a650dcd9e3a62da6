"""Tables as printed: shifted rows, totals, signatures, repeated headers, subheadings, merged and hidden cells."""

from __future__ import annotations

from typing import Any

import openpyxl

SHIFT = "Geser kembali isi baris|Move the entries of the row back"
DELETE = "hapus barisnya|delete the row"


def shifted(person: int, at: int, by: int) -> Any:
    """One employee's row with its cells from column ``at`` on moved right, or one cell deleted and moved left."""

    def build(m: Any) -> Any:
        rows = m.people()
        row = rows[person - 1]
        rows[person - 1] = [*row[:at], None, *row[at:]] if by > 0 else [*row[:at], *row[at + 1 :]]
        return m.ekinerja(rows)

    return build


def with_rows(after: int, *extra: list[Any]) -> Any:
    """Rows put in below the n-th employee."""

    def build(m: Any) -> Any:
        rows = m.people()
        return m.ekinerja([*rows[:after], *extra, *rows[after:]])

    return build


def at(column: int, text: Any) -> list[Any]:
    return [None] * column + [text]


def printed(m: Any) -> Any:
    """Header and column numbers repeated in the middle, as printed pages have them; a misspelt predikat below."""
    rows = m.people()
    rows[4][12] = "BAIKK"
    numbers = [str(i) for i in range(1, 17)]
    return m.ekinerja([numbers, *rows[:3], list(m.ekinerja_header), numbers, *rows[3:]])


def merged_units(m: Any) -> Any:
    rows = m.people()
    for row in rows[1:]:
        row[4] = None
    book = openpyxl.load_workbook(place := m.ekinerja(rows))
    book["Data"].merge_cells("E8:E13")
    book.save(place)
    return place


def hidden(m: Any) -> Any:
    book = openpyxl.load_workbook(place := m.edited("hasil_akhir", 3, "BAIKK"))
    book["Data"].row_dimensions[10].hidden = True
    book["Data"].column_dimensions["M"].hidden = True
    book.save(place)
    return place


def wide_total(m: Any) -> Any:
    return m.workbook([m.wide_header, *m.pairs(), ["Rata-rata", None, None, None, None, None, None, 80, 70]])


def stacked(m: Any) -> Any:
    """The same table in fewer columns above the whole one."""
    keep = [0, 4, 10, 11, 12, 13]
    above = [[row[i] for i in keep] for row in (m.ekinerja_header, *m.people(4))]
    return m.workbook([*m.preamble(2), *above, [], m.ekinerja_header, *m.people()])


def headless(m: Any) -> Any:
    """Employees' rows above the header: the header was sorted into the data."""
    return m.workbook([*m.preamble(2), *m.people(2), m.ekinerja_header, *m.people(6)[2:]])


def units_above(m: Any) -> Any:
    units = [["unor", "predikat_organisasi"], ["Unit 0", "BAIK"], ["Unit 1", "ISTIMEWA"]]
    return m.workbook([*m.preamble(2), *units, [], m.ekinerja_header, *m.people()])


def bare_supervisor(m: Any) -> Any:
    return m.ekinerja(edit={"N7": None})


def m_nip(serial: int) -> str:
    return f"19050{1 + serial % 9}{10 + serial % 18}2010031{serial:03d}"


CASES: list[tuple[Any, ...]] = [
    ("one row moved right", shifted(3, 0, 1), "KA-E308", "A10", SHIFT, {"also": ("KA-W304",)}),
    ("one row moved right from the middle on", shifted(3, 10, 1), "KA-E308", "N10", SHIFT, {"also": ("KA-W304",)}),
    ("one row moved left", shifted(3, 1, -1), "KA-E308", "N10", SHIFT),
    ("a 360 row moved right", lambda m: m.workbook([m.long_header, *m.scores()[:3], [None, *m.scores()[3]],
     *m.scores()[4:]]), "KA-E308", "C5", SHIFT, {"also": ("KA-W304",)}),
    ("totals at the bottom", with_rows(6, ["Jumlah", None, None, None, None, None, None, None, None, None, 6]),
     "KA-E309", "A14", DELETE),
    ("total in the second column", with_rows(6, [None, "Jumlah seluruhnya", None, 6]), "KA-E309", "A14", DELETE),
    ("count below the numbers", with_rows(6, [6, "JUMLAH", *[None] * 8, "=COUNTA(K8:K13)"]),
     "KA-E309", "A14", DELETE),
    ("average below a 360 sheet", wide_total, "KA-E309", "C8", DELETE),
    ("signature block", with_rows(6, [], at(13, "Mengetahui,"), at(13, "Kepala Dinas"), [], at(13, "Siti Rahma"),
     at(13, "NIP. 190501012010011001")), "KA-E309", ("A15", "A16", "A18", "A19"), DELETE),
    ("remark below the table", with_rows(6, [], ["Keterangan: data sementara"]), "KA-E309", "A15", DELETE),
    ("unit names between the rows", with_rows(3, ["BIDANG UMUM"]), "KA-E309", "A11", DELETE),
    ("names of units that occur between the rows", with_rows(3, ["Unit 1"]), "KA-E309", "A11", DELETE),
    ("totals below a text table", lambda m: m.text([m.long_header, *m.scores(), ["", "", "Rata-rata", "", "", "", "",
     "85", "", "", ""]]), "KA-E309", "baris 8", DELETE),
    ("row of column numbers", with_rows(0, [str(i) for i in range(1, 17)]), "", "", "",
     {"holds": lambda t: len(t.appraisals) == 6 and "numbering" in t.accounting["reason"].tolist()}),
    ("header and numbers repeated on every page", printed, "KA-E202", "M15", "label yang berlaku|valid label",
     {"nearest": "BAIK"}),
    ("header repeated in a text table", lambda m: m.text([m.long_header, *m.scores()[:3], m.long_header,
     *m.scores()[3:]]), "", "", "", {"holds": lambda t: len(t.ratings) == 6}),
    ("unit in merged cells", merged_units, "KA-W305", ("E9", "E10", "E11", "E12", "E13"), "Pisahkan Sel|Unmerge"),
    ("empty rows between", lambda m: m.ekinerja([*m.people()[:2], [], [], *m.people()[2:]], edit={"M13": "BAIKK"}),
     "KA-E202", "M13", "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("hidden row and column", hidden, "KA-E202", "M10", "label yang berlaku|valid label",
     {"nearest": "BAIK", "also": ("KA-N103",)}),
    ("a note beside the table", lambda m: m.ekinerja(edit={"R10": "cek lagi"}), "KA-W304", ("R10", "R7"),
     "kosongkan selnya|clear the cell"),
    ("a pivot on another sheet", lambda m: m.ekinerja(more={"Pivot": [["Label Baris", "Jumlah"], ["Dinas", 6]]},
     edit={"M10": "BAIKK"}), "KA-E202", "M10", "label yang berlaku|valid label",
     {"sheet": "Data", "nearest": "BAIK", "also": ("KA-W301",)}),
    ("a smaller table above", stacked, "KA-E310", "A3", "Pindahkan setiap tabel|Move each table"),
    ("organisational ratings above", units_above, "KA-E310", "A3", "Pindahkan setiap tabel|Move each table"),
    ("employees above the header", headless, "KA-E310", ("A3", "A4"), "Pindahkan setiap tabel|Move each table"),
    ("identity numbers without a header", bare_supervisor, "KA-E311", ("N7", *(f"N{r}" for r in range(8, 14))),
     "satu baris|one row"),
    ("NIP of who signed, alone", with_rows(6, [], [m_nip(950)]), "KA-E313", "A15", "hapus barisnya|delete the row"),
    ("NIP of who signed, below the name", with_rows(6, [], [None, "Kepala Dinas"], [m_nip(950)]), "KA-E313", "A16",
     "hapus barisnya|delete the row", {"also": ("KA-E309",)}),
    ("two sheets, the second damaged", lambda m: m.ekinerja(more={"Sheet2": [m.long_header,
     *m.long_rows(("nilai", 2, "8o"))]}), "KA-E203", "H3", "angkanya saja|number only", {"sheet": "Sheet2"}),
    ("damaged table on a hidden sheet", lambda m: m.ekinerja(more={"Lagi": [m.long_header,
     *m.long_rows(("nilai", 2, "8o"))]}, hidden="Lagi"), "KA-E203", "H3", "angkanya saja|number only",
     {"sheet": "Lagi", "also": ("KA-W105",)}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
