"""The page about single raters: both what stands out and what does not, in the order of the review list; internal."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from kinerja_analysis.base.results import Audit, Status
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import page_html
from kinerja_analysis.report.page import rater_page
from kinerja_analysis.report.produce import DOCUMENTS


def sections(page) -> dict[str, b.Section]:
    return {s.title: s for s in page.blocks if isinstance(s, b.Section)}


def test_everybody_of_the_review_list_has_a_section_in_its_order(audit: Audit, lab: SimpleNamespace) -> None:
    page = rater_page(audit, "id")
    found = [s.title for s in page.blocks if isinstance(s, b.Section) and s.anchor.startswith("penilai-")]
    assert found == [lab.short[0], lab.short[1]]
    (contents,) = (t for t in b.walk([sections(page)["Siapa yang ada di halaman ini"]]) if isinstance(t, b.TableBlock))
    assert [(row[0], row[1]) for row in contents.rows] == [(lab.short[0], "T-1"), (lab.short[1], "T-2")]
    assert "2 penilai" in page.blocks[0].lead
    for *_, loud, quiet in contents.rows:
        assert not set(loud.split("; ")) & set(quiet.split("; "))


def test_a_section_tells_both_sides_with_numbers_rows_question_and_reply(audit: Audit, lab: SimpleNamespace) -> None:
    mine = [f for r in audit.results.values() for f in r.findings() if f.subject == lab.raters[0]]
    section = sections(rater_page(audit, "en"))[lab.short[0]]
    (table,) = (t for t in section.blocks if isinstance(t, b.TableBlock))
    told = [f for f in mine if f.status in (Status.FLAGGED, Status.CLEAR)]
    assert len(table.rows) == len(told) and set(table.numbers) >= {f.estimate.value for f in told if f.estimate}
    text = " ".join(b.sentences(section) + [t for block in section.blocks for t in b.sentences(block)])
    assert any("also from the usual" in str(row[5]) for row in table.rows)
    for word in ("Another explanation", "Question", "Possible step", "Data rows", "Right of reply"):
        assert word in text
    assert {f.code for f in told} <= b.codes([section])


def test_raters_of_few_employees_are_not_on_the_page(lab: SimpleNamespace) -> None:
    def titles(n: int) -> list[str]:
        found = [lab.finding("leniency.lenient", Status.FLAGGED, "within_ratee", "rater", lab.raters[0],
                             scope="multisource", value=12.0, lower=8.0, upper=16.0, n=n, unit="points",
                             threshold=5.0, p_adjusted=0.001)]  # fmt: skip
        return [s for s in sections(rater_page(lab.build(leniency=found), "id")) if s.startswith("P-")]

    assert [len(titles(n)) for n in (4, 5)] == [0, 1]


def test_teams_outside_the_guide_are_told_in_the_lead(lab: SimpleNamespace) -> None:
    outside = lab.finding("distribution.guide_outside", Status.FLAGGED, "guide", value=0.2, n=400, unit="share",
                          n_outside=8)  # fmt: skip
    lead = rater_page(lab.build(distribution=[outside]), "id").blocks[0].lead
    assert lead.endswith("8 tim di luar panduan SE MenPANRB 3/2023 tidak dibicarakan satu per satu, kecuali tim "
                         "yang predikatnya jauh dari predikat organisasinya, tetapi bersama dalam rapat "
                         "kalibrasi.")  # fmt: skip
    assert "panduan" not in rater_page(lab.build(), "id").blocks[0].lead


def test_each_line_says_which_data_it_rests_on(lab: SimpleNamespace) -> None:
    beyond = [lab.finding("achievement_gap.beyond_higher", Status.FLAGGED, "beyond_achievement", "rater", lab.raters[0],
                          scope=kind, value=0.9, lower=0.6, upper=1.2, n=12, unit="sd", threshold=0.25)
              for kind in ("ekinerja", "multisource")]  # fmt: skip
    section = sections(rater_page(lab.build(achievement_gap=beyond), "id"))[lab.short[0]]
    (table,) = (t for t in section.blocks if isinstance(t, b.TableBlock))
    rows = [row for row in table.rows if row[0] == table.rows[0][0]]
    assert [row[1] for row in rows] == ["e-Kinerja", "Multi-sumber"] and table.columns[1].label == "Data"


def test_the_share_of_a_team_is_called_what_it_is(lab: SimpleNamespace) -> None:
    """All twelve of a team got Baik: 100 % is no conformity with the guide."""
    team = lab.finding("distribution.team_kurang", Status.FLAGGED, "guide", "team", lab.raters[0], value=1.0, n=12,
                       unit="share")  # fmt: skip
    section = sections(rater_page(lab.build(distribution=[team]), "id"))[lab.short[0]]
    (table,) = (t for t in section.blocks if isinstance(t, b.TableBlock))
    assert table.rows[0][2:4] == ("porsi predikat terbanyak", "100,0%")


def test_nothing_about_raters_is_said_so(lab: SimpleNamespace) -> None:
    page = rater_page(lab.build(leniency=[lab.finding("leniency.not_identified", Status.NOT_APPLICABLE,
                                                      "within_ratee")]), "en")  # fmt: skip
    assert "tells nothing about single raters" in page.blocks[0].lead


def test_the_place_of_a_team_puts_nobody_on_the_page(lab: SimpleNamespace) -> None:
    """A team that only the best of teams would explain: some team of every region is there."""
    best = lab.finding("leniency.tipping_best", Status.CLEAR, "tipping", "rater", lab.raters[0], value=0.003, n=8,
                       unit="share", threshold=0.05)  # fmt: skip
    page = rater_page(lab.build(leniency=[best]), "id")
    assert not any(title.startswith("P-7K2M") for title in sections(page))
    assert "tidak ada yang memberi alasan untuk percakapan." in page.blocks[0].lead


def test_beside_a_pattern_the_place_of_a_team_is_told_with_how_many_are_there_by_chance(lab: SimpleNamespace) -> None:
    best = [lab.finding("leniency.tipping_best", Status.CLEAR, "tipping", "rater", lab.raters[0], value=0.003, n=8,
                        unit="share", threshold=0.05),
            lab.finding("leniency.tipping", Status.CLEAR, "tipping", value=1.0, n=720, unit="teams", teams=90,
                        limit=0.05)]  # fmt: skip
    unclear = lab.finding("rater_profile.unclear", Status.CLEAR, "pattern", "rater", lab.raters[0], value=0.9, n=8,
                          unit="ratio", threshold=0.7, typical=1.0)  # fmt: skip
    page = rater_page(lab.build(leniency=best, rater_profile=[unclear]), "id")
    text = " ".join(t for block in b.walk(page.blocks) for t in b.sentences(block))
    assert "Dari 90 tim di wilayah ini, kira-kira 4,5 termasuk 5% tim terbaik" in text
    assert "di setiap wilayah 5% tim berada di sana" in text
    (contents,) = (t for t in b.walk([sections(page)["Siapa yang ada di halaman ini"]]) if isinstance(t, b.TableBlock))
    assert contents.rows[0][3].endswith("(belum dapat dipastikan)")
    (table,) = (t for t in sections(page)["P-7K2M"].blocks if isinstance(t, b.TableBlock))
    assert sorted(row[-1] for row in table.rows) == ["berbeda, polanya tidak jelas", "keterangan, bukan penandaan"]


def test_the_page_is_never_public(audit: Audit) -> None:
    assert DOCUMENTS["telusur-penilai"].internal
    with pytest.raises(ValueError, match="internal"):
        rater_page(release(audit), "id")


def test_both_languages_have_the_same_numbers_and_no_pseudonym_whole(audit: Audit, lab: SimpleNamespace) -> None:
    blocks = [rater_page(audit, lang).blocks for lang in ("id", "en")]
    assert b.numbers(blocks[0]) == b.numbers(blocks[1]) and len(b.numbers(blocks[0])) >= 6
    for lang, found in zip(("id", "en"), blocks, strict=True):
        page = page_html(found, lang=lang, title="")
        assert not any(rater in page for rater in lab.raters)
        assert not re.search(r"\{\w+[}:?]", re.sub(r"<style>.*?</style>", "", page, flags=re.S))
