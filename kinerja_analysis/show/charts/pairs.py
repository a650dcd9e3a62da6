"""One hundred pairs of employees of the same team as squares: how many the predikat separates."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import say
from kinerja_analysis.show.charts import drawing as ink


def data(finding: Finding) -> pd.DataFrame | None:
    """Return the share of separated pairs with its range, from the finding ``separated_pairs``."""
    e = finding.estimate
    if e is None or not math.isfinite(e.value):
        return None
    return pd.DataFrame({"value": [e.value], "lower": [e.lower], "upper": [e.upper], "n": [e.n]})


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 118


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the squares, the separated pairs filled."""
    filled = round(100 * float(frame["value"].iloc[0]))
    words = say("charts.pairs.separated", lang, n=filled), say("charts.pairs.rest", lang, n=100 - filled)
    ink.hundred(host, 2, 28, ((filled, ink.FULL, words[0]), (100 - filled, ink.EMPTY, words[1])))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the squares in words."""
    r = frame.iloc[0]
    return say("charts.pairs.alt", lang, separated=100 * r["value"], lower=100 * r["lower"], upper=100 * r["upper"])
