"""Forty planted people go through the whole command; afterwards nobody of them stands in anything it left behind.

Names hold the word and NIPs begin with the digits that the searcher looks for. The NIPs are impossible (born 1908), so
the published key may be used. What the searcher can find is shown in ``test_searcher.py``.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName

from kinerja_analysis import open_audit, simulate
from kinerja_analysis.base.keys import DEMO_KEY
from kinerja_analysis.read.identity import pseudonym

REGION, YEAR, HEADER = "15.04", 2025, 8
FIRST = ("Putri", "Wati", "Sari", "Ayu", "Dewi")
SECOND = ("Abdi", "Bakti", "Cipta", "Daya", "Eka", "Fajar", "Guna", "Hasta")
NAMES = [f"Qzkenari{a.lower()}{b.lower()} {a} {b}" for a in FIRST for b in SECOND]


@dataclass(frozen=True)
class Planted:
    """Where the input lies, where everything else went, and the planted people."""

    root: Path
    files: Path
    people: dict[str, str]  # planted NIP -> planted name

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run the command with folders of its own for everything it could write to; its log is kept there."""
        for name in ("home", "tmp", "cwd", "log"):
            (self.root / name).mkdir(exist_ok=True)
        folders = {"HOME": "home", "USERPROFILE": "home", "TMPDIR": "tmp", "TEMP": "tmp", "IPYTHONDIR": "home/ipython"}
        env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "KINERJA_", "PYTEST_"))}
        env |= {k: str(self.root / v) for k, v in folders.items()}
        env |= {"MPLBACKEND": "Agg", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, cwd=self.root / "cwd",
            env=env, timeout=600,
        )  # fmt: skip
        for stream in ("stdout", "stderr"):
            (self.root / "log" / f"{arguments[0]}.{stream}").write_bytes(getattr(done, stream))
        return done


def swap(nips: list[str], numbers: dict[str, str]) -> list[str]:
    return [numbers.get(str(n), n) for n in nips]


def plant_text(place: Path, numbers: dict[str, str], more: dict[str, list[str]], rename: dict[str, str]) -> None:
    """Replace NIPs in a text table, add columns filled in turn with planted texts, rename headers."""
    with place.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    head = [*(rename.get(h, h) for h in rows[0]), *more]
    body = [[*swap(row, numbers), *(v[i % len(v)] for v in more.values())] for i, row in enumerate(rows[1:])]
    with place.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";", lineterminator="\n").writerows([head, *body])


def plant_book(place: Path, target: Path, people: dict[str, str], numbers: dict[str, str]) -> None:
    """Plant people in a workbook: cells, names beside them, further columns, comments, properties, names, sheets."""
    book = openpyxl.load_workbook(place)
    sheet = book.worksheets[0]
    top = HEADER if sheet.max_row > HEADER and sheet.cell(HEADER, 3).value == "nip" else 1
    head = [c.value for c in sheet[top]]
    names = {"nip": "nama", "pegawai_atasan_nip": "pegawai_atasan_nama"}
    some = list(people.items())
    for row in sheet.iter_rows(min_row=top + 1):
        for at, label in enumerate(head):
            number = numbers.get(str(row[at].value))
            if number:
                row[at].value = number
                if names.get(label) in head:
                    row[head.index(names[label])].value = people[number]
    width = len(head)
    for j, (label, part) in enumerate([("diketik oleh", 1), ("catatan lain", 0), (some[5][1], 1), (some[6][0], 1)], 1):
        sheet.cell(top, width + j, label)
        for i in range(top + 1, sheet.max_row + 1):
            sheet.cell(i, width + j, f"oleh {some[i % 40][part]}")
    if top > 1:
        sheet.cell(7, 1, f"Dicetak oleh : {some[7][1]} NIP {some[7][0]}")
    sheet.cell(top + 1, 1).comment = Comment(f"{some[8][1]} {some[8][0]}", some[9][1])
    sheet.oddHeader.center.text = some[10][1]
    book.properties.creator, book.properties.title = some[11][1], f"{some[12][1]} {some[12][0]}"
    book.properties.lastModifiedBy = some[13][1]
    book.custom_doc_props.append(StringProperty(name="Pemeriksa", value=f"{some[14][1]} {some[14][0]}"))
    book.defined_names[some[15][1].replace(" ", "_")] = DefinedName(
        some[15][1].replace(" ", "_"), attr_text=f'"{some[16][0]}"'
    )
    sheet.title = f"{some[17][1][:12]} {some[17][0]}"
    book.create_sheet(f"{some[18][1][:20]}")["B2"] = f"{some[18][0]} {some[19][1]}"
    book.create_sheet("tersembunyi")["A1"] = some[20][1]
    book["tersembunyi"].sheet_state = "hidden"
    book.save(target)
    place.unlink()


def settings(folder: Path, people: dict[str, str]) -> str:
    """The configuration: a mapping whose every value is a planted text, an indicator system below such a folder."""
    name, number = people[list(people)[30]], list(people)[31]
    source = Path(__file__).parents[2] / "kinerja_analysis" / "score" / "frameworks" / "umum_berakhlak.toml"
    framework = folder.parent / name / f"{number}.toml"
    framework.parent.mkdir()
    framework.write_bytes(source.read_bytes())
    return f"""
[regions."{REGION}"]
name = "Kabupaten Contoh"
framework = "{framework.as_posix()}"
[[mapping]]
file = "pegawai {name}*"
sheet = "*"
table = "employees"
columns = {{ person = "nomor {name} {number}", grade = "golongan" }}
[mapping.values.grade]
"{name}" = "III/a"
"{number}" = "III/b"
"""


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A small region with forty planted people in every place that a file has."""
    root = tmp_path_factory.mktemp("kenari")
    simulate([REGION], [YEAR], seed=1, size=0.15).write(root / "asli")
    book = openpyxl.load_workbook(next(root.glob("asli/*/penilaian_skp_2025.xlsx")), read_only=True)
    rows = list(book.worksheets[0].iter_rows(min_row=HEADER, values_only=True))
    book.close()
    at, boss = rows[0].index("nip"), rows[0].index("pegawai_atasan_nip")
    rated = [r[at] for r in rows[1:]]
    chosen = list(dict.fromkeys([r[boss] for r in rows[1:] if r[boss] in rated] + rated))  # superiors first
    chosen = [n for n in chosen if "01" <= n[12:14] <= "12"][:40]
    numbers = {old: f"19080723201001{old[14]}{77 + i:03d}" for i, old in enumerate(chosen)}
    people = dict(zip(numbers.values(), NAMES, strict=True))
    some = list(people.items())
    folder = root / "masuk" / f"{some[0][1]} {some[0][0]}"
    folder.mkdir(parents=True)
    for place in sorted(root.glob("asli/*/*.xlsx")):
        plant_book(place, folder / f"{place.stem} {some[1][1]} {some[2][0]}.xlsx", people, numbers)
    for place in sorted(root.glob("asli/*/*.csv")):
        staff = "pegawai" in place.stem
        name, number = some[30][1], some[31][0]
        more = {"komentar": [f"{n} {m}" for m, n in some]} if not staff else {
            "kelompok kerja": [some[3][1], some[4][1]], "nomor lain": [some[3][0], some[4][0]],
            some[21][1]: ["ya", "tidak"], f"tim {some[22][0]}": ["ya", "tidak"],
        }  # fmt: skip
        plant_text(place, numbers, more, {"nip": f"nomor {name} {number}"} if staff else {})
        place.rename(folder / f"{place.stem.split('_')[0]} {name} {number}.csv")
    (folder / f"catatan {some[23][1]}.csv").write_text(f"a;b\n{some[24][1]};{some[24][0]}\n", encoding="utf-8")
    (folder / f"{some[25][1]}.docx").write_bytes(some[25][0].encode())
    (folder / f"~${some[26][0]}.xlsx").write_bytes(some[26][1].encode())
    (folder.parent / "kinerja.toml").write_text(settings(folder.parent, people), encoding="utf-8")
    return Planted(root, folder.parent, people)


@pytest.fixture(scope="session")
def audited(planted: Planted) -> Planted:
    """The same after ``kinerja audit``."""
    done = planted.run("audit", str(planted.files), "--out", str(planted.root / "reports"), "--json")
    assert done.returncode == 0, done.stderr.decode()
    return planted


def test_forty_people_are_planted_and_counted(audited: Planted, search) -> None:
    assert len(audited.people) == 40 and len(set(NAMES)) == 40
    assert len(search.below(audited.files)) == len([p for p in audited.files.rglob("*") if p.is_file()]) == 9
    persons = set(open_audit(audited.root / "reports", level="internal").scores.frame["person"])
    assert {pseudonym(DEMO_KEY, n) for n in audited.people} <= persons


def test_nobody_stands_in_what_an_audit_leaves(audited: Planted, search) -> None:
    looked = [p for name in ("reports", "home", "tmp", "cwd", "log") for p in (audited.root / name).rglob("*")]
    assert {".html", ".ipynb", ".xlsx", ".parquet", ".json", ".stdout", ".stderr"} <= {p.suffix for p in looked}
    for name in ("reports", "home", "tmp", "cwd", "log"):
        assert search.below(audited.root / name) == [], name


def test_problems_name_files_and_sheets_but_no_content(planted: Planted, search) -> None:
    """The list beside the input and the terminal may name a file or sheet, and nothing else of a person."""
    done = planted.run("check", str(planted.files), "--json")
    shown = json.loads(done.stdout)
    assert done.returncode == 0 and shown["counts"]["warning"] and shown["counts"]["note"]
    for problem in shown["problems"]:
        rest = {k: v for k, v in problem.items() if k not in ("file", "sheet")}
        assert not search.found_in(json.dumps(rest, ensure_ascii=False).encode()), rest
    assert not search.found_in(done.stderr)
    listed = planted.files / "masalah.xlsx"
    book = openpyxl.load_workbook(listed, read_only=True)
    rows = [r for s in book.worksheets for r in s.iter_rows(values_only=True)]
    book.close()
    listed.unlink()
    assert len(rows) == len(shown["problems"]) + 1
    for row in rows:
        assert not search.found_in(json.dumps([*row[:2], *row[4:]], ensure_ascii=False).encode()), row
