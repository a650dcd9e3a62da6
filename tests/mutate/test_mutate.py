"""A few hundred single-cell mutations with fixed seeds; ``make mutate`` makes 10,000 with a fresh one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def harness() -> Any:
    sys.path.insert(0, str(HERE))
    try:
        spec = importlib.util.spec_from_file_location("kinerja_mutate_harness", HERE / "harness.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(HERE))
    return module


def test_there_are_enough_operators(harness: Any) -> None:
    assert len(harness.OPERATORS) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_no_change_is_lost_in_silence(harness: Any, seed: int) -> None:
    found = harness.run(80, seed, jobs=1)
    lost = [(o.file, o.place, o.column, o.before, o.after, o.codes) for o in found if o.verdict in ("neither", "crash")]
    assert len(found) == 80 and lost == []


def test_the_judge_sees_a_lost_value(harness: Any, tmp_path: Path) -> None:
    """A value that the table holds otherwise than the file is 'neither'."""
    book = harness.books(1, tmp_path)[0]
    (tmp_path / "now").mkdir()
    row, column = book.header + 1, book.rows[book.header].index("skp_unor")
    fair = harness.judge(book, "x", row, column, "Unit Lain", tmp_path / "now")
    book.tables.appraisals["unit"] = "Unit Lain"
    assert fair.verdict == "equal"
    assert harness._equal("number", "80", 81.0, book, []) is False
    assert harness._equal("rating", "SESUAI", 3.0, book, []) is False
    assert harness._equal("text", "Unit A", "Unit B", book, []) is False
