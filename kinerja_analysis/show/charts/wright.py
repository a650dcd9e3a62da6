"""The Wright map: employees, raters, criteria and steps of the scale on one upright scale of logits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.names import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT, TOP, BOTTOM, GAP = 460, 44, 14, 17
#: Left edge and width of the columns, as shares of the axes (wide form, narrow form): bars, then names.
BARS = {"ratee": ((0.0, 0.32), (0.0, 0.22)), "rater": ((0.36, 0.24), (0.24, 0.18))}
NAMES = {"criterion": ((0.63, 0.25), (0.44, 0.32)), "step": ((0.90, 0.10), (0.77, 0.23))}
LETTER = 7.2


def data(wright: pd.DataFrame) -> pd.DataFrame | None:
    """Return the audit's ``wright`` rows without its cell: ``facet name position se n``; None without employees."""
    frame = wright[["facet", "name", "position", "se", "n"]].reset_index(drop=True)
    frame["name"] = frame["name"].str.replace("_", " ")
    return frame if (frame["facet"] == "ratee").any() else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return HEIGHT


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw bars of employees and raters, then criteria and steps at their places."""
    ax = ink.place(host, 34, 6, TOP, BOTTOM)
    ax.set_xlim(0, 1)
    low, high = ink.padded(float(frame["position"].min()), float(frame["position"].max()), 0.04)
    ax.set_ylim(low, high)
    ax.set_axis_off()
    whole = [v for v in range(math.ceil(low), math.floor(high) + 1) if v % (1 + (high - low > 14)) == 0]
    for v in whole:
        ax.axhline(v, color=theme.ZONE, linewidth=theme.points(1), zorder=0)
        ink.aside(ax, -6, v, ("+" if v > 0 else "") + number(v, 0, lang), ha="right", fontsize=ink.SMALL,
                  color=theme.MUTED)  # fmt: skip
    for facet, forms in (BARS | NAMES).items():
        left, wide = forms[narrow]
        mine = frame[frame["facet"] == facet]
        if facet in BARS:
            _bars(ax, mine, left, wide, facet)
        else:
            _names(ax, mine, left, wide, facet, lang)
        text = say(f"charts.wright.{facet}{'_short' if narrow else ''}", lang)
        ax.annotate(text, (left, 1), xycoords="axes fraction", xytext=(0, theme.points(8)), ha="left", va="bottom",
                    textcoords="offset points", annotation_clip=False, fontsize=ink.SMALL,
                    color=theme.MUTED)  # fmt: skip


def _bars(ax: Axes, rows: pd.DataFrame, left: float, across: float, facet: str) -> None:
    """Draw one bar per row to the right of ``left``; the longest is ``across`` wide."""
    if rows.empty:
        return
    places = rows["position"].sort_values().diff().dropna()
    thick = 0.82 * float(places.min()) if len(places) else 0.5
    fill, edge = (theme.BLUE_BAR, theme.BLUE_LINE) if facet == "ratee" else (theme.BLUE, theme.BLUE)
    ax.barh(rows["position"], across * rows["n"] / rows["n"].max(), thick, left=left, color=fill, edgecolor=edge,
            linewidth=theme.points(1))  # fmt: skip
    ax.plot([left, left], ax.get_ylim(), color=theme.INK, linewidth=theme.points(1), zorder=1)


def _names(ax: Axes, rows: pd.DataFrame, left: float, across: float, facet: str, lang: str) -> None:
    """Write names from top to bottom, none over another, each tied to its place by a line."""
    rows = rows.sort_values("position", ascending=False)
    low, high = ax.get_ylim()
    unit = (high - low) / (HEIGHT - TOP - BOTTOM)
    wide = ink.across(ax)
    at = apart([float(v) / unit for v in rows["position"]], GAP, low / unit + 6, high / unit - 6)
    room = int((across * wide - 16) / LETTER)
    for place, written, name in zip(rows["position"], at, rows["name"], strict=True):
        y = written * unit
        ax.plot([left, left + 6 / wide, left + 14 / wide], [place, place, y], color=theme.HATCH,
                linewidth=theme.points(1), zorder=1)  # fmt: skip
        text = name.replace("|", " | ") if facet == "step" else ink.shorten(word(name, lang), max(room, 4))
        ink.label(ax, left + 17 / wide, y, text, ha="left", fontsize=ink.SMALL)


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return falling places moved as little as needed to lie ``gap`` apart and, if they fit, between the limits.

    >>> apart([10.0, 9.0, 0.0], 4.0, 0.0, 12.0)
    [11.5, 7.5, 0.0]
    >>> apart([0.5, 0.0], 4.0, 0.0, 12.0)
    [4.0, 0.0]
    """
    blocks: list[tuple[float, int]] = []  # middle and size of runs that touch
    for place in places:
        middle, n = place, 1
        while blocks and blocks[-1][0] - middle < gap * (blocks[-1][1] + n) / 2:
            other, m = blocks.pop()
            middle, n = (other * m + middle * n) / (m + n), m + n
        blocks.append((middle, n))
    out = [middle + gap * ((n - 1) / 2 - k) for middle, n in blocks for k in range(n)]
    for k in range(len(out) - 1, -1, -1):  # up from the lower limit
        out[k] = max(out[k], low if k == len(out) - 1 else out[k + 1] + gap)
    for k in range(len(out)):  # down from the upper one
        out[k] = min(out[k], high if k == 0 else out[k - 1] - gap)
    return out


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the map in words: where the middle half lies, and the criteria from hard to easy."""
    told: dict[str, float] = {}
    for facet in BARS:
        rows = frame[frame["facet"] == facet].sort_values("position")
        below = rows["n"].cumsum() / max(rows["n"].sum(), 1)
        told |= {f"n_{facet}": int(rows["n"].sum())}
        for end, share in (("low", 0.25), ("high", 0.75)):
            known = rows["position"][below >= share]
            told[f"{end}_{facet}"] = float(known.iloc[0]) if len(known) else math.nan
    names = frame[frame["facet"] == "criterion"].sort_values("position", ascending=False)["name"]
    return say("charts.wright.alt", lang, criteria=", ".join(word(n, lang) for n in names), **told)
