"""The public form: nobody named, small counts hidden, nothing to be had by subtraction alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable
from kinerja_analysis.release import disclosure, release
from kinerja_analysis.release.attacker import Published
from kinerja_analysis.release.disclosure import HIDDEN, WITHHELD, hide
from kinerja_analysis.release.linked import linked
from kinerja_analysis.release.suppress import rounded
from kinerja_analysis.report.sections.headcount import closed, no_agency
from kinerja_analysis.report.view import View

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
            rows.append({**CELL, "opd": opd, "employment": employment, "total": sum(counts.values()) + 4, **counts,
                         "not_rated": 3, "no_skp": 1, "excluded": 0})  # fmt: skip
    examined = {**CELL, "kind": "multisource", "n_raters": raters, "n_persons": 300, "n_rated": 290,
                "n_not_rated": 9, "n_no_skp": 1, "n_excluded": 0}  # fmt: skip
    return Audit(
        cells=(("01.01", 2025),), design=Design(pd.DataFrame()), scores=ScoreTable(pd.DataFrame({"person": ["P1"]})),
        results={"leniency": Result.of("leniency", findings)},
        counts={
            "headcount": pd.DataFrame(rows),
            "raters": pd.DataFrame(rows)[["region", "year", "opd", "employment"]].assign(n=40, n_raters=8, largest=9),
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
    assert (table.isin([HIDDEN, WITHHELD]) | (table >= 10)).all(axis=None)
    assert (table.where(table > 0, 0) % 5 == 0).all(axis=None)
    assert "KURANG" not in table.columns
    low = public["predikat"].set_index("predikat")["n"]
    assert low["DI BAWAH BAIK"] == HIDDEN and low["BAIK"] == 250


def shares(*counts: tuple[str, str, int]) -> list[Finding]:
    """Shares of predikat among 290 of the export, three still waiting."""
    found = []
    for measure, name, k in counts:
        estimate = Estimate(k / 297, k / 300, (k + 3) / 300, 0.95, 297, "share", "full_count_bounds")
        found.append(Finding(f"distribution.{measure}", Status.CLEAR, measure, "region", "01.01", "ekinerja", estimate,
                             params={"k": k, "waiting": 3, "predikat": name}, region="01.01", year=2025))  # fmt: skip
    return found


def export(predikat: list[int], findings: list[Finding]) -> Audit:
    """One agency and kind of employment: the whole region."""
    audit = internal(findings)
    counts = dict(zip(PREDIKAT, predikat, strict=True))
    row = {**CELL, "opd": "Dinas A", "employment": "pns", "total": sum(predikat) + 4, **counts, "not_rated": 3,
           "no_skp": 1, "excluded": 0}  # fmt: skip
    audit.counts["examined"].loc[0, ["kind", "n_persons", "n_rated", "n_not_rated"]] = [
        "ekinerja", sum(predikat) + 4, sum(predikat), 3]  # fmt: skip
    told = pd.DataFrame({"predikat": PREDIKAT, "n": predikat}).assign(**CELL)
    return replace(audit, counts={**audit.counts, "headcount": pd.DataFrame([row]), "predikat": told})


def test_shares_of_predikat_say_no_more_than_the_table() -> None:
    audit = export([1, 2, 4, 250, 40], shares(("share_top", "SANGAT BAIK", 40), ("share_modal", "BAIK", 250)))
    public = release(audit)
    table = public.counts["predikat"].set_index("predikat")["n"]
    found = {f.measure: f for f in public["leniency"].findings()}
    for measure, name in (("share_top", "SANGAT BAIK"), ("share_modal", "BAIK")):
        f = found[measure]
        assert f.estimate is not None and f.params["k"] == table[name]
        assert f.estimate.value == round(f.params["k"] / f.estimate.n, 2)
        assert f.estimate.n % 5 == 0 and f.params["waiting"] == 9 and f.code.endswith("_rounded")


@pytest.mark.parametrize("top", [38, 42, 57, 263])
def test_limits_of_a_rounded_share_hold_for_the_true_counts(top: int) -> None:
    rest = 297 - top
    audit = export([1, 2, 4, rest, top], shares(("share_top", "SANGAT BAIK", top)))
    (f,) = release(audit)["leniency"].findings()
    assert f.estimate is not None
    n, waiting = 7 + rest + top, 3
    assert f.estimate.lower <= top / (n + waiting) and (top + waiting) / (n + waiting) <= f.estimate.upper
    assert f.estimate.lower <= f.estimate.value <= f.estimate.upper <= f.estimate.lower + 0.08


def test_the_variety_tells_no_hidden_count() -> None:
    kept = replace(shares(("share_top", "SANGAT BAIK", 40))[0], code="distribution.variety",
                   measure="variety", params={"used": 5, "entropy": 0.4531}, estimate=Estimate(1.5732, n=297))
    (f,) = release(export([1, 2, 4, 250, 40], [kept]))["leniency"].findings()
    assert f.estimate is not None and f.estimate.value == 1.6 and not any(f.params.values())


def test_a_share_of_few_is_not_told() -> None:
    public = release(export([1, 2, 4, 286, 4], shares(("share_top", "SANGAT BAIK", 4))))
    (f,) = public["leniency"].findings()
    assert f.code == "release.suppressed" and f.estimate is not None and np.isnan(f.estimate.value)


@pytest.mark.parametrize(
    ("n_raters", "largest", "counts", "shown"),
    [(8, 40, [0, 5, 10, 250, 40], True), (2, 40, [0, 5, 10, 250, 40], False), (8, 270, [0, 5, 10, 250, 40], False),
     (8, 40, [0, 0, 0, 300, 0], False)],
)  # fmt: skip
def test_few_raters_a_dominant_one_or_one_class_hide_the_predikat_of_an_agency(
    n_raters: int, largest: int, counts: list[int], shown: bool
) -> None:
    audit = export([2 * c for c in counts], [])
    rows = [audit.counts["headcount"].assign(opd=o, total=sum(counts) + 4, **dict(zip(PREDIKAT, counts, strict=True)))
            for o in ("Dinas A", "Dinas B")]  # fmt: skip
    teams = pd.DataFrame({**CELL, "opd": ["Dinas A", "Dinas B"], "employment": "pns", "n": 305,
                          "n_raters": [n_raters, 8], "largest": [largest, 40]})  # fmt: skip
    public = release(replace(audit, counts={**audit.counts, "headcount": pd.concat(rows), "raters": teams}))
    row = public.counts["headcount"].set_index("opd").loc["Dinas A"]
    assert (row["BAIK"] > 0) == shown and row["total"] == rounded(sum(counts) + 4)
    assert shown or row["BAIK"] == WITHHELD
    assert "raters" not in public.counts


def test_without_knowing_the_raters_no_agency_prints_predikat() -> None:
    audit = internal([])
    del audit.counts["raters"]  # type: ignore[attr-defined]
    table = release(audit).counts["headcount"]
    assert (table[["SANGAT BAIK", "BAIK", "DI BAWAH BAIK"]] < 0).all(axis=None)


def test_the_edition_says_how_many_counts_are_hidden_and_why() -> None:
    public = release(internal([finding("region", 100, family=30)]))
    told = public.counts["disclosure"]
    assert (told["shown"] + told["hidden"] + told["withheld"] == told["cells"]).all()
    assert told["hidden"].sum() > 0
    for lang, word in (("id", "ditutup"), ("en", "hidden")):
        text = closed(View(public, lang))
        assert word in text and text.count(".") == 1 and f"{told['hidden'].sum()} " in text


def test_a_public_edition_is_refused_when_the_attacker_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door asks the attacker itself, whoever suppressed."""
    def broken(forms: Any, truth: Any, **_: Any) -> Published:
        shown = np.where(truth < 10, HIDDEN, truth)
        return Published(forms, shown, np.where(truth < 10, 5, 1))

    monkeypatch.setattr(disclosure, "protect", broken)
    with pytest.raises(DisclosureRefused) as error:
        release(internal([]))
    assert error.value.exit_code == 4 and error.value.key == "errors.disclosure_open"


def test_thresholds_cannot_be_lowered() -> None:
    with pytest.raises(DisclosureRefused) as error:
        release(internal([]), AuditConfig(disclosure={"persons": 5, "raters": 3}))
    assert error.value.exit_code == 4


def test_a_public_audit_stays_as_it_is() -> None:
    public = release(internal([finding("region", 100, family=30)]))
    assert release(public) is public


def test_an_agency_not_stated_is_not_a_small_one_merged() -> None:
    audit = internal([])
    heads = audit.counts["headcount"]
    small = heads.iloc[:1].assign(opd="Kantor D", total=5, **(dict.fromkeys(PREDIKAT, 0) | {"BAIK": 1}))
    heads = pd.concat([heads.assign(opd=heads["opd"].replace("Dinas A", "")), small])
    public = release(replace(audit, counts={**audit.counts, "headcount": heads}))
    assert {"", "-"} <= set(public.counts["headcount"]["opd"])
    named = no_agency(View(public, "en"))
    assert named == {"": "Small agencies, merged", "-": "Agency not stated"}
    assert no_agency(View(audit, "id"))[""] == "Tanpa keterangan perangkat daerah"


@pytest.mark.parametrize("n", [0, 120])
def test_who_is_in_other_periods_only_is_told_apart_from_exclusions(n: int) -> None:
    audit = internal([])
    heads = audit.counts["headcount"].assign(not_rated=3)
    heads.loc[heads["opd"] == "Dinas A", ["total", "not_rated"]] += n // 2
    told = [("Dinas A", "other_period", n), ("Dinas A", "not_rated", 6)][0 if n else 1 :]
    rated = heads.groupby("opd")["total"].sum() - heads.groupby("opd")[["not_rated", "no_skp"]].sum().sum(axis=1)
    rows = [*told, *((opd, "rated", int(k)) for opd, k in rated.items()), *((opd, "no_skp", 2) for opd in rated.index),
            ("Dinas B", "not_rated", 6), ("Kantor C", "not_rated", 6)]  # fmt: skip
    unrated = pd.DataFrame(rows, columns=["opd", "reason", "n"]).assign(unit="u", **CELL)
    sizes = heads.groupby("opd")["total"].sum()
    coverage = pd.DataFrame([(o, "u", "ekinerja", k, k, k) for o, k in sizes.items()],
                            columns=["opd", "unit", "source", "n", "rated", "pairs"]).assign(**CELL)  # fmt: skip
    sources = pd.DataFrame([("ekinerja", int(sizes.sum()), int(sizes.sum()), int(sizes.sum()), 3, 0)],
                           columns=["source", "n", "rated", "pairs", "units", "none"]).assign(**CELL)  # fmt: skip
    checks = pd.DataFrame([("not_rated", 18 + n, int(sizes.sum()), 0, 0)],
                          columns=["measure", "k", "n", "raters", "largest"]).assign(**CELL)  # fmt: skip
    examined = audit.counts["examined"].assign(kind="ekinerja", n_not_rated=18 + n, n_other_period=n)
    counts = {**audit.counts, "headcount": heads, "unrated": unrated, "coverage": coverage, "sources": sources,
              "checks": checks, "examined": examined}  # fmt: skip
    book, frames = linked(counts, 10, 3, 85)
    found = frames["unrated"].set_index(["opd", "reason"])["n"]
    assert ("other_period" in found.index.get_level_values("reason")) == bool(n)
    assert found.xs("excluded", level="reason").tolist() == [0, 0, 0] and found.sum() == sizes.sum()
    assert not n or found[("Dinas A", "other_period")] == n
    cells = {book.names[c]: book.truth()[c] for c in range(len(book.names))}
    assert cells.get("examined|ekinerja|n_other_period", cells.get("unrated|Dinas A|other_period", 0)) == n


def test_a_refusal_tells_no_number_of_few() -> None:
    few = Estimate(10 / 21, 0.2, 0.8, 0.95, 7, "share", "jackknife")
    head = {"region": "01.01", "year": 2025}
    pairs = Finding("distribution.pairs_few", Status.INSUFFICIENT, "separated_pairs", "region", "01.01", "ekinerja",
                    few, params={"n_teams": 1, "n_pairs": 21, "n_separated": 10}, **head)  # fmt: skip
    said = Finding("halo.two_ratings", Status.NOT_APPLICABLE, "halo", "region", "01.01", "ekinerja",
                   params={"n_rated": 7, "share": 1.0}, **head)  # fmt: skip
    why = Finding("drift.one_year", Status.NOT_APPLICABLE, "drift", "region", "01.01", "ekinerja", **head)
    found = {f.measure: f for f in release(export([1, 2, 4, 250, 40], [pairs, said, why]))["leniency"].findings()}
    assert found["drift"].code == "drift.one_year"
    for measure in ("separated_pairs", "halo"):
        f = found[measure]
        assert f.code == "release.suppressed" and not f.params
        assert f.estimate is None or (np.isnan(f.estimate.value) and f.estimate.n == 0)


def test_frames_of_a_comparison_hold_no_exact_head_count() -> None:
    audit = export([1, 2, 4, 250, 40], shares(("share_top", "SANGAT BAIK", 40)))
    hard = pd.DataFrame({**CELL, "criterion": ["a", "b"], "n": 208, "n_raters": 40, "value": [1.0, -1.0], "se": 0.5})
    kinds = pd.DataFrame([{**CELL, "stratum": "rest", "n_teams": 9, "n_persons": 234, "pairs": 608, "share": 0.3,
                           "variance": 0.001}])  # fmt: skip
    told = release(replace(audit, counts={**audit.counts, "criteria": hard, "pair_strata": kinds})).counts
    assert told["criteria"]["n"].tolist() == [210, 210]
    assert told["pair_strata"][["n_persons", "pairs"]].to_numpy().tolist() == [[235, 610]]
