"""Second looks at gaps in multi-source data: supervisors against peers, and one criterion against the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from kinerja_analysis.detect._difficulty import difficulty
from kinerja_analysis.detect._group_gap_contrasts import head_of, screen, supervisors_of
from kinerja_analysis.detect._grouped import grouped
from kinerja_analysis.detect._scale_free import alike, ends_matter, method, scale_free
from kinerja_analysis.detect.attributes import by_size, dummies, of, scored
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contrast import Contrast, Reporter, fitted
from kinerja_analysis.detect.copied_peers import unoriginal
from kinerja_analysis.detect.fixed_effects import fixed_effects

MIN_CRITERIA = 3


def second_looks(ctx: Context, main: Reporter, known: dict[str, pd.Series]) -> None:
    """Add ``gap_between_sources`` and ``criterion_gap``, each a family of its own."""
    least = int(ctx.threshold("group_gap.min_supervisors").value)
    name = "gap_between_sources"
    rows = both_sources(ctx)
    if len(rows) and not {"supervisor", "peer"} <= {*alike(ctx)}:
        main.out.insufficient("sources_scales", name, main.scope)
    else:
        rows = scale_free(ctx, rows)
        found = [c for n, value in known.items() for c in _between(ctx, rows, n, value)] if len(rows) else []
        found = [replace(c, params=c.params | {"model": int(ends_matter(ctx))}) for c in found]
        replace(main, measure=name, verdict=name).second(ctx, found, "sources", least=least)
    criteria, scores = by_criterion(ctx)
    found = []
    if len(criteria) >= MIN_CRITERIA:
        found = [c for name, value in known.items() for c in _criteria(ctx, scores, criteria, name, value)]
    limit = ctx.threshold("group_gap.criterion_gap")
    report = replace(main, measure="criterion_gap", verdict="criterion_gap", threshold=limit)
    report.second(ctx, found, "criterion", least=least, n_criteria=len(criteria))


def both_sources(ctx: Context) -> pd.DataFrame:
    """Return the ratings by supervisors and peers of employees who have both, with ``team``, their supervisor."""
    rows = scored(ctx, ("supervisor", "peer"))
    rows = rows[~unoriginal(ctx, rows)]
    top = (rows["source"] == "supervisor").groupby(grouped(rows, ["period", "ratee"])[0])
    rows = rows[top.transform("any") & ~top.transform("all")].reset_index(drop=True)
    mine = rows["rater"].where(rows["source"] == "supervisor")
    return rows.assign(team=mine.groupby(grouped(rows, ["period", "ratee"])[0]).transform("first"))


def _between(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series) -> list[Contrast]:
    """Supervisors' gap minus peers' gap on the same employees: free effects of every employee and every rater."""
    use = rows.assign(group=of(rows["ratee"], value)).dropna(subset=["group"])
    top = use[use["source"] == "supervisor"].reset_index(drop=True)
    sizes = by_size(top["group"], top["ratee"])
    refused, kept = screen(ctx, top, sizes, name)
    if not kept:
        return refused
    use = use[use["group"].isin([sizes.index[0], *kept]) & (use["weight"] > 0)]
    x = dummies(use["group"].where(use["source"] == "supervisor", ""), kept)
    rater, team = (pd.factorize(use[c], sort=True)[0] for c in ("stratum", "team"))
    ratee = grouped(use, ["period", "ratee"])[0]
    level, weight = use["level"].to_numpy(), use["weight"].to_numpy()
    fit = fixed_effects(level, x, [rater, ratee], team, level=ctx.config.level, weight=weight)
    heads = [Contrast(*head_of(name, group, sizes, supervisors_of(top, group))) for group in kept]
    fit = replace(fit, method=method(ctx))
    return refused + [fitted(head, fit, k) for k, head in enumerate(heads)]


def by_criterion(ctx: Context) -> tuple[list[str], pd.DataFrame]:
    """Return the criteria, and one row per supervisor, employee and period with a column for each of them.

    A column holds the score minus the mean of the employee's other criteria from the same supervisor, in standard
    deviations of single scores inside supervisors and criteria (pooled); ``level`` is the mean. Where employees do not
    all have the same criteria, harder ones do not make the others look high.
    """
    rows = ctx.multisource
    used = ["period", "rater", "ratee", "criterion", "score", "scale_min", "scale_max"]
    rows = rows.loc[(rows["source"] == "supervisor") & rows["rater"].notna() & (rows["rater"] != rows["ratee"]), used]
    span = rows["scale_max"] - rows["scale_min"]
    scaled = rows.assign(scaled=100 * (rows["score"] - rows["scale_min"]) / span)
    wide = scaled.groupby(["period", "rater", "ratee", "criterion"])["scaled"].mean().unstack("criterion")
    number = wide.notna().sum(axis=1)
    wide = wide[number >= MIN_CRITERIA]
    if wide.empty:
        return [], wide
    if wide.isna().any(axis=None):
        row, column = np.nonzero(wide.notna().to_numpy())
        wide = wide - difficulty(wide.to_numpy()[row, column], row, column, len(wide))
    total, number = wide.sum(axis=1), wide.notna().sum(axis=1)
    strata = wide.groupby(level=["period", "rater"])
    inside = wide - strata.transform("mean")
    freedom = int(number.sum()) - int((strata.count() > 0).to_numpy().sum())
    sd = float(np.sqrt((inside**2).to_numpy()[wide.notna().to_numpy()].sum() / freedom)) if freedom > 0 else 0.0
    if not sd > 1e-9:
        return [], wide.iloc[:0]
    apart = wide.sub(wide.rsub(total, axis=0).div(number - 1, axis=0)) / sd
    frame = apart.assign(level=total / number, stratum=strata.ngroup()).reset_index()
    return [str(c) for c in wide.columns], frame.assign(cluster=pd.factorize(frame["rater"], sort=True)[0])


def _criteria(
    ctx: Context, scores: pd.DataFrame, criteria: list[str], name: str, value: pd.Series
) -> Iterator[Contrast]:
    """Gap on each criterion beyond the gap on the others: supervisor x employee and supervisor x criterion removed."""
    use = scores.assign(group=of(scores["ratee"], value)).dropna(subset=["group"]).reset_index(drop=True)
    sizes = by_size(use["group"], use["ratee"])
    refused, kept = screen(ctx, use, sizes, name)
    yield from refused
    if not kept:
        return
    use = use[use["group"].isin([sizes.index[0], *kept])]
    heads = [head_of(name, group, sizes, supervisors_of(use, group)) for group in kept]
    for criterion in criteria:
        part = use[use[criterion].notna()]
        strata, cluster = (pd.factorize(part[c], sort=True)[0] for c in ("stratum", "cluster"))
        x = dummies(part["group"], kept)
        fit = fixed_effects(part[criterion].to_numpy(), x, [strata], cluster, level=ctx.config.level)
        plain = criterion.replace("_", " ")
        for k, (subject, n, teams, params) in enumerate(heads):
            yield fitted(Contrast(f"{subject}|{criterion}", n, teams, {**params, "criterion": plain}), fit, k)
