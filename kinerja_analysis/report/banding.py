"""Make the page of a comparison: the notebook run in a staging folder, its forms written, moved to its place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import save_audit, write_atomic
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.compare import compare_regions
from kinerja_analysis.report._forks import orderly
from kinerja_analysis.report.produce import Job, check_choice, notebooks_folder, replace_folder

NOTEBOOK = "30_banding_wilayah.ipynb"
FOLDER = "banding"
LONGEST = 24


def place(audit: Audit, out: Path) -> Path:
    """Return where the comparison of an audit's regions belongs: public pages beside the years, internal ones apart."""
    root = out / "internal" if audit.level == "internal" else out
    return root / FOLDER / _stem(audit)


def _stem(audit: Audit) -> str:
    regions, years = ({c[i]: None for c in audit.cells} for i in (0, 1))
    slugs = "-".join(Job(str(r), 0, "", (), (), audit.name(str(r))).slug for r in regions)
    if len(slugs) > LONGEST:
        mark = hashlib.sha256(" ".join(map(str, regions)).encode()).hexdigest()[:6]
        slugs = f"{slugs[: LONGEST - 7].strip('-')}-{mark}"
    span = sorted(int(y) for y in years)
    times = str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}"
    return f"{slugs}_{times}"


@orderly()
def compare_pages(audit: Audit, out: Path, *, languages: Sequence[str] = LANGUAGES) -> list[Path]:
    """Write the comparison of all regions and years of an audit: notebook, html and xlsx in each language.

    Raises ``UsageError`` without two regions in a year, ``ReportFailed`` when the notebook did not run to its end.
    """
    import nbformat

    from kinerja_analysis.report.blocks import Masthead
    from kinerja_analysis.report.engine import execute
    from kinerja_analysis.report.html import page_html
    from kinerja_analysis.report.notebook import blocks_of

    check_choice(languages, LANGUAGES)
    compared = compare_regions(audit)
    if audit.config.key_file:
        os.environ["KINERJA_KEY_FILE"] = str(Path(audit.config.key_file).expanduser().resolve())
    target = place(audit, out.resolve())
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=target.parent))
    names = []
    try:
        save_audit(audit, stage / "audit")
        for lang in languages:
            chosen = {"lang": lang, "level": audit.level}
            done = execute(notebooks_folder() / NOTEBOOK, stage, chosen, seconds=audit.config.notebook_seconds)
            stem = f"banding_{target.name}_{lang}"
            other = next((f"banding_{target.name}_{x}.html" for x in languages if x != lang), "")
            blocks = blocks_of(done, lang)
            title = next(b.title for b in blocks if isinstance(b, Masthead))
            index = "../../index.html" if lang == "id" else "../../index.en.html"
            page = page_html(blocks, lang=lang, title=title, other_language_href=other, index_href=index,
                             level=audit.level, synthetic=compared.synthetic)  # fmt: skip
            write_atomic(stage / f"{stem}.ipynb", nbformat.writes(done).encode())
            write_atomic(stage / f"{stem}.html", page.encode())
            compared.to_xlsx(stage / f"{stem}.xlsx", lang)
            names += [f"{stem}.{kind}" for kind in ("html", "ipynb", "xlsx")]
        os.chmod(stage, 0o755)
        replace_folder(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return [target / name for name in names]
