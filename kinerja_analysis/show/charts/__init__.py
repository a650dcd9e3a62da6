"""One chart per file. A chart module has ``data``, ``size``, ``draw`` and ``alt``; this file makes pictures of them.

``data(...)`` returns a small frame (or None when there is nothing to draw), ``size(frame, narrow)`` the height in
CSS pixels, ``draw(host, frame, lang, narrow)`` draws, ``alt(frame, lang)`` says the same in words with the numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.show import theme
from kinerja_analysis.show.charts.drawing import Host, across, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = (
    "bounds", "caterpillar", "chance", "changes", "contrasts", "d_study", "design", "distribution", "funnel", "odds",
    "pairs", "panel", "ranges", "regions", "self_other", "sources", "supported", "teams", "wright",
)  # fmt: skip
OF_RESULT = {
    "leniency": "caterpillar",
    "group_gap": "odds",
    "affinity": "odds",
    "agreement": "sources",
    "self_other": "self_other",
    "straight_lining": "chance",
}


EMPTY, LETTER = 120, 9  #: height of a picture without a number, and room for one letter of its reason, in pixels
SLIM = 400  #: up to this width one picture serves all screens
MOST_KEPT = 250  #: pictures kept in a process, the oldest go first; a report set in two languages has about 80
_DRAWN: dict[str, bytes] = {}
_OWNER: list[str] = []


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture (PNG at twice the density), its narrow form for small screens, what it says, and its numbers.

    ``width`` and ``height`` are CSS pixels of the wide form.
    """

    name: str
    png: bytes
    narrow: bytes
    alt: str
    table: pd.DataFrame
    width: int
    height: int
    narrow_width: int
    narrow_height: int


def figure(
    name: str, *args: Any, lang: str, wide: int = theme.WIDE, pictures: bool = True, **options: Any
) -> Chart | None:
    """Draw a chart.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    *args, **options
        What the chart's ``data`` takes.
    lang : str
        ``id`` or ``en``.
    wide : int
        Width of the wide form in CSS pixels.
    pictures : bool
        False to have words and numbers only (the pictures are empty bytes).

    Returns
    -------
    Chart or None
        None when there is nothing to draw.
    """
    if name not in NAMES:
        raise KeyError(name)
    module = import_module(f"{__name__}.{name}")
    frame = module.data(*args, **options)
    if frame is None or frame.empty:
        return None
    slim = wide <= SLIM
    tall = int(module.size(frame, slim))
    large = _picture(module, frame, lang, wide, tall, slim) if pictures else b""
    short = tall if slim else int(module.size(frame, True))
    small = large if slim or not pictures else _picture(module, frame, lang, theme.NARROW, short, True)
    across = wide if slim else theme.NARROW
    return Chart(name, large, small, module.alt(frame, lang), frame, wide, tall, across, short)


def _picture(module: Any, frame: pd.DataFrame, lang: str, width: int, height: int, narrow: bool) -> bytes:
    """Draw, or return what was drawn before: the levels of a report share most of their pictures."""
    text = f"{frame.to_json(orient='split', double_precision=15)} {frame.attrs}"
    head = f"{module.__name__} {lang} {width} {height} {narrow} "
    key = head + hashlib.sha256(text.encode()).hexdigest()
    if key not in _DRAWN:
        keep({key: _draw(module, frame, lang, width, height, narrow)})
    return _DRAWN[key]


def begin(owner: str) -> None:
    """Drop the pictures kept for another owner (a region's report sets): no two of them share any."""
    if [owner] != _OWNER:
        _OWNER[:] = [owner]
        _DRAWN.clear()


def drawn() -> dict[str, bytes]:
    """Return the pictures kept in this process, by what they are of."""
    return dict(_DRAWN)


def keep(pictures: Mapping[str, bytes]) -> None:
    """Keep pictures, as ``drawn`` returned them in another process."""
    _DRAWN.update(pictures)
    while len(_DRAWN) > MOST_KEPT:
        _DRAWN.pop(next(iter(_DRAWN)))


def _draw(module: Any, frame: pd.DataFrame, lang: str, width: int, height: int, narrow: bool) -> bytes:
    with theme.style():
        drawing = theme.canvas(width, height)
        module.draw(whole(drawing), frame, lang, narrow)
        return theme.png(drawing)


def plot(result: Result, ax: Axes | None = None, lang: str = "id") -> Axes:
    """Draw a result's chart into axes of the caller's, or into new ones.

    New axes belong to pyplot, as with other plotting libraries; the caller closes the figure. Where no finding has an
    estimate, the axes are empty but for the reason in words: a number that is not known is not drawn as zero.
    """
    module = import_module(f"{__name__}.{OF_RESULT.get(result.detector, 'ranges')}")
    frame = module.data(result)
    bare = frame is None or frame.empty
    with theme.style():
        if ax is None:
            from matplotlib import pyplot

            size = (theme.WIDE / 96.0, (EMPTY if bare else module.size(frame, False)) / 96.0)
            ax = pyplot.figure(figsize=size).add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_axis_off()
        if bare:
            most = max(12, int(across(ax) / LETTER))
            words = "\n".join(wrap(_reason(result, lang), most, break_long_words=False, break_on_hyphens=False))
            ax.text(0.5, 0.5, words, ha="center", va="center", transform=ax.transAxes, color=theme.MUTED)
            return ax
        box = ax.get_position()
        figure_ = ax.get_figure(root=True)
        assert figure_ is not None
        module.draw(Host(figure_, box.x0, box.y0, box.width, box.height), frame, lang, False)
    return ax


def _reason(result: Result, lang: str) -> str:
    """Return why there is nothing to draw: the sentence of the first finding that refuses, the region's before others.

    >>> _reason(Result.of("leniency", []), "en")
    'There is no number to draw.'
    """
    refusals = (Status.INSUFFICIENT, Status.NOT_APPLICABLE, Status.ERROR)
    found = sorted((f for f in result.findings() if f.status in refusals), key=lambda f: f.subject_kind != "region")
    return found[0].sentence(lang).replace("**", "") if found else say("charts.nothing", lang)
