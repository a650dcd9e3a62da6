"""What earlier runs left: regions gone from the input or failed are told, not counted; partial runs change nothing."""

from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis import AuditConfig, run, simulate
from kinerja_analysis.base.config import RegionConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.store import inside, standing
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.run import RunReport, order_of, plan
from kinerja_analysis.run.jobs import read_state
from kinerja_analysis.run.left import left_over, rows_digest, source_of
from kinerja_analysis.run.publish import last_run, note

CONFIG = AuditConfig(identifiers="pseudonymous", key_file="")


def cell(region: str, year: int = 2025, **more: Any) -> dict[str, Any]:
    return {"region": region, "year": year, "rows": f"rows of {region}"} | more


def state(paths: Any, *cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), "source": source_of(paths, CONFIG)} | more


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Published reports of three regions."""
    for region in ("01.01", "01.02", "01.03"):
        (tmp_path / "out" / "2025" / f"{region}-x").mkdir(parents=True)
    return tmp_path / "out"


def gone(before: dict[str, Any], now: dict[str, Any], out: Path) -> dict[str, bool]:
    return {c["region"]: bool(c.get("gone")) for c in left_over(before, now, out)}


def test_a_region_is_gone_where_the_place_it_was_read_from_was_read_without_it(out: Path) -> None:
    folder, file = Path("masuk"), Path("masuk") / "a" / "b.xlsx"
    a, b = cell("01.01"), cell("01.02")
    assert gone(state(folder, a, b), state(folder, b), out) == {"01.01": True}
    assert gone(state(file, a), state(file, b), out) == {"01.01": True}, "the region in the file was corrected"
    assert gone(state(file, a), state(folder, b), out) == {"01.01": True}, "a file of the folder, read by itself before"
    assert gone(state([file, folder / "c.csv"], a), state(folder, b), out) == {"01.01": True}


def test_runs_over_other_places_or_less_make_nothing_gone(out: Path) -> None:
    folder, file = Path("masuk"), Path("masuk") / "b.xlsx"
    a, b = cell("01.01"), cell("01.02")
    assert gone(state(folder, a, b), state(file, b), out) == {"01.01": False}, "one file of the folder"
    assert gone(state("lain", a), state(folder, b), out) == {"01.01": False}
    assert gone(state([folder, "lain"], a), state(folder, b), out) == {"01.01": False}, "one of two folders"
    assert gone(state(folder, a), state(folder, cell("01.02", 2026)), out) == {"01.01": False}, "the year was put away"
    assert gone({"cells": [a]}, state(folder, b), out) == {"01.01": False}, "an earlier version wrote no place down"
    frame = pd.DataFrame({"x": [1]})
    assert gone(state(frame, a), state(frame, b), out) == {"01.01": False}


def test_rows_that_are_another_region_s_now_are_counted_once(out: Path) -> None:
    moved = cell("01.02") | {"rows": "rows of 01.01"}
    assert gone(state("a.xlsx", cell("01.01")), state("b.xlsx", moved), out) == {"01.01": True}
    rows = {"rater": "s", "source": "supervisor", "criterion": "k", "scale_min": 0, "scale_max": 100, "score": 70.0,
            "ratee": ["p", "q"], "period": "2025", "year": 2025, "row": ["1:1:2", "1:1:3"]}  # fmt: skip
    one, two = (Tables(ratings=pd.DataFrame(rows | {"region": r})) for r in ("01.01", "01.02"))
    assert rows_digest(one, "01.01", 2025) == rows_digest(two, "01.02", 2025) != rows_digest(one, "01.02", 2025)


def test_what_is_gone_stays_so_until_it_is_back_or_its_folders_are_removed(out: Path) -> None:
    before = state("masuk", cell("01.02"), others=[cell("01.01", gone=True)])
    assert gone(before, state("lain", cell("01.03")), out) == {"01.02": False, "01.01": True}
    assert gone(before, state("lain", cell("01.01")), out) == {"01.02": False}
    shutil.rmtree(out / "2025" / "01.01-x")
    assert gone(before, state("lain", cell("01.03")), out) == {"01.02": False}


def test_no_path_is_written_down(tmp_path: Path) -> None:
    (marks,) = source_of(tmp_path / "rahasia", CONFIG)
    assert all(len(m) == 16 and set(m) <= set("0123456789abcdef") for m in marks)
    (again,) = source_of(tmp_path / "rahasia" / "b.xlsx", CONFIG)
    assert again[1:] == marks


def test_the_last_run_is_told_from_the_log(tmp_path: Path) -> None:
    assert last_run(tmp_path) == ("", "")
    logs = tmp_path / "internal" / "log"
    for name, how in (("20260101T000000Z_9", ("started", "done")), ("20260102T000000Z_1", ("started",))):
        for status in how:
            note(logs / f"{name}.jsonl", "run", status)
            note(logs / f"{name}.jsonl", "cell", "failed", region="76.02", year=2025)
    assert last_run(tmp_path)[0] == "started"
    (logs / "20260103T000000Z_1.jsonl").write_text("half a li", encoding="utf-8")
    assert last_run(tmp_path)[0] == "started", "what the killed run before it left"


def test_standing_of_a_damaged_record_is_nothing(tmp_path: Path) -> None:
    inside(tmp_path / "internal")
    place = tmp_path / "internal" / "run.json"
    for text in ("{", "[]", '{"failed": [1]}', '{"others": [{"gone": true}]}'):
        place.write_text(text, encoding="utf-8")
        assert standing(tmp_path) == {}
    place.write_text(json.dumps({"failed": [["76.02", 2025, "public"]], "others": [cell("01.01", gone=True)]}))
    assert standing(tmp_path) == standing(tmp_path / "internal")
    assert standing(tmp_path) == {("76.02", 2025, "public"): "failed", ("01.01", 2025, "public"): "gone",
                                  ("01.01", 2025, "internal"): "gone"}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_folders_of_the_internal_level_are_closed_and_a_group_s_stay(tmp_path: Path) -> None:
    (tmp_path / "internal" / "x" / "internal").mkdir(parents=True, mode=0o755)
    (tmp_path / "internal" / "x" / "internal").chmod(0o755)
    tmp_path.joinpath("internal").chmod(0o755)
    made = inside(tmp_path / "internal" / "x" / "internal" / "2025" / "published")
    assert [mode(p) for p in (made, made.parent, made.parent.parent)] == [0o700] * 3
    assert mode(tmp_path / "internal") == 0o755, "a folder above the reports that has this name by chance"
    made.parent.parent.chmod(0o770)
    inside(made)
    assert mode(made.parent.parent) == 0o770


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def summary(out: Path) -> str:
    return (out / "2025" / "ringkasan" / "ringkasan_2025_id.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_failed_and_gone_regions_of_a_run_are_told_and_not_counted(tmp_path: Path) -> None:
    files, out = tmp_path / "masuk", tmp_path / "laporan"
    simulate(["13.71.09", "76.02"], [2025], seed=1, size=60).write(files)
    config = AuditConfig.read(files / "kinerja.toml").model_copy(update={"detectors": ("distribution",)})

    def again(paths: Any = files, config: AuditConfig = config) -> RunReport:
        return run(paths, out=out, lang=["id"], jobs=2, config=config)

    def index() -> dict[str, str]:
        return {r["region"]: r["standing"] for r in json.loads((out / "index.json").read_text())["reports"]}

    assert again().exit_code == 0 and set(index().values()) == {""}
    assert last_run(out)[0] == "done" and "2 wilayah" in summary(out)
    if sys.platform != "win32":
        internal = [out / "internal", *(out / "internal").rglob("*")]
        assert {(p.is_dir(), mode(p)) for p in internal} == {(True, 0o700), (False, 0o600)}
        pages = [p for p in out.rglob("*.html") if "internal" not in p.parts]
        assert pages and {mode(p) for p in pages} == {0o644} and mode(out / "2025") == 0o755

    wrong = config.regions.get("76.02", RegionConfig()).model_copy(update={"framework": "tidak_ada.toml"})
    broken = config.model_copy(update={"regions": {**config.regions, "76.02": wrong}})
    assert again(config=broken).exit_code == 5
    same = {"region": None, "year": None, "since": None, "resume": True, "new_key": False, "progress": None}
    tasks = plan(files, order_of(files, out, lang=["id"], config=broken), **same).tasks
    assert {(t.region, t.reason, bool(t.since)) for t in tasks} == {("13.71.09", "", False), ("76.02", "failed", True)}
    assert index() == {"13.71.09": "", "76.02": "failed"} and last_run(out)[0] == "partial"
    assert "Dari proses terdahulu" in (out / "index.html").read_text() and "Dari laporan terdahulu" in summary(out)
    assert again().exit_code == 0 and set(index().values()) == {""} and "Dari laporan terdahulu" not in summary(out)

    assert again(files / "kuranji").gone == (), "a part of the input"
    (mamuju,) = (p for p in files.iterdir() if p.name.startswith("mamuju"))
    shutil.move(mamuju, tmp_path / "aside")
    left = again()
    assert (left.exit_code, left.gone) == (0, (("76.02", 2025),))
    assert left.counts["written"] == 0 and left.renewed >= 2, "no report, but index and summary"
    assert again().renewed == 0
    assert index() == {"13.71.09": "", "76.02": "gone"} and list(out.glob("2025/76.02-*/metrics.json"))
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Tidak lagi ada di masukan" in page and "1 laporan" in page and "2 laporan" not in page
    assert "Tidak dihitung" in summary(out) and "2 wilayah" not in summary(out)
    assert again().gone == left.gone and again(files / "kuranji").gone == left.gone
    shutil.move(tmp_path / "aside", mamuju)
    assert again().gone == () and set(index().values()) == {""} and "2 wilayah" in summary(out)
    order = order_of(files, out, config=config)
    assert [c["region"] for c in read_state(order)["cells"]] == ["13.71.09", "76.02"]

    (files / "rusak.csv").write_text("nip;hasil_kerja\n1;HEBAT\n", encoding="utf-8")
    before = {p for p in out.rglob("*") if p.is_file()}
    with pytest.raises(InputRefused):
        again()
    (log,) = {p for p in out.rglob("*") if p.is_file()} - before
    assert log.suffix == ".jsonl" and last_run(out)[0] == "refused"
    (files / "rusak.csv").unlink()
    assert again().counts["audited"] == 0 and last_run(out)[0] == "done"


@pytest.mark.parametrize("jobs", [0, -1, "a", 1.5, True])
def test_a_number_of_processes_that_is_none_is_refused(tmp_path: Path, jobs: Any) -> None:
    with pytest.raises(UsageError) as refused:
        run(tmp_path, out=tmp_path / "out", jobs=jobs, config=CONFIG)
    assert refused.value.key == "errors.jobs_wrong" and not (tmp_path / "out").exists()


def test_a_first_run_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "nilai.csv").write_text("nip;hasil\n1;2\n", encoding="utf-8")
    with pytest.raises(InputRefused):
        run(tmp_path / "nilai.csv", out=tmp_path / "out", config=CONFIG)
    assert not (tmp_path / "out").exists()
