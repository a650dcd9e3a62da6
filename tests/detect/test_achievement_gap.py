"""Ratings against achievement: sums by hand and by enumeration, planted supervisors, refusals, what must not matter."""

from __future__ import annotations

import dataclasses
import itertools
import math
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Estimate, Finding, Status
from kinerja_analysis.base.tables import conform
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders, say
from kinerja_analysis.detect import cells_of, contexts
from kinerja_analysis.detect._achievement_beyond import Beyond, agencies, beyond, within_slope
from kinerja_analysis.detect._achievement_order import Regional, below, factor, freed, team_sums, two_kinds
from kinerja_analysis.detect.contract import Collector, threshold, thresholds
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

NAME = "achievement_gap"
SB, B, BP = (3, 3), (2, 2), (1, 2)


def with_achievement(ctx, rows: pd.DataFrame, **extra: Any):
    """The context with achievements of rows ``person realised`` (target 100, one indicator)."""
    head = {"year": ctx.year, "region": ctx.region, "period": str(ctx.year), "indicator": "i", "target": 100.0}
    address = [f"3:1:{i}" for i in range(len(rows))]
    table = conform("achievements", pd.DataFrame({**head, **extra, **rows.to_dict("list"), "row": address}))
    tables = dataclasses.replace(ctx.tables, achievements=table)
    return dataclasses.replace(ctx, tables=tables, history=tables, scores=score(tables, ctx.config), _memo={})


def team_of(supervisor: str, ratings: list[tuple[int, int]], realised: list[float]) -> pd.DataFrame:
    names = [f"{supervisor}_{i:02d}" for i in range(len(ratings))]
    h, p = zip(*ratings, strict=True)
    return pd.DataFrame({"supervisor": supervisor, "ratee": names, "hasil": h, "perilaku": p, "realised": realised})


def world(seed: int, teams: int, *, ignoring: float = 0.0, size: int = 20, turned: int = 0) -> pd.DataFrame:
    """Teams with a fifth rated Sangat Baik: the best by achievement plus noise, or anybody; ``turned`` the lowest."""
    g = np.random.default_rng(seed)
    parts = []
    for t in range(teams):
        merit = g.standard_normal(size)
        seen = -merit if t < turned else g.standard_normal(size) if t < turned + ignoring * teams else merit
        top = np.zeros(size, dtype=bool)
        top[np.argsort(-(seen + 0.7 * g.standard_normal(size)))[: size // 5]] = True
        realised = 85 + 6 * (merit + 0.6 * g.standard_normal(size))
        parts.append(team_of(f"S{t:03d}", [SB if x else B for x in top], realised.tolist()))
    return pd.concat(parts, ignore_index=True)


def context(make_cell, rows: pd.DataFrame, *, shuffle: int | None = None, **extra: Any):
    known = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    return with_achievement(make_cell(rows.drop(columns="realised"), shuffle=shuffle), known, **extra)


def test_variance_by_chance_against_every_permutation() -> None:
    score_, evidence = np.array([3.0, 3, 4, 4, 4]), np.array([80.0, 90, 90, 95, 100])
    sign = np.sign(score_[:, None] - score_[None, :])
    net = [
        float((sign * np.sign(np.subtract.outer(x, x))).sum() / 2)
        for x in (np.array(q) for q in itertools.permutations(evidence))
    ]
    sums = team_sums(score_, evidence, np.zeros(5, dtype=np.intp))
    assert sums.chance[0] == pytest.approx(np.mean(np.square(net)))  # mean 0 by symmetry
    # separated: (80,90 | 90,95,100): 6 pairs, one of them with the same 90
    assert (sums.pairs[0], sums.net[0]) == (5, 5)


def test_variance_inside_from_pairs_without_common_members() -> None:
    """Two low, two high, one of four pairs turned: disjoint products are (1·1 + 1·-1) twice each way, mean 0."""
    sums = team_sums(np.array([1.0, 1, 2, 2]), np.array([1.0, 3, 2, 4]), np.zeros(4, dtype=np.intp))
    assert (sums.pairs[0], sums.net[0]) == (4, 2)
    # mean product 0, so the variance of S is 2²; by chance 2·2·5/3; weight 4 members
    assert (sums.own[0], sums.base[0]) == pytest.approx((4 * (2**2 - 4**2 * 0.0) / (20 / 3), 4))
    perfect = team_sums(np.array([1.0, 1, 2, 2]), np.array([1.0, 2, 3, 4]), np.zeros(4, dtype=np.intp))
    assert perfect.own[0] == 0.0
    assert factor(perfect) == 1.0  # fewer than ten teams: by chance


def test_freed_of_unreliable_evidence() -> None:
    # asin(.5) = π/6, asin(.5/√.5) = π/4: 1.5 times; never beyond 1
    assert freed(0.2, 0.5, 0.5) == pytest.approx(0.3)
    assert freed(0.9, 0.95, 0.5) == 1.0
    assert freed(0.2, 0.5, 1.0) == pytest.approx(0.2)


@pytest.mark.parametrize(("upper", "ranged"), [(0.0, False), (0.004, False), (0.54, True)])
def test_no_range_of_zero_to_zero_is_printed(upper: float, ranged: bool) -> None:
    """Where supervisors differ by less than chance, the share and both its limits are 0."""
    estimate = Estimate(0.0, 0.0, upper, 0.95, 236, "share", "pairs_moments")
    found = Finding(f"{NAME}.alike", Status.CLEAR, "ignoring", "region", "01.01", "ekinerja", estimate, 0.1,
                    params={"n_teams": 46, "named": 0})  # fmt: skip
    for lang, word, none in (("id", "rentang", "daripada yang dihasilkan kebetulan saja"),
                             ("en", "range", "no more than chance alone makes them")):  # fmt: skip
        told = found.sentence(lang)
        assert (f"{word} 0%" in told) == ranged and (none in told) != ranged and "46" in told and "236" in told


def test_two_kinds_finds_the_share_and_stays_at_zero_without_any() -> None:
    shares = []
    for seed in range(4):
        for ignoring in (0.0, 0.5):
            rows = world(seed, 120, ignoring=ignoring)
            level = np.where(rows["hasil"] == 3, 4.0, 3.0)
            sums = team_sums(level, rows["realised"].to_numpy(), pd.factorize(rows["supervisor"])[0])
            shares.append((ignoring, two_kinds(sums, 0.95)))
    assert all(t.lower <= 0.10 for planted, t in shares if not planted)
    assert all(t.lower > 0.10 for planted, t in shares if planted)
    # four worlds of 120 teams, SE of a share about .1
    assert np.mean([t.share for planted, t in shares if planted]) == pytest.approx(0.5, abs=0.12)


def test_one_sided_test_by_hand() -> None:
    # 16 of 20 with one of four against sixteen: chance variance of S with two groups is 4·16·21/3
    level = np.repeat([1.0, 0.0], [4, 16])
    sums = team_sums(level, np.arange(20.0), np.zeros(20, dtype=np.intp))
    assert sums.chance[0] == pytest.approx(4 * 16 * 21 / 3) and sums.net[0] == -64
    net, se, p = below(sums, Regional(0.8, 0.75, 0.85, 0.6, 0.0), 0.5)
    assert (net[0], se[0]) == pytest.approx((-1.0, np.sqrt(448) / 64))
    assert p[0] == pytest.approx(math.erfc(1.3 / (math.sqrt(448) / 64) / math.sqrt(2)) / 2)  # normal, −1 against .3


def test_order_of_a_region_by_hand(make_cell, run_detector) -> None:
    """Fifteen teams of three, the top one best in twelve and last in three: 24 of 30 pairs, 80 of 100."""
    parts = [team_of(f"S{t:02d}", [SB, B, B], [90.0 if t < 12 else 50.0, 80.0, 70.0]) for t in range(15)]
    single = team_of("X", [B, B], [60.0, 70.0])
    result = run_detector(NAME, context(make_cell, pd.concat([*parts, single])))
    found = result.first(measure="order", subject_kind="region", scope="ekinerja")
    assert found.estimate.value == pytest.approx(0.8) and found.params["hundred"] == pytest.approx(80)
    assert (found.params["concordant"], found.params["discordant"]) == (24, 6)
    assert found.estimate.n == 45, "of the fifteen who tell theirs apart, without the team of equals"
    # jackknife: 12 replicates (24−2−6)/28 and 3 replicates (24−(6−2))/28 of the net order .6, t(14) = 2.1448
    replicates = np.array([16 / 28] * 12 + [20 / 28] * 3)
    half = 2.1448 * np.sqrt(14 / 15 * ((replicates - replicates.mean()) ** 2).sum()) / 2
    assert 0.8 - found.estimate.lower == pytest.approx(half, rel=1e-3) and found.estimate.upper == 1.0
    assert found.code.endswith("follows") and found.status is Status.CLEAR
    assert result.first(measure="supervisor_order", subject_kind="region").code.endswith("supervisors_few")
    assert result.first(measure="supervisor_order", subject_kind="region").params["n_single"] == 1
    assert result.first(measure="ignoring").status is Status.INSUFFICIENT


def test_turned_order_is_flagged_over_the_whole_range_of_reliability(make_cell, run_detector) -> None:
    result = run_detector(NAME, context(make_cell, world(1, 40, turned=40)))
    found = result.first(measure="order", subject_kind="region")
    assert found.status is Status.FLAGGED and found.code.endswith("not_following")
    assert found.estimate.value < 0.3 and found.params["hundred_free"] < 100 * found.estimate.value
    assert result.first(measure="ignoring").code.endswith("no_yardstick")


def test_half_of_the_supervisors_are_found_without_naming_all(make_cell, run_detector) -> None:
    result = run_detector(NAME, context(make_cell, world(3, 80, ignoring=0.5)))
    found = result.first(measure="ignoring", scope="ekinerja")
    assert found.status is Status.FLAGGED and found.estimate.lower > 0.10
    named = {f.subject for f in result.findings(subject_kind="rater", status="FLAGGED")}
    assert len(named) < 20 and all(int(s[1:]) < 40 for s in named)


def test_one_supervisor_who_turns_the_order_is_named(make_cell, run_detector) -> None:
    rows = world(5, 20, turned=1, size=40)
    result = run_detector(NAME, context(make_cell, rows))
    flagged = list(result.findings(subject_kind="rater", status="FLAGGED"))
    assert [f.subject for f in flagged] == ["S000"]
    assert flagged[0].p_adjusted <= 0.10 and len(flagged[0].rows) == 40 and flagged[0].estimate.value < 0.3
    assert result.first(measure="supervisor_order", subject_kind="region").params["flagged"] == 1


def test_who_is_named_is_not_denied_in_the_next_sentence(make_cell, run_detector) -> None:
    result = run_detector(NAME, context(make_cell, world(5, 40, turned=1, size=40)))
    spread = result.first(measure="ignoring", subject_kind="region", scope="ekinerja")
    assert spread.code.endswith("alike") and spread.params["named"] == 1
    assert "more of them disregard achievement than those named" in spread.sentence("en")
    clean = run_detector(NAME, context(make_cell, world(5, 40, size=40)))
    spread = clean.first(measure="ignoring", subject_kind="region", scope="ekinerja")
    assert spread.sentence("id").startswith("Tidak terbukti bahwa sebagian atasan mengabaikan")


def test_clean_region_stays_clean(make_cell, run_detector) -> None:
    for seed in (11, 12, 13):
        result = run_detector(NAME, context(make_cell, world(seed, 60)))
        assert not (result.frame["status"] == "FLAGGED").any()
        assert result.first(measure="order").code.endswith("follows")


def test_what_must_not_matter(make_cell, run_detector) -> None:
    """Order of rows, and a constant per team."""
    rows = world(7, 40, ignoring=0.3)
    plain = run_detector(NAME, context(make_cell, rows))
    shifted = rows.assign(realised=rows["realised"] - pd.factorize(rows["supervisor"])[0] / 10.0)
    values = ["measure", "subject", "value", "lower", "upper", "p_value", "status"]
    moved = run_detector(NAME, context(make_cell, shifted)).frame
    keep = plain.frame["subject_kind"] != "list"
    pd.testing.assert_frame_equal(plain.frame.loc[keep, values], moved.loc[keep, values])
    mixed = run_detector(NAME, context(make_cell, rows.sample(frac=1, random_state=1), shuffle=4))
    left, right = (r.frame.sort_values(["measure", "subject"])[values].reset_index(drop=True) for r in (plain, mixed))
    pd.testing.assert_frame_equal(left, right)


def test_without_achievements_or_supervisors(make_cell, run_detector) -> None:
    rows = world(1, 20)
    bare = run_detector(NAME, make_cell(rows.drop(columns="realised")))
    assert {f.code for f in bare.findings()} == {"achievement_gap.no_achievements"}
    assert bare.first(scope="ekinerja").sentence("id") == (
        "Tidak dapat diperiksa: tidak ada capaian yang dapat dihitung (berkas capaian belum ada, atau targetnya tidak "
        "dapat dipakai, misalnya 0)."
    )
    few = run_detector(NAME, context(make_cell, world(1, 14)))
    assert few.first(scope="ekinerja").status is Status.INSUFFICIENT and few.first().params["n_teams"] == 14
    assert few.first(scope="multisource").code.endswith("no_multisource")
    strangers = rows.assign(supervisor=None)
    lost = run_detector(NAME, context(make_cell, strangers))
    assert lost.first(scope="ekinerja").code.endswith("no_supervisor_ekinerja")
    stranger = pd.DataFrame({"person": ["x"], "realised": 1.0})
    others = with_achievement(make_cell(rows.drop(columns="realised")), stranger)
    assert run_detector(NAME, others).first(scope="ekinerja").params["n_teams"] == 0


@pytest.mark.parametrize("name", ["achievement_gap", "group_gap", "affinity"])
def test_targets_of_zero_are_not_called_a_missing_file(make_cell, run_detector, name) -> None:
    """Everybody has a target of zero complaints: no percentage, though the file is there."""
    rows = world(1, 20)
    people = rows["ratee"].tolist()
    staff = pd.DataFrame({"person": [*people, *rows["supervisor"].unique()], "sex": "male"})
    staff.loc[::2, "sex"] = "female"
    done = pd.DataFrame({"person": people, "target": 0.0, "realised": 2.0})
    found = run_detector(name, make_cell(rows.drop(columns="realised"), achievements=done, employees=staff))
    told = [f for f in found.findings() if f.code.endswith(("no_achievements", "given_none"))]
    assert told and all("atau targetnya tidak dapat dipakai, misalnya 0" in f.sentence("id") for f in told)
    assert all("no achievement that can be computed (no achievement file yet, or" in f.sentence("en") for f in told)


def test_all_achievements_equal(make_cell, run_detector) -> None:
    result = run_detector(NAME, context(make_cell, world(1, 40).assign(realised=90.0)))
    assert result.first(scope="ekinerja").code.endswith("few_supervisors")


@pytest.mark.parametrize(
    "who, code", [("rater", "by_rater"), ("other", "by_others"), (None, "by_unknown"), ("both", "by_both")]
)
def test_who_measured(make_cell, run_detector, who, code) -> None:
    rows = world(2, 30)
    given = ["rater" if i % 4 else "other" for i in range(len(rows))] if who == "both" else who
    result = run_detector(NAME, context(make_cell, rows, measured_by=given))
    found = result.first(measure="measured_by")
    assert found.code == f"achievement_gap.{code}"
    if who == "both":
        assert found.estimate.value == pytest.approx(0.25)
    assert (result.first(measure="order_others") is not None) == (who == "both")


def test_achievement_measured_by_others_alone(make_cell, run_detector) -> None:
    """The raters' own indicator follows the ratings, the others' turns them: only the second figure shows it."""
    parts = [team_of(f"S{t:02d}", [SB, B], [90.0, 10.0]) for t in range(20)]
    rows = pd.concat(parts, ignore_index=True)
    own = rows[["ratee", "realised"]].rename(columns={"ratee": "person"}).assign(measured_by="rater", indicator="a")
    turned = own.assign(realised=60 - own["realised"] / 3, measured_by="other", indicator="b")
    ctx = with_achievement(make_cell(rows.drop(columns="realised")), pd.concat([own, turned]))
    result = run_detector(NAME, ctx)
    assert result.first(measure="order").estimate.value == 1.0
    assert result.first(measure="order_others").estimate.value == 0.0


def test_lists_with_addresses(make_cell, run_detector) -> None:
    team = team_of("S", [SB, SB, SB, B, BP, BP], [79.9, 80.0, 100.0, 50.0, 100.1, 100.0])
    others = pd.concat([team_of(f"T{t:02d}", [B, BP], [90.0, 80.0]) for t in range(15)])
    result = run_detector(NAME, context(make_cell, pd.concat([team, others], ignore_index=True)))
    found = {f.measure: f for f in result.findings(subject_kind="list")}
    assert (found["top_missed"].estimate.value, found["top_missed"].estimate.n) == (1, 3)
    assert (found["low_reached"].estimate.value, found["low_reached"].estimate.n) == (1, 17)
    assert found["top_missed"].rows == ("1:1:9",) and found["low_reached"].rows == ("1:1:13",)
    assert {f.status for f in found.values()} == {Status.CLEAR}
    assert found["top_missed"].params["most"] == 0
    told = found["low_reached"].sentence("en")
    assert "or lower whose achievement and supervisor are known has an achievement above 100%" in told
    assert "berpredikat Sangat Baik yang capaian dan atasannya diketahui" in found["top_missed"].sentence("id")
    assert "above 100%" in say("report.limit.achievement_gap.low_reached", "en", value="100%"), "100.0 is not listed"
    four = team_of("S", [SB, SB, SB, SB, B], [70.0, 75.0, 79.0, 79.9, 90.0])
    result = run_detector(NAME, context(make_cell, pd.concat([four, others], ignore_index=True)))
    found = {f.measure: f for f in result.findings(subject_kind="list")}
    assert "paling banyak 4 di antaranya di bawah atasan yang sama" in found["top_missed"].sentence("id")


def test_quarters_with_annual_achievement(make_cell, run_detector) -> None:
    """Only the last quarter counts, against the year's achievement."""
    rows = world(4, 30)
    quarters = pd.concat([rows.assign(period=f"2025-Q{q}") for q in (1, 2)], ignore_index=True)
    once = run_detector(NAME, context(make_cell, rows)).first(measure="order")
    known = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    two = run_detector(NAME, with_achievement(make_cell(quarters.drop(columns="realised")), known))
    assert two.first(measure="order").estimate == once.estimate


def test_scores_of_supervisors(make_cell, run_detector) -> None:
    """Multi-source scores of supervisors: the same with scores; peers do not enter."""
    rows = world(6, 40, ignoring=0.5, size=16)
    level = np.where(rows["hasil"] == 3, 90.0, 60.0)
    above = pd.DataFrame({"ratee": rows["ratee"], "rater": rows["supervisor"], "source": "supervisor",
                          "criterion": "a", "score": level})  # fmt: skip
    peers = above.assign(rater="P" + above["ratee"], source="peer", score=100.0 - above["score"])
    known = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    result = run_detector(NAME, with_achievement(make_cell(pairs=pd.concat([above, peers])), known))
    official = run_detector(NAME, context(make_cell, rows))
    for measure in ("order", "ignoring"):
        scored, given = (r.first(measure=measure, scope=s)
                         for r, s in ((result, "multisource"), (official, "ekinerja")))  # fmt: skip
        assert scored.estimate == given.estimate and scored.code == given.code
    assert result.first(scope="ekinerja").code.endswith("no_ekinerja")
    lone = run_detector(NAME, with_achievement(make_cell(pairs=peers), known))
    assert lone.first(scope="multisource").code.endswith("no_supervisor_multisource")


def even(top_of_first: int, teams: int = 30) -> pd.DataFrame:
    """Teams of ten with achievements 70, 72 … 88; the best two Sangat Baik, in the first team the best so many."""
    parts = []
    for t in range(teams):
        top = top_of_first if t == 0 else 2
        parts.append(team_of(f"S{t:02d}", [B] * (10 - top) + [SB] * top, (70.0 + 2 * np.arange(10)).tolist()))
    return pd.concat(parts, ignore_index=True)


def test_beyond_achievement_by_hand(make_cell, run_detector) -> None:
    result = run_detector(NAME, context(make_cell, even(8), measured_by="other"))
    found = {f.subject: f for f in result.findings(measure="beyond_achievement", subject_kind="rater")}
    # Achievement is the same in every team, so no reliability matters: .8 - (29 x .2 + .8)/30 in SD inside teams,
    # whose square is 30 teams x 10 x .2 x .8 over 270 (two and eight of ten have the same variance).
    sd = math.sqrt(30 * 10 * 0.16 / 270)
    first = found["S00"]
    assert first.estimate.value == pytest.approx((0.8 - (29 * 0.2 + 0.8) / 30) / sd)
    assert first.params["least_size"] == pytest.approx(first.params["most_size"])
    assert first.status is Status.FLAGGED and first.code == "achievement_gap.beyond_higher" and len(first.rows) == 10
    assert {f.status for s, f in found.items() if s != "S00"} == {Status.CLEAR}
    region = result.first(measure="beyond_achievement", subject_kind="region")
    assert region.code == "achievement_gap.beyond_some" and region.params["flagged"] == 1
    slope = result.first(measure="slope")
    # r of 0..9 with the top two: mean difference 5 x SD .4 / SD of 0..9 (2.8723); with the top eight the same
    assert slope.estimate.value == pytest.approx(5 * 0.4 / math.sqrt(8.25))
    assert slope.params["steep"] == pytest.approx(2 * slope.estimate.value)
    low = run_detector(NAME, context(make_cell, even(0), measured_by="other"))
    assert low.first(measure="beyond_achievement", subject="S00").estimate.value < 0


def test_few_very_low_ratings_do_not_name_a_supervisor(make_cell, run_detector) -> None:
    """Two of ten rated Sangat Kurang: by the spread of all teams alone 3 SE beyond the limit. A team of ten rated
    Kurang each has the same mean or a higher one, and is named."""
    rows = even(2)
    two = rows.copy()
    two.loc[[0, 1], ["hasil", "perilaku"]] = 1
    result = run_detector(NAME, context(make_cell, two, measured_by="other"))
    found = result.first(measure="beyond_achievement", subject="S00")
    assert found.code.endswith("beyond_not_shown") and found.p_value > 0.1
    level = np.where(rows["hasil"] == 3, 4.0, 3.0)
    level[:2] = 0.0
    team, evidence = np.repeat(np.arange(30), 10), rows["realised"].to_numpy()
    made = beyond(level, evidence, team, within_slope(level, evidence, team), 0.5, 0.25)
    # own sum of squares 2 x 1.4^2 + 6 x .4^2 + 2 x 2.6^2 = 18.4, the other 29 teams 1.6 each; less the share 29/30
    pooled = (29 * 1.6 + 18.4) / 270
    assert made.value[0, -1] == pytest.approx(-0.6 * 29 / 30 / math.sqrt(pooled))
    assert (abs(made.value[0]) - 0.25 > 2.9 * made.se[0]).all() and (made.own_se[0] > 1.9 * made.se[0]).all()
    assert made.half(0.95)[0] == pytest.approx(2.2622 * made.own_se[0], rel=1e-4)
    low = rows.copy()
    low.loc[:9, ["hasil", "perilaku"]] = [1, 2]
    named = run_detector(NAME, context(make_cell, low, measured_by="other"))
    assert named.first(measure="beyond_achievement", subject="S00").code.endswith("beyond_lower")


def test_what_the_design_can_find(make_cell, run_detector) -> None:
    """Fifteen teams of three, one Sangat Baik: variance of S by chance 8/3 (S is -2, 0 or 2), two pairs each."""
    rows = pd.concat([team_of(f"S{t:02d}", [SB, B, B], [90.0, 80.0, 70.0]) for t in range(15)], ignore_index=True)
    found = run_detector(NAME, context(make_cell, rows)).first(measure="smallest_effect")
    se = math.sqrt(15 * 8 / 3) / 30
    assert found.params["hundred"] == pytest.approx(50 + 50 * 2.8016 * se, rel=1e-3)  # 1.960 + 0.842
    room = 0.12 * math.sqrt(0.5)
    assert found.params["chance"] == pytest.approx(0.5 * math.erfc((1.95996 - room / se) / math.sqrt(2)), rel=1e-3)
    assert found.params["needed"] == math.ceil(15 * (2.80159 * se / room) ** 2) and found.params["pairs"] == 30
    assert "30 pairs" in found.sentence("en") and found.status is Status.CLEAR


def quality(seed: int, *, reliability: float, lenient: float = 0.0, teams: int = 60) -> pd.DataFrame:
    """Teams of 16 of different quality (SD .5), rated by merit on a scale of 100; the first supervisor adds points."""
    g = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), 16)
    merit = g.normal(0, 0.5, teams)[team] + g.normal(size=team.size)
    level = 50 + 8 * (merit + 0.7 * g.normal(size=team.size) + lenient * (team == 0))
    noise = math.sqrt((1 - reliability) / reliability) * g.normal(size=team.size)
    names = [f"R{i:04d}" for i in range(team.size)]
    rows = {"ratee": names, "rater": [f"S{t:02d}" for t in team], "source": "supervisor", "criterion": "c"}
    return pd.DataFrame(rows | {"score": level, "realised": 80 + 5 * (merit + noise)})


def scored(make_cell, rows: pd.DataFrame):
    known = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    return with_achievement(make_cell(pairs=rows.drop(columns="realised")), known, measured_by="other")


@pytest.mark.parametrize("reliability", [0.5, 0.6, 1.0])
def test_good_teams_are_not_taken_for_leniency(make_cell, run_detector, reliability) -> None:
    for seed in (1, 2):
        result = run_detector(NAME, scored(make_cell, quality(seed, reliability=reliability)))
        found = list(result.findings(measure="beyond_achievement"))
        assert len(found) == 61 and {f.status for f in found} == {Status.CLEAR}
        assert result.first(measure="beyond_achievement", subject_kind="region").code.endswith("beyond_none")


def test_planted_leniency_is_found_over_the_whole_range(make_cell, run_detector) -> None:
    result = run_detector(NAME, scored(make_cell, quality(3, reliability=0.6, lenient=2.0)))
    flagged = list(result.findings(measure="beyond_achievement", subject_kind="rater", status="FLAGGED"))
    assert [f.subject for f in flagged] == ["S00"]
    assert 0.25 < flagged[0].params["least_size"] < flagged[0].params["most_size"]


def test_agencies_by_hand() -> None:
    """Two agencies of two teams, 1 and 3 against 0 and 0: means 2 and 0 less the mean 1 of the four teams."""
    one = np.array([[1.0], [3.0], [0.0], [0.0]])
    zero = np.zeros((4, 1))
    made = Beyond(np.array([1.0]), one, zero, zero, np.array([[0.2], [0.4], [-0.3], [-0.3]]), np.ones(4), np.full(4, 9))
    found = agencies(made, np.array([0, 0, 1, 1]), 0.25)
    assert found.value.ravel().tolist() == [1.0, -1.0] and found.n.tolist() == [2, 2]
    # squares of teams about their agency: 1 + 1 and 0; pooled over two df 1, own 2 and 0; half of each, over two teams
    assert found.se.ravel() == pytest.approx([math.sqrt(1 / 4 + 0.3**2)] * 2)
    assert found.own_se.ravel() == pytest.approx([math.sqrt(2 / 4 + 0.3**2), 0.3])


def in_agencies(seed: int, *, reliability: float, lenient: float = 0.0, agencies: int = 12) -> pd.DataFrame:
    """Agencies of ten teams of eight, quality and leniency of teams SD .4; supervisors of the first add points."""
    g = np.random.default_rng(seed)
    home = np.repeat(np.arange(agencies), 80)
    team = np.arange(home.size) // 8
    merit = g.normal(0, 0.4, agencies)[home] + g.normal(0, 0.4, team.max() + 1)[team] + g.normal(size=team.size)
    given = merit + 0.7 * g.normal(size=team.size) + g.normal(0, 0.4, team.max() + 1)[team]
    noise = math.sqrt((1 - reliability) / reliability) * g.normal(size=team.size)
    rows = {"ratee": [f"R{i:04d}" for i in range(team.size)], "rater": [f"S{t:03d}" for t in team],
            "source": "supervisor", "criterion": "c", "opd": [f"Dinas {h:02d}" for h in home],
            "score": 50 + 8 * (given + lenient * (home == 0)), "realised": 80 + 5 * (merit + noise)}  # fmt: skip
    return pd.DataFrame(rows)


def test_an_agency_rated_beyond_achievement_is_found_and_no_other(make_cell, run_detector) -> None:
    """Found in most regions where planted; nothing planted: no agency in 30 regions of either reliability."""
    hits = []
    for seed in range(6):
        found = run_detector(NAME, scored(make_cell, in_agencies(seed, reliability=0.7, lenient=1.4)))
        flagged = {f.subject: f for f in found.findings(measure="agency_beyond", status="FLAGGED")}
        assert set(flagged) <= {"Dinas 00"}
        hits += [f.code for f in flagged.values()]
        truth = 1.4 / math.sqrt(1.49) * 11 / 12  # in SD inside teams, against all twelve agencies
        assert all(f.estimate.lower < truth < f.estimate.upper for f in flagged.values())
    assert len(hits) >= 5 and set(hits) == {"achievement_gap.agency_higher"}
    for seed in range(30):
        clean = run_detector(NAME, scored(make_cell, in_agencies(100 + seed, reliability=(0.55, 1.0)[seed % 2])))
        assert {f.status for f in clean.findings(measure="agency_beyond")} == {Status.CLEAR}


def test_agencies_are_refused_where_there_are_no_two_or_too_few_supervisors(make_cell, run_detector) -> None:
    one = in_agencies(1, reliability=0.7).assign(opd="Dinas 00")
    few = in_agencies(1, reliability=0.7, agencies=5)
    few = few.assign(opd=np.where(few["opd"] == "Dinas 00", few["rater"], few["opd"]))
    for rows, code in ((one, ["agencies_few"]), (few, ["agency_not_shown"] * 4)):
        found = list(run_detector(NAME, scored(make_cell, rows)).findings(measure="agency_beyond"))
        assert [f.code.removeprefix("achievement_gap.") for f in found] == code


def test_beyond_achievement_is_refused(make_cell, run_detector) -> None:
    for by, code in (("rater", "beyond_rater"), (None, "beyond_unknown")):
        found = run_detector(NAME, context(make_cell, even(8), measured_by=by)).first(measure="beyond_achievement")
        assert found.code == f"achievement_gap.{code}" and found.status is Status.NOT_APPLICABLE
    few = run_detector(NAME, context(make_cell, even(8, teams=29), measured_by="other"))
    assert few.first(measure="beyond_achievement").code.endswith("beyond_few")
    small = pd.concat([team_of(f"S{t:02d}", [SB, B, B], [90.0, 80.0, 70.0 + t]) for t in range(30)])
    found = run_detector(NAME, context(make_cell, small, measured_by="other")).first(measure="beyond_achievement")
    assert found.code.endswith("beyond_small") and found.status is Status.INSUFFICIENT


def test_order_by_aspect_and_agency(make_cell, run_detector) -> None:
    # Quality in the order of the ratings in both agencies, volume the other way round in the second one.
    parts = [team_of(f"S{t:02d}", [SB, B, B], [90.0, 80.0, 70.0]).assign(opd="Health" if t < 15 else "Schools")
             for t in range(30)]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    own = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    turned = own.assign(realised=np.where(rows["opd"] == "Health", own["realised"], 160 - own["realised"]))
    known = pd.concat([own.assign(aspect="kualitas", indicator="a"), turned.assign(aspect="kuantitas", indicator="b")])
    result = run_detector(NAME, with_achievement(make_cell(rows.drop(columns="realised")), known))
    found = {f.subject: f.estimate.value for f in result.findings(measure="order_by_sector")}
    assert found == {"kualitas": 1.0, "Health|kualitas": 1.0, "Schools|kualitas": 1.0, "kuantitas": 0.5,
                     "Health|kuantitas": 1.0, "Schools|kuantitas": 0.0}  # fmt: skip
    assert {f.status for f in result.findings(measure="order_by_sector")} == {Status.CLEAR}


OWN_SYSTEM = """
name = "sendiri"
label = { id = "Contoh", en = "Example" }
note = { id = "Untuk uji", en = "For tests" }
status = "agency"
period = "year"
sectors = [{ name = "Care", opds = ["health", "Clinics"], measures = [
  { name = "mutu", aspects = ["kualitas"] }, { name = "volume", indicators = ["visits"] } ] }]
criteria = [{ key = "c", label = { id = "C", en = "C" }, weight = 1.0, scale = [1, 5] }]

[[indicators]]
key = "visits"
label = { id = "Kunjungan", en = "Visits" }
unit = { id = "kunjungan", en = "visits" }
weight = 1.0
aspect = "kuantitas"
direction = "higher"
measured_by = "rater"
"""


def test_order_by_sector_of_the_indicator_system(make_cell, run_detector, tmp_path) -> None:
    """Two agencies are one sector, with measures of its own; the third agency is taken by aspect, and says so."""
    place = tmp_path / "sendiri.toml"
    place.write_text(OWN_SYSTEM, encoding="utf-8")
    agency = np.array(["Health", "Clinics", "Schools"])
    parts = [team_of(f"S{t:02d}", [SB, B, B], [90.0, 80.0, 70.0]).assign(opd=agency[(t > 7) + (t > 14)])
             for t in range(30)]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    own = rows[["ratee", "realised"]].rename(columns={"ratee": "person"})
    turned = own.assign(realised=240 - 2 * own["realised"], indicator="VISITS")
    volume = pd.concat([turned, own.assign(realised=80.0, indicator="b")]).assign(aspect="kuantitas")
    known = pd.concat([own.assign(aspect="kualitas", indicator="a"), volume])
    ctx = with_achievement(make_cell(rows.drop(columns="realised")), known)
    ctx = dataclasses.replace(ctx, config=ctx.config.model_copy(update={"framework": str(place)}), _memo={})
    result = run_detector(NAME, ctx)
    found = {f.subject: (f.estimate.value, f.code.split(".")[1]) for f in result.findings(measure="order_by_sector")}
    assert found == {
        "kualitas": (1.0, "in_aspect"), "kuantitas": (0.0, "in_aspect"), "Care|mutu": (1.0, "in_sector"),
        "Care|volume": (0.0, "in_sector"), "Schools|kualitas": (1.0, "in_agency"),
        "Schools|kuantitas": (0.0, "in_agency"),
    }  # fmt: skip
    care = result.first(measure="order_by_sector", subject="Care|volume")
    assert care.params["n_teams"] == 15 and "as the indicator system defines it" in care.sentence("en")
    assert "perangkat daerah" in result.first(measure="order_by_sector", subject="Schools|kualitas").sentence("id")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3])
def test_demo(seed) -> None:
    """Half of the supervisors of 15.04 ignore achievement; two units of 93.01 are lenient; 13.71.09 has no file."""
    made = simulate(["15.04", "93.01", "13.71.09"], [2025], seed=seed)
    table = score(made.tables, made.config)
    for ctx in contexts(made.tables, table, made.config, cells_of(made.tables, made.config)):
        out = Collector(NAME, ctx.region, ctx.year)
        import_module(f"kinerja_analysis.detect.{NAME}").detect(ctx, out)
        result = out.result()
        flags = set(result.frame.loc[result.frame["status"] == "FLAGGED", "measure"])
        truth = made.truth["raters"]
        if ctx.region == "15.04":
            assert all(result.first(measure="ignoring", scope=s).status is Status.FLAGGED
                       for s in ("ekinerja", "multisource"))  # fmt: skip
            ignoring = set(truth.loc[truth["ignores_merit"], "rater"])
            named = list(result.findings(subject_kind="rater", measure="supervisor_order", status="FLAGGED"))
            assert {f.subject for f in named} <= ignoring
        else:
            lenient = set(truth.loc[truth["lenient"], "rater"])
            assert flags <= {"beyond_achievement"}
            named = list(result.findings(subject_kind="rater", status="FLAGGED"))
            assert {f.subject for f in named if f.estimate.value > 0} <= lenient
            assert (ctx.region == "13.71.09") == (result.first().code == "achievement_gap.no_achievements")


def test_messages_and_thresholds() -> None:
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    assert all(placeholders(v["id"]) == placeholders(v["en"]) and set(LANGUAGES) <= set(v) for v in own.values())
    for name in thresholds(NAME):
        limit = threshold(f"{NAME}.{name}")
        assert limit.unit and limit.source and limit.date
