"""Databases: the rows of a query, read only, by SQLAlchemy; and the tables of an SQLite file.

Row numbers count the rows in the order the query gives them. No message holds an address, a password or what the
database says: its words can hold data.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from kinerja_analysis.base.config import AuditConfig, DatabaseConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.layout import Layout, locate

PREFIX = "sql:"
_ENVIRONMENT = "env:"
_READS = re.compile(r"\s*(select|with|table|values)\b", re.IGNORECASE)
_AT_ONCE = 50_000


class DatabaseFailed(Exception):
    """The database could not be reached or the query not be run; ``code`` names the problem, ``kind`` the error."""

    def __init__(self, code: str, kind: str = "") -> None:
        super().__init__(code)
        self.code, self.kind = code, kind


def declared(name: str, config: AuditConfig) -> DatabaseConfig:
    """Return the database declared as ``[databases.NAME]``. Raises ``UsageError``."""
    if name not in config.databases:
        known = ", ".join(config.databases) or "–"
        raise UsageError("errors.database_unknown", name=name, known=known)
    return config.databases[name].model_copy(update={"name": name})


def of_query(source: DatabaseConfig, number: int, config: AuditConfig) -> tuple[Block, Layout | None]:
    """Read the rows of a query. Raises ``DatabaseFailed``."""
    url = source.url
    if url.startswith(_ENVIRONMENT):
        url = os.environ.get(url.removeprefix(_ENVIRONMENT), "")
    header, columns = _fetch(url, source.query)
    return _block(number, 1, "", source.name, header, columns, config)


def of_sqlite(path: Path, number: int, config: AuditConfig) -> Iterator[tuple[Block, Layout | None]]:
    """Yield the tables and views of an SQLite file, each as a sheet. Raises ``DatabaseFailed``."""
    listed = "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name"
    try:
        with closing(sqlite3.connect(f"file:{quote(path.resolve().as_posix())}?mode=ro", uri=True)) as base:
            for sheet, (name,) in enumerate(base.execute(listed).fetchall(), 1):
                quoted = str(name).replace('"', '""')
                rows = base.execute(f'select * from "{quoted}"')
                header = [str(d[0]) for d in rows.description]
                columns = _columns(len(header), iter(partial(rows.fetchmany, _AT_ONCE), []))
                yield _block(number, sheet, str(name), path.name, header, columns, config)
    except sqlite3.Error as error:
        raise DatabaseFailed("E102", type(error).__name__) from None


def _fetch(url: str, query: str) -> tuple[list[str], list[list[Any]]]:
    """Return column names and columns of a reading query; nothing can be changed: the transaction is rolled back."""
    try:
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
    except ImportError:
        raise UsageError("errors.extra_missing", extra="sql") from None
    statement = query.strip().rstrip(";")
    if not _READS.match(statement) or ";" in re.sub(r"'[^']*'", "", statement):
        raise DatabaseFailed("E121")
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseFailed("E119", type(error).__name__) from None
    try:
        connection = engine.connect()
    except Exception as error:
        raise DatabaseFailed("E119", type(getattr(error, "orig", None) or error).__name__) from None
    try:
        with connection, connection.begin() as transaction:
            if engine.dialect.name == "postgresql":
                connection.execute(text("set transaction read only"))
            if engine.dialect.name == "sqlite":  # its driver opens no transaction for WITH … DELETE
                connection.execute(text("pragma query_only = on"))
            result = connection.execution_options(stream_results=True).execute(text(statement))
            header = [str(name) for name in result.keys()]  # noqa: SIM118 (a result is no dict)
            columns = _columns(len(header), result.partitions(_AT_ONCE))
            transaction.rollback()
            return header, columns
    except SQLAlchemyError as error:
        raise DatabaseFailed("E120", type(getattr(error, "orig", None) or error).__name__) from None
    finally:
        engine.dispose()


def _columns(width: int, parts: Iterable[Sequence[Any]]) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(width)]
    for part in parts:
        for column, values in zip(columns, zip(*part, strict=True), strict=True):
            column.extend(map(_plain, values))
    return columns


def _plain(value: Any) -> Any:
    """Return a value as the readers know it: exact whole numbers, other numbers, times, texts."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", errors="replace")
    return value if value is None or isinstance(value, (str, int, float)) or hasattr(value, "isoformat") else str(value)


def _block(
    number: int, sheet: int, sheet_name: str, name: str, header: list[str], columns: list[list[Any]],
    config: AuditConfig,
) -> tuple[Block, Layout | None]:  # fmt: skip
    n = len(columns[0]) if columns else 0
    block = Block(
        number, name, sheet, sheet_name, header, 0, np.arange(1, n + 1), lambda j: Cells.of(columns[j]), lines=True,
        exact=True, separator=",",
    )  # fmt: skip
    found = locate([header], name, sheet_name, config.mapping)
    return block, found[1] if found else None
