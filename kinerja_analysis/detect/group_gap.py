"""Gaps between groups of employees under the same supervisor: what all members of a team share cancels."""

from __future__ import annotations

import math
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
from kinerja_analysis.detect.contrast import Contrast, Reporter, given

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
    least = int(ctx.threshold("group_gap.min_supervisors").value)
    share = ctx.threshold("group_gap.given_min_share").value

    def compare(main: Reporter, rows: pd.DataFrame, fit: Fit) -> None:
        def make(rows: pd.DataFrame) -> list[Contrast]:
            return [c for name in names for c in contrasts(ctx, rows, name, known[name], fit)]

        found = make(rows)
        main.report(ctx, found)
        given(ctx, main, rows, found, make, share, least=least)

    if len(official):
        limit = ctx.threshold("group_gap.odds_ratio")
        compare(Reporter(out, "odds_ratio", "gaps", "ekinerja", "group", limit, "odds_ratio"), official, _odds(ctx))
        for name in names:
            _four_fifths(ctx, out, latest(official), name, known[name])
    if len(scores):
        limit = ctx.threshold("group_gap.gap")
        main = Reporter(out, "gap", "gaps", "multisource", "group", limit, "sd")
        compare(main, scores, points(ctx))
        second_looks(ctx, main, known)


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
