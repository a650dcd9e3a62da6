"""What is asked of the input of a mixed model, and why some input cannot be fitted."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def fixed_design(X: ArrayLike | None, n: int, has_component: bool) -> FloatArray:
    """`X` as a finite (n, p) array of full rank; without it an intercept, or nothing beside component means."""
    if X is None:
        return np.ones((n, 0 if has_component else 1))
    design = np.asarray(X, dtype=np.float64)
    if design.ndim != 2 or design.shape[0] != n:
        raise ValueError(f"X must have shape ({n}, p), got {design.shape}")
    if not np.isfinite(design).all():
        raise ValueError("X holds NaN or infinity; leave such rows out first")
    size = np.sqrt((design**2).sum(axis=0))
    if n and np.linalg.matrix_rank(design.T @ design / np.maximum(np.outer(size, size), 1e-300)) < size.size:
        raise ValueError("the columns of X are linearly dependent")
    return design


def constant(design: FloatArray, value: float) -> FloatArray:
    """Coefficients of a constant `value` in the design; zeros if it holds no constant."""
    ones = np.linalg.lstsq(design.T @ design, design.sum(axis=0), rcond=None)[0]
    inside = np.allclose(design @ ones, 1.0, rtol=0, atol=1e-8)
    return value * ones if inside else np.zeros(design.shape[1])


def unusable(
    y: FloatArray, factors: dict[str, IntArray], component: IntArray | None, design: FloatArray
) -> str:
    """Why no model can be fitted to these arrays, or ""."""
    if y.size == 0:
        return "empty"
    n_fixed = design.shape[1] + (0 if component is None else np.unique(component).size)
    if y.size <= n_fixed:
        return "no_residual"
    if float(np.ptp(y)) == 0.0:
        return "constant"
    sizes = {name: int(np.count_nonzero(np.bincount(values))) for name, values in factors.items()}
    if 1 in sizes.values():
        return "one_level"
    if y.size in sizes.values():
        return "one_per_level"
    names = list(factors)
    for i, left in enumerate(names):
        for right in names[:i]:
            if sizes[left] != sizes[right]:
                continue
            joint = factors[left] * (int(factors[right].max()) + 1) + factors[right]
            if np.unique(joint).size == sizes[left]:
                return "confounded"
    return ""


def disconnected(factors: list[IntArray], component: IntArray | None, design: FloatArray) -> bool:
    """Whether crossed factors fall into parts that nothing links and that have no fixed mean each.

    Effects of different parts are then comparable only by the assumption that the parts are equally good. A factor
    nested in another one links nothing and is not asked.

    Examples
    --------
    >>> a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> disconnected([a, b], None, np.ones((4, 1)))
    False
    >>> disconnected([np.append(a, a + 2), np.append(b, b + 2)], None, np.ones((8, 1)))
    True
    """
    crossed = _crossed(factors)
    if not crossed:
        return False
    starts = np.concatenate([[0], np.cumsum([int(codes.max()) + 1 for codes in factors])])
    heads = np.concatenate([factors[i] + starts[i] for i, _ in crossed])
    tails = np.concatenate([factors[j] + starts[j] for _, j in crossed])
    size = int(starts[-1])
    edges = sparse.coo_array((np.ones(heads.size, np.int8), (heads, tails)), shape=(size, size))
    part = csgraph.connected_components(edges, directed=False)[1][heads[: factors[0].size]]
    if (part == part[0]).all():
        return False
    if component is not None:
        first = np.zeros(int(component.max()) + 1, np.int64)
        first[component] = part
        return bool((first[component] != part).any())
    known = np.random.default_rng(0).normal(size=size)[part]
    left = known - design @ np.linalg.lstsq(design.T @ design, design.T @ known, rcond=None)[0]
    return bool(np.abs(left).max() > 1e-6)


def _crossed(factors: list[IntArray]) -> list[tuple[int, int]]:
    """Pairs of factors neither of which is nested in the other."""
    out = []
    for j, right in enumerate(factors):
        for i, left in enumerate(factors[:j]):
            shape = int(left.max()) + 1, int(right.max()) + 1
            pairs = sparse.csr_array((np.ones(left.size, np.int8), (left, right)), shape=shape)
            pairs.sum_duplicates()
            if max(int(np.count_nonzero(np.bincount(codes))) for codes in (left, right)) < pairs.nnz:
                out.append((i, j))
    return out
