"""Audits and tables on disk: Parquet and JSON, no pickle; atomic, signed and verified on opening."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import key_bytes, key_id
from kinerja_analysis.base.results import Audit, Design, Result
from kinerja_analysis.base.tables import TABLES, ScoreTable, Tables

MANIFEST = "manifest.json"
METRICS = "metrics.json"  #: what a report set says of itself, for programs
STATE = "run.json"  #: what the last run wrote down, at the internal level
INTERNAL, LOGS, INDEX = "internal", "log", "index.json"
#: What tells a folder of our own making: a file, and keys that its (first) record has.
_OWN = ((MANIFEST, {"seal", "cells", "level"}), (METRICS, {"level", "year", "files"}),
        ("tables.json", {"seal", "cells"}), (STATE, {"seal", "cells"}), (INDEX, {"reports", "joint"}),
        (f"{LOGS}/*.jsonl", {"stage", "status", "seconds"}))
STAGE, OLD = ".stage-", ".old-"
_OPEN: dict[str, Audit] = {}  #: the audit opened last, by the sum of its manifest
_LEFT = re.compile(r"\.(stage-.*|old-.*|[^.].*\.(html|json|jsonl|lock)\.[a-z0-9_]{6,})")


def data_digest(tables: Tables, without: Sequence[str] = ("row",)) -> str:
    """Return 16 hex digits that change with any value of the tables, and not with the order of their rows.

    A column without any value counts as none: another region, read together with this one, may have brought it.
    """
    total = 0
    for name in TABLES:
        frame: pd.DataFrame = getattr(tables, name).drop(columns=[*without]).dropna(axis=1, how="all")
        hashes = [pd.util.hash_pandas_object(part, index=False).to_numpy() for part in (frame, frame.columns)]
        total = (total * 1_000_003 + sum(int(h.sum(dtype="uint64")) for h in hashes) + len(frame)) % 2**64
    return f"{total:016x}"


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that either the old or the whole new content is at ``path``, never half of it.

    Until it is whole only its owner can read it; then ``mode`` says who can. What is there already stays untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        if path.read_bytes() == data and path.stat().st_mode & 0o777 in (mode, 0o666):  # 666: Windows
            return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sweep(out: Path) -> int:
    """Remove what a killed run left below a reports folder, put back a report that was being replaced; return how many.

    Nobody else may be writing there.
    """
    roots = (out, out / "internal")
    places = [f for root in roots for f in (root, *root.glob("[12]*"), root / "banding", root / "validasi")]
    found = [f for folder in places if folder.is_dir() for f in sorted(folder.iterdir()) if _LEFT.fullmatch(f.name)]
    for left in found:
        target = left.with_name(left.name.removeprefix(OLD))
        if left.name.startswith(OLD) and not target.exists():
            os.replace(left, target)
        elif left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    return len(found)


def account(audit: Audit) -> dict[str, Any]:
    """Return what a manifest tells of the input: rows by table and by file and sheet number, problems by code.

    At the public level small counts are hidden (-1) and others rounded, as in the audit's own frames.
    """
    lines = {"totals": "rows", "files": "accounting", "read": "read", "problems": "problems"}
    told = {k: audit.counts[n].to_dict("records") if n in audit.counts else [] for k, n in lines.items()}
    return {"problems": told.pop("problems"), "rows": told}


def _frames(audit: Audit) -> dict[str, pd.DataFrame]:
    frames = {"design": audit.design.frame, "scores": audit.scores.frame}
    frames |= {f"result_{n}": r.frame for n, r in audit.results.items()}
    frames |= {f"counts_{n}": f for n, f in audit.counts.items()}
    if audit.review is not None:
        frames["review"] = audit.review
    return frames


def sealed(body: dict[str, Any], level: str, key: bytes) -> str:
    """Return the seal of a JSON-able record: an HMAC at the internal level, a sum anybody can check at the public one.

    >>> sealed({"a": 1}, "public", b"")[:14]
    'sha256:f9d8602'
    """
    text = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    if level == "internal":
        return "hmac-sha256:" + hmac.new(key, text, hashlib.sha256).hexdigest()
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _kept(config: AuditConfig) -> dict[str, Any]:
    """Return what an audit keeps of its configuration: no mapping, no path (files can have people's names)."""
    kept = config.to_dict() | {"mapping": []}
    for part in (kept, *kept["regions"].values()):
        part["framework"] = part["framework"] if part["framework"].isidentifier() else ""
    return kept


def inside(folder: Path) -> Path:
    """Make a folder of the internal level and return it: from ``internal`` down its owner's only.

    One that was opened to a group on purpose stays so; what others could read is closed.
    """
    new = {p for p in (folder, *folder.parents) if not p.exists()}
    folder.mkdir(parents=True, exist_ok=True)
    for place in (folder, *folder.parents) if INTERNAL in folder.parts else ():
        with suppress(OSError):
            if place in new or place.stat().st_mode & 0o007:
                os.chmod(place, 0o700)
        if place.name == INTERNAL:
            break
    return folder


@contextmanager
def replacing(folder: Path, *, level: str = "") -> Iterator[Path]:
    """Yield an empty folder to write into; it takes the place of ``folder`` as a whole, or nothing changes.

    All can read what is of the public ``level``, its owner only what is not; of the internal level every file has
    that right by itself. Raises ``UsageError`` when the old one cannot be moved (a file open in Excel).

    >>> with tempfile.TemporaryDirectory() as place, replacing(Path(place) / "a") as stage:
    ...     stage.name.startswith(STAGE)
    True
    """
    if level == INTERNAL:
        inside(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage, old = Path(tempfile.mkdtemp(prefix=STAGE, dir=folder.parent)), folder.with_name(f"{OLD}{folder.name}")
    try:
        yield stage
        os.chmod(stage, 0o755 if level == "public" else 0o700)
        for place in stage.rglob("*") if level == INTERNAL else ():
            os.chmod(place, 0o700 if place.is_dir() else 0o600)
        shutil.rmtree(old, ignore_errors=True)
        try:
            if folder.exists():
                os.replace(folder, old)
            os.replace(stage, folder)
        except OSError:
            if old.exists() and not folder.exists():
                os.replace(old, folder)
            raise UsageError("errors.locked", file=folder.name) from None
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def save_audit(audit: Audit, folder: Path) -> Path:
    """Write an audit into ``folder`` (replaced as a whole)."""
    with replacing(folder) as stage:
        for name, frame in sorted(_frames(audit).items()):
            frame.to_parquet(stage / f"{name}.parquet", index=False)
        body = {
            "format": 1,
            "level": audit.level,
            "cells": [list(c) for c in audit.cells],
            "config": _kept(audit.config),
            "provenance": dict(audit.provenance),
            **account(audit),
            "files": sums(stage),
        }
        seal = sealed(body, audit.level, key_bytes(audit.config))
        text = json.dumps({**body, "seal": seal}, indent=1, sort_keys=True, ensure_ascii=False)
        (stage / MANIFEST).write_text(text, encoding="utf-8")
    return folder


def is_own(folder: Path) -> bool:
    """Tell whether a folder holds what we write: a reports folder, a report set, an audit, pages, stored tables.

    Told by records that only we write, never by a name alone.
    """
    places = [(p, keys) for root in (folder, folder / INTERNAL) for mark, keys in _OWN for p in sorted(root.glob(mark))]
    places += [(p, {"seal", "cells"}) for p in sorted(folder.glob("[0-9]*/tables.json"))]
    return any(keys <= _first(p).keys() for p, keys in places)


def _first(path: Path) -> dict[str, Any]:
    """Return the record of a JSON file, of several lines the first one; nothing where there is none."""
    with suppress(OSError, ValueError, TypeError):
        text = path.read_text(encoding="utf-8")
        return dict(json.loads(text.split("\n", 1)[0] if path.suffix == ".jsonl" else text))
    return {}


def standing(root: Path) -> dict[tuple[str, int, str], str]:
    """Return by region, year and level what is not as it should be with reports that stand, as the last run told it.

    ``failed``: it could not be made again and is of an earlier run; ``gone``: its data are no longer in the input.
    ``root`` is a reports folder or its internal level. Unverified, as ``read_provenance``.
    """
    told = _first(root / STATE) or _first(root / INTERNAL / STATE)
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        marks = {(str(r), int(y), str(level)): "failed" for r, y, level in told.get("failed", ())}
        gone = [(str(c["region"]), int(c["year"])) for c in told.get("others", ()) if c.get("gone")]
        return marks | {(*cell, level): "gone" for cell in gone for level in ("public", INTERNAL)}
    return {}


def file_sum(path: Path) -> str:
    """Return the SHA-256 of a file's content, 64 hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that lies in a folder itself, by name."""
    return {f.name: file_sum(f) for f in sorted(folder.iterdir()) if f.is_file()}


def manifests(out: Path) -> list[Path]:
    """Return the manifests of all audits of a reports folder, public and internal, in order."""
    return [f for root in (out, out / "internal") for f in sorted(root.glob(f"[12]*/*/audit/{MANIFEST}"))]


def read_provenance(manifest: Path) -> dict[str, Any]:
    """Return what a stored audit says of its making, unverified; empty when the manifest cannot be read."""
    try:
        return dict(json.loads(manifest.read_text(encoding="utf-8"))["provenance"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def origin(root: Path, region: str, year: int) -> str:
    """Return 12 digits of what the stored audit of a cell was made of (version, configuration, data); "" for none.

    ``root`` is a reports folder or its internal level. Unverified, as ``read_provenance``.
    """
    places = sorted(root.glob(f"{year}/{region}-*/audit/{MANIFEST}"))
    told = [[read_provenance(p).get(k) for k in ("version", "config", "data")] for p in places]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12] if told else ""


def verified(folder: Path, *, key_file: str = "") -> dict[str, Any]:
    """Return the manifest of a saved audit after checking its seal and the sum of every file.

    Raises ``UsageError`` when something is missing or was changed, or the key is another one.
    """
    try:
        body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError("errors.audit_missing", folder=folder.name) from None
    try:
        told = str(body.pop("seal"))
        body["config"] = dict(body["config"])
        config = AuditConfig(**body["config"]).model_copy(update={"key_file": key_file})
        key = key_bytes(config)
        whole = hmac.compare_digest(told.encode(), sealed(body, body["level"], key).encode())
        theirs = str(body["provenance"].get("key_id", ""))
        if not whole and body["level"] == INTERNAL and theirs not in ("", key_id(key)):
            raise UsageError("errors.audit_key", theirs=theirs, mine=key_id(key))
        if not whole or not {"cells", "provenance", "files"} <= body.keys():
            raise ValueError
        for name, digest in body["files"].items():
            target = folder / Path(name).name
            if not target.is_file() or file_sum(target) != digest:
                raise UsageError("errors.audit_changed", file=target.name)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError("errors.audit_changed", file=MANIFEST) from None
    return dict(body)


def load_audit(folder: Path, *, key_file: str = "") -> Audit:
    """Open a saved audit after checking its seal and the sum of every file.

    The last one stays open: all notebooks of a set read the same. Raises ``UsageError`` when something is missing or
    was changed.
    """
    body = verified(folder, key_file=key_file)
    this = sealed(body, "public", b"") + key_file
    if this in _OPEN:
        return _OPEN[this]
    _OPEN.clear()
    config = AuditConfig(**body["config"]).model_copy(update={"key_file": key_file})
    targets = [folder / Path(name).name for name in body["files"]]
    frames = {target.stem: pd.read_parquet(target) for target in targets}
    audit = _OPEN[this] = Audit(
        cells=tuple((str(r), int(y)) for r, y in body["cells"]),
        design=Design(frames["design"]),
        scores=ScoreTable(frames["scores"]),
        results={n[7:]: Result(n[7:], f) for n, f in frames.items() if n.startswith("result_")},
        counts={n[7:]: f for n, f in frames.items() if n.startswith("counts_")},
        config=config,
        provenance=body["provenance"],
        level=body["level"],
        review=frames.get("review"),
    )
    return audit
