"""Records of results: e-Kinerja "Laporan Penilaian SKP", SIASN web service; the two ratings behind each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import EKINERJA_CRITERIA, OF_ACTING, PREDIKAT, RATING, Column, columns
from kinerja_analysis.read import codes, values
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.place import place
from kinerja_analysis.read.session import Session

_TIMES = {name: Column("appraisals", name, "time") for name in ("until", "created")}
_LEVELS = {name: Column("appraisals", name, "category", categories=RATING) for name in EKINERJA_CRITERIA}
_CODED = {"hasil_kerja": ("hasil_code", RATING), "perilaku_kerja": ("perilaku_code", RATING),
          "predikat": ("predikat_code", PREDIKAT)}  # fmt: skip
_PEOPLE = ("grade", "employment", "position_type")
_REASON = Column("appraisals", "reason", "text")


def take(session: Session, number: int, rows: np.ndarray) -> None:
    """Read the rows of a block into appraisals, ratings and what they tell about the employees."""
    block, layout = session.blocks[number], session.layouts[number]
    words = _special(block, [session.position(number, n) for n in (*EKINERJA_CRITERIA, "predikat", "reason")], rows)
    blanked = _without(block, session, number)
    frame = session.frame(blanked, layout, "appraisals", rows).drop(columns="reason", errors="ignore")
    session.demand(block, layout, "appraisals", frame, ("person",))
    for name, column in (_TIMES | _LEVELS).items():
        if (at := session.position(number, name)) >= 0:
            frame[name] = session.convert(blanked, at, column, rows)
    coded = {n: (session.position(number, code), order) for n, (code, order) in _CODED.items()}
    coded = {n: (at, order) for n, (at, order) in coded.items() if at >= 0}
    for name, labels in codes.read_codes(session, block, rows, coded, frame).items():
        frame[name] = labels
    frame = place(session, block, layout, "appraisals", frame)
    bare = rows[frame["opd"].isna()] if (at := session.position(number, "opd")) >= 0 else rows[:0]
    if 2 * len(bare) > len(rows) and not block.form:
        session.log.at("N512", block, at, bare)
    frame = _status(session, number, frame, words)
    people(session, number, frame, rows)
    _ratings(session, number, frame)
    frame["acting"] = acting_of(frame)
    session.keep(number, "appraisals", frame)


def _special(block: Block, positions: list[int], rows: np.ndarray) -> pd.Series:
    """Return per row a word that says why there is no rating: no_skp, not_rated or an exclusion, else ""."""
    told = np.full(len(block), "", dtype=object)
    for at in positions:
        if at < 0:
            continue
        cells = block.cells(at)
        for i, value in enumerate(cells.distinct):
            if word := values.unrated(value):
                hit = cells.rows([i])
                told[hit] = np.where(np.isin(told[hit], ("", "not_rated")), word, told[hit])
    return pd.Series(told[rows], index=pd.Index(rows))


def _without(block: Block, session: Session, number: int) -> Block:
    """Return the block with words such as "Tidak Membuat SKP" blanked, so that only labels are read as labels."""
    ours = {session.position(number, n) for n in (*EKINERJA_CRITERIA, "predikat")} - {-1}

    def column(position: int) -> Cells:
        cells = block.cells(position)
        if position not in ours:
            return cells
        special = [i for i, v in enumerate(cells.distinct) if values.unrated(v)]
        codes = cells.codes.copy()
        codes[cells.rows(special)] = -1
        return Cells(codes, cells.distinct)

    return replace(block, column=column)


def _status(session: Session, number: int, frame: pd.DataFrame, words: pd.Series) -> pd.DataFrame:
    """Add status and reason; one of two ratings alone is a draft, a blank row is not rated.

    A status column says why there is no rating; where it contradicts the ratings, they count.
    """
    block = session.blocks[number]
    for name in ("predikat", *EKINERJA_CRITERIA):
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    told = frame["status"] if "status" in frame else pd.Series(None, index=frame.index, dtype="str")
    known = [frame[n].notna() for n in EKINERJA_CRITERIA]
    both, one = known[0] & known[1], known[0] ^ known[1]
    rated = both | frame["predikat"].notna()
    status = pd.Series("not_rated", index=frame.index).mask(rated, "rated")
    status = status.mask(~rated & ((words == "no_skp") | (told == "no_skp")), "no_skp")
    words = words.mask((told == "excluded") & (words == ""), "lainnya")
    excluded = ~rated & words.isin([*values.EXCLUSIONS.values(), "lainnya"])
    status = status.mask(excluded, "excluded")
    draft = one & ~rated
    reason = pd.Series(None, index=frame.index, dtype="str").mask(excluded, words).mask(draft, "draft")
    index = frame.index.to_numpy()
    for name, here in zip(EKINERJA_CRITERIA, known, strict=True):
        at = session.position(number, name)
        if at >= 0:
            for code, rows in (("W202", draft), ("W211", one & rated)):
                session.log.at(code, block, at, block.blank(index[(rows & ~here).to_numpy()], at))
    odd = told.notna() & ((told == "rated") != rated)
    session.log.at("W509", block, session.position(number, "status"), index[odd.to_numpy()])
    for at in {session.position(number, n) for n in ("predikat", *EKINERJA_CRITERIA)} - {-1}:
        cells, rows = block.cells(at), index[rated.to_numpy()]
        said = [i for i, v in enumerate(cells.distinct) if values.unrated(v)]
        hit = rows[np.isin(cells.codes[rows], said)]
        shown = [values.as_text(cells.distinct[k]) for k in dict.fromkeys(cells.codes[hit].tolist())]
        session.log.at("W208", block, at, hit, shown[0] if shown else "", shown)
    return frame.assign(status=status.astype("str"), reason=reason)


def _ratings(session: Session, number: int, frame: pd.DataFrame) -> None:
    """Add one rating per row and criterion by the supervisor; what gives none is set aside with its reason.

    Acting rows give none: their levels stay in ``frame``, beside the predikat that follows from them.
    """
    session.fate(number, "ratings")[:] = session.fate(number, "appraisals")
    index = frame.index.to_numpy()
    acting, order = acting_of(frame), {label: float(i) for i, label in enumerate(RATING, 1)}
    for own, name in zip(OF_ACTING, EKINERJA_CRITERIA, strict=True) if acting.any() else ():
        frame[own] = frame[name].where(acting).map(order).astype("float64")
    session.set_aside(number, "ratings", index[acting.to_numpy()], "acting")
    levels = [frame[n].notna() for n in EKINERJA_CRITERIA]
    incomplete = (frame["status"] == "rated") & ~(levels[0] & levels[1])
    session.set_aside(number, "ratings", index[(frame["status"] != "rated").to_numpy()], "not_rated")
    session.set_aside(number, "ratings", index[incomplete.to_numpy()], "no_levels")
    rated = ~acting & levels[0] & levels[1]
    kept = frame[rated]
    base = by_supervisor(session, number, frame, rated)[rated].assign(scale_min=1.0, scale_max=float(len(RATING)))
    parts = [base.assign(criterion=name, score=kept[name].map(order).astype("float64")) for name in EKINERJA_CRITERIA]
    session.keep(number, "ratings", pd.concat(parts))


def acting_of(frame: pd.DataFrame) -> pd.Series:
    """Return whether each row belongs to an acting post."""
    return frame["acting"].fillna(False).astype(bool) if "acting" in frame else pd.Series(False, index=frame.index)


def by_supervisor(session: Session, number: int, frame: pd.DataFrame, rated: pd.Series) -> pd.DataFrame:
    """Return what ratings by the supervisor have in common: who, whom, when and where.

    There is no rater where no civil servant, or the employee, is named as supervisor; of rated rows that is noted.
    """
    block, index = session.blocks[number], frame.index.to_numpy()
    at = session.position(number, "supervisor")
    rater = frame["supervisor"] if "supervisor" in frame else pd.Series(None, index=frame.index, dtype="str")
    if (status := session.position(number, "rater_status")) >= 0:
        told = session.convert(block, status, _REASON, index).str.upper().str.replace(" ", "")
        outside = rated & told.eq("NONASN").fillna(False)
        frame["supervisor"] = rater = rater.mask(outside)
        rated = rated & ~outside
    own = (rater == frame["person"]).fillna(False)
    if at >= 0:
        session.log.at("W204", block, at, block.blank(index[(rated & rater.isna()).to_numpy()], at))
        session.log.at("W205", block, at, index[(rated & own).to_numpy()])
    wanted = ("year", "period", "region", "unit", "opd", "rated_at", *_TIMES)
    found = frame[[n for n in wanted if n in frame]]
    return found.assign(ratee=frame["person"], rater=rater.mask(own), source="supervisor")


def people(session: Session, number: int, frame: pd.DataFrame, rows: np.ndarray) -> None:
    """Keep what the export tells about employees, to fill gaps of the employee table later."""
    block = session.blocks[number]
    carried = [n for n in ("year", "region", "person", "unit", "opd", "supervisor", "rated_at", "until") if n in frame]
    told = frame[carried].assign(_b=number, _i=frame.index.to_numpy())
    for column in columns("employees"):
        at = session.position(number, column.name)
        if column.name in _PEOPLE and at >= 0:
            told[column.name] = session.convert(block, at, column, rows)
    session.told.append(told)
