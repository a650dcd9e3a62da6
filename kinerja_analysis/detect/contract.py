"""What every detector is and how it answers: thresholds as data, findings through one collector.

A detector module has ``NAME`` and ``detect(ctx, out)``; its thresholds and messages stand in the toml beside it.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import Estimate, Finding, Result, Status
from kinerja_analysis.base.words import has

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold with where it comes from; ``changed`` is true when the user's configuration overrides it."""

    key: str
    value: float
    unit: str
    source: str
    date: dt.date
    changed: bool = False


@cache
def _toml(detector: str) -> dict[str, Any]:
    text = files("kinerja_analysis").joinpath("detect", f"{detector}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _table(detector: str) -> dict[str, Any]:
    return dict(_toml(detector).get("thresholds", {}))


def in_report(detector: str) -> dict[str, Any]:
    """Return how a report shows a detector: ``home`` (kinds of data), ``primary`` (measures in order), ``step``,
    and ``then`` (what follows the primary measures, in order).

    >>> in_report("matrix_check")["home"]
    ['ekinerja']
    """
    usual = {"home": ["ekinerja", "multisource"], "primary": [], "then": [], "step": ""}
    return {**usual, **_toml(detector).get("report", {})}


def in_review(detector: str) -> dict[str, Any]:
    """Return how the review list takes a detector's findings, by the names of their codes.

    ``together`` one entry for all of them, ``open`` entries that need more ratings, ``beside`` (if any) what
    joins an entry but makes none, ``lists`` lists of employees, ``examples`` raters to learn from, ``skip`` no entry.

    >>> in_review("matrix_check")["together"]
    []
    """
    usual: dict[str, Any] = {"together": [], "open": [], "lists": [], "examples": [], "skip": []}
    return {**usual, **_toml(detector).get("review", {})}


def threshold(key: str, overrides: dict[str, float] | None = None) -> Threshold:
    """Return the threshold ``<detector>.<name>``, with the user's value where one is set.

    Raises ``KeyError`` for an unknown key.
    """
    detector, name = key.split(".", 1)
    entry = _table(detector)[name]
    mine = (overrides or {}).get(key)
    value = float(entry["value"] if mine is None else mine)
    changed = mine is not None and mine != entry["value"]
    return Threshold(key, value, entry["unit"], entry["source"], entry["date"], changed)


def thresholds(detector: str) -> list[str]:
    """Return the names of a detector's thresholds."""
    return list(_table(detector))


def check_overrides(overrides: dict[str, float], detectors: Iterable[str]) -> None:
    """Raise ``UsageError`` for a threshold in the configuration that no detector has."""
    known = [f"{d}.{name}" for d in detectors for name in thresholds(d)]
    wrong = [key for key in overrides if key not in known]
    if wrong:
        raise UsageError("errors.threshold_unknown", name=wrong[0], known=", ".join(known))


def plain(value: float) -> float | None:
    """Return a number for a sentence's parameters, None where there is none."""
    return float(value) if np.isfinite(value) else None


def _place(address: str) -> tuple[tuple[int, str], ...]:
    """Sort key of an address (file:sheet:row): its numbers by size."""
    return tuple((len(part), part) for part in address.split(":"))


class Collector:
    """Takes a detector's findings for one cell (region, year) and makes its ``Result``."""

    def __init__(self, detector: str, region: str, year: int) -> None:
        self.detector = detector
        self.region = region
        self.year = year
        self.found: list[Finding] = []

    def add(
        self,
        code: str,
        status: Status,
        measure: str,
        *,
        kind: str = "region",
        subject: str = "",
        scope: str = "",
        estimate: Estimate | None = None,
        threshold: Threshold | float | None = None,
        p_value: float = np.nan,
        p_adjusted: float = np.nan,
        rows: Sequence[str] = (),
        **params: Any,
    ) -> None:
        """Add one finding; ``code`` is the message's name within the detector's toml.

        A region-level finding needs no subject. The first 50 row addresses are kept, in the order of the files
        (their count in ``n_rows``). Raises ``KeyError`` when the message does not exist.
        """
        key = f"{self.detector}.{code}"
        if not has(key):
            raise KeyError(key)
        limit = threshold.value if isinstance(threshold, Threshold) else (np.nan if threshold is None else threshold)
        plain = {k: (v.item() if isinstance(v, np.generic) else v) for k, v in params.items()}
        cited = sorted(set(rows))
        sheet = cited[0].rpartition(":")[0] if cited else ""
        cited.sort(key=len if sheet and cited[-1].startswith(f"{sheet}:") else _place)
        if len(cited) > MOST_ROWS:
            plain["n_rows"] = len(cited)
        self.found.append(
            Finding(
                key,
                status,
                measure,
                kind,
                subject or (self.region if kind == "region" else ""),
                scope,
                estimate,
                float(limit),
                float(p_value),
                float(p_adjusted),
                tuple(cited[:MOST_ROWS]),
                plain,
                self.region,
                self.year,
            )
        )

    def not_applicable(self, code: str, measure: str, scope: str, **params: Any) -> None:
        """Say that the data of this kind cannot answer, with the reason's sentence."""
        self.add(code, Status.NOT_APPLICABLE, measure, scope=scope, **params)

    def insufficient(self, code: str, measure: str, scope: str, **params: Any) -> None:
        """Say that there are too few data, with the reason's sentence."""
        self.add(code, Status.INSUFFICIENT, measure, scope=scope, **params)

    def result(self) -> Result:
        """Return the findings as a Result."""
        return Result.of(self.detector, self.found)
