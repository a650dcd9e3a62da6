"""The row accounting as the check shows it."""

import json
from typing import Any

import pandas as pd
from click.testing import CliRunner

from kinerja_analysis.base.tables import ACCOUNTING
from kinerja_analysis.cli import cli
from kinerja_analysis.read import check
from kinerja_analysis.read.rows import MOST, by_file, in_words


def export(make: Any) -> Any:
    """Six people: one acting, one not rated, a repeated row and a blank one between them."""
    rows = make.people()
    rows[1][7] = "1"
    rows[2][10], rows[2][11], rows[2][12] = "-", "-", "-"
    return make.ekinerja([*rows, [], rows[0]])


def test_a_line_per_file_and_table_with_every_reason(make: Any) -> None:
    report = check(export(make), config=make.config)
    assert in_words(report.accounting, report.files, "id").splitlines() == [
        "Setiap baris tercatat (dibaca = dipakai + digabung + disisihkan):",
        " penilaian.xlsx, hasil SKP: 8 baris = 6 + 1 + 1: 1 baris kosong; 1 baris yang sama persis",
        " penilaian.xlsx, penilaian: 8 baris = 4 + 1 + 3: 1 jabatan Plt/Plh/Pj (orang hanya dihitung pada "
        "jabatan tetapnya); 1 baris kosong; 1 baris yang sama persis; 1 baris tanpa penilaian (termasuk tanpa SKP)",
    ]  # fmt: skip


def test_records_by_file(make: Any) -> None:
    report = check(export(make), config=make.config)
    assert by_file(report.accounting, report.files) == [
        {"file": "penilaian.xlsx", "table": "appraisals", "rows": 8, "kept": 6, "merged": 1, "set_aside": 1,
         "reasons": {"blank": 1, "duplicate": 1}},
        {"file": "penilaian.xlsx", "table": "ratings", "rows": 8, "kept": 4, "merged": 1, "set_aside": 3,
         "reasons": {"acting": 1, "blank": 1, "duplicate": 1, "not_rated": 1}},
    ]  # fmt: skip
    assert by_file(pd.DataFrame(), []) == [] and in_words(pd.DataFrame(), [], "en") == ""


def test_many_files_are_told_together() -> None:
    lines = [(i, 1, "units", 10, 10, 0, 0, "") for i in range(1, MOST + 2)]
    told = in_words(pd.DataFrame(lines, columns=ACCOUNTING), [f"{i}.csv" for i in range(MOST + 1)], "en")
    assert told.splitlines()[1:] == [" 25 files, organisational ratings: 250 rows = 250 + 0 + 0"]


def test_check_prints_the_rows_and_gives_them_as_json(make: Any) -> None:
    place, settings = export(make), make.folder / "kinerja.toml"
    settings.write_text('[regions."98.01"]\nname = "Kabupaten Contoh"\n', encoding="utf-8")
    shown = CliRunner().invoke(cli, ["check", str(place), "--no-write", "--lang", "id"])
    assert shown.exit_code == 0 and "penilaian.xlsx, hasil SKP: 8 baris = 6 + 1 + 1" in shown.output.replace("\n", " ")
    told = json.loads(CliRunner().invoke(cli, ["check", str(place), "--no-write", "--json"]).output)
    assert [(r["table"], r["rows"]) for r in told["accounting"]] == [("appraisals", 8), ("ratings", 8)]
    assert told["accounting"][1]["reasons"] == {"acting": 1, "blank": 1, "duplicate": 1, "not_rated": 1}
