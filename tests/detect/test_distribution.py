"""distribution: hand-computed pairs, bounds and guide counts; chance levels under the national mix."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.tables import ELSEWHERE
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect._distribution_likeness import likeness
from kinerja_analysis.detect._distribution_smallest import smallest_rho
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.detect.distribution import org_ratings
from kinerja_analysis.stats import beta_binomial

SB, B, BP, K = (3, 3), (2, 2), (1, 2), (2, 1)
NAME = "distribution"


def teams(*groups: list[tuple[int, int]], unit: str = "u") -> pd.DataFrame:
    """One team per list of (hasil, perilaku)."""
    rows = [
        {"supervisor": f"S{t:03d}", "ratee": f"R{t:03d}_{i:02d}", "hasil": h, "perilaku": p, "unit": unit}
        for t, group in enumerate(groups)
        for i, (h, p) in enumerate(group)
    ]
    return pd.DataFrame(rows)


def test_pairs_by_hand(make_cell, run_detector):
    # Team 1: SB B B -> 2 of 3 pairs differ; team 2: B B B B -> 0 of 6; team 3: SB B -> 1 of 1. Together 3 of 10.
    groups = [[SB, B, B], [B] * 4, [SB, B]] * 5
    found = run_detector(NAME, make_cell(teams(*groups))).first(measure="separated_pairs", scope="ekinerja")
    assert found.estimate.value == pytest.approx(0.3)
    assert (found.params["n_separated"], found.params["n_pairs"], found.params["n_teams"]) == (15, 50, 15)
    # delete-one-team jackknife of Σd/Σp, by its definition
    d, p = np.array([2, 0, 1] * 5), np.array([3, 6, 1] * 5)
    left = (15 - d) / (50 - p)
    se = np.sqrt(14 / 15 * ((left - left.mean()) ** 2).sum())
    assert found.estimate.upper == pytest.approx(0.3 + 2.1447867 * se, rel=1e-6)  # t(14), .975: tables
    assert found.status is Status.CLEAR


def test_yardsticks_are_the_published_mixes():
    national = 1 - np.sum(np.square([0.1127, 0.8846, 0.0011, 0.0006, 0.0010]))
    guide = 1 - np.sum(np.square([0.18, 0.65, 0.12, 0.04, 0.01]))
    assert threshold("distribution.separated_national").value == pytest.approx(national, abs=0.006)
    assert threshold("distribution.separated_guide").value == pytest.approx(guide, abs=0.006)


def test_nobody_separated_has_an_exact_upper_limit(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams(*[[B] * 5] * 20))).first(measure="separated_pairs", scope="ekinerja")
    assert found.status is Status.FLAGGED and found.code.endswith("pairs_constant")
    assert found.estimate.value == 0 and found.estimate.upper == pytest.approx(1 - 0.05 ** (1 / 20))


def test_few_teams_are_counted_not_judged(make_cell, run_detector):
    result = run_detector(NAME, make_cell(teams(*[[SB, B, B]] * 14)))
    assert result.first(measure="separated_pairs", scope="ekinerja").status is Status.INSUFFICIENT
    assert result.first(measure="clustering").status is Status.INSUFFICIENT


def test_single_employees_have_no_pair(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams([B], [SB]))).first(measure="separated_pairs", scope="ekinerja")
    assert found.status is Status.NOT_APPLICABLE and found.code.endswith("pairs_none")


def test_shares_are_bounded_by_those_not_rated(make_cell, run_detector):
    rows = teams([SB] * 3 + [B] * 7 + [B] * 5)
    rows["status"] = ["rated"] * 10 + ["not_rated"] * 5
    result = run_detector(NAME, make_cell(rows))
    top, modal = (result.first(measure=m).estimate for m in ("share_top", "share_modal"))
    assert (top.value, top.lower, top.upper, top.n) == pytest.approx((0.3, 3 / 15, 8 / 15, 10))
    assert (modal.value, modal.lower, modal.upper) == pytest.approx((0.7, 7 / 15, 12 / 15))


def test_who_waits_is_not_said_to_be_unrated_who_may_be_rated_in_another_period(make_cell, run_detector):
    """Five have a row of a quarter only, and so no predikat in the annual period, which counts."""
    rows = teams([SB] * 3 + [B] * 7 + [B] * 5)
    rows["status"] = ["rated"] * 10 + ["not_rated"] * 5
    ctx = make_cell(rows)
    ctx.tables.appraisals["reason"] = [None] * 10 + [ELSEWHERE] * 5
    result = run_detector(NAME, ctx)
    for f in (result.first(measure=m) for m in ("share_top", "share_modal")):
        assert "kepada 5 pegawai yang belum punya predikat pada periode yang dihitung" in f.sentence("id")
        assert "the 5 without one in the period that counts" in f.sentence("en")
        rounded = messages()[f"{f.code}_rounded"]
        assert "belum dinilai" not in f.sentence("id") + rounded["id"]
        assert "rated, the" not in rounded["en"] and "not yet rated" not in f.sentence("en") + rounded["en"]


def test_everyone_rated_is_a_full_count(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams([SB] * 3 + [B] * 7))).first(measure="share_top")
    assert found.code.endswith("share_top_all") and found.estimate.lower == found.estimate.upper == 0.3
    assert "satu predikat per pegawai" in found.sentence("id") and "one predikat per employee" in found.sentence("en")


def test_acting_posts_do_not_count(make_cell, run_detector):
    rows = teams([B] * 6, [SB] * 6)
    rows["acting"] = rows["supervisor"] == "S001"
    result = run_detector(NAME, make_cell(rows))
    assert result.first(measure="share_top").estimate.value == 0
    assert result.first(measure="separated_pairs", scope="ekinerja").params["n_pairs"] == 15


def units(**columns):
    return pd.DataFrame({"opd": "o", **columns})


def test_guide_counts(make_cell, run_detector):
    # Org rating Baik: at most 70 % Baik (12 persons -> 8, one more tolerated) and someone in BP or K.
    outside, inside = [B] * 12, [B] * 9 + [SB] * 2 + [BP]
    small, tiny, good_but_nobody_below = [B] * 7, [B] * 3, [B] * 7 + [SB] * 5
    groups = (outside, inside, small, tiny, good_but_nobody_below)
    ctx = make_cell(teams(*groups), units=units(unit=["u"], org_rating=["BAIK"]))
    result = run_detector(NAME, ctx)
    region = result.first(measure="guide", subject_kind="region")
    assert region.status is Status.FLAGGED and region.estimate.value == pytest.approx(2 / 3)
    assert {k: region.params[k] for k in ("n_judged", "n_outside", "n_note", "n_small", "n_unrated")} == {
        "n_judged": 3, "n_outside": 2, "n_note": 1, "n_small": 1, "n_unrated": 0}  # fmt: skip
    status = {f.subject: str(f.status) for f in result.findings(subject_kind="team")}
    assert status == {"S000": "FLAGGED", "S001": "CLEAR", "S002": "INSUFFICIENT", "S004": "FLAGGED"}
    assert len(result.rows("S001")) == 12


def test_the_tolerance_is_one_of_shares_and_the_sentence_says_so(make_cell, run_detector):
    """Sangat Kurang: 60 % met, one Sangat Baik where there may be none; one person beyond a share would be inside."""
    ctx = make_cell(teams([(1, 1)] * 8 + [K, SB]), units=units(unit=["u"], org_rating=["SANGAT KURANG"]))
    found = run_detector(NAME, ctx).first(measure="guide", subject_kind="region")
    assert found.code == "distribution.guide_outside" and found.params["tolerance"] == 1
    assert "(toleransi 1 orang pada batas persen; toleransi tidak berlaku bila panduan" in found.sentence("id")
    assert "(tolerance 1 person on limits in percent; none where the guide asks for" in found.sentence("en")
    inside = [B] * 9 + [SB] * 2 + [BP]  # nine Baik of twelve where eight are allowed
    told = run_detector(NAME, make_cell(teams(inside), units=units(unit=["u"], org_rating=["BAIK"])))
    assert "none where the guide asks for" in told.first(measure="guide", subject_kind="region").sentence("en")


def test_guide_without_rating_is_never_assumed(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams([B] * 12))).first(measure="guide")
    assert found.status is Status.NOT_APPLICABLE and found.code.endswith("guide_no_rating")


def test_guide_with_small_teams_only(make_cell, run_detector):
    ctx = make_cell(teams([B] * 6), units=units(unit=["u"], org_rating=["BAIK"]))
    assert run_detector(NAME, ctx).first(measure="guide", subject_kind="region").status is Status.INSUFFICIENT


def test_every_organisational_rating_has_its_sentence(make_cell, run_detector):
    groups = [[B] * 5 + [SB] * 5] * 2 + [[SB] * 10] * 3
    ratings = ["ISTIMEWA", "BAIK", "BUTUH PERBAIKAN", "KURANG", "SANGAT KURANG"]
    rows = teams(*groups)
    led = units(unit=list("abcde"), leader=[f"S00{i}" for i in range(5)], org_rating=ratings)
    result = run_detector(NAME, make_cell(rows, units=led))
    codes = {f.subject: f.code.split(".")[1] for f in result.findings(subject_kind="team")}
    assert codes == {"S000": "team_inside", "S001": "team_baik", "S002": "team_butuh_perbaikan",
                     "S003": "team_kurang", "S004": "team_sangat_kurang"}  # fmt: skip


def test_org_rating_of_the_unit_led_comes_first():
    rows = pd.DataFrame({"supervisor": ["a", "a", "b", "c", "c"], "unit": ["x", "x", "x", "x", "y"], "period": "2025"})
    table = pd.DataFrame(
        {"unit": ["x", "y", "z"], "leader": [None, None, "a"], "org_rating": ["BAIK", "KURANG", "ISTIMEWA"],
         "period": "2025"}
    )  # fmt: skip
    found = org_ratings(table, rows, 2025)
    assert found["a"] == "ISTIMEWA" and found["b"] == "BAIK"
    assert pd.isna(found["c"])  # members of two units with different ratings


def test_org_rating_of_the_period_before_the_annual_one():
    rows = pd.DataFrame({"supervisor": ["a", "b"], "unit": ["x", "y"], "period": "2025-Q4"})
    table = pd.DataFrame(
        {"unit": ["x", "x", "y"], "leader": None, "org_rating": ["BAIK", "KURANG", "KURANG"],
         "period": ["2025", "2025-Q4", "2025"]}
    )  # fmt: skip
    assert org_ratings(table, rows, 2025).to_dict() == {"a": "KURANG", "b": "KURANG"}


def test_org_rating_of_one_agencys_unit_is_not_that_of_the_others():
    rows = pd.DataFrame({"supervisor": list("abc"), "unit": "Sekretariat", "opd": ["A", "B", ""], "period": "2025"})
    told = {"unit": "Sekretariat", "opd": ["A"], "leader": None, "org_rating": ["KURANG"], "period": "2025"}
    table = pd.DataFrame(told)
    found = org_ratings(table, rows, 2025)  # the export tells no agency of c; the table knows one such unit only
    assert found["a"] == "KURANG" and pd.isna(found["b"]) and found["c"] == "KURANG"
    two = pd.concat([table, table.assign(opd="B", org_rating="ISTIMEWA")])
    found = org_ratings(two, rows, 2025)
    assert found["a"] == "KURANG" and found["b"] == "ISTIMEWA" and pd.isna(found["c"])


def test_clustering_flags_clear_clusters_and_says_zero_variation(make_cell, run_detector):
    clustered = run_detector(NAME, make_cell(teams(*[[SB] * 8, [B] * 8, [B] * 8] * 8)))
    assert clustered.first(measure="clustering").status is Status.FLAGGED
    unsure = run_detector(NAME, make_cell(teams(*[[SB] * 3 + [B] * 5, [B] * 8, [SB] + [B] * 7] * 6)))
    found = unsure.first(measure="clustering")
    assert found.status is Status.CLEAR and found.estimate.lower < 0.05 < found.estimate.value
    constant = run_detector(NAME, make_cell(teams(*[[B] * 8] * 20))).first(measure="clustering")
    assert constant.status is Status.NOT_APPLICABLE and np.isnan(constant.estimate.value)
    assert "variasi nol" in constant.sentence("id")


def test_teams_of_one_are_not_said_to_be_all_or_none(make_cell, run_detector):
    """Three of twenty supervisors give their only employee Sangat Baik."""
    found = run_detector(NAME, make_cell(teams(*[[SB]] * 3, *[[B]] * 17))).first(measure="clustering")
    assert found.code == "distribution.clustering_none"
    assert found.sentence("id").endswith("(variasi nol), atau tidak ada tim dengan dua pegawai yang dinilai.")
    assert found.sentence("en").endswith("(zero variation), or no team has two rated employees.")


def test_without_supervisors_only_the_shares_remain(make_cell, run_detector):
    rows = teams([SB] * 3 + [B] * 7)
    rows["supervisor"] = None
    result = run_detector(NAME, make_cell(rows))
    assert result.first(measure="share_top").estimate.value == pytest.approx(0.3)
    for measure in ("separated_pairs", "guide", "clustering"):
        assert result.first(measure=measure, scope="ekinerja").status is Status.NOT_APPLICABLE


def test_empty_cell(make_cell, run_detector):
    result = run_detector(NAME, make_cell())
    assert set(result.frame["status"]) == {"NOT_APPLICABLE"}


def test_row_order_does_not_matter(make_cell, run_detector, same):
    rows = teams([B] * 12, [B] * 9 + [SB] * 2 + [BP], *[[SB, B, B]] * 15)
    given = dict(units=units(unit=["u"], org_rating=["BAIK"]))
    same(run_detector(NAME, make_cell(rows, **given)), run_detector(NAME, make_cell(rows, **given, shuffle=3)))


def test_national_mix_without_clustering_is_rarely_flagged(make_cell, run_detector):
    # 12 regions of 60 teams: at most 2 flags each of two one-sided 2.5 % rules (binomial: P(> 2) = .003).
    rng = np.random.default_rng(7)
    flags = {"separated_pairs": 0, "clustering": 0}
    for _ in range(12):
        cells = rng.choice(4, size=(60, 8), p=[0.1127, 0.8846, 0.0017, 0.0010])
        rows = teams(*[[(SB, B, BP, K)[c] for c in row] for row in cells])
        result = run_detector(NAME, make_cell(rows))
        for measure in flags:
            flags[measure] += result.first(measure=measure, scope="ekinerja").status is Status.FLAGGED
    assert max(flags.values()) <= 2


def test_variety_by_hand(make_cell, run_detector):
    found = run_detector(NAME, make_cell(teams([SB] * 3 + [B] * 9))).first(measure="variety")
    # H = -(.25 ln .25 + .75 ln .75) = .562335
    assert found.estimate.value == pytest.approx(1.754765, abs=1e-5) and found.params["used"] == 2


def test_likeness_by_hand(make_cell, run_detector):
    # 16 teams of SB, B: every chi-square is 0. Split as SB SB and B B: chi-square 2 each, expected 30/31 each.
    alike = run_detector(NAME, make_cell(teams(*[[SB, B]] * 16))).first(measure="team_likeness")
    assert alike.code.endswith("alike_note") and alike.status is Status.CLEAR and alike.estimate.value == 0
    apart = run_detector(NAME, make_cell(teams(*[[SB, SB], [B, B]] * 8))).first(measure="team_likeness")
    assert apart.code.endswith("alike") and apart.estimate.value == pytest.approx(2 * 31 / 30)
    assert apart.params["chance_upper"] < apart.estimate.value


@pytest.mark.parametrize(("mix", "sizes"), [((0.18, 0.65, 0.17), (5, 12)), ((0.01, 0.985, 0.005), (2, 5))])
def test_independent_ratings_are_rarely_noted(mix, sizes):
    # Exact at .01: more than 6 of 200 has a chance below .5 %.
    rng = np.random.default_rng(5)
    p = []
    for i in range(200):
        counts = np.stack([rng.multinomial(rng.integers(*sizes), mix) for _ in range(20)])
        if (counts.sum(axis=0) > 0).sum() > 1:
            p.append(likeness(counts, np.random.default_rng(i)).p)
    assert np.sum(np.array(p) <= 0.01) <= 6 and len(p) > 100


def test_a_quota_in_every_team_is_noted_never_flagged(make_cell, run_detector):
    rng = np.random.default_rng(6)
    groups = [[SB] * 2 + [B] * (5 + int(rng.integers(3))) + [BP] for _ in range(25)]
    found = run_detector(NAME, make_cell(teams(*groups))).first(measure="team_likeness")
    assert found.code.endswith("alike_note") and found.status is Status.CLEAR and found.estimate.upper < 0.7


def test_likeness_needs_teams_and_variation(make_cell, run_detector):
    few = run_detector(NAME, make_cell(teams(*[[SB, B]] * 14 + [[B]] * 4))).first(measure="team_likeness")
    assert few.status is Status.INSUFFICIENT and few.params["n_teams"] == 14
    none = run_detector(NAME, make_cell(teams(*[[B, B]] * 15))).first(measure="team_likeness")
    assert none.status is Status.NOT_APPLICABLE and "variasi nol" in none.sentence("id")


def test_messages_and_thresholds():
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    for text in own.values():
        assert placeholders(text["id"]) == placeholders(text["en"]) and set(text) == set(LANGUAGES)
    for key in thresholds(NAME):
        limit = threshold(f"{NAME}.{key}")
        assert limit.source and limit.unit and isinstance(limit.date, dt.date)


@pytest.mark.parametrize(("n_teams", "mean"), [(60, 0.3), (200, 0.12)])
def test_smallest_clustering_is_found_as_often_as_printed(n_teams, mean):
    size = np.tile([4, 8, 12, 20], n_teams // 4)
    rho = smallest_rho(size, mean, 0.05)
    rng, hits = np.random.default_rng(5), 0
    for _ in range(200):
        team = rng.beta(mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho, size.size)
        hits += beta_binomial(rng.binomial(size, team), size).lower > 0.05
    assert 0.73 <= hits / 200 <= 0.87, (rho, hits)


def test_smallest_clustering_stands_before_the_results(make_cell, run_detector):
    some = run_detector(NAME, make_cell(teams(*[[SB] * 3 + [B] * 5, [B] * 8] * 10))).first(measure="smallest_effect")
    assert some.code == "distribution.smallest_effect" and 0.05 < some.estimate.value < 1
    rare = run_detector(NAME, make_cell(teams([SB, B], *[[B] * 2] * 15))).first(measure="smallest_effect")
    assert rare.code == "distribution.smallest_none" and rare.estimate.value == 1
