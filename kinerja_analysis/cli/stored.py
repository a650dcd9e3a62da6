"""The command that keeps tables on disk for runs over many regions, and the simulated nation in the same form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.store import sweep, write_atomic
from kinerja_analysis.cli.terminal import (
    CONFIG,
    Terminal,
    as_cells,
    config_of,
    config_option,
    config_place,
    dry_option,
    existing,
    json_option,
    lang_option,
    paths_argument,
    region_option,
    save_problems,
    year_option,
)

NATION = 514


@click.command(name="store")
@paths_argument
@click.option("--to", "folder", type=click.Path(), required=True, help="Simpanan tabel / folder of stored tables.")
@region_option
@year_option
@config_option
@click.option("--replace", is_flag=True, help="Tahun yang tidak ada lagi boleh hilang / years may get lost.")
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@dry_option
@json_option
@lang_option
def store_command(
    paths: tuple[str, ...], folder: str, region: str | None, year: int | None, config_path: str | None, replace: bool,
    no_write: bool, dry_run: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Simpan tabel tersamar per wilayah; `kinerja audit` membacanya / keep pseudonymised tables by region."""
    from kinerja_analysis.base.table_store import save_tables, stored_cells
    from kinerja_analysis.read import read
    from kinerja_analysis.read.regions import chosen
    from kinerja_analysis.run import Lock

    term = Terminal(lang, as_json)
    found, config, place = existing(paths), config_of(config_path, paths), Path(folder)
    try:
        tables = term.step(
            "reading", lambda move: read(found, region=region, year=year, config=config, progress=move)
        )
    except InputRefused as error:
        save_problems(term, error.report, found, no_write or dry_run)
        raise
    cells = tables.cells()
    if not cells:
        raise UsageError("errors.no_cells")
    if chosen(cells, region, year, config) != cells:
        raise UsageError("run.store_keeps_all")
    regions = {r for r, _ in cells}
    lost = sorted({cell for cell in stored_cells(place) if cell[0] in regions} - set(cells))
    if lost and not replace:
        raise UsageError("run.store_would_lose", cells=", ".join(f"{r} {y}" for r, y in lost[:10]))
    if dry_run:
        term.would(cells)
        return
    with Lock(place):
        sweep(place)
        written = save_tables(tables, place, config)
        settings = config_place(config_path, paths)
        if settings is not None:  # so that an audit of the store finds it
            write_atomic(place / CONFIG, settings.read_bytes())
    term.json(as_cells(cells))
    term.say("run.stored", n=len(written), folder=place.name)


def write_nation(
    term: Terminal, folder: Path, regions: int, employees: int | None, seed: int, jobs: int | None, dry_run: bool
) -> None:
    """Simulate a nation of regions into stored tables; a killed one goes on."""
    from kinerja_analysis.simulate import national

    config, codes = config_of(None, [str(folder)]), national.codes(regions)
    total = employees or max(200 * regions, round(national.EMPLOYEES * regions / NATION))
    if total < 200 * regions:
        raise UsageError("run.nation_small", least=200 * regions)
    if dry_run:
        for code in codes:
            term.say("would_do", region=code, year=f"{min(national.YEARS)}-{max(national.YEARS)}")
        return

    def work(move: Any) -> int:
        done = regions - national.missing(folder, codes)
        for _ in national.write_nation(folder, codes, config, employees=total, seed=seed, jobs=jobs):
            done += 1
            if move is not None:
                move("cells", done, regions)
        return done

    term.say("run.stored", n=term.step("simulating", work, scenario="nasional"), folder=folder.name)
