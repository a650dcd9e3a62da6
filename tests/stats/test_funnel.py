"""Funnel limits against hand computation."""

from __future__ import annotations

import numpy as np
import pytest

from kinerja_analysis.stats import funnel


def test_by_hand_without_over_dispersion() -> None:
    """Ten groups of error 1, half at −1/2, half at 1/2: φ = 1/4, kept at 1; limits ± 1.96 around 0."""
    found = funnel(np.tile([-0.5, 0.5], 5), np.ones(10))
    assert (found.centre, found.phi) == (0.0, 1.0)
    assert found.inner[:, 0] == pytest.approx([-1.959964, 1.959964])
    assert found.outer[1, 0] == pytest.approx(3.090232)


def test_over_dispersion_widens_and_one_odd_group_does_not() -> None:
    """z of ±2 in ten groups: φ = 4, limits twice as wide; a group far away is put to 2 before φ is taken."""
    value = np.tile([-2.0, 2.0], 5)
    plain = funnel(value, np.ones(10))
    assert plain.phi == pytest.approx(4) and plain.inner[1, 0] == pytest.approx(2 * 1.959964)
    odd = value.copy()
    odd[9] = 40.0
    found = funnel(odd, np.ones(10))
    centre = 3.8  # (−10 + 8 + 40) / 10
    assert found.centre == pytest.approx(centre)
    assert found.phi == pytest.approx((5 * (2 + centre) ** 2 + 5 * (2 - centre) ** 2) / 10)
    assert found.z[9] > 3.09


def test_weights_and_refusals() -> None:
    """Nine groups at 0 with error 1 and one at 1 with error 1/3 (weight 9): centre 1/2."""
    found = funnel([0.0] * 9 + [1.0], [1.0] * 9 + [1 / 3])
    assert found.centre == pytest.approx(0.5)
    few = funnel(np.zeros(9), np.ones(9))
    assert few.reason == "too_few" and np.isnan(few.phi) and len(few.to_frame()) == 11
    with pytest.raises(ValueError, match="positive"):
        funnel(np.zeros(10), np.zeros(10))


def test_winsorising_takes_from_the_variance_what_consistent_gives_back() -> None:
    """Of normal z-scores 10 % put in at each end leave .35 + .33 of the variance; groups with φ = 3, fixed seed."""
    rng = np.random.default_rng(11)
    se = rng.uniform(0.5, 2.0, 4000)
    value = 50 + se * rng.normal(0, np.sqrt(3), 4000)
    plain, whole = funnel(value, se), funnel(value, se, consistent=True)
    assert plain.phi / whole.phi == pytest.approx(0.6787, abs=1e-4)
    outside = ((value < whole.inner[0]) | (value > whole.inner[1])).mean()
    assert whole.phi == pytest.approx(3, rel=0.06) and outside == pytest.approx(0.05, abs=0.01)
    assert funnel(value, se, winsorise=0.0, consistent=True).phi == funnel(value, se, winsorise=0.0).phi
