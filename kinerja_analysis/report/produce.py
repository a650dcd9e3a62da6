"""Make the report sets: one staging folder per report, verified, then moved to its place as a whole."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from kinerja_analysis.base.errors import KinerjaError, UsageError
from kinerja_analysis.base.keys import key_bytes
from kinerja_analysis.base.project import roots
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import METRICS, account, load_audit, replacing, save_audit, sealed, sums, write_atomic
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.base.workers import workers
from kinerja_analysis.report._forks import orderly

FORMATS = ("html", "pdf", "xlsx")
NOTEBOOK = "20_audit_wilayah.ipynb"


@dataclass(frozen=True, slots=True)
class Document:
    """A page of a report set: its notebook, whether it is internal only, whether its tables go into the annex."""

    notebook: str
    internal: bool = False
    annex: bool = True


DOCUMENTS = {
    "objektivitas": Document(NOTEBOOK),
    "mutu-data": Document("10_mutu_data.ipynb"),
    "telusur-penilai": Document("50_telusur_penilai.ipynb", internal=True, annex=False),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One report set: a cell at one level, in some languages and formats."""

    region: str
    year: int
    level: str
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    name: str

    @property
    def slug(self) -> str:
        """The region's name as it stands in file names: lower case, letters and digits."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40] or self.region

    def folder(self, out: Path) -> Path:
        """Where the report set belongs."""
        root = out / "internal" if self.level == "internal" else out
        return root / str(self.year) / f"{self.region}-{self.slug}"


def notebooks_folder() -> Path:
    """Return the folder of the notebooks: of the working directory's project, else the package's own."""
    for root in roots():
        if (root / "notebooks" / NOTEBOOK).is_file():
            return root / "notebooks"
    raise UsageError("errors.config_missing", file=f"notebooks/{NOTEBOOK}")


def several(chosen: str | Sequence[str]) -> tuple[str, ...]:
    """Return one choice or several as a tuple.

    >>> several("id"), several(["id", "en"])
    (('id',), ('id', 'en'))
    """
    return (chosen,) if isinstance(chosen, str) else tuple(chosen)


def check_choice(chosen: Sequence[str], known: Sequence[str]) -> None:
    """Raise ``UsageError`` naming the first choice that does not exist, or that there is none."""
    if not chosen:
        raise UsageError("errors.nothing_chosen", known=", ".join(known))
    for name in chosen:
        if name not in known:
            raise UsageError("errors.format_unknown", name=name, known=", ".join(known))


def produce(
    editions: Mapping[str, Audit], out: Path, *, languages: tuple[str, ...], formats: tuple[str, ...],
    jobs: int | None = None,
) -> list[Path]:  # fmt: skip
    """Write the report sets of every cell of every edition (level -> audit), then the index.

    Raises the first ``KinerjaError`` after all other reports are done.
    """
    from kinerja_analysis.report.index_page import write_index

    check_choice(formats, FORMATS)
    check_choice(languages, LANGUAGES)
    work = [
        (Job(r, y, level, languages, formats, audit.name(r)), audit.select(region=r, year=y))
        for level, audit in editions.items()
        for r, y in audit.cells
    ]
    results = _parallel(work, out, jobs)
    written = [p for r in results if not isinstance(r, KinerjaError) for p in r]
    failures = [r for r in results if isinstance(r, KinerjaError)]
    try:
        written += joint_pages(out, languages)
    except KinerjaError as error:
        failures.append(error)
    written += write_index(out, languages)
    if failures:
        raise failures[0]
    return written


def joint_pages(out: Path, languages: Sequence[str]) -> list[Path]:
    """Write the pages that go with the reports of all regions, where what they are made of changed; return the files.

    Raises ``ReportFailed`` when a notebook did not run to its end.
    """
    from kinerja_analysis.report.tahunan import annual_pages
    from kinerja_analysis.report.validasi import validation_pages

    return annual_pages(out, languages) + validation_pages(out, languages)


def _parallel(work: list[tuple[Job, Audit]], out: Path, jobs: int | None) -> list[list[Path] | KinerjaError]:
    """Run the jobs in worker processes: each notebook meets a process that belongs to no user's session."""
    folder = notebooks_folder()
    with workers(jobs, len(work)) as executor:
        futures = [executor.submit(_guarded, job, audit, out.resolve(), folder) for job, audit in work]
        return [f.result() for f in futures]


def _guarded(job: Job, audit: Audit, out: Path, notebooks: Path) -> list[Path] | KinerjaError:
    try:
        return make(job, audit, out, notebooks)
    except KinerjaError as error:
        return error


@orderly()
def make(job: Job, audit: Audit, out: Path, notebooks: Path) -> list[Path]:
    """Make one report set in a staging folder and move it to its place.

    The old set stays untouched until the new one is complete and verified.
    """
    from kinerja_analysis.report.index_page import headline
    from kinerja_analysis.show.charts import begin

    begin(f"{job.region} {job.year}")
    if audit.config.key_file:
        os.environ["KINERJA_KEY_FILE"] = str(Path(audit.config.key_file).expanduser().resolve())
    target = job.folder(out)
    with replacing(target, level=job.level) as stage:
        load_audit(save_audit(audit, stage / "audit"))  # open for all notebooks, which are forks of this process
        made = {lang: _edition(job, audit, lang, stage, notebooks) for lang in job.languages}
        names = sorted(chain(*(files for files, _ in made.values())))
        metrics = {"region": job.region, "name": job.name, "year": job.year, "level": job.level,
                   "languages": list(job.languages), "synthetic": bool(audit.provenance.get("synthetic")),
                   "headline": headline(audit), **account(audit), "files": names,
                   "shown": {lang: told for lang, (_, told) in made.items()},
                   "formats": list(job.formats), "sums": sums(stage)}  # fmt: skip
        metrics["seal"] = sealed(metrics, job.level, key_bytes(audit.config))
        text = json.dumps(metrics, indent=1, ensure_ascii=False, sort_keys=True)
        (stage / METRICS).write_text(text, encoding="utf-8")
    return [target / f for f in metrics["files"]]


def _edition(job: Job, audit: Audit, lang: str, stage: Path, notebooks: Path) -> tuple[list[str], dict[str, Any]]:
    """Run the notebooks in one language and write every format from their blocks.

    Returns the names of the files, and per document what it shows (``forms.shown``).
    """
    import nbformat

    from kinerja_analysis.report.engine import execute
    from kinerja_analysis.report.forms import shown
    from kinerja_analysis.report.html import region_html, title_of
    from kinerja_analysis.report.notebook import blocks_of
    from kinerja_analysis.report.page import Page, PageSection
    from kinerja_analysis.report.pdf import pdf_bytes
    from kinerja_analysis.report.workbook import workbook

    parameters = {"region": job.region, "year": job.year, "lang": lang, "level": job.level}
    others = tuple(x for x in job.languages if x != lang)
    wanted = {d: how for d, how in DOCUMENTS.items() if job.level == "internal" or not how.internal}
    names = {(d, x): f"{d}_{job.slug}_{job.year}_{x}" for d in wanted for x in (lang, *others)}
    book = f"lampiran_{job.slug}_{job.year}_{lang}.xlsx"
    synthetic, files, documents = bool(audit.provenance.get("synthetic")), [], {}
    for document, how in wanted.items():
        done = execute(notebooks / how.notebook, stage, parameters, seconds=audit.config.notebook_seconds)
        stem = names[document, lang]
        blocks = documents[document] = blocks_of(done, lang)
        made = {"ipynb": nbformat.writes(done).encode()}
        if "pdf" in job.formats:
            made["pdf"] = pdf_bytes(
                blocks, lang=lang, title=title_of(audit, lang, document), level=audit.level, synthetic=synthetic,
            )  # fmt: skip
        if "html" in job.formats:
            forms = {"pdf": f"{stem}.pdf", "xlsx": book}
            page = region_html(
                blocks, audit, lang, document=document,
                other_language_hrefs=tuple(f"{names[document, x]}.html" for x in others),
                sisters=tuple((d, f"{names[d, lang]}.html") for d in wanted if d != document),
                downloads=tuple((form, file) for form, file in forms.items() if form in job.formats),
            )  # fmt: skip
            made["html"] = page.encode()
        for kind, content in made.items():
            files.append(f"{stem}.{kind}")
            write_atomic(stage / files[-1], content)
    if "xlsx" in job.formats:
        files.append(book)
        parts = tuple(PageSection(d, tuple(blocks)) for d, blocks in documents.items() if wanted[d].annex)
        whole = Page(title_of(audit, lang), lang, audit.level, job.region, job.year, synthetic, parts)
        workbook(whole, lang, stage / book, audit=audit)
    return files, {document: shown(blocks, lang) for document, blocks in documents.items()}
