"""The year 2021: half and half; bands only with the profile."""

import numpy as np
import pandas as pd

from kinerja_analysis.score.rule_2021 import PROFILE, RULE, number


def test_half_and_half():
    assert number([80.0, 100.0], [100.0, 110.0]).tolist() == [90.0, 105.0]


def test_half_a_year_is_not_the_year():
    assert np.isnan(number([80.0, np.nan], [np.nan, 90.0])).all()


def test_predikat_only_with_the_profile():
    facts = pd.DataFrame({"number": [92.0, np.nan], "innovation": [False, False]})
    off = RULE.predikat(facts, ("pp30_unverified", "pp46_unverified"))
    assert off["predikat"].isna().all()
    assert off["reason"].tolist() == ["band_unverified", "number_missing"]
    assert RULE.predikat(facts, (PROFILE,))["predikat"].tolist()[0] == "BAIK"


def test_the_profile_does_not_switch_on_the_other_unverified_bands():
    facts = pd.DataFrame({"number": [60.0], "innovation": [False]})
    assert RULE.predikat(facts, (PROFILE,))["reason"].tolist() == ["band_unverified"]
    assert RULE.predikat(facts, (PROFILE, "pp30_unverified"))["predikat"].tolist() == ["KURANG"]
