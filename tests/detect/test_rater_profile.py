"""Patterns of raters: indices by hand, the table, planted raters found and ordinary ones not, refusals, calibration."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from profile_worlds import PATTERNS, region

from kinerja_analysis.base.results import Status
from kinerja_analysis.detect._rater_profile_model import Honest, honest, indices, lattice
from kinerja_analysis.detect._rater_profile_table import SHOWN, judge, pattern
from kinerja_analysis.detect.contract import threshold
from kinerja_analysis.detect.profiles import compared, gather
from kinerja_analysis.detect.rater_profile import FOUND, LIMITS, POWER

NAME = "rater_profile"
ROOT = Path(__file__).resolve().parents[2]
MARKS = ["copied", "low", "loose", "steep", "other", "narrow", "even", "uneven", "flat", "kept", "lenient", "strict"]


def world(seed: int, names: list[str], *, n: int = 30, scale: int = 100, peers: int = 3) -> pd.DataFrame:
    """One team per name, for ``make_cell`` (scale 0 to 100)."""
    made = region(np.random.default_rng(seed), n, names, scale=scale, pair=0.7, peers=peers)
    low, high = made.pop("scale_min"), made.pop("scale_max")
    return made.assign(score=100 * (made["score"] - low) / (high - low))


@pytest.fixture(scope="module")
def planted(make_cell, run_detector):
    """Twenty ordinary raters and one of each pattern."""
    return run_detector(NAME, make_cell(pairs=world(4, ["none"] * 20 + list(PATTERNS))))


def test_indices_by_hand() -> None:
    """Ratees (−10, 0, 10) and criteria (−2, 0, 2) by the others; own: half of the ratees', the same criteria, + 4.

    A rest of (1, −1, 0), (−1, 1, 0), (0, 0, 0) is added: mean square 4 / (2·2) = 1. Means (−5, 0, 5): variance 25,
    others 100, covariance 50. Residual of the means from slope 1: (5, 0, −5): variance 25, pair 25 − 1/3.
    """
    x = 50 + np.add.outer([-10.0, 0, 10], [-2.0, 0, 2])
    rest = np.array([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]])
    y = 54 + np.add.outer([-5.0, 0, 5], [-2.0, 0, 2]) + rest
    f = indices(x[None], y[None], 1.0, 1.0)
    assert (f.severity[0], f.slope[0], f.spread[0], f.profile[0]) == pytest.approx((4.0, 0.5, 0.5, 1.0))
    assert (f.rest[0], f.se[0], f.sd[0], f.flat[0], f.steady[0]) == pytest.approx((1.0, 0.0, 5.0, 1.0, 1.0))
    assert f.idiosyncratic[0] == pytest.approx((25 - 1 / 3) / (25 - 1 / 3 + 1))
    assert f.moments[:, 0] == pytest.approx([25, 100, 50, 1, 0, 0]) and f.largest[0] == 1


def test_lattice_is_that_of_most_scores() -> None:
    g = np.random.default_rng(1)
    fives = 5.0 * g.integers(8, 20, (60, 5)) + np.repeat([0.0, 3.0], 30)[:, None]
    odd = fives.copy()
    odd[0, :3] += 1
    rater = np.repeat([0, 1], 30)
    assert lattice(fives, rater) == (5.0, 5.0) and lattice(odd, rater) == (1.0, 5.0)
    assert lattice(100 * (g.integers(1, 8, (60, 5)) - 1) / 6, rater)[1] == pytest.approx(100 / 6)


def test_levels_before_and_after_the_ends_of_the_scale() -> None:
    """In the middle they are the same; half of the scores cut at the top: 100 less .3989 SD."""
    model = Honest(6.0, 0.0, 0.0, 8.0, 5.0, 8.0, np.zeros(5), 1.0, 1.0, 0.8)
    assert model.total == pytest.approx(10.0, abs=1e-3)
    assert model.shown(np.array([50.0, 100.0])) == pytest.approx([50.0, 100 - 3.989], abs=0.02)
    assert model.latent(np.array([50.0, 96.011])) == pytest.approx([50.0, 100.0], abs=0.1)
    assert model.classes(np.array([50.0, 60.0])).tolist() == [0, 0] and model.classes(np.array([90.0]))[0] > 0


def test_the_ordinary_rater_is_estimated_from_the_medians() -> None:
    """Known SDs: ratee 8, pair 5.6, rest 5.6 (world of 0 to 100), with a fifth of the raters of another kind."""
    rows = region(np.random.default_rng(3), 40, ["none"] * 60 + ["range"] * 15, scale=100, pair=0.7)
    rows = rows.assign(period="2025", row=[f"1:1:{i}" for i in range(len(rows))])
    raters, *_ = gather(*compared(rows, 3, 3), min_ratees=8)
    found = indices(np.stack(raters.x), np.stack(raters.y), 0.8, 1.0)
    own, their = (np.array([v.mean() for v in part]) for part in (raters.y, raters.x))
    model = honest(found, raters.others, own, their, np.zeros(5), (1.0, 1.0), np.random.default_rng(2))
    assert (model.ratee, model.pair, model.rest) == pytest.approx((8.0, 5.6, 5.6), rel=0.2)
    assert (model.pair_other, model.rest_other) == pytest.approx((8 * np.hypot(0.7, 0.35), 5.6), rel=0.2)


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        ("copied low narrow even", "copied"), ("low narrow even flat", "central"), ("low narrow kept", "range"),
        ("low narrow uneven kept", "range"), ("low loose uneven flat", "random"),
        ("low loose narrow uneven flat", "random"), ("low loose kept", "random"), ("low kept", "unclear"),
        ("low flat", "unclear"), ("flat even other", "halo"), ("flat steep", "unclear"),
        ("flat even steep", "halo"),
        ("lenient kept", "lenient"), ("strict kept", "strict"), ("lenient steep", "unclear"),
        ("strict other", "unclear"), ("even", "unclear"), ("narrow low loose flat", "random"),
        ("narrow low flat", "range"), ("low narrow uneven", "unclear"), ("copied flat even", "halo"),
    ],
)  # fmt: skip
def test_decision_table(marks: str, name: str) -> None:
    assert pattern(**{m: m in marks.split() for m in MARKS}) == name


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_nobody_is_named_for_a_difference_that_the_own_range_does_not_show(seed: int) -> None:
    """Honest raters below a ceiling: there a point or two is far from ordinary, and still no difference."""
    rows = region(np.random.default_rng([seed, 77]), 10, ["none"] * 40, scale=5, pair=0.5)
    rows = rows.assign(score=np.minimum(rows["score"] + 2, rows["score"].max()), period="2025",
                       row=[f"2:1:{i}" for i in range(len(rows))])  # fmt: skip
    raters, *_ = gather(*compared(rows, 3, 3), min_ratees=10)
    limits = {name: threshold(f"rater_profile.{name}").value for name in LIMITS}
    named = []
    for level in (0.0, 0.95):
        found = judge(raters, limits | {"level": level}, 0.10, lambda salt: np.random.default_rng([20251128, salt]))
        assert found is not None
        half = 2.262157 * found.found.sd / np.sqrt(found.found.n)  # t(9), .975: tables
        inside = np.abs(found.found.severity) <= half
        named.append(sum(name in ("lenient", "strict") for name in np.array(found.name)[inside]))
    assert named[0] > 0 and named[1] == 0, "without the range (level 0) there are"


def test_planted_patterns_are_named_and_ordinary_raters_are_not(planted) -> None:
    named = {f.subject: f.code.split(".")[1] for f in planted.findings(subject_kind="rater")}
    assert named == {f"S{t:03d}": name for t, name in enumerate(["none"] * 20 + list(PATTERNS))}
    verdict = planted.first(code=f"{NAME}.some")
    assert verdict.status is Status.FLAGGED and (verdict.params["flagged"], verdict.params["family"]) == (7, 27)
    assert verdict.params["expected"] == pytest.approx(0.7) and verdict.params["found"] == FOUND[30]
    for f in planted.findings(subject_kind="rater"):
        assert all({k, f"{k}_low", f"{k}_high"} <= set(f.params) for k in SHOWN)
        assert f.status is (Status.CLEAR if f.code.endswith(".none") else Status.FLAGGED)


def test_the_smallest_that_can_be_found_is_said_first(planted) -> None:
    first = next(iter(planted.findings(scope="multisource")))
    assert first.code == f"{NAME}.smallest_effect" and first.status is Status.CLEAR
    needed = int(first.estimate.value)
    assert FOUND[needed] >= POWER > max(share for n, share in FOUND.items() if n < needed)
    assert (first.params["enough"], first.params["family"], first.params["size"]) == (27, 27, 30)


@pytest.mark.parametrize("scale", [5, 100])
@pytest.mark.parametrize("common", [4, 10, 14])
def test_halo_is_named_however_common_it_is(make_cell, run_detector, common: int, scale: int) -> None:
    """Of 20 raters 4, 10 or 14 have halo: at least three in four are named, and at most two of the others anything."""
    names = ["halo"] * common + ["none"] * (20 - common)
    result = run_detector(NAME, make_cell(pairs=world(11, names, n=25, scale=scale)))
    named = {f.subject: f.code.split(".")[1] for f in result.findings(subject_kind="rater")}
    assert sum(named[f"S{t:03d}"] == "halo" for t in range(common)) >= 0.75 * common
    assert sum(named[f"S{t:03d}"] != "none" for t in range(common, 20)) <= 2


def test_halo_of_a_whole_source_is_named(make_cell, run_detector) -> None:
    """Twelve raters of one source, all with halo, beside twelve ordinary ones of another."""
    rows = world(12, ["halo"] * 12 + ["none"] * 12, n=20)
    other = (rows["rater"].str[0] == "S") & (rows["rater"] >= "S012")
    rows["source"] = rows["source"].mask(other, "other")
    found = run_detector(NAME, make_cell(pairs=rows)).findings(subject_kind="rater")
    named = {f.subject for f in found if f.code == f"{NAME}.halo"}
    assert named <= {f"S{t:03d}" for t in range(12)} and len(named) >= 10


def test_the_estimate_is_the_index_that_decides(planted) -> None:
    units = {f.code.split(".")[1]: f.estimate.unit for f in planted.findings(subject_kind="rater")}
    assert units == dict.fromkeys(("none", "central", "range", "random", "halo"), "ratio") | {
        "lenient": "points", "strict": "points", "copied": "share",
    }  # fmt: skip
    lenient, strict = (planted.first(code=f"{NAME}.{k}") for k in ("lenient", "strict"))
    assert lenient.estimate.lower > lenient.threshold > 0 > strict.threshold > strict.estimate.upper
    assert planted.first(code=f"{NAME}.copied").estimate.value >= 0.8


def test_clean_regions_on_every_scale(make_cell, run_detector) -> None:
    """Ordinary raters: at most one region in ten has a name at all; here 5 regions of 14 raters, one name allowed."""
    named = 0
    for seed, (scale, n) in enumerate([(100, 8), (5, 8), (5, 20), (100, 20), (5, 12)]):
        result = run_detector(NAME, make_cell(pairs=world(seed, ["none"] * 14, n=n, scale=scale)))
        named += int((result.frame["status"] == "FLAGGED").sum()) - int((result.frame["code"] == f"{NAME}.some").sum())
    assert named <= 1
    assert result.first(scope="multisource", measure="pattern", subject_kind="region").code == f"{NAME}.nobody"


def test_a_rater_who_differs_without_a_pattern(make_cell, run_detector) -> None:
    """Employees and criteria are told apart as usual, with a third of the usual rest: nothing that has a name."""
    rows = world(6, ["none"] * 15)
    mine = rows[rows["rater"] == "S000"]
    ratee, criterion = (mine.groupby(by)["score"].transform("mean") for by in ("ratee", "criterion"))
    usual = ratee + criterion - mine["score"].mean()
    rows.loc[mine.index, "score"] = usual + (mine["score"] - usual) / 3
    found = run_detector(NAME, make_cell(pairs=rows.assign(score=rows["score"].clip(0, 100)))).first(subject="S000")
    assert found.code == f"{NAME}.unclear" and found.status is Status.CLEAR and found.p_adjusted <= 0.10


def test_refusals(make_cell, run_detector) -> None:
    def code(rows: pd.DataFrame | None, team: pd.DataFrame | None = None) -> str:
        result = run_detector(NAME, make_cell(team, pairs=rows))
        assert {f.status for f in result.findings()} <= {Status.INSUFFICIENT, Status.NOT_APPLICABLE}
        return result.first(scope="multisource").code.split(".")[1]

    assert code(world(1, ["none"] * 6, n=7)) == "few_raters"
    assert code(world(1, ["none"] * 4, n=10)) == "few_raters", "four raters do not show what is ordinary"
    assert code(world(1, ["none"] * 6, n=10, peers=1)) == "two_raters"
    assert code(world(1, ["none"] * 6, n=10).assign(score=70.0)) == "no_spread"
    two = world(1, ["none"] * 6, n=10)
    assert code(two[two["criterion"] < "c2"]) == "few_criteria"
    assert code(None) == "no_multisource"
    team = pd.DataFrame({"supervisor": "S", "ratee": list("abcd"), "hasil": [3, 2, 2, 1], "perilaku": [3, 2, 3, 2]})
    found = run_detector(NAME, make_cell(team)).first(scope="ekinerja")
    assert found.code == f"{NAME}.two_ratings" and found.status is Status.NOT_APPLICABLE


def test_two_raters_give_slopes_only(make_cell, run_detector) -> None:
    """One peer beside the supervisor; the supervisor's slope on the peer is 64 / (64 + 31 + 8 + 6) = .58."""
    found = run_detector(NAME, make_cell(pairs=world(2, ["none"] * 40, n=20, peers=1))).first(scope="multisource")
    assert found.params["typical"] == pytest.approx(0.58, abs=0.06) and "0.5" in found.sentence("en")


def test_raters_of_two_sources_are_compared_within_their_own(make_cell, run_detector) -> None:
    """Twelve supervisors 12 points stricter than twelve others with as many employees: nobody is strict for it."""
    rows = world(7, ["none"] * 24)
    late = rows["rater"].str[1:].where(rows["rater"].str[0] == "S", "-1").astype(int) >= 12
    rows["source"] = rows["source"].mask(late, "other")
    rows["score"] = rows["score"] - 12.0 * (rows["source"] == "supervisor")
    result = run_detector(NAME, make_cell(pairs=rows))
    assert not result.frame["code"].isin([f"{NAME}.strict", f"{NAME}.lenient"]).any()


# --- the committed calibration ---------------------------------------------------------------------------------


def table() -> list[dict[str, str]]:
    lines = (ROOT / "tests" / "calibration" / "rater_profile.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# make calibrate-profile")
    return list(csv.DictReader(lines[1:]))


def test_bands_at_forty_employees() -> None:
    rows = [r for r in table() if r["n"] == "40"]
    assert len(rows) == 2 * (len(PATTERNS) + 1)
    for r in rows:
        if r["planted"] == "none":
            assert float(r["none"]) >= 0.95
        else:
            assert float(r["auc"]) >= 0.95 and float(r[r["planted"]]) >= 0.85, r
    assert all(float(r["none"]) >= 0.95 for r in table() if r["planted"] == "none"), "at every size"


def test_share_found_is_that_of_the_table() -> None:
    for n, share in FOUND.items():
        right = [float(r[r["planted"]]) for r in table() if r["n"] == str(n) and r["planted"] != "none"]
        assert share == pytest.approx(np.mean(right), abs=0.005)


def test_the_method_page_shows_the_table() -> None:
    page = (ROOT / "docs" / "metode" / f"{NAME}.md").read_text(encoding="utf-8")
    shown = [tuple(re.split(r"\s*\|\s*", line.strip("| "))) for line in page.splitlines() if line.startswith("| ")]
    for scale in ("5", "100"):
        for p in PATTERNS:
            mine = [r for r in table() if r["scale"] == scale and r["planted"] == p]
            assert (scale, p, *(r["auc"] for r in mine)) in shown
            assert (scale, p, *(r[p] for r in mine)) in shown
        clean = [r["none"] for r in table() if r["scale"] == scale and r["planted"] == "none"]
        assert (scale, "none", *clean) in shown
        for r in table():
            if r["n"] == "40" and r["scale"] == scale:
                assert (scale, r["planted"], *(r[k] for k in ("none", *PATTERNS, "unclear"))) in shown
