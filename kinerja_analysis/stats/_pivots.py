"""What variance components may be: generalized pivots from mean squares and their degrees of freedom."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kinerja_analysis.stats._facets import ERROR, Facets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def squares_of(coefficient: Floats, closures: list[Facets]) -> Floats:
    """Coefficients of the components in each effect's own sum of squares: T less those of the effects inside it."""
    own = coefficient.copy()
    for k, closure in enumerate(closures):
        own[k] -= sum(own[j] for j in range(k) if closures[j] < closure)
    return own


def balanced_freedom(cells: dict[str, Ints], closures: dict[str, Facets], n: int) -> Floats | None:
    """Degrees of freedom of each effect's mean square where the design is balanced; None where it is not.

    Balanced: every cell of an effect holds as many observations, and any two effects whose facets together are one
    meet in all cells they can.

    Examples
    --------
    >>> p, i = np.indices((3, 2)).reshape(2, -1)
    >>> closures = {"p": frozenset("p"), "i": frozenset("i"), "pi": frozenset("pi")}
    >>> balanced_freedom({"p": p, "i": i, "pi": 2 * p + i}, closures, 6).tolist()
    [2.0, 1.0, 2.0]
    """
    counts = [np.bincount(code) for code in cells.values()]
    if any(np.ptp(count) for count in counts):
        return None
    known = [c for c in closures.values() if ERROR not in c]
    number: dict[Facets, int] = {frozenset(): 1} | {c: len(count) for c, count in zip(known, counts, strict=True)}
    for a in known:
        for b in known:
            whole, part = a | b, a & b
            if whole in number and (part not in number or number[whole] * number[part] != number[a] * number[b]):
                return None
    freedom: dict[Facets, float] = {}
    for c in known:
        freedom[c] = number[c] - 1.0 - sum(d for e, d in freedom.items() if e < c)
    rest = [n - float(number[known[-1]])] if len(closures) > len(known) else []
    return np.array([*freedom.values(), *rest])


def pivots_of(
    raw: Floats, draws: Floats, squares: Floats, freedom: Floats | None, replicates: int, seed: int
) -> Floats:
    """What the components may be, (replicates, effects), not below 0: sums of squares over drawn χ²/df."""
    df = freedom
    if df is None:
        simulated = draws @ squares.T
        spread = simulated.var(axis=0, ddof=1)
        df = np.divide(2 * simulated.mean(axis=0) ** 2, spread, out=np.full(raw.size, 1e9), where=spread > 0)
    drawn = np.random.default_rng([seed, 1]).chisquare(df, (replicates, raw.size)) / df
    return np.maximum(np.linalg.solve(squares, (squares @ raw / drawn).T).T, 0.0)


def simulate_components(
    var: Floats, factors: list[Ints], coefficient: Floats, n: int, replicates: int, seed: int
) -> Floats:
    """Raw components of `replicates` data sets with normal effects of the variances `var`, (replicates, effects)."""
    rng, inverse = np.random.default_rng(seed), np.linalg.inv(coefficient)
    places = [sparse.csr_array((np.ones(n), (f, np.arange(n)))) for f in factors]
    step = max(1, 2_000_000 // n)
    found = []
    for first in range(0, replicates, step):
        m = min(step, replicates - first)
        y = rng.normal(0.0, math.sqrt(var[-1]), (n, m))
        for place, sd in zip(places, np.sqrt(var), strict=False):
            y += place.T @ rng.normal(0.0, sd, (place.shape[0], m))
        y -= y.mean(axis=0)
        total = [((place @ y) ** 2 / place.sum(axis=1)[:, None]).sum(axis=0) for place in places]
        found.append(np.array([*total, (y**2).sum(axis=0)]).T @ inverse.T)
    return np.concatenate(found)
