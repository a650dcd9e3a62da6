"""Leniency: who rates more leniently or strictly, as far as the data can tell. Positive = more lenient.

Estimands are kept apart by measure: ``within_ratee`` (against other raters of the same employees), ``spread``,
``spread_linked``, ``fair_average`` (many-facet Rasch, shown beside and never flagged), ``bounds`` and ``tipping``
(export of one year), ``supervisor_change`` and ``change_rater`` (export of several periods), ``case_leniency`` (example
cases that all raters rated). ``left_out`` says who is compared at all.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._leniency_cases import example_cases
from kinerja_analysis.detect._leniency_export import official
from kinerja_analysis.detect._leniency_left_out import left_out
from kinerja_analysis.detect._leniency_pairs import Within, leniency_of, supervisors_spread
from kinerja_analysis.detect._leniency_rater import Form, say_rater
from kinerja_analysis.detect._role_spreads import freed
from kinerja_analysis.detect.attributes import scales
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, plain
from kinerja_analysis.detect.fits import Rasch, components
from kinerja_analysis.stats import design_power, linkage
from kinerja_analysis.stats.crossed_effects import CrossedEffects

NAME = "leniency"
MANY, FULL = "multisource", "ekinerja"
VERDICT = {"inside_groups_only": "inside_groups", "connected_too_weak": "too_weak"}
MIN_SPREAD = 5
WAY = "mean difference on the same employees, ratee-cluster SE, t"


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on leniency of both data kinds."""
    official(ctx, out)
    several_sources(ctx, out)
    found = example_cases(ctx, out)
    if found is not None:
        smallest_effect(ctx, out, found, "smallest_case", FULL if ctx.multisource.empty else MANY)


# --- several raters per employee -----------------------------------------------------------------------------


def several_sources(ctx: Context, out: Collector) -> None:
    """Supervisors (or, without any, all raters) against the other raters of the same employees."""
    if ctx.multisource.empty:
        out.not_applicable("no_data", "within_ratee", MANY)
        return
    found = leniency_of(ctx)
    if found.raters.empty:
        out.not_applicable("one_rater", "within_ratee", MANY)
        return
    if not found.sd > 0 and len(found.judged):
        out.insufficient("no_variation", "within_ratee", MANY)
        return
    left_out(ctx, out)
    smallest_effect(ctx, out, found, "smallest_effect", MANY)
    verdict(ctx, out, found)
    average(ctx, out, found)
    spread(ctx, out, found)
    raters(ctx, out, found)
    fair_averages(ctx, out, found)


def _design(ctx: Context) -> str:
    return ctx.design.verdicts().get((ctx.region, ctx.year, MANY), "inside_groups_only")


def verdict(ctx: Context, out: Collector, found: Within) -> None:
    """Say between whom raters can be compared, and how many differ."""
    judged = found.judged
    flagged = int((judged["p_adjusted"] <= ctx.config.fdr).sum())
    left_out = len(found.raters) - len(judged)
    minimum = int(ctx.threshold("leniency.min_ratees").value)
    if judged.empty:
        out.insufficient("few_raters", "within_ratee", MANY, minimum=minimum, not_judged=left_out)
        return
    code = VERDICT.get(_design(ctx), "linked")
    out.add(
        code,
        Status.FLAGGED if flagged else Status.CLEAR,
        "within_ratee",
        scope=MANY,
        threshold=found.delta,
        flagged=flagged,
        family=len(judged),
        not_judged=left_out,
        minimum=minimum,
        fdr=ctx.config.fdr,
        expected_false=ctx.config.fdr * flagged,
        sd=found.sd,
        h=plain(_between(found, ctx.config.level)) if code == "too_weak" else None,
    )


def _between(found: Within, level: float) -> float:
    """Half width of the interval of a difference between two raters of different units, in points."""
    pairs = found.edges.drop_duplicates(["ratee", "rater"])
    codes = [pd.factorize(pairs[c].fillna(""), sort=True)[0] for c in ("ratee", "rater", "unit")]
    if not found.pair_sd > 0:
        return np.nan
    record = linkage(codes[0], codes[1], group=codes[2], sd_pair=found.pair_sd)
    return float(ndtri(0.5 + level / 2)) * float(record.contrast_se)


def average(ctx: Context, out: Collector, found: Within) -> None:
    """The usual difference of the region's supervisors from the other raters."""
    judged = found.judged
    if len(judged) < 2 or not (ctx.pairs["source"] == "supervisor").any():
        return
    top = ctx.multisource["source"] == "supervisor"
    both = [scales(ctx.multisource[part & (ctx.multisource["source"] != "self")]) for part in (top, ~top)]
    if both[0] != both[1]:
        out.insufficient("scales_differ", "source_difference", MANY, mine=", ".join(both[0]), others=", ".join(both[1]))
        return
    value, se = float(judged["value"].mean()), float(judged["value"].std() / np.sqrt(len(judged)))
    half = float(stdtrit(len(judged) - 1, 0.5 + ctx.config.level / 2)) * se
    estimate = Estimate(value, value - half, value + half, ctx.config.level, int(judged["n"].sum()), "points",
                        "mean over supervisors of supervisor minus other raters, t")  # fmt: skip
    out.add("average", Status.CLEAR, "source_difference", scope=MANY, estimate=estimate, raters=len(judged))


def spread(ctx: Context, out: Collector, found: Within) -> None:
    """The region's spread of the difference, and of leniency itself where all raters are linked."""
    judged = found.judged
    if len(judged) < MIN_SPREAD:
        out.insufficient("spread_few", "spread", MANY, raters=len(judged))
        return
    fit, carried, n = supervisors_spread(found, ctx.config.level)
    _spread(ctx, out, "spread", fit, carried, found.sd, n, len(judged),
            "REML of differences, leniency of the other raters taken out")  # fmt: skip
    if _design(ctx) in ("linked", "connected_too_weak"):
        all_raters = ctx.crossed()
        assert all_raters.fit is not None
        n, raters = len(all_raters.ratees), len(all_raters.raters)
        _spread(ctx, out, "spread_linked", all_raters.fit, 0.0, found.sd, n, raters,
                "REML, ratee and rater crossed, component and source means fixed")  # fmt: skip


def _spread(
    ctx: Context, out: Collector, measure: str, fit: CrossedEffects, carried: float, sd: float, n: int, raters: int,
    method: str,
) -> None:
    """Add a spread: the SD of the factor ``rater`` without the variance ``carried`` over from the other raters."""
    if fit.reason not in ("", "singular"):
        out.insufficient("spread_none", measure, MANY, raters=raters)
        return
    value, lower, upper = freed(fit, carried)
    estimate = Estimate(value / sd, lower / sd, upper / sd, ctx.config.level, n, "sd", method)
    ratee = fit.sd.get("ratee")
    out.add(measure, Status.CLEAR, measure, scope=MANY, estimate=estimate, raters=raters, points=value,
            points_ratee=ratee, points_residual=fit.sd_residual)  # fmt: skip


def raters(ctx: Context, out: Collector, found: Within) -> None:
    """One finding per examined rater."""
    form = Form("within_ratee", MANY, int(ctx.threshold("leniency.min_ratees").value), WAY, "few_ratees", "lenient",
                "strict", "not_shown", "alike")  # fmt: skip
    names, component = components(found.edges)
    place = dict(zip(names, component, strict=True))
    cited = found.edges[found.edges["examined"]].groupby("rater")["rows"]
    rows = {name: [address for pair in lists for address in pair] for name, lists in cited}
    for r in found.raters.itertuples():
        say_rater(ctx, out, found, form, r, rows[r.rater], sd=found.sd, typical=r.typical, component=place[r.rater])


def fair_averages(ctx: Context, out: Collector, found: Within) -> None:
    """The same raters in the many-facet Rasch model: shown beside, one finding each, no second family of flags."""
    judged, model = found.judged.set_index("rater"), ctx.rasch()
    if model.fit is None or model.fit.reason not in ("", "parts") or not model.fit.converged:
        out.insufficient("fair_none", "fair_average", MANY)
        return
    place = {name: i for i, name in enumerate(model.raters)}
    known = [name for name in judged.index if np.isfinite(model.fit.fair_average_se["rater"][place[name]])]
    z = float(ndtri(0.5 + ctx.config.level / 2))
    cited = found.edges[found.edges["examined"]].groupby("rater")["rows"]
    same = flagged = 0
    for name in known:
        fair, se, around = fair_average(model, place[name])
        estimate = Estimate(fair, fair - z * se, fair + z * se, ctx.config.level, int(judged.at[name, "n"]), "points",
                            "Rasch fair average, ratee-cluster SE")  # fmt: skip
        told = judged.at[name, "p_adjusted"] <= ctx.config.fdr
        flagged += told
        same += told and np.sign(fair - around) == np.sign(judged.at[name, "value"])
        logit, i = model.fit, place[name]
        out.add("fair_rater", Status.CLEAR, "fair_average", kind="rater", subject=name, scope=MANY, estimate=estimate,
                rows=[a for pair in cited.get_group(name) for a in pair], around=around, apart=fair - around,
                logit=-float(logit.measure["rater"][i]), logit_se=float(logit.se["rater"][i]),
                infit=plain(float(logit.infit["rater"][i])))  # fmt: skip
    if known:
        estimate = Estimate(same, level=ctx.config.level, n=flagged or len(known), unit="count", method="full_count")
        out.add("fair_flagged" if flagged else "fair", Status.CLEAR, "fair_average", scope=MANY, estimate=estimate,
                raters=len(known), flagged=flagged)  # fmt: skip
    else:
        out.insufficient("fair_none", "fair_average", MANY)


def fair_average(model: Rasch, i: int) -> tuple[float, float, float]:
    """Return the fair average of rater ``i`` on 0-100, its SE, and the mean of the raters of the same linked part."""
    assert model.fit is not None
    every = model.low + model.points * model.fit.fair_average["rater"]
    part = model.fit.part["rater"]
    around = float(np.nanmean(every[part == part[i]]))
    return float(every[i]), float(model.points * model.fit.fair_average_se["rater"][i]), around


def smallest_effect(ctx: Context, out: Collector, found: Within, code: str, scope: str) -> None:
    """The smallest leniency of one rater that this design finds 80 times of 100, family included."""
    judged = found.judged
    if judged.empty or not found.pair_sd > 0:
        return
    pairs = found.edges.drop_duplicates(["ratee", "rater"])
    ratee, (rater, names) = pd.factorize(pairs["ratee"], sort=True)[0], pd.factorize(pairs["rater"], sort=True)
    value, root, every = 0.0, math.sqrt(len(names)), bool(found.edges["examined"].all())
    tail = 1 - ctx.config.fdr / (2 * len(judged))
    wide = float(stdtrit(judged["df"].median(), tail) / ndtri(tail))  # the test has degrees of freedom
    for _ in range(1 + every):  # where all are examined, the rater to be found is one of those who differ
        spread = math.hypot(found.other_sd, value / root)
        power = design_power(ratee, rater, sd_pair=wide * found.pair_sd, sd_rater=wide * spread, delta=found.delta,
                             family=len(judged), q=ctx.config.fdr)  # fmt: skip
        size = power.detectable_adjusted[pd.Index(names).get_indexer(judged["rater"])]
        middle = int(np.argsort(size, kind="stable")[len(size) // 2])
        value = float(size[middle])
    estimate = Estimate(value, level=ctx.config.level, n=int(judged["n"].sum()), unit="points", method=power.method)
    out.add(
        code, Status.CLEAR, "smallest_effect", scope=scope, estimate=estimate, sd=value / found.sd,
        ratees=int(judged["n"].iloc[middle]), best=float(size.min()), family=len(judged), power=power.power,
    )  # fmt: skip
