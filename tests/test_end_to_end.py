"""From raw files to reports: what goes in comes out, in both languages, without persons, whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import openpyxl
import pytest

from kinerja_analysis import AuditConfig, audit, open_audit, read, run
from kinerja_analysis.base.errors import ReportFailed, UsageError
from kinerja_analysis.report import produce as production
from kinerja_analysis.report.produce import Job, make, notebooks_folder
from kinerja_analysis.report.sections import steps
from kinerja_analysis.report.view import View

KURANJI, MAMUJU = "13.71.09", "76.02"


def page(demo, name: str, lang: str, level: str = "public") -> str:
    root = demo.reports / "internal" if level == "internal" else demo.reports
    return next(root.glob(f"2025/*/objektivitas_{name}_2025_{lang}.html")).read_text(encoding="utf-8")


def test_every_cell_is_done_and_the_index_lists_what_is_there(demo) -> None:
    assert demo.done.exit_code == 0
    assert demo.done.to_frame()["status"].tolist() == ["done"] * 2
    for index in (demo.reports / "index.html", demo.reports / "2025" / "index.html"):
        text = index.read_text(encoding="utf-8")
        links = [h for h in re.findall(r'href="([^"#]+\.html)"', text)]
        assert links
        for link in links:
            assert (index.parent / link).is_file(), link
        assert "internal" not in text.lower().replace("internal-", "")


def test_links_of_every_page_lead_somewhere(demo) -> None:
    for file in demo.reports.rglob("*.html"):
        for link in re.findall(r'href="([^"#]+)"', file.read_text(encoding="utf-8")):
            assert (file.parent / link).is_file(), f"{file.name}: {link}"


def test_pages_are_offline_and_in_one_language(demo) -> None:
    for lang in ("id", "en"):
        for level in ("public", "internal"):
            text = page(demo, "mamuju", lang, level)
            assert f'<html lang="{lang}">' in text
            assert not re.search(r'(src|href)="(https?:)?//', text)
            assert "DATA SINTETIS" in text if lang == "id" else "SYNTHETIC DATA" in text
            visible = re.sub(r'src(set)?="data:[^"]*"|<style>.*?</style>', "", text, flags=re.DOTALL)
            assert not re.search(r"\bnan\b|\bNaN\b|>None<|\{[a-z_]+[:|}]", visible)


def test_both_languages_show_the_same_findings(demo) -> None:
    folder = next((demo.reports / "2025").glob("76.02-*"))
    books = [nbformat.read(next(folder.glob(f"objektivitas_*_{x}.ipynb")), 4) for x in ("id", "en")]
    from kinerja_analysis.report.blocks import codes, numbers
    from kinerja_analysis.report.notebook import blocks_of

    indonesian, english = (blocks_of(b, x) for b, x in zip(books, ("id", "en"), strict=True))
    assert codes(indonesian) == codes(english) != set()
    assert numbers(indonesian) == numbers(english) != set()


def test_no_nip_and_no_name_leaves_the_door(demo) -> None:
    nips, names = set(), set()
    for file in demo.files.rglob("penilaian_skp_*.xlsx"):
        book = openpyxl.load_workbook(file, read_only=True)
        rows = book.worksheets[0].iter_rows(min_row=8, values_only=True)
        header = next(rows)
        for row in rows:
            nips.add(str(row[header.index("nip")]))
            names.add(str(row[header.index("nama")]))
        book.close()
    assert len(nips) > 1000
    for file in demo.reports.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            text = data.decode("utf-8", errors="ignore")
            assert not [n for n in re.findall(r"(?<!\d)19\d{16}(?!\d)", text) if n in nips], file.name
            assert not any(n in text for n in list(names)[:200]), file.name


def test_no_rater_and_no_row_in_the_public_audit(demo) -> None:
    public = open_audit(demo.reports, level="public").to_frame()
    with pytest.raises(UsageError):  # a slip must not open what is internal
        open_audit(demo.reports, level="Public")  # type: ignore[arg-type]
    assert set(public["subject_kind"]) <= {"region", "group", "attribute", "source", "source_pair"}
    internal = open_audit(demo.reports, level="internal")
    raters = set(internal.to_frame().query("subject_kind == 'rater'")["subject"]) | set(internal.scores.frame["person"])
    assert len(raters) > 2000
    assert not set(public["subject"]) & raters
    for file in (demo.reports / "2025").rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("utf-8", errors="ignore")
            assert not set(re.findall(r"P[A-Z2-7]{13}", text)) & raters, file.name


def test_the_planted_problems_are_found(demo) -> None:
    for name in ("Mamuju", "Kab. Mamuju", MAMUJU):
        assert open_audit(demo.reports, region=name, year=2025).cells == ((MAMUJU, 2025),)
    found = open_audit(demo.reports, year=2025, level="internal").to_frame()
    flagged = found[found["status"] == "FLAGGED"]
    kuranji = flagged[(flagged["region"] == KURANJI) & (flagged["detector"] == "affinity")]
    assert "asal" in set(kuranji["subject"])
    mamuju = flagged[(flagged["region"] == MAMUJU) & (flagged["detector"] == "self_other")]
    assert (mamuju["subject_kind"] == "region").any()
    clean = flagged[(flagged["region"] == MAMUJU) & (flagged["detector"].isin(["affinity", "group_gap"]))]
    assert clean.empty


def test_the_review_list_cites_rows_that_exist_and_belong_to_the_subject(demo) -> None:
    tables = read(demo.files, config=demo.config)
    ratings, heads = tables.ratings, tables.appraisals
    owner = {name: set(g) for name, g in ratings.groupby("rater")["row"]}
    for name, rows in heads.groupby("supervisor")["row"]:
        owner[name] = owner.get(name, set()) | set(rows)
    for column in ("unit", "opd"):
        owner |= {name: set(g) for name, g in ratings.groupby(column)["row"]}
    for region, year in ((KURANJI, 2025), ("76.02", 2025)):
        audit = open_audit(demo.reports, region=region, year=year, level="internal")
        review, view = audit.review, View(audit, "id", False)
        assert review is not None and len(review)
        assert not [r for r in review.itertuples() if r.subject in owner and not set(r.rows) <= owner[r.subject]]
        assert set().union(*review["rows"]) <= set(ratings["row"]) | set(heads["row"])
        assert review.groupby("entry")["worth"].first().is_monotonic_decreasing or review["worth"].isna().any()
        told = [steps.basis(view, found) for _, found in steps.review_list(view)]
        assert len(set(told)) == len(told), "no two entries say the same"
    assert open_audit(demo.reports, level="public").review is None


def test_resuming_writes_nothing(demo) -> None:
    before = {f: f.stat().st_mtime_ns for f in demo.reports.rglob("audit/*")}
    again = run(demo.files, out=demo.reports, config=demo.config)
    assert again.to_frame()["reason"].tolist() == ["resumed"] * 2
    assert before == {f: f.stat().st_mtime_ns for f in demo.reports.rglob("audit/*")}


def test_one_changed_cell_changes_that_region_and_no_other(demo, tmp_path: Path) -> None:
    shutil.copytree(demo.files, tmp_path / "in")
    place = next((tmp_path / "in").glob("mamuju/penilaian_skp_2025.xlsx"))
    book = openpyxl.load_workbook(place)
    sheet = book.worksheets[0]
    header = [c.value for c in sheet[8]]
    column = header.index("hasil_akhir") + 1
    row = next(r for r in range(9, 200) if sheet.cell(r, column).value == "BAIK")
    sheet.cell(row, column).value = "SANGAT BAIK"
    book.save(place)
    config = AuditConfig.read(tmp_path / "in" / "kinerja.toml")
    before, after = (audit(f, config=config).to_frame() for f in (demo.files, tmp_path / "in"))
    mine = after[(after["region"] == MAMUJU) & (after["measure"] == "mismatches")]
    old = before[(before["region"] == MAMUJU) & (before["measure"] == "mismatches")]
    assert mine["value"].max() > old["value"].max()
    others = [f[f["region"] == KURANJI].reset_index(drop=True) for f in (before, after)]
    assert others[0].equals(others[1])


def test_swapping_two_regions_swaps_their_findings(demo) -> None:
    tables = read(demo.files, config=demo.config)
    swap = {KURANJI: MAMUJU, MAMUJU: KURANJI}
    frames = {}
    for name in ("ratings", "appraisals", "employees", "achievements", "units"):
        frame = getattr(tables, name)
        frames[name] = frame.assign(region=frame["region"].map(swap))
    import dataclasses

    plain = demo.config.model_copy(update={"regions": {}})
    one = audit(tables, config=plain).to_frame()
    two = audit(dataclasses.replace(tables, **frames), config=plain).to_frame()
    for region, other in swap.items():
        keep = ["detector", "measure", "subject_kind", "status", "code", "n"]
        a = one[(one["region"] == region) & (one["subject_kind"] != "region")][keep].reset_index(drop=True)
        b = two[(two["region"] == other) & (two["subject_kind"] != "region")][keep].reset_index(drop=True)
        assert a.equals(b)


def stage_notebook(tmp_path: Path, change) -> Path:
    folder = tmp_path / "notebooks"
    shutil.copytree(notebooks_folder(), folder)
    place = folder / production.NOTEBOOK
    book = nbformat.read(place, as_version=4)
    change(book.cells)
    nbformat.write(book, place)
    return folder


def one_report(demo, tmp_path: Path, change) -> tuple[Path, list[Path]]:
    stored = open_audit(demo.reports, region=KURANJI, year=2025, level="public")
    job = Job(KURANJI, 2025, "public", ("id",), ("html",), "Kuranji")
    return tmp_path / "out", make(job, stored, tmp_path / "out", stage_notebook(tmp_path, change))


def test_a_sentence_in_a_markdown_cell_appears_in_the_page(demo, tmp_path: Path) -> None:
    words = "Kalimat <b>tambahan</b> dari analis & tim"
    _, files = one_report(demo, tmp_path, lambda cells: cells.insert(4, nbformat.v4.new_markdown_cell(words)))
    text = next(f for f in files if f.match("objektivitas_*.html")).read_text(encoding="utf-8")
    assert "Kalimat" in text and "dari analis &amp; tim" in text
    assert "<b>tambahan</b>" not in text


def test_a_cell_that_raises_leaves_no_file(demo, tmp_path: Path) -> None:
    with pytest.raises(ReportFailed):
        one_report(demo, tmp_path, lambda cells: cells.insert(4, nbformat.v4.new_code_cell("1 / 0")))
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


def test_what_is_asked_for_must_exist(demo, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_audit(demo.reports, region="99.99")
    with pytest.raises(UsageError):
        run(demo.files, out=tmp_path, lang=("fr",), config=demo.config)


def test_metrics_name_only_files_that_exist(demo) -> None:
    for place in demo.reports.rglob("metrics.json"):
        metrics = json.loads(place.read_text(encoding="utf-8"))
        assert metrics["files"]
        assert all((place.parent / f).is_file() for f in metrics["files"])


def test_nothing_staged_is_left_behind(demo) -> None:
    assert not [p for p in demo.reports.rglob(".*")]


def test_every_report_has_its_page_about_the_data(demo) -> None:
    """Beside each objectivity page, linked both ways; the manifests account for every row and name no file."""
    found = sorted(demo.reports.rglob("[0-9]*-*/metrics.json"))
    assert len(found) == 4
    others = sorted(set(demo.reports.rglob("metrics.json")) - set(found))
    assert [p.parent.parent.name for p in others] == ["2025", "2025", "validasi", "validasi"]  # summaries, validation
    for place in others:
        told = json.loads(place.read_text(encoding="utf-8"))
        assert len(told["files"]) == 8 and all((place.parent / f).is_file() for f in told["files"])
        assert set(told["shown"]) == {"id", "en"} and told["shown"]["id"] == told["shown"]["en"]
        assert told["shown"]["id"]["numbers"]
    for place in found:
        told = json.loads(place.read_text(encoding="utf-8"))
        data = [f for f in told["files"] if f.startswith("mutu-data_") and f.endswith(".html")]
        assert len(data) == 2 and all((place.parent / f).is_file() for f in data)
        for name in data:
            sister = name.replace("mutu-data_", "objektivitas_")
            assert f'href="{sister}"' in (place.parent / name).read_text(encoding="utf-8")
            assert f'href="{name}"' in (place.parent / sister).read_text(encoding="utf-8")
        manifest = json.loads((place.parent / "audit" / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["rows"] == told["rows"] and manifest["problems"] == told["problems"]
        assert told["rows"]["totals"] and told["rows"]["files"]
        if told["level"] == "internal":
            assert all(r["rows"] == r["kept"] + r["merged"] + r["set_aside"] for r in told["rows"]["files"])
        assert ".xlsx" not in json.dumps(told["rows"]) and ".csv" not in json.dumps(told["rows"])
