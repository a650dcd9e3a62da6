"""The lab: its server starts at 00_mulai, every notebook runs from two folders, a refused input is a problem list."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import fields
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from kinerja_analysis import (
    Audit,
    AuditConfig,
    Estimate,
    InputRefused,
    Result,
    audit,
    check,
    compare_regions,
    read,
    run,
    simulate,
)
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.report.produce import notebooks_folder
from kinerja_analysis.run import RunReport

ROOT = notebooks_folder().resolve().parent


REGIONS = ("13.71.09", "76.02")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has, in small: notebooks, the example's files, reports."""
    place = tmp_path_factory.mktemp("proyek")
    shutil.copytree(ROOT / "notebooks", place / "notebooks")
    shutil.copytree(ROOT / "tests" / "reference", place / "tests" / "reference")
    simulate(REGIONS, [2025], seed=1, size=150).write(place / "data" / "contoh")
    settings = place / "data" / "contoh" / "kinerja.toml"
    settings.write_text(f'detectors = ["distribution", "self_other", "affinity"]\n{settings.read_text()}')
    config = AuditConfig.read(settings)
    run(place / "data" / "contoh", out=place / "reports", config=config, level=("public",), lang=("id",))
    return place


def run_by_hand(book: Path, folder: Path, first: str = "") -> list[Any]:
    """Run a notebook as the lab does, in a working directory; return its code cells."""
    from nbclient import NotebookClient

    nb = nbformat.read(book, as_version=4)
    if first:
        cell = next(c for c in nb.cells if "parameters" in c.metadata.get("tags", []))
        cell.source += f"\n{first}"
    client = NotebookClient(nb, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, allow_errors=True)
    client.execute()
    return [c for c in nb.cells if c.cell_type == "code"]


PAGES = ("10_mutu_data.ipynb", "20_audit_wilayah.ipynb", "30_banding_wilayah.ipynb")
RUNS = [(name, where) for name in PAGES for where in ("notebooks", ".")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), [*RUNS, ("00_mulai.ipynb", "."), ("90_validasi_metode.ipynb", ".")])
def test_notebooks_run_as_they_are(name: str, where: str, small: Path) -> None:
    """From the notebooks' folder and from the project's (the others' own folder: test_notebooks)."""
    leave = 'leave_out = ["O24", "O41"]' if name.startswith("90") else ""
    outputs = [o for c in run_by_hand(small / "notebooks" / name, small / where, leave) for o in c.outputs]
    assert outputs and not [o["evalue"] for o in outputs if o.output_type == "error"]


def test_an_own_file_that_is_wrong_gives_its_list_and_no_traceback(make: Any, tmp_path: Path) -> None:
    """A file placed in data/masuk, as the first notebook asks for it, with a wrong label in one cell."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "data" / "masuk").mkdir(parents=True)
    source = Path(make.ekinerja(edit={"K9": "DIATAS BANGET"}))
    shutil.copy(source, tmp_path / "data" / "masuk" / "ekspor.xlsx")
    book = tmp_path / "notebooks" / "00_mulai.ipynb"
    cells = run_by_hand(book, book.parent, 'berkas = "data/masuk"')
    listed, refused = cells[2].outputs[0], cells[3].outputs[0]
    assert "DIATAS BANGET" in listed["data"]["text/html"]
    said = "".join(refused["traceback"])
    assert refused["ename"] == "InputRefused" and "K9" in said and "DIATAS BANGET" in said
    assert "Perbaikan:" in said and "Repair:" in said and "Traceback" not in said and ".py" not in said


def test_errors_in_a_notebook_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UsageError("errors.no_cells")
    assert [t[:9] for t in error._render_traceback_()] == ["Tidak ada", "There are"]
    monkeypatch.setenv("KINERJA_LANG", "en")
    assert [t[:9] for t in error._render_traceback_()] == ["There are", "Tidak ada"]
    assert "problem" in InputRefused([])._render_traceback_()[0] or "error" in InputRefused([])._render_traceback_()[0]


@pytest.mark.slow
def test_what_the_lab_shows_is_plain_and_names_nobody(small: Path) -> None:
    """HTML without script, rows limited and counted, both languages; the line of text holds no person and no path."""
    files = small / "data" / "contoh"
    config = AuditConfig.read(files / "kinerja.toml").model_copy(update={"detectors": ("self_other", "distribution")})
    tables = read(files, config=config)
    whole = audit(tables, config=config)
    result = max(whole.results.values(), key=len)
    done = RunReport(pd.DataFrame([("76.02", 2025, "done", "")], columns=["region", "year", "status", "reason"]), ())
    things = [whole, whole.design, result, next(iter(result.findings())), tables, done,
              check(files, config=config), compare_regions(whole), Estimate(1.0, 0.5, 1.5, n=9, unit="sd")]  # fmt: skip
    persons = {*tables.appraisals["person"].dropna(), *tables.ratings["rater"].dropna()}
    for thing in things:
        shown, told = thing._repr_html_(), repr(thing)
        assert "<script" not in shown and "lang='id'" in shown and "<details lang='en'>" in shown
        assert told.startswith(type(thing).__name__ + "(") and len(told) < 600 and "/" not in told
        assert not [p for p in persons if p in told]
    many = Result("halo", pd.concat([result.frame] * (1 + 50 // len(result)), ignore_index=True))
    assert many._repr_html_().count("<tr>") == 2 * 41 and f"{len(many) - 40} more" in many._repr_html_()
    alone = Audit(**{f.name: getattr(whole, f.name) for f in fields(whole)} |
                  {"config": config.model_copy(update={"languages": ("en",)})})._repr_html_()  # fmt: skip
    assert alone.startswith("<div lang='en'>") and "<details" not in alone


def test_pseudonyms_of_the_user_stay_out_of_the_line_of_text() -> None:
    rows = [(f"Budi {i}", f"Sari {j}", "supervisor" if j == 0 else "peer", "k", 3 + (i + j) % 2)
            for i in range(12) for j in range(3)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])
    frame = frame.assign(period="2025", year=2025, region="76.02", scale_min=1, scale_max=5, unit="u")
    done = audit(frame, config=AuditConfig(identifiers="pseudonymous", detectors=("leniency",)))
    assert "Budi" not in repr(done) + repr(done["leniency"]) + "".join(map(repr, done["leniency"].findings()))


def _ask(address: str) -> Any:
    return urllib.request.urlopen(address, timeout=5)


def test_the_server_starts_at_the_first_notebook(tmp_path: Path) -> None:
    """A real start on a free port, no browser; then it is stopped by its own signal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "config").mkdir()
    settings = {"ServerApp": {"allow_root": True, "ip": "127.0.0.1"}}  # a container's only user may be root
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    own = {"JUPYTER_TOKEN": "uji", "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
           "JUPYTER_RUNTIME_DIR": str(tmp_path / "run"), "JUPYTER_DATA_DIR": str(tmp_path / "data")}  # fmt: skip
    command = [sys.executable, "-m", "kinerja_analysis", "lab", "--no-browser", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                found = json.load(_ask(f"{address}/api/contents/notebooks/00_mulai.ipynb?token=uji&content=0"))
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
        with _ask(f"{address}/lab/tree/notebooks/00_mulai.ipynb?token=uji") as page:
            assert page.status == 200
        assert found["path"] == "notebooks/00_mulai.ipynb"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
