"""Make the page about how the methods were tried, once per version and level, beside the reports it is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from kinerja_analysis.report.together import stands, write_pages

NOTEBOOK = "60_validasi.ipynb"
FOLDER = "validasi"


def validation_pages(out: Path, languages: Sequence[str]) -> list[Path]:
    """Write the page below ``validasi/<version>`` at each level that has reports; one made of the same figures stays.

    Returns the files written. Raises ``ReportFailed`` when the notebook did not run to its end.
    """
    from kinerja_analysis import __version__
    from kinerja_analysis.detect import REGISTRY
    from kinerja_analysis.detect.calibration import fresh

    told = files("kinerja_analysis").joinpath("detect", "calibration.csv").read_bytes()
    now = " ".join([__version__, *languages, *(name for name in REGISTRY if fresh(name))])
    made_of = hashlib.sha256(told + now.encode()).hexdigest()
    written = []
    for root, level in ((out, "public"), (out / "internal", "internal")):
        target = root / FOLDER / __version__
        if any(root.glob("[12]*/*/audit")) and not stands(target, made_of):
            written += write_pages(target, NOTEBOOK, f"validasi_{__version__}", {}, languages=languages, level=level,
                                   year=0, synthetic=False, prepare=lambda stage: None, made_of=made_of)  # fmt: skip
    return written
