"""Choice of further ratings: greedy on effective resistances, or random rounds in large designs."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ._graph import IntArray, PairGraph
from ._laplacian import DENSE_LIMIT, RaterLaplacian

FloatArray = NDArray[np.float64]
MOST_GROUPS = 600
_MOST_WORK = 5e10
_UNCONNECTED = 1e4


def teams(graph: PairGraph, chosen: IntArray) -> list[IntArray]:
    """Ratees of each chosen rater, those with most raters first.

    Examples
    --------
    >>> import numpy as np
    >>> from kinerja_analysis.stats._graph import pair_graph
    >>> graph = pair_graph(np.array([0, 1, 1]), np.array([0, 0, 1]))
    >>> [team.tolist() for team in teams(graph, np.array([0]))]
    [[1, 0]]
    """
    order = np.lexsort((graph.ratee, -graph.ratings_per_ratee[graph.ratee], graph.rater))
    bounds = np.searchsorted(graph.rater[order], [chosen, chosen + 1])
    return [graph.ratee[order[a:b]] for a, b in bounds.T]


def resistance_kernel(graph: PairGraph, chosen: IntArray, targets: IntArray) -> FloatArray:
    """Kernel G of the raters `chosen` followed by the ratees `targets`.

    The variance of the difference between two nodes a and b is G_aa + G_bb − 2·G_ab, in units of σ²_pair.
    Nodes of different components are held apart by a large constant.

    Examples
    --------
    Two raters of one ratee differ by two errors, a rater and his ratee by one:

    >>> import numpy as np
    >>> from kinerja_analysis.stats._graph import pair_graph
    >>> graph = pair_graph(np.array([0, 0]), np.array([0, 1]))
    >>> kernel = resistance_kernel(graph, np.array([0, 1]), np.array([0, 0]))
    >>> [float(round(kernel[a, a] + kernel[b, b] - 2 * kernel[a, b], 9)) for a, b in ((0, 1), (0, 2))]
    [2.0, 1.0]
    """
    laplacian = RaterLaplacian(graph)
    several = graph.ratings_per_ratee
    kernel = np.zeros((2 * chosen.size, 2 * chosen.size))
    component = graph.component_rater[chosen]
    raters_of = np.argsort(graph.ratee, kind="stable")
    bounds = np.searchsorted(graph.ratee[raters_of], [targets, targets + 1])
    for part in np.unique(component):
        place = np.flatnonzero(component == part)
        load = np.zeros((laplacian.raters[part].size, 2 * place.size))
        load[laplacian.rater_position[chosen[place]], np.arange(place.size)] = 1.0
        for column, index in enumerate(place, start=place.size):
            raters = graph.rater[raters_of[bounds[0, index] : bounds[1, index]]]
            load[laplacian.rater_position[raters], column] = 1.0 / raters.size
        green = load.T @ laplacian.solve(int(part), load, tolerance=1e-6) + _UNCONNECTED
        nodes = np.concatenate([place, place + chosen.size])
        kernel[np.ix_(nodes, nodes)] = green
    ratees = np.arange(chosen.size, 2 * chosen.size)
    same = targets[:, None] == targets
    kernel[np.ix_(ratees, ratees)] += same / several[targets][:, None]
    return kernel


class _Ratings:
    """Hands out new ratings by (rater's place, team's place) among the chosen, within what each may take."""

    def __init__(self, graph: PairGraph, chosen: IntArray, most: int) -> None:
        self.chosen, self.teams = chosen, teams(graph, chosen)
        self.left, self.room = np.full((2, chosen.size), most)
        self.turn = np.zeros(chosen.size, np.int64)
        known = zip(chosen.tolist(), self.teams, strict=True)
        self.taken = {(rater, ratee) for rater, team in known for ratee in team.tolist()}

    def new(self, rater: int, team: int) -> tuple[int, int] | None:
        """The next ratee of the team, in turn, whom the rater has not rated."""
        if rater == team or self.left[rater] <= 0 or self.room[team] <= 0:
            return None
        for ratee in np.roll(self.teams[team], -int(self.turn[team])).tolist():
            rating = int(self.chosen[rater]), int(ratee)
            if rating not in self.taken:
                self.taken.add(rating)
                self.turn[team] += 1
                self.left[rater] -= 1
                self.room[team] -= 1
                return rating
        return None


@njit(cache=True)
def _best(kernel, variance, cross, shut):  # type: ignore[no-untyped-def]
    """Rater and team, not shut, by whose rating the variance falls most; (-1, -1) if all are shut."""
    size = cross.shape[0]
    best, found = -np.inf, (-1, -1)
    for a in range(size):
        for b in range(size):
            if not shut[a, b]:
                distance = kernel[a, a] + kernel[size + b, size + b] - 2.0 * kernel[a, size + b]
                gain = (variance[a] + variance[size + b] - 2.0 * cross[a, b]) / (1.0 + distance)
                if gain > best:
                    best, found = gain, (a, b)
    return found


@njit(cache=True)
def _rank_one(kernel, variance, cross, rater, team):  # type: ignore[no-untyped-def]
    """Kernel, variance and cross terms after the rating, in place."""
    size = cross.shape[0]
    move = kernel[rater] - kernel[size + team]
    scaled = move / (1.0 + move[rater] - move[size + team])
    centred = move[:size] - move[:size].mean()
    shared = np.zeros(2 * size)
    for a in range(size):
        shared += centred[a] / size * kernel[a]
    spread = (centred**2).sum() / size
    variance += (spread * scaled - 2.0 * shared) * scaled
    for a in range(2 * size):
        kernel[a] -= move[a] * scaled
    for a in range(size):
        cross[a] += (spread * scaled[a] - shared[a]) * scaled[size:] - scaled[a] * shared[size:]


def _greedy(graph: PairGraph, chosen: IntArray, ratings: _Ratings) -> Iterator[tuple[int, int]]:
    """One rating after the other where the summed variance of all contrasts falls most."""
    size = chosen.size
    kernel = resistance_kernel(graph, chosen, np.array([team[0] for team in ratings.teams]))
    centred = kernel[:size] - kernel[:size].mean(axis=0)
    variance = np.einsum("ij,ij->j", centred, centred) / size
    cross = centred[:, :size].T @ centred[:, size:] / size
    shut = np.eye(size, dtype=bool)
    while (best := _best(kernel, variance, cross, shut))[0] >= 0:
        rating = ratings.new(*best)
        shut[best] |= rating is None
        if rating is not None:
            yield rating
            shut[ratings.left <= 0] = True
            shut[:, ratings.room <= 0] = True
            _rank_one(kernel, variance, cross, *best)


def _rounds(graph: PairGraph, chosen: IntArray, ratings: _Ratings, seed: int) -> Iterator[tuple[int, int]]:
    """Ratings for designs too large for the search, without computing any variance.

    First every component, those with most groups first, is tied to a random one already tied; then, round by
    round, the groups stand in a random circle and each rates the next. Random circles make a graph without
    bottlenecks, in which a contrast depends on little but the number of ratings of either rater.
    """
    rng = np.random.default_rng(seed)
    places = rng.permutation(chosen.size)
    component = graph.component_rater[chosen[places]]
    order = np.lexsort((component, -np.bincount(component)[component]))
    first, *others = np.split(places[order], np.flatnonzero(np.diff(component[order])) + 1)
    tied = first.tolist()
    for part in others:
        while (rating := ratings.new(int(part[0]), tied[place := int(rng.integers(len(tied)))])) is None:
            tied[place] = tied[-1]
            tied.pop()
        yield rating
        tied.extend(part.tolist())
    for _ in range(int(ratings.left.max())):
        circle = rng.permutation(chosen.size)
        for pair in zip(circle.tolist(), np.roll(circle, -1).tolist(), strict=True):
            if (rating := ratings.new(*pair)) is not None:
                yield rating


class LinkSearch(NamedTuple):
    """Further ratings (rater, ratee) to take one after the other, and how they are found.

    `grain` is the accuracy, as a share, to which it pays to count how many are needed.
    """

    method: str
    grain: float
    found: Iterator[tuple[int, int]]


def link_search(graph: PairGraph, chosen: IntArray, most: int, seed: int) -> LinkSearch:
    """The greedy search, or random rounds where it would take more than seconds; `most` per rater and team."""
    component, groups = np.unique(graph.component_rater[chosen], return_counts=True)
    raters = np.bincount(graph.component_rater[graph.component_rater >= 0])[component]
    pairs = np.bincount(graph.component_ratee[graph.ratee])[component]
    work = np.where(raters <= DENSE_LIMIT, raters.astype(np.float64) ** 3, 5e3 * pairs * groups).sum()
    ratings = _Ratings(graph, chosen, most)
    if chosen.size <= MOST_GROUPS and work <= _MOST_WORK:
        return LinkSearch("greedy on effective resistances", 0.0, _greedy(graph, chosen, ratings))
    method = "too large for the greedy search: components joined at random, then random rounds of all groups"
    return LinkSearch(method, 0.01, _rounds(graph, chosen, ratings, seed))
