"""Rated employees with their supervisor and an achievement, by number: names are compared once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.detect._achievement_order import Sums, team_sums
from kinerja_analysis.detect.context import gathered

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Rated:
    """Employees rated in one kind of data, in the order of supervisor and employee; see ``rated``."""

    scope: str
    rows: pd.DataFrame
    team: Ints
    names: list[str]
    persons: pd.Index

    @property
    def score(self) -> Floats:
        """The rating of each employee."""
        return self.rows["score"].to_numpy(float)

    def evidence(self, known: pd.DataFrame) -> Floats:
        """Return the achievement of each employee, NaN without one.

        Of the same period or, where the periods are of another kind, the mean of the year. ``known`` is a table
        ``period person achievement``.
        """
        same = known["period"].to_numpy(object) == (self.rows["period"].iloc[0] if len(self.rows) else "")
        if same.any():
            known = known[same]
        elif known["person"].duplicated().any():
            known = known.groupby("person", as_index=False)["achievement"].mean()
        values = np.append(known["achievement"].to_numpy(float), np.nan)
        return values[pd.Index(known["person"].to_numpy(object)).get_indexer(self.persons)]  # type: ignore[no-any-return]


def rated(scope: str, rows: pd.DataFrame) -> Rated:
    """Return the rows (``period supervisor ratee score rows`` of one period) in order, with team numbers."""
    rows = rows.sort_values(["supervisor", "ratee"], kind="stable").reset_index(drop=True)
    team, names = pd.factorize(rows["supervisor"], sort=True)
    return Rated(scope, rows, team, [str(n) for n in names], pd.Index(rows["ratee"].to_numpy(object)))


@dataclass(frozen=True)
class Cell:
    """Members with an achievement: their positions, rating, achievement and team (an index of ``every``).

    ``every`` are all their supervisors, ``names`` and ``teams`` those with at least one separated pair; ``single``
    counts teams of several whose members all have one rating.
    """

    base: Rated
    at: Ints
    score: Floats
    evidence: Floats
    team: Ints
    every: list[str]
    names: list[str]
    teams: Sums
    single: int

    @property
    def scope(self) -> str:
        """Kind of data."""
        return self.base.scope

    @property
    def n(self) -> int:
        """Members."""
        return len(self.at)

    @cached_property
    def cited(self) -> dict[str, list[str]]:
        """Addresses of the members of each supervisor (one per export row, a list per multi-source pair)."""
        lists = gathered(self.base.rows["rows"].iloc[self.at], self.team, len(self.every))
        flat = ([a for r in rows for a in (r if isinstance(r, list) else [r])] for rows in lists)
        return dict(zip(self.every, flat, strict=True))


def chosen(base: Rated, evidence: Floats, here: NDArray[np.bool_] | None = None) -> Cell:
    """Return the members (of ``here`` alone) with an achievement."""
    keep = np.isfinite(evidence) if here is None else np.isfinite(evidence) & here
    at = np.flatnonzero(keep)
    code, team = np.unique(base.team[at], return_inverse=True)
    every = [base.names[c] for c in code]
    score = base.score[at]
    teams = team_sums(score, evidence[at], team)
    lowest, highest = np.full(len(every), np.inf), np.full(len(every), -np.inf)
    np.minimum.at(lowest, team, score)
    np.maximum.at(highest, team, score)
    use = teams.pairs > 0
    names = [every[i] for i in np.flatnonzero(use)]
    single = int(((teams.n > 1) & (lowest == highest)).sum())
    return Cell(base, at, score, evidence[at], team, every, names, teams.at(use), single)
