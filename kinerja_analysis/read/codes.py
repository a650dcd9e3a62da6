"""Number codes of ratings: read only where their direction is declared or shown by the words beside them.

SIASN counts from the best (1 = DIATAS, 2 = SESUAI, 3 = DIBAWAH; 1 = SB to 5 = SK), other programs count the other
way [primary: public code]. A bare number is never given a meaning by guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.values import as_text


@dataclass(frozen=True, slots=True)
class _Coded:
    """One column of codes over the live rows: the words beside it, and what its codes mean either way."""

    at: int
    codes: np.ndarray
    words: pd.Series
    best_first: pd.Series
    worst_first: pd.Series


def read_codes(
    session: Session, block: Block, rows: np.ndarray, columns: Mapping[str, tuple[int, Sequence[str]]],
    frame: pd.DataFrame,
) -> dict[str, pd.Series]:  # fmt: skip
    """Return the columns with gaps filled from the codes beside them.

    Parameters
    ----------
    columns : dict
        Name of a column of ``frame`` -> position of its column of codes, labels from the lowest to the best.
    frame : DataFrame
        Labels read from words, where there are any.

    Notes
    -----
    One direction counts for all columns of a table: the declared one, else the one in which more codes agree with
    the words beside them. Problems: E202 a code outside 1..k; E213 codes without a direction; E511 a code that
    contradicts its word.
    """
    found = {name: _coded(session, block, rows, at, order, frame.get(name)) for name, (at, order) in columns.items()}
    lead = sum(
        int((c.words == c.best_first).sum()) - int((c.words == c.worst_first).sum()) for c in found.values()
    )
    direction = block.codes or ("best_first" if lead > 0 else "worst_first" if lead < 0 else "")
    told = {}
    for name, c in found.items():
        if direction:
            told[name] = _filled(session, block, rows, c, c.best_first if direction == "best_first" else c.worst_first)
        else:
            bare = (c.words.isna() & c.best_first.notna()).to_numpy()
            session.log.at("E213", block, c.at, rows[bare], str(c.codes[bare][0]) if bare.any() else "")
            told[name] = c.words
    return told


def _coded(
    session: Session, block: Block, rows: np.ndarray, at: int, order: Sequence[str], words: pd.Series | None
) -> _Coded:
    cells = block.cells(at)
    number = [_whole(v, len(order)) for v in cells.distinct]
    for i, v in enumerate(cells.distinct):
        if not number[i]:
            session.log.at("E202", block, at, rows[cells.codes[rows] == i], as_text(v), choices=f"1-{len(order)}")
    code = np.array([*number, 0])[cells.codes[rows]]
    index = pd.Index(rows)
    either = [pd.Series(np.array([None, *o], dtype=object)[code], index=index, dtype="str")
              for o in (order[::-1], order)]  # fmt: skip
    return _Coded(at, code, pd.Series(None, index=index, dtype="str") if words is None else words, *either)


def _filled(session: Session, block: Block, rows: np.ndarray, coded: _Coded, told: pd.Series) -> pd.Series:
    words = coded.words
    clash = (words.notna() & told.notna() & (told != words)).to_numpy()
    for text in words[clash].unique():
        hit = clash & (words == text).to_numpy()
        session.log.at("E511", block, coded.at, rows[hit], str(coded.codes[hit][0]), expected=str(text))
    return words.fillna(told)


def _whole(value: object, most: int) -> int:
    """Return a code from 1 to ``most``, or 0."""
    text = as_text(value)
    return int(text) if text.isdigit() and 1 <= int(text) <= most else 0
