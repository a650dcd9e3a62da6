"""The year 2021 as a whole: two halves under two regulations, integrated at 50 % each.

Source of the halves and of the 50 %: wuriantos.blogspot.com 2022/05 [secondary]. Not found: how the first
half (0 to 100, PP 46/2011) is carried to the scale of the second (0 to 120, PP 30/2019), and which bands
apply to the integrated number. So :func:`number` wants both halves on the same scale, and the predikat is
given only with the profile ``year_2021_unverified``, which uses the bands of PP 30/2019 [assumption].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.score import rule_2019

PROFILE = "year_2021_unverified"


def number(first_half: npt.ArrayLike, second_half: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Integrate the two halves of 2021, 50 % each.

    Parameters
    ----------
    first_half, second_half : array_like of float, shape (n,)
        Values of January to June and of July to December, both already on the same scale.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a half is missing: half a year is not the year.

    Examples
    --------
    >>> number([80.0], [100.0]).tolist()
    [90.0]
    """
    return (np.asarray(first_half, dtype=float) + np.asarray(second_half, dtype=float)) / 2


@dataclass(frozen=True, slots=True)
class Rule2021:
    """The integrated year 2021 as a rule by date; its months and quarters follow the rule of their half."""

    name: str = "integration_2021"
    citation: str = "PP 46/2011 + PP 30/2019"
    in_force_from: date | None = date(2021, 1, 1)
    in_force_to: date | None = date(2021, 12, 31)
    evidence: tuple[str, ...] = ("number", "innovation")

    def predikat(self, evidence: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame:
        """Judge the recorded integrated ``number`` by the bands of PP 30/2019, with the profile only."""
        judged = rule_2019.predikat(evidence["number"], evidence["innovation"], profiles=profiles)
        if PROFILE not in profiles:
            judged.loc[judged["reason"] != "number_missing", "reason"] = "band_unverified"
            judged["predikat"] = judged["predikat"].where(judged["reason"] == "")
        return judged


RULE = Rule2021()
