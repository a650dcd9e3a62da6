"""Records of the old regime: nilai SKP, aspects of perilaku, and one number from 0 to 100 (0 to 120 from 2021).

PP 46/2011 to mid-2021, PP 30/2019 with PermenPANRB 8/2021 in its second half; from 2022 a number no longer exists.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import Column
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.ekinerja import acting_of, by_supervisor, people
from kinerja_analysis.read.layout import LEGACY_EXTRA
from kinerja_analysis.read.place import place
from kinerja_analysis.read.session import Session

_PARTS = {n: Column("ratings", n, "number") for n in LEGACY_EXTRA if "_from" not in n and "_to" not in n}
_NEW_SCALE, _NO_NUMBER = 2021, 2022


def take(session: Session, number: int, rows: np.ndarray) -> None:
    """Read the rows of a block into appraisals (the recorded number) and ratings by the supervisor."""
    block, layout = session.blocks[number], session.layouts[number]
    frame = session.frame(block, layout, "appraisals", rows).drop(columns=["reason", "status"], errors="ignore")
    session.demand(block, layout, "appraisals", frame, ("person",))
    frame = place(session, block, layout, "appraisals", frame)
    rated = frame["number"].notna()
    frame["status"] = pd.Series(np.where(rated, "rated", "not_rated"), index=frame.index, dtype="str")
    late = (frame["year"] >= _NO_NUMBER).fillna(False).to_numpy() & rated.to_numpy()
    at = next(p for p in (session.position(number, "year"), session.position(number, "number"), 0) if p >= 0)
    session.log.at("W207", block, at, rows[late])
    top = np.where((frame["year"] >= _NEW_SCALE).fillna(False), 120.0, 100.0)
    _outside(session, block, session.position(number, "number"), frame["number"], top)
    people(session, number, frame, rows)
    _ratings(session, number, frame, rows, top)
    frame["acting"] = acting_of(frame)
    session.keep(number, "appraisals", frame)


def _ratings(session: Session, number: int, frame: pd.DataFrame, rows: np.ndarray, top: np.ndarray) -> None:
    block = session.blocks[number]
    session.fate(number, "ratings")[:] = session.fate(number, "appraisals")
    acting = acting_of(frame)
    session.set_aside(number, "ratings", rows[acting.to_numpy()], "acting")
    good = ~acting & (frame["status"] == "rated")
    base = by_supervisor(session, number, frame, good).assign(scale_min=0.0, scale_max=top)
    parts = []
    for name, column in _PARTS.items():
        if (at := session.position(number, name)) >= 0:
            score = session.convert(block, at, column, rows)
            _outside(session, block, at, score, top)
            parts.append(base.assign(criterion=name, score=score)[(good & score.notna()).to_numpy()])
    scored = np.zeros(len(block), dtype=bool)
    for part in parts:
        scored[part.index.to_numpy()] = True
    session.set_aside(number, "ratings", rows[(frame["status"] != "rated").to_numpy()], "not_rated")
    session.set_aside(number, "ratings", rows[~scored[rows]], "no_levels")
    if parts:
        session.keep(number, "ratings", pd.concat(parts).astype({"criterion": "str"}))


def _outside(session: Session, block: Block, at: int, score: pd.Series, top: np.ndarray) -> None:
    """Note values outside their scale."""
    for most in np.unique(top):
        hit = ((score < 0) | (score > most)).to_numpy() & (top == most)
        if hit.any():
            first = f"{score[hit].iloc[0]:g}"
            session.log.at("E204", block, at, score.index.to_numpy()[hit], first, low=0.0, high=float(most))
