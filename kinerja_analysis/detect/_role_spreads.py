"""Spread of leniency of supervisors and of the other raters, each by its own data: one does not tell the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kinerja_analysis.detect._leniency_pairs import leniency_of, supervisors_spread
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.fits import crossed, sd_limits

if TYPE_CHECKING:
    from kinerja_analysis.stats.crossed_effects import CrossedEffects

LEAST = 8  #: fewer raters of a kind do not tell a spread of their own
Spread = tuple[float, float, float]


def role_spreads(ctx: Context, least: float = 0.0) -> dict[str, Spread]:
    """Return the leniency SD with its limits, in points, of the kinds ``rater`` (no supervisor) and ``supervisor``.

    Supervisors: differences from the other raters of the same employees, REML, the others' leniency taken off. The
    others: ratee and rater crossed, REML, their ratings alone. Empty where a kind has fewer than ``LEAST`` raters or
    no answer. ``least``: smallest half width of the variance, as in ``sd_limits``.
    """
    fits = ctx.memo("role_spreads", lambda: _fits(ctx))
    found = {kind: freed(fit, carried, least) for kind, (fit, carried) in fits.items()}
    return found if all(math.isfinite(v) for spread in found.values() for v in spread) else {}


def _fits(ctx: Context) -> dict[str, tuple[CrossedEffects, float]]:
    pairs = ctx.pairs
    within = leniency_of(ctx)
    others = crossed(pairs[pairs["source"] != "supervisor"], level=ctx.config.level)
    if not (pairs["source"] == "supervisor").any() or min(len(within.judged), len(others.raters)) < LEAST:
        return {}
    fit, carried, _ = supervisors_spread(within, ctx.config.level)
    if others.fit is None or any(f.reason not in ("", "singular") for f in (fit, others.fit)):
        return {}
    return {"rater": (others.fit, 0.0), "supervisor": (fit, carried)}


def freed(fit: CrossedEffects, carried: float, least: float = 0.0) -> Spread:
    """Return the SD of the factor ``rater`` and its limits without the variance ``carried`` over from others."""
    every = (fit.sd["rater"], *sd_limits(fit, "rater", least))
    value, lower, upper = (math.sqrt(max(s**2 - carried, 0.0)) if math.isfinite(s) else math.nan for s in every)
    return value, lower, upper
