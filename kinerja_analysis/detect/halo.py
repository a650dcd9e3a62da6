"""Halo: does a rater tell criteria apart as the other raters of the same employees do? 1 = as they do, 0 = not."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.profiles import Profile, profiles
from kinerja_analysis.stats import adjust

NAME = "halo"
FULL, MANY = "ekinerja", "multisource"
SMALLEST_SE = 1e-3


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on halo of both data kinds."""
    _official(ctx, out)
    if ctx.multisource.empty:
        out.not_applicable("no_multisource", "profile_slope", MANY)
        return
    least = {t: int(ctx.threshold(f"halo.{t}").value) for t in ("min_criteria", "min_raters_per_ratee", "min_ratees")}
    criteria = ctx.multisource["criterion"].nunique()
    if criteria < least["min_criteria"]:
        out.not_applicable("few_criteria", "profile_slope", MANY, criteria=criteria, **least)
        return
    found, few = profiles(ctx.multisource, **least)
    steady = ctx.threshold("halo.profile_reliability").value
    if not found:
        out.insufficient("few_raters", "profile_slope", MANY, n_few=few, **least)
        return
    judged = [p for p in found if p.reliability >= steady]
    if not judged:
        out.insufficient("no_spread", "profile_slope", MANY, n_raters=len(found))
        return
    _raters(ctx, out, judged, {"n_few": few, "n_unsteady": len(found) - len(judged)})


def _official(ctx: Context, out: Collector) -> None:
    """The export has two ratings only: say how often they are equal, and that this tells nothing."""
    wide = ctx.ekinerja.pivot_table(index="row", columns="criterion", values="score", aggfunc="first").dropna()
    if wide.shape[1] < 2 or wide.empty:
        out.not_applicable("no_ekinerja", "equal_ratings", FULL)
        return
    equal = wide["hasil_kerja"] == wide["perilaku_kerja"]
    out.not_applicable("two_ratings", "equal_ratings", FULL, share=float(equal.mean()), n_rated=len(wide))


def _raters(ctx: Context, out: Collector, judged: list[Profile], left_out: dict[str, int]) -> None:
    """One finding per rater (one family) and the region's count."""
    limit = ctx.threshold("halo.profile_slope_max")
    slope, se, n = (np.array([getattr(p, name) for p in judged], np.float64) for name in ("slope", "se", "n"))
    se = np.maximum(se, SMALLEST_SE)
    p_values = stdtr(n - 1, (slope - limit.value) / se)
    adjusted = adjust(p_values, "bh")
    half = stdtrit(n - 1, 0.5 + ctx.config.level / 2) * se
    low = (adjusted <= ctx.config.fdr) & (slope + half < limit.value)
    flat = np.array([p.spread < limit.value * p.others for p in judged])
    typical = float(np.median(slope))
    for i, p in enumerate(judged):
        code = "not_shown" if not low[i] else "flat" if flat[i] else "own_profile"
        estimate = Estimate(p.slope, p.slope - half[i], p.slope + half[i], ctx.config.level, p.n, "ratio",
                            "profile_jackknife")  # fmt: skip
        out.add(
            code, Status.FLAGGED if code == "flat" else Status.CLEAR, "profile_slope", kind="rater", subject=p.rater,
            scope=MANY, estimate=estimate, threshold=limit, p_value=p_values[i], p_adjusted=adjusted[i], rows=p.rows,
            spread=p.spread, others=p.others, typical=typical,
        )  # fmt: skip
    flagged = int((low & flat).sum())
    least = {t: int(ctx.threshold(f"halo.{t}").value) for t in ("min_ratees", "min_raters_per_ratee")}
    counts: dict[str, Any] = {"flagged": flagged, "family": len(judged), "typical": typical}
    estimate = Estimate(flagged, level=ctx.config.level, n=int(n.sum()), unit="count", method="minimal_effect_bh")
    out.add(
        "some" if flagged else "nobody", Status.FLAGGED if flagged else Status.CLEAR, "profile_slope", scope=MANY,
        estimate=estimate, limit=limit.value, **(counts | least | left_out),
    )  # fmt: skip
