"""Simulated regions for the patterns of raters: teams of one supervisor, three peers per employee, some planted.

Planted: lenient and strict by 2 SD; central tendency halves every difference; range restriction leaves a quarter of
the differences between employees, and criteria and noise whole; random scores have nothing of the employee; halo has
nothing of the criteria and a tenth of the noise; copied gives nine in ten employees one row of scores.

Latent scale: SD of an employee's true score 1. Supervisors differ in severity by SD .35, pairs by ``pair``, single
scores by .7; criteria differ by SD .5. The score is cut at uneven thresholds (five levels, 70 % in the top two) or
rounded to whole numbers of 0 to 100 (mean 75, 8 points per SD).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

PATTERNS = ("lenient", "strict", "central", "range", "random", "halo", "copied")
CRITERIA = np.array([-0.7, -0.35, 0.0, 0.35, 0.7])
#: 3, 7, 20, 40, 30 % of an ordinary rater's scores.
CUTS = np.array([-1.88, -1.28, -0.52, 0.52])


def planted(pattern, base, criterion, noise, g):
    """Return the latent scores (ratees, criteria) of one rater: ``base`` is ratee plus pair effect."""
    if pattern == "central":
        return 0.5 * (base[:, None] + criterion + noise)
    if pattern == "range":
        return 0.25 * base[:, None] + criterion + noise
    if pattern == "random":
        return 1.3 * g.standard_normal(noise.shape)
    if pattern == "halo":
        return base[:, None] + 0.1 * noise
    made = base[:, None] + criterion + noise
    if pattern == "copied":
        made = np.where(g.random((len(base), 1)) < 0.9, made[:1], made)
    return made + {"lenient": 2.0, "strict": -2.0}.get(pattern, 0.0)


def scores(latent, scale, pair):
    """Cut a latent score: five levels, or 0 to 100."""
    if scale == 5:
        spread = np.sqrt(1 + pair**2 + 0.49 + 0.245)
        return 1.0 + np.searchsorted(CUTS * spread, latent)
    return np.clip(np.rint(75 + 8 * latent), 0, 100)


def region(g, n, names, *, scale, pair, peers=3):
    """Return rows ``ratee rater source criterion score`` of one team of ``n`` per name ("none" or a pattern)."""
    rows, k = [], CRITERIA.size
    for t, name in enumerate(names):
        merit = g.standard_normal(n)
        severity = 0.35 * g.standard_normal()
        ids = np.array([f"T{t:03d}E{i:02d}" for i in range(n)])
        base, noise = merit + pair * g.standard_normal(n), 0.7 * g.standard_normal((n, k))
        made = planted(name, base, CRITERIA, noise, g) + severity
        parts = [(ids, np.full(n, f"S{t:03d}"), "supervisor", made)]
        own = 0.35 * g.standard_normal(n)
        for j in range(1, peers + 1):
            who = np.roll(np.arange(n), -j)
            latent = (merit + pair * g.standard_normal(n) + own[who])[:, None] + CRITERIA
            parts.append((ids, ids[who], "peer", latent + 0.7 * g.standard_normal((n, k))))
        for ratee, rater, source, latent in parts:
            rows.append(pd.DataFrame({
                "ratee": np.repeat(ratee, k), "rater": np.repeat(rater, k), "source": source,
                "criterion": np.tile([f"c{j}" for j in range(k)], n),
                "score": scores(latent, scale, pair).ravel(),
            }))
    return pd.concat(rows, ignore_index=True).assign(scale_min=1.0 if scale == 5 else 0.0, scale_max=float(scale))
