"""How a rater's difference from the other raters of the same employees moved from one year to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import betaincinv, stdtrit

from kinerja_analysis.detect._leniency_pairs import Floats, Within, other_weights, rater_products
from kinerja_analysis.stats import adjust, minimal_effect_test

#: Fewest common employees (beyond one per rater) for a correlation between the years; below it 0, the wider range.
MIN_SHARED = 10
NORMAL_MAD = 1.4826


@dataclass(frozen=True)
class Shifts:
    """What ``shifts`` found.

    ``raters`` has one row per rater with enough employees in both years: ``rater n change value se df lower upper
    p_value p_adjusted`` in points (``n`` the smaller number of employees, ``change`` before the usual change of the
    other examined raters is taken out, ``value`` after). ``sd`` is the pooled SD inside teams, ``delta`` the
    practical difference, ``usual`` the median change, ``r`` the correlation of a pair's differences in both years.
    """

    raters: pd.DataFrame
    sd: float
    delta: float
    usual: float
    r: float


def shifts(before: Within, now: Within, *, delta_sd: float, min_ratees: int, level: float = 0.95) -> Shifts:
    """Compare each rater's difference from the other raters of the same employees between two years.

    Parameters
    ----------
    before, now : Within
        From ``within_ratee`` on the same criteria.
    delta_sd : float
        Practical difference in SD of a rater's scores inside the team.
    min_ratees : int
        Fewest employees in each of the years.
    level : float
        Level of the intervals.

    Returns
    -------
    Shifts
        Positive = more lenient than the year before, relative to the other raters.

    Notes
    -----
    change = D₂ − D₁; value = change − median change of the other examined raters. Variance: both years' variance
    between employees over n (moderated, see ``within_ratee``), less the covariance of employees rated in both years
    (one correlation for the region), plus what the leniency of the other raters adds beyond it: the same person in
    both years cancels as far as leniency lasts, plus that of the median, π/2 · scale²/(raters − 1), scale the larger
    of the mean SE and 1.4826 × the median absolute deviation. Minimal-effect test, Benjamini-Hochberg.
    """
    both = before.judged.merge(now.judged, on="rater", suffixes=("_1", "_2"))
    both = both[(both["n_1"] >= min_ratees) & (both["n_2"] >= min_ratees)].reset_index(drop=True)
    sd = float(np.sqrt((before.sd**2 + now.sd**2) / 2))
    change = (both["value_2"] - both["value_1"]).to_numpy(np.float64)
    first, second, n1, n2 = (both[c].to_numpy(np.float64) for c in ("se_own_1", "se_own_2", "n_1", "n_2"))
    shared, r = _shared(before, now, both["rater"])
    own = first**2 + second**2 - 2 * r * first * second * shared / np.sqrt(n1 * n2)
    variance = np.maximum(own + _others(before, now, both, shared), 0.0)  # the very same scores again: no error
    fourth = first**4 / both["df_1"].to_numpy(np.float64) + second**4 / both["df_2"].to_numpy(np.float64)
    df = np.divide((first**2 + second**2) ** 2, fourth, out=np.full(change.size, np.nan), where=fourth > 0)
    centre, extra = _centre(change, variance)
    raters = pd.DataFrame({"rater": both["rater"], "n": both[["n_1", "n_2"]].min(axis=1), "change": change,
                           "value": change - centre, "se": np.sqrt(variance + extra), "df": df})  # fmt: skip
    usual = float(np.median(change)) if change.size else np.nan
    return Shifts(_tests(raters, delta_sd * sd, level), sd, delta_sd * sd, usual, r)


def _shared(before: Within, now: Within, raters: pd.Series) -> tuple[Floats, float]:
    """Employees each rater rated in both years, and the pooled correlation of the two differences."""
    pairs = before.differences.merge(now.differences, on=["rater", "ratee"], suffixes=("_1", "_2"))
    pairs = pairs[pairs["rater"].isin(raters)]
    by = pairs.groupby("rater")
    count = by.size().reindex(raters, fill_value=0).to_numpy(np.float64)
    freedom = len(pairs) - by.ngroups
    if freedom < MIN_SHARED:
        return count, 0.0
    x, y = ((pairs[c] - by[c].transform("mean")).to_numpy(np.float64) for c in ("d_1", "d_2"))
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return count, float(x @ y) / scale if scale > 0 else 0.0


def _others(before: Within, now: Within, both: pd.DataFrame, shared: Floats) -> Floats:
    """Variance that the other raters' leniency adds beyond what the differences of employees already show."""
    edges = pd.concat([before.edges.assign(year="1"), now.edges.assign(year="2")], ignore_index=True)
    within, lasting = leniency_of_two_years(edges)
    names = pd.unique(edges["rater"])
    one, two = (other_weights(w.edges, both["rater"], names) for w in (before, now))
    squares = [np.asarray(w.power(2).sum(axis=1)) for w in (one, two)]
    cross = np.asarray(one.multiply(two).sum(axis=1))
    needed = within * (squares[0] + squares[1]) - 2 * lasting * cross
    n1, n2 = (both[c].to_numpy(np.float64) for c in ("n_1", "n_2"))
    carried = within * sum(
        (both[f"inverse_{y}"].to_numpy(np.float64) - s) / np.maximum(n - 1, 1)
        for y, s, n in ((1, squares[0], n1), (2, squares[1], n2))
    )
    same = (_same_others(before, now, both["rater"]) - shared * cross) / np.maximum(shared - 1, 1)
    carried = carried - 2 * lasting * np.where(shared > 1, shared * same / (n1 * n2), 0.0)
    beyond: Floats = np.maximum(needed - carried, 0.0)
    return beyond


def leniency_of_two_years(edges: pd.DataFrame) -> tuple[float, float]:
    """Return the variance of the other raters' leniency in a year, and the part of it that lasts to the next year.

    From products of a rater's deviations on different employees, within a year and over all (see
    ``rater_variance``). ``edges`` has ``year period ratee rater score examined``.
    """
    year, years = pd.factorize(edges["year"])
    edges = edges.assign(**{name: pd.factorize(edges[name], sort=True)[0] for name in ("ratee", "rater")}, year=year)
    others = edges[~edges["examined"]]
    found = rater_products(others)
    if not found[1] > 0:
        others, found = edges, rater_products(edges)
    yearly = rater_products(others.assign(rater=others["rater"] * len(years) + others["year"]))
    within = max(yearly[0] / yearly[1], 0.0) if yearly[1] > 1e-9 else 0.0
    between = found[1] - yearly[1]
    lasting = (found[0] - yearly[0]) / between if between > 1e-9 else 0.0
    return within, float(np.clip(lasting, 0.0, within))


def _same_others(before: Within, now: Within, raters: pd.Series) -> Floats:
    """Sum over a rater's employees of both years of (other raters in both years)/(k of one year x k of the other)."""
    each = [w.edges[["ratee", "rater"]].drop_duplicates() for w in (before, now)]
    stayed = each[0].merge(each[1], on=["ratee", "rater"]).groupby("ratee").size() - 1
    pairs = before.differences.merge(now.differences, on=["rater", "ratee"], suffixes=("_1", "_2"))
    weight = pairs["ratee"].map(stayed).fillna(0) / (pairs["k_1"] * pairs["k_2"])
    return weight.groupby(pairs["rater"]).sum().reindex(raters, fill_value=0.0).to_numpy(np.float64)


def _centre(change: Floats, variance: Floats) -> tuple[Floats, float]:
    """Median change of the other raters for each one, and the variance of that median."""
    size = change.size
    if size < 3:
        return np.full(size, np.nan), np.nan
    order = np.argsort(change, kind="stable")
    place = np.argsort(order, kind="stable")
    ordered = change[order]
    low, high = ((size - 2) // 2, (size - 1) // 2)
    centre = (ordered[low + (low >= place)] + ordered[high + (high >= place)]) / 2
    spread = NORMAL_MAD * float(np.median(np.abs(change - np.median(change))))
    return centre, np.pi / 2 * max(float(variance.mean()), spread**2) / (size - 1)


def _tests(raters: pd.DataFrame, delta: float, level: float) -> pd.DataFrame:
    """Add interval and p-values where there is a standard error."""
    out = raters.assign(lower=np.nan, upper=np.nan, p_value=np.nan, p_adjusted=np.nan)
    enough = ((out["se"] > 0) & out["df"].notna()).to_numpy()
    if not enough.any() or not delta > 0:
        return out
    value, se, df = (out.loc[enough, c].to_numpy(np.float64) for c in ("value", "se", "df"))
    half = stdtrit(df, 0.5 + level / 2) * se
    p = minimal_effect_test(value, se, delta, df)
    for name, column in zip(("lower", "upper", "p_value", "p_adjusted"),
                            (value - half, value + half, p, adjust(p, "bh")), strict=True):  # fmt: skip
        out.loc[enough, name] = column
    return out


def retest(before: Within, now: Within, *, fdr: float, level: float) -> pd.DataFrame:
    """Look again at the raters flagged as lenient or strict the year before.

    Returns one row per rater flagged then and judged now: ``rater value lower upper n tested again same_side
    new_employees new_others``. ``tested``: most of the employees are new to the rater, or most of the weight of the
    other raters lies on new ones. ``again``: same direction, and beyond the practical difference by this year's
    single test at 1 − ``level``, the rule of leniency without its family.
    """
    flagged = before.judged[before.judged["p_adjusted"] <= fdr]
    rows = now.judged[now.judged["p_value"].notna()].merge(
        flagged[["rater", "value"]], on="rater", suffixes=("", "_before")
    )  # fmt: skip
    names = pd.unique(pd.concat([before.edges["rater"], now.edges["rater"]]))
    one, two = (other_weights(w.edges, rows["rater"], names) for w in (before, now))
    known = sparse.csr_array(one > 0).astype(np.float64)
    total = np.asarray(two.sum(axis=1))
    stayed = np.asarray(two.multiply(known).sum(axis=1))
    shared = now.differences.merge(before.differences[["rater", "ratee"]], on=["rater", "ratee"])
    old = shared.groupby("rater").size().reindex(rows["rater"], fill_value=0).to_numpy(np.float64)
    rows = rows.assign(new_employees=1 - old / rows["n"].to_numpy(np.float64),
                       new_others=1 - np.divide(stayed, total, out=np.ones(total.size), where=total > 0))  # fmt: skip
    same_side = np.sign(rows["value"]) == np.sign(rows["value_before"])
    return rows.assign(tested=(rows["new_employees"] > 0.5) | (rows["new_others"] > 0.5), same_side=same_side,
                       again=same_side & (rows["p_value"] <= 1 - level))  # fmt: skip


def exact_share(hits: int, n: int, level: float) -> tuple[float, float]:
    """Return the exact limits of a share (Clopper & Pearson 1934).

    >>> [round(x, 3) for x in exact_share(4, 5, 0.95)]
    [0.284, 0.995]
    """
    tail = (1 - level) / 2
    lower = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    upper = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return lower, upper
