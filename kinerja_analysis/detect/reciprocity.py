"""Reciprocity: does a pair give back what it gets? Merit and leniency of both are taken out. Positive = raises.

Measures: ``reciprocity`` (colleagues who rate each other; region, and agencies as subject kind ``unit``), ``exchange``
(superiors and subordinates who rate each other) and ``smallest_effect``. Nobody is named; rings are not looked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.stats import adjust
from kinerja_analysis.stats.reciprocity import DyadicReciprocity, dyadic_reciprocity

NAME = "reciprocity"
MANY, FULL = "multisource", "ekinerja"
SOURCES = ("peer", "supervisor", "subordinate", "other")
#: Measure, name in the codes, and the sources of the two directions.
KINDS = (("reciprocity", "peers", ("peer", "peer")), ("exchange", "exchange", ("supervisor", "subordinate")))
REASON = {"too_large": "too_large", "not_identified": "not_separable", "constant": "constant"}
METHOD = "restricted likelihood, ratee and rater fixed, exact score test"


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on reciprocity of both data kinds."""
    out.not_applicable("no_data" if ctx.ekinerja.empty else "one_way", "reciprocity", FULL)
    if ctx.multisource.empty:
        out.not_applicable("no_data", "reciprocity", MANY)
        return
    rows = directed(ctx.pairs)
    minimum = int(ctx.threshold("reciprocity.min_dyads").value)
    tested = []
    for measure, name, between in KINDS:
        have = len(both_ways(rows, *between))
        if have >= minimum:
            tested.append((measure, name, between))
        elif have:
            out.insufficient(f"{name}_few", measure, MANY, have=have, minimum=minimum)
        else:
            out.not_applicable(f"{name}_none", measure, MANY)
    fits = [(measure, name, fitted(ctx, rows, between, len(tested))) for measure, name, between in tested]
    region(ctx, out, fits)
    agencies(ctx, out, rows[rows["source"] == "peer"], minimum)


def directed(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per rater, ratee and source: ``ratee rater source unit opd score``.

    Self ratings and unknown raters are left out. Periods are averaged after taking out the mean of each unit, period
    and source, so that a period with higher scores does not make two directions alike.
    """
    known = pairs[(pairs["source"] != "self") & pairs["rater"].notna() & (pairs["ratee"] != pairs["rater"])]
    place = placed(known)
    shift = known["score"].groupby([known["period"], place, known["source"]]).transform("mean")
    rows = known.assign(place=place, score=known["score"] - shift + known["score"].mean())
    found = rows.groupby(["ratee", "rater", "source"], as_index=False, sort=True).agg(
        score=("score", "mean"), unit=("place", "last"), opd=("opd", "last")
    )
    rank = found["source"].map({s: i for i, s in enumerate(SOURCES)})
    return found.iloc[np.lexsort((rank, found["rater"], found["ratee"]))].drop_duplicates(["ratee", "rater"])


def both_ways(rows: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the pairs rated in both directions, one row each: ``ratee rater`` of the direction from ``first``."""
    there, back = (rows.loc[rows["source"] == s, ["ratee", "rater"]] for s in (first, second))
    found = there.merge(back, left_on=["ratee", "rater"], right_on=["rater", "ratee"], suffixes=("", "_back"))
    found = found[["ratee", "rater"]]
    return found[found["ratee"] < found["rater"]] if first == second else found


def fitted(ctx: Context, rows: pd.DataFrame, between: tuple[str, str], family: int) -> DyadicReciprocity:
    """Fit one kind of pairs. Colleagues: their ratings alone; exchange: all sources, each with its own spread."""
    if between[0] == between[1]:
        rows = rows[rows["source"] == between[0]]
    people = pd.Index(np.unique(np.concatenate([rows["ratee"], rows["rater"]]).astype(str)))
    home = rows.drop_duplicates("ratee").set_index("ratee")["unit"].reindex(people)
    unit = pd.factorize(home.replace("", None), sort=True)[0]
    source = pd.factorize(pd.Categorical(rows["source"], SOURCES), sort=True)
    code = {str(s): i for i, s in enumerate(source[1])}
    return dyadic_reciprocity(
        rows["score"], people.get_indexer(rows["ratee"]), people.get_indexer(rows["rater"]), source=source[0],
        between=(code[between[0]], code[between[1]]), unit=unit, delta=ctx.threshold("reciprocity.rho").value,
        alpha=ctx.config.fdr / max(family, 1), level=ctx.config.level,
    )  # fmt: skip


def region(ctx: Context, out: Collector, fits: list[tuple[str, str, DyadicReciprocity]]) -> None:
    """The region's answer for each kind of pairs, one family, after what the design can find."""
    good = [(measure, name, fit) for measure, name, fit in fits if not fit.reason]
    for measure, name, fit in fits:
        if fit.reason:
            out.insufficient(f"{name}_{REASON[fit.reason]}", measure, MANY)
        elif math.isfinite(fit.detectable):
            estimate = Estimate(fit.detectable, level=fit.level, n=fit.n_dyads, unit="correlation", method=METHOD)
            out.add(f"{name}_smallest", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate,
                    dyads=fit.n_dyads, power=fit.power)  # fmt: skip
    adjusted = adjust([fit.p_beyond for *_, fit in good], "bh") if good else ()
    for (measure, name, fit), corrected in zip(good, adjusted, strict=True):
        _verdict(ctx, out, measure, name, fit, float(corrected))


def agencies(ctx: Context, out: Collector, rows: pd.DataFrame, minimum: int) -> None:
    """One finding per agency on its colleagues, one family; pairs across agencies count in the region only."""
    found = []
    for opd, part in rows[rows["opd"].notna() & (rows["opd"] != "")].groupby("opd", sort=True):
        mutual = both_ways(part, "peer", "peer")
        about: dict[str, Any] = {"kind": "unit", "subject": str(opd)}
        if len(mutual) < minimum:
            out.add("unit_few", Status.INSUFFICIENT, "reciprocity", scope=MANY, have=len(mutual), minimum=minimum,
                    **about)  # fmt: skip
            continue
        fit = fitted(ctx, part, ("peer", "peer"), 1)
        if fit.reason:
            out.add("unit_none", Status.INSUFFICIENT, "reciprocity", scope=MANY, **about)
            continue
        found.append((about | {"rows": _cited(ctx.pairs, mutual, str(opd))}, fit))
    adjusted = adjust([fit.p_beyond for _, fit in found], "bh") if found else ()
    for (about, fit), corrected in zip(found, adjusted, strict=True):
        _verdict(ctx, out, "reciprocity", "unit", fit, float(corrected), **about)


def _cited(pairs: pd.DataFrame, mutual: pd.DataFrame, opd: str) -> list[str]:
    """Return the addresses of both directions of the pairs."""
    turned = mutual.rename(columns={"ratee": "rater", "rater": "ratee"})
    wanted = pairs[(pairs["source"] == "peer") & (pairs["opd"] == opd)]
    chosen = wanted.merge(pd.concat([mutual, turned]), on=["ratee", "rater"])
    return [address for lists in chosen["rows"] for address in lists]


def _verdict(
    ctx: Context, out: Collector, measure: str, name: str, fit: DyadicReciprocity, corrected: float, **about: Any
) -> None:
    """Beyond the practical difference, shown but not beyond, at most so much, or not known."""
    limit = ctx.threshold("reciprocity.rho")
    flagged = corrected <= ctx.config.fdr
    code = "beyond" if flagged else "at_most" if fit.upper < limit.value else "shown" if fit.lower > 0 else "unclear"
    estimate = Estimate(fit.rho, fit.lower, fit.upper, fit.level, fit.n_dyads, "correlation", METHOD)
    out.add(
        f"{name}_{code}", Status.FLAGGED if flagged else Status.CLEAR, measure, scope=MANY, estimate=estimate,
        threshold=limit, p_value=fit.p_beyond, p_adjusted=corrected, dyads=fit.n_dyads, most=max(fit.upper, 0.0),
        p_none=fit.p_greater, dropped=fit.n_dropped, **about,
    )  # fmt: skip
