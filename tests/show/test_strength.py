"""The rule of strength: whole range beyond, direction only, cannot be determined, not calculable."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from kinerja_analysis.base.results import Estimate, Finding, Status
from kinerja_analysis.show.strength import band, no_difference, strength

RATIO = {"measure": "odds_ratio", "unit": "odds_ratio", "threshold": 1.5, "value": 1.0}


@pytest.mark.parametrize(
    ("status", "lower", "value", "upper", "expected"),
    [
        ("FLAGGED", 1.6, 2.0, 2.4, 3),  # beyond 1.5
        ("FLAGGED", 0.4, 0.5, 0.6, 3),  # beyond 1/1.5, the other way
        ("FLAGGED", 1.2, 1.6, 2.1, 2),  # 1 excluded, 1.5 inside
        ("CLEAR", 1.1, 1.3, 1.6, 2),  # direction only
        ("CLEAR", 0.58, 0.81, 1.13, 1),  # fits no difference and one that matters
        ("CLEAR", 0.9, 1.0, 1.2, 3),  # shown to be small
        ("NOT_APPLICABLE", 1.6, 2.0, 2.4, 0),
        ("INSUFFICIENT", 1.6, 2.0, 2.4, 0),
    ],
)
def test_odds_ratios(lab: SimpleNamespace, status, lower, value, upper, expected) -> None:
    f = lab.finding("x.y", status, **(RATIO | {"value": value, "lower": lower, "upper": upper}))
    assert strength(f) == expected


def test_an_untested_assumption_is_never_strong(lab: SimpleNamespace) -> None:
    far = {"value": 11.4, "lower": 7.0, "upper": 15.8, "unit": "points", "threshold": 2.5}
    assert strength(lab.finding("x.y", "FLAGGED", "within_ratee", "rater", "R", **far)) == 2
    assert strength(lab.finding("x.y", "FLAGGED", "difference", **far)) == 3
    assert strength(lab.finding("rater_profile.lenient", "FLAGGED", "pattern", "rater", "R", **far)) == 2
    assert strength(lab.finding("rater_profile.halo", "FLAGGED", "pattern", "rater", "R", **far)) == 3
    assert strength(lab.finding("decision_impact.more", "FLAGGED", "changed_excess", **far)) == 2
    assert strength(lab.finding("decision_impact.official", "FLAGGED", "changed_official", **far)) == 2


def test_measures_without_a_value_of_no_difference(lab: SimpleNamespace) -> None:
    low = {"value": 0.16, "lower": 0.14, "upper": 0.19, "unit": "share", "threshold": 0.2}
    assert strength(lab.finding("x.y", "FLAGGED", "separated_pairs", **low)) == 3
    assert strength(lab.finding("x.y", "CLEAR", "separated_pairs", **(low | {"upper": 0.25}))) == 1
    full = lab.finding("x.y", "FLAGGED", "guide", value=0.9, unit="share", threshold=0.0)
    assert strength(full) == 3, "a full count needs no range"


def test_an_all_clear_is_strong_on_the_good_side_only(lab: SimpleNamespace) -> None:
    """Of pairs few are flagged, of changed predikat many: which side of the threshold is good follows the measure."""
    high, low = ({"value": v, "lower": v - 0.1, "upper": v + 0.1, "unit": "share", "threshold": 0.2}
                 for v in (0.44, 0.05))  # fmt: skip
    assert strength(lab.finding("x.y", "CLEAR", "separated_pairs", **high)) == 3
    assert strength(lab.finding("x.y", "CLEAR", "separated_pairs", **low)) == 2
    assert strength(lab.finding("x.y", "CLEAR", "clustering", **low)) == 3
    assert strength(lab.finding("x.y", "CLEAR", "clustering", **high)) == 2


def test_nothing_calculable_has_no_dots(lab: SimpleNamespace) -> None:
    assert strength(lab.finding("x.y", "CLEAR", "odds_ratio", unit="odds_ratio")) == 0


def test_band_is_symmetric_on_its_scale(lab: SimpleNamespace) -> None:
    assert band(lab.finding("x.y", **RATIO)) == pytest.approx((1 / 1.5, 1.5))
    points = lab.finding("x.y", measure="within_ratee", unit="points", threshold=2.5, value=0.0)
    assert band(points) == (-2.5, 2.5)
    assert (no_difference(lab.finding("x.y", **RATIO)), no_difference(points)) == (1.0, 0.0)
    slope = lab.finding("x.y", measure="profile_slope", unit="ratio", threshold=0.5, value=0.2)
    assert all(math.isnan(v) for v in band(slope)), "a slope has no zone around no difference"


def test_a_calm_answer_without_a_range_is_strong_only_where_all_was_counted() -> None:
    tested = Estimate(0.0, n=94, unit="count", method="minimal_effect_bh")
    counted = Estimate(0.0, n=94, unit="share", method="full_count")
    assert strength(Finding("x.y", Status.CLEAR, "profile_slope", "region", estimate=tested)) == 1
    assert strength(Finding("x.y", Status.CLEAR, "mismatches", "region", estimate=counted)) == 3
