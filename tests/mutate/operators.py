"""What people, spreadsheets and programs do to one cell. Each operator returns the new cell, or None where it has no
meaning; a new cell is a text, a number, a date, a bool, None (emptied), or ``Raw`` text for a line of a text file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

EMPTY = object()  #: the cell is cleared


@dataclass(frozen=True, slots=True)
class Raw:
    """Text written into a line of a text file as it stands, without quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What an operator may look at: the value, the other cells of its row and column, whether the file is text."""

    value: Any
    row: list[Any]
    column: list[Any]
    text_file: bool
    separator: str


Operator = Callable[[Cell, Random], Any]
OPERATORS: dict[str, Operator] = {}
LOOKALIKE = {"A": "А", "B": "В", "E": "Е", "K": "К", "O": "0", "P": "Р", "S": "5", "I": "l", "1": "l", "0": "O",
             "a": "а", "e": "е", "o": "о", "i": "1", "5": "S"}  # fmt: skip


def operator(work: Operator) -> Operator:
    """Register an operator under its name."""
    OPERATORS[work.__name__] = work
    return work


def text(cell: Cell) -> str:
    """The cell as a spreadsheet would show it."""
    v = cell.value
    if v is None:
        return ""
    return str(int(v)) if isinstance(v, float) and v.is_integer() else str(v)


def number(cell: Cell) -> float | None:
    """The cell as a number, or None."""
    try:
        return float(text(cell).replace(",", "."))
    except ValueError:
        return None


def at(cell: Cell, rng: Random, change: Callable[[str], str]) -> str | None:
    """Change one character."""
    s = text(cell)
    if not s:
        return None
    i = rng.randrange(len(s))
    return s[:i] + change(s[i]) + s[i + 1 :]


@operator
def clear(cell: Cell, rng: Random) -> Any:
    return EMPTY


@operator
def dash(cell: Cell, rng: Random) -> Any:
    return "-"


@operator
def blanks_only(cell: Cell, rng: Random) -> Any:
    return rng.choice(["  ", "\xa0", " \t"])


@operator
def pad(cell: Cell, rng: Random) -> Any:
    return rng.choice([" ", "\xa0", "  "]) + text(cell) + rng.choice([" ", "\xa0", ""])


@operator
def change_case(cell: Cell, rng: Random) -> Any:
    return rng.choice([str.upper, str.lower, str.title, str.swapcase])(text(cell))


@operator
def delete_character(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: "")


@operator
def double_character(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: c + c)


@operator
def swap_characters(cell: Cell, rng: Random) -> Any:
    s = text(cell)
    if len(s) < 2:
        return None
    i = rng.randrange(len(s) - 1)
    return s[:i] + s[i + 1] + s[i] + s[i + 2 :]


@operator
def other_letter(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: rng.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))


@operator
def other_digit(cell: Cell, rng: Random) -> Any:
    s = text(cell)
    places = [i for i, c in enumerate(s) if c.isdigit()]
    if not places:
        return None
    i = rng.choice(places)
    return s[:i] + rng.choice("0123456789") + s[i + 1 :]


@operator
def lookalike(cell: Cell, rng: Random) -> Any:
    s = text(cell)
    places = [i for i, c in enumerate(s) if c in LOOKALIKE]
    if not places:
        return None
    i = rng.choice(places)
    return s[:i] + LOOKALIKE[s[i]] + s[i + 1 :]


@operator
def invisible(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: c + rng.choice("\u200b\u200d\ufeff\u00ad\u202e"))


@operator
def line_break(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: c + "\n")


@operator
def inner_blank(cell: Cell, rng: Random) -> Any:
    return at(cell, rng, lambda c: c + " ")


@operator
def full_width(cell: Cell, rng: Random) -> Any:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text(cell))


@operator
def with_unit(cell: Cell, rng: Random) -> Any:
    return text(cell) + rng.choice([" poin", "%", " (revisi)", "*", " thn"])


@operator
def as_number(cell: Cell, rng: Random) -> Any:
    return None if cell.text_file or number(cell) is None else number(cell)


@operator
def as_text(cell: Cell, rng: Random) -> Any:
    return None if cell.text_file or isinstance(cell.value, str) else text(cell)


@operator
def apostrophe(cell: Cell, rng: Random) -> Any:
    return "'" + text(cell)


@operator
def scientific(cell: Cell, rng: Random) -> Any:
    n = number(cell)
    return None if n is None else f"{n:.5E}".replace(".", rng.choice(".,"))


@operator
def other_decimal_mark(cell: Cell, rng: Random) -> Any:
    s = text(cell)
    return s.translate(str.maketrans(",.", ".,")) if re.search(r"\d[.,]\d", s) else None


@operator
def decimals(cell: Cell, rng: Random) -> Any:
    n = number(cell)
    return None if n is None else f"{n:.0f}" + rng.choice([",5", ".5", ",25", ".000", ",000"])


@operator
def times_ten(cell: Cell, rng: Random) -> Any:
    n = number(cell)
    if n is None:
        return None
    wanted = n * rng.choice([10, 100, 0.1])
    return f"{wanted:g}" if cell.text_file or isinstance(cell.value, str) else wanted


@operator
def negative(cell: Cell, rng: Random) -> Any:
    n = number(cell)
    return None if n is None else f"-{text(cell)}" if cell.text_file or isinstance(cell.value, str) else -n


@operator
def from_another_row(cell: Cell, rng: Random) -> Any:
    return rng.choice([v for v in cell.column if v is not None] or [None])


@operator
def from_another_column(cell: Cell, rng: Random) -> Any:
    return rng.choice([v for v in cell.row if v is not None] or [None])


@operator
def not_available(cell: Cell, rng: Random) -> Any:
    return rng.choice(["NA", "N/A", "null", "None", "nan", "n/a", "NULL", "tidak ada", "?", "0"])


@operator
def error_value(cell: Cell, rng: Random) -> Any:
    return rng.choice(["#N/A", "#REF!", "#VALUE!", "#DIV/0!"])


@operator
def formula(cell: Cell, rng: Random) -> Any:
    return None if cell.text_file else rng.choice(["=1+1", "=A1", f'="{text(cell)}"'])


@operator
def truth_value(cell: Cell, rng: Random) -> Any:
    return None if cell.text_file else rng.choice([True, False])


@operator
def became_a_date(cell: Cell, rng: Random) -> Any:
    return None if cell.text_file else dt.datetime(2025, rng.randint(1, 12), rng.randint(1, 28))


@operator
def another_way_of_dates(cell: Cell, rng: Random) -> Any:
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)(.*)", text(cell))
    if not found:
        return None
    y, m, d, rest = found.groups()
    return rng.choice([f"{d}/{m}/{y}{rest}", f"{m}/{d}/{y}{rest}", f"{d}/{m}/{y[2:]}", f"{y}-{d}-{m}{rest}",
                       f"{y}{m}{d}", f"{d}-{m}-{y}", f"{y}-13-{d}", f"{y}-02-30"])  # fmt: skip


@operator
def bare_code(cell: Cell, rng: Random) -> Any:
    return rng.choice(["1", "2", "3", "5"]) if cell.text_file else rng.choice([1, 2, 3, 5])


@operator
def very_long(cell: Cell, rng: Random) -> Any:
    return text(cell) + "x" * rng.choice([200, 5000])


@operator
def looks_like_a_formula(cell: Cell, rng: Random) -> Any:
    return rng.choice(["@", "+", "-"]) + text(cell) + rng.choice(["", "+1", "()"])


@operator
def leading_zero(cell: Cell, rng: Random) -> Any:
    return "0" + text(cell) if number(cell) is not None else None


@operator
def other_hyphen(cell: Cell, rng: Random) -> Any:
    s = text(cell)
    return s.replace("-", rng.choice("–—/ ")).replace("/", rng.choice("-.")) if re.search(r"[-/]", s) else None


@operator
def punctuation(cell: Cell, rng: Random) -> Any:
    return text(cell) + rng.choice([".", ",", ";", "?", '"', ")", "\\"])


@operator
def quote(cell: Cell, rng: Random) -> Any:
    return Raw('"' + text(cell)) if cell.text_file else '"' + text(cell)


@operator
def extra_separator(cell: Cell, rng: Random) -> Any:
    return Raw(text(cell) + cell.separator) if cell.text_file else None


@operator
def lost_separator(cell: Cell, rng: Random) -> Any:
    return Raw("\0") if cell.text_file else None


@operator
def wrong_code_page(cell: Cell, rng: Random) -> Any:
    return text(cell) + rng.choice(["Ã©", "â€“", "Â"])


@operator
def abbreviation(cell: Cell, rng: Random) -> Any:
    words = text(cell).split()
    return "".join(w[0] for w in words) if len(words) > 1 else text(cell)[:3] or None
