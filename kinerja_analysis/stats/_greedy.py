"""Greedy choice of further ratings: effective resistances between raters, updated by rank one."""

import numpy as np
from numpy.typing import NDArray

from ._graph import IntArray, PairGraph
from ._laplacian import RaterLaplacian

FloatArray = NDArray[np.float64]
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


class LinkSearch:
    """Adds one rating after the other where the summed variance of all contrasts falls most."""

    def __init__(self, graph: PairGraph, chosen: IntArray, max_per_rater: int) -> None:
        self.chosen, self.teams = chosen, teams(graph, chosen)
        self.kernel = resistance_kernel(graph, chosen, np.array([team[0] for team in self.teams]))
        self.left = np.full(chosen.size, max_per_rater)
        self.room = np.full(chosen.size, max_per_rater)
        self.turn = np.zeros(chosen.size, np.int64)
        self.taken = set(zip(graph.rater.tolist(), graph.ratee.tolist(), strict=True))
        size = chosen.size
        centred = self.kernel[:size] - self.kernel[:size].mean(axis=0)
        self.variance = np.einsum("ij,ij->j", centred, centred) / size
        self.cross = centred[:, :size].T @ centred[:, size:] / size
        self.closed = np.eye(size, dtype=bool)

    def extend(self, count: int) -> list[tuple[int, int]]:
        """Up to `count` more (rater, ratee) ratings, best first."""
        found: list[tuple[int, int]] = []
        while len(found) < count:
            pair = self._best()
            if pair is None:
                return found
            rating = self._rating(*pair)
            if rating is None:
                self.closed[pair] = True
                continue
            found.append(rating)
            self._update(*pair)
        return found

    def _best(self) -> tuple[int, int] | None:
        size = self.chosen.size
        diagonal = np.diag(self.kernel)
        distance = diagonal[:size, None] + diagonal[size:] - 2.0 * self.kernel[:size, size:]
        gain = (self.variance[:size, None] + self.variance[size:] - 2.0 * self.cross) / (1.0 + distance)
        gain[self.closed] = -np.inf
        gain[self.left <= 0] = -np.inf
        gain[:, self.room <= 0] = -np.inf
        best = int(np.argmax(gain))
        return divmod(best, size) if np.isfinite(gain.flat[best]) else None

    def _rating(self, rater: int, team: int) -> tuple[int, int] | None:
        """The next ratee of the team, in turn, whom the rater has not rated."""
        members = np.roll(self.teams[team], -int(self.turn[team]))
        for ratee in members.tolist():
            rating = int(self.chosen[rater]), int(ratee)
            if rating not in self.taken:
                self.taken.add(rating)
                self.turn[team] += 1
                self.left[rater] -= 1
                self.room[team] -= 1
                return rating
        return None

    def _update(self, rater: int, team: int) -> None:
        size = self.chosen.size
        move = self.kernel[:, rater] - self.kernel[:, size + team]
        scale = 1.0 + move[rater] - move[size + team]
        centred = move[:size] - move[:size].mean()
        shared = centred @ self.kernel[:size] / size
        spread = float(centred @ centred) / size
        self.kernel -= np.outer(move, move / scale)
        self.variance += (spread * move / scale - 2.0 * shared) * move / scale
        left, right = move[:size], move[size:]
        self.cross -= np.outer(shared[:size], right / scale) + np.outer(left / scale, shared[size:])
        self.cross += np.outer(left, right * (spread / scale**2))
