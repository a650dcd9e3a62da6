"""The split of a gap between two groups, against hand computation and against what must not change it."""

from __future__ import annotations

import numpy as np
import pytest

from kinerja_analysis.stats import linked_groups

SD = {"sd_pair": 1.0, "sd_rater": 0.5}


def design(rng: np.random.Generator, shared: int = 5, n: int = 12) -> dict[str, np.ndarray]:
    """Two groups of ``n`` ratees; shared raters 0.. rate all, two local raters in each group rate all of theirs."""
    rows = [(i + n * g, r, g, 1) for g in (0, 1) for i in range(n) for r in range(shared)]
    rows += [(i + n * g, shared + 2 * g + k, g, 0) for g in (0, 1) for i in range(n) for k in (0, 1)]
    ratee, rater, group, other = np.array(rows).T
    return {"ratee": ratee, "rater": rater, "group": group, "other": other, "noise": rng.standard_normal(len(rows))}


def split(d: dict[str, np.ndarray], score: np.ndarray, **more: object) -> dict[str, float]:
    found = linked_groups(score, d["ratee"], d["rater"], d["group"], **{**SD, **more})  # type: ignore[arg-type]
    return {p: found.part(p)[0] for p in found.parts}


def test_by_hand() -> None:
    """Local raters of group 0 give 3 more than the shared ones, those of group 1 one less; employees differ by 2."""
    d = design(np.random.default_rng(1))
    merit = np.where(d["group"] == 0, 10.0, 8.0)
    score = merit + np.where(d["other"] == 1, 0.0, np.where(d["group"] == 0, 3.0, -1.0))
    found = split(d, score)
    assert found["level"] == pytest.approx(6) and found["raters"] == pytest.approx(4)
    assert found["performance"] == pytest.approx(2)


def test_neither_merit_nor_a_shared_raters_severity_moves_the_raters_part() -> None:
    d = design(np.random.default_rng(2))
    score = d["noise"]
    rng = np.random.default_rng(3)
    merit = rng.normal(size=24)[d["ratee"]]
    severe = np.where(d["other"] == 1, rng.normal(size=9)[d["rater"]], 0.0)
    assert split(d, score + merit + severe)["raters"] == pytest.approx(split(d, score)["raters"])


def test_what_is_added_to_one_group_alone_is_performance_only_if_shared_raters_see_it() -> None:
    d = design(np.random.default_rng(4))
    base = split(d, d["noise"])
    seen = split(d, d["noise"] + 5.0 * (d["group"] == 0))
    local = split(d, d["noise"] + 5.0 * ((d["group"] == 0) & (d["other"] == 0)))
    assert seen["performance"] - base["performance"] == pytest.approx(5)
    assert local["raters"] - base["raters"] == pytest.approx(5)
    assert local["performance"] == pytest.approx(base["performance"])


def test_parts_add_up_and_swapping_groups_turns_signs() -> None:
    d = design(np.random.default_rng(5))
    stratum = (d["ratee"] % 3 == 0).astype(int) * (d["group"] + d["ratee"] % 2 > 0)
    found = split(d, d["noise"], stratum=stratum)
    assert found["level"] == pytest.approx(found["raters"] + found["performance"])
    assert found["performance"] == pytest.approx(found["performance_adjusted"] + found["composition"])
    turned = split({**d, "group": 1 - d["group"]}, d["noise"], stratum=stratum)
    assert [turned[p] for p in found] == pytest.approx([-v for v in found.values()])


def test_composition_by_hand() -> None:
    """Group 0 has three seniors of four, group 1 one of four; seniors get 8 more: half of 8 is composition."""
    ratee, group = np.arange(8), np.repeat([0, 1], 4)
    senior = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    found = linked_groups(8.0 * senior, ratee, group, group, stratum=senior, **SD)
    assert found.part("level")[0] == pytest.approx(4) and found.part("composition")[0] == pytest.approx(4)
    assert found.part("level_adjusted")[0] == pytest.approx(0)
    assert found.reason == "no_links" and np.isnan(found.part("raters")[0])


def test_employees_rated_in_both_groups_link() -> None:
    """Four movers get 2 more in group 0 than in group 1; nobody rates in both."""
    ratee = np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5])
    rater, group = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 1]), np.array([0] * 4 + [1] * 4 + [0, 1])
    merit = np.array([1.0, 4, 2, 7, 9, 3])
    found = linked_groups(merit[ratee] + np.where(group == 0, 2.0, 0.0), ratee, rater, group, **SD)
    assert (found.n_links, found.n_shared, found.n_linked) == (4, 0, (4, 4))
    assert found.part("raters")[0] == pytest.approx(2)


def test_two_links_are_too_few_and_one_group_is_none() -> None:
    d = design(np.random.default_rng(6), shared=2)
    found = linked_groups(d["noise"], d["ratee"], d["rater"], d["group"], **SD)
    assert found.reason == "few_links" and np.isnan(found.part("raters")[0])
    alone = linked_groups([1.0, 2], [0, 1], [0, 1], [0, 0], **SD)
    assert alone.reason == "no_links" and np.isnan(alone.value).all()


def test_sources_count_alike() -> None:
    """One supervisor and three peers on each ratee: the level is the mean of both sources' gaps, 4 and 0."""
    ratee, source = np.repeat(np.arange(4), 4), np.tile([0, 1, 1, 1], 4)
    group = ratee // 2
    rater = np.arange(16)
    score = np.where((source == 0) & (group == 0), 4.0, 0.0)
    assert linked_groups(score, ratee, rater, group, source=source, **SD).part("level")[0] == pytest.approx(2)


@pytest.mark.parametrize("wrong", [{"sd_pair": 0.0}, {"sd_rater": -1.0}, {"sd_ratee": -1.0}])
def test_wrong_input_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sd_"):
        linked_groups([1.0, 2], [0, 1], [0, 1], [0, 1], **{**SD, **wrong})
    with pytest.raises(ValueError, match="group"):
        linked_groups([1.0, 2], [0, 1], [0, 1], [0, 2], **SD)


def test_the_table_has_one_row_per_part() -> None:
    d = design(np.random.default_rng(7))
    frame = linked_groups(d["noise"], d["ratee"], d["rater"], d["group"], **SD).to_frame()
    assert frame["level"].tolist() == list(linked_groups([1.0], [0], [0], [0], **SD).parts)
    level = frame[frame["level"] == "level"].iloc[0]
    assert level["upper"] - level["value"] == pytest.approx(1.959964 * level["se"])
