"""Standard errors of the many-facet Rasch model: of the model, of the full information, clustered by ratee.

Ratings of one pair (ratee × rater, the main facet) share a pair effect that the model does not have.
The cluster variance G·(Σ_p s_p·s_p')·G takes the ratees as clusters, s_p the efficient score of a ratee's ratings,
corrected for leverage by (I − A_p·G_pp)⁻¹ in the main facet's columns, as leaving the ratee out would (Bell &
McCaffrey 2002, Survey Methodology 28:169; A_p the ratee's own information). Where the equations are too many for a
dense inverse, its diagonal is found block by block with probes for what is beyond, and the pair variance pooled over
all raters takes the place of clusters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._probes import probes
from ._rasch_system import Equations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_CHUNK, _TOLERANCE = 2_000_000, 1e-2
_PROBES, _FEW, _MANY = 32, 16, 100_000
_SMALL_PART = 64


@dataclass(frozen=True, slots=True)
class Pairs:
    """The ratings of one ratee by one rater, gathered: their first row, number, Σwy and ΣwV."""

    ratee: IntArray
    main: IntArray
    residual: FloatArray
    variance: FloatArray
    ratings: FloatArray
    start: IntArray


@dataclass(frozen=True, slots=True)
class PairVariance:
    """Variance of the pair effect on the fitted logit scale, and what it does.

    `attenuation` is the slope by which all logits of this fit are too small beside those of a model with a pair
    effect, to first order: 1 − (share of a rating's residual variance that it has in common with the others of its
    pair) · (1 − ratees / pairs), since a ratee's own measure takes up the mean of its pair effects.
    """

    variance: float
    attenuation: float


def gather(ratee: IntArray, main: IntArray, wy: FloatArray, wV: FloatArray) -> Pairs:
    """Sums by pair of rows that lie in the order of ratee and main facet."""
    change = np.flatnonzero((np.diff(ratee) != 0) | (np.diff(main) != 0)) + 1
    start = np.concatenate([[0], change]) if ratee.size else np.zeros(0, np.int64)
    count = np.diff(np.concatenate([start, [ratee.size]])).astype(np.float64)
    return Pairs(ratee[start], main[start], np.add.reduceat(wy, start), np.add.reduceat(wV, start), count, start)


def pair_variance(
    pairs: Pairs, weight: FloatArray, main_info: NDArray[Any], parts: int, per_rating: float
) -> PairVariance:
    """Moment estimate of the pair variance (as DerSimonian & Laird 1986 for effects with known variances).

    With working responses t/v and weights v a pair's squared residual has mean (v + σ²·v²)·(1 − h), h its leverage.
    """
    v = pairs.variance
    use = v > 0
    rough = v * weight[pairs.ratee] + v / np.maximum(main_info[pairs.main], 1e-300)
    rank = (weight > 0).sum() + np.count_nonzero(np.bincount(pairs.main)) - parts
    leverage = np.minimum(rough * rank / max(float(rough.sum()), 1e-300), 1.0)
    degrees = float((1.0 - leverage)[use].sum())
    load = float((v * (1.0 - leverage))[use].sum())
    square = float((pairs.residual[use] ** 2 / v[use]).sum())
    several = pairs.ratings.mean() > 1.0 if use.any() else False
    if degrees < 1.0 or load <= 0 or not several:
        return PairVariance(float("nan"), float("nan"))
    variance = max(0.0, (square - degrees) / load)
    left = 1.0 - np.count_nonzero(weight > 0) / v.size
    return PairVariance(variance, max(0.0, 1.0 - variance * per_rating * left))


def leverage_corrected(G: FloatArray, table: Any, score: Any, weight: FloatArray) -> Any:
    """(I − A_p·G_pp)⁻¹ times each ratee's scores on the main facet.

    Parameters
    ----------
    G : ndarray, shape (main, main)
    table, score : csr arrays, shape (ratees, main), of one pattern
        ΣwV and score of each pair.
    weight : ndarray, shape (ratees,)
        Reciprocal information of the ratee: A_p = diag(v) − weight·v·v'.
    """
    out = score.copy()
    count = np.diff(table.indptr)
    for k in np.unique(count[count > 0]):
        ratees = np.flatnonzero(count == k)
        step = max(1, _CHUNK // int(k * k))
        for head in range(0, ratees.size, step):
            some = ratees[head : head + step]
            place = table.indptr[some][:, None] + np.arange(k)
            column, v = table.indices[place], table.data[place]
            own = -weight[some][:, None, None] * v[:, :, None] * v[:, None, :]
            own[:, np.arange(k), np.arange(k)] += v
            M = np.eye(k) - own @ G[column[:, :, None], column[:, None, :]]
            out.data[place] = np.einsum("pij,pj->pi", _bounded_inverse(M), score.data[place])
    return out


def _bounded_inverse(M: FloatArray) -> FloatArray:
    """Inverses by singular values; those below .05 are left out: a pair fitted exactly has no residual of its own."""
    u, s, vt = np.linalg.svd(M)
    s = np.where(s > 0.05, 1.0 / np.where(s > 0.05, s, 1.0), 0.0)
    return np.asarray(np.swapaxes(vt, 1, 2) @ (s[:, :, None] * np.swapaxes(u, 1, 2)))


def cluster_variance(G: FloatArray, score: Any) -> FloatArray:
    """Diagonal of G·(Σ s·s')·G for scores in the rows of a csr array."""
    out = np.zeros(G.shape[0])
    step = max(1, _CHUNK // max(G.shape[0], 1))
    for head in range(0, score.shape[0], step):
        rows = score[head : head + step] @ G
        out += (rows * rows).sum(axis=0)
    return out


def ratee_variance(weight: FloatArray, links: Any, G: FloatArray) -> FloatArray:
    """Variance of the eliminated ratees: w + w²·l'·G·l with l the ratee's links to the unknowns."""
    out = weight.copy()
    step = max(1, _CHUNK // max(G.shape[0], 1))
    for head in range(0, weight.size, step):
        part = sparse.csr_array(links[head : head + step])
        rows = part @ G
        own = np.asarray(part.multiply(rows).sum(axis=1)).ravel()
        out[head : head + step] += weight[head : head + step] ** 2 * own
    return out


def inverse_diagonal(system: Equations, part: IntArray, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Diagonal of the inverse of large equations in the order of the unknowns, and its border block.

    Exact in small linked parts. In large ones that of the unit blocks, and for what lies beyond them probes with signs
    orthogonal between close columns (`_probes`). The border's own uncertainty adds its exact part.

    Parameters
    ----------
    system : Equations
    part : ndarray of int
        Linked part of each bulk column, −1 if not calibrated.
    """
    n, size = system.bulk.shape[0], system.size
    border = np.zeros((size, size - n))
    border[n:] = np.eye(size - n)
    shared = system.solve(border, _TOLERANCE)
    out = np.zeros(size)
    out[n:] = np.diag(shared[n:])
    count = np.bincount(part[part >= 0])
    small = count[np.maximum(part, 0)] <= _SMALL_PART
    _small_parts(system.bulk, part, small & (part >= 0) & system.free[:n], out)
    large = ~small & system.free[:n]
    if large.any():
        out[:n][large] = _beyond(system, large, seed)[large]
    corner = np.linalg.pinv(shared[n:], hermitian=True, rcond=1e-9)
    out[:n] += ((shared[:n] @ corner) * shared[:n]).sum(axis=1)
    return out, shared[n:]


def _small_parts(bulk: Any, part: IntArray, chosen: NDArray[np.bool_], out: FloatArray) -> None:
    """Exact diagonals of the pseudo-inverses of small parts, stacked by size."""
    place = np.flatnonzero(chosen)
    place = place[np.argsort(part[place], kind="stable")]
    _, start, count = np.unique(part[place], return_index=True, return_counts=True)
    for k in np.unique(count):
        if k == 1:
            continue
        index = place[start[count == k][:, None] + np.arange(k)]
        rows = np.repeat(index, k, axis=1).ravel()
        cells = np.asarray(bulk[rows, np.tile(index, (1, k)).ravel()]).reshape(-1, k, k)
        shift = np.full((k, k), 1.0 / k)
        scale = np.trace(cells, axis1=1, axis2=2)[:, None, None] / k
        inverse = np.linalg.inv(cells + scale * shift) - shift / scale
        out[index] = np.diagonal(inverse, axis1=1, axis2=2)


def _beyond(system: Equations, large: NDArray[np.bool_], seed: int) -> FloatArray:
    """Diagonal of the bulk's inverse in large parts: that of the unit blocks, raised by what lies beyond them.

    Probes tell how much of the inverse's diagonal a whole block lacks, and its columns share that in proportion, so
    that the noise of single columns' probes is averaged out.
    """
    n = system.bulk.shape[0]
    blocks = system.unit_blocks()
    order, place = blocks.order, blocks.block
    none, table = np.zeros(n, np.int64), system.ties.table[:, order]
    signs = probes(table, none, place, _FEW if n > _MANY else _PROBES, np.random.default_rng(seed)).astype(np.float64)
    signs[~large[order]] = 0.0
    turned = np.empty_like(signs)
    turned[order] = signs
    shift = None if system.shift is None else system.shift[:n]
    top = Equations(
        system.bulk, np.zeros((n, 0)), np.zeros((0, 0)), system.basis[:n], system.free[:n], system.ties, shift
    )
    top._blocks = blocks
    beyond = (signs * (top.solve(turned, _TOLERANCE)[order] - blocks.solve(signs))).mean(axis=1)
    base = np.where(large[order], blocks.inverse_diagonal(), 0.0)
    whole, lack = np.bincount(place, base), np.bincount(place, beyond)
    ratio = np.maximum(1.0 + np.divide(lack, whole, out=np.zeros(whole.size), where=whole > 0), 1.0)
    out = np.empty(n)
    out[order] = base * ratio[place]
    return out
