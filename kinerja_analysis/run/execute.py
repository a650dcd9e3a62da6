"""Audit and report every region and year, cells beside each other; one cell's failure leaves the others done."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused, InputRefused, KinerjaError, write_failed
from kinerja_analysis.base.results import LEVELS, Level
from kinerja_analysis.base.store import sweep
from kinerja_analysis.base.tables import Tables, of_cell
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.base.workers import check_jobs, workers
from kinerja_analysis.detect import detect
from kinerja_analysis.pipeline import Paths, public_form
from kinerja_analysis.read.session import Progress
from kinerja_analysis.read.sources import find_config
from kinerja_analysis.release import limits_of
from kinerja_analysis.report.produce import FORMATS, Job, check_choice, joint_pages, make, notebooks_folder, several
from kinerja_analysis.run import publish
from kinerja_analysis.run.cluster import Cluster, died
from kinerja_analysis.run.jobs import Order, Plan, Task, links_digest, merged, plan, undone, write_state
from kinerja_analysis.run.left import forget
from kinerja_analysis.run.outcome import Failure, RunReport
from kinerja_analysis.run.stored import Part
from kinerja_analysis.score import score

PATIENCE = 120.0  #: minutes without any worker coming to a new stage, after which it counts as hung
JOINT = ("index*", "*/index*", "*/*/index*", "*/ringkasan/*", "*/*/ringkasan/*")  #: pages about several regions
UNREAD = ("KA-W102", "KA-W106", "KA-W301")  #: warnings of files that may hold ratings and were not read
_TICK = 1.0


class Terminated(KeyboardInterrupt):
    """SIGTERM: as an interrupt from the keyboard, with its own exit code."""

    exit_code = 143


def order_of(
    paths: Paths, out: str | Path = "reports", *, years: Sequence[int] | None = None,
    lang: Sequence[str] | None = None, level: Sequence[Level] = LEVELS, config: AuditConfig | None = None,
    scheduler: str = "",
) -> Order:  # fmt: skip
    """Return what all cells of a run have in common; raises ``UsageError`` for an unknown language, level or place."""
    settings = config or find_config(paths)
    if years is not None:
        settings = settings.model_copy(update={"years": tuple(years)})
    languages = several(settings.languages if lang is None else lang)
    level = several(level)  # type: ignore[assignment]
    check_choice(languages, LANGUAGES)
    check_choice(level, LEVELS)
    if "public" in level:
        limits_of(settings)
    publish.check_out(Path(out))
    place = Path(out).resolve()
    return Order(place, notebooks_folder(), languages, tuple(level), FORMATS, settings, publish.log_place(place),
                 scheduler)  # fmt: skip


def run(
    paths: Paths, *, region: str | None = None, year: int | None = None, years: Sequence[int] | None = None,
    out: str | Path = "reports", lang: Sequence[str] | None = None, level: Sequence[Level] = LEVELS,
    jobs: int | None = None, resume: bool = True, since: str | None = None, new_key: bool = False,
    keep_going: bool = False, patience: float = PATIENCE, scheduler: str = "", config: AuditConfig | None = None,
    progress: Progress | None = None,
) -> RunReport:  # fmt: skip
    """Read everything, audit every cell, write every report and the index.

    What is done already is not done again: a report set counts as done when no file of it is missing or changed and
    it was made from these data, with this configuration, version and these links to other regions.

    Parameters
    ----------
    paths : path or list of paths
    region, year : optional
        For files that do not say it themselves; of several, the ones to do (a region with those within it).
    years : sequence of int, optional
        Only these years.
    lang : sequence of str, optional
        ``config.languages`` by default.
    jobs : int, optional
        Processes; one per core by default.
    resume : bool
        False makes everything again.
    since : str, optional
        A year: only cells from that year on. A date: only regions with a file changed at or after it.
    new_key : bool
        Go on although earlier audits below ``out`` were made with another key.
    keep_going : bool
        Where files have errors, only the regions fail that these touch (``RunReport.problems``); the others are done.
    patience : float
        Minutes after which a worker at no new stage is ended and its cell has failed.
    scheduler : str
        Address of a Dask scheduler whose workers do the cells (``run.cluster``) instead of processes here.
    progress : callable, optional
        As in :func:`kinerja_analysis.read`, then ``("cells", 1, 12)`` after the first of twelve.

    Returns
    -------
    RunReport

    Raises
    ------
    InputRefused
        The input has errors (with ``keep_going``: nothing says which regions they touch, or they touch all): no region
        was done. Where there are reports already, the log says so.
    DisclosureRefused
        Public reports with limits below 10 persons or 3 raters; nothing was done.
    UsageError
        Unknown language or level, no number of processes; another run is at it; too little room; another key.
    """
    check_jobs(jobs)
    order = order_of(paths, out, years=years, lang=lang, level=level, config=config, scheduler=scheduler)
    lock = publish.Lock(order.out)
    lock.check()
    with _stoppable():
        try:
            todo = plan(paths, order, region=region, year=year, since=since, resume=resume, new_key=new_key,
                        progress=progress, keep_going=keep_going)  # fmt: skip
        except InputRefused:
            publish.refused(order.log)
            raise
        publish.check_room(order.out, len(todo.todo))
        with lock:
            sweep(order.out)
            try:
                return _execute(todo, order, jobs, patience, progress, lock.stale)
            except OSError as error:
                raise write_failed(error) from None
            except KeyboardInterrupt:
                publish.note(order.log, "run", "stopped")
                sweep(order.out)
                raise


def _execute(
    todo: Plan, order: Order, jobs: int | None, patience: float, progress: Progress | None, stale: str
) -> RunReport:
    from kinerja_analysis.report.index_page import write_index

    begun, cells = time.monotonic(), merged(todo.tasks)
    if todo.todo or todo.refused:
        publish.note(order.log, "run", "started")
        for stage, seconds in todo.seconds.items():
            publish.note(order.log, stage, "done", seconds)
    rows: dict[tuple[str, int], tuple[str, str]] = {}
    for cell, tasks in cells.items():
        partial = next((t.partial for t in tasks if t.partial), "")
        rows[cell] = ("partial", partial) if partial else ("done", "resumed")
        if any(t.reason for t in tasks):
            rows[cell] = ("failed", "")  # until it is done
    files: list[Path] = []
    failures: dict[tuple[str, int], Failure] = {}
    for cell in todo.refused:
        rows[cell], failures[cell] = _failed("run.input_wrong", order, cell, {})[:2], ("run.input_wrong", {})
    for done, (cell, outcome) in enumerate(_cells(todo, order, jobs, patience), start=1):
        rows[cell] = outcome[:2]
        files += outcome[2]
        if outcome[3]:
            failures[cell] = outcome[3]
        if progress is not None:
            total = len(cells) - len(todo.refused)
            progress("cells", total - len(merged(todo.todo)) + done, total)
    failed = [t for t in todo.todo if (t.region, t.year) in failures]
    write_state(order, todo, undone(order, todo, list(failures)))  # what the pages below say of reports that stand
    stood = {p: p.stat().st_mtime_ns for place in JOINT for p in order.out.glob(place)}
    summaries, failure = _summaries(order)
    if failure is not None:  # the reports stand; the next run makes the summary again
        summary = ("", max(y for _, y in cells))
        rows[summary], failures[summary] = ("failed", say(failure[0], "en", **failure[1])), failure
    files += (pages := summaries + write_index(order.out, order.languages))
    sweep(order.out)  # of workers that died
    if todo.todo or todo.refused or publish.last_run(order.out)[0] not in ("", "done", "partial"):
        publish.note(order.log, "run", "partial" if failures else "done", time.monotonic() - begun)
    counts = {"read": int(todo.tables is not None), "audited": len(merged(todo.todo)),
              "written": len(todo.todo) - len(failed), "resumed": sum(not t.reason for t in todo.tasks)}  # fmt: skip
    problems = getattr(todo.tables, "problems", ())
    warnings = sum(p.count for p in problems if p.severity == "warning")
    unread = len({p.file for p in problems if p.code in UNREAD and not p.sheet})
    frame = pd.DataFrame([(*cell, *told) for cell, told in sorted(rows.items())],
                         columns=["region", "year", "status", "reason"])  # fmt: skip
    return RunReport(frame, tuple(files), counts, failures, stale, len(todo.state["cells"]) - len(cells),
                     tuple(dict.fromkeys((t.region, t.year) for t in todo.gone)), warnings,
                     sum(stood.get(p) != p.stat().st_mtime_ns for p in pages),
                     todo.left.report if todo.left else None, unread)  # fmt: skip


def _summaries(order: Order) -> tuple[list[Path], Failure | None]:
    """Write the pages about several regions; return their files, and what failed."""
    try:
        return joint_pages(order.out, order.languages), None
    except KinerjaError as error:
        publish.note(order.log, "summary", "failed " + error.key)
        return [], (error.key, error.params)


Outcome = tuple[str, str, list[Path], Failure | None]


def _cells(todo: Plan, order: Order, jobs: int | None, patience: float) -> Iterator[tuple[tuple[str, int], Outcome]]:
    """Do every cell that is not done, in worker processes; regions within another wait for what that one prints."""
    own = order.config.regions
    inner = {code for code, place in own.items() if place.parent in own}
    for late in (False, True):
        cells = {c: tasks for c, tasks in merged(todo.todo).items() if (c[0] in inner) == late}
        waiting, suspects, alone = list(cells), list[tuple[str, int]](), False
        while waiting:
            width = 1 if alone else max(1, min(jobs or os.cpu_count() or 1, len(waiting)))
            for cell, outcome in _pool(waiting, cells, todo, order, width, patience):
                if not isinstance(outcome, str):
                    yield cell, outcome
                elif alone:
                    yield cell, _failed(outcome, order, cell, {"minutes": patience})
                else:  # its worker died or hung: once more alone, then it has failed
                    suspects.append(cell)
                waiting.remove(cell)
            if not waiting and not alone:
                waiting, alone = suspects, True


def _pool(
    waiting: Sequence[tuple[str, int]], cells: Mapping[tuple[str, int], list[Task]], todo: Plan, order: Order,
    width: int, patience: float,
) -> Iterator[tuple[tuple[str, int], Outcome | str]]:  # fmt: skip
    """Do cells until all are done or a worker died or hung; those in work then come with the reason."""
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    assert todo.tables is not None and todo.links is not None
    queue, running = list(waiting), dict[Future[Outcome], tuple[str, int]]()
    executor: Any
    if order.scheduler:
        executor = Cluster(order.scheduler, order.config, order.out / publish.LOCK)
        width = executor.width if width > 1 else 1
    else:
        executor = workers(width, width, shielded=True)
    moved, size = time.monotonic(), 0
    try:
        while queue or running:
            while queue and len(running) < width:
                cell = queue.pop(0)
                part = todo.tables.select(region=cell[0], until=cell[1])
                levels = tuple(t.level for t in cells[cell])
                links = of_cell(todo.links, *cell)
                running[executor.submit(do_cell, part, cell, links, levels, order)] = cell
            over, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
            now = order.log.stat().st_size if order.log.exists() else 0
            if over or now != size:
                moved, size = time.monotonic(), now
            lost = [f for f in over if died(f.exception())]
            for future in (f for f in over if f not in lost):
                yield running.pop(future), future.result()
            if lost or time.monotonic() - moved > 60 * patience:
                key = "run.worker_died" if lost else "run.worker_hung"
                yield from ((cell, key) for cell in running.values())
                return
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _failed(key: str, order: Order, cell: tuple[str, int], params: dict[str, Any]) -> Outcome:
    publish.note(order.log, "cell", "failed " + key, 0.0, *cell)
    return "failed", say(key, "en", **params), [], (key, params)


def do_cell(
    part: Tables | Part, cell: tuple[str, int], links: pd.DataFrame, levels: Sequence[Level], order: Order
) -> Outcome:
    """Audit and report one cell at some levels; return status, reason, the files and what failed.

    ``part`` holds the region's rows up to the year, or says where they are stored; ``links`` the cell's rows of
    ``detect.between``.
    """
    region, year = cell
    written: list[Path] = []

    def stage(name: str, since: float) -> float:
        publish.note(order.log, name, "done", time.monotonic() - since, region, year)
        return time.monotonic()

    now = time.monotonic()
    publish.note(order.log, "cell", "started", 0.0, region, year)
    try:
        tables = part.load() if isinstance(part, Part) else part
        config = order.config.about(region)
        audit = detect(tables, score(tables, config), config, cells=[cell])
        made_of = {"links": links_digest(links, region, year), "joint": links["joint"].iloc[0]}
        audit = replace(audit, counts={**audit.counts, "between": links}, provenance={**audit.provenance, **made_of})
        now = stage("detect", now)
        refused: DisclosureRefused | None = None
        for level in levels:
            try:
                edition = public_form(audit, order.out) if level == "public" else audit
            except DisclosureRefused as error:  # what is not published may still be read inside
                refused = error
                continue
            if level == "public":
                now = stage("release", now)
            job = Job(region, year, level, order.languages, order.formats, audit.name(region))
            written += make(job, edition, order.out, order.notebooks)
            forget(order.out, job)
            now = stage(f"report {level}", now)
        if refused is not None:
            raise refused
    except KinerjaError as error:
        return _failed(error.key, order, cell, error.params)
    except OSError as error:
        known = write_failed(error)
        return _failed(known.key, order, cell, known.params)
    except Exception as error:  # its text may hold data
        return _failed("run.our_bug", order, cell, {"kind": type(error).__name__})
    return ("partial", ", ".join(audit.failed), written, None) if audit.failed else ("done", "", written, None)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop the run as Ctrl-C does: workers ended, half reports removed, the lock taken off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # cleaning up is not disturbed
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
