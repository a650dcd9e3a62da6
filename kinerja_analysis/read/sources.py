"""What is asked to be read: files, folders with everything below, databases, data frames; files after the guard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from os import walk
from os.path import isdir, isfile
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig, DatabaseConfig
from kinerja_analysis.base.errors import UsageError, WrongKind
from kinerja_analysis.base.store import is_own
from kinerja_analysis.base.table_store import is_store
from kinerja_analysis.read import database, frames, records, sheets, text, web, workbook
from kinerja_analysis.read.agencies import by_files, by_sheets
from kinerja_analysis.read.cells import Block
from kinerja_analysis.read.guard import inspect
from kinerja_analysis.read.guess import of_rows, of_table
from kinerja_analysis.read.layout import Layout
from kinerja_analysis.read.session import Session

CONFIG_NAME = "kinerja.toml"
PROBLEM_LIST = "masalah"
ANNOTATED = "_ditandai"
_TEXT = (".csv", ".tsv", ".txt")
_JSON = (".json", ".jsonl", ".ndjson")
_SQLITE = (".db", ".sqlite", ".sqlite3")
_PAGE = "web page"
_NAMED = (".xls", ".xlsx", ".xlsm")  #: under which applications save web pages too
_READ = (".xlsx", ".xlsm", _PAGE, ".parquet", *_TEXT, *_JSON, *_SQLITE)
_SPREADSHEETS = (".xls", ".xlsb", ".ods", ".numbers")
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz")
_IGNORED = (".toml", ".md")
_TEMPORARY = ("~$", ".~lock.")
_SYSTEM = ("thumbs.db", "ehthumbs.db")  #: what Windows writes beside pictures, no database


def as_sources(paths: Any) -> list[Any]:
    """Return the sources as a list: one path, several, a frame, or frames by table name.

    Raises ``WrongKind`` for anything else, also inside a list or mapping.
    """
    one = (str, Path, pd.DataFrame, DatabaseConfig)
    if isinstance(paths, one):
        return [paths]
    if isinstance(paths, Mapping):
        for frame in paths.values():
            if not isinstance(frame, pd.DataFrame):
                raise WrongKind("errors.no_source", kind=f"dict[str, {type(frame).__name__}]")
        return [(str(table), frame) for table, frame in paths.items()]
    if isinstance(paths, Iterable) and not isinstance(paths, (pd.Series, np.ndarray)):
        several = list(paths)
        for source in several:
            if not isinstance(source, one):
                raise WrongKind("errors.no_source", kind=f"list[{type(source).__name__}]")
        return several
    raise WrongKind("errors.no_source", kind=type(paths).__name__)


def find_config(paths: Any) -> AuditConfig:
    """Return the configuration lying in a given folder (``kinerja.toml``), or the defaults."""
    for source in as_sources(paths):
        if _is_place(source):
            place = Path(source)
            place = (place if isdir(place) else place.parent) / CONFIG_NAME
            if isfile(place):
                return AuditConfig.read(place)
    return AuditConfig()


def gather(session: Session, paths: Any) -> None:
    """Read every source into the session; nothing about the data is raised.

    Raises ``UsageError`` for a folder of stored tables: it is no input, a run opens it.
    """
    for source in as_sources(paths):
        if _is_place(source) and is_store(Path(source)):
            raise UsageError("errors.store_given", folder=Path(source).name)
    if n := len(own_folders(paths)):
        session.log.add("N105", n=n)
    sources: list[Any] = [s for source in as_sources(paths)
               for s in (files_of(Path(source)) if _is_place(source) else [source])]  # fmt: skip
    session.agencies = by_files([s[2] for s in sources if _in_folder(s) and is_read(s[0], s[1])])
    for done, source in enumerate(sources):
        _tell(session, done, len(sources))
        if isinstance(source, pd.DataFrame):
            _frame(session, source, "")
        elif isinstance(source, DatabaseConfig):
            _database(session, source)
        elif isinstance(source, str):
            _database(session, database.declared(source.removeprefix(database.PREFIX), session.config))
        elif _in_folder(source):
            _file(session, *source)
        else:
            _frame(session, source[1], source[0])
    _tell(session, len(sources), len(sources))
    rated = any(len(p) for table in ("ratings", "appraisals", "achievements") for p in session.parts.get(table, []))
    for block, places in session.bare:
        names = '", "'.join(block.header[i] for i in places)
        session.log.on("W306" if rated else "E312", block, map(block.header_address, places), names=names)
    _headers_only(session)
    if not session.blocks and not session.log.failed:
        session.log.add("E107")


def _in_folder(source: Any) -> bool:
    return isinstance(source, tuple) and isinstance(source[0], Path)


def _headers_only(session: Session) -> None:
    """Note each file whose tables hold no row, unless it is a template that nobody has filled in yet."""
    by_file: dict[int, list[int]] = {}
    for number, block in enumerate(session.blocks):
        by_file.setdefault(block.file, []).append(number)
    for numbers in by_file.values():
        blocks = [session.blocks[n] for n in numbers]
        blank = [all((fate == 1).all() for (b, _), fate in session.fates.items() if b == n) for n in numbers]
        if all(blank) and not any(b.form or b.refused for b in blocks):
            session.log.on("W307", blocks[0], tables=len(blocks))


def _tell(session: Session, done: int, total: int) -> None:
    if session.progress is not None:
        session.progress("rows", sum(map(len, session.blocks)), 0)
        session.progress("files", done, total)


def _is_place(source: Any) -> bool:
    return isinstance(source, (str, Path)) and not str(source).startswith(database.PREFIX)


def files_of(place: Path) -> Iterator[tuple[Path, bool, str]]:
    """Yield files below a place in a fixed order, whether the file was named itself, and its name below the place."""
    if not isdir(place):
        yield place, True, place.name
        return
    found = [Path(folder, name) for folder, names in _walked(place, []) for name in names]
    for path in sorted(p for p in found if p.is_file()):
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if (hidden and not path.name.startswith(_TEMPORARY)) or path.stem == PROBLEM_LIST:
            continue
        yield path, False, path.relative_to(place).as_posix()


def _walked(place: Path, own: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield the folders below a place with the names of their files; those of our own making only go into ``own``."""
    for folder, inner, names in walk(place):
        mine = {name for name in inner if is_own(Path(folder, name))}
        own += [Path(folder, name) for name in sorted(mine)]
        inner[:] = sorted(set(inner) - mine)
        yield folder, names


def own_folders(paths: Any) -> list[Path]:
    """Return the folders below the given ones that hold reports or stored tables of ours: no input, not read."""
    own: list[Path] = []
    for source in as_sources(paths):
        if _is_place(source) and isdir(source):
            list(_walked(Path(source), own))
    return own


def is_read(path: Path, named: bool) -> bool:
    """Tell whether a file is numbered and read (unless the guard refuses it)."""
    marked = path.stem.endswith(ANNOTATED) and not named
    return _kind(path) in _READ and not marked and not path.name.startswith(_TEMPORARY)


def _kind(path: Path) -> str:
    """Return what a file is by its ending; under that of a workbook, by its content, a page or a newer workbook."""
    kind = "" if path.name.lower() in _SYSTEM else path.suffix.lower()
    if kind in _NAMED and isfile(path):
        with suppress(OSError):
            return _PAGE if web.is_page(path) else ".xlsx" if kind == ".xls" and is_zipfile(path) else kind
    return kind


def _number(session: Session, name: str) -> int:
    session.files.append(name)
    return len(session.files)


def _frame(session: Session, frame: pd.DataFrame, table: str) -> None:
    block, layout = frames.of_frame(frame, _number(session, frames.FRAME), session.config, table)
    if layout is None:
        session.log.add("E304", file=frames.FRAME)
    else:
        sheets.take(session, block, layout)


def _file(session: Session, path: Path, named: bool, shown: str) -> None:
    """Read one file; ``shown`` is its name below the given folder."""
    kind = _kind(path)
    if path.stem.endswith(ANNOTATED) and not named:
        session.log.add("N104", file=shown)
        return
    if path.name.startswith(_TEMPORARY):
        session.log.add("E111" if named else "N102", file=shown)
        return
    if kind not in _READ:
        packed = kind in _ARCHIVES
        if named:
            session.log.add("E101" if not isfile(path) else "E123" if packed else "E108", file=shown)
        elif packed or kind in _SPREADSHEETS:
            session.log.add("W106" if packed else "W102", file=shown)
        elif kind not in _IGNORED:
            session.log.add("N101", file=shown)
        return
    verdict = inspect(path, kind)
    if verdict.code:
        session.log.add(verdict.code, file=shown, sheet=verdict.sheet, **verdict.params)
        return
    for code in verdict.warnings:
        session.log.add(code, file=shown)
    number = _number(session, shown)
    try:
        if kind in _TEXT:
            _text(session, path, number, named, shown)
        elif kind == _PAGE:
            _sheets(session, web.blocks(path, number, session.config), named, shown)
        elif kind in (".xlsx", ".xlsm"):
            _sheets(session, workbook.blocks(path, verdict, number, session.config), named, shown)
        else:
            _tables(session, _opened(session, path, kind, number), named, shown)
    except PermissionError:
        session.log.add("E112", file=shown)
    except workbook.Unreadable:
        session.log.add("E102", file=shown)
    except database.DatabaseFailed as error:
        session.log.add(error.code, file=shown, kind=error.kind)
    except records.BadJson as error:
        cells = [error.cell] if error.cell else []
        session.log.add(error.code, file=shown, cells=cells, column=error.key, first="")


def _opened(session: Session, path: Path, kind: str, number: int) -> list[tuple[Block, Layout | None]]:
    """Return the tables of a Parquet, JSON or SQLite file."""
    if kind in _JSON:
        return [records.of_json(path, number, session.config)]
    if kind in _SQLITE:
        return list(database.of_sqlite(path, number, session.config))
    try:
        return [frames.of_parquet(path, number, session.config)]
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise
        raise workbook.Unreadable from error


def _tables(session: Session, tables: list[tuple[Block, Layout | None]], named: bool, shown: str) -> None:
    known = any(layout for _, layout in tables)
    session.guesses += [g for block, layout in tables if layout is None and (g := of_table(block, block.file_name))]
    if not known:
        _unknown(session, shown, named)
    for block, layout in tables:
        block.file_name = shown
        if layout is not None:
            sheets.take(session, block, layout)
        elif known:
            session.log.add("W301", file=shown, sheet=block.sheet_name)


def _database(session: Session, source: DatabaseConfig) -> None:
    try:
        table = database.of_query(source, _number(session, source.name), session.config)
    except database.DatabaseFailed as error:
        session.log.add(error.code, file=source.name, kind=error.kind)
    else:
        _tables(session, [table], True, source.name)


def _unknown(session: Session, name: str, named: bool, sheet: str = "") -> None:
    session.log.add("E304" if named else "W301", file=name, sheet=sheet)


def _sheets(session: Session, read: Iterator[Any], named: bool, shown: str) -> None:
    found, unknown = False, []
    every = list(read)
    by_sheets([(block, layout) for _, _, block, layout, _ in every if block is not None and layout is not None])
    for sheet_name, hidden, block, layout, guess in every:
        if block is None or layout is None:
            unknown += [] if hidden else [sheet_name]
            session.guesses += [guess] if guess else []
            continue
        found = True
        if hidden:
            session.log.add("W105", file=shown, sheet=sheet_name)
        if block.hidden:
            session.log.add("N103", file=shown, sheet=sheet_name, n=block.hidden)
        block.file_name = shown
        sheets.take(session, block, layout)
    if not found:
        _unknown(session, shown, named)
    else:
        for sheet_name in unknown:
            session.log.add("W301", file=shown, sheet=sheet_name)


def _text(session: Session, path: Path, number: int, named: bool, shown: str) -> None:
    table = text.read_text(path, number, session.config)
    for code, cells, params in table.problems:
        session.log.add(code, file=shown, cells=cells, number=(number, 1), **params)
    if table.block is not None and table.layout is not None:
        table.block.file_name = shown
        sheets.take(session, table.block, table.layout)
    elif not table.problems:
        session.guesses += [g] if (g := of_rows(table.sample, path.name, "")) else []
        _unknown(session, shown, named)
