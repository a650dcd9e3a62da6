"""Generalizability theory: variance components of a design such as "p x (r:t)", and what other designs would give."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinerja_analysis.stats._anova import anova_squares, anova_system, solve_components
from kinerja_analysis.stats._arrays import codes, confidence, vector
from kinerja_analysis.stats._facets import ERROR, Effects, Facets, closures_of, effect_name, measured_object, parents_of
from kinerja_analysis.stats._pivots import balanced_freedom, pivots_of, simulate_components, squares_of
from kinerja_analysis.stats._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CELLS, _FEWEST = 100_000_000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GStudy:
    """Variance components of a generalizability study; dictionaries by effect, in the order of the design.

    `var` is the raw estimate, negative where the data say so; `var_clipped` has 0 there and serves coefficients.
    `se` is that of a parametric bootstrap with normal effects; `lower` and `upper` are generalized confidence
    limits, not below 0 (`pivots`: draws of what the components may be). `n` counts the cells of each effect, `sums`
    is T = Σ over its cells of (Σy)²/n, `sum_mean` that of the grand mean. `size[e]` is how many levels of e's
    facets a score of the object is averaged over in this very study. `facets` gives what each facet is nested in,
    `object` is the measured facet with what it is nested in. The effect "error" exists only where a cell holds more
    than one observation.
    """

    var: Effects
    var_clipped: Effects
    se: Effects
    lower: Effects
    upper: Effects
    n: Effects
    size: Effects
    sums: Effects
    sum_mean: float
    mean: float
    object: Facets
    facets: dict[str, Facets]
    closures: dict[str, Facets]
    pivots: Floats  # (replicates, effects)
    level: float
    n_observations: int
    design: str
    method: str
    reason: str = ""

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level (effect), value, se, lower, upper."""
        names = list(self.var)
        ends = {q: np.array(list(getattr(self, q).values())) for q in ("se", "lower", "upper")}
        return frame(
            block("variance", list(self.var.values()), level=names, **ends),
            block("cells", list(self.n.values()), level=names),
        )


def g_study(
    score: ArrayLike, facets: Mapping[str, ArrayLike], design: str, *, object: str | None = None,
    method: str = "anova", level: float = 0.95, replicates: int = 4000, seed: int = 0,
) -> GStudy:  # fmt: skip
    """Variance components of a crossed, nested, unbalanced or gappy design.

    Parameters
    ----------
    score : array_like, shape (n,)
        One row per observation; what is missing has no row.
    facets : mapping of name to array_like of int, shape (n,)
        Codes of every facet in `design`; codes of a nested facet may start again under each level above it.
    design : str
        For example "p x i", "p x (r:t)", "(r:p) x i": "x" crosses, ":" nests the left side in the right.
    object : str, optional
        The facet that is measured; default: the first one that is nested in no other.
    method : {"anova", "reml"}
        Analogous ANOVA (Henderson's method I), which keeps negative values, or restricted maximum likelihood.
    level : float
        Confidence level of components and coefficients.
    replicates, seed : int
        Of the parametric bootstrap behind `se` and of the draws behind the limits.

    Returns
    -------
    GStudy
        `reason` is "", "negative_variance" (some raw components are below 0), "constant" (all scores equal) or
        "not_identified" (the design does not determine the components, or restricted likelihood finds no residual
        variance; all NaN).

    Raises
    ------
    ValueError
        On NaN, a design that cannot be read, a facet without codes or unequal lengths.

    Notes
    -----
    Limits: Weerahandi's (1993) generalized pivots. Every mean square is its expectation times χ²/df; dividing it by
    drawn χ²/df and solving for the components gives what they may be. In balanced designs the mean squares are
    independent with their usual df; otherwise df is matched to their variance in the bootstrap.

    References
    ----------
    Brennan (2001), Generalizability Theory, chapters 3 to 7; Searle, Casella & McCulloch (1992), section 5.3;
    Weerahandi (1993), J. Am. Stat. Assoc. 88:899.

    Examples
    --------
    >>> y = [2, 4, 3, 5, 7, 6, 1, 2, 2]
    >>> g = g_study(y, {"p": np.repeat([0, 1, 2], 3), "r": np.tile([0, 1, 2], 3)}, "p x r")
    >>> {name: round(value, 3) for name, value in g.var.items()}
    {'p': 4.889, 'r': 0.667, 'pr': 0.111}
    """
    y = vector(score, "score")
    parents = parents_of(design)
    confidence(level)
    if method not in ("anova", "reml") or replicates < 2:
        raise ValueError('method must be "anova" or "reml", replicates 2 or more')
    missing = [f for f in parents if f not in facets]
    if missing:
        raise ValueError(f"facets has no codes for {', '.join(missing)}")
    own = {f: codes(facets[f], f, y.size) for f in parents}
    closures = {effect_name(c, parents): c for c in closures_of(parents)}
    cells = {name: _by_size(_combined([own[f] for f in sorted(c)], y.size), y) for name, c in closures.items()}
    order = np.lexsort([y, *cells.values()])
    y, cells = y[order], {name: code[order] for name, code in cells.items()}
    layout = _Layout(y, cells, closures, parents, measured_object(parents, object))
    return _estimate(layout, design, method, level, replicates, seed)


def _combined(columns: list[NDArray[np.intp]], n: int) -> Ints:
    """One code for each combination of codes that occurs."""
    key = np.zeros(n, np.int64)
    for column in columns:
        _, key = np.unique(key * (int(column.max(initial=0)) + 1) + column, return_inverse=True)
    return key


def _by_size(code: Ints, y: Floats) -> Ints:
    """The codes in the order of their numbers and sums: what is drawn hangs on neither names nor the order of rows."""
    order = np.lexsort([np.bincount(code, y * y), np.bincount(code, y), np.bincount(code)])
    return np.argsort(order)[code]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Scores, the cell of each row by effect, and the structure of the design."""

    y: Floats
    cells: dict[str, Ints]
    closures: dict[str, Facets]
    parents: dict[str, Facets]
    object: Facets

    def sizes(self) -> Effects:
        """Levels a score of the object is averaged over: (Σn)²/Σn² in each, their harmonic mean."""
        subject = next(self.cells[name] for name, c in self.closures.items() if c == self.object)
        total = np.bincount(subject).astype(float)
        found = Effects()
        for name, closure in self.closures.items():
            rest = closure - self.object
            same = [f for f, c in self.closures.items() if c == rest | self.object]
            if not rest or not same:
                found[name] = 1.0
                continue
            count, owner = np.bincount(self.cells[same[0]]), np.zeros(self.cells[same[0]].max() + 1, np.int64)
            owner[self.cells[same[0]]] = subject
            each = total**2 / np.bincount(owner, weights=count.astype(float) ** 2)
            found[name] = float(1 / np.mean(1 / each))
        return found


def _estimate(layout: _Layout, design: str, method: str, level: float, replicates: int, seed: int) -> GStudy:
    """Solve for the components, then simulate them for their errors."""
    y, cells = layout.y, layout.cells
    top = list(cells)[-1]
    single = y.size == int(cells[top].max(initial=-1)) + 1
    names = list(cells) if single else [*cells, ERROR]
    factors = [cells[name] for name in names[:-1]]
    shared = _described(layout, names, top) | {"level": level, "design": design}
    shared["method"] = "henderson_1" if method == "anova" else "reml"
    raw = np.full(len(names), math.nan)
    if y.size:
        coefficient, total = anova_system(y, factors, None)
        raw = solve_components(coefficient, total)
    constant = y.size > 0 and not np.ptp(y)
    if method == "reml" and np.isfinite(raw).all() and not constant:
        raw = _restricted(y, names, factors)
    gone = Effects(dict.fromkeys(names, math.nan))
    if constant or not np.isfinite(raw).all():
        only = constant and np.isfinite(raw).all()
        var, reason = (Effects(dict.fromkeys(names, 0.0)), "constant") if only else (gone, "not_identified")
        return GStudy(
            var=var, var_clipped=var, se=gone, lower=gone, upper=gone, pivots=np.zeros((0, len(names))), **shared,
            reason=reason,
        )  # fmt: skip
    clipped = np.maximum(raw, 0.0)
    count = min(replicates, max(_FEWEST, _CELLS // y.size))
    draws = simulate_components(clipped, factors, coefficient, y.size, count, seed)
    squares = squares_of(coefficient, list(shared["closures"].values()))
    freedom = balanced_freedom(cells, shared["closures"], y.size)
    pivots = pivots_of(raw, draws, squares, freedom, replicates, seed)
    ends = np.quantile(pivots, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    numbers = (raw, clipped, draws.std(axis=0, ddof=1), *ends)
    by_name = [Effects(zip(names, np.asarray(v).tolist(), strict=True)) for v in numbers]
    shared |= dict(zip(("var", "var_clipped", "se", "lower", "upper"), by_name, strict=True))
    return GStudy(**shared, pivots=pivots, reason="negative_variance" if (raw < 0).any() else "")


def _described(layout: _Layout, names: list[str], top: str) -> dict[str, Any]:
    """What is known of a design before any component: cells, sums, sizes."""
    y, cells = layout.y, layout.cells
    count = {name: float(cells[name].max(initial=-1) + 1 if name in cells else y.size) for name in names}
    sums = {name: anova_squares(cells.get(name, np.arange(y.size)), y) for name in names}
    sizes, closures = layout.sizes() if y.size else Effects(dict.fromkeys(cells, math.nan)), dict(layout.closures)
    if ERROR in names:
        sizes[ERROR], closures[ERROR] = y.size / count[top] * sizes[top], frozenset({*layout.parents, ERROR})
    mean = float(y.mean()) if y.size else math.nan
    return {
        "n": Effects(count), "size": sizes, "sums": Effects(sums), "sum_mean": y.size * mean**2, "mean": mean,
        "object": layout.object, "facets": layout.parents, "closures": closures, "n_observations": y.size,
    }  # fmt: skip


def _restricted(y: Floats, names: list[str], factors: list[Ints]) -> Floats:
    """Restricted maximum-likelihood variances."""
    from kinerja_analysis.stats.crossed_effects import crossed_effects

    fit = crossed_effects(y, dict(zip(names[:-1], factors, strict=True)), sd_interval=False)
    return np.array([*fit.sd.values(), fit.sd_residual]) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DStudy:
    """Coefficients of a decision study: Eρ² (relative) and Φ (absolute), with intervals, and error variances."""

    e_rho2: float
    e_rho2_lower: float
    e_rho2_upper: float
    phi: float
    phi_lower: float
    phi_upper: float
    universe: float
    error_relative: float
    error_absolute: float
    error_mean: float
    mean: float
    size: dict[str, float]
    study: GStudy
    fixed: Facets
    level: float
    n: int
    method: str = "generalized_pivots"
    reason: str = ""

    def phi_at(self, cut: float) -> float:
        """Φ(λ): dependability of decisions at a cut score, with the bias correction of (mean − λ)², never below Φ."""
        signal = self.universe + max((self.mean - cut) ** 2 - self.error_mean, 0.0)
        return signal / (signal + self.error_absolute) if signal + self.error_absolute > 0 else math.nan

    def needed(self, facet: str, phi: float = 0.80) -> float:
        """Smallest number of levels of `facet`, the others as here, that reaches Φ; infinity if none does."""

        def reached(k: int) -> bool:
            return d_study(self.study, {**self.size, facet: k}, fixed=self.fixed).phi >= phi

        low, high = 0, 1
        while not reached(high):
            low, high = high, high * 2
            if high > 2**20:
                return math.inf
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return float(high)

    def to_frame(self) -> "pd.DataFrame":
        """Columns quantity, level, value, se, lower, upper."""
        return frame(
            block("e_rho2", self.e_rho2, lower=self.e_rho2_lower, upper=self.e_rho2_upper),
            block("phi", self.phi, lower=self.phi_lower, upper=self.phi_upper),
            *(block(q, getattr(self, q)) for q in ("universe", "error_relative", "error_absolute")),
        )


def d_study(g: GStudy, n: Mapping[str, float] | None = None, *, fixed: Collection[str] = ()) -> DStudy:
    """What a design with other numbers of levels would give.

    Parameters
    ----------
    g : GStudy
    n : mapping of facet to number, optional
        Levels of each facet a score is averaged over; a nested facet per level of what it is nested in. Facets left
        out keep the study's own size; without `n` every effect has the study's own size.
    fixed : collection of str
        Facets that are not sampled: their interaction with the object belongs to the universe score.

    Returns
    -------
    DStudy
        Negative components count as 0. Intervals are the quantiles of the coefficients of the study's pivots (Eρ² of a
        balanced "p x i": Feldt's, but for the noise of as many draws). `reason` is the study's.

    Raises
    ------
    ValueError
        For an unknown facet, the object itself, or a number that is not positive.

    References
    ----------
    Brennan (2001), chapters 4 and 7; Feldt (1965) for the interval of the balanced crossed design.

    Examples
    --------
    >>> y = [2, 4, 3, 5, 7, 6, 1, 2, 2]
    >>> g = g_study(y, {"p": np.repeat([0, 1, 2], 3), "r": np.tile([0, 1, 2], 3)}, "p x r")
    >>> d = d_study(g, {"r": 1})
    >>> round(d.e_rho2, 3), round(d.phi, 3)
    (0.978, 0.863)
    """
    wanted, kept = dict(n or {}), frozenset(fixed)
    others = [f for f in g.facets if f not in g.object]
    for name, k in [*wanted.items(), *((f, 1) for f in kept)]:
        if name not in others or not (math.isfinite(k) and k > 0):
            raise ValueError(f"{name}: {k} is no number of levels of a facet of error in {g.design!r}")
    size = {f: wanted.get(f, _own_size(g, f)) for f in others}
    divisor = {e: _divisor(g, e, size, bool(wanted)) for e in g.var}
    universe = np.array([c <= g.object | kept and bool(c & g.object) for c in g.closures.values()])
    absolute = np.array([not c <= g.object | kept for c in g.closures.values()])
    relative = absolute & np.array([bool(c & g.object) for c in g.closures.values()])
    weight = 1 / np.array([divisor[e] for e in g.var])
    clipped = np.array(list(g.var_clipped.values()))
    signal, near, far = (float((clipped * weight)[mask].sum()) for mask in (universe, relative, absolute))
    cells = {c: g.n[e] for e, c in g.closures.items()}
    shared = np.array([math.inf if c <= kept else cells.get(c & g.object, 1.0) for c in cells])
    found: dict[str, Any] = {}
    for name, error in (("e_rho2", relative), ("phi", absolute)):
        found |= _coefficient(name, g, np.where(universe, weight, 0.0), np.where(universe | error, weight, 0.0))
    return DStudy(
        **found, universe=signal, error_relative=near, error_absolute=far, size=size, study=g, fixed=kept,
        error_mean=float((clipped * weight / shared).sum()), mean=g.mean, level=g.level, n=g.n_observations,
        reason=g.reason,
    )  # fmt: skip


def _own_size(g: GStudy, facet: str) -> float:
    """Levels of a facet per level of what it is nested in, in the study itself."""
    above = g.facets[facet] - g.object
    sizes = {c - g.object: g.size[e] for e, c in g.closures.items() if e != ERROR}
    return sizes[above | {facet}] / sizes.get(above, 1.0)


def _divisor(g: GStudy, effect: str, size: dict[str, float], given: bool) -> float:
    """How many levels of the effect a score is averaged over."""
    if not given:
        return g.size[effect]
    product = math.prod(size[f] for f in g.closures[effect] - g.object - {ERROR})
    per_cell = g.size[ERROR] / g.size[list(g.closures)[-2]] if effect == ERROR else 1.0
    return product * per_cell


def _coefficient(name: str, g: GStudy, signal: Floats, whole: Floats) -> dict[str, float]:
    """A coefficient with its limits, from the components and from their pivots."""
    clipped = np.array(list(g.var_clipped.values()))
    value = float(clipped @ signal) / float(clipped @ whole) if clipped @ whole > 0 else math.nan
    ends = [math.nan, math.nan]
    if len(g.pivots) and not math.isnan(value):
        below = g.pivots @ whole
        drawn = np.divide(g.pivots @ signal, below, out=np.zeros(below.size), where=below > 0)
        ends = np.quantile(drawn, [0.5 - g.level / 2, 0.5 + g.level / 2]).tolist()
    return {name: value, f"{name}_lower": ends[0], f"{name}_upper": ends[1]}
