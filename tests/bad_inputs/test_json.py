"""Answers of the SIASN web service: damaged, contradicting themselves, or no records at all."""

from __future__ import annotations

import json
from typing import Any

WHOLE = "secara utuh|as a whole"
WORDS = ("DIATAS EKSPEKTASI", "SESUAI EKSPEKTASI", "DIBAWAH EKSPEKTASI")


def record(m: Any, i: int, **changes: Any) -> dict[str, Any]:
    """One result; numbers count from the best, as SIASN does."""
    return {
        "id": f"r{i}", "tahun": 2025, "nip": m.nip(i), "hasilKinerja": WORDS[i % 3], "hasilKinerjaNilai": i % 3 + 1,
        "perilakuKerja": WORDS[1], "PerilakuKerjaNilai": 2, "nipNrpPenilai": m.nip(900, 2), **changes,
    }  # fmt: skip


def answer(i: int, **changes: Any) -> Any:
    """Four results; the i-th with other entries."""

    def build(m: Any) -> Any:
        body = [record(m, n, **(changes if n == i else {})) for n in range(1, 5)]
        return m.raw(json.dumps({"mapData": body}, indent=1).encode(), "siasn.json")

    return build


def everywhere(drop: tuple[str, ...] = (), **changes: Any) -> Any:
    def build(m: Any) -> Any:
        body = [{k: v for k, v in record(m, n, **changes).items() if k not in drop} for n in range(1, 5)]
        return m.raw(json.dumps(body).encode(), "siasn.json")

    return build


def text(change: Any) -> Any:
    """Two results, one entry a line: line 1 "[", line 2 "{", line 3 the first entry."""

    def build(m: Any) -> Any:
        body = json.dumps([record(m, n) for n in (1, 2)], indent=1)
        return m.raw(change(body).encode(), "siasn.json")

    return build


def raw(body: str) -> Any:
    return lambda m: m.raw(body.encode(), "siasn.json")


def lines(*changes: tuple[int, str]) -> Any:
    """One record a line, some lines replaced."""

    def build(m: Any) -> Any:
        told = [json.dumps(record(m, n)) for n in (1, 2, 3)]
        for n, line in changes:
            told[n - 1] = line
        return m.raw("\n".join([*told, ""]).encode(), "siasn.jsonl")

    return build


REGION = {"region": "98.01", "also": ("KA-W501",)}
CASES: list[tuple[Any, ...]] = [
    ("comma missing", text(lambda t: t.replace('"r1",', '"r1"')), "KA-E122", "baris 4", WHOLE),
    ("comma too many", text(lambda t: t.replace("\n }\n]", ",\n }\n]")), "KA-E122", "baris 21", WHOLE),
    ("single quotes", text(lambda t: t.replace('"id": "r1"', "'id': 'r1'")), "KA-E122", "baris 3", WHOLE),
    ("cut off", text(lambda t: t[: t.rindex('"nipNrp')]), "KA-E122", "baris 20", WHOLE),
    ("not a number", text(lambda t: t.replace('"hasilKinerjaNilai": 3', '"hasilKinerjaNilai": NaN')), "KA-E122",
     "baris 17", WHOLE),
    ("infinite", text(lambda t: t.replace('"hasilKinerjaNilai": 3', '"hasilKinerjaNilai": -Infinity')), "KA-E122",
     "baris 17", WHOLE),
    ("number of 5,000 digits", text(lambda t: t.replace('"hasilKinerjaNilai": 3', f'"hasilKinerjaNilai": {"9" * 5000}')
     ), "KA-E122", "", WHOLE),
    ("a web page", raw("<html>login</html>"), "KA-E122", "baris 1", WHOLE),
    ("a text only", raw('"selesai"'), "KA-E122", "", WHOLE),
    ("a list of texts", raw('["a", "b"]'), "KA-E122", "", WHOLE),
    ("nested without end", raw("[" * 100_000), "KA-E122", "", WHOLE),
    ("an error message instead of data", raw('{"success": false, "message": "Token kedaluwarsa"}'), "KA-E304", "",
     "satu baris judul kolom|one header row"),
    ("no records", raw("[]"), "KA-E304", "", "satu baris judul kolom|one header row"),
    ("one damaged line of many", lines((2, '{"tahun": 2025,')), "KA-E122", "baris 2", WHOLE),
    ("entry twice in a record", text(lambda t: t.replace('"id": "r2"', '"hasilKinerja": "SESUAI", "id": "r2"')),
     "KA-E307", "baris 16", "Hapus salah satunya|Delete one"),
    ("entry twice in other letters", answer(3, HasilKinerja="SESUAI"), "KA-E307", "butir 3",
     "Hapus salah satunya|Delete one"),
    ("codes without words or direction", everywhere(drop=("hasilKinerja", "perilakuKerja")), "KA-E213",
     tuple(f"butir {n}" for n in range(1, 5)), "best_first|best_first", REGION),
    ("code against its word", answer(3, hasilKinerja=WORDS[2]), "KA-E511", "butir 3", "SIASN|SIASN",
     {**REGION, "config": {"codes": "best_first"}}),
    ("code outside the three", answer(2, hasilKinerjaNilai=7), "KA-E202", "butir 2", "label yang berlaku|valid label",
     REGION),
    ("unknown word", answer(2, hasilKinerja="LUMAYAN"), "KA-E202", "butir 2", "label yang berlaku|valid label", REGION),
    ("half a letter", answer(2, hasilKinerja="\ud800"), "KA-E202", "butir 2", "label yang berlaku|valid label",
     {**REGION, "seen": "\ud800"}),
    ("nip as a number with decimals", answer(2, nip=1.90501012010011e17), "KA-E104", "butir 2", "sebagai Teks|as Text",
     REGION),
    ("nip empty", answer(4, nip=None), "KA-E201", "butir 4", "Isi sel itu|Fill the cell", REGION),
    ("nip of 17 digits", answer(4, nip="19050101201001100"), "KA-E401", "butir 4", "sebagai teks|as text", REGION),
    ("year as a text", answer(2, tahun="dua ribu"), "KA-E208", "butir 2", "2025|2025", REGION),
    ("region untold", answer(1), "KA-E510", "", "--region|--region", {"also": ("KA-W501",)}),
    ("nip as a whole number is exact", answer(2, nip=190503122010031002), "", "", "",
     {**REGION, "holds": lambda t: len(t.appraisals) == 4}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
