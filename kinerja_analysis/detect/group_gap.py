"""Gaps between groups of employees under the same supervisor: what all members of a team share cancels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect._group_gap_contrasts import Fit, contrasts, points
from kinerja_analysis.detect._group_gap_sources import second_looks
from kinerja_analysis.detect.attributes import declared, latest, members, scored, values
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.contrast import SAME, Contrast, Reporter, compared
from kinerja_analysis.detect.evidence import achievements, share_of_others, standardised

NAME = "group_gap"
TOP = PREDIKAT[-1]


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
        found = [c for name in names for c in contrasts(ctx, official, name, known[name], _odds(ctx))]
        limit = ctx.threshold("group_gap.odds_ratio")
        main = Reporter(out, "odds_ratio", "gaps", "ekinerja", "group", limit, "odds_ratio")
        main.report(ctx, found)
        _given(ctx, main, official, known, found, _odds(ctx))
        for name in names:
            _four_fifths(ctx, out, latest(official), name, known[name])
    if len(scores):
        found = [c for name in names for c in contrasts(ctx, scores, name, known[name], points(ctx))]
        limit = ctx.threshold("group_gap.gap")
        main = Reporter(out, "gap", "gaps", "multisource", "group", limit, "sd")
        main.report(ctx, found)
        _given(ctx, main, scores, known, found, points(ctx))
        second_looks(ctx, main, known)


def _given(
    ctx: Context, main: Reporter, rows: pd.DataFrame, known: dict[str, pd.Series], plain: list[Contrast], fit: Fit
) -> None:
    """The same contrasts at equal achievement, each with the figure of the same people that disregards it."""
    capaian, measure = achievements(ctx), f"{main.measure}_given"
    report = replace(main, measure=measure, verdict=measure)
    if capaian.empty:
        main.out.not_applicable("given_none", measure, main.scope)
        return
    some = standardised(rows, capaian)
    share = len(some) / len(rows)
    made: list[Contrast] = []
    if share >= ctx.threshold("group_gap.given_min_share").value:
        bare = some.drop(columns="capaian")
        before = plain if share >= SAME else [c for n in known for c in contrasts(ctx, bare, n, known[n], fit)]
        after = [c for n in known for c in contrasts(ctx, some, n, known[n], fit)]
        made = compared(after, before, report.shown)
    least = int(ctx.threshold("group_gap.min_supervisors").value)
    suffix = "_sd" if main.unit == "sd" else ""
    report.second(ctx, made, f"given{suffix}", covered=share, others=share_of_others(ctx), least=least)


def _odds(ctx: Context) -> Fit:
    """Conditional ordinal logit, strata supervisor x period, errors clustered by supervisor."""
    from kinerja_analysis.stats import conditional_ordinal

    def fit(rows: pd.DataFrame, x: np.ndarray) -> Any:
        return conditional_ordinal(
            rows["level"].to_numpy(), x, rows["stratum"].to_numpy(), cluster=rows["cluster"].to_numpy(),
            level=ctx.config.level,
        )  # fmt: skip

    return fit


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
