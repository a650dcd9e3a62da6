"""Halo in the export: do results and conduct go together under the same supervisor? Described, never judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.attributes import both_rated, latest
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.stats import conditional_ordinal
from kinerja_analysis.stats._jackknife import unit_jackknife

FULL, ABOVE = "ekinerja", 3.0


@dataclass(frozen=True, slots=True)
class MantelHaenszel:
    """Log odds ratio over strata with its range; ``informative`` strata of ``members`` say anything of it.

    ``value`` is infinite where all strata point one way, NaN where none tells; the range is NaN where it hangs on
    one stratum.
    """

    value: float
    lower: float
    upper: float
    informative: int
    members: int


def mantel_haenszel(
    x: NDArray[np.bool_], y: NDArray[np.bool_], stratum: NDArray[np.intp], level: float = 0.95
) -> MantelHaenszel:
    """Return the common log odds ratio of ``x`` and ``y`` inside strata (codes from 0), shape (n,) each.

    Σ a d / n over Σ b c / n of the strata's fourfold tables (Mantel & Haenszel 1959); range by leaving out one
    stratum at a time, t, so that odds ratios may differ between strata.

    Examples
    --------
    Twice the table 2 1 / 1 2: 4/6 over 1/6, odds ratio 4.

    >>> x, y = (np.tile(v, 2).astype(bool) for v in ([1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 0, 0]))
    >>> fit = mantel_haenszel(x, y, np.repeat([0, 1], 6))
    >>> round(math.exp(fit.value), 6), fit.informative
    (4.0, 2)
    """
    k = int(stratum.max(initial=-1)) + 1
    a, b, c, d = (np.bincount(stratum, u & v, minlength=k) for u in (x, ~x) for v in (y, ~y))
    n = np.maximum(a + b + c + d, 1)
    same, cross = a * d / n, b * c / n
    use = same + cross > 0
    same, cross = same[use], cross[use]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.log(same.sum() / cross.sum()))
        left = np.log((same.sum() - same).clip(0) / (cross.sum() - cross).clip(0))
    _, lower, upper = unit_jackknife(value, np.where(np.abs(left) < 25, left, np.nan), level=level)
    return MantelHaenszel(value, lower, upper, int(use.sum()), int(n[use].sum()))


def official(ctx: Context, out: Collector) -> None:
    """Add how far conduct goes with results inside supervisors, and the same given achievement where it is known."""
    rows = latest(both_rated(ctx))
    if rows.empty:
        out.not_applicable("association_none", "association", FULL, n=0)
        return
    least = int(ctx.threshold("halo.min_supervisors").value)
    stratum = pd.factorize(rows["supervisor"], sort=True)[0]
    x, y = ((rows[c] == ABOVE).to_numpy(bool) for c in ("hasil", "perilaku"))
    fit = mantel_haenszel(x, y, stratum, ctx.config.level)
    about: dict[str, Any] = {"informative": fit.informative, "least": least}
    if not fit.informative:
        out.not_applicable("association_none", "association", FULL, n=len(rows))
    elif fit.informative < least or not math.isfinite(fit.lower):
        code = "association_few" if fit.informative < least else "association_one_way"
        out.insufficient(code, "association", FULL, **about)
    else:
        value, lower, upper = (math.exp(v) for v in (fit.value, fit.lower, fit.upper))
        estimate = Estimate(value, lower, upper, ctx.config.level, fit.members, "odds_ratio", "mantel_haenszel")
        out.add("association", Status.CLEAR, "association", scope=FULL, estimate=estimate, **about)
    _beyond(ctx, out, rows, least)


def _beyond(ctx: Context, out: Collector, rows: pd.DataFrame, least: int) -> None:
    """The association given achievement; nothing where no achievement is known."""
    frame = ctx.scores.frame
    known = frame[(frame["region"] == ctx.region) & (frame["year"] == ctx.year) & frame["achievement"].notna()]
    both = rows.merge(known.groupby("person")["achievement"].mean(), left_on="ratee", right_index=True)
    if both.empty:
        return
    both = both.sort_values(["supervisor", "ratee", "row"], kind="stable")
    spread = float(both["achievement"].std())
    terms = both[["hasil", "achievement"]].to_numpy(float) / np.array([1.0, spread if spread > 0 else 1.0])
    terms = terms if spread > 0 else terms[:, :1]
    fit = conditional_ordinal(
        both["perilaku"], terms, pd.factorize(both["supervisor"], sort=True)[0], level=ctx.config.level,
        min_informative=least,
    )  # fmt: skip
    about: dict[str, Any] = {"informative": int(fit.informative[0]), "least": least}
    if fit.reason or not math.isfinite(fit.upper[0]):
        out.insufficient("beyond_few", "association_beyond", FULL, **about)
        return
    value, lower, upper = (float(np.exp(v[0])) for v in (fit.coef, fit.lower, fit.upper))
    estimate = Estimate(value, lower, upper, ctx.config.level, len(both), "odds_ratio", fit.method)
    out.add("beyond", Status.CLEAR, "association_beyond", scope=FULL, estimate=estimate, **about)
