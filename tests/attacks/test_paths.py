"""Parameters and paths as attacks: whatever they are, nothing is written or removed outside the reports.

Each attack runs the command's own code in a sandbox with a secret beside the reports; the sandbox must look the same
afterwards, but for what lies below the folder of reports itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import KinerjaError
from kinerja_analysis.base.store import load_audit, sealed, sweep
from kinerja_analysis.cli import cli
from kinerja_analysis.report.produce import Job
from kinerja_analysis.run.jobs import made
from kinerja_analysis.run.publish import check_out

ROW = "tahun;wilayah;nip;unor;golongan\n2025;76.02;190501012010011001;U;III/a\n"
CODES = [
    "../../etc", "76.02/../../x", "/etc/passwd", "..", ".", "76.02\0", "76.02\n", "76.02\r\n../x", "7" * 5000,
    "CON", "nul.txt", "76．02", "７６.０２", "76.O2", "76‐02", "76.02\u202e", "~root", "$HOME", "`touch x`",
    "$(touch x)", "; touch x", "| touch x", "--out=lain", "-h", "C:\\Windows", "\\\\host\\x", "76.02:stream",
    "%2e%2e%2f", "*", "76.0?", "{region}", "{0.__class__}", "76.02 ", "",
]  # fmt: skip
OPTIONS = [
    ("--year", "2025/../.."), ("--year", "2025; touch x"), ("--year", "0x7e9"), ("--since", "../../x"),
    ("--since", "2025\n../x"), ("--since", "--out=lain"), ("--lang", "id/../.."), ("--level", "public/.."),
    ("--level", "PUBLIC"), ("--jobs", "-1"), ("--jobs", "1e9"), ("--patience", "nan/.."),
    ("--config", "../rahasia.txt"), ("--config", "/etc/passwd"), ("--config", "masuk"),
]  # fmt: skip
OUTS = ["a\nb", "a\tb", "CON", "aux.txt", "lpt1", "a/nul/b", "laporan\u202egpj", "masuk/pegawai.csv", "n" * 300,
        "masuk/pegawai.csv/x"]  # fmt: skip


def look(folder: Path) -> dict[str, str]:
    """Names and contents of everything in the sandbox but the folder of reports."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] != "laporan":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path.is_symlink())
    return found


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "masuk").mkdir()
    (tmp_path / "masuk" / "pegawai.csv").write_text(ROW, encoding="utf-8")
    (tmp_path / "rahasia.txt").write_text("rahasia", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attack(sandbox: Path, *arguments: str) -> Any:
    """Run the command; it must end with a sentence or a usage message, and leave the sandbox as it was."""
    before = look(sandbox)
    done = CliRunner().invoke(cli, ["audit", "masuk", "--no-write", *arguments])
    assert look(sandbox) == before
    refused = isinstance(done.exception, (KinerjaError, SystemExit))
    assert refused and done.exit_code != 0, (done.exit_code, done.exception)
    assert not (sandbox / "laporan").exists()
    return done


@pytest.mark.parametrize("code", CODES, ids=lambda c: repr(c)[:24])
def test_region_codes(sandbox: Path, code: str) -> None:
    attack(sandbox, "--out", "laporan", "--region", code)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: repr(o)[:40])
def test_options(sandbox: Path, option: tuple[str, str]) -> None:
    attack(sandbox, "--out", "laporan", *option)


@pytest.mark.parametrize("out", OUTS, ids=lambda o: repr(o)[:24])
def test_places_for_reports(sandbox: Path, out: str) -> None:
    before = look(sandbox)
    with pytest.raises((KinerjaError, OSError)):
        check_out(Path(out))
        (Path(out)).mkdir()
    assert look(sandbox) == before


@pytest.mark.parametrize("code", ["../../x", "76.02/..", "/etc", "76.02\n", "CON"], ids=repr)
def test_codes_in_data_and_configuration(sandbox: Path, code: str) -> None:
    (sandbox / "masuk" / "pegawai.csv").write_text(ROW.replace("76.02", f'"{code}"'), encoding="utf-8")
    attack(sandbox, "--out", "laporan")
    with pytest.raises(ValueError, match="Kemendagri"):
        AuditConfig(regions={code: {"name": "x"}})


NAMES = ["../../x", "/etc/passwd", "CON", "a\0b", "x" * 5000, "..", "a\nb", "\u202egpj", "ａ／ｂ", ""]
LINKS = ["2025", "internal", "2025/76.02-x", "internal/log", "internal/2025/published", "banding"]


@pytest.mark.parametrize("name", NAMES, ids=lambda n: repr(n)[:20])
def test_names_of_regions_never_make_a_path(tmp_path: Path, name: str) -> None:
    folder = Job("76.02", 2025, "public", ("id",), ("html",), name).folder(tmp_path)
    assert folder.parent == tmp_path / "2025" and folder.resolve() == folder and len(folder.name) <= 64
    assert folder.name.startswith("76.02-")


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_below_the_reports_that_lead_out(sandbox: Path, link: str) -> None:
    target = sandbox / "lain"
    target.mkdir()
    place = sandbox / "laporan" / link
    place.parent.mkdir(parents=True)
    place.symlink_to(target)
    before = look(sandbox)
    done = CliRunner().invoke(cli, ["audit", "masuk", "--out", "laporan", "--no-write"])
    assert isinstance(done.exception, KinerjaError) and look(sandbox) == before
    assert not any(target.iterdir())


def test_leftovers_that_are_links_are_removed_not_followed(sandbox: Path) -> None:
    out = sandbox / "laporan"
    out.mkdir()
    for name in (".stage-x", ".index.html.abcdefgh"):
        (out / name).symlink_to(sandbox / ("masuk" if "stage" in name else "rahasia.txt"))
    before = look(sandbox)
    assert sweep(out) == 2 and not list(out.iterdir()) and look(sandbox) == before


@pytest.mark.parametrize("name", ["../../rahasia.txt", "/etc/hostname", "..", "audit/../../../rahasia.txt"])
def test_names_in_a_stored_report_lead_nowhere(sandbox: Path, name: str) -> None:
    report = sandbox / "laporan" / "2025" / "76.02-x"
    (report / "audit").mkdir(parents=True)
    told: dict[str, Any] = {"level": "public", "sums": {name: "0" * 64}, "region": "76.02", "year": 2025}
    told["seal"] = sealed(told, "public", b"")
    (report / "metrics.json").write_text(json.dumps(told), encoding="utf-8")
    body: dict[str, Any] = {"level": "public", "cells": [["76.02", 2025]], "config": {}, "provenance": {},
                            "files": {name: "0" * 64}}  # fmt: skip
    body["seal"] = sealed(body, "public", b"")
    (report / "audit" / "manifest.json").write_text(json.dumps(body), encoding="utf-8")
    assert made(report, AuditConfig()) is None
    with pytest.raises(KinerjaError):
        load_audit(report / "audit")
