"""Raters who give the same employees exactly the same scores as each other, beyond chance: together one rating.

Chance is what other pairs of raters tell of the same scores, never less than how often the two raters give them
anyway. Pairs alike throughout tell nothing of chance; else a region where all copy would have no copies. The index,
agreement and what compares raters on the same employees count one rating of each block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.results import Estimate
from kinerja_analysis.detect.attributes import latest
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.copies import WEIGHT, at_least, copied
from kinerja_analysis.stats import adjust

Floats = NDArray[np.float64]
LEAST = 3  #: equal ratings of a pair of raters, of two different vectors or more, below which nothing is said
KEY = ["period", "ratee", "rater"]


def copied_peers(ctx: Context) -> pd.MultiIndex:
    """Return the peer ratings (ratee, rater) that repeat another peer's, all but one of each block.

    Ratings that repeat the supervisor's are told apart (``copies``) and not looked at.
    """

    def found() -> pd.MultiIndex:
        peers = latest(ctx.multisource[ctx.multisource["source"] == "peer"])
        told = pd.MultiIndex.from_frame(peers[["ratee", "rater"]]).isin(copied(ctx))
        return repeated(peers[~told], ctx.config.fdr).droplevel("period")

    return ctx.memo("copied_peers", found)  # type: ignore[no-any-return]


def unoriginal(ctx: Context, rows: pd.DataFrame) -> pd.Series:
    """Tell which rows are those of peers who repeat the supervisor's or other peers' scores beyond chance."""
    told = pd.MultiIndex.from_frame(rows[["ratee", "rater"]])
    return (rows["source"] == "peer") & (told.isin(copied(ctx)) | told.isin(copied_peers(ctx)))


def counted(ctx: Context) -> dict[str, Any]:
    """Return what a finding says of peers who repeat each other, where there are any."""
    if not len(found := copied_peers(ctx)):
        return {}
    peers = latest(ctx.multisource[ctx.multisource["source"] == "peer"]).drop_duplicates(["ratee", "rater"])
    mine = pd.MultiIndex.from_frame(peers[["ratee", "rater"]]).isin(found)
    return {"estimate": Estimate(len(found), level=ctx.config.level, n=len(peers), unit="count", method="full_count"),
            "raters": found.get_level_values("rater").nunique(), "family": int(peers["rater"].nunique()),
            "rows": list(peers.loc[mine, "row"])}  # fmt: skip


def repeated(ratings: pd.DataFrame, fdr: float) -> pd.MultiIndex:
    """Return the ratings (period, ratee, rater) that repeat another rater's beyond chance, all but one of a block.

    Parameters
    ----------
    ratings : DataFrame
        Multi-source rows, long format; self ratings are not looked at. A supervisor's rating is never the repeated one.
    fdr : float
        Benjamini-Hochberg over all pairs of raters with three or more employees in common.
    """
    whole = _sealed(ratings)
    rows = _pairs(whole)
    if rows.empty:
        return pd.MultiIndex.from_frame(whole.iloc[:0][KEY])
    number = rows.groupby("pair")["same"].agg(["size", "sum"])
    kinds = rows[rows["same"]].groupby("pair")["vector"].nunique().reindex(number.index, fill_value=0)
    wanted = number.index[(number["sum"] >= LEAST) & (kinds > 1)]
    p = np.ones(int((number["size"] >= LEAST).sum()))
    part = rows[rows["pair"].isin(wanted)]
    if part.empty:
        return pd.MultiIndex.from_frame(whole.iloc[:0][KEY])
    code, pairs = pd.factorize(part["pair"], sort=True)
    chance = np.maximum(_usual(rows, number, part), _habit(whole, part))
    p[: len(pairs)] = at_least(code, chance, part["same"].to_numpy())
    hits = part[part["same"] & (adjust(p, "bh")[code] <= fdr)]
    block = pd.concat([hits[["employee", "vector", c]].set_axis(["employee", "vector", "place"], axis=1) for c in "ab"])
    block = block.drop_duplicates("place").sort_values("place")
    return pd.MultiIndex.from_frame(whole.loc[block.loc[block.duplicated(["employee", "vector"]), "place"], KEY])


def _sealed(ratings: pd.DataFrame) -> pd.DataFrame:
    """One row per rating, supervisors first: ``KEY`` and the codes ``who``, ``employee`` and ``vector``."""
    known = ratings[ratings["rater"].notna() & (ratings["rater"] != ratings["ratee"])]
    seal = pd.util.hash_pandas_object(known[["criterion", "score"]].round(6), index=False)
    whole = seal.groupby([known[c] for c in KEY]).agg(["sum", "size"]).reset_index().rename(columns={"sum": "seal"})
    whole = whole[whole["size"] > 1]  # on one criterion equal scores are common
    above = pd.MultiIndex.from_frame(known.loc[known["source"] == "supervisor", KEY].drop_duplicates())
    whole = whole.assign(above=pd.MultiIndex.from_frame(whole[KEY]).isin(above))
    whole = whole.sort_values(["above", *KEY], ascending=[False, True, True, True], kind="stable")
    whole = whole.assign(
        who=whole.groupby(["period", "rater"]).ngroup(), employee=whole.groupby(["period", "ratee"]).ngroup(),
        vector=pd.factorize(whole["seal"], sort=True)[0],
    )  # fmt: skip
    several = whole.groupby("who")["who"].transform("size") >= LEAST
    return whole.loc[several, [*KEY, "who", "employee", "vector"]].reset_index(drop=True)


def _pairs(whole: pd.DataFrame) -> pd.DataFrame:
    """One row per employee and two raters: places ``a`` < ``b``, ``vector`` and ``vector_b``, ``same``, ``pair``."""
    told = whole[["employee", "who", "vector"]].assign(place=np.arange(len(whole)))
    rows = told.merge(told, on="employee", suffixes=("", "_b"))
    rows = rows[rows["place"] < rows["place_b"]].rename(columns={"place": "a", "place_b": "b"})
    ends = rows[["who", "who_b"]].to_numpy(np.int64)
    pair = ends.min(axis=1) * (int(whole["who"].max()) + 1 if len(whole) else 1) + ends.max(axis=1)
    return rows.assign(same=rows["vector"] == rows["vector_b"], pair=pair)


def _usual(rows: pd.DataFrame, number: pd.DataFrame, part: pd.DataFrame) -> Floats:
    """How often another rater gives the scores that one gave, by pairs of other employees who differ somewhere."""
    alike = number.index[(number["size"] == number["sum"]) & (number["size"] >= LEAST)]
    free = rows[~rows["pair"].isin(alike)]
    names = ["employee", "vector", "same"]
    each = pd.concat([free[names], free[["employee", "vector_b", "same"]].set_axis(names, axis=1)])
    here = each.groupby(["employee", "vector"])["same"].agg(["size", "sum"])
    every, place = here.groupby("vector").sum(), here.groupby("employee").sum()
    mine = place.reindex(part["employee"], fill_value=0).groupby(part["pair"].to_numpy()).sum()
    rest = here.sum() - mine.loc[part["pair"]]
    usual = ((rest["sum"] + 0.5) / (rest["size"] + 1.0)).to_numpy()
    told = part[["pair", "employee"]].merge(here.reset_index(), on="employee")
    own, best = told.groupby(["pair", "vector"])[["size", "sum"]].sum(), np.zeros(len(part))
    for name in ("vector", "vector_b"):
        mine = own.reindex(pd.MultiIndex.from_frame(part[["pair", name]]), fill_value=0)
        left = every.reindex(part[name], fill_value=0).to_numpy(float) - mine.to_numpy(float)
        best = np.maximum(best, (left[:, 1] + WEIGHT * usual) / (left[:, 0] + WEIGHT))
    return best


def _habit(whole: pd.DataFrame, part: pd.DataFrame) -> Floats:
    """How often each of the two gives the other's scores, to the other employees."""
    size = whole.groupby("who").size()
    count = whole.groupby(["who", "vector"]).size()
    best = np.zeros(len(part))
    for who, vector in (("who", "vector_b"), ("who_b", "vector")):
        gave = count.reindex(pd.MultiIndex.from_frame(part[[who, vector]]), fill_value=0).to_numpy(float)
        best = np.maximum(best, (gave - part["same"].to_numpy()) / (size.loc[part[who]].to_numpy(float) - 1.0))
    return best
