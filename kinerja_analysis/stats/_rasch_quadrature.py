"""Loops over the ratings of one ratee whose value is integrated out, or maximised for given other facets."""

import numpy as np
from numba import njit

from ._rasch_kernels import SAFE, powers, probabilities


@njit(cache=True)
def modes(  # type: ignore[no-untyped-def]
    start, x, weight, group, bulk, border, psi_bulk, psi_border, tau, n_steps, prior_mean, prior_precision, warm,
    theta, information
):  # fmt: skip
    """Value of each ratee at which score − precision·(θ − mean) is zero, by Newton steps; its information.

    With `warm` the score is Warm's weighted one: half the sum of third moments over the information is added.
    """
    width = tau.shape[1]
    p = np.empty(width + 1)
    for ratee in range(start.size - 1):
        value = theta[ratee]
        for _ in range(100):
            slope, total, third = prior_precision, -prior_precision * (value - prior_mean[ratee]), 0.0
            for row in range(start[ratee], start[ratee + 1]):
                eta = value
                for f in range(bulk.shape[1]):
                    eta -= psi_bulk[bulk[row, f]]
                for f in range(border.shape[1]):
                    eta -= psi_border[border[row, f]]
                g = group[row]
                m = n_steps[g]
                probabilities(eta, tau[g], m, p)
                E, V, T = 0.0, 0.0, 0.0
                for k in range(1, m + 1):
                    E += k * p[k]
                for k in range(m + 1):
                    V += (k - E) ** 2 * p[k]
                    T += (k - E) ** 3 * p[k]
                total += weight[row] * (x[row] - E)
                slope += weight[row] * V
                third += weight[row] * T
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
    width, Q = tau.shape[1], node.size
    n_border, n_bulk = psi_border.size, psi_bulk.size
    last = score_border.shape[1] - 1
    longest = 0
    for ratee in range(start.size - 1):
        longest = max(longest, start[ratee + 1] - start[ratee])
    P = np.empty((longest, Q, width + 1))
    theta, post, product = np.empty(Q), np.empty(Q), np.empty(Q)
    mean_u, mean_h = np.empty(width), np.empty((width, width))
    steps, largest = np.exp(-tau), np.abs(tau).sum(axis=1)
    place = np.full(last + 1, -1, np.int64)
    loglik = 0.0
    for ratee in range(start.size - 1):
        a, b = start[ratee], start[ratee + 1]
        if a == b:
            continue
        high = -1e308
        product[:] = 1.0
        for q in range(Q):
            theta[q] = centre[ratee] + 1.4142135623730951 * scale[ratee] * node[q]
            post[q] = log_weight[q] - 0.5 * ((theta[q] - prior_mean[ratee]) / sd) ** 2
        for row in range(a, b):
            base = 0.0
            for f in range(bulk.shape[1]):
                base += psi_bulk[bulk[row, f]]
            for f in range(border.shape[1]):
                base += psi_border[border[row, f]]
            g, k, w = group[row], x[row], weight[row]
            m = n_steps[g]
            for q in range(Q):
                p = P[row - a, q]
                eta = theta[q] - base
                if abs(eta) * m + largest[g] < SAFE:
                    powers(eta, steps[g], m, p)
                else:
                    probabilities(eta, tau[g], m, p)
                if w == 1.0 and p[k] > 1e-30:
                    product[q] *= p[k]
                    if product[q] < 1e-200:
                        post[q] += np.log(product[q])
                        product[q] = 1.0
                else:
                    post[q] += w * np.log(max(p[k], 1e-300))
        for q in range(Q):
            post[q] += np.log(product[q])
        for q in range(Q):
            high = max(high, post[q])
        total = 0.0
        for q in range(Q):
            post[q] = np.exp(post[q] - high)
            total += post[q]
        loglik += high + np.log(total * scale[ratee] / sd * 0.5641895835477563)
        mean, square = 0.0, 0.0
        for q in range(Q):
            post[q] /= total
            mean += post[q] * theta[q]
        for q in range(Q):
            square += post[q] * (theta[q] - mean) ** 2
        post_mean[ratee], post_var[ratee] = mean, square
        e0 = entry[ratee]
        n_own = entry[ratee + 1] - e0
        length = n_own + 1
        touched = np.empty(border.shape[1] * (b - a) + width * (b - a) + 1, np.int64)
        count = 0
        for row in range(a, b):
            for f in range(border.shape[1]):
                c = border[row, f]
                if place[c] < 0:
                    place[c] = length
                    touched[count] = c
                    length += 1
                    count += 1
            for k in range(n_steps[group[row]]):
                c = n_border + group[row] * width + k
                if place[c] < 0:
                    place[c] = length
                    touched[count] = c
                    length += 1
                    count += 1
        touched[count] = last
        place[last] = length
        length += 1
        count += 1
        J = np.zeros((length, length))
        S = np.zeros((Q, length))
        own = np.empty(bulk.shape[1] + border.shape[1], np.int64)
        for row in range(a, b):
            g, w = group[row], weight[row]
            m = n_steps[g]
            for f in range(bulk.shape[1]):
                own[f] = slot[row, f] - e0
            for f in range(border.shape[1]):
                own[bulk.shape[1] + f] = place[border[row, f]]
            t0 = place[n_border + g * width] if m else 0
            mean_V = 0.0
            mean_u[:m] = 0.0
            mean_h[:m, :m] = 0.0
            for q in range(Q):
                p = P[row - a, q]
                share = w * post[q]
                E, second = 0.0, 0.0
                for k in range(1, m + 1):
                    E += k * p[k]
                    second += k * k * p[k]
                mean_V += share * (second - E * E)
                y = w * (x[row] - E)
                for i in own:
                    S[q, i] -= y
                first, tail = 0.0, 0.0
                for k in range(m, 0, -1):
                    tail += p[k]
                    first += k * p[k]
                    S[q, t0 + k - 1] += w * (tail - (1.0 if x[row] >= k else 0.0))
                    mean_u[k - 1] += share * (first - E * tail)
                    rest = p[0]
                    for j in range(1, k + 1):
                        mean_h[k - 1, j - 1] += share * tail * rest
                        rest += p[j]
            for i in own:
                for j in own:
                    J[i, j] += mean_V
                for k in range(m):
                    J[i, t0 + k] += mean_u[k]
                    J[t0 + k, i] += mean_u[k]
            for k in range(m):
                for j in range(k + 1):
                    J[t0 + k, t0 + j] += mean_h[k, j]
        precision = 1.0 / (sd * sd)
        for q in range(Q):
            away = theta[q] - prior_mean[ratee]
            S[q, n_own] = away * precision
            S[q, length - 1] = away * away * precision - 1.0
            J[n_own, n_own] += post[q] * precision
            J[n_own, length - 1] += 2.0 * post[q] * away * precision
            J[length - 1, n_own] += 2.0 * post[q] * away * precision
            J[length - 1, length - 1] += 2.0 * post[q] * away * away * precision
        for i in range(length):
            mean = 0.0
            for q in range(Q):
                mean += post[q] * S[q, i]
            for q in range(Q):
                S[q, i] -= mean
            if i <= n_own:
                score_bulk[e0 + ratee + i] = mean
            else:
                score_border[ratee, touched[i - n_own - 1]] = mean
        for q in range(Q):
            for i in range(length):
                root = post[q] * S[q, i]
                for j in range(i + 1):
                    J[i, j] -= root * S[q, j]
        p0 = piece_start[ratee]
        for i in range(n_own + 1):
            for j in range(i + 1):
                piece[p0 + i * (n_own + 1) + j] = J[i, j]
                piece[p0 + j * (n_own + 1) + i] = J[i, j]
        for i in range(n_own + 1, length):
            c = touched[i - n_own - 1]
            for j in range(n_own + 1):
                to = column[e0 + j] if j < n_own else n_bulk + component[ratee]
                side[to, c] += J[i, j]
            for j in range(n_own + 1, i + 1):
                d = touched[j - n_own - 1]
                corner[max(c, d), min(c, d)] += J[i, j]
        for i in range(count):
            place[touched[i]] = -1
    return loglik
