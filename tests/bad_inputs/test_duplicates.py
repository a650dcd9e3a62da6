"""The same thing told twice: equal rows are merged and counted, contradictions are named at both places."""

from __future__ import annotations

from typing import Any

ONE = "Hapus baris yang keliru|Delete the wrong row"
COPY = "Keluarkan salinan berkas|Take out the copy"
ACHIEVEMENTS = ("periode", "wilayah", "nip", "indikator", "target", "realisasi")


def again(person: int, **changes: Any) -> Any:
    """An employee's row once more at the bottom, with other entries."""

    def build(m: Any) -> Any:
        rows = m.people()
        row = list(rows[person - 1])
        for column, value in changes.items():
            row[m.ekinerja_header.index(column)] = value
        return m.ekinerja([*rows, row])

    return build


def score_again(row: int, *changes: tuple[int, Any]) -> Any:
    """A 360 row once more at the bottom (line 8), with other entries."""

    def build(m: Any) -> Any:
        new = list(m.scores()[row - 1])
        for position, value in changes:
            new[position] = value
        return m.text([m.long_header, *m.scores(), new])

    return build


def undated(m: Any) -> Any:
    rows = [[*r[:3], None, *r[4:15], None] for r in m.people()]
    return m.ekinerja([*rows, [*rows[0][:4], "Unit 7", *rows[0][5:]]])


def twice(first: str, second: str) -> Any:
    """The same table given as two files."""

    def build(m: Any) -> Any:
        return [m.long(name=n) if n.endswith("csv") else m.long_book(name=n) for n in (first, second)]

    return build


def two_achievements(m: Any) -> Any:
    rows = [["2025", "98.01", m.nip(1), "Laporan", "10", done] for done in ("5", "7")]
    return m.text([ACHIEVEMENTS, *rows])


def two_employees(m: Any) -> Any:
    header = ("nip", "tahun", "wilayah", "unor", "golongan")
    return m.workbook([header, *([m.nip(1), "2025", "98.01", unit, "III/a"] for unit in ("Unit 1", "Unit 2"))])


def two_units(m: Any) -> Any:
    header = ("periode", "wilayah", "unor", "predikat_organisasi")
    return m.text([header, *(["2025", "98.01", "Unit 1", p] for p in ("BAIK", "KURANG"))])


def wide_again(m: Any) -> Any:
    pairs = m.pairs()
    return m.workbook([m.wide_header, *pairs, [*pairs[0][:7], 55, 70]])


LINES = tuple(f"baris {n}" for n in range(2, 8))
CASES: list[tuple[Any, ...]] = [
    ("same row twice", again(2), "KA-W502", "A14", COPY),
    ("same row twice in a 360 sheet", score_again(2), "KA-W502", "baris 8", COPY),
    ("same score at another time", score_again(2, (10, "2025-12-02 08:00:00")), "KA-W502", "baris 8", COPY),
    ("same file twice", twice("a.csv", "b.csv"), "KA-W502", LINES, COPY, {"file": "b.csv"}),
    ("same table as two kinds of file", twice("a.csv", "b.xlsx"), "KA-W502", tuple(f"C{n}" for n in range(2, 8)),
     COPY, {"file": "b.xlsx"}),
    ("same pair, two scores", score_again(2, (7, "55")), "KA-E507", ("baris 3", "baris 8"), ONE),
    ("same pair, two scales", score_again(2, (9, "200")), "KA-E507", ("baris 3", "baris 8"), ONE),
    ("criterion in other letters, two scores", score_again(2, (6, "DISIPLIN "), (7, "55")), "KA-E507",
     ("baris 3", "baris 8"), ONE),
    ("wide pair twice", wide_again, "KA-E507", ("C2", "C8"), ONE),
    ("transfer with dates", again(1, skp_unor="Unit 7", periode_akhir_skp="2026-01-31"), "KA-N501", "A8",
     "periksa NIP-nya|check the NIP"),
    ("transfer, told by the time of rating", again(1, skp_unor="Unit 7", waktu_dinilai="2025-12-31 10:00:00"),
     "KA-N501", "A8", "periksa NIP-nya|check the NIP"),
    ("transfer without dates", undated, "KA-W504", "A8", "periode_akhir_skp atau waktu_dinilai|Complete"),
    ("two results of one post at one time", again(1, hasil_kerja="DIBAWAH EKSPEKTASI", hasil_akhir="KURANG"),
     "KA-E514", ("M8", "M14"), "keluarkan berkas lamanya|take out the old file", {"mixed": True}),
    ("own supervisor", lambda m: m.ekinerja(edit={"N9": m.people()[1][0]}), "KA-W205", "N9",
     "Perbaiki data atasan|Correct the supervisor"),
    ("two own supervisors", lambda m: m.ekinerja(edit={f"N{r}": m.people()[r - 8][0] for r in (9, 12)}), "KA-W205",
     ("N9", "N12"), "Perbaiki data atasan|Correct the supervisor"),
    ("indicator twice, two results", two_achievements, "KA-E507", ("baris 2", "baris 3"), ONE),
    ("employee in two units", two_employees, "KA-E507", ("A2", "A3"), ONE),
    ("unit with two ratings", two_units, "KA-E507", ("baris 2", "baris 3"), ONE),
    ("acting post beside the own", again(1, skp_unor="Unit 7", is_skp_plt_plh_pjb="1"), "", "", "",
     {"holds": lambda t: int(t.appraisals["acting"].sum()) == 1 and len(t.appraisals) == 7}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
