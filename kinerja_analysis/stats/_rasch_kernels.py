"""Loops of the many-facet Rasch model over ratings.

P(x = k) ∝ exp(k·η − Σ_{j≤k} τ_j) with η = θ − Σ_f ψ_f.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SAFE = 300.0


def category_shares(eta: FloatArray, tau: FloatArray, steps: NDArray[np.int64] | int | None = None) -> FloatArray:
    """Probability of every category, shape (n, width + 1).

    Parameters
    ----------
    eta : ndarray, shape (n,)
    tau : ndarray, shape (width,) or (n, width)
    steps : ndarray of int, shape (n,), optional
        Number of thresholds of each row; categories beyond get 0.

    Examples
    --------
    >>> category_shares(np.array([0.0]), np.array([-1.0, 1.0])).round(3).tolist()
    [[0.212, 0.576, 0.212]]
    """
    log = np.zeros((eta.size, tau.shape[-1] + 1))
    np.cumsum(eta[:, None] - tau, axis=1, out=log[:, 1:])
    if steps is not None:
        log[np.arange(log.shape[1]) > np.asarray(steps)[:, None]] = -np.inf
    share = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


@njit(inline="always")
def probabilities(eta, tau, n_steps, p):  # type: ignore[no-untyped-def]
    """Fill p[0..n_steps]."""
    high = 0.0
    p[0] = 0.0
    for k in range(1, n_steps + 1):
        p[k] = p[k - 1] + eta - tau[k - 1]
        if p[k] > high:
            high = p[k]
    total = 0.0
    for k in range(n_steps + 1):
        p[k] = np.exp(p[k] - high)
        total += p[k]
    for k in range(n_steps + 1):
        p[k] /= total
    return high + np.log(total)


@njit(inline="always")
def powers(eta, steps, n_steps, p):  # type: ignore[no-untyped-def]
    """Fill p[0..n_steps] from steps = exp(−τ): one exponential for all categories."""
    e = np.exp(eta)
    total = p[0] = 1.0
    for k in range(1, n_steps + 1):
        p[k] = p[k - 1] * e * steps[k - 1]
        total += p[k]
    share = 1.0 / total
    for k in range(n_steps + 1):
        p[k] *= share


FIT_COLUMNS = (
    "n", "weight", "label", "z2", "y2", "variance", "kurtosis", "spread", "slope", "slope_info", "x", "xx", "rest",
    "rest2", "x_rest", "E", "EE", "E_rest",
)  # fmt: skip


@njit(inline="always")
def moments(eta, tau, steps, largest, n_steps, p):  # type: ignore[no-untyped-def]
    """Mean, variance and fourth central moment of a rating; steps = exp(−τ), largest = Σ|τ|."""
    if abs(eta) * n_steps + largest < SAFE:
        powers(eta, steps, n_steps, p)
    else:
        probabilities(eta, tau, n_steps, p)
    E, V, fourth = 0.0, 0.0, 0.0
    for k in range(1, n_steps + 1):
        E += k * p[k]
    for k in range(n_steps + 1):
        square = (k - E) ** 2
        V += square * p[k]
        fourth += square * square * p[k]
    return E, V, fourth


@njit(cache=True)
def row_moments(  # type: ignore[no-untyped-def]
    start, group, bulk, border, theta, psi_bulk, psi_border, tau, n_steps, eta, expected, variance
):  # fmt: skip
    """η, expectation and variance of every rating."""
    p, steps, largest = np.empty(tau.shape[1] + 1), np.exp(-tau), np.abs(tau).sum(axis=1)
    for ratee in range(start.size - 1):
        for row in range(start[ratee], start[ratee + 1]):
            value = theta[ratee]
            for f in range(bulk.shape[1]):
                value -= psi_bulk[bulk[row, f]]
            for f in range(border.shape[1]):
                value -= psi_border[border[row, f]]
            g = group[row]
            eta[row] = value
            expected[row], variance[row], _ = moments(value, tau[g], steps[g], largest[g], n_steps[g], p)


@njit(cache=True)
def fit_pass(x, weight, group, elements, owns, eta, tau, n_steps, label, sums):  # type: ignore[no-untyped-def]
    """Sums by element that the fit statistics are made of, in the order of `FIT_COLUMNS`, for every facet.

    `owns` is what the elements add to η: the rest is the measure their ratings are correlated with.
    """
    p, steps, largest = np.empty(tau.shape[1] + 1), np.exp(-tau), np.abs(tau).sum(axis=1)
    for row in range(x.size):
        g, w, k = group[row], weight[row], x[row]
        m = n_steps[g]
        E, V, fourth = moments(eta[row], tau[g], steps[g], largest[g], m, p)
        y = k - E
        z2, kurtosis = (y * y / V, fourth / (V * V)) if V > 1e-100 else (0.0, 0.0)
        run, mean, square, seen = 0.0, 0.0, 0.0, 0.0
        for j in range(1, m + 1):
            run += eta[row] - tau[g, j - 1]
            mean += run * p[j]
            square += run * run * p[j]
            if j == k:
                seen = run
        for f in range(len(elements)):
            element = elements[f][row]
            rest = eta[row] - owns[f][element]
            at = sums[f][element]
            at[0] += 1.0
            at[1] += w
            at[2] += w * label[g, k]
            at[3] += w * z2
            at[4] += w * y * y
            at[5] += w * V
            at[6] += w * kurtosis
            at[7] += w * (fourth - V * V)
            at[8] += w * (seen - mean)
            at[9] += w * (square - mean * mean)
            at[10] += w * k
            at[11] += w * k * k
            at[12] += w * rest
            at[13] += w * rest * rest
            at[14] += w * k * rest
            at[15] += w * E
            at[16] += w * (V + E * E)
            at[17] += w * E * rest


@njit(cache=True)
def cell_pass(x, weight, group, cell, eta, shift, tau, n_steps, sums):  # type: ignore[no-untyped-def]
    """Sums by cell with the cell's shift added to η: Σw(x − E), ΣwV, Σw(x − E)², Σw·z², Σw."""
    p, steps, largest = np.empty(tau.shape[1] + 1), np.exp(-tau), np.abs(tau).sum(axis=1)
    for row in range(x.size):
        g, c, w = group[row], cell[row], weight[row]
        E, V, _ = moments(eta[row] + shift[c], tau[g], steps[g], largest[g], n_steps[g], p)
        y = x[row] - E
        sums[c, 0] += w * y
        sums[c, 1] += w * V
        sums[c, 2] += w * y * y
        if V > 1e-100:
            sums[c, 3] += w * y * y / V
        sums[c, 4] += w
