"""The yearly summary: arithmetic over the regions' own words, no level compared, no ranking, made only when needed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import page_html
from kinerja_analysis.report.index_page import headline
from kinerja_analysis.report.page import annual_page
from kinerja_analysis.report.tahunan import annual_pages

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def rows(audit: Audit) -> Rows:
    """Five regions in 2025, four of them in 2024 too, made from one fabricated audit."""
    found = []
    totals = [{"table": "ratings", "rows": 415, "kept": 400, "merged": 0, "set_aside": 15}]
    for year, n in ((2024, 4), (2025, 5)):
        for k in range(n):
            top = copy.deepcopy(headline(release(audit)))
            if k != 1:
                top["flagged"], top["answers"] = [], {q: "clear" for q in top["answers"]} | {"drift": "insufficient"}
            top["separated"] = [0.10 + 0.05 * k, 0.08 + 0.05 * k, 0.12 + 0.05 * k]
            found.append({"region": f"0{9 - k}.01", "name": f"Kab. {'ABCDE'[k]}", "year": year, "level": "public",
                          "synthetic": False, "headline": top, "rows": {"totals": totals, "files": []}})  # fmt: skip
    return found


def tables(page) -> list[b.TableBlock]:
    return [t for t in b.walk(page.blocks) if isinstance(t, b.TableBlock)]


def test_regions_stand_in_the_order_of_their_codes_whatever_their_numbers(rows: Rows) -> None:
    examined, _, _, values, trend = tables(annual_page(rows, 2025, "public", "id"))
    for table in (examined, values, trend):
        assert [r[0] for r in table.rows] == ["Kab. E", "Kab. D", "Kab. C", "Kab. B", "Kab. A"]
    assert examined.rows[0][1:] == ("05.01", 400, 320, 415, 400, 0, 15)


def test_each_question_is_counted_over_the_regions_with_its_budget(rows: Rows, audit: Audit) -> None:
    page = annual_page(rows, 2025, "public", "en")
    by = {r[0]: r[1:] for r in tables(page)[2].rows}
    own = rows[5 + 0]["headline"]["answers"]
    flagged = rows[5]["headline"]["flagged"] or rows[6]["headline"]["flagged"]
    assert len(flagged) == 2 and sum(r[1] for r in by.values()) == 2  # one region of five, two questions
    answered = sum(s in ("flagged", "clear") for k in range(4, 9) for s in rows[k]["headline"]["answers"].values())
    assert sum(r[0] for r in by.values()) == answered and len(own) == 8
    text = " ".join(b.sentences(x) and b.sentences(x)[0] for x in b.walk(page.blocks) if isinstance(x, b.Text))
    assert f"Of {answered} answers 2 are flagged" in text
    # each region's own report: 2 flags made by tests, .2 of them without cause; arithmetic answers have no such share
    assert "Tests made 10 flags; **at most about 1.0** of them" in text


def test_what_is_withheld_is_no_lack_of_data_and_not_called_unflagged(rows: Rows) -> None:
    some = [copy.deepcopy(r) for r in rows if r["year"] == 2025]
    for r in some:
        r["headline"] |= {"flagged": [], "answers": {"matrix_check": "clear"}, "withheld": []}
    plain = annual_page(some, 2025, "public", "id")
    assert "Di tidak satu pun wilayah ada yang ditandai" in plain.blocks[0].lead
    some[0]["headline"] |= {"answers": {"matrix_check": "withheld"}, "withheld": ["matrix_check"]}
    for lang, told in (("id", "Di antara hasil yang ditampilkan, "), ("en", "Among the results that are shown, ")):
        page = annual_page(some, 2025, "public", lang)
        assert told in page.blocks[0].lead
        assert any(told in x.text for x in b.walk(page.blocks) if isinstance(x, b.Text))
        table = tables(page)[2]
        by = dict(zip([c.label for c in table.columns], next(r for r in table.rows if r[1]), strict=True))
        assert by["Tidak ditampilkan" if lang == "id" else "Not shown"] == 1
        assert by["Data kurang" if lang == "id" else "Too little data"] == 0


def test_a_spread_that_could_not_be_told_is_not_counted_as_told(rows: Rows) -> None:
    some = [copy.deepcopy(r) for r in rows]
    for k, r in enumerate(some):
        r["headline"]["told"] = {"ekinerja": "changes_few" if k == 4 else "linked_by_changes"}
    told = {row[1]: row[2] for row in tables(annual_page(some, 2025, "public", "en"))[1].rows}
    assert told == {"the spread only": 4, "not even the spread yet": 1}


def test_levels_are_not_compared_and_nothing_is_ranked(rows: Rows) -> None:
    for lang, words in (("id", ("tidak dibandingkan", "Bukan peringkat")), ("en", ("not compared", "Not a ranking"))):
        page = page_html(annual_page(rows, 2025, "public", lang).blocks, lang=lang, title="")
        assert all(word in page for word in words)


def test_a_region_that_is_gone_is_named_and_failures_too(rows: Rows) -> None:
    less = [copy.deepcopy(r) for r in rows if not (r["year"] == 2025 and r["name"] == "Kab. A")]
    less[-1]["headline"]["failed"] = ["halo"]
    page = page_html(annual_page(less, 2025, "public", "en").blocks, lang="en", title="")
    assert "but there in the year before: Kab. A." in page and "Some examinations failed in Kab. E" in page


def test_years_are_read_inside_a_region_and_a_new_rule_is_said(rows: Rows) -> None:
    old = [copy.deepcopy(r) for r in rows]
    for r in old[:4]:
        r["headline"]["rule"] = "pp_30_2019"
    page = annual_page(old, 2025, "public", "en")
    assert tables(page)[-1].rows[-1][1:] == ("10.0 (8.0 to 12.0)",) * 2
    assert tables(page)[-1].rows[0][1] == "–"  # not there in 2024
    assert "The rules of appraisal changed between 2024–2025" in page_html(page.blocks, lang="en", title="")
    one = annual_page([r for r in rows if r["year"] == 2025], 2025, "public", "en")
    assert len(tables(one)) == 4


def test_changes_of_supervisor_are_pooled_over_regions_that_studied_them(rows: Rows) -> None:
    """Equal weights: 2 sigma squared = .02, se .01/sqrt(5), t of 195 degrees: sigma .1, .075 to .120."""
    some = [copy.deepcopy(r) for r in rows]
    for r in some[4:8]:
        r["headline"]["changes"] = {"n_changed": 40.0, "df": 39.0, "value": 0.02, "se": 0.01}
    text = page_html(annual_page(some, 2025, "public", "en").blocks, lang="en", title="")
    assert "enough to be studied in 4 regions" in text
    some[8]["headline"]["changes"] = some[4]["headline"]["changes"]
    text = page_html(annual_page(some, 2025, "public", "en").blocks, lang="en", title="")
    assert "200 changes of supervisor" in text and "0.100 predikat levels (range 0.075 to 0.120)" in text
    assert "about 10 of 100 employees" in text and "cannot be ruled out" not in text
    some[8]["headline"]["changes"] = {"n_changed": 400.0, "df": 39.0, "value": -0.02, "se": 0.01}
    text = page_html(annual_page(some, 2025, "public", "en").blocks, lang="en", title="")
    assert "0.000 predikat levels (range 0.000 to" in text and "cannot be ruled out" in text


def test_both_languages_show_the_same_numbers(rows: Rows) -> None:
    found = [b.numbers(annual_page(rows, 2025, "public", lang).blocks) for lang in ("id", "en")]
    assert found[0] == found[1] and len(found[0]) > 10


def test_514_regions_name_four_in_a_sentence(rows: Rows) -> None:
    many = [{**rows[0], "region": f"{k:04d}", "name": f"Kab. {k}", "year": 2024} for k in range(514)]
    page = annual_page([*many, *rows[4:]], 2025, "public", "en")
    (gone,) = (x.text for x in b.walk(page.blocks) if isinstance(x, b.Text) and "the year before" in x.text)
    assert gone.count("Kab.") == 4 and "510 other regions" in gone


def test_pages_are_made_once_and_again_when_a_report_changes(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: SimpleNamespace
) -> None:
    for r in rows[4:6]:
        place = tmp_path / "2025" / f"{r['region']}-kab"
        place.mkdir(parents=True)
        (place / "metrics.json").write_text(json.dumps({**r, "files": []}))
    first = annual_pages(tmp_path, ("id",))
    assert {p.suffix for p in first} == {".ipynb", ".html", ".pdf", ".xlsx"} and all(p.is_file() for p in first)
    assert annual_pages(tmp_path, ("id",)) == []
    changed = rows[4] | {"headline": rows[4]["headline"] | {"persons": 11, "rated": {"ekinerja": 11}}}
    (tmp_path / "2025" / f"{rows[4]['region']}-kab" / "metrics.json").write_text(json.dumps({**changed, "files": []}))
    assert annual_pages(tmp_path, ("id",)) == first
    assert not list(tmp_path.glob("2025/.*"))
    old = {k: v for k, v in rows[5]["headline"].items() if k != "answers"}  # made before there were summaries
    place = tmp_path / "2025" / f"{rows[5]['region']}-kab" / "metrics.json"
    place.write_text(json.dumps({**rows[5], "headline": old, "files": []}))
    assert annual_pages(tmp_path, ("id",)) == []


def test_hidden_numbers_are_never_shown_as_none(rows: Rows) -> None:
    hidden = [copy.deepcopy(r) for r in rows[4:]]
    for r in hidden[:2]:
        r["headline"]["rated"] = {"ekinerja": -1}
        r["rows"]["totals"] = [{"table": "ratings", "rows": -1, "kept": -1, "merged": 0, "set_aside": 3}]
    page = annual_page(hidden, 2025, "public", "en")
    assert "(without 2 regions whose number is not shown)" in page.blocks[0].lead
    assert tables(page)[0].rows[-1][2:] == (-1, None, -1, -1, 0, 3)
    html = page_html(page.blocks, lang="en", title="")
    assert "&lt; 10" in html and "parts do not always add up to the rows read" in html
    assert "Whether ranges overlap is no test" in html and "cannot be told apart" not in html


def test_a_row_that_feeds_two_tables_counts_once_and_few_set_aside_are_not_none(rows: Rows) -> None:
    """A file of 404 rows, 5 of them without a rating: the tables "ratings" and "appraisals" both hold all of it."""
    lines = [(1, "appraisals", 404, 404, 0, 0), (1, "ratings", 399, 399, 0, 0), (1, "ratings", 5, 0, 0, 5),
             (2, "ratings", 20, 20, 0, 0)]  # fmt: skip
    names = ("file", "table", "rows", "kept", "merged", "set_aside")
    two = [copy.deepcopy(r) for r in rows[4:6]]
    for r, hidden in zip(two, (False, True), strict=True):
        told = [dict(zip(names, line, strict=True)) | {"sheet": 1} for line in lines]
        if hidden:
            told[2] |= {"rows": -1, "set_aside": -1}
        r["rows"] = {"totals": [], "files": told}
    found = [row[4:] for row in tables(annual_page(two, 2025, "public", "en"))[0].rows]
    assert sorted(found) == [(424, 419, 0, -1), (424, 419, 0, 5)]


def test_an_index_says_what_it_was_held_against(rows: Rows) -> None:
    told = [copy.deepcopy(r) for r in rows[4:]]
    told[0]["headline"] |= {"index": {"the_predikat": [16.2, 8.8, 23.7]}, "comparators": {"the_predikat": "peer"}}
    cells = [row[3] for row in tables(annual_page(told, 2025, "public", "en"))[3].rows]
    assert cells[-1] == "the predikat: 16.2 (8.8 to 23.7), compared with peers" and set(cells[:-1]) == {"–"}
