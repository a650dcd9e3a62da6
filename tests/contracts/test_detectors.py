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
from kinerja_analysis.base.results import FRAME_COLUMNS, Finding, Status
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.base.tables import KINDS, TABLES
from kinerja_analysis.base.words import LANGUAGES, messages, placeholders
from kinerja_analysis.compare.inside import INSIDE
from kinerja_analysis.compare.pairs import NO_T, UNITS
from kinerja_analysis.detect import REGISTRY, detect, run_detector
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.score import score
from kinerja_analysis.show.sentence import methods, values

ROOT = Path(__file__).resolve().parents[2]
ANSWERED = (Status.FLAGGED, Status.CLEAR)
#: Traces of a sentence that was not filled.
UNFINISHED = re.compile(r"[{}_]|\bnan\b|\bNaN\b|\bNone\b(?! of)|\binf\b|  ")
#: Arithmetic on all there is: no test, hence no minimum.
COUNTS = ("full_count", "full_count_bounds")
#: 198001012005011001: a well-formed number, 18 digits; it must never come out of an exception.
NIP = "198001012005011001"
WHOLE = ("five_points", "planted")
#: Detectors that examine another one's flags or spread read its thresholds.
BORROWS = {"drift": "leniency", "decision_impact": "leniency", "index": "leniency"}
#: Measures of the overall level on purpose: alpha over all employees, thresholds and fair averages of the region.
#: Achievement measured by others is an anchor: a unit raised by a constant exceeds it by that constant.
OVERALL = {
    "agreement": ("descriptive",),
    "straight_lining": ("identical_vectors",),
    "leniency": ("fair_average",),
    "achievement_gap": ("beyond_achievement", "agency_beyond"),
}
TEXT = ("measure", "subject_kind", "subject", "scope", "unit", "method", "status", "code", "region")
REAL = ("value", "lower", "upper", "level", "threshold", "p_value", "p_adjusted")


# --- 1 to 5: what must not matter ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
def test_input_and_shared_frames_are_unchanged(name: str, lab: SimpleNamespace) -> None:
    ctx = lab.context_of(name)
    for detector in REGISTRY:
        lab.result_of(name, detector)
    lab.world.cache_clear()
    fresh = lab.cell(lab.WORLDS[name]())
    for table in TABLES:
        for used, new in ((ctx.tables, fresh.tables), (ctx.history, fresh.history)):
            pd.testing.assert_frame_equal(getattr(used, table), getattr(new, table), check_exact=True, obj=table)
    for shared in ("ekinerja", "multisource", "pairs", "heads", "teams"):
        pd.testing.assert_frame_equal(getattr(ctx, shared), getattr(fresh, shared), check_exact=True, obj=shared)
    pd.testing.assert_frame_equal(ctx.scores.frame, fresh.scores.frame, check_exact=True)


@pytest.mark.parametrize("name", WHOLE)
def test_row_order_does_not_matter(detector: str, name: str, lab: SimpleNamespace) -> None:
    lab.assert_same(lab.result_of(name, detector), lab.result_of(f"{name}>shuffled", detector))


@pytest.mark.parametrize("name", WHOLE)
def test_renaming_people_renames_results_only(detector: str, name: str, lab: SimpleNamespace) -> None:
    other = lab.result_of(f"{name}>renamed", detector)
    lab.assert_same(lab.result_of(name, detector), other, names=lab.names_of(name))


def test_renaming_people_in_a_large_region(lab: SimpleNamespace) -> None:
    """Where employees are picked to save time, they are not picked by name."""
    other = lab.result_of("own_group>renamed", "agreement")
    lab.assert_same(lab.result_of("own_group", "agreement"), other, names=lab.names_of("own_group"))


@pytest.mark.parametrize("scale", ["to_10", "to_5"])
def test_the_scale_of_the_scores_does_not_matter(detector: str, scale: str, lab: SimpleNamespace) -> None:
    lab.assert_same(lab.result_of("planted", detector), lab.result_of(f"planted>{scale}", detector))


@pytest.mark.parametrize("name", ["planted", "three_years"])
def test_units_of_one_name_in_several_agencies_are_several(detector: str, name: str, lab: SimpleNamespace) -> None:
    units = lab.tables_of(f"{name}>homonyms").ratings[["opd", "unit"]].drop_duplicates()
    assert units["unit"].nunique() < len(units) == lab.tables_of(name).ratings["unit"].nunique()
    lab.assert_same(lab.result_of(name, detector), lab.result_of(f"{name}>homonyms", detector))


def test_a_constant_added_to_a_unit_changes_nothing(detector: str, lab: SimpleNamespace) -> None:
    """No prior may link what the design does not: nobody rates in two units, so units have no common level."""
    ratings = lab.tables_of("planted").ratings
    assert ratings[~lab.official(ratings)].groupby("rater")["unit"].nunique().max() == 1
    spoken = OVERALL.get(detector, ())
    a, b = (lab.result_of(f"planted>{variant}", detector) for variant in ("roomy", "lifted"))
    a, b = (replace(r, frame=r.frame[~r.frame["measure"].isin(spoken)]) for r in (a, b))
    assert len(a)
    lab.assert_same(a, b)


def test_a_constant_added_to_one_rater_moves_the_leniency_by_it(lab: SimpleNamespace) -> None:
    base = lab.tables_of("planted>roomy")
    before = lab.result_of("planted>roomy", "leniency").frame.query("measure == 'within_ratee'")
    rater = before.loc[(before["subject_kind"] == "rater") & before["value"].notna(), "subject"].iloc[0]
    mine = ~lab.official(base.ratings) & (base.ratings["rater"] == rater) & (base.ratings["source"] == "supervisor")
    moved = replace(base, ratings=base.ratings.assign(score=base.ratings["score"] + 100.0 * mine))
    after = run_detector("leniency", lab.cell(moved)).frame.query("measure == 'within_ratee'")
    lower, higher = (f.loc[f["subject"] == rater, "value"].item() for f in (before, after))
    assert higher - lower == pytest.approx(5.0, abs=1e-9), "100 of 2,000 are 5 points of 100"


# --- 6 to 13: too little, nothing, all the same ----------------------------------------------------------------


def test_every_kind_of_data_gets_an_answer_for_the_region(detector: str, case: str, lab: SimpleNamespace) -> None:
    found = lab.findings_of(case, detector)
    ctx = lab.context_of(case)
    told = {f.scope for f in found if f.subject_kind == "region"}
    assert set(KINDS) <= told
    for f in found:
        assert f.status is not Status.ERROR, f.params
        assert f.scope in (*KINDS, "both")
        assert (f.region, f.year) == (ctx.region, ctx.year)
        assert f.subject, f.measure
        assert f.subject_kind != "region" or f.subject == ctx.region


def test_no_rows_no_answer(detector: str, lab: SimpleNamespace) -> None:
    found = lab.findings_of("empty", detector)
    assert {f.status for f in found} == {Status.NOT_APPLICABLE}
    assert {f.subject_kind for f in found} == {"region"}


@pytest.mark.parametrize(("name", "absent"), [("export_only", "multisource"), ("scores_only", "ekinerja")])
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
        else:
            assert f.status not in ANSWERED or f.estimate.method in COUNTS, f.code


def test_one_subordinate_a_rater_says_nothing_of_raters(detector: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of("one_subordinate", detector):
        assert f.status is not Status.FLAGGED, f.code
        if f.subject_kind in ("rater", "team", "group", "attribute"):
            assert f.status in (Status.INSUFFICIENT, Status.NOT_APPLICABLE), f.code


def test_one_rater_is_compared_with_nobody(detector: str, lab: SimpleNamespace) -> None:
    for f in lab.findings_of("one_rater", detector):
        if f.estimate.method not in COUNTS:
            assert f.status is not Status.FLAGGED, f.code
            assert f.subject_kind == "region" or f.status not in ANSWERED, f.code


@pytest.mark.parametrize("name", ["constant", "all_good"])
def test_nobody_is_flagged_when_all_got_the_same(detector: str, name: str, lab: SimpleNamespace) -> None:
    """Only the counts of the export may note it: no two members of a team apart, the guide's shares not met."""
    for f in lab.findings_of(name, detector):
        official_part = name == "all_good" and f.scope == "multisource"
        assert f.status is not Status.FLAGGED or f.measure in ("separated_pairs", "guide") or official_part, f.code


def test_doubled_rows_do_no_harm(detector: str, lab: SimpleNamespace) -> None:
    lab.assert_same(lab.result_of("planted", detector), lab.result_of("planted>doubled", detector))


def test_an_interval_that_is_compared_tells_what_it_counts(detector: str, lab: SimpleNamespace) -> None:
    """A comparison widens every interval by t of its units, but those of the methods known to have none."""
    for f in (f for name in (*WHOLE, "three_years") for f in lab.findings_of(name, detector)):
        compared = f.measure in INSIDE and f.subject_kind not in ("unit", "team", "rater")
        if compared and f.status in ANSWERED and math.isfinite(f.estimate.lower):
            assert f.estimate.method in NO_T or any(f.params.get(units) for units in UNITS), f.code


# --- 10: regions and years -------------------------------------------------------------------------------------


def test_regions_one_at_a_time_and_together(lab: SimpleNamespace) -> None:
    parts = [lab.tables_of("quarters"), lab.tables_of("five_points")]
    whole = replace(parts[0], **{t: pd.concat([getattr(p, t) for p in parts], ignore_index=True) for t in TABLES})
    config = AuditConfig()
    audit = detect(whole, score(whole, config), config)
    assert len(audit.cells) == 2
    for case, (region, year) in zip(("five_points", "quarters"), reversed(audit.cells), strict=True):
        assert (region, year) == (lab.context_of(case).region, lab.context_of(case).year)
        for name in lab.EVERY:
            lab.assert_same(lab.result_of(case, name), audit.select(region=region, year=year)[name])


def test_a_later_year_changes_nothing(detector: str, lab: SimpleNamespace) -> None:
    full, until = (run_detector(detector, ctx) for ctx in lab.cells_of_2024())
    lab.assert_same(full, until)


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
        open_above = f.code.endswith("_open")
        assert math.isnan(e.lower) == math.isnan(e.upper) or open_above, f.code
        assert math.isnan(e.lower) or e.lower <= e.value, f.code
        assert math.isnan(e.upper) or e.value <= e.upper, f.code
        assert math.isnan(e.value) or (0 < e.level < 1 and e.unit and e.method and math.isfinite(e.value)), f.code
        assert math.isnan(f.p_value) or 0 <= f.p_value <= 1, f.code
        assert math.isnan(f.p_adjusted) or f.p_value - 1e-12 <= f.p_adjusted <= 1, f.code
        assert f.status in ANSWERED or math.isnan(f.p_adjusted), f.code
        if f.status in ANSWERED and f.subject_kind != "region":
            assert math.isfinite(e.value) and e.n > 0, f.code
        if f.status is Status.FLAGGED and math.isfinite(f.p_adjusted):
            assert f.p_adjusted <= AuditConfig().fdr, f.code


@pytest.mark.parametrize("name", ["five_points", "scores_only"])
def test_saving_and_opening_is_exact(name: str, tmp_path: Path, lab: SimpleNamespace) -> None:
    config, tables = AuditConfig(seed=3), lab.tables_of(name)
    audit = detect(tables, score(tables, config), config)
    again = load_audit(audit.save(tmp_path / "audit"))
    assert again.cells == audit.cells and again.config == config and again.provenance == audit.provenance
    assert set(again.results) == set(lab.EVERY) and set(again.counts) == set(audit.counts)
    for detector in lab.EVERY:
        assert lab.digest(again[detector]) == lab.digest(audit[detector])
        pd.testing.assert_frame_equal(again[detector].to_frame(), audit[detector].to_frame(), check_exact=True)
    parts = {**audit.counts, "design": audit.design.frame, "scores": audit.scores.frame}
    opened = {**again.counts, "design": again.design.frame, "scores": again.scores.frame}
    for part, frame in parts.items():
        pd.testing.assert_frame_equal(opened[part], frame, check_exact=True, obj=part)


def test_same_seed_same_bytes_in_another_process_and_order(lab: SimpleNamespace) -> None:
    cases = ("planted", "odd_attributes")
    call = "runpy.run_path(sys.argv[1])['digests'](*sys.argv[2:], backwards=True)"
    code = f"import json, runpy, sys; print(json.dumps({call}))"
    place = str(Path(__file__).with_name("conftest.py"))
    done = subprocess.run(
        [sys.executable, "-c", code, place, *cases], capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
    )  # fmt: skip
    assert json.loads(done.stdout) == lab.digests(*cases)


# --- 19: rows --------------------------------------------------------------------------------------------------


def test_cited_rows_exist_and_belong_to_the_subject(detector: str, case: str, lab: SimpleNamespace) -> None:
    by, kinds = lab.rows_of(case), {"rater": "rater", "team": "rater", "unit": "opd"}
    for f in lab.findings_of(case, detector):
        kind = kinds.get(f.subject_kind, "")
        assert len(set(f.rows)) == len(f.rows) <= 50, f.code
        assert set(f.rows) <= by[kind].get(f.subject if kind else "", set()), f.code
        assert f.rows or kind != "rater", f.code


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
            assert not UNFINISHED.search(text), f"{f.code}: {text}"


def test_only_the_subject_is_named(detector: str, case: str, lab: SimpleNamespace) -> None:
    people = lab.people_of(case)
    for f in lab.findings_of(case, detector):
        texts = [f.sentence("id"), f.sentence("en"), f.code, f.scope]
        told = " ".join(texts + [v for v in f.params.values() if isinstance(v, str)])
        assert not set(re.findall(r"\w+", told)) & people, f.code
        assert not re.search(r"\d{9,}", told), f.code
        assert f.subject not in people or f.subject_kind in ("rater", "team"), f.code


@pytest.mark.parametrize("broken", [REGISTRY[::2], REGISTRY[1::2]], ids=["even", "odd"])
def test_a_detector_that_raises_is_one_error_and_others_go_on(
    broken: tuple[str, ...], lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    tables, good = lab.tables_of("three_years"), lab.context_of("three_years")
    ctx = lab.cell(tables)
    ctx.broken, ctx.message = broken, f"cannot read the row of {NIP}"
    monkeypatch.setattr(sys.modules["kinerja_analysis.detect"], "contexts", lambda *args: [ctx])
    audit = detect(tables, good.scores, good.config)
    down = {*broken, *(name for name, lender in BORROWS.items() if lender in broken)}
    assert audit.failed == [name for name in lab.EVERY if name in down]
    for name in set(lab.EVERY) - down:
        assert lab.digest(audit[name]) == lab.digest(lab.result_of("three_years", name))
    summaries = {lang: audit.summary(lang) for lang in LANGUAGES}
    texts = [*summaries.values()]
    for name in broken:
        (failure,) = audit[name].findings()
        head = (failure.status, failure.code, failure.subject_kind, failure.subject)
        assert head == (Status.ERROR, f"{name}.failed", "region", good.region)
        assert dict(failure.params) == {"kind_of_error": "ValueError"} and not failure.rows
        for lang, text in summaries.items():
            assert failure.sentence(lang) in text
        texts += [repr(failure), audit[name].frame.to_json()]
    audit.save(tmp_path / "audit")
    texts += [caplog.text, *capfd.readouterr()]
    assert not [t for t in texts if NIP in t]


def test_a_limit_too_large_for_a_number_is_infinite_and_no_error(
    lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def detect_large(ctx: object, out: object) -> None:
        seen.append(float(np.exp(np.float64(1e3))))  # a warning, and so an error in these tests, outside a detector

    monkeypatch.setattr(sys.modules["kinerja_analysis.detect.matrix_check"], "detect", detect_large)
    result = run_detector("matrix_check", lab.context_of("three_years"))
    assert seen == [np.inf] and not len(result.frame)


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


def test_every_threshold_is_read(detector: str, lab: SimpleNamespace) -> None:
    for case in lab.CASES:
        lab.result_of(case, detector)
    assert {f"{detector}.{name}" for name in thresholds(detector)} <= lab.THRESHOLDS_READ


def test_the_method_page_names_every_threshold_with_its_value(detector: str) -> None:
    page = (ROOT / "docs" / "metode" / f"{detector}.md").read_text(encoding="utf-8").splitlines()
    for name in thresholds(detector):
        lines = [line for line in page if re.search(rf"`({detector}\.)?{name}`", line)]
        value = f"{threshold(f'{detector}.{name}').value:g}"
        assert any(re.search(rf"(?<![\d.]){re.escape(value)}(?![\d.]*\d)", line) for line in lines), f"{name} = {value}"


def test_every_detector_has_its_own_words(detector: str) -> None:
    own = {k.split(".", 1)[1]: v for k, v in messages().items() if k.startswith(f"{detector}.")}
    assert {"title", "question", "failed"} <= set(own)
    assert placeholders(own["failed"]["en"]) == {"kind_of_error"}
    texts = [t[lang] for t in own.values() for lang in LANGUAGES]
    assert len(set(texts)) == len(texts), "two codes with one sentence"


def test_every_placeholder_is_something_the_code_passes(detector: str) -> None:
    """Also in sentences that no cell here leads to."""
    given = set(values(Finding("", Status.CLEAR, "", ""), "en"))
    code = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "kinerja_analysis" / "detect").glob("*.py"))
    for key, entry in messages().items():
        if key.startswith(f"{detector}."):
            used = placeholders(entry["en"]) - given
            built = {n for n in used if re.search(rf'f"{n[:2]}{{|}}_{n.rpartition("_")[2]}"', code)}
            lost = [
                n for n in used - built
                if not re.search(rf"\b{n}\b ?[=:\"]|\"{n}\"", code)
            ]
            assert not lost, key


def test_summaries_are_whole_in_both_languages(detector: str, world_name: str, lab: SimpleNamespace) -> None:
    result = lab.result_of(world_name, detector)
    known = messages()
    answered = result.frame[result.frame["status"].isin(ANSWERED)]
    for r in answered.drop_duplicates(["measure", "unit"]).itertuples():
        assert math.isnan(r.threshold) or f"show.word.{r.measure}" in known, r.measure
        assert not r.unit or f"show.unit.{r.unit}" in known, r.unit
    for lang in LANGUAGES:
        assert answered.empty or methods(result, lang)
        assert not UNFINISHED.search(result.summary(lang))
