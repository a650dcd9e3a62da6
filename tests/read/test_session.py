"""One reading in progress: typed columns with every unreadable cell noted."""

from typing import Any

import numpy as np

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import Column
from kinerja_analysis.read import check
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.layout import Layout
from kinerja_analysis.read.session import Session


def session(**config: object) -> Session:
    found = Session(AuditConfig(**config))  # type: ignore[arg-type]
    values = [["80", "x", ""], ["190501012010011001", "Siti", None]]
    block = Block(1, "a", 1, "S", ["nilai", "nip"], 1, np.array([2, 3, 4]), lambda j: Cells.of(values[j]))
    found.blocks.append(block)
    found.layouts.append(Layout("ratings", {0: "score", 1: "ratee"}))
    return found


def test_convert_types_and_notes() -> None:
    here = session()
    score = here.convert(here.blocks[0], 0, Column("ratings", "score", "number"), np.array([0, 1, 2]))
    assert score.tolist()[0] == 80.0 and score.isna().tolist() == [False, True, True]
    assert [(p.code, p.cell, p.value) for p in here.log.problems()] == [("KA-E203", "A3", "x")]


def test_rows_that_are_not_live_are_not_judged() -> None:
    here = session()
    here.convert(here.blocks[0], 0, Column("ratings", "score", "number"), np.array([0]))
    assert here.log.problems() == ()


def test_other_identifiers_are_folded_text() -> None:
    here = session(identifiers="other")
    column = Column("ratings", "ratee", "code", personal=True)
    assert here.convert(here.blocks[0], 1, column, np.array([0, 1])).tolist() == ["190501012010011001", "siti"]


def test_formulas_and_error_cells() -> None:
    here = session()
    block = here.blocks[0]
    block.formulas, block.errors = {"A2": True, "A3": False, "C9": False}, frozenset({"A4"})
    here.convert(block, 0, Column("ratings", "score", "number"), np.array([0, 1, 2]))
    found = {p.code: p.cell for p in here.log.problems()}
    assert found == {"KA-E118": "A4", "KA-E109": "A3", "KA-E110": "A2", "KA-E203": "A3"}


def test_fates_keep_the_first_reason() -> None:
    here = session()
    here.set_aside(0, "ratings", np.array([1]), "acting")
    here.set_aside(0, "ratings", np.array([0, 1]), "not_rated")
    assert [here.reasons[k] for k in here.fate(0, "ratings")] == ["not_rated", "acting", ""]
    assert here.position(0, "ratee") == 1 and here.position(0, "unit") == -1


def test_all_unknown_labels_of_a_column_are_listed(make: Any) -> None:
    report = check(make.ekinerja(edit={"K9": "SE", "K10": "Memenuhi", "K12": "SE"}), config=make.config)
    assert [p.value for p in report.problems] == ["SE"] and '"SE", "Memenuhi"' in report.summary("en")
