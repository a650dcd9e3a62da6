"""CPU seconds and memory of one region's audit, by detector, for regions of growing size.

Writes ``benchmarks/audit_speed.csv``; run by ``make bench-audit``. Simulated regions (scenario ``menyeluruh``: 360
ratings on seven criteria by the supervisor, five peers and oneself for everybody, and two years of exports). Each size
runs in a process of its own; a small region is audited first, so that compilation and imports are not counted.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

OUT = Path(__file__).with_suffix(".csv")
SIZES = (2_950, 5_900, 11_800, 23_600)
YEARS = (2024, 2025)
COLUMNS = ("employees", "pairs", "part", "cpu_s", "peak_mb")


def measure(size: int) -> list[dict[str, object]]:
    """Audit one region; return a row per part."""
    from kinerja_analysis.base.tables import data_kind
    from kinerja_analysis.detect import REGISTRY, contexts, run_detector
    from kinerja_analysis.score import score
    from kinerja_analysis.simulate import simulate

    def go(employees: int) -> tuple[dict[str, float], int]:
        world = simulate(None, YEARS, scenario="menyeluruh", size=employees, seed=3)
        ratings = world.tables.ratings
        many = ratings[(data_kind(ratings) == "multisource") & (ratings["year"] == YEARS[-1])]
        seconds: dict[str, float] = {}

        def timed(part: str, make: object) -> object:
            start = time.process_time()
            found = make()  # type: ignore[operator]
            seconds[part] = time.process_time() - start
            return found

        scores = timed("score", lambda: score(world.tables, world.config))
        cells = [("99.01", YEARS[-1])]
        (ctx,) = timed("design", lambda: contexts(world.tables, scores, world.config, cells))  # type: ignore[misc]
        timed("pairs", lambda: (ctx.pairs, ctx.teams, ctx.heads))
        for name in REGISTRY:
            timed(name, lambda name=name: run_detector(name, ctx))
        return seconds, len(many.drop_duplicates(["ratee", "rater"]))

    go(400)
    seconds, pairs = go(size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds["all"] = sum(seconds.values())
    rows = [(size, pairs, part, round(s, 2), round(peak)) for part, s in seconds.items()]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def main() -> None:
    """Measure every size in its own process and write the table."""
    rows = []
    for size in SIZES:
        print(f"{size} employees …", flush=True)
        done = subprocess.run(
            [sys.executable, __file__, str(size)], capture_output=True, text=True, check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        rows += json.loads(done.stdout.splitlines()[-1])
        print(*(f"  {r['part']}: {r['cpu_s']} s" for r in rows if r["employees"] == size), sep="\n", flush=True)
        print(f"  peak {rows[-1]['peak_mb']} MB, {rows[-1]['pairs']} pairs", flush=True)
    with OUT.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"written: {OUT.name}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
