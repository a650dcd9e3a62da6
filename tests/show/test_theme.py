"""Drawing settings: the same bytes every time, nobody else's settings touched, no window left open."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib
import pytest

from kinerja_analysis.show import theme


def picture() -> object:
    with theme.style():
        figure = theme.canvas(200, 100)
        figure.add_axes((0.1, 0.2, 0.8, 0.7)).plot([0, 1], [0, 1], color=theme.BLUE, label="a")
        figure.text(0.5, 0.5, "teks − 1,5")
    return figure


def test_png_is_twice_as_dense_and_the_same_every_time(lab: SimpleNamespace) -> None:
    first, second = theme.png(picture()), theme.png(picture())
    assert first == second
    assert lab.png_size(first) == (400, 200)
    assert b"Software" not in first and b"tIME" not in first


def test_svg_is_the_same_every_time_and_carries_no_date() -> None:
    first, second = theme.svg(picture()), theme.svg(picture())
    assert first == second
    assert b"<dc:date>" not in first


def test_white_stays_white() -> None:
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(theme.png(picture()))).convert("RGB")
    assert image.getpixel((2, 2)) == (255, 255, 255)


def test_the_callers_settings_come_back_even_after_an_error() -> None:
    before = matplotlib.rcParams["font.size"]
    with pytest.raises(ZeroDivisionError), theme.style():
        assert matplotlib.rcParams["font.size"] == theme.points(13)
        1 / 0  # noqa: B018
    assert matplotlib.rcParams["font.size"] == before


def test_no_window_is_opened() -> None:
    from matplotlib import pyplot

    picture()
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("colour", "least"), [(theme.INK, 15), (theme.MUTED, 7), (theme.BLUE, 9), (theme.OCHRE_TEXT, 7), (theme.HATCH, 4.5)]
)
def test_text_and_marks_have_the_contrast_the_design_states(colour: str, least: float) -> None:
    """WCAG 2 contrast ratio on white, computed here from the relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= least
