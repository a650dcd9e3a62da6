"""Drift: a rater's shift by hand, planted shifts, what must not matter, last year's flags, refusals, the export."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.base.tables import PREDIKAT, Tables, conform
from kinerja_analysis.base.words import LANGUAGES, messages
from kinerja_analysis.detect import contexts
from kinerja_analysis.detect._drift_shifts import exact_share, leniency_of_two_years, retest, shifts
from kinerja_analysis.detect._leniency_pairs import within_ratee
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.score import score

REGION, OLD, NEW = "99.01", 2024, 2025
REACHED: set[str] = set()


def many(rows: pd.DataFrame, year: int, **extra: Any) -> pd.DataFrame:
    """Multi-source ratings from rows ``ratee rater source unit score`` (+ criterion, period)."""
    frame = rows.reset_index(drop=True)
    base = {"year": year, "region": REGION, "period": str(year), "criterion": "c", "opd": "o", "scale_min": 0.0,
            "scale_max": 100.0, "row": [f"{year}:1:{i + 2}" for i in range(len(frame))]}  # fmt: skip
    return conform("ratings", frame.assign(**{k: v for k, v in (base | extra).items() if k not in frame}))


def export(rows: pd.DataFrame, year: int, period: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """An export from rows ``ratee supervisor level``."""
    frame = rows.reset_index(drop=True)
    base = {"year": year, "region": REGION, "period": period or str(year), "unit": "u", "opd": "o"}
    address = [f"{year}{period[-1:]}:9:{i + 2}" for i in range(len(frame))]
    parts = [
        frame[["ratee"]].assign(rater=frame["supervisor"], source="supervisor", criterion=criterion, score=2.0,
                                scale_min=1.0, scale_max=3.0, row=address, **base)
        for criterion in ("hasil_kerja", "perilaku_kerja")
    ]  # fmt: skip
    predikat = frame["level"].map(dict(enumerate(PREDIKAT)))
    posts = frame[["supervisor"]].assign(person=frame["ratee"], status="rated", predikat=predikat, acting=False,
                                         row=address, **base)  # fmt: skip
    return conform("ratings", pd.concat(parts)), conform("appraisals", posts)


def run(tables: Tables, year: int = NEW) -> Result:
    """What the detector says of the cell of ``year``; every sentence is made in both languages."""
    settings = AuditConfig()
    (ctx,) = contexts(tables, score(tables, settings), settings, [(REGION, year)])
    out = Collector("drift", REGION, year)
    import_module("kinerja_analysis.detect.drift").detect(ctx, out)
    result = out.result()
    for f in result.findings():
        REACHED.add(f.code)
        assert all(f.sentence(lang) for lang in LANGUAGES)
        assert set(f.rows) <= set(ctx.tables.ratings.loc[ctx.tables.ratings["rater"] == f.subject, "row"])
    return result


def codes(result: Result, scope: str, kind: str = "region") -> set[str]:
    """Codes of a scope without the detector's name."""
    f = result.frame
    return set(f.loc[(f["scope"] == scope) & (f["subject_kind"] == kind), "code"].str.removeprefix("drift."))


def year_of(seed: int, teams: int = 12, size: int = 10, *, lam: dict[int, float] | None = None) -> pd.DataFrame:
    """Teams with one supervisor (leniency by number) and three peers each, who change places by the seed; SD 7."""
    g = np.random.default_rng(seed)
    rows = []
    for t in range(teams):
        order, merit = g.permutation(size), g.normal(45, 7, size) + g.normal(0, 4)
        for a in range(size):
            name, mine = f"T{t:02d}E{order[a]:02d}", merit[a]
            rows.append((name, f"S{t:02d}", "supervisor", f"U{t}", mine + (lam or {}).get(t, 0.0) + g.normal(0, 4)))
            for k in (1, 2, 3):
                peer = f"T{t:02d}E{order[(a + k) % size]:02d}"
                rows.append((name, peer, "peer", f"U{t}", mine + g.normal(0, 4)))
            rows.append((name, name, "self", f"U{t}", mine + g.normal(0, 4)))
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "unit", "score"])
    return frame.assign(score=frame["score"].clip(0, 100))


def both(now: pd.DataFrame, before: pd.DataFrame, **extra: Any) -> Tables:
    """Tables of two years."""
    return Tables(ratings=pd.concat([many(before, OLD), many(now, NEW, **extra)], ignore_index=True))


# --- numbers by hand -------------------------------------------------------------------------------------------


def _by_hand(year: str, change: tuple[float, ...], pattern: list[float]) -> pd.DataFrame:
    """Three supervisors with five employees, each with one peer of his own: d = change + pattern."""
    rows = []
    for s, c in enumerate(change):
        for i, p in enumerate(pattern):
            rows += [(year, f"{s}{i}", f"S{s}", "supervisor", 50.0 + 4 * i + c + p),
                     (year, f"{s}{i}", f"P{s}{i}", "peer", 50.0 + 4 * i)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["period", "ratee", "rater", "source", "score"])
    return frame.assign(rows=[["1:1:1"]] * len(frame))


def test_shift_and_its_error_by_hand() -> None:
    """Changes 0, 1 and 8; less the median of the two others −4.5, −3 and 7.5.

    Variance over employees 2.5 in both years, SE² .5 each. The patterns correlate .8, five employees in common:
    .5 + .5 − 2 · .8 · .5 = .2; the peers are the same, so nothing is added. Median absolute deviation 1: the centre
    has π/2 · 1.4826²/2 = 1.7264. Degrees of freedom 12 a year (pooled): (.5 + .5)²/(2 · .25/12) = 24.
    """
    a = within_ratee(_by_hand("2024", (0, 0, 0), [-2, -1, 0, 1, 2]), delta_sd=0.25, min_ratees=5)
    b = within_ratee(_by_hand("2025", (0, 1, 8), [-1, -2, 0, 2, 1]), delta_sd=0.25, min_ratees=5)
    found = shifts(a, b, delta_sd=0.25, min_ratees=5)
    assert found.raters["change"].tolist() == pytest.approx([0, 1, 8])
    assert found.raters["value"].tolist() == pytest.approx([-4.5, -3, 7.5])
    assert found.r == pytest.approx(0.8) and found.usual == pytest.approx(1)
    assert found.raters["se"].tolist() == pytest.approx([np.sqrt(0.2 + np.pi / 4 * 1.4826**2)] * 3)
    assert found.raters["df"].tolist() == pytest.approx([24] * 3)
    assert shifts(a, b, delta_sd=0.25, min_ratees=6).raters.empty


@pytest.mark.parametrize(("turn", "lasting"), [(1, 50.0), (-1, 0.0)])
def test_leniency_that_lasts_by_hand(turn: int, lasting: float) -> None:
    """Two raters at ±5 in both years have variance 50, all of it lasting; if they change places nothing lasts."""
    rows = [(y, y, e, r, 50.0 + (5 if r == "r" else -5) * (turn if y == "2025" else 1))
            for y in ("2024", "2025") for e in "ab" for r in "rs"]  # fmt: skip
    edges = pd.DataFrame(rows, columns=["year", "period", "ratee", "rater", "score"]).assign(examined=False)
    assert leniency_of_two_years(edges) == pytest.approx((50.0, lasting))


def test_exact_limits() -> None:
    """0 of 3: upper limit 1 − .025^(1/3); n of n: lower limit .025^(1/n)."""
    assert exact_share(0, 3, 0.95) == pytest.approx((0.0, 1 - 0.025 ** (1 / 3)))
    assert exact_share(4, 4, 0.95) == pytest.approx((0.025**0.25, 1.0))


# --- planted, clean, and what must not matter ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_planted_shifts_are_found_and_nobody_else(seed: int) -> None:
    found = run(both(year_of(seed, lam={0: 25, 1: -25}), year_of(100 + seed))).frame
    raters = found[(found["measure"] == "relative_shift") & (found["subject_kind"] == "rater")]
    flagged = raters[raters["status"] == "FLAGGED"].set_index("subject")["code"].to_dict()
    assert flagged == {"S00": "drift.up", "S01": "drift.down"}
    assert (raters["lower"] <= raters["value"]).all()
    told = raters.set_index("subject")
    assert told.loc["S00", "lower"] < 25 < told.loc["S00", "upper"]


@pytest.mark.parametrize("seed", range(3))
def test_what_all_share_flags_nobody(seed: int) -> None:
    """All supervisors 10 points higher than the year before, three of them apart in both years."""
    lam = {0: 15.0, 1: 15.0, 2: -15.0}
    found = run(both(year_of(seed, lam={t: 10 + lam.get(t, 0) for t in range(12)}), year_of(50 + seed, lam=lam)))
    assert not (found.frame["status"] == "FLAGGED").any()
    assert "verdict" in codes(found, "multisource")


def test_a_constant_of_one_unit_in_one_year_changes_no_shift() -> None:
    now, before = year_of(1, lam={0: 25}), year_of(2)
    lifted = now.assign(score=now["score"] + 7.0 * (now["unit"] == "U3"))
    a, b = (run(both(frame, before)).frame for frame in (now, lifted))
    a, b = (f[f["measure"] == "relative_shift"].drop(columns=["rows", "params"]) for f in (a, b))
    pd.testing.assert_frame_equal(a, b)


def test_the_common_change_is_described_only() -> None:
    """Same scores, 4 points more in every unit: change 4, range of width 0, no flag."""
    before = year_of(3)
    found = run(both(before.assign(score=before["score"] + 4.0), before)).frame
    common = found[found["measure"] == "common_change"].iloc[0]
    assert (common["value"], common["lower"], common["upper"]) == pytest.approx((4, 4, 4))
    assert common["status"] == "CLEAR" and np.isnan(common["threshold"])


# --- last year's flags -----------------------------------------------------------------------------------------


def test_flags_of_last_year() -> None:
    """S00 again with new employees, S01 not again, S02 the same people and still so, S03 the same people, turned."""
    before = year_of(4, lam={0: 25, 1: 25, 2: 25, 3: 25})
    now = year_of(5, lam={0: 25, 2: 25, 3: -25})
    fresh = now["unit"].isin(["U0", "U1"])
    for side in ("ratee", "rater"):
        boss = now[side].str.startswith("S")
        now[side] = now[side].mask(fresh & ~boss, "N" + now[side])
    found = run(both(now, before))
    rows = found.frame[(found.frame["measure"] == "retest") & (found.frame["subject_kind"] == "rater")]
    told = rows.set_index("subject")["code"].str.removeprefix("drift.").to_dict()
    assert told == {"S00": "again", "S01": "not_again", "S02": "lasting", "S03": "turned"}
    rate = next(f for f in found.findings() if f.code == "drift.retest")
    assert (rate.estimate.value, rate.estimate.n) == (0.5, 2)
    assert {k: rate.params[k] for k in ("flagged", "tested", "hits", "lasting", "same", "gone")} == {
        "flagged": 4, "tested": 2, "hits": 1, "lasting": 1, "same": 2, "gone": 0}  # fmt: skip
    same = run(both(year_of(5, lam={0: 25}), year_of(4, lam={0: 25})))
    assert "retest_same" in codes(same, "multisource")
    assert "retest_none" in codes(run(both(year_of(5), year_of(4))), "multisource")


def test_new_peers_alone_make_a_new_test() -> None:
    frames = [year_of(s, lam={0: 25}).assign(period=p) for s, p in ((6, "2024"), (7, "2025"))]
    frames[1]["rater"] = frames[1]["rater"].mask(frames[1]["source"] == "peer", "N" + frames[1]["rater"])
    fits = [within_ratee(f.assign(rows=[["1:1:1"]] * len(f)), delta_sd=0.25, min_ratees=5) for f in frames]
    found = retest(*fits, fdr=0.1, level=0.95)
    assert found["rater"].tolist() == ["S00"] and found["tested"].all() and found["again"].all()
    assert (found["new_employees"].item(), found["new_others"].item()) == pytest.approx((0, 1))


# --- refusals of the multi-source part -------------------------------------------------------------------------


def test_refusals() -> None:
    now, before = year_of(8), year_of(9)
    two = pd.concat([now.assign(criterion="c"), now.assign(criterion="d", score=now["score"] - 3)])
    cases = {
        "one_year": Tables(ratings=many(now, NEW)),
        "kinds_differ": both(now, before, period=f"{NEW}-Q4"),
        "scale_changed": both(now, before, scale_max=200.0),
        "no_criteria": both(now, before, criterion="other"),
        "criteria": both(two, before),
        "few_raters": both(year_of(8, teams=4), year_of(9, teams=4)),
        "one_rater": both(now[now["source"] == "supervisor"], before),
        "no_variation": both(now.assign(score=70.0), before.assign(score=70.0)),
    }
    for code, tables in cases.items():
        result = run(tables)
        assert code in codes(result, "multisource"), code
        assert not (result.frame["status"] == Status.FLAGGED).any()
    assert "common_few" in codes(run(cases["few_raters"]), "multisource")
    assert codes(run(cases["few_raters"]), "multisource", "rater") == {"few_ratees"}
    assert codes(run(Tables()), "multisource") == codes(run(Tables()), "ekinerja") == {"no_data"}


def test_only_common_criteria_are_compared() -> None:
    """A second criterion this year, 20 points higher by one rater, is left out."""
    now, before = year_of(8), year_of(9)
    other = now.assign(criterion="d", score=now["score"] + 20.0 * (now["rater"] == "S00"))
    part, whole = run(both(pd.concat([now.assign(criterion="c"), other]), before)).frame, run(both(now, before)).frame
    keys = ["measure", "subject_kind", "subject"]
    a, b = (f[f["measure"].isin(["relative_shift", "common_change"])].set_index(keys)["value"] for f in (part, whole))
    pd.testing.assert_series_equal(a.sort_index(), b.sort_index())


# --- the export ------------------------------------------------------------------------------------------------


def people(teams: int = 30, size: int = 6, *, top: float = 0.2, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Teams of an export; ``shift``: every other team has all its members at the top."""
    g = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    level = np.where((g.random(team.size) < top) | ((team % 2 == 0) & (g.random(team.size) < shift)), 4, 3)
    names = [f"E{t:02d}{i}" for t, i in zip(team, np.tile(np.arange(size), teams), strict=True)]
    return pd.DataFrame({"ratee": names, "supervisor": [f"S{t:02d}" for t in team], "level": level})


def exports(*parts: tuple[pd.DataFrame, int, str]) -> Tables:
    """Tables of several exports."""
    made = [export(*p) for p in parts]
    return Tables(ratings=pd.concat([r for r, _ in made], ignore_index=True),
                  appraisals=pd.concat([a for _, a in made], ignore_index=True))  # fmt: skip


def test_export_common_change_by_hand() -> None:
    """30 teams of 6: in each of 15 teams one member rises from Baik to Sangat Baik, 15 of 180 = 8.3 points.

    Deviations of teams from the mean: ±.5 members: SE = √(30/29 · 30 · .25)/180 = .01548.
    """
    before = people(top=0.0)
    now = before.assign(level=np.where(before["ratee"].str.endswith("0") & (before.index // 6 % 2 == 0), 4, 3))
    result = run(exports((before, OLD, ""), (now, NEW, "")))
    row = result.frame[result.frame["measure"] == "common_change"].iloc[0]
    assert row["value"] == pytest.approx(100 * 15 / 180)
    assert row["upper"] - row["value"] == pytest.approx(2.04523 * 100 * np.sqrt(30 / 29 * 7.5) / 180, abs=1e-4)
    assert row["code"] == "drift.common_noted" and row["status"] == "CLEAR"
    assert {"not_named", "bounds_unclear"} <= codes(result, "ekinerja")


def test_bounds_find_teams_that_moved_together() -> None:
    result = run(exports((people(seed=1), OLD, ""), (people(seed=2, shift=0.9), NEW, "")))
    row = result.frame[result.frame["measure"] == "shift_bounds"].iloc[0]
    assert row["code"] == "drift.bounds" and 0.2 < row["lower"] < row["value"] < row["upper"] < 1
    clean = run(exports((people(seed=1), OLD, ""), (people(seed=2), NEW, "")))
    assert {"bounds_unclear", "common_share"} <= codes(clean, "ekinerja")


def test_teams_with_another_supervisor_do_not_count() -> None:
    before, now = people(seed=1), people(seed=2, shift=0.9)
    moved = now.assign(supervisor=now["supervisor"].mask(now["supervisor"] < "S26", "N" + now["supervisor"]))
    assert "bounds_few" in codes(run(exports((before, OLD, ""), (moved, NEW, ""))), "ekinerja")


def test_refusals_of_the_export() -> None:
    one, two = people(seed=1), people(seed=2)
    few = one["supervisor"] < "S04"
    cases = {
        "one_year": exports((one, NEW, "")),
        "common_quarters": exports((one, NEW, f"{NEW}-Q1"), (two, NEW, f"{NEW}-Q4")),
        "kinds_differ": exports((one, OLD, f"{OLD}-Q4"), (two, NEW, "")),
        "common_few_teams": exports((one[few], OLD, ""), (two[few], NEW, "")),
        "common_constant": exports((one, OLD, ""), (one, NEW, "")),
        "bounds_constant": exports((one, OLD, ""), (one, NEW, "")),
        "no_supervisor": exports((one, OLD, ""), (two.assign(supervisor=None), NEW, "")),
    }
    for code, tables in cases.items():
        assert code in codes(run(tables), "ekinerja"), code
    assert "rule_changed" in codes(run(exports((one, 2021, ""), (two, 2022, "")), 2022), "ekinerja")
    quarterly = exports((one, OLD, f"{OLD}-Q3"), (two, NEW, f"{NEW}-Q3"), (one, NEW, f"{NEW}-Q4"))
    row = run(quarterly).frame.query("measure == 'common_change'").iloc[0]
    assert f"{OLD}-Q3" in row["params"] and row["value"] != 0, "the same quarter, not the last one"


def test_every_sentence_was_reached() -> None:
    """Runs last: the tests above make every message of the detector."""
    own = {k for k in messages() if k.startswith("drift.")} - {f"drift.{k}" for k in ("title", "question", "failed")}
    assert own <= REACHED, own - REACHED
