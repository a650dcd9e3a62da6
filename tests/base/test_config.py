"""Configuration: codes stay text, unknown keys are errors that name themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError


def write(folder: Path, text: str) -> Path:
    place = folder / "kinerja.toml"
    place.write_text(text, encoding="utf-8")
    return place


def test_a_quoted_code_stays_text(tmp_path: Path) -> None:
    config = AuditConfig.read(write(tmp_path, '[regions."76.10"]\nname = "A"\n'))
    assert list(config.regions) == ["76.10"]


def test_an_unquoted_code_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        AuditConfig.read(write(tmp_path, '[regions.76.10]\nname = "A"\n'))
    assert "kinerja.toml" in error.value.text("id")


@pytest.mark.parametrize("text", ["levle = 0.9", "level = 2", "seed = 1\nseed = 2", 'identifiers = "nama"'])
def test_wrong_entries_name_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as error:
        AuditConfig.read(write(tmp_path, text))
    assert error.value.exit_code == 2
    assert "kinerja.toml" in error.value.text("en")


@pytest.mark.parametrize(("text", "id_", "en"), [
    ('minimum_n = "lima"', "minimum_n = lima: seharusnya bilangan bulat", "lima: expected is a whole number"),
    ("minimum_n = 1", "minimum_n = 1: seharusnya paling sedikit 2", "minimum_n = 1: expected is at least 2"),
    ("fdr = 0", "fdr = 0: seharusnya lebih dari 0", "fdr = 0: expected is more than 0"),
    ("level = 2", "level = 2: seharusnya kurang dari 1", "level = 2: expected is less than 1"),
    ("tahun = [2025]", "tahun: isian ini tidak dikenal", "tahun: there is no such key"),
    ("years = 2025", "years = 2025: seharusnya daftar di dalam kurung siku", "expected is a list in square"),
    ("framework = 3", "framework = 3: seharusnya teks di dalam tanda kutip", "expected is a text in quotes"),
    ('identifiers = "nama"', "salah satu dari 'nip', 'other', 'pseudonymous'", "one of 'nip', 'other', 'pseudonymous'"),
    ('[regions."76,02"]', "dengan titik, misalnya \"76.02\", bukan 76,02", "dots, for example \"76.02\", not"),
    ('languages = ["fr"]', 'seharusnya "id" atau "en", bukan fr', 'expected is "id" or "en", not fr'),
    ("disclosure.people = 3", "persons, raters, dominance, width, bukan people", "dominance, width, not people"),
    ('[[mapping]]\nfile = "a"', "mapping.0.table: belum diisi", "mapping.0.table: is missing"),
    ('[databases.a]\nurl = 7\nquery = "q"', "databases.a.url: seharusnya teks", "databases.a.url: expected is a text"),
])  # fmt: skip
def test_a_wrong_entry_says_what_is_expected_in_both_languages(tmp_path: Path, text: str, id_: str, en: str) -> None:
    with pytest.raises(UsageError) as error:
        AuditConfig.read(write(tmp_path, text))
    assert id_ in error.value.text("id") and en in error.value.text("en")
    assert not {"input", "should", "valid", "permitted", "extra"} & set(error.value.text("id").lower().split())


@pytest.mark.parametrize(("text", "line", "column"), [
    ("seed = 1\nyears = [2025", "2", "14"), ("seed = 1\nlevel = = 2", "2", "9"), ("seed = 1\nseed = 2", "2", "9"),
])  # fmt: skip
def test_no_valid_toml_is_told_by_line_and_column(tmp_path: Path, text: str, line: str, column: str) -> None:
    with pytest.raises(UsageError) as error:
        AuditConfig.read(write(tmp_path, text))
    assert f"bukan TOML yang sah: periksa baris {line}, kolom {column}" in error.value.text("id")
    assert f"is no valid TOML: check line {line}, column {column}" in error.value.text("en")
    assert not {"Unclosed", "Invalid", "Cannot", "document)"} & set(error.value.text("id").split())


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        AuditConfig.read(tmp_path / "none.toml")


def test_digest_ignores_the_place_of_the_key() -> None:
    assert AuditConfig(key_file="a").digest() == AuditConfig(key_file="b").digest()
    assert AuditConfig(seed=2).digest() != AuditConfig().digest()
