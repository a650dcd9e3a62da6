"""Every rater beside honest raters of the same design, and the decision table that names a pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from kinerja_analysis.detect._rater_profile_model import (
    FLOOR,
    Honest,
    Indices,
    departure,
    honest,
    indices,
    lattice,
)
from kinerja_analysis.detect.identical import Ints, upper_tail
from kinerja_analysis.detect.profiles import Floats, Raters
from kinerja_analysis.stats import adjust

PATTERNS = ("lenient", "strict", "central", "range", "random", "halo", "copied")
SHOWN = ("severity", "slope", "spread", "infit", "profile", "idiosyncratic", "identical")
#: Tests that can start a naming: severity and infit (both ways), slope, spread and profile low, identical high.
TESTS = 6
#: Raters of one source from which the source has an ordinary rater of its own.
OWN_SOURCE = 10
#: Raters who tell criteria apart from which these alone show what is ordinary.
LEAST = 5
#: Share of identical vectors from which scores that spread little and copied ones are the same thing.
NEARLY_ALL = 0.8
#: Below it, the other vectors lie as far from the copied one as this share of what is ordinary.
AWAY = 0.75
#: Raters further from the median than this many deviations are outliers; standard deviation of a normal cut there.
CLIP, CUT = 2.0, 0.8796


@dataclass(frozen=True, slots=True)
class Judged:
    """One entry per rater: ``value``, ``low`` and ``high`` (what honest raters show) of each index of SHOWN.

    ``name`` is a pattern, "none", or "unclear"; ``typical`` the region's median slope, ``expected`` the share of
    identical vectors under the null, ``far`` the points from which a severity has a name; rows of ``z``:
    severity, slope, spread, infit, profile, idiosyncratic.
    """

    value: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    name: list[str]
    p: Floats
    p_adjusted: Floats
    typical: float
    expected: Floats
    far: float
    z: Floats
    found: Indices


def judge(
    raters: Raters, limits: dict[str, float], fdr: float, generator: Callable[[int], np.random.Generator]
) -> Judged | None:
    """Judge all raters; ``None`` when ordinary raters give all their ratees the same.

    ``limits`` are the thresholds ``alpha slope_low slope_high profile_max profile_reliability severity excess``, and
    ``level``, that of the ranges told.
    """
    size = np.array([len(y) for y in raters.y])
    parts = [np.flatnonzero(size == n) for n in np.unique(size)]  # raters are in order of their size
    stacks = [(np.stack([raters.x[i] for i in p]), np.stack([raters.y[i] for i in p])) for p in parts]
    own, their = (np.array([v.mean() for v in part]) for part in (raters.y, raters.x))
    steps = lattice(np.concatenate(raters.y), np.repeat(np.arange(len(size)), size))
    first = _joined([indices(x, y, 1.0, steps[0]) for x, y in stacks])
    usual = _usual(first, limits)
    found = _joined([indices(x, y, float(np.median(first.slope[usual])), steps[0]) for x, y in stacks])
    if np.median(found.moments[0]) <= FLOOR**2:
        return None
    criterion = np.mean([x.mean(axis=0) - x.mean() for x in raters.x], axis=0)
    part = Indices(*(getattr(found, f.name)[..., usual] for f in fields(Indices)))
    model = honest(part, raters.others[usual], own[usual], their[usual], criterion, steps, generator(1))
    null = _null(model, found, raters.others, model.classes(own), model.classes(their), generator)
    return _judged(raters, found, model, _located(found, model, null, raters.source, usual), null, limits, fdr)


def _joined(parts: list[Indices]) -> Indices:
    return Indices(*(np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(Indices)))


@dataclass(frozen=True, slots=True)
class Null:
    """Per rater: mean and standard deviation of each index under the null, and of the identical share its tail."""

    mean: Floats
    sd: Floats
    share: Floats
    most: Floats
    p: Floats


def _scales(f: Indices, model: Honest) -> Floats:
    """Return six indices (rows) on scales on which their nulls are near normal and free of the others' spread.

    Severity is taken between the levels before the ends of the scale cut them.
    """
    severity = model.latent(f.level + f.severity) - model.latent(f.level)
    return np.stack([
        severity, (f.slope - model.typical) * np.sqrt(f.moments[1]), np.log(np.maximum(f.spread, FLOOR)),
        np.log(np.maximum(f.rest, FLOOR**2)), f.profile, f.idiosyncratic,
    ])  # fmt: skip


def _null(
    model: Honest, found: Indices, others: Ints, own: Ints, their: Ints, generator: Callable[[int], np.random.Generator]
) -> Null:
    """Simulate every design that occurs once: ratees (in steps of a tenth from 20), other raters, levels."""
    step = np.maximum(found.n // 10, 1)
    designs, which = np.unique(np.stack([found.n - found.n % step, others, own, their], axis=1), axis=0,
                               return_inverse=True)  # fmt: skip
    r = found.n.size
    null = Null(np.zeros((6, r)), np.ones((6, r)), *(np.ones(r) for _ in range(3)))
    for d, (n, m, a, b) in enumerate(designs.tolist()):
        drawn = model.null(n, m, a, b, generator(2 + a + 1000 * (b + 1000 * (n + 1000 * m))))
        scales = _scales(drawn, model)
        mine = which.ravel() == d
        null.mean[1:, mine] = scales[1:].mean(axis=1, keepdims=True)  # levels are given: no severity is expected
        null.sd[:, mine] = np.maximum(scales.std(axis=1, keepdims=True), FLOOR)
        null.share[mine], null.most[mine] = drawn.largest.mean() / n, np.quantile(drawn.largest, 0.95) / n
        for i in np.flatnonzero(mine & (found.largest > 1)):
            null.p[i] = upper_tail(drawn.largest, int(np.ceil(found.largest[i] * n / found.n[i])), n)
    return null


def _located(
    found: Indices, model: Honest, null: Null, source: NDArray[Any], usual: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return centre and width of each null, and the degrees of freedom of the severity's width.

    Nulls are moved to the median of the raters, and widened to their spread.

    What the model leaves out (levels of the scale that mean other things to different raters, ratings of supervisors
    stricter than those of peers, how much ordinary raters differ in severity) is in the median and in the standard
    deviation of the raters of a source who tell criteria apart. Where too few do, the profile is judged beside the
    model alone: its slope has an absolute meaning.
    """
    z = (_scales(found, model) - null.mean) / null.sd
    size = {s: int((source == s).sum()) for s in set(source)}
    group = np.array([s if size[s] >= OWN_SOURCE else "" for s in source])
    middle, width, free = np.zeros_like(z), np.ones_like(z), np.ones(z.shape[1])
    unit = float(np.median(null.sd[0]))
    z[0] *= null.sd[0] / unit  # how much raters differ is added to what chance gives, not a multiple of it
    for s in set(group):
        part, kept = group == s, usual & ((group == s) | (s == ""))
        enough = kept.sum() >= LEAST
        middle[:, part], width[:, part], free[part] = _ordinary(z[:, kept if enough else part])
        if not enough:
            middle[4, part], width[4, part] = 0.0, 1.0
    sd = null.sd * width
    sd[0] = np.sqrt(null.sd[0] ** 2 + (width[0] ** 2 - 1) * unit**2)
    shift = middle * null.sd
    shift[0] = middle[0] * unit
    return null.mean + shift, sd, free


def _usual(f: Indices, limits: dict[str, float]) -> NDArray[np.bool_]:
    """Return the raters who show what is ordinary: who tell criteria apart, all if these are too few.

    How common halo is in the region then moves no null.
    """
    apart = (_criteria(f) >= limits["profile_max"]) | (f.steady < limits["profile_reliability"])
    return apart if apart.sum() >= LEAST else np.ones_like(apart)


def _criteria(f: Indices) -> Floats:
    """Return how far criteria are told apart, as the others do or in another order: 1 as the others, 0 not at all."""
    return np.maximum(f.profile, f.flat)


def _ordinary(z: Floats) -> tuple[Floats, Floats, int]:
    """Return median, standard deviation (at least 1) of each row without its outliers, and the degrees of freedom.

    Outliers are told by the median absolute deviation, then twice by the standard deviation of what was kept, made
    larger by what cutting a normal distribution takes from it. Cut at two: of three or more, a few copied or random
    raters widen it so far that lenient and strict ones lie inside.
    """
    centre = np.median(z, axis=1, keepdims=True)
    width = 1.4826 * np.median(np.abs(z - centre), axis=1, keepdims=True)
    for _ in range(3):
        kept = np.abs(z - centre) <= CLIP * np.maximum(width, 1.0)
        width = np.sqrt(np.where(kept, (z - centre) ** 2, 0.0).sum(axis=1) / np.maximum(kept.sum(axis=1) - 1, 1))
        width = width[:, None] / CUT
    return centre, np.maximum(width, 1.0), int(max(kept[0].sum() - 1, 1))


def _judged(
    raters: Raters, found: Indices, model: Honest, place: tuple[Floats, Floats, Floats], null: Null,
    limits: dict[str, float], fdr: float,
) -> Judged:  # fmt: skip
    centre, width, free = place
    z = np.clip((_scales(found, model) - centre) / width, -20, 20)
    q = float(ndtri(1 - limits["alpha"]))
    value, low, high = (_shown(found, centre, t, model) for t in (None, centre - q * width, centre + q * width))
    share = found.largest / found.n
    value["identical"], low["identical"], high["identical"] = share, 0 * share, null.most
    copied = (null.p <= limits["alpha"]) & (share - null.share >= limits["excess"])
    typical, seen = model.typical, found.steady >= limits["profile_reliability"]
    away = np.array([departure(y) for y in raters.y])
    copied &= (found.slope < limits["slope_low"] * typical) & ((away >= AWAY * np.median(away)) | (share >= NEARLY_ALL))
    lower, upper = stdtr(found.n - 1, z), stdtr(found.n - 1, -z)
    apart = np.abs(found.severity) > stdtrit(found.n - 1, 0.5 + limits["level"] / 2) * found.sd / np.sqrt(found.n)
    severity = np.where(apart, z[0], 0.0)  # nobody is named for a difference whose own range holds none
    tests = (
        2 * stdtr(np.minimum(free, found.n - 1), -np.abs(severity)), lower[1], lower[2],
        2 * np.minimum(lower[3], upper[3]),
        np.where(seen & (_criteria(found) < limits["profile_max"]), lower[4], 1.0), np.where(copied, null.p, 1.0),
    )  # fmt: skip
    p = np.minimum(TESTS * np.min(tests, axis=0), 1.0)
    adjusted = np.asarray(adjust(p, "bh"))
    expected = np.where(typical > FLOOR, model.typical + centre[1] / np.sqrt(found.moments[1]), found.slope)
    far = limits["severity"] * float(np.sqrt(np.median(found.moments[0])))
    distance = {
        "spread": np.exp(np.log(np.maximum(found.spread, FLOOR)) - centre[2]),
        "severity": z[0] * width[0] / far,
        "slope": found.slope / np.maximum(expected, FLOOR),
    }
    marks = {"copied": copied, **_marks(np.vstack([severity, z[1:]]), distance, _criteria(found), seen, limits)}
    names = [pattern(**{k: bool(v[i]) for k, v in marks.items()}) if adjusted[i] <= fdr else "none"
             for i in range(p.size)]  # fmt: skip
    return Judged(value, low, high, names, p, adjusted, typical, null.share, far, z, found)


def _marks(
    z: Floats, distance: dict[str, Floats], profile: Floats, seen: NDArray[np.bool_], limits: dict[str, float]
) -> dict[str, NDArray[np.bool_]]:
    """Return the columns of the decision table; ``distance``: multiples of the ordinary (severity: of the limit)."""
    q, strong = float(ndtri(1 - limits["alpha"])), float(ndtri(1 - limits["alpha"] / TESTS))
    severe = (np.abs(z[0]) > strong) & (np.abs(distance["severity"]) >= 1)
    cut = np.where(severe, strong, q)  # the severity explains the joint test: what else is named must pass alone
    narrow = z[2] < -cut
    odd = np.abs(z[2:4]).max(axis=0)
    loose = (z[1] < -cut) & (distance["slope"] < limits["slope_low"])
    return {
        "low": loose | (narrow & (distance["spread"] < limits["slope_low"])),
        "loose": loose,
        "steep": (z[1] > strong) & (distance["slope"] > limits["slope_high"]),
        "narrow": narrow,
        "even": z[3] < -q,
        "uneven": z[3] > q,
        "flat": seen & (z[4] < -cut) & (profile < limits["profile_max"]),
        "other": (odd > strong) & ~(severe & (np.abs(z[0]) >= odd)),
        "kept": seen & (z[4] >= -q),
        "lenient": (z[0] > q) & (distance["severity"] >= 1),
        "strict": (z[0] < -q) & (distance["severity"] <= -1),
    }


def _shown(found: Indices, centre: Floats, at: Floats | None, model: Honest) -> dict[str, Floats]:
    """Return the indices as they are told: those of the raters, or of a place in their nulls."""
    t = _scales(found, model) if at is None else at
    severity = found.severity if at is None else model.shown(model.latent(found.level) + t[0]) - found.level
    slope = model.typical + t[1] / np.sqrt(found.moments[1])
    return {"severity": severity, "slope": slope, "spread": np.exp(t[2]), "infit": np.exp(t[3] - centre[3]),
            "profile": t[4], "idiosyncratic": np.clip(t[5], 0.0, 1.0)}  # fmt: skip


def pattern(
    *, copied: bool, low: bool, loose: bool, steep: bool, other: bool, narrow: bool, even: bool, uneven: bool,
    flat: bool, kept: bool, lenient: bool, strict: bool,
) -> str:  # fmt: skip
    """Return the decision table's name for a rater who differs from ordinary raters.

    ``low``: employees are told apart less than the other raters do, or (``loose``) not in their order; ``steep``: more;
    ``narrow``: the rater's means spread little; ``even`` and ``uneven``: the rest inside the employee is small or
    large; ``flat``: criteria are not told apart, or (``kept``) visibly are; ``other``: spread or rest is far from
    ordinary. Equal rows among the few that flat ones can be are no copies where means spread as usual.

    >>> none = dict.fromkeys("copied low loose steep other narrow even uneven flat kept lenient strict".split(), False)
    >>> pattern(**none | {"low": True, "narrow": True, "even": True}), pattern(**none | {"flat": True, "even": True})
    ('central', 'halo')
    """
    if copied and (narrow or not flat):
        return "copied"
    if low and narrow and not uneven:
        return "central" if even else "random" if flat and loose else "range"
    if low and narrow and kept:
        return "range"
    if low:
        return "random" if loose and (uneven or not flat) else "unclear"
    if flat and (even or not steep):
        return "halo"
    return "unclear" if steep or other else "lenient" if lenient else "strict" if strict else "unclear"
