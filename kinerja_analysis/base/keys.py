"""The secret key behind the pseudonyms: where it may lie, who can read it, and its public id."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.project import CLONE

DEMO_KEY = b"kinerja-analysis: kunci demo terbuka, hanya untuk NIP yang mustahil"
KEY_BYTES = 32
VARIABLE = "KINERJA_KEY_FILE"
_SYNCHRONISED = ("onedrive", "dropbox", "googledrive", "icloud", "comappleclouddocs", "nextcloud", "owncloud")
_DRIVES = ("mydrive", "drivesaya")


def key_place(config: AuditConfig) -> Path | None:
    """Return where the key of the configuration (or of ``KINERJA_KEY_FILE``) lies; None without any.

    >>> key_place(AuditConfig(key_file="/a/kunci.key")).name
    'kunci.key'
    """
    place = config.key_file or os.environ.get(VARIABLE, "")
    return Path(place).expanduser() if place else None


def default_place() -> Path:
    """Return where a new key goes when nobody says where: a folder of the user's own that no program synchronises.

    >>> default_place().name
    'kunci.key'
    """
    root = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    return (Path(root) if root else Path.home() / ".config") / "kinerja" / "kunci.key"


def synchronised(path: Path) -> bool:
    """Tell whether a path, or what it points to, lies in a folder that a program copies to a server.

    >>> synchronised(Path("/home/a/OneDrive - Kantor/x")), synchronised(Path("/home/a/x"))
    (True, False)
    """
    names = ["".join(filter(str.isalnum, p.casefold())) for q in (path.absolute(), path.resolve()) for p in q.parts]
    return any(n.startswith(_SYNCHRONISED) or n in _DRIVES for n in names)


def check_place(path: Path) -> None:
    """Raise ``UsageError`` where a key may not lie: in a repository, in this project, in a synchronised folder.

    >>> check_place(Path("/media/kunci/kunci.key"))
    """
    above = {*path.absolute().parents, *path.resolve().parents}
    if CLONE in above or any((folder / ".git").exists() for folder in above):
        raise UsageError("identity.in_repository", file=path.name)
    if synchronised(path):
        raise UsageError("identity.synchronised", file=path.name)


def exposed(path: Path) -> bool:
    """Tell whether other users of the computer may read a file (never on Windows, where the mode says nothing).

    >>> exposed(Path("/tidak/ada"))
    False
    """
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & 0o077)


def key_bytes(config: AuditConfig) -> bytes:
    """Return the secret key of the configuration (or of ``KINERJA_KEY_FILE``), the published one without any.

    Raises ``UsageError`` for a key that is missing, short, or lies where it may not. Who may use the published key
    is decided in ``read/identity``: it is accepted only for impossible NIPs and declared pseudonyms.

    >>> key_bytes(AuditConfig(key_file="/tidak/ada"))
    Traceback (most recent call last):
    kinerja_analysis.base.errors.UsageError: ...
    """
    place = key_place(config)
    if place is None:
        return DEMO_KEY
    check_place(place)
    try:
        key = place.read_bytes().strip()
    except OSError:
        raise UsageError("errors.key_missing") from None
    if len(key) < KEY_BYTES:
        raise UsageError("errors.key_short", n=len(key))
    return key


def key_id(key: bytes) -> str:
    """Return the public id of a key: 8 hex digits that do not reveal it.

    >>> len(key_id(b"x" * 32))
    8
    """
    return hmac.new(key, b"key-id", hashlib.sha256).hexdigest()[:8]
