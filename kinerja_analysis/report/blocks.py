"""What a report page is made of: frozen blocks that hold words, tables and pictures, and go to JSON and back.

Text may carry one mark, ``**bold**``; everything else is plain text and is escaped where it is rendered. Every
block knows the finding codes and the numbers it shows, so that the forms of a report can be compared.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

_KINDS: dict[str, type[Block]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of a page. ``codes`` are the findings it speaks of, ``numbers`` the values it shows, unrounded."""

    KIND: ClassVar[str] = ""
    codes: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()


_Kind = TypeVar("_Kind", bound=type[Block])


def _kind(cls: _Kind) -> _Kind:
    _KINDS[cls.KIND] = cls
    return cls


@_kind
@dataclass(frozen=True, slots=True)
class Heading(Block):
    """A heading inside a section; ``level`` 3 or 4."""

    KIND = "heading"
    text: str
    level: int = 3


@_kind
@dataclass(frozen=True, slots=True)
class Text(Block):
    """A paragraph. ``role``: ``body``, ``sentence`` (large, a conclusion), ``claim`` (an evidence's), ``small``."""

    KIND = "text"
    text: str
    role: str = "body"


@_kind
@dataclass(frozen=True, slots=True)
class Markdown(Block):
    """A markdown cell an analyst wrote; raw HTML in it is shown as text."""

    KIND = "markdown"
    text: str


@_kind
@dataclass(frozen=True, slots=True)
class Note(Block):
    """Small print under a figure or table: parts of (term, text). ``role``: ``method`` or ``other``."""

    KIND = "note"
    parts: tuple[tuple[str, str], ...]
    role: str = "method"


@_kind
@dataclass(frozen=True, slots=True)
class Column(Block):
    """A column of a table: heading, number format as in ``base.words`` ("" = text, "year").

    ``code`` marks codes such as 76.02, which are no numbers though they look like some.
    """

    KIND = "column"
    label: str
    form: str = ""
    code: bool = False


class Printed(str):
    """A number in words in a column of several forms; the annex holds the rounded ``number`` in its ``form``."""

    def __new__(cls, text: str, number: float, form: str) -> Printed:
        """Return the words."""
        return super().__new__(cls, text)

    def __init__(self, text: str, number: float, form: str) -> None:
        self.number, self.form = number, form


Cell = str | int | float | None


@_kind
@dataclass(frozen=True, slots=True)
class TableBlock(Block):
    """A table: raw values, formatted where they are rendered. None is missing, "hidden" cells hold −1.

    ``role``: ``open`` (shown), ``data`` (a figure's numbers, folded away), ``annex`` (head counts, in the workbook
    too), ``cards`` (a few wide cells that become cards on a small screen). ``name`` is the workbook's sheet.
    """

    KIND = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""
    role: str = "open"


@_kind
@dataclass(frozen=True, slots=True)
class Figure(Block):
    """A picture with what it says: PNG at twice the density, a narrow form, alternative text, caption, key."""

    KIND = "figure"
    png: bytes
    narrow: bytes
    alt: str
    width: int
    height: int
    narrow_width: int
    narrow_height: int
    caption: str = ""
    title: str = ""
    glyph: str = ""


@_kind
@dataclass(frozen=True, slots=True)
class Verdict(Block):
    """What the data can and cannot show: sentences, drawings side by side, bounds, what would change it."""

    KIND = "verdict"
    sentences: tuple[str, ...]
    drawings: tuple[Figure, ...] = ()
    bounds: tuple[tuple[str, Figure | None], ...] = ()
    steps_title: str = ""
    steps: tuple[tuple[str, str], ...] = ()


@_kind
@dataclass(frozen=True, slots=True)
class Answers(Block):
    """Questions in three lists: answered, in part, not; each with a short reason."""

    KIND = "answers"
    titles: tuple[str, str, str]
    lists: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]


@_kind
@dataclass(frozen=True, slots=True)
class FindingCard(Block):
    """A key finding: kicker, strength (3, 2, 1, 0) in dots and words, claim, body, picture, another explanation."""

    KIND = "finding"
    kicker: str
    strength: int
    strength_label: str
    strength_word: str
    claim: str
    body: str
    other_label: str
    other: str
    link: tuple[str, str] = ("", "")
    figure: Figure | None = None


@_kind
@dataclass(frozen=True, slots=True)
class Steps(Block):
    """What to do next: numbered (what, why, by whom)."""

    KIND = "steps"
    items: tuple[tuple[str, str, str], ...]


@_kind
@dataclass(frozen=True, slots=True)
class Review(Block):
    """The review list: who, about, what it rests on, its rows, the question, a possible step, the reply.

    ``labels`` name the last five.
    """

    KIND = "review"
    title: str
    labels: tuple[str, str, str, str, str]
    items: tuple[tuple[str, str, str, str, str, str, str], ...]


@_kind
@dataclass(frozen=True, slots=True)
class Box(Block):
    """A framed statement: the right of reply."""

    KIND = "box"
    title: str
    text: str


@_kind
@dataclass(frozen=True, slots=True)
class Facts(Block):
    """Terms and values side by side: the masthead's facts, the provenance."""

    KIND = "facts"
    items: tuple[tuple[str, str], ...]


@_kind
@dataclass(frozen=True, slots=True)
class Masthead(Block):
    """The head of the page."""

    KIND = "masthead"
    kicker: str
    title: str
    lead: str
    place: str
    year: str
    badge: str
    facts: tuple[tuple[str, str], ...]


@_kind
@dataclass(frozen=True, slots=True)
class Section(Block):
    """A section: hanging heading with an aside, and its blocks. ``role``: ``main``, ``provenance``, ``evidence``."""

    KIND = "section"
    anchor: str
    number: str
    title: str
    blocks: tuple[Block, ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    badge: str = ""
    role: str = "main"


@_kind
@dataclass(frozen=True, slots=True)
class Part(Block):
    """The start of a part of the page (evidence): a large title and a line."""

    KIND = "part"
    title: str
    text: str


def walk(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield all blocks, those inside others too, in reading order."""
    for block in blocks:
        yield block
        for item in fields(block):
            yield from walk(_within(getattr(block, item.name)))


def _within(value: Any) -> list[Block]:
    """Return the blocks of a field, those of tuples in it too; most hold words or cells only."""
    if isinstance(value, Block):
        return [value]
    if not isinstance(value, tuple):
        return []
    return [b for item in value if isinstance(item, Block | tuple) for b in _within(item)]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def codes(blocks: Sequence[Block]) -> set[str]:
    """Return all finding codes the blocks speak of."""
    return {code for block in walk(blocks) for code in block.codes}


def numbers(blocks: Sequence[Block]) -> set[float]:
    """Return all numbers the blocks show, unrounded and finite."""
    return {n for block in walk(blocks) for n in block.numbers if math.isfinite(n)}


def sentences(block: Block) -> list[str]:
    """Return the words a block shows itself (not those of blocks inside it, nor of table cells), in order.

    >>> sentences(Steps((("a", "b", "c"),)))
    ['a', 'b', 'c']
    """
    hidden = ("codes", "numbers", "role", "anchor", "name", "glyph", "form", "link")
    if isinstance(block, Column):
        return []
    own = [f.name for f in fields(block) if f.name not in hidden]
    if isinstance(block, TableBlock):
        own = {"cards": ["caption", "rows"], "open": ["caption", "rows"], "annex": ["caption"]}.get(block.role, [])
    return [text for name in own for text in _flat(getattr(block, name)) if isinstance(text, str) and text]


def to_json(blocks: Block | Sequence[Block]) -> Any:
    """Return a block as a JSON-able dict, or a list of blocks as a list of dicts.

    >>> from_json(to_json([Text("a")])) == [Text("a")]
    True
    """
    if isinstance(blocks, Block):
        return _packed(blocks)
    return [_packed(block) for block in blocks]


def _packed(block: Block) -> dict[str, Any]:
    return {"kind": block.KIND, **{f.name: _plain(getattr(block, f.name)) for f in fields(block)}}


def _plain(value: Any) -> Any:
    if isinstance(value, Block):
        return {"block": _packed(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Printed):
        return {"printed": _plain((str(value), value.number, value.form))}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": repr(value)}
    return value


def from_json(data: Any) -> Any:
    """Return the block (or list of blocks) of what ``to_json`` made. Raises ``ValueError`` for anything else."""
    if isinstance(data, list):
        return [_unpacked(item) for item in data]
    return _unpacked(data)


def _unpacked(data: Any) -> Block:
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in _KINDS:
        raise ValueError(f"not a block: {kind!r}")
    cls = _KINDS[kind]
    known = {f.name for f in fields(cls)}
    unknown = set(data) - known - {"kind"}
    if unknown:
        raise ValueError(f"{kind}: {', '.join(sorted(unknown))}")
    return cls(**{name: _rich(data[name]) for name in known if name in data})


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        if "block" in value:
            return _unpacked(value["block"])
        if "printed" in value:
            return Printed(*_rich(value["printed"]))
        return base64.b64decode(value["bytes"]) if "bytes" in value else float(value["number"])
    if isinstance(value, list):
        return tuple(_rich(v) for v in value)
    return value
