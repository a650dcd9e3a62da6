"""The families together: enough of them, enough cases, no case twice, every known code met or named as not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

ELSEWHERE: set[str] = set()


def families() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for place in sorted(Path(__file__).parent.glob("test_*.py")):
        if place.name == Path(__file__).name:
            continue
        spec = importlib.util.spec_from_file_location(f"family_{place.stem}", place)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[place.stem] = module.CASES
    return found


def test_enough_families_and_cases() -> None:
    cases = families()
    damaged = [row for rows in cases.values() for row in rows if row[2]]
    assert len(cases) >= 12 and len(damaged) >= 150
    assert all(len([row for row in rows if row[2]]) >= 10 for rows in cases.values())
    assert all(len({row[0] for row in rows}) == len(rows) for rows in cases.values())
