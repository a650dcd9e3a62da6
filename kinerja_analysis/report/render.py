"""Blocks to HTML, one function for each kind of block. Every text goes through ``inline`` or ``escape``."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.text import inline, markdown_html, plain
from kinerja_analysis.show.table import cell, escape

HIDDEN = -1
LONG = 12  #: rows from which on a table can be sorted and filtered, where scripts run
PHONE = 48  #: characters of a table's row that a small screen holds
WITHHELD = -2
ROLES = ("table", "rowgroup", "row", "columnheader", "rowheader", "cell")
GLYPHS = {
    "not_identified": ((), False),
    "inside_groups_only": (((0, 1), (2, 3)), False),
    "connected_too_weak": (((0, 1), (2, 3)), True),
    "linked_by_changes": (((1, 2),), True),
    "linked": (((0, 3),), False),
    "linked_by_anchors": (((0, 3),), False),
}


@dataclass(frozen=True, slots=True)
class Shell:
    """What a block's HTML needs to know of its page: language, and where the links lead ("" for none)."""

    lang: str
    index_href: str = ""
    other_hrefs: tuple[str, ...] = ()
    sisters: tuple[tuple[str, str], ...] = ()
    downloads: tuple[tuple[str, str], ...] = ()


def say_(shell: Shell, key: str, **params: Any) -> str:
    """Return a message of the page, escaped."""
    return escape(say(f"report.{key}", shell.lang, **params))


def marks(block: b.Block) -> str:
    """Return the attribute that names a block's finding codes."""
    return f' data-codes="{escape(" ".join(block.codes))}"' if block.codes else ""


def render(block: b.Block, shell: Shell) -> str:
    """Return the HTML of one block. Raises ``KeyError`` for a kind without a function."""
    return RENDERERS[type(block)](block, shell)


def render_all(found: Sequence[b.Block], shell: Shell) -> str:
    """Return the HTML of several blocks, one below the other."""
    return "\n".join(render(block, shell) for block in found)


def heading(block: b.Heading, shell: Shell) -> str:
    """A heading of level 3 or 4."""
    level = 3 if block.level <= 3 else 4
    return f"<h{level}>{inline(block.text)}</h{level}>"


def text(block: b.Text, shell: Shell) -> str:
    """A paragraph by its role; a claim is the heading of its evidence."""
    look = {"sentence": "sent", "small": "small muted"}.get(block.role, "")
    if block.role == "claim":
        return f'<h4 class="claim"{marks(block)}>{inline(block.text)}</h4>'
    return f"<p{f' class={chr(34)}{look}{chr(34)}' if look else ''}{marks(block)}>{inline(block.text)}</p>"


def markdown(block: b.Markdown, shell: Shell) -> str:
    """A markdown cell."""
    return f'<div class="md">{markdown_html(block.text)}</div>'


def note(block: b.Note, shell: Shell) -> str:
    """Small print: terms in bold."""
    parts = [(f"<b>{inline(term)}</b> " if term else "") + inline(words) for term, words in block.parts]
    return f'<p class="meta"{marks(block)}>{" ".join(parts)}</p>'


def table_cell(value: b.Cell, form: str, lang: str) -> str:
    """One cell as text: hidden counts as "< 10", withheld ones as dots, missing as a dash, numbers in words."""
    if form == "n" and value in (HIDDEN, WITHHELD):
        return say("show.hidden" if value == HIDDEN else "show.withheld", lang)
    return cell(value, form, lang)


def table(block: b.TableBlock, shell: Shell) -> str:
    """A table by its role; one of many words becomes cards on a small screen, as ``cards`` always do."""
    cells = [[table_cell(v, c.form, shell.lang) for v, c in zip(row, block.columns, strict=True)] for row in block.rows]
    stacked = block.role == "cards" or (block.role == "open" and _least(block, cells) > PHONE)
    look = {"annex": "dt full", "open": "dt full", "cards": "tbl"}.get(block.role, "dt") + " stack" * stacked
    body = _table(block, cells, shell, look, stacked)
    if block.role == "cards":
        return body
    if block.role != "data":
        return _scroll(body, block.caption, shell)
    hint = f'<p class="ponly">{say_(shell, "data_in_workbook")}</p>'
    name = say_(shell, "data_of_figure")
    return f'{hint}<details><summary>{name}</summary>{_scroll(body, block.caption, shell)}</details>'


def _least(block: b.TableBlock, cells: list[list[str]]) -> int:
    """Return the characters a row needs when every column is as narrow as its longest word."""
    columns = zip([c.label for c in block.columns], *cells, strict=True)
    return sum(2 + max((len(word) for text in column for word in plain(text).split()), default=0) for column in columns)


def _scroll(body: str, caption: str, shell: Shell) -> str:
    """What is wider than the screen: reached and moved by keyboard, with a name."""
    name = escape(plain(caption)) or say_(shell, "data_of_figure")
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{name}">{body}</div>'


def _table(block: b.TableBlock, cells: list[list[str]], shell: Shell, look: str, stacked: bool) -> str:
    """The table itself; a stacked one says what it is by roles, for its rows are no longer drawn as a table's."""
    role = {k: f' role="{k}"' if stacked else "" for k in ROLES}
    sides = [' class="l"' if c.form == "" else "" for c in block.columns]
    names = [f' data-l="{escape(plain(c.label))}"' if stacked and c.label else "" for c in block.columns]
    long = len(block.rows) > LONG
    head = "".join(f'<th scope="col"{role["columnheader"]}{side}>{inline(c.label)}</th>' if c.label or not stacked else
                   f'<td{role["cell"]}></td>' for c, side in zip(block.columns, sides, strict=True))  # fmt: skip
    rows = []
    for i, (row, shown) in enumerate(zip(block.rows, cells, strict=True)):
        first = f'<th scope="row"{role["rowheader"]}{names[0]}{sides[0]}>{inline(shown[0])}</th>' if shown else ""
        raw = [f' data-s="{v}"' if long and isinstance(v, int | float) else "" for v in row]
        rest = "".join(f"<td{role['cell']}{name}{side}{s}>{inline(text)}</td>" for text, name, side, s in
                       zip(shown[1:], names[1:], sides[1:], raw[1:], strict=True))  # fmt: skip
        total = block.role == "annex" and block.name and i == len(block.rows) - 1 and block.numbers
        last = ' class="sum"' if total else ""
        rows.append(f"<tr{role['row']}{last}>{first}{rest}</tr>")
    caption = f"<caption>{inline(block.caption)}</caption>" if block.caption else ""
    more = f' data-more="{say_(shell, "narrow")}"' if long else ""
    return (
        f'<table class="{look}"{role["table"]}{more}{marks(block)}>{caption}'
        f"<thead{role['rowgroup']}><tr{role['row']}>{head}</tr></thead>"
        f"<tbody{role['rowgroup']}>{''.join(rows)}</tbody></table>"
    )


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def picture(block: b.Figure) -> str:
    """The picture itself, with its narrow form for small screens and its words for those who cannot see it."""
    image = (
        f'<img src="{_data_uri(block.png)}" width="{block.width}" height="{block.height}" alt="{escape(block.alt)}">'
    )
    if block.narrow == block.png:
        return image
    source = (
        f'<source media="screen and (max-width:760px)" srcset="{_data_uri(block.narrow)}" '
        f'width="{block.narrow_width}" height="{block.narrow_height}">'
    )
    return f"<picture>{source}{image}</picture>"


def figure(block: b.Figure, shell: Shell) -> str:
    """A figure with title and caption."""
    glyph_ = glyph(block.glyph) if block.glyph else ""
    title = f'<div class="vt">{glyph_}<span>{inline(block.title)}</span></div>' if block.title else ""
    caption = f"<figcaption>{inline(block.caption)}</figcaption>" if block.caption else ""
    return f"<figure{marks(block)}>{title}{picture(block)}{caption}</figure>"


def glyph(verdict: str) -> str:
    """Four nodes: how far raters can be compared."""
    lines, dashed = GLYPHS.get(verdict, ((), False))
    places = (6, 18, 30, 42)
    dash = ' stroke-dasharray="3 2.5"' if dashed else ""
    drawn = "".join(f'<line x1="{places[i]}" y1="7" x2="{places[j]}" y2="7" class="gl"{dash}/>' for i, j in lines)
    if verdict == "connected_too_weak":
        drawn += '<line x1="18" y1="7" x2="30" y2="7" class="gl" stroke-dasharray="3 2.5"/>'
    dots = "".join(f'<circle cx="{x}" cy="7" r="4" class="gd"/>' for x in places)
    anchor = '<path d="M24 2l5 5-5 5-5-5z" class="ga"/>' if verdict == "linked_by_anchors" else ""
    return (
        f'<svg class="glyph" viewBox="0 0 48 14" width="48" height="14" aria-hidden="true" '
        f'focusable="false">{drawn}{dots}{anchor}</svg>'
    )


def dots(strength: int) -> str:
    """Three dots, as many filled as the evidence is strong."""
    circles = "".join(
        f'<circle cx="{6 + 14 * i}" cy="6" r="4.6" class="pip-{"on" if i < strength else "off"}"/>' for i in range(3)
    )
    return (
        '<svg class="pips" viewBox="0 0 40 12" width="40" height="12" aria-hidden="true" '
        f'focusable="false">{circles}</svg>'
    )


def verdict(block: b.Verdict, shell: Shell) -> str:
    """The verdict panel."""
    parts = [f'<p class="sent">{inline(words)}</p>' for words in block.sentences]
    body = [f"<div>{''.join(parts)}</div>"]
    if block.drawings:
        body.append(f'<div class="pair">{"".join(figure(d, shell) for d in block.drawings)}</div>')
    for words, drawing in block.bounds:
        image = f"<div>{picture(drawing)}</div>" if drawing is not None else ""
        body.append(f'<div class="bnd"><p>{inline(words)}</p>{image}</div>')
    if block.steps:
        items = "".join(f"<li><b>{inline(head)}</b>{inline(words)}</li>" for head, words in block.steps)
        body.append(f'<div><h3>{inline(block.steps_title)}</h3><ul class="steps">{items}</ul></div>')
    return f'<div class="verdict"{marks(block)}>{"".join(body)}</div>'


def answers(block: b.Answers, shell: Shell) -> str:
    """Three lists of questions, with a full, half and empty circle."""
    parts = []
    for i, (title, items) in enumerate(zip(block.titles, block.lists, strict=True)):
        fill = (
            '<circle cx="8" cy="8" r="6.5" class="pip-on"/>',
            '<path d="M8 1.5A6.5 6.5 0 0 0 8 14.5Z" class="pip-on"/>',
            "",
        )
        mark = (
            '<svg class="pips" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
            f'<circle cx="8" cy="8" r="6.5" class="ansr"/>{fill[i]}</svg>'
        )
        rows = "".join(f"<li>{inline(q)}<small>{inline(why)}</small></li>" for q, why in items)
        rows = rows or f"<li><small>{say_(shell, 'answers.empty')}</small></li>"
        parts.append(f"<div><h3>{mark}{inline(title)}</h3><ul>{rows}</ul></div>")
    return f'<div class="can"{marks(block)}>{"".join(parts)}</div>'


def finding(block: b.FindingCard, shell: Shell) -> str:
    """A key finding."""
    href, name = block.link
    link = f' <span class="ev"><a href="{escape(href)}">{inline(name)}</a></span>' if name else ""
    image = figure(block.figure, shell) if block.figure is not None else ""
    look = "find" if image else "find plain"
    strong = (
        f'<p class="str"><span class="muted">{inline(block.strength_label)}</span> {dots(block.strength)} '
        f"<b>{inline(block.strength_word)}</b></p>"
    )
    return (
        f'<article class="{look}"{marks(block)}><p class="fk">{inline(block.kicker)}</p>'
        f"{strong if block.strength_word else ''}"
        f"<div><h3>{inline(block.claim)}</h3>{f'<p>{inline(block.body)}</p>' if block.body else ''}</div>{image}"
        f'<p class="alt"><b>{inline(block.other_label)}</b> {inline(block.other)}{link}</p></article>'
    )


def steps(block: b.Steps, shell: Shell) -> str:
    """What to do next."""
    items = "".join(
        f"<li><b>{inline(what)}</b>{inline(why)}<small>{inline(who)}</small></li>" for what, why, who in block.items
    )
    return f'<ol class="do">{items}</ol>'


def review(block: b.Review, shell: Shell) -> str:
    """Conversations: who, basis, question, step, reply."""
    labels = block.labels
    rows = []
    for who, about, basis, addresses, question, step, reply in block.items:
        cells = [(labels[0], inline(basis)), (labels[2], f"<q>{inline(question)}</q>"), (labels[3], inline(step))]
        body = "".join(f"<div><dt>{inline(term)}</dt><dd>{words}</dd></div>" for term, words in cells)
        ends = ((labels[1], addresses), (labels[4], reply))
        answer = "".join(f'<div class="reply"><dt>{inline(t)}</dt><dd>{inline(w)}</dd></div>' for t, w in ends)
        rows.append(f'<li><div class="who"><b>{inline(who)}</b>{inline(about)}</div><dl>{body}{answer}</dl></li>')
    return f'<div{marks(block)}><h3>{inline(block.title)}</h3><ol class="review">{"".join(rows)}</ol></div>'


def box(block: b.Box, shell: Shell) -> str:
    """A framed statement."""
    return f'<div class="box"><h3>{inline(block.title)}</h3><p>{inline(block.text)}</p></div>'


def facts(block: b.Facts, shell: Shell) -> str:
    """Terms and values."""
    items = "".join(f"<div><dt>{inline(term)}</dt><dd>{inline(words)}</dd></div>" for term, words in block.items)
    return f"<dl>{items}</dl>"


def translation_links(hrefs: Sequence[str]) -> str:
    """The links to the page in the other languages, each the one its address ends with."""
    links = []
    for href in hrefs:
        other = next((x for x in LANGUAGES if re.search(rf"[_.]{x}\.html$", href)), LANGUAGES[0])
        words = escape(say("language.read", other))
        links.append(f'<a class="noprint" href="{escape(href)}" hreflang="{other}" lang="{other}">{words}</a>')
    return " &nbsp; ".join(links)


def masthead(block: b.Masthead, shell: Shell) -> str:
    """The head of the page with its trail, the link to the other language, title, lead and facts."""
    trail = f'<li><a href="{escape(shell.index_href)}">{say_(shell, "index_link")}</a></li>' if shell.index_href else ""
    trail += f'<li>{inline(block.place)}</li><li aria-current="page">{inline(block.year)}</li>'
    link = translation_links(shell.other_hrefs)
    for sister, href in reversed(shell.sisters):
        label = escape(say(f"report.open.{sister}", shell.lang))
        link = f'<a class="noprint" href="{escape(href)}">{label}</a> &nbsp; {link}'
    for form, href in reversed(shell.downloads):
        link = f'<a class="noprint" href="{escape(href)}" download>{say_(shell, f"open.{form}")}</a> &nbsp; {link}'
    rows = []
    for i, (term, words) in enumerate(block.facts):
        badge = f'<span class="level">{inline(block.badge)}</span><br>' if i == 1 else ""
        rows.append(f"<div><dt>{inline(term)}</dt><dd>{badge}{inline(words)}</dd></div>")
    return (
        f'<header class="mast"{marks(block)}><div class="wrap"><div class="bar">'
        f'<nav aria-label="{say_(shell, "crumbs")}">'
        f"<ol>{trail}</ol></nav><span>{link}</span></div>"
        f'<div class="title"><div><p class="kicker">{inline(block.kicker)}</p><h1>{inline(block.title)}</h1>'
        f'<p class="lead">{inline(block.lead)}</p></div><dl class="facts">{"".join(rows)}</dl></div></div></header>'
    )


def _aside(parts: Sequence[tuple[str, str]]) -> str:
    found = []
    for term, words in parts:
        look = ""
        shown = inline(words)
        for i in range(4):
            if f"{{dots{i}}}" in shown:
                shown, look = shown.replace(f"{{dots{i}}}", dots(i)), ' class="dots"'
        found.append(f"<p{look}>{f'<b>{inline(term)}</b> ' if term else ''}{shown}</p>")
    return "".join(found)


def section(block: b.Section, shell: Shell) -> str:
    """A section with its hanging heading."""
    level, look = ("h3", ' class="h2"') if block.role == "evidence" else ("h2", "")
    name = f"{escape(block.anchor)}-h"
    badge = f' &nbsp;<span class="level">{inline(block.badge)}</span>' if block.badge else ""
    number = f'<span class="no">{inline(block.number)}{badge}</span>' if block.number or badge else ""
    hang = (
        f'<div class="hang">{number}<{level}{look} id="{name}">{inline(block.title)}</{level}>'
        f"{_aside(block.aside)}</div>"
    )
    body = render_all(block.blocks, shell)
    body = body if block.role == "provenance" else f'<div class="body">{body}</div>'
    if block.role == "provenance":
        inner = f'<div class="wrap"><div class="sec">{hang}{body}</div></div>'
        return f'<section class="prov" id="{escape(block.anchor)}" aria-labelledby="{name}">{inner}</section>'
    look = "sec pb" if block.role == "evidence" else "sec"
    return f'<section class="{look}" id="{escape(block.anchor)}" aria-labelledby="{name}">{hang}{body}</section>'


def part(block: b.Part, shell: Shell) -> str:
    """The start of a part of the page."""
    return f'<div class="evh page"><h2>{inline(block.title)}</h2><p class="muted">{inline(block.text)}</p></div>'


RENDERERS: dict[type[b.Block], Callable[[Any, Shell], str]] = {
    b.Heading: heading, b.Text: text, b.Markdown: markdown, b.Note: note, b.TableBlock: table, b.Figure: figure,
    b.Verdict: verdict, b.Answers: answers, b.FindingCard: finding, b.Steps: steps, b.Review: review, b.Box: box,
    b.Facts: facts, b.Masthead: masthead, b.Section: section, b.Part: part,
}  # fmt: skip
