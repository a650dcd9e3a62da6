"""The contract of a detector: what holds for each one in the registry, on every cell of ``conftest.py``.

Numbers in names of groups are those of the contract's list: input, order, names, scale, small n, regions, form of a
result, rows cited, sentences, thresholds, errors, documents.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import FRAME_COLUMNS, Status
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.base.tables import KINDS, TABLES, Tables
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.detect import REGISTRY, detect, run_detector
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.score import score
from kinerja_analysis.show.sentence import values

ROOT = Path(__file__).resolve().parents[2]
ANSWERED = (Status.FLAGGED, Status.CLEAR)
#: What an employee, a team or a rater got is counted in full: no test, hence nothing below a minimum.
ARITHMETIC = ("distribution", "matrix_check")
#: 198001012005011001: a well-formed number, 18 digits; it must never come out of an exception.
NIP = "198001012005011001"
WHOLE = ("clean", "five_points", "planted")
TEXT = ("measure", "subject_kind", "subject", "scope", "unit", "method", "status", "code", "region")
REAL = ("value", "lower", "upper", "level", "threshold", "p_value", "p_adjusted")


# --- 1, 2, 3, 5: what must not matter --------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
def test_input_and_shared_frames_are_unchanged(detector: str, name: str, lab: SimpleNamespace) -> None:
    tables = lab.tables_of(name)
    ctx = lab.cell(tables)
    shared = ("ekinerja", "multisource", "pairs", "heads", "teams")
    before = {t: getattr(tables, t).copy(deep=True) for t in TABLES}
    before |= {s: getattr(ctx, s).copy(deep=True) for s in shared} | {"scores": ctx.scores.frame.copy(deep=True)}
    run_detector(detector, ctx)
    after = {t: getattr(tables, t) for t in TABLES} | {s: getattr(ctx, s) for s in shared} | {"scores": ctx.scores.frame}
    for frame, old in before.items():
        pd.testing.assert_frame_equal(after[frame], old, check_exact=True, obj=frame)


@pytest.mark.parametrize("name", WHOLE)
def test_detectors_do_not_lean_on_each_other(name: str, lab: SimpleNamespace) -> None:
    ctx = lab.cell(lab.tables_of(name))
    backwards = {d: run_detector(d, ctx) for d in reversed(REGISTRY)}
    assert {d: lab.digest(r) for d, r in backwards.items()} == {d: lab.digest(lab.result_of(name, d)) for d in REGISTRY}


@pytest.mark.parametrize("name", WHOLE)
def test_row_order_does_not_matter(detector: str, name: str, lab: SimpleNamespace) -> None:
    other = run_detector(detector, lab.cell(lab.shuffled(lab.tables_of(name))))
    lab.assert_same(lab.result_of(name, detector), other)


@pytest.mark.parametrize("name", WHOLE)
def test_renaming_people_renames_results_only(detector: str, name: str, lab: SimpleNamespace) -> None:
    tables, names = lab.renamed(lab.tables_of(name))
    lab.assert_same(lab.result_of(name, detector), run_detector(detector, lab.cell(tables)), names=names)


@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (1.0, 5.0), (-3.0, 997.0)])
@pytest.mark.parametrize("name", ("clean", "planted"))
def test_the_scale_of_the_scores_does_not_matter(
    detector: str, name: str, low: float, high: float, lab: SimpleNamespace
) -> None:
    tables = lab.tables_of(name)
    ratings = tables.ratings
    scores = ~lab.official(ratings)
    share = (ratings["score"] - ratings["scale_min"]) / (ratings["scale_max"] - ratings["scale_min"])
    moved = ratings.assign(
        score=ratings["score"].mask(scores, low + share * (high - low)),
        scale_min=ratings["scale_min"].mask(scores, low),
        scale_max=ratings["scale_max"].mask(scores, high),
    )
    other = run_detector(detector, lab.cell(replace(tables, ratings=moved)))
    lab.assert_same(lab.result_of(name, detector), other)


# --- 4 and the prior that links what the design does not -------------------------------------------------------


def roomy(tables: Tables, lab: SimpleNamespace) -> Tables:
    """Give the scores a scale that leaves room for added constants."""
    scores = ~lab.official(tables.ratings)
    span = {"scale_min": -1000.0, "scale_max": 1000.0}
    return replace(tables, ratings=tables.ratings.assign(**{k: tables.ratings[k].mask(scores, v) for k, v in span.items()}))


#: Spread over the whole region on purpose: the form's overall mean, alpha across all employees, the scores' levels.
OVERALL = {"agreement": ("descriptive",), "straight_lining": ("identical_vectors",)}


@pytest.mark.parametrize("name", ("clean", "planted"))
def test_a_constant_added_to_a_unit_changes_nothing(detector: str, name: str, lab: SimpleNamespace) -> None:
    base = roomy(lab.tables_of(name), lab)
    ratings = base.ratings
    scores = ~lab.official(ratings)
    assert ratings[scores].groupby("rater")["unit"].nunique().max() == 1, "nobody rates across units"
    unit = pd.factorize(ratings["unit"], sort=True)[0]
    lift = np.random.default_rng(8).normal(0, 40, unit.max() + 1).round()[unit]
    moved = replace(base, ratings=ratings.assign(score=ratings["score"] + np.where(scores, lift, 0.0)))
    a, b = (run_detector(detector, lab.cell(t)) for t in (base, moved))
    a, b = (replace(r, frame=r.frame[~r.frame["measure"].isin(OVERALL.get(detector, ()))]) for r in (a, b))
    assert len(a)
    lab.assert_same(a, b)


def test_a_constant_added_to_one_rater_moves_the_leniency_by_it(lab: SimpleNamespace) -> None:
    base = roomy(lab.tables_of("clean"), lab)
    before = run_detector("leniency", lab.cell(base)).frame
    rater = before.loc[(before["subject_kind"] == "rater") & before["value"].notna(), "subject"].iloc[0]
    mine = ~lab.official(base.ratings) & (base.ratings["rater"] == rater) & (base.ratings["source"] == "supervisor")
    moved = replace(base, ratings=base.ratings.assign(score=base.ratings["score"] + 100.0 * mine))
    after = run_detector("leniency", lab.cell(moved)).frame
    values = [f.loc[f["subject"] == rater, "value"].item() for f in (before, after)]
    assert values[1] - values[0] == pytest.approx(5.0, abs=1e-9), "100 of 2,000 are 5 points of 100"


# --- 6 to 13: too little, nothing, all the same ----------------------------------------------------------------


def test_every_kind_of_data_gets_an_answer_for_the_region(detector: str, case: str, lab: SimpleNamespace) -> None:
    found = lab.findings_of(case, detector)
    ctx = lab.context_of(case)
    told = {f.scope for f in found if f.subject_kind == "region"}
    assert set(KINDS) <= told or told == {"both"}
    for f in found:
        assert f.status is not Status.ERROR, f.params
        assert f.scope in KINDS
        assert (f.region, f.year) == (ctx.region, ctx.year)
        assert f.subject, f.measure
        assert f.subject_kind != "region" or f.subject == ctx.region


def test_no_rows_no_answer(detector: str, lab: SimpleNamespace) -> None:
    found = lab.findings_of("empty", detector)
    assert {f.status for f in found} == {Status.NOT_APPLICABLE}
    assert {f.subject_kind for f in found} == {"region"}


@pytest.mark.parametrize(
    ("name", "absent"), [("export_only", "multisource"), ("scores_only", "ekinerja"), ("all_scores_gone", "multisource")]
)
def test_a_kind_that_is_not_there_has_no_answer(detector: str, name: str, absent: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of(name, detector):
        if f.scope == absent and f.subject_kind == "region":
            assert f.status is Status.NOT_APPLICABLE, f.code
        assert f.scope != absent or f.status not in ANSWERED, f.code


def test_one_kind_does_not_change_the_other(detector: str, lab: SimpleNamespace) -> None:
    both = lab.result_of("clean", detector)
    for case, kind in (("export_only", "ekinerja"), ("scores_only", "multisource")):
        alone = lab.result_of(case, detector)
        kept = [replace(r, frame=r.frame[(r.frame["scope"] == kind) & ~r.frame["status"].eq("NOT_APPLICABLE")])
                for r in (both, alone)]  # fmt: skip
        lab.assert_same(*kept)


def test_below_the_minimum_nobody_is_cleared_or_flagged(detector: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of("few_people", detector):
        if f.subject_kind != "region":
            assert f.status in (Status.INSUFFICIENT, Status.NOT_APPLICABLE), f.code
        elif detector not in ARITHMETIC:
            assert f.status not in ANSWERED, f.code


def test_one_subordinate_a_rater_says_nothing_of_raters(detector: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of("one_subordinate", detector):
        assert f.status is not Status.FLAGGED, f.code
        if f.subject_kind in ("rater", "team", "group", "attribute"):
            assert f.status in (Status.INSUFFICIENT, Status.NOT_APPLICABLE), f.code


def test_one_rater_is_compared_with_nobody(detector: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of("one_rater", detector):
        if detector not in ARITHMETIC:
            assert f.status is not Status.FLAGGED, f.code
            assert f.subject_kind not in ("rater", "source", "source_pair", "group") or f.status not in ANSWERED, f.code


@pytest.mark.parametrize("name", ["constant", "all_good"])
def test_nobody_is_flagged_when_all_got_the_same(detector: str, name: str, lab: SimpleNamespace) -> None:
    """Only the counts of the export may note it: no two members of a team apart, the guide's shares not met."""
    for f in lab.findings_of(name, detector):
        official_part = name == "all_good" and f.scope == "multisource"
        assert f.status is not Status.FLAGGED or f.measure in ("separated_pairs", "guide") or official_part, f.code


@pytest.mark.parametrize("name", WHOLE)
def test_doubled_rows_do_no_harm(detector: str, name: str, lab: SimpleNamespace) -> None:
    other = run_detector(detector, lab.cell(lab.CHANGES["duplicates"](lab.tables_of(name))))
    lab.assert_same(lab.result_of(name, detector), other)


# --- 10: regions and years -------------------------------------------------------------------------------------


def test_regions_one_at_a_time_and_together(lab: SimpleNamespace) -> None:
    parts = [lab.tables_of("quarters"), lab.tables_of("five_points")]
    whole = replace(parts[0], **{t: pd.concat([getattr(p, t) for p in parts], ignore_index=True) for t in TABLES})
    config = AuditConfig()
    audit = detect(whole, score(whole, config), config)
    assert len(audit.cells) == 2
    for case, (region, year) in zip(("five_points", "quarters"), reversed(audit.cells), strict=True):
        assert (region, year) == (lab.context_of(case).region, lab.context_of(case).year)
        for name in REGISTRY:
            lab.assert_same(lab.result_of(case, name), audit.select(region=region, year=year)[name])


def test_a_later_year_changes_nothing(detector: str, lab: SimpleNamespace) -> None:
    tables = lab.tables_of("three_years")
    region = lab.context_of("three_years").region
    full = run_detector(detector, lab.cell(tables, region=region, year=2024))
    lab.assert_same(full, run_detector(detector, lab.cell(tables.select(until=2024), region=region, year=2024)))


# --- 15, 16, 17, 18: the form of a result ----------------------------------------------------------------------


def test_columns_and_dtypes(detector: str, case: str, lab: SimpleNamespace) -> None:
    result = lab.result_of(case, detector)
    frame = result.to_frame()
    assert tuple(frame.columns) == (*FRAME_COLUMNS, "region", "year")
    assert {str(frame[c].dtype) for c in TEXT} == {"str"}
    assert {str(frame[c].dtype) for c in REAL} == {"float64"}
    assert {str(frame[c].dtype) for c in ("n", "year")} == {"int64"}
    assert not frame[list(TEXT)].isna().any(axis=None)
    assert set(frame["status"]) <= {str(s) for s in Status}
    assert frame["code"].str.startswith(f"{detector}.").all()
    assert not frame.duplicated(["measure", "subject_kind", "subject", "scope", "code"]).any()


def test_numbers_are_in_order(detector: str, case: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of(case, detector):
        e = f.estimate
        assert e is not None
        assert math.isnan(e.lower) == math.isnan(e.upper), f.code
        assert math.isnan(e.lower) or e.lower <= e.value <= e.upper, f.code
        assert math.isnan(e.value) or (0 < e.level < 1 and e.unit and e.method and math.isfinite(e.value)), f.code
        assert math.isnan(f.p_value) or 0 <= f.p_value <= 1, f.code
        assert math.isnan(f.p_adjusted) or f.p_value - 1e-12 <= f.p_adjusted <= 1, f.code
        assert f.status in ANSWERED or math.isnan(f.p_adjusted), f.code
        if f.status in ANSWERED and f.subject_kind != "region":
            assert math.isfinite(e.value) and e.n > 0, f.code
        if f.status is Status.FLAGGED and math.isfinite(f.p_adjusted):
            assert f.p_adjusted <= AuditConfig().fdr, f.code


@pytest.mark.parametrize("name", ["planted", "scores_only"])
def test_saving_and_opening_is_exact(name: str, tmp_path: Path, lab: SimpleNamespace) -> None:
    config, tables = AuditConfig(seed=3), lab.tables_of(name)
    audit = detect(tables, score(tables, config), config)
    again = load_audit(audit.save(tmp_path / "audit"))
    assert again.cells == audit.cells and again.config == config and again.provenance == audit.provenance
    assert set(again.results) == set(REGISTRY) and set(again.counts) == set(audit.counts)
    for detector in REGISTRY:
        assert lab.digest(again[detector]) == lab.digest(audit[detector])
        pd.testing.assert_frame_equal(again[detector].to_frame(), audit[detector].to_frame(), check_exact=True)
    parts = {**audit.counts, "design": audit.design.frame, "scores": audit.scores.frame}
    opened = {**again.counts, "design": again.design.frame, "scores": again.scores.frame}
    for part, frame in parts.items():
        pd.testing.assert_frame_equal(opened[part], frame, check_exact=True, obj=part)


def test_same_seed_same_bytes_in_another_process(lab: SimpleNamespace) -> None:
    cases = ("clean", "planted")
    code = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['digests'](*sys.argv[2:])))"
    place = str(Path(__file__).with_name("conftest.py"))
    done = subprocess.run(
        [sys.executable, "-c", code, place, *cases], capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
    )  # fmt: skip
    assert json.loads(done.stdout) == lab.digests(*cases)


# --- 19: rows --------------------------------------------------------------------------------------------------


def test_cited_rows_exist_and_belong_to_the_subject(detector: str, case: str, lab: SimpleNamespace) -> None:
    tables = lab.context_of(case).tables
    ratings = tables.ratings
    rows = {"region": set(ratings["row"]) | set(tables.appraisals["row"])}
    for f in lab.findings_of(case, detector):
        assert len(set(f.rows)) == len(f.rows) <= 50, f.code
        if f.subject_kind in ("rater", "team"):
            own = set(ratings.loc[ratings["rater"] == f.subject, "row"])
            assert f.rows, f.code
        elif f.subject_kind == "unit":
            own = set(ratings.loc[ratings["opd"] == f.subject, "row"])
        else:
            own = rows["region"]
        assert set(f.rows) <= own, f.code


# --- 20, 23: sentences, and nobody's name ----------------------------------------------------------------------


def test_sentences_are_whole_in_both_languages(detector: str, case: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of(case, detector):
        entry = messages()[f.code]
        for lang in LANGUAGES:
            given = values(f, lang)
            for name in placeholders(entry[lang]):
                value = given[name]
                lost = value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))
                assert not lost, f"{f.code}: {{{name}}} is {value!r}"
            text = f.sentence(lang)
            assert text.strip() == text and text[-1] in ".?!", f"{f.code}: {text}"
            assert not re.search(r"[{}_]|\bnan\b|\bNaN\b|\bNone\b|\binf\b|  ", text), f"{f.code}: {text}"


def test_only_the_subject_is_named(detector: str, case: str, lab: SimpleNamespace) -> None:
    tables = lab.tables_of(case)
    columns = [getattr(tables, t)[c] for t, names in lab.PERSONS.items() for c in names]
    people = set(pd.concat(columns).dropna())
    for f in lab.findings_of(case, detector):
        told = " ".join([f.sentence("id"), f.sentence("en"), json.dumps(dict(f.params)), f.code, f.scope])
        words = set(re.findall(r"\w+", told))
        assert not words & people, f.code
        assert not re.search(r"\d{9,}", told), f.code
        assert f.subject not in people or f.subject_kind in ("rater", "team"), f.code


class Broken(Context):
    """A context whose thresholds of one detector raise, with a personal number in the message."""

    broken: str = ""

    def threshold(self, key: str) -> object:  # type: ignore[override]
        """Raise for the broken detector."""
        if key.startswith(f"{self.broken}."):
            raise ValueError(f"cannot read the row of {NIP}")
        return super().threshold(key)


def test_a_detector_that_raises_is_one_error_and_others_go_on(
    detector: str, lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    good = lab.context_of("clean")
    ctx = Broken(good.tables, good.history, good.scores, good.config, good.design, good.region, good.year)
    ctx.broken = detector
    monkeypatch.setattr(sys.modules["kinerja_analysis.detect"], "contexts", lambda *args: [ctx])
    audit = detect(good.tables, good.scores, good.config)
    assert audit.failed == [detector]
    failure = list(audit[detector].findings())
    assert [(f.status, f.code, f.subject_kind, f.subject) for f in failure] == [
        (Status.ERROR, f"{detector}.failed", "region", good.region)
    ]
    assert dict(failure[0].params) == {"kind_of_error": "ValueError"}
    for other in set(REGISTRY) - {detector}:
        assert lab.digest(audit[other]) == lab.digest(lab.result_of("clean", other))
    audit.save(tmp_path / "audit")
    texts = [audit.summary(lang) for lang in LANGUAGES] + [f.sentence(lang) for f in failure for lang in LANGUAGES]
    texts += [caplog.text, *capfd.readouterr(), audit[detector].frame.to_json(), repr(failure)]
    assert not [t for t in texts if NIP in t]
    assert all(failure[0].sentence(lang) in audit.summary(lang) for lang in LANGUAGES)


# --- 21, 27: thresholds and documents --------------------------------------------------------------------------


def test_thresholds_have_unit_source_and_date(detector: str) -> None:
    names = thresholds(detector)
    assert names
    for name in names:
        t = threshold(f"{detector}.{name}")
        assert math.isfinite(t.value) and t.unit.strip() and not t.changed, name
        assert isinstance(t.date, dt.date) and t.date.year >= 2020, name
        assert len(t.source.split()) >= 3 and not re.search(r"\.(md|csv|html)\b", t.source), name
        mine = threshold(f"{detector}.{name}", {f"{detector}.{name}": t.value + 1})
        assert mine.changed and mine.value == t.value + 1


def test_every_threshold_is_read(detector: str, lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    real = Context.threshold

    def seen(self: Context, key: str) -> object:
        read.add(key)
        return real(self, key)

    monkeypatch.setattr(Context, "threshold", seen)
    for case in ("planted", "quarters", "three_years"):
        run_detector(detector, lab.cell(lab.tables_of(case)))
    if detector == "group_gap":  # big groups only
        run_detector(detector, lab.cell(lab.tables_of("own_group")))
    assert {f"{detector}.{name}" for name in thresholds(detector)} <= read


def test_the_method_page_names_every_threshold(detector: str) -> None:
    page = (ROOT / "docs" / "metode" / f"{detector}.md").read_text(encoding="utf-8")
    assert [n for n in thresholds(detector) if not re.search(rf"`({detector}\.)?{n}`", page)] == []


def test_every_detector_has_its_own_words(detector: str) -> None:
    own = {k.split(".", 1)[1]: v for k, v in messages().items() if k.startswith(f"{detector}.")}
    assert {"title", "question", "failed"} <= set(own)
    assert placeholders(own["failed"]["en"]) == {"kind_of_error"}
    texts = [t[lang] for t in own.values() for lang in LANGUAGES]
    assert len(set(texts)) == len(texts), "two codes with one sentence"


def test_the_words_of_a_result_are_in_both_languages(detector: str, lab: SimpleNamespace) -> None:
    known = messages()
    lost = set()
    for _, f in lab.every_case(detector):
        if f.status in ANSWERED and f.estimate and f.estimate.unit and f"show.unit.{f.estimate.unit}" not in known:
            lost.add(f"unit {f.estimate.unit}")
        if f.status in ANSWERED and f.estimate and f.estimate.method:
            key = f"show.method.{f.estimate.method}"
            lost |= set() if key in known else {f"method {f.estimate.method}"}
        if f"show.word.{f.measure}" not in known:
            lost.add(f"measure {f.measure}")
    assert not lost
