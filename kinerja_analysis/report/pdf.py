"""A tagged PDF (PDF/UA-1) from blocks: the blocks become data, ``page.typ`` sets them, nothing of them is markup.

The bytes depend on the blocks alone: no date, no system font, no path.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kinerja_analysis.base.words import say
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import footer
from kinerja_analysis.report.render import table_cell
from kinerja_analysis.report.text import plain, runs

_UNSEEN = {"codes", "numbers", "role", "anchor", "link", "blocks", "aside", "strength", "level", "place", "year"}
_LINE, _WIDE, _WORD = 100, 44, 16  #: characters of a full line of a table, of the widest column, of a part of a word
_BOLD = 1.1  #: heads are bold
_LONG = re.compile(r"\S{33,}")
_DOTS = re.compile(r"\{dots(\d)\} ?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def pdf_bytes(
    blocks: Sequence[b.Block], *, lang: str, title: str, level: str = "internal", synthetic: bool = False
) -> bytes:
    """Return blocks as one tagged PDF; parameters as ``page_html``.

    Raises ``typst.TypstError`` where a block breaks the standard: a figure without words, no masthead and no section.

    >>> pdf_bytes([b.Section("a", "", "Title", (b.Text("x"),))], lang="en", title="T")[:5]
    b'%PDF-'
    """
    import typst

    page, title = Typeset(lang), _legal(title)
    parts = [say("report.synthetic", lang)] if synthetic else []
    place = next((_legal(block.place) for block in blocks if isinstance(block, b.Masthead)), title)
    data = {
        "lang": lang,
        "title": say("report.page_title", lang, title=title),
        "footer": " · ".join([*parts, title, say(f"report.badge.{level}", lang)]),
        "notice": [*parts, say("report.synthetic_text", lang, place=place)] if synthetic else None,
        "end": say(footer(level), lang),
        "words": {"empty": say("report.answers.empty", lang)},
        "blocks": page.blocks(blocks),
    }
    look = files("kinerja_analysis").joinpath("report", "page.typ").read_bytes()
    sources = {"main.typ": look, "data.json": json.dumps(data).encode(), **page.files}
    made: bytes = typst.compile(
        sources, font_paths=_fonts(), ignore_system_fonts=True, format="pdf", pdf_standards=["ua-1"], timestamp=0
    )
    return made


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """Return the fonts that come with typst and with matplotlib, the same on every machine."""
    import matplotlib
    import typst

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


class Typeset:
    """Blocks as data for ``page.typ``: sentences as runs, cells in words, pictures as ``files``."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.files: dict[str, bytes] = {}
        self._depth = 0
        self._data: list[b.TableBlock] = []
        self._anchors: set[str] = set()

    def blocks(self, found: Sequence[b.Block]) -> list[dict[str, Any]]:
        """Return all blocks in reading order, the figures' numbers as a section of their own at the end."""
        self._anchors = {f"#{x.anchor}" for x in b.walk(found) if isinstance(x, b.Section)}
        out = self._several(found)
        if self._data:
            name = say("report.data_of_figures", self.lang)
            out += self._several([b.Part(name, ""), *(replace(t, role="open") for t in self._data)])
        if codes := ", ".join(sorted(b.codes(found))):
            title, about = (say(f"report.{key}", self.lang) for key in ("codes", "codes_about"))
            out += self._several([b.Heading(title), b.Text(about, "small"), b.Text("", "small")])
            out[-1]["text"] = [("", codes)]  # never broken: a search finds each
        return out

    def _several(self, found: Sequence[b.Block]) -> list[dict[str, Any]]:
        made = []
        for block in found:
            if isinstance(block, b.TableBlock) and block.role == "data":
                self._data.append(block)
                block = b.Text(say("report.data_at_end", self.lang), "small")
            made.append(self._block(block))
        return made

    def _block(self, block: b.Block) -> dict[str, Any]:
        if isinstance(block, b.TableBlock):
            return self._table(block)
        if isinstance(block, b.Figure):
            return self._figure(block)
        if isinstance(block, b.Markdown):
            return {"kind": "markdown", "parts": self._markdown(block.text)}
        out: dict[str, Any] = {"kind": block.KIND, "depth": self._level(block)}
        for name in (f.name for f in fields(block) if f.name not in _UNSEEN):
            out[name] = self._value(getattr(block, name))
        if isinstance(block, b.Text):
            out["role"] = block.role
        elif isinstance(block, b.FindingCard):
            href, words = block.link
            out |= {
                "strength": block.strength,
                "link": [f"s-{href[1:]}" if href in self._anchors else "", self._value(words)],
            }
        elif isinstance(block, b.Section):
            out |= {"label": f"s-{block.anchor}", "role": block.role, "blocks": self._several(block.blocks)}
            out["aside"] = [[self._value(term), _aside(words)] for term, words in block.aside]
        return out

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return [(mark, _breakable(words)) for mark, words in runs(value)]
        if isinstance(value, b.Figure):
            return self._figure(value)
        return [self._value(v) for v in value] if isinstance(value, tuple) else value

    def _level(self, block: b.Block) -> int:
        """Return the level of a block's heading, never two below the one before it (0: no heading)."""
        wanted = {b.Masthead: 1, b.Part: 2, b.Section: 2, b.FindingCard: 3, b.Verdict: 3, b.Review: 3, b.Box: 3}
        level = wanted.get(type(block), 0)
        if isinstance(block, b.Section) and block.role == "evidence":
            level = 3
        elif isinstance(block, b.Heading):
            level = 3 if block.level <= 3 else 4
        elif isinstance(block, b.Text) and block.role == "claim":
            level = 4
        elif isinstance(block, b.Verdict) and not block.steps:
            level = 0
        return self._deeper(level) if level else 0

    def _deeper(self, level: int) -> int:
        self._depth = min(level, self._depth + 1)
        return self._depth

    def _figure(self, block: b.Figure) -> dict[str, Any]:
        name = f"{hashlib.sha256(block.png).hexdigest()[:16]}.json"
        self.files[name] = json.dumps(list(block.png)).encode()  # typst takes files in memory as text only
        words = {k: self._value(getattr(block, k)) for k in ("title", "caption")}
        return {"kind": "figure", "file": name, "alt": _legal(block.alt), "width": block.width,
                "height": block.height, **words}  # fmt: skip

    def _table(self, block: b.TableBlock) -> dict[str, Any]:
        cells = [
            [table_cell(v, c.form, self.lang) for v, c in zip(row, block.columns, strict=True)] for row in block.rows
        ]
        made = self._grid([c.label for c in block.columns], cells, [c.form == "" for c in block.columns], block.caption)
        total = block.role == "annex" and bool(block.name and block.numbers)  # as in the html
        return made | {"sum": total}

    def _grid(self, heads: list[str], cells: list[list[str]], left: list[bool], caption: str = "") -> dict[str, Any]:
        """Return a table as data: columns as wide as their words need, in a smaller type where they are many."""
        widths: list[float] = []
        needed: list[int] = []
        for head, *column in zip(heads, *cells, strict=True):
            bold = max((round(_BOLD * len(w)) for w in plain(head).split()), default=1)
            word = min(max((len(w) for c in column for w in plain(c).split()), default=bold), _WORD)
            word = max(word, min(bold, _WORD))
            wide = min(max((len(plain(c)) for c in column), default=0), _WIDE)
            widths.append(max(wide, word, min(len(head) // 2, _WORD)) + 2)
            needed.append(word + 2)
        full, least = sum(widths) > _LINE, sum(needed)
        size = 9 if least <= _LINE else 8 if least <= 9 / 8 * _LINE else 7.5 if least <= 9 / 7.5 * _LINE else 6.5
        if full and (more := sum(widths) - least) > 0:  # every column holds its longest word
            spare = max(9 / size * _LINE - least, 0) / more
            widths = [n + spare * (w - n) for w, n in zip(widths, needed, strict=True)]
        scale = 1 if full else size * 0.54
        return {"kind": "table", "caption": self._value(caption), "heads": [self._value(h) for h in heads],
                "rows": [[self._value(c) for c in row] for row in cells], "left": left, "sum": False, "size": size,
                "full": full, "widths": [w * scale for w in widths], "grow": [w > _WIDE for w in widths]}  # fmt: skip

    def _markdown(self, text: str) -> list[dict[str, Any]]:
        import mistune

        made = mistune.create_markdown(renderer=None, plugins=["table", "strikethrough"])(text)
        return [part for token in made if isinstance(token, dict) for part in self._token(token)]

    def _token(self, token: dict[str, Any]) -> list[dict[str, Any]]:
        kind, inside = token["type"], token.get("children", [])
        if kind == "heading":
            return [{"kind": "heading", "depth": self._deeper(3), "text": _spoken(inside)}]
        if kind == "list":
            items = [_spoken(item["children"]) for item in inside]
            return [{"kind": "list", "ordered": token["attrs"]["ordered"], "items": items}]
        if kind == "table":
            head, *rows = (part["children"] for part in inside)
            body = [row["children"] for part in rows for row in part]
            lines = [[plain(_flat(c)) for c in line] for line in (head, *body)]
            return [self._grid(lines[0], lines[1:], [True] * len(lines[0]))]
        if kind == "block_quote":
            return [part for t in inside for part in self._token(t)]
        if kind in ("block_code", "block_html"):
            return [{"kind": "code", "text": _breakable(token.get("raw", ""))}]
        words = _spoken([token])
        return [{"kind": "paragraph", "text": words}] if words else []


def _spoken(tokens: Sequence[dict[str, Any]], mark: str = "") -> list[tuple[str, str]]:
    """Return inline markdown as runs; raw HTML is shown as text, a picture by its words."""
    found: list[tuple[str, str]] = []
    for token in tokens:
        kind = token["type"]
        if kind == "linebreak":
            found.append(("br", " "))
        elif "children" in token:
            found += _spoken(token["children"], "b" if kind == "strong" else mark)
        else:
            words = " " if kind == "softbreak" else token.get("raw", "")
            found.append(("c" if kind == "codespan" else mark, _breakable(words)))
    return [(how, words) for how, words in found if words]


def _flat(token: dict[str, Any]) -> str:
    return "".join(words for _, words in _spoken([token]))


def _aside(words: str) -> list[tuple[str, str]]:
    """Return runs in which ``{dots2}`` is a picture of two dots."""
    found: list[tuple[str, str]] = []
    for i, part in enumerate(_DOTS.split(words)):
        found += [("dots", part)] if i % 2 else [(mark, _breakable(w)) for mark, w in runs(part)]
    return found


def _breakable(words: str) -> str:
    """Return words in which a very long one (an address, a hash) may be broken across lines."""
    return _LONG.sub(lambda m: "\u200b".join(re.findall(".{1,12}", m.group())), _legal(words))


def _legal(words: str) -> str:
    """Return words that the fonts can draw: no control characters, [U+5B57] for a character no font has."""
    if words.isascii():
        return _CONTROL.sub("", words)
    known = _drawn()
    return "".join(c if ord(c) < 0x250 or ord(c) in known else f"[U+{ord(c):04X}]" for c in _CONTROL.sub("", words))


@lru_cache(maxsize=1)
def _drawn() -> frozenset[int]:
    from matplotlib import font_manager, ft2font

    return frozenset(ft2font.FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap())
