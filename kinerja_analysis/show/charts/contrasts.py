"""Differences of two regions that share a unit: estimate, simultaneous range, a mark where both are equal."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.base.results import Comparison
from kinerja_analysis.base.words import say
from kinerja_analysis.show import comparison as words
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows
from kinerja_analysis.show.sentence import quantity
from kinerja_analysis.show.strength import RATIO_UNITS

TOPICS = {"odds_ratio": "groups", "gap": "groups", "own_group_odds_ratio": "own", "own_group_gap": "own"}


def data(comparison: Comparison, *, unit: str = "sd") -> pd.DataFrame | None:
    """Return the rows about groups in this unit, of a comparison of one pair; ``n`` is the smaller one."""
    frame = comparison.frame
    shown = frame[(frame["unit"] == unit) & frame["measure"].isin(TOPICS) & frame["value"].notna()]
    columns = ["measure", "subject", "reference", "adjusted", "value", "lower", "upper", "unit"]
    n, flagged = shown[["n_a", "n_b"]].min(axis=1), shown["status"] == "FLAGGED"
    return shown[columns].assign(n=n, flagged=flagged).reset_index(drop=True) if len(shown) else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow, heads=frame["measure"].map(TOPICS).nunique())


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows under the headings of their topics."""
    unit = str(frame["unit"].iloc[0])
    look = rows.Look(unit, 1.0 if unit in RATIO_UNITS else 0.0)
    names = [words.short(r, lang) for r in frame.itertuples()]
    topics = [say(f"compare.topic.{t}", lang) for t in frame["measure"].map(TOPICS)]
    rows.draw(host, frame, names, lang, narrow, look, topics)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every row in words."""
    parts = []
    for r in frame.itertuples():
        value, lower, upper = (quantity(v, str(r.unit), lang) for v in (r.value, r.lower, r.upper))
        parts.append(say("compare.chart.alt", lang, what=words.short(r, lang), value=value, lower=lower, upper=upper))
    return " ".join(parts)
