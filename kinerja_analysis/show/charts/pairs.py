"""One hundred pairs of employees of the same team as squares: how many the predikat separates."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

ACROSS, DOWN = 20, 5


def data(finding: Finding) -> pd.DataFrame | None:
    """Return the share of separated pairs with its range, from the finding ``separated_pairs``."""
    e = finding.estimate
    if e is None or not math.isfinite(e.value):
        return None
    return pd.DataFrame({"value": [e.value], "lower": [e.lower], "upper": [e.upper], "n": [e.n]})


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 118


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the squares, the separated pairs filled."""
    from matplotlib.patches import Rectangle

    across, _ = host.pixels
    ax = ink.place(host, 2, 2, 2, 28)
    side = min((across - 4) / ACROSS, 88.0 / DOWN)
    ax.set_xlim(0, (across - 4) / side)
    ax.set_ylim(88.0 / side, 0)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    filled = round(100 * float(frame["value"].iloc[0]))
    for i in range(100):
        column, line = divmod(i, DOWN)
        on = i < filled
        ax.add_patch(
            Rectangle(
                (column + 0.1, line + 0.1),
                0.8,
                0.8,
                linewidth=theme.points(1),
                facecolor=theme.BLUE if on else theme.PAPER,
                edgecolor=theme.BLUE if on else "#8a94a0",
            )
        )
    ink.below(ax, 0.0, say("charts.pairs.legend", lang, separated=filled, rest=100 - filled), ha="left", pixels=6)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the squares in words."""
    r = frame.iloc[0]
    return say("charts.pairs.alt", lang, separated=100 * r["value"], lower=100 * r["lower"], upper=100 * r["upper"])
