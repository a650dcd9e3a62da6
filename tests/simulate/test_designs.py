"""The four constructed designs, checked by counting components of the graph of ratees and raters."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kinerja_analysis.base.tables import columns
from kinerja_analysis.simulate import DESIGNS, designs


def components(table: pd.DataFrame) -> int:
    pairs = table[["ratee", "rater"]].drop_duplicates()
    ratee, rater = pd.factorize(pairs["ratee"])[0], pd.factorize(pairs["rater"])[0]
    n = ratee.max() + 1
    size = n + rater.max() + 1
    graph = coo_array((np.ones(len(pairs)), (ratee, n + rater)), shape=(size, size))
    return connected_components(graph, directed=False)[0]


def cross_unit(table: pd.DataFrame) -> int:
    """Pairs of peers in which the rater is an employee of another unit."""
    home = table.drop_duplicates("ratee").set_index("ratee")["unit"]
    pairs = table[table["source"] == "peer"].drop_duplicates(["ratee", "rater"])
    return int((pairs["rater"].map(home) != pairs["unit"]).sum())


@pytest.mark.parametrize("kind", DESIGNS)
def test_frames_are_rating_tables_and_reproducible(kind):
    table = designs(kind, units=6, size=8)
    assert list(table.columns)[: len(columns("ratings"))] == [c.name for c in columns("ratings")]
    assert not table.duplicated(["period", "ratee", "rater", "source", "criterion"]).any()
    assert (table["ratee"] != table["rater"]).all()
    assert table["score"].between(table["scale_min"], table["scale_max"]).all()
    pd.testing.assert_frame_equal(table, designs(kind, units=6, size=8))


def test_inside_units_shares_nobody():
    table = designs("inside_units", units=12)
    assert components(table) == 12 and cross_unit(table) == 0
    assert (table.drop_duplicates(["ratee", "rater"]).groupby("ratee").size() == 4).all()


def test_one_cross_unit_peer_joins_exactly_two_units():
    table = designs("one_cross_unit", units=12)
    assert components(table) == 11 and cross_unit(table) == 1


def test_a_quarter_of_the_peers_come_from_other_units():
    table = designs("quarter_cross_unit", units=24)
    peers = 24 * 30 * 3
    assert components(table) == 1
    assert cross_unit(table) / peers == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / peers))


def test_the_export_has_one_supervisor_a_year_and_thirty_changes():
    table = designs("supervisor_changes", units=20, size=10)
    assert set(table["year"]) == {2024, 2025} and set(table["criterion"]) == {"hasil_kerja", "perilaku_kerja"}
    assert (table.groupby(["year", "ratee"])["rater"].nunique() == 1).all()
    assert (table.groupby("ratee")["rater"].nunique() == 2).sum() == 30


def test_four_designs_give_four_verdicts():
    linkage = pytest.importorskip("kinerja_analysis.stats.linkage").linkage
    found = {}
    for kind in DESIGNS:
        pairs = designs(kind, units=12).drop_duplicates(["period", "ratee", "rater"])
        codes = [pd.factorize(pairs[c])[0] for c in ("ratee", "rater", "unit", "period")]
        period = codes[3] if kind == "supervisor_changes" else None
        found[kind] = linkage(codes[0], codes[1], group=codes[2], period=period).verdict
    assert len(set(found.values())) == 4, found


@pytest.mark.parametrize("wrong", [{"kind": "x"}, {"kind": "inside_units", "units": 1},
                                   {"kind": "inside_units", "size": 3}])  # fmt: skip
def test_wrong_designs_are_refused(wrong):
    with pytest.raises(ValueError):
        designs(**wrong)
