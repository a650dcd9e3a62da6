"""The index: everything can be found, nothing can be ranked, each level names its own reports only."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import origin
from kinerja_analysis.read import regions
from kinerja_analysis.report.index_page import collect, headline, index_html, write_index
from kinerja_analysis.report.sections.lead import masthead
from kinerja_analysis.report.view import View

HOSTILE = '"><script>alert(1)</script>'


def row(region: str = "01.02", name: str = "Contoh", year: int = 2025, **more: object) -> dict:
    top = {"province": "Provinsi", "bps": "0102", "persons": 410, "verdicts": {"ekinerja": "not_identified"},
           "separated": [0.16, 0.14, 0.19], "flagged": ["distribution"], "failed": [], "version": "9.9"}  # fmt: skip
    return {"region": region, "name": name, "year": year, "level": "public", "synthetic": True, "headline": top,
            "pages": {"objektivitas": f"{year}/{region}-x/objektivitas_id.html"}} | more  # fmt: skip


def test_headline_is_plain_and_says_what_the_page_says(audit: Audit) -> None:
    top = headline(audit)
    assert json.loads(json.dumps(top)) == top
    assert top["separated"] == [0.16, 0.14, 0.19]
    assert top["flagged"] == ["distribution", "leniency"]
    assert top["verdicts"] == {"ekinerja": "not_identified", "multisource": "inside_groups_only"}
    assert top["persons"] == 410


def test_an_undeclared_region_is_found_by_the_province_of_the_reference_list(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "reference", lambda: (regions.Region("01.02", "0199", "Contoh", "Provinsi Uji"),))
    bare = replace(audit, config=AuditConfig())
    top = headline(bare)
    assert (top["province"], top["bps"]) == ("Provinsi Uji", "0199")
    (_, told), *_ = masthead(View(bare, "id")).facts
    assert told.split("\n")[0] == "Provinsi Uji" and "BPS **0199**" in told
    assert 'provinsi uji' in index_html([row(headline=top)], "id"), "the search finds it"


def test_regions_stand_in_alphabetical_order_and_figures_cannot_be_sorted() -> None:
    text = index_html([row("02.01", "Zeta"), row("01.02", "Alfa"), row("01.02", "Alfa", 2024)], "id")
    assert text.index("<b>Alfa</b>") < text.index("<b>Zeta</b>")
    assert text.count('aria-sort="') == 3, "name, code and number of employees only"
    assert "dibedakan: 16 dari 100 pasangan setim (14 sampai 19)" in text
    assert "Belum ada laporan" in text, "Zeta has no 2024"
    assert "bukan untuk memeringkat" in text


def test_the_index_is_one_offline_file_that_works_without_its_script() -> None:
    text = index_html([row(), row(year=2024)], "en", other_language_hrefs=("index.html",))
    assert '<html lang="en">' in text and not re.search(r'(src|href)="https?:', text)
    assert "<div hidden>" in text, "the search box appears only where the script runs"
    assert "#y2024:checked" in text, "the filter of years needs no script"
    assert 'lang="id">Baca dalam Bahasa Indonesia' in text


def test_hostile_names_stay_text() -> None:
    text = index_html([row(name=HOSTILE, pages={"objektivitas": HOSTILE})], "id")
    assert text.count("<script>") == 1 and "alert(1)</script>" not in text


def test_no_reports_is_said() -> None:
    assert "Belum ada laporan." in index_html([], "id")


def test_invented_data_are_marked() -> None:
    assert "Semua orang dan angka di halaman ini buatan" in index_html([row()], "id")
    assert "Sebagian laporan" in index_html([row(), row(year=2024, synthetic=False)], "id")
    assert "SINTETIS" not in index_html([row(synthetic=False)], "id")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for root, level in ((tmp_path, "public"), (tmp_path / "internal", "internal")):
        for year in (2024, 2025):
            folder = root / str(year) / "01.02-contoh"
            folder.mkdir(parents=True)
            files = [f"objektivitas_contoh_{year}_{lang}.html" for lang in ("id", "en")] + ["lampiran.xlsx"]
            for f in files:
                (folder / f).write_text("x")
            metrics = row(year=year, level=level, files=files, languages=["id", "en"])
            (folder / "metrics.json").write_text(json.dumps(metrics))
    return tmp_path


def test_every_link_of_every_index_leads_to_a_file(reports: Path) -> None:
    written = write_index(reports, ("id", "en"))
    assert len(written) == 2 * (3 * 2 + 1)
    for page in (p for p in written if p.suffix == ".html"):
        links = re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8"))
        assert links
        assert all((page.parent / link).is_file() for link in links), page


def test_there_is_an_index_html_in_any_language(reports: Path) -> None:
    write_index(reports, ("en",))
    for place in (reports, reports / "2025"):
        assert (place / "index.html").read_bytes() == (place / "index.en.html").read_bytes()


def test_public_pages_do_not_know_of_internal_ones(reports: Path) -> None:
    write_index(reports, ("id", "en"))
    for page in (*reports.glob("index*.html"), *reports.glob("20*/index*.html")):
        assert "internal" not in page.read_text(encoding="utf-8").lower()
    assert len(collect(reports)) == 2 == len(collect(reports / "internal"))


def test_what_is_damaged_is_not_listed_and_the_other_forms_are(reports: Path) -> None:
    place = next(reports.glob("2025/01.02-*/metrics.json"))
    told = json.loads(place.read_text(encoding="utf-8"))
    told["files"] += ["objektivitas_x_2025_id.pdf", "mutu-data_x_2025_id.pdf", "lampiran_x_2025_id.xlsx"]
    place.write_text(json.dumps(told), encoding="utf-8")
    for folder, text in (("2025/ringkasan", "{"), ("banding/a-b_2025", "{}"), ("2024/99.01-x", '{"region": "99.01"}')):
        (reports / folder).mkdir(parents=True)
        (reports / folder / "metrics.json").write_text(text)
    write_index(reports, ("id",))
    page = (reports / "2025" / "index.html").read_text(encoding="utf-8")
    folder = place.parent.name
    assert f'href="{folder}/objektivitas_x_2025_id.pdf"' in page and f'href="{folder}/lampiran_x_2025_id.xlsx"' in page
    assert "mutu-data_x_2025_id.pdf" not in page and "99.01" not in page and "banding/" not in page


def test_an_index_leads_to_every_other_language() -> None:
    page = index_html([row()], "id", other_language_hrefs=("index.en.html", "index.id.html"))
    assert page.count('hreflang="en"') == 1 and page.count('hreflang="id"') == 1


def test_pages_about_several_regions_and_the_file_for_programs(reports: Path) -> None:
    for folder in ("2025/ringkasan", "banding/a-b_2025"):
        (reports / folder).mkdir(parents=True)
        names = {lang: f"x_{lang}.html" for lang in ("id", "en")}
        for name in names.values():
            (reports / folder / name).write_text("x")
        told = {"titles": {"id": f"Judul <{folder}>", "en": f"Title <{folder}>"}, "pages": names}
        (reports / folder / "metrics.json").write_text(json.dumps(told))
    test_every_link_of_every_index_leads_to_a_file(reports)
    page = (reports / "index.en.html").read_text(encoding="utf-8")
    assert '<a href="2025/ringkasan/x_en.html">Title &lt;2025/ringkasan&gt;</a>' in page
    assert page.index("2025/ringkasan") < page.index("banding/a-b_2025")
    year = (reports / "2025" / "index.html").read_text(encoding="utf-8")
    assert 'href="ringkasan/x_id.html"' in year and 'href="banding' not in year
    assert "ringkasan" not in (reports / "internal" / "index.html").read_text(encoding="utf-8")
    told = json.loads((reports / "index.json").read_text(encoding="utf-8"))
    assert {(r["region"], r["year"], r["level"]) for r in told["reports"]} == {("01.02", y, "public")
                                                                             for y in (2024, 2025)}  # fmt: skip
    files = [Path(r["folder"], f) for r in told["reports"] for f in r["files"]]
    files += [Path(h) for p in told["joint"] for h in p["hrefs"].values()]
    assert len(files) == 2 * 3 + 4 and all((reports / f).is_file() for f in files)
    assert "internal" not in json.dumps(told)


def test_a_comparison_made_of_other_audits_than_the_stored_ones_is_marked(reports: Path) -> None:
    """A correction of one region's data, or a region gone, must not leave the old comparison standing as if it held."""
    stored = reports / "2025" / "01.02-contoh" / "audit" / "manifest.json"
    stored.parent.mkdir(parents=True)
    folder = reports / "banding" / "a-b_2025"
    folder.mkdir(parents=True)

    def standing(data: str) -> tuple[str, str]:
        stored.write_text(json.dumps({"provenance": {"data": data, "version": "1", "config": "c"}}))
        write_index(reports, ("id", "en"))
        (told,) = json.loads((reports / "index.json").read_text(encoding="utf-8"))["joint"]
        return told["standing"], told["again"]

    stored.write_text(json.dumps({"provenance": {"data": "one", "version": "1", "config": "c"}}))
    metrics = {"titles": {"id": "J", "en": "T"}, "pages": {"id": "x_id.html", "en": "x_en.html"}, "level": "public",
               "sources": [["01.02", 2025, origin(reports, "01.02", 2025)]]}  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert standing("one") == ("", "")
    assert "kinerja compare" not in (reports / "index.html").read_text(encoding="utf-8").split("banding/")[1]
    assert standing("two") == ("older", "kinerja compare 01.02 --year 2025")
    for name, words in (("index.html", "Dibuat dari audit yang lebih lama"), ("index.en.html", "Made from earlier")):
        assert words in (reports / name).read_text(encoding="utf-8").split("banding/")[1]
    (reports / "internal").mkdir(exist_ok=True)
    state = {"others": [{"region": "01.02", "year": 2025, "gone": True}]}
    (reports / "internal" / "run.json").write_text(json.dumps(state))
    assert standing("one")[0] == "gone"
    (folder / "metrics.json").write_text(json.dumps(metrics | {"sources": "damaged"}))
    assert standing("one")[0] == "older"


def test_the_index_names_verdicts_as_they_came_out() -> None:
    """Changes of supervisor link the export, but their study had no answer: the page says so, and so does the index."""
    one = row()
    one["headline"] |= {"verdicts": {"ekinerja": "linked_by_changes"}, "told": {"ekinerja": "changes_few"}}
    text = index_html([one], "id").split('class="legend"')[0]
    assert "sebaran pun belum diketahui" in text and "sebaran saja" not in text


def test_what_is_withheld_is_not_called_unflagged() -> None:
    one = row()
    one["headline"] |= {"flagged": [], "withheld": ["matrix_check"]}
    assert "di antara hasil yang ditampilkan, tidak ada yang ditandai" in index_html([one], "id")
    assert "nothing flagged among the results that are shown" in index_html([one], "en")
