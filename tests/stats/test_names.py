"""Public names of `stats` are functions, whatever was imported before, and cost nothing until used."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis import stats


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("name", ["linkage", "crossed_effects"])
@pytest.mark.parametrize(
    "order",
    [
        "from kinerja_analysis.stats import {0}; import kinerja_analysis.stats.{0}",
        "import kinerja_analysis.stats.{0}; from kinerja_analysis.stats import {0}",
        "from kinerja_analysis.stats.{0} import {0} as other; from kinerja_analysis.stats import {0}",
    ],
)
def test_function_and_module_of_one_name(order, name):
    code = order.format(name)
    assert run(
        f"{code}; import kinerja_analysis.stats as s; print(type({name}).__name__, s.{name} is {name})"
    ) == ("function True")


def test_every_public_name_is_there():
    for name in stats.__all__:
        assert callable(getattr(stats, name)), name
    with pytest.raises(AttributeError, match="no_such"):
        _ = stats.no_such


def test_columns_of_a_frame_are_taken_as_they_are():
    """pandas 3 hands out read-only arrays, of small integer types."""
    frame = pd.DataFrame(
        {"ratee": np.repeat(np.arange(30, dtype="int32"), 4), "rater": np.tile(np.arange(4), 30)}
    )
    frame["y"] = np.sin(np.arange(120.0)) + 0.1 * frame["ratee"]
    record = stats.linkage(
        frame["ratee"], frame["rater"], group=frame["ratee"] % 2, self_mask=frame["y"] > 99
    )
    component = pd.Series(record.component_ratee)[frame["ratee"]]
    fit = stats.crossed_effects(
        frame["y"], {"ratee": frame["ratee"], "rater": frame["rater"]}, component=component, sd_interval=False
    )
    assert fit.converged and record.verdict == "linked"
    assert np.isfinite(stats.two_way_effects(frame["y"], frame["ratee"], frame["rater"]).effects_se).all()
    assert stats.design_power(frame["ratee"], frame["rater"], sd_pair=0.7, delta=0.2, family=4).n == 4
    assert stats.suggest_links(frame["ratee"], frame["rater"], 1, group=frame["ratee"] % 2).fewest == 0


def test_nothing_heavy_is_loaded_by_the_package():
    loaded = "[name for name in ('numba', 'scipy', 'pandas') if name in sys.modules]"
    assert run(f"import sys, kinerja_analysis.stats; print({loaded})") == "[]"
