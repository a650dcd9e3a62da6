"""From files to tables: guarded, checked at every cell, pseudonymous. Nothing is changed silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.tables import TABLES, Tables, conform
from kinerja_analysis.read import combine, identity, partly
from kinerja_analysis.read.periods import as_year
from kinerja_analysis.read.report import CheckReport
from kinerja_analysis.read.session import Progress, Session
from kinerja_analysis.read.sources import find_config, gather

__all__ = ["CheckReport", "check", "from_frames", "read"]


def read(
    paths: Any, *, region: str | None = None, year: int | None = None, config: AuditConfig | None = None,
    progress: Progress | None = None,
) -> Tables:  # fmt: skip
    """Read files, folders or data frames into tables.

    Parameters
    ----------
    paths : str, Path, DataFrame, DatabaseConfig, list of these, or dict of table name to DataFrame
        Folders are read with everything below them. ``"sql:NAME"`` reads the query declared as ``[databases.NAME]``.
    region : str, optional
        Code or name, for files that do not tell their region. Files that tell others are refused, unless some tell this
        one: then it is a choice among them, which ``audit`` and ``run`` make; here all rows are returned.
    year : int, optional
        Likewise.
    config : AuditConfig, optional
        Without one, ``kinerja.toml`` in the given folder, or the defaults.
    progress : callable, optional
        Called while reading with a stage, how much is done and of how much: ``("files", 2, 64)`` before the third
        file, ``("rows", 5120, 0)`` for the rows read so far.

    Returns
    -------
    Tables
        Six tables with pseudonyms, the warnings and notes, and the row accounting.

    Raises
    ------
    InputRefused
        With all problems when there is at least one error.
    UsageError
        For an unknown ``region`` argument, a ``year`` that is no whole number, what is no source, a wrong
        configuration, a missing or short key.

    Example
    -------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "nip_dinilai": ["a", "a"], "nip_penilai": ["b", "a"], "peran_penilai": ["REKAN", "DIRI"],
    ...     "dimensi": "Inovasi", "nilai": [80, 95], "skala_min": 0, "skala_maks": 100,
    ...     "periode": "2025", "wilayah": "01.01.01",
    ... })
    >>> tables = read(frame, config=AuditConfig(identifiers="pseudonymous"))
    >>> tables.ratings[["source", "criterion", "score"]].values.tolist()
    [['peer', 'inovasi', 80.0], ['self', 'inovasi', 95.0]]
    """
    session, frames, people, report = _examine(paths, region, year, config, progress)
    if not report.ok:
        whole, _ = partly.touched(session)
        spared = _regions(frames) - set(whole) if whole else ()
        raise InputRefused(report.problems, report, spared=len(spared))
    return _tables(session, frames, people, report)


def read_others(
    paths: Any, *, region: str | None = None, year: int | None = None, config: AuditConfig | None = None,
    progress: Progress | None = None,
) -> tuple[Tables, partly.LeftOut | None]:  # fmt: skip
    """Read as :func:`read`; where there are errors, the tables of the regions (and earlier years) that none touches.

    Returns
    -------
    (Tables, LeftOut or None)
        What was left out, with all problems; None when the input has no error.

    Raises
    ------
    InputRefused
        When no region is untouched, or nothing tells which regions an error touches.

    Example
    -------
    >>> frame = pd.DataFrame({
    ...     "nip_dinilai": ["a", "b"], "nip_penilai": "c", "peran_penilai": "ATASAN", "dimensi": "Inovasi",
    ...     "nilai": [80, "?"], "skala_min": 0, "skala_maks": 100, "periode": "2025",
    ...     "wilayah": ["01.01.01", "01.02.01"],
    ... })
    >>> tables, left = read_others(frame, config=AuditConfig(identifiers="pseudonymous"))
    >>> tables.ratings["region"].tolist(), left.cells
    (['01.01.01'], (('01.02.01', 2025),))
    """
    session, frames, people, report = _examine(paths, region, year, config, progress)
    if report.ok:
        return _tables(session, frames, people, report), None
    since, named = partly.touched(session)
    if not since:
        raise InputRefused(report.problems, report)
    cells = partly.leave(session, since, frames)
    frames, people, rest = _combined(session)
    if not rest.ok or not _regions(frames):
        raise InputRefused(report.problems, report)
    return _tables(session, frames, people, rest), partly.LeftOut(since, named, cells, report)


def _regions(frames: Mapping[str, pd.DataFrame]) -> set[str]:
    return {str(r) for frame in frames.values() for r in frame["region"].dropna().unique()}


def _tables(
    session: Session, frames: dict[str, pd.DataFrame], people: identity.People, report: CheckReport
) -> Tables:
    frames, key = identity.close(frames, people)
    final = {}
    for name in TABLES:
        frame = frames.pop(name)
        frame = frame.assign(row=session.rows(frame)).drop(columns=[*combine.INNER], errors="ignore")
        final[name] = conform(name, frame)
    names = {code: session.regions.name(code) for code in sorted(_regions(final))}
    return Tables(
        **final, problems=report.problems, accounting=report.accounting, region_names=names,
        synthetic=people.synthetic, key_id=key,
    )  # fmt: skip


def from_frames(
    frames: Mapping[str, pd.DataFrame | None],
    *,
    region: str | None = None,
    year: int | None = None,
    config: AuditConfig | None = None,
) -> Tables:
    """Read data frames by table name (``ratings``, ``employees`` …; None is left out) into tables.

    Otherwise as :func:`read`.

    Example
    -------
    >>> staff = pd.DataFrame({"person": ["a"], "sex": ["male"]})
    >>> frames = {"employees": staff, "units": None}
    >>> config = AuditConfig(identifiers="pseudonymous")
    >>> from_frames(frames, region="01.01.01", year=2025, config=config).employees["sex"].tolist()
    ['male']
    """
    given = {name: frame for name, frame in frames.items() if frame is not None}
    return read(given, region=region, year=year, config=config)


def check(
    paths: Any, *, region: str | None = None, year: int | None = None, config: AuditConfig | None = None,
    progress: Progress | None = None,
) -> CheckReport:  # fmt: skip
    """Look for everything that is wrong with an input; parameters as in :func:`read`.

    Never raises for data; ``UsageError`` as :func:`read`.
    """
    return _examine(paths, region, year, config, progress)[-1]


def collect(
    paths: Any, region: str | None, year: int | None, config: AuditConfig | None, progress: Progress | None = None
) -> tuple[Session, dict[str, pd.DataFrame]]:
    """Return the session and the combined tables, identifiers still raw: for use inside this room only."""
    config = config or find_config(paths)
    session = Session(config, None, as_year(year), progress=progress)
    session.region = None if region is None else session.regions.named(str(region))
    gather(session, paths)
    session.settle()
    return session, combine.combine(session)


def _examine(
    paths: Any, region: str | None, year: int | None, config: AuditConfig | None, progress: Progress | None
) -> tuple[Session, dict[str, pd.DataFrame], identity.People, CheckReport]:
    session, frames = collect(paths, region, year, config, progress)
    return session, *_combined(session, frames)


def _combined(
    session: Session, frames: dict[str, pd.DataFrame] | None = None
) -> tuple[dict[str, pd.DataFrame], identity.People, CheckReport]:
    """Return the combined tables of a session, everyone named in them, and what was found."""
    frames = combine.combine(session) if frames is None else frames
    accounting = combine.accounting(session, frames)
    people = identity.examine(session, frames)
    criteria = tuple((f, s, ", ".join(map(session.log.hidden, n))) for f, s, n in session.criteria if n)
    report = CheckReport(session.log.problems(), accounting, tuple(session.files), combine.rows_read(session),
                         tuple(session.guesses), criteria)  # fmt: skip
    combine.balance(session, accounting, frames, report.ok)
    return frames, people, report
