"""What more ratings buy and what a design can find: hand-made circuits and the printed power."""

import numpy as np
import pytest

from kinerja_analysis.stats import _greedy, design_power, linkage, suggest_links


def supervisors(units, size=4):
    """One supervisor per employee: nothing links the units."""
    return np.arange(units * size), np.repeat(np.arange(units), size)


def team_of_eight():
    """A supervisor (code 8) and three peers each; every peer rates three."""
    pairs = [(p, 8) for p in range(8)] + [(p, (p + step) % 8) for p in range(8) for step in (1, 2, 3)]
    return np.array(pairs).T


def test_power_of_a_team_of_eight():
    """reference/inference.md row 21: SE .31; 80 % power at δ .25 from 1.0 SD, about 1.4 with BH over 60."""
    found = design_power(*team_of_eight(), sd_pair=0.7, delta=0.25, family=60)
    assert found.se[8] == pytest.approx(np.sqrt(0.7**2 * (1 + 1 / 3) / 8 + 0.35**2 / 8), rel=1e-12)
    assert found.se[8] == pytest.approx(0.31, abs=0.005)
    assert found.detectable[8] == pytest.approx(1.0, abs=0.05)
    assert found.detectable_adjusted[8] == pytest.approx(1.4, abs=0.05)


def test_detectable_deviation_has_the_stated_power():
    """Simulated: the minimal-effect test at its boundary value, at the deviation printed."""
    found = design_power(*team_of_eight(), sd_pair=0.7, delta=0.25, family=60)
    se, rng = found.se[8], np.random.default_rng(0)
    at_boundary = np.abs(rng.normal(0.25, se, 400_000))
    critical = np.quantile(at_boundary, 0.95)
    power = np.mean(np.abs(rng.normal(found.detectable[8], se, 400_000)) > critical)
    assert power == pytest.approx(0.80, abs=0.01)


def test_raters_without_common_ratees_have_no_power():
    found = design_power([0, 1], [0, 1], sd_pair=0.7, delta=0.25, family=2)
    assert np.isnan(found.se).all() and found.reason == "no_common_ratees"
    assert design_power([], [], sd_pair=1.0, delta=0.0, family=1).reason == "empty"


def test_first_link_is_a_path_of_two_errors():
    """Supervisor 0 rates one employee of supervisor 1: 0.7·√2; eight such ratings are eight paths."""
    ratee, rater = supervisors(2)
    plan = suggest_links(ratee, rater, (1, 8))
    assert plan.contrast_se_before == np.inf and plan.fewest == 1
    np.testing.assert_allclose(plan.contrast_se, [0.7 * np.sqrt(2), 0.7 * np.sqrt(2 / 8)])


def test_number_needed_is_the_smallest():
    """k paths of two errors: 0.7·√(2/k) ≤ 0.6 from k = 3 on."""
    plan = suggest_links(*supervisors(2), 1, target_se=0.6)
    assert plan.n_needed == 3 and plan.reason == ""
    assert len(plan.rater) == 3


def test_unreachable_target_is_said():
    plan = suggest_links(*supervisors(2), 1, target_se=0.01)
    assert plan.n_needed is None and plan.reason == "target_not_reached"


def test_proposed_rows_connect_everything_with_the_fewest_edges():
    ratee, rater = supervisors(12)
    plan = suggest_links(ratee, rater, 11)
    joined = linkage(np.concatenate([ratee, plan.ratee]), np.concatenate([rater, plan.rater]))
    assert plan.fewest == 11 and joined.n_components == 1


def test_printed_error_is_the_one_of_the_augmented_design():
    ratee, rater = supervisors(10)
    plan = suggest_links(ratee, rater, (20, 40), group=rater)
    for count, se in zip(plan.n_added, plan.contrast_se, strict=True):
        new_ratee, new_rater = plan.ratee[:count], plan.rater[:count]
        group = np.concatenate([rater, ratee[new_ratee] // 4])
        augmented = linkage(np.concatenate([ratee, new_ratee]), np.concatenate([rater, new_rater]), group=group)
        assert se == pytest.approx(augmented.contrast_se_all, rel=1e-6)


def test_rows_are_new_and_bounded_by_rater_and_team():
    ratee, rater = supervisors(10)
    plan = suggest_links(ratee, rater, 30, max_per_rater=3)
    rows = set(zip(plan.rater.tolist(), plan.ratee.tolist(), strict=True))
    assert len(rows) == 30
    assert not rows & set(zip(rater.tolist(), ratee.tolist(), strict=True))
    assert np.bincount(plan.rater).max() == 3
    assert np.bincount(plan.ratee // 4).max() == 3


def test_greedy_beats_random_rows():
    ratee, rater = supervisors(20)
    plan = suggest_links(ratee, rater, 40)
    rng = np.random.default_rng(0)
    random = []
    for _ in range(10):
        more = rng.integers(0, 80, 40)
        record = linkage(
            np.concatenate([ratee, more]),
            np.concatenate([rater, rng.integers(0, 20, 40)]),
            group=np.concatenate([rater, more // 4]),
        )
        random.append(record.contrast_se_all)
    assert plan.contrast_se[-1] < np.median(random)


@pytest.mark.parametrize(("per_group", "worse"), [(1.2, 1.35), (2, 1.15), (4, 1.1)])
def test_random_rounds_come_near_the_greedy_search(per_group, worse, monkeypatch):
    """The rounds of large designs on one where both are possible: ratings per group, and how much worse at most."""
    ratee, rater = supervisors(60)
    count = int(per_group * 60)
    greedy = suggest_links(ratee, rater, count)
    monkeypatch.setattr(_greedy, "MOST_GROUPS", 1)
    rounds = suggest_links(ratee, rater, count)
    assert "greedy" in greedy.method and "random rounds" in rounds.method
    assert rounds.contrast_se[0] <= worse * greedy.contrast_se[0]


def test_thousands_of_components_are_joined_with_the_fewest_ratings():
    ratee, rater = supervisors(3000)
    plan = suggest_links(ratee, rater, (1000, 2999))
    assert "random rounds" in plan.method and plan.fewest == 2999
    assert plan.contrast_se[0] == np.inf and np.isfinite(plan.contrast_se[1])
    joined = linkage(np.concatenate([ratee, plan.ratee]), np.concatenate([rater, plan.rater]))
    assert joined.n_components == 1
    assert np.bincount(plan.rater).max() <= 5 and np.bincount(plan.ratee // 4).max() <= 5
    assert len(set(zip(plan.rater.tolist(), plan.ratee.tolist(), strict=True))) == 2999


def test_target_of_a_large_design_comes_from_the_augmented_design():
    ratee, rater = supervisors(800)
    plan = suggest_links(ratee, rater, 10, target_se=0.8)
    assert plan.n_needed is not None and len(plan.rater) == plan.n_needed > plan.fewest
    repeat = suggest_links(ratee, rater, (int(0.98 * plan.n_needed), plan.n_needed))
    assert repeat.contrast_se[0] > 0.8 >= repeat.contrast_se[1]
    np.testing.assert_array_equal(repeat.rater, plan.rater)


def test_largest_components_are_joined_first():
    """One component of three groups, many of one: the first rating joins the three."""
    ratee, rater = supervisors(700)
    ratee, rater = np.append(ratee, [0, 4]), np.append(rater, [1, 2])
    plan = suggest_links(ratee, rater, 1, group=ratee // 4)
    assert plan.ratee[0] // 4 in (0, 1, 2)


def test_nothing_new_to_rate():
    """Everybody rates everybody already."""
    plan = suggest_links([0, 0, 1, 1], [0, 1, 0, 1], 3)
    assert plan.reason == "no_new_pair" and plan.rater.size == 0
    assert plan.contrast_se.tolist() == [plan.contrast_se_before]


def test_nobody_to_compare_with():
    plan = suggest_links([0, 1], [0, 0], 5)
    assert plan.reason == "one_rater" and plan.rater.size == 0
    assert list(plan.to_frame().columns[:2]) == ["quantity", "level"]


@pytest.mark.parametrize("bad", [{"k": 0}, {"k": 1, "target_se": -1.0}, {"k": 1, "max_per_rater": 0}])
def test_numbers_out_of_range_are_refused(bad):
    with pytest.raises(ValueError):
        suggest_links([0, 1], [0, 1], **bad)
    with pytest.raises(ValueError):
        design_power([0, 1], [0, 0], sd_pair=-1.0, delta=0.25, family=1)
