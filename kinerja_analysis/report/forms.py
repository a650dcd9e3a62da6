"""What every form of a report shows alike: its finding codes and its numbers, read back as they are printed.

The numbers of a report are those a reader meets: in its sentences, its tables (the figures' too) and the words of its
pictures. They are compared as printed, in any language: ``11,40`` on an Indonesian page is 11.4, a percentage is the
number before its sign. A number is not part of a name, a date's month, a code such as 76.02.1 or Kemendagri 76.02, or
a fraction's bar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kinerja_analysis.base.words import MINUS, marks
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.render import table_cell
from kinerja_analysis.report.text import plain


def read_numbers(text: str, lang: str) -> set[float]:
    """Return the numbers printed in a text.

    >>> sorted(read_numbers("−1.234,5 dari 95%; P-7K2M, A1, 76.02.1", "id"))
    [-1234.5, 95.0]
    """
    decimal, thousands = map(re.escape, marks(lang))
    digits = rf"(?:(?:\d{{1,3}}(?:{thousands}\d{{3}})+|\d+)(?:{decimal}\d+)?|{decimal}\d+)"
    found = re.findall(rf"(?<![\w/_])(?<!Kemendagri\s)(?<!\d[.,:])({MINUS}?{digits})(?![\w/_]|[.,:]\d)", text)
    strip = {ord(marks(lang)[1]): None, ord(marks(lang)[0]): ".", ord(MINUS): "-"}
    return {float(word.translate(strip)) + 0.0 for word in found}


def words(blocks: Sequence[b.Block], lang: str) -> Iterator[str]:
    """Yield every text the blocks show, cells of tables as they are printed; codes left out."""
    for block in b.walk(blocks):
        if isinstance(block, b.TableBlock):
            yield from (block.caption, *(c.label for c in block.columns))
            for row in block.rows:
                yield from (table_cell(v, c.form, lang) for v, c in zip(row, block.columns, strict=True) if not c.code)
        else:
            yield from b.sentences(block)


def numbers_in(texts: Iterable[str], lang: str) -> set[float]:
    """Return the numbers printed in several texts, the marks of our sentences left out."""
    return {value for text in texts for value in read_numbers(plain(text), lang)}


def shown(blocks: Sequence[b.Block], lang: str) -> dict[str, Any]:
    """Return the finding codes and the numbers of a document, sorted, for ``metrics.json``."""
    return {"codes": sorted(b.codes(blocks)), "numbers": sorted(numbers_in(words(blocks, lang), lang))}
