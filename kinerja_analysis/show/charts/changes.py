"""How far the mean predikat of the same employees moved: where the supervisor stayed, and where another one came."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

LEAST = 8
KINDS = ("kept", "changed")


def data(moves: pd.DataFrame) -> pd.DataFrame | None:
    """Return the audit's ``moves`` rows with their shares, or None below eight changes of supervisor.

    Columns ``position`` (levels of the predikat), ``n_kept n_changed`` (groups), ``share_kept share_changed``.
    """
    frame = moves[["position", *KINDS]].rename(columns={k: f"n_{k}" for k in KINDS}).reset_index(drop=True)
    if frame["n_changed"].sum() < LEAST or not frame["n_kept"].sum():
        return None
    return frame.assign(**{f"share_{kind}": frame[f"n_{kind}"] / frame[f"n_{kind}"].sum() for kind in KINDS})


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 300


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw two rows of bars over one axis: above those who kept their supervisor, below those who did not."""
    ax = ink.place(host, 8, 8, 10, 56)
    places = frame["position"].to_numpy(float)
    step = float(np.diff(np.sort(places)).min()) if len(places) > 1 else 0.5
    ax.set_xlim(*ink.padded(places.min() - step, places.max() + step, 0.02))
    ax.set_yticks([])
    ax.set_ylim(0, 2.5)
    ax.axvline(0, 0, 2.3 / 2.5, color=theme.INK, linewidth=theme.points(1.2), linestyle=(0, (5, 4)), zorder=1)
    most = float(frame[["share_kept", "share_changed"]].to_numpy().max())
    looks = {"kept": (theme.BLUE_BAR, theme.BLUE_LINE), "changed": (theme.OCHRE_BAR, theme.OCHRE)}
    for base, (kind, (fill, edge)) in zip((1.28, 0.0), looks.items(), strict=True):
        high = frame[f"share_{kind}"] / most
        some = high > 0
        ax.bar(places[some], high[some], 0.82 * step, bottom=base, color=fill, edgecolor=edge,
               linewidth=theme.points(1.2), zorder=2)  # fmt: skip
        ax.axhline(base, color=theme.INK, linewidth=theme.points(1), zorder=2.2)
        text = say(f"charts.changes.{kind}", lang, n=int(frame[f"n_{kind}"].sum()))
        ax.annotate(text, (0, (base + 1.09) / 2.5), xycoords="axes fraction", ha="left", va="center", fontsize=ink.TEXT,
                    color=theme.INK, weight="bold", path_effects=ink.halo(), zorder=4)  # fmt: skip
    ink.number_axis(ax, lang, signed=True, ticks=5 if narrow else 9)
    ink.below(ax, 0.5, say("charts.changes.axis", lang))


def moved(frame: pd.DataFrame, kind: str) -> float:
    """Return the share of groups in bars away from the middle one."""
    return float(frame.loc[frame["position"].abs() > 1e-9, f"share_{kind}"].sum())


def spread(frame: pd.DataFrame, kind: str) -> float:
    """Return the standard deviation of the moves, each in the middle of its bar, around none."""
    return math.sqrt(float((frame["position"] ** 2 * frame[f"share_{kind}"]).sum()))


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the picture in words."""
    told = {f"n_{k}": int(frame[f"n_{k}"].sum()) for k in KINDS} | {f"moved_{k}": 100 * moved(frame, k) for k in KINDS}
    return say("charts.changes.alt", lang, **told, **{f"sd_{k}": spread(frame, k) for k in KINDS})
