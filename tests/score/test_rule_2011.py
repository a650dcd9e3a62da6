"""PP 46/2011: 60/40, bands 91/76/61/51 [secondary] with [unverified] names, off unless switched on."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.score.rule_2011 import PROFILE, RULE, number, predikat


def test_weights():
    assert number([80], [90]).tolist() == [84.0]  # .6*80 + .4*90


@pytest.mark.parametrize(
    ("x", "word"),
    [
        (100, "SANGAT BAIK"),
        (91, "SANGAT BAIK"),
        (90.99, "BAIK"),
        (90.5, "BAIK"),  # between the printed bands 76-90 and 91-100
        (76, "BAIK"),
        (75.99, "BUTUH PERBAIKAN"),
        (75.5, "BUTUH PERBAIKAN"),
        (61, "BUTUH PERBAIKAN"),
        (60.99, "KURANG"),
        (60.5, "KURANG"),
        (51, "KURANG"),
        (50.99, "SANGAT KURANG"),
        (50.5, "SANGAT KURANG"),
        (50, "SANGAT KURANG"),
        (0, "SANGAT KURANG"),
    ],
)
def test_bands_only_with_the_profile(x, word):
    assert predikat([x], profiles=(PROFILE,))["predikat"].tolist() == [word]
    off = predikat([x], profiles=("pp30_unverified",))
    assert off["predikat"].isna().all() and off["reason"].tolist() == ["band_unverified"]
    assert off["number"].tolist() == [x]


@pytest.mark.parametrize(
    ("x", "reason"), [(np.nan, "number_missing"), (-1, "number_outside_scale"), (100.5, "number_outside_scale")]
)
def test_reasons(x, reason):
    got = predikat([x], profiles=(PROFILE,))
    assert got["predikat"].isna().all() and got["reason"].tolist() == [reason]


def test_rule_weighs_where_nothing_is_recorded():
    facts = pd.DataFrame({"number": [np.nan, 70.0], "hasil_kerja": [80.0, 80.0], "perilaku_kerja": [90.0, 90.0]})
    assert RULE.predikat(facts)["number"].tolist() == [84.0, 70.0]
