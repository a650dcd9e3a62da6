"""Which regulation governs which period."""

from datetime import date

import pytest

from kinerja_analysis.score.rule import band, outcome, period_span
from kinerja_analysis.score.rules import RULES, rule_for


@pytest.mark.parametrize(
    ("period", "name"),
    [
        ("2015", "pp_46_2011"),
        ("2020", "pp_46_2011"),
        ("2020-12", "pp_46_2011"),
        ("2021-Q1", "pp_46_2011"),
        ("2021-Q2", "pp_46_2011"),
        ("2021-06", "pp_46_2011"),
        ("2021-07", "pp_30_2019"),
        ("2021-Q3", "pp_30_2019"),
        ("2021-Q4", "pp_30_2019"),
        ("2021-12", "pp_30_2019"),
        ("2021", "integration_2021"),
        ("2022-01", "permenpanrb_6_2022"),
        ("2022", "permenpanrb_6_2022"),
        ("2025-Q4", "permenpanrb_6_2022"),
    ],
)
def test_rule_by_period(period, name):
    assert rule_for(period).name == name


@pytest.mark.parametrize("period", ["", "25", "2025-Q5", "2025-13", "2025-00", "2025-1", "2025-S1", "2025-01-31"])
def test_not_a_period(period):
    with pytest.raises(ValueError, match="not a period"):
        rule_for(period)


def test_every_rule_is_frozen_and_cited():
    for rule in RULES:
        assert rule.citation
        with pytest.raises(AttributeError):
            rule.name = "other"


def test_spans():
    assert period_span("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert period_span("2025") == (date(2025, 1, 1), date(2025, 12, 31))
    assert period_span("2025-Q4") == (date(2025, 10, 1), date(2025, 12, 31))


def test_bands_have_no_gap():
    assert band([89.0, 89.5, 89.99, 90.0], [76, 90], list("abc")).tolist() == ["b", "b", "b", "c"]


@pytest.mark.parametrize(("lower", "names"), [([90, 76], list("abc")), ([76, 90], list("ab"))])
def test_bands_must_be_in_order_and_named(lower, names):
    with pytest.raises(ValueError, match="bands need"):
        band([1.0], lower, names)


def test_a_reason_blanks_the_predikat():
    got = outcome(range(2), ["BAIK", "BAIK"], ["", "number_missing"], [95.0, float("nan")])
    assert got["predikat"].fillna("").tolist() == ["BAIK", ""]
