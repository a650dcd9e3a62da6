"""Labels: variants as listed in PermenPANRB 6/2022, e-Kinerja exports and public programs."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.labels import (
    org_rating,
    predikat,
    rating,
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("DIATAS EKSPEKTASI", "DIATAS EKSPEKTASI"),
        ("di atas ekspektasi", "DIATAS EKSPEKTASI"),
        ("DIATAS", "DIATAS EKSPEKTASI"),
        ("Di\xa0Atas  Ekspektasi ", "DIATAS EKSPEKTASI"),
        ("Sesuai Ekspektasi", "SESUAI EKSPEKTASI"),
        ("sesuai", "SESUAI EKSPEKTASI"),
        ("Dibawah Ekspektasi", "DIBAWAH EKSPEKTASI"),
    ],
)
def test_rating_variants(text, word):
    assert rating(text) == (word, None)


@pytest.mark.parametrize(
    ("read", "text", "word"),
    [
        (rating, "di bawah ekspetasi", "DIBAWAH EKSPEKTASI"),
        (predikat, "BAIK*", "BAIK"),
        (predikat, "Sangat Baik;", "SANGAT BAIK"),
        (org_rating, "Istimewah", "ISTIMEWA"),
    ],
)
def test_slips_and_marks_are_told(read, text, word):
    assert read(text) == (word, "near_label")


@pytest.mark.parametrize(
    ("text", "word", "warning"),
    [
        ("Sangat Baik", "SANGAT BAIK", None),
        ("SB", "SANGAT BAIK", None),
        ("baik", "BAIK", None),
        ("BUTUH PERBAIKAN", "BUTUH PERBAIKAN", None),
        ("CUKUP", "BUTUH PERBAIKAN", None),
        ("Butuh Perbaikan/Cukup", "BUTUH PERBAIKAN", None),
        ("KURANG/MISCONDUCT", "KURANG", None),
        ("KURANG (MISCONDUCT)", "KURANG", None),
        ("Kurang", "KURANG", None),
        ("sangat kurang", "SANGAT KURANG", None),
        ("ISTIMEWA", "SANGAT BAIK", "istimewa_for_employee"),
        ("Istimewah", "SANGAT BAIK", "istimewa_for_employee"),
        ("Amat Baik", "SANGAT BAIK", "legacy_label"),
        ("Buruk", "SANGAT KURANG", "legacy_label"),
    ],
)
def test_predikat_variants(text, word, warning):
    assert predikat(text) == (word, warning)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Istimewa", "ISTIMEWA"),
        ("Sangat Baik", "ISTIMEWA"),
        ("BAIK", "BAIK"),
        ("Cukup", "BUTUH PERBAIKAN"),
        ("Kurang", "KURANG"),
        ("Sangat Kurang", "SANGAT KURANG"),
    ],
)
def test_organisation_variants(text, word):
    assert org_rating(text) == (word, None)


@pytest.mark.parametrize("read", [rating, predikat, org_rating])
@pytest.mark.parametrize("blank", ["", " ", "-", "–", None, float("nan"), pd.NA, pd.NaT, np.nan])
def test_blank_is_not_rated_and_no_warning(read, blank):
    assert read(blank) == (None, None)


@pytest.mark.parametrize("read", [rating, predikat, org_rating])
@pytest.mark.parametrize("text", ["Perlu Pembinaan", "bagus", "95", "3,5", "sangat sangat baik"])
def test_unknown_label_is_missing_with_a_warning_never_a_level(read, text):
    word, warning = read(text)
    assert word is None
    assert warning in ("unknown_label", "bare_integer")


@pytest.mark.parametrize("number", [1, 1.0, "1", " 1 ", "1.0", "1,0", np.int64(1), np.float64(1)])
def test_integer_needs_a_declared_direction(number):
    assert rating(number) == (None, "bare_integer")
    assert predikat(number) == (None, "bare_integer")
    # SIASN: rating 1 = DIATAS, quadrant 1 = SB; other programs count upward
    assert rating(number, codes="best_first") == ("DIATAS EKSPEKTASI", None)
    assert predikat(number, codes="best_first") == ("SANGAT BAIK", None)
    assert rating(number, codes="worst_first") == ("DIBAWAH EKSPEKTASI", None)
    assert predikat(number, codes="worst_first") == ("SANGAT KURANG", None)


def test_siasn_quadrant_codes():
    read = [predikat(code, codes="best_first")[0] for code in range(1, 6)]
    assert read == ["SANGAT BAIK", "BAIK", "BUTUH PERBAIKAN", "KURANG", "SANGAT KURANG"]


@pytest.mark.parametrize("code", [0, 4, 99])
def test_code_outside_the_levels(code):
    assert rating(code, codes="best_first") == (None, "code_out_of_range")


def test_true_is_not_the_code_one():
    assert rating(True, codes="best_first") == (None, "unknown_label")


def test_a_sign_without_letters_is_unknown_unless_it_is_a_dash():
    assert rating("??") == (None, "unknown_label") and predikat(".") == (None, "unknown_label")
    assert rating("-") == (None, None) == predikat(" ")
