"""Probe vectors for the diagonal of an inverse: columns that are close get orthogonal signs."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg


@njit(cache=True)
def _colour(cp, ci, tp, ti, weight, order, turn, colour, n_colours):  # type: ignore[no-untyped-def]
    """Give each column the colour that its neighbours carry least of, ties broken by `turn`."""
    load = np.empty(n_colours)
    for column in order:
        load[:] = 0.0
        for a in range(tp[column], tp[column + 1]):
            row = ti[a]
            for b in range(cp[row], cp[row + 1]):
                other = colour[ci[b]]
                if ci[b] != column and other >= 0:
                    load[other] += weight[row]
        best = turn[column]
        for step in range(1, n_colours):
            if load[best] == 0.0:
                break
            candidate = (turn[column] + step) % n_colours
            if load[candidate] < load[best]:
                best = candidate
        colour[column] = best


def probes(C: Any, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Signs for each column of C: orthogonal between columns that share a row, as far as `count` allows.

    Parameters
    ----------
    C : csr array, shape (rows, columns)
    count : int
        Number of probe vectors, a power of two.
    rng : Generator

    Returns
    -------
    ndarray of int8, shape (columns, count), entries ±1

    Notes
    -----
    For W of this kind (1/count)·Σ_k W_ik·(A·W)_ik = Σ_j A_ij·s_i·s_j over the columns j with the colour of i,
    so that the entries A_ij between close columns drop out exactly (Tang & Saad 2012, Numer. Linear
    Algebra Appl. 19:485); s are random signs, which makes the estimate of A_ii unbiased.

    Examples
    --------
    >>> from scipy import sparse
    >>> W = probes(sparse.csr_array(np.ones((1, 4))), 4, np.random.default_rng(0))
    >>> (W @ W.T).tolist()
    [[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 4, 0], [0, 0, 0, 4]]
    """
    back = C.T.tocsr()
    size = C.shape[1]
    weight = 1.0 / np.maximum(np.diff(C.indptr), 1)
    colour = np.full(size, -1, np.int64)
    order, turn = rng.permutation(size), rng.integers(0, count, size)
    _colour(C.indptr, C.indices, back.indptr, back.indices, weight, order, turn, colour, count)
    signs = rng.choice(np.array([-1, 1], dtype=np.int8), size)
    return np.asarray(linalg.hadamard(count, dtype=np.int8)[colour] * signs[:, None])
