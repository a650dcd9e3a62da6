"""Repeated answers: single-value teams, identical vectors of one rater, straight lines within a vector."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinerja_analysis.stats._arrays import codes
from kinerja_analysis.stats._record import block, frame
from kinerja_analysis.stats._repeats import run_chance, vector_chances

if TYPE_CHECKING:
    import pandas as pd

_CELLS = 1_000_000

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SingleValueChance:
    """Chance of a team whose members all have the same pattern; arrays in the order of team codes.

    `size`, `single` (all members the same), `chance`, and `p_team` = chance where the team is single, else 1.
    Teams of fewer than two have chance 1 and stay out of `n_teams`, `expected`, `observed` and `p`, the
    probability of at least as many single-value teams as observed. NaN with `reason` "empty" (no team of
    two) or "one_team" (nobody else to compare with).
    """

    size: Ints
    single: NDArray[np.bool_]
    chance: Floats
    p_team: Floats
    expected: float
    observed: int
    p: float
    n: int
    n_teams: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (team), value, se, lower, upper."""
        totals = (block(q, getattr(self, q)) for q in ("expected", "observed", "p"))
        return frame(block("chance", self.chance), block("p_team", self.p_team), *totals)


def single_value_chance(pattern: ArrayLike, team: ArrayLike) -> SingleValueChance:
    """How likely a team of n is to get one value throughout, by chance.

    Parameters
    ----------
    pattern : array_like of int, shape (n,)
        Code of what a member got, e.g. one of the nine combinations of two three-level ratings.
    team : array_like of int, shape (n,)
        Team codes.

    Returns
    -------
    SingleValueChance

    Raises
    ------
    ValueError
        On unequal lengths, fractions or negative codes.

    Notes
    -----
    chance = Σ_v q_v^n with q_v the shares in all *other* teams and members drawn independently. The number
    of single-value teams is then Poisson-binomial; its upper tail is exact for shares known beforehand. Taken from the
    same ratings they move with the number itself: the tail then errs on the safe side.

    Examples
    --------
    Three of four others have value 0: a team of two is single with chance .75² + .25² = .625.

    >>> fit = single_value_chance([0, 0, 0, 0, 0, 1], [0, 0, 1, 1, 2, 2])
    >>> fit.chance[0].item(), fit.single.tolist(), fit.observed
    (0.625, [True, True, False], 2)
    """
    value = codes(pattern, "pattern")
    group = codes(team, "team", value.size)
    _, value = np.unique(value, return_inverse=True)
    size = np.bincount(group)
    width = int(value.max(initial=-1)) + 1
    cells = np.unique(group * width + value) // max(width, 1)
    single = np.bincount(cells, minlength=size.size) == 1
    judged = size > 1
    observed, n_teams = int((single & judged).sum()), int(judged.sum())
    tail = (value.size, n_teams, "leave_own_team_out")
    if not judged.any() or (size > 0).sum() < 2:
        blank = np.full(size.size, math.nan)
        reason = "one_team" if judged.any() else "empty"
        return SingleValueChance(size, single, blank, blank, math.nan, observed, math.nan, *tail, reason)
    chance = _all_same(value, group, size, width)
    p_team, expected = np.where(single, chance, 1.0), float(chance[judged].sum())
    p = _at_least(chance[judged], observed)
    return SingleValueChance(size, single, chance, p_team, expected, observed, p, *tail, "")


def _all_same(value: Ints, team: Ints, size: Ints, width: int) -> Floats:
    """Σ_v q_v^n of each team with the shares q of all other teams."""
    total = np.bincount(value, minlength=width)
    order = np.argsort(team, kind="stable")
    chance = np.empty(size.size)
    step = max(1, _CELLS // width)
    for first in range(0, size.size, step):
        last = min(first + step, size.size)
        rows = order[slice(*np.searchsorted(team, (first, last), sorter=order))]
        own = np.bincount((team[rows] - first) * width + value[rows], minlength=(last - first) * width)
        others = total - own.reshape(-1, width)
        share = others / others.sum(axis=1, keepdims=True)
        chance[first:last] = (share ** size[first:last, None]).sum(axis=1)
    return np.where(size > 0, np.minimum(chance, 1.0), 1.0)


def _at_least(chance: Floats, observed: int) -> float:
    """P(at least `observed` successes) of independent trials: exact recursion, the last state absorbs."""
    mass = np.zeros(observed + 1)
    mass[0] = 1.0
    for p in chance:
        moved = mass[:-1] * p
        mass[:-1] -= moved
        mass[1:] += moved
    return float(mass[-1])


@dataclass(frozen=True, slots=True)
class IdenticalVectors:
    """Share of a rater's ratee pairs with identical rating vectors; arrays in the order of rater codes.

    `expected` is that share for two vectors drawn from the other raters' vectors, `excess` the difference, `p` the
    exact chance of at least as many identical pairs among vectors drawn so, which allows for pairs sharing vectors.
    NaN for raters with fewer than two ratees, or without anybody else's vectors; `reason` is then
    "too_few_ratees", "one_rater" or "empty".
    """

    value: Floats
    expected: Floats
    p: Floats
    ratees: Ints
    n: int
    n_patterns: int
    method: str
    reason: str

    @property
    def excess(self) -> Floats:
        """Observed less expected share."""
        return self.value - self.expected

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (rater), value, se, lower, upper."""
        return frame(block("identical", self.value), block("expected", self.expected), block("p", self.p))


def identical_vectors(matrix: ArrayLike, rater: ArrayLike) -> IdenticalVectors:
    """How often a rater gives two ratees the same vector of ratings.

    Parameters
    ----------
    matrix : array_like, shape (n, criteria)
        One row of ratings per ratee and rater, complete.
    rater : array_like of int, shape (n,)
        Rater codes.

    Returns
    -------
    IdenticalVectors

    Raises
    ------
    ValueError
        On NaN, unequal lengths or negative codes.

    Notes
    -----
    value = Σ_v n_v(n_v − 1)/(n(n − 1)) over the rater's vectors v; expected = the same over all other raters'
    vectors, unbiased for Σ_v q_v². Raters differ honestly in level, so the expected share is a lower mark, and
    `p` is exact for drawn vectors only: a flag needs a null simulated with pair effects.

    Examples
    --------
    >>> fit = identical_vectors([[3, 3], [3, 3], [2, 3], [3, 3], [1, 2], [3, 3]], [0, 0, 0, 1, 1, 1])
    >>> fit.value.round(3).tolist(), fit.expected.round(3).tolist()
    ([0.333, 0.333], [0.333, 0.333])
    """
    table = _complete(matrix)
    who = codes(rater, "rater", table.shape[0])
    ratees = np.bincount(who)
    _, vector = np.unique(table, axis=0, return_inverse=True)
    vector = vector.ravel()
    n_patterns = int(vector.max(initial=-1)) + 1
    cell, own = np.unique(who * n_patterns + vector, return_counts=True)
    owner, kind = cell // max(n_patterns, 1), cell % max(n_patterns, 1)
    total = np.bincount(vector, minlength=n_patterns)
    same = np.bincount(owner, weights=own * (own - 1.0), minlength=ratees.size)
    gone = own * (2.0 * total[kind] - own - 1)
    left = float((total * (total - 1.0)).sum()) - np.bincount(owner, weights=gone, minlength=ratees.size)
    value = _share(same, ratees * (ratees - 1.0))
    rest = table.shape[0] - ratees.astype(np.float64)
    expected = _share(left, rest * (rest - 1.0))
    reason = "" if (ratees > 1).all() else "too_few_ratees"
    if (ratees > 0).sum() < 2:
        reason = "one_rater" if ratees.size else "empty"
    counts = own.astype(np.float64), total.astype(np.float64)
    p = vector_chances(ratees, same.astype(np.float64), owner, kind, *counts)
    return IdenticalVectors(value, expected, p, ratees, table.shape[0], n_patterns, "pair_share", reason)


def _complete(matrix: ArrayLike) -> Floats:
    """A finite two-dimensional array."""
    table = np.asarray(matrix, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"matrix must have shape (n, criteria), got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("matrix holds NaN or infinity; leave such rows out first")
    return table


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """part/whole, NaN where whole is 0."""
    return np.divide(part, whole, out=np.full(whole.size, math.nan), where=whole > 0)


@dataclass(frozen=True, slots=True)
class RowIndex:
    """One number per answer vector (row); NaN with `reason` "too_few_criteria" where it is not defined.

    `p` (longstring only, else NaN): exact chance of a run at least as long if every answer were drawn independently
    from the answers of all rows to that item. Halo makes honest rows longer too: a description, no test of care.
    """

    name: str
    value: Floats
    p: Floats
    n: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (row), value, se, lower, upper."""
        return frame(block(self.name, self.value), block("p", self.p))


def longstring(matrix: ArrayLike) -> RowIndex:
    """Longest run of equal neighbouring answers in each row.

    Parameters
    ----------
    matrix : array_like, shape (n, criteria)
        Answers in the order in which they were given, complete.

    Returns
    -------
    RowIndex

    Raises
    ------
    ValueError
        On NaN or a table without columns.

    References
    ----------
    Johnson (2005). A straight line may be halo: it is careless only if it also repeats across ratees.

    Examples
    --------
    >>> fit = longstring([[3, 3, 3, 2], [1, 2, 2, 1]])
    >>> fit.value.tolist(), fit.p.tolist()
    ([3.0, 2.0], [0.25, 0.6875])
    """
    table = _complete(matrix)
    run = longest = np.ones(table.shape[0])
    for here, before in zip(table.T[1:], table.T[:-1], strict=True):
        run = np.where(here == before, run + 1, 1.0)
        longest = np.maximum(longest, run)
    values, place = np.unique(table, return_inverse=True)
    place = place.reshape(table.shape)
    shares = np.array([np.bincount(item, minlength=values.size) for item in place.T]) / max(table.shape[0], 1)
    p = run_chance(shares)[longest.astype(np.intp) - 1]
    return RowIndex("longstring", longest, p, table.shape[0], "longest_run", "")


def intra_individual_variability(matrix: ArrayLike) -> RowIndex:
    """Standard deviation (n − 1) of the answers in each row: low for a straight line, high for chance.

    Parameters
    ----------
    matrix : array_like, shape (n, criteria)
        Answers, complete.

    Returns
    -------
    RowIndex

    Raises
    ------
    ValueError
        On NaN or a table without columns.

    References
    ----------
    Dunn, Heggestad, Shanock & Theilgard (2018).

    Examples
    --------
    >>> intra_individual_variability([[1, 2, 3], [2, 2, 2]]).value.tolist()
    [1.0, 0.0]
    """
    table = _complete(matrix)
    if table.shape[1] < 2:
        value, reason = np.full(table.shape[0], math.nan), "too_few_criteria"
    else:
        value, reason = (table - table[:, :1]).std(axis=1, ddof=1), ""
    return RowIndex("irv", value, np.full(value.size, math.nan), table.shape[0], "standard_deviation", reason)
