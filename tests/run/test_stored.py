"""A run over stored tables says what a run over the files says, and holds one region at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from kinerja_analysis import AuditConfig, run, simulate
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.base.table_store import save_tables
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.cli import cli
from kinerja_analysis.detect.between import between
from kinerja_analysis.run.stored import Stored, stored

CONFIG = AuditConfig(detectors=("distribution", "halo"), languages=("id",))


def shared(seed: int = 3) -> Tables:
    """Three regions; every fourth rater of the second one rates in the first one too, under the same code."""
    tables = simulate(["99.01", "99.02", "99.03"], [2024, 2025], scenario="menyeluruh", seed=seed, size=260).tables
    rows = tables.ratings.copy()
    raters = {r: sorted(rows.loc[rows["region"] == r, "rater"].dropna().unique()) for r in ("99.01", "99.02")}
    same = dict(zip(raters["99.02"][::4], raters["99.01"][::4], strict=False))
    there = rows["region"] == "99.02"
    rows.loc[there, "rater"] = rows.loc[there, "rater"].replace(same)
    return replace(tables, ratings=rows)


def test_links_of_stored_regions_are_those_of_regions_read_together(tmp_path: Path) -> None:
    tables, config = shared(), AuditConfig()
    save_tables(tables, tmp_path, config)
    cells = tables.cells()
    found = Stored(tmp_path, config).links(cells, "key")
    expected = between(tables, config, cells, "key")
    assert {"99.01", "99.02"} == set(expected.loc[expected["other"] != "", ["region", "other"]].to_numpy().ravel())
    assert expected["value"].notna().any() and len(expected) > len(cells)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.slow
def test_audits_of_a_store_are_those_of_the_files(tmp_path: Path) -> None:
    files, store = tmp_path / "masuk", tmp_path / "simpanan"
    simulate(["13.71.09", "76.02"], [2025], seed=1, size=60).write(files)
    settings = files / "kinerja.toml"
    told = 'languages = ["id"]\ndetectors = ["distribution", "halo"]\n' + settings.read_text(encoding="utf-8")
    settings.write_text(told, encoding="utf-8")
    done = CliRunner().invoke(cli, ["store", str(files), "--to", str(store), "--lang", "en"])
    assert done.exit_code == 0 and "2 regions stored" in done.output
    assert (store / "kinerja.toml").read_bytes() == settings.read_bytes()
    config = AuditConfig.read(settings)
    run(files, out=tmp_path / "a", level=["internal"], jobs=1, config=config)
    first = run(store, out=tmp_path / "b", level=["internal"], jobs=1, config=config)
    assert first.exit_code == 0 and first.counts["audited"] == 2
    names = {"accounting", "problems"}  # a store keeps no names of files, and the problems of a region's own files
    for folder in sorted((tmp_path / "a" / "internal").glob("2025/[0-9]*/audit")):
        one, other = (load_audit(tmp_path / x / folder.relative_to(tmp_path / "a")) for x in ("a", "b"))
        assert one.provenance == other.provenance
        assert one.results.keys() == other.results.keys() and one.counts.keys() == other.counts.keys()
        for name in one.results:
            pd.testing.assert_frame_equal(one.results[name].frame, other.results[name].frame)
        for name in one.counts.keys() - names:
            pd.testing.assert_frame_equal(one.counts[name], other.counts[name])
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "b").rglob("*") if p.is_file()}
    assert dict(run(store, out=tmp_path / "b", level=["internal"], jobs=1, config=config).counts) == {
        "read": 0, "audited": 0, "written": 0, "resumed": 2,
    }  # fmt: skip
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "b").rglob("*") if p.is_file()} == stamps

    harmed = next(store.glob("76.02/2025/ratings.parquet"))
    harmed.write_bytes(harmed.read_bytes()[:-9])
    again = run(store, out=tmp_path / "b", level=["internal"], jobs=1, config=config, resume=False)
    assert again.exit_code == 5
    assert again.reason("76.02", 2025, "en").startswith("The stored tables are not intact: ratings.parquet")
    assert again.to_frame()["status"].tolist() == ["done", "failed"]


def test_a_store_says_its_regions_and_loses_no_year(tmp_path: Path) -> None:
    files, store = tmp_path / "masuk", tmp_path / "simpanan"
    made = simulate(["76.02"], [2024, 2025], seed=1, size=40)
    made.write(files)
    assert CliRunner().invoke(cli, ["store", str(files), "--to", str(store)]).exit_code == 0
    for late in files.glob("*/*2025*"):
        late.unlink()
    lost = CliRunner().invoke(cli, ["store", str(files), "--to", str(store)])
    assert isinstance(lost.exception, UsageError) and "76.02 2025" in lost.exception.text("en")
    assert ("76.02", 2025) in Stored(store, AuditConfig()).cells()
    assert CliRunner().invoke(cli, ["store", str(files), "--to", str(store), "--replace"]).exit_code == 0
    assert list(Stored(store, AuditConfig()).cells()) == [("76.02", 2024)]
    assert list(Stored(store, AuditConfig(years=(2025,))).cells()) == []


def test_only_one_folder_of_stored_tables_counts_as_a_store(tmp_path: Path) -> None:
    config = AuditConfig()
    save_tables(simulate(["76.02"], [2025], seed=1, size=40).tables, tmp_path / "s", config)
    assert stored([str(tmp_path / "s")], config) is not None
    for other in ([tmp_path / "s", tmp_path], tmp_path, "sql:x", pd.DataFrame()):
        assert stored(other, config) is None


def test_a_store_is_no_input_of_anything_else(tmp_path: Path) -> None:
    save_tables(simulate(["76.02"], [2025], seed=1, size=40).tables, tmp_path / "s", AuditConfig())
    before = sorted(tmp_path.rglob("*"))
    for command in (["check", "s"], ["store", "s", "--to", "t"], ["audit", "s", "s", "--out", "lap"]):
        words = [str(tmp_path / w) if len(w) < 4 else w for w in command]
        done = CliRunner().invoke(cli, words)
        assert isinstance(done.exception, UsageError) and done.exception.key == "errors.store_given", command
    assert sorted(tmp_path.rglob("*")) == before


def test_select_loads_no_later_year(tmp_path: Path) -> None:
    config = AuditConfig()
    tables = simulate(["76.02"], [2024, 2025], seed=1, size=40).tables
    save_tables(tables, tmp_path, config)
    part = Stored(tmp_path, config).select(region="76.02", until=2024)
    (tmp_path / "76.02" / "2025" / "ratings.parquet").unlink()
    for name in TABLES:
        expected = getattr(tables.select(region="76.02", until=2024), name)
        assert np.array_equal(getattr(part.load(), name)["row"], expected["row"])
