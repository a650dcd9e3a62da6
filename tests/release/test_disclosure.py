"""The public form: nobody named, small counts hidden, nothing to be had by subtraction alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable
from kinerja_analysis.release import release
from kinerja_analysis.release.disclosure import HIDDEN, hide

CELL = {"region": "01.01", "year": 2025}


def finding(kind: str, n: int, subject: str = "", **params: object) -> Finding:
    estimate = Estimate(0.5, 0.4, 0.6, 0.95, n, "share", "test")
    return Finding("leniency.verdict", Status.FLAGGED, "m", kind, subject, "multisource", estimate, rows=("1:1:9",),
                   params=params, region="01.01", year=2025)  # fmt: skip


def internal(findings: list[Finding], raters: int = 40) -> Audit:
    rng = np.random.default_rng(1)
    rows = []
    for opd in ("Dinas A", "Dinas B", "Kantor C"):
        for employment in ("pns", "pppk"):
            counts = dict(zip(PREDIKAT, rng.integers(0, 60, 5).tolist(), strict=True))
            rows.append({**CELL, "opd": opd, "employment": employment, "total": sum(counts.values()), **counts,
                         "not_rated": 3, "no_skp": 1, "excluded": 0})  # fmt: skip
    examined = {**CELL, "kind": "multisource", "n_raters": raters, "n_persons": 300, "n_rated": 290,
                "n_not_rated": 9, "n_no_skp": 1, "n_excluded": 0}  # fmt: skip
    return Audit(
        cells=(("01.01", 2025),), design=Design(pd.DataFrame()), scores=ScoreTable(pd.DataFrame({"person": ["P1"]})),
        results={"leniency": Result.of("leniency", findings)},
        counts={
            "headcount": pd.DataFrame(rows),
            "predikat": pd.DataFrame({"predikat": PREDIKAT, "n": [1, 2, 4, 250, 40]}).assign(**CELL),
            "examined": pd.DataFrame([examined]),
        },
        config=AuditConfig(), provenance={}, review=pd.DataFrame({"rater": ["P1"]}),
    )  # fmt: skip


def test_raters_employees_teams_and_rows_are_gone() -> None:
    kinds = ("region", "rater", "employee", "team", "unit", "group")
    public = release(internal([finding(k, 100, "P1" if k != "region" else "01.01", family=30) for k in kinds]))
    frame = public["leniency"].frame
    assert frame["subject_kind"].tolist() == ["region", "group"]
    assert all(len(r) == 0 for r in frame["rows"])
    assert public.scores.frame.empty and public.review is None and public.level == "public"


@pytest.mark.parametrize(
    ("n", "family", "raters", "shown"),
    [(100, 30, 40, True), (9, 30, 40, False), (100, 2, 40, False), (100, 30, 2, False)],
)
def test_numbers_with_few_behind_them_are_hidden(n: int, family: int, raters: int, shown: bool) -> None:
    row = release(internal([finding("region", n, family=family)], raters)).results["leniency"].frame.iloc[0]
    assert np.isfinite(row["value"]) == shown
    assert (row["status"] == "FLAGGED") == shown
    assert shown or row["code"] == "release.suppressed"


def test_small_counts_are_hidden_and_the_rest_rounded() -> None:
    assert hide(pd.Series([0, 1, 9, 10, 12, 13, 98]), 10).tolist() == [HIDDEN, HIDDEN, HIDDEN, 10, 10, 15, 100]
    public = release(internal([])).counts
    table = public["headcount"].drop(columns=["region", "year", "opd", "employment"])
    assert ((table == HIDDEN) | (table >= 10)).all(axis=None)
    assert (table.where(table != HIDDEN, 0) % 5 == 0).all(axis=None)
    assert "KURANG" not in table.columns
    low = public["predikat"].set_index("predikat")["n"]
    assert low["DI BAWAH BAIK"] == HIDDEN and low["BAIK"] == 250


def test_shares_of_predikat_do_not_give_hidden_counts() -> None:
    """180 and 1,282 of 1,467 would leave 5 below Baik; rounded to fives each, nothing below 10 can be had."""
    def share(measure: str, k: int) -> Finding:
        estimate = Estimate(k / 1467, k / 1470, (k + 3) / 1470, 0.95, 1467, "share", "full_count_bounds")
        return Finding(f"distribution.{measure}", Status.CLEAR, measure, "region", "01.01", "ekinerja", estimate,
                       params={"k": k, "waiting": 3, "predikat": "BAIK"}, region="01.01", year=2025)  # fmt: skip

    audit = internal([share("share_top", 180), share("share_modal", 1282)])
    audit.counts["examined"].loc[0, "kind"] = "ekinerja"
    found = {f.measure: f for f in release(audit)["leniency"].findings()}
    top, modal = found["share_top"], found["share_modal"]
    assert top.estimate is not None and modal.estimate is not None
    assert (top.params["k"], modal.params["k"], top.estimate.n, modal.params["waiting"]) == (180, 1280, 1465, 5)
    assert modal.estimate.value == 1280 / 1465 and modal.estimate.upper == 1285 / 1470


def test_thresholds_cannot_be_lowered() -> None:
    with pytest.raises(DisclosureRefused) as error:
        release(internal([]), AuditConfig(disclosure={"persons": 5, "raters": 3}))
    assert error.value.exit_code == 4


def test_a_public_audit_stays_as_it_is() -> None:
    public = release(internal([finding("region", 100, family=30)]))
    assert release(public) is public
