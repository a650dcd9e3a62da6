"""Where a key may lie, who may read it, what its id tells."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import (
    DEMO_KEY,
    check_place,
    default_place,
    exposed,
    key_bytes,
    key_id,
    key_place,
    synchronised,
)

KEY = b"0123456789abcdef0123456789abcdef"


def key_file(folder: Path, data: bytes = KEY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kunci.key").write_bytes(data)
    return folder / "kunci.key"


@pytest.mark.parametrize(("size", "fine"), [(31, False), (32, True), (64, True), (0, False)])
def test_a_key_has_at_least_32_bytes(tmp_path: Path, size: int, fine: bool) -> None:
    config = AuditConfig(key_file=str(key_file(tmp_path, (b"ab" * 32)[:size] + b"\r\n")))
    if fine:
        assert len(key_bytes(config)) == size
    else:
        with pytest.raises(UsageError, match=f"{size} bytes"):
            key_bytes(config)


@pytest.mark.parametrize("folder", [
    "OneDrive", "OneDrive - Kantor/dok", "onedrive", "Dropbox", "Dropbox (Pribadi)", "Google Drive", "GoogleDrive-x",
    "My Drive", "Drive Saya", "iCloud Drive", "iCloudDrive", "Library/Mobile Documents/com~apple~CloudDocs",
    "Nextcloud", "NEXTCLOUD/a/b",
])  # fmt: skip
def test_synchronised_folders_are_refused(tmp_path: Path, folder: str) -> None:
    place = key_file(tmp_path / folder)
    assert synchronised(place)
    with pytest.raises(UsageError, match="copied to a server"):
        key_bytes(AuditConfig(key_file=str(place)))


@pytest.mark.parametrize("folder", ["drive", "dokumen", "satudrive", "my drives", "kunci dropboxnya"])
def test_ordinary_folders_are_not(tmp_path: Path, folder: str) -> None:
    assert key_bytes(AuditConfig(key_file=str(key_file(tmp_path / folder)))) == KEY


@pytest.mark.parametrize("git", ["folder", "file"])
def test_a_repository_is_refused_whatever_the_depth(tmp_path: Path, git: str) -> None:
    """A linked worktree has a file .git in place of the folder."""
    if git == "folder":
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text("gitdir: x", encoding="utf-8")
    place = key_file(tmp_path / "a" / "b")
    with pytest.raises(UsageError, match="repository"):
        key_bytes(AuditConfig(key_file=str(place)))


def test_this_project_is_refused() -> None:
    with pytest.raises(UsageError, match="repository"):
        check_place(Path(__file__).parent / "kunci.key")


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_is_followed_both_ways(tmp_path: Path) -> None:
    real = key_file(tmp_path / "Dropbox")
    (tmp_path / "pribadi").mkdir()
    (tmp_path / "pribadi" / "kunci.key").symlink_to(real)
    (tmp_path / "OneDrive").mkdir()
    (tmp_path / "OneDrive" / "kunci.key").symlink_to(key_file(tmp_path / "lain"))
    for folder in ("pribadi", "OneDrive"):
        with pytest.raises(UsageError, match="copied to a server"):
            key_bytes(AuditConfig(key_file=str(tmp_path / folder / "kunci.key")))


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing on Windows")
@pytest.mark.parametrize(("mode", "seen"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_who_else_can_read_it(tmp_path: Path, mode: int, seen: bool) -> None:
    place = key_file(tmp_path)
    place.chmod(mode)
    assert exposed(place) is seen


def test_configuration_then_variable_then_the_published_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = key_file(tmp_path / "1"), key_file(tmp_path / "2", KEY[::-1])
    monkeypatch.setenv("KINERJA_KEY_FILE", str(two))
    assert key_bytes(AuditConfig(key_file=str(one))) == KEY
    assert key_bytes(AuditConfig()) == KEY[::-1]
    monkeypatch.delenv("KINERJA_KEY_FILE")
    assert key_bytes(AuditConfig()) == DEMO_KEY and key_place(AuditConfig()) is None


def test_the_id_is_a_keyed_digest_and_tells_keys_apart() -> None:
    assert key_id(KEY) == hmac.new(KEY, b"key-id", hashlib.sha256).hexdigest()[:8]
    assert key_id(KEY) != key_id(KEY[::-1]) and key_id(KEY) not in KEY.decode()


def test_the_default_place_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME" if os.name == "posix" else "LOCALAPPDATA", str(tmp_path))
    assert default_place() == tmp_path / "kinerja" / "kunci.key"
