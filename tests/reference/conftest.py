"""Published values as rows of a table: each test module says which function checks which row."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
NUMBER = re.compile(r"(?<![\w.])-?\d*\.?\d+(?:e-?\d+)?(?![\w])")


@dataclass(frozen=True)
class Oracle:
    """A row of oracles.csv, with the numbers of its value and its tolerance."""

    id: str
    quantity: str
    value: str
    tolerance: str

    @property
    def numbers(self) -> list[float]:
        """All numbers of the value, in order."""
        return [float(number) for number in NUMBER.findall(self.value)]

    def agrees(self, *found: float) -> None:
        """Assert that `found` are the first numbers of the value, within the first tolerance named."""
        within = float(NUMBER.findall(self.tolerance)[0])
        kind = {"rtol": within, "atol": 0.0} if "relative" in self.tolerance else {"rtol": 0.0, "atol": within}
        np.testing.assert_allclose(found, self.numbers[: len(found)], **kind)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a row whose id stands in the module's CHECKS; a row without its function is an error."""
    if "oracle" not in metafunc.fixturenames:
        return
    checks = metafunc.module.CHECKS
    with (HERE / "oracles.csv").open(newline="", encoding="utf-8") as stream:
        rows = [Oracle(*(r[k] for k in ("id", "quantity", "value", "tolerance"))) for r in csv.DictReader(stream)]
    rows = [row for row in rows if row.id in {name for name, _ in checks}]
    keys = [(row.id, row.quantity) for row in rows]
    assert sorted(keys) == sorted(checks), "every row of oracles.csv needs its check, and every check its row"
    metafunc.parametrize(
        "oracle",
        [
            pytest.param(row, marks=getattr(checks[key], "pytestmark", ()), id=" ".join(key))
            for row, key in zip(rows, keys, strict=True)
        ],
    )
