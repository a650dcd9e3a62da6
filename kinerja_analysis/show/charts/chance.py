"""A count beside the count that chance alone would give, with its range."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

ROW = 58
WANTED = ("observed", "expected", "expected_lower", "expected_upper")


def data(result: Result) -> pd.DataFrame | None:
    """Return one row per regional finding that holds an observed and an expected count."""
    rows = []
    for f in result.findings(subject_kind="region"):
        observed, expected, lower, upper = (f.params.get(name) for name in WANTED)
        known = all(isinstance(v, int | float) for v in (observed, expected, lower, upper))
        if f.status in (Status.FLAGGED, Status.CLEAR) and known:
            row = {"measure": f.measure, "n": int(f.params.get("n_teams", 0)), "value": observed}
            rows.append(row | {"expected": expected, "lower": lower, "upper": upper, "flagged": f.status == "FLAGGED"})
    return pd.DataFrame(rows) if rows else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 12 + ROW * len(frame) + 52


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the rows: ring and line for chance, dot for what was observed."""
    ax = ink.place(host, 14, 30, 12, 52)
    ink.rows_down(ax, ROW * len(frame))
    top = float(frame[["value", "upper"]].to_numpy(float).max())
    ax.set_xlim(0, max(1.0, top * 1.15))
    for i, r in enumerate(frame.to_dict("records")):
        y = ROW * i + 30
        ax.plot([r["lower"], r["upper"]], [y, y], color=theme.INK, linewidth=theme.points(1.8), clip_on=False)
        ink.dots(ax, [r["expected"]], [y], "ring")
        ink.dot(ax, r["value"], y, flagged=r["flagged"])
        _words(ax, r, y, lang)
    ink.number_axis(ax, lang)
    ink.below(ax, 0.5, naming.word(str(frame["measure"].iloc[0]), lang))


def _words(ax: Any, r: dict[str, Any], y: float, lang: str) -> None:
    seen = say("charts.chance.observed", lang, n=number(r["value"], 0, lang))
    look = {"weight": "bold", "path_effects": ink.halo(), **ink.words_for(r["flagged"], bold=True)}
    middle = sum(ax.get_xlim()) / 2
    ink.label(ax, r["value"], y - 18, seen, ha="left" if r["value"] < middle else "right", **look)
    expected = say("charts.chance.expected", lang, n=r["expected"])
    side = "left" if r["expected"] < middle else "right"
    ink.label(ax, r["expected"], y + 17, expected, ha=side, fontsize=ink.SMALL, color=theme.MUTED)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the counts in words."""
    rows = []
    for r in frame.to_dict("records"):
        limits = {name: math.nan if pd.isna(r[name]) else r[name] for name in ("lower", "upper", "expected")}
        rows.append(say("charts.chance.alt", lang, name=naming.word(r["measure"], lang), n=int(r["n"]),
                        observed=number(r["value"], 0, lang), **limits))  # fmt: skip
    return " ".join(rows)
