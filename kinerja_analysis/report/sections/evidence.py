"""The evidence: one section per detector with question, claim, charts, method, threshold and its source, data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kinerja_analysis.base.results import Finding, Result, Status
from kinerja_analysis.detect.calibration import fresh, measured
from kinerja_analysis.detect.contract import Threshold, threshold, thresholds
from kinerja_analysis.report.blocks import Block, Cell, Column, Figure, Heading, Note, Section, TableBlock, Text
from kinerja_analysis.report.view import ANSWERED, View, figure, sentences, split
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.charts.caterpillar import MOST
from kinerja_analysis.show.table import header

MOST_LISTED = 12
MOST_SHIFTS = 20
RARELY = 0.2  #: a method that finds fewer of large problems in simulation says so beside its claim
LISTED = ("phi", "left_out")  #: measures about a source, told in words: no chart shows them
SPREADS = ("supervisor_change", "spread")  #: how far raters lie apart: by changes of supervisor, by several raters
Drawn = tuple[Figure, TableBlock]


def anchors(view: View) -> dict[str, str]:
    """Return the anchor of every detector's evidence: a1, a2 …"""
    return {name: f"a{i + 1}" for i, name in enumerate(view.detectors)}


def evidence(view: View, detector: str, anchor: str) -> Section:
    """Return the evidence of one detector."""
    result = view.audit.results[detector]
    found = view.regional(result)
    lists = [f for f in result.findings() if f.status in ANSWERED and (f.subject_kind == "list" or f.measure in LISTED)]
    claim, *rest = told([view.sentence(f) for f in (*found, *lists)]) or [""]
    head, tail = split(claim)
    codes = tuple(dict.fromkeys(f.code for f in (*found, *(f for f in lists if f.measure in LISTED))))
    numbers = tuple(f.estimate.value for f in found if f.estimate is not None and math.isfinite(f.estimate.value))
    blocks: list[Block] = [Text(head, "claim", codes=codes, numbers=numbers)]
    blocks += _rarely(view, detector) if any(f.status in ANSWERED for f in found) else []
    blocks += [Text(text) for text in (tail, *rest) if text]
    for drawn in drawings(view, detector, result):
        blocks += list(drawn) if drawn is not None else []
    blocks += _no_map(view) if detector == "leniency" else []
    blocks += listed(view, result)
    blocks.append(Note(tuple(method(view, detector, result))))
    personal = result.frame["subject_kind"].isin(naming.PERSONS).any()
    badge = view.say("badge.only_internal") if view.internal and personal else ""
    explained = view.maybe(f"aside.{detector}", alike=_all_baik(view))
    aside = (("", explained),) if explained else ()
    return Section(anchor, anchor.upper(), words.question(detector, view.lang), tuple(blocks), aside, badge, "evidence")


def _all_baik(view: View) -> int:
    """Return of how many in 100 teams of ten everyone gets Baik by chance at the region's share, 0 where untold."""
    f = view.first("distribution", measure="share_modal", subject_kind="region", status=str(Status.CLEAR))
    share = f.estimate if f is not None and f.params["predikat"] == "BAIK" else None
    return round(100 * share.value**10) if share is not None else 0


def told(texts: list[str]) -> list[str]:
    """Return the texts without the sentences an earlier one has said already.

    >>> told(["Tidak ada selisih. Bacalah hati-hati.", "Ada selisih. Bacalah hati-hati."])
    ['Tidak ada selisih. Bacalah hati-hati.', 'Ada selisih.']
    """
    said: set[str] = set()
    kept = []
    for text in texts:
        new = [s for s in sentences(text) if s not in said]
        said.update(new)
        kept.append(" ".join(new))
    return [text for text in kept if text]


def drawings(view: View, detector: str, result: Result) -> Iterator[Drawn | None]:
    """Yield the charts of a detector with their data tables."""
    codes = list(dict.fromkeys(result.frame.loc[result.frame["status"].isin(ANSWERED), "code"]))
    if detector == "distribution":
        if len(view.count("predikat")):
            yield figure(view, "distribution", view.count("predikat"), rated=view.rated,
                         rounded=not view.internal,
                         caption=view.say("caption.distribution", rounded=not view.internal))  # fmt: skip
        if len(view.count("teams")):
            yield figure(view, "teams", view.count("teams"), caption=_caption(view, "teams"))
    elif detector == "leniency":
        yield figure(view, "caterpillar", result, names=view.names, caption=_of_raters(view, result), codes=codes)
        yield figure(view, "funnel", result, names=view.names, caption=_caption(view, "funnel"), codes=codes)
        ways = [f for m in SPREADS for f in result.findings(measure=m, subject_kind="region")]
        yield figure(view, "ranges", ways, caption=_caption(view, "spreads"), codes=[f.code for f in ways])
        yield figure(view, "caterpillar", result, caption=_of_raters(view, result, "cases", "case_leniency"),
                     codes=codes, names=view.names, measure="case_leniency")  # fmt: skip
        yield from _leniency_models(view)
    elif detector == "drift":
        caption = _of_raters(view, result, "drift", "relative_shift", MOST_SHIFTS)
        yield figure(view, "caterpillar", result, caption=caption, codes=codes, names=view.names,
                     measure="relative_shift", most=MOST_SHIFTS)  # fmt: skip
    elif detector in ("group_gap", "affinity"):
        yield figure(view, "odds", result, caption=_caption(view, "odds"), codes=codes)
        parts = [f for m in ("gap", "own_group_gap") for f in result.findings(measure=m)]
        labels = {f.subject: view.contrast(f) for f in parts}
        yield figure(view, "ranges", parts, names=labels, caption=_caption(view, "gaps_sd"), codes=codes)
    elif detector == "agreement":
        yield figure(view, "sources", result, caption=_caption(view, "sources"), codes=codes)
        yield figure(view, "d_study", result, caption=_caption(view, "d_study"), codes=codes)
    elif detector == "self_other":
        yield figure(view, "self_other", result, caption=_caption(view, "self_other"), codes=codes)
    elif detector in ("achievement_gap", "halo"):
        shares = list(result.findings(measure="order"))
        yield figure(view, "ranges", shares, caption=_caption(view, detector), codes=codes)
        yield from _flagged_raters(view, result)
    elif detector == "straight_lining":
        yield figure(view, "chance", result, caption=_caption(view, detector), codes=codes)


def _leniency_models(view: View) -> Iterator[Drawn | None]:
    """Yield what lies under the answers about leniency: the changes of supervisor and the Wright map."""
    moves, wright = view.count("moves"), view.count("wright")
    if len(moves):
        yield figure(view, "changes", moves, caption=_caption(view, "changes"))
    if len(wright) and (wright["facet"] == "ratee").any():
        n = int(wright.loc[wright["facet"] == "ratee", "n"].sum())
        yield figure(view, "wright", wright, caption=view.say("caption.wright", n=n))


def _no_map(view: View) -> list[Block]:
    """Say why there is no Wright map where the ratings fall into parts."""
    wright = view.count("wright")
    parts = wright[wright["facet"] == "parts"] if len(wright) else wright
    return [Text(view.say("caption.wright_parts", n=int(parts["n"].iloc[0])), "small")] if len(parts) else []


def _caption(view: View, name: str) -> str:
    return view.say(f"caption.{name}")


def _flagged_raters(view: View, result: Result) -> Iterator[Drawn | None]:
    """Yield one chart of the flagged raters for each measure and kind of data: what differs in kind shares no axis."""
    flagged = [f for f in words.worst(result, len(result)) if f.subject_kind == "rater"]
    for measure, scope in dict.fromkeys((f.measure, f.scope) for f in flagged):
        found = [f for f in flagged if (f.measure, f.scope) == (measure, scope)]
        if len(found) > 1:
            labels = {f.subject: view.subject(f) for f in found}
            caption = f"{view.say(f'kind.{scope}')}. {_caption(view, f'raters_{measure}')}"
            yield figure(view, "ranges", found, names=labels, caption=caption, codes=[f.code for f in found])


def _of_raters(
    view: View, result: Result, caption: str = "caterpillar", measure: str = "within_ratee", most: int = MOST
) -> str:
    """Return the caption of the raters' chart, which says when not all of them are drawn."""
    found = result.findings(subject_kind="rater", measure=measure)
    n = sum(f.estimate is not None and math.isfinite(f.estimate.value) for f in found)
    some = view.say("caption.caterpillar_some", shown=most, n=n) if n > most else ""
    return f"{_caption(view, caption)} {some}".strip()


def listed(view: View, result: Result) -> list[Block]:
    """List what was flagged about teams or raters, where no chart names it; internal level only."""
    flagged = [f for f in words.worst(result, len(result)) if f.subject_kind in ("team", "rater")]
    if not flagged or result.detector == "leniency" or not view.internal:
        return []
    teams = all(f.subject_kind == "team" and "org_rating" in f.params for f in flagged)
    shown = sorted(flagged, key=_members)[:MOST_LISTED] if teams else flagged[:MOST_LISTED]
    names = ("subject", "n", "sangat_baik", "baik", "di_bawah_baik", "org_rating") if teams else (
        "subject", "n", "finding")  # fmt: skip
    numeric = ("n", "sangat_baik", "baik", "di_bawah_baik")
    columns = tuple(Column(header(name, view.lang), "n" if name in numeric else "") for name in names)
    rows = tuple(_team_row(view, f) if teams else _plain_row(view, f) for f in shown)
    title = view.say("evidence.flagged", shown=len(rows), n=len(flagged))
    codes = tuple(dict.fromkeys(f.code for f in shown))
    return [Heading(title, 4), TableBlock("", columns, rows, role="open", codes=codes)]


def _members(f: Finding) -> tuple[int, str]:
    return -words.known(f).n, f.subject


def _plain_row(view: View, f: Finding) -> tuple[Cell, ...]:
    return view.subject(f), naming.employees(f), view.sentence(f)


def _team_row(view: View, f: Finding) -> tuple[Cell, ...]:
    p = f.params
    rating = naming.word(p["org_rating"], view.lang)
    return view.subject(f), naming.employees(f), int(p["top"]), int(p["good"]), int(p["below"]), rating


def method(view: View, detector: str, result: Result) -> list[tuple[str, str]]:
    """Return thresholds with their sources, methods, assumptions, and who was not judged."""
    config = view.audit.config
    limits = [_limit(view, threshold(f"{detector}.{name}", config.thresholds)) for name in thresholds(detector)]
    parts = [(view.say("evidence.thresholds"), "; ".join(limits) + ".")] if limits else []
    answered = result.frame[result.frame["status"].isin(ANSWERED)]
    ways = words.methods(result, view.lang)
    parts += [(view.say("evidence.method"), " ".join(ways))] if ways else []
    beliefs = [words.assumption(str(m), view.lang) for c in ("measure", "code") for m in answered[c].unique()]
    beliefs = list(dict.fromkeys(b for b in beliefs if b))
    if beliefs:
        parts.append((view.say("evidence.assumption"), " ".join(b[0].upper() + b[1:] for b in beliefs)))
    frame = result.frame
    few = int(((frame["status"] == str(Status.INSUFFICIENT)) & (frame["subject_kind"] != "region")).sum())
    if few:
        parts.append((view.say("evidence.not_judged"), view.say("evidence.not_judged_text", n=few)))
    return [*parts, (view.say("evidence.calibration"), calibrated(view, detector)), page_about(view, detector)]


def page_about(view: View, method: str) -> tuple[str, str]:
    """Return the name of the page that holds a method's formulas and where they come from."""
    return view.say("evidence.more"), view.say("evidence.more_text", page=f"docs/metode/{method}.md")


def _measured(detector: str) -> dict[str, int]:
    return {name: int(k) for name, k in measured()[detector].items() if name not in ("detector", "hash")}


def _rarely(view: View, detector: str) -> list[Block]:
    """Say beside the claim where calibration found few of the large problems planted; of a stale one nothing."""
    n = _measured(detector) if fresh(detector) else {"planted": 0}
    if not n["planted"] or n["found"] >= RARELY * n["planted"]:
        return []
    return [Text(view.say("evidence.rarely_found", found=n["found"], planted=n["planted"]))]


def calibrated(view: View, detector: str) -> str:
    """Return what was measured on simulated regions, or that the method is no longer the one measured."""
    if not fresh(detector):
        return view.say("evidence.calibration_stale")
    n = _measured(detector)
    text = view.say(
        "evidence.calibration_text", rate=n["flagged"] / max(n["answers"], 1), power=n["found"] / max(n["planted"], 1),
        **{name: n[name] for name in ("flagged", "answers", "found", "planted")},
    )  # fmt: skip
    if n["intervals"]:
        share = n["covered"] / n["intervals"]
        text += " " + view.say("evidence.calibration_ranges", coverage=share, intervals=n["intervals"])
    return text


def _limit(view: View, limit: Threshold) -> str:
    """Return one threshold in words: what it limits, its value, where it comes from, whether the user changed it."""
    value = words.quantity(limit.value, limit.unit, view.lang, signed=False)
    text = view.maybe(f"limit.{limit.key}", value=value) or view.say(
        "evidence.source", name=limit.key.split(".", 1)[1].replace("_", " "), value=value,
        unit=words.unit(limit.unit, view.lang), source=limit.source,
    )  # fmt: skip
    return f"{text}, **{view.say('evidence.changed')}**" if limit.changed else text
