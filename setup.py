"""Put the notebooks and the list of regions into a wheel; everything else is said in ``pyproject.toml``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("notebooks/*.ipynb", "data/referensi/*")


class BuildWithProject(build_py):
    """Copy the project's files that a run needs to ``kinerja_analysis/project``; in a clone they lie beside it."""

    def run(self) -> None:
        """Build as usual, then copy."""
        super().run()
        if self.editable_mode:
            return
        here, there = Path(__file__).parent, Path(self.build_lib, "kinerja_analysis", "project")
        for file in (found for pattern in FILES for found in sorted(here.glob(pattern))):
            target = there / file.relative_to(here)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


setup(cmdclass={"build_py": BuildWithProject})
