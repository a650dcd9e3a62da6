"""What was examined: per kind of data who was rated, by whom, on what, and what is not there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kinerja_analysis.base.words import join, number, say
from kinerja_analysis.report.blocks import Column, Note, Section, TableBlock
from kinerja_analysis.report.render import WITHHELD
from kinerja_analysis.report.view import View
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.sentence import APART

SOURCES = ("supervisor", "self", "peer", "subordinate")
ROWS = ("rated", "raters", "recorded", "missing")
MOST_CRITERIA = 4


def examined(view: View) -> Section:
    """Return the section."""
    frame = view.count("examined")
    rows = {str(r["kind"]): r for r in frame.to_dict("records")}
    kinds: list[str] = [k for k in ("ekinerja", "multisource") if k in rows]
    cells = {
        kind: (rated(view, kind, rows[kind]), raters(view, kind, rows[kind]), recorded(view, kind, rows[kind]),
               missing(view, kind, rows[kind], kinds))
        for kind in kinds
    }  # fmt: skip
    columns = (Column(""), *(Column(_title(view, k, rows[k])) for k in kinds))
    lines = tuple((view.say(f"examined.{name}"), *(cells[kind][i] for kind in kinds)) for i, name in enumerate(ROWS))
    table = TableBlock(view.say("examined.caption"), columns, lines, role="cards", numbers=_numbers(frame))
    return Section("diperiksa", "1", view.say("examined.title"), (table, *_absent(view, kinds)))


def _absent(view: View, kinds: list[str]) -> list[Note]:
    """Say which whole kind of data is not there, and what example cases there are."""
    cases = view.first("leniency", measure="case_leniency", subject_kind="region")
    told = view.compared_on_cases() > 0
    gone = [f"absent_{kind}" for kind in ("ekinerja", "multisource") if kind not in kinds]
    gone = [f"{name}_cases" if told and name == "absent_multisource" else name for name in gone]
    notes = [Note(((view.say("examined.absent"), view.say(f"examined.{name}")),), "other") for name in gone]
    if cases is not None and told:
        n, raters = (int(cases.params[name]) for name in ("cases", "family"))
        text = view.say("examined.cases_text", n=n, raters=raters)
        notes.append(Note(((view.say("examined.cases"), text),), "other", numbers=(float(n), float(raters))))
    return notes


def _title(view: View, kind: str, r: dict[str, Any]) -> str:
    return view.say(f"examined.kind_{kind}", period=period_words(view, str(r.get("periods", ""))))


def period_words(view: View, periods: str) -> str:
    """Return "tahun 2025", or how many quarters or months there are and which one head counts and spreads are of."""
    names = [p for p in periods.split("|") if p]
    if not names or all("-" not in p for p in names):
        return view.say("examined.annual", year=str(view.year))
    key = "quarterly" if "Q" in names[0] else "monthly"
    return view.say(f"examined.{key}", n=len(names), year=str(view.year), last=naming.word(max(names), view.lang))


def count(view: View, value: Any) -> str:
    """Return a number of people, "fewer than 10" where it is hidden, dots where it is withheld."""
    if value is None or pd.isna(value):
        return "–"
    if value == WITHHELD:
        return say("show.withheld", view.lang)
    return view.say("examined.hidden") if value < 0 else number(float(value), 0, view.lang)


def rated(view: View, kind: str, r: dict[str, Any]) -> str:
    """Return who was rated, and who was not."""
    rounded, n = not view.internal, count(view, r["n_persons"])
    if kind == "multisource":
        return view.say("examined.rated_multisource", n=n, opd=int(r["n_opd"]), opd_total=int(r["n_opd_total"]),
                        rounded=rounded)  # fmt: skip
    text = view.say("examined.rated_ekinerja", rated=count(view, r["n_rated"]), n=n, rounded=rounded)
    left = [(name, r[f"n_{name}"]) for name in ("not_rated", "no_skp", "excluded") if r[f"n_{name}"] != 0]
    left[:1] += [("other_period", r["n_other_period"])] if r.get("n_other_period") else []
    checks = view.count("checks").to_dict("records")
    left += [(c["measure"], c["k"]) for c in checks if c["measure"] in APART and c["k"]]
    return "; ".join([text, *(view.say(f"examined.{name}", n=count(view, value)) for name, value in left)])


def raters(view: View, kind: str, r: dict[str, Any]) -> str:
    """Return who rates."""
    n = int(r["n_raters"])
    if n == 0:
        return view.say("examined.raters_self" if r["sources"] == "self" else "examined.raters_none")
    if kind == "ekinerja":
        return view.say("examined.raters_ekinerja", n=n)
    sources = [naming.word(s, view.lang) for s in str(r["sources"]).split("|") if s]
    return view.say("examined.raters_multisource", n=n, sources=join(sources, view.lang))


def recorded(view: View, kind: str, r: dict[str, Any]) -> str:
    """Return what was written down."""
    if kind == "ekinerja":
        return view.say("examined.recorded_ekinerja")
    criteria = [naming.word(c, view.lang).replace("_", " ") for c in str(r["criteria"]).split("|") if c]
    named = join(criteria, view.lang) if len(criteria) <= MOST_CRITERIA else ""
    used = str(r["scales"]).split("|")
    key = "recorded_named" if named else "recorded_many"
    return view.say(f"examined.{key}", names=named, n=len(criteria), scales=join(used, view.lang),
                    scaled=used != ["0–100"], several=len(used) > 1)  # fmt: skip


def missing(view: View, kind: str, r: dict[str, Any], kinds: list[str]) -> str:
    """Return what is not there and would have helped."""
    gone = []
    if kind == "ekinerja" or "ekinerja" not in kinds:
        gone += [view.say("examined.no_achievements")] if not r.get("n_achievements") else []
    if kind == "ekinerja":
        gone += [view.say("examined.no_org_rating")] if not r.get("n_org_rating") else []
    else:
        sources = set(str(r["sources"]).split("|"))
        lacking = [naming.word(s, view.lang) for s in SOURCES if s not in sources]
        gone += [view.say("examined.no_sources", sources=join(lacking, view.lang))] if lacking else []
        left = int(r["n_opd_total"]) - int(r["n_opd"])
        gone += [view.say("examined.no_opd", n=left)] if left > 0 else []
    return "; ".join(gone) if gone else view.say("examined.complete")


def _numbers(frame: pd.DataFrame) -> tuple[float, ...]:
    return tuple(float(v) for c in ("n_persons", "n_rated", "n_raters") if c in frame for v in frame[c] if v >= 0)
