"""What all commands share: options, the terminal, the configuration, and what is said at the end of a run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.words import LANGUAGES, say

CONFIG = "kinerja.toml"
PROBLEMS = "masalah.xlsx"

lang_option = click.option("--lang", type=click.Choice(LANGUAGES), default=None, help="Bahasa / language.")
json_option = click.option("--json", "as_json", is_flag=True, help="Keluaran JSON / JSON output.")
config_option = click.option("--config", "config_path", type=click.Path(), default=None, help=f"TOML; {CONFIG}.")
region_option = click.option("--region", default=None, help="Kode Kemendagri atau nama / code or name.")
year_option = click.option("--year", type=int, default=None, help="Tahun / year.")
out_option = click.option("--out", type=click.Path(), default="reports", show_default=True, help="Folder laporan.")
paths_argument = click.argument("paths", nargs=-1, required=True, type=click.Path())


class Terminal:
    """What the commands print with: one language, one console, JSON on request."""

    def __init__(self, lang: str | None, as_json: bool = False) -> None:
        self.lang = lang or default_lang()
        self.as_json = as_json
        self.console = Console(highlight=False, soft_wrap=True)
        self.error = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, key: str, **params: Any) -> None:
        """Print a message (nothing in JSON mode)."""
        if not self.as_json:
            self.console.print(say(f"cli.{key}", self.lang, **params), markup=False)

    def json(self, data: Any) -> None:
        """Print JSON in JSON mode."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))

    def step(self, key: str, work: Callable[[Any], Any], **params: Any) -> Any:
        """Run ``work`` with a callback that moves a bar of files, rows and cells (None where there is no terminal)."""
        if self.as_json or not self.console.is_terminal:
            self.say(key, **params)
            return work(None)
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
        with Progress(*shown, console=self.console, transient=True) as bar:
            task, rows = bar.add_task(say(f"cli.{key}", self.lang, **params), total=None, told=""), 0

            def move(stage: str, done: int, total: int) -> None:
                nonlocal rows
                if stage == "rows":
                    rows = done
                    return
                told = say(f"progress.{stage}", self.lang, done=done, total=total, rows=rows)
                bar.update(task, completed=done, total=total, told=told)

            return work(move)


def default_lang() -> str:
    """Return the language of the environment: Indonesian unless ``KINERJA_LANG`` says en."""
    return "en" if os.environ.get("KINERJA_LANG", "") == "en" else "id"


def config_of(config_path: str | None, paths: Sequence[str]) -> AuditConfig:
    """Return the named configuration, else ``kinerja.toml`` beside the input or in the working folder."""
    if config_path:
        return AuditConfig.read(config_path)
    for place in [*(Path(p) for p in paths), Path.cwd()]:
        folder = place if place.is_dir() else place.parent
        if (folder / CONFIG).is_file():
            return AuditConfig.read(folder / CONFIG)
    return AuditConfig()


def existing(paths: Sequence[str]) -> list[Path]:
    """Return the paths; raises ``UsageError`` naming the first that is not there."""
    found = [Path(p) for p in paths]
    missing = [p.name for p in found if not p.exists()]
    if missing:
        raise UsageError("cli.path_missing", name=missing[0])
    return found


def save_problems(term: Terminal, report: Any, found: Sequence[Path], no_write: bool) -> None:
    """Write the problem list beside the input, unless there is nothing to say or nothing may be written."""
    if report is None or not report.problems or no_write:
        return
    place = (found[0] if found[0].is_dir() else found[0].parent) / PROBLEMS
    try:
        report.save(place, term.lang)
    except OSError:
        raise UsageError("errors.locked", file=place.name) from None
    term.say("problems_saved", file=place.name)


def finish(term: Terminal, done: Any, out: str) -> None:
    """Say what a run did and leave with its exit code."""
    frame = done.to_frame()
    for row in frame[frame["status"] != "done"].itertuples():
        term.say("cell_failed", region=row.region, year=str(row.year), reason=row.reason)
    term.say("cells_done", n=int((frame["status"] == "done").sum()), total=len(frame))
    index = Path(out) / str(frame["year"].max()) / "index.html"
    if index.is_file():
        term.say("index_at", path=str(index))
    if done.exit_code:
        sys.exit(done.exit_code)
