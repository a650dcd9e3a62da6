"""The report of a check: format of reference style.md section 7."""

import json
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis.base.errors import Problem
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.read import CheckReport, check
from kinerja_analysis.read.report import ranges


def report(*problems: Problem) -> CheckReport:
    return CheckReport(problems, pd.DataFrame(), ("a.xlsx",), 12480)


NUMERIC = Problem("KA-E104", "error", "penilaian_2025.xlsx", "Atasan", "C128", "nip",
                  others=tuple(f"C{i}" for i in range(129, 546)))  # fmt: skip
LETTER = Problem(
    "KA-E203", "error", "penilaian_2025.xlsx", "Atasan", "F77", "nilai", "95,5o", params={"nearest": "95,5"}
)


def test_address_first_what_was_seen_why_and_repair() -> None:
    text = report(NUMERIC, LETTER).summary("id")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[0] == ("Berkas ditolak: 2 jenis kesalahan pada penilaian_2025.xlsx, 0 peringatan, 0 catatan "
                        "(12.480 baris dibaca, tidak ada yang diubah).")  # fmt: skip
    assert lines[1].startswith('[KA-E104] Lembar "Atasan", sel C128: Nomor pegawai')
    assert lines[2].startswith("Perbaikan: ") and lines[2].endswith("(417 sel lain: C129-C545)")
    assert lines[3] == ('[KA-E203] Lembar "Atasan", sel F77: Isi "95,5o" pada kolom "nilai" bukan angka. '
                        'Maksudnya "95,5"?')  # fmt: skip
    assert 'Was "95,5" meant?' in report(LETTER).summary("en")


def test_files_are_named_when_there_are_several() -> None:
    other = Problem("KA-E101", "error", "b.xlsx")
    assert "penilaian_2025.xlsx, lembar" in report(LETTER, other).summary("id")


def test_the_same_in_many_files_is_said_once_with_every_place() -> None:
    """Twenty files of twenty agencies: one message; another value, or only two places, are told on their own."""
    files = [f"dinas {k}.xlsx" for k in range(20)]
    same = [Problem("KA-W501", "warning", f, "Data") for f in files]
    wrong = [Problem("KA-E203", "error", f, "Data", "F7", "nilai", v, others=("F8",), params={"nearest": ""})
             for f, v in zip(files, ("x", "y", "x", "x"), strict=False)]  # fmt: skip
    text = report(*wrong, *same).summary("id")
    assert text.count("KA-W501") == 1 and text.count("KA-E203") == 2
    assert 'Serupa di 19 tempat lain: dinas 1.xlsx, lembar "Data"; dinas 2' in text and "dinas 12.xlsx" in text
    assert "dinas 13.xlsx" not in text and text.endswith('lembar "Data"; …')
    assert 'Serupa di 2 tempat lain: dinas 2.xlsx, lembar "Data", sel F7 (1 sel lain: F8); dinas 3.xlsx' in text
    assert report(*wrong[:2], *same[:2]).summary("en").count("Likewise") == 0
    notes = [Problem("KA-N306", "note", f, "Data", params={"names": f, "n": 2}) for f in files]
    assert report(*notes).summary("en").count("KA-N306") == 1 and len(report(*notes).to_frame()) == 20


def test_an_input_without_problems() -> None:
    assert report().ok and report().summary("en").startswith("The input can be used")
    assert report()._repr_html_().startswith("<div lang='id'><p>Berkas dapat dipakai")


def test_counts_and_frame() -> None:
    found = report(NUMERIC, LETTER, Problem("KA-W101", "warning", "a"))
    assert found.counts == {"error": 2, "warning": 1, "note": 0, "files": 1, "rows": 12480} and not found.ok
    frame = found.to_frame("en")
    assert frame["count"].tolist() == [418, 1, 1] and frame["other cells"][0] == "C129-C545"


def test_saved_lists_hold_no_formula_and_no_markup_runs(tmp_path: Any) -> None:
    bad = Problem("KA-E202", "error", "a", "S", "A1", "=1+1", '=HYPERLINK("x")<script>')
    found = report(bad)
    book = openpyxl.load_workbook(found.save(tmp_path / "masalah.xlsx"))
    cells = [c for row in book["Masalah"].iter_rows() for c in row]
    assert all(c.data_type != "f" for c in cells) and any(c.value == '=HYPERLINK("x")<script>' for c in cells)
    assert "'=HYPERLINK" in found.save(tmp_path / "masalah.csv").read_text("utf-8-sig").replace('""', '"')
    body = json.loads(found.save(tmp_path / "masalah.json").read_text("utf-8"))
    assert body["counts"]["error"] == 1 and body["problems"][0]["kode"] == "KA-E202"
    assert "<script>" not in found._repr_html_()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((), []),
        (("A1",), ["A1"]),
        (("A1", "A2", "B3", "B5"), ["A1-A2", "B3", "B5"]),
        (("baris 3", "baris 4"), ["baris 3-4"]),
    ],
)
def test_ranges(cells: tuple[str, ...], expected: list[str]) -> None:
    assert ranges(cells) == expected


def test_every_code_has_both_parts_in_both_languages_with_the_same_placeholders() -> None:
    own = {k: v for k, v in messages().items() if k.startswith("problems.KA-")}
    codes = {k.split(".")[1] for k in own}
    assert len(codes) >= 60
    for code in codes:
        for part in ("what", "repair"):
            entry = own[f"problems.{code}.{part}"]
            assert entry["id"] != entry["en"] and placeholders(entry["id"]) == placeholders(entry["en"]), code


def test_every_code_used_has_a_message() -> None:
    import re
    from pathlib import Path

    import kinerja_analysis.base as base

    rooms = Path(base.__file__).parents[1] / "read"
    used = set(re.findall(r'"([EWN]\d{3})"', "".join(p.read_text("utf-8") for p in rooms.glob("*.py"))))
    told = {k.split(".")[1][3:] for k in messages() if k.startswith("problems.KA-")}
    assert used == told


def test_every_reason_of_the_accounting_has_words(make: Any) -> None:
    reasons = set(check(make.ekinerja(edit={"K9": "-", "L9": "-", "M9": "-"}), config=make.config).accounting["reason"])
    assert all(f"problems.accounting.{r or 'kept'}" in messages() for r in reasons) and "not_rated" in reasons
