"""Sentences and summaries: the verdict first, numbers with their ranges, calm words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import ScoreTable
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.comparison import numbers
from kinerja_analysis.show.sentence import amount, interval

VERDICTS = (
    "not_identified", "inside_groups_only", "connected_too_weak", "linked_by_changes", "linked", "linked_by_anchors",
)  # fmt: skip


def rater(lab: SimpleNamespace, name: str, value: float, p: float, status: str = "FLAGGED"):
    code = "leniency.lenient" if status == "FLAGGED" else "leniency.not_shown"
    return lab.finding(
        code, status, "within_ratee", "rater", name, value=value, lower=value - 4, upper=value + 4, n=12,
        unit="points", scope="multisource", threshold=2.5, p_adjusted=p, method="t", size=abs(value), typical=0.3,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(lab: SimpleNamespace) -> Result:
    verdict = lab.finding("leniency.inside_groups", "FLAGGED", "within_ratee", scope="multisource", threshold=2.5,
                          flagged=4, family=5, method="")  # fmt: skip
    people = [rater(lab, f"P{c * 4}AAAAAAAAA", v, p) for c, v, p in
              (("A", 8.0, 0.02), ("B", 11.0, 0.001), ("C", 9.0, 0.01), ("D", 7.0, 0.04))]  # fmt: skip
    return Result.of("leniency", [verdict, *people, rater(lab, "PEEEEAAAAAAAAA", 1.0, 0.9, "CLEAR")])


def test_a_sentence_needs_all_it_asks_for(lab: SimpleNamespace) -> None:
    with pytest.raises(KeyError):
        words.sentence(lab.finding("leniency.lenient", "FLAGGED", "within_ratee", "rater", "R"), "id")


@pytest.mark.parametrize(("lang", "told"), [("id", "sejak triwulan IV 2024"), ("en", "since quarter IV of 2024")])
def test_quarters_are_written_out(lab: SimpleNamespace, lang: str, told: str) -> None:
    change = lab.finding("drift.common_share", measure="common_change", value=0.5, lower=-3.8, upper=4.9, n=99,
                         steps=0.1, teams=9, before="2024-Q4")  # fmt: skip
    assert told in words.sentence(change, lang)


def test_sentences_use_short_names_and_the_language_of_numbers(lab: SimpleNamespace) -> None:
    f = rater(lab, "P7K2MAAAAAAAAA", 11.4, 0.001)
    assert words.sentence(f, "id").startswith("P-7K2M menilai 11,4 poin lebih tinggi")
    assert "(range +7.4 to +15.4; 12 employees)" in words.sentence(f, "en")
    assert f.sentence("en") == words.sentence(f, "en")


@pytest.mark.parametrize(
    ("value", "unit", "lang", "shown"),
    [
        (0.1634, "share", "id", "16,3%"), (11.44, "points", "en", "+11.4"), (-12.2, "points", "id", "−12,2"),
        (0.812, "odds_ratio", "id", "0,81"), (12.0, "teams", "id", "12"), (9.44, "teams", "en", "9.44"),
        (np.nan, "share", "id", "–"), (1.0, "correlation", "en", "1.00"), (5.0, "employees", "id", "5"),
    ],
)  # fmt: skip
def test_quantities(value: float, unit: str, lang: str, shown: str) -> None:
    assert words.quantity(value, unit, lang) == shown


def test_a_range_is_written_out_or_left_out(lab: SimpleNamespace) -> None:
    f = lab.finding("x.y", value=0.81, lower=0.58, upper=1.13, unit="odds_ratio")
    assert words.interval(f, "id") == "0,58 sampai 1,13"
    assert words.interval(lab.finding("x.y", value=0.9, unit="share"), "id") == ""


def test_the_clearest_come_first_and_only_flagged_ones(result: Result) -> None:
    assert [f.subject[1] for f in words.worst(result)] == ["B", "C", "A"]
    assert all(f.status == "FLAGGED" for f in words.worst(result, 10))


@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_summary_begins_with_the_verdict_and_gives_three_with_ranges(result: Result, lang: str) -> None:
    lines = words.result_summary(result, lang).split("\n")
    verdict = words.sentence(words.region_findings(result)[0], lang)
    assert lines[0] == verdict
    named = [line for line in lines if line.startswith("– ")]
    assert [line[2:8] for line in named] == ["P-BBBB", "P-CCCC", "P-AAAA"]
    assert all(("rentang" in line) or ("range" in line) for line in named)
    assert any(("Ambang" in x or "Threshold" in x) and ("2,5" in x or "2.5" in x) for x in lines)
    assert any(x.startswith(("Cara: Selisih rata-rata", "Method: Mean difference")) for x in lines)
    assert any("anggapan" in x.lower() or "assumption" in x.lower() for x in lines)
    assert result.summary(lang) == "\n".join(lines)
    both = pd.concat([result.frame, result.frame.assign(year=result.frame["year"] + 1)], ignore_index=True)
    blocks = words.result_summary(Result(result.detector, both), lang).split("\n\n")
    (region,), (year,) = set(both["region"]), set(result.frame["year"])
    assert blocks == [f"{region}, {y}\n" + "\n".join(lines) for y in (year, year + 1)]


def design(*rows: tuple[str, str]) -> Design:
    base = {"region": "01.02", "year": 2025, "source": "all", "n_ratees": 9, "n_raters": 5, "n_pairs": 9, "n_units": 2,
            "n_components": 3, "movers": 2, "changes": 2, "bridges": 0, "hinge_raters": 0, "contrast_se": np.nan,
            "contrast_reliability": np.nan}  # fmt: skip
    return Design(pd.DataFrame([{**base, "kind": k, "verdict": v} for k, v in rows]))


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_a_sentence_of_its_own(verdict: str, lang: str) -> None:
    both = [words.design_summary(design((kind, verdict)), lang) for kind in ("ekinerja", "multisource")]
    assert both[0] != both[1] and "**" not in both[0] + both[1]


@pytest.mark.parametrize("verdict", ["not_identified", "linked_by_changes"])
def test_a_verdict_holds_where_employees_have_two_posts_too(verdict: str) -> None:
    """With two posts under two supervisors, an employee has two supervisors at a time; a predikat has one."""
    told = {lang: words.design_summary(design(("ekinerja", verdict)), lang) for lang in ("id", "en")}
    assert "setiap predikat diberikan oleh satu atasan saja" in told["id"] and "seorang pegawai" not in told["id"]
    assert "each predikat is given by one supervisor only" in told["en"] and "an employee" not in told["en"]


def test_an_audit_says_why_its_counts_of_employees_differ() -> None:
    head = {"region": "01.02", "year": 2025}
    checks = pd.DataFrame({"measure": ["not_rated", "no_supervisor", "own_supervisor", "several_supervisors"],
                           "k": [259, 0, 91, -1], "n": [392, 133, 133, 130], **head})  # fmt: skip
    heads = pd.DataFrame({"kind": ["ekinerja", "multisource"], "n_persons": [392, 50], "n_other_period": [259, 0]})
    audit = Audit((("01.02", 2025),), design(("ekinerja", "not_identified")), ScoreTable(pd.DataFrame()), {},
                  {"checks": checks, "examined": heads.assign(**head)}, AuditConfig(), {})  # fmt: skip
    told = {lang: words.audit_summary(audit, lang).split("\n")[2:] for lang in ("id", "en")}
    assert [t.split(" pegawai")[0] for t in told["id"]] == ["259 dari 392", "91 dari 133", "< 10 dari 130"]
    assert "hanya punya baris pada periode lain" in told["id"][0] and "atasannya sendiri" in told["id"][1]
    assert told["en"][0].startswith("259 of 392 employees have a row in another period only")
    assert told["en"][1].startswith("91 of 133 employees rated are recorded as their own supervisor")
    assert "rated by more than one supervisor in one period" in told["en"][2] and len(told["en"]) == 3


def test_without_any_rating_the_design_says_so() -> None:
    empty = Design(design(("ekinerja", "linked")).frame.head(0))
    assert words.design_summary(empty, "en") == "There are no ratings to examine."


def test_an_audit_in_words_names_place_design_verdicts_and_failures(result: Result, lab: SimpleNamespace) -> None:
    failed = Result.of("matrix_check", [lab.finding("matrix_check.failed", "ERROR", "error", scope="both",
                                                    kind_of_error="KeyError")])  # fmt: skip
    audit = Audit((("01.02", 2025),), design(("ekinerja", "not_identified")), ScoreTable(pd.DataFrame()),
                  {"leniency": result, "matrix_check": failed}, {}, AuditConfig(),
                  {"region_names": {"01.02": "Contoh"}})  # fmt: skip
    lines = words.audit_summary(audit, "id").split("\n")
    assert lines[0] == "Contoh, 2025"
    assert "tidak dapat membedakan" in lines[1]
    assert any(line.startswith("Kelonggaran dan keketatan: ") for line in lines)
    assert lines[-1].startswith("Gagal dihitung")
    assert "Contoh" not in words.audit_summary(replace(audit, provenance={}), "id")


@pytest.mark.parametrize(("unit", "indonesian", "english"), [
    ("sd", "1,61 simpangan baku", "1.61 standard deviations"), ("odds_ratio", "rasio peluang 1,61", "odds ratio 1.61"),
    ("levels", "1,61 tingkat", "1.61 levels"), ("correlation", "korelasi 1,61", "correlation 1.61"),
    ("points", "+1,6 poin", "+1.6 points"), ("share", "161,0%", "161.0%"), ("ratio", "rasio 1,61", "ratio 1.61"),
])  # fmt: skip
def test_a_figure_is_said_with_its_unit(unit, indonesian, english) -> None:
    found = Finding("a.b", Status.FLAGGED, "gap", "group", estimate=Estimate(1.61, 0.94, 2.28, unit=unit))
    assert (amount(found, "id"), amount(found, "en")) == (indonesian, english)


def test_a_slope_is_named_and_an_average_has_no_sign() -> None:
    slope = Finding("halo.some", Status.FLAGGED, "profile_slope", "rater", estimate=Estimate(0.01, unit="ratio"))
    assert (amount(slope, "id"), amount(slope, "en")) == ("kemiringan profil 0,01", "profile slope 0.01")
    fair = Finding("leniency.fair_rater", Status.CLEAR, "fair_average", "rater",
                   estimate=Estimate(88.5, 80.6, 96.3, unit="points"))  # fmt: skip
    assert (amount(fair, "id"), interval(fair, "id")) == ("88,5 poin", "80,6 sampai 96,3")
    gap = Finding("leniency.x", Status.CLEAR, "within_ratee", "rater", estimate=Estimate(8.5, 1, 16, unit="points"))
    assert (amount(gap, "id"), interval(gap, "id")) == ("+8,5 poin", "+1,0 sampai +16,0")


@pytest.mark.parametrize(("unit", "measure", "numbers", "shown"), [
    ("points", "gap", (-4.0, -8.0, -0.04), "−8.0 to −0.04"), ("points", "gap", (4.0, 0.04, 8.0), "+0.04 to +8.0"),
    ("points", "gap", (-4.0, -8.0, 0.04), "−8.0 to 0.0"), ("points", "gap", (4.0, 0.0001, 8.0), "0.0 to +8.0"),
    ("odds_ratio", "odds_ratio", (0.9, 0.81, 0.997), "0.81 to 0.997"),
    ("odds_ratio", "odds_ratio", (0.9, 0.81, 1.003), "0.81 to 1.00"), ("points", "gap", (0.0, 0.0, 0.0), ""),
])  # fmt: skip
def test_a_range_without_no_difference_is_not_printed_with_it(
    unit: str, measure: str, numbers: tuple[float, float, float], shown: str
) -> None:
    """−0.04 is not 0.0 where the finding says that no difference is excluded; a range of no width is none."""
    found = Finding("a.b", Status.CLEAR, measure, "group", estimate=Estimate(*numbers, unit=unit))
    assert interval(found, "en") == shown


def test_a_sentence_keeps_the_sign_of_its_range(lab: SimpleNamespace) -> None:
    said = {"measure": "index_loss", "n": 136, "unit": "of_100", "attribute": "x"}
    near, over = (lab.finding("index.loss_own", value=-4.0, lower=-8.0, upper=u, **said) for u in (-0.04, 0.04))
    assert "−4.0 points (range −8.0 to −0.04; 136" in words.sentence(near, "en")
    assert "(rentang −8,0 sampai 0,0; 136" in words.sentence(over, "id")
    none = lab.finding("index.loss_own", value=0.0, lower=0.0, upper=0.0, **said)
    assert "0.0 points (no range: the calculation stays the same; 136" in words.sentence(none, "en")


def test_differences_of_regions_keep_the_sign_of_their_range() -> None:
    row = SimpleNamespace(unit="share", value=-0.143, lower=-0.286, upper=-0.0004, value_a=0.66, value_b=0.803)
    assert numbers(row, "en") | {"value": ""} == {
        "value": "", "lower": "−28.6", "upper": "−0.04", "value_a": "66.0%", "value_b": "80.3%"}  # fmt: skip
    ratio = SimpleNamespace(unit="odds_ratio", value=1.4, lower=1.002, upper=2.0, value_a=1.4, value_b=1.0)
    assert numbers(ratio, "id")["lower"] == "1,002"
