"""The public names of the design exist and stay functions, whatever was imported before."""

from __future__ import annotations

import inspect

import kinerja_analysis
import kinerja_analysis.detect
import kinerja_analysis.read
import kinerja_analysis.report
import kinerja_analysis.score


def test_functions_are_not_hidden_by_rooms_of_the_same_name() -> None:
    for name in ("read", "check", "score", "detect", "release", "audit", "report", "open_audit", "run", "simulate"):
        assert inspect.isfunction(getattr(kinerja_analysis, name)), name


def test_every_public_name_loads() -> None:
    for name in kinerja_analysis.__all__:
        assert getattr(kinerja_analysis, name) is not None
