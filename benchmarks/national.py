"""National years, simulated and audited region by region: rows, CPU seconds, memory, beside a scan by DuckDB.

    python benchmarks/national.py --kind ekinerja --folder FOLDER

Three years of 514 regions with 5.6 million employees: an export of every quarter and of the year, changes of supervisor
in each year (``ekinerja``); or 360 ratings of one year by the supervisor, six peers and oneself on seven criteria
(``multisource``). The last year is audited by all detectors that apply, looking back on the others; the audits are
stored, no page is made. A killed run goes on where it was; ``--only N`` does N regions spread evenly over the sizes,
``--largest N`` the N largest, with which every run begins and which hold most memory.
Writes a row into ``benchmarks/national.csv``, and of all regions the growth over their number into
``national_growth.csv``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.store import load_audit, save_audit
from kinerja_analysis.base.table_store import MANIFEST, load_tables
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.base.workers import workers
from kinerja_analysis.compare.nation import national_change
from kinerja_analysis.simulate import national

HERE = Path(__file__).parent
REGIONS, YEAR = 514, 2025
YEARS = {"ekinerja": (2023, 2024, 2025), "multisource": (2025,)}
CONFIG = AuditConfig(years=(YEAR,))


class Peak:
    """The most memory that this process and those below it held at once (resident, in MB), looked at twice a second."""

    def __enter__(self) -> Peak:
        self.mb, self._over = 0.0, threading.Event()
        self._look = threading.Thread(target=self._watch, daemon=True)
        self._look.start()
        return self

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(0.5):
            held = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    held += process.memory_info().rss
                except psutil.Error:
                    continue
            self.mb = max(self.mb, held / 2**20)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._look.join()


def audited(store: Path, out: Path, region: str) -> dict[str, Any]:
    """Audit a region from the store and keep its audit; return what it took and held."""
    begun, cpu = time.monotonic(), time.process_time()
    tables = load_tables(store, region, CONFIG)
    told = detected(tables, out / region, region)
    told |= {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - begun}
    (out / f"{region}.json").write_text(json.dumps(told), encoding="utf-8")
    return told


def detected(tables: Tables, place: Path, region: str) -> dict[str, Any]:
    """Score and audit the last year of a region's tables and store the audit; return what the accounting counts."""
    from kinerja_analysis.detect import detect
    from kinerja_analysis.score import score

    audit = detect(tables, score(tables, CONFIG), CONFIG, cells=[(region, YEAR)])
    save_audit(audit, place / "audit")
    kept = tables.accounting.groupby("table")["kept"].sum()  # of all years, which the audit looks back on
    return {"region": region, "employees": int((tables.employees["year"] == YEAR).sum()),
            "rows": int(kept["appraisals" if "appraisals" in kept else "ratings"]), "rows_all": int(kept.sum()),
            "failed": list(audit.failed),
            "flags": sum(int((r.frame["status"] == "FLAGGED").sum()) for r in audit.results.values())}  # fmt: skip


def scanned(store: Path, kind: str, regions: list[str]) -> tuple[int, float, float]:
    """Let DuckDB read and group every row of the regions in the store; return rows, CPU and wall seconds."""
    import duckdb

    tables = ["ratings", "employees", "units"] + ["appraisals"] * (kind == "ekinerja")
    begun, cpu, rows = time.monotonic(), time.process_time(), 0
    for table in tables:
        places = [p.as_posix() for region in regions for p in sorted((store / region).glob(f"*/{table}.parquet"))]
        files = f"read_parquet({places})"
        value = {"ratings": "avg(score)", "units": "max(org_rating)"}.get(table, "count(distinct unit)")
        found = duckdb.sql(f"select region, year, count(*), {value} from {files} group by all").fetchall()
        rows += sum(r[2] for r in found)
    return rows, time.process_time() - cpu, time.monotonic() - begun


def changes_of(out: Path, regions: list[str]) -> str:
    """Return the national study of changes of supervisor, as the yearly summary prints it."""
    told = [load_audit(out / region / "audit").counts["changes"].to_dict("records") for region in regions]
    fit = national_change([row for rows in told for row in rows])
    return "" if fit is None else (f"SD {fit.sd:.4f} [{fit.lower:.4f}; {fit.upper:.4f}] levels, {fit.n_changed} "
                                   f"changes in {fit.regions} regions")  # fmt: skip


def again(store: Path, out: Path, regions: list[str], sizes: dict[str, int], kind: str) -> int:
    """Make some regions' audits anew from nothing but their code and size; return how many are the same to the byte."""
    same = 0
    for region in regions:
        tables = national.region_tables(region, sizes[region], YEARS[kind], 1, kind)
        with tempfile.TemporaryDirectory() as folder:
            detected(tables, Path(folder), region)
            mine = {p.name: p.read_bytes() for p in (Path(folder) / "audit").iterdir()}
            stored = {p.name: p.read_bytes() for p in (out / region / "audit").iterdir()}
        load_audit(out / region / "audit")
        same += mine == stored
    return same


def chosen(kind: str, only: int | None, largest: int | None = None) -> tuple[list[str], dict[str, int]]:
    """Return the regions to do, largest first, and the size of each."""
    codes = national.codes(REGIONS)
    size = dict(zip(codes, national.sizes(REGIONS, national.EMPLOYEES, 1), strict=True))
    order = sorted(codes, key=lambda c: -size[c])
    if only is not None and only < REGIONS:
        order = [order[i] for i in np.linspace(0, REGIONS - 1, only + 2).round().astype(int)[1:-1]]
    return order[:largest], size


def write(row: dict[str, Any]) -> None:
    """Put a row into the table, in place of the one of the same kind and number of regions."""
    place = HERE / "national.csv"
    old = pd.read_csv(place, dtype=str, keep_default_na=False) if place.exists() else pd.DataFrame(columns=list(row))
    old = old[(old["kind"] != row["kind"]) | (old["regions"] != str(row["regions"]))]
    pd.concat([old, pd.DataFrame([row])], ignore_index=True)[list(row)].to_csv(place, index=False, lineterminator="\n")


def main() -> None:
    """Simulate, audit, scan; print and write what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=list(YEARS), default="ekinerja")
    parser.add_argument("--folder", type=Path, required=True, help="stored tables and audits; a killed run goes on")
    parser.add_argument("--only", type=int, default=None)
    parser.add_argument("--largest", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    store, out = given.folder / given.kind / "tables", given.folder / given.kind / "audits"
    out.mkdir(parents=True, exist_ok=True)
    regions, sizes = chosen(given.kind, given.only, given.largest)
    begun = time.monotonic()
    with Peak() as peak, workers(given.jobs, len(regions)) as executor:
        ahead = [r for r in regions if not (store / r / MANIFEST).is_file()]
        rest = (YEARS[given.kind], 1, given.kind, CONFIG)
        todo = [executor.submit(national.write_region, store, r, sizes[r], *rest) for r in ahead]
        for k, task in enumerate(todo, start=1):
            task.result()
            print(f"\rstored {k} of {len(todo)}", end="", flush=True)
    print(f"\nsimulated and stored: {time.monotonic() - begun:.0f} s, peak {peak.mb:.0f} MB", flush=True)
    begun = time.monotonic()
    with Peak() as peak, workers(given.jobs, len(regions)) as executor:
        left = [r for r in regions if not (out / f"{r}.json").is_file()]
        tasks = [executor.submit(audited, store, out, r) for r in left]
        for k, task in enumerate(tasks, start=1):
            told = task.result()
            print(f"\raudited {k} of {len(left)} ({told['employees']} employees, {told['cpu_s']:.1f} s)", end="",
                  flush=True)  # fmt: skip
    wall = time.monotonic() - begun
    told = pd.DataFrame([json.loads((out / f"{r}.json").read_text()) for r in regions])
    rows, scan_cpu, scan_wall = scanned(store, given.kind, regions)
    five = random.Random(YEAR).sample(regions, min(5, len(regions)))
    row = {
        "kind": given.kind, "regions": len(regions), "employees": int(told["employees"].sum()),
        "rows": int(told["rows"].sum()), "rows_all": int(told["rows_all"].sum()), "rows_scanned": rows,
        "audit_cpu_s": round(told["cpu_s"].sum()),
        "audit_wall_s": round(wall) if len(left) == len(regions) else "", "peak_mb": round(peak.mb),
        "scan_cpu_s": round(scan_cpu, 1), "scan_wall_s": round(scan_wall, 1), "flags": int(told["flags"].sum()),
        "detectors_failed": int(told["failed"].map(len).sum()), "drawn_again": len(five),
        "drawn_equal": again(store, out, five, sizes, given.kind),
        "changes": changes_of(out, regions),
    }  # fmt: skip
    print("\n" + "\n".join(f"{k}: {v}" for k, v in row.items()))
    write(row)
    if len(regions) == REGIONS:
        growth(told, given.kind)


def growth(told: pd.DataFrame, kind: str) -> None:
    """Write how CPU seconds grow with the number of regions, in the order of their codes (sizes fall at random)."""
    told = told.sort_values("region", ignore_index=True)
    steps = sorted({n for n in (1, 4, 16, 64, 256, len(told)) if n <= len(told)})
    first = {n: told[:n][["employees", "rows", "cpu_s"]].sum() for n in steps}
    rows = [{"kind": kind, "regions": n, "employees": int(s["employees"]), "rows": int(s["rows"]),
             "cpu_s": round(s["cpu_s"], 1)} for n, s in first.items()]  # fmt: skip
    place = HERE / "national_growth.csv"
    old = pd.read_csv(place) if place.exists() else pd.DataFrame(columns=list(rows[0]))
    whole = pd.concat([old[old["kind"] != kind], pd.DataFrame(rows)], ignore_index=True)
    whole.to_csv(place, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
