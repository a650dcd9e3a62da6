"""A national year after year, region by region: no more than one region is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.store import sweep
from kinerja_analysis.base.table_store import MANIFEST, save_tables
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.base.workers import workers
from kinerja_analysis.simulate import YEARS, simulate_plans
from kinerja_analysis.simulate.people import stream
from kinerja_analysis.simulate.plan import Opd, Plan
from kinerja_analysis.simulate.scenarios import plans

EMPLOYEES = 5_600_000
#: SD of the logarithm of a region's size: the largest regions have about ten times the employees of the median.
SPREAD = 0.7
_ALL = ("supervisor", "peer", "self")


def sizes(regions: int, employees: int, seed: int) -> list[int]:
    """Return how many employees each region has, summing to ``employees``; no region has fewer than 200.

    >>> found = sizes(514, 5_600_000, 1)
    >>> len(found), sum(found), min(found) >= 200
    (514, 5600000, True)
    """
    weight = np.exp(SPREAD * stream(seed, "nasional", 1).standard_normal(regions))
    free = employees - 200 * regions
    if free < 0:
        raise ValueError(f"{employees} employees are fewer than 200 for each of {regions} regions")
    edges = np.round(np.cumsum(weight) / weight.sum() * free).astype(int)
    return [200 + int(n) for n in np.diff(edges, prepend=0)]


def codes(regions: int) -> list[str]:
    """Return codes of that many regions of no real place (at most 998).

    >>> codes(21)[:2], codes(21)[-1], len(set(codes(998)))
    (['50.01', '50.02'], '50.21', 998)
    """
    return [f"{50 + k // 40:02d}.{k % 40 + 1:02d}" for k in range(regions)]


def missing(store: Path, codes: Sequence[str]) -> int:
    """Return how many of the regions a store does not have yet."""
    return sum(not (store / code / MANIFEST).is_file() for code in codes)


def nation(
    codes: Sequence[str], *, employees: int = EMPLOYEES, years: Sequence[int] = YEARS, seed: int = 1,
    kind: str = "ekinerja",
) -> Iterator[Tables]:  # fmt: skip
    """Yield the tables of one region after the other, as a faultless reader would return them.

    Parameters
    ----------
    codes : sequence of str
        Kemendagri codes. A region's data depend on its code, its size and the seed, not on the other regions.
    employees : int
        Of all regions together.
    years, seed
        As in :func:`kinerja_analysis.simulate`.
    kind : "ekinerja" or "multisource"
        Exports of every quarter and of the year, with changes of supervisor; or, as the stress size, 360 ratings by
        the supervisor, six peers and oneself on seven criteria.

    Yields
    ------
    Tables
        With a row accounting; persons by opaque codes of their region.

    Examples
    --------
    >>> a, b = nation(["99.01", "99.02"], employees=500, years=[2025])
    >>> len(a.employees) + len(b.employees), sorted(a.ratings["period"].unique())
    (500, ['2025', '2025-Q1', '2025-Q2', '2025-Q3', '2025-Q4'])
    """
    for code, size in zip(codes, sizes(len(codes), employees, seed), strict=True):
        yield region_tables(code, size, sorted(years), seed, kind)


def write_nation(
    store: Path, codes: Sequence[str], config: AuditConfig, *, employees: int = EMPLOYEES,
    years: Sequence[int] = YEARS, seed: int = 1, kind: str = "ekinerja", jobs: int | None = None,
) -> Iterator[Path]:  # fmt: skip
    """Write the tables of :func:`nation` into a store, regions beside each other; yield each manifest when it is there.

    A region that the store has already is left as it is: a killed run goes on.
    """
    work = [(code, size) for code, size in zip(codes, sizes(len(codes), employees, seed), strict=True)
            if not (store / code / MANIFEST).is_file()]  # fmt: skip
    sweep(store)
    with workers(jobs, len(work)) as executor:
        tasks = [executor.submit(write_region, store, *one, sorted(years), seed, kind, config) for one in work]
        for task in tasks:
            yield task.result()


def write_region(
    store: Path, code: str, size: int, years: Sequence[int], seed: int, kind: str, config: AuditConfig
) -> Path:
    """Write the tables of one region of a nation into a store; return its manifest."""
    (manifest,) = save_tables(region_tables(code, size, years, seed, kind), store, config)
    return manifest


def region_tables(code: str, size: int, years: Sequence[int], seed: int, kind: str) -> Tables:
    """Return the tables of one region of a nation (see ``nation``) with ``size`` employees."""
    (plan,) = plans("nasional", [code])
    tables = simulate_plans([_planned(plan, size, kind)], years, seed=seed).tables
    return replace(tables, accounting=_accounting(tables))


def _planned(plan: Plan, size: int, kind: str) -> Plan:
    def given(opd: Opd) -> Opd:
        return replace(opd, sources=_ALL if kind == "multisource" else (), team=(8, 15))

    plan = replace(plan, size=size, opds=tuple(given(o) for o in plan.opds), indicators=())
    if kind == "multisource" and plan.form is not None:
        return replace(plan, form=replace(plan.form, peers=6, mutual=False), exports=False)
    return replace(plan, form=None, quarterly=True, yearly=True, planted=replace(plan.planted, rotation=0.10))


def _accounting(tables: Tables) -> pd.DataFrame:
    """One row per file and table: everything kept."""
    found = []
    for name in TABLES:
        number = getattr(tables, name)["row"].str.split(":").str[0].astype(int).value_counts(sort=False)
        n = number.to_numpy()
        found.append(pd.DataFrame({"file": number.index, "sheet": 1, "table": name, "rows": n, "kept": n, "merged": 0,
                                   "set_aside": 0, "reason": ""}))  # fmt: skip
    return pd.concat(found).sort_values(["file", "table"], ignore_index=True)
