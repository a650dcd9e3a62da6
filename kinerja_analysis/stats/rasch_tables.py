"""Tables of a fitted many-facet Rasch model as FACETS prints them: 4, 6, 7 and 8, and the agreement of raters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import group_sum
from ._rasch_fit import curve, labels, spread, sums
from ._rasch_fitted import Fitted
from ._rasch_kernels import category_shares
from ._record import block, frame
from .many_facet_rasch import ManyFacetRasch

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_WIDE, _BISECTIONS = 40.0, 80


@dataclass(frozen=True, slots=True)
class Table:
    """A table by columns.

    Attributes
    ----------
    columns : dict of str to ndarray
        All of one length; `table["name"]` is one of them.
    n : int
        Rows.
    method, reason : str
    """

    columns: dict[str, NDArray[Any]]
    n: int
    method: str
    reason: str = ""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def to_frame(self) -> "pd.DataFrame":
        """The table, one column each."""
        import pandas as pd

        return pd.DataFrame(self.columns)


def _table(columns: dict[str, Any], method: str) -> Table:
    size = len(next(iter(columns.values())))
    return Table({name: np.asarray(values) for name, values in columns.items()}, size, method)


def _inside(fit: ManyFacetRasch) -> Fitted:
    if fit.inside is None:
        raise ValueError("the model has no estimates: " + fit.reason)
    return fit.inside


def _facet(fit: ManyFacetRasch, name: str) -> int:
    names = _inside(fit).rows.ratings.names
    if name not in names:
        raise ValueError(f"{name!r} is not a facet; there are {names}")
    return names.index(name)


def facet_report(fit: ManyFacetRasch, facet: str) -> Table:
    """Measurement report of a facet (Table 7), one row a level.

    Columns: level, total (score), count (Σw), observed_average, fair_average (others at their mean), fair_zero
    (others at zero), measure, se (for inference), se_model (FACETS), infit, infit_z, outfit, outfit_z, discrimination
    (one Newton step of a slope from 1), correlation (of the scores with the measures of all else) and its expected
    value, agreement and expected_agreement (raters' facet: shares of exact agreement), extreme, part.

    Raises
    ------
    ValueError
        For an unknown facet or a fit without estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> facet_report(fit, "rater")["total"].tolist()
    [28.0, 19.0]
    """
    inside, number = _inside(fit), _facet(fit, facet)
    data = inside.rows.ratings
    level, size = data.codes[number], data.sizes[number]
    weight = np.bincount(level, data.weight, size)
    total = np.bincount(level, data.weight * data.score, size)
    rated = weight > 0
    s = sums(inside, number)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(rated, total / weight, np.nan)
        discrimination = 1.0 + s["slope"] / s["slope_info"]
        w = s["weight"]
        spread_rest = w * s["rest2"] - s["rest"] ** 2
        seen = (w * s["x_rest"] - s["x"] * s["rest"]) / np.sqrt((w * s["xx"] - s["x"] ** 2) * spread_rest)
        wanted = (w * s["E_rest"] - s["E"] * s["rest"]) / np.sqrt((w * s["EE"] - s["E"] ** 2) * spread_rest)
    agreed = np.full((2, size), np.nan)
    if number == inside.main:
        agreed = _agreement_by_rater(inside)
    return _table(
        {
            "level": np.arange(size), "total": np.where(rated, total, np.nan), "count": weight,
            "observed_average": average, "fair_average": fit.fair_average[facet],
            "fair_zero": _fair_zero(fit, inside, facet, number), "measure": fit.measure[facet], "se": fit.se[facet],
            "se_model": fit.se_model[facet], "infit": fit.infit[facet], "infit_z": fit.infit_z[facet],
            "outfit": fit.outfit[facet], "outfit_z": fit.outfit_z[facet], "discrimination": discrimination,
            "correlation": seen, "expected_correlation": wanted, "agreement": agreed[0],
            "expected_agreement": agreed[1], "extreme": fit.extreme[facet], "part": fit.part[facet],
        },
        fit.method,
    )  # fmt: skip


def _fair_zero(fit: ManyFacetRasch, inside: Fitted, facet: str, number: int) -> FloatArray:
    """Expected score with every other facet at zero logits."""
    eta = fit.measure[facet] * (1.0 if number == 0 else -1.0)
    steps, label, tau = inside.engine.steps, labels(inside), inside.point.tau
    known = np.isfinite(eta)
    groups = np.flatnonzero(steps > 0)
    out = np.full(eta.size, np.nan)
    if inside.rows.ratings.step_facet == facet:
        for g in groups[known[groups]]:
            out[g] = float(curve(eta[g : g + 1], tau[g], label[g], int(steps[g]))[0][0])
        return out
    out[known] = np.mean([curve(eta[known], tau[g], label[g], int(steps[g]))[0] for g in groups], axis=0)
    return out


def facet_summary(fit: ManyFacetRasch) -> Table:
    """Summaries below Table 7, for each facet and each kind of standard error.

    Columns: facet, error (``model``, ``real`` = model × √max(1, infit), ``information``, ``cluster``), form
    (``population`` or ``sample`` SD), mean, sd, rmse, sd_adjusted, separation, strata, reliability. Conclusions about
    raters rest on ``cluster``: the others understate the error where ratings of a pair go together.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> facet_summary(fit).n
    24
    """
    inside = _inside(fit)
    rows: list[tuple[Any, ...]] = []
    for number, name in enumerate(inside.rows.ratings.names):
        measure = inside.measure[number]
        real = fit.se_model[name] * np.sqrt(np.maximum(1.0, np.nan_to_num(fit.infit[name], nan=1.0)))
        kinds = (
            ("model", fit.se_model[name]), ("real", real), ("information", fit.se_information[name]),
            ("cluster", fit.se[name]),
        )  # fmt: skip
        for kind, se in kinds:
            for form, ddof in (("population", 0), ("sample", 1)):
                s = spread(measure, se, ddof=ddof)
                rows.append(
                    (name, kind, form, s.mean, s.sd, s.rmse, s.sd_adjusted, s.separation, s.strata, s.reliability)
                )
    names = (
        "facet", "error", "form", "mean", "sd", "rmse", "sd_adjusted", "separation", "strata", "reliability",
    )  # fmt: skip
    return _table(dict(zip(names, (np.array(column) for column in zip(*rows, strict=True)), strict=True)), fit.method)


def ruler(fit: ManyFacetRasch, step: float = 0.5) -> Table:
    """Vertical ruler (Table 6): how many elements of each facet lie in every band of logits, and the scale beside.

    Columns: from, to (logits; the top band first), one count for each facet (severe raters and hard criteria above),
    expected_score (of a rating with η in the middle of the band; one rating scale only).

    Raises
    ------
    ValueError
        If `step` is not positive, or the fit has no estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> int(ruler(fit)["ratee"].sum())
    6
    """
    if not step > 0:
        raise ValueError("step must be positive")
    inside = _inside(fit)
    known = [values[np.isfinite(values)] for values in fit.measure.values()]
    low = np.floor(min(float(values.min()) for values in known if values.size) / step)
    high = np.floor(max(float(values.max()) for values in known if values.size) / step) + 1
    edge = np.arange(low, high + 1) * step
    columns: dict[str, Any] = {"from": edge[:-1][::-1], "to": edge[1:][::-1]}
    for name, values in zip(fit.measure, known, strict=True):
        band = np.floor(values / step).astype(np.int64) - int(low)
        columns[name] = np.bincount(np.clip(band, 0, edge.size - 2), minlength=edge.size - 1)[::-1]
    if not inside.rows.ratings.step_facet:
        middle = 0.5 * (edge[:-1] + edge[1:])[::-1]
        m = int(inside.engine.steps[0])
        columns["expected_score"] = curve(middle, inside.point.tau[0], labels(inside)[0], m)[0]
    return _table(columns, fit.method)


def category_statistics(fit: ManyFacetRasch) -> Table:
    """How each category works (Table 8), by step group.

    Columns: group, category (score), count, percent, cumulative, average_measure (mean η of the ratings in it) and
    its expected value, outfit (Σw·z²/Σw), threshold and threshold_se (Rasch–Andrich; NaN at the lowest), expected_at
    (η at which the expected score is the category, .25 from the ends), half_point (half a category below), thurstone
    (η at which this category or a higher one has probability .5), modal_from (η from which it is the most probable;
    −∞ at the lowest, NaN if never), peak (largest probability, percent).

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> category_statistics(fit)["category"].tolist()
    [0, 1, 2, 3]
    """
    inside = _inside(fit)
    parts = [_group(fit, inside, int(g)) for g in np.flatnonzero(inside.engine.steps > 0)]
    return _table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, fit.method)


def _group(fit: ManyFacetRasch, inside: Fitted, g: int) -> dict[str, NDArray[Any]]:
    rows, m = inside.rows, int(inside.engine.steps[g])
    own = np.flatnonzero(rows.group == g)
    k, w, eta = rows.category[own], rows.weight[own], inside.eta[own]
    P = category_shares(eta, inside.point.tau[g, :m]) * w[:, None]
    count = np.bincount(k, w, m + 1)
    V = np.maximum(inside.variance[own], 1e-300)
    z2 = w * (k - inside.expected[own]) ** 2 / V
    tau = inside.point.tau[g, :m]
    error = fit.thresholds_se[g] if isinstance(fit.thresholds_se, dict) else fit.thresholds_se
    category = inside.rows.scale.labels[g]
    shown = np.arange(m + 1.0)
    shown[0], shown[-1] = 0.25, m - 0.25
    grid = np.linspace(tau.min() - 6.0, tau.max() + 6.0, 2001)
    blank = np.array([np.nan])
    return {
        "group": np.full(m + 1, g), "category": category, "count": count, "percent": 100.0 * count / count.sum(),
        "cumulative": 100.0 * np.cumsum(count) / count.sum(), "average_measure": np.bincount(k, w * eta, m + 1) / count,
        "expected_measure": (P * eta[:, None]).sum(axis=0) / P.sum(axis=0), "outfit": np.bincount(k, z2, m + 1) / count,
        "threshold": np.concatenate([blank, tau]), "threshold_se": np.concatenate([blank, error]),
        "expected_at": _where(lambda eta: _mean(eta, tau), shown),
        "half_point": np.concatenate([blank, _where(lambda eta: _mean(eta, tau), np.arange(0.5, m))]),
        "thurstone": np.concatenate([blank, [_where(_tail(tau, j), np.array([0.5]))[0] for j in range(1, m + 1)]]),
        "modal_from": _modal(tau), "peak": 100.0 * category_shares(grid, tau).max(axis=0),
    }  # fmt: skip


def _mean(eta: FloatArray, tau: FloatArray) -> FloatArray:
    return np.asarray(category_shares(eta, tau) @ np.arange(tau.size + 1.0))


def _tail(tau: FloatArray, j: int) -> Any:
    return lambda eta: category_shares(eta, tau)[:, j:].sum(axis=1)


def _where(function: Any, target: FloatArray) -> FloatArray:
    """Where an increasing function reaches each target, by bisection."""
    low, high = np.full(target.size, -_WIDE), np.full(target.size, _WIDE)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = function(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _modal(tau: FloatArray) -> FloatArray:
    """η from which each category is the most probable; −∞ for the lowest, NaN for one that never is."""
    m = tau.size
    out = np.full(m + 1, -np.inf)
    total = np.concatenate([[0.0], np.cumsum(tau)])
    for k in range(m + 1):
        begin = max(((total[k] - total[j]) / (k - j) for j in range(k)), default=-np.inf)
        end = min(((total[j] - total[k]) / (j - k) for j in range(k + 1, m + 1)), default=np.inf)
        out[k] = begin if begin < end else np.nan
    return out


def unexpected_responses(fit: ManyFacetRasch, z: float = 3.0) -> Table:
    """Ratings far from their expectation (Table 4), the farthest first.

    Columns: row (of the arrays given to `many_facet_rasch`, ratings without score left out), score, expected,
    residual (in categories), z (residual/√V), and the levels of all facets.

    Raises
    ------
    ValueError
        For a fit without estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> bool((abs(unexpected_responses(fit, 1.0)["z"]) >= 1.0).all())
    True
    """
    inside = _inside(fit)
    rows, data = inside.rows, inside.rows.ratings
    gap = rows.category - inside.expected
    standard = gap / np.sqrt(np.maximum(inside.variance, 1e-300))
    found = np.flatnonzero(np.abs(standard) >= z)
    found = found[np.argsort(-np.abs(standard[found]), kind="stable")]
    source, group = rows.source[found], rows.group[found]
    share = category_shares(inside.eta[found], inside.point.tau[group], inside.engine.steps[group])
    columns: dict[str, Any] = {
        "row": data.row[source], "score": data.score[source], "expected": (share * labels(inside)[group]).sum(axis=1),
        "residual": gap[found], "z": standard[found],
    }  # fmt: skip
    columns |= {name: data.codes[f][source] for f, name in enumerate(data.names)}
    return _table(columns, fit.method)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Exact agreement of raters on the same ratee and criterion, beside what the model expects of independent ones.

    Attributes
    ----------
    opportunities, exact, expected : float
        Pairs of ratings; those that agree; Σ over pairs of Σ_k P_k·P_k.
    kappa : float
        Rasch-kappa (exact − expected)/(opportunities − expected): near 0 for independent experts, far above where
        raters act alike or copy.
    n : int
        Raters with an opportunity.
    observed_share, expected_share : ndarray
        By rater: shares of exact agreement with the others; NaN without opportunity.
    method, reason : str
        Reason "" | ``no_pairs``.
    """

    opportunities: float
    exact: float
    expected: float
    kappa: float
    n: int
    observed_share: FloatArray
    expected_share: FloatArray
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Totals, then shares by rater."""
        totals = (block(name, getattr(self, name)) for name in ("opportunities", "exact", "expected", "kappa"))
        shares = (block(name, getattr(self, name)) for name in ("observed_share", "expected_share"))
        return frame(*totals, *shares)


def rater_agreement(fit: ManyFacetRasch) -> Agreement:
    """Observed and expected agreement of the raters (`rater_facet` of the fit).

    Raises
    ------
    ValueError
        For a fit without estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> rater_agreement(many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})).opportunities
    15.0
    """
    inside = _inside(fit)
    chances, exact, expected = _agreement(inside)
    total = chances.sum() / 2.0, exact.sum() / 2.0, expected.sum() / 2.0
    kappa = (total[1] - total[2]) / (total[0] - total[2]) if total[0] > total[2] else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = exact / chances, expected / chances
    a, b, c = (float(value) for value in total)
    count = int((chances > 0).sum())
    return Agreement(a, b, c, float(kappa), count, *shares, method=fit.method, reason="" if a else "no_pairs")


def _agreement_by_rater(inside: Fitted) -> FloatArray:
    chances, exact, expected = _agreement(inside)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.vstack([exact / chances, expected / chances])


def _agreement(inside: Fitted) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By rater: pairs with other raters of the same ratee in the same setting, exact and expected agreements."""
    data = inside.rows.ratings
    key = inside.codes(0)
    for number in range(1, len(data.names)):
        if number != inside.main:
            key = key * data.sizes[number] + inside.codes(number)
    _, place = np.unique(key, return_inverse=True)
    size, rater = data.sizes[inside.main], inside.codes(inside.main)
    group = inside.rows.group
    share = category_shares(inside.eta, inside.point.tau[group], inside.engine.steps[group])
    others = np.bincount(place)[place] - 1.0
    exact, expected = np.zeros(place.size), np.zeros(place.size)
    for k in range(share.shape[1]):
        same = inside.rows.category == k
        exact += same * (np.bincount(place, same)[place] - 1.0)
        expected += share[:, k] * (np.bincount(place, share[:, k])[place] - share[:, k])
    return group_sum(others, rater, size), group_sum(exact, rater, size), group_sum(expected, rater, size)
