"""Agreement: how reliable a source is and how far sources agree, inside units, beside published figures.

Measures: ``reliability_single``, ``reliability_mean``, ``phi`` and ``raters_needed`` (per source), ``correlation`` (per
pair of sources, of two single ratings), ``descriptive`` (never judged), the region's ``verdict``, and ``stability``
(region, export of several periods), ``copies`` and ``copies_peers`` (ratings left out) and ``smallest_effect``.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import SOURCES
from kinerja_analysis.detect._agreement_stability import stability
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.contract import Collector, Threshold
from kinerja_analysis.detect.copied_peers import counted as counted_peers
from kinerja_analysis.detect.copied_peers import unoriginal
from kinerja_analysis.detect.copies import counted
from kinerja_analysis.stats import agreement_coefficients, source_correlation, source_reliability
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats.reliability import MIN_UNITS, SourceCorrelation, SourceReliability

NAME = "agreement"
MANY, FULL = "multisource", "ekinerja"
POWER = 0.80
MORE_RATERS = 2  #: what more raters would give is told for two more than there are
#: Conway & Huffcutt (1997), meta-analysis: reliability of one rating, and correlations of sources.
WORLD = {"supervisor": 0.50, "peer": 0.37, "subordinate": 0.30}
WORLD_PAIR = {
    ("supervisor", "self"): 0.22, ("supervisor", "peer"): 0.34, ("supervisor", "subordinate"): 0.22,
    ("self", "peer"): 0.19, ("self", "subordinate"): 0.14, ("peer", "subordinate"): 0.22,
}  # fmt: skip
#: Why an estimate has no range, and the message that says so.
WITHOUT_RANGE = {"constant": "no_variation", "no_spread": "no_error", "one_unit": "one_unit"}
MOST_ROWS = 4000
#: Levels above which scores are put on whole points of 0-100 for alpha and AC2.
MOST_LEVELS = 201
Fits = dict[str, SourceReliability]
Links = dict[tuple[str, str], tuple[SourceCorrelation, int]]


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on agreement of both data kinds."""
    out.not_applicable("no_data" if ctx.ekinerja.empty else "one_way", "verdict", FULL)
    over_supervisors(ctx, out)
    if ctx.multisource.empty:
        out.not_applicable("no_data", "verdict", MANY)
        return
    whole = located(ctx.pairs)
    pairs = whole[~unoriginal(ctx, whole)]
    if not (pairs.groupby("occasion")["rater"].size() > 1).any():
        out.not_applicable("one_source", "verdict", MANY)
        return
    sources = [s for s in SOURCES if (pairs["source"] == s).any()]
    fits = {s: _reliability(pairs[pairs["source"] == s], ctx.config.level) for s in sources if s != "self"}
    links = {p: _correlation(pairs, p, ctx.config.level) for p in combinations(sources, 2)}
    smallest_effect(ctx, out, {s: fit for s, fit in fits.items() if not fit.reason})
    rated = pairs["occasion"].isin(pairs.loc[pairs["source"] == "supervisor", "occasion"])
    beside = {s: fit if rated[pairs["source"] == s].all() else _reliability(
        pairs[rated & (pairs["source"] == s)], ctx.config.level) for s, fit in fits.items()}  # fmt: skip
    for source in fits:
        within_source(ctx, out, source, fits, beside, links)
    for pair, (link, people) in links.items():
        between_sources(ctx, out, pair, link, people)
    copies(ctx, out, whole, fits, links)
    descriptive(ctx, out, fits)
    verdict(out)


def located(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs with ``occasion`` (one employee) and ``place`` (see ``context.placed``) as codes.

    Of several periods of an employee the latest counts: two periods of one person do not show how people differ.
    An employee rated in two units counts in the one with most ratings.
    """
    rows = pairs[pairs["rater"].notna()]
    rows = rows[rows["period"] == rows.groupby("ratee")["period"].transform("max")]
    place = placed(rows)
    occasion = rows["period"] + "\x1f" + rows["ratee"]
    number = pd.DataFrame({"occasion": occasion, "place": place}).value_counts(sort=False).rename("n").reset_index()
    number = number.sort_values(["occasion", "n", "place"], ascending=[True, False, True], kind="stable")
    home = number.drop_duplicates("occasion").set_index("occasion")["place"]
    where = occasion.map(home)
    return rows.assign(
        occasion=pd.factorize(occasion, sort=True)[0], place=pd.factorize(where, sort=True)[0]
    ).reset_index(drop=True)


def copies(ctx: Context, out: Collector, whole: pd.DataFrame, fits: Fits, links: Links) -> None:
    """How many peer ratings were left out as copies, where there are any, and what they would have changed."""
    if told := counted(ctx):
        pair = ("supervisor", "peer")
        without, with_them = links.get(pair, (None, 0))[0], _correlation(whole, pair, ctx.config.level)[0]
        if without is None or without.reason or with_them.reason:
            out.add("copies_only", Status.CLEAR, "copies", scope=MANY, **told)
        else:
            out.add("copies", Status.CLEAR, "copies", scope=MANY, without=without.r, with_them=with_them.r, **told)
    if told := counted_peers(ctx):
        fit, all_ = fits.get("peer"), _reliability(whole[whole["source"] == "peer"], ctx.config.level)
        if fit is None or fit.reason or all_.reason:
            out.add("copies_peers_only", Status.CLEAR, "copies_peers", scope=MANY, **told)
        else:
            out.add("copies_peers", Status.CLEAR, "copies_peers", scope=MANY, without=fit.single,
                    with_them=all_.single, **told)  # fmt: skip


def _reliability(rows: pd.DataFrame, level: float) -> SourceReliability:
    rows = rows.groupby(["occasion", "rater"], sort=True, as_index=False).agg(
        score=("score", "mean"), place=("place", "first")
    )
    rater = pd.factorize(rows["rater"], sort=True)[0]
    return source_reliability(rows["score"], rows["occasion"], rater, rows["place"], level=level)


def _correlation(pairs: pd.DataFrame, sources: tuple[str, str], level: float) -> tuple[SourceCorrelation, int]:
    """Correlation of two single ratings of the same employee, one from each source; and the number of employees."""
    first, second = (pairs.loc[pairs["source"] == s, ["occasion", "place", "rater", "score"]] for s in sources)
    both = first.merge(second[["occasion", "rater", "score"]], on="occasion", suffixes=("", "_b"))
    both = both[both["rater"] != both["rater_b"]].sort_values(["occasion", "rater", "rater_b"], kind="stable")
    both = both[both.groupby("place")["occasion"].transform("nunique") > 1]
    return source_correlation(both["score"], both["score_b"], both["place"], level=level), both["occasion"].nunique()


def within_source(ctx: Context, out: Collector, source: str, fits: Fits, beside: Fits, links: Links) -> None:
    """Reliability of one rating and of the mean of a source, and the raters it needs.

    ``beside`` are the fits on the employees whom a supervisor rated too.
    """
    fit = fits[source]
    about: dict[str, Any] = {"kind": "source", "subject": source, "scope": MANY, "source": source}
    if fit.reason == "empty" and fit.n == fit.n_ratees:
        if source == "supervisor" and _triad(ctx, out, beside, links):
            return
        out.add("one_rating", Status.NOT_APPLICABLE, "reliability_single", **about)
        return
    if fit.reason:
        code = WITHOUT_RANGE.get(fit.reason, "few_units")
        out.add(code, Status.INSUFFICIENT, "reliability_single", units=fit.n_units, minimum=MIN_UNITS, **about)
        return
    limit = limit_of(ctx, source)
    world = WORLD.get(source, math.nan)
    estimate = Estimate(fit.single, fit.single_lower, fit.single_upper, fit.level, fit.n_ratees, "reliability",
                        "covariance of distinct raters within units, unit jackknife, t")  # fmt: skip
    _judged(out, "single", "reliability_single", estimate, limit, world, units=fit.n_units, **about)
    means = Estimate(fit.means, fit.means_lower, fit.means_upper, fit.level, fit.n_ratees, "reliability",
                     "ratee variance over variance of ratee means within units, unit jackknife, t")  # fmt: skip
    if math.isfinite(fit.means):
        out.add("mean", Status.CLEAR, "reliability_mean", estimate=means, raters=fit.raters_per_ratee, **about)
    absolute(ctx, out, fit, about)
    needed(ctx, out, fit, about)


def limit_of(ctx: Context, source: str) -> Threshold:
    """Return the reliability of one rating below which a source is flagged."""
    return ctx.threshold(f"agreement.{'supervisor' if source == 'supervisor' else 'peer'}_reliability")


def smallest_effect(ctx: Context, out: Collector, fits: Fits) -> None:
    """The reliability below which a source is flagged 80 times of 100, for the source where that is easiest to find.

    The range lies below the limit where r + (t(.975) + t(.8)) SE(r) does; SE is the source's own, changed with r as
    that of an intraclass correlation, (1 - r)(1 + (k - 1)r) (Fisher 1925).
    """
    found: list[tuple[float, float, str]] = []
    for source, fit in fits.items():
        k, limit = fit.raters_per_ratee, limit_of(ctx, source).value
        r = np.r_[fit.single, np.linspace(0, limit, 501)]
        shape = np.maximum((1 - r) * (1 + (k - 1) * r), 0.05)
        ends = stdtrit(fit.n_units - 1, [0.5 + ctx.config.level / 2, POWER])
        reach = (fit.single_upper - fit.single) * float(ends.sum() / ends[0]) * shape[1:] / shape[0]
        below = r[1:][r[1:] + reach < limit]
        found.append((float(below.max(initial=-1.0)), -fit.n_units * float(reach[0] / limit) ** 2, source))
    if not found:
        return
    value, needed, source = max(found)
    estimate = Estimate(value if value >= 0 else float(math.ceil(-needed)), level=ctx.config.level,
                        n=fits[source].n_ratees, unit="reliability" if value >= 0 else "count",
                        method="covariance of distinct raters within units, unit jackknife, t")  # fmt: skip
    out.add("smallest_effect" if value >= 0 else "smallest_none", Status.CLEAR, "smallest_effect", scope=MANY,
            estimate=estimate, source=source, limit=limit_of(ctx, source).value, units=fits[source].n_units,
            power=POWER)  # fmt: skip


def _judged(
    out: Collector, code: str, measure: str, estimate: Estimate, limit: Threshold, world: float, **about: Any
) -> None:
    """Add a finding that is flagged when its whole range lies below the limit."""
    low = estimate.upper < limit.value
    plain = f"{code}_plain" if math.isnan(world) and not low else code
    shown = None if math.isnan(world) else world
    status = Status.FLAGGED if low else Status.CLEAR
    out.add(f"{code}_low" if low else plain, status, measure, estimate=estimate, threshold=limit, world=shown, **about)


def _triad(ctx: Context, out: Collector, fits: Fits, links: Links) -> bool:
    """Reliability of one supervisor from supervisor x peer and peer x peer: r_SP² / reliability of one peer.

    Both of the same employees: where supervisors leave out the weak, peers tell those apart who are left less well.
    """
    for other in ("peer", "subordinate"):
        fit, (link, _) = fits.get(other), links.get(("supervisor", other), (None, 0))
        if fit is None or link is None or fit.reason or link.reason or not fit.single_lower > 0:
            continue
        units = np.union1d(fit.units, link.units)
        r = _without(units, link.units, link.replicates, link.r)
        rel = _without(units, fit.units, fit.replicates, fit.single)
        value = link.r * abs(link.r) / fit.single
        _, lower, upper = unit_jackknife(value, r * np.abs(r) / rel, level=ctx.config.level)
        estimate = Estimate(value, lower, upper, ctx.config.level, fit.n_ratees, "reliability",
                            "squared covariance over covariance of distinct raters, unit jackknife, t")  # fmt: skip
        limit = ctx.threshold("agreement.supervisor_reliability")
        about: dict[str, Any] = {"kind": "source", "subject": "supervisor", "scope": MANY, "source": "supervisor"}
        _judged(out, "triad", "reliability_single", estimate, limit, WORLD["supervisor"], other_source=other,
                units=units.size, **about)  # fmt: skip
        return True
    return False


def _without(units: np.ndarray, own: np.ndarray, replicates: np.ndarray, value: float) -> np.ndarray:
    """Leave-one-out values over ``units``; leaving out a unit that carries nothing changes nothing."""
    out = np.full(units.size, value)
    out[np.searchsorted(units, own)] = replicates
    return out


def raters_for(phi: float, single: float) -> float:
    """Raters per employee for a mean of reliability ``phi`` (Spearman-Brown, whole raters; inf if never).

    >>> raters_for(0.80, 0.37), raters_for(0.80, 0.0)
    (7.0, inf)
    """
    if not single > 0:
        return math.inf
    return float(math.ceil(phi * (1 - single) / (single * (1 - phi)) - 1e-9)) if single < 1 else 1.0


def absolute(ctx: Context, out: Collector, fit: SourceReliability, about: dict[str, Any]) -> None:
    """Φ of the mean of the raters there are, leniency counted as error, against both uses; described, not flagged."""
    decision, feedback = (ctx.threshold(f"agreement.phi_{use}").value for use in ("decision", "feedback"))
    k, more = fit.raters_per_ratee, round(fit.raters_per_ratee) + MORE_RATERS
    single = (fit.single, fit.single_lower, min(fit.single_upper, 1.0))
    value, lower, upper = (mean_of(k, r) for r in single)
    names = ("then", "then_lower", "then_upper")
    then: dict[str, Any] = {name: mean_of(more, r) for name, r in zip(names, single, strict=True)}
    if lower >= feedback:
        code = "phi_both" if lower >= decision else "phi_feedback_only" if upper < decision else "phi_feedback"
    else:
        code = "phi_neither" if upper < feedback else "phi_no_decision" if upper < decision else "phi_open"
    estimate = Estimate(value, lower, upper, fit.level, fit.n_ratees, "reliability",
                        "Spearman-Brown from reliability_single")  # fmt: skip
    out.add(code, Status.CLEAR, "phi", estimate=estimate, raters=k, decision=decision, feedback=feedback, more=more,
            **then, **about)  # fmt: skip


def mean_of(k: float, r: float) -> float:
    """Return the reliability of the mean of ``k`` ratings of reliability ``r`` (Spearman 1910, Brown 1910).

    >>> mean_of(3, 0.5), mean_of(3, -0.1)
    (0.75, 0.0)
    """
    return k * r / (1 + (k - 1) * r) if r > 0 else 0.0


def over_supervisors(ctx: Context, out: Collector) -> None:
    """With several periods of an export: does the order inside a team stay when the supervisor changes?"""
    found = stability(ctx.past.teams, ctx.config.level)
    if found is None:
        return
    least = int(ctx.threshold("agreement.min_changes").value)
    about: dict[str, Any] = {"changes": found.changes, "least": least}
    if found.changes < least:
        out.insufficient("stability_few", "stability", FULL, **about)
    elif math.isnan(found.difference):
        out.not_applicable("stability_constant", "stability", FULL, **about)
    else:
        estimate = Estimate(found.difference, found.lower, found.upper, ctx.config.level, found.n, "correlation",
                            "before and after inside teams, supervisor jackknife, t")  # fmt: skip
        out.add("stability", Status.CLEAR, "stability", scope=FULL, estimate=estimate, stayed=found.stayed,
                changed=found.changed, **about)  # fmt: skip


def needed(ctx: Context, out: Collector, fit: SourceReliability, about: dict[str, Any]) -> None:
    """How many raters of the source a decision needs."""
    phi = ctx.threshold("agreement.phi_decision")
    few, middle, many = (raters_for(phi.value, r) for r in (fit.single_upper, fit.single, fit.single_lower))
    shared: dict[str, Any] = {**about, "phi": phi.value, "raters": fit.raters_per_ratee}
    if math.isinf(middle):
        out.add("needed_never", Status.CLEAR, "raters_needed", **shared)
        return
    upper = many if math.isfinite(many) else math.nan
    estimate = Estimate(middle, few, upper, fit.level, fit.n_ratees, "count", "Spearman-Brown from reliability_single")
    code = "needed" if math.isfinite(many) else "needed_open"
    out.add(code, Status.CLEAR, "raters_needed", estimate=estimate, **shared)


def between_sources(
    ctx: Context, out: Collector, pair: tuple[str, str], link: SourceCorrelation, people: int
) -> None:
    """Correlation of two sources beside the published one."""
    about: dict[str, Any] = {
        "kind": "source_pair", "subject": "|".join(pair), "scope": MANY, "source_a": pair[0], "source_b": pair[1],
        "units": link.n_units,
    }  # fmt: skip
    if link.reason:
        code = WITHOUT_RANGE.get(link.reason, "few_units")
        out.add(f"{code}_pair", Status.INSUFFICIENT, "correlation", minimum=MIN_UNITS, **about)
        return
    lower, upper = min(link.lower, link.r), max(link.upper, link.r)  # Fisher's z there and back rounds
    estimate = Estimate(link.r, lower, upper, link.level, people, "correlation",
                        "two single ratings within units, Fisher z, unit jackknife")  # fmt: skip
    world = WORLD_PAIR.get(pair, math.nan)
    if "self" in pair:
        code = "pair_plain" if math.isnan(world) else "pair"
        shown = None if math.isnan(world) else world
        out.add(code, Status.CLEAR, "correlation", estimate=estimate, world=shown, **about)
        return
    limit = ctx.threshold("agreement.peer_supervisor_r")
    _judged(out, "pair", "correlation", estimate, limit, world, **about)


def descriptive(ctx: Context, out: Collector, fits: Fits) -> None:
    """Exact agreement, alpha and AC2 of the source with several raters per employee: description, never judged."""
    able = [s for s, fit in fits.items() if fit.reason in ("", "too_few_units", "constant", "no_spread")]
    if not able:
        return
    source = "peer" if "peer" in able else able[0]
    rows = ctx.multisource[(ctx.multisource["source"] == source) & ctx.multisource["rater"].notna()]
    rows = rows[~unoriginal(ctx, rows)]
    rows = rows.sort_values(["row", "criterion", "score"]).drop_duplicates(["period", "ratee", "criterion", "rater"])
    people, names = pd.factorize(rows["ratee"])
    if len(names) < ctx.config.minimum_n:
        return
    step = -(-len(names) * rows["criterion"].nunique() // MOST_ROWS)
    rows = rows[people % step == 0].sort_values(["period", "ratee", "criterion"], kind="stable")
    by = rows.groupby(["period", "ratee", "criterion"], sort=True)
    item, slot = by.ngroup().to_numpy(), by.cumcount().to_numpy()
    keep = slot < 6
    table = np.full((item.max() + 1, slot[keep].max() + 1), np.nan)
    table[item[keep], slot[keep]] = rows["score"].to_numpy(np.float64)[keep]
    percent = exactly_equal(table)
    if rows["score"].nunique() > MOST_LEVELS:  # alpha and AC2 need a square of the levels
        share = (rows["score"] - rows["scale_min"]) / (rows["scale_max"] - rows["scale_min"])
        table[item[keep], slot[keep]] = np.rint(100 * share.to_numpy(np.float64)[keep])
    fit = agreement_coefficients(table, "ordinal", level=ctx.config.level)
    place = {name: i for i, name in enumerate(fit.name)}
    alpha = place["alpha"]
    if fit.reason:
        return
    estimate = Estimate(fit.value[alpha], fit.lower[alpha], fit.upper[alpha], fit.level, len(names), "ratio",
                        "Krippendorff's alpha, ordinal")  # fmt: skip
    out.add(
        "descriptive", Status.CLEAR, "descriptive", kind="source", subject=source, scope=MANY, estimate=estimate,
        source=source, percent=percent, alpha=fit.value[alpha], ac2=fit.value[place["AC"]],
    )  # fmt: skip


def exactly_equal(table: np.ndarray) -> float:
    """Share of equal pairs of ratings of one subject, mean over subjects with two or more (NaN = not rated).

    >>> exactly_equal(np.array([[1.0, 1.0, 2.0], [3.0, 3.0, np.nan], [4.0, np.nan, np.nan]]))
    0.6666666666666666
    """
    given = (~np.isnan(table)).sum(axis=1)
    rows, n = table[given > 1], given[given > 1]
    equal = (rows[:, :, None] == rows[:, None, :]).sum(axis=(1, 2)) - n
    return float((equal / (n * (n - 1))).mean()) if n.size else math.nan


def verdict(out: Collector) -> None:
    """The region's answer: how many measures lie below the published ones."""
    judged = [f for f in out.found if f.scope == MANY and not math.isnan(f.threshold)]
    flagged = sum(f.status is Status.FLAGGED for f in judged)
    if not judged:
        out.insufficient("verdict_none", "verdict", MANY)
        return
    status = Status.FLAGGED if flagged else Status.CLEAR
    code = "verdict_low" if flagged else "verdict"
    out.add(code, status, "verdict", scope=MANY, flagged=flagged, family=len(judged))
