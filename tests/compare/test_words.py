"""A comparison in words, LaTeX and as a workbook: the same numbers, both languages, verdict first."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from kinerja_analysis import compare_regions, compare_years
from kinerja_analysis.base.results import COMPARISON_COLUMNS
from kinerja_analysis.base.words import LANGUAGES, has, messages
from kinerja_analysis.compare.inside import INSIDE
from kinerja_analysis.compare.levels import CHANGES, LEVELS, REASONS
from kinerja_analysis.compare.pairs import FORM_MARKS

A, B, C = "01.01", "01.02", "01.03"


@pytest.fixture
def two(fact, make_audit):
    found = [fact(r, "separated_pairs", v, v - 0.04, v + 0.04) for r, v in ((A, 0.3), (B, 0.2))]
    found += [fact(r, "own_group_gap", v, v - 0.2, v + 0.2, unit="sd", subject="asal|supervisor", kind="attribute",
                   scope="multisource") for r, v in ((A, 0.1), (B, 0.0))]  # fmt: skip
    return compare_regions(make_audit(found, [(A, 2025), (B, 2025)]))


def test_every_code_has_words() -> None:
    for measure in (*INSIDE, *LEVELS, *CHANGES, "criterion_difficulty", "criteria"):
        assert has(f"compare.measure.{measure}"), measure
    for reason in (*REASONS, "common_drift", "linked"):
        assert has(f"compare.verdict.{reason}"), reason
    for reason in (*REASONS, "common_drift", "not_measured", "in_neither", "reference_differs",
                   "comparators_differ", "no_interval", "no_strata", "no_overlap"):  # fmt: skip
        assert has(f"compare.reason.{reason}"), reason
    for mark in (*FORM_MARKS, "rule_change", "framework_differs", "not_split"):
        assert has(f"compare.mark.{mark}"), mark


def test_the_sentence_of_regions_that_nothing_links() -> None:
    entry = messages()["compare.verdict.not_linked"]
    assert "tidak ada penilai, pegawai pindahan, atau acuan bersama" in entry["id"]
    assert "no shared raters, movers or anchors" in entry["en"]


def test_summary_begins_with_the_verdict(two) -> None:
    for lang, verdict, numbers in (("id", "tidak dapat dibandingkan", ("30,0%", "+10,0 poin persentase")),
                                   ("en", "cannot be compared", ("30.0%", "+10.0 percentage points"))):  # fmt: skip
        lines = two.summary(lang).split("\n")
        assert lines[0] in ("Utara dan Selatan, 2025", "Utara and Selatan, 2025") and verdict in lines[1]
        told = next(line for line in lines if "30" in line)
        assert all(n in told for n in numbers)
        assert "**" not in two.summary(lang)
    assert "Tambahan nilai dari atasan bila asal sama" in two.summary("id")


def test_the_common_change_is_not_told_apart_and_the_caption_says_what_stands_alone(fact, make_audit, two) -> None:
    found = [fact(A, "separated_pairs", v, v - 0.01, v + 0.01, year=y) for y, v in ((2024, 0.2), (2025, 0.21))]
    found += [fact(A, "common_change", 1.5, 0.5, 2.5, year=2025, unit="points", scope="multisource")]
    years = compare_years(make_audit(found, [(A, 2024), (A, 2025)]))
    for lang, words in (("id", "berdiri sendiri"), ("en", "stand alone")):
        assert "1,5" not in years.summary(lang).replace(".", ",")
        assert words in years.to_latex(lang) and words not in two.to_latex(lang)


def test_a_different_level_alone_is_said_to_separate_other_pairs(two) -> None:
    """With nearly all at the top few pairs can be told apart, however well teams are differentiated."""
    assert "Tingkat nilai yang berbeda saja juga mengubah angka ini." in two.summary("id")
    assert two.summary("en").count("A different level of ratings alone changes this figure too.") == 1


def test_years_are_named_as_years(fact, make_audit) -> None:
    found = [fact(A, "separated_pairs", v, v - 0.01, v + 0.01, year=y) for y, v in ((2024, 0.2), (2025, 0.3))]
    text = compare_years(make_audit(found, [(A, 2024), (A, 2025)])).summary("en")
    assert "2025 30.0%, 2024 20.0%" in text and "cannot be separated" in text


def test_latex_can_be_read_by_latex(two) -> None:
    for lang in LANGUAGES:
        text = two.to_latex(lang)
        assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
        rows = [line for line in text.split("\n") if line.endswith(r"\\") and "&" in line]
        assert len(rows) == 2 + 2 and {line.count(" & ") for line in rows} == {8}  # two heads, two rows with a value
        assert "30.0" in text.replace(",", ".") and r"\%" in text and "−" not in text


def test_signs_below_and_above_stay_themselves_in_latex(fact, make_audit) -> None:
    """In LaTeX's own text encoding (OT1) a bare < is printed as an inverted exclamation mark, > as one of question."""
    ends = [(r, v) for r in (A, B) for v in (0.5, 4.0)]
    found = [fact(r, "odds_ratio", v, v / 1.1, v * 1.1, unit="odds_ratio", subject=s, kind="group", reference="<=30")
             for (r, v), s in zip(ends, ("age_band=>=51", "age_band=31-40") * 2, strict=True)]  # fmt: skip
    found += [fact(r, "order", v, v - 0.01, v + 0.01) for r, v in ((A, 0.9), (B, 0.2))]
    for lang in LANGUAGES:
        text = compare_regions(make_audit(found, [(A, 2025), (B, 2025)])).to_latex(lang)
        assert r"\textgreater{}=51" in text and r"\textless{}=30" in text and r"\textless{} 0" in text
        assert not {"<", ">"} & {*text} and text.isascii()


def test_the_workbook_holds_words_and_raw_numbers(two, tmp_path) -> None:
    path = two.to_xlsx(tmp_path / "c.xlsx", "en")
    frame = pd.read_excel(io.BytesIO(path.read_bytes()), sheet_name="Data", engine="openpyxl")
    assert list(frame.columns) == list(COMPARISON_COLUMNS)
    known = frame[frame["value"].notna()]
    assert known["value"].tolist() == pytest.approx(two.frame["value"].dropna().tolist(), abs=1e-12)
    assert path.read_bytes() == two.to_xlsx(tmp_path / "again.xlsx", "en").read_bytes()


def test_matrix_tells_pairs_apart_and_makes_no_groups(fact, make_audit) -> None:
    """A differs from C, B from neither: not transitive."""
    found = [fact(r, "separated_pairs", v, v - 0.05, v + 0.05) for r, v in ((A, 0.2), (B, 0.28), (C, 0.36))]
    made = compare_regions(make_audit(found, [(r, 2025) for r in (A, B, C)]))
    table = made.matrix("separated_pairs", 2025)
    assert table.loc[A, C] == table.loc[C, A] == "apart"
    assert table.loc[A, B] == table.loc[B, C] == "not_apart" and table.loc[A, A] == ""


def test_html_escapes_and_names_both(two) -> None:
    assert "Utara" in two._repr_html_() and "<script" not in two._repr_html_()


def test_one_pair_at_a_time(fact, make_audit) -> None:
    found = [fact(r, "order", 0.5, 0.4, 0.6) for r in (A, B, C)]
    made = compare_regions(make_audit(found, [(r, 2025) for r in (A, B, C)]))
    assert [(a, b) for a, _, b, _ in made.pairs] == [(A, B), (A, C), (B, C)]
    one = made.select(made.pairs[1])
    assert set(one.frame["region_a"]) == {A} and set(one.frame["region_b"]) == {C}
    with pytest.raises(KeyError):
        made.select((C, 2025, A, 2025))
