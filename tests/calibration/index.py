"""Does a planted problem raise the objectivity index? Paired runs of regions with common random numbers.

    make calibrate-index

One row per planted problem: mean of the index (``main``), its mean change against the same runs with nothing planted
with the upper 99 % limit of that mean (t), the same for the conditional figure, the net order of score and merit
(``truth``) and its change, and the index of each comparator. ``rule``: "held" means that the limit of the main change
must not exceed one point, "random" that the index must be about 0, "truth" that it may rise as far as the net order
of score and merit does, "exception" what happens without a safeguard, "range" a design whose range is measured (fewer
units; a score of three levels like the predikat, nothing planted). ``covered``: share of 95 % ranges that hold the
mean of the index over the runs. Without capaian (``no capaian``) only peers are compared; ``copies in`` keeps the
peer ratings that the product leaves out as copies. A killed run goes on (``index.part.csv``).
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
from pathlib import Path

import numpy as np
from index_worlds import CRITERIA, PEER, PEERS, RELIABILITY, SELF, TEAM, UNIT, UNITS, draw, region
from scipy.special import stdtrit

from kinerja_analysis.detect.copies import repeats
from kinerja_analysis.stats import adjust, ordered_pairs, reliability_of_means, supported_order, without_groups

RESULT = Path(__file__).with_suffix(".csv")
PAGE = Path(__file__).parents[2] / "docs" / "metode" / "index.md"
BEGIN, END = "<!-- penerimaan -->", "<!-- /penerimaan -->"
PART = RESULT.with_suffix(".part.csv")
RUNS, BLOCK, FDR = 400, 20, 0.10
#: Planted problem -> what must hold of it.
RULES = {
    "": "", "leniency": "held", "level 0.8": "held", "level 1.8": "held", "compression": "held", "halo": "held",
    "noise": "held", "own group": "held", "gap": "held", "gap all": "held", "gap all and capaian": "held",
    "ignoring": "held", "single value": "held", "identical": "held", "quota": "random", "reciprocity": "held",
    "self": "held", "peers copy": "held", "supervisors copy": "truth",
    "no capaian": "", "no capaian, peers copy": "held", "no capaian, peers copy, copies in": "exception",
    "15 units": "range", "40 units": "range", "three levels": "range",
}  # fmt: skip
FIGURES = ("main", "conditional", "peers", "capaian", "truth", "separated", "lower", "upper")
FIELDS = ("planted", "rule", "runs", "main", "change", "limit", "conditional", "conditional_change",
          "conditional_limit", "truth", "truth_change", "peers", "capaian", "separated", "covered")  # fmt: skip


def figure(r, keep, *, conditional=False, capaian=True, units=UNITS):
    """Return the index as the product forms it, from arrays: comparators freed of the group difference."""
    some = slice(units * TEAM)
    group, unit, keep, known = r.group[some, None], UNIT[some], keep[some], r.capaian[some]
    number = keep.sum(axis=1)
    mean = (r.peers[some] * keep).sum(axis=1) / np.where(number > 0, number, np.nan)
    free, effect = without_groups(mean, group, unit, given=known if conditional else None)
    single = (r.peers[some] - group * effect)[keep]
    ratee = np.repeat(SELF[some, None], PEERS, axis=1)[keep]
    value, left = reliability_of_means(single, ratee, PEER[some][keep], unit[ratee], unit[ratee])
    evidence, reliability, lefts = [free], [min(value, 1.0)], [left.clip(0, 1)]
    if capaian:
        evidence.append(known if conditional else without_groups(known, group, unit)[0])
        reliability, lefts = [*reliability, RELIABILITY], [*lefts, None]
    return supported_order(r.score[some], evidence, unit, reliability=reliability, reliability_left=lefts)


def copies(r):
    """Return which peer ratings the product leaves out, shape (N, 3)."""
    base = 10 ** np.arange(CRITERIA)
    own, above = (r.peer_vectors @ base).astype(int), np.repeat((r.vectors @ base).astype(int)[:, None], PEERS, axis=1)
    p = repeats(np.repeat(SELF, PEERS), PEER.ravel(), own.ravel(), above.ravel())
    return (adjust(p, "bh") <= FDR)[PEER]


def one(d, planted):
    """Return the figures of one run."""
    bare = planted.removeprefix("no capaian").removeprefix(", ")
    units = int(bare.removesuffix(" units")) if bare.endswith("units") else UNITS
    problem = bare.removesuffix(", copies in").replace("self", "")  # self ratings are never read
    r = region(d, problem)
    keep = np.ones(PEER.shape, bool) if bare.endswith("copies in") else ~copies(r)
    main = figure(r, keep, capaian=bare == planted, units=units)
    second = figure(r, keep, conditional=True) if bare == planted and RULES[planted] != "range" else None
    truth = 100 * ordered_pairs(r.score, r.true, UNIT).tau_a
    each = [f.index if np.isfinite(f.index) else 0.0 for f in main.by]
    return [main.index, second.index if second else np.nan, each[0], each[1] if len(each) > 1 else np.nan, truth,
            100 * main.by[0].separated, main.index_lower, main.index_upper]  # fmt: skip


def runs(first, last):
    """Return planted problem -> figures (runs, figures)."""
    found = {planted: [] for planted in RULES}
    for seed in range(first, last):
        d = draw(seed)
        for planted in RULES:
            found[planted].append(one(d, planted))
    return {planted: np.array(rows) for planted, rows in found.items()}


def limit(change):
    """Return mean and upper 99 % limit (one-sided, t) of a mean change."""
    mean, se = change.mean(), change.std(ddof=1) / np.sqrt(change.size)
    return mean, mean + stdtrit(change.size - 1, 0.99) * se


def table(found):
    """Return the rows of the committed table."""
    rows = []
    for planted, rule in RULES.items():
        a = found[planted]
        base = found["no capaian" if planted.startswith("no capaian") else ""]
        change, second = limit(a[:, 0] - base[:, 0]), limit(a[:, 1] - base[:, 1])
        held = (a[:, 6] <= a[:, 0].mean()) & (a[:, 0].mean() <= a[:, 7])
        mean = dict(zip(FIGURES, a.mean(axis=0), strict=True))
        numbers = {"main": mean["main"], "change": change[0], "limit": change[1], "conditional": mean["conditional"],
                   "conditional_change": second[0], "conditional_limit": second[1], "truth": mean["truth"],
                   "truth_change": mean["truth"] - base[:, 4].mean(), "peers": mean["peers"],
                   "capaian": mean["capaian"], "separated": mean["separated"]}  # fmt: skip
        told = {k: f"{v:.2f}" if np.isfinite(v) else "" for k, v in numbers.items()}
        covered = f"{held.mean():.3f}" if np.isfinite(a[:, 6]).all() else ""
        rows.append({"planted": planted or "none", "rule": rule, "runs": len(a), **told, "covered": covered})
    return rows


def page(rows):
    """Return the table as the method page shows it; ``rows`` as in the file."""
    heads = ("planted", "index", "change", "upper 99 %", "second figure, change", "order by merit, change",
             "ranges that hold")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---|--:|--:|--:|--:|--:|--:|"]
    for r in rows:
        cells = [r[k] or "–" for k in ("main", "change", "limit", "conditional_change", "truth_change", "covered")]
        lines.append(f"| {r['planted']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(text, rows):
    """Return a method page with the table in its place."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{page(rows)}\n{END}{rest.split(END)[1]}"


def main():
    """Run what is missing, then write the table."""
    done = np.loadtxt(PART, delimiter=",", ndmin=2) if PART.exists() else np.zeros((0, 1 + len(RULES) * len(FIGURES)))
    for first in range(len(done), RUNS, BLOCK):
        part = runs(first, first + BLOCK)
        rows = np.column_stack([np.arange(first, first + BLOCK), *part.values()])
        with PART.open("a", encoding="utf-8") as file:
            np.savetxt(file, rows, delimiter=",", fmt="%.6g")
        done = np.vstack([done, rows])
    found = {p: done[:, 1 + i * len(FIGURES) :][:, : len(FIGURES)] for i, p in enumerate(RULES)}
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# make calibrate-index, {dt.date.today()}, Python {platform.python_version()}\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows := table(found))
    PAGE.write_text(shown(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    PART.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
