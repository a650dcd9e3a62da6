"""Published figures beside a region's own: the national spread of predikat."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def _national() -> dict[str, Any]:
    text = files("kinerja_analysis").joinpath("show", "benchmarks.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["national"])


def national() -> dict[str, float]:
    """Return the national share of each predikat; source and mark stand in ``benchmarks.toml``.

    >>> round(sum(national().values()), 6)
    1.0
    """
    return {k: float(v) for k, v in _national()["share"].items()}
