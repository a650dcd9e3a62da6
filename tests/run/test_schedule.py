"""The examples for schedulers are tried: the line for cron by sh, the units by systemd's own check."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "panduan" / "terjadwal.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(sys.platform == "win32", reason="sh")
def test_the_cron_line_runs_in_sh(tmp_path: Path) -> None:
    """Input with an error: the command itself speaks (exit code 3), and it was started in the right folder."""
    (line,) = blocks("cron")
    fields = line.split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*]+", f) for f in fields[:5])
    folder = tmp_path / "kinerja"
    (folder / "data" / "masuk").mkdir(parents=True)
    (folder / "data" / "masuk" / "nilai.csv").write_text("nip;hasil\n1;2\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "kinerja"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m kinerja_analysis "$@"\n')
    command.chmod(0o755)
    own = {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "SHELL": "/bin/sh"}  # as cron has it
    done = subprocess.run(["sh", "-c", fields[5]], env=own, cwd=tmp_path, timeout=120)
    assert done.returncode == 3
    assert "nilai.csv" in (folder / "kinerja-cron.log").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_units_are_valid(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    (tmp_path / "kinerja.service").write_text(service.replace("%h/kinerja/.venv/bin/kinerja", sys.executable))
    (tmp_path / "kinerja.timer").write_text(timer)
    units = [str(tmp_path / f"kinerja.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if "kinerja" in line]
    assert done.returncode == 0 and not said, done.stderr
