"""Loops of the many-facet Rasch model over ratings.

P(x = k) ∝ exp(k·η − Σ_{j≤k} τ_j) with η = θ − Σ_f ψ_f. Sufficient statistics are x (for θ and −ψ) and the marks
[x ≥ k] (for −τ_k); V is their variance, u_k = cov(x, [x ≥ k]), h_kl = cov([x ≥ k], [x ≥ l]).
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


@njit(cache=True)
def joint_pass(  # type: ignore[no-untyped-def]
    start, x, weight, group, bulk, border, slot, theta, psi_bulk, psi_border, tau, n_steps, pull_theta, pull_bulk,
    pull_border, adjust, inform, g_theta, v_theta, g_bulk, v_bulk, g_border, v_border, g_tau, link, near, side,
    corner, spread
):  # fmt: skip
    """One evaluation of the joint likelihood: its score and the elements' informations (`v`).

    With `inform` also the cross-products of information: `near` (ratee × border), `side` (bulk × border) and `corner`
    (border × border) hold the facets' columns first and then the thresholds, group by group. With `adjust` the score
    is that of the likelihood times the square root of the elements' informations; `pull` are their reciprocals.
    `spread`, unless empty, gets every row's variance. Returns the log likelihood.
    """
    width = tau.shape[1]
    n_border = psi_border.size
    p = np.empty(width + 1)
    u = np.empty(width)
    above = np.empty(width)
    steps = np.exp(-tau)
    largest = np.abs(tau).sum(axis=1)
    loglik, product = 0.0, 1.0
    for ratee in range(start.size - 1):
        own = pull_theta[ratee]
        score_own, info_own = 0.0, 0.0
        for row in range(start[ratee], start[ratee + 1]):
            eta = theta[ratee]
            pull = own
            for f in range(bulk.shape[1]):
                eta -= psi_bulk[bulk[row, f]]
                pull += pull_bulk[bulk[row, f]]
            for f in range(border.shape[1]):
                eta -= psi_border[border[row, f]]
                pull += pull_border[border[row, f]]
            g = group[row]
            m = n_steps[g]
            if abs(eta) * m + largest[g] < SAFE:
                powers(eta, steps[g], m, p)
            else:
                probabilities(eta, tau[g], m, p)
            w = weight[row]
            observed = x[row]
            tail, first, second, cubes = 0.0, 0.0, 0.0, 0.0
            for k in range(m, 0, -1):
                tail += p[k]
                above[k - 1] = tail
                u[k - 1] = first = first + k * p[k]
                second += k * k * p[k]
                cubes += k * k * k * p[k]
            E = first
            variance = second - E * E
            V = w * variance
            y = w * (observed - E)
            if w == 1.0:
                product *= p[observed]
                if product < 1e-200:
                    loglik += np.log(product)
                    product = 1.0
            else:
                loglik += w * np.log(p[observed])
            for k in range(m):
                g_tau[g, k] += w * (above[k] - (1.0 if observed > k else 0.0))
            if adjust:
                y += 0.5 * pull * w * (cubes - 3.0 * E * second + 2.0 * E * E * E)
                run = 0.0
                for k in range(m, 0, -1):
                    run += ((k - E) ** 2 - variance) * p[k]
                    g_tau[g, k - 1] -= 0.5 * pull * w * run
            score_own += y
            info_own += V
            if spread.size:
                spread[row] = V
            for f in range(bulk.shape[1]):
                c = bulk[row, f]
                g_bulk[c] -= y
                v_bulk[c] += V
            for f in range(border.shape[1]):
                c = border[row, f]
                g_border[c] -= y
                v_border[c] += V
            if not inform:
                continue
            base = n_border + g * width
            for k in range(m):
                u[k] = w * (u[k] - E * above[k])
                near[ratee, base + k] += u[k]
                for j in range(k + 1):
                    corner[base + k, base + j] += w * above[k] * (1.0 - above[j])
            for f in range(bulk.shape[1]):
                c = bulk[row, f]
                link[slot[row, f]] += V
                for b in range(border.shape[1]):
                    side[c, border[row, b]] += V
                for k in range(m):
                    side[c, base + k] += u[k]
            for f in range(border.shape[1]):
                c = border[row, f]
                near[ratee, c] += V
                for b in range(border.shape[1]):
                    corner[c, border[row, b]] += V
                for k in range(m):
                    corner[c, base + k] += u[k]
        g_theta[ratee] += score_own
        v_theta[ratee] += info_own
    return loglik + np.log(product)


FIT_COLUMNS = (
    "n", "weight", "label", "z2", "y2", "variance", "kurtosis", "spread", "slope", "slope_info", "x", "xx", "rest",
    "rest2", "x_rest", "E", "EE", "E_rest",
)  # fmt: skip


@njit(cache=True)
def moments(eta, tau, n_steps, p):  # type: ignore[no-untyped-def]
    """Mean, variance and fourth central moment of a rating."""
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
    p = np.empty(tau.shape[1] + 1)
    for ratee in range(start.size - 1):
        for row in range(start[ratee], start[ratee + 1]):
            value = theta[ratee]
            for f in range(bulk.shape[1]):
                value -= psi_bulk[bulk[row, f]]
            for f in range(border.shape[1]):
                value -= psi_border[border[row, f]]
            g = group[row]
            eta[row] = value
            expected[row], variance[row], _ = moments(value, tau[g], n_steps[g], p)


@njit(cache=True)
def fit_pass(x, weight, group, element, own, eta, tau, n_steps, label, sums):  # type: ignore[no-untyped-def]
    """Sums by element that the fit statistics are made of, in the order of `FIT_COLUMNS`.

    `own` is what the element adds to η: the rest is the measure its ratings are correlated with.
    """
    p = np.empty(tau.shape[1] + 1)
    for row in range(x.size):
        g, w, k = group[row], weight[row], x[row]
        m = n_steps[g]
        E, V, fourth = moments(eta[row], tau[g], m, p)
        y = k - E
        rest = eta[row] - own[element[row]]
        at = sums[element[row]]
        at[0] += 1.0
        at[1] += w
        at[2] += w * label[g, k]
        if V > 1e-100:
            at[3] += w * y * y / V
            at[6] += fourth / (V * V)
        at[4] += w * y * y
        at[5] += w * V
        at[7] += fourth - V * V
        run, mean, square, seen = 0.0, 0.0, 0.0, 0.0
        for j in range(1, m + 1):
            run += eta[row] - tau[g, j - 1]
            mean += run * p[j]
            square += run * run * p[j]
            if j == k:
                seen = run
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
    p = np.empty(tau.shape[1] + 1)
    for row in range(x.size):
        g, c, w = group[row], cell[row], weight[row]
        E, V, _ = moments(eta[row] + shift[c], tau[g], n_steps[g], p)
        y = x[row] - E
        sums[c, 0] += w * y
        sums[c, 1] += w * V
        sums[c, 2] += w * y * y
        if V > 1e-100:
            sums[c, 3] += w * y * y / V
        sums[c, 4] += w
