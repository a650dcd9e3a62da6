"""What irrCAC says of random tables with gaps, for `tests/stats/test_agreement_peers.py`.

    python tests/peers/agreement_irrcac.py [--seed SEED] [--cases CASES] [--out FILE]

A script, not a test: it needs ``irrCAC==0.4.4``, which asks for scipy 1.12.0 and pandas below 3 and so cannot be among
our development dependencies. It writes ``agreement_irrcac.csv`` beside it, one row per table and kind of weights. Every
run of the tests compares our numbers with that file; with other seeds the file serves a longer search.

``table`` holds one word per subject and one character per rater: a position in ``scale``, or a dot. Some tables have a
rater without ratings, subjects with one rating or none, categories nobody uses, or one category only. irrCAC is asked
for 15 decimals, twelve digits are kept. Two departures from its plain call: under ``ordinal`` weights alpha gets
Krippendorff's metric, counted here, as a matrix (irrCAC itself knows Gwet's ordinal weights only); and a rater without
ratings is left out, because its Conger coefficient divides by his number of ratings.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np

RESULT = Path(__file__).with_suffix(".csv")
WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "ratio")
METHODS = {"alpha": "krippendorff", "AC": "gwet", "fleiss": "fleiss", "conger": "conger", "brennan_prediger": "bp"}
SCALES = ([1, 2], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 4, 7], [0.5, 1, 3, 10, 11, 20, 50], [10, 25, 40, 60, 75, 90, 100])
PARTS = ("value", "se", "lower", "upper")


def random_table(rng: np.random.Generator, case: int) -> tuple[np.ndarray, list[float]]:
    """Positions of the ratings in the scale (NaN: none), and the scale."""
    scale = SCALES[int(rng.integers(len(SCALES)))]
    n, r, q = int(rng.integers(3, 25)), int(rng.integers(2, 7)), len(scale)
    truth = rng.choice(q, n, p=rng.dirichlet(np.ones(q)))
    noise = rng.integers(0, q, (n, r))
    table = np.where(rng.random((n, r)) < rng.uniform(0.1, 0.95), truth[:, None], noise).astype(float)
    table[rng.random((n, r)) < rng.uniform(0, 0.5)] = np.nan
    if case % 6 == 0:
        table[:, int(rng.integers(r))] = np.nan
    if case % 8 == 1:
        table[: n // 2, 1:] = np.nan
    if case % 20 == 7:
        table[~np.isnan(table)] = q - 1
    if case % 10 == 3:
        table[~np.isnan(table)] = np.minimum(table[~np.isnan(table)], 1)
    return table, list(map(float, scale))


def ordinal_metric(table: np.ndarray, scale: list[float]) -> np.ndarray:
    """Krippendorff's ordinal metric as weights: ratings from one value to the other, the ends counted half."""
    pairable = table[(~np.isnan(table)).sum(axis=1) > 1]
    count = [int((pairable == value).sum()) for value in scale]
    q = len(scale)
    apart = np.zeros((q, q))
    for low in range(q):
        for high in range(low + 1, q):
            between = sum(count[low : high + 1]) - (count[low] + count[high]) / 2
            apart[low, high] = apart[high, low] = between**2
    return 1 - apart / apart.max()


def told(values: np.ndarray, weights: str, scale: list[float]) -> dict[str, float]:
    """irrCAC's numbers for one table."""
    import pandas as pd
    from irrCAC.raw import CAC

    pairable = values[(~np.isnan(values)).sum(axis=1) > 1]
    used, paired = (np.unique(v[~np.isnan(v)]).size for v in (values, pairable))
    frame = pd.DataFrame(values)
    found: dict[str, float] = {}
    for name, method in METHODS.items():
        if (name == "alpha" and paired < 2) or (name in ("fleiss", "conger") and used < 2):
            continue  # 0/0
        given: Any = weights
        if name == "alpha" and weights == "ordinal":
            given = ordinal_metric(values, scale)
        est = getattr(CAC(frame.copy(), given, scale, digits=15), method)()["est"]
        numbers = (est["coefficient_value"], est["se"], *est["confidence_interval"])
        found |= {f"{name}_{part}": float(number) for part, number in zip(PARTS, numbers, strict=True)}
        if name != "alpha":
            found["percent_value"] = float(est["pa"])
    return found


def word(row: np.ndarray) -> str:
    """One subject's ratings, a character each."""
    return "".join("." if np.isnan(v) else str(int(v)) for v in row)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cases", type=int, default=80)
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(chosen.seed)
    columns = ["weights", "scale", "table", "percent_value", *(f"{name}_{part}" for name in METHODS for part in PARTS)]
    rows: list[dict[str, Any]] = []
    while len(rows) < chosen.cases:
        case = len(rows)
        places, scale = random_table(rng, case)
        places = places[:, :9]
        values = np.full(places.shape, np.nan)
        known = ~np.isnan(places)
        values[known] = np.array(scale)[places[known].astype(int)]
        rated = values[:, known.any(axis=0)]
        if ((~np.isnan(rated)).sum(axis=1) > 1).sum() < 2 or rated.shape[1] < 2:
            continue
        weights = WEIGHTS[case % len(WEIGHTS)]
        numbers = {key: f"{number:.12g}" for key, number in told(rated, weights, scale).items()}
        table = " ".join(map(word, places))
        rows.append({"weights": weights, "scale": " ".join(map(str, scale)), "table": table, **numbers})
    with chosen.out.open("w", newline="", encoding="utf-8") as stream:
        stream.write(f"# python tests/peers/agreement_irrcac.py, {dt.date.today()}, irrCAC 0.4.4, seed {chosen.seed}\n")
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
