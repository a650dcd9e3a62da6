"""Published figures: PNS 2022-2024 (birokratmenulis.org, secondary): SB 11.27, B 88.46, BP .11, K .06, SK .10 %."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.show.benchmarks import national


def test_national_shares() -> None:
    assert [national()[p] for p in PREDIKAT] == pytest.approx([0.0010, 0.0006, 0.0011, 0.8846, 0.1127])
    assert sum(national().values()) == pytest.approx(1)


def test_the_figures_name_their_source() -> None:
    table = tomllib.loads(files("kinerja_analysis").joinpath("show/benchmarks.toml").read_text())["national"]
    assert table["source"] and table["mark"] == "secondary" and table["date"]
