"""From a recognised block to rows of our tables: header problems, empty rows, then the layout's own reader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import SOURCE_ALIASES, columns, plain, squashed
from kinerja_analysis.read import ekinerja, legacy, sheet360, skp_list
from kinerja_analysis.read.cells import Block, letters
from kinerja_analysis.read.guess import Guess, content, of_block, of_table
from kinerja_analysis.read.headers import above, twins, unlabelled
from kinerja_analysis.read.layout import Layout, accepted, table_of, unused
from kinerja_analysis.read.log import identifying, not_a_grouping, personal_header
from kinerja_analysis.read.place import place
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.strays import sift
from kinerja_analysis.read.values import EXCLUSIONS, texts, unrated

ATTRIBUTE_LEVELS = 50
_COUNTED = re.compile(r"(jumlah|jml|total|banyak|persen|rata)")
_RATED = re.compile(r"(predikat|nilai|skor|rating|hasil_(kerja|kinerja|akhir)|perilaku|kuadran)(_|$)")
_NUMBERING = ("no", "nomor", "nourut", "nomorurut")
_ROLES = frozenset(map(plain, SOURCE_ALIASES))
_RANGE = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)")


def take(session: Session, block: Block, layout: Layout) -> None:
    """Read one block into the session."""
    block.codes = layout.mapping.codes if layout.mapping and layout.mapping.codes else session.config.codes
    hashed = {c.name for c in columns(table_of(layout.kind)) if c.personal}
    block.harmless = frozenset(i for i, name in layout.names.items() if name not in hashed)
    session.blocks.append(block)
    session.layouts.append(layout)
    number = len(session.blocks) - 1
    table = table_of(layout.kind)
    everything = np.arange(len(block))
    if layout.kind == "problem_list":
        session.set_aside(number, layout.kind, everything, layout.kind)
        return
    if not _header(session, block, layout, table):
        session.set_aside(number, table, everything, "unreadable")
        return
    above(session, block, layout)
    rows = _live(session, number, table)
    _merged(session, block, layout, rows)
    twins(session, block, layout, rows)
    if layout.kind == "ekinerja":
        ekinerja.take(session, number, rows)
    elif layout.kind == "legacy":
        legacy.take(session, number, rows)
    elif layout.kind == "skp_list":
        skp_list.take(session, number, rows)
    elif layout.wide:
        sheet360.take_wide(session, number, rows)
    elif layout.kind in ("ratings", "cases"):
        sheet360.take_long(session, number, rows)
    else:
        _take_plain(session, number, table, rows)


def _header(session: Session, block: Block, layout: Layout, table: str) -> bool:
    """Note what is wrong with the header; tell whether the rows can be read."""
    folded = [squashed(h) for h in block.header]
    twice = False
    for i, label in enumerate(folded):
        used = folded.index(label) in layout.names or layout.wide if label else False
        if used and folded.index(label) != i:
            twice = True
            first = block.header_address(folded.index(label))
            session.log.on("E303", block, [block.header_address(i), first], column=block.header[i], first=first)
    for i, meant in layout.near.items():
        session.log.on("E301", block, [block.header_address(i)], column=block.header[i], nearest=meant)
    guesses = {n: i for i, n in of_block(block, layout.names, layout.kind, layout.missing).items()}
    apart = sheet360.apart(session, block, layout)
    _guessed(session, block, layout, guesses)
    _missing(session, block, layout, guesses, [n for n in layout.missing if not apart or n != "criterion"])
    for name in [n for n in guesses if n not in layout.missing and guesses[n] not in layout.near]:
        label, meant = block.header[guesses[name]], accepted(layout.kind, name)[0]
        session.log.on("W303", block, [block.header_address(guesses[name])], column=label, meant=meant)
    if not layout.wide and layout.kind != "employees":
        known = {*layout.names, *layout.near, *layout.twins(block.header), *guesses.values(), *apart}
        for i, label in enumerate(block.header):
            if label and not (i in known or unused(label) or personal_header(label)) and folded.index(folded[i]) == i:
                session.log.on("N301", block, [block.header_address(i)], column=label)
    return not layout.missing and not twice


def _guessed(session: Session, block: Block, layout: Layout, guesses: Mapping[str, int]) -> None:
    """Take down what may be offered as a mapping; of a sheet with a column per criterion the scale too."""
    file = block.file_name.rpartition("/")[2]
    if layout.wide and layout.missing and (whole := of_table(block, file)):
        session.guesses.append(whole)
    elif guesses:
        told = {n: block.header[i] for n, i in guesses.items()}
        session.guesses.append(Guess(file, block.sheet_name, 0, layout.kind, told))


def _missing(
    session: Session, block: Block, layout: Layout, guesses: Mapping[str, int], missing: Sequence[str]
) -> None:
    """Note required columns that are not there."""
    hinted = set(layout.near.values())
    for name in missing:
        names = accepted(layout.kind, name)
        if layout.mapping and name in layout.mapping.columns:
            session.log.on("E305", block, column=layout.mapping.columns[name])
        elif hinted.isdisjoint(names):
            at = guesses.get(name)
            cells = session.unknown_headers(block, layout) if at is None else [block.header_address(at)]
            more: dict[str, Any] = {"accepted": ", ".join(names), "nearest": "" if at is None else block.header[at]}
            constant = f"constants.{name}" if name.startswith("scale") else None
            session.log.on("E302", block, cells, column=names[0], **more, choices=constant)


def _live(session: Session, number: int, table: str) -> np.ndarray:
    """Return the rows that hold data."""
    block, layout = session.blocks[number], session.layouts[number]
    required = [i for i, n in layout.names.items() if n in ("person", "ratee", "case", "unit", "indicator")]
    candidates = np.arange(len(block))
    for i in [*required, *(i for i, label in enumerate(block.header) if label)]:
        if not len(candidates):
            break
        candidates = candidates[block.cells(i).codes[candidates] < 0]
    labels = dict(block.preamble)
    for i in (i for i, label in enumerate(block.header) if not label):
        stray = np.flatnonzero(block.cells(i).codes >= 0)
        over = labels.get(f"{letters(block.left + i)}{block.header_row - 1}", "")  # "No", merged down to the header
        if len(stray) and squashed(over).strip(".") not in _NUMBERING and not unlabelled(session, block, i):
            session.log.on("W304", block, [*block.address(stray, i), block.header_address(i)])
        session.set_aside(number, table, np.intersect1d(stray, candidates), "outside")
    session.set_aside(number, table, candidates, "blank")
    filled = np.ones(len(block), dtype=bool)
    filled[candidates] = False
    return sift(session, number, table, np.flatnonzero(filled))


def _merged(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> None:
    """Note rows whose cell is empty because it is merged with the one above: only the first holds the value."""
    bounds = [m.groups() for ref in block.merged if (m := _RANGE.fullmatch(ref)) and m[2] != m[4]]
    for position in layout.names:
        column = letters(block.left + position)
        spans = [(int(top), int(low)) for first, top, last, low in bounds if first == last == column]
        for top, low in sorted(spans):
            inside = rows[(block.numbers[rows] > top) & (block.numbers[rows] <= low)]
            session.log.at("W305", block, position, inside)


def _take_plain(session: Session, number: int, table: str, rows: np.ndarray) -> None:
    block, layout = session.blocks[number], session.layouts[number]
    if table == "units" and _bare_ratings(session, block, layout):
        session.set_aside(number, table, rows, "no_levels")
        return
    frame = session.frame(block, layout, table, rows)
    required = [c.name for c in columns(table) if c.required and c.name not in ("year", "period", "region")]
    session.demand(block, layout, table, frame, required)
    frame = place(session, block, layout, table, frame)
    if table == "employees":
        frame = _attributes(session, block, layout, frame)
    if table == "units":
        named = frame["org_rating"].notna() if "org_rating" in frame else pd.Series(False, index=frame.index)
        session.set_aside(number, table, frame.index.to_numpy()[~named.to_numpy()], "not_rated")
        frame = frame[named]
    if table == "appraisals":
        reason = {"reason": _reasons(frame["reason"])} if "reason" in frame else {}
        frame = frame.assign(acting=ekinerja.acting_of(frame), **reason)
    session.keep(number, table, frame)


def _bare_ratings(session: Session, block: Block, layout: Layout) -> bool:
    """Note a predikat in a list of people or a recap of counts; tell whether a table of units is one."""
    at = next((i for i, n in layout.names.items() if n == "org_rating"), -1)
    if layout.mapping or at < 0 or plain(block.header[at]) != "predikat":
        return False
    others = [h for i, h in enumerate(block.header) if h and i not in layout.names]
    if not any(personal_header(h) or _COUNTED.match(plain(h)) for h in others):
        return False
    session.bare.append((block, [at]))
    return True


def _rates(label: str, distinct: Sequence[Any]) -> bool:
    """Tell whether a column of an employee list holds ratings, by its header or what stands in it."""
    name, kind = plain(label), content(distinct)
    return kind in ("predikat", "rating") or bool(_RATED.match(name)) or (name in _ROLES and kind == "number")


def _reasons(reason: pd.Series) -> pd.Series:
    """Return known reasons only: free text about a person is not taken in."""
    codes, told = pd.factorize(reason)
    known = [word if (word := unrated(t)) in EXCLUSIONS.values() else "lainnya" for t in told]
    return pd.Series(pd.array([*known, None], dtype="str").take(codes), index=reason.index)


def _attributes(session: Session, block: Block, layout: Layout, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the other columns of an employee table as attributes, unless they look personal."""
    own = {c.name for c in columns("employees")}
    rated: list[int] = []
    for i, label in enumerate(block.header):
        name = plain(label)
        if not label or i in layout.names or i in layout.near or unused(label):
            continue
        cells = block.cells(i)
        if _rates(label, cells.distinct):
            rated.append(i)
            continue
        filled = int((cells.codes >= 0).sum())
        many = len(cells.distinct) > min(ATTRIBUTE_LEVELS, max(2, filled // 2))
        persons = session.log.persons(block)
        odd = cells.rows([k for k, v in enumerate(cells.distinct) if identifying(v, persons)])
        personal = (personal_header(label) or identifying(label, persons)
                    or not_a_grouping(label, cells.distinct))  # fmt: skip
        if 0 < len(odd) < filled / 2 and not personal:  # a slip in a few cells, not a column of people
            session.log.at("E408", block, i, odd)
        elif personal or len(odd) or many or name in own:
            session.log.on("N302", block, [block.header_address(i)], column=label)
        else:
            session.log.on("N304", block, [block.header_address(i)], column=label)
            series = cells.spread(texts(cells.distinct).values, "str").iloc[frame.index.to_numpy()]
            frame[name] = series.set_axis(frame.index)
    session.bare += [(block, rated)] if rated else []
    return frame
