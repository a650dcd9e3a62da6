"""Print every figure the design asks for beside the one measured, from the committed tables of this folder.

    make bench                              the table, as text
    python benchmarks/table.py --markdown   the same for a document
    python benchmarks/table.py --sizing     what a national year needs, by number of workers

Each figure names the command that measures it. A figure without a committed measurement says so; "grows" is the
slope of log time on log size over the sizes of the same table (1: in proportion).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
Row = dict[str, str]
#: What is measured, asked, measured value, whether it is met (None: not measured), growth, command.
Line = tuple[str, str, str, bool | None, str, str]


def table(name: str) -> list[Row]:
    """Return the rows of a committed table, comment lines left out; none where it is not there."""
    place = HERE / f"{name}.csv"
    if not place.is_file():
        return []
    lines = [x for x in place.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return list(csv.DictReader(lines))


def pick(rows: list[Row], column: str, **where: str) -> float:
    """Return the number in ``column`` of the one row with these values (a leading part of them); NaN without it."""
    found = [r[column] for r in rows if all(r[k].startswith(v) for k, v in where.items())]
    return float(found[0]) if len(found) == 1 and found[0] else float("nan")


def growth(rows: list[Row], size: str, seconds: str = "cpu_s") -> str:
    """Return the slope of log seconds on log size, as text; "" with fewer than three sizes.

    >>> growth([{"n": str(10**k), "cpu_s": str(3 * 10**k)} for k in (2, 3, 4)], "n")
    '1.00'
    """
    pairs = [(float(r[size]), float(r[seconds])) for r in rows if r[seconds]]
    if len({n for n, _ in pairs}) < 3:
        return ""
    x, y = np.log(np.array(pairs)).T
    return f"{np.polyfit(x, y, 1)[0]:.2f}"


def judged(name: str, what: str, value: float, limit: float, command: str, *, least: bool = False, unit: str = "",
           grows: str = "") -> Line:  # fmt: skip
    """Return a line: is the value at most (at least) the limit?"""
    asked = f"{what} {'≥' if least else '≤'} {limit:g}{unit}"
    if not np.isfinite(value):
        return name, asked, "not measured", None, grows, command
    met = value >= limit if least else value <= limit
    return name, asked, f"{value:.3g}{unit}", bool(met), grows, command


def crossed() -> Iterator[Line]:
    """Mixed models: ratio to both peers, one million pairs."""
    rows, command = table("crossed_speed"), "make bench-crossed"
    ours = pick(rows, "cpu_s", design="InstEval", program="ours")
    for peer in ("lme4", "mixedlm"):
        ratio = pick(rows, "cpu_s", design="InstEval", program=peer) / ours
        yield judged(f"crossed effects, InstEval, {peer} / ours", "ratio", ratio, 10, command, least=True)
    shape = [r for r in rows if r["program"] == "ours" and r["design"].endswith("_10%")]
    grows = growth(shape, "n")
    where = {"design": "pairs_1e6_10%", "program": "ours"}
    name = "crossed effects, 1 million pairs, 10 % cross-unit"
    yield judged(name, "CPU", pick(rows, "cpu_s", **where), 25, command, unit=" s", grows=grows)
    yield judged(name, "memory", pick(rows, "peak_mb", **where), 1000, command, unit=" MB")


def rasch() -> Iterator[Line]:
    """Many-facet Rasch: one million pairs of seven criteria."""
    rows = table("rasch_speed")
    mine = [r for r in rows if r["program"] == "ours" and r["estimator"] == "JML" and r["design"].startswith("pairs_")]
    value = pick(mine, "cpu_s", design="pairs_1000000x7")
    yield judged("many-facet Rasch, 1 million pairs x 7", "CPU", value, 15, "make bench-rasch", unit=" s",
                 grows=growth(mine, "n"))  # fmt: skip


def audit() -> Iterator[Line]:
    """One region of 11,000 employees."""
    rows = [r for r in table("audit_speed") if r["part"] == "all"]
    last = min((r for r in rows if int(r["employees"]) >= 11_000), key=lambda r: int(r["employees"]), default=None)
    seconds, memory = (float(last[c]) if last else float("nan") for c in ("cpu_s", "peak_mb"))
    name = f"audit of one region, all detectors, {last['employees'] if last else 11000} employees"
    grows = growth(rows, "pairs")
    yield judged(name, "CPU", seconds, 20, "make bench-audit", unit=" s", grows=grows)
    yield judged(name, "memory", memory, 1500, "make bench-audit", unit=" MB")


def report() -> Iterator[Line]:
    """A notebook in a fork beside a new kernel, one region's set in one language, growth over regions."""
    rows, command = table("report_speed"), "make bench-report"
    fork, kernel = (pick(rows, "cpu_s", part="engine", what=what) for what in ("fork", "kernel"))
    yield judged("papermill overhead of a notebook in a fork", "CPU", fork, 0.5, command, unit=" s")
    yield judged("the same in a new kernel", "CPU", kernel, 1.5, command, least=True, unit=" s")
    grows = growth([r for r in rows if r["part"] == "growth"], "regions")
    for level in ("public", "internal"):
        value = pick(rows, "cpu_s", part="set", what="all", level=level)
        name = f"one region's report set, one language, {level}"
        yield judged(name, "CPU", value, 4, command, unit=" s", grows=grows if level == "public" else "")
    both = pick(rows, "cpu_s_per_set", part="set", what="both")
    yield judged("the same, a set of both levels as a run makes them", "CPU", both, 4, command, unit=" s")


def reading() -> Iterator[Line]:
    """Checking files against DuckDB's read-and-group."""
    rows = table("read_speed")
    ratio = pick(rows, "ratio", contender="check", file="ratings.csv")
    yield judged("check one million rows (csv), check / DuckDB", "ratio", ratio, 5, "make bench-read")
    sheets = [float(r["cpu_s"]) for r in rows if r["contender"].startswith("check") and r["file"].endswith(".xlsx")]
    yield judged("check 100,000 rows x 30 columns (xlsx)", "CPU", max(sheets, default=float("nan")), 12,
                 "make bench-read", unit=" s")  # fmt: skip


def nation() -> Iterator[Line]:
    """National years, audited region by region."""
    for kind, rows in (("ekinerja", 84e6), ("multisource", 263e6)):
        found = table("national")
        whole = {"kind": kind, "regions": "514"}
        command = "make bench-nation"
        name = f"national {'years, exports' if kind == 'ekinerja' else 'year, 360'}, 514 regions"
        grows = growth([r for r in table("national_growth") if r["kind"] == kind], "rows")
        yield judged(name, "rows", pick(found, "rows", **whole) / 1e6, rows / 1e6, command, least=True, unit=" million")
        yield judged(name, "memory", pick(found, "peak_mb", **whole), 12_000, command, unit=" MB", grows=grows)


SOURCES: tuple[Callable[[], Iterator[Line]], ...] = (crossed, rasch, audit, report, reading, nation)
WORKERS = (2, 8, 32, 128)


def sizing() -> Iterator[str]:
    """Yield what a national year of each kind of data needs, by number of workers, from the committed measurements.

    Audits: measured CPU seconds of the largest national run, in proportion to employees. Reports: measured seconds of a
    set, times regions, languages and levels. Memory: what one worker of that run held, times workers. Hours assume that
    workers do not wait for each other or the disk: this, and any number of workers but two, is extrapolated.
    """
    levels, rows, runs = ("public", "internal"), table("report_speed"), table("national")
    sets = [pick(rows, "cpu_s", part="set", what="all", level=level) for level in levels]
    known = bool(np.isfinite(sets).all())
    pages = REGIONS * 2 * sum(sets) if known else 0.0
    told = f"{pages / 3600:.1f} CPU h" if known else "not measured (make bench-report), left out below"
    if not runs:
        yield "not measured yet: national.csv is needed"
    for kind in dict.fromkeys(r["kind"] for r in runs):
        whole = max((r for r in runs if r["kind"] == kind), key=lambda r: int(r["employees"]))
        audits = float(whole["audit_cpu_s"]) / float(whole["employees"]) * EMPLOYEES
        each = float(whole["peak_mb"]) / JOBS
        yield f"basis: {whole['regions']} regions, {whole['employees']} employees ({kind}), {JOBS} workers"
        yield f"audits {audits / 3600:.1f} CPU h; reports in two languages and at both levels: {told}"
        yield f"{'workers':>8} {'memory, GB':>11} {'hours':>7}"
        for n in WORKERS:
            yield f"{n:8d} {n * each / 1000:11.0f} {(audits + pages) / n / 3600:7.2f}"


REGIONS, EMPLOYEES, JOBS = 514, 5_600_000, 2


def lines() -> list[Line]:
    """Return all lines in the order of the design."""
    return [line for source in SOURCES for line in source()]


def main() -> int:
    """Print the table; the exit code does not depend on it: a target that is not met is a figure, not an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help="as a table for a document")
    parser.add_argument("--sizing", action="store_true", help="workers, memory and hours of a national year instead")
    given = parser.parse_args()
    if given.sizing:
        print(*sizing(), sep="\n")
        return 0
    mark = " | " if given.markdown else "  "
    words = {True: "met", False: "NOT MET", None: ""}
    body = [("figure", "asked", "measured", "", "grows", "command")]
    body += [(n, a, v, words[m], g, c) for n, a, v, m, g, c in lines()]
    wide = [max(len(r[k]) for r in body) for k in range(6)]
    for k, row in enumerate(body):
        text = mark.join(cell.ljust(n) for cell, n in zip(row, wide, strict=True)).rstrip()
        print(f"| {text} |" if mark == " | " else text)
        if not k and mark == " | ":
            print("|" + "---|" * 6)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
