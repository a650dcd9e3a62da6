"""The page about the data: verdict first, every number with its n, nobody named at the public level."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import account, load_audit, save_audit
from kinerja_analysis.base.tables import ACCOUNTING, COLUMNS, TABLES
from kinerja_analysis.base.words import has
from kinerja_analysis.read.values import EXCLUSIONS
from kinerja_analysis.release import release
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import region_html
from kinerja_analysis.report.page import QUALITY_NAMES, Page, quality_page
from kinerja_analysis.report.sections.quality import filled, verdict
from kinerja_analysis.report.view import View

MEASURES = ("not_rated", "both", "no_second", "no_achievements", "never_rated", "no_supervisor", "own_supervisor",
            "several_supervisors", "unknown_sex",
            "unknown_age_band", "unknown_employment", "uncomputed", "contradiction", "wide_span", "batch_ekinerja",
            "batch_multisource")  # fmt: skip
RATER = "P7K2MAAAAAAAAA"


def frames(**changes: tuple[int, ...]) -> dict[str, pd.DataFrame]:
    """Quality frames by hand: agency A (units u, v) of 40, agency K of 4 persons; ``changes`` replaces measures."""
    head = {"region": "01.02", "year": 2025}
    checks = {"not_rated": (2, 44), "both": (30, 44), "no_second": (14, 44), "no_achievements": (11, 44),
              "never_rated": (0, 0), "no_supervisor": (1, 42), "own_supervisor": (0, 42),
              "several_supervisors": (13, 41), "unknown_sex": (0, 44), "unknown_age_band": (3, 44),
              "unknown_employment": (0, 44), "uncomputed": (9, 33), "contradiction": (0, 42),
              "wide_span": (0, 41, 0, 21), "batch_ekinerja": (12, 41, 2, 12),
              "batch_multisource": (0, 0)} | changes  # fmt: skip
    rows = [(m, *(*v, 0, 0)[:4]) for m, v in checks.items()]
    unrated = [("A", "u", "rated", 25), ("A", "v", "rated", 13), ("A", "v", "draft", 1), ("A", "v", "hukdis", 1),
               ("K", "", "rated", 4)]  # fmt: skip
    sizes, rated = {("A", "u"): 25, ("A", "v"): 15, ("K", ""): 4}, {("A", "u", "peer"): (20, 50)}
    sources = ("ekinerja", "supervisor", "self", "peer", "subordinate")
    full = {(*place, "ekinerja"): (n, n) for place, n in sizes.items()} | rated
    coverage = [(*place, s, n, *full.get((*place, s), (0, 0))) for place, n in sizes.items() for s in sources]
    filled = [("appraisals", "person", 44, 44), ("appraisals", "predikat", 44, 33), ("achievements", "", 0, 0)]
    lines = [(1, 1, "appraisals", 44, 44, 0, 0, ""), (1, 1, "appraisals", 2, 0, 0, 2, "blank"),
             (2, 1, "ratings", 80, 80, 0, 0, ""), (2, 1, "ratings", 15, 0, 15, 0, "duplicate")]  # fmt: skip
    made = {
        "checks": pd.DataFrame(rows, columns=["measure", "k", "n", "raters", "largest"]),
        "unrated": pd.DataFrame(unrated, columns=["opd", "unit", "reason", "n"]),
        "coverage": pd.DataFrame(coverage, columns=["opd", "unit", "source", "n", "rated", "pairs"]),
        "completeness": pd.DataFrame(filled, columns=["table", "column", "n", "filled"]),
        "entries": pd.DataFrame([("batch_ekinerja", RATER, 12)], columns=["measure", "rater", "n"]),
        "problems": pd.DataFrame([("KA-N301", 2), ("KA-W204", 31)], columns=["code", "n"]),
        "accounting": pd.DataFrame(lines, columns=ACCOUNTING),
        "rows": pd.DataFrame([("appraisals", 46, 44, 0, 2), ("ratings", 95, 80, 15, 0)],
                             columns=["table", "rows", "kept", "merged", "set_aside"]),
        "sources": pd.DataFrame([("ekinerja", 44, 44, 44, 3, 0), ("supervisor", 44, 0, 0, 3, 3),
                                 ("self", 44, 0, 0, 3, 3), ("peer", 44, 20, 50, 3, 2), ("subordinate", 44, 0, 0, 3, 3)],
                                columns=["source", "n", "rated", "pairs", "units", "none"]),
    }  # fmt: skip
    return {name: frame.assign(**head) for name, frame in made.items()}


@pytest.fixture(scope="module")
def whole(audit: Audit) -> Audit:
    return replace(audit, counts={**audit.counts, **frames()})


def tables(page: Page, section: str) -> list[b.TableBlock]:
    parts = next(s.blocks for s in page.sections if s.name == section)
    return [t for t in b.walk(parts) if isinstance(t, b.TableBlock)]


def words(page: Page) -> str:
    return "\n".join(t for block in b.walk(page.blocks) for t in b.sentences(block))


def test_sections_and_verdict_first(whole: Audit) -> None:
    page = quality_page(whole, "id")
    assert tuple(s.name for s in page.sections) == QUALITY_NAMES
    assert page.blocks[0].lead == (
        "Data ini **cukup untuk diaudit**: 95% dari 44 pegawai sudah dinilai, dan atasannya diketahui pada 98% di "
        "antaranya. Yang paling banyak kurang: penilaian kedua (360); 32% pegawai hanya dinilai oleh atasannya atau "
        "tidak dinilai sama sekali."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"not_rated": (5, 44)}, "**cukup untuk sebagian audit saja**: 89% dari 44"),
        ({"not_rated": (23, 44)}, "**belum cukup untuk diaudit**: 48% dari 44"),
        ({"no_supervisor": (42, 42)}, "**cukup untuk sebagian audit saja**: 95% dari 44 pegawai sudah dinilai, dan "
         "atasannya diketahui pada 0% di antaranya. Yang paling banyak kurang: NIP atasan"),
        ({"not_rated": (0, 0), "no_supervisor": (0, 0)}, "multi-sumber atas 44 pegawai, tetapi tidak ada ekspor"),
        ({"no_second": (0, 0)}, "tidak ada pegawai untuk tahun ini"),
        ({"no_second": (0, 44), "no_achievements": (0, 44), "not_rated": (0, 44), "unknown_age_band": (0, 44)},
         "98% di antaranya. Yang paling banyak kurang: NIP atasan"),
        ({m: (0, 44) for m in MEASURES}, "Tidak ada bagian yang banyak kurang."),
    ],
)  # fmt: skip
def test_verdicts(audit: Audit, changes: dict[str, tuple[int, ...]], said: str) -> None:
    told = verdict(View(replace(audit, counts={**audit.counts, **frames(**changes)}), "id"))
    assert said in told


def test_rows_by_file_add_up(whole: Audit) -> None:
    (table,) = tables(quality_page(whole, "id"), "rows")
    assert table.rows == (
        (1, 1, "hasil SKP", 46, 44, 0, 2, "2 baris kosong"), (2, 1, "penilaian", 95, 80, 15, 0, "15 rangkap"),
    )  # fmt: skip
    assert all(r[3] == r[4] + r[5] + r[6] for r in table.rows)


def test_who_is_not_rated_and_which_columns_lack(whole: Audit) -> None:
    page = quality_page(whole, "id")
    by_agency, by_unit = tables(page, "unrated")
    assert [c.label for c in by_agency.columns] == ["Perangkat daerah", "Jumlah", "Sudah dinilai", "Belum dinilai",
                                                    "Konsep, belum diselesaikan", "Tidak membuat SKP",
                                                    "Hukuman disiplin"]  # fmt: skip
    assert by_agency.rows == (("A", 40, 38, 0, 1, 0, 1), ("K", 4, 4, 0, 0, 0, 0), ("Seluruhnya", 44, 42, 0, 1, 0, 1))
    assert by_unit.rows == (("A", "v", 15, 13, 0, 1, 0, 1),)
    assert tables(page, "filled")[0].rows == (("hasil SKP", "Predikat", 33, 44, 0.75),)
    assert "Tidak dapat dihitung: capaian" in words(page) and "1 kolom lain terisi" in words(page)


def test_sources_in_all_and_by_unit_lowest_first(whole: Audit) -> None:
    whole_, by = tables(quality_page(whole, "en"), "coverage")
    assert whole_.rows[3] == ("peers", 20, 44, pytest.approx(20 / 44), 2.5, 2, 3)
    assert [r[:3] for r in by.rows] == [("A", "v", 15), ("K", "Agency not stated", 4), ("A", "u", 25)]
    assert by.rows[2][3:] == (1.0, 0.0, 0.0, 0.8, 0.0, 2.5)


def test_what_cannot_be_counted_is_said(whole: Audit) -> None:
    found, entries = tables(quality_page(whole, "id"), "checks")
    by = {r[0]: r[1:] for r in found.rows}
    assert len(by) == len(MEASURES)
    assert by["Pegawai di berkas pegawai yang tidak pernah dinilai"] == ("tidak dapat dihitung", 0, None, None)
    assert by["Pegawai di bawah atasan yang menilai lebih dari 100 orang"] == (0, 41, 0.0, 21)
    assert entries.rows[0][0].startswith("P-7K2M") and entries.rows[0][2] == 12


def test_warnings_by_code_without_values(whole: Audit) -> None:
    (table,) = tables(quality_page(whole, "id"), "problems")
    assert [(r[0], r[1], r[3]) for r in table.rows] == [("KA-N301", "catatan", 2), ("KA-W204", "peringatan", 31)]
    assert "{" not in table.rows[0][2]


def test_both_languages_hold_the_same_numbers(whole: Audit) -> None:
    pages = [quality_page(whole, lang) for lang in ("id", "en")]
    assert b.numbers(pages[0].blocks) == b.numbers(pages[1].blocks) != set()
    assert not re.search(r"\b(dan|yang|tidak|pegawai)\b", words(pages[1]))


def test_the_public_page_names_no_unit_no_rater_and_no_small_number(whole: Audit) -> None:
    public = release(whole)
    page = quality_page(public, "id")
    text = str(b.to_json(page.blocks))
    assert not any(word in text for word in (RATER, "P-7K2M", "Hukuman", "hukdis"))
    small = ("Perangkat daerah kecil, digabung", *[-1] * 5)
    assert tables(page, "unrated")[0].rows == (small, ("A", 40, -1, -1, -1, -1))
    assert tables(page, "rows")[0].rows == (("hasil SKP", 45, 45, 0, -1), ("penilaian", 95, 80, 15, 0))
    by = tables(page, "coverage")[1]
    assert {r[0] for r in by.rows} == {"A", "Perangkat daerah kecil, digabung"} and len(by.columns) == 8
    # two raters stand behind the twelve: not told; 2 of 44 not rated: hidden; none: said
    checks = {r[0]: r[1:3] for r in tables(page, "checks")[0].rows}
    assert checks["Penilaian e-Kinerja dari satu atasan atas 5 orang atau lebih dalam menit yang sama"] == (-2, 40)
    assert checks["Pegawai di ekspor e-Kinerja yang tidak dinilai pada periode yang dihitung"] == (-1, 45)
    assert checks["Predikat yang berbeda dari kuadran kinerja"] == (0, 40)
    assert len(tables(page, "checks")) == 1
    counted = [n for t in b.walk(page.blocks) if isinstance(t, b.TableBlock) for row in t.rows
               for n, c in zip(row, t.columns, strict=True) if c.form == "n" and c.label not in
               ("Unit tanpa sumber ini", "Semua unit") and isinstance(n, int)]  # fmt: skip
    assert counted and all(n in (-2, -1, 0) or (n >= 10 and n % 5 == 0) for n in counted)
    assert page.blocks[0].lead.startswith("Data ini **cukup untuk diaudit**: sedikitnya 78% dari 45 pegawai")


def test_the_html_page_links_to_its_sister(whole: Audit) -> None:
    page = region_html(quality_page(whole, "id").blocks, whole, "id", document="mutu-data",
                       sisters=(("objektivitas", "o.html"),))  # fmt: skip
    assert '<a class="noprint" href="o.html">Laporan objektivitas</a>' in page
    assert "<title>Kabupaten Contoh, 2025 – Mutu data –" in page


@pytest.mark.parametrize("lang", ["id", "en"])
def test_every_code_has_words(lang: str) -> None:
    keys = [f"column.{c.name}" for c in COLUMNS if c.name not in ("year", "period", "region", "reason", "acting")]
    keys += [f"table.{t}" for t in (*TABLES, "skp_list", "problem_list")] + [f"measure.{m}" for m in MEASURES]
    keys += [f"reason.{r}" for r in {"rated", "not_rated", "draft", "no_skp", "lainnya", *EXCLUSIONS.values()}]
    keys += [f"missing.{m}" for m in MEASURES if m.startswith(("no_", "not_", "unknown_"))]
    assert not [k for k in keys if not has(f"quality.{k}")]


def test_manifests_carry_rows_and_problems_by_number(whole: Audit, tmp_path: Any) -> None:
    kept = {n: f for n, f in whole.counts.items() if "region" in f}
    stored = save_audit(replace(whole, counts=kept), tmp_path / "audit")
    body = json.loads((stored / "manifest.json").read_text(encoding="utf-8"))
    assert [(r["code"], r["n"]) for r in body["problems"]] == [("KA-N301", 2), ("KA-W204", 31)]
    assert [(r["file"], r["rows"], r["reason"]) for r in body["rows"]["files"]] == [
        (1, 44, ""), (1, 2, "blank"), (2, 80, ""), (2, 15, "duplicate"),
    ]  # fmt: skip
    assert [(r["table"], r["rows"], r["kept"] + r["merged"] + r["set_aside"]) for r in body["rows"]["totals"]] == [
        ("appraisals", 46, 46), ("ratings", 95, 95),
    ]  # fmt: skip
    assert account(load_audit(stored)) == account(whole)
    assert account(release(whole))["problems"][0]["n"] == -1


def test_a_manifest_whose_rows_were_changed_is_refused(whole: Audit, tmp_path: Any) -> None:
    from kinerja_analysis.base.errors import UsageError

    place = save_audit(whole, tmp_path / "audit") / "manifest.json"
    place.write_text(place.read_text(encoding="utf-8").replace('"rows": 95', '"rows": 96'), encoding="utf-8")
    with pytest.raises(UsageError):
        load_audit(place.parent)


def test_rounded_counts_fill_no_column_above_all(audit: Audit) -> None:
    rows = [("employees", "supervisor", 95, 100), ("employees", "grade", 95, 60)]
    frame = pd.DataFrame(rows, columns=["table", "column", "n", "filled"]).assign(region="01.02", year=2025)
    made = replace(audit, counts={**audit.counts, "completeness": frame}, level="public")
    table, rest, *notes = filled(View(made, "id"))
    assert not any("disetarakan" in text for note in notes for text in b.sentences(note))
    assert isinstance(table, b.TableBlock) and [row[2:4] for row in table.rows] == [(60, 95)]
    assert any("atau hampir" in text for text in b.sentences(rest))
    rows.append(("ratings", "criteria", 500, 480))
    frame = pd.DataFrame(rows, columns=["table", "column", "n", "filled"]).assign(region="01.02", year=2025)
    told = filled(View(replace(made, counts={**audit.counts, "completeness": frame}), "id"))
    assert any("disetarakan menurut sulitnya kriteria" in text for block in told for text in b.sentences(block))


def test_a_hundred_percent_means_all(audit: Audit) -> None:
    filled = [("employees", "unit", 2001, 2000), ("employees", "grade", 2000, 1500), ("appraisals", "number", 2012, 0)]
    frame = pd.DataFrame(filled, columns=["table", "column", "n", "filled"]).assign(region="01.02", year=2025)
    checks = frames(not_rated=(0, 2000), no_supervisor=(1, 2000))
    made = replace(audit, counts={**audit.counts, **checks, "completeness": frame})
    page = quality_page(made, "id")
    (table,) = tables(page, "filled")
    assert table.columns[-1].form == "%2" and [row[-1] for row in table.rows] == [2000 / 2001, 0.75]
    assert not any("Nilai angka" in str(row) for row in table.rows)  # the rule in force has no number
    assert "sedikitnya 99% di antaranya" in verdict(View(made, "id"))
    ratio = next(t for t in tables(page, "coverage"))
    assert any("sedikitnya satu periode" in c.label for c in ratio.columns)
