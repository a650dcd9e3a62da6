"""The own-group term inside employees: the same employee under a supervisor of the own and of another group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.detect.attributes import by_size, dummies, of, past_members, values
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contrast import Contrast, Reporter, fitted

MEASURE = "own_group_change"


def both_known(rows: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """Keep rows in which the attribute of ratee and rater is known; add ``group``, ``rater_group``, ``own``."""
    names = ["period", "ratee", "rater", "source", "level", "stratum", "cluster", "capaian", "weight"]
    frame = rows[[c for c in names if c in rows]]
    frame = frame.assign(group=of(rows["ratee"], value), rater_group=of(rows["rater"], value))
    frame = frame.dropna(subset=["group", "rater_group"]).reset_index(drop=True)
    return frame.assign(own=frame["group"] == frame["rater_group"])


def changes(ctx: Context, main: Reporter, names: tuple[str, ...]) -> None:
    """Add ``own_group_change``, a family of its own over the attributes."""
    rows = past_members(ctx)
    if rows["period"].nunique() < 2:
        main.out.not_applicable("change_none", MEASURE, main.scope)
        return
    rows = rows.rename(columns={"supervisor": "rater"}).drop_duplicates(["ratee", "period"], keep="last")
    people = ctx.history.employees.sort_values("year", ascending=False, kind="stable")
    found = [c for name in names if (c := _change(ctx, rows, name, values(people, name))) is not None]
    least = int(ctx.threshold("affinity.min_changed").value)
    most = max((c.params["n_informative"] for c in found), default=0)
    supervisors = int(ctx.threshold("affinity.min_supervisors").value)
    report = replace(main, measure=MEASURE, verdict=MEASURE)
    report.second(ctx, found, "change", least=least, n_informative=most, least_supervisors=supervisors)


def _change(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series) -> Contrast | None:
    """Log odds of a higher predikat under a supervisor of the own group, inside employees.

    Strata are employees whose predikat changed; free are the period and the group of the supervisor, so that a group
    of lenient supervisors is no bonus. Employees with the same first supervisor are one cluster.
    """
    from kinerja_analysis.stats import conditional_ordinal

    if not 2 <= value.nunique() <= ctx.threshold("affinity.max_values").value:
        return None
    frame = both_known(rows, value).sort_values(["ratee", "period"], kind="stable")
    by = frame.groupby("ratee")
    frame = frame[by["level"].transform("max") > by["level"].transform("min")].reset_index(drop=True)
    by = frame.groupby("ratee")
    varies = by["own"].transform("any") & ~by["own"].transform("all")
    cluster = pd.factorize(by["rater"].transform("first"), sort=True)[0]
    people, teams = int(frame.loc[varies, "ratee"].nunique()), int(np.unique(cluster[varies]).size)
    params: dict[str, Any] = {"attribute": name, "n_informative": people}
    head = Contrast(name, people, teams, params, reason="few_changed")
    enough = people >= ctx.threshold("affinity.min_changed").value
    if not enough or teams < ctx.threshold("affinity.min_supervisors").value:
        return head
    leaders = [str(g) for g in by_size(frame["rater_group"], frame["rater"]).index[1:]]
    times = sorted(frame["period"].unique())[1:]
    x = np.column_stack(
        [frame["own"].to_numpy(dtype=float), dummies(frame["rater_group"], leaders), dummies(frame["period"], times)]
    )
    fit = conditional_ordinal(
        frame["level"].to_numpy(), x, pd.factorize(frame["ratee"])[0], cluster=cluster, level=ctx.config.level
    )
    return fitted(head, fit)
