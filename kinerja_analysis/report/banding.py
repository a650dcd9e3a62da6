"""Make the page of a comparison: the notebook run in a staging folder, its forms written, moved to its place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import origin, save_audit
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.compare import compared
from kinerja_analysis.report._forks import orderly
from kinerja_analysis.report.index_page import write_index
from kinerja_analysis.report.produce import Job, check_choice
from kinerja_analysis.report.together import write_pages
from kinerja_analysis.show.comparison import worded, worded_funnels

NOTEBOOK = "30_banding_wilayah.ipynb"
FOLDER = "banding"
LONGEST = 24


def place(audit: Audit, out: Path) -> Path:
    """Return where the comparison of an audit's regions belongs: public pages beside the years, internal ones apart."""
    root = out / "internal" if audit.level == "internal" else out
    return root / FOLDER / _stem(audit)


def _stem(audit: Audit) -> str:
    regions, years = ({c[i]: None for c in audit.cells} for i in (0, 1))
    slugs = "-".join(Job(str(r), 0, "", (), (), audit.name(str(r))).slug for r in regions)
    if len(slugs) > LONGEST:
        mark = hashlib.sha256(" ".join(map(str, regions)).encode()).hexdigest()[:6]
        slugs = f"{slugs[: LONGEST - 7].strip('-')}-{mark}"
    span = sorted(int(y) for y in years)
    times = str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}"
    return f"{slugs}_{times}"


@orderly()
def compare_pages(audit: Audit, out: Path, *, languages: Sequence[str] = LANGUAGES) -> list[Path]:
    """Write the comparison of all regions and years of an audit: notebook, html, pdf and xlsx in each language.

    Raises ``UsageError`` without two regions in a year or two years of a region, ``ReportFailed`` when the notebook did
    not run to its end.
    """
    check_choice(languages, LANGUAGES)
    regions, years = compared(audit)
    if audit.config.key_file:
        os.environ["KINERJA_KEY_FILE"] = str(Path(audit.config.key_file).expanduser().resolve())
    target = place(audit, out.resolve())
    sources = [(r, y, origin(target.parents[1], r, y)) for r, y in audit.cells]

    def more(lang: str) -> list[tuple[str, str, pd.DataFrame]]:
        frames = {"data": worded(regions, lang)}
        if len(regions.funnels):
            frames["funnel"] = worded_funnels(regions, lang)
        if years is not None and years is not regions:
            frames["years"] = worded(years, lang)
        about = say("compare.sheet.about", lang)
        return [(say(f"compare.sheet.{k}", lang), about, frame) for k, frame in frames.items()]

    written = write_pages(
        target, NOTEBOOK, f"banding_{target.name}", {}, languages=languages, level=audit.level,
        year=max(y for _, y in audit.cells), synthetic=regions.synthetic,
        prepare=lambda stage: save_audit(audit, stage / "audit"), more=more, seconds=audit.config.notebook_seconds,
        sources=sources,
    )  # fmt: skip
    write_index(out.resolve(), languages)
    return written
