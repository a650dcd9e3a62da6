"""Odds ratios between groups under the same supervisor: dot, range, the zone too small to matter, on a log scale."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows
from kinerja_analysis.show.sentence import quantity
from kinerja_analysis.show.strength import RATIO_UNITS

MEASURES = ("odds_ratio", "own_group_odds_ratio")


def data(result: Result) -> pd.DataFrame | None:
    """Return one row per group or attribute that has an odds ratio."""
    found = []
    for f in result.findings():
        e = f.estimate
        if f.measure not in MEASURES or f.subject_kind == "region" or e is None or e.unit not in RATIO_UNITS:
            continue
        if math.isfinite(e.value) and e.value > 0:
            row = {"subject": f.subject, "reference": str(f.params.get("reference", "")), "n": e.n, "value": e.value}
            row |= {"lower": e.lower, "upper": e.upper, "p_adjusted": f.p_adjusted, "threshold": f.threshold}
            found.append(row | {"flagged": f.status is Status.FLAGGED})
    return pd.DataFrame(found) if found else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow)


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows."""
    low, high = _band(frame)
    above = say("charts.small_zone", lang) if math.isfinite(high) else ""
    below = (say("charts.odds.lower", lang), "", say("charts.odds.higher", lang))
    look = rows.Look("odds_ratio", 1.0, (low, high), above=above, below=below)
    rows.draw(host, frame, [name(r, lang) for r in frame.to_dict("records")], lang, narrow, look)


def _band(frame: pd.DataFrame) -> tuple[float, float]:
    limit = float(frame["threshold"].max())
    return (1 / limit, limit) if math.isfinite(limit) and limit > 1 else (math.nan, math.nan)


def name(row: dict[str, object], lang: str) -> str:
    """Return "PPPK – PNS" for a group and its reference, or the attribute's word."""
    own, reference = str(row["subject"]), str(row["reference"])
    return f"{naming.word(own, lang)} – {naming.word(reference, lang)}" if reference else naming.word(own, lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every ratio in words."""
    parts = [say("charts.odds.alt", lang)]
    for r in frame.to_dict("records"):
        shown = {k: quantity(r[k], "odds_ratio", lang) for k in ("value", "lower", "upper")}
        parts.append(say("charts.odds.alt_row", lang, name=name(r, lang), n=int(r["n"]), **shown))
    low, high = _band(frame)
    return " ".join(parts + ([say("charts.odds.alt_zone", lang, low=low, high=high)] if math.isfinite(high) else []))
