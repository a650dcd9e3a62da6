"""Complementary suppression: coarsen or withhold further counts until the attacker recovers nothing.

The attacker stands inside the loop. Each of his programmes tells which printed counts hold a suppressed one tight;
the cheapest of these is rounded more coarsely or not printed at all, counts of the whole region last. At the end
every suppressed count can have values at least ``width`` apart, or the release is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, ZERO, Attack, Floats, Ints, Published, recovered

ROUND_TO = 5
BASES = (5, 10, 20, 50, 100)
COARSEST = 10  #: below the region, a count coarser than this is withheld
ROUNDS = 400


def rounded(count: float, base: int = ROUND_TO) -> int:
    """Round half up to a multiple of ``base``.

    >>> rounded(182), rounded(183), rounded(15, 10)
    (180, 185, 20)
    """
    return int(np.floor(count / base + 0.5)) * base


def protect(
    forms: Floats, truth: Ints, *, kept: NDArray[np.bool_], withheld: NDArray[np.bool_] | None = None,
    zeros: NDArray[np.bool_] | None = None, start: Ints | None = None, known: Sequence[Published] = (),
    smallest: int = 10, width: int = 5,
) -> Published:  # fmt: skip
    """Return linked counts in a form from which no suppressed one can be had.

    Parameters
    ----------
    forms : array (cells, parts)
        As in :class:`Published`.
    truth : int array (cells,)
        The counts.
    kept : bool array (cells,)
        Counts of the whole region: rounded more and more coarsely where needed, withheld only when that is not enough.
    withheld : bool array (cells,), optional
        Counts not to be printed whatever their size: too few raters, one rater dominant, everyone in one class.
    zeros : bool array (cells,), optional
        Counts whose zero may be printed.
    start : int array (cells,), optional
        The multiple each count is rounded to at first; 5 by default.
    known : sequence of Published
        What is public of the same parts already. A count whose own number is among it is out, and no longer hidden.
    smallest : int
        Counts below it are hidden.
    width : int
        How far apart the possible values of a suppressed count must lie.

    Raises
    ------
    DisclosureRefused
        The attacker still recovers a count when nothing more can be withheld.

    Examples
    --------
    >>> forms = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
    >>> public = protect(forms, np.array([0, 13, 18, 31]), kept=np.array([False, False, False, True]))
    >>> public.shown.tolist(), public.base.tolist()
    ([-1, 10, 20, 30], [5, 10, 10, 5])
    """
    base = np.full(len(truth), ROUND_TO, dtype=np.int64) if start is None else start.copy()
    nearest = [rounded(int(c), int(b)) for c, b in zip(truth, base, strict=True)]
    shown = np.where(truth < smallest, HIDDEN, nearest).astype("int64")
    shown[(shown == 0) & (truth >= smallest)] = WITHHELD
    if withheld is not None:
        shown[withheld & (truth >= smallest)] = WITHHELD
    if zeros is not None:
        shown[zeros & (truth == 0)], base[zeros & (truth == 0)] = 0, ZERO
    out = printed(forms, known)
    for _ in range(ROUNDS):
        public = Published(forms, shown.copy(), base.copy(), smallest)
        whole = public.joined(known)
        leaks = recovered(whole, width)
        leaks = leaks[(leaks < len(truth)) & ~out[np.minimum(leaks, len(truth) - 1)]]
        if not len(leaks):
            return public
        changed: set[int] = set()
        for leak in leaks:
            cell = _cheapest(whole, int(leak), truth, kept, changed)
            if cell is not None and cell not in changed:
                changed.add(cell)
                _loosen(cell, truth, kept, shown, base)
        if not changed:
            break
    raise DisclosureRefused("errors.disclosure_open", n=len(leaks))


def printed(forms: Floats, known: Sequence[Published]) -> NDArray[np.bool_]:
    """Return which counts have a number of their own in what is public already."""
    numbers = {row.tobytes() for p in known for row in np.ascontiguousarray(p.forms[~p.suppressed])}
    return np.array([row.tobytes() in numbers for row in np.ascontiguousarray(forms)], bool)


def _cheapest(
    public: Published, leak: int, truth: Ints, kept: NDArray[np.bool_], changed: set[int]
) -> int | None:  # fmt: skip
    """Return the cell to loosen that costs the reader least, of those that hold ``leak`` tight."""
    attack = Attack(public)
    found = [attack.extreme(sign * public.forms[leak], whole=False) for sign in (1.0, -1.0)]
    ties = np.unique(np.concatenate([attack.ties(f) for f in found if f is not None] or [np.zeros(0, np.int64)]))
    ties = ties[(ties < len(truth)) & (ties != leak)]
    near = np.flatnonzero(np.abs(public.forms[: len(truth)]) @ np.abs(public.forms[leak]))
    free = [int(t) for t in ties if public.shown[t] >= 0] or [int(t) for t in near if public.shown[t] >= 0]
    if changed.intersection(free):
        return None
    return min(free, key=lambda t: (_cost(int(public.base[t]), int(truth[t]), bool(kept[t])), t), default=None)


def _next(base: int, count: int, kept: bool) -> int:
    """Return the next coarser base, 0 where the next step is to withhold."""
    return next((b for b in BASES if base < b <= (count / 5 if kept else COARSEST)), 0)


def _cost(base: int, count: int, kept: bool) -> float:
    """Return the price of the next step: coarser 1, of the region 2 and rising; withheld 4 and more by size."""
    if base == ZERO:
        return 0.0
    if not _next(base, count, kept):
        return 6.0 if kept else 4.0 + count / 1e6
    return 2.0 + 3.0 * (base > ROUND_TO) + base / 100 if kept else 1.0 - count / 1e6


def _loosen(cell: int, truth: Ints, kept: NDArray[np.bool_], shown: Ints, base: Ints) -> None:
    """Take the next step with one cell: an exact zero becomes "fewer", else a coarser base, or no statement."""
    if base[cell] == ZERO:
        shown[cell], base[cell] = HIDDEN, ROUND_TO
        return
    coarser = _next(int(base[cell]), int(truth[cell]), bool(kept[cell]))
    if coarser:
        base[cell], shown[cell] = coarser, rounded(int(truth[cell]), coarser)
    else:
        shown[cell], base[cell] = WITHHELD, ROUND_TO

