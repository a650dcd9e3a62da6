"""A run does what depends on what changed, and nothing else; the counters tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kinerja_analysis import AuditConfig, run, simulate
from kinerja_analysis.base.config import RegionConfig
from kinerja_analysis.run import Lock, RunReport, order_of, plan


def stamps(out: Path) -> dict[str, tuple[int, bytes]]:
    files = [p for p in out.rglob("*") if p.is_file()]
    return {p.relative_to(out).as_posix(): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


@pytest.mark.slow
def test_only_what_depends_on_a_change_is_done_again(tmp_path: Path) -> None:
    files, out = tmp_path / "masuk", tmp_path / "laporan"
    simulate(["13.71.09", "15.04"], [2025], seed=1, size=60).write(files)
    late = files / "kuranji" / "penilaian_skp_2025_tw4.xlsx"
    shutil.move(late, tmp_path / late.name)
    config = AuditConfig.read(files / "kinerja.toml").model_copy(update={"detectors": ("distribution",)})

    def again() -> RunReport:
        done = run(files, out=out, lang=["id"], level=["internal"], jobs=2, config=config)
        assert done.exit_code == 0, done.to_frame()
        return done

    first = again()
    assert dict(first.counts) == {"read": 1, "audited": 2, "written": 2, "resumed": 0}
    before = stamps(out)
    assert dict(again().counts) == {"read": 0, "audited": 0, "written": 0, "resumed": 2}
    assert stamps(out) == before  # no byte and no time of any file
    config = config.model_copy(update={"years": (*config.years, 2026), "languages": ("id",)})
    assert dict(again().counts)["audited"] == 0  # a year more to ask for leaves the others as they are
    config = config.model_copy(update={"regions": {**config.regions, "98.01": RegionConfig(name="Kabupaten Baru")}})
    assert dict(again().counts)["audited"] == 0  # so does another region's entry
    assert {n: v for n, v in stamps(out).items() if not n.endswith("run.json")} == {
        n: v for n, v in before.items() if not n.endswith("run.json")}  # fmt: skip

    shutil.move(tmp_path / late.name, late)  # the last quarter of one region arrives
    assert dict(again().counts) == {"read": 1, "audited": 1, "written": 1, "resumed": 1}
    after = stamps(out)
    changed = {name.split("/")[2] for name in before if "-" in name and before[name] != after.get(name)}
    assert {c.split("-")[0] for c in changed if c[:2].isdigit()} == {"13.71.09"}

    table = files / "batanghari" / "pegawai_2025.csv"  # a correction in the other region
    text = table.read_text(encoding="utf-8")
    assert ";51-60;" in text
    table.write_text(text.replace(";51-60;", ";41-50;", 1), encoding="utf-8")
    order = order_of(files, out, lang=["id"], level=["internal"], config=config)
    same = {"region": None, "year": None, "since": None, "resume": True, "new_key": False, "progress": None}
    assert [(t.region, t.reason) for t in plan(files, order, **same).todo] == [("15.04", "data")]
    assert plan(files, order, **{**same, "since": "2026"}).tasks == ()
    changed_files = plan(files, order, **{**same, "since": "2100-01-01"})
    assert changed_files.tasks == ()
    assert [t.region for t in plan(files, order, **{**same, "since": "2001-01-01"}).todo] == ["15.04"]
    assert dict(again().counts) == {"read": 1, "audited": 1, "written": 1, "resumed": 1}

    own = config.regions["15.04"].model_copy(update={"province": "Provinsi Lain"})
    config = config.model_copy(update={"regions": {**config.regions, "15.04": own}})
    order = order_of(files, out, lang=["id"], level=["internal"], config=config)
    assert [(t.region, t.reason) for t in plan(files, order, **same).todo] == [("15.04", "config")]


def test_a_lock_of_a_living_process_refuses_and_of_a_dead_one_does_not(tmp_path: Path) -> None:
    from kinerja_analysis.base.errors import UsageError

    with Lock(tmp_path), pytest.raises(UsageError, match="kinerja status"), Lock(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
    (tmp_path / ".kinerja.lock").write_text('{"pid": 1, "started": 1.0, "since": "2025-01-01"}', encoding="utf-8")
    with Lock(tmp_path) as lock:  # process 1 lives, but it did not start in 1970
        assert lock.stale == "2025-01-01"
    (tmp_path / ".kinerja.lock").write_text('{"pid": 1, "started": 1.0, "host": "x", "since": "y"}', encoding="utf-8")
    with pytest.raises(UsageError, match="--unlock"), Lock(tmp_path):
        pass
