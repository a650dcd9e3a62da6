"""Hostile names and words in a real browser: nothing runs, everything is shown as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import fragment, page_html
from kinerja_analysis.report.index_page import index_html
from kinerja_analysis.report.text import plain

HIT = "window.__hit=1"
PAYLOADS = (
    rf"$\input{{/etc/passwd}}$ $A$ <script>{HIT}</script>",
    f"<script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f"<svg onload={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"\"><script>{HIT}</script>",
    f"'><script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f"</style><script>{HIT}</script>",
    f"</title><script>{HIT}</script>",
    f"</textarea><script>{HIT}</script>",
    f"<a href=javascript:{HIT}>x</a>",
    f"[x](javascript:{HIT})",
    f"![x](x\" onerror=\"{HIT})",
    f"<iframe srcdoc=\"<script>parent.{HIT}</script>\">",
    f"<body onload={HIT}>",
    f"<details open ontoggle={HIT}>",
    f"<input autofocus onfocus={HIT}>",
    f"<video><source onerror={HIT}>",
    f"<math><mi xlink:href=javascript:{HIT}>",
    f"<object data=javascript:{HIT}>",
    f"<embed src=javascript:{HIT}>",
    f"<form action=javascript:{HIT}><button>x</button></form>",
    f"<meta http-equiv=refresh content=0;url=javascript:{HIT}>",
    f"<link rel=stylesheet href=javascript:{HIT}>",
    f"<base href=javascript:{HIT}//>",
    f"<style>@import 'javascript:{HIT}'</style>",
    f"{{{{constructor.constructor('{HIT}')()}}}}",
    f"${{{HIT}}}",
    f"#{{{HIT}}}",
    f"<%= {HIT} %>",
    f"{{% {HIT} %}}",
    f"x\" onmouseover=\"{HIT}\" y=\"",
    f"x' onmouseover='{HIT}' y='",
    f"`-{HIT}-`",
    f"\\\";{HIT};//",
    f"--><script>{HIT}</script><!--",
    f"<![CDATA[<script>{HIT}</script>]]>",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"\u003cscript\u003e{HIT}\u003c/script\u003e",
    f"＜script＞{HIT}＜/script＞",
    f"<scr\x00ipt>{HIT}</scr\x00ipt>",
    f"<ScRiPt >{HIT}</sCrIpT>",
    f"<script/src=data:,{HIT}>",
    "\u202egnirts desrever\u202c",
    "\u2066isolated\u2069\u200b\ufeff",
    "a" * 400,
    "**b** *i* `c`",
    "../../../etc/passwd",
    "a\r\nb\tc",
    "url(javascript:1)}body{display:none",
    "{\"a\": [1,",
    "\\documentclass{article}\\input{/etc/passwd}",
)


def everywhere(text: str) -> list[b.Block]:
    """The text in every place of every kind of block that a reader sees."""
    row = (text, text)
    table = b.TableBlock(text, (b.Column(text), b.Column(text)), (row,) * 13)
    figure = b.Figure(b"", b"", text, 10, 10, 10, 10, text, text)
    inner: tuple[b.Block, ...] = (
        b.Heading(text), b.Text(text), b.Text(text, "claim"), b.Markdown(text), b.Note(((text, text),)), table,
        b.TableBlock(text, table.columns, (row,), role="cards"), b.TableBlock(text, table.columns, (row,), role="data"),
        figure, b.Verdict((text,), (figure,), ((text, figure),), text, ((text, text),)),
        b.Answers((text, text, text), (((text, text),), (), ())),
        b.FindingCard(text, 2, text, text, text, text, text, text, ("#a", text), figure),
        b.Steps(((text, text, text),)), b.Review(text, (text,) * 5, ((text,) * 7,)), b.Box(text, text),
        b.Facts(((text, text),)),
    )  # fmt: skip
    head = b.Masthead(text, text, text, text, text, text, ((text, text),))
    return [head, b.Section("a", text, text, inner, ((text, text),), text), b.Part(text, text)]


def silent(page: Any) -> None:
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")
    page.wait_for_timeout(50)
    assert page.evaluate("window.__hit") is None


@pytest.mark.parametrize("part", range(4))
def test_nothing_runs_on_a_page(part: int, tmp_path: Path, visit: Callable[..., Any]) -> None:
    chosen = PAYLOADS[part::4]
    assert len(PAYLOADS) >= 40
    blocks = [block for text in chosen for block in everywhere(text)]
    title = chosen[0]
    (tmp_path / "p.html").write_text(
        page_html(blocks, lang="en", title=title, other_language_hrefs=(chosen[-1],), synthetic=True), encoding="utf-8")
    page = visit(tmp_path / "p.html")
    silent(page)
    assert page.locator("script").count() == 1
    assert page.locator("iframe, object, embed, form, base, svg[onload]").count() == 0
    assert page.locator("main input").count() == page.locator("table[data-more]").count()
    words = " ".join(page.inner_text("main").split())
    for text in chosen:
        told = " ".join(plain(text).replace("\x00", "").split())
        assert told in words or any(mark in text for mark in ("*", "`", "](")), text


def test_nothing_runs_in_the_index_or_a_notebook_output(tmp_path: Path, visit: Callable[..., Any]) -> None:
    top = {"verdicts": {}, "persons": 1, "flagged": [], "failed": []}
    own = [top | {"province": text, "bps": text, "version": text} for text in PAYLOADS]
    rows = [{"region": f"{k:02d}.01", "name": text, "year": 2025, "level": "public", "pages": {"objektivitas": text},
             "headline": own[k]} for k, text in enumerate(PAYLOADS)]  # fmt: skip
    (tmp_path / "i.html").write_text(index_html(rows, "id", joint=[(t, t) for t in PAYLOADS]), encoding="utf-8")
    page = visit(tmp_path / "i.html")
    silent(page)
    page.fill("#q", "<script>")
    assert page.locator("#ix tbody tr:visible").count() >= 8
    assert page.locator("script").count() == 1
    outputs = "".join(fragment(everywhere(text), "id") for text in PAYLOADS)
    (tmp_path / "n.html").write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{outputs}</body>", encoding="utf-8")
    page = visit(tmp_path / "n.html")
    silent(page)
    assert page.locator("script").count() == 0
