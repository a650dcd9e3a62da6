"""Leniency that cannot be pinned down: a hatched stretch from 0 to the most it can be."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink


def data(finding: Finding) -> pd.DataFrame | None:
    """Return the bounds, from a finding whose range is a pair of bounds on a share."""
    e = finding.estimate
    if e is None:
        return None
    top = e.upper if math.isfinite(e.upper) else e.value
    if not math.isfinite(top):
        return None
    return pd.DataFrame({"lower": [0.0], "upper": [float(top)], "n": [e.n]})


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 74


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the track and the hatched stretch."""
    ax = ink.place(host, 12, 22, 26, 26)
    ink.rows_down(ax, 20)
    ax.set_xlim(0, 1)
    ax.spines["bottom"].set_visible(False)
    top = float(frame["upper"].iloc[0])
    ink.block(ax, 0, 10, 1, 14, facecolor=theme.TRACK)
    ink.block(ax, 0, 10, top, 14, **ink.UNKNOWN)
    ax.set_xticks([0, 0.5, 1])
    ax.set_xticklabels(["0%", "50%", "100%"])
    ax.tick_params(axis="x", length=0)
    ink.above(ax, 0, say("charts.bounds.label", lang, upper=top), ha="left", color=theme.INK, weight="bold", pixels=4)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the bounds in words."""
    return say("charts.bounds.alt", lang, upper=float(frame["upper"].iloc[0]))
