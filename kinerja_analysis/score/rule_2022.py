"""PermenPANRB 6/2022: the predikat is read from the quadrant of two ordinal ratings.

Source: PermenPANRB 6/2022 (BN 2022/155), annex p. 99-100 and 102-103 [primary]. In force for periods
appraised from 2022 on, for PNS and PPPK (Ps 4). There is no number: misconduct depends on perilaku kerja
alone and Butuh Perbaikan on hasil kerja alone, so the predikat follows from no sum and no maximum of the two
ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.base.tables import PREDIKAT, RATING
from kinerja_analysis.score.rule import outcome

_SK, _K, _BP, _B, _SB = PREDIKAT
#: Rows: hasil kerja dibawah, sesuai, diatas. Columns: perilaku kerja dibawah, sesuai, diatas.
MATRIX: tuple[tuple[str, str, str], ...] = (
    (_SK, _BP, _BP),
    (_K, _B, _B),
    (_K, _B, _SB),
)


def _codes(ratings: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return 1, 2, 3 for the three words (numbers stay as they are), NaN for missing, 0 for anything else."""
    values = np.asarray(ratings)
    if values.dtype.kind in "iufb":
        return values.astype(float)
    place = {word: float(code) for code, word in enumerate(RATING, start=1)}
    return np.array([np.nan if pd.isna(v) else place.get(v, 0.0) for v in values.astype(object)], dtype=float)


def predikat(hasil: npt.ArrayLike, perilaku: npt.ArrayLike) -> pd.DataFrame:
    """Read the predikat from the quadrant.

    Parameters
    ----------
    hasil, perilaku : array_like, shape (n,)
        Ratings of hasil kerja and perilaku kerja: codes 1 (dibawah), 2 (sesuai), 3 (diatas), or the words of
        ``RATING``; missing allowed.

    Returns
    -------
    DataFrame, n rows
        ``predikat``, ``number`` (always missing: this rule has none), ``reason`` ("", ``rating_missing``,
        ``rating_unknown``).

    Raises
    ------
    ValueError
        If the two arrays differ in shape.

    Notes
    -----
    PermenPANRB 6/2022 p. 99-100, 102-103 (kuadran kinerja).

    Examples
    --------
    >>> predikat([3, 3, 1], [3, 1, 1])["predikat"].tolist()
    ['SANGAT BAIK', 'KURANG', 'SANGAT KURANG']
    """
    index = hasil.index if isinstance(hasil, pd.Series) else None
    h, p = _codes(hasil), _codes(perilaku)
    if h.shape != p.shape or h.ndim != 1:
        raise ValueError(f"hasil and perilaku must be one-dimensional and alike: {h.shape}, {p.shape}")
    missing = np.isnan(h) | np.isnan(p)
    known = np.isin(h, (1, 2, 3)) & np.isin(p, (1, 2, 3))
    row = np.where(known, h, 1).astype(int) - 1
    column = np.where(known, p, 1).astype(int) - 1
    words = np.asarray(MATRIX, dtype=object)[row, column]
    reason = np.where(missing, "rating_missing", np.where(known, "", "rating_unknown"))
    return outcome(pd.RangeIndex(len(h)) if index is None else index, words, reason)


@dataclass(frozen=True, slots=True)
class Rule2022:
    """PermenPANRB 6/2022 as a rule by date."""

    name: str = "permenpanrb_6_2022"
    citation: str = "PermenPANRB 6/2022"
    in_force_from: date | None = date(2022, 1, 1)
    in_force_to: date | None = None
    evidence: tuple[str, ...] = ("hasil_kerja", "perilaku_kerja")

    def predikat(self, evidence: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame:
        """Apply the quadrant to ``hasil_kerja`` and ``perilaku_kerja``; no profile changes it."""
        return predikat(evidence["hasil_kerja"], evidence["perilaku_kerja"])


RULE = Rule2022()
