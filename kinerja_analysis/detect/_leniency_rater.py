"""What is said of one rater of a comparison, on employees or on example cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._leniency_pairs import Within
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, plain


@dataclass(frozen=True, slots=True)
class Form:
    """How a comparison is told: measure, kind of data, fewest subjects, method; codes by what came out."""

    measure: str
    scope: str
    minimum: int
    way: str
    few: str
    lenient: str
    strict: str
    not_shown: str
    alike: str


def say_rater(ctx: Context, out: Collector, found: Within, form: Form, r: Any, rows: list[str], **more: Any) -> None:
    """Add the finding on one row of ``found.raters``; ``more`` are parameters of those who are judged."""
    about: dict[str, Any] = {"kind": "rater", "subject": r.rater, "scope": form.scope, "rows": rows}
    if np.isfinite(r.value) and np.isnan(r.p_adjusted):  # without variation there is no error to test against
        out.add(form.alike, Status.INSUFFICIENT, form.measure, have=int(r.n), **about)
        return
    if np.isnan(r.value):
        out.add(form.few, Status.INSUFFICIENT, form.measure, have=int(r.n), minimum=form.minimum, **about)
        return
    flagged = r.p_adjusted <= ctx.config.fdr
    code = (form.lenient if r.value > 0 else form.strict) if flagged else form.not_shown
    estimate = Estimate(r.value, r.lower, r.upper, ctx.config.level, int(r.n), "points", form.way)
    out.add(
        code, Status.FLAGGED if flagged else Status.CLEAR, form.measure, estimate=estimate, threshold=found.delta,
        p_value=r.p_value, p_adjusted=r.p_adjusted, size=abs(r.value), se=r.se, shrunken=plain(r.shrunken),
        posterior=plain(r.posterior), **more, **about,
    )  # fmt: skip
