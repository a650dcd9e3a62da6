"""The command that writes an input template, on request with the rows worth asking for."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.words import say
from kinerja_analysis.cli import terminal as t

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@click.command(name="template")
@click.argument("kinds", nargs=-1, required=True)
@click.option("--out", type=click.Path(), default=None, help="Berkas .xlsx yang ditulis / the file written.")
@click.option("--criteria", default=None, help="Kriteria 360, dipisahkan koma / 360 criteria, parted by commas.")
@click.option("--scale", default=None, help="Skala nilai, misalnya 1-10 / scale of the scores.")
@click.option("--long", is_flag=True, help="Satu baris satu nilai / one row per score.")
@click.option("--rows", type=click.Path(), default=None, help="CSV: nip_dinilai, nip_penilai[, peran_penilai].")
@click.option("--suggest", type=click.IntRange(min=1), help="N penilaian yang paling berguna / most useful ratings.")
@click.option("--way", type=click.Choice(["cross", "superior", "vignette"]), default="cross",
              help="Untuk --suggest: penilai kelompok lain, atasan pejabat penilai, atau contoh kasus / other groups, "
              "the raters' superiors, example cases.")
@click.option("--from", "sources", multiple=True, type=click.Path(), help="Berkas masukan untuk --suggest / its input.")
@click.option("--period", default=None, help="2025, 2025-Q1, 2025-07.")
@t.region_option
@t.year_option
@t.config_option
@click.option("--force", is_flag=True, help="Timpa berkas yang ada / replace a file that is there.")
@t.dry_option
@t.json_option
@t.lang_option
def template_command(kinds: tuple[str, ...], out: str | None, sources: tuple[str, ...], **given: Any) -> None:
    """Tulis buku kerja untuk mengumpulkan data / write a workbook to collect data by hand.

    KINDS: 360, ekinerja, ekinerja_ringkas, pegawai, capaian, unit, kasus.
    """
    from kinerja_analysis.read.template import suggest, template

    term, region, year = t.Terminal(given["lang"], given["as_json"]), given["region"], given["year"]
    if bool(given["suggest"]) != bool(sources) or (sources and given["rows"]):
        raise UsageError("template.suggest_alone")
    found = t.existing([*sources, *filter(None, [given["rows"]])])
    config = t.config_of(given["config_path"], [*map(str, found)])
    options: dict[str, Any] = {"region": region, "period": str(year) if year else None}
    before = after = None
    given["way"] = "vignette" if list(kinds) == ["kasus"] else given["way"]  # cases are suggested in one way only
    if sources:
        options, before, after = term.step(
            "template.suggesting", lambda _: suggest(
                found, given["suggest"], way=given["way"], region=region, year=year, config=config)
        )
    elif given["rows"]:
        options["rows"] = found[0]
    if given["criteria"] is not None:
        options["criteria"] = [c.strip() for c in given["criteria"].split(",")]
    if given["scale"]:
        options["scale"] = [float(part.replace(",", ".")) for part in _NUMBER.findall(given["scale"])]
    options |= {"period": given["period"] or options["period"], "long": given["long"], "lang": term.lang}
    target = Path(out or f"templat_{'_'.join(dict.fromkeys(kinds))}.xlsx")
    with TemporaryDirectory() as folder:
        place = Path(folder) / target.name if given["dry_run"] else target
        term.step("template.writing", lambda _: template(place, kinds, force=given["force"], config=config, **options))
    told = {"file": target.name, "sheets": ", ".join(say(f"template.sheet.{k}", term.lang) for k in kinds)}
    if sources:
        n = len(options["rows"])
        by = {"superior": "superiors", "vignette": "vignettes"}.get(given["way"], "suggested" if before else "unlinked")
        term.say(f"template.{by}", n=n, before=before, after=after)
    term.say("template.would_write" if given["dry_run"] else "template.written", **told)
    term.json({**told, "written": not given["dry_run"], "before": before, "after": after})
