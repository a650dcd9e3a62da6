"""A schema of who rates whom: separate teams, islands, or one linked net."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts import drawing as ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 364
TEAMS = (4, 5, 3, 5, 4)
CASES = (90, 180, 270)
NETS = ((8, 88, 62, 78, 50), (6, 250, 48, 62, 40), (4, 188, 132, 48, 28), (3, 316, 118, 40, 34))


def data(row: Any) -> pd.DataFrame:
    """Return one design row (``region year kind source verdict …``) as a frame; it is a schema, not a census."""
    names = ("kind", "verdict", "n_ratees", "n_raters", "n_components", "movers")
    return pd.DataFrame([{name: getattr(row, name) for name in names}])


def size(frame: pd.DataFrame, narrow: bool) -> int:
    """Return the height in pixels."""
    return 196


def draw(host: ink.Host, frame: pd.DataFrame, lang: str, narrow: bool) -> None:
    """Draw teams for an export (with what links them), islands for groups, a net where everything is linked."""
    ax = ink.place(host, 0, 0, 0, 0)
    across, down = host.pixels
    span = max(across, WIDTH)  # on a phone all of it, drawn closer together
    middle = (span - WIDTH) / 2
    ax.set_xlim(-middle, span - middle)
    ax.set_ylim(down, 0)
    ax.set_axis_off()
    r = frame.iloc[0]
    anchored = r["verdict"] == "linked_by_anchors"
    ax.plot([10], [184], marker="s", markersize=theme.points(10), color=theme.BLUE, linestyle="none")
    ink.label(ax, 22, 184, say("charts.design.rater", lang), fontsize=ink.SMALL)
    if r["kind"] != "ekinerja" and r["verdict"] not in ("not_identified", "linked_by_anchors"):
        _islands(ax, max(int(r["n_components"]), 1), lang, weak=r["verdict"] == "connected_too_weak")
        _line(ax, (92, 184), (116, 184))  # lines between raters stand for the employees
        ink.label(ax, 124, 184, say("charts.design.shared", lang), fontsize=ink.SMALL)
        return
    _teams(ax, linked=not anchored and r["verdict"] != "not_identified", cases=anchored)
    ink.ring(ax, 96 if anchored else 160, 184, 10, 1.4)
    ink.label(ax, 108 if anchored else 172, 184, say("charts.design.ratee", lang), fontsize=ink.SMALL)
    if anchored:
        _diamond(ax, 256, 184)
        ink.label(ax, 268, 184, say("charts.design.case", lang), fontsize=ink.SMALL)


def _square(ax: Axes, x: float, y: float, side: float = 15) -> None:
    ax.plot([x], [y], marker="s", markersize=theme.points(side), color=theme.BLUE, linestyle="none", zorder=3)


def _line(ax: Axes, a: tuple[float, float], b: tuple[float, float], *, moved: bool = False) -> None:
    look: dict[str, Any] = {"color": "#7b8794", "linewidth": theme.points(1.3)}
    look |= {"color": theme.OCHRE, "linestyle": (0, (4, 3)), "linewidth": theme.points(2.0)} if moved else {}
    ax.plot([a[0], b[0]], [a[1], b[1]], zorder=1, **look)


def _diamond(ax: Axes, x: float, y: float) -> None:
    ax.plot([x], [y], marker="D", markersize=theme.points(9), color=theme.OCHRE, linestyle="none", zorder=3)


def _teams(ax: Axes, *, linked: bool, cases: bool = False) -> None:
    x = 12.0
    tops, ends = [], []
    for members in TEAMS:
        places = [x + 14 * i for i in range(members)]
        centre = (places[0] + places[-1]) / 2
        for p in places:
            _line(ax, (centre, 40), (p, 108))
            ink.ring(ax, p, 108, 10, 1.4)
        _square(ax, centre, 36)
        tops.append((centre, 40.0))
        ends.append((places[0], 108.0))
        x = places[-1] + 26
    if linked:
        for team in (0, 2, 3):
            _line(ax, tops[team], ends[team + 1], moved=True)
    for case in CASES if cases else ():
        _diamond(ax, case, 148)
        for centre, _ in tops:
            _line(ax, (centre, 40), (case, 148), moved=True)


def _islands(ax: Axes, many: int, lang: str, *, weak: bool) -> None:
    from matplotlib.patches import Ellipse

    drawn = NETS[:many] if many > 1 else ((14, 182, 74, 172, 62),)
    if many > len(NETS):
        ink.label(ax, 360, 166, say("charts.design.more", lang, n=many - len(NETS)), ha="right", fontsize=ink.SMALL)
    for raters, x, y, w, h in drawn:
        ax.add_patch(Ellipse((x, y), 2 * w, 2 * h, facecolor=theme.PAPER, edgecolor="#c3bfb4", zorder=0))
        angle = np.arange(raters) * 2.399963
        reach = np.sqrt((np.arange(raters) + 0.4) / raters) * 0.78
        spots = np.column_stack([x + w * reach * np.cos(angle), y + h * reach * np.sin(angle)])
        distance = np.hypot(*(spots[:, None] - spots[None, :]).T)
        for i in range(raters):  # a weak net is a tree: each linked to the nearest before it
            for j in np.argsort(distance[i, :i], kind="stable")[:1] if weak else np.argsort(distance[i])[1:4]:
                _line(ax, tuple(spots[i]), tuple(spots[j]))
            _square(ax, spots[i, 0], spots[i, 1], 10)


def alt(frame: pd.DataFrame, lang: str) -> str:
    """Return the schema in words with the region's numbers."""
    r = frame.iloc[0]
    teams = r["kind"] == "ekinerja" or r["verdict"] == "not_identified"
    key = "cases" if r["verdict"] == "linked_by_anchors" else "teams" if teams else "islands"
    return say(f"charts.design.alt_{key}", lang, raters=int(r["n_raters"]), ratees=int(r["n_ratees"]),
               groups=int(r["n_components"]), movers=int(r["movers"]))  # fmt: skip
