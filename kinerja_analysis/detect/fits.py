"""Models of the multi-source ratings that several detectors read; each is fitted once per cell (``Context``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from kinerja_analysis.detect._grouped import Ints, grouped

if TYPE_CHECKING:
    from kinerja_analysis.stats.crossed_effects import CrossedEffects
    from kinerja_analysis.stats.many_facet_rasch import ManyFacetRasch

STEPS = 10  #: a finer scale is grouped into this many steps for the Rasch model
SOURCES = ("supervisor", "peer", "subordinate", "other")


@dataclass(frozen=True)
class Crossed:
    """Linear model of pair means: ratee and rater random, one fixed mean per linked component, sources fixed.

    ``edges`` has one row per pair used; ``ratee rater`` are codes into ``ratees raters``, ``component`` the linked
    group of each rater, the one with most raters 0. ``fit`` is on 0-100, factors ``ratee`` and ``rater``
    (positive = higher scores); None where no ratee has two raters. ``sources`` are those with a coefficient of
    their own in ``fit.fixed``, in order; the others are part of the means of components.
    """

    edges: pd.DataFrame
    ratee: Ints
    rater: Ints
    ratees: list[str]
    raters: list[str]
    component: Ints
    sources: list[str]
    fit: CrossedEffects | None


@dataclass(frozen=True)
class Rasch:
    """Many-facet Rasch model; facets ``ratee rater criterion``, codes into the lists.

    A score of k as fitted is ``low`` + k x ``points`` on 0-100; ``fit`` is None where there is nothing to fit.
    """

    ratees: list[str]
    raters: list[str]
    criteria: list[str]
    low: float
    points: float
    fit: ManyFacetRasch | None


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of known raters about others, of ratees who have two raters or more in the period."""
    rows = rows[(rows["source"] != "self") & rows["rater"].notna() & (rows["rater"] != rows["ratee"])]
    ratee, _ = grouped(rows, ["period", "ratee"])
    number = np.bincount(ratee[grouped(rows, ["rater"], ratee)[1]])
    return rows[number[ratee] > 1].reset_index(drop=True)


def components(edges: pd.DataFrame) -> tuple[list[str], Ints]:
    """Return the raters in order and the number of each one's linked group, the group with most raters 0.

    >>> components(pd.DataFrame({"ratee": ["a", "b", "b"], "rater": ["r", "s", "t"]}))
    (['r', 's', 't'], array([1, 0, 0]))
    """
    ratee, (rater, names) = pd.factorize(edges["ratee"], sort=True)[0], pd.factorize(edges["rater"], sort=True)
    nodes = len(names) + int(ratee.max(initial=-1)) + 1
    graph = sparse.coo_array((np.ones(rater.size), (rater, len(names) + ratee)), shape=(nodes, nodes))
    label = csgraph.connected_components(graph, directed=False)[1][: len(names)].astype(np.int64)
    order = np.argsort(-np.bincount(label), kind="stable")
    return list(names), np.argsort(order)[label]


def crossed(pairs: pd.DataFrame, source: str = "", *, level: float = 0.95) -> Crossed:
    """Fit the linear model to pair means (as ``Context.pairs``), of one source or of all but self.

    ``level`` is that of the limits of SDs.
    """
    from kinerja_analysis.stats import crossed_effects

    edges = compared(pairs[pairs["source"] == source] if source else pairs)
    (ratee, ratees), (rater, raters) = (pd.factorize(edges[c], sort=True) for c in ("ratee", "rater"))
    names = [str(n) for n in raters]
    if edges.empty:
        return Crossed(edges, ratee, rater, [], names, np.zeros(0, np.int64), [], None)
    component = components(edges)[1]
    sources, columns = source_columns(edges["source"], component[rater])
    groups = {"ratee": ratee, "rater": rater}
    fit = crossed_effects(edges["score"], groups, columns, component=component[rater], level=level)
    return Crossed(edges, ratee, rater, [str(n) for n in ratees], names, component, sources, fit)


def source_columns(source: pd.Series, component: Ints) -> tuple[list[str], NDArray[np.float64]]:
    """Return the sources that the means of components and the sources before them do not explain, and their columns.

    >>> source_columns(pd.Series(["peer", "supervisor", "subordinate"]), np.array([0, 0, 1]))[0]
    ['supervisor']
    """
    size = np.bincount(component)
    kept: list[str] = []
    basis: list[NDArray[np.float64]] = []
    first, *rest = sorted(source.unique())
    for name in (*rest, first):
        free = (source == name).to_numpy(np.float64)
        free -= (np.bincount(component, free) / size)[component]
        for other in [*basis, *basis]:
            free -= (other @ free) * other
        norm = float(np.linalg.norm(free))
        if norm > 1e-6:
            kept.append(str(name))
            basis.append(free / norm)
    columns = [(source == name).to_numpy(np.float64) for name in kept]
    return kept, np.column_stack(columns) if columns else np.zeros((len(source), 0))


def rasch(ratings: pd.DataFrame, source: str = "") -> Rasch:
    """Fit the rating scale model to multi-source rows, of one source or of all but self.

    Scores are steps of their scale; where more than ten steps are used, tenths of the range used.
    """
    from kinerja_analysis.stats import many_facet_rasch

    names = ["period", "ratee", "rater", "source", "criterion", "score", "scale_min", "scale_max"]
    first = np.sort(grouped(ratings, ["period", "ratee", "rater", "criterion", "row"])[1])
    once = ratings[names].iloc[first]
    rows = compared(once[once["source"] == source] if source else once)
    lists = {c: pd.factorize(rows[c], sort=True) for c in ("ratee", "rater", "criterion")}
    ratees, raters, criteria = ([str(n) for n in names] for _, names in lists.values())
    share = ((rows["score"] - rows["scale_min"]) / (rows["scale_max"] - rows["scale_min"])).round(8)
    used = np.unique(100 * share)
    if used.size < 2:
        return Rasch(ratees, raters, criteria, np.nan, np.nan, None)
    low, points = float(used[0]), max(float(np.diff(used).min()), float(np.ptp(used)) / STEPS)
    score = np.round((100 * share - low) / points)
    facets = {name: code for name, (code, _) in lists.items()}
    return Rasch(ratees, raters, criteria, low, points, many_facet_rasch(score, facets))


def sd_limits(fit: CrossedEffects, factor: str, least: float = 0.0) -> tuple[float, float]:
    """Return the limits of a factor's SD: by profile where the fit has them, else symmetric in the variance.

    Limits on the log scale (the delta method of large designs) cannot reach 0 where there is no variance at all.
    ``least`` is the smallest half width of the variance.
    """
    sd, (lower, upper) = fit.sd[factor], fit.sd_interval[factor]
    if "delta" not in fit.method:
        return lower, upper
    half = sd**2 * float(np.log(upper / lower)) if sd > 0 and lower > 0 and np.isfinite(upper) else 0.0
    half = max(half, least)
    return float(np.sqrt(max(sd**2 - half, 0.0))), float(np.sqrt(sd**2 + half))
