"""The bar stands on a terminal only."""

import io
from typing import Any

import pytest
from rich.console import Console

from kinerja_analysis.cli.terminal import Terminal


def work(move: Any) -> str:
    if move is not None:
        move("rows", 5120, 0)
        move("files", 1, 2)
    return "callback" if move else "none"


@pytest.mark.parametrize(
    ("lang", "words"), [("id", "1 dari 2 berkas, 5.120 baris dibaca"), ("en", "1 of 2 files, 5,120 rows read")]
)
def test_a_bar_on_a_terminal(lang: str, words: str) -> None:
    term = Terminal(lang)
    term.console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    assert term.step("checking", work) == "callback"
    assert words in term.console.file.getvalue()  # type: ignore[attr-defined]


def test_no_bar_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    term = Terminal("id")
    term.console = Console(file=io.StringIO(), force_terminal=False, width=140)
    assert term.step("checking", work) == "none"
    assert term.console.file.getvalue() == "Memeriksa berkas …\n"  # type: ignore[attr-defined]
    quiet = Terminal("id", as_json=True)
    assert quiet.step("checking", work) == "none" and capsys.readouterr().out == ""
