"""Sentences from findings, and summaries of results, designs and audits in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.words import DIGITS, End, has, join, number, say
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.strength import directed, no_difference

WORST = 3
#: Measures in points that are no differences, and units named before the figure.
ABSOLUTE = ("fair_average", "spread_cases", "smallest_effect")
BEFORE = ("odds_ratio", "odds", "ratio", "correlation", "reliability", "rho", "probability")
APART = ("no_supervisor", "own_supervisor", "several_supervisors")  #: why counts of employees differ
WHOLE = "whole_share"  #: the form of a share that is told in whole percents
DECIMAL = ("sd", "odds_ratio", "odds", "ratio", "correlation", "reliability", "rho", "levels", "probability")


def sentence(finding: Finding, lang: str, names: Mapping[str, str] | None = None) -> str:
    """Return a finding as one sentence.

    Parameters
    ----------
    finding : Finding
    lang : str
        ``id`` or ``en``.
    names : mapping, optional
        What stands for a subject (short pseudonyms, names of regions); without it, the subject's own short form.

    Raises
    ------
    KeyError
        The message does not exist or needs a parameter the finding does not have.

    Examples
    --------
    >>> f = Finding("release.suppressed", Status.INSUFFICIENT, "odds_ratio", "region", "01.01")
    >>> sentence(f, "en")[:78]
    'One result is not shown at the public level: fewer than 10 persons, fewer than'
    """
    return say(finding.code, lang, **values(finding, lang, names))


def values(finding: Finding, lang: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return everything a finding's sentence may use."""
    e = known(finding)
    return {
        **dict(zip(("value", "lower", "upper"), ends(finding), strict=True)),
        "level": e.level,
        "n": e.n,
        "unit": unit(e.unit, lang),
        "threshold": finding.threshold,
        "p_value": finding.p_value,
        "p_adjusted": finding.p_adjusted,
        "subject": naming.subject(finding, lang, names),
        "scope": naming.word(finding.scope, lang),
        "year": str(finding.year),
        **naming.params(finding, lang),
    }


def known(finding: Finding) -> Estimate:
    """Return a finding's estimate, one without numbers where it has none."""
    return finding.estimate or Estimate(math.nan, level=math.nan)


def ends(finding: Finding) -> tuple[float, float, float]:
    """Return a finding's value and the ends of its range; where that excludes no difference, none is printed as it."""
    e = known(finding)
    beside = no_difference(finding) if directed(finding) and math.isfinite(e.lower) else math.nan
    value, lower, upper = (v if math.isnan(beside) else End(v, beside) for v in (e.value, e.lower, e.upper))
    return value, lower, upper


def unit(code: str, lang: str) -> str:
    """Return the word for a unit, the code itself when there is none.

    >>> unit("sd", "en"), unit("metres", "en")
    ('standard deviations', 'metres')
    """
    key = f"show.unit.{code}"
    return say(key, lang) if code and has(key) else code


def quantity(value: float, code: str, lang: str, *, signed: bool = True) -> str:
    """Return a value in its unit's usual form, without the unit's word; differences carry a plus sign.

    >>> quantity(.1634, "share", "id"), quantity(11.4, "points", "id"), quantity(0.812, "odds_ratio", "en")
    ('16,3%', '+11,4', '0.81')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if code in ("share", WHOLE):
        return number(100 * value, int(code == "share"), lang) + "%"
    if code in ("points", "percentage_points"):
        text = number(value, 1, lang)
        return plus(text) if signed and value > 0 else text
    if code == "of_100":
        return number(value, 0, lang)
    if code in DECIMAL:
        return number(value, 2, lang)
    return number(value, 0 if float(value).is_integer() else 2, lang)


def plus(text: str) -> str:
    """Return a positive number's text with its sign, a zero without.

    >>> plus("0,44"), plus("0,00")
    ('+0,44', '0,00')
    """
    return f"+{text}" if any(c in DIGITS for c in text) else text


def form(finding: Finding) -> str:
    """Return the form of a finding's numbers: its unit, ``WHOLE`` where disclosure control told whole percents.

    >>> from kinerja_analysis.base.results import Estimate
    >>> found = Finding("index.integrity_rounded", Status.CLEAR, "m", "region", estimate=Estimate(0.92, unit="share"))
    >>> form(found), bare(found, "en")
    ('whole_share', '92%')
    """
    code = known(finding).unit
    return WHOLE if code == "share" and finding.code.endswith(("_rounded", "_least")) else code


def interval(finding: Finding, lang: str) -> str:
    """Return "0,58 sampai 1,13" for a finding's range, or an empty text where it has none or one of no width."""
    _, *both = ends(finding)
    if not all(map(math.isfinite, both)) or both[0] == both[1]:
        return ""
    lower, upper = (quantity(v, form(finding), lang, signed=finding.measure not in ABSOLUTE) for v in both)
    return say("show.range", lang, lower=lower, upper=upper)


def bare(finding: Finding, lang: str) -> str:
    """Return a finding's figure without its unit's word; a difference in points has its sign."""
    return quantity(ends(finding)[0], form(finding), lang, signed=finding.measure not in ABSOLUTE)


def amount(finding: Finding, lang: str) -> str:
    """Return a finding's figure with its unit as it is said: "1.61 standard deviations", "profile slope 0.01".

    >>> from kinerja_analysis.base.results import Estimate
    >>> f = Finding("a.b", Status.FLAGGED, "gap", "group", estimate=Estimate(1.61, unit="sd"))
    >>> amount(f, "id"), amount(f, "en")
    ('1,61 simpangan baku', '1.61 standard deviations')
    """
    value, code = bare(finding, lang), finding.estimate.unit if finding.estimate else "share"
    own = next((k for k in (f"show.amount.{finding.measure}", f"show.amount.{finding.code}") if has(k)), "")
    named = (unit(code, lang), value) if code in BEFORE else (value, unit(code, lang) if code != "share" else "")
    return say(own, lang, value=value) if own else " ".join(filter(None, named))


def region_findings(result: Result) -> list[Finding]:
    """Return the findings that answer for the region as a whole, flagged ones first."""
    return sorted(result.findings(subject_kind="region"), key=lambda f: f.status is not Status.FLAGGED)


def worst(result: Result, n: int = WORST) -> list[Finding]:
    """Return the flagged findings about parts of the region, smallest adjusted p first, then largest distance."""
    flagged = [f for f in result.findings(status=str(Status.FLAGGED)) if f.subject_kind != "region"]

    def order(f: Finding) -> tuple[float, float, str]:
        p = f.p_adjusted if math.isfinite(f.p_adjusted) else 1.0
        size = abs(f.estimate.value) if f.estimate and math.isfinite(f.estimate.value) else 0.0
        return p, -size, f.subject

    return sorted(flagged, key=order)[:n]


def result_summary(result: Result, lang: str) -> str:
    """Return a result in words: verdict, how many were flagged, method and threshold, worst three, caveat.

    Of several regions and years one after the other, each under its code and year.
    """
    cells = list(result.frame.groupby(["region", "year"], sort=False))
    if len(cells) > 1:
        parts = [(place, Result(result.detector, frame)) for place, frame in cells]
        return "\n\n".join(f"{r}, {y}\n{result_summary(part, lang)}" for (r, y), part in parts)
    lines = [sentence(f, lang) for f in region_findings(result)]
    counted = result.frame["status"].value_counts()
    named = {s: int(counted.get(s, 0)) for s in Status}
    unanswered = named[Status.INSUFFICIENT] + named[Status.NOT_APPLICABLE]
    lines.append(say("show.summary.counts", lang, flagged=named[Status.FLAGGED], clear=named[Status.CLEAR],
                     unanswered=unanswered))  # fmt: skip
    lines += how(result, lang)
    picked = worst(result)
    short = naming.short_names(result.frame.loc[result.frame["subject_kind"].isin(naming.PERSONS), "subject"])
    if picked:
        lines.append(say("show.summary.worst", lang))
        lines += [f"– {sentence(f, lang, short)}" for f in picked]
    return "\n".join(dict.fromkeys(lines))


def how(result: Result, lang: str) -> list[str]:
    """Return the methods with their thresholds, and the assumptions they rest on, one line each."""
    answered = result.frame[result.frame["status"].isin([Status.FLAGGED, Status.CLEAR])]
    rows = answered.sort_values("unit", ascending=False, kind="stable").drop_duplicates("measure")
    lines = []
    for r in rows[rows["threshold"].notna()].itertuples(index=False):
        limit = f"{quantity(r.threshold, r.unit, lang, signed=False)} {unit(r.unit, lang)}"
        lines.append(say("show.summary.threshold", lang, measure=naming.word(r.measure, lang), limit=limit))
    ways = methods(result, lang)
    lines += [say("show.summary.method", lang, text=" ".join(ways))] if ways else []
    rests = filter(None, (assumption(str(measure), lang) for measure in answered["measure"].unique()))
    return lines + [say("show.summary.assumption", lang, text=text) for text in rests]


def methods(result: Result, lang: str) -> list[str]:
    """Return how the answered measures of a result were computed, one sentence each."""
    answered = result.frame[result.frame["status"].isin([Status.FLAGGED, Status.CLEAR])]
    keys = [f"show.method.{result.detector}_{m}" for m in answered["measure"].unique()]
    found = [say(key, lang) for key in keys if has(key)]
    general = f"show.method.{result.detector}"
    return list(dict.fromkeys(found or ([say(general, lang)] if has(general) and len(answered) else [])))


def assumption(measure: str, lang: str) -> str:
    """Return the untested assumption a measure rests on, or an empty text."""
    key = f"show.assumption.{measure}"
    return say(key, lang) if has(key) else ""


def verdict(row: Any, lang: str) -> str:
    """Return the identification verdict of one design row as a sentence.

    ``row`` has the attributes of ``Design.frame`` (a row of ``itertuples``).
    """
    half = 1.96 * float(row.contrast_se) if pd.notna(row.contrast_se) else math.nan
    key = f"show.verdict.{row.verdict}.{row.kind}"
    return say(key, lang, raters=int(row.n_raters), ratees=int(row.n_ratees), groups=int(row.n_components),
               movers=int(row.movers), half=half, reliability=float(row.contrast_reliability))  # fmt: skip


def plain(text: str) -> str:
    """Return a text without its marks for bold.

    >>> plain("a **b** c")
    'a b c'
    """
    return text.replace("**", "")


def design_summary(design: Design, lang: str) -> str:
    """Return what the data can and cannot show, one sentence per region, year and data kind."""
    rows = design.frame[design.frame["source"] == "all"]
    several = len(rows[["region", "year"]].drop_duplicates()) > 1
    lines = []
    for row in rows.itertuples():
        place = f"{row.region} {row.year}: " if several else ""
        lines.append(f"{place}{say(f'show.kind.{row.kind}', lang)}. {plain(verdict(row, lang))}")
    return "\n".join(lines) if lines else say("show.verdict.none", lang)


def apart(audit: Audit, lang: str) -> list[str]:
    """Return who is in one count of an audit of one region and year and not in another, one sentence per reason."""
    checks, heads = (audit.counts.get(name, pd.DataFrame()).to_dict("records") for name in ("checks", "examined"))
    told = [("other_period", r["n_other_period"], r["n_persons"]) for r in heads if r.get("n_other_period")]
    told += [(r["measure"], r["k"], r["n"]) for r in checks if r["measure"] in APART and r["k"]]
    return [say(f"show.summary.{name}", lang, k=int(k), n=int(n)) for name, k, n in told]


def audit_summary(audit: Audit, lang: str) -> str:
    """Return an audit in words: per cell what its data can show, who is apart, then every detector's verdict."""
    blocks = []
    for region, year in audit.cells:
        cell = audit.select(region=region, year=year)
        lines = [f"{audit.name(region)}, {year}", design_summary(cell.design, lang), *apart(cell, lang)]
        for name, result in cell.results.items():
            found = [sentence(f, lang) for f in region_findings(result)]
            lines += [f"{title(name, lang)}: {text}" for text in dict.fromkeys(found)]
        if cell.failed:
            lines.append(say("show.summary.failed", lang, names=join([title(n, lang) for n in cell.failed], lang)))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def title(detector: str, lang: str) -> str:
    """Return a detector's short name."""
    key = f"{detector}.title"
    return say(key, lang) if has(key) else detector


def question(detector: str, lang: str) -> str:
    """Return a detector's question."""
    key = f"{detector}.question"
    return say(key, lang) if has(key) else title(detector, lang)
