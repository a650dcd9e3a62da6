"""The design adviser: what more ratings would buy, of three kinds, before any result is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.detect.between import RELIABILITY, SD_RATER
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import threshold
from kinerja_analysis.detect.design import ANCHORED, edges

NUMBERS = (50, 200, 1000)
COLUMNS = (
    "kind", "way", "raters", "n_added", "per_rater", "contrast_se", "reliability", "spread", "n_needed", "sd_pair",
    "measured", "told",
)  # fmt: skip
LINKED = ("linked", "linked_by_anchors")
SD_PAIR = 0.7  #: of a pair mean where it cannot be measured, in SD between employees, as ``stats.linkage`` takes it
CASES = 20  #: more example cases than this nobody reads with care


def advice(ctx: Context) -> pd.DataFrame:
    """Return the price list of one cell: per kind of data that is not linked, way and number of further ratings.

    Ways: ``cross`` (employees rated by raters of other groups, the most useful pairs first), ``superior`` (the raters'
    own superior rates some employees of each of his raters, at most as many as the middle team has; only where
    superiors are known), ``vignette`` (all raters rate the same made-up cases, at most twenty; not where
    nearly all have rated cases already; no fewer than a judgement needs).

    Returns
    -------
    DataFrame
        ``raters`` compared, ``n_added`` ratings in all, ``per_rater`` of them, ``contrast_se`` of a difference between
        two raters and ``spread`` (the smallest SD of leniency found 80 times of 100) in SD between employees,
        ``reliability`` of such a difference, ``n_needed`` for a reliability of .5 (NaN: out of reach), ``sd_pair``
        used, whether it was ``measured`` here, and what is ``told``: names, spread, nothing.
    """
    frame = ctx.design.frame
    rows = frame[(frame["source"] == "all") & ~frame["verdict"].isin(LINKED)]
    parts = [_kind(ctx, str(kind)) for kind in rows["kind"]]
    return pd.concat([p for p in parts if len(p)] or [pd.DataFrame(columns=list(COLUMNS))], ignore_index=True)


def sd_of_pairs(ctx: Context) -> tuple[float, bool]:
    """Return the SD of a pair mean in SD between employees: measured on the multi-source ratings, else .7 assumed."""
    fit = None if ctx.multisource.empty else ctx.crossed().fit
    if fit is None or not fit.sd["ratee"] > 0:
        return SD_PAIR, False
    return float(np.clip(fit.sd_residual / fit.sd["ratee"], 0.3, 3.0)), True


def _kind(ctx: Context, kind: str) -> pd.DataFrame:
    ratings = ctx.ekinerja if kind == "ekinerja" else ctx.multisource
    pairs = edges(ratings).drop_duplicates(["ratee", "rater"])
    sd_pair, measured = sd_of_pairs(ctx)
    leaders = pairs.loc[pairs["source"] == "supervisor", "rater"]
    raters = int(leaders.nunique())
    if pairs["rater"].nunique() < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    parts = [_cross(pairs, sd_pair)]
    if raters > 1:
        heads = (f.loc[f["supervisor"].notna(), "person"] for f in (ctx.heads, ctx.tables.employees))
        known = pd.concat([*heads, pairs.loc[pairs["source"] == "supervisor", "ratee"]])  # fmt: skip
        under = int(pd.Index(leaders.unique()).isin(known).sum())
        size = int(pairs[pairs["source"] == "supervisor"].groupby("rater").size().median())
        parts += [_balanced("superior", under, sd_pair, size)] if under > 1 else []
        least = int(threshold("leniency.min_cases", ctx.config.overrides()).value)
        there = ctx.tables.cases.drop_duplicates(["case", "rater"])["rater"].value_counts()
        have = pd.Index(leaders.unique()).isin(there.index[there >= least]).mean()
        parts += [] if have >= ANCHORED else [_balanced("vignette", raters, sd_pair, CASES, least)]
    table = pd.concat(parts, ignore_index=True)
    some = table["spread"].notna() | ((table["way"] == "cross") & np.isfinite(table["contrast_se"]))
    told = np.where(table["reliability"] >= RELIABILITY, "names", np.where(some, "spread", "nothing"))
    return table.assign(kind=kind, sd_pair=sd_pair, measured=measured, told=told)[list(COLUMNS)]


def _cross(pairs: pd.DataFrame, sd_pair: float) -> pd.DataFrame:
    from kinerja_analysis.stats import suggest_links

    ratee, rater = (pd.factorize(pairs[c], sort=True)[0] for c in ("ratee", "rater"))
    unit = pairs["unit"].fillna("")
    group = pd.factorize(unit, sort=True)[0] if unit.nunique() > 1 else None
    plan = suggest_links(ratee, rater, NUMBERS, group=group, sd_pair=sd_pair, target_se=SD_RATER)
    se = plan.contrast_se
    reliability = np.maximum(1 - se**2 / (2 * SD_RATER**2), 0.0)
    return pd.DataFrame({"way": "cross", "raters": pairs["rater"].nunique(), "n_added": plan.n_added, "per_rater": 0,
                         "contrast_se": se, "reliability": reliability, "spread": np.nan,
                         "n_needed": np.nan if plan.n_needed is None else float(plan.n_needed)})  # fmt: skip


def _balanced(way: str, raters: int, sd_pair: float, most: int, least: int = 0) -> pd.DataFrame:
    """Price ratings dealt evenly to raters, at most ``most`` for each and at least ``least``."""
    from kinerja_analysis.stats import rating_prices

    numbers = np.unique(np.clip(NUMBERS, raters * least, raters * max(most, least)))
    found = rating_prices(raters, numbers, way=way, sd_pair=sd_pair, sd_rater=SD_RATER)  # type: ignore[arg-type]
    needed = float(found.n_needed) if found.n_needed <= raters * most else np.nan
    return pd.DataFrame({"way": way, "raters": raters, "n_added": found.n_added, "per_rater": found.per_rater,
                         "contrast_se": found.contrast_se, "reliability": found.reliability,
                         "spread": found.spread_found, "n_needed": needed})  # fmt: skip
