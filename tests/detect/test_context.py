"""What detectors see of a cell: pair means that tie exactly, ratings of one appraisal side by side."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.tables import Tables, conform
from kinerja_analysis.detect.context import pair_means, side_by_side


def table(scores: list[tuple[float, ...]], low: float, high: float) -> pd.DataFrame:
    """One rater's scores of as many employees on as many criteria."""
    rows = [(f"e{i}", f"c{j}", s) for i, each in enumerate(scores) for j, s in enumerate(each)]
    frame = pd.DataFrame(rows, columns=["ratee", "criterion", "score"])
    return frame.assign(period="2025", rater="r", source="supervisor", unit="u", opd="o", scale_min=low,
                        scale_max=high, row=[f"1:1:{i}" for i in range(len(frame))])  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [(1, 5), (1, 7), (1, 10), (0, 20), (0, 100)])
def test_equal_totals_are_equal_means(low: float, high: float) -> None:
    orders = list(permutations((low, low + 1, low + 2, high - 1, high)))
    found = pair_means(table(orders, low, high))["score"]
    assert found.nunique() == 1
    assert found.iloc[0] == pytest.approx(100 * (np.mean(orders[0]) - low) / (high - low))


def test_pair_means_do_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(3)
    rows = table([tuple(rng.integers(1, 11, 7).astype(float)) for _ in range(200)], 1, 10)
    one, two = (pair_means(f).set_index("ratee")["score"] for f in (rows, rows.sample(frac=1, random_state=1)))
    assert (one == two.reindex(one.index)).all()
    totals = rows.groupby("ratee")["score"].sum()
    assert one.nunique() == totals.nunique()


def test_scales_of_different_criteria_in_one_pair() -> None:
    rows = table([(1.0, 10.0)], 1, 10).assign(scale_max=[5.0, 10.0])
    assert pair_means(rows)["score"].tolist() == [50.0]


def test_ratings_of_a_long_table_stand_side_by_side() -> None:
    key = {"period": "2025", "rater": "r"}
    rows = pd.DataFrame([
        {**key, "ratee": "a", "criterion": "x", "row": "1"}, {**key, "ratee": "a", "criterion": "y", "row": "2"},
        {**key, "ratee": "b", "criterion": "x", "row": "3"}, {**key, "ratee": "b", "criterion": "x", "row": "4"},
        {**key, "ratee": "b", "criterion": "y", "row": "5"},
        {**key, "ratee": "c", "criterion": "x", "row": "6"}, {**key, "ratee": "c", "criterion": "y", "row": "6"},
        {**key, "ratee": "d", "criterion": "x", "row": "7"},
    ])  # fmt: skip
    assert side_by_side(rows)["row"].tolist() == list("11343667")  # two ratings of one criterion stay apart


def test_ratings_without_any_predikat_are_examined_as_far_as_they_go(make_cell, run_detector) -> None:
    rng = np.random.default_rng(5)
    team = pd.DataFrame({"supervisor": np.repeat([f"s{i:02d}" for i in range(40)], 8),
                         "ratee": [f"e{i:03d}" for i in range(320)],
                         "hasil": rng.integers(2, 4, 320), "perilaku": rng.integers(2, 4, 320)})  # fmt: skip
    whole = make_cell(team)
    long = whole.tables.ratings.assign(row=[f"1:1:{i}" for i in range(640)])
    bare = replace(whole, _memo={}, tables=Tables(ratings=conform("ratings", long)),
                   history=Tables(ratings=conform("ratings", long)))  # fmt: skip
    for name, measure in (("straight_lining", "single_value"), ("halo", "association"), ("halo", "equal_ratings")):
        with_it, without = (run_detector(name, c).first(measure=measure, scope="ekinerja") for c in (whole, bare))
        assert with_it.code == without.code
        np.testing.assert_equal(without.estimate.value, with_it.estimate.value)
    bound = run_detector("leniency", bare).first(measure="bounds")
    assert bound.code == "leniency.no_predikat" and bound.status is Status.NOT_APPLICABLE
