"""Drift: does the yardstick of raters move from year to year? Positive = more lenient than before.

Only shifts *between* raters are identified (``relative_shift``); the change that all share (``common_change``) is
described, never flagged. ``shift_bounds`` bounds what shifts of supervisors explain in an export, ``retest`` looks
again at last year's flags. A year is compared with the one before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._drift_shifts import Shifts, exact_share, retest, shifts
from kinerja_analysis.detect._leniency_pairs import Within, leniency_of, within_ratee
from kinerja_analysis.detect._team_share import team_share
from kinerja_analysis.detect.context import Context, pair_means, placed
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.score.rules import rule_for
from kinerja_analysis.stats.design import detectable

NAME = "drift"
MANY, FULL = "multisource", "ekinerja"
TOP = 4
MIN_GROUP = 3


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on drift of both data kinds."""
    official(ctx, ctx.before, out)
    several_sources(ctx, ctx.before, out)


def periods_of(now: pd.Series, before: pd.Series) -> tuple[list[str], list[str]]:
    """Return the periods of two years that may be compared: annual with annual, a quarter with the same quarter.

    >>> periods_of(pd.Series(["2025-Q1", "2025-Q2"]), pd.Series(["2024-Q2"]))
    (['2025-Q2'], ['2024-Q2'])
    >>> periods_of(pd.Series(["2025"]), pd.Series(["2024-Q4"]))
    ([], [])
    """
    new, old = sorted(now.unique()), sorted(before.unique())
    parts = {p[4:] for p in new} & {p[4:] for p in old}
    return [p for p in new if p[4:] in parts], [p for p in old if p[4:] in parts]


def mean_by_cluster(change: pd.Series, cluster: pd.Series, level: float, unit: str, method: str) -> Estimate:
    """Mean of ``change`` with a t-interval clustered by ``cluster``: K/(K − 1) · Σ (cluster total)²/n²."""
    mean = float(change.mean())
    total = (change - mean).groupby(cluster).sum().to_numpy(np.float64)
    clusters = total.size
    se = float(np.sqrt(clusters / (clusters - 1) * (total**2).sum())) / len(change)
    half = float(stdtrit(clusters - 1, 0.5 + level / 2)) * se
    return Estimate(mean, mean - half, mean + half, level, len(change), unit, method)


# --- several raters per employee -----------------------------------------------------------------------------


def several_sources(ctx: Context, before: Context, out: Collector) -> None:
    """Raters against the other raters of the same employees, this year and the year before."""
    if ctx.multisource.empty:
        out.not_applicable("no_data", "relative_shift", MANY)
        return
    if before.multisource.empty:
        out.not_applicable("one_year", "relative_shift", MANY, before=str(before.year))
        return
    kept, code = comparable(ctx.multisource, before.multisource)
    if code:
        out.not_applicable(code, "relative_shift", MANY, before=str(before.year))
        return
    rows = ctx.multisource, before.multisource
    whole = all(mask.all() for mask in kept)
    if not whole:
        same, gone = kept[0] & True, sum(int(r["criterion"].nunique()) for r in rows)
        common = rows[0].loc[same, "criterion"].nunique()
        out.add("criteria", Status.CLEAR, "criteria", scope=MANY, gone=gone - 2 * common, before=str(before.year),
                estimate=Estimate(float(common), level=ctx.config.level, n=common, unit="criteria",
                                  method="full count"))  # fmt: skip
    pairs = [c.pairs if whole else pair_means(r[m]) for c, r, m in zip((ctx, before), rows, kept, strict=True)]
    common_points(ctx, out, *pairs)
    minimum = int(ctx.threshold("drift.min_ratees").value)
    found = [_within(c, p, minimum, whole) for c, p in zip((ctx, before), pairs, strict=True)]
    relative(ctx, out, found[0], found[1])
    last_years_flags(ctx, before, out)


def comparable(now: pd.DataFrame, before: pd.DataFrame) -> tuple[tuple[pd.Series, pd.Series], str]:
    """Return which rows of two years may be compared, and the reason's code where none may."""
    new, old = periods_of(now["period"], before["period"])
    rows = now[now["period"].isin(new)], before[before["period"].isin(old)]
    scales = [set(map(tuple, r[["criterion", "scale_min", "scale_max"]].drop_duplicates().to_numpy())) for r in rows]
    names = set.intersection(*({s[0] for s in each} for each in scales))
    kept = (
        now["period"].isin(new) & now["criterion"].isin(names),
        before["period"].isin(old) & before["criterion"].isin(names),
    )
    if not new:
        return kept, "kinds_differ"
    if not names:
        return kept, "no_criteria"
    same = {s for s in scales[0] if s[0] in names} == {s for s in scales[1] if s[0] in names}
    return kept, "" if same else "scale_changed"


def _within(ctx: Context, pairs: pd.DataFrame, minimum: int, whole: bool) -> Within:
    if whole and minimum == int(ctx.threshold("leniency.min_ratees").value):
        return leniency_of(ctx)
    return within_ratee(pairs, delta_sd=ctx.threshold("drift.delta").value, min_ratees=minimum, level=ctx.config.level)


def common_points(ctx: Context, out: Collector, now: pd.DataFrame, before: pd.DataFrame) -> None:
    """Change of the scores of employees whom the same sources rated in both years."""
    key = ["ratee", "source"]
    means = [p[p["source"] != "self"].groupby(key)["score"].mean() for p in (now, before)]
    change = (means[0] - means[1]).dropna().groupby("ratee").mean()
    unit = placed(now.drop_duplicates("ratee").set_index("ratee")).reindex(change.index)
    minimum = int(ctx.threshold("drift.min_teams").value)
    if unit.nunique() < minimum:
        out.insufficient("common_few", "common_change", MANY, have=unit.nunique(), minimum=minimum)
        return
    estimate = mean_by_cluster(change, unit, ctx.config.level, "points", "mean over employees, clustered by unit, t")
    out.add("common_points", Status.CLEAR, "common_change", scope=MANY, estimate=estimate, before=str(ctx.year - 1),
            units=unit.nunique())  # fmt: skip


def relative(ctx: Context, out: Collector, now: Within, before: Within) -> None:
    """Each rater's shift, less the usual shift, and the region's verdict."""
    minimum = int(ctx.threshold("drift.min_ratees").value)
    if now.raters.empty or before.raters.empty:
        out.not_applicable("one_rater", "relative_shift", MANY, before=str(ctx.year - 1))
        return
    found = shifts(before, now, delta_sd=ctx.threshold("drift.delta").value, min_ratees=minimum,
                   level=ctx.config.level)  # fmt: skip
    judged = found.raters[found.raters["p_adjusted"].notna()]
    least, others = int(ctx.threshold("drift.min_raters").value), len(now.raters) - len(judged)
    if len(found.raters) >= least and judged.empty:
        out.insufficient("no_variation", "relative_shift", MANY)
        return
    if len(judged) < least:
        out.insufficient("few_raters", "relative_shift", MANY, have=len(judged), minimum=minimum, least=least,
                         before=str(ctx.year - 1))  # fmt: skip
        each_rater(ctx, out, now, replace(found, raters=found.raters.iloc[:0]))
        return
    smallest_effect(ctx, out, found, judged)
    flagged = int((judged["p_adjusted"] <= ctx.config.fdr).sum())
    out.add(
        "verdict", Status.FLAGGED if flagged else Status.CLEAR, "relative_shift", scope=MANY, threshold=found.delta,
        flagged=flagged, family=len(judged), not_judged=others, fdr=ctx.config.fdr, usual=found.usual, sd=found.sd,
        expected_false=ctx.config.fdr * flagged, before=str(ctx.year - 1), r=found.r,
    )  # fmt: skip
    each_rater(ctx, out, now, found)


def _rows(found: Within) -> dict[str, list[str]]:
    cited = found.edges[found.edges["examined"]].groupby("rater")["rows"]
    return {str(name): [address for pair in lists for address in pair] for name, lists in cited}


def each_rater(ctx: Context, out: Collector, now: Within, found: Shifts) -> None:
    """One finding per rater examined this year."""
    minimum, rows = int(ctx.threshold("drift.min_ratees").value), _rows(now)
    shift = found.raters.set_index("rater")
    for r in now.raters.itertuples():
        about: dict[str, Any] = {"kind": "rater", "subject": r.rater, "scope": MANY, "rows": rows[r.rater],
                                 "before": str(ctx.year - 1)}  # fmt: skip
        if r.rater not in shift.index or np.isnan(shift.at[r.rater, "p_adjusted"]):
            out.add("few_ratees", Status.INSUFFICIENT, "relative_shift", minimum=minimum, **about)
            continue
        s = shift.loc[r.rater]
        flagged = s["p_adjusted"] <= ctx.config.fdr
        code = ("up" if s["value"] > 0 else "down") if flagged else "not_shown"
        estimate = Estimate(s["value"], s["lower"], s["upper"], ctx.config.level, int(s["n"]), "points",
                            "change of the mean difference on the same employees, less median change, t")  # fmt: skip
        out.add(
            code, Status.FLAGGED if flagged else Status.CLEAR, "relative_shift", estimate=estimate,
            threshold=found.delta, p_value=s["p_value"], p_adjusted=s["p_adjusted"], size=abs(s["value"]), se=s["se"],
            change=s["change"], sd=found.sd, **about,
        )  # fmt: skip


def smallest_effect(ctx: Context, out: Collector, found: Shifts, judged: pd.DataFrame) -> None:
    """The smallest shift of one rater that this design finds 80 times of 100, family included."""
    power, family = 0.80, len(judged)
    size = detectable(judged["se"].to_numpy(np.float64), found.delta, ctx.config.fdr / family, power)
    middle = int(np.argsort(size, kind="stable")[family // 2])
    value = float(size[middle])
    estimate = Estimate(value, level=ctx.config.level, n=int(judged["n"].sum()), unit="points",
                        method="minimal-effect test, normal; first BH threshold q/family")  # fmt: skip
    out.add("smallest_effect", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate, sd=value / found.sd,
            ratees=int(judged["n"].iloc[middle]), best=float(size.min()), family=family, power=power)  # fmt: skip


def last_years_flags(ctx: Context, before: Context, out: Collector) -> None:
    """Raters flagged by the rule of leniency last year, examined again where employees or other raters changed."""
    old, now = leniency_of(before), leniency_of(ctx)
    flagged = int((old.judged["p_adjusted"] <= ctx.config.fdr).sum())
    if not flagged:
        out.not_applicable("retest_none", "retest", MANY, before=str(before.year))
        return
    found, rows = retest(old, now, fdr=ctx.config.fdr, level=ctx.config.level), _rows(now)
    for r in found.itertuples():
        code = ("again" if r.again else "not_again") if r.tested else ("lasting" if r.same_side else "turned")
        estimate = Estimate(r.value, r.lower, r.upper, ctx.config.level, int(r.n), "points",
                            "mean difference on the same employees, ratee-cluster SE, t")  # fmt: skip
        out.add(code, Status.CLEAR, "retest", kind="rater", subject=r.rater, scope=MANY, rows=rows[r.rater],
                estimate=estimate, p_value=r.p_value, before=str(before.year), earlier=r.value_before,
                new_employees=r.new_employees, new_others=r.new_others)  # fmt: skip
    tested, hits = int(found["tested"].sum()), int((found["again"] & found["tested"]).sum())
    told: dict[str, Any] = {"flagged": flagged, "tested": tested, "family": flagged, "hits": hits,
                            "before": str(before.year),
                            "lasting": int((found["same_side"] & ~found["tested"]).sum()),
                            "same": len(found) - tested, "gone": flagged - len(found)}  # fmt: skip
    if not tested:
        out.insufficient("retest_same", "retest", MANY, **told)
        return
    limits = exact_share(hits, tested, ctx.config.level)
    estimate = Estimate(hits / tested, *limits, ctx.config.level, tested, "share", "exact binomial")
    out.add("retest", Status.CLEAR, "retest", scope=MANY, estimate=estimate, **told)


# --- one supervisor per employee -----------------------------------------------------------------------------


def official(ctx: Context, before: Context, out: Collector) -> None:
    """The export: the common change as a description, bounds on shifts of supervisors; nobody is named."""
    if ctx.teams.empty:
        out.not_applicable("no_data" if ctx.ekinerja.empty else "no_supervisor", "relative_shift", FULL)
        return
    if before.teams.empty:
        out.not_applicable("one_year", "relative_shift", FULL, before=str(before.year))
        quarters(ctx, out)
        return
    new, old = periods_of(ctx.teams["period"], before.teams["period"])
    if not new:
        out.not_applicable("kinds_differ", "relative_shift", FULL, before=str(before.year))
        return
    if rule_for(new[-1]).name != rule_for(old[-1]).name:
        out.not_applicable("rule_changed", "relative_shift", FULL, before=str(before.year))
        return
    out.not_applicable("not_named", "relative_shift", FULL)
    both = rated_twice(ctx.teams[ctx.teams["period"] == new[-1]], before.teams[before.teams["period"] == old[-1]])
    common_share(ctx, out, both, "common_noted", "common_share", old[-1])
    bounds(ctx, out, both)


def rated_twice(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return one row per employee with a predikat in both periods: ``ratee supervisor same level change top``."""
    parts = []
    for frame in (now, before):
        rows = frame[frame["level"].notna()].sort_values(["ratee", "row"], kind="stable")
        parts.append(rows.drop_duplicates("ratee", keep="last")[["ratee", "supervisor", "level"]])
    both = parts[0].merge(parts[1], on="ratee", suffixes=("", "_before"))
    top = 100.0 * ((both["level"] == TOP).astype("int64") - (both["level_before"] == TOP).astype("int64"))
    return both.assign(same=both["supervisor"] == both["supervisor_before"], top=top,
                       change=both["level"] - both["level_before"])  # fmt: skip


def quarters(ctx: Context, out: Collector) -> None:
    """Description within one year that holds several periods: from the first to the last."""
    first, last = ctx.teams["period"].min(), ctx.teams["period"].max()
    if first == last:
        return
    both = rated_twice(*(ctx.teams[ctx.teams["period"] == p] for p in (last, first)))
    common_share(ctx, out, both, "common_quarters", "common_quarters", first)


def common_share(ctx: Context, out: Collector, both: pd.DataFrame, noted: str, plain: str, before: str) -> None:
    """Change of the share of the top predikat among employees rated in both periods, clustered by supervisor."""
    minimum, teams = int(ctx.threshold("drift.min_teams").value), both["supervisor"].nunique()
    if teams < minimum:
        out.insufficient("common_few_teams", "common_change", FULL, have=teams, minimum=minimum)
        return
    if not both["change"].any():
        out.insufficient("common_constant", "common_change", FULL, employees=len(both))
        return
    e, mean = (
        mean_by_cluster(both[c], both["supervisor"], ctx.config.level, unit, "mean over employees, clustered by "
                        "supervisor, t") for c, unit in (("top", "percentage_points"), ("change", "levels"))
    )  # fmt: skip
    limit = ctx.threshold("drift.delta_share")
    clear = e.lower > limit.value or e.upper < -limit.value
    out.add(noted if clear else plain, Status.CLEAR, "common_change", scope=FULL, estimate=e, threshold=limit,
            before=before, teams=teams, steps=mean.value, steps_lower=mean.lower, steps_upper=mean.upper)  # fmt: skip


def bounds(ctx: Context, out: Collector, both: pd.DataFrame) -> None:
    """Share of the variance of employees' changes that teams with the same supervisor have in common."""
    stayed = both[both["same"]]
    stayed = stayed[stayed.groupby("supervisor")["ratee"].transform("size") >= MIN_GROUP]
    teams, minimum = stayed["supervisor"].nunique(), int(ctx.threshold("drift.min_teams").value)
    if teams < minimum:
        out.insufficient("bounds_few", "shift_bounds", FULL, have=teams, minimum=minimum, least=MIN_GROUP)
        return
    if np.ptp(stayed["change"]) == 0:
        out.insufficient("bounds_constant", "shift_bounds", FULL)
        return
    e = team_share(stayed["change"], stayed["supervisor"], ctx.config.level)
    deviation = float(stayed["change"].std())
    out.add("bounds" if e.lower > 0 else "bounds_unclear", Status.CLEAR, "shift_bounds", scope=FULL, estimate=e,
            teams=teams, steps=float(np.sqrt(e.value)) * deviation,
            steps_upper=float(np.sqrt(e.upper)) * deviation)  # fmt: skip
