"""Distinct values with codes, and addresses."""

import datetime as dt

import numpy as np
import pyarrow as pa

from kinerja_analysis.read.cells import Block, Cells, clean, letters


def block(values: list, *, left: int = 0, lines: bool = False) -> Block:
    numbers = np.arange(9, 9 + len(values))
    return Block(2, "x.xlsx", 1, "A", ["nip"], 8, numbers, lambda _: Cells.of(values), left=left, lines=lines)


def test_only_blanks_and_dashes_are_empty_not_words_like_na() -> None:
    assert [clean(v) for v in ("", " - ", "\xa0", "–", None, float("nan"))] == [None] * 6
    assert [clean(v) for v in ("NA", "null", "None", "n/a", 0.0, False)] == ["NA", "null", "None", "n/a", 0.0, False]


def test_a_column_without_any_value_is_empty_also_of_a_table_without_rows() -> None:
    for n, chunks in ((0, []), (3, [pa.nulls(3)]), (3, [pa.nulls(1), pa.nulls(2)])):
        cells = Cells.of_arrow(pa.chunked_array(chunks, type=pa.null()))
        assert cells.codes.tolist() == [-1] * n and cells.distinct == []


def test_true_and_one_are_not_confused() -> None:
    cells = Cells.of([True, 1.0, "1", False])
    assert [cells.distinct[c] for c in cells.codes] == ["TRUE", 1.0, "1", "FALSE"]


def test_codes_follow_rows_and_empty_is_minus_one() -> None:
    cells = Cells.of(["b", "", "a", " b", None, dt.date(2025, 1, 2)])
    assert cells.codes.tolist()[1] == cells.codes.tolist()[4] == -1
    assert cells.spread(["x", "y", "z", "d"], "str").tolist()[0] == "x"
    assert cells.rows([i for i, v in enumerate(cells.distinct) if v == "b"]).tolist() == [0, 3]
    assert cells.counts.sum() == 4


def test_arrow_columns_of_every_kind() -> None:
    text = Cells.of_arrow(pa.chunked_array([["a", None], ["", "a"]]))
    assert text.codes.tolist() == [0, -1, -1, 0] and text.distinct == ["a"]
    whole = Cells.of_arrow(pa.chunked_array([[3, None, 3]]))
    assert whole.distinct == [3] and whole.codes.tolist() == [0, -1, 0]
    assert Cells.of_arrow(pa.chunked_array([[True, None]])).distinct == ["TRUE"]
    assert Cells.of_arrow(pa.chunked_array([pa.array(["x", "y"]).dictionary_encode()])).distinct == ["x", "y"]
    assert len(Cells.of_arrow(pa.chunked_array([], pa.string()))) == 0


def test_addresses_in_sheets_and_text() -> None:
    assert letters(0) == "A" and letters(25) == "Z" and letters(26) == "AA" and letters(16383) == "XFD"
    sheet = block(["1", "2"], left=2)
    assert sheet.address([1], 0) == ["C10"] and sheet.header_address(0) == "C8"
    assert sheet.row_addresses(np.array([0, 1])).tolist() == ["2:1:9", "2:1:10"]
    assert block(["1"], lines=True).address([0], 0) == ["baris 9"]
