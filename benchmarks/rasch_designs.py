"""Ratings in ordered categories with known measures, for the many-facet Rasch benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from designs import pairs
from numpy.typing import NDArray

SD_THETA, SD_SEVERITY, SPREAD = 1.0, 0.5, 0.6
FIVE = (-2.0, -0.7, 0.7, 2.0)
CHUNK = 50_000


@dataclass(frozen=True)
class RatingDesign:
    """Ratings, one row each, and the truth they were drawn from; every code occurs."""

    name: str
    score: NDArray[np.int64]
    facets: dict[str, NDArray[np.int64]]
    theta: NDArray[np.float64]
    severity: NDArray[np.float64]
    difficulty: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def levels(self) -> dict[str, int]:
        """Levels of each facet."""
        return {name: int(codes.max()) + 1 for name, codes in self.facets.items()}


def rating_design(
    n_pairs: int, cross: float, criteria: int = 7, categories: int = 5, seed: int = 1, pair_sd: float = 0.0
) -> RatingDesign:
    """Teams of eight, rated by their supervisor and three peers each, on every criterion.

    Who rates whom comes from `designs.pairs`; a (ratee, rater) pair drawn twice is kept once, so there are slightly
    fewer pairs than asked for.

    Parameters
    ----------
    n_pairs : int
        Pairs of ratee and rater; rounded down to whole teams of 32, at least two teams.
    cross : float
        Chance that a pair has a rater of another team.
    criteria, categories : int
        Each pair is rated on all criteria, in categories from 0.
    seed : int
    pair_sd : float
        Standard deviation of an effect on the logit shared by all ratings of a pair. The Rasch model lacks it.

    Returns
    -------
    RatingDesign
        Facets ``ratee``, ``rater``, ``criterion``. Logit of category k against k - 1: theta N(0, 1) of the ratee -
        severity N(0, .5) of the rater - difficulty of the criterion (evenly from -.6 to .6) + pair effect - threshold
        k. Thresholds are -2, -.7, .7, 2 for five categories, else evenly from -2 to 2. Nothing is centred afterwards.

    Examples
    --------
    >>> design = rating_design(64, 0.0)
    >>> design.score.size, design.levels
    (448, {'ratee': 16, 'rater': 18, 'criterion': 7})
    >>> design.difficulty
    array([-0.6, -0.4, -0.2,  0. ,  0.2,  0.4,  0.6])
    """
    groups = pairs(n_pairs, cross, seed).groups
    width = int(groups["rater"].max()) + 1
    ratee, rater = np.divmod(np.unique(groups["ratee"] * width + groups["rater"]), width)
    name = f"pairs_{n_pairs:.1e}_{cross:.0%}_x{criteria}".replace("e+0", "e").replace(".0e", "e")
    return _draw(name, ratee, rater, criteria, categories, seed, pair_sd)


def complete_design(
    ratees: int, raters: int, criteria: int = 7, categories: int = 5, seed: int = 1, pair_sd: float = 0.0
) -> RatingDesign:
    """Every rater rates every ratee on every criterion; the rest is as in `rating_design`.

    Examples
    --------
    >>> complete_design(20, 3, criteria=2).score.size
    120
    """
    ratee, rater = np.divmod(np.arange(ratees * raters), raters)
    return _draw(f"complete_{ratees}x{raters}x{criteria}", ratee, rater, criteria, categories, seed, pair_sd)


def panel_design(
    ratees: int, raters: int, each: int, criteria: int = 7, categories: int = 5, seed: int = 1, pair_sd: float = 0.0
) -> RatingDesign:
    """Every ratee is rated by `each` random raters of one panel on every criterion; the rest as in `rating_design`.

    Examples
    --------
    >>> panel_design(50, 6, 2, criteria=3).levels
    {'ratee': 50, 'rater': 6, 'criterion': 3}
    """
    order = np.random.default_rng([seed, 2]).random((ratees, raters)).argsort(axis=1)
    rater = np.sort(order[:, :each], axis=1).ravel()
    name = f"panel_{ratees}x{each}of{raters}x{criteria}"
    return _draw(name, np.repeat(np.arange(ratees), each), rater, criteria, categories, seed, pair_sd)


def _draw(
    name: str,
    ratee: NDArray[np.int64],
    rater: NDArray[np.int64],
    criteria: int,
    categories: int,
    seed: int,
    pair_sd: float,
) -> RatingDesign:
    """Draw the truth and a score for every pair and criterion."""
    ratee, rater = (np.unique(codes, return_inverse=True)[1] for codes in (ratee, rater))
    rng = np.random.default_rng([seed, 1])
    theta = rng.normal(0, SD_THETA, int(ratee.max()) + 1)
    severity = rng.normal(0, SD_SEVERITY, int(rater.max()) + 1)
    difficulty = np.linspace(-SPREAD, SPREAD, criteria) if criteria > 1 else np.zeros(1)
    thresholds = np.array(FIVE) if categories == 5 else np.linspace(-2, 2, categories - 1)
    if categories == 2:
        thresholds = np.zeros(1)
    location = theta[ratee] - severity[rater]
    if pair_sd:
        location += rng.normal(0, pair_sd, ratee.size)
    score = np.empty((ratee.size, criteria), np.int64)
    cumulated = np.cumsum(thresholds)
    for first in range(0, ratee.size, CHUNK):
        part = slice(first, first + CHUNK)
        eta = location[part, None] - difficulty
        upto = np.ones((*eta.shape, categories))
        upto[..., 1:] = np.exp(eta[..., None] * np.arange(1, categories) - cumulated)
        np.cumsum(upto, axis=-1, out=upto)
        drawn = rng.random(eta.shape) * upto[..., -1]
        score[part] = (drawn[..., None] > upto[..., :-1]).sum(axis=-1)
    facets = {
        "ratee": np.repeat(ratee, criteria),
        "rater": np.repeat(rater, criteria),
        "criterion": np.tile(np.arange(criteria), ratee.size),
    }
    return RatingDesign(name, score.ravel(), facets, theta, severity, difficulty, thresholds)
