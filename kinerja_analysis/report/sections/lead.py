"""The head of the page: what is identified inside a supervisor, what the data cannot tell, what was found."""

from __future__ import annotations

import math

from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.words import join
from kinerja_analysis.read.regions import place
from kinerja_analysis.report.blocks import Masthead
from kinerja_analysis.report.view import ANSWERED, View
from kinerja_analysis.show import sentence as words


def masthead(view: View) -> Masthead:
    """Return the head: place, year, the lead, the level of the report."""
    where = place(view.region, view.audit.config)
    codes = view.say("masthead.codes", code=view.region)
    codes += f" · BPS **{where.bps}**" if where.bps else ""
    level = view.audit.level
    facts = (
        (view.say("masthead.place"), "\n".join([*[where.province] * bool(where.province), codes])),
        (view.say("masthead.level"), view.say(f"masthead.{level}")),
        (view.say("masthead.nature"), view.say("masthead.nature_text")),
    )
    found = list(_spoken(view))
    return Masthead(
        view.say("masthead.kicker"),
        f"{view.place}, {view.year}",
        lead(view),
        view.place,
        str(view.year),
        view.say(f"badge.{level}"),
        facts,
        codes=tuple(f.code for f in found),
        numbers=tuple(f.estimate.value for f in found if f.estimate is not None),
    )


def _spoken(view: View) -> list[Finding]:
    found = [view.first("distribution", measure=m, subject_kind="region", scope="ekinerja") for m in _LEADING]
    return [f for f in found if f is not None and f.status in ANSWERED and f.estimate is not None
            and math.isfinite(f.estimate.value)]  # fmt: skip


_LEADING = ("separated_pairs", "share_modal")


def lead(view: View) -> str:
    """Return the first paragraph of the page."""
    found = {f.measure: f for f in _spoken(view)}
    parts = []
    pairs, modal = found.get("separated_pairs"), found.get("share_modal")
    if pairs is not None and pairs.estimate is not None:
        few = "few" if pairs.status is Status.FLAGGED else "plain"
        parts.append(view.say(f"lead.pairs_{few}", hundred=100 * pairs.estimate.value, year=str(view.year)))
    if modal is not None and modal.estimate is not None:
        name = words.values(modal, view.lang)["predikat"]
        rounded = modal.code.endswith("_rounded")
        parts.append(view.say("lead.modal", share=modal.estimate.value, predikat=name, rounded=rounded))
    for (_, _, kind), verdict in view.audit.design.verdicts().items():
        parts.append(view.say(f"lead.{view.untold(kind, verdict)}.{kind}"))
    parts += view.beside_verdicts()
    parts.append(_flags(view))
    return " ".join(parts)


def _flags(view: View) -> str:
    flagged = view.flagged()
    if not flagged:
        return view.say("lead.nothing", withheld=bool(view.withheld()))
    titles = [words.title(name, view.lang).lower() for name in flagged]
    listed = "; ".join(titles) if any(f" {view.say('lead.and')} " in t for t in titles) else join(titles, view.lang)
    return view.say("lead.flagged", titles=listed)
