"""Pages about several regions: one notebook in a staging folder, its forms written, the whole moved to its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.store import METRICS, replacing, write_atomic
from kinerja_analysis.report.engine import SECONDS, execute
from kinerja_analysis.report.html import index_name
from kinerja_analysis.report.produce import FORMATS, notebooks_folder

#: Further sheets of the annex in a language: name, what it holds, the frame.
More = Callable[[str], list[tuple[str, str, pd.DataFrame]]]


def write_pages(
    target: Path, notebook: str, stem: str, parameters: Mapping[str, Any], *, languages: Sequence[str], level: str,
    year: int, synthetic: bool, prepare: Callable[[Path], object], more: More | None = None,
    seconds: float = SECONDS, made_of: str = "", sources: Sequence[tuple[str, int, str]] = (),
) -> list[Path]:  # fmt: skip
    """Run ``notebook`` once per language and write ``<stem>_<lang>`` in every form into ``target``, replaced whole.

    ``prepare`` puts into the staging folder what the notebook reads. The index is two folders up. Returns the files.
    ``seconds`` is the time a notebook has, ``made_of`` a digest of what the pages depend on (see ``stands``),
    ``sources`` region, year and ``store.origin`` of the stored audits they were made of.

    Raises ``ReportFailed`` when it did not run to its end; what was at ``target`` stays then.
    """
    names: list[str] = []
    titles: dict[str, str] = {}
    shown: dict[str, Any] = {}
    with replacing(target, level=level) as stage:
        prepare(stage)
        for lang in languages:
            others = tuple(f"{stem}_{x}.html" for x in languages if x != lang)
            given = {**parameters, "lang": lang, "level": level}
            title, told, made = _forms(stage, notebook, f"{stem}_{lang}", given, others, year=year,
                                       synthetic=synthetic, more=more, seconds=seconds)  # fmt: skip
            for name, content in made.items():
                write_atomic(stage / name, content)
            names += sorted(made)
            titles[lang], shown[lang] = title, told
        pages = {lang: f"{stem}_{lang}.html" for lang in languages}
        metrics = {"titles": titles, "pages": pages, "files": names, "level": level, "year": year,
                   "synthetic": synthetic, "made_of": made_of, "sources": list(sources), "shown": shown}  # fmt: skip
        write_atomic(stage / METRICS, json.dumps(metrics, ensure_ascii=False, sort_keys=True, indent=1).encode())
    return [target / name for name in names]


def stands(target: Path, made_of: str) -> bool:
    """Tell whether the pages at ``target`` are all there and were made of this."""
    try:
        told = dict(json.loads((target / METRICS).read_text(encoding="utf-8")))
        return told["made_of"] == made_of and all((target / name).is_file() for name in told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _forms(
    stage: Path, notebook: str, stem: str, parameters: Mapping[str, Any], others: tuple[str, ...], *, year: int,
    synthetic: bool, more: More | None, seconds: float,
) -> tuple[str, dict[str, Any], dict[str, bytes]]:  # fmt: skip
    """Return the title of the page, what it shows (``forms.shown``) and its files by name."""
    import nbformat

    from kinerja_analysis.report.blocks import Masthead
    from kinerja_analysis.report.forms import shown
    from kinerja_analysis.report.html import page_html
    from kinerja_analysis.report.notebook import blocks_of
    from kinerja_analysis.report.page import Page, PageSection
    from kinerja_analysis.report.pdf import pdf_bytes
    from kinerja_analysis.report.workbook import workbook

    lang, level = str(parameters["lang"]), str(parameters["level"])
    done = execute(notebooks_folder() / notebook, stage, parameters, seconds=seconds)
    blocks = blocks_of(done, lang)
    title = next(b.title for b in blocks if isinstance(b, Masthead))
    page = page_html(blocks, lang=lang, title=title, other_language_hrefs=others, level=level, synthetic=synthetic,
                     index_href=f"../../{index_name(lang)}",
                     downloads=tuple((form, f"{stem}.{form}") for form in FORMATS if form != "html"))  # fmt: skip
    whole = Page(title, lang, level, "", year, synthetic, (PageSection("all", tuple(blocks)),))
    book = workbook(whole, lang, stage / f"{stem}.xlsx", more=more(lang) if more is not None else ())
    return title, shown(blocks, lang), {
        f"{stem}.ipynb": nbformat.writes(done).encode(),
        f"{stem}.html": page.encode(),
        f"{stem}.pdf": pdf_bytes(blocks, lang=lang, title=title, level=level, synthetic=synthetic),
        book.name: book.read_bytes(),
    }
