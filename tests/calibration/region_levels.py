"""How often the parts of a gap between two regions cover the truth, through ``detect.between`` and ``compare_regions``.

Two regions of 80 employees, ten units of eight, a supervisor and three peers each; ``region_worlds.two_regions``.
Writes ``region_levels.csv``: per world and part how many of the seeds have a value, how many of these cover the truth
at 95 %, the mean estimate and truth, the mean half width. Run as
``python tests/calibration/region_levels.py`` (ten minutes).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from region_worlds import CRITERIA, REGIONS, YEAR, two_regions

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Design, Result
from kinerja_analysis.base.tables import ScoreTable, Tables
from kinerja_analysis.compare import compare_regions
from kinerja_analysis.detect.between import between

SEEDS = 100
PLACE = Path(__file__).with_name("region_levels.csv")
WORLDS: dict[str, dict[str, object]] = {
    "no_shared_rater": {"shared": 0},
    "six_shared": {"shared": 6},
    "twelve_shared": {"shared": 12},
    "equally_severe": {"shared": 12, "shift": 0.0},
    "better_and_severe": {"shared": 12, "better": 0.5},
    "other_staff": {"shared": 12, "seniors": (0.7, 0.3)},
    "severe_abroad": {"shared": 12, "interaction": 0.3},
}
PARTS = ("severity", "performance")
COLUMNS = ("world", "part", "seeds", "answered", "covered", "estimate", "truth", "half_width")
CONFIG = AuditConfig()


def bare(tables: Tables) -> Audit:
    """Return an audit without detectors: what a comparison of levels reads."""
    cells = [(region, YEAR) for region in REGIONS]
    form = {"kind": "multisource", "criteria": "|".join(CRITERIA), "scales": "0–100"}
    examined = pd.DataFrame([{"region": r, "year": y, "periods": str(y), **form} for r, y in cells])
    counts = {"examined": examined, "between": between(tables, CONFIG, cells, "together")}
    return Audit(tuple(cells), Design(pd.DataFrame()), ScoreTable(pd.DataFrame()), {"none": Result.of("none", [])},
                 counts, CONFIG, {})  # fmt: skip


def one(world: str, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the rows about levels of one pair of regions, and the truth."""
    tables, truth = two_regions(seed, **WORLDS[world])  # type: ignore[arg-type]
    frame = compare_regions(bare(tables)).to_frame()
    return frame[(frame["scope"] == "multisource") & ~frame["adjusted"]].set_index("measure"), truth


def measure(world: str, seeds: Iterable[int]) -> list[dict[str, object]]:
    """Return the table's rows of one world."""
    found: dict[str, list[tuple[float, float, float, float]]] = {part: [] for part in PARTS}
    for seed in seeds:
        frame, truth = one(world, seed)
        for part in PARTS:
            r = frame.loc[part]
            found[part].append((r["value"], r["lower"], r["upper"], truth[part]))
    rows = []
    for part, numbers in found.items():
        value, lower, upper, true = np.array(numbers, dtype=float).T
        known = np.isfinite(value)
        covered = int(((lower <= true) & (true <= upper))[known].sum())
        means = zip(("estimate", "truth", "half_width"), (value, true, (upper - lower) / 2), strict=True)
        told = {name: f"{v[known].mean():.2f}" if known.any() else "" for name, v in means}
        rows.append({"world": world, "part": part, "seeds": len(numbers), "answered": int(known.sum()),
                     "covered": covered, **told})  # fmt: skip
    return rows


def main() -> None:
    """Measure every world and write the table."""
    with PLACE.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for world in WORLDS:
            for row in measure(world, range(SEEDS)):
                writer.writerow(row)
                print(*row.values())


if __name__ == "__main__":
    main()
