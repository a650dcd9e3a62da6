"""A sample of ``make faults``: a killed run, a stopped one, a damaged report and a second run, all for real."""

from __future__ import annotations

import importlib.util
import random
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kinerja_faults", Path(__file__).with_name("harness.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["kinerja_faults"] = module
    spec.loader.exec_module(module)
    return module


h = _harness()
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    return h.make_world(tmp_path_factory.mktemp("faults"), ("15.04", "76.02"))


def test_killed_then_stopped_the_tree_is_that_of_an_undisturbed_run(world) -> None:  # type: ignore[no-untyped-def]
    assert h.stopped(world, signal.SIGTERM, 143, early=world.seconds * random.uniform(0.1, 0.5))


def test_a_damaged_audit_is_refused_and_made_again(world) -> None:  # type: ignore[no-untyped-def]
    assert h.corrupted(world, "manifest of another region", "public")


def test_without_its_record_a_damaged_public_audit_is_not_forgotten(world) -> None:  # type: ignore[no-untyped-def]
    assert h.ledger_lost(world)


def test_the_committed_counts_are_of_enough_kills_of_every_family_and_nothing_broke() -> None:
    text = h.Path(__file__).with_name("faults.csv").read_text(encoding="utf-8")
    table = {r["family"]: r for r in h.csv.DictReader(text.splitlines())}
    assert set(table) == {family for family, *_ in h.families(random.Random(1), 80, True)}
    assert int(table["random kills"]["faults"]) >= 80 and all(int(r["broken"]) == 0 for r in table.values())
