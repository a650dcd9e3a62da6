"""Probe vectors for the diagonal of an inverse: columns that are close get orthogonal signs."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg

IntArray = NDArray[np.int64]
_BESIDE = 0.1
_AFFORDABLE = 5e8


@njit(cache=True)
def _colour(cp, ci, tp, ti, weight, factor, block, start, size, turn, colour, n_colours):  # type: ignore[no-untyped-def]
    """Give each column the colour that its factor's close columns carry least of, ties broken by `turn`."""
    load = np.empty(n_colours)
    for column in range(turn.size):
        load[:] = 0.0
        for a in range(tp[column], tp[column + 1]):
            row = ti[a]
            for b in range(cp[row], cp[row + 1]):
                near = ci[b]
                own = block[near]
                for other in range(start[own], start[own] + size[own]):
                    if colour[other] >= 0 and factor[other] == factor[column]:
                        load[colour[other]] += weight[row] * (1.0 if other == near else _BESIDE)
        best = turn[column]
        for step in range(1, n_colours):
            if load[best] == 0.0:
                break
            candidate = (turn[column] + step) % n_colours
            if load[candidate] < load[best]:
                best = candidate
        colour[column] = best


def probes(C: Any, factor: IntArray, block: IntArray, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Signs for each column of C: orthogonal between close columns of a factor, as far as `count` allows.

    Parameters
    ----------
    C : csr array, shape (rows, columns)
    factor, block : ndarray of int, shape (columns,)
        Factor of each column; its block, ascending. Close are columns that share a row, and those in the block of a
        column that shares a row.
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
    >>> zero = np.zeros(4, int)
    >>> W = probes(sparse.csr_array(np.ones((1, 4))), zero, zero, 4, np.random.default_rng(0))
    >>> (W @ W.T).tolist()
    [[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 4, 0], [0, 0, 0, 4]]
    """
    back = C.T.tocsr()
    width = C.shape[1]
    weight = 1.0 / np.maximum(np.diff(C.indptr), 1)
    size = np.bincount(block)
    if (np.diff(C.indptr) * np.asarray(C @ size[block])).sum() > _AFFORDABLE:
        block, size = np.arange(width), np.ones(width, np.int64)
    start = np.cumsum(size) - size
    colour = np.full(width, -1, np.int64)
    turn = rng.integers(0, count, width)
    _colour(
        C.indptr, C.indices, back.indptr, back.indices, weight, factor, block, start, size, turn, colour, count
    )
    signs = rng.choice(np.array([-1, 1], dtype=np.int8), width)
    return np.asarray(linalg.hadamard(count, dtype=np.int8)[colour] * signs[:, None])
