"""The objectivity index, or the honest reason why there is none, with the ceiling that is known already."""

from __future__ import annotations

from kinerja_analysis.report.blocks import Block, Section, Text
from kinerja_analysis.report.view import View, figure


def index(view: View) -> Section:
    """Return the section."""
    blocks: list[Block] = [Text(view.say("index.none"), "sentence"), Text(reason(view))]
    pairs = view.first("distribution", measure="separated_pairs", subject_kind="region", scope="ekinerja")
    made = figure(view, "pairs", pairs, wide=340, codes=(pairs.code,)) if pairs is not None else None
    if pairs is not None and pairs.estimate is not None and made is not None:
        blocks += [made[0], Text(view.say("index.ceiling", hundred=100 * pairs.estimate.value), codes=(pairs.code,))]
    blocks.append(Text(view.say("index.compare"), "small"))
    aside = ((view.say("index.question"), view.say("index.question_text")),)
    return Section("indeks", "4", view.say("index.title"), tuple(blocks), aside)


def reason(view: View) -> str:
    """Return why no index was formed: no independent evidence, or evidence this version cannot use yet."""
    frame = view.count("examined")
    sources = {s for text in frame["sources"] for s in str(text).split("|")} if len(frame) else set()
    achievement = bool(len(frame)) and bool((frame["n_achievements"].fillna(0) > 0).any())
    if not sources & {"peer", "subordinate", "other"} and not achievement:
        return view.say("index.no_evidence")
    return view.say("index.not_yet", version=str(view.audit.provenance.get("version", "")))
