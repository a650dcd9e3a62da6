"""The engine closes every trap of parameterised notebooks: half runs, wrong parameters, paths that leak."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from kinerja_analysis.base.errors import ReportFailed, UsageError
from kinerja_analysis.report import _forks
from kinerja_analysis.report.engine import SENTINEL, check_parameters, declared, execute

forks = pytest.mark.skipif(not _forks.possible(), reason="no safe fork here")

GOOD = {"region": "76.10", "year": 2025, "lang": "id", "level": "public"}
HEAD = 'region = "00.00"\nyear = 2000\nlang = "id"\nlevel = "public"'


def notebook(folder: Path, *sources: str, end: bool = True) -> Path:
    head = nbformat.v4.new_code_cell(HEAD, metadata={"tags": ["parameters"]})
    cells = [head, *[nbformat.v4.new_code_cell(s) for s in sources]]
    if end:
        cells.append(nbformat.v4.new_code_cell(f"print({SENTINEL!r})"))
    spec = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    place = folder / "buku.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), place)
    return place


def run(tmp_path: Path, *sources: str, end: bool = True, **changes: object) -> nbformat.NotebookNode:
    stage = tmp_path / "stage"
    stage.mkdir()
    return execute(notebook(tmp_path, *sources, end=end), stage, {**GOOD, **changes})


def test_a_code_with_dots_stays_text(tmp_path: Path) -> None:
    done = run(tmp_path, "print(repr(region), repr(year))")
    assert done.cells[2].outputs[0]["text"] == "'76.10' 2025\n"


@pytest.mark.parametrize(
    ("changes", "nearest"),
    [({"regoin": "76.02"}, "region"), ({"x = open('owned', 'w').close(); year": "z"}, "")],
)
def test_an_undeclared_parameter_stops_before_anything_runs(
    tmp_path: Path, changes: dict[str, object], nearest: str
) -> None:
    with pytest.raises(UsageError) as error:
        run(tmp_path, "open('ran', 'w').close()", **changes)
    assert nearest in error.value.text("en")
    assert not list(tmp_path.rglob("ran")) and not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "../../etc"), ("region", 76.1), ("region", "76.02\nimport os"), ("region", ""), ("region", "76.2"),
        ("year", "2025"), ("year", True), ("year", 20255), ("lang", "fr"), ("level", "secret"), ("region", None),
        ("region", "{region}"), ("year", 2025.0), ("lang", ["id"]),
    ],
)  # fmt: skip
def test_a_value_that_is_not_what_it_should_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError):
        check_parameters({**GOOD, name: value}, set(GOOD), "buku.ipynb")


def test_a_cell_that_raises_names_its_cell_and_not_its_words(tmp_path: Path) -> None:
    with pytest.raises(ReportFailed) as error:
        run(tmp_path, "x = 1", "raise ValueError('196801011990031001 Rahasia')")
    words = error.value.text("id") + error.value.text("en")
    assert "ValueError" in words and "Rahasia" not in words and "1968" not in words
    assert error.value.params["cell"] == 3  # parameters, x = 1, this one
    assert all("3" in error.value.text(lang) for lang in ("id", "en"))


@pytest.mark.parametrize("source", ["import sys; sys.exit(0)", "raise KeyboardInterrupt", "raise SystemExit"])
def test_leaving_early_is_a_failure(tmp_path: Path, source: str) -> None:
    with pytest.raises(ReportFailed):
        run(tmp_path, source)


def test_a_notebook_without_its_end_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ReportFailed):
        run(tmp_path, "print('ok')", end=False)


def test_no_path_and_no_time_is_left_in_the_notebook(tmp_path: Path) -> None:
    done = run(tmp_path, "1 + 1")
    text = nbformat.writes(done)
    assert str(tmp_path) not in text
    assert "start_time" not in text and "input_path" not in text


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    place = notebook(tmp_path, "print(region)")
    assert nbformat.writes(execute(place, tmp_path, GOOD)) == nbformat.writes(execute(place, tmp_path, GOOD))


def test_runs_do_not_see_each_other(tmp_path: Path) -> None:
    first = notebook(tmp_path, "leak = 42")
    execute(first, tmp_path, GOOD)
    with pytest.raises(ReportFailed):
        execute(notebook(tmp_path, "print(leak)"), tmp_path, GOOD)


def test_declared_names(tmp_path: Path) -> None:
    assert declared(nbformat.read(notebook(tmp_path), as_version=4)) == set(GOOD)


CHANGES = """
import os, sys, warnings, logging, decimal, locale
import matplotlib, numpy, pandas
import kinerja_analysis.show.theme as theme
os.chdir("/"); os.environ["BOCOR"] = "1"; os.environ.pop("PATH"); os.umask(0o077)
matplotlib.rcParams["font.size"] = 99; pandas.set_option("display.max_rows", 1); numpy.random.seed(5)
warnings.simplefilter("ignore"); sys.path.insert(0, "bocor"); sys.modules["bocor"] = os
theme.BLUE = "red"; decimal.getcontext().prec = 3; logging.disable(logging.CRITICAL)
"""
SEEN = """
import decimal, logging, os, sys, warnings
import matplotlib, numpy, pandas
import kinerja_analysis.show.theme as theme
mask = os.umask(0); os.umask(mask)
print([os.getcwd(), os.environ.get("BOCOR"), "PATH" in os.environ, mask, matplotlib.rcParams["font.size"],
       pandas.get_option("display.max_rows"), "bocor" in sys.path, "bocor" in sys.modules, theme.BLUE,
       len(warnings.filters), decimal.getcontext().prec, logging.root.manager.disable,
       int(numpy.random.randint(1000000))])
"""


@forks
def test_pictures_of_a_notebook_are_not_drawn_again_by_the_next(tmp_path: Path) -> None:
    """They come back with what it shows, by what they are of; all else stays in the fork."""
    run(tmp_path, "from kinerja_analysis.show.charts import keep\nkeep({'what': bytes([137, 0, 255])})")
    (tmp_path / "next").mkdir()
    done = run(tmp_path / "next", "from kinerja_analysis.show.charts import drawn\nprint(list(drawn()['what']))")
    assert done.cells[2].outputs[0]["text"] == "[137, 0, 255]\n"


@forks
def test_nothing_a_notebook_does_reaches_the_next_or_this_process(tmp_path: Path) -> None:
    before = execute(notebook(tmp_path, SEEN), tmp_path, GOOD).cells[2].outputs[0]["text"]
    here = (Path.cwd(), dict(os.environ), list(sys.path))
    execute(notebook(tmp_path, CHANGES), tmp_path, GOOD)
    assert execute(notebook(tmp_path, SEEN), tmp_path, GOOD).cells[2].outputs[0]["text"] == before
    assert here == (Path.cwd(), dict(os.environ), list(sys.path))
    both = execute(notebook(tmp_path, CHANGES, SEEN), tmp_path, GOOD).cells[3].outputs[0]["text"]
    assert "red" in both and "99" in both and both != before  # the test sees what it looks for


@pytest.mark.parametrize("warm", [pytest.param(True, marks=forks), False])
def test_a_notebook_without_end_is_stopped(tmp_path: Path, warm: bool) -> None:
    before = set(psutil.Process().children(recursive=True))  # of other tests
    place = notebook(tmp_path, "import os; print(os.getpid())", "import time\nwhile True: time.sleep(1)")
    with pytest.raises(ReportFailed) as error:
        execute(place, tmp_path, GOOD, seconds=2, warm=warm)
    assert error.value.key == "errors.notebook_late" and error.value.params["cell"] == 3
    for lang, words in (
        ("id", "belum selesai setelah 2 detik, di sel 3"),
        ("en", "not done after 2 seconds, at cell 3"),
    ):
        assert words in error.value.text(lang) and "buku.ipynb" in error.value.text(lang)
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (11, "SIGSEGV"), (15, "SIGTERM")])
@forks
def test_a_killed_notebook_says_what_killed_it(tmp_path: Path, number: int, name: str) -> None:
    with pytest.raises(ReportFailed) as error:
        run(tmp_path, "x = 1", f"import os; os.kill(os.getpid(), {number})")
    assert error.value.key == "errors.notebook_died" and error.value.params["cell"] == 3
    assert name in error.value.text("id") and name in error.value.text("en") and "memori" in error.value.text("id")


@forks
@pytest.mark.parametrize(
    ("source", "kind"), [("import os; os._exit(0)", "exit 0"), ("import os; os._exit(7)", "exit 7")]
)
def test_a_notebook_that_slips_out_is_a_failure(tmp_path: Path, source: str, kind: str) -> None:
    with pytest.raises(ReportFailed) as error:
        run(tmp_path, source)
    assert (error.value.params["cell"], error.value.params["kind"]) == (2, kind)


@forks
def test_what_a_notebook_starts_ends_with_it(tmp_path: Path) -> None:
    source = "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)"
    done = run(tmp_path, source)
    pid = int(done.cells[2].outputs[0]["text"])
    assert gone(pid)


@forks
def test_only_what_the_notebook_made_is_left(tmp_path: Path) -> None:
    run(tmp_path, "open('mine', 'w').close()")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["buku.ipynb", "mine", "stage"]


@forks
def test_live_threads_and_held_locks_do_not_stop_a_notebook(tmp_path: Path) -> None:
    import logging

    import numpy as np
    import pandas as pd

    pd.DataFrame({"x": np.arange(200_000)}).to_parquet(tmp_path / "x.parquet")
    pd.read_parquet(tmp_path / "x.parquet")  # arrow's threads are there now, and those of BLAS
    assert np.ones((400, 400)).dot(np.ones((400, 400))).sum() == 400**3
    handler, free = logging.StreamHandler(), threading.Event()
    held = threading.Event()

    def hold() -> None:
        with handler.lock:
            held.set()
            free.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    try:
        read = "import pandas as pd, numpy as np, logging; logging.getLogger('x').warning('y')"
        work = "print(int(pd.read_parquet('x.parquet')['x'].sum()), np.ones((400, 400)).dot(np.ones((400, 400))).sum())"
        done = execute(notebook(tmp_path, read, work), tmp_path, GOOD, seconds=60)
    finally:
        free.set()
        thread.join()
    assert done.cells[3].outputs[0]["text"] == "19999900000 64000000.0\n"


def gone(pid: int) -> bool:
    """Wait until a process is no more (a zombie nobody fetched counts as gone)."""
    for _ in range(300):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


MAKING = """
import signal, sys, tempfile, shutil
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
from pathlib import Path
from kinerja_analysis.report._forks import orderly
from kinerja_analysis.report.engine import execute

@orderly()
def make(root):
    stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=root))
    try:
        execute(root / "buku.ipynb", stage, {"region": "76.10", "year": 2025, "lang": "id", "level": "public"})
    except BaseException:
        shutil.rmtree(stage)
        raise

make(Path(sys.argv[1]))
"""


@forks
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_orphan_and_no_rest_when_the_parent_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    told = tmp_path / "pid"
    source = f"import os, time\nopen({str(told) + '.part'!r}, 'w').write(str(os.getpid()))\n"
    notebook(tmp_path, f"{source}os.replace({str(told) + '.part'!r}, {str(told)!r})\ntime.sleep(300)")
    parent = subprocess.Popen([sys.executable, "-c", MAKING, str(tmp_path)], stderr=subprocess.DEVNULL)
    for _ in range(600):
        if told.exists() or parent.poll() is not None:
            break
        time.sleep(0.1)
    child = int(told.read_text())
    assert psutil.pid_exists(child) and child != parent.pid
    parent.send_signal(number)
    assert parent.wait(60) == (-number if number != signal.SIGINT else parent.returncode) and parent.returncode
    assert gone(child)
    if number != signal.SIGKILL:  # nobody can clean up after that one: the next run does
        assert not list(tmp_path.glob(".stage-*"))


FALLBACK = """
import os, sys
del os.fork
from pathlib import Path
import nbformat
from kinerja_analysis.base.errors import KinerjaError
from kinerja_analysis.report.engine import execute
try:
    chosen = {"region": "76.10", "year": 2025, "lang": "id", "level": "public"}
    done = execute(Path(sys.argv[1]), Path(sys.argv[1]).parent, chosen)
    sys.stdout.buffer.write(nbformat.writes(done).encode())
except KinerjaError as error:
    print(type(error).__name__, error.key, error.params["cell"], error.text("id"), error.text("en"))
"""


def without_fork(place: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FALLBACK, str(place)], capture_output=True, text=True,
        encoding="utf-8", timeout=300, check=True,
    )  # fmt: skip
    return done.stdout


def test_without_fork_the_same_cells_give_the_same_notebook(tmp_path: Path) -> None:
    show = "from IPython.display import display\ndisplay({'text/plain': '', 'text/html': '<p>3</p>'}, raw=True)"
    place = notebook(tmp_path, "import os\nprint(repr(region), os.getcwd())", show)
    alone = nbformat.reads(without_fork(place), as_version=4)
    assert alone.cells[2].outputs[0]["text"] == f"'76.10' {tmp_path}\n"
    assert alone.cells[3].outputs[0]["data"]["text/html"] == "<p>3</p>"
    here = execute(place, tmp_path, GOOD)
    assert [c.get("outputs") for c in alone.cells] == [c.get("outputs") for c in here.cells]
    assert alone.metadata["papermill"] == here.metadata["papermill"]


def test_without_fork_the_same_is_refused_and_reported(tmp_path: Path) -> None:
    told = without_fork(notebook(tmp_path, "x = 1", "raise ValueError('Rahasia')"))
    assert told.startswith("ReportFailed errors.notebook_failed 3 ") and "Rahasia" not in told and "ValueError" in told
