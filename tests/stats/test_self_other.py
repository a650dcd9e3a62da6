"""Self minus other: hand values, the identity d_z = d/√(2(1 − r)), expected shares, coverage."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.self_other import self_other


def _pairs(rng, units, *, shift=0.3, rho=0.22, size=8, climate=0.0):
    unit = np.repeat(np.arange(units), size)
    own = rng.normal(size=unit.size)
    other = rho * own + math.sqrt(1 - rho**2) * rng.normal(size=unit.size)
    return own + shift + climate * rng.normal(size=units)[unit], other, unit


def test_by_hand():
    # self 4 3 4 5 (variance 2/3), other 3 3 4 4 (variance 1/3), differences 1 0 0 1 (variance 1/3)
    fit = self_other([4, 3, 4, 5], [3, 3, 4, 4], [0, 0, 1, 1])
    assert fit.difference == pytest.approx(0.5)
    assert fit.d_av == pytest.approx(0.5 / math.sqrt(0.5))
    assert fit.d_z == pytest.approx(0.5 / math.sqrt(1 / 3))
    assert fit.r == pytest.approx((1 / 3) / math.sqrt(2 / 9))
    assert fit.shares.tolist() == [0.5, 0.5, 0.0]
    assert (fit.sd_self, fit.sd_other) == pytest.approx((math.sqrt(2 / 3), math.sqrt(1 / 3)))
    assert fit.reason == "too_few_units" and np.isnan(fit.lower).all()


def test_published_d_is_not_d_z():
    # O39: d = .32 at r = .22 is d_z = .256 (inference.md trap 13)
    fit = self_other(*_pairs(np.random.default_rng(1), 8000, shift=0.32))
    assert fit.d_av == pytest.approx(0.32, abs=0.02) and fit.r == pytest.approx(0.22, abs=0.02)
    assert fit.d_z == pytest.approx(0.256, abs=0.015)


def test_expected_shares_are_regression_to_the_mean():
    # unit variances, reliabilities .5: difference N(0, 2(1 − .5)) = N(0, 1), beyond ±.5: 1 − Φ(.5) = .3085
    rng = np.random.default_rng(2)
    merit, unit = rng.normal(size=40000) * math.sqrt(0.5), np.arange(40000) // 8
    own, other = (merit + math.sqrt(0.5) * rng.normal(size=40000) for _ in range(2))
    fit = self_other(own, other, unit, reliability=(0.5, 0.5))
    assert fit.expected == pytest.approx([0.3085, 0.3829, 0.3085], abs=0.01)
    assert fit.shares == pytest.approx(fit.expected, abs=0.015)


def test_perfect_reliabilities_expect_full_agreement():
    own, other, unit = _pairs(np.random.default_rng(3), 20)
    sd = own.std() / other.std()
    fit = self_other(own, other * sd, unit, reliability=(1.0, 1.0))
    assert fit.expected == pytest.approx([0, 1, 0], abs=1e-6)
    assert np.isnan(self_other(own, other, unit).expected).all()


def test_interval_of_the_difference_is_the_cluster_interval():
    # equal clusters: the jackknife of a mean is the t interval over the unit means
    own, other, unit = _pairs(np.random.default_rng(4), 12, climate=0.5)
    fit = self_other(own, other, unit)
    means = (own - other).reshape(12, 8).mean(axis=1)
    assert fit.se[0] == pytest.approx(means.std(ddof=1) / math.sqrt(12), rel=1e-9)
    # t(11), .975 quantile 2.200985 (printed tables)
    assert fit.upper[0] == pytest.approx(fit.difference + 2.200985 * fit.se[0], abs=1e-6)


def test_an_offset_costs_no_digits():
    own, other, unit = _pairs(np.random.default_rng(5), 12)
    far = self_other(own + 1e8, other + 1e8, unit)
    assert far.d_av == pytest.approx(self_other(own, other, unit).d_av, abs=1e-6)


@pytest.mark.parametrize("units", [8, 40])
def test_intervals_cover(units):
    # 200 runs: 99.9 % band of misses at 5 % is up to .11; a climate in self ratings makes clusters matter
    climate, rho = 0.4, 0.22
    own_sd = math.sqrt(1 + climate**2)
    spread = own_sd**2 + 1
    truth = (0.3, 0.3 / math.sqrt(spread / 2), 0.3 / math.sqrt(spread - 2 * rho), rho / own_sd)
    missed = np.zeros(4)
    for seed in range(200):
        fit = self_other(*_pairs(np.random.default_rng(seed), units, climate=climate))
        missed += [not low <= t <= high for low, t, high in zip(fit.lower, truth, fit.upper, strict=True)]
    assert (missed / 200 < 0.11).all()


def test_reasons():
    none = np.array([], dtype=int)
    assert self_other([], [], none).reason == "empty"
    unit = np.arange(20) // 2
    flat = self_other(np.full(20, 3.0), np.arange(20) % 3, unit)
    assert flat.reason == "constant" and math.isnan(flat.r) and math.isfinite(flat.d_av)
    same = self_other(np.full(20, 3.0), np.full(20, 3.0), unit)
    assert same.reason == "constant" and same.difference == 0.0
    assert np.isnan([same.d_av, same.d_z, same.r]).all() and np.isnan(same.shares).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"self_score": [1, np.nan]}, "NaN"),
        ({"other_score": [1]}, "expected 2"),
        ({"reliability": (0.5, 1.5)}, "reliabilities"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"self_score": [1, 2], "other_score": [2, 1], "unit": [0, 1]}
    with pytest.raises(ValueError, match=message):
        self_other(**(good | change))


def test_frame():
    frame = self_other(*_pairs(np.random.default_rng(6), 10)).to_frame()
    assert frame["quantity"].tolist() == [
        "difference",
        "d_av",
        "d_z",
        "r",
        *["share"] * 3,
        *["expected_share"] * 3,
    ]
