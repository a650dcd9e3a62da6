"""The same input gives the same bytes: other process, time zone, locale, hash seed, number of workers.

Left out: the log of the run, which tells times. Nothing else differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinerja_analysis.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
PLACES = {
    "a": {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"},
    "b": {"TZ": "Asia/Jayapura", "LC_ALL": "C", "PYTHONHASHSEED": "4711"},
    "c": {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "random"},
}


def tree(out: Path) -> dict[str, bytes]:
    files = (p for p in sorted(out.rglob("*")) if p.is_file())
    named = {p.relative_to(out).as_posix(): p.read_bytes() for p in files}
    return {name: data for name, data in named.items() if not name.startswith("internal/log/")}


@pytest.mark.slow
def test_three_time_zones_two_locales_three_hash_seeds(tmp_path: Path) -> None:
    files = tmp_path / "masuk"
    simulate(["15.04"], [2025], seed=2, size=60).write(files)
    settings = files / "kinerja.toml"
    settings.write_text('languages = ["id"]\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    running = []
    for name, own in PLACES.items():
        command = [sys.executable, "-m", "kinerja_analysis", "audit", str(files), "--out", str(tmp_path / name)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg", **own}
        running.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        said, _ = process.communicate(timeout=500)
        assert process.returncode == 0, said
    first, *others = (tree(tmp_path / name) for name in PLACES)
    assert {Path(n).suffix for n in first} >= {".parquet", ".json", ".html", ".xlsx", ".ipynb"}
    for other in others:
        assert first.keys() == other.keys()
        assert [n for n in first if first[n] != other[n]] == []
