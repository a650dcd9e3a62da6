"""What is looked at before any parser opens a file: size, packing, encryption, rectangle, formulas."""

from __future__ import annotations

import errno
import posixpath
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kinerja_analysis.read.scan import Scan, UnsafeXml, scan

MAX_RATIO = 100
MAX_INSIDE = 200 * 2**20
ORDINARY_RATIO = 20
MAX_ORDINARY = 2**30
MAX_TEXT = 4 * 2**30
MAX_CELLS = 20_000_000
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PACKED = 0x1


@dataclass(frozen=True, slots=True)
class Verdict:
    """``code`` names what forbids reading (empty: nothing), ``warnings`` what a reader should know."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    sheet: str = ""
    warnings: tuple[str, ...] = ()
    sheets: Mapping[str, Scan] = field(default_factory=dict)


def inspect(path: Path, kind: str = "") -> Verdict:
    """Look at a file without parsing its content; ``kind`` where it is another than its ending says.

    A workbook may hold 200 MB inside, or up to 1 GB when it is packed no more than 20:1 as ordinary tables are
    (a real file of 20,000 rows is packed 9:1); more than 100:1 is refused whatever its size.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            return Verdict("E112")  # a pipe or device: reading it may never end
        with path.open("rb") as stream:
            head = stream.read(8)
    except (OSError, ValueError) as error:
        gone = isinstance(error, ValueError) or error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
        return Verdict("E101" if gone else "E112")
    size, kind = state.st_size, kind or path.suffix.lower()
    if size == 0:
        return Verdict("E116")
    if kind in (".xlsx", ".xlsm"):
        return _workbook(path, head)
    if kind == ".parquet":
        return Verdict() if head[:4] == b"PAR1" else Verdict("E102")
    if kind in (".db", ".sqlite", ".sqlite3"):
        return Verdict() if head == b"SQLite f" else Verdict("E102")
    return Verdict("E105", {"inside": size // 2**20, "ratio": 1}) if size > MAX_TEXT else Verdict()


def _workbook(path: Path, head: bytes) -> Verdict:
    if head == _OLE:
        return Verdict("E103" if _ENCRYPTED in path.read_bytes()[: 2**22] else "E108")
    if not zipfile.is_zipfile(path):
        return Verdict("E102")
    try:
        with zipfile.ZipFile(path) as archive:
            return _archive(archive)
    except (zipfile.BadZipFile, UnsafeXml, KeyError, EOFError, ElementTree.ParseError, NotImplementedError, OSError):
        return Verdict("E102")
    except RuntimeError:  # zipfile's word for an encrypted member
        return Verdict("E103")
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma"):
            return Verdict("E102")
        raise


def _archive(archive: zipfile.ZipFile) -> Verdict:
    members = archive.infolist()
    if any(m.flag_bits & _PACKED for m in members):
        return Verdict("E103")
    inside = sum(m.file_size for m in members)
    packed = max(1, sum(m.compress_size for m in members))
    ratio = inside / packed
    limit = MAX_ORDINARY if ratio <= ORDINARY_RATIO else MAX_INSIDE
    if ratio > MAX_RATIO or inside > limit:
        return Verdict("E105", {"inside": inside // 2**20, "ratio": round(ratio)})
    names = {m.filename for m in members}
    if len({_folded(n) for n in names}) < len(members):
        return Verdict("E102")  # two parts of one name: which one a reader takes is not known
    real = {_folded(n): n for n in names}
    sheets: dict[str, Scan] = {}
    parts = {sheet: real[_folded(target)] for sheet, target in _sheet_parts(archive).items()}
    percent = _percent_styles(archive, real.get("/xl/styles.xml", ""))
    for name, part in parts.items():
        with archive.open(part) as stream:
            sheets[name] = scan(stream, MAX_CELLS, percent)
        if sheets[name].area > MAX_CELLS:
            return Verdict("E106", {"area": sheets[name].area}, sheet=name)
    for member in names - set(parts.values()):
        if member.endswith((".xml", ".rels")):
            _stream(archive, member)
    warnings = ("W101",) if any(n.lower().endswith("vbaproject.bin") for n in names) else ()
    return Verdict(warnings=warnings, sheets=sheets)


def _percent_styles(archive: zipfile.ZipFile, part: str) -> frozenset[int]:
    """Return the cell styles that show a number as percent (formats 9 and 10, or a % in a format of the file's own)."""
    if not part:
        return frozenset()
    _stream(archive, part)
    root = ElementTree.fromstring(archive.read(part))
    own = {e.get("numFmtId") for e in root.iter() if e.tag.endswith("}numFmt") and "%" in e.get("formatCode", "")}
    cells = next((e for e in root.iter() if e.tag.endswith("}cellXfs")), ())
    return frozenset(i for i, e in enumerate(cells) if e.get("numFmtId") in own | {"9", "10"})


def _stream(archive: zipfile.ZipFile, member: str) -> None:
    """Read a part to its end: a wrong sum or size shows, declarations are refused."""
    with archive.open(member) as stream:
        tail = b""
        while chunk := stream.read(1 << 20):
            if b"<!DOCTYPE" in tail + chunk or b"<!ENTITY" in tail + chunk:
                raise UnsafeXml("declaration")
            tail = chunk[-16:]


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return sheet name -> part name, from the workbook's own lists."""
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _stream(archive, part)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    found = {}
    for element in book.iter():
        if element.tag.rpartition("}")[2] == "sheet":
            key = next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == "id"), None)
            target = targets.get(key, "")
            found[element.get("name", "")] = posixpath.join("/xl", target.replace("\\", "/"))
    return found


def _folded(name: str) -> str:
    """Return a part's name as readers compare it: letter case and kind of slash do not count."""
    return posixpath.normpath("/" + name.replace("\\", "/").lstrip("/")).lower()
