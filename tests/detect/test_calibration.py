"""The closure of a detector: what it reaches, and which edits make its calibration stale."""

from __future__ import annotations

import pytest

from kinerja_analysis.detect import REGISTRY, calibration
from kinerja_analysis.detect.contract import Threshold, threshold

CODE = '''"""Module."""

import math  # why


def f(x: float) -> float:
    """Say."""
    # note
    return math.exp(x)
'''


def test_the_closure_follows_imports_through_both_rooms() -> None:
    """halo: its module, what it imports, and what ``adjust`` is taken from; nothing of other detectors."""
    found = calibration.closure("detect.halo")
    assert {"detect.halo", "detect.identical", "detect.context", "detect.contract", "stats.shrinkage"} <= found
    assert not {f"detect.{name}" for name in REGISTRY if name != "halo"} & found
    assert not [name for name in found if not name.startswith(("detect.", "stats."))]
    assert "stats._mixed" in calibration.closure("detect.leniency"), "relative imports, several steps away"


def test_words_do_not_count_and_code_does() -> None:
    same = CODE.replace("Say.", "Say\n\n    more.").replace("# note", "# another").replace('"""Module."""', "'''M.'''")
    assert calibration.code_of(same) == calibration.code_of(CODE)
    assert calibration.code_of(CODE.replace("exp", "log")) != calibration.code_of(CODE)
    assert calibration.code_of(CODE) == "import math  # why\ndef f(x: float) -> float:\n    return math.exp(x)"


def test_a_changed_threshold_or_module_makes_it_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    before = calibration.closure_hash.__wrapped__("halo")
    assert before == calibration.closure_hash("halo")

    def other(key: str) -> Threshold:
        t = threshold(key)
        return Threshold(t.key, t.value + 1, t.unit, t.source, t.date)

    with monkeypatch.context() as m:
        m.setattr(calibration, "threshold", other)
        assert calibration.closure_hash.__wrapped__("halo") != before
    read = calibration._module
    monkeypatch.setattr(
        calibration, "_module", lambda n: (read(n)[0] + "\nx = 1", read(n)[1]) if n == "stats.shrinkage" else read(n)
    )
    assert calibration.closure_hash.__wrapped__("halo") != before


def test_fresh_means_the_same_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    now = calibration.closure_hash("halo")
    monkeypatch.setattr(calibration, "measured", lambda: {"halo": {"hash": now}, "leniency": {"hash": "0"}})
    assert calibration.fresh("halo")
    assert not calibration.fresh("leniency") and not calibration.fresh("agreement")
