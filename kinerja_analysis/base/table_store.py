"""Pseudonymised tables on disk, a folder for each region: Parquet by year, a sealed manifest, replaced as a whole.

``<store>/<region>/tables.json`` and ``<store>/<region>/<year>/<table>.parquet``. Files' and sheets' names are not kept
(they can be persons' names), row addresses are. One region is read at a time, so a national store needs the memory of
its largest region only.
"""

from __future__ import annotations

import hmac
import json
from os.path import isdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.config import REGION_CODE, AuditConfig
from kinerja_analysis.base.errors import Problem, UsageError
from kinerja_analysis.base.keys import key_bytes
from kinerja_analysis.base.store import data_digest, file_sum, replacing, sealed
from kinerja_analysis.base.tables import ACCOUNTING, TABLES, Tables, empty

MANIFEST = "tables.json"


def is_store(folder: Path) -> bool:
    """Tell whether a folder holds stored tables; one that may not be looked into, or cannot exist, does not."""
    return isdir(folder) and any(folder.glob(f"[0-9]*/{MANIFEST}"))


def save_tables(tables: Tables, store: Path, config: AuditConfig) -> list[Path]:
    """Write the tables of every region of ``tables`` below ``store``; what a region had there is replaced.

    Returns the manifests. A region's accounting and problems are those of the files that hold rows of it, and of the
    files that hold rows of nobody.
    """
    regions = sorted({str(r) for name in TABLES for r in getattr(tables, name)["region"].unique()})
    return [_save(tables.select(region=region), region, store, config) for region in regions]


def _save(tables: Tables, region: str, store: Path, config: AuditConfig) -> Path:
    if not REGION_CODE.fullmatch(region):
        raise UsageError("errors.bad_parameter", name="region", notebook=MANIFEST)
    with replacing(store / region) as stage:
        frames = {name: getattr(tables, name) for name in TABLES}
        years = sorted({int(y) for frame in frames.values() for y in frame["year"].unique()})
        sums = {}
        for year in years:
            (stage / str(year)).mkdir()
            for name, frame in frames.items():
                rows = frame[frame["year"] == year]
                if len(rows):
                    place = stage / str(year) / f"{name}.parquet"
                    rows.to_parquet(place, index=False, compression="zstd")
                    sums[f"{year}/{place.name}"] = file_sum(place)
        body = {
            "format": 1, "region": region, "names": {c: n for c, n in tables.region_names.items() if c == region},
            "synthetic": tables.synthetic, "key_id": tables.key_id, "files": sums,
            "cells": [y for _, y in tables.cells()],
            "data": {str(y): data_digest(tables.select(until=y)) for y in years}, **_origin(tables),
        }  # fmt: skip
        text = json.dumps({**body, "seal": sealed(body, "internal", key_bytes(config))}, indent=1, sort_keys=True)
        (stage / MANIFEST).write_text(text, encoding="utf-8")
    return store / region / MANIFEST


def _origin(tables: Tables) -> dict[str, Any]:
    """The row accounting and the problems by code, of files of this region, without names or values."""
    whole = tables.accounting
    rows = pd.concat([getattr(tables, name)["row"] for name in TABLES]).drop_duplicates()
    files = set(rows.str.split(":").str[0])
    mine = whole[whole["file"].astype("str").isin(files) | (whole.groupby("file")["kept"].transform("sum") == 0)]
    numbers = {0, *(int(n) for n in mine["file"])}
    told = [(p.code, p.severity, p.number, p.count) for p in tables.problems if p.number in numbers]
    return {"accounting": json.loads(mine.to_json(orient="values")), "problems": told}


def stored_cells(store: Path) -> dict[tuple[str, int], str]:
    """Return the cells of a store in order, each with the digest of its region's data up to that year.

    Reads manifests only, whose seals are checked when a region is loaded.
    """
    found: dict[tuple[str, int], str] = {}
    for place in sorted(store.glob(f"[0-9]*/{MANIFEST}")):
        body = _manifest(place)
        found |= {(str(body["region"]), int(y)): str(body["data"][str(y)]) for y in body["cells"]}
    return found


def key_of(manifest: Path) -> str:
    """Return the id of the key with which the persons of a region were made pseudonymous."""
    return str(_manifest(manifest)["key_id"])


def person_hashes(store: Path, region: str, year: int) -> NDArray[np.uint64]:
    """Return hashes of the persons who rate or are rated in a region and year, each once, shape (persons,).

    Empty where the file is not there or damaged: ``load_tables`` refuses that.
    """
    try:
        rows = pd.read_parquet(store / region / str(year) / "ratings.parquet", columns=["rater", "ratee"])
    except (OSError, ValueError):
        return np.empty(0, np.uint64)
    persons = pd.concat([rows["rater"], rows["ratee"]]).dropna().unique()
    return np.unique(pd.util.hash_array(np.asarray(persons, dtype=object)))


def load_tables(store: Path, region: str, config: AuditConfig, *, until: int | None = None) -> Tables:
    """Return the tables of one region, year by year (up to one), after checking seal and sums.

    Raises ``UsageError`` when the region is not there, or when something was changed.
    """
    place = store / region / MANIFEST
    body = _manifest(place)
    if not hmac.compare_digest(str(body.pop("seal", "")), sealed(body, "internal", key_bytes(config))):
        raise UsageError("errors.store_changed", file=MANIFEST)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for name, digest in sorted(body["files"].items()):
        year, file = name.split("/")
        if until is not None and int(year) > until:
            continue
        target = place.parent / str(int(year)) / Path(file).name
        if not target.is_file() or file_sum(target) != digest:
            raise UsageError("errors.store_changed", file=file)
        parts[target.stem].append(pd.read_parquet(target))
    frames = {n: pd.concat(found, ignore_index=True) if found else empty(n) for n, found in parts.items()}
    problems = tuple(Problem(c, s, number=n, others=("",) * (k - 1)) for c, s, n, k in body["problems"])
    accounting = pd.DataFrame(body["accounting"], columns=ACCOUNTING)
    return Tables(**frames, problems=problems, accounting=accounting, region_names=body["names"],
                  synthetic=body["synthetic"], key_id=body["key_id"])  # fmt: skip


def _manifest(place: Path) -> dict[str, Any]:
    try:
        body = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError("errors.store_missing", folder=place.parent.name) from None
    if not isinstance(body, dict) or not {"region", "names", "files", "cells", "data", "seal"} <= body.keys():
        raise UsageError("errors.store_changed", file=MANIFEST)
    return body
