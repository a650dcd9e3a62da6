"""Loops over the ratings of one ratee whose value is integrated out, or maximised for given other facets."""

import numpy as np
from numba import njit

from ._rasch_kernels import SAFE, powers, probabilities

_FAST = {"reassoc", "contract"}


@njit(cache=True)
def _bases(a, b, bulk, border, psi_bulk, psi_border, base):  # type: ignore[no-untyped-def]
    """Sum of the other facets' measures of a ratee's rows."""
    for row in range(a, b):
        base[row - a] = 0.0
        for f in range(bulk.shape[1]):
            base[row - a] += psi_bulk[bulk[row, f]]
        for f in range(border.shape[1]):
            base[row - a] += psi_border[border[row, f]]


@njit(cache=True)
def modes(  # type: ignore[no-untyped-def]
    start, x, weight, group, bulk, border, psi_bulk, psi_border, tau, n_steps, prior_mean, prior_precision, warm,
    theta, information
):  # fmt: skip
    """Value of each ratee at which score − precision·(θ − mean) is zero, by Newton steps; its information.

    With `warm` the score is Warm's weighted one: half the sum of third moments over the information is added.
    """
    p, steps, largest = np.empty(tau.shape[1] + 1), np.exp(-tau), np.abs(tau).sum(axis=1)
    base = np.empty(np.diff(start).max())
    for ratee in range(start.size - 1):
        value = theta[ratee]
        a, b = start[ratee], start[ratee + 1]
        _bases(a, b, bulk, border, psi_bulk, psi_border, base)
        for _ in range(100):
            slope, total, third = prior_precision, -prior_precision * (value - prior_mean[ratee]), 0.0
            for row in range(a, b):
                eta, g, w = value - base[row - a], group[row], weight[row]
                m = n_steps[g]
                if abs(eta) * m + largest[g] < SAFE:
                    powers(eta, steps[g], m, p)
                else:
                    probabilities(eta, tau[g], m, p)
                E, V, T = 0.0, 0.0, 0.0
                for k in range(1, m + 1):
                    E += k * p[k]
                for k in range(m + 1):
                    square = (k - E) ** 2 * p[k]
                    V += square
                    T += (k - E) * square
                total += w * (x[row] - E)
                slope += w * V
                third += w * T
            if slope <= 0.0:
                break
            if warm:
                total += 0.5 * third / slope
            step = min(max(total / slope, -1.0), 1.0)
            value += step
            if abs(step) < 1e-10:
                break
        theta[ratee] = value
        information[ratee] = slope


@njit(cache=True, fastmath=_FAST)
def _node_shares(base, growth, theta, top, tau, steps, largest, m, e, total, p):  # type: ignore[no-untyped-def]
    """Shares of a row's categories (k, q) at every node; growth = exp(θ), steps = exp(−τ), top = largest |θ|."""
    if (top + abs(base)) * m + largest >= SAFE:
        single = np.empty(m + 1)
        for q in range(theta.size):
            probabilities(theta[q] - base, tau, m, single)
            p[: m + 1, q] = single
        return
    factor = np.exp(-base)
    p[0], total[:] = 1.0, 1.0
    for q in range(theta.size):
        e[q] = growth[q] * factor
    for k in range(1, m + 1):
        step = steps[k - 1]
        for q in range(theta.size):
            p[k, q] = p[k - 1, q] * e[q] * step
        for q in range(theta.size):
            total[q] += p[k, q]
    for q in range(theta.size):
        total[q] = 1.0 / total[q]
    for k in range(m + 1):
        for q in range(theta.size):
            p[k, q] *= total[q]


@njit(cache=True)
def _posterior(a, b, x, weight, group, base, theta, tau, steps, largest, n_steps, work, P, post):  # type: ignore[no-untyped-def]
    """Shares of a ratee's rows at the nodes; `post`, log prior weights, becomes the posterior. Log of its sum before.

    The log likelihood is concave in θ, so that the smallest product of shares is at the first or the last node.
    """
    e, total, growth, product = work
    growth[:] = np.exp(np.minimum(np.maximum(theta, -SAFE), SAFE))
    product[:] = 1.0
    last = theta.size - 1
    top = max(abs(theta[0]), abs(theta[last]))
    for row in range(a, b):
        g, w, p = group[row], weight[row], P[row - a]
        _node_shares(base[row - a], growth, theta, top, tau[g], steps[g], largest[g], n_steps[g], e, total, p)
        seen = p[x[row]]
        if w != 1.0:
            post += w * np.log(np.maximum(seen, 1e-300))
            continue
        for q in range(theta.size):
            product[q] *= max(seen[q], 1e-100)
        if product[0] < 1e-200 or product[last] < 1e-200:
            post += np.log(product)
            product[:] = 1.0
    post += np.log(product)
    high = post.max()
    post[:] = np.exp(post - high)
    whole = post.sum()
    post /= whole
    return high + np.log(whole)


@njit(cache=True)
def _columns(a, b, group, border, n_steps, width, n_border, length, place, touched):  # type: ignore[no-untyped-def]
    """Give the border columns, thresholds and log sd that a ratee meets their places from `length`; how many."""
    count = 0
    for row in range(a, b):
        for f in range(border.shape[1]):
            c = border[row, f]
            if place[c] < 0:
                place[c], touched[count] = length + count, c
                count += 1
        for k in range(n_steps[group[row]]):
            c = n_border + group[row] * width + k
            if place[c] < 0:
                place[c], touched[count] = length + count, c
                count += 1
    place[place.size - 1], touched[count] = length + count, place.size - 1
    return count + 1


@njit(cache=True, fastmath=_FAST)
def _row_scores(p, m, observed, w, post, own, t0, E, V, above, S):  # type: ignore[no-untyped-def]
    """Add a row's scores at the nodes to S (columns × nodes); P(x ≥ k) is left in `above`. w × posterior mean of V."""
    E[:], V[:], above[m] = 0.0, 0.0, 0.0
    for k in range(1, m + 1):
        for q in range(E.size):
            E[q] += k * p[k, q]
    for k in range(m + 1):
        for q in range(E.size):
            V[q] += (k - E[q]) * (k - E[q]) * p[k, q]
    mean = 0.0
    for q in range(E.size):
        mean += post[q] * V[q]
    for i in own:
        for q in range(E.size):
            S[i, q] -= w * (observed - E[q])
    for k in range(m, 0, -1):
        mark = 1.0 if observed >= k else 0.0
        for q in range(E.size):
            above[k - 1, q] = above[k, q] + p[k, q]
        for q in range(E.size):
            S[t0 + k - 1, q] += w * (above[k - 1, q] - mark)
    return w * mean


@njit(cache=True, fastmath=_FAST)
def _row_information(p, m, w, post, own, t0, E, above, run, V, J):  # type: ignore[no-untyped-def]
    """Add a row's information, V its weighted posterior mean variance, to J."""
    for i in own:
        for j in own:
            J[i, j] += V
    run[:] = 0.0
    for k in range(m, 0, -1):
        mean = 0.0
        for q in range(E.size):
            run[q] += (k - E[q]) * p[k, q]
            mean += post[q] * run[q]
        for i in own:
            J[i, t0 + k - 1] += w * mean
            J[t0 + k - 1, i] += w * mean
        for j in range(k):
            total = 0.0
            for q in range(E.size):
                total += post[q] * above[k - 1, q] * (1.0 - above[j, q])
            J[t0 + k - 1, t0 + j] += w * total


@njit(cache=True, fastmath=_FAST)
def _centred(length, post, theta, mean, sd, n_own, S, J, average):  # type: ignore[no-untyped-def]
    """Add the prior's part to S and J; then S less its posterior mean, `average`, and J less the covariance of S."""
    precision = 1.0 / (sd * sd)
    end = length - 1
    for q in range(post.size):
        away = theta[q] - mean
        S[n_own, q] = away * precision
        S[end, q] = away * away * precision - 1.0
        J[n_own, n_own] += post[q] * precision
        J[end, n_own] += 2.0 * post[q] * away * precision
        J[end, end] += 2.0 * post[q] * away * away * precision
    for i in range(length):
        total = 0.0
        for q in range(post.size):
            total += post[q] * S[i, q]
        average[i] = total
        for q in range(post.size):
            S[i, q] -= total
    for i in range(length):
        for j in range(i + 1):
            total = 0.0
            for q in range(post.size):
                total += post[q] * S[i, q] * S[j, q]
            J[i, j] -= total


@njit(cache=True)
def _scatter(e0, p0, n_own, length, touched, column, component, n_bulk, J, piece, side, corner):  # type: ignore[no-untyped-def]
    """Put a ratee's information where it belongs: its own bulk part into `piece`, the rest added up."""
    for i in range(n_own + 1):
        for j in range(i + 1):
            piece[p0 + i * (n_own + 1) + j] = J[i, j]
            piece[p0 + j * (n_own + 1) + i] = J[i, j]
    for i in range(n_own + 1, length):
        c = touched[i - n_own - 1]
        for j in range(n_own + 1):
            to = column[e0 + j] if j < n_own else n_bulk + component
            side[to, c] += J[i, j]
        for j in range(n_own + 1, i + 1):
            d = touched[j - n_own - 1]
            corner[max(c, d), min(c, d)] += J[i, j]


@njit(cache=True)
def marginal_pass(  # type: ignore[no-untyped-def]
    start, x, weight, group, bulk, border, slot, entry, psi_bulk, psi_border, tau, n_steps, prior_mean, component,
    sd, node, log_weight, centre, scale, column, piece, piece_start, side, corner, score_bulk, score_border,
    post_mean, post_var
):  # fmt: skip
    """One evaluation of the marginal likelihood by adaptive Gauss–Hermite quadrature.

    Columns: bulk facets, then the component means (sparse); border facets, thresholds, log sd (dense). The
    score of each ratee and the observed information (Louis 1982: mean complete information less the covariance of the
    complete score) are added up; `piece` holds each ratee's own bulk × bulk part. Returns the log likelihood.
    """
    width, Q, n_border, n_bulk = tau.shape[1], node.size, psi_border.size, psi_bulk.size
    end = score_border.shape[1]
    longest, most = np.diff(start).max(), np.diff(entry).max() + 1 + end
    P, base = np.zeros((longest, width + 1, Q)), np.zeros(longest)
    steps, largest = np.exp(-tau), np.abs(tau).sum(axis=1)
    theta, post, E, V, run = np.empty(Q), np.empty(Q), np.empty(Q), np.empty(Q), np.empty(Q)
    work = np.empty(Q), np.empty(Q), np.empty(Q), np.empty(Q)
    above, S, J, average = np.zeros((width + 1, Q)), np.zeros((most, Q)), np.zeros((most, most)), np.zeros(most)
    place, touched = np.full(end, -1, np.int64), np.empty(end, np.int64)
    own = np.empty(bulk.shape[1] + border.shape[1], np.int64)
    loglik = 0.0
    for ratee in range(start.size - 1):
        a, b = start[ratee], start[ratee + 1]
        if a == b:
            continue
        _bases(a, b, bulk, border, psi_bulk, psi_border, base)
        theta[:] = centre[ratee] + 1.4142135623730951 * scale[ratee] * node
        post[:] = log_weight - 0.5 * ((theta - prior_mean[ratee]) / sd) ** 2
        loglik += _posterior(a, b, x, weight, group, base, theta, tau, steps, largest, n_steps, work, P, post)
        loglik += np.log(scale[ratee] / sd * 0.5641895835477563)
        post_mean[ratee] = (post * theta).sum()
        post_var[ratee] = (post * (theta - post_mean[ratee]) ** 2).sum()
        e0 = entry[ratee]
        n_own = entry[ratee + 1] - e0
        count = _columns(a, b, group, border, n_steps, width, n_border, n_own + 1, place, touched)
        length = n_own + 1 + count
        S[:length] = 0.0
        J[:length, :length] = 0.0
        for row in range(a, b):
            m, w, p = n_steps[group[row]], weight[row], P[row - a]
            for f in range(bulk.shape[1]):
                own[f] = slot[row, f] - e0
            for f in range(border.shape[1]):
                own[bulk.shape[1] + f] = place[border[row, f]]
            t0 = place[n_border + group[row] * width] if m else 0
            mean = _row_scores(p, m, x[row], w, post, own, t0, E, V, above, S)
            _row_information(p, m, w, post, own, t0, E, above, run, mean, J)
        _centred(length, post, theta, prior_mean[ratee], sd, n_own, S, J, average)
        score_bulk[e0 + ratee : e0 + ratee + n_own + 1] = average[: n_own + 1]
        for i in range(count):
            score_border[ratee, touched[i]] = average[n_own + 1 + i]
        _scatter(
            e0, piece_start[ratee], n_own, length, touched, column, component[ratee], n_bulk, J, piece, side, corner
        )
        place[touched[:count]] = -1
    return loglik
