"""What does not come from raters: employees, achievements with target and realisation, ratings of organisations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import ORG_RATING
from kinerja_analysis.simulate.latent import Floats, Latent
from kinerja_analysis.simulate.people import FIRST_YEAR, PART_TIME_FROM, World, stream
from kinerja_analysis.simulate.plan import Indicator

_AGES = ("21-30", "31-40", "41-50", "51-60")


def employees(world: World, year: int) -> pd.DataFrame:
    """Return ``person supervisor seat employment age_band`` of a year, by seat.

    Part-time contracts (PPPK paruh waktu) exist from 2025 on; before, the same people are PPPK [assumption].
    """
    person = world.seating[year][:-1]
    kind = world.persons["employment"].to_numpy()[person]
    if year < PART_TIME_FROM:
        kind = np.where(kind == "pppk_paruh_waktu", "pppk", kind)
    age = world.persons["age"].to_numpy()[person] + (year - FIRST_YEAR)
    return pd.DataFrame(
        {
            "person": person,
            "supervisor": world.seating[year][world.supervisor_seat()],
            "seat": np.arange(world.size),
            "employment": kind,
            "age_band": np.array(_AGES)[np.clip((age - 21) // 10, 0, 3)],
        }
    )


def achievements(world: World, latent: Latent, year: int, seed: int) -> pd.DataFrame:
    """Return ``person seat indicator aspect target realised direction weight measured_by`` of a year.

    Evidence of SD 1 = sqrt(reliability) x merit + noise, so realisation never follows a supervisor's leniency.
    """
    kind = world.places.units["kind"].to_numpy()[world.places.seats["unit"]]
    parts = []
    for k, indicator in enumerate(world.plan.indicators):
        seats = np.flatnonzero(np.isin(kind, indicator.kinds))
        rng = stream(seed, world.plan.code, 13, year, k)
        parts.append(_indicator(world, latent, indicator, seats, year, rng))
    names = ["person", "seat", "indicator", "aspect", "target", "realised", "direction", "weight", "measured_by"]
    if not parts:
        return pd.DataFrame(columns=names)
    return pd.concat(parts, ignore_index=True).sort_values("seat", kind="stable", ignore_index=True)


def _indicator(
    world: World, latent: Latent, indicator: Indicator, seat: np.ndarray, year: int, rng: np.random.Generator
) -> pd.DataFrame:
    person = world.seating[year][seat]
    reliability = world.plan.model.capaian
    evidence: Floats = np.sqrt(reliability) * latent.merit[year][person]
    evidence = evidence + np.sqrt(1 - reliability) * rng.standard_normal(len(seat))
    if indicator.per_unit:
        unit = world.places.seats["unit"].to_numpy()[seat]
        evidence = rng.standard_normal(len(world.places.units))[unit]
    realised = indicator.target * np.maximum(indicator.mean + indicator.spread * evidence, 0.0)
    return pd.DataFrame(
        {
            "person": person,
            "seat": seat,
            "indicator": indicator.name,
            "aspect": indicator.aspect,
            "target": indicator.target,
            "realised": np.round(realised, 0 if indicator.whole else 1),
            "direction": indicator.direction,
            "weight": indicator.weight,
            "measured_by": indicator.measured_by,
        }
    )


def org_ratings(world: World, year: int, seed: int) -> pd.DataFrame:
    """Return ``unit leader org_rating`` of a year; the rating is drawn apart from all employee ratings [assumption]."""
    rng = stream(seed, world.plan.code, 14, year)
    places = world.places
    teams = np.flatnonzero(places.team_unit >= 0)
    unit, first = np.unique(places.team_unit[teams], return_index=True)
    seat = places.team_seat[teams][first]
    drawn = rng.choice(ORG_RATING, len(unit), p=world.plan.org_mix)
    return pd.DataFrame({"unit": unit, "leader": world.seating[year][seat], "org_rating": drawn})
