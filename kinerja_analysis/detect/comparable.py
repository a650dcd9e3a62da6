"""What a comparison of regions needs of one cell, as counts: pairs of a team by kind of pair, criteria inside pairs.

Whatever rests on fewer persons or raters than may be published is merged or left out: the frames are public as is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.detect.attributes import members
from kinerja_analysis.detect.between import strata
from kinerja_analysis.detect.context import Context

REST = "rest"


def comparable(ctx: Context) -> dict[str, pd.DataFrame]:
    """Return the frames ``pair_strata`` and ``criteria`` of one cell."""
    return {"pair_strata": pair_strata(ctx), "criteria": criteria(ctx)}


def _limits(ctx: Context) -> tuple[int, int]:
    limits = ctx.config.disclosure
    return int(limits.get("persons", 10)), int(limits.get("raters", 3))


def pair_strata(ctx: Context) -> pd.DataFrame:
    """Return how many pairs of one team the predikat separates, by position types and grades of the two.

    Columns ``stratum n_teams n_persons pairs share variance``: the share separated, its variance by teams
    (Σ(separated − share · pairs)² · T/(T−1) / (all pairs)²). Small strata are one (``rest``), or left out.
    """
    names = ["stratum", "n_teams", "n_persons", "pairs", "share", "variance"]
    rows = members(ctx)[["stratum", "cluster", "ratee", "level"]].rename(columns={"stratum": "team"})
    people = ctx.tables.employees.drop_duplicates("person")
    kind = pd.Series(strata(people).to_numpy(), index=people["person"].to_numpy(), dtype="str")
    rows = rows.assign(kind=kind.reindex(rows["ratee"]).fillna("|").to_numpy())
    pairs = rows.merge(rows, on=["team", "cluster"], suffixes=("", "_b"))
    pairs = pairs[pairs["ratee"] < pairs["ratee_b"]]
    if pairs.empty or (rows["kind"] == "|").all():
        return pd.DataFrame(columns=names)
    pairs = pairs.assign(stratum=_kind_of_pair(pairs["kind"], pairs["kind_b"]))
    pairs["apart"] = pairs["level"] != pairs["level_b"]
    pairs["stratum"] = _merged(pairs, *_limits(ctx))
    found = []
    for name, part in pairs[pairs["stratum"] != ""].groupby("stratum"):
        team = part.groupby("cluster")["apart"].agg(["sum", "size"])
        total, share, t = int(team["size"].sum()), float(team["sum"].sum() / team["size"].sum()), len(team)
        spread = float(((team["sum"] - share * team["size"]) ** 2).sum()) * t / (t - 1) / total**2
        found.append((str(name), t, _persons(part), total, share, spread))
    return pd.DataFrame(found, columns=names)


def _kind_of_pair(a: pd.Series, b: pd.Series) -> pd.Series:
    """The position types of both in order, and whether their grades are of one group."""
    types = [x.str.split("|").str[0] for x in (a, b)]
    grades = [x.str.split("|").str[1] for x in (a, b)]
    low, high = (np.where(keep, types[0], types[1]) for keep in (types[0] <= types[1], types[0] > types[1]))
    same = np.where(grades[0] == grades[1], "same", "other")
    return pd.Series(low, a.index).astype("str") + "|" + pd.Series(high, a.index) + "|" + pd.Series(same, a.index)


def _persons(part: pd.DataFrame) -> int:
    return int(pd.concat([part["ratee"], part["ratee_b"]]).nunique())


def _merged(pairs: pd.DataFrame, persons: int, raters: int) -> pd.Series:
    """Merge strata of too few persons or teams into ``rest``; "" where even that has too few."""
    def small(part: pd.DataFrame) -> bool:
        return _persons(part) < persons or part["cluster"].nunique() < max(raters, 2)

    few = [name for name, part in pairs.groupby("stratum") if small(part)]
    rest = pairs["stratum"].isin(few)
    gone = rest.any() and small(pairs[rest])
    return pairs["stratum"].mask(rest, "" if gone else REST)


def criteria(ctx: Context) -> pd.DataFrame:
    """Return how much lower each criterion is rated than the mean of all, on the same pair of ratee and rater.

    Columns ``criterion n n_raters value se`` (points of 100, positive = rated lower: harder), clustered by ratee; only
    pairs with every criterion, self left out. Empty below two criteria or where too few persons are rated.
    """
    names = ["criterion", "n", "n_raters", "value", "se"]
    rows = ctx.multisource
    rows = rows[(rows["source"] != "self") & rows["rater"].notna()]
    scaled = 100 * (rows["score"] - rows["scale_min"]) / (rows["scale_max"] - rows["scale_min"])
    key = ["ratee", "rater", "period", "source"]
    wide = rows.assign(scaled=scaled).pivot_table("scaled", key, "criterion", "mean").dropna()
    persons, raters = _limits(ctx)
    index = wide.index.to_frame(index=False)
    if wide.shape[1] < 2 or index["ratee"].nunique() < persons or index["rater"].nunique() < raters:
        return pd.DataFrame(columns=names)
    hard = -wide.sub(wide.mean(axis=1), axis=0)
    value, n = hard.mean(), index["ratee"].nunique()
    sums = (hard - value).groupby(level="ratee").sum()
    se = np.sqrt((sums**2).sum() * n / (n - 1)) / len(hard)
    found = {"criterion": [str(c) for c in hard.columns], "n": n, "n_raters": index["rater"].nunique()}
    return pd.DataFrame({**found, "value": value.to_numpy(), "se": se.to_numpy()})
