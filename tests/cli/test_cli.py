"""The command: exit codes, a sentence instead of a traceback, nothing written when the input is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def kinerja(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, text=True, encoding="utf-8",
        cwd=cwd, env={**os.environ, "MPLBACKEND": "Agg", **env}, timeout=300,
    )  # fmt: skip


def test_help_and_version() -> None:
    assert kinerja("--version").stdout.startswith("kinerja")
    shown = kinerja("--help").stdout
    for command in ("demo", "check", "audit", "report", "compare", "template", "simulate", "config", "explain", "lab"):
        assert command in shown


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "tidak_ada.xlsx"), 2),
        (("audit", "tidak_ada.xlsx"), 2),
        (("check", "n" * 300 + ".xlsx"), 2),
        (("nonsense",), 2),
        (("check",), 2),
        (("config", "--config", "tidak_ada.toml"), 2),
        (("explain", "KA-E999"), 2),
        (("report", "--out", "tidak_ada"), 2),
        (("simulate", "x", "--scenario", "tidak_ada"), 2),
        (("simulate", "x", "--size", "-1"), 2),
        (("simulate", "x", "--size", "30"), 2),
        (("demo", "--seed", "-1"), 2),
        (("config", "--json"), 0),
        (("lab", "--dry-run"), 0),
    ],
)
def test_exit_codes_without_traceback(arguments: tuple[str, ...], code: int) -> None:
    done = kinerja(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_refused_input_writes_no_report(tmp_path: Path) -> None:
    (tmp_path / "nilai.csv").write_text("nip;hasil\n1;2\n", encoding="utf-8")
    done = kinerja("audit", "nilai.csv", "--region", "76.02", "--year", "2025", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "reports").exists()


def test_check_as_json_and_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "nilai.csv").write_text("nip;hasil\n1;2\n", encoding="utf-8")
    done = kinerja("check", "nilai.csv", "--json", "--no-write", cwd=tmp_path)
    shown = json.loads(done.stdout)
    assert done.returncode == 3 and not shown["ok"]
    assert all({"code", "severity", "cell", "what", "repair"} <= set(p) for p in shown["problems"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nilai.csv"]
    english = kinerja("check", "nilai.csv", "--no-write", "--lang", "en", cwd=tmp_path).stdout
    indonesian = kinerja("check", "nilai.csv", "--no-write", cwd=tmp_path).stdout
    assert english != indonesian


def test_lines_are_named_in_the_language_asked_for(tmp_path: Path) -> None:
    """The cell, the other cells and a first place in a sentence are words: of the JSON as of the text."""
    rows = "tahun;wilayah;nip;nip;indikator;aspek;target;realisasi;arah\n"
    (tmp_path / "dua.csv").write_text(rows + "2025;98.01;1;2;a;kuantitas;1;1;naik\n", encoding="utf-8")
    (tmp_path / "nilai.csv").write_text(rows.replace(";nip;nip", ";nip") + "2025;98.01;1;a;kuantitas;1;1;naik\n" * 3,
                                        encoding="utf-8")  # fmt: skip
    for lang, word, other in (("en", "line", "baris"), ("id", "baris", "line")):
        done = kinerja("check", "dua.csv", "nilai.csv", "--json", "--no-write", "--lang", lang, cwd=tmp_path)
        told = json.loads(done.stdout)["problems"]
        cells = [c for p in told for c in (p["cell"], *p["others"])]
        assert f"{word} 1" in cells and {f"{word} {n}" for n in (2, 3, 4)} <= {*cells}
        assert not [c for c in cells if c.startswith(other)]
        (twice,) = (p["what"] for p in told if p["code"] == "KA-E303")
        assert f"{word} 1" in twice and other not in twice


def test_a_console_of_another_code_page_does_not_stop_it() -> None:
    done = kinerja("explain", "KA-E104", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr


def test_a_finding_is_explained_by_its_question_and_sentence() -> None:
    done = kinerja("explain", "halo.some", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Are criteria rated alike") and "profile slope" in " ".join(done.stdout.split())
    assert kinerja("explain", "halo.no_such_finding").returncode == 2


def test_demo_files_are_the_same_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        done = kinerja("simulate", str(tmp_path / name), "--size", "0.1", "--seed", "3")
        assert done.returncode == 0, done.stderr
    texts = [sorted((p.name, p.read_bytes()) for p in (tmp_path / n).rglob("*.csv")) for n in ("a", "b")]
    assert texts[0] == texts[1] != []


def test_an_old_problem_list_does_not_outlive_its_problems(tmp_path: Path) -> None:
    import openpyxl

    head = "tahun;wilayah;nip;unor;golongan\n"
    (tmp_path / "pegawai.csv").write_text(f"{head}2025;76.02;123;U;III/a\n", encoding="utf-8")
    assert kinerja("check", "pegawai.csv", cwd=tmp_path).returncode == 3
    rows = [r[0].value for r in openpyxl.load_workbook(tmp_path / "masalah.xlsx").active.iter_rows()]
    assert rows == ["kode", "KA-E401"]
    (tmp_path / "pegawai.csv").write_text(f"{head}2025;76.02;190501012010011001;U;III/a\n", encoding="utf-8")
    assert kinerja("check", "pegawai.csv", cwd=tmp_path).returncode == 0
    rows = [r[0].value for r in openpyxl.load_workbook(tmp_path / "masalah.xlsx").active.iter_rows()]
    assert rows == ["kode"]


def test_a_row_of_a_report_is_found_in_its_file(tmp_path: Path) -> None:
    """Reports give files by number: with the same input the program says which file it is."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("nip;hasil\n1;2\n", encoding="utf-8")
    said = kinerja("explain", "2:1:1078", ".", "--lang", "en", cwd=tmp_path).stdout
    assert "Row 1078, sheet 1, file b.csv" in said
    for arguments in (("2:1:1078",), ("3:1:2", ".")):
        refused = kinerja("explain", *arguments, cwd=tmp_path)
        assert refused.returncode == 2 and arguments[0] in refused.stderr


def test_a_folder_annotated_again_names_each_copy_once(tmp_path: Path) -> None:
    (tmp_path / "nilai.csv").write_text("nip;unor\n123;A\n", encoding="utf-8")
    for _ in range(3):
        done = kinerja("check", str(tmp_path), "--annotate", "--region", "76.02", "--year", "2025")
        assert done.stdout.count("Salinan bertanda disimpan") == 1, done.stdout
        assert sorted(p.name for p in tmp_path.glob("*.*")) == ["masalah.xlsx", "nilai.csv", "nilai_ditandai.xlsx"]


def test_the_guesses_go_on_with_the_configuration_in_use(tmp_path: Path) -> None:
    """With a form of 1 to 10 in a survey's own headers: the key and the regions stay, and nothing grows."""
    import tomllib

    own = tmp_path / "k.toml"
    assert kinerja("identity", "create", "--key", "kunci.key", cwd=tmp_path).returncode == 0
    own.write_text('key_file = "kunci.key"\n\n[regions."98.01"]\nname = "Kabupaten Contoh"\n', encoding="utf-8")
    rows = "\n".join(f"190501012010011{n:03};190502022010012001;Atasan;{v};10" for n, v in ((1, 2), (2, 9)))
    (tmp_path / "survei.csv").write_text(f"NIP yg dinilai;NIP penilai;Sebagai;Disiplin;Inovasi\n{rows}\n", "utf-8")
    command = ("check", "survei.csv", "--region", "98.01", "--year", "2025", "--config")
    assert kinerja(*command, "k.toml", cwd=tmp_path).returncode == 3
    offered = tmp_path / "pemetaan.toml"
    told = tomllib.loads(offered.read_text(encoding="utf-8"))
    assert told["key_file"] == "kunci.key" and list(told["regions"]) == ["98.01"]
    assert [m["constants"] for m in told["mapping"]] == [{"scale_min": 1, "scale_max": 10}]
    first = offered.read_text(encoding="utf-8")
    own.write_text(first, encoding="utf-8")
    (tmp_path / "lain.csv").write_text(f"NIP yg dinilai;NIP penilai;Sebagai;Disiplin;Inovasi\n{rows}\n", "utf-8")
    kinerja("check", "lain.csv", *command[2:], "k.toml", cwd=tmp_path)
    again = offered.read_text(encoding="utf-8")
    assert again.startswith(first.rstrip()) and again.count("[[mapping]]") == 2 and again.count("\n# lalu salin") == 1
