"""The public entry: sizes, determinism, independence of what is asked for, identifiers, keys."""

import re

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.tables import TABLES, key
from kinerja_analysis.simulate import SCENARIOS, simulate

SIZES = {"13.71.09": 600, "93.01": 1500, "76.02": 2000, "15.04": 2000}


def test_demo_has_four_regions_of_the_stated_sizes_in_three_years(demo):
    counts = demo.tables.employees.groupby(["region", "year"]).size().to_dict()
    assert counts == {(r, y): n for r, n in SIZES.items() for y in (2023, 2024, 2025)}
    assert demo.tables.synthetic
    assert set(demo.config.regions) == set(SIZES)
    assert demo.config.regions["13.71.09"].parent == "13.71"


def test_same_seed_same_tables_other_seed_others():
    one, two, other = (simulate(["Mamuju"], [2025], seed=s, size=150).tables for s in (5, 5, 6))
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert not one.ratings["score"].equals(other.ratings["score"])


def test_region_and_year_do_not_depend_on_what_else_is_asked_for(demo):
    alone = simulate(["93.01"], [2025], seed=1).tables.appraisals.drop(columns="row")
    together = demo.tables.select(region="93.01", year=2025).appraisals.drop(columns="row")
    pd.testing.assert_frame_equal(alone, together)


def test_codes_are_opaque_and_nips_impossible_well_formed_and_distinct(demo):
    t = demo.tables
    codes = pd.concat([t.ratings["ratee"], t.ratings["rater"], t.appraisals["person"], t.employees["supervisor"]])
    assert codes.str.fullmatch(r"P[A-Z2-7]{13}").all()
    persons = demo.truth["persons"].drop_duplicates("person")
    assert persons["nip"].is_unique and len(persons) == sum(SIZES.values())
    nip = re.compile(r"190\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])19[6-9]\d(0[1-9]|1[0-2]|2[1-9])[12]\d{3}")
    assert persons["nip"].map(lambda n: nip.fullmatch(n) is not None).all()
    assert pd.to_datetime(persons["nip"].str[:8], format="%Y%m%d").notna().all()
    assert (persons["nip"].str[8:12].astype(int) - persons["nip"].str[:4].astype(int)).between(16, 60).all()


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_unique(demo, table):
    columns = key(table)
    assert not getattr(demo.tables, table).duplicated(columns).any()


def test_employees_carry_one_attribute_beside_the_declared_columns(demo):
    assert list(demo.tables.employees.columns)[-2:] == ["row", "asal"]


def test_sex_digit_agrees_with_the_employee_table(demo):
    people = demo.truth["persons"].drop_duplicates("person").set_index("person")["nip"]
    employees = demo.tables.employees
    digit = employees["person"].map(people).str[14].map({"1": "male", "2": "female"})
    assert (digit == employees["sex"]).all()


def test_people_are_stable_and_only_some_move(demo):
    e = demo.tables.employees[demo.tables.employees["region"] == "15.04"]
    seats = e.pivot(index="person", columns="year", values="supervisor")
    assert seats.notna().all().all()
    assert 0.005 < (seats[2024] != seats[2025]).mean() < 0.05


def test_teams_are_of_the_sizes_of_the_recipe(demo):
    """Domain 8.1: 5-15 staff per rater, schools up to 60 (leaders of many units besides)."""
    e = demo.tables.employees[demo.tables.employees["year"] == 2025]
    heads = set(demo.tables.units.loc[demo.tables.units["unit"] == demo.tables.units["opd"], "leader"])
    sizes = e[~e["supervisor"].isin(heads)].groupby(["region", "supervisor"]).size()
    usual = sizes[sizes > 1]
    assert usual.between(5, 60).mean() > 0.98
    assert len(sizes.loc["13.71.09"]) == pytest.approx(70, abs=12)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_runs_small(scenario):
    made = simulate(scenario=scenario, size=120, years=[2025])
    assert len(made.tables.employees) == 120 * len(made.config.regions)
    assert np.isfinite(made.tables.ratings["score"]).all()


def test_problems_lists_nothing_for_clean_and_null():
    for scenario in ("clean", "null"):
        assert simulate(scenario=scenario, size=120, years=[2025]).truth["problems"].empty


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"years": [2022]}, "2023"),
        ({"years": []}, "2023"),
        ({"size": 0}, "positive"),
        ({"size": 5}, "too few"),
        ({"scenario": "x"}, "no scenario"),
        ({"regions": ["Bandung"]}, "no region"),
        ({"regions": ["Mamuju", "76.02"]}, "twice"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        simulate(**arguments)
