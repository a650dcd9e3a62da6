"""The counts a comparison needs, by hand, and that they hold nothing small."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.detect.comparable import criteria, pair_strata

LOW = AuditConfig(disclosure={"persons": 10, "raters": 3})


def staff(teams: int, size: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Teams of two seniors (grade IV) and the rest III/a or III/b; the first of a team is above all others."""
    rows = [(f"s{t}", f"p{t:02d}-{k}", 3 - (k > 0), 3 - (k > 0), k) for t in range(teams) for k in range(size)]
    frame = pd.DataFrame(rows, columns=["supervisor", "ratee", "hasil", "perilaku", "k"])
    grade = np.where(frame["k"] < 2, "IV/a", np.where(frame["k"] % 2, "III/a", "III/b"))
    people = pd.DataFrame({"person": frame["ratee"], "position_type": "pelaksana", "grade": grade})
    return frame.drop(columns="k"), people


def test_pairs_by_hand(make_cell) -> None:
    """Per team: one pair of seniors (apart), 6 of juniors (equal), 8 mixed (the first senior's 4 apart)."""
    team, people = staff(5)
    found = pair_strata(make_cell(team, employees=people, config=LOW)).set_index("stratum")
    same, other = found.loc["pelaksana|pelaksana|same"], found.loc["pelaksana|pelaksana|other"]
    assert (same["pairs"], other["pairs"], other["share"]) == (35, 40, 0.5)
    assert same["share"] == pytest.approx(5 / 35) and same["variance"] == 0  # every team alike
    assert (other["n_teams"], other["n_persons"]) == (5, 30)
    assert same["covered"] == other["covered"] == 1


def test_variance_by_teams_by_hand(make_cell) -> None:
    """Four teams of one kind of pair, 15 pairs each, of which 0, 0, 5 and 5 are apart: Σ(s − 2.5)²=25, ·4/3 / 60²."""
    team, people = staff(4)
    first = team["ratee"].str.endswith("-0")
    low = team["supervisor"].isin(["s0", "s1"])
    team.loc[low & first, ["hasil", "perilaku"]] = 2
    people["grade"] = "III/a"
    found = pair_strata(make_cell(team, employees=people, config=LOW)).iloc[0]
    assert (found["pairs"], found["share"]) == (60, pytest.approx(1 / 6))
    assert found["variance"] == pytest.approx(25 * 4 / 3 / 3600)


@pytest.mark.parametrize("teams", [1, 2])
def test_few_teams_leave_nothing(teams: int, make_cell) -> None:
    team, people = staff(teams)
    assert pair_strata(make_cell(team, employees=people, config=LOW)).empty


def test_a_small_kind_is_merged_or_left_out(make_cell) -> None:
    """One team of other posts: its pairs are alone and few, so they are gone, not merged into what is published."""
    team, people = staff(5)
    people.loc[people["person"].str.startswith("p00"), "position_type"] = "fungsional"
    found = pair_strata(make_cell(team, employees=people, config=LOW))
    assert (found["n_teams"] >= 3).all() and (found["n_persons"] >= 10).all()
    assert not found["stratum"].str.contains("fungsional").any()
    assert (found["covered"] == 0.8).all()  # 15 of 75 pairs are gone, one team of five


def test_unknown_staff_have_no_strata(make_cell) -> None:
    team, _ = staff(5)
    assert pair_strata(make_cell(team, config=LOW)).empty
    assert pair_strata(make_cell()).empty


def scored(ratees: int = 12) -> pd.DataFrame:
    rows = [(f"e{i}", f"r{j}", "peer", c, v + i + 3 * j) for i in range(ratees) for j in range(3)
            for c, v in (("a", 40.0), ("b", 46.0), ("c", 49.0))]  # fmt: skip
    return pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])


def test_criteria_by_hand(make_cell) -> None:
    """Means 40, 46, 49 whatever ratee and rater: 5 below, 1 and 4 above their mean; without error."""
    found = criteria(make_cell(pairs=scored())).set_index("criterion")
    assert found["value"].to_dict() == pytest.approx({"a": 5.0, "b": -1.0, "c": -4.0})
    assert found["se"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert (found["n"] == 12).all() and (found["n_raters"] == 3).all()


def test_criteria_of_few_people_or_of_one_criterion_are_not_told(make_cell) -> None:
    assert criteria(make_cell(pairs=scored(9))).empty
    rows = scored()
    assert criteria(make_cell(pairs=rows[rows["criterion"] == "a"])).empty
    assert criteria(make_cell()).empty
