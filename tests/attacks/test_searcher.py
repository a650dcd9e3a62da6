"""The positive control: a person planted by hand in each container is found, and clean ones are not accused."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NAME, NIP = "Qzkenari Putri", "190807232010012077"
CLEAN = "Anggrek Melati 190501012010011001"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes, row: bytes = b"\0" * 60) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", len(row), 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + pixels + chunk(b"IEND", b"")


def zipped(name: str, data: bytes, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.comment = comment
    return out.getvalue()


def workbook(cell: str = "", comment: str = "", title: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.active["B7"] = cell
    book.properties.title = title
    if comment:
        book.active["A1"].comment = openpyxl.comments.Comment(comment, "x")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(value: str = "", column: str = "a", meta: str = "", compression: str = "zstd") -> bytes:
    table = pa.table({column: pa.array([value, "y"] * 50).dictionary_encode()})
    table = table.replace_schema_metadata({"k": meta})
    out = io.BytesIO()
    pq.write_table(table, out, compression=compression)
    return out.getvalue()


def pdf(text: str) -> bytes:
    body = zlib.compress(f"BT ({text}) Tj ET".encode())
    return b"%PDF-1.7\n1 0 obj <</Filter/FlateDecode>>\nstream\n" + body + b"\nendstream\nendobj\n"


def notebook(text: str) -> bytes:
    output = {"output_type": "stream", "text": [text]}
    escaped = json.dumps({"cells": [{"outputs": [output]}]}).encode()
    return escaped.replace(text[:2].encode(), "".join(f"\\u{ord(c):04x}" for c in text[:2]).encode())


def as_base64(shift: int) -> Callable[[str], bytes]:
    return lambda text: b"data: " + base64.b64encode(b"x" * shift + text.encode() + b"yz")


CONTAINERS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda t: b"\xff\xfe" + t.encode(),
    "upper case": lambda t: t.upper().encode(),
    "snake case": lambda t: t.lower().replace(" ", "_").encode(),
    "utf-16-le": lambda t: b"x" + t.encode("utf-16-le"),
    "utf-16-be": lambda t: t.encode("utf-16-be"),
    "base64, alignment 0": as_base64(0),
    "base64, alignment 1": as_base64(1),
    "base64, alignment 2": as_base64(2),
    "base64 of upper case": lambda t: base64.b64encode(t.upper().encode()),
    "base64 of utf-16": lambda t: base64.b64encode(t.encode("utf-16-le")),
    "xlsx cell": lambda t: workbook(cell=t),
    "xlsx comment": lambda t: workbook(comment=t),
    "xlsx title": lambda t: workbook(title=t),
    "zip member name": lambda t: zipped(t, b"x"),
    "zip comment": lambda t: zipped("a", b"x", t.encode()),
    "zip in zip": lambda t: zipped("inner.zip", zipped("a", t.encode())),
    "gzip": lambda t: gzip.compress(t.encode()),
    "png zTXt": lambda t: png(chunk(b"zTXt", b"Title\0\0" + zlib.compress(t.encode()))),
    "png iTXt": lambda t: png(chunk(b"iTXt", b"Title\0\1\0id\0judul\0" + zlib.compress(t.encode()))),
    "png tEXt": lambda t: png(chunk(b"tEXt", b"Title\0" + t.encode())),
    "png pixels": lambda t: png(row=t.encode() * 3),
    "png in a data address": lambda t: b'<img src="data:image/png;base64,' + base64.b64encode(
        png(chunk(b"zTXt", b"Title\0\0" + zlib.compress(t.encode())))) + b'">',
    "pdf stream": pdf,
    "parquet value": lambda t: parquet(value=t),
    "parquet value, snappy": lambda t: parquet(value=t, compression="snappy"),
    "parquet column name": lambda t: parquet(column=t),
    "parquet metadata": lambda t: parquet(meta=t),
    "notebook output": notebook,
    "notebook picture": lambda t: json.dumps({"data": {"image/png": base64.b64encode(
        png(chunk(b"zTXt", b"T\0\0" + zlib.compress(t.encode())))).decode()}}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("canary", [NAME, NIP])
def test_a_planted_person_is_found(search, container: str, canary: str) -> None:
    assert search.found_in(CONTAINERS[container](canary))


@pytest.mark.parametrize("container", CONTAINERS)
def test_nobody_is_found_where_nobody_was_planted(search, container: str) -> None:
    assert not search.found_in(CONTAINERS[container](CLEAN))


def test_names_of_files_and_folders_are_searched(search, tmp_path) -> None:
    for place in ("a/qzkenari-putri/x.txt", f"b/{NIP}.csv", "c/y.txt"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(b"x")
    assert search.below(tmp_path) == ["a/qzkenari-putri/x.txt", f"b/{NIP}.csv"]


@pytest.mark.parametrize("start", [b"PK", b"PK\x09", b"\x1f\x8b", b"\x1f\x8b\x07"])
def test_text_that_begins_like_an_archive_by_chance_is_searched_as_text(search, start: bytes) -> None:
    for text, planted in ((CLEAN, False), (NAME, True)):
        code = base64.b64encode(start + text.encode()).decode()
        assert search.found_in(json.dumps([code]).encode()) is planted
