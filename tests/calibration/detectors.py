"""False alarms, coverage and power of every detector over the designs of ``worlds``.

    make calibrate                                           all cells up to the runs below; a killed run continues
    python tests/calibration/detectors.py --seconds 600      stop after that many seconds
    python tests/calibration/detectors.py --detector halo    only one detector (a change of its code)
    python tests/calibration/detectors.py --pages            rewrite the tables of the pages from the results
    python tests/calibration/detectors.py --carry REV        keep the counts of detectors whose code has changed since
                                                             that commit, but not what they find (see ``carry``)
    make calibrate-cell                                      rerun one cell, drawn by the day's date, with fresh seeds

One cell is a design x planted problem x size. ``detectors.csv`` has one row per cell, detector and kind of data, with
counts that only grow: run k of a cell always has the same region, so a cell with n runs goes on with run n. A row whose
detector has changed since (another closure hash) starts again. Counted are findings of the measures that the problem
concerns (where nothing is planted: of all measures but those of ``worlds.BESIDE``):

``answered``   regions with at least one finding FLAGGED or CLEAR
``flagged``    regions with at least one finding FLAGGED. Nothing planted: the false-alarm rate of a region, nominally
               the false-discovery rate (.10), since with nothing there each family's false-discovery rate is the
               chance of any flag. Boundary: the same where the planted effect equals the threshold. Else: power.
``tested``     subjects (raters, groups, agencies) with an adjusted p-value; ``tested_flagged`` of them flagged
``intervals``  intervals of ``worlds.TRUE`` where nothing is planted; ``covered`` of them hold the truth
``values`` and ``mean``: regions with an estimate of the problem's key measure, and its mean (of an odds ratio's
               logarithm)

``rate lower upper`` are flagged / answered with its exact 95 % range, ``coverage`` is covered / intervals.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import beta, binom, hypergeom

sys.path.insert(0, str(Path(__file__).parent))
from worlds import BESIDE, DESIGNS, OFFICIAL, PROBLEMS, SCORES, TRUE, region

from kinerja_analysis.detect import REGISTRY, run_detector
from kinerja_analysis.detect.calibration import closure_hash

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULT = HERE / "detectors.csv"
MUST = HERE / "must_answer.csv"
SUMMARY = ROOT / "kinerja_analysis" / "detect" / "calibration.csv"
#: Runs of a full calibration: cells with nothing planted or at the boundary, and planted cells.
RUNS = {"zero": 105, "boundary": 25, "small": 15, "medium": 15, "large": 15}
BLOCK = 5
KEY = ("design", "problem", "level", "size", "detector", "scope")
COUNTS = ("runs", "answered", "flagged", "tested", "tested_flagged", "intervals", "covered", "values")
FIELDS = (*KEY, *COUNTS, "mean", "rate", "lower", "upper", "coverage", "hash")
FRESH = 1_000_000
READ = ["measure", "scope", "subject_kind", "subject", "status", "unit", "value", "lower", "upper", "p_adjusted"]
#: CPU seconds of one region of 1,000 employees (4,000: three times that), for the estimate printed at the start.
MAKE, EACH = 0.45, {"leniency": 0.35, "group_gap": 0.45, "affinity": 0.25, "achievement_gap": 0.45}
OTHER = 0.15
Cell = tuple[str, str, str, float]
Key = tuple[str, ...]
Rows = dict[Key, dict[str, Any]]


def cells() -> Iterator[tuple[Cell, tuple[str, ...]]]:
    """Yield every cell and its detectors: all where nothing is planted, else the one the problem is for."""
    for design in DESIGNS:
        yield (design, "", "zero", 0.0), tuple(d for d in REGISTRY if scopes(design, "", d))
    for name, problem in PROBLEMS.items():
        if problem.detector in REGISTRY:
            for design in (d for d in DESIGNS if DESIGNS[d].planted):
                if scopes(design, name, problem.detector):
                    for level, size in problem.levels(design).items():
                        yield (design, name, level, float(size)), (problem.detector,)


def scopes(design: str, problem: str, detector: str) -> tuple[str, ...]:
    """Kinds of data to count: those in which the design differs and which the detector's problems concern."""
    mine = [p for n, p in PROBLEMS.items() if p.detector == detector and problem in ("", n)]
    known = {s for p in mine for s in p.scopes} if mine else {OFFICIAL, SCORES}
    return tuple(s for s in DESIGNS[design].scopes if s in known)


def count(cell: Cell, detectors: Iterable[str], runs: Iterable[int]) -> Rows:
    """Simulate regions of a cell and count what the detectors say."""
    design, problem, level, size = cell
    found: Rows = {}
    for run in runs:
        ctx = region(design, problem, size, run)
        for detector in detectors:
            frame = run_detector(detector, ctx).frame
            if (frame["status"] == "ERROR").any():
                raise RuntimeError(f"{detector} failed: {cell}, run {run}")
            for scope in scopes(design, problem, detector):
                key = (design, problem, level, f"{size:g}", detector, scope)
                row = found.setdefault(key, dict.fromkeys((*COUNTS, "sum"), 0.0))
                _add(row, frame[frame["scope"] == scope], problem, detector)
    return found


def _add(row: dict[str, float], frame: pd.DataFrame, problem: str, detector: str) -> None:
    planted = PROBLEMS.get(problem)
    measures = planted.measures if planted else ()
    kept = frame["measure"].isin(measures) if measures else ~frame["measure"].isin(BESIDE.get(detector, ()))
    part = frame[kept]
    flagged, tested = part["status"] == "FLAGGED", part["p_adjusted"].notna()
    row["runs"] += 1
    row["answered"] += bool(part["status"].isin(["FLAGGED", "CLEAR"]).any())
    row["flagged"] += bool(flagged.any())
    row["tested"] += int(tested.sum())
    row["tested_flagged"] += int((flagged & tested).sum())
    if planted:
        key = frame[frame["measure"].isin(planted.key.split()) & frame["value"].notna()]
        own = key["subject"].isin(planted.subjects) if planted.subjects else key["subject_kind"] == "region"
        value = key.loc[own, "value"].where(key["unit"] != "odds_ratio", np.log(key["value"].clip(1e-9)))
        row["values"] += bool(len(value))
        row["sum"] += float(value.iloc[0]) if len(value) else 0.0
    else:
        for measure, true in TRUE.get(detector, {}).items():
            ranges = frame[(frame["measure"] == measure) & frame["lower"].notna() & frame["upper"].notna()]
            row["intervals"] += len(ranges)
            row["covered"] += int(((ranges["lower"] <= true) & (true <= ranges["upper"])).sum())


def exact(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Exact range of a share (Clopper & Pearson 1934).

    >>> [round(v, 4) for v in exact(0, 10)]
    [0.0, 0.3085]
    """
    tail = (1 - level) / 2
    lower = float(beta.ppf(tail, k, n - k + 1)) if k else 0.0
    return lower, float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0


def differ(k: float, n: float, j: float, m: float, level: float = 0.999) -> bool:
    """Whether k of n and j of m are too different for one rate (two-sided exact test of Fisher, tails doubled).

    >>> differ(0, 100, 12, 20), differ(0, 100, 2, 20)
    (True, False)
    """
    if not n or not m:
        return False
    args = (int(n + m), int(k + j), int(n))
    tail = min(hypergeom.cdf(int(k), *args), hypergeom.sf(int(k) - 1, *args))
    return bool(2 * tail < 1 - level)


def most(n: float, rate: float, checks: int) -> int:
    """Largest count that does not contradict ``rate``, one of ``checks`` that share a chance of 1 %.

    >>> most(20, 0.1, 7)
    7
    """
    return int(binom.ppf(1 - 0.01 / checks, int(n), rate))


def load(path: Path = RESULT) -> Rows:
    """Read the counts of the cells and detectors that there still are."""
    found: Rows = {}
    known = {(design, problem, level, f"{size:g}", d) for (design, problem, level, size), ds in cells() for d in ds}
    if path.exists():
        for line in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            if tuple(line[k] for k in KEY[:5]) not in known:
                continue
            row = {name: float(line[name]) for name in COUNTS}
            row["sum"] = float(line["mean"] or 0) * row["values"]
            found[tuple(line[k] for k in KEY)] = {**row, "hash": line["hash"]}
    return found


def save(rows: Rows) -> None:
    """Write all rows, sorted, in one step."""
    lines = []
    for key, row in sorted(rows.items(), key=lambda item: _order(item[0])):
        n, k = row["answered"], row["flagged"]
        lower, upper = exact(k, n) if n else (np.nan, np.nan)
        shown = {
            "mean": row["sum"] / row["values"] if row["values"] else np.nan, "rate": k / n if n else np.nan,
            "lower": lower, "upper": upper,
            "coverage": row["covered"] / row["intervals"] if row["intervals"] else np.nan,
        }  # fmt: skip
        texts = {name: "" if np.isnan(v) else f"{v:.6g}" for name, v in shown.items()}
        counts = {name: int(row[name]) for name in COUNTS}
        lines.append(dict(zip(KEY, key, strict=True)) | counts | texts | {"hash": row["hash"]})
    write_lines(RESULT, FIELDS, lines)


def _order(key: Key) -> tuple[object, ...]:
    design, problem, _, size, detector, scope = key
    return detector, list(DESIGNS).index(design), problem, float(size), scope


def write_lines(path: Path, fields: Iterable[str], lines: Iterable[dict[str, object]]) -> None:
    """Write a csv in one step: a killed run leaves the old file or the new one."""
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(fields), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    part.replace(path)


def done(rows: Rows, cell: Cell, detector: str) -> int:
    """Runs of a cell that this very detector has behind it."""
    design, problem, level, size = cell
    mine = [rows.get((design, problem, level, f"{size:g}", detector, s)) for s in scopes(design, problem, detector)]
    return min(int(r["runs"]) if r and r["hash"] == closure_hash(detector) else 0 for r in mine)


def seconds(cell: Cell, detectors: Iterable[str]) -> float:
    """Estimated CPU seconds of one run of a cell."""
    factor = 3.0 if cell[0] == "large" else 1.0
    return factor * (MAKE + sum(EACH.get(d, OTHER) for d in detectors))


def todo(rows: Rows, runs: dict[str, int]) -> list[tuple[int, Cell, tuple[str, ...]]]:
    """Blocks that are missing: first run, cell, detectors; all cells advance together, the usual designs first."""
    found = []
    for cell, detectors in cells():
        for start in range(0, runs[cell[2]], BLOCK):
            stale = tuple(d for d in detectors if done(rows, cell, d) <= start)
            if stale:
                place = (start / runs[cell[2]], cell[1] != "", list(DESIGNS).index(cell[0]))
                found.append((place, start, cell, stale))
    return [item[1:] for item in sorted(found, key=lambda item: item[0])]


def calibrate(runs: dict[str, int], limit: float, jobs: int, only: str = "", design: str = "") -> None:
    """Run what is missing, saving after every block, until all is done or ``limit`` seconds are over."""
    rows = load()
    blocks = [(s, c, (only,) if only else ds) for s, c, ds in todo(rows, runs) if not only or only in ds]
    blocks = [b for b in blocks if design in ("", b[1][0])]
    cost = sum(BLOCK * seconds(cell, detectors) for _, cell, detectors in blocks)
    print(f"{len(blocks)} blocks of {BLOCK} regions, about {cost / 60:.0f} CPU minutes", flush=True)
    begun = time.monotonic()
    tasks = (delayed(count)(cell, detectors, range(start, start + BLOCK)) for start, cell, detectors in blocks)
    results = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch=jobs)(tasks)
    for k, ((start, cell, _), found) in enumerate(zip(blocks, results, strict=False)):
        for key, new in found.items():
            digest = closure_hash(key[4])
            old = rows.get(key)
            same = old is not None and old["hash"] == digest and start
            rows[key] = {n: v + (old[n] if same else 0) for n, v in new.items()} | {"hash": digest}
        save(rows)
        if sys.stdout.isatty():
            print(f"\r{k + 1}/{len(blocks)} {cell}", end="", flush=True)
        if time.monotonic() - begun > limit:
            print(f"stopped after {k + 1} of {len(blocks)} blocks: the next call goes on", flush=True)
            break
    results.close()
    print(f"{time.monotonic() - begun:.0f} seconds, {jobs} processes")


def digests(detectors: Iterable[str], runs: int = 1) -> dict[str, str]:
    """Digest what counts read (``_add``) of a fresh region of every cell of the detectors; eight decimals."""
    found: dict[str, str] = {}
    for (design, problem, level, size), known in cells():
        for run in range(FRESH, FRESH + runs):
            mine = [d for d in known if d in detectors]
            ctx = region(design, problem, size, run) if mine else None
            for detector in mine:
                frame = run_detector(detector, ctx).frame
                read = [*PROBLEMS[problem].key.split()] if problem in PROBLEMS else TRUE.get(detector, {})
                frame.loc[~frame["measure"].isin(read), ["value", "lower", "upper"]] = np.nan
                frame["p_adjusted"] = frame["p_adjusted"].notna()
                counted = frame["scope"].isin(scopes(design, problem, detector))
                told = frame.loc[counted & ~frame["measure"].isin(BESIDE.get(detector, ())), READ].sort_values(READ[:6])
                text = told.round(8).replace(-0.0, 0.0).to_csv(index=False)
                key = "|".join((detector, design, problem, level, f"{size:g}", str(run)))
                found[key] = hashlib.sha256(text.encode()).hexdigest()
    return found


def carry(revision: str) -> int:
    """Keep counts measured with the code of ``revision`` for detectors that find the very same with today's code.

    Code shared by all detectors (statistics, checks of arguments) may change without any effect on what they find. Both
    versions examine a fresh region of every cell; a detector of which all that counts read is equal throughout, numbers
    to eight decimals, keeps its counts under its new hash, the others start again. Says nothing of regions where the
    change bites.
    """
    stale = [d for d in REGISTRY if any(k[4] == d and r["hash"] != closure_hash(d) for k, r in load().items())]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "worktree", "add", "--detach", f"{folder}/old", revision], cwd=ROOT, check=True)
        try:
            code = ("import json, sys; sys.path.insert(0, sys.argv[1]); from detectors import digests, closure_hash; "
                    "d = sys.argv[2].split(); print(json.dumps([{n: closure_hash(n) for n in d}, digests(d)]))")
            call = [sys.executable, "-c", code, str(HERE), " ".join(stale)]
            told = [subprocess.Popen(call, stdout=subprocess.PIPE, cwd=place, env=os.environ | {"PYTHONPATH": place})
                    for place in (f"{folder}/old", str(ROOT))]  # fmt: skip
            (hashes, before), (now, after) = (json.loads(t.communicate()[0]) for t in told)
            if any(hashes[d] == now[d] for d in stale):
                raise RuntimeError("both ran the same code")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", f"{folder}/old"], cwd=ROOT, check=True)
    moved = {key.split("|")[0] for key in after if before.get(key) != after[key]}
    rows = load()
    for key, row in rows.items():
        if key[4] in stale and key[4] not in moved and row["hash"] == hashes[key[4]]:
            row["hash"] = closure_hash(key[4])
    save(rows)
    print(f"{len(after)} regions and detectors; the same: {', '.join(d for d in stale if d not in moved) or 'none'}; "
          f"not the same, to be measured again: {', '.join(sorted(moved)) or 'none'}")  # fmt: skip
    return 0


def recheck(day: dt.date, runs: int = 20) -> int:
    """Rerun the cell of a day with fresh seeds; return 1 where it leaves the band of the committed counts."""
    rows = load()
    able = [(cell, [d for d in ds if done(rows, cell, d)]) for cell, ds in cells()]
    able = [(cell, ds) for cell, ds in able if ds and cell[0] != "large"]
    cell, detectors = able[int(np.random.default_rng(day.toordinal()).integers(len(able)))]
    print(f"{day}: {cell}, {', '.join(detectors)}")
    first = FRESH + 1000 * day.toordinal()
    wrong = compare(rows, count(cell, detectors, range(first, first + runs)))
    print("\n".join(wrong) or "within the band")
    return int(bool(wrong))


def compare(rows: Rows, new: Rows) -> list[str]:
    """Name the counts that differ from the committed ones at 99.9 %: answers, flags, coverage."""
    wrong = []
    for key, row in new.items():
        old = rows[key]
        for part, whole in (("answered", "runs"), ("flagged", "answered"), ("covered", "intervals")):
            if differ(old[part], old[whole], row[part], row[whole]):
                wrong.append(f"{key}: {part} {old[part]:g} of {old[whole]:g}, now {row[part]:g} of {row[whole]:g}")
    return wrong


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=np.inf, help="seconds to spend")
    parser.add_argument("--jobs", type=int, default=max((os.cpu_count() or 2) - 1, 1), help="processes")
    parser.add_argument("--share", type=float, default=1.0, help="share of the full number of runs")
    parser.add_argument("--detector", default="", help="only this detector")
    parser.add_argument("--design", default="", help="only this design")
    parser.add_argument("--cell", action="store_true", help="rerun the cell of the day")
    parser.add_argument("--date", type=dt.date.fromisoformat, default=dt.date.today(), help="another day's cell")
    parser.add_argument("--carry", default="", metavar="REV", help="keep counts of that commit where nothing moved")
    parser.add_argument("--pages", action="store_true", help="only rewrite pages and summary")
    parser.add_argument("--floors", action="store_true", help="renew the floors of must_answer.csv as well")
    args = parser.parse_args()
    if args.cell:
        return recheck(args.date)
    if args.carry:
        return carry(args.carry)
    if not args.pages:
        runs = {level: max(BLOCK, BLOCK * round(args.share * n / BLOCK)) for level, n in RUNS.items()}
        calibrate(runs, args.seconds, args.jobs, args.detector, args.design)
    from calibration_pages import floors, write_all

    write_all(load())
    if args.floors:
        floors(load())
    return 0


if __name__ == "__main__":
    sys.exit(main())
