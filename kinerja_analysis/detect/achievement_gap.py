"""Ratings against achievement, inside supervisors only: does a better result go with a better rating?

Measures: ``smallest_effect`` (region), ``order`` (region), ``order_others`` (region, achievement measured by others
alone), ``ignoring`` (region: how far supervisors differ), ``supervisor_order`` (region and rater), ``order_by_sector``
(aspect, and sector or agency with aspect), ``slope`` (region), ``beyond_achievement`` (region and rater),
``agency_beyond`` (unit), ``measured_by``, and the lists ``top_missed`` and ``low_reached``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect._achievement_beyond import Beyond, agencies, beyond, within_slope
from kinerja_analysis.detect._achievement_order import (
    POWER,
    Regional,
    below,
    factor,
    findable,
    freed,
    regional,
    two_kinds,
)
from kinerja_analysis.detect._achievement_rows import Cell, chosen, rated
from kinerja_analysis.detect._achievement_sectors import yardsticks
from kinerja_analysis.detect.attributes import latest, members
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, Threshold
from kinerja_analysis.detect.evidence import achievements
from kinerja_analysis.stats import adjust, ordered_pairs, shrink

NAME = "achievement_gap"
FULL, MANY = "ekinerja", "multisource"
SECTOR_CODES = {"aspect": "in_aspect", "framework": "in_sector", "opd": "in_agency"}


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on achievement of both data kinds."""
    known = achievements(ctx)
    official, scores = _official(ctx), _scores(ctx)
    answered: dict[str, pd.DataFrame] = {}
    for scope, rows, missing in ((FULL, official, ctx.ekinerja.empty), (MANY, scores, ctx.multisource.empty)):
        if known.empty:
            out.not_applicable("no_achievements", "order", scope)
        elif rows.empty:
            out.not_applicable(f"no_{scope}" if missing else f"no_supervisor_{scope}", "order", scope)
        else:
            base = rated(scope, rows)
            evidence = base.evidence(known)
            if _scope(ctx, out, chosen(base, evidence)):
                answered[scope] = base.rows.assign(achievement=evidence).dropna(subset=["achievement"])
    if answered:
        _measured_by(ctx, out)
    if FULL in answered:
        _lists(ctx, out, answered[FULL])


def _official(ctx: Context) -> pd.DataFrame:
    rows = latest(members(ctx)).rename(columns={"level": "score", "row": "rows"})
    return rows[["period", "supervisor", "ratee", "score", "opd", "predikat", "rows"]]


def _scores(ctx: Context) -> pd.DataFrame:
    pairs = ctx.pairs
    keep = (pairs["source"] == "supervisor") & pairs["rater"].notna() & (pairs["rater"] != pairs["ratee"])
    rows = latest(pairs[keep]).rename(columns={"rater": "supervisor"})
    return rows[["period", "supervisor", "ratee", "score", "opd", "rows"]]


def _scope(ctx: Context, out: Collector, cell: Cell) -> bool:
    """Examine one kind of data; False where too few supervisors tell their employees apart."""
    least = int(ctx.threshold("achievement_gap.min_supervisors").value)
    if len(cell.names) < least:
        out.insufficient("few_supervisors", "order", cell.scope, n_teams=len(cell.names), least=least,
                         n_single=cell.single, n=cell.n)  # fmt: skip
        return False
    region = regional(cell.teams, ctx.config.level)
    _smallest(ctx, out, cell)
    _order(ctx, out, cell, region)
    _others(ctx, out, cell)
    _sectors(ctx, out, cell)
    _beyond(ctx, out, cell)
    if region.net > float(ndtri(0.5 + ctx.config.level / 2)) * region.se:
        _ignoring(ctx, out, cell, _supervisors(ctx, out, cell, region))
    else:
        out.insufficient("no_yardstick", "ignoring", cell.scope, n_teams=len(cell.names))
        out.insufficient("no_yardstick", "supervisor_order", cell.scope, n_teams=len(cell.names))
    return True


def _told(cell: Cell) -> int:
    """Employees of the supervisors who tell theirs apart."""
    return int(cell.teams.n.sum())


# --- the region ----------------------------------------------------------------------------------------------


def _smallest(ctx: Context, out: Collector, cell: Cell) -> None:
    """What this design can find, before the results."""
    limit, reliability = (ctx.threshold(f"achievement_gap.{t}").value for t in ("region_order", "reliability_low"))
    found = findable(cell.teams, limit, reliability, ctx.config.level)
    estimate = Estimate(found.share, level=ctx.config.level, n=_told(cell), unit="share", method="pairs_chance")
    out.add("smallest_effect", Status.CLEAR, "smallest_effect", scope=cell.scope, estimate=estimate, power=POWER,
            hundred=100 * found.share, pairs=int(cell.teams.pairs.sum()), chance=found.chance,
            n_teams=len(cell.names), needed=math.ceil(found.factor * len(cell.names)))  # fmt: skip


def _order(ctx: Context, out: Collector, cell: Cell, region: Regional) -> None:
    """Of 100 separated pairs, how many follow achievement; flagged only if so over the whole range of reliability."""
    limit, reliability = ctx.threshold("achievement_gap.region_order"), ctx.threshold("achievement_gap.reliability_low")
    fit = ordered_pairs(cell.score, cell.evidence, cell.team, reliability=reliability.value, level=ctx.config.level)
    free, free_upper = (
        (1 + freed(2 * share - 1, fit.r, reliability.value)) / 2 for share in (region.share, region.upper)
    )
    code = "not_following" if free_upper < limit.value else "direction" if region.lower > 0.5 else "unclear"
    code = "follows" if region.lower > limit.value else code
    out.add(
        code, Status.FLAGGED if code == "not_following" else Status.CLEAR, "order", scope=cell.scope,
        estimate=_estimate(ctx, region, _told(cell)), threshold=limit, n_teams=len(cell.names),
        hundred_free=100 * free, reliability=reliability.value, limit=100 * limit.value, concordant=fit.concordant,
        discordant=fit.discordant, tied=fit.tied, tau_a=fit.tau_a, tau_a_lower=fit.tau_a_lower,
        tau_a_upper=fit.tau_a_upper, somers_d=region.net, r=fit.r, **_hundred(region),
    )  # fmt: skip


def _hundred(r: Regional) -> dict[str, Any]:
    return {"hundred": 100 * r.share, "hundred_lower": 100 * r.lower, "hundred_upper": 100 * r.upper}


def _estimate(ctx: Context, r: Regional, n: int) -> Estimate:
    return Estimate(r.share, r.lower, r.upper, ctx.config.level, n, "share", "pairs_jackknife")


def _others(ctx: Context, out: Collector, whole: Cell) -> None:
    """The same with achievement measured by others alone, where the file holds both kinds."""
    if not {"rater", "other"} <= set(ctx.tables.achievements["measured_by"].dropna()):
        return
    part = _by_others(ctx, whole)
    if len(part.names) >= int(ctx.threshold("achievement_gap.min_supervisors").value):
        region = regional(part.teams, ctx.config.level)
        out.add("others_follow", Status.CLEAR, "order_others", scope=part.scope, n_teams=len(part.names),
                estimate=_estimate(ctx, region, part.n), **_hundred(region))  # fmt: skip


def _by_others(ctx: Context, whole: Cell) -> Cell:
    """The members of ``whole`` with an achievement measured by others, by that alone."""
    known = ctx.memo("by_others", lambda: achievements(ctx, measured_by="other"))
    return ctx.memo((NAME, "by_others", whole.scope), lambda: _again(whole, whole.base.evidence(known)))  # type: ignore[no-any-return]


def _again(whole: Cell, evidence: np.ndarray, here: np.ndarray | None = None) -> Cell:
    """The members of ``whole`` (of ``here`` alone) by another achievement."""
    inside = np.zeros(len(whole.base.team), dtype=bool)
    inside[whole.at] = True
    return chosen(whole.base, evidence, inside if here is None else inside & here)


def _sectors(ctx: Context, out: Collector, whole: Cell) -> None:
    """The order by aspect and sector, where enough supervisors tell; describes only.

    Sectors are those of the region's indicator system, where it says what they are measured by, else agencies.
    """
    least = int(ctx.threshold("achievement_gap.min_supervisors").value)
    for y in yardsticks(ctx, whole.base):
        own = _again(whole, y.evidence, y.here)
        if len(own.names) < least:
            continue
        region = regional(own.teams, ctx.config.level)
        kind, subject = ("sector", f"{y.sector}|{y.measure}") if y.sector else ("aspect", y.measure)
        out.add(SECTOR_CODES[y.by], Status.CLEAR, "order_by_sector", kind=kind, subject=subject, scope=own.scope,
                estimate=_estimate(ctx, region, own.n), n_teams=len(own.names), opd=y.sector, aspect=y.measure,
                **_hundred(region))  # fmt: skip


def _beyond(ctx: Context, out: Collector, cell: Cell) -> None:
    """Slope inside supervisors, and supervisors whose ratings exceed achievement, over the range of its reliability.

    Only with achievement measured by others: where the rater sets or records it, easy targets hide leniency.
    """
    by = set(ctx.tables.achievements["measured_by"].dropna())
    if "other" not in by:
        out.not_applicable("beyond_rater" if by else "beyond_unknown", "beyond_achievement", cell.scope)
        return
    own = _by_others(ctx, cell)
    names, least = own.every, int(ctx.threshold("achievement_gap.min_supervisors_spread").value)
    slope = within_slope(own.score, own.evidence, own.team) if len(names) >= least else None
    if slope is None:
        out.insufficient("beyond_few", "beyond_achievement", cell.scope, n_teams=len(names), least=least)
        return
    lowest, limit = (ctx.threshold(f"achievement_gap.{t}") for t in ("reliability_low", "beyond"))
    half = float(stdtrit(slope.df, 0.5 + ctx.config.level / 2)) * slope.se
    ends = (slope.value - half, slope.value + half)
    out.add("slope", Status.CLEAR, "slope", scope=cell.scope, n_teams=len(names), reliability=lowest.value,
            estimate=Estimate(slope.value, *ends, ctx.config.level, own.n, "sd", "within_slope_cluster"),
            steep=slope.value / lowest.value)  # fmt: skip
    made = beyond(own.score, own.evidence, own.team, slope, lowest.value, limit.value)
    _teams_beyond(ctx, out, own, made, limit)
    _agencies_beyond(ctx, out, own, made, limit)


def _teams_beyond(ctx: Context, out: Collector, own: Cell, made: Beyond, limit: Threshold) -> None:
    """One finding per supervisor with enough employees, one family; then how many were named."""
    least, names, scope = int(ctx.threshold("achievement_gap.min_ratees").value), own.every, own.scope
    enough = made.n >= least
    if not enough.any():
        out.insufficient("beyond_small", "beyond_achievement", scope, n_teams=len(names), least=least)
        return
    about = [{"kind": "rater", "subject": name, "rows": own.cited[name]} for name in names]
    flagged = _each_beyond(ctx, out, made, limit, enough, about, measure="beyond_achievement", scope=scope)
    estimate = Estimate(int(flagged.sum()), level=ctx.config.level, n=int(made.n[enough].sum()), unit="count",
                        method="minimal_effect_bh")  # fmt: skip
    out.add(
        "beyond_some" if flagged.any() else "beyond_none", Status.FLAGGED if flagged.any() else Status.CLEAR,
        "beyond_achievement", scope=scope, estimate=estimate, flagged=int(flagged.sum()), family=int(enough.sum()),
        n_few=int((~enough).sum()), limit=limit.value, reliability=float(made.reliability[0]),
        tightest=float(np.maximum(made.se, made.own_se)[enough].min()),
    )  # fmt: skip


def _each_beyond(
    ctx: Context, out: Collector, made: Beyond, limit: Threshold, enough: np.ndarray, about: list[dict[str, Any]],
    *, measure: str, scope: str, stem: str = "beyond",
) -> np.ndarray:  # fmt: skip
    """One finding per supervisor or agency with enough employees or supervisors, one family; return who is flagged."""
    adjusted = adjust(np.where(enough, made.p, np.nan), "bh")
    flagged: np.ndarray = enough & (adjusted <= ctx.config.fdr)
    half, middle = made.half(ctx.config.level), made.value.shape[1] // 2
    for i in np.flatnonzero(enough):
        lower, upper = float((made.value - half)[i].min()), float((made.value + half)[i].max())
        estimate = Estimate(float(made.value[i, middle]), lower, upper, ctx.config.level, int(made.n[i]), "sd",
                            "beyond_range")  # fmt: skip
        sign = "higher" if made.value[i, middle] > 0 else "lower"
        out.add(
            f"{stem}_{sign}" if flagged[i] else f"{stem}_not_shown", Status.FLAGGED if flagged[i] else Status.CLEAR,
            measure, scope=scope, estimate=estimate, threshold=limit, p_value=made.p[i], p_adjusted=adjusted[i],
            least_size=made.value[i].min(), most_size=made.value[i].max(), **about[i],
        )  # fmt: skip
    return flagged


def _agencies_beyond(ctx: Context, out: Collector, own: Cell, made: Beyond, limit: Threshold) -> None:
    """The same of agencies with enough supervisors, beside the others; supervisors count where most of the team is."""
    least = int(ctx.threshold("achievement_gap.min_teams").value)
    rows = own.base.rows.iloc[own.at].assign(opd=lambda r: r["opd"].fillna(""))
    home = rows["opd"].groupby(own.team).agg(lambda of: of.value_counts(sort=False).sort_index().idxmax())
    code, names = pd.factorize(home, sort=True)
    enough = (np.bincount(code) >= least) & (names != "")
    if len(names) < 2 or not enough.any():
        out.insufficient("agencies_few", "agency_beyond", own.scope, least=least, n_agencies=len(names))
        return
    of = rows.groupby("opd")["rows"].agg(list)
    flat = ([a for r in of[n] for a in (r if isinstance(r, list) else [r])] for n in names)
    about = [{"kind": "unit", "subject": str(n), "rows": cited} for n, cited in zip(names, flat, strict=True)]
    _each_beyond(ctx, out, agencies(made, code, limit.value), limit, enough, about, measure="agency_beyond",
                 scope=own.scope, stem="agency")  # fmt: skip


def _measured_by(ctx: Context, out: Collector) -> None:
    """Who measured achievement: agreement proves nothing where the rater did."""
    table = ctx.tables.achievements
    known = table["measured_by"].dropna()
    share = float((known == "other").mean()) if len(known) else 0.0
    code = "by_unknown" if known.empty else {0.0: "by_rater", 1.0: "by_others"}.get(share, "by_both")
    estimate = Estimate(share, level=ctx.config.level, n=table["person"].nunique(), unit="share", method="full_count")
    out.add(code, Status.CLEAR, "measured_by", scope="both", estimate=estimate, lines=len(table))


def _ignoring(ctx: Context, out: Collector, cell: Cell, named: int) -> None:
    """Supervisors differ beyond chance: as if how many of them did not follow achievement at all; beside the named."""
    least = int(ctx.threshold("achievement_gap.min_supervisors_spread").value)
    if len(cell.names) < least:
        out.insufficient("few_for_spread", "ignoring", cell.scope, n_teams=len(cell.names), least=least)
        return
    limit = ctx.threshold("achievement_gap.ignoring")
    found = two_kinds(cell.teams, ctx.config.level)
    some = found.lower > limit.value
    estimate = Estimate(found.share, found.lower, found.upper, ctx.config.level, _told(cell), "share",
                        "pairs_moments")  # fmt: skip
    out.add(
        "two_kinds" if some else "alike", Status.FLAGGED if some else Status.CLEAR, "ignoring", scope=cell.scope,
        estimate=estimate, threshold=limit, n_teams=len(cell.names), mean=found.mean, variance=found.variance,
        named=named,
    )  # fmt: skip


# --- supervisors ---------------------------------------------------------------------------------------------


def _supervisors(ctx: Context, out: Collector, cell: Cell, region: Regional) -> int:
    """One finding per supervisor: is the order below half of the region's? One family; return how many are named."""
    least_n, least_pairs = (int(ctx.threshold(f"achievement_gap.{t}").value) for t in ("min_ratees", "min_pairs"))
    ratio = ctx.threshold("achievement_gap.supervisor_ratio").value
    enough = (cell.teams.n >= least_n) & (cell.teams.pairs >= least_pairs)
    net, se, p = below(cell.teams, region, ratio)
    adjusted = adjust(np.where(enough, p, np.nan), "bh")
    shrunken = shrink(net, np.sqrt(factor(cell.teams)) * se).value
    flagged = enough & (adjusted <= ctx.config.fdr)
    half, limit = float(ndtri(0.5 + ctx.config.level / 2)), (1 + ratio * region.net) / 2
    for i, name in enumerate(cell.names):
        about: dict[str, Any] = {"kind": "rater", "subject": name, "scope": cell.scope, "rows": cell.cited[name]}
        if not enough[i]:
            out.add("few_pairs", Status.INSUFFICIENT, "supervisor_order", have=int(cell.teams.n[i]), minimum=least_n,
                    pairs=int(cell.teams.pairs[i]), minimum_pairs=least_pairs, **about)  # fmt: skip
            continue
        ends = [float(np.clip((1 + v) / 2, 0, 1)) for v in (net[i], net[i] - half * se[i], net[i] + half * se[i])]
        own = Regional(ends[0], ends[1], ends[2], float(net[i]), float(se[i]))
        out.add(
            "off_order" if flagged[i] else "not_shown", Status.FLAGGED if flagged[i] else Status.CLEAR,
            "supervisor_order", threshold=limit, p_value=p[i], p_adjusted=adjusted[i], limit=100 * limit,
            estimate=Estimate(own.share, own.lower, own.upper, ctx.config.level, int(cell.teams.n[i]), "share",
                              "pairs_chance"),
            typical=100 * region.share, pairs=int(cell.teams.pairs[i]), shrunken=float((1 + shrunken[i]) / 2),
            **_hundred(own), **about,
        )  # fmt: skip
    _verdict(ctx, out, cell, enough, flagged, limit)
    return int(flagged.sum())


def _verdict(ctx: Context, out: Collector, cell: Cell, enough: np.ndarray, flagged: np.ndarray, limit: float) -> None:
    """How many supervisors could be examined, and how many were named."""
    counts: dict[str, Any] = {"n_single": cell.single, "n_few": int((~enough).sum()), "family": int(enough.sum())}
    if not enough.any():
        out.insufficient("supervisors_few", "supervisor_order", cell.scope, **counts)
        return
    some = bool(flagged.any())
    estimate = Estimate(int(flagged.sum()), level=ctx.config.level, n=int(cell.teams.n[enough].sum()), unit="count",
                        method="minimal_effect_bh")  # fmt: skip
    out.add("supervisors_some" if some else "supervisors_none", Status.FLAGGED if some else Status.CLEAR,
            "supervisor_order", scope=cell.scope, estimate=estimate, flagged=int(flagged.sum()), limit=100 * limit,
            **counts)  # fmt: skip


# --- lists ---------------------------------------------------------------------------------------------------


def _lists(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """The top predikat with missed targets, and predikat below Baik with reached ones: lists, never flags."""
    for code, which, sign in (("top_missed", PREDIKAT[-1:], -1), ("low_reached", PREDIKAT[:-2], 1)):
        limit = ctx.threshold(f"achievement_gap.{code}")
        group = rows[rows["predikat"].isin(which)].sort_values("achievement", ascending=sign < 0, kind="stable")
        hits = group[sign * (group["achievement"] - 100 * limit.value) > 0]
        if group.empty:
            continue
        estimate = Estimate(len(hits), level=ctx.config.level, n=len(group), unit="persons", method="full_count")
        most = int(hits["supervisor"].value_counts().max()) if len(hits) else 0
        most *= most > 1  # two or more under one supervisor are worth a word
        out.add(code, Status.CLEAR, code, kind="list", subject=code, scope=FULL, estimate=estimate, most=most,
                rows=hits["rows"].tolist(), predikat=which[-1], limit=100 * limit.value)  # fmt: skip
