"""Order supported by several comparators: the minimum, its range, freed evidence, reliability of means; by hand."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats import (
    ordered_pairs,
    reliability_of_means,
    source_reliability,
    supported_order,
    without_groups,
)

TEAM = np.arange(40) // 2
SCORE = np.tile([0.0, 1.0], 20)


def turned(teams: int) -> np.ndarray:
    """Evidence that puts the first teams in the opposite order."""
    return np.where(teams > TEAM, 1 - SCORE, SCORE)


def test_the_minimum_counts_and_its_replicates_are_joint():
    """Net orders 10/20 and 12/20, each with its own weak teams: the minimum without a team by hand."""
    a, b = turned(5), np.where(TEAM > 15, 1 - SCORE, SCORE)
    found = supported_order(SCORE, [a, b], TEAM, reliability=[1.0, 1.0])
    assert (found.weakest, found.index) == (0, pytest.approx(50.0))
    one, other = (ordered_pairs(SCORE, x, TEAM).free_replicates for x in (a, b))
    assert found.replicates == pytest.approx(np.minimum(one, other))
    left = np.array([11 / 19] * 5 + [9 / 19] * 15) * 100
    assert one == pytest.approx(left)
    se = math.sqrt(19 / 20 * ((found.replicates - found.replicates.mean()) ** 2).sum())
    assert found.index_se == pytest.approx(se)
    assert found.index_upper - found.index == pytest.approx(2.093024 * se, rel=1e-5)


def test_an_inflated_comparator_cannot_help():
    weak = supported_order(SCORE, [turned(5)], TEAM, reliability=[0.6])
    both = supported_order(SCORE, [turned(5), SCORE], TEAM, reliability=[0.6, 0.6])
    assert both.index == weak.index and both.n_capped == 1


def test_a_comparator_that_orders_nobody_is_zero_and_not_left_out():
    found = supported_order(SCORE, [SCORE, np.ones(40)], TEAM, reliability=[1.0, 1.0])
    assert (found.index, found.weakest, found.reason) == (0.0, 1, "constant")
    assert math.isnan(found.index_lower)
    below = supported_order(SCORE, [1 - SCORE, np.ones(40)], TEAM, reliability=[1.0, 1.0])
    assert (below.index, below.weakest, below.reason) == (-100.0, 0, "")
    assert supported_order(np.ones(40), [SCORE], TEAM, reliability=[1.0]).reason == "constant"


def test_members_without_evidence_and_too_few_units():
    some = np.where(TEAM < 16, SCORE, np.nan)
    assert supported_order(SCORE, [some], TEAM, reliability=[1.0]).by[0].n_pairs == 16
    few = np.where(TEAM < 14, SCORE, np.nan)
    assert supported_order(SCORE, [few, SCORE], TEAM, reliability=[1.0, 1.0]).reason == "too_few_units"
    assert supported_order(SCORE, [np.full(40, np.nan)], TEAM, reliability=[1.0]).reason == "empty"


def test_the_reliability_without_a_unit_widens_the_range():
    """Each replicate is corrected by its own reliability: r = .5, teams 0 to 4 turned; without team 0 r = 11/19."""
    left = np.full(20, 0.6)
    left[0] = 0.9
    found = ordered_pairs(SCORE, turned(5), TEAM, reliability=0.6, reliability_left=left)
    r = 11 / 19
    assert found.replicates[0] == pytest.approx(100 * r * math.asin(r / math.sqrt(0.9)) / math.asin(r))
    assert found.rho == pytest.approx(0.5 / math.sqrt(0.6))
    assert found.rho_replicates[0] == pytest.approx(r / math.sqrt(0.9))
    with pytest.raises(ValueError, match="reliability_left"):
        ordered_pairs(SCORE, turned(5), TEAM, reliability=0.6, reliability_left=np.zeros(20))


def test_reliability_of_means_is_that_of_the_source_by_team():
    g = np.random.default_rng(4)
    ratee = np.repeat(np.arange(120), 3)
    rater = (ratee // 6) * 6 + (ratee + np.tile([1, 2, 3], 120)) % 6
    score = g.normal(size=120)[ratee] + g.normal(size=360)
    value, left = reliability_of_means(score, ratee, rater, ratee // 6, ratee // 12)
    assert value == pytest.approx(source_reliability(score, ratee, rater, ratee // 6).means)
    keep = ratee // 12 != 3
    assert left[3] == pytest.approx(source_reliability(score[keep], ratee[keep], rater[keep], ratee[keep] // 6).means)
    assert math.isnan(reliability_of_means(np.ones(360), ratee, rater, ratee // 6, ratee // 12)[0])


def test_groups_are_taken_out_inside_teams_only():
    """A level of the team stays; of a difference of 3, given evidence 1 apart with slope 2, 1 is taken out."""
    team, group = np.repeat([0, 1], 4), np.tile([0.0, 0.0, 1.0, 1.0], 2)
    other = np.array([0.0, 2.0, 1.0, 3.0] * 2) + 5 * team
    values = 2 * other + group + 10 * team
    freed, effect = without_groups(values, group[:, None], team)
    assert effect == pytest.approx([3.0]) and freed == pytest.approx(values - 3 * group)
    freed, effect = without_groups(values, group[:, None], team, given=other)
    assert effect == pytest.approx([1.0]) and freed == pytest.approx(values - group)
    assert np.isnan(without_groups(np.where(group > 0, np.nan, values), group[:, None], team)[0][2])
    assert without_groups(values, np.empty((8, 0)), team)[0] == pytest.approx(values)
