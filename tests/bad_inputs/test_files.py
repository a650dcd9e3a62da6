"""Files that are not what their name says, cannot be opened, or hold nothing; each has its sentence."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

SAVE = "Simpan Sebagai|Save As"
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = b"<worksheet " + SPACE + b"><sheetData>%s</sheetData></worksheet>"
PART = "xl/worksheets/sheet1.xml"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def far_cell(m: Any, dimension: bytes = b"") -> Path:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return m.member(PART, SHEET.replace(b"<sheetData>", dimension + b"<sheetData>") % cells)


def lying_dimension(m: Any) -> Path:
    """The sheet says it has one cell; the table is there all the same."""
    place = m.edited("hasil_akhir", 2, "BAIKK").rename(m.folder / "asal.xlsx")
    return m.member(PART, lambda part: re.sub(rb'<dimension ref="[^"]*" ?/>', b'<dimension ref="A1"/>', part), place)


def lying_size(m: Any) -> Path:
    """The sheet's stated size is smaller than what is inside."""
    place = m.ekinerja()
    data = bytearray(place.read_bytes())
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/worksheets/sheet1.xml"))
    struct.pack_into("<I", data, at + 24, 100)
    place.write_bytes(bytes(data))
    return place


def wrong_sum(m: Any) -> Path:
    """One byte of the packed sheet is another."""
    place = m.ekinerja()
    data = bytearray(place.read_bytes())
    data[data.find(b"xl/worksheets/sheet1.xml") + 200] ^= 0xFF
    place.write_bytes(bytes(data))
    return place


def loop(m: Any) -> Path:
    m.folder.mkdir()
    (m.folder / "a.csv").symlink_to(m.folder / "b.csv")
    (m.folder / "b.csv").symlink_to(m.folder / "a.csv")
    return m.folder / "a.csv"


def folder_loop(m: Any) -> Path:
    """A folder that holds itself, beside a damaged table."""
    m.long(("nilai", 2, "8o"))
    (m.folder / "lagi").symlink_to(m.folder, target_is_directory=True)
    return m.folder


def pipe(m: Any) -> Path:
    m.folder.mkdir()
    os.mkfifo(m.folder / "nilai.csv")
    return m.folder / "nilai.csv"


def folder(*names: str) -> Any:
    def build(m: Any) -> Path:
        for name in names:
            m.raw(b"PK and nothing more", name)
        return m.folder

    return build


CASES: list[tuple[Any, ...]] = [
    ("not there", lambda m: m.folder / "tidak_ada.xlsx", "KA-E101", "", "nama dan folder|name and folder"),
    ("a name longer than any file's", lambda m: m.folder / ("n" * 300 + ".xlsx"), "KA-E101", "", "nama dan folder|"
     "name and folder"),
    ("a web page", lambda m: m.raw(b"<html><table></table></html>", "a.xlsx"), "KA-E102", "", SAVE),
    ("a text table under the name of a workbook", lambda m: m.long(name="nilai.xlsx"), "KA-E102", "", SAVE),
    ("a workbook under the name of a text table", lambda m: m.ekinerja(name="nilai.csv.xlsx").rename(
     m.folder / "nilai.csv"), "KA-E113", "baris 1", "Simpan Sebagai|Save As"),
    ("cut off", lambda m: m.raw(m.ekinerja().read_bytes()[:3000], "penilaian.xlsx"), "KA-E102", "", "unduh ulang|"
     "download it again"),
    ("its first half missing", lambda m: m.raw(m.ekinerja().read_bytes()[2000:], "penilaian.xlsx"), "KA-E102", "",
     "unduh ulang|download it again"),
    ("one byte is another", wrong_sum, "KA-E102", "", "unduh ulang|download it again"),
    ("size inside is a lie", lying_size, "KA-E102", "", SAVE),
    ("a zip of something else", lambda m: m.member(PART, b"x").rename(m.folder / "a.xlsx"), "KA-E102", "", SAVE),
    ("document type declared", lambda m: m.member(PART, b'<!DOCTYPE a [<!ENTITY b "c">]>' + SHEET % b""), "KA-E102",
     "", SAVE),
    ("password", lambda m: m.raw(OLE + b"\x00" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 500,
     "penilaian.xlsx"), "KA-E103", "", "kata sandi|password"),
    ("old workbook under a new name", lambda m: m.raw(OLE + b"\x00" * 2000, "penilaian.xlsx"), "KA-E108", "", SAVE),
    ("old workbook", lambda m: m.raw(OLE + b"\x00" * 2000, "penilaian.xls"), "KA-E108", "", SAVE),
    ("binary workbook", lambda m: m.raw(b"PK", "a.xlsb"), "KA-E108", "", SAVE),
    ("archive", lambda m: m.raw(b"PK", "ekspor.zip"), "KA-E123", "", "Ekstrak arsip|Extract the archive"),
    ("folder with an archive only", folder("a.zip", "b.RAR"), "KA-E107", "", ".xlsx|.xlsx", {"also": ("KA-W106",)}),
    ("LibreOffice table", lambda m: m.raw(b"PK", "a.ods"), "KA-E108", "", SAVE),
    ("packed 400 times", lambda m: m.member("xl/sharedStrings.xml", b"<sst>" + b"<si><t>x</t></si>" * 400_000
     + b"</sst>"), "KA-E105", "", "buku kerja baru|new workbook"),
    ("cell at the far corner", far_cell, "KA-E106", "", "Ctrl+End|Ctrl+End", {"sheet": "Data"}),
    ("cell at the far corner, extent a lie", lambda m: far_cell(m, b'<dimension ref="A1:B2"/>'), "KA-E106", "",
     "Ctrl+End|Ctrl+End", {"sheet": "Data"}),
    ("extent a lie", lying_dimension, "KA-E202", "M9", "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("empty file", lambda m: m.raw(b"", "a.csv"), "KA-E116", "", "simpan ulang|save the file again"),
    ("empty workbook", lambda m: m.raw(b"", "a.xlsx"), "KA-E116", "", "simpan ulang|save the file again"),
    ("workbook without a cell", lambda m: m.workbook([]), "KA-E304", "", "satu baris judul kolom|one header row"),
    ("blanks only", lambda m: m.raw(b"  \n \n", "a.csv"), "KA-E304", "", "satu baris judul kolom|one header row"),
    ("temporary file of Excel", lambda m: m.raw(b"x", "~$a.xlsx"), "KA-E111", "", "Tutup buku kerja|"
     "Close the workbook"),
    ("lock file of LibreOffice", lambda m: m.raw(b"x", ".~lock.a.xlsx#"), "KA-E111", "", "Tutup buku kerja|"
     "Close the workbook"),
    ("temporary file in a folder", lambda m: m.raw(b"x", "~$a.xlsx").parent if m.long(("nilai", 2, "8o")) else None,
     "KA-E203", "baris 3", "angkanya saja|number only", {"also": ("KA-N102",)}),
    ("lock file in a folder", lambda m: m.raw(b"x", ".~lock.a.xlsx#").parent if m.long(("nilai", 2, "8o")) else None,
     "KA-E203", "baris 3", "angkanya saja|number only", {"also": ("KA-N102",)}),
    ("damaged parquet", lambda m: m.raw(b"PAR1 and nothing more", "a.parquet"), "KA-E102", "", "unduh ulang|"
     "download it again"),
    ("links in a circle", loop, "KA-E112", "", "folder Anda sendiri|folder of your own"),
    ("folder in itself", folder_loop, "KA-E203", "baris 3", "angkanya saja|number only", {"file": "nilai.csv"}),
    ("a pipe, no file", pipe, "KA-E112", "", "folder Anda sendiri|folder of your own"),
    ("folder without tables", lambda m: m.raw(b"# hai", "baca.md").parent, "KA-E107", "", "Berikan berkas|"
     "Give an .xlsx"),
    ("folder with other spreadsheets only", folder("a.ods", "b.xlsb"), "KA-E107", "", ".xlsx|.xlsx",
     {"also": ("KA-W102",)}),
    ("folder that is called like a workbook", lambda m: m.raw(b"x", "a.xlsx/baca.md").parent, "KA-E107", "",
     ".xlsx|.xlsx"),
    ("macros", lambda m: m.member("xl/vbaProject.bin", b"x").rename(m.folder / "a.xlsm"), "KA-W101", "",
     "tanpa makro|without macros"),
    ("only a header", lambda m: m.text([m.long_header]), "KA-W307", "", "Ambil ekspornya|Take the export",
     {"holds": lambda t: len(t.ratings) == 0}),
]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("closed", ["file", "folder"])
def test_without_permission(make: Any, closed: str) -> None:
    """A child process that is nobody may not read the file, or not even look into its folder."""
    with tempfile.TemporaryDirectory() as base:
        place = Path(base) / "data" / "nilai.csv"
        place.parent.mkdir()
        os.chmod(base, 0o755)
        place.write_bytes(make.long().read_bytes())
        os.chmod(place if closed == "file" else place.parent, 0)
        told = subprocess.run([sys.executable, "-c", CHILD, str(place)], capture_output=True, text=True, check=False)
    assert told.stdout.split() == ["KA-E112"], told.stderr[-300:]


CHILD = """
import os, sys
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read import check
check([], config=AuditConfig())
os.setegid(65534)
os.seteuid(65534)
print(*(p.code for p in check(sys.argv[1]).problems))
"""


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
