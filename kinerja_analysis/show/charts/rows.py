"""The drawing shared by charts of rows: name, range as a bar, estimate, n; a zone, a limit, a mark at no difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.words import number
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.sentence import quantity
from kinerja_analysis.show.strength import RATIO_UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, EXTRA, HEAD, TOP, BOTTOM, LEFT, BOLD = 34, 16, 26, 42, 60, 216, 7.8  #: pixels; BOLD of a bold letter
PLACES = (0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
FEW = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are drawn.

    ``unit`` decides scale and form of numbers; ``zero`` is no difference, ``band`` the zone too small to matter,
    ``limit`` a dashed threshold (each NaN for none) with the words ``above``; ``below`` stands under the axis, left,
    middle and right. ``values`` writes the estimate over its bar instead of n beside it.
    """

    unit: str = ""
    zero: float = math.nan
    band: tuple[float, float] = (math.nan, math.nan)
    limit: float = math.nan
    above: str = ""
    below: tuple[str, str, str] = ("", "", "")
    values: bool = False

    @property
    def ratio(self) -> bool:
        """True for a scale of multiples."""
        return self.unit in RATIO_UNITS


def size(n: int, narrow: bool, *, heads: int = 0, values: bool = False) -> int:
    """Return the height of ``n`` rows in pixels; on a narrow picture the names stand above the bars."""
    return TOP + (ROW + (EXTRA if narrow and not values else 0)) * n + HEAD * heads + BOTTOM


def limits(frame: pd.DataFrame, look: Look) -> tuple[float, float]:
    """Return the axis limits: everything drawn, with air; shares stay near 0 and 1."""
    parts = [frame[c].to_numpy(float) for c in ("value", "lower", "upper", "world") if c in frame]
    shown = np.concatenate([*parts, np.array([look.zero, look.limit, *look.band])])
    shown = shown[np.isfinite(shown) & ((shown > 0) | (not look.ratio))]
    shown = np.log(shown) if look.ratio else shown
    low, high = ink.padded(float(shown.min()), float(shown.max()), 0.1)
    if look.unit == "share":
        return max(-0.02, low), min(1.02, high)
    return (math.exp(low), math.exp(high)) if look.ratio else (low, high)


def draw(
    host: ink.Host, frame: pd.DataFrame, names: Sequence[str], lang: str, narrow: bool, look: Look,
    heads: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Draw rows with columns ``value lower upper n flagged`` (and ``world``, a yardstick) under their headings."""
    aside = not narrow and any(names)
    left, right = (LEFT if aside else 12), (16 if look.values else 46 if narrow else 62)
    row = ROW + (EXTRA if narrow and not look.values else 0)
    titles = list(heads or [""] * len(frame))
    ax = ink.place(host, left, right, TOP, BOTTOM)
    ink.rows_down(ax, row * len(frame) + HEAD * len(set(titles) - {""}))
    if look.ratio:
        ax.set_xscale("log")
    ax.set_xlim(*limits(frame, look))
    _yardsticks(ax, look)
    if not look.values:
        place = ink.across(ax) + (42 if narrow else 56)
        ink.aside(ax, place, -10, "n", ha="right", fontsize=ink.SMALL, color=theme.MUTED)
    y, last = 0.0, ""
    for r, name, title in zip(frame.to_dict("records"), names, titles, strict=True):
        if title != last:
            ink.aside(ax, -left + 2, y + HEAD / 2, title, weight="bold")
            y, last = y + HEAD, title
        y += row
        _row(ax, r, y - (12 if look.values else ROW / 2 - 1), name, lang, narrow, look, left)
    _axis(ax, look, lang, narrow)


def _yardsticks(ax: Axes, look: Look) -> None:
    ink.zone(ax, *look.band)
    if math.isfinite(look.limit) and not math.isfinite(look.band[0]):
        ink.upright(ax, look.limit, dashed=True)
    if math.isfinite(look.zero):
        ink.upright(ax, look.zero)
    low, high = look.band if math.isfinite(look.band[0]) else (look.limit, look.limit)
    middle = math.sqrt(low * high) if look.ratio else (low + high) / 2
    if look.above:
        ink.above_within(ax, middle if math.isfinite(middle) else look.zero, look.above)


def _row(ax: Axes, r: dict[str, Any], y: float, name: str, lang: str, narrow: bool, look: Look, left: float) -> None:
    words = ink.words_for(r["flagged"], over=narrow)
    ink.span(ax, y, r["lower"], r["upper"], flagged=r["flagged"], thick=13)
    ink.dot(ax, r["value"], y, flagged=r["flagged"])
    if math.isfinite(r.get("world", math.nan)):
        ink.tick(ax, r["world"], y, 11)
    if not look.values:
        ink.aside(ax, ink.across(ax) + (42 if narrow else 56), y, number(r["n"], 0, lang), ha="right", **words)
    if not narrow or not look.values:
        shown = ink.shorten(name, 46) if narrow else ink.wrapped(name, 33)
        ink.aside(ax, -left + 2, y - (23 if narrow else 0), shown, linespacing=1.05, **words)
    if look.values:
        _value(ax, r, y, ink.shorten(name, 38) if narrow else "", lang, look)


def _value(ax: Axes, r: dict[str, Any], y: float, name: str, lang: str, look: Look) -> None:
    """Write the value (after the name on a narrow picture) above its bar, clear of the picture's edges."""
    low, high = (math.log(v) if look.ratio else v for v in ax.get_xlim())
    place = ((math.log(r["value"]) if look.ratio else r["value"]) - low) / (high - low)
    colour, wide = theme.OCHRE_TEXT if r["flagged"] else theme.BLUE, ink.across(ax)
    text = f"{name} {quantity(r['value'], look.unit, lang)}".strip()
    half = min(BOLD * len(text) / 2, wide / 2)
    middle = min(max(place * wide, half), wide - half)
    ink.aside(ax, middle, y - 17, text, ha="center", color=colour, weight="bold", path_effects=ink.halo())


def _axis(ax: Axes, look: Look, lang: str, narrow: bool) -> None:
    if look.ratio:
        low, high = ax.get_xlim()
        places = [p for p in PLACES if low <= p <= high]
        places = [p for p in FEW if low <= p <= high] if len(places) > (5 if narrow else 8) else places
        ink.fixed_ticks(ax, places, lambda p: quantity(p, "ratio", lang).rstrip("0").rstrip(",."))
    else:
        ink.number_axis(ax, lang, signed=math.isfinite(look.zero), percent=look.unit == "share")
    for place, side, text in zip((0.0, 0.5, 1.0), ("left", "center", "right"), look.below, strict=True):
        if text:
            ink.below(ax, place, text, ha=side)
