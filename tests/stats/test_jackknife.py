"""The jackknife of a mean is the textbook standard error; missing replicates give no interval."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats._arrays import codes, nested, vector
from kinerja_analysis.stats._jackknife import unit_jackknife


def test_jackknife_of_a_mean():
    x = np.array([2.0, 4.0, 4.0, 10.0])
    left = (x.sum() - x) / 3
    se, lower, upper = unit_jackknife(5.0, left)
    assert se == pytest.approx(x.std(ddof=1) / 2)
    # t(3), .975 quantile 3.182446 (printed tables)
    assert (lower, upper) == pytest.approx((5 - 3.182446 * se, 5 + 3.182446 * se), abs=1e-5)


@pytest.mark.parametrize(
    ("value", "left"), [(1.0, [1.0]), (1.0, [1.0, np.nan]), (math.nan, [1.0, 2.0]), (1.0, [])]
)
def test_no_interval_without_replicates(value, left):
    assert all(math.isnan(v) for v in unit_jackknife(value, np.array(left)))


def test_inputs_are_checked():
    assert vector([1, 2], "x").dtype == np.float64
    assert codes(np.array([0, 3], dtype=np.uint8), "c").tolist() == [0, 3]
    assert codes([], "c").size == 0
    for bad in ([[1.0]], [np.inf]):
        with pytest.raises(ValueError, match="x "):
            vector(bad, "x")
    for bad in ([[1]], [-1], [0.5]):
        with pytest.raises(ValueError, match="c "):
            codes(bad, "c")
    nested(np.array([1, 0, 1]), np.array([2, 2, 2]), ("team", "unit"))
    with pytest.raises(ValueError, match="each team must lie in one unit"):
        nested(np.array([1, 0, 1]), np.array([2, 2, 0]), ("team", "unit"))
