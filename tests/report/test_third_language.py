"""A further language needs texts only: every message file gets a third one, and a whole report is made in it."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kinerja_analysis

RUN = """
import sys
from pathlib import Path
from kinerja_analysis import open_audit, report
from kinerja_analysis.base.words import LANGUAGES, number
assert LANGUAGES == ("id", "en", "xx"), LANGUAGES
assert number(1234.5, 1, "xx") == "1'234:5"
stored = open_audit(sys.argv[1], region="76.02", year=2025)
for path in report(stored, sys.argv[2], lang=("xx", "id"), level=("public",), jobs=1):
    print(path.name)
"""
#: A text of a message file: on one line, or over several.
TEXT = re.compile(r'^en = ("""(?:.|\n)*?"""|.*)$', re.M)


@pytest.mark.slow
def test_a_report_in_a_language_that_only_the_files_know(demo: Any, tmp_path: Path) -> None:
    source = Path(kinerja_analysis.__file__).parent
    copy = tmp_path / "code" / "kinerja_analysis"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "notebooks", tmp_path / "code" / "notebooks")
    own = {"language.toml": {"decimal": ":", "thousands": "'", "read": "Lege xx", "months": " ".join("ABCDEFGHIJKL")}}
    for place in (*copy.glob("base/messages/*.toml"), *copy.glob("detect/*.toml")):
        text = TEXT.sub(r"en = \1\nxx = \1", place.read_text(encoding="utf-8"))
        for name, words in own.get(place.name, {}).items():
            text = re.sub(rf"(\[{name}\]\n.*\n.*\n)xx = .*", rf'\1xx = "{words}"', text)
        place.write_text(text, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(copy.parent), "PYTHONWARNINGS": "default"}
    done = subprocess.run([sys.executable, "-c", RUN, str(demo.reports), str(tmp_path / "out")], cwd=tmp_path / "code",
                          env=env, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made = [n for n in done.stdout.split() if n.rsplit(".", 1)[0].endswith("_xx")]
    assert {n.rsplit(".", 1)[1] for n in made} == {"html", "pdf", "xlsx", "ipynb"}
    folder = tmp_path / "out" / "2025" / "76.02-mamuju"
    page = (folder / "objektivitas_mamuju_2025_xx.html").read_text(encoding="utf-8")
    assert '<html lang="xx">' in page and "Baca dalam Bahasa Indonesia" in page
    words = html.unescape(page)
    assert "1'945" in words and not re.search(r"\b1[.,]945\b", words)
    other = (folder / "objektivitas_mamuju_2025_id.html").read_text(encoding="utf-8")
    assert 'hreflang="xx" lang="xx">Lege xx</a>' in other
