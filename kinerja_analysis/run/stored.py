"""A run over stored tables: no more than one region is in a process's memory, whatever the number of regions."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.table_store import MANIFEST, is_store, key_of, load_tables, person_hashes, stored_cells
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.detect.between import between

Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Where a worker finds the rows of one region up to a year."""

    folder: Path
    region: str
    until: int
    config: AuditConfig

    def load(self) -> Tables:
        """Return the rows; raises ``UsageError`` when something was changed."""
        return load_tables(self.folder, self.region, self.config, until=self.until)


@dataclass(frozen=True, slots=True)
class Stored:
    """A folder of stored tables (``base.table_store``) in the place of tables that were read."""

    folder: Path
    config: AuditConfig

    def select(self, *, region: str, until: int) -> Part:
        """Return where the rows of one region up to a year are."""
        return Part(self.folder, region, until, self.config)

    def digest(self) -> str:
        """Return a digest of all manifests, which hold the sums of all files."""
        whole = hashlib.sha256()
        for place in self._manifests():
            whole.update(f"\0{place.parent.name}\0".encode() + place.read_bytes())
        return whole.hexdigest()

    def cells(self) -> dict[Cell, str]:
        """Return the cells to audit in order, each with the digest of its region's data up to that year."""
        years = self.config.years
        return {cell: data for cell, data in stored_cells(self.folder).items() if not years or cell[1] in years}

    def changed(self, start: dt.datetime) -> set[str]:
        """Return the regions stored at or after a moment."""
        return {p.parent.name for p in self._manifests() if p.stat().st_mtime >= start.timestamp()}

    def keys(self) -> list[str]:
        """Return the ids of the keys with which the regions were stored."""
        return sorted({key_of(place) for place in self._manifests()})

    def links(self, cells: Sequence[Cell], key: str) -> pd.DataFrame:
        """Return what ``detect.between`` tells of all regions together; only regions that share a person are loaded."""
        whole = between(Tables(), self.config, cells, key)
        found = []
        for year in sorted({y for _, y in cells}):
            for pair in self._sharing([r for r, y in cells if y == year], year):
                with suppress(UsageError):  # a damaged region fails by itself; the others are made again after it
                    found.append(self._between(pair, year, key))
        if not found:
            return whole
        told = pd.concat(found).sort_values(["year", "kind", "region", "other"], kind="stable")
        return pd.concat([whole, told.assign(joint=whole["joint"].iloc[0])], ignore_index=True)

    def _between(self, pair: tuple[str, str], year: int, key: str) -> pd.DataFrame:
        both = [load_tables(self.folder, region, self.config, until=year).select(year=year) for region in pair]
        frames: dict[str, Any] = {
            name: pd.concat([getattr(t, name) for t in both], ignore_index=True) for name in ("ratings", "employees")
        }
        rows = between(Tables(**frames), self.config, [(region, year) for region in pair], key)
        return rows[rows["other"] != ""]

    def _sharing(self, regions: Sequence[str], year: int) -> list[tuple[str, str]]:
        """Return the pairs of regions with a person in common, told by hashes (one too many does no harm)."""
        persons = [person_hashes(self.folder, region, year) for region in regions]
        place = np.repeat(np.arange(len(regions)), [len(p) for p in persons])
        each = np.concatenate(persons) if persons else np.empty(0, np.uint64)
        rows = pd.DataFrame({"person": each, "place": place})
        several = rows[rows.duplicated("person", keep=False)].groupby("person")["place"]
        pairs = {pair for _, places in several for pair in combinations(sorted(places), 2)}
        return [(regions[a], regions[b]) for a, b in sorted(pairs)]

    def _manifests(self) -> list[Path]:
        return sorted(self.folder.glob(f"[0-9]*/{MANIFEST}"))


def stored(paths: Any, config: AuditConfig) -> Stored | None:
    """Return the store where exactly one folder of stored tables is given, else None."""
    given = list(paths) if isinstance(paths, (list, tuple)) else [paths]
    if len(given) == 1 and isinstance(given[0], (str, Path)) and is_store(Path(given[0])):
        return Stored(Path(given[0]).resolve(), config)
    return None
