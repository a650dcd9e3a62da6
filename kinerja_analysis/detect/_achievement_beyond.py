"""What ratings exceed achievement by: the slope inside supervisors, teams and agencies above or below it, over a range.

Error in achievement flattens the slope and leaves true team quality in what remains, so both are given for a
reliability from 1 down to the lowest considered, and nobody is named but where the answer is the same throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from kinerja_analysis.stats import minimal_effect_test

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
STEPS = 5
LEAST_SE = 1e-9


@dataclass(frozen=True, slots=True)
class Slope:
    """Rating per SD of achievement inside teams, in SD of ratings inside teams, with its cluster SE and df."""

    value: float
    se: float
    df: float


@dataclass(frozen=True, slots=True)
class Beyond:
    """One entry per team, ratings in SD inside teams: excess over the region's mean at each reliability, shape (k, R).

    ``se`` is with the spread inside all teams together, ``own_se`` with the team's own (n − 1 degrees of freedom), both
    with the error of the slope, whose SE moves the excess by ``lean``. ``p`` is the largest minimal-effect p over the
    range and both, 1 where the sign changes; ``n`` members per team. Of agencies alike, with teams in place of members.
    """

    reliability: Floats
    value: Floats
    se: Floats
    own_se: Floats
    lean: Floats
    p: Floats
    n: Ints

    def half(self, level: float) -> Floats:
        """Return half the width of the interval of each value: the larger of the two."""
        wide = stdtrit(np.maximum(self.n - 1.0, 1)[:, None], 0.5 + level / 2) * self.own_se
        return np.maximum(float(ndtri(0.5 + level / 2)) * self.se, wide)


def within_slope(score: Floats, evidence: Floats, team: Ints) -> Slope | None:
    """Return the slope inside teams after scaling both to SD 1 inside teams; None where one of them is constant.

    Two teams with evidence (0, 2) and scores rising by 1 and 3: the mean rise 2 in units of the SDs inside teams.

    >>> s = within_slope(np.array([0., 1, 5, 8]), np.array([0., 2, 0, 2]), np.array([0, 0, 1, 1]))
    >>> round(s.value, 4)
    0.8944
    """
    x, y = _scaled(evidence, team)[1], _scaled(score, team)[1]
    if x is None or y is None:
        return None
    k = int(team.max()) + 1
    square = float(x @ x)
    slope = float(x @ y) / square
    score_of = np.bincount(team, x * (y - slope * x), minlength=k)
    return Slope(slope, math.sqrt(k / (k - 1) * float(score_of @ score_of)) / square, k - 1.0)


def beyond(score: Floats, evidence: Floats, team: Ints, slope: Slope, lowest: float, delta: float) -> Beyond:
    """Return what each team's mean rating exceeds by what achievement predicts, less the mean over employees.

    Parameters
    ----------
    score, evidence : ndarray, shape (n,)
    team : ndarray of int, shape (n,)
        Codes 0..k-1, each used.
    slope : Slope
        Of the same rows.
    lowest : float
        Lowest reliability of achievement; the slope at reliability ρ is slope/ρ.
    delta : float
        Practical difference in SD.

    Notes
    -----
    Official ratings have few values: one or two "Sangat Kurang" lie several SD below the rest. They move a team's mean
    and widen that team's own spread alike, but hardly the spread of all teams together. A team is therefore judged
    by both, and the larger p counts: the pooled one guards a team whose members happen to be alike, Student's t with
    the team's own spread one whose mean hangs on few values. Either alone would be exact were the spreads equal, or
    the values normal; the larger of the two p-values is valid where one of them is.
    """
    sd_x, inside_x = _scaled(evidence, team)
    sd_y, inside_y = _scaled(score, team)
    n = np.bincount(team)
    mean = [np.bincount(team, v) / n / sd for v, sd in ((score, sd_y), (evidence, sd_x))]
    mean_y, mean_x = (m - (n @ m) / n.sum() for m in mean)
    reliability = np.linspace(lowest, 1.0, STEPS)
    b = slope.value / reliability
    value = mean_y[:, None] - mean_x[:, None] * b
    assert inside_x is not None and inside_y is not None
    rest = inside_y[:, None] - inside_x[:, None] * b
    squares = np.column_stack([np.bincount(team, r) for r in (rest**2).T])
    share = n[:, None] / n.sum()
    lean = mean_x[:, None] * slope.se / reliability
    pooled = squares.sum(axis=0) / (n.sum() - n.size)
    own = squares / np.maximum(n - 1, 1)[:, None]
    return _judged(reliability, value, (pooled, own), (1 - share) / n[:, None], lean, n, delta)


def agencies(made: Beyond, agency: Ints, delta: float) -> Beyond:
    """Return the same of agencies: the mean excess of an agency's teams, less that of all teams, each counting once.

    Parameters
    ----------
    made : Beyond
        Of k teams.
    agency : ndarray of int, shape (k,)
        Codes 0..m-1, each used, at least one of several teams.
    delta : float
        Practical difference in SD.

    Notes
    -----
    What the teams of one agency differ by holds everything that makes teams differ (leniency, targets, luck), so the
    errors are those of a mean over teams: with the spread of teams inside all agencies and with the agency's own.
    """
    n = np.bincount(agency)
    excess = made.value - made.value.mean(axis=0)
    value = _means(excess, agency, n)
    squares = _means((excess - value[agency]) ** 2, agency, n) * n[:, None]
    spread = squares.sum(axis=0) / (n.sum() - n.size), squares / np.maximum(n - 1, 1)[:, None]
    weight = (1 - n / n.sum())[:, None] / n[:, None]
    return _judged(made.reliability, value, spread, weight, _means(made.lean, agency, n), n, delta)


def _means(values: Floats, code: Ints, n: Ints) -> Floats:
    return np.column_stack([np.bincount(code, v, minlength=n.size) / n for v in values.T])


def _judged(
    reliability: Floats, value: Floats, spread: tuple[Floats, Floats], weight: Floats, lean: Floats, n: Ints,
    delta: float,
) -> Beyond:  # fmt: skip
    """Errors by the pooled spread and by the own one, and the larger p over both and over all reliabilities."""
    se, own_se = (np.sqrt(v * weight + lean**2) for v in spread)
    freedom = np.broadcast_to(np.maximum(n - 1.0, 1)[:, None], value.shape)
    p = np.maximum(
        _minimal(value, np.maximum(se, LEAST_SE), delta, np.full(value.shape, float(n.sum() - n.size - 1))),
        _minimal(value, np.maximum(own_se, LEAST_SE), delta, freedom),
    ).max(axis=1)
    alike = (np.sign(value) == np.sign(value[:, :1])).all(axis=1)
    return Beyond(reliability, value, se, own_se, lean, np.where(alike, p, 1.0), n)


def _minimal(value: Floats, se: Floats, delta: float, df: Floats) -> Floats:
    return minimal_effect_test(value.ravel(), se.ravel(), delta, df=df.ravel()).reshape(value.shape)


def _scaled(values: Floats, team: Ints) -> tuple[float, Floats | None]:
    """SD inside teams (pooled), and the deviations from the team's mean in it; None where there is no variation."""
    n = np.bincount(team)
    inside = values - (np.bincount(team, values) / n)[team]
    freedom = values.size - n.size
    sd = math.sqrt(float(inside @ inside) / freedom) if freedom > 0 else 0.0
    return sd, inside / sd if sd > 1e-9 else None
