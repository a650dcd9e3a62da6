"""The region's predikat as one stacked bar, the national spread below it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinerja_analysis.base.words import say, show
from kinerja_analysis.show import benchmarks, theme
from kinerja_analysis.show.charts import drawing as ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR, ROW, LETTER = 28, 52, 8
PARTS = ("SANGAT BAIK", "BAIK", "DI BAWAH BAIK")
LOW = ("BUTUH PERBAIKAN", "KURANG", "SANGAT KURANG")


def data(predikat: pd.DataFrame, rated: int = 0, rounded: bool = False) -> pd.DataFrame | None:
    """Return three shares of all ``rated`` and the national ones from the audit's ``predikat`` counts.

    The three lowest are merged, so that nobody can be recognised. A hidden count (below zero) becomes missing. Shares
    of ``rounded`` counts are told in whole percents, if none is below one.
    ``attrs``: ``rated``, ``rounded``, the form of ``share``.
    """
    n = predikat.set_index("predikat")["n"].astype("float64")
    n = n.where(n >= 0)
    low = float(n[PARTS[2]]) if PARTS[2] in n.index else float(n.reindex(list(LOW)).sum())
    counts = pd.Series({PARTS[0]: n.get(PARTS[0], math.nan), PARTS[1]: n.get(PARTS[1], math.nan), PARTS[2]: low})
    total = max(float(counts.sum()), float(rated))
    if not total > 0:
        return None
    world = benchmarks.national()
    nation = [world[PARTS[0]], world[PARTS[1]], sum(world[p] for p in LOW)]
    frame = pd.DataFrame(
        {"predikat": PARTS, "n": counts.to_numpy(), "share": counts.to_numpy() / total, "national": nation}
    )
    frame.attrs |= {"rated": round(total), "rounded": rounded,
                    "share": "%" if rounded and frame["share"].min() >= 0.01 else "%1"}  # fmt: skip
    return frame


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 148 if not narrow else 184


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw both bars."""
    row = ROW if not narrow else 70
    ax = ink.place(host, 4 if narrow else 190, 8, 24, 8)
    ink.rows_down(ax, 2 * row + (0 if narrow else 8))
    ax.set_xlim(0, 1)
    ax.set_axis_off()
    for i, column in enumerate(("share", "national")):
        y = row * i + row - BAR / 2 - (0 if narrow else 6)
        _bar(ax, frame[column].tolist(), y, lang, frame.attrs.get(column, "%1"))
        text = say(f"charts.distribution.{column}", lang, rounded=frame.attrs["rounded"])
        ink.aside(ax, 0 if narrow else -188, y - (28 if narrow else 0), text, weight="bold" if i == 0 else "normal")
    shares = frame["share"].fillna(0)
    marks = [(0.0, "left"), (float(shares[0]) + float(shares[1]) / 2, "center"), (1.0, "right")]
    for (x, side), name in zip(marks, ("top", "middle", "low"), strict=True):
        ink.above(ax, x, say(f"charts.distribution.{name}", lang), ha=side, pixels=2)


def _bar(ax: Axes, shares: list[float], y: float, lang: str, form: str) -> None:
    looks = (
        (theme.BLUE, theme.BLUE, "#ffffff"),
        (theme.BLUE_BAR, theme.BLUE_LINE, theme.INK),
        (theme.OCHRE_BAR, theme.OCHRE, theme.OCHRE_TEXT),
    )
    words, wide = [in_words(share, lang, form) for share in shares], ink.across(ax)
    known = [share if math.isfinite(share) else 0.0 for share in shares]
    fits = [share * wide > LETTER * len(text) for share, text in zip(known, words, strict=True)]
    left, right = ((len(words[i]) + 3) * LETTER / wide * (not fits[i]) for i in (0, 2))
    start = 0.0
    for i, (share, (fill, edge, text)) in enumerate(zip(known, looks, strict=True)):
        look: dict[str, Any] = {
            "facecolor": fill,
            "edgecolor": edge,
            "linewidth": theme.points(1.2),
            "hatch": "////" if i == 2 else None,
        }
        if share > 0:
            ink.block(ax, start, y, share, BAR, **look)
        if fits[i]:
            middle = start + share / 2 + (left - right) / 2 * (i == 1)
            ink.label(ax, middle, y, words[i], ha="center", color=text, weight="bold")
        elif i == 0:
            ink.label(ax, share + 0.015, y, f"← {words[i]}", ha="left", fontsize=ink.SMALL)
        elif i == 2:
            ink.label(ax, 0.985, y, f"{words[i]} →", ha="right", fontsize=ink.SMALL)
        start += share


def in_words(share: float, lang: str, form: str = "%1") -> str:
    """Return a share as percent, or that it is hidden.

    >>> in_words(0.0027, "id"), in_words(0.18, "id", "%"), in_words(float("nan"), "en")
    ('0,3%', '18%', 'fewer than 10')
    """
    return show(share, form, lang) if math.isfinite(share) else say("charts.distribution.hidden", lang)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the shares in words."""
    names = ("top", "middle", "low")
    form = frame.attrs["share"]
    shares = {name: in_words(float(v), lang, form) for name, v in zip(names, frame["share"], strict=True)}
    nation = {f"national_{k}": in_words(float(v), lang) for k, v in zip(names, frame["national"], strict=True)}
    rounded = frame.attrs["rounded"]
    return say("charts.distribution.alt", lang, n=frame.attrs["rated"], rounded=rounded, **shares, **nation)
