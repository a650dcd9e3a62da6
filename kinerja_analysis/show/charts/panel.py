"""The six dimensions beside the index, each on its own scale: a strip with range, estimate and named yardsticks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.sentence import form, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, STRIP = 68, 12
FULL = {"of_100": 100.0}  #: the end of a scale; shares and reliabilities end at 1


def data(
    findings: Sequence[Finding], *, yardsticks: Mapping[str, Sequence[float]] | None = None
) -> pd.DataFrame | None:
    """Return one row per dimension in the order given; unknown ones have no value.

    ``yardsticks`` are marks on a dimension's own scale. A difference between raters whose range begins at none has
    no value either: how large it is at most is all that is known.
    """
    found = []
    for f in findings:
        name, e = f.measure.removeprefix("index_"), f.estimate
        known = e is not None and math.isfinite(e.value)
        row: dict[str, Any] = {"measure": name, "n": e.n if e else 0, "unit": form(f) if known else ""}
        row |= {k: getattr(e, k) if known else math.nan for k in ("value", "lower", "upper")}
        if name == "equity" and row["lower"] == 0:
            row["value"] = math.nan
        marks = [*(yardsticks or {}).get(name, ()), math.nan, math.nan]
        found.append(row | {"mark": marks[0], "further": marks[1]})
    frame = pd.DataFrame(found, columns=["measure", "n", "unit", "value", "lower", "upper", "mark", "further"])
    return frame if frame[["value", "upper"]].notna().to_numpy().any() else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return ROW * len(frame) + 4


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the strips one under the other, each from the low to the high end of its own scale."""
    ax = ink.place(host, 8, 8, 0, 4)
    ink.rows_down(ax, ROW * len(frame))
    ax.set_xlim(0.0, 1.0)
    ax.set_axis_off()
    for i, r in enumerate(frame.to_dict("records")):
        y, known = ROW * i, not math.isnan(r["value"])
        _strip(ax, _along(r), y + 32)
        ink.label(ax, 0, y + 11, _name(r, lang), weight="bold")
        ink.label(ax, 1, y + 11, _value(r, lang), ha="right", weight="bold", color=theme.BLUE if known else theme.MUTED)
        for place, side, name in ((0, "left", "low"), (1, "right", "high")):
            text = say(f"charts.panel.{r['measure']}_{name}", lang)
            ink.label(ax, place, y + 52, text, ha=side, color=theme.MUTED, fontsize=ink.SMALL)


def _along(r: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of a row as fractions of its scale."""
    low = min(0.0, r["lower"], r["value"]) if r["measure"] == "achievement" else 0.0
    whole = FULL.get(str(r["unit"]), 1.0) - low
    return {k: (r[k] - low) / whole for k in ("value", "lower", "upper", "mark", "further")}


def _strip(ax: Axes, r: dict[str, float], y: float) -> None:
    ink.block(ax, 0, y, 1, STRIP, facecolor=theme.TRACK)
    first, last = (r[k] if math.isfinite(r[k]) else edge for k, edge in (("lower", 0.0), ("upper", 1.0)))
    if math.isnan(r["value"]):  # not known, or only how large at most
        ink.block(ax, first, y, last - first, STRIP, **ink.UNKNOWN)
    else:
        ink.span(ax, y, r["lower"], min(r["upper"], 1.0), thick=STRIP)
        ink.dot(ax, r["value"], y)
    for mark in (r["mark"], r["further"]):
        if math.isfinite(mark):
            ink.tick(ax, mark, y, 9)


def _name(r: dict[str, Any], lang: str) -> str:
    return say(f"report.index.panel.{r['measure']}", lang).rstrip(".")


def _figure(value: float, unit: str, lang: str) -> str:
    return quantity(value, unit, lang, signed=False)


def _value(r: dict[str, Any], lang: str) -> str:
    """Return what stands at the right of a row: the value with n, how large at most, or that it is not known."""
    unit = str(r["unit"])
    if math.isfinite(r["value"]):
        return say("charts.panel.value", lang, value=_figure(r["value"], unit, lang), n=int(r["n"]))
    if math.isfinite(r["upper"]):
        return say("charts.panel.most", lang, value=_figure(r["upper"], unit, lang), n=int(r["n"]))
    return say("report.index.panel.unknown", lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return every strip in words."""
    parts = []
    for r in frame.to_dict("records"):
        text = f"{_name(r, lang)}: {_value(r, lang)}"
        if math.isfinite(r["value"]) and math.isfinite(r["lower"]):
            ends = {k: _figure(r[k], str(r["unit"]), lang) for k in ("lower", "upper")}
            text += f", {say('show.range', lang, **ends)}"
        parts.append(f"{text}.")
    return " ".join(parts)
