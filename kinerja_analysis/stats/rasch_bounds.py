"""Fit bounds of a many-facet Rasch model by parametric bootstrap, pair variance included."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._arrays import confidence
from ._rasch_fit import element_fit, sums
from ._rasch_fitted import Fitted, calibrate, shared_variance
from ._rasch_kernels import category_shares
from ._rasch_marginal import Marginal
from ._rasch_rows import Ratings
from ._record import block, frame
from .many_facet_rasch import NODES, ManyFacetRasch

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
_MATCHES = 6


@dataclass(frozen=True, slots=True)
class FitBounds:
    """What infit and outfit of each element look like where the model and its pair variance hold.

    Attributes
    ----------
    n : int
        Simulated data sets.
    infit, outfit : dict of ndarray, shape (levels, 2)
        Lower and upper bound by facet, in each element's own design.
    infit_p, outfit_p : dict of ndarray
        Two-sided bootstrap p of the observed mean squares (not adjusted for the number of elements).
    attenuation : float
        Simulated: factor by which the pair variance has shrunk the logits of the fit.
    sd_pair : float
        SD of the pair effect on the scale before shrinking, at which simulated fits show the pair variance of this one.
    method, reason : str
    """

    n: int
    infit: dict[str, FloatArray]
    outfit: dict[str, FloatArray]
    infit_p: dict[str, FloatArray]
    outfit_p: dict[str, FloatArray]
    attenuation: float
    sd_pair: float
    method: str
    reason: str

    def to_frame(self) -> "pd.DataFrame":
        """Bounds (lower, upper) with the p-value as value."""
        parts = []
        for kind in ("infit", "outfit"):
            for name, bounds in getattr(self, kind).items():
                p = getattr(self, f"{kind}_p")[name]
                parts.append(block(f"{kind}_p:{name}", p, lower=bounds[:, 0], upper=bounds[:, 1]))
        return frame(*parts, block("attenuation", self.attenuation), block("sd_pair", self.sd_pair))


def fit_bounds(fit: ManyFacetRasch, *, replicates: int = 200, level: float = 0.95, seed: int = 0) -> FitBounds:
    """Bounds of the fit statistics from data simulated in the same design and fitted the same way.

    Parameters
    ----------
    fit : ManyFacetRasch
    replicates : int
        Simulated data sets; each costs a fit.
    level : float
    seed : int

    Raises
    ------
    ValueError
        For a fit without estimates, fewer than 20 replicates or a level outside (0, 1).

    Notes
    -----
    Fixed limits such as .5 to 1.5 flag honest raters; a bootstrap without pair variance flags nearly all. The scale of
    the simulated logits and the SD of the pair effect are first matched: data simulated from them give, fitted, the
    measures and the pair variance of the fit. Parametric bootstrap of fit bounds: Wolfe & McGill 2011.

    Examples
    --------
    >>> from kinerja_analysis.stats import many_facet_rasch
    >>> ratee, rater, item = (g.ravel() for g in np.indices((6, 2, 3)))
    >>> score = np.clip(ratee // 2 + 1 - rater + (ratee * item + rater) % 3 - 1, 0, 3)
    >>> fit = many_facet_rasch(score, {"ratee": ratee, "rater": rater, "item": item})
    >>> fit_bounds(fit, replicates=20).infit["rater"].shape
    (2, 2)
    """
    inside = fit.inside
    if inside is None:
        raise ValueError("the model has no estimates: " + fit.reason)
    confidence(level)
    if replicates < 20:
        raise ValueError("at least 20 replicates are needed")
    world = _World(inside, fit.pair_variance, np.random.default_rng(seed))
    world.match()
    names = inside.rows.ratings.names
    seen = [world.statistics(world.refit()) for _ in range(replicates)]
    edges = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    found: dict[str, dict[str, FloatArray]] = {key: {} for key in ("infit", "outfit", "infit_p", "outfit_p")}
    for f, name in enumerate(names):
        for place, kind in enumerate(("infit", "outfit")):
            draws = np.array([one[f][place] for one in seen])
            observed = getattr(fit, kind)[name]
            found[kind][name], found[f"{kind}_p"][name] = _bounds(draws, observed, edges)
    how = f"parametric bootstrap of {replicates} data sets with pair variance; {fit.method}"
    return FitBounds(replicates, **found, attenuation=1.0 / world.scale, sd_pair=world.sd, method=how, reason="")


def _bounds(draws: FloatArray, observed: FloatArray, edges: list[float]) -> tuple[FloatArray, FloatArray]:
    known = np.isfinite(draws)
    count = known.sum(axis=0)
    bounds = np.full((observed.size, 2), np.nan)
    p = np.full(observed.size, np.nan)
    for e in np.flatnonzero((count >= 20) & np.isfinite(observed)):
        own = draws[known[:, e], e]
        bounds[e] = np.quantile(own, edges)
        low, high = 1 + (own <= observed[e]).sum(), 1 + (own >= observed[e]).sum()
        p[e] = min(1.0, 2.0 * min(low, high) / (own.size + 1))
    return bounds, p


class _World:
    """Data as the fit says they come about, with logits stretched by `scale` and a pair effect of SD `sd`."""

    def __init__(self, fit: Fitted, observed: float, rng: np.random.Generator) -> None:
        self.fit, self.rng = fit, rng
        self.observed = 0.0 if np.isnan(observed) else observed
        self.scale = 1.0
        self.sd = float(np.sqrt(self.observed))
        data = fit.rows.ratings
        source = fit.rows.source
        self.data = replace(
            data,
            codes=[column[source] for column in data.codes],
            weight=fit.rows.weight,
            group=data.group[source],
            row=source,
        )
        _, self.pair = np.unique(fit.codes(0) * data.sizes[fit.main] + fit.codes(fit.main), return_inverse=True)
        self.label = np.zeros((len(fit.rows.scale.labels), fit.engine.width + 1), np.int64)
        for g, own in enumerate(fit.rows.scale.labels):
            self.label[g, : own.size] = own

    def draw(self) -> Ratings:
        """Scores of one simulated data set."""
        rows = self.fit.rows
        effect = self.rng.normal(0.0, 1.0, int(self.pair.max()) + 1)[self.pair]
        eta = self.scale * self.fit.eta + self.sd * effect
        share = category_shares(eta, self.scale * self.fit.point.tau[rows.group], self.fit.engine.steps[rows.group])
        category = (self.rng.random(rows.n)[:, None] > np.cumsum(share, axis=1)[:, :-1]).sum(axis=1)
        return replace(self.data, score=self.label[rows.group, category])

    def refit(self) -> Fitted | None:
        """The same model fitted to simulated scores."""
        marginal = isinstance(self.fit.engine, Marginal)
        return calibrate(
            self.draw(), estimator="MML" if marginal else "JML", adjust=self.fit.engine.adjust, means=True,
            floating=0, nodes=NODES, tolerance=1e-3,
        )  # fmt: skip

    def match(self) -> None:
        """Find the stretch and the pair SD whose fits look like the observed one."""
        if not self.observed:
            self.sd = 0.0
            return
        for turn in range(_MATCHES):
            other = self.refit()
            if other is None:
                return
            slope = _slope(other.measure[0], self.fit.measure[0])
            found = shared_variance(other)[2].variance
            gain = 1.0 / (1.0 + 0.5 * turn)
            self.scale *= float(np.clip(slope, 0.5, 2.0)) ** -gain
            self.sd *= float(np.clip(np.sqrt(self.observed / max(found, 1e-6)), 0.5, 2.0)) ** gain

    def statistics(self, other: Fitted | None) -> list[tuple[FloatArray, FloatArray]]:
        """Infit and outfit by facet."""
        sizes = self.data.sizes
        if other is None:
            return [(np.full(size, np.nan), np.full(size, np.nan)) for size in sizes]
        found = [element_fit(own) for own in sums(other)]
        return [(one.infit, one.outfit) for one in found]


def _slope(estimate: FloatArray, truth: FloatArray) -> float:
    """Slope of the one on the other through their means."""
    use = np.isfinite(estimate) & np.isfinite(truth)
    t = truth[use] - truth[use].mean()
    square = float((t * t).sum())
    return float((estimate[use] * t).sum()) / square if square > 0 else 1.0
