"""Regions whose files have errors are left out, so that those whose files are in order can go on.

Whose rows an error touches is told by the rows themselves; where they tell no region, or a file could not be read, by
a region's code or name in the file's path, else by what lies in the same folder. Where nothing tells it, every region
may lack those rows: then none goes on. Years before the first that is touched need nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.layout import table_of
from kinerja_analysis.read.regions import Regions
from kinerja_analysis.read.report import CheckReport
from kinerja_analysis.read.session import Session

REASON = "left_out"
_ROWS = ["_b", "_i", "region", "year"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out: regions (with their kin) and from which year on, those told by names only, cells, and why."""

    since: Mapping[str, int]
    named: frozenset[str]
    cells: tuple[tuple[str, int], ...]
    report: CheckReport


def touched(session: Session) -> tuple[dict[str, int], frozenset[str]]:
    """Return the regions that the errors of a session touch, each with the first year (0: any), and those named only.

    None where any region may be touched.
    """
    rows = _rows(session)
    since, by_name = dict[str, int](), set[str]()
    for file, block, hit in session.log.hits:
        mine = rows[rows["_b"].isin(_blocks(session, file, block))]
        if hit is not None:
            own = mine[mine["_i"].isin(hit)]
            mine = own if len(hit) and own["_i"].nunique() == len(np.unique(hit)) else mine
        found = mine.assign(year=mine["year"].fillna(0)).groupby("region")["year"].min().astype("int64").to_dict()
        if mine.empty or mine["region"].isna().any():
            named = named_in(file, session.regions) or _beside(session, file, rows)
            if not named:
                return {}, frozenset()
            by_name |= named
            found |= dict.fromkeys(named, 0)
        since |= {r: min(year, since.get(r, year)) for r, year in found.items()}
    return _kin(since, session.config), frozenset(by_name)


def leave(
    session: Session, since: Mapping[str, int], tables: dict[str, pd.DataFrame]
) -> tuple[tuple[str, int], ...]:
    """Take the rows of regions, from a year on, out of a session, and its errors; return the cells of these rows.

    ``tables`` are the combined ones, with all rows. What is taken out is counted as such.
    """
    wrong = {n for file, block, _ in session.log.hits for n in _blocks(session, file, block)}
    rows = _rows(session)
    out = _out(rows, since)
    for name, parts in session.parts.items():
        session.parts[name] = [part[~_out(part, since)] for part in parts]
    session.told = [told[~_out(told, since)] for told in session.told]
    concerned = wrong | set(rows.loc[out, "_b"])
    for number, table in session.fates:
        if number in concerned:
            lost = np.ones(len(session.blocks[number]), dtype=bool)
            lost[rows.loc[~out & (rows["_b"] == number) & (rows["_t"] == table), "_i"].to_numpy(dtype=np.int64)] = False
            session.set_aside(number, table, np.flatnonzero(lost), REASON)
    session.left |= wrong
    session.log.forgive()
    found = pd.concat([tables[t][["region", "year"]] for t in ("ratings", "appraisals")]).dropna().drop_duplicates()
    return tuple(sorted((str(r), int(y)) for r, y in found[_out(found, since)].itertuples(index=False)))


def _out(frame: pd.DataFrame, since: Mapping[str, int]) -> pd.Series:
    """Tell which rows belong to a region from its year on; what is not told may be any year, or any of the regions."""
    late = frame["year"].fillna(9999) >= frame["region"].map(since)
    return frame["region"].isna() | late.fillna(False).astype(bool)


def named_in(path: str, regions: Regions) -> set[str]:
    """Return the regions whose code or name stands in a path, the innermost part that has one; several may be meant.

    >>> sorted(named_in("masuk/98.01-contoh/skp.xlsx", Regions(AuditConfig(regions={"98.01": {"name": "Contoh"}}))))
    ['98.01']
    """
    place = PurePosixPath(path)
    for part in (place.stem, *(p for p in reversed(place.parent.parts) if p != ".")):
        words = re.findall(r"\d+(?:\.\d+)*|[^\W\d_]+", part)
        for length in range(min(len(words), 5), 0, -1):
            runs = (" ".join(words[k : k + length]) for k in range(len(words) - length + 1))
            if found := {r.code for run in runs if len(run) > 3 for r in regions.find(run)}:
                return found
    return set()


def _rows(session: Session) -> pd.DataFrame:
    """Return block, row, table and region of all rows that were taken in."""
    found = [p.reindex(columns=_ROWS).assign(_t=table_of(name)) for name, parts in session.parts.items() for p in parts]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*_ROWS, "_t"])


def _blocks(session: Session, file: str, block: Block | None) -> list[int]:
    """Return the numbers of the tables that a problem concerns: of one, or of the whole file."""
    return [n for n, b in enumerate(session.blocks) if (b.file_name == file if block is None else b is block)]


def _beside(session: Session, file: str, rows: pd.DataFrame) -> set[str]:
    """Return the regions of the other files in the same folder below the given one."""
    folder = PurePosixPath(file).parent
    if str(folder) == ".":
        return set()
    beside = [n for n, b in enumerate(session.blocks) if PurePosixPath(b.file_name).parent == folder]
    return set(rows.loc[rows["_b"].isin(beside), "region"].dropna())


def _kin(since: Mapping[str, int], config: AuditConfig) -> dict[str, int]:
    """Return regions with those that declared units move rows to, and those they are moved from; the first years."""
    found = dict(since)
    pairs = [{code, r.parent or code.rpartition(".")[0]} for code, r in config.regions.items() if r.units]
    for _ in pairs:  # as often as kin can be passed on
        for pair in (p for p in pairs if p & set(found)):
            found |= dict.fromkeys(pair, min(found[r] for r in pair & set(found)))
    return found
