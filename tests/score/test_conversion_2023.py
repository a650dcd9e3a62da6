"""Peraturan BKN 3/2023: the worked examples of the BKN slides and the rounding met in public programs."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.score.conversion_2023 import COEFFICIENT, PERCENT, coefficient, credit


def one(word, yearly, months=12):
    return credit(pd.Series([word]), yearly, months)[0]


def test_published_examples():
    assert one("BAIK", 12.5, 2) == 2.08  # 2/12 x 100 % x 12.5
    assert one("SANGAT BAIK", 12.5) == 18.75  # 150 % x 12.5
    assert one("BUTUH PERBAIKAN", coefficient("ahli madya")) == 28.13  # 28.125, half upward


def test_percentages():
    assert PERCENT == {"SANGAT BAIK": 150, "BAIK": 100, "BUTUH PERBAIKAN": 75, "KURANG": 50, "SANGAT KURANG": 25}


@pytest.mark.parametrize(
    ("level", "yearly"),
    [("Pemula", 3.75), ("Terampil", 5), ("Mahir", 12.5), ("Penyelia", 25), ("Ahli Pertama", 12.5),
     ("Ahli Muda", 25), ("Ahli  Madya", 37.5), ("Ahli Utama", 50)],
)  # fmt: skip
def test_coefficients(level, yearly):
    assert coefficient(level) == yearly
    assert one("BAIK", coefficient(level)) == yearly


def test_unknown_predikat_is_missing_never_zero():
    got = credit(pd.Series(["BAGUS", None, "BAIK"]), 12.5)
    assert np.isnan(got[:2]).all() and got[2] == 12.5


def test_missing_coefficient_is_missing():
    assert np.isnan(credit(pd.Series(["BAIK"]), pd.Series([np.nan]))[0])


def test_halves_go_upward_exactly():
    # 75 % x 3.75 x 2/12 = 0.46875 ; 25 % x 12.5 x 6/12 = 1.5625 ; 25 % x 3.75 x 8/12 = 0.625 -> 0.63
    assert one("BUTUH PERBAIKAN", 3.75, 2) == 0.47
    assert one("SANGAT KURANG", 12.5, 6) == 1.56
    assert one("SANGAT KURANG", 3.75, 8) == 0.63


@pytest.mark.parametrize("months", [0, 13, 1.5, np.nan])
def test_months_outside_a_year(months):
    with pytest.raises(ValueError, match="months"):
        one("BAIK", 12.5, months)


@pytest.mark.parametrize("yearly", [0, -5, 12.34567])
def test_malformed_coefficient(yearly):
    with pytest.raises(ValueError, match="coefficients"):
        one("BAIK", yearly)


def test_level_that_is_none():
    with pytest.raises(ValueError, match="functional post"):
        coefficient("administrator")
    assert len(COEFFICIENT) == 8
