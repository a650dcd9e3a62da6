"""The terms explained on a page are those that occur on it, in its language; method pages that are named exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.words import messages
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import region_page
from kinerja_analysis.report.sections.glossary import terms

ROOT = Path(__file__).resolve().parents[2]


def test_whole_words_only() -> None:
    assert terms("Nilai diberikan dengan ketat.", "id") == ["leniency"]
    assert terms("Pegawai tidak sependapat; ketatanegaraan, peringkat.", "id") == []
    assert terms("The order of things; orange.", "en") == []
    assert terms("Its 95% RANGE.", "en") == ["range"]


@pytest.mark.parametrize(
    ("lang", "range_", "unused"), [("id", "rentang 95%", "kuartil"), ("en", "95% range", "quartile")]
)
def test_the_page_explains_what_it_says(audit: Audit, lang: str, range_: str, unused: str) -> None:
    page = region_page(audit, lang, pictures=False)
    (found,) = [x for x in page.blocks if isinstance(x, b.Section) and x.anchor == "istilah"]
    (facts,) = found.blocks
    assert isinstance(facts, b.Facts)
    names = [name for name, _ in facts.items]
    assert range_ in names and names == sorted(names, key=str.casefold)
    others = [x for x in page.blocks if x is not found]
    text = " ".join(t for x in b.walk(others) for t in b.sentences(x)).casefold()
    assert (unused in names) == (unused in text)


def test_named_method_pages_exist(audit: Audit) -> None:
    notes = [t for x in b.walk(region_page(audit, "en", pictures=False).blocks) if isinstance(x, b.Note)
             for term, t in x.parts if term == "Formulas and sources:"]  # fmt: skip
    assert len(notes) >= len(audit.results) - 1
    for text in notes:
        assert (ROOT / text.split("`")[1]).is_file(), text


def test_no_term_points_at_the_one_before_it() -> None:
    """A page shows the terms it uses in the order of the alphabet: each has to stand by itself."""
    for key, text in messages().items():
        if key.startswith("glossary.") and key.endswith(".text"):
            head = {lang: text[lang].partition(":")[0] for lang in ("id", "en")}
            assert not re.search(r"\bitu$", head["id"]) and not re.search(r"\b(?:that|this) \w+$", head["en"]), key
