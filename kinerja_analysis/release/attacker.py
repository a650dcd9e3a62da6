"""The attacker: what the public can work out about each suppressed count, by linear programming in whole numbers.

He knows everything that is printed and how it was made: which counts add up to which, the rounding, the threshold
below which a count is hidden, every earlier release. For each suppressed count he asks for the smallest and the
largest value that agree with all of it. Where the two are close, the count is recovered, whatever the table says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HIDDEN = -1
WITHHELD = -2
ZERO = 1  #: the base of an exact count
SLACK = 1e-6
GLANCES = 6

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Published:
    """What is public of one set of linked tables.

    Parameters
    ----------
    forms : array (cells, parts)
        How each count is made of the smallest parts (persons of one agency, employment and predikat): count = forms @
        parts. Totals, hierarchies and linked tables are rows of the same matrix.
    shown : int array (cells,)
        What is printed; ``HIDDEN`` (-1) for "fewer than ``smallest``", ``WITHHELD`` (-2) for no statement.
    base : int array (cells,)
        The multiple each count was rounded to, half up; 1 where it is exact.
    smallest : int
        Counts below it are hidden.
    """

    forms: Floats
    shown: Ints
    base: Ints
    smallest: int = 10

    @property
    def suppressed(self) -> NDArray[np.bool_]:
        """Which cells print no number."""
        return self.shown < 0

    def bounds(self) -> tuple[Floats, Floats]:
        """Return the least and the largest true count behind each cell taken alone.

        >>> Published(np.eye(4), np.array([-1, -2, 10, 20]), np.array([5, 5, 5, 10])).bounds()
        (array([ 0.,  0., 10., 15.]), array([ 9., inf, 12., 24.]))
        """
        low = np.where(self.base == ZERO, self.shown, np.maximum(self.shown - self.base // 2, self.smallest))
        high = self.shown + (self.base - 1) // 2
        low = np.where(self.suppressed, 0, low)
        high = np.where(self.shown == HIDDEN, self.smallest - 1.0, high)
        return low.astype("float64"), np.where(self.shown == WITHHELD, np.inf, high)

    def joined(self, others: Sequence[Published]) -> Published:
        """Return this release with the rows of others about the same parts, whose thresholds must be the same."""
        every = (self, *others)
        return Published(
            np.vstack([p.forms for p in every]), np.concatenate([p.shown for p in every]),
            np.concatenate([p.base for p in every]), self.smallest,
        )  # fmt: skip


class Attack:
    """The linear programmes over one publication; ``ties`` of a cell are the printed counts that pin it down."""

    def __init__(self, public: Published) -> None:
        from scipy.sparse import csr_array, vstack

        self.forms = csr_array(public.forms)
        self.low, self.high = public.bounds()
        self._above = np.flatnonzero(np.isfinite(self.high))
        self._matrix = vstack([self.forms[self._above], -self.forms]).tocsr()
        self._limits = np.concatenate([self.high[self._above], -self.low])

    def extreme(self, objective: Floats, *, whole: bool = True) -> Any:
        """Return HiGHS's answer for the largest ``objective @ parts``; None where no table agrees with what is shown.

        Parts are persons: whole numbers (``whole``), not negative, no more than all that is printed together.
        """
        from scipy.optimize import linprog

        roof = 10.0 + float(self.high[self._above].sum())
        asked = {"A_ub": self._matrix, "b_ub": self._limits, "bounds": (0, roof), "method": "highs"}
        found = linprog(-objective, **asked)
        if whole and found.status == 0 and np.abs(found.x - np.rint(found.x)).max() > SLACK:
            found = linprog(-objective, **asked, integrality=1)
        return found if found.status == 0 else None

    def ties(self, found: Any) -> NDArray[np.int64]:
        """Return the cells whose bounds hold an extreme (not of whole numbers only) back."""
        k = len(self._above)
        weight = np.abs(found.ineqlin.marginals)
        return np.unique(np.concatenate([self._above[weight[:k] > SLACK], np.flatnonzero(weight[k:] > SLACK)]))


def ranges(public: Published, cells: Sequence[int] | NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the smallest and largest value each of some cells can have, given all that is public.

    Parameters
    ----------
    public : Published
    cells : int sequence
        Rows of ``public.forms``.

    Returns
    -------
    tuple of arrays
        Lower and upper ends over all tables of whole numbers; NaN where what is shown contradicts itself.

    Examples
    --------
    A row of three with its total, exactly printed: 40 - 12 - 20 leaves 8.

    >>> forms = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
    >>> public = Published(forms, np.array([-1, 12, 20, 40]), np.array([5, 1, 1, 1]))
    >>> [float(end[0]) for end in ranges(public, [0])]
    [8.0, 8.0]
    """
    attack = Attack(public)
    low, high = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        for ends, sign in ((low, -1.0), (high, 1.0)):
            found = attack.extreme(sign * public.forms[cell])
            ends[i] = np.nan if found is None else -sign * found.fun
    return low, high


def recovered(public: Published, width: int = 5) -> NDArray[np.int64]:
    """Return the suppressed cells whose possible values lie less than ``width`` apart.

    A few programmes over all cells at once come first: two tables that agree with what is shown and differ by
    ``width`` in a cell prove it safe. Only cells without such a pair get programmes of their own. A publication that
    contradicts itself counts as recovered as a whole. A sum of nothing (no such data) is no secret.

    Examples
    --------
    >>> forms = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
    >>> recovered(Published(forms, np.array([-1, 10, 20, 35]), np.array([5, 5, 5, 5]))).tolist()
    []
    >>> recovered(Published(forms, np.array([-1, 10, 20, 30]), np.array([5, 5, 5, 5]))).tolist()
    [0]
    """
    cells = np.flatnonzero(public.suppressed & public.forms.any(axis=1))
    if not len(cells):
        return cells
    attack, rng = Attack(public), np.random.default_rng(1)
    matrix = public.forms[cells]
    least, most = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)

    def push(objective: Floats) -> bool:
        found = attack.extreme(objective)
        if found is not None:
            value = matrix @ found.x
            np.minimum(least, value, out=least)
            np.maximum(most, value, out=most)
        return found is not None

    for glance in range(GLANCES):
        unsure = np.flatnonzero(~(most - least >= width))
        weight = rng.choice([-1.0, 1.0], len(unsure)) if glance > 1 else np.full(len(unsure), 2.0 * glance - 1)
        if len(unsure) and not push(weight @ matrix[unsure]):
            return cells
    for i in np.flatnonzero(~(most - least >= width)):
        if most[i] - least[i] < width and not (push(matrix[i]) and push(-matrix[i])):
            return cells
    return cells[~(most - least >= width - SLACK)]
