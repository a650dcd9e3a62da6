"""How predikat spread: separated pairs, shares, variety, the guide SE 3/2023, clustering and likeness of teams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect._distribution_likeness import likeness
from kinerja_analysis.detect._distribution_smallest import smallest_rho
from kinerja_analysis.detect.attributes import latest, members
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.contract import Collector

NAME = "distribution"
KIND = "ekinerja"
TOP = PREDIKAT[-1]
BELOW = list(PREDIKAT[:3])


def detect(ctx: Context, out: Collector) -> None:
    """Describe the spread of the recorded predikat; the yardsticks and the guide can flag, the shares cannot."""
    code = "no_predikat" if len(ctx.multisource) else "no_multisource"
    out.not_applicable(code, "separated_pairs", "multisource")
    shares(ctx, out)
    rows = latest(members(ctx))
    if rows.empty:
        for measure in ("separated_pairs", "guide", "clustering", "team_likeness"):
            out.not_applicable("no_supervisor", measure, KIND)
        return
    separated(ctx, out, rows)
    guide(ctx, out, rows)
    clustering(ctx, out, rows)
    alike(ctx, out, rows)


def shares(ctx: Context, out: Collector) -> None:
    """Share of the top and of the most frequent predikat: a full count, bounded by those not yet rated."""
    heads = ctx.heads
    rated = heads["status"] == "rated"
    got = heads.loc[rated, "predikat"].dropna()
    waiting = int((heads["status"] == "not_rated").sum() + rated.sum()) - len(got)
    if got.empty:
        out.not_applicable("no_rows", "share_top", KIND)
        out.not_applicable("no_rows", "share_modal", KIND)
        out.not_applicable("no_rows", "variety", KIND)
        return
    counts = got.value_counts().reindex(list(PREDIKAT), fill_value=0)
    n, national = len(got), ctx.threshold("distribution.national_top").value
    for measure, name in (("share_top", TOP), ("share_modal", str(counts.idxmax()))):
        k = int(counts[name])
        estimate = Estimate(
            k / n, k / (n + waiting), (k + waiting) / (n + waiting), ctx.config.level, n, "share",
            "full_count_bounds",
        )  # fmt: skip
        code = measure if waiting else f"{measure}_all"
        out.add(
            code, Status.CLEAR, measure, scope=KIND, estimate=estimate, predikat=name, k=k, waiting=waiting,
            national=national,
        )  # fmt: skip
    share = counts[counts > 0].to_numpy(float) / n
    entropy = float(-(share * np.log(share)).sum())
    estimate = Estimate(float(np.exp(entropy)), level=ctx.config.level, n=n, unit="count", method="full_count")
    out.add("variety", Status.CLEAR, "variety", scope=KIND, estimate=estimate, entropy=entropy, used=len(share))


def separated(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Share of same-team pairs with different predikat, beside the national mix and a mix meeting the guide."""
    from kinerja_analysis.stats import separated_pairs

    found = separated_pairs(rows["level"].to_numpy(), _codes(rows), level=ctx.config.level)
    least = ctx.threshold("distribution.min_teams")
    if found.reason == "empty":
        out.not_applicable("pairs_none", "separated_pairs", KIND)
        return
    yardstick = ctx.threshold("distribution.separated_national")
    params: dict[str, Any] = {
        "n_teams": found.n_teams, "n_pairs": found.n_pairs, "n_separated": found.n_separated,
        "hundred": 100 * found.value, "national": 100 * yardstick.value,
        "guide": 100 * ctx.threshold("distribution.separated_guide").value,
    }  # fmt: skip
    lower, upper, method = found.lower, found.upper, found.method
    if found.reason == "constant":
        lower, upper, method = 0.0, 1 - (1 - ctx.config.level) ** (1 / found.n_teams), "no_separated_team_exact"
    if found.reason == "no_spread":  # all teams alike: nothing tells how far the next would be
        lower, upper = 0.0, 1.0
    estimate = Estimate(found.value, lower, upper, ctx.config.level, found.n, "share", method)
    if found.n_teams < least.value:
        code, status = "pairs_few", Status.INSUFFICIENT
        params["least"] = int(least.value)
    elif upper < yardstick.value:
        code, status = ("pairs_constant" if found.n_separated == 0 else "pairs_below"), Status.FLAGGED
    else:
        code, status = "pairs", Status.CLEAR
    params |= {"hundred_lower": 100 * lower, "hundred_upper": 100 * upper}
    out.add(code, status, "separated_pairs", scope=KIND, estimate=estimate, threshold=yardstick, **params)


def clustering(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """How much the top predikat clusters by supervisor; good teams and lenient supervisors look the same."""
    from kinerja_analysis.stats import beta_binomial

    top = (rows["predikat"] == TOP).groupby(_codes(rows)).agg(["sum", "size"])
    least = ctx.threshold("distribution.min_teams")
    if len(top) < least.value:
        out.insufficient("clustering_few", "clustering", KIND, n_teams=len(top), least=int(least.value))
        return
    fit = beta_binomial(top["sum"].to_numpy(), top["size"].to_numpy(), level=ctx.config.level)
    limit = ctx.threshold("distribution.clustering_rho")
    if not np.isfinite(fit.rho):
        out.not_applicable("clustering_none", "clustering", KIND, n_teams=len(top), n=len(rows), predikat=TOP)
        return
    smallest = smallest_rho(top["size"], fit.mean, limit.value, level=ctx.config.level)
    none = not np.isfinite(smallest)
    out.add(
        "smallest_none" if none else "smallest_effect", Status.CLEAR, "smallest_effect", scope=KIND, n_teams=len(top),
        estimate=Estimate(1.0 if none else smallest, level=ctx.config.level, n=len(rows), unit="rho",
                          method=fit.method),
        predikat=TOP, share=fit.mean, limit=limit.value,
    )  # fmt: skip
    estimate = Estimate(fit.rho, fit.lower, fit.upper, ctx.config.level, len(rows), "rho", fit.method)
    high = fit.lower > limit.value
    out.add(
        "clustering_high" if high else "clustering", Status.FLAGGED if high else Status.CLEAR, "clustering",
        scope=KIND, estimate=estimate, threshold=limit, n_teams=len(top), predikat=TOP,
    )  # fmt: skip


def alike(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Are the teams' mixes more alike than chance? A note: the guide asks for one curve, so it is never flagged."""
    counts = pd.crosstab(_codes(rows), rows["predikat"]).to_numpy()
    counts = counts[counts.sum(axis=1) > 1]
    least, limit = ctx.threshold("distribution.min_teams"), ctx.threshold("distribution.underdispersion")
    chance = ctx.threshold("distribution.underdispersion_chance").value
    n = int(counts.sum())
    if len(counts) < least.value:
        out.insufficient("alike_few", "team_likeness", KIND, n_teams=len(counts), least=int(least.value))
        return
    if (counts.sum(axis=0) > 0).sum() < 2:
        out.not_applicable("alike_none", "team_likeness", KIND, n_teams=len(counts), n=n)
        return
    found = likeness(counts, ctx.generator(2), ctx.config.level)
    note = found.ratio < limit.value and found.p <= chance
    estimate = Estimate(found.ratio, found.lower, found.upper, ctx.config.level, n, "ratio", "permuted_members")
    out.add(
        "alike_note" if note else "alike", Status.CLEAR, "team_likeness", scope=KIND, estimate=estimate,
        threshold=limit, p_value=found.p, n_teams=len(counts), chance_lower=found.chance_lower,
        chance_upper=found.chance_upper,
    )  # fmt: skip


def guide(ctx: Context, out: Collector, rows: pd.DataFrame) -> None:
    """Conformity of each supervisor's group with SE MenPANRB 3/2023: arithmetic on a full count."""
    from kinerja_analysis.score.guide_2023 import JUDGED_FROM, TOO_SMALL_BELOW, conformity_table

    counts = rows.groupby(["supervisor", "predikat"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(PREDIKAT), fill_value=0)
    rating = org_ratings(ctx.tables.units, rows, ctx.year).reindex(counts.index)
    n = counts.sum(axis=1)
    tally: dict[str, Any] = {
        "n_note": int((rating.notna() & (n >= TOO_SMALL_BELOW) & (n < JUDGED_FROM)).sum()),
        "n_small": int((rating.notna() & (n < TOO_SMALL_BELOW)).sum()),
        "n_unrated": int(rating.isna().sum()),
        "n_teams": len(counts),
    }
    if rating.notna().sum() == 0:
        out.not_applicable("guide_no_rating", "guide", KIND, **tally)
        return
    tolerance = ctx.threshold("distribution.tolerance")
    table = conformity_table(counts[rating.notna()], rating.dropna(), tolerance=int(tolerance.value))
    beyond = moved(table)
    judged = rating.notna() & (n >= JUDGED_FROM)
    _teams(ctx, out, rows, counts, rating, beyond)
    n_judged, n_outside = int(judged.sum()), int((beyond > 0).sum())
    if n_judged == 0:
        out.insufficient("guide_small", "guide", KIND, least=JUDGED_FROM, **tally)
        return
    people = int(n[judged].sum())
    out.add(
        "guide_outside" if n_outside else "guide_inside", Status.FLAGGED if n_outside else Status.CLEAR, "guide",
        scope=KIND, threshold=0.0, n_judged=n_judged, n_outside=n_outside, tolerance=int(tolerance.value), **tally,
        persons=int(beyond.sum()),
        estimate=Estimate(n_outside / n_judged, level=ctx.config.level, n=people, unit="share", method="full_count"),
    )  # fmt: skip


def _teams(
    ctx: Context, out: Collector, rows: pd.DataFrame, counts: pd.DataFrame, rating: pd.Series, moved: pd.Series
) -> None:
    """One finding for each group of five and more whose organisational rating is known."""
    from kinerja_analysis.score.guide_2023 import JUDGED_FROM, TOO_SMALL_BELOW

    addresses = rows.groupby("supervisor")["row"].agg(list)
    for supervisor, line in zip(counts.index, counts.to_dict("records"), strict=True):
        n, org = sum(line.values()), rating[supervisor]
        if pd.isna(org) or n < TOO_SMALL_BELOW:
            continue
        status = Status.INSUFFICIENT
        code = "team_note"
        if n >= JUDGED_FROM:
            beyond = bool(moved[supervisor])
            status = Status.FLAGGED if beyond else Status.CLEAR
            code = "team_" + org.lower().replace(" ", "_") if beyond else "team_inside"
        modal = max(line, key=lambda name: (line[name], name))
        estimate = Estimate(line[modal] / n, level=ctx.config.level, n=n, unit="share", method="full_count")
        out.add(
            code, status, "guide", kind="team", subject=supervisor, scope=KIND, rows=addresses[supervisor],
            estimate=estimate, predikat=modal, org_rating=org.title(), top=line[TOP], good=line[PREDIKAT[3]],
            below=sum(line[p] for p in BELOW), persons=int(moved[supervisor]),
        )  # fmt: skip


def moved(table: pd.DataFrame) -> pd.Series:
    """Return per group how many members at least would have another predikat if it met the guide; 0 inside it.

    ``table`` is that of ``score.guide_2023.conformity_table``; one change can end an excess and a lack at once.

    >>> lines = pd.DataFrame({"kind": ["at_most", "exists"], "excess": [3, 1], "status": "outside"}, index=["a", "a"])
    >>> moved(lines).to_dict()
    {'a': 3}
    """
    excess = table["excess"].where(table["status"] == "outside", 0).fillna(0).astype("int64")
    too_many = excess.where(table["kind"].isin(["at_most", "none"]), 0).groupby(level=0).sum()
    return too_many.combine(excess.groupby(level=0).sum() - too_many, max)


def org_ratings(units: pd.DataFrame, rows: pd.DataFrame, year: int) -> pd.Series:
    """Return the organisational rating that counts for each supervisor (index), missing where it is not certain.

    It is the rating of the unit the supervisor leads (PermenPANRB 6/2022 p. 94 g): by the unit table's leader,
    else of the unit all members of the team belong to, in their agency. The rating of the same period is
    used, else the annual one; two different candidates leave it open. Nothing is assumed.
    """
    period = rows["period"].iloc[0]
    known = units.dropna(subset=["org_rating"])
    known = pd.concat([known[known["period"] == period], known[known["period"] == str(year)]])
    exact = known[~placed(known).duplicated()]
    led = _single(exact.dropna(subset=["leader"]), "leader")
    of_unit = placed(rows).map(exact.set_index(placed(exact))["org_rating"])
    alone = rows["unit"].map(exact.drop_duplicates("unit", keep=False).set_index("unit")["org_rating"])
    told = ~placed(rows).str.endswith("\x1f")  # else the agency is not, and a name that stands once is enough
    team = rows.assign(org_rating=of_unit.astype("str").fillna(alone.mask(told).astype("str")))
    complete = team["org_rating"].notna().groupby(team["supervisor"]).transform("all")
    return led.reindex(rows["supervisor"].unique()).fillna(_single(team[complete], "supervisor"))


def _single(frame: pd.DataFrame, by: str) -> pd.Series:
    """Return the rating per ``by`` where there is only one."""
    grouped = frame.groupby(by)["org_rating"]
    return grouped.first()[grouped.nunique() == 1]


def _codes(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(pd.factorize(rows["supervisor"], sort=True)[0])
