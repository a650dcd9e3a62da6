"""Decision impact: draws against the exact posterior, bounds by hand, planted leniency, refusals, every sentence."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable, Tables, conform
from kinerja_analysis.base.words import messages
from kinerja_analysis.detect._decision_impact_bound import (
    Ratings,
    changed_share,
    given_achievement,
    latent_correlation,
    team_covariance,
)
from kinerja_analysis.detect._decision_impact_draws import Posterior, Standing
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.decision_impact import OUTCOME, detect
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.fits import source_columns

REGION = "99.01"
HEAD = {"year": 2025, "period": "2025", "region": REGION, "opd": "Dinas"}


def run(ratings: pd.DataFrame, appraisals: pd.DataFrame | None = None, achievements: pd.DataFrame | None = None,
        **config: object) -> list[Finding]:  # fmt: skip
    more = {"appraisals": appraisals, "achievements": achievements}
    now = Tables(ratings=ratings, **{k: v for k, v in more.items() if v is not None})
    part = now.select(region=REGION, year=2025)
    ctx = Context(part, now, ScoreTable(pd.DataFrame()), AuditConfig(**config), design_of(part, now, REGION, 2025),
                  REGION, 2025)  # fmt: skip
    out = Collector("decision_impact", REGION, 2025)
    detect(ctx, out)
    for f in out.found:
        assert f.sentence("id") and f.sentence("en")
    return out.found


def of(found: list[Finding], measure: str, scope: str = "multisource", kind: str = "region") -> Finding:
    hits = [f for f in found if (f.measure, f.scope, f.subject_kind) == (measure, scope, kind)]
    assert len(hits) == 1
    return hits[0]


# --- several raters ------------------------------------------------------------------------------------------


def many(seed: int, leniency: float, *, n_units: int = 40, cross: float = 0.25, peers: int = 3) -> tuple:
    """Units of eight: a supervisor and peers; some peers come from anywhere. Table and the true shift by employee."""
    g = np.random.default_rng(seed)
    n = 8 * n_units
    i = np.arange(n)
    pairs = {(int(e), int(n + e // 8)): "supervisor" for e in i}
    for step in range(1, peers + 1):
        near = i // 8 * 8 + (i + step) % 8
        far = np.where(g.random(n) < cross, g.integers(0, n, n), near)
        pairs |= {(int(e), int(r)): "peer" for e, r in zip(i, far, strict=True) if e != r}
    ratee, rater = (np.array(side) for side in zip(*pairs, strict=True))
    style = leniency * g.standard_normal(n + n_units)
    score = 50 + 6 * (g.standard_normal(n)[ratee] + style[rater] + 0.7 * g.standard_normal(len(pairs)))
    return rows_of(ratee, rater, list(pairs.values()), score), 6 * np.bincount(ratee, style[rater]) / np.bincount(ratee)


def rows_of(ratee: np.ndarray, rater: np.ndarray, source: list[str], score: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"ratee": [f"E{e:04d}" for e in ratee], "rater": [f"E{r:04d}" for r in rater],
                          "source": source, "score": score, "unit": [f"u{e // 8}" for e in ratee]})  # fmt: skip
    scale = {"criterion": "c", "scale_min": 0.0, "scale_max": 100.0}
    return conform("ratings", frame.assign(**HEAD, **scale, row=[f"2:1:{k}" for k in range(len(frame))]))


@cache
def planted(leniency: float, seed: int = 1) -> tuple[list[Finding], float]:
    """What is found, and the true share that changes quartile."""
    table, shift = many(seed, leniency)
    score = table.groupby("ratee")["score"].mean().to_numpy()
    standing = Standing.of(score, np.zeros(score.size, np.int64))
    return run(table), float(standing.changed((score - shift)[:, None]).mean())


def test_draws_have_mean_and_variance_of_the_exact_posterior() -> None:
    ratee = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    rater = np.array([0, 1, 1, 2, 2, 0, 3, 4, 4, 5, 5, 3])
    group = np.array([0, 0, 0, 1, 1, 1])
    y = np.array([1.0, 3, 2, 5, 0, 1, 7, 9, 8, 8, 4, 6])
    s, t, e = 1.5, 0.8, 0.6
    z, x = np.eye(6)[rater], np.eye(2)[group[ratee]]
    people = np.eye(6)[ratee]
    v = s**2 * people @ people.T + t**2 * z @ z.T + e**2 * np.eye(12)
    inner = np.linalg.inv(v)
    p = inner - inner @ x @ np.linalg.inv(x.T @ inner @ x) @ x.T @ inner
    mean, cov = t**2 * z.T @ p @ y, t**2 * np.eye(6) - t**4 * z.T @ p @ z
    draws = Posterior(y, ratee, rater, group, np.random.default_rng(1), 20_000).rater_effects(s, t, e)
    assert draws.mean(axis=1) == pytest.approx(mean, abs=0.02)
    assert np.cov(draws) == pytest.approx(cov, abs=0.02)


def test_variances_of_alike_raters_are_zero_on_average() -> None:
    table, _ = many(3, 0.0)
    codes = [pd.factorize(table[c])[0] for c in ("ratee", "rater")]
    group = np.zeros(codes[0].max() + 1, np.int64)
    null = Posterior(np.zeros(len(table)), *codes, group, np.random.default_rng(2), 400).null_variances()
    assert abs(null.mean()) < 4 * null.std() / 20
    assert 0.01 < null.std() < 0.1


def test_equal_scores_share_quartiles() -> None:
    standing = Standing.of(np.array([1.0, 1, 1, 1, 5, 6, 7, 8]), np.zeros(8, np.int64))
    assert standing.low.tolist() == [0, 0, 0, 0, 2, 2, 3, 3]
    assert standing.high.tolist() == [1, 1, 1, 1, 2, 2, 3, 3]
    swapped = np.array([1.0, 2, 3, 4, 8, 6, 7, 5])[:, None]  # the fifth and the last change places
    assert standing.changed(swapped)[:, 0].tolist() == [False] * 4 + [True, False, False, True]


def test_nobody_is_compared_over_groups() -> None:
    standing = Standing.of(np.array([1.0, 2, 3, 4, 11, 12, 13, 14]), np.repeat([0, 1], 4))
    lifted = np.array([101.0, 102, 103, 104, 11, 12, 13, 14])[:, None]
    assert not standing.changed(lifted).any()
    assert [standing.moved(np.array([i]), np.array([v])) for i, v in ((0, 9.0), (4, 12.5))] == [(1, 3), (1, 1)]
    assert [standing.moved(np.array([i]), np.array([v])) for i, v in ((3, 99.0), (4, -99.0))] == [(0, 0), (0, 0)]


def test_what_supervisors_share_with_their_team_moves_nobody_in_it() -> None:
    """Supervisors' leniency SD 1, peers' 0: who rates the whole team moves nobody's quartile in it."""
    for seed in range(3):
        g = np.random.default_rng(seed)
        team, i = np.arange(320) // 8, np.arange(320)
        ratee = np.repeat(i, 4)
        rater = np.column_stack([320 + team, *(team * 8 + (i + step) % 8 for step in (1, 2, 3))]).ravel()
        style = np.concatenate([np.zeros(320), g.standard_normal(40)])
        score = 50 + 6 * (g.standard_normal(320)[ratee] + style[rater] + 0.7 * g.standard_normal(ratee.size))
        found = run(rows_of(ratee, rater, ["supervisor", "peer", "peer", "peer"] * 320, score))
        e = of(found, "changed").estimate
        assert e is not None and e.value < 0.05 and e.lower == 0 and 0 < e.upper < 0.12
        assert of(found, "changed_excess").status is Status.CLEAR


@pytest.mark.parametrize("leniency", [0.4, 0.6])
def test_the_true_number_lies_in_the_interval(leniency: float) -> None:
    held = flagged = 0
    for seed in range(10):
        found, truth = planted(leniency, seed)
        e = of(found, "changed").estimate
        assert e is not None and e.n == 320
        held += e.lower <= truth <= e.upper
        flagged += of(found, "changed_excess").status is Status.FLAGGED
    assert held >= 8 and flagged >= (10 if leniency == 0.6 else 9)


def test_without_leniency_nothing_is_flagged_and_next_to_nothing_changes() -> None:
    value, none = [], []
    for seed in range(10):
        found, truth = planted(0.0, seed)
        changed = of(found, "changed")
        assert truth == 0.0
        assert of(found, "changed_excess").code == "decision_impact.not_more"
        value.append(changed.estimate.value)
        none.append(changed.params["none"])
    assert np.mean(value) < 0.04
    assert np.mean(value) == pytest.approx(np.mean(none), abs=0.02)


def test_groups_of_their_own_and_a_boundary_list() -> None:
    found = run(many(2, 0.6, n_units=6, cross=0.0)[0])
    assert of(found, "changed").code == "decision_impact.changed"
    assert of(found, "changed").params["groups"] == 6
    near, listed = of(found, "boundary"), of(found, "boundary", kind="list")
    assert len(listed.rows) == near.estimate.value > 0
    assert of(planted(0.6)[0], "changed").code == "decision_impact.changed_linked"


def test_too_weak_links_list_nobody() -> None:
    table = many(5, 0.4, n_units=12, cross=0.0)[0]
    guest = table[table["source"] == "peer"].iloc[[0]].assign(ratee="E0090", row="2:1:9999", unit="u11")
    found = run(conform("ratings", pd.concat([table, guest])))
    assert of(found, "changed").status is Status.CLEAR
    assert not [f for f in found if f.subject_kind == "list"]


def test_leaving_out_one_rater_by_hand() -> None:
    """A chief rates the first eight of forty 30 points up; all others agree. Without the chief they fall back."""
    ratee = np.repeat(np.arange(40), 3)
    rater = 100 + (np.arange(40)[:, None] + np.arange(3)).ravel() % 40
    score = 40.0 + ratee + 0.01 * rater % 7
    eight = np.arange(8)
    table = rows_of(np.append(ratee, eight), np.append(rater, np.full(8, 99)), ["peer"] * 128,
                    np.append(score, 40.0 + eight + 120))  # fmt: skip
    table["score"] = table["score"].clip(0, 100)
    found = run(table)
    mean = table.groupby("ratee")["score"].mean()
    alone = table[table["rater"] != "E0099"].groupby("ratee")["score"].mean()
    place = (mean.rank() - 1) * 4 // 40 != (alone.rank() - 1) * 4 // 40
    chief = of(found, "leave_out", kind="rater")
    assert chief.subject == "E0099" and chief.estimate.value == place[:8].sum() >= 5
    assert set(chief.rows) == set(table.loc[table["rater"] == "E0099", "row"])
    assert of(found, "leave_out").estimate.value == place.sum() > place[:8].sum(), "those they passed move up, too"


def test_on_a_rater_who_adds_the_same_to_everybody_nothing_depends() -> None:
    """The chief gives all forty 90 points, the others agree: without the chief the order is the same."""
    ratee = np.repeat(np.arange(40), 3)
    rater = 100 + (np.arange(40)[:, None] + np.arange(3)).ravel() % 40
    table = rows_of(np.append(ratee, np.arange(40)), np.append(rater, np.full(40, 99)), ["peer"] * 160,
                    np.append(40.0 + ratee + 0.01 * rater % 7, np.full(40, 90.0)))  # fmt: skip
    assert not [f for f in run(table) if f.measure == "leave_out" and f.subject == "E0099"]


def test_moving_some_agrees_with_ranking_anew() -> None:
    g = np.random.default_rng(4)
    group = np.sort(g.integers(0, 3, 60))
    for step in (1.0, 0.05):  # many ties, and hardly any
        score = np.round(g.normal(0, 1, 60) / step) * step
        standing = Standing.of(score, group)
        for _ in range(200):
            who = g.choice(np.flatnonzero(group == g.integers(3)), int(g.integers(1, 9)), replace=False)
            fresh = np.round((score[who] + g.normal(0, 0.7, who.size)) / step) * step
            corrected = score.copy()
            corrected[who] = fresh
            after = Standing.of(corrected, group)
            left = (after.high < standing.low) | (after.low > standing.high)
            assert standing.moved(who, fresh) == (left[who].sum(), left.sum() - left[who].sum())


def test_one_rater_only_leaves_no_score() -> None:
    table = many(1, 0.4)[0]
    lonely = table[(table["ratee"] != "E0005") | (table["source"] == "supervisor")]
    gone = of(run(lonely.reset_index(drop=True)), "leave_out_alone")
    assert gone.status is Status.INSUFFICIENT and gone.params["alone"] == 1


def test_smallest_effect_is_smaller_with_more_employees() -> None:
    few, more = (of(run(many(4, 0.4, n_units=u)[0]), "smallest_effect").estimate.value for u in (12, 60))
    assert 0.1 < more < few < 1.5


def test_no_leniency_beyond_the_scale_is_called_the_smallest_to_be_found() -> None:
    """Nearly all scores the same, on two levels: before, "419.6 points" of 100 were told."""
    g, i = np.random.default_rng(0), np.arange(96)
    ratee, team = np.repeat(i, 4), i // 8
    rater = np.column_stack([96 + team, *(team * 8 + (i + step) % 8 for step in (1, 2, 3))]).ravel()
    latent = g.standard_normal(12)[team][ratee] + 0.5 * g.standard_normal(96)[ratee] + g.standard_normal(ratee.size)
    table = rows_of(ratee, rater, ["supervisor", "peer", "peer", "peer"] * 96, np.where(latent > 1.8, 100.0, 75.0))
    told = of(run(table), "smallest_effect")
    assert told.code == "decision_impact.smallest_none" and told.params["points"] == 50
    assert "0–100" in told.sentence("id")


def test_row_order_and_names_do_not_matter() -> None:
    table = many(6, 0.4)[0]
    people = sorted({*table["ratee"], *table["rater"]})
    new = dict(zip(people, np.random.default_rng(1).permutation(people), strict=True))
    other = table.assign(ratee=table["ratee"].map(new), rater=table["rater"].map(new)).sample(frac=1, random_state=2)
    one, two = run(table), run(other.reset_index(drop=True))
    assert [(f.code, new.get(f.subject, f.subject)) for f in one] == [(f.code, f.subject) for f in two]
    for a, b in zip(one, two, strict=True):
        if a.estimate is not None:
            assert a.estimate.value == pytest.approx(b.estimate.value, abs=1e-9)
        assert sorted(a.rows) == sorted(b.rows)


def test_where_a_row_stands_in_the_file_does_not_matter() -> None:
    """A table handed in in another order has other addresses; what is drawn must not follow them."""
    table = many(6, 0.4)[0]
    for seed in (1, 2):
        other = table.sample(frac=1, random_state=seed).reset_index(drop=True)
        other = other.assign(row=np.sort(table["row"].to_numpy()))
        for a, b in zip(run(table), run(other), strict=True):
            assert a.code == b.code
            if a.estimate is not None:
                assert a.estimate.value == pytest.approx(b.estimate.value, abs=1e-9)


def test_a_constant_added_to_a_group_changes_nothing() -> None:
    table = many(7, 0.4, n_units=6, cross=0.0)[0]
    lifted = table.assign(score=table["score"].where(table["unit"] != "u2", table["score"] + 10))
    for a, b in zip(run(table), run(lifted), strict=True):
        assert a.code == b.code
        if a.estimate is not None:
            assert a.estimate.value == pytest.approx(b.estimate.value, abs=1e-9)


def test_sources_that_lie_in_groups_of_their_own_do_not_stop_it() -> None:
    """Leaders are rated by subordinates only, in a group that no other source enters."""
    a, b = many(1, 0.4, n_units=10)[0], many(2, 0.4, n_units=2)[0]
    b = b[b["source"] == "peer"].assign(source="subordinate", ratee="L" + b["ratee"], rater="L" + b["rater"])
    both = conform("ratings", pd.concat([a, b.assign(row="3" + b["row"])]))
    assert of(run(both), "changed").status is Status.CLEAR
    assert source_columns(pd.Series(["peer"] * 3 + ["supervisor"] * 2), np.array([0, 0, 0, 0, 1]))[0] == ["supervisor"]
    assert source_columns(pd.Series(["peer", "peer", "supervisor"]), np.array([0, 0, 1]))[0] == []


def test_refusals() -> None:
    table = many(1, 0.4, n_units=10)[0]
    assert of(run(table.iloc[:0]), "changed").code == "decision_impact.no_data"
    assert of(run(table[table["unit"].isin(["u0", "u1"])].reset_index(drop=True)), "changed").code.endswith(".few")
    one = table[table["source"] == "supervisor"].reset_index(drop=True)
    assert of(run(one), "changed").status is Status.INSUFFICIENT
    i = np.arange(40)
    score = np.random.default_rng(1).uniform(40, 90, 80)
    two = rows_of(np.append(i, i), np.repeat([100, 101], 40), ["supervisor"] * 40 + ["peer"] * 40, score)
    assert of(run(two), "changed").code == "decision_impact.not_separable"
    flat = run(table.assign(score=70.0))
    assert of(flat, "changed").code == "decision_impact.no_variation"
    assert not [f for f in flat if f.status in (Status.CLEAR, Status.FLAGGED)]


# --- the export ----------------------------------------------------------------------------------------------


def both_levels(seed: int, tau: float, teams: int = 300) -> tuple[np.ndarray, np.ndarray, float]:
    """Codes of two ratings in teams of eight, the teams, and the true share of predikat that hangs on the team."""
    g = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), 8)
    cov = tau**2 * np.array([[1, 0.7], [0.7, 1]])
    u = g.multivariate_normal([0, 0], cov, teams)[team]
    e = g.multivariate_normal([0, 0], np.array([[1, 0.8], [0.8, 1]]) - cov, team.size)
    cuts = [(-1.6, 1.2), (-1.6, 1.0)]
    with_team, without = (np.column_stack([np.searchsorted(cuts[j], z[:, j]) for j in (0, 1)]) for z in (u + e, e))
    return with_team, team, float((OUTCOME[tuple(with_team.T)] != OUTCOME[tuple(without.T)]).mean())


@pytest.mark.parametrize("rho", [-0.6, 0.1, 0.5, 0.9])
def test_latent_correlation_against_the_bivariate_normal(rho: float) -> None:
    a, b = np.array([-1.5, 0.3]), np.array([0.0, 1.2])
    joint = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    one = multivariate_normal(0, 1)
    covariance = sum(joint.cdf([x, y]) - one.cdf(x) * one.cdf(y) for x in a for y in b)
    assert latent_correlation(covariance, a, b) == pytest.approx(rho, abs=1e-4)


def test_share_changed_by_hand() -> None:
    """Signs of y and of y less a quarter of its variance differ with chance arccos(sqrt(.75)) / pi = 1/6."""
    half = Ratings(np.array([[0], [1]]), np.array([0, 1]))
    assert changed_share(half, np.array([[0.25]]), np.random.default_rng(1)) == pytest.approx(1 / 6, abs=0.005)
    same = Ratings(np.array([[0], [1]]), np.array([3, 3]))
    assert changed_share(same, np.array([[0.25]]), np.random.default_rng(1)) == 0.0


@pytest.mark.parametrize("tau", [0.3, 0.5])
def test_two_ratings_through_the_matrix(tau: float) -> None:
    held = 0
    for seed in range(8):
        codes, team, truth = both_levels(seed, tau)
        ratings = Ratings(codes, OUTCOME)
        shares = [changed_share(ratings, c, np.random.default_rng(1)) for c in team_covariance(ratings, team, 0.95)]
        assert shares[0] == pytest.approx(truth, abs=0.025)
        held += shares[1] <= truth <= shares[2]
    assert held >= 6


def export(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables from ``person supervisor hasil perilaku`` (1 to 3) and, if given, ``period predikat``."""
    base = rows.assign(**({} if "period" in rows else {"period": "2025"}), region=REGION, unit="u", opd="Dinas")
    base = base.assign(year=base["period"].str[:4].astype(int), row=[f"1:1:{i}" for i in range(len(rows))])
    known = [PREDIKAT[OUTCOME[h - 1, p - 1]] for h, p in zip(rows["hasil"], rows["perilaku"], strict=True)]
    base = base.assign(status="rated", predikat=rows.get("predikat", pd.Series(known, rows.index)))
    long = pd.concat([base.assign(ratee=base["person"], rater=base["supervisor"], source="supervisor", criterion=c,
                                  score=base[short].astype(float), scale_min=1.0, scale_max=3.0)
                      for c, short in (("hasil_kerja", "hasil"), ("perilaku_kerja", "perilaku"))])  # fmt: skip
    return conform("ratings", long), conform("appraisals", base)


def teams_of(codes: np.ndarray, team: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"person": [f"E{i:04d}" for i in range(len(team))], "supervisor": [f"S{t:03d}" for t in team],
                         "hasil": codes[:, 0] + 1, "perilaku": codes[:, 1] + 1})  # fmt: skip


def test_one_year_gives_a_bound_and_never_a_flag() -> None:
    codes, team, truth = both_levels(1, 0.5, teams=60)
    found = run(*export(teams_of(codes, team)))
    bound = of(found, "changed_bound", "ekinerja")
    assert bound.status is Status.CLEAR and bound.estimate.upper >= truth
    assert bound.params["most"] >= 480 * bound.estimate.upper
    assert of(found, "changed_official", "ekinerja").code == "decision_impact.one_period"
    assert {f.subject_kind for f in found} == {"region"}


def test_leniency_that_all_share_is_not_in_the_bound_and_the_sentence_says_so() -> None:
    """Every supervisor .8 SD lenient, no differences: more predikat hang on it than the bound can tell."""
    g = np.random.default_rng(3)
    e = g.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 480)
    lenient, without = (np.column_stack([np.searchsorted((-2.0, 0.5), z[:, j]) for j in (0, 1)]) for z in (e + 0.8, e))
    truth = int((OUTCOME[tuple(lenient.T)] != OUTCOME[tuple(without.T)]).sum())
    found = of(run(*export(teams_of(lenient, np.repeat(np.arange(60), 8)))), "changed_bound", "ekinerja")
    assert found.code == "decision_impact.bound" and truth > found.params["most"]
    assert "kelonggaran yang sama pada semua atasan tidak terlihat" in found.sentence("id")
    assert "leniency that all supervisors share cannot be seen and is not in this number" in found.sentence("en")


@pytest.mark.parametrize(
    "code",
    ["bound", "bound_passed", "bound_passed_given", "given", "change_more", "change_not_more", "move_not_more"],
)
def test_what_is_corrected_are_differences_between_supervisors(code: str) -> None:
    told = messages()[f"decision_impact.{code}"]
    assert told["id"].count("bila perbedaan kelonggaran antaratasan dikoreksi") == 1
    assert told["en"].count("if differences in leniency between supervisors were corrected") == 1
    assert "kelonggaran yang sama pada semua atasan" in told["id"] and "supervisors share" in told["en"]


def test_nearly_all_baik_has_a_bound_and_all_baik_has_none() -> None:
    codes, team = np.ones((80, 2), np.int64), np.repeat(np.arange(10), 8)
    assert of(run(*export(teams_of(codes, team))), "changed_bound", "ekinerja").code == "decision_impact.bound_constant"
    codes[0] = 2
    e = of(run(*export(teams_of(codes, team))), "changed_bound", "ekinerja").estimate
    assert 0 <= e.lower <= e.value <= e.upper < 0.1
    codes[:, 1] = 1
    e = of(run(*export(teams_of(codes, team))), "changed_bound", "ekinerja").estimate
    assert (e.value, e.upper) == (0.0, 0.0), "one rating alone leaves Baik as it is"
    few = run(*export(teams_of(codes[:16], team[:16])))
    assert of(few, "changed_bound", "ekinerja").code == "decision_impact.bound_few"
    nobody = export(teams_of(codes, team))[0].assign(rater=pd.Series(None, range(160), "str"))
    assert of(run(nobody), "changed_bound", "ekinerja").code == "decision_impact.no_supervisor"


def changing(seed: int, spread: float, *, alone: bool = False, hidden: bool = False) -> list[Finding]:
    """Three hundred teams of 3 to 13 over two years; in a third all (or one member, alone) get a new supervisor.

    Hidden: a team is as much better as its last supervisor is stricter, so that teams do not differ at the end.
    """
    g = np.random.default_rng(seed)
    team = np.repeat(np.arange(300), g.integers(3, 14, 300))
    first = np.append(True, team[1:] != team[:-1])
    own = g.standard_normal(team.size)
    style = spread * g.standard_normal((2, 300))
    if hidden:
        own -= np.where(team % 3 == 0, style[1][team], style[0][team]) / 0.8
    parts = []
    for year in (0, 1):
        new = (team % 3 == 0) & (year == 1) & (first | (not alone))
        level = 0.8 * own + np.where(new, style[1][team], style[0][team]) + 0.4 * g.standard_normal(team.size)
        code = np.searchsorted([-1.2, 1.0], level)
        frame = teams_of(np.column_stack([code, code]), team).assign(period=str(2024 + year))
        parts.append(frame.assign(supervisor=frame["supervisor"] + np.where(new, "x", "")))
    return run(*export(pd.concat(parts, ignore_index=True)))


def test_changes_of_supervisor_give_an_expected_number() -> None:
    wide = of(changing(1, 0.8), "changed_official", "ekinerja")
    assert (wide.code, wide.status) == ("decision_impact.change_more", Status.FLAGGED)
    assert wide.estimate.lower > 0.05
    none = of(changing(1, 0.0), "changed_official", "ekinerja")
    assert none.code == "decision_impact.change_not_more"
    assert none.estimate.lower <= 0.05


def test_changes_that_follow_performance_tell_no_number() -> None:
    """Two hundred teams of four; those about to get another supervisor dip the year before."""
    g, team = np.random.default_rng(3), np.repeat(np.arange(200), 4)
    parts = []
    for year in range(3):
        dip = 1.0 * ((team < 80) & (year == 1))
        code = np.searchsorted([-1.0, 1.0], g.standard_normal(team.size) - dip)
        frame = teams_of(np.column_stack([code, code]), team).assign(period=str(2023 + year))
        new = (team < 80) & (year == 2)
        parts.append(frame.assign(supervisor=frame["supervisor"] + np.where(new, "x", "")))
    found = of(run(*export(pd.concat(parts, ignore_index=True))), "changed_official", "ekinerja")
    assert (found.code, found.status) == ("decision_impact.changes_unsafe", Status.INSUFFICIENT)


def test_of_those_who_move_alone_it_is_an_upper_bound_and_no_flag() -> None:
    """One employee's change holds what the new supervisor sees in that person as much as leniency."""
    for spread in (0.8, 0.0):
        found = of(changing(1, spread, alone=True), "changed_official", "ekinerja")
        assert (found.code, found.status) == ("decision_impact.move_not_more", Status.CLEAR)
        assert (found.estimate.lower > 0.05) == (spread > 0)


def test_no_bound_is_printed_beside_a_larger_number() -> None:
    found = changing(1, 0.8, hidden=True)
    bound, shown = (of(found, m, "ekinerja") for m in ("changed_bound", "changed_official"))
    assert bound.code == "decision_impact.bound_passed"
    assert bound.params["shown"] == shown.params["persons_upper"] > bound.params["most"]


def test_few_changes_are_insufficient() -> None:
    codes, team, _ = both_levels(1, 0.3, teams=20)
    rows = teams_of(codes, team)
    found = run(*export(pd.concat([rows.assign(period=p) for p in ("2024", "2025")], ignore_index=True)))
    assert of(found, "changed_official", "ekinerja").code == "decision_impact.changes_few"


# --- given achievement ---------------------------------------------------------------------------------------


def test_given_achievement_by_hand() -> None:
    """Four teams rated 0 and 1 for achievement 0 and 2; in two of them achievement is half a point higher.

    Slope 1/2. Reliability 1: those two teams lie 1/4 below the prediction, variance 1/64, latent sin(2 pi / 64). At
    reliability 1/2 the slope is 1: mean squares 1/6 between teams, 1/2 inside, so nothing.
    """
    codes, team = np.tile([0, 1], 4)[:, None], np.repeat(np.arange(4), 2)
    evidence = np.tile([0.0, 2.0], 4) + np.where(team < 2, 0.0, 0.5)
    half = Ratings(codes, np.array([0, 1]))
    found = given_achievement(half, evidence, team, np.array([0.5, 1.0]), 0.95)
    assert found is not None
    middle, least, most, _, _ = (float(v[0, 0]) for v in found)
    assert (middle, most) == pytest.approx([np.sin(2 * np.pi / 64)] * 2, abs=1e-6)
    assert least == 0.0
    share = changed_share(half, found[2], np.random.default_rng(1))
    assert share == pytest.approx(np.arccos(np.sqrt(1 - 0.0980)) / np.pi, abs=0.005)
    assert given_achievement(half, np.ones(8), team, np.array([0.5, 1.0]), 0.95) is None


def reached(
    seed: int, leniency: float, *, teams: int = 120, hidden: float = 0.0, by: str | None = "other",
    reliability: float = 0.75,
) -> tuple[list[Finding], float]:  # fmt: skip
    """Teams of eight that differ in merit (SD .5 of 1), achievement of some reliability; the true share that changes.

    Hidden: a team is rated so much more strictly per point of merit of the team.
    """
    g = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), 8)
    good, inside = 0.5 * g.standard_normal(teams)[team], g.standard_normal(team.size)
    merit = good + inside
    style = (leniency * g.standard_normal(teams))[team] - hidden * good
    noise = np.sqrt(1 / reliability - 1) * g.standard_normal(team.size)
    own = 0.7 * merit[:, None] + 0.7 * g.standard_normal((team.size, 2))
    seen = [np.searchsorted([-1.8, 1.4], own + lift) for lift in (style[:, None], 0.0)]
    truth = float((OUTCOME[tuple(seen[0].T)] != OUTCOME[tuple(seen[1].T)]).mean())
    rows = teams_of(seen[0], team)
    known = conform("achievements", pd.DataFrame({
        "person": rows["person"], "indicator": "i", "target": 100.0, "realised": 85 + 5 * (merit + noise),
        "measured_by": by, "row": [f"3:1:{i}" for i in range(len(rows))], **HEAD,
    }))  # fmt: skip
    return run(*export(rows), known), truth


def test_planted_leniency_is_counted_given_achievement() -> None:
    held = 0
    for seed in range(6):
        found, truth = reached(seed, 0.6)
        given = of(found, "changed_given_achievement", "ekinerja")
        assert (given.code, given.status) == ("decision_impact.given", Status.CLEAR)
        assert given.params["persons_least"] > 0.06 * 960
        held += given.estimate.lower <= truth <= given.estimate.upper
        assert given.params["persons_lower"] <= given.params["persons_least"] <= given.params["persons_highest"]
        assert given.params["persons_highest"] <= given.params["persons_upper"]
    assert held >= 5


def test_good_teams_are_not_counted_given_achievement() -> None:
    least = []
    for seed in range(6):
        found, truth = reached(seed, 0.0)
        given, bound = (of(found, m, "ekinerja") for m in ("changed_given_achievement", "changed_bound"))
        assert truth == 0.0
        assert given.estimate.lower < 0.01
        assert given.params["persons_least"] < bound.params["persons"]
        least.append(given.params["persons_least"] / bound.params["persons"])
    assert np.mean(least) < 0.5


def test_strictness_towards_good_teams_passes_the_bound() -> None:
    found, truth = reached(1, 0.0, hidden=0.7)
    bound, given = (of(found, m, "ekinerja") for m in ("changed_bound", "changed_given_achievement"))
    assert bound.code == "decision_impact.bound_passed_given"
    assert bound.params["shown"] == given.params["persons_upper"] > bound.params["most"]
    assert given.estimate.lower <= truth <= given.estimate.upper


def test_given_achievement_is_refused_with_its_reason() -> None:
    measure = "changed_given_achievement"
    for by, code in (("rater", "given_rater"), (None, "given_unknown")):
        found = of(reached(1, 0.6, by=by)[0], measure, "ekinerja")
        assert (found.code, found.status) == (f"decision_impact.{code}", Status.NOT_APPLICABLE)
    assert of(reached(1, 0.6, teams=29)[0], measure, "ekinerja").code == "decision_impact.given_few"
    codes, team, _ = both_levels(1, 0.5, teams=40)
    assert of(run(*export(teams_of(codes, team))), measure, "ekinerja").code == "decision_impact.given_none"


def test_equal_achievement_predicts_nothing() -> None:
    codes, team, _ = both_levels(1, 0.5, teams=40)
    rows = teams_of(codes, team)
    known = conform("achievements", pd.DataFrame({
        "person": rows["person"], "indicator": "i", "target": 100.0, "realised": 90.0, "measured_by": "other",
        "row": [f"3:1:{i}" for i in range(len(rows))], **HEAD}))  # fmt: skip
    found = of(run(*export(rows), known), "changed_given_achievement", "ekinerja")
    assert (found.code, found.status) == ("decision_impact.given_constant", Status.INSUFFICIENT)


def test_every_sentence_is_reached_here() -> None:
    """The codes the tests above assert, and those found in the same cells."""
    own = {k for k in messages() if k.startswith("decision_impact.")}
    said = {f"decision_impact.{n}" for n in (
        "title", "question", "failed", "no_data", "no_supervisor", "bound", "bound_few", "bound_constant", "one_period",
        "bound_passed", "changes_few", "changes_unsafe", "change_more", "change_not_more", "move_not_more", "few",
        "no_variation", "not_separable", "smallest_effect", "smallest_none", "changed", "changed_linked", "more",
        "not_more", "boundary", "boundary_list", "leave_out", "alone", "hangs", "bound_passed_given", "given",
        "given_none", "given_rater", "given_unknown", "given_few", "given_constant",
    )}  # fmt: skip
    assert own == said
