"""Leniency of raters against how many employees they rated: raw and shrunken, and how far chance alone reaches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST, HEIGHT = 8, 360
MOST_NAMED = 6
Z95 = 1.959964
TICKS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)


def data(
    result: Result, *, names: Mapping[str, str] | None = None, measure: str = "within_ratee"
) -> pd.DataFrame | None:
    """Return one row per rater with an estimate, None below eight: ``rater n value shrunken chance flagged threshold``.

    ``chance`` is the half width that an estimate of a rater with as many employees has on average: 1.96 c/√n, c the
    median of the raters' standard errors times √n. ``names`` maps pseudonyms to short names.
    """
    rows = []
    for f in result.findings(subject_kind="rater", measure=measure):
        e = f.estimate
        if e is not None and all(map(math.isfinite, (e.value, e.lower, e.upper))) and e.n > 0:
            shrunken = float(f.params.get("shrunken", math.nan))
            se = (e.upper - e.lower) / (2 * Z95)
            rows.append((f.subject, e.n, e.value, shrunken, se, f.status is Status.FLAGGED, f.threshold))
    if len(rows) < LEAST:
        return None
    frame = pd.DataFrame(rows, columns=["rater", "n", "value", "shrunken", "se", "flagged", "threshold"])
    scale = float(np.median(frame["se"] * np.sqrt(frame["n"])))
    frame["rater"] = frame["rater"].map(names or short_names(frame["rater"]))
    frame["chance"] = Z95 * scale / np.sqrt(frame["n"])
    return frame.drop(columns="se").sort_values(["n", "rater"], kind="stable", ignore_index=True)


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return HEIGHT


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the raters, the funnel of chance and the zone too small to matter."""
    ax = ink.place(host, 54, 16, 26, 62)
    low, high = math.sqrt(frame["n"].min()), math.sqrt(frame["n"].max())
    ax.set_xlim(*ink.padded(low, high, 0.05))
    reach = 1.12 * float(np.nanmax(np.abs(frame[["value", "chance"]].to_numpy(float))))
    ax.set_ylim(-reach, reach)
    ax.set_yticks([])
    _ground(ax, frame, reach, lang)
    along = np.linspace(low, high, 60)
    scale = float(frame["chance"].iloc[0]) * math.sqrt(frame["n"].iloc[0])
    for side in (-1, 1):
        ax.plot(along, side * scale / along, color=theme.INK, linewidth=theme.points(1.2), linestyle=(0, (5, 4)))
    _raters(ax, frame)
    if not narrow:
        _names(ax, frame[frame["flagged"]], reach)
    places = [n for n in TICKS if low <= math.sqrt(n) <= high]
    ax.set_xticks([math.sqrt(n) for n in places])
    ax.set_xticklabels([number(n, 0, lang) for n in places])
    ink.below(ax, 0.5, say("charts.funnel.n", lang))
    ink.above_within(ax, low, say(f"charts.funnel.key{'_short' if narrow else ''}", lang))


def _ground(ax: Axes, frame: pd.DataFrame, reach: float, lang: str) -> None:
    """Draw the zone too small to matter, the line of no difference and the numbers beside the axis."""
    limit = float(frame["threshold"].iloc[0])
    if math.isfinite(limit):
        ax.axhspan(-limit, limit, color=theme.ZONE, linewidth=0, zorder=0)
    ax.axhline(0, color=theme.INK, linewidth=theme.points(1.4), zorder=1.5)
    step = _step(reach)
    for k in range(-int(reach // step), int(reach // step) + 1):
        text = ("+" if k > 0 else "") + number(k * step, 0 if step >= 1 else 1, lang)
        ink.aside(ax, -10, k * step, text, ha="right", fontsize=ink.SMALL, color=theme.MUTED)


def _raters(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the estimates, and rings where shrinkage takes them."""
    x = np.sqrt(frame["n"].to_numpy(float))
    ringed, flagged = frame["shrunken"].notna().to_numpy(), frame["flagged"].to_numpy(bool)
    ax.vlines(x[ringed], frame["value"][ringed], frame["shrunken"][ringed], colors=theme.BLUE_LINE,
              linewidth=theme.points(1))  # fmt: skip
    ink.dots(ax, x[ringed], frame["shrunken"][ringed], "ring")
    for kind, mine in (("estimate", ~flagged), ("flagged", flagged)):
        ink.dots(ax, x[mine], frame["value"][mine], kind)


def _names(ax: Axes, flagged: pd.DataFrame, reach: float) -> None:
    """Name the flagged raters that stand out most, towards the middle, one below the other."""
    low, high = ax.get_xlim()
    top = flagged.sort_values("value", key=abs, ascending=False).head(MOST_NAMED)
    y = math.inf
    for r in top.sort_values("value", ascending=False).to_dict("records"):
        x, y = math.sqrt(r["n"]), min(r["value"], y - reach / 9)
        left = x < (low + high) / 2
        ink.label(ax, x + (1 if left else -1) * 0.02 * (high - low + 1), y, r["rater"], ha="left" if left else "right",
                  color=theme.OCHRE_TEXT, weight="bold", path_effects=ink.halo(), zorder=4)  # fmt: skip


def _step(reach: float) -> float:
    """Return a round distance of ticks."""
    return next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if reach / s <= 4.5), 100.0)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the picture in words."""
    outside = int((frame["value"].abs() > frame["chance"]).sum())
    return say(
        "charts.funnel.alt", lang, n=len(frame), least=int(frame["n"].min()), most=int(frame["n"].max()),
        outside=outside, flagged=int(frame["flagged"].sum()), narrowest=float(frame["chance"].min()),
        widest=float(frame["chance"].max()),
    )  # fmt: skip
