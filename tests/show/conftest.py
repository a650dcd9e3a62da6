"""Findings made by hand, and how to look into a PNG."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kinerja_analysis.base.results import Estimate, Finding, Status


def finding(
    code: str, status: str = "CLEAR", measure: str = "odds_ratio", kind: str = "region", subject: str = "01.02", *,
    value: float = np.nan, lower: float = np.nan, upper: float = np.nan, n: int = 0, unit: str = "",
    scope: str = "ekinerja", method: str = "", threshold: float = np.nan, p_adjusted: float = np.nan, **params: Any,
) -> Finding:  # fmt: skip
    """One finding."""
    e = Estimate(value, lower, upper, 0.95, n, unit, method)
    return Finding(code, Status(status), measure, kind, subject, scope, e, threshold, p_adjusted=p_adjusted,
                   params=params, region="01.02", year=2025)  # fmt: skip


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    return SimpleNamespace(finding=finding, png_size=png_size)
