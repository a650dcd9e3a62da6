"""Base rates of domain.md 8 and 8.1, the matrix of 4.3, time stamps. Bands: 4 standard errors."""

import datetime as dt

import numpy as np
import pytest

from kinerja_analysis.simulate import simulate
from kinerja_analysis.simulate.plan import NATIONAL
from kinerja_analysis.simulate.ratings import MATRIX, cells_of, deadline
from kinerja_analysis.simulate.scenarios import GUIDE

# domain.md 8: PNS, 10,290,209 appraisals 2022-2024; 8.1 point 2: split over the nine cells, in %.
PREDIKAT = {
    "SANGAT BAIK": 0.1127,
    "BAIK": 0.8846,
    "BUTUH PERBAIKAN": 0.0011,
    "KURANG": 0.0006,
    "SANGAT KURANG": 0.0010,
}
SPLIT = {
    (3, 3): 11.27, (3, 2): 6, (2, 3): 8, (2, 2): 74.46, (1, 2): 0.09, (1, 3): 0.02, (3, 1): 0.01, (2, 1): 0.05,
    (1, 1): 0.10,
}  # fmt: skip


def test_the_national_split_is_that_of_the_reference():
    assert {cell: pytest.approx(100 * share) for cell, share in NATIONAL.items()} == SPLIT


@pytest.mark.parametrize("cells", [NATIONAL, GUIDE])
def test_every_cell_has_its_share(cells):
    rng = np.random.default_rng(1)
    n = 1_000_000
    hasil, perilaku = cells_of(rng.standard_normal(n), rng.random(n), cells)
    for (h, p), share in cells.items():
        seen = ((hasil == h) & (perilaku == p)).mean()
        assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / n)


def test_higher_latent_never_a_worse_predikat():
    order = {"SANGAT KURANG": 0, "KURANG": 0, "BUTUH PERBAIKAN": 0, "BAIK": 1, "SANGAT BAIK": 2}
    latent = np.linspace(-4, 4, 2001)
    hasil, perilaku = cells_of(latent, np.full(2001, 0.5), NATIONAL)
    assert (np.diff([order[MATRIX[h - 1, p - 1]] for h, p in zip(hasil, perilaku, strict=True)]) >= 0).all()


def test_national_scenario_has_national_base_rates():
    """20,000 employees: standard error of a share with a design effect of 2 (clustering by supervisor)."""
    t = simulate(scenario="nasional", size=20_000, years=[2025], seed=2).tables
    rated = t.appraisals[t.appraisals["status"] == "rated"]
    seen = rated["predikat"].value_counts(normalize=True)
    for name, share in PREDIKAT.items():
        assert abs(seen.get(name, 0.0) - share) < 4 * np.sqrt(2 * share * (1 - share) / len(rated))


def test_recorded_predikat_follows_the_matrix(demo):
    """PermenPANRB 6/2022 p. 99-103 as quoted in domain.md 4.3, written out by hand."""
    words = {
        (3, 3): "SANGAT BAIK", (3, 2): "BAIK", (3, 1): "KURANG", (2, 3): "BAIK", (2, 2): "BAIK", (2, 1): "KURANG",
        (1, 3): "BUTUH PERBAIKAN", (1, 2): "BUTUH PERBAIKAN", (1, 1): "SANGAT KURANG",
    }  # fmt: skip
    r = demo.tables.ratings
    wide = r[r["scale_max"] == 3].pivot(index="row", columns="criterion", values="score")
    recorded = demo.tables.appraisals.set_index("row")["predikat"]
    wide = wide[wide.index.isin(recorded.index)]
    recorded = recorded.loc[wide.index]
    assert len(wide) > 20_000
    expected = [words[int(h), int(p)] for h, p in wide[["hasil_kerja", "perilaku_kerja"]].to_numpy()]
    assert recorded.tolist() == expected


def test_most_time_stamps_lie_in_the_last_days(demo):
    """Domain 8.1 point 5: 60 to 80 % in the last days before the deadline."""
    a = demo.tables.appraisals
    a = a[a["status"] == "rated"]
    for (region, period), rows in a.groupby(["region", "period"]):
        year = int(period[:4])
        quarter = int(period[-1]) if "Q" in period else 0
        days = 3 if quarter else 5
        left = np.datetime64(deadline(year, quarter) + dt.timedelta(days=1)) - rows["rated_at"].to_numpy()
        assert 0.60 <= (left <= np.timedelta64(24 * days, "h")).mean() <= 0.80, (region, period)


def test_a_few_supervisors_rate_a_whole_team_in_one_minute(demo):
    a = demo.tables.appraisals
    a = a[(a["status"] == "rated") & ~a["acting"] & (a["year"] == 2025) & (a["region"] == "76.02")]
    span = a.groupby("supervisor")["rated_at"].agg(["size", lambda t: t.max() - t.min()])
    span.columns = ["n", "span"]
    big = span[span["n"] >= 5]
    assert 1 <= (big["span"].dt.total_seconds() < 60).sum() <= 0.12 * len(big)


def test_some_rows_are_not_rated_have_no_skp_or_belong_to_an_acting_post(demo):
    a = demo.tables.appraisals
    shares = a["status"].value_counts(normalize=True)
    assert 0.01 < shares["not_rated"] < 0.03
    assert 0.004 < shares["no_skp"] < 0.012
    assert a.groupby("region")["acting"].sum().gt(0).all()
    assert a.loc[a["status"] != "rated", ["predikat", "rated_at"]].isna().all().all()
    acting = a.loc[a["acting"], ["year", "person", "post"]]
    assert acting["post"].str.startswith("Plt. ").all()
    rated = demo.tables.ratings
    assert not rated["row"].isin(a.loc[a["acting"], "row"]).any()


def test_transferred_people_are_rated_under_two_supervisors_and_counted_once(demo):
    t = demo.tables.select(region="76.02", year=2025)
    a = t.appraisals[~t.appraisals["acting"]]
    assert a["person"].is_unique
    raters = t.ratings.query("scale_max == 3").groupby("ratee")["rater"].nunique()
    assert raters.max() == 2 and 2 <= (raters == 2).sum() <= 40
    later = a.set_index("person")["supervisor"]
    listed = t.employees.set_index("person")["supervisor"]
    assert (later == listed.loc[later.index]).all()
