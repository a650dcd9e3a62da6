"""Patterns of raters: area under the curve, right names, and clean raters named, by number of employees.

    make calibrate-profile

One row per scale, number of employees per rater and planted pattern ("none": ordinary raters). ``auc``: the deciding
index of planted against ordinary raters (severity; the lower of slope and spread for central and range; slope for
random; profile for halo; share of identical vectors less the expected one for copied). The other columns: share of
these raters with each name. Half of the regions have a pair SD of .5, half of 1 (SD of an employee's true score: 1);
each has 40 ordinary raters and two of each pattern. Below eight employees the detector names nobody: the row shows
what it would do.
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
from pathlib import Path

import numpy as np
from profile_worlds import PATTERNS, region
from scipy.stats import rankdata

from kinerja_analysis.detect._rater_profile_table import judge
from kinerja_analysis.detect.contract import threshold
from kinerja_analysis.detect.profiles import compared, gather
from kinerja_analysis.detect.rater_profile import LIMITS

RESULT = Path(__file__).with_suffix(".csv")
NAMES = ("none", *PATTERNS, "unclear")
SIZES, SCALES, PAIRS, REPEATS, ORDINARY = (5, 8, 15, 30, 40), (5, 100), (0.5, 1.0), 16, 40


def generator(salt):
    """The detector's draws."""
    return np.random.default_rng([20251128, salt])


def one(seed, n, scale, pair):
    """Return of one region what was planted, what was named, and the deciding index of each pattern."""
    planted = ["none"] * ORDINARY + 2 * list(PATTERNS)
    rows = region(np.random.default_rng([seed, n, scale, int(10 * pair)]), n, planted, scale=scale, pair=pair)
    rows = rows.assign(period="2025", row=[f"2:1:{i}" for i in range(len(rows))])
    raters, *_ = gather(*compared(rows, 3, 3), min_ratees=n)
    limits = {name: threshold(f"rater_profile.{name}").value for name in LIMITS} | {"level": 0.95}
    found = judge(raters, limits, 0.10, generator)
    severity, slope, spread, _, profile, _ = found.z
    low = -np.minimum(slope, spread)
    copied = found.value["identical"] - found.expected
    index = dict(zip(PATTERNS, (severity, -severity, low, low, -slope, -profile, copied), strict=True))
    return np.array([planted[int(r[1:])] for r in raters.names]), np.array(found.name), index


def area(bad, good):
    """Area under the curve: the chance that a planted rater has the larger index, ties half."""
    ranks = rankdata(np.concatenate([bad, good]))[: len(bad)]
    return (ranks.sum() - len(bad) * (len(bad) + 1) / 2) / (len(bad) * len(good))


def rows_of(scale, n):
    """Return the rows of one scale and number of employees."""
    runs = [one(seed, n, scale, pair) for pair in PAIRS for seed in range(REPEATS)]
    planted, named = (np.concatenate([r[i] for r in runs]) for i in (0, 1))
    out = []
    for name in ("none", *PATTERNS):
        mine = planted == name
        index = np.concatenate([r[2][name] for r in runs]) if name in PATTERNS else None
        auc = "" if index is None else f"{area(index[mine], index[planted == 'none']):.3f}"
        shares = {k: f"{(named[mine] == k).mean():.3f}" for k in NAMES}
        out.append({"scale": scale, "n": n, "planted": name, "raters": int(mine.sum()), "auc": auc, **shares})
    return out


def main():
    """Write the table."""
    table = [row for scale in SCALES for n in SIZES for row in rows_of(scale, n)]
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# make calibrate-profile, {dt.date.today()}, Python {platform.python_version()}\n")
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
