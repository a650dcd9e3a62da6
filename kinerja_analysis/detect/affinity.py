"""Whether employees of the rater's own group are favoured: the own-group term inside supervisors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.detect._affinity_changes import both_known, changes
from kinerja_analysis.detect._grouped import grouped
from kinerja_analysis.detect._scale_free import alike, at_the_ends, ends_matter, method, scale_free
from kinerja_analysis.detect.attributes import by_size, declared, dummies, informative, members, scored, values
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.contrast import Contrast, Reporter, fitted, given

NAME = "affinity"
OTHERS = ("supervisor", "peer", "subordinate", "other")


def detect(ctx: Context, out: Collector) -> None:
    """Estimate the own-group term for every declared attribute, in both kinds of data."""
    names = declared(ctx.tables.employees)
    official, scores = members(ctx), scored(ctx, OTHERS)
    for scope, rows in (("ekinerja", official), ("multisource", scores)):
        if rows.empty or not names:
            code = "no_attributes" if len(rows) else f"no_rows_{scope}"
            out.not_applicable(code, "own_group", scope)
    known = {name: values(ctx.tables.employees, name) for name in names}
    if len(official) and names:
        rows = official.rename(columns={"supervisor": "rater"}).assign(source="supervisor")

        def make(rows: pd.DataFrame) -> list[Contrast]:
            return [_odds(ctx, rows, name, value) for name, value in known.items()]

        found = make(rows)
        limit = ctx.threshold("affinity.odds_ratio")
        main = Reporter(out, "own_group_odds_ratio", "own_group", "ekinerja", "attribute", limit, "odds_ratio")
        main.report(ctx, found)
        given(ctx, main, rows, found, make, ctx.threshold("affinity.given_min_share").value)
        changes(ctx, main, names)
    if len(scores) and names:
        ends = {"ends": at_the_ends(ctx.multisource), "model": int(ends_matter(ctx))}
        freed = scale_free(ctx, scores)
        found = [replace(c, params=c.params | ends) for name in names for c in _points(ctx, freed, name, known[name])]
        limit = ctx.threshold("affinity.gamma")
        Reporter(out, "own_group_gap", "own_group", "multisource", "attribute", limit, "sd").report(ctx, found)


def _refusal(ctx: Context, frame: pd.DataFrame, name: str, value: pd.Series, raters: pd.Series) -> Contrast | None:
    """Return a contrast that only says why the attribute cannot be examined, or None."""
    known = raters.drop_duplicates().map(value).notna()
    head = (name, int(frame["ratee"].nunique()), int(frame["rater"].nunique()))
    params: dict[str, Any] = {"attribute": name, "n_raters": len(known), "n_known": int(known.sum())}
    if value.nunique() < 2:
        return Contrast(*head, params, reason="one_value")
    if value.nunique() > ctx.threshold("affinity.max_values").value:
        return Contrast(*head, {**params, "k": value.nunique()}, reason="many_values")
    if frame.empty:
        return Contrast(*head, params, reason="no_rater_values")
    if frame["rater_group"].nunique() < 2:
        return Contrast(*head, {**params, "group": frame["rater_group"].iloc[0]}, reason="one_rater_group")
    return None


def _odds(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series) -> Contrast:
    """Log odds of a higher predikat for one's own group, beside the groups' own terms, inside supervisors."""
    from kinerja_analysis.stats import conditional_ordinal

    frame = both_known(rows, value)
    refused = _refusal(ctx, frame, name, value, rows["rater"])
    if refused:
        return refused
    covariates = [c for c in ("capaian",) if c in frame]
    frame, kept = _estimable(frame)
    teams = informative(frame, frame["own"].to_numpy())
    enough, params = _enough(ctx, teams, name, "affinity.min_informative_teams")
    people, supervisors = int(frame["ratee"].nunique()), int(teams["cluster"].nunique())
    least = int(ctx.threshold("affinity.min_supervisors").value)
    if not enough or not kept or supervisors < least:
        return Contrast(name, people, supervisors, {**params, "least_supervisors": least}, reason="few_teams")
    x = np.column_stack([frame["own"].to_numpy(dtype=float), dummies(frame["group"], kept), frame[covariates]])
    fit = conditional_ordinal(
        frame["level"].to_numpy(), x, frame["stratum"].to_numpy(), cluster=frame["cluster"].to_numpy(),
        level=ctx.config.level,
    )  # fmt: skip
    return fitted(Contrast(name, people, supervisors, params), fit)


def _estimable(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out groups that too few supervisors can tell of; return the rows and the groups beside the biggest."""
    while True:
        sizes = by_size(frame["group"], frame["ratee"])
        kept = [str(g) for g in sizes.index[1:]]
        few = [g for g in kept if informative(frame, (frame["group"] == g).to_numpy())["cluster"].nunique() < 10]
        if not few:
            return frame, kept
        frame = frame[~frame["group"].isin(few)].reset_index(drop=True)


def _enough(ctx: Context, teams: pd.DataFrame, name: str, key: str) -> tuple[bool, dict[str, Any]]:
    """Tell whether there are enough informative teams, and enough of them outside the biggest group of raters."""
    least = int(ctx.threshold(key).value)
    biggest = int(teams["rater_group"].value_counts().max()) if len(teams) else 0
    others = len(teams) - biggest
    params = {
        "attribute": name, "least": least, "least_all": 2 * least, "n_informative": len(teams), "n_second": others
    }  # fmt: skip
    return others >= least and len(teams) >= 2 * least, params


def _points(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series) -> list[Contrast]:
    """Own-group gap in SD by source, with free effects of every ratee and every rater in a period."""
    from kinerja_analysis.detect.fixed_effects import fixed_effects

    frame = both_known(rows, value)
    refused = _refusal(ctx, frame, name, value, rows["rater"])
    if refused:
        return [refused]
    found, kept = _sources(ctx, frame, name)
    if not kept:
        return list(found.values())
    use = frame[frame["weight"] > 0]
    for source in (s for s in kept if not (use["source"] == s).any()):
        reason = "no_variation" if source in alike(ctx) else "other_scale"
        found[source] = replace(found[source], reason=reason)
    kept = [source for source in kept if (use["source"] == source).any()]
    if not kept:
        return list(found.values())
    ratee = grouped(use, ["period", "ratee"])[0]
    rater, cluster = (pd.factorize(use[c], sort=True)[0] for c in ("stratum", "cluster"))
    x = dummies(use["source"].where(use["own"], ""), kept)
    fit = fixed_effects(
        use["level"].to_numpy(), x, [rater, ratee], cluster, level=ctx.config.level, weight=use["weight"].to_numpy()
    )
    fit = replace(fit, method=method(ctx))
    return list((found | {source: fitted(found[source], fit, k) for k, source in enumerate(kept)}).values())


def _sources(ctx: Context, frame: pd.DataFrame, name: str) -> tuple[dict[str, Contrast], list[str]]:
    """Return a contrast without numbers per source, and the sources whose own-group gap can be estimated."""
    least = int(ctx.threshold("affinity.min_supervisors").value)
    found: dict[str, Contrast] = {}
    kept = []
    for source in (s for s in OTHERS if (frame["source"] == s).any()):
        part = frame[frame["source"] == source]
        own = part.groupby("cluster")["own"]
        mixed = part[own.transform("max") & ~own.transform("min")].drop_duplicates("cluster")
        enough, params = _enough(ctx, mixed, name, "affinity.min_mixed_raters")
        params |= {"source": source, "least_supervisors": least}
        head = (f"{name}|{source}", int(part["ratee"].nunique()), len(mixed), params)
        found[source] = Contrast(*head, reason="few_raters")
        if enough and len(mixed) >= least:
            kept.append(source)
    return found, kept
