"""One reading in progress: configuration, problems, and the way from a block's cells to typed columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import DTYPES, EKINERJA_CRITERIA, Column, columns, plain
from kinerja_analysis.read import numbers, values
from kinerja_analysis.read.cells import VOID, Block, Cells, fold, letters
from kinerja_analysis.read.guess import Guess
from kinerja_analysis.read.layout import Layout, accepted, unused
from kinerja_analysis.read.log import MASK, Log, identifying
from kinerja_analysis.read.numbers import Outcome
from kinerja_analysis.read.regions import Regions

Progress = Callable[[str, int, int], None]
_TWINS = {"ratee": "person", "rater": "supervisor"}
_ACTING = re.compile(r"\bpl[th]\b\.?\s*\w", re.IGNORECASE)
MANY = 3  #: more sheets than this that tell no region (or year) of the command: then the command is what is odd
_SCORES = frozenset(("score", *EKINERJA_CRITERIA))


def _category(column: Column) -> str:
    return "rating" if column.name in EKINERJA_CRITERIA else column.name


@dataclass
class Session:
    """What one call of ``read`` or ``check`` collects.

    ``parts`` holds typed rows per table with the columns ``_b`` (block) and ``_i`` (row in the block); ``fates``
    says for each block and table why a row is not kept, as a position in ``reasons`` (0 where it is); ``told`` is
    what exports tell about employees besides; ``guesses`` are mappings to be offered; ``criteria``
    are the columns read as scores of each wide sheet (file, sheet, headers), ``bare`` columns of ratings in tables that
    cannot hold them (block, positions); ``doubts`` wait for ``settle``; ``agencies`` are told by names of files;
    ``left`` are blocks with errors whose regions were left out.
    """

    config: AuditConfig
    region: str | None = None
    year: int | None = None
    log: Log = field(default_factory=Log)
    blocks: list[Block] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    fates: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=lambda: ["", "blank"])
    told: list[pd.DataFrame] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    bare: list[tuple[Block, list[int]]] = field(default_factory=list)
    criteria: list[tuple[str, str, list[str]]] = field(default_factory=list)
    progress: Progress | None = None
    chosen: set[str] = field(default_factory=set)
    doubts: list[tuple[str, str, Callable[[], None]]] = field(default_factory=list)
    agencies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.regions = Regions(self.config)

    def doubt(self, code: str, told: str, mine: int, others: int, note: Callable[[], None]) -> None:
        """Take down rows of a sheet that tell another region (E501) or year (E502) than the command, for ``settle``.

        ``told`` is what they tell, ``mine`` rows tell that of the command. A few odd rows among them are noted at once.
        """
        self.chosen |= {code} if mine else set()
        if others and 20 * others < mine:
            note()
        elif others:
            self.doubts.append((code, told, note))

    def settle(self) -> None:
        """Note what tells another region or year than the command, unless other rows tell this one: then it chooses.

        Where many sheets do, the command is what is odd: each region and year is noted once, at its first place.
        """
        for code in ("E501", "E502"):
            mine = [(told, note) for c, told, note in self.doubts if c == code and code not in self.chosen]
            for k, (told, note) in enumerate(mine):
                if len(mine) <= MANY or told not in [earlier for earlier, _ in mine[:k]]:
                    note()

    def fate(self, block: int, table: str) -> np.ndarray:
        """Return (and create) the fates of a block's rows for a table."""
        if (block, table) not in self.fates:
            self.fates[block, table] = np.zeros(len(self.blocks[block]), dtype=np.int8)
        return self.fates[block, table]

    def set_aside(self, block: int, table: str, rows: np.ndarray, reason: str) -> None:
        """Note why rows are not kept; the first reason counts."""
        fate = self.fate(block, table)
        if reason not in self.reasons:
            self.reasons.append(reason)
        fate[rows] = np.where(fate[rows] == 0, self.reasons.index(reason), fate[rows])

    def keep(self, number: int, table: str, frame: pd.DataFrame, part: str = "") -> None:
        """Add typed rows of block ``number`` to a table; the frame's index holds the rows in the block.

        Rows of a ``part`` wait there until ``combine`` decides about them.
        """
        self.fate(number, table)
        self.parts.setdefault(part or table, []).append(frame.assign(_b=number, _i=frame.index.to_numpy()))

    def rows(self, frame: pd.DataFrame) -> pd.Series:
        """Return the address "file:sheet:row" of each row of a table, "" for a row that no file holds."""
        found = pd.Series("", index=frame.index, dtype="str")
        for number, part in frame.groupby("_b")["_i"]:
            address = self.blocks[int(number)].row_addresses(part.to_numpy(dtype=np.int64))  # type: ignore[call-overload]
            if len(part) == len(frame):
                return address.set_axis(frame.index)
            found[part.index] = address.to_numpy()
        return found

    def position(self, number: int, name: str) -> int:
        """Return the header position of a column of ours in a block, or −1.

        In an export the employee is the ratee and the superior the rater.
        """
        places = {own: i for i, own in self.layouts[number].names.items()}
        return places.get(name, places.get(_TWINS.get(name, ""), -1))

    @staticmethod
    def unknown_headers(block: Block, layout: Layout) -> list[str]:
        """Return the header cells that may be a missing column: unknown or empty labels, else the first cell."""
        known = [i for i, h in enumerate(block.header) if i in layout.names or unused(h)]
        odd = [i for i in range(len(block.header)) if i not in known]
        return [block.header_address(i) for i in (odd or [0])]

    def note(
        self, code: str, frame: pd.DataFrame, name: str, hit: pd.Series, *, shown: bool = False, **params: object
    ) -> None:
        """Note a problem at a column of rows that may come from several blocks, with what stands there if ``shown``."""
        for number, rows in frame.loc[hit.to_numpy(), ["_b", "_i"]].groupby("_b"):
            block, at = self.blocks[int(number)], self.position(int(number), name)  # type: ignore[call-overload]
            if name in (above := self.layouts[int(number)].told):  # type: ignore[call-overload]
                column, (row, place, _) = accepted("ratings", name)[0], above[name]
                self.log.on(code, block, [block.above(row, place)], column=column, **params)  # type: ignore[arg-type]
                continue
            index, told = np.unique(rows["_i"].to_numpy()), [""]
            if shown and at >= 0:
                cells = block.cells(at)
                told = [values.as_text(cells.distinct[k]) for k in cells.codes[index] if k >= 0] or told
            self.log.at(code, block, max(at, 0), index, told[0], told, **params)

    def convert(
        self, block: Block, position: int, column: Column, rows: np.ndarray, own: Mapping[str, str] | None = None
    ) -> pd.Series:
        """Return one column of the live rows with its type; every unreadable cell is noted at its address."""
        cells = block.cells(position)
        self.inspect(block, position, column, rows)
        outcome = self._outcome(block, cells, column, own)
        if void := {i: "E216" for i, v in enumerate(cells.distinct) if isinstance(v, str) and v in VOID}:
            told = [None if i in void else v for i, v in enumerate(outcome.values)]
            outcome = Outcome(told, outcome.faults | void, outcome.hints)
        for code in sorted(set(outcome.faults.values())):
            live = np.zeros(len(block), dtype=bool)
            live[rows] = True
            where = [i for i, fault in outcome.faults.items() if fault == code]
            hit = cells.rows(where)
            hit = hit[live[hit]]
            if len(hit):
                first = int(cells.codes[hit[0]])
                shown = "" if column.personal else values.as_text(cells.distinct[first])
                seen = dict.fromkeys(cells.codes[hit].tolist()) if code == "E202" else ()
                others = [values.as_text(cells.distinct[k]) for k in seen]
                more = self._unknown(block, cells, column, seen, outcome.hints) if code == "E202" else {}
                self.log.at(code, block, position, hit, shown, others, nearest=outcome.hints.get(first, ""), **more)
        dtype = DTYPES[column.kind]
        if dtype in ("int64", "bool"):
            dtype = {"int64": "Int64", "bool": "boolean"}[dtype]
        return cells.spread(outcome.values, dtype, rows)

    def _unknown(
        self, block: Block, cells: Cells, column: Column, seen: Iterable[int], hints: Mapping[int, str]
    ) -> dict[str, str | None]:
        """Return what helps with unknown labels: the valid ones, what several probably mean, one for nothing."""
        told = [(self.log.masked(block, cells.distinct[k]), hints.get(k, "")) for k in seen]
        meant = [f'"{v}" = {hint}' for v, hint in told if hint and v != MASK] if len(told) > 1 else []
        void = next((v for v, _ in told if values.says_nothing(v)), None)
        return {"choices": values.valid(_category(column)), "meant": "; ".join(meant[:MANY]) or None, "void": void}

    def said(self, block: Block, position: int, column: Column) -> np.ndarray:
        """Return what each row of a column says, in the form in which it is compared: "" where empty."""
        cells = block.cells(position)
        read = self._outcome(block, cells, column, None).values
        texts = [fold(values.as_text(v if pd.isna(r) else r)) for v, r in zip(cells.distinct, read, strict=True)]
        return np.array([*texts, ""], dtype=object)[cells.codes]

    def _outcome(self, block: Block, cells: Cells, column: Column, own: Mapping[str, str] | None) -> Outcome:
        distinct = cells.distinct
        if column.personal:
            if self.config.identifiers == "other":
                bad = {i: "E104" for i, v in enumerate(distinct) if not isinstance(v, str)}
                return Outcome([None if i in bad else fold(v) for i, v in enumerate(distinct)], bad, {})
            return values.identifiers(distinct, exact=block.exact)
        if column.kind == "number":
            if own:
                declared = {plain(k): v for k, v in own.items()}
                distinct = [declared.get(plain(values.as_text(v)), v) for v in distinct]
            return numbers.numbers(distinct, cells.counts, block.separator)
        if column.kind == "time":
            return numbers.times(distinct)
        if column.kind == "integer":
            return values.years(distinct)
        if column.kind == "flag":
            return values.flags(distinct)
        if column.kind == "category":
            return values.categories(distinct, _category(column), own, block.codes)
        found = values.texts(distinct)
        persons = self.log.persons(block) if len(distinct) else frozenset()
        place = column.name in ("unit", "opd")  # "Bidang 1 (Plt. …)" names its acting head
        faults = found.faults | {i: "E408" for i, v in enumerate(found.values)
                                 if v and (identifying(v, persons) or (place and _ACTING.search(v)))}  # fmt: skip
        told = [None if i in faults else (own or {}).get(v, v) for i, v in enumerate(found.values)]
        return Outcome(told, faults, {})

    def inspect(self, block: Block, position: int, column: Column, rows: np.ndarray) -> None:
        """Note error cells, formulas without a value or where none may stand, and numbers shown as percent."""
        if not block.formulas and not block.errors and not block.percents:
            return
        mark = re.compile(letters(block.left + position) + r"(\d+)")
        live = set(rows.tolist())

        def inside(addresses: Sequence[str]) -> list[int]:
            found = [int(m.group(1)) for a in addresses if (m := mark.fullmatch(a))]
            places = np.searchsorted(block.numbers, found)
            return [p for p, n in zip(places.tolist(), found, strict=True)
                    if p < len(block) and block.numbers[p] == n and p in live]  # fmt: skip

        self.log.at("E118", block, position, inside(sorted(block.errors)))
        if column.kind == "number":
            self.log.at("E214", block, position, inside(sorted(block.percents)))
        code = "E110" if column.personal or column.name in _SCORES else "W210" if column.name == "predikat" else ""
        empty = [a for a, cached in block.formulas.items() if not cached]
        self.log.at("E109", block, position, inside(empty))
        if code:
            held = [a for a, cached in block.formulas.items() if cached and a not in block.errors]
            self.log.at(code, block, position, inside(held))

    def frame(self, block: Block, layout: Layout, table: str, rows: np.ndarray) -> pd.DataFrame:
        """Return the table's columns of the live rows, except year, period and region (see ``place``)."""
        places = {name: i for i, name in layout.names.items()}
        constants = layout.mapping.constants if layout.mapping else {}
        own = layout.mapping.values if layout.mapping else {}
        out: dict[str, pd.Series] = {}
        for column in columns(table):
            if column.name in ("year", "period", "region"):
                continue
            if column.name in places:
                out[column.name] = self.convert(block, places[column.name], column, rows, own.get(column.name))
            elif column.name in constants:
                out[column.name] = self.constant(block, column, constants[column.name], rows)
            elif column.name in layout.told:
                out[column.name] = self.constant(block, column, layout.told[column.name], rows)
        if layout.told and len(rows):
            cells = [block.above(row, at) for row, at, _ in layout.told.values()]
            names = ", ".join(accepted(table, name)[0] for name in layout.told)
            self.log.on("N307", block, cells, names=names, n=len(rows))
        return pd.DataFrame(out, index=pd.Index(rows))

    def constant(self, block: Block, column: Column, value: object, rows: np.ndarray) -> pd.Series:
        """Return what holds for all rows as a column: a declared constant, or what is told above the table.

        An unreadable one is a problem of the mapping, or of the cell that tells it.
        """
        row, at, value = value if isinstance(value, tuple) else (0, 0, value)
        cells = Cells(np.zeros(len(rows), dtype=np.int64), [value])
        outcome = self._outcome(block, cells, column, None)
        if outcome.faults and outcome.values[0] is None and row:
            name, shown = accepted(column.table, column.name)[0], MASK if column.personal else str(value)
            self.log.on("E317", block, [block.above(row, at)], column=name, value=shown)
        elif outcome.faults and outcome.values[0] is None:
            self.log.on("E306", block, column=column.name, value=str(value), nearest=outcome.hints.get(0, ""))
        series = cells.spread(outcome.values, DTYPES[column.kind] if column.kind != "flag" else "boolean")
        series.index = pd.Index(rows)
        return series

    def demand(self, block: Block, layout: Layout, table: str, frame: pd.DataFrame, names: Sequence[str]) -> None:
        """Note empty cells in columns that must be filled."""
        places = {name: i for i, name in layout.names.items()}
        for name in names:
            if name not in places or name not in frame.columns:
                continue
            blank = block.blank(frame.index.to_numpy(), places[name])
            self.log.at("E201", block, places[name], blank, accepted=accepted(table, name)[0])
