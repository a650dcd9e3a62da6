"""Ratee-cluster variance of rater effects: CR2 with Satterthwaite degrees of freedom.

Residuals of one ratee are a cluster. With G = L⁺, S_p = Q·G[raters of p, :] the centred rows of a ratee and
M_p = Q − Q·G_pp·Q, the adjusted residuals are M_p^(−1/2)·e_p (Bell & McCaffrey 2002; Pustejovsky & Tipton
2018 for absorbed effects). A direction that M_p does not see (a pair fitted exactly, as every bridge is) has
no residual of its own: it takes the pooled residual variance instead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._graph import IntArray, PairGraph
from ._laplacian import RaterLaplacian

FloatArray = NDArray[np.float64]
_BLIND = 1e-8
_BLIND_SKETCH = 0.02
_CHUNK = 2_000_000
_EXACT_DF = 500_000
_SKETCH, _COLUMNS = 200, 50
_SKETCH_TOLERANCE = 1e-3


@dataclass(slots=True)
class Variance:
    """By rater: robust variance, the part without residuals (times σ²), leverage G_rr, and df pieces."""

    robust: FloatArray
    blind: FloatArray
    leverage: FloatArray
    trace: FloatArray
    trace2: FloatArray
    sketched: bool = False


@dataclass(frozen=True, slots=True)
class _Team:
    """Ratees with the same number of raters in components of one size."""

    ratees: IntArray
    raters: IntArray
    residual: FloatArray


def cluster_variance(graph: PairGraph, laplacian: RaterLaplacian, residual: FloatArray) -> Variance:
    """Variance pieces of all raters; raters alone in their component keep zeros."""
    size = graph.n_raters
    found = Variance(np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size))
    small: list[int] = []
    large: list[int] = []
    for component, raters in enumerate(laplacian.raters):
        if raters.size > 1:
            (small if laplacian.is_dense(component) else large).append(component)
    if small:
        _dense(graph, laplacian, small, residual, found)
    for component in large:
        _sketch(graph, laplacian, component, residual, found)
        found.sketched = True
    return found


def _teams(graph: PairGraph, chosen: NDArray[np.bool_], key: IntArray, residual: FloatArray) -> list[_Team]:
    """Ratees with several raters among `chosen`, grouped by number of raters and `key`."""
    count = graph.ratings_per_ratee
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    ratees = np.flatnonzero(chosen & (count > 1))
    out = []
    for k, group in np.unique(np.column_stack([count[ratees], key[ratees]]), axis=0):
        same = ratees[(count[ratees] == k) & (key[ratees] == group)]
        pairs = start[same][:, None] + np.arange(k)
        out.append(_Team(same, graph.rater[pairs], residual[pairs]))
    return out


def _roots(inside: FloatArray, blind: float) -> tuple[FloatArray, FloatArray]:
    """M^(−1/2) and the projector on what M does not see, for a stack of G_pp (stack, k, k)."""
    k = inside.shape[-1]
    Q = np.eye(k) - 1.0 / k
    value, vector = np.linalg.eigh(Q - Q @ inside @ Q + 1.0 / k)
    seen = value > blind
    weight = np.where(seen, np.where(seen, value, 1.0) ** -0.5, 0.0)
    back = vector.swapaxes(1, 2)
    root = (vector * weight[:, None, :]) @ back
    lost = (vector * ~seen[:, None, :]) @ back
    return Q @ root @ Q, lost


def _dense(
    graph: PairGraph, laplacian: RaterLaplacian, components: list[int], residual: FloatArray, found: Variance
) -> None:
    """Exact pieces for components with a dense inverse."""
    width = np.array([raters.size for raters in laplacian.raters])
    offset = np.zeros(width.size, np.int64)
    offset[components] = np.concatenate([[0], np.cumsum(width[components] ** 2)[:-1]])
    green = np.empty(int((width[components] ** 2).sum()))
    for component in components:
        inverse = laplacian.inverse(component)
        green[offset[component] : offset[component] + inverse.size] = inverse.ravel()
        found.leverage[laplacian.raters[component]] = np.diag(inverse)
    wanted = np.zeros(width.size, bool)
    wanted[components] = True
    own = graph.component_ratee
    exact = _exact_components(laplacian, components)
    pieces: dict[int, list[tuple[IntArray, FloatArray]]] = {component: [] for component in exact}
    for team in _teams(graph, wanted[own] & (own >= 0), width[own], residual):
        m = int(width[own[team.ratees[0]]])
        step = max(1, _CHUNK // (m * team.raters.shape[1]))
        for head in range(0, team.ratees.size, step):
            part = slice(head, head + step)
            one = _Team(team.ratees[part], team.raters[part], team.residual[part])
            _add_team(graph, laplacian, one, green, offset, m, found, pieces)
    for component, parts in pieces.items():
        _exact_df(laplacian, component, green[offset[component] :], parts, found)


def _exact_components(laplacian: RaterLaplacian, components: list[int]) -> set[int]:
    sizes = {c: laplacian.raters[c].size ** 2 * laplacian.ratees[c].size for c in components}
    return {c for c, size in sizes.items() if size <= _EXACT_DF}


def _add_team(
    graph: PairGraph,
    laplacian: RaterLaplacian,
    team: _Team,
    green: FloatArray,
    offset: IntArray,
    m: int,
    found: Variance,
    pieces: dict[int, list[tuple[IntArray, FloatArray]]],
) -> None:
    component = graph.component_ratee[team.ratees]
    place = laplacian.rater_position[team.raters]
    rows = green[(offset[component][:, None] + place * m)[:, :, None] + np.arange(m)]
    inside = np.take_along_axis(rows, place[:, None, :], axis=2)
    root, lost = _roots(inside, _BLIND)
    rows -= rows.mean(axis=1, keepdims=True)
    adjusted = np.einsum("pij,pj->pi", root, team.residual)
    to = np.array([laplacian.raters[c] for c in component])
    np.add.at(found.robust, to, np.einsum("pi,pim->pm", adjusted, rows) ** 2)
    hidden = np.einsum("pij,pjm->pim", lost, rows)
    blind = np.einsum("pim,pim->pm", hidden, hidden)
    np.add.at(found.blind, to, blind)
    seen = np.einsum("pim,pim->pm", rows, rows) - blind
    np.add.at(found.trace, to, seen)
    np.add.at(found.trace2, to, seen**2)
    if any(c in pieces for c in np.unique(component).tolist()):
        weights = np.einsum("pij,pjm->pim", root, rows)
        for index, c in enumerate(component.tolist()):
            if c in pieces:
                pieces[c].append((place[index], weights[index]))


def _exact_df(
    laplacian: RaterLaplacian,
    component: int,
    green: FloatArray,
    parts: list[tuple[IntArray, FloatArray]],
    found: Variance,
) -> None:
    """tr Ω² with Ω the covariance of the cluster scores under independent errors of equal variance."""
    raters = laplacian.raters[component]
    m = raters.size
    G = green[: m * m].reshape(m, m)
    B = np.zeros((len(parts), m, m))
    for row, (place, weight) in zip(B, parts, strict=True):
        row[place] = weight
    own = np.einsum("psr,psr->rp", B, B)
    omega = -np.einsum("psr,st,qtr->rpq", B, G, B, optimize=True)
    omega[:, np.arange(len(parts)), np.arange(len(parts))] += own
    found.trace2[raters] = np.einsum("rpq,rpq->r", omega, omega)


def _sketch(
    graph: PairGraph, laplacian: RaterLaplacian, component: int, residual: FloatArray, found: Variance
) -> None:
    """Pieces for a large component by random projection; relative error of an SE about 10 %.

    A rater's own ratees stand for all clusters in the degrees of freedom: the others add little. Raters of
    a single ratee are fitted exactly there: 1 + 1/(raters of the ratee who have others) of their variance.
    """
    rng = np.random.default_rng(component)
    raters, ratees = laplacian.raters[component], laplacian.ratees[component]
    incidence = laplacian.incidence(component)
    share = 1.0 / np.asarray(incidence.sum(axis=1)).ravel()
    pairs = laplacian.pairs[component]
    at = laplacian.rater_position[graph.rater[pairs]], laplacian.ratee_position[graph.ratee[pairs]]
    signs = rng.choice([-1.0, 1.0], (pairs.size, _SKETCH))
    centred = signs - (share[:, None] * _sum_rows(at[1], signs, ratees.size))[at[1]]
    Z = _solve(laplacian, component, _sum_rows(at[0], centred, raters.size)) / np.sqrt(_SKETCH)
    found.leverage[raters] = np.einsum("ij,ij->i", Z, Z)
    wanted = np.zeros(graph.n_ratees, bool)
    wanted[ratees] = True
    adjusted = sparse.lil_array((ratees.size, raters.size)).tocsr()
    for team in _teams(graph, wanted, np.zeros(graph.n_ratees, np.int64), residual):
        rows = Z[laplacian.rater_position[team.raters]]
        inside = rows @ rows.swapaxes(1, 2)
        root, _ = _roots(inside, _BLIND_SKETCH)
        share_of_own = ((inside - inside.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        leaf = graph.ratees_per_rater[team.raters] == 1
        hidden = leaf * (1.0 + 1.0 / (leaf.shape[1] - leaf.sum(axis=1, keepdims=True)))
        np.add.at(found.blind, team.raters, hidden)
        np.add.at(found.trace2, team.raters, np.maximum(share_of_own - hidden, 0.0) ** 2)
        value = np.einsum("pij,pj->pi", root, team.residual)
        place = np.repeat(laplacian.ratee_position[team.ratees], team.raters.shape[1])
        spot = place, laplacian.rater_position[team.raters].ravel()
        adjusted = adjusted + sparse.csr_array((value.ravel(), spot), shape=adjusted.shape)
    load = adjusted.T @ rng.choice([-1.0, 1.0], (ratees.size, _SKETCH))
    score = _solve(laplacian, component, load)
    found.robust[raters] = np.einsum("ij,ij->i", score, score) / _SKETCH
    found.trace[raters] = np.maximum(found.leverage[raters] - found.blind[raters], 0.0)


def _sum_rows(index: IntArray, values: FloatArray, size: int) -> FloatArray:
    gather = sparse.csr_array((np.ones(index.size), (index, np.arange(index.size))), shape=(size, index.size))
    return gather @ values


def _solve(laplacian: RaterLaplacian, component: int, rhs: FloatArray) -> FloatArray:
    heads = range(0, rhs.shape[1], _COLUMNS)
    parts = (np.ascontiguousarray(rhs[:, head : head + _COLUMNS]) for head in heads)
    return np.hstack([laplacian.solve(component, part, tolerance=_SKETCH_TOLERANCE) for part in parts])
