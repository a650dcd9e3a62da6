"""What is asked to be read: files, folders with everything below, data frames; each opened after the guard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read import frames, sheets, text, workbook
from kinerja_analysis.read.guard import inspect
from kinerja_analysis.read.session import Session

CONFIG_NAME = "kinerja.toml"
PROBLEM_LIST = "masalah"
_TEXT = (".csv", ".tsv", ".txt")
_READ = (".xlsx", ".xlsm", ".parquet", *_TEXT)
_SPREADSHEETS = (".xls", ".xlsb", ".ods", ".numbers")
_IGNORED = (".toml", ".md")


def as_sources(paths: Any) -> list[Any]:
    """Return the sources as a list: one path, several, a frame, or frames by table name."""
    if isinstance(paths, (str, Path, pd.DataFrame)):
        return [paths]
    if isinstance(paths, Mapping):
        return [(str(table), frame) for table, frame in paths.items()]
    if isinstance(paths, Iterable):
        return list(paths)
    raise TypeError(f"paths, frames or a mapping of frames expected, not {type(paths).__name__}")


def find_config(paths: Any) -> AuditConfig:
    """Return the configuration lying in a given folder (``kinerja.toml``), or the defaults."""
    for source in as_sources(paths):
        if isinstance(source, (str, Path)):
            place = Path(source)
            place = (place if place.is_dir() else place.parent) / CONFIG_NAME
            if place.is_file():
                return AuditConfig.read(place)
    return AuditConfig()


def gather(session: Session, paths: Any) -> None:
    """Read every source into the session; nothing about the data is raised."""
    sources: list[Any] = [s for source in as_sources(paths)
               for s in (_walk(Path(source)) if isinstance(source, (str, Path)) else [source])]  # fmt: skip
    for done, source in enumerate(sources):
        _tell(session, done, len(sources))
        if isinstance(source, pd.DataFrame):
            _frame(session, source, "")
        elif isinstance(source[0], Path):
            _file(session, *source)
        else:
            _frame(session, source[1], source[0])
    _tell(session, len(sources), len(sources))
    if not session.blocks and not session.log.failed:
        session.log.add("E107")


def _tell(session: Session, done: int, total: int) -> None:
    if session.progress is not None:
        session.progress("rows", sum(map(len, session.blocks)), 0)
        session.progress("files", done, total)


def _walk(place: Path) -> Iterator[tuple[Path, bool]]:
    """Yield files below a place in a fixed order, and whether the file was named itself."""
    if not place.is_dir():
        yield place, True
        return
    for path in sorted(p for p in place.rglob("*") if p.is_file()):
        if any(part.startswith(".") for part in path.relative_to(place).parts) or path.stem == PROBLEM_LIST:
            continue
        yield path, False


def _number(session: Session, name: str) -> int:
    session.files.append(name)
    return len(session.files)


def _frame(session: Session, frame: pd.DataFrame, table: str) -> None:
    block, layout = frames.of_frame(frame, _number(session, frames.FRAME), session.config, table)
    if layout is None:
        session.log.add("E304", file=frames.FRAME)
    else:
        sheets.take(session, block, layout)


def _file(session: Session, path: Path, named: bool) -> None:
    kind = path.suffix.lower()
    if path.name.startswith("~$"):
        session.log.add("E111" if named else "N102", file=path.name)
        return
    if kind not in _READ:
        if named:
            session.log.add("E108" if path.is_file() else "E101", file=path.name)
        elif kind in _SPREADSHEETS:
            session.log.add("W102", file=path.name)
        elif kind not in _IGNORED:
            session.log.add("N101", file=path.name)
        return
    verdict = inspect(path)
    if verdict.code:
        session.log.add(verdict.code, file=path.name, sheet=verdict.sheet, **verdict.params)
        return
    for code in verdict.warnings:
        session.log.add(code, file=path.name)
    number = _number(session, path.name)
    try:
        if kind in _TEXT:
            _text(session, path, number, named)
        elif kind == ".parquet":
            _parquet(session, path, number, named)
        else:
            _workbook(session, path, verdict, number, named)
    except PermissionError:
        session.log.add("E112", file=path.name)
    except workbook.Unreadable:
        session.log.add("E102", file=path.name)


def _unknown(session: Session, name: str, named: bool, sheet: str = "") -> None:
    session.log.add("E304" if named else "W301", file=name, sheet=sheet)


def _workbook(session: Session, path: Path, verdict: Any, number: int, named: bool) -> None:
    found, unknown = False, []
    for _, sheet_name, hidden, block, layout in workbook.blocks(path, verdict, number, session.config):
        if block is None or layout is None:
            unknown += [] if hidden else [sheet_name]
            continue
        found = True
        if hidden:
            session.log.add("W105", file=path.name, sheet=sheet_name)
        sheets.take(session, block, layout)
    if not found:
        _unknown(session, path.name, named)
    else:
        for sheet_name in unknown:
            session.log.add("W301", file=path.name, sheet=sheet_name)


def _text(session: Session, path: Path, number: int, named: bool) -> None:
    table = text.read_text(path, number, session.config)
    for code, cells, params in table.problems:
        session.log.add(code, file=path.name, cells=cells, number=(number, 1), **params)
    if table.block is not None and table.layout is not None:
        sheets.take(session, table.block, table.layout)
    elif not table.problems:
        _unknown(session, path.name, named)


def _parquet(session: Session, path: Path, number: int, named: bool) -> None:
    try:
        block, layout = frames.of_parquet(path, number, session.config)
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise
        raise workbook.Unreadable from error
    if layout is None:
        _unknown(session, path.name, named)
    else:
        sheets.take(session, block, layout)
