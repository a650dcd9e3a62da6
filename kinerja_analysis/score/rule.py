"""What a regulation is to this package, and the small tools that regulations share."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

_PERIOD = re.compile(r"^(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?$")

#: Switches for figures and names without a verified source; all off unless named in the configuration.
PROFILES = ("pp30_unverified", "pp46_unverified", "year_2021_unverified")


class Rule(Protocol):
    """A regulation in force for a span of appraised periods.

    ``predikat`` takes one row per appraisal with the columns in ``evidence`` and returns a frame with the
    same index and the columns ``predikat`` (canonical word or missing), ``number`` (the legacy figure or
    missing) and ``reason`` ("" or why there is no predikat: ``rating_missing``, ``rating_unknown``,
    ``number_missing``, ``number_outside_scale``, ``innovation_unknown``, ``band_unverified``).
    """

    @property
    def name(self) -> str: ...
    @property
    def citation(self) -> str: ...
    @property
    def in_force_from(self) -> date | None: ...
    @property
    def in_force_to(self) -> date | None: ...
    @property
    def evidence(self) -> tuple[str, ...]: ...

    def predikat(self, evidence: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame: ...


def period_span(period: str) -> tuple[date, date]:
    """Return the first and the last day of a period.

    Parameters
    ----------
    period : str
        "2025", "2025-Q1" or "2025-07".

    Raises
    ------
    ValueError
        For any other form.

    Examples
    --------
    >>> period_span("2021-Q2")
    (datetime.date(2021, 4, 1), datetime.date(2021, 6, 30))
    """
    match = _PERIOD.match(period)
    if not match:
        raise ValueError(f"not a period (2025, 2025-Q1 or 2025-07): {period!r}")
    year, quarter, month = int(match[1]), match[2], match[3]
    first, last = (
        (3 * int(quarter) - 2, 3 * int(quarter)) if quarter else (int(month), int(month)) if month else (1, 12)
    )
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])


def band(number: npt.ArrayLike, lower: Sequence[float], names: Sequence[str]) -> npt.NDArray[np.object_]:
    """Sort numbers into half-open bands, so that no number falls between two of them.

    Regulations print whole-number bands ("76-89", "90-100"); 89.5 then belongs to neither. Here a band
    reaches from its lower bound up to, not including, the next one: 89.5 stays below 90.

    Parameters
    ----------
    number : array_like of float, shape (n,)
    lower : sequence of float, increasing
        Lower bounds of all bands but the lowest.
    names : sequence of str
        One more than ``lower``, lowest band first.

    Returns
    -------
    ndarray of object, shape (n,)
        Names; ``None`` where ``number`` is NaN.

    Examples
    --------
    >>> band([89.5, 90.0, float("nan")], [76, 90], ["low", "middle", "high"]).tolist()
    ['middle', 'high', None]
    """
    values = np.asarray(number, dtype=float)
    if len(names) != len(lower) + 1 or list(lower) != sorted(lower):
        raise ValueError("bands need increasing lower bounds and one name more than bounds")
    found = np.asarray([*names], dtype=object)[np.searchsorted(np.asarray(lower, dtype=float), values, side="right")]
    found[np.isnan(values)] = None
    return found


def outcome(
    index: pd.Index, predikat: npt.ArrayLike, reason: npt.ArrayLike, number: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Put a rule's answer into its frame; the predikat is blanked wherever a reason is given.

    Examples
    --------
    >>> outcome(pd.RangeIndex(2), ["BAIK", "BAIK"], ["", "rating_missing"])["predikat"].tolist()
    ['BAIK', nan]
    """
    why = np.asarray(reason, dtype=object)
    words = np.array(predikat, dtype=object)
    words[why != ""] = None
    figures = np.full(len(index), np.nan) if number is None else np.asarray(number, dtype=float)
    return pd.DataFrame(
        {
            "predikat": pd.Series(words, index=index, dtype="str"),
            "number": figures,
            "reason": pd.Series(why, index=index, dtype="str"),
        },
        index=index,
    )
