"""Leniency in an export with one supervisor per employee: bounds, tipping points, and what changes tell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect._leniency_cases import judged_on_cases
from kinerja_analysis.detect._leniency_change_raters import change_raters
from kinerja_analysis.detect._leniency_changes import Changes, changes_of
from kinerja_analysis.detect._team_share import team_share
from kinerja_analysis.detect.attributes import latest, members
from kinerja_analysis.detect.context import Context, gathered
from kinerja_analysis.detect.contract import Collector

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
    out.not_applicable("only_cases" if judged_on_cases(ctx) else "not_identified", "within_ratee", FULL)
    if ctx.teams["level"].notna().any():
        bounds(ctx, out)
        tipping(ctx, out)
    else:
        out.not_applicable("no_predikat", "bounds", FULL)
    supervisor_changes(ctx, out)


def bounds(ctx: Context, out: Collector) -> None:
    """Share of the variance of the predikat that lies between teams: leniency can explain 0 to this much."""
    teams = ctx.teams[ctx.teams["level"].notna()]
    last = teams[teams["period"] == teams["period"].max()]
    several = int((last.groupby("supervisor").size() >= 2).sum())
    if several < MIN_SPREAD:
        out.insufficient("bounds_few", "bounds", FULL, teams=several)
        return
    if np.ptp(last["level"]) == 0:
        out.insufficient("bounds_constant", "bounds", FULL)
        return
    estimate = team_share(last["level"], last["supervisor"], ctx.config.level)
    out.add("bounds", Status.CLEAR, "bounds", scope=FULL, estimate=estimate, teams=last["supervisor"].nunique())


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


def supervisor_changes(ctx: Context, out: Collector) -> None:
    """The spread of leniency from teams that stay while supervisors go, and who stands apart where that is known."""
    found = changes_of(ctx)
    if found is None:
        out.not_applicable("change_none", "supervisor_change", FULL)
        return
    who, fit, sd = found.who, found.fit, found.sd
    if found.reason == "wide":
        out.insufficient("change_wide", "supervisor_change", FULL, n_changed=fit.n_changed, most=fit.sd_upper / sd,
                         widest=found.widest)  # fmt: skip
        return
    if found.reason:
        out.insufficient(f"change_{found.reason}", "supervisor_change", FULL, n_changed=fit.n_changed,
                         minimum=found.minimum)  # fmt: skip
        if found.reason == "unsafe":
            before_change(out, found)
            change_raters(ctx, out, found)
        return
    estimate = Estimate(fit.sd / sd, fit.sd_lower / sd, fit.sd_upper / sd, fit.level, fit.n, "sd",
                        "event study of changes of supervisor, clustered by supervisor")  # fmt: skip
    out.add(
        f"{who}_spread" if fit.lower > 0 else f"{who}_unclear", Status.CLEAR, "supervisor_change", scope=FULL,
        estimate=estimate, p_value=fit.p, n_changed=fit.n_changed, steps=fit.sd,
        sd=sd,
    )  # fmt: skip
    before_change(out, found)
    change_raters(ctx, out, found)


def before_change(out: Collector, found: Changes) -> None:
    """What the spread assumes: those about to get another supervisor moved like all others the period before."""
    fit = found.fit
    if found.checked == "few":
        out.insufficient("check_few", "change_check", FULL, n_check=fit.n_check, minimum=found.minimum)
        return
    estimate = Estimate(fit.check, fit.check_lower, fit.check_upper, fit.level, fit.n_check, "levels",
                        "event study of changes of supervisor, clustered by supervisor")  # fmt: skip
    out.add(f"check_{found.checked}", Status.CLEAR, "change_check", scope=FULL, estimate=estimate, p_value=fit.check_p,
            n_check=fit.n_check)  # fmt: skip
