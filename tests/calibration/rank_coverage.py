"""Coverage of rank intervals of 95 %, one by one and all at once.

    make calibrate-ranks

Simulated: k true effects N(0, true_sd), true_sd in units of the typical standard error. Errors *independent* with
standard errors from .7 to 1.3, or *correlated*, half of each variance by one common factor with loadings of either
sign. Quantities: `covered`, share of effects whose interval holds the true rank, and `all_at_once`, share of
replicates in which all do; `width`, mean length of the interval in ranks over k; `ranked`, share of replicates with
ranks (the others estimate no variance and count nowhere else); `any_wrong`, share of replicates in which some pair is
called distinguishable and is equal or the other way round. Effects all equal (true_sd 0): confidence sets (pairwise)
must hold all k ranks, posterior intervals the middle one.
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
import sys
from pathlib import Path

import numpy as np

from kinerja_analysis.stats import rank_intervals

RESULT = Path(__file__).with_suffix(".csv")
REPLICATES = {10: 2000, 34: 1000, 100: 400}
DRAWS = 1000
FIELDS = ["errors", "k", "true_sd", "method", "replicates", "quantity", "value", "se"]


def error_covariance(errors, k):
    """The covariance of one design."""
    se = np.linspace(0.7, 1.3, k)
    shared = np.outer(se, se) * np.outer((-1.0) ** np.arange(k), (-1.0) ** np.arange(k))
    return np.diag(se**2) if errors == "independent" else 0.5 * (np.diag(se**2) + shared)


def held(truth, found, method):
    """Which intervals hold the true rank; of equal effects, all ranks they share or the middle one."""
    low, high = 1 + (truth[:, None] < truth).sum(axis=1), truth.size - (truth[:, None] > truth).sum(axis=1)
    if method == "posterior":
        low = high = (low + high) / 2.0
    return (found.lower <= low) & (found.upper >= high)


def cell(errors, k, true_sd, method, replicates, draws=DRAWS):
    """Rows of one design and method."""
    covariance = error_covariance(errors, k)
    root = np.linalg.cholesky(covariance)
    rng = np.random.default_rng([k, int(10 * true_sd), errors == "independent"])
    found = []
    for seed in range(replicates):
        truth = true_sd * rng.standard_normal(k)
        effect = truth + root @ rng.standard_normal(k)
        ranks = rank_intervals(effect, cov=covariance, method=method, draws=draws, seed=seed)
        wrong = ranks.pair_distinguishable & ((effect[:, None] - effect) * (truth[:, None] - truth) <= 0)
        holds, known = held(truth, ranks, method), float(not ranks.reason)
        width = float(np.mean(ranks.upper - ranks.lower + 1)) / k
        found.append([holds.mean(), holds.all(), width, known, wrong.any()])
    table = np.array(found, dtype=float)
    ranked = table[table[:, 3] > 0]
    for name, values in (
        ("covered", ranked[:, 0]),
        ("all_at_once", ranked[:, 1]),
        ("width", ranked[:, 2]),
        ("ranked", table[:, 3]),
        ("any_wrong", table[:, 4]),
    ):
        error = values.std() / max(values.size, 1) ** 0.5
        yield [errors, k, true_sd, method, replicates, name, round(float(values.mean()), 4), round(float(error), 4)]


def main() -> None:
    """Write the table."""
    head = f"# make calibrate-ranks, {dt.date.today()}, Python {platform.python_version()}; {DRAWS} draws\n"
    with RESULT.open("w", newline="", encoding="utf-8") as stream:
        stream.write(head)
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        for errors in ("independent", "correlated"):
            for k, replicates in REPLICATES.items():
                for true_sd in (0.0, 0.5, 1.0):
                    for method in ("pairwise", "posterior"):
                        writer.writerows(cell(errors, k, true_sd, method, replicates))


if __name__ == "__main__":
    sys.exit(main())
