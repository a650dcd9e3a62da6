"""Declared attributes of employees, and the rated rows on which detectors compare inside a supervisor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import COLUMNS
from kinerja_analysis.detect._grouped import grouped
from kinerja_analysis.detect.context import Context

DECLARED = ("sex", "employment", "age_band", "position_type")


def declared(employees: pd.DataFrame) -> tuple[str, ...]:
    """Return the attributes to examine: the declared ones and every extra text column, if they hold anything.

    >>> declared(pd.DataFrame({"person": ["a"], "sex": ["male"], "asal": ["x"], "unit": ["u"], "score": [1.5]}))
    ('sex', 'asal')
    """
    ours = {c.name for c in COLUMNS} | {"row"}
    extra = sorted(str(c) for c in employees.columns if c not in ours)
    words = [c for c in extra if not pd.api.types.is_numeric_dtype(employees[c])]
    return tuple(a for a in (*DECLARED, *words) if a in employees.columns and employees[a].notna().any())


def values(employees: pd.DataFrame, attribute: str) -> pd.Series:
    """Return the value of an attribute per person (index: person); missing and blank ones are left out."""
    known = employees[["person", attribute]].dropna().drop_duplicates("person")
    text = known[attribute].astype("str").str.strip()
    return pd.Series(text.to_numpy(), index=known["person"].to_numpy(), dtype="str")[(text != "").to_numpy()]


def of(person: pd.Series, value: pd.Series) -> pd.Series:
    """Return each person's value (as from ``values``), missing where it is unknown.

    >>> of(pd.Series(["a", "b", "a"]), pd.Series(["x"], index=["a"], dtype="str")).tolist()
    ['x', nan, 'x']
    """
    code, names = pd.factorize(person)
    return pd.Series(value.reindex(names).array.take(code, allow_fill=True), index=person.index)


def members(ctx: Context) -> pd.DataFrame:
    """Return the rated members of every team, once each: ``ctx.teams`` with a recorded predikat, acting posts out.

    A person rated twice by the same supervisor in a period counts once (the last row). Columns as in
    ``ctx.teams`` and the codes ``stratum`` (supervisor x period) and ``cluster`` (supervisor).
    """
    return ctx.memo("members", lambda: _members(ctx))  # type: ignore[no-any-return]


def past_members(ctx: Context) -> pd.DataFrame:
    """Return ``members`` of all years up to the cell's."""
    return ctx.memo("past_members", lambda: _members(ctx.past))  # type: ignore[no-any-return]


def both_rated(ctx: Context) -> pd.DataFrame:
    """Return ``members`` with both ratings; where no predikat at all is recorded, the same by their ratings alone."""
    both = ["hasil", "perilaku"]
    none = not ctx.teams["level"].notna().any()
    rows = ctx.memo("both_rated", lambda: _members(ctx, both)) if none else members(ctx)
    return rows.dropna(subset=both)  # type: ignore[no-any-return]


def _members(ctx: Context, known: Sequence[str] = ("level",)) -> pd.DataFrame:
    posts = ctx.tables.appraisals
    acting = posts.loc[posts["acting"], "row"]
    rows = ctx.teams[ctx.teams[list(known)].notna().all(axis=1) & ~ctx.teams["row"].isin(acting)]
    rows = rows[rows["ratee"] != rows["supervisor"]]
    keys = ["period", "supervisor", "ratee"]
    rows = rows.sort_values([*keys, "row"]).drop_duplicates(keys, keep="last").reset_index(drop=True)
    return rows.assign(
        stratum=grouped(rows, ["period", "supervisor"])[0],
        cluster=pd.factorize(rows["supervisor"], sort=True)[0],
    )


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last period (the only one of an annual export)."""
    return rows[rows["period"] == rows["period"].max()] if len(rows) else rows


def dummies(group: pd.Series, names: list[str]) -> np.ndarray:
    """Return one 0/1 column per name, shape (n, len(names)).

    >>> dummies(pd.Series(["a", "b"]), ["b"]).tolist()
    [[0.0], [1.0]]
    """
    text = group.to_numpy(dtype=object)
    return np.column_stack([text == name for name in names]).astype(float) if names else np.empty((len(text), 0))


def informative(rows: pd.DataFrame, flag: np.ndarray) -> pd.DataFrame:
    """Return the first row of every stratum in which both the outcome (``level``) and ``flag`` vary.

    ``rows`` is sorted by ``stratum``; only such strata tell anything of the flag inside a supervisor.

    >>> frame = pd.DataFrame({"stratum": [0, 0, 1, 1], "level": [3.0, 4, 3, 3]})
    >>> informative(frame, np.array([True, False, True, False]))["stratum"].tolist()
    [0]
    """
    if rows.empty:
        return rows
    stratum, level = rows["stratum"].to_numpy(), rows["level"].to_numpy()
    start = np.flatnonzero(np.r_[True, np.diff(stratum) != 0])
    size = np.diff(np.r_[start, len(rows)])
    some = np.add.reduceat(flag.astype(np.int64), start)
    apart = np.maximum.reduceat(level, start) > np.minimum.reduceat(level, start)
    return rows.iloc[start[apart & (some > 0) & (some < size)]]


def by_size(group: pd.Series, person: pd.Series) -> pd.Series:
    """Return persons per group, the biggest first (ties by name).

    >>> by_size(pd.Series(["b", "a", "a", "b", "b"]), pd.Series(["1", "2", "3", "4", "4"])).to_dict()
    {'a': 2, 'b': 2}
    """
    sizes = person.groupby(group).nunique().sort_index()
    return sizes.sort_values(ascending=False, kind="stable")


def scales(ratings: pd.DataFrame) -> list[str]:
    """Return the scales of some rating rows, widest first.

    >>> scales(pd.DataFrame({"scale_min": [1.0, 0.0, 1.0], "scale_max": [5.0, 100.0, 5.0]}))
    ['0–100', '1–5']
    """
    ends = ratings[["scale_min", "scale_max"]].drop_duplicates().sort_values(["scale_max", "scale_min"])
    return [f"{low:g}–{high:g}" for low, high in ends.itertuples(index=False, name=None)][::-1]


def scored(ctx: Context, sources: tuple[str, ...]) -> pd.DataFrame:
    """Return the multi-source ratings of some sources, one row per ratee, rater and period, in SD units.

    ``level`` is the pair's mean over criteria divided by the standard deviation inside raters (pooled over the
    region); ``stratum`` is rater x period, ``cluster`` the rater. Self ratings and unknown raters are left out.
    Empty when no rater gives different scores.
    """
    pairs = ctx.pairs
    keep = pairs["source"].isin(sources) & pairs["rater"].notna() & (pairs["ratee"] != pairs["rater"])
    rows = pairs[keep]
    rows = rows.iloc[np.argsort(grouped(rows, ["period", "rater", "ratee", "source"])[0])].reset_index(drop=True)
    stratum, first = grouped(rows, ["period", "rater"])
    inside = rows["score"] - rows["score"].groupby(stratum).transform("mean")
    freedom = len(rows) - first.size
    spread = float(np.sqrt((inside**2).sum() / freedom)) if freedom > 0 else 0.0
    if not spread > 1e-9:
        return rows.iloc[:0].assign(level=0.0, stratum=0, cluster=0)
    return rows.assign(
        level=rows["score"] / spread, stratum=stratum, cluster=pd.factorize(rows["rater"], sort=True)[0]
    )
