"""Speed and accuracy of `crossed_effects` against lme4 (R) and mixedlm (Python) on designs from 1e4 to 1e7.

    make bench-crossed

Every fit runs in a process of its own with one BLAS thread. ``cpu_s`` and ``wall_s`` are those of the fit alone: data
are read, factors coded, libraries loaded and, for ours, numba's kernels compiled by a warm-up call on a small design
before the clock starts. Fits under ``REPEAT_BELOW`` seconds run three times and the medians stand in the table.
``peak_mb`` is the peak resident set of the whole process, reading included. ``criterion`` is the program's own REML
criterion (−2 log restricted likelihood) and ``excess_over_best`` its distance from the lowest on that design.

The calls: ``crossed_effects(y, groups, sd_interval=False)``; ``lmer(y ~ 1 + (1|…) + …, REML = TRUE, control =
lmerControl(calc.derivs = FALSE))`` in both peers. Ours also gives the standard error of every effect; the peers' time
does not include theirs. The peers get a wall limit and 12 GB; what stopped one stands in ``note``. R with lme4:
``apt-get install r-base-core r-cran-lme4 libopenblas0``.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from designs import Design, instructor_evaluations, pairs

RESULT = Path(__file__).with_suffix(".csv")
REPEAT_BELOW, REPEATS, MEMORY = 20.0, 3, 12 * 2**30
WARM_UP: tuple[dict[str, Any], ...] = ({"route": "exact"}, {"route": "large"})  # each compiles kernels of its own
DESIGNS: dict[str, Callable[[], Design]] = {
    "InstEval": instructor_evaluations,
    **{f"pairs_1e5_{c}%": (lambda c=c: pairs(10**5, c / 100)) for c in (0, 2, 10, 25)},
    "pairs_1e6_10%": lambda: pairs(10**6, 0.1),
    "pairs_1e4_10%": lambda: pairs(10**4, 0.1),
    "pairs_1e7_10%": lambda: pairs(10**7, 0.1),
}
OURS_ONLY = {"pairs_1e4_10%", "pairs_1e7_10%"}
PROGRAMS = ("ours", "lme4", "mixedlm")
COLUMNS = [
    "design", "n", "levels", "program", "version", "route", "cpu_s", "wall_s", "peak_mb", "criterion",
    "excess_over_best", "monte_carlo_error", "note", "command",
]  # fmt: skip
LME4 = """
suppressMessages(library(lme4))
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], colClasses = c("numeric", rep("integer", length(strsplit(args[2], " ")[[1]]))))
names <- strsplit(args[2], " ")[[1]]
for (name in names) d[[name]] <- factor(d[[name]])
model <- as.formula(paste("y ~ 1 +", paste0("(1|", names, ")", collapse = " + ")))
start <- proc.time()
fit <- lmer(model, d, REML = TRUE, control = lmerControl(calc.derivs = FALSE))
used <- proc.time() - start
told <- gsub('["\\n\\\\]', " ", paste(fit@optinfo$conv$lme4$messages, collapse = "; "))
cat(sprintf('{"cpu_s": %.4f, "wall_s": %.4f, "criterion": %.9f, "route": "%s", "version": "%s", "note": "%s",
"blas": "%s"}', sum(used[1:2]), used[3], REMLcrit(fit), fit@optinfo$optimizer, packageVersion("lme4"), told,
sessionInfo()$BLAS))
"""


def fit_ours(design: Design) -> dict[str, Any]:
    """Our fit, after a warm-up call on a small design."""
    from kinerja_analysis import __version__
    from kinerja_analysis.stats import crossed_effects

    small = pairs(320, 0.25)
    for keywords in WARM_UP:
        crossed_effects(small.y, small.groups, sd_interval=False, **keywords)
    clock = time.process_time(), time.perf_counter()
    fit = crossed_effects(design.y, design.groups, sd_interval=False)
    used = time.process_time() - clock[0], time.perf_counter() - clock[1]
    note = "; ".join(filter(None, ["" if fit.converged else "not converged", fit.reason]))
    return {
        "cpu_s": used[0], "wall_s": used[1], "criterion": -2 * fit.loglik, "route": fit.method,
        "version": __version__, "monte_carlo_error": fit.monte_carlo_error, "note": note,
    }  # fmt: skip


def fit_mixedlm(design: Design) -> dict[str, Any]:
    """Fit by the PyPI package mixedlm with its default optimiser."""
    import mixedlm
    import pandas as pd

    data = pd.DataFrame({"y": design.y, **{k: v.astype(str) for k, v in design.groups.items()}})
    model = "y ~ 1 + " + " + ".join(f"(1|{name})" for name in design.groups)
    clock = time.process_time(), time.perf_counter()
    fit = mixedlm.lmer(model, data, REML=True, control=mixedlm.lmerControl(calc_derivs=False))
    used = time.process_time() - clock[0], time.perf_counter() - clock[1]
    return {
        "cpu_s": used[0], "wall_s": used[1], "criterion": float(fit.REMLcrit()), "route": str(fit.optimizer),
        "version": mixedlm.__version__, "note": "" if fit.converged else f"not converged: {fit.message}",
    }  # fmt: skip


def child(program: str, place: str) -> None:
    """Fit in this process and print what was found."""
    with np_load(place) as stored:
        groups = {name: stored[name] for name in stored["names"]}
        design = Design("", stored["y"], groups)
    try:
        found = {"ours": fit_ours, "mixedlm": fit_mixedlm}[program](design)
    except (ValueError, MemoryError) as error:
        found = {"note": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))


def np_load(place: str) -> Any:
    """The stored arrays of a design."""
    import numpy as np

    return np.load(place, allow_pickle=False)


def store(design: Design, folder: Path) -> None:
    """Write a design for the Python programs and, as csv, for R."""
    import numpy as np
    import pandas as pd

    np.savez(folder / "design.npz", y=design.y, names=np.array(list(design.groups)), **design.groups)
    pd.DataFrame({"y": design.y, **design.groups}).to_csv(folder / "design.csv", index=False)
    (folder / "fit.R").write_text(LME4, encoding="utf-8")


def measure(program: str, design: Design, folder: Path, wall_limit: float) -> dict[str, Any]:
    """One fit in a new process: what it printed, peak memory, and what stopped it."""
    if program == "lme4":
        rscript = shutil.which("Rscript")
        if rscript is None:
            return {"note": "Rscript is not installed"}
        command = [rscript, "--vanilla", str(folder / "fit.R"), str(folder / "design.csv"), " ".join(design.groups)]
    else:
        command = [sys.executable, __file__, "--child", program, str(folder / "design.npz")]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    told, errors = folder / "told", folder / "errors"
    with told.open("w") as out, errors.open("w") as err:
        start = time.monotonic()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env=environment, preexec_fn=None if program == "ours" else limit
        )
        stopped = False
        while not (done := os.wait4(process.pid, os.WNOHANG))[0]:
            if program != "ours" and not stopped and time.monotonic() - start > wall_limit:
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


def rows_of(name: str, programs: list[str], wall_limit: float) -> list[dict[str, Any]]:
    """The rows of one design, ratios of CPU seconds to ours printed."""
    design = DESIGNS[name]()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        store(design, Path(place))
        for program in programs:
            if program != "ours" and name in OURS_ONLY:
                continue
            runs = [measure(program, design, Path(place), wall_limit)]
            while "cpu_s" in runs[0] and runs[0]["cpu_s"] < REPEAT_BELOW and len(runs) < REPEATS:
                runs.append(measure(program, design, Path(place), wall_limit))
            row = {"design": name, "n": design.y.size, "program": program, **runs[0]}
            row["levels"] = " ".join(f"{k}:{v}" for k, v in design.levels.items())
            for key in ("cpu_s", "wall_s", "peak_mb"):
                if key in row:
                    row[key] = statistics.median(run[key] for run in runs)
            row["note"] = "; ".join(filter(None, [row.get("note", ""), f"median of {len(runs)}" * (len(runs) > 1)]))
            row["command"] = f'python benchmarks/crossed_speed.py --designs "{name}" --programs {program}'
            rows.append(row)
    best = min((row["criterion"] for row in rows if "criterion" in row), default=float("nan"))
    ours = next((row["cpu_s"] for row in rows if row["program"] == "ours" and "cpu_s" in row), None)
    for row in rows:
        if "criterion" in row:
            row["excess_over_best"] = row["criterion"] - best
        ratio = f"  {row['cpu_s'] / ours:.2f} times ours" if ours and "cpu_s" in row else ""
        print("  ".join(f"{k}={shown(k, row[k])}" for k in COLUMNS[:-1] if k in row) + ratio, flush=True)
    return rows


def shown(key: str, value: Any) -> str:
    """A cell of the table."""
    digits = {"cpu_s": 3, "wall_s": 3, "peak_mb": 0, "criterion": 6, "excess_over_best": 7}
    return f"{value:.{digits[key]}f}" if key in digits else str(value)


def main() -> None:
    """Measure the chosen designs and programs; write the table if asked or if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--designs", default=",".join(DESIGNS), help="comma-separated")
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="comma-separated")
    parser.add_argument("--wall-limit", type=float, default=300.0, help="seconds a peer may take")
    parser.add_argument("--out", type=Path, help=f"csv; {RESULT.name} if everything is measured")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    designs, programs = chosen.designs.split(","), chosen.programs.split(",")
    rows = [row for name in designs for row in rows_of(name, programs, chosen.wall_limit)]
    everything = designs == list(DESIGNS) and programs == list(PROGRAMS)
    out = chosen.out or (RESULT if everything else None)
    if out is None:
        return
    blas = "/".join(Path(next((row["blas"] for row in rows if "blas" in row), "not run")).parts[-2:])
    with out.open("w", newline="", encoding="utf-8") as stream:
        stream.write(
            f"# make bench-crossed, {dt.date.today()}, CPU seconds, MB; Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, one BLAS thread; BLAS of R: {'/'.join(Path(blas).parts[-2:])}\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([shown(k, row[k]) if k in row else "" for k in COLUMNS] for row in rows)


if __name__ == "__main__":
    main()
