"""How high each criterion is usually scored, so that raters who leave out a hard one do not look lenient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def difficulty(score: Floats, pair: Ints, criterion: Ints, n: int) -> Floats:
    """Return how much higher than the usual criteria each one is scored; all 0 where every pair has every criterion.

    Parameters
    ----------
    score : ndarray of float, shape (m,)
        Scores on one scale, none missing.
    pair, criterion : ndarray of int, shape (m,)
        Codes from 0; pairs below ``n``.
    n : int
        Number of pairs.

    Returns
    -------
    ndarray of float, shape (k,)
        In units of the score; the criteria of the set that most pairs have sum to 0.

    Notes
    -----
    Least squares of score = pair + criterion: only what the same rater gives the same ratee on several criteria tells
    how hard they are, and it is taken to be alike for all. Criteria that no pair joins are compared with nothing: each
    linked set of criteria has a usual set of its own.

    >>> score = np.array([4.0, 2.0, 5.0, 3.0, 4.0])
    >>> difficulty(score, np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0]), 3).round(9).tolist()
    [1.0, -1.0]
    """
    size = int(criterion.max(initial=-1)) + 1
    cell = csr_array((np.ones(len(score)), (pair, criterion)), shape=(n, size))
    has = cell.toarray() > 0
    has = has[has.any(axis=1)]
    if has.all():
        return np.zeros(size)
    count = np.maximum(np.bincount(pair, minlength=n), 1)
    share = csr_array((1 / count[pair], (pair, criterion)), shape=(n, size))
    rest = np.bincount(criterion, score, size) - share.T @ np.bincount(pair, score, n)
    within = np.diag(np.bincount(criterion, minlength=size)) - (cell.T @ share).toarray()
    effect = np.linalg.lstsq(within, rest, rcond=1e-10)[0]
    part = connected_components((cell.T @ cell).toarray() > 0)[1]
    home = part[has.argmax(axis=1)]
    for k in np.unique(home):
        sets, times = np.unique(has[home == k], axis=0, return_counts=True)
        usual = sets[np.lexsort((sets.sum(axis=1), times))[-1]]
        effect[part == k] -= effect[usual].mean()
    return effect


def offsets(score: Floats, pair: Ints, criterion: Ints, n: int) -> Floats:
    """Return by how much each pair's mean is too high because of the criteria it has, 0 for the usual ones.

    >>> score = np.array([4.0, 2.0, 5.0, 3.0, 4.0])
    >>> offsets(score, np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0]), 3).round(9).tolist()
    [0.0, 0.0, 1.0]
    """
    effect = difficulty(score, pair, criterion, n)
    found = np.bincount(pair, effect[criterion], n) / np.maximum(np.bincount(pair, minlength=n), 1)
    return np.where(np.abs(found) < 1e-9, 0.0, found)
