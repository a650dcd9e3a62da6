"""The page: its order, what leads, what is said of what cannot be known, the same in both languages."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from kinerja_analysis import audit as run_audit
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Status, merge
from kinerja_analysis.base.words import has
from kinerja_analysis.detect import REGISTRY
from kinerja_analysis.detect.adviser import COLUMNS
from kinerja_analysis.detect.contract import thresholds
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import page_html
from kinerja_analysis.report.index_page import headline
from kinerja_analysis.report.page import NAMES, Page, region_page
from kinerja_analysis.report.render import GLYPHS
from kinerja_analysis.report.sections import capacity, evidence, examined, key, origin, steps
from kinerja_analysis.report.view import View, split
from kinerja_analysis.report.workbook import all_findings
from kinerja_analysis.show.sentence import question
from kinerja_analysis.show.table import findings_frame


def find(page: Page, kind: type) -> list:
    return [block for block in b.walk(page.blocks) if isinstance(block, kind)]


def words_of(blocks) -> str:
    return "\n".join(text for block in b.walk(blocks) for text in b.sentences(block))


def test_sections_stand_in_the_order_of_the_report(page: Page) -> None:
    assert tuple(s.name for s in page.sections) == NAMES
    assert [s.anchor for s in find(page, b.Section)][:6] == [
        "diperiksa", "kemampuan", "temuan", "indeks", "langkah", "asal",
    ]  # fmt: skip


def test_several_regions_at_once_are_refused(lab: SimpleNamespace, audit: Audit) -> None:
    other = replace(lab.build(), cells=((lab.region, 2024),))
    with pytest.raises(ValueError):
        region_page(merge([audit, other]), "id")


def test_the_lead_says_what_is_identified_before_what_is_not(page: Page) -> None:
    lead = find(page, b.Masthead)[0].lead
    pairs, cannot, talk = (lead.index(w) for w in ("16 dari 100", "tidak dapat membedakan", "perlu dibicarakan"))
    assert pairs < cannot < talk


def test_no_number_about_a_rater_before_the_verdict(page: Page, lab: SimpleNamespace) -> None:
    text = words_of(page.blocks)
    first = min(text.index(name) for name in lab.short if name in text)
    assert text.index("setiap predikat diberikan oleh satu atasan saja") < first


def test_both_languages_hold_the_same_codes_and_numbers(page: Page, page_en: Page) -> None:
    assert b.codes(page.blocks) == b.codes(page_en.blocks) != set()
    assert b.numbers(page.blocks) == b.numbers(page_en.blocks) != set()


def test_no_block_is_in_the_other_language(page: Page, page_en: Page) -> None:
    indonesian, english = (
        {t for blk in b.walk(p.blocks) for t in b.sentences(blk) if len(t.split()) > 6 and "Kemendagri" not in t}
        for p in (page, page_en)
    )
    assert not indonesian & english
    assert not re.search(r"\b(dan|yang|tidak)\b", words_of(page_en.blocks))


def test_key_findings_are_flagged_and_one_per_detector(audit: Audit) -> None:
    view = View(audit, "id")
    chosen = key.choose(view)
    assert [f.code for f in chosen] == ["distribution.pairs_below", "leniency.inside_groups"]
    assert [view.strength(f) for f in chosen] == [3, 2]


def test_a_pattern_of_raters_that_another_card_holds_is_not_told_twice(lab: SimpleNamespace) -> None:
    none = {name: 0 for name in key.PATTERN}
    halo = lab.finding("halo.some", Status.FLAGGED, "profile_slope", scope="multisource", value=2, n=60, unit="count")

    def codes(scope: str = "multisource", **patterns: int) -> list[str]:
        profile = lab.finding("rater_profile.some", Status.FLAGGED, "pattern", scope="multisource", value=2, n=60,
                              unit="count", **(none | patterns))  # fmt: skip
        shown = lab.build(distribution=[], leniency=[], halo=[replace(halo, scope=scope)], rater_profile=[profile])
        return [f.code for f in key.choose(View(shown, "id"))]

    assert codes(n_halo=2) == ["halo.some"]
    assert set(codes(n_halo=2, n_copied=1)) == {"halo.some", "rater_profile.some"}
    assert set(codes("ekinerja", n_halo=2)) == {"halo.some", "rater_profile.some"}, "other ratings, another finding"


def test_nothing_flagged_is_said_calmly(lab: SimpleNamespace) -> None:
    clear = lab.finding("distribution.pairs", Status.CLEAR, "separated_pairs", value=0.3, lower=0.2, upper=0.4, n=99,
                        unit="share", threshold=0.2)  # fmt: skip
    silent = lab.finding("leniency.not_identified", Status.NOT_APPLICABLE, "within_ratee")
    quiet = lab.build(distribution=[clear], leniency=[silent])
    section = key.key(View(quiet, "id"), {})
    assert "Tidak ada yang ditandai" in section.blocks[0].text
    cards = section.blocks[1:]
    assert len(cards) == key.KEY and section.title == "Temuan utama"
    assert all(c.kicker.startswith("Tidak ditandai") and (c.strength, c.strength_word) == (0, "") for c in cards)
    assert "Kekuatan bukti" not in page_html(region_page(quiet, "id").blocks, lang="id", title="x")
    assert "Tidak ada yang ditandai untuk dibicarakan" in words_of(region_page(quiet, "id").blocks)


def test_what_is_withheld_from_the_public_is_not_called_unflagged(lab: SimpleNamespace) -> None:
    """One mismatch of 400 is flagged inside and not shown outside: only of what is shown is anything said."""
    clear = lab.finding("distribution.pairs", Status.CLEAR, "separated_pairs", value=0.3, lower=0.2, upper=0.4, n=99,
                        unit="share", threshold=0.2)  # fmt: skip
    few = lab.finding("matrix_check.systematic", Status.FLAGGED, "mismatches", value=0.0025, n=400, unit="share", k=1)
    silent = lab.finding("leniency.not_identified", Status.NOT_APPLICABLE, "within_ratee")
    public = release(lab.build(distribution=[clear], leniency=[silent], matrix_check=[few]))
    assert View(public, "id").withheld() == headline(public)["withheld"] == ["matrix_check"]
    assert headline(public)["answers"]["matrix_check"] == "withheld"
    for lang, among, bare in (("id", "Di antara hasil yang ditampilkan, tidak ada yang di", "Tidak ada yang"),
                              ("en", "Among the results that are shown, nothing was fl", "Nothing was")):
        text = words_of(region_page(public, lang).blocks)
        assert text.count(among) == 2 and bare not in text


@pytest.mark.parametrize(("code", "measure", "value", "lower", "upper", "threshold", "told"), [
    ("distribution.pairs", "separated_pairs", 0.44, 0.31, 0.56, 0.2, "di sisi yang baik dari ambang"),
    ("self_other.usual", "difference", 0.5, -1.0, 2.0, 7.0, "di dalam batas yang dianggap kecil"),
    ("decision_impact.bound", "changed_bound", 0.0, 0.0, 0.34, math.nan, "Yang tertulis berlaku dengan anggapan"),
    ("decision_impact.less", "changed_excess", -0.02, -0.02, 0.04, 0.05, "Yang tertulis berlaku dengan anggapan"),
    ("affinity.not_shown", "own_group_odds_ratio", 1.3, 1.1, 1.6, 1.5, "Arah selisihnya jelas; artinya, dan besarnya"),
])  # fmt: skip
def test_why_a_calm_finding_is_so_sure_follows_its_range(
    lab: SimpleNamespace, code: str, measure: str, value: float, lower: float, upper: float, threshold: float, told: str
) -> None:
    """A range above a threshold of which more is better is not small; one that includes no effect has no direction."""
    f = Finding(code, Status.CLEAR, measure, "region", lab.region, "ekinerja",
                Estimate(value, lower, upper, 0.95, 99, "share", "test"), threshold=threshold)  # fmt: skip
    assert told in key.reason(View(lab.build(decision_impact=[f]), "id"), f)


def test_raters_who_all_differ_alike_are_not_said_to_be_like_the_others(lab: SimpleNamespace) -> None:
    """Four supervisors 15 points above the peers: the test asks for more than they share, and the sentences say so."""
    far = {"value": 15.0, "lower": 8.9, "upper": 21.0, "n": 11, "unit": "points", "threshold": 2.2}
    raters = [lab.finding("leniency.not_shown", Status.CLEAR, "within_ratee", "rater", who, scope="multisource",
                          typical=15.6, **far) for who in lab.raters]  # fmt: skip
    for name in ("inside_groups", "too_weak", "linked"):
        verdict = lab.finding(f"leniency.{name}", Status.CLEAR, "within_ratee", scope="multisource", flagged=0,
                              family=4, h=3.0, not_judged=0)  # fmt: skip
        audit = lab.build(leniency=[verdict, *raters])
        for lang, usual in (("id", "selisih yang lazim"), ("en", "usual")):
            view = View(audit, lang)
            (how,) = [text for head, text in evidence.method(view, "leniency", audit.results["leniency"])
                      if head == view.say("evidence.method")]  # fmt: skip
            told = [key.card(view, 1, verdict, {}).claim, view.sentence(verdict), view.sentence(raters[0]), how]
            assert all(usual in text for text in told), told
    assert "15,6" in View(audit, "id").sentence(raters[0])


def test_a_share_of_rounded_counts_is_told_as_approximate(audit: Audit, page: Page) -> None:
    exact = words_of(page.blocks) + page_html(page.blocks, lang="id", title="x")
    assert "90% pegawai dinilai Baik" in exact and "ira-kira 90%" not in exact and "dibulatkan" not in exact
    for lang, told in (("id", ("Kira-kira 90% pegawai dinilai", "Bagian di wilayah ini kira-kira", "(kira-kira), San")),
                       ("en", ("About 90% of employees were", "Shares of this region are app", "(approximate): San"))):
        blocks = region_page(release(audit), lang).blocks
        text = words_of(blocks) + page_html(blocks, lang=lang, title="x")
        assert all(part in text for part in told)


def test_who_is_rated_but_in_no_comparison_is_told(audit: Audit) -> None:
    checks = pd.DataFrame({"measure": ["not_rated", "no_supervisor", "own_supervisor"], "k": [8, 0, 91],
                           "n": [410, 400, 400], "region": "01.02", "year": 2025})  # fmt: skip
    held = replace(audit, counts=audit.counts | {"checks": checks})
    row = audit.counts["examined"].to_dict("records")[0]
    told = {lang: examined.rated(View(held, lang), "ekinerja", row) for lang in ("id", "en")}
    assert told["id"].endswith("; 91 dinilai tetapi tercatat sebagai atasannya sendiri, maka tidak ikut dalam "
                               "perbandingan di dalam tim")  # fmt: skip
    assert "91 rated but recorded as their own supervisor" in told["en"] and "no supervisor recorded" not in told["en"]


def test_what_is_not_in_the_data_is_not_spoken_of(audit: Audit, lab: SimpleNamespace) -> None:
    """Ratings without agencies, no export at all, and a full count, under which nothing smaller can be hidden."""
    frame = audit.counts["examined"]
    bare = frame[frame["kind"] == "multisource"].assign(n_opd=0, n_opd_total=0)
    view = View(replace(audit, counts=audit.counts | {"examined": bare}), "id")
    assert examined.rated(view, "multisource", bare.iloc[0].to_dict()) == "**318** pegawai"
    for code in ("distribution.no_supervisor", "group_gap.no_rows_ekinerja", "affinity.no_rows_ekinerja",
                 "achievement_gap.no_supervisor_ekinerja"):  # fmt: skip
        none = lab.finding(code, Status.NOT_APPLICABLE, "x")
        assert "tidak ada data e-Kinerja" in view.sentence(none)
    counted = Finding("matrix_check.consistent", Status.CLEAR, "mismatches", "region",
                      estimate=Estimate(0.0, n=400, unit="share", method="full_count"))  # fmt: skip
    told = key.other_explanation(view, counted, "matrix_check")
    assert "sudah dihitung" in told and "lebih kecil" not in told


def test_a_finding_card_has_uncertainty_and_another_explanation(page: Page) -> None:
    cards = find(page, b.FindingCard)
    assert len(cards) == 2
    leniency = cards[1]
    assert leniency.claim == "2 dari 4 penilai menilai jelas berbeda dari penilai lain atas pegawai yang sama."
    assert "P-7K2MA +11,4 poin (rentang +7,0 sampai +15,8; n 21)" in leniency.body
    assert "bergantung pada anggapan" in leniency.body
    assert all(card.other and card.strength_word for card in cards)


def test_what_cannot_be_answered_stands_there_with_its_reason(page: Page, audit: Audit) -> None:
    yes, partly, no = find(page, b.Answers)[0].lists
    reasons = dict(no)
    question = "Apakah pegawai dari kelompok yang sama dengan penilainya diuntungkan?"
    assert reasons[question].startswith("Tidak dapat diperiksa: berkas pegawai tidak memuat ciri")
    assert any("longgar" in q for q, _ in partly), "the export gives bounds only, the 360 part an answer"
    assert len(yes) + len(partly) + len(no) == len(audit.results) + 1


@pytest.mark.parametrize(("detector", "measure"), [("affinity", "own_group"), ("group_gap", "gaps")])
def test_an_only_comparison_that_settles_nothing_is_answered_in_part_and_told_once(
    detector: str, measure: str, lab: SimpleNamespace
) -> None:
    def place(**kinds: int) -> tuple[int, str]:
        none = {"n_tested": sum(kinds.values()), "n_refused": 0, "n_open": 0, "n_small": 0, "n_direction": 0}
        only = lab.finding(f"{detector}.verdict_clear", Status.CLEAR, measure, value=0, n=90, unit="count",
                           **(none | kinds))  # fmt: skip
        view = View(lab.build(**{detector: [only]}), "id")
        lists = capacity.answers(view).lists
        asked = question(detector, "id")
        return next(i for i, found in enumerate(lists) if asked in dict(found)), view.sentence(only)

    where, text = place(n_open=1)
    assert where == 1 and "belum dapat memastikan" in text and not re.search(r"; 1 |tidak menunjukkan", text)
    where, text = place(n_small=1)
    assert where == 0 and "terlalu kecil untuk berarti" in text and "; 1 " not in text
    where, text = place(n_open=1, n_direction=1)
    assert where == 0 and "; 1 hanya jelas arahnya; 1 belum dapat dipastikan" in text


def test_an_error_is_named_where_nothing_can_be_answered(lab: SimpleNamespace) -> None:
    broken = lab.build(matrix_check=[lab.finding("matrix_check.failed", Status.ERROR, "error", scope="both",
                                                 kind_of_error="ZeroDivisionError")])  # fmt: skip
    reasons = [why for _, why in capacity.answers(View(broken, "id")).lists[2]]
    assert any("ZeroDivisionError" in why for why in reasons)


def test_smallest_effect_and_false_flag_budget_come_before_results(page: Page) -> None:
    section = next(s for s in find(page, b.Section) if s.anchor == "kemampuan")
    text = " ".join(words for note in section.blocks if isinstance(note, b.Note) for _, words in note.parts)
    assert "4 uji dengan batas kekeliruan, 2 penandaan; paling banyak 0,2" in text
    assert "hitungan, rentang, atau batas tidak termasuk" in text, "a flagged count stands beside these tests"
    (table,) = [t for t in section.blocks if isinstance(t, b.TableBlock) and t.caption.startswith("Terkecil")]
    assert [c.label for c in table.columns] == ["", "e-Kinerja", "Multi-sumber"]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["Kelonggaran dan keketatan"][0] == "–", "each says which question and data it belongs to"
    assert "10,0 poin" in rows["Kelonggaran dan keketatan"][1]
    assert "rasio peluang 1,9" in rows["Selisih antarkelompok"][0]
    assert table.caption.endswith("Yang lebih kecil dapat ada tanpa terlihat.")


def test_the_index_is_not_formed_and_says_why(page: Page, lab: SimpleNamespace) -> None:
    section = next(s for s in find(page, b.Section) if s.anchor == "indeks")
    text = words_of([section])
    assert "Indeks tidak dibentuk" in text and "tidak dihitung pada audit ini" in text
    assert "tidak dapat melebihi 16" in text


def test_raters_to_talk_to_have_question_step_and_reply(page: Page, lab: SimpleNamespace) -> None:
    review = find(page, b.Review)[0]
    assert [item[0] for item in review.items] == [lab.short[0], lab.short[1], "Kabupaten Contoh"]
    assert [item[1].split("\n")[0] for item in review.items] == ["T-1", "T-2", "T-3"]
    assert review.items[2][3] == "pola wilayah; tidak menunjuk baris tertentu"
    assert all(all(part for part in item) for item in review.items)
    assert find(page, b.Box)[0].title == "Hak jawab"


def test_contrasts_of_one_name_are_told_apart(lab: SimpleNamespace) -> None:
    """The same two groups, once at equal achievement; below 1 the odds ratio is held against the limit below 1."""
    many = {"n": 375, "unit": "odds_ratio", "threshold": 1.5, "reference": "pns", "group": "pppk"}
    parts = [lab.finding(code, Status.FLAGGED, measure, "group", "employment=pppk", value=value, lower=0.2, upper=0.6,
                         p_adjusted=0.01, attribute="employment", limit=1 / 1.5, **many)
             for code, measure, value in (("group_gap.given_beyond", "odds_ratio_given", 0.35),
                                          ("group_gap.beyond_lower", "odds_ratio", 0.36))]  # fmt: skip
    whole = lab.finding("group_gap.verdict_flagged", Status.FLAGGED, "gaps", value=1.0, n=400, unit="count", n_beyond=1,
                        n_tested=7)  # fmt: skip
    view = View(lab.build(group_gap=[whole, *parts]), "en")
    shown = key.card(view, 1, whole, {})
    assert "The clearest: PPPK – PNS odds ratio 0.36" in shown.body
    assert "; PPPK – PNS (at equal achievement) odds ratio 0.35" in shown.body
    assert shown.figure is not None
    assert "PPPK – PNS (at equal achievement): 0.35" in shown.figure.alt and "PPPK – PNS: 0.36" in shown.figure.alt
    assert "Limit: 1.50 or 0.67." in shown.figure.alt


def test_a_conversation_with_raters_is_proposed_only_where_one_is_flagged(lab: SimpleNamespace) -> None:
    """A flag of the region asks for something that can be done without a rater to talk to."""
    flag, many = Status.FLAGGED, {"scope": "multisource"}
    silent = lab.finding("leniency.not_identified", Status.NOT_APPLICABLE, "within_ratee")
    more = lab.finding("decision_impact.more", flag, "changed_excess", value=0.1, n=90, unit="share", **many)
    pairs = lab.finding("reciprocity.peers_beyond", flag, "reciprocity", value=0.4, n=200, unit="correlation", **many)
    alike = lab.finding("straight_lining.single_many", flag, "single_value", value=20.0, n=400, unit="teams",
                        n_flagged=0)  # fmt: skip
    one = lab.finding("straight_lining.single_rater", flag, "single_value", "rater", lab.raters[0], value=0.001, n=8)

    def proposed(**results: list[Finding]) -> list[str]:
        quiet = lab.build(distribution=[], leniency=[silent], **results)
        return [what for what, _, _ in steps.next_steps(View(quiet, "en"))]

    talk = "Conversations with the raters flagged"
    assert proposed(decision_impact=[more])[0] == "More raters for decisions that use these ratings"
    assert proposed(reciprocity=[pairs])[0] == "Have fewer pairs who rate each other"
    assert proposed(straight_lining=[alike])[0] == "Look at how ratings are entered"
    assert talk not in proposed(decision_impact=[more], reciprocity=[pairs], straight_lining=[alike])
    assert talk in proposed(straight_lining=[alike, one])
    assert talk in [what for what, _, _ in steps.next_steps(View(lab.build(), "en"))]


def test_who_counts_as_a_rater_is_said(page: Page, page_en: Page) -> None:
    """Employees rate each other: raters are counted without self ratings, not without employees."""
    assert "120** penilai, tidak termasuk penilaian diri" in words_of(page.blocks)
    assert "120** raters, not counting self ratings" in words_of(page_en.blocks)


def test_the_public_page_names_nobody(public_page: Page, lab: SimpleNamespace) -> None:
    text = str(b.to_json(public_page.blocks))
    assert not re.search(r"\bP-?[A-Z2-7]{4,13}\b(?<!PPPK)", words_of(public_page.blocks))
    assert not any(r in text or s in text for r, s in zip(lab.raters, lab.short, strict=True))
    assert not find(public_page, b.Review)
    assert public_page.level == "public"


def test_head_counts_by_agency_add_up(page: Page) -> None:
    table = next(t for t in find(page, b.TableBlock) if t.role == "annex")
    assert [c.label for c in table.columns] == [
        "Perangkat daerah", "PNS", "PPPK", "Jumlah", "Sangat Baik", "Baik", "Butuh Perbaikan", "Kurang",
        "Sangat Kurang", "Belum dinilai", "Tidak membuat SKP", "Dikecualikan",
    ]  # fmt: skip
    assert table.rows == (
        ("Dinas Sosial", 205, 65, 270, 22, 240, 0, 0, 0, 6, 2, 0),
        ("Sekretariat", 140, 0, 140, 18, 118, 1, 1, 0, 2, 0, 0),
        ("Seluruhnya", 345, 65, 410, 40, 358, 1, 1, 0, 8, 2, 0),
    )


def test_small_public_counts_are_hidden(public_page: Page) -> None:
    table = next(t for t in find(public_page, b.TableBlock) if t.role == "annex")
    numbers = [v for row in table.rows for v in row if isinstance(v, int)]
    assert numbers and all(v == -1 or (v >= 10 and v % 5 == 0) for v in numbers)


def test_rows_are_counted_once_and_named_by_reason(audit: Audit) -> None:
    view = View(audit, "id")
    assert origin.files(view) == "2 berkas, 4.418 baris dibaca; sidik data `9f3ca71e9f3ca71e`"
    assert origin.set_aside(view) == "15 jabatan Plt/Plh; 3 rangkap"
    frame = view.count("accounting")
    hidden = frame.assign(rows=[60, -1, -1], merged=[0, 0, 10], set_aside=[-1, 0, -1], reason=["acting", "", "acting"])
    few = View(replace(view.audit, counts=view.audit.counts | {"accounting": hidden}), "id")
    assert "baris tidak dijumlahkan" in origin.files(few) and "58" not in origin.files(few)
    assert origin.set_aside(few) == "kurang dari 10 jabatan Plt/Plh"


@pytest.mark.parametrize("detector", REGISTRY)
def test_every_threshold_has_words_in_both_languages(detector: str) -> None:
    assert not [name for name in thresholds(detector) if not has(f"report.limit.{detector}.{name}")]


def test_a_changed_threshold_is_printed(lab: SimpleNamespace) -> None:
    changed = replace(lab.build(), config=lab.build().config.model_copy(update={"thresholds": {"leniency.delta": 0.3}}))
    assert "0,30 simpangan baku" in words_of(region_page(changed, "id").sections[7].blocks)
    assert "diubah pengguna" in words_of(region_page(changed, "id").sections[7].blocks)


def test_every_verdict_has_words_for_lead_name_and_sentence() -> None:
    for code in GLYPHS:
        assert has(f"report.verdict_name.{code}") and has(f"indexpage.legend.{code}")
        for kind in ("ekinerja", "multisource"):
            assert has(f"report.lead.{code}.{kind}") and has(f"show.verdict.{code}.{kind}")


def test_split_keeps_numbers_and_regulations_whole() -> None:
    assert split("Rentang 1,2 (SE MenPANRB 3/2023; n 5). Lalu.") == ("Rentang 1,2 (SE MenPANRB 3/2023; n 5).", "Lalu.")
    assert split("One sentence") == ("One sentence", "")


def test_each_method_tells_its_calibration_or_that_it_is_not_renewed(
    lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 of 150 answers are 2 %, 30 of 40 problems 75 %, 96 of 100 ranges 96 %; another hash or none is stale."""
    from kinerja_analysis.detect import calibration
    from kinerja_analysis.report.sections import evidence

    numbers = dict(answers="150", flagged="3", planted="40", found="30", intervals="100", covered="96")
    lines = {"leniency": {"detector": "leniency", "hash": calibration.closure_hash("leniency"), **numbers},
             "halo": {"detector": "halo", "hash": "0", **numbers}}  # fmt: skip
    monkeypatch.setattr(calibration, "measured", lambda: lines)
    monkeypatch.setattr(evidence, "measured", lambda: lines)
    view = View(lab.build(), "id")
    text = evidence.calibrated(view, "leniency")
    for part in ("3 dari 150 jawaban (2,0%)", "30 dari 40 jawaban (75%)", "96% dari 100"):
        assert part in text
    assert "kalibrasi belum diperbarui" in evidence.calibrated(view, "halo")
    assert "calibration not renewed" in evidence.calibrated(View(lab.build(), "en"), "self_other")
    rare = "menemukan hanya 7 dari 40 masalah besar"
    assert rare not in words_of([evidence.evidence(view, "leniency", "a1")])
    lines["leniency"] |= {"found": "7"}
    assert rare in evidence.evidence(view, "leniency", "a1").blocks[1].text, "beside the claim"
    lines["leniency"] |= {"intervals": "0", "covered": "0"}
    assert "Rentang memuat" not in evidence.calibrated(view, "leniency")
    assert words_of(region_page(lab.build(), "id").blocks).count("kalibrasi belum diperbarui") >= 1


def test_the_caveat_of_ratings_beyond_achievement_is_never_cut(lab: SimpleNamespace) -> None:
    beyond = lab.finding("achievement_gap.beyond_higher", Status.FLAGGED, "beyond_achievement", "rater", lab.raters[0],
                         value=0.9, lower=0.6, upper=1.2, n=12, unit="sd", threshold=0.25)  # fmt: skip
    lenient = next(lab.build()["leniency"].findings(subject=lab.raters[0]))
    text = steps.basis(View(lab.build(), "id"), [beyond, beyond, lenient])
    assert text.count("Ini bukan bukti kelonggaran bila target ditetapkan oleh penilai yang sama.") == 1
    assert "P-" in text.split("penilai yang sama.")[1] and "Penjelasan lain" not in text


def test_bounds_hold_for_one_year_and_changes_of_supervisor_tell_more(lab: SimpleNamespace) -> None:
    bounds = [f for f in lab.build()["leniency"].findings() if f.measure == "bounds"]
    change = lab.finding("leniency.change_spread", Status.CLEAR, "supervisor_change", value=0.3, lower=0.1, upper=0.5,
                         n=300, unit="sd")  # fmt: skip
    for more, said in (([], False), ([change], True)):
        ((text, _),) = capacity.verdict(View(lab.build(leniency=[*bounds, *more]), "id")).bounds
        assert "Dari satu tahun saja" in text and ("Pergantian atasan" in text) is said


def test_the_page_says_who_is_left_out(lab: SimpleNamespace) -> None:
    numbers = {"value": -0.9, "lower": -1.2, "upper": -0.6, "n": 320, "unit": "sd", "scope": "multisource"}
    found = lab.finding("leniency.left_out_lower", Status.CLEAR, "left_out", "source", "supervisor", k=82, units=36,
                        top=1, **numbers)  # fmt: skip
    numbers |= {"value": 0.3, "lower": 0.1, "upper": 0.5}
    spread = lab.finding("leniency.spread", Status.CLEAR, "spread", **numbers)
    section = evidence.evidence(View(lab.build(leniency=[spread, found]), "id"), "leniency", "a1")
    assert "82 dari 320 pegawai tidak dinilai oleh mereka" in words_of(section.blocks)


def test_groups_stand_in_no_column_of_employees(lab: SimpleNamespace) -> None:
    """The study of changes of supervisor counts groups: neither table, workbook nor basis print them as n."""
    numbers = {"value": 0.3, "lower": 0.1, "upper": 0.5, "n": 136, "unit": "sd", "scope": "ekinerja"}
    groups = lab.finding("leniency.change_spread", Status.CLEAR, "supervisor_change", **numbers)
    several = lab.finding("leniency.spread", Status.CLEAR, "spread", **{**numbers, "n": 90, "scope": "multisource"})
    view = View(lab.build(leniency=[groups, several]), "en")
    drawn = [d for d in evidence.drawings(view, "leniency", view.audit["leniency"]) if d is not None]
    table = drawn[-1][1]
    place = [c.label for c in table.columns].index("n")
    assert [row[place] for row in table.rows] == [None, 90] and "A row without n" in drawn[-1][0].caption
    told = all_findings(view).set_index("code")["n"]
    assert pd.isna(told["leniency.change_spread"]) and told["leniency.spread"] == 90
    shown = findings_frame(view.audit["leniency"], "en")["n"]
    assert shown.isna().tolist() == [True, False] and "136" not in capacity._basis(view, [groups])


def test_what_makes_raters_comparable_is_what_the_table_of_prices_says(lab: SimpleNamespace) -> None:
    audit = lab.build()
    line: dict[str, object] = dict.fromkeys(COLUMNS, math.nan) | {
        "kind": "multisource", "way": "cross", "raters": 80, "n_added": 50, "told": "spread", "measured": False}
    for needed, said in ((120.0, "sekitar 120 penilaian"), (math.nan, "belum dapat dibandingkan satu per satu")):
        advice = pd.DataFrame([{"region": lab.region, "year": lab.year, **line, "n_needed": needed}])
        view = View(replace(audit, counts=audit.counts | {"advice": advice}), "id")
        for verdict in ("inside_groups_only", "connected_too_weak"):
            row = SimpleNamespace(kind="multisource", verdict=verdict, n_components=9)
            ((_, text),) = capacity.changes(view, row)
            assert said in text and ("tidak tercapai" in str(capacity.prices(view))) is math.isnan(needed)


def test_more_ratings_than_employees_are_not_called_employees(lab: SimpleNamespace) -> None:
    several = lab.finding("self_other.usual", Status.CLEAR, "difference", value=4.0, lower=1.0, upper=7.0, n=2793,
                          unit="points", scope="multisource")  # fmt: skip
    view = View(lab.build(self_other=[several]), "id")
    assert capacity._basis(view, [several]).startswith("Multi-sumber: 2.793 penilaian")
    assert capacity._basis(view, [replace(several, estimate=replace(several.estimate, n=318))]).endswith("318 pegawai")


def test_pairs_who_rate_each_other_are_called_pairs(lab: SimpleNamespace) -> None:
    pairs = lab.finding("reciprocity.peers_at_most", Status.CLEAR, "reciprocity", value=0.1, lower=0, upper=0.2, n=968,
                        unit="correlation", scope="multisource")  # fmt: skip
    for lang, said in (("id", "Multi-sumber: 968 pasangan"), ("en", "Multi-source: 968 pairs")):
        assert capacity._basis(View(lab.build(reciprocity=[pairs]), lang), [pairs]) == said


def test_how_often_a_team_is_all_baik_follows_the_region(lab: SimpleNamespace) -> None:
    """By hand: .895^10 = .330, .816^10 = .131; nothing is said where another predikat is the commonest."""
    for share, predikat, said in ((0.895, "BAIK", 33), (0.816, "BAIK", 13), (0.6, "SANGAT BAIK", 0)):
        modal = lab.finding("distribution.share_modal", Status.CLEAR, "share_modal", value=share, n=400, unit="share",
                            predikat=predikat)  # fmt: skip
        view = View(lab.build(distribution=[modal]), "id")
        ((_, aside),) = evidence.evidence(view, "distribution", "a1").aside
        assert aside.startswith("**“Semua Baik”") and (f"kira-kira {said} dari 100 tim" in aside) is (said > 0)
        assert ("sepuluh" in aside) is (said > 0)


def test_a_scale_that_is_shown_on_another_one_says_so(audit: Audit) -> None:
    view, row = View(audit, "id"), audit.counts["examined"].to_dict("records")[1]
    assert examined.recorded(view, "multisource", row).endswith("skala 0–100")
    ten = examined.recorded(view, "multisource", row | {"scales": "1–10"})
    assert ten.endswith("skala 1–10, dalam laporan ini disetarakan ke 0–100")
    two = examined.recorded(view, "multisource", row | {"scales": "0–100|1–5"})
    assert "skala 0–100 dan 1–5 menurut sumber atau kriteria" in two


def test_only_pages_with_pseudonyms_end_with_the_right_of_reply(page: Page, public_page: Page) -> None:
    for shown, level in ((page, "internal"), (public_page, "public")):
        html = page_html(shown.blocks, lang="id", title="x", level=level)
        assert ("berhak menjawab" in html.split("<footer")[1]) is (level == "internal")


@pytest.mark.parametrize(("status", "told"), [("INSUFFICIENT", False), ("CLEAR", True)])
def test_a_spread_is_not_announced_where_the_study_of_changes_has_no_answer(
    lab: SimpleNamespace, status: str, told: bool
) -> None:
    study = lab.finding("leniency.change_few", Status(status), "supervisor_change", scope="ekinerja", n_changed=4,
                        minimum=10)  # fmt: skip
    audit = lab.build(leniency=[study])
    frame = audit.design.frame.assign(verdict="linked_by_changes", kind="ekinerja").iloc[:1]
    page = region_page(replace(audit, design=Design(frame)), "id")
    lead = find(page, b.Masthead)[0].lead
    assert ("hanya **sebaran kelonggaran" in lead) == told
    assert ("juga sebarannya, belum dapat diperkirakan" in lead) != told
    assert any("sebaran itu pun belum" in x for x in find(page, b.Verdict)[0].sentences) != told


def test_an_upper_bound_on_the_spread_is_not_announced_as_the_spread(lab: SimpleNamespace) -> None:
    study = lab.finding("leniency.move_spread", Status.CLEAR, "supervisor_change", scope="ekinerja", n_changed=14,
                        steps=0.2, value=0.4, lower=0.1, upper=0.7, n=90, unit="sd")  # fmt: skip
    audit = lab.build(leniency=[study])
    frame = audit.design.frame.assign(verdict="linked_by_changes", kind="ekinerja").iloc[:1]
    page = region_page(replace(audit, design=Design(frame)), "id")
    lead = find(page, b.Masthead)[0].lead
    assert "batas atas perbedaan kelonggaran" in lead and "hanya **sebaran kelonggaran" not in lead
    assert any("hanya batas atas sebaran itu" in x for x in find(page, b.Verdict)[0].sentences)


@pytest.mark.parametrize("own", [0, 12])
def test_self_ratings_are_spoken_of_only_where_there_are_any(audit: Audit, own: int) -> None:
    sources = pd.DataFrame({"region": "01.02", "year": 2025, "source": ["self", "peer"], "rated": [own, 12]})
    frame = audit.design.frame.assign(verdict="inside_groups_only", kind="multisource", n_components=41).iloc[:1]
    made = replace(audit, design=Design(frame), counts={**audit.counts, "sources": sources})
    for lang, words in (("id", "Penilaian diri tidak menyambung apa pun."), ("en", "Self ratings link nothing.")):
        captions = [f.caption for f in find(region_page(made, lang, pictures=False), b.Figure)]
        assert any("41" in c for c in captions) and any(words in c for c in captions) is bool(own)


def test_of_quarters_the_one_that_counts_is_named(audit: Audit) -> None:
    quarters = "2025-Q1|2025-Q2|2025-Q3"
    told = [examined.period_words(View(audit, lang), quarters) for lang in ("id", "en")]
    assert "triwulan III 2025" in told[0] and told[0].startswith("3 triwulan") and "quarter III of 2025" in told[1]
    assert examined.period_words(View(audit, "id"), "2025-Q4") == "triwulan IV 2025"
    assert examined.period_words(View(audit, "id"), "2025") == f"tahun {View(audit, 'id').year}"


def test_self_ratings_alone_ask_for_raters_not_for_links() -> None:
    same = {"source": "self", "scale_min": 1, "scale_max": 5, "period": "2025", "region": "98.01", "criterion": "a"}
    rows = [same | {"ratee": f"p{i}", "rater": f"p{i}", "score": 3 + i % 3, "unit": f"u{i // 6}"} for i in range(30)]
    view = View(run_audit(pd.DataFrame(rows), config=AuditConfig(identifiers="pseudonymous")), "en")
    told = [text for row in view.audit.design.frame.itertuples() for p in capacity.changes(view, row) for text in p]
    assert "Ratings by others" in told[0] and not any("Joins" in text for text in told)
    (kind,) = view.count("examined").to_dict("records")
    assert "only the employees themselves" in examined.raters(view, "multisource", kind)
