"""The engine closes every trap of parameterised notebooks: half runs, wrong parameters, paths that leak."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from kinerja_analysis.base.errors import ReportFailed, UsageError
from kinerja_analysis.report.engine import SENTINEL, check_parameters, declared, execute

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
    assert str(error.value.params["cell"]) in words


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
