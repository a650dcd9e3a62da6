"""Dyadic reciprocity: does a pair give back what it gets, beyond how both rate and how both are rated?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.special import ndtr, ndtri

from kinerja_analysis.stats._arrays import codes, vector
from kinerja_analysis.stats._quadratic import chance_positive
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
CUT, MAX_ROWS = 300, 1_500
"""Pairs from which on a block is cut into units to save time, and the most that a block may have: it is dense."""

EDGE = 0.9999
_ROUNDS = 3
_EXACT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DyadicReciprocity:
    """Correlation of what the two directions of a pair have left after free effects of every ratee and every rater.

    `rho` by restricted maximum likelihood, `lower` and `upper` by inverting the exact test (all on −1 to 1); `p` tests
    ρ = 0 from both sides, `p_greater` against ρ ≤ 0, `p_beyond` against ρ ≤ `delta`. `detectable`: the smallest ρ that
    `p_beyond` ≤ `alpha` finds with chance `power`, NaN if none. `sd`: residual SD by source code. `n` pairs used,
    `n_dyads` of them twice there, `df` what the effects leave; `n_dropped` pairs of blocks too large to solve.
    """

    rho: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    p: float = math.nan
    p_greater: float = math.nan
    p_beyond: float = math.nan
    delta: float
    detectable: float = math.nan
    alpha: float
    power: float
    sd: Floats
    n: int
    n_dyads: int
    n_blocks: int
    n_dropped: int
    df: int
    level: float
    method: str
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        names = ("p", "p_greater", "p_beyond", "detectable")
        return frame(
            block("rho", self.rho, lower=self.lower, upper=self.upper),
            *(block(name, getattr(self, name)) for name in names),
            block("sd", self.sd),
        )


def dyadic_reciprocity(
    y: ArrayLike,
    ratee: ArrayLike,
    rater: ArrayLike,
    *,
    source: ArrayLike | None = None,
    between: tuple[int, int] = (0, 0),
    unit: ArrayLike | None = None,
    delta: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    level: float = 0.95,
) -> DyadicReciprocity:
    """Correlation of the two directions of mutual pairs, in any design.

    Parameters
    ----------
    y : array_like, shape (n,)
        One number per ordered pair.
    ratee, rater : array_like of int, shape (n,)
        Codes from 0; a code is the same person on both sides.
    source : array_like of int, shape (n,), optional
        Code of the source of each pair (superior, peer ...); each has its own residual variance.
    between : (int, int)
        The sources of the two directions of the pairs examined.
    unit : array_like of int, shape (persons,), optional
        Unit of each person by code, −1 unknown. Used only where persons linked by ratings have more than `CUT`
        pairs: such blocks are cut into units, pairs across units are dropped, and every unit has its own effects.
    delta, alpha, power : float
        The practical difference, and what `detectable` is about.
    level : float
        Confidence level.

    Returns
    -------
    DyadicReciprocity
        `reason` is "", "no_mutual" (no pair is there in both directions), "too_large" (all of them in blocks that
        cannot be solved), "not_identified" (the effects leave nothing that depends on ρ) or "constant".

    Raises
    ------
    ValueError
        On NaN, a pair given twice, somebody rating themselves, unequal lengths, or `delta` outside [0, 1).

    Notes
    -----
    y_ij = ratee + rater + g_ij with fixed effects, so level, leniency, merit and their covariance cancel;
    Var g = σ²(I + ρP), P swaps the directions of mutual pairs. With A an orthonormal basis of what the effects leave,
    k and z the eigenvalues of A'PA and the rotated A'y: Var z = σ²(1 + ρk), independent. The test of ρ = r is the
    score test: T = Σ k z²/(1 + rk)² / Σ z²/(1 + rk), whose tail under normality is exact (Imhof). For complete round
    robins it is the F test of `social_relations`, limits included. Residuals of a pair are negatively tied
    by construction: shuffling them is no test.

    Several sources: variances, and the correlation of other pairs mutual within one source, are first estimated by
    iterated MINQUE (REML), and y is whitened by them; the tests' normal quantiles are divided by how much estimating
    them widens the standard error of ρ (from the information matrix). The tests are then approximate.

    Examples
    --------
    >>> x = np.array([[0, 3, 1, 4], [4, 0, 2, 2], [2, 1, 0, 5], [3, 1, 6, 0.0]])
    >>> i, j = np.nonzero(~np.eye(4, dtype=bool))
    >>> fit = dyadic_reciprocity(x[i, j], j, i)
    >>> round(fit.rho, 3), fit.n_dyads, fit.df
    (0.898, 6, 5)
    """
    value = vector(y, "y")
    who, by = codes(ratee, "ratee", value.size), codes(rater, "rater", value.size)
    kind = np.zeros(value.size, np.intp) if source is None else codes(source, "source", value.size)
    if not 0 <= delta < 1:
        raise ValueError(f"delta must lie in [0, 1), got {delta}")
    back = _returns(who, by)
    place, dropped = _blocks(who, by, unit)
    paired = (back >= 0) & (place >= 0) & (place == place[back])
    mutual = paired & _either(kind, kind[back], *between)
    used = np.isin(place, np.unique(place[mutual]))
    several = np.unique(kind[used]).size > 1
    shared: dict[str, Any] = {
        "delta": delta, "alpha": alpha, "power": power, "n": int(used.sum()), "n_dyads": int(mutual.sum()) // 2,
        "n_blocks": np.unique(place[used]).size, "n_dropped": dropped, "level": level,
        "method": "restricted_likelihood_whitened" if several else "restricted_likelihood",
    }  # fmt: skip
    blank = np.full(int(kind.max(initial=0)) + 1, math.nan)
    if not mutual.any():
        return DyadicReciprocity(sd=blank, df=0, **shared, reason="too_large" if dropped else "no_mutual")
    back = np.where(paired, back, np.arange(value.size))
    data = _Data(value, who, by, kind, back, mutual, place, used)
    alone = np.ones(blank.size), np.zeros(blank.size), 1.0
    variance, nuisance, wider = _known(data, blank.size) if several else alone
    if not np.isfinite(variance[np.unique(kind[used])]).all():
        return DyadicReciprocity(sd=blank, df=0, **shared, reason="not_identified")
    if not (variance[np.unique(kind[used])] > 0).all():
        return DyadicReciprocity(sd=blank, df=0, **shared, reason="constant")
    k, z = _rotated(data, variance, nuisance)
    total = float(z @ z)
    shared["df"] = k.size
    if k.size < 2 or np.ptp(k) < 1e-8:
        return DyadicReciprocity(sd=blank, **shared, reason="not_identified")
    if total <= 1e-18 * float(value @ value):
        return DyadicReciprocity(sd=blank, **shared, reason="constant")
    return _answer(_Spectrum(k, z * z, wider), np.sqrt(variance), shared)


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


def _either(a: Ints, b: Ints, first: int, second: int) -> NDArray[np.bool_]:
    """Whether two sources are these two, in any order."""
    return np.asarray(((a == first) & (b == second)) | ((a == second) & (b == first)))


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
    other: NDArray[np.bool_]

    def swapped(self, part: NDArray[np.bool_]) -> Floats:
        """The matrix that swaps the directions of the pairs in `part`."""
        at, row = np.nonzero(part)
        out = np.zeros((*self.y.shape, self.y.shape[1]))
        out[at, row, self.back[at, row]] = 1.0
        return out


class _Data:
    """Pairs in blocks."""

    def __init__(self, value: Floats, ratee: Ints, rater: Ints, kind: Ints, back: Ints,
                 mutual: NDArray[np.bool_], place: Ints, used: NDArray[np.bool_]) -> None:  # fmt: skip
        order = np.lexsort((rater, ratee, place))
        order = order[used[order]]
        self.y, self.ratee, self.rater, self.kind = (v[order] for v in (value, ratee, rater, kind))
        self.mutual = mutual[order]
        self.other = ((back != np.arange(value.size)) & (kind == kind[back]) & ~mutual)[order]
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
        return _Batch(x, y - y.mean(axis=1, keepdims=True), self.kind[rows], back, self.mutual[rows], self.other[rows])


def _residual_maker(x: Floats) -> Floats:
    """Projections onto what the columns leave."""
    gram = np.linalg.pinv(np.swapaxes(x, 1, 2) @ x, rcond=1e-9, hermitian=True)
    return np.asarray(np.eye(x.shape[1]) - x @ gram @ np.swapaxes(x, 1, 2))


def _rotated(data: _Data, variance: Floats, nuisance: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues k of A'PA and rotated residuals z of all blocks, after whitening."""
    values, scores = [], []
    for batch in data.batches():
        white = _power(batch, variance, nuisance)
        x, y = white @ batch.x, (white @ batch.y[:, :, None])[:, :, 0]
        left = _residual_maker(x)
        # eigenvalues of M P M + 2M: 2 + k on what is left, 0 on the effects
        both = left @ batch.swapped(batch.mutual) @ left + 2 * left
        k, vectors = np.linalg.eigh((both + np.swapaxes(both, 1, 2)) / 2)
        z = (np.swapaxes(vectors, 1, 2) @ y[:, :, None])[:, :, 0]
        values.append(k[k > 0.5] - 2)
        scores.append(z[k > 0.5])
    return np.clip(np.concatenate(values), -1, 1), np.concatenate(scores)


def _power(batch: _Batch, variance: Floats, nuisance: Floats) -> Floats:
    """V^−½ of the known part: source variances, and covariances of other pairs mutual within a source."""
    v, c = variance[batch.kind], np.where(batch.other, nuisance[batch.kind], 0.0)
    more, less = 1 / np.sqrt(v + c), 1 / np.sqrt(v - c)
    own = np.eye(v.shape[1]) * ((more + less) / 2)[:, :, None]
    return np.asarray(own + batch.swapped(batch.other) * ((more - less) / 2)[:, :, None])


def _known(data: _Data, kinds: int) -> tuple[Floats, Floats, float]:
    """Variance of each source and covariance of its own mutual pairs: MINQUE, iterated; and `_widening`."""
    scale = float(data.y.var()) or 1.0
    variance, nuisance = np.full(kinds, scale), np.zeros(kinds)
    present = np.bincount(data.kind, minlength=kinds) > 0
    paired = np.bincount(data.kind[data.other], minlength=kinds) > 0
    free = np.concatenate([present, paired, [True]])
    for _ in range(_ROUNDS):
        left, right = np.zeros((free.sum(), free.sum())), np.zeros(free.sum())
        for batch in data.batches():
            white = _power(batch, variance, nuisance)
            pi = white @ _residual_maker(white @ batch.x) @ white
            r = (pi @ batch.y[:, :, None])[:, :, 0]
            own = [batch.kind == s for s in range(kinds)]
            parts = [(mask, False) for mask in own] + [(mask & batch.other, True) for mask in own]
            parts = [part for part, wanted in zip([*parts, (batch.mutual, True)], free, strict=True) if wanted]
            crossed = np.take_along_axis(pi, batch.back[:, None, :], axis=2)
            turned = np.stack([(crossed if swap else pi) * mask[:, None, :] for mask, swap in parts])
            flat = turned.reshape(len(parts), -1)
            left += flat @ np.swapaxes(turned, 2, 3).reshape(len(parts), -1).T
            other = np.take_along_axis(r, batch.back, axis=1)
            right += [float((r * (other if swap else r) * mask).sum()) for mask, swap in parts]
        theta = np.zeros(2 * kinds + 1)
        size = np.sqrt(np.maximum(np.diag(left), 1e-300))
        if np.linalg.matrix_rank(left / np.outer(size, size), tol=1e-9) < free.sum():
            return np.full(kinds, math.nan), nuisance, 1.0
        theta[free] = np.linalg.solve(left, right)
        variance = np.where(present, theta[:kinds], scale)
        if not (variance > 1e-9 * scale).all():
            return np.where(present, np.maximum(variance, 0.0) * (variance > 1e-9 * scale), math.nan), nuisance, 1.0
        nuisance = np.clip(theta[kinds : 2 * kinds], -0.95 * variance, 0.95 * variance)
    ends = np.unique(data.kind[data.mutual])
    slope = np.zeros(2 * kinds + 1)
    slope[-1] = 1 / math.sqrt(float(variance[ends[0]] * variance[ends[-1]]))
    slope[:kinds] = -0.5 * theta[-1] * slope[-1] * np.bincount([ends[0], ends[-1]], minlength=kinds) / variance
    fixed = np.concatenate([variance, nuisance, [0.0]])
    return variance, nuisance, _widening(left, slope[free], fixed[free])


def _widening(information: Floats, slope: Floats, fixed: Floats) -> float:
    """SE of ρ with variances and other correlations estimated, over its SE with them known up to a factor."""
    basis = np.column_stack([fixed, np.eye(fixed.size)[-1]])
    inside = basis.T @ slope
    known = inside @ np.linalg.solve(basis.T @ information @ basis, inside)
    return math.sqrt(max(float(slope @ np.linalg.solve(information, slope)) / float(known), 1.0))


class _Spectrum:
    """What the likelihood of ρ needs: eigenvalues, squared scores; and the exact score test."""

    def __init__(self, k: Floats, squares: Floats, wider: float = 1.0) -> None:
        self.k, self.squares, self.wider = k, squares, wider
        grid = 1e3 if k.size > _EXACT else 1e10
        bins, count = np.unique(np.floor(k * grid + 0.637), return_counts=True)
        self.bins, self.count = np.clip((bins - 0.137) / grid, -1, 1), count.astype(np.float64)

    def ratio(self, rho: float) -> float:
        """T at ρ."""
        scaled = self.squares / (1 + rho * self.k)
        return float(scaled @ (self.k / (1 + rho * self.k))) / float(scaled.sum())

    def score(self, rho: float) -> float:
        """Slope of the restricted log likelihood, up to a factor."""
        return self.ratio(rho) - float((self.k / (1 + rho * self.k)).mean())

    def above(self, cut: float, at: float, true: float) -> float:
        """P(T at `at` > `cut`) when ρ is `true`."""
        a = self.bins / (1 + at * self.bins)
        return chance_positive((a - cut) * (1 + true * self.bins) / (1 + at * self.bins), self.count)

    def p_above(self, rho: float) -> float:
        """p of the test against values up to ρ."""
        p = self.above(self.ratio(rho), rho, rho)
        return p if self.wider == 1 else float(ndtr(ndtri(p) / self.wider))

    def where(self, function: Any, start: float = -EDGE) -> float:
        """The ρ at which a rising function is 0; the end beyond which it lies otherwise."""
        from scipy.optimize import brentq

        if function(start) >= 0:
            return -1.0 if start == -EDGE else start
        return 1.0 if function(EDGE) <= 0 else float(brentq(function, start, EDGE, xtol=1e-9))


def _answer(data: _Spectrum, sd: Floats, shared: dict[str, Any]) -> DyadicReciprocity:
    """Estimate, limits, tests, and what the design could find."""
    tail, delta, alpha = (1 - shared["level"]) / 2, shared["delta"], shared["alpha"]
    rho = data.where(lambda r: -data.score(r))
    lower, upper = (data.where(lambda r, t=t: data.p_above(r) - t) for t in (tail, 1 - tail))
    greater = data.p_above(0.0)
    pooled = math.sqrt(float((data.squares / (1 + max(min(rho, EDGE), -EDGE) * data.k)).mean()))
    return DyadicReciprocity(
        rho=rho, lower=min(lower, rho), upper=max(upper, rho), p=min(1.0, 2 * min(greater, 1 - greater)),
        p_greater=greater, p_beyond=data.p_above(delta), detectable=_detectable(data, delta, alpha, shared["power"]),
        sd=sd * pooled, **shared,
    )  # fmt: skip


def _detectable(data: _Spectrum, delta: float, alpha: float, power: float) -> float:
    """The smallest ρ whose test against ρ ≤ delta at alpha has this power."""
    from scipy.optimize import brentq

    if data.wider > 1:
        alpha, power = (float(ndtr(data.wider * ndtri(p))) for p in (alpha, power))
    a = data.bins / (1 + delta * data.bins)
    cut = float(brentq(lambda c: data.above(c, delta, delta) - alpha, float(a.min()), float(a.max()), xtol=1e-10))
    found = data.where(lambda r: data.above(cut, delta, r) - power, delta)
    return math.nan if found >= EDGE else found
