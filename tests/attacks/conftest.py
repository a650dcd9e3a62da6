"""A searcher for planted persons: every container is opened, every usual writing of a text is looked for."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

WORD = "qzkenari"  #: every planted name holds it, in some letter case
NUMBER = "190807232010"  #: every planted NIP begins with it: born 1908, so no living employee's
_DATA_URI = re.compile(rb"base64,([A-Za-z0-9+/=\s]{16,})")
_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_PNG = b"\x89PNG\r\n\x1a\n"


def _middles(text: str) -> Iterator[bytes]:
    """What of a text is sure to stand in base64, for the three alignments and for UTF-8 and UTF-16."""
    for data in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
        for shift in range(3):
            first = (shift + 3 - 1) // 3 * 4  # the group shared with what stands before
            whole = (shift + len(data)) // 3 * 4  # the last full group
            yield base64.b64encode(b"\0" * shift + data)[first:whole]


def needles() -> list[bytes]:
    """Every form to look for; letters are compared in lower case except in base64."""
    plain = [t.encode(code) for t in (WORD, NUMBER) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    written = (WORD, WORD.capitalize(), WORD.upper(), NUMBER)
    return [*plain, *(n for t in written for n in _middles(t))]


NEEDLES = needles()


def inflated(data: bytes) -> bytes | None:
    """A zlib stream's content, as far as it can be read; None when it is none."""
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return None


def _png(data: bytes) -> Iterator[bytes]:
    place, pixels = len(_PNG), b""
    while place + 8 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        if kind == b"IDAT":
            pixels += body
        elif kind == b"zTXt":
            yield inflated(body.partition(b"\0")[2][1:]) or b""
        elif kind == b"iTXt":
            flags = body.partition(b"\0")[2]
            yield inflated(flags[2:].partition(b"\0")[2].partition(b"\0")[2]) or b""
        place += size + 12
    yield inflated(pixels) or b""


def _json(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _json(inner)
    elif isinstance(value, str):
        yield value


def _parquet(data: bytes) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(data))
    table = file.read()
    for key, value in (file.metadata.metadata or {}).items():
        yield from (key, value)
    for name, column in zip(table.column_names, table.columns, strict=True):
        yield name.encode()
        yield "\n".join(set(map(str, column.to_pylist()))).encode()


def inside(data: bytes) -> Iterator[bytes]:
    """Everything that stands inside a file's bytes: members, inflated streams, columns, unescaped strings, pictures."""
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive.comment
            for item in archive.infolist():
                yield item.filename.encode()
                yield item.comment + item.extra
                yield archive.read(item)
    elif data.startswith(_PNG):
        yield from _png(data)
    elif data.startswith(b"%PDF"):
        yield from filter(None, map(inflated, _PDF_STREAM.findall(data)))
    elif data.startswith(b"PAR1"):
        yield from _parquet(data)
    elif data.startswith(b"\x1f\x8b\x08"):
        yield zlib.decompressobj(31).decompress(data)
    elif data.lstrip()[:1] in (b"{", b"["):
        try:
            for text in _json(json.loads(data)):
                yield text.encode()
                if len(text) > 16 and re.fullmatch(r"[A-Za-z0-9+/=\s]+", text):
                    yield base64.b64decode(text + "===", validate=False)
        except ValueError:
            pass
    for found in _DATA_URI.findall(data):
        yield base64.b64decode(found + b"===", validate=False)


def found_in(data: bytes, depth: int = 4) -> bool:
    """Tell whether a planted name or NIP stands anywhere in the bytes or inside them."""
    lower = data.lower()
    if any(n in lower or n in data for n in NEEDLES):
        return True
    return depth > 0 and any(found_in(part, depth - 1) for part in inside(data))


class Search:
    """What the tests search with."""

    word = WORD
    number = NUMBER
    found_in = staticmethod(found_in)

    @staticmethod
    def below(folder: Path) -> list[str]:
        """Every file below a folder, by its name or its content, in which something planted stands."""
        files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
        return [
            str(p.relative_to(folder)) for p in files
            if found_in(str(p.relative_to(folder)).encode()) or found_in(p.read_bytes())
        ]  # fmt: skip


_place = Path(__file__).parents[1] / "bad_inputs" / "conftest.py"
_spec = importlib.util.spec_from_file_location("kinerja_test_files", _place)
assert _spec and _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
make = _module.make  #: the builder of input files


@pytest.fixture(scope="session")
def search() -> Search:
    """The searcher."""
    return Search()
