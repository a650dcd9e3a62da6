"""Peraturan BKN 3/2023: what a predikat is worth in angka kredit (functional posts only).

Yearly credit = percentage of the predikat x coefficient of the level; part of a year counts months / 12. The
percentages and the worked examples are [primary: BKN slides]; the coefficients by level are [secondary:
public code, two programs] and are used only where the caller asks for a level by name. Two decimals, halves
upward, as the programs round (37.5 x 75 % = 28.125 becomes 28.13).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.base.tables import PREDIKAT

#: Percent of the yearly coefficient, by predikat.
PERCENT: dict[str, int] = dict(zip(PREDIKAT, (25, 50, 75, 100, 150), strict=True))

_HUNDREDTH = 120_000  # percent x ten-thousandths x months that make 0.01: 100 x 10,000 x 12 / 100

#: Yearly coefficients by level of the functional post (= the credit of a year of "Baik").
COEFFICIENT: dict[str, float] = {
    "pemula": 3.75,
    "terampil": 5.0,
    "mahir": 12.5,
    "penyelia": 25.0,
    "ahli pertama": 12.5,
    "ahli muda": 25.0,
    "ahli madya": 37.5,
    "ahli utama": 50.0,
}


def coefficient(level: str) -> float:
    """Return the yearly coefficient of a level of functional post.

    Raises
    ------
    ValueError
        For a level that is not in ``COEFFICIENT``.

    Examples
    --------
    >>> coefficient("Ahli Madya")
    37.5
    """
    name = " ".join(level.lower().split())
    if name not in COEFFICIENT:
        raise ValueError(f"not a level of a functional post: {level!r}")
    return COEFFICIENT[name]


def credit(
    predikat: pd.Series, coefficient: float | pd.Series, months: int | pd.Series = 12
) -> npt.NDArray[np.float64]:
    """Return the angka kredit earned.

    Parameters
    ----------
    predikat : Series of str, n rows
        Words of ``PREDIKAT``; anything else, and missing, gives NaN (never 0).
    coefficient : float or Series of float
        Yearly coefficient, at most four decimals; missing (not a functional post) gives NaN.
    months : int or Series of int
        Months rated, 1 to 12.

    Returns
    -------
    ndarray of float64, shape (n,)
        Angka kredit, two decimals, halves upward.

    Raises
    ------
    ValueError
        For months outside 1 to 12, or a coefficient that is not positive or has more than four decimals.

    Notes
    -----
    Peraturan BKN 3/2023 [primary: BKN slides]. Rounding is done in whole numbers, so that a half is a half.

    Examples
    --------
    >>> credit(pd.Series(["BAIK", "SANGAT BAIK"]), 12.5, pd.Series([2, 12])).tolist()
    [2.08, 18.75]
    """
    n = len(predikat)
    span = np.broadcast_to(np.asarray(months, dtype=float), n)
    yearly = np.broadcast_to(np.asarray(coefficient, dtype=float), n)
    if np.any(~((span >= 1) & (span <= 12) & (span == np.floor(span)))):
        raise ValueError("months must be whole numbers from 1 to 12")
    ten_thousandths = np.rint(yearly * 10_000)
    if np.any(yearly <= 0) or np.any(np.abs(yearly * 10_000 - ten_thousandths) > 1e-6):
        raise ValueError("coefficients must be positive, with at most four decimals")
    percent = predikat.map(PERCENT).to_numpy(dtype=float, na_value=np.nan)
    exact = percent * ten_thousandths * span
    known = ~np.isnan(exact)
    whole = np.where(known, exact, 0).astype(np.int64)
    return np.where(known, (2 * whole + _HUNDREDTH) // (2 * _HUNDREDTH) / 100, np.nan)
