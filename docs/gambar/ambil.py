"""Take the documents' pictures from the real demo: ``kinerja demo``, ``kinerja compare``, then this file.

``python docs/gambar/ambil.py [reports]`` needs Chromium on the path; it writes the PNG files beside itself.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHOTS = {  # name: page below the reports folder (the first that fits), width and height
    "laporan.png": ("2025/76.02-*/objektivitas_*_2025_id.html", 1000, 720),
    "mutu_data.png": ("2025/76.02-*/mutu-data_*_2025_id.html", 1000, 720),
    "indeks.png": ("2025/index.html", 1000, 720),
    "perbandingan.png": ("banding/*/banding*_id.html", 1000, 720),
}


def main() -> int:
    """Take every picture; return 1 when Chromium or a page is missing."""
    reports = Path(sys.argv[1] if len(sys.argv) > 1 else "reports").resolve()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    pages = {name: next(iter(sorted(reports.glob(pattern))), None) for name, (pattern, _, _) in SHOTS.items()}
    missing = [name for name, page in pages.items() if page is None]
    if browser is None or missing:
        print("missing:", "a Chromium browser" if browser is None else ", ".join(missing))
        return 1
    for name, page in pages.items():
        assert page is not None
        _, width, height = SHOTS[name]
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--user-data-dir={profile}", f"--window-size={width},{height}",
                 f"--screenshot={HERE / name}", page.as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip
        print(name, (HERE / name).stat().st_size, "bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
