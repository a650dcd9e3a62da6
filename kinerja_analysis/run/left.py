"""What earlier runs left in a reports folder: cells that this run was not asked for, and cells gone from its input."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.keys import key_bytes
from kinerja_analysis.base.store import INTERNAL, data_digest
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.read.sources import as_sources
from kinerja_analysis.report.produce import Job

Row = Mapping[str, Any]


def folders(out: Path, level: str, region: str, year: int) -> list[Path]:
    """Return the report folders of a cell: one, or more when the region changed its name."""
    root = out if level == "public" else out / INTERNAL
    return [p for p in sorted(root.glob(f"{year}/{region}-*")) if p.is_dir()]


def forget(out: Path, job: Job) -> None:
    """Remove the report set of the same region, year and level under an earlier name."""
    for other in folders(out, job.level, job.region, job.year):
        if other != job.folder(out):
            shutil.rmtree(other, ignore_errors=True)


def source_of(paths: Any, config: AuditConfig) -> list[list[str]]:
    """Return marks of the places given, each with those of the folders around it; empty where one is no place.

    They are made with the key: no path can be read off them, nor found by trying.
    """
    key, found = key_bytes(config), []
    for source in as_sources(paths):
        if not isinstance(source, (str, Path)):
            return []
        whole = Path(source).resolve()
        around = [str(source)] if str(source).startswith("sql:") else [str(p) for p in (whole, *whole.parents)]
        found.append([hmac.new(key, p.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]
                      for p in around])  # fmt: skip
    return found


def rows_digest(tables: Any, region: str, year: int) -> str:
    """Return a digest of a cell's rows that does not depend on the region they are told of; "" for stored tables."""
    return data_digest(tables.select(region=region, year=year), ("row", "region")) if isinstance(tables, Tables) else ""


def left_over(before: Row, state: Row, out: Path) -> list[dict[str, Any]]:
    """Return the cells of earlier runs (state ``before``) that are not among those of a run (``state``).

    ``gone`` are those that this run should have found: all they were read from lies in what it read, where their year
    has other regions still, or their rows are now another region's. Other places and single files read by themselves
    make no cell gone, nor does a year of which no file is left (input is deleted when it was kept long enough). A cell
    that is gone is forgotten when its published folders are.
    """
    mine = {(c["region"], c["year"]) for c in state["cells"]}
    given, years = {marks[0] for marks in state.get("source", ())}, {c["year"] for c in state["cells"]}
    elsewhere = {c.get("rows") for c in state["cells"]} - {None, ""}
    told = {"source": before["source"]} if before.get("source") else {}
    found = []
    for c in [*({**told, **c} for c in before.get("cells", ())), *before.get("others", ())]:
        if (c["region"], c["year"]) in mine:
            continue
        places = c.get("source", ())
        inside = c["year"] in years and bool(places) and all(given.intersection(marks) for marks in places)
        gone = inside or c.get("gone") or c.get("rows") in elsewhere
        if not gone:
            found.append(c)
        elif any(folders(out, level, c["region"], c["year"]) for level in ("public", INTERNAL)):
            found.append({**c, "gone": True})
    return found


def gone_of(others: Iterable[Row]) -> set[tuple[str, int]]:
    """Return the cells that are no longer in the input."""
    return {(c["region"], c["year"]) for c in others if c.get("gone")}
