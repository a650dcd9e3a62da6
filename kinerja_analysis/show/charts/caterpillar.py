"""Leniency per rater: estimate and range, ring after shrinkage, grouped by linked component, flags as diamonds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import number, say, show
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink
from kinerja_analysis.show.names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, HEAD = 18, 26
MOST = 45
MOST_HEADS = 6
#: Messages of measures that are not a difference from other raters of the same employees.
WORDS = {"relative_shift": "caterpillar_shift", "case_leniency": "caterpillar_case"}
COLUMNS = ("rater", "component", "n", "value", "lower", "upper", "shrunken", "p_adjusted", "flagged", "threshold")


def data(
    result: Result, *, names: Mapping[str, str] | None = None, measure: str = "within_ratee", most: int = MOST
) -> pd.DataFrame | None:
    """Return one row per rater: linked groups by size, raters by estimate inside their group only.

    With many small groups flagged raters come first and the rest are in no order of estimates. With more than
    ``most`` raters all flagged ones stay, then those with most ratees; ``attrs["all"]`` holds the number of all.
    ``names`` maps pseudonyms to short names.
    """
    rows = []
    for f in result.findings(subject_kind="rater", measure=measure):
        e = f.estimate
        if e is not None and math.isfinite(e.value):
            row = (f.subject, int(f.params.get("component", 0)), e.n, e.value, e.lower, e.upper)
            shrunken = float(f.params.get("shrunken", math.nan))
            rows.append((*row, shrunken, f.p_adjusted, f.status is Status.FLAGGED, f.threshold))
    if not rows:
        return None
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("rater", kind="stable")
    frame["rater"] = frame["rater"].map(names or short_names(frame["rater"]))
    total = len(frame)
    frame = frame.sort_values(["flagged", "n"], ascending=False, kind="stable").head(most)
    sizes = frame["component"].map(frame["component"].value_counts())
    apart = frame["component"].nunique() > MOST_HEADS
    frame = frame.assign(_flagged=~frame["flagged"] & apart, _size=-sizes, _value=-frame["value"])
    frame = frame.sort_values(["_flagged", "_size", "component", "_value"], kind="stable")
    order = {name: i for i, name in enumerate(frame["component"].drop_duplicates())}
    several = len(order) > 1  # a single one needs no letter
    frame["component"] = [letters(order[c]) if several else None for c in frame["component"]]
    frame = frame.drop(columns=["_flagged", "_size", "_value"]).reset_index(drop=True)
    frame.attrs |= {"all": total, "words": WORDS.get(measure, "caterpillar")}
    return frame


def letters(i: int) -> str:
    """Return A, B … Z, AA, AB … for 0, 1 …

    >>> letters(0), letters(25), letters(26)
    ('A', 'Z', 'AA')
    """
    return (letters(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def headed(frame: pd.DataFrame) -> bool:
    """Tell whether groups have headings: with many small groups their letter stands in the row instead."""
    return 1 < frame["component"].nunique() <= MOST_HEADS


def _height(frame: pd.DataFrame) -> float:
    return ROW * len(frame) + (HEAD * frame["component"].nunique() if headed(frame) else 6)


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return int(40 + _height(frame) + 62)


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the raters."""
    left, right = (84, 44) if narrow else (128, 170)
    ax = ink.place(host, left, right, 40, 62)
    ink.rows_down(ax, _height(frame))
    reach = float(np.nanmax(np.abs(frame[["lower", "upper", "value"]].to_numpy(float))))
    ax.set_xlim(-reach * 1.04, reach * 1.04)
    limit = float(frame["threshold"].iloc[0])
    ink.zone(ax, -limit, limit)
    ink.upright(ax, 0)
    short = "_short" if narrow else ""
    own = frame.attrs.get("words", "caterpillar")
    ink.above(ax, 0, say(f"charts.{own}.zero{short}", lang))
    wide = ink.across(ax)
    head: dict[str, Any] = {"ha": "right", "fontsize": ink.SMALL, "color": theme.MUTED}
    ink.aside(ax, wide + (38 if narrow else 52), -12, "n", **head)
    if not narrow:
        ink.aside(ax, wide + 160, -12, say("show.column.p_adjusted", lang), **head)
    if frame["component"].nunique() > 1 and not headed(frame) and not narrow:
        ink.aside(ax, -16, -12, say("charts.caterpillar.group_short", lang), **head)
    _rows(ax, frame, lang, narrow, left)
    ink.number_axis(ax, lang, signed=True, ticks=5)
    ink.below(ax, 0.0, say(f"charts.{own}.lower{short}", lang), ha="left")
    ink.below(ax, 1.0, say(f"charts.{own}.higher{short}", lang), ha="right")


def _rows(ax: Axes, frame: pd.DataFrame, lang: str, narrow: bool, left: float) -> None:
    heads, lettered = headed(frame), frame["component"].nunique() > 1 and not narrow
    wide = ink.across(ax)
    places, y, last = [], 0.0, None
    for r in frame.to_dict("records"):
        if heads and r["component"] != last:
            name = say("charts.caterpillar.group", lang, name=r["component"])
            ink.aside(ax, -left + 2, y + HEAD - 9, name, weight="bold")
            y, last = y + HEAD, r["component"]
        y += ROW
        place = y - ROW / 2 + (0 if heads else 4)
        look = ink.words_for(r["flagged"])
        ink.aside(ax, -left + 2, place, ink.shorten(r["rater"], 11), **look)
        ink.aside(ax, wide + (38 if narrow else 52), place, number(r["n"], 0, lang), ha="right", **look)
        if not narrow:
            ink.aside(ax, wide + 160, place, show(r["p_adjusted"], "p", lang), ha="right", **look)
        if lettered and not heads:
            ink.aside(ax, -16, place, r["component"], ha="right", color=theme.MUTED)
        places.append(place)
    _marks(ax, frame.assign(y=places))


def _marks(ax: Axes, frame: pd.DataFrame) -> None:
    ink.spans(ax, frame["y"], frame["lower"], frame["upper"], frame["flagged"])
    ringed = frame[frame["shrunken"].notna()]
    ink.dots(ax, ringed["shrunken"], ringed["y"], "ring")
    for kind, rows in (("estimate", frame[~frame["flagged"]]), ("flagged", frame[frame["flagged"]])):
        ink.dots(ax, rows["value"], rows["y"], kind)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the flagged raters in words, and what the others show."""
    flagged = frame[frame["flagged"]]
    limit = float(frame["threshold"].iloc[0])
    own = frame.attrs.get("words", "caterpillar")
    head = say(
        f"charts.{own}.alt",
        lang,
        n=int(frame.attrs.get("all", len(frame))),
        shown=len(frame),
        groups=max(int(frame["component"].nunique()), 1),
        flagged=len(flagged),
        limit=limit,
    )
    rows = [
        say(
            f"charts.{own}.alt_row",
            lang,
            rater=r["rater"],
            value=r["value"],
            lower=r["lower"],
            upper=r["upper"],
            n=int(r["n"]),
        )
        for r in flagged.to_dict("records")
    ]
    return " ".join([head, *rows])
