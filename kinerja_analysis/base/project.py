"""Where the project's own files lie: beside the package in a clone, inside it where it was installed from a wheel."""

from __future__ import annotations

from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
#: ``setup.py`` puts the notebooks and the list of regions here, under the same names as in the project.
PACKED = Path(__file__).resolve().parents[1] / "project"


def roots() -> tuple[Path, ...]:
    """Return the folders that may be the project's: the working folder's, the clone, what came with the package."""
    return Path.cwd(), Path.cwd().parent, CLONE, PACKED
