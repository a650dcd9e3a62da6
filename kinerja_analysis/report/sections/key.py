"""Key findings: the three strongest flagged ones, one per detector; calm words where nothing is flagged."""

from __future__ import annotations

import math
from dataclasses import replace

from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.detect.contract import in_report
from kinerja_analysis.report.blocks import Figure, FindingCard, Section, TableBlock, Text
from kinerja_analysis.report.view import ANSWERED, View, figure, numbers, split
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.strength import MODERATE, STRONG, WEAK, directed, no_difference

KEY = 3
MOST_PARTS = 3
CARD = 340
OF_PAIRS = ("reciprocity", "exchange")  #: measures whose n counts pairs of people, told in steps
WHOLE_REGION = ("ignoring",)  #: says more of a region than a count of single raters
#: Detectors that tell, by card of their own, what patterns of raters (``PATTERN``) may come from.
TELLS = {"halo": {"n_halo"}, "leniency": {"n_lenient", "n_strict"}}
PATTERN = ("n_lenient", "n_strict", "n_central", "n_range", "n_random", "n_halo", "n_copied")


def key(view: View, anchors: dict[str, str]) -> Section:
    """Return the section; ``anchors`` maps a detector to its evidence ("a2")."""
    chosen = choose(view)
    cards = tuple(card(view, i + 1, f, anchors) for i, f in enumerate(chosen))
    calm = not any(f.status is Status.FLAGGED for f in chosen)
    first = (Text(view.say("key.nothing", withheld=bool(view.withheld())), "sentence"),) if calm else ()
    level = view.audit.config.level
    dots = [(view.say("key.strength"), ""), *(("", f"{{dots{s}}} {view.say(f'key.strength_{s}')}") for s in (3, 2, 1))]
    aside = ((view.say("key.range"), view.say("key.range_text", level=level)), *([] if calm else dots))
    title = view.say("key.title" if len(cards) == KEY and not calm else "key.title_fewer")
    return Section("temuan", "3", title, (*first, *cards), aside)


def choose(view: View, most: int = KEY) -> list[Finding]:
    """Return at most ``most`` findings, one per detector.

    Flagged ones, the strongest first. Where nothing is flagged, answered questions in the order of the registry, those
    not settled last. What cannot be answered is never a key finding; what another one tells of raters is not repeated.
    """
    candidates = [f for name in view.detectors if (f := _best(view, name)) is not None]
    flagged = [f for f in candidates if f.status is Status.FLAGGED]
    rest = sorted((f for f in candidates if f.status is not Status.FLAGGED), key=lambda f: view.strength(f) <= WEAK)
    told = {n for f in flagged if f.scope == "multisource" for n in TELLS.get(_detector(f), ())}
    flagged = [f for f in flagged if _detector(f) != "rater_profile" or not _patterns(f) <= told]
    return (sorted(flagged, key=lambda f: -view.strength(f)) or rest)[:most]


def _detector(f: Finding) -> str:
    return f.code.split(".", 1)[0]


def _patterns(f: Finding) -> set[str]:
    return {name for name in PATTERN if f.params.get(name)}


def _best(view: View, detector: str) -> Finding | None:
    """Return the finding that speaks for a detector: flagged, strong, and on its primary measure."""
    result = view.audit.results[detector]
    primary = in_report(detector)["primary"]
    found = [f for f in view.regional(result) if f.status in ANSWERED]
    if not any(f.status is Status.FLAGGED for f in found):
        found = [f for f in words.worst(result, 1)] or [f for f in found if f.measure in primary]
    order = {name: i for i, name in enumerate(primary)}

    def rank(f: Finding) -> tuple[bool, bool, int, int]:
        flagged, whole = f.status is Status.FLAGGED, f.measure in WHOLE_REGION
        return not flagged, not whole, -view.strength(f), order.get(f.measure, len(order))

    return min(found, key=rank, default=None)


def card(view: View, number: int, f: Finding, anchors: dict[str, str]) -> FindingCard:
    """Return the card of one finding."""
    detector, flagged = _detector(f), f.status is Status.FLAGGED
    claim, rest = _claim(view, f)
    parts = view.parts(f)[:MOST_PARTS] if f.subject_kind == "region" and flagged else []
    body = " ".join(t for t in (rest, _parts(view, parts), reason(view, f)) if t)
    strong = view.strength(f) if flagged else 0
    another = other_explanation(view, f, detector)
    where = anchors.get(detector, "")
    codes = tuple(dict.fromkeys([f.code, *(p.code for p in parts)]))
    return FindingCard(
        view.say("key.kicker" if flagged else "key.kicker_clear", title=words.title(detector, view.lang).lower(),
                 **({"n": number} if flagged else {})),
        strong,
        view.say("key.strength") if flagged else "",
        view.say(f"strength.s{strong}") if flagged else "",
        claim,
        body,
        view.say("key.other"),
        another,
        (f"#{where}", view.say("key.evidence", name=where.upper())) if where else ("", ""),
        picture(view, f, parts),
        codes=codes,
        numbers=tuple(dict.fromkeys(n for p in (f, *parts) for n in numbers(p))),
    )  # fmt: skip


def other_explanation(view: View, f: Finding, detector: str) -> str:
    """Return another explanation of a flag; for the rest, what "not flagged" does not mean."""
    if f.status is not Status.FLAGGED:
        counted = f.estimate is not None and f.estimate.method.startswith("full_count")
        return view.say("other.clear_counted" if counted else "other.clear")
    own = view.maybe(f"other.{detector}_{f.measure}") or view.maybe(f"other.{detector}")
    return own or view.say("other.any")


def _claim(view: View, f: Finding) -> tuple[str, str]:
    """Return the heading of a finding and what follows; some findings have plainer words for the first page."""
    head, rest = split(view.sentence(f))
    code = f.code.replace(".", "_")
    params = words.values(f, view.lang, view.names)
    place = f"headline{'' if f.status is Status.FLAGGED else '_clear'}.{code}"
    own = view.maybe(place + _side(view, f), **params) or view.maybe(place, **params)
    return (own, view.maybe(f"body.{code}", **params)) if own else (head, rest)


def _side(view: View, f: Finding) -> str:
    """Return "_higher" or "_lower" when all flagged parts lie on one side of no difference."""
    above = {
        p.estimate.value > no_difference(p)
        for p in view.parts(f)
        if p.estimate is not None and math.isfinite(no_difference(p))
    }
    return "" if len(above) != 1 else "_higher" if above.pop() else "_lower"


def _parts(view: View, parts: list[Finding]) -> str:
    """Return the clearest parts in one line: subject, value, range, n."""
    texts = []
    for p in parts:
        ends, n = words.interval(p, view.lang), words.known(p).n
        key = "key.part_pairs" if ends and p.measure in OF_PAIRS else "key.part" if ends else "key.part_full"
        texts.append(view.say(key, subject=view.contrast(p), value=words.amount(p, view.lang), range=ends, n=n,
                              step=words.known(p).value))  # fmt: skip
    return f"{view.say('key.clearest')} {'; '.join(texts)}." if texts else ""


def reason(view: View, f: Finding) -> str:
    """Return why a finding is as strong as it is, in one sentence."""
    strong, flagged, e = view.strength(f), f.status is Status.FLAGGED, f.estimate
    ranged = e is not None and math.isfinite(e.lower)
    behind = [f] if ranged else view.parts(f, flagged=flagged)
    if strong == STRONG:
        if e is not None and not behind:
            kind = ("full" if view.internal else "rounded") if e.method.startswith("full_count") else "tested"
        else:
            small = all(math.isfinite(no_difference(p)) for p in behind)
            kind = "flagged" if flagged else "clear" if small else "good"
        return view.say(f"reason.s3_{kind}")
    parts = (f, *view.parts(f, flagged=flagged))
    measures = {name for p in parts for name in (p.measure, p.code)}
    text = next((words.assumption(m, view.lang) for m in sorted(measures) if words.assumption(m, view.lang)), "")
    if strong == MODERATE and not text:
        return view.say("reason.s2" if flagged else "reason.s2_clear")
    if strong == MODERATE:
        directs = flagged or (bool(behind) and all(map(directed, behind)))
        return view.say("reason.s2_assumption" if directs else "reason.s2_undirected", text=text)
    return view.say("reason.s1")


def picture(view: View, f: Finding, parts: list[Finding]) -> Figure | None:
    """Return the small picture beside a finding."""
    if f.measure == "separated_pairs":
        made = figure(view, "pairs", f, wide=CARD, caption=view.say("key.pairs_caption"), codes=(f.code,))
    elif f.code.startswith("distribution.") and len(view.count("predikat")):
        rounded = not view.internal
        made = figure(view, "distribution", view.count("predikat"), rated=view.rated, wide=CARD, rounded=rounded,
                      caption=view.say("key.share_caption", rounded=rounded))  # fmt: skip
    elif f.measure == "single_value":
        result = view.audit.results["straight_lining"]
        made = figure(view, "chance", result, wide=CARD, caption=view.say("caption.straight_lining"), codes=(f.code,))
    else:
        made = _ranges(view, f, parts)
    return made[0] if made else None


def _ranges(view: View, f: Finding, parts: list[Finding]) -> tuple[Figure, TableBlock] | None:
    rows = parts or ([f] if f.estimate is not None and math.isfinite(f.estimate.value) else [])
    if not parts and f.subject_kind == "region" and not (rows and math.isfinite(rows[0].estimate.lower)):  # type: ignore[union-attr]
        rows = sorted(view.parts(f, flagged=False), key=_size, reverse=True)[:MOST_PARTS] or rows
    if not rows or rows[0].estimate is None or not math.isfinite(rows[0].estimate.lower):
        return None
    zero = math.isfinite(no_difference(rows[0]))
    caption = view.say("key.ranges_caption_zero" if zero else "key.ranges_caption", level=view.audit.config.level)
    named = [replace(r, subject=view.contrast(r)) for r in rows]
    return figure(view, "ranges", named, wide=CARD, caption=caption, codes=[r.code for r in rows])


def _size(f: Finding) -> float:
    e = words.known(f)
    return abs(math.log(e.value)) if e.unit == "odds_ratio" and e.value > 0 else abs(e.value)
