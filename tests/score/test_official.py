"""Which appraisal counts, which pair of ratings is its, and the comparison with the recorded predikat."""

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.tables import conform
from kinerja_analysis.score.official import (
    main_appraisals,
    official_results,
    rating_pairs,
    split_ratings,
)


def ratings(rows, period="2025", scale=(1.0, 3.0), **more):
    """rows: (ratee, rater, hasil, perilaku, row)."""
    parts = [
        {"ratee": p, "rater": r, "criterion": c, "score": x, "row": row}
        for p, r, h, b, row in rows
        for c, x in (("hasil_kerja", h), ("perilaku_kerja", b))
        if not np.isnan(x)
    ]
    base = {"year": int(period[:4]), "period": period, "region": "01.01", "source": "supervisor"}
    return conform("ratings", pd.DataFrame(parts).assign(**base, scale_min=scale[0], scale_max=scale[1], **more))


def appraisals(rows, period="2025"):
    base = {"year": int(period[:4]), "period": period, "region": "01.01", "person": "p", "status": "rated"}
    return conform("appraisals", pd.DataFrame([{**base, "acting": False, **row} for row in rows]))


def results(rated, recorded, profiles=()):
    official, multisource = split_ratings(rated)
    keys = ["period", "region", "person"]
    people = pd.concat([rated.rename(columns={"ratee": "person"})[keys], recorded[keys]]).drop_duplicates()
    out = official_results(people, official, multisource, recorded, profiles)
    return out.set_index("person")


NONE = appraisals([{"status": "rated"}]).iloc[:0]


def test_consistent_inconsistent_unknown():
    rated = ratings([("p", "s", 3, 1, "1"), ("q", "s", 2, 2, "2"), ("r", "s", 2, 2, "3"), ("t", "s", 3, np.nan, "4")])
    recorded = appraisals(
        [
            {"person": "p", "predikat": "BUTUH PERBAIKAN"},  # what max(a, b) records
            {"person": "q", "predikat": "BAIK"},
            {"person": "r", "predikat": None},
            {"person": "t", "predikat": "BAIK"},
            {"person": "u", "predikat": "BAIK"},
        ]
    )
    got = results(rated, recorded)
    assert got["consistent"].to_dict() == {"p": "no", "q": "yes", "r": "unknown", "t": "unknown", "u": "unknown"}
    assert got.loc["p", "predikat_computed"] == "KURANG"
    assert got.loc[["t", "u"], "predikat_reason"].tolist() == ["rating_missing"] * 2
    assert set(got["rule"]) == {"permenpanrb_6_2022"} and got["number"].isna().all()


def test_substantive_rated_latest():
    rows = [
        {"acting": True, "predikat": "SANGAT BAIK", "rated_at": pd.Timestamp("2026-01-20")},
        {"predikat": "BAIK", "rated_at": pd.Timestamp("2026-01-10")},
        {"predikat": "KURANG", "rated_at": pd.Timestamp("2026-01-12")},
        {"status": "not_rated", "predikat": None, "rated_at": pd.Timestamp("2026-01-30")},
        {"predikat": "SANGAT KURANG", "rated_at": None},
    ]
    for order in (rows, rows[::-1]):
        assert main_appraisals(appraisals(order))["predikat"].tolist() == ["KURANG"]


def test_pair_is_found_by_its_source_row_before_the_supervisor():
    rated = ratings([("p", "s", 3, 3, "1:1:9"), ("p", "t", 2, 2, "1:1:10")])
    recorded = appraisals([{"supervisor": "s", "row": "1:1:10", "predikat": "BAIK"}])
    assert results(rated, recorded).loc["p", "consistent"] == "yes"


def test_pair_is_found_by_the_supervisor():
    rated = ratings([("p", "s", 3, 3, ""), ("p", "t", 2, 2, "")])
    for supervisor, word in (("s", "SANGAT BAIK"), ("t", "BAIK")):
        assert results(rated, appraisals([{"supervisor": supervisor}])).loc["p", "predikat_computed"] == word


def test_two_raters_and_no_way_to_tell_is_missing():
    rated = ratings([("p", "s", 3, 3, ""), ("p", "t", 2, 2, "")])
    for recorded in (appraisals([{"supervisor": None}]), NONE):
        got = results(rated, recorded).loc["p"]
        assert pd.isna(got["predikat_computed"]) and got["predikat_reason"] == "several_raters"


def test_the_only_rater_is_the_rater():
    got = results(ratings([("p", "t", 2, 2, "")]), appraisals([{"supervisor": "s"}])).loc["p"]
    assert got["predikat_computed"] == "BAIK"


def test_the_acting_posts_ratings_do_not_stand_in_for_the_missing_ones():
    rated = ratings([("p", "t", 3, 3, "1:1:10")])
    recorded = appraisals(
        [
            {"status": "not_rated", "post": "a", "row": "1:1:9"},
            {"acting": True, "post": "b", "row": "1:1:10", "predikat": "SANGAT BAIK"},
        ]
    )
    got = results(rated, recorded).loc["p"]
    assert pd.isna(got["predikat_computed"]) and got["predikat_reason"] == "rating_missing"


def test_exports_without_rater_columns():
    rated = ratings([("p", None, 3, 3, "1:1:9"), ("p", None, 2, 2, "1:1:10"), ("q", None, 1, 1, "1:1:11")])
    assert len(rating_pairs(split_ratings(rated)[0])) == 3
    recorded = appraisals([{"row": "1:1:9", "post": "a"}, {"row": "1:1:10", "post": "b", "acting": True}])
    got = results(rated, recorded)
    assert got["predikat_computed"].to_dict() == {"p": "SANGAT BAIK", "q": "SANGAT KURANG"}


def test_a_360_criterion_of_the_same_name_is_not_the_official_rating():
    rated = ratings([("p", "s", 85, 90, "")], scale=(0.0, 100.0))
    official, multisource = split_ratings(rated)
    assert official.empty and len(multisource) == 2


def test_legacy_periods_use_the_number():
    rated = ratings([("p", "s", 100, 70, "")], period="2021-Q4", scale=(0.0, 120.0))
    peer = rated.iloc[:1].assign(source="peer", rater="r", criterion="kerja_sama")
    recorded = appraisals([{"supervisor": "s", "predikat": "BAIK", "number": np.nan}], period="2021-Q4")
    alone = results(rated, recorded).loc["p"]
    assert alone["number"] == pytest.approx(91) and alone["consistent"] == "yes"  # .7*100 + .3*70
    asked = results(pd.concat([rated, peer], ignore_index=True), recorded).loc["p"]
    assert asked["number"] == pytest.approx(88) and asked["consistent"] == "no"  # .6*100 + .4*70


def test_innovation_column_of_the_appraisals_is_used():
    recorded = appraisals([{"number": 115.0, "predikat": "SANGAT BAIK"}], period="2021-Q4")
    nobody = ratings([("p", "s", 2, 2, "")], period="2021-Q4").iloc[:0]
    assert results(nobody, recorded).loc["p", "predikat_reason"] == "innovation_unknown"
    assert results(nobody, recorded.assign(innovation=True)).loc["p", "consistent"] == "yes"


def test_several_periods_each_under_its_rule():
    recorded = pd.concat(
        [appraisals([{"number": 80.0}], period=p) for p in ("2020", "2021-Q4", "2021", "2024")], ignore_index=True
    )
    nobody = ratings([("p", "s", 2, 2, "")]).iloc[:0]
    off = results(nobody, recorded)
    assert off["rule"].tolist() == ["pp_46_2011", "pp_30_2019", "integration_2021", "permenpanrb_6_2022"]
    assert off["predikat_computed"].fillna("").tolist() == ["", "BUTUH PERBAIKAN", "", ""]
    assert off["number"].tolist() == [80.0] * 4
    on = results(nobody, recorded, ("pp46_unverified", "year_2021_unverified"))
    assert on["predikat_computed"].fillna("").tolist() == ["BAIK", "BUTUH PERBAIKAN", "BUTUH PERBAIKAN", ""]
