"""Runs over regions and years without anybody watching."""

from kinerja_analysis.run.execute import order_of, run
from kinerja_analysis.run.jobs import plan
from kinerja_analysis.run.outcome import RunReport
from kinerja_analysis.run.publish import Lock

__all__ = ["Lock", "RunReport", "order_of", "plan", "run"]
