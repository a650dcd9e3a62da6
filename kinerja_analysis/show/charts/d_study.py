"""How dependable the mean of m raters is: the curve of a decision study over m, its range, where the data stands."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import number, say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

LEAST, MOST = 10, 20
BOTTOM, HEIGHT = 62, 300


def data(result: Result, *, source: str = "") -> pd.DataFrame | None:
    """Return Φ of the mean of 1, 2 … m raters of one source, from the finding ``phi`` for the raters there are.

    With Φ of k raters the error of one is k(1 − Φ)/Φ times the variance of employees, so that of m raters
    Φ = m r/(1 + (m − 1) r) with r = Φ/(k − (k − 1)Φ) of one (Brennan 2001); the limits follow the same curve.
    Columns ``raters value lower upper now decision feedback source``; ``now`` marks the row of the k raters there are
    (a mean, not a whole number), the last one.
    """
    found = [f for f in result.findings(measure="phi") if f.subject_kind == "source" and source in ("", f.subject)]
    found = [f for f in found if f.status in (Status.FLAGGED, Status.CLEAR) and f.estimate is not None]
    found = [f for f in found if f.estimate is not None and 0 < f.estimate.value < 1 and f.params.get("raters")]
    if not found:
        return None
    f = max(found, key=lambda f: f.estimate.n if f.estimate is not None else 0)
    assert f.estimate is not None
    k = float(f.params["raters"])
    ends = (f.estimate.value, f.estimate.lower, f.estimate.upper)
    one = [phi / (k - (k - 1) * phi) if math.isfinite(phi) else math.nan for phi in ends]
    goal = float(f.params["decision"])
    needed = goal * (1 - one[0]) / (one[0] * (1 - goal))
    m = np.arange(1.0, min(MOST, max(LEAST, math.ceil(needed) + 1, math.ceil(k) + 1)) + 1)
    m = np.append(m, k)
    curves = {name: m * r / (1 + (m - 1) * r) for name, r in zip(("value", "lower", "upper"), one, strict=True)}
    return pd.DataFrame({"raters": m, **curves, "now": np.arange(len(m)) == len(m) - 1, "decision": goal,
                         "feedback": float(f.params["feedback"]), "source": f.subject})  # fmt: skip


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return HEIGHT


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw the curve with its range, the two goals and a ring where the data stands."""
    left, right = 46, 16
    ax = ink.place(host, left, right, 26, BOTTOM)
    whole, now = frame[~frame["now"]], frame[frame["now"]].iloc[0]
    last = int(whole["raters"].max())
    ax.set_xlim(0.6, last + 0.4)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    for level in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        ink.aside(ax, -10, level, number(level, 1, lang), ha="right", fontsize=ink.SMALL, color=theme.MUTED)
    for name in ("decision", "feedback"):
        goal = float(frame[name].iloc[0])
        ax.axhline(goal, color=theme.INK, linewidth=theme.points(1.2), linestyle=(0, (5, 4)), zorder=1.5)
        text = say(f"charts.d_study.{name}{'_short' if narrow else ''}", lang, goal=goal)
        ink.label(ax, 0.66, goal + 0.045, text, ha="left", fontsize=ink.SMALL, zorder=4)
    low, high = whole["lower"].to_numpy(float), whole["upper"].to_numpy(float)
    ax.fill_between(whole["raters"], low, high, color=theme.BLUE_BAR, linewidth=0, zorder=1)
    ax.plot(whole["raters"], whole["value"], color=theme.BLUE, linewidth=theme.points(2), zorder=2)
    ink.dots(ax, whole["raters"], whole["value"])
    ink.ring(ax, now["raters"], now["value"], 13, 2)
    ink.label(ax, now["raters"] + 0.25, now["value"] - 0.1, say("charts.d_study.now", lang), ha="left", weight="bold",
              path_effects=ink.halo(), zorder=4)  # fmt: skip
    step = 2 if last > 12 or narrow else 1
    ink.fixed_ticks(ax, [m for m in range(1, last + 1, step)], lambda m: number(m, 0, lang))
    ink.below(ax, 0.5, say("charts.d_study.raters", lang, source=naming.word(frame["source"].iloc[0], lang)))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the curve in words: now, and where it passes the goal."""
    goal = float(frame["decision"].iloc[0])
    whole, now = frame[~frame["now"]], frame[frame["now"]].iloc[0]
    reached = whole[whole["value"] >= goal]
    first = say("charts.d_study.alt_now", lang, **{k: now[k] for k in ("raters", "value", "lower", "upper")})
    if reached.empty:
        return f"{first} {say('charts.d_study.alt_never', lang, goal=goal, most=int(whole['raters'].max()))}"
    least = int(reached["raters"].iloc[0])
    return f"{first} {say('charts.d_study.alt_reached', lang, goal=goal, raters=least)}"
