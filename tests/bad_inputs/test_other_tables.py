"""Achievements, units, employees, statuses and records of the old rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

VALID = "label yang berlaku|valid label"
FILL = "Isi sel itu dari sumbernya|Fill the cell from its source"
ONLY = "angkanya saja|number only"
ACHIEVEMENTS = ("periode", "wilayah", "nip", "indikator", "aspek", "target", "realisasi", "arah", "bobot",
                "diukur_oleh")  # fmt: skip
EMPLOYEES = ("nip", "tahun", "wilayah", "unor", "golongan", "jenis_kelamin", "jenis_pegawai")
UNITS = ("periode", "wilayah", "unor", "opd", "predikat_organisasi")
LEGACY = ("tahun", "wilayah", "nip", "nilai_skp", "nilai_perilaku_kerja", "nilai_prestasi_kerja")


def table(header: tuple[str, ...], row: list[Any], column: str, value: Any, book: bool = False) -> Any:
    """Two rows of a table, the second (line 3) with one cell replaced."""

    def build(m: Any) -> Any:
        rows = [[m.nip(i) if v == "NIP" else v for v in row] for i in (1, 2)]
        rows[1][header.index(column)] = value
        return m.workbook([header, *rows]) if book else m.text([header, *rows])

    return build


def achievement(column: str, value: Any) -> Any:
    return table(ACHIEVEMENTS, ["2025", "98.01", "NIP", "Laporan", "kualitas", "10", "8", "naik", "20", "sistem"],
                 column, value)  # fmt: skip


def employee(column: str, value: Any, book: bool = True) -> Any:
    return table(EMPLOYEES, ["NIP", "2025", "98.01", "Unit 1", "III/a", "L", "pns"], column, value, book)


def unit(column: str, value: Any) -> Any:
    def build(m: Any) -> Any:
        rows = [["2025", "98.01", f"Unit {i}", "Dinas", "BAIK"] for i in (1, 2)]
        rows[1][UNITS.index(column)] = value
        return m.text([UNITS, *rows])

    return build


def legacy(column: str, value: Any) -> Any:
    return table(LEGACY, ["2019", "98.01", "NIP", "85", "80", "83"], column, value)


def listed(value: str) -> Any:
    header = ("tahun", "wilayah", "nip", "skp_status")
    return table(header, ["2025", "98.01", "NIP", "persetujuan"], "skp_status", value)


def status(value: str) -> Any:
    header = ("tahun", "wilayah", "nip", "status_penilaian")
    return table(header, ["2025", "98.01", "NIP", "dinilai"], "status_penilaian", value)


def agencies(m: Any, *names: str | None) -> list[list[Any]]:
    """The people of the export, every other one in the next of these agencies."""
    at = m.ekinerja_header.index("skp_unor_induk")
    return [[*r[:at], names[k % len(names)], *r[at + 1 :]] for k, r in enumerate(m.people())]


def shared_unit(*told: str) -> Any:
    """An export with a "Sekretariat" in two agencies, and organisational ratings of such units."""

    def build(m: Any) -> Any:
        at = m.ekinerja_header.index("skp_unor")
        rows = [[*r[:at], "Sekretariat", *r[at + 1 :]] for r in agencies(m, "Dinas A", "Dinas B")]
        header = ("periode", "wilayah", "unor", "skp_unor_induk", "predikat_organisasi")
        lines = [["2025", "98.01", "Sekretariat", opd, "BAIK"] for opd in told]
        return [m.ekinerja(rows), m.text([header, *lines], name="unit.csv")]

    return build


def nobodys(m: Any) -> Any:
    header = ("periode", "wilayah", "nip", "indikator", "target", "realisasi")
    rows = [["2025", "98.01", m.nip(n), "Laporan", "10", "9"] for n in (1, 77, 78)]
    return [m.ekinerja(), m.text([header, *rows], name="capaian.csv")]


def other_periods(m: Any) -> Any:
    """Three people with an annual row, the other three with one of the fourth quarter."""
    edit = {"A1": "Laporan Penilaian SKP Periode Triwulan IV Tahun 2025", "A3": "Periode : Triwulan IV"}
    return [m.ekinerja(m.people()[:3]), m.ekinerja(m.people()[3:], name="tw.xlsx", edit=edit)]


CASES: list[tuple[Any, ...]] = [
    ("achievement in percent beside what was realised", lambda m: m.text([(*ACHIEVEMENTS[:7], "capaian"), [
     "2025", "98.01", m.nip(1), "Laporan", "kualitas", "10", "8", "80"]]), "KA-N305", "baris 1",
     "Tidak perlu tindakan|Nothing to do", {"holds": lambda t: t.achievements["realised"].tolist() == [8.0]}),
    ("achievements of nobody", nobodys, "KA-W512", ("baris 3", "baris 4"), "Periksa NIP, wilayah|Check NIP, region",
     {"file": "capaian.csv"}),
    ("unit of two agencies, none told", shared_unit(""), "KA-W510", "baris 2", "ditulis seperti pada|as it is written",
     {"file": "unit.csv"}),
    ("unit of another agency", shared_unit("Dinas B", "Dinas C"), "KA-W510", "baris 3", "NIP pimpinannya|leader's NIP",
     {"file": "unit.csv"}),
    ("unit of two agencies, each told", shared_unit("Dinas A", "Dinas B"), "", "", "",
     {"holds": lambda t: len(t.units) == 2}),
    ("people of another period only", other_periods, "KA-W511", ("A8", "A9", "A10"),
     "Sertakan berkas 2025|Add the file", {"file": "tw.xlsx"}),
    ("agency told nowhere", lambda m: m.ekinerja(agencies(m, None)), "KA-N512", tuple(f"F{n}" for n in range(8, 14)),
     "skp_unor_induk|skp_unor_induk"),
    ("agency told above the header", lambda m: m.ekinerja(agencies(m, None, "Dinas B"),
     edit={"A4": "Unor Induk :  Dinas  A"}), "", "", "",
     {"holds": lambda t: t.appraisals["opd"].value_counts().to_dict() == {"Dinas A": 3, "Dinas B": 3}}),
    ("unknown direction", achievement("arah", "zigzag"), "KA-E202", "baris 3", VALID),
    ("misspelt direction", achievement("arah", "turn"), "KA-E202", "baris 3", VALID, {"nearest": "turun"}),
    ("unknown aspect", achievement("aspek", "kesopanan"), "KA-E202", "baris 3", VALID),
    ("misspelt aspect", achievement("aspek", "kwalitas"), "KA-E202", "baris 3", VALID, {"nearest": "kualitas"}),
    ("unknown source of the figure", achievement("diukur_oleh", "tetangga"), "KA-E202", "baris 3", VALID),
    ("target empty", achievement("target", ""), "KA-E201", "baris 3", FILL),
    ("result empty", achievement("realisasi", ""), "KA-E201", "baris 3", FILL),
    ("indicator empty", achievement("indikator", ""), "KA-E201", "baris 3", FILL),
    ("employee empty", achievement("nip", ""), "KA-E201", "baris 3", FILL),
    ("weight in percent", achievement("bobot", "20%"), "KA-E203", "baris 3", ONLY, {"nearest": "20"}),
    ("result in words", achievement("realisasi", "tercapai"), "KA-E203", "baris 3", ONLY),
    ("unknown organisational rating", unit("predikat_organisasi", "LUAR BIASA"), "KA-E202", "baris 3", VALID),
    ("misspelt organisational rating", unit("predikat_organisasi", "ISTIMEWAA"), "KA-E202", "baris 3", VALID,
     {"nearest": "ISTIMEWA"}),
    ("organisational rating as a number", unit("predikat_organisasi", "5"), "KA-E213", "baris 3", "best_first|"
     "best_first"),
    ("unit empty", unit("unor", ""), "KA-E201", "baris 3", FILL),
    ("unit's period unknown", unit("periode", "2025-Q7"), "KA-E209", "baris 3", "2025-Q1|2025-Q1"),
    ("unknown sex", employee("jenis_kelamin", "X"), "KA-E202", "F3", VALID),
    ("misspelt sex", employee("jenis_kelamin", "perempuam"), "KA-E202", "F3", VALID, {"nearest": "perempuan"}),
    ("unknown employment", employee("jenis_pegawai", "honorer"), "KA-E202", "G3", VALID),
    ("grade turned into a date", employee("golongan", dt.datetime(2025, 4, 3)), "KA-E215", "E3", "sebagai Teks|"
     "as Text"),
    ("employee's year empty", employee("tahun", None), "KA-E201", "B3", FILL),
    ("employee's number empty", employee("nip", None), "KA-E201", "A3", FILL),
    ("predikat in a list of employees", table((*EMPLOYEES, "Predikat Kinerja"), ["NIP", "2025", "98.01", "Unit 1",
     "III/a", "L", "pns", "Baik"], "golongan", "III/b", True), "KA-E312", "H1",
     "pegawai_atasan_nip|pegawai_atasan_nip"),
    ("means by role in a list of employees", table((*EMPLOYEES, "Nilai Atasan", "Rekan"), ["NIP", "2025", "98.01",
     "Unit 1", "III/a", "L", "pns", 81, 82], "golongan", "III/b", True), "KA-E312", ("H1", "I1"), "360|360"),
    ("predikat of people without numbers", lambda m: m.workbook([["Nama", "Jabatan", "Unit Kerja", "Predikat"],
     ["x", "Staf", "Unit 1", "Baik"], ["y", "Staf", "Unit 2", "Baik"]]), "KA-E312", "D1", "predikat_organisasi|"
     "predikat_organisasi"),
    ("recap beside the ratings", lambda m: m.ekinerja(more={"Rekap": [["No", "Unit Kerja", "Jumlah Pegawai",
     "Predikat"], [1, "Unit 0", 3, "BAIK"]]}), "KA-W306", "D1", "predikat_organisasi|predikat_organisasi",
     {"also": ("KA-N301",), "sheet": "Rekap", "holds": lambda t: t.units.empty}),
    ("unknown status", status("sudah lengkap"), "KA-E202", "baris 3", VALID),
    ("unknown status of an SKP", listed("menunggu"), "KA-E202", "baris 3", VALID, {"also": ("KA-N303",)}),
    ("misspelt status of an SKP", listed("persetujuann"), "KA-E202", "baris 3", VALID,
     {"nearest": "persetujuan", "also": ("KA-N303",)}),
    ("number above 100 under the old rule", legacy("nilai_prestasi_kerja", "108"), "KA-E204", "baris 3",
     "Perbaiki nilai|Correct the score"),
    ("part above 100 under the old rule", legacy("nilai_perilaku_kerja", "801"), "KA-E204", "baris 3",
     "Perbaiki nilai|Correct the score"),
    ("number with a letter under the old rule", legacy("nilai_prestasi_kerja", "83x"), "KA-E203", "baris 3", ONLY,
     {"nearest": "83"}),
    ("number after the old rule", legacy("tahun", "2023"), "KA-W207", "baris 3", "Periksa tahunnya|Check the year"),
    ("target of zero where less is better", achievement("target", "0"), "KA-W513", "baris 3",
     "paling banyak 4 pengaduan, arah turun|at most 4 complaints", {"seen": "0",
     "holds": lambda t: t.achievements["target"].tolist() == [10.0, 0.0]}),
    ("targets of zero and below in a workbook", table(ACHIEVEMENTS, ["2025", "98.01", "NIP", "Pengaduan", "kualitas",
     0, 2, "turun", 20, "sistem"], "target", -1, True), "KA-W513", ("F2", "F3"), "Jangan mengganti 0|in place of 0",
     {"mixed": True}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
