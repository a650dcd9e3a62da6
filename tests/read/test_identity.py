"""Where identity ends. Structure of NIP and NI PPPK: reference domain.md 6.1 (every number here is invented)."""

import base64
import datetime as dt
import hashlib
import hmac
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis import open_audit, run
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.keys import DEMO_KEY, key_id
from kinerja_analysis.base.tables import TABLES
from kinerja_analysis.read import check, read
from kinerja_analysis.read.identity import age_band, parse_nip, pseudonym

TODAY = dt.date(2026, 1, 31)


@pytest.mark.parametrize(
    ("number", "fault", "sex", "employment"),
    [
        ("198506152010011001", "", "male", "pns"),
        ("198506152010122003", "", "female", "pns"),
        ("199001012025212001", "", "female", "pppk"),
        ("190002292010011001", "E402", "", ""),  # 1900 was no leap year
        ("190402292010011001", "", "male", "pns"),
        ("200002292020011001", "", "male", "pns"),
        ("198513152010011001", "E402", "", ""),
        ("198506312010011001", "E402", "", ""),
        ("198506152010131001", "E402", "", ""),  # neither a month nor a contract number
        ("198506152010010001", "E402", "", ""),
        ("198506152010011000", "E402", "", ""),
        ("193906151960011001", "E402", "", ""),
        ("201506152030011001", "E402", "", ""),
        ("198506151995011001", "W401", "male", "pns"),  # appointed at 10
        ("198506152030011001", "W401", "male", "pns"),  # appointed in the future
        ("198506152026011001", "", "male", "pns"),  # in the month of today
        ("198506152026021001", "W401", "male", "pns"),  # next month
        ("198506152026211001", "", "male", "pppk"),  # of a contract only the year is told
        ("198506152027211001", "W401", "male", "pppk"),
        ("200006152016061001", "W401", "male", "pns"),  # 15 on 1 June 2016, 16 on the 15th
        ("200006152016071001", "", "male", "pns"),
        ("200006012016061001", "", "male", "pns"),  # 16 on that very day
        ("195006152010061001", "", "male", "pns"),
        ("195006152011061001", "", "male", "pns"),  # 60 until 15 June 2011
        ("195006152011071001", "W401", "male", "pns"),  # 61
        ("196506152025211001", "", "male", "pppk"),  # 60 in that year
        ("196406152025211001", "W401", "male", "pppk"),
        ("200906152025211001", "", "male", "pppk"),  # 16 in that year
        ("201006152025211001", "W401", "male", "pppk"),
        ("198506151959121001", "W401", "male", "pns"),  # before 1960
        ("190506151960011001", "", "male", "pns"),  # impossible people have no age
        ("190506152010212001", "", "female", "pppk"),
        ("198506152025201001", "E402", "", ""),
        ("198506152025991001", "", "male", "pppk"),
        ("198506152025001001", "E402", "", ""),
        ("198506152010013001", "E402", "", ""),  # no such sex
        ("198500152010011001", "E402", "", ""),
        ("198506002010011001", "E402", "", ""),
        ("199902292020011001", "E402", "", ""),
        ("199602292020011001", "", "male", "pns"),
        ("198506312010011999", "E402", "", ""),
        ("189906152010011001", "E402", "", ""),
        ("191006152010011001", "E402", "", ""),
        ("194001011960011001", "", "male", "pns"),
        ("201006152026011001", "W401", "male", "pns"),
        ("201106152030011001", "E402", "", ""),
        ("19850615201001100", "E401", "", ""),
        ("1985061520100110011", "E401", "", ""),
        ("19850615201001100x", "E401", "", ""),
        ("１98506152010011001", "E401", "", ""),
        ("", "E401", "", ""),
    ],
)
def test_parts_of_a_nip(number: str, fault: str, sex: str, employment: str) -> None:
    found = parse_nip([number], TODAY)
    assert (found.fault[0], found.sex[0], found.employment[0]) == (fault, sex, employment)
    assert found.synthetic[0] == (fault == "" and number.startswith("190"))


@pytest.mark.parametrize("code", range(13, 21))
def test_numbers_between_months_and_contracts_are_neither(code: int) -> None:
    assert parse_nip([f"199001012020{code}1001"], TODAY).fault.tolist() == ["E402"]


@pytest.mark.parametrize("code", (21, 22, 35, 99))
def test_contract_numbers_are_pppk(code: int) -> None:
    assert parse_nip([f"199001012020{code}2001"], TODAY).employment.tolist() == ["pppk"]


def test_nothing_to_parse() -> None:
    assert len(parse_nip([]).fault) == 0


def test_age_bands_on_the_last_day_of_the_year() -> None:
    birth = pd.Series([19951231, 19950101, 19850101, 19750101, 19740101, 0])
    assert age_band(birth, pd.Series([2025] * 6)).fillna("").tolist() == ["<=30", "<=30", "31-40", "41-50", ">=51", ""]


def test_pseudonym_is_a_keyed_hash() -> None:
    digest = hmac.new(b"k" * 32, b"190501012010011001", hashlib.sha256).digest()
    expected = "P" + base64.b32encode(digest).decode()[:13]
    assert pseudonym(b"k" * 32, "190501012010011001") == expected
    assert pseudonym(b"l" * 32, "190501012010011001") != expected


def test_synthetic_data_use_the_published_key(make: Any) -> None:
    tables = read(make.ekinerja(), config=make.config)
    assert tables.synthetic and tables.appraisals["person"][0] == pseudonym(DEMO_KEY, make.nip(1))
    assert tables.employees["age_band"].isna().all()


def real(make: Any) -> list[list[Any]]:
    rows = make.people()
    for i, row in enumerate(rows):
        row[0], row[13] = f"19850615201001100{i + 1}", "197503151999032001"
    return rows


def test_real_numbers_need_an_own_key(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINERJA_KEY_FILE", raising=False)
    place = make.ekinerja(real(make))
    report = check(place, config=make.config)
    assert [(p.code, p.params["n"], p.cell) for p in report.problems] == [("KA-E404", 7, "")]
    key = tmp_path / "kunci"
    key.write_bytes(b"0123456789abcdef0123456789abcdef")
    tables = read(place, config=make.config.model_copy(update={"key_file": str(key)}))
    assert not tables.synthetic and tables.key_id not in (
        "",
        read(make.ekinerja(name="b.xlsx"), config=make.config).key_id,
    )
    people = tables.employees.set_index("person")
    assert people.loc[tables.appraisals["person"], "age_band"].tolist() == ["31-40"] * 6
    assert people.loc[tables.ratings["rater"][0], ["sex", "age_band"]].tolist() == ["female", "41-50"]


def test_a_missing_or_short_key_is_a_usage_error(make: Any, tmp_path: Path) -> None:
    short = tmp_path / "kunci"
    short.write_bytes(b"pendek")
    for place in (short, tmp_path / "tidak_ada"):
        with pytest.raises(UsageError):
            read(make.ekinerja(), config=make.config.model_copy(update={"key_file": str(place)}))


def test_names_and_addresses_are_hashed_with_an_own_key_only(make: Any, tmp_path: Path) -> None:
    rows = make.scores()
    for row in rows:
        row[2], row[3] = f"Orang {row[2][-3:]}", f"orang  {row[3][-3:]}"
    place = make.text([make.long_header, *rows])
    config = make.config.model_copy(update={"identifiers": "other"})
    assert [p.code for p in check(place, config=config).problems] == ["KA-E407"]
    key = tmp_path / "kunci"
    key.write_bytes(b"0123456789abcdef0123456789abcdef")
    found = read(place, config=config.model_copy(update={"key_file": str(key)})).ratings
    assert found["ratee"].str.fullmatch(r"P[A-Z2-7]{13}").all()
    assert (found["ratee"] == found["rater"]).tolist() == [False, False, True] * 2


def test_declared_pseudonyms_are_kept_and_refused_where_they_look_personal(make: Any) -> None:
    rows = make.scores()
    for row in rows:
        row[2], row[3] = f"x{row[2][-3:]}", f"x{row[3][-3:]}"
    config = make.config.model_copy(update={"identifiers": "pseudonymous"})
    tables = read(make.text([make.long_header, *rows]), config=config)
    assert set(tables.ratings["ratee"]) == {"x001", "x002"} and tables.key_id == "" and not tables.synthetic
    rows[3][2], rows[4][3] = "a@b.id", make.nip(4)
    report = check(make.text([make.long_header, *rows]), config=config)
    assert [(p.code, p.cell, p.value) for p in report.problems] == [
        ("KA-E405", "baris 5", ""),
        ("KA-E405", "baris 6", ""),
    ]


STAFF = ("tahun", "wilayah", "nip", "unor", "jenis_pegawai", "jenis_kelamin")


def test_a_column_that_contradicts_the_number_is_a_warning_at_its_cell(make: Any) -> None:
    woman, man, contract = "190501012010012001", "190501022010011002", "190501032020211003"
    rows = [
        ["2025", "98.01", woman, "Unit", "pns", "P"],
        ["2025", "98.01", man, "Unit", "PPPK", "perempuan"],
        ["2025", "98.01", contract, "Unit", "pppk_paruh_waktu", "L"],
        ["2025", "98.01", "190501042020212004", "Unit", "PNS", "P"],
        ["2025", "98.01", "190501052020212005", "Unit", "", ""],
    ]
    tables = read(make.text([STAFF, *rows]), config=make.config)
    assert [(p.code, p.severity, p.column, p.cell, p.others, p.value) for p in tables.problems] == [
        ("KA-W402", "warning", "jenis_kelamin", "baris 3", (), ""),
        ("KA-W403", "warning", "jenis_pegawai", "baris 3", ("baris 5",), ""),
    ]
    people = tables.employees.set_index("person")
    own = people.loc[pseudonym(DEMO_KEY, man), ["sex", "employment"]].tolist()
    assert own == ["female", "pppk"]  # the column counts, as the message says
    last = people.loc[pseudonym(DEMO_KEY, "190501052020212005"), ["sex", "employment"]].tolist()
    assert last == ["female", "pppk"]  # from the number


def test_an_export_that_contradicts_the_number_is_a_warning_at_its_cell(make: Any) -> None:
    problems = read(make.ekinerja(edit={make.cell("jenis_pegawai", 4): "pppk"}), config=make.config).problems
    assert [(p.code, p.sheet, p.cell) for p in problems] == [("KA-W403", "Data", make.cell("jenis_pegawai", 4))]


NFC, NFD = "Andr\u00e9 Lubis", "Andre\u0301 Lubis"


@pytest.mark.parametrize(
    "spelling",
    [NFC, NFD, NFC.upper(), NFD.lower(), f"  {NFC} ", f"\u00a0{NFC}\u00a0", NFC.replace(" ", "   "),
     NFC.replace(" ", "\u00a0"), NFD.replace(" ", " \u00a0 "), NFC.replace(" ", "\t"), f"\u200b{NFC}"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_one_name_has_one_pseudonym_however_it_is_written(
    make: Any, tmp_path: Path, spelling: str, kind: str
) -> None:
    key = tmp_path / "kunci"
    key.write_bytes(b"0123456789abcdef0123456789abcdef")
    config = make.config.model_copy(update={"identifiers": "other", "key_file": str(key)})
    rows = make.scores()
    for row in rows:
        row[2], row[3] = f"orang.{row[2][-3:]}@contoh.id", f"ORANG.{row[3][-3:]}@contoh.id"
    rows[0][2], rows[1][2] = NFC, spelling
    place = make.text([make.long_header, *rows]) if kind == "csv" else make.workbook([make.long_header, *rows])
    tables = read(place, config=config)
    assert tables.key_id == key_id(b"0123456789abcdef0123456789abcdef") and not tables.synthetic
    assert tables.ratings["ratee"].nunique() == 3 and tables.ratings["ratee"][:2].nunique() == 1
    assert tables.ratings["ratee"][0] == pseudonym(b"0123456789abcdef0123456789abcdef", "andr\u00e9 lubis")
    self_rated = tables.ratings[tables.ratings["source"] == "self"].iloc[-1]
    assert self_rated["ratee"] == self_rated["rater"]
    kept = "".join(getattr(tables, t).to_csv() for t in TABLES).casefold()
    assert not any(word in kept for word in ("andr", "lubis", "contoh.id", "orang."))


def test_names_and_addresses_end_at_the_door_of_a_whole_run(make: Any, tmp_path: Path) -> None:
    """Twelve people rate each other under their names; report and store hold none of them."""
    key = tmp_path / "kunci"
    key.write_bytes(b"0123456789abcdef0123456789abcdef")
    config = make.config.model_copy(update={"identifiers": "other", "key_file": str(key)})
    names = [f"Zaleha{chr(97 + i)} Contoh" if i % 2 else f"zaleha{chr(97 + i)}@surel.contoh" for i in range(12)]
    rows = [
        ["2025", "98.01", ratee, rater.upper() if j % 3 else f" {rater}", "DIRI" if ratee == rater else "REKAN",
         f"Unit {i % 2}", criterion, str(60 + (7 * i + 3 * j + k) % 35), "0", "100", "2025-12-01 08:00:00"]
        for i, ratee in enumerate(names) for j, rater in enumerate(names)
        for k, criterion in enumerate(("Jujur", "Adil")) if (i - j) % 12 < 5
    ]  # fmt: skip
    place = make.text([make.long_header, *rows])
    done = run(place, out=tmp_path / "laporan", lang=("id",), config=config)
    assert done.to_frame()["status"].tolist() == ["done"]
    audit = open_audit(tmp_path / "laporan", level="internal", key_file=str(key))
    assert set(audit.scores.frame["person"]) == {
        pseudonym(b"0123456789abcdef0123456789abcdef", n.casefold()) for n in names
    }
    for file in (p for p in (tmp_path / "laporan").rglob("*") if p.is_file()):
        data = file.read_bytes()
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as archive:
                data += b"".join(map(archive.read, archive.namelist()))
        if file.suffix == ".parquet":
            data += pd.read_parquet(file).to_csv().encode()
        assert b"zaleha" not in data.lower(), file.name


def test_an_attribute_that_names_people_is_not_taken_in(make: Any) -> None:
    """The names stand in another file; neither a value nor the header may become a group of the report."""
    make.ekinerja([[*r[:1], f"Sekar {i} Contoh", *r[2:]] for i, r in enumerate(make.people())])
    header = (*STAFF, "kelompok", "Sekar 3 Contoh", "asal")
    rows = [["2025", "98.01", make.nip(i), f"Unit {i % 2}", "pns", "L", f"sekar {i % 2} contoh", "x", "kota"]
            for i in range(1, 7)]  # fmt: skip
    place = make.text([header, *rows], name="pegawai.csv").parent
    tables = read(place, config=make.config)
    assert "asal" in tables.employees and not {"kelompok", "sekar_3_contoh"} & set(tables.employees)
    notes = [(p.code, p.column) for p in tables.problems if p.code == "KA-N302"]
    assert notes == [("KA-N302", "kelompok"), ("KA-N302", "•••")]


def test_a_criterion_called_like_a_person_is_refused_at_its_header(make: Any) -> None:
    make.ekinerja([[*r[:1], f"Sekar {i} Contoh", *r[2:]] for i, r in enumerate(make.people())])
    rows = [list(make.wide_header[:-1]) + ["Sekar 2 Contoh"], *make.pairs()]
    report = check(make.workbook(rows, name="nilai.xlsx").parent, config=make.config)
    assert [(p.code, p.file, p.cell, p.column) for p in report.problems] == [("KA-E408", "nilai.xlsx", "I1", "•••")]


CANARY_NAME, CANARY_NIP = "Kenari Rahasia", "190807232010012077"


@pytest.mark.parametrize("column", ["nama", "pegawai_atasan_nama", "hasil_kerja", "skp_jenis_jabatan", "waktu_dinilai",
                                    "hasil_akhir", "jenis_pegawai", "is_skp_plt_plh_pjb", "tahun_skp"])  # fmt: skip
@pytest.mark.parametrize("canary", [CANARY_NAME, CANARY_NIP])
def test_no_person_in_problems_or_tables(make: Any, column: str, canary: str) -> None:
    """A name or NIP in a wrong column is reported by its cell, never shown."""
    rows = make.people()
    rows[0][1] = CANARY_NAME
    rows[0][0] = CANARY_NIP
    header = list(make.ekinerja_header)
    if column not in header:
        header.append(column)
        rows = [[*r, "2"] for r in rows]
    rows[1][header.index(column)] = canary
    place = make.ekinerja(rows, header=header)
    report = check(place, config=make.config)
    shown = report.summary("id") + report.summary("en") + report.to_frame().to_csv() + repr(report.problems)
    shown += report.accounting.to_csv() + report._repr_html_()
    assert CANARY_NAME.casefold() not in shown.casefold() and CANARY_NIP not in shown
    if column == "skp_jenis_jabatan":
        assert [(p.code, p.cell) for p in report.problems] == [("KA-E408", "Q9")]
    if report.ok:
        tables = read(place, config=make.config)
        text = "".join(getattr(tables, n).to_csv() for n in TABLES) + repr(tables.problems)
        assert CANARY_NIP not in text and CANARY_NAME not in text


def test_exceptions_carry_no_person(make: Any) -> None:
    with pytest.raises(InputRefused) as refused:
        read(make.ekinerja(edit={"A9": CANARY_NIP + "9", "K9": CANARY_NIP}), config=make.config)
    assert CANARY_NIP not in str(refused.value) + repr(refused.value.problems)


def test_configuration_other_than_known_is_refused() -> None:
    with pytest.raises(ValueError):
        AuditConfig(identifiers="plain")  # type: ignore[arg-type]


def test_one_name_with_and_without_titles_is_said(make: Any, tmp_path: Path) -> None:
    """Four ways to write one person, and two people who only begin alike."""
    (tmp_path / "kunci").write_text("k" * 64)
    config = AuditConfig(**{**make.config.model_dump(), "identifiers": "other", "key_file": str(tmp_path / "kunci")})
    ratees = ["Andi Amir", "ANDI  AMIR", "Andi Amir, S.Sos.", "Drs. H. Andi Amir", "Andi Amir S.Sos", "Andi Amiruddin"]
    rows = [["2025", "98.01", who, f"Rekan {i}", "REKAN", "Unit", "Disiplin", "80", "0", "100", ""]
            for i, who in enumerate(ratees)]  # fmt: skip
    tables = read(make.text([make.long_header, *rows]), config=config)
    found = [(p.cell, p.others, p.params["n"]) for p in tables.problems if p.code == "KA-W516"]
    assert found == [("baris 2", ("baris 3", "baris 4", "baris 5", "baris 6"), 1)]
    assert tables.ratings["ratee"].nunique() == 5
    assert not any("andi" in p.text(lang).lower() for p in tables.problems for lang in ("id", "en"))
