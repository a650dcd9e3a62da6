"""What to do next, the review list (internal level only), and the right of reply."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.words import say
from kinerja_analysis.detect.contract import in_report
from kinerja_analysis.detect.review import asked
from kinerja_analysis.report.blocks import Block, Box, Review, Section, Steps, Text
from kinerja_analysis.report.view import View, sentences
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

MOST_STEPS = 3
MOST_TALKS = 6
MOST_ROWS = 3
MOST_EVIDENCE = 3
#: Measures never told without their second sentence (assumption about the other raters, who set the targets).
CAVEAT = ("within_ratee", "beyond_achievement", "agency_beyond")


def steps(view: View) -> Section:
    """Return the section."""
    blocks: list[Block] = [Steps(tuple(next_steps(view)))]
    talks = review_list(view)
    if talks:
        says = view.say
        labels = (says("review.basis"), says("review.rows"), says("review.question"), says("review.step"),
                  says("review.reply"))  # fmt: skip
        shown = _first(talks)
        title = view.say("review.title", shown=len(shown), n=len(talks))
        codes = tuple(dict.fromkeys(f.code for _, found in shown for f in found[:MOST_EVIDENCE]))
        blocks.append(Review(title, labels, tuple(_item(view, row, found) for row, found in shown), codes=codes))
        blocks += [Text(view.say("review.rest"))] if len(talks) > len(shown) else []
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
    verdict = str(view.audit.design.verdicts().get((view.region, view.year, "multisource"), ""))
    due = {_step(view, name) for name in view.flagged()}
    wanted = [
        ("matrix", "matrix" in due),
        ("distribution", "distribution" in due),
        ("groups", "groups" in due),
        ("raters", "raters" in due),
        *((name, name in due) for name in ("impact", "pairing", "entry", "order")),
        ("achievements", not any(r.get("n_achievements") for r in rows.values())),
        ("sources", many is None),
        ("org_rating", official is not None and not official.get("n_org_rating")),
        ("links", many is not None and not verdict.startswith("linked")),
        ("agreement", "agreement" in due),
        ("again", True),
    ]
    names = [name for name, on in wanted if on][:MOST_STEPS]
    return [(view.say(f"step.{n}"), view.say(f"step.{n}_text"), view.say(f"step.{n}_by")) for n in names]


def _step(view: View, detector: str) -> str:
    """Return what a flagged detector asks for; ``step_region`` where it flags the region and no rater."""
    how, found = in_report(detector), view.audit.results[detector].findings(status=str(Status.FLAGGED))
    raters = any(f.subject_kind == "rater" or f.params.get("n_flagged") for f in found)
    return str(how["step"] if raters else how.get("step_region", how["step"]))


def review_list(view: View) -> list[tuple[pd.Series, list[Finding]]]:
    """Return the entries of the review list in order, each with its findings; none at the public level."""
    frame = view.audit.review
    if frame is None or not view.internal:
        return []
    return [(rows.iloc[0], [_finding(view, r) for _, r in rows.iterrows()]) for _, rows in frame.groupby("entry")]


def _first(talks: list[tuple[pd.Series, list[Finding]]]) -> list[tuple[pd.Series, list[Finding]]]:
    """Return the first entries, and the first of each kind that is not among them."""
    shown, rest = talks[:MOST_TALKS], talks[MOST_TALKS:]
    kinds = {row["kind"] for row, _ in shown}
    others = {row["kind"]: (row, found) for row, found in reversed(rest) if row["kind"] not in kinds}
    return shown + sorted(others.values(), key=lambda item: int(item[0]["entry"]))


def _finding(view: View, row: pd.Series) -> Finding:
    where = {name: row[name] for name in ("code", "measure", "subject", "scope")}
    found = view.first(row["detector"], **where)
    if found is None:
        raise ValueError(f"the review list names a finding that the audit does not have: {where}")
    return found


def _item(view: View, row: pd.Series, found: list[Finding]) -> tuple[str, str, str, str, str, str, str]:
    """Return an entry in words: who, about, basis, rows, question, step, reply."""
    return (
        who(view, found[0]),
        "\n".join([view.say("review.entry", entry=int(row["entry"])), about(view, row, found)]),
        basis(view, found),
        addresses(view, found, MOST_ROWS),
        asking(view, row, found, "question"),
        asking(view, row, found, "step"),
        view.say("review.none"),
    )


def asking(view: View, row: pd.Series, found: list[Finding], column: str) -> str:
    """Return the questions or the steps of an entry in words, a line each."""
    return "\n".join(say(key, view.lang) for key in asked(row, found, column))


def basis(view: View, found: list[Finding]) -> str:
    """Return the evidence: two sentences of a single finding, one of each where there are several, caveats once."""
    told = [s for f in found[:MOST_EVIDENCE]
            for s in sentences(view.sentence(f))[: 2 if len(found) == 1 or f.measure in CAVEAT else 1]]  # fmt: skip
    return " ".join(dict.fromkeys(told))


def who(view: View, f: Finding) -> str:
    """Return whom an entry is about."""
    if f.subject_kind == "list":
        return naming.word(f.measure, view.lang)
    return view.subject(f) if f.subject_kind != "region" else view.place


def about(view: View, row: pd.Series, found: list[Finding]) -> str:
    """Return what kind of subject, how many employees, and the topics."""
    what = "rater" if found[0].subject_kind == "team" else found[0].subject_kind
    topics = dict.fromkeys(words.title(f.code.split(".")[0], view.lang).lower() for f in found)
    what = view.maybe(f"review.what_{what}") or view.say("review.what_part")
    pairs = found[0].params.get("dyads")
    n = int(row["persons"]) if pairs is None else int(pairs)
    text = view.say("review.about" if pairs is None else "review.about_pairs", what=what, n=n)
    return "\n".join([text, *topics, view.say(f"review.kind_{row['kind']}")])


def addresses(view: View, found: list[Finding], most: int) -> str:
    """Return the first row addresses behind findings and how many more there are."""
    kept = list(dict.fromkeys(a for f in found for a in f.rows))
    if not kept:
        return view.say("review.rows_none")
    n = max(len(kept), *(int(f.params.get("n_rows", 0)) for f in found))
    return view.say("review.rows_some", rows=", ".join(kept[:most]), more=n - len(kept[:most]))
