"""The estimand ``supervisor_change``: what happens to the same employees' ratings when their supervisor changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kinerja_analysis.detect._running import running
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.stats import supervisor_change

if TYPE_CHECKING:
    from kinerja_analysis.stats.inside_changes import SupervisorChange

MIN_GROUP = 3
SAME = 0.8  #: share of a unit's people who are still together under another name


def one_each(teams: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each employee and period, ``step`` the period's running number, units within agencies."""
    rows = teams[teams["level"].notna()].sort_values(["period", "ratee", "row"], kind="stable")
    rows = rows.drop_duplicates(["period", "ratee"], keep="last")
    return rows.assign(step=running(rows["period"]), unit=placed(rows))


def steps(teams: pd.DataFrame, *, stayed: bool = True) -> pd.DataFrame:
    """Return one row per employee and pair of neighbouring periods, in one unit where ``stayed``.

    Columns ``ratee unit step before after d row_before row`` (``d`` the change of ``level``). A unit that only got
    another name or code is the same unit.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods; ``level`` is the score.
    """
    rows = one_each(teams).sort_values(["ratee", "step"], kind="stable")
    past = rows[["ratee", "step", "unit", "supervisor", "level", "row"]].shift()
    use = (rows["ratee"] == past["ratee"]) & (rows["step"] == past["step"] + 1)
    if stayed:
        use &= (rows["unit"] == past["unit"]) | _renamed(rows, past["unit"], use)
    rows = rows.assign(before=past["supervisor"], d=rows["level"] - past["level"], row_before=past["row"])
    return rows[use].rename(columns={"supervisor": "after"})


def _renamed(rows: pd.DataFrame, before: pd.Series, known: pd.Series) -> pd.Series:
    """Tell which rows are in a unit that has another name than the period before and (nearly) the same people.

    Nobody is left under the old name, nobody was under the new one before, and ``SAME`` of those rated in both periods
    and in either unit are in both.
    """
    moved = pd.DataFrame({"step": rows["step"], "new": rows["unit"], "old": before})[known]
    both = moved.groupby(["step", "old", "new"]).size().rename("n").reset_index()
    both["least"] = SAME * np.maximum(
        both.groupby(["step", "old"])["n"].transform("sum"), both.groupby(["step", "new"])["n"].transform("sum")
    )
    there = set(zip(rows["step"], rows["unit"], strict=True))
    names = both[["step", "old", "new"]].itertuples(index=False, name=None)
    fresh = np.array([(s, old) not in there and (s - 1, new) not in there for s, old, new in names], dtype=bool)
    same = both[fresh & (both["n"] >= np.maximum(both["least"], MIN_GROUP))]
    key = pd.MultiIndex.from_frame(pd.DataFrame({"step": rows["step"], "old": before.fillna(""), "new": rows["unit"]}))
    return pd.Series(key.isin(pd.MultiIndex.from_frame(same[["step", "old", "new"]])), index=rows.index) & known


def groups(each: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of three or more with the same unit, period, old and new supervisor: ``... mean size``."""
    found = each.groupby(["unit", "step", "before", "after"], sort=True)["d"].agg(["mean", "size"]).reset_index()
    return found[found["size"] >= MIN_GROUP]


def changes(
    teams: pd.DataFrame, *, min_changes: int, level: float, stayed: bool = True
) -> tuple[SupervisorChange, float]:
    """Fit the event study on the history of an export, over teams that stayed or over every employee who changed.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods.
    min_changes : int
        Fewest changes of supervisor for an estimate.
    level : float
        Level of the interval.
    stayed : bool
        Whether only groups of three or more in one unit count: what moves them together is neither chance nor what a
        supervisor sees in one person. Else every employee counts alone, and the spread is an upper bound.

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
    each = steps(teams, stayed=stayed)
    supervisor = pd.factorize(pd.concat([each["before"], each["after"]]))[0]
    before, after = supervisor[: len(each)], supervisor[len(each) :]
    team = pd.factorize(each["unit"])[0] if stayed else after
    fit = supervisor_change(
        each["d"], pd.factorize(each["ratee"])[0], team, before, after, each["step"] - each["step"].min(), level=level,
        min_changes=min_changes, min_size=MIN_GROUP, alone=not stayed,
    )  # fmt: skip
    by = teams.groupby(["period", "supervisor"])["level"]
    squares = (teams["level"] - by.transform("mean")) ** 2
    freedom = int(teams["level"].notna().sum()) - by.ngroups
    sd = float(np.sqrt(squares.sum() / freedom)) if freedom > 0 else np.nan
    return fit, sd


@dataclass(frozen=True, slots=True)
class Changes:
    """The event study of a cell as both detectors read it.

    ``who``: ``change`` (teams that stayed) or ``move`` (every employee who changed: the spread is an upper bound);
    ``sd`` inside teams, in levels. ``reason`` is "" where the spread may be told, else ``few``, ``constant``,
    ``wide`` (above ``widest`` times sd) or ``unsafe`` (see ``checked``).
    """

    who: str
    fit: SupervisorChange
    sd: float
    minimum: int
    widest: float

    @property
    def checked(self) -> str:
        """Whether groups about to get another supervisor moved like all others before: ``few even differs``."""
        fit = self.fit
        if fit.n_check < self.minimum or not fit.check_se > 0:
            return "few"
        return "differs" if fit.check_p < 1 - fit.level else "even"

    @property
    def reason(self) -> str:
        """Why no spread is told."""
        if not self.sd > 0:
            return "constant"
        if self.fit.reason:
            return "constant" if self.fit.reason == "constant" else "few"
        if self.fit.sd_upper > self.widest * self.sd:
            return "wide"
        return "unsafe" if self.checked == "differs" else ""


def changes_of(ctx: Context) -> Changes | None:
    """Fit the event study of a cell, once: over teams that stayed or, with too few, over every employee who changed.

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
