"""How many teams give which share of Baik, beside what chance alone would give for teams of all-Baik."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink


def data(teams: pd.DataFrame) -> pd.DataFrame | None:
    """Return the audit's ``teams`` counts, or None without a single team of ten and more."""
    frame = teams[["bin", "n", "expected", "lower", "upper"]].reset_index(drop=True)
    return frame if frame["n"].sum() > 0 else None


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 260 if not narrow else 240


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the bars and, beside each, the range chance gives."""
    ax = ink.place(host, 8, 8, 26, 56)
    ax.set_yticks([])
    ax.set_xlim(-0.5, len(frame) - 0.5)
    top = float(max(frame["n"].max(), frame["upper"].max()))
    ax.set_ylim(0, top * 1.2)
    for i, r in enumerate(frame.to_dict("records")):
        ax.bar(i - 0.1, r["n"], 0.56, color=theme.BLUE_BAR, edgecolor=theme.BLUE_LINE, linewidth=theme.points(1.2))
        ink.label(ax, i - 0.1, r["n"] + top * 0.05, number(r["n"], 0, lang), ha="center", weight="bold")
        if r["upper"] < 0.5:
            continue
        ax.plot([i + 0.32, i + 0.32], [r["lower"], r["upper"]], color=theme.INK, linewidth=theme.points(1.8))
        ink.ring(ax, i + 0.32, r["expected"], 7, 1.8)
    short = len(frame) > 5 and narrow
    ax.set_xticks(range(len(frame)))
    ax.set_xticklabels([_name(b) for b in frame["bin"]], fontsize=theme.points(10.5 if short else 12.5))
    ax.tick_params(axis="x", length=0)
    ink.below(ax, 0.5, say("charts.teams.axis", lang))
    ink.above(ax, -0.5, say("charts.teams.count", lang), ha="left", pixels=4)


def _name(text: str) -> str:
    return str(text).replace("<=", "≤ ").replace("-", "–")


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the bars in words."""
    rows = [
        say("charts.teams.alt_row", lang, bin=_name(r["bin"]), n=int(r["n"]), expected=float(r["expected"]))
        for r in frame.to_dict("records")
    ]
    return " ".join([say("charts.teams.alt", lang, n=int(frame["n"].sum())), *rows])
