"""One evaluation of the joint likelihood of the many-facet Rasch model, block of rows by block of rows.

Inside a block every step runs over rows one after the other in memory, so that the compiler can take several at once;
exp(η) is a product of factors of the elements, so that no row needs an exponential of its own. Sums by element hold
Σ(w·E − pull·T) and Σ w·V with E, V, T mean, variance and third central moment of a rating, and pull half the sum of
the reciprocal informations of the elements it belongs to: the gradient of half the sum of their logarithms is pull·T.
"""

import numpy as np
from numba import njit

from ._rasch_kernels import probabilities

_BLOCK = 256
_FAST = {"reassoc", "contract"}


@njit(cache=True)
def _odds(first, m, ratee, start, columns, own, other, who, odds):  # type: ignore[no-untyped-def]
    """Ratee and exp(η) of m rows from `first`, a product of the elements' factors; the last ratee."""
    for i in range(m):
        while first + i >= start[ratee + 1]:
            ratee += 1
        who[i], odds[i] = ratee, own[ratee]
    for column in columns:
        for i in range(m):
            odds[i] *= other[column[first + i]]
    return ratee


@njit(cache=True)
def _pull(first, m, who, weight, columns, own, other, pull):  # type: ignore[no-untyped-def]
    """Half the weighted sum of the pulls of each row's elements."""
    for i in range(m):
        pull[i] = own[who[i]]
    for column in columns:
        for i in range(m):
            pull[i] += other[column[first + i]]
    for i in range(m):
        pull[i] *= 0.5 * weight[first + i]


@njit(cache=True)
def _careful_shares(first, m, who, columns, theta, psi, tau, group, n_steps, P):  # type: ignore[no-untyped-def]
    """Shares of the categories where a power of exp(η) might overflow."""
    p = np.zeros(P.shape[0])
    for i in range(m):
        eta = theta[who[i]]
        for column in columns:
            eta -= psi[column[first + i]]
        p[:] = 0.0
        probabilities(eta, tau[group[first + i]], n_steps[group[first + i]], p)
        P[:, i] = p


@njit(cache=True, fastmath=_FAST)
def _shares(first, m, odds, group, steps, total, P):  # type: ignore[no-untyped-def]
    """Shares of the categories from exp(η) and steps = exp(−τ), which are 0 beyond a group's last."""
    P[0] = 1.0
    total[:] = 1.0
    for k in range(1, P.shape[0]):
        if steps.shape[0] == 1:
            step = steps[0, k - 1]
            for i in range(m):
                P[k, i] = P[k - 1, i] * odds[i] * step
        else:
            for i in range(m):
                P[k, i] = P[k - 1, i] * odds[i] * steps[group[first + i], k - 1]
        for i in range(m):
            total[i] += P[k, i]
    for i in range(m):
        total[i] = 1.0 / total[i]
    for k in range(P.shape[0]):
        for i in range(m):
            P[k, i] *= total[i]


@njit(cache=True)
def _fill(  # type: ignore[no-untyped-def]
    first, m, ratee, start, columns, group, theta, psi, factors, tau, steps, n_steps, careful, who, odds, work, P
):  # fmt: skip
    """Ratees and shares of the categories of m rows from `first`, by logarithms if `careful`; the last ratee."""
    ratee = _odds(first, m, ratee, start, columns, *factors, who, odds)
    if careful:
        _careful_shares(first, m, who, columns, theta, psi, tau, group, n_steps, P)
    else:
        _shares(first, m, odds, group, steps, work, P)
    return ratee


@njit(cache=True, fastmath=_FAST)
def _moments(m, P, E, V, T):  # type: ignore[no-untyped-def]
    """Mean, variance and third central moment of the category, row by row."""
    E[:], V[:], T[:] = 0.0, 0.0, 0.0
    for k in range(1, P.shape[0]):
        for i in range(m):
            E[i] += k * P[k, i]
    for k in range(P.shape[0]):
        for i in range(m):
            away = k - E[i]
            V[i] += away * away * P[k, i]
            T[i] += away * away * away * P[k, i]


@njit(cache=True, fastmath=_FAST)
def _categories(first, m, P, E, V, weight, pull, group, z):  # type: ignore[no-untyped-def]
    """Add Σ(w − pull·((k − E)² − V))·P(x = k) by group and category: summed from k up, the threshold's score."""
    for k in range(1, P.shape[0]):
        if z.shape[0] == 1:
            total = 0.0
            for i in range(m):
                away = k - E[i]
                total += (weight[first + i] - pull[i] * (away * away - V[i])) * P[k, i]
            z[0, k] += total
        else:
            for i in range(m):
                away = k - E[i]
                z[group[first + i], k] += (weight[first + i] - pull[i] * (away * away - V[i])) * P[k, i]


@njit(cache=True)
def _add(first, m, who, columns, values, own, other):  # type: ignore[no-untyped-def]
    """Add a block's values to the sums of its elements."""
    for i in range(m):
        own[who[i]] += values[i]
    for column in columns:
        for i in range(m):
            other[column[first + i]] += values[i]


@njit(cache=True)
def _log_shares(first, m, x, weight, P):  # type: ignore[no-untyped-def]
    """Log likelihood of a block's rows."""
    total, product = 0.0, 1.0
    for i in range(m):
        share, w = P[x[first + i], i], weight[first + i]
        if w == 1.0 and share > 1e-30:
            product *= share
            if product < 1e-200:
                total += np.log(product)
                product = 1.0
        else:
            total += w * np.log(max(share, 1e-300))
    return total + np.log(product)


@njit(cache=True, fastmath=_FAST)
def _tails(first, m, P, E, weight, above, u):  # type: ignore[no-untyped-def]
    """P(x ≥ k) in row k − 1, and its weighted covariance with x."""
    above[-1], u[-1] = 0.0, 0.0
    for k in range(P.shape[0] - 1, 0, -1):
        for i in range(m):
            above[k - 1, i] = above[k, i] + P[k, i]
        for i in range(m):
            u[k - 1, i] = u[k, i] + weight[first + i] * (k - E[i]) * P[k, i]


@njit(cache=True)
def _runs(first, m, who, group, bulk, ends):  # type: ignore[no-untyped-def]
    """Mark the last row of every run of one ratee, one group and the same bulk elements."""
    for i in range(m - 1):
        ends[i] = who[i + 1] != who[i] or group[first + i + 1] != group[first + i]
    ends[m - 1] = True
    for f in range(bulk.shape[1]):
        for i in range(m - 1):
            ends[i] |= bulk[first + i + 1, f] != bulk[first + i, f]


@njit(cache=True)
def _cross(first, m, who, bulk, border, slot, base, ends, v, u, link, near, side, corner):  # type: ignore[no-untyped-def]
    """Add a block's rows to the cross-products of information, but for those of two thresholds."""
    for f in range(bulk.shape[1]):
        total = 0.0
        for i in range(m):
            total += v[i]
            if ends[i]:
                link[slot[first + i, f]] += total
                total = 0.0
        for b in range(border.shape[1]):
            for i in range(m):
                side[bulk[first + i, f], border[first + i, b]] += v[i]
    for f in range(border.shape[1]):
        for i in range(m):
            near[who[i], border[first + i, f]] += v[i]
        for b in range(border.shape[1]):
            for i in range(m):
                corner[border[first + i, f], border[first + i, b]] += v[i]
    for k in range(u.shape[0] - 1):
        total = 0.0
        for i in range(m):
            total += u[k, i]
            if ends[i]:
                near[who[i], base[i] + k] += total
                for f in range(bulk.shape[1]):
                    side[bulk[first + i, f], base[i] + k] += total
                total = 0.0
        for f in range(border.shape[1]):
            for i in range(m):
                corner[border[first + i, f], base[i] + k] += u[k, i]


@njit(cache=True, fastmath=_FAST)
def _pairs_of_steps(first, m, above, weight, base, single, corner):  # type: ignore[no-untyped-def]
    """Add the information of every two thresholds, cov([x ≥ k], [x ≥ j]) for j ≤ k."""
    for k in range(above.shape[0] - 1):
        for j in range(k + 1):
            if single:
                total = 0.0
                for i in range(m):
                    total += weight[first + i] * above[k, i] * (1.0 - above[j, i])
                corner[base[0] + k, base[0] + j] += total
            else:
                for i in range(m):
                    corner[base[i] + k, base[i] + j] += weight[first + i] * above[k, i] * (1.0 - above[j, i])


@njit(cache=True)
def information_pass(  # type: ignore[no-untyped-def]
    start, columns, weight, group, theta, psi, factors, tau, steps, n_steps, careful, own, other
):  # fmt: skip
    """Add Σ w·V by ratee and by element of the other facets to `own` and `other`."""
    P = np.zeros((tau.shape[1] + 1, _BLOCK))
    odds, E, V, T, work = np.zeros(_BLOCK), np.zeros(_BLOCK), np.zeros(_BLOCK), np.zeros(_BLOCK), np.zeros(_BLOCK)
    who, ratee = np.zeros(_BLOCK, np.int64), 0
    for a in range(0, weight.size, _BLOCK):
        m = min(_BLOCK, weight.size - a)
        ratee = _fill(
            a, m, ratee, start, columns, group, theta, psi, factors, tau, steps, n_steps, careful, who, odds, work, P
        )
        _moments(m, P, E, V, T)
        V[:m] *= weight[a : a + m]
        _add(a, m, who, columns, V, own, other)


@njit(cache=True)
def joint_pass(  # type: ignore[no-untyped-def]
    start, columns, weight, group, theta, psi, factors, tau, steps, n_steps, careful, x, pulls, own, other, z, inform,
    bulk, border, slot, link, near, side, corner, spread
):  # fmt: skip
    """Sums of the joint likelihood at a point, added to the arrays given; returns the log likelihood.

    `own` and `other` get Σ(w·E − pull·T) by ratee and by element of the other facets, `z` the sums of `_categories`.
    With `inform` also the cross-products of information: `link` (ratee × bulk, sparse), `near` (ratee × border),
    `side` (bulk × border) and `corner` (border × border) hold the facets' columns first and then the thresholds,
    group by group. `spread`, unless empty, gets every row's variance. `careful` goes by logarithms.
    """
    width = tau.shape[1]
    n_border = corner.shape[0] - tau.size
    P, above, u = np.zeros((width + 1, _BLOCK)), np.zeros((width + 1, _BLOCK)), np.zeros((width + 1, _BLOCK))
    odds, pull, work = np.zeros(_BLOCK), np.zeros(_BLOCK), np.zeros(_BLOCK)
    E, V, T = np.zeros(_BLOCK), np.zeros(_BLOCK), np.zeros(_BLOCK)
    who, base, ends = np.zeros(_BLOCK, np.int64), np.zeros(_BLOCK, np.int64), np.zeros(_BLOCK, np.bool_)
    loglik, ratee = 0.0, 0
    for a in range(0, x.size, _BLOCK):
        m = min(_BLOCK, x.size - a)
        ratee = _fill(
            a, m, ratee, start, columns, group, theta, psi, factors, tau, steps, n_steps, careful, who, odds, work, P
        )
        loglik += _log_shares(a, m, x, weight, P)
        _pull(a, m, who, weight, columns, *pulls, pull)
        _moments(m, P, E, V, T)
        _categories(a, m, P, E, V, weight, pull, group, z)
        work[:m] = weight[a : a + m] * E[:m] - pull[:m] * T[:m]
        _add(a, m, who, columns, work, own, other)
        if inform:
            V[:m] *= weight[a : a + m]
            if spread.size:
                spread[a : a + m] = V[:m]
            _tails(a, m, P, E, weight, above, u)
            _runs(a, m, who, group, bulk, ends)
            base[:m] = n_border + width * group[a : a + m]
            _cross(a, m, who, bulk, border, slot, base, ends, V, u, link, near, side, corner)
            _pairs_of_steps(a, m, above, weight, base, tau.shape[0] == 1, corner)
    return loglik
