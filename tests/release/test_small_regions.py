"""Small regions at the public level: from no number of any finding or frame can a hidden count be worked out."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import ACCOUNTING, PREDIKAT, Tables, conform
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.detect import detect
from kinerja_analysis.release import release
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Published
from kinerja_analysis.release.findings import Told
from kinerja_analysis.release.linked import Book
from kinerja_analysis.report.sections.origin import files
from kinerja_analysis.report.sections.quality import verdict
from kinerja_analysis.report.view import View
from kinerja_analysis.score import score

HEAD = {"year": 2025, "region": "01.01", "period": "2025"}
LEVELS = {4: (3, 3), 3: (2, 2), 1: (3, 1)}
#: persons per team, how many of them got Sangat Baik, how many Kurang, how many are not rated
REGIONS = {"12": ((1, 4, 7), 2, 1, 0), "25": ((5,) * 5, 8, 1, 1), "60": ((12,) * 5, 12, 1, 2),
           "120": ((8,) * 15, 17, 0, 4)}  # fmt: skip


def export(sizes: tuple[int, ...], top: int, low: int, gone: int) -> Audit:
    """An e-Kinerja export of one agency, audited; its rows are in the accounting."""
    team = np.repeat(np.arange(len(sizes)), sizes)
    n = len(team)
    level = np.full(n, 3)
    order = np.random.default_rng(3).permutation(n)
    level[order[:top]], level[order[top : top + low]] = 4, 1
    rated = pd.Series(np.isin(np.arange(n), order[top + low : top + low + gone]), dtype=bool).map(
        {True: "not_rated", False: "rated"})  # fmt: skip
    base = {**HEAD, "opd": "o", "row": [f"1:1:{9 + i}" for i in range(n)], "unit": [f"u{t}" for t in team]}
    chief, person = [f"S{t}" for t in team], [f"P{i}" for i in range(n)]
    posts = pd.DataFrame({**base, "person": person, "supervisor": chief, "status": rated, "acting": False,
                          "predikat": pd.Series([PREDIKAT[v] for v in level]).where(rated == "rated")})  # fmt: skip
    parts = [pd.DataFrame({**base, "ratee": person, "rater": chief, "source": "supervisor", "criterion": name,
                           "score": [float(LEVELS[v][c]) for v in level], "scale_min": 1.0, "scale_max": 3.0})
             for c, name in enumerate(("hasil_kerja", "perilaku_kerja"))]  # fmt: skip
    ratings = pd.concat([p[rated == "rated"] for p in parts])
    lines = [(1, 1, "appraisals", n, n, 0, 0, ""), (1, 1, "ratings", n - gone, n - gone, 0, 0, "")]
    lines += [(1, 1, "ratings", gone, 0, 0, gone, "not_rated")] if gone else []
    staff = pd.DataFrame({**HEAD, "person": [*person, *dict.fromkeys(chief)], "employment": "pns"}).drop(
        columns="period")  # fmt: skip
    tables = Tables(ratings=conform("ratings", ratings), appraisals=conform("appraisals", posts),
                    employees=conform("employees", staff),
                    accounting=pd.DataFrame(lines, columns=ACCOUNTING))  # fmt: skip
    config = AuditConfig(detectors=("distribution", "halo", "matrix_check", "straight_lining", "index"))
    return detect(tables, score(tables, config), config)


@cache
def audits(name: str) -> tuple[Audit, Audit]:
    audit = export(*REGIONS[name])
    return audit, release(audit)


def told(audit: Audit, measure: str) -> Any:
    asked = {"measure": measure, "subject_kind": "region", "scope": "ekinerja"}
    (found,) = [f for r in audit.results.values() for f in r.findings(**asked)]
    return found


@pytest.mark.parametrize("name", REGIONS)
def test_no_public_number_is_exact(name: str) -> None:
    audit, public = audits(name)
    for result in public.results.values():
        for r in result.frame.to_dict("records"):
            params = json.loads(r["params"])
            assert r["n"] % 5 == 0 or r["n"] < 0, r["code"]
            for p in ("n", "n_rated", "read", "n_pairs", "n_separated"):
                assert params.get(p, 0) % 5 == 0 or params[p] < 0, (r["code"], p)
            numbers = [r["value"], r["lower"], r["upper"],
                       *(v for p, v in params.items() if isinstance(v, float) and p != "national")]  # fmt: skip
            assert all(v == float(f"{v:.3g}") for v in numbers if np.isfinite(v)), (r["code"], numbers)
    columns = {"examined": ["n_scores", "n_achievements"], "rows": ["rows", "kept", "set_aside"],
               "accounting": ["rows", "kept", "set_aside"], "completeness": ["n", "filled"]}  # fmt: skip
    frames = {k: f[columns[k]] for k, f in public.counts.items() if k in columns}
    frames["design"] = public.design.frame[["n_ratees", "n_pairs", "bridges", "movers", "changes"]]
    for frame in frames.values():
        values = frame.to_numpy()
        assert ((values < 0) | (values % 5 == 0)).all() and not ((values > 0) & (values < 10)).any()
    assert audit.design.frame["bridges"].tolist() != frames["design"]["bridges"].tolist()


def test_a_head_count_that_is_withheld_is_printed_nowhere_else() -> None:
    for name in ("12", "25"):
        public = audits(name)[1].counts
        assert (public["examined"]["n_persons"] == WITHHELD).all()
        assert (public["sources"]["n"] == WITHHELD).all()
        checks = public["checks"].set_index("measure")
        assert (checks.loc[["both", "no_second", "no_achievements"], "n"] == WITHHELD).all()
        assert checks.loc["no_second", "k"] == WITHHELD  # there is no second rating of anybody: k is n
        posts = public["completeness"].query("table == 'appraisals' and column == 'person'")
        assert posts["n"].tolist() == [WITHHELD] and not public["rows"]["rows"].isin([10, 25, 30]).all()


def test_how_mixed_few_predikat_are_is_not_told() -> None:
    """12 persons, 14 of 27 pairs apart and 2.1 predikat leave 9, 2 and 1 only (the attack of a tester)."""
    for measure in ("variety", "separated_pairs", "index_differentiation", "index_integrity"):
        f = told(audits("12")[1], measure)
        assert f.code == "release.suppressed" and not f.params


def test_a_share_of_usable_rows_is_the_same_whatever_few_are_not_usable() -> None:
    found = [told(release(export((8,) * 15, 17, 0, gone)), "index_integrity") for gone in (2, 4, 9)]
    for f in found:
        assert f.code == "index.integrity_least" and f.params["read"] == 120 and f.params["hundred"] == 92
        assert (f.estimate.value, f.estimate.lower, f.estimate.upper) == (0.92, 0.92, 1.0)
        assert "Sedikitnya 92%" in f.sentence("id") and "about 120 rows read" in f.sentence("en")
    whole = told(release(export((8,) * 15, 17, 0, 0)), "index_integrity")
    assert whole.code == "index.integrity_rounded" and whole.estimate.value == 1.0


def test_the_variety_is_told_only_where_it_leaves_a_hidden_count_open() -> None:
    """99, 17 and none below Baik: 1.5 to one decimal leaves three values for the hidden one."""
    assert told(audits("120")[1], "variety").code == "release.suppressed"
    assert told(release(export((40,) * 15, 90, 4, 0)), "variety").estimate.value == 1.6


def test_a_check_without_a_mistake_is_said_to_be_rounded() -> None:
    f = told(audits("120")[1], "mismatches")
    assert f.code == "matrix_check.consistent_rounded" and "(sekitar 115)" in f.sentence("id")


def test_rows_tell_no_more_of_persons_than_their_own_count() -> None:
    known = Told(Book(), Published(np.eye(1), np.array([150]), np.array([5])), {}, {}, 151)
    assert known.rows(604) == 600 and known.rows(150) == 150  # four quarters of 151 persons
    assert Told(known.book, known.public, {}, {151: (WITHHELD, 5)}, 151).rows(604) == WITHHELD
    assert Told(known.book, known.public, {}, {151: (160, 20)}, 151).rows(604) == 640


def test_the_page_of_data_quality_says_which_data_there_are() -> None:
    for lang, gone, words in (("id", "tidak ada ekspor", "100% pegawai hanya dinilai oleh atasannya"),
                              ("en", "no e-Kinerja export", "100% of employees are rated by their")):  # fmt: skip
        text = verdict(View(audits("12")[1], lang))
        assert gone not in text and words in text
    assert "tidak menyatakan apakah datanya cukup" in verdict(View(audits("12")[1], "id"))
    assert "sedikitnya 92% dari 120 pegawai" in verdict(View(audits("120")[1], "id"))


def test_rows_of_two_tables_are_counted_once_and_few_are_not_none() -> None:
    audit = audits("120")[0]
    lines = [(1, 1, "appraisals", 1220, 0, 0, 1220, "other_period"),
             (1, 1, "ratings", 1200, 0, 0, 1200, "other_period"), (1, 1, "appraisals", 120, 120, 0, 0, "")]  # fmt: skip
    frame = pd.DataFrame(lines, columns=ACCOUNTING).assign(**{k: HEAD[k] for k in ("region", "year")})
    public = release(replace(audit, counts={**audit.counts, "accounting": frame})).counts["accounting"]
    base = 5 * -(-1220 // 116)
    assert public.loc[public["reason"] == "other_period", "set_aside"].sum() == round(1220 / base) * base
    few = audits("120")[1].counts["accounting"]
    assert few.loc[few["reason"] == "not_rated", "set_aside"].tolist() == [HIDDEN]


def test_rows_of_many_sheets_are_rounded_once() -> None:
    """Eight sheets of 15 rows each: not eight times a rounded 15."""
    audit = audits("120")[0]
    lines = [(1, s, table, 17, 17, 0, 0, "") for s in range(1, 9) for table in ("appraisals", "ratings")]
    frame = pd.DataFrame(lines, columns=ACCOUNTING).assign(**{k: HEAD[k] for k in ("region", "year")})
    public = release(replace(audit, counts={**audit.counts, "accounting": frame}))
    for name in ("rows", "kept"):
        assert public.counts["accounting"].groupby("table")[name].sum().tolist() == [140, 140]  # not 8 times 15
    assert "1 berkas, 140 baris dibaca" in files(View(public, "id"))


@pytest.mark.parametrize(("code", "n"), [("change_spread", 136), ("change_unclear", 136), ("move_spread", 135)])
def test_groups_are_no_persons_and_not_rounded_as_such(code: str, n: int) -> None:
    """136 groups whose supervisor changed or stayed; employees who move count alone and are rounded."""
    numbers = dict.fromkeys(placeholders(messages()[f"leniency.{code}"]["id"]) - {"value", "lower", "upper"}, 31)
    f = Finding(f"leniency.{code}", Status.CLEAR, "supervisor_change", "region", "01.01", "ekinerja",
                Estimate(0.4, 0.2, 0.6, 0.95, 136, "sd", "t"), params=numbers, region="01.01", year=2025)  # fmt: skip
    row = release(replace(audits("120")[0], results={"leniency": Result.of("leniency", [f])})).results["leniency"]
    assert row.frame["n"].tolist() == [n] and row.frame["code"].tolist() == [f.code]


@pytest.mark.parametrize(
    ("measure", "unit", "value", "params", "shown"),
    [
        ("top_missed", "persons", 4, {}, False), ("top_missed", "persons", 12, {}, True),
        ("copies", "count", 40, {"raters": 2}, False), ("copies", "count", 7, {"raters": 5}, False),
        ("copies", "count", 40, {"raters": 3}, True),
        ("mismatches", "share", 0.1, {"k": 16, "higher": 15, "lower": 1, "unknown": 0}, False),
        ("mismatches", "share", 0.1, {"k": 16, "higher": 16, "lower": 0, "unknown": 3}, True),
        ("categories", "share", 0.4, {"over": 0.39, "under": 0.01}, False),
        ("categories", "share", 0.4, {"over": 0.29, "under": 0.11}, True),
        ("equal_ratings", "share", 0.4, {"share": 0.97, "n_rated": 160}, False),
        ("leave_out_alone", "share", 0.4, {"alone": 157, "of": 160}, False),
    ],
)  # fmt: skip
def test_a_finding_that_counts_few_persons_is_hidden(
    measure: str, unit: str, value: float, params: dict[str, Any], shown: bool
) -> None:
    audit = audits("120")[0]
    f = Finding("m.code", Status.CLEAR, measure, "region", "01.01", "ekinerja",
                Estimate(value, level=0.95, n=160, unit=unit, method="full_count"), params=params, region="01.01",
                year=2025)  # fmt: skip
    row = release(replace(audit, results={"m": Result.of("m", [f])})).results["m"].frame.iloc[0]
    assert (row["code"] == "m.code") == shown and np.isfinite(row["value"]) == shown
    if shown:
        told = json.loads(row["params"])
        assert row["value"] == (10 if measure == "top_missed" else value)
        assert told.get("unknown", HIDDEN) == HIDDEN and told.get("k", 15) == 15 and told.get("higher", 15) == 15


def test_rows_read_are_those_of_the_internal_page_rounded() -> None:
    """One sheet fills two tables beside another of one of them: its rows are no second lot."""
    audit = audits("120")[0]
    lines = [(1, 1, "ratings", 1600, 1600, 0, 0, ""), (2, 1, "appraisals", 200, 200, 0, 0, ""),
             (2, 1, "ratings", 180, 180, 0, 0, ""), (2, 1, "ratings", 20, 0, 0, 20, "not_rated")]  # fmt: skip
    frame = pd.DataFrame(lines, columns=ACCOUNTING).assign(**{k: HEAD[k] for k in ("region", "year")})
    public = release(replace(audit, counts={**audit.counts, "accounting": frame}))
    (told,) = public.counts["read"][["rows", "kept", "merged", "set_aside"]].values.tolist()
    assert [abs(a - b) <= c for a, b, c in zip(told, (1800, 1780, 0, 20), (40, 40, 0, 5), strict=True)] == [True] * 4
    assert f"2 files, {told[0]:,} rows read" in files(View(public, "en"))


@pytest.mark.parametrize(("outside", "said"), [(7, "Most of the 7 teams"), (6, "6 of 7 teams")])
def test_a_public_page_does_not_tell_of_every_team_by_telling_of_all(outside: int, said: str) -> None:
    audit = audits("120")[0]
    frame = audit.results["distribution"].frame
    given = {"n_judged": 7, "n_note": 20, "n_outside": outside, "n_small": 3, "n_teams": 30, "n_unrated": 0,
             "persons": 20, "tolerance": 1}  # fmt: skip
    mine = frame.iloc[:1].assign(measure="guide", subject_kind="region", scope="ekinerja", n=110, value=outside / 7,
                                 unit="share", status="FLAGGED", code="distribution.guide_outside", lower=np.nan,
                                 upper=np.nan, params=json.dumps(given))  # fmt: skip
    results = {**audit.results, "distribution": Result("distribution", pd.concat([frame, mine], ignore_index=True))}
    *_, found = release(replace(audit, results=results)).results["distribution"].findings(measure="guide")
    assert said in found.sentence("en") and "7 of 7" not in found.sentence("en")
