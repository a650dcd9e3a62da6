"""What the data can and cannot show: verdict, drawing, bounds, what would change it, which questions they answer."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Finding, Result
from kinerja_analysis.base.words import number
from kinerja_analysis.detect.adviser import NUMBERS
from kinerja_analysis.report.blocks import Answers, Column, Figure, Note, Section, TableBlock, Verdict
from kinerja_analysis.report.view import ANSWERED, View, figure, split
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

LINKED = ("linked", "linked_by_anchors")
Question = tuple[str, str]


def capacity(view: View) -> Section:
    """Return the section."""
    blocks = (verdict(view), *prices(view), answers(view), *smallest(view))
    aside = (("", view.say("capacity.aside")), (view.say("capacity.always"), view.say("capacity.always_text")))
    return Section("kemampuan", "2", view.say("capacity.title"), blocks, aside)


def design_rows(view: View) -> list[Any]:
    """Return the rows of the design that carry a verdict."""
    frame = view.audit.design.frame
    return list(frame[frame["source"] == "all"].itertuples())


def verdict(view: View) -> Verdict:
    """Return the verdict per kind of data with a drawing, bounds, and what would change it."""
    rows = design_rows(view)
    sentences = (*(_sentence(view, row) for row in rows), *view.beside_verdicts()) or (view.say("capacity.no_raters"),)
    drawings = [_drawing(view, row) for row in rows]
    steps = tuple(step for row in rows for step in changes(view, row))
    numbers = tuple(float(v) for row in rows for v in (row.n_raters, *([] if _teams(row) else [row.n_components])))
    return Verdict(
        sentences,
        tuple(d for d in drawings if d is not None),
        tuple(_bounds(view)),
        view.say("capacity.change_title") if steps else "",
        steps,
        codes=tuple(f.code for f in _bound_findings(view)),
        numbers=numbers,
    )


def _sentence(view: View, row: Any) -> str:
    told = view.untold(row.kind, row.verdict)
    return words.verdict(row, view.lang) + (" " + view.say(f"capacity.{told}") if told != row.verdict else "")


def _teams(row: Any) -> bool:
    return bool(row.kind == "ekinerja" or row.verdict == "not_identified")


def _drawing(view: View, row: Any) -> Figure | None:
    title = f"{view.say(f'kind.{row.kind}')}: {view.say(f'verdict_name.{view.untold(row.kind, row.verdict)}')}"
    key = "cases" if row.verdict == "linked_by_anchors" else "teams" if _teams(row) else "groups"
    key = "over_time" if key == "teams" and row.kind == "ekinerja" else key
    sources = view.count("sources")
    own = len(sources) and bool((sources.loc[sources["source"] == "self", "rated"] != 0).any())
    caption = view.say(f"capacity.caption_{key}", raters=int(row.n_raters), groups=int(row.n_components),
                       movers=int(row.movers), year=str(view.year), own=own)  # fmt: skip
    made = figure(view, "design", row, caption=caption, title=title, glyph=row.verdict, wide=368)
    return made[0] if made else None


def _bound_findings(view: View) -> list[Finding]:
    result = view.audit.results.get("leniency")
    found = list(result.findings(measure="bounds", subject_kind="region")) if result is not None else []
    return [f for f in found if f.estimate is not None and math.isfinite(f.estimate.value)]


def _bounds(view: View) -> list[tuple[str, Figure | None]]:
    out = []
    for f in _bound_findings(view):
        made = figure(view, "bounds", f, wide=340, codes=(f.code,))
        text = f"**{view.say('capacity.bounds')}** {view.sentence(f)}{_changes_beside(view, f)}"
        out.append((text, made[0] if made else None))
    return out


def _changes_beside(view: View, bound: Finding) -> str:
    """Say whether the changes of supervisor narrow the bound of one year: SDs of the team's own as shares."""
    more = view.first("leniency", measure="supervisor_change", subject_kind="region")
    if more is None or more.status not in ANSWERED or more.estimate is None or bound.estimate is None:
        return ""
    most = more.estimate.upper**2 / (1 + more.estimate.upper**2)
    return " " + view.say("capacity.bounds_changes" if most < bound.estimate.upper else "capacity.bounds_changes_wide")


def changes(view: View, row: Any) -> list[tuple[str, str]]:
    """Return what further ratings would change the verdict of one kind, smallest first."""
    if row.verdict in LINKED:
        return []
    if row.kind == "ekinerja":
        names = ["others", "over_years"] if row.verdict == "not_identified" else ["others"]
        return [(view.say(f"change.{n}"), view.say(f"change.{n}_text")) for n in names]
    if row.verdict == "connected_too_weak":
        return [(view.say("change.more"), view.say("change.more_text") + _enough(view))]
    if row.n_components == 0:  # self ratings only
        return [(view.say("change.raters"), view.say("change.raters_text"))]
    links = max(int(row.n_components) - 1, 1)
    text = view.say("change.links_text", groups=int(row.n_components))
    return [(view.say("change.links", n=links), text + _enough(view))]


def _enough(view: View) -> str:
    """Say how many cross ratings make raters comparable, as the table of prices has it."""
    frame = view.count("advice")
    cross = frame[(frame["kind"] == "multisource") & (frame["way"] == "cross")] if len(frame) else frame
    if cross.empty:
        return ""
    needed = float(cross["n_needed"].iloc[0])
    found = view.say("change.enough", n=needed) if math.isfinite(needed) else view.say("change.out_of_reach")
    return " " + found


def prices(view: View) -> list[TableBlock | Note]:
    """Return what more ratings would buy, one table per kind of data, and what the figures rest on."""
    frame = view.count("advice")
    out: list[TableBlock | Note] = []
    basis = ""
    for kind, rows in frame.groupby("kind", sort=False) if len(frame) else ():
        heads = ("", *(number(n, 0, view.lang) for n in NUMBERS), view.say("price.needed"))
        lines = tuple(_price(view, way) for _, way in rows.groupby("way", sort=False))
        caption = view.say("price.caption", kind=view.say(f"kind.{kind}"))
        out.append(TableBlock(caption, tuple(Column(h) for h in heads), lines, role="cards", numbers=_figures(rows)))
        first = rows.iloc[0]
        basis = view.say("price.measured" if first["measured"] else "price.assumed", sd=float(first["sd_pair"]))
    cases = frame[frame["way"] == "vignette"] if len(frame) else frame
    ask = cases[["n_needed", "n_added"]].bfill(axis=1).iloc[:, 0].min() if len(cases) else None
    how = view.say("price.template", cases=None if ask is None else int(ask))
    return [*out, Note((("", f"{basis} {how}"),), "other")] if out else []


def _price(view: View, rows: pd.DataFrame) -> tuple[str, ...]:
    """Return one way in words: what it is, what each number of ratings tells, how many make raters comparable."""
    told, used = [], -1.0
    for wanted in NUMBERS:
        within = rows[rows["n_added"] <= wanted]
        if within.empty:
            told.append(view.say("price.too_few", n=int(rows["n_added"].min())))
            continue
        r = next(within.tail(1).itertuples())
        if r.n_added == used:
            told.append(view.say("price.no_more"))
            continue
        used = float(r.n_added)
        text = view.say(f"price.{r.told}", half=1.96 * float(r.contrast_se), spread=float(r.spread))
        less = r.n_added != wanted
        told.append(f"{text} ({view.say('price.only', n=int(r.n_added))})" if less else text)
    first = rows.iloc[0]
    needed = float(first["n_needed"])
    end = view.say("price.n", n=needed) if math.isfinite(needed) else view.say("price.out_of_reach")
    return (view.say(f"price.way_{first['way']}", raters=int(first["raters"])), *told, end)


def _figures(rows: pd.DataFrame) -> tuple[float, ...]:
    values = [1.96 * rows["contrast_se"], rows["spread"], rows["n_needed"]]
    return tuple(float(v) for column in values for v in column if math.isfinite(v))


def answers(view: View) -> Answers:
    """Sort the questions of all detectors, and the one that nothing answers, into three lists."""
    lists: tuple[list[Question], list[Question], list[Question]] = ([], [], [])
    codes: list[str] = []
    for name in view.detectors:
        place, reason, used = _answered(view, view.audit.results[name])
        lists[place].append((words.question(name, view.lang), reason))
        codes += used
    lists[2].append((view.say("answers.level", place=view.place), view.say("answers.level_reason")))
    titles = (view.say("answers.yes"), view.say("answers.partly"), view.say("answers.no"))
    return Answers(titles, (tuple(lists[0]), tuple(lists[1]), tuple(lists[2])), codes=tuple(dict.fromkeys(codes)))


def _answered(view: View, result: Result) -> tuple[int, str, list[str]]:
    """Return the list (0 answered, 1 in part, 2 not) a detector belongs to, the reason, the codes it rests on."""
    found = view.regional(result)
    yes = [f for f in found if f.status in ANSWERED]
    no = [f for f in found if f.status not in ANSWERED or 0 < f.params.get("n_open", 0) == f.params.get("n_tested")]
    if not no and yes:
        return 0, _basis(view, yes), [f.code for f in yes]
    codes = [f.code for f in (*yes, *no)]
    if yes:
        return 1, f"{_basis(view, yes)}. {split(view.sentence(no[0]))[0]}", codes
    reasons = dict.fromkeys(split(view.sentence(f))[0] for f in no)
    return 2, " ".join(reasons) or view.say("answers.not_run"), codes


def _basis(view: View, found: list[Finding]) -> str:
    """Return on how many employees, of which kinds of data, an answer rests; on pairs, or ratings where more."""
    most: dict[str, int] = {}
    for f in found:
        if f.scope != "both" or len(found) == 1:
            most[f.scope] = max(most.get(f.scope, 0), naming.employees(f) or 0)
    frame = view.count("examined")
    persons = dict(zip(frame["kind"], frame["n_persons"], strict=True)) if len(frame) else {}
    texts = []
    for scope, n in most.items():
        several, pairs = n > persons.get(scope, n) >= 0, found[0].code.startswith("reciprocity.")
        key = "basis_kind" if not n else "basis_pairs" if pairs else "basis_ratings" if several else "basis"
        texts.append(view.say(f"answers.{key}", n=n, kind=view.say(f"kind.{scope}")))
    return "; ".join(texts)


def smallest(view: View) -> list[TableBlock | Note]:
    """Return the smallest effect this design could have found and the false-flag budget, before any result."""
    cells: dict[str, dict[str, str]] = {}
    codes: list[str] = []
    for result in view.audit.results.values():
        for f in result.findings(measure="smallest_effect"):
            if f.status in ANSWERED:
                line = cells.setdefault(words.title(result.detector, view.lang), {})
                text = split(_without_head(view.sentence(f)))[0].rstrip(".")
                line[f.scope] = f"{line[f.scope]}; {text}" if f.scope in line else text
                codes.append(f.code)
    best = _best_contrast(view)
    if best is not None and not any(code.startswith("group_gap.") for code in codes):
        name = f"{naming.word(best.params['group'], view.lang)} – {naming.word(best.params['reference'], view.lang)}"
        text = view.say("capacity.smallest_groups", value=float(best.params["smallest"]), name=name)
        cells[words.title("group_gap", view.lang)] = {best.scope: text}
    kinds = [k for k in view.kinds() if any(k in line for line in cells.values())]
    columns = (Column(""), *(Column(view.say(f"kind.{k}")) for k in kinds))
    rows = tuple((title, *(line.get(k, "–") for k in kinds)) for title, line in cells.items())
    caption = f"{view.say('capacity.smallest')} {view.say('capacity.smaller')}"
    table = [TableBlock(caption, columns, rows, role="cards", codes=tuple(codes))] if kinds else []
    return [*table, Note(((view.say("capacity.budget"), budget(view)),), "other")]


def _best_contrast(view: View) -> Finding | None:
    """Return the contrast of two groups in which the smallest gap could have been found."""
    result = view.audit.results.get("group_gap")
    found = list(result.findings(measure="odds_ratio")) if result is not None else []
    known = [f for f in found if isinstance(f.params.get("smallest"), float) and f.params.get("reference")]
    return min(known, key=lambda f: float(f.params["smallest"]), default=None)


def _without_head(text: str) -> str:
    """Drop "The smallest that …: " in front of what the note's own heading says already."""
    head, colon, rest = text.partition(": ")
    return rest if colon and len(head) < 120 and rest else text


def budget(view: View) -> str:
    """Return how many flags were made by a test and how many false ones to expect at most."""
    frame = view.count("budget")
    flagged = int(frame["flagged"].sum()) if len(frame) else 0
    tested = int(frame["family"].sum()) if len(frame) else 0
    if not tested:
        return view.say("capacity.budget_untested")
    key = "budget_flagged" if flagged else "budget_none"
    expected = float(pd.to_numeric(frame["expected_false"]).sum())
    return view.say(f"capacity.{key}", tested=tested, flagged=flagged, expected=expected, q=view.audit.config.fdr)
