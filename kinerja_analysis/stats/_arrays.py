"""Checks of the arrays handed to `stats`: shape, finiteness, codes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def vector(values: ArrayLike, name: str, length: int | None = None) -> NDArray[np.float64]:
    """`values` as a finite float vector of the given length.

    Raises
    ------
    ValueError
        If `values` is not one-dimensional, holds NaN or infinity, or has another length.

    Examples
    --------
    >>> vector([1, 2], "score")
    array([1., 2.])
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if length is not None and array.size != length:
        raise ValueError(f"{name} has {array.size} entries, expected {length}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; leave such rows out first")
    return array


def codes(values: ArrayLike, name: str, length: int | None = None) -> NDArray[np.intp]:
    """`values` as a vector of non-negative integer codes.

    Raises
    ------
    ValueError
        If `values` is not a one-dimensional array of non-negative integers of the given length.

    Examples
    --------
    >>> codes([0, 2, 1], "team").tolist()
    [0, 2, 1]
    """
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.intp)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if array.dtype.kind not in "iub":
        raise ValueError(f"{name} must hold integer codes, got dtype {array.dtype}")
    if length is not None and array.size != length:
        raise ValueError(f"{name} has {array.size} entries, expected {length}")
    if array.size and int(array.min()) < 0:
        raise ValueError(f"{name} holds negative codes; leave such rows out first")
    return array.astype(np.intp)


def confidence(level: float) -> None:
    """Refuse a confidence level that is none.

    Raises
    ------
    ValueError
        If `level` does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, got {level!r}")


def least_variance(*values: NDArray[np.float64]) -> float:
    """Variance below which values of this size differ by rounding only.

    Examples
    --------
    >>> f"{least_variance(np.array([1.0, -100.0])):.0e}"
    '1e-16'
    """
    return (1e-10 * max((float(np.abs(v).max(initial=0.0)) for v in values), default=0.0)) ** 2


def nested(inner: NDArray[np.intp], outer: NDArray[np.intp], names: tuple[str, str]) -> None:
    """Refuse an `inner` code that occurs under two `outer` codes.

    Raises
    ------
    ValueError
        If some inner code lies in more than one outer code.

    Examples
    --------
    >>> import numpy as np
    >>> nested(np.array([0, 0, 1]), np.array([4, 4, 4]), ("team", "unit"))
    """
    order = np.lexsort((outer, inner))
    same = inner[order][1:] == inner[order][:-1]
    if (same & (outer[order][1:] != outer[order][:-1])).any():
        raise ValueError(f"each {names[0]} must lie in one {names[1]}")


def group_sum(values: NDArray[Any], group: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """Sum of `values` in each group 0..size−1.

    Examples
    --------
    >>> import numpy as np
    >>> group_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 1]), 3)
    array([1., 6., 0.])
    """
    return np.asarray(np.bincount(group, weights=values, minlength=size), dtype=np.float64)
