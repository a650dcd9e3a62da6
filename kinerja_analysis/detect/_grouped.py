"""Rows of a table grouped by columns of text, on whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def grouped(frame: pd.DataFrame, names: Sequence[str], within: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the number of each row's group, in the order of the sorted keys (missing last), and their first rows.

    As ``groupby(names, sort=True, dropna=False).ngroup()``, on whole numbers: quicker with several columns of text.
    ``within`` is a key of whole numbers before the others.

    >>> [v.tolist() for v in grouped(pd.DataFrame({"a": ["y", "x", "y"], "b": ["p", "p", "p"]}), ["a", "b"])]
    [[1, 0, 1], [1, 0]]
    """
    key, size = (np.zeros(len(frame), np.int64), 1) if within is None else (within, int(within.max(initial=0)) + 1)
    for name in names:
        code, values = pd.factorize(frame[name], sort=True)
        size *= len(values) + 1
        if size >= 2**63:
            key, known = pd.factorize(key, sort=True)
            size = len(known) * (len(values) + 1)
        key = key * (len(values) + 1) + np.where(code < 0, len(values), code)
    code, values = pd.factorize(key, sort=True)
    first = np.zeros(len(values), np.int64)
    first[code[::-1]] = np.arange(len(frame))[::-1]
    return code, first
