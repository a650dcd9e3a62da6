"""What every workbook we write shares: text that can never become a formula, and the same bytes twice."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

FIXED = dt.datetime(2000, 1, 1)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST = 32000
#: Where a spreadsheet program could begin to read a formula in a text of a csv, whatever separator it is set to.
_FORMULA = re.compile(r"(?:^|(?<=[\r\n]))(?=[\s\u00a0]*[=+\-@＝＋－＠]|[\t\r])|(?<=[;,\t|])(?=[=+\-@＝＋－＠])")


def put(cell: Any, value: Any) -> Any:
    """Put a value into an openpyxl cell, a text always as text, whatever it begins with; returns the cell.

    >>> from openpyxl import Workbook
    >>> put(Workbook().active["A1"], "=1+1").data_type
    's'
    """
    cell.value = _ILLEGAL.sub("", value)[:_LONGEST] if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@", "\t")
    return cell


def neutral(value: Any) -> Any:
    """Return a text of a csv with an apostrophe before whatever could begin a formula; all else as it is.

    >>> neutral("=1+1"), neutral("a;@b"), neutral("a - b"), neutral(-1)
    ("'=1+1", "a;'@b", 'a - b', -1)
    """
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def text_book(pages: Mapping[str, Iterable[Iterable[Any]]]) -> bytes:
    """Return a workbook of plain sheets (name to rows) as bytes; a text is stored as text."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book, out = Workbook(write_only=True), io.BytesIO()
    for name, rows in pages.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([put(WriteOnlyCell(sheet), v) for v in row])
    book.save(out)
    return out.getvalue()


def book_bytes(book: Any, title: str) -> bytes:
    """Return an openpyxl workbook as bytes, the same for the same content: time stamps are fixed, inside and out."""
    book.properties.created = book.properties.modified = FIXED
    book.properties.creator = "kinerja_analysis"
    book.properties.title = title
    saved, out = io.BytesIO(), io.BytesIO()
    book.save(saved)
    stamp = FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in sorted(old.infolist(), key=lambda z: z.filename):
            content = old.read(item.filename)
            if item.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            info = zipfile.ZipInfo(item.filename, FIXED.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return out.getvalue()
