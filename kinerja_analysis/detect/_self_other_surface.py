"""Response surface of a separate outcome on self ratings and others' ratings: a description, never a flag."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.evidence import achievements
from kinerja_analysis.stats import response_surface

#: Units above this size would make the jackknife over units slow; errors then are by employee.
LARGEST_UNIT = 400
People = Callable[[Context], pd.DataFrame]


def surface(ctx: Context, out: Collector, views_of: People, scope: str) -> None:
    """Add ``surface``: achievement of the year or, without it, this year's supervisor rating on last year's views.

    ``views_of`` turns a cell's pair means into ``ratee own others place``.
    """
    least = int(ctx.threshold("self_other.surface_min").value)
    code, people = "achievement", _with_achievement(ctx, views_of)
    if len(people) < least:
        later = _with_later_rating(ctx, views_of)
        code, people = ("later", later) if len(later) > len(people) else (code, people)
    if people.empty:
        out.not_applicable("surface_none", "surface", scope)
        return
    if len(people) < least:
        out.insufficient("surface_few", "surface", scope, have=len(people), minimum=least)
        return
    columns = people[["own", "others", "outcome"]]
    inside = columns - columns.groupby(people["place"]).transform("mean")
    level = (inside["own"] + inside["others"]) / 2  # 0 in every unit: the difference of self and others stays
    apart = (people["own"] - people["others"]) / 2
    x, y = level + apart, level - apart
    freedom = len(people) - people["place"].nunique()
    sd = np.sqrt((inside**2).sum() / max(freedom, 1))
    scale = float(np.sqrt((sd["own"] ** 2 + sd["others"] ** 2) / 2))
    if not (scale > 1e-9 and sd["outcome"] > 1e-9):
        out.insufficient("surface_flat", "surface", scope)
        return
    place = pd.factorize(people["place"], sort=True)[0]
    cluster = place if np.bincount(place).max() <= LARGEST_UNIT else None
    fit = response_surface(x / scale, y / scale, inside["outcome"] / sd["outcome"], cluster=cluster,
                           level=ctx.config.level)  # fmt: skip
    if not np.isfinite(fit.a4):
        out.insufficient("surface_flat", "surface", scope)
        return
    estimate = Estimate(fit.a4, fit.lower["a4"], fit.upper["a4"], fit.level, fit.n, "sd", fit.method)
    out.add(
        f"surface_{code}", Status.CLEAR, "surface", scope=scope, estimate=estimate, p_value=float(fit.p[3]),
        a1=fit.a1, a2=fit.a2, a3=fit.a3, a4=fit.a4, a5=fit.a5, p1=fit.p[0], p2=fit.p[1], p3=fit.p[2], p4=fit.p[3],
        p5=fit.p[4], r_squared=fit.r_squared,
    )  # fmt: skip


def _with_achievement(ctx: Context, views_of: People) -> pd.DataFrame:
    known = achievements(ctx).groupby("person")["achievement"].mean()
    people = views_of(ctx)
    return people.assign(outcome=people["ratee"].map(known)).dropna(subset=["outcome"]).reset_index(drop=True)


def _with_later_rating(ctx: Context, views_of: People) -> pd.DataFrame:
    people = views_of(ctx.before)
    now = ctx.pairs[ctx.pairs["source"] == "supervisor"].groupby("ratee")["score"].mean()
    return people.assign(outcome=people["ratee"].map(now)).dropna(subset=["outcome"]).reset_index(drop=True)
