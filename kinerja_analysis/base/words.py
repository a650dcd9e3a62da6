"""Every sentence a user reads: message lookup, and numbers and dates in the reader's language.

Messages stand in TOML files with ``id`` and ``en`` side by side: ``base/messages/<file>.toml`` gives keys
``<file>.<table>``; ``detect/<name>.toml`` gives its ``[messages.<code>]`` the keys ``<name>.<code>`` and its
``[review.<name>]`` the keys ``review.<detector>.<name>``.
Placeholders hold raw values and a format: ``{x}`` text or whole number, ``{x:n}`` whole number, ``{x:1}`` one
decimal, ``{x:+1}`` signed, ``{x:%}`` and ``{x:%1}`` a fraction as percent, ``{x:p}`` a p-value, ``{x:date}`` a
date, ``{x:abs1}`` one decimal without its sign, ``{n|team|teams}`` words chosen by the number as a whole
one, ``{n?, {n:n} not examinable}`` words said only where the number is there and not zero, ``{n!none}`` words said only
where it is zero or missing, ``{x>higher}``, ``{x<lower}`` and ``{x=equal}`` words chosen by its sign, read to one
decimal. Words may hold placeholders and further choices, four deep in all.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

_MESSAGES = files("kinerja_analysis").joinpath("base", "messages")
#: The languages there are, Indonesian first: those of ``messages/language.toml``.
LANGUAGES = tuple(tomllib.loads(_MESSAGES.joinpath("language.toml").read_text(encoding="utf-8"))["read"])
_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)(?::([^{}|]+))?\}")
_INNER = r"\{(?:[^{}]|" * 2 + r"\{[^{}]*\}" + r")*\}" * 2  # what stands in braces inside words, three deep
_CHOICE = re.compile(rf"\{{([a-z_0-9]+)([?!<>=|])((?:[^{{}}|]|{_INNER})*)\|?((?:[^{{}}|]|{_INNER})*)\}}")
MINUS, DIGITS = "−", "123456789"
FINER = 3  #: an ``End`` has at most two decimals more than its form asks for


def _walk(table: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, value in table.items():
        if isinstance(value, dict):
            here = f"{path}.{name}"
            if "id" in value and isinstance(value["id"], str):
                yield here, value
            else:
                yield from _walk(value, here)


@lru_cache(maxsize=1)
def messages() -> dict[str, dict[str, str]]:
    """Return all messages: key -> language -> text."""
    root = files("kinerja_analysis")
    found: dict[str, dict[str, str]] = {}
    for entry in sorted(_MESSAGES.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            found.update(_walk(tomllib.loads(entry.read_text(encoding="utf-8")), entry.name[:-5]))
    for entry in sorted(root.joinpath("detect").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            own = tomllib.loads(entry.read_text(encoding="utf-8"))
            found.update(_walk(own.get("messages", {}), entry.name[:-5]))
            found.update(_walk(own.get("review", {}), f"review.{entry.name[:-5]}"))
    return found


def spoken(chosen: Sequence[str] = LANGUAGES) -> list[str]:
    """Return languages in the order to show them: the one that ``KINERJA_LANG`` names first.

    >>> spoken(("en",))
    ['en']
    """
    return sorted(chosen, key=lambda lang: lang != os.environ.get("KINERJA_LANG", ""))


def has(key: str) -> bool:
    """Tell whether a message exists."""
    return key in messages()


def placeholders(text: str) -> set[str]:
    """Return the placeholder names of a message text.

    >>> sorted(placeholders("{n:n} {n|team|teams} of {region}{k?, {k:n} new}"))
    ['k', 'n', 'region']
    """
    return {m.group(1) for m in re.finditer(r"\{([a-z_0-9]+)[}:|?!<>=]", text)}


def say(key: str, lang: str, **params: Any) -> str:
    """Return the message ``key`` in ``lang`` with its placeholders filled.

    A parameter may be a list of further messages, each a key and its parameters. Raises ``KeyError`` when the key, the
    language or a parameter is missing: a silent gap would reach a reader.
    """
    lists = {name: v for name, v in params.items() if isinstance(v, list)}
    params |= {name: "; ".join(say(other, lang, **own) for other, own in v) for name, v in lists.items()}

    def choose(match: re.Match[str]) -> str:
        name, how, words, others = match.groups()
        value = params[name]
        there = value not in (0, None) and value == value  # a missing number is not equal to itself
        sign = 1 if isinstance(value, str) else round(value, 1) if there else 0
        held = {"?": there, "!": not there, ">": sign > 0, "<": sign < 0, "=": sign == 0}
        return str(words if held.get(how, show(value, "0", lang) == "1") else others)

    text = messages()[key][lang]
    while (chosen := _CHOICE.sub(choose, text)) != text:
        text = chosen
    return _PLACEHOLDER.sub(lambda m: show(params[m.group(1)], m.group(2) or "", lang), text)


def blanked(key: str, lang: str) -> str:
    """Return the message ``key`` with "…" in every placeholder."""
    return say(key, lang, **dict.fromkeys(placeholders(messages()[key][lang]), "…"))


class End(float):
    """A number that its range tells apart from ``beside`` (no difference): it is not printed as that one is.

    >>> number(End(-0.04, 0.0), 1, "en"), show(End(0.0004, 0.0), "%1", "en"), number(End(0.997, 1.0), 2, "en")
    ('−0.04', '0.04%', '0.997')
    """

    def __new__(cls, value: float, beside: float) -> End:
        """Return the number."""
        return super().__new__(cls, value)

    def __init__(self, value: float, beside: float) -> None:
        self.beside = beside

    def __rmul__(self, factor: float) -> End:
        """Return the number in another unit."""
        return End(factor * float(self), factor * self.beside)


def show(value: Any, form: str, lang: str) -> str:
    """Format one value for a reader.

    >>> show(1234.5, "1", "id"), show(.1134, "%1", "en"), show(-2, "+1", "en"), show(.0004, "p", "id")
    ('1.234,5', '11.3%', '−2.0', '< 0,001')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if form == "date" or isinstance(value, (dt.date, dt.datetime)):
        return date(value, lang)
    if isinstance(value, str):
        return value
    if form == "p":
        return f"< {number(0.001, 3, lang)}" if value < 0.001 else number(value, 3, lang)
    if form.startswith("%"):
        return number(100 * value, int(form[1:] or 0), lang) + "%"
    if form.startswith("abs"):
        return number(abs(value), int(form[3:]), lang)
    if form.startswith("+"):
        text = number(value, int(form[1:] or 0), lang)
        return f"+{text}" if value > 0 and any(c in DIGITS for c in text) else text
    if form == "n" and type(value) is int and value in (-1, -2):  # counts of a public edition
        return say("show.hidden" if value == -1 else "show.withheld", lang)
    if form in ("", "n"):
        return number(value, 0 if float(value).is_integer() else 2, lang)
    return number(value, int(form), lang)


def number(value: float, decimals: int, lang: str) -> str:
    """Format a number with the language's decimal and thousands marks and a true minus sign.

    >>> number(-1234.5, 2, "id")
    '−1.234,50'
    """
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, End):
        finer = range(decimals, decimals + FINER)
        decimals = next((d for d in finer if round(value, d) != round(value.beside, d)), decimals)
    decimal, thousands = marks(lang)
    text = f"{abs(value):,.{decimals}f}"
    text = text.translate(str.maketrans(",.", thousands + decimal))
    negative = value < 0 and any(c in DIGITS for c in text)
    return (MINUS if negative else "") + text


def date(value: dt.date, lang: str) -> str:
    """Format a date with the month's name.

    >>> date(dt.date(2026, 1, 31), "id")
    '31 Januari 2026'
    """
    return f"{value.day} {say('language.months', lang).split()[value.month - 1]} {value.year}"


@cache
def marks(lang: str) -> tuple[str, str]:
    """Return the decimal and the thousands mark of a language.

    >>> marks("id")
    (',', '.')
    """
    return say("language.decimal", lang), say("language.thousands", lang)


def join(parts: list[str], lang: str) -> str:
    """Join words as a list in a sentence.

    >>> join(["a", "b", "c"], "id")
    'a, b, dan c'
    """
    if len(parts) < 2:
        return "".join(parts)
    last = say("language.and", lang)
    comma = "," if len(parts) > 2 else ""
    return f"{', '.join(parts[:-1])}{comma} {last} {parts[-1]}"
