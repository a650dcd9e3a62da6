"""A few findings of one unit: estimate with its value, 95 % range, the zone too small to matter or the threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from kinerja_analysis.base.results import Finding, Result, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows
from kinerja_analysis.show.sentence import quantity, unit
from kinerja_analysis.show.strength import band, no_difference

MOST = 12


def data(findings: Result | Sequence[Finding], *, names: Mapping[str, str] | None = None) -> pd.DataFrame | None:
    """Return the findings that share the first one's unit and carry an estimate; of a Result those of the region.

    ``names`` maps subjects to what stands for them; regional findings of one measure stand for their kind of data.
    """
    chosen = list(findings.findings(subject_kind="region")) if isinstance(findings, Result) else list(findings)
    shown = [(f, f.estimate) for f in chosen if f.estimate is not None and math.isfinite(f.estimate.value)]
    scoped = len({f.measure for f, _ in shown}) == 1 and len({f.scope for f, _ in shown}) > 1
    found = []
    for f, e in shown[:MOST]:
        subject = (f.scope if scoped else "") if f.subject_kind == "region" else (names or {}).get(f.subject, f.subject)
        row = {"subject": subject, "measure": f.measure, "n": naming.employees(f), "value": e.value, "lower": e.lower}
        row |= {"upper": e.upper, "unit": e.unit, "threshold": f.threshold, "zero": no_difference(f)}
        row |= dict(zip(("low", "high"), band(f), strict=True)) | {"flagged": f.status is Status.FLAGGED}
        found += [row] if e.unit == shown[0][1].unit else []
    return pd.DataFrame(found) if found else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow, values=True)


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows; a single one needs no name."""
    r = frame.iloc[0]
    zoned = math.isfinite(r["low"])
    above = say("charts.small_zone", lang) if zoned else ""
    if not zoned and math.isfinite(r["threshold"]):
        above = say("charts.threshold", lang, value=quantity(r["threshold"], r["unit"], lang, signed=False))
    below = ("", unit(r["unit"], lang), "")
    look = rows.Look(r["unit"], r["zero"], (r["low"], r["high"]), r["threshold"], above, below, values=True)
    names = [_name(x, lang) for x in frame.to_dict("records")] if len(frame) > 1 else [""]
    rows.draw(host, frame, names, lang, narrow, look)


def _name(row: dict[str, object], lang: str) -> str:
    return naming.word(row["subject"] or row["measure"], lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the rows in words."""
    parts = []
    for r in frame.to_dict("records"):
        full = not (math.isfinite(r["lower"]) and math.isfinite(r["upper"]))
        shown = {k: quantity(r[k], r["unit"], lang) for k in ("value", "lower", "upper")}
        parts.append(say(f"charts.ranges.row{'_full' if full else ''}", lang, name=_name(r, lang), **shown))
    first = frame.iloc[0]
    if math.isfinite(first["threshold"]):
        names = ("high", "low") if math.isfinite(first["low"]) else ("threshold", "threshold")
        high, low = (quantity(first[k], first["unit"], lang, signed=k != "threshold") for k in names)
        parts.append(say("charts.ranges.threshold", lang, value=high, other=low if low != high else None))
    return " ".join(parts)
