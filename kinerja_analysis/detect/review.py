"""The review list (daftar telaah): what an evaluation team looks at first, one entry per conversation.

An entry brings together what the detectors say of one subject. Entries are ordered by the expected value of the
conversation: the number of employees whose standing beside an equal colleague it concerns, times the chance that the
finding is true, per conversation it takes. Nothing here is a new finding; the list never leaves the internal level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Result, Status
from kinerja_analysis.base.words import has
from kinerja_analysis.detect.contract import in_review, threshold

NAME = "review"
KINDS = ("flag", "list", "open", "example")
COLUMNS = (
    "region", "year", "entry", "worth", "concerned", "kind", "subject_kind", "subject", "persons", "detector", "code",
    "measure", "scope", "question", "step", "rows",
)  # fmt: skip
#: A supervisor's team is known by the supervisor's name: the conversation is with the same person.
ALONE = ("rater", "team", "person", "employee")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A finding as evidence for an entry: whom it is about, and how many employees it concerns."""

    detector: str
    finding: Finding
    kind: str
    concerned: float
    meeting: bool

    @property
    def subject(self) -> tuple[str, str]:
        """Who the conversation is with; patterns of the region are one conversation each."""
        f = self.finding
        if self.kind != "list" and f.subject_kind in ALONE:
            return "rater", f.subject
        return f.subject_kind, f"{f.code}|{f.subject}|{f.scope}"


def review(results: Mapping[str, Result], config: AuditConfig) -> pd.DataFrame:
    """Return the review list of one cell.

    Parameters
    ----------
    results : mapping of str to Result
        Of one region and year, internal level.
    config : AuditConfig
        Thresholds ``review.*`` may be overridden.

    Returns
    -------
    DataFrame
        One row per entry and piece of evidence (``COLUMNS``); ``entry`` counts from 1 in the order of reading.
        ``detector code measure scope subject`` name the finding, ``rows`` its row addresses, ``question`` and
        ``step`` are message keys. ``concerned`` is an expected number of employees (see ``net_share``), ``worth``
        that number per conversation; both NaN for examples, which stand last.

    Examples
    --------
    >>> review({}, AuditConfig()).empty
    True
    """
    pieces = [piece for name, result in results.items() for piece in _pieces(name, result)]
    flagged = {f.subject for result in results.values() for f in result.findings(status=str(Status.FLAGGED))}
    pieces += _examples(results, flagged | {p.finding.subject for p in pieces}, config)
    entries: dict[tuple[str, str], list[_Piece]] = {}
    for piece in pieces:
        entries.setdefault(piece.subject, []).append(piece)
    entries = {key: parts for key, parts in entries.items() if any(p.kind != "beside" for p in parts)}
    meeting = threshold("review.meeting", config.overrides()).value
    ranked = sorted(entries.items(), key=partial(_order, meeting=meeting))
    records = [row for k, (_, parts) in enumerate(ranked, start=1) for row in _records(k, parts, meeting)]
    frame = pd.DataFrame(records, columns=list(COLUMNS))
    whole, real = ("year", "entry", "persons"), ("worth", "concerned")
    text = [c for c in COLUMNS if c not in (*whole, *real, "rows")]
    kinds = dict.fromkeys(whole, "int64") | dict.fromkeys(real, "float64") | dict.fromkeys(text, "str")
    return frame.astype(kinds | {"rows": object})


def _worth(parts: list[_Piece], meeting: float) -> float:
    return max(p.concerned / (meeting if p.meeting else 1.0) for p in parts)


def _order(item: tuple[tuple[str, str], list[_Piece]], meeting: float) -> tuple[bool, float, tuple[str, str]]:
    key, parts = item
    worth = _worth(parts, meeting)
    return math.isnan(worth), -worth, key


def _records(entry: int, parts: list[_Piece], meeting: float) -> Iterator[dict[str, object]]:
    """Yield the rows of one entry: flags first, what only joins last, and the evidence that concerns most first."""
    place = {"flag": 0, "beside": 2}
    parts = sorted(parts, key=lambda p: (place.get(p.kind, 1), -p.concerned, p.detector, p.finding.code,
                                         p.finding.scope))  # fmt: skip
    lead = parts[0]
    worth = _worth(parts, meeting)
    persons = max(_persons(p.finding) for p in parts)
    for p in parts:
        f = p.finding
        yield {
            "region": f.region, "year": f.year, "entry": entry, "worth": worth, "concerned": p.concerned,
            "kind": lead.kind, "subject_kind": f.subject_kind, "subject": f.subject, "persons": int(persons),
            "detector": p.detector, "code": f.code, "measure": f.measure, "scope": f.scope,
            "question": _words(lead.finding, lead.kind, "ask"), "step": _words(lead.finding, lead.kind, "develop"),
            "rows": list(f.rows),
        }  # fmt: skip


def _persons(f: Finding) -> int:
    """Return how many employees a finding is about: those it counts, else those behind it."""
    e = f.estimate
    if e is None:
        return 0
    return int(e.value) if e.unit == "persons" else _behind(f, e.n)


def _behind(f: Finding, n: int) -> int:
    """Return the employees behind a finding: the team of example cases; of pairs, the fewest who form so many."""
    if "dyads" in f.params:
        return math.ceil((1 + math.sqrt(1 + 8 * int(f.params["dyads"]))) / 2)
    return int(f.params.get("team", n))


def _words(f: Finding, kind: str, what: str) -> str:
    """Return the key of the question or step: of the code, else of the detector, else of the kind of entry."""
    detector, code = f.code.split(".", 1)
    keys = (f"review.{detector}.{what}_{code}", f"review.{detector}.{what}", f"review.{what}_{kind}")
    return next(key for key in keys if has(key))


def asked(entry: pd.Series, found: Sequence[Finding], column: str) -> tuple[str, ...]:
    """Return the keys of the questions (``question``) or steps (``step``) of an entry: of everything flagged, in order.

    An entry without a flag has the one of its first row.
    """
    what = {"question": "ask", "step": "develop"}[column]
    keys = [_words(f, "flag", what) for f in found if f.status is Status.FLAGGED]
    return tuple(dict.fromkeys(keys)) or (str(entry[column]),)


def _pieces(name: str, result: Result) -> Iterator[_Piece]:
    """Yield what of a detector's findings is worth a conversation."""
    how = in_review(name)
    flagged = [f for f in result.findings(status=str(Status.FLAGGED)) if _code(f) not in how["skip"]]
    parts = [f for f in flagged if f.subject_kind != "region"]
    joint = [f for f in parts if _code(f) in how["together"]]
    single = [f for f in parts if _code(f) not in how["together"]]
    for f in single:
        yield _Piece(name, f, "flag", concerned(f), f.subject_kind not in ALONE)
    for f in flagged:
        mine = [p for p in joint if p.scope == f.scope and p.measure == f.measure]
        if f.subject_kind == "region" and (mine or not _told(f, single)):
            size = sum(map(concerned, mine)) if mine else concerned(f)
            yield _Piece(name, f, "flag", size, True)
    for kind, codes in (("list", how["lists"]), ("open", how["open"]), ("beside", how.get("beside", []))):
        for f in result.findings():
            if _code(f) in codes and f.estimate is not None and f.estimate.value > 0:
                yield _Piece(name, f, kind, concerned(f), False)


def _told(f: Finding, parts: list[Finding]) -> bool:
    """Tell whether a finding about the region only sums up parts that have entries of their own."""
    mine = [p for p in parts if p.scope == f.scope]
    ranged = f.estimate is not None and math.isfinite(f.estimate.lower)
    return any(p.measure == f.measure for p in mine) or (bool(mine) and not ranged)


def _code(f: Finding) -> str:
    return f.code.split(".", 1)[1]


def concerned(f: Finding) -> float:
    """Return the expected number of employees that a finding concerns: persons x net share x chance that it is true.

    A finding that counts the employees itself (``persons``, or a count as its value) concerns these, one about
    example cases the rater's ``team``, one about pairs (``dyads``) at least as many as form them. The chance is the
    finding's posterior where it has one, else 1 minus its adjusted p-value (the expected share of false ones among
    flags as strong), else 1 where it has a range. Without any of these (a full count, an open question) either
    explanation is taken to be as likely: one half.

    >>> from kinerja_analysis.base.results import Estimate
    >>> e = Estimate(0.5, 0.2, 0.8, n=20, unit="sd")
    >>> round(concerned(Finding("a.b", Status.FLAGGED, "m", "rater", "P1", estimate=e, p_adjusted=0.05)), 2)
    5.25
    """
    e = f.estimate
    if e is None:
        return 0.0
    counted = f.params.get("persons", e.value if e.unit in ("persons", "count") else None)
    persons = _behind(f, e.n) * net_share(f) if counted is None else float(counted)
    return _chance(f) * persons


def _chance(f: Finding) -> float:
    if f.params.get("posterior") is not None:
        return float(f.params["posterior"])
    if math.isfinite(f.p_adjusted):
        return 1 - f.p_adjusted
    ranged = f.estimate is not None and math.isfinite(f.estimate.lower)
    return 1.0 if ranged and f.status is Status.FLAGGED else 0.5


def net_share(f: Finding) -> float:
    """Return what a finding's size means for two equally good employees: of pairs, the net share decided by it, 0..1.

    Differences of d standard deviations: 2 Phi(d / sqrt 2) - 1; odds ratios: (o - 1) / (o + 1), the favoured one ahead
    less behind; slopes that should be 1: what is lost; correlations and shares: their excess over the threshold, or
    themselves; counts: 1. A difference in points needs its standard deviation (``sd`` in its parameters), else .5.

    >>> from kinerja_analysis.base.results import Estimate
    >>> net_share(Finding("a.b", Status.FLAGGED, "m", "attribute", estimate=Estimate(3.0, unit="odds_ratio")))
    0.5
    """
    from scipy.special import ndtr

    e = f.estimate
    assert e is not None
    size, unit = abs(e.value), e.unit
    if not math.isfinite(size):
        return 0.0
    if unit in ("points", "levels") and f.params.get("sd"):
        size, unit = size / float(f.params["sd"]), "sd"
    if unit == "sd":
        return float(2 * ndtr(size / math.sqrt(2)) - 1)
    if unit == "odds_ratio":
        size = max(size, 1 / max(size, 1e-9))
        return (size - 1) / (size + 1)
    if unit == "ratio":
        return float(np.clip(1 - size, 0, 1))
    if unit in ("persons", "count"):
        return 1.0
    if unit in ("share", "correlation", "reliability", "rho"):
        limit = f.threshold if math.isfinite(f.threshold) else 0.0
        return float(np.clip(abs(size - limit), 0, 1))
    return 0.5


def _examples(results: Mapping[str, Result], named: set[str], config: AuditConfig) -> list[_Piece]:
    """Return raters to learn from: nothing flagged anywhere, and they tell employees apart most clearly.

    Their slope must lie above the limit of a low one with its whole range: that nothing stands out is no evidence of
    anything good. Only inside what is ordinary for raters with these employees, and only where ordinary raters do
    follow the others.
    """
    least = threshold("review.example_ratees", config.overrides()).value
    most = int(threshold("review.examples", config.overrides()).value)
    found = []
    for name, result in results.items():
        for code in in_review(name)["examples"]:
            for f in result.findings(code=f"{name}.{code}"):
                e = f.estimate
                low, high = (float(f.params.get(f"slope_{end}", math.nan)) for end in ("low", "high"))
                if e is None or f.subject in named or e.n < least:
                    continue
                if e.lower > max(f.threshold, 0.0) and low > 0 and e.value <= high:
                    found.append((-e.value, f.subject, _Piece(name, f, "example", math.nan, False)))
    return [piece for _, _, piece in sorted(found, key=lambda item: item[:2])[:most]]
