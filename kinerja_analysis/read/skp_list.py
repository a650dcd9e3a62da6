"""e-Kinerja "Laporan SKP": who has drawn up an SKP. It tells apart who is not yet rated and who has no SKP."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import Column, plain
from kinerja_analysis.read.ekinerja import acting_of, people
from kinerja_analysis.read.place import place
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.values import as_text, nearest

#: status of the SKP -> status of the appraisal, reason
STATES = {
    "persetujuan": ("not_rated", None), "disetujui": ("not_rated", None), "pengajuan": ("not_rated", "skp_submitted"),
    "diajukan": ("not_rated", "skp_submitted"), "draft": ("not_rated", "skp_draft"), "draf": ("not_rated", "skp_draft"),
}  # fmt: skip
_UNTIL = Column("appraisals", "until", "time")


def take(session: Session, number: int, rows: np.ndarray) -> None:
    """Read the rows of a block; they count for employees whom no rating export names (see ``combine``)."""
    block, layout = session.blocks[number], session.layouts[number]
    frame = session.frame(block, layout, "appraisals", rows).drop(columns=["reason", "status"], errors="ignore")
    session.demand(block, layout, "appraisals", frame, ("person",))
    frame = place(session, block, layout, "appraisals", frame)
    at = session.position(number, "skp_status")
    cells = block.cells(at)
    told = [STATES.get(plain(v)) for v in cells.distinct]
    for i, value in enumerate(cells.distinct):
        if told[i] is None:
            hit = rows[cells.codes[rows] == i]
            near, choices = nearest(value, list(STATES)), ", ".join(STATES)
            session.log.at("E202", block, at, hit, as_text(value), nearest=near, choices=choices)
    pairs = [t or ("not_rated", None) for t in told] + [("no_skp", None)]
    codes = np.where(cells.codes[rows] < 0, len(told), cells.codes[rows])
    frame["status"] = pd.Series([pairs[c][0] for c in codes], index=frame.index, dtype="str")
    frame["reason"] = pd.Series([pairs[c][1] for c in codes], index=frame.index, dtype="str")
    if (until := session.position(number, "until")) >= 0:
        frame["until"] = session.convert(block, until, _UNTIL, rows)
    people(session, number, frame, rows)
    frame["acting"] = acting_of(frame)
    session.log.on("N303", block, n=len(rows))
    session.keep(number, "appraisals", frame, part="skp_list")
