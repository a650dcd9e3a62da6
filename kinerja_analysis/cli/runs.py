"""Commands that run: demo, audit, report, simulate, config, lab."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from kinerja_analysis import __version__
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.words import say
from kinerja_analysis.cli.files import as_record
from kinerja_analysis.cli.stored import write_nation
from kinerja_analysis.cli.terminal import (
    CONFIG,
    Terminal,
    as_cells,
    config_of,
    config_option,
    drop_problems,
    dry_option,
    existing,
    finish,
    json_option,
    lang_option,
    out_option,
    outdated,
    paths_argument,
    region_option,
    save_problems,
    some_cells,
    year_option,
)

DEMO_FOLDER = Path("data/contoh")
LEAST, MOST = 200, 20  #: employees from which --size is their number; the largest scale


def _size(context: click.Context, option: click.Parameter, value: float | None) -> float | int | None:
    """Read ``--size``: a scale, or the number of employees of each region."""
    if value is None or 0.02 <= value <= MOST:
        return value
    if value >= LEAST and value == int(value):
        return int(value)
    raise UsageError("cli.size_wrong", value=str(value), most=MOST, least=LEAST)


seed_option = click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
size_option = click.option("--size", type=float, default=None, callback=_size,
                           help="Skala (0.25) atau pegawai per wilayah (300) / scale or employees.")  # fmt: skip
LEVELS = ("public", "internal")


@click.command()
@click.option("--folder", type=click.Path(), default=str(DEMO_FOLDER), show_default=True)
@out_option
@seed_option
@size_option
@dry_option
@json_option
@lang_option
def demo(
    folder: str, out: str, seed: int, size: float | None, dry_run: bool, as_json: bool, lang: str | None
) -> None:
    """Contoh utuh: berkas sintetis ditulis, dibaca, diaudit, dilaporkan / a whole example with known truth."""
    from kinerja_analysis.run import run
    from kinerja_analysis.simulate import simulate

    term = Terminal(lang, as_json)
    made = term.step("simulating", lambda _: simulate(seed=seed, size=size), scenario="demo")
    if dry_run:
        term.would(made.tables.cells())
        return
    files = term.step("demo_write", lambda _: made.write(folder), folder=folder)
    term.say("files_written", n=len(files))
    config = AuditConfig.read(Path(folder) / CONFIG)
    own = [p for p in files if p.name != CONFIG]  # what else lies there is no part of the example
    done = term.step("audit_and_report", lambda move: run(own, out=out, config=config, resume=False, progress=move))
    _told(term, done)
    finish(term, done, out)


def _told(term: Terminal, done: Any) -> None:
    cells = done.to_frame().to_dict("records")
    wrong = [as_record(p, term.lang) for p in done.problems.problems] if done.problems is not None else []
    term.json({"exit_code": done.exit_code, "counts": dict(done.counts), "cells": cells, "gone": as_cells(done.gone),
               "problems": wrong, "unread": done.unread})  # fmt: skip


@click.command(name="audit")
@paths_argument
@region_option
@year_option
@config_option
@out_option
@click.option("--level", "levels", type=click.Choice(LEVELS), multiple=True, help="Tingkat / level (public, internal).")
@click.option("--since", default=None, help="TAHUN atau TANGGAL / only from this YEAR on, or changed since this DATE.")
@click.option("--jobs", type=click.IntRange(1, 512), default=None, help="Banyak proses / number of processes.")
@click.option("--patience", type=click.FloatRange(0.01), default=120.0, show_default=True,
              help="Menit menunggu proses yang diam / minutes to wait for a worker that does not move.")
@click.option("--scheduler", default="", help="Alamat penjadwal Dask / address of a Dask scheduler.")
@click.option("--keep-going", is_flag=True, help="Wilayah yang berkasnya baik tetap dikerjakan / regions without "
              "errors in their files are done.")
@click.option("--no-resume", is_flag=True, help="Hitung ulang semuanya / do everything again.")
@click.option("--new-key", is_flag=True, help="Kunci memang diganti / the key was changed on purpose.")
@dry_option
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@json_option
@lang_option
def audit_command(
    paths: tuple[str, ...], region: str | None, year: int | None, config_path: str | None, out: str,
    levels: tuple[str, ...], since: str | None, jobs: int | None, patience: float, scheduler: str, keep_going: bool,
    no_resume: bool, new_key: bool, dry_run: bool, no_write: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Dari berkas ke laporan: baca, hitung, periksa, tulis / from files to reports."""
    from kinerja_analysis.read.sources import own_folders
    from kinerja_analysis.run import order_of, plan, run

    term = Terminal(lang, as_json)
    found = existing(paths)
    config = config_of(config_path, paths)
    if n := len(own_folders(found)):
        term.say("run.own_folders", n=n)
    same: dict[str, Any] = {"region": region, "year": year, "since": since, "resume": not no_resume, "new_key": new_key,
                            "keep_going": keep_going}  # fmt: skip
    level: Any = levels or LEVELS
    try:
        if dry_run:
            order = order_of(found, out, level=level, config=config)
            todo = term.step("reading", lambda move: plan(found, order, progress=move, **same))
            tasks = todo.todo
            term.json([{k: getattr(t, k) for k in ("region", "year", "level", "reason")} for t in tasks])
            for t in tasks:
                term.say("run.would_do", region=t.region, year=str(t.year), **_words(term, t))
            if todo.refused:
                term.say("run.would_not", n=len(todo.refused), cells=some_cells(todo.refused))
            elif not tasks:
                term.say("run.nothing_to_do" if todo.tasks else "run.since_none")
            return
        done = term.step(
            "audit_and_report",
            lambda move: run(
                found, out=out, level=level, jobs=jobs, patience=patience, scheduler=scheduler, config=config,
                progress=move, **same,
            ),
        )
    except InputRefused as error:
        save_problems(term, error.report, found, no_write or dry_run)
        if error.spared and not keep_going:
            term.say("run.spared", n=error.spared)
        term.json({"exit_code": error.exit_code, "problems": [as_record(p, term.lang) for p in error.problems]})
        raise
    _told(term, done)
    if done.problems is not None:
        term.error.print(done.problems.summary(term.lang))
        save_problems(term, done.problems, found, no_write)
    elif not no_write:
        drop_problems(term, found)
    finish(term, done, out)


def _words(term: Terminal, task: Any) -> dict[str, str | None]:
    reason = say(f"run.reason.{task.reason}", term.lang) if task.reason else ""
    return {"level": say(f"run.level.{task.level}", term.lang), "reason": reason or None, "since": task.since or None}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@config_option
@out_option
@click.option("--unlock", is_flag=True, help="Lepaskan kunci / take off the lock of another computer.")
@json_option
@lang_option
def status(
    paths: tuple[str, ...], config_path: str | None, out: str, unlock: bool, as_json: bool, lang: str | None
) -> None:
    """Keadaan laporan: selesai, perlu diperbarui, gagal, belum ada / done, stale, failed, missing."""
    from kinerja_analysis.run import Lock, order_of, plan
    from kinerja_analysis.run.jobs import STATUS
    from kinerja_analysis.run.publish import last_run

    term = Terminal(lang, as_json)
    config = config_of(config_path, paths or ["."])
    order = order_of(list(paths), out, config=config)
    lock = Lock(order.out)
    if unlock:
        told = lock.holder()
        lock.take_off()
        term.say("run.lock_stale" if told else "run.no_lock", since=str(told.get("since")), folder=order.out.name)
        return
    if paths:
        todo = plan(existing(paths), order, region=None, year=None, since=None, resume=True, new_key=True,
                    progress=None)  # fmt: skip
        tasks = [*todo.tasks, *todo.gone]
    else:
        tasks = _recorded(order, config if config_path else None)
    outcome, when = last_run(order.out)
    shown = [{**{k: getattr(t, k) for k in ("region", "year", "level", "reason")}, "status": STATUS[t.reason]}
            for t in tasks]  # fmt: skip
    for t in tasks:
        words = _words(term, t) | {"status": say(f"run.status.{STATUS[t.reason]}", term.lang)}
        if STATUS[t.reason] != "stale":
            words["reason"] = None  # the state says it
        term.say("run.status_line", region=t.region, year=str(t.year), **words)
    if outcome:
        term.say(f"run.last.{outcome}", when=when)
    shown += [{"region": "", "year": 0, "level": page["level"], "reason": "comparison", "status": page["standing"],
              "title": page["titles"], "again": page["again"]} for page in outdated(term, order.out)]  # fmt: skip
    term.json([{**t, "last_run": outcome} for t in shown])
    term.say("run.status_sum", **{s: sum(STATUS[t.reason] == s for t in tasks) for s in set(STATUS.values())})


def _recorded(order: Any, config: AuditConfig | None) -> list[Any]:
    """Return the tasks of what earlier runs wrote down; without a configuration they are held against their own."""
    from kinerja_analysis.run.jobs import gone, matrix, no_state, read_state

    state = read_state(order)
    if not state:
        raise no_state(order)
    if config is None:  # as it was made, where nobody says otherwise
        order = replace(order, languages=tuple(state["languages"]), formats=tuple(state["formats"]))
    others = state.get("others", [])
    cells = sorted([*state["cells"], *(c for c in others if not c.get("gone"))], key=lambda c: (c["region"], c["year"]))
    if config is not None:
        cells = [c | {"config": config.about(c["region"]).digest()} for c in cells]
    return [*matrix(order, {**state, "cells": cells, "version": __version__}, True), *gone(order, others)]


@click.command()
@out_option
@region_option
@year_option
@click.option("--level", type=click.Choice(["public", "internal"]), default="public", show_default=True)
@config_option
@dry_option
@json_option
@lang_option
def report(
    out: str, region: str | None, year: int | None, level: str, config_path: str | None, dry_run: bool, as_json: bool,
    lang: str | None,
) -> None:  # fmt: skip
    """Tulis ulang laporan dari audit yang tersimpan / write the reports of stored audits again."""
    from kinerja_analysis.pipeline import open_audit
    from kinerja_analysis.pipeline import report as write
    from kinerja_analysis.run import Lock

    term = Terminal(lang, as_json)
    config = config_of(config_path, ["."])
    stored = open_audit(out, region=region, year=year, level=level, key_file=config.key_file)  # type: ignore[arg-type]
    if dry_run:
        term.would(stored.cells)
        return
    with Lock(Path(out).resolve()):
        files = term.step("reporting", lambda _: write(stored, out, lang=config.languages, level=(stored.level,)))
    term.json([str(p) for p in files])
    term.say("files_written", n=len(files))


@click.command(name="simulate")
@click.argument("folder", type=click.Path())
@click.option("--scenario", default="demo", show_default=True)
@seed_option
@size_option
@click.option("--nation", type=click.IntRange(1, 998), default=None,
              help="Tabel tersimpan sekian wilayah, bukan berkas / stored tables of so many regions, no files.")
@click.option("--employees", type=click.IntRange(200), default=None, help="Pegawai --nation / employees of --nation.")
@click.option("--jobs", type=click.IntRange(1, 512), default=None, help="Banyak proses / number of processes.")
@dry_option
@json_option
@lang_option
def simulate_command(
    folder: str, scenario: str, seed: int, size: float | None, nation: int | None, employees: int | None,
    jobs: int | None, dry_run: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Tulis berkas sintetis dalam bentuk aslinya / write synthetic files in real layouts."""
    from kinerja_analysis.simulate import SCENARIOS, simulate

    term = Terminal(lang, as_json)
    if scenario not in SCENARIOS:
        raise UsageError("cli.scenario_unknown", name=scenario, known=", ".join(SCENARIOS))
    if nation is not None:
        write_nation(term, Path(folder), nation, employees, seed, jobs, dry_run)
        return
    made = term.step("simulating", lambda _: simulate(scenario=scenario, seed=seed, size=size), scenario=scenario)
    if dry_run:
        term.would(made.tables.cells())
        return
    files = term.step("demo_write", lambda _: made.write(folder), folder=folder)
    term.json([str(p) for p in files])
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
        for region in config.regions:
            term.say("config_digest_of", region=region, digest=config.about(region).digest())


@click.command()
@click.option("--port", type=int, default=None, help="Porta / port.")
@click.option("--no-browser", is_flag=True, help="Jangan buka peramban / do not open a browser.")
@dry_option
@lang_option
def lab(port: int | None, no_browser: bool, dry_run: bool, lang: str | None) -> None:
    """Buka JupyterLab di 00_mulai / open JupyterLab at 00_mulai."""
    from kinerja_analysis.report.lab import BY_HAND, in_project, opened

    root = hasattr(os, "geteuid") and os.geteuid() == 0  # in a container: JupyterLab wants to be told
    more = ["--no-browser"] * no_browser + ["--allow-root"] * root
    more += [f"--port={port}", "--ServerApp.port_retries=0"] if port else []
    command = [sys.executable, "-m", "jupyterlab", *more, f"--ServerApp.root_dir={in_project('').resolve()}"]
    if dry_run:
        click.echo(" ".join([Path(command[0]).name, *command[1:3], *more, BY_HAND[0]]))
        return
    import subprocess

    sys.exit(subprocess.call([*command, str(opened())]))
