"""Means of multi-source (360) ratings by source, and their combination where a framework declares weights.

Each score is carried to 0-100 by its own scale; criteria are averaged inside a pair of ratee and rater with
the framework's criterion weights, then raters are averaged, each counting once. Official e-Kinerja ratings
are left out: three ordered levels have no mean. A source that is missing, for a person or for one criterion,
gives its weight to the sources that are there; it never counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import SOURCES
from kinerja_analysis.score.framework import Framework

KEYS = ["period", "region", "person"]
MEANS = [f"mean_{s}" for s in SOURCES]
COUNTS = [f"n_{s}" for s in SOURCES]


def rescale(ratings: pd.DataFrame) -> pd.Series:
    """Carry scores to 0-100 by the scale in their own row.

    Raises
    ------
    ValueError
        If a scale is empty or turned round, or a score lies outside its scale.

    Examples
    --------
    >>> rows = pd.DataFrame({"score": [3.0, 10.0], "scale_min": [1.0, 0.0], "scale_max": [5.0, 10.0]})
    >>> rescale(rows).tolist()
    [50.0, 100.0]
    """
    low, high, score = ratings["scale_min"], ratings["scale_max"], ratings["score"]
    if not (low < high).all():
        raise ValueError("scale_min must be below scale_max in every row")
    if ((score < low) | (score > high)).any():
        raise ValueError("a score lies outside its scale")
    return 100 * (score - low) / (high - low)


def prepare(ratings: pd.DataFrame, frameworks: Mapping[str, Framework]) -> pd.DataFrame:
    """Return multi-source ratings ready for averaging.

    Parameters
    ----------
    ratings : DataFrame
        Rows of the rating table without the official ones.
    frameworks : mapping of region code to Framework
        Regions without one weigh all their criteria alike.

    Returns
    -------
    DataFrame
        ``period region person source by criterion value weight``: ``by`` identifies the rater (without one,
        the k-th rating of a criterion is taken as the k-th rater's), ``criterion`` is the framework's key,
        ``weight`` 0 marks a criterion outside the framework.
    """
    rows = ratings[ratings["score"].notna()].rename(columns={"ratee": "person"})
    rows = rows.assign(value=rescale(rows), by=rows["rater"], weight=1.0)
    nameless = rows[rows["rater"].isna()]
    if len(nameless):
        number = nameless.groupby([*KEYS, "source", "criterion"]).cumcount().astype("str")
        rows.loc[nameless.index, "by"] = "\0" + number
    for region, framework in frameworks.items():
        here = rows["region"] == region
        code, names = pd.factorize(rows.loc[here, "criterion"])
        known = framework.criterion_keys(names)
        weights = framework.criterion_weights()
        rows.loc[here, "weight"] = np.array([weights.get(known.get(n, ""), 0.0) for n in names], np.float64)[code]
        rows.loc[here, "criterion"] = pd.Series([known.get(n, n) for n in names], dtype="str").to_numpy()[code]
    return rows[[*KEYS, "source", "by", "criterion", "value", "weight"]]


def source_means(prepared: pd.DataFrame) -> pd.DataFrame:
    """Return ``mean_<source>`` (0-100) and ``n_<source>`` (raters) per person, and ``left_out`` (ratings
    outside).

    Returns
    -------
    DataFrame
        ``period region person``, five means (missing without raters), five counts (0 without), ``left_out``.
    """
    counted = prepared[prepared["weight"] > 0]
    weighted = counted.assign(_wx=counted["weight"] * counted["value"])
    pair = weighted.groupby([*KEYS, "source", "by"], sort=False)[["_wx", "weight"]].sum()
    pair = (pair["_wx"] / pair["weight"]).rename("value").reset_index()
    wide = pair.groupby([*KEYS, "source"])["value"].agg(["mean", "size"]).unstack("source")
    outside = (prepared["weight"] == 0).groupby([prepared[k] for k in KEYS]).sum().rename("left_out")
    out = outside.to_frame()
    for source, mean, n in zip(SOURCES, MEANS, COUNTS, strict=True):
        there = ("mean", source) in wide.columns
        out[mean] = wide[("mean", source)].reindex(out.index) if there else np.nan
        out[n] = wide[("size", source)].reindex(out.index).fillna(0).astype("int64") if there else 0
    return out.reset_index()[[*KEYS, *MEANS, *COUNTS, "left_out"]]


def combined(
    prepared: pd.DataFrame, frameworks: Mapping[str, Framework], override: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Combine sources by the framework's weights, criterion by criterion.

    Parameters
    ----------
    prepared : DataFrame
        Result of :func:`prepare`.
    frameworks : mapping of region code to Framework
        Regions without one, or without source weights, get no combined score.
    override : mapping of source to weight, optional
        Source weights from the configuration.

    Returns
    -------
    DataFrame
        ``period region person combined combined_weight``: the score (0-100), and the share of the declared
        weights that had ratings behind them (1 = all). Weights of missing sources and criteria go to those
        present.

    Notes
    -----
    combined = sum_c w_c (sum_s v_s m_cs / sum_s v_s) / sum_c w_c over the criteria c and the sources s that are
    present; w_c and v_s the framework's weights, m_cs the mean over raters.
    """
    weights = [f.source_weights(override).assign(region=region) for region, f in frameworks.items()]
    columns = ["region", "criterion", "source", "source_weight", "criterion_weight"]
    declared = pd.concat(weights, ignore_index=True)[columns] if weights else pd.DataFrame(columns=columns)
    cell = prepared.groupby([*KEYS, "criterion", "source"], sort=False)["value"].mean().reset_index()
    cell = cell.merge(declared.astype({"region": "str", "criterion": "str", "source": "str"}))
    if cell.empty:
        return cell[KEYS].assign(combined=np.nan, combined_weight=np.nan)
    full = declared.groupby(["region", "criterion"])["source_weight"].sum().rename("_full").reset_index()
    cell["_wx"] = cell["source_weight"] * cell["value"]
    by_criterion = cell.groupby([*KEYS, "criterion"], sort=False).agg(
        _wx=("_wx", "sum"), _w=("source_weight", "sum"), _c=("criterion_weight", "first")
    )
    by_criterion = by_criterion.reset_index().merge(full, on=["region", "criterion"])
    by_criterion["_cx"] = by_criterion["_c"] * by_criterion["_wx"] / by_criterion["_w"]
    by_criterion["_present"] = by_criterion["_c"] * by_criterion["_w"] / by_criterion["_full"]
    total = by_criterion.groupby(KEYS)[["_cx", "_c", "_present"]].sum().reset_index()
    whole = declared.drop_duplicates(["region", "criterion"]).groupby("region")["criterion_weight"].sum()
    share = total["_present"] / total["region"].map(whole)
    return total[KEYS].assign(combined=total["_cx"] / total["_c"], combined_weight=share)
