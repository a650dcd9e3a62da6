"""Text tables that nobody would write: never an exception, and every row at the line where an editor shows it.

The oracle is Python's csv module on the decoded text (strict: a closed quotation mark ends its field); a record begins
on the line after the one on which the record before it ends. Lines end with LF, CR LF or CR.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kinerja_analysis import AuditConfig
from kinerja_analysis.read import check, text
from kinerja_analysis.read.cells import clean

CONFIG = AuditConfig(identifiers="pseudonymous")
HEADER = ["nip", "unor", "golongan"]
OTHERS = {";": ",|\t", ",": ";|\t", "\t": ";,|", "|": ";,\t"}
FEW = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
counter = itertools.count()


def put(folder: Any, data: bytes) -> Path:
    place: Path = folder.getbasetemp() / f"fuzz{next(counter) % 8}.csv"
    place.write_bytes(data)
    return place


def records(body: str, separator: str) -> tuple[list[tuple[int, list[str]]], int]:
    """Return the records with the line each begins on, and the line of the record that cannot be read (or 0)."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    found, line = [], 1
    try:
        for row in reader:
            found.append((line, row))
            line = reader.line_num + 1
    except csv.Error:
        return found, line
    return found, 0


def agrees(place: Path, written: str, separator: str) -> None:
    """Compare what is read with what Python's csv module finds in the text."""
    table = text.read_text(place, 1, CONFIG)
    told, broken = records(written, separator)
    at = next(i for i, (_, row) in enumerate(told) if [c.strip() for c in row[:3]] == HEADER)
    width = len(told[at][1])
    problems = {code: cells for code, cells, _ in table.problems}
    if broken:
        assert problems["E117"] == [f"baris {broken}"] and table.block is None
        return
    block = table.block
    assert block is not None and table.layout is not None and "E117" not in problems
    assert block.header_address(0) == f"baris {told[at][0]}"
    nothing = set(" \t\r\n")
    body = [(n, row if set("".join(row)) - nothing else [""] * width) for n, row in told[at + 1 :]]
    lines = re.split(r"\r\n|\r|\n", written)
    blank = not body or not "".join(lines[body[0][0] - 1 :]).strip()
    kept = [(n, row) for n, row in body if len(row) == width and not blank]
    assert block.numbers.tolist() == [n for n, _ in kept]
    for j in range(width):
        cells = block.cells(j)
        assert [cells.distinct[c] if c >= 0 else None for c in cells.codes] == [clean(row[j]) for _, row in kept]
    odd = [f"baris {n}" for n, row in body if len(row) != width]
    assert problems.get("E114", []) == odd
    for n, row in ((n, row) for n, row in kept if any(row)):
        assert lines[n - 1].startswith(('"', row[0].split("\n")[0].split("\r")[0])), "the row stands on that line"
    ends_open = body and not written.endswith(("\n", "\r"))
    assert problems.get("W104", []) == ([f"baris {len(lines)}"] if ends_open else [])


plain_field = st.text("ab1é .'", max_size=5)
wild_field = st.text("ab1é .,;|\t\r\n\"'", max_size=6)
line_end = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def tables(draw: Any) -> tuple[str, str, str]:
    """Return a delimiter, an encoding and a text: 0 to 15 lines, a header, records of many kinds."""
    separator = draw(st.sampled_from(";,\t|"))
    usual = draw(line_end)
    ending = st.just(usual) if draw(st.booleans()) else line_end

    def written(field: str) -> str:
        quote = draw(st.booleans()) or set(field) & set(f'{separator}\r\n"')
        return '"' + field.replace('"', '""') + '"' if quote else field

    parts = ["sep=" + separator + usual] if draw(st.integers(0, 5)) == 0 else []
    for line in draw(st.lists(st.text("abé: " + OTHERS[separator], max_size=12), max_size=15)):
        parts.append(line + draw(ending))
    extra = draw(st.sampled_from([[], [""], ["asal\nusul"]]))
    parts.append(separator.join([*HEADER, *map(written, extra)]) + draw(ending))
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.integers(0, 11))
        if kind == 0:
            record = ""
        elif kind == 1:
            record = separator.join(map(written, draw(st.lists(wild_field, min_size=1, max_size=5))))
        elif kind == 2:
            record = separator.join(['a"b', *[written(draw(wild_field)) for _ in extra], 'c""', "d"])
        elif kind == 3 and draw(st.booleans()):
            record = separator.join([draw(st.sampled_from(['"a"b', '"a', 'a"'])), "b", *["" for _ in extra], "c"])
        else:
            field = draw(st.sampled_from([plain_field, wild_field]))
            record = separator.join(written(draw(field)) for _ in [*HEADER, *extra])
        parts.append(record + draw(ending))
    whole = "".join(parts)
    if draw(st.booleans()):
        whole = whole.removesuffix("\n").removesuffix("\r")
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    return separator, encoding, whole


@FEW
@given(table=tables(), block=st.sampled_from([16, 64, 1 << 22]))
@example(table=(";", "utf-8", "nip;unor;golongan\r1;a;b\r\r2;a;b\r"), block=64)
@example(table=(";", "utf-8", "nip;unor;golongan\r\n1;a;b\r\n2;a;b\r\n3;a;b"), block=16)
@example(table=(";", "utf-8", 'nip;unor;"go\nlongan"\n1;a;"b\r\nc"\n'.replace('"go\nlongan"', "golongan")), block=64)
@example(table=(",", "utf-16", 'x;y\n"nip",unor,golongan,"asal\nusul"\n1,"a\r\rb",c,d\n2,"""",b,c\n'), block=64)
@example(table=(";", "utf-8", 'sep=;\nnip;unor;golongan;\n;;;""""\n'), block=16)
@example(table=(";", "utf-8", 'nip;unor;golongan\n;;""""\n"a\nb";c;d\n'), block=64)
@example(table=(";", "utf-8", 'sep=;\nnip;unor;golongan\n11;"11111""";"1\r\n1"\n'), block=16)
def test_rows_stand_where_python_finds_them(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[str, str, str], block: int
) -> None:
    separator, encoding, whole = table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_BLOCK_BYTES", block)
        agrees(put(tmp_path_factory, whole.encode(encoding)), whole, separator)


@FEW
@given(
    head=st.sampled_from([b"", b"nip;unor;golongan\n", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbfnip,unor,golongan\r\n"]),
    body=st.one_of(
        st.binary(max_size=80),
        st.lists(st.sampled_from([b"a", b"1", b'"', b"\n", b"\r", b";", b",", b"\t", b"\x00", b"\xe9", b"\xc3", b"|"]),
                 max_size=60).map(b"".join),
    ),
)  # fmt: skip
def test_any_bytes_are_answered(tmp_path_factory: pytest.TempPathFactory, head: bytes, body: bytes) -> None:
    place = put(tmp_path_factory, head + body)
    report = check(place, config=CONFIG, region="01.01.01", year=2025)
    assert report.ok or all(p.text("id") and p.text("en", "repair") for p in report.problems)
    lines = len(re.split(rb"\r\n|\r|\n", head + body))
    cells = [c for p in report.problems for c in (p.cell, *p.others) if c.startswith("baris ")]
    assert all(1 <= int(c.removeprefix("baris ")) <= lines for c in cells)


def read(folder: Any, written: str | bytes) -> text.TextTable:
    return text.read_text(put(folder, written.encode() if isinstance(written, str) else written), 1, CONFIG)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_record_is_named_by_the_line_it_begins_on(tmp_path_factory: pytest.TempPathFactory, end: str) -> None:
    """Lines: 1 title, 2 blank, 3-4 header (a break inside), 5 first, 6 blank, 7-9 second, 10 too short, 11 last."""
    parts = ["Judul; a, b", "", f'nip;unor;golongan;"asal{end}usul"', "1;a;b;c", "", f'2;"x{end}{end}y";b;c', "3;a",
             '4;"a ""b""";c"d;e']  # fmt: skip
    table = read(tmp_path_factory, end.join(parts))
    assert table.block is not None and table.block.header_address(0) == "baris 3"
    assert table.block.numbers.tolist() == [5, 6, 7, 11]
    assert table.block.address([0, 2], 1) == ["baris 5", "baris 7"]
    assert {code: cells for code, cells, _ in table.problems} == {"E114": ["baris 10"], "W104": ["baris 11"]}
    assert table.block.cells(1).distinct == ["a", f"x{end}{end}y", 'a "b"']
    assert table.block.cells(2).distinct == ["b", 'c"d']


@pytest.mark.parametrize(
    ("line", "at"), [('2;"a"b;c', 3), ('2;"a;c', 3), ('"2";a;"c"\n3;b;"c\n4;b;c', 4), ('2;a "b;c', 0), ('2;5";"c"', 0)]
)
def test_a_quotation_mark_out_of_place(tmp_path_factory: pytest.TempPathFactory, line: str, at: int) -> None:
    """A mark in an unquoted field is a character; one that closes a field in its middle, or never, is a fault."""
    table = read(tmp_path_factory, f"nip;unor;golongan\n1;a;b\n{line}\n")
    assert [(c, cells) for c, cells, _ in table.problems] == ([("E117", [f"baris {at}"])] if at else [])


def test_unicode_text_of_a_spreadsheet(tmp_path_factory: pytest.TempPathFactory) -> None:
    """UTF-16 with tabs, CR LF, a decimal comma, one text in quotes."""
    head = "periode\twilayah\tnip\tindikator\ttarget\trealisasi\r\n"
    body = '2025\t01.01.01\tA1\t"Layanan, ""prima"""\t10\t9,5\r\n2025\t01.01.01\tA2\tArsip\t10\t8,25\r\n'
    table = read(tmp_path_factory, (head + body).encode("utf-16"))
    assert table.block is not None and table.block.separator == "\t" and not table.problems
    assert table.block.cells(5).distinct == ["9,5", "8,25"]
    assert table.block.cells(3).distinct == ['Layanan, "prima"', "Arsip"]


def test_the_line_that_names_the_delimiter(tmp_path_factory: pytest.TempPathFactory) -> None:
    table = read(tmp_path_factory, "sep=;\r\nnip;unor;golongan\r\n1;a,b;III/c\r\n")
    assert table.block is not None and (table.block.separator, table.block.header_row) == (";", 2)
    assert table.block.numbers.tolist() == [3] and not table.problems


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_line_longer_than_any_block(tmp_path_factory: pytest.TempPathFactory, quote: str) -> None:
    long = "x" * (5 * 2**20)
    table = read(tmp_path_factory, f"nip;unor;golongan\n1;{quote}{long}{quote};b\n2;a;b\n")
    assert table.block is not None and not table.problems
    assert table.block.numbers.tolist() == [2, 3] and len(table.block.cells(1).distinct[0]) == 5 * 2**20


def test_blank_lines_and_spaces_are_no_faults(tmp_path_factory: pytest.TempPathFactory) -> None:
    table = read(tmp_path_factory, "nip;unor;golongan\n\n1;a;b\n   \n2;a;b\n;\n\n")
    assert table.block is not None and not table.problems
    lines = dict(zip(table.block.numbers.tolist(), table.block.cells(0).codes.tolist(), strict=True))
    assert (lines[3], lines[5]) == (0, 1) and [n for n, c in lines.items() if c < 0] == [2, 4, 6, 7]


def test_the_odd_byte_is_named_by_its_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    for end, line in ((b"\n", 3), (b"\r", 3), (b"\r\n", 3)):
        table = read(tmp_path_factory, end.join([b"nip;unor;golongan", b"1;a;b", b"2;Caf\xe9;c", b""]))
        assert [(c, cells) for c, cells, _ in table.problems] == [("W103", [f"baris {line}"])]
        table = read(tmp_path_factory, end.join([b"nip;unor;golongan", b"1;a;b", b"2;\x00;c", b""]))
        assert [(c, cells) for c, cells, _ in table.problems] == [("E113", [f"baris {line}"])]
