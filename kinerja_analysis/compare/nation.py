"""What many regions together tell that one cannot: the spread of leniency from all their changes of supervisor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

#: Fewest regions for a mean over them: of two or three the limits hold too rarely (``tests/compare/test_nation.py``).
MIN_REGIONS = 5


@dataclass(frozen=True, slots=True)
class NationalChange:
    """The usual spread of leniency inside a region: ``sd`` with limits (levels), over ``regions`` and ``n_changed``."""

    sd: float
    lower: float
    upper: float
    level: float
    regions: int
    n_changed: int


def national_change(rows: Sequence[Mapping[str, Any]], *, level: float = 0.95) -> NationalChange | None:
    """Return the mean of the regions' studies of changes of supervisor; None of fewer than five regions.

    Parameters
    ----------
    rows : sequence of mapping
        Per region ``n_changed df value se`` as from ``detect.comparable.changes``: ``value`` is 2σ² of that
        region, negative ones included.
    level : float
        Level of the interval.

    Notes
    -----
    Weighted by changes, V = Σ w v / Σ w, with SE² = Σ w² se² / (Σ w)² (regions share no team) and t with
    Σ df degrees of freedom; σ = √(V/2), cut at 0. Each region keeps its own common shift of each period, so
    regions whose ratings rise together do not count as changes of supervisors.

    Examples
    --------
    >>> told = national_change([{"n_changed": 40, "df": 39, "value": 0.02, "se": 0.005}] * 5)
    >>> round(told.sd, 3), round(told.lower, 3), told.n_changed
    (0.1, 0.088, 200)
    """
    if len(rows) < MIN_REGIONS:
        return None
    weight, value, se, df = (np.array([r[k] for r in rows], float) for k in ("n_changed", "value", "se", "df"))
    share = weight / weight.sum()
    mean, error = float(share @ value), math.sqrt(float(share**2 @ se**2))
    half = float(stdtrit(df.sum(), 0.5 + level / 2)) * error
    sd, lower, upper = (math.sqrt(max(v, 0.0) / 2) for v in (mean, mean - half, mean + half))
    return NationalChange(sd, lower, upper, level, len(rows), int(weight.sum()))
