"""Sheets of several sources: roles, raters, criteria; long and wide."""

from __future__ import annotations

from typing import Any

from kinerja_analysis.base.config import MappingConfig

FILL = "Isi sel itu dari sumbernya|Fill the cell from its source"
NAME = "Isi NIP penilai|Fill in the rater"
VALID = "label yang berlaku|valid label"


H, J = (tuple(f"{c}{i}" for i in range(2, 8)) for c in "HJ")


def more(label: str, *values: Any) -> Any:
    """The wide sheet with a further column J."""
    return lambda m: m.wide({"J1": label, **{f"J{i}": v for i, v in enumerate(values, 2)}})


def only_two(t: Any) -> bool:
    return set(t.ratings["criterion"]) == {"disiplin", "kerja_sama"}


CASES: list[tuple[Any, ...]] = [
    ("unknown role", lambda m: m.long(("peran_penilai", 2, "TETANGGA")), "KA-E202", "baris 3", VALID),
    ("misspelt role", lambda m: m.long(("peran_penilai", 4, "ATSAN")), "KA-E202", "baris 5", VALID,
     {"nearest": "ATASAN"}),
    ("role as a number", lambda m: m.long_book(("peran_penilai", 4, 1)), "KA-E202", "E5", VALID),
    ("role empty", lambda m: m.long(("peran_penilai", 2, "")), "KA-E201", "baris 3", FILL),
    ("role says self, people differ", lambda m: m.long(("peran_penilai", 2, "DIRI")), "KA-E508", "baris 3",
     "peran atau nomor penilai|role or the rater's number"),
    ("self with another rater, wide", lambda m: m.wide({"D4": m.nip(5)}), "KA-E508", "E4",
     "peran atau nomor penilai|role or the rater's number"),
    ("same person, role says peer", lambda m: m.long(("peran_penilai", 3, "REKAN")), "KA-E509", "baris 4",
     "Tulis DIRI|Write DIRI"),
    ("superior of himself, wide", lambda m: m.wide({"D2": m.nip(1)}), "KA-E509", "E2", "Tulis DIRI|Write DIRI"),
    ("no rater", lambda m: m.long(("nip_penilai", 1, "")), "KA-E516", "baris 2", NAME),
    ("no rater, wide", lambda m: m.wide({"D3": None}), "KA-E516", "D3", NAME),
    ("no ratee", lambda m: m.long(("nip_dinilai", 5, "")), "KA-E201", "baris 6", FILL),
    ("no criterion", lambda m: m.long(("dimensi", 1, "")), "KA-E201", "baris 2", FILL),
    ("rater is a name", lambda m: m.long(("nip_penilai", 2, "Budi")), "KA-E401", "baris 3", "sebagai teks|as text"),
    ("rater is an error cell", lambda m: m.wide({"D3": "#N/A"}), "KA-E118", "D3", "Ganti dengan nilai|Replace it"),
    ("criteria in words only", lambda m: m.workbook([m.wide_header[:7], *(r[:7] for r in m.pairs())]), "KA-E302", "A1",
     "Tambahkan kolom itu|Add the column"),
    ("a column of words beside the criteria", more("Kesan", *["rajin"] * 6), "KA-N301", "J1",
     "Tidak perlu tindakan|Nothing to do"),
    *((f"{label} beside the criteria", more(label, *range(41, 47)), "KA-N301", "J1",
       "Tidak perlu tindakan|Nothing to do", {"holds": only_two})
      for label in ("Rata-rata", "Total Nilai", "Nilai Akhir", "Usia", "Masa Kerja (th)", "Kelas Jabatan", "Bulan")),
    ("a number of rows beside the criteria", more("No.", *range(1, 7)), "", "", "", {"holds": only_two}),
    ("scores with their words", more("Inovasi", *["80 - Baik", "90 = Amat Baik", "80 - baik", 70, "90", "80 - Baik"]),
     "", "", "", {"holds": lambda t: t.ratings.loc[t.ratings["criterion"] == "inovasi", "score"].tolist()
                  == [80, 90, 80, 70, 90, 80]}),
    ("two words for a score", more("Inovasi", *["80 - Baik", "80 - Cukup"] * 3), "KA-E203", J,
     "menurut skala|on the scale", {"mixed": True}),
    ("a criterion in words of a scale", more("Inovasi", *["Sangat Setuju", "Ragu-ragu", "Tidak Setuju"] * 2), "KA-E203",
     J, "[[mapping]], values|[[mapping]], values", {"mixed": True}),
    ("a summary in words beside the criteria", more("Predikat Akhir", *["Sangat Baik", "Baik"] * 3), "KA-N301", "J1",
     "Tidak perlu tindakan|Nothing to do", {"holds": only_two}),
    ("a criterion in percent", more("Inovasi", *["95%", "90 %"] * 3), "KA-E203", J, "menurut skala|on the scale",
     {"mixed": True}),
    ("few scores and many words", more("Inovasi", 80, 70, *["lewat saja"] * 4), "KA-E203", J[2:],
     "kosongkan sel|clear the cell"),
    ("a value of BerAKHLAK in words", more("Kolaboratif", *["rajin"] * 6), "KA-E203", J, "hapus atau ganti|delete or"),
    ("all criteria in words", lambda m: m.wide({f"{c}{i}": "Setuju" for c in "HI" for i in range(2, 8)}),
     "KA-E203", H + tuple(f"I{i}" for i in range(2, 8)), "menurut skala|on the scale"),
    ("words with declared numbers are read", lambda m: m.wide({f"H{i}": "Setuju" for i in range(2, 8)}), "", "", "",
     {"config": {"mapping": (MappingConfig(table="ratings", columns={"ratee": "nip_dinilai"},
                                           values={"score": {"setuju": "80"}}),)},
      "holds": lambda t: set(t.ratings.loc[t.ratings["criterion"] == "disiplin", "score"]) == {80.0}}),
    ("usual names of roles are read", lambda m: m.long(*(("peran_penilai", i, role) for i, role in enumerate(
        ["Atasan Langsung", "Rekan Sejawat", "Penilaian Diri", "Bawahan Langsung", "Rekan Kerja Setingkat",
         "Diri Sendiri"], 1))), "", "", "", {"holds": lambda t: t.ratings["source"].tolist() == [
             "supervisor", "peer", "self", "subordinate", "peer", "self"]}),
    ("the ratee's superior beside the rater", more("nip_atasan", *["190501012010031900"] * 6), "KA-N305", ("J1", "D1"),
     "Tidak perlu tindakan|Nothing to do", {"mixed": True, "holds": only_two}),
    ("no scale at all", lambda m: m.workbook([[*m.wide_header[:5], *m.wide_header[7:]],
     *([*r[:5], *r[7:]] for r in m.pairs())]), "KA-E302", ("F1", "G1"), "constants.scale_max = …|constants.scale_min"),
    ("a score beside the criteria", more("Nilai", *range(70, 76)), "KA-E314", "J1", "nilai_akhir|nilai_akhir"),
    ("the roles are listed", lambda m: m.long(("peran_penilai", 2, "TETANGGA")), "KA-E202", "baris 3",
     "ATASAN, DIRI, REKAN, BAWAHAN, LAINNYA|ATASAN, DIRI"),
    ("a serial number beside the criteria", more("Urutan", *range(1001, 1007)), "KA-E204",
     tuple(f"J{r}" for r in range(2, 8)), "hapus kolomnya|delete the column",
     {"mixed": True}),
    ("words among the scores of a criterion", more("Inovasi", 80, "baik", 80, "baik", 70, 70), "KA-E203",
     ("J3", "J5"), "angkanya saja|number only"),
    ("self without a rater is read", lambda m: m.long(("nip_penilai", 3, "")), "", "", "",
     {"holds": lambda t: (t.ratings["source"] == "self").sum() == 2}),
    ("no score yet is counted, not read", lambda m: m.long(("nilai", 3, "-")), "", "", "",
     {"holds": lambda t: len(t.ratings) == 5 and t.accounting["set_aside"].sum() == 1}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
