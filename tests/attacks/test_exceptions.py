"""Broken input whose parsers could quote a person: whatever is raised, shown or written names nobody."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis import AuditConfig
from kinerja_analysis.base.errors import InputRefused, KinerjaError, UsageError
from kinerja_analysis.read import check, read

NAME, NIP = "Qzkenari Putri", "190807232010012077"
BOTH = f"{NAME} {NIP}"


def member(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            new.writestr(item.filename, change(content) if item.filename == name else content)
    return out.getvalue()


def book(make: Any) -> bytes:
    rows = make.people()
    rows[0][:2] = [NIP, NAME]
    return make.ekinerja(rows).read_bytes()


def lines(make: Any, *rows: str, ending: str = "\n") -> bytes:
    head = ";".join(make.long_header)
    return ("\n".join([head, *(";".join(map(str, r)) for r in make.scores()), *rows]) + ending).encode()


def damaged_parquet(make: Any) -> bytes:
    import pandas as pd

    frame = pd.DataFrame([dict(zip(make.long_header, map(str, r), strict=True)) for r in make.scores()])
    out = io.BytesIO()
    frame.assign(nip_dinilai=NIP, nama=NAME).to_parquet(out, compression=None)
    data = out.getvalue()
    at = data.index(NAME.encode())
    return data[: at - 30] + b"\xff" * 20 + data[at - 10 :]


SHEET = "xl/worksheets/sheet1.xml"
BROKEN: dict[str, tuple[str, Callable[[Any], bytes]]] = {
    "a name where the number of a row belongs": ("a.xlsx", lambda m: member(
        book(m), SHEET, lambda x: x.replace(b'<row r="9"', f'<row r="{NAME}"'.encode()))),
    "a name where an address belongs": ("a.xlsx", lambda m: member(
        book(m), SHEET, lambda x: x.replace(b'r="B9"', f'r="{NAME}"'.encode()))),
    "a name where the type of a cell belongs": ("a.xlsx", lambda m: member(
        book(m), SHEET, lambda x: x.replace(b't="n"', f't="{NAME}"'.encode()))),
    "an open tag": ("a.xlsx", lambda m: member(book(m), SHEET, lambda x: x + f"<{NAME} {NIP}".encode())),
    "an entity": ("a.xlsx", lambda m: member(
        book(m), SHEET, lambda x: x.replace(b"<sheetData>", f"<sheetData>&{NAME.split()[0]};".encode()))),
    "a shared text that is not there": ("a.xlsx", lambda m: member(
        book(m), "xl/sharedStrings.xml", lambda x: x.replace(b"</sst>", f"<{NAME.split()[0]}></sst>".encode()))),
    "a sheet that is not there": ("a.xlsx", lambda m: member(
        book(m), "xl/_rels/workbook.xml.rels", lambda x: x.replace(b"sheet1.xml", f"{BOTH}.xml".encode()))),
    "cut off": ("a.xlsx", lambda m: book(m)[:-300] + BOTH.encode()),
    "no workbook": ("a.xlsx", lambda m: BOTH.encode() * 40),
    "an error cell": ("a.xlsx", lambda m: m.ekinerja(edit={"A9": f"={NIP}+", "B9": NAME}).read_bytes()),
    "too many fields": ("a.csv", lambda m: lines(m, f"{NIP};{NAME};" * 9)),
    "an open quotation mark": ("a.csv", lambda m: lines(m, f'2025;98.01;"{NIP};{NAME}')),
    "two open quotation marks": ("a.csv", lambda m: lines(m, f'2025;"98.01;{NIP};{NAME}', f'{NIP}"{NAME}";x;"')),
    "a quotation mark inside": ("a.csv", lambda m: lines(m, f'2025;98.01;{NIP};"{NAME}"x";ATASAN;u;d;1;0;1;')),
    "a zero byte": ("a.csv", lambda m: lines(m, f"2025;98.01;{NIP}\0;{NAME}")),
    "two encodings": ("a.csv", lambda m: lines(m, f"2025;98.01;{NIP};{NAME}") + b"\xe9\x81\xff;"),
    "a header of people": ("a.csv", lambda m: f"{NAME};{NIP};{NAME}\n{NIP};{NAME};x\n".encode()),
    "a very long field": ("a.csv", lambda m: lines(m, f"2025;98.01;{NIP};{NAME * 20_000}")),
    "a damaged page": ("a.parquet", damaged_parquet),
    "a cut off table": ("a.parquet", lambda m: damaged_parquet(m)[:-200]),
}  # fmt: skip


def told(action: Callable[[], Any]) -> str:
    """What a user or a log would see of an action: its traceback, the error's own words, its problems."""
    try:
        action()
    except InputRefused as error:
        report = error.report
        words = [report.summary("id"), report.summary("en"), report.to_frame().to_csv(), report.accounting.to_csv()]
        return "\n".join([traceback.format_exc(), *words, repr(error), repr(error.args), repr(error.problems)])
    except KinerjaError as error:
        return "\n".join([traceback.format_exc(), error.text("id"), repr(error), repr(error.args), repr(error.params)])
    except Exception:
        return "RAISED " + traceback.format_exc()
    return ""


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_name_nobody(make: Any, search, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    name, build = BROKEN[kind]
    place = make.raw(build(make), name)
    shown = told(lambda: read(place, config=make.config))
    assert not search.found_in(shown.encode()), shown
    assert not shown.startswith("RAISED"), shown
    report = check(place, config=make.config)
    report.save(place.with_name("masalah.xlsx"))
    assert not search.found_in(place.with_name("masalah.xlsx").read_bytes())
    out, err = capfd.readouterr()
    assert not search.found_in((out + err).encode())


COLUMNS = ("nip", "nama", "tahun_skp", "periode_akhir_skp", "skp_unor", "skp_unor_induk", "skp_jabatan", "golru",
           "is_skp_plt_plh_pjb", "jenis_pegawai", "hasil_kerja", "perilaku_kerja", "hasil_akhir", "pegawai_atasan_nip",
           "waktu_dinilai")  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("text", [NAME, NIP, f"{NIP[:8]} {NIP[8:14]} {NIP[14]} {NIP[15:]}", NAME.upper()])
def test_a_person_in_any_column_is_named_nowhere(make: Any, search, column: str, text: str) -> None:
    """The person's own row stands in another file, so nothing beside the cell tells that it is a person."""
    rows = make.people()
    rows[1][0], rows[1][1] = NIP, NAME
    make.ekinerja(rows, name="a.xlsx")
    lone = make.people()[2:4]
    for row in lone:
        row[0] = make.nip(int(row[0][-3:]) + 300)
    place = make.ekinerja(lone, name="b.xlsx", edit={make.cell(column, 1): text}).parent
    report = check(place, config=make.config)
    report.save(place / "masalah.xlsx")
    shown = report.summary("id") + report.summary("en") + repr(report.problems)
    with contextlib.suppress(InputRefused):
        tables = read(place, config=make.config)
        shown += "".join(getattr(tables, t).to_csv() for t in ("ratings", "appraisals", "employees", "units"))
    assert not search.found_in(shown.encode())
    assert not search.found_in((place / "masalah.xlsx").read_bytes())


@pytest.mark.parametrize("text", [
    f'identifiers = "{NIP}"', f"level = {NIP}", f'[regions."{NIP}"]', f'[[mapping]]\ntable = "x"\nfile = {NIP}',
    f'[[mapping]]\ntable = "ratings"\n[mapping.values.unit]\n"{NAME}" = 3', f'key = "{NIP}',
    f'framework = "{NIP}.toml"\n"{NIP}" = 1',
])  # fmt: skip
def test_a_wrong_configuration_names_nobody(tmp_path: Path, search, text: str) -> None:
    place = tmp_path / "kinerja.toml"
    place.write_text(text, encoding="utf-8")
    shown = told(lambda: AuditConfig.read(place))
    assert "UsageError" in shown and not search.found_in(shown.encode()), shown


def test_long_numbers_in_arguments_are_masked(search) -> None:
    error = UsageError("cli.path_missing", name=f"data {NIP}.xlsx")
    assert error.text("en") == "There is no file or folder data •••.xlsx."
    assert not search.found_in((str(error) + repr(error) + repr(error.params)).encode())


def test_our_own_mistake_shows_its_kind_only(tmp_path: Path, search) -> None:
    """An exception nobody expected, here one that quotes a person, ends in one sentence unless debugging is asked."""
    code = (
        "import sys, kinerja_analysis.read\nfrom kinerja_analysis.cli import main\n"
        f"def broken(*a, **k): raise ValueError({BOTH!r})\n"
        "sys.modules['kinerja_analysis.read'].check = broken\n"
        "sys.argv = ['kinerja', 'check', '.', '--lang', 'en']\nmain()"
    )
    env = {k: v for k, v in os.environ.items() if k != "KINERJA_DEBUG"}
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path,
                          env=env | {"PYTHONPATH": root})  # fmt: skip
    assert done.returncode == 1 and b"ValueError" in done.stderr
    assert not search.found_in(done.stdout + done.stderr)
    loud = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path,
                          env=env | {"PYTHONPATH": root, "KINERJA_DEBUG": "1"})  # fmt: skip
    assert search.found_in(loud.stderr)  # the control: it was there to be shown
