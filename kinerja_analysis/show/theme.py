"""Palette, type and drawing settings of every chart, as decided for the reports.

Sizes are CSS pixels: a chart is drawn at the width it has on the page, at twice the pixel density. Contrast on
white stands beside each colour; colour never carries a meaning alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1b2530"  # 15.5
MUTED = "#4b5866"  # 7.3
GROUND = "#f7f5f0"
PAPER = "#ffffff"
ZONE = "#e9e6de"
ZONE_EDGE = "#8a8578"  # 3.7
BLUE = "#174a73"  # 9.3, an estimate
BLUE_LINE = "#4f82ad"  # 4.1
BLUE_BAR = "#bdd4e7"
OCHRE_TEXT = "#814a00"  # 7.2
OCHRE = "#b36b08"  # 4.2, invites a conversation
OCHRE_BAR = "#f1d9ac"
HATCH = "#66727f"  # 4.9, not known
TRACK = "#eceae4"

WIDE = 800
NARROW = 340
DENSITY = 2
_INCH = 96.0
_FONTS = ("Noto Sans", "Segoe UI", "DejaVu Sans")
_COLOURS = 64
_WHITE = 253


def points(pixels: float) -> float:
    """Return the size in points of a length in CSS pixels.

    >>> points(13)
    9.75
    """
    return pixels * 72.0 / _INCH


@lru_cache(maxsize=1)
def fonts() -> list[str]:
    """Return the chart fonts this machine has; DejaVu Sans comes with matplotlib and is always there."""
    from matplotlib import font_manager

    present = {entry.name for entry in font_manager.fontManager.ttflist}
    return [name for name in _FONTS if name in present] or ["DejaVu Sans"]


def settings() -> dict[str, Any]:
    """Return the matplotlib settings of the reports."""
    return {
        "font.family": fonts(), "font.size": points(13), "text.color": INK, "axes.labelcolor": MUTED,
        "axes.labelsize": points(13), "axes.edgecolor": INK, "axes.linewidth": points(1), "axes.spines.top": False,
        "axes.spines.right": False, "axes.spines.left": False, "axes.axisbelow": True, "axes.unicode_minus": True,
        "xtick.color": INK, "xtick.labelcolor": MUTED, "xtick.labelsize": points(12.5),
        "xtick.major.width": points(1), "xtick.major.size": points(4), "ytick.labelsize": points(13),
        "ytick.labelcolor": INK, "ytick.major.size": 0.0, "hatch.linewidth": points(1.2), "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER, "svg.hashsalt": "kinerja", "svg.fonttype": "none",
        "text.parse_math": False,  # names are no formulas
    }  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """Use the settings of the reports inside a ``with`` block; the caller's own come back afterwards."""
    import matplotlib

    rc: Any = settings()
    with matplotlib.rc_context(rc):
        yield


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of a size in CSS pixels; it belongs to no window and needs no closing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _INCH, height / _INCH), dpi=_INCH * DENSITY)
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """Return the figure as PNG at twice the pixel density: 64 colours, no date, the same bytes every time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas_ = figure.canvas
    assert isinstance(canvas_, FigureCanvasAgg)
    canvas_.draw()
    image = Image.fromarray(np.asarray(canvas_.buffer_rgba())).convert("RGB")
    small = image.quantize(colors=_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.putpalette([255 if value >= _WHITE else value for value in small.getpalette() or []])
    out = io.BytesIO()
    small.save(out, format="PNG", compress_level=6, dpi=(_INCH * DENSITY, _INCH * DENSITY))
    return out.getvalue()


def svg(figure: Figure) -> bytes:
    """Return the figure as SVG without a date and with fixed identifiers: the same bytes every time."""
    out = io.BytesIO()
    with style():
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
