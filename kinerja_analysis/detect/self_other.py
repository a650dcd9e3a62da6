"""Self and other ratings: only their difference is identified, not who is closer to the truth. Positive = self higher.

Measures: ``difference`` (region, and agencies as subject kind ``unit``), ``difference_by_source`` (per source),
``categories`` (shares of employees, beside the shares that the precision of ratings alone gives), ``surface``
(region: a separate outcome on both ratings) and ``smallest_effect``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import SOURCES
from kinerja_analysis.detect._self_other_surface import surface
from kinerja_analysis.detect.attributes import scales
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.contract import Collector, plain
from kinerja_analysis.stats import adjust, minimal_effect_test
from kinerja_analysis.stats.self_other import MIN_UNITS, SelfOther, self_other

NAME = "self_other"
MANY, FULL = "multisource", "ekinerja"
POWER = 0.80
#: Reliability of one rating (Conway & Huffcutt 1997; other sources: the lowest of these), for the expected shares.
WORLD_RELIABILITY = {"supervisor": 0.50, "peer": 0.37, "subordinate": 0.30, "other": 0.30}


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on self and other ratings of both data kinds."""
    out.not_applicable("no_data" if ctx.ekinerja.empty else "one_way", "difference", FULL)
    if ctx.multisource.empty:
        out.not_applicable("no_data", "difference", MANY)
        return
    pairs = on_one_scale(ctx)
    own, sources = views(pairs)
    people = both_views(own, sources)
    if people.empty:
        differ = not both_views(*views(ctx.pairs)).empty
        out.not_applicable("scales_differ" if differ else "no_self", "difference", MANY)
        return
    minimum = int(ctx.threshold("self_other.min_employees").value)
    units = people["place"].nunique()
    if len(people) < minimum or units < MIN_UNITS:
        out.insufficient("few", "difference", MANY, have=len(people), units=units, minimum=minimum,
                         minimum_units=MIN_UNITS)  # fmt: skip
        return
    sd = single_sd(pairs[pairs["ratee"].isin(people["ratee"])])
    if not sd > 0:
        out.insufficient("constant", "difference", MANY)
        return
    region(ctx, out, people, sd)
    by_source(ctx, out, own, sources)
    agencies(ctx, out, people, sd, own, sources)
    surface(ctx, out, lambda cell: both_views(*views(on_one_scale(cell))), MANY)


def on_one_scale(ctx: Context) -> pd.DataFrame:
    """Return the pairs of the sources whose form has the scales of self ratings: other numbers do not mean the same."""
    forms = {source: scales(rows) for source, rows in ctx.multisource.groupby("source")}
    alike = [source for source, used in forms.items() if used == forms.get("self", used)]
    return ctx.pairs[ctx.pairs["source"].isin(alike)]


def views(pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return self ratings per period and employee, and the mean of each other source with its published reliability."""
    mine = pairs["source"] == "self"
    own = pairs[mine].groupby(["period", "ratee"], as_index=False).agg(
        own=("score", "mean"), unit=("unit", "first"), opd=("opd", "first")
    )
    sources = pairs[~mine].groupby(["period", "ratee", "source"], as_index=False).agg(
        others=("score", "mean"), k=("score", "size")
    )
    single = sources["source"].map(WORLD_RELIABILITY).astype("float64")
    return own, sources.assign(reliability=sources["k"] * single / (1 + (sources["k"] - 1) * single))


def both_views(own: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return one row per employee with a self rating and a rating by others.

    Columns: ``ratee own others place opd reliability``; periods are averaged, ``others`` gives each source equal
    weight, ``place`` is the unit's code, ``reliability`` that of ``others`` from published single-rating values.
    """
    others = sources.groupby(["period", "ratee"], as_index=False)[["others", "reliability"]].mean()
    both = own.merge(others, on=["period", "ratee"]).sort_values(["ratee", "period"], kind="stable")
    people = both.groupby("ratee", as_index=False, sort=True).agg(
        own=("own", "mean"), others=("others", "mean"), reliability=("reliability", "mean"),
        unit=("unit", "last"), opd=("opd", "last"),
    )  # fmt: skip
    return people.assign(place=pd.factorize(placed(people), sort=True)[0], opd=people["opd"].fillna(""))


def single_sd(pairs: pd.DataFrame) -> float:
    """Return the SD within units of a single rating: root mean of the variances of self and of other ratings.

    This is the yardstick of published differences (one rating against one rating); a mean of several raters varies
    less and would make the same difference look larger.
    """
    place = placed(pairs)
    found = []
    for own in (True, False):
        rows = pairs[(pairs["source"] == "self") == own]
        by = rows.groupby([place[rows.index], rows["period"]])["score"]
        freedom = len(rows) - by.ngroups
        squares = float(((rows["score"] - by.transform("mean")) ** 2).sum())
        found.append(squares / freedom if freedom > 0 else math.nan)
    return float(np.sqrt(np.mean(found)))


def fitted(people: pd.DataFrame, cluster: np.ndarray, ctx: Context) -> SelfOther:
    """Fit one set of employees; what the members of a unit share is taken out, the difference stays."""
    level = (people["own"] + people["others"]).groupby(people["place"]).transform("mean") / 2
    reliability = (ctx.threshold("self_other.self_reliability").value, float(people["reliability"].mean()))
    return self_other(people["own"] - level, people["others"] - level, cluster, reliability=reliability,
                      level=ctx.config.level)  # fmt: skip


def _estimate(fit: SelfOther, method: str) -> Estimate:
    return Estimate(fit.difference, float(fit.lower[0]), float(fit.upper[0]), fit.level, fit.n, "points", method)


def region(ctx: Context, out: Collector, people: pd.DataFrame, sd: float) -> None:
    """The region's difference, and how many employees lie on either side."""
    fit = fitted(people, people["place"].to_numpy(), ctx)
    limit = ctx.threshold("self_other.d_av").value * sd
    smallest_effect(ctx, out, fit, limit, sd)
    code = "higher" if fit.lower[0] > limit else "lower" if fit.upper[0] < -limit else "usual"
    out.add(
        code, Status.CLEAR if code == "usual" else Status.FLAGGED, "difference", scope=MANY,
        estimate=_estimate(fit, "mean over employees, delete-one-unit jackknife, t"), threshold=limit, p_value=fit.p,
        size=abs(fit.difference), d_av=fit.difference / sd, d_av_lower=float(fit.lower[0]) / sd,
        d_av_upper=float(fit.upper[0]) / sd, d_z=plain(fit.d_z), r=plain(fit.r), sd=sd, units=fit.n_units,
        world=ctx.threshold("self_other.world").value,
    )  # fmt: skip
    if np.isfinite(fit.shares).all():
        over, same, under = (float(s) for s in fit.shares)
        out.add("categories", Status.CLEAR, "categories", scope=MANY,
                estimate=Estimate(over, level=fit.level, n=fit.n, unit="share", method="full count"),
                over=over, same=same, under=under, expected=float(fit.expected[0]))  # fmt: skip


def smallest_effect(ctx: Context, out: Collector, fit: SelfOther, limit: float, sd: float) -> None:
    """The smallest difference whose range lies beyond the limit 80 times of 100: limit + (t(.975) + t(.8)) SE."""
    ends = stdtrit(fit.n_units - 1, [0.5 + ctx.config.level / 2, POWER])
    points = limit + (fit.upper[0] - fit.difference) * ends.sum() / ends[0]
    estimate = Estimate(float(points) / sd, level=fit.level, n=fit.n, unit="sd", method="range beyond the limit, t")
    out.add("smallest_effect", Status.CLEAR, "smallest_effect", scope=MANY, estimate=estimate, points=float(points),
            units=fit.n_units, power=POWER)  # fmt: skip


def by_source(ctx: Context, out: Collector, own: pd.DataFrame, sources: pd.DataFrame) -> None:
    """The same difference against each source alone; single supervisor ratings beside the published figure."""
    for source in (s for s in SOURCES if s != "self"):
        people = both_views(own, sources[sources["source"] == source])
        if people["place"].nunique() < MIN_UNITS:
            continue
        chosen = ctx.pairs["source"].isin(["self", source]) & ctx.pairs["ratee"].isin(people["ratee"])
        sd = single_sd(ctx.pairs[chosen])
        if not sd > 0:
            continue
        fit = fitted(people, people["place"].to_numpy(), ctx)
        about: dict[str, Any] = {"kind": "source", "subject": source, "scope": MANY, "source": source}
        world = ctx.threshold("self_other.world").value if source == "supervisor" else None
        out.add(
            "by_supervisor" if world else "by_source", Status.CLEAR, "difference_by_source",
            estimate=_estimate(fit, "mean over employees, delete-one-unit jackknife, t"), p_value=fit.p,
            d_av=fit.difference / sd, d_z=plain(fit.d_z), r=plain(fit.r), sd=sd, world=world, **about,
        )  # fmt: skip


def agencies(
    ctx: Context, out: Collector, people: pd.DataFrame, sd: float, own: pd.DataFrame, sources: pd.DataFrame
) -> None:
    """One finding per agency: minimal-effect test on the mean difference, one family.

    The p-value is no smaller than that of any one source against no difference: what only the supervisors' ratings
    show is their severity or leniency as well, no matter of the self ratings.
    """
    minimum = int(ctx.threshold("self_other.min_employees").value)
    limit = ctx.threshold("self_other.d_av").value * sd
    found: list[tuple[str, pd.DataFrame, float, float, float, str]] = []
    for opd, rows in people[people["opd"] != ""].groupby("opd", sort=True):
        name = str(opd)
        if len(rows) < minimum:
            out.add("unit_few", Status.INSUFFICIENT, "difference", kind="unit", subject=name, scope=MANY,
                    have=len(rows), minimum=minimum)  # fmt: skip
            continue
        found.append((name, rows, *_mean(rows)))
    value, se, freedom = (np.array([f[i] for f in found], dtype=np.float64) for i in (2, 3, 4))
    se = np.maximum(se, 1e-9)
    alone = _by_one_source(own, sources, minimum)
    p = [max(one, *(alone.get((found[i][0], source, value[i] > 0), 0.0) for source in SOURCES))
         for i, one in enumerate(minimal_effect_test(value, se, limit, freedom))]  # fmt: skip
    half = stdtrit(freedom, 0.5 + ctx.config.level / 2) * se
    mine = ctx.pairs[ctx.pairs["source"] == "self"]
    for i, corrected in enumerate(adjust(np.array(p), "bh") if found else ()):
        name, rows, mean, _, _, method = found[i]
        flagged = corrected <= ctx.config.fdr
        code = ("unit_higher" if mean > 0 else "unit_lower") if flagged else "unit_usual"
        estimate = Estimate(mean, mean - half[i], mean + half[i], ctx.config.level, len(rows), "points", method)
        cited = [address for pair in mine.loc[mine["ratee"].isin(rows["ratee"]), "rows"] for address in pair]
        out.add(
            code, Status.FLAGGED if flagged else Status.CLEAR, "difference", kind="unit", subject=name, scope=MANY,
            estimate=estimate, threshold=limit, p_value=p[i], p_adjusted=corrected, rows=cited, size=abs(mean),
            d_av=mean / sd,
        )  # fmt: skip


def _by_one_source(own: pd.DataFrame, sources: pd.DataFrame, minimum: int) -> dict[tuple[str, str, bool], float]:
    """Return per agency, source and direction (True: self ratings higher) the one-sided p of no difference from it."""
    found: dict[tuple[str, str, bool], float] = {}
    for source, part in sources.groupby("source"):
        for opd, rows in both_views(own, part).groupby("opd"):
            if len(rows) < minimum:
                continue
            value, se, freedom, _ = _mean(rows)
            below = float(stdtr(freedom, value / max(se, 1e-9)))
            found |= {(str(opd), str(source), True): 1 - below, (str(opd), str(source), False): below}
    return found


def _mean(rows: pd.DataFrame) -> tuple[float, float, float, str]:
    """Mean difference of an agency, its SE and degrees of freedom: over units, or over employees below 5 units."""
    d = (rows["own"] - rows["others"]).to_numpy(np.float64)
    place = rows["place"].to_numpy()
    units = np.unique(place).size
    centred = d - d.mean()
    if units < MIN_UNITS:
        se = float(np.sqrt((centred**2).sum() / (d.size * (d.size - 1))))
        return float(d.mean()), se, float(d.size - 1), "mean over employees, t"
    total = pd.Series(centred).groupby(place).sum().to_numpy()
    se = float(np.sqrt((total**2).sum() * units / (units - 1))) / d.size
    return float(d.mean()), se, float(units - 1), "mean over employees, clustered by unit, t"
