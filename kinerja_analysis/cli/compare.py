"""The command that compares regions and years of stored audits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pandas as pd

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import Audit, Comparison, merge
from kinerja_analysis.base.store import standing
from kinerja_analysis.cli.terminal import (
    Terminal,
    config_of,
    config_option,
    dry_option,
    json_option,
    lang_option,
    out_option,
    some_cells,
)


@click.command(name="compare")
@click.argument("regions", nargs=-1)
@out_option
@click.option("--year", "years", type=int, multiple=True, help="Tahun, boleh beberapa / years, several allowed.")
@click.option("--level", type=click.Choice(["public", "internal"]), default="public", show_default=True)
@dry_option
@config_option
@json_option
@lang_option
def compare_command(
    regions: tuple[str, ...], out: str, years: tuple[int, ...], level: str, dry_run: bool, config_path: str | None,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Bandingkan wilayah dan tahun dari audit tersimpan / compare regions and years of stored audits."""
    from kinerja_analysis.compare import compared
    from kinerja_analysis.pipeline import open_audit
    from kinerja_analysis.report.banding import compare_pages, place
    from kinerja_analysis.run import Lock

    term = Terminal(lang, as_json)
    config = config_of(config_path, ["."])
    stored = open_audit(out, level=level, key_file=config.key_file)  # type: ignore[arg-type]
    marks = standing(Path(out))
    left = {c for c in stored.cells if marks.get((*c, level)) == "gone"}
    audit = chosen(stored, regions, years, left)
    if left and not regions:
        term.say("compare.gone", cells=some_cells(sorted(left)))
    regions_, years_ = compared(audit)
    found = [regions_] if years_ is None or years_ is regions_ else [regions_, years_]
    term.json(_json(found))
    if not as_json:
        for comparison in found:
            term.console.print(comparison.summary(term.lang))
            term.console.print()
    if dry_run:
        term.say("compare.written", path=str(place(audit, Path(out))))
        return
    with Lock(Path(out).resolve()):
        pages = compare_pages(audit, Path(out))
    shown = next(p for p in pages if p.name.endswith(f"_{term.lang}.html"))
    term.say("compare.written", path=str(Path(out) / shown.relative_to(Path(out).resolve())))


def chosen(
    audit: Audit, regions: tuple[str, ...], years: tuple[int, ...], left: Collection[tuple[str, int]] = ()
) -> Audit:
    """Return the cells of these regions (codes or names) and years; where none is named all but those ``left`` out.

    Raises ``UsageError`` for a region or year that is not there.
    """
    codes = {r for r, _ in audit.cells}
    wanted = {audit.code(name) for name in regions} or codes
    for name in regions:
        if audit.code(name) not in codes:
            raise UsageError("compare.unknown", name=name)
    cells = [c for c in audit.cells
             if c[0] in wanted and (not years or c[1] in years) and (regions or c not in left)]  # fmt: skip
    absent = [name for name in regions if audit.code(name) not in {r for r, _ in cells}]
    absent = absent or [str(year) for year in years if year not in {y for _, y in cells}]
    if absent or not cells:
        raise UsageError("compare.unknown", name=", ".join(absent) or some_cells(sorted(left)))
    return replace(merge([audit.select(region=r, year=y) for r, y in cells]), config=audit.config)


def _json(found: list[Comparison]) -> list[dict[str, Any]]:
    rows = pd.concat([c.to_frame() for c in found], ignore_index=True).astype(object)
    return [{str(k): v for k, v in r.items()} for r in rows.where(rows.notna(), None).to_dict("records")]
