"""Indices of a rater's scores, and honest raters simulated in the same design.

The honest rater: score = level + criterion + ratee + ratee x criterion + pair + rest on the scale of the scores, set
on the region's lattice and cut at the ends of the scale. The variances are those that give the medians of the
region's raters after cutting, so a few raters of another kind do not move them. A rater's own level is given: who is
near the top of the scale is compared with honest raters near the top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from kinerja_analysis.detect.identical import Ints, largest_group
from kinerja_analysis.detect.profiles import Floats

DRAWS = 300
TOP = 100.0
FLOOR = 1e-3
#: How much of a spread lies between two classes of levels near the ends of the scale.
CLASS = 0.5
Rng = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Indices:
    """One number per rater; arrays of one length.

    ``severity`` (positive = more lenient) is the difference in points from the others' mean (``level``), ``sd`` that
    of single ratees; ``slope`` that of the pair means on the others' (``se`` of least squares); ``spread`` the ratio
    of both standard deviations; ``rest`` the mean square of what ratee and criterion do not explain inside the rater;
    ``idiosyncratic`` the share of the pair in what the others do not explain; ``profile`` the slope of the criterion
    means (``flat``: ratio of their spreads, ``steady``: reliability of the others'); ``largest`` identical vectors.
    Rows of ``moments``: variances of pair means (own, others), their covariance, the same three of the rest.
    """

    n: Ints
    level: Floats
    severity: Floats
    sd: Floats
    slope: Floats
    se: Floats
    spread: Floats
    rest: Floats
    idiosyncratic: Floats
    profile: Floats
    flat: Floats
    steady: Floats
    largest: Ints
    moments: Floats


def indices(x: Floats, y: Floats, typical: float, unit: float) -> Indices:
    """Return the indices of raters with as many ratees each.

    Parameters
    ----------
    x, y : (raters, ratees, criteria) float64
        Mean of the other raters, and own scores, on 0-100.
    typical : float
        Slope of an ordinary rater, from which the residuals are taken.
    unit : float
        Finest step of the scores: vectors are identical when they are on it.

    Examples
    --------
    Half of the differences the others see, between ratees and between criteria, and 5 points above:

    >>> x = 50 + np.add.outer([-8.0, 0, 8], [-2.0, 0, 2])[None]
    >>> found = indices(x, 55 + (x - 50) / 2, 1.0, 1.0)
    >>> found.severity.tolist(), found.slope.tolist(), found.profile.tolist(), found.largest.tolist()
    ([5.0], [0.5], [0.5], [1])
    """
    _, n, k = x.shape
    (dx, cx, ex), (dy, cy, ey) = _parts(x), _parts(y)
    vx, vy, c = ((a * b).sum(axis=1) / (n - 1) for a, b in ((dx, dx), (dy, dy), (dx, dy)))
    slope = np.divide(c, vx, out=np.zeros_like(c), where=vx > FLOOR)
    left = np.maximum(vy - slope * c, 0.0) * (n - 1) / (n - 2)
    free = (n - 1) * (k - 1)
    rest, rest_x, common = ((a * b).sum(axis=(1, 2)) / free for a, b in ((ey, ey), (ex, ex), (ex, ey)))
    own = dy - typical * dx
    pair = np.maximum((own**2).sum(axis=1) / (n - 1) - rest / k, 0.0)
    square = (cx**2).sum(axis=1)
    sampling = rest_x * (k - 1) / n
    width = np.maximum(square, FLOOR**2)
    mean_y, mean_x = y.mean(axis=(1, 2)), x.mean(axis=(1, 2))
    se = np.sqrt(left / np.maximum(vx * (n - 1), FLOOR))
    return Indices(
        np.full(len(x), n), mean_x, mean_y - mean_x, (dy - dx).std(axis=1, ddof=1), slope, se,
        np.sqrt(vy / np.maximum(vx, FLOOR)), rest, pair / np.maximum(pair + rest, FLOOR),
        (cx * cy).sum(axis=1) / width, np.sqrt((cy**2).sum(axis=1) / width), np.maximum(1 - sampling / width, 0.0),
        _largest(y, unit), np.stack([vy, vx, c, rest, rest_x, common]),
    )  # fmt: skip


def _parts(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the deviations of ratee means and of criterion means, and what both leave, per rater."""
    ratee, criterion = values.mean(axis=2), values.mean(axis=1)
    mean = criterion.mean(axis=1, keepdims=True)
    rest = values - ratee[:, :, None] - criterion[:, None, :] + mean[:, :, None]
    return ratee - mean, criterion - mean, rest


def _largest(y: Floats, unit: float) -> Ints:
    codes = np.rint(y / unit).astype(np.int64)
    weights = np.random.default_rng(1).integers(1, 2**62, size=y.shape[2], dtype=np.int64)
    return largest_group((codes * weights).sum(axis=2))


def lattice(y: Floats, rater: Ints) -> tuple[float, float]:
    """Return the finest step of the scores and the step on which nine in ten differences inside raters lie.

    Scores of 0 to 100 given in fives are as coarse as a scale of 21 levels. Levels of raters do not matter.

    >>> lattice(np.array([[70.0, 75, 80], [60, 85, 71]]), np.array([0, 0]))
    (1.0, 1.0)
    """
    top = np.full(int(rater.max()) + 1, -np.inf)
    np.maximum.at(top, rater, y.max(axis=1))
    steps = np.round(top[rater][:, None] - y, 6)
    different = np.diff(np.unique(steps))
    different = different[different > FLOOR]
    fine = float(different.min()) if different.size else TOP
    for times in (50, 25, 20, 10, 5, 4, 2):
        away = np.abs(steps / (fine * times) - np.rint(steps / (fine * times)))
        if times * fine <= TOP / 4 and (away < 1e-3).mean() >= 0.9:
            return fine, fine * times
    return fine, fine


@dataclass(frozen=True, slots=True)
class Honest:
    """The region's ordinary rater: standard deviations in points, profile of the criteria, step of the scores."""

    ratee: float
    shared: float
    pair: float
    rest: float
    pair_other: float
    rest_other: float
    criterion: Floats
    step: float
    unit: float
    typical: float

    @property
    def total(self) -> float:
        """Standard deviation of a single score of one rater."""
        return float(np.sqrt(self.ratee**2 + self.shared**2 + self.pair**2 + self.rest**2 + FLOOR))

    def _curve(self) -> tuple[Floats, Floats]:
        """Return levels, and the mean scores they give after the scale has cut them."""
        grid = np.linspace(-TOP, 2 * TOP, 601)
        z, z_top = -grid / self.total, (TOP - grid) / self.total
        density = np.exp(-(z**2) / 2) - np.exp(-(z_top**2) / 2)
        inside = grid * (ndtr(z_top) - ndtr(z))
        return grid, inside + self.total * density / np.sqrt(2 * np.pi) + TOP * ndtr(-z_top)

    def latent(self, mean: Floats) -> Floats:
        """Return the levels that give these mean scores."""
        grid, shown = self._curve()
        return np.interp(mean, shown, grid)

    def shown(self, level: Floats) -> Floats:
        """Return the mean scores that these levels give."""
        grid, shown = self._curve()
        return np.interp(level, grid, shown)

    def classes(self, mean: Floats) -> Ints:
        """Return the class of each level: 0 where the ends of the scale are far, else by distance to them."""
        level = self.latent(mean)
        far = np.abs(level - TOP / 2) + 3 * self.total < TOP / 2
        return np.where(far, 0, 1 + np.floor((level + TOP) / (CLASS * self.total) + 1e-6).astype(np.int64))

    def draw(self, n: int, others: int, own: Floats, their: Floats, g: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw the others' means and the own scores (draws, n, criteria); NaN levels: the ends are far."""
        k, b = self.criterion.size, own.size
        inside = np.isnan(own)
        middle = TOP / 2 + self.step * g.random(b)
        ratee = self.ratee * g.standard_normal((b, n, 1)) + self.shared * g.standard_normal((b, n, k)) + self.criterion
        y = ratee + self.pair * g.standard_normal((b, n, 1)) + self.rest * g.standard_normal((b, n, k))
        y = self._cut(y + np.where(inside, middle, own)[:, None, None], inside)
        x = np.zeros_like(y)
        for _ in range(others):
            one = self.pair_other * g.standard_normal((b, n, 1)) + self.rest_other * g.standard_normal((b, n, k))
            x += self._cut(ratee + one + np.where(np.isnan(their), middle, their)[:, None, None], np.isnan(their))
        return x / others, y

    def _cut(self, latent: Floats, inside: NDArray[np.bool_]) -> Floats:
        shown = self.step * np.rint(latent / self.step)
        return np.asarray(np.where(inside[:, None, None], shown, np.clip(shown, 0.0, TOP)))

    def null(self, n: int, others: int, own: int, their: int, g: np.random.Generator) -> Indices:
        """Return the indices of honest raters of one design: ratees, other raters, classes of both levels."""
        levels = [np.full(DRAWS, np.nan if c == 0 else (c - 0.5) * CLASS * self.total - TOP) for c in (own, their)]
        return indices(*self.draw(n, others, levels[0], levels[1], g), self.typical, self.step)


def honest(found: Indices, others: Ints, own: Floats, their: Floats, criterion: Floats, steps: tuple[float, float],
           g: np.random.Generator) -> Honest:  # fmt: skip
    """Estimate the region's ordinary rater from the indices of all raters.

    ``others`` is the rounded mean number of other raters, ``own`` and ``their`` the mean scores. Medians of six
    moments are matched: variances of pair means (own, others), their covariance, mean squares of the rest (own,
    others), and their product.
    """
    unit, step = steps
    n = int(np.median(found.n))
    k, m = criterion.size, int(np.median(others))
    aim = np.maximum(np.median(found.moments, axis=1), [*[FLOOR] * 5, 0.0])
    typical = float(np.median(found.slope))
    used, pick = aim.copy(), np.linspace(0, own.size - 1, DRAWS).astype(np.int64)
    order = np.lexsort((their, own))[pick]
    for _ in range(4):
        vy, vx, c, rest, rest_x, common = used
        shared = min(max(common, 0.0), rest)
        ratee = max(c - shared / k, FLOOR)
        sd = np.sqrt([
            ratee, shared, max(vy - ratee - rest / k, 0.0), rest - shared,
            max(m * (vx - ratee - rest_x / k), 0.0), max(m * (rest_x - shared), 0.0),
        ])  # fmt: skip
        model = Honest(sd[0], sd[1], sd[2], sd[3], sd[4], sd[5], criterion, step, unit, typical)
        levels = [np.where(model.classes(v[order]) == 0, np.nan, model.latent(v[order])) for v in (own, their)]
        x, y = model.draw(n, m, levels[0], levels[1], g)
        shown = np.median(indices(x, y, typical, step).moments, axis=1)
        used = used * np.clip(aim / np.maximum(shown, FLOOR), 0.5, 2.0)
    return model


def departure(y: Floats) -> float:
    """Return how far the vectors that are not the most frequent one lie from it (mean absolute points; inf: none).

    Who copies a vector, but not for all, gives the others what ordinary raters give; who spreads scores little
    gives them nearly the same.

    >>> departure(np.array([[80.0, 60], [80, 60], [70, 60]]))
    5.0
    """
    kinds, counts = np.unique(y, axis=0, return_counts=True)
    gap = np.abs(y - kinds[counts.argmax()]).mean(axis=1)
    return float(gap[gap > 0].mean()) if (gap > 0).any() else np.inf
