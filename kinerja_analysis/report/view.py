"""One region and year as a report sees it: its audit, the language, short names, and helpers to find findings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Audit, Finding, Result, Status
from kinerja_analysis.base.words import has, say
from kinerja_analysis.detect import INDEX, REGISTRY
from kinerja_analysis.detect.contract import in_report
from kinerja_analysis.report.blocks import Column, Figure, TableBlock
from kinerja_analysis.show import charts, table
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.strength import MODERATE, WEAK, strength

ANSWERED = (Status.FLAGGED, Status.CLEAR)
ASIDE = ("smallest_effect",)
_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Þ“\"])")


def split(text: str) -> tuple[str, str]:
    """Return the first sentence and the rest.

    >>> split("Hanya 16,3 dari 100 (SE 3/2023). Tim seragam. Lagi.")
    ('Hanya 16,3 dari 100 (SE 3/2023).', 'Tim seragam. Lagi.')
    """
    parts = _END.split(text.strip(), maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def detectors(audit: Audit) -> list[str]:
    """Return the names of the detectors of an audit, in the order of the registry; the index is none."""
    ran = [n for n in audit.results if n != INDEX]
    return [*(n for n in REGISTRY if n in ran), *(n for n in ran if n not in REGISTRY)]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text.

    >>> sentences("Satu (SE 3/2023). Dua.")
    ['Satu (SE 3/2023).', 'Dua.']
    """
    return _END.split(text.strip())


@dataclass(frozen=True)
class View:
    """An audit of one cell in one language, with or without pictures.

    Raises ``ValueError`` when the audit holds several cells.
    """

    audit: Audit
    lang: str
    pictures: bool = True
    region: str = field(init=False)
    year: int = field(init=False)
    names: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.audit.cells) != 1:
            raise ValueError("an audit of one region and year is needed: audit.select(region=, year=)")
        region, year = self.audit.cells[0]
        people: set[str] = set()
        for result in self.audit.results.values():
            people |= set(result.frame.loc[result.frame["subject_kind"].isin(naming.PERSONS), "subject"])
        short = naming.short_names(people) | {region: self.audit.name(region)}
        for name, value in (("region", region), ("year", year), ("names", short)):
            object.__setattr__(self, name, value)

    @property
    def detectors(self) -> list[str]:
        """Names of the detectors that ran, in the order of the registry."""
        return detectors(self.audit)

    def flagged(self) -> list[str]:
        """Names of the detectors with a flag, in order."""
        return [n for n in self.detectors if (self.audit.results[n].frame["status"] == str(Status.FLAGGED)).any()]

    def withheld(self) -> list[str]:
        """Names of the detectors of which disclosure control shows a result less, flagged or not: that is not told."""
        return [n for n in self.detectors if (self.audit.results[n].frame["code"] == "release.suppressed").any()]

    @property
    def place(self) -> str:
        """The region's name."""
        return self.audit.name(self.region)

    @property
    def internal(self) -> bool:
        """True at internal level."""
        return self.audit.level == "internal"

    def say(self, key: str, **params: Any) -> str:
        """Return a message of ``report.toml``."""
        return say(f"report.{key}", self.lang, **params)

    def maybe(self, key: str, **params: Any) -> str:
        """Return a message of ``report.toml``, or an empty text when there is none."""
        return self.say(key, **params) if has(f"report.{key}") else ""

    def sentence(self, finding: Finding) -> str:
        """Return a finding's sentence with short names."""
        return words.sentence(finding, self.lang, self.names)

    def subject(self, finding: Finding) -> str:
        """Return what stands for a finding's subject."""
        return naming.subject(finding, self.lang, self.names)

    def contrast(self, finding: Finding) -> str:
        """Return "PPPK – PNS" for two groups, else what stands for the subject, and which look at them it is."""
        reference, which = finding.params.get("reference"), self.maybe(f"which.{finding.measure}")
        own = self.subject(finding) + (f" – {naming.word(reference, self.lang)}" if reference else "")
        return f"{own} ({which})" if which else own

    def count(self, name: str) -> pd.DataFrame:
        """Return one of the audit's aggregate frames, empty when it has none."""
        found = self.audit.counts.get(name)
        return found if found is not None else pd.DataFrame()

    @property
    def rated(self) -> int:
        """Employees with a predikat, those of hidden classes included; 0 where it is not told."""
        told = self.first("distribution", measure="share_modal")
        return max(told.estimate.n, 0) if told is not None and told.estimate is not None else 0

    def kinds(self) -> list[str]:
        """Return the data kinds that hold anything, the export first."""
        frame = self.count("examined")
        return [k for k in ("ekinerja", "multisource") if len(frame) and (frame["kind"] == k).any()]

    def first(self, detector: str, **where: Any) -> Finding | None:
        """Return the first finding of a detector that matches."""
        result = self.audit.results.get(detector)
        return result.first(**where) if result is not None else None

    def compared_on_cases(self) -> int:
        """Return how many raters are compared with each other on example cases."""
        found = self.first("leniency", measure="case_leniency", subject_kind="region")
        return int(found.params["family"]) if found is not None and found.status in ANSWERED else 0

    def beside_verdicts(self) -> list[str]:
        """Return what example cases add to the verdicts: nothing where one of these rests on them already."""
        n = self.compared_on_cases()
        anchored = "linked_by_anchors" in self.audit.design.verdicts().values()
        return [self.say("lead.cases", n=n)] if n and not anchored else []

    def untold(self, kind: str, verdict: str) -> str:
        """Return ``verdict`` as it came out where changes link.

        "changes_few" where their study had no answer, "changes_bound" where each employee counted alone.
        """
        linked = (verdict, kind) == ("linked_by_changes", "ekinerja")
        study = self.first("leniency", measure="supervisor_change", scope=kind) if linked else None
        if study is None or study.status not in (*ANSWERED, Status.INSUFFICIENT):
            return verdict
        alone = study.code.startswith("leniency.move_")
        return "changes_few" if study.status is Status.INSUFFICIENT else "changes_bound" if alone else verdict

    def regional(self, result: Result) -> list[Finding]:
        """Return the findings about the region, for the kinds of data there are and the detector is made for.

        Answers about another kind are kept, its reasons for no answer are not.
        Flagged ones first, then answered ones, then the reasons for no answer; the primary measure leads.
        """
        home = in_report(result.detector)["home"]
        kinds = self.kinds()
        wanted = {*(k for k in kinds if k in home), "both", ""}
        found = [f for f in words.region_findings(result) if f.measure not in ASIDE]
        told = [f for f in found if f.scope in wanted or (f.status in ANSWERED and f.scope in kinds)]
        chosen = told or [f for f in found if f.scope in home] or found
        shown = in_report(result.detector)
        order = {name: i for i, name in enumerate((*shown["primary"], *shown["then"]))}

        def rank(f: Finding) -> tuple[bool, bool, int]:
            return f.status is not Status.FLAGGED, f.status not in ANSWERED, order.get(f.measure, len(order))

        return sorted(chosen, key=rank)

    def parts(self, finding: Finding, *, flagged: bool = True) -> list[Finding]:
        """Return the findings about parts of the region behind a regional one, the clearest first.

        Of its own measure where there are any, else, for a finding without a range of its own, of other measures.
        """
        result = self.audit.results[finding.code.split(".", 1)[0]]
        found = words.worst(result, len(result)) if flagged else list(result.findings(status=str(Status.CLEAR)))
        found = [f for f in found if f.subject_kind not in ("region", "team", "list") and f.scope == finding.scope]
        found = [f for f in found if f.estimate is not None and math.isfinite(f.estimate.value)]
        ranged = finding.estimate is not None and math.isfinite(finding.estimate.lower)
        return [f for f in found if f.measure == finding.measure] or ([] if ranged else found)

    def strength(self, finding: Finding) -> int:
        """Return a finding's strength.

        A flag without a range of its own is as strong as its strongest part, an all-clear as its weakest part.
        """
        e = finding.estimate
        if finding.status not in ANSWERED:
            return 0
        if e is not None and math.isfinite(e.lower):
            return strength(finding)
        parts = self.parts(finding, flagged=finding.status is Status.FLAGGED)
        if parts:
            return (max if finding.status is Status.FLAGGED else min)(strength(f) for f in parts)
        if e is not None and math.isfinite(e.value):
            return strength(finding)
        return MODERATE if finding.status is Status.FLAGGED else WEAK


def numbers(finding: Finding) -> tuple[float, ...]:
    """Return the numbers of a finding: its estimate and the ends of its range."""
    e = words.known(finding)
    return tuple(v for v in (e.value, e.lower, e.upper) if math.isfinite(v))


def figure(view: View, name: str, *args: Any, caption: str = "", title: str = "", glyph: str = "", wide: int = 800,
           codes: Iterable[str] = (), **options: Any) -> tuple[Figure, TableBlock] | None:  # fmt: skip
    """Draw a chart and return it with its data table, or None when there is nothing to draw."""
    chart = charts.figure(name, *args, lang=view.lang, wide=wide, pictures=view.pictures, **options)
    if chart is None:
        return None
    block = Figure(
        chart.png, chart.narrow, chart.alt, chart.width, chart.height, chart.narrow_width, chart.narrow_height,
        caption, title, glyph, codes=tuple(dict.fromkeys(codes)), numbers=_numbers(chart.table),
    )  # fmt: skip
    return block, table_block(view, chart.table, caption or title)


def _numbers(frame: pd.DataFrame) -> tuple[float, ...]:
    values = [float(v) for c in ("value", "lower", "upper") if c in frame for v in frame[c]]
    return tuple(dict.fromkeys(v for v in values if math.isfinite(v)))


def table_block(
    view: View, frame: pd.DataFrame, caption: str, *, role: str = "data", name: str = ""
) -> TableBlock:  # fmt: skip
    """Return a frame as a table block; columns that only serve the drawing are left out."""
    drop = {"subject_kind", "low", "high", "zero", "ratio", "unit", "flagged"}
    if "subject" in frame:  # charts leave the region's own row without a name
        frame = frame.assign(subject=frame["subject"].replace("", say("charts.self_other.region", view.lang)))
    shown = [c for c in frame.columns if str(c) not in drop and not frame[c].isna().all()]
    how = {str(c): table.default_form(str(c), frame[c]) for c in shown}
    percent = {c: frame.attrs.get(c, "%1") for c in ("share", "national") if c in how}
    how |= percent | dict.fromkeys({"n", "raters"} & set(how), "n")
    columns = tuple(Column(table.header(c, view.lang), how[str(c)]) for c in shown)
    rows = tuple(
        tuple(_cell(v, how[str(c)], view.lang) for c, v in zip(shown, record, strict=True))
        for record in frame[shown].itertuples(index=False, name=None)
    )
    return TableBlock(caption, columns, rows, name, role)


def _cell(value: Any, form: str, lang: str) -> str | int | float | None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, str):
        return naming.word(value, lang)
    if isinstance(value, bool):
        return table.cell(value, "", lang)
    return int(value) if form in ("n", "year") and float(value).is_integer() else float(value)
