"""Commands about input files: check and explain."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from kinerja_analysis.base.errors import InputRefused, Problem, UsageError, cell_in_words
from kinerja_analysis.base.words import blanked, has
from kinerja_analysis.cli.terminal import (
    Terminal,
    config_of,
    config_option,
    existing,
    json_option,
    lang_option,
    paths_argument,
    region_option,
    save_annotated,
    save_problems,
    year_option,
)

_ADDRESS = re.compile(r"\d+:\d+:\d+")


@click.command()
@paths_argument
@region_option
@year_option
@config_option
@click.option("--no-write", is_flag=True, help="Jangan tulis daftar masalah / do not write the problem list.")
@click.option("--annotate", "marked", is_flag=True, help="Tulis salinan bertanda / write an annotated copy.")
@click.option("--strict", is_flag=True, help="Peringatan dianggap kesalahan / warnings count as errors.")
@json_option
@lang_option
def check(
    paths: tuple[str, ...], region: str | None, year: int | None, config_path: str | None, no_write: bool,
    marked: bool, strict: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Periksa berkas masukan; semua masalah sekaligus / check input files, all problems at once."""
    from kinerja_analysis.read import check as check_files
    from kinerja_analysis.read.rows import by_file, in_words

    term = Terminal(lang, as_json)
    found = existing(paths)
    config = config_of(config_path, paths)
    result = term.step(
        "checking", lambda move: check_files(found, region=region, year=year, config=config, progress=move)
    )
    term.json(
        {
            "ok": result.ok,
            "counts": dict(result.counts),
            "problems": [as_record(p, term.lang) for p in result.problems],
            "accounting": by_file(result.accounting, result.files),
        }
    )
    refused = not result.ok or (strict and any(p.severity == "warning" for p in result.problems))
    if not term.as_json:
        term.console.print(result.summary(term.lang))
        if told := in_words(result.accounting, result.files, term.lang):
            term.console.print("\n" + told)
    save_problems(term, result, found, no_write)
    if marked and not no_write:
        save_annotated(term, result, found)
    sys.exit(InputRefused.exit_code if refused else 0)


@click.command()
@click.argument("code")
@click.argument("paths", nargs=-1, type=click.Path())
@lang_option
def explain(code: str, paths: tuple[str, ...], lang: str | None) -> None:
    """Jelaskan kode masalah (KA-E104), kode temuan (halo.some), atau alamat baris (2:1:1078 BERKAS...).

    Explain a problem's code, a finding's code, or the address of a row together with the files it was read from.
    """
    from kinerja_analysis.detect import INDEX, REGISTRY

    term = Terminal(lang)
    detector = code.split(".")[0]
    if _ADDRESS.fullmatch(code):
        _row(term, code, paths)
        return
    if has(f"problems.{code.upper()}.repair"):
        keys = [f"problems.{code.upper()}.{part}" for part in ("what", "repair")]
    elif detector in (*REGISTRY, INDEX) and "." in code and has(code):
        keys = [f"{detector}.question", code]
    else:
        raise UsageError("cli.code_unknown", code=code)
    for key in keys:
        term.console.print(blanked(key, term.lang))


def _row(term: Terminal, address: str, paths: tuple[str, ...]) -> None:
    """Say in which file a row stands; reports give files by number, since a file's name can be a person's."""
    from kinerja_analysis.read import check as look

    if not paths:
        raise UsageError("cli.address_files", address=address)
    file, sheet, row = (int(n) for n in address.split(":"))
    files = look(existing(paths), config=config_of(None, paths)).files
    if not 0 < file <= len(files):
        raise UsageError("cli.address_unknown", address=address, n=len(files))
    term.say("address", file=files[file - 1], sheet=str(sheet), row=str(row))


def as_record(problem: Problem, lang: str) -> dict[str, Any]:
    """Return a problem for JSON: where it is, what is wrong, how to repair it."""
    return {
        "code": problem.code, "severity": problem.severity, "file": problem.file, "sheet": problem.sheet,
        "cell": cell_in_words(problem.cell, lang), "column": problem.column, "value": problem.value,
        "others": [cell_in_words(c, lang) for c in problem.others],
        "what": problem.text(lang), "repair": problem.text(lang, "repair"),
    }  # fmt: skip
