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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        AuditConfig.read(tmp_path / "none.toml")


def test_digest_ignores_the_place_of_the_key() -> None:
    assert AuditConfig(key_file="a").digest() == AuditConfig(key_file="b").digest()
    assert AuditConfig(seed=2).digest() != AuditConfig().digest()
