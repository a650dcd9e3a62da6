"""The objectivity index: a strip from 0 to 100 with range, ceiling and yardstick, and the hundred pairs behind it."""

from __future__ import annotations

import math

import pandas as pd

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

USUAL = 50.0  #: one supervisor rating at the published reliability of .50
MOST = 2


def data(finding: Finding) -> pd.DataFrame | None:
    """Return the index (at least 0), its range, the ceiling, the pairs of 100, and how many comparators it has."""
    e = finding.estimate
    if e is None or not math.isfinite(e.value):
        return None
    p = finding.params
    row = {"value": max(e.value, 0.0), "lower": max(e.lower, 0.0), "upper": max(e.upper, 0.0), "n": e.n}
    row |= {name: p[name] for name in ("separated", "concordant", "discordant", "tied")}
    return pd.DataFrame([row | {"comparators": int(p["n_comparators"])}])


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 206


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the strip above the squares."""
    r = frame.iloc[0]
    _strip(host, r, lang)
    _squares(host, r, lang)


def _strip(host: ink.Host, r: pd.Series, lang: str) -> None:
    ax = ink.place(host, 10, 14, 24, 146)
    ink.rows_down(ax, 20)
    ax.set_xlim(0, 100)
    ax.spines["bottom"].set_visible(False)
    ink.block(ax, 0, 10, 100, 10, facecolor=theme.TRACK)
    if r["comparators"] < MOST and r["lower"] > 0:
        ink.block(ax, 0, 10, r["lower"], 14, **ink.UNKNOWN)
    ink.span(ax, 10, r["lower"], r["upper"], thick=14)
    ax.plot([r["separated"]] * 2, [0, 20], color=theme.INK, linewidth=theme.points(1.4), linestyle=(0, (4, 3)))
    ink.tick(ax, USUAL, 10, 8)
    ink.dot(ax, r["value"], 10)
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.tick_params(axis="x", length=0)
    ceiling = say("charts.supported.ceiling", lang, separated=r["separated"])
    side = "left" if r["separated"] < USUAL else "right"
    ink.above(ax, r["separated"], ceiling, ha=side, pixels=3)


def _squares(host: ink.Host, r: pd.Series, lang: str) -> None:
    same = round(r["concordant"])
    other = min(round(r["discordant"]), 100 - same)
    parts = (("same", same, ink.FULL), ("other", other, ink.AGAINST), ("rest", 100 - same - other, ink.EMPTY))
    ink.hundred(host, 92, 24, [(n, look, say(f"charts.supported.{name}", lang, n=n)) for name, n, look in parts])


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return strip and squares in words."""
    r = frame.iloc[0].to_dict()
    return say(f"charts.supported.alt{'' if math.isfinite(r['lower']) else '_full'}", lang, **r)
