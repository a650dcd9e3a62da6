"""The nine cells, typed from PermenPANRB 6/2022 p. 99-100 and 102-103, and the wrong programs they refute."""

import itertools

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.score.rule_2022 import RULE, predikat

CELLS = {
    ("DIATAS EKSPEKTASI", "DIATAS EKSPEKTASI"): "SANGAT BAIK",
    ("DIATAS EKSPEKTASI", "SESUAI EKSPEKTASI"): "BAIK",
    ("DIATAS EKSPEKTASI", "DIBAWAH EKSPEKTASI"): "KURANG",
    ("SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI"): "BAIK",
    ("SESUAI EKSPEKTASI", "SESUAI EKSPEKTASI"): "BAIK",
    ("SESUAI EKSPEKTASI", "DIBAWAH EKSPEKTASI"): "KURANG",
    ("DIBAWAH EKSPEKTASI", "DIATAS EKSPEKTASI"): "BUTUH PERBAIKAN",
    ("DIBAWAH EKSPEKTASI", "SESUAI EKSPEKTASI"): "BUTUH PERBAIKAN",
    ("DIBAWAH EKSPEKTASI", "DIBAWAH EKSPEKTASI"): "SANGAT KURANG",
}
CODE = {"DIBAWAH EKSPEKTASI": 1.0, "SESUAI EKSPEKTASI": 2.0, "DIATAS EKSPEKTASI": 3.0}


@pytest.mark.parametrize(("cell", "expected"), CELLS.items())
def test_cell(cell, expected):
    hasil, perilaku = cell
    assert predikat([hasil], [perilaku])["predikat"].tolist() == [expected]
    assert predikat([CODE[hasil]], [CODE[perilaku]])["predikat"].tolist() == [expected]


def ours(hasil: int, perilaku: int) -> str:
    return predikat([hasil], [perilaku])["predikat"].iloc[0]


def test_not_the_maximum():
    # a public program takes max(a, b): results above, behaviour below would be Butuh Perbaikan
    assert ours(3, 1) == "KURANG"


def test_not_the_transposed_matrix():
    assert (ours(1, 3), ours(3, 1)) == ("BUTUH PERBAIKAN", "KURANG")
    assert (ours(1, 2), ours(2, 1)) == ("BUTUH PERBAIKAN", "KURANG")


def test_not_one_value_for_everybody():
    every = {ours(h, p) for h, p in itertools.product((1, 2, 3), repeat=2)}
    assert every == set(PREDIKAT)


def test_not_derived_from_a_sum():
    # 3 + 1 = 2 + 2 = 1 + 3, three different predikat
    assert {ours(3, 1), ours(2, 2), ours(1, 3)} == {"KURANG", "BAIK", "BUTUH PERBAIKAN"}


@pytest.mark.parametrize("pair", [(np.nan, 3.0), (3.0, np.nan), (np.nan, np.nan)])
def test_missing_rating_is_missing(pair):
    got = predikat([pair[0]], [pair[1]])
    assert got["predikat"].isna().all() and got["reason"].tolist() == ["rating_missing"]


@pytest.mark.parametrize("pair", [(0, 2), (4, 2), (2.5, 2), (2, 85)])
def test_unknown_rating_is_never_a_level(pair):
    got = predikat([float(pair[0])], [float(pair[1])])
    assert got["predikat"].isna().all() and got["reason"].tolist() == ["rating_unknown"]


def test_unknown_word():
    assert predikat(["BAGUS"], ["SESUAI EKSPEKTASI"])["reason"].tolist() == ["rating_unknown"]


def test_there_is_no_number_and_the_index_stays():
    hasil = pd.Series([3.0, 2.0], index=["x", "y"])
    got = RULE.predikat(pd.DataFrame({"hasil_kerja": hasil, "perilaku_kerja": hasil}))
    assert got.index.tolist() == ["x", "y"] and got["number"].isna().all()


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="alike"):
        predikat([1, 2], [1])


def test_empty():
    assert predikat([], []).empty
