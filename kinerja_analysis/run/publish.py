"""Who may write in a reports folder, what is told of it: the lock, the log, the room on the disk."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from kinerja_analysis.base.errors import UsageError, write_failed
from kinerja_analysis.base.store import INTERNAL, LOGS, inside

LOCK = ".kinerja.lock"
OUTCOMES = ("started", "done", "partial", "stopped", "refused")  #: what a log says of a run as a whole
REPORT_BYTES = 6_000_000  #: of one report set, where none is there to be measured
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FRESH = 10.0  #: seconds in which an empty lock may still be written


def host() -> str:
    """Return a mark of this computer that does not tell its name."""
    import platform

    return hashlib.sha256(platform.node().encode()).hexdigest()[:12]


def _started(pid: int) -> float | None:
    """Return when a process started; None when there is none (a zombie is none)."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else round(process.create_time(), 1)
    except psutil.Error:
        return None


class Lock:
    """One writer in a reports folder: a file made with O_EXCL that names the process.

    A lock whose process is gone is taken off: ``stale`` then says since when it stood there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Lock(Path(folder)) as lock:
    ...     lock.holder()["pid"] == os.getpid()
    True
    """

    def __init__(self, out: Path) -> None:
        self.out, self.place, self.stale = out, out / LOCK, ""

    def holder(self) -> dict[str, Any]:
        """Return ``pid started host since`` of who holds the lock; empty when nobody does."""
        try:
            text = self.place.read_text(encoding="utf-8")
        except OSError:
            return {}
        told: dict[str, Any] = {"pid": 0, "started": 0.0, "host": host(), "since": "?", "text": text}
        with suppress(ValueError, TypeError):
            told |= dict(json.loads(text))
        return told

    def alive(self, told: dict[str, Any]) -> bool:
        """Tell whether the process that wrote a lock still runs (of another computer: taken for granted)."""
        if told["host"] != host():
            return True
        if not told["pid"]:
            with suppress(OSError):
                return time.time() - self.place.stat().st_mtime < _FRESH
            return False
        began = _started(int(told["pid"]))
        return began is not None and abs(began - float(told["started"])) < 2.0

    def check(self) -> None:
        """Raise ``UsageError`` when somebody else is writing."""
        told = self.holder()
        if told and self.alive(told):
            key = "run.locked" if told["host"] == host() else "run.locked_elsewhere"
            raise UsageError(key, pid=str(told["pid"]), since=str(told["since"]), folder=self.out.name)

    def take_off(self) -> None:
        """Remove a lock; what another process has put there in the meantime is put back."""
        told, aside = self.holder(), self.place.with_name(f"{LOCK}.{os.getpid():06d}")
        with suppress(OSError):
            os.replace(self.place, aside)
            if aside.read_text(encoding="utf-8") != told.get("text"):
                os.link(aside, self.place)
        aside.unlink(missing_ok=True)

    def __enter__(self) -> Lock:
        check_out(self.out)
        self.check()
        told = self.holder()
        if told:
            self.stale = str(told["since"])
            self.take_off()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            self.check()
            raise UsageError("run.out_wrong", folder=self.out.name) from None
        except OSError as error:
            raise write_failed(error) from None
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        text = {"pid": os.getpid(), "started": _started(os.getpid()), "host": host(), "since": now}
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as lock:
                json.dump(text, lock)
        except OSError as error:
            self.place.unlink(missing_ok=True)
            raise write_failed(error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.holder().get("pid") == os.getpid():
            self.place.unlink(missing_ok=True)


def log_place(out: Path) -> Path:
    """Return where the log of a run that starts now goes."""
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    return out / INTERNAL / LOGS / f"{now}_{os.getpid()}.jsonl"


def note(log: Path, stage: str, status: str, seconds: float = 0.0, region: str = "", year: int = 0) -> None:
    """Add one line to a log: time, region code, year, stage, seconds, status. A full disk does not stop the work."""
    line = {"time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "region": region, "year": year,
            "stage": stage, "seconds": round(seconds, 3), "status": status}  # fmt: skip
    with suppress(OSError):
        inside(log.parent)
        with open(log, "a", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as out:
            out.write(json.dumps(line) + "\n")


def last_run(out: Path) -> tuple[str, str]:
    """Return how the last run that wrote a log ended (``OUTCOMES``) and when; "" twice where there is none.

    A run that is over and only started was killed.
    """
    for log in sorted((out / INTERNAL / LOGS).glob("*.jsonl"), reverse=True):
        with suppress(OSError, ValueError, TypeError, KeyError):
            lines = log.read_text(encoding="utf-8").splitlines()
            told = [r for r in map(json.loads, lines) if r["stage"] == "run" and r["status"] in OUTCOMES]
            if told:
                return told[-1]["status"], told[-1]["time"][:16].replace("T", " ")
    return "", ""


def refused(log: Path) -> None:
    """Note that a run's input was refused, in a reports folder that is there; a first run leaves nothing."""
    if log.parent.parent.is_dir():
        note(log, "run", "refused")


def check_room(out: Path, reports: int) -> None:
    """Raise ``UsageError`` when the disk has not one and a half times the room that the reports to be made take."""
    known = [p.parent for p in out.glob("**/metrics.json")][:20]
    sizes = [sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) for folder in known]
    each = sum(sizes) / len(sizes) if sizes else REPORT_BYTES
    there = next(p for p in (out, *out.parents) if p.exists())
    needed, free = reports * each * 1.5, shutil.disk_usage(there).free
    if needed > free:
        raise UsageError("run.disk", needed=round(needed / 1e6), free=round(free / 1e6))


def check_out(out: Path) -> None:
    """Raise ``UsageError`` where no reports may be written.

    ``out`` is no folder, its name is not allowed (control characters, names that Windows keeps for devices), or a link
    below it leads out of it.
    """
    name = _CONTROL.sub(" ", out.name)
    if _CONTROL.search(str(out)) or any(_DEVICE.fullmatch(part) for part in out.parts):
        raise UsageError("run.out_wrong", folder=name)
    if out.exists():
        root = out.resolve()
        below = ("internal", "banding", "[12]*", "[12]*/*", "internal/*", "internal/*/*", "banding/*")
        links = [p for pattern in below for p in out.glob(pattern) if p.is_symlink()]
        if not out.is_dir() or any(root not in p.resolve().parents for p in links):
            raise UsageError("run.out_wrong", folder=name)
