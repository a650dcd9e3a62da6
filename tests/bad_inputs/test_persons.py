"""Persons: real and synthetic numbers, keys, pseudonyms that are none, names where a unit belongs."""

from __future__ import annotations

from typing import Any

KEY = "kinerja identity create|kinerja identity create"
CLEAR = "Kosongkan sel itu|Clear the cell"
DECLARE = "identifiers|identifiers"
REAL = "198506152010011001"  # invented: no such serial is claimed to exist
PSEUDONYMS = {"config": {"identifiers": "pseudonymous"}}


def real(people: int, supervisors: bool) -> Any:
    """Numbers with possible birth years for the first people, or for all with their supervisors."""

    def build(m: Any) -> Any:
        rows = m.people()
        for i in range(people):
            rows[i][0] = f"19850615201001100{i + 1}"
        for row in rows if supervisors else []:
            row[13] = "19700615199501200" + str(1 + int(row[13][-1]) % 2)
        return m.ekinerja(rows)

    return build


def one_real(m: Any) -> Any:
    return m.edited("nip", 3, REAL)


def pseudonymous(*changes: tuple[str, int, str]) -> Any:
    """Long scores with declared pseudonyms instead of numbers."""

    def build(m: Any) -> Any:
        rows = [[*r[:2], "P" + r[2][-3:], "P" + r[3][-3:], *r[4:]] for r in m.scores()]
        for column, row, value in changes:
            rows[row - 1][m.long_header.index(column)] = value
        return m.text([m.long_header, *rows])

    return build


CASES: list[tuple[Any, ...]] = [
    ("NULL as the superior's name and number", lambda m: m.ekinerja(edit={"N10": "NULL", "O10": "NULL", "E9": "NULL"}),
     "KA-E216", ("N10", "E9"), "Kosongkan sel|Clear the cell", {"also": ("KA-W204",)}),
    ("an acting post only", lambda m: m.edited("is_skp_plt_plh_pjb", 3, "1"), "KA-W506", "H10",
     "baris jabatan tetapnya|row of the permanent post", {"holds": lambda t: len(t.ratings) == 10}),
    ("real numbers with the public key", real(6, True), "KA-E404", "", KEY),
    ("one real number among synthetic ones", one_real, "KA-E403", "A10", "Keluarkan berkas contoh|Take the demo files"),
    ("two supervisors synthetic, six employees real", real(6, False), "KA-E403", tuple(f"N{r}" for r in range(8, 14)),
     "Keluarkan berkas contoh|Take the demo files"),
    ("names with the public key", pseudonymous(("nip_dinilai", 1, "Budi")), "KA-E407", "", KEY,
     {"config": {"identifiers": "other"}}),
    ("pseudonym that looks like a number", pseudonymous(("nip_dinilai", 2, REAL)), "KA-E405", "baris 3", DECLARE,
     PSEUDONYMS),
    ("pseudonym that is an address", pseudonymous(("nip_penilai", 4, "budi@contoh.go.id")), "KA-E405", "baris 5",
     DECLARE, PSEUDONYMS),
    ("pseudonyms that are not declared", pseudonymous(), "KA-E401", tuple(f"baris {n}" for n in range(2, 8)), DECLARE),
    ("number as a pseudonym in a workbook", lambda m: m.workbook([("nip", "tahun", "wilayah", "golongan"),
     [17.0, "2025", "98.01", "III/a"], ["P2", "2025", "98.01", "III/b"]]), "KA-E104", "A2", "sebagai Teks|as Text",
     PSEUDONYMS),
    ("address where a unit is expected", lambda m: m.edited("skp_unor", 2, "budi@contoh.go.id"), "KA-E408", "E9",
     CLEAR),
    ("the person's name as unit", lambda m: m.edited("skp_unor", 2, "Pegawai 2"), "KA-E408", "E9", CLEAR),
    ("the superior's name as agency", lambda m: m.edited("skp_unor_induk", 3, "Atasan 1"), "KA-E408", "F10", CLEAR),
    ("an acting head as unit", lambda m: m.edited("skp_unor", 2, "Unit 0 (Plt. Ani Contoh)"), "KA-E408", "E9", CLEAR),
    ("an acting post is a post", lambda m: m.edited("skp_jabatan", 2, "Plt. Kepala Bidang"), "", "", ""),
    ("a person's name after a label", lambda m: m.edited("hasil_akhir", 4, "Baik (Pegawai 4)"), "KA-E202", "M11",
     "label yang berlaku|valid label"),
    ("a person's name in a time", lambda m: m.edited("waktu_dinilai", 4, "oleh Atasan 1, Senin"), "KA-E207", "P11",
     "30/12/2025 14:05|day first"),
    ("a number as unit", lambda m: m.edited("skp_unor", 4, REAL), "KA-E408", "E11", CLEAR),
    ("a number in groups as post", lambda m: m.edited("skp_jabatan", 4, "NIP 19850615 201001 1 001"), "KA-E408",
     "G11", CLEAR),
    ("a number as criterion", lambda m: m.long(("dimensi", 4, REAL)), "KA-E408", "baris 5", CLEAR),
    ("a number as level", lambda m: m.edited("hasil_kerja", 4, REAL), "KA-E202", "K11", "label yang berlaku|"
     "valid label"),
    ("the person's name as level", lambda m: m.edited("hasil_kerja", 4, "Pegawai 4"), "KA-E202", "K11",
     "label yang berlaku|valid label"),
    ("an address as time", lambda m: m.edited("waktu_dinilai", 4, "budi@contoh.go.id"), "KA-E207", "P11",
     "30/12/2025 14:05|day first"),
    ("a number as score", lambda m: m.wide({"I4": f"x{REAL}"}), "KA-E203", "I4", "angkanya saja|number only"),
    ("a number as year", lambda m: m.edited("tahun_skp", 4, REAL), "KA-E208", "C11", "2025|2025"),
    ("an address as region", lambda m: m.long_book(("wilayah", 3, "budi@contoh.go.id")), "KA-E503", "B4",
     "kode Kemendagri|Kemendagri code"),
    ("a personal column of employees is left out", lambda m: m.workbook([("nip", "tahun", "wilayah", "golongan",
     "Alamat surel"), *([m.nip(i), "2025", "98.01", "III/a", f"budi{i}@contoh.go.id"] for i in (1, 2, 3))]),
     "KA-N302", "E1", "gabungkan menjadi|merge it into"),
    *((f"{header}: a column of employees is no grouping", lambda m, h=header, v=values: m.workbook([("nip", "tahun",
       "wilayah", "golongan", h), *([m.nip(i), "2025", "98.01", "III/a", v[i % 2]] for i in range(1, 9))]),
       "KA-N302", "E1", "gabungkan menjadi|merge it into")
      for header, values in (("Atasan Langsung", ("HASANUDDIN", "NURHAYATI")), ("Koordinator", ("Budi", "Amir")),
                             ("Pembina", ("Ir. Hasanuddin", "Nurhayati, S.Sos")),
                             ("Riwayat Penyakit", ("ya", "tidak")), ("TPP", ("rendah", "tinggi")))),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
