"""Audits made of findings: what a comparison reads, without data behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import ScoreTable

CRITERIA = {"ekinerja": "hasil_kerja|perilaku_kerja", "multisource": "disiplin|inisiatif"}


def finding(
    region: str, measure: str, value: float, lower: float, upper: float, *, year: int = 2025, unit: str = "share",
    scope: str = "ekinerja", subject: str = "", kind: str = "region", n: int = 100,
    method: str = "m", **params: Any,
) -> Finding:  # fmt: skip
    """One finding with an estimate."""
    estimate = Estimate(value, lower, upper, 0.95, n, unit, method)
    return Finding("x.y", Status.CLEAR, measure, kind, subject or region, scope, estimate, params=params, region=region,
                   year=year)  # fmt: skip


def make(
    findings: Sequence[Finding], cells: Sequence[tuple[str, int]], *, joint: str = "",
    scale: dict[str, float] | None = None, periods: dict[str, str] | None = None,
    frameworks: dict[str, str] | None = None, **counts: pd.DataFrame,
) -> Audit:  # fmt: skip
    """An audit of these cells; ``scale`` and ``periods`` by region where they are not 100 and the year."""
    rows = [
        {"region": r, "year": y, "kind": kind, "criteria": criteria,
         "scales": f"1–{(scale or {}).get(r, 100):g}", "periods": (periods or {}).get(r, str(y))}
        for r, y in cells for kind, criteria in CRITERIA.items()
    ]  # fmt: skip
    between = pd.DataFrame([{"region": r, "year": y, "other": "", "kind": "", "joint": joint or r, "part": ""}
                            for r, y in cells])  # fmt: skip
    config = AuditConfig(regions={r: RegionConfig(framework=f) for r, f in (frameworks or {}).items()})
    return Audit(tuple(cells), Design(pd.DataFrame()), ScoreTable(pd.DataFrame()), {"d": Result.of("d", findings)},
                 {"examined": pd.DataFrame(rows), "between": between, **counts}, config,
                 {"region_names": {"01.01": "Utara", "01.02": "Selatan"}})  # fmt: skip


@pytest.fixture
def fact() -> Callable[..., Finding]:
    return finding


@pytest.fixture
def make_audit() -> Callable[..., Audit]:
    return make
