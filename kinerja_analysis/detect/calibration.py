"""What was measured of each detector on simulated regions, and whether its code is still the one that was measured.

``calibration.csv`` beside this module is written by ``make calibrate``. A detector's closure is its module, the values
of its thresholds and every module of ``detect`` and ``stats`` that these import; comments, docstrings and blank lines
do not count.
"""

from __future__ import annotations

import ast
import csv
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.stats import _HOME

ROOT = "kinerja_analysis"


@cache
def measured() -> dict[str, dict[str, str]]:
    """Return the committed summary by detector: its hash and the sums over designs and kinds of data.

    ``answers flagged`` where nothing was planted, ``planted found`` of the large planted problems, ``intervals
    covered`` of intervals whose truth is known.
    """
    text = files(ROOT).joinpath("detect", "calibration.csv").read_text(encoding="utf-8")
    return {row["detector"]: row for row in csv.DictReader(text.splitlines())}


def fresh(detector: str) -> bool:
    """Tell whether the detector is the one that was measured."""
    return measured().get(detector, {}).get("hash") == closure_hash(detector)


@cache
def closure_hash(detector: str) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a detector's closure.

    >>> len(closure_hash("halo"))
    12
    """
    limits = [f"{name}={threshold(f'{detector}.{name}').value}" for name in thresholds(detector)]
    code = [_module(name)[0] for name in sorted(closure(f"detect.{detector}"))]
    return hashlib.sha256("\0".join([*limits, *code]).encode()).hexdigest()[:12]


def closure(module: str) -> set[str]:
    """Return the modules of ``detect`` and ``stats`` that a module reaches by its imports, itself included.

    >>> {"detect.halo", "detect.contract", "stats.shrinkage"} <= closure("detect.halo")
    True
    """
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _module(name)[1]
    return found


@cache
def _module(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a module's lines of code and the modules of ours that it imports."""
    room, stem = name.split(".")
    text = files(ROOT).joinpath(room, f"{stem}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    return code_of(text, tree), tuple(sorted({m for m in _imports(tree, room) if _exists(m)}))


def code_of(text: str, tree: ast.Module | None = None) -> str:
    """Return the lines of a module that are code; a comment behind code counts.

    >>> code_of("'Say.'\\n# note\\nx = 1\\n\\n")
    'x = 1'
    """
    said = set(_docstrings(tree or ast.parse(text)))
    lines = [line.rstrip() for k, line in enumerate(text.splitlines(), start=1) if k not in said]
    kept = [line for line in lines if line and not line.lstrip().startswith("#")]
    return "\n".join(kept)


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            first = node.body[0]
            yield from range(first.lineno, (first.end_lineno or first.lineno) + 1)


def _imports(tree: ast.Module, room: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            home = f"{ROOT}.{room}" if node.level else ""
            whole = ".".join(part for part in (home, node.module or "") if part)
            for alias in node.names:
                target = _HOME.get(alias.name, alias.name) if whole == f"{ROOT}.stats" else alias.name
                yield f"{whole}.{target}".removeprefix(f"{ROOT}.")
                yield whole.removeprefix(f"{ROOT}.")


@cache
def _exists(name: str) -> bool:
    room, _, stem = name.partition(".")
    return room in ("detect", "stats") and files(ROOT).joinpath(room, f"{stem}.py").is_file()
