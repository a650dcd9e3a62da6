"""Criteria whose scores run against all others: a direction entered the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

FEWEST, MOST = 50, 5_000  #: pairs of rater and ratee for a correlation, and of them examined at most
AGAINST = -0.3
MIN_CRITERIA = 3


def against(frame: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Yield the criteria that correlate clearly negatively with the mean of the others, and the correlation.

    Parameters
    ----------
    frame : DataFrame
        One row per score: ``ratee rater criterion score scale_min scale_max``.

    Examples
    --------
    >>> rows = pd.DataFrame({"ratee": range(60), "rater": "r"})
    >>> rows = pd.concat([rows.assign(criterion=c, score=[5 - i % 5 if c == "c" else 1 + i % 5 for i in range(60)])
    ...                   for c in "abcd"]).assign(scale_min=1.0, scale_max=5.0)
    >>> list(against(rows))
    [('c', -1.0)]
    """
    known = frame[["ratee", "rater"]].notna().all(axis=1) & (frame["scale_max"] > frame["scale_min"])
    rows = frame[known]
    if rows["criterion"].nunique() < MIN_CRITERIA:
        return
    pair = rows.groupby(["ratee", "rater"], sort=False).ngroup()
    rows, pair = rows[pair < MOST], pair[pair < MOST]
    share = (rows["score"] - rows["scale_min"]) / (rows["scale_max"] - rows["scale_min"])
    wide = share.groupby([pair, rows["criterion"]]).mean().unstack()
    for name in wide.columns:
        own, others = wide[name], wide.drop(columns=name).mean(axis=1)
        both = own.notna() & others.notna()
        if both.sum() >= FEWEST and min(own[both].std(), others[both].std()) > 1e-9:
            r = float(np.corrcoef(own[both], others[both])[0, 1])
            if r <= AGAINST:
                yield str(name), r
