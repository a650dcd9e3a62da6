"""Which regulation governs which period. A new regulation is its own file and one entry here."""

from __future__ import annotations

from kinerja_analysis.score import rule_2011, rule_2019, rule_2021, rule_2022
from kinerja_analysis.score.rule import Rule, period_span

#: In order of search: the year 2021 comes last, so that its months and quarters find their own half.
RULES: tuple[Rule, ...] = (rule_2022.RULE, rule_2019.RULE, rule_2011.RULE, rule_2021.RULE)


def rule_for(period: str) -> Rule:
    """Return the regulation that governs a period.

    Parameters
    ----------
    period : str
        The period appraised (not the day of signing): "2025", "2025-Q1" or "2025-07".

    Raises
    ------
    ValueError
        If ``period`` is not a period.

    Examples
    --------
    >>> [rule_for(p).name for p in ("2021-Q2", "2021-07", "2021", "2025")]
    ['pp_46_2011', 'pp_30_2019', 'integration_2021', 'permenpanrb_6_2022']
    """
    first, last = period_span(period)
    return next(
        rule
        for rule in RULES
        if (rule.in_force_from is None or rule.in_force_from <= first)
        and (rule.in_force_to is None or last <= rule.in_force_to)
    )
