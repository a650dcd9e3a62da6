"""The region's predikat as one stacked bar, the national spread below it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import benchmarks, theme
from kinerja_analysis.show.charts import drawing as ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR, ROW = 28, 52
PARTS = ("SANGAT BAIK", "BAIK", "DI BAWAH BAIK")
LOW = ("BUTUH PERBAIKAN", "KURANG", "SANGAT KURANG")


def data(predikat: pd.DataFrame) -> pd.DataFrame | None:
    """Return three shares and the national ones from the audit's ``predikat`` counts.

    The three lowest are merged, so that nobody can be recognised. A hidden count (below zero) becomes missing.
    """
    n = predikat.set_index("predikat")["n"].astype("float64")
    n = n.where(n >= 0)
    low = float(n[PARTS[2]]) if PARTS[2] in n.index else float(n.reindex(list(LOW)).sum())
    counts = pd.Series({PARTS[0]: n.get(PARTS[0], math.nan), PARTS[1]: n.get(PARTS[1], math.nan), PARTS[2]: low})
    total = float(counts.sum())
    if not total > 0:
        return None
    world = benchmarks.national()
    nation = [world[PARTS[0]], world[PARTS[1]], sum(world[p] for p in LOW)]
    return pd.DataFrame(
        {"predikat": PARTS, "n": counts.to_numpy(), "share": counts.to_numpy() / total, "national": nation}
    )


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 148 if not narrow else 184


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw both bars."""
    row = ROW if not narrow else 70
    ax = ink.place(host, 4 if narrow else 190, 8, 24, 8)
    ink.rows_down(ax, 2 * row + (0 if narrow else 8))
    ax.set_xlim(0, 1)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    for i, column in enumerate(("share", "national")):
        y = row * i + row - BAR / 2 - (0 if narrow else 6)
        _bar(ax, frame[column].tolist(), y, lang, narrow)
        text = say(f"charts.distribution.{column}", lang)
        ink.aside(ax, 0 if narrow else -188, y - (28 if narrow else 0), text, weight="bold" if i == 0 else "normal")
    shares = frame["share"].fillna(0)
    marks = [(0.0, "left"), (float(shares[0]) + float(shares[1]) / 2, "center"), (1.0, "right")]
    for (x, side), name in zip(marks, ("top", "middle", "low"), strict=True):
        ink.above(ax, x, say(f"charts.distribution.{name}", lang), ha=side, pixels=2)


def _bar(ax: Axes, shares: list[float], y: float, lang: str, narrow: bool) -> None:
    looks = (
        (theme.BLUE, theme.BLUE, "#ffffff"),
        (theme.BLUE_BAR, theme.BLUE_LINE, theme.INK),
        (theme.OCHRE_BAR, theme.OCHRE, theme.OCHRE_TEXT),
    )
    start = 0.0
    for i, (given, (fill, edge, text)) in enumerate(zip(shares, looks, strict=True)):
        share = given if math.isfinite(given) else 0.0
        look: dict[str, Any] = {
            "color": fill,
            "edgecolor": edge,
            "linewidth": theme.points(1.2),
            "hatch": "////" if i == 2 else None,
        }
        if share > 0:
            ax.barh(y, share, BAR, left=start, **look)
        if share > (0.1 if narrow else 0.06):
            size = theme.points(11.5) if narrow and share < 0.16 else ink.TEXT
            words = in_words(given, lang)
            ink.label(ax, start + share / 2, y, words, ha="center", color=text, weight="bold", fontsize=size)
        elif i == 2:
            ink.label(ax, 0.985, y, f"{in_words(given, lang)} →", ha="right", fontsize=ink.SMALL)
        start += share


def in_words(share: float, lang: str) -> str:
    """Return a share as percent, or that it is hidden.

    >>> in_words(0.0027, "id"), in_words(float("nan"), "en")
    ('0,3%', 'fewer than 10')
    """
    return number(100 * share, 1, lang) + "%" if math.isfinite(share) else say("charts.distribution.hidden", lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the shares in words."""
    names = ("top", "middle", "low")
    shares = {name: in_words(float(v), lang) for name, v in zip(names, frame["share"], strict=True)}
    nation = {f"national_{k}": in_words(float(v), lang) for k, v in zip(names, frame["national"], strict=True)}
    return say("charts.distribution.alt", lang, n=int(frame["n"].sum()), **shares, **nation)
