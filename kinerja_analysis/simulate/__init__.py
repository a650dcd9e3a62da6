"""Simulated regions with known truth: demo, tests and calibration use this one generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.simulate.assemble import tables_of
from kinerja_analysis.simulate.designs import DESIGNS, designs
from kinerja_analysis.simulate.files import write
from kinerja_analysis.simulate.latent import draw_latent
from kinerja_analysis.simulate.people import FIRST_YEAR, World, populate
from kinerja_analysis.simulate.plan import Plan
from kinerja_analysis.simulate.scenarios import SCENARIOS, plans
from kinerja_analysis.simulate.sheets import Sheet, sheets_of
from kinerja_analysis.simulate.truth import truth_of

__all__ = ["DESIGNS", "SCENARIOS", "YEARS", "Simulation", "designs", "simulate", "simulate_plans"]

YEARS = (2023, 2024, 2025)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Simulated data: the tables a faultless reader would return, the truth, and the files.

    Attributes
    ----------
    tables : Tables
        Persons by opaque codes; ``row`` holds the addresses of the files ``write`` makes.
    truth : dict of str to DataFrame
        ``problems persons raters parameters faults``, see ``simulate.truth``; no detector reads it.
    config : AuditConfig
        The regions and years, as ``write`` puts into ``kinerja.toml``.
    """

    tables: Tables
    truth: dict[str, pd.DataFrame]
    config: AuditConfig
    sheets: tuple[Sheet, ...]

    def write(self, folder: str | Path) -> list[Path]:
        """Write the files in their real layouts; return their paths, ``kinerja.toml`` first."""
        return write(self.sheets, self.config, folder)


def simulate(
    regions: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    *,
    scenario: str = "demo",
    seed: int = 1,
    size: int | float | None = None,
) -> Simulation:
    """Simulate regions with known truth.

    Parameters
    ----------
    regions : sequence of str, optional
        Codes or names; by default all regions of the scenario. A region's data do not depend on the others.
    years : sequence of int, optional
        2023 to 2025 by default; a year's data do not depend on which years are asked for.
    scenario : str
        ``demo`` or another of ``SCENARIOS``.
    seed : int
        Not negative. The same seed gives the same bytes in text files and the same values in workbooks.
    size : int or float, optional
        A whole number: employees of each region. A fraction (``0.25``): that share of the scenario's sizes.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError
        For an unknown scenario or region, a year before 2023, a negative seed, a size that is too small.

    Examples
    --------
    >>> world = simulate(scenario="nasional", size=200, years=[2025])
    >>> len(world.tables.employees), world.tables.cells()
    (200, [('99.01', 2025)])
    """
    wanted = tuple(sorted(set(YEARS if years is None else years)))
    if not wanted or wanted[0] < FIRST_YEAR:
        raise ValueError(f"years start with {FIRST_YEAR}: {wanted}")
    chosen = [_sized(plan, size) for plan in plans(scenario, regions)]
    return simulate_plans(chosen, wanted, seed=seed, known=[plan.code for plan in plans(scenario)])


def simulate_plans(
    chosen: Sequence[Plan], years: Sequence[int], *, seed: int = 1, known: Sequence[str] = ()
) -> Simulation:
    """Simulate regions from their plans; ``known`` codes have a fixed place among the NIPs, the others follow.

    Examples
    --------
    >>> from kinerja_analysis.simulate.scenarios import GENERIC
    >>> len(simulate_plans([replace(GENERIC, size=200)], [2025]).tables.employees)
    200
    """
    wanted = tuple(sorted(set(years)))
    worlds = []
    for k, plan in enumerate(chosen):
        index = known.index(plan.code) if plan.code in known else len(known) + k
        worlds.append(populate(plan, wanted[-1], seed, index=index))
    numbers = pd.concat([world.persons["nip"] for world in worlds])
    if numbers.duplicated().any():
        raise ValueError("too many people at once for distinct NIPs: simulate fewer regions or smaller ones")
    latents = [draw_latent(world, seed) for world in worlds]
    unnumbered = [
        s for world, latent in zip(worlds, latents, strict=True) for s in sheets_of(world, latent, wanted, seed)
    ]
    ordered = sorted(unnumbered, key=lambda s: s.path)
    sheets = tuple(replace(sheet, number=k) for k, sheet in enumerate(ordered, start=1))
    truth = truth_of(worlds, latents, sheets, wanted)
    return Simulation(tables_of(sheets), truth, _config(worlds, wanted, seed), sheets)


def _sized(plan: Plan, size: int | float | None) -> Plan:
    if size is None:
        return plan
    if size <= 0:
        raise ValueError(f"size must be positive: {size}")
    return replace(plan, size=size if isinstance(size, int) else round(plan.size * size))


def _config(worlds: Sequence[World], years: tuple[int, ...], seed: int) -> AuditConfig:
    regions = {}
    for world in worlds:
        plan = world.plan
        below = bool(plan.parent)
        regions[plan.code] = RegionConfig(
            name=plan.name, bps=plan.bps, province=plan.province, parent=plan.parent, framework=plan.framework,
            units=tuple(world.places.units["name"]) if below else (),
        )  # fmt: skip
    return AuditConfig(regions=regions, years=years, seed=seed)
