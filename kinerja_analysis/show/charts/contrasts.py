"""Differences of two regions that share a unit: estimate, simultaneous range, a mark where both are equal."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Comparison
from kinerja_analysis.base.words import say
from kinerja_analysis.show import comparison as words
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows
from kinerja_analysis.show.sentence import quantity
from kinerja_analysis.show.strength import RATIO_UNITS

TOPICS = {"odds_ratio": "groups", "gap": "groups", "own_group_odds_ratio": "own", "own_group_gap": "own"}


def data(comparison: Comparison, unit: str, lang: str) -> pd.DataFrame | None:
    """Return the rows about groups in this unit, of a comparison of one pair."""
    found = []
    for r in comparison.frame.itertuples():
        if r.unit == unit and r.measure in TOPICS and math.isfinite(r.value):
            found.append({"subject": words.short(r, lang), "topic": say(f"compare.topic.{TOPICS[r.measure]}", lang),
                          "value": r.value, "lower": r.lower, "upper": r.upper, "n": min(r.n_a, r.n_b), "unit": unit,
                          "flagged": r.status == "FLAGGED"})  # fmt: skip
    return pd.DataFrame(found) if found else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow, heads=frame["topic"].nunique())


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows under the headings of their topics."""
    unit = str(frame["unit"].iloc[0])
    look = rows.Look(unit, 1.0 if unit in RATIO_UNITS else 0.0)
    rows.draw(host, frame, list(frame["subject"]), lang, narrow, look, list(frame["topic"]))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every row in words."""
    parts = []
    for r in frame.itertuples():
        value, lower, upper = (quantity(v, str(r.unit), lang) for v in (r.value, r.lower, r.upper))
        parts.append(say("compare.chart.alt", lang, what=r.subject, value=value, lower=lower, upper=upper))
    return " ".join(parts)
