"""The data dictionary is made from the column table and committed as it is made."""

from pathlib import Path

from kinerja_analysis.base.tables import COLUMNS
from kinerja_analysis.read.dictionary import dictionary, readme


def test_committed_dictionary_is_the_one_made() -> None:
    committed = Path(__file__).parents[2] / "data" / "README.md"
    assert committed.read_text(encoding="utf-8") == readme()


def test_every_column_and_alias_stands_in_it() -> None:
    for lang in ("id", "en"):
        text = dictionary(lang)
        assert all(f"`{c.name}`" in text and all(f"`{a}`" in text for a in c.aliases) for c in COLUMNS)
