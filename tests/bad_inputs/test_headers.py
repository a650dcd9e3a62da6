"""Headers: misspelt, twice, lost, broken over lines, with blanks and marks nobody sees."""

from __future__ import annotations

from typing import Any

import openpyxl

from kinerja_analysis.base.config import MappingConfig

CORRECT = "Perbaiki judul kolomnya|Correct the header"
ADD = "Tambahkan kolom itu|Add the column"
ONE = "Hapus salah satu kolom|Delete one of the columns"
TWICE = "Ganti judul salah satu kolom|Rename one of the columns"
NOTHING = "Tidak perlu tindakan|Nothing to do"


def header(edit: Any = None, **labels: Any) -> Any:
    """The default export with header cells replaced (and others in ``edit``)."""
    return lambda m: m.ekinerja(edit={f"{column}7": label for column, label in labels.items()} | (edit or {}))


def beside(label: str, like: int, told: Any) -> Any:
    """The default export with a further column Q, made of another one's entries (m, person from 0, entry)."""
    return lambda m: m.ekinerja([[*r, told(m, i, r[like])] for i, r in enumerate(m.people())],
                                header=[*m.ekinerja_header, label])  # fmt: skip


def read_whole(t: Any) -> bool:
    return len(t.appraisals) == 6 and len(t.ratings) == 12 and t.ratings["rater"].nunique() == 2


def long_header(*changes: tuple[int, str]) -> Any:
    def build(m: Any) -> Any:
        labels = list(m.long_header)
        for position, label in changes:
            labels[position] = label
        return m.text([labels, *m.scores()])

    return build


def two_lines(m: Any) -> Any:
    """The three labels of the rating stand one row below the others, under a merged heading."""
    above = [*m.ekinerja_header[:10], "Rating", None, None, *m.ekinerja_header[13:]]
    below = [None] * 10 + list(m.ekinerja_header[10:13])
    place = m.workbook([*m.preamble(6), above, below, *m.people()])
    return merged(place, "K7:M7")


def two_lines_merged(m: Any) -> Any:
    """As ``two_lines``, the other labels merged over both rows, as printed forms have them."""
    return merged(two_lines(m), *(f"{c}7:{c}8" for c in "ABCDEFGHIJNOP"))


def grouped(m: Any) -> Any:
    """Group headings above the real header, as printed forms have them."""
    above = ["Pegawai", None, "SKP", None, None, None, None, None, None, None, "Rating"]
    place = m.workbook([*m.preamble(6), above, m.ekinerja_header, *m.people()], edit={"M11": "BAIKK"})
    return merged(place, "K7:M7")


def two_rows(m: Any) -> Any:
    """A printed form: groups over the labels of their columns; "NIP" stands below the employee and the superior."""
    rows = [[r[0], r[4], r[10], r[11], r[12], r[13], r[14]] for r in m.people()]
    above = ["NIP", "Unit Kerja", "Penilaian", None, None, "Pejabat Penilai", None]
    below = [None, None, "Hasil Kerja", "Perilaku Kerja", "Predikat Kinerja", "NIP", "Nama"]
    return merged(m.workbook([*m.preamble(2), above, below, *rows]), "A3:A4", "B3:B4", "C3:E3", "F3:G3")


def merged(place: Any, *areas: str) -> Any:
    book = openpyxl.load_workbook(place)
    for area in areas:
        book["Data"].merge_cells(area)
    book.save(place)
    return place


CASES: list[tuple[Any, ...]] = [
    ("misspelt", header(K="hasl_kerja"), "KA-E301", "K7", CORRECT, {"nearest": "hasil_kerja"}),
    ("rater misspelt", header(N="pegawai_atasan_nipp"), "KA-E301", "N7", CORRECT, {"nearest": "pegawai_atasan_nip"}),
    ("scale misspelt, wide", lambda m: m.wide({"G1": "skala_mks"}), "KA-E301", "G1", CORRECT,
     {"nearest": "skala_maks"}),
    ("role misspelt, text file", long_header((4, "peran_penila")), "KA-E301", "baris 1", CORRECT,
     {"nearest": "peran_penilai"}),
    ("twice", header(I="hasil_kerja"), "KA-E303", ("I7", "K7"), TWICE),
    ("twice in other letters", header(I="Hasil  Kerja"), "KA-E303", ("I7", "K7"), TWICE),
    ("nip for both people", lambda m: m.workbook([["periode", "wilayah", "nip", "nip", *m.long_header[4:]],
     *m.scores()]), "KA-E303", ("C1", "D1"), TWICE, {"also": ("KA-E302",)}),
    ("wide criterion twice in other letters", lambda m: m.wide({"I1": "disiplin"}), "KA-E303", ("H1", "I1"), TWICE),
    ("wide criterion twice with a hyphen", lambda m: m.wide({"H1": "kerja-sama"}), "KA-E303", ("H1", "I1"), TWICE),
    ("no perilaku_kerja", lambda m: m.renamed("perilaku_kerja", None), "KA-E302", "A7", ADD),
    ("nip renamed", lambda m: m.renamed("nip", "nomor induk"), "KA-E302", "A7", ADD),
    ("label of a level empty", header(K=None), "KA-E302", "K7", ADD, {"also": ("KA-W304",)}),
    ("label of the employee empty", header(A=None), "KA-E302", "A7", ADD, {"also": ("KA-W304",)}),
    ("score called otherwise", long_header((7, "hasil")), "KA-E302", "baris 1", ADD, {"also": ("KA-N301",)}),
    ("rating below a merged heading", two_lines, "", "", "", {"holds": read_whole}),
    ("labels merged with the row below, ratings below a heading", two_lines_merged, "", "", "", {"holds": read_whole}),
    ("header twice, one below the other", lambda m: m.ekinerja([list(m.ekinerja_header), *m.people()]), "", "", "",
     {"holds": read_whole}),
    ("another rater beside the superior", beside("nip_penilai", 13, lambda m, i, v: m.nip(950 + i) if i < 3 else v),
     "KA-E315", ("Q7", "N7"), ONE, {"mixed": True}),
    ("the superior once more", beside("nip_penilai", 13, lambda m, i, v: f"'{v}"), "KA-N305", ("Q7", "N7"), NOTHING,
     {"mixed": True, "holds": read_whole}),
    ("another number of the employee", beside("nip_baru", 0, lambda m, i, v: m.nip(500 + i)), "KA-E315", ("Q7", "A7"),
     ONE, {"mixed": True}),
    ("another predikat", beside("predikat_kinerja", 12, lambda m, i, v: "KURANG" if i == 4 else "Baik "), "KA-E315",
     ("Q7", "M7"), "[[mapping]]|[[mapping]]", {"mixed": True}),
    ("another unit", beside("unit_kerja", 4, lambda m, i, v: "Seksi A"), "KA-W308", ("Q7", "E7"),
     "kolom yang tidak berlaku|does not count", {"mixed": True, "holds": read_whole}),
    ("the unit once more, not everywhere", beside("unit_kerja", 4, lambda m, i, v: v.upper() if i else ""), "KA-N305",
     ("Q7", "E7"), NOTHING, {"mixed": True, "holds": read_whole}),
    ("two columns of raters, one declared", beside("nip_penilai", 13, lambda m, i, v: m.nip(950)), "", "", "",
     {"config": {"mapping": (MappingConfig(table="ekinerja", columns={"supervisor": "nip_penilai"}),)},
      "holds": lambda t: t.ratings["rater"].nunique() == 1}),
    ("header in two rows", two_rows, "", "", "",
     {"holds": lambda t: len(t.appraisals) == 6 and t.ratings["rater"].nunique() == 2
      and not set(t.ratings["rater"]) & set(t.ratings["ratee"]) and set(t.ratings["unit"]) == {"Unit 0", "Unit 1"}}),
    ("status that agrees with the ratings", header(G="status_penilaian", edit={f"G{i}": "Sudah Dinilai" for i in
     range(8, 14)}), "", "", "", {"holds": lambda t: set(t.appraisals["status"]) == {"rated"}}),
    ("status that contradicts the ratings", header(G="Status Penilaian", edit={f"G{i}": "dinilai" for i in range(8, 13)}
     | {"G13": "dikecualikan"}), "KA-W509", "G13", "perbaiki statusnya|correct the status",
     {"holds": lambda t: set(t.appraisals["status"]) == {"rated"}}),
    ("status of another kind", header(G="status_penilaian", edit={f"G{i}": "dinilai" for i in range(8, 13)}
     | {"G13": "final"}), "KA-E202", "G13", "dinilai, belum dinilai|dinilai, belum dinilai"),
    ("status of the person beside the ratings", header(G="Status"), "KA-N301", "G7",
     "Tidak perlu tindakan|Nothing to do", {"holds": lambda t: set(t.appraisals["status"]) == {"rated"}}),
    ("numbered labels", header(A="1. nip", K="11. hasil_kerja", L="12. perilaku_kerja", M="13. hasil_akhir"),
     "KA-E301", ("K7", "L7"), CORRECT, {"also": ("KA-E302", "KA-W303")}),
    ("supervisor called otherwise", header(N="pejabat penilai kinerja"), "KA-W303", "N7", "ganti judulnya|rename"),
    ("a label that is not ours", header(G="lokasi kerja"), "KA-N301", "G7", "Tidak perlu tindakan|Nothing to do"),
    ("table without known columns", lambda m: m.workbook([["a", "b"], [1, 2]]), "KA-E304", "",
     "satu baris judul kolom|one header row"),
    ("laporan SKP without a year", lambda m: m.workbook([["nip", "nama", "skp_status"], [m.nip(1), "x", "draft"]]),
     "KA-E505", "A1", "--year 2025|--year 2025", {"also": ("KA-E510", "KA-N303")}),
    ("year header lost", lambda m: m.text([("x", "wilayah", "nip", "golongan"), ["2025", "98.01", m.nip(1), "III/a"]]),
     "KA-E505", "baris 1", "kolom tahun|column tahun", {"also": ("KA-N304",)}),
    ("group headings above", grouped, "KA-E202", "M11", "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("line breaks, blanks, capitals", header(A=" NIP\xa0", K="Hasil\nKerja", L="PERILAKU KERJA  ", P="waktu dinilai "),
     "", "", "", {"holds": lambda t: len(t.ratings) == 12 and t.appraisals["rated_at"].notna().all()}),
    ("marks of a UTF-8 file in the first cell", header(A="\ufeffnip"), "", "", "",
     {"holds": lambda t: len(t.ratings) == 12}),
    ("marks of a UTF-8 file, twice", lambda m: m.raw("\ufeff".encode() + "\ufeff".encode() + m.long().read_bytes(),
     "nilai.csv"), "", "", "", {"holds": lambda t: len(t.ratings) == 6}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
