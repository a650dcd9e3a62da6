"""The page of a comparison: verdict before numbers, every number of the frame, both languages alike, no ranking."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from kinerja_analysis import compare_regions, compare_years
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import merge
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.compare import compared
from kinerja_analysis.report.banding import place
from kinerja_analysis.report.blocks import Answers, Figure, Section, TableBlock, Verdict, numbers, sentences, walk
from kinerja_analysis.report.html import page_html
from kinerja_analysis.report.page import COMPARISON_NAMES, comparison_page

A, B, C, D = "01.01", "01.02", "01.03", "01.04"
YEARS = (2024, 2025)


def facts(fact, regions=(A, B)):
    for year in YEARS:
        for k, r in enumerate(regions):
            more = {"year": year, "scope": "multisource"}
            yield fact(r, "separated_pairs", 0.2 + 0.1 * k, 0.16 + 0.1 * k, 0.24 + 0.1 * k, year=year)
            yield fact(r, "own_group_gap", 0.4 - 0.4 * k, 0.3 - 0.4 * k, 0.5 - 0.4 * k, unit="sd",
                       subject="asal|supervisor", kind="attribute", **more)  # fmt: skip
            yield fact(r, "odds_ratio", 1.2, 0.8, 1.8, unit="odds_ratio", subject="sex=male", kind="group",
                       reference="female", year=year)  # fmt: skip
        yield fact(A, "order", 0.6, 0.5, 0.7, year=year)
        yield fact(A, "common_change", 0.5, -0.5, 1.5, unit="points", **more)


@pytest.fixture
def audit(fact, make_audit):
    rows = [(r, y, c, v) for r in (A, B) for y in YEARS for c, v in (("disiplin", 2.0), ("inisiatif", -2.0))]
    criteria = pd.DataFrame(rows, columns=["region", "year", "criterion", "value"]).assign(n=50, n_raters=9, se=0.5)
    return make_audit(list(facts(fact)), [(r, y) for r in (A, B) for y in YEARS], criteria=criteria)


def page_of(audit, lang="en", **more):
    return comparison_page(compare_regions(audit), compare_years(audit), lang, pictures=False, **more)


def words_of(page) -> str:
    return "\n".join(text for block in walk(page.blocks) for text in sentences(block))


def test_verdict_comes_first(audit) -> None:
    page = page_of(audit)
    assert tuple(s.name for s in page.sections) == COMPARISON_NAMES
    text = words_of(page)
    assert text.index("cannot be compared") < text.index("30.0%")
    (verdict,) = [b for b in walk(page.blocks) if isinstance(b, Verdict)]
    assert "audited apart" in verdict.sentences[0]


def test_what_may_be_compared_and_what_not(audit) -> None:
    (answers,) = [b for b in walk(page_of(audit).blocks) if isinstance(b, Answers)]
    yes, partly, no = ([q for q, _ in part] for part in answers.lists)
    assert "How many pairs of one team are told apart" in yes and not partly
    assert "The level of ratings, performance and severity" in no
    assert "Whether the order inside teams follows other evidence (achievement, peers)" in no  # in one only


def test_both_languages_show_the_same_numbers(audit) -> None:
    one, two = (page_of(audit, lang) for lang in LANGUAGES)
    assert numbers(one.blocks) == numbers(two.blocks)
    regions = compare_regions(audit).frame
    inside = regions[(regions["year"] == 2025) & regions["value"].notna()]
    shown = numbers(one.blocks)
    for r in inside.itertuples():
        assert {r.value, r.lower, r.upper} <= shown, r.measure
    assert all(math.isfinite(n) for n in shown)


def test_no_text_is_left_unfilled_or_empty(audit) -> None:
    for lang in LANGUAGES:
        text = words_of(page_of(audit, lang))
        assert not re.search(r"\bnan\b|NaN|None|\{|\bcompare\.|–\s–\s–", text)
        assert not re.search(r"[a-z]+_[a-z]+", text), re.search(r"[a-z]+_[a-z]+", text)


def test_the_other_explanation_stands_with_what_differs(audit) -> None:
    text = words_of(page_of(audit, "id"))
    assert "Tambahan nilai dari atasan bila asal sama: Utara 0,40, Selatan 0,00" in text
    assert "bukan putusan" in text and "Tidak ada peringkat" in text


def test_levels_say_what_it_takes(audit) -> None:
    section = next(s for s in page_of(audit, "id").sections if s.name == "levels")
    text = "\n".join(t for b in walk(section.blocks) for t in sentences(b))
    assert "tidak dapat memisahkannya" in text and "Yang diperlukan" in text
    assert not numbers(section.blocks)


def test_linked_levels_are_split_on_the_page(make_audit) -> None:
    rows = [{"region": r, "year": 2025, "other": "", "kind": "", "part": ""} for r in (A, B)]
    rows += [{"region": A, "year": 2025, "other": B, "kind": "multisource", "part": part, "value": v, "se": 1.0,
              "df": math.inf, "n": 30, "n_other": 30, "n_links": 9, "reason": ""}
             for part, v in (("level", 6.0), ("raters", 5.0), ("performance", 1.0))]  # fmt: skip
    made = make_audit([], [(A, 2025), (B, 2025)], between=pd.DataFrame(rows).assign(joint="j").fillna({"reason": ""}))
    page = comparison_page(compare_regions(made), None, "en", pictures=False)
    section = next(s for s in page.sections if s.name == "levels")
    assert {6.0, 5.0, 1.0} <= numbers(section.blocks)
    text = "\n".join(t for b in walk(section.blocks) for t in sentences(b))
    assert "Part due to performance" in text and "equally severe in both regions" in text
    (answers,) = [b for b in walk(page.blocks) if isinstance(b, Answers)]
    assert answers.lists[0] == () and answers.lists[1] == (
        ("The level of ratings, performance and severity", "assuming that shared raters are equally severe in both"),
    )  # severity is one of its parts: it is not free of how severe raters are
    assert dict(answers.lists[2]) == {"How many pairs of one team are told apart": "known in neither"}


def test_years_of_each_region_and_their_change(audit) -> None:
    section = next(s for s in page_of(audit).sections if s.name == "years")
    titles = [b.title for b in section.blocks if isinstance(b, Section)]
    assert titles == ["From year to year: Utara", "From year to year: Selatan"]
    (table,) = [b for b in walk(section.blocks) if isinstance(b, TableBlock)]
    assert table.rows[0][0] == "2024 – 2025" and "+0.5" in str(table.rows[0][-1])


def test_the_years_of_one_region_have_a_page(audit) -> None:
    alone = merge([audit.select(region=A, year=y) for y in YEARS])
    years, same = compared(alone)
    assert years is same and compared(audit)[1] is not None
    shown = {lang: comparison_page(years, years, lang, pictures=False) for lang in LANGUAGES}
    text = words_of(shown["en"])
    assert text.index("cannot be separated") < text.index("2025 against 2024")
    assert f"{YEARS[0]}–{YEARS[1]}" in shown["en"].title and " and " not in shown["en"].title
    assert "no ranking" not in text and "both regions" not in text and "each region" not in text.split("inside each")[0]
    assert numbers(shown["en"].blocks) == numbers(shown["id"].blocks) and numbers(shown["en"].blocks)
    with pytest.raises(UsageError):
        compared(audit.select(region=A, year=2025))


def test_four_regions_get_a_matrix_and_no_sections_by_pair(fact, make_audit) -> None:
    every = (A, B, C, D)
    audit = make_audit(list(facts(fact, every)), [(r, y) for r in every for y in YEARS])
    page = page_of(audit)
    inside = next(s for s in page.sections if s.name == "inside")
    (table,) = [b for b in walk(inside.blocks) if isinstance(b, TableBlock)]
    assert len(table.rows) == 4 and table.rows[0][1] == "–"
    assert {cell for row in table.rows for cell in row[1:]} <= {"–", "can be told apart", "cannot be told apart"}


def test_pictures_say_their_numbers(audit) -> None:
    page = comparison_page(compare_regions(audit), None, "id")
    figures = [b for b in walk(page.blocks) if isinstance(b, Figure)]
    assert len(figures) == 2 and all(f.png.startswith(b"\x89PNG") for f in figures)
    assert "asal sama, dari atasan: 0,40" in figures[1].alt and "laki-laki – perempuan: 1,00" in figures[0].alt
    html = page_html(page.blocks, lang="id", title=page.title, synthetic=True)
    assert "<script" not in html and "DATA SINTETIS" in html


def test_places_are_short_and_differ(make_audit, tmp_path) -> None:
    many = [(f"02.{i:02d}", 2025) for i in range(20)]
    places = {place(make_audit([], cells), tmp_path).name for cells in (many, many[:19], [(A, 2025), (B, 2024)])}
    assert len(places) == 3 and "utara-selatan_2024-2025" in places
    for name in places:
        assert len(f"reports/internal/banding/{name}/banding_{name}_id.ipynb") <= 120


def test_internal_pages_stay_apart(make_audit, tmp_path) -> None:
    audit = make_audit([], [(A, 2025), (B, 2025)])
    assert place(audit, tmp_path).parent == tmp_path / "internal" / "banding"
    assert place(replace(audit, level="public"), tmp_path).parent == tmp_path / "banding"


def test_ten_regions_are_drawn_as_a_funnel_with_their_numbers(fact, make_audit) -> None:
    cells = [(f"02.{i:02d}", 2025) for i in range(10)]
    shares = [0.2] * 9 + [0.3]
    found = [fact(r, "separated_pairs", s, s - 0.04, s + 0.04) for s, (r, _) in zip(shares, cells, strict=True)]
    page = comparison_page(compare_regions(make_audit(found, cells)), None, "en", pictures=False)
    (drawn,) = [b for b in walk(page.blocks) if isinstance(b, Figure) and b.alt.startswith("Funnel of 10 regions")]
    assert "mean 21.0%" in drawn.alt and "This is no ranking" in drawn.caption
    (table,) = [b for b in walk(page.blocks) if isinstance(b, TableBlock) and b.caption == drawn.caption]
    assert [row[1] for row in table.rows] == [0.2] * 9 + [pytest.approx(0.3)]
    assert [row[0] for row in table.rows] == sorted(row[0] for row in table.rows)


def test_three_regions_have_one_verdict_in_the_lead(fact, make_audit) -> None:
    every = (A, B, C)
    page = page_of(make_audit(list(facts(fact, every)), [(r, y) for r in every for y in YEARS]))
    lead = page.blocks[0].lead
    assert lead.count("cannot be compared") == 1 and "these 3 regions" in lead and "audited apart" in lead
    joint = pd.DataFrame([{"region": r, "year": 2025, "other": "", "kind": "", "part": "", "joint": "jx"[r == A]}
                          for r in every])  # fmt: skip
    mixed = make_audit([], [(r, 2025) for r in every], between=joint)
    lead = comparison_page(compare_regions(mixed), None, "id", pictures=False).blocks[0].lead
    assert lead.count("tidak dapat dibandingkan") == 2 and "diaudit terpisah" in lead
    assert "Utara dan Selatan" in lead and "Selatan dan 01.03" in lead


def test_sections_are_numbered_once_and_nothing_is_told_twice(fact, make_audit) -> None:
    for every in ((A, B), (A, B, C), (A, B, C, D)):
        page = page_of(make_audit(list(facts(fact, every)), [(r, y) for r in every for y in YEARS]))
        found = [b.number for b in page.blocks if isinstance(b, Section) and b.number]
        assert found == [str(i) for i in range(1, len(found) + 1)]
        matrix = next((b for b in page.blocks if isinstance(b, Section) and b.anchor == "matriks"), None)
        told = [t for b in walk(matrix.blocks if matrix else ()) for t in sentences(b) if "Extra score" in t]
        assert bool(told) is (len(every) > 3)
    text = words_of(page)  # of four regions, what differs stands below the matrix, introduced
    assert text.index("What clearly differs on other measures:") < text.index("Extra score given by supervisor")


def test_a_measure_of_both_kinds_says_which(fact, make_audit) -> None:
    found = [fact(r, "order", 0.6 + 0.1 * k, 0.55 + 0.1 * k, 0.65 + 0.1 * k, scope=s)
             for k, r in enumerate((A, B)) for s in ("ekinerja", "multisource")]  # fmt: skip
    found += [fact(r, "index", v, v - 20, v + 20, unit="of_100", scope=s)
              for r, v in ((A, 20.35), (B, 52.88)) for s in ("both", "ekinerja", "multisource")]  # fmt: skip
    frame = compare_regions(make_audit(found, [(A, 2025), (B, 2025)]))
    page = comparison_page(frame, None, "id", pictures=False)
    (table,) = [b for b in walk(page.blocks) if isinstance(b, TableBlock) and len(b.rows) > 4]
    names = [row[0] for row in table.rows]
    assert len(names) == len(set(names)) == 5 and sum("(e-Kinerja)" in n for n in names) == 2
    index = next(row for row in table.rows if row[0] == "Indeks objektivitas nilai atasan (360)")
    assert index[1:3] == ("20 (n 100)", "53 (n 100)") and index[3].startswith("−33 poin (")  # whole points
