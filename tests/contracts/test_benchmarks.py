"""The table of figures is made from the committed measurements, and says what is missing or not met."""

from __future__ import annotations

import csv
import importlib.util
import math
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_table", FOLDER / "table.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_line_names_a_make_target(printed: ModuleType) -> None:
    targets = {line.split(":")[0] for line in (FOLDER.parent / "Makefile").read_text().splitlines() if ":" in line}
    for name, *_, command in printed.lines():
        assert command.removeprefix("make ") in targets, name


def test_a_target_not_met_and_one_not_measured_are_said(printed: ModuleType) -> None:
    limits = {"what": "CPU", "limit": 20, "command": "make bench-audit"}
    assert [printed.judged("x", value=v, **limits)[2:4] for v in (20.0, 20.1, math.nan)] == [
        ("20", True), ("20.1", False), ("not measured", None),
    ]  # fmt: skip
    assert printed.judged("x", value=20.0, least=True, **limits)[3]


def test_figures_are_those_of_the_tables(printed: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "HERE", tmp_path)
    assert {line[3] for line in printed.lines()} == {None}
    fields = ("employees", "pairs", "part", "cpu_s", "peak_mb")
    rows = [(11800 * k, 70000 * k, "all", 17 * k, 1275) for k in (1, 2, 4)]
    with (tmp_path / "audit_speed.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([fields, *rows])
    told = [line for line in printed.lines() if line[-1] == "make bench-audit"]
    assert [(value, met, grows) for _, _, value, met, grows, _ in told] == [
        ("17 s", True, "1.00"), ("1.28e+03 MB", True, ""),
    ]  # fmt: skip
