"""The social relations model of round robins: who rates high, who is rated high, what pairs return to each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, fdtri, stdtr, stdtrit

from kinerja_analysis.stats._arrays import confidence
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
NAMES = ("actor", "partner", "relationship", "actor_partner", "dyadic")
CROSS = ("actor_actor", "partner_partner", "actor_partner", "partner_actor", "intrapersonal", "interpersonal")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialRelations:
    """Variances of a round robin: `actor` (perceiver: leniency), `partner` (target: consensus), `relationship`, and the
    covariances `actor_partner` and `dyadic` (of the two relationships of a pair). Negative values stay.

    `standardised` has the three variances as shares of their sum, ``reciprocity`` (generalised: actor_partner as a
    correlation) and ``dyadic`` reciprocity (dyadic/relationship). `se` and `t` are by Bond & Lashley, limits with
    t(Σ(n − 1) over groups); those of actor and partner variance are the values that their standard error there does
    not reject (infinite at 95 % for fewer than ten persons). `p` is one-sided for variances; that of actor, partner and
    dyadic is an F test. Effects belong to the persons of the matrix in order, NaN for those dropped and where the
    variance is not positive. `cross` (two matrices only) holds the six covariances of `CROSS`, the first variable's
    part named first, with jackknife errors in `cross_se`; `second` is the second matrix's own record. `se_between`
    (several groups only): from how groups differ, weighted. `reciprocity` tests dyadic reciprocity: "F" = MS
    between pairs / MS within, pooled over groups, "df1", "df2", "p" (two-sided, exact for normal relationships),
    "value" of dyadic/relationship = (F − 1)/(F + 1), "lower", "upper".
    """

    actor: float = math.nan
    partner: float = math.nan
    relationship: float = math.nan
    actor_partner: float = math.nan
    dyadic: float = math.nan
    se: dict[str, float]
    se_between: dict[str, float]
    t: dict[str, float]
    p: dict[str, float]
    lower: dict[str, float]
    upper: dict[str, float]
    standardised: dict[str, float]
    reciprocity: dict[str, float]
    reliability_actor: float = math.nan
    reliability_partner: float = math.nan
    actor_effect: Floats
    partner_effect: Floats
    cross: dict[str, float]
    cross_se: dict[str, float]
    second: "SocialRelations | None" = None
    n: int
    n_groups: int
    n_dropped: int
    level: float
    method: str = "anova_bond_lashley"
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        ends = {q: np.array([getattr(self, q)[name] for name in NAMES]) for q in ("se", "lower", "upper")}
        cross = np.array([self.cross_se[name] for name in self.cross])
        return frame(
            block("variance", [getattr(self, name) for name in NAMES], level=NAMES, **ends),
            block("standardised", list(self.standardised.values()), level=list(self.standardised)),
            *(block(f"reciprocity_{name}", value) for name, value in self.reciprocity.items()),
            block("reliability", [self.reliability_actor, self.reliability_partner], level=["actor", "partner"]),
            block("cross", list(self.cross.values()), level=list(self.cross), se=cross),
        )


def social_relations(
    matrix: ArrayLike | Sequence[ArrayLike],
    second: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    level: float = 0.95,
) -> SocialRelations:
    """Variance components of everybody rating everybody.

    Parameters
    ----------
    matrix : array_like, shape (n, n), or a sequence of such
        Row = who rates, column = who is rated; the diagonal (self) is ignored. Several matrices are groups that do
        not rate each other; they are pooled with weights n − 1.
    second : like `matrix`, optional
        Another variable of the same persons: covariances between the two.
    level : float
        Confidence level.

    Returns
    -------
    SocialRelations
        Persons are dropped until no rating is missing, first who lacks most (`n_dropped`); nothing is imputed.
        `reason` is "", "too_small" (no group of four left), "constant" or "negative_variance" (of actor, partner or
        relationship).

    Raises
    ------
    ValueError
        If a matrix is not square, holds infinity, or the second differs in shape.

    References
    ----------
    Warner, Kenny & Stoto (1979); Bond & Lashley (1996) for the standard errors; Kenny (1994) for two variables.
    Shuffling partners is no test of reciprocity: residuals of a pair are negatively tied by construction.

    Examples
    --------
    >>> a, b = np.array([1.0, -1, 0, 2, -2]), np.array([2.0, 0, -2, 1, -1])
    >>> fit = social_relations(5 + a[:, None] + b)
    >>> [round(float(v), 6) + 0.0 for v in (fit.actor, fit.partner, fit.relationship)]
    [2.5, 2.5, 0.0]
    """
    confidence(level)
    groups, persons = _groups(matrix)
    others, same = _groups(second) if second is not None else (groups, persons)
    if same != persons:
        raise ValueError("the second variable has matrices of other sizes")
    keep = [_complete(x, y) for x, y in zip(groups, others, strict=True)]
    n_dropped = sum(n - k.size for n, k in zip(persons, keep, strict=True))
    own = [_Group(x[np.ix_(k, k)]) for x, k in zip(groups, keep, strict=True) if k.size > 3]
    where = [k + sum(persons[:i]) for i, k in enumerate(keep) if k.size > 3]
    first = _record(own, where, sum(persons), n_dropped, level)
    if second is None:
        return first
    their = [_Group(y[np.ix_(k, k)]) for y, k in zip(others, keep, strict=True) if k.size > 3]
    cross, cross_se = _between(own, their)
    record = {name: getattr(first, name) for name in SocialRelations.__dataclass_fields__}
    record |= {"cross": cross, "cross_se": cross_se, "second": _record(their, where, sum(persons), n_dropped, level)}
    return SocialRelations(**record)


def _groups(matrix: ArrayLike | Sequence[ArrayLike]) -> tuple[list[Floats], list[int]]:
    """The matrices, with an empty diagonal, and how many persons each has."""
    listed = isinstance(matrix, (list, tuple)) and len(matrix) > 0
    several = np.ndim(matrix[0]) == 2 if listed else np.ndim(matrix) == 3  # type: ignore[arg-type, index]
    found = []
    for one in matrix if several else [matrix]:  # type: ignore[union-attr]
        x = np.array(one, dtype=np.float64)
        if x.ndim != 2 or x.shape[0] != x.shape[1]:
            raise ValueError(f"a round robin is a square matrix, got shape {x.shape}")
        if np.isinf(x).any():
            raise ValueError("the matrix holds infinity")
        np.fill_diagonal(x, 0.0)
        found.append(x)
    return found, [x.shape[0] for x in found]


def _complete(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Persons left after dropping those who lack most ratings, one at a time."""
    gap = np.isnan(x) | np.isnan(y)
    keep = np.arange(x.shape[0])
    while gap[np.ix_(keep, keep)].any():
        part = gap[np.ix_(keep, keep)]
        keep = np.delete(keep, int(np.argmax(part.sum(axis=0) + part.sum(axis=1))))
    return keep


class _Group:
    """One complete round robin: effects, mean squares and components."""

    def __init__(self, x: Floats) -> None:
        n = self.n = x.shape[0]
        off = ~np.eye(n, dtype=bool)
        x = np.where(off, x - x[off].mean(), 0.0) if np.ptp(x[off]) else np.zeros((n, n))
        self.x = x
        row, column = x.sum(axis=1) / (n - 1), x.sum(axis=0) / (n - 1)
        big, small = (n - 1) ** 2 / (n * (n - 2)), (n - 1) / (n * (n - 2))
        self.a, self.b = big * row + small * column, big * column + small * row
        g = np.where(off, x - self.a[:, None] - self.b, 0.0)
        self.both, self.apart = (g + g.T) / 2, g - g.T

    def covariances(self, other: "_Group") -> Floats:
        """actor–actor, partner–partner, intrapersonal, actor–partner, partner–actor, interpersonal with `other`."""
        n = self.n
        pairs = (n - 1) * (n - 2) / 2
        between = float((self.both * other.both).sum()) / (pairs - 1)
        within = float((self.apart * other.apart).sum()) / 4 / pairs
        less, more = between / (2 * (n - 2)) + within / (2 * n), between / (2 * (n - 2)) - within / (2 * n)
        sums = np.array([self.a @ other.a, self.b @ other.b, self.a @ other.b, self.b @ other.a]) / (n - 1)
        joint = [(between + within) / 2, (between - within) / 2]
        return np.array([sums[0] - less, sums[1] - less, joint[0], sums[2] - more, sums[3] - more, joint[1]])


def _bond_lashley(n: int, s: Floats) -> tuple[Floats, Floats]:
    """Sampling variances of actor, partner, relationship, actor_partner, dyadic under normality.

    Also (constant, slope, square): what the variance of actor (or partner) is as a quadratic of its own true value.
    """
    a, b, c, ab, h = s
    w = (n**2 - 3 * n + 6) * (n**2 - 3 * n + 4)
    d = w * (n + 1) * n**2 * (n - 2) ** 2
    mixed = 4 * (n**5 - 5 * n**4 + 20 * n**3 - 42 * n**2 + 60 * n - 32) * c * h / d
    constant = mixed + 2 * (n**6 - 7 * n**5 + 28 * n**4 - 66 * n**3 + 102 * n**2 - 84 * n + 32) * c**2 / d
    constant += 2 * (n**3 - n**2 - 2 * n + 16) * (n**2 - 2 * n + 2) * h**2 / d
    own = np.array([constant, 4 * ((n - 1) * c + h) / ((n + 1) * n * (n - 2)), 2 / (n + 1)])
    pair = 2 * (n**2 - 3 * n + 5) * (c**2 + h**2) / w + 4 * c * h / w
    cov = (n - 3) * ab**2 / ((n + 1) * (n - 2)) + (n - 1) * a * b / ((n + 1) * (n - 2)) + mixed
    cov += (n**6 - 5 * n**5 + 19 * n**4 - 45 * n**3 + 90 * n**2 - 96 * n + 64) * c**2 / d
    cov += (n**6 - 7 * n**5 + 31 * n**4 - 83 * n**3 + 150 * n**2 - 144 * n + 64) * h**2 / d
    cov += (n - 1) * (a + b) * ((n - 1) * c + h) / ((n + 1) * n * (n - 2) ** 2)
    cov += 2 * (n - 3) * ab * (c + (n - 1) * h) / ((n + 1) * n * (n - 2) ** 2)
    quadratic = [float(own @ [1.0, v, v * v]) for v in (a, b)]
    return np.array([*quadratic, pair, cov, pair]), own


def _not_rejected(value: float, own: Floats, t: float) -> tuple[float, float]:
    """Limits v with |value − v| = t·se(v), where se(v)² = own·(1, v, v²)."""
    constant, slope, square = t * t * own
    lead, middle = 1 - square, 2 * value + slope
    root = math.sqrt(max(middle**2 - 4 * lead * (value**2 - constant), 0.0))
    if lead <= 0:
        return (value**2 - constant) * 2 / (middle + root), math.inf
    return (middle - root) / (2 * lead), (middle + root) / (2 * lead)


def _record(
    groups: list[_Group], where: list[NDArray[np.intp]], persons: int, n_dropped: int, level: float
) -> SocialRelations:
    """Pool the groups with weights n − 1."""
    gone = dict.fromkeys(NAMES, math.nan)
    effects = np.full((2, persons), math.nan)
    shared: dict[str, Any] = {
        "n": sum(g.n for g in groups), "n_groups": len(groups), "n_dropped": n_dropped, "level": level, "cross": {},
        "cross_se": {},
    }  # fmt: skip
    if not groups or not any(g.x.any() for g in groups):
        nothing: dict[str, Any] = dict.fromkeys(NAMES, 0.0 if groups else math.nan)
        return SocialRelations(
            **shared, **nothing, se=gone, se_between={}, t=gone, p=gone, lower=gone, upper=gone,
            standardised={}, reciprocity={}, actor_effect=effects[0], partner_effect=effects[1],
            reason="constant" if groups else "too_small",
        )  # fmt: skip
    weight = np.array([g.n - 1.0 for g in groups])
    weight /= weight.sum()
    each = np.array([g.covariances(g)[[0, 1, 2, 3, 5]] for g in groups])
    value = weight @ each
    single, own = zip(*(_bond_lashley(g.n, s) for g, s in zip(groups, each, strict=True)), strict=True)
    se = np.sqrt(np.maximum(weight**2 @ np.array(single), 0.0))
    df = sum(g.n - 1 for g in groups)
    t = np.divide(value, se, out=np.full(5, math.nan), where=se > 0)
    p = np.where([True, True, True, False, False], stdtr(df, -t), 2 * stdtr(df, -np.abs(t)))
    q, known, mutual = float(stdtrit(df, 0.5 + level / 2)), weight**2 @ np.array(own), _reciprocity(groups, level)
    lower, upper = value - q * se, value + q * se
    for k in (0, 1):
        lower[k], upper[k] = _not_rejected(value[k], known, q)
    p[:2], p[4] = _none_there(value[:2], each, weight, groups), mutual["p"]
    several = len(groups) > 1
    spread = weight @ (each - value) ** 2 / (1 - weight @ weight) if several else np.zeros(5)
    between = np.sqrt(spread / len(groups))
    columns = {"se": se, "se_between": between, "t": t, "p": p, "lower": lower, "upper": upper}
    tables: dict[str, Any] = {name: dict(zip(NAMES, v.tolist(), strict=True)) for name, v in columns.items()}
    tables |= dict(zip(NAMES, value.tolist(), strict=True)) | ({} if several else {"se_between": {}})
    for g, at in zip(groups, where, strict=True):
        for k, part in enumerate((g.a, g.b)):
            effects[k, at] = part if value[k] > 0 else math.nan
    reliability = [
        float(weight @ [_reliability(g.n, s[k], s[2], s[4]) for g, s in zip(groups, each, strict=True)]) for k in (0, 1)
    ]
    return SocialRelations(
        **tables, standardised=_standardised(value), reciprocity=mutual,
        reliability_actor=reliability[0], reliability_partner=reliability[1], actor_effect=effects[0],
        partner_effect=effects[1], **shared, reason="negative_variance" if (value[:3] < 0).any() else "",
    )  # fmt: skip


def _reliability(n: int, s: float, c: float, h: float) -> float:
    """Reliability of an actor's or a partner's effect."""
    return s / (s + c * (n - 1) / (n * (n - 2)) + h / (n * (n - 2))) if s > 0 else math.nan


def _none_there(value: Floats, each: Floats, weight: Floats, groups: list[_Group]) -> Floats:
    """p of no actor and of no partner variance: Σa²/(n − 1) over what relationships alone put there, as F."""
    n = np.array([g.n for g in groups])
    pairs = (n - 1) * (n - 2) / 2
    parts = (each[:, 2] + each[:, 4]) / (2 * (n - 2)), (each[:, 2] - each[:, 4]) / (2 * n)
    alone = float(weight @ (parts[0] + parts[1]))
    spread = float(weight**2 @ (parts[0] ** 2 / (pairs - 1) + parts[1] ** 2 / pairs))
    if not alone > 0:
        return np.where(value > 0, 0.0, math.nan)
    return np.asarray(fdtrc(float((n - 1).sum()), alone**2 / spread, 1 + value / alone))


def _reciprocity(groups: list[_Group], level: float) -> dict[str, float]:
    """F test of dyadic reciprocity: sums of squares and their degrees of freedom added over groups."""
    pairs = [(g.n - 1) * (g.n - 2) / 2 for g in groups]
    df1, df2 = sum(pairs) - len(pairs), sum(pairs)
    between = sum(float((g.both**2).sum()) for g in groups) / df1
    within = sum(float((g.apart**2).sum()) for g in groups) / 4 / df2
    ratio = between / within if within > 0 else math.inf if between > 0 else math.nan
    tail = float(fdtrc(df1, df2, ratio))
    ends = [ratio / float(fdtri(df1, df2, 0.5 + sign * level / 2)) for sign in (1, -1)]
    value, lower, upper = ((f - 1) / (f + 1) if math.isfinite(f) else 1.0 for f in (ratio, *ends))
    numbers = (ratio, df1, df2, 2 * min(tail, 1 - tail), value, lower, upper)
    return dict(zip(("F", "df1", "df2", "p", "value", "lower", "upper"), numbers, strict=True))


def _standardised(value: Floats) -> dict[str, float]:
    """Shares of the variance, negative ones counted as 0, and the two reciprocities as correlations."""
    a, b, c, ab, h = value.tolist()
    clipped = np.maximum(value[:3], 0.0)
    shares = (clipped / clipped.sum()).tolist() if clipped.sum() > 0 else [math.nan] * 3
    return {
        **dict(zip(NAMES, shares, strict=False)),
        "reciprocity": ab / math.sqrt(a * b) if min(a, b) > 0 else math.nan,
        "dyadic": h / c if c > 0 else math.nan,
    }


def _between(first: list[_Group], second: list[_Group]) -> tuple[dict[str, float], dict[str, float]]:
    """The six covariances of two variables, weighted by n − 1, with delete-one-person jackknife errors."""
    order = [0, 1, 3, 4, 2, 5]
    if not first:
        gone = dict.fromkeys(CROSS, math.nan)
        return gone, gone
    weight = np.array([g.n - 1.0 for g in first])
    weight /= weight.sum()
    value, variance = np.zeros(6), np.zeros(6)
    for w, g, h in zip(weight, first, second, strict=True):
        value += w * g.covariances(h)
        if g.n < 5:
            variance += math.nan
            continue
        rest = [np.delete(np.arange(g.n), i) for i in range(g.n)]
        left = np.array([_Group(g.x[np.ix_(k, k)]).covariances(_Group(h.x[np.ix_(k, k)])) for k in rest])
        variance += w**2 * (g.n - 1) / g.n * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    se = np.sqrt(variance)
    return tuple(dict(zip(CROSS, v[order].tolist(), strict=True)) for v in (value, se))  # type: ignore[return-value]
