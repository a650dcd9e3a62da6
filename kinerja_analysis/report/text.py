"""Text to safe HTML: inline marks of our own sentences, and markdown cells with raw HTML shown as text."""

from __future__ import annotations

import re

from kinerja_analysis.show.table import escape

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.S)
_CODE = re.compile(r"`([^`<>]*)`")
_UNBROKEN = re.compile(r"(?<![\w-])(e-Kinerja|P-[A-Z2-7]{4,13})(?![\w-])")
_RUNS = re.compile(rf"\*\*(?P<b>.+?)\*\*|{_CODE.pattern[:1]}(?P<c>[^`]*)`|(?P<nw>{_UNBROKEN.pattern})|(?P<br>\n)", re.S)
_LINK = re.compile(r'href="(?!https?://|#|mailto:)[^"]*"')


def inline(text: str) -> str:
    """Return escaped HTML of a sentence: ``**bold**``, a `code` mark, line breaks, unbroken names.

    >>> inline("<a> **b** P-7K2M")
    '&lt;a&gt; <b>b</b> <span class="nw">P-7K2M</span>'
    """
    safe = _BOLD.sub(r"<b>\1</b>", escape(text))
    safe = _CODE.sub(r"<code>\1</code>", safe)
    safe = _UNBROKEN.sub(r'<span class="nw">\1</span>', safe)
    return safe.replace("\n", "<br>")


def plain(text: str) -> str:
    """Return a sentence without its marks.

    >>> plain("**b** `c`")
    'b c'
    """
    return _CODE.sub(r"\1", text.replace("**", ""))


def runs(text: str) -> list[tuple[str, str]]:
    """Return a sentence as runs of (mark, words): "" plain, ``b``, ``c`` code, ``nw`` unbroken, ``br`` a line break.

    >>> runs("a **b** `c`")
    [('', 'a '), ('b', 'b'), ('', ' '), ('c', 'c')]
    """
    found, at = [], 0
    for match in _RUNS.finditer(text):
        mark = str(match.lastgroup)
        found += [("", text[at : match.start()]), (mark, plain(match.group(mark)))]
        at = match.end()
    return [(mark, words) for mark, words in (*found, ("", text[at:])) if words]


def markdown_html(text: str) -> str:
    """Return a markdown cell as HTML: raw HTML escaped, links only to the web, to mail or inside the page.

    >>> markdown_html("# T <script>x</script>").strip()
    '<h3>T &lt;script&gt;x&lt;/script&gt;</h3>'
    """
    import mistune

    made = str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(text))
    made = re.sub(r"<(/?)h[1-6]>", lambda m: f"<{m.group(1)}h3>", made)
    made = re.sub(r"<img\b[^>]*>", lambda m: _image_words(m.group(0)), made)
    return _LINK.sub('href="#"', made)


def _image_words(tag: str) -> str:
    """Replace a picture, which could call out to the network, by its words."""
    found = re.search(r'alt="([^"]*)"', tag)
    return found.group(1) if found else ""
