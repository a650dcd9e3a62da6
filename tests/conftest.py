"""Shared by all tests: the demo in small, written once, audited and reported once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kinerja_analysis import AuditConfig, run, simulate
from kinerja_analysis.run import RunReport


@dataclass(frozen=True)
class Demo:
    """The small demo on disk: its input files, its reports, what the run said."""

    files: Path
    reports: Path
    config: AuditConfig
    done: RunReport


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Two regions and two years at full size: written, read back, audited, reported."""
    folder = tmp_path_factory.mktemp("demo")
    files, reports = folder / "contoh", folder / "reports"
    simulate(["13.71.09", "76.02"], [2024, 2025], seed=1).write(files)
    config = AuditConfig.read(files / "kinerja.toml")
    return Demo(files, reports, config, run(files, out=reports, config=config))
