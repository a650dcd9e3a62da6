"""Does the order inside a team stay when its supervisor changes? Before and after, beside teams that kept theirs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinerja_analysis.detect._running import running
from kinerja_analysis.stats._jackknife import unit_jackknife


@dataclass(frozen=True, slots=True)
class Stability:
    """Correlation before and after where the supervisor ``stayed`` and ``changed``, and the difference with range.

    ``changes`` counts the teams that changed supervisor together, ``n`` the employees behind ``changed`` and
    ``stayed``. Numbers are NaN where predikat do not vary inside teams.
    """

    stayed: float
    changed: float
    difference: float
    lower: float
    upper: float
    changes: int
    n: int


def stability(teams: pd.DataFrame, level: float = 0.95) -> Stability | None:
    """Compare the same employees' predikat in neighbouring periods; None without neighbouring periods.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods; ``level`` is the score.
    level : float
        Level of the range.

    Notes
    -----
    Employees with the same supervisor before and the same one after form a group; both predikat less the group's
    mean, so that severity and the quality of the team cancel. Correlations are pooled over groups. The range leaves
    out one supervisor (before) with all groups at a time, t.
    """
    rows = teams[teams["level"].notna()].sort_values(["period", "ratee", "row"], kind="stable")
    rows = rows.drop_duplicates(["period", "ratee"], keep="last")[["period", "ratee", "supervisor", "level"]]
    if rows.empty:
        return None
    rows = rows.assign(step=running(rows["period"]))
    both = rows.merge(rows.assign(step=rows["step"] - 1), on=["ratee", "step"], suffixes=("", "_after"))
    if both.empty:
        return None
    both = both.sort_values(["step", "supervisor", "supervisor_after", "ratee"], kind="stable")
    by = both.groupby(["step", "supervisor", "supervisor_after"], sort=True)
    both = both[by["ratee"].transform("size") > 1]
    by = both.groupby(["step", "supervisor", "supervisor_after"], sort=True)
    x, y = ((both[c] - by[c].transform("mean")).to_numpy(float) for c in ("level", "level_after"))
    changed = (both["supervisor"] != both["supervisor_after"]).to_numpy(bool)
    cluster, names = pd.factorize(both["supervisor"], sort=True)
    sums = np.stack(
        [[np.bincount(cluster[k], v[k], minlength=len(names)) for v in (x * y, x * x, y * y)]
         for k in (~changed, changed)]
    )  # fmt: skip
    total = sums.sum(axis=2)
    changes = int(both[changed].groupby(["step", "supervisor", "supervisor_after"]).ngroups)
    with np.errstate(divide="ignore", invalid="ignore"):
        stayed, moved = total[:, 0] / np.sqrt(total[:, 1] * total[:, 2])
        left = total[:, :, None] - sums
        replicates = left[:, 0] / np.sqrt(left[:, 1].clip(0) * left[:, 2].clip(0))
    used = sums[:, 1:].sum(axis=(0, 1)) > 0
    value = float(stayed - moved)
    _, lower, upper = unit_jackknife(value, (replicates[0] - replicates[1])[used], level=level)
    if not math.isfinite(lower):
        value = math.nan
    return Stability(float(stayed), float(moved), value, lower, upper, changes, len(both))
