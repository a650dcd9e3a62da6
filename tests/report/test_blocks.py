"""Blocks: an exact way to JSON and back, and what they say of themselves."""

from __future__ import annotations

import json
import math

import pytest

from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import Page


def test_a_whole_page_survives_json(page: Page) -> None:
    text = json.dumps(b.to_json(page.blocks))
    assert b.from_json(json.loads(text)) == page.blocks


def test_numbers_without_a_value_survive(page: Page) -> None:
    block = b.Text("a", numbers=(1.5, float("inf")))
    assert b.from_json(json.loads(json.dumps(b.to_json(block)))) == block


@pytest.mark.parametrize("data", [{"kind": "script"}, {}, "text", {"kind": "text", "text": "a", "onclick": "x"}])
def test_what_is_no_block_is_refused(data: object) -> None:
    with pytest.raises(ValueError):
        b.from_json(data)


def test_walk_sees_blocks_inside_blocks() -> None:
    inner = b.Text("innen", codes=("x.y",), numbers=(2.0,))
    section = b.Section("a", "1", "T", (b.Heading("H"), inner))
    assert list(b.walk([section])) == [section, b.Heading("H"), inner]
    assert b.codes([section]) == {"x.y"}
    assert b.numbers([section]) == {2.0}


def test_sentences_are_the_words_shown_and_nothing_else() -> None:
    card = b.FindingCard("k", 3, "l", "w", "claim", "body", "o", "other", ("#a1", "Bukti A1"), codes=("x.y",))
    assert b.sentences(card) == ["k", "l", "w", "claim", "body", "o", "other"]
    table = b.TableBlock("caption", (b.Column("c", "n"),), (("cell",),), role="data")
    assert b.sentences(table) == [], "a figure's numbers have a caption already"


def test_blocks_are_frozen() -> None:
    with pytest.raises(AttributeError):
        b.Text("a").text = "b"  # type: ignore[misc]


def test_a_printed_number_keeps_its_number_through_json() -> None:
    table = b.TableBlock("", (b.Column("a"),), ((b.Printed("0,29", 0.2874, "2"),), (b.Printed("–", math.nan, "2"),)))
    (first,), (second,) = b.from_json(json.loads(json.dumps(b.to_json(table), allow_nan=False))).rows
    assert (first, first.number, first.form) == ("0,29", 0.2874, "2")
    assert second == "–" and math.isnan(second.number)
