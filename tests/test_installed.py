"""Installed from a wheel, with no project beside it: the same command makes the same reports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kinerja_analysis import simulate

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project, unpacked where nothing else of it lies."""
    source, built, place = (tmp_path_factory.mktemp(name) for name in ("source", "built", "site"))
    for folder in ("kinerja_analysis", "notebooks", "data/referensi"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in NEEDED:
        shutil.copyfile(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*pip, "--wheel-dir", str(built), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place)
    return place


def python(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, encoding="utf-8", cwd=cwd, timeout=300,
        env={**os.environ, "PYTHONPATH": str(site), "MPLBACKEND": "Agg"},
    )  # fmt: skip


def test_everything_a_run_needs_is_in_the_wheel(site: Path) -> None:
    package, here = site / "kinerja_analysis", ROOT / "kinerja_analysis"
    kept = {p.relative_to(here) for p in here.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert kept <= {p.relative_to(package) for p in package.rglob("*")}
    project = package / "project"
    for name in ("notebooks", "data/referensi"):
        assert {p.name for p in (ROOT / name).iterdir() if p.is_file()} == {p.name for p in (project / name).iterdir()}


def test_a_run_elsewhere_makes_the_reports_and_knows_the_regions(site: Path, tmp_path: Path) -> None:
    simulate(["76.02"], [2025], seed=1, size=0.15).write(tmp_path / "masuk")
    (tmp_path / "masuk" / "kinerja.toml").unlink()  # the name of the region must come from the list of regions
    told = python(site, tmp_path, "-m", "kinerja_analysis", "audit", "masuk", "--region", "Kab. Mamuju",
                  "--lang", "id", "--level", "public")  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    (folder,) = (tmp_path / "reports" / "2025").glob("76.02-*")
    made = {p.name.split("_")[0] + p.suffix for p in folder.iterdir() if p.is_file()}
    assert {"objektivitas.html", "objektivitas.pdf", "objektivitas.ipynb", "mutu-data.html", "lampiran.xlsx"} <= made


def test_the_lab_begins_with_a_copy_in_the_working_folder(site: Path, tmp_path: Path) -> None:
    code = "from kinerja_analysis.report.lab import in_project, opened\nprint(opened(), in_project('reports'), sep='|')"
    place, reports = (Path(p) for p in python(site, tmp_path, "-c", code).stdout.strip().split("|"))
    assert place == tmp_path.resolve() / "notebooks" / "00_mulai.ipynb" and reports == tmp_path.resolve() / "reports"
    assert sorted(p.name for p in place.parent.iterdir()) == ["00_mulai.ipynb", "05_peneliti.ipynb"]
    place.write_text("mine", encoding="utf-8")
    shown = python(site, place.parent, "-c", code).stdout.strip()
    assert place.read_text(encoding="utf-8") == "mine" and shown.endswith(f"|{reports}"), "run inside the folder"
