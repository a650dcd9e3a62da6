"""Agencies, units, teams and seats of one region.

A seat is a place in the organisation: a member of one team, perhaps the leader of another. The head of the
region leads team 0 (the heads of agencies), a head of agency the leaders of its units, a leader of a unit its
staff; where a unit has several teams, the further supervisors sit in the first one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.simulate.plan import Opd, Plan

Ints = npt.NDArray[np.int64]
SMALLEST_OPD = 12
#: The last post of each kind is that of a pelaksana, the others are functional.
_POSTS = {
    "school": ("Guru Ahli Pertama", "Guru Ahli Muda", "Guru Ahli Madya", "Pengadministrasi Sekolah"),
    "clinic": ("Perawat Terampil", "Perawat Ahli Pertama", "Bidan Terampil", "Pengadministrasi Puskesmas"),
    "office": ("Analis Kebijakan Ahli Pertama", "Perencana Ahli Muda", "Arsiparis Terampil",
               "Pengadministrasi Perkantoran"),
}  # fmt: skip
_SHARES = {"school": (0.35, 0.30, 0.20, 0.15), "clinic": (0.3, 0.3, 0.2, 0.2), "office": (0.2, 0.15, 0.15, 0.5)}
_LEADERS = {"school": "Kepala Sekolah", "clinic": "Kepala Puskesmas", "office": "Kepala Bidang"}


@dataclass(frozen=True, slots=True)
class Organisation:
    """The places. ``units``: ``name opd kind`` by unit code; ``seats``: ``unit team leads post position``.

    ``leads`` is the team a seat leads (-1: none); ``team_unit`` and ``team_seat`` are the unit and the leading seat
    of each team (-1 for team 0).
    """

    units: pd.DataFrame
    seats: pd.DataFrame
    team_unit: Ints
    team_seat: Ints

    @property
    def team_size(self) -> Ints:
        """Members of each team."""
        return np.bincount(self.seats["team"], minlength=len(self.team_seat))


@dataclass(slots=True)
class _Builder:
    rng: np.random.Generator
    units: list[tuple[str, str, str]] = field(default_factory=list)
    seats: list[tuple[int, int, int, str, str]] = field(default_factory=list)
    team_unit: list[int] = field(default_factory=lambda: [-1])
    team_seat: list[int] = field(default_factory=lambda: [-1])

    def leader(self, unit: int, team: int, post: str, position: str) -> int:
        """Seat the leader of a new team as a member of ``team``; return the new team."""
        new = len(self.team_unit)
        self.team_unit.append(unit)
        self.team_seat.append(len(self.seats))
        self.seats.append((unit, team, new, post, position))
        return new

    def staff(self, unit: int, team: int, kind: str, number: int) -> None:
        """Seat the staff of a team."""
        for k in self.rng.choice(4, number, p=_SHARES[kind]):
            position = "pelaksana" if k == 3 else "fungsional"
            self.seats.append((unit, team, -1, _POSTS[kind][k], position))

    def unit(self, opd: Opd, number: int, top: int, sizes: list[int]) -> None:
        """Add a unit with its teams; further supervisors are members of the first team."""
        self.units.append((opd.unit.format(i=number), opd.name, opd.kind))
        unit = len(self.units) - 1
        position = "fungsional" if opd.kind == "school" else "struktural"
        first = self.leader(unit, top, _LEADERS[opd.kind], position)
        self.staff(unit, first, opd.kind, sizes[0] - (len(sizes) - 1))
        for size in sizes[1:]:
            team = self.leader(unit, first, "Ketua Tim Kerja", "fungsional")
            self.staff(unit, team, opd.kind, size)

    def opd(self, opd: Opd, size: int) -> None:
        """Add an agency of ``size`` employees."""
        self.units.append((opd.name, opd.name, opd.kind))
        top = self.leader(len(self.units) - 1, 0, f"Kepala {opd.name}", "struktural")
        for number, sizes in enumerate(team_sizes(opd, size - 1, self.rng), start=1):
            self.unit(opd, number, top, sizes)


def organise(plan: Plan, rng: np.random.Generator) -> Organisation:
    """Build the organisation of a region; it has exactly ``plan.size`` seats.

    Raises
    ------
    ValueError
        If the region is too small for one agency.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kinerja_analysis.simulate.scenarios import plans
    >>> places = organise(replace(plans("clean")[0], size=300), np.random.default_rng(1))
    >>> len(places.seats), int(places.team_size.sum())
    (300, 300)
    """
    if plan.size < SMALLEST_OPD:
        raise ValueError(f"{plan.size} employees are too few: at least {SMALLEST_OPD}")
    builder = _Builder(rng)
    for opd, size in opd_sizes(plan):
        builder.opd(opd, size)
    return Organisation(
        pd.DataFrame(builder.units, columns=["name", "opd", "kind"]),
        pd.DataFrame(builder.seats, columns=["unit", "team", "leads", "post", "position"]),
        np.array(builder.team_unit),
        np.array(builder.team_seat),
    )


def opd_sizes(plan: Plan) -> list[tuple[Opd, int]]:
    """Share the employees out; in a small region the smallest agencies are left out.

    Examples
    --------
    >>> from kinerja_analysis.simulate.scenarios import plans
    >>> [n for _, n in opd_sizes(plans("clean")[0])]
    [840, 440, 360, 360]
    """
    kept = sorted(plan.opds, key=lambda o: -o.share)
    while len(kept) > 1 and plan.size * kept[-1].share / sum(o.share for o in kept) < SMALLEST_OPD:
        kept.pop()
    total = sum(o.share for o in kept)
    sizes = {o.name: int(plan.size * o.share / total) for o in kept}
    sizes[kept[0].name] += plan.size - sum(sizes.values())
    return [(o, sizes[o.name]) for o in plan.opds if o.name in sizes]


def team_sizes(opd: Opd, people: int, rng: np.random.Generator) -> list[list[int]]:
    """Cut ``people`` into units: one leader each and teams of the agency's sizes; the rest goes to the teams.

    Examples
    --------
    >>> opd = Opd("x", "office", 1.0, "u{i}", (5, 8))
    >>> units = team_sizes(opd, 40, np.random.default_rng(0))
    >>> sum(1 + sum(u) for u in units)
    40
    """
    low, high = opd.team
    units: list[list[int]] = []
    left = people
    while True:
        sizes = [int(s) for s in rng.integers(low, high + 1, opd.teams_per_unit)]
        if 1 + sum(sizes) > left:
            break
        units.append(sizes)
        left -= 1 + sum(sizes)
    while left > low:
        units.append([min(high, left - 1)])
        left -= 1 + units[-1][0]
    if left and not units:
        return [[left - 1]]
    for k in range(left):
        units[k % len(units)][0] += 1
    return units
