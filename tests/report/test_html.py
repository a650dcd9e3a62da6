"""The page as a file: offline, no script but for long tables, accessible, nothing in the data becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace

import pytest

from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import fragment, page_html, region_html
from kinerja_analysis.report.page import Page, region_page
from kinerja_analysis.report.render import GLYPHS, RENDERERS, Shell, dots, glyph, render
from kinerja_analysis.report.text import inline, markdown_html

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
VOID = {"meta", "img", "br", "source", "input", "col", "link", "hr"}


class Tree(HTMLParser):
    """Collects tags and text; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="session")
def html(page: Page) -> str:
    return page_html(page.blocks, lang="id", title=page.title, other_language_hrefs=("x_en.html",),
                     index_href="../i.html", level="internal", synthetic=True)  # fmt: skip


@pytest.fixture(scope="session")
def tree(html: str) -> Tree:
    return Tree(html)


def test_the_file_needs_nothing_from_outside(html: str, tree: Tree) -> None:
    assert not tree.of("script") and not tree.of("link") and not tree.of("iframe")
    assert "url(" not in html and "@import" not in html
    sources = [a.get("src") or a.get("srcset") or "" for a in (*tree.of("img"), *tree.of("source"))]
    assert sources and all(s.startswith("data:image/png;base64,") for s in sources)
    assert {a["href"] for a in tree.of("a") if not str(a["href"]).startswith("#")} == {"x_en.html", "../i.html"}


def test_the_page_can_be_read_by_everyone(tree: Tree) -> None:
    assert tree.of("html") == [{"lang": "id"}]
    assert ("a", {"class": "skip", "href": "#isi"}) in tree.tags and {"id": "isi"} in tree.of("main")
    assert all(len(str(a.get("alt"))) > 20 for a in tree.of("img"))
    ids = [a["id"] for _, a in tree.tags if "id" in a]
    assert len(ids) == len(set(ids))
    named = {str(a["aria-labelledby"]) for _, a in tree.tags if "aria-labelledby" in a}
    assert named <= set(ids)
    links = {str(a["href"])[1:] for a in tree.of("a") if str(a["href"]).startswith("#")}
    assert links <= set(ids)
    levels = [int(t[1]) for t, _ in tree.tags if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in a for a in tree.of("th"))


def test_every_code_and_sentence_of_the_blocks_is_in_the_file(page: Page, tree: Tree) -> None:
    shown = {code for _, a in tree.tags for code in str(a.get("data-codes") or "").split()}
    assert shown == b.codes(page.blocks)
    text = re.sub(r"\s+", " ", " ".join(tree.text))
    for card in (x for x in b.walk(page.blocks) if isinstance(x, b.FindingCard)):
        assert card.claim in text or card.claim.split("P-")[0] in text


def test_invented_data_are_marked_and_real_ones_are_not(page: Page, html: str) -> None:
    assert "DATA SINTETIS" in html.split("<header")[0].split("<body>")[1]
    real = page_html(page.blocks, lang="id", title="x", synthetic=False)
    assert "notice" not in real.split("</style>")[1]


def test_the_printed_footer_cannot_break_the_styles() -> None:
    text = page_html([b.Text("a")], lang="id", title='"}</style><script>', level="public")
    assert "<script>" not in text and '"}</style' not in text.split("<body>")[0].replace("&quot;", "")
    Tree(text)


def test_hostile_names_stay_text(lab: SimpleNamespace) -> None:
    audit = lab.build(name=HOSTILE)
    audit.counts["headcount"]["opd"] = HOSTILE
    text = region_html(region_page(audit, "en").blocks, audit, "en")
    tree = Tree(text)
    assert not tree.of("script")
    assert not any("onerror" in a for _, a in tree.tags)
    assert "alert(1)" in " ".join(tree.text), "it is shown, as text"


@pytest.mark.parametrize("kind", sorted(RENDERERS, key=lambda k: k.KIND), ids=lambda k: k.KIND)
def test_every_kind_of_block_escapes(kind: type[b.Block]) -> None:
    from dataclasses import MISSING, fields

    def fill(f) -> object:
        text = str(f.type)
        if "bytes" in text:
            return b"png"
        if f.default is not MISSING and "str" not in text and "tuple" not in text:
            return f.default
        shapes = {"tuple[Column": (b.Column(HOSTILE),), "tuple[tuple[Cell": ((HOSTILE,),), "tuple[Block": (),
                  "tuple[Figure": (), "tuple[float": (), "tuple[str, str, str, str, str]": (HOSTILE,) * 5,
                  "tuple[tuple[str, str, str, str, str, str, str]": ((HOSTILE,) * 7,),
                  "tuple[tuple[str, str, str]": ((HOSTILE,) * 3,), "tuple[tuple[str, str]": ((HOSTILE,) * 2,),
                  "tuple[tuple[str, Figure": ((HOSTILE, None),), "tuple[str, str, str]": (HOSTILE,) * 3,
                  "tuple[str, str]": (HOSTILE,) * 2, "tuple[str": (HOSTILE,)}  # fmt: skip
        if "list" in f.name:
            return (((HOSTILE, HOSTILE),), (), ())
        found = next((v for k, v in shapes.items() if text.startswith(k)), None)
        return found if found is not None else (3 if text == "int" else None if "Figure" in text else HOSTILE)

    block = kind(**{f.name: fill(f) for f in fields(kind) if f.name not in ("numbers",)})
    shown = render(block, Shell("id", HOSTILE, HOSTILE))
    tree = Tree(shown)
    assert not tree.of("script") and not any("onerror" in a for _, a in tree.tags)


def test_markdown_cells_are_written_as_text() -> None:
    shown = markdown_html(f"# Judul\n\nKalimat {HOSTILE} **tebal** [a](javascript:alert(1)) ![gambar](http://x/y.png)")
    tree = Tree(shown)
    assert not tree.of("script") and not tree.of("img")
    assert "gambar" in " ".join(tree.text) and tree.of("strong")
    assert all(not str(a["href"]).startswith("javascript") for a in tree.of("a"))
    assert markdown_html("[b](https://example.org)").count('href="https://example.org"') == 1
    assert 'href="#"' in markdown_html("[c](/etc/passwd)")


def test_a_markdown_cell_between_sections_stands_in_the_columns(page: Page) -> None:
    blocks = [*page.blocks[:3], b.Markdown("Catatan analis"), *page.blocks[3:]]
    text = page_html(blocks, lang="id", title="x")
    Tree(text)
    assert text.index("Apa yang dapat dan tidak") < text.index("Catatan analis") < text.index('id="temuan"')


def test_bold_is_the_only_mark() -> None:
    assert inline("**a** <i>b</i> `c`") == "<b>a</b> &lt;i&gt;b&lt;/i&gt; <code>c</code>"


def test_a_fragment_for_the_lab_is_well_formed(page: Page) -> None:
    Tree(fragment(page.blocks, "id"))


def test_strength_is_shown_by_dots_and_glyphs_differ() -> None:
    assert [dots(n).count("pip-on") for n in range(4)] == [0, 1, 2, 3]
    assert len({glyph(verdict) for verdict in GLYPHS}) == len(GLYPHS) == 6


def test_hidden_counts_are_shown_as_hidden(public_page: Page) -> None:
    text = page_html(public_page.blocks, lang="id", title="x", level="public")
    assert "&lt; 10" in text and ">-1<" not in text and ">−1<" not in text


def test_a_table_of_many_words_becomes_cards_on_a_small_screen() -> None:
    heads = ("Perihal", "Data", "Ukuran", "Nilai", "Rentang", "Ambang", "Pegawai", "p", "Hasil")
    row = ("Kelonggaran", "Multi-sumber", "nilai adil", "88,5 poin", "80,6 sampai 96,3", "–", 32, None, "ditandai")
    wide = b.TableBlock("Semua", tuple(b.Column(h, "n" if h == "Pegawai" else "") for h in heads), (row,))
    html = page_html([b.Section("a", "1", "T", (wide,))], lang="id", title="T")
    assert '<table class="dt full stack" role="table">' in html
    assert all(f'data-l="{h}"' in html for h in heads) and '<td role="cell" data-l="Pegawai">32</td>' in html
    small = b.TableBlock("Semua", (b.Column("a"), b.Column("b", "n")), (("x", 1),))
    html = page_html([b.Section("a", "1", "T", (small,))], lang="id", title="T")
    assert '<table class="dt full">' in html and "data-l" not in html.split("</style>")[1]
