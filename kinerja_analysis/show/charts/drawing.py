"""Strokes shared by the charts: axes placed in pixels, ranges, zones, limits, localized ticks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kinerja_analysis.base.words import number
from kinerja_analysis.show import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS, DOWN = 20, 5  #: squares of a hundred
SMALL = theme.points(12.5)
TEXT = theme.points(13)


Look = dict[str, Any]
#: The looks of a square: counted, counted against, not counted.
FULL: Look = {"facecolor": theme.BLUE, "edgecolor": theme.BLUE}
AGAINST: Look = {"facecolor": theme.OCHRE_BAR, "edgecolor": theme.OCHRE, "hatch": "////"}
EMPTY: Look = {"facecolor": theme.PAPER, "edgecolor": "#8a94a0"}
#: The look of a stretch that is not known.
UNKNOWN: Look = {"facecolor": theme.PAPER, "edgecolor": theme.HATCH, "hatch": "//////", "linewidth": theme.points(1)}


class Host(NamedTuple):
    """Where a chart is drawn: a rectangle of a figure, as fractions of it, with its size in pixels."""

    figure: Figure
    left: float
    bottom: float
    width: float
    height: float

    @property
    def pixels(self) -> tuple[float, float]:
        """Width and height in CSS pixels."""
        across, up = self.figure.get_size_inches() * 96.0
        return float(self.width * across), float(self.height * up)


def whole(figure: Figure) -> Host:
    """Return all of a figure."""
    return Host(figure, 0.0, 0.0, 1.0, 1.0)


def place(host: Host, left: float, right: float, top: float, bottom: float) -> Axes:
    """Return axes inside margins given in pixels."""
    width, height = host.pixels
    box = (
        host.left + host.width * left / width,
        host.bottom + host.height * bottom / height,
        host.width * max(0.05, (width - left - right) / width),
        host.height * max(0.05, (height - top - bottom) / height),
    )
    return host.figure.add_axes(box)


def across(ax: Axes) -> float:
    """Return the width of axes in pixels."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.get_position().width * figure.get_size_inches()[0] * 96.0)


def shorten(name: str, most: int) -> str:
    """Return a name that fits its column.

    >>> shorten("Dinas Kependudukan dan Pencatatan Sipil", 20)
    'Dinas Kependudukan …'
    """
    return name if len(name) <= most else name[: most - 1].rstrip() + " …"


def wrapped(name: str, most: int) -> str:
    """Return a name on one line of its column, or on two.

    >>> wrapped("jenis jabatan pelaksana – fungsional", 33)
    'jenis jabatan pelaksana –\\nfungsional'
    """
    lines = textwrap.wrap(name, most) or [""]
    return "\n".join([lines[0], *([shorten(" ".join(lines[1:]), most)] if lines[1:] else [])])


def rows_down(ax: Axes, pixels: float) -> None:
    """Let the vertical axis count pixels downwards from the top, without ticks."""
    ax.set_ylim(pixels, 0)
    ax.set_yticks([])


def block(ax: Axes, left: float, y: float, wide: float, thick: float, **look: Any) -> None:
    """Draw a bar of ``thick`` pixels around ``y``; unlike ``barh`` it looks at no limits: they are set already."""
    from matplotlib.patches import Rectangle

    look = {"linewidth": 0, "edgecolor": look["facecolor"], **look}
    ax.add_artist(Rectangle((left, y - thick / 2), wide, thick, **look))


def span(ax: Axes, y: float, lower: float, upper: float, *, flagged: bool = False, thick: float = 0.0) -> None:
    """Draw a range as a bar of ``thick`` pixels (as a line: ``spans``)."""
    line, bar = (theme.OCHRE, theme.OCHRE_BAR) if flagged else (theme.BLUE_LINE, theme.BLUE_BAR)
    if math.isfinite(lower) and math.isfinite(upper):
        block(ax, lower, y, upper - lower, thick, facecolor=bar, edgecolor=line, linewidth=theme.points(1.2))


def spans(ax: Axes, y: Any, lower: Any, upper: Any, flagged: Any) -> None:
    """Draw many ranges as lines, the flagged ones in ochre."""
    mark = np.asarray(flagged, dtype=bool)
    places, low, high = (np.asarray(v, dtype=float) for v in (y, lower, upper))
    for on, colour in ((~mark, theme.BLUE_LINE), (mark, theme.OCHRE)):
        if on.any():
            ax.hlines(places[on], low[on], high[on], colors=colour, linewidth=theme.points(2.6), zorder=2)


def dots(ax: Axes, x: Any, y: Any, kind: str = "estimate") -> None:
    """Draw estimates: dots, diamonds where they invite a conversation (``flagged``), rings after shrinkage."""
    looks: dict[str, dict[str, Any]] = {
        "estimate": {"marker": "o", "markersize": theme.points(9), "markerfacecolor": theme.BLUE, "markeredgewidth": 0},
        "flagged": {
            "marker": "D", "markersize": theme.points(9), "markerfacecolor": theme.OCHRE,
            "markeredgecolor": theme.PAPER, "markeredgewidth": theme.points(1.2),
        },
        "ring": {
            "marker": "o", "markersize": theme.points(7), "markerfacecolor": theme.PAPER,
            "markeredgecolor": theme.HATCH, "markeredgewidth": theme.points(1.5),
        },
    }  # fmt: skip
    ax.plot(x, y, linestyle="none", zorder=3 if kind != "ring" else 2.6, clip_on=False, **looks[kind])


def dot(ax: Axes, x: float, y: float, *, flagged: bool = False) -> None:
    """Draw one estimate."""
    dots(ax, [x], [y], "flagged" if flagged else "estimate")


def ring(ax: Axes, x: float, y: float, size: float, edge: float) -> None:
    """Draw one open circle of a size and an edge in pixels."""
    look: dict[str, Any] = {
        "markerfacecolor": theme.PAPER, "markeredgecolor": theme.INK, "markeredgewidth": theme.points(edge),
    }  # fmt: skip
    ax.plot([x], [y], marker="o", markersize=theme.points(size), linestyle="none", zorder=3, **look)


def zone(ax: Axes, low: float, high: float, *, edges: bool = True) -> None:
    """Shade the values too small to matter."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return
    ax.axvspan(low, high, color=theme.ZONE, linewidth=0, zorder=0)
    if edges:
        for x in (low, high):
            ax.axvline(x, color=theme.ZONE_EDGE, linewidth=theme.points(1), zorder=1)


def upright(ax: Axes, x: float, *, dashed: bool = False, low: float = 0.0, high: float = 1.0) -> None:
    """Draw a vertical mark over a part of the height: no difference, or a dashed limit."""
    style = (0, (5, 4)) if dashed else "solid"
    ax.axvline(x, low, high, color=theme.INK, linewidth=theme.points(1.4), linestyle=style, zorder=1.5)


def tick(ax: Axes, x: float, y: float, half: float) -> None:
    """Draw a named yardstick: a short upright mark."""
    ax.plot([x, x], [y - half, y + half], color=theme.INK, linewidth=theme.points(2), solid_capstyle="butt", zorder=2.5)


def halo() -> list[Any]:
    """Return the effect that keeps words readable over lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=theme.points(4), foreground=theme.PAPER)]


def label(ax: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write text at a data position."""
    ax.text(x, y, text, **{"fontsize": TEXT, "color": theme.INK, "va": "center", "clip_on": False, **look})


def words_for(flagged: bool, *, bold: bool = False, over: bool = False) -> dict[str, Any]:
    """Return the look of a row's words: ochre and bold where it invites a conversation, a halo ``over`` lines."""
    look: dict[str, Any] = {"color": theme.OCHRE_TEXT if flagged else theme.INK}
    look["weight"] = "bold" if flagged or bold else "normal"
    return look | ({"path_effects": halo()} if over else {})


def aside(ax: Axes, pixels: float, y: float, text: str, **look: Any) -> None:
    """Write text at a distance in pixels left (negative) of the axes or right of their left edge."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = ax.figure
    shift = ScaledTranslation(pixels / 96.0, 0, figure.dpi_scale_trans)
    where = blended_transform_factory(ax.transAxes, ax.transData) + shift
    ax.text(
        0, y, text, transform=where, **{"fontsize": TEXT, "color": theme.INK, "va": "center", "clip_on": False, **look}
    )


def _beside(ax: Axes, at: tuple[float, float], coords: Any, pixels: float, text: str, **look: Any) -> None:
    """Write small text at a distance in pixels above (or, negative, below) a place."""
    ax.annotate(
        text, at, xycoords=coords, xytext=(0, theme.points(pixels)), textcoords="offset points", annotation_clip=False,
        **{"ha": "center", "va": "bottom" if pixels > 0 else "top", "fontsize": SMALL, "color": theme.MUTED, **look},
    )  # fmt: skip


def above(ax: Axes, x: float, text: str, *, pixels: float = 6, **look: Any) -> None:
    """Write text above the axes at a horizontal data position."""
    _beside(ax, (x, 1), ("data", "axes fraction"), pixels, text, **look)


def above_within(ax: Axes, x: float, text: str) -> None:
    """Write text above the axes at a horizontal position, moved inwards near the edges."""
    place = float(ax.transAxes.inverted().transform(ax.transData.transform((x, 0)))[0])
    side = "center" if 0.32 < place < 0.68 else "left" if place <= 0.32 else "right"
    edge = {"center": place, "left": max(place - 0.16, 0.0), "right": min(place + 0.16, 1.0)}[side]
    _beside(ax, (edge, 1), "axes fraction", 6, text, ha=side)


def below(ax: Axes, fraction: float, text: str, *, pixels: float = 30, **look: Any) -> None:
    """Write text below the tick labels, at a fraction of the width."""
    _beside(ax, (fraction, 0), "axes fraction", -pixels, text, **look)


def hundred(host: Host, above: float, under: float, parts: Sequence[tuple[int, Look, str]]) -> None:
    """Draw a hundred squares, so many of each look between margins in pixels, and beside each look what it means."""
    from matplotlib.patches import Patch, Rectangle

    wide, high = host.pixels[0] - 4, host.pixels[1] - above - under
    ax = place(host, 2, 2, above, under)
    side = min(wide / ACROSS, high / DOWN)
    ax.set(xlim=(0, wide / side), ylim=(high / side, 0))
    ax.set_axis_off()
    looks = [{**look, "linewidth": theme.points(1)} for _, look, _ in parts]
    for i, look in enumerate(look for (n, _, _), look in zip(parts, looks, strict=True) for _ in range(n)):
        column, line = divmod(i, DOWN)
        ax.add_artist(Rectangle((column + 0.1, line + 0.1), 0.8, 0.8, **look))
    ax.legend(handles=[Patch(label=text, **look) for (_, _, text), look in zip(parts, looks, strict=True)],
              ncols=len(parts), loc="upper left", bbox_to_anchor=(0, 0), frameon=False, fontsize=SMALL, borderpad=0,
              labelcolor=theme.MUTED, borderaxespad=0.4, handlelength=0.9, handleheight=0.9, handletextpad=0.4,
              columnspacing=1.1)  # fmt: skip


def number_axis(ax: Axes, lang: str, *, signed: bool = False, percent: bool = False, ticks: int = 5) -> None:
    """Use round ticks with the language's decimal mark, a true minus, and a plus or percent sign where asked."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    locator = MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10])
    ax.xaxis.set_major_locator(locator)
    low, high = ax.get_xlim()
    places = [v for v in locator.tick_values(low, high) if low <= v <= high]
    scale = 100.0 if percent else 1.0
    exact = (d for d in range(6) if all(abs(round(scale * v, d) - scale * v) < 1e-9 for v in places))
    decimals = next(exact, 6)

    def form(value: float, _: int) -> str:
        text = number(scale * value, decimals, lang) + ("%" if percent else "")
        return "+" + text if signed and value > 1e-12 else text

    ax.xaxis.set_major_formatter(FuncFormatter(form))


def fixed_ticks(ax: Axes, places: Sequence[float], words: Callable[[float], str]) -> None:
    """Put ticks at given places with given words."""
    ax.set_xticks(list(places))
    ax.set_xticklabels([words(p) for p in places])
    ax.minorticks_off()


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """Return limits with some air on both sides.

    >>> padded(0.0, 10.0, 0.1)
    (-1.0, 11.0)
    """
    room = (high - low) * share or 1.0
    return low - room, high + room
