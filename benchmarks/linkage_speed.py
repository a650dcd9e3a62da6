"""Speed and memory of `linkage`, `design_power` and `suggest_links` on up to a million pairs.

    make bench-linkage

Teams of eight, a supervisor and three peers each, 0, 2, 10 or 25 % of the ratings given by somebody of another team
(``designs.pairs``). Every call runs in a process of its own with one BLAS thread, after the same call on a small design
that compiles numba's kernels. ``cpu_s`` is user and system time of the call, ``peak_mb`` the peak resident set of the
whole process. ``command`` repeats one row: it prints the row without writing the table.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from designs import TEAM, pairs

RESULT = Path(__file__).with_suffix(".csv")
CROSS = (0, 2, 10, 25)
CRITERIA, OCCASIONS, LINKS, TARGET = 7, 3000, 1000, 0.6
COLUMNS = ["call", "pairs", "cross_percent", "cpu_s", "peak_mb", "found", "command"]


def _linkage(ratee: Any, rater: Any, group: Any, **facets: Any) -> str:
    from kinerja_analysis.stats import linkage

    found = linkage(ratee, rater, group=group, extra_facets=facets)
    text = f"{found.verdict}, {found.n_components} components, SE {found.contrast_se:.3f}"
    return f"{text}, null space {found.null_dim}, expected {found.null_dim_expected}" if facets else text


def _suggest(ratee: Any, rater: Any, group: Any, target: float | None) -> str:
    from kinerja_analysis.stats import suggest_links

    plan = suggest_links(ratee, rater, LINKS, group=group, target_se=target)
    needed = "" if target is None else f", {plan.n_needed} for {target} {plan.reason}".rstrip()
    how = "greedy search" if plan.method.startswith("greedy") else "random rounds"
    return f"SE {plan.contrast_se_before:.3f} to {plan.contrast_se[-1]:.3f}{needed}, {how}"


def _power(ratee: Any, rater: Any, group: Any) -> str:
    from kinerja_analysis.stats import design_power

    found = design_power(ratee, rater, sd_pair=0.7, delta=0.25, family=60)
    return f"{found.n} raters, median SE {np.nanmedian(found.se):.3f}"


def _criteria(ratee: Any, rater: Any, group: Any) -> str:
    repeated = (np.repeat(codes, CRITERIA) for codes in (ratee, rater, group))
    return _linkage(*repeated, criterion=np.tile(np.arange(CRITERIA), len(ratee)))


def _occasions(ratee: Any, rater: Any, group: Any) -> str:
    return _linkage(ratee, rater, group, occasion=np.random.default_rng(0).integers(0, OCCASIONS, len(ratee)))


CALLS: dict[str, Callable[..., str]] = {
    "linkage": lambda ratee, rater, group: _linkage(ratee, rater, None),
    "linkage, group": _linkage,
    "linkage, group, 7 criteria": _criteria,
    "linkage, group, 3000 occasions": _occasions,
    "design_power": _power,
    "suggest_links, k=1000": lambda ratee, rater, group: _suggest(ratee, rater, None, None),
    "suggest_links, k=1000, group": lambda ratee, rater, group: _suggest(ratee, rater, group, None),
    "suggest_links, k=1000, group, target": lambda ratee, rater, group: _suggest(ratee, rater, group, TARGET),
}


def codes(n: int, cross: int) -> tuple[Any, Any, Any]:
    """Ratee, rater and the ratee's team of each pair."""
    groups = pairs(n, cross / 100).groups
    return groups["ratee"], groups["rater"], groups["ratee"] // TEAM


def child(call: str, n: int, cross: int) -> None:
    """One call after a warm-up; prints what it cost and found."""
    CALLS[call](*codes(640, 10))
    design = codes(n, cross)
    start = time.process_time()
    found = CALLS[call](*design)
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": f"{used:.2f}", "peak_mb": f"{peak:.0f}", "found": found}))


def measure(call: str, n: int, cross: int) -> dict[str, Any]:
    """A row of the table, from a process of its own."""
    arguments = ["--call", call, "--pairs", str(n), "--cross", str(cross)]
    command = [sys.executable, __file__, "--child", *arguments]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    shown = " ".join(f'"{word}"' if " " in word else word for word in arguments)
    row = {"call": call, "pairs": n, "cross_percent": cross, "command": f"python benchmarks/linkage_speed.py {shown}"}
    return row | json.loads(done.stdout)


def main() -> None:
    """Measure one row, or all of them, print them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--call", choices=CALLS)
    parser.add_argument("--pairs", type=int, nargs="+", default=[10**5, 10**6])
    parser.add_argument("--cross", type=int, nargs="+", default=CROSS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.call, asked.pairs[0], asked.cross[0])
        return
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "scipy", "numba"))
    print(f"Python {platform.python_version()}, {versions}")
    rows = []
    for call in [asked.call] if asked.call else CALLS:
        for n in asked.pairs:
            for cross in asked.cross:
                rows.append(measure(call, n, cross))
                shown = [str(rows[-1][name]) for name in COLUMNS[:-1]]
                line = f"{shown[0]:<36}{shown[1]:>9}{shown[2]:>4} %{shown[3]:>8} s{shown[4]:>6} MB  {shown[5]}"
                print(line, flush=True)
    if asked.call is None:
        with RESULT.open("w", newline="", encoding="utf-8") as stream:
            stream.write(f"# make bench-linkage, {dt.date.today()}, CPU seconds of one call; "
                         f"Python {platform.python_version()}, {versions}\n")  # fmt: skip
            table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)


if __name__ == "__main__":
    main()
