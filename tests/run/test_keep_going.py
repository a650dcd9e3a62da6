"""``--keep-going``: only the regions fail whose files have errors, and only until these are repaired."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from kinerja_analysis import simulate
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.cli import cli
from kinerja_analysis.run import RunReport, run

BAD, GOOD = "76.02", "15.04"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masuk")
    simulate([BAD, GOOD], [2024, 2025], seed=1, size=40).write(folder)
    settings = folder / "kinerja.toml"
    settings.write_text('detectors = ["distribution"]\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    staff, ratings = (folder / p for p in ("batanghari/pegawai_2025.csv", "mamuju/penilaian_360_2025.csv"))
    head, first, *_ = staff.read_text(encoding="utf-8-sig").splitlines()
    guest = first.split(";")[head.split(";").index("nip")]  # rates in the other region too: the two are linked
    text = ratings.read_text(encoding="utf-8-sig")
    row = next(line for line in text.splitlines() if ";REKAN;" in line).split(";")
    row[text.splitlines()[0].split(";").index("nip_penilai")] = guest
    ratings.write_text(text + ";".join(row) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def place(files: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(files, tmp_path / "masuk"))


def spoil(place: Path) -> Path:
    """A word where a number belongs, in the ratings of 2025 of one region."""
    found = place / "mamuju" / "penilaian_360_2025.csv"
    head, first, *rest = found.read_text(encoding="utf-8-sig").splitlines()
    at = head.split(";").index("nilai")
    cells = first.split(";")
    cells[at] = "baik sekali"
    found.write_text("\n".join([head, ";".join(cells), *rest]), encoding="utf-8")
    return found


def go(place: Path, out: Path, year: int | None = None) -> RunReport:
    return run(place, out=out, lang=["id"], level=["internal"], jobs=2, keep_going=True, year=year)


def stored(out: Path) -> dict[str, bytes]:
    """Every file of the audits, but for who was audited together and what the run wrote of itself."""
    found = sorted((out / "internal").glob("*/*/audit/*.parquet"))
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in found if p.name != "counts_between.parquet"}


def cells(done: RunReport) -> dict[tuple[str, int], str]:
    return {(r, int(y)): s for r, y, s in done.frame[["region", "year", "status"]].itertuples(index=False)}


def test_the_others_are_done_and_the_rest_after_the_repair(place: Path, files: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "utuh", tmp_path / "laporan"
    first = go(place, whole)
    assert first.exit_code == 0 and first.problems is None
    before = stored(whole)
    (links,) = whole.glob(f"internal/2025/{GOOD}-*/audit/counts_between.parquet")
    assert set(pd.read_parquet(links)["other"]) == {"", BAD}
    wrong = spoil(place)
    done = go(place, out)
    assert cells(done) == {(BAD, 2024): "done", (BAD, 2025): "failed", (GOOD, 2024): "done", (GOOD, 2025): "done"}
    assert (done.exit_code, done.counts["audited"], done.counts["written"]) == (5, 3, 3)
    assert done.problems is not None and not done.problems.ok
    assert "daftar masalah" in done.reason(BAD, 2025, "id")
    mine = stored(out)
    assert mine and {n: before[n] for n in mine} == mine  # as if nothing had been wrong
    assert not list(out.glob(f"internal/2025/{BAD}-*"))

    again = go(place, out)  # reads again, since nobody knows what the file held; nothing good is made again
    assert (again.exit_code, again.counts["read"], again.counts["audited"], again.counts["resumed"]) == (5, 1, 0, 3)

    stands = go(place, whole)  # where there was a report, it stays, and is told with its date
    assert cells(stands)[BAD, 2025] == "failed" and stands.gone == ()
    assert stands.counts["audited"] == 0  # nor is one made again that shares a rater with it
    assert stored(whole) == before
    told = CliRunner().invoke(cli, ["status", "--out", str(whole), "--lang", "en"]).output
    assert f"{BAD} 2025 (internal): failed; the report of " in told and f"{BAD} 2024 (internal): done" in told

    shutil.copy(files / "mamuju" / wrong.name, wrong)
    assert go(place, whole).counts["audited"] == 0  # the same data as before
    after = go(place, out)
    assert (after.exit_code, after.counts["audited"], after.problems) == (0, 2, None)  # with the one it is linked to
    assert stored(out) == stored(whole)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments, "--lang", "en"])


def test_the_command_says_what_is_wrong_and_what_was_left_out(place: Path, tmp_path: Path) -> None:
    spoil(place)
    told = ["--level", "internal", "--out", str(tmp_path / "r"), str(place)]
    plain = command(*told)
    assert type(plain.exception).__name__ == "InputRefused" and not (tmp_path / "r").exists()
    assert "do not touch 1 other region. To have it done now all the same: add --keep-going" in plain.output
    shown = command("--keep-going", "--dry-run", *told)
    assert shown.exit_code == 0 and "Would not be done" in shown.output and f"{BAD} 2025" in shown.output
    assert not (tmp_path / "r").exists()
    done = command("--keep-going", "--json", "--year", "2025", *told)
    assert done.exit_code == 5
    body = json.loads(done.stdout)
    assert [p["code"] for p in body["problems"] if p["severity"] == "error"] == ["KA-E203"]
    assert (place / "masalah.xlsx").is_file() and "KA-E203" in done.stderr
    assert {c["status"] for c in body["cells"] if c["region"] == GOOD} == {"done"}


def test_a_region_known_by_the_name_of_a_damaged_file_only(place: Path, tmp_path: Path) -> None:
    (place / "93.01-salor").mkdir()
    (place / "93.01-salor" / "penilaian.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    done = go(place, tmp_path / "r", year=2025)
    assert done.exit_code == 5 and cells(done) == {(BAD, 2025): "done", (GOOD, 2025): "done", ("93.01", 2025): "failed"}


def test_where_no_region_is_untouched_the_input_is_refused(files: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(files / "mamuju", tmp_path / "masuk"))
    (place / "rusak.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    config = AuditConfig.read(files / "kinerja.toml")
    with pytest.raises(InputRefused):
        run(place, out=tmp_path / "r", keep_going=True, config=config)
    assert not (tmp_path / "r").exists()
