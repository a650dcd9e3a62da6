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
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two regions and one year at full size, written in their real layouts."""
    folder = tmp_path_factory.mktemp("demo") / "contoh"
    simulate(["13.71.09", "76.02"], [2025], seed=1).write(folder)
    return folder


@pytest.fixture(scope="session")
def demo(demo_files: Path) -> Demo:
    """The same, read back, audited and reported."""
    reports = demo_files.parent / "reports"
    config = AuditConfig.read(demo_files / "kinerja.toml")
    return Demo(demo_files, reports, config, run(demo_files, out=reports, config=config))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many published values were compared, and how many rows were skipped."""
    found = {"passed": 0, "failed": 0, "skipped": 0}
    values = 0
    for outcome in found:
        for report in terminalreporter.stats.get(outcome, []):
            told = dict(getattr(report, "user_properties", ()))
            found[outcome] += "published_values" in told
            values += int(told.get("published_values", 0)) if outcome == "passed" else 0
    if any(found.values()):
        rows = ", ".join(f"{n} {outcome}" for outcome, n in found.items())
        terminalreporter.write_line(f"published values: {values} within their tolerance; rows of oracles.csv: {rows}")
