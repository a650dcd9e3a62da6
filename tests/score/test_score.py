"""score(): one row per person and period, everything missing said, nothing invented."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.tables import Tables, conform
from kinerja_analysis.score import COLUMNS, PROFILES, frameworks_of, score

PLACE = {"year": 2025, "period": "2025", "region": "01.01"}


def make_tables():
    official = [("p", "hasil_kerja", 3.0), ("p", "perilaku_kerja", 3.0), ("q", "hasil_kerja", 2.0)]
    rows = [
        dict(PLACE, ratee=p, rater="s", source="supervisor", criterion=c, score=x, scale_min=1.0, scale_max=3.0)
        for p, c, x in official
    ]
    rows += [
        dict(PLACE, ratee="p", rater=r, source=s, criterion="Loyal", score=x, scale_min=1.0, scale_max=5.0)
        for r, s, x in (("s", "supervisor", 5.0), ("p", "self", 4.0), ("q", "peer", 3.0), ("t", "peer", 1.0))
    ]
    recorded = [dict(PLACE, person=p, status="rated", predikat="SANGAT BAIK", supervisor="s") for p in "pq"]
    goals = [dict(PLACE, person=p, indicator="a", target=10.0, realised=x) for p, x in (("p", 8.0), ("z", np.nan))]
    return Tables(
        ratings=conform("ratings", pd.DataFrame(rows)),
        appraisals=conform("appraisals", pd.DataFrame(recorded)),
        achievements=conform("achievements", pd.DataFrame(goals)),
    )


def test_one_row_per_person_with_what_is_known():
    frame = score(make_tables()).frame
    assert frame.columns.tolist() == COLUMNS and frame["person"].tolist() == ["p", "q", "z"]
    p, q, z = (frame.iloc[i] for i in range(3))
    assert (p["rule"], p["framework"], p["year"]) == ("permenpanrb_6_2022", "umum_berakhlak", 2025)
    assert (p["predikat_computed"], p["consistent"]) == ("SANGAT BAIK", "yes")
    # e-Kinerja levels are not averaged into the supervisor's mean: 5 of 5 is 100
    assert [p[f"mean_{s}"] for s in ("supervisor", "self", "peer")] == [100, 75, 25]
    assert [p[f"n_{s}"] for s in ("supervisor", "self", "peer", "subordinate", "other")] == [1, 1, 2, 0, 0]
    assert np.isnan(p["combined"]) and p["achievement"] == 80
    assert (q["predikat_reason"], q["consistent"]) == ("rating_missing", "unknown")
    assert np.isnan(q["mean_supervisor"]) and q["achievement_reason"] == "no_achievement_rows"
    assert np.isnan(z["achievement"]) and z["achievement_reason"] == "realised_missing"


def test_dtypes_do_not_depend_on_the_data():
    full, nothing = score(make_tables()).frame, score(Tables()).frame
    assert nothing.empty and nothing.columns.tolist() == COLUMNS
    only_plan = Tables(appraisals=make_tables().appraisals)
    for other in (nothing, score(only_plan).frame):
        assert other.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()


def test_framework_of_the_region_comes_before_the_general_one():
    tables = make_tables()
    general = AuditConfig(framework="mamuju")
    own = AuditConfig(framework="mamuju", regions={"01.01": {"framework": "batanghari"}})
    assert frameworks_of(tables, general)["01.01"].name == "mamuju"
    assert frameworks_of(tables, own)["01.01"].name == "batanghari"
    frame = score(tables, general).frame
    assert frame["left_out"].tolist() == [4, 0, 0] and frame["mean_peer"].isna().all()


def test_source_weights_of_a_framework_and_of_the_configuration():
    tables = make_tables()
    # batanghari: supervisor .6, peer .3, subordinate .1 (missing): (.6*100 + .3*25)/.9 = 75
    assert score(tables, AuditConfig(framework="batanghari")).frame["combined"].tolist()[0] == pytest.approx(75)
    weights = {"supervisor": 0.5, "peer": 0.5}
    one = score(tables, AuditConfig(framework="batanghari", weights=weights)).frame
    assert one["combined"].tolist()[0] == pytest.approx(62.5)


def test_unknown_criteria_and_no_framework_mean_equal_weights():
    tables = make_tables()
    ratings = tables.ratings.assign(criterion=tables.ratings["criterion"].replace("Loyal", "tinggi badan"))
    frame = score(Tables(ratings=ratings)).frame
    assert frame["framework"].tolist() == ["", ""] and frame["mean_peer"].tolist()[0] == 25


def test_regions_keep_their_own_framework():
    tables = make_tables()
    other = tables.ratings.assign(region="02.02", criterion="disiplin")
    config = AuditConfig(regions={"02.02": {"framework": "mamuju"}})
    both = Tables(ratings=pd.concat([tables.ratings, other], ignore_index=True))
    frame = score(both, config).frame
    assert frame.groupby("region")["framework"].unique().str[0].to_dict() == {
        "01.01": "umum_berakhlak",
        "02.02": "mamuju",
    }


@pytest.mark.parametrize(
    "config",
    [
        AuditConfig(profiles=("pp30",)),
        AuditConfig(weights={"rekan": 1.0}),
        AuditConfig(framework="tidak_ada"),
    ],
)
def test_wrong_configuration_is_a_users_error(config):
    with pytest.raises(UsageError):
        score(make_tables(), config)


def test_every_profile_is_accepted_and_all_are_off_by_default():
    score(make_tables(), AuditConfig(profiles=PROFILES))
    assert AuditConfig().profiles == ()


def test_input_is_not_changed_and_row_order_does_not_matter():
    tables = make_tables()
    before = tables.ratings.copy(deep=True)
    turned = Tables(
        tables.ratings.iloc[::-1], tables.appraisals.iloc[::-1], achievements=tables.achievements.iloc[::-1]
    )
    pd.testing.assert_frame_equal(score(tables).frame, score(turned).frame)
    pd.testing.assert_frame_equal(tables.ratings, before)
