"""What all commands share: options, the terminal, the configuration, and what is said at the end of a run."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import exposed, key_place
from kinerja_analysis.base.store import INTERNAL, write_atomic
from kinerja_analysis.base.words import LANGUAGES, say

CONFIG = "kinerja.toml"
PROBLEMS = "masalah.xlsx"
SQL = "sql:"
MAPPING = "pemetaan.toml"

lang_option = click.option("--lang", type=click.Choice(LANGUAGES), default=None, help="Bahasa / language.")
json_option = click.option("--json", "as_json", is_flag=True, help="Keluaran JSON / JSON output.")
dry_option = click.option("--dry-run", is_flag=True, help="Tunjukkan saja / only show what would be done.")
config_option = click.option("--config", "config_path", type=click.Path(), default=None, help=f"TOML; {CONFIG}.")
region_option = click.option("--region", default=None, help="Kode Kemendagri atau nama / code or name.")
year_option = click.option("--year", type=int, default=None, help="Tahun / year.")
out_option = click.option("--out", type=click.Path(), default="reports", show_default=True, help="Folder laporan.")
paths_argument = click.argument("paths", nargs=-1, required=True, type=click.Path())


#: What commands a terminal or turns its text around; a name of a file or a cell may hold it.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    """A console for which no word is a command: controls are shown as marks, brackets as they are."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print; texts without markup and without controls."""
        plain = (_COMMANDS.sub("�", o) if isinstance(o, str) else o for o in objects)
        super().print(*plain, **{"markup": False, "emoji": False} | how)


class Terminal:
    """What the commands print with: one language, one console, JSON on request."""

    def __init__(self, lang: str | None, as_json: bool = False) -> None:
        self.lang = lang or default_lang()
        self.as_json = as_json
        self.console = _Console(highlight=False, soft_wrap=True)
        self.error = _Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, key: str, **params: Any) -> None:
        """Print a message (nothing in JSON mode); a key without a dot is one of ``cli.toml``."""
        if not self.as_json:
            self.console.print(say(_full(key), self.lang, **params))

    def json(self, data: Any) -> None:
        """Print JSON in JSON mode."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))

    def would(self, cells: Iterable[tuple[str, int]]) -> None:
        """Say which regions and years would be done."""
        self.json(as_cells(cells))
        for region, year in cells:
            self.say("would_do", region=region, year=str(year))

    def step(self, key: str, work: Callable[[Any], Any], **params: Any) -> Any:
        """Run ``work`` with a callback that moves a bar of files, rows and cells (None where there is no terminal)."""
        if self.as_json or not self.console.is_terminal:
            self.say(key, **params)
            return work(None)
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
        with Progress(*shown, console=self.console, transient=True) as bar:
            begun = time.monotonic()
            task, rows = bar.add_task(say(_full(key), self.lang, **params), total=None, told=""), 0

            def move(stage: str, done: int, total: int) -> None:
                nonlocal rows
                if stage == "rows":
                    rows = done
                    return
                left = round((time.monotonic() - begun) / done * (total - done)) if stage == "cells" and done else 0
                left_over = {"minutes": left // 60, "seconds": 0 if left >= 60 else left}
                told = say(f"progress.{stage}", self.lang, done=done, total=total, rows=rows, **left_over)
                bar.update(task, completed=done, total=total, told=told)

            return work(move)


def as_cells(cells: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return regions and years for JSON."""
    return [{"region": region, "year": year} for region, year in cells]


def some_cells(cells: Sequence[tuple[str, int]], most: int = 8) -> str:
    """Return regions and years on one line, of many the first ones."""
    return ", ".join([*(f"{region} {year}" for region, year in cells[:most]), *["…"] * (len(cells) > most)])


def _full(key: str) -> str:
    return key if "." in key else f"cli.{key}"


def default_lang() -> str:
    """Return the language of the environment: Indonesian unless ``KINERJA_LANG`` names another one."""
    named = os.environ.get("KINERJA_LANG", "")
    return named if named in LANGUAGES else LANGUAGES[0]


def config_of(config_path: str | None, paths: Sequence[str]) -> AuditConfig:
    """Return the named configuration, else ``kinerja.toml`` beside the input or in the working folder.

    Says on the terminal when others can read its key.
    """
    config = _config_of(config_path, paths)
    place = key_place(config)
    if place is not None and exposed(place):
        term = Terminal(click.get_current_context().params.get("lang"))
        term.error.print(say("identity.exposed", term.lang, file=place.name))
    return config


def _config_of(config_path: str | None, paths: Sequence[str]) -> AuditConfig:
    place = config_place(config_path, paths)
    return AuditConfig() if place is None else AuditConfig.read(place)


def config_place(config_path: str | None, paths: Sequence[str]) -> Path | None:
    """Return where the configuration is: named, beside the input, in the working folder; None where there is none."""
    if config_path:
        return Path(config_path)
    for place in [*(Path(p) for p in paths if not p.startswith(SQL)), Path.cwd()]:
        folder = place if isdir(place) else place.parent
        if isfile(folder / CONFIG):
            return folder / CONFIG
    return None


def existing(paths: Sequence[str]) -> list[Any]:
    """Return the paths (and databases, as they are); raises ``UsageError`` naming the first that is not there."""
    found: list[Any] = [p if p.startswith(SQL) else Path(p) for p in paths]
    missing = [p.name for p in found if isinstance(p, Path) and not _may_be_there(p)]
    if missing:
        raise UsageError("cli.path_missing", name=missing[0])
    return found


def _may_be_there(path: Path) -> bool:
    """Tell whether a path is there; one that may not be looked at is for the reading to name."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except OSError:
        return False


def save_problems(term: Terminal, report: Any, found: Sequence[Any], no_write: bool) -> None:
    """Write the problem list beside the input; an old list is emptied when there is nothing to say any more."""
    if report is None or no_write:
        return
    place = _list_place(found)
    if not report.problems and not place.is_file():
        return
    try:
        report.save(place, term.lang)
    except OSError:
        if place.exists():
            raise UsageError("errors.locked", file=place.name) from None
        term.say("problems_unsaved", file=place.name)
        return
    term.say("problems_saved", file=place.name)
    if report.guesses:
        own = config_place(click.get_current_context().params.get("config_path"), [str(p) for p in found])
        given = own.read_text(encoding="utf-8") if own else ""
        write_atomic(place.with_name(MAPPING), report.mapping(term.lang, given).encode())
        term.say("mapping_saved", file=MAPPING)


def _list_place(found: Sequence[Any]) -> Path:
    first = next((p for p in found if isinstance(p, Path)), Path.cwd())
    return (first if isdir(first) else first.parent) / PROBLEMS


def drop_problems(term: Terminal, found: Sequence[Any]) -> None:
    """Remove our problem list of an earlier run beside an input that was now read without an error.

    A list that tells errors of other files than those read, or none, stays; so does what we did not write.
    """
    from kinerja_analysis.read.report import CheckReport
    from kinerja_analysis.read.sources import files_of

    place = _list_place(found)
    told = CheckReport.errors_in(place)
    read = {name for p in found if isinstance(p, Path) for _, _, name in files_of(p)}
    elsewhere = {name for name in told or () if name and name not in read and (place.parent / name).exists()}
    if told and not elsewhere:
        with suppress(OSError):  # open in Excel: the next run removes it
            place.unlink()
            term.say("problems_over", file=place.name)


def save_annotated(term: Terminal, report: Any, found: Sequence[Any]) -> None:
    """Write an annotated copy beside every checked file that has something to mark."""
    from kinerja_analysis.read.annotate import ANNOTATED, annotate

    for place in found:
        if not isinstance(place, Path):
            continue
        for name in dict.fromkeys(p.file for p in report.problems):
            path = place / name if place.is_dir() else place
            if path.name != Path(name).name or not path.is_file() or (path != place and path.stem.endswith(ANNOTATED)):
                continue
            try:
                copy = annotate(path, report, name=name, lang=term.lang)
            except OSError:
                raise UsageError("errors.locked", file=path.name) from None
            if copy:
                term.say("annotated", file=copy.name)


def outdated(term: Terminal, out: Path) -> list[dict[str, Any]]:
    """Say which comparisons are no longer those of the stored audits; return them."""
    from kinerja_analysis.report.index_page import mark, together

    found = [{**page, "level": level} for level, root in (("public", out), (INTERNAL, out / INTERNAL))
             for page in together(root) if page["standing"]]  # fmt: skip
    for page in found:
        term.say("compare.outdated", title=page["titles"].get(term.lang, ""), how=mark(page, term.lang))
    return found


def finish(term: Terminal, done: Any, out: str) -> None:
    """Say what a run did and leave with its exit code."""
    frame = done.to_frame()
    if done.stale_lock:
        term.say("run.lock_stale", since=done.stale_lock)
    if frame.empty:
        term.say("run.since_none")
    elif not done.counts.get("written", 1) and not done.exit_code:
        term.say("run.pages_renewed" if done.renewed else "run.nothing_to_do")
    if done.warnings:
        term.say("run.warnings", n=done.warnings)
    if done.unread:
        term.say("run.unread", n=done.unread)  # no names: whoever keeps this output may keep a person's
    if done.left:
        term.say("run.left", n=done.left)
    if done.gone:
        term.say("run.gone", n=len(done.gone), cells=some_cells(done.gone))
    outdated(term, Path(out))
    for row in frame[frame["status"] != "done"].itertuples():
        term.say(
            "cell_failed", region=row.region, year=str(row.year), reason=done.reason(row.region, row.year, term.lang)
        )
    term.say("cells_done", n=int((frame["status"] == "done").sum()), total=len(frame))
    index = Path(out) / str(frame["year"].max()) / "index.html"
    if index.is_file():
        term.say("index_at", path=str(index))
    if done.exit_code:
        sys.exit(done.exit_code)
