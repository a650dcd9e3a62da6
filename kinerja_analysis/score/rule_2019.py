"""PP 30/2019 with PermenPANRB 8/2021: one number from 0 to 120, in force from 1 July to 31 December 2021.

* Weights, Ps 41(1)-(4) [primary: pasal.id, verbatim]: SKP 70 %, perilaku 30 %; 60 % and 40 % where the agency
  applies the opinion of peers of equal rank and direct subordinates.
* Predikat, Ps 41(5): Sangat Baik 110 to 120 **and** a new idea or method of benefit; Baik 90 to 120 (so 115
  without innovation is Baik); Cukup 70 to below 90 [primary: pasal.id, verbatim]. Kurang 50 to below 70 and
  Sangat Kurang below 50 are [unverified]: below 70 there is no predikat unless the profile
  ``pp30_unverified`` is switched on.
* SKP achievement counts up to 120 at most [secondary: legalstudies71.blogspot.com 2019/06].

Not here: a numeric weight between superior, peers and subordinates (none was found in law), and the forced
distribution of Ps 41(7) (its percentages were found in no source).
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

PROFILE = "pp30_unverified"
CAP = 120.0
LOWER = (50.0, 70.0, 90.0)
INNOVATION_FROM = 110.0


def number(skp: npt.ArrayLike, perilaku: npt.ArrayLike, opinions: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Weigh SKP and perilaku into one number.

    Parameters
    ----------
    skp, perilaku : array_like of float, shape (n,)
        Values from 0 to 120; SKP above 120 counts as 120.
    opinions : array_like of bool, shape (n,) or scalar
        Whether the agency applies the opinion of peers and direct subordinates (60/40), or not (70/30).

    Returns
    -------
    ndarray of float64, shape (n,)
        PP 30/2019 Ps 41(1)-(4); NaN where a part is missing.

    Examples
    --------
    >>> number([100.0, 100.0], [80.0, 80.0], [False, True]).tolist()
    [94.0, 92.0]
    """
    w = np.where(np.asarray(opinions, dtype=bool), 60, 70)
    capped = np.minimum(np.asarray(skp, dtype=float), CAP)
    return (w * capped + (100 - w) * np.asarray(perilaku, dtype=float)) / 100


def predikat(
    number: npt.ArrayLike, innovation: npt.ArrayLike | None = None, *, profiles: Sequence[str] = ()
) -> pd.DataFrame:
    """Read the predikat from the number.

    Parameters
    ----------
    number : array_like of float, shape (n,)
        0 to 120.
    innovation : array_like of bool or missing, shape (n,), optional
        Whether a new idea or method was created. Unknown from 110 upward leaves Sangat Baik and Baik both
        possible: the predikat stays missing, with the reason ``innovation_unknown``.
    profiles : sequence of str
        Switched-on profiles; ``pp30_unverified`` adds the two bands below 70.

    Returns
    -------
    DataFrame, n rows
        ``predikat`` (Cukup as BUTUH PERBAIKAN), ``number``, ``reason``.

    Examples
    --------
    >>> predikat([115.0, 115.0, 89.5, 60.0], [True, False, False, False])["predikat"].tolist()
    ['SANGAT BAIK', 'BAIK', 'BUTUH PERBAIKAN', nan]
    """
    index = number.index if isinstance(number, pd.Series) else None
    x = np.asarray(number, dtype=float)
    known = pd.Series(np.nan if innovation is None else innovation, index=range(len(x))).astype("boolean")
    new = known.to_numpy(dtype=float, na_value=np.nan)
    words = band(x, LOWER, PREDIKAT[:4])
    words[(x >= INNOVATION_FROM) & (new == 1)] = PREDIKAT[4]
    verified = PROFILE in profiles
    reason = np.select(
        [np.isnan(x), (x < 0) | (x > CAP), (x >= INNOVATION_FROM) & np.isnan(new), (x < 70) & (not verified)],
        ["number_missing", "number_outside_scale", "innovation_unknown", "band_unverified"],
        default="",
    )
    return outcome(pd.RangeIndex(len(x)) if index is None else index, words, reason, x)


@dataclass(frozen=True, slots=True)
class Rule2019:
    """PP 30/2019 with PermenPANRB 8/2021 as a rule by date."""

    name: str = "pp_30_2019"
    citation: str = "PP 30/2019; PermenPANRB 8/2021"
    in_force_from: date | None = date(2021, 7, 1)
    in_force_to: date | None = date(2021, 12, 31)
    evidence: tuple[str, ...] = ("number", "hasil_kerja", "perilaku_kerja", "opinions", "innovation")

    def predikat(self, evidence: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame:
        """Take the recorded number, else the weighted one of ``hasil_kerja`` (SKP) and ``perilaku_kerja``."""
        weighed = number(evidence["hasil_kerja"], evidence["perilaku_kerja"], evidence["opinions"])
        return predikat(
            evidence["number"].fillna(pd.Series(weighed, evidence.index)),
            evidence["innovation"],
            profiles=profiles,
        )


RULE = Rule2019()
