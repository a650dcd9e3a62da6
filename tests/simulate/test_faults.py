"""The faults of domain.md 7.5 stand in the files of ``data_rusak`` and in its truth."""

import pytest
from openpyxl import load_workbook

from kinerja_analysis.simulate import simulate


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    made = simulate(scenario="data_rusak", size=600, years=[2025], seed=2)
    folder = tmp_path_factory.mktemp("rusak")
    made.write(folder)
    book = load_workbook(folder / "contoh-1" / "penilaian_skp_2025.xlsx", read_only=True)
    rows = [list(r) for r in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return made, rows


def test_the_header_is_not_in_row_8(broken):
    _, rows = broken
    assert rows[7].count(None) == len(rows[7]) and rows[10][2] == "nip"


def test_every_fault_stands_where_the_truth_says(broken):
    made, rows = broken
    header, faults = rows[10], made.truth["faults"]
    for fault in faults[faults["column"] != ""].itertuples():
        assert rows[fault.row - 1][header.index(fault.column)] == fault.text
    kinds = set(faults["fault"])
    assert kinds == {"nip_grouped", "nip_apostrophe", "nip_nbsp", "label_variant", "matrix_contradiction",
                     "unknown_label", "repeated_row"}  # fmt: skip


def test_repeated_rows_stand_twice_in_the_file_and_once_in_the_tables(broken):
    made, rows = broken
    again = made.truth["faults"].query("fault == 'repeated_row'")
    assert len(again) == 6
    assert len(rows) - 11 == len(made.tables.appraisals) + 6
    for line in again["row"]:
        assert sum(r == rows[line - 1] for r in rows) == 2


def test_the_tables_hold_what_the_file_says(broken):
    made, _ = broken
    a = made.tables.appraisals.set_index(made.tables.appraisals["row"].str.split(":").str[2].astype(int))
    faults = made.truth["faults"]
    lost = a.loc[faults.query("effect == 'lost'")["row"]]
    assert lost["predikat"].isna().all() and (lost["status"] == "rated").all()
    changed = faults.query("effect == 'changed'")
    assert a.loc[changed["row"], "predikat"].tolist() == changed["text"].tolist()
    wide = made.tables.ratings.query("scale_max == 3").pivot(index="row", columns="criterion", values="score")
    both = wide.loc[a.loc[changed["row"], "row"]]
    top = (both == 3).all(axis=1).to_numpy()
    assert ((changed["text"].to_numpy() == "SANGAT BAIK") != top).all()


def test_one_team_was_rated_by_a_program(broken):
    made, _ = broken
    a = made.tables.appraisals.query("status == 'rated'")
    times = a.groupby("supervisor")["rated_at"].agg(["size", "nunique"])
    assert ((times["size"] >= 8) & (times["nunique"] == 1)).sum() == 1


def test_other_scenarios_have_no_faults():
    assert simulate(scenario="clean", size=100, years=[2025]).truth["faults"].empty
