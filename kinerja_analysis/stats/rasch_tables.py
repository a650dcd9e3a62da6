"""Tables of a fitted many-facet Rasch model as FACETS prints them: 4, 6 and 7, and the agreement of raters."""

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


def table(columns: dict[str, Any], method: str) -> Table:
    """A table of columns of one length.

    Examples
    --------
    >>> table({"level": [0, 1]}, "none").n
    2
    """
    size = len(next(iter(columns.values())))
    return Table({name: np.asarray(values) for name, values in columns.items()}, size, method)


def inside_of(fit: ManyFacetRasch) -> Fitted:
    """The fitted model behind a record.

    Raises
    ------
    ValueError
        For a record without estimates.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> inside_of(many_facet_rasch([1, 0, 0, 1], {"p": [0, 0, 1, 1], "r": [0, 1, 0, 1]})).main
    1
    """
    if fit.inside is None:
        raise ValueError("the model has no estimates: " + fit.reason)
    return fit.inside


def _facet(fit: ManyFacetRasch, name: str) -> int:
    names = inside_of(fit).rows.ratings.names
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
    inside, number = inside_of(fit), _facet(fit, facet)
    data = inside.rows.ratings
    level, size = data.codes[number], data.sizes[number]
    weight = np.bincount(level, data.weight, size)
    total = np.bincount(level, data.weight * data.score, size)
    rated = weight > 0
    s = sums(inside)[number]
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
    return table(
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
    inside = inside_of(fit)
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
    return table(dict(zip(names, (np.array(column) for column in zip(*rows, strict=True)), strict=True)), fit.method)


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
    inside = inside_of(fit)
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
    return table(columns, fit.method)


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
    inside = inside_of(fit)
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
    return table(columns, fit.method)


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
    inside = inside_of(fit)
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
