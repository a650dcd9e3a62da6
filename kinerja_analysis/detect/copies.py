"""Peer ratings that repeat the supervisor's scores of the same employee beyond chance: no evidence of their own.

The index, agreement and what compares raters on the same employees (leniency, halo, rater profile, gaps by source) do
not count them.

Chance is what peers tell of each other: how often another peer of an employee gives the same scores, where the
supervisor gave others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.results import Estimate
from kinerja_analysis.detect.attributes import latest
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.identical import vectors
from kinerja_analysis.stats import adjust

Floats = NDArray[np.float64]
WEIGHT = 5.0  #: pairs of peers that the region's rate counts for beside a vector's own


def copied(ctx: Context) -> pd.MultiIndex:
    """Return the peer ratings (ratee, rater) of peers who repeat the supervisor's scores beyond chance."""
    return ctx.memo("copied", lambda: _copied(ctx))  # type: ignore[no-any-return]


def counted(ctx: Context) -> dict[str, Any]:
    """Return what a finding says of the copies, where there are any: how many ratings, by how many of the peers."""
    if not len(found := copied(ctx)):
        return {}
    peers = latest(ctx.multisource[ctx.multisource["source"] == "peer"]).drop_duplicates(["ratee", "rater"])
    return {"estimate": Estimate(len(found), level=ctx.config.level, n=len(peers), unit="count", method="full_count"),
            "raters": found.get_level_values(1).nunique(), "family": int(peers["rater"].nunique())}  # fmt: skip


def _copied(ctx: Context) -> pd.MultiIndex:
    ratings = latest(ctx.multisource[ctx.multisource["source"].isin(["supervisor", "peer"])])
    known = ratings[ratings["rater"].notna() & (ratings["rater"] != ratings["ratee"])]
    pairs, table = vectors(known, int(ctx.threshold("index.min_criteria").value))
    nobody = pd.MultiIndex.from_arrays([[], []], names=["ratee", "rater"])
    if table.empty:
        return nobody
    vector = table.round(6).groupby(list(table.columns), sort=True).ngroup().to_numpy()
    pairs = pairs.assign(vector=vector)
    boss = pairs[pairs["source"] == "supervisor"].drop_duplicates("ratee", keep=False)
    peer = pairs[pairs["source"] == "peer"].merge(boss[["ratee", "vector"]], on="ratee", suffixes=("", "_boss"))
    if peer.empty:
        return nobody
    ratee, rater = (pd.factorize(peer[c], sort=True)[0] for c in ("ratee", "rater"))
    own, above = (peer[c].to_numpy(np.intp) for c in ("vector", "vector_boss"))
    p = repeats(ratee, rater, own, above)
    flagged = adjust(p, "bh") <= ctx.config.fdr
    return pd.MultiIndex.from_frame(peer.loc[flagged[rater], ["ratee", "rater"]])


def repeats(
    ratee: NDArray[np.intp], rater: NDArray[np.intp], vector: NDArray[np.intp], above: NDArray[np.intp]
) -> Floats:
    """Return per rater the chance of as many ratings equal to the supervisor's, or more.

    Parameters
    ----------
    ratee, rater : ndarray of int, shape (m,)
        Codes, one row per peer rating; raters 0..k-1.
    vector, above : ndarray of int, shape (m,)
        Codes of the peer's scores and of the supervisor's scores of the same employee.

    Examples
    --------
    Two peers repeat the supervisor for all six employees, the other two agree with nobody:

    >>> ratee, rater = np.arange(24) // 4, np.arange(24) % 4
    >>> p = repeats(ratee, rater, np.where(rater < 2, ratee, 10 + np.arange(24)), ratee)
    >>> (p < 1e-6).tolist()
    [True, True, False, False]
    """
    size = int(max(vector.max(initial=0), above.max(initial=0))) + 1
    free = vector != above
    number = np.bincount(ratee)
    alike = pd.Series(1.0, range(len(vector))).groupby([ratee, vector]).transform("sum").to_numpy()
    trials = np.bincount(vector[free], (number[ratee] - 1.0)[free], minlength=size)
    hits = np.bincount(vector[free], (alike - 1.0)[free], minlength=size)
    if not trials.any():
        return np.ones(int(rater.max(initial=-1)) + 1)
    usual = (hits.sum() + 0.5) / (trials.sum() + 1.0)
    chance = ((hits + WEIGHT * usual) / (trials + WEIGHT))[above]
    return at_least(rater, chance, ~free)


def at_least(who: NDArray[np.intp], chance: Floats, hit: NDArray[np.bool_]) -> Floats:
    """Return for each of ``who`` (codes from 0) the chance of as many hits or more, each with its own chance.

    >>> at_least(np.array([0, 0, 1, 1]), np.array([0.5, 0.1, 0.5, 0.1]), np.array([True, True, True, False])).round(3)
    array([0.05, 0.55])
    """
    order = np.argsort(who, kind="stable")
    place = np.arange(who.size) - np.searchsorted(who[order], who[order])
    each = np.zeros((int(who.max()) + 1, int(place.max()) + 1))
    each[who[order], place] = chance[order]
    law = np.zeros((len(each), each.shape[1] + 1))  # law of the number of hits, one of ``who`` a row
    law[:, 0] = 1.0
    for q in each.T[:, :, None]:
        law[:, 1:], law[:, :1] = law[:, 1:] * (1 - q) + law[:, :-1] * q, law[:, :1] * (1 - q)
    found = np.bincount(who, hit, minlength=len(each))
    return np.asarray(np.where(np.arange(law.shape[1]) >= found[:, None], law, 0.0).sum(axis=1).clip(0, 1))
