"""Source means and their combination, by hand; a missing source is re-weighted, never counted as 0."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.tables import conform, empty
from kinerja_analysis.score.framework import load_framework, parse_framework
from kinerja_analysis.score.sources import combined, prepare, rescale, source_means

REGION = "01.01"
FRAMEWORK = parse_framework(
    """
name = "dua"
label = { id = "Dua", en = "Two" }
note = { id = "Uji", en = "Test" }
status = "agency"
period = "year"
sources = { supervisor = 0.5, peer = 0.3, subordinate = 0.2, self = 0.0 }
[[criteria]]
key = "a"
label = { id = "A", en = "A" }
weight = 0.75
scale = [0, 100]
[[criteria]]
key = "b"
label = { id = "B", en = "B" }
weight = 0.25
scale = [0, 100]
sources = ["supervisor", "peer", "self"]
"""
)


def ratings(rows):
    """rows: (ratee, rater, source, criterion, score) on 0-100."""
    names = ["ratee", "rater", "source", "criterion", "score"]
    frame = pd.DataFrame(rows, columns=names)
    return conform("ratings", frame.assign(year=2025, period="2025", region=REGION, scale_min=0.0, scale_max=100.0))


def means(rows, frameworks=None):
    return source_means(prepare(ratings(rows), frameworks or {})).set_index("person")


def score(rows, override=None):
    frameworks = {REGION: FRAMEWORK}
    return combined(prepare(ratings(rows), frameworks), frameworks, override).set_index("person")


def test_each_row_by_its_own_scale():
    rows = pd.DataFrame({"score": [1.0, 3, 7.5, 60], "scale_min": [1.0, 1, 0, 0], "scale_max": [5.0, 5, 10, 120]})
    assert rescale(rows).tolist() == [0, 50, 75, 50]


@pytest.mark.parametrize("row", [(3, 5, 1), (3, 3, 3), (0.5, 1, 5), (6, 1, 5)])
def test_malformed_scale_or_score(row):
    with pytest.raises(ValueError, match="scale"):
        rescale(pd.DataFrame([row], columns=["score", "scale_min", "scale_max"]))


def test_criteria_inside_the_pair_first_then_raters():
    # peer q rates one criterion only: (90 + 30)/2 = 60 and 20, together 40; all rows at once would give 46.67
    rows = [("p", "r", "peer", "a", 90), ("p", "r", "peer", "b", 30), ("p", "q", "peer", "a", 20)]
    got = means(rows).loc["p"]
    assert (got["mean_peer"], got["n_peer"], got["n_supervisor"]) == (40, 2, 0)
    assert np.isnan(got["mean_supervisor"])


def test_criterion_weights_inside_the_pair():
    rows = [("p", "s", "supervisor", "a", 80), ("p", "s", "supervisor", "b", 40)]
    assert means(rows, {REGION: FRAMEWORK}).loc["p", "mean_supervisor"] == 0.75 * 80 + 0.25 * 40
    # one criterion left: it carries the whole weight
    assert means(rows[1:], {REGION: FRAMEWORK}).loc["p", "mean_supervisor"] == 40


def test_criteria_outside_the_framework_are_left_out_and_counted():
    rows = [("p", "s", "supervisor", "A", 80), ("p", "s", "supervisor", "lain", 0), ("q", "s", "supervisor", "lain", 9)]
    got = means(rows, {REGION: FRAMEWORK})
    assert got["mean_supervisor"].tolist()[0] == 80 and np.isnan(got.loc["q", "mean_supervisor"])
    assert got["left_out"].tolist() == [1, 1] and got["n_supervisor"].tolist() == [1, 0]


def test_ratings_without_rater_count_each():
    rows = [("p", None, "other", "a", x) for x in (10, 20, 60)]
    got = means(rows).loc["p"]
    assert (got["mean_other"], got["n_other"]) == (30, 3)


def test_missing_scores_are_no_ratings():
    rows = [("p", "r", "peer", "a", np.nan), ("p", "q", "peer", "a", 50)]
    assert means(rows).loc["p", ["mean_peer", "n_peer"]].tolist() == [50, 1]


def test_combined_with_everything_there():
    rows = [("p", "s", "supervisor", c, x) for c, x in (("a", 80), ("b", 60))]
    rows += [("p", "r", "peer", "a", 70), ("p", "q", "peer", "a", 50), ("p", "r", "peer", "b", 20)]
    rows += [("p", "u", "subordinate", "a", 100), ("p", "p", "self", "a", 100)]
    got = score(rows).loc["p"]
    a = 0.5 * 80 + 0.3 * 60 + 0.2 * 100
    b = (0.5 * 60 + 0.3 * 20) / 0.8
    assert got["combined"] == pytest.approx(0.75 * a + 0.25 * b)
    assert got["combined_weight"] == pytest.approx(1)


def test_missing_source_gives_its_weight_away_and_never_counts_as_zero():
    rows = [("p", "s", "supervisor", "a", 80), ("p", "u", "subordinate", "a", 40)]
    got = score(rows).loc["p"]
    # peers missing: (.5*80 + .2*40)/.7 = 68.57; counted as 0 it would be 48
    assert got["combined"] == pytest.approx(48 / 0.7)
    # criterion b (weight .25) has nothing, criterion a has .7 of its sources
    assert got["combined_weight"] == pytest.approx(0.75 * 0.7)


def test_self_is_shown_and_not_counted():
    rows = [("p", "s", "supervisor", "a", 80), ("p", "p", "self", "a", 100), ("q", "q", "self", "a", 100)]
    got = score(rows)
    assert got["combined"].tolist() == [80]  # q has self only: no combined score
    assert means(rows, {REGION: FRAMEWORK}).loc["q", "mean_self"] == 100


def test_a_source_that_may_not_rate_a_criterion_does_not_count_there():
    rows = [("p", "s", "supervisor", "b", 60), ("p", "u", "subordinate", "b", 0)]
    assert score(rows).loc["p", "combined"] == 60


def test_weights_of_the_configuration_replace_the_frameworks():
    rows = [("p", "s", "supervisor", "a", 80), ("p", "p", "self", "a", 100)]
    assert score(rows, {"supervisor": 1.0, "self": 1.0}).loc["p", "combined"] == 90


def test_without_declared_weights_sources_stand_side_by_side():
    framework = {REGION: load_framework("umum_berakhlak")}
    prepared = prepare(ratings([("p", "s", "supervisor", "loyal", 80)]), framework)
    assert combined(prepared, framework).empty
    assert combined(prepared, {}).empty


def test_empty_and_row_order():
    assert source_means(prepare(empty("ratings"), {})).empty
    rows = [("p", "s", "supervisor", "a", 80), ("p", "r", "peer", "b", 30), ("q", "r", "peer", "a", 20)]
    pd.testing.assert_frame_equal(means(rows), means(rows[::-1]))
    pd.testing.assert_frame_equal(score(rows), score(rows[::-1]))
