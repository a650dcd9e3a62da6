"""Commands that run: demo, audit, report, simulate, config, lab."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.words import say
from kinerja_analysis.cli.terminal import (
    CONFIG,
    Terminal,
    config_of,
    config_option,
    existing,
    finish,
    json_option,
    lang_option,
    out_option,
    paths_argument,
    region_option,
    save_problems,
    year_option,
)

DEMO_FOLDER = Path("data/contoh")


@click.command()
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
    files = term.step("demo_write", lambda _: simulate(seed=seed, size=size).write(folder), folder=folder)
    term.say("files_written", n=len(files))
    config = AuditConfig.read(Path(folder) / CONFIG)
    done = term.step("audit_and_report", lambda move: run(folder, out=out, config=config, resume=False, progress=move))
    finish(term, done, out)


@click.command(name="audit")
@paths_argument
@region_option
@year_option
@config_option
@out_option
@click.option("--jobs", type=int, default=None, help="Banyak proses / number of processes.")
@click.option("--no-resume", is_flag=True, help="Hitung ulang semuanya / do everything again.")
@click.option("--new-key", is_flag=True, help="Kunci memang diganti / the key was changed on purpose.")
@click.option("--dry-run", is_flag=True, help="Tunjukkan saja / only show what would be done.")
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@json_option
@lang_option
def audit_command(
    paths: tuple[str, ...], region: str | None, year: int | None, config_path: str | None, out: str,
    jobs: int | None, no_resume: bool, new_key: bool, dry_run: bool, no_write: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Dari berkas ke laporan: baca, hitung, periksa, tulis / from files to reports."""
    from kinerja_analysis.read import read
    from kinerja_analysis.run import run

    term = Terminal(lang, as_json)
    found = existing(paths)
    config = config_of(config_path, paths)
    if dry_run:
        tables = term.step(
            "reading", lambda move: read(found, region=region, year=year, config=config, progress=move)
        )
        cells = [{"region": r, "year": y} for r, y in tables.cells()]
        term.json(cells)
        for cell in cells:
            term.say("would_do", region=cell["region"], year=str(cell["year"]))
        return
    try:
        done = term.step(
            "audit_and_report",
            lambda move: run(
                found, region=region, year=year, out=out, jobs=jobs, resume=not no_resume, new_key=new_key,
                config=config, progress=move,
            ),
        )  # fmt: skip
    except InputRefused as error:
        save_problems(term, error.report, found, no_write)
        raise
    term.json({"exit_code": done.exit_code, "cells": done.to_frame().to_dict("records")})
    finish(term, done, out)


@click.command()
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
    config = config_of(config_path, ["."])
    stored = open_audit(out, region=region, year=year, level=level, key_file=config.key_file)  # type: ignore[arg-type]
    files = term.step("reporting", lambda _: write(stored, out, level=(stored.level,)))
    term.say("files_written", n=len(files))


@click.command(name="simulate")
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
    made = term.step("simulating", lambda _: simulate(scenario=scenario, seed=seed, size=size), scenario=scenario)
    if dry_run:
        for region, year in made.tables.cells():
            term.say("would_do", region=region, year=str(year))
        return
    files = term.step("demo_write", lambda _: made.write(folder), folder=folder)
    term.say("files_written", n=len(files))


@click.command(name="config")
@config_option
@json_option
@lang_option
def config_command(config_path: str | None, as_json: bool, lang: str | None) -> None:
    """Tunjukkan konfigurasi yang berlaku / show the configuration in force."""
    term = Terminal(lang, as_json)
    config = config_of(config_path, ["."])
    term.json(config.to_dict())
    if not as_json:
        table = Table(say("cli.key", term.lang), say("cli.value", term.lang), show_edge=False)
        for name, value in config.to_dict().items():
            table.add_row(name, Text(json.dumps(value, ensure_ascii=False)))
        term.console.print(table)
        term.say("config_digest", digest=config.digest())


@click.command()
@click.option("--port", type=int, default=None, help="Porta / port.")
@click.option("--no-browser", is_flag=True, help="Jangan buka peramban / do not open a browser.")
@click.option("--dry-run", is_flag=True, help="Tunjukkan saja / only show what would be done.")
@lang_option
def lab(port: int | None, no_browser: bool, dry_run: bool, lang: str | None) -> None:
    """Buka JupyterLab di 00_mulai / open JupyterLab at 00_mulai."""
    from kinerja_analysis.report.produce import notebooks_folder

    start = notebooks_folder().resolve() / "00_mulai.ipynb"
    more = ["--no-browser"] * no_browser + ([f"--port={port}", "--ServerApp.port_retries=0"] if port else [])
    command = [sys.executable, "-m", "jupyterlab", *more, f"--ServerApp.root_dir={start.parents[1]}", str(start)]
    if dry_run:
        click.echo(" ".join([Path(command[0]).name, *command[1:3], *more, start.name]))
        return
    import subprocess

    sys.exit(subprocess.call(command))
