"""SE MenPANRB 3/2023, every line inside, at the limit and outside. Limits by hand from the circular's table:

Istimewa SB <= 70 % | Baik B <= 70 %, someone in BP or K | BP >= 60 %, SB <= 10 % | K >= 60 %, BP >= 10 %, SB <= 10 %
| SK >= 60 %, K and/or BP >= 10 %, SB = 0. Groups of 20, so 70 % = 14, 60 % = 12, 10 % = 2 persons.
"""

import pandas as pd
import pytest

from kinerja_analysis.base.tables import ORG_RATING, PREDIKAT
from kinerja_analysis.score.guide_2023 import GUIDE, conformity, conformity_table

SHORT = dict(zip(("SK", "K", "BP", "B", "SB"), PREDIKAT, strict=True))


def team(**counts):
    return {SHORT[name]: n for name, n in counts.items()}


def line(record, name):
    return next(row for row in record.rows if row.name == name)


CASES = [
    # organisation, line, limit, (inside), (at the limit), (outside), excess of the last
    ("ISTIMEWA", "sb_at_most_70", 14, team(SB=10, B=10), team(SB=14, B=6), team(SB=15, B=5), 1),
    ("BAIK", "b_at_most_70", 14, team(B=10, SB=8, K=2), team(B=14, SB=5, BP=1), team(B=15, SB=4, BP=1), 1),
    ("BAIK", "bp_or_k_exists", 1, team(B=12, SB=5, BP=3), team(B=12, SB=7, K=1), team(B=12, SB=8), 1),
    ("BUTUH PERBAIKAN", "bp_at_least_60", 12, team(BP=15, B=5), team(BP=12, B=8), team(BP=11, B=9), 1),
    ("BUTUH PERBAIKAN", "sb_at_most_10", 2, team(BP=15, B=5), team(BP=15, SB=2, B=3), team(BP=15, SB=3, B=2), 1),
    ("KURANG", "k_at_least_60", 12, team(K=15, BP=5), team(K=12, BP=8), team(K=11, BP=9), 1),
    ("KURANG", "bp_at_least_10", 2, team(K=15, BP=5), team(K=18, BP=2), team(K=19, BP=1), 1),
    ("KURANG", "sb_at_most_10", 2, team(K=15, BP=5), team(K=15, BP=3, SB=2), team(K=15, BP=2, SB=3), 1),
    ("SANGAT KURANG", "sk_at_least_60", 12, team(SK=15, K=5), team(SK=12, K=8), team(SK=11, K=9), 1),
    ("SANGAT KURANG", "k_or_bp_at_least_10", 2, team(SK=15, K=5), team(SK=18, K=1, BP=1), team(SK=19, K=1), 1),
    ("SANGAT KURANG", "sb_none", 0, team(SK=15, K=5), team(SK=15, K=5), team(SK=15, K=4, SB=1), 1),
]  # fmt: skip


@pytest.mark.parametrize(("org", "name", "limit", "inside", "at_limit", "outside", "excess"), CASES)
def test_line_inside_at_the_limit_outside(org, name, limit, inside, at_limit, outside, excess):
    for counts in (inside, at_limit):
        row = line(conformity(counts, org, tolerance=0), name)
        assert (row.limit, row.excess, row.status) == (limit, 0, "inside")
    record = conformity(outside, org, tolerance=0)
    row = line(record, name)
    assert (row.limit, row.excess, row.status, record.status) == (limit, excess, "outside", "outside")


def test_the_cases_cover_every_judged_line():
    judged = {(org, rule.name) for org, rules in GUIDE.items() for rule in rules if rule.kind != "most"}
    assert judged == {(case[0], case[1]) for case in CASES}
    assert set(GUIDE) == set(ORG_RATING)


def test_tolerance_of_one_person_on_shares_only():
    # 15 of 20 is one beyond 70 %: inside with the default tolerance; 16 is not
    assert conformity(team(SB=15, B=5), "ISTIMEWA").status == "inside"
    assert conformity(team(SB=16, B=4), "ISTIMEWA").status == "outside"
    assert conformity(team(BP=11, B=9), "BUTUH PERBAIKAN").status == "inside"
    assert conformity(team(BP=10, B=10), "BUTUH PERBAIKAN").status == "outside"
    # "someone must be there" and "nobody may be there" are not shares
    assert conformity(team(B=12, SB=8), "BAIK").status == "outside"
    assert conformity(team(SK=15, K=4, SB=1), "SANGAT KURANG").status == "outside"


def test_everybody_baik_is_outside_when_the_organisation_is_baik():
    record = conformity(team(B=12), "BAIK")
    # 70 % of 12 = 8.4, down to 8; 12 is four beyond; nobody in BP or K
    assert [(r.limit, r.count, r.excess, r.status) for r in record.rows[:2]] == [
        (8, 12, 4, "outside"),
        (1, 0, 1, "outside"),
    ]


@pytest.mark.parametrize(("rounding", "cap", "floor"), [("floor", 8, 7), ("ceil", 9, 8), ("half_up", 8, 7)])
def test_rounding(rounding, cap, floor):
    # of 12: 70 % = 8.4 and 60 % = 7.2
    assert line(conformity(team(SB=12), "ISTIMEWA", rounding=rounding), "sb_at_most_70").limit == cap
    assert line(conformity(team(BP=12), "BUTUH PERBAIKAN", rounding=rounding), "bp_at_least_60").limit == floor


def test_half_goes_up():
    # 70 % of 15 = 10.5
    assert line(conformity(team(SB=15), "ISTIMEWA", rounding="half_up"), "sb_at_most_70").limit == 11


def test_limits_in_whole_numbers_not_floats():
    # 0.7 * 90 is 62.99999999999999 in binary; 70 % of 90 persons is 63
    assert line(conformity(team(SB=90), "ISTIMEWA"), "sb_at_most_70").limit == 63


@pytest.mark.parametrize(
    ("n", "status"), [(0, "too_small"), (4, "too_small"), (5, "note"), (9, "note"), (10, "outside")]
)
def test_small_groups_are_not_judged(n, status):
    record = conformity(team(B=n), "BAIK")
    assert (record.n, record.status) == (n, status)
    assert {r.status for r in record.rows if r.kind != "most"} == {status}


def test_without_organisational_rating_nothing_is_assumed():
    record = conformity(team(B=20), None)
    assert (record.status, record.rows, record.n) == ("no_org_rating", (), 20)


def test_most_is_a_note_and_never_puts_a_group_outside():
    # SB 2 of 20 where the organisation is Istimewa: not "most", but inside every numeric line
    record = conformity(team(SB=2, B=18), "ISTIMEWA")
    row = line(record, "sb_most")
    assert (row.limit, row.excess, row.status, record.status) == (11, 9, "note", "inside")
    assert line(conformity(team(SB=11, B=9), "ISTIMEWA"), "sb_most").status == "inside"


def test_record_is_frozen_and_has_a_frame():
    record = conformity(team(B=12), "BAIK")
    with pytest.raises(AttributeError):
        record.n = 3
    frame = record.to_frame()
    assert frame["name"].tolist() == ["b_at_most_70", "bp_or_k_exists", "b_most"]
    assert frame["categories"].tolist()[1] == "BUTUH PERBAIKAN + KURANG"


@pytest.mark.parametrize(
    ("counts", "org", "options"),
    [
        ({"BAGUS": 3}, "BAIK", {}),
        ({"BAIK": -1}, "BAIK", {}),
        ({"BAIK": 2.5}, "BAIK", {}),
        ({"BAIK": 3}, "SANGAT BAIK", {}),
        ({"BAIK": 3}, "BAIK", {"tolerance": -1}),
        ({"BAIK": 3}, "BAIK", {"rounding": "nearest"}),
    ],
)
def test_malformed_input(counts, org, options):
    with pytest.raises(ValueError, match=r"predikat|counts|rounding"):
        conformity(counts, org, **options)


def test_table_agrees_with_single_groups():
    groups = [team(B=12), team(SB=14, B=6), team(BP=3, B=1), team(SK=19, K=1), team(K=7), team(B=20), team(BP=15)]
    orgs = ["BAIK", "ISTIMEWA", "BUTUH PERBAIKAN", "SANGAT KURANG", "KURANG", None, "BUTUH PERBAIKAN"]
    index = list("gfedcba")
    counts = pd.DataFrame(groups, index=index).fillna(0)
    table = conformity_table(counts, pd.Series(orgs, index=index, dtype="str"))
    assert list(dict.fromkeys(table.index)) == index
    for label, group, org in zip(index, groups, orgs, strict=True):
        record, rows = conformity(group, org), table.loc[[label]]
        assert set(rows["n"]) == {record.n}
        if org is None:
            assert rows["status"].tolist() == ["no_org_rating"]
            continue
        got = rows[["name", "limit", "count", "excess", "status"]].values.tolist()
        assert got == [[r.name, r.limit, r.count, r.excess, r.status] for r in record.rows]


def test_table_of_nothing():
    nothing = conformity_table(pd.DataFrame(columns=list(PREDIKAT), dtype=float), pd.Series(dtype="str"))
    assert nothing.empty and "status" in nothing.columns
