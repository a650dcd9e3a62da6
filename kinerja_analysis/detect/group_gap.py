"""Gaps between groups of employees under the same supervisor: what all members of a team share cancels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect.attributes import (
    by_size,
    declared,
    dummies,
    informative,
    latest,
    members,
    scored,
    values,
)
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.contrast import Contrast, Reporter, fitted

NAME = "group_gap"
TOP = PREDIKAT[-1]
Fit = Callable[[pd.DataFrame, np.ndarray], Any]


def detect(ctx: Context, out: Collector) -> None:
    """Compare groups inside supervisors: odds of a higher predikat, and score points of the multi-source data."""
    names = declared(ctx.tables.employees)
    official, scores = members(ctx), scored(ctx, ("supervisor",))
    for scope, rows in (("ekinerja", official), ("multisource", scores)):
        if rows.empty or not names:
            code = "no_attributes" if len(rows) else f"no_rows_{scope}"
            out.not_applicable(code, "gaps", scope)
    if not names:
        return
    known = {name: values(ctx.tables.employees, name) for name in names}
    if len(official):
        found = [c for name in names for c in _contrasts(ctx, official, name, known[name], _odds(ctx))]
        limit = ctx.threshold("group_gap.odds_ratio")
        Reporter(out, "odds_ratio", "gaps", "ekinerja", "group", limit, "odds_ratio").report(ctx, found)
        for name in names:
            _four_fifths(ctx, out, latest(official), name, known[name])
    if len(scores):
        found = [c for name in names for c in _contrasts(ctx, scores, name, known[name], _points(ctx))]
        limit = ctx.threshold("group_gap.gap")
        Reporter(out, "gap", "gaps", "multisource", "group", limit, "sd").report(ctx, found)


def _odds(ctx: Context) -> Fit:
    """Conditional ordinal logit, strata supervisor x period, errors clustered by supervisor."""
    from kinerja_analysis.stats import conditional_ordinal

    def fit(rows: pd.DataFrame, x: np.ndarray) -> Any:
        return conditional_ordinal(
            rows["level"].to_numpy(), x, rows["stratum"].to_numpy(), cluster=rows["cluster"].to_numpy(),
            level=ctx.config.level,
        )  # fmt: skip

    return fit


def _points(ctx: Context) -> Fit:
    """Least squares inside supervisor x period, errors clustered by supervisor."""
    from kinerja_analysis.detect.fixed_effects import fixed_effects

    def fit(rows: pd.DataFrame, x: np.ndarray) -> Any:
        strata, cluster = (pd.factorize(rows[c], sort=True)[0] for c in ("stratum", "cluster"))
        return fixed_effects(rows["level"].to_numpy(), x, [strata], cluster, level=ctx.config.level)

    return fit


def _contrasts(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series, fit: Fit) -> list[Contrast]:
    """Contrast every group of one attribute with the biggest one, in one fit."""
    frame = rows[["ratee", "level", "stratum", "cluster"]].assign(group=rows["ratee"].map(value))
    frame = frame.dropna(subset=["group"]).reset_index(drop=True)
    sizes = by_size(frame["group"], frame["ratee"])
    refused, kept = _screen(ctx, frame, sizes, name)
    if not kept:
        return refused
    use = frame[frame["group"].isin([sizes.index[0], *kept])].reset_index(drop=True)
    made = fit(use, dummies(use["group"], kept))
    heads = [Contrast(*_head(name, group, sizes, _supervisors(use, group))) for group in kept]
    return refused + [fitted(head, made, k) for k, head in enumerate(heads)]


def _screen(ctx: Context, frame: pd.DataFrame, sizes: pd.Series, name: str) -> tuple[list[Contrast], list[str]]:
    """Split the groups beside the biggest one into refused and kept, by the supervisors who can tell of them."""
    if len(sizes) < 2 or len(sizes) > ctx.threshold("group_gap.max_values").value:
        reason = "one_value" if len(sizes) < 2 else "many_values"
        params = {"attribute": name, "k": len(sizes)}
        return [Contrast(name, int(frame["ratee"].nunique()), 0, params, reason=reason)], []
    least = ctx.threshold("group_gap.min_supervisors").value
    kept = [str(g) for g in sizes.index[1:]]
    refused: list[Contrast] = []
    while kept:
        use = frame[frame["group"].isin([sizes.index[0], *kept])]
        teams = {g: _supervisors(use, g) for g in kept}
        few = [g for g in kept if teams[g] < least]
        for g in few:
            subject, n, n_teams, params = _head(name, g, sizes, teams[g])
            refused.append(Contrast(subject, n, n_teams, {**params, "least": int(least)}, reason="few_teams"))
        kept = [g for g in kept if g not in few]
        if not few:
            break
    return refused, kept


def _supervisors(rows: pd.DataFrame, group: str) -> int:
    """Return how many supervisors have, in some period, members in and out of the group and different ratings."""
    return int(informative(rows, (rows["group"] == group).to_numpy())["cluster"].nunique())


def _head(name: str, group: str, sizes: pd.Series, teams: int) -> tuple[str, int, int, dict[str, Any]]:
    """Return subject, employees, supervisors and the names of the two groups."""
    reference = str(sizes.index[0])
    names = {"attribute": name, "group": group, "reference": reference}
    return f"{name}={group}", int(sizes[group] + sizes[reference]), teams, names


def _four_fifths(ctx: Context, out: Collector, rows: pd.DataFrame, name: str, value: pd.Series) -> None:
    """Ratio of the shares of the top predikat, for big groups only; describes, never flags."""
    from scipy.special import ndtri

    group = rows["ratee"].map(value)
    table = (rows["predikat"] == TOP).groupby(group).agg(["sum", "size"])
    table = table[table["size"] >= ctx.threshold("group_gap.four_fifths_n").value].sort_values("size", ascending=False)
    if len(table) < 2 or not table["sum"].iloc[0]:
        return
    reference, (k0, n0) = str(table.index[0]), table.iloc[0]
    for other, (k, n) in table.iloc[1:].iterrows():
        if not k:
            continue
        ratio = (k / n) / (k0 / n0)
        half = float(ndtri(0.5 + ctx.config.level / 2)) * math.sqrt(1 / k - 1 / n + 1 / k0 - 1 / n0)
        limits = ratio * math.exp(-half), ratio * math.exp(half)
        estimate = Estimate(ratio, *limits, ctx.config.level, int(n + n0), "ratio", "ratio_of_shares_log")
        out.add(
            "four_fifths", Status.CLEAR, "top_share_ratio", kind="group", subject=f"{name}={other}", scope="ekinerja",
            estimate=estimate, threshold=ctx.threshold("group_gap.four_fifths"), attribute=name, group=str(other),
            reference=reference, predikat=TOP, share=k / n, share_reference=k0 / n0,
        )  # fmt: skip
