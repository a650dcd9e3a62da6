"""Audit and report every region and year, cells beside each other; one cell's failure leaves the others done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import KinerjaError, PartialRun, UsageError
from kinerja_analysis.base.results import Level
from kinerja_analysis.base.shown import Shown
from kinerja_analysis.base.store import data_digest, manifests, read_provenance
from kinerja_analysis.base.tables import ScoreTable, Tables, of_cell
from kinerja_analysis.base.workers import workers
from kinerja_analysis.detect import cells_of, detect
from kinerja_analysis.detect.between import between
from kinerja_analysis.pipeline import Paths, open_audit, published
from kinerja_analysis.read import read
from kinerja_analysis.read.session import Progress
from kinerja_analysis.read.sources import find_config
from kinerja_analysis.release import release
from kinerja_analysis.report.produce import FORMATS, Job, check_choice, make, notebooks_folder
from kinerja_analysis.score import score

Cell = tuple[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class RunReport(Shown):
    """What a run did: one row per region and year with ``status`` done, partial (a detector raised) or failed."""

    frame: pd.DataFrame
    files: tuple[Path, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return ``region year status reason``."""
        return self.frame.copy()

    @property
    def exit_code(self) -> int:
        """0 when everything is done, 5 when something failed and the rest is done."""
        return 0 if (self.frame["status"] == "done").all() else PartialRun.exit_code

    def _view(self, lang: str) -> str:
        from kinerja_analysis.show.lab import MOST
        from kinerja_analysis.show.names import word
        from kinerja_analysis.show.table import html_table

        return html_table(self.frame.assign(status=[word(s, lang) for s in self.frame["status"]]), lang, most=MOST)

    def _facts(self) -> dict[str, int]:
        return {"cells": len(self.frame), "files": len(self.files), "exit_code": self.exit_code}


@dataclass(frozen=True, slots=True)
class Order:
    """What every cell of a run has in common."""

    out: Path
    notebooks: Path
    languages: tuple[str, ...]
    levels: tuple[Level, ...]
    formats: tuple[str, ...]
    config: AuditConfig


def run(
    paths: Paths, *, region: str | None = None, year: int | None = None, years: Sequence[int] | None = None,
    out: str | Path = "reports", lang: Sequence[str] = ("id", "en"), level: Sequence[Level] = ("public", "internal"),
    jobs: int | None = None, resume: bool = True, new_key: bool = False, config: AuditConfig | None = None,
    progress: Progress | None = None,
) -> RunReport:  # fmt: skip
    """Read everything, audit every cell, write every report and the index.

    Parameters
    ----------
    paths : path or list of paths
    region, year : optional
        For files that do not say it themselves.
    years : sequence of int, optional
        Only these years.
    jobs : int, optional
        Processes; one per core by default.
    resume : bool
        Skip cells whose stored audits were made from these data with this configuration and version.
    new_key : bool
        Go on although earlier audits below ``out`` were made with another key.
    progress : callable, optional
        As in :func:`kinerja_analysis.read`, then ``("cells", 1, 12)`` after the first of twelve.

    Returns
    -------
    RunReport

    Raises
    ------
    InputRefused
        The input has errors; nothing was written.
    UsageError
        Unknown language or level; earlier audits were made with another key.
    """
    from kinerja_analysis.base.words import LANGUAGES
    from kinerja_analysis.report.index_page import write_index
    from kinerja_analysis.report.tahunan import annual_pages

    check_choice(tuple(lang), LANGUAGES)
    check_choice(tuple(level), ("public", "internal"))
    settings = config or find_config(paths)
    if years is not None:
        settings = settings.model_copy(update={"years": tuple(years)})
    tables = read(paths, region=region, year=year, config=settings, progress=progress)
    if not new_key:
        check_key(tables, Path(out))
    order = Order(Path(out).resolve(), notebooks_folder(), tuple(lang), tuple(level), FORMATS, settings)
    rows, files = _cells(tables, order, jobs, resume, progress)
    try:
        files += annual_pages(order.out, order.languages)
    except KinerjaError as error:  # the reports stand; the next run makes the summary again
        rows.append(("", max(y for _, y, *_ in rows), "failed", error.text("en")))
    files += write_index(order.out, order.languages)
    frame = pd.DataFrame(rows, columns=["region", "year", "status", "reason"])
    return RunReport(frame.sort_values(["region", "year"], ignore_index=True), tuple(files))


def check_key(tables: Tables, out: Path) -> None:
    """Raise ``UsageError`` when a stored audit of real persons below ``out`` carries another key id than ``tables``."""
    for place in manifests(out):
        told = read_provenance(place)
        theirs = told.get("key_id", "")
        if tables.key_id and theirs and theirs != tables.key_id and not told.get("synthetic"):
            raise UsageError("identity.other_key", folder=out.name, theirs=theirs, mine=tables.key_id)


def _cells(
    tables: Tables, order: Order, jobs: int | None, resume: bool, progress: Progress | None
) -> tuple[list[tuple[str, int, str, str]], list[Path]]:
    """Do every cell that is not done, in worker processes."""
    rows: list[tuple[str, int, str, str]] = []
    files: list[Path] = []
    scores = score(tables, order.config)
    todo = []
    cells = cells_of(tables, order.config)
    links = between(tables, order.config, cells, data_digest(tables))
    for region, year in cells:
        part = tables.select(region=region, until=year)
        if resume and _is_done(part, (region, year), order):
            rows.append((region, year, "done", "resumed"))
        else:
            mine = ScoreTable(scores.frame[scores.frame["region"] == region].reset_index(drop=True))
            todo.append((part, mine, (region, year), of_cell(links, region, year)))
    own = order.config.regions
    inner = {code for code, place in own.items() if place.parent in own}  # they wait for what their region prints
    for tasks in filter(None, ([t for t in todo if (t[2][0] in inner) == late] for late in (False, True))):
        with workers(jobs, len(tasks)) as executor:
            futures = [executor.submit(do_cell, *task, order) for task in tasks]
            for (_, _, cell, _), future in zip(tasks, futures, strict=True):
                status, reason, written = future.result()
                rows.append((*cell, status, reason))
                files += written
                if progress is not None:
                    progress("cells", len(rows), len(cells))
    return rows, files


def do_cell(
    tables: Tables, scores: ScoreTable, cell: Cell, links: pd.DataFrame, order: Order
) -> tuple[str, str, list[Path]]:
    """Audit and report one cell; return status, reason and the files. ``links``: its rows of ``detect.between``."""
    region, year = cell
    written: list[Path] = []
    try:
        audit = detect(tables, scores, order.config, cells=[cell])
        audit = replace(audit, counts={**audit.counts, "between": links})
        for level in order.levels:
            edition = release(audit, earlier=published(audit, order.out)) if level == "public" else audit
            job = Job(region, year, level, order.languages, order.formats, audit.name(region))
            written += make(job, edition, order.out, order.notebooks)
    except KinerjaError as error:
        return "failed", error.text("en"), written
    return ("partial", ", ".join(audit.failed), written) if audit.failed else ("done", "", written)


def _is_done(part: Tables, cell: Cell, order: Order) -> bool:
    from kinerja_analysis import __version__

    wanted = {"config": order.config.digest(), "data": data_digest(part), "version": __version__}
    try:
        stored = [
            open_audit(order.out, region=cell[0], year=cell[1], level=level, key_file=order.config.key_file)
            for level in order.levels
        ]
    except KinerjaError:
        return False
    return all({k: audit.provenance.get(k) for k in wanted} == wanted for audit in stored)
