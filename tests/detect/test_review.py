"""The review list: what makes an entry, in which order, with which words and rows."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Estimate, Finding, Result, Status
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect import REGISTRY
from kinerja_analysis.detect.contract import in_review
from kinerja_analysis.detect.review import KINDS, asked, concerned, net_share, review

FLAG, CLEAR = Status.FLAGGED, Status.CLEAR


def flag(code: str, measure: str, kind: str, subject: str, estimate: Estimate, **more: Any) -> Finding:
    given = {"status": FLAG, "scope": "multisource"} | more
    place = {"region": "01.01", "year": 2025}
    return Finding(code, given.pop("status"), measure, kind, subject, estimate=estimate, **place, **given)


def listed(*found: Finding, config: AuditConfig | None = None) -> Any:
    by: dict[str, list[Finding]] = {}
    for f in found:
        by.setdefault(f.code.split(".")[0], []).append(f)
    return review({n: Result.of(n, f) for n, f in by.items()}, config or AuditConfig())


def lenient(subject: str, n: int, points: float = 10.0) -> Finding:
    e = Estimate(points, points - 4, points + 4, n=n, unit="points")
    return flag("leniency.lenient", "within_ratee", "rater", subject, e, p_adjusted=0.02, rows=("1:1:2",),
                params={"sd": 10.0})  # fmt: skip


def test_one_conversation_per_person_with_all_evidence() -> None:
    slope = Estimate(0.1, 0.0, 0.2, n=8, unit="ratio")
    frame = listed(lenient("PA", 20), flag("halo.flat", "profile_slope", "rater", "PA", slope, p_adjusted=0.01))
    assert frame["entry"].tolist() == [1, 1]
    assert frame["code"].tolist() == ["leniency.lenient", "halo.flat"], "what concerns more employees first"
    assert set(frame["question"]) == {"review.leniency.ask_lenient"} and set(frame["persons"]) == {20}


def test_a_flag_leads_and_every_flag_is_asked() -> None:
    """An open matter of more employees neither makes the entry unsettled nor displaces the questions of the flags."""
    best = Estimate(0.02, 0.0, 0.2, n=90, unit="share")
    matter = flag("leniency.tipping_best", "tipping", "rater", "PA", best, status=CLEAR, scope="ekinerja")
    uniform = flag("straight_lining.single_rater", "single_value", "rater", "PA", Estimate(1.0, n=8, unit="share"),
                   p_adjusted=0.01, scope="ekinerja")  # fmt: skip
    slope = Estimate(0.1, 0.0, 0.2, n=20, unit="ratio")
    found = [matter, uniform, flag("halo.flat", "profile_slope", "rater", "PA", slope, p_adjusted=0.01)]
    frame = listed(*found)
    assert frame["code"].iloc[-1] == "leniency.tipping_best" and set(frame["kind"]) == {"flag"}
    by = {f.code: f for f in found}
    ordered = [by[c] for c in frame["code"]]
    keys = asked(frame.iloc[0], ordered, "question")
    assert keys[0] == frame["question"].iloc[0]
    assert set(keys) == {"review.halo.ask", "review.straight_lining.ask"}
    assert listed(matter).empty, "the place of a team alone is no reason to talk about its rater"


def test_pairs_are_not_counted_as_employees() -> None:
    """192 pairs are formed by 21 employees or more: 20 make 190."""
    rho = Estimate(0.5, 0.4, 0.6, n=192, unit="correlation")
    unit = flag("reciprocity.unit_beyond", "reciprocity", "unit", "Dinas A", rho, p_adjusted=0.0,
                params={"dyads": 192}, threshold=0.2)  # fmt: skip
    frame = listed(unit)
    assert frame["persons"].tolist() == [21] and frame["concerned"].tolist() == pytest.approx([21 * 0.3])


def test_a_team_is_its_supervisor() -> None:
    team = flag("distribution.team_kurang", "guide", "team", "PA", Estimate(1.0, n=12, unit="share"), scope="ekinerja")
    frame = listed(lenient("PA", 20), team)
    assert frame["entry"].nunique() == 1


def test_order_is_the_number_of_employees_concerned_per_conversation() -> None:
    frame = listed(lenient("PA", 10), lenient("PB", 30))
    assert frame["subject"].tolist() == ["PB", "PA"]
    pairs = 0.98 * (2 * 0.7602499389065233 - 1)  # Phi(1 / sqrt 2) from a table
    assert frame["worth"].tolist() == pytest.approx([30 * pairs, 10 * pairs], rel=1e-6)
    group = flag("affinity.beyond_higher", "own_group_odds_ratio", "attribute", "asal",
                 Estimate(3.0, 2.0, 4.0, n=600, unit="odds_ratio"), p_adjusted=0.0)  # fmt: skip
    frame = listed(lenient("PA", 20), group)
    assert frame["concerned"].tolist() == pytest.approx([300.0, 20 * pairs])
    assert frame.loc[0, "worth"] == pytest.approx(30.0), "a meeting takes the time of ten conversations"
    cheap = AuditConfig(thresholds={"review.meeting": 100})
    assert listed(lenient("PA", 20), group, config=cheap)["subject"].tolist() == ["PA", "asal"]


def test_the_region_has_no_entry_where_its_parts_have() -> None:
    some = flag("halo.some", "profile_slope", "region", "01.01", Estimate(2.0, n=30, unit="count"))
    slope = Estimate(0.1, 0.0, 0.2, n=8, unit="ratio")
    part = flag("halo.flat", "profile_slope", "rater", "PA", slope, p_adjusted=0.01)
    assert listed(some, part)["code"].tolist() == ["halo.flat"]
    assert listed(some)["code"].tolist() == ["halo.some"]


def test_what_belongs_together_is_one_meeting() -> None:
    e = Estimate(0.5, 0.2, 0.8, n=10, unit="sd")
    region = flag("self_other.higher", "difference", "region", "01.01", e)
    units = [flag("self_other.unit_higher", "difference", "unit", f"Unit {k}", e, p_adjusted=0.0) for k in range(3)]
    frame = listed(region, *units)
    assert frame["code"].tolist() == ["self_other.higher"]
    assert frame.loc[0, "concerned"] == pytest.approx(3 * concerned(units[0]))


def test_lists_of_employees_open_questions_and_examples() -> None:
    few = flag("achievement_gap.low_reached", "low_reached", "list", "low_reached",
               Estimate(3.0, n=6, unit="persons"), status=CLEAR, rows=("1:1:5",))  # fmt: skip
    slopes = {"PA": (1.2, 0.5, 20), "PB": (1.0, 0.4, 20), "PC": (0.9, 0.36, 20)}
    slopes |= {"PD": (1.05, 0.8, 8), "PE": (1.08, -0.2, 20), "PF": (1.3, 0.7, 20), "PG": (1.05, 0.5, 20)}
    slopes |= {"PH": (1.09, 0.3, 20), "PI": (1.07, 0.6, 20)}
    ordinary = dict.fromkeys(slopes, (0.2, 1.1)) | {"PG": (-0.6, 1.4)}
    none = [
        flag("rater_profile.none", "pattern", "rater", name, Estimate(v, low, 1.5, n=n, unit="ratio"), status=CLEAR,
             params=dict(zip(("slope_low", "slope_high"), ordinary[name], strict=True)), threshold=0.35)
        for name, (v, low, n) in slopes.items()
    ]  # fmt: skip
    alike = flag("distribution.single_value", "single_value", "rater", "PI", Estimate(1.0, n=9, unit="share"))
    frame = listed(few, lenient("PA", 20), alike, *none)
    frame = frame[frame["subject"] != "PI"]
    assert frame["kind"].tolist() == ["flag", "list", "example", "example"]
    assert frame["subject"].tolist()[2:] == ["PB", "PC"], "15 employees, above the limit, clearest first"
    assert math.isnan(frame["worth"].iloc[-1]) and frame["worth"].iloc[1] == 1.5, "three employees, either way"
    empty = flag("achievement_gap.low_reached", "low_reached", "list", "low_reached",
                 Estimate(0.0, n=6, unit="persons"), status=CLEAR)  # fmt: skip
    assert listed(empty).empty


@pytest.mark.parametrize(
    ("unit", "value", "threshold", "share"),
    [("sd", 0.36, math.nan, 0.2009), ("odds_ratio", 1 / 3, math.nan, 0.5), ("ratio", 0.2, 0.5, 0.8),
     ("correlation", 0.5, 0.2, 0.3), ("persons", 7.0, math.nan, 1.0), ("points", 7.0, math.nan, 0.5)],
)  # fmt: skip
def test_net_share(unit: str, value: float, threshold: float, share: float) -> None:
    """.36 SD is 60 : 40 (inference.md section 4), hence a net of 20 of 100 pairs."""
    f = flag("a.b", "m", "rater", "P", Estimate(value, unit=unit), threshold=threshold)
    assert net_share(f) == pytest.approx(share, abs=2e-4)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_detector_has_its_question_and_step(name: str) -> None:
    known = messages()
    assert {f"review.{name}.ask", f"review.{name}.develop"} <= set(known) or name == "leniency"
    codes = [c for group in in_review(name).values() if isinstance(group, list) for c in group]
    assert all(f"{name}.{c}" in known for c in codes)
    mine = {k: v for k, v in known.items() if k.startswith(f"review.{name}.")}
    told = [k.split(".")[-1].partition("_")[2] for k in mine if "_" in k.split(".")[-1]]
    assert all(f"{name}.{code}" in known for code in told)
    assert all(not placeholders(v[lang]) for v in mine.values() for lang in LANGUAGES)


@pytest.mark.parametrize("code", ["lenient", "strict"])
def test_raters_of_the_same_employees_are_asked_in_words_of_any_scale(code: str) -> None:
    """A 360 score knows no "as expected", and the comparison is inside employees: a better team cannot explain it."""
    f = flag(f"leniency.{code}", "within_ratee", "rater", "PA", Estimate(9.0, 5.0, 13.0, n=20, unit="points"))
    for column in ("question", "step"):
        (key,) = asked(listed(f).iloc[0], [f], column)
        text = messages()[key]
        assert not any(w in text["id"] for w in ("ekspektasi", "timnya")), key
        assert not any(w in text["en"] for w in ("expected", "the team")), key


def test_every_kind_has_words() -> None:
    known = messages()
    assert all(f"review.{what}_{kind}" in known for what in ("ask", "develop") for kind in KINDS)
    assert all(f"report.review.kind_{kind}" in known for kind in KINDS)
