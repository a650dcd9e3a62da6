"""What is to be done: the matrix of regions, years and levels against what lies in the reports folder, by digest."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import KinerjaError, UsageError
from kinerja_analysis.base.keys import key_bytes, key_id
from kinerja_analysis.base.results import Level
from kinerja_analysis.base.store import (
    INTERNAL,
    MANIFEST,
    METRICS,
    STATE,
    data_digest,
    file_sum,
    inside,
    manifests,
    read_provenance,
    sealed,
    sums,
    verified,
    write_atomic,
)
from kinerja_analysis.base.tables import TABLES, Tables, of_cell
from kinerja_analysis.detect import cells_of
from kinerja_analysis.detect.between import between
from kinerja_analysis.read.partly import LeftOut
from kinerja_analysis.read.regions import chosen
from kinerja_analysis.read.session import Progress
from kinerja_analysis.read.sources import as_sources, files_of, is_read
from kinerja_analysis.run.left import (
    folders,
    gone_of,
    kept_links,
    left_over,
    refuse,
    refused_cells,
    rows_digest,
    source_of,
)
from kinerja_analysis.run.stored import Stored, stored

Cell = tuple[str, int]
#: What a reason to make a report means for the state of what is there.
STATUS = dict.fromkeys(("asked", "changed", "data", "config", "version", "links", "form"), "stale") | {
    "": "done", "failed": "failed", "new": "missing", "gone": "gone",
}  # fmt: skip
#: What a stored audit must say of its making, in the order in which a difference is told.
MADE_OF = ("version", "config", "data", "links")
CELL_OF = ("config", "data", "links")  #: what the state says of each cell; what it does not say is no longer known


@dataclass(frozen=True, slots=True)
class Order:
    """What every cell of a run has in common."""

    out: Path
    notebooks: Path
    languages: tuple[str, ...]
    levels: tuple[Level, ...]
    formats: tuple[str, ...]
    config: AuditConfig
    log: Path
    scheduler: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One report set of the matrix. ``reason`` says why it must be made, "" that it is done.

    ``partial`` names the detectors that raised when a done one was made; ``since`` is the date of the report that
    stands although it could not be made again.
    """

    region: str
    year: int
    level: Level
    reason: str
    partial: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks; what they need: ``tables`` (or where they are stored) and ``links``; None if nothing was read.

    ``gone`` are report sets that stand although their cell is no longer in the input: nothing to be done, to be told.
    ``left`` says which regions' files have errors, ``refused`` are their cells: they fail, the others are done.
    """

    tasks: tuple[Task, ...]
    state: Mapping[str, Any]
    tables: Tables | Stored | None = None
    links: pd.DataFrame | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    gone: tuple[Task, ...] = ()
    left: LeftOut | None = None
    refused: tuple[Cell, ...] = ()

    @property
    def todo(self) -> list[Task]:
        """The tasks that are not done, but can be."""
        return [t for t in self.tasks if t.reason and (t.region, t.year) not in self.refused]


def inputs_digest(paths: Any, *told: object) -> str:
    """Return a digest of the names and contents of all input files; "" where some cannot be known beforehand."""
    whole = hashlib.sha256(repr(told).encode())
    for source in as_sources(paths):
        if not isinstance(source, (str, Path)) or str(source).startswith("sql:"):
            return ""
        for path, _, name in files_of(Path(source)):
            whole.update(f"\0{name}\0".encode("utf-8", "surrogateescape"))
            whole.update(file_sum(path).encode())
    return whole.hexdigest()


def read_state(order: Order) -> dict[str, Any]:
    """Return what the last run wrote down; empty when there was none, or when it was changed."""
    state = _state(order)
    try:
        told = str(state.pop("seal"))
        return state if hmac.compare_digest(told, sealed(state, "internal", key_bytes(order.config))) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _state(order: Order) -> dict[str, Any]:
    try:
        return dict(json.loads((order.out / INTERNAL / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def no_state(order: Order) -> UsageError:
    """Return the sentence for a folder of which ``read_state`` tells nothing: no reports, another key, or changed."""
    n, key = len(manifests(order.out)), _state(order).get("key")
    if key not in (None, key_id(key_bytes(order.config))):
        return UsageError("run.other_key", folder=order.out.name, n=n)
    return UsageError("run.state_lost" if n else "errors.audit_missing", folder=order.out.name, n=n)


def write_state(order: Order, todo: Plan, failed: Sequence[Task]) -> None:
    """Write down what was read and what failed, sealed, so that the next run need not read unchanged files.

    ``others`` are the cells of earlier runs that are not in this one's input (``left_over``).
    """
    others = left_over(read_state(order), todo.state, order.out)
    here = {(t.region, t.year, t.level) for t in todo.tasks}
    still = [f for f in todo.state["failed"] if tuple(f) not in here]
    body = {**todo.state, "others": others, "failed": sorted([[t.region, t.year, t.level] for t in failed] + still)}
    text = json.dumps({**body, "seal": sealed(body, "internal", key_bytes(order.config))}, sort_keys=True)
    write_atomic(inside(order.out / INTERNAL) / STATE, text.encode(), mode=0o600)


def made(folder: Path, config: AuditConfig) -> dict[str, Any] | None:
    """Return what an intact report set says of its making; None when a file of it is missing or was changed."""
    try:
        metrics = dict(json.loads((folder / METRICS).read_text(encoding="utf-8")))
        told = str(metrics.pop("seal"))
        if not hmac.compare_digest(told, sealed(metrics, metrics["level"], key_bytes(config))):
            return None
        if {n: s for n, s in sums(folder).items() if n != METRICS} != metrics["sums"]:
            return None
        audit = verified(folder / "audit", key_file=config.key_file)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, KinerjaError):
        return None
    named = {k: metrics[k] for k in ("region", "year", "level", "languages", "formats")}
    same = [[metrics["region"], metrics["year"]]] == audit["cells"] and audit["level"] == metrics["level"]
    failed = ", ".join(metrics["headline"].get("failed", ()))
    return {**audit["provenance"], **named, "partial": failed} if same else None


def task(order: Order, cell: Cell, level: Level, wanted: Mapping[str, Any], failed: set[tuple[Any, ...]],
         resume: bool = True) -> Task:  # fmt: skip
    """Return the task of one cell and level: why it must be made, or that it is done."""
    found = folders(order.out, level, *cell)
    told = made(found[0], order.config) if len(found) == 1 else None
    reason = "" if resume else "asked"
    if told is None:
        reason = "changed" if found else "new"
    elif (told["region"], told["year"], told["level"]) != (*cell, level):
        reason = "changed"
    else:
        differs = (name for name in MADE_OF if name in wanted and told.get(name) != wanted[name])
        reason = reason or next(differs, "")
        if not reason and [list(order.languages), list(order.formats)] != [told["languages"], told["formats"]]:
            reason = "form"
    if reason and reason != "asked" and (*cell, level) in failed:
        dates = [dt.date.fromtimestamp(p.stat().st_mtime) for f in found if (p := f / METRICS).is_file()]
        return Task(*cell, level, "failed", since=str(dates[0]) if dates else "")
    return Task(*cell, level, reason, "" if reason or told is None else str(told["partial"]))


def undone(order: Order, todo: Plan, cells: Sequence[Cell]) -> list[Task]:
    """Return the tasks of some cells whose report set is not what this run should have made."""
    return [t for t in matrix(order, {**todo.state, "failed": ()}, True, cells) if t.reason]


def gone(order: Order, others: Sequence[Mapping[str, Any]]) -> tuple[Task, ...]:
    """Return the report sets of cells that are no longer in the input."""
    cells = sorted(gone_of(others))
    return tuple(Task(*c, level, "gone") for c in cells for level in order.levels if folders(order.out, level, *c))


def matrix(order: Order, state: Mapping[str, Any], resume: bool, cells: Sequence[Cell] | None = None) -> list[Task]:
    """Return the tasks of all cells of a state (of the given ones), internal level last."""
    failed = {tuple(f) for f in state.get("failed", ())}
    head = {"version": state["version"]}
    return [
        task(order, (c["region"], c["year"]), level, head | {k: c.get(k) for k in CELL_OF}, failed, resume)
        for c in state["cells"] if cells is None or (c["region"], c["year"]) in cells for level in order.levels
    ]  # fmt: skip


def plan(
    paths: Any, order: Order, *, region: str | None, year: int | None, since: str | None, resume: bool,
    new_key: bool, progress: Progress | None, refresh: bool = False, keep_going: bool = False,
) -> Plan:  # fmt: skip
    """Return what is to be done. Files are read only when they, the configuration or the version changed.

    ``refresh`` reads them in any case; with ``keep_going`` only the regions fail whose files have errors. Nothing is
    written.
    """
    from kinerja_analysis import __version__

    clock = _Clock()
    key = key_id(key_bytes(order.config))
    store = stored(paths, order.config)
    inputs = inputs_digest(paths, region, year) if store is None else store.digest()
    head = {"version": __version__, "config": order.config.digest(), "key": key, "inputs": inputs,
            "languages": list(order.languages), "formats": list(order.formats),
            "years": list(order.config.years), "source": source_of(paths, order.config)}  # fmt: skip
    before = read_state(order)
    if inputs and resume and not refresh and all(before.get(k) == v for k, v in head.items()):
        tasks = matrix(order, before, resume, _asked(before["cells"], region, year, since, order, paths))
        if not any(t.reason for t in tasks):
            return Plan(tuple(tasks), before, seconds=clock.told, gone=gone(order, before.get("others", ())))
    tables: Tables | Stored
    left: LeftOut | None = None
    if store is None:
        tables, told, links, left = _read(paths, region, year, order, key, progress, new_key, clock, keep_going)
    else:
        tables, told, links = _opened(store, order, key, new_key, clock)
    if not told:
        raise UsageError("errors.no_cells")
    refused = refused_cells(left, list(told), before, order.config)
    if refused:
        links = kept_links(links, refused, order.out, order.config)
    rows = [{"region": r, "year": y, "config": order.config.about(r).digest(), "data": data,
             "links": links_digest(links, r, y), "rows": rows_digest(tables, r, y)}
            for (r, y), data in told.items()]  # fmt: skip
    state = {**head, "cells": rows, "failed": before.get("failed", [])}
    if refused:
        refuse(state, refused, order.config, order.levels)
    others = left_over(before, state, order.out)
    links = joined(links, [*told, *refused], order, gone_of(others))
    clock.mark("plan")
    tasks = matrix(order, state, resume, _asked(state["cells"], region, year, since, order, paths, tables))
    mine = tuple(c for c in refused if c in merged(tasks))
    return Plan(tuple(tasks), state, tables, links, clock.told, gone(order, others), left, mine)


def _read(
    paths: Any, region: str | None, year: int | None, order: Order, key: str, progress: Progress | None, new_key: bool,
    clock: _Clock, keep_going: bool,
) -> tuple[Tables, dict[Cell, str], pd.DataFrame, LeftOut | None]:  # fmt: skip
    """Read files; return the tables, the cells with their data's digests, what links them, and what was left out."""
    from kinerja_analysis.read import read, read_others

    how: Any = {"region": region, "year": year, "config": order.config, "progress": progress}
    tables, left = read_others(paths, **how) if keep_going else (read(paths, **how), None)
    if not new_key:
        check_key(tables.key_id, order.out)
    clock.mark("read")
    cells = cells_of(tables, order.config)
    links = between(tables, order.config, cells, key)
    return tables, {(r, y): data_digest(tables.select(region=r, until=y)) for r, y in cells}, links, left


def _opened(
    store: Stored, order: Order, key: str, new_key: bool, clock: _Clock
) -> tuple[Stored, dict[Cell, str], pd.DataFrame]:
    """As ``_read``, of stored tables: manifests are read, and of the rows who shares a person with whom."""
    for mine in store.keys() if not new_key else ():
        check_key(mine, order.out)
    told = store.cells()
    clock.mark("read")
    return store, told, store.links(list(told), key)


def check_key(mine: str, out: Path) -> None:
    """Raise ``UsageError`` when a stored audit of real persons below ``out`` carries another key id than ``mine``."""
    for place in manifests(out):
        told = read_provenance(place)
        theirs = told.get("key_id", "")
        if mine and theirs and theirs != mine and not told.get("synthetic"):
            raise UsageError("identity.other_key", folder=out.name, theirs=theirs, mine=mine)


def joined(links: pd.DataFrame, cells: Sequence[Cell], order: Order, left: set[Cell]) -> pd.DataFrame:
    """Mark the cells of a year as audited together, with the mark that stored ones carry where that is true of them.

    It is when every stored audit of the year is read again in this run, those ``left`` behind aside: those whose links
    changed are made again.
    """
    marks = {}
    for year in sorted({y for _, y in cells}):
        mine = sorted(c for c in cells if c[1] == year)
        roots = (order.out, order.out / "internal")
        stored = [f for root in roots for f in root.glob(f"{year}/*/audit/{MANIFEST}")
                  if (f.parts[-3].split("-")[0], year) not in left]  # fmt: skip
        told = {str(read_provenance(f).get("joint", "")) for f in stored}
        here = {f.parts[-3].split("-")[0] for f in stored} <= {r for r, _ in mine}
        fresh = hashlib.sha256(f"{order.config.digest()} {mine}".encode()).hexdigest()[:16]
        marks[year] = told.pop() if here and len(told) == 1 and told != {""} else fresh
    return links.assign(joint=links["year"].map(marks).astype("str"))


def links_digest(links: pd.DataFrame, region: str, year: int) -> str:
    """Return a digest of what links a cell to the other regions."""
    rows = of_cell(links, region, year).drop(columns="joint")
    return hashlib.sha256(rows.to_csv(index=False, float_format="%.12g").encode()).hexdigest()[:16]


def _asked(
    rows: Sequence[Mapping[str, Any]], region: str | None, year: int | None, since: str | None, order: Order,
    paths: Any, tables: Tables | Stored | None = None,
) -> list[Cell]:  # fmt: skip
    """Return the cells a run is for; raises ``UsageError`` where the region and year asked for are not among them."""
    late = _since(rows, since, paths, tables)
    found = chosen([(c["region"], c["year"]) for c in rows], region, year, order.config)
    if not found:
        raise UsageError("errors.no_cells")
    return [c for c in found if late is None or c in late]


def _since(
    cells: Sequence[Mapping[str, Any]], since: str | None, paths: Any, tables: Tables | Stored | None = None
) -> list[Cell] | None:
    """Return the cells from a year on, or those with rows of a file changed at or after a date; None for all."""
    if since is None:
        return None
    if len(since) == 4 and since.isascii() and since.isdigit():
        return [(c["region"], c["year"]) for c in cells if c["year"] >= int(since)]
    try:
        moment = dt.datetime.fromisoformat(since)
    except ValueError:
        raise UsageError("run.since_wrong", value=since[:20]) from None
    if tables is None:
        return None
    if isinstance(tables, Stored):
        regions = tables.changed(moment)
        return [(c["region"], c["year"]) for c in cells if c["region"] in regions]
    given = [Path(s) for s in as_sources(paths) if isinstance(s, (str, Path)) and not str(s).startswith("sql:")]
    places = [p for source in given for p, named, _ in files_of(source) if is_read(p, named)]
    late = {k for k, p in enumerate(places, start=1) if p.stat().st_mtime >= moment.timestamp()}
    frames = (getattr(tables, name)[["region", "year", "row"]] for name in TABLES)
    rows = pd.concat([f.dropna(subset="row") for f in frames])
    rows = rows[pd.to_numeric(rows["row"].str.replace(":.*", "", regex=True), errors="coerce").isin(late)]
    first = rows.groupby("region")["year"].min().to_dict()  # later years look back on earlier ones
    return [(c["region"], c["year"]) for c in cells if c["year"] >= first.get(c["region"], c["year"] + 1)]


class _Clock:
    """Seconds of the stages, one after the other."""

    def __init__(self) -> None:
        self.last, self.told = time.monotonic(), dict[str, float]()

    def mark(self, stage: str) -> None:
        now = time.monotonic()
        self.told[stage], self.last = round(now - self.last, 3), now


def merged(tasks: Sequence[Task]) -> dict[Cell, list[Task]]:
    """Return the tasks by cell, in order."""
    found: dict[Cell, list[Task]] = {}
    for one in tasks:
        found.setdefault((one.region, one.year), []).append(one)
    return found
