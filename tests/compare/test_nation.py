"""The mean over regions of the study of changes of supervisor: by hand, and that its limits hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kinerja_analysis.compare.nation import MIN_REGIONS, national_change
from kinerja_analysis.stats import supervisor_change

ONE = {"n_changed": 40, "df": 39, "value": 0.02, "se": 0.01}


def region(rng: np.random.Generator, changed: int, sd: float, noise: float) -> Mapping[str, Any]:
    """Two periods of teams of eight, a quarter of which change their supervisor."""
    teams = 4 * changed
    team = np.repeat(np.arange(teams), 8)
    after = np.where(team < changed, team + teams, team)
    lenient = rng.normal(0, sd, 2 * teams)
    change = lenient[after] - lenient[team] + rng.normal(0, noise * 2**0.5, team.size)
    fit = supervisor_change(change, np.arange(team.size), team, team, after, np.ones(team.size, dtype=int))
    return {"n_changed": fit.n_changed, "df": fit.df, "value": fit.value, "se": fit.se}


def test_weights_are_changes_and_negative_values_count() -> None:
    """40 changes at .02 in four regions, 160 at −.01 in one: (4·40·.02 − 160·.01)/320 = .005, sigma .05."""
    told = national_change([ONE] * 4 + [{"n_changed": 160, "df": 39, "value": -0.01, "se": 0.01}])
    assert told is not None and told.sd == pytest.approx(0.05) and told.lower == 0.0
    assert (told.regions, told.n_changed) == (5, 320)


def test_too_few_regions_are_not_averaged() -> None:
    assert national_change([ONE] * (MIN_REGIONS - 1)) is None


def test_limits_hold_the_truth_over_five_regions() -> None:
    """400 nations of five regions with 12 changes each: 95 % limits; at least .92 is what 400 can tell from it."""
    rng, held, many = np.random.default_rng(11), 0, 400
    for _ in range(many):
        told = national_change([region(rng, 12, 0.07, 0.2) for _ in range(MIN_REGIONS)])
        assert told is not None
        held += told.lower <= 0.07 <= told.upper
    assert held / many >= 0.92
