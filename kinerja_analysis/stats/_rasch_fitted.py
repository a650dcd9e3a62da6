"""A fitted many-facet Rasch model from the inside: measures of all facets, what their errors are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._arrays import group_sum
from ._rasch_errors import (
    Pairs,
    PairVariance,
    cluster_variance,
    gather,
    inverse_diagonal,
    leverage_corrected,
    pair_variance,
    ratee_variance,
)
from ._rasch_freedom import Freedom, freedom
from ._rasch_joint import Joint, Point
from ._rasch_kernels import category_shares, row_moments
from ._rasch_marginal import Marginal
from ._rasch_quadrature import modes
from ._rasch_rows import Ratings, Rows, arrange
from ._rasch_system import Equations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_LARGE = 1_000_000


@dataclass(slots=True)
class Fitted:
    """Calibrated measures and their equations.

    `measure` is by facet in the sign of its η; NaN without calibrated ratings. `columns` are the places of the other
    facets' elements among the unknowns of `system`; `links` those of each ratee (ratees × unknowns), `weight` its
    reciprocal (JML) or posterior variance.
    """

    rows: Rows
    freedom: Freedom
    point: Point
    measure: list[FloatArray]
    eta: FloatArray
    expected: FloatArray
    variance: FloatArray
    system: Equations
    columns: IntArray
    tail: int
    weight: FloatArray
    links: Any
    score: Any
    engine: Joint
    floating: int
    loglik: float
    converged: bool
    sd: float = float("nan")
    means: FloatArray | None = None
    posterior: tuple[FloatArray, FloatArray] | None = None

    @property
    def main(self) -> int:
        """The raters' facet."""
        return self.rows.ratings.main

    def codes(self, number: int) -> IntArray:
        """Levels of a facet in the order of the calibration."""
        return self.rows.ratings.codes[number][self.rows.source]

    def place(self, number: int) -> IntArray:
        """Unknowns of a facet's elements."""
        wide, first = self.rows.offset[number]
        begin = first if wide else self.rows.n_bulk + first
        return self.columns[begin : begin + self.rows.ratings.sizes[number]]


def calibrate(
    data: Ratings, *, estimator: str, adjust: bool, means: bool, floating: int, nodes: int, tolerance: float | None
) -> Fitted | None:
    """Fit the model; None if no rating is left for it."""
    marginal = estimator == "MML"
    rows = arrange(data, keep_ratees=marginal)
    if rows.n == 0 or rows.n_bulk + rows.n_border == 0 or not rows.scale.steps.any():
        return None
    free = freedom(rows)
    if marginal:
        return _marginal(rows, free, adjust, means, floating, nodes, tolerance or 1e-6)
    engine = Joint(rows, free, adjust=adjust)
    limit = tolerance or (9e-3 if rows.n > _LARGE else 1e-6)
    at, found, converged = engine.maximise(limit)
    theta, columns = _centred(rows, free, at)
    if not means:
        theta, columns = _equal_parts(rows, free, theta, columns)
    theta, columns = _floated(rows, theta, columns, floating)
    point = Point(theta, columns[: rows.n_bulk], columns[rows.n_bulk :], at.tau)
    solver = engine.equations(found)
    near = sparse.csr_array(solver.near)
    links = sparse.csr_array(sparse.hstack([solver.link, near]))
    unknowns = np.arange(rows.n_bulk + rows.n_border)
    return _complete(
        rows, free, point, engine, floating, solver.system, unknowns, solver.weight, links, found.loglik, converged
    )


def _marginal(
    rows: Rows, free: Freedom, adjust: bool, means: bool, floating: int, nodes: int, tolerance: float
) -> Fitted:
    engine = Marginal(rows, free, adjust=adjust, means=means, nodes=nodes)
    at, prior, found, system, converged = engine.maximum(tolerance)
    columns = np.concatenate([at.bulk, at.border])
    mean = prior.mean
    if floating:
        rated = np.diff(rows.start) > 0
        shift = float(mean[engine.part[rated]].mean())
        mean, columns = mean - shift, columns - shift * _marks(rows, floating)
    theta = mean[engine.part].copy()
    information = np.empty(theta.size)
    point = Point(theta, columns[: rows.n_bulk], columns[rows.n_bulk :], at.tau)
    modes(
        rows.start, rows.category, rows.weight, rows.group, rows.bulk, rows.border, point.bulk, point.border, point.tau,
        engine.steps, theta.copy(), 0.0, True, theta, information,
    )  # fmt: skip
    n = rows.n_bulk
    unknowns = np.concatenate([np.arange(n), n + engine.n_means + np.arange(rows.n_border)])
    shifted = found.mean - (prior.mean - mean)[engine.part]
    fit = _complete(
        rows, free, point, engine, floating, system, unknowns, found.variance, None, found.loglik, converged
    )  # fmt: skip
    bulk, border = engine.scores(found)
    fit.score = sparse.csr_array(sparse.hstack([bulk, sparse.csr_array(border)]))
    fit.sd, fit.means, fit.posterior = prior.sd, mean, (shifted, found.variance)
    return fit


def _centred(rows: Rows, free: Freedom, at: Point) -> tuple[FloatArray, FloatArray]:
    """Elements of the other facets summing to zero inside each part; the ratees take what is moved."""
    columns = np.concatenate([at.bulk, at.border])
    moved = free.basis @ (free.basis.T @ columns)
    rated = np.flatnonzero(np.diff(rows.start) > 0)
    theta, row = at.theta.copy(), rows.start[rated]
    for table, begin in ((rows.bulk, 0), (rows.border, rows.n_bulk)):
        for f in range(table.shape[1]):
            theta[rated] -= moved[begin + table[row, f]]
    return theta, columns - moved


def _equal_parts(
    rows: Rows, free: Freedom, theta: FloatArray, columns: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean measures of the ratees equal in all parts: an assumption, not a finding."""
    part = free.ratee_part
    rated = part >= 0
    mean = np.bincount(part[rated], theta[rated]) / np.bincount(part[rated])
    shift = mean - float(theta[rated].mean())
    data = rows.ratings
    wide, first = rows.offset[data.main]
    place = data.codes[data.main][rows.source] + (first if wide else rows.n_bulk + first)
    theta, moved = theta.copy(), np.zeros(columns.size)
    theta[rated] -= shift[part[rated]]
    moved[place] = shift[part[data.codes[0][rows.source]]]
    return theta, columns - moved


def _marks(rows: Rows, number: int) -> FloatArray:
    """1 at the columns of a facet."""
    wide, first = rows.offset[number]
    begin = first if wide else rows.n_bulk + first
    out = np.zeros(rows.n_bulk + rows.n_border)
    out[begin : begin + rows.ratings.sizes[number]] = 1.0
    return out


def _floated(
    rows: Rows, theta: FloatArray, columns: FloatArray, floating: int
) -> tuple[FloatArray, FloatArray]:
    """The ratees' mean moved to the floating facet."""
    fixed = rows.ratings.fixed
    if not floating or not np.isnan(fixed[0]).all() or not np.isnan(fixed[floating]).all():
        return theta, columns
    rated = np.diff(rows.start) > 0
    shift = float(theta[rated].mean())
    return theta - shift, columns - shift * _marks(rows, floating)


def _complete(
    rows: Rows, free: Freedom, point: Point, engine: Joint, floating: int, system: Equations, unknowns: IntArray,
    weight: FloatArray, links: Any, loglik: float, converged: bool,
) -> Fitted:  # fmt: skip
    """Measures by facet and moments by row."""
    eta, expected, variance = (np.empty(rows.n) for _ in range(3))
    row_moments(
        rows.start, rows.group, rows.bulk, rows.border, point.theta, point.bulk, point.border, point.tau,
        engine.steps, eta, expected, variance,
    )  # fmt: skip
    measure = [point.theta, *rows.split(np.concatenate([point.bulk, point.border]))]
    measure = [np.where(part >= 0, values, np.nan) for part, values in zip(free.part, measure, strict=True)]
    tail = system.size - (engine.T.shape[1] + (0 if links is not None else 1))
    return Fitted(
        rows, free, point, measure, eta, expected, variance, system, unknowns, tail, weight, links, None, engine,
        floating, loglik, converged,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard errors by facet, of the thresholds (groups × steps), of log sd; what the pairs share."""

    cluster: list[FloatArray]
    information: list[FloatArray]
    model: list[FloatArray]
    tau: FloatArray
    log_sd: float
    shared: PairVariance
    pooled: bool


def shared_variance(fit: Fitted) -> tuple[list[FloatArray], Pairs, PairVariance]:
    """Informations ΣwV by facet and level; ratings gathered by pair; the pair variance."""
    rows, data = fit.rows, fit.rows.ratings
    wV = rows.weight * fit.variance
    wy = rows.weight * (rows.category - fit.expected)
    infos = [group_sum(wV, fit.codes(f), size) for f, size in enumerate(data.sizes)]
    pairs = gather(fit.codes(0), fit.codes(fit.main), wy, wV)
    per_rating = float(wV.sum() / rows.weight.sum())
    return infos, pairs, pair_variance(pairs, _inverse(infos[0]), infos[fit.main], fit.freedom.n_parts, per_rating)


def _inverse(values: FloatArray) -> FloatArray:
    return np.divide(1.0, values, out=np.zeros(values.size), where=values > 0)


def errors(fit: Fitted) -> Errors:
    """The three standard errors of every calibrated element."""
    infos, pairs, shared = shared_variance(fit)
    model = [np.where(v > 0, _root(_inverse(v)), np.nan) for v in infos]
    excess = 0.0 if np.isnan(shared.variance) else shared.variance
    pair_load = pairs.variance + excess * pairs.variance**2
    found = (_dense if fit.system.dense else _large)(fit, pairs, pair_load, _inverse(infos[0]))
    cluster, information, tau, log_sd = found
    frozen = [~np.isnan(values) for values in fit.rows.ratings.fixed]
    for values in (cluster, information, model):
        for f, flag in enumerate(frozen):
            values[f] = np.where(flag | np.isnan(fit.measure[f]), np.where(flag, 0.0, np.nan), values[f])
    return Errors(cluster, information, model, tau, log_sd, shared, not fit.system.dense)


def _root(values: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(values, 0.0))


def _by_ratee(fit: Fitted, values: FloatArray) -> Any:
    """Values of the rows added up by ratee and by the unknown of each of their elements (ratees × unknowns)."""
    who, shape = fit.codes(0), (fit.rows.n_ratees, fit.system.size)
    table = sparse.csr_array(shape)
    for number in range(1, len(fit.rows.ratings.names)):
        column = fit.place(number)[fit.codes(number)]
        table = table + sparse.coo_array((values, (who, column)), shape=shape).tocsr()
    return table


def _scores(fit: Fitted, own: FloatArray) -> Any:
    """Efficient score of every ratee (ratees × unknowns)."""
    if fit.score is not None:
        return fit.score
    rows, n = fit.rows, fit.rows.n_ratees
    who = fit.codes(0)
    wy = rows.weight * (rows.category - fit.expected)
    width, h = fit.engine.width, rows.n_bulk + rows.n_border
    marks = np.zeros((n, fit.engine.T.shape[0]))
    share = category_shares(fit.eta, fit.point.tau[rows.group], fit.engine.steps[rows.group])
    for k in range(width):
        use = fit.engine.steps[rows.group] > k
        got = rows.weight * (share[:, k + 1 :].sum(axis=1) - (rows.category > k))
        np.add.at(marks, (who[use], rows.group[use] * width + k), got[use])
    contrast = sparse.csr_array(marks @ fit.engine.T)
    table = sparse.hstack([sparse.csr_array((n, h)), contrast]).tocsr() - _by_ratee(fit, wy)
    total = own * np.bincount(who, wy, n)
    return sparse.csr_array(table + sparse.diags_array(total) @ fit.links)


def _dense(
    fit: Fitted, pairs: Pairs, pair_load: FloatArray, own: FloatArray
) -> tuple[list[FloatArray], list[FloatArray], FloatArray, float]:
    """Exact errors: inverse of the equations, clusters corrected for leverage."""
    data = fit.rows.ratings
    G = fit.system.inverse()
    main = fit.place(fit.main)
    shape = (fit.rows.n_ratees, data.sizes[fit.main])
    spread = sparse.csr_array((pairs.variance, (pairs.ratee, pairs.main)), shape=shape)
    score = _scores(fit, own)
    gathered = sparse.csr_array((np.arange(1.0, pairs.ratee.size + 1), (pairs.ratee, pairs.main)), shape=shape)
    owns = np.asarray(score[pairs.ratee, main[pairs.main]]).ravel()[gathered.data.astype(np.int64) - 1]
    plain = sparse.csr_array((owns, gathered.indices, gathered.indptr), shape=shape)
    moved = leverage_corrected(G[np.ix_(main, main)], spread, plain, fit.weight) - plain
    lift = sparse.coo_array(moved)
    score = score + sparse.csr_array((lift.data, (lift.row, main[lift.col])), shape=score.shape)
    a, extra = _origin(fit, pairs, pair_load, own)
    turned, plain_variance, place = G, np.diag(G).copy(), fit.place(fit.floating) if fit.floating else np.zeros(0, int)
    if a.any():
        turned = G.copy()
        turned[:, place] += (G @ a)[:, None]
        plain_variance[place] += G[place] @ a + a @ turned[:, place]
    robust = cluster_variance(turned, score)
    robust[place] += extra[0]
    plain_variance[place] += extra[1]
    cluster, information = [np.zeros(0)], [np.zeros(0)]
    for number in range(1, len(data.names)):
        cluster.append(_root(robust[fit.place(number)]))
        information.append(_root(plain_variance[fit.place(number)]))
    links = fit.links if fit.links is not None else _by_ratee(fit, fit.rows.weight * fit.variance)
    base = np.where(own > 0, own, np.nan)
    beside = ratee_variance(own, links, G) - own
    information[0] = _root(base + beside)
    cluster[0] = _root(own**2 * np.bincount(pairs.ratee, pair_load, own.size) + beside) + 0.0 * base
    return cluster, information, *_inner(fit, G, fit.tail)


def _inner(fit: Fitted, G: FloatArray, first: int) -> tuple[FloatArray, float]:
    """Errors of the thresholds, whose contrasts begin at `first`, and of log sd (the last unknown with MML)."""
    T = fit.engine.T
    inner = G[first : first + T.shape[1], first : first + T.shape[1]]
    tau = _root(np.einsum("ij,jk,ik->i", T, inner, T)).reshape(fit.point.tau.shape)
    return tau, float(np.sqrt(G[-1, -1])) if fit.means is not None else float("nan")


def _origin(
    fit: Fitted, pairs: Pairs, pair_load: FloatArray, own: FloatArray
) -> tuple[FloatArray, tuple[float, float]]:
    """What the floating facet's measures take from the other unknowns, and variance beyond (cluster, information)."""
    a = np.zeros(fit.system.size)
    if not fit.floating or not np.isnan(fit.rows.ratings.fixed[0]).all():
        return a, (0.0, 0.0)
    rated = np.diff(fit.rows.start) > 0
    count = float(rated.sum())
    if fit.means is not None:
        part = fit.engine.part  # type: ignore[attr-defined]
        begin = fit.rows.n_bulk
        a[begin : begin + fit.means.size] = -np.bincount(part[rated], minlength=fit.means.size) / count
        return a, (0.0, 0.0)
    a = -np.asarray(fit.links.T @ own) / count
    beyond = float((own[pairs.ratee] ** 2 * pair_load).sum()), float(own.sum())
    return a, (beyond[0] / count**2, beyond[1] / count**2)


def _varies(level: IntArray, pairs: Pairs) -> bool:
    """Whether most pairs have ratings at several levels."""
    return float(np.mean(np.maximum.reduceat(level, pairs.start) > np.minimum.reduceat(level, pairs.start))) > 0.5


def _large(
    fit: Fitted, pairs: Pairs, pair_load: FloatArray, own: FloatArray
) -> tuple[list[FloatArray], list[FloatArray], FloatArray, float]:
    """Errors of large designs: diagonal by blocks and probes, pair variance pooled over raters.

    What the ratees' mean adds to the errors of a floating facet, one over their number, is left out.
    """
    data, rows = fit.rows.ratings, fit.rows
    part = np.full(fit.system.bulk.shape[0], -1)
    for number, (wide, first) in rows.offset.items():
        if wide:
            part[first : first + data.sizes[number]] = fit.freedom.part[number]
    if fit.means is not None:
        part[rows.n_bulk :] = np.arange(fit.means.size)
    if rows.bulk.shape[1] > 1 or fit.means is not None:
        part[part >= 0] = 0
    diagonal, corner = inverse_diagonal(fit.system, part)
    cluster, information = [np.zeros(0)], [np.zeros(0)]
    for number in range(1, len(data.names)):
        value = _root(diagonal[fit.place(number)])
        information.append(value)
        level, size = (pairs.main if number == fit.main else fit.codes(number)[pairs.start]), data.sizes[number]
        inflation = np.ones(size)
        if number == fit.main or not _varies(fit.codes(number), pairs):  # else the pair effect cancels in contrasts
            load, base = np.bincount(level, pair_load, size), np.bincount(level, pairs.variance, size)
            inflation = np.divide(load, base, out=inflation, where=base > 0)
        cluster.append(value * np.sqrt(inflation))
    v = np.bincount(pairs.ratee, pairs.variance**2 * cluster[fit.main][pairs.main] ** 2, own.size)
    w = np.bincount(pairs.ratee, pairs.variance**2 * information[fit.main][pairs.main] ** 2, own.size)
    base = np.where(own > 0, own, np.nan)
    information[0] = _root(base + own**2 * w)
    cluster[0] = _root(own**2 * (np.bincount(pairs.ratee, pair_load, own.size) + v)) + 0.0 * base
    return cluster, information, *_inner(fit, corner, fit.tail - part.size)
