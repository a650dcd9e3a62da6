"""What notebooks import: one object that shows the sections of a report, block by block.

A section's blocks are displayed as HTML (for the lab) and carried along as JSON: the executed notebook is the one
source from which every form of the report is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinerja_analysis.base.results import Audit
from kinerja_analysis.report.engine import SENTINEL
from kinerja_analysis.report.lab import NO_REGION, stored_audit

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from kinerja_analysis.report.blocks import Block
    from kinerja_analysis.report.page import Page

MIME = "application/vnd.kinerja.blocks+json"
AUDIT_FOLDER = "audit"
SOURCES = "wilayah.json"


class _Shown:
    """A page whose sections a notebook shows one by one."""

    def __init__(self, page: Page) -> None:
        self.lang = page.lang
        self._sections = {s.name: list(s.blocks) for s in page.sections}

    @property
    def sections(self) -> list[str]:
        """Names of the sections, in order."""
        return list(self._sections)

    def show(self, section: str) -> None:
        """Display one section. Raises ``KeyError`` for an unknown one."""
        _display(self._sections[section], self.lang)

    def end(self) -> None:
        """Mark that the notebook ran to its end."""
        print(SENTINEL)


class Report(_Shown):
    """The report of one region and year, as a notebook shows it.

    Reads the audit from the folder ``audit`` in the working directory, so that no path is a parameter. ``page`` is
    ``region`` (what was found), ``quality`` (what the submission holds and lacks) or ``raters`` (rater by rater).
    Raises ``UsageError`` when the stored audit is missing or was changed.
    """

    def __init__(
        self, region: str, year: int, lang: str, level: str, *, folder: str = AUDIT_FOLDER, page: str = "region"
    ) -> None:
        audit = stored_audit(folder, level, region, year)
        if audit.level != level:
            raise ValueError(f"the stored audit is {audit.level}, the report {level}")
        self.audit: Audit = audit if region == NO_REGION else audit.select(region=region, year=year)
        super().__init__(_page(self.audit, lang, page))

class Comparing(_Shown):
    """The page of a comparison, as a notebook shows it: all regions and years of the audit in the folder ``audit``.

    ``regions`` and ``years`` are the comparisons themselves, both the same one where the audit has one region. Raises
    ``UsageError`` when there are no two regions in a year and no two years of a region, or when the stored audit is
    missing or was changed.
    """

    def __init__(self, lang: str, level: str, *, folder: str = AUDIT_FOLDER) -> None:
        from kinerja_analysis.compare import compared
        from kinerja_analysis.report.page import comparison_page

        audit = stored_audit(folder, level)
        if audit.level != level:
            raise ValueError(f"the stored audit is {audit.level}, the page {level}")
        self.regions, self.years = compared(audit)
        super().__init__(comparison_page(self.regions, self.years, lang))

class Annual(_Shown):
    """The yearly summary of all regions, as a notebook shows it.

    Reads what the regions' reports say of themselves from ``SOURCES`` in the working directory.
    """

    def __init__(self, year: int, lang: str, level: str, *, folder: str = ".") -> None:
        from kinerja_analysis.report.page import annual_page

        told = json.loads((Path(folder) / SOURCES).read_text(encoding="utf-8"))
        if told["level"] != level:
            raise ValueError(f"the reports are {told['level']}, the page {level}")
        super().__init__(annual_page(told["rows"], year, level, lang))


class Validated(_Shown):
    """The page about how the methods were tried, as a notebook shows it."""

    def __init__(self, lang: str, level: str) -> None:
        from kinerja_analysis import __version__
        from kinerja_analysis.report.page import validation_page

        super().__init__(validation_page(__version__, level, lang))


def _page(audit: Audit, lang: str, page: str) -> Page:
    from kinerja_analysis.report.page import quality_page, rater_page, region_page

    return {"region": region_page, "quality": quality_page, "raters": rater_page}[page](audit, lang)


def _display(blocks: Iterable[Block], lang: str) -> None:
    from IPython.display import display

    from kinerja_analysis.report.blocks import to_json
    from kinerja_analysis.report.html import fragment

    found = list(blocks)
    packed = {"blocks": json.dumps(to_json(found))}  # one text: a notebook is written several times, node by node
    bundle: dict[str, Any] = {MIME: packed, "text/html": fragment(found, lang), "text/plain": ""}
    display(bundle, raw=True)


def blocks_of(notebook: NotebookNode, lang: str) -> list[Block]:
    """Return the blocks of an executed notebook, markdown cells included, in their order.

    A markdown cell tagged ``lang-id`` or ``lang-en`` is for that language only, one tagged ``lab`` for the lab only.
    """
    from kinerja_analysis.report.blocks import Markdown, from_json

    found: list[Block] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            spoken = {t for t in tags if t.startswith("lang-")}
            if "lab" not in tags and (not spoken or f"lang-{lang}" in spoken) and cell.source.strip():
                found.append(Markdown(cell.source))
        elif cell.cell_type == "code":
            for output in cell.outputs:
                if MIME in output.get("data", {}):
                    found += from_json(json.loads(output["data"][MIME]["blocks"]))
    return found
