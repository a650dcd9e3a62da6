"""affinity: the own-group term of a saturated table by hand, the crossed contrast of scores, refusals, error rate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect.contract import threshold, thresholds

NAME = "affinity"


def matched(table: dict[str, tuple[int, int]], attribute: str = "asal") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Teams of one member of group a and one of b; (a above b, b above a) for supervisors of each group."""
    rows, people, t = [], [], 0
    for group, (first, second) in table.items():
        for above in ["a"] * first + ["b"] * second:
            people.append({"person": f"S{t:03d}", attribute: group})
            for who in ("a", "b"):
                top = 3 if who == above else 2
                rows.append({"supervisor": f"S{t:03d}", "ratee": f"R{t:03d}{who}", "hasil": top, "perilaku": top})
                people.append({"person": f"R{t:03d}{who}", attribute: who})
            t += 1
    return pd.DataFrame(rows), pd.DataFrame(people)


def test_own_group_term_of_a_saturated_table(make_cell, run_detector):
    # Supervisors of a: 60 : 20 for a; of b: 15 : 60 for a. Log odds for a: gap + own and gap - own, so
    # own = (log 3 - log 1/4) / 2 = log sqrt(12); odds ratio 3.4641.
    team, people = matched({"a": (60, 20), "b": (15, 60)})
    result = run_detector(NAME, make_cell(team, employees=people))
    found = result.first(measure="own_group_odds_ratio")
    assert found.estimate.value == pytest.approx(np.sqrt(12), rel=1e-6)
    assert found.status is Status.FLAGGED and found.code == "affinity.beyond_higher" and found.subject == "asal"
    assert found.params["n_informative"] == 155 and found.params["n_second"] == 75
    # delta method: Var = (1/60 + 1/20 + 1/15 + 1/60) / 4 for the model; the sandwich of a saturated table is the
    # same up to G/(G - 1)
    se = np.sqrt((1 / 60 + 1 / 20 + 1 / 15 + 1 / 60) / 4 * 155 / 154)
    assert np.log(found.estimate.upper / found.estimate.value) == pytest.approx(1.9754 * se, rel=1e-3)
    region = result.first(measure="own_group", scope="ekinerja")
    assert region.status is Status.FLAGGED and region.params["group"] == "asal"


def test_a_gap_between_groups_is_no_affinity(make_cell, run_detector):
    # a is above b three times of four, whoever leads: a gap, no own-group term.
    team, people = matched({"a": (90, 30), "b": (90, 30)})
    found = run_detector(NAME, make_cell(team, employees=people)).first(measure="own_group_odds_ratio")
    assert found.estimate.value == pytest.approx(1.0, abs=1e-6) and found.status is Status.CLEAR


def test_teams_of_both_rater_groups_are_needed(make_cell, run_detector):
    team, people = matched({"a": (90, 30), "b": (20, 29)})
    result = run_detector(NAME, make_cell(team, employees=people))
    found = result.first(measure="own_group_odds_ratio")
    assert found.status is Status.INSUFFICIENT and found.params["n_second"] == 49
    assert result.first(measure="own_group", scope="ekinerja").status is Status.INSUFFICIENT


def test_three_groups_of_raters_pool_their_own_term(make_cell, run_detector):
    # Members a and b as before; supervisors of a third group c say nothing of the term but of the gap (2 : 1).
    team, people = matched({"a": (60, 20), "b": (20, 60), "c": (40, 20)})
    extra = pd.DataFrame({"supervisor": [f"S{t:03d}" for t in range(80)], "ratee": [f"Z{t:03d}" for t in range(80)],
                          "hasil": np.tile([2, 3], 40), "perilaku": 3})  # fmt: skip
    third = pd.DataFrame({"person": extra["ratee"], "asal": "c"})
    ctx = make_cell(pd.concat([team, extra]), employees=pd.concat([people, third]))
    found = run_detector(NAME, ctx).first(measure="own_group_odds_ratio")
    assert found.status is Status.FLAGGED and found.params["n_informative"] == 160 and found.params["n_second"] == 80
    assert 2.0 < found.estimate.value < 6.0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p[~p["person"].str.startswith("S")], "no_rater_values"),
        (lambda p: p.assign(asal=np.where(p["person"].str.startswith("S"), "a", p["asal"])), "one_rater_group"),
        (lambda p: p.assign(asal="a"), "one_value"),
        (lambda p: p.assign(asal=[f"k{i % 9}" for i in range(len(p))]), "many_values"),
    ],
)
def test_reasons(make_cell, run_detector, change, code):
    team, people = matched({"a": (60, 20), "b": (20, 60)})
    found = run_detector(NAME, make_cell(team, employees=change(people))).first(measure="own_group_odds_ratio")
    assert found.status is Status.INSUFFICIENT and found.code == f"affinity.{code}"


def test_nothing_to_examine(make_cell, run_detector):
    team, people = matched({"a": (60, 20), "b": (20, 60)})
    assert run_detector(NAME, make_cell()).first(scope="ekinerja").code == "affinity.no_rows_ekinerja"
    bare = run_detector(NAME, make_cell(team, employees=people[["person"]]))
    assert bare.first(scope="ekinerja").code == "affinity.no_attributes"
    assert bare.first(scope="multisource").code == "affinity.no_rows_multisource"


def test_quarters_add_strata_but_no_supervisors(make_cell, run_detector):
    team, people = matched({"a": (15, 5), "b": (5, 15)})
    once = run_detector(NAME, make_cell(team, employees=people)).first(measure="own_group_odds_ratio")
    assert once.status is Status.INSUFFICIENT  # 20 teams of each rater group
    quarters = pd.concat([team.assign(period=f"2025-Q{q}") for q in (1, 2, 3, 4)])
    four = run_detector(NAME, make_cell(quarters, employees=people)).first(measure="own_group_odds_ratio")
    assert four.params["n_informative"] == 160 and four.params["n_teams"] == 40
    assert four.estimate.value == pytest.approx(3.0, rel=1e-6)
    se = np.sqrt((1 / 15 + 1 / 5 + 1 / 5 + 1 / 15) / 4 * 40 / 39)  # of 40 supervisors, not of 160 strata
    assert np.log(four.estimate.upper / 3) == pytest.approx(2.0227 * se, rel=1e-3)  # t(39)


def crossed(effect: float, seed: int = 3, raters: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Supervisors of groups a and b rate four members each, three peers of the team rate them too."""
    rng = np.random.default_rng(seed)
    rows, people = [], []
    for t in range(raters):
        lead = "ab"[t % 2]
        people.append({"person": f"S{t:03d}", "asal": lead})
        severity = rng.normal(0, 5)
        for i in range(4):
            own, merit = "ab"[i % 2], rng.normal(0, 6)
            people.append({"person": f"R{t:03d}{i}", "asal": own})
            bonus = effect if own == lead else 0.0
            rows.append((f"R{t:03d}{i}", f"S{t:03d}", "supervisor", 60 + merit + severity + bonus + rng.normal(0, 2)))
            for j in range(4):
                if j != i:
                    score = 60 + merit + rng.normal(0, 2)
                    rows.append((f"R{t:03d}{i}", f"R{t:03d}{j}", "peer", score))
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "score"]).assign(criterion="c")
    return frame, pd.DataFrame(people)


def test_scores_of_supervisors_against_peers(make_cell, run_detector):
    frame, people = crossed(6.0, raters=44)
    result = run_detector(NAME, make_cell(pairs=frame, employees=people))
    found = {f.params["source"]: f for f in result.findings(measure="own_group_gap")}
    inside = frame["score"] - frame.groupby("rater")["score"].transform("mean")
    sd = np.sqrt((inside**2).sum() / (len(frame) - frame["rater"].nunique()))
    top = found["supervisor"]
    assert top.status is Status.FLAGGED and top.subject == "asal|supervisor"
    assert top.estimate.lower < 6.0 / sd < top.estimate.upper and top.estimate.value > 0.5
    assert found["peer"].status is Status.CLEAR
    # The same number from a dummy regression of everything (numpy least squares)
    known = people.set_index("person")["asal"]
    own = (frame["ratee"].map(known) == frame["rater"].map(known)).to_numpy()
    x = np.column_stack([own & (frame["source"] == s) for s in ("supervisor", "peer")]).astype(float)
    every = [pd.get_dummies(frame[c]).to_numpy(dtype=float) for c in ("ratee", "rater")]
    whole = np.linalg.lstsq(np.column_stack([x, *every]), frame["score"].to_numpy() / sd, rcond=None)[0]
    assert top.estimate.value == pytest.approx(whole[0], abs=1e-6)
    assert found["peer"].estimate.value == pytest.approx(whole[1], abs=1e-6)


def test_forms_of_another_scale_are_left_out_and_named(make_cell, run_detector):
    frame, people = crossed(6.0, raters=44)
    cell = make_cell(pairs=frame, employees=people)
    ratings = cell.tables.ratings
    top = ratings["source"] == "supervisor"
    ratings.loc[top, "score"] = 1 + ratings.loc[top, "score"] / 25
    ratings.loc[top, ["scale_min", "scale_max"]] = [1.0, 5.0]
    found = {f.params["source"]: f for f in run_detector(NAME, cell).findings(measure="own_group_gap")}
    assert found["supervisor"].code == "affinity.other_scale" and found["supervisor"].status is Status.INSUFFICIENT
    assert found["peer"].estimate.lower < 0 < found["peer"].estimate.upper


def below_a_ceiling(bonus: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Teams of eight on five levels, four scores of ten at the top; raters of p are lenient, its employees weaker."""
    rng = np.random.default_rng(seed)
    rows, people = [], []
    for team in range(60):
        group = rng.random(8) < 0.4
        merit, leniency = rng.normal(0, 1, 8) - 1.5 * group, rng.normal(0, 0.35, 8) + 1.5 * group
        people += [{"person": f"{team:02d}{i}", "asal": "qp"[int(g)]} for i, g in enumerate(group)]
        for ratee in range(8):
            for rater in rng.choice(np.delete(np.arange(8), ratee), 4, replace=False):
                own = bonus * (group[ratee] == group[rater]) + rng.normal(0, 0.7)
                for k, score in enumerate(merit[ratee] + leniency[rater] + own + rng.normal(0, 0.6, 4)):
                    rows.append((f"{team:02d}{ratee}", f"{team:02d}{rater}", "peer", score, f"c{k}"))
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "score", "criterion"])
    frame["score"] = 25.0 * np.searchsorted(frame["score"].quantile([0.02, 0.1, 0.3, 0.6]), frame["score"])
    return frame, pd.DataFrame(people)


def test_a_ceiling_is_no_own_group_bonus(make_cell, run_detector):
    plain = []
    for seed in (3, 4):
        frame, people = below_a_ceiling(0.0, seed)
        found = run_detector(NAME, make_cell(pairs=frame, employees=people)).first(measure="own_group_gap")
        assert found.status is Status.CLEAR and found.estimate.upper < 0.15
        pairs = frame.groupby(["ratee", "rater"], as_index=False)["score"].mean()
        known = people.set_index("person")["asal"]
        own = (pairs["ratee"].map(known) == pairs["rater"].map(known)).to_numpy(dtype=float)
        every = [pd.get_dummies(pairs[c]).to_numpy(dtype=float) for c in ("ratee", "rater")]
        spread = (pairs["score"] - pairs.groupby("rater")["score"].transform("mean")).std()
        plain.append(np.linalg.lstsq(np.column_stack([own, *every]), pairs["score"] / spread, rcond=None)[0][0])
    assert min(plain) > 0.1  # what plain least squares takes for favour
    frame, people = below_a_ceiling(0.9, 5)
    found = run_detector(NAME, make_cell(pairs=frame, employees=people)).first(measure="own_group_gap")
    assert found.status is Status.FLAGGED


def test_too_few_mixed_raters(make_cell, run_detector):
    frame, people = crossed(6.0, raters=24)
    result = run_detector(NAME, make_cell(pairs=frame[frame["source"] == "supervisor"], employees=people))
    found = result.first(measure="own_group_gap")
    assert found.status is Status.INSUFFICIENT and found.code == "affinity.few_raters"
    assert found.params["n_teams"] == 24


def test_row_order_does_not_matter(make_cell, run_detector, same):
    team, people = matched({"a": (60, 20), "b": (15, 60)})
    frame, others = crossed(3.0, raters=40)
    for column in ("ratee", "rater"):
        frame[column] = "Y" + frame[column]
    people = pd.concat([people, others.assign(person="Y" + others["person"])])
    given = dict(employees=people, pairs=frame)
    same(run_detector(NAME, make_cell(team, **given)), run_detector(NAME, make_cell(team, **given, shuffle=8)))


def test_without_affinity_flags_are_rare(make_cell, run_detector):
    # 8 regions of 170 teams with severity and a gap between groups but no own-group term: at most one flag.
    rng = np.random.default_rng(5)
    flags, tested = 0, 0
    for _ in range(8):
        severity = rng.normal(0, 1, 170)[:, None]
        group = rng.integers(0, 2, (170, 8))
        top = rng.random((170, 8)) < 1 / (1 + np.exp(1.5 + severity - 0.5 * group))
        team = pd.DataFrame(
            {"supervisor": np.repeat([f"S{s:03d}" for s in range(170)], 8), "ratee": [f"R{i:04d}" for i in range(1360)],
             "hasil": 2 + top.ravel().astype(int), "perilaku": 3}
        )  # fmt: skip
        asal = np.concatenate([np.where(group.ravel() == 1, "a", "b"), rng.choice(["a", "b"], 170)])
        names = [*team["ratee"], *[f"S{s:03d}" for s in range(170)]]
        ctx = make_cell(team, employees=pd.DataFrame({"person": names, "asal": asal}))
        found = run_detector(NAME, ctx).first(measure="own_group_odds_ratio")
        tested += found.status in (Status.FLAGGED, Status.CLEAR)
        flags += found.status is Status.FLAGGED
    assert tested >= 6 and flags <= 1


def test_own_group_term_at_equal_achievement(make_cell, run_detector):
    # a is ahead in every other team of each kind, so achievement carries nothing: sqrt(12) as without it.
    team, people = matched({"a": (60, 20), "b": (16, 60)})
    known = pd.DataFrame({"person": team["ratee"], "realised": np.tile([80.0, 90.0, 90.0, 80.0], len(team) // 4)})
    result = run_detector(NAME, make_cell(team, employees=people, achievements=known))
    found = result.first(measure="own_group_odds_ratio_given", subject_kind="attribute")
    expected = np.sqrt(3 * 60 / 16)
    assert found.estimate.value == pytest.approx(expected, rel=1e-6) and found.code == "affinity.given_beyond"
    assert found.params["before"] == pytest.approx(expected, rel=1e-6) and found.status is Status.FLAGGED
    assert result.first(measure="own_group", scope="ekinerja").params["n_tested"] == 1
    few = run_detector(NAME, make_cell(team, employees=people, achievements=known.head(100)))
    assert few.first(measure="own_group_odds_ratio_given").code == "affinity.given_few"
    none = run_detector(NAME, make_cell(team, employees=people))
    assert none.first(measure="own_group_odds_ratio_given").code == "affinity.given_none"
    told = none.first(measure="smallest_effect", scope="ekinerja")
    assert told.estimate.value > 1.5 and told.params["family"] == 1


def moved(make_cell, counts: dict[str, tuple[int, int]]):
    """Two years; supervisors of group a in the first, of b in the second: (employees that rise, that fall) by group."""
    rows, people, t = [], [], 0
    for group, (rise, fall) in counts.items():
        for up in [True] * rise + [False] * fall:
            people += [{"person": f"R{t:03d}", "asal": group}, {"person": f"A{t:03d}", "asal": "a"},
                       {"person": f"B{t:03d}", "asal": "b"}]  # fmt: skip
            for year, lead, top in ((2024, "A", not up), (2025, "B", up)):
                rows.append({"supervisor": f"{lead}{t:03d}", "ratee": f"R{t:03d}", "hasil": 2 + top,
                             "perilaku": 2 + top, "period": str(year)})  # fmt: skip
            t += 1
    whole = make_cell(pd.DataFrame(rows), employees=pd.DataFrame(people))
    past = {n: getattr(whole.tables, n) for n in ("ratings", "appraisals")}
    past = {n: f.assign(year=f["period"].astype("int64")) for n, f in past.items()}
    history = replace(whole.tables, **past)
    return replace(whole, tables=history.select(region="01.01", year=2025), history=history, _memo={})


def test_same_employee_under_both_groups_by_hand(make_cell, run_detector):
    # Group b gains its own supervisor: 60 rise, 20 fall; group a loses its own: 20 rise, 30 fall. Log odds of rising:
    # period + own = log 3 for b, period - own = log 2/3 for a, so own = log(9/2) / 2.
    # But all change from a to b, so the supervisor's group cannot be told from the year: refused.
    ctx = moved(make_cell, {"a": (20, 30), "b": (60, 20)})
    found = run_detector(NAME, ctx).first(measure="own_group_change")
    assert found.code == "affinity.change_few", "the period and the supervisor's group cannot be told apart"
    stay = ctx.history.ratings
    swap = {f"{x}{t:03d}": f"{y}{t:03d}" for x, y in ("AB", "BA") for t in range(0, 130, 2)}
    frames = {"ratings": stay.assign(rater=stay["rater"].replace(swap))}
    posts = ctx.history.appraisals
    frames["appraisals"] = posts.assign(supervisor=posts["supervisor"].replace(swap))
    history = replace(ctx.history, **frames)
    mixed = replace(ctx, tables=history.select(region="01.01", year=2025), history=history, _memo={})
    found = run_detector(NAME, mixed).first(measure="own_group_change", subject_kind="attribute")
    # Now every other employee changes from b to a: those of group a rise 10 : 15 in either direction, those of b
    # 30 : 10. Whoever goes to the own group rises no more often than whoever leaves it: odds ratio 1.
    assert found.estimate.value == pytest.approx(1.0, abs=1e-6) and found.params["n_informative"] == 130
    assert found.status is Status.CLEAR and found.code == "affinity.change"


def test_same_employee_with_a_bonus(make_cell, run_detector):
    ctx = moved(make_cell, {"a": (0, 60), "b": (60, 0)})
    ratings, posts = ctx.history.ratings, ctx.history.appraisals
    swap = {f"{x}{t:03d}": f"{y}{t:03d}" for x, y in ("AB", "BA") for t in (*range(0, 60, 4), *range(60, 120, 4))}
    history = replace(ctx.history, ratings=ratings.assign(rater=ratings["rater"].replace(swap)),
                      appraisals=posts.assign(supervisor=posts["supervisor"].replace(swap)))  # fmt: skip
    mixed = replace(ctx, tables=history.select(region="01.01", year=2025), history=history, _memo={})
    found = run_detector(NAME, mixed).first(measure="own_group_change", subject_kind="attribute")
    # Three of four rise into the own group or fall out of it, in both groups: odds 3, with the period in balance.
    assert found.estimate.value == pytest.approx(3.0, rel=1e-6) and found.status is Status.FLAGGED
    assert found.code == "affinity.change_beyond" and found.params["n_informative"] == 120
    assert run_detector(NAME, ctx).first(measure="own_group_change").code == "affinity.change_few"


def test_messages_and_thresholds():
    own = {k: v for k, v in messages().items() if k.startswith(f"{NAME}.")}
    assert {f"{NAME}.{k}" for k in ("title", "question", "failed")} <= set(own)
    for text in own.values():
        assert placeholders(text["id"]) == placeholders(text["en"]) and set(text) == set(LANGUAGES)
    for key in thresholds(NAME):
        limit = threshold(f"{NAME}.{key}")
        assert limit.source and limit.unit and isinstance(limit.date, dt.date)
