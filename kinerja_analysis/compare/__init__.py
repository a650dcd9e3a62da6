"""Differences between regions and between years: verdict first, then pairs of cells with simultaneous intervals.

Quantities identified inside supervisors are compared freely; the level of ratings is compared nowhere that no
rater or employee links: such rows have no value and a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import COMPARISON_COLUMNS, Audit, Comparison, merge
from kinerja_analysis.compare import inside, levels
from kinerja_analysis.compare.pairs import Pair, Row, frame_of

__all__ = ["compare_regions", "compare_years", "compared"]


def compare_regions(audits: Audit | Sequence[Audit], *, measures: Sequence[str] | None = None) -> Comparison:
    """Compare every pair of regions of the same year.

    Parameters
    ----------
    audits : Audit or sequence of Audit
        One audit with several regions, or several audits. Severity links need persons: they are in audits whose
        regions were audited together; of others the level has no value and the reason ``audited_apart``.
    measures : sequence of str, optional
        Measures such as ``separated_pairs``; all comparable ones by default.

    Returns
    -------
    Comparison
        Per pair first the row ``verdict``, then one row per measure, subject, scope and ``adjusted``. ``value`` is
        region_a minus region_b (for odds ratios the ratio of the two). All intervals of one year that concern what lies
        inside supervisors hold together (Bonferroni over pairs and measures), so do those of criteria, and over pairs
        those of each part of levels; ``p_adjusted`` fits the interval. ``FLAGGED``: they can be told apart. ``level``,
        ``performance``, ``severity`` and ``composition`` (points of 100; region_a's ratings are that much higher
        because of it) have values only where shared raters or employees link the two well enough.

    Raises
    ------
    UsageError
        Fewer than two regions in every year; an unknown measure.
    ValueError
        The same cell twice, or internal and public audits mixed.
    """
    audit = _one(audits)
    years = sorted({y for _, y in audit.cells})
    pairs = [
        Pair((a, year), (b, year))
        for year in years
        for a, b in combinations(sorted(r for r, y in audit.cells if y == year), 2)
    ]
    if not pairs:
        raise UsageError("compare.two_regions")
    return _made(audit, pairs, measures)


def compare_years(
    audits: Audit | Sequence[Audit], *, region: str | None = None, measures: Sequence[str] | None = None
) -> Comparison:
    """Compare every year with the next one in each region (or in one); see ``compare_regions``.

    ``region_a`` and ``region_b`` are the same; ``value`` is the later year (``year``) minus the earlier one
    (``year_b``). A shift common to all raters is not identified: the level has no value and the reason
    ``common_drift``; ``common_change`` is the change of the ratings themselves, marked ``not_split``.

    Raises
    ------
    UsageError
        No region with two years.
    """
    audit, pairs = _one(audits), []
    region = None if region is None else audit.code(region)
    for name in sorted({r for r, _ in audit.cells if region in (None, r)}):
        years = sorted(y for r, y in audit.cells if r == name)
        pairs += [Pair((name, later), (name, earlier)) for earlier, later in pairwise(years)]
    if not pairs:
        raise UsageError("compare.two_years")
    return _made(audit, pairs, measures)


def compared(audit: Audit) -> tuple[Comparison, Comparison | None]:
    """Return what can be compared in an audit: its regions, and their years (None with one year each).

    With one region only, both are the comparison of its years. Raises ``UsageError`` where nothing can be compared.
    """
    if len({r for r, _ in audit.cells}) == 1:
        years = compare_years(audit)
        return years, years
    several = len({r for r, _ in audit.cells}) < len(audit.cells)
    return compare_regions(audit), compare_years(audit) if several else None


def _one(audits: Audit | Sequence[Audit]) -> Audit:
    """Join audits; detectors or frames that only some of them have are left out."""
    if isinstance(audits, Audit):
        return audits
    several = list(audits)
    if not several:
        raise UsageError("compare.two_regions")
    names, counts = (set.intersection(*(set(part) for part in parts))
                     for parts in ([a.results for a in several], [a.counts for a in several]))  # fmt: skip
    return merge([
        replace(a, results={n: a.results[n] for n in a.results if n in names},
                counts={n: a.counts[n] for n in a.counts if n in counts})
        for a in several
    ])  # fmt: skip


def _made(audit: Audit, pairs: list[Pair], measures: Sequence[str] | None) -> Comparison:
    known = ("verdict", *inside.INSIDE, *levels.LEVELS, *levels.CHANGES, inside.CRITERION)
    for name in measures or ():
        if name not in known:
            raise UsageError("compare.measure_unknown", name=name, known=", ".join(known))
    wanted = None if measures is None else set(measures)
    rows: list[Row] = [*levels.rows(audit, pairs), *inside.rows(audit, pairs, wanted), *inside.criteria(audit, pairs)]
    frame = frame_of(rows)
    if wanted is not None:
        frame = frame[frame["measure"].isin({"verdict", *wanted})]
    order = {name: i for i, name in enumerate(("verdict", *inside.INSIDE, *levels.LEVELS, *levels.CHANGES))}
    place = frame["measure"].map(order).fillna(len(order))
    keys = ["year", "region_a", "region_b", "place", "scope", "subject", "adjusted"]
    frame = frame.assign(place=place).sort_values(keys, ignore_index=True)[list(COMPARISON_COLUMNS)]
    names = {region: audit.name(region) for region, _ in audit.cells}
    synthetic = bool(audit.provenance.get("synthetic"))
    return Comparison(frame, names, inside.funnels(audit, pairs, wanted), audit.level, synthetic)
