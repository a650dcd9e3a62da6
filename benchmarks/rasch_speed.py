"""Speed of `many_facet_rasch` against mirt and raschpy (Python) on designs from 5e3 to 1e7 ratings.

    python benchmarks/rasch_speed.py --peer-python PYTHON

PYTHON is an interpreter with ``mirt==1.2.0 raschpy==1.4.0``; without the option all programs run in this one.

Every fit runs in a process of its own with one thread. In the clock: the call that fits, `many_facet_rasch(score,
facets, estimator=...)`, `fit_mfrm(...)`, or raschpy's constructor, `calibrate` and `person_estimates`. Not in the
clock: imports, the layout of the ratings that each program asks for (`rasch_programs`), and a warm-up fit of the same
program on a small design, which compiles what is compiled at the first call. Defaults of the programs throughout.

The programs do not do the same. mirt maximises the marginal likelihood and always gives standard errors and fit
statistics. raschpy maximises a pairwise conditional likelihood with pseudo-counts; its standard errors are a further
call that is not made here. So compare mirt with ours MML, and read raschpy's time as that of another estimator with
the same purpose. ``rmse`` is the root mean square distance of the raters' measures, centred, from the drawn ones.

Raters whose ratings all lie at one end are left out before anybody fits, because mirt refuses them; so are ratees left
without ratings. Fits under ``REPEAT_BELOW`` seconds run three times and the medians stand in the table. ``peak_mb`` is
the peak resident set of the whole process. Peers get a limit of wall time and of address space; a peer stopped by one
does not try the larger designs of the same family. The limit of wall time covers the whole process, its clock only the
fit.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from rasch_designs import RatingDesign, complete_design, panel_design, rating_design

RESULT = Path(__file__).with_suffix(".csv")
REPEAT_BELOW, REPEATS, MEMORY = 20.0, 3, 12 * 2**30
DESIGNS: dict[str, Callable[[], RatingDesign]] = {
    **{f"complete_{n}x8x7": (lambda n=n: complete_design(n, 8)) for n in (200, 2_000, 20_000, 200_000)},
    **{f"panel_{n}x4of40x7": (lambda n=n: panel_design(n, 40, 4)) for n in (500, 5_000, 50_000)},
    **{
        f"pairs_{n}x7": (lambda n=n: rating_design(n, 0.1))
        for n in (700, 1_400, 2_800, 5_600, 11_200, 22_400, 70_000, 1_000_000)
    },
}
PROGRAMS = ("ours MML", "ours JML", "mirt", "raschpy")
NOT_MEASURED = {("pairs_1000000x7", "ours MML")}
COLUMNS = [
    "design", "n", "levels", "program", "estimator", "version", "cpu_s", "wall_s", "peak_mb", "rmse", "iterations",
    "converged", "note", "command",
]  # fmt: skip
ESTIMATOR = {"mirt": "MML", "raschpy": "pairwise"}


def without_extremes(design: RatingDesign) -> tuple[RatingDesign, int]:
    """The design without raters all of whose ratings lie at one end, codes anew; and how many were left out."""
    keep = np.ones(design.score.size, bool)
    rater, top = design.facets["rater"], int(design.score.max())
    count, total = np.bincount(rater), np.bincount(rater, weights=design.score)
    bad = (total == 0) | (total == top * count)
    keep &= ~bad[rater]
    codes, kept = {}, {}
    for name, values in design.facets.items():
        kept[name], codes[name] = np.unique(values[keep], return_inverse=True)
    return replace(
        design, score=design.score[keep], facets=codes, theta=design.theta[kept["ratee"]],
        severity=design.severity[kept["rater"]], difficulty=design.difficulty[kept["criterion"]],
    ), int(bad.sum())  # fmt: skip


def prepared(program: str, score: Any, facets: Any) -> Callable:
    """The call that fits."""
    import rasch_programs as programs

    if program.startswith("ours"):
        return programs.prepare_ours(score, facets, program.split()[1])
    return {"mirt": programs.prepare_mirt, "raschpy": programs.prepare_raschpy}[program](score, facets)


def child(program: str, place: str) -> None:
    """Fit in this process and print what was found."""
    with np.load(place, allow_pickle=False) as stored:
        score, severity = stored["score"], stored["severity"]
        facets = {name: stored[name] for name in stored["names"]}
    small = panel_design(60, 6, 3, 3)
    try:
        prepared(program, small.score, small.facets)()
        fit = prepared(program, score, facets)
        clock = time.process_time(), time.perf_counter()
        raw, read = fit()
        used = time.process_time() - clock[0], time.perf_counter() - clock[1]
        found = read(raw)
        error = found.facets["rater"] - (severity - severity.mean())
        told = {
            "cpu_s": used[0], "wall_s": used[1], "version": found.version, "iterations": found.iterations,
            "converged": found.converged, "note": found.note, "rmse": float(np.sqrt(np.mean(error**2))),
        }  # fmt: skip
    except (ValueError, MemoryError, RuntimeError, ImportError) as error:
        told = {"note": f"{type(error).__name__}: {error}".split(" (/")[0][:200]}  # without the path of a module
    print(json.dumps(told))


def measure(program: str, place: Path, python: str, wall_limit: float) -> dict[str, Any]:
    """One fit in a new process: what it printed, peak memory, and what stopped it."""
    peer = not program.startswith("ours")

    def limit() -> None:  # also makes the new process a fork: one that shares this one's memory would report its peak
        if peer:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
    command = [python if peer else sys.executable, __file__, "--child", program, str(place)]
    told, errors = place.with_suffix(".told"), place.with_suffix(".errors")
    with told.open("w") as out, errors.open("w") as err:
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env={**os.environ, **dict.fromkeys(threads, "1")},
            preexec_fn=limit,
        )  # fmt: skip
        stopped = False
        while not (done := os.wait4(process.pid, os.WNOHANG))[0]:
            if peer and not stopped and time.monotonic() - start > wall_limit:
                process.kill()
                stopped = True
            time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(done[1])
    usage = done[2]
    found: dict[str, Any] = {"peak_mb": usage.ru_maxrss / 1024}
    if stopped:
        return {**found, "note": f"stopped at {wall_limit:.0f} s wall, {usage.ru_utime + usage.ru_stime:.0f} s CPU"}
    if process.returncode:
        last = (errors.read_text().strip().splitlines() or [""])[-1]
        return {**found, "note": f"exit code {process.returncode}: {last[:200]}"}
    text = told.read_text()
    return {**found, **json.loads(text[text.index("{") :], strict=False)}


def rows_of(name: str, programs: list[str], python: str, wall_limit: float, given_up: set[Any]) -> list[dict[str, Any]]:
    """The rows of one design; programs that failed on a smaller one of its family are left out."""
    family = name.split("_")[0]
    programs = [p for p in programs if (family, p) not in given_up and (name, p) not in NOT_MEASURED]
    if not programs:
        return []
    design, left_out = without_extremes(DESIGNS[name]())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "design.npz"
        np.savez(
            place, score=design.score, severity=design.severity, names=np.array(list(design.facets)), **design.facets
        )
        for program in programs:
            runs = [measure(program, place, python, wall_limit)]
            while "cpu_s" in runs[0] and runs[0]["cpu_s"] < REPEAT_BELOW and len(runs) < REPEATS:
                runs.append(measure(program, place, python, wall_limit))
            row = {"design": name, "n": design.score.size, "program": program.split()[0], **runs[0]}
            row["estimator"] = ESTIMATOR.get(program) or program.split()[1]
            row["levels"] = " ".join(f"{k}:{v}" for k, v in design.levels.items())
            for key in ("cpu_s", "wall_s", "peak_mb"):
                if key in row:
                    row[key] = statistics.median(run[key] for run in runs if key in run)
            told = [row.get("note", ""), f"median of {len(runs)}" * (len(runs) > 1)]
            told += [f"{left_out} extreme raters left out"] * bool(left_out)
            row["note"] = "; ".join(filter(None, told))
            row["command"] = f'python benchmarks/rasch_speed.py --only "{program}" "{name}"'
            rows.append(row)
            if "cpu_s" not in row and not program.startswith("ours"):
                given_up.add((family, program))
            print("  ".join(f"{k}={shown(k, row[k])}" for k in COLUMNS[:-1] if k in row), flush=True)
    return rows


def shown(key: str, value: Any) -> str:
    """A cell of the table."""
    digits = {"cpu_s": 3, "wall_s": 3, "peak_mb": 0, "rmse": 4}
    return f"{value:.{digits[key]}f}" if key in digits else str(value)


def main() -> None:
    """Measure the chosen designs and programs; write the table if asked or if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--designs", default=",".join(DESIGNS), help="comma-separated")
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="comma-separated")
    parser.add_argument("--only", nargs=2, metavar=("PROGRAM", "DESIGN"), help="one program on one design")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter with mirt and raschpy")
    parser.add_argument("--wall-limit", type=float, default=200.0, help="seconds a peer may take")
    parser.add_argument("--out", type=Path, help=f"csv; {RESULT.name} if everything is measured")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    designs, programs = chosen.designs.split(","), chosen.programs.split(",")
    if chosen.only:
        programs, designs = [chosen.only[0]], [chosen.only[1]]
    given_up: set[Any] = set()
    rows = [
        row for name in designs for row in rows_of(name, programs, chosen.peer_python, chosen.wall_limit, given_up)
    ]
    everything = designs == list(DESIGNS) and programs == list(PROGRAMS)
    out = chosen.out or (RESULT if everything else None)
    if out is None:
        return
    with out.open("w", newline="", encoding="utf-8") as stream:
        stream.write(
            f"# benchmarks/rasch_speed.py, {dt.date.today()}, CPU seconds, MB; Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, one thread, peers: {chosen.wall_limit:.0f} s wall and {MEMORY // 2**30} GB\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([shown(k, row[k]) if k in row else "" for k in COLUMNS] for row in rows)


if __name__ == "__main__":
    main()
