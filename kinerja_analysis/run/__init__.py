"""Runs over regions and years without anybody watching."""

from kinerja_analysis.run.execute import RunReport, run

__all__ = ["RunReport", "run"]
