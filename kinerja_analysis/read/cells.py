"""A table as its file holds it: columns of distinct values with codes, and the address of every cell.

Every rule looks at a distinct value once and is spread over the rows by the codes, so that a column of 100,000
cells with 300 different texts costs 300 looks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

BLANKS = frozenset(("", "-", "–", "—"))
#: What databases and formulas write for an empty cell: no value and no person ("null" in small letters may be a name).
VOID = frozenset(("NULL", "(NULL)", "\\N", "#N/A"))
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")) | {0xA0: " ", 0x202F: " ", 0x2007: " "}


def clean(value: Any) -> Any:
    """Return a cell's value without surrounding or invisible blanks; None for an empty cell or a dash.

    >>> clean("\\xa0BAIK "), clean("-"), clean(3.0)
    ('BAIK', None, 3.0)
    """
    if isinstance(value, str):
        text = value.translate(_INVISIBLE).strip() if not value.isascii() else value.strip()
        return None if text in BLANKS else text
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, (float, Decimal)) and value != value:
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return clean(value.decode(errors="replace")) if isinstance(value, bytes) else value


def fold(text: object) -> str:
    """Return a name or address in the one form it is compared and hashed in, however it was typed.

    Letter case, kinds and number of blanks, and composed or decomposed letters do not count.

    >>> fold("Andre\u0301  LIM\xa0") == fold("andr\xe9 lim")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def _all_clean(distinct: list[Any]) -> list[Any]:
    """Return cleaned values; plain texts, nearly all there are, at once."""
    if set(map(type, distinct)) == {str} and "".join(distinct).isascii():
        stripped: list[Any] = list(map(str.strip, distinct))
        return stripped if BLANKS.isdisjoint(stripped) else [None if v in BLANKS else v for v in stripped]
    return list(map(clean, distinct))


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: ``distinct`` cleaned values and, for each row, the position of its value (−1: empty)."""

    codes: np.ndarray
    distinct: list[Any]

    @staticmethod
    def of(values: Sequence[Any]) -> Cells:
        """Build from Python values.

        >>> Cells.of(["a", "-", "a ", 1.0]).distinct
        ['a', 'a', 1.0]
        """
        kinds = set(map(type, values))
        if kinds == {str}:
            import pyarrow as pa

            with suppress(UnicodeEncodeError):
                return Cells.of_arrow(pa.chunked_array([pa.array(values, pa.large_string())]))
        if bool in kinds:
            values = [("TRUE" if v else "FALSE") if type(v) is bool else v for v in values]
        array = np.empty(len(values), dtype=object)
        array[:] = values
        codes, distinct = pd.factorize(array)
        return Cells._cleaned(codes, list(distinct))

    @staticmethod
    def of_arrow(column: Any, *, encoded: bool = False) -> Cells:
        """Build from an Arrow column (chunked); ``encoded``: dictionaries of it hold exactly what occurs."""
        import pyarrow as pa

        if pa.types.is_dictionary(column.type) and not encoded:
            column = column.cast(column.type.value_type)
        if pa.types.is_null(column.type):  # a column without any value, as of an empty table
            return Cells(np.full(len(column), -1, dtype=np.int64), [])
        if pa.types.is_boolean(column.type):
            return Cells.of(column.to_pylist())
        if pa.types.is_nested(column.type):
            return Cells.of([None if v is None else str(v) for v in column.to_pylist()])
        whole = (column.unify_dictionaries() if encoded else column.dictionary_encode()).combine_chunks()
        if isinstance(whole, pa.ChunkedArray):
            whole = whole.chunk(0) if whole.num_chunks else pa.array([]).dictionary_encode()
        codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Cells._cleaned(codes, whole.dictionary.to_pylist())

    @staticmethod
    def _cleaned(codes: np.ndarray, distinct: list[Any]) -> Cells:
        cleaned = _all_clean(distinct)
        empty = [i for i, v in enumerate(cleaned) if v is None]
        if not empty:
            return Cells(codes, cleaned)
        place = np.arange(len(cleaned) + 1)
        place -= np.searchsorted(empty, place)
        place[[*empty, -1]] = -1
        return Cells(place[codes], [v for v in cleaned if v is not None])

    def __len__(self) -> int:
        return len(self.codes)

    def spread(self, values: Sequence[Any], dtype: str, rows: np.ndarray | None = None) -> pd.Series:
        """Return one value per row (or of some, in order) from one value per distinct value, missing where empty."""
        told = values.append(pd.DatetimeIndex([None])) if isinstance(values, pd.DatetimeIndex) else [*values, None]
        array = pd.array(told, dtype=dtype)  # type: ignore[call-overload]
        codes = self.codes if rows is None or len(rows) == len(self) else self.codes[rows]
        return pd.Series(array.take(codes), index=rows, copy=False)

    def rows(self, positions: Iterable[int]) -> np.ndarray:
        """Return the rows whose value is one of the distinct values at ``positions``."""
        hit = np.zeros(len(self.distinct) + 1, dtype=bool)
        hit[list(positions)] = True
        return np.flatnonzero(hit[self.codes] & (self.codes >= 0))

    @property
    def counts(self) -> np.ndarray:
        """Number of rows of each distinct value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))


def letters(position: int) -> str:
    """Return the spreadsheet letters of a column counted from 0.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


@dataclass(slots=True)
class Block:
    """One table found in a file: header, place of every cell, columns on demand.

    ``numbers`` holds the row (or, for text files, line) number of each body row; ``left`` the column of the first
    header cell counted from 0; ``formulas`` maps formula cells to whether they carry a cached value; ``errors``
    holds cells with a spreadsheet error such as #N/A, ``percents`` numbers shown as percent, ``merged`` merged
    ranges; ``hidden`` counts rows.
    ``exact`` is true where whole numbers are exact (Parquet, frames), ``separator`` is the delimiter of a text file,
    ``codes`` the declared meaning of number codes ("best_first", "worst_first" or ""), ``harmless`` the positions of
    columns taken in that identify nobody, ``word`` what a row is called where columns have no letters; ``refused``
    counts body lines that could not be cut into cells; ``form`` is true for sheets of an input template;
    ``headings`` are body rows that are no data (a subheading, a total), ``parts`` those that tell the unit or agency
    of the rows below, ``agency`` is what the sheet's name tells ("unit" or "opd", the name).
    """

    file: int
    file_name: str
    sheet: int
    sheet_name: str
    header: list[str]
    header_row: int
    numbers: np.ndarray
    column: Callable[[int], Cells]
    left: int = 0
    lines: bool = False
    exact: bool = False
    separator: str = ""
    preamble: list[tuple[str, str]] = field(default_factory=list)
    formulas: Mapping[str, bool] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()
    percents: frozenset[str] = frozenset()
    hidden: int = 0
    merged: frozenset[str] = frozenset()
    codes: str = ""
    harmless: frozenset[int] = frozenset()
    word: str = "baris"
    refused: int = 0
    form: bool = False
    headings: frozenset[int] = frozenset()
    parts: dict[int, tuple[str, str]] = field(default_factory=dict)
    agency: tuple[str, str] = ("", "")
    _memo: dict[int, Cells] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.numbers)

    def cells(self, position: int) -> Cells:
        """Return a column by its position in the header."""
        if position not in self._memo:
            self._memo[position] = self.column(position)
        return self._memo[position]

    def address(self, rows: Iterable[int], position: int) -> list[str]:
        """Return the addresses of cells: "C128", or "baris 128" in a text file."""
        numbers = self.numbers[np.fromiter(rows, dtype=np.int64)]
        if self.lines:
            return [f"{self.word} {n}" for n in numbers]
        column = letters(self.left + position)
        return [f"{column}{n}" for n in numbers]

    def above(self, row: int, position: int) -> str:
        """Return the address of a cell above the header by its row's number."""
        return f"{self.word} {row}" if self.lines else f"{letters(self.left + position)}{row}"

    def blank(self, rows: np.ndarray, position: int) -> np.ndarray:
        """Return those of the rows whose cell of a column is empty: no value, no error, no formula without a value."""
        empty = rows[self.cells(position).codes[rows] < 0]
        if not self.formulas and not self.errors:
            return empty
        cells = self.address(empty, position)
        return empty[[cell not in self.formulas and cell not in self.errors for cell in cells]]

    def header_address(self, position: int) -> str:
        """Return the address of a header cell ("" where there is none: frames and Parquet)."""
        if self.lines:
            return f"{self.word} {self.header_row}" if self.header_row else ""
        return f"{letters(self.left + position)}{self.header_row}"

    def row_addresses(self, rows: np.ndarray) -> pd.Series:
        """Return "file:sheet:row" for body rows."""
        numbers = pd.Series(self.numbers[rows]).astype("str")
        return f"{self.file}:{self.sheet}:" + numbers
