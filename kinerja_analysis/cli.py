"""The command ``kinerja``: progress, exit codes, and a sentence instead of a traceback for a user's mistake."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kinerja_analysis import __version__
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, KinerjaError, Problem, UsageError
from kinerja_analysis.base.words import LANGUAGES, has, say

CONFIG = "kinerja.toml"
PROBLEMS = "masalah.xlsx"
DEMO_FOLDER = Path("data/contoh")
INTERRUPTED = 130

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
        self.lang = lang or _default_lang()
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

    def step(self, key: str, work: Callable[[], Any], **params: Any) -> Any:
        """Run ``work`` under a spinner that says what is going on."""
        if self.as_json or not self.console.is_terminal:
            self.say(key, **params)
            return work()
        with self.console.status(say(f"cli.{key}", self.lang, **params)):
            return work()


def _default_lang() -> str:
    return "en" if os.environ.get("KINERJA_LANG", "") == "en" else "id"


def _config(config_path: str | None, paths: Sequence[str]) -> AuditConfig:
    if config_path:
        return AuditConfig.read(config_path)
    for place in [*(Path(p) for p in paths), Path.cwd()]:
        folder = place if place.is_dir() else place.parent
        if (folder / CONFIG).is_file():
            return AuditConfig.read(folder / CONFIG)
    return AuditConfig()


def _existing(paths: Sequence[str]) -> list[Path]:
    found = [Path(p) for p in paths]
    missing = [p.name for p in found if not p.exists()]
    if missing:
        raise UsageError("cli.path_missing", name=missing[0])
    return found


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kinerja")
def cli() -> None:
    """Audit objektivitas penilaian kinerja ASN / objectivity audit of civil-service ratings."""


@cli.command()
@click.option("--folder", type=click.Path(), default=str(DEMO_FOLDER), show_default=True)
@out_option
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--size", type=float, default=None, help="Skala jumlah pegawai / scale of the number of employees.")
@lang_option
def demo(folder: str, out: str, seed: int, size: float | None, lang: str | None) -> None:
    """Contoh utuh: berkas sintetis ditulis, dibaca, diaudit, dilaporkan / a whole example with known truth."""
    from kinerja_analysis.run import run
    from kinerja_analysis.simulate import simulate

    term = Terminal(lang)
    files = term.step("demo_write", lambda: simulate(seed=seed, size=size).write(folder), folder=folder)
    term.say("files_written", n=len(files))
    config = AuditConfig.read(Path(folder) / CONFIG)
    done = term.step("audit_and_report", lambda: run(folder, out=out, config=config, resume=False))
    _finish(term, done, out)


@cli.command()
@paths_argument
@region_option
@year_option
@config_option
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@click.option("--strict", is_flag=True, help="Peringatan dianggap kesalahan / warnings count as errors.")
@json_option
@lang_option
def check(
    paths: tuple[str, ...], region: str | None, year: int | None, config_path: str | None, no_write: bool,
    strict: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Periksa berkas masukan; semua masalah sekaligus / check input files, all problems at once."""
    from kinerja_analysis.read import check as check_files

    term = Terminal(lang, as_json)
    found = _existing(paths)
    config = _config(config_path, paths)
    result = term.step("checking", lambda: check_files(found, region=region, year=year, config=config))
    term.json(
        {
            "ok": result.ok,
            "counts": dict(result.counts),
            "problems": [_problem(p, term.lang) for p in result.problems],
        }
    )
    refused = not result.ok or (strict and any(p.severity == "warning" for p in result.problems))
    if not term.as_json:
        term.console.print(result.summary(term.lang), markup=False)
    _save_problems(term, result, found, no_write)
    sys.exit(InputRefused.exit_code if refused else 0)


@cli.command(name="audit")
@paths_argument
@region_option
@year_option
@config_option
@out_option
@click.option("--jobs", type=int, default=None, help="Banyak proses / number of processes.")
@click.option("--no-resume", is_flag=True, help="Hitung ulang semuanya / do everything again.")
@click.option("--dry-run", is_flag=True, help="Tunjukkan saja / only show what would be done.")
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@json_option
@lang_option
def audit_command(
    paths: tuple[str, ...], region: str | None, year: int | None, config_path: str | None, out: str,
    jobs: int | None, no_resume: bool, dry_run: bool, no_write: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Dari berkas ke laporan: baca, hitung, periksa, tulis / from files to reports."""
    from kinerja_analysis.read import read
    from kinerja_analysis.run import run

    term = Terminal(lang, as_json)
    found = _existing(paths)
    config = _config(config_path, paths)
    if dry_run:
        tables = term.step("reading", lambda: read(found, region=region, year=year, config=config))
        cells = [{"region": r, "year": y} for r, y in tables.cells()]
        term.json(cells)
        for cell in cells:
            term.say("would_do", region=cell["region"], year=str(cell["year"]))
        return
    try:
        done = term.step(
            "audit_and_report",
            lambda: run(found, region=region, year=year, out=out, jobs=jobs, resume=not no_resume, config=config),
        )
    except InputRefused as error:
        _save_problems(term, error.report, found, no_write)
        raise
    term.json({"exit_code": done.exit_code, "cells": done.to_frame().to_dict("records")})
    _finish(term, done, out)


@cli.command()
@out_option
@region_option
@year_option
@click.option("--level", type=click.Choice(["public", "internal"]), default="public", show_default=True)
@config_option
@lang_option
def report(
    out: str, region: str | None, year: int | None, level: str, config_path: str | None, lang: str | None
) -> None:
    """Tulis ulang laporan dari audit yang tersimpan / write the reports of stored audits again."""
    from kinerja_analysis.pipeline import open_audit
    from kinerja_analysis.pipeline import report as write

    term = Terminal(lang)
    config = _config(config_path, ["."])
    stored = open_audit(out, region=region, year=year, level=level, key_file=config.key_file)  # type: ignore[arg-type]
    files = term.step("reporting", lambda: write(stored, out, level=(stored.level,)))
    term.say("files_written", n=len(files))


@cli.command(name="simulate")
@click.argument("folder", type=click.Path())
@click.option("--scenario", default="demo", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--size", type=float, default=None)
@click.option("--dry-run", is_flag=True)
@lang_option
def simulate_command(
    folder: str, scenario: str, seed: int, size: float | None, dry_run: bool, lang: str | None
) -> None:
    """Tulis berkas sintetis dalam bentuk aslinya / write synthetic files in real layouts."""
    from kinerja_analysis.simulate import simulate

    term = Terminal(lang)
    made = term.step("simulating", lambda: simulate(scenario=scenario, seed=seed, size=size), scenario=scenario)
    if dry_run:
        for region, year in made.tables.cells():
            term.say("would_do", region=region, year=str(year))
        return
    files = term.step("demo_write", lambda: made.write(folder), folder=folder)
    term.say("files_written", n=len(files))


@cli.command(name="config")
@config_option
@json_option
@lang_option
def config_command(config_path: str | None, as_json: bool, lang: str | None) -> None:
    """Tunjukkan konfigurasi yang berlaku / show the configuration in force."""
    term = Terminal(lang, as_json)
    config = _config(config_path, ["."])
    term.json(config.to_dict())
    if not as_json:
        table = Table(say("cli.key", term.lang), say("cli.value", term.lang), show_edge=False)
        for name, value in config.to_dict().items():
            table.add_row(name, json.dumps(value, ensure_ascii=False))
        term.console.print(table)
        term.say("config_digest", digest=config.digest())


@cli.command()
@click.argument("code")
@lang_option
def explain(code: str, lang: str | None) -> None:
    """Jelaskan satu kode masalah, misalnya KA-E104 / explain a problem code."""
    term = Terminal(lang)
    if not has(f"problems.{code.upper()}.repair"):
        raise UsageError("cli.code_unknown", code=code)
    blank = dict.fromkeys(_placeholders(code.upper()), "…")
    for part in ("what", "repair"):
        term.console.print(say(f"problems.{code.upper()}.{part}", term.lang, **blank), markup=False)


def _placeholders(code: str) -> set[str]:
    from kinerja_analysis.base.words import messages, placeholders

    return {p for part in ("what", "repair") for p in placeholders(messages()[f"problems.{code}.{part}"]["id"])}


@cli.command()
@click.option("--dry-run", is_flag=True)
@lang_option
def lab(dry_run: bool, lang: str | None) -> None:
    """Buka JupyterLab di 00_mulai / open JupyterLab at 00_mulai."""
    from kinerja_analysis.report.produce import notebooks_folder

    start = notebooks_folder() / "00_mulai.ipynb"
    command = [sys.executable, "-m", "jupyterlab", str(start)]
    if dry_run:
        click.echo(" ".join([Path(command[0]).name, *command[1:3], start.name]))
        return
    import subprocess

    sys.exit(subprocess.call(command))


def _problem(problem: Problem, lang: str) -> dict[str, Any]:
    return {
        "code": problem.code, "severity": problem.severity, "file": problem.file, "sheet": problem.sheet,
        "cell": problem.cell, "column": problem.column, "value": problem.value, "others": list(problem.others),
        "what": problem.text(lang), "repair": problem.text(lang, "repair"),
    }  # fmt: skip


def _save_problems(term: Terminal, report: Any, found: Sequence[Path], no_write: bool) -> None:
    """Write the problem list beside the input, unless there is nothing to say or nothing may be written."""
    if report is None or not report.problems or no_write:
        return
    place = (found[0] if found[0].is_dir() else found[0].parent) / PROBLEMS
    try:
        report.save(place, term.lang)
    except OSError:
        raise UsageError("errors.locked", file=place.name) from None
    term.say("problems_saved", file=place.name)


def _finish(term: Terminal, done: Any, out: str) -> None:
    frame = done.to_frame()
    for row in frame[frame["status"] != "done"].itertuples():
        term.say("cell_failed", region=row.region, year=str(row.year), reason=row.reason)
    term.say("cells_done", n=int((frame["status"] == "done").sum()), total=len(frame))
    index = Path(out) / str(frame["year"].max()) / "index.html"
    if index.is_file():
        term.say("index_at", path=str(index))
    if done.exit_code:
        sys.exit(done.exit_code)


def main() -> None:
    """Run the command line; the exit code says what happened (0, 1, 2, 3, 4, 5, 130)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    lang = _spoken(sys.argv)
    try:
        cli(standalone_mode=False)
    except InputRefused as error:
        term = Terminal(lang)
        said = error.text(lang) if error.report is None else error.report.summary(lang)
        term.error.print(said, markup=False)
        sys.exit(error.exit_code)
    except KinerjaError as error:
        Terminal(lang).error.print(error.text(lang), markup=False)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        Terminal(lang).error.print(say("cli.interrupted", lang), markup=False)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("KINERJA_DEBUG"):
            raise
        Terminal(lang).error.print(say("cli.our_bug", lang, kind=type(error).__name__), markup=False)
        sys.exit(1)


def _spoken(arguments: Sequence[str]) -> str:
    for before, value in pairwise(arguments):
        if before == "--lang" and value in LANGUAGES:
            return value
    return _default_lang()
