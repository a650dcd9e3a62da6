"""A notebook opened by hand: where the project's folder is, and which stored audit it shows."""

from __future__ import annotations

from pathlib import Path

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import Audit, Level, merge
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.report.produce import notebooks_folder

NO_REGION = "00.00"


def in_project(name: str | Path) -> Path:
    """Return a path of the project, whether a notebook runs from its own folder or from the project's.

    An absolute path stays as it is.
    """
    return notebooks_folder().parent / name


def stored_audit(folder: str, level: Level | str, region: str = "", year: int = 0) -> Audit:
    """Return the audit in a job's folder; opened by hand, one of the reports folder's.

    Only where the working directory is the project's or the notebooks' folder, in which no job runs: then the region
    and year asked for, or the first region of the latest year for the placeholder ``00.00``, or all for ``""``.
    Raises ``UsageError`` when there is none.
    """
    book = notebooks_folder()
    if Path(folder, "manifest.json").is_file() or Path.cwd().resolve() not in (book.resolve(), book.parent.resolve()):
        return load_audit(Path(folder))
    root = book.parent / "reports" / ("" if level == "public" else "internal")
    years = f"{year or '[12]*'}" if region not in ("", NO_REGION) else "[12]*"
    name = "*" if region in ("", NO_REGION) else f"{region}-*"
    found = sorted(root.glob(f"{years}/{name}/audit/manifest.json"))
    if not found:
        raise UsageError("errors.audit_missing", folder=root.name)
    if region:
        latest = [f for f in found if f.parts[-4] == found[-1].parts[-4]]
        return load_audit(latest[0].parent)
    return merge([load_audit(f.parent) for f in found])
