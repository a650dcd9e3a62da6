"""Periods as running numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd


def running(period: pd.Series) -> pd.Series:
    """Return a running number of periods in which neighbours differ by one.

    >>> running(pd.Series(["2024-Q4", "2025-Q1"])).diff().tolist()[1:]
    [1.0]
    """
    year = period.str[:4].astype("int64")
    rest = period.str[5:]
    number = pd.to_numeric(rest.str.lstrip("Q"), errors="coerce").fillna(0).astype("int64")
    per_year = np.where(rest == "", 1, np.where(rest.str.startswith("Q"), 4, 12))
    return pd.Series(year * per_year + number, index=period.index)
