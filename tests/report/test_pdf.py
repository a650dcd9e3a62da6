"""The PDF: tagged as PDF/UA-1 asks, the same bytes for the same blocks, and nothing in a block is ever markup."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pypdf
import pytest
import typst

from kinerja_analysis.base.words import say
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import Page
from kinerja_analysis.report.pdf import Typeset, pdf_bytes
from kinerja_analysis.report.text import plain

HOSTILE = (
    '#read("/etc/passwd")', "#panic()", '#eval("1+1")',
    "$ x^2 $", "$", "<label>", "@ref", "\\", "\\u{41}", "*a* _b_ `c",
    "= Heading", "- item", "+ item", "/ term: x", "// comment", "/* comment */", "http://x.y/z", "#let x = 1", "[a] ]",
    "{", "}", "\"quoted\"", "'single'", "~ -- --- ...", "<script>alert(1)</script>", "\u202eabc", "\U0001f600",
    "x" * 300, "a\x00b\x07c", "٣", "#image(\"/etc/hosts\")", "\u0430\u0431", "#set page(width: 1pt)",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(page: Page) -> pypdf.PdfReader:
    """The fabricated region's page."""
    content = pdf_bytes(page.blocks, lang="id", title=page.title, level=page.level, synthetic=True)
    return pypdf.PdfReader(io.BytesIO(content))


def tags(node, found: list) -> list:
    """The elements of a structure tree in reading order."""
    node = node.get_object()
    for child in node if isinstance(node, list) else [node]:
        inner = child.get_object()
        if isinstance(inner, dict):
            found += [inner] if "/S" in inner else []
            if "/K" in inner:
                tags(inner["/K"], found)
    return found


def tree(reader: pypdf.PdfReader) -> list:
    return tags(reader.trailer["/Root"]["/StructTreeRoot"], [])


def text(content: bytes) -> str:
    """All text without the spaces and line ends that setting adds."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s", "", "".join(p.extract_text() for p in pages))


def short(*blocks: b.Block) -> bytes:
    return pdf_bytes([b.Section("a", "1", "Judul", blocks)], lang="id", title="Contoh, 2025")


def test_it_says_what_the_standard_asks(made: pypdf.PdfReader) -> None:
    root = made.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "id"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert made.metadata.title == say("report.page_title", "id", title="Kabupaten Contoh, 2025")
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert "/CreationDate" not in made.metadata
    assert made.pages[0].mediabox.width == pytest.approx(595.28, abs=0.1)  # A4


def test_every_picture_has_its_words(made: pypdf.PdfReader, page: Page) -> None:
    told = [str(tag["/Alt"]) for tag in tree(made) if tag["/S"] == "/Figure"]
    assert set(told) == {f.alt for f in b.walk(page.blocks) if isinstance(f, b.Figure)}


def test_headings_never_skip_a_level(made: pypdf.PdfReader) -> None:
    levels = [int(tag["/S"][2]) for tag in tree(made) if re.fullmatch("/H[1-6]", tag["/S"])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_headings(made: pypdf.PdfReader, page: Page) -> None:
    kinds = [tag["/S"] for tag in tree(made)]
    tables = [t for t in b.walk(page.blocks) if isinstance(t, b.TableBlock)]
    assert kinds.count("/Table") == len(tables)
    assert kinds.count("/TH") == sum(len(t.columns) for t in tables)
    assert kinds.count("/TD") == sum(len(t.columns) * len(t.rows) for t in tables)


def test_a_long_table_repeats_its_heading_on_every_page() -> None:
    rows = tuple((f"Dinas {i}", i) for i in range(200))
    content = short(b.TableBlock("Banyak", (b.Column("Perangkat"), b.Column("Jumlah", "n")), rows))
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(content)).pages]
    assert len(pages) > 3 and all("Perangkat" in p for p in pages)


def test_no_head_of_a_full_table_is_wider_than_its_column() -> None:
    """A page is 100 characters of 9 points wide; a column holds its longest word and two characters of room."""
    heads = ["Perangkat daerah", "PNS", "PPPK", "PPPK paruh waktu", "Seluruhnya", "Sangat Baik", "p disesuaikan", "n"]
    long = "Badan Kepegawaian dan Pengembangan Sumber Daya Manusia di wilayah yang namanya panjang sekali"
    made = Typeset("id")._grid(heads, [[long, *["1.234"] * 7], [long, long, *["5"] * 6]], [True] * 8)
    room = 100 * 9 / made["size"] / sum(made["widths"])
    assert made["full"]
    for head, width in zip(heads, made["widths"], strict=True):
        assert width * room >= max(map(len, head.split())) + 2, head


def test_every_page_has_its_foot(made: pypdf.PdfReader) -> None:
    count = len(made.pages)
    for i, sheet in enumerate(made.pages, 1):
        foot = sheet.extract_text().replace("\n", " ")
        assert re.search(rf"DATA SINTETIS · Kabupaten Contoh, 2025 · INTERNAL\s+{i} / {count}\s*$", foot)


def test_every_sentence_of_the_page_is_there(page: Page) -> None:
    content = text(pdf_bytes(page.blocks, lang="id", title=page.title))
    for block in b.walk(page.blocks):
        if not isinstance(block, b.TableBlock | b.Figure):
            for sentence in b.sentences(block):
                assert re.sub(r"\s|\{dots\d\}", "", plain(sentence)) in content


@pytest.mark.parametrize("blank", ["", "Gambar"])
def test_typst_refuses_a_picture_without_words(blank: str, page: Page) -> None:
    drawn = next(f for f in b.walk(page.blocks) if isinstance(f, b.Figure))
    mute = b.Figure(drawn.png, drawn.narrow, blank, 400, 300, 200, 150)
    if blank:
        assert short(mute).startswith(b"%PDF-")
        return
    with pytest.raises(typst.TypstError, match="missing alt text"):
        short(mute)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_come_out_as_they_are(words: str) -> None:
    """In a paragraph, a heading, a table's heading and cell, a caption, a step, a box, a card and a fact."""
    content = text(short(
        b.Text(words), b.Text(words, "claim"), b.Heading(words), b.Note(((words, words),)), b.Box(words, words),
        b.TableBlock(words, (b.Column(words), b.Column(words)), ((words, words),)), b.Steps(((words, words, words),)),
        b.Facts(((words, words),)), b.FindingCard(words, 2, words, words, words, words, words, words, ("#x", words)),
        b.Answers((words, words, words), (((words, words),), (), ())), b.Verdict((words,), steps_title=words,
                                                                                 steps=((words, words),)),
        b.Review(words, (words,) * 5, ((words,) * 7,)),
    ))  # fmt: skip
    wanted = re.sub(r"[\s\x00-\x1f]", "", words.replace("`", "") if words.count("`") > 1 else words)
    if "\u202e" in words:
        wanted = wanted.strip("\u202e")
        content = content.replace("cba", wanted)
    assert content.count(wanted) >= 47


def test_a_long_word_is_broken_without_a_character_in_its_text() -> None:
    long = "berkas_" + "dengan_nama_yang_sangat_panjang_sekali_" * 3
    narrow = b.TableBlock("", tuple(b.Column(str(i)) for i in range(9)), ((long, *["sebuah kalimat"] * 8),))
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(short(narrow, b.Text(long)))).pages]
    said = "".join(pages)
    assert "\u200b" not in said and re.sub(r"\s", "", said).count(long) == 2
    assert long not in said, "too wide for its column"


def test_a_long_code_is_whole() -> None:
    codes = tuple(f"pemeriksaan_{i:02}.dengan_sebuah_nama_yang_panjang" for i in range(20))
    said = "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(short(b.Text("x", codes=codes)))).pages)
    assert all(code in said for code in codes)


def test_markdown_of_an_analyst_is_set_and_its_html_shown_as_text() -> None:
    cell = "## Catatan #panic()\n\nSatu **dua** `tiga` [empat](http://x.y) ![lima](http://x.y/z.png)\n\n- enam\n"
    cell += "- tujuh\n\n<b>delapan</b>\n\n| a | b |\n|---|---|\n| 9 | $x$ |\n\n```\n#kode\n```\n\n> sepuluh\n"
    content = pdf_bytes([b.Section("a", "1", "Judul"), b.Markdown(cell)], lang="id", title="T")
    said = text(content)
    for words in ("Catatan#panic()", "Satuduatigaempatlima", "enam", "<b>delapan</b>", "$x$", "#kode", "sepuluh"):
        assert words in said
    assert "/URI" not in str([p.get("/Annots") for p in pypdf.PdfReader(io.BytesIO(content)).pages])


def test_a_character_no_font_has_is_named_by_its_code() -> None:
    assert "[U+5B57][U+6F22]" in text(short(b.Text("\u5b57\u6f22")))


def test_the_same_blocks_give_the_same_bytes(page: Page) -> None:
    first, second = (pdf_bytes(page.blocks, lang="id", title=page.title) for _ in range(2))
    assert first == second


def test_evidence_is_linked_from_its_finding(made: pypdf.PdfReader) -> None:
    assert any(a.get_object()["/Subtype"] == "/Link" for p in made.pages for a in p.get("/Annots", []))


def test_a_table_and_the_right_of_reply_stay_together() -> None:
    for lines in range(20, 60, 4):  # wherever the page ends
        rows = tuple((f"baris {i}", "x") for i in range(8))
        heads = (b.Column("A"), b.Column("B"))
        blocks = (*(b.Text(f"Kalimat {i}.") for i in range(lines)), b.TableBlock("Semua", heads, rows),
                  b.Note((("Lain", "penjelasan " * 30),), "other"), b.Box("Hak jawab", "Tanggapan."))  # fmt: skip
        pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(short(*blocks))).pages]
        assert len({i for i, p in enumerate(pages) if "baris" in p}) == 1
        assert all("penjelasan" in p for p in pages if "Hak jawab" in p)
