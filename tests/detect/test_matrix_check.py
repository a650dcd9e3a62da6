"""matrix_check: the nine cells, counts, addresses, and what cannot be checked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.score import score

NAME = "matrix_check"
# PermenPANRB 6/2022 p. 99-103: (hasil, perilaku) -> predikat
MATRIX = {
    (3, 3): "SANGAT BAIK", (3, 2): "BAIK", (3, 1): "KURANG", (2, 3): "BAIK", (2, 2): "BAIK", (2, 1): "KURANG",
    (1, 3): "BUTUH PERBAIKAN", (1, 2): "BUTUH PERBAIKAN", (1, 1): "SANGAT KURANG",
}  # fmt: skip


def table(recorded: dict[int, str] | None = None, copies: int = 1) -> pd.DataFrame:
    rows = [
        {"supervisor": "S", "ratee": f"R{c:03d}{i}", "hasil": h, "perilaku": p, "predikat": MATRIX[h, p]}
        for c in range(copies)
        for i, (h, p) in enumerate(MATRIX)
    ]
    frame = pd.DataFrame(rows)
    for i, word in (recorded or {}).items():
        frame.loc[i, "predikat"] = word
    return frame


def test_all_nine_cells_agree(make_cell, run_detector):
    found = run_detector(NAME, make_cell(table())).first(measure="mismatches", scope="ekinerja")
    assert found.status is Status.CLEAR and found.estimate.value == 0 and found.estimate.n == 9


def test_mismatches_are_counted_with_their_rows(make_cell, run_detector):
    # recorded Sangat Baik for (3, 2) and Baik for (1, 1) are higher, Kurang for (2, 2) is lower than computed
    ctx = make_cell(table({1: "SANGAT BAIK", 4: "KURANG", 8: "BAIK"}))
    found = run_detector(NAME, ctx).first(measure="mismatches", scope="ekinerja")
    assert found.status is Status.FLAGGED and found.code.endswith("systematic")
    assert found.estimate.value == pytest.approx(3 / 9)
    assert (found.params["k"], found.params["higher"], found.params["lower"]) == (3, 2, 1)
    assert found.rows == ("1:1:10", "1:1:13", "1:1:17")


def test_one_in_many_is_single(make_cell, run_detector):
    found = run_detector(NAME, make_cell(table({1: "KURANG"}, copies=30))).first(measure="mismatches", scope="ekinerja")
    assert found.code.endswith("single") and found.estimate.value == pytest.approx(1 / 270)


@pytest.mark.parametrize(("wrong", "code"), [({1: "SANGAT BAIK", 4: "KURANG"}, "single"), ({1: "KURANG"}, "single")])
def test_one_or_two_are_slips_whatever_their_share(make_cell, run_detector, wrong, code):
    found = run_detector(NAME, make_cell(table(wrong))).first(measure="mismatches", scope="ekinerja")
    assert found.code.endswith(code) and found.estimate.value > 0.1


@pytest.mark.parametrize("first", [True, False])
def test_rows_of_other_posts_are_checked_too(make_cell, run_detector, first):
    """R0001 holds two substantive posts: the row that counts and the other one are both recomputed."""
    whole = make_cell(table({1: "KURANG"} if first else {}, copies=3))
    mine = whole.tables.appraisals["person"] == "R0001"
    again = {"row": "1:1:99", "supervisor": "T", "rated_at": whole.tables.appraisals["rated_at"]}
    later = whole.tables.appraisals.assign(**again)[mine].assign(
        rated_at=pd.Timestamp("2025-12-31"), predikat="BAIK" if first else "KURANG")  # fmt: skip
    ratings = whole.tables.ratings
    more = ratings[ratings["ratee"] == "R0001"].assign(row="1:1:99", rater="T")
    tables = replace(whole.tables, appraisals=pd.concat([whole.tables.appraisals, later], ignore_index=True),
                     ratings=pd.concat([ratings, more], ignore_index=True))  # fmt: skip
    ctx = replace(whole, tables=tables, scores=score(tables, whole.config))
    found = run_detector(NAME, ctx).first(measure="mismatches", scope="ekinerja")
    assert found.status is Status.FLAGGED and (found.params["k"], found.estimate.n) == (1, 28)
    assert found.rows == ("1:1:10" if first else "1:1:99",)


def test_rows_of_acting_posts_are_held_to_their_own_levels(make_cell, run_detector):
    """Readers keep their levels out of the ratings. R0008, low and low, acts once more and is Sangat Baik there.

    R0000 has an acting row only, high and high, and Sangat Baik: it follows. R0001's has no levels: not checkable.
    """
    whole = make_cell(table())
    own, ratings = whole.tables.appraisals, whole.tables.ratings
    acting = own[own["person"].isin(["R0000", "R0001", "R0008"])].sort_values("person").assign(
        acting=True, row=["1:1:97", "1:1:98", "1:1:99"], post="Plt", predikat="SANGAT BAIK",
        acting_hasil_kerja=[3.0, np.nan, 1.0], acting_perilaku_kerja=[3.0, np.nan, 1.0])  # fmt: skip
    tables = replace(whole.tables, appraisals=pd.concat([own[own["person"] != "R0000"], acting], ignore_index=True),
                     ratings=ratings[ratings["ratee"] != "R0000"])  # fmt: skip
    ctx = replace(whole, tables=tables, scores=score(tables, whole.config))
    found = run_detector(NAME, ctx).first(measure="mismatches", scope="ekinerja")
    assert (found.params["k"], found.params["higher"], found.params["unknown"]) == (1, 1, 1)
    assert found.estimate.n == 10 and found.rows == ("1:1:99",)


def test_recorded_without_ratings_is_unknown_not_wrong(make_cell, run_detector):
    whole = make_cell(table())
    fewer = replace(whole.tables, ratings=whole.tables.ratings[whole.tables.ratings["ratee"] != "R0000"])
    ctx = replace(whole, tables=fewer, scores=score(fewer, whole.config))
    found = run_detector(NAME, ctx).first(measure="mismatches", scope="ekinerja")
    assert found.status is Status.CLEAR and found.params["unknown"] == 1 and found.estimate.n == 8


def test_missing_predikat_cannot_be_checked(make_cell, run_detector):
    rows = table().assign(predikat=None)
    found = run_detector(NAME, make_cell(rows)).first(measure="mismatches", scope="ekinerja")
    assert found.status is Status.NOT_APPLICABLE


def test_empty_cell(make_cell, run_detector):
    assert set(run_detector(NAME, make_cell()).frame["status"]) == {"NOT_APPLICABLE"}


def test_at_most_fifty_addresses(make_cell, run_detector):
    wrong = {i: "KURANG" for i in range(0, 900, 9)}
    found = run_detector(NAME, make_cell(table(wrong, copies=100))).first(measure="mismatches", scope="ekinerja")
    assert len(found.rows) == 50 and found.params["n_rows"] == found.params["k"] == 100


def test_row_order_does_not_matter(make_cell, run_detector, same):
    rows = table({1: "SANGAT BAIK", 4: "KURANG"}, copies=4)
    same(run_detector(NAME, make_cell(rows)), run_detector(NAME, make_cell(rows, shuffle=1)))


def test_messages_and_thresholds():
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    for text in own.values():
        assert placeholders(text["id"]) == placeholders(text["en"]) and set(text) == set(LANGUAGES)
    for key in thresholds(NAME):
        limit = threshold(f"{NAME}.{key}")
        assert limit.source and limit.unit and isinstance(limit.date, dt.date)
