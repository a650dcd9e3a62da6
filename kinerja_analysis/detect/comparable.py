"""What several regions together need of one cell: pairs of a team by kind, criteria inside pairs, changes of boss.

Whatever rests on fewer persons or raters than may be published is merged or left out: the frames are public as is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.detect._leniency_changes import changes_of
from kinerja_analysis.detect.attributes import members
from kinerja_analysis.detect.between import strata
from kinerja_analysis.detect.context import Context

REST = "rest"


def comparable(ctx: Context, results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    """Return the frames ``pair_strata``, ``criteria`` and, unless leniency raised, ``changes`` of one cell."""
    raised = "leniency" in results and (results["leniency"].frame["status"] == Status.ERROR).any()
    told = {} if raised else {"changes": changes(ctx)}
    return {"pair_strata": pair_strata(ctx), "criteria": criteria(ctx), **told}


def _limits(ctx: Context) -> tuple[int, int]:
    limits = ctx.config.disclosure
    return int(limits.get("persons", 10)), int(limits.get("raters", 3))


def pair_strata(ctx: Context) -> pd.DataFrame:
    """Return how many pairs of one team the predikat separates, by position types and grades of the two.

    Columns ``stratum n_teams n_persons pairs share variance covered``: the share separated, its variance by teams
    (Σ(separated − share · pairs)² · T/(T−1) / (all pairs)²). Small strata are one (``rest``), or left out; ``covered``
    is how many of all pairs the strata told hold, in whole percents rounded down, so that it tells no count.
    """
    names = ["stratum", "n_teams", "n_persons", "pairs", "share", "variance", "covered"]
    rows = members(ctx)[["stratum", "cluster", "ratee", "level"]].rename(columns={"stratum": "team"})
    people = ctx.tables.employees.drop_duplicates("person")
    kind = pd.Series(strata(people).to_numpy(), index=people["person"].to_numpy(), dtype="str")
    codes, kinds = pd.factorize(kind.reindex(rows["ratee"]).fillna("|").to_numpy(), sort=True)
    if set(kinds) <= {"|"}:
        return pd.DataFrame(columns=names)
    rows = rows.assign(kind=codes, ratee=pd.factorize(rows["ratee"])[0])
    pairs = _pairs_of(rows, pd.Series(kinds, dtype="str"), *_limits(ctx))
    told, found = pairs[pairs["stratum"] != ""], []
    covered = int(100 * told["pairs"].sum() // max(pairs["pairs"].sum(), 1)) / 100
    for name, part in told.groupby("stratum"):
        team = part.groupby("cluster")[["apart", "pairs"]].sum()
        total, t = int(team["pairs"].sum()), len(team)
        share = float(team["apart"].sum() / total)
        spread = float(((team["apart"] - share * team["pairs"]) ** 2).sum()) * t / (t - 1) / total**2
        found.append((str(name), t, _persons(part, rows), total, share, spread, covered))
    return pd.DataFrame(found, columns=names)


def _pairs_of(rows: pd.DataFrame, kinds: pd.Series, persons: int, raters: int) -> pd.DataFrame:
    """Return ``cluster team kind kind_b pairs apart stratum``: the pairs of each two kinds of member in a team.

    They are counted, not listed: a team of n has n(n−1)/2 of them. Strata of too few persons or teams are one
    (``rest``), "" where even that has too few.
    """
    team = ["cluster", "team"]
    both = _crossed(rows, [*team, "kind"], team)
    tied = _crossed(rows, [*team, "level", "kind"], [*team, "level"])
    equal = tied.groupby([*team, "kind", "kind_b"])["pairs"].sum().rename("tied").reset_index()
    pairs = both.merge(equal, on=[*team, "kind", "kind_b"], how="left").fillna({"tied": 0})
    two = pairs[["kind", "kind_b"]].drop_duplicates(ignore_index=True)
    named = [kinds.take(two[side]).reset_index(drop=True) for side in ("kind", "kind_b")]
    pairs = pairs.merge(two.assign(stratum=_kind_of_pair(*named)), on=["kind", "kind_b"])
    pairs = pairs.assign(apart=pairs["pairs"] - pairs["tied"])

    def small(part: pd.DataFrame) -> bool:
        return _persons(part, rows) < persons or part["cluster"].nunique() < max(raters, 2)

    few = [name for name, part in pairs.groupby("stratum") if small(part)]
    rest = pairs["stratum"].isin(few)
    gone = rest.any() and small(pairs[rest])
    return pairs.assign(stratum=pairs["stratum"].mask(rest, "" if gone else REST))


def _crossed(rows: pd.DataFrame, cells: list[str], inside: list[str]) -> pd.DataFrame:
    """Return how many ``pairs`` of each two kinds (``kind`` <= ``kind_b``) there are inside a team, or a part of it."""
    n = rows.groupby(cells).size().rename("n").reset_index()
    pairs = n.merge(n, on=inside, suffixes=("", "_b"))
    pairs = pairs[pairs["kind"] <= pairs["kind_b"]]
    same = pairs["kind"] == pairs["kind_b"]
    pairs = pairs.assign(pairs=np.where(same, pairs["n"] * (pairs["n"] - 1) // 2, pairs["n"] * pairs["n_b"]))
    return pairs[pairs["pairs"] > 0]


def _kind_of_pair(a: pd.Series, b: pd.Series) -> pd.Series:
    """The position types of both in order, and whether their grades are of one group."""
    types = [x.str.split("|").str[0] for x in (a, b)]
    grades = [x.str.split("|").str[1] for x in (a, b)]
    low, high = (np.where(keep, types[0], types[1]) for keep in (types[0] <= types[1], types[0] > types[1]))
    same = np.where(grades[0] == grades[1], "same", "other")
    return pd.Series(low, a.index).astype("str") + "|" + pd.Series(high, a.index) + "|" + pd.Series(same, a.index)


def _persons(pairs: pd.DataFrame, rows: pd.DataFrame) -> int:
    """Return how many persons are in at least one of the pairs."""
    kinds = [pairs[["team", "kind"]], pairs[["team", "kind_b"]].set_axis(["team", "kind"], axis=1)]
    return int(rows.merge(pd.concat(kinds).drop_duplicates(), on=["team", "kind"])["ratee"].nunique())


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


def changes(ctx: Context) -> pd.DataFrame:
    """Return how much more employees of one team move together when their supervisor changes, in squared levels.

    Columns ``n_changed df value se``: changes, degrees of freedom, twice the variance of leniency (below 0 where chance
    made it so: cut at 0 it could not be averaged over regions) and its standard error. Empty where the study has few
    changes or few supervisors took over (``disclosure.raters``).
    """
    names = ["n_changed", "df", "value", "se"]
    found = changes_of(ctx)
    if found is None or found.who != "change" or found.fit.reason or found.fit.n_supervisors < _limits(ctx)[1]:
        return pd.DataFrame(columns=names)
    fit = found.fit
    return pd.DataFrame([(fit.n_changed, fit.df, fit.value, fit.se)], columns=names)
