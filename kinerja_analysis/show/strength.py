"""How strong a finding is, by one rule: three dots, two, one, or none where nothing could be determined.

Strong: the whole range lies beyond the threshold (of what is not flagged: on its good side, or inside the zone that
counts as small) and no untested assumption is needed. Moderate: no difference is excluded, but the threshold is inside
the range, or an assumption is needed. Weak: no difference is inside the range.
"""

from __future__ import annotations

import math

from kinerja_analysis.base.results import Finding, Status

STRONG, MODERATE, WEAK, NONE = 3, 2, 1, 0
ASSUMING = (
    "within_ratee",
    "case_leniency",
    "own_group_odds_ratio",
    "own_group_gap",
    "supervisor_change",
    "spread",
    "changes",
    "ignoring",
    "odds_ratio_given",
    "gap_given",
    "own_group_odds_ratio_given",
    "own_group_change",
    "beyond_achievement",
    "agency_beyond",
    "change_rater",
    "changed",
    "changed_bound",
    "changed_excess",
    "changed_given_achievement",
    "changed_official",
    "rater_profile.lenient",
    "rater_profile.strict",
)  #: measures, and codes of findings of a measure of which only some assume
RATIO_UNITS = ("odds_ratio", "odds")
CENTRED = (
    "odds_ratio", "own_group_odds_ratio", "own_group_gap", "gap", "within_ratee", "case_leniency", "changes",
    "difference", "odds_ratio_given", "gap_given", "gap_between_sources", "criterion_gap", "own_group_odds_ratio_given",
    "own_group_change", "beyond_achievement", "agency_beyond", "change_rater", "index_loss", "index_loss_single",
)  # fmt: skip
#: Measures without a value of no difference that are flagged when they are low; the others when they are high.
LOW = (
    "separated_pairs", "team_likeness", "order", "order_others", "supervisor_order", "reliability_single",
    "correlation", "profile_slope",
)  # fmt: skip


def no_difference(finding: Finding) -> float:
    """Return the value that means no difference: 1 for ratios, 0 for differences, NaN where there is none.

    >>> from kinerja_analysis.base.results import Estimate
    >>> no_difference(Finding("x.y", Status.CLEAR, "odds_ratio", "group", estimate=Estimate(.8, unit="odds_ratio")))
    1.0
    """
    if finding.measure not in CENTRED:
        return math.nan
    return 1.0 if is_ratio(finding) else 0.0


def is_ratio(finding: Finding) -> bool:
    """Tell whether the finding's estimate is on a scale of multiples."""
    return finding.estimate is not None and finding.estimate.unit in RATIO_UNITS


def band(finding: Finding) -> tuple[float, float]:
    """Return the zone too small to matter, as far as the finding has one (NaN otherwise)."""
    t = finding.threshold
    if not math.isfinite(t) or not math.isfinite(no_difference(finding)):
        return math.nan, math.nan
    if is_ratio(finding):
        high = max(t, 1 / t) if t > 0 else math.nan
        return 1 / high, high
    return -abs(t), abs(t)


def strength(finding: Finding) -> int:
    """Return 3 (strong), 2 (moderate), 1 (cannot be determined yet) or 0 (not calculable).

    >>> from kinerja_analysis.base.results import Estimate
    >>> e = Estimate(0.4, 0.3, 0.5, n=80, unit="odds_ratio")
    >>> strength(Finding("x.y", Status.FLAGGED, "odds_ratio", "group", estimate=e, threshold=1.5))
    3
    """
    if finding.status not in (Status.FLAGGED, Status.CLEAR) or finding.estimate is None:
        return NONE
    if not math.isfinite(finding.estimate.value):
        return NONE
    found = _two_sided(finding) if math.isfinite(no_difference(finding)) else _one_sided(finding)
    return min(found, MODERATE) if {finding.measure, finding.code} & set(ASSUMING) else found


def _two_sided(finding: Finding) -> int:
    assert finding.estimate is not None
    lower, upper = finding.estimate.lower, finding.estimate.upper
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return STRONG if finding.status is Status.FLAGGED else WEAK
    low, high = band(finding)
    if math.isfinite(low):
        if finding.status is Status.FLAGGED and (lower > high or upper < low):
            return STRONG
        if finding.status is Status.CLEAR and lower >= low and upper <= high:
            return STRONG
    excluded = not lower <= no_difference(finding) <= upper
    return MODERATE if excluded else WEAK


def _one_sided(finding: Finding) -> int:
    assert finding.estimate is not None
    lower, upper, limit = finding.estimate.lower, finding.estimate.upper, finding.threshold
    if not (math.isfinite(lower) and math.isfinite(upper)):
        counted = finding.estimate.method.startswith("full_count")
        return STRONG if counted or finding.status is Status.FLAGGED else WEAK
    if not math.isfinite(limit):
        return MODERATE
    if lower <= limit <= upper:
        return MODERATE if finding.status is Status.FLAGGED else WEAK
    good = lower > limit if finding.measure in LOW else upper < limit
    return STRONG if good or finding.status is Status.FLAGGED else MODERATE


def directed(finding: Finding) -> bool:
    """Tell whether a finding has a value of no difference, and a range without it.

    >>> from kinerja_analysis.base.results import Estimate
    >>> directed(Finding("x.y", Status.CLEAR, "gap", "group", estimate=Estimate(-.02, -.02, .04)))
    False
    """
    e, zero = finding.estimate, no_difference(finding)
    return e is not None and math.isfinite(zero) and not e.lower <= zero <= e.upper
