"""What the committed simulations say of our intervals and tests, for the validation page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "calibration"
Row = tuple[str, str, str, float]  # function, what ("coverage" or "size"), design, value


def rows(name: str) -> list[dict[str, str]]:
    """A committed table; its first line is a comment."""
    lines = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:]))


def figures() -> Iterator[Row]:
    """Every simulated coverage of a 95 % interval and size of a test at .05 that is meant to hold."""
    for r in rows("agreement_coverage"):
        yield r["function"], r["what"], r["design"], float(r["value"])
    for r in rows("inside_supervisors"):
        kind = r["quantity"].split()[0]
        if kind in ("coverage", "size") and r["stated"] == "nominal":
            yield r["what"], kind, f"{r['design']}; {r['parameter']}", float(r["value"])
    for r in rows("rank_coverage"):
        if r["quantity"] == "all_at_once" and r["method"] == "pairwise":
            design = f"{r['k']} effects, {r['errors']} errors, SD {r['true_sd']} of the SE"
            yield "rank_intervals (all ranks at once)", "coverage", design, float(r["value"])
    for r in rows("rasch_recovery"):
        if r["what"] == "coverage" and r["quantity"] == "se":
            design = f"{r['design']}, pair SD {r['pair_sd']}"
            yield f"many_facet_rasch ({r['estimator']}, severity)", "coverage", design, float(r["value"])


def lines() -> Iterator[str]:
    """The table: by function the range over designs, and where the lowest coverage and the largest size are."""
    table: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for function, what, design, value in figures():
        table.setdefault((function, what), []).append((value, design))
    yield "| function | | figures | lowest | median | highest | worst design |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for (function, what), found in sorted(table.items()):
        values = sorted(value for value, _ in found)
        worst = min(found) if what == "coverage" else max(found)
        middle = values[len(values) // 2]
        ends = f"{values[0]:.3f} | {middle:.3f} | {values[-1]:.3f}"
        yield f"| `{function}` | {what} | {len(values)} | {ends} | {worst[1]} |"
