"""CPU seconds and memory of one region's audit, by detector, for regions of growing size.

Writes ``benchmarks/audit_speed.csv``; run by ``make bench-audit``. Simulated regions (scenario ``menyeluruh``: 360
ratings on seven criteria by the supervisor, five peers and oneself for everybody, and two years of exports). Each audit
runs in a process of its own that reads the tables from files, so the peak is the audit's; a small region is audited
first, so that compilation and imports are not counted. ``audit_speed.py 11800`` only prints that size.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OUT = Path(__file__).with_suffix(".csv")
SIZES = (2_950, 5_900, 11_800, 23_600)
SMALL = 400
YEARS = (2024, 2025)
COLUMNS = ("employees", "pairs", "part", "cpu_s", "peak_mb")


def write(size: int, folder: Path) -> None:
    """Simulate one region and write its tables."""
    from kinerja_analysis.base.tables import TABLES, data_kind
    from kinerja_analysis.simulate import simulate

    world = simulate(None, YEARS, scenario="menyeluruh", size=size, seed=3)
    ratings = world.tables.ratings
    many = ratings[(data_kind(ratings) == "multisource") & (ratings["year"] == YEARS[-1])]
    folder.mkdir()
    for name in TABLES:
        getattr(world.tables, name).to_parquet(folder / f"{name}.parquet", index=False)
    told = {"config": world.config.to_dict(), "pairs": len(many.drop_duplicates(["ratee", "rater"]))}
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def audit(folder: Path) -> tuple[dict[str, float], int]:
    """Audit the region of a folder; return CPU seconds by part, and its pairs."""
    import pandas as pd

    from kinerja_analysis.base.config import AuditConfig
    from kinerja_analysis.base.tables import TABLES, Tables
    from kinerja_analysis.detect import REGISTRY, contexts, run_detector
    from kinerja_analysis.score import score

    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    config = AuditConfig(**told["config"])
    tables = Tables(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES})
    seconds: dict[str, float] = {}

    def timed(part: str, make: object) -> object:
        start = time.process_time()
        found = make()  # type: ignore[operator]
        seconds[part] = time.process_time() - start
        return found

    scores = timed("score", lambda: score(tables, config))
    (ctx,) = timed("design", lambda: contexts(tables, scores, config, [("99.01", YEARS[-1])]))  # type: ignore[misc]
    timed("pairs", lambda: (ctx.pairs, ctx.teams, ctx.heads))
    for name in REGISTRY:
        timed(name, lambda name=name: run_detector(name, ctx))
    return seconds, told["pairs"]


def measure(size: int, small: Path, folder: Path) -> list[dict[str, object]]:
    """Audit a small region, then one of ``size``; return a row per part."""
    audit(small)
    seconds, pairs = audit(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds["all"] = sum(seconds.values())
    rows = [(size, pairs, part, round(s, 2), round(peak)) for part, s in seconds.items()]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def apart(*words: object) -> str:
    """Run this file in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, __file__, *map(str, words)], capture_output=True, text=True, check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.stdout


def main(sizes: tuple[int, ...]) -> None:
    """Measure every size in its own process; write the table when all were measured."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        small = Path(name) / "small"
        apart("write", SMALL, small)
        for size in sizes:
            print(f"{size} employees …", flush=True)
            folder = Path(name) / str(size)
            apart("write", size, folder)
            rows += json.loads(apart("audit", size, small, folder).splitlines()[-1])
            shutil.rmtree(folder)
            print(*(f"  {r['part']}: {r['cpu_s']} s" for r in rows if r["employees"] == size), sep="\n", flush=True)
            print(f"  peak {rows[-1]['peak_mb']} MB, {rows[-1]['pairs']} pairs", flush=True)
    if sizes != SIZES:
        return
    with OUT.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"written: {OUT.name}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", size, folder]:
            write(int(size), Path(folder))
        case ["audit", size, small, folder]:
            print(json.dumps(measure(int(size), Path(small), Path(folder))))
        case chosen:
            main(tuple(map(int, chosen)) or SIZES)
