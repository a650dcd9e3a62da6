"""PP 30/2019 Ps 41: weights, every band boundary on both sides, innovation, the unverified bands."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.score.rule_2019 import PROFILE, RULE, number, predikat


def one(x, innovation=False, profiles=()):
    got = predikat([x], [innovation], profiles=profiles).iloc[0]
    return (None if pd.isna(got["predikat"]) else got["predikat"]), got["reason"]


def test_weights():
    # Ps 41(1)-(4), by hand: .7*100+.3*90 = 97 ; .6*100+.4*90 = 96
    assert number([100, 100], [90, 90], [False, True]).tolist() == [97.0, 96.0]


def test_skp_counts_to_120_at_most():
    # .7*120 + .3*100 = 114, not .7*150 + .3*100 = 135
    assert number([150], [100], False).tolist() == [114.0]


@pytest.mark.parametrize(
    ("x", "innovation", "word"),
    [
        (120, True, "SANGAT BAIK"),
        (110, True, "SANGAT BAIK"),
        (109.99, True, "BAIK"),
        (120, False, "BAIK"),
        (115, False, "BAIK"),  # Baik reaches to 120: both conditions are needed for Sangat Baik
        (110, False, "BAIK"),
        (90, False, "BAIK"),
        (90, True, "BAIK"),
        (89.99, False, "BUTUH PERBAIKAN"),
        (89.5, False, "BUTUH PERBAIKAN"),  # the gap of programs with whole-number bands 76-89, 90-100
        (70, False, "BUTUH PERBAIKAN"),
    ],
)
def test_verified_bands(x, innovation, word):
    assert one(x, innovation) == (word, "")
    assert one(x, innovation, (PROFILE,)) == (word, "")


@pytest.mark.parametrize(
    ("x", "word"),
    [(69.99, "KURANG"), (50, "KURANG"), (49.99, "SANGAT KURANG"), (0, "SANGAT KURANG")],
)
def test_bands_below_70_only_with_the_profile(x, word):
    assert one(x) == (None, "band_unverified")
    assert one(x, profiles=("pp46_unverified",)) == (None, "band_unverified")
    assert one(x, profiles=(PROFILE,)) == (word, "")


def test_unknown_innovation_leaves_two_predikat_open():
    assert one(110, None) == (None, "innovation_unknown")
    assert one(109.9, None) == ("BAIK", "")
    assert predikat([115.0])["reason"].tolist() == ["innovation_unknown"]


@pytest.mark.parametrize("x", [-0.1, 120.1, 300])
def test_outside_the_scale(x):
    assert one(x) == (None, "number_outside_scale")


def test_missing_is_missing():
    assert one(np.nan) == (None, "number_missing")


def evidence(**values):
    base = {"number": np.nan, "hasil_kerja": np.nan, "perilaku_kerja": np.nan, "opinions": False}
    return pd.DataFrame([{**base, "innovation": False, **values}], index=["a"])


def test_rule_takes_the_recorded_number_before_the_weighted_one():
    assert RULE.predikat(evidence(number=95.0, hasil_kerja=60.0, perilaku_kerja=60.0))["number"].tolist() == [95.0]
    got = RULE.predikat(evidence(hasil_kerja=100.0, perilaku_kerja=70.0, opinions=True))
    assert got["number"].tolist() == [88.0] and got["predikat"].tolist() == ["BUTUH PERBAIKAN"]
    assert RULE.predikat(evidence(hasil_kerja=100.0))["reason"].tolist() == ["number_missing"]
