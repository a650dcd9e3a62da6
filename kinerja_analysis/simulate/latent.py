"""What no file shows: merit of persons, leniency and habits of supervisors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kinerja_analysis.simulate.organisation import Ints
from kinerja_analysis.simulate.people import FIRST_YEAR, Bools, World, stream

Floats = npt.NDArray[np.float64]
BIG_TEAM = 15


@dataclass(frozen=True, slots=True)
class Latent:
    """Truth of one region, arrays by person (the head of the region last).

    ``merit``: year -> true merit, SD 1 (persons without the head); ``leniency`` on the latent scale of the
    e-Kinerja ratings and ``leniency_score`` in SD of an employee's true score, positive = lenient, planted part
    included; ``ignores``, ``halo`` and ``copies``: supervisors who order without regard to merit, give one overall
    impression, or give all of their team the same ratings.
    """

    merit: dict[int, Floats]
    leniency: Floats
    leniency_score: Floats
    ignores: Bools
    halo: Bools
    copies: Bools


def draw_latent(world: World, seed: int) -> Latent:
    """Draw the latent part of a region.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kinerja_analysis.simulate.people import populate
    >>> from kinerja_analysis.simulate.scenarios import plans
    >>> latent = draw_latent(populate(replace(plans("null")[0], size=200), 2023, 1), 1)
    >>> float(abs(latent.leniency).max()), latent.merit[2023].shape
    (0.0, (200,))
    """
    plan, model = world.plan, world.plan.model
    rng = stream(seed, plan.code, 5)
    n = world.size
    planted = world.lenient
    style = np.where(planted, 0.0, rng.standard_normal(n + 1))
    stable = rng.standard_normal(n)
    quality = rng.standard_normal(len(world.places.team_seat))
    merit = {year: _merit(world, year, stable, quality, seed) for year in world.seating}
    return Latent(
        merit,
        model.leniency * style + plan.planted.lenient * planted,
        model.leniency_score * style + plan.planted.lenient_score * planted,
        _share_of_leaders(world, plan.planted.ignores, rng, rated_only=False),
        _share_of_leaders(world, plan.planted.halo, rng, rated_only=True),
        _share_of_leaders(world, plan.planted.copies, rng, rated_only=True),
    )


def _merit(world: World, year: int, stable: Floats, quality: Floats, seed: int) -> Floats:
    model = world.plan.model
    fresh = stream(seed, world.plan.code, 6, year).standard_normal(world.size)
    own = np.sqrt(model.stable_merit) * stable + np.sqrt(1 - model.stable_merit) * fresh
    team = np.empty(world.size)
    team[world.seating[year][:-1]] = quality[world.places.seats["team"]]
    return np.sqrt(1 - model.team_quality**2) * own + model.team_quality * team


def copied(values: Floats | Ints, rater: Ints, copies: Bools) -> Floats | Ints:
    """Give all rows of a rater, where ``copies``, the values of the first of them.

    >>> copied(np.array([3, 1, 2]), np.array([7, 8, 7]), np.array([True, True, True])).tolist()
    [3, 1, 3]
    """
    rows = np.flatnonzero(copies)
    _, first, who = np.unique(rater[rows], return_index=True, return_inverse=True)
    out = values.copy()
    out[rows] = values[rows[first[who]]]
    return out


def drifted(world: World, year: int, supervisor: Ints) -> Floats:
    """Return what drift adds to the ratings of supervisors by ``year``."""
    return np.asarray(world.plan.planted.drift * (year - FIRST_YEAR) * world.lenient[supervisor])


def _share_of_leaders(world: World, share: float, rng: np.random.Generator, *, rated_only: bool) -> Bools:
    """Choose exactly the share, among leaders of big teams and of small ones alike."""
    places = world.places
    chosen = np.zeros(world.size + 1, bool)
    opd = places.units["opd"].to_numpy()[places.team_unit]
    rated = [o.name for o in world.plan.opds if o.sources]
    teams = np.flatnonzero((places.team_unit >= 0) & (np.isin(opd, rated) | (not rated_only)))
    big = places.team_size[teams] >= BIG_TEAM
    for part in (teams[big], teams[~big]):
        picked = rng.permutation(part)[: round(share * len(part))]
        chosen[places.team_seat[picked]] = True
    return chosen
