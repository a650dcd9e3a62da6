"""Supervisor changes as an event study: the spread of leniency from teams that stay while supervisors go."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import stdtr, stdtrit

from kinerja_analysis.stats._arrays import codes, confidence, vector
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorChange:
    """How much more employees of one group move together when their supervisor changes.

    `value` = 2σ²_λ with the interval for it; `sd` = σ_λ with limits, each clipped at 0. `z` is the log of the ratio
    of the mean square of groups that changed to what it would be without leniency, in standard errors, `p`
    one-sided, since a variance is not negative. `check` is the mean change *before* a change of supervisor, less
    that of groups without one: it should be 0 if changes do not follow performance; `n_check` counts the changes it
    rests on (those with a period before). `n` counts groups and pairs of consecutive periods, `n_changed` the changes
    (one where the same supervisor follows the same one), `n_supervisors` who took over; `df` are the degrees of freedom
    of the limits.
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
    df: float = math.nan
    level: float
    n: int
    n_changed: int
    n_supervisors: int
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
class _Groups:
    """Groups of employees who share team, period, old and new supervisor, cleared of the period's common shift.

    `square`: squared mean change; `own`: the part of it that single employees make up, and the shift's error. `who`:
    supervisor before and after, in columns; `when`: the period.
    """

    square: Floats
    own: Floats
    changed: Flags
    who: Ints
    when: Ints


@dataclass(frozen=True, slots=True)
class _Before:
    """Mean change of groups that kept their supervisor, by whether they change in the period after."""

    change: Floats
    changes_next: Flags
    who: Ints


def supervisor_change(
    change: ArrayLike,
    employee: ArrayLike,
    team: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    period: ArrayLike,
    *,
    level: float = 0.95,
    min_changes: int = 10,
    min_size: int = 3,
    alone: bool = False,
) -> SupervisorChange:
    """Spread of leniency from changes of supervisor.

    Parameters
    ----------
    change : array_like, shape (m,)
        Score of an employee less that of the period before; one row per employee and pair of neighbouring periods.
    employee, team, before, after : array_like of int, shape (m,)
        Codes of the employee, of the unit, and of the supervisors of the period before and of this one.
    period : array_like of int, shape (m,)
        Running number of the later period: neighbours differ by one.
    level : float
        Confidence level.
    min_changes : int
        Fewest changes for an estimate, and fewest groups that kept their supervisor.
    min_size : int
        Fewest employees of a group, at least 2; smaller groups are left out.
    alone : bool
        Take each employee for a group: what a supervisor sees in one person stays in, `value` is an upper bound.

    Returns
    -------
    SupervisorChange
        `reason` is "", "empty" (no group in a period of which two or more kept their supervisor),
        "too_few_changes", "no_stable_teams" (fewer than `min_changes` groups without a change) or "constant"
        (nothing moves).

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes, two rows of one employee and period, or `min_size` below 2.

    Notes
    -----
    A group holds the employees of a team with the same old and new supervisor. The mean product of the changes of two
    *different* employees of it, d̄² − s²/n, holds what moves all of them (leniency, and what befalls the team), but
    neither chance nor what a supervisor sees in one person, whatever the size. Its mean where the supervisor changed
    less that where not is 2σ²_λ. Assumes that changes are unrelated to the change in performance and that performance
    is stable up to a common shift of each period (the mean of the groups that kept their supervisor; its error is
    taken out).

    Groups that share a supervisor depend on each other (two who exchange tell one thing twice): the errors allow for
    it, and the degrees of freedom are those of as many independent changes less 1. Mean squares are skewed: limits are
    those of the logs of the mean d̄² of changed groups and of what it would be without leniency, joined by MOVER (Zou &
    Donner 2008). The d̄² of changed groups are taken to vary, relative to their mean, at least as much as squares of
    normal values and as the d̄² of the others (`tests/calibration/inside_supervisors.csv`).

    Examples
    --------
    In twelve teams of three all move by 1 when the supervisor changes (up or down), twelve others do not move at all:

    >>> team = np.repeat(np.arange(24), 3)
    >>> change = np.where(team < 6, 1.0, np.where(team < 12, -1.0, 0.0))
    >>> fit = supervisor_change(change, np.arange(72), team, team, team + 24 * (team < 12), np.ones(72, int))
    >>> fit.value, round(fit.sd, 4), fit.n_changed
    (1.0, 0.7071, 12)
    """
    confidence(level)
    d = vector(change, "change")
    if min_size < 2:
        raise ValueError("min_size must be at least 2")
    names = {"employee": employee, "team": team, "before": before, "after": after, "period": period}
    rows = {name: codes(v, name, d.size) for name, v in names.items()}
    groups, ahead = _grouped(d, rows, 1 if alone else min_size)
    counts: dict[str, Any] = {
        "level": level,
        "n": groups.square.size,
        "n_changed": len(np.unique(np.column_stack([groups.when, groups.who])[groups.changed], axis=0)),
        "n_supervisors": np.unique(groups.who[groups.changed, 1]).size,
    }
    reason = _refusal(groups, counts["n_changed"], min_changes)
    if reason:
        return SupervisorChange(**counts, reason=reason)
    return _estimate(groups, ahead, counts)


def _estimate(groups: _Groups, ahead: _Before, counts: dict[str, Any]) -> SupervisorChange:
    """The record of a design that carries an estimate."""
    moved = groups.changed
    freedom = max(_independent(groups.who[moved]) - 1, 1.0)
    t = float(stdtrit(freedom, 0.5 + counts["level"] / 2))
    columns = [(y, k) for k in (~moved, moved) for y in (groups.square, groups.own)]
    # without leniency the mean square of those who changed would be their own part and what moves the others together
    without = np.array([[1.0, -1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    (still, changed), covariance = _means(columns, without, groups.who)
    covariance[1, 1] = max(covariance[1, 1], (changed * _spread_floor(groups.square[~moved], counts["n_changed"])) ** 2)
    value, se = changed - still, math.sqrt(max(float(covariance.trace() - 2 * covariance[0, 1]), 0.0))
    lower, upper = _difference_limits(still, changed, covariance, t)
    sd, sd_lower, sd_upper = (math.sqrt(max(v, 0.0) / 2) for v in (value, lower, upper))
    z = _log_ratio(still, changed, covariance)
    return SupervisorChange(
        value=value, se=se, lower=lower, upper=upper, sd=sd, sd_lower=sd_lower, sd_upper=sd_upper, z=z, df=freedom,
        p=float(stdtr(freedom, -z)), **_check(ahead, counts["level"]), **counts,
    )  # fmt: skip


def _independent(who: Ints) -> float:
    """How many independent changes are worth as much as these, whose supervisors partly exchanged with each other.

    Two changes move by λ_after − λ_before each: where two supervisors exchange, the one tells what the other does. Of
    normal leniencies the squares have the correlation c², c = e_g·e_h/2, where e is 1 at the new supervisor and −1 at
    the old: n²/Σc², and the sum over changes of c² is that over supervisors of the squares of E'E/2.
    """
    n = len(who)
    row, sign = np.repeat(np.arange(n), 2), np.tile([-1.0, 1.0], n)
    e = sparse.csr_array((sign, (row, who.ravel())), shape=(n, int(who.max()) + 1))
    return n**2 / float(((e.T @ e) / 2).power(2).sum())


def _spread_floor(kept: Floats, n: int) -> float:
    """Least standard error of the mean square of n groups that changed, relative to it.

    The squares of normal values have the coefficient of variation √2, those of skewed shares more. It is known
    well from the groups that stay, badly from a few changes, whose own estimate is low when their mean square is.
    """
    ratio = float(kept.var() / kept.mean() ** 2) if kept.any() else 0.0
    return math.sqrt(max(2.0, ratio) / n)


def _difference_limits(a: float, b: float, covariance: Floats, t: float) -> tuple[float, float]:
    """Limits of b − a from the limits of the logs of the two, joined as in MOVER; `a` is a difference, perhaps of 0."""
    se_a, se_b = (math.sqrt(max(v, 0.0)) for v in np.diag(covariance))
    lb, ub = _log_limits(b, se_b, t)
    la, ua = _log_limits(a, se_a, t) if t * se_a < a else (a - t * se_a, a + t * se_a)
    rho = float(covariance[0, 1]) / (se_a * se_b) if se_a * se_b > 0 else 0.0
    down, up = ((b - lb, ua - a), (ub - b, a - la))
    low, high = (math.sqrt(max(x * x + y * y - 2 * rho * x * y, 0.0)) for x, y in (down, up))
    return b - a - low, b - a + high


def _log_limits(mean: float, se: float, t: float) -> tuple[float, float]:
    """mean·exp(±t·se/mean): a mean square is skewed, its log much less."""
    if mean <= 0:
        return mean - t * se, mean + t * se
    factor = math.exp(min(t * se / mean, 600.0))
    return mean / factor, mean * factor


def _log_ratio(a: float, b: float, covariance: Floats) -> float:
    """log(b/a) in standard errors; on the plain difference where a mean is not positive."""
    gradient = np.array([-1 / a, 1 / b]) if min(a, b) > 0 else np.array([-1.0, 1.0])
    distance = math.log(b / a) if min(a, b) > 0 else b - a
    se = math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    return distance / se if se > 0 else math.copysign(math.inf, distance)


def _grouped(d: Floats, rows: dict[str, Ints], min_size: int) -> tuple[_Groups, _Before]:
    """Groups of at least `min_size` in periods of which two or more kept their supervisor; `min_size` 1: each alone."""
    employee, team, period = rows["employee"], rows["team"], rows["period"]
    who = np.column_stack([rows["before"], rows["after"]])
    order = np.lexsort((period, employee))
    follows = (np.diff(employee[order]) == 0) & (np.diff(period[order]) == 1)
    if ((np.diff(employee[order]) == 0) & (np.diff(period[order]) == 0)).any():
        raise ValueError("an employee has two rows in one period")
    moved = rows["before"] != rows["after"]
    next_ = np.full(d.size, -1)
    next_[order[:-1][follows]] = moved[order[1:][follows]]
    by = [employee] if min_size == 1 else [rows["before"], rows["after"]]
    mean, own, first = _group_means(d, [period, team, *by], min_size)
    when, changed = period[first], moved[first]
    shift, error, kept = _shift(mean, changed, when)
    use = kept[when] > 1
    mean, own, first, when, changed = mean[use], own[use], first[use], when[use], changed[use]
    free = mean - shift[when]
    square = np.where(changed, free**2, free**2 * kept[when] / np.maximum(kept[when] - 1, 1))
    groups = _Groups(square, own + np.where(changed, error[when], 0.0), changed, who[first], when)
    known = ~moved & (next_ >= 0)
    mean, _, at = _group_means(d[known], [v[known] for v in (period, team, next_, *by)], min_size)
    use = kept[period[known][at]] > 1
    at, mean = np.flatnonzero(known)[at][use], mean[use]
    return groups, _Before(mean - shift[period[at]], next_[at] == 1, who[at])


def _group_means(d: Floats, keys: list[Ints], min_size: int) -> tuple[Floats, Floats, Ints]:
    """Mean, s²/n and first row of each group of at least `min_size`; s² = 0 in groups of one."""
    _, first, code = np.unique(np.column_stack(keys), axis=0, return_index=True, return_inverse=True)
    code = code.ravel()
    n = np.bincount(code, minlength=first.size)
    mean = np.bincount(code, d, n.size) / np.maximum(n, 1)
    squares = np.bincount(code, (d - mean[code]) ** 2, n.size)
    use = n >= min_size
    return mean[use], (squares / np.maximum(n - 1, 1) / np.maximum(n, 1))[use], first[use]


def _shift(mean: Floats, changed: Flags, when: Ints) -> tuple[Floats, Floats, Ints]:
    """By period: mean change of the groups that kept their supervisor, its variance, and their number."""
    periods = int(when.max(initial=-1)) + 1
    still, at = mean[~changed], when[~changed]
    kept = np.bincount(at, minlength=periods)
    shift = np.bincount(at, still, periods) / np.maximum(kept, 1)
    squares = np.bincount(at, (still - shift[at]) ** 2, periods)
    return shift, squares / np.maximum(kept - 1, 1) / np.maximum(kept, 1), kept


def _refusal(groups: _Groups, n_changed: int, min_changes: int) -> str:
    """Why there is no estimate; empty when there is one."""
    if groups.square.size == 0:
        return "empty"
    if n_changed < min_changes:
        return "too_few_changes"
    if (~groups.changed).sum() < min_changes:
        return "no_stable_teams"
    return "" if groups.square.any() or groups.own.any() else "constant"


def _means(columns: list[tuple[Floats, Flags]], weights: Floats, who: Ints) -> tuple[list[float], Floats]:
    """Weighted sums (rows of `weights`) of the means of columns over the groups marked beside them.

    Their covariance is over groups that share a supervisor.
    """
    means = np.array([y[marked].mean() for y, marked in columns])
    score = np.zeros((len(who), len(columns)))
    for k, (y, marked) in enumerate(columns):
        score[marked, k] = (y[marked] - means[k]) / marked.sum()
    score = score @ weights.T
    # pairs that share a supervisor: over supervisors, less what two who share both count twice
    moved = who[:, 0] != who[:, 1]
    one = np.concatenate([who[:, 0], who[moved, 1]])
    both = np.unique(np.sort(who[moved], axis=1), axis=0, return_inverse=True)[1].ravel()
    alone = score.T @ score
    covariance = _outer(np.concatenate([score, score[moved]]), one) - _outer(score[moved], both)
    if np.linalg.eigvalsh(covariance)[0] < -1e-12 * np.trace(alone) or np.trace(covariance) < np.trace(alone):
        covariance = alone  # a sum over pairs that share may come out too low, even negative
    return (weights @ means).tolist(), covariance * (len(who) / (len(who) - 1))


def _outer(score: Floats, cluster: Ints) -> Floats:
    """Sum over clusters of the outer product of the sum of their rows."""
    total = np.zeros((int(cluster.max(initial=-1)) + 1, score.shape[1]))
    np.add.at(total, cluster, score)
    return total.T @ total


def _check(ahead: _Before, level: float) -> dict[str, Any]:
    """Mean change one period before a change of supervisor less that elsewhere: t of supervisors less 1."""
    marked = ahead.changes_next
    freedom = np.unique(ahead.who[marked, 0]).size - 1
    if freedom < 1 or (~marked).sum() < 2:
        return {"n_check": int(marked.sum())}
    columns = [(ahead.change, ~marked), (ahead.change, marked)]
    (value,), covariance = _means(columns, np.array([[-1.0, 1.0]]), ahead.who)
    se = math.sqrt(float(covariance[0, 0]))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * se
    p = float(2 * stdtr(freedom, -abs(value) / se)) if se > 0 else math.nan
    return {
        "check": value, "check_se": se, "check_lower": value - half, "check_upper": value + half, "check_p": p,
        "n_check": int(marked.sum()),
    }  # fmt: skip
