"""Decision impact: how many results would change if differences in leniency between raters were taken off.

Measures: ``changed_bound`` (export of one year), ``changed_official`` (export of several periods),
``changed_given_achievement`` (export with achievement measured by others), and for several raters per employee
``changed``, ``changed_excess``, ``boundary``, ``leave_out`` and ``smallest_effect``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT, SOURCES
from kinerja_analysis.detect._achievement_beyond import STEPS
from kinerja_analysis.detect._decision_impact_bound import Ratings, changed_share, given_achievement, team_covariance
from kinerja_analysis.detect._decision_impact_draws import Bools, Floats, Ints, Posterior, Standing, signatures
from kinerja_analysis.detect._leniency_changes import changes_of
from kinerja_analysis.detect._role_spreads import Spread, freed, role_spreads
from kinerja_analysis.detect.attributes import latest, members
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.evidence import achievements, with_achievement
from kinerja_analysis.detect.fits import components
from kinerja_analysis.score.rule_2022 import MATRIX
from kinerja_analysis.stats.crossed_effects import CrossedEffects

NAME = "decision_impact"
MANY, FULL = "multisource", "ekinerja"
POWER = 0.80
WIDEST = 50.0  #: no SD of scores on 0-100 is larger
OUTCOME = np.array([[PREDIKAT.index(cell) for cell in row] for row in MATRIX])


def detect(ctx: Context, out: Collector) -> None:
    """Add the findings on decision impact of both data kinds."""
    official(ctx, out)
    several_sources(ctx, out)


# --- one supervisor per employee -----------------------------------------------------------------------------


def official(ctx: Context, out: Collector) -> None:
    """The export: a bound from one year, expected numbers from changes of supervisor and from achievement."""
    if ctx.ekinerja.empty:
        out.not_applicable("no_data", "changed_bound", FULL)
    elif ctx.teams.empty:
        out.not_applicable("no_supervisor", "changed_bound", FULL)
    else:
        rows = _both_rated(ctx)
        _bound(ctx, out, rows, _by_changes(ctx, out), _by_achievement(ctx, out, rows))


def _both_rated(ctx: Context) -> pd.DataFrame:
    """The latest row of each employee with both ratings known, acting posts left out."""
    acting = ctx.tables.appraisals.loc[ctx.tables.appraisals["acting"], "row"]
    known = ctx.teams[ctx.teams[["hasil", "perilaku"]].notna().all(axis=1) & ~ctx.teams["row"].isin(acting)]
    return latest(known).sort_values(["ratee", "row"], kind="stable").drop_duplicates("ratee", keep="last")


def _ratings(rows: pd.DataFrame) -> tuple[Ratings, Ints]:
    """Both ratings through the matrix, and the team by employee."""
    codes = rows[["hasil", "perilaku"]].to_numpy(np.int64) - 1
    return Ratings(codes, OUTCOME), pd.factorize(rows["supervisor"])[0]


def _bound(ctx: Context, out: Collector, rows: pd.DataFrame, by_changes: int, by_achievement: int) -> None:
    """Employees whose predikat changes if all that lies between teams, beyond chance, is leniency.

    It is no bound where changes of supervisor or achievement allow more employees, 0 where they tell nothing.
    """
    teams = int((rows.groupby("supervisor").size() >= 2).sum())
    least = int(ctx.threshold("decision_impact.min_teams").value)
    if teams < least:
        out.insufficient("bound_few", "changed_bound", FULL, teams=teams, least=least)
        return
    ratings, team = _ratings(rows)
    found = team_covariance(ratings, team, ctx.config.level)
    if found is None:
        out.insufficient("bound_constant", "changed_bound", FULL)
        return
    shares = [changed_share(ratings, v, ctx.generator(11)) for v in found]
    shown = max(by_changes, by_achievement)
    passed = "bound_passed" if by_changes >= by_achievement else "bound_passed_given"
    most = _most(len(rows), max(shares[0], shares[2]), ctx.config.level)
    code = passed if shown > most else "bound"
    _persons(ctx, out, code, Status.CLEAR, "changed_bound", shares, len(rows), "matrix_team_effects", teams=teams,
             shown=shown, most=most)  # fmt: skip


def _most(n: int, share: float, level: float) -> int:
    """Return the most employees that change where ``share`` is expected: whose rating flips is chance as well.

    >>> _most(500, 0.06, 0.95), _most(500, 0.0, 0.95)
    (41, 0)
    """
    return min(n, math.ceil(n * share + float(ndtri(0.5 + level / 2)) * math.sqrt(n * share * (1 - share))))


def _by_achievement(ctx: Context, out: Collector, rows: pd.DataFrame) -> int:
    """The same for what achievement does not predict, over the range of its reliability; only if measured by others.

    The spread of it over teams is taken off, not the number of each team: plugged-in numbers invent changes. Returns
    the upper limit in employees, 0 where nothing is told.
    """
    measure, by = "changed_given_achievement", set(ctx.tables.achievements["measured_by"].dropna())
    if "other" not in by:
        code = "given_rater" if by else "given_none" if ctx.tables.achievements.empty else "given_unknown"
        out.not_applicable(code, measure, FULL)
        return 0
    rows = with_achievement(rows, ctx.memo("by_others", lambda: achievements(ctx, measured_by="other")))
    teams = int((rows.groupby("supervisor").size() >= 2).sum())
    least = int(ctx.threshold("achievement_gap.min_supervisors_spread").value)
    if teams < least:
        out.insufficient("given_few", measure, FULL, teams=teams, least=least)
        return 0
    lowest = ctx.threshold("achievement_gap.reliability_low").value
    ratings, team = _ratings(rows)
    evidence = rows["achievement"].to_numpy(np.float64)
    found = given_achievement(ratings, evidence, team, np.linspace(lowest, 1.0, STEPS), ctx.config.level)
    if found is None:
        out.insufficient("given_constant", measure, FULL)
        return 0
    value, least_share, most_share, lower, upper = (changed_share(ratings, v, ctx.generator(14)) for v in found)
    n = len(rows)
    upper = max(upper, most_share)
    _persons(ctx, out, "given", Status.CLEAR, measure, [value, min(lower, least_share), upper], n,
             "achievement_team_effects", teams=teams, reliability=lowest, persons_least=round(n * least_share),
             persons_highest=round(n * most_share))  # fmt: skip
    return round(n * upper)


def _by_changes(ctx: Context, out: Collector) -> int:
    """The same with the spread of leniency that changes of supervisor show, on the scale of the predikat.

    Returns the upper limit in employees, 0 where nothing is told.
    """
    found = changes_of(ctx)
    if found is None:
        out.not_applicable("one_period", "changed_official", FULL)
        return 0
    fit, rows = found.fit, latest(members(ctx)).drop_duplicates("ratee", keep="last")
    if found.reason == "unsafe":
        out.insufficient("changes_unsafe", "changed_official", FULL, n_changed=fit.n_changed, n_check=fit.n_check)
        return 0
    if found.reason or rows["level"].nunique() < 2:
        out.insufficient("changes_few", "changed_official", FULL, n_changed=fit.n_changed, minimum=found.minimum)
        return 0
    ratings = Ratings(rows[["level"]].to_numpy(np.int64), np.arange(len(PREDIKAT)))
    spreads = [ratings.latent(0, 0, s**2) for s in (fit.sd, fit.sd_lower, fit.sd_upper)]
    shares = [changed_share(ratings, np.array([[max(v, 0.0)]]), ctx.generator(12)) for v in spreads]
    limit = ctx.threshold("decision_impact.changed")
    more = found.who == "change" and shares[1] > limit.value  # of those who move alone it is an upper bound only
    _persons(ctx, out, f"{found.who}_{'more' if more else 'not_more'}", Status.FLAGGED if more else Status.CLEAR,
             "changed_official", shares, len(rows), "supervisor_change", threshold=limit, limit=limit.value,
             n_changed=fit.n_changed, unchecked=int(found.checked == "few"))  # fmt: skip
    return round(len(rows) * max(shares[0], shares[2]))


def _persons(
    ctx: Context, out: Collector, code: str, status: Status, measure: str, shares: list[float], n: int, method: str,
    **params: Any,
) -> None:  # fmt: skip
    """Add an expected share of employees, with the persons it stands for."""
    value, lower, upper = shares[0], min(shares[:2]), max(shares[0], shares[2])
    estimate = Estimate(value, lower, upper, ctx.config.level, n, "share", method)
    out.add(code, status, measure, scope=FULL, estimate=estimate, persons=round(n * value),
            persons_lower=round(n * lower), persons_upper=round(n * upper), **params)  # fmt: skip


# --- several raters per employee -----------------------------------------------------------------------------


@dataclass
class Many:
    """Pair means in groups of linked raters; ``spreads`` of leniency by kind (``role_spreads``), in points.

    ``heads`` are the supervisors where they have a spread of their own; all others have that of ``rater``.
    """

    rows: pd.DataFrame
    ratee: Ints
    rater: Ints
    group: Ints
    fit: CrossedEffects
    heads: Bools
    posterior: Posterior
    spreads: dict[str, Spread]

    @cached_property
    def k(self) -> Floats:
        """Raters by employee."""
        return np.bincount(self.ratee).astype(np.float64)

    @cached_property
    def standing(self) -> Standing:
        """Employees by the mean over all other raters, inside their group."""
        return Standing.of(np.bincount(self.ratee, self.rows["score"]) / self.k, self.group)

    @cached_property
    def variance(self) -> float:
        """Variance of a pair mean that raters (not supervisors) and pairs make up together."""
        return self.spreads["rater"][0] ** 2 + self.fit.sd_residual**2

    def sd(self, **other: float) -> Floats:
        """Leniency SD of each rater, as estimated but for the kinds given, shape (raters, 1)."""
        sd = {kind: spread[0] for kind, spread in self.spreads.items()} | other
        return np.where(self.heads, sd.get("supervisor", 0.0), sd["rater"])[:, None]

    def usual(self, sd: Floats) -> float:
        """Root mean square over pairs of the SD of each rater."""
        return float(np.sqrt(np.mean(sd[self.rater] ** 2)))

    def chances(self, sd: Floats) -> tuple[Floats, Floats]:
        """Chance of another quartile by employee, and the share changed by draw, at a leniency SD of each rater."""
        if not sd.any():
            return np.zeros(self.k.size), np.zeros(self.posterior.style.shape[1])
        own = float(sd[~self.heads].max(initial=0.0))
        pair = math.sqrt(max(self.variance - own**2, 0.05 * self.variance))
        return self._changed(self.posterior.rater_effects(self.fit.sd["ratee"], np.maximum(sd, 1e-4 * pair), pair))

    def null(self) -> float:
        """Share changed that the same computation gives, on average, where raters do not differ."""
        pair = math.sqrt(self.variance)
        sd = pair * np.sqrt(np.maximum(self.posterior.null_variances(), 1e-8))
        return float(self._changed(self.posterior.rater_effects(self.fit.sd["ratee"], sd, pair, null=True))[1].mean())

    def _changed(self, effects: Floats) -> tuple[Floats, Floats]:
        shift = (self.posterior.links @ effects) / self.k[:, None]
        moved = self.standing.changed(self.standing.score[:, None] - shift)
        return moved.mean(axis=1), moved.mean(axis=0)


def several_sources(ctx: Context, out: Collector) -> None:
    """Who changes quartile inside a linked group when the mean score is freed of its raters' leniency."""
    if ctx.multisource.empty:
        out.not_applicable("no_data", "changed", MANY)
        return
    rows = _linked(ctx)
    least = int(ctx.threshold("decision_impact.min_employees").value)
    if rows["ratee"].nunique() < least:
        out.insufficient("few", "changed", MANY, have=rows["ratee"].nunique(), least=least,
                         members=int(ctx.threshold("decision_impact.min_group").value))  # fmt: skip
        return
    found = _fitted(ctx, rows)
    if isinstance(found, str):
        out.insufficient("no_variation" if found in ("constant", "zero_residual") else "not_separable",
                         "changed", MANY)  # fmt: skip
        return
    answers(ctx, out, found)
    leave_out(ctx, out, found)


def _linked(ctx: Context) -> pd.DataFrame:
    """The latest period's pairs in groups with two raters and enough employees; self ratings left out.

    Sorted by how they are linked and rated: draws must depend neither on the order of rows nor on names.
    """
    pairs = ctx.pairs
    rows = latest(pairs[(pairs["source"] != "self") & pairs["rater"].notna() & (pairs["rater"] != pairs["ratee"])])
    if rows.empty:
        return rows.assign(group=0)
    rows = rows.assign(first=rows["rows"].map(min), group=rows["rater"].map(dict(zip(*components(rows), strict=True))))
    by = rows.groupby("group")
    enough = by["ratee"].transform("nunique") >= int(ctx.threshold("decision_impact.min_group").value)
    rows = rows[enough & (by["rater"].transform("nunique") > 1)]
    if rows.empty:
        return rows.reset_index(drop=True)
    ratee, rater = (pd.factorize(rows[c])[0] for c in ("ratee", "rater"))
    above = rows["score"] - rows.groupby("group")["score"].transform("min")  # a group's constant changes nothing
    content = 8 * np.round(1e6 * above).astype("int64") + rows["source"].map(SOURCES.index)
    a, b = signatures(ratee, rater, content.to_numpy())
    rows = rows.assign(a=a[ratee], b=b[rater]).sort_values(["a", "b", "first", "source"], kind="stable")
    return rows.drop(columns=["a", "b"]).reset_index(drop=True)


def _fitted(ctx: Context, rows: pd.DataFrame) -> Many | str:
    """Take ratee and rater variances from the shared model, or return why there are none."""
    shared = ctx.crossed()
    fit = shared.fit
    if fit is None or fit.reason not in ("", "singular"):
        return "one_rater" if fit is None else fit.reason
    ratee, rater, part = (pd.factorize(rows[c])[0] for c in ("ratee", "rater", "group"))
    group = np.zeros(int(ratee.max()) + 1, np.int64)
    group[ratee] = part
    role = rows["source"].map(dict(zip(shared.sources, fit.fixed, strict=True))).fillna(0.0)
    y = (rows["score"] - role).to_numpy(np.float64)
    draws = int(np.clip(4_000_000 // len(rows), 60, 200))
    posterior = Posterior(y - y.mean(), ratee, rater, group, ctx.generator(13), draws)
    least = float(ndtri(0.5 + ctx.config.level / 2)) * float(posterior.null_variances().std())
    least *= fit.sd["rater"] ** 2 + fit.sd_residual**2  # as wide in the variance as where raters are alike
    spreads = role_spreads(ctx, least)
    heads = np.zeros(posterior.n.size, np.bool_)
    if spreads:
        heads = np.isin(pd.unique(rows["rater"]), ctx.pairs.loc[ctx.pairs["source"] == "supervisor", "rater"])
    return Many(rows, ratee, rater, group, fit, heads, posterior, spreads or {"rater": freed(fit, 0.0, least)})


def answers(ctx: Context, out: Collector, found: Many) -> None:
    """The expected share that changes quartile, what of it is beyond no leniency, and who stands at a boundary."""
    sd, limit, z = found.sd(), ctx.threshold("decision_impact.changed"), float(ndtri(0.5 + ctx.config.level / 2))
    chance, shares = found.chances(sd)
    value, own, null = float(shares.mean()), z * float(shares.std()), found.null()
    ends = [[float(found.chances(found.sd(**{kind: end}))[1].mean()) for end in spread[1:]]
            for kind, spread in found.spreads.items()]  # fmt: skip
    lower = max(value - math.hypot(own, *(value - low for low, _ in ends)), 0.0)
    upper = min(value + math.hypot(own, *(high - value for _, high in ends)), 1.0)
    least, most = (found.sd(**{kind: spread[i] for kind, spread in found.spreads.items()}) for i in (1, 2))
    n, groups, ratee = found.k.size, int(found.group.max()) + 1, found.fit.sd["ratee"]
    told = (sd, shares) if shares.any() else (most, found.chances(most)[1])
    _smallest(ctx, out, found, found.usual(told[0]), told[1], null)
    about: dict[str, Any] = {"scope": MANY, "raters": int(found.rater.max()) + 1, "groups": groups}
    out.add(
        "changed" if groups > 1 else "changed_linked", Status.CLEAR, "changed", persons=round(n * value),
        estimate=Estimate(value, lower, upper, ctx.config.level, n, "share", "posterior_draws"), none=null,
        sd=found.usual(sd), sd_lower=found.usual(least), sd_upper=found.usual(most), sd_ratee=ratee,
        sd_pair=found.fit.sd_residual, **about,
    )  # fmt: skip
    more = lower - null > limit.value
    excess = Estimate(value - null, lower - null, upper - null, ctx.config.level, n, "share", "posterior_draws")
    out.add("more" if more else "not_more", Status.FLAGGED if more else Status.CLEAR, "changed_excess",
            estimate=excess, threshold=limit, limit=limit.value, **about)  # fmt: skip
    _boundary(ctx, out, found, chance)


def _smallest(ctx: Context, out: Collector, found: Many, at: float, shares: Floats, null: float) -> None:
    """The smallest leniency SD, in SD of employees, that is flagged 80 times of 100.

    The share is taken as proportional to the SD; ``shares`` are those by draw ``at`` an SD.
    """
    ratee, limit = found.fit.sd["ratee"], ctx.threshold("decision_impact.changed").value
    if not (ratee > 0 and shares.any()):
        return
    slope, own, raters = float(shares.mean()) / at, float(shares.std()), found.posterior.style.shape[0]
    spread = float(found.posterior.null_variances().std()) * found.variance
    needed = limit + null
    share = needed
    for _ in range(50):
        size = share / slope
        error = slope * math.hypot(spread, size**2 * math.sqrt(2 / raters)) / (2 * size)
        share = needed + float(ndtri(0.5 + ctx.config.level / 2)) * math.hypot(error, own) + float(ndtri(POWER)) * error
    points = min(share / slope, WIDEST)
    estimate = Estimate(points / ratee, level=ctx.config.level, n=found.k.size, unit="sd", method="posterior_draws")
    out.add("smallest_effect" if points < WIDEST else "smallest_none", Status.CLEAR, "smallest_effect", scope=MANY,
            estimate=estimate, points=points, limit=limit)  # fmt: skip


def _boundary(ctx: Context, out: Collector, found: Many, chance: Floats) -> None:
    """Employees for whom another quartile is neither unlikely nor nearly certain."""
    low, high = (ctx.threshold(f"decision_impact.boundary_{end}").value for end in ("low", "high"))
    near = (chance >= low) & (chance <= high)
    estimate = Estimate(int(near.sum()), level=ctx.config.level, n=near.size, unit="persons", method="posterior_draws")
    about: dict[str, Any] = {"scope": MANY, "estimate": estimate, "low": low, "high": high}
    out.add("boundary", Status.CLEAR, "boundary", **about)
    verdict = ctx.design.verdicts().get((ctx.region, ctx.year, MANY), "inside_groups_only")
    if near.any() and verdict != "connected_too_weak":
        cited = found.rows.groupby(found.ratee)["first"].first()[near]
        out.add("boundary_list", Status.CLEAR, "boundary", kind="list", subject="boundary", rows=list(cited), **about)


def leave_out(ctx: Context, out: Collector, found: Many) -> None:
    """How many employees would stand in another quartile without one rater, whose employees all lose that rating."""
    several = found.k[found.ratee] > 1
    who, rater = found.ratee[several], found.rater[several]
    k, score = found.k[who], found.rows["score"].to_numpy(np.float64)[several]
    without = (k * found.standing.score[who] - score) / (k - 1)
    size, n = int(found.rater.max()) + 1, found.k.size
    own, all_ = np.zeros(size, np.int64), np.zeros(size, np.int64)
    order = np.argsort(rater, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(rater[order])) + 1) if rater.size else ():
        moved = found.standing.moved(who[part], without[part])
        own[rater[part]], all_[rater[part]] = moved[0], sum(moved)
    estimate = Estimate(int(all_.max()), level=ctx.config.level, n=n, unit="persons", method="full_count")
    out.add("leave_out", Status.CLEAR, "leave_out", scope=MANY, raters=size, typical=float(np.median(all_)),
            estimate=estimate)  # fmt: skip
    alone = int((found.k == 1).sum())
    if alone:
        out.insufficient("alone", "leave_out_alone", MANY, alone=alone, of=n)
    ratees = np.bincount(found.rater, minlength=size)
    least = int(ctx.threshold("decision_impact.min_ratees").value)
    top = int(np.where(ratees >= least, own, -1).argmax())
    if ratees[top] < least or own[top] == 0:
        return
    mine = found.rows[found.rater == top]
    estimate = Estimate(int(own[top]), level=ctx.config.level, n=int(ratees[top]), unit="persons", method="full_count")
    out.add("hangs", Status.CLEAR, "leave_out", kind="rater", subject=mine["rater"].iloc[0], scope=MANY,
            estimate=estimate, rows=[address for rows in mine["rows"] for address in rows])  # fmt: skip
