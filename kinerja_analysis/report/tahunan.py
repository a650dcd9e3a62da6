"""Make the yearly summary of all regions, of each year in which at least two were reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.report.notebook import SOURCES
from kinerja_analysis.report.together import stands, write_pages

NOTEBOOK = "40_laporan_tahunan.ipynb"
FOLDER = "ringkasan"
NEEDED = {"answers", "rated", "fdr", "tests", "rule", "comparators"}  #: reports made by earlier versions lack these
KEPT = ("region", "name", "year", "level", "synthetic", "headline", "rows", "standing")


def annual_pages(out: Path, languages: Sequence[str]) -> list[Path]:
    """Write the yearly summaries of a reports folder, public and internal; one whose sources are the same stays.

    Returns the files of the summaries written. Raises ``ReportFailed`` when the notebook did not run to its end.
    """
    from kinerja_analysis.report.index_page import collect

    written = []
    for root in (out, out / "internal"):
        rows = [{k: r[k] for k in KEPT} for r in collect(root) if r["headline"].keys() >= NEEDED]
        for year in sorted({int(r["year"]) for r in rows}):
            gone = [r["standing"] == "gone" for r in rows if r["year"] == year]
            n = gone.count(False)
            if n > 1 or (n and any(gone) and (root / str(year) / FOLDER).is_dir()):  # what was published is kept true
                written += _write(root, year, [r for r in rows if r["year"] <= year], languages)
    return written


def _write(root: Path, year: int, rows: list[dict[str, Any]], languages: Sequence[str]) -> list[Path]:
    from kinerja_analysis import __version__

    level = str(rows[0]["level"])
    told = {"level": level, "version": __version__, "languages": list(languages), "rows": rows}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1)
    target, stem = root / str(year) / FOLDER, f"ringkasan_{year}"
    made_of = hashlib.sha256(text.encode()).hexdigest()
    if stands(target, made_of):
        return []
    return write_pages(
        target, NOTEBOOK, stem, {"year": year}, languages=languages, level=level, year=year,
        synthetic=any(r["synthetic"] for r in rows if r["year"] == year),
        prepare=lambda stage: write_atomic(stage / SOURCES, text.encode()), made_of=made_of,
    )  # fmt: skip
