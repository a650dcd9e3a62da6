"""One offline HTML file from blocks: styles inside, pictures inside, no request to anywhere.

The only script sorts and filters long tables; without it the page is complete. Nothing else may run: the page's own
policy names the script by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.report.blocks import Block, Markdown, Masthead, Section
from kinerja_analysis.report.render import Shell, render, render_all
from kinerja_analysis.report.text import markdown_html
from kinerja_analysis.show.table import escape

__all__ = ["fragment", "markdown_html", "page_html", "region_html"]

#: The document that a region's set is about; the others stand beside it.
MAIN = "objektivitas"


@lru_cache(maxsize=8)
def sheet(name: str) -> str:
    """Return a file of this package (styles, script) as text."""
    return files("kinerja_analysis").joinpath("report", name).read_text(encoding="utf-8")


def page_html(
    blocks: Sequence[Block],
    *,
    lang: str,
    title: str,
    other_language_hrefs: tuple[str, ...] = (),
    index_href: str = "",
    level: str = "internal",
    synthetic: bool = False,
    sisters: tuple[tuple[str, str], ...] = (),
    downloads: tuple[tuple[str, str], ...] = (),
) -> str:
    """Return a page as one offline file.

    Parameters
    ----------
    blocks : sequence of Block
        In reading order; markdown blocks between sections become sections of their own.
    lang : str
        ``id`` or ``en``.
    title : str
        Region and year.
    other_language_hrefs : tuple of str
        Relative addresses of the page in its other languages.
    index_href : str
        Relative address, "" for none.
    level : str
        ``internal`` or ``public``.
    synthetic : bool
        Mark the page as invented data.
    sisters : tuple of (str, str)
        The other pages of this region and year: a name of ``produce.DOCUMENTS`` and the relative address.
    downloads : tuple of (str, str)
        The page's other forms: ``pdf`` or ``xlsx``, and the relative address.

    Returns
    -------
    str
    """
    shell = Shell(lang, index_href, other_language_hrefs, sisters, downloads)
    place = next((block.place for block in blocks if isinstance(block, Masthead)), title)
    notice = _notice(lang, place) if synthetic else ""
    style = sheet("page.css") + _footer_style(lang, title, level, synthetic)
    body = document(blocks, shell)
    script = sheet("page.js") if " data-more=" in body else ""
    return shell_html(lang, say("report.page_title", lang, title=title), style, notice + body, script, level)


def region_html(
    blocks: Sequence[Block], audit: Audit, lang: str, *, document: str = MAIN,
    other_language_hrefs: tuple[str, ...] = (), sisters: tuple[tuple[str, str], ...] = (),
    downloads: tuple[tuple[str, str], ...] = (),
) -> str:  # fmt: skip
    """Return the page of an audit of one cell; the index is two folders up."""
    return page_html(
        blocks,
        lang=lang,
        title=title_of(audit, lang, document),
        other_language_hrefs=other_language_hrefs,
        index_href=f"../../{index_name(lang)}",
        level=audit.level,
        synthetic=bool(audit.provenance.get("synthetic")),
        sisters=sisters,
        downloads=downloads,
    )


def index_name(lang: str) -> str:
    """Return the file name of an index page.

    >>> index_name("id"), index_name("en")
    ('index.html', 'index.en.html')
    """
    return "index.html" if lang == LANGUAGES[0] else f"index.{lang}.html"


def title_of(audit: Audit, lang: str, document: str = MAIN) -> str:
    """Return the title of a page about an audit of one cell: region and year, and what it is about."""
    region, year = audit.cells[0]
    about = "" if document == MAIN else f" – {say(f'report.open.{document}', lang)}"
    return f"{audit.name(region)}, {year}{about}"


def fragment(blocks: Sequence[Block], lang: str) -> str:
    """Return blocks as HTML without page and styles, for a notebook."""
    return f'<div class="kinerja" lang="{lang}">{render_all(blocks, Shell(lang))}</div>'


def shell_html(lang: str, title: str, style: str, body: str, script: str = "", level: str = "public") -> str:
    """Return the outermost HTML: head, skip link, body, footer (the right of reply where pseudonyms are printed)."""
    foot = f'<footer class="end"><div class="wrap">{escape(say(footer(level), lang))}</div></footer>'
    code = f"<script>{script}</script>" if script else ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    runs = f"'sha256-{digest}'" if script else "'none'"
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {runs}; "
    policy += "base-uri 'none'; form-action 'none'"
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n'
        f'<body>\n<a class="skip" href="#isi">{escape(say("report.skip", lang))}</a>\n'
        f"{body}\n{foot}\n{code}</body>\n</html>\n"
    )


def footer(level: str) -> str:
    """Return the key of a page's last words.

    >>> footer("internal"), footer("public")
    ('report.footer', 'report.footer_public')
    """
    return "report.footer" if level == "internal" else "report.footer_public"


def document(blocks: Sequence[Block], shell: Shell) -> str:
    """Return masthead and main part: sections in columns, the provenance across the page."""
    heads = [block for block in blocks if isinstance(block, Masthead)]
    out = [render(block, shell) for block in heads[:1]]
    out.append('<main id="isi">')
    open_ = False
    for block in blocks:
        if isinstance(block, Masthead):
            continue
        across = isinstance(block, Section) and block.role == "provenance"
        if across == open_:
            out.append("</div>" if across else '<div class="wrap">')
            open_ = not across
        out.append(_free(render(block, shell)) if isinstance(block, Markdown) else render(block, shell))
    if open_:
        out.append("</div>")
    out.append("</main>")
    return "\n".join(out)


def _free(body: str) -> str:
    """Put a markdown cell into the page's columns, below the section before it."""
    return f'<div class="sec"><div class="hang"></div><div class="body">{body}</div></div>'


def _notice(lang: str, place: str) -> str:
    head, text = say("report.synthetic", lang), say("report.synthetic_text", lang, place=place)
    words = f"<b>{escape(head)}</b><span>{escape(text)}</span>"
    return f'<div class="notice" role="note"><div class="wrap">{words}</div></div>\n'


def _footer_style(lang: str, title: str, level: str, synthetic: bool) -> str:
    """Return the printed page's footer: synthetic mark, title, level, page number."""
    parts = [say("report.synthetic", lang)] if synthetic else []
    parts += [title, say(f"report.badge.{level}", lang)]
    safe = "".join(c for c in " · ".join(parts) if c.isalnum() or c in " .,·–-()")
    look = 'font:8.5pt "Noto Sans",sans-serif;color:#4b5866'
    return (
        f'@page{{@bottom-left{{content:"{safe}";{look}}}'
        f'@bottom-right{{content:counter(page) " / " counter(pages);{look}}}}}'
    )
