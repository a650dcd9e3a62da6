"""Source reliability and correlation within units: hand sums, known truth, coverage of the jackknife."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.reliability import source_correlation, source_reliability

SEVERITY, PAIR = 0.35, 0.8


def _peers(rng, units, ratees=8, raters=3, climate=0.5):
    """Peers of the same unit rate each other: ratee SD 1, rater SD .35, pair SD .8 (inference.md head)."""
    by = np.argsort(rng.random((units, ratees, ratees)) + 9 * np.eye(ratees), axis=2)[:, :, :raters]
    merit = rng.normal(size=(units, ratees))
    severity = SEVERITY * rng.normal(size=(units, ratees))
    score = merit[:, :, None] + PAIR * rng.normal(size=by.shape) + climate * rng.normal(size=(units, 1, 1))
    score = score + severity[np.arange(units)[:, None, None], by]
    unit = np.broadcast_to(np.arange(units)[:, None, None], by.shape)
    ratee = np.broadcast_to(np.arange(units * ratees).reshape(units, ratees, 1), by.shape)
    rows = [a.ravel() for a in (score, ratee, unit * ratees + by, unit)]
    return rows, merit, score.mean(axis=2)


TRUE_SINGLE = 1 / (1 + SEVERITY**2 + PAIR**2)


def test_by_hand():
    # one unit: ratee A 1 2, ratee B 4 5, four raters. Error ½·1 = .5; between ½·mean(9, 16, 4, 9) = 4.75.
    # Ratee means 1.5, 4.5: ½·9 = 4.5. So .8947 for one rating and 4.25/4.5 for the means.
    score = np.tile([1.0, 2.0, 4.0, 5.0], 6) + np.repeat(np.arange(6) * 10, 4)
    fit = source_reliability(score, np.arange(24) // 2, np.arange(24), np.arange(24) // 4)
    assert fit.var_rating == pytest.approx(4.75) and fit.var_ratee == pytest.approx(4.25)
    assert fit.single == pytest.approx(4.25 / 4.75) and fit.means == pytest.approx(4.25 / 4.5)
    assert fit.of_mean(2) == pytest.approx(2 * fit.single / (1 + fit.single))
    assert (fit.n_ratees, fit.n_units, fit.raters_per_ratee, fit.reason) == (12, 6, 2.0, "")


def test_without_error_there_is_no_range():
    merit = np.random.default_rng(7).normal(size=40)
    who, unit = np.repeat(np.arange(40), 3), np.repeat(np.arange(40) // 5, 3)
    fit = source_reliability(merit[who], who, np.arange(120), unit)
    assert (fit.single, fit.reason) == (1.0, "no_spread") and math.isnan(fit.single_upper)
    assert math.isnan(fit.means_lower)
    pair = source_correlation(merit, 3 - 2 * merit, np.arange(40) // 5)
    assert (pair.r, pair.reason) == (-1.0, "no_spread") and math.isnan(pair.lower) and math.isnan(pair.p)
    nearly = merit.copy()
    nearly[0] += 0.5  # without the unit of the first the two are the same
    assert source_correlation(merit, nearly, np.arange(40) // 5).reason == "no_spread"


def test_one_unit_alone_has_no_range():
    score = np.zeros(60)
    score[:6] = [1, 2, 3, 5, 2, 1]
    fit = source_reliability(score, np.arange(60) // 2, np.arange(60), np.arange(60) // 6)
    assert fit.reason == "one_unit" and math.isfinite(fit.single) and math.isnan(fit.single_lower)
    pair = source_correlation(score, score**2, np.arange(60) // 6)
    assert pair.reason == "one_unit" and 0 < pair.r < 1 and math.isnan(pair.upper)


def test_shared_raters_do_not_bias():
    rows, _, _ = _peers(np.random.default_rng(1), 3000)
    fit = source_reliability(*rows)
    assert fit.single == pytest.approx(TRUE_SINGLE, abs=0.012)
    assert fit.var_ratee == pytest.approx(1.0, abs=0.03)


def test_reliability_of_the_means_is_what_frees_a_correlation():
    # true r with merit² = reliability of the means within units, shared raters and all
    rows, merit, means = _peers(np.random.default_rng(2), 3000)
    inside = [v - v.mean(axis=1, keepdims=True) for v in (merit, means)]
    r = np.corrcoef(inside[0].ravel(), inside[1].ravel())[0, 1]
    assert source_reliability(*rows).means == pytest.approx(r**2, abs=0.012)


def test_what_a_unit_shares_is_no_reliability():
    rng = np.random.default_rng(3)
    rows, _, _ = _peers(rng, 400, climate=0.0)
    lifted = rows[0] + 20 * rng.normal(size=400)[rows[3]]
    plain, moved = source_reliability(*rows), source_reliability(lifted, *rows[1:])
    assert moved.single == pytest.approx(plain.single, abs=1e-8)


def test_pure_noise_has_none():
    rng = np.random.default_rng(4)
    rows, _, _ = _peers(rng, 200)
    fit = source_reliability(rng.normal(size=rows[0].size), *rows[1:])
    assert abs(fit.single) < 4 * fit.single_se and fit.single_lower < 0 < fit.single_upper


def test_replicates_equal_refitting():
    rows, _, _ = _peers(np.random.default_rng(5), 8)
    fit = source_reliability(*rows)
    for place, u in enumerate(fit.units):
        left = source_reliability(*(r[rows[3] != u] for r in rows))
        assert fit.replicates[place] == pytest.approx(left.single, abs=1e-10)
        assert fit.replicates_means[place] == pytest.approx(left.means, abs=1e-10)


@pytest.mark.parametrize("units", [8, 30])
def test_interval_covers(units):
    # 200 runs: 99.9 % band of misses at 5 % is .01 to .11
    missed = 0
    for seed in range(200):
        fit = source_reliability(*_peers(np.random.default_rng(seed), units)[0])
        missed += not fit.single_lower <= TRUE_SINGLE <= fit.single_upper
    assert missed / 200 < 0.11


def test_reliability_reasons():
    flat = source_reliability(np.ones(24), np.arange(24) // 2, np.arange(24), np.arange(24) // 4)
    assert flat.reason == "constant" and math.isnan(flat.single) and flat.var_rating == 0.0
    once = source_reliability([1, 2, 3], [0, 1, 2], [0, 1, 2], [0, 0, 0])
    assert once.reason == "empty" and math.isnan(once.single)
    none = np.array([], dtype=int)
    assert source_reliability([], none, none, none).reason == "empty"
    few = source_reliability([1, 2, 4, 5], [0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0])
    assert few.reason == "too_few_units" and few.single > 0.8 and math.isnan(few.single_se)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [1, np.nan, 2]}, "NaN"),
        ({"rater": [0, 0, 0]}, "two rows by one rater"),
        ({"unit": [0, 1, 1]}, "each ratee must lie in one unit"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"score": [1, 2, 3], "ratee": [0, 0, 1], "rater": [0, 1, 0], "unit": [0, 0, 0]}
    with pytest.raises(ValueError, match=message):
        source_reliability(**(good | change))


def test_correlation_by_hand():
    # unit 0: (−1, 0, 1) with (−1, 1, 0) → ½; unit 1 the same sums; Fisher z = artanh ½
    x, y = [1, 2, 3, 11, 12, 13], [1, 3, 2, 5, 7, 6]
    fit = source_correlation(x, y, [0, 0, 0, 1, 1, 1])
    assert fit.r == pytest.approx(0.5) and fit.z == pytest.approx(math.atanh(0.5))
    assert fit.reason == "too_few_units" and math.isnan(fit.lower)


def test_between_units_does_not_count():
    rng = np.random.default_rng(6)
    unit = np.repeat(np.arange(300), 8)
    climate = 5 * rng.normal(size=300)[unit]
    x, y = climate + rng.normal(size=2400), climate + rng.normal(size=2400)
    fit = source_correlation(x, y, unit)
    assert fit.lower < 0 < fit.upper and abs(fit.r) < 0.1


@pytest.mark.parametrize("units", [8, 40])
def test_correlation_interval_covers(units):
    missed = 0
    unit = np.repeat(np.arange(units), 8)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=unit.size)
        x, y = (common + rng.normal(size=unit.size) for _ in range(2))
        fit = source_correlation(x, y, unit)
        missed += not fit.lower <= 0.5 <= fit.upper
    assert missed / 200 < 0.11


def test_correlation_reasons():
    unit = np.repeat(np.arange(6), 2)
    flat = source_correlation(np.arange(12) // 2, np.arange(12), unit)
    assert flat.reason == "constant" and math.isnan(flat.r)
    assert source_correlation([1, 2], [2, 1], [0, 1]).reason == "empty"
    exact = source_correlation(np.arange(12.0), 2 * np.arange(12.0), unit)
    assert exact.r == pytest.approx(1.0) and math.isnan(exact.lower)


def test_frames():
    rows, _, means = _peers(np.random.default_rng(7), 10)
    frame = source_reliability(*rows).to_frame()
    assert frame["quantity"].tolist()[:2] == ["single", "means"]
    unit = np.repeat(np.arange(10), 8)
    assert source_correlation(means.ravel(), means.ravel() + unit, unit).to_frame().shape == (2, 6)


def test_means_that_are_all_alike_have_no_reliability():
    """Two raters turn each other's order in every unit: one rating −1, and nothing to divide for the means."""
    score = np.tile([1.0, 5.0, 5.0, 1.0], 6)
    fit = source_reliability(score, np.arange(24) // 2, np.arange(24), np.arange(24) // 4)
    assert fit.single == pytest.approx(-1.0) and np.isnan([fit.means, fit.means_lower, fit.means_upper]).all()
