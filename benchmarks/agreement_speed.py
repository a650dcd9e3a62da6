"""Speed of the agreement functions against irrCAC, krippendorff, pingouin and statsmodels at 1e4 and 1e6 ratings.

    python benchmarks/agreement_speed.py --irrcac-python PYTHON

PYTHON is an interpreter with ``irrCAC==0.4.4``, which asks for scipy 1.12.0 and pandas below 3; without the option it
is looked for in this one.

Every call is timed in a process of its own with one thread, after a warm-up call on a small set. In the clock: the one
call that answers the question, on data laid out as the program asks. Not in the clock: imports and that layout. Calls
under ``REPEAT_BELOW`` seconds are timed three times and the medians stand in the table, short ones in loops of at least
``LOOP`` seconds. ``ratio`` is the CPU time of ours over that of the peer: below 1, ours is faster. Peers get a limit of
wall time, which covers the whole process.

What the calls do differs. `agreement_coefficients` gives six coefficients with standard errors and intervals at once;
its time stands beside one coefficient with standard error of irrCAC, and beside krippendorff's alpha, a value alone.
Kappa is timed from the 5 × 5 table of counts; its cost does not depend on the number of ratings. `conditional_ordinal`
gives cluster-robust standard errors besides those of the model.

Ratings: subjects × 4 raters, 5 categories, 20 % missing (the number of cells is given); complete for the intraclass
correlations. Conditional logit: rows in strata of 8, two covariates. Adjusted p: that many p-values.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

RESULT = Path(__file__).with_suffix(".csv")
SIZES = (10_000, 1_000_000)
REPEAT_BELOW, REPEATS, LOOP = 20.0, 3, 0.2
WEIGHTS = {"nominal": "identity", "ordinal": "ordinal", "interval": "quadratic"}
IRRCAC = {"alpha": "krippendorff", "AC": "gwet", "fleiss": "fleiss", "conger": "conger", "brennan_prediger": "bp"}
ADJUST = {"bh": "fdr_bh", "by": "fdr_by", "holm": "holm", "bonferroni": "bonferroni"}
# question: (peers, call of ours)
QUESTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    **{f"alpha {kind}": (("krippendorff",), "agreement_coefficients") for kind in WEIGHTS},
    **{f"{name} quadratic": (("irrCAC",), "agreement_coefficients") for name in IRRCAC},
    "icc six forms": (("pingouin",), "icc"),
    "kappa linear": (("statsmodels",), "weighted_kappa"),
    "conditional logit": (("statsmodels",), "conditional_ordinal"),
    **{f"adjusted p {name}": (("statsmodels",), "adjust") for name in ADJUST},
}
COLUMNS = ["question", "n", "program", "version", "call", "cpu_s", "wall_s", "ratio", "note", "command"]


def drawn(question: str, n: int) -> dict[str, np.ndarray]:
    """The data of a question."""
    rng = np.random.default_rng(n)
    if question.startswith("adjusted"):
        return {"p": rng.random(n) ** 2}
    if question.startswith("conditional"):
        x, stratum = rng.normal(size=(n, 2)), np.arange(n) // 8
        drift = rng.normal(size=stratum[-1] + 1)[stratum] + x @ [0.5, -0.3]
        return {"y": (rng.logistic(size=n) + drift > 0).astype(np.int64), "x": x, "stratum": stratum}
    truth = rng.integers(1, 6, (n // 4, 1))
    table = np.clip(truth + rng.choice([-1, 0, 1], (n // 4, 4), p=[0.2, 0.5, 0.3]), 1, 5).astype(float)
    if not question.startswith(("icc", "kappa")):
        table[rng.random(table.shape) < 0.2] = np.nan
    return {"table": table}


def crossed(table: np.ndarray) -> np.ndarray:
    """Counts of the first two raters' categories."""
    counts = np.zeros((5, 5))
    np.add.at(counts, tuple(table[:, :2].T.astype(int) - 1), 1)
    return counts


def prepared_ours(question: str, data: dict[str, np.ndarray]) -> Callable[[], Any]:
    """Our call."""
    from kinerja_analysis.stats.agreement import agreement_coefficients, weighted_kappa
    from kinerja_analysis.stats.inside import conditional_ordinal
    from kinerja_analysis.stats.intraclass import icc
    from kinerja_analysis.stats.shrinkage import adjust

    last: Any = question.split()[-1]
    if question.startswith("adjusted"):
        return lambda: adjust(data["p"], last)
    if question.startswith("conditional"):
        return lambda: conditional_ordinal(data["y"], data["x"], data["stratum"])
    if question.startswith("icc"):
        return lambda: icc(data["table"])
    if question.startswith("kappa"):
        counts = crossed(data["table"])
        return lambda: weighted_kappa(counts, "linear")
    return lambda: agreement_coefficients(data["table"], WEIGHTS.get(last, last))


def prepared_peer(program: str, question: str, data: dict[str, np.ndarray]) -> Callable[[], Any]:
    """The peer's call, data laid out as it asks."""
    first, last = question.split()[0], question.split()[-1]
    if program == "irrCAC":
        import pandas as pd
        from irrCAC.raw import CAC

        ratings = pd.DataFrame(data["table"])
        return lambda: getattr(CAC(ratings, last), IRRCAC[first])()
    if program == "krippendorff":
        import krippendorff

        turned = np.ascontiguousarray(data["table"].T)
        return lambda: krippendorff.alpha(turned, level_of_measurement=last)
    if program == "pingouin":
        import pandas as pd
        import pingouin

        n, k = data["table"].shape
        places = {"target": np.repeat(np.arange(n), k), "rater": np.tile(np.arange(k), n)}
        long = pd.DataFrame({**places, "score": data["table"].ravel()})
        return lambda: pingouin.intraclass_corr(long, "target", "rater", "score")
    from statsmodels.discrete.conditional_models import ConditionalLogit
    from statsmodels.stats.inter_rater import cohens_kappa
    from statsmodels.stats.multitest import multipletests

    if first == "kappa":
        counts = crossed(data["table"])
        return lambda: cohens_kappa(counts, wt="linear")
    if first == "conditional":
        return lambda: ConditionalLogit(data["y"], data["x"], groups=data["stratum"]).fit()
    return lambda: multipletests(data["p"], method=ADJUST[last])


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """CPU and wall seconds of one call; of short calls the mean of a loop."""
    times = 1
    while True:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            call()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if wall >= LOOP:
            return cpu / times, wall / times
        times = max(2 * times, min(int(1.2 * LOOP / max(wall, 1e-6)) * times, 100 * times))


def child(program: str, question: str, place: str) -> None:
    """Time one program on one set; prints JSON."""
    warnings.simplefilter("ignore")
    prepare = prepared_ours if program == "ours" else lambda q, d: prepared_peer(program, q, d)
    prepare(question, drawn(question, 400))()
    call = prepare(question, dict(np.load(place)))
    runs = [timed(call)]
    while runs[0][0] < REPEAT_BELOW and len(runs) < REPEATS:
        runs.append(timed(call))
    cpu, wall = (statistics.median(column) for column in zip(*runs, strict=True))
    told = {"cpu_s": cpu, "wall_s": wall, "note": f"median of {len(runs)}" if len(runs) > 1 else ""}
    print(json.dumps({**told, "version": version("kinerja-analysis" if program == "ours" else program)}))


def measure(program: str, question: str, place: Path, python: str, limit: float | None) -> dict[str, Any]:
    """One program on one set in a process of its own."""
    command = [python, str(Path(__file__).resolve()), "--child", program, question, str(place)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"note": f"stopped at {limit:.0f} s"}
    if done.returncode:
        return {"note": f"exit code {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1][:200]}"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def rows_of(question: str, n: int, irrcac: str, limit: float) -> list[dict[str, Any]]:
    """Ours first, then the peers with the ratio."""
    peers, call = QUESTIONS[question]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "data.npz"
        np.savez(place, **drawn(question, n))
        for program in ("ours", *peers):
            python = irrcac if program == "irrCAC" else sys.executable
            found = measure(program, question, place, python, None if program == "ours" else limit)
            row = {"question": question, "n": n, "program": program, "call": call if program == "ours" else "", **found}
            if rows and "cpu_s" in row:
                row["ratio"] = rows[0]["cpu_s"] / row["cpu_s"]
            row["command"] = f'python benchmarks/agreement_speed.py --questions "{question}" --sizes {n}'
            rows.append(row)
            print("  ".join(f"{k}={shown(k, row[k])}" for k in COLUMNS[:-1] if row.get(k)), flush=True)
    return rows


def shown(key: str, value: Any) -> str:
    """A cell of the table."""
    return f"{value:.3g}" if key in ("cpu_s", "wall_s", "ratio") else str(value)


def main() -> None:
    """Measure the chosen questions; write the table if asked or if everything was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", default=",".join(QUESTIONS), help="comma-separated")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="comma-separated")
    parser.add_argument("--irrcac-python", default=sys.executable, help="interpreter with irrCAC")
    parser.add_argument("--wall-limit", type=float, default=120.0, help="seconds a peer may take")
    parser.add_argument("--out", type=Path, help=f"csv; {RESULT.name} if everything is measured")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    questions, sizes = chosen.questions.split(","), [int(n) for n in chosen.sizes.split(",")]
    rows = [row for q in questions for n in sizes for row in rows_of(q, n, chosen.irrcac_python, chosen.wall_limit)]
    everything = questions == list(QUESTIONS) and sizes == list(SIZES)
    out = chosen.out or (RESULT if everything else None)
    if out is None:
        return
    with out.open("w", newline="", encoding="utf-8") as stream:
        stream.write(
            f"# make bench-agreement, {dt.date.today()}, CPU seconds; Python {platform.python_version()}, "
            f"numpy {np.__version__}, {os.cpu_count()} cores, one thread, peers: {chosen.wall_limit:.0f} s wall; "
            "irrCAC in an interpreter of its own with scipy 1.12\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([shown(k, row[k]) if k in row else "" for k in COLUMNS] for row in rows)


if __name__ == "__main__":
    main()
