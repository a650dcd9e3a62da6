"""Posterior draws of rater effects in any design, and who changes quartile when scores are corrected by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
QUARTERS = 4
_TOLERANCE, _ROUNDS = 1e-6, 500


def signatures(ratee: Ints, rater: Ints, content: Ints) -> tuple[Ints, Ints]:
    """Return a number per ratee and per rater that says how each is linked: by content, not by name or place.

    Sums over pairs of mixed numbers, four rounds (colour refinement): the order of rows cannot matter. ``content``
    is one number per pair.

    >>> one = signatures(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([5, 7, 9]))
    >>> two = signatures(np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([9, 7, 5]))
    >>> bool((one[0] == two[0][::-1]).all() and (one[1] == two[1][::-1]).all())
    True
    """
    own = _mixed(content.astype(np.uint64))
    a, b = np.zeros(int(ratee.max()) + 1, np.uint64), np.zeros(int(rater.max()) + 1, np.uint64)
    for _ in range(4):
        x, y = _mixed(own + b[rater]), _mixed(own ^ _mixed(a[ratee]))
        a, b = np.zeros_like(a), np.zeros_like(b)
        np.add.at(a, ratee, x)
        np.add.at(b, rater, y)
    return a.view(np.int64), b.view(np.int64)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers over all 64 bits (the finaliser of splitmix64; Steele, Lea & Flood 2014)."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Posterior:
    """Draws of rater effects given all pair means: ratee and rater random, one fixed mean per linked group.

    Perturb and solve: a sample (ratee, rater, error) from the model plus the best prediction of its rater effects from
    the data minus the sample; one linear system per variance, solved for all draws at once by conjugate gradients.
    The group's mean is projected out, so that no prior links what the design does not. The sample is drawn once:
    draws at two values of the leniency SD are comparable.

    Parameters
    ----------
    y : array of float, shape (n,)
        Pair means, known fixed parts taken off.
    ratee, rater : array of int, shape (n,)
        Codes from 0; ``group`` gives the linked group of each ratee.
    rng : Generator
    draws : int
    """

    def __init__(
        self, y: Floats, ratee: Ints, rater: Ints, group: Ints, rng: np.random.Generator, draws: int
    ) -> None:
        ones = np.ones(y.size)
        self.links = sparse.csr_array((ones, (ratee, rater)))
        self.back = sparse.csr_array(self.links.T)
        self.members = sparse.csr_array((np.ones(group.size), (group, np.arange(group.size))))
        self.group = group
        self.k, self.n = np.asarray(self.links.sum(axis=1)), np.asarray(self.links.sum(axis=0))
        self.squares = sparse.csr_array(self.back.power(2))
        by_ratee = sparse.csr_array((ones, (ratee, np.arange(y.size))))
        by_rater = sparse.csr_array((ones, (rater, np.arange(y.size))))
        error = rng.standard_normal((y.size, draws))
        self.error_squares = (error**2).sum(axis=0)
        self.person, self.style = (rng.standard_normal((size, draws)) for size in self.links.shape)
        self.y = (by_rater @ y)[:, None], (by_ratee @ y)[:, None]
        self.error = by_rater @ error, by_ratee @ error

    def rater_effects(
        self, sd_ratee: float, sd_rater: float | Floats, sd_pair: float, *, null: bool = False
    ) -> Floats:
        """Draw rater effects (positive = lenient), shape (raters, draws).

        ``sd_rater`` above 0: one for all, one per draw, or (raters, 1). With ``null`` the data of a draw are not the
        ratings but another draw's sample without rater effects.
        """
        rater, ratee = sd_rater * self.style, sd_ratee * self.person
        data = self._null(sd_ratee, sd_pair) if null else self.y
        right = data[0] - sd_pair * self.error[0] - self.n[:, None] * rater - self.back @ ratee
        sums = data[1] - sd_pair * self.error[1] - self.links @ rater - self.k[:, None] * ratee
        rho = sd_ratee**2 / (sd_pair**2 + self.k * sd_ratee**2)
        ridge = np.atleast_1d(sd_pair / sd_rater) ** 2
        diagonal = self.n[:, None] + ridge

        def product(v: Floats) -> Floats:
            return diagonal * v - self._explained(self.links @ v, rho)

        scale = diagonal - (self.squares @ rho)[:, None]
        return np.asarray(rater + _conjugate_gradients(product, right - self._explained(sums, rho), scale))

    def _null(self, sd_ratee: float, sd_pair: float) -> tuple[Floats, Floats]:
        """Sums by rater and by ratee of the sample without rater effects of the next draw."""
        person, by_rater, by_ratee = (np.roll(part, 1, axis=1) for part in (self.person, *self.error))
        return (sd_pair * by_rater + sd_ratee * (self.back @ person),
                sd_pair * by_ratee + sd_ratee * self.k[:, None] * person)  # fmt: skip

    def _explained(self, sums: Floats, rho: Floats) -> Floats:
        """What ratees and the means of groups explain of ratee sums, summed by rater."""
        free = (1 - self.k * rho)[:, None]
        mean = (self.members @ (free * sums)) / (self.members @ (self.k[:, None] * free))
        out: Floats = self.back @ (rho[:, None] * sums + free * mean[self.group])
        return out

    def null_variances(self) -> Floats:
        """Rater variances estimated by moments where raters do not differ and the pair error is 1, shape (draws,).

        Of the samples that ``rater_effects`` takes for data with ``null``, in the same order.
        The estimate is the sum of products of a rater's deviations from ratee means on different employees over its
        coefficient; negative values are kept.
        """
        plain = 1 / self.k
        z = self.error[0] - self.back @ (plain[:, None] * self.error[1])
        overlap = self.back @ sparse.diags_array(plain) @ self.links
        design = sparse.diags_array(self.n) - overlap
        coefficient = float((design.data**2).sum()) - float(self.n.sum() - self.k.size)
        own = self.error_squares - (plain[:, None] * self.error[1] ** 2).sum(axis=0)
        out: Floats = ((z**2).sum(axis=0) - own) / max(coefficient, 1e-9)
        return np.roll(out, 1)


def _conjugate_gradients(product: Callable[[Floats], Floats], right: Floats, diagonal: Floats) -> Floats:
    """Solve for every column at once, preconditioned by the diagonal."""
    x = np.zeros_like(right)
    r = right.copy()
    z = r / diagonal
    p, rz = z.copy(), (r * z).sum(axis=0)
    start = np.maximum(rz, 1e-300)
    for _ in range(_ROUNDS):
        if (rz <= _TOLERANCE**2 * start).all():
            break
        q = product(p)
        step = rz / np.maximum((p * q).sum(axis=0), 1e-300)
        x += step * p
        r -= step * q
        z = r / diagonal
        new = (r * z).sum(axis=0)
        p = z + (new / np.maximum(rz, 1e-300)) * p
        rz = new
    return x


@dataclass(frozen=True)
class Standing:
    """Official scores inside groups: ``group`` and ``score`` by employee, and the quartiles ties allow (0 to 3)."""

    group: Ints
    score: Floats
    size: Ints
    start: Ints
    low: Ints
    high: Ints

    @classmethod
    def of(cls, score: Floats, group: Ints) -> Standing:
        """Quartiles of employees inside their group; equal scores share the quartiles of their places.

        >>> s = Standing.of(np.array([1.0, 2, 2, 4]), np.zeros(4, np.int64))
        >>> s.low.tolist(), s.high.tolist()
        ([0, 1, 1, 3], [0, 2, 2, 3])
        """
        score = np.round(score, 9)
        size = np.bincount(group)
        start = np.concatenate([[0], np.cumsum(size)[:-1]])
        order = np.lexsort((score, group))
        g, s = group[order], score[order]
        place = np.arange(score.size)
        first = np.concatenate([[True], (g[1:] != g[:-1]) | (s[1:] != s[:-1])])
        run = np.cumsum(first) - 1
        begin = place[first]
        end = np.concatenate([begin[1:], [score.size]]) - 1
        low, high = np.empty(score.size, np.int64), np.empty(score.size, np.int64)
        low[order], high[order] = (QUARTERS * (e[run] - start[g]) // size[g] for e in (begin, end))
        return cls(group, score, size, start, low, high)

    def changed(self, corrected: Floats) -> Bools:
        """Tell who stands outside the quartiles of the official score, shape as ``corrected`` (employees, draws).

        >>> s = Standing.of(np.array([1.0, 2, 3, 4]), np.zeros(4, np.int64))
        >>> s.changed(np.array([[1.0], [4], [3], [2]]))[:, 0].tolist()
        [False, True, False, True]
        """
        least, most = corrected.min(), corrected.max()
        key = self.group[:, None] + (corrected - least) / (2 * (most - least) or 1.0)
        order = np.argsort(key, axis=0, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(order.shape[0])[:, None], axis=0)
        quarter = QUARTERS * (place - self.start[self.group][:, None]) // self.size[self.group][:, None]
        return (quarter < self.low[:, None]) | (quarter > self.high[:, None])

    @cached_property
    def _runs(self) -> list[tuple[Floats, Ints, Ints]]:
        """By group: the distinct scores in order, and the first and last place of each."""
        order = np.lexsort((self.score, self.group))
        parts = [np.unique(p, return_index=True, return_counts=True)
                 for p in np.split(self.score[order], self.start[1:])]  # fmt: skip
        return [(value, first.astype(np.int64), (first + n - 1).astype(np.int64)) for value, first, n in parts]

    def moved(self, who: Ints, score: Floats) -> tuple[int, int]:
        """Return how many of the employees ``who`` (of one group), and of the others, leave their quartiles.

        Those of ``who`` have another ``score``, all at once; the others keep theirs, and what changes is who is below.
        Near the borders of quartiles only: elsewhere so few shifted scores change nothing for the others.

        >>> s = Standing.of(np.array([1.0, 2, 3, 4]), np.zeros(4, np.int64))
        >>> s.moved(np.array([0]), np.array([2.5])), s.moved(np.array([0, 1, 2, 3]), np.array([5.0, 6, 7, 8]))
        ((1, 1), (0, 0))
        """
        group = int(self.group[who[0]])
        size, (value, first, last) = int(self.size[group]), self._runs[group]
        fresh = np.round(score, 9)
        old, new = np.sort(self.score[who]), np.sort(fresh)

        def places(at: Floats) -> tuple[Ints, Ints]:
            """First and last quartile of a score among the scores as they have become."""
            here, after = np.searchsorted(value, at), np.searchsorted(value, at, "right")
            begin = np.append(first, size)[here] - np.searchsorted(old, at) + np.searchsorted(new, at)
            end = np.append(first, size)[after] - 1
            end += np.searchsorted(new, at, "right") - np.searchsorted(old, at, "right")
            return QUARTERS * begin // size, QUARTERS * end // size

        low, high = places(fresh)
        mine = int(((high < self.low[who]) | (low > self.high[who])).sum())
        edges = -(-np.arange(1, QUARTERS) * size // QUARTERS)
        near = [np.arange(np.searchsorted(last, e - who.size), np.searchsorted(first, e + who.size, "right"))
                for e in edges]  # fmt: skip
        run = np.unique(np.concatenate(near))
        low, high = places(value[run])
        left = (high < QUARTERS * first[run] // size) | (low > QUARTERS * last[run] // size)
        stay = np.searchsorted(old, value[run], "right") - np.searchsorted(old, value[run])
        return mine, int((last[run] - first[run] + 1 - stay)[left].sum())
