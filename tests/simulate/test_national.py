"""A nation region by region: sizes, both kinds of data, a killed run goes on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.table_store import load_tables, stored_cells
from kinerja_analysis.base.tables import TABLES
from kinerja_analysis.simulate.national import nation, sizes, write_nation

CODES = ("11.01", "11.02", "12.01")


def test_sizes_are_those_of_a_nation() -> None:
    found = pd.Series(sizes(514, 5_600_000, 3))
    assert found.sum() == 5_600_000 and found.min() >= 200
    assert 3 < found.quantile(0.95) / found.median() < 5  # exp(1.645 * .7) = 3.2, the fixed 200 left out


def test_exports_are_quarterly_and_yearly_and_supervisors_change() -> None:
    first, second, _ = nation(CODES, employees=900, years=[2024, 2025])
    rows = first.appraisals
    assert rows.groupby(["year", "period"]).size().groupby("year").size().tolist() == [5, 5]
    assert (first.ratings["source"] == "supervisor").all()
    one = rows[(rows["period"] == rows["year"].astype("str")) & ~rows["acting"]].drop_duplicates(["year", "person"])
    wide = one.pivot(index="person", columns="year", values="supervisor").dropna()
    assert 0.05 < (wide[2024] != wide[2025]).mean() < 0.4  # rotation of one leader in ten, and transfers
    assert not set(first.employees["person"]) & set(second.employees["person"])
    lines = first.accounting
    assert lines.loc[lines["table"] == "appraisals", "kept"].sum() == len(rows)
    assert (lines["rows"] == lines["kept"]).all()


def test_the_stress_size_has_about_seven_pairs_for_each_employee() -> None:
    (tables,) = nation(CODES[:1], employees=1500, years=[2025], kind="multisource")
    assert tables.appraisals.empty and tables.ratings["criterion"].nunique() == 7
    pairs = len(tables.ratings.drop_duplicates(["ratee", "rater"]))
    assert 37.6 / 5.6 < pairs / len(tables.employees) < 8


def test_a_killed_run_goes_on_and_regions_do_not_depend_on_each_other(tmp_path: Path) -> None:
    config, some = AuditConfig(), {"employees": 900, "years": [2025], "jobs": 1}
    steps = write_nation(tmp_path, CODES, config, **some)  # type: ignore[arg-type]
    next(steps)
    steps.close()
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.json")}
    assert len(list(write_nation(tmp_path, CODES, config, **some))) == len(CODES) - len(kept)  # type: ignore[arg-type]
    assert all(p.stat().st_mtime_ns == t for p, t in kept.items())
    assert list(stored_cells(tmp_path)) == [(c, 2025) for c in CODES]
    for tables in nation(CODES, employees=900, years=[2025]):
        (region,) = tables.employees["region"].unique()
        for name in TABLES:
            found = getattr(load_tables(tmp_path, region, config), name)
            pd.testing.assert_frame_equal(found, getattr(tables, name))
