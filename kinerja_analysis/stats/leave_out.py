"""How much of the variance of ratings is the ratee and how much the rater, corrected by leaving pairs out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import ndtri

from ._arrays import codes, confidence, vector
from ._graph import PairGraph, bridges, pair_graph
from ._laplacian import RaterLaplacian
from ._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Parts = dict[str, float]
NAMES = ("var_ratee", "var_rater", "cov")
_DRAWS, _EXACT_TRACE, _TRACE = 200, 300, 4
_ROUGH, _FINE = 1e-3, 1e-10
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class LeaveOutDecomposition:
    """Variance of ratee effects, of rater effects and their covariance, over the kept rows.

    A *row* is one score; a *pair* is a ratee and a rater with all their scores.

    Attributes
    ----------
    n, n_pairs, n_ratees, n_raters : int
        What is kept: the largest part (by rows) without bridges.
    n_dropped, n_dropped_pairs, n_dropped_ratees, n_dropped_raters : int
        What is not. `n_dropped` counts rows.
    n_components : int
        Parts of two ratees or more that are left once the bridges are cut; only the largest is kept.
    var_ratee, var_rater, cov : float
        Leave-out estimates; a variance may be negative.
    correlation : float
        cov/√(var_ratee·var_rater); NaN unless both are positive.
    var_y : float
        Variance of the kept rows.
    share : dict
        By name: var_ratee/var_y, var_rater/var_y, 2·cov/var_y. The rest up to 1 is error.
    plug_in, homoskedastic : dict
        By name: uncorrected, and corrected for errors of one variance per row (Andrews et al. 2008).
    se, lower, upper : dict
        By name: standard error of the leave-out estimate and normal limits, given the graph and the true effects.
        NaN without scatter of the errors.
    method, reason : str
        Reason "" | ``empty`` | ``no_bridge_free_component`` | ``constant`` (every kept score is the same) |
        ``variance_not_positive`` (hence no correlation).
    """

    n: int
    n_pairs: int
    n_ratees: int
    n_raters: int
    n_dropped: int
    n_dropped_pairs: int
    n_dropped_ratees: int
    n_dropped_raters: int
    n_components: int
    var_ratee: float
    var_rater: float
    cov: float
    correlation: float
    var_y: float
    share: Parts
    plug_in: Parts
    homoskedastic: Parts
    se: Parts
    lower: Parts
    upper: Parts
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """The three parts with limits, their shares, the two cross-checks, correlation and variance of the rows."""
        parts = [
            block(name, getattr(self, name), se=self.se[name], lower=self.lower[name], upper=self.upper[name])
            for name in NAMES
        ]
        others = [
            block(what, list(getattr(self, what).values()), level=NAMES)
            for what in ("share", "plug_in", "homoskedastic")
        ]
        return frame(*parts, *others, block("correlation", self.correlation), block("var_y", self.var_y))


class _Pairs:
    """Weighted least squares of pair values on ratee + rater in one linked part; all arrays are (…, columns)."""

    def __init__(self, graph: PairGraph) -> None:
        self.ratee, self.rater = graph.ratee, graph.rater
        self.w: FloatArray = np.bincount(graph.row_pair).astype(np.float64)
        self.laplacian = RaterLaplacian(graph, self.w)
        place = np.arange(self.w.size)
        self.to_ratee = sparse.csr_array((np.ones(place.size), (self.ratee, place)))
        self.to_rater = sparse.csr_array((np.ones(place.size), (self.rater, place)))
        self.column = self.w[:, None]
        self.of_ratee, self.of_rater = self.to_ratee @ self.column, self.to_rater @ self.column
        self.total = float(self.w.sum())

    def effects(self, of_ratee: Any, of_rater: Any, tolerance: float) -> tuple[FloatArray, FloatArray]:
        """Ratee and rater effects from the weighted sums of each; rater effects have weighted mean zero."""
        load = of_rater - self.to_rater @ (self.column * (of_ratee / self.of_ratee)[self.ratee])
        rater = self.laplacian.solve(0, load, tolerance=tolerance)
        rater -= self.of_rater.T @ rater / self.total
        return (of_ratee - self.to_ratee @ (self.column * rater[self.rater])) / self.of_ratee, rater

    def fit(self, values: FloatArray, tolerance: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Ratee effects, rater effects and fitted values."""
        weighted = self.column * values
        ratee, rater = self.effects(self.to_ratee @ weighted, self.to_rater @ weighted, tolerance)
        return ratee, rater, ratee[self.ratee] + rater[self.rater]

    def products(self, values: FloatArray, d: FloatArray, tolerance: float) -> FloatArray:
        """K·values for the three forms: θ = y'Ky, K without diagonal; d = b/(1 − P) by pair and name."""
        ratee, rater, fitted = self.fit(values, tolerance)
        ratee = ratee - self.of_ratee.T @ ratee / self.total
        forms = []
        for load in ((self.of_ratee * ratee, 0.0 * rater), (0.0 * ratee, self.of_rater * rater)):
            back = self.effects(load[0], load[1], tolerance)
            forms.append(self.column * (back[0][self.ratee] + back[1][self.rater]))
        whole = self.column * (ratee[self.ratee] + rater[self.rater])
        forms.append((whole - forms[0] - forms[1]) / 2.0)
        out = np.empty((3, *values.shape))
        for k, form in enumerate(forms):
            own = d[:, k, None] * values
            turned = own - self.column * self.fit(own / self.column, tolerance)[2]
            out[k] = form / (self.total - 1.0) - (d[:, k, None] * (values - fitted) + turned) / 2.0
        return out

    def leverage(self, seed: int) -> tuple[FloatArray, FloatArray]:
        """By pair: 1/(1 − P), and b of the three forms, where E(plug-in) = θ + Σ b·Var(pair mean)."""
        inside, size, cross, blow = self._exact() if self.laplacian.is_dense(0) else self._sketch(seed)
        own = (1.0 / self.of_ratee[self.ratee]).ravel()
        b = np.column_stack([own - 2.0 * cross + inside + size - 1.0 / self.total, size, cross - size])
        return blow, b * (self.w**2 / (self.total - 1.0))[:, None]

    def _exact(self) -> tuple[FloatArray, ...]:
        """u'Gu, g'Eg, g_r and 1/(1 − P) of every pair: u = rater − raters of the ratee, g = Gu of weighted mean 0."""
        green = self.laplacian.inverse(0)
        mean = green @ self.of_rater[:, 0] / self.total
        spread = green @ (self.of_rater * green) - self.total * np.outer(mean, mean)
        share = self.w / self.of_ratee[self.ratee, 0]
        mix = sparse.csr_array((share, (self.ratee, self.rater)))
        half = [np.empty(self.w.size), np.empty(self.w.size)]
        start = np.searchsorted(self.ratee, np.arange(mix.shape[0] + 1))
        step = max(1, _CELLS // green.shape[0])
        for head in range(0, mix.shape[0], step):
            some = slice(start[head], start[min(head + step, mix.shape[0])])
            for k, matrix in enumerate((green, spread)):
                mixed = mix[head : head + step] @ matrix
                half[k][some] = mixed[self.ratee[some] - head, self.rater[some]]
        whole = [np.bincount(self.ratee, share * part) for part in half]
        inside, size = (
            np.diag(matrix)[self.rater] - 2.0 * half[k] + whole[k][self.ratee]
            for k, matrix in enumerate((green, spread))
        )
        cross = np.diag(green)[self.rater] - half[0] - mean[self.rater] + (mix @ mean)[self.ratee]
        return inside, size, cross, 1.0 / (1.0 - share - self.w * inside)

    def _sketch(self, seed: int) -> tuple[FloatArray, ...]:
        """The same by random projection; 1/(1 − P) from a ratio below 1, less its bias of second order."""
        total = np.zeros((6, self.w.size))
        root, root_rater = np.sqrt(self.column), np.sqrt(self.of_rater)
        free = 1.0 - self.w / self.of_ratee[self.ratee, 0]
        for signs in _signs(seed, self.w.size, _DRAWS):
            values = signs / root
            values -= (self.to_ratee @ (self.column * values) / self.of_ratee)[self.ratee]
            _, rater, fitted = self.fit(values, _ROUGH)
            p, m = self.column * fitted**2, self.column * (values - fitted) ** 2
            cross = rater[self.rater] * fitted
            total[:5] += [part.sum(axis=1) for part in (p, m, m * m, p * m, cross)]
        for signs in _signs(seed + 1, root_rater.size, _DRAWS, self.w.size):
            load = root_rater * signs
            load -= self.of_rater * load.sum(axis=0) / self.total
            ratee, rater = self.effects(np.zeros(self.of_ratee.shape), load, _ROUGH)
            total[5] += ((ratee[self.ratee] + rater[self.rater]) ** 2).sum(axis=1)
        p, m, mm, pm, cross, size = total / _DRAWS
        var, cov = (mm - m * m) / _DRAWS, (pm - p * m) / _DRAWS
        ratio = p / m * (1.0 - var / m**2) + cov / m**2
        scale = free / (p + m)
        return scale * p / self.w, size, scale * cross, (1.0 + np.maximum(ratio, 0.0)) / free


def _signs(seed: int, size: int, draws: int, rows: int = 0) -> Iterator[FloatArray]:
    """Random signs in columns, some at a time."""
    rng = np.random.default_rng(seed)
    step = max(1, min(draws, _CELLS // max(size, rows)))
    for head in range(0, draws, step):
        yield rng.choice([-1.0, 1.0], (size, min(step, draws - head)))


def leave_out_decomposition(
    y: ArrayLike, ratee: ArrayLike, rater: ArrayLike, *, centre: str = "rows", level: float = 0.95, seed: int = 0
) -> LeaveOutDecomposition:
    """Variance of ratee and rater effects and their covariance, without the bias of estimated effects.

    Parameters
    ----------
    y : array of float, shape (n,)
        Scores; several scores of one pair (criteria) are one observation, left out together.
    ratee, rater : array of int, shape (n,)
        Codes from 0, separate numberings, without self ratings.
    centre : {"rows", "pairs"}
        What is taken from y in σ² = (y − centre)·residual/(1 − P): the mean of the rows, or, as in the authors' program
        where pairs have several rows, m/√w for a pair of w rows, m the mean over pairs of √w·y.
    level : float
        Confidence level of the limits.
    seed : int
        Of the random signs (traces; random projection above 3,000 raters).

    Returns
    -------
    LeaveOutDecomposition

    Raises
    ------
    ValueError
        For malformed arrays, an unknown centre or a level outside (0, 1).

    Notes
    -----
    Model: mean score of a pair = ratee + rater + error, errors independent between pairs with any variances, effects
    fixed. Positive rater effects are *lenient*. The mean of a pair has its number of rows as weight. Variances are
    those of the effects over rows, with N − 1 below. Kline, Saggio & Sølvsten (2020), Econometrica 88:1859: from the
    plug-in value is taken Σ b·σ², with σ² = (y − centre)·residual/(1 − P) of the pair. The centre is the weighted mean
    of y, so that a constant added to y changes nothing; what this costs in bias falls with 1/N. A pair with P = 1 is
    a bridge of the graph of ratees and raters: bridges are cut, no rater is removed for linking others.

    Standard errors: V = 4 Σ (Ky)²·s² − D, at least D = 2 Σ_{i≠l} K²·s²s², the variance without true effects; K is the
    form without its diagonal, D is by random signs above 300 pairs, and s² = residual²/(1 − P), never negative. With
    the σ² above instead, which share errors with Ky, simulated limits held the truth in as few as 17 % of cases;
    with s² in 90 to 100 %, the more the sparser the graph (two raters each: standard errors 1.3 to 1.6 times too
    large). Not for graphs in which few connections carry most of a variance.

    Examples
    --------
    Forty employees, each with three of ten raters and two scores by each:

    >>> rng = np.random.default_rng(1)
    >>> ratee, rater = np.repeat(np.arange(40), 6), np.repeat((np.arange(40)[:, None] + [0, 1, 3]) % 10, 2)
    >>> y = rng.normal(0, 1, 40)[ratee] + rng.normal(0, 0.5, 10)[rater] + rng.normal(0, 1, 240)
    >>> found = leave_out_decomposition(y, ratee, rater)
    >>> found.plug_in["var_ratee"] > found.var_ratee, found.n_pairs
    (True, 120)
    """
    score = vector(y, "y")
    who, by = codes(ratee, "ratee", score.size), codes(rater, "rater", score.size)
    confidence(level)
    if centre not in ("rows", "pairs"):
        raise ValueError('centre must be "rows" or "pairs"')
    whole = pair_graph(who, by)
    rows, n_components = _largest(whole, (score - score.sum() / max(score.size, 1)) ** 2)
    graph = pair_graph(np.unique(who[rows], return_inverse=True)[1], np.unique(by[rows], return_inverse=True)[1])
    counts = {
        "n": int(rows.sum()),
        "n_pairs": graph.ratee.size,
        "n_ratees": graph.n_ratees,
        "n_raters": graph.n_raters,
        "n_dropped": int((~rows).sum()),
        "n_dropped_pairs": whole.ratee.size - graph.ratee.size,
        "n_dropped_ratees": int((whole.ratings_per_ratee > 0).sum()) - graph.n_ratees,
        "n_dropped_raters": int((whole.ratees_per_rater > 0).sum()) - graph.n_raters,
        "n_components": n_components,
    }
    if not rows.any():
        return _record(counts, {}, "leave-pair-out", "no_bridge_free_component" if score.size else "empty", level)
    kept = score[rows] - score[rows].mean()
    if not np.ptp(score[rows]):
        none = {what: dict.fromkeys(NAMES, 0.0) for what in ("value", "plug_in", "homoskedastic")}
        return _record(counts, none, "leave-pair-out", "constant", level)
    pairs = _Pairs(graph)
    exact = pairs.laplacian.is_dense(0)
    method = "leave-pair-out, Kline, Saggio & Sølvsten (2020); " + (
        "exact" if exact else f"random projection, {_DRAWS} draws"
    )
    mean = np.bincount(graph.row_pair, kept) / pairs.w
    whole_mean, root = mean + score[rows].mean(), np.sqrt(pairs.w)
    from_centre = mean if centre == "rows" else whole_mean - (root @ whole_mean) / root.size / root
    found = _estimate(pairs, mean, from_centre, seed)
    return _record(counts, found, method, "", level, float(kept @ kept) / (kept.size - 1))


def _largest(graph: PairGraph, squares: FloatArray) -> tuple[NDArray[np.bool_], int]:
    """Rows of the largest part that is left when bridges are cut, and how many parts are left.

    Of parts of one size the one whose rows vary most (``squares``), so that codes and order do not choose.
    """
    cut = bridges(graph)
    key = graph.ratee * max(graph.n_raters, 1) + graph.rater
    firm = np.flatnonzero(~np.isin(key, cut[:, 0] * max(graph.n_raters, 1) + cut[:, 1]))
    rest = pair_graph(graph.ratee[firm], graph.rater[firm], (graph.n_ratees, graph.n_raters))
    if not firm.size:
        return np.zeros(graph.row_pair.size, bool), 0
    part = np.full(graph.ratee.size, -1)
    part[firm] = rest.component_ratee[graph.ratee[firm]]
    row_part = part[graph.row_pair]
    known = row_part >= 0
    size = np.bincount(row_part[known])
    return row_part == np.lexsort((np.bincount(row_part[known], squares[known]), size))[-1], rest.n_components


def _estimate(pairs: _Pairs, mean: FloatArray, from_centre: FloatArray, seed: int) -> dict[str, Parts]:
    """The three estimates by name, in three versions, and their variances."""
    ratee, rater, fitted = (part[:, 0] for part in pairs.fit(mean[:, None], _FINE))
    blow, b = pairs.leverage(seed)
    residual = mean - fitted
    own = from_centre * residual * blow
    centred = ratee - pairs.of_ratee[:, 0] @ ratee / pairs.total
    both = centred[pairs.ratee], rater[pairs.rater]
    plug_in = np.array([pairs.w @ (a * c) for a, c in (both[:1] * 2, both[1:] * 2, both)]) / (pairs.total - 1.0)
    df = pairs.w.size - ratee.size - rater.size + 1
    pooled = float(pairs.w @ residual**2) / df / pairs.w
    d = b * blow[:, None]
    spread = residual**2 * blow
    variance = 4.0 * spread @ pairs.products(mean[:, None], d, _FINE)[:, :, 0].T ** 2
    without_effects = 2.0 * _squares(pairs, np.sqrt(spread)[:, None], d, seed + 2)
    variance = np.maximum(variance - without_effects, without_effects)
    found = {"value": plug_in - own @ b, "plug_in": plug_in, "homoskedastic": plug_in - pooled @ b, "var": variance}
    return {what: dict(zip(NAMES, map(float, values), strict=True)) for what, values in found.items()}


def _squares(pairs: _Pairs, root: FloatArray, d: FloatArray, seed: int) -> FloatArray:
    """Σ K²·s²s² by name, root² = s²: exact on the directions that carry most (Meyer et al. 2021), signs on the rest."""
    rng, size = np.random.default_rng(seed), root.size

    def total(columns: FloatArray) -> FloatArray:
        step = max(1, _CELLS // size)
        parts = (columns[:, head : head + step] for head in range(0, columns.shape[1], step))
        images = (root * pairs.products(root * part, d, _ROUGH) for part in parts)
        return np.sum([(image**2).sum(axis=(1, 2)) for image in images], axis=0)

    if size <= _EXACT_TRACE:
        return total(np.eye(size))
    first = root * pairs.products(root * rng.choice([-1.0, 1.0], (size, _TRACE)), d, _ROUGH)
    base = np.linalg.qr(np.concatenate(list(first), axis=1))[0]
    signs = rng.choice([-1.0, 1.0], (size, 3 * _TRACE))
    return np.asarray(total(base) + total(signs - base @ (base.T @ signs)) / signs.shape[1])


def _record(
    counts: dict[str, int], found: dict[str, Parts], method: str, reason: str, level: float, var_y: float = float("nan")
) -> LeaveOutDecomposition:
    nan = dict.fromkeys(NAMES, float("nan"))
    value: dict[str, Any] = found.get("value", nan)
    variance = found.get("var", nan)
    se = {name: float(np.sqrt(part)) if part > 0 else float("nan") for name, part in variance.items()}
    half = {name: -float(ndtri((1.0 - level) / 2.0)) * part for name, part in se.items()}
    known = value["var_ratee"] > 0 and value["var_rater"] > 0
    product = value["var_ratee"] * value["var_rater"] if known else float("nan")
    return LeaveOutDecomposition(
        **counts,
        **value,
        correlation=value["cov"] / float(np.sqrt(product)),
        var_y=0.0 if reason == "constant" else var_y,
        share={name: (1.0 + (name == "cov")) * part / var_y for name, part in value.items()},
        plug_in=found.get("plug_in", nan),
        homoskedastic=found.get("homoskedastic", nan),
        se=se,
        lower={name: value[name] - half[name] for name in NAMES},
        upper={name: value[name] + half[name] for name in NAMES},
        method=method,
        reason=reason or ("" if known else "variance_not_positive"),
    )
