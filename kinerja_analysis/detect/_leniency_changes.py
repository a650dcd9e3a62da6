"""The estimand ``supervisor_change``: what happens to the same employees' ratings when their supervisor changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kinerja_analysis.detect.context import Context
from kinerja_analysis.stats import supervisor_change

if TYPE_CHECKING:
    from kinerja_analysis.stats.inside_changes import SupervisorChange

MIN_GROUP = 3


def running(period: pd.Series) -> pd.Series:
    """Return a running number of periods in which neighbours differ by one.

    >>> running(pd.Series(["2024-Q4", "2025-Q1"])).diff().tolist()[1:]
    [1.0]
    """
    year = period.str[:4].astype("int64")
    rest = period.str[5:]
    number = pd.to_numeric(rest.str.lstrip("Q"), errors="coerce").fillna(0).astype("int64")
    per_year = np.where(rest == "", 1, np.where(rest.str.startswith("Q"), 4, 12))
    return pd.Series(year * per_year + number, index=period.index)


def one_each(teams: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each employee and period, with ``step``, the running number of the period."""
    rows = teams[teams["level"].notna()].sort_values(["period", "ratee", "row"], kind="stable")
    rows = rows.drop_duplicates(["period", "ratee"], keep="last")
    return rows.assign(step=running(rows["period"]))


def stable_groups(teams: pd.DataFrame, *, stayed: bool = True) -> pd.DataFrame:
    """Return one row per group of employees and period: ``path step supervisor mean n``.

    A group holds the employees with the same units and the same supervisors in every period: the mean moves with
    the supervisor, never with who is in the group. With ``stayed`` only groups of three or more who stayed in one
    unit; without, also single employees who moved.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods; ``level`` is the score.
    """
    rows = one_each(teams)
    rows = rows.assign(place=rows["unit"] + "\x1f" + rows["supervisor"])
    path = rows.pivot(index="ratee", columns="step", values="place").fillna("")
    code = path.groupby(list(path.columns), sort=True).ngroup()
    rows = rows.assign(path=rows["ratee"].map(code))
    by = rows.groupby(["path", "step", "supervisor"], sort=True)
    out = by.agg(mean=("level", "mean"), n=("level", "size")).reset_index()
    if stayed:
        one_unit = rows.groupby("path")["unit"].nunique() == 1
        out = out[(out["n"] >= MIN_GROUP) & out["path"].map(one_unit)]
    return out.reset_index(drop=True)


def changes(
    teams: pd.DataFrame, *, min_changes: int, level: float, stayed: bool = True
) -> tuple[SupervisorChange, float]:
    """Fit the event study on the history of an export, over teams that stayed or over all who changed.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods.
    min_changes : int
        Fewest changes of supervisor for an estimate.
    level : float
        Level of the interval.

    Returns
    -------
    fit : SupervisorChange
        In predikat levels.
    sd : float
        Pooled SD of the predikat inside teams, in levels; NaN without teams of two.

    Notes
    -----
    It gives the region's spread and names nobody (``_leniency_change_raters`` does, where it can).
    """
    groups = stable_groups(teams, stayed=stayed)
    fit = supervisor_change(
        groups["mean"], pd.factorize(groups["path"])[0], pd.factorize(groups["supervisor"])[0],
        groups["step"] - groups["step"].min(), groups["n"], level=level, min_changes=min_changes,
    )  # fmt: skip
    by = teams.groupby(["period", "supervisor"])["level"]
    squares = (teams["level"] - by.transform("mean")) ** 2
    freedom = int(teams["level"].notna().sum()) - by.ngroups
    sd = float(np.sqrt(squares.sum() / freedom)) if freedom > 0 else np.nan
    return fit, sd


@dataclass(frozen=True, slots=True)
class Changes:
    """The event study of a cell as both detectors read it.

    ``who``: ``change`` (teams that stayed) or ``move`` (all who changed); ``sd`` inside teams, in levels. ``reason``
    is "" where the spread may be told, else ``few``, ``constant``, ``sizes`` or ``wide`` (above ``widest`` times sd).
    """

    who: str
    fit: SupervisorChange
    sd: float
    minimum: int
    widest: float

    @property
    def reason(self) -> str:
        """Why no spread is told."""
        if not self.sd > 0:
            return "constant"
        if self.fit.reason:
            return {"constant": "constant", "sizes_apart": "sizes"}.get(self.fit.reason, "few")
        return "wide" if self.fit.sd_upper > self.widest * self.sd else ""


def changes_of(ctx: Context) -> Changes | None:
    """Fit the event study of a cell, once: over teams that stayed or, with too few, over all who changed.

    None with one period only.
    """
    minimum, widest = int(ctx.threshold("leniency.min_changes").value), ctx.threshold("leniency.widest").value

    def fit() -> Changes | None:
        teams = ctx.past.teams
        if teams["period"].nunique() < 2:
            return None
        stayed = changes(teams, min_changes=minimum, level=ctx.config.level)
        if stayed[0].reason != "too_few_changes":
            return Changes("change", *stayed, minimum, widest)
        moved = changes(teams, min_changes=minimum, level=ctx.config.level, stayed=False)
        return Changes("move", *moved, minimum, widest)

    return ctx.memo("changes", fit)  # type: ignore[no-any-return]
