"""Regions against how precisely each is known: the funnel of what chance and ordinary variety between them explain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.sentence import quantity

HEIGHT = 380
MOST_NAMED = 6
COLUMNS = ["region", "value", "se", "centre", "phi", "lower", "upper", "lower_outer", "upper_outer"]


def data(funnel: pd.DataFrame, *, names: Mapping[str, str] | None = None, unit: str = "share") -> pd.DataFrame | None:
    """Return one row per region of one measure and year of ``Comparison.funnels``, the most precise first.

    ``flagged`` are those outside the limits at 99.8 %; between 95 and 99.8 % one region in twenty lies by chance.
    """
    if funnel.empty:
        return None
    frame = funnel[COLUMNS].sort_values("se", kind="stable", ignore_index=True)
    beyond = (frame["value"] < frame["lower_outer"]) | (frame["value"] > frame["upper_outer"])
    return frame.assign(region=[(names or {}).get(r, r) for r in frame["region"]], flagged=beyond, unit=unit)


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return HEIGHT


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the regions upwards by precision, no order among them, inside both pairs of limits."""
    unit, (centre, phi) = str(frame["unit"].iloc[0]), (float(frame[c].iloc[0]) for c in ("centre", "phi"))
    ax = ink.place(host, 12, 12, 30, 74)
    low, high = (float(f(frame[["value", "lower_outer", "upper_outer"]].to_numpy())) for f in (np.min, np.max))
    ax.set_xlim(*ink.padded(low, high, 0.04))
    most = 1.06 * float(frame["se"].max())
    ax.set_ylim(most, 0)
    ax.set_yticks([])
    for q, dash in ((1.96, (0, (5, 4))), (3.09, "solid")):  # limits of a share end at 0 and 1, these lines do not
        for side in (-1, 1):
            ax.plot([centre, centre + side * q * phi**0.5 * most], [0, most], color=theme.INK, linestyle=dash,
                    linewidth=theme.points(1.2), scalex=False)  # fmt: skip
    ax.axvline(centre, color=theme.ZONE_EDGE, linewidth=theme.points(1), zorder=1)
    flagged = frame["flagged"].to_numpy(bool)
    for kind, mine in (("estimate", ~flagged), ("flagged", flagged)):
        ink.dots(ax, frame["value"][mine], frame["se"][mine], kind)
    middle, shift = sum(ax.get_xlim()) / 2, 0.015 * (high - low)
    for r in frame[flagged].head(0 if narrow else MOST_NAMED).to_dict("records"):
        side = 1 if r["value"] < middle else -1
        ink.label(ax, r["value"] + side * shift, r["se"], r["region"], ha="left" if side > 0 else "right",
                  path_effects=ink.halo(), zorder=4, **ink.words_for(True))  # fmt: skip
    ink.number_axis(ax, lang, percent=unit == "share", ticks=4 if narrow else 6)
    ink.above_within(ax, centre, say(f"charts.regions.key{'_short' if narrow else ''}", lang))
    ink.below(ax, 0.5, say("charts.regions.precision", lang))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the picture in words; the regions outside by name."""
    unit, first = str(frame["unit"].iloc[0]), frame.iloc[0]
    out = frame[(frame["value"] < frame["lower"]) | (frame["value"] > frame["upper"])]
    text = say("charts.regions.alt", lang, n=len(frame), outside=len(out), far=int(frame["flagged"].sum()),
               centre=quantity(float(first["centre"]), unit, lang, signed=False), phi=float(first["phi"]))  # fmt: skip
    named = [f"{r.region}: {quantity(float(r.value), unit, lang, signed=False)}" for r in out.itertuples()]
    return " ".join([text, *(f"{n}." for n in named)])
