"""Halo: does a rater tell criteria apart as the other raters of the same employees do? 1 = as they do, 0 = not."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._halo_official import official
from kinerja_analysis.detect._rater_profile_model import Indices, indices
from kinerja_analysis.detect.context import Context, side_by_side
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.profiles import Floats, Profile, Raters, compared_of, gather, profiles
from kinerja_analysis.stats import adjust
from kinerja_analysis.stats._jackknife import unit_jackknife

NAME = "halo"
FULL, MANY = "ekinerja", "multisource"
SMALLEST_SE = 1e-3
POWER = 0.80


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
    both = compared_of(ctx, least["min_criteria"], least["min_raters_per_ratee"])
    found, few = profiles(*both, min_ratees=least["min_ratees"])
    steady = ctx.threshold("halo.profile_reliability").value
    if not found:
        out.insufficient("few_raters", "profile_slope", MANY, n_few=few, **least)
        return
    raters = gather(*both, min_ratees=least["min_ratees"])[0]
    every = [indices(x[None], y[None], 1.0, 1e-6) for x, y in zip(raters.x, raters.y, strict=True)]
    same = {name: float(f.largest[0] / f.n[0]) for name, f in zip(raters.names, every, strict=True)}
    judged = [p for p in found if p.reliability >= steady]
    if judged:
        _raters(ctx, out, judged, same, {"n_few": few, "n_unsteady": len(found) - len(judged)})
    else:
        out.insufficient("no_spread", "profile_slope", MANY, n_raters=len(found))
    if len(every) > 1:
        _described(ctx, out, raters, every)


def _official(ctx: Context, out: Collector) -> None:
    """The export has two ratings only: how often they are equal, how far they go together, and what is open."""
    rows = side_by_side(ctx.ekinerja)
    wide = rows.pivot_table(index="row", columns="criterion", values="score", aggfunc="first").dropna()
    if wide.shape[1] < 2 or wide.empty:
        out.not_applicable("no_ekinerja", "equal_ratings", FULL)
        return
    equal = wide["hasil_kerja"] == wide["perilaku_kerja"]
    out.not_applicable("two_ratings", "equal_ratings", FULL, share=float(equal.mean()), n_rated=len(wide))
    official(ctx, out)


def _described(ctx: Context, out: Collector, raters: Raters, every: list[Indices]) -> None:
    """Describe the region: the share of the pair, the likeness of criteria, and their spread.

    Inside raters, with the criterion means taken out, a score varies by employee (c, the covariance with the other
    raters), pair, and rest: share = pair / (c + pair + rest), pair = variance of pair means less c and (rest less what
    the other raters see of it) / k: what employees truly differ in by criterion is in c already.
    """
    parts = np.array([[*(f.moments[[0, 2, 3, 5], 0] * (f.n[0] - 1)), f.n[0] - 1] for f in every])
    k, whole = raters.y[0].shape[1], parts.sum(axis=0)

    def shares(sums: Floats) -> Floats:
        vy, c, rest, shared = sums.T[:4] / sums.T[4]
        total = vy + rest * (1 - 1 / k)
        pair = vy - np.maximum(c, 0) - (rest - np.maximum(shared, 0)) / k
        return np.stack([pair / total, (vy - rest / k) / total])

    left_out = whole - parts
    if left_out[:, [0, 2]].sum(axis=1).min() < SMALLEST_SE:
        return
    value, left = shares(whole), shares(left_out)
    spread: dict[str, Any] = {
        "criteria": float(np.mean([y.std(axis=1, ddof=1).mean() for y in raters.y])),
        "employees": float(np.mean([y.std(axis=0, ddof=1).mean() for y in raters.y])),
    }
    for i, (code, unit, least) in enumerate((("idiosyncratic", "share", 0.0), ("likeness", "correlation", -1.0))):
        _, low, high = unit_jackknife(float(value[i]), left[i], level=ctx.config.level)
        estimate = Estimate(max(float(value[i]), least), max(low, least), np.clip(high, least, 1.0), ctx.config.level,
                            sum(len(y) for y in raters.y), unit, "rater_jackknife")  # fmt: skip
        out.add(code, Status.CLEAR, code, scope=MANY, estimate=estimate, n_raters=len(every), **spread)


def _raters(
    ctx: Context, out: Collector, judged: list[Profile], same: dict[str, float], left_out: dict[str, int]
) -> None:
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
            spread=p.spread, others=p.others, typical=typical, same=same.get(p.rater, 0.0),
        )  # fmt: skip
    flagged = int((low & flat).sum())
    least = {t: int(ctx.threshold(f"halo.{t}").value) for t in ("min_ratees", "min_raters_per_ratee")}
    counts: dict[str, Any] = {"flagged": flagged, "family": len(judged), "typical": typical}
    estimate = Estimate(flagged, level=ctx.config.level, n=int(n.sum()), unit="count", method="minimal_effect_bh")
    out.add(
        "some" if flagged else "nobody", Status.FLAGGED if flagged else Status.CLEAR, "profile_slope", scope=MANY,
        estimate=estimate, limit=limit.value, **(counts | least | left_out),
    )  # fmt: skip
    smallest_effect(ctx, out, se, n, limit.value)


def smallest_effect(ctx: Context, out: Collector, se: Floats, n: Floats, limit: float) -> None:
    """The slope below which the middle rater is flagged 80 times of 100 (first Benjamini-Hochberg threshold, t)."""

    def reach(freedom: Floats) -> Floats:
        family = np.maximum(stdtrit(freedom, 1 - ctx.config.fdr / n.size), stdtrit(freedom, 0.5 + ctx.config.level / 2))
        return np.asarray(family + stdtrit(freedom, POWER))

    size = limit - reach(n - 1) * se
    middle = int(np.argsort(size, kind="stable")[n.size // 2])
    about: dict[str, Any] = {"ratees": int(n[middle]), "family": n.size, "power": POWER}
    if size[middle] > 0:
        estimate = Estimate(float(size[middle]), level=ctx.config.level, n=int(n.sum()), unit="ratio",
                            method="profile_jackknife")  # fmt: skip
        out.add("smallest_effect", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate,
                best=float(size.max()), **about)  # fmt: skip
        return
    more = n[middle] * np.geomspace(1, 1000, 2000)
    enough = reach(more - 1) * se[middle] * np.sqrt(n[middle] / more) < limit
    estimate = Estimate(float(np.ceil(more[enough].min(initial=more[-1]))), level=ctx.config.level, n=int(n.sum()),
                        unit="employees", method="profile_jackknife")  # fmt: skip
    out.add("smallest_none", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate, **about)
