"""A region's page as named sections of blocks: the same content for notebook, html, pdf and xlsx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kinerja_analysis.base.results import Audit, Comparison
from kinerja_analysis.report.blocks import Block, Part
from kinerja_analysis.report.sections import (
    annual,
    capacity,
    compare,
    evidence,
    examined,
    glossary,
    headcount,
    index,
    key,
    lead,
    origin,
    raters,
    steps,
    validation,
)
from kinerja_analysis.report.sections import quality as submission
from kinerja_analysis.report.view import View

NAMES = ("lead", "examined", "capacity", "findings", "index", "steps", "provenance", "evidence", "headcount")
QUALITY_NAMES = ("lead", "rows", "filled", "unrated", "coverage", "checks", "problems", "provenance")
RATER_NAMES = ("page",)
VALIDATION_NAMES = ("lead", "detectors", "index", "published")
ANNUAL_NAMES = ("lead", "examined", "told", "found", "values", "changes", "trend", "reading")
COMPARISON_NAMES = ("lead", "allowed", "inside", "levels", "years", "criteria", "reading")


@dataclass(frozen=True, slots=True)
class PageSection:
    """A named part of a page; a notebook has one cell for each."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: title, language, level, and its sections in reading order."""

    title: str
    lang: str
    level: str
    region: str
    year: int
    synthetic: bool
    sections: tuple[PageSection, ...]

    @property
    def blocks(self) -> list[Block]:
        """All blocks in reading order."""
        return [block for section in self.sections for block in section.blocks]


def region_page(audit: Audit, lang: str, *, pictures: bool = True) -> Page:
    """Return the page of one region and year.

    Parameters
    ----------
    audit : Audit
        Of a single cell, at internal or public level; a public audit has no rows about raters or employees.
    lang : str
        ``id`` or ``en``.
    pictures : bool
        False to leave the pictures empty (the workbook needs their words and numbers only).

    Returns
    -------
    Page
        Sections in the order of ``NAMES``.

    Raises
    ------
    ValueError
        The audit holds several cells.
    """
    view = View(audit, lang, pictures)
    places = evidence.anchors(view)
    count = headcount.headcount(view, f"a{len(places) + 1}", f"A{len(places) + 1}")
    proof = (Part(view.say("evidence.title"), view.say("evidence.lead")),
             *(evidence.evidence(view, name, place) for name, place in places.items()))  # fmt: skip
    first: tuple[tuple[Block, ...], ...] = (
        (lead.masthead(view),),
        (examined.examined(view),),
        (capacity.capacity(view),),
        (key.key(view, places),),
        (index.index(view),),
        (steps.steps(view),),
    )
    terms = glossary.glossary(view, (*first, proof))
    tail = (count,) if count is not None else ()
    return _page(view, NAMES, (*first, (origin.origin(view), *terms), proof, tail))


def quality_page(audit: Audit, lang: str) -> Page:
    """Return the page about the data of one region and year: what the submission holds and what it lacks.

    Parameters and error as ``region_page``; the sections are those of ``QUALITY_NAMES``.
    """
    view = View(audit, lang)
    return _page(view, QUALITY_NAMES, tuple((block,) for block in submission.sections(view)))


def rater_page(audit: Audit, lang: str) -> Page:
    """Return the page about single raters of one region and year, one section: its parts depend on the data.

    Parameters and error as ``region_page``; ``ValueError`` for a public audit too.
    """
    view = View(audit, lang, pictures=False)
    return _page(view, RATER_NAMES, (tuple(raters.sections(view)),))


def _page(view: View, names: Sequence[str], parts: Sequence[tuple[Block, ...]]) -> Page:
    sections = tuple(PageSection(name, blocks) for name, blocks in zip(names, parts, strict=True))
    synthetic = bool(view.audit.provenance.get("synthetic"))
    title = f"{view.place}, {view.year}"
    return Page(title, view.lang, view.audit.level, view.region, view.year, synthetic, sections)


def comparison_page(regions: Comparison, years: Comparison | None, lang: str, *, pictures: bool = True) -> Page:
    """Return the page of a comparison.

    Parameters
    ----------
    regions : Comparison
        From ``compare_regions``; its last year is shown in full, the others in short. For one region alone from
        ``compare_years``, as ``years``.
    years : Comparison, optional
        From ``compare_years``.
    lang : str
        ``id`` or ``en``.
    pictures : bool
        As in ``region_page``.

    Returns
    -------
    Page
        Sections in the order of ``COMPARISON_NAMES``; ``region`` is empty and ``year`` the last one.
    """
    view = compare.Compared(regions, years, lang, pictures)
    same, level = compare.criteria(view), compare.levels(view)
    parts: tuple[tuple[Block, ...], ...] = (
        (compare.masthead(view),),
        (compare.allowed(view),),
        tuple(compare.inside(view)),
        (level,) if level is not None else (),
        tuple(compare.years(view)),
        (same,) if same is not None else (),
        (compare.reading(view),),
    )
    sections = tuple(PageSection(name, blocks) for name, blocks in zip(COMPARISON_NAMES, parts, strict=True))
    return Page(view.title, lang, regions.level, "", view.latest, regions.synthetic, sections)


def annual_page(rows: Sequence[annual.Row], year: int, level: str, lang: str) -> Page:
    """Return the yearly summary of all regions.

    Parameters
    ----------
    rows : sequence of mapping
        What the reports of the year and of the years before say of themselves (``metrics.json``), at one level. Those
        whose data are no longer in the input (``standing``) are named and not counted.
    year : int
    level : "public" or "internal"
    lang : str
        ``id`` or ``en``.

    Returns
    -------
    Page
        Sections in the order of ``ANNUAL_NAMES``; ``region`` is empty.
    """
    gone = tuple(r for r in rows if r.get("standing") == "gone")
    nation = annual.Nation(tuple(r for r in rows if r not in gone), year, level, lang, gone)
    makers = (annual.masthead, annual.examined, annual.told, annual.found, annual.values, annual.changes,
              annual.trend, annual.reading)  # fmt: skip
    parts = ((block,) if block is not None else () for block in (make(nation) for make in makers))
    sections = tuple(PageSection(name, blocks) for name, blocks in zip(ANNUAL_NAMES, parts, strict=True))
    synthetic = any(bool(r["synthetic"]) for r in nation.now)
    return Page(nation.tell("title", year=str(year)), lang, level, "", year, synthetic, sections)


def validation_page(version: str, level: str, lang: str) -> Page:
    """Return the page about how the methods were tried: the same for every region.

    Parameters
    ----------
    version : str
        Of the program.
    level : "public" or "internal"
        Of the reports it lies beside; it holds nothing of them.
    lang : str

    Returns
    -------
    Page
        Sections in the order of ``VALIDATION_NAMES``; ``region`` is empty, ``year`` 0.
    """
    tried = validation.Tried(version, level, lang)
    makers = (validation.masthead, validation.detectors, validation.index, validation.published)
    sections = tuple(PageSection(n, (make(tried),)) for n, make in zip(VALIDATION_NAMES, makers, strict=True))
    return Page(tried.tell("title"), lang, level, "", 0, False, sections)
