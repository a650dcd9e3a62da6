"""Achievement: the worked examples printed in PermenPANRB 8/2021, annex p. 92, the cap, and what is missing."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.tables import conform
from kinerja_analysis.score.achievement import achievement, indicators, percent
from kinerja_analysis.score.framework import load_framework


def table(rows, **constants):
    base = {"year": 2025, "period": "2025", "region": "01.01", "person": "p", "indicator": "a"}
    return conform("achievements", pd.DataFrame([{**base, **constants, **row} for row in rows]))


def one(target, realised, direction="higher"):
    got = percent([target], [realised], [direction]).iloc[0]
    return got["percent"], got["reason"]


def test_examples_of_the_regulation():
    # kondisi normal: realised 70 % of a target of 80 % = 87.5 %
    assert one(80, 70) == (pytest.approx(87.5), "")
    # kondisi khusus: 6.5 months where 7 were planned = 107 % (printed in whole per cent); 9 where 8 = 87.5 %
    assert one(7, 6.5, "lower") == (pytest.approx(107, abs=0.5), "")
    assert one(8, 9, "lower") == (pytest.approx(87.5), "")


@pytest.mark.parametrize(
    ("target", "realised", "direction", "expected"),
    [
        (100, 120, "higher", 120),
        (100, 121, "higher", 120),
        (100, 0, "higher", 0),
        (100, 80, "lower", 120),
        (100, 79, "lower", 120),
        (100, 0, "lower", 120),
        (100, 200, "lower", 0),
        (100, 250, "lower", 0),
        (100, 100, "lower", 100),
    ],
)
def test_cap_and_floor(target, realised, direction, expected):
    assert one(target, realised, direction) == (pytest.approx(expected), "")


@pytest.mark.parametrize(
    ("target", "realised", "direction", "reason"),
    [
        (np.nan, 5, "higher", "target_missing"),
        (5, np.nan, "higher", "realised_missing"),
        (0, 5, "higher", "target_not_positive"),
        (0, 0, "lower", "target_not_positive"),
        (-3, 5, "higher", "target_not_positive"),
        (5, -1, "higher", "realised_negative"),
        (5, 5, None, "direction_missing"),
        (5, 5, "naik", "direction_missing"),
    ],
)
def test_not_computable_is_missing_with_a_reason(target, realised, direction, reason):
    value, why = one(target, realised, direction)
    assert np.isnan(value) and why == reason


def test_weights_within_a_person():
    rows = [
        dict(indicator="a", target=10, realised=9, weight=0.75),
        dict(indicator="b", target=10, realised=5, weight=0.25),
    ]
    got = achievement(table(rows)).iloc[0]
    assert got["achievement"] == pytest.approx(0.75 * 90 + 0.25 * 50)


def test_missing_indicator_gives_its_weight_away_and_is_counted():
    rows = [
        dict(indicator="a", target=10, realised=9, weight=0.5),
        dict(indicator="b", target=10, realised=5, weight=0.3),
        dict(indicator="c", target=0, realised=5, weight=0.2),
    ]
    got = achievement(table(rows)).iloc[0]
    assert got["achievement"] == pytest.approx((0.5 * 90 + 0.3 * 50) / 0.8)  # as 0 it would be 60
    assert (got["achievement_n"], got["achievement_missing"], got["achievement_reason"]) == (2, 1, "")


def test_nothing_computable_is_missing_with_the_commonest_reason():
    rows = [dict(indicator=i, target=t, realised=1) for i, t in zip("abc", (0, np.nan, np.nan), strict=True)]
    got = achievement(table(rows)).iloc[0]
    assert np.isnan(got["achievement"]) and got["achievement_reason"] == "target_missing"
    assert (got["achievement_n"], got["achievement_missing"]) == (0, 3)


def test_only_weight_zero_left():
    rows = [
        dict(indicator="a", target=10, realised=9, weight=0.0),
        dict(indicator="b", target=0, realised=9, weight=1.0),
    ]
    got = achievement(table(rows)).iloc[0]
    assert np.isnan(got["achievement"]) and got["achievement_reason"] == "weight_zero"


def test_without_weights_indicators_count_alike_whatever_their_aspects():
    rows = [
        dict(indicator="a", aspect="kuantitas", target=10, realised=10),
        dict(indicator="a", aspect="kualitas", target=10, realised=8),
        dict(indicator="b", aspect="kuantitas", target=10, realised=6),
    ]
    # a: mean of 100 and 80 = 90; b: 60; together 75 (not 80, the mean of three rows)
    assert achievement(table(rows))["achievement"].tolist() == [pytest.approx(75)]


def test_one_missing_weight_makes_weights_equal():
    rows = [dict(indicator="a", target=10, realised=10, weight=0.9), dict(indicator="b", target=10, realised=5)]
    assert achievement(table(rows))["achievement"].tolist() == [pytest.approx(75)]


@pytest.mark.parametrize(
    ("aspect", "reason"),
    [("kuantitas", ""), ("kualitas", ""), (None, ""), ("waktu", "direction_missing"), ("biaya", "direction_missing")],
)
def test_direction_is_not_guessed_for_time_and_cost(aspect, reason):
    assert indicators(table([dict(aspect=aspect, target=10, realised=5)]))["reason"].tolist() == [reason]


def test_people_and_periods_apart():
    rows = [
        dict(person="q", target=10, realised=5),
        dict(person="p", target=10, realised=9),
        dict(person="p", period="2025-Q1", target=10, realised=7),
    ]
    got = achievement(table(rows))
    assert got[["period", "person", "achievement"]].values.tolist() == [
        ["2025", "p", 90.0],
        ["2025", "q", 50.0],
        ["2025-Q1", "p", 70.0],
    ]


def test_measured_by_others_only():
    rows = [
        dict(indicator="a", target=10, realised=10, measured_by="rater"),
        dict(indicator="b", target=10, realised=6, measured_by="other"),
        dict(indicator="c", person="q", target=10, realised=6, measured_by="rater"),
    ]
    got = achievement(table(rows), measured_by="other")
    assert got[["person", "achievement"]].values.tolist() == [["p", 60.0]]


def test_framework_supplies_direction_and_weight():
    framework = load_framework("salor")
    rows = [
        dict(indicator="Waktu rata-rata layanan", aspect="waktu", target=10, realised=12),
        dict(indicator="layanan_selesai", aspect="kuantitas", target=10, realised=10),
        dict(indicator="IKM", aspect="kualitas", target=80, realised=60),
    ]
    got = indicators(table(rows), {"01.01": framework})
    weights = {i.key: i.weight for i in framework.indicators}
    expected = [weights["waktu_layanan"], weights["layanan_selesai"], weights["kepuasan_masyarakat"]]
    assert got["direction"].tolist() == ["lower", "higher", "higher"]
    assert got["weight"].tolist() == pytest.approx(expected)
    assert got["percent"].tolist() == pytest.approx([80, 100, 75])
    # what the table says itself is not overruled
    own = table([dict(indicator="layanan_selesai", target=10, realised=12, direction="lower", weight=2.0)])
    assert indicators(own, {"01.01": framework})[["direction", "weight"]].values.tolist() == [["lower", 2.0]]


def test_input_is_not_changed_and_order_does_not_matter():
    rows = table([dict(indicator="b", target=10, realised=5), dict(indicator="a", target=10, realised=9)])
    before = rows.copy(deep=True)
    forward, backward = achievement(rows), achievement(rows.iloc[::-1])
    pd.testing.assert_frame_equal(rows, before)
    pd.testing.assert_frame_equal(forward, backward)


def test_empty_table():
    from kinerja_analysis.base.tables import empty

    assert achievement(empty("achievements")).empty
