"""What a design can identify: components, hinges, and how well raters of different groups can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from . import _graph
from ._arrays import codes
from ._contrasts import GroupContrasts, group_contrasts, representatives
from ._graph import IntArray, PairGraph
from ._null_space import null_space
from ._record import block, frame

if TYPE_CHECKING:
    import pandas as pd

NOT_IDENTIFIED = "not_identified"
INSIDE_GROUPS_ONLY = "inside_groups_only"
CONNECTED_TOO_WEAK = "connected_too_weak"
LINKED_BY_CHANGES = "linked_by_changes"
LINKED = "linked"
LINKED_BY_ANCHORS = "linked_by_anchors"
MINIMUM_RELIABILITY = 0.5


@dataclass(frozen=True, slots=True)
class LinkageRecord:
    """What the graph of ratees and raters allows to be said about raters.

    Attributes
    ----------
    n : int
        Distinct (ratee, rater) pairs without self ratings.
    n_ratees, n_raters : int
        Ratees and raters that take part in a pair.
    n_components : int
    component_ratee, component_rater : ndarray of int
        Component of each code; -1 for a code without a pair.
    bridges : ndarray of int, shape (b, 2)
        Pairs (ratee, rater) whose loss splits a component.
    hinge_raters : ndarray of int
        Raters whose loss separates other raters from each other.
    movers : ndarray of int
        Ratees with two or more raters.
    links : ndarray of int, shape (l, 4)
        group, other group, raters who rate in both, ratees rated in both; pairs of groups without
        either are left out.
    null_dim, null_dim_expected : int
        Free directions of the additive design and how many a fully linked one has (facets − 1).
    unlinked : dict of str to ndarray of int
        By facet, the codes not comparable with the facet's largest linked set.
    contrast_se, contrast_se_weakest : float
        Median and largest standard error of a between-group contrast of two raters, over those inside
        one component, in the unit of `sd_pair`. NaN when there is none.
    contrast_reliability, contrast_reliability_weakest : float
        1 − SE²/(2·sd_rater²) of these two, not below 0.
    contrast_se_all : float
        Median over all pairs of groups; unconnected ones count as infinite.
    share_connected : float
        Share of all pairs of groups whose raters are in one component.
    verdict : str
        ``not_identified`` | ``inside_groups_only`` | ``connected_too_weak`` | ``linked_by_changes`` |
        ``linked`` | ``linked_by_anchors``.
    reason : str
        Why `contrast_se` is NaN: "empty", "only_self_ratings", "one_rater", or "disconnected" (no two of the
        compared raters lie in one component); else "".
    """

    n: int
    n_ratees: int
    n_raters: int
    n_components: int
    component_ratee: IntArray
    component_rater: IntArray
    bridges: IntArray
    hinge_raters: IntArray
    movers: IntArray
    links: IntArray
    null_dim: int
    null_dim_expected: int
    unlinked: dict[str, IntArray]
    contrast_se: float
    contrast_se_weakest: float
    contrast_reliability: float
    contrast_reliability_weakest: float
    contrast_se_all: float
    share_connected: float
    verdict: str
    method: str
    reason: str

    @property
    def n_movers(self) -> int:
        """Number of ratees with two or more raters."""
        return int(self.movers.size)

    def to_frame(self) -> "pd.DataFrame":
        """Counts and contrast quantities in long form."""
        counts = {
            "pairs": self.n,
            "ratees": self.n_ratees,
            "raters": self.n_raters,
            "components": self.n_components,
            "bridges": len(self.bridges),
            "hinge_raters": self.hinge_raters.size,
            "movers": self.movers.size,
            "null_dim": self.null_dim,
            "share_connected": self.share_connected,
            "contrast_se": self.contrast_se,
            "contrast_se_weakest": self.contrast_se_weakest,
            "contrast_se_all": self.contrast_se_all,
            "contrast_reliability": self.contrast_reliability,
            "contrast_reliability_weakest": self.contrast_reliability_weakest,
        }
        return frame(*(block(name, float(value)) for name, value in counts.items()))


def linkage(
    ratee: ArrayLike,
    rater: ArrayLike,
    *,
    group: ArrayLike | None = None,
    period: ArrayLike | None = None,
    extra_facets: Mapping[str, ArrayLike] | None = None,
    self_mask: ArrayLike | None = None,
    sd_pair: float = 0.7,
    sd_rater: float = 0.35,
    anchored: bool = False,
    seed: int = 0,
) -> LinkageRecord:
    """Say what the ratings can identify before any number about raters is computed.

    Parameters
    ----------
    ratee, rater : array of int, shape (n,)
        Codes from 0, one entry per rating. Ratee and rater codes are separate numberings.
    group : array of int, shape (n,), optional
        Group (unit or region) of the ratee. A rater's home is the group he rates most in.
    period : array of int, shape (n,), optional
        Period of the rating; without it several raters of one ratee count as simultaneous.
    extra_facets : mapping of name to array of int, shape (n,), optional
        Further additive facets (criteria, tasks), for `null_dim` and `unlinked`.
    self_mask : array of bool, shape (n,), optional
        True for self ratings; they are removed, since they link nothing.
    sd_pair, sd_rater : float
        Standard deviation of a pair mean around ratee + rater, and of severity, in one unit
        (default: in SD of an employee's true score).
    anchored : bool
        The caller has anchors (vignettes, outside indicators).
    seed : int
        Chooses the contrasts when there are too many to compute them all.

    Returns
    -------
    LinkageRecord

    Raises
    ------
    ValueError
        For malformed codes, unequal lengths, standard deviations that are not positive, or further facets named
        ratee or rater or too entangled (see ``null_space``: above some 10,000 levels).

    Notes
    -----
    The verdict looks at the rater with most ratees of every group and at the *median* contrast over
    *all* pairs of groups, unconnected pairs counting as infinitely weak: one bridge between two of sixty
    units is ``connected_too_weak``. ``linked`` asks for reliability 1 − SE²/(2·sd_rater²) ≥ 0.5, that is
    SE ≤ sd_rater. Without groups (or with one) the contrasts are those of all raters. For three and more
    facets components are not enough: the null space of the additive design is used.

    Examples
    --------
    One supervisor per employee:

    >>> linkage([0, 1, 2, 3], [0, 0, 1, 1]).verdict
    'not_identified'

    Two raters per employee, two units that share nobody:

    >>> record = linkage([0, 0, 1, 1], [0, 1, 2, 3], group=[0, 0, 1, 1])
    >>> record.verdict, record.n_components
    ('inside_groups_only', 2)
    """
    if not (sd_pair > 0 and sd_rater > 0):
        raise ValueError("sd_pair and sd_rater must be positive")
    facets = _columns({"ratee": ratee, "rater": rater, "group": group, "period": period}, self_mask)
    who, by, units, time = (facets[name] for name in ("ratee", "rater", "group", "period"))
    if {"ratee", "rater"} & set(extra_facets or ()):
        raise ValueError("extra_facets must not be named ratee or rater")
    further = _columns({"ratee": ratee, **(extra_facets or {})}, self_mask)
    del further["ratee"]
    n_ratees, n_raters = (int(np.asarray(code).max(initial=-1)) + 1 for code in (ratee, rater))
    graph = _graph.pair_graph(who, by, (n_ratees, n_raters))
    contrasts = group_contrasts(graph, representatives(graph, units), sd_pair=sd_pair, seed=seed)
    verdict = LINKED_BY_ANCHORS if anchored else _verdict(graph, (who, by), units, time, contrasts, sd_rater)
    null_dim, unlinked = _unlinked(graph, (who, by), further)
    several = graph.ratings_per_ratee
    return LinkageRecord(
        n=int(graph.ratee.size),
        n_ratees=int((several > 0).sum()),
        n_raters=int((graph.ratees_per_rater > 0).sum()),
        n_components=graph.n_components,
        component_ratee=graph.component_ratee,
        component_rater=graph.component_rater,
        bridges=_graph.bridges(graph),
        hinge_raters=_graph.hinge_raters(graph),
        movers=np.flatnonzero(several > 1),
        links=_links(who, by, units),
        null_dim=null_dim,
        null_dim_expected=1 + len(further),
        unlinked=unlinked,
        contrast_se=contrasts.median,
        contrast_se_weakest=contrasts.weakest,
        contrast_reliability=_reliability(contrasts.median, sd_rater),
        contrast_reliability_weakest=_reliability(contrasts.weakest, sd_rater),
        contrast_se_all=contrasts.median_all,
        share_connected=contrasts.share_connected,
        verdict=verdict,
        method="graph of distinct pairs; contrasts from the rater Laplacian" + contrasts.note,
        reason=_reason(graph, contrasts, np.asarray(ratee).size),
    )


def _columns(columns: Mapping[str, ArrayLike | None], self_mask: ArrayLike | None) -> dict[str, Any]:
    """Checked code vectors as long as the ratees', self ratings left out; absent ones stay None."""
    size = np.asarray(columns["ratee"]).size
    checked = {name: None if values is None else codes(values, name, size) for name, values in columns.items()}
    if self_mask is None:
        return checked
    mask = np.asarray(self_mask)
    if mask.dtype != np.bool_ or mask.shape != (size,):
        raise ValueError(f"self_mask must hold {size} booleans")
    return {name: None if values is None else values[~mask] for name, values in checked.items()}


def _reliability(se: float, sd_rater: float) -> float:
    """1 − SE²/(2σ²), not below 0; NaN stays NaN."""
    return se if np.isnan(se) else max(0.0, 1.0 - se**2 / (2.0 * sd_rater**2))


def _reason(graph: PairGraph, contrasts: GroupContrasts, n_rows: int) -> str:
    """Why there is no contrast."""
    if not graph.ratee.size:
        return "only_self_ratings" if n_rows else "empty"
    if not np.isnan(contrasts.median):
        return ""
    return "one_rater" if np.unique(graph.rater).size == 1 else "disconnected"


def _verdict(
    graph: PairGraph,
    rows: tuple[IntArray, IntArray],
    group: IntArray | None,
    period: IntArray | None,
    contrasts: GroupContrasts,
    sd_rater: float,
) -> str:
    if (graph.ratings_per_ratee <= 1).all():
        return NOT_IDENTIFIED
    if period is not None and _one_rater_per_period(*rows, period):
        return LINKED_BY_CHANGES
    grouped = group is not None and np.unique(group).size > 1
    apart = contrasts.share_connected == 0  # who rates the heads of units alone spans them and links nobody
    if group is not None and grouped and (apart or not _spans_groups(graph, rows[0], group)):
        return INSIDE_GROUPS_ONLY
    if not grouped and graph.n_components > 1 and np.isinf(contrasts.median_all):
        return INSIDE_GROUPS_ONLY
    strong = _reliability(contrasts.median_all, sd_rater) >= MINIMUM_RELIABILITY
    return LINKED if strong else CONNECTED_TOO_WEAK


def _one_rater_per_period(ratee: IntArray, rater: IntArray, period: IntArray) -> bool:
    cell = ratee.astype(np.int64) * (int(period.max()) + 1) + period
    both = np.unique(np.column_stack([cell, rater]), axis=0)
    return bool(both.shape[0] == np.unique(cell).size)


def _spans_groups(graph: PairGraph, ratee: IntArray, group: IntArray) -> bool:
    both = np.unique(np.column_stack([graph.component_ratee[ratee], group]), axis=0)
    return bool(np.unique(both[:, 0]).size < both.shape[0])


def _links(ratee: IntArray, rater: IntArray, group: IntArray | None) -> IntArray:
    """Per pair of groups: raters and ratees with ratings in both."""
    if group is None or not group.size:
        return np.zeros((0, 4), np.int64)
    size = int(group.max()) + 1
    shared = [_shared(code, group, size) for code in (rater, ratee)]
    keys = np.union1d(shared[0][0], shared[1][0])
    counts = np.zeros((2, keys.size), np.int64)
    for row, (key, count) in zip(counts, shared, strict=True):
        row[np.searchsorted(keys, key)] = count
    return np.column_stack([*np.divmod(keys, size), *counts])


def _shared(code: IntArray, group: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Pairs of groups as group·size + other group, and how many codes occur in both."""
    shape = int(code.max()) + 1, size
    member = sparse.csr_array((np.ones(code.size, np.int64), (code, group)), shape=shape)
    member.data[:] = 1
    pairs = sparse.triu(member.T @ member, k=1).tocoo()
    key = pairs.row.astype(np.int64) * size + pairs.col
    order = np.argsort(key)
    return key[order], pairs.data[order]


def _unlinked(
    graph: PairGraph, rows: tuple[IntArray, IntArray], further: dict[str, IntArray]
) -> tuple[int, dict[str, IntArray]]:
    """Dimension of the design's null space and the codes outside each facet's largest linked set."""
    facets = {"ratee": rows[0], "rater": rows[1], **further}
    if not graph.ratee.size:
        return 0, {name: np.zeros(0, np.int64) for name in facets}
    present = {name: np.flatnonzero(np.bincount(values)) for name, values in facets.items()}
    if further:
        columns = [np.searchsorted(present[name], values) for name, values in facets.items()]
        null_dim, classes = null_space(np.column_stack(columns))
    else:
        null_dim = graph.n_components
        classes = [side[side >= 0] for side in (graph.component_ratee, graph.component_rater)]
    return null_dim, {
        name: _outside(codes, label) for (name, codes), label in zip(present.items(), classes, strict=True)
    }


def _outside(present: IntArray, label: IntArray) -> IntArray:
    """Codes not in the largest class; of equally large ones the class of the smallest code stays."""
    largest = np.bincount(label)[label]
    return present[label != label[np.argmax(largest)]]
