"""Leniency on example cases: made-up employees whom all raters rated, so that raters of all units can be compared.

The same comparison as ``within_ratee`` with cases in the place of employees, examining everyone who rated them, in a
family of its own (Benjamini-Hochberg). Measures: ``case_leniency``, ``spread_cases``, ``case_same``,
``case_turned``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._leniency_case_pairs import CasePairs, case_pairs
from kinerja_analysis.detect._leniency_pairs import Floats, Within, leniency_of, within_ratee
from kinerja_analysis.detect._leniency_rater import Form, say_rater
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.fits import sd_limits
from kinerja_analysis.stats import crossed_effects

MANY, FULL = "multisource", "ekinerja"
MIN_SPREAD = 5
MIN_BOTH = 3
EXACT = 1e-9  #: points; a smaller standard error is rounding: the differences do not vary
WAY = "mean difference on the same example cases, case-cluster SE, t"


def on_cases(ctx: Context) -> tuple[Within, CasePairs, bool] | None:
    """Return the comparison on example cases, what it rests on, and whether its yardstick comes from employees.

    None without cases. The practical difference is ``delta`` x the SD of scores inside teams, as for
    ``within_ratee``; where no employee has several raters, x the SD of a rater's scores over the cases.
    """
    if ctx.tables.cases.empty:
        return None
    return ctx.memo("leniency.cases", lambda: _on_cases(ctx))  # type: ignore[no-any-return]


def _on_cases(ctx: Context) -> tuple[Within, CasePairs, bool]:
    delta, minimum = ctx.threshold("leniency.delta").value, int(ctx.threshold("leniency.min_cases").value)
    teams = np.nan if ctx.multisource.empty else leniency_of(ctx).sd
    made = case_pairs(ctx)

    def compared(share: float) -> Within:
        found = within_ratee(made.pairs, delta_sd=share, min_ratees=minimum, level=ctx.config.level)
        exact = found.raters["se"] < EXACT
        blank = {name: found.raters[name].mask(exact) for name in ("p_value", "p_adjusted")}
        return replace(found, raters=found.raters.assign(**blank))

    found = compared(delta)
    if not (teams > 0 and found.sd > 0):
        return found, made, False
    return compared(delta * teams / found.sd), made, True


def judged_on_cases(ctx: Context) -> int:
    """Return how many raters are compared on example cases."""
    made = on_cases(ctx)
    return 0 if made is None else int(made[0].raters["p_adjusted"].notna().sum())


def example_cases(ctx: Context, out: Collector) -> Within | None:
    """Add what example cases tell about raters; return the comparison where there is one."""
    compared = on_cases(ctx)
    if compared is None:
        return None
    found, made, by_employees = compared
    scope = FULL if ctx.multisource.empty else MANY
    judged, minimum = found.raters[found.raters["p_adjusted"].notna()], int(ctx.threshold("leniency.min_cases").value)
    left = len(found.raters) - len(judged) + len(made.apart)
    if judged.empty:
        code = "cases_few" if found.judged.empty else "cases_constant"
        out.insufficient(code, "case_leniency", scope, minimum=minimum, not_judged=left, strangers=made.strangers,
                         partial=made.partial)  # fmt: skip
        return None
    flagged = int((judged["p_adjusted"] <= ctx.config.fdr).sum())
    out.add(
        "cases" if by_employees else "cases_own", Status.FLAGGED if flagged else Status.CLEAR, "case_leniency",
        scope=scope, threshold=found.delta, sd_share=ctx.threshold("leniency.delta").value, flagged=flagged,
        family=len(judged), minimum=minimum, not_judged=left, strangers=made.strangers, partial=made.partial,
        apart=len(made.apart), cases=int(found.edges["ratee"].nunique()), expected_false=ctx.config.fdr * flagged,
        fdr=ctx.config.fdr,
    )  # fmt: skip
    _spread(ctx, out, found, scope, len(judged))
    _raters(ctx, out, found, made)
    if by_employees:
        _same(ctx, out, found)
    return found


def _raters(ctx: Context, out: Collector, found: Within, made: CasePairs) -> None:
    """One finding per rater of cases, in the kind of data in which that rater rates employees."""
    minimum = int(ctx.threshold("leniency.min_cases").value)
    rows = {name: [a for pair in lists for a in pair] for name, lists in found.edges.groupby("rater")["rows"]}
    sd, several = found.delta / ctx.threshold("leniency.delta").value, set(ctx.multisource["rater"].dropna())
    single = {str(r) for r, s in found.edges.groupby("rater")["score"] if s.nunique() == 1 and len(s) > 1}
    for r in found.raters.itertuples():
        name = str(r.rater)
        form = Form("case_leniency", MANY if name in several else FULL, minimum, WAY, "case_few", "case_lenient",
                    "case_strict", "case_not_shown", "case_alike")  # fmt: skip
        say_rater(ctx, out, found, form, r, rows[name], sd=sd, team=made.teams.get(name, 0), single=int(name in single))
    for name, addresses in made.apart.items():
        out.add("case_apart", Status.INSUFFICIENT, "case_leniency", kind="rater", subject=name, rows=addresses,
                scope=MANY if name in several else FULL)  # fmt: skip


def _spread(ctx: Context, out: Collector, found: Within, scope: str, family: int) -> None:
    """The SD of leniency over all who rated cases: cases and raters crossed."""
    edges = found.edges
    raters = int(edges["rater"].nunique())
    if raters < MIN_SPREAD:
        out.insufficient("cases_spread_few", "spread_cases", scope, raters=raters, family=family)
        return
    groups = {"ratee": pd.factorize(edges["ratee"])[0], "rater": pd.factorize(edges["rater"])[0]}
    fit = crossed_effects(edges["score"], groups, level=ctx.config.level)
    if fit.reason not in ("", "singular"):
        out.insufficient("cases_constant", "spread_cases", scope, family=family)
        return
    lower, upper = sd_limits(fit, "rater")
    estimate = Estimate(fit.sd["rater"], lower, upper, ctx.config.level, raters, "points",
                        "REML, case and rater crossed")  # fmt: skip
    out.add("cases_spread", Status.CLEAR, "spread_cases", scope=scope, estimate=estimate, raters=raters, family=raters)


def _same(ctx: Context, out: Collector, found: Within) -> None:
    """Do raters who differ on their employees differ on the cases too, and the other way round?

    Both differences are taken from the other raters who have both, so that what a role shares cancels. ``also``:
    flagged in both, the same way, and not clearly less on the cases; ``alone``: clearly less there, or the other way.
    """
    both = leniency_of(ctx).judged.merge(found.judged, on="rater", suffixes=("", "_case"))
    staff, cases = (_from_others(both[c].to_numpy(np.float64)) for c in ("value", "value_case"))
    flagged, there = ((both[c] <= ctx.config.fdr).to_numpy() for c in ("p_adjusted", "p_adjusted_case"))
    if len(both) < MIN_BOTH or not (flagged | there).any():
        return
    error = float(ndtri(0.5 + ctx.config.level / 2)) * np.hypot(both["se"], both["se_case"])
    less = (np.sign(both["value"]) * (staff - cases) > error).to_numpy(bool)
    agree = there & (np.sign(both["value"]) == np.sign(both["value_case"])).to_numpy(bool)
    n, also, alone = int(flagged.sum()), int((flagged & agree & ~less).sum()), int((flagged & less).sum())
    if n:
        estimate = Estimate(also, level=ctx.config.level, n=n, unit="count", method="full_count")
        out.add("case_same", Status.CLEAR, "case_same", scope=MANY, estimate=estimate, family=n, alone=alone,
                open=n - also - alone)  # fmt: skip
    turned = there & (np.sign(both["value_case"]) * (cases - staff) > error).to_numpy(bool)
    if there.any():
        n = int(there.sum())
        estimate = Estimate(int(turned.sum()), level=ctx.config.level, n=n, unit="count", method="full_count")
        out.add("case_turned", Status.CLEAR, "case_turned", scope=MANY, estimate=estimate, family=n)


def _from_others(value: Floats) -> Floats:
    """Return each value less the mean of the others.

    >>> _from_others(np.array([3.0, 0.0, 0.0])).tolist()
    [3.0, -1.5, -1.5]
    """
    return value - (value.sum() - value) / (value.size - 1)
