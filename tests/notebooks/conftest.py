"""The file builder of tests/bad_inputs, for files placed as a user places them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_place = Path(__file__).parents[1] / "bad_inputs" / "conftest.py"
_spec = importlib.util.spec_from_file_location("kinerja_test_files", _place)
assert _spec and _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
make = _module.make
