"""The whole way in: what the simulation wrote is what the reader returns."""

from pathlib import Path

import pandas as pd
import pytest

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.read import check, read
from kinerja_analysis.simulate import simulate

NAMES = ("ratee", "rater", "person", "supervisor", "leader")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("demo")
    simulation = simulate(years=[2025], size=60)
    simulation.write(folder)
    return simulation, folder, read(folder)


def renumbered(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Rows in a canonical order without identifiers and addresses."""
    return frame[columns].sort_values(columns, kind="stable").reset_index(drop=True)


@pytest.mark.parametrize("table", ["ratings", "achievements", "units"])
def test_tables_equal_the_simulated_ones(demo, table: str) -> None:  # type: ignore[no-untyped-def]
    simulation, _, tables = demo
    expected, found = getattr(simulation.tables, table), getattr(tables, table)
    columns = [c for c in expected.columns if c not in (*NAMES, "row")]
    pd.testing.assert_frame_equal(renumbered(found, columns), renumbered(expected, columns))
    for name in set(NAMES) & set(expected.columns):
        assert found[name].nunique() == expected[name].nunique()


def test_people_are_matched_one_to_one_by_their_rows(demo) -> None:  # type: ignore[no-untyped-def]
    simulation, _, tables = demo
    both = simulation.tables.appraisals.merge(tables.appraisals, on="row", suffixes=("", "_found"))
    assert len(both) == len(tables.appraisals) > 0
    for name in ("person", "supervisor"):
        pairs = both[[name, f"{name}_found"]].drop_duplicates()
        assert pairs[name].is_unique and pairs[f"{name}_found"].is_unique
    for name in ("region", "period", "unit", "opd", "post", "status", "predikat", "acting", "rated_at"):
        assert both[name].equals(both[f"{name}_found"]), name


def test_demo_is_synthetic_complete_and_balanced(demo) -> None:  # type: ignore[no-untyped-def]
    simulation, folder, tables = demo
    assert tables.synthetic and tables.region_names == {c: r.name for c, r in simulation.config.regions.items()}
    assert not any(p.severity == "error" for p in tables.problems)
    accounting = tables.accounting
    assert (accounting["rows"] == accounting[["kept", "merged", "set_aside"]].sum(axis=1)).all()
    assert set(tables.employees.columns) >= {"asal"} and tables.employees["asal"].notna().any()
    assert check(folder).ok


def test_an_unknown_region_argument_is_a_usage_error(demo) -> None:  # type: ignore[no-untyped-def]
    _, folder, _ = demo
    with pytest.raises(UsageError, match="is not known"):
        check(folder, region="Antah Berantah")
    with pytest.raises(UsageError, match="may mean several"):
        check(Path(folder), region="Solok")
