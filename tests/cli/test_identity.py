"""The key holder's commands: what they write, refuse, and never show."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import DEMO_KEY, key_id
from kinerja_analysis.read.identity import pseudonym
from kinerja_analysis.run.jobs import check_key as check_earlier

_place = Path(__file__).parents[1] / "bad_inputs" / "conftest.py"
_spec = importlib.util.spec_from_file_location("kinerja_test_files", _place)
assert _spec and _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
make = _module.make

KEY = b"0123456789abcdef0123456789abcdef"
posix = pytest.mark.skipif(os.name != "posix", reason="modes mean nothing on Windows")


class Kinerja:
    """Runs the command with a home folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.cwd = folder / "home", folder / "kerja"
        for place in (self.home, self.cwd):
            place.mkdir()
        self.default = self.home / ".config" / "kinerja" / "kunci.key"

    def __call__(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        known = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "KINERJA_"))}
        own = {"HOME": str(self.home), "USERPROFILE": str(self.home), "LOCALAPPDATA": str(self.home / ".config"),
               "PYTHONPATH": str(Path(__file__).parents[2])}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, text=True, encoding="utf-8",
            cwd=self.cwd, env={**known, **own, **env}, timeout=300,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def kinerja(tmp_path: Path) -> Kinerja:
    return Kinerja(tmp_path)


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def test_create_writes_a_key_that_the_configuration_can_name(kinerja: Kinerja) -> None:
    done = kinerja("identity", "create", "--lang", "en")
    assert done.returncode == 0, done.stderr
    key = kinerja.default.read_bytes().strip()
    assert len(key) == 64 and int(key, 16) > 0  # 256 random bits as text
    assert key_id(key) in done.stdout and key.decode() not in done.stdout
    assert os.name != "posix" or mode(kinerja.default) == 0o600
    line = next(x for x in done.stdout.splitlines() if x.startswith("key_file"))
    assert str(kinerja.home) not in done.stdout
    (kinerja.cwd / "kinerja.toml").write_text(line, encoding="utf-8")
    shown = kinerja.json("identity", "show")
    assert shown["key_id"] == key_id(key) and shown["days"] == 0 and shown["private"]


def test_create_never_overwrites_and_two_keys_differ(kinerja: Kinerja) -> None:
    first = kinerja.json("identity", "create")
    before = kinerja.default.read_bytes()
    again = kinerja("identity", "create")
    assert again.returncode == 2 and kinerja.default.read_bytes() == before
    second = kinerja.json("identity", "create", "--key", str(kinerja.home / "lain.key"))
    assert first["key_id"] != second["key_id"]


@pytest.mark.parametrize("command", ["create", "rotate", "translate"])
def test_a_dry_run_writes_nothing(kinerja: Kinerja, make: Any, command: str) -> None:
    arguments = ["identity", command]
    if command != "create":
        kinerja.json("identity", "create")
    if command == "translate":
        mark = pseudonym(DEMO_KEY, make.nip(1))
        arguments += [str(make.ekinerja()), "--pseudonym", mark, "--out", str(kinerja.cwd / "nama.xlsx")]
    before = {p: p.read_bytes() for p in kinerja.home.parent.rglob("*") if p.is_file()}
    done = kinerja(*arguments, "--dry-run")
    assert done.returncode == 0 and "akan ditulis" in done.stdout
    assert before == {p: p.read_bytes() for p in kinerja.home.parent.rglob("*") if p.is_file()}


@pytest.mark.parametrize("folder", ["OneDrive - Kantor", "repo/sub"])
def test_create_refuses_places_that_can_be_shared(kinerja: Kinerja, folder: str) -> None:
    (kinerja.home / "repo" / ".git").mkdir(parents=True)
    done = kinerja("identity", "create", "--key", str(kinerja.home / folder / "kunci.key"))
    assert done.returncode == 2 and not (kinerja.home / folder).exists()
    assert kinerja("identity", "create", "--key", str(Path(__file__).with_name("x.key"))).returncode == 2
    assert not Path(__file__).with_name("x.key").exists()


@pytest.mark.parametrize("command", [("identity", "show"), ("identity", "rotate"), ("audit", "data.csv")])
def test_a_key_in_a_shared_place_is_refused_when_used(kinerja: Kinerja, command: tuple[str, ...]) -> None:
    place = kinerja.home / "Dropbox" / "kunci.key"
    place.parent.mkdir()
    place.write_bytes(KEY)
    (kinerja.cwd / "data.csv").write_text("nip;hasil_kerja;perilaku_kerja\n1;x;y\n", encoding="utf-8")
    done = kinerja(*command, "--lang", "en", KINERJA_KEY_FILE=str(place))
    assert done.returncode == 2 and "Dropbox" in done.stderr and KEY.decode() not in done.stdout + done.stderr
    assert [p.name for p in place.parent.iterdir()] == ["kunci.key"] and place.read_bytes() == KEY


@posix
@pytest.mark.parametrize("readable", [True, False])
def test_a_key_that_others_can_read_is_warned_about(kinerja: Kinerja, make: Any, readable: bool) -> None:
    place = kinerja.home / "kunci.key"
    place.write_bytes(KEY)
    place.chmod(0o644 if readable else 0o600)
    done = kinerja("check", str(make.ekinerja()), "--region", "98.01", "--no-write", "--lang", "en",
                   KINERJA_KEY_FILE=str(place))  # fmt: skip
    assert ("other users of this computer can read" in done.stderr) is readable


def test_show_without_a_key_says_how_to_make_one(kinerja: Kinerja) -> None:
    done = kinerja("identity", "show", "--lang", "en")
    assert done.returncode == 2 and "kinerja identity create" in done.stderr


def test_rotate_keeps_the_old_key_under_its_id(kinerja: Kinerja) -> None:
    old = kinerja.json("identity", "create")["key_id"]
    before = kinerja.default.read_bytes()
    told = kinerja.json("identity", "rotate")
    kept = kinerja.default.with_name(f"kunci-{old}.key")
    assert told == {"old": old, "new": key_id(kinerja.default.read_bytes().strip()), "kept": kept.name}
    assert kept.read_bytes() == before != kinerja.default.read_bytes() and told["new"] != old
    assert sorted(p.name for p in kept.parent.iterdir()) == [kept.name, "kunci.key"]
    assert os.name != "posix" or mode(kept) == mode(kinerja.default) == 0o600
    said = kinerja("identity", "rotate", "--lang", "en").stdout
    assert "--new-key" in said and "cannot be matched" in said


def annex(folder: Path, key: str, marks: list[str]) -> Path:
    """A report set with an annex: a heading, and pseudonyms inside sentences."""
    (folder / "audit").mkdir(parents=True)
    manifest = {"provenance": {"key_id": key, "synthetic": True}}
    (folder / "audit" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Daftar"
    for row in [("Tentang",), ("Subjek", "n"), *((f"Penilai {m}", 24) for m in marks), ("=1+1", 3)]:
        sheet.append(row)
    sheet["A5"].data_type = "s"
    book.create_sheet("Lain")["A1"] = "tanpa nama samaran"
    book.save(folder / "lampiran.xlsx")
    return folder / "lampiran.xlsx"


def demo_key_id() -> str:
    return key_id(DEMO_KEY)


def test_translate_puts_numbers_and_names_beside_the_pseudonyms(kinerja: Kinerja, make: Any) -> None:
    source = make.ekinerja()
    boss, staff = make.nip(901, 2), make.nip(2)
    marks = [pseudonym(DEMO_KEY, boss), "P-" + pseudonym(DEMO_KEY, staff)[1:7]]
    listed = annex(kinerja.cwd / "set", demo_key_id(), marks)
    out = kinerja.cwd / "nama.xlsx"
    done = kinerja("identity", "translate", str(source), "--list", str(listed), "--out", str(out))
    assert done.returncode == 0, done.stderr
    for personal in (boss, staff, "Atasan", "Pegawai 2"):
        assert personal not in done.stdout + done.stderr
    assert os.name != "posix" or mode(out) == 0o600
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Terjemahan", "Daftar"]
    table = list(book["Terjemahan"].values)
    assert table == [("nama samaran", "NIP", "nama"), (marks[0], boss, "Atasan 1"), (marks[1], staff, "Pegawai 2")]
    rows = list(book["Daftar"].values)
    assert rows[1] == ("Subjek", "n", "NIP", "nama")
    assert rows[2] == (f"Penilai {marks[0]}", "24", boss, "Atasan 1")
    assert rows[3] == (f"Penilai {marks[1]}", "24", staff, "Pegawai 2")
    assert book["Daftar"]["A5"].data_type == "s"  # no formula, whatever the list held


def test_translate_to_csv_and_on_the_terminal_only_when_asked(kinerja: Kinerja, make: Any) -> None:
    marks = [pseudonym(DEMO_KEY, make.nip(1)), "PAAAAAAAAAAAAA"]
    arguments = ["identity", "translate", str(make.ekinerja()), "--lang", "en"]
    arguments += [x for m in marks for x in ("--pseudonym", m)]
    told = kinerja.json(*arguments, "--out", "satu.csv")
    assert told == {"file": "satu.csv", "found": 1, "missing": [marks[1]]}
    lines = (kinerja.cwd / "satu.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["pseudonym;NIP;name", f"{marks[0]};{make.nip(1)};Pegawai 1"]
    loud = kinerja.json(*arguments, "--out", "dua.csv", "--show")
    assert loud["persons"] == [{"pseudonym": marks[0], "number": make.nip(1), "name": "Pegawai 1"}]
    assert make.nip(1) in kinerja(*arguments, "--out", "tiga.csv", "--show").stdout


def test_translate_reads_a_text_list_and_names_as_identifiers(kinerja: Kinerja, make: Any) -> None:
    key = kinerja.home / "kunci.key"
    key.write_bytes(KEY)
    rows = make.scores()
    for row in rows:
        row[2], row[3] = f"Sekar  {row[2][-3:]}", f"SEKAR {row[3][-3:]}"
    source = make.text([make.long_header, *rows])
    (kinerja.cwd / "kinerja.toml").write_text('identifiers = "other"', encoding="utf-8")
    mark = pseudonym(KEY, "sekar 001")
    (kinerja.cwd / "daftar.csv").write_text(f"subjek;n\n{mark};3\n", encoding="utf-8")
    done = kinerja("identity", "translate", str(source), "--list", "daftar.csv", "--out", "nama.csv", "--key", str(key),
                   "--config", "kinerja.toml")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Sekar" not in done.stdout
    found = pd.read_csv(kinerja.cwd / "nama.csv", sep=";", encoding="utf-8-sig")
    assert found["pengenal"].tolist() == ["Sekar  001"] and found["nama samaran"].tolist() == [mark]


@pytest.mark.parametrize(
    ("what", "said"),
    [("another key", "was made with key"), ("reports", "reports folder"), ("report set", "reports folder"),
     ("existing", "not overwritten"), ("suffix", ".xlsx or .csv"), ("synchronised", "copied to a server"),
     ("nobody", "None of the 1 pseudonym matches"), ("nothing", "No pseudonym"), ("damaged", "cannot be read")],
)  # fmt: skip
def test_translate_refuses(kinerja: Kinerja, make: Any, what: str, said: str) -> None:
    mark = "PAAAAAAAAAAAAA" if what == "nobody" else pseudonym(DEMO_KEY, make.nip(1))
    key = "0a0b0c0d" if what == "another key" else demo_key_id()
    listed = annex(kinerja.cwd / "set", key, [mark])
    if what == "damaged":
        listed.write_bytes(b"PK rusak")
    target = {"reports": "reports/2025/nama.xlsx", "report set": "set/dalam/nama.xlsx", "existing": str(listed),
              "suffix": "nama.html", "synchronised": "OneDrive/nama.xlsx"}.get(what, "nama.xlsx")  # fmt: skip
    before = {p: p.read_bytes() for p in kinerja.cwd.rglob("*") if p.is_file()}
    arguments = [] if what == "nothing" else ["--list", str(listed)]
    done = kinerja("identity", "translate", str(make.ekinerja()), *arguments, "--out", target, "--lang", "en")
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert before == {p: p.read_bytes() for p in kinerja.cwd.rglob("*") if p.is_file()}
    assert make.nip(1) not in done.stdout + done.stderr


def test_an_ambiguous_short_form_is_resolved_by_the_audit_beside_the_list(kinerja: Kinerja, make: Any) -> None:
    """Among 400 people some share the first letters; the audit tells who is meant, without it nobody is named."""
    people = {pseudonym(DEMO_KEY, make.nip(i)): make.nip(i) for i in range(1, 401)}
    first, second = next((a, b) for a in people for b in people if a < b and a[:3] == b[:3])
    rows = [["2025", "98.01", n, "Unit"] for n in people.values()]
    source = make.text([("tahun", "wilayah", "nip", "unor"), *rows])
    from kinerja_analysis.cli.translation import check_key, resolve
    from kinerja_analysis.read.holders import holders

    known = holders(source, make.config)
    assert dict(zip(known.index, known["number"], strict=True)) == people
    short = f"P-{first[1:3]}"
    assert resolve([short], known, set()).empty
    listed = annex(kinerja.cwd / "set", demo_key_id(), [])
    subjects = pd.DataFrame({"subject_kind": ["rater", "region"], "subject": [second, "98.01"]})
    subjects.to_parquet(listed.parent / "audit" / "result_leniency.parquet")
    assert check_key(listed, demo_key_id()) == {second}
    assert resolve([short], known, {second})["number"].tolist() == [people[second]]


def manifest(out: Path, key: str, *, synthetic: bool = False, internal: bool = False) -> None:
    folder = out / ("internal" if internal else ".") / "2024" / "98.01-contoh" / "audit"
    folder.mkdir(parents=True)
    text = json.dumps({"provenance": {"key_id": key, "synthetic": synthetic}})
    (folder / "manifest.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("internal", [True, False])
def test_an_audit_stops_when_earlier_ones_carry_another_key(kinerja: Kinerja, make: Any, internal: bool) -> None:
    manifest(kinerja.cwd / "reports", "0a0b0c0d", internal=internal)
    before = sorted(p for p in kinerja.cwd.rglob("*"))
    arguments = ["audit", str(make.ekinerja()), "--config", str(settings(kinerja)), "--lang", "en"]
    done = kinerja(*arguments)
    assert done.returncode == 2 and "0a0b0c0d" in done.stderr and demo_key_id() in done.stderr
    assert "--new-key" in done.stderr
    assert sorted(p for p in kinerja.cwd.rglob("*")) == before


def settings(kinerja: Kinerja) -> Path:
    place = kinerja.home / "kinerja.toml"
    place.write_text('[regions."98.01"]\nname = "Kabupaten Contoh"\n', encoding="utf-8")
    return place


def test_an_audit_goes_on_with_new_key(kinerja: Kinerja, make: Any) -> None:
    own = kinerja.home / "kunci.key"
    own.write_bytes(KEY)
    own.chmod(0o600)
    manifest(kinerja.cwd / "reports", "0a0b0c0d")
    arguments = ["audit", str(make.ekinerja()), "--config", str(settings(kinerja))]
    done = kinerja(*arguments, "--new-key", KINERJA_KEY_FILE=str(own))
    assert done.returncode == 0, done.stderr
    made = next((kinerja.cwd / "reports" / "internal" / "2025").glob("*/audit/manifest.json"))
    assert json.loads(made.read_text(encoding="utf-8"))["provenance"]["key_id"] == key_id(KEY)


@pytest.mark.parametrize(("theirs", "synthetic", "mine", "stops"), [
    ("0a0b0c0d", False, "0a0b0c0d", False), ("0a0b0c0d", False, "0a0b0c0e", True),
    ("0a0b0c0d", True, "0a0b0c0e", False),
    ("", False, "0a0b0c0e", False), ("0a0b0c0d", False, "", False),
])  # fmt: skip
def test_which_earlier_audits_stop_a_run(tmp_path: Path, theirs: str, synthetic: bool, mine: str, stops: bool) -> None:
    """Not the demo's, and not where declared pseudonyms are used, which no key made."""
    manifest(tmp_path, theirs, synthetic=synthetic)
    (tmp_path / "2023" / "x" / "audit").mkdir(parents=True)
    (tmp_path / "2023" / "x" / "audit" / "manifest.json").write_text("rusak", encoding="utf-8")
    if stops:
        with pytest.raises(UsageError, match=theirs):
            check_earlier(mine, tmp_path)
    else:
        check_earlier(mine, tmp_path)
