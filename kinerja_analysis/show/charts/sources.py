"""Agreement: correlations between sources and the reliability within them, beside published figures."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.charts import rows

BLOCKS = (("correlation", "source_pair"), ("reliability_single", "source"))


def data(result: Result) -> pd.DataFrame | None:
    """Return one row per pair of sources, then one per source."""
    found = []
    for measure, kind in BLOCKS:
        for f in result.findings(measure=measure, subject_kind=kind):
            e = f.estimate
            if e is not None and math.isfinite(e.value):
                known = f.params.get("world")
                world = float(known) if isinstance(known, int | float) else math.nan
                row = {"measure": measure, "subject": f.subject, "n": e.n, "value": e.value, "lower": e.lower}
                found.append(row | {"upper": e.upper, "world": world, "flagged": f.status is Status.FLAGGED})
    return pd.DataFrame(found) if found else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return rows.size(len(frame), narrow, heads=frame["measure"].nunique())


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows under the two headings."""
    look = rows.Look("correlation", 0.0, below=("", say(f"charts.sources.axis{'_short' if narrow else ''}", lang), ""))
    heads = [say(f"charts.sources.{m}", lang) for m in frame["measure"]]
    rows.draw(host, frame, [_name(s, lang) for s in frame["subject"]], lang, narrow, look, heads)


def _name(subject: str, lang: str) -> str:
    return " – ".join(naming.word(part, lang) for part in subject.split("|"))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every correlation and reliability in words."""
    parts = []
    for measure, group in frame.groupby("measure", sort=False):
        parts.append(say(f"charts.sources.{measure}", lang) + ":")
        for r in group.to_dict("records"):
            key = "charts.sources.alt_row" if math.isfinite(r["world"]) else "charts.sources.alt_row_alone"
            numbers = {k: r[k] for k in ("value", "lower", "upper", "world")}
            parts.append(say(key, lang, name=_name(r["subject"], lang), n=int(r["n"]), **numbers))
    return " ".join(parts)
