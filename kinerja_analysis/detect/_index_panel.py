"""The six dimensions beside the objectivity index: each on its own scale, never averaged.

The yardstick of equity and impartiality is the supported SD: the SD of the score inside teams times the smallest
disattenuated correlation with a comparator. A ratio to the whole SD would improve when noise is added.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from kinerja_analysis.base.tables import ELSEWHERE
from kinerja_analysis.detect._index_evidence import FULL, Cell
from kinerja_analysis.detect._leniency_changes import changes_of
from kinerja_analysis.detect._role_spreads import role_spreads
from kinerja_analysis.detect.attributes import by_size, dummies
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.copied_peers import KEY, repeated
from kinerja_analysis.detect.copies import copied
from kinerja_analysis.detect.counts import accounting
from kinerja_analysis.detect.fits import sd_limits
from kinerja_analysis.stats.supported_order import SupportedOrder

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Yardstick:
    """The supported SD of a score inside teams, with limits, and without each unit."""

    value: float
    lower: float
    upper: float
    left: Floats


def yardstick(cell: Cell, order: SupportedOrder) -> Yardstick | None:
    """Return the supported SD, or None where the support cannot be told from none."""
    if not (math.isfinite(order.rho_lower) and order.rho_lower > 0):
        return None
    score, team, home = cell.rows["score"].to_numpy(float), cell.team, cell.home
    size = np.bincount(team)
    inside = score - (np.bincount(team, score) / np.maximum(size, 1))[team]
    squares = np.bincount(home, inside**2, minlength=order.replicates.size)
    free = np.bincount(home, 1 - 1 / size[team], minlength=order.replicates.size)
    sd = math.sqrt(squares.sum() / free.sum())
    left = np.sqrt((squares.sum() - squares) / (free.sum() - free))
    ends = (order.rho_lower * sd, min(order.rho_upper, 1.0) * sd)
    return Yardstick(min(order.rho, 1.0) * sd, *ends, np.clip(order.rho_replicates, 0, 1) * left)


@dataclass(frozen=True)
class Range:
    """A value with its limits."""

    value: float
    lower: float
    upper: float

    def map(self, function: Callable[[float], float]) -> Range:
        """Return the range on another, rising scale."""
        return Range(*(function(v) for v in (self.value, self.lower, self.upper)))


def decided_by_rater(spread: Range, yard: Yardstick) -> Range:
    """Return of 100 equal pairs in different teams the net number that who rated decides.

    Two raters differ by N(0, 2σ²), two equal employees not at all but for what the score adds: the net share is
    (2/π)·atan(σ_λ/σ_s). The limits combine the worst of both ranges.

    >>> yard = Yardstick(1.0, 0.5, 2.0, np.zeros(0))
    >>> found = decided_by_rater(Range(0.5, 0.0, 1.0), yard)
    >>> round(found.value, 2), found.lower, round(found.upper, 2)
    (29.52, 0.0, 70.48)
    """
    ratios = (spread.value / yard.value, spread.lower / yard.upper, spread.upper / yard.lower)
    return Range(*(200 / math.pi * math.atan(r) for r in ratios))


def spread(ctx: Context, scope: str) -> Range | str:
    """Return the SD of leniency in units of the score, or why it is not identified."""
    if scope == FULL:
        found = changes_of(ctx)
        if found is None:
            return "equity_one_year"
        if found.reason == "unsafe":
            return "equity_unsafe"
        if found.reason or found.who == "move":  # of those who changed alone only an upper bound is known
            return "equity_few_changes"
        return Range(found.fit.sd, found.fit.sd_lower, found.fit.sd_upper)
    verdict = ctx.design.verdicts().get((ctx.region, ctx.year, scope), "") if len(ctx.design.frame) else ""
    if verdict != "linked":
        return "equity_not_linked"
    if own := role_spreads(ctx):
        return Range(*own["supervisor"])  # the score is theirs
    fit_all = ctx.crossed().fit
    if fit_all is None or fit_all.reason not in ("", "singular"):
        return "equity_not_linked"
    ends = sd_limits(fit_all, "rater")
    return Range(float(fit_all.sd["rater"]), *ends) if np.isfinite(ends).all() else "equity_not_linked"


def decided_by_group(cell: Cell, group: pd.Series, yard: Yardstick, least: int, level: float) -> Range | None:
    """Return of 100 equal pairs of two groups in one team the net number that the group decides.

    The difference between two groups is that of the score inside teams (least squares); g² averages its square over
    the same-team pairs of different groups, less its sampling variance. None where fewer than two groups have
    ``least`` members, or no team holds two.
    """
    sizes = by_size(group, cell.rows["ratee"])
    names = [str(name) for name in sizes.index[sizes >= least] if name]
    use = group.isin(names).to_numpy()
    team, home, score = cell.team[use], cell.home[use], cell.rows["score"].to_numpy(float)[use]
    indicator = dummies(group[use], names)
    weight = _cross(indicator, team) if len(names) > 1 else np.zeros((1, 1))
    if not weight.any():
        return None
    told, effect, without = _effects(indicator, score, team, home)
    shrink = (told.size - 1) / told.size
    deviation = _apart(without - without.mean(axis=0), weight)
    raw, noise = float(_apart(effect[None], weight)[0]), shrink * float(deviation @ deviation)
    ratio = _apart(without, weight) / np.maximum(yard.left[told], 1e-12)
    se = math.sqrt(shrink * float(((ratio - ratio.mean()) ** 2).sum()))
    half = float(stdtrit(told.size - 1, 0.5 + level / 2)) * se
    value = math.sqrt(max(raw**2 - noise, 0.0)) / yard.value
    upper = raw / yard.value + half
    lower = max(value - half * raw / (value * yard.value), 0.0) if value > 0 else 0.0  # of the value freed of noise
    return Range(value, min(lower, value), upper).map(_net)


def _cross(indicator: Floats, team: Ints) -> Floats:
    """Shares of the same-team pairs of two different groups, both ways; all 0 where no team holds two groups."""
    counts = np.column_stack([np.bincount(team, column) for column in indicator.T])
    pairs = counts.T @ counts
    np.fill_diagonal(pairs, 0.0)
    return np.asarray(pairs / max(pairs.sum(), 1.0))


def _effects(indicator: Floats, score: Floats, team: Ints, home: Ints) -> tuple[Ints, Floats, Floats]:
    """Units, effects of the groups inside teams (the first 0), and the same without each of these units."""
    table = np.column_stack([indicator[:, 1:], score])
    size = np.maximum(np.bincount(team), 1)
    inside = table - np.column_stack([np.bincount(team, column) / size for column in table.T])[team]
    x, y = inside[:, :-1], inside[:, -1]
    left = np.zeros((int(home.max()) + 1, x.shape[1], x.shape[1]))
    right = np.zeros((int(home.max()) + 1, x.shape[1]))
    np.add.at(left, home, x[:, :, None] * x[:, None, :])
    np.add.at(right, home, x * y[:, None])
    told = np.unique(home)
    whole = _solved(left.sum(axis=0)[None], right.sum(axis=0)[None])[0]
    return told, whole, _solved(left.sum(axis=0) - left[told], right.sum(axis=0) - right[told])


def _net(g: float) -> float:
    """Net number of 100 pairs that a difference of g supported SD decides.

    >>> round(_net(0.36), 1), round(_net(0.25), 1)
    (20.1, 14.0)
    """
    return float(100 * (2 * ndtr(g / math.sqrt(2)) - 1))


def _solved(left: Floats, right: Floats) -> Floats:
    """Solve each system, the first group at 0; a group that no team compares stays at 0."""
    made = np.linalg.pinv(left, rcond=1e-9, hermitian=True) @ right[..., None]
    return np.concatenate([np.zeros((len(made), 1)), made[..., 0]], axis=1)


def _apart(effect: Floats, weight: Floats) -> Floats:
    """Root of the weighted mean squared difference of two groups, per row of effects."""
    return np.asarray(np.sqrt(((effect[:, :, None] - effect[:, None, :]) ** 2 * weight).sum(axis=(1, 2))))


def integrity(ctx: Context, ratings: pd.DataFrame) -> tuple[int, int]:
    """Return how many rows of the files behind ratings are usable, unique and no copied block, of how many.

    A block is copied when two raters gave the same employees exactly the same scores beyond chance (``repeated``).
    Rows whose rater is not known, where others' are, do not count: the index cannot use them. Those of other periods
    (quarters beside a year) are nothing it asks for. Peers' copies of the
    supervisor are no evidence (``copies``) and told apart; they do not close the gate.
    """
    apart = (ratings["source"] == "peer") & pd.MultiIndex.from_frame(ratings[["ratee", "rater"]]).isin(copied(ctx))
    blocks = _blocks(ratings[~apart], ctx.config.fdr)
    lines = ctx.memo("accounting", lambda: accounting(ctx)[0])
    rows = ratings["row"].drop_duplicates()
    files = pd.to_numeric(rows.str.partition(":")[0], errors="coerce").unique() if len(lines) else []
    lines = lines[lines["file"].isin(files) & (lines["table"] == "ratings") & (lines["reason"] != ELSEWHERE)]
    read, kept = (int(lines[c].sum()) if len(lines) else len(rows) for c in ("rows", "kept"))
    every = ctx.tables.ratings
    nobodys = every.loc[every["rater"].isna() & every["rater"].notna().any(), "row"].drop_duplicates()
    unknown = pd.to_numeric(nobodys.str.split(":").str[0], errors="coerce").isin(files).sum()
    return max(kept - blocks - int(unknown), 0), max(read, 1)


def _blocks(ratings: pd.DataFrame, fdr: float = 0.10) -> int:
    """Return the rows that repeat another rater's scores, all but one rater's of each block."""
    found = pd.MultiIndex.from_frame(ratings[KEY]).isin(repeated(ratings, fdr))
    return int(ratings.loc[found, "row"].nunique())
