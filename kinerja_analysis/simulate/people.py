"""The people of a region and where they sit each year.

People are stable over the years and change seats by transfer (two members of staff of an agency swap) and by
rotation (two supervisors swap). Persons are numbered by their seat of the first year; the last one is the head of
the region, who rates the heads of agencies and is no employee of the tables. Birth years of the NIPs are 1900 to
1909, which no civil servant has; names are plants and birds.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.simulate.organisation import Ints, Organisation, organise
from kinerja_analysis.simulate.plan import Plan

Bools = npt.NDArray[np.bool_]
FIRST_YEAR = 2023
PART_TIME_FROM = 2025
MAX_REGIONS = 245
_BASE32 = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
_NAMES = np.array(["Melati", "Kenanga", "Cempaka", "Anggrek", "Cendana", "Meranti", "Jalak", "Maleo", "Merak"])
_GRADES = {
    "leader": ("III/d", "IV/a", "IV/b"),
    "pns": ("II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a"),
    "pppk": ("V", "VII", "IX", "X"),
}


@dataclass(frozen=True, slots=True)
class World:
    """One region's places and people.

    ``persons``: ``id nip name sex employment age grade asal`` (age in ``FIRST_YEAR``). ``seating``: year -> person of
    each seat, the head of the region appended, so that seat -1 is his. ``moved``: year -> persons with an appraisal
    from the seat they left, and that seat. ``lenient``: the persons who are lenient supervisors.
    """

    plan: Plan
    places: Organisation
    persons: pd.DataFrame
    seating: dict[int, Ints]
    moved: dict[int, tuple[Ints, Ints]]
    lenient: Bools

    @property
    def size(self) -> int:
        """Number of employees."""
        return len(self.places.seats)

    def supervisor_seat(self) -> Ints:
        """Return the seat of each seat's supervisor (-1: the head of the region)."""
        return self.places.team_seat[self.places.seats["team"]]


def stream(seed: int, code: str, *labels: int) -> np.random.Generator:
    """Return the generator of one purpose in one region: a region's data do not depend on the other regions.

    >>> bool(stream(1, "76.02", 5).random() == stream(1, "76.02", 5).random())
    True
    """
    return np.random.default_rng([seed, zlib.crc32(code.encode()), *labels])


def populate(plan: Plan, last_year: int, seed: int, *, index: int = 0) -> World:
    """Build a region and seat its people from ``FIRST_YEAR`` to ``last_year``.

    Parameters
    ----------
    plan : Plan
    last_year : int
    seed : int
    index : int
        Position of the region among those simulated together; keeps their NIPs apart.

    Raises
    ------
    ValueError
        If ``index`` is not below ``MAX_REGIONS``, or the region is too small.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kinerja_analysis.simulate.scenarios import plans
    >>> world = populate(replace(plans("clean")[0], size=200), 2025, 1)
    >>> world.size, sorted(world.seating)
    (200, [2023, 2024, 2025])
    """
    if not 0 <= index < MAX_REGIONS:
        raise ValueError(f"at most {MAX_REGIONS} regions at once")
    places = organise(plan, stream(seed, plan.code, 1))
    persons = _people(plan, places.seats["leads"].to_numpy() >= 0, stream(seed, plan.code, 2), index)
    chosen = _lenient_teams(plan, places, stream(seed, plan.code, 3))
    lenient = np.zeros(len(persons), bool)
    lenient[places.team_seat[chosen]] = True
    seating, moved = _years(plan, places, chosen, range(FIRST_YEAR, last_year + 1), seed)
    return World(plan, places, persons, seating, moved, lenient)


def _people(plan: Plan, leads: Bools, rng: np.random.Generator, index: int) -> pd.DataFrame:
    n = len(leads) + 1
    leads = np.append(leads, True)
    kind = np.where(leads, "pns", rng.choice(["pns", "pppk", "pppk_paruh_waktu"], n, p=[0.64, 0.28, 0.08]))
    sex = np.where(rng.random(n) < 0.56, "female", "male")
    age = np.where(leads, rng.integers(38, 56, n), rng.integers(23, 56, n))
    levels = np.where(leads, "leader", np.where(kind == "pns", "pns", "pppk"))
    grade = np.empty(n, dtype=object)
    for level, grades in _GRADES.items():
        grade[levels == level] = rng.choice(grades, int((levels == level).sum()))
    number = np.char.zfill(np.arange(1, n + 1).astype(str), 4)
    words = [f"Contoh {a} {b} {k}" for a, b, k in zip(*rng.choice(_NAMES, (2, n)), number, strict=True)]
    codes = ["P" + "".join(row) for row in _BASE32[rng.integers(0, 32, (n, 13))]]
    return pd.DataFrame(
        {
            "id": codes,
            "nip": _nips(kind, sex, rng, index),
            "name": words,
            "sex": sex,
            "employment": kind,
            "age": age,
            "grade": grade,
            "asal": rng.choice(plan.groups, n),
        }
    )


def _nips(kind: npt.NDArray[np.str_], sex: npt.NDArray[np.str_], rng: np.random.Generator, index: int) -> list[str]:
    """Return well-formed 18-digit numbers of people born 1904 to 1909, at most 60 when appointed."""
    n = len(kind)
    days = np.datetime64("1904-01-01") + rng.integers(0, 6 * 365, n)
    birth = np.char.replace(np.datetime_as_string(days, unit="D"), "-", "")
    month = np.where(kind == "pns", np.char.zfill(rng.integers(1, 13, n).astype(str), 2), "21")
    start = pd.Series(birth).str.cat([np.full(n, str(1960 + index // 49)), month, np.where(sex == "male", "1", "2")])
    serial = 1 + 20 * (index % 49) + start.groupby(start).cumcount()
    return list(start + serial.astype("str").str.zfill(3))


def _lenient_teams(plan: Plan, places: Organisation, rng: np.random.Generator) -> Ints:
    """Return the teams of the lenient units: units with most teams, then biggest, in an agency with 360 ratings."""
    wanted = plan.planted.lenient_units
    rated = {o.name for o in plan.opds if o.sources}
    units = places.units
    teams = np.flatnonzero(places.team_unit >= 0)
    count = np.bincount(places.team_unit[teams], minlength=len(units))
    own = ~units["name"].eq(units["opd"]).to_numpy() & units["opd"].isin(rated).to_numpy()
    best = np.flatnonzero(own & (count == count[own].max(initial=0)))
    chosen = rng.permutation(best)[: min(wanted, len(best) // 2)]
    return teams[np.isin(places.team_unit[teams], chosen)]


def _years(
    plan: Plan, places: Organisation, lenient: Ints, years: range, seed: int
) -> tuple[dict[int, Ints], dict[int, tuple[Ints, Ints]]]:
    now = np.append(np.arange(len(places.seats)), len(places.seats))
    seating, moved = {}, {}
    for year in years:
        rng = stream(seed, plan.code, 4, year)
        swaps = _transfers(plan, places, rng)
        before = now.copy()
        now = _swap(now, swaps)
        moved[year] = _two_rows(plan, places, before, swaps)
        if plan.planted.rotation and plan.planted.rotation_year in (0, year):
            now = _swap(now, _rotation(plan, places, lenient, rng))
        seating[year] = now
    return seating, moved


def _swap(seating: Ints, pairs: Ints) -> Ints:
    out = seating.copy()
    out[pairs[:, 0]], out[pairs[:, 1]] = seating[pairs[:, 1]], seating[pairs[:, 0]]
    return out


def _transfers(plan: Plan, places: Organisation, rng: np.random.Generator) -> Ints:
    """Return pairs of staff seats of one agency and different teams, each seat at most once."""
    opd = places.units["opd"].to_numpy()[places.seats["unit"]]
    team = places.seats["team"].to_numpy()
    staff = rng.permutation(np.flatnonzero(places.seats["leads"].to_numpy() < 0))
    staff = staff[np.argsort(opd[staff], kind="stable")]
    first, second = staff[0::2][: len(staff) // 2], staff[1::2]
    fits = (opd[first] == opd[second]) & (team[first] != team[second])
    pairs = np.column_stack([first, second])[fits]
    wanted = round(plan.habits.transfers * len(team) / 2)
    return pairs[rng.permutation(len(pairs))[:wanted]]


def _two_rows(plan: Plan, places: Organisation, before: Ints, swaps: Ints) -> tuple[Ints, Ints]:
    """Return the persons appraised in the seat they left as well, where the two posts differ."""
    post = places.seats["post"].to_numpy()
    left = swaps[:, 0] if plan.habits.two_rows else np.zeros(0, np.int64)
    left = left[post[left] != post[swaps[: len(left), 1]]]
    return before[left], left


def _rotation(plan: Plan, places: Organisation, lenient: Ints, rng: np.random.Generator) -> Ints:
    """Return pairs of leading seats that swap: each lenient team with a big one elsewhere, then others."""
    teams = np.flatnonzero((places.team_unit >= 0) & (places.team_seat >= 0))
    tops = np.isin(places.team_unit, np.flatnonzero(places.units["name"] == places.units["opd"]))
    teams = teams[~tops[teams]]
    opd = places.units["opd"].to_numpy()[places.team_unit]
    size = places.team_size
    free = {int(t) for t in teams} - {int(t) for t in lenient}
    pairs = []
    for team in lenient:
        near = [t for t in sorted(free) if opd[t] == opd[team]]
        if near:
            partner = max(near, key=lambda t: size[t])
            free.remove(partner)
            pairs.append((int(team), partner))
    rest = rng.permutation(sorted(free))
    rest = rest[np.argsort(opd[rest], kind="stable")]
    others = [(int(a), int(b)) for a, b in zip(rest[0::2], rest[1::2], strict=False) if opd[a] == opd[b]]
    others = [p for p in others if places.team_unit[p[0]] != places.team_unit[p[1]]]
    wanted = max(0, round(plan.planted.rotation * len(teams) / 2) - len(pairs))
    pairs += [others[k] for k in rng.permutation(len(others))[:wanted]]
    return places.team_seat[np.array(pairs, dtype=np.int64).reshape(-1, 2)]
