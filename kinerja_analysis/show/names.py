"""Words for codes: short pseudonyms, sources, groups, agencies; what stands for a subject in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import has, say

SHORTEST = 4
PERSONS = ("rater", "team", "person", "employee")
OF_CASES = ("case_leniency", "spread_cases")  #: measures whose n counts cases or raters, not employees
#: Codes of findings whose n counts groups of employees, whose supervisor changed or stayed.
OF_GROUPS = ("leniency.change_spread", "leniency.change_unclear", "leniency.check_differs", "leniency.check_even")
_CODED = (
    "source", "source_a", "source_b", "other_source", "sources", "scope", "kind", "attribute", "group", "reference",
    "other", "own", "criterion", "aspect", "predikat", "employment", "sex", "org_rating",
    "scored", "comparator", "comparators", "anchor", "before",
)  # fmt: skip


def employees(finding: Finding) -> int | None:
    """Return the employees a finding rests on; None where its n counts something else.

    >>> from kinerja_analysis.base.results import Estimate, Status
    >>> codes = ("leniency.change_spread", "leniency.move_spread")
    >>> [employees(Finding(c, Status.CLEAR, "m", "region", estimate=Estimate(0.3, n=136))) for c in codes]
    [None, 136]
    """
    told = finding.measure not in OF_CASES and finding.code not in OF_GROUPS
    return finding.estimate.n if finding.estimate is not None and told else None


def short_names(subjects: Iterable[str]) -> dict[str, str]:
    """Return a short, unique form of each pseudonym: a hyphen after the P, at least four characters.

    All names of one set have the same length; identifiers of another shape are kept as they are.

    >>> short_names(["P7K2M3ABCDEFGH", "P7K2MXABCDEFGH"])
    {'P7K2M3ABCDEFGH': 'P-7K2M3', 'P7K2MXABCDEFGH': 'P-7K2MX'}
    >>> short_names(["dosen 12"])
    {'dosen 12': 'dosen 12'}
    """
    every = sorted({str(s) for s in subjects if s})
    own = [s for s in every if is_pseudonym(s)]
    length = SHORTEST
    while len({s[1 : 1 + length] for s in own}) < len(own):
        length += 1
    short = {s: f"P-{s[1 : 1 + length]}" for s in own}
    return {s: short.get(s, s) for s in every}


def is_pseudonym(subject: str) -> bool:
    """Tell whether a subject is one of our pseudonyms (P and 13 letters or digits).

    >>> is_pseudonym("P7K2M3ABCDEFGH"), is_pseudonym("Pimpinan")
    (True, False)
    """
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    return len(subject) == 14 and subject[0] == "P" and set(subject[1:]) <= allowed


def word(value: Any, lang: str) -> str:
    """Return the word for a code such as ``supervisor`` or ``employment=pppk``; other text is kept.

    >>> word("supervisor|peer", "id"), word("employment=pppk", "en"), word("Dinas Sosial", "id")
    ('atasan dan rekan kerja', 'PPPK', 'Dinas Sosial')
    >>> word("2024-Q4", "id"), word("2024-Q4", "en"), word("2024", "id")
    ('triwulan IV 2024', 'quarter IV of 2024', '2024')
    """
    text = str(value)
    if "|" in text:
        from kinerja_analysis.base.words import join

        return join([word(part, lang) for part in text.split("|")], lang)
    if (year := text[:4]).isdecimal() and has(key := f"show.quarter.{text[4:]}"):
        return say(key, lang, year=year)
    attribute, equals, level = text.partition("=")
    if equals and attribute.isidentifier():
        return word(level, lang) if has(_key(level)) else f"{word(attribute, lang)} {level}"
    return say(_key(text), lang) if has(_key(text)) else text


def attributes(value: str, lang: str) -> str:
    """Return attributes in words, each with the source that rates where it has one ("sex|supervisor|sex|peer").

    >>> attributes("sex|supervisor|sex|peer", "en"), attributes("sex|age_band", "id")
    ('sex (by the supervisor) and sex (by the peers)', 'jenis kelamin dan kelompok usia')
    """
    from kinerja_analysis.base.tables import SOURCES
    from kinerja_analysis.base.words import join

    parts: list[str] = []
    for part in value.split("|"):
        of = parts and part in SOURCES
        parts[-1 if of else len(parts) :] = (
            [say("show.of_source", lang, what=parts[-1], source=word(part, lang))] if of else [word(part, lang)]
        )
    return join(parts, lang)


def way(method: str, lang: str) -> str:
    """Return how an estimate was made in words; a method without words is kept.

    >>> way("full count", "id"), way("own", "en")
    ('hitungan penuh, tanpa galat penyampelan', 'own')
    """
    key = "show.way." + re.sub(r"[^a-z0-9]+", "_", method.lower()).strip("_")
    return say(key, lang) if has(key) else method


def _key(code: str) -> str:
    return "show.word." + code.strip().lower().replace(" ", "_")


def subject(finding: Finding, lang: str, names: Mapping[str, str] | None = None) -> str:
    """Return what stands for a finding's subject: a short pseudonym, a source pair, a group, a region's name."""
    own = finding.subject
    if names and own in names:
        return names[own]
    if finding.subject_kind in PERSONS:
        return short_names([own]).get(own, own)
    if finding.subject_kind == "attribute":
        return attributes(own, lang)
    if finding.subject_kind in ("group", "source"):
        return word(own, lang)
    if finding.subject_kind == "source_pair":
        return " – ".join(word(part, lang) for part in own.split("|"))
    return own


def params(finding: Finding, lang: str) -> dict[str, Any]:
    """Return a finding's parameters with codes replaced by words."""
    told = dict(finding.params)
    if finding.code == "affinity.verdict_flagged":
        told["group"] = attributes(str(told["group"]), lang)
    return {
        name: word(value, lang) if name in _CODED and isinstance(value, str) else value
        for name, value in told.items()
    }
