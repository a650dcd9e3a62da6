"""Leniency on example cases: made-up employees whom all raters rated, so that raters of all units can be compared.

The same comparison as ``within_ratee`` with cases in the place of employees, examining everyone who rated them, in a
family of its own (Benjamini-Hochberg). Measures: ``case_leniency``, ``spread_cases``, ``case_same``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._leniency_pairs import Floats, Within, leniency_of, within_ratee
from kinerja_analysis.detect._leniency_rater import Form, say_rater
from kinerja_analysis.detect.context import Context, pair_means
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.fits import sd_limits
from kinerja_analysis.stats import crossed_effects

MANY, FULL = "multisource", "ekinerja"
MIN_SPREAD = 5
MIN_BOTH = 3
LEVEL = 0.95  #: of the limits of SDs
WAY = "mean difference on the same example cases, case-cluster SE, t"


def on_cases(ctx: Context) -> tuple[Within, bool] | None:
    """Return the comparison on example cases, and whether its yardstick comes from employees; None without cases.

    The practical difference is ``delta`` x the SD of scores inside teams, as for ``within_ratee``; where no employee
    has several raters, x the SD of a rater's scores over the cases.
    """
    if ctx.tables.cases.empty:
        return None
    delta, minimum = ctx.threshold("leniency.delta").value, int(ctx.threshold("leniency.min_cases").value)
    teams = np.nan if ctx.multisource.empty else leniency_of(ctx).sd
    pairs = cases_of(ctx)
    found = within_ratee(pairs, delta_sd=delta, min_ratees=minimum, level=ctx.config.level)
    if not (teams > 0 and found.sd > 0):
        return found, False
    return within_ratee(pairs, delta_sd=delta * teams / found.sd, min_ratees=minimum, level=ctx.config.level), True


def cases_of(ctx: Context) -> pd.DataFrame:
    """Return the pair means of the ratings of example cases, see ``pair_means``; ``ratee`` is the case."""
    rows = ctx.tables.cases.rename(columns={"case": "ratee"})
    return pair_means(rows.assign(source="other", unit=None, opd=None).astype({"unit": "str", "opd": "str"}))


def example_cases(ctx: Context, out: Collector) -> Within | None:
    """Add what example cases tell about raters; return the comparison where there is one."""
    made = on_cases(ctx)
    if made is None:
        return None
    found, by_employees = made
    scope = FULL if ctx.multisource.empty else MANY
    judged, minimum = found.judged, int(ctx.threshold("leniency.min_cases").value)
    if judged.empty or not found.delta > 0:
        code = "cases_few" if judged.empty else "cases_constant"
        out.insufficient(code, "case_leniency", scope, minimum=minimum, not_judged=len(found.raters) - len(judged))
        return None
    flagged = int((judged["p_adjusted"] <= ctx.config.fdr).sum())
    out.add(
        "cases" if by_employees else "cases_own", Status.FLAGGED if flagged else Status.CLEAR, "case_leniency",
        scope=scope, threshold=found.delta, sd_share=ctx.threshold("leniency.delta").value, flagged=flagged,
        family=len(judged), minimum=minimum, not_judged=len(found.raters) - len(judged),
        cases=int(found.edges["ratee"].nunique()), expected_false=ctx.config.fdr * flagged, fdr=ctx.config.fdr,
    )  # fmt: skip
    _spread(ctx, out, found, scope)
    _raters(ctx, out, found, scope)
    if by_employees:
        _same(ctx, out, found)
    return found


def _raters(ctx: Context, out: Collector, found: Within, scope: str) -> None:
    """One finding per rater of cases."""
    form = Form("case_leniency", scope, int(ctx.threshold("leniency.min_cases").value), WAY, "case_few", "case_lenient",
                "case_strict", "case_not_shown")  # fmt: skip
    rows = {name: [a for pair in lists for a in pair] for name, lists in found.edges.groupby("rater")["rows"]}
    sd, teams = found.delta / ctx.threshold("leniency.delta").value, _teams(ctx)
    for r in found.raters.itertuples():
        say_rater(ctx, out, found, form, r, rows[r.rater], sd=sd, team=teams.get(str(r.rater), 0))


def _teams(ctx: Context) -> dict[str, int]:
    """Employees whom each rater rates, in either kind of data."""
    rated = [ctx.teams[["supervisor", "ratee"]].set_axis(["rater", "ratee"], axis=1), ctx.pairs[["rater", "ratee"]]]
    both = pd.concat(rated, ignore_index=True).dropna()
    return {str(k): int(n) for k, n in both[both["rater"] != both["ratee"]].groupby("rater")["ratee"].nunique().items()}


def _spread(ctx: Context, out: Collector, found: Within, scope: str) -> None:
    """The SD of leniency over all who rated cases: cases and raters crossed."""
    edges = found.edges
    raters = int(edges["rater"].nunique())
    if raters < MIN_SPREAD:
        out.insufficient("cases_spread_few", "spread_cases", scope, raters=raters)
        return
    groups = {"ratee": pd.factorize(edges["ratee"])[0], "rater": pd.factorize(edges["rater"])[0]}
    fit = crossed_effects(edges["score"], groups)
    if fit.reason not in ("", "singular"):
        out.insufficient("cases_constant", "spread_cases", scope)
        return
    lower, upper = sd_limits(fit, "rater")
    estimate = Estimate(fit.sd["rater"], lower, upper, LEVEL, raters, "points", "REML, case and rater crossed")
    out.add("cases_spread", Status.CLEAR, "spread_cases", scope=scope, estimate=estimate, raters=raters, family=raters)


def _same(ctx: Context, out: Collector, found: Within) -> None:
    """Of the raters flagged on their employees: how many show it on cases too, and how many clearly less there.

    Both differences are taken from the other raters who have both, so that what a role shares cancels.
    """
    both = leniency_of(ctx).judged.merge(found.judged, on="rater", suffixes=("", "_case"))
    flagged = (both["p_adjusted"] <= ctx.config.fdr).to_numpy()
    if not flagged.any() or len(both) < MIN_BOTH:
        return
    values = [_from_others(both[c].to_numpy(np.float64)) for c in ("value", "value_case")]
    staff, cases = (v * np.sign(both["value"]) for v in values)
    z = float(ndtri(0.5 + ctx.config.level / 2))
    there = cases - z * both["se_case"] > 0
    less = staff - cases - z * np.hypot(both["se"], both["se_case"]) > 0
    n, also, alone = int(flagged.sum()), int((flagged & there).sum()), int((flagged & ~there & less).sum())
    estimate = Estimate(also, level=ctx.config.level, n=n, unit="count", method="full_count")
    out.add("case_same", Status.CLEAR, "case_same", scope=MANY, estimate=estimate, family=n, alone=alone,
            open=n - also - alone)  # fmt: skip


def _from_others(value: Floats) -> Floats:
    """Return each value less the mean of the others.

    >>> _from_others(np.array([3.0, 0.0, 0.0])).tolist()
    [3.0, -1.5, -1.5]
    """
    return value - (value.sum() - value) / (value.size - 1)
