"""The objectivity index: figure, ceiling, evidence by kind, six dimensions, points lost, or why there is none."""

from __future__ import annotations

import math

from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.words import show as number
from kinerja_analysis.detect.contract import threshold, thresholds
from kinerja_analysis.report.blocks import Block, Cell, Column, Heading, Note, Printed, Section, TableBlock, Text
from kinerja_analysis.report.sections.evidence import page_about
from kinerja_analysis.report.view import ANSWERED, View, figure, numbers, split
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.table import header

PANEL = ("differentiation", "agreement", "equity", "impartiality", "achievement", "integrity")
USUAL = 0.50  #: reliability of one supervisor rating in published studies
SCOPES = (("both", "ekinerja"), ("multisource",))  #: of each kind of score, the one with most evidence first
COPIES = ("index_copies", "index_copies_peers")
FAILURES = ("shared", "copied", "homogeneous", "true_gap", "level", "capaian")


def index(view: View) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    found = told(view)
    for f in found:
        blocks += _kind(view, f)
    if not blocks:
        blocks += [Text(view.say("index.none"), "sentence"), Text(view.say("index.not_run")), *_ceiling(view)]
    if any(f.status in ANSWERED for f in found):
        wrong = tuple((f"{i}.", view.say(f"index.failure.{name}")) for i, name in enumerate(FAILURES, 1))
        blocks += [Heading(view.say("index.failures"), 3), Note(wrong, "other"), _method(view)]
    blocks.append(Text(view.say("index.compare"), "small"))
    aside = ((view.say("index.question"), view.say("index.question_text")), ("", view.say("index.inside")))
    return Section("indeks", "4", view.say("index.title"), tuple(blocks), aside)


def told(view: View) -> list[Finding]:
    """Return the index of each kind of score there is, that with most evidence, or its reason for none."""
    found = []
    for scopes in SCOPES:
        every = [f for s in scopes if (f := view.first("index", measure="index", scope=s)) is not None]
        answered = [f for f in every if f.status in ANSWERED]
        found += (answered or [f for f in every if f.scope in view.kinds()])[:1]
    return found


def _kind(view: View, found: Finding) -> list[Block]:
    """Return one kind of score: the figure and what stands beside it, or why there is none."""
    title = Heading(view.say(f"index.of_{found.scope}"), 3)
    text = view.sentence(found)
    if found.status not in ANSWERED:
        none = Text(view.say("index.none"), "sentence")
        why = [Text(text, codes=(found.code,)), *_said(view, found.scope, *COPIES)]
        return [title, none, *why, *_ceiling(view, found.scope), *_panel(view, found.scope)]
    head, rest = split(text)
    blocks: list[Block] = [title, Text(f"{head} {rest}", "sentence", codes=(found.code,), numbers=numbers(found))]
    caption = view.say("index.caption_partial" if found.params["n_comparators"] == 1 else "index.caption")
    made = figure(view, "supported", found, wide=400, caption=caption, codes=(found.code,))
    blocks += list(made) if made is not None else []
    blocks.append(Text(_beside(view, found), codes=(found.code,)))
    blocks += _said(view, found.scope, *COPIES, "index_conditional", "index_order")
    return [*blocks, *_panel(view, found.scope), *_losses(view, found.scope)]


def _said(view: View, scope: str, *measures: str) -> list[Block]:
    """Return the sentences of what was answered."""
    told = [f for f in _all(view, scope, *measures) if f.status in ANSWERED]
    return [Text(view.sentence(f), codes=(f.code,), numbers=numbers(f)) for f in told]


def _beside(view: View, f: Finding) -> str:
    """Return ceiling and accuracy among separated pairs, and how much of the region the figure covers."""
    p, over = f.params, f.estimate is not None and f.estimate.upper > f.params["separated"]
    name = "beside" if p["accuracy"] is not None else "beside_none"
    parts = [view.say(f"index.{name}", separated=p["separated"], accuracy=p["accuracy"] or 0.0, over=over)]
    if p["covered"] < 1:
        parts.append(view.say("index.covered", covered=p["covered"], predikat=f.scope != "multisource"))
    if p["excluded"]:
        parts.append(view.say("index.excluded", n=p["excluded"]))
    if p["n_capped"]:
        parts.append(view.say("index.capped", n=p["n_capped"]))
    return " ".join(parts)


def _all(view: View, scope: str, *measures: str) -> list[Finding]:
    result = view.audit.index
    assert result is not None
    return [f for m in measures for f in result.findings(measure=m, scope=scope)]


def _ceiling(view: View, scope: str = "ekinerja") -> list[Block]:
    """Return the share of separated pairs, which is known without any evidence (of the predikat)."""
    pairs = view.first("distribution", measure="separated_pairs", subject_kind="region", scope="ekinerja")
    made = figure(view, "pairs", pairs, wide=340, codes=(pairs.code,)) if pairs is not None else None
    if scope != "ekinerja" or pairs is None or pairs.estimate is None or made is None:
        return []
    return [made[0], Text(view.say("index.ceiling", hundred=100 * pairs.estimate.value), codes=(pairs.code,))]


def _panel(view: View, scope: str) -> list[Block]:
    """Return the six dimensions, each on its own scale, or why one is not identified."""
    rows: list[tuple[Cell, ...]] = []
    codes: list[str] = []
    seen: list[float] = []
    mixed = scope != "multisource"  # the national mix and that of the guide are of the predikat
    for name in PANEL:
        for f in _all(view, scope, f"index_{name}")[:1]:
            codes.append(f.code)
            label = f"**{view.say(f'index.panel.{name}')}** {view.say(f'index.panel.{name}_text')}"
            if f.status not in ANSWERED:
                rows.append((label, view.say("index.panel.unknown"), "–", "–", view.sentence(f)))
                continue
            e = words.known(f)
            seen += numbers(f)
            open_ = name == "equity" and e.lower == 0  # a variance that may be none: no figure, only how large at most
            value = view.say("index.panel.bounds") if open_ else _value(view, e.value, words.form(f))
            ends = (_value(view, v, words.form(f), bare=True) for v in (e.lower, e.upper))
            span = " – ".join(ends) if math.isfinite(e.lower) else view.say("index.panel.full")
            key = "ends" if open_ else "hundred" if "hundred_lower" in f.params else "number"
            hundred = view.say(f"index.panel.{key}", **{"value": f.params["hundred"], **f.params})
            hundred = Printed(hundred, round(f.params["hundred"], 0), "0") if key == "number" else hundred
            hundred = hundred if mixed or name != "differentiation" else "–"
            note = view.say(f"index.panel.{name}_note", predikat=mixed, **words.values(f, view.lang, view.names))
            rows.append((label, value, span, hundred, note))
    if not rows:
        return []
    heads = ("dimension", "value", "range", "hundred", "note")
    columns = tuple(Column(view.say(f"index.panel.column_{c}")) for c in heads)
    found = [f for name in PANEL for f in _all(view, scope, f"index_{name}")[:1]]
    caption, marks = view.say("index.panel.caption", predikat=mixed), yardsticks(view, scope)
    drawn = figure(view, "panel", found, caption=caption, codes=codes, yardsticks=marks)
    return [Heading(view.say("index.panel.title"), 4), *(drawn[:1] if drawn is not None else ()),
            TableBlock("", columns, tuple(rows), codes=tuple(codes), numbers=tuple(seen))]  # fmt: skip


def yardsticks(view: View, scope: str) -> dict[str, tuple[float, ...]]:
    """Return the marks of the drawn panel, each on its dimension's own scale."""
    national, guide, valid = (
        threshold(f"index.{name}", view.audit.config.thresholds).value
        for name in ("separated_national", "separated_guide", "min_valid")
    )
    mixes = (national, guide) if scope != "multisource" else ()  # both are mixes of the predikat
    return {"differentiation": mixes, "agreement": (USUAL,), "integrity": (valid,)}


def _value(view: View, value: float, unit: str, *, bare: bool = False) -> str:
    if unit == "of_100" and not bare:
        return view.say("index.panel.of_100", value=value)
    told = round(100 * value, 1) / 100 if unit == "share" else round(value, 2)  # no more than is printed
    form = {"share": "%1", words.WHOLE: "%"}.get(unit, "2")
    return Printed(words.quantity(value, unit, view.lang, signed=False), told, form)


def _limit(view: View, value: float, unit: str) -> str:
    """Return a threshold: a changed one may lie between two whole numbers."""
    return number(value, "n", view.lang) if unit == "of_100" else words.quantity(value, unit, view.lang, signed=False)


def _losses(view: View, scope: str) -> list[Block]:
    """Return how many points the index gains when one component is removed."""
    rows: list[tuple[Cell, ...]] = []
    codes: list[str] = []
    seen: list[float] = []
    for f in _all(view, scope, "index_loss_single", "index_loss"):
        e = f.estimate
        if f.status in ANSWERED and e is not None and f.code != "index.loss_single_none":
            values = words.values(f, view.lang, view.names)
            kind = f.code.split(".")[1]
            what = view.maybe(f"index.{kind}_{f.scope}", **values) or view.say(f"index.{kind}", **values)
            same = e.lower == e.upper == 0  # whatever unit is left out: nothing there to be removed
            rows.append((what, e.value, view.say(f"index.loss_{'same' if same else 'range'}", **values), e.n))
            codes.append(f.code)
            seen += numbers(f)
    if not rows:
        return []
    columns = (Column(view.say("index.loss_component")), Column(view.say("index.loss_points"), "+1"),
               Column(header("range", view.lang)), Column(header("n", view.lang), "n"))  # fmt: skip
    found = dict.fromkeys(codes)
    return [Heading(view.say("index.loss_title"), 4),
            TableBlock("", columns, tuple(rows), codes=tuple(found), numbers=tuple(seen)),
            Text(view.say("index.loss_note"), "small")]  # fmt: skip


def _method(view: View) -> Note:
    """Return method, assumption and thresholds with their sources."""
    result = view.audit.index
    assert result is not None
    limits = [threshold(f"index.{name}", view.audit.config.thresholds) for name in thresholds("index")]
    told = [
        view.say(f"limit.{t.key}", value=_limit(view, t.value, t.unit))
        + (f", **{view.say('evidence.changed')}**" if t.changed else "")
        for t in limits
    ]
    parts = [
        (view.say("evidence.method"), " ".join(words.methods(result, view.lang))),
        (view.say("evidence.assumption"), words.assumption("index", view.lang)),
        (view.say("evidence.thresholds"), "; ".join(told) + "."),
        (view.say("evidence.calibration"), view.say("index.accepted")),
        page_about(view, "index"),
    ]
    return Note(tuple(parts))
