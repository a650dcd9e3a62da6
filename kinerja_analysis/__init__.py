"""Audit whether performance ratings of Indonesian civil servants follow work, not who holds the pen.

The public names load lazily::

    from kinerja_analysis import audit, report
    hasil = audit("data/contoh")
    report(hasil, "reports")
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "read": "read", "check": "read", "template": "read.template", "score": "score",
    "detect": "detect", "release": "release", "audit": "pipeline", "report": "pipeline",
    "open_audit": "pipeline", "run": "run", "simulate": "simulate",
    "compare_regions": "compare", "compare_years": "compare",
    "AuditConfig": "base.config", "Tables": "base.tables", "ScoreTable": "base.tables",
    "Audit": "base.results", "Comparison": "base.results", "Result": "base.results", "Finding": "base.results",
    "Estimate": "base.results", "Status": "base.results", "KinerjaError": "base.errors",
    "InputRefused": "base.errors", "Problem": "base.errors",
}  # fmt: skip
__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"kinerja_analysis.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'kinerja_analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps the public names: importing the room ``read`` must not hide the function ``read``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
