"""Leniency in an export with one supervisor per employee: bounds, tipping points, and the spread from changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect._leniency_changes import changes_of
from kinerja_analysis.detect.attributes import latest, members
from kinerja_analysis.detect.context import Context, gathered
from kinerja_analysis.detect.contract import Collector, plain
from kinerja_analysis.stats._jackknife import unit_jackknife

FULL = "ekinerja"
TOP = PREDIKAT[-1]
MIN_SPREAD = 5


def official(ctx: Context, out: Collector) -> None:
    """The export: bounds from one year, the spread from changes of supervisor over several periods."""
    if ctx.ekinerja.empty:
        out.not_applicable("no_data", "within_ratee", FULL)
        return
    if ctx.teams.empty:
        out.not_applicable("no_supervisor", "within_ratee", FULL)
        return
    out.not_applicable("not_identified", "within_ratee", FULL)
    bounds(ctx, out)
    tipping(ctx, out)
    supervisor_changes(ctx, out)


def bounds(ctx: Context, out: Collector) -> None:
    """Share of the variance of the predikat that lies between teams: leniency can explain 0 to this much."""
    teams = ctx.teams[ctx.teams["level"].notna()]
    last = teams[teams["period"] == teams["period"].max()]
    size = last.groupby("supervisor").size()
    if (size >= 2).sum() < MIN_SPREAD:
        out.insufficient("bounds_few", "bounds", FULL, teams=int((size >= 2).sum()))
        return
    if np.ptp(last["level"]) == 0:
        out.insufficient("bounds_constant", "bounds", FULL)
        return
    found = share_between(last["level"].to_numpy(), pd.factorize(last["supervisor"])[0], ctx.config.level)
    estimate = Estimate(*found, ctx.config.level, len(last), "share", "ANOVA, jackknife over teams, t")
    out.add("bounds", Status.CLEAR, "bounds", scope=FULL, estimate=estimate, teams=size.size)


def tipping(ctx: Context, out: Collector) -> None:
    """How good a team would have to be if nothing in its predikat were leniency; never a flag.

    The teams' shares of the top predikat vary as a beta-binomial. Where that variation is true quality alone, a team
    with k of n lies at a place among all teams that its posterior tells: its range is that of the posterior.
    """
    from scipy.special import betainc, betaincinv

    from kinerja_analysis.stats import beta_binomial

    rows = latest(members(ctx))
    code, names = pd.factorize(rows["supervisor"], sort=True)
    k, n = (np.bincount(code, w, minlength=len(names)) for w in (rows["predikat"] == TOP, np.ones(len(rows))))
    least, limit = int(ctx.threshold("leniency.min_ratees").value), ctx.threshold("leniency.tipping")
    fit = beta_binomial(k, n, level=ctx.config.level) if len(names) > 1 else None
    if fit is None or fit.reason or not fit.rho > 1e-6 or (n >= least).sum() < MIN_SPREAD:
        out.insufficient("tipping_none", "tipping", FULL, teams=int((n >= least).sum()))
        return
    strength = (1 - fit.rho) / fit.rho
    a, b, tail = fit.mean * strength, (1 - fit.mean) * strength, (1 - ctx.config.level) / 2
    best = np.array([1 - betainc(a, b, betaincinv(a + k, b + n - k, q)) for q in (0.5, 1 - tail, tail)])
    cited = gathered(rows["row"], code, len(names))
    for good in (True, False):
        place = best if good else 1 - best[[0, 2, 1]]
        for i in np.flatnonzero((n >= least) & (place[0] <= limit.value)):
            value, lower, upper = (float(v) for v in place[:, i])
            estimate = Estimate(value, lower, upper, ctx.config.level, int(n[i]), "share", "beta-binomial posterior")
            out.add("tipping_best" if good else "tipping_weakest", Status.CLEAR, "tipping", kind="rater",
                    subject=str(names[i]), scope=FULL, estimate=estimate, threshold=limit, rows=cited[i],
                    k=int(k[i]), predikat=TOP, share=fit.mean)  # fmt: skip
    listed = int(((n >= least) & (np.minimum(best[0], 1 - best[0]) <= limit.value)).sum())
    estimate = Estimate(listed, level=ctx.config.level, n=len(rows), unit="teams", method="full_count")
    out.add("tipping", Status.CLEAR, "tipping", scope=FULL, estimate=estimate, teams=int((n >= least).sum()),
            limit=limit.value, rho=fit.rho)  # fmt: skip


def between_share(sums: np.ndarray) -> np.ndarray:
    """Intraclass correlation of a one-way layout from its sums (analysis of variance, unequal team sizes).

    ``sums`` holds, along the last axis: teams, members, sum of squared sizes, total, sum of squared team totals over
    size, sum of squares. Searle, Casella & McCulloch (1992), section 3.6.

    Teams (1, 1) and (3, 5): mean squares 9 and 1, so (9 - 1) / (9 + 1).

    >>> round(float(between_share(np.array([2.0, 4.0, 8.0, 10.0, 34.0, 36.0]))), 3)
    0.8
    """
    k, n, squares, total, teams, raw = np.moveaxis(sums, -1, 0)
    within = (raw - teams) / (n - k)
    between = (teams - total**2 / n) / (k - 1)
    variance = (between - within) / ((n - squares / n) / (k - 1))
    whole = variance + within
    return np.divide(variance, whole, out=np.zeros_like(whole), where=whole > 0)


def share_between(score: np.ndarray, team: np.ndarray, level: float) -> tuple[float, float, float]:
    """Share of the variance between teams with its interval, all in 0 to 1; ``team`` codes from 0.

    The jackknife works on F^(-1/2), F the ratio of the mean squares: the share itself is skewed, and its own
    interval missed too often from above with 30 or 60 teams.
    """
    size = np.bincount(team).astype(np.float64)
    total, square = np.bincount(team, score), np.bincount(team, score**2)
    whole = np.array([size.size, size.sum(), (size**2).sum(), total.sum(), (total**2 / size).sum(), square.sum()])
    each = np.column_stack([np.ones(size.size), size, size**2, total, total**2 / size, square])
    value, more = float(between_share(whole)), size.mean() - 1
    roots = [np.sqrt((1 - v) / np.maximum(1 + more * v, 0.2)) for v in (value, between_share(whole - each))]
    _, *ends = unit_jackknife(float(roots[0]), roots[1], level=level)
    upper, lower = ((1 - w) / (1 + more * w) for w in np.maximum(ends, 0) ** 2)
    value, lower, upper = (float(np.clip(v, 0, 1)) for v in (value, lower, upper))
    return value, lower, upper


def supervisor_changes(ctx: Context, out: Collector) -> None:
    """The spread of leniency from teams that stay while supervisors go; nobody is named."""
    minimum = int(ctx.threshold("leniency.min_changes").value)
    found = changes_of(ctx, min_changes=minimum)
    if found is None:
        out.not_applicable("change_none", "supervisor_change", FULL)
        return
    who, fit, sd = found
    if fit.reason or not sd > 0:
        code = "change_constant" if fit.reason == "constant" or not sd > 0 else "change_few"
        out.insufficient(code, "supervisor_change", FULL, n_changed=fit.n_changed, minimum=minimum)
        return
    estimate = Estimate(fit.sd / sd, fit.sd_lower / sd, fit.sd_upper / sd, fit.level, fit.n, "sd",
                        "event study of changes of supervisor, clustered by team")  # fmt: skip
    out.add(
        f"{who}_spread" if fit.lower > 0 else f"{who}_unclear", Status.CLEAR, "supervisor_change", scope=FULL,
        estimate=estimate, p_value=fit.p, n_changed=fit.n_changed, steps=fit.sd,
        check=plain(fit.check), check_p=plain(fit.check_p), sd=sd,
    )  # fmt: skip
