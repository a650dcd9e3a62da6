"""Pairs of ratee and rater in blocks of linked persons: what fixed effects leave, and variances by source."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
CUT, MAX_ROWS = 300, 1_500
"""Pairs from which on a block is cut into units to save time, and the most that a block may have: it is dense."""

_ROUNDS = 3


def _returns(ratee: Ints, rater: Ints) -> Ints:
    """Row of the opposite direction of each pair, −1 where there is none."""
    if (ratee == rater).any():
        raise ValueError("somebody rates themselves; leave such pairs out first")
    size = int(max(ratee.max(initial=0), rater.max(initial=0))) + 1
    key, opposite = ratee.astype(np.int64) * size + rater, rater.astype(np.int64) * size + ratee
    order = np.argsort(key)
    if (np.diff(key[order]) == 0).any():
        raise ValueError("a pair of ratee and rater is given twice")
    at = np.minimum(np.searchsorted(key, opposite, sorter=order), max(key.size - 1, 0))
    found = order[at] if key.size else np.zeros(0, np.intp)
    return np.where(key[found] == opposite, found, -1).astype(np.intp)


def _linked(ratee: Ints, rater: Ints) -> Ints:
    """Component of each pair in the graph of persons."""
    size = int(max(ratee.max(initial=-1), rater.max(initial=-1))) + 1
    edges = sparse.coo_array((np.ones(ratee.size, np.int8), (ratee, rater)), shape=(size, size))
    return np.asarray(csgraph.connected_components(edges, directed=False)[1], np.intp)[ratee]


def _blocks(ratee: Ints, rater: Ints, unit: ArrayLike | None) -> tuple[Ints, int]:
    """Block of each pair, −1 for those dropped, and how many were."""
    place = _linked(ratee, rater)
    large = np.bincount(place)[place] > (MAX_ROWS if unit is None else CUT)
    top = int(place.max(initial=0)) + 1
    place[large] = -1
    if unit is not None and large.any():
        home = np.asarray(unit, dtype=np.intp)
        inside = np.flatnonzero(large & ((home[rater] == home[ratee]) | (home[rater] < 0) | (home[ratee] < 0)))
        where = np.where(home[ratee] < 0, home[rater], home[ratee])[inside] + 1
        size = int(max(ratee.max(), rater.max())) + 1
        _, ends = np.unique(np.concatenate([where * size + ratee[inside], where * size + rater[inside]]),
                            return_inverse=True)  # fmt: skip
        found = _linked(ends[: inside.size].astype(np.intp), ends[inside.size :].astype(np.intp))
        place[inside] = np.where(np.bincount(found)[found] > MAX_ROWS, -1, found + top)
    return place, int((place < 0).sum())


@dataclass(frozen=True, slots=True)
class _Batch:
    """Blocks of one number of pairs, stacked: (blocks, pairs) or (blocks, pairs, effects)."""

    x: Floats
    y: Floats
    kind: Ints
    back: Ints
    mutual: NDArray[np.bool_]
    tie: Ints

    def swapped(self, part: NDArray[np.bool_]) -> Floats:
        """The matrix that swaps the directions of the pairs in `part`."""
        at, row = np.nonzero(part)
        out = np.zeros((*self.y.shape, self.y.shape[1]))
        out[at, row, self.back[at, row]] = 1.0
        return out


class Dyads:
    """The pairs of all blocks in which some pair is examined, block by block.

    `mutual`: examined, its return is in row `back`; `tie`: of a pair mutual but not examined the code of the sources of
    its two directions, as in `ends`; else −1.
    """

    def __init__(
        self, value: Floats, ratee: Ints, rater: Ints, kind: Ints, between: tuple[int, int], unit: ArrayLike | None
    ) -> None:
        back = _returns(ratee, rater)
        place, self.dropped = _blocks(ratee, rater, unit)
        paired = (back >= 0) & (place >= 0) & (place == place[back])
        a, b = kind, kind[back]
        mutual = paired & (((a == between[0]) & (b == between[1])) | ((a == between[1]) & (b == between[0])))
        back = np.where(paired, back, np.arange(value.size))
        order = np.lexsort((rater, ratee, place))
        order = order[np.isin(place, np.unique(place[mutual]))[order]]
        self.y, self.ratee, self.rater, self.kind = (v[order] for v in (value, ratee, rater, kind))
        self.mutual = mutual[order]
        other = (paired & ~mutual)[order]
        self.kinds = int(kind.max(initial=0)) + 1
        self.ends, found = np.unique((np.minimum(a, b) * self.kinds + np.maximum(a, b))[order][other],
                                     return_inverse=True)  # fmt: skip
        self.tie = np.full(order.size, -1)
        self.tie[other] = found
        position = np.zeros(value.size, np.intp)
        position[order] = np.arange(order.size)
        self.back = position[back[order]]
        _, self.first, self.size = np.unique(place[order], return_index=True, return_counts=True)

    def batches(self) -> Iterator[_Batch]:
        """The blocks, those of one size together, a few million numbers at a time."""
        for n in np.unique(self.size):
            first = self.first[self.size == n]
            for chunk in np.array_split(first, max(1, first.size * int(n) ** 2 // 2_000_000)):
                if chunk.size:
                    yield self._batch(chunk, int(n))

    def _batch(self, first: Ints, n: int) -> _Batch:
        rows = first[:, None] + np.arange(n)
        y = self.y[rows]
        effects = []
        for code in (self.ratee[rows], self.rater[rows]):
            rank = np.argsort(code, axis=1, kind="stable")
            new = np.diff(np.take_along_axis(code, rank, 1), axis=1, prepend=-1) > 0
            local = np.empty_like(code)
            np.put_along_axis(local, rank, np.cumsum(new, axis=1) - 1, 1)
            effects.append(local[:, :, None] == np.arange(int(local.max()) + 1))
        x = np.concatenate(effects, axis=2).astype(np.float64)
        back = self.back[rows] - first[:, None]
        return _Batch(x, y - y.mean(axis=1, keepdims=True), self.kind[rows], back, self.mutual[rows], self.tie[rows])


def _residual_maker(x: Floats) -> Floats:
    """Projections onto what the columns leave."""
    gram = np.linalg.pinv(np.swapaxes(x, 1, 2) @ x, rcond=1e-9, hermitian=True)
    return np.asarray(np.eye(x.shape[1]) - x @ gram @ np.swapaxes(x, 1, 2))


def rotated(data: Dyads, known: "Known") -> tuple[Floats, Floats]:
    """Eigenvalues k of A'PA and rotated residuals z of all blocks, after whitening."""
    values, scores = [], []
    for batch in data.batches():
        white = _power(batch, known)
        x, y = white @ batch.x, (white @ batch.y[:, :, None])[:, :, 0]
        left = _residual_maker(x)
        # eigenvalues of M P M + 2M: 2 + k on what is left, 0 on the effects
        both = left @ batch.swapped(batch.mutual) @ left + 2 * left
        k, vectors = np.linalg.eigh((both + np.swapaxes(both, 1, 2)) / 2)
        z = (np.swapaxes(vectors, 1, 2) @ y[:, :, None])[:, :, 0]
        values.append(k[k > 0.5] - 2)
        scores.append(z[k > 0.5])
    return np.clip(np.concatenate(values), -1, 1), np.concatenate(scores)


@dataclass(frozen=True, slots=True)
class Known:
    """Variance by source, covariance of mutual pairs by `tie`; `wider`: what estimating them costs (`_widening`).

    `reason` is "", "not_identified" or "constant".
    """

    variance: Floats
    nuisance: Floats
    wider: float = 1.0
    reason: str = ""


def _power(batch: _Batch, known: Known) -> Floats:
    """V^−½ of the known part: source variances, and covariances of pairs that are mutual but not examined."""
    v, c = known.variance[batch.kind], np.append(known.nuisance, 0.0)[batch.tie]
    back = np.take_along_axis(v, batch.back, axis=1)
    root = np.sqrt(v * back - c**2)
    scale = root * np.sqrt(v + back + 2 * root)
    own = np.eye(v.shape[1]) * ((back + root) / scale)[:, :, None]
    return np.asarray(own - batch.swapped(batch.tie >= 0) * (c / scale)[:, :, None])


def estimated(data: Dyads) -> Known:
    """Variances and covariances of sources by MINQUE (Rao 1971), iterated: REML."""
    kinds, ties = data.kinds, data.ends.size
    scale = float(data.y.var()) or 1.0
    present = np.bincount(data.kind, minlength=kinds) > 0
    free = np.concatenate([present, np.ones(ties + 1, np.bool_)])
    known, theta = Known(np.full(kinds, scale), np.zeros(ties)), np.zeros(kinds + ties + 1)
    for _ in range(_ROUNDS):
        left, right = _equations(data, known, free)
        size = np.sqrt(np.maximum(np.diag(left), 1e-300))
        if np.linalg.matrix_rank(left / np.outer(size, size), tol=1e-9) < free.sum():
            return replace(known, reason="not_identified")
        theta[free] = np.linalg.solve(left, right)
        variance = np.where(present, theta[:kinds], scale)
        most = float(variance[present].max())
        if not most > 1e-9 * scale:
            return replace(known, reason="constant")
        variance = np.maximum(variance, most / 100)
        bound = 0.95 * np.sqrt(variance[data.ends // kinds] * variance[data.ends % kinds])
        known = Known(variance, np.clip(theta[kinds:-1], -bound, bound))
    ends = np.unique(data.kind[data.mutual])
    slope = np.zeros(theta.size)
    slope[-1] = 1 / math.sqrt(float(variance[ends[0]] * variance[ends[-1]]))
    slope[:kinds] = -0.5 * theta[-1] * slope[-1] * np.bincount([ends[0], ends[-1]], minlength=kinds) / variance
    fixed = np.concatenate([known.variance, known.nuisance, [0.0]])
    return replace(known, wider=_widening(left, slope[free], fixed[free]))


def _equations(data: Dyads, known: Known, free: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """tr(Π Q Π Q') and y'Π Q Π y of the free parts Q: sources, other mutual pairs by their sources, those examined."""
    left, right = np.zeros((free.sum(), free.sum())), np.zeros(free.sum())
    for batch in data.batches():
        white = _power(batch, known)
        pi = white @ _residual_maker(white @ batch.x) @ white
        r = (pi @ batch.y[:, :, None])[:, :, 0]
        parts = [(batch.kind == s, False) for s in range(data.kinds)]
        parts += [(batch.tie == t, True) for t in range(data.ends.size)]
        parts = [part for part, wanted in zip([*parts, (batch.mutual, True)], free, strict=True) if wanted]
        crossed = np.take_along_axis(pi, batch.back[:, None, :], axis=2)
        turned = np.stack([(crossed if swap else pi) * mask[:, None, :] for mask, swap in parts])
        flat = turned.reshape(len(parts), -1)
        left += flat @ np.swapaxes(turned, 2, 3).reshape(len(parts), -1).T
        other = np.take_along_axis(r, batch.back, axis=1)
        right += [float((r * (other if swap else r) * mask).sum()) for mask, swap in parts]
    return left, right


def _widening(information: Floats, slope: Floats, fixed: Floats) -> float:
    """SE of ρ with variances and other correlations estimated, over its SE with them known up to a factor."""
    basis = np.column_stack([fixed, np.eye(fixed.size)[-1]])
    inside = basis.T @ slope
    known = inside @ np.linalg.solve(basis.T @ information @ basis, inside)
    return math.sqrt(max(float(slope @ np.linalg.solve(information, slope)) / float(known), 1.0))
