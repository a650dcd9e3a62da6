"""The command compare: the words, JSON, pages written, and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kinerja_analysis.base.store import save_audit
from kinerja_analysis.pipeline import audit
from kinerja_analysis.report.index_page import together
from kinerja_analysis.simulate import simulate


def kinerja(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, text=True,
                          encoding="utf-8", env={**os.environ, "MPLBACKEND": "Agg"}, timeout=300)  # fmt: skip


@pytest.fixture(scope="module")
def reports(demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's stored audits, without its pages."""
    target = tmp_path_factory.mktemp("stored") / "reports"
    for manifest in demo.reports.glob("2025/*/audit"):
        shutil.copytree(manifest, target / manifest.relative_to(demo.reports))
    return target


@pytest.mark.slow
def test_words_and_pages(reports: Path) -> None:
    done = kinerja("compare", "Kuranji", "76.02", "--out", str(reports), "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "cannot be compared" in done.stdout and "Can be told apart" in done.stdout
    (folder,) = (reports / "banding").iterdir()
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != "metrics.json")
    sources = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["sources"]
    assert [(region, year) for region, year, digest in sources if digest] == [("13.71.09", 2025), ("76.02", 2025)]
    assert [page["standing"] for page in together(reports)] == [""], "made of the audits that are stored"
    kinds = [f"{lang}.{kind}" for lang in ("en", "id") for kind in ("html", "ipynb", "pdf", "xlsx")]
    assert [n.rsplit("_", 1)[1] for n in names] == kinds
    assert folder.name == "kuranji-mamuju_2025"
    page = next(folder.glob("*_id.html")).read_text(encoding="utf-8")
    assert "tidak dapat dibandingkan" in page and "DATA SINTETIS" in page
    book = json.loads(next(folder.glob("*_id.ipynb")).read_text(encoding="utf-8"))
    assert not [o for c in book["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"]


@pytest.mark.slow
def test_json_holds_the_tidy_rows_and_a_dry_run_writes_nothing(reports: Path) -> None:
    before = sorted(reports.rglob("*"))
    done = kinerja("compare", "--out", str(reports), "--json", "--dry-run")
    rows = json.loads(done.stdout)
    assert rows[0]["measure"] == "verdict" and rows[0]["reason"] == "not_linked" and rows[0]["value"] is None
    level = [r for r in rows if r["measure"] in ("level", "performance", "severity")]
    assert level and all(r["value"] is None and r["reason"] for r in level)
    assert sorted(reports.rglob("*")) == before


@pytest.mark.slow
def test_the_years_of_one_region_have_a_page(tmp_path: Path) -> None:
    world = simulate(["76.02"], [2024, 2025], seed=1, size=0.2)
    whole = audit(world.tables, config=world.config)
    for region, year in whole.cells:
        folder = tmp_path / "internal" / str(year) / f"{region}-mamuju" / "audit"
        folder.parent.mkdir(parents=True)
        save_audit(whole.select(region=region, year=year), folder)
    done = kinerja("compare", "Mamuju", "--out", str(tmp_path), "--level", "internal", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "cannot be separated" in done.stdout
    (page,) = (tmp_path / "internal" / "banding" / "mamuju_2024-2025").glob("*_en.html")
    assert "2025 against 2024" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_mistakes_are_usage(reports: Path, tmp_path: Path) -> None:
    for arguments in (("Atlantis",), ("76.02",), ("--year", "1999")):
        done = kinerja("compare", *arguments, "--out", str(reports), "--lang", "en")
        assert done.returncode == 2 and "Traceback" not in done.stderr, arguments
    assert kinerja("compare", "--out", str(tmp_path)).returncode == 2
