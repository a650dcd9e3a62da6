"""The terms that occur on the page, in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kinerja_analysis.base.words import messages, say
from kinerja_analysis.report.blocks import Block, Facts, Section, sentences, walk
from kinerja_analysis.report.view import View


def glossary(view: View, parts: Sequence[Sequence[Block]]) -> tuple[Section, ...]:
    """Return the section about the terms that occur in these blocks, in the order of the alphabet; none if none do."""
    page = " ".join(text for blocks in parts for block in walk(blocks) for text in sentences(block))
    found = [_entry(t, view.lang) for t in terms(page, view.lang)]
    facts = Facts(tuple(sorted(found, key=lambda item: item[0].casefold())))
    return (Section("istilah", "", view.say("glossary.title"), (facts,), role="provenance"),) if found else ()


def _entry(term: str, lang: str) -> tuple[str, str]:
    return say(f"glossary.{term}.word", lang), say(f"glossary.{term}.text", lang)


def terms(text: str, lang: str) -> list[str]:
    """Return the terms of ``glossary.toml`` that occur in a text as whole words.

    >>> terms("Di dalam rentang, tidak ditandai.", "id")
    ['range', 'flag']
    """
    names = [key.split(".")[1] for key in messages() if key.startswith("glossary.") and key.endswith(".find")]
    return [n for n in names if re.search(_pattern(say(f"glossary.{n}.find", lang)), text, re.IGNORECASE)]


def _pattern(alternatives: str) -> str:
    return rf"\b(?:{'|'.join(map(re.escape, alternatives.split('|')))})\b"
