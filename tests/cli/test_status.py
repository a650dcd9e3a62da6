"""``kinerja status`` and what a run leaves beside the input: the last run's outcome, another key, old problem lists."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.results import Result
from kinerja_analysis.base.store import save_audit
from kinerja_analysis.cli import cli
from kinerja_analysis.pipeline import open_audit
from kinerja_analysis.read import check
from kinerja_analysis.read.report import CheckReport
from kinerja_analysis.simulate import simulate

BAD = "nip;hasil_kerja\n1;HEBAT\n"


def kinerja(*arguments: object) -> Outcome:
    return CliRunner().invoke(cli, [str(a) for a in arguments], env={"KINERJA_LANG": "en"})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small region audited from its folder, the reports below it as ``kinerja audit .`` puts them there."""
    folder = tmp_path_factory.mktemp("status")
    simulate(["76.02"], [2025], seed=1, size=40).write(folder / "in")
    key = folder / "kunci"
    key.write_text("k" * 43 + "\n", encoding="utf-8")
    key.chmod(0o600)
    told = (folder / "in" / "kinerja.toml").read_text(encoding="utf-8")
    top = f'key_file = "{key.as_posix()}"\nlanguages = ["id"]\ndetectors = ["distribution"]\n'
    (folder / "in" / "kinerja.toml").write_text(top + told, encoding="utf-8")
    done = kinerja("audit", folder / "in", "--out", folder / "in" / "reports", "--level", "internal", "--jobs", 1)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def inputs(world: Path, tmp_path: Path) -> Path:
    shutil.copytree(world / "in", tmp_path / "in")
    return tmp_path / "in"


def again(inputs: Path, *more: str) -> Outcome:
    return kinerja("audit", inputs, "--out", inputs / "reports", "--level", "internal", "--jobs", 1, *more)


def test_reports_below_the_input_are_not_read_again(inputs: Path) -> None:
    for done in (again(inputs, "--dry-run"), again(inputs)):
        assert done.exit_code == 0, done.output
        assert "1 folder inside the input holds what this program itself wrote" in done.output
        assert "up to date" in done.output
    assert kinerja("check", inputs, "--no-write").exit_code == 0


def test_reports_sealed_with_another_key_are_no_missing_ones(inputs: Path) -> None:
    out = inputs / "reports"
    told = kinerja("status", "--out", out)
    assert isinstance(told.exception, UsageError) and told.exception.key == "run.other_key"
    assert "--config" in told.exception.text("id") and "another key" in told.exception.text("en")
    shown = kinerja("status", "--out", out, "--config", inputs / "kinerja.toml", "--json")
    assert [(t["region"], t["last_run"]) for t in json.loads(shown.output)] == [("76.02", "done")] * 2
    state = out / "internal" / "run.json"
    state.write_text(state.read_text(encoding="utf-8").replace("76.02", "76.01"), encoding="utf-8")
    changed = kinerja("status", "--out", out, "--config", inputs / "kinerja.toml").exception
    assert isinstance(changed, UsageError) and changed.key == "run.state_lost"
    missing = kinerja("status", "--out", inputs / "tidak_ada").exception
    assert isinstance(missing, UsageError) and missing.key == "errors.audit_missing"


def test_another_key_is_told_from_a_changed_audit(inputs: Path) -> None:
    """The key stands in the input's kinerja.toml: without --config nothing is damaged, nothing to repeat."""
    out = inputs / "reports"
    for command in (("compare", "76.02"), ("report",)):
        told = kinerja(*command, "--level", "internal", "--out", out).exception
        assert isinstance(told, UsageError) and told.key == "errors.audit_key", told
        assert "--config" in told.text("id") and "again" not in told.text("en")
    named = ("--config", inputs / "kinerja.toml")
    done = kinerja("report", "--level", "internal", "--out", out, "--dry-run", *named)
    assert done.exit_code == 0, done.output
    (manifest,) = out.glob("internal/2025/*/audit/manifest.json")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"seed": 1', '"seed": 2'), encoding="utf-8")
    told = kinerja("report", "--level", "internal", "--out", out, *named).exception
    assert isinstance(told, UsageError) and told.key == "errors.audit_changed"


def test_a_region_or_year_that_is_not_stored_is_told_from_an_empty_folder(inputs: Path) -> None:
    out, key = inputs / "reports", AuditConfig.read(inputs / "kinerja.toml").key_file
    for asked, words in (({"region": "Antah"}, "Antah"), ({"year": 1999}, "1999"), ({"region": "11.01"}, "11.01")):
        with pytest.raises(UsageError) as none:
            open_audit(out, level="internal", key_file=key, **asked)
        assert none.value.key == "errors.audit_unknown" and words in none.value.text("id")
        assert "76.02-mamuju 2025" in none.value.text("en")
    with pytest.raises(UsageError) as none:
        open_audit(inputs / "tidak_ada", region="76.02")
    assert none.value.key == "errors.audit_missing"


def test_a_comparison_of_earlier_audits_is_told(inputs: Path) -> None:
    folder = inputs / "reports" / "internal" / "banding" / "x_2025"
    folder.mkdir(parents=True)
    told = {"titles": {"id": "Judul", "en": "Title"}, "pages": {}, "level": "internal",
            "sources": [["76.02", 2025, "0" * 12]]}  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(told), encoding="utf-8")
    words = "Comparison Title: Made from earlier audits"
    command = "kinerja compare 76.02 --year 2025 --level internal"
    asked = ("status", "--out", inputs / "reports", "--config", inputs / "kinerja.toml")
    for done in (again(inputs), kinerja(*asked)):
        assert words in done.output and command in done.output, done.output
    rows = [t for t in json.loads(kinerja(*asked, "--json").output) if t["reason"] == "comparison"]
    assert [(t["status"], t["level"], t["again"]) for t in rows] == [("older", "internal", command)]


def test_a_refused_run_is_told_until_one_succeeds_and_its_list_goes_with_it(inputs: Path) -> None:
    def status() -> str:
        return kinerja("status", "--out", inputs / "reports", "--config", inputs / "kinerja.toml").output

    assert ": done." in status()
    (inputs / "rusak.csv").write_text(BAD, encoding="utf-8")
    dry = again(inputs, "--dry-run", "--no-write")
    assert isinstance(dry.exception, InputRefused) and "refused" not in status(), "nothing was to be done"
    assert isinstance(again(inputs).exception, InputRefused)
    assert "the input was refused" in status() and (inputs / "masalah.xlsx").is_file()
    (inputs / "rusak.csv").unlink()
    assert again(inputs, "--no-write").exit_code == 0 and (inputs / "masalah.xlsx").is_file()
    done = again(inputs)
    assert "masalah.xlsx) was removed" in done.output and not (inputs / "masalah.xlsx").exists()
    assert ": done." in status()


def test_other_problem_lists_stay(inputs: Path) -> None:
    place, own = inputs / "masalah.xlsx", inputs / "a"
    book = openpyxl.Workbook()
    book.active.append(["kode", "catatan saya"])
    book.save(place)
    again(inputs)
    assert place.is_file() and CheckReport.errors_in(place) is None, "somebody else's"
    own.mkdir()
    (own / "rusak.csv").write_text(BAD, encoding="utf-8")
    found = check(own / "rusak.csv")
    assert not found.ok
    found.save(inputs / "masalah.xlsx", "en")
    assert CheckReport.errors_in(place) == {p.file for p in found.problems if p.severity == "error"}
    shutil.move(own / "rusak.csv", inputs / "rusak.csv")
    one = next(p for p in inputs.rglob("*.xlsx") if "reports" not in p.parts and p != place)
    shutil.copy(one, inputs / "satu.xlsx")
    alone = kinerja("audit", inputs / "satu.xlsx", "--out", inputs / "lain", "--level", "internal", "--jobs", 1)
    assert alone.exit_code == 0 and place.is_file(), "another file's errors"
    place.write_bytes(b"PK\x03\x04 no workbook")
    assert CheckReport.errors_in(place) is None


def test_an_audit_of_another_version_that_cannot_be_told_is_refused_in_words(world: Path, inputs: Path) -> None:
    """What no sentence is left for stops before a page is begun, whoever opens it."""
    place = next((inputs / "reports" / "internal").glob("2025/*/audit"))
    audit = open_audit(place, key_file=str(world / "kunci"))
    frame = audit.results["distribution"].frame
    older = replace(
        audit, results={"distribution": Result("distribution", frame.assign(code="distribution.of_long_ago"))},
        provenance={**audit.provenance, "version": "0.0.9"},
    )  # fmt: skip
    shutil.rmtree(place)
    save_audit(older, place)
    for command in ("report", "compare"):
        done = kinerja(command, "--out", inputs / "reports", "--level", "internal", "--config", inputs / "kinerja.toml")
        assert isinstance(done.exception, UsageError)
        told = done.exception.text("en")
        assert "made with kinerja_analysis 0.0.9" in told and "(distribution.of_long_ago)" in told


def test_a_list_that_cannot_be_saved_leaves_the_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only folder: the problems stand on the screen, and the input is refused as it would be."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "x")

    (tmp_path / "a.csv").write_text(BAD, encoding="utf-8")
    monkeypatch.setattr(CheckReport, "save", forbidden)
    done = kinerja("check", tmp_path)
    assert "the folder is read-only" in done.output and "[KA-E" in done.output
    assert done.exit_code == 3 and not isinstance(done.exception, UsageError)
