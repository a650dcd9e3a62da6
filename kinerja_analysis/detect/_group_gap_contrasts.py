"""Contrasts of the groups of one attribute with the biggest one, inside supervisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.detect.attributes import by_size, dummies, informative, of
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contrast import Contrast, fitted

Fit = Callable[[pd.DataFrame, np.ndarray], Any]


def points(ctx: Context) -> Fit:
    """Least squares inside supervisor x period, errors clustered by supervisor."""
    from kinerja_analysis.detect.fixed_effects import fixed_effects

    def fit(rows: pd.DataFrame, x: np.ndarray) -> Any:
        strata, cluster = (pd.factorize(rows[c], sort=True)[0] for c in ("stratum", "cluster"))
        return fixed_effects(rows["level"].to_numpy(), x, [strata], cluster, level=ctx.config.level)

    return fit


def contrasts(ctx: Context, rows: pd.DataFrame, name: str, value: pd.Series, fit: Fit) -> list[Contrast]:
    """Contrast every group of one attribute with the biggest one, in one fit."""
    covariates = [c for c in ("capaian",) if c in rows]
    frame = rows[["ratee", "level", "stratum", "cluster", *covariates]].assign(group=of(rows["ratee"], value))
    frame = frame.dropna(subset=["group"]).reset_index(drop=True)
    sizes = by_size(frame["group"], frame["ratee"])
    refused, kept = screen(ctx, frame, sizes, name)
    if not kept:
        return refused
    use = frame[frame["group"].isin([sizes.index[0], *kept])].reset_index(drop=True)
    made = fit(use, np.column_stack([dummies(use["group"], kept), use[covariates]]))
    heads = [Contrast(*head_of(name, group, sizes, supervisors_of(use, group))) for group in kept]
    return refused + [fitted(head, made, k) for k, head in enumerate(heads)]


def screen(ctx: Context, frame: pd.DataFrame, sizes: pd.Series, name: str) -> tuple[list[Contrast], list[str]]:
    """Split the groups beside the biggest one into refused and kept, by the supervisors who can tell of them."""
    if len(sizes) < 2 or len(sizes) > ctx.threshold("group_gap.max_values").value:
        reason = "one_value" if len(sizes) < 2 else "many_values"
        params = {"attribute": name, "k": len(sizes)}
        return [Contrast(name, int(frame["ratee"].nunique()), 0, params, reason=reason)], []
    least = ctx.threshold("group_gap.min_supervisors").value
    kept = [str(g) for g in sizes.index[1:]]
    refused: list[Contrast] = []
    while kept:
        use = frame[frame["group"].isin([sizes.index[0], *kept])]
        teams = {g: supervisors_of(use, g) for g in kept}
        few = [g for g in kept if teams[g] < least]
        for g in few:
            subject, n, n_teams, params = head_of(name, g, sizes, teams[g])
            refused.append(Contrast(subject, n, n_teams, {**params, "least": int(least)}, reason="few_teams"))
        kept = [g for g in kept if g not in few]
        if not few:
            break
    return refused, kept


def supervisors_of(rows: pd.DataFrame, group: str) -> int:
    """Return how many supervisors have, in some period, members in and out of the group and different ratings."""
    return int(informative(rows, (rows["group"] == group).to_numpy())["cluster"].nunique())


def head_of(name: str, group: str, sizes: pd.Series, teams: int) -> tuple[str, int, int, dict[str, Any]]:
    """Return subject, employees, supervisors and the names of the two groups."""
    reference = str(sizes.index[0])
    names = {"attribute": name, "group": group, "reference": reference}
    return f"{name}={group}", int(sizes[group] + sizes[reference]), teams, names
