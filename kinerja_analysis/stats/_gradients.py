"""Preconditioned conjugate gradients for several right-hand sides, and the Lanczos coefficients they leave."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg

FloatArray = NDArray[np.float64]
Operator = Callable[[FloatArray], FloatArray]
_MAX_STEPS = 2000


class NotConverged(np.linalg.LinAlgError):
    """Conjugate gradients did not reach the tolerance."""


@dataclass(frozen=True, slots=True)
class Solution:
    """S⁻¹·rhs and, by step and column, the step lengths and the ratios of successive residuals."""

    values: FloatArray
    length: FloatArray
    ratio: FloatArray


@njit(cache=True)
def _advance(solution, residual, direction, image, length):  # type: ignore[no-untyped-def]
    """Solution and residual after one step; squared norms of the residual."""
    square = np.zeros(length.size)
    for i in range(solution.shape[0]):
        for k in range(length.size):
            solution[i, k] += length[k] * direction[i, k]
            residual[i, k] -= length[k] * image[i, k]
            square[k] += residual[i, k] * residual[i, k]
    return square


@njit(cache=True)
def _turn(direction, scaled, ratio):  # type: ignore[no-untyped-def]
    for i in range(direction.shape[0]):
        for k in range(ratio.size):
            direction[i, k] = scaled[i, k] + ratio[k] * direction[i, k]


def _divide(top: FloatArray, bottom: FloatArray) -> FloatArray:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def conjugate_gradients(
    apply: Operator, precondition: Operator, rhs: FloatArray, *, tolerance: float
) -> Solution:
    """Solve S·x = rhs for symmetric positive (semi)definite S, all columns at once.

    Parameters
    ----------
    apply, precondition : callables of an array of shape (n, k)
        S·v and M⁻¹·v.
    rhs : ndarray, shape (n, k)
    tolerance : float
        Norm of the residual, as a share of the right-hand side's, at which a column is solved.

    Raises
    ------
    NotConverged
        After 2,000 steps.

    Examples
    --------
    >>> S = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> conjugate_gradients(S.dot, lambda v: v, np.array([[3.0], [3.0]]), tolerance=1e-12).values.round(9).tolist()
    [[1.0], [1.0]]
    """
    solution, residual = np.zeros_like(rhs), rhs.copy()
    limit = (tolerance * np.linalg.norm(rhs, axis=0)) ** 2
    direction = precondition(residual).copy()
    energy = np.einsum("ij,ij->j", residual, direction)
    lengths: list[FloatArray] = []
    ratios: list[FloatArray] = []
    for _ in range(_MAX_STEPS):
        image = apply(direction)
        length = _divide(energy, np.einsum("ij,ij->j", direction, image))
        square = _advance(solution, residual, direction, image, length)
        lengths.append(length)
        if (square <= limit).all():
            return Solution(solution, np.array(lengths), np.array(ratios).reshape(-1, length.size))
        scaled = precondition(residual)
        fresh = np.einsum("ij,ij->j", residual, scaled)
        ratio = _divide(fresh, energy)
        ratios.append(ratio)
        _turn(direction, scaled, ratio)
        energy = fresh
    raise NotConverged(f"conjugate gradients did not converge in {_MAX_STEPS} steps")


def log_quadratic(solved: Solution, square: FloatArray) -> FloatArray:
    """w'·log(L⁻¹·S·L'⁻¹)·w of each column, from the solution of S·x = L·w with the preconditioner L·L'.

    Parameters
    ----------
    solved : Solution
    square : ndarray, shape (k,)
        w'·w of each column.

    Notes
    -----
    Gauss quadrature with the tridiagonal matrix of the Lanczos process, whose entries are those of the
    conjugate gradients (Golub & Meurant 2010, chapters 4 and 6).

    Examples
    --------
    >>> S = np.diag([1.0, np.e])
    >>> solved = conjugate_gradients(S.dot, lambda v: v, np.ones((2, 1)), tolerance=1e-12)
    >>> log_quadratic(solved, np.array([2.0])).round(9).tolist()
    [1.0]
    """
    out = np.zeros(square.size)
    for k in range(square.size):
        length = solved.length[:, k]
        steps = int(np.argmax(length <= 0)) if (length <= 0).any() else length.size
        ratio = solved.ratio[: steps - 1, k]
        diagonal = 1.0 / length[:steps]
        diagonal[1:] += ratio / length[: steps - 1]
        beside = np.sqrt(ratio) / length[: steps - 1]
        root, vectors = linalg.eigh_tridiagonal(diagonal, beside)
        out[k] = square[k] * float(vectors[0] ** 2 @ np.log(root))
    return out
