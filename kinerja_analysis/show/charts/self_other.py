"""Self minus others: the whole region first, then per agency, in points with 95 % ranges."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows

MOST = 20


def data(result: Result) -> pd.DataFrame | None:
    """Return the region's row and one row per agency, largest difference first."""
    found = []
    for f in result.findings(measure="difference"):
        e = f.estimate
        if e is not None and math.isfinite(e.value):
            row = {"subject": "" if f.subject_kind == "region" else f.subject, "n": e.n, "value": e.value}
            row |= {"lower": e.lower, "upper": e.upper, "threshold": f.threshold if e.unit == "points" else math.nan}
            found.append(row | {"flagged": f.status is Status.FLAGGED})
    found.sort(key=lambda row: (row["subject"] != "", -float(row["value"])))  # type: ignore[arg-type]
    return pd.DataFrame(found[:MOST]) if found else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow)


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows."""
    limit = float(frame["threshold"].iloc[0])
    below = ("", say(f"charts.self_other.axis{'_short' if narrow else ''}", lang), "")
    look = rows.Look("points", 0.0, (-limit, limit), above=say("charts.self_other.zero", lang), below=below)
    rows.draw(host, frame, [_name(s, lang) for s in frame["subject"]], lang, narrow, look)


def _name(subject: str, lang: str) -> str:
    return subject or say("charts.self_other.region", lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every difference in words."""
    parts = [say("charts.self_other.alt", lang)]
    for r in frame.to_dict("records"):
        numbers = {k: r[k] for k in ("value", "lower", "upper")}
        parts.append(say("charts.self_other.alt_row", lang, name=_name(r["subject"], lang), n=int(r["n"]), **numbers))
    return " ".join(parts)
