"""The gap between two groups of ratees, split into raters, composition and performance through shared raters."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from kinerja_analysis.stats._arrays import codes, group_sum, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
PARTS = ("level", "raters", "performance", "composition", "level_adjusted", "performance_adjusted")
MIN_LINKS = 3
MIN_OVERLAP = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedGroups:
    """Parts of the gap group 0 − group 1, arrays in the order of `parts`, in the unit of the score.

    `raters` is what the gap owes to the raters (positive: group 0's raters give more), `performance` the rest;
    `composition` what it owes to different shares of the strata; `…_adjusted` holds the strata equal. `df` is that of
    t, infinite where links play no part. `n_links` links are `n_shared` raters of both groups and ratees rated in both;
    `n_linked` counts the ratees (by group) who carry them. `reason`: "no_links", "few_links" (below three links, or
    below two effective degrees of freedom) leave `raters` and `performance` NaN; `reason_adjusted`: "no_strata",
    "no_overlap" leave what is adjusted NaN.
    """

    n: int
    value: Floats
    se: Floats
    df: Floats
    n_links: int
    n_shared: int
    n_linked: tuple[int, int]
    method: str = "links within ratees"
    reason: str = ""
    reason_adjusted: str = ""
    parts: tuple[str, ...] = PARTS

    def part(self, name: str) -> tuple[float, float, float]:
        """Return value, standard error and degrees of freedom of one part."""
        i = self.parts.index(name)
        return float(self.value[i]), float(self.se[i]), float(self.df[i])

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper (95 %); one row per part."""
        from scipy.special import ndtri, stdtrit

        width = np.where(np.isinf(self.df), ndtri(0.975), stdtrit(np.where(np.isinf(self.df), 1.0, self.df), 0.975))
        half = width * self.se
        return frame(block("part", self.value, level=self.parts, se=self.se, lower=self.value - half,
                           upper=self.value + half))  # fmt: skip


def linked_groups(
    score: ArrayLike, ratee: ArrayLike, rater: ArrayLike, group: ArrayLike, *, sd_pair: float, sd_rater: float,
    sd_ratee: float = 0.0, source: ArrayLike | None = None, stratum: ArrayLike | None = None,
) -> LinkedGroups:  # fmt: skip
    """Split the gap between the ratings of two groups.

    A rater who rates in both groups is shared, the others are local. The gap is the mean difference of the local
    ratings. On one ratee, the local ratings minus a shared rater's tell how much more the local raters give than that
    rater, whatever the ratee's performance; the difference of this between the groups is the raters' part, whatever
    the shared rater's severity. A ratee rated by local raters of both groups tells it directly. Links are weighted by
    the inverse of their variance. Assumed: shared raters are as severe in one group as in the other; local raters
    who meet no link are like those who do.

    Parameters
    ----------
    score : array_like, shape (n,)
        One rating (mean over criteria) per pair.
    ratee, rater, group : array_like of int, shape (n,)
        Codes; ``group`` 0 or 1 is where the rating was given.
    sd_pair, sd_rater : float
        SD of a pair's rating around ratee and rater, and between raters of one group, in the unit of the score.
    sd_ratee : float
        SD between ratees: how well strata are known by those who are in them (for what is adjusted, nothing else).
    source : array_like of int, shape (n,), optional
        Codes; the gap is the mean over the sources both groups have, local ratings of other sources are left out.
    stratum : array_like of int, shape (n,), optional
        The ratee's stratum; strata count as both groups' mean share of them.

    Returns
    -------
    LinkedGroups
        The standard error of ``raters`` is the larger of two: of the weights given ``sd_pair`` and ``sd_rater`` (raters
        count by how their weight in the links departs from that in the gap), and of the spread between links; t with
        the effective number of links − 1.

    Raises
    ------
    ValueError
        For shapes, codes or SDs that are not as above.

    Examples
    --------
    Raters 0, 1, 2 rate all six ratees, rater 3 group 0, rater 4 group 1, two points higher than he would in group 0.

    >>> merit = np.array([1.0, 2, 3, 5, 6, 7])
    >>> severe = np.array([0.0, 1, -1, 0, -2])
    >>> i, r = np.repeat(np.arange(6), 4), np.tile([0, 1, 2, 9], 6)
    >>> r[r == 9] = np.repeat([3, 4], 3)
    >>> found = linked_groups(merit[i] - severe[r], i, r, i // 3, sd_pair=0.1, sd_rater=1)
    >>> [round(found.part(p)[0], 6) for p in ("level", "raters", "performance")]
    [-6.0, -2.0, -4.0]
    """
    y = vector(score, "score")
    n = y.size
    i, r, g = (codes(v, name, n) for v, name in ((ratee, "ratee"), (rater, "rater"), (group, "group")))
    s = codes(source, "source", n) if source is not None else np.zeros(n, np.intp)
    if g.size and g.max() > 1:
        raise ValueError("group must be 0 or 1")
    if not (sd_pair > 0 and sd_rater >= 0 and sd_ratee >= 0):
        raise ValueError("sd_pair must be positive, sd_rater and sd_ratee not negative")
    raters = int(r.max(initial=-1)) + 1
    both = np.ones(raters, bool)
    for code in (0, 1):
        both &= group_sum(g == code, r, raters) > 0
    local = ~both[r]
    of_both = [np.isin(s, s[local & (g == code)]) for code in (0, 1)]
    used = local & of_both[0] & of_both[1]
    gap = _gap(used, g, s)
    rows, carried = _links(used, both[r], i, r, g, s)
    value, se, df = (np.full(len(PARTS), np.nan) for _ in range(3))
    if not gap.any():
        return LinkedGroups(n=n, value=value, se=se, df=df, n_links=0, n_shared=0, n_linked=(0, 0), reason="no_links",
                            reason_adjusted="no_strata")  # fmt: skip

    def model(weights: Floats, target: Floats | float = 0.0) -> float:
        """Variance of a weighted sum of ratings around what the raters' ``target`` weights would give."""
        uneven = group_sum(weights - target, r, raters)
        return float(sd_pair**2 * (weights**2).sum() + sd_rater**2 * (uneven**2).sum())

    def put(name: str, weights: Floats, variance: float, freedom: float) -> None:
        at = PARTS.index(name)
        value[at], se[at], df[at] = weights @ y, math.sqrt(variance), freedom

    put("level", gap, float(sd_pair**2 * (gap**2).sum()), math.inf)
    weights, spread, freedom = _combine(rows, y, r, raters, sd_pair, sd_rater)
    reason = "" if rows.shape[0] else "no_links"
    if rows.shape[0] and not (rows.shape[0] >= MIN_LINKS and freedom > MIN_LINKS - 1 - 1e-6):
        reason = "few_links"
    excess = 0.0
    if not reason:
        own = model(weights, gap)
        excess = max(spread - own, 0.0)
        put("raters", weights, own + excess, freedom)
        put("performance", gap - weights, model(gap - weights) + excess, freedom)
    even, missing = _standard(used, g, s, codes(stratum, "stratum", n) if stratum is not None else None)
    if even is not None:
        strata = float(sd_ratee**2 * (group_sum(gap - even, 2 * i + g, 2 * int(i.max()) + 2) ** 2).sum())
        put("level_adjusted", even, float(sd_pair**2 * (even**2).sum()) + strata, math.inf)
        put("composition", gap - even, model(gap - even) + strata, math.inf)
        if not reason:
            put("performance_adjusted", even - weights, model(even - weights) + excess + strata, freedom)
    n_linked = (len(carried[0]), len(carried[1]))
    return LinkedGroups(n=n, value=value, se=se, df=df, n_links=rows.shape[0], n_shared=int(both.sum()),
                        n_linked=n_linked, reason=reason, reason_adjusted=missing)  # fmt: skip


def _gap(used: NDArray[np.bool_], g: Ints, s: Ints) -> Floats:
    """Weights of the gap: sources count alike, and so do the ratings of a source in a group."""
    out = np.zeros(used.size)
    number = max(len(np.unique(s[used])), 1)
    for code in np.unique(s[used]):
        for k, sign in ((0, 1.0), (1, -1.0)):
            mine = used & (s == code) & (g == k)
            out[mine] = sign / (number * mine.sum())
    return out


def _standard(used: NDArray[np.bool_], g: Ints, s: Ints, stratum: Ints | None) -> tuple[Floats | None, str]:
    """Weights of the gap with equal strata: those that both groups have, by their mean share."""
    if stratum is None or not used.any():
        return None, "no_strata"
    cell = np.unique(np.column_stack([s, stratum]), axis=0, return_inverse=True)[1].ravel()
    gap, k = np.abs(_gap(used, g, s)), int(cell.max()) + 1
    share = [group_sum(np.where(g == code, gap, 0.0), cell, k) for code in (0, 1)]
    both = (share[0] > 0) & (share[1] > 0)
    if min(float(part[both].sum()) for part in share) < MIN_OVERLAP:
        return None, "no_overlap"
    standard = np.where(both, share[0] + share[1], 0.0)
    standard /= standard.sum()
    factor = [np.divide(standard, part, out=np.zeros(k), where=both) for part in share]
    signed = np.where(g == 0, factor[0][cell], -factor[1][cell])
    return signed * gap, ""


def _links(
    used: NDArray[np.bool_], shared: NDArray[np.bool_], i: Ints, r: Ints, g: Ints, s: Ints
) -> tuple[sparse.csr_array, tuple[set[int], set[int]]]:
    """One row of weights per link (shared raters, then ratees rated in both groups), and the ratees that carry them."""
    n = used.size
    cell = 2 * i + g
    names, cell = np.unique(cell, return_inverse=True)
    size = len(names)
    kinds = np.unique(np.column_stack([cell[used], s[used]]), axis=0, return_inverse=True)
    per_kind = np.bincount(kinds[1].ravel())[kinds[1].ravel()]
    sources = np.bincount(kinds[0][:, 0].astype(np.intp), minlength=size)[cell[used]]
    where = np.flatnonzero(used)
    mean = sparse.csr_array((1.0 / (per_kind * sources), (cell[used], where)), shape=(size, n))
    met = np.bincount(cell[used], minlength=size) > 0
    pair = np.flatnonzero(shared & met[cell])
    once = np.bincount(2 * r[pair] + g[pair], minlength=2 * (int(r.max(initial=0)) + 1))
    whole = [q for q in np.unique(r[pair]) if once[2 * q] and once[2 * q + 1]]
    pair = pair[np.isin(r[pair], whole)]
    row = np.searchsorted(np.array(whole, np.intp), r[pair])
    weight = np.where(g[pair] == 0, 1.0, -1.0) / once[2 * r[pair] + g[pair]]
    own = sparse.csr_array((np.ones(pair.size), (np.arange(pair.size), pair)), shape=(pair.size, n))
    first = sparse.csr_array((weight, (row, np.arange(pair.size))), shape=(len(whole), pair.size))
    found = [first @ (mean[cell[pair]] - own)]
    movers = np.flatnonzero((names[:-1] // 2 == names[1:] // 2) & met[:-1] & met[1:]) if size > 1 else np.zeros(0, int)
    found.append(mean[movers] - mean[movers + 1])
    cells = set(cell[pair].tolist()) | set(movers.tolist()) | set((movers + 1).tolist())
    carried = tuple({int(names[c] // 2) for c in cells if names[c] % 2 == k} for k in (0, 1))
    return sparse.csr_array(sparse.vstack(found)), (carried[0], carried[1])


def _combine(
    rows: sparse.csr_array, y: Floats, r: Ints, raters: int, sd_pair: float, sd_rater: float
) -> tuple[Floats, float, float]:
    """Return the weights of the ratings over all links, the variance by their spread, effective links − 1."""
    links: Any = rows.shape[0]
    if links == 0:
        return np.zeros(y.size), math.nan, math.nan
    by_rater = rows @ sparse.csr_array((np.ones(y.size), (np.arange(y.size), r)), shape=(y.size, raters))
    variance = sd_pair**2 * np.asarray((rows * rows).sum(axis=1)).ravel()
    variance = variance + sd_rater**2 * np.asarray((by_rater * by_rater).sum(axis=1)).ravel()
    weight = 1 / variance
    weight /= weight.sum()
    each = rows @ y
    even = float((weight**2).sum())
    spread = float((weight**2 * (each - weight @ each) ** 2).sum() / (1 - even)) if even < 1 else math.nan
    return np.asarray(rows.T @ weight).ravel(), spread, 1 / even - 1
