"""The index on the page: what stands there comes from findings, at both levels and in both languages."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace

import openpyxl
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Estimate, Result
from kinerja_analysis.base.tables import Tables, data_kind
from kinerja_analysis.detect import detect
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.index_page import headline, index_html
from kinerja_analysis.report.page import region_page
from kinerja_analysis.report.sections.index import _beside, _losses
from kinerja_analysis.report.view import View
from kinerja_analysis.report.workbook import all_findings, workbook_bytes
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

CONFIG = AuditConfig(detectors=("distribution", "index"))


def made(tables: Tables) -> Audit:
    return detect(tables, score(tables, CONFIG), CONFIG)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return simulate(None, (2025,), scenario="menyeluruh", size=900, seed=4).tables


@pytest.fixture(scope="module")
def formed(tables: Tables) -> Audit:
    return made(tables)


def section(audit: Audit, lang: str) -> b.Section:
    (found,) = next(s for s in region_page(audit, lang, pictures=False).sections if s.name == "index").blocks
    assert isinstance(found, b.Section)
    return found


def words_of(found: b.Section) -> str:
    texts = [t for block in b.walk([found]) for t in b.sentences(block)]
    cells = [str(c) for block in b.walk([found]) if isinstance(block, b.TableBlock) for r in block.rows for c in r]
    return " ".join([*texts, *cells])


@pytest.mark.parametrize("level", ["internal", "public"])
def test_figures_of_the_page_are_those_of_the_findings(formed: Audit, level: str) -> None:
    audit = formed if level == "internal" else release(formed)
    found = section(audit, "id")
    index = audit.index
    assert index is not None
    known = {float(v) for c in ("value", "lower", "upper") for v in index.frame[c]}
    known |= {float(v) for v in audit["distribution"].frame["value"]}
    drawn = b.numbers([x for x in b.walk([found]) if not isinstance(x, b.Figure)])
    assert drawn and drawn <= known
    assert b.codes([found]) <= set(index.frame["code"]) | set(audit["distribution"].frame["code"])
    tables = [x for x in b.walk([found]) if isinstance(x, b.TableBlock) and x.role == "open"]
    assert [len(t.rows) for t in tables[::2]] == [6, 6], "six dimensions of both scores"


@pytest.mark.parametrize(
    ("lang", "said"),
    [("id", ("Predikat e-Kinerja, dengan nilai rekan kerja", "Nilai atasan", "Patokan terdekat", "tidak dapat melebihi",
             "Kapan indeks ini menyesatkan", "hanya berlaku untuk urutan di dalam tim", "Poin yang hilang",
             "tidak dihitung ulang untuk tiap unit yang ditinggalkan")),
     ("en", ("The e-Kinerja predikat, with peer ratings", "Supervisors' scores", "Nearest yardstick", "cannot exceed",
             "When this index misleads", "concerns the order inside teams only", "Points lost",
             "taken out once, not anew for each unit left out"))],
)  # fmt: skip
def test_everything_that_must_stand_beside_it_does(formed: Audit, lang: str, said: tuple[str, ...]) -> None:
    text = words_of(section(formed, lang))
    assert not [s for s in said if s not in text]
    assert text.count("tidak teridentifikasi" if lang == "id" else "not identified") >= 2, "equity without links"


@pytest.mark.parametrize(("upper", "told"), [(29.0, True), (27.0, False), (math.nan, False)])
def test_a_range_beyond_the_ceiling_is_explained(upper: float, told: bool, formed: Audit) -> None:
    assert formed.index is not None
    found = next(formed.index.findings(measure="index", scope="multisource"))
    e = Estimate(24.0, upper - 9, upper, n=9, unit="of_100")
    ranged = replace(found, estimate=e, params={**found.params, "separated": 28.0})
    for lang, words in (("id", "rentangnya dihitung tanpa batas itu"), ("en", "computed without that limit")):
        assert (words in _beside(View(formed, lang, False), ranged)) is told


def test_a_part_that_cannot_be_removed_has_no_range_of_no_width(formed: Audit) -> None:
    """0.0 to 0.0 would read as certainty: no pair holds what is taken out."""
    assert formed.index is not None
    found = next(f for f in formed.index.findings(measure="index_loss"))
    for ends, told in (((0.0, 0.0, 0.0), "no range: the calculation stays"), ((-4.0, -8.0, -0.04), "−8.0 to −0.04")):
        one = replace(found, estimate=Estimate(*ends, n=575, unit="of_100"))
        audit = replace(formed, results={**formed.results, "index": Result.of("index", [one])})
        _, table, _ = _losses(View(audit, "en", False), found.scope)
        assert isinstance(table, b.TableBlock) and table.rows[0][2].startswith(told)


def test_a_share_told_in_whole_percents_has_no_decimal(formed: Audit) -> None:
    """"92.0%" of 606/661 = 91.7 % rounded to whole percents would be wrong in its last digit."""
    for audit, form in ((formed, r"\d\.\d%"), (release(formed), r"[^.]\b\d+%")):
        found = section(audit, "en")
        rows = [r for x in b.walk([found]) if isinstance(x, b.TableBlock) for r in x.rows
                if str(r[0]).startswith("**Data integrity")]  # fmt: skip
        drawn = [x.alt for x in b.walk([found]) if isinstance(x, b.Figure) and "Data integrity: " in x.alt]
        assert len(rows) == len(drawn) == 2
        assert all(re.search(form + "$", f" {r[1]}") and r[1].form == ("%1" if "." in r[1] else "%") for r in rows)
        assert all(re.search(form, a.split("Data integrity:")[1]) for a in drawn)


@pytest.mark.parametrize(("scope", "told"), [
    ("multisource", ("87% of the employees with a score by their supervisor", "87% pegawai yang mendapat nilai")),
    ("both", ("87% of the employees whose predikat and supervisor are known", "87% pegawai yang predikat")),
])  # fmt: skip
def test_of_whom_there_is_evidence_is_said(scope: str, told: tuple[str, str], formed: Audit) -> None:
    """118 of the 136 employees with a score by their supervisor, not of the 150 whom anybody rated."""
    assert formed.index is not None
    found = next(formed.index.findings(measure="index", scope=scope))
    some = replace(found, params={**found.params, "covered": 118 / 136})
    for lang, words in zip(("en", "id"), told, strict=True):
        assert words in _beside(View(formed, lang, False), some)


def test_accuracy_is_of_pairs_that_both_sides_separate(formed: Audit) -> None:
    """74.4 of 100 pairs without ties of score or evidence; of the pairs that the score separates it is 74.2."""
    assert formed.index is not None
    found = next(formed.index.findings(measure="index", scope="multisource"))
    for lang, words in (("en", "100 pairs that both the scores and the evidence separate"), ("id", "juga oleh bukti")):
        assert words in _beside(View(formed, lang, False), found)


def test_scores_of_several_raters_are_not_held_against_mixes_of_the_predikat(formed: Audit) -> None:
    found = section(formed, "id")
    tables = [t for t in b.walk([found]) if isinstance(t, b.TableBlock) and len(t.rows) == 6]
    rows = [next(r for r in t.rows if str(r[0]).startswith("**Daya pembeda.**")) for t in tables]
    assert [("nasional" in str(r[4]), str(r[3]) == "–") for r in rows] == [(True, False), (False, True)]


def test_without_evidence_the_reason_and_the_ceiling(tables: Tables) -> None:
    official = (data_kind(tables.ratings) == "ekinerja").to_numpy()
    plain = replace(tables, ratings=tables.ratings[official].reset_index(drop=True),
                    achievements=tables.achievements.iloc[:0])  # fmt: skip
    text = words_of(section(made(plain), "id"))
    assert "Indeks tidak dibentuk" in text and "tidak berasal dari penilai itu sendiri" in text
    assert "tidak dapat melebihi" in text and "tidak teridentifikasi" in text
    assert "Nilai atasan" not in text and "menyesatkan" not in text


def test_index_page_and_workbook_hold_it(formed: Audit) -> None:
    top = headline(formed)
    assert set(top["index"]) == {"the_predikat", "the_supervisor_scores"}
    row = {"region": "99.01", "name": "Contoh", "year": 2025, "level": "public", "synthetic": True, "headline": top}
    assert "Indeks predikat: " in index_html([row], "id") and "Index of the predikat: " in index_html([row], "en")
    assert {"index.supported", "index.differentiation"} <= set(all_findings(View(formed, "id", False))["code"])


@pytest.mark.parametrize("lang", ["id", "en"])
def test_figures_are_numbers_in_the_annex_as_the_page_prints_them(formed: Audit, lang: str) -> None:
    page = region_page(formed, lang, pictures=False)
    read = [replace(s, blocks=tuple(b.from_json(b.to_json(s.blocks)))) for s in page.sections]
    page = replace(page, sections=tuple(read))  # as in a run, whose annex is made of pages read out of notebooks
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(page, lang)))
    assert all(c.value for sheet in book.worksheets[1:] for c in sheet[2]), "every column has a heading"
    assert formed.index is not None
    values = {round(float(v), k) for v in formed.index.frame["value"] for k in (2, 3)}
    panels = [sheet for sheet in book if sheet.title[0] == "4" and sheet.max_column == 5]
    cells = [c for sheet in panels for row in sheet.iter_rows(min_row=3, min_col=2, max_col=4) for c in row]
    assert len(panels) == 2 and not [c for c in cells if c.data_type == "s" and re.fullmatch("[\\d.,−%]+", c.value)]
    by = {c.value: c.number_format for c in cells if c.data_type == "n" and c.value is not None}
    assert set(by.values()) == {"#,##0.0%", "#,##0.00", "#,##0"}
    assert {v for v, form in by.items() if form != "#,##0"} <= values, "rounded as printed: a share tells no count"
    assert all(v == round(v) for v, form in by.items() if form == "#,##0")
