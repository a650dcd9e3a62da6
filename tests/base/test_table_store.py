"""Tables on disk: what is read is what was written, for one region as for many; changes are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import Problem, UsageError
from kinerja_analysis.base.store import data_digest
from kinerja_analysis.base.table_store import is_store, load_tables, save_tables, stored_cells
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.simulate import simulate

CONFIG = AuditConfig()
FIRST, SECOND = "11.01", "11.02"


@pytest.fixture(scope="module")
def tables() -> Tables:
    made = simulate([FIRST, SECOND], [2024, 2025], scenario="nasional", size=200).tables
    files = sorted({int(r.split(":")[0]) for r in made.ratings["row"]})
    lines = [(f, 1, "ratings", 9, 9, 0, 0, "") for f in files] + [(99, 1, "ratings", 3, 0, 0, 3, "no_score")]
    accounting = pd.DataFrame(lines, columns=list(made.accounting.columns))
    problems = (Problem("KA-W201", "warning", file="budi.xlsx", value="Budi", others=("C3", "C4"), number=files[0]),)
    return replace(made, accounting=accounting, problems=problems)


@pytest.fixture
def store(tables: Tables, tmp_path: Path) -> Path:
    save_tables(tables, tmp_path / "olah", CONFIG)
    return tmp_path / "olah"


@pytest.mark.parametrize("region", [FIRST, SECOND])
def test_what_is_read_is_what_was_written(region: str, tables: Tables, store: Path) -> None:
    mine, found = tables.select(region=region), load_tables(store, region, CONFIG)
    for name in TABLES:
        expected = getattr(mine, name).sort_values("year", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(getattr(found, name), expected)
    assert (found.synthetic, found.key_id, found.region_names) == (True, "", {region: tables.region_names[region]})


def test_cells_carry_the_digest_of_the_data_up_to_the_year(tables: Tables, store: Path) -> None:
    told = stored_cells(store)
    assert list(told) == tables.cells() == [(r, y) for r in (FIRST, SECOND) for y in (2024, 2025)]
    for (region, year), digest in told.items():
        assert digest == data_digest(tables.select(region=region, until=year))
    assert len(set(told.values())) == 4


def test_a_digest_is_of_what_a_region_itself_tells(tables: Tables) -> None:
    """A column that another region of the same run brought changes nothing; values under another name do."""
    own = tables.select(region=FIRST)
    frame = own.appraisals
    told = [data_digest(replace(own, appraisals=f)) for f in (
        frame, frame.assign(asal=np.nan), frame.assign(asal=3.0),
        frame.assign(reason=frame["opd"], opd=None), frame.assign(post=frame["opd"], opd=None), frame.iloc[:0],
    )]  # fmt: skip
    assert told[0] == told[1] and len(set(told)) == 5


def test_accounting_and_problems_follow_the_files_without_names(tables: Tables, store: Path) -> None:
    mine = tables.ratings[tables.ratings["region"] == FIRST]["row"].str.split(":").str[0].astype(int)
    first, second = (load_tables(store, r, CONFIG) for r in (FIRST, SECOND))
    assert set(first.accounting["file"]) == {*mine, 99}  # a file of nobody belongs to every region
    assert [(p.code, p.count, p.file, p.value) for p in first.problems] == [("KA-W201", 3, "", "")]
    assert not second.problems
    assert not any("udi" in p.read_text() for p in store.rglob("*.json"))


def test_a_region_is_replaced_and_the_others_stay(tables: Tables, store: Path) -> None:
    before = {p: p.read_bytes() for p in (store / SECOND).rglob("*") if p.is_file()}
    one = tables.select(region=FIRST, year=2025)
    save_tables(one, store, CONFIG)
    assert list(stored_cells(store)) == [(FIRST, 2025), (SECOND, 2024), (SECOND, 2025)]
    assert {p: p.read_bytes() for p in (store / SECOND).rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in store.iterdir()) == [FIRST, SECOND]


def _flip(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(bytes(data))


@pytest.mark.parametrize("harm", ["flip", "lost", "moved", "manifest"])
def test_changes_are_refused(harm: str, store: Path) -> None:
    place = store / FIRST / "2025" / "ratings.parquet"
    manifest = store / FIRST / "tables.json"
    if harm == "flip":
        _flip(place)
    elif harm == "lost":
        place.unlink()
    elif harm == "moved":  # the rows of the year before in place of this year's
        place.write_bytes((store / FIRST / "2024" / "ratings.parquet").read_bytes())
    else:
        body = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(body | {"synthetic": False}))
    with pytest.raises(UsageError):
        load_tables(store, FIRST, CONFIG)
    assert load_tables(store, SECOND, CONFIG).cells()


def test_no_folder_outside_the_store(tables: Tables, tmp_path: Path) -> None:
    bad = replace(tables, ratings=tables.ratings.assign(region="../x"))
    with pytest.raises(UsageError):
        save_tables(bad, tmp_path / "olah", CONFIG)
    assert not (tmp_path / "x").exists() and not list(tmp_path.glob("*/.*"))


def test_what_is_a_store(store: Path, tmp_path: Path) -> None:
    assert is_store(store) and not is_store(tmp_path) and not is_store(tmp_path / "not there")
