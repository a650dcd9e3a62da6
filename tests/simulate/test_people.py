"""Organisation and people: every seat taken once, transfers and rotation as stated."""

from dataclasses import replace

import numpy as np
import pytest

from kinerja_analysis.simulate.organisation import opd_sizes, organise
from kinerja_analysis.simulate.people import MAX_REGIONS, populate
from kinerja_analysis.simulate.regions import DEMO, SALOR
from kinerja_analysis.simulate.scenarios import GENERIC


@pytest.mark.parametrize("size", [12, 40, 133, 600, 2001])
def test_the_organisation_has_exactly_the_employees_asked_for(size):
    places = organise(replace(GENERIC, size=size), np.random.default_rng(size))
    assert len(places.seats) == size == places.team_size.sum()
    assert places.units["name"].is_unique
    leads = places.seats["leads"].to_numpy()
    assert (np.sort(leads[leads >= 0]) == np.arange(1, len(places.team_seat))).all()
    assert (places.seats["team"].to_numpy() != leads).all()


def test_small_regions_lose_their_smallest_agencies_not_people():
    kept = opd_sizes(replace(GENERIC, size=40))
    assert [o.name for o, _ in kept] == ["Dinas Pendidikan", "Dinas Kesehatan"]
    assert sum(n for _, n in kept) == 40


@pytest.mark.parametrize("plan", DEMO, ids=lambda p: p.name)
def test_every_year_each_person_has_one_seat(plan):
    world = populate(plan, 2025, 4)
    for seating in world.seating.values():
        assert (np.sort(seating) == np.arange(world.size + 1)).all()
        assert seating[-1] == world.size
    assert world.places.units["name"].is_unique


def test_rotation_moves_lenient_supervisors_to_other_units_and_only_in_its_year():
    world = populate(SALOR, 2025, 4)
    seat = world.places.team_seat[1:]
    unit = world.places.team_unit[1:]
    leaders = {y: s[seat] for y, s in world.seating.items()}
    assert (leaders[2023] == leaders[2024]).all()
    changed = leaders[2024] != leaders[2025]
    assert 0.10 <= changed.mean() <= 0.18
    lenient_before, lenient_after = (set(unit[world.lenient[leaders[y]]]) for y in (2024, 2025))
    assert world.lenient.sum() == 4 and len(lenient_before) == 2
    assert not lenient_before & lenient_after
    assert (world.places.team_size[1:][world.lenient[leaders[2025]]] >= 16).all()


def test_places_of_origin_are_spread_over_teams():
    world = populate(DEMO[0], 2023, 1)
    shares = world.persons["asal"].value_counts(normalize=True)
    assert len(shares) == 2 and shares.min() > 0.4


def test_too_many_regions_are_refused():
    with pytest.raises(ValueError, match="at most"):
        populate(GENERIC, 2023, 1, index=MAX_REGIONS)
