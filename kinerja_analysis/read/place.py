"""Year, period and region of every row: from its columns, the text above the header, or the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import REGION_CODE
from kinerja_analysis.base.tables import Column, squashed
from kinerja_analysis.read import agencies, numbers, values
from kinerja_analysis.read import periods as periods_of
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.layout import PERIOD_HEADERS, Layout
from kinerja_analysis.read.regions import related
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.titles import Told, period_shown, preamble

_PLACE = {n: Column("", n, "code") for n in ("year", "period", "region", "until", "year_from", "year_to", "month_from",
                                             "month_to")}  # fmt: skip
_KINDS = ("", "Q1", "Q2", "Q3", "Q4", *(f"{m:02d}" for m in range(1, 13)))
UNREAD = -1  #: a period that cannot be read (E209): no annual one, so nothing equals or contradicts it
_QUARTERLY = re.compile(r"triwulan|tw$|kuartal")


def place(session: Session, block: Block, layout: Layout, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with ``year``, ``period`` and ``region``; what is not told anywhere is a problem.

    An agency (OPD) told above the header is that of the rows that tell none (see ``agencies``).
    """
    constants = layout.mapping.constants if layout.mapping else {}
    told = preamble(session, block, session.region is not None or "region" in {*layout.names.values(), *constants})
    rows = frame.index.to_numpy()
    year, period = _year_period(session, block, layout, told, rows, table)
    region = _region(session, block, layout, told, rows)
    frame = frame.assign(year=year, region=region)
    if layout.kind == "ekinerja" and told.year is not None and "year" not in layout.names.values():
        _ends(session, block, layout, told, frame)
    if table != "employees":
        frame = frame.assign(period=period)
    return agencies.fill(session, block, table, frame)


def _ends(session: Session, block: Block, layout: Layout, told: Told, frame: pd.DataFrame) -> None:
    """Note rated rows whose SKP ends in another year than the title's, or that were rated before it, and the title."""
    rated = frame[[n for n in ("hasil_kerja", "perilaku_kerja", "predikat") if n in frame]].notna().any(axis=1)
    for name in ("until", "rated_at"):
        if (at := next((i for i, n in layout.names.items() if n == name and n in frame), -1)) < 0:
            continue
        year = frame[name].dt.year
        hit = rated & ((year < told.year) | ((name == "until") & (year > told.year)))
        if hit.any():
            odd = str(int(year[hit].iloc[0]))
            session.log.at("E502", block, at, frame.index[hit], odd, expected=str(told.year))
            session.log.on("E502", block, [told.year_cell], value=str(told.year), expected=odd)


def _column(
    session: Session, block: Block, layout: Layout, name: str, rows: np.ndarray
) -> tuple[int, list[Any], np.ndarray]:
    """Return position, distinct values and codes of the live rows of a column or declared constant."""
    for position, own in layout.names.items():
        if own == name:
            session.inspect(block, position, _PLACE[name], rows)
            cells = block.cells(position)
            return position, cells.distinct, cells.codes[rows]
    if layout.mapping and name in layout.mapping.constants:
        return -1, [str(layout.mapping.constants[name])], np.zeros(len(rows), dtype=np.int64)
    return -1, [], np.full(len(rows), -1)


def _spread(values_: Sequence[Any], codes: np.ndarray) -> np.ndarray:
    """Return one number per row (NaN where there is none)."""
    return np.array([np.nan if v is None else v for v in values_] + [np.nan])[codes]


def _note(
    session: Session, block: Block, position: int, rows: np.ndarray, hit: np.ndarray, code: str, value: object,
    **more: str,
) -> None:  # fmt: skip
    if position >= 0:
        session.log.at(code, block, position, rows[hit], values.as_text(value), **more)
    elif hit.any():
        session.log.on(code, block, value=values.as_text(value), rows=rows[hit], **more)


def _years(
    session: Session, block: Block, layout: Layout, name: str, rows: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    """Return position, year of each row and codes of a column of years."""
    at, distinct, codes = _column(session, block, layout, name, rows)
    outcome = values.years(distinct)
    for i in outcome.faults:
        _note(session, block, at, rows, codes == i, "E208", distinct[i])
    return at, _spread(outcome.values, codes), codes


def _year_period(
    session: Session, block: Block, layout: Layout, told: Told, rows: np.ndarray, table: str
) -> tuple[pd.Series, pd.Series]:
    years = _years(session, block, layout, "year", rows)
    at_period, distinct_p, codes_p = _column(session, block, layout, "period", rows)
    quarters = at_period >= 0 and _QUARTERLY.search(squashed(block.header[at_period])) is not None
    read = [values.period(v) or (values.period(f"tw {values.as_text(v)}") if quarters else None) for v in distinct_p]
    for i, found in enumerate(read):
        if found is None:
            _note(session, block, at_period, rows, codes_p == i, "E209", distinct_p[i])
    told_year = _spread([f[0] if f else None for f in read], codes_p)
    kind = _spread([_KINDS.index(f[1]) if f else UNREAD for f in read], codes_p)
    sources = [years, (at_period, told_year, codes_p)]
    sources += _dates(session, block, layout, rows)
    if (span := _span(session, block, layout, rows)) is not None:
        kind = np.where(np.isnan(kind), span, kind)
    if table != "employees":
        kind = _further(session, block, layout, told, rows, kind, at_period)
    year = _agree_years(session, block, layout, told, rows, sources)
    if years[0] < 0:
        _note(session, block, at_period, rows, np.isnan(year) & (kind >= 0) & (codes_p >= 0), "E505", "")
    if told.period is not None:
        other = (kind >= 0) & (kind != _KINDS.index(told.period))
        if other.any():
            first, stated = period_shown(_KINDS[int(kind[other][0])]), period_shown(told.period)
            if _mostly(other) and told.period_cell:
                session.log.on("E506", block, [told.period_cell], value=stated, expected=first)
            else:
                _note(session, block, at_period, rows, other, "E506", first, expected=stated)
        kind = np.where(np.isnan(kind), _KINDS.index(told.period), kind)
    if np.isnan(kind).any() and table != "employees":
        kind = _untold(session, block, layout, told, rows, kind, at_period)
    index = pd.Index(rows)
    period = pd.Series(_texts(year, np.maximum(kind, 0)), index=index).mask(kind == UNREAD)
    return pd.Series(year, index=index).astype("Int64"), period


def _further(
    session: Session, block: Block, layout: Layout, told: Told, rows: np.ndarray, kind: np.ndarray, at_period: int
) -> np.ndarray:
    """Return the kinds of period with gaps filled from columns such as "Triwulan", "Bulan" and SIASN's "jenis"."""
    for at, label in enumerate(block.header):
        name = squashed(label)
        if at in layout.names or (name not in PERIOD_HEADERS and name != "jenis"):
            continue
        cells = block.cells(at)
        if name == "jenis":
            read = [0 if periods_of.of_kind(v) else None for v in cells.distinct]
        elif at_period >= 0:
            session.log.on("N301", block, [block.header_address(at)], column=label)
            continue
        else:
            kinds = [periods_of.of_cell(label, v) for v in cells.distinct]
            read = [UNREAD if k is None else _KINDS.index(k) for k in kinds]
            for i in (i for i, k in enumerate(kinds) if k is None):
                session.log.at("E209", block, at, rows[cells.codes[rows] == i], values.as_text(cells.distinct[i]))
        if told.period is None or name != "jenis":
            kind = np.where(np.isnan(kind), _spread(read, cells.codes[rows]), kind)
    return kind


def _untold(
    session: Session, block: Block, layout: Layout, told: Told, rows: np.ndarray, kind: np.ndarray, at_period: int
) -> np.ndarray:
    """Return the kinds of period with gaps filled by the sheet's name, else annual; what is stated unread is noted."""
    sheet = periods_of.of_text(block.sheet_name) or values.period(block.sheet_name)
    if sheet and sheet[1]:
        return np.where(np.isnan(kind), _KINDS.index(sheet[1]), kind)
    open_ = np.isnan(kind)
    unread = [*told.unread, *([("", block.sheet_name)] if sheet and sheet[1] is None else [])]
    for cell, text in unread:
        session.log.on("E512", block, [cell], value=text)
    for at in (i for i, h in enumerate(block.header) if squashed(h) == "jenis" and i not in layout.names):
        cells = block.cells(at)
        for i in (i for i, v in enumerate(cells.distinct) if periods_of.of_kind(v) is False):
            session.log.at("E512", block, at, rows[open_ & (cells.codes[rows] == i)], values.as_text(cells.distinct[i]))
            open_ &= cells.codes[rows] != i
    if at_period < 0 and layout.kind == "ekinerja" and not unread and open_.any():
        session.log.on("W501", block)
    return np.where(np.isnan(kind), 0, kind)


def _span(session: Session, block: Block, layout: Layout, rows: np.ndarray) -> np.ndarray | None:
    """Return the kind of period told by its first and last month (SIASN), or None without such columns."""
    ends = [_column(session, block, layout, name, rows) for name in ("month_from", "month_to")]
    if min(at for at, _, _ in ends) < 0:
        return None
    months = [_spread([values.month(v) for v in distinct], codes) for _, distinct, codes in ends]
    spans = {(1, 12): 0, (1, 3): 1, (4, 6): 2, (7, 9): 3, (10, 12): 4, **{(m, m): 4 + m for m in range(1, 13)}}
    kind = np.array([spans.get(pair, np.nan) for pair in zip(*months, strict=True)])
    told = (ends[0][2] >= 0) | (ends[1][2] >= 0)
    at, distinct, codes = ends[1]
    for i, value in enumerate(distinct):
        _note(session, block, at, rows, np.isnan(kind) & told & (codes == i), "E209", value)
    return np.where(np.isnan(kind) & told, UNREAD, kind)


def _dates(
    session: Session, block: Block, layout: Layout, rows: np.ndarray
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return the years told by the ends of a period, in a layout that has no other (SIASN, "Laporan SKP")."""
    found = []
    for name in ("year_from", "year_to"):
        found.append(_years(session, block, layout, name, rows))
    if layout.kind == "skp_list":
        at, distinct, codes = _column(session, block, layout, "until", rows)
        stamps = [None if pd.isna(v) else float(v.year) for v in numbers.times(distinct).values]
        found.append((at, _spread(stamps, codes), codes))
    return [source for source in found if source[0] >= 0]


def _texts(year: np.ndarray, kind: np.ndarray) -> Any:
    """Return period texts ("2025", "2025-Q1", "2025-07"), missing where the year is."""
    codes, pairs = pd.factorize(np.nan_to_num(year) * 100 + np.nan_to_num(kind))
    names = [f"{int(p // 100)}" + (f"-{_KINDS[int(p % 100)]}" if p % 100 else "") if p >= 100 else None for p in pairs]
    return pd.array(names, dtype="str").take(codes)


def _agree_years(
    session: Session, block: Block, layout: Layout, told: Told, rows: np.ndarray,
    sources: list[tuple[int, np.ndarray, np.ndarray]],
) -> np.ndarray:  # fmt: skip
    """Return one year per row; columns, text above the header and argument must not contradict each other."""
    year = np.full(len(rows), np.nan if told.year is None else told.year)
    for position, column, _ in sources:
        clash = np.isfinite(column) & np.isfinite(year) & (column != year)
        if clash.any() and told.year_cell and _mostly(clash):
            value, expected = str(told.year), str(int(column[clash][0]))
            session.log.on("E502", block, [told.year_cell], value=value, expected=expected)
        elif clash.any():
            _note(session, block, position, rows, clash, "E502", column[clash][0], expected=str(int(year[clash][0])))
        year = np.where(np.isnan(column), year, column)
    if session.year is not None:
        clash, mine = np.isfinite(year) & (year != session.year), int((year == session.year).sum())
        others = ", ".join(map(str, np.unique(year[clash]).astype(int)))
        note = partial(_other_year, session, block, told, rows, sources, year)
        session.doubt("E502", others, mine, int(clash.sum()), note)
        year = np.where(np.isnan(year), session.year, year)
    if told.years and not np.isin(year, told.years).all():
        other = "; ".join(str(int(y)) for y in np.unique(year[np.isfinite(year)]))
        session.log.on("E502" if other else "E513", block, [told.year_cell], value=told.title,
                       years=", ".join(map(str, told.years)), expected=other)  # fmt: skip
    elif np.isnan(year).any():
        filled = [(position, codes) for position, _, codes in sources if position >= 0]
        if not filled and all((codes < 0).all() for _, _, codes in sources):
            session.log.on("E505", block, session.unknown_headers(block, layout))
        for position, codes in filled[:1]:
            blank = np.isnan(year) & (codes < 0)
            session.log.at("E201", block, position, rows[blank], accepted=block.header[position])
    return year


def _other_year(
    session: Session, block: Block, told: Told, rows: np.ndarray, sources: list[tuple[int, np.ndarray, np.ndarray]],
    year: np.ndarray,
) -> None:  # fmt: skip
    """Note the rows whose year is not the command's, where it is told."""
    clash = np.isfinite(year) & (year != session.year)
    position = next((p for p, c, _ in sources if p >= 0 and np.isfinite(c[clash][0])), -1)
    if position < 0:
        value = str(int(year[clash][0]))
        session.log.on("E502", block, [told.year_cell], value=value, expected=str(session.year))
    else:
        _note(session, block, position, rows, clash, "E502", year[clash][0], expected=str(session.year))


def _mostly(clash: np.ndarray) -> bool:
    """Tell whether most of the rows contradict the text above the header: then the text is what is odd."""
    return int(clash.sum()) > len(clash) / 2


def _region(session: Session, block: Block, layout: Layout, told: Told, rows: np.ndarray) -> pd.Series:
    argument = session.region
    default = argument
    if told.agency:
        default = _agency(session, block, told) or argument
    at, distinct, codes = _column(session, block, layout, "region", rows)
    found: list[str | None] = []
    others: list[tuple[str, int, Any]] = []
    for i, value in enumerate(distinct):
        hit = codes == i
        code = _code(session, block, at, rows, hit, value) if hit.any() else None
        if code and not related(code, default) and told.agency_cell and _mostly(hit):
            name = session.regions.name(code)
            session.log.on("E501", block, [told.agency_cell], value=told.agency, expected=name)
        elif code and default != argument and not related(code, default):
            _note(session, block, at, rows, hit, "E501", value, expected=session.regions.name(default or ""))
        elif code and not related(code, argument):
            note = partial(_note, session, block, at, rows, hit, "E501", value,
                           expected=session.regions.name(argument or ""))  # fmt: skip
            others.append((code, int(hit.sum()), note))
        found.append(code)
    mine = int((codes >= 0).sum()) - sum(n for _, n, _ in others)
    session.chosen |= {"E501"} if mine else set()
    for other, n, note in others:
        session.doubt("E501", other, mine, n, note)
    if default is None and (codes < 0).any() and not told.agency:
        if at >= 0 and distinct:
            session.log.at("E201", block, at, rows[codes < 0], accepted=block.header[at])
        else:
            like = [c for c, t in block.preamble if get_close_matches(t.lower().strip("+@='").split()[0], ["instansi"])]
            session.log.on("E510", block, like or session.unknown_headers(block, layout))
    names = pd.array([*found, default], dtype="str")
    return pd.Series(names.take(np.where(codes < 0, len(found), codes)), index=pd.Index(rows))


def _code(session: Session, block: Block, at: int, rows: np.ndarray, hit: np.ndarray, value: object) -> str | None:
    if isinstance(value, float) or (isinstance(value, int) and not block.exact):
        _note(session, block, at, rows, hit, "E210", value)
        return None
    choices = session.regions.prefix(values.as_text(value))
    if len(choices) == 1:
        return choices[0].code
    if choices:
        _note(session, block, at, rows, hit, "E504", value, choices="; ".join(c.label for c in choices))
    elif REGION_CODE.match(values.as_text(value)):
        _note(session, block, at, rows, hit, "W505", value)
        return values.as_text(value)
    else:
        _note(session, block, at, rows, hit, "E503", value, nearest=session.regions.close(values.as_text(value)))
    return None


def _agency(session: Session, block: Block, told: Told) -> str | None:
    """Return the region named above the header (or the argument where that is more exact)."""
    cells = [told.agency_cell]
    choices = session.regions.prefix(told.agency)
    argument = session.region
    if len(choices) > 1 and argument is not None:
        choices = [c for c in choices if related(c.code, argument)] or choices
    if len(choices) == 1:
        code = choices[0].code
        note = partial(session.log.on, "E501", block, cells, value=told.agency,
                       expected=session.regions.name(argument or ""))  # fmt: skip
        mine = len(block) if related(code, argument) else 0
        session.doubt("E501", code, mine, len(block) - mine, note)
        below = bool(mine) and (argument or "").startswith(code + ".")
        declared = session.config.regions.get(argument or "")
        return argument if below and not (declared and declared.units) else code
    if choices:
        session.log.on("E504", block, cells, value=told.agency, choices="; ".join(c.label for c in choices))
    elif argument is None:
        session.log.on("E503", block, cells, value=told.agency, nearest=session.regions.close(told.agency))
    else:
        session.log.on("W503", block, cells, value=told.agency, expected=session.regions.name(argument))
    return argument
