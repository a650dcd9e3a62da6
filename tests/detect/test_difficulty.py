"""Criteria of unequal difficulty: who leaves out a hard one is no lenient rater, a group with one is no worse group."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis import audit
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.tables import conform
from kinerja_analysis.detect._difficulty import difficulty, offsets
from kinerja_analysis.detect.context import pair_means

MEANS = (-1.2, 0.3, 0.3, 0.3, 0.3)  #: of five criteria, in levels of the scale; the first is hard
Has = Callable[[str, int, str, int], bool]  #: source, unit, ratee's group, criterion


def ratings(seed: int, has: Has, *, units: int = 30, size: int = 6) -> pd.DataFrame:
    """Honest raters: the supervisor and three peers of each employee, levels 1 to 7."""
    g = np.random.default_rng(seed)
    rows = []
    for u in range(units):
        for i in range(size):
            truth, group = 4 + g.normal(0, 0.7), "ab"[i % 2]
            by = [("supervisor", f"S{u}"), *(("peer", f"E{u}_{(i + j) % size}") for j in (1, 2, 3))]
            for source, rater in by:
                seen = truth + g.normal(0, 0.4)
                for c, mean in enumerate(MEANS):
                    score = float(np.clip(np.round(seen + mean + g.normal(0, 0.4)), 1, 7))
                    if has(source, u, group, c):
                        rows.append((f"U{u}", f"E{u}_{i}", rater, source, f"c{c}", score))
    frame = pd.DataFrame(rows, columns=["unit", "ratee", "rater", "source", "criterion", "score"])
    head = {"year": 2025, "period": "2025", "region": "99.01", "scale_min": 1.0, "scale_max": 7.0, "opd": "Dinas"}
    return conform("ratings", frame.assign(**head, row=[f"1:1:{i}" for i in range(len(frame))]))


def audited(frame: pd.DataFrame, *detectors: str) -> Audit:
    people = pd.DataFrame({"person": sorted({*frame["ratee"], *frame["rater"]}), "year": 2025, "region": "99.01"})
    number = people["person"].str.extract(r"_(\d+)$")[0].astype("float")
    people["sex"] = number.map(lambda k: ("female", "male")[int(k) % 2], na_action="ignore").astype("str")
    config = AuditConfig(identifiers="pseudonymous", detectors=detectors)
    return audit(frame, employees=people, year=2025, config=config)


def test_by_hand_and_against_dummies() -> None:
    g = np.random.default_rng(1)
    pair, criterion = (v.ravel() for v in np.meshgrid(np.arange(60), np.arange(4), indexing="ij"))
    kept = g.random(240) < np.where(criterion == 3, 0.4, 1.0)
    pair, criterion = pair[kept], criterion[kept]
    score = g.normal(0, 1, 60)[pair] + np.array([0.0, 1.0, 2.0, 9.0])[criterion] + g.normal(0, 0.5, len(pair))
    dummies = np.hstack([pair[:, None] == np.arange(60), criterion[:, None] == np.arange(1, 4)]).astype(float)
    raw = np.r_[0.0, np.linalg.lstsq(dummies, score, rcond=None)[0][-3:]]
    assert difficulty(score, pair, criterion, 60) == pytest.approx(raw - raw[:3].mean(), abs=1e-9)
    off = offsets(score, pair, criterion, 60)
    full = np.bincount(pair, minlength=60) == 4
    assert (off[~full] == 0).all() and off[full] == pytest.approx((raw.sum() - 4 * raw[:3].mean()) / 4)


def test_complete_rows_and_criteria_that_nothing_joins_stay_as_they_are() -> None:
    frame = ratings(1, lambda *_: True)
    plain = frame.groupby(["ratee", "rater", "source"])["score"].mean().sub(1).mul(100 / 6)
    got = pair_means(frame).set_index(["ratee", "rater", "source"])["score"]
    assert got.to_numpy() == pytest.approx(plain.reindex(got.index).to_numpy(), abs=1e-9)
    apart = ratings(1, lambda source, unit, group, c: (c < 2) == (unit < 15))
    plain = apart.groupby(["ratee", "rater", "source"])["score"].mean().sub(1).mul(100 / 6)
    got = pair_means(apart).set_index(["ratee", "rater", "source"])["score"]
    assert got.to_numpy() == pytest.approx(plain.reindex(got.index).to_numpy(), abs=1e-9)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_supervisor_who_leaves_out_a_hard_criterion_is_not_lenient(seed: int) -> None:
    frame = ratings(seed, lambda s, u, _, c: c > 0 or s != "supervisor" or u % 3 > 0)
    mine = frame[frame["unit"].str[1:].astype(int) % 3 == 0].groupby("source")["score"].mean() * 100 / 6
    assert mine["supervisor"] - mine["peer"] > 3, "plain means would call them lenient"
    result = audited(frame, "leniency")["leniency"]
    found = [f for f in result.findings(measure="within_ratee") if f.subject.startswith("S") and f.estimate]
    skip = [f for f in found if int(f.subject[1:]) % 3 == 0]
    assert len(skip) >= 9 and abs(np.mean([f.estimate.value for f in skip])) < 2
    assert np.mean([f.estimate.lower <= 0 <= f.estimate.upper for f in found]) >= 0.85
    spread = result.first(measure="spread")
    assert spread.estimate.lower <= 0.02 and not [f for f in result.findings() if f.status == "FLAGGED"]


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_criterion_that_only_one_source_scores_is_no_difference_between_sources(seed: int) -> None:
    frame = ratings(seed, lambda s, u, _, c: c > 0 or s == "supervisor")
    plain = frame.groupby("source")["score"].mean() * 100 / 6
    assert plain["supervisor"] - plain["peer"] < -3, "plain means would tell a difference"
    found = audited(frame, "leniency")["leniency"]
    told = found.first(measure="source_difference").estimate
    assert told.lower <= 0 <= told.upper and abs(told.value) < 2


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_a_criterion_that_only_one_group_has_is_no_gap(seed: int) -> None:
    frame = ratings(seed, lambda s, u, group, c: c > 0 or group == "b", units=50)
    result = audited(frame, "group_gap")["group_gap"]
    gap = result.first(measure="gap").estimate
    assert gap.lower <= 0 <= gap.upper
    each = [f.estimate for f in result.findings(measure="criterion_gap") if f.estimate]
    assert len(each) >= 4 and np.mean([abs(e.value) for e in each]) < 0.15
    assert not [f for f in result.findings() if f.status == "FLAGGED"]
