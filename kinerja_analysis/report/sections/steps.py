"""What to do next, the conversations to have (internal level only), and the right of reply."""

from __future__ import annotations

from kinerja_analysis.base.results import Finding
from kinerja_analysis.detect.contract import in_report
from kinerja_analysis.report.blocks import Block, Box, Review, Section, Steps, Text
from kinerja_analysis.report.view import View, split
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

MOST_STEPS = 3
MOST_TALKS = 6


def steps(view: View) -> Section:
    """Return the section."""
    blocks: list[Block] = [Steps(tuple(next_steps(view)))]
    talks = conversations(view)
    if talks:
        total = len(_people(view))
        labels = tuple(view.say(f"review.{n}") for n in ("basis", "question", "step", "reply"))
        title = view.say("review.title", shown=len(talks), n=total)
        items = tuple(_item(view, f) for f in talks)
        blocks.append(Review(title, labels, items, codes=tuple(dict.fromkeys(f.code for f in talks))))  # type: ignore[arg-type]
    elif view.internal:
        blocks.append(Text(view.say("review.nobody")))
    blocks.append(Box(view.say("reply.title"), view.say("reply.text")))
    aside = (("", view.say("steps.aside")),) if talks else ()
    return Section("langkah", "5", view.say("steps.title"), tuple(blocks), aside)


def next_steps(view: View) -> list[tuple[str, str, str]]:
    """Return at most three steps: what is missing first, then what to talk about, then next year."""
    frame = view.count("examined")
    rows = {str(r["kind"]): r for r in frame.to_dict("records")}
    official, many = rows.get("ekinerja"), rows.get("multisource")
    due = {in_report(name)["step"] for name in view.flagged()}
    wanted = [
        ("matrix", "matrix" in due),
        ("distribution", "distribution" in due),
        ("groups", "groups" in due),
        ("raters", "raters" in due),
        ("order", "order" in due),
        ("achievements", not any(r.get("n_achievements") for r in rows.values())),
        ("sources", many is None),
        ("org_rating", official is not None and not official.get("n_org_rating")),
        ("links", many is not None and not str(view.audit.design.verdicts().get(_key(view), "")).startswith("linked")),
        ("agreement", "agreement" in due),
        ("again", True),
    ]
    names = [name for name, on in wanted if on][:MOST_STEPS]
    return [(view.say(f"step.{n}"), view.say(f"step.{n}_text"), view.say(f"step.{n}_by")) for n in names]


def _key(view: View) -> tuple[str, int, str]:
    return view.region, view.year, "multisource"


def _people(view: View) -> list[Finding]:
    """Return the flagged findings about raters, one per rater, the strongest first."""
    found = [
        f
        for result in view.audit.results.values()
        for f in words.worst(result, len(result))
        if f.subject_kind == "rater"
    ]
    found.sort(key=lambda f: -view.strength(f))
    return list({f.subject: f for f in reversed(found)}.values())[::-1]


def conversations(view: View) -> list[Finding]:
    """Return the raters to talk to; none at the public level."""
    return _people(view)[:MOST_TALKS] if view.internal else []


def _item(view: View, f: Finding) -> tuple[str, str, str, str, str, str]:
    detector, _, code = f.code.partition(".")
    n = f.estimate.n if f.estimate is not None else 0
    about = view.say("review.about", n=n)
    question = view.maybe(f"ask.{detector}_{code}") or view.maybe(f"ask.{detector}") or view.say("ask.any")
    step = view.maybe(f"develop.{detector}") or view.say("develop.any")
    basis = split(view.sentence(f))[0]
    subject = naming.subject(f, view.lang, view.names)
    about = f"{about}\n{words.title(detector, view.lang).lower()}"
    return subject, about, basis, question, step, view.say("review.none")
