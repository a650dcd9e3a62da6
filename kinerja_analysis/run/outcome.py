"""What a run did, as a table and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.errors import DisclosureRefused, PartialRun
from kinerja_analysis.base.shown import Shown
from kinerja_analysis.base.words import say
from kinerja_analysis.read.report import CheckReport

_REFUSED = ("errors.disclosure_", "errors.published_")  #: what ``DisclosureRefused`` says
Failure = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class RunReport(Shown):
    """What a run did: one row per region and year with ``status`` done, partial (a detector raised) or failed.

    ``counts``: how many files' rows were read anew (``read`` 0 or 1), cells ``audited``, report sets ``written`` and
    ``resumed``. ``failures``: message key and parameters by cell. ``left``: cells of the input not asked for. ``gone``:
    cells with a report from an earlier run that are no longer in the input. ``warnings``: of files read anew.
    ``renewed``: pages about several regions that changed, the index too. ``problems``: the check report of an input
    with errors, where the run went on without the regions these touch. ``unread``: how many files were not read.
    """

    frame: pd.DataFrame
    files: tuple[Path, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[tuple[str, int], Failure] = field(default_factory=dict)
    stale_lock: str = ""
    left: int = 0
    gone: tuple[tuple[str, int], ...] = ()
    warnings: int = 0
    renewed: int = 0
    problems: CheckReport | None = None
    unread: int = 0

    def to_frame(self) -> pd.DataFrame:
        """Return ``region year status reason``."""
        return self.frame.copy()

    def reason(self, region: str, year: int, lang: str) -> str:
        """Return why a cell is not done, in a language; the detectors that raised where it is done in part."""
        key, params = self.failures.get((region, year), ("", {}))
        rows = self.frame[(self.frame["region"] == region) & (self.frame["year"] == year)]
        return say(key, lang, **params) if key else "".join(rows["reason"])

    @property
    def exit_code(self) -> int:
        """0 when everything is done, 5 when something failed, 4 when publication was refused everywhere."""
        undone = self.frame[self.frame["status"] != "done"]
        keys = [self.failures.get((r, y), ("", {}))[0] for r, y in zip(undone["region"], undone["year"], strict=True)]
        refused = len(keys) == len(self.frame) and all(key.startswith(_REFUSED) for key in keys)
        return (DisclosureRefused if refused else PartialRun).exit_code if keys else 0

    def _view(self, lang: str) -> str:
        from kinerja_analysis.show.lab import MOST
        from kinerja_analysis.show.names import word
        from kinerja_analysis.show.table import html_table

        return html_table(self.frame.assign(status=[word(s, lang) for s in self.frame["status"]]), lang, most=MOST)

    def _facts(self) -> dict[str, int]:
        return {"cells": len(self.frame), "files": len(self.files), "exit_code": self.exit_code}
