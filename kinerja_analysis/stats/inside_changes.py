"""Supervisor changes as an event study: the spread of leniency from teams that stay while supervisors go."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from kinerja_analysis.stats._arrays import codes, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorChange:
    """How much more a team's mean moves when its supervisor changes.

    `value` = E[d² | changed] − E[d² | not changed] = 2σ²_λ, with the interval for it; `sd` = σ_λ with limits,
    each clipped at 0. `z` is the log of the ratio of the two mean squares in standard errors, `p` one-sided,
    since a variance is not negative. `check` is the mean change *before* a
    change of supervisor, less that of teams without one: it should be 0 if changes do not follow performance;
    `n_check` counts the changes it rests on (those with a period before). `n` counts differences of two
    consecutive periods.
    """

    value: float = math.nan
    se: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    sd: float = math.nan
    sd_lower: float = math.nan
    sd_upper: float = math.nan
    z: float = math.nan
    p: float = math.nan
    check: float = math.nan
    check_se: float = math.nan
    check_lower: float = math.nan
    check_upper: float = math.nan
    check_p: float = math.nan
    n_check: int = 0
    level: float
    n: int
    n_changed: int
    n_teams: int
    n_teams_changed: int
    method: str = "event_study"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(
            block("twice_variance", self.value, se=self.se, lower=self.lower, upper=self.upper),
            block("sd", self.sd, lower=self.sd_lower, upper=self.sd_upper),
            block("check", self.check, se=self.check_se, lower=self.check_lower, upper=self.check_upper),
        )


@dataclass(frozen=True, slots=True)
class _Steps:
    """Differences of consecutive periods of a team, cleared of the common shift of their period."""

    change: Floats
    changed: NDArray[np.bool_]
    changes_next: NDArray[np.bool_]
    has_next: NDArray[np.bool_]
    noise: Floats
    team: Ints


def supervisor_change(
    team_mean: ArrayLike,
    team: ArrayLike,
    supervisor: ArrayLike,
    period: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.95,
    min_changes: int = 10,
) -> SupervisorChange:
    """Spread of leniency from changes of supervisor.

    Parameters
    ----------
    team_mean : array_like, shape (m,)
        Mean score of a stable group of employees in a period; one row per team and period.
    team, supervisor : array_like of int, shape (m,)
        Codes.
    period : array_like of int, shape (m,)
        Running number of the period; only differences between consecutive numbers are used.
    n : array_like, shape (m,)
        Employees behind each mean. Where sizes differ, the part of d² that falls with 1/n is taken out.
    level : float
        Confidence level.
    min_changes : int
        Fewest changes for an estimate.

    Returns
    -------
    SupervisorChange
        `reason` is "", "empty" (no consecutive periods), "too_few_changes", "no_stable_teams" (fewer than
        `min_changes` differences without a change), "constant" (no mean moves) or "sizes_apart" (all teams that
        changed have one size and all others another: what a change does cannot be told from what size does).

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes, n < 1, or two rows of one team and period.

    Notes
    -----
    Assumes that changes are unrelated to the change in performance and that performance is stable up to a
    common shift of each period. The two means of d² come from one regression on "changed" and, if sizes
    differ, the mean of 1/n, clustered by team. Mean squares are skewed: the limits are those of their logs,
    t with (teams with a change − 1) degrees of freedom, joined by MOVER (Zou & Donner 2008). The d² of changed
    teams are taken to vary, relative to their mean, at least as much as squares of normal values and as the d²
    of the others: without this, 36 changes covered .90 to .93 (`tests/calibration/inside_supervisors.csv`).

    Examples
    --------
    Twelve teams move by 1 when the supervisor changes (up or down), twelve others do not move at all:

    >>> team = np.repeat(np.arange(24), 2)
    >>> mean = np.where(np.arange(48) % 2 == 1, np.where(team < 6, 1.0, np.where(team < 12, -1.0, 0.0)), 0.0)
    >>> boss = team + 24 * ((np.arange(48) % 2 == 1) & (team < 12))
    >>> fit = supervisor_change(mean, team, boss, np.tile([0, 1], 24), np.full(48, 8))
    >>> fit.value, round(fit.sd, 4), fit.n_changed
    (1.0, 0.7071, 12)
    """
    mean = vector(team_mean, "team_mean")
    sizes = vector(n, "n", mean.size)
    if sizes.size and sizes.min() < 1:
        raise ValueError("n must be at least 1 in every row")
    group, boss = codes(team, "team", mean.size), codes(supervisor, "supervisor", mean.size)
    steps = _steps(mean, group, boss, codes(period, "period", mean.size), sizes)
    counts: dict[str, Any] = {
        "level": level,
        "n": steps.change.size,
        "n_changed": int(steps.changed.sum()),
        "n_teams": np.unique(steps.team).size,
        "n_teams_changed": np.unique(steps.team[steps.changed]).size,
    }
    reason = _refusal(steps, min_changes)
    if reason:
        return SupervisorChange(**counts, reason=reason)
    return _estimate(steps, counts)


def _estimate(steps: _Steps, counts: dict[str, Any]) -> SupervisorChange:
    """The record of a design that carries an estimate."""
    square = steps.change**2
    means, covariance = _two_means(square, steps.changed, steps.noise, steps.team)
    kept, changed = means.tolist()
    value = changed - kept
    se = _difference_se(covariance)
    freedom = counts["n_teams_changed"] - 1
    t = float(stdtrit(freedom, 0.5 + counts["level"] / 2))
    floor = _spread_floor(kept, float(covariance[0, 0]), counts)
    lower, upper = _difference_limits(kept, changed, covariance, t, floor)
    sd, sd_lower, sd_upper = (math.sqrt(max(v, 0.0) / 2) for v in (value, lower, upper))
    z = _log_ratio(kept, changed, covariance)
    return SupervisorChange(
        value=value, se=se, lower=lower, upper=upper, sd=sd, sd_lower=sd_lower, sd_upper=sd_upper, z=z,
        p=float(stdtr(freedom, -z)), **_check(steps, counts["level"]), **counts,
    )  # fmt: skip


def _difference_se(covariance: Floats) -> float:
    """Standard error of the difference of two means."""
    return math.sqrt(max(float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), 0.0))


def _spread_floor(kept: float, variance: float, counts: dict[str, Any]) -> float:
    """Least standard error of the mean square of changed teams, relative to it.

    The squares of normal values have the coefficient of variation √2, those of skewed shares more. It is known
    well from the teams that stay, badly from a few changes, whose own estimate is low when their mean square is.
    """
    stayed = counts["n"] - counts["n_changed"]
    ratio = stayed * variance / kept**2 if kept > 0 else 0.0
    return math.sqrt(max(2.0, ratio) / counts["n_changed"])


def _difference_limits(
    a: float, b: float, covariance: Floats, t: float, floor: float
) -> tuple[float, float]:
    """Limits of b − a from the limits of the logs of two mean squares, joined as in MOVER."""
    se_a, se_b = (math.sqrt(v) for v in np.diag(covariance))
    se_b = max(se_b, b * floor)
    (la, ua), (lb, ub) = _log_limits(a, se_a, t), _log_limits(b, se_b, t)
    rho = float(covariance[0, 1]) / (se_a * se_b) if se_a * se_b > 0 else 0.0
    down, up = ((b - lb, ua - a), (ub - b, a - la))
    low, high = (math.sqrt(max(x * x + y * y - 2 * rho * x * y, 0.0)) for x, y in (down, up))
    return b - a - low, b - a + high


def _log_limits(mean: float, se: float, t: float) -> tuple[float, float]:
    """mean·exp(±t·se/mean): a mean square is skewed, its log much less."""
    if mean <= 0:
        return mean - t * se, mean + t * se
    factor = math.exp(t * se / mean)
    return mean / factor, mean * factor


def _log_ratio(a: float, b: float, covariance: Floats) -> float:
    """log(b/a) in standard errors; on the plain difference where a mean is not positive."""
    gradient = np.array([-1 / a, 1 / b]) if min(a, b) > 0 else np.array([-1.0, 1.0])
    distance = math.log(b / a) if min(a, b) > 0 else b - a
    se = math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    return distance / se if se > 0 else math.copysign(math.inf, distance)


def _steps(mean: Floats, team: Ints, supervisor: Ints, period: Ints, n: Floats) -> _Steps:
    """Differences, with the mean change of teams that kept their supervisor taken out of each period."""
    order = np.lexsort((period, team))
    mean, n, team, supervisor, period = mean[order], n[order], team[order], supervisor[order], period[order]
    same = team[1:] == team[:-1]
    if (same & (period[1:] == period[:-1])).any():
        raise ValueError("a team has two rows in one period")
    use = same & (period[1:] == period[:-1] + 1)
    moved = supervisor[1:] != supervisor[:-1]
    follows = np.append(use[1:], False)
    change, changed, when = np.diff(mean)[use], moved[use], period[1:][use]
    _, when = np.unique(when, return_inverse=True)
    kept = np.bincount(when[~changed], minlength=when.max(initial=-1) + 1)
    total = np.bincount(when[~changed], weights=change[~changed], minlength=kept.size)
    common = np.divide(total, kept, out=np.zeros(kept.size), where=kept > 0)
    noise = ((1 / n[1:] + 1 / n[:-1]) / 2)[use]
    later = np.append(moved[1:], False)[use]
    return _Steps(change - common[when], changed, later, follows[use], noise, team[1:][use])


def _refusal(steps: _Steps, min_changes: int) -> str:
    """Why there is no estimate; empty when there is one."""
    if steps.change.size == 0:
        return "empty"
    if steps.changed.sum() < min_changes:
        return "too_few_changes"
    if (~steps.changed).sum() < min_changes:
        return "no_stable_teams"
    if not steps.change.any():
        return "constant"
    inside = max(float(np.ptp(steps.noise[part])) for part in (steps.changed, ~steps.changed))
    return "sizes_apart" if inside < 1e-9 < float(np.ptp(steps.noise)) else ""


def _two_means(
    y: Floats, marked: NDArray[np.bool_], noise: Floats | None, team: Ints
) -> tuple[Floats, Floats]:
    """Means of y where not marked and where marked, at mean `noise`; covariance clustered by team."""
    columns = [(~marked).astype(np.float64), marked.astype(np.float64)]
    if noise is not None and np.ptp(noise) > 1e-9:
        columns.append(noise - noise.mean())
    design = np.column_stack(columns)
    bread = np.linalg.pinv(design.T @ design)
    coef = bread @ (design.T @ y)
    _, cluster = np.unique(team, return_inverse=True)
    score = np.zeros((cluster.max() + 1, design.shape[1]))
    np.add.at(score, cluster, design * (y - design @ coef)[:, None])
    covariance = bread @ (score.T @ score) @ bread * (score.shape[0] / (score.shape[0] - 1))
    return coef[:2], covariance[:2, :2]


def _check(steps: _Steps, level: float) -> dict[str, Any]:
    """Mean change one period before a change of supervisor less that elsewhere: t, clustered by team."""
    use = ~steps.changed & steps.has_next
    marked, team = steps.changes_next[use], steps.team[use]
    teams = np.unique(team[marked]).size
    if teams < 2 or (~marked).sum() < 2:
        return {"n_check": int(marked.sum())}
    means, covariance = _two_means(steps.change[use], marked, None, team)
    se = _difference_se(covariance)
    value, half = float(means[1] - means[0]), float(stdtrit(teams - 1, 0.5 + level / 2)) * se
    p = float(2 * stdtr(teams - 1, -abs(value) / se)) if se > 0 else math.nan
    return {
        "check": value, "check_se": se, "check_lower": value - half, "check_upper": value + half, "check_p": p,
        "n_check": int(marked.sum()),
    }  # fmt: skip
