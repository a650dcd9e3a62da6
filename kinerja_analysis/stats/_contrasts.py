"""How precisely raters of different groups can be compared: standard errors of their contrasts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._graph import IntArray, PairGraph
from ._laplacian import RaterLaplacian

_SMALL = 300
_SOLVES_SMALL, _SOLVES, _SOLVES_LEAST = 300, 40, 12
_PAIRS_TIMES_SOLVES = 12_000_000
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class GroupContrasts:
    """Median and weakest contrast inside components, and the median over all pairs of groups."""

    median: float
    weakest: float
    median_all: float
    share_connected: float
    n_contrasts: int
    note: str


def home_groups(graph: PairGraph, group: IntArray | None) -> IntArray:
    """Group each rater rates most in (the smallest at a tie); -1 for a code without a pair.

    Examples
    --------
    >>> import numpy as np
    >>> from kinerja_analysis.stats._graph import pair_graph
    >>> home_groups(pair_graph(np.array([0, 1, 2]), np.array([0, 0, 0])), np.array([4, 7, 7])).tolist()
    [7]
    """
    home = np.where(graph.ratees_per_rater > 0, 0, -1)
    if group is None or not graph.ratee.size:
        return home
    size = int(group.max()) + 1
    pair, unit = np.divmod(np.unique(graph.row_pair * size + group), size)
    cell, count = np.unique(graph.rater[pair] * size + unit, return_counts=True)
    rater, unit = np.divmod(cell, size)
    order = np.lexsort((unit, -count, rater))
    _, first = np.unique(rater[order], return_index=True)
    home[rater[order][first]] = unit[order][first]
    return home


def representatives(graph: PairGraph, group: IntArray | None) -> IntArray:
    """The rater with most ratees of every home group; all raters if there are not two groups.

    Examples
    --------
    >>> import numpy as np
    >>> from kinerja_analysis.stats._graph import pair_graph
    >>> graph = pair_graph(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2]))
    >>> representatives(graph, np.array([0, 0, 0, 1])).tolist()
    [0, 2]
    """
    home = home_groups(graph, group)
    present = np.flatnonzero(home >= 0)
    if np.unique(home[present]).size < 2:
        return present
    order = present[np.lexsort((present, -graph.ratees_per_rater[present], home[present]))]
    _, first = np.unique(home[order], return_index=True)
    return np.sort(order[first])


def group_contrasts(graph: PairGraph, chosen: IntArray, *, sd_pair: float, seed: int) -> GroupContrasts:
    """Standard errors of contrasts between the `chosen` raters, one for each group.

    The share of connected pairs of groups is counted over all of them. Standard errors are computed for
    all of them or, in large designs, for a seeded sample.
    """
    laplacian = RaterLaplacian(graph)
    component = graph.component_rater[chosen]
    counts = np.bincount(component, minlength=graph.n_components).astype(np.float64)
    weight = counts * (counts - 1.0)
    total = chosen.size * (chosen.size - 1.0)
    if not weight.any():
        nothing = float("inf") if total else float("nan")
        return GroupContrasts(np.nan, np.nan, nothing, 0.0 if total else np.nan, 0, "")
    picked = _sample(chosen, component, weight, _budget(laplacian, weight), seed)
    se = sd_pair * np.sqrt(np.concatenate([_resistances(laplacian, part) for part in picked]))
    share = float(weight.sum() / total)
    middle = np.quantile(se, 0.5 / share, method="averaged_inverted_cdf") if share > 0.5 else np.inf
    sampled = sum(part.size for part in picked) < chosen[counts[component] > 1].size
    note = f" of a seeded sample of {se.size} pairs" if sampled else ""
    return GroupContrasts(float(np.median(se)), float(se.max()), float(middle), share, se.size, note)


def _budget(laplacian: RaterLaplacian, weight: NDArray[np.float64]) -> int:
    """How many systems to solve, by the size of the largest component concerned."""
    used = np.flatnonzero(weight)
    if all(laplacian.is_dense(int(part)) for part in used):
        return _SOLVES_SMALL if max(laplacian.raters[part].size for part in used) <= _SMALL else _SOLVES
    pairs = max(laplacian.pairs[part].size for part in used)
    return int(np.clip(_PAIRS_TIMES_SOLVES // pairs, _SOLVES_LEAST, _SOLVES))


def _sample(
    chosen: IntArray, component: IntArray, weight: NDArray[np.float64], budget: int, seed: int
) -> list[IntArray]:
    """Representatives to compare, by component, components drawn by their number of contrasts."""
    used = np.flatnonzero(weight)
    inside = chosen[weight[component] > 0]
    order = np.argsort(component[weight[component] > 0], kind="stable")
    parts = np.split(inside[order], np.cumsum(np.bincount(component, minlength=weight.size)[used])[:-1])
    if inside.size <= budget:
        return parts
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(budget // 2, weight[used] / weight.sum())
    return [
        part if 2 * draw >= part.size else np.sort(rng.choice(part, 2 * draw, replace=False))
        for part, draw in zip(parts, draws, strict=True)
        if draw
    ]


def _resistances(laplacian: RaterLaplacian, raters: IntArray) -> NDArray[np.float64]:
    """(e_r − e_s)'·L⁺·(e_r − e_s) for all pairs of `raters`, which lie in one component."""
    component = int(laplacian.graph.component_rater[raters[0]])
    place = laplacian.rater_position[raters]
    unit = np.zeros((laplacian.raters[component].size, raters.size))
    unit[place, np.arange(raters.size)] = 1.0
    green = laplacian.solve(component, unit, tolerance=_TOLERANCE)[place]
    diagonal = np.diag(green)
    resistance = diagonal[:, None] + diagonal - green - green.T
    return resistance[np.triu_indices(raters.size, k=1)]
