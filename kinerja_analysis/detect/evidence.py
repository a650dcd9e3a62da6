"""Achievement (capaian) of the rated employees of one cell, as evidence beside ratings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.detect.context import Context
from kinerja_analysis.score import frameworks_of
from kinerja_analysis.score.achievement import achievement

KNOWN = ["period", "person", "achievement"]


def achievements(ctx: Context, *, measured_by: str | None = None, aspect: str | None = None) -> pd.DataFrame:
    """Return ``period person achievement`` (percent) of the cell, persons without one left out.

    ``measured_by`` ("other", "rater") and ``aspect`` count only such rows of the achievement table.
    """
    if measured_by is None and aspect is None:
        frame = ctx.scores.frame
        if frame.empty:
            return pd.DataFrame(columns=KNOWN)
        mine = frame[(frame["region"] == ctx.region) & (frame["year"] == ctx.year)]
    else:
        table = ctx.tables.achievements
        table = table if aspect is None else table[table["aspect"] == aspect]
        used = ctx.memo("frameworks", lambda: frameworks_of(ctx.tables, ctx.config))
        mine = achievement(table, used, measured_by=measured_by)
    return mine.loc[mine["achievement"].notna(), KNOWN].reset_index(drop=True)


def with_achievement(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Join the achievement of the same period or, where the periods are of another kind, the mean of the year."""
    known = known.rename(columns={"person": "ratee"})
    if rows["period"].isin(known["period"].unique()).any():
        return rows.merge(known, on=["period", "ratee"])
    return rows.merge(known.groupby("ratee", as_index=False)["achievement"].mean(), on="ratee")


def share_of_others(ctx: Context) -> float:
    """Return the share of achievement rows known to be measured by others than the rater."""
    by = ctx.tables.achievements["measured_by"]
    return float((by == "other").mean()) if len(by) else 0.0


def standardised(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with an achievement, as ``capaian`` in standard deviations inside strata (pooled).

    Empty where no stratum has members of different achievement.

    >>> frame = pd.DataFrame({"period": "2025", "ratee": ["a", "b", "c"], "stratum": [0, 0, 1]})
    >>> known = pd.DataFrame({"period": "2025", "person": ["a", "b"], "achievement": [80.0, 90.0]})
    >>> standardised(frame, known)["capaian"].round(3).tolist()
    [-0.707, 0.707]
    """
    found = with_achievement(rows, known)
    inside = found["achievement"] - found.groupby("stratum")["achievement"].transform("mean")
    freedom = len(found) - found["stratum"].nunique()
    sd = float(np.sqrt((inside**2).sum() / freedom)) if freedom > 0 else 0.0
    return found.assign(capaian=inside / sd) if sd > 1e-9 else found.iloc[:0].assign(capaian=0.0)
