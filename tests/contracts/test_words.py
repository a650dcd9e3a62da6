"""Every message in both languages with the same placeholders; every key that the code names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kinerja_analysis.base.words import LANGUAGES, has, messages, placeholders

PACKAGE = Path(__file__).resolve().parents[2] / "kinerja_analysis"


def test_both_languages_and_equal_placeholders() -> None:
    for key, entry in messages().items():
        assert all(entry.get(lang, "").strip() for lang in LANGUAGES), key
        assert placeholders(entry["id"]) == placeholders(entry["en"]), key


def test_no_sentence_is_the_same_in_both_languages() -> None:
    same = [k for k, e in messages().items() if e["id"] == e["en"] and len(e["id"].split()) > 4]
    assert not same


def test_every_number_begins_with_a_digit() -> None:
    """0.70 and 0,70, nowhere .70: one form beside the other makes a reader look twice."""
    bare = {(key, lang) for key, e in messages().items() for lang in LANGUAGES if re.search(r"(?<!\w)[.,]\d", e[lang])}
    assert not bare


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_named_messages_exist(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            key = node.args[0].value
            if (
                name in ("say", "UsageError", "DisclosureRefused", "ReportFailed")
                and isinstance(key, str)
                and "." in key
            ):
                assert has(key) or has(f"report.{key}"), key


def test_no_word_of_blame() -> None:
    banned = {
        "id": ("pelanggaran", "bersalah", "terburuk", "peringkat"),
        "en": ("breach", "guilty", "worst "),
    }
    for key, entry in messages().items():
        for lang, words in banned.items():
            text = entry[lang].lower()
            hits = [w for w in words if w in text]
            assert not hits or any(n in text for n in ("bukan", "tanpa", "tidak", "not ", "no ", "never")), (
                key,
                hits,
            )
