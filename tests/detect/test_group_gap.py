"""group_gap: odds ratios of matched pairs by hand, gaps in SD by hand, refusals, error rate without a gap."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect.attributes import declared
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.detect.contrast import Contrast, judge
from kinerja_analysis.detect.fixed_effects import fixed_effects, residual

NAME = "group_gap"
SB, B = (3, 3), (2, 2)


def pairs(*counts: tuple[int, tuple[int, int], tuple[int, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Teams of a woman and a man: (how many, her cell, his cell)."""
    rows, people, t = [], [], 0
    for n, hers, his in counts:
        for _ in range(n):
            for who, sex, (h, p) in (("f", "female", hers), ("m", "male", his)):
                rows.append({"supervisor": f"S{t:03d}", "ratee": f"R{t:03d}{who}", "hasil": h, "perilaku": p})
                people.append({"person": f"R{t:03d}{who}", "sex": sex})
            t += 1
    return pd.DataFrame(rows), pd.DataFrame(people)


def test_odds_ratio_of_matched_pairs(make_cell, run_detector):
    # Discordant pairs 40 : 10, so the conditional odds ratio of men is 4 (Breslow & Day 1980, 7.2); the sandwich
    # of independent pairs is the model variance 1/40 + 1/10 times G/(G - 1).
    team, people = pairs((40, B, SB), (10, SB, B), (25, B, B))
    result = run_detector(NAME, make_cell(team, employees=people))
    found = result.first(measure="odds_ratio")
    assert found.subject == "sex=male" and found.params["reference"] == "female"
    assert found.estimate.value == pytest.approx(4.0, rel=1e-6) and found.params["n_teams"] == 50
    se = math.sqrt((1 / 40 + 1 / 10) * 50 / 49)
    assert found.estimate.upper == pytest.approx(4 * math.exp(2.0095752 * se), rel=1e-5)  # t(49), .975: tables
    assert found.status is Status.FLAGGED and found.code == "group_gap.beyond_higher"
    assert found.p_adjusted == pytest.approx(found.p_value) and 0.001 < found.p_value < 0.01
    region = result.first(measure="gaps", scope="ekinerja")
    assert region.status is Status.FLAGGED and region.params["group"] == "sex=male"
    assert "laki-laki" in found.sentence("id") and "men" in found.sentence("en")


def test_direction_without_size(make_cell, run_detector):
    # 60 : 30 gives 2.0; log 2 = .69 is 3.0 SE from 0 but only 1.3 from log 1.5
    team, people = pairs((60, B, SB), (30, SB, B))
    found = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    assert found.code == "group_gap.direction_higher" and found.status is Status.CLEAR
    assert found.p_adjusted > 0.10 > found.params["p_zero_adjusted"]


def test_small_and_open(make_cell, run_detector):
    team, people = pairs((300, B, SB), (300, SB, B))
    small = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    assert small.code == "group_gap.small" and small.estimate.value == pytest.approx(1.0)
    team, people = pairs((20, B, SB), (18, SB, B))
    unclear = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    assert unclear.code == "group_gap.open" and unclear.params["more"] >= 1
    assert unclear.params["limit"] == pytest.approx(1.5)


def test_severity_of_supervisors_cancels(make_cell, run_detector):
    # Half of the supervisors give nobody Sangat Baik: they carry nothing and change nothing.
    team, people = pairs((40, B, SB), (10, SB, B))
    more, others = pairs((40, B, SB), (10, SB, B), (50, B, B), (50, SB, SB))
    alone = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    mixed = run_detector(NAME, make_cell(more, employees=others)).first(measure="odds_ratio")
    assert mixed.estimate.value == pytest.approx(alone.estimate.value)
    assert mixed.p_value == pytest.approx(alone.p_value)


def test_too_few_supervisors(make_cell, run_detector):
    team, people = pairs((20, B, SB), (9, SB, B), (60, B, B))
    result = run_detector(NAME, make_cell(team, employees=people))
    assert result.first(measure="odds_ratio").status is Status.INSUFFICIENT
    assert result.first(measure="gaps", scope="ekinerja").status is Status.INSUFFICIENT
    assert result.first(measure="odds_ratio").params["n_teams"] == 29


def test_all_differences_one_way_are_not_an_odds_ratio(make_cell, run_detector):
    team, people = pairs((40, B, SB))
    found = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    assert found.status is Status.INSUFFICIENT and found.code.endswith("not_estimable")


def test_one_value_many_values_and_nothing(make_cell, run_detector):
    team, people = pairs((40, B, SB), (10, SB, B))
    people = people.assign(sex="male", asal=[f"kampung {i % 9}" for i in range(len(people))])
    result = run_detector(NAME, make_cell(team, employees=people))
    assert {f.subject: f.code.split(".")[1] for f in result.findings(subject_kind="group")} == {
        "sex": "one_value", "asal": "many_values"}  # fmt: skip
    bare = run_detector(NAME, make_cell(team, employees=people[["person"]]))
    assert bare.first(scope="ekinerja").code == "group_gap.no_attributes"
    assert run_detector(NAME, make_cell()).first(scope="ekinerja").code == "group_gap.no_rows_ekinerja"


def test_declared_attributes_are_text_beyond_our_columns():
    frame = pd.DataFrame(
        {"person": ["a"], "unit": ["u"], "period": ["2025"], "sex": [None], "age_band": ["31-40"], "masa": [3.5],
         "zona": ["x"], "asal": ["y"]}
    )  # fmt: skip
    assert declared(frame) == ("age_band", "asal", "zona")


def test_small_groups_leave_the_rest_alone(make_cell, run_detector):
    team, people = pairs((40, B, SB), (10, SB, B))
    rare = pd.DataFrame({"supervisor": [f"S{i:03d}" for i in range(5)], "ratee": [f"X{i}" for i in range(5)],
                         "hasil": 3, "perilaku": 3})  # fmt: skip
    people["employment"] = np.where(people["sex"] == "male", "pns", "pppk")
    third = pd.DataFrame({"person": rare["ratee"], "employment": "pppk_paruh_waktu"})
    ctx = make_cell(pd.concat([team, rare]), employees=pd.concat([people, third]))
    found = {f.subject: f for f in run_detector(NAME, ctx).findings(measure="odds_ratio")}
    assert found["employment=pppk_paruh_waktu"].status is Status.INSUFFICIENT
    assert found["employment=pppk"].estimate.value == pytest.approx(1 / 4, rel=1e-6)


def test_quarters_are_strata_and_supervisors_clusters(make_cell, run_detector):
    # The same 50 teams four times over: same odds ratio, same supervisors, standard error not halved.
    team, people = pairs((40, B, SB), (10, SB, B))
    quarters = pd.concat([team.assign(period=f"2025-Q{q}") for q in (1, 2, 3, 4)])
    once = run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio")
    four = run_detector(NAME, make_cell(quarters, employees=people)).first(measure="odds_ratio")
    assert four.estimate.value == pytest.approx(once.estimate.value)
    assert four.estimate.upper == pytest.approx(once.estimate.upper, rel=1e-6)
    assert four.params["n_teams"] == once.params["n_teams"]


def test_four_fifths_only_for_big_groups(make_cell, run_detector):
    team, people = pairs((150, SB, SB), (50, SB, B), (100, B, SB), (750, B, B))
    found = run_detector(NAME, make_cell(team, employees=people)).first(measure="top_share_ratio")
    # women 200 of 1,050, men 250 of 1,050; women come first (ties by name), so 250/200
    assert found.status is Status.CLEAR and found.estimate.value == pytest.approx(1.25)
    half = 1.959964 * math.sqrt(1 / 250 - 1 / 1050 + 1 / 200 - 1 / 1050)
    assert found.estimate.lower == pytest.approx(1.25 * math.exp(-half), rel=1e-6)
    team, people = pairs((40, B, SB), (10, SB, B))
    assert run_detector(NAME, make_cell(team, employees=people)).first(measure="top_share_ratio") is None


def score_rows(shift: np.ndarray, spread: float = 8.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One supervisor per entry of ``shift`` with two women at ±spread and two men ``shift`` higher."""
    rows, people = [], []
    for s, d in enumerate(shift):
        level = 40 + s % 7
        for i, (sex, base) in enumerate((("female", 1), ("female", -1), ("male", 1), ("male", -1))):
            value = level + base * spread + (d if sex == "male" else 0)
            rows.append({"ratee": f"R{s:03d}{i}", "rater": f"S{s:03d}", "source": "supervisor", "criterion": "c",
                         "score": value})  # fmt: skip
            people.append({"person": f"R{s:03d}{i}", "sex": sex})
    return pd.DataFrame(rows), pd.DataFrame(people)


def test_gap_in_scores_by_hand(make_cell, run_detector):
    shift = np.tile([3.0, 5.0], 20)
    rows, people = score_rows(shift)
    found = run_detector(NAME, make_cell(pairs=rows, employees=people)).first(measure="gap")
    inside = rows["score"] - rows.groupby("rater")["score"].transform("mean")
    sd = math.sqrt((inside**2).sum() / (160 - 40))
    assert found.estimate.value == pytest.approx(4.0 / sd) and found.estimate.unit == "sd"
    assert found.status is Status.FLAGGED and found.code == "group_gap.beyond_higher_sd"
    assert found.p_adjusted <= 0.10


def test_no_gap_in_scores_is_small(make_cell, run_detector):
    rows, people = score_rows(np.tile([-0.2, 0.2], 20))
    found = run_detector(NAME, make_cell(pairs=rows, employees=people)).first(measure="gap")
    assert found.code == "group_gap.small_sd"


def test_constant_scores(make_cell, run_detector):
    rows, people = score_rows(np.zeros(40), spread=0.0)
    rows["score"] = 50.0
    result = run_detector(NAME, make_cell(pairs=rows, employees=people))
    assert result.first(scope="multisource").status is Status.NOT_APPLICABLE


def test_judgement_adjusts_over_the_family():
    # p at 0: .012 and .030; BH of two: .024 and .030. Minimal-effect p by the normal table.
    family = [
        Contrast("a", 9, 40, {}, 0.75, 0.3, 0.15, 1.35, 0.012),
        Contrast("b", 9, 40, {}, -0.65, 0.3, -1.25, -0.05, 0.030),
    ]
    judged = judge(family, delta=0.4, fdr=0.10, level=0.95)
    assert [j.p_zero_adjusted for j in judged] == pytest.approx([0.024, 0.030])
    assert judged[0].p_value == pytest.approx(0.12167 + 0.00006, abs=1e-4)  # P(Z > .35/.3) + P(Z > 1.15/.3)
    assert [j.kind for j in judged] == ["direction", "direction"]
    assert judge([], delta=0.4, fdr=0.1, level=0.95) == []


def test_residual_of_two_ways_is_least_squares():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 6, 60), rng.integers(0, 9, 60)
    y = rng.normal(size=60)
    design = np.column_stack([np.eye(6)[a], np.eye(9)[b]])
    expected = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    codes = [np.unique(g, return_inverse=True)[1] for g in (a, b)]
    assert residual(y, codes) == pytest.approx(expected, abs=1e-7)


def test_nothing_is_flagged_whose_range_holds_no_difference():
    vague = Contrast("a", 60, 35, {}, 0.55, 0.29, -0.02, 1.12, 0.06)  # minimal-effect p .08, two-sided p .06
    (judged,) = judge([vague], delta=0.14, fdr=0.10, level=0.95)
    assert judged.p_adjusted < 0.10 and judged.kind == "open"


def test_weights_count_like_rows_that_are_there_so_often():
    rng = np.random.default_rng(8)
    rater, ratee = rng.integers(0, 8, 90), rng.integers(0, 20, 90)
    ratee = pd.factorize(ratee, sort=True)[0]
    x, y, times = rng.normal(size=(90, 2)), rng.normal(size=90), rng.integers(1, 4, 90)
    fit = fixed_effects(y, x, [rater, ratee], rater, weight=times.astype(float))
    often = np.repeat(np.arange(90), times)
    whole = fixed_effects(y[often], x[often], [rater[often], ratee[often]], rater[often])
    assert fit.coef == pytest.approx(whole.coef, abs=1e-7)
    one = fixed_effects(y, x, [rater], rater, weight=times.astype(float))
    assert one.coef == pytest.approx(fixed_effects(y[often], x[often], [rater[often]], rater[often]).coef, abs=1e-9)


def test_fixed_effects_refuses_what_is_not_identified():
    rater = np.repeat(np.arange(5), 4)
    x = np.repeat([[0.0], [1.0], [0.0], [1.0], [1.0]], 4, axis=0)
    assert fixed_effects(np.arange(20.0), x, [rater], rater).reason == "collinear"


def test_row_order_does_not_matter(make_cell, run_detector, same):
    team, people = pairs((40, B, SB), (10, SB, B), (25, B, B))
    people["asal"] = np.tile(["p", "q", "q"], 50)
    rows, others = score_rows(np.tile([3.0, 5.0], 20))
    given = dict(employees=pd.concat([people, others.assign(person=lambda f: "Y" + f["person"])]), pairs=rows)
    same(run_detector(NAME, make_cell(team, **given)), run_detector(NAME, make_cell(team, **given, shuffle=5)))


def test_without_a_gap_flags_are_rare(make_cell, run_detector):
    # 10 regions x 2 attributes with supervisors of different severity and no gap: the minimal-effect rule at
    # zero effect stays far below its level; at most one flag of 20.
    rng = np.random.default_rng(11)
    flags = 0
    for _ in range(10):
        severity = rng.normal(0, 1, 60)[:, None]
        top = rng.random((60, 8)) < 1 / (1 + np.exp(1.2 + severity))
        level = 2 + top.ravel().astype(int)
        supervisor, ratee = np.repeat([f"S{s:02d}" for s in range(60)], 8), [f"R{i:03d}" for i in range(480)]
        team = pd.DataFrame({"supervisor": supervisor, "ratee": ratee, "hasil": level, "perilaku": level})
        people = pd.DataFrame({"person": team["ratee"], "sex": rng.choice(["male", "female"], len(team)),
                               "employment": rng.choice(["pns", "pppk"], len(team))})  # fmt: skip
        result = run_detector(NAME, make_cell(team, employees=people))
        flags += sum(f.status is Status.FLAGGED for f in result.findings(measure="odds_ratio"))
    assert flags <= 1


def capaian(team: pd.DataFrame, ahead: np.ndarray) -> pd.DataFrame:
    """Achievement of the teams of ``pairs``: his 90 and hers 80 where ``ahead``, else the reverse."""
    his = np.where(ahead, 90.0, 80.0)
    return pd.DataFrame({"person": team["ratee"], "realised": np.column_stack([170 - his, his]).ravel()})


def test_equal_achievement_that_says_nothing_changes_nothing(make_cell, run_detector):
    # In each kind of discordant pair the man is ahead in half: the score of achievement at 0 is 0 by symmetry, so
    # the odds ratio stays 40 : 10.
    team, people = pairs((20, B, SB), (20, B, SB), (5, SB, B), (5, SB, B))
    ahead = np.repeat([True, False, True, False], [20, 20, 5, 5])
    result = run_detector(NAME, make_cell(team, employees=people, achievements=capaian(team, ahead)))
    found = result.first(measure="odds_ratio_given", subject_kind="group")
    assert found.estimate.value == pytest.approx(4.0, rel=1e-6) and found.params["before"] == pytest.approx(4.0)
    assert found.status is Status.FLAGGED and found.code == "group_gap.given_beyond"
    region = result.first(measure="odds_ratio_given", subject_kind="region")
    assert region.code == "group_gap.given_all" and region.params["covered"] == 1.0 and region.params["others"] == 0.0
    assert "is known for 100% of the employees rated by a known supervisor" in region.sentence("en")
    assert "untuk 100% pegawai yang dinilai oleh atasan yang tercatat" in region.sentence("id")
    main = result.first(measure="gaps", scope="ekinerja")
    assert main.params["n_tested"] == 1, "the second look does not enlarge the first family"


def test_achievement_that_explains_the_gap(make_cell, run_detector):
    # Men are ahead in 40 of 55 pairs; whoever is ahead is rated higher 4 times of 5, whatever the group: the gap of
    # 1.6 to 1 is gone at equal achievement (log odds within 2.5 SE of 0).
    team, people = pairs((32, B, SB), (8, SB, B), (3, B, SB), (12, SB, B))
    ahead = np.repeat([True, True, False, False], [32, 8, 3, 12])
    result = run_detector(NAME, make_cell(team, employees=people, achievements=capaian(team, ahead)))
    found = result.first(measure="odds_ratio_given", subject_kind="group")
    assert found.params["before"] == pytest.approx(35 / 20, rel=1e-6) and found.code == "group_gap.given"
    assert found.estimate.value == pytest.approx(1.0, rel=1e-4)  # odds 4 both ways: no term of the group left
    assert found.status is Status.CLEAR


def test_given_achievement_needs_enough_of_it(make_cell, run_detector):
    team, people = pairs((40, B, SB), (10, SB, B))
    known = capaian(team, np.arange(50) % 2 == 0)
    few = run_detector(NAME, make_cell(team, employees=people, achievements=known.head(48)))
    found = few.first(measure="odds_ratio_given")
    assert found.code == "group_gap.given_few" and found.params["covered"] == pytest.approx(0.48)
    assert run_detector(NAME, make_cell(team, employees=people)).first(measure="odds_ratio_given").code.endswith("none")
    some = run_detector(NAME, make_cell(team, employees=people, achievements=known.tail(80)))
    part = some.first(measure="odds_ratio_given", subject_kind="group")
    assert part.params["n_teams"] == 40, "the figure beside it is of the same people"
    rows, others = score_rows(np.tile([3.0, 5.0], 20))
    known = pd.DataFrame({"person": rows["ratee"], "realised": np.tile([80.0, 90.0], 80)})
    points = run_detector(NAME, make_cell(pairs=rows, employees=others, achievements=known))
    given = points.first(measure="gap_given", subject_kind="group")
    # orthogonal to the group (one of each with 80 and 90): the gap is the same
    assert given.estimate.value == pytest.approx(given.params["before"], abs=1e-9)
    assert given.code == "group_gap.given_sd_beyond"


def test_smallest_effect_by_hand(make_cell, run_detector):
    team, people = pairs((40, B, SB), (10, SB, B))
    result = run_detector(NAME, make_cell(team, employees=people))
    se = math.sqrt((1 / 40 + 1 / 10) * 50 / 49)
    expected = 1.5 * math.exp((1.2815516 + 0.8416212) * se)  # normal quantiles of .9 and .8
    told = result.first(measure="smallest_effect", scope="ekinerja")
    assert told.estimate.value == pytest.approx(expected, rel=1e-6) and told.params["best"] == told.estimate.value
    codes = [f.measure for f in result.findings(scope="ekinerja")]
    assert codes.index("smallest_effect") < codes.index("odds_ratio")


def three_criteria(shift: tuple[float, float, float], n: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of ``score_rows`` on three criteria, men higher by ``shift``."""
    parts = []
    for criterion, d in zip(("a_b", "d", "e"), shift, strict=True):
        noise = np.tile([-0.1, 0.1], n // 2)
        rows, people = score_rows(d + noise)
        parts.append(rows.assign(criterion=criterion))
    return pd.concat(parts, ignore_index=True), people


def test_gap_on_one_criterion_by_hand(make_cell, run_detector):
    rows, people = three_criteria((4.0, 1.0, 1.0))
    result = run_detector(NAME, make_cell(pairs=rows, employees=people))
    found = {f.params["criterion"]: f for f in result.findings(measure="criterion_gap", subject_kind="group")}
    inside = rows["score"] - rows.groupby(["rater", "criterion"])["score"].transform("mean")
    sd = math.sqrt((inside**2).sum() / (len(rows) - 120))
    assert found["a b"].estimate.value == pytest.approx(3.0 / sd)  # 4 against the mean of 1 and 1
    assert found["d"].estimate.value == pytest.approx(-1.5 / sd)  # 1 against the mean of 4 and 1
    assert found["a b"].status is Status.FLAGGED and found["a b"].code == "group_gap.criterion_beyond"
    assert found["d"].code == "group_gap.criterion"
    assert result.first(measure="criterion_gap", subject_kind="region").params["n_tested"] == 3


def test_the_same_gap_on_all_criteria_is_none_of_a_criterion(make_cell, run_detector):
    rows, people = three_criteria((4.0, 4.2, 3.8))
    found = run_detector(NAME, make_cell(pairs=rows, employees=people)).findings(measure="criterion_gap")
    assert {f.status for f in found} == {Status.CLEAR}
    two = run_detector(NAME, make_cell(pairs=rows[rows["criterion"] != "e"], employees=people))
    assert two.first(measure="criterion_gap").code == "group_gap.criterion_few"


def both_sources(supervisors: np.ndarray, peers: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Teams of four rated by a supervisor and by each other; men higher by so much; women rate 9 points lower."""
    rows, people = score_rows(supervisors)
    merit = rows.assign(score=rows["score"] - np.repeat(supervisors, 4) * np.tile([0, 0, 1, 1], len(supervisors)))
    others = merit.merge(merit[["rater", "ratee"]], on="rater", suffixes=("", "_by"))
    others = others[others["ratee"] != others["ratee_by"]]
    sex = people.set_index("person")["sex"]
    plus = peers * (others["ratee"].map(sex) == "male") - 9.0 * (others["ratee_by"].map(sex) == "female")
    others = others.assign(score=others["score"] + plus, rater=others["ratee_by"], source="peer")
    return pd.concat([rows, others[rows.columns]], ignore_index=True), people


def test_gap_of_supervisors_against_peers_by_hand(make_cell, run_detector):
    frame, people = both_sources(np.tile([3.0, 5.0], 20), 1.0)
    found = run_detector(NAME, make_cell(pairs=frame, employees=people)).first(
        measure="gap_between_sources", subject_kind="group"
    )
    inside = frame["score"] - frame.groupby("rater")["score"].transform("mean")
    sd = math.sqrt((inside**2).sum() / (len(frame) - frame["rater"].nunique()))
    # 4 points on average less the peers' 1; the severity of women as peers is taken out with the raters
    assert found.estimate.value == pytest.approx(3.0 / sd, abs=1e-6) and found.params["n_teams"] == 40
    assert found.status is Status.FLAGGED and found.code == "group_gap.sources_beyond"
    frame, people = both_sources(np.tile([3.5, 4.5], 20), 4.0)
    shared = run_detector(NAME, make_cell(pairs=frame, employees=people))
    assert shared.first(measure="gap", subject_kind="group").status is Status.FLAGGED
    between = shared.first(measure="gap_between_sources", subject_kind="group")
    assert between.code == "group_gap.sources" and between.estimate.value == pytest.approx(0, abs=1e-6)


def test_forms_with_different_scales_are_not_compared(make_cell, run_detector):
    frame, people = both_sources(np.tile([3.0, 5.0], 20), 1.0)
    cell = make_cell(pairs=frame, employees=people)
    ratings = cell.tables.ratings
    top = ratings["source"] == "supervisor"
    ratings.loc[top, ["score", "scale_min", "scale_max"]] = np.column_stack(
        [1 + ratings.loc[top, "score"] / 25, np.ones(top.sum()), np.full(top.sum(), 5.0)]
    )
    found = list(run_detector(NAME, cell).findings(measure="gap_between_sources"))
    assert [f.code for f in found] == ["group_gap.sources_scales"] and found[0].status is Status.INSUFFICIENT


def test_supervisors_lenient_to_all_have_no_room_for_a_gap(make_cell, run_detector):
    rng = np.random.default_rng(11)
    rows, people = [], []
    for team in range(100):
        group = rng.random(8) < 0.4
        merit, leniency = rng.normal(0, 1, 8) - 1.0 * group, rng.normal(0, 0.35, 8) + [1.5, *[0.0] * 7]
        people += [{"person": f"{team:02d}{i}", "asal": "qp"[int(g)]} for i, g in enumerate(group)]
        for ratee in range(1, 8):
            for rater in [0, *rng.choice(np.setdiff1d(np.arange(1, 8), ratee), 3, replace=False)]:
                score = merit[ratee] + leniency[rater] + rng.normal(0, 0.7) + rng.normal(0, 0.6, 3)
                source = "peer" if rater else "supervisor"
                rows += [(f"{team:02d}{ratee}", f"{team:02d}{rater}", source, s, f"c{k}") for k, s in enumerate(score)]
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "score", "criterion"])
    frame["score"] = 25.0 * np.searchsorted(frame["score"].quantile([0.02, 0.1, 0.3, 0.6]), frame["score"])
    gap = {s: part.groupby(part["ratee"].map(pd.DataFrame(people).set_index("person")["asal"]))["score"].mean()
           for s, part in frame.groupby("source")}  # fmt: skip
    assert gap["supervisor"]["q"] - gap["supervisor"]["p"] < 0.8 * (gap["peer"]["q"] - gap["peer"]["p"])
    result = run_detector(NAME, make_cell(pairs=frame, employees=pd.DataFrame(people)))
    found = result.first(measure="gap_between_sources", subject_kind="group")
    assert found.status is Status.CLEAR and found.estimate.lower < 0 < found.estimate.upper


def test_messages_and_thresholds():
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    for text in own.values():
        assert placeholders(text["id"]) == placeholders(text["en"]) and set(text) == set(LANGUAGES)
    for key in thresholds(NAME):
        limit = threshold(f"{NAME}.{key}")
        assert limit.source and limit.unit and isinstance(limit.date, dt.date)
