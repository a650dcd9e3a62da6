"""``kinerja template``: what it writes, ``kinerja check`` reads without a finding; nothing is overwritten unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

BOSS, OTHER = "190203042005012002", "190709102006011005"
CONFIG = '[regions."98.01"]\nname = "Kabupaten Contoh"\n'


def kinerja(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, text=True, encoding="utf-8",
        cwd=cwd, env={**os.environ, "MPLBACKEND": "Agg"}, timeout=300,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration and 360 ratings by two superiors who share no employee."""
    (tmp_path / "kinerja.toml").write_text(CONFIG, encoding="utf-8")
    lines = ["nip_dinilai;nip_penilai;peran_penilai;dimensi;nilai;skala_min;skala_maks;periode;wilayah"]
    for i in range(1, 7):
        boss = BOSS if i < 4 else OTHER
        lines.append(f"19050101201001100{i};{boss};ATASAN;Disiplin;{i};1;7;2025;98.01")
    (tmp_path / "nilai.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_several_kinds_in_one_workbook_in_both_languages(folder: Path) -> None:
    done = kinerja("template", "360", "pegawai", "--criteria", "Disiplin, Kerja Sama", "--scale", "0-100", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "templat_360_pegawai.xlsx (Penilaian 360, Pegawai)" in done.stdout
    page = openpyxl.load_workbook(folder / "templat_360_pegawai.xlsx")["Penilaian 360"]
    assert [c.value for c in page[1]][8:12] == ["Disiplin", "Kerja Sama", "skala_min", "skala_maks"]
    shown = json.loads(kinerja("check", "templat_360_pegawai.xlsx", "--json", cwd=folder).stdout)
    assert shown["ok"] and shown["problems"] == []
    done = kinerja("template", "unit", "--lang", "en", "--out", "units.xlsx", "--json", cwd=folder)
    told = json.loads(done.stdout)
    assert told == {"file": "units.xlsx", "sheets": "Units", "written": True, "before": None, "after": None}
    assert openpyxl.load_workbook(folder / "units.xlsx").sheetnames[0] == "Instructions"


def test_a_file_that_is_there_needs_force_and_a_dry_run_writes_nothing(folder: Path) -> None:
    assert kinerja("template", "unit", "--dry-run", cwd=folder).returncode == 0
    assert not list(folder.glob("*.xlsx"))
    (folder / "templat_unit.xlsx").write_text("isi lama", encoding="utf-8")
    done = kinerja("template", "unit", cwd=folder)
    assert done.returncode == 2 and "--force" in done.stderr and "Traceback" not in done.stderr
    assert (folder / "templat_unit.xlsx").read_text(encoding="utf-8") == "isi lama"
    assert kinerja("template", "unit", "--force", cwd=folder).returncode == 0
    assert openpyxl.load_workbook(folder / "templat_unit.xlsx").sheetnames[1] == "Unit"


def test_rows_of_a_list_are_prefilled_or_refused_at_their_cell(folder: Path) -> None:
    (folder / "baris.csv").write_text(
        f"nip_dinilai,nip_penilai,peran_penilai\n190501012010011001,{OTHER},REKAN\n", encoding="utf-8"
    )
    asked = ("template", "360", "--rows", "baris.csv", "--region", "98.01", "--period", "2025-Q2", "--long")
    assert kinerja(*asked, "--criteria", "Disiplin", cwd=folder).returncode == 0
    page = openpyxl.load_workbook(folder / "templat_360.xlsx")["Penilaian 360"]
    row = dict(zip((c.value for c in page[1]), (c.value for c in page[2]), strict=True))
    assert {k: v for k, v in row.items() if v is not None} == {
        "periode": "2025-Q2", "wilayah": "98.01", "nip_dinilai": "190501012010011001", "nip_penilai": OTHER,
        "peran_penilai": "REKAN", "dimensi": "Disiplin", "skala_min": 1, "skala_maks": 10,
    }  # fmt: skip
    (folder / "baris.csv").write_text(f"nip_dinilai,nip_penilai\n1,90501E+17;{OTHER}\n", encoding="utf-8")
    done = kinerja(*asked, "--force", cwd=folder)
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr
    (folder / "baris.csv").write_text(f"nip_dinilai;nip_penilai\n1905;{OTHER}\n", encoding="utf-8")
    done = kinerja(*asked, "--force", cwd=folder)
    assert done.returncode == 3 and "KA-E401" in done.stderr and "C2" in done.stderr


def test_suggested_rows_come_from_the_input_files(folder: Path) -> None:
    done = kinerja("template", "360", "--suggest", "3", "--from", "nilai.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "3 penilaian tambahan" in done.stdout and "tidak terhubung" in done.stdout
    page = openpyxl.load_workbook(folder / "templat_360.xlsx")["Penilaian 360"]
    header = [c.value for c in page[1]]
    rows = [dict(zip(header, row, strict=True)) for row in page.iter_rows(2, 5, values_only=True)]
    for row in rows[:3]:
        own = BOSS if row["nip_dinilai"][-1] in "123" else OTHER
        assert row["nip_penilai"] in {BOSS, OTHER} - {own}
        assert (row["periode"], row["wilayah"], row["skala_maks"]) == ("2025", "98.01", 7) and "Disiplin" in row
    assert set(rows[3].values()) == {None}
    shown = json.loads(kinerja("check", "templat_360.xlsx", "--json", cwd=folder).stdout)
    assert shown["ok"] and shown["problems"] == [] and shown["counts"]["rows"] == 3


def test_example_cases_are_asked_of_every_superior(folder: Path) -> None:
    """Two superiors, ten ratings: five cases each, a template that the check reads."""
    asked = ("template", "kasus", "--suggest", "10", "--way", "vignette", "--from", "nilai.csv")
    done = kinerja(*asked, cwd=folder)
    assert done.returncode == 0 and "10 penilaian contoh kasus" in done.stdout, done.stderr
    page = openpyxl.load_workbook(folder / "templat_kasus.xlsx")["Contoh kasus"]
    header = [c.value for c in page[1]]
    rows = [dict(zip(header, row, strict=True)) for row in page.iter_rows(2, 12, values_only=True)]
    assert [r["contoh_kasus"] for r in rows[:10]] == [f"Contoh {k}" for k in range(1, 6) for _ in range(2)]
    assert {r["nip_penilai"] for r in rows[:10]} == {BOSS, OTHER} and set(rows[10].values()) == {None}
    shown = json.loads(kinerja("check", "templat_kasus.xlsx", "--json", cwd=folder).stdout)
    assert shown["ok"] and shown["problems"] == [] and shown["counts"]["rows"] == 10


@pytest.mark.parametrize(
    "arguments",
    [
        ("lain",),
        (),
        ("360", "--scale", "sepuluh"),
        ("360", "--scale", "10-1"),
        ("360", "--suggest", "3"),
        ("360", "--from", "nilai.csv"),
        ("360", "--suggest", "3", "--from", "nilai.csv", "--rows", "nilai.csv"),
        ("360", "--suggest", "10", "--way", "vignette", "--from", "nilai.csv"),
        ("kasus", "--suggest", "9", "--way", "vignette", "--from", "nilai.csv"),
        ("360", "--rows", "tidak_ada.csv"),
        ("360", "--rows", "nilai.csv"),
        ("unit", "--out", "tidak_ada.toml/unit.xlsx", "--config", "tidak_ada.toml"),
        ("unit", "--out", "kinerja.toml/unit.xlsx"),
    ],
)
def test_mistakes_end_in_a_sentence(folder: Path, arguments: tuple[str, ...]) -> None:
    done = kinerja("template", *arguments, cwd=folder)
    assert done.returncode == 2 and done.stderr.strip(), done.stdout
    assert "Traceback" not in done.stderr and not list(folder.glob("*.xlsx"))
