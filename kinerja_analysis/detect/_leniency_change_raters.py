"""The estimand ``change_rater``: a supervisor against those he or she followed or was followed by, where known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._leniency_changes import Changes, groups, steps
from kinerja_analysis.detect.context import Context, gathered
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.stats import adjust, minimal_effect_test, supervisor_effects

if TYPE_CHECKING:
    from kinerja_analysis.stats.change_effects import SupervisorEffects

FULL = "ekinerja"
MEASURE = "change_rater"
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Named:
    """The supervisors who took part in changes: effects by ``names``; addresses and count of employees behind each."""

    fit: SupervisorEffects
    names: pd.Index[str]
    rows: list[list[str]]
    employees: dict[str, int]


def named(teams: pd.DataFrame, *, minimum: int, level: float) -> Named:
    """Fit the supervisors of a history whose employees stayed in their unit.

    Parameters
    ----------
    teams : DataFrame
        As ``Context.teams``, over all periods.
    minimum : int
        Fewest groups that kept their supervisor, for the usual shift of a period; other periods are left out.
    level : float
        Level of the intervals.
    """
    key = ["unit", "step", "before", "after"]
    each = steps(teams)
    found = groups(each)
    found = found.assign(total=found["mean"] * found["size"])
    stayed = found[found["before"] == found["after"]]
    shift = stayed.groupby("step").agg(total=("total", "sum"), kept=("size", "sum"), groups=("size", "size"))
    shift = shift[shift["groups"] >= minimum]
    shift["shift"] = shift["total"] / shift["kept"]
    found = found.drop(columns="total").merge(shift[["shift", "kept"]], left_on="step", right_index=True)
    free = found["mean"] - found["shift"]
    still = (found["before"] == found["after"]).to_numpy()
    noise = float((found["size"] * free**2)[still].sum() / max(still.sum() - len(shift), 1))
    moved = found[~still]
    code, names = pd.factorize(pd.concat([moved["before"], moved["after"]]), sort=True)
    fit = supervisor_effects(
        free[~still], pd.factorize(moved["unit"])[0], moved["step"] - moved["step"].min(), code[: len(moved)],
        code[len(moved) :], moved["size"], kept=moved["kept"], variance=noise, level=level,
    )  # fmt: skip
    cited = each.merge(moved[key], on=key)
    sides = [cited[["ratee", who, row]].set_axis(["ratee", "rater", "row"], axis=1)
             for who, row in (("before", "row_before"), ("after", "row"))]  # fmt: skip
    both = pd.concat(sides)
    rows = gathered(both["row"], pd.Index(names).get_indexer(both["rater"]), len(names)).tolist()
    employees = both.drop_duplicates(["rater", "ratee"]).groupby("rater").size().to_dict()
    return Named(fit, pd.Index(names), rows, employees)


def change_raters(ctx: Context, out: Collector, found: Changes) -> None:
    """One finding per supervisor with enough counterparts, and one for the region."""
    if found.checked == "differs":
        out.insufficient("changer_unsafe", MEASURE, FULL)
        return
    least, part = (int(ctx.threshold(f"leniency.{t}").value) for t in ("min_counterparts", "min_part"))
    known = named(ctx.past.teams, minimum=found.minimum, level=ctx.config.level)
    fit, names = known.fit, known.names
    large = fit.part_size >= part
    judged = np.flatnonzero(large & (fit.counterparts >= least))
    if judged.size == 0:
        out.insufficient("changer_few", MEASURE, FULL, have=int(fit.counterparts[large].max(initial=0)),
                         minimum=least, part=part, most=int(fit.part_size.max(initial=0)))  # fmt: skip
        return
    if fit.reason or fit.df < found.minimum:
        out.insufficient("changer_noise", MEASURE, FULL, n_changed=fit.n, minimum=found.minimum,
                         freedom=0.0 if np.isnan(fit.df) else fit.df)  # fmt: skip
        return
    delta = ctx.threshold("leniency.delta").value * found.sd
    p = minimal_effect_test(fit.value[judged], fit.se[judged], delta, fit.df)
    adjusted = adjust(p, "bh")
    flagged = int((adjusted <= ctx.config.fdr).sum())
    t = float(stdtrit(fit.df, 1 - ctx.config.fdr / judged.size) + stdtrit(fit.df, POWER))
    out.add(
        "changer", Status.FLAGGED if flagged else Status.CLEAR, MEASURE, scope=FULL, threshold=delta, flagged=flagged,
        family=len(judged), n_changed=fit.n, smallest=delta + t * float(np.median(fit.se[judged])), minimum=least,
        not_judged=len(names) - len(judged), fdr=ctx.config.fdr, freedom=fit.df,
    )  # fmt: skip
    tests = {r: (float(p[i]), float(adjusted[i])) for i, r in enumerate(judged.tolist())}
    for r, name in enumerate(names):
        about: dict[str, Any] = {
            "kind": "rater", "subject": str(name), "scope": FULL, "rows": known.rows[r],
            "counterparts": int(fit.counterparts[r]), "others": int(fit.part_size[r]) - 1,
        }  # fmt: skip
        if r in tests:
            _judge(ctx, out, known, r, tests[r], threshold=delta, sd=found.sd, **about)
        else:
            out.add("changer_less", Status.INSUFFICIENT, MEASURE, minimum=least, part=part - 1, **about)


def _judge(ctx: Context, out: Collector, known: Named, r: int, p: tuple[float, float], **about: Any) -> None:
    """Add the finding on one supervisor from the p-value and the adjusted one."""
    fit, value = known.fit, float(known.fit.value[r])
    flagged = p[1] <= ctx.config.fdr
    code = ("changer_lenient" if value > 0 else "changer_strict") if flagged else "changer_not_shown"
    estimate = Estimate(value, float(fit.lower[r]), float(fit.upper[r]), fit.level, known.employees[known.names[r]],
                        "levels", "least squares on changes of supervisor, t")  # fmt: skip
    out.add(
        code, Status.FLAGGED if flagged else Status.CLEAR, MEASURE, estimate=estimate, p_value=p[0], p_adjusted=p[1],
        se=float(fit.se[r]), size=abs(value), changes=int(fit.changes[r]), **about,
    )  # fmt: skip
