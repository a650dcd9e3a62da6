"""The pattern of a rater: indices read together, each beside honest raters simulated in the same design."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._rater_profile_model import indices
from kinerja_analysis.detect._rater_profile_table import PATTERNS, SHOWN, Judged, judge
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.profiles import Raters, centred, compared_of, gather, profile

NAME = "rater_profile"
FULL, MANY = "ekinerja", "multisource"
LEAST = ("min_criteria", "min_raters_per_ratee", "min_ratees", "min_raters")
LIMITS = ("alpha", "slope_low", "slope_high", "profile_max", "profile_reliability", "severity", "excess")
#: Share of planted patterns named rightly, by employees per rater: mean of all rows of ``make calibrate-profile``.
POWER = 0.80
FOUND = {8: 0.37, 15: 0.81, 30: 0.95, 40: 0.97}


def detect(ctx: Context, out: Collector) -> None:
    """Name the pattern of every rater with enough employees who have enough other raters."""
    out.not_applicable("no_ekinerja" if ctx.ekinerja.empty else "two_ratings", "pattern", FULL)
    if ctx.multisource.empty:
        out.not_applicable("no_multisource", "pattern", MANY)
        return
    least = {t: int(ctx.threshold(f"{NAME}.{t}").value) for t in LEAST}
    criteria = ctx.multisource["criterion"].nunique()
    if criteria < least["min_criteria"]:
        out.not_applicable("few_criteria", "pattern", MANY, criteria=criteria, **least)
        return
    both = compared_of(ctx, least["min_criteria"], least["min_raters_per_ratee"])
    raters, few, alike = gather(*both, min_ratees=least["min_ratees"])
    if len(raters.names) + alike < least["min_raters"]:
        _refuse(ctx, out, len(raters.names) + alike, few, least)
        return
    limits = {t: ctx.threshold(f"{NAME}.{t}").value for t in LIMITS} | {"level": ctx.config.level}
    enough = len(raters.names) >= least["min_raters"]
    judged = judge(raters, limits, ctx.config.fdr, ctx.generator) if enough else None
    if judged is None:
        out.insufficient("no_spread", "pattern", MANY, n_raters=len(raters.names) + alike)
        return
    _smallest(ctx, out, judged)
    for i in range(len(raters.names)):
        _rater(ctx, out, raters, judged, limits, i)
    unsteady = int((judged.found.steady < limits["profile_reliability"]).sum())
    _region(ctx, out, judged, least | {"n_unsteady": unsteady}, few + alike)


def _refuse(ctx: Context, out: Collector, n: int, few: int, least: dict[str, int]) -> None:
    """Say that there are too few raters; with two raters per employee give the slopes only, and name nobody."""
    two = gather(*compared_of(ctx, least["min_criteria"], 2), min_ratees=least["min_ratees"])[0]
    if n == 0 and len(two.names) >= least["min_raters"]:
        slopes = [float(indices(x[None], y[None], 1.0, 1.0).slope[0]) for x, y in zip(two.x, two.y, strict=True)]
        out.insufficient("two_raters", "pattern", MANY, n_raters=len(slopes), typical=float(np.median(slopes)), **least)
        return
    out.insufficient("few_raters", "pattern", MANY, n_raters=n, n_few=few, **least)


def _rater(ctx: Context, out: Collector, raters: Raters, judged: Judged, limits: dict[str, float], i: int) -> None:
    """One finding: the pattern's deciding index as estimate, all indices with what honest raters show as params."""
    name = judged.name[i]
    params: dict[str, Any] = {"typical": judged.typical}
    for k in SHOWN:
        if k != "profile" or judged.found.steady[i] >= limits["profile_reliability"]:
            params |= {k: judged.value[k][i], f"{k}_low": judged.low[k][i], f"{k}_high": judged.high[k][i]}
    estimate, limit = _deciding(ctx, raters, judged, limits, i)
    out.add(
        name, Status.FLAGGED if name in PATTERNS else Status.CLEAR, "pattern", kind="rater", subject=raters.names[i],
        scope=MANY, estimate=estimate, threshold=limit, p_value=judged.p[i], p_adjusted=judged.p_adjusted[i],
        rows=raters.rows[i], **params,
    )  # fmt: skip


def _deciding(
    ctx: Context, raters: Raters, judged: Judged, limits: dict[str, float], i: int
) -> tuple[Estimate, float]:
    """Return the estimate that decides for the pattern, and its threshold."""
    name, f, level = judged.name[i], judged.found, ctx.config.level
    n = int(f.n[i])
    if name in ("lenient", "strict"):
        limit = judged.far if name == "lenient" else -judged.far
        return _interval(f.severity[i], f.sd[i] / math.sqrt(n), n - 1, n, level, "points", "paired_difference"), limit
    if name == "halo":
        p = profile(raters.names[i], centred(raters.x[i]), centred(raters.y[i]))
        return _interval(p.slope, p.se, n - 1, n, level, "ratio", "profile_jackknife"), limits["profile_max"]
    if name == "copied":
        share = float(judged.value["identical"][i])
        return Estimate(share, level=level, n=n, unit="share", method="own_design_null"), judged.high["identical"][i]
    limit = limits["slope_low"] * judged.typical
    return _interval(f.slope[i], f.se[i], n - 2, n, level, "ratio", "leave_out_slope"), limit


def _interval(value: float, se: float, df: int, n: int, level: float, unit: str, method: str) -> Estimate:
    half = float(stdtrit(df, 0.5 + level / 2)) * float(se)
    return Estimate(float(value), float(value) - half, float(value) + half, level, n, unit, method)


def _smallest(ctx: Context, out: Collector, judged: Judged) -> None:
    """Say before the results from how many employees per rater a pattern is recognised 80 times of 100."""
    needed = min(n for n, share in FOUND.items() if share >= POWER)
    size = judged.found.n
    estimate = Estimate(needed, level=ctx.config.level, n=int(size.sum()), unit="employees", method="own_design_null")
    out.add("smallest_effect", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate, power=POWER,
            enough=int((size >= needed).sum()), family=len(size), size=int(np.median(size)))  # fmt: skip


def _region(ctx: Context, out: Collector, judged: Judged, least: dict[str, int], few: int) -> None:
    """Print how many were examined and named, how many names to expect to be false, and how many would be found."""
    named: dict[str, Any] = {f"n_{k}": judged.name.count(k) for k in (*PATTERNS, "unclear")}
    flagged, family = sum(named.values()) - named["n_unclear"], len(judged.name)
    size = int(np.median(judged.found.n))
    found = FOUND[max((n for n in FOUND if n <= size), default=min(FOUND))]
    estimate = Estimate(flagged, level=ctx.config.level, n=int(judged.found.n.sum()), unit="count",
                        method="own_design_null")  # fmt: skip
    out.add(
        "some" if flagged else "nobody", Status.FLAGGED if flagged else Status.CLEAR, "pattern", scope=MANY,
        estimate=estimate, flagged=flagged, family=family, expected=ctx.config.fdr * flagged, size=size, found=found,
        n_few=few, **(named | least),
    )  # fmt: skip
