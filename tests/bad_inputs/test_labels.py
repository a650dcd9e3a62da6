"""Levels, predikat and other labels: unknown never becomes a value, and the nearest one is offered."""

from __future__ import annotations

import datetime as dt
from typing import Any

VALID = "label yang berlaku|valid label"
LABEL = "Ganti angka dengan labelnya|Replace the numbers by their labels"


def no_levels(m: Any) -> Any:
    return m.ekinerja(edit={"L9": "-", "M9": "-"})


CASES: list[tuple[Any, ...]] = [
    ("unknown level", lambda m: m.edited("hasil_kerja", 3, "MEMUASKAN"), "KA-E202", "K10", VALID),
    ("misspelt level", lambda m: m.edited("perilaku_kerja", 2, "SESUAI EKSPEKTAS"), "KA-E202", "L9",
     "Cari dan Ganti|Find and Replace", {"nearest": "SESUAI EKSPEKTASI"}),
    ("unknown predikat", lambda m: m.edited("hasil_akhir", 1, "PERLU PEMBINAAN"), "KA-E202", "M8", VALID),
    ("letters swapped", lambda m: m.edited("hasil_akhir", 4, "BIAK"), "KA-E202", "M11", VALID, {"nearest": "BAIK"}),
    ("misspelt in three rows", lambda m: m.ekinerja(edit={f"M{r}": "BUTUH PERBAIKN" for r in (8, 10, 13)}), "KA-E202",
     ("M8", "M10", "M13"), "Cari dan Ganti|Find and Replace", {"nearest": "BUTUH PERBAIKAN"}),
    ("predikat in the column of levels", lambda m: m.edited("hasil_kerja", 2, "BAIK"), "KA-E202", "K9", VALID),
    ("a date in the column of levels", lambda m: m.edited("hasil_kerja", 2, dt.datetime(2025, 4, 3)), "KA-E202", "K9",
     VALID),
    ("true in the column of levels", lambda m: m.edited("hasil_kerja", 2, True), "KA-E202", "K9", VALID),
    ("several unknown levels", lambda m: m.ekinerja(edit={"K9": "SE", "K10": "Memenuhi", "K12": "SE"}), "KA-E202",
     ("K9", "K10", "K12"), VALID, {"mixed": True}),
    ("words for no value", lambda m: m.ekinerja(edit={"M9": "TMS", "M10": "n/a"}), "KA-E202", ("M9", "M10"),
     'tidak ada nilai ("TMS")|no value ("TMS")', {"mixed": True}),
    ("several slips", lambda m: m.ekinerja(edit={"M9": "Sgt Baik", "M10": "Sangt Baik"}), "KA-E202", ("M9", "M10"),
     '"Sangt Baik" = SANGAT BAIK|"Sangt Baik" = SANGAT BAIK', {"mixed": True, "nearest": "SANGAT BAIK"}),
    ("NULL as a level", lambda m: m.edited("hasil_kerja", 2, "NULL"), "KA-E216", "K9", "Kosongkan sel|Clear the cell",
     {"also": ("KA-W202",)}),
    ("a very long text", lambda m: m.edited("hasil_kerja", 2, "sesuai " * 4000), "KA-E202", "K9", VALID),
    ("marks instead of a level", lambda m: m.edited("hasil_kerja", 2, "???"), "KA-E202", "K9", VALID),
    ("no skp, misspelt", lambda m: m.edited("hasil_kerja", 2, "Tidak Membuta SKP"), "KA-E202", "K9", VALID),
    ("level as a bare number", lambda m: m.edited("hasil_kerja", 1, 2), "KA-E213", "K8", LABEL),
    ("predikat as a number in text", lambda m: m.edited("hasil_akhir", 1, "4"), "KA-E213", "M8", LABEL),
    ("level zero", lambda m: m.edited("perilaku_kerja", 5, 0), "KA-E213", "L12", "best_first|best_first"),
    ("code outside the declared three", lambda m: m.edited("hasil_kerja", 1, 4), "KA-E202", "K8", VALID,
     {"config": {"codes": "best_first"}}),
    ("istimewa for an employee", lambda m: m.edited("hasil_akhir", 1, "ISTIMEWA"), "KA-W201", "M8",
     "predikat pegawai|employee's predikat"),
    ("word of the old rule", lambda m: m.edited("hasil_akhir", 1, "AMAT BAIK"), "KA-W203", "M8", "berlaku sekarang|"
     "in force today"),
    ("only one of two ratings", no_levels, "KA-W202", "L9", "Minta penilai menyelesaikan|Ask the rater to finish"),
    ("label with a mark", lambda m: m.edited("hasil_akhir", 2, "BAIK*"), "KA-W209", "M9",
     "labelnya saja|the label alone", {"seen": "BAIK*"}),
    ("label with a slip", lambda m: m.edited("hasil_kerja", 2, "SESUAI EKSPETASI"), "KA-W209", "K9",
     "labelnya saja|the label alone", {"seen": "SESUAI EKSPETASI"}),
    ("rated without supervisor", lambda m: m.edited("pegawai_atasan_nip", 2, "-"), "KA-W204", "N9",
     "Lengkapi NIP atasan|Complete the supervisor's NIP"),
    ("acting flag that is none", lambda m: m.edited("is_skp_plt_plh_pjb", 2, "mungkin"), "KA-E211", "H9",
     "ya atau tidak|ya or tidak"),
    ("acting flag of 2", lambda m: m.edited("is_skp_plt_plh_pjb", 3, "2"), "KA-E211", "H10", "1 atau 0|1 or 0"),
    ("unknown employment", lambda m: m.edited("jenis_pegawai", 2, "honorer"), "KA-E202", "J9", VALID),
    ("misspelt employment", lambda m: m.edited("jenis_pegawai", 2, "ppk"), "KA-E202", "J9", VALID,
     {"nearest": "pppk"}),
    ("a date made of 3-4 in the unit", lambda m: m.edited("skp_unor", 2, dt.datetime(2025, 4, 3)), "KA-E215", "E9",
     "sebagai Teks|as Text"),
    ("error cell", lambda m: m.edited("hasil_kerja", 2, "#N/A"), "KA-E118", "K9", "Ganti dengan nilai yang benar|"
     "Replace it with the right value"),
    ("formula without value", lambda m: m.edited("hasil_kerja", 2, '="BAIK"'), "KA-E109", "K9",
     "Tempel Khusus|Paste Special"),
    ("other spellings are the same", lambda m: m.ekinerja(edit={"K8": "di atas ekspektasi", "K9": "Sesuai"}), "", "",
     "", {"holds": lambda t: t.ratings["score"].tolist()[:2] == [3.0, 2.0]}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
