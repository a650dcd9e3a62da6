"""Web pages that are called like workbooks: read as they are, since Excel would make numbers of their NIPs."""

from __future__ import annotations

from typing import Any

import openpyxl
import pytest

from kinerja_analysis.read import check, read
from kinerja_analysis.read.annotate import annotate


def page(rows: list[list[Any]], head: str = "<html><head><style>td {a: b}</style></head><body>") -> bytes:
    body = "".join("<tr>" + "".join(f"<td>{'' if v is None else v}</td>" for v in row) + "</tr>" for row in rows)
    return f"{head}<table border=1>{body}</table></body></html>".encode()


def export(make: Any) -> list[list[Any]]:
    return [*make.preamble(), list(make.ekinerja_header), *make.people()]


@pytest.mark.parametrize("name", ["Laporan_SKP.xls", "laporan.xlsx"])
def test_a_page_called_like_a_workbook_is_read_with_its_nips(make: Any, name: str) -> None:
    found = read(make.raw(page(export(make)), name), config=make.config)
    same = read(make.ekinerja(name="b.xlsx"), config=make.config)
    assert found.ratings.drop(columns="row").equals(same.ratings.drop(columns="row"))
    assert found.ratings["row"].tolist() == same.ratings["row"].tolist()


def test_a_page_in_a_folder_is_read_and_an_old_workbook_is_not(make: Any) -> None:
    make.raw(page(export(make), "\n<!DOCTYPE html>"), "a.xls")
    make.raw(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(900), "b.xls")
    tables = read(make.folder, config=make.config)
    assert len(tables.appraisals) == 6 and [(p.code, p.file) for p in tables.problems] == [("KA-W102", "b.xls")]


def test_a_newer_workbook_under_the_old_name_is_read(make: Any) -> None:
    place = make.ekinerja()
    assert len(read(place.rename(place.with_suffix(".xls")), config=make.config).appraisals) == 6


def test_spans_leave_the_cells_beside_and_below_empty(make: Any) -> None:
    rows = export(make)
    data = page(rows).replace(b"<td>Unit 1</td>", b"<td rowspan=2>Unit 1</td>", 1)
    data = data.replace(b"<td>Unit 0</td>", b"", 1)  # the second person's cell is the one above
    data = data.replace(b"<td>Laporan", b"<td colspan=3>Laporan", 1)
    report = check(make.raw(data, "a.xls"), config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-W305", "E9")]


def test_a_page_is_repaired_in_its_annotated_copy(make: Any) -> None:
    """Excel would destroy the NIPs of the page itself; the copy holds them as text."""
    place = make.raw(page(export(make)).replace(b">BAIK<", b">BAIKK<", 1), "a.xls")
    copy = annotate(place, check(place, config=make.config))
    assert copy is not None
    book = openpyxl.load_workbook(copy)
    assert book["HTML 1"]["M8"].comment is not None and book["HTML 1"]["A8"].value == make.nip(1)
    book["HTML 1"]["M8"].value = "BAIK"
    book.save(copy)
    assert len(read(copy, config=make.config).appraisals) == 6


@pytest.mark.parametrize(
    "data",
    [b"<html><table></table></html>", b"<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
     b"<table><tr><td colspan=99999>a</td></tr></table>", b"<html><body>Sesi habis, masuk lagi</body></html>",
     b"<table>" + b"<tr>" * 3 + b"<td rowspan=4000000000>x</td></table>"],
)  # fmt: skip
def test_a_page_without_a_plain_table_is_refused(make: Any, data: bytes) -> None:
    report = check(make.raw(data, "a.xls"), config=make.config)
    assert [p.code for p in report.problems] == ["KA-E102"]


@pytest.mark.parametrize("code", ["E102", "E104", "E108", "E113", "E114", "E117", "W103"])
def test_no_advice_turns_nips_into_numbers(code: str) -> None:
    """Excel keeps 15 digits of what it opens as a number: text is imported, or left as it is."""
    from kinerja_analysis.base.words import say

    for lang, words in (("id", ("NIP", "menjadi angka|bertipe Teks")), ("en", ("NIP", "numbers|as Text"))):
        text = say(f"problems.KA-{code}.repair", lang)
        assert all(any(w in text for w in word.split("|")) for word in words)
