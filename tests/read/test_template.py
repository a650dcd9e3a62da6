"""The input template: what it writes is read without a finding, untouched, filled, and through other programs."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis import check, read, template
from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.read.template import suggest

KINDS = ("360", "ekinerja", "ekinerja_ringkas", "pegawai", "capaian", "unit", "kasus")
CONFIG = AuditConfig(regions={"98.01": RegionConfig(name="Kabupaten Contoh")})
PSEUDONYMOUS = AuditConfig(regions=CONFIG.regions, identifiers="pseudonymous")
BOSS, ANI, BUDI = "190203042005012002", "190501012010211001", "190607082011212003"
PLACE = {"periode": "2025", "wilayah": "98.01"}
FILLED: dict[str, list[dict[str, Any]]] = {
    "Penilaian 360": [
        PLACE | {"nip_dinilai": ANI, "nama_dinilai": "Ani", "nip_penilai": who, "peran_penilai": role,
                 "unor": "Bidang A", "Disiplin": first, "Kerja Sama": second, "skala_min": 0, "skala_maks": 100,
                 "waktu_dinilai": dt.datetime(2025, 12, 15, 9, 15)}
        for who, role, first, second in ((BOSS, "ATASAN", 80, 75.5), (BUDI, "REKAN", 90, None), (ANI, "DIRI", 100, 0))
    ],
    "Penilaian e-Kinerja": [
        PLACE | {"nip": who, "skp_unor": "Bidang A", "skp_jabatan": "Analis", "golru": "III/b",
                 "jenis_pegawai": "PPPK Paruh Waktu", "is_skp_plt_plh_pjb": "tidak", "hasil_kerja": level,
                 "perilaku_kerja": "SESUAI EKSPEKTASI", "hasil_akhir": "BAIK", "pegawai_atasan_nip": BOSS,
                 "waktu_dinilai": dt.datetime(2025, 12, 30), "periode_akhir_skp": dt.datetime(2025, 12, 31)}
        for who, level in ((ANI, "DIATAS EKSPEKTASI"), (BUDI, "SESUAI EKSPEKTASI"))
    ],
    "Pegawai": [
        {"tahun": 2025, "wilayah": "98.01", "nip": who, "unit_kerja": "Bidang A", "golongan": "III/b",
         "jenis_kelamin": sex, "nip_atasan": BOSS}
        for who, sex in ((ANI, "L"), (BUDI, "P"))
    ],
    "Capaian": [
        PLACE | {"nip": ANI, "indikator": "Usul selesai", "aspek": "waktu", "target": 95, "realisasi": 97.5,
                 "arah": way, "bobot": 40, "diukur_oleh": "pihak lain"}
        for way in ("makin rendah makin baik",)
    ],
    "Unit": [PLACE | {"unit_kerja": "Bidang A", "nip_pimpinan": BOSS, "predikat_organisasi": "ISTIMEWA"}],
    "Contoh kasus": [
        PLACE | {"contoh_kasus": "Contoh 1", "uraian_kasus": "Hasil di atas target", "nip_penilai": BOSS,
                 "Disiplin": 90, "Kerja Sama": 85, "skala_min": 0, "skala_maks": 100,
                 "waktu_dinilai": dt.datetime(2025, 12, 15, 9, 15)}
    ],
}  # fmt: skip
TOGETHER = ("360", "ekinerja", "pegawai", "capaian", "unit", "kasus")


def fill(path: Path, rows: dict[str, list[dict[str, Any]]]) -> Path:
    """Type rows into the data sheets of a template, as a person would: by column name, from row 2."""
    book = openpyxl.load_workbook(path)
    for name, content in rows.items():
        page = book[name]
        place = {cell.value: cell.column for cell in page[1]}
        for i, row in enumerate(content, 2):
            for header, value in row.items():
                page.cell(i, place[header]).value = value
    book.save(path)
    return path


def filled(path: Path) -> Path:
    """A template of all kinds but the reduced export, filled."""
    return fill(template(path, TOGETHER, criteria=["Disiplin", "Kerja Sama"], scale=(0, 100)), FILLED)


def rules(path: Path, sheet: str) -> dict[str, Any]:
    """The validations of a sheet by header."""
    page = openpyxl.load_workbook(path)[sheet]
    found = {}
    for rule in page.data_validations.dataValidation:
        for area in rule.sqref.ranges:
            found[page.cell(1, area.min_col).value] = rule
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kinds", [(k,) for k in KINDS] + [KINDS])
@pytest.mark.parametrize("long", [False, True])
def test_untouched_it_is_read_without_a_finding(tmp_path: Path, kinds: tuple[str, ...], long: bool, lang: str) -> None:
    found = check(template(tmp_path / "isian.xlsx", kinds, long=long, lang=lang), config=CONFIG)
    assert found.problems == ()
    tables = {"360": "ratings", "pegawai": "employees", "capaian": "achievements", "unit": "units", "kasus": "cases"}
    told = {tables.get(k, "appraisals") for k in kinds}
    told |= {"ratings"} if {"ekinerja", "ekinerja_ringkas"} & set(kinds) else set()
    assert sorted(found.accounting["table"].unique()) == sorted(told)
    assert found.rows == 0 and found.accounting["kept"].sum() == 0


def known(path: Path) -> None:
    """What was typed in ``filled`` stands in the tables, and nothing was found."""
    assert check(path, config=CONFIG).problems == ()
    tables = read(path, config=CONFIG)
    assert tables.synthetic
    own = tables.ratings[tables.ratings["scale_max"] == 100]
    scores = own.sort_values(["source", "criterion"])[["source", "criterion", "score"]].values.tolist()
    assert scores == [["peer", "disiplin", 90], ["self", "disiplin", 100], ["self", "kerja_sama", 0],
                      ["supervisor", "disiplin", 80], ["supervisor", "kerja_sama", 75.5]]  # fmt: skip
    assert set(own["rated_at"]) == {pd.Timestamp(2025, 12, 15, 9, 15)} and set(own["unit"]) == {"Bidang A"}
    official = tables.ratings[tables.ratings["scale_max"] == 3].sort_values(["criterion", "score"])
    assert official[["criterion", "score"]].values.tolist() == [
        ["hasil_kerja", 2], ["hasil_kerja", 3], ["perilaku_kerja", 2], ["perilaku_kerja", 2]]  # fmt: skip
    assert tables.appraisals["predikat"].tolist() == ["BAIK", "BAIK"] and not tables.appraisals["acting"].any()
    staff = tables.employees.dropna(subset=["grade"])
    assert sorted(staff["sex"]) == ["female", "male"] and set(staff["employment"]) == {"pppk_paruh_waktu"}
    row = tables.achievements.iloc[0]
    assert (row["target"], row["realised"], row["direction"], row["measured_by"]) == (95, 97.5, "lower", "other")
    assert tables.units["org_rating"].tolist() == ["ISTIMEWA"]
    assert tables.cases[["case", "criterion", "score"]].values.tolist() == [
        ["Contoh 1", "disiplin", 90], ["Contoh 1", "kerja_sama", 85]]  # fmt: skip


def test_filled_it_is_read_without_a_finding(tmp_path: Path) -> None:
    known(filled(tmp_path / "isian.xlsx"))


def test_the_examples_are_no_data_but_would_be_read_without_a_finding(tmp_path: Path) -> None:
    for kind, long in [(k, False) for k in KINDS] + [("360", True)]:
        path = template(tmp_path / f"{kind}{long}.xlsx", kind, long=long)
        book = openpyxl.load_workbook(path)
        guide, page, sample, _ = book.worksheets
        assert sample.protection.sheet and guide.protection.sheet and not page.protection.sheet
        assert [c.value for c in sample[4]] == [c.value for c in page[1]]
        for i in (5, 6, 7):
            for cell in sample[i]:
                page.cell(i - 3, cell.column).value = cell.value
        book.save(path)
        found = check(path)
        assert (found.problems, found.rows) == ((), 3), kind


def test_without_its_mark_an_example_is_data(tmp_path: Path) -> None:
    path = template(tmp_path / "isian.xlsx", "pegawai")
    book = openpyxl.load_workbook(path)
    book.worksheets[2]["A1"].value = "Contoh"
    book.save(path)
    assert check(path).rows == 3


def test_long_form_holds_one_score_a_row(tmp_path: Path) -> None:
    path = template(tmp_path / "isian.xlsx", "360", criteria=["Disiplin", "=1+1"], scale=(1, 5), long=True)
    rows = [PLACE | {"nip_dinilai": ANI, "nip_penilai": BOSS, "peran_penilai": "ATASAN", "dimensi": "Disiplin",
                     "nilai": 4, "skala_min": 1, "skala_maks": 5}]  # fmt: skip
    assert check(fill(path, {"Penilaian 360": rows}), config=CONFIG).problems == ()
    assert read(path, config=CONFIG).ratings[["criterion", "score"]].values.tolist() == [["disiplin", 4.0]]


def test_through_libreoffice(tmp_path: Path) -> None:
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("soffice is not installed")
    source = filled(tmp_path / "isian.xlsx")
    command = [soffice, f"-env:UserInstallation={(tmp_path / 'profil').as_uri()}", "--headless", "--convert-to", "xlsx",
               "--outdir", str(tmp_path / "libre"), str(source)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    path = tmp_path / "libre" / "isian.xlsx"
    assert path.read_bytes() != source.read_bytes()
    known(path)
    book = openpyxl.load_workbook(path)
    assert [page.sheet_state for page in book] == ["visible"] * (1 + 2 * len(TOGETHER)) + ["hidden"]
    page = book["Penilaian 360"]
    column = next(c.column for c in page[1] if c.value == "nip_penilai")
    for row, who in ((2, BOSS), (3, BUDI), (4, ANI)):
        cell = page.cell(row, column)
        assert (cell.value, cell.data_type, cell.number_format) == (who, "s", "@")
    own = [d for d in page.column_dimensions.values() if d.min <= column <= d.max]
    assert [d.number_format for d in own] == ["@"]  # LibreOffice keeps the format of empty cells on the column
    before, after = rules(source, "Penilaian 360"), rules(path, "Penilaian 360")
    assert sorted(before) == sorted(after)
    assert {h: r.type for h, r in before.items()} == {h: r.type for h, r in after.items()}
    assert "LEN(" in after["nip_penilai"].formula1 and after["nip_penilai"].error == before["nip_penilai"].error
    assert choices(book, after["peran_penilai"]) == ["ATASAN", "DIRI", "REKAN", "BAWAHAN", "LAINNYA"]


def choices(book: Any, rule: Any) -> list[Any]:
    """What a drop-down offers, found on the sheet that it names."""
    assert rule.type == "list"
    sheet, _, area = rule.formula1.lstrip("=$").rpartition("!")
    page = book[sheet.strip("'").replace("$", "")]
    assert page.sheet_state == "hidden"
    return [cell.value for (cell,) in page[area.replace("$", "")]]


def test_identity_columns_are_text_and_ruled(tmp_path: Path) -> None:
    path = template(tmp_path / "isian.xlsx", KINDS)
    book = openpyxl.load_workbook(path)
    seen = 0
    for page in book.worksheets[1:7]:
        own = rules(path, page.title)
        for cell in page[1]:
            header, letter = cell.value, cell.column_letter
            if "nip" in header.split("_"):
                seen += 1
                assert own[header].formula1 == f"AND(ISTEXT({letter}2),LEN({letter}2)=18,ISNUMBER(--{letter}2))"
                assert "NIP harus 18 angka" in own[header].error and own[header].errorStyle in (None, "stop")
                assert own[header].showErrorMessage and str(own[header].sqref) == f"{letter}2:{letter}1048576"
            if "nip" in header.split("_") or header in ("wilayah", "periode", "golongan"):
                assert {page.cell(i, cell.column).number_format for i in (2, 300, 501)} == {"@"}
                assert page.column_dimensions[letter].number_format == "@"
        assert page.freeze_panes == "A2"
    assert seen == 9


def test_scores_dates_and_drop_downs_are_ruled(tmp_path: Path) -> None:
    path = template(tmp_path / "isian.xlsx", ["360", "unit"], criteria=["Disiplin"], scale=(0, 120), region="98.01",
                    period="2025-Q1", config=CONFIG)  # fmt: skip
    own, book = rules(path, "Penilaian 360"), openpyxl.load_workbook(path)
    score = own["Disiplin"]
    assert score.operator in (None, "between")
    assert (score.type, score.formula1, score.formula2) == ("decimal", "0", "120")
    assert "0 sampai 120" in score.error.replace("dari ", "")
    assert own["waktu_dinilai"].type == "date"
    assert choices(book, own["wilayah"]) == ["98.01"] and choices(book, own["periode"]) == ["2025-Q1"]
    assert choices(book, own["skala_min"]) == [0] and choices(book, own["skala_maks"]) == [120]
    assert choices(book, rules(path, "Unit")["predikat_organisasi"])[0] == "ISTIMEWA"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_spreadsheet_takes_every_rule(tmp_path: Path, lang: str) -> None:
    """Excel refuses errors over 225 characters, titles over 32, literal lists over 255, sheet names over 31."""
    many = [f"Kriteria nomor {i} dengan nama yang panjang sekali" for i in range(40)]
    path = template(tmp_path / "isian.xlsx", KINDS, criteria=many, long=True, lang=lang, scale=(0.5, 99.5))
    book = openpyxl.load_workbook(path)
    texts = [r for page in book for r in page.data_validations.dataValidation]
    assert len(texts) > 40
    assert all(len(r.error) <= 225 and len(r.errorTitle) <= 32 and len(r.formula1) <= 255 for r in texts)
    assert all(len(name) <= 31 for name in book.sheetnames)
    long_list = choices(book, rules(path, say("template.sheet.360", lang))["dimensi"])
    assert long_list == many


def test_nothing_a_user_gives_becomes_a_formula(tmp_path: Path) -> None:
    odd = ["=1+1", "+a", "-b", "@c"]
    config = AuditConfig(regions={"98.01": RegionConfig(name='=HYPERLINK("x")')})
    first = template(tmp_path / "isian.xlsx", "360", criteria=odd, region='=HYPERLINK("x")', config=config)
    openpyxl.load_workbook(first).save(tmp_path / "lagi.xlsx")
    for path in (first, tmp_path / "lagi.xlsx"):
        book = openpyxl.load_workbook(path)
        cells = [c for page in book for row in page.iter_rows() for c in row if c.value is not None]
        assert {c.data_type for c in cells} <= {"s", "n", "d"}
        given = [c for c in cells if c.value in (*odd, '=HYPERLINK("x")')]
        assert len(given) > 8 and all(c.data_type == "s" and c.quotePrefix for c in given)
        assert check(path).problems == ()


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ratee": [ANI], "rater": [BOSS]})
    two = [template(tmp_path / f"{i}.xlsx", KINDS, rows=rows, region="98.01", period="2025", config=CONFIG)
           for i in range(2)]  # fmt: skip
    assert two[0].read_bytes() == two[1].read_bytes()


def test_a_file_that_is_there_or_open_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "isian.xlsx"
    path.write_text("isi lama", encoding="utf-8")
    with pytest.raises(UsageError) as there:
        template(path, "unit")
    assert there.value.key == "template.exists" and path.read_text(encoding="utf-8") == "isi lama"

    def busy(*_: object) -> None:
        raise PermissionError(errno.EACCES, "in use")

    with monkeypatch.context() as patch, pytest.raises(UsageError) as locked:
        patch.setattr(os, "replace", busy)
        template(path, "unit", force=True)
    assert locked.value.key == "errors.locked" and path.read_text(encoding="utf-8") == "isi lama"
    assert [p.name for p in tmp_path.iterdir()] == ["isian.xlsx"]
    assert check(template(path, "unit", force=True)).problems == ()


def test_questions_with_a_personal_word_are_columns_that_are_read(tmp_path: Path) -> None:
    asked = ["Menjaga nama baik instansi", "Memberikan umpan balik", "Ramah kepada petugas lain"]
    report = check(template(tmp_path / "isian.xlsx", "360", criteria=asked))
    assert report.problems == () and [names for *_, names in report.criteria] == [", ".join(asked)]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"kind": "lain"}, "template.kind_unknown"),
        ({"kind": []}, "template.kind_unknown"),
        ({"scale": (5, 5)}, "template.scale_wrong"),
        ({"scale": (1, 2, 3)}, "template.scale_wrong"),
        ({"period": "kapan saja"}, "template.period_wrong"),
        ({"region": "Negeri Dongeng"}, "problems.region_unknown"),
        ({"criteria": []}, "template.criterion_wrong"),
        ({"criteria": ["Disiplin", " disiplin"]}, "template.criterion_wrong"),
        ({"criteria": ["Nilai"]}, "template.criterion_wrong"),
        ({"criteria": ["Kriteria 1"]}, "template.criterion_wrong"),
        ({"criteria": ["Nama baik"]}, "template.criterion_wrong"),
        ({"criteria": ["Komentar untuk pegawai"]}, "template.criterion_wrong"),
        ({"criteria": ["Jumlah pekerjaan selesai"]}, "template.criterion_wrong"),
        ({"criteria": ["unor"]}, "template.criterion_wrong"),
        ({"rows": pd.DataFrame({"ratee": [ANI], "rater": [BOSS]})}, "template.rows_need"),
        ({"rows": pd.DataFrame({"nip": [ANI]}), "region": "98.01", "period": "2025"}, "template.rows_columns"),
    ],
)
def test_what_cannot_be_is_a_sentence(tmp_path: Path, given: dict[str, Any], key: str) -> None:
    with pytest.raises(UsageError) as refused:
        template(tmp_path / "isian.xlsx", **({"kind": "360"} | given))
    assert refused.value.key == key and all(refused.value.text(lang) for lang in LANGUAGES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("long", [False, True])
def test_rows_are_prefilled_as_asked(tmp_path: Path, long: bool) -> None:
    rows = pd.DataFrame({"NIP Dinilai": [ANI, BUDI, ANI], "nip_penilai": [BOSS, BUDI, BOSS],
                         "peran_penilai": ["ATASAN", "self", "ATASAN"]})  # fmt: skip
    path = template(tmp_path / "isian.xlsx", ["pegawai", "360"], criteria=["A1", "B1"], scale=(1, 4), rows=rows,
                    long=long, region="98.01", period="2025", config=CONFIG)  # fmt: skip
    page = openpyxl.load_workbook(path)["Penilaian 360"]
    header = [c.value for c in page[1]]
    wanted = ["periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "skala_min", "skala_maks"]
    wanted += ["dimensi"] if long else []
    shown = [[row[header.index(h)] for h in wanted] for row in page.iter_rows(2, 6, values_only=True)]
    one, two = ["2025", "98.01", ANI, BOSS, "ATASAN", 1, 4], ["2025", "98.01", BUDI, BUDI, "DIRI", 1, 4]
    full = [[*r, c] for r in (one, two) for c in ("A1", "B1")] if long else [one, two]
    assert shown[: len(full)] == full and shown[len(full)] == [None] * len(wanted)
    found = check(path, config=CONFIG)
    assert found.problems == ()
    aside = found.accounting[found.accounting["reason"] == "not_rated"]
    assert aside["rows"].tolist() == [len(full)]
    book = openpyxl.load_workbook(path)
    assert "sudah memuat NIP" in book.worksheets[0]["A3"].value


@pytest.mark.parametrize(
    ("ratee", "rater", "role", "code", "cell"),
    [
        ("1905010120100110", BOSS, "ATASAN", "KA-E401", "C2"),
        (ANI, "1,90203E+17", "ATASAN", "KA-E406", "E2"),
        (ANI, ANI, "ATASAN", "KA-E509", "F2"),
        (ANI, BOSS, "=cmd", "KA-E202", "F2"),
        (ANI, "", "ATASAN", "KA-E516", "E2"),
    ],
)
def test_rows_that_cannot_be_are_refused_at_their_cell(
    tmp_path: Path, ratee: str, rater: str, role: str, code: str, cell: str
) -> None:
    rows = pd.DataFrame({"ratee": [ratee], "rater": [rater], "source": [role]})
    with pytest.raises(InputRefused) as refused:
        template(tmp_path / "isian.xlsx", "360", rows=rows, region="98.01", period="2025", config=CONFIG)
    assert [(p.code, p.cell) for p in refused.value.problems] == [(code, cell)]
    assert not list(tmp_path.iterdir())


def test_real_numbers_need_no_key_to_be_written(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ratee": ["198501012010011001"], "rater": ["197001011995031002"]})
    path = template(tmp_path / "isian.xlsx", "360", rows=rows, region="98.01", period="2025", config=CONFIG)
    fill(path, {"Penilaian 360": [{"Loyal": 7, "Adaptif": 8}]})
    assert [p.code for p in check(path, config=CONFIG).problems] == ["KA-E404"]
    key = tmp_path / "kunci"
    key.write_bytes(bytes(range(40)))
    own = AuditConfig(regions=CONFIG.regions, key_file=str(key))
    assert check(path, config=own).problems == ()


def test_pseudonyms_are_told_and_ruled(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ratee": ["P7XK2"], "rater": ["P9AB3"]})
    path = template(tmp_path / "isian.xlsx", "360", criteria=["Disiplin"], rows=rows, region="98.01", period="2025",
                    config=PSEUDONYMOUS)  # fmt: skip
    assert "identifiers = \"pseudonymous\"" in openpyxl.load_workbook(path).worksheets[0]["A3"].value
    assert rules(path, "Penilaian 360")["nip_penilai"].formula1 == "AND(ISTEXT(E2),LEN(E2)<16)"
    fill(path, {"Penilaian 360": [{"Disiplin": 7}]})
    assert check(path, config=PSEUDONYMOUS).problems == ()
    assert read(path, config=PSEUDONYMOUS).ratings["ratee"].tolist() == ["P7XK2"]
    with pytest.raises(InputRefused):
        template(tmp_path / "b.xlsx", "360", rows=rows.replace("P9AB3", BOSS), region="98.01", period="2025",
                 config=PSEUDONYMOUS)  # fmt: skip


def teams(region: str = "98.01") -> pd.DataFrame:
    """Two superiors with three employees each, who rate nobody else; every employee rates themselves."""
    rows = []
    for boss, first in ((BOSS, 1), ("190709102006011005", 4)):
        for i in range(first, first + 3):
            who = f"19050101201001100{i}"
            rows += [(who, boss, "ATASAN"), (who, who, "DIRI")]
    frame = pd.DataFrame(rows, columns=["nip_dinilai", "nip_penilai", "peran_penilai"])
    return frame.assign(dimensi="Kerja Sama", nilai=4, skala_min=1, skala_maks=5, periode="2025", wilayah=region)


def test_suggested_rows_link_what_is_apart(tmp_path: Path) -> None:
    source = tmp_path / "nilai.csv"
    teams().to_csv(source, index=False, sep=";")
    asked, before, after = suggest(source, 4, config=CONFIG)
    own = {BOSS: {"1", "2", "3"}, "190709102006011005": {"4", "5", "6"}}
    assert len(asked["rows"]) == 4 and before is None and 0 < after < 1.4
    assert all(ratee[-1] not in own[rater] for ratee, rater, _ in asked["rows"].itertuples(index=False))
    told = {k: asked[k] for k in ("region", "period", "criteria", "scale")}
    assert told == {"region": "98.01", "period": "2025", "criteria": ["Kerja Sama"], "scale": (1, 5)}
    path = template(tmp_path / "isian.xlsx", "360", config=CONFIG, **asked)
    page = openpyxl.load_workbook(path)["Penilaian 360"]
    shown = [(r[2], r[4], r[5]) for r in page.iter_rows(2, 6, values_only=True)]
    pairs = asked["rows"][["ratee", "rater"]].itertuples(index=False)
    assert shown == [(*pair, "LAINNYA") for pair in pairs] + [(None,) * 3]
    assert check(path, config=CONFIG).problems == ()


def test_superiors_rate_some_of_every_team(tmp_path: Path) -> None:
    top, leaders = "190001012001011009", ["190709102006011005", BOSS]
    above = teams().head(2).assign(nip_dinilai=leaders, nip_penilai=top, peran_penilai="ATASAN")
    asked, before, after = suggest(pd.concat([teams(), above]), 4, way="superior", config=CONFIG)
    assert before is None and after is None
    assert asked["rows"]["rater"].tolist() == [top] * 4
    own = [ratee[-1] in "123" for ratee in asked["rows"]["ratee"]]
    assert sorted(own[:2]) == sorted(own[2:]) == [False, True], "one employee of every superior, then another"
    with pytest.raises(UsageError) as none:
        suggest(teams(), 4, way="superior", config=CONFIG)
    assert none.value.key == "template.no_superiors" and "nip_atasan" in none.value.text("id")
    staff = tmp_path / "pegawai.csv"  # the repair that the sentence names
    people = pd.DataFrame({"nip": leaders, "nip_atasan": top, "wilayah": "98.01", "tahun": 2025, "unit": "Bidang A"})
    people.to_csv(staff, index=False, sep=";")
    teams().to_csv(tmp_path / "nilai.csv", index=False, sep=";")
    again, _, _ = suggest([tmp_path / "nilai.csv", staff], 4, way="superior", config=CONFIG)
    pd.testing.assert_frame_equal(again["rows"], asked["rows"])


def test_suggestions_need_one_region_year_and_two_groups(tmp_path: Path) -> None:
    both = pd.concat([teams(), teams().assign(periode="2024")])
    with pytest.raises(UsageError) as several:
        suggest(both, 4, config=CONFIG)
    assert several.value.key == "template.several_cells" and "98.01 2024; 98.01 2025" in several.value.text("id")
    assert suggest(both, 4, year=2024, config=CONFIG)[0]["period"] == "2024"
    with pytest.raises(UsageError) as none:
        suggest(teams().head(6), 4, config=CONFIG)
    assert none.value.key == "template.nothing_to_suggest"
    with pytest.raises(InputRefused):
        suggest(teams().assign(nilai=9), 4, config=CONFIG)


def test_nobody_is_asked_to_rate_themselves() -> None:
    """Each superior is rated by the other: the best link would be one of them with themselves."""
    frame = teams()
    heads = pd.DataFrame({"nip_dinilai": [BOSS, "190709102006011005"], "nip_penilai": ["190203042005012003"] * 2,
                          "peran_penilai": "ATASAN"})  # fmt: skip
    frame = pd.concat([frame, heads]).ffill()
    asked, _, _ = suggest(frame, 8, config=CONFIG)
    assert len(asked["rows"]) and (asked["rows"]["ratee"] != asked["rows"]["rater"]).all()
