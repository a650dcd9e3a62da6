"""Variance components by the analysis of variance of unbalanced crossed designs (Henderson's method I)."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def anova_variances(y: FloatArray, factors: list[IntArray], component: IntArray | None) -> FloatArray:
    """Raw variances of the factors and, last, of the residual; negative ones stay negative.

    Parameters
    ----------
    y : ndarray, shape (n,)
    factors : list of ndarray of int, shape (n,)
    component : ndarray of int or None
        A fixed mean for each code; without it one mean.

    Returns
    -------
    ndarray, shape (len(factors) + 1,)
        NaN throughout if the sums of squares do not determine them.

    Notes
    -----
    T_a = Σ over levels of (Σy)²/n for each factor, for the means and for single observations; E T_a is linear in the
    variances with coefficients Σ n_ab²/n_a (Searle, Casella & McCulloch 1992, section 5.3). In balanced designs
    this is the usual analysis of variance.

    Examples
    --------
    Two groups whose means are equal although their members differ: a negative variance.

    >>> anova_variances(np.array([0.0, 2.0, 1.0, 1.0]), [np.array([0, 0, 1, 1])], None).round(4).tolist()
    [-0.5, 1.0]
    """
    return solve_components(*anova_system(y, factors, component))


def anova_system(y: FloatArray, factors: list[IntArray], component: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the variances in the sums of squares about the means, and those sums.

    Examples
    --------
    >>> coefficient, total = anova_system(np.array([0.0, 2.0, 1.0, 1.0]), [np.array([0, 0, 1, 1])], None)
    >>> coefficient.tolist(), total.tolist()
    ([[2.0, 1.0], [2.0, 3.0]], [0.0, 2.0])
    """
    mean = np.zeros(y.size, np.int64) if component is None else component
    centred = y - (np.bincount(mean, y) / np.maximum(np.bincount(mean), 1))[mean]
    sources = [*factors, np.arange(y.size)]
    coefficient = np.array([anova_coefficients(source, factors) for source in sources])
    coefficient -= anova_coefficients(mean, factors)
    return coefficient, np.array([anova_squares(source, centred) for source in sources])


def solve_components(coefficient: FloatArray, total: FloatArray) -> FloatArray:
    """Variances from sums of squares; NaN throughout if they do not determine them.

    Examples
    --------
    >>> solve_components(np.array([[2.0, 1.0], [2.0, 3.0]]), np.array([0.0, 2.0])).tolist()
    [-0.5, 1.0]
    """
    size = np.abs(coefficient).max(axis=0)
    if not size.all() or np.linalg.cond(coefficient / size) > 1e10:
        return np.full(total.size, np.nan)
    return np.asarray(np.linalg.solve(coefficient, total))


def anova_coefficients(source: IntArray, factors: list[IntArray]) -> FloatArray:
    """Coefficients of all variances, the residual's last, in the uncorrected sum of squares of one source.

    Examples
    --------
    >>> anova_coefficients(np.array([0, 0, 1]), [np.array([0, 0, 1])]).tolist()
    [3.0, 2.0]
    """
    count = np.bincount(source)
    inverse = np.divide(1.0, count, out=np.zeros(count.size), where=count > 0)
    parts = []
    for factor in factors:
        shape = count.size, int(factor.max()) + 1
        both = sparse.csr_array((np.ones(source.size), (source, factor)), shape=shape)
        both.sum_duplicates()
        both.data **= 2
        parts.append(float(inverse @ (both @ np.ones(shape[1]))))
    return np.array([*parts, float((count > 0).sum())])


def anova_squares(source: IntArray, y: FloatArray) -> float:
    """Σ over the cells of a source of (Σy)²/n.

    Examples
    --------
    >>> anova_squares(np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0]))
    12.0
    """
    count = np.bincount(source)
    sums = np.bincount(source, y)
    return float(np.sum(np.divide(sums**2, count, out=np.zeros(count.size), where=count > 0)))
