"""Declared mappings that do not fit: columns that are not there, constants and translations that cannot be."""

from __future__ import annotations

from typing import Any

from kinerja_analysis.base.config import MappingConfig

SAME = "Samakan nama kolom|Make the name in the configuration equal"
VALID = "Tulis nilai yang berlaku|Write a value that is valid"
HEADER = ("no", "siapa", "oleh", "sebagai", "hal", "angka")
COLUMNS = {"ratee": "siapa", "rater": "oleh", "source": "sebagai", "criterion": "hal", "score": "angka"}
CONSTANTS = {"scale_min": 0, "scale_max": 100, "period": "2025", "region": "98.01"}


def declared(header: tuple[str, ...] = HEADER, rows: Any = None, **changes: Any) -> dict[str, Any]:
    """Options of a case: a mapping for the file, with other entries."""
    told = {"file": "*.csv", "table": "ratings", "columns": COLUMNS, "constants": CONSTANTS} | changes
    return {"config": {"mapping": (MappingConfig(**told),)}}


def foreign(*changes: tuple[int, int, str]) -> Any:
    """Four scores of another program under its own headers: (line, column, entry) replaced."""

    def build(m: Any) -> Any:
        rows = [[str(i), m.nip(1 + i % 2), m.nip(900, 2), "ATASAN", f"Hal {i // 2}", "80"] for i in range(4)]
        for line, column, value in changes:
            rows[line - 2][column] = value
        return m.text([HEADER, *rows])

    return build


LINES = tuple(f"baris {n}" for n in range(2, 6))
CASES: list[tuple[Any, ...]] = [
    ("column not in the file", foreign(), "KA-E305", "", SAME, declared(columns={**COLUMNS, "unit": "bagian"})),
    ("required column not in the file", foreign(), "KA-E305", "", SAME, 
     declared(columns={**COLUMNS, "score": "nilai"}) | {"also": ("KA-N301",)}),
    ("required column not declared", foreign(), "KA-E302", "baris 1", "[[mapping]]|[[mapping]]",
     {**declared(columns={k: v for k, v in COLUMNS.items() if k != "rater"}), "also": ("KA-N301", "KA-W303")}),
    ("constant that is no role", foreign(), "KA-E306", "", VALID, declared(
     columns={k: v for k, v in COLUMNS.items() if k != "source"}, constants={**CONSTANTS, "source": "TETANGGA"})
     | {"also": ("KA-W303",)}),
    ("constant that is no number", foreign(), "KA-E306", "", VALID, declared(
     constants={**CONSTANTS, "scale_max": "seratus"})),
    ("constants that are no scale", foreign(), "KA-E212", "", "skala_min dan skala_maks|skala_min and skala_maks",
     declared(constants={**CONSTANTS, "scale_max": 0})),
    ("constant that is no period", foreign(), "KA-E209", "", "2025-Q1|2025-Q1", declared(
     constants={**CONSTANTS, "period": "semester"})),
    ("constant that is no region", foreign(), "KA-E503", "", "kode Kemendagri|Kemendagri code", declared(
     constants={**CONSTANTS, "region": "Kab. Antah"})),
    ("translation to a word that is none", foreign(), "KA-E202", LINES, "label yang berlaku|valid label",
     {**declared(values={"source": {"ATASAN": "KEPALA"}}), "seen": "ATASAN"}),
    ("entry that the translation leaves out", foreign((3, 3, "KASI")), "KA-E202", "baris 3", "label yang berlaku|"
     "valid label", declared(values={"source": {"KABID": "ATASAN"}})),
    ("score translated to no number", foreign((3, 5, "A")), "KA-E203", "baris 3", "angkanya saja|number only",
     {**declared(values={"score": {"A": "baik"}}), "seen": "A"}),
    ("damaged cell of a mapped column", foreign((4, 5, "8o")), "KA-E203", "baris 4", "angkanya saja|number only",
     declared()),
    ("mapping for another file", foreign(), "KA-E304", "", "pemetaan.toml|pemetaan.toml", declared(file="*.xlsx")),
    ("header declared in a row that has none", foreign(), "KA-E304", "", "pemetaan.toml|pemetaan.toml",
     declared(header_row=3)),
    ("codes against their words", lambda m: m.workbook([("nip", "tahun", "wilayah", "hasil_kerja", "hasil_kerja_nilai",
     "perilaku_kerja", "nip_atasan"), *([m.nip(i), "2025", "98.01", "DIATAS EKSPEKTASI", 1, "SESUAI EKSPEKTASI",
     m.nip(900, 2)] for i in (1, 2))]), "KA-E511", ("E2", "E3"), "SIASN|SIASN",
     {"config": {"codes": "worst_first"}, "also": ("KA-W501",)}),
    ("scores turned round where 1 is the best", foreign((2, 5, "0")), "", "", "",
     {**declared(codes="best_first"), "holds": lambda t: sorted(t.ratings["score"]) == [20.0, 20.0, 20.0, 100.0]}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
