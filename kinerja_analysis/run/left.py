"""What a run does not do: cells that it was not asked for, gone from its input, or whose files have errors."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import key_bytes
from kinerja_analysis.base.store import INTERNAL, data_digest, verified
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.read.partly import LeftOut
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


def refused_cells(
    left: LeftOut | None, cells: Sequence[tuple[str, int]], before: Row, config: AuditConfig
) -> list[tuple[str, int]]:
    """Return the cells whose files have errors, beside those (``cells``) to be done.

    They are those that rows tell, those of earlier runs, and of a region that neither tells its latest year.
    """
    if left is None:
        return []
    old = [(c["region"], c["year"]) for c in before.get("cells", ()) if c["year"] >= left.since.get(c["region"], 9999)]
    found = {c for c in (*left.cells, *old) if not config.years or c[1] in config.years}
    return sorted(found | {(r, max(y for _, y in cells)) for r in left.named - {r for r, _ in found}})


def refuse(state: dict[str, Any], cells: Sequence[tuple[str, int]], config: AuditConfig, levels: Sequence[str]) -> None:
    """Add cells to a state as failed ones of which nothing is known; the next run reads again."""
    nothing = dict.fromkeys(("data", "links", "rows"), "")
    rows = [{"region": r, "year": y, "config": config.about(r).digest(), **nothing} for r, y in cells]
    state["cells"] = sorted([*state["cells"], *rows], key=lambda c: (c["region"], c["year"]))
    told = {(*c, level) for c in cells for level in levels} | {tuple(f) for f in state["failed"]}
    state |= {"inputs": "", "failed": sorted(told)}


def kept_links(
    links: pd.DataFrame, refused: Sequence[tuple[str, int]], out: Path, config: AuditConfig
) -> pd.DataFrame:
    """Return links with those to the cells not done, as the stored audits of the others have them.

    So no region is made again because the files of another cannot be read, and no pair is said to share nobody.
    """
    found, years = [links], {y for _, y in refused}
    for region, year in links.loc[(links["other"] == "") & links["year"].isin(years), ["region", "year"]].to_numpy():
        for folder in folders(out, INTERNAL, region, year) or folders(out, "public", region, year):
            with suppress(UsageError, OSError):  # damaged: it is made again
                verified(folder / "audit", key_file=config.key_file)
                stored = pd.read_parquet(folder / "audit" / "counts_between.parquet")
                found.append(stored[[(str(o), int(year)) in refused for o in stored["other"]]])
    told = pd.concat([f for f in found if len(f)], ignore_index=True)[[*links]]
    return told.sort_values(["year", "kind", "region", "other"], kind="stable", ignore_index=True)


def gone_of(others: Iterable[Row]) -> set[tuple[str, int]]:
    """Return the cells that are no longer in the input."""
    return {(c["region"], c["year"]) for c in others if c.get("gone")}
