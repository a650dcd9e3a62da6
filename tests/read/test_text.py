"""Text tables: delimiter, encoding, fields per line, line numbers."""

from typing import Any

import pytest

from kinerja_analysis.read import check, read
from kinerja_analysis.read.text import decode


def test_the_semicolon_file_of_an_indonesian_excel(make: Any) -> None:
    """style.md 8.1: ``nip;skor`` with a decimal comma must not become one column."""
    rows = make.scores()
    rows[0][7] = "95,5"
    found = read(make.text([make.long_header, *rows]), config=make.config).ratings
    assert found["score"].tolist()[0] == 95.5 and len(found) == 6


def test_decode() -> None:
    assert decode(b"\xef\xbb\xbfnip")[:2] == (b"nip", "utf-8")
    assert decode("nip".encode("utf-16"))[:2] == (b"nip", "utf-16")
    assert decode(b"a\nb\n\x81\x8d")[1:] == ("", 3)
    assert decode(b"a\n\x00")[1:] == ("", 2)
    assert decode(b"\xff\xfea")[1] == ""


def test_preamble_above_a_text_table(make: Any) -> None:
    table = [
        ["Rekap penilaian"],
        ["Periode : Tahunan Tahun 2025"],
        [],
        make.long_header[1:],
        *[r[1:] for r in make.scores()],
    ]
    tables = read(make.text(table), config=make.config)
    assert set(tables.ratings["period"]) == {"2025"} and tables.ratings["row"][0] == "1:1:5"


def test_line_numbers_with_breaks_inside_quotes(make: Any) -> None:
    rows = make.scores()
    rows[0][5] = '"Unit\nSatu"'
    rows[4][7] = "x"
    place = make.text([make.long_header, *rows])
    problem = check(place, config=make.config).problems[0]
    assert (problem.code, problem.cell) == ("KA-E203", "baris 7")
    assert place.read_text().splitlines()[6].split(";")[7] == "x"


def test_empty_lines_are_counted_apart(make: Any) -> None:
    rows = make.scores()
    place = make.text([make.long_header, *rows[:2], [], [""] * 11, *rows[2:]])
    tables = read(place, config=make.config)
    assert tables.ratings["row"].tolist() == [f"1:1:{n}" for n in (2, 3, 6, 7, 8, 9)]
    assert tables.accounting.set_index("reason")["rows"].to_dict() == {"": 6, "blank": 2}


def test_every_line_with_a_field_too_many(make: Any) -> None:
    """pandas would take the first column as an index and shift all the others."""
    place = make.text([make.long_header, *[[*r, "x"] for r in make.scores()]])
    problem = check(place, config=make.config).problems[0]
    assert (problem.code, problem.count) == ("KA-E114", 6)
    assert (problem.params["expected"], problem.params["found"]) == (11, 12)


def test_a_short_last_line_is_named(make: Any) -> None:
    rows = make.scores()
    place = make.text([make.long_header, *rows[:5], rows[5][:4]], ending="")
    report = check(place, config=make.config)
    assert {(p.code, p.cell) for p in report.problems} == {("KA-E114", "baris 7"), ("KA-W104", "baris 7")}


@pytest.mark.parametrize("word", ["NA", "None", "null", "n/a", "nan"])
def test_words_that_pandas_drops_stay(make: Any, word: str) -> None:
    rows = make.scores()
    rows[0][5] = word
    assert read(make.text([make.long_header, *rows]), config=make.config).ratings["unit"][0] == word


def test_codes_stay_text(make: Any) -> None:
    rows = make.scores()
    for row in rows:
        row[5] = "0012"
    found = read(make.text([make.long_header, *rows]), config=make.config).ratings
    assert set(found["unit"]) == {"0012"} and set(found["region"]) == {"98.01"}


def test_an_empty_table_is_no_table(make: Any) -> None:
    report = check(make.text([make.long_header]), config=make.config)
    assert report.ok and report.rows == 0
