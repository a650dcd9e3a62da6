"""Frames that a picture needs beyond the findings: the Wright map and the changes of supervisor. Internal only."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.detect._leniency_changes import changes_of, groups, steps
from kinerja_analysis.detect.context import Context

WRIGHT = ("facet", "name", "position", "se", "n")
LARGEST = 0.5  #: share of the employees that the largest linked part must hold
MOVES = ("position", "kept", "changed")
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
MOST_BINS = 32


def pictured(ctx: Context, results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    """Return the frames of one cell by name, empty where there is nothing to draw; none without leniency's answer."""
    found = results.get("leniency")
    if found is None or (found.frame["status"] == Status.ERROR).any():
        return {}
    return {"wright": wright(ctx), "moves": moves(ctx)}


def wright(ctx: Context) -> pd.DataFrame:
    """Return the Wright map of the many-facet Rasch model: one row per bar, criterion and threshold.

    Columns ``facet`` (``ratee`` and ``rater``: bars, ``position`` the middle and ``n`` how many; ``criterion`` and
    ``step``: one row each with its ``se``, ``name`` the criterion or the scores on both sides of the threshold, on
    0-100), ``name position se n``. Positions are logits; up is a better employee, a stricter rater, a harder criterion
    or step. Employees and raters without a finite measure stand in no bar.

    Employees and raters are those of the largest part that ratings link: positions in different parts have no common
    zero. Where it holds less than half of the employees, the only row has the facet ``parts`` and their number ``n``.
    """
    empty = pd.DataFrame({c: pd.Series(dtype="str" if c in ("facet", "name") else "float64") for c in WRIGHT})
    model = ctx.rasch() if len(ctx.multisource) else None
    fit = model.fit if model is not None else None
    if model is None or fit is None or fit.reason not in ("", "parts") or not fit.converged:
        return empty
    sizes = np.bincount(fit.part["ratee"][fit.part["ratee"] >= 0], minlength=1)
    if sizes.max() < LARGEST * sizes.sum() or isinstance(fit.thresholds, dict):
        return pd.DataFrame([("parts", "", math.nan, math.nan, sizes.size)], columns=list(WRIGHT))
    place = {facet: fit.measure[facet][fit.part[facet] == sizes.argmax()] for facet in ("ratee", "rater")}
    step = width(np.concatenate(list(place.values())))
    rows = [(facet, "", at, math.nan, n) for facet, at_all in place.items() for at, n in bars(at_all, step)]
    each = zip(model.criteria, fit.measure["criterion"], fit.se["criterion"], strict=True)
    rows += [("criterion", name, float(at), float(se), 1) for name, at, se in each]
    scores = [model.low + k * model.points for k in range(fit.thresholds.size + 1)]
    for k, (at, se) in enumerate(zip(fit.thresholds, np.asarray(fit.thresholds_se), strict=True)):
        rows.append(("step", f"{scores[k]:.0f}|{scores[k + 1]:.0f}", float(at), float(se), 1))
    return pd.DataFrame(rows, columns=list(WRIGHT))


def moves(ctx: Context) -> pd.DataFrame:
    """Return how far the mean predikat of the same employees moved from one period to the next.

    One row per bar: ``position`` (its middle, in levels, less the median move of those of that period who kept their
    supervisor), how many ``kept`` their supervisor and how many ``changed`` it. Counted are the teams of the study of
    changes of supervisor, or single employees where it rests on those who moved (teams and single employees do not
    move alike); empty where that study has no answer.
    """
    empty = pd.DataFrame({c: pd.Series(dtype="float64") for c in MOVES})
    found = changes_of(ctx)
    if found is None or found.reason:
        return empty
    each = steps(ctx.past.teams, stayed=found.who == "change")
    told = groups(each) if found.who == "change" else each.rename(columns={"d": "mean"})
    kept, move, time = (told["before"] == told["after"]).to_numpy(bool), told["mean"], told["step"]
    usual = move[kept].groupby(time[kept]).median()
    apart = (move - time.map(usual)).to_numpy(np.float64)
    step = width(apart)
    by = {name: dict(bars(apart[mine], step)) for name, mine in (("kept", kept), ("changed", ~kept))}
    places = sorted(set(by["kept"]) | set(by["changed"]))
    return pd.DataFrame([(at, *(by[name].get(at, 0) for name in by)) for at in places], columns=list(MOVES))


def width(values: NDArray[np.float64]) -> float:
    """Return a round width of bars that needs at most ``MOST_BINS`` of them.

    >>> width(np.array([0.0, 3.0])), width(np.array([-20.0, 20.0])), width(np.array([np.nan]))
    (0.1, 2.0, 0.05)
    """
    known = values[np.isfinite(values)]
    spread = float(np.ptp(known)) if known.size else 0.0
    return next((s for s in STEPS if spread / s <= MOST_BINS - 2), float(math.ceil(spread / (MOST_BINS - 2))))


def bars(values: NDArray[np.float64], step: float) -> list[tuple[float, int]]:
    """Return the middles and counts of bars around the multiples of ``step``; no empty bars.

    >>> bars(np.array([0.1, -0.1, 0.6, np.inf]), 0.5)
    [(0.0, 2), (0.5, 1)]
    """
    number, count = np.unique(np.round(values[np.isfinite(values)] / step).astype(np.int64), return_counts=True)
    return [(round(float(k * step), 6) + 0.0, int(n)) for k, n in zip(number, count, strict=True)]
