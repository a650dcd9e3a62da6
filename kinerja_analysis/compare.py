"""Differences between regions and between years: verdict first, pairwise, with simultaneous intervals.

Quantities identified inside supervisors are compared freely; the level of ratings is compared nowhere that no
rater, mover or anchor links: such rows have no value and a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import COMPARISON_COLUMNS, Audit, Comparison, Status, merge

INSIDE = (
    "separated_pairs",
    "odds_ratio",
    "own_group_odds_ratio",
    "reliability_single",
    "correlation",
    "difference",
)
LEVEL = ("level", "within_ratee")
LOG = ("odds_ratio", "own_group_odds_ratio")


def compare_regions(audits: Audit | Sequence[Audit], *, measures: Sequence[str] | None = None) -> Comparison:
    """Compare every pair of regions of the same year.

    Parameters
    ----------
    audits : Audit or sequence of Audit
        One audit with several regions, or several audits.
    measures : sequence of str, optional
        Measures such as ``separated_pairs``; all comparable ones by default.

    Returns
    -------
    Comparison
        One row per year, pair, measure and subject; ``value`` is region_a minus region_b (for odds ratios the
        ratio of the two), the interval is simultaneous over the pairs of a measure (Bonferroni), ``p_adjusted``
        Holm's. The level of ratings has no value and the reason ``not_linked``.

    Raises
    ------
    ValueError
        Fewer than two regions, or the same cell twice.
    """
    audit = audits if isinstance(audits, Audit) else merge(audits)
    regions = sorted({r for r, _ in audit.cells})
    if len(regions) < 2:
        raise ValueError("two regions at least")
    pairs = [
        (year, (a, year), (b, year))
        for year in sorted({y for _, y in audit.cells})
        for a, b in combinations(regions, 2)
        if (a, year) in audit.cells and (b, year) in audit.cells
    ]
    return _compare(audit, pairs, measures)


def compare_years(
    audits: Audit | Sequence[Audit], *, region: str | None = None, measures: Sequence[str] | None = None
) -> Comparison:
    """Compare every year with the next one in each region (or in one); see ``compare_regions``.

    ``region_a`` and ``region_b`` are the same; ``value`` is the later year minus the earlier one, ``year`` the
    later. A common shift of all raters is not identified: the level has no value and the reason ``common_drift``.
    """
    audit = audits if isinstance(audits, Audit) else merge(audits)
    pairs = []
    for name in sorted({r for r, _ in audit.cells if region in (None, r)}):
        years = sorted(y for r, y in audit.cells if r == name)
        pairs += [(later, (name, later), (name, earlier)) for earlier, later in pairwise(years)]
    if not pairs:
        raise ValueError("two years of a region at least")
    return _compare(audit, pairs, measures)


def _compare(audit: Audit, pairs: list[tuple[int, Any, Any]], measures: Sequence[str] | None) -> Comparison:
    frame = audit.to_frame()
    frame = frame[frame["measure"].isin(INSIDE)]
    if measures is not None:
        frame = frame[frame["measure"].isin(measures)]
    frame = frame.assign(about=frame["subject"].where(frame["subject_kind"] != "region", ""))
    rows: list[dict[str, Any]] = []
    for key, group in frame.groupby(["measure", "scope", "about"], sort=True):
        cells = {(r.region, r.year): r for r in group.drop_duplicates(["region", "year"]).itertuples()}
        rows += _holm([_difference(key, year, cells.get(a), cells.get(b), a, b, len(pairs)) for year, a, b in pairs])
    if measures is None or set(measures) & set(LEVEL):
        rows += [_no_level(year, a, b) for year, a, b in pairs]
    out = pd.DataFrame(rows, columns=[*COMPARISON_COLUMNS, "subject", "scope"])
    return Comparison(out.sort_values(["year", "measure", "subject", "region_a", "region_b"], ignore_index=True))


def _difference(key: Any, year: int, a: Any, b: Any, cell_a: Any, cell_b: Any, family: int) -> dict[str, Any]:
    from scipy.special import ndtr, ndtri

    measure, scope, about = key
    row = {"measure": measure, "year": year, "region_a": cell_a[0], "region_b": cell_b[0], "adjusted": False,
           "value": np.nan, "lower": np.nan, "upper": np.nan, "level": 0.95, "unit": "", "n_a": 0, "n_b": 0,
           "p_adjusted": np.nan, "status": str(Status.INSUFFICIENT), "reason": "", "subject": about,
           "scope": scope}  # fmt: skip
    if a is None or b is None:
        return {**row, "status": str(Status.NOT_APPLICABLE), "reason": "not_measured"}
    row |= {"unit": a.unit, "n_a": int(a.n), "n_b": int(b.n), "level": float(a.level)}
    log = measure in LOG
    numbers = np.array([[x.value, x.lower, x.upper] for x in (a, b)], dtype=float)
    numbers = np.log(numbers) if log else numbers
    if not np.isfinite(numbers).all():
        return {**row, "reason": "no_interval"}
    se = (numbers[:, 2] - numbers[:, 1]) / (2 * ndtri(0.5 + a.level / 2))
    difference, spread = numbers[0, 0] - numbers[1, 0], float(np.hypot(*se))
    half = ndtri(1 - (1 - a.level) / (2 * family)) * spread
    value, lower, upper = difference, difference - half, difference + half
    if log:
        value, lower, upper = np.exp([value, lower, upper])
    p = 2 * float(ndtr(-abs(difference) / spread)) if spread > 0 else np.nan
    return {**row, "value": value, "lower": lower, "upper": upper, "p_adjusted": p, "reason": ""}


def _holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from kinerja_analysis.stats import adjust

    p = adjust(np.array([r["p_adjusted"] for r in rows], dtype=float), "holm")
    for row, adjusted in zip(rows, p, strict=True):
        row["p_adjusted"] = float(adjusted)
        if np.isfinite(adjusted):
            row["status"] = str(Status.FLAGGED if adjusted < 1 - row["level"] else Status.CLEAR)
    return rows


def _no_level(year: int, a: Any, b: Any) -> dict[str, Any]:
    reason = "common_drift" if a[0] == b[0] else "not_linked"
    return {"measure": "level", "year": year, "region_a": a[0], "region_b": b[0], "adjusted": False, "value": np.nan,
            "lower": np.nan, "upper": np.nan, "level": 0.95, "unit": "score", "n_a": 0, "n_b": 0, "p_adjusted": np.nan,
            "status": str(Status.NOT_APPLICABLE), "reason": reason, "subject": "", "scope": "both"}  # fmt: skip
