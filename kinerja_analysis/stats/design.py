"""What more ratings would buy, and the smallest severity a design could find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import ndtr

from ._arrays import codes
from ._contrasts import group_contrasts, representatives
from ._graph import IntArray, PairGraph, pair_graph
from ._greedy import LinkSearch, link_search
from ._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class LinkSuggestion:
    """Ratings to add, in the order of their worth.

    Attributes
    ----------
    n : int
        Distinct pairs of the present design.
    rater, ratee : ndarray of int
        Proposed ratings; the first n of them are the proposal for n ratings.
    contrast_se_before : float
        Median SE of a between-group contrast now, over all pairs of groups (infinite if most are unlinked).
    n_added : ndarray of int
        The asked numbers of ratings, no more than can be proposed.
    contrast_se : ndarray of float
        Median SE after that many ratings, from the augmented design itself.
    n_needed : int or None
        Fewest of the proposed ratings with SE ≤ target_se; None without a target or when out of reach.
    fewest : int
        Lower bound: ratings that connect all components at all (components − 1).
    method : str
        How the ratings were chosen.
    reason : str
        "", or "empty", "one_rater" (nobody to compare), "no_new_pair" (everybody rates everybody already, or
        no rater may take more), "target_not_reached".
    """

    n: int
    rater: IntArray
    ratee: IntArray
    contrast_se_before: float
    n_added: IntArray
    contrast_se: FloatArray
    n_needed: int | None
    fewest: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """SE by number of added ratings, the number needed, and the lower bound."""
        needed = np.nan if self.n_needed is None else float(self.n_needed)
        return frame(
            block("contrast_se", np.array([self.contrast_se_before]), level=[0]),
            block("contrast_se", self.contrast_se, level=self.n_added),
            block("n_needed", needed),
            block("fewest", float(self.fewest)),
        )


@dataclass(frozen=True, slots=True)
class DesignPower:
    """Smallest deviation of a rater that the design finds with the wanted power.

    Attributes
    ----------
    n : int
        Raters with at least one ratee that somebody else rates too.
    se : ndarray of float
        Standard error of each rater's mean difference from the other raters of the same ratees.
    detectable : ndarray of float
        Smallest deviation found, one rater tested alone.
    detectable_adjusted : ndarray of float
        The same under the first Benjamini-Hochberg threshold over `family` raters.
    """

    n: int
    se: FloatArray
    detectable: FloatArray
    detectable_adjusted: FloatArray
    power: float
    delta: float
    family: int
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """One row per rater and quantity."""
        return frame(
            block("se", self.se),
            block("detectable", self.detectable, se=self.se),
            block("detectable_adjusted", self.detectable_adjusted, se=self.se),
        )


def design_power(
    ratee: ArrayLike,
    rater: ArrayLike,
    *,
    sd_pair: float,
    delta: float,
    family: int,
    q: float = 0.10,
    sd_rater: float = 0.35,
    alpha: float = 0.05,
    power: float = 0.80,
) -> DesignPower:
    """Smallest severity of a rater, against the other raters of the same ratees, that would be found.

    Parameters
    ----------
    ratee, rater : array of int, shape (n,)
        Codes from 0 without self ratings.
    sd_pair, sd_rater : float
        Standard deviation of a pair mean and of severity, in one unit.
    delta : float
        Practical difference: the test is against |deviation| ≤ delta.
    family : int
        Raters tested together.
    q : float
        False discovery rate of the family; its first threshold is q/family.
    alpha : float
        Level of the single test.
    power : float

    Returns
    -------
    DesignPower
        Arrays by rater code, NaN for raters whose ratees have no other rater.

    Raises
    ------
    ValueError
        For malformed codes or numbers out of range.

    Notes
    -----
    SE² = σ²_pair·Σ_pairs weight² + σ²_rater·Σ_others weight²: with n ratees of k other raters each,
    σ²_pair·(1 + 1/k)/n + σ²_rater/m for m equally used other raters. The deviation d solves
    P(|N(d, SE)| > c) = power, where c is the critical value of the minimal-effect test at its boundary.

    Examples
    --------
    A supervisor of eight who have three peers each, every peer rating three of them:

    >>> mates = [(p, (p + step) % 8) for p in range(8) for step in (1, 2, 3)]
    >>> ratee = [p for p in range(8)] + [p for p, _ in mates]
    >>> rater = [8] * 8 + [r for _, r in mates]
    >>> found = design_power(ratee, rater, sd_pair=0.7, delta=0.25, family=60)
    >>> [round(float(x[8]), 2) for x in (found.se, found.detectable, found.detectable_adjusted)]
    [0.31, 1.03, 1.43]
    """
    if not (sd_pair > 0 and sd_rater >= 0 and delta >= 0 and family >= 1):
        raise ValueError("sd_pair must be positive, sd_rater and delta not negative, family at least 1")
    if not all(0 < share < 1 for share in (q, alpha, power)):
        raise ValueError("q, alpha and power must lie between 0 and 1")
    who = codes(ratee, "ratee")
    graph = pair_graph(who, codes(rater, "rater", who.size))
    se = _difference_se(graph, sd_pair, sd_rater)
    known = ~np.isnan(se)
    return DesignPower(
        n=int(known.sum()),
        se=se,
        detectable=detectable(se, delta, alpha, power),
        detectable_adjusted=detectable(se, delta, q / family, power),
        power=power,
        delta=delta,
        family=family,
        method="minimal-effect test, normal; known standard deviations; first BH threshold q/family",
        reason="" if known.any() else ("no_common_ratees" if graph.ratee.size else "empty"),
    )


def _difference_se(graph: PairGraph, sd_pair: float, sd_rater: float) -> FloatArray:
    """SE of a rater's mean over his shared ratees of (mean of the others − own score)."""
    others = graph.ratings_per_ratee[graph.ratee] - 1
    shared = others > 0
    shape = graph.n_ratees, graph.n_raters
    pairs = sparse.csr_array((np.ones(graph.ratee.size), (graph.ratee, graph.rater)), shape=shape)
    n_shared = np.bincount(graph.rater[shared], minlength=graph.n_raters).astype(np.float64)
    n_shared[n_shared == 0] = np.nan
    inverse = np.divide(1.0, others, out=np.zeros(others.size), where=shared)
    pair_part = np.bincount(graph.rater[shared], 1.0 + inverse[shared], minlength=graph.n_raters)
    share = sparse.csr_array((inverse, (graph.ratee, graph.rater)), shape=shape)
    weight = (share.T @ pairs).tocsr()
    weight.setdiag(0.0)
    rater_part = np.asarray(weight.multiply(weight).sum(axis=1)).ravel()
    return np.sqrt(sd_pair**2 * pair_part + sd_rater**2 * rater_part) / n_shared


def detectable(se: FloatArray, delta: float, alpha: float, power: float) -> FloatArray:
    """Deviation found with the wanted power by the minimal-effect test (normal) at level `alpha`, per SE.

    >>> detectable(np.array([1.0]), 0.0, 0.05, 0.80).round(2).tolist()
    [2.8]
    """

    def outside(centre: FloatArray | float, limit: FloatArray) -> FloatArray:
        return ndtr((centre - limit) / se) + ndtr((-centre - limit) / se)

    critical = _bisect(lambda limit: alpha - outside(delta, limit), delta + 40.0 * se)
    return _bisect(lambda centre: outside(centre, critical) - power, critical + 40.0 * se)


def _bisect(rising: Callable[[FloatArray], FloatArray], upper: FloatArray) -> FloatArray:
    """Root in [0, upper] of a function that rises; 0 where it is positive throughout."""
    low, high = np.zeros_like(upper), upper
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = rising(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def suggest_links(
    ratee: ArrayLike,
    rater: ArrayLike,
    k: int | Sequence[int],
    *,
    group: ArrayLike | None = None,
    target_se: float | None = None,
    sd_pair: float = 0.7,
    max_per_rater: int = 5,
    seed: int = 0,
) -> LinkSuggestion:
    """Which further ratings would make raters of different groups comparable, and how far.

    Parameters
    ----------
    ratee, rater : array of int, shape (n,)
        Codes from 0 without self ratings.
    k : int or sequence of int
        Numbers of further ratings to price, for example (50, 200, 1000).
    group : array of int, shape (n,), optional
        Group of the ratee; without it the linked components are the groups (or, if there is only one,
        every rater).
    target_se : float, optional
        Also find how many ratings bring the median contrast to this standard error.
    sd_pair : float
        Standard deviation of a pair mean around ratee + rater.
    max_per_rater : int
        Most further ratings asked of one rater, and most given to one team.
    seed : int
        Chooses the contrasts computed in large designs, and the order of random rounds.

    Returns
    -------
    LinkSuggestion

    Raises
    ------
    ValueError
        For malformed codes or numbers out of range.

    Notes
    -----
    Greedy: each step asks the rater with most ratees of one group to rate an employee of another, where
    that lowers the summed variance of all contrasts most. On the graph of ratees and raters this variance
    is an effective resistance, so one more rating is an update of rank one. Several ratees of a group are
    used in turn. Above 600 groups, or where the search would take minutes, the components are joined at
    random, then every group rates the next of a random circle, round by round; `method` says so, and
    `n_needed` is then exact to 1 %. The printed standard errors come from the augmented design in either case.

    Examples
    --------
    Two supervisors with four employees each: one rating connects them, more make it comparable.

    >>> import numpy as np
    >>> plan = suggest_links(np.arange(8), [0] * 4 + [1] * 4, (1, 8), target_se=0.8)
    >>> plan.fewest, plan.contrast_se.round(2).tolist(), plan.n_needed
    (1, [0.99, 0.35], 2)
    """
    who = codes(ratee, "ratee")
    by = codes(rater, "rater", who.size)
    wanted = np.atleast_1d(np.asarray(k, dtype=np.int64))
    if wanted.ndim != 1 or wanted.size == 0 or wanted.min() < 1 or max_per_rater < 1 or not sd_pair > 0:
        raise ValueError("k and max_per_rater must be at least 1, sd_pair positive")
    if target_se is not None and not target_se > 0:
        raise ValueError("target_se must be positive")
    graph = pair_graph(who, by)
    units = graph.component_ratee[who] if group is None else codes(group, "group", who.size)
    chosen = representatives(graph, units)
    search = link_search(graph, chosen, max_per_rater, seed) if chosen.size > 1 else None
    plan = _Plan(who, by, chosen, sd_pair, seed, search)
    most = int(wanted.max())
    plan.extend(most)
    needed = None if target_se is None else plan.fewest_for(target_se)
    kept = max(min(most, len(plan.added)), needed or 0)
    number = np.unique(np.minimum(wanted, kept))
    rows = np.array(plan.added[:kept], dtype=np.int64).reshape(-1, 2)
    return LinkSuggestion(
        n=int(graph.ratee.size),
        rater=rows[:, 0],
        ratee=rows[:, 1],
        contrast_se_before=plan.se(0),
        n_added=number,
        contrast_se=np.array([plan.se(int(count)) for count in number]),
        n_needed=needed,
        fewest=max(graph.n_components - 1, 0),
        method=f"{search.method if search else 'none'}; standard errors of the augmented design",
        reason=plan.reason(target_se is not None and needed is None),
    )


@dataclass
class _Plan:
    """The design with the first so many of the proposed ratings, and its median contrast."""

    ratee: IntArray
    rater: IntArray
    chosen: IntArray
    sd_pair: float
    seed: int
    search: LinkSearch | None
    added: list[tuple[int, int]] = field(default_factory=list)
    _known: dict[int, float] = field(default_factory=dict)

    def extend(self, count: int) -> bool:
        """Propose up to `count` more ratings; False if there are none."""
        before = len(self.added)
        self.added.extend(islice(self.search.found, count) if self.search else ())
        return len(self.added) > before

    def se(self, count: int) -> float:
        """Median SE over all pairs of groups after `count` ratings."""
        if count not in self._known:
            rows = np.array(self.added[:count], dtype=np.int64).reshape(-1, 2)
            ratee, rater = np.concatenate([self.ratee, rows[:, 1]]), np.concatenate([self.rater, rows[:, 0]])
            graph = pair_graph(ratee, rater)
            found = group_contrasts(graph, self.chosen, sd_pair=self.sd_pair, seed=self.seed)
            self._known[count] = found.median_all
        return self._known[count]

    def fewest_for(self, target: float) -> int | None:
        """Smallest number of proposed ratings that reaches the target; proposes more as long as there are."""
        low = 0
        while not self.se(len(self.added)) <= target:  # NaN: nobody to compare
            low = len(self.added) + 1
            if not self.extend(self.chosen.size):
                return None
        high = len(self.added)
        grain = self.search.grain if self.search else 0.0
        while high - low > grain * high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.se(middle) <= target else (middle + 1, high)
        return high

    def reason(self, missed: bool) -> str:
        """Why there is no answer."""
        if not self.search:
            return "one_rater" if self.rater.size else "empty"
        if missed:
            return "target_not_reached"
        return "" if self.added else "no_new_pair"
