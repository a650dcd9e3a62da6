"""The many-facet Rasch programs under comparison, each called in one place and answering in one convention.

Every ``prepare_*`` function brings the ratings into the layout of its program and returns a call without arguments
that fits them; the benchmark times that call alone. Facets are a mapping name -> codes from 0 that all occur, ratees
first. Answers are in our convention: ratees positive = high, all others positive = severe or hard,
log P(k) / P(k - 1) = ratee - sum of the others - threshold k. All facets but the ratees have mean 0, thresholds have
mean 0 in every step group, and the ratees carry the origin.

What the peers do, read in the source of mirt 1.2.0 and raschpy 1.4.0:

mirt (`PolytomousMFRM`, `fit_mfrm`)
    Marginal maximum likelihood, ratees N(0, sigma^2), sigma estimated, items free, every other facet and every row of
    thresholds with mean 0. Integration by an equally spaced grid over -6 to 6 sigma; 41 nodes, refined up to 401 until
    the spacing is at most 1.5 times the 5th percentile of the posterior standard deviations, unless ``n_quadpts`` is
    given. L-BFGS-B on the log likelihood per ratee: ``tol`` bounds its largest gradient, a relative change below 1e-14
    (fixed in the source) also stops it. Ratees are posterior means. Standard errors, infit and outfit always come with
    the fit. Thresholds are shared (``rating_scale``) or by item (``partial_credit``). Two facets: the raters are items.
raschpy (`MFRM`, `RSM`)
    Pairwise conditional composite likelihood (``estimation="cp-full-rcl"``, the default): for two ratings of a ratee
    that share the rater or share the item, each pair of patterns (a, b) and (a - 1, b + 1) is a binomial in which the
    ratee cancels. Pseudo-counts and a ridge on the raters (0.3) are added unless ``constant=0, ridge=0``. Newton until
    the squared decrement is below 1e-10, or L-BFGS-B on large problems. Two facets: `RSM`, raters as items. Partial
    credit exists for two facets only (`PCM`, pairwise, another algorithm) and is not used here. The ratings are a dense
    array of raters x ratees x items, NaN where missing. Ratees (weighted likelihood) and standard errors (sandwich) are
    separate calls; the call here makes the measures of the raters and items and, if ``ratees``, of the ratees.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

Facets = Mapping[str, NDArray[np.int64]]


@dataclass
class Measures:
    """What a program found. `thresholds` has a row per step group (one for a rating scale)."""

    facets: dict[str, NDArray[np.float64]]
    thresholds: NDArray[np.float64]
    mean: float = float("nan")
    sigma: float = float("nan")
    loglik: float = float("nan")
    iterations: int = -1
    converged: bool = True
    note: str = ""
    version: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def centred(
    facets: dict[str, NDArray[np.float64]], thresholds: NDArray[np.float64], step: str
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], float]:
    """Measures moved to our centring, and the shift of the ratees.

    The mean of each threshold row goes to the level of facet `step` it belongs to, or to the ratees if there is one
    row for all. Then the mean of every facet but the first goes to the first.

    Examples
    --------
    >>> moved, steps, shift = centred({"p": np.array([1.0]), "r": np.array([1.0, 3.0])}, np.array([[0.0, 2.0]]), "r")
    >>> moved, steps, shift
    ({'p': array([-2.]), 'r': array([-1.,  1.])}, array([[-1.,  1.]]), -3.0)
    """
    facets = {name: np.array(values, float) for name, values in facets.items()}
    thresholds = np.atleast_2d(np.array(thresholds, float))
    rows = thresholds.mean(axis=1)
    thresholds = thresholds - rows[:, None]
    shift = 0.0
    if rows.size > 1:
        facets[step] += rows
    else:
        shift -= float(rows[0])
    first, *others = facets
    for name in others:
        mean = float(facets[name].mean())
        facets[name] -= mean
        shift -= mean
    facets[first] += shift
    return facets, thresholds, shift


def prepare_ours(score: NDArray[Any], facets: Facets, estimator: str, model: str = "RSM", **more: Any) -> Callable:
    """Our `many_facet_rasch`. This function alone knows the names in its record."""
    from kinerja_analysis import __version__
    from kinerja_analysis.stats import many_facet_rasch

    def fit() -> Any:
        return many_facet_rasch(score, facets, estimator=estimator, model=model, **more)

    def read(found: Any) -> Measures:
        values = {name: np.asarray(found.measure[name], float) for name in facets}
        if found.posterior_mean.size:
            values[next(iter(facets))] = found.posterior_mean
        steps = found.thresholds
        tau = np.array([steps[g] for g in sorted(steps)]) if isinstance(steps, dict) else steps
        moved, thresholds, shift = centred(values, tau, list(facets)[-1])
        return Measures(
            moved, thresholds, float(found.mean[0] if found.mean.size else 0.0) + shift, float(found.variance**0.5),
            float(found.loglik), -1, bool(found.converged), version=__version__,
        )  # fmt: skip

    return lambda: (fit(), read)


def prepare_mirt(
    score: NDArray[Any], facets: Facets, model: str = "RSM", nodes: int | None = None, tol: float = 1e-6,
    max_iter: int = 500,
) -> Callable:  # fmt: skip
    """mirt by marginal maximum likelihood; the last facet is its item and the owner of partial-credit thresholds."""
    from mirt.estimation import fit_mfrm
    from mirt.models import Facet, PolytomousMFRM

    names = list(facets)
    ratee, item, others = names[0], names[-1], names[1:-1]
    order = np.argsort(facets[ratee], kind="stable")
    who = facets[ratee][order]
    start = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
    place = np.arange(who.size) - np.repeat(start, np.diff(np.r_[start, who.size]))
    shape = start.size, int(place.max()) + 1

    def table(values: NDArray[Any], empty: int) -> NDArray[np.int64]:
        out = np.full(shape, empty, np.int64)
        out[who, place] = values[order]
        return out

    size = {name: int(facets[name].max()) + 1 for name in names}
    structure = {"RSM": "rating_scale", "PCM": "partial_credit"}[model]
    responses, items = table(np.asarray(score), -1), table(facets[item], 0)
    levels = {name: table(facets[name], 0) for name in others}
    categories = int(np.max(score)) + 1

    def fit() -> Any:
        blank = PolytomousMFRM(size[item], categories, [Facet(name, size[name]) for name in others], structure)
        return fit_mfrm(
            blank, responses, levels or None, item_indices=items, n_quadpts=nodes, tol=tol, max_iter=max_iter
        )

    def read(found: Any) -> Measures:
        values = {ratee: found.theta, **{name: found.facet_parameters[name] for name in others}}
        moved, thresholds, shift = centred({**values, item: found.item_difficulty}, found.thresholds, item)
        return Measures(
            moved, thresholds, shift, float(found.sigma), float(found.log_likelihood), int(found.n_iterations),
            bool(found.converged), f"{found.n_quadpts} nodes", version("mirt"),
        )  # fmt: skip

    return lambda: (fit(), read)


def prepare_raschpy(
    score: NDArray[Any], facets: Facets, model: str = "RSM", smooth: bool = True, ratees: bool = True
) -> Callable:
    """raschpy by pairwise conditional composite likelihood; without its smoothing and ridge if not `smooth`."""
    import pandas as pd
    from raschpy import MFRM, RSM

    if model != "RSM":
        raise ValueError("raschpy has no many-facet partial credit model")
    names = list(facets)
    index = [facets[name] for name in reversed(names[:-1])]
    long = pd.Series(np.asarray(score, float), index=pd.MultiIndex.from_arrays([*index, facets[names[-1]]]))
    wide = long.unstack(-1)
    top = int(np.max(score))
    plain = {} if smooth else {"constant": 0.0}
    if len(names) == 3:
        wide.index.names = ["Rater", "Person"]

    def fit() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if len(names) == 3:
                program = MFRM(wide, max_score=top, validate=False)
                program.calibrate(model="global", **plain, **({} if smooth else {"ridge": 0.0}))
                if ratees:
                    program.person_estimates(model="global")
            else:
                program = RSM(wide, max_score=top, validate=False)
                program.calibrate(**plain)
                if ratees:
                    program.person_estimates()
        return program

    def read(found: Any) -> Measures:
        n = int(facets[names[0]].max()) + 1
        persons = getattr(found, "persons_global" if len(names) == 3 else "persons", None) if ratees else None
        known = np.full(n, np.nan) if persons is None else persons.reindex(range(n)).to_numpy(float)
        values = {names[0]: known}
        if len(names) == 3:
            size = int(facets[names[1]].max()) + 1
            values[names[1]] = found.facet_effects_global.reindex(range(size)).to_numpy(float)
        values[names[-1]] = found.items.reindex(range(int(facets[names[-1]].max()) + 1)).to_numpy(float)
        moved, thresholds, _ = centred(values, np.asarray(found.thresholds, float), names[-1])
        told = found.convergence or {}
        return Measures(
            moved, thresholds, iterations=int(told.get("iterations", -1)),
            converged=bool(told.get("converged", False)), version=version("raschpy"),
        )  # fmt: skip

    return lambda: (fit(), read)
