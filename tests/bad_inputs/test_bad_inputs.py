"""Files as people really damage them: each must be named with its code and its cell, in both languages.

The expected code and address are worked out by hand from how the file is built, never from the reader.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, MappingConfig, RegionConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.read import check, read

Build = Callable[[Any], Any]
LONG = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai",
        "skala_min", "skala_maks", "waktu")  # fmt: skip
WIDE = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "skala_min", "skala_maks", "Disiplin",
        "Kerja Sama")  # fmt: skip
UNITS = ("periode", "wilayah", "unor", "opd", "predikat_organisasi")


def edited(column: str, person: int, value: Any) -> Build:
    return lambda m: m.ekinerja(edit={m.cell(column, person): value})


def renamed(old: str, new: str | None) -> Build:
    def build(m: Any) -> Any:
        keep = [i for i, h in enumerate(m.ekinerja_header) if h != old or new is not None]
        header = [new if m.ekinerja_header[i] == old else m.ekinerja_header[i] for i in keep]
        return m.ekinerja([[row[i] for i in keep] for row in m.people()], header=header)

    return build


def long_cell(column: str, row: int, value: Any, *, separator: str = ";") -> Build:
    def build(m: Any) -> Any:
        rows = m.scores()
        rows[row - 1][LONG.index(column)] = value
        return m.text([LONG, *rows], separator=separator)

    return build


def titled(line: int, text: str) -> Build:
    return lambda m: m.ekinerja(edit={f"A{line}": text})


def member(m: Any, name: str, content: bytes, *, compress: bool = True) -> Path:
    """A workbook with one part replaced or added."""
    source = m.ekinerja(name="asal.xlsx")
    target = m.folder / "penilaian.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, content)
    source.unlink()
    return target


SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = b"<worksheet " + SPACE + b"><sheetData>%s</sheetData></worksheet>"


def rare_scale(m: Any) -> Path:
    rows = [["2025", "98.01", m.nip(i), m.nip(900, 2), "ATASAN", "U", "x", "80", "0", "100", ""] for i in range(1, 31)]
    rows[2][9] = "1000"
    return m.text([LONG, *rows])


def without_year(m: Any) -> Path:
    rows = [[r[0], *r[3:]] for r in m.people()]
    return m.ekinerja(rows, lines=0, header=["nip", *m.ekinerja_header[3:]])


def without_period(m: Any) -> Path:
    return m.ekinerja(lines=0, edit={"Q1": "wilayah", **{f"Q{i}": "98.01" for i in range(2, 8)}})


def wide_cell(cell: str, value: Any) -> Build:
    return lambda m: m.workbook([WIDE, *m.pairs()], edit={cell: value})


def target(value: str) -> Build:
    header = ("periode", "wilayah", "nip", "indikator", "target", "realisasi")
    return lambda m: m.text([header, ["2025", "98.01", m.nip(1), "x", value, "5"]])


def declaration(m: Any) -> Path:
    return member(m, "xl/worksheets/sheet1.xml", b'<!DOCTYPE a [<!ENTITY b "c">]>' + SHEET % b"")


def far_cell(m: Any) -> Path:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return member(m, "xl/worksheets/sheet1.xml", SHEET % cells)


def packed(m: Any) -> Path:
    return member(m, "xl/sharedStrings.xml", b"<sst>" + b"<si><t>x</t></si>" * 400_000 + b"</sst>")


def encrypted(m: Any) -> Path:
    head = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504
    return m.raw(head + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 500, "penilaian.xlsx")


def old_format(m: Any) -> Path:
    return m.raw(bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 2000, "penilaian.xlsx")


def lying_size(m: Any) -> Path:
    """The sheet's stated size is smaller than what is inside."""
    place = m.ekinerja()
    data = bytearray(place.read_bytes())
    name = b"xl/worksheets/sheet1.xml"
    at = data.rfind(name)
    at = data.rfind(b"PK\x01\x02", 0, at)
    struct.pack_into("<I", data, at + 24, 100)
    place.write_bytes(bytes(data))
    return place


def two_extra(m: Any) -> Path:
    rows = [*m.scores()]
    return m.text([LONG, rows[0], [*rows[1], "lebih"], rows[2]])


def same_key(m: Any) -> Path:
    rows = m.scores()
    again = [*rows[1]]
    again[7] = "55"
    return m.text([LONG, *rows, again])


def mixed(m: Any) -> Path:
    rows = m.scores()
    rows[0][7] = rows[2][7] = "80,5"
    rows[1][7] = "80.5"
    return m.text([LONG, *rows])


def with_region(m: Any, value: Any) -> Path:
    rows = m.scores()
    rows[2][1] = value
    return m.workbook([LONG, *rows])


def real_nips(m: Any, people: dict[int, str]) -> Path:
    rows = m.people()
    for i, number in people.items():
        rows[i][0] = number
    return m.ekinerja(rows)


REAL = "198506152010011001"  # invented: no such serial is claimed to exist
CASES: list[tuple[str, Build, str, str]] = [
    # --- identity numbers
    ("nip stored as number", edited("nip", 2, 190501012010011001), "KA-E104", "A9"),
    ("supervisor stored as number", edited("pegawai_atasan_nip", 3, 190501012010011001), "KA-E104", "N10"),
    ("nip in scientific notation", edited("nip", 4, "1,90501E+17"), "KA-E406", "A11"),
    ("nip of 17 digits", edited("nip", 1, "19050101201001100"), "KA-E401", "A8"),
    ("nip with a letter", edited("nip", 1, "19050101201001l001"), "KA-E401", "A8"),
    ("a name in the nip column", edited("nip", 5, "Siti"), "KA-E401", "A12"),
    ("nip empty", edited("nip", 6, None), "KA-E201", "A13"),
    ("nip of month 13", edited("nip", 2, "190513012010011001"), "KA-E402", "A9"),
    ("nip of 30 February", edited("nip", 2, "190502302010011001"), "KA-E402", "A9"),
    ("nip with serial 000 (cut off by Excel)", edited("nip", 2, "190501012010011000"), "KA-E402", "A9"),
    ("nip with sex digit 3", edited("nip", 2, "190501012010013001"), "KA-E402", "A9"),
    ("real nips with the demo key", lambda m: real_nips(m, {i: f"19850615201001100{i + 1}" for i in range(6)}),
     "KA-E403", "N8"),
    ("one real nip among synthetic ones", lambda m: real_nips(m, {2: REAL}), "KA-E403", "A10"),
    ("nip column is a formula", edited("nip", 3, "=A8"), "KA-E109", "A10"),
    # --- labels and values of the export
    ("unknown level", edited("hasil_kerja", 3, "MEMUASKAN"), "KA-E202", "K10"),
    ("misspelt level", edited("perilaku_kerja", 2, "SESUAI EKSPEKTAS"), "KA-E202", "L9"),
    ("unknown predikat", edited("hasil_akhir", 1, "BAIK SEKALI"), "KA-E202", "M8"),
    ("level as a bare number", edited("hasil_kerja", 1, 2), "KA-E213", "K8"),
    ("istimewa for an employee", edited("hasil_akhir", 1, "ISTIMEWA"), "KA-W201", "M8"),
    ("only one of two ratings", lambda m: m.ekinerja(edit={"L9": "-", "M9": "-"}), "KA-W202", "L9"),
    ("time that is none", edited("waktu_dinilai", 4, "kemarin sore"), "KA-E207", "P11"),
    ("acting flag that is none", edited("is_skp_plt_plh_pjb", 2, "mungkin"), "KA-E211", "H9"),
    ("unknown employment", edited("jenis_pegawai", 2, "honorer"), "KA-E202", "J9"),
    ("rated without supervisor", edited("pegawai_atasan_nip", 2, "-"), "KA-W204", "N9"),
    ("own supervisor", lambda m: m.ekinerja(edit={"N9": m.people()[1][0]}), "KA-W205", "N9"),
    ("error cell", edited("hasil_kerja", 2, "#N/A"), "KA-E118", "K9"),
    ("formula without value in a level", edited("hasil_kerja", 2, '="BAIK"'), "KA-E109", "K9"),
    # --- year, period, region
    ("row of another year", edited("tahun_skp", 3, "2024"), "KA-E502", "C10"),
    ("year that is none", edited("tahun_skp", 3, "dua ribu"), "KA-E208", "C10"),
    ("title and period disagree", titled(3, "Periode : Bulanan 7"), "KA-E506", "A3"),
    ("two years above the header", titled(3, "Periode : Tahunan Tahun 2023"), "KA-E502", "A3"),
    ("unknown agency", titled(2, "Instansi Pemerintah Kab. Antah Berantah"), "KA-E503", "A2"),
    ("no year anywhere", without_year, "KA-E505", "A1"),
    ("kind of period untold", without_period, "KA-W501", ""),
    ("region untold", lambda m: m.ekinerja(lines=1), "KA-E510", "A2"),
    ("region code as number", lambda m: with_region(m, 98.01), "KA-E210", "B4"),
    ("region unknown in a row", lambda m: with_region(m, "Kab. Antah"), "KA-E503", "B4"),
    ("region of another place in a row", lambda m: m.ekinerja(edit={"Q7": "wilayah", "Q9": "11.01"}), "KA-E501", "Q9"),
    ("period that is none", long_cell("periode", 2, "semester ganjil"), "KA-E209", "baris 3"),
    # --- header and layout
    ("header misspelt", renamed("hasil_kerja", "hasl_kerja"), "KA-E301", "K7"),
    ("rater header misspelt", renamed("pegawai_atasan_nip", "pegawai_atasan_nipp"), "KA-E301", "N7"),
    ("header twice", renamed("golru", "hasil_kerja"), "KA-E303", "K7"),
    ("no perilaku_kerja", renamed("perilaku_kerja", None), "KA-E302", "A7"),
    ("laporan SKP without a year", lambda m: m.workbook([["nip", "nama", "skp_status"], [m.nip(1), "x", "draft"]]),
     "KA-E505", "A1"),
    ("table without known columns", lambda m: m.workbook([["a", "b"], [1, 2]]), "KA-E304", ""),
    ("nip header lost", renamed("nip", "nomor induk"), "KA-E302", "A7"),
    ("year header lost", lambda m: m.text([("x", "wilayah", "nip", "golongan"), ["2025", "98.01", m.nip(1), "III/a"]]),
     "KA-E505", "baris 1"),
    ("region empty in one row", lambda m: with_region(m, None), "KA-E201", "B4"),
    # --- 360 sheets
    ("score with a letter", long_cell("nilai", 1, "95,5o"), "KA-E203", "baris 2"),
    ("score outside its scale", long_cell("nilai", 4, "101"), "KA-E204", "baris 5"),
    ("comma and point mixed", mixed, "KA-E205", "baris 3"),
    ("scale upside down", long_cell("skala_maks", 3, "0"), "KA-E212", "baris 4"),
    ("rare scale", rare_scale, "KA-W206", "baris 4"),
    ("unknown role", long_cell("peran_penilai", 2, "TETANGGA"), "KA-E202", "baris 3"),
    ("role says self, people differ", long_cell("peran_penilai", 2, "DIRI"), "KA-E508", "baris 3"),
    ("same person, role says peer", long_cell("peran_penilai", 3, "REKAN"), "KA-E509", "baris 4"),
    ("no rater", long_cell("nip_penilai", 1, ""), "KA-E201", "baris 2"),
    ("no criterion", long_cell("dimensi", 1, ""), "KA-E201", "baris 2"),
    ("two scores for one pair", same_key, "KA-E507", "baris 3"),
    ("line with a field too many", two_extra, "KA-E114", "baris 3"),
    ("open quote", long_cell("unor", 3, '"Unit'), "KA-E117", "baris 4"),
    ("no last line break", lambda m: m.text([LONG, *m.scores()], ending=""), "KA-W104", "baris 7"),
    ("cp1252", lambda m: m.text([LONG, *[[*r[:5], "Café", *r[6:]] for r in m.scores()]], encoding="cp1252"),
     "KA-W103", "baris 2"),
    ("binary with csv name", lambda m: m.raw(b"nip;hasil_kerja\n\x00\x01\x02", "x.csv"), "KA-E113", "baris 2"),
    ("wide score with a letter", wide_cell("I3", "70 poin"), "KA-E203", "I3"),
    ("wide score outside its scale", wide_cell("H4", 700), "KA-E204", "H4"),
    ("wide score is an error cell", wide_cell("H4", "#REF!"), "KA-E118", "H4"),
    ("wide header twice", wide_cell("I1", "disiplin"), "KA-E303", "I1"),
    ("wide score is a formula without value", wide_cell("H4", "=1+1"), "KA-E109", "H4"),
    # --- other tables
    ("unknown organisational rating", lambda m: m.text([UNITS, ["2025", "98.01", "Unit 1", "Dinas", "LUAR BIASA"]]),
     "KA-E202", "baris 2"),
    ("target that may be one or a thousand", target("1.000"), "KA-E206", "baris 2"),
    ("target that is a word", target("seratus"), "KA-E203", "baris 2"),
    ("target empty", target(""), "KA-E201", "baris 2"),
    # --- files
    ("not there", lambda m: m.folder / "tidak_ada.xlsx", "KA-E101", ""),
    ("text with xlsx name", lambda m: m.raw(b"<html><table></table></html>", "a.xlsx"), "KA-E102", ""),
    ("cut off", lambda m: m.raw(m.ekinerja().read_bytes()[:3000], "penilaian.xlsx"), "KA-E102", ""),
    ("size inside is a lie", lying_size, "KA-E102", ""),
    ("document type declared", declaration, "KA-E102", ""),
    ("password", encrypted, "KA-E103", ""),
    ("old xls with xlsx name", old_format, "KA-E108", ""),
    ("ods", lambda m: m.raw(b"PK", "a.ods"), "KA-E108", ""),
    ("packed 400 times", packed, "KA-E105", ""),
    ("cell at the far corner", far_cell, "KA-E106", ""),
    ("empty file", lambda m: m.raw(b"", "a.csv"), "KA-E116", ""),
    ("temporary file", lambda m: m.raw(b"x", "~$a.xlsx"), "KA-E111", ""),
    ("damaged parquet", lambda m: m.raw(b"PAR1 and nothing more", "a.parquet"), "KA-E102", ""),
    ("folder without tables", lambda m: m.raw(b"# hai", "baca.md").parent, "KA-E107", ""),
]  # fmt: skip


ALSO = {"KA-E505": {"KA-E510"}, "KA-E303": {"KA-E301"}}


@pytest.mark.parametrize(("build", "code", "cell"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_named_with_code_and_cell(make: Any, build: Build, code: str, cell: str) -> None:
    report = check(build(make), config=make.config)
    found = [p for p in report.problems if p.code == code]
    assert found, [(p.code, p.cell) for p in report.problems]
    assert cell in (found[0].cell, *found[0].others), found
    errors = {p.code for p in report.problems if p.severity == "error"}
    assert report.ok == (not errors)
    assert errors <= {code} | ALSO.get(code, set()), "one damage must not be buried in consequences"
    for lang in ("id", "en"):
        assert found[0].text(lang) and found[0].text(lang, "repair") and code in report.summary(lang)


def test_family_is_large_enough() -> None:
    assert len(CASES) >= 40 and len({c[0] for c in CASES}) == len(CASES)


def test_refused_by_read(make: Any) -> None:
    with pytest.raises(InputRefused) as refused:
        read(edited("nip", 2, "Siti")(make), config=make.config)
    assert refused.value.exit_code == 3
    assert [(p.code, p.cell, p.value) for p in refused.value.problems] == [("KA-E401", "A9", "")]


def test_arguments_that_contradict(make: Any) -> None:
    other = AuditConfig(regions={**make.config.regions, "98.02": RegionConfig(name="Kabupaten Lain")})
    place = make.ekinerja()
    region = check(place, region="98.02", config=other)
    assert [(p.code, p.cell) for p in region.problems] == [("KA-E501", "A2")]
    year = check(place, year=2024, config=make.config)
    assert ("KA-E502", "C8") in [(p.code, p.cell) for p in year.problems]
    assert year.problems[0].others == ("C9", "C10", "C11", "C12", "C13")


def test_mapping_that_does_not_fit(make: Any) -> None:
    place = make.text([("a", "b"), ("1", "2")])
    mapping = MappingConfig(file="*.csv", table="employees", columns={"person": "a", "unit": "c"})
    config = make.config.model_copy(update={"mapping": (mapping,), "identifiers": "pseudonymous"})
    report = check(place, region="98.01", year=2025, config=config)
    assert [(p.code, p.column) for p in report.problems if p.severity == "error"] == [("KA-E305", "c")]


def test_frame_with_a_float_identity() -> None:
    frame = pd.DataFrame({"nip": [1.5, 2.5], "golongan": ["III/a", "III/b"], "tahun": 2025, "wilayah": "98.01.01"})
    report = check(frame, config=AuditConfig(identifiers="pseudonymous"))
    assert [(p.code, p.cell, p.others) for p in report.problems] == [("KA-E104", "baris 1", ("baris 2",))]
