"""Agreement: hand-computed reliabilities and correlations, flags, refusals, and what must not matter."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Design, Finding, Status
from kinerja_analysis.base.tables import ScoreTable, Tables, conform
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.detect._agreement_stability import stability
from kinerja_analysis.detect.agreement import _reliability, absolute, detect, located, raters_for, smallest_effect
from kinerja_analysis.detect.context import Context, pair_means
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.stats import agreement_coefficients, source_reliability

REGION = "99.01"


def table(rows: list[tuple]) -> pd.DataFrame:
    """A rating table from (ratee, rater, source, unit, score); one criterion on 0-100."""
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "unit", "score"])
    head = {"year": 2025, "period": "2025", "region": REGION, "criterion": "c", "scale_min": 0.0, "scale_max": 100.0}
    return conform("ratings", frame.assign(**head, row=[f"1:1:{i}" for i in range(len(frame))], opd=frame["unit"]))


def run(ratings: pd.DataFrame, **config: object) -> list[Finding]:
    now = Tables(ratings=ratings)
    ctx = Context(now, now, ScoreTable(pd.DataFrame()), AuditConfig(**config), design_of(now, now, REGION, 2025),
                  REGION, 2025)  # fmt: skip
    out = Collector("agreement", REGION, 2025)
    detect(ctx, out)
    return out.found


def pick(found: list[Finding], measure: str, subject: str = "") -> Finding:
    hits = [f for f in found if f.measure == measure and f.scope == "multisource" and subject in ("", f.subject)]
    assert len(hits) == 1, hits
    return hits[0]


def two_peers() -> list[tuple]:
    """Six units of two employees, two strangers each: 1, 2 and 4, 5. Reliability of one rating 1 − .5/4.75."""
    rows = []
    for u in range(6):
        for i, scores in enumerate([(1.0, 2.0), (4.0, 5.0)]):
            rows += [(f"U{u}E{i}", f"P{u}{i}{j}", "peer", f"U{u}", s) for j, s in enumerate(scores)]
    return rows


def world(
    seed: int, *, n_units: int = 40, supervisor: float = 6.0, peer: float = 8.0, merit: float = 8.0
) -> pd.DataFrame:
    """Units of eight: supervisor, three peers and self; SDs of their errors ``supervisor`` and ``peer``."""
    g = np.random.default_rng(seed)
    rows = []
    for u in range(n_units):
        unit, level = f"U{u:02d}", g.normal(0, 20)
        for i in range(8):
            name, truth = f"{unit}E{i}", 50 + level + g.normal(0, merit)
            rows.append((name, f"S{u:02d}", "supervisor", unit, truth + g.normal(0, supervisor)))
            rows.append((name, name, "self", unit, truth + g.normal(0, 12)))
            rows += [(name, f"{unit}E{(i + k) % 8}", "peer", unit, truth + g.normal(0, peer)) for k in (1, 2, 3)]
    return table(rows)


def answers(found: list[Finding]) -> dict[tuple[str, str, str], tuple[str, float]]:
    return {
        (f.measure, f.subject, f.scope): (f.code, round(f.estimate.value, 8) if f.estimate else math.inf) for f in found
    }


def test_reliability_by_hand() -> None:
    """Same employee: ½·1² = .5. Others: ½·mean(3², 4², 2², 3²) = 4.75. 1 − .5/4.75 = .8947; one peer gives .80."""
    found = run(table(two_peers()))
    single = pick(found, "reliability_single", "peer")
    assert single.estimate is not None and single.estimate.value == pytest.approx(1 - 0.5 / 4.75, abs=1e-9)
    needed = pick(found, "raters_needed", "peer")
    assert needed.estimate is not None and needed.estimate.value == 1


def test_correlation_of_single_ratings_by_hand() -> None:
    """Supervisor 1 2 3, peer 1 3 2 in every unit: r = .5, whatever the unit's level."""
    rows = []
    for u in range(6):
        for i, (own, other) in enumerate([(1.0, 1.0), (2.0, 3.0), (3.0, 2.0)]):
            rows.append((f"U{u}E{i}", f"S{u}", "supervisor", f"U{u}", own + 10 * u))
            rows.append((f"U{u}E{i}", f"P{u}{i}", "peer", f"U{u}", other))
    pair = pick(run(table(rows)), "correlation", "supervisor|peer")
    assert pair.estimate is not None
    assert pair.estimate.value == pytest.approx(0.5)
    assert (pair.estimate.n, pair.params["units"], pair.params["world"]) == (18, 6, 0.34)


def test_variances_come_back_from_a_simulation() -> None:
    """Employees SD 8, peers' pair SD 8: reliability .5 and .75 for three; supervisor SD 6: 64 / 100 = .64. 3 SE."""
    found = run(world(1, n_units=60))
    single = pick(found, "reliability_single", "peer").estimate
    mean = pick(found, "reliability_mean", "peer").estimate
    triad = pick(found, "reliability_single", "supervisor")
    assert single is not None and mean is not None and triad.estimate is not None
    assert single.value == pytest.approx(0.5, abs=0.09) and mean.value == pytest.approx(0.75, abs=0.07)
    assert triad.code == "agreement.triad" and triad.estimate.value == pytest.approx(0.64, abs=0.1)
    assert 0.03 < (single.upper - single.lower) / 2 < 0.09  # Monte Carlo: SE of about .03, t of about 2


def test_supervisors_who_leave_out_the_weak_do_not_look_unreliable() -> None:
    """They rate whom peers see above the unit's middle only: one figure over the same employees, and their number."""
    rows = world(3, n_units=80)
    peers = rows[rows["source"] == "peer"].groupby("ratee")["score"].mean()
    unit = rows.drop_duplicates("ratee").set_index("ratee")["unit"]
    weak = peers.index[peers < peers.groupby(unit).transform("median")]
    cut = rows[~((rows["source"] == "supervisor") & rows["ratee"].isin(weak))]
    whole, part = (pick(run(r), "reliability_single", "supervisor") for r in (rows, cut))
    assert whole.estimate.n == 640 and part.estimate.n == cut.loc[cut["source"] == "supervisor", "ratee"].nunique()
    mixed = pick(run(rows), "reliability_single", "peer").estimate.value
    own = pick(run(cut[cut["ratee"].isin(cut.loc[cut["source"] == "supervisor", "ratee"])]), "reliability_single",
               "supervisor").estimate  # fmt: skip
    assert part.estimate.value == pytest.approx(own.value) and mixed > 0


def test_flagged_only_when_the_whole_range_is_below() -> None:
    low = run(world(2, supervisor=30.0))
    assert pick(low, "reliability_single", "supervisor").code == "agreement.triad_low"
    assert pick(low, "verdict").status is Status.FLAGGED
    assert pick(low, "reliability_single", "peer").status is Status.CLEAR
    few = run(world(2, n_units=6, peer=14.0))  # reliability about .25, but six units cannot show it
    single = pick(few, "reliability_single", "peer")
    assert single.estimate is not None and single.estimate.upper > 0.30 and single.status is Status.CLEAR


def test_raters_for_a_decision() -> None:
    """Spearman-Brown: .8·.63/(.37·.2) = 6.8 peers at the published reliability .37."""
    assert raters_for(0.80, 0.37) == 7
    assert raters_for(0.80, 0.50) == 4
    assert raters_for(0.80, -0.1) == math.inf


def test_no_common_order_needs_no_number_of_raters() -> None:
    g = np.random.default_rng(0)
    noise = world(0, n_units=8)
    needed = pick(run(noise.assign(score=g.permutation(noise["score"]))), "raters_needed", "peer")
    assert needed.code in ("agreement.needed_never", "agreement.needed_open")


def test_what_must_not_matter() -> None:
    ratings = world(3, n_units=8)
    base = answers(run(ratings))
    assert answers(run(ratings.sample(frac=1, random_state=2).reset_index(drop=True))) == base
    shifted = ratings.assign(score=ratings["score"] + 30.0 * (ratings["unit"] == "U02"))
    moved = answers(run(shifted))
    judged = [k for k in base if k[0] != "descriptive"]  # alpha is about levels, and never judged
    assert {k: moved[k] for k in judged} == {k: base[k] for k in judged}
    renamed = ratings.assign(**{c: "Z" + ratings[c].str[::-1] for c in ("ratee", "rater")})
    again = answers(run(renamed))
    assert {k: again[k] for k in judged} == {k: base[k] for k in judged}


def test_descriptive_coefficients_are_never_judged() -> None:
    found = pick(run(world(3, n_units=8)), "descriptive", "peer")
    assert found.status is Status.CLEAR and math.isnan(found.threshold)
    assert set(found.params) >= {"percent", "alpha", "ac2"}


def test_scores_with_many_digits_do_not_make_as_many_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coefficients take a square of the levels: thousands of different scores took minutes and gigabytes."""
    levels = []

    def counted(table: np.ndarray, *args: object, **options: object) -> object:
        levels.append(np.unique(table[~np.isnan(table)]).size)
        return agreement_coefficients(table, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sys.modules[detect.__module__], "agreement_coefficients", counted)
    rows = world(3, n_units=20)
    fine, whole = (
        pick(run(r), "descriptive", "peer").params for r in (rows, rows.assign(score=rows["score"].round()))
    )
    assert max(levels) <= 201
    assert fine["percent"] == 0 < whole["percent"]
    assert fine["alpha"] == pytest.approx(whole["alpha"], abs=0.005)


def test_quarters_of_one_person_are_not_several_employees() -> None:
    """One superior per unit rated every quarter by three subordinates: nobody in the unit to compare with."""
    g = np.random.default_rng(5)
    rows = [(f"S{u}", f"U{u}E{i}", "subordinate", f"U{u}", 60 + g.normal(0, 8)) for u in range(20) for i in range(3)]
    own = table(rows)
    quarters = [own.assign(period=f"2025-Q{q}", row=f"{q}:" + own["row"], score=own["score"] + g.normal(0, 5, len(own)))
                for q in (1, 2, 3, 4)]  # fmt: skip
    found = run(pd.concat(quarters, ignore_index=True))
    assert pick(found, "reliability_single", "subordinate").code == "agreement.few_units"
    people = world(3, n_units=20)
    both = pd.concat([people.assign(period="2025-Q1", score=50.0), people.assign(period="2025-Q2")], ignore_index=True)
    for measure in ("reliability_single", "reliability_mean"):
        once, twice = (pick(run(r), measure, "peer").estimate for r in (people, both))
        assert once is not None and twice is not None and twice == once


def test_refusals() -> None:
    assert {f.status for f in run(table([]))} == {Status.NOT_APPLICABLE}
    alone = [r for r in two_peers() if r[1].endswith("0")]
    assert pick(run(table(alone)), "verdict").code == "agreement.one_source"
    few = run(table([r for r in two_peers() if r[3] < "U4"]))
    assert pick(few, "reliability_single", "peer").code == "agreement.few_units"
    assert pick(few, "verdict").status is Status.INSUFFICIENT
    same = run(table([(a, b, c, d, 3.0) for a, b, c, d, _ in two_peers()]))
    assert pick(same, "reliability_single", "peer").code == "agreement.no_variation"
    assert "variasi nol" in pick(same, "reliability_single", "peer").sentence("id")


def test_raters_who_never_differ_get_no_range() -> None:
    ratings = world(5, n_units=12)
    shared = ratings[ratings["source"] == "supervisor"].set_index("ratee")["score"]
    alike = ratings.assign(score=ratings["ratee"].map(shared))
    found = run(alike[alike["source"].isin(["peer", "self"])].reset_index(drop=True))
    single, pair = pick(found, "reliability_single", "peer"), pick(found, "correlation", "self|peer")
    assert (single.code, pair.code) == ("agreement.no_error", "agreement.no_error_pair")
    assert {single.status, pair.status} == {Status.INSUFFICIENT}
    assert "12 unit" in pair.sentence("id") and "paling sedikit" not in pair.sentence("id")


def test_what_rests_on_one_unit_gets_no_range() -> None:
    ratings = world(5, n_units=12)
    flat = ratings.assign(score=ratings["score"].where(ratings["unit"] == ratings["unit"].iloc[0], 50.0))
    found = run(flat)
    assert pick(found, "reliability_single", "peer").code == "agreement.one_unit"
    assert pick(found, "correlation", "supervisor|peer").code == "agreement.one_unit_pair"


def test_supervisor_without_peers_has_a_reason() -> None:
    ratings = world(4, n_units=8)
    found = run(ratings[ratings["source"].isin(["supervisor", "self"])].reset_index(drop=True))
    single = pick(found, "reliability_single", "supervisor")
    assert (single.status, single.code) == (Status.NOT_APPLICABLE, "agreement.one_rating")
    pair = pick(found, "correlation", "supervisor|self")
    assert pair.status is Status.CLEAR and pair.params["world"] == 0.22  # a self rating is never flagged


def test_export_goes_one_way_only() -> None:
    ratings = table([("E", "S", "supervisor", "U", 2.0)]).assign(criterion="hasil_kerja", scale_min=1.0, scale_max=3.0)
    found = [f for f in run(ratings) if f.scope == "ekinerja"]
    assert [(f.code, f.status) for f in found] == [("agreement.one_way", Status.NOT_APPLICABLE)]


@pytest.mark.parametrize("key", [k for k in messages() if k.startswith("agreement.")])
def test_messages_have_equal_placeholders(key: str) -> None:
    entry = messages()[key]
    assert placeholders(entry["id"]) == placeholders(entry["en"])


def test_every_sentence_can_be_said_and_no_number_is_naked() -> None:
    other = world(5, n_units=8)
    subordinate = other[other["source"] == "peer"].assign(source="other", rater=lambda f: "X" + f["rater"])
    for ratings in (world(5, n_units=8), table(two_peers()), pd.concat([other, subordinate], ignore_index=True)):
        for f in run(ratings):
            for lang in ("id", "en"):
                text = f.sentence(lang)
                assert text and "{" not in text and "nan" not in text.lower() and "–," not in text
            if f.estimate is not None:
                assert f.estimate.n > 0 and f.estimate.unit and f.estimate.method and math.isfinite(f.estimate.value)
            json.loads(json.dumps(dict(f.params), allow_nan=False))


def test_phi_of_the_mean_by_hand() -> None:
    """ρ of one rating 17/19, two raters each: 2 · 17/19 / (1 + 17/19) = 17/18; never judged by the verdict."""
    found = pick(run(table(two_peers())), "phi", "peer")
    assert found.estimate.value == pytest.approx(17 / 18) and found.params["raters"] == pytest.approx(2)
    assert found.status is Status.CLEAR and math.isnan(found.threshold)
    assert found.params["more"] == 4 and found.params["then"] == pytest.approx(4 * 17 / 70), "4ρ / (1 + 3ρ)"
    assert found.params["then_lower"] <= found.params["then"] <= found.params["then_upper"]


@pytest.mark.parametrize(
    ("lower", "single", "upper", "code"),
    [(0.7, 0.8, 0.9, "phi_both"), (0.55, 0.6, 0.65, "phi_feedback_only"), (0.55, 0.6, 0.8, "phi_feedback"),
     (-0.6, -0.1, 0.3, "phi_neither"), (0.3, 0.5, 0.6, "phi_no_decision"), (0.1, 0.6, 1.1, "phi_open")],
)  # fmt: skip
def test_phi_is_held_against_two_uses(lower: float, single: float, upper: float, code: str) -> None:
    """Two raters: Φ = 2ρ/(1 + ρ), .80 at ρ = 2/3 and .70 at ρ = .538."""
    score = np.tile([1.0, 2.0, 4.0, 5.0], 6)
    fit = source_reliability(score, np.arange(24) // 2, np.arange(24), np.arange(24) // 4)
    fit = dataclasses.replace(fit, single=single, single_lower=lower, single_upper=upper)
    out = Collector("agreement", REGION, 2025)
    now = Tables()
    ctx = Context(now, now, ScoreTable(pd.DataFrame()), AuditConfig(), design_of(now, now, REGION, 2025), REGION, 2025)
    absolute(ctx, out, fit, {"kind": "source", "subject": "peer", "scope": "multisource", "source": "peer"})
    (found,) = out.found
    assert found.code == f"agreement.{code}" and 0 <= found.estimate.lower <= found.estimate.upper <= 1
    assert found.sentence("id") and found.sentence("en")


def periods(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    """Teams from (period, ratee, supervisor, level)."""
    frame = pd.DataFrame(rows, columns=["period", "ratee", "supervisor", "level"])
    return frame.assign(unit="u", row=[f"1:1:{i}" for i in range(len(frame))])


def test_stability_by_hand() -> None:
    """Stayed: (4, 3, 3) then (4, 4, 3): Σxy 1/3, Σx² = Σy² = 2/3, r = .5. Changed: (4, 3) then (4, 3): r = 1."""
    rows = []
    for t in range(3):
        for i, (a, b) in enumerate([(4.0, 4.0), (3.0, 4.0), (3.0, 3.0)]):
            rows += [("2024", f"A{t}{i}", f"S{t}", a), ("2025", f"A{t}{i}", f"S{t}", b)]
        for i, level in enumerate([4.0, 3.0]):
            rows += [("2024", f"B{t}{i}", f"T{t}", level), ("2025", f"B{t}{i}", f"N{t}", level - 1)]
        rows += [("2024", f"C{t}", f"T{t}", 4.0), ("2025", f"C{t}", f"M{t}", 1.0)]  # moved alone: no group
    found = stability(periods(rows))
    assert found is not None and (found.changes, found.n) == (3, 15)
    assert (found.stayed, found.changed, found.difference) == pytest.approx((0.5, 1.0, -0.5))
    assert stability(periods([("2024", "a", "S", 4.0), ("2022", "a", "S", 3.0)])) is None


def rotating(seed: int, view: float, *, teams: int = 120, share: float = 0.3) -> pd.DataFrame:
    """Two years, eight members; ``view``: SD of what one supervisor sees in an employee and keeps seeing."""
    g = np.random.default_rng(seed)
    rows = []
    for t in range(teams):
        merit, lenient = g.normal(0, 1, 8), g.normal(0, 0.5)
        first, new = g.normal(0, view, 8), g.normal(0, view, 8)
        moved = t < share * teams
        for year, own in (("2024", first), ("2025", new if moved else first)):
            boss = f"N{t}" if moved and year == "2025" else f"S{t}"
            level = 3.0 + (merit + lenient + own + g.normal(0, 0.7, 8) > 0.5)
            rows += [(year, f"E{t}_{i}", boss, float(v)) for i, v in enumerate(level)]
    return periods(rows)


def test_what_one_supervisor_keeps_seeing_is_found() -> None:
    seen = stability(rotating(1, 1.0))
    assert seen is not None and seen.changes == 36 and seen.lower > 0.05
    hits = [stability(rotating(seed, 0.0)) for seed in range(2, 42)]
    covered = sum(f is not None and f.lower <= 0 <= f.upper for f in hits)
    assert covered >= 34  # 40 regions at .95: fewer has a chance of 1 in 200


def test_stability_in_the_export(make_cell) -> None:
    def answer(frame: pd.DataFrame) -> list[Finding]:
        rows = frame.assign(hasil=frame["level"].sub(1).astype(int), perilaku=frame["level"].sub(1).astype(int))
        ctx = make_cell(rows.drop(columns=["level", "row"]))
        ratings = ctx.tables.ratings
        ratings = ratings.assign(year=ratings["period"].str[:4].astype("int64"))
        history = dataclasses.replace(ctx.tables, ratings=ratings)
        now = dataclasses.replace(history, ratings=ratings[ratings["year"] == 2025].reset_index(drop=True))
        out = Collector("agreement", REGION, 2025)
        detect(dataclasses.replace(ctx, tables=now, history=history, _memo={}), out)
        for f in out.found:
            assert f.sentence("id") and f.sentence("en")
        return [f for f in out.found if f.measure == "stability"]

    (found,) = answer(rotating(1, 1.0))
    assert found.code == "agreement.stability" and found.status is Status.CLEAR and found.estimate.lower > 0
    (few,) = answer(rotating(1, 1.0, teams=30))
    assert few.status is Status.INSUFFICIENT and few.params["changes"] == 9
    (same,) = answer(rotating(1, 1.0).assign(level=3.0))
    assert same.status is Status.NOT_APPLICABLE and "variasi nol" in same.sentence("id")
    one = rotating(1, 1.0)
    assert answer(one[one["period"] == "2025"]) == []


def test_smallest_reliability_is_found_as_often_as_printed() -> None:
    """Peers of the printed reliability are flagged about 80 of 100 times."""
    found = pick(run(world(0, n_units=60, peer=12.0)), "smallest_effect")
    size = found.estimate.value
    assert found.code == "agreement.smallest_effect" and 0 < size < 0.3 and found.params["source"] == "peer"
    peer = 8.0 * math.sqrt(1 / size - 1)
    hits = 0
    for seed in range(1, 31):
        rows = world(seed, n_units=60, peer=peer)
        judged = pick(run(rows[rows["source"] == "peer"]), "reliability_single", "peer")
        hits += judged.status is Status.FLAGGED
    assert 18 <= hits <= 28, (size, hits)


def test_too_few_units_to_find_any_unreliability() -> None:
    rows = located(pair_means(world(0)))
    fit = _reliability(rows[rows["source"] == "peer"], 0.95)
    out = Collector("agreement", REGION, 2025)
    ctx = Context(Tables(), Tables(), ScoreTable(pd.DataFrame()), AuditConfig(), Design(pd.DataFrame()), REGION, 2025)
    smallest_effect(ctx, out, {"peer": replace(fit, single_upper=fit.single + 1)})
    assert out.found[0].code == "agreement.smallest_none" and out.found[0].estimate.value > 40


def coarse(seed: int, copying: float) -> tuple[pd.DataFrame, set[str]]:
    """Twenty units of eight, four criteria from 1 to 5 with an effect of the pair; some peers copy the superior."""
    g = np.random.default_rng(seed)
    frames, names = [], set()
    for u in range(20):
        chosen = {f"U{u:02d}E{i}" for i in range(8) if g.random() < copying}
        names |= chosen
        for i in range(8):
            name, truth, boss = f"U{u:02d}E{i}", g.normal(), None
            raters = [(f"S{u:02d}", "supervisor"), *((f"U{u:02d}E{(i + k) % 8}", "peer") for k in (1, 2, 3))]
            for rater, source in raters:
                own = np.clip(np.rint(3 + truth + g.normal() + g.normal(0, 0.7, 4)), 1, 5)
                boss = own if boss is None else boss
                scores = boss if rater in chosen else own
                rows = table([(name, rater, source, f"U{u:02d}", s) for s in scores])
                frames.append(rows.assign(criterion=list("abcd"), scale_min=1.0, scale_max=5.0))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(row=[f"1:1:{i}" for i in range(len(rows))]), names


def test_peers_who_repeat_the_supervisor_do_not_count_and_are_counted() -> None:
    ratings, copying = coarse(3, 0.4)
    found = run(ratings)
    said = pick(found, "copies")
    assert said.code == "agreement.copies"
    assert len(copying) <= said.params["raters"] <= 1.2 * len(copying)  # all of them, and the one in ten allowed
    assert said.params["with_them"] > said.params["without"] + 0.2
    kept = run(ratings[(ratings["source"] != "peer") | ~ratings["rater"].isin(copying)])  # as if they rated nobody
    for measure, subject in (("reliability_single", "peer"), ("correlation", "supervisor|peer")):
        mine, alone = (pick(f, measure, subject).estimate for f in (found, kept))
        assert mine is not None and alone is not None and mine.value == pytest.approx(alone.value, abs=0.03)
        assert mine.value == said.params["without"] or subject == "peer"


def test_without_copies_nothing_is_left_out() -> None:
    ratings, _ = coarse(4, 0.0)
    assert not [f for f in run(ratings) if f.measure == "copies"]


def rings(seed: int, alike: int) -> pd.DataFrame:
    """Twenty units of six who all rate each other; in the first ``alike`` peers of an employee give equal scores."""
    g, frames = np.random.default_rng(seed), []
    for u in range(20):
        names = [f"U{u:02d}E{i}" for i in range(6)]
        for name in names:
            truth, first = g.normal(), None
            for rater in [f"S{u:02d}", *(n for n in names if n != name)]:
                scores = np.clip(np.rint(3 + truth + g.normal() + g.normal(0, 0.7, 6)), 1, 5)
                if rater in names:
                    first = scores if first is None else first
                    scores = first if u < alike else scores
                source = "peer" if rater in names else "supervisor"
                rows = table([(name, rater, source, f"U{u:02d}", s) for s in scores])
                frames.append(rows.assign(criterion=list("abcdef"), scale_min=1.0, scale_max=5.0))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(row=[f"1:1:{i}" for i in range(len(rows))])


def test_peers_who_repeat_each_other_count_once_and_are_counted() -> None:
    found, honest = run(rings(5, 8)), run(rings(5, 0))
    said = pick(found, "copies_peers")
    assert said.code == "agreement.copies_peers" and said.estimate is not None
    assert said.estimate.value == pytest.approx(8 * 6 * 4, abs=8), "of five equal ratings four are left out"
    assert said.params["with_them"] > said.params["without"] + 0.1
    single, usual = (pick(f, "reliability_single", "peer").estimate for f in (found, honest))
    assert single is not None and usual is not None and single.value == said.params["without"]
    assert single.value == pytest.approx(usual.value, abs=0.1)
    assert not [f for f in honest if f.measure == "copies_peers"]


def test_where_all_peers_repeat_each_other_no_reliability_is_left() -> None:
    found = run(rings(6, 20))
    assert pick(found, "copies_peers").code == "agreement.copies_peers_only"
    assert pick(found, "reliability_single", "peer").estimate is None
