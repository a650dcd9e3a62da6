"""Where identity ends. Structure of NIP and NI PPPK: reference domain.md 6.1 (every number here is invented)."""

import base64
import datetime as dt
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.keys import DEMO_KEY
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
