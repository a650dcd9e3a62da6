"""Who is left out: do the others see employees whom a source does not rate as they see those whom it rates?

Two sources are compared on the employees whom both rate. Where one of them chooses these by its own impression, the
comparison is of what it likes. Measure ``left_out``, subject kind ``source``; never a flag.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.attributes import scored
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.fixed_effects import fixed_effects

MANY, MEASURE = "multisource", "left_out"
SOURCES = ("supervisor", "peer")
OTHERS = ("supervisor", "peer", "subordinate", "other")
METHOD = "within_rater_cluster"


def left_out(ctx: Context, out: Collector) -> None:
    """Add one finding for each source that rates some employees of a unit and not others, unless these are few."""
    for source in SOURCES:
        rows = seen_by_others(ctx, source)
        if rows.loc[rows["without"], "ratee"].nunique() >= ctx.threshold("leniency.min_left_out").value:
            _told(ctx, out, source, rows)


def seen_by_others(ctx: Context, source: str) -> pd.DataFrame:
    """Return the ratings by all but a source and self, in units and periods where the source rates anybody.

    As ``attributes.scored``, with ``place`` and whether the source left the employee out (``without``).
    """
    rows = scored(ctx, tuple(s for s in OTHERS if s != source))
    mine = ctx.pairs[ctx.pairs["source"] == source]
    rows, mine = rows.assign(place=placed(rows)), mine.assign(place=placed(mine))

    def among(*keys: str) -> pd.Series:
        left, right = (pd.MultiIndex.from_frame(frame[list(keys)].astype(object)) for frame in (rows, mine))
        return pd.Series(left.isin(right), rows.index, dtype=bool)

    return rows.assign(without=~among("period", "ratee"))[among("period", "place")].reset_index(drop=True)


def _told(ctx: Context, out: Collector, source: str, rows: pd.DataFrame) -> None:
    """How much lower or higher the same raters score those left out, in SD of a rater's scores."""
    least = int(ctx.threshold("leniency.min_left_out").value)
    without = rows["without"].to_numpy()
    k, n = rows.loc[without, "ratee"].nunique(), rows["ratee"].nunique()
    stratum, place = (pd.factorize(rows[c], sort=True)[0] for c in ("stratum", "place"))
    x = without[:, None].astype(np.float64)
    fit = fixed_effects(rows["level"].to_numpy(np.float64), x, [stratum], place, level=ctx.config.level)
    about: dict[str, Any] = {"kind": "source", "subject": source, "scope": MANY, "k": k}
    about["top"] = int(source == "supervisor")
    if fit.reason or fit.n_clusters < least:
        out.add("left_out_few", Status.INSUFFICIENT, MEASURE, of=n, units=fit.n_clusters, least=least, **about)
        return
    value, lower, upper = (float(v[0]) for v in (fit.coef, fit.lower, fit.upper))
    code = "left_out_lower" if upper < 0 else "left_out_higher" if lower > 0 else "left_out_unclear"
    out.add(code, Status.CLEAR, MEASURE, estimate=Estimate(value, lower, upper, ctx.config.level, n, "sd", METHOD),
            p_value=float(fit.p[0]), units=fit.n_clusters, **about)  # fmt: skip
