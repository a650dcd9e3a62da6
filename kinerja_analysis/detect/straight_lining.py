"""Copied ratings: single-value teams beside their chance, batches of one minute, identical vectors of one rater.

Also ``copied_year`` (teams with exactly last year's ratings, a note) and ``smallest_effect`` (per kind of data).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect._straight_lining_teams import Clustered, clustered_chance, no_commoner, own_chance
from kinerja_analysis.detect.attributes import both_rated, latest
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.copied import dealt_again, share_found, size_found
from kinerja_analysis.detect.identical import Repeats, repeats

NAME = "straight_lining"
KIND = "ekinerja"
PATTERNS = 9  #: combinations of hasil kerja and perilaku kerja


def detect(ctx: Context, out: Collector) -> None:
    """Look for repeated ratings in both kinds of data; a count always stands beside what chance would give."""
    rows = latest(both_rated(ctx))
    if rows.empty:
        out.not_applicable("no_teams", "single_value", KIND)
        out.not_applicable("no_teams", "same_minute", KIND)
    else:
        least = ctx.threshold("straight_lining.min_team").value
        size = rows.groupby("supervisor")["ratee"].transform("size")
        rows = rows[size >= least].assign(pattern=_pattern(rows[size >= least])).reset_index(drop=True)
        single_value(ctx, out, rows)
        same_minute(ctx, out, rows)
        copied_year(ctx, out, rows)
    identical_vectors(ctx, out)


def _pattern(rows: pd.DataFrame) -> np.ndarray:
    """Code 0 to 8 of the combination of hasil kerja and perilaku kerja."""
    return np.asarray(3 * (rows["hasil"] - 1) + rows["perilaku"] - 1).astype(np.int64)


def single_value(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Teams in which everyone got the same two ratings, beside the number that chance gives in this region."""
    from kinerja_analysis.stats import adjust, single_value_chance

    least = int(ctx.threshold("straight_lining.min_team").value)
    team, supervisors = pd.factorize(rows["supervisor"], sort=True)
    if len(supervisors) < 2:
        out.insufficient("single_few", "single_value", KIND, n_teams=len(supervisors), least=least, n=len(rows))
        return
    fit = single_value_chance(rows["pattern"].to_numpy(), team)
    params: dict[str, Any] = {
        "n_teams": fit.n_teams, "observed": fit.observed, "expected": fit.expected, "least": least,
        **_range(fit.chance, ctx.config.level),
    }  # fmt: skip
    estimate = Estimate(fit.observed, level=ctx.config.level, n=fit.n, unit="teams", method="single_value_chance")
    if rows["pattern"].nunique() == 1:
        out.not_applicable("single_constant", "single_value", KIND, n=fit.n, **params)
        return
    alpha = ctx.threshold("straight_lining.max_chance")
    excess = (fit.observed - fit.expected) / fit.n_teams
    many = fit.p < alpha.value and excess >= ctx.threshold("straight_lining.excess").value
    code = "single_many" if many else ("single_more" if fit.p < alpha.value else "single")
    pattern = rows["pattern"].to_numpy()
    counts = np.bincount(team * PATTERNS + pattern, minlength=len(supervisors) * PATTERNS).reshape(-1, PATTERNS)
    whole, clustered = counts.sum(axis=0), Clustered(counts)
    alone, p = np.ones(len(supervisors)), np.ones(len(supervisors))
    for i in np.flatnonzero(fit.single):
        others, own, n = whole - counts[i], int(counts[i].argmax()), int(counts[i].sum())
        alone[i] = own_chance(others, own, n)
        if alone[i] < alpha.value:
            p[i] = min(clustered_chance(pattern, team, int(i)), clustered.chance(n, no_commoner(others, own)))
            p[i] = max(alone[i], p[i])
    adjusted = adjust(p, "bh")
    flagged = np.flatnonzero(adjusted < alpha.value)
    out.add(
        code, Status.FLAGGED if many else Status.CLEAR, "single_value", scope=KIND, estimate=estimate,
        p_value=fit.p, n_flagged=len(flagged), excess=100 * excess, teams_tested=len(supervisors), **params,
    )  # fmt: skip
    smallest_teams(ctx, out, rows["pattern"].to_numpy(), team, fit.expected / fit.n_teams)
    for i in flagged:
        own = rows.loc[team == i, "row"].tolist()
        numbers = (float(alone[i]), float(p[i]), float(adjusted[i]))
        _single_rater(ctx, out, str(supervisors[i]), own, numbers, {k: params[k] for k in ("observed", "expected")})


def smallest_teams(ctx: Context, out: Collector, pattern: np.ndarray, team: np.ndarray, expected: float) -> None:
    """The share of teams, everyone in them given one pair of ratings, that flags the region 80 times of 100."""
    alpha, excess = (ctx.threshold(f"straight_lining.{name}").value for name in ("max_chance", "excess"))
    share = share_found(pattern, team, alpha, excess)
    estimate = Estimate(share if math.isfinite(share) else expected, level=ctx.config.level, n=team.size,
                        unit="share", method="single_value_chance")  # fmt: skip
    out.add("smallest_teams" if math.isfinite(share) else "smallest_teams_none", Status.CLEAR, "smallest_effect",
            scope=KIND, estimate=estimate, n_teams=int(team.max()) + 1, expected=expected)  # fmt: skip


def _single_rater(
    ctx: Context,
    out: Collector,
    rater: str,
    rows: list[str],
    numbers: tuple[float, float, float],
    params: dict[str, Any],
) -> None:
    chance, p, adjusted = numbers
    estimate = Estimate(chance, level=ctx.config.level, n=len(rows), unit="share", method="leave_own_team_out")
    out.add(
        "single_rater", Status.FLAGGED, "single_value", kind="rater", subject=rater, scope=KIND, estimate=estimate,
        threshold=ctx.threshold("straight_lining.max_chance"), p_value=p, p_adjusted=adjusted, rows=rows, **params,
    )  # fmt: skip


def _range(chance: np.ndarray, level: float) -> dict[str, float]:
    """Range of the number of successes of independent trials (normal, whole teams)."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * math.sqrt(float((chance * (1 - chance)).sum()))
    mean = float(chance.sum())
    return {
        "expected_lower": float(max(math.floor(mean - half), 0)),
        "expected_upper": float(math.ceil(mean + half)),
    }


def same_minute(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Teams whose ratings all carry the same minute: a note on how data are entered, never on a person."""
    stamps = ctx.ekinerja[["row", "rated_at"]].dropna().drop_duplicates("row")
    if stamps.empty or (stamps["rated_at"] == stamps["rated_at"].dt.normalize()).all():
        out.not_applicable("no_stamps", "same_minute", KIND)
        return
    timed = rows.merge(stamps, on="row", how="left")
    minute = timed["rated_at"].dt.floor("min")
    teams = timed.assign(minute=minute, known=minute.notna()).groupby("supervisor")
    table = teams.agg(
        known=("known", "all"), minutes=("minute", "nunique"), patterns=("pattern", "nunique"), n=("ratee", "size")
    )
    table = table[table["known"]]
    least = int(ctx.threshold("straight_lining.min_team").value)
    if table.empty:
        out.insufficient("minute_few", "same_minute", KIND, least=least)
        return
    batch = table["minutes"] == 1
    estimate = Estimate(
        int(batch.sum()), level=ctx.config.level, n=int(table["n"].sum()), unit="batches", method="full_count"
    )
    out.add(
        "minute" if batch.any() else "minute_none", Status.CLEAR, "same_minute", scope=KIND, estimate=estimate,
        n_teams=len(table), n_identical=int((batch & (table["patterns"] == 1)).sum()), least=least,
    )  # fmt: skip


def copied_year(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Teams in which everyone got exactly last year's ratings from the same supervisor: a note, never on a person."""
    before = latest(both_rated(ctx.before))
    if before.empty:
        out.not_applicable("copied_no_history", "copied_year", KIND)
        return
    before = before.assign(last=_pattern(before))
    both = rows.merge(before[["supervisor", "ratee", "last"]], on=["supervisor", "ratee"])
    least = int(ctx.threshold("straight_lining.min_team").value)
    teams = [(t["pattern"].to_numpy(), t["last"].to_numpy()) for _, t in both.groupby("supervisor") if len(t) >= least]
    varied = [(now, last) for now, last in teams if np.unique(now).size > 1]
    if not varied:
        out.insufficient("copied_few", "copied_year", KIND, least=least, n_teams=len(teams))
        return
    chance = np.array([dealt_again(now, last) for now, last in varied])
    copies = sum(bool((now == last).all()) for now, last in varied)
    estimate = Estimate(copies, level=ctx.config.level, n=sum(now.size for now, _ in varied), unit="teams",
                        method="full_count")  # fmt: skip
    out.add("copied_year" if copies else "copied_none", Status.CLEAR, "copied_year", scope=KIND, estimate=estimate,
            n_teams=len(varied), n_alike=len(teams) - len(varied), expected=float(chance.sum()),
            least=least)  # fmt: skip


def identical_vectors(ctx: Context, out: Collector) -> None:
    """Raters who gave the same vector to many ratees, beside what honest raters of this region would give."""
    from kinerja_analysis.stats import adjust

    if ctx.multisource.empty:
        out.not_applicable("no_multisource", "identical_vectors", "multisource")
        return
    least = int(ctx.threshold("straight_lining.min_ratees").value)
    criteria = int(ctx.threshold("straight_lining.min_criteria").value)
    excess, alpha = ctx.threshold("straight_lining.excess"), ctx.threshold("straight_lining.alpha")
    found = repeats(ctx.multisource, ctx.generator(1), least=least, criteria=criteria, excess=excess.value)
    if not found and ctx.multisource.loc[ctx.multisource["source"] != "self", "score"].nunique() == 1:
        out.not_applicable("vectors_constant", "identical_vectors", "multisource")
        return
    if not found:
        out.insufficient("vectors_few", "identical_vectors", "multisource", least=least, criteria=criteria)
        return
    adjusted = adjust(np.array([r.p for r in found]), "bh")
    flagged = [
        (r, float(p)) for r, p in zip(found, adjusted, strict=True)
        if p <= alpha.value and r.share - r.expected / r.n >= excess.value
    ]  # fmt: skip
    estimate = Estimate(
        len(flagged), level=ctx.config.level, n=sum(r.n for r in found), unit="count", method="simulated_null"
    )
    code, status = ("vectors_flagged", Status.FLAGGED) if flagged else ("vectors_clear", Status.CLEAR)
    out.add(
        code, status, "identical_vectors", scope="multisource", estimate=estimate, n_raters=len(found),
        n_flagged=len(flagged), least=least, excess=100 * excess.value,
    )  # fmt: skip
    smallest_rater(ctx, out, found)
    for r, p in flagged:
        _rater(ctx, out, r, p)


def smallest_rater(ctx: Context, out: Collector, found: list[Repeats]) -> None:
    """The share of copied vectors that flags a rater of middle size 80 times of 100 (source with most raters)."""
    size = pd.Series([r.n for r in found]).groupby([r.source for r in found]).agg(["size", "median"])
    source = str(size["size"].idxmax())
    n, own = int(size.loc[source, "median"]), ctx.multisource[ctx.multisource["source"] == source]
    alpha, excess, criteria = (
        ctx.threshold(f"straight_lining.{name}").value for name in ("alpha", "excess", "min_criteria")
    )
    share = size_found(own, n, ctx.generator(2), criteria=int(criteria), excess=excess, alpha=alpha / len(found))
    none = not math.isfinite(share)
    estimate = Estimate(1.0 if none else share, level=ctx.config.level, n=sum(r.n for r in found), unit="share",
                        method="simulated_null")  # fmt: skip
    out.add("smallest_vectors_none" if none else "smallest_vectors", Status.CLEAR, "smallest_effect",
            scope="multisource", estimate=estimate, ratees=n, source=source, family=len(found))  # fmt: skip


def _rater(ctx: Context, out: Collector, r: Repeats, adjusted: float) -> None:
    excess = ctx.threshold("straight_lining.excess")
    estimate = Estimate(r.share, level=ctx.config.level, n=r.n, unit="share", method="simulated_null")
    out.add(
        "vectors_rater", Status.FLAGGED, "identical_vectors", kind="rater", subject=r.rater, scope="multisource",
        estimate=estimate, threshold=excess, p_value=r.p, p_adjusted=adjusted, rows=r.rows, k=r.largest,
        source=r.source, expected=r.expected, most=r.most, criteria=r.n_criteria,
    )  # fmt: skip
