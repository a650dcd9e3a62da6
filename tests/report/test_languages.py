"""The pages of a run in both languages: no words of the other one, and the same numbers as often."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kinerja_analysis import open_audit

#: Common words of each language that the other does not have. Terms of the field and its ratings are kept by design.
WORDS = {
    "id": """yang dan di dari untuk dengan tidak pada ini itu oleh adalah atau dalam lebih dapat akan sudah belum bukan
    satu dua tiga hanya juga karena bila setiap penilai pegawai atasan wilayah tahun laporan temuan nilai angka selisih
    rentang antara tingkat jumlah kelompok peluang semua orang sebagai seperti jika maka agar serta secara tanpa namun
    berkas lembar baris kolom kemungkinan pola tim sama lain beda rata paling cukup sangat kurang perlu harus boleh
    masih baru berapa mana siapa apa mengapa bagaimana terhadap menurut sehingga tetapi sendiri mereka kami kita rekan
    sumber kriteria bukti metode ambang sidik benih versi bulan minggu hari ya unggul rendah tinggi besar kecil""",
    "en": """the of and to in is are was were be not with for from that this these those by on at it its or but
    which who whom whose than then each other every any some more most less only also because between about into
    within without
    what how why where when there they we you our can cannot could may might would should has have had do does did no
    yes rater raters rating ratings employee employees team teams region year finding findings report share range value
    lower upper threshold group figure table source question reason""",
}
#: Ratings, regulations and products that are called so in every language; pseudonyms; figures of speech of no language.
KEPT = re.compile(r"Sangat (?:Baik|Kurang)|\bKurang\b|\bP-[A-Z2-7]+(?: [A-Z2-7]{2,})?|\bSE MenPANRB\b|e-Kinerja"
                  r"|docs/metode(?:/\w+\.md)?")  # fmt: skip
KINDS = ("objektivitas", "mutu-data", "telusur-penilai", "ringkasan", "validasi", "index")


def said(page: str) -> str:
    """The text of a page as a reader and a screen reader meet it, without the link to the other language."""
    page = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.S)
    page = re.sub(r'<a [^>]*\blang="[^>]*>.*?</a>', " ", page)
    words = re.findall(r'\b(?:alt|aria-label|data-l|data-more)="([^"]*)"', page)
    page = re.sub(r"</?(?:b|code|span|a)\b[^>]*>", "", page)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", page), *words]))


def names(demo: Any) -> re.Pattern[str]:
    """Proper names of agencies and units, which no language translates."""
    found: set[str] = set()
    for level in ("public", "internal"):
        audit = open_audit(demo.reports, level=level)
        frames = [*audit.counts.values(), *(r.frame for r in audit.results.values())]
        for column in ("opd", "unit", "subject"):
            found |= {str(v) for f in frames if column in f for v in f[column].unique() if " " in str(v)}
    return re.compile("|".join(re.escape(n) for n in sorted(found, key=len, reverse=True)) or "(?!)")


def pages(demo: Any, lang: str) -> list[Path]:
    tail = "index.html" if lang == "id" else "index.en.html"
    return sorted(p for p in demo.reports.rglob("*.html") if p.name == tail or p.stem.endswith(f"_{lang}"))


@pytest.mark.parametrize(("lang", "other"), [("en", "id"), ("id", "en")])
def test_no_word_of_the_other_language_is_on_a_page_or_in_an_annex(lang: str, other: str, demo: Any) -> None:
    known, wrong = names(demo), []
    foreign = re.compile(rf"(?<![\w.-])(?:{'|'.join(WORDS[other].split())})(?![\w-])", re.I)
    found = pages(demo, lang)
    assert {kind for p in found for kind in KINDS if p.name.startswith(kind)} == set(KINDS)
    texts = {p.name: said(p.read_text(encoding="utf-8")) for p in found}
    for place in demo.reports.rglob(f"*_{lang}.xlsx"):
        book = openpyxl.load_workbook(place, read_only=True)
        cells = (c for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if isinstance(c, str))
        texts[place.name] = "\n".join([*book.sheetnames, *cells])
        book.close()
    for name, text in texts.items():
        own = KEPT.sub(" ", known.sub(" ", text))
        assert len(own) > 1000, name
        hits = (own[max(0, m.start() - 30) : m.end() + 30] for m in foreign.finditer(own))
        wrong += [(name, re.sub(r"\s+", " ", hit)) for hit in hits]
    assert not wrong, wrong


def numbers(text: str, lang: str) -> Counter[float]:
    """Every number of a text as often as it stands there; marks of the language read by hand."""
    decimal, thousands = (",", ".") if lang == "id" else (".", ",")
    d, t = re.escape(decimal), re.escape(thousands)
    digits = rf"(?:(?:\d{{1,3}}(?:{t}\d{{3}})+|\d+)(?:{d}\d+)?|{d}\d+)"
    found = re.findall(rf"(?<![\w/:])(?<!\d[.,])−?{digits}(?![\w/]|[.,:]\d)", text)
    return Counter(float(m.replace(thousands, "").replace(decimal, ".").replace("−", "-")) for m in found)


def twins(demo: Any) -> list[tuple[Path, Path]]:
    """Every Indonesian page with its English one."""
    english = {str(p).replace("index.en.html", "index_en.html"): p for p in pages(demo, "en")}
    return [(p, english[str(p).replace("index.html", "index_id.html").replace("_id.html", "_en.html")])
            for p in pages(demo, "id")]  # fmt: skip


def test_both_languages_show_every_number_as_often(demo: Any) -> None:
    codes = re.compile("|".join(map(re.escape, demo.done.frame["region"])))
    for both in twins(demo):
        indonesian, english = (numbers(codes.sub(" ", said(p.read_text(encoding="utf-8"))), lang)
                               for p, lang in zip(both, ("id", "en"), strict=True))  # fmt: skip
        assert indonesian.total() > 10, both
        assert indonesian == english, (both[0], indonesian - english, english - indonesian)


def test_every_column_has_a_heading_in_words(demo: Any) -> None:
    """A heading in small letters that is the same in both languages is the code of a column that nobody gave words."""
    for both in twins(demo):
        heads = [re.findall(r'<th scope="col"[^>]*>(.*?)</th>', p.read_text(encoding="utf-8")) for p in both]
        assert len(heads[0]) == len(heads[1]), both
        same = {a for a, b in zip(*heads, strict=True) if a == b}
        assert {h for h in same if re.fullmatch("[a-z][a-z_0-9]*", h)} <= {"n"}, both
