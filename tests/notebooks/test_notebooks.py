"""The analyst's and the researcher's notebook run from top to bottom in a real kernel, on the demo's files."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from kinerja_analysis import simulate
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.report.produce import notebooks_folder


def run(name: str, folder: Path, **parameters: object) -> str:
    """Run a notebook in its own folder and return everything it printed and displayed, as text."""
    import papermill

    shutil.copytree(notebooks_folder(), folder / "notebooks")
    target = folder / "done.ipynb"
    papermill.execute_notebook(
        folder / "notebooks" / name, target, parameters, cwd=folder / "notebooks", kernel_name="python3",
        progress_bar=False, log_output=False,
    )  # fmt: skip
    book = nbformat.read(target, as_version=4)
    outputs = [o for c in book.cells if c.cell_type == "code" for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    texts = [
        o.get("text", "") + "".join(o.get("data", {}).get(k, "") for k in ("text/plain", "text/html")) for o in outputs
    ]
    return "\n".join(texts)


@pytest.mark.slow
def test_mulai_goes_from_files_to_reports(demo_files: Path, tmp_path: Path) -> None:
    shown = run("00_mulai.ipynb", tmp_path, berkas=str(demo_files), laporan="reports")
    assert "Mamuju" in shown and "Kuranji" in shown
    pages = sorted(p.name for p in (tmp_path / "reports").rglob("*.html"))
    assert "objektivitas_mamuju_2025_id.html" in pages and "index.html" in pages


@pytest.mark.slow
@pytest.mark.parametrize("years", [[2024, 2025], [2025]], ids=["two_years", "one_year"])
def test_peneliti_compares_two_regions(years: list[int], tmp_path: Path) -> None:
    """Data of one year have nothing to compare over time: that is said, and what follows is there all the same."""
    regions = ["13.71.09", "76.02"]
    simulate(regions, years, seed=1, size=150).write(tmp_path / "data")
    shown = run("05_peneliti.ipynb", tmp_path, data=str(tmp_path / "data"), regions=regions, years=[2025])
    assert "separated_pairs" in shown and "not_linked" in shown and "longtable" in shown
    assert ("common_drift" in shown) == (len(years) > 1)
    for lang in LANGUAGES:
        assert (say("compare.two_years", lang) in shown) == (len(years) == 1)
    alone = next(line for line in shown.splitlines() if line.startswith("Estimate("))
    assert "nan" not in alone


@pytest.mark.slow
def test_validasi_shows_every_published_value(tmp_path: Path) -> None:
    reference = str(Path(__file__).resolve().parents[1] / "reference")
    shown = run("90_validasi_metode.ipynb", tmp_path, reference=reference, leave_out=["O24", "O41"])
    assert "0 rows failed, 0 skipped" in shown and "O43" in shown and "0.16574" in shown
