"""A region whose supervisors rated example cases: the page says one thing about leniency, from first line to last."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis import audit
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.tables import Tables, conform
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.page import rater_page, region_page
from kinerja_analysis.report.sections.lead import lead
from kinerja_analysis.report.view import View
from kinerja_analysis.show.charts import figure

REGION, RATERS, CASES = "98.01", 12, 8


def tables(with_cases: bool) -> Tables:
    """An export: twelve supervisors of eight, two levels; one of them rates the cases 40 points higher."""
    g = np.random.default_rng(3)
    head = {"year": 2025, "period": "2025", "region": REGION}
    team = [(f"S{s:02d}", f"E{s:02d}{i}", s * 8 + i) for s in range(RATERS) for i in range(8)]
    rows = [(who, name, f"1:1:{k + 9}", c, float(g.integers(2, 4))) for who, name, k in team
            for c in ("hasil_kerja", "perilaku_kerja")]  # fmt: skip
    ratings = pd.DataFrame(rows, columns=["rater", "ratee", "row", "criterion", "score"])
    people = pd.DataFrame(team, columns=["supervisor", "person", "k"])
    people = people.assign(status="rated", predikat="BAIK", row="1:1:" + (people["k"] + 9).astype(str))
    people = people.assign(unit="u", opd="o")
    score = np.linspace(20, 55, CASES)[:, None] + g.normal(0, 4, (CASES, RATERS)) + 40.0 * (np.arange(RATERS) == 4)
    case, rater = (code.ravel() for code in np.indices(score.shape))
    made = pd.DataFrame({"case": [f"Contoh {k}" for k in case], "rater": [f"S{r:02d}" for r in rater],
                         "score": score.ravel(), "row": [f"2:1:{i + 2}" for i in range(score.size)]})  # fmt: skip
    made = made.assign(criterion="c", scale_min=0.0, scale_max=100.0, **head)
    return Tables(
        ratings=conform("ratings", ratings.assign(source="supervisor", unit="u", opd="o", scale_min=1.0, scale_max=3.0,
                                                  **head)),
        appraisals=conform("appraisals", people.drop(columns="k").assign(acting=False, **head)),
        cases=conform("cases", made if with_cases else made.iloc[:0]), region_names={REGION: "Kabupaten Contoh"},
    )  # fmt: skip


@cache
def made(with_cases: bool, raters: int = RATERS) -> Audit:
    whole = tables(with_cases)
    names = [f"S{r:02d}" for r in range(raters)]
    return audit(replace(whole, cases=whole.cases[whole.cases["rater"].isin(names)]), config=AuditConfig())


def text_of(found: Audit, lang: str) -> str:
    page = region_page(found, lang, pictures=False)
    return "\n".join(text for block in b.walk(page.blocks) for text in b.sentences(block))


@pytest.mark.parametrize("level", ["internal", "public"])
def test_the_page_does_not_contradict_itself(level: str) -> None:
    found = made(True) if level == "internal" else release(made(True))
    text = text_of(found, "id")
    assert "Contoh kasus yang sama" in text and "12 penilai dibandingkan pada 8 contoh kasus" in text
    assert "Data ini tidak dapat membedakan" not in text and "contoh kasus dapat, bagi yang menilainya" in text
    assert "kelonggaran seorang penilai tidak dapat diketahui" not in text
    assert "pegawai pernah berganti penilai" not in text, "the schema is that of cases, not of changes"
    english = text_of(found, "en")
    assert "12 raters are compared on 8 example cases" in english and "example cases can, for those who" in english
    assert "These data cannot tell a lenient rater" not in english


def test_too_few_supervisors_for_a_verdict_are_compared_and_said_so() -> None:
    """Nine of twelve rated the cases: the export stays unlinked, and head and verdict say who can be compared."""
    found = made(True, 9)
    assert set(found.design.verdicts().values()) == {"not_identified"}
    text = text_of(found, "id")
    said = "Pada contoh kasus, **9 penilai dapat dibandingkan satu sama lain**"
    assert text.count(said) == 2 and said in lead(View(found, "id"))
    assert "dapat dibandingkan satu sama lain" not in text_of(made(True), "id")
    assert "vignette" in set(found.counts["advice"]["way"]), "three still lack the cases: these can be bought"
    assert "vignette" not in set(made(True).counts["advice"]["way"])


def test_cases_are_never_called_employees() -> None:
    drawn = figure("caterpillar", made(True).results["leniency"], lang="id", pictures=False, measure="case_leniency")
    assert drawn is not None and "8 kasus" in drawn.alt and "pegawai" not in drawn.alt
    page = rater_page(made(True), "id")
    rows = [row for t in b.walk(page.blocks) if isinstance(t, b.TableBlock) for row in t.rows]
    told = [row for row in rows if any("contoh kasus" in str(cell) for cell in row)]
    assert told and all(CASES not in row for row in told)


def test_without_cases_nothing_is_said_of_them() -> None:
    text = text_of(made(False), "id")
    assert "Data ini tidak dapat membedakan" in text and "kelonggaran seorang penilai tidak dapat diketahui" in text
    assert "terlalu sedikit: paling sedikit 60" in text and "--suggest 96 --way vignette" in text
    assert "ontoh kasus bukan pegawai" not in text and "contoh kasus dapat" not in text


def test_the_planted_rater_is_told_to_the_evaluation_team_with_the_size_of_the_team() -> None:
    review = made(True).review
    assert review is not None
    mine = review[review["measure"] == "case_leniency"]
    assert mine["subject"].tolist() == ["S04"] and mine["persons"].tolist() == [8], "the team, not the cases"
    assert mine["question"].tolist() == ["review.leniency.ask_case_lenient"]
    assert mine["step"].tolist() == ["review.leniency.develop_case_lenient"]
