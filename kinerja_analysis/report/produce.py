"""Make the report sets: one staging folder per report, verified, then moved to its place as a whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from kinerja_analysis.base.errors import KinerjaError, UsageError
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import account, save_audit, write_atomic
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.base.workers import workers

FORMATS = ("html", "xlsx")
METRICS = "metrics.json"
NOTEBOOK = "20_audit_wilayah.ipynb"
DOCUMENTS = {"objektivitas": NOTEBOOK, "mutu-data": "10_mutu_data.ipynb"}


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
    """Return the folder of the notebooks: of the working directory's project, else beside the package."""
    for root in (Path.cwd(), Path.cwd().parent, Path(__file__).resolve().parents[2]):
        if (root / "notebooks" / NOTEBOOK).is_file():
            return root / "notebooks"
    raise UsageError("errors.config_missing", file=f"notebooks/{NOTEBOOK}")


def check_choice(chosen: Sequence[str], known: Sequence[str]) -> None:
    """Raise ``UsageError`` naming the first choice that does not exist."""
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
    written += write_index(out, languages)
    failures = [r for r in results if isinstance(r, KinerjaError)]
    if failures:
        raise failures[0]
    return written


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


def make(job: Job, audit: Audit, out: Path, notebooks: Path) -> list[Path]:
    """Make one report set in a staging folder and move it to its place.

    The old set stays untouched until the new one is complete and verified.
    """
    from kinerja_analysis.report.index_page import headline

    if audit.config.key_file:
        os.environ["KINERJA_KEY_FILE"] = str(Path(audit.config.key_file).expanduser().resolve())
    target = job.folder(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=target.parent))
    try:
        save_audit(audit, stage / "audit")
        pages = [_edition(job, audit, lang, stage, notebooks) for lang in job.languages]
        metrics = {"region": job.region, "name": job.name, "year": job.year, "level": job.level,
                   "languages": list(job.languages), "synthetic": bool(audit.provenance.get("synthetic")),
                   "headline": headline(audit), **account(audit), "files": sorted(chain(*pages))}  # fmt: skip
        text = json.dumps(metrics, indent=1, ensure_ascii=False, sort_keys=True)
        (stage / METRICS).write_text(text, encoding="utf-8")
        os.chmod(stage, 0o755)
        replace_folder(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return [target / f for f in metrics["files"]]


def replace_folder(stage: Path, target: Path) -> None:
    """Put ``stage`` at ``target``; on failure (a file open in Excel) the old folder is back in place."""
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    try:
        if target.exists():
            os.replace(target, old)
        os.replace(stage, target)
    except OSError:
        if old.exists() and not target.exists():
            os.replace(old, target)
        raise UsageError("errors.locked", file=target.name) from None
    shutil.rmtree(old, ignore_errors=True)


def _edition(job: Job, audit: Audit, lang: str, stage: Path, notebooks: Path) -> list[str]:
    """Run the notebooks in one language and write every format from their blocks; return the names of the files."""
    import nbformat

    from kinerja_analysis.report.engine import execute
    from kinerja_analysis.report.html import region_html
    from kinerja_analysis.report.notebook import blocks_of
    from kinerja_analysis.report.workbook import workbook

    parameters = {"region": job.region, "year": job.year, "lang": lang, "level": job.level}
    other = next((x for x in job.languages if x != lang), "")
    files = []
    for document, notebook in DOCUMENTS.items():
        done = execute(notebooks / notebook, stage, parameters)
        names = {(d, x): f"{d}_{job.slug}_{job.year}_{x}" for d in DOCUMENTS for x in (lang, other)}
        stem = names.pop((document, lang))
        files.append(f"{stem}.ipynb")
        write_atomic(stage / files[-1], nbformat.writes(done).encode())
        if "html" in job.formats:
            files.append(f"{stem}.html")
            (sister,) = (d for d in DOCUMENTS if d != document)
            page = region_html(
                blocks_of(done, lang), audit, lang,
                other_language_href=f"{names[document, other]}.html" if other else "",
                sister=(sister, f"{names[sister, lang]}.html"),
            )  # fmt: skip
            write_atomic(stage / files[-1], page.encode())
    if "xlsx" in job.formats:
        files.append(f"lampiran_{job.slug}_{job.year}_{lang}.xlsx")
        workbook(audit, lang, stage / files[-1])
    return files
