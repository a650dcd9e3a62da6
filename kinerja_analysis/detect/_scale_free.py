"""Multi-source scores freed of the ends of their scale: what the rating scale model leaves of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.detect import fits
from kinerja_analysis.detect.attributes import scales
from kinerja_analysis.detect.context import Context

ENDS = 0.05  #: share of scores at an end of their scale from which on ends matter
LEAST = 1e-6  #: steps of the scale a logit; below, a pair's scores could hardly have been others


def at_the_ends(ratings: pd.DataFrame) -> float:
    """Return the share of scores by others at an end of their scale, where leniency has no room.

    >>> at_the_ends(pd.DataFrame({"source": "peer", "score": [5, 4, 1, 5], "scale_min": 1, "scale_max": 5}))
    0.75
    """
    rows = ratings[ratings["source"] != "self"]
    return float(((rows["score"] >= rows["scale_max"]) | (rows["score"] <= rows["scale_min"])).mean())


def ends_matter(ctx: Context) -> bool:
    """Tell whether enough scores are at an end of their scale for it to bend differences; else least squares hold."""
    return at_the_ends(ctx.multisource) >= ENDS


def method(ctx: Context) -> str:
    """Return the name of how contrasts of ``scale_free`` rows are estimated."""
    return "rasch_residual_cluster" if ends_matter(ctx) else "fixed_effects_cluster"


def alike(ctx: Context) -> list[str]:
    """Return the sources (not self) whose form has the same scales as that of the source with most ratings.

    Sources with other scales use them in a way of their own: their scores cannot be expected from one model.
    """
    rows = ctx.multisource[ctx.multisource["source"] != "self"]
    forms = {str(source): scales(mine) for source, mine in rows.groupby("source")}
    usual = forms[str(rows["source"].mode()[0])] if forms else []
    return [source for source, form in forms.items() if form == usual]


def scale_free(ctx: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows (as ``attributes.scored``) with ``level`` what the rating scale model leaves, and its ``weight``.

    Free effects of ratees and raters on a bounded scale leave an interaction where there is none: a lenient rater can
    add little to a score that is near the top without him. ``level`` is the pair's score less what the many-facet
    Rasch model of all ratings but self expects, in the SD of ``rows``, times how far a logit moves scores on average
    over how far it moves this one (a first step from no interaction, as in a score test); ``weight`` is the pair's
    information. Weight 0 where the model has nothing to calibrate, as for people rated by one rater, or at one end by
    all: they tell nothing of an interaction; and for sources that are not ``alike``. Where no ends matter, ``level``
    stays as it is, with weight 1.
    """
    from kinerja_analysis.stats import cell_residuals

    sources = alike(ctx)
    many = ctx.multisource["source"].isin([*sources, "self"])
    if not ends_matter(ctx):
        return rows.assign(weight=rows["source"].isin(sources).astype("float64"))
    model = ctx.rasch() if many.all() else ctx.memo("rasch_alike", lambda: fits.rasch(ctx.multisource[many]))
    if rows.empty or model.fit is None or model.fit.reason in ("empty", "constant"):
        return rows.assign(level=0.0, weight=0.0)
    spread = float((rows["score"] / rows["level"]).dropna().iloc[0])
    left = cell_residuals(model.fit, "ratee", "rater")
    found = pd.DataFrame({"expected": model.low + model.points * left.expected, "slope": left.slope})
    found["weight"] = np.where(left.slope > LEAST, left.slope * left.count, 0.0)
    found.index = pd.MultiIndex.from_arrays([np.array(model.ratees)[left.first], np.array(model.raters)[left.second]])
    mine = found.reindex(pd.MultiIndex.from_frame(rows[["ratee", "rater"]].astype(object))).fillna(0.0)
    weight, slope = mine["weight"].to_numpy(), mine["slope"].to_numpy()
    steep = float(left.slope @ left.count / left.count.sum())
    residual = (rows["score"].to_numpy() - mine["expected"].to_numpy()) / spread
    level = np.divide(steep * residual, slope, out=np.zeros(len(rows)), where=weight > 0)
    return rows.assign(level=level, weight=np.where(rows["source"].isin(sources), weight, 0.0))
