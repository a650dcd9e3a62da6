"""PP 46/2011 with Perka BKN 1/2013: one number from 0 to 100, for periods up to 30 June 2021.

* Weights SKP 60 %, perilaku 40 % [secondary: birokratmenulis.org; scribd 376874092].
* Bands 91, 76, 61, 51 [secondary: scribd 376874092, which gives them for quality scores]; their names Sangat
  Baik, Baik, Cukup, Kurang, Buruk are [unverified] as names of the final result. The number is therefore
  always given, the predikat only with the profile ``pp46_unverified``. Bands are half-open (75.5 stays below
  76) [assumption]; Buruk becomes SANGAT KURANG by its place in the order of five [assumption].
* The first day in force was not found: every earlier period falls under this rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.score.rule import band, outcome

PROFILE = "pp46_unverified"
LOWER = (51.0, 61.0, 76.0, 91.0)
TOP = 100.0


def number(skp: npt.ArrayLike, perilaku: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Weigh SKP (60 %) and perilaku (40 %) into one number.

    Parameters
    ----------
    skp, perilaku : array_like of float, shape (n,)
        Values from 0 to 100.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a part is missing.

    Examples
    --------
    >>> number([80.0], [90.0]).tolist()
    [84.0]
    """
    return (60 * np.asarray(skp, dtype=float) + 40 * np.asarray(perilaku, dtype=float)) / 100


def predikat(number: npt.ArrayLike, *, profiles: Sequence[str] = ()) -> pd.DataFrame:
    """Read the predikat from the number.

    Parameters
    ----------
    number : array_like of float, shape (n,)
        0 to 100.
    profiles : sequence of str
        Switched-on profiles; without ``pp46_unverified`` the reason is ``band_unverified`` everywhere.

    Returns
    -------
    DataFrame, n rows
        ``predikat``, ``number``, ``reason``.

    Examples
    --------
    >>> predikat([90.5, 76.0], profiles=("pp46_unverified",))["predikat"].tolist()
    ['BAIK', 'BAIK']
    >>> predikat([90.5])["reason"].tolist()
    ['band_unverified']
    """
    index = number.index if isinstance(number, pd.Series) else None
    x = np.asarray(number, dtype=float)
    switched_on = PROFILE in profiles
    reason = np.select(
        [np.isnan(x), (x < 0) | (x > TOP), np.full(len(x), not switched_on)],
        ["number_missing", "number_outside_scale", "band_unverified"],
        default="",
    )
    return outcome(pd.RangeIndex(len(x)) if index is None else index, band(x, LOWER, PREDIKAT), reason, x)


@dataclass(frozen=True, slots=True)
class Rule2011:
    """PP 46/2011 as a rule by date."""

    name: str = "pp_46_2011"
    citation: str = "PP 46/2011; Perka BKN 1/2013"
    in_force_from: date | None = None
    in_force_to: date | None = date(2021, 6, 30)
    evidence: tuple[str, ...] = ("number", "hasil_kerja", "perilaku_kerja")

    def predikat(self, evidence: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame:
        """Take the recorded number, else the weighted one of ``hasil_kerja`` (SKP) and ``perilaku_kerja``."""
        weighed = number(evidence["hasil_kerja"], evidence["perilaku_kerja"])
        return predikat(evidence["number"].fillna(pd.Series(weighed, evidence.index)), profiles=profiles)


RULE = Rule2011()
