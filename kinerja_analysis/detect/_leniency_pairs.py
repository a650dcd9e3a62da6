"""The estimand ``within_ratee``: a rater against the other raters of the same employees, on pair means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import digamma, ndtr, polygamma, stdtrit

from kinerja_analysis.detect.copied_peers import unoriginal
from kinerja_analysis.stats import adjust, crossed_effects, minimal_effect_test, shrink

if TYPE_CHECKING:
    from kinerja_analysis.detect.context import Context
    from kinerja_analysis.stats.crossed_effects import CrossedEffects

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Within:
    """What ``within_ratee`` found.

    ``raters`` has one row per examined rater: ``rater n value se se_own df lower upper typical p_value p_adjusted
    shrunken posterior`` (numbers missing where n is below the minimum; ``se_own`` takes the other raters as they are).
    ``differences`` has one row per rater x employee, ``edges`` one per pair used. ``sd`` is the pooled SD of a rater's
    scores inside the team, ``delta`` the practical difference, ``other_sd`` the leniency SD of the other raters,
    ``pair_sd`` that of a pair mean, all in points.
    """

    raters: pd.DataFrame
    differences: pd.DataFrame
    edges: pd.DataFrame
    sd: float
    delta: float
    other_sd: float
    pair_sd: float

    @property
    def judged(self) -> pd.DataFrame:
        """The raters with enough employees."""
        return self.raters[self.raters["value"].notna()]


def leniency_of(ctx: Context) -> Within:
    """Return the comparison of a cell with the thresholds of leniency, copies left out, computed once."""
    return ctx.memo("leniency.within", lambda: within_ratee(  # type: ignore[no-any-return]
        ctx.pairs[~unoriginal(ctx, ctx.pairs)], delta_sd=ctx.threshold("leniency.delta").value,
        min_ratees=int(ctx.threshold("leniency.min_ratees").value), level=ctx.config.level,
    ))  # fmt: skip


def within_ratee(
    pairs: pd.DataFrame, *, delta_sd: float, min_ratees: int, level: float = 0.95
) -> Within:
    """Compare each examined rater with the other raters of the same employees.

    Parameters
    ----------
    pairs : DataFrame
        As ``Context.pairs``: one row per period, ratee, rater, source; ``score`` on 0-100, ``rows``.
        Supervisors are examined; where no source is ``supervisor``, every rater is.
    delta_sd : float
        Practical difference in SD of a rater's scores inside the team.
    min_ratees : int
        Fewest employees for a value.
    level : float
        Level of the intervals.

    Returns
    -------
    Within
        Positive = more lenient, in points.

    Notes
    -----
    d_i = own pair mean - mean of the other raters of employee i (self left out); value = mean of d_i. Its variance
    is the variance between employees, moderated over raters (Smyth 2004, doi:10.2202/1544-6115.1027), over n, plus
    what the choice of the other raters adds beyond it: their leniency variance x the sum of squared weights of the
    other raters, less the part that d_i already carries. t with d0 + n - 1 degrees of freedom, at most those of all
    raters together. Minimal-effect test; its p-value is the larger of two: against no difference, and against the
    usual difference of the region's other examined raters, so that what all supervisors share names nobody.

    Examples
    --------
    >>> rows = [("2025", f"E{i}", r, s, v, ["1:1:1"]) for i in range(5)
    ...         for r, s, v in (("S", "supervisor", 70.0 + i), (f"P{i}", "peer", 60.0 + 2 * i))]
    >>> table = pd.DataFrame(rows, columns=["period", "ratee", "rater", "source", "score", "rows"])
    >>> found = within_ratee(table, delta_sd=0.25, min_ratees=5)
    >>> found.raters[["rater", "n", "value"]].values.tolist()
    [['S', 5, 8.0]]
    """
    edges = _edges(pairs)
    differences = _differences(edges)
    raters = _raters(differences, min_ratees)
    sd = _team_sd(edges[edges["examined"]])
    others = edges[~edges["examined"]]
    variance = rater_variance(others if len(others) else edges)
    if np.isnan(variance):
        variance = rater_variance(edges)
    variance = 0.0 if np.isnan(variance) else variance
    raters, pooled = _errors(raters, _weights(edges, raters["rater"]), variance)
    share = float((1 / differences["k"]).mean()) if len(differences) else 1.0
    pair_sd = float(np.sqrt(max(pooled - variance * share, 0.0) / (1 + share)))
    delta = delta_sd * sd
    raters = _tests(raters, delta, level)
    return Within(raters, differences, edges, sd, delta, float(np.sqrt(variance)), pair_sd)


def _edges(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs that compare: no self ratings, raters known, employees with at least two raters in the period."""
    rows = pairs[(pairs["source"] != "self") & pairs["rater"].notna() & (pairs["rater"] != pairs["ratee"])]
    occasion = rows.groupby(["period", "ratee"], sort=False)["score"]
    count, total = occasion.transform("size"), occasion.transform("sum")
    rows = rows.assign(k=count - 1, total=total)[count > 1]
    supervisor = rows["source"] == "supervisor"
    examined = supervisor if (pairs["source"] == "supervisor").any() else supervisor | True
    return rows.assign(examined=examined, other=(rows["total"] - rows["score"]) / rows["k"]).reset_index(drop=True)


def _differences(edges: pd.DataFrame) -> pd.DataFrame:
    """One row per examined rater x employee: the difference, averaged over periods, and the other raters' number."""
    own = edges[edges["examined"]]
    own = own.assign(d=own["score"] - own["other"])
    by = own.groupby(["rater", "ratee"], sort=True, observed=True)
    return by.agg(d=("d", "mean"), k=("k", "mean")).reset_index()


def _raters(differences: pd.DataFrame, min_ratees: int) -> pd.DataFrame:
    """One row per examined rater: employees, mean difference, its variance over employees."""
    by = differences.assign(inverse=1 / differences["k"]).groupby("rater", sort=True)
    out = by.agg(n=("d", "size"), mean=("d", "mean"), variance=("d", "var"), inverse=("inverse", "mean"))
    enough = out["n"] >= max(min_ratees, 2)
    out["value"] = out["mean"].where(enough)
    return out.reset_index()


def supervisors_spread(found: Within, level: float) -> tuple[CrossedEffects, float, int]:
    """Fit the spread of the examined raters' differences; return also the variance in it that is the other raters'.

    Third: the differences fitted. ``level`` is that of the limits of the SD.
    """
    judged = found.judged
    rows = found.differences[found.differences["rater"].isin(judged["rater"])]
    fit = crossed_effects(rows["d"], {"rater": pd.factorize(rows["rater"])[0]}, level=level)
    return fit, float(np.mean(judged["se"] ** 2 - judged["se_own"] ** 2)), len(rows)


def _team_sd(own: pd.DataFrame) -> float:
    """Pooled SD of an examined rater's scores inside the team (one rater, one period)."""
    by = own.groupby(["rater", "period"])["score"]
    squares = (own["score"] - by.transform("mean")) ** 2
    freedom = len(own) - by.ngroups
    return float(np.sqrt(squares.sum() / freedom)) if freedom > 0 else np.nan


def rater_variance(edges: pd.DataFrame) -> float:
    """Variance of leniency among the raters of ``edges`` (``period ratee rater score``), free of employee and unit.

    From products of one rater's deviations (score - mean of the employee's raters) on different employees: pair
    errors are independent there, so only leniency is left; divided by its coefficient, which the design gives
    exactly. Unbiased; set to 0 when negative; NaN when no rater has two employees with another rater.

    Examples
    --------
    Two raters, two employees, no error: deviations are 5 and -5, variance of 55 and 45 is 50.

    >>> table = pd.DataFrame({"period": "2025", "ratee": ["a", "a", "b", "b"], "rater": ["r", "s"] * 2,
    ...                       "score": [55.0, 45.0, 65.0, 55.0]})
    >>> rater_variance(table)
    50.0
    """
    products, coefficient = rater_products(edges)
    return max(products / coefficient, 0.0) if coefficient >= 1e-9 else np.nan


def rater_products(edges: pd.DataFrame) -> tuple[float, float]:
    """Return the sum of the products behind ``rater_variance`` and its coefficient (0 where nothing tells)."""
    if edges.empty:
        return 0.0, 0.0
    occasion = edges.groupby(["period", "ratee"], sort=False).ngroup().to_numpy()
    rater, _ = pd.factorize(edges["rater"])
    k = np.bincount(occasion).astype(np.float64)
    score = edges["score"].to_numpy(np.float64)
    z = score - (np.bincount(occasion, score) / k)[occasion]
    shape = (k.size, int(rater.max()) + 1)
    member = sparse.csr_array((np.ones(rater.size), (occasion, rater)), shape=shape)
    mean = sparse.csr_array((1 / k[occasion], (occasion, rater)), shape=shape)
    design = sparse.diags_array(np.bincount(rater).astype(np.float64)) - member.T @ mean
    coefficient = float((design.data**2).sum()) - float((1 - 1 / k[occasion]).sum())
    products = float((np.bincount(rater, z) ** 2).sum() - (z**2).sum())
    return products, coefficient


def _weights(edges: pd.DataFrame, raters: pd.Series) -> Floats:
    """Per examined rater: the sum of squared weights of the other raters in the mean of the others."""
    squares: Floats = other_weights(edges, raters, pd.unique(edges["rater"])).power(2).sum(axis=1)
    return squares


def other_weights(edges: pd.DataFrame, raters: pd.Series, names: ArrayLike) -> sparse.csr_array:
    """Weight of each other rater (columns, by ``names``) in the mean of the others of each examined rater (rows)."""
    columns = pd.Index(names)
    if edges.empty:
        return sparse.csr_array((len(raters), columns.size))
    occasion = edges.groupby(["period", "ratee"], sort=False).ngroup().to_numpy()
    code = pd.Index(raters)
    own = (edges["examined"] & edges["rater"].isin(code)).to_numpy(bool)
    row = code.get_indexer(edges["rater"][own])
    times = edges[own].groupby(["rater", "ratee"])["score"].transform("size").to_numpy(np.float64)
    n = edges[own].groupby("rater")["ratee"].transform("nunique").to_numpy(np.float64)
    weight = 1 / (times * n * edges["k"].to_numpy(np.float64)[own])
    left = sparse.csr_array((weight, (row, occasion[own])), shape=(code.size, int(occasion.max()) + 1))
    everyone = columns.get_indexer(edges["rater"])
    right = sparse.csr_array((np.ones(everyone.size), (occasion, everyone)), shape=(left.shape[1], columns.size))
    full = sparse.coo_array(left @ right)
    alien = full.col != columns.get_indexer(code)[full.row]
    return sparse.csr_array((full.data[alien], (full.row[alien], full.col[alien])), shape=full.shape)


def _errors(raters: pd.DataFrame, weights: Floats, other: float) -> tuple[pd.DataFrame, float]:
    """Add ``se`` and ``df``; return also the pooled variance of the differences."""
    enough = raters["value"].notna().to_numpy()
    n = raters["n"].to_numpy(np.float64)
    variance = raters["variance"].to_numpy(np.float64)
    freedom = n - 1
    pooled = float(np.average(variance[enough], weights=freedom[enough])) if enough.any() else np.nan
    d0, s0 = prior_variance(variance[enough], freedom[enough])
    moderated = np.full(n.size, s0) if np.isinf(d0) else (d0 * s0 + freedom * variance) / (d0 + freedom)
    beyond = other * np.maximum(weights - raters["inverse"].to_numpy(np.float64) / n, 0.0)
    own = np.sqrt(moderated / n)
    total = np.minimum(d0 + freedom, freedom[enough].sum())
    columns = {"se": np.sqrt(own**2 + beyond), "se_own": own, "df": total}
    return raters.assign(**{name: np.where(enough, c, np.nan) for name, c in columns.items()}), pooled


def prior_variance(variance: Floats, freedom: Floats) -> tuple[float, float]:
    """Return degrees of freedom d0 and value s0² of the variance that raters have in common.

    Moments of log variances (Smyth 2004, section 6.2). d0 is infinite when the variances differ no more than
    chance, and 0 (each rater for himself) with fewer than three variances above zero.

    Examples
    --------
    >>> d0, s0 = prior_variance(np.full(9, 4.0), np.full(9, 7.0))
    >>> d0, round(s0, 6)
    (inf, 4.0)
    """
    use = (variance > 0) & (freedom > 0)
    if use.sum() < 3:
        return 0.0, float(variance.mean()) if variance.size else np.nan
    half = freedom[use] / 2
    logs = np.log(variance[use]) - digamma(half) + np.log(half)
    excess = float(logs.var(ddof=1) - polygamma(1, half).mean())
    if excess <= 0:
        return np.inf, float(np.average(variance, weights=freedom))
    d0 = 2 * _trigamma_inverse(excess)
    return d0, float(np.exp(logs.mean() + digamma(d0 / 2) - np.log(d0 / 2)))


def _trigamma_inverse(x: float) -> float:
    """Solve trigamma(y) = x by Newton's steps on 1/trigamma (Smyth 2004, appendix)."""
    y = 0.5 + 1 / x
    for _ in range(50):
        tri = float(polygamma(1, y))
        step = tri * (1 - tri / x) / float(polygamma(2, y))
        y += step
        if -step < 1e-10 * y:
            break
    return y


def _tests(raters: pd.DataFrame, delta: float, level: float) -> pd.DataFrame:
    """Add interval, region's usual difference, p-values and the shrunken value."""
    names = ["lower", "upper", "typical", "p_value", "p_adjusted", "shrunken", "posterior"]
    out = raters.assign(**dict.fromkeys(names, np.nan))
    enough = (out["value"].notna() & (out["se"] > 0)).to_numpy()
    if not enough.any() or not delta > 0:
        return out
    value, se, df = (out.loc[enough, c].to_numpy(np.float64) for c in ("value", "se", "df"))
    half = stdtrit(df, 0.5 + level / 2) * se
    typical = (value.sum() - value) / max(value.size - 1, 1)
    apart = np.sign(value) * (value - typical)
    unusual = np.where(apart > 0, minimal_effect_test(apart, se, delta, df), 1.0)
    p = np.maximum(minimal_effect_test(value, se, delta, df), unusual)
    fit = shrink(value, se)
    posterior = ndtr((np.sign(value) * fit.value - delta) / np.maximum(fit.se, 1e-12))
    if fit.reason:
        posterior = np.full(value.size, np.nan)
    columns = (value - half, value + half, typical, p, adjust(p, "bh"), fit.value, posterior)
    for name, column in zip(names, columns, strict=True):
        out.loc[enough, name] = column
    return out
