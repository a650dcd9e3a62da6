"""Rater by rater: for everybody in the review list, what stands out, what does not, and what to ask. Internal only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.words import has, say
from kinerja_analysis.report.blocks import Block, Box, Cell, Column, Note, Section, TableBlock, Text
from kinerja_analysis.report.sections import key, lead, origin, steps
from kinerja_analysis.report.view import ANSWERED, View
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

KINDS = ("rater", "team")
MOST = 60
MOST_ROWS = 12
#: Fewer employees would be known by their rater: the internal level begins here.
LEAST = 5
#: Never flagged, and yet no answer that nothing stands out.
NOT_QUIET = ("drift.again", "rater_profile.unclear")


@dataclass(frozen=True)
class Rater:
    """A rater of the review list: the entry, what it rests on, and all that was answered about the rater."""

    subject: str
    entry: Any
    basis: list[Finding]
    found: list[Finding]

    @property
    def flagged(self) -> list[Finding]:
        """What stands out."""
        return [f for f in self.found if f.status is Status.FLAGGED]

    @property
    def matters(self) -> list[Finding]:
        """What there is to talk about: what stands out, else the open matter for which the rater is on the list."""
        return self.flagged or self.basis

    @property
    def quiet(self) -> list[Finding]:
        """What was examined by a question in which nothing stands out."""
        loud = {f.code.split(".")[0] for f in (*self.matters, *(f for f in self.found if f.code in NOT_QUIET))}
        return [f for f in self.found if f.code.split(".")[0] not in loud]


def _say(view: View, key: str, **params: Any) -> str:
    return say(f"raters.{key}", view.lang, **params)


def sections(view: View) -> list[Block]:
    """Return the blocks of the page: head, contents, one section per rater, how to read, provenance.

    Raises ``ValueError`` at the public level: nothing of this page may leave the internal one.
    """
    if not view.internal:
        raise ValueError("the page about single raters is internal")
    answered = about_raters(view)
    talked = raters(view, answered)
    head = replace(lead.masthead(view), kicker=_say(view, "kicker"), lead=_lead(view, talked, len(answered)), codes=(),
                   numbers=())  # fmt: skip
    shown = talked[:MOST]
    blocks: list[Block] = [head]
    if shown:
        blocks.append(Section("isi-telusur", "", _say(view, "contents"), tuple(_contents(view, shown, len(talked)))))
    blocks += [_rater(view, r, str(i)) for i, r in enumerate(shown, 1)]
    how = Text(_say(view, "how_text", least=LEAST))
    return [*blocks, Section("cara", "", _say(view, "how"), (how,)), origin.origin(view)]


def about_raters(view: View) -> dict[str, list[Finding]]:
    """Return what was answered about each rater with enough employees, in the order of the detectors."""
    found: dict[str, list[Finding]] = {}
    for name in view.detectors:
        result = view.audit.results[name]
        frame = result.frame
        mine = frame["subject_kind"].isin(KINDS) & frame["status"].isin(list(map(str, ANSWERED)))
        if not mine.any():
            continue
        for f in result.findings():
            enough = f.estimate is not None and f.estimate.n >= LEAST and math.isfinite(f.estimate.value)
            if f.subject_kind in KINDS and f.status in ANSWERED and enough:
                found.setdefault(f.subject, []).append(f)
    return found


def raters(view: View, answered: dict[str, list[Finding]]) -> list[Rater]:
    """Return the raters of the review list in its order."""
    found = []
    for entry, basis in steps.review_list(view):
        subject = basis[0].subject
        if basis[0].subject_kind in KINDS and subject in answered:
            found.append(Rater(subject, entry, basis, answered[subject]))
    return found


def _lead(view: View, talked: Sequence[Rater], judged: int) -> str:
    if not judged:
        return _say(view, "lead_nobody")
    told = _say(view, "lead", n=len(talked), judged=judged) if talked else _say(view, "lead_none", judged=judged)
    guide = view.first("distribution", measure="guide", subject_kind="region", status=str(Status.FLAGGED))
    return told if guide is None else f"{told} {_say(view, 'lead_guide', n=guide.params['n_outside'])}"


def _contents(view: View, shown: Sequence[Rater], n: int) -> list[Block]:
    heads = {"rater": "", "entry": "", "employees": "n", "flagged": "", "clear": ""}
    columns = tuple(Column(_say(view, f"col.{head}"), form) for head, form in heads.items())
    rows = tuple(
        (view.subject(r.basis[0]), view.say("review.entry", entry=int(r.entry["entry"])), _employees(r),
         _titles(view, r.matters) + ("" if r.flagged else f" {_say(view, 'open')}"), _titles(view, r.quiet))
        for r in shown
    )  # fmt: skip
    blocks: list[Block] = [TableBlock(_say(view, "contents_caption"), columns, rows)]
    return blocks + ([Text(_say(view, "rest", n=n - len(shown)), "small")] if n > len(shown) else [])


def _employees(rater: Rater) -> int:
    cases = [int(f.params["team"]) for f in rater.found if f.measure in naming.OF_CASES and "team" in f.params]
    return max([naming.employees(f) or 0 for f in rater.found] + cases, default=0)


def _titles(view: View, found: Sequence[Finding]) -> str:
    return "; ".join(dict.fromkeys(words.title(f.code.split(".")[0], view.lang).lower() for f in found)) or "–"


def _rater(view: View, rater: Rater, number: str) -> Section:
    name = view.subject(rater.basis[0])
    codes = tuple(dict.fromkeys(f.code for f in rater.found))
    told = dict.fromkeys(view.sentence(f) for f in rater.matters)
    blocks: list[Block] = [Text(text, codes=codes if not i else ()) for i, text in enumerate(told)]
    blocks += _chance(view) if any(f.measure == "tipping" for f in rater.matters) else []
    others = dict.fromkeys(key.other_explanation(view, f, f.code.split(".")[0]) for f in rater.matters)
    notes = ((_say(view, "other"), " ".join(others)),
             *((_say(view, c), steps.asking(view, rater.entry, rater.basis, c).replace("\n", " "))
               for c in ("question", "step")),
             (_say(view, "rows"), steps.addresses(view, rater.matters, MOST_ROWS)))  # fmt: skip
    blocks += [_table(view, name, rater.found), Note(notes, "other")]
    blocks.append(Box(_say(view, "reply"), _say(view, "reply_text")))
    aside = (("", view.say("review.entry", entry=int(rater.entry["entry"]))),)
    return Section(f"penilai-{number}", number, name, tuple(blocks), aside)


def _chance(view: View) -> list[Block]:
    """Say how many teams of the region are among the best in any case."""
    f = view.first("leniency", measure="tipping", subject_kind="region")
    if f is None or f.status not in ANSWERED:
        return []
    teams, limit = int(f.params["teams"]), float(f.params["limit"])
    return [Text(_say(view, "chance", teams=teams, limit=limit, expected=teams * limit))]


def _table(view: View, name: str, found: Sequence[Finding]) -> TableBlock:
    columns = tuple(Column(_say(view, f"col.{c}"), form) for c, form in
                    (("about", ""), ("data", ""), ("measure", ""), ("value", ""), ("range", ""), ("threshold", ""),
                     ("employees", "n"), ("p", "p"), ("told", "")))  # fmt: skip
    rows, numbers = [], []
    for f in sorted(found, key=lambda f: f.status is not Status.FLAGGED):
        e = words.known(f)
        limit = words.quantity(f.threshold, e.unit, view.lang, signed=False) if math.isfinite(f.threshold) else "–"
        told = has(f"raters.limit_{f.measure}") and "typical" in f.params
        limit = _say(view, f"limit_{f.measure}", limit=limit, typical=f.params["typical"]) if told else limit
        value, ends = words.amount(f, view.lang), words.interval(f, view.lang) or "–"
        p: Cell = f.p_adjusted if math.isfinite(f.p_adjusted) else None
        rows.append((words.title(f.code.split(".")[0], view.lang), view.maybe(f"kind.{f.scope}") or "–",
                     naming.word("share_modal" if f.measure == "guide" else f.measure, view.lang), value, ends, limit,
                     naming.employees(f), p,
                     _say(view, f"outcome.{f.code}") if has(f"raters.outcome.{f.code}") else
                     naming.word(str(f.status), view.lang)))  # fmt: skip
        numbers += [v for v in (e.value, e.lower, e.upper) if math.isfinite(v)]
    return TableBlock(_say(view, "table", rater=name), columns, tuple(rows), numbers=tuple(numbers))
