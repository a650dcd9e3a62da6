"""Self ratings against others' ratings: only the difference is identified, not who is closer to the truth."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

from kinerja_analysis.stats._arrays import codes, confidence, least_variance, vector
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

MIN_UNITS = 5
"""Fewest units for a jackknife interval; below 30 call it approximate."""

BAND = 0.5
"""Half width of "in agreement", in pooled standard deviations."""

Floats = NDArray[np.float64]
QUANTITIES = ("difference", "d_av", "d_z", "r")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfOther:
    """Self minus other over employees.

    `difference` in score points; `d_av` = difference / pooled SD of the two ratings, comparable with
    published values; `d_z` = difference / SD of the differences, for the test only; `r` over employees.
    `shares`: over, in agreement, under (beyond ±.5 pooled SD); `expected`: the shares that the two
    reliabilities alone would produce with no true difference anywhere, NaN where no reliabilities are given.
    `se`, `lower`, `upper` are in the order difference, d_av, d_z, r (r: limits by Fisher's z).
    """

    difference: float = math.nan
    d_av: float = math.nan
    d_z: float = math.nan
    r: float = math.nan
    se: Floats
    lower: Floats
    upper: Floats
    p: float = math.nan
    shares: Floats
    expected: Floats
    sd_self: float = math.nan
    sd_other: float = math.nan
    level: float
    n: int
    n_units: int
    method: str = "delete_one_unit_jackknife"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        kinds = ("over", "in_agreement", "under")
        values = (
            block(q, getattr(self, q), se=self.se[i], lower=self.lower[i], upper=self.upper[i])
            for i, q in enumerate(QUANTITIES)
        )
        shares = block("share", self.shares, level=kinds)
        return frame(*values, shares, block("expected_share", self.expected, level=kinds))


def self_other(
    self_score: ArrayLike,
    other_score: ArrayLike,
    unit: ArrayLike,
    *,
    reliability: tuple[float, float] | None = None,
    level: float = 0.95,
) -> SelfOther:
    """Difference of self and other ratings, with intervals clustered by unit.

    Parameters
    ----------
    self_score, other_score : array_like, shape (n,)
        One pair per employee, on one scale.
    unit : array_like of int, shape (n,)
        Unit codes, the clusters.
    reliability : (float, float), optional
        Reliability of the self and of the other score, in (0, 1], for the expected shares.
    level : float
        Confidence level, delete-one-unit jackknife with t(U − 1).

    Returns
    -------
    SelfOther
        `reason` is "", "empty" (fewer than two employees), "constant" (self or other does not vary: d_av, r
        or d_z are NaN where undefined) or "too_few_units" (< 5: no intervals).

    Raises
    ------
    ValueError
        On NaN, unequal lengths, negative codes or a reliability outside (0, 1].

    Notes
    -----
    d_z = d_av/√(2(1 − r)) for equal variances, so d_z must not be compared with a published d. Expected
    shares: differences are normal with mean 0 and variance s₁² + s₂² − 2·s₁·s₂·√(ρ₁ρ₂).

    Examples
    --------
    >>> fit = self_other([4, 3, 4, 5], [3, 3, 4, 4], [0, 0, 1, 1])
    >>> fit.difference, fit.shares.tolist(), fit.reason
    (0.5, [0.5, 0.5, 0.0], 'too_few_units')
    """
    confidence(level)
    own = vector(self_score, "self_score")
    other = vector(other_score, "other_score", own.size)
    place = codes(unit, "unit", own.size)
    if reliability is not None and not all(0.0 < v <= 1.0 for v in reliability):
        raise ValueError(f"reliabilities must lie in (0, 1], got {reliability}")
    blank, three, used = np.full(4, math.nan), np.full(3, math.nan), np.unique(place)
    tail: dict[str, Any] = {"level": level, "n": own.size, "n_units": used.size}
    if own.size < 2:
        return SelfOther(
            se=blank, lower=blank, upper=blank, shares=three, expected=three, **tail, reason="empty"
        )
    table = _unit_sums(own - own.mean(), other - other.mean(), place)[used]
    shift = float(own.mean() - other.mean())
    floor = np.array([least_variance(own), least_variance(other), least_variance(own, other)])
    value, sds = _quantities(table.sum(axis=0), shift, floor)
    se, lower, upper = _intervals(value, table, shift, floor, level)
    t = value[0] / se[0] if se[0] > 0 else math.nan
    p = float(2 * stdtr(used.size - 1, -abs(t)))
    expected = three if reliability is None else _expected(sds, reliability)
    reason = "constant" if not np.isfinite(value).all() else "" if used.size >= MIN_UNITS else "too_few_units"
    return SelfOther(
        **dict(zip(QUANTITIES, value.tolist(), strict=True)), se=se, lower=lower, upper=upper, p=p,
        shares=_shares(own - other, sds), expected=expected, sd_self=float(sds[0]), sd_other=float(sds[1]),
        **tail, reason=reason,
    )  # fmt: skip


def _unit_sums(a: Floats, b: Floats, unit: NDArray[np.intp]) -> Floats:
    """Per unit: n, Σa, Σb, Σa², Σb², Σab."""
    columns = (np.ones(a.size), a, b, a * a, b * b, a * b)
    return np.column_stack([np.bincount(unit, weights=v) for v in columns])


def _quantities(sums: Floats, shift: float, floor: Floats) -> tuple[Floats, Floats]:
    """Difference, d_av, d_z, r, and the two SDs, for rows of sums; undefined ones NaN; variances to ``floor`` are 0."""
    n, sa, sb, saa, sbb, sab = np.moveaxis(sums, -1, 0)
    va, vb, cov = ((s - x * y / n) / (n - 1) for s, x, y in ((saa, sa, sa), (sbb, sb, sb), (sab, sa, sb)))
    va, vb, vd = (np.where(v > f, v, 0.0) for v, f in zip((va, vb, va + vb - 2 * cov), floor, strict=True))
    difference = (sa - sb) / n + shift
    with np.errstate(divide="ignore", invalid="ignore"):
        d_av, d_z, r = difference / np.sqrt((va + vb) / 2), difference / np.sqrt(vd), cov / np.sqrt(va * vb)
    value = np.stack([difference, d_av, d_z, np.clip(r, -1, 1)], axis=-1)
    return np.where(np.isfinite(value), value, math.nan), np.sqrt(np.stack([va, vb], axis=-1))


def _intervals(
    value: Floats, table: Floats, shift: float, floor: Floats, level: float
) -> tuple[Floats, Floats, Floats]:
    """Standard errors and limits of the four quantities; r on the scale of Fisher's z."""
    if table.shape[0] < MIN_UNITS:
        return np.full(4, math.nan), np.full(4, math.nan), np.full(4, math.nan)
    left, _ = _quantities(table.sum(axis=0) - table, shift, floor)
    ends = [unit_jackknife(float(v), left[:, i], level=level) for i, v in enumerate(value)]
    with np.errstate(divide="ignore"):
        z, z_left = float(np.arctanh(value[3])), np.arctanh(left[:, 3])
    _, low, high = unit_jackknife(z, z_left, level=level)
    se, lower, upper = np.array([*ends[:3], (ends[3][0], math.tanh(low), math.tanh(high))]).T
    return se, lower, upper


def _shares(difference: Floats, sds: Floats) -> Floats:
    """Shares of over, in agreement, under at ±.5 pooled SD."""
    pooled = math.sqrt(float(sds @ sds) / 2)
    if pooled == 0:
        return np.full(3, math.nan)
    over, under = (difference > BAND * pooled).mean(), (difference < -BAND * pooled).mean()
    return np.array([over, 1 - over - under, under])


def _expected(sds: Floats, reliability: tuple[float, float]) -> Floats:
    """The same shares if both ratings measured the same thing with these reliabilities."""
    pooled = math.sqrt(float(sds @ sds) / 2)
    spread = float(sds @ sds) - 2 * sds[0] * sds[1] * math.sqrt(reliability[0] * reliability[1])
    if pooled == 0:
        return np.full(3, math.nan)
    tail = float(ndtr(-BAND * pooled / math.sqrt(spread))) if spread > 0 else 0.0
    return np.array([tail, 1 - 2 * tail, tail])
