"""A notebook opened by hand: where the project's folder is, and which stored audit it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.project import PACKED
from kinerja_analysis.base.results import Audit, Level, merge
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.report.produce import notebooks_folder

NO_REGION = "00.00"
BY_HAND = ("00_mulai.ipynb", "05_peneliti.ipynb")


def opened() -> Path:
    """Return the notebook to begin with; where the package came without the project, a copy in the working folder.

    A notebook that is there already stays as it is.
    """
    book = notebooks_folder().resolve()
    if book.parent == PACKED:
        source, book = book, Path.cwd().resolve() / "notebooks"
        book.mkdir(exist_ok=True)
        for name in BY_HAND:
            if not (book / name).exists():
                shutil.copyfile(source / name, book / name)
    return book / BY_HAND[0]


def in_project(name: str | Path) -> Path:
    """Return a path of the project, whether a notebook runs from its own folder or from the project's.

    Where the package was installed without the project, the working folder is the project (above ``notebooks``).
    An absolute path stays as it is.
    """
    root, here = notebooks_folder().parent, Path.cwd()
    if root == PACKED:
        root = here.parent if here.name == "notebooks" else here
    return root / name


def stored_audit(folder: str, level: Level | str, region: str = "", year: int = 0) -> Audit:
    """Return the audit in a job's folder; opened by hand, one of the reports folder's.

    Only where the working directory is the project's or the notebooks' folder, in which no job runs: then the region
    and year asked for, or the first region of the latest year for the placeholder ``00.00``, or all for ``""``.
    Raises ``UsageError`` when there is none.
    """
    project = in_project("").resolve()
    if Path(folder, "manifest.json").is_file() or Path.cwd().resolve() not in (project / "notebooks", project):
        return load_audit(Path(folder))
    root = project / "reports" / ("" if level == "public" else "internal")
    years = f"{year or '[12]*'}" if region not in ("", NO_REGION) else "[12]*"
    name = "*" if region in ("", NO_REGION) else f"{region}-*"
    found = sorted(root.glob(f"{years}/{name}/audit/manifest.json"))
    if not found:
        raise UsageError("errors.audit_missing", folder=root.name)
    if region:
        latest = [f for f in found if f.parts[-4] == found[-1].parts[-4]]
        return load_audit(latest[0].parent)
    return merge([load_audit(f.parent) for f in found])
